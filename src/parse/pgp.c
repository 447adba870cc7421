#include "pgp.h"

#include "base/cur.h"
#include "base/limits.h"
#include "parse/der.h"

enum {
	TAG_SECRET_KEY = 5,
	TAG_PUBLIC_KEY = 6,
	TAG_SECRET_SUBKEY = 7,
	TAG_PUBLIC_SUBKEY = 14,
};

/* Public-key algorithms [RFC9580 §9.1]. */
enum {
	ALG_RSA = 1,
	ALG_RSA_ENCRYPT = 2,
	ALG_RSA_SIGN = 3,
	ALG_ELGAMAL = 16,
	ALG_DSA = 17,
	ALG_ECDH = 18,
	ALG_ECDSA = 19,
	ALG_ELGAMAL_BOTH = 20,
	ALG_EDDSA = 22,
};

/* Algorithms whose key is a string of fixed length; the composites are two such strings
 * [draft-ietf-openpgp-pqc]. */
static const struct raw {
	uint8_t id;
	const char *raw; /* for pqm_pubkey_raw; NULL: a composite */
	const char *family, *algorithm, *parameter;
	uint16_t bytes;
	enum pqm_pk_use use;
} raws[] = {
	{ 25, "X25519", NULL, NULL, NULL, 32, PQM_PK_KEX },
	{ 26, "X448", NULL, NULL, NULL, 56, PQM_PK_KEX },
	{ 27, "Ed25519", NULL, NULL, NULL, 32, PQM_PK_SIG },
	{ 28, "Ed448", NULL, NULL, NULL, 57, PQM_PK_SIG },
	{ 30, NULL, "ML-DSA+Ed25519", "ML-DSA-65+Ed25519", "65", 32 + 1952, PQM_PK_SIG },
	{ 31, NULL, "ML-DSA+Ed448", "ML-DSA-87+Ed448", "87", 57 + 2592, PQM_PK_SIG },
	{ 32, "SLH-DSA-SHAKE-128s", NULL, NULL, NULL, 32, PQM_PK_SIG },
	{ 33, "SLH-DSA-SHAKE-128f", NULL, NULL, NULL, 32, PQM_PK_SIG },
	{ 34, "SLH-DSA-SHAKE-256s", NULL, NULL, NULL, 64, PQM_PK_SIG },
	{ 35, NULL, "X25519+ML-KEM", "ML-KEM-768+X25519", "768", 32 + 1184, PQM_PK_KEX },
	{ 36, NULL, "X448+ML-KEM", "ML-KEM-1024+X448", "1024", 56 + 1568, PQM_PK_KEX },
};

static const struct raw *raw_of(uint8_t id)
{
	for (size_t i = 0; i < sizeof(raws) / sizeof(raws[0]); i++)
		if (raws[i].id == id)
			return &raws[i];
	return NULL;
}

static bool is_known_algorithm(uint8_t id)
{
	return (id >= ALG_RSA && id <= ALG_RSA_SIGN) ||
		(id >= ALG_ELGAMAL && id <= ALG_ELGAMAL_BOTH) || id == ALG_EDDSA ||
		raw_of(id) != NULL;
}

/* One packet. */
struct packet {
	uint8_t tag;
	bool is_partial, is_open; /* no length, or one that goes to the end of the file */
	pqm_bytes body;
};

static bool new_length(struct pqm_cur *c, struct packet *p, size_t *n)
{
	uint8_t a, b;
	uint32_t wide;

	if (!pqm_cur_u8(c, &a))
		return false;
	if (a < 192) {
		*n = a;
		return true;
	}
	if (a < 224) {
		if (!pqm_cur_u8(c, &b))
			return false;
		*n = ((size_t)(a - 192) << 8) + b + 192;
		return true;
	}
	if (a == 255) {
		if (!pqm_cur_u32be(c, &wide))
			return false;
		*n = wide;
		return true;
	}
	p->is_partial = true;
	*n = (size_t)1 << (a & 0x1f);
	return true;
}

static bool old_length(struct pqm_cur *c, unsigned type, struct packet *p, size_t *n)
{
	uint8_t a;
	uint16_t b;
	uint32_t wide;

	switch (type) {
	case 0:
		if (!pqm_cur_u8(c, &a))
			return false;
		*n = a;
		return true;
	case 1:
		if (!pqm_cur_u16be(c, &b))
			return false;
		*n = b;
		return true;
	case 2:
		if (!pqm_cur_u32be(c, &wide))
			return false;
		*n = wide;
		return true;
	default:
		p->is_open = true;
		*n = pqm_cur_left(c);
		return true;
	}
}

