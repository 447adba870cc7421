#include "tls.h"

/* ---- ServerKeyExchange ---- */

#define CURVE_EXPLICIT_PRIME 1 /* [RFC4492 §5.4] */
#define CURVE_EXPLICIT_CHAR2 2
#define CURVE_NAMED 3
#define BASIS_TRINOMIAL 1
#define BASIS_PENTANOMIAL 2

static uint32_t bits_of(pqm_bytes number)
{
	uint32_t bits = 0;

	while (number.n > 0 && number.p[0] == 0)
		number = pqm_sub(number, 1, number.n);
	if (number.n == 0)
		return 0;
	for (unsigned top = number.p[0]; top != 0; top >>= 1)
		bits++;
	return bits + 8 * ((uint32_t)number.n - 1); /* n is below 2^16 */
}

/* `n` vectors that are of no use here, each of a byte at least. */
static bool skip_vec8(struct pqm_cur *c, unsigned n)
{
	pqm_bytes unused;

	for (unsigned i = 0; i < n; i++)
		if (!pqm_cur_vec8(c, &unused) || unused.n == 0)
			return false;
	return true;
}

/* The field of an explicit curve: a prime, or m and the exponents of its polynomial. */
static bool explicit_field(struct pqm_tls_ske *k, struct pqm_cur *c, uint8_t type)
{
	uint16_t m;
	uint8_t basis;

	k->kind = PQM_SKE_EC_EXPLICIT;
	if (type == CURVE_EXPLICIT_PRIME) {
		if (!pqm_cur_vec8(c, &k->p) || k->p.n == 0)
			return false;
		k->bits = bits_of(k->p);
		return true;
	}
	if (type != CURVE_EXPLICIT_CHAR2 || !pqm_cur_u16be(c, &m) || !pqm_cur_u8(c, &basis) ||
		(basis != BASIS_TRINOMIAL && basis != BASIS_PENTANOMIAL))
		return false;
	k->bits = m;
	return skip_vec8(c, basis == BASIS_TRINOMIAL ? 1 : 3);
}

static bool ske_ec(struct pqm_tls_ske *k, struct pqm_cur *c)
{
	uint8_t type;

	if (!pqm_cur_u8(c, &type))
		return false;
	if (type == CURVE_NAMED) {
		if (!pqm_cur_u16be(c, &k->group))
			return false;
	} else if (!explicit_field(k, c, type) ||
		!skip_vec8(c, 5)) { /* a, b, base, order, cofactor */
		return false;
	}
	return pqm_cur_vec8(c, &k->point) && k->point.n > 0;
}

static bool number(struct pqm_cur *c, pqm_bytes *out)
{
	return pqm_cur_vec16(c, out) && out->n > 0;
}

static bool ske_params(struct pqm_tls_ske *k, struct pqm_cur *c)
{
	switch (k->kind) {
	case PQM_SKE_EC:
	case PQM_SKE_EC_EXPLICIT:
		return ske_ec(k, c);
	case PQM_SKE_DH:
	case PQM_SKE_RSA:
		if (!number(c, &k->p) || !number(c, &k->g))
			return false;
		k->bits = bits_of(k->p);
		return k->kind == PQM_SKE_RSA || number(c, &k->y);
	case PQM_SKE_PSK_HINT:
		return true;
	}
	return false;
}

