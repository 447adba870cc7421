/* sealed_cms.c — recipients of CMS EnvelopedData and AuthEnvelopedData, in DER or BER. Only what stands in
 * front of the encrypted content is read, so the file may be of any length, or cut off behind it. */
#include "sealed.h"

#include "base/limits.h"
#include "parse/der.h"

/* Content types and types of other recipients [RFC5652 §6.1, RFC5083 §2, RFC9629 §3]. */
#define OID_ENVELOPED "1.2.840.113549.1.7.3"
#define OID_AUTH_ENVELOPED "1.2.840.113549.1.9.16.1.23"
#define OID_ORI_KEM "1.2.840.113549.1.9.16.13.3"

/* Choices of RecipientInfo [RFC5652 §6.2]. */
enum {
	KTRI = PQM_DER_SEQ,
	KARI = PQM_DER_CTX(1),
	KEKRI = PQM_DER_CTX(2),
	PWRI = PQM_DER_CTX(3),
	ORI = PQM_DER_CTX(4),
};

struct element {
	uint8_t tag;
	pqm_bytes body; /* what there is of it */
	bool is_open;	/* ends at two zero octets, somewhere */
	bool is_cut;
};

/* Identifier and length; behind it c stands at the body. */
static bool head(struct pqm_cur *c, struct element *e)
{
	uint8_t first, octet;
	uint64_t n = 0;

	*e = (struct element){ .is_open = false };
	if (!pqm_cur_u8(c, &e->tag) || (e->tag & 0x1f) == 0x1f || !pqm_cur_u8(c, &first))
		return false;
	e->is_open = first == 0x80;
	if (e->is_open && (e->tag & 0x20) == 0)
		return false;
	if (first > 0x88)
		return false;
	if (first < 0x80)
		n = first;
	for (unsigned i = 0; first > 0x80 && i < (first & 0x7fU); i++) {
		if (!pqm_cur_u8(c, &octet))
			return false;
		n = n << 8 | octet;
	}
	e->body = pqm_cur_rest(c);
	e->is_cut = !e->is_open && n > e->body.n;
	if (!e->is_open && !e->is_cut)
		e->body.n = (size_t)n;
	return true;
}

static bool next(struct pqm_cur *c, struct element *e, unsigned depth);

/* The body of an open element: up to the two zero octets, which are stepped over. */
static bool find_end(struct pqm_cur *c, struct element *e, unsigned depth)
{
	const uint8_t *from = c->p;
	struct element in;

	while (pqm_cur_left(c) >= 2) {
		if (c->p[0] == 0 && c->p[1] == 0) {
			e->body = (pqm_bytes){ from, (size_t)(c->p - from) };
			return pqm_cur_skip(c, 2);
		}
		if (!next(c, &in, depth + 1))
			return false;
	}
	return false;
}

/* The next element, all of it. */
static bool next(struct pqm_cur *c, struct element *e, unsigned depth)
{
	if (depth > PQM_DER_DEPTH || !head(c, e) || e->is_cut)
		return false;
	return e->is_open ? find_end(c, e, depth) : pqm_cur_skip(c, e->body.n);
}

static bool take(struct pqm_cur *c, uint8_t tag, pqm_bytes *body)
{
	struct pqm_cur save = *c;
	struct element e;

	if (next(c, &e, 0) && e.tag == tag) {
		*body = e.body;
		return true;
	}
	*c = save;
	return false;
}

static bool enter(struct pqm_cur *c, uint8_t tag, struct pqm_cur *in)
{
	pqm_bytes body;

	if (!take(c, tag, &body))
		return false;
	*in = pqm_cur_of(body);
	return true;
}

static bool oid(struct pqm_cur *c, char out[PQM_OID_TEXT])
{
	pqm_bytes body;

	return take(c, PQM_DER_OID, &body) && pqm_oid_text(out, body);
}

/* AlgorithmIdentifier; params: the rest of it. */
static bool algorithm(struct pqm_cur *c, char out[PQM_OID_TEXT], struct pqm_cur *params)
{
	return enter(c, PQM_DER_SEQ, params) && oid(params, out);
}

struct cms {
	pqm_bytes b;
	pqm_sealed_fn *each;
	void *ctx;
	size_t n;
};