static bool is_key_tag(uint8_t tag)
{
	return tag == TAG_SECRET_KEY || tag == TAG_PUBLIC_KEY || tag == TAG_SECRET_SUBKEY ||
		tag == TAG_PUBLIC_SUBKEY;
}

/* Steps over the rest of a body in partial lengths; the body itself is not wanted. */
static bool skip_partial(struct pqm_cur *c)
{
	struct packet p = { .is_partial = true };

	while (p.is_partial) {
		size_t n;

		p.is_partial = false;
		if (!new_length(c, &p, &n) || !pqm_cur_skip(c, n))
			return false;
	}
	return true;
}

static const char *next_packet(struct pqm_cur *c, struct packet *out)
{
	struct packet p = { 0 };
	uint8_t head;
	size_t n;

	if (!pqm_cur_u8(c, &head))
		return "no packet";
	if ((head & 0x80) == 0)
		return "no packet header";
	bool is_new = (head & 0x40) != 0;

	p.tag = is_new ? head & 0x3f : (head >> 2) & 0x0f;
	if (p.tag == 0)
		return "reserved packet type 0";
	if (!(is_new ? new_length(c, &p, &n) : old_length(c, head & 3, &p, &n)))
		return "truncated packet length";
	if (is_key_tag(p.tag) && (p.is_partial || p.is_open))
		return "key packet without a definite length";
	if (!pqm_cur_take(c, n, &p.body))
		return "packet overruns the input";
	if (p.is_partial && !skip_partial(c))
		return "packet in parts overruns the input";
	*out = p;
	return NULL;
}

/* A multiprecision integer whose bit count is true [RFC9580 §3.2]. */
static bool take_mpi(struct pqm_cur *c, pqm_bytes *out)
{
	struct pqm_cur save = *c;
	uint16_t bits;
	pqm_bytes v;

	if (pqm_cur_u16be(c, &bits) && pqm_cur_take(c, ((size_t)bits + 7) / 8, &v) &&
		pqm_mag_bits(v) == bits) {
		*out = v;
		return true;
	}
	*c = save;
	return false;
}

/* As take_mpi, but the bytes are a string: GnuPG keeps leading zeros of Ed448 and X448 keys. */
static bool take_octets(struct pqm_cur *c, pqm_bytes *out)
{
	struct pqm_cur save = *c;
	uint16_t bits;

	if (pqm_cur_u16be(c, &bits) && pqm_cur_take(c, ((size_t)bits + 7) / 8, out))
		return true;
	*c = save;
	return false;
}

/* Curves that have no place in the table of pubkey.c, because they are not named curves of X.509. */
static const struct {
	const char *raw;
	size_t width;
	uint8_t n, der[10];
} native[] = {
	{ "Ed25519", 32, 9, { 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01 } },
	{ "X25519", 32, 10, { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01 } },
	{ "X25519", 32, 3, { 0x2b, 0x65, 0x6e } },
	{ "X448", 56, 3, { 0x2b, 0x65, 0x6f } },
	{ "Ed25519", 32, 3, { 0x2b, 0x65, 0x70 } },
	{ "Ed448", 57, 3, { 0x2b, 0x65, 0x71 } },
};

/* A point in native form, with the prefix 0x40 [RFC9580 §11.2.2] or without. */
static bool native_key(struct pqm_pubkey *out, pqm_bytes oid, pqm_bytes point, bool is_sig)
{
	for (size_t i = 0; i < sizeof(native) / sizeof(native[0]); i++) {
		size_t w = native[i].width;

		if (!pqm_eq(oid, (pqm_bytes){ native[i].der, native[i].n }))
			continue;
		if ((native[i].raw[0] == 'E') != is_sig)
			return false;
		if (point.n == w + 1 && point.p[0] == 0x40)
			point = pqm_sub(point, 1, w);
		return point.n == w && pqm_pubkey_raw(out, native[i].raw, point);
	}
	return false;
}

static bool is_native(pqm_bytes oid)
{
	for (size_t i = 0; i < sizeof(native) / sizeof(native[0]); i++)
		if (pqm_eq(oid, (pqm_bytes){ native[i].der, native[i].n }))
			return true;
	return false;
}

static bool read_curve_key(struct pqm_cur *c, uint8_t alg, struct pqm_pubkey *out)
{
	pqm_bytes oid, point, kdf;
	uint8_t n;

	if (!pqm_cur_u8(c, &n) || n == 0 || n == 0xff || !pqm_cur_take(c, n, &oid))
		return false;
	if (!(is_native(oid) ? take_octets(c, &point) : take_mpi(c, &point)))
		return false;
	if (alg == ALG_ECDH &&
		(!pqm_cur_u8(c, &n) || n < 3 || !pqm_cur_take(c, n, &kdf) || kdf.p[0] != 1))
		return false;
	if (is_native(oid))
		return native_key(out, oid, point, alg != ALG_ECDH);

	const struct pqm_curve *curve = pqm_curve_by_der(oid);

	if (alg == ALG_EDDSA || curve == NULL || !pqm_pubkey_ec(out, curve, point))
		return false;
	out->use = alg == ALG_ECDH ? PQM_PK_KEX : PQM_PK_SIG;
	return true;
}

