#include "spki.h"

#include "base/num.h"
#include "der.h"

/* SEQUENCE { AlgorithmIdentifier, BIT STRING } being put together. */
struct draft {
	struct pqm_buf params; /* content after the OID */
	struct pqm_buf key;    /* content of the BIT STRING */
};

static void draft_init(struct draft *d)
{
	pqm_buf_init(&d->params, PQM_SPKI_BYTES);
	pqm_buf_init(&d->key, PQM_SPKI_BYTES);
	(void)pqm_buf_byte(&d->key, 0); /* no unused bits */
}

void pqm_spki_der(char hex[PQM_SPKI_HEX], pqm_bytes der)
{
	uint8_t sum[PQM_SHA256_BYTES];

	pqm_sha256(sum, der);
	pqm_hex(hex, sum, sizeof(sum));
}

/* Ends the draft and hashes it. */
static bool draft_end(struct draft *d, const char *oid, char hex[PQM_SPKI_HEX])
{
	struct pqm_buf alg, body, all;
	bool ok;

	pqm_buf_init(&alg, PQM_SPKI_BYTES);
	pqm_buf_init(&body, PQM_SPKI_BYTES);
	pqm_buf_init(&all, PQM_SPKI_BYTES);
	ok = !d->params.failed && !d->key.failed && pqm_der_put_oid(&alg, oid);
	if (ok) {
		(void)pqm_buf_add(&alg, pqm_buf_bytes(&d->params));
		pqm_der_put(&body, PQM_DER_SEQ, pqm_buf_bytes(&alg));
		pqm_der_put(&body, PQM_DER_BITS, pqm_buf_bytes(&d->key));
		pqm_der_put(&all, PQM_DER_SEQ, pqm_buf_bytes(&body));
		ok = !alg.failed && !body.failed && !all.failed;
	}
	if (ok)
		pqm_spki_der(hex, pqm_buf_bytes(&all));
	pqm_buf_fini(&all);
	pqm_buf_fini(&body);
	pqm_buf_fini(&alg);
	pqm_buf_fini(&d->key);
	pqm_buf_fini(&d->params);
	return ok;
}

/* Appends SEQUENCE { n INTEGERs } to out. */
static void put_ints(struct pqm_buf *out, const pqm_bytes *v, size_t n)
{
	struct pqm_buf body;

	pqm_buf_init(&body, PQM_SPKI_BYTES);
	for (size_t i = 0; i < n; i++) {
		pqm_der_put_uint(&body, v[i]);
		if (pqm_mag_bits(v[i]) == 0)
			body.failed = true;
	}
	if (body.failed)
		out->failed = true;
	else
		pqm_der_put(out, PQM_DER_SEQ, pqm_buf_bytes(&body));
	pqm_buf_fini(&body);
}

bool pqm_spki_rsa(char hex[PQM_SPKI_HEX], pqm_bytes n, pqm_bytes e)
{
	const pqm_bytes ne[] = { n, e };
	struct draft d;

	draft_init(&d);
	pqm_der_put(&d.params, PQM_DER_NULL, (pqm_bytes){ NULL, 0 });
	put_ints(&d.key, ne, 2);
	return draft_end(&d, PQM_OID_RSA, hex);
}

bool pqm_spki_ec(char hex[PQM_SPKI_HEX], const char *curve, pqm_bytes point)
{
	struct draft d;

	draft_init(&d);
	if (!pqm_der_put_oid(&d.params, curve) || point.n == 0)
		d.params.failed = true;
	(void)pqm_buf_add(&d.key, point);
	return draft_end(&d, PQM_OID_EC, hex);
}

bool pqm_spki_dsa(char hex[PQM_SPKI_HEX], pqm_bytes p, pqm_bytes q, pqm_bytes g, pqm_bytes y)
{
	const pqm_bytes group[] = { p, q, g };
	struct draft d;

	draft_init(&d);
	put_ints(&d.params, group, 3);
	pqm_der_put_uint(&d.key, y);
	return draft_end(&d, PQM_OID_DSA, hex);
}

bool pqm_spki_dh(char hex[PQM_SPKI_HEX], pqm_bytes p, pqm_bytes g, pqm_bytes y)
{
	const pqm_bytes group[] = { p, g };
	struct draft d;

	draft_init(&d);
	put_ints(&d.params, group, 2);
	pqm_der_put_uint(&d.key, y);
	return draft_end(&d, PQM_OID_DH, hex);
}

bool pqm_spki_raw(char hex[PQM_SPKI_HEX], const char *oid, pqm_bytes key)
{
	struct draft d;

	draft_init(&d);
	if (key.n == 0)
		d.key.failed = true;
	(void)pqm_buf_add(&d.key, key);
	return draft_end(&d, oid, hex);
}