static enum pqm_st tell(struct cms *m, struct pqm_sealed_to *to, struct pqm_err *err)
{
	if (++m->n > PQM_SEALED_RECIPIENTS)
		return pqm_fail(err, PQM_ELIMIT, "CMS: over %d recipients", PQM_SEALED_RECIPIENTS);
	to->off = (uint64_t)(to->share.p - m->b.p);
	return m->each(m->ctx, to);
}

static void rsa(struct pqm_sealed_to *to, size_t n_octets)
{
	to->algorithm = "RSA";
	to->bits = n_octets <= PQM_RSA_BITS_MAX / 8 ? (uint32_t)n_octets * 8 : 0;
}

/* KeyTransRecipientInfo: version, rid, keyEncryptionAlgorithm, encryptedKey */
static bool ktri(struct pqm_cur c, struct pqm_sealed_to *to)
{
	struct element rid;
	struct pqm_cur params;
	pqm_bytes unused, key;

	if (!take(&c, PQM_DER_INT, &unused) || !next(&c, &rid, 0) ||
		!algorithm(&c, to->oid, &params) || !take(&c, PQM_DER_OCTETS, &key))
		return false;
	to->algorithm = "";
	if (strcmp(to->oid, "1.2.840.113549.1.1.1") == 0) {
		to->type = PQM_LIT("RSAES-PKCS1-v1_5");
		rsa(to, key.n);
	} else if (strcmp(to->oid, "1.2.840.113549.1.1.7") == 0) {
		to->type = PQM_LIT("RSAES-OAEP");
		rsa(to, key.n);
	} else if (strcmp(to->oid, "1.2.840.113549.1.9.16.3.14") == 0) {
		/* The modulus' length is that of the ciphertext in front, which the two share [RFC5990]. */
		to->type = PQM_LIT("RSA-KEM");
		to->algorithm = "RSA";
	}
	return true;
}

/* OriginatorPublicKey: whose curve the recipient's key must have. */
static bool originator_key(struct pqm_cur c, struct pqm_sealed_to *to)
{
	struct pqm_cur params, bits;
	pqm_bytes key, curve;
	struct element number;

	if (!algorithm(&c, to->oid, &params) || !take(&c, PQM_DER_BITS, &key) || key.n < 2)
		return false;
	key = pqm_sub(key, 1, key.n);
	if (strcmp(to->oid, "1.2.840.10045.2.1") == 0) {
		if (take(&params, PQM_DER_OID, &curve) && pqm_oid_text(to->oid, curve))
			to->algorithm = ""; /* the curve's own number says it */
		else
			to->algorithm = pqm_sealed_curve(key);
	} else if (strcmp(to->oid, "1.3.101.110") == 0 || strcmp(to->oid, "1.3.101.111") == 0) {
		to->algorithm = to->oid[10] == '0' ? "X25519" : "X448";
	} else if (strcmp(to->oid, "1.2.840.10046.2.1") == 0) {
		to->algorithm = "DH";
		bits = pqm_cur_of(key);
		if (next(&bits, &number, 0) && number.tag == PQM_DER_INT && number.body.n <= 2048)
			to->bits = (pqm_mag_bits(number.body) + 255) / 256 * 256;
	}
	return true;
}

/* KeyAgreeRecipientInfo: version, [0] originator, [1] ukm, keyEncryptionAlgorithm, recipientEncryptedKeys */
static enum pqm_st kari(struct cms *m, struct pqm_cur c, bool *is_good, struct pqm_err *err)
{
	struct pqm_sealed_to to = { .algorithm = "", .type = PQM_LIT("key agreement") };
	struct pqm_cur originator, key, params, keys;
	char scheme[PQM_OID_TEXT];
	pqm_bytes unused;
	struct element one;
	enum pqm_st st = PQM_OK;

	*is_good = take(&c, PQM_DER_INT, &unused) && enter(&c, PQM_DER_CTX(0), &originator);
	if (!*is_good)
		return PQM_OK;
	if (enter(&originator, PQM_DER_CTX(1), &key) && !originator_key(key, &to))
		*is_good = false;
	(void)take(&c, PQM_DER_CTX(1), &unused);
	*is_good = *is_good && algorithm(&c, scheme, &params) && enter(&c, PQM_DER_SEQ, &keys);
	/* A key of the sender's certificate: only the scheme is known. */
	if (*is_good && to.oid[0] == '\0')
		(void)pqm_oid_copy(to.oid, scheme);
	while (*is_good && st == PQM_OK && pqm_cur_left(&keys) > 0) {
		*is_good = next(&keys, &one, 0) && one.body.n > 0;
		to.share = one.body;
		if (*is_good)
			st = tell(m, &to, err);
	}
	return st;
}

