#include "hyb/asn1.h"
#include "hyb/key.h"
#include "hyb/lc.h"
#include "hyb/sha2.h"

/* SPKI of the largest key: 2689 bytes and at most 40 around it. */
#define SPKI_MAX (HYB_SIG_PK_MAX + 64)
/* The largest private form: SEQUENCE { seed, expanded } of ML-DSA-87. */
#define PRIVATE_MAX (HYB_MLDSA87_SK_BYTES + HYB_MLKEM_SEED_BYTES + 16)

static bool is_kem(const struct hyb_public *k)
{
	return k->kind == HYB_KEY_KEM;
}

static const char *oid_text(const struct hyb_public *k)
{
	return is_kem(k) ? k->kem->oid : k->sig->oid;
}

static size_t public_bytes(const struct hyb_public *k)
{
	return is_kem(k) ? k->kem->ek_bytes : k->sig->pk_bytes;
}

/* ---- algorithm identifiers ---- */

static bool oid_is(const char *dotted, hyb_bytes oid)
{
	uint8_t want[DER_OID_MAX];
	size_t n = dotted != NULL ? hyb_der_oid(want, dotted) : 0;

	return n > 0 && n == oid.n && hyb_ct_eq(want, oid.p, n);
}

static bool find_suite(struct hyb_public *k, hyb_bytes oid)
{
	for (unsigned i = 0; i < HYB_KEM_SUITES; i++) {
		k->kind = HYB_KEY_KEM;
		k->kem = hyb_kem_suite((enum hyb_kem_id)i);
		if (oid_is(k->kem->oid, oid))
			return true;
	}
	k->kem = NULL;
	for (unsigned i = 0; i < HYB_SIG_SUITES; i++) {
		k->kind = HYB_KEY_SIG;
		k->sig = hyb_sig_suite((enum hyb_sig_id)i);
		if (oid_is(k->sig->oid, oid))
			return true;
	}
	k->sig = NULL;
	return false;
}

/* AlgorithmIdentifier with absent parameters, as all of these algorithms want it. */
static enum hyb_st take_alg(struct hyb_public *k, hyb_bytes *in)
{
	hyb_bytes alg, oid;

	if (!hyb_der_take(in, DER_SEQUENCE, &alg) || !hyb_der_take(&alg, DER_OID, &oid))
		return HYB_E_FORMAT;
	if (!find_suite(k, oid))
		return HYB_E_SUITE;
	return alg.n == 0 ? HYB_OK : HYB_E_FORMAT;
}

static void put_alg(struct hyb_der_out *o, const struct hyb_public *k)
{
	uint8_t oid[DER_OID_MAX];
	size_t since = o->at;

	hyb_der_put_value(o, DER_OID, (hyb_bytes){ oid, hyb_der_oid(oid, oid_text(k)) });
	hyb_der_wrap(o, since, DER_SEQUENCE);
}

/* ---- public keys ---- */

static void put_spki(struct hyb_der_out *o, const struct hyb_public *k)
{
	size_t all = o->at;

	hyb_der_put(o, (hyb_bytes){ k->key, k->n });
	hyb_der_put_byte(o, 0); /* no unused bits */
	hyb_der_wrap(o, all, DER_BITS);
	put_alg(o, k);
	hyb_der_wrap(o, all, DER_SEQUENCE);
}

/* Length and id, once suite and octets are set. HYB_E_SUITE: the suite has no key files. */
static enum hyb_st finish(struct hyb_public *k)
{
	uint8_t spki[SPKI_MAX];
	struct hyb_sha256 h;
	struct hyb_der_out o;

	if (oid_text(k) == NULL)
		return HYB_E_SUITE;
	k->n = public_bytes(k);
	hyb_der_start(&o, spki, sizeof(spki));
	put_spki(&o, k);
	if (o.failed)
		return HYB_E_LIMIT;
	hyb_sha256_init(&h);
	hyb_sha256_update(&h, spki + o.at, sizeof(spki) - o.at);
	hyb_sha256_final(&h, k->id);
	return HYB_OK;
}

static enum hyb_st check_point(enum lc_curve c, const uint8_t *point)
{
	uint8_t one[48], ss[48];
	enum hyb_st st;

	memset(one, 1, sizeof(one)); /* a scalar in range on both curves */
	st = lc_derive(c, ss, one, point, false);
	hyb_wipe(ss, sizeof(ss));
	return st;
}

