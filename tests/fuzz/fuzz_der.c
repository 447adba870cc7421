#include <assert.h>

#include "parse/ber.h"
#include "parse/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every read stays inside, moves forward, and a refused one moves nothing. */
static void walk(pqm_bytes in, unsigned depth)
{
	struct pqm_cur c = pqm_cur_of(in), was;
	struct pqm_tlv t;
	char oid[PQM_OID_TEXT];
	pqm_bytes b;
	int64_t days;

	while (!pqm_der_end(&c)) {
		was = c;
		if (!pqm_der_next(&c, &t)) {
			assert(c.p == was.p);
			return;
		}
		assert(c.p > was.p && c.p <= c.end && t.body.n < t.whole.n);
		c = was;
		if (pqm_der_oid(&c, oid))
			assert(strlen(oid) < PQM_OID_TEXT);
		c = was;
		if (pqm_der_uint(&c, &b))
			assert(b.n > 0 && pqm_mag_bits(b) <= 8 * b.n);
		c = was;
		(void)pqm_der_time(&c, &days);
		c = was;
		(void)pqm_der_alg(&c, oid, &b);
		c = was;
		(void)pqm_der_octet_bits(&c, &b);
		c = was;
		(void)pqm_der_next(&c, &t);
		if ((t.tag & 0x20) != 0 && depth < PQM_DER_DEPTH)
			walk(t.body, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes in = { data, size };
	struct pqm_err err = { 0 };
	struct pqm_buf out, again;
	size_t used = 0, total;

	walk(in, 0);
	if (pqm_der_is_whole(in))
		assert(pqm_der_measure(in, &total) && total == size);
	pqm_buf_init(&out, PQM_BER_OBJECT_BYTES);
	if (pqm_ber_to_der(&out, in, &used, &err) != PQM_OK) {
		assert(err.msg[0] != '\0');
	} else {
		assert(used <= size && pqm_der_measure(pqm_buf_bytes(&out), &total) &&
			total == out.n);
		/* what came out is DER: rewriting it changes nothing but nested octets */
		pqm_buf_init(&again, PQM_BER_OBJECT_BYTES);
		assert(pqm_ber_to_der(&again, pqm_buf_bytes(&out), &used, &err) == PQM_OK);
		assert(used == out.n);
		pqm_buf_wipe(&again);
	}
	pqm_buf_wipe(&out);
	return 0;
}
