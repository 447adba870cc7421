#include <assert.h>

#include "base/limits.h"
#include "parse/dtls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fragments(pqm_bytes body)
{
	struct pqm_dtls_part p;
	struct pqm_err err;

	while (body.n > 0) {
		pqm_bytes was = body, cookie;
		uint16_t version;

		if (pqm_dtls_fragment(&p, &body, &err) != PQM_OK) {
			assert(err.msg[0] != '\0' && body.p == was.p && body.n == was.n);
			return;
		}
		assert(body.n + p.body.n + 12 == was.n && p.length <= PQM_TLS_FLIGHT_BYTES);
		assert(p.off <= p.length && p.body.n <= p.length - p.off);
		if (p.type == PQM_HS_HELLO_VERIFY &&
			pqm_tls_hello_verify(&version, &cookie, p.body, &err) == PQM_OK)
			assert(cookie.n + 3 == p.body.n);
	}
}

/* Datagrams, each behind its length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_cur c = pqm_cur_of((pqm_bytes){ data, size });
	struct pqm_dtls_record r;
	struct pqm_err err;
	pqm_bytes datagram;

	while (pqm_cur_vec16(&c, &datagram))
		while (datagram.n > 0) {
			pqm_bytes was = datagram;

			if (pqm_dtls_record_next(&r, &datagram, &err) != PQM_OK) {
				assert(err.msg[0] != '\0' && datagram.n == was.n);
				break;
			}
			assert(r.header.p == was.p && r.header.n >= 2);
			assert(r.header.n + r.body.n + datagram.n == was.n);
			if (!r.is_unified)
				fragments(r.body);
		}
	return 0;
}