/* Any octets of the right length are an ML-DSA key [FIPS204 Alg. 23]; points must be on their curve. */
static enum hyb_st check_sig(const struct hyb_public *k)
{
	switch (k->sig->id) {
	case HYB_SIG_MLDSA87_P384:
		return check_point(LC_P384, k->key + HYB_MLDSA87_PK_BYTES);
	case HYB_SIG_MLDSA65_P384:
		return check_point(LC_P384, k->key + HYB_MLDSA65_PK_BYTES);
	case HYB_SIG_MLDSA65_P256:
		return check_point(LC_P256, k->key + HYB_MLDSA65_PK_BYTES);
	case HYB_SIG_MLDSA44_P256:
		return check_point(LC_P256, k->key + HYB_MLDSA44_PK_BYTES);
	case HYB_SIG_MLDSA65_ED25519:
	case HYB_SIG_MLDSA44:
	case HYB_SIG_MLDSA65:
	case HYB_SIG_MLDSA87:
		return HYB_OK;
	}
	return HYB_E_SUITE;
}

/* Encapsulating once makes every check of the suite: the modulus, the point, X25519's result. */
static enum hyb_st check_kem(const struct hyb_public *k)
{
	uint8_t eseed[HYB_KEM_ESEED_MAX], ct[HYB_KEM_CT_MAX], ss[HYB_KEM_SS_MAX];
	enum hyb_st st;

	memset(eseed, 1, sizeof(eseed)); /* scalars in range, whatever the curve */
	st = hyb_kem_encaps_derand(k->kem, ct, ss, k->key, eseed);
	hyb_wipe(ss, sizeof(ss));
	return st;
}

/* SubjectPublicKeyInfo [RFC5280 §4.1]. */
static enum hyb_st read_spki(struct hyb_public *k, hyb_bytes der)
{
	hyb_bytes info, bits;
	enum hyb_st st;

	if (!hyb_der_take(&der, DER_SEQUENCE, &info) || der.n != 0)
		return HYB_E_FORMAT;
	st = take_alg(k, &info);
	if (st != HYB_OK)
		return st;
	if (!hyb_der_take(&info, DER_BITS, &bits) || info.n != 0 || bits.n == 0 || bits.p[0] != 0)
		return HYB_E_FORMAT;
	if (bits.n - 1 != public_bytes(k))
		return HYB_E_BAD_KEY;
	memcpy(k->key, bits.p + 1, bits.n - 1);
	st = is_kem(k) ? check_kem(k) : check_sig(k);
	return st == HYB_OK ? finish(k) : st;
}

enum hyb_st hyb_public_read(struct hyb_public *k, hyb_bytes file)
{
	uint8_t der[HYB_KEY_FILE_MAX];
	enum hyb_armour armour;
	enum hyb_st st;
	size_t n;

	memset(k, 0, sizeof(*k));
	st = hyb_pem_read(der, &n, &armour, file);
	if (st == HYB_OK && armour != HYB_ARMOUR_DER && armour != HYB_ARMOUR_PUBLIC)
		st = HYB_E_FORMAT;
	if (st == HYB_OK)
		st = read_spki(k, (hyb_bytes){ der, n });
	hyb_wipe(der, sizeof(der)); /* a private key may have been given by mistake */
	if (st != HYB_OK)
		memset(k, 0, sizeof(*k));
	return st;
}

/* What was written stands at the end of the buffer: to its front, or into armour. */
static enum hyb_st deliver(
	uint8_t *out, size_t *n, struct hyb_der_out *o, size_t cap, const enum hyb_armour *armour)
{
	hyb_bytes der = { o->buf + o->at, cap - o->at };

	*n = 0;
	if (o->failed || der.n > HYB_KEY_FILE_MAX)
		return HYB_E_LIMIT;
	if (*armour != HYB_ARMOUR_DER)
		return hyb_pem_write(out, n, *armour, der);
	memcpy(out, der.p, der.n);
	*n = der.n;
	return HYB_OK;
}

enum hyb_st hyb_public_write(uint8_t *out, size_t *n, const struct hyb_public *k, bool pem)
{
	const enum hyb_armour armour = pem ? HYB_ARMOUR_PUBLIC : HYB_ARMOUR_DER;
	uint8_t spki[SPKI_MAX];
	struct hyb_der_out o;

	*n = 0;
	if (oid_text(k) == NULL)
		return HYB_E_SUITE;
	hyb_der_start(&o, spki, sizeof(spki));
	put_spki(&o, k);
	return deliver(out, n, &o, sizeof(spki), &armour);
}

/* ---- private keys ---- */

void hyb_private_clear(struct hyb_private *k)
{
	hyb_wipe(k, sizeof(*k));
}

enum hyb_st hyb_private_new_kem(struct hyb_private *k, const struct hyb_kem_suite *s)
{
	enum hyb_st st;

	memset(k, 0, sizeof(*k));
	k->pub.kind = HYB_KEY_KEM;
	k->pub.kem = s;
	k->n = s->seed_bytes;
	st = hyb_kem_keygen(s, k->pub.key, k->key);
	if (st == HYB_OK)
		st = finish(&k->pub);
	if (st != HYB_OK)
		hyb_private_clear(k);
	return st;
}