static bool read_raw_key(struct pqm_cur *c, const struct raw *raw, struct pqm_pubkey *out)
{
	pqm_bytes key;

	if (!pqm_cur_take(c, raw->bytes, &key))
		return false;
	if (raw->raw != NULL)
		return pqm_pubkey_raw(out, raw->raw, key);
	pqm_pubkey_other(out, raw->family, raw->algorithm, raw->parameter, key);
	out->use = raw->use;
	return true;
}

/* The public numbers of one algorithm; false when they are malformed. */
static bool read_material(struct pqm_cur *c, uint8_t alg, struct pqm_pubkey *out)
{
	pqm_bytes a, b, d, e;

	switch (alg) {
	case ALG_RSA:
	case ALG_RSA_ENCRYPT:
	case ALG_RSA_SIGN:
		if (!take_mpi(c, &a) || !take_mpi(c, &b) || !pqm_pubkey_rsa(out, a, b))
			return false;
		if (alg != ALG_RSA)
			out->use = alg == ALG_RSA_SIGN ? PQM_PK_SIG : PQM_PK_PKE;
		return true;
	case ALG_ELGAMAL:
	case ALG_ELGAMAL_BOTH:
		return take_mpi(c, &a) && take_mpi(c, &b) && take_mpi(c, &d) &&
			pqm_pubkey_elgamal(out, a, b, d);
	case ALG_DSA:
		return take_mpi(c, &a) && take_mpi(c, &b) && take_mpi(c, &d) && take_mpi(c, &e) &&
			pqm_pubkey_dsa(out, a, b, d, e);
	case ALG_ECDH:
	case ALG_ECDSA:
	case ALG_EDDSA:
		return read_curve_key(c, alg, out);
	default:
		break;
	}

	const struct raw *raw = raw_of(alg);

	return raw != NULL && read_raw_key(c, raw, out);
}

/* What stands behind the public part of a secret key: only whether it is there and protected. */
static bool read_secret(struct pqm_cur *c, struct pqm_pgp_key *k)
{
	pqm_bytes rest;
	uint8_t usage;

	if (!pqm_cur_u8(c, &usage))
		return false;
	rest = pqm_cur_rest(c);
	k->is_protected = usage != 0;
	/* GnuPG's stub for a key on a card or kept offline: S2K type 101, "GNU". */
	k->is_secret = !((usage == 254 || usage == 255) && rest.n >= 7 && rest.p[1] == 101 &&
		memcmp(rest.p + 3, "GNU", 3) == 0);
	return rest.n > 0;
}

static bool read_key_head(struct pqm_cur *c, struct pqm_pgp_key *k, uint32_t *material)
{
	*material = UINT32_MAX;
	if (!pqm_cur_u8(c, &k->version) || k->version < 2 || k->version > 6 ||
		!pqm_cur_u32be(c, &k->created))
		return false;
	if (k->version <= 3 && !pqm_cur_skip(c, 2)) /* days of validity */
		return false;
	if (!pqm_cur_u8(c, &k->algorithm))
		return false;
	return k->version < 5 || (pqm_cur_u32be(c, material) && *material <= pqm_cur_left(c));
}

/* NULL when read or stepped over (*known tells), else what is wrong. */
static const char *read_key(const struct packet *p, struct pqm_pgp_key *k, bool *known)
{
	struct pqm_cur c = pqm_cur_of(p->body), m;
	uint32_t material;
	pqm_bytes part;
	bool is_secret = p->tag == TAG_SECRET_KEY || p->tag == TAG_SECRET_SUBKEY;

	k->is_subkey = p->tag == TAG_SECRET_SUBKEY || p->tag == TAG_PUBLIC_SUBKEY;
	if (!read_key_head(&c, k, &material))
		return "malformed key head";
	*known = is_known_algorithm(k->algorithm);
	if (!*known)
		return NULL;
	m = c;
	if (material != UINT32_MAX) {
		if (!pqm_cur_take(&c, material, &part))
			return "key material overruns its packet";
		m = pqm_cur_of(part);
	}
	if (!read_material(&m, k->algorithm, &k->key))
		return "malformed or impossible key material";
	if (material != UINT32_MAX && pqm_cur_left(&m) > 0)
		return "bytes after the key material";
	if (material == UINT32_MAX)
		c = m;
	if (!is_secret)
		return pqm_cur_left(&c) > 0 ? "bytes after the key" : NULL;
	return read_secret(&c, k) ? NULL : "no secret part";
}

