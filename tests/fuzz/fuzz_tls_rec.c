#include <assert.h>

#include "parse/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MESSAGE_MAX 20000

/* Every message that came out, put into records again, is what went in. */
static void again(pqm_bytes all, size_t fragment)
{
	struct pqm_tls_joiner j;
	struct pqm_tls_record r;
	struct pqm_err err;
	struct pqm_buf wire, out;
	pqm_bytes in, body, raw;
	bool more = false;
	uint8_t type;

	pqm_buf_init(&wire, (size_t)4 << 20);
	pqm_buf_init(&out, (size_t)1 << 20);
	pqm_tls_joiner_init(&j, MESSAGE_MAX);
	assert(pqm_tls_records(&wire, PQM_REC_HANDSHAKE, PQM_TLS12, all, fragment));
	in = pqm_buf_bytes(&wire);
	while (in.n > 0) {
		assert(pqm_tls_record_next(&r, &more, &in, &err) == PQM_OK && !more);
		assert(pqm_tls_joiner_add(&j, r.body, &err) == PQM_OK);
		while (pqm_tls_joiner_next(&j, &type, &body, &raw))
			assert(pqm_buf_add(&out, raw));
	}
	assert(pqm_eq(pqm_buf_bytes(&out), all));
	pqm_tls_joiner_fini(&j);
	pqm_buf_fini(&out);
	pqm_buf_fini(&wire);
}

/* The first byte is the size of the fragments that the messages are put into again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes in, body, raw;
	struct pqm_tls_joiner j;
	struct pqm_err err = { 0 };
	struct pqm_buf all;
	bool more = false;
	uint8_t type;

	if (size == 0)
		return 0;
	in = (pqm_bytes){ data + 1, size - 1 };
	pqm_buf_init(&all, (size_t)1 << 20);
	pqm_tls_joiner_init(&j, MESSAGE_MAX);
	for (;;) {
		struct pqm_tls_record r = { 0 };
		pqm_bytes was = in;

		if (pqm_tls_record_next(&r, &more, &in, &err) != PQM_OK) {
			assert(err.msg[0] != '\0' && in.p == was.p && in.n == was.n);
			break;
		}
		if (more) {
			assert(in.p == was.p && in.n == was.n);
			break;
		}
		assert(in.n < was.n && r.body.n <= was.n - in.n);
		assert(r.is_ssl2 ? r.body.n >= 3 : r.body.n <= PQM_TLS_RECORD_BYTES);
		if (r.is_ssl2 || r.type != PQM_REC_HANDSHAKE)
			continue;
		if (pqm_tls_joiner_add(&j, r.body, &err) != PQM_OK) {
			assert(err.msg[0] != '\0');
			break;
		}
		assert(j.buf.n <= MESSAGE_MAX + PQM_TLS_RECORD_BYTES);
		while (pqm_tls_joiner_next(&j, &type, &body, &raw)) {
			assert(raw.n == body.n + 4 && raw.p[0] == type && raw.n <= MESSAGE_MAX);
			assert(pqm_buf_add(&all, raw));
		}
	}
	again(pqm_buf_bytes(&all), data[0]);
	pqm_tls_joiner_fini(&j);
	pqm_buf_fini(&all);
	return 0;
}