enum hyb_st hyb_private_new_sig(struct hyb_private *k, const struct hyb_sig_suite *s)
{
	enum hyb_st st;

	memset(k, 0, sizeof(*k));
	k->pub.kind = HYB_KEY_SIG;
	k->pub.sig = s;
	st = hyb_sig_keygen(s, k->pub.key, k->key, &k->n);
	if (st == HYB_OK)
		st = finish(&k->pub);
	if (st != HYB_OK)
		hyb_private_clear(k);
	return st;
}

/* The public key of the private form in k. */
static enum hyb_st derive(struct hyb_private *k)
{
	struct hyb_sig_sk sk;
	enum hyb_st st;

	if (k->is_expanded)
		return hyb_fips_ops(&k->pub)->check(k->pub.key, k->key);
	if (is_kem(&k->pub))
		return hyb_kem_keygen_derand(k->pub.kem, k->pub.key, k->key);
	st = hyb_sig_sk_import(k->pub.sig, &sk, (hyb_bytes){ k->key, k->n });
	if (st == HYB_OK) {
		st = hyb_sig_pk_from_sk(k->pub.sig, k->pub.key, &sk);
		hyb_sig_sk_clear(&sk);
	}
	return st;
}

/* Seed and expanded form must be the same key [RFC9881 §6]. */
static enum hyb_st compare(
	const struct hyb_fips_ops *ops, const uint8_t *seed, const uint8_t *expanded)
{
	uint8_t fips[HYB_MLDSA87_SK_BYTES];
	enum hyb_st st = ops->expand(fips, seed);

	if (st == HYB_OK && !hyb_ct_eq(fips, expanded, ops->fips_bytes))
		st = HYB_E_BAD_KEY;
	hyb_wipe(fips, sizeof(fips));
	return st;
}

/* CHOICE { [0] seed, OCTET STRING expanded, SEQUENCE { seed, expanded } }. */
static enum hyb_st take_choice(
	struct hyb_private *k, const struct hyb_fips_ops *ops, hyb_bytes octets)
{
	hyb_bytes seed, expanded, both;
	bool has_seed = true, has_expanded = true;

	if (hyb_der_take(&octets, DER_CONTEXT(0), &seed)) {
		has_expanded = false;
	} else if (hyb_der_take(&octets, DER_OCTETS, &expanded)) {
		has_seed = false;
	} else if (!hyb_der_take(&octets, DER_SEQUENCE, &both) ||
		!hyb_der_take(&both, DER_OCTETS, &seed) ||
		!hyb_der_take(&both, DER_OCTETS, &expanded) || both.n != 0) {
		return HYB_E_FORMAT;
	}
	if (octets.n != 0)
		return HYB_E_FORMAT;
	if ((has_seed && seed.n != ops->seed_bytes) ||
		(has_expanded && expanded.n != ops->fips_bytes))
		return HYB_E_BAD_KEY;
	k->is_expanded = !has_seed;
	k->n = has_seed ? seed.n : expanded.n;
	memcpy(k->key, has_seed ? seed.p : expanded.p, k->n);
	return has_seed && has_expanded ? compare(ops, seed.p, expanded.p) : HYB_OK;
}

static enum hyb_st take_private(struct hyb_private *k, hyb_bytes octets)
{
	const struct hyb_fips_ops *ops = hyb_fips_ops(&k->pub);
	enum hyb_st st = HYB_OK;

	if (ops != NULL) {
		st = take_choice(k, ops, octets);
	} else if (is_kem(&k->pub) ? octets.n != k->pub.kem->seed_bytes
				   : octets.n == 0 || octets.n > k->pub.sig->priv_max) {
		return HYB_E_BAD_KEY;
	} else {
		k->n = octets.n;
		memcpy(k->key, octets.p, octets.n);
	}
	return st == HYB_OK ? derive(k) : st;
}

/* OneAsymmetricKey [RFC5958 §2]; a public key inside must be the one of the private key. */
static enum hyb_st read_pkcs8(struct hyb_private *k, hyb_bytes der)
{
	hyb_bytes info, octets, attributes, bits = { NULL, 0 };
	uint64_t version;
	enum hyb_st st;