/* KEMRecipientInfo: version, rid, kem, kemct … [RFC9629 §3] */
static bool kem(struct pqm_cur c, struct pqm_sealed_to *to)
{
	struct pqm_cur in, params;
	struct element rid;
	pqm_bytes unused, ct;

	to->type = PQM_LIT("KEM");
	to->algorithm = "";
	if (!enter(&c, PQM_DER_SEQ, &in) || !take(&in, PQM_DER_INT, &unused) ||
		!next(&in, &rid, 0) || !algorithm(&in, to->oid, &params) ||
		!take(&in, PQM_DER_OCTETS, &ct))
		return false;
	if (strcmp(to->oid, "1.0.18033.2.2.4") == 0)
		rsa(to, ct.n);
	return true;
}

static enum pqm_st recipient(
	struct cms *m, const struct element *e, bool *is_good, struct pqm_err *err)
{
	struct pqm_sealed_to to = { .algorithm = NULL, .share = e->body };
	struct pqm_cur c = pqm_cur_of(e->body);

	*is_good = e->body.n > 0;
	switch (e->tag) {
	case KTRI:
		*is_good = *is_good && ktri(c, &to);
		break;
	case KARI:
		return kari(m, c, is_good, err);
	case KEKRI:
		to.type = PQM_LIT("shared key");
		break;
	case PWRI:
		to.type = PQM_LIT("password");
		break;
	case ORI:
		*is_good = *is_good && oid(&c, to.oid);
		if (*is_good && strcmp(to.oid, OID_ORI_KEM) == 0)
			*is_good = kem(c, &to);
		else
			to = (struct pqm_sealed_to){
				.algorithm = "", .type = PQM_LIT("other"), .share = e->body
			};
		break;
	default:
		*is_good = false;
	}
	return *is_good ? tell(m, &to, err) : PQM_OK;
}

/* Steps into the next element, wherever it ends. */
static bool open(struct pqm_cur *c, uint8_t tag)
{
	struct element e;

	if (!head(c, &e) || e.tag != tag)
		return false;
	*c = pqm_cur_of(e.body);
	return true;
}

/* Up to the recipients. */
static bool start(pqm_bytes b, struct pqm_cur *c)
{
	char type[PQM_OID_TEXT];
	pqm_bytes unused;

	*c = pqm_cur_of(b);
	if (!open(c, PQM_DER_SEQ) || !oid(c, type) ||
		(strcmp(type, OID_ENVELOPED) != 0 && strcmp(type, OID_AUTH_ENVELOPED) != 0))
		return false;
	if (!open(c, PQM_DER_CTX(0)) || !open(c, PQM_DER_SEQ) || !take(c, PQM_DER_INT, &unused))
		return false;
	return true;
}

bool pqm_sealed_is_cms(pqm_bytes first)
{
	struct pqm_cur c;

	return first.n > 16 && first.p[0] == PQM_DER_SEQ && start(first, &c);
}

enum pqm_st pqm_sealed_cms(
	pqm_bytes b, pqm_sealed_fn *each, void *ctx, char cipher[PQM_OID_TEXT], struct pqm_err *err)
{
	struct cms m = { b, each, ctx, 0 };
	struct pqm_cur c, set, content, params;
	enum pqm_st st = PQM_OK;
	char type[PQM_OID_TEXT];
	struct element e;
	bool is_good = start(b, &c);
	pqm_bytes unused;

	cipher[0] = '\0';
	if (is_good)
		(void)take(&c, PQM_DER_CTX(0), &unused); /* certificates of the sender */
	is_good = is_good && enter(&c, PQM_DER_SET, &set);
	while (is_good && st == PQM_OK && pqm_cur_left(&set) > 0) {
		is_good = next(&set, &e, 0);
		if (is_good)
			st = recipient(&m, &e, &is_good, err);
	}
	if (!is_good)
		return pqm_fail(
			err, PQM_EPARSE, "CMS: recipient %zu is malformed or cut off", m.n + 1);
	content = c;
	if (!open(&content, PQM_DER_SEQ) || !oid(&content, type) ||
		!algorithm(&content, cipher, &params))
		cipher[0] = '\0';
	return st;
}