/* NOLINTNEXTLINE(readability-function-size): a suite says four things of the message */
enum pqm_st pqm_tls_ske(struct pqm_tls_ske *out, pqm_bytes body, uint16_t version, int kx,
	bool anon, bool psk, struct pqm_err *err)
{
	struct pqm_tls_ske k = { 0 };
	struct pqm_cur c = pqm_cur_of(body);
	const uint8_t *start;

	if (kx != PQM_SKE_EC && kx != PQM_SKE_DH && kx != PQM_SKE_RSA &&
		(kx != PQM_SKE_PSK_HINT || !psk))
		return pqm_fail(err, PQM_EINTERNAL, "ServerKeyExchange: key exchange %d", kx);
	k.kind = (enum pqm_ske_kind)kx;
	if (psk && !pqm_cur_vec16(&c, &k.hint))
		return pqm_fail(err, PQM_EPARSE,
			"ServerKeyExchange: hint runs past the message of %zu bytes", body.n);
	start = c.p;
	if (!ske_params(&k, &c))
		return pqm_fail(err, PQM_EPARSE,
			"ServerKeyExchange: malformed parameters in %zu bytes", body.n);
	k.params = (pqm_bytes){ start, (size_t)(c.p - start) };
	k.is_signed = !anon && !psk;
	if (k.is_signed && (version == PQM_TLS12 || version == PQM_DTLS12) &&
		!pqm_cur_u16be(&c, &k.scheme))
		return pqm_fail(err, PQM_EPARSE, "ServerKeyExchange: no signature algorithm");
	if ((k.is_signed && !pqm_cur_vec16(&c, &k.signature)) || pqm_cur_left(&c) != 0)
		return pqm_fail(err, PQM_EPARSE,
			"ServerKeyExchange: %s does not end with the message of %zu bytes",
			k.is_signed ? "the signature" : "the last parameter", body.n);
	*out = k;
	return PQM_OK;
}

/* ---- SSL 2.0 [draft-hickman-netscape-ssl-00] ---- */

static const char *ssl2_error_name(uint16_t code)
{
	switch (code) {
	case 1:
		return "no cipher";
	case 2:
		return "no certificate";
	case 4:
		return "bad certificate";
	case 6:
		return "unsupported certificate type";
	default:
		return "unknown";
	}
}

static bool ssl2_kinds(struct pqm_ssl2_hello *h, pqm_bytes specs)
{
	struct pqm_cur c = pqm_cur_of(specs);
	uint32_t kind;

	h->is_cut = specs.n / 3 > PQM_TLS_LIST_MAX;
	while (pqm_cur_u24be(&c, &kind))
		if (h->n_kinds < PQM_TLS_LIST_MAX)
			h->kinds[h->n_kinds++] = kind;
	return pqm_cur_left(&c) == 0;
}

enum pqm_st pqm_ssl2_server_hello(struct pqm_ssl2_hello *out, pqm_bytes body, struct pqm_err *err)
{
	struct pqm_ssl2_hello h = { 0 };
	struct pqm_cur c = pqm_cur_of(body);
	uint8_t type, hit, cert_type;
	uint16_t n_cert, n_specs, n_id, code;
	pqm_bytes specs, id;

	if (body.n == 3 && body.p[0] == 0 && pqm_cur_u8(&c, &type) && pqm_cur_u16be(&c, &code))
		return pqm_fail(
			err, PQM_EPARSE, "SSL 2.0: error %u (%s)", code, ssl2_error_name(code));
	if (!pqm_cur_u8(&c, &type) || type != 4)
		return pqm_fail(err, PQM_EPARSE, "SSL 2.0: no SERVER-HELLO");
	if (!pqm_cur_u8(&c, &hit) || !pqm_cur_u8(&c, &cert_type) ||
		!pqm_cur_u16be(&c, &h.version) || !pqm_cur_u16be(&c, &n_cert) ||
		!pqm_cur_u16be(&c, &n_specs) || !pqm_cur_u16be(&c, &n_id) ||
		!pqm_cur_take(&c, n_cert, &h.certificate) || !pqm_cur_take(&c, n_specs, &specs) ||
		!pqm_cur_take(&c, n_id, &id) || pqm_cur_left(&c) != 0)
		return pqm_fail(err, PQM_EPARSE,
			"SSL 2.0 SERVER-HELLO: fields do not end with the message of %zu bytes",
			body.n);
	if (h.version != PQM_SSL20 || hit > 1 || !ssl2_kinds(&h, specs))
		return pqm_fail(err, PQM_EPARSE, "SSL 2.0 SERVER-HELLO: field out of range");
	h.has_session = hit == 1;
	*out = h;
	return PQM_OK;
}