	if (!hyb_der_take(&der, DER_SEQUENCE, &info) || der.n != 0 ||
		!hyb_der_take_uint(&info, &version) || version > 1)
		return HYB_E_FORMAT;
	st = take_alg(&k->pub, &info);
	if (st != HYB_OK)
		return st;
	if (!hyb_der_take(&info, DER_OCTETS, &octets))
		return HYB_E_FORMAT;
	if (hyb_der_is_next(info, DER_CONTEXT_CONSTRUCTED(0)) &&
		!hyb_der_take(&info, DER_CONTEXT_CONSTRUCTED(0), &attributes))
		return HYB_E_FORMAT;
	/* version 2 is the one that has a public key */
	if (version == 1 &&
		(!hyb_der_take(&info, DER_CONTEXT(1), &bits) || bits.n == 0 || bits.p[0] != 0))
		return HYB_E_FORMAT;
	if (info.n != 0)
		return HYB_E_FORMAT;
	st = take_private(k, octets);
	if (st == HYB_OK)
		st = finish(&k->pub);
	if (st == HYB_OK && bits.p != NULL &&
		(bits.n - 1 != k->pub.n || !hyb_ct_eq(bits.p + 1, k->pub.key, k->pub.n)))
		st = HYB_E_BAD_KEY;
	return st;
}

static enum hyb_st read_encrypted(struct hyb_private *k, hyb_bytes der, hyb_bytes pass)
{
	uint8_t plain[HYB_KEY_FILE_MAX];
	size_t n;
	enum hyb_st st;

	if (pass.p == NULL)
		return HYB_E_PASSPHRASE;
	st = hyb_key_decrypt(plain, &n, der, pass);
	if (st == HYB_OK)
		st = read_pkcs8(k, (hyb_bytes){ plain, n });
	hyb_wipe(plain, sizeof(plain));
	return st;
}

enum hyb_st hyb_private_read(struct hyb_private *k, hyb_bytes file, hyb_bytes pass)
{
	uint8_t der[HYB_KEY_FILE_MAX];
	enum hyb_armour armour;
	bool is_encrypted;
	enum hyb_st st;
	size_t n;

	memset(k, 0, sizeof(*k));
	st = hyb_pem_read(der, &n, &armour, file);
	is_encrypted = st == HYB_OK && hyb_key_is_encrypted((hyb_bytes){ der, n });
	if (armour == HYB_ARMOUR_PUBLIC || (armour == HYB_ARMOUR_PRIVATE && is_encrypted) ||
		(armour == HYB_ARMOUR_ENCRYPTED && !is_encrypted))
		st = HYB_E_FORMAT;
	if (st == HYB_OK && is_encrypted)
		st = read_encrypted(k, (hyb_bytes){ der, n }, pass);
	else if (st == HYB_OK)
		st = read_pkcs8(k, (hyb_bytes){ der, n });
	hyb_wipe(der, sizeof(der));
	if (st != HYB_OK)
		hyb_private_clear(k);
	return st;
}

/* Seeds as [0], expanded keys as they came; hybrids are bare octets. */
static void put_pkcs8(struct hyb_der_out *o, const struct hyb_private *k)
{
	const hyb_bytes key = { k->key, k->n };
	size_t all = o->at;

	if (hyb_fips_ops(&k->pub) == NULL)
		hyb_der_put(o, key);
	else
		hyb_der_put_value(o, k->is_expanded ? DER_OCTETS : DER_CONTEXT(0), key);
	hyb_der_wrap(o, all, DER_OCTETS);
	put_alg(o, &k->pub);
	hyb_der_put_uint(o, 0); /* v1: no public key inside */
	hyb_der_wrap(o, all, DER_SEQUENCE);
}

static enum hyb_st write_encrypted(
	uint8_t *out, size_t *n, hyb_bytes plain, hyb_bytes pass, bool pem)
{
	uint8_t der[HYB_KEY_FILE_MAX];
	size_t der_n;
	enum hyb_st st;

	if (pass.n == 0)
		return HYB_E_ARG;
	if (!pem)
		return hyb_key_encrypt(out, n, plain, pass);
	st = hyb_key_encrypt(der, &der_n, plain, pass);
	return st == HYB_OK ? hyb_pem_write(out, n, HYB_ARMOUR_ENCRYPTED, (hyb_bytes){ der, der_n })
			    : st;
}

enum hyb_st hyb_private_write(
	uint8_t *out, size_t *n, const struct hyb_private *k, hyb_bytes pass, bool pem)
{
	const enum hyb_armour armour = pem ? HYB_ARMOUR_PRIVATE : HYB_ARMOUR_DER;
	uint8_t der[PRIVATE_MAX + 64];
	struct hyb_der_out o;
	enum hyb_st st;

	*n = 0;
	if (oid_text(&k->pub) == NULL)
		return HYB_E_SUITE;
	hyb_der_start(&o, der, sizeof(der));
	put_pkcs8(&o, k);
	if (o.failed)
		st = HYB_E_LIMIT;
	else if (pass.p != NULL)
		st = write_encrypted(
			out, n, (hyb_bytes){ der + o.at, sizeof(der) - o.at }, pass, pem);
	else
		st = deliver(out, n, &o, sizeof(der), &armour);
	hyb_wipe(der, sizeof(der));
	if (st != HYB_OK)
		*n = 0;
	return st;
}