bool pqm_pgp_looks_like(pqm_bytes b)
{
	struct pqm_cur c = pqm_cur_of(b);
	struct packet p = { 0 };
	struct pqm_pgp_key k = { 0 };
	uint32_t material;
	uint8_t head;
	size_t n;

	if (!pqm_cur_u8(&c, &head) || (head & 0x80) == 0)
		return false;
	p.tag = (head & 0x40) != 0 ? head & 0x3f : (head >> 2) & 0x0f;
	if (p.tag != TAG_PUBLIC_KEY && p.tag != TAG_SECRET_KEY && p.tag != TAG_PUBLIC_SUBKEY &&
		p.tag != TAG_SECRET_SUBKEY)
		return false;
	if (!((head & 0x40) != 0 ? new_length(&c, &p, &n) : old_length(&c, head & 3, &p, &n)) ||
		p.is_partial || p.is_open || n < 12 || n > PQM_PGP_KEY_BYTES)
		return false;
	return read_key_head(&c, &k, &material) && is_known_algorithm(k.algorithm);
}

enum pqm_st pqm_pgp_walk(pqm_bytes b,
	enum pqm_st (*key)(void *ctx, const struct pqm_pgp_key *k, struct pqm_err *err), void *ctx,
	size_t *end, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(b);
	enum pqm_st st = PQM_OK;

	*end = 0;
	for (size_t i = 0; st == PQM_OK && pqm_cur_left(&c) > 0; i++) {
		struct pqm_pgp_key k = { .off = b.n - pqm_cur_left(&c) };
		struct packet p;
		bool known = false;
		const char *wrong = next_packet(&c, &p);

		*end = (size_t)k.off;
		if (i >= PQM_PGP_PACKETS)
			return pqm_fail(err, PQM_ELIMIT,
				"OpenPGP: over %zu packets, stopped at offset %zu", PQM_PGP_PACKETS,
				*end);
		if (wrong == NULL && is_key_tag(p.tag) && p.body.n > PQM_PGP_KEY_BYTES)
			return pqm_fail(err, PQM_ELIMIT,
				"OpenPGP: key packet of %zu bytes at offset %zu, over the limit of "
				"%zu",
				p.body.n, *end, PQM_PGP_KEY_BYTES);
		if (wrong == NULL && is_key_tag(p.tag))
			wrong = read_key(&p, &k, &known);
		if (wrong != NULL)
			return pqm_fail(err, PQM_EPARSE, "OpenPGP: %s at offset %zu of %zu", wrong,
				*end, b.n);
		if (known)
			st = key(ctx, &k, err);
		*end = b.n - pqm_cur_left(&c);
	}
	return st;
}

/* A keybox is a list of blobs: u32 length, type (1 first, 2 OpenPGP, 3 X.509), version, u16 flags,
 * then for OpenPGP u32 offset and u32 length of the key block [GnuPG doc/keybox format]. */
enum { KEYBOX_FIRST = 1, KEYBOX_OPENPGP = 2, KEYBOX_HEAD = 16 };

bool pqm_pgp_is_keybox(pqm_bytes b)
{
	return b.n >= 32 && b.p[4] == KEYBOX_FIRST && memcmp(b.p + 8, "KBXf", 4) == 0;
}

enum pqm_st pqm_pgp_keybox(pqm_bytes b,
	enum pqm_st (*block)(void *ctx, pqm_bytes packets, uint64_t off, struct pqm_err *err),
	void *ctx, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(b);
	enum pqm_st st = PQM_OK;

	while (st == PQM_OK && pqm_cur_left(&c) > 0) {
		size_t at = b.n - pqm_cur_left(&c);
		struct pqm_cur head = c, in;
		uint32_t n = 0, off = 0, len = 0;
		uint8_t type = 0;
		pqm_bytes blob = { NULL, 0 }, packets;

		if (!pqm_cur_u32be(&head, &n) || n < KEYBOX_HEAD || !pqm_cur_u8(&head, &type) ||
			!pqm_cur_take(&c, n, &blob))
			return pqm_fail(err, PQM_EPARSE,
				"keybox: blob at offset %zu overruns the file", at);
		if (type != KEYBOX_OPENPGP)
			continue;
		in = pqm_cur_of(pqm_sub(blob, 8, blob.n));
		if (!pqm_cur_u32be(&in, &off) || !pqm_cur_u32be(&in, &len) || off > blob.n ||
			len > blob.n - off)
			return pqm_fail(err, PQM_EPARSE,
				"keybox: key block at offset %zu overruns its blob", at);
		packets = pqm_sub(blob, off, len);
		st = block(ctx, packets, at + off, err);
	}
	return st;
}
