#include "pubkey.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/num.h"
#include "spki.h"
#include "x509.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

static const struct pqm_curve curves[] = {
	{ "P-256", PQM_OID_P256, "nistp256", 256, 32, 8,
		{ 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 } },
	{ "P-384", PQM_OID_P384, "nistp384", 384, 48, 5, { 0x2b, 0x81, 0x04, 0x00, 0x22 } },
	{ "P-521", PQM_OID_P521, "nistp521", 521, 66, 5, { 0x2b, 0x81, 0x04, 0x00, 0x23 } },
	{ "secp256k1", "1.3.132.0.10", NULL, 256, 32, 5, { 0x2b, 0x81, 0x04, 0x00, 0x0a } },
	{ "brainpoolP256r1", "1.3.36.3.3.2.8.1.1.7", NULL, 256, 32, 9,
		{ 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07 } },
	{ "brainpoolP384r1", "1.3.36.3.3.2.8.1.1.11", NULL, 384, 48, 9,
		{ 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0b } },
	{ "brainpoolP512r1", "1.3.36.3.3.2.8.1.1.13", NULL, 512, 64, 9,
		{ 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0d } },
};

/* Keys that are one string of bytes of a fixed length. */
static const struct {
	const char *name, *family, *parameter, *oid;
	size_t bytes;
	enum pqm_pk_use use;
} raws[] = {
	{ "Ed25519", "Ed25519", "", PQM_OID_ED25519, 32, PQM_PK_SIG },
	{ "Ed448", "Ed448", "", PQM_OID_ED448, 57, PQM_PK_SIG },
	{ "X25519", "X25519", "", PQM_OID_X25519, 32, PQM_PK_KEX },
	{ "X448", "X448", "", PQM_OID_X448, 56, PQM_PK_KEX },
	{ "ML-DSA-44", "ML-DSA", "44", "2.16.840.1.101.3.4.3.17", 1312, PQM_PK_SIG },
	{ "ML-DSA-65", "ML-DSA", "65", "2.16.840.1.101.3.4.3.18", 1952, PQM_PK_SIG },
	{ "ML-DSA-87", "ML-DSA", "87", "2.16.840.1.101.3.4.3.19", 2592, PQM_PK_SIG },
	{ "ML-KEM-512", "ML-KEM", "512", "2.16.840.1.101.3.4.4.1", 800, PQM_PK_KEX },
	{ "ML-KEM-768", "ML-KEM", "768", "2.16.840.1.101.3.4.4.2", 1184, PQM_PK_KEX },
	{ "ML-KEM-1024", "ML-KEM", "1024", "2.16.840.1.101.3.4.4.3", 1568, PQM_PK_KEX },
	{ "SLH-DSA-SHAKE-128s", "SLH-DSA", "SHAKE-128s", "2.16.840.1.101.3.4.3.26", 32,
		PQM_PK_SIG },
	{ "SLH-DSA-SHAKE-128f", "SLH-DSA", "SHAKE-128f", "2.16.840.1.101.3.4.3.27", 32,
		PQM_PK_SIG },
	{ "SLH-DSA-SHAKE-256s", "SLH-DSA", "SHAKE-256s", "2.16.840.1.101.3.4.3.30", 64,
		PQM_PK_SIG },
};

const struct pqm_curve *pqm_curve_by_name(pqm_bytes name)
{
	for (size_t i = 0; i < N_OF(curves); i++)
		if (pqm_eqs(name, curves[i].name))
			return &curves[i];
	return NULL;
}

const struct pqm_curve *pqm_curve_by_ssh(pqm_bytes name)
{
	for (size_t i = 0; i < N_OF(curves); i++)
		if (curves[i].ssh != NULL && pqm_eqs(name, curves[i].ssh))
			return &curves[i];
	return NULL;
}

const struct pqm_curve *pqm_curve_by_der(pqm_bytes der)
{
	for (size_t i = 0; i < N_OF(curves); i++)
		if (pqm_eq(der, (pqm_bytes){ curves[i].der, curves[i].der_n }))
			return &curves[i];
	return NULL;
}

/* An odd number of a size that a modulus can have. */
static bool is_modulus(pqm_bytes n, uint32_t *bits)
{
	*bits = pqm_mag_bits(n);
	return *bits >= PQM_RSA_BITS_MIN && *bits <= PQM_RSA_BITS_MAX && pqm_mag_is_odd(n);
}

static bool is_above_one(pqm_bytes n)
{
	return pqm_mag_bits(n) > 1;
}

static void set_names(
	struct pqm_pubkey *k, const char *family, const char *algorithm, const char *parameter)
{
	k->family = family;
	k->algorithm = algorithm;
	(void)snprintf(k->parameter, sizeof(k->parameter), "%s", parameter);
}

static void set_bits(struct pqm_pubkey *k, uint32_t bits)
{
	k->bits = bits;
	(void)snprintf(k->parameter, sizeof(k->parameter), "%u", bits);
}

static void set_spki(struct pqm_pubkey *k, const char *hex)
{
	(void)snprintf(k->identity, sizeof(k->identity), "spki:%s", hex);
}

static void set_sha256(struct pqm_pubkey *k, pqm_bytes key)
{
	char hex[PQM_SPKI_HEX];

	pqm_spki_der(hex, key);
	(void)snprintf(k->identity, sizeof(k->identity), "sha256:%s", hex);
}

bool pqm_pubkey_rsa(struct pqm_pubkey *out, pqm_bytes n, pqm_bytes e)
{
	struct pqm_pubkey k = { .use = PQM_PK_ANY };
	char hex[PQM_SPKI_HEX];
	uint32_t bits;

	if (!is_modulus(n, &bits) || !pqm_mag_is_odd(e) || !is_above_one(e) ||
		pqm_mag_cmp(e, n) >= 0 || !pqm_spki_rsa(hex, n, e))
		return false;
	set_names(&k, "RSA", "RSA", "");
	set_bits(&k, bits);
	set_spki(&k, hex);
	*out = k;
	return true;
}

bool pqm_pubkey_dsa(struct pqm_pubkey *out, pqm_bytes p, pqm_bytes q, pqm_bytes g, pqm_bytes y)
{
	struct pqm_pubkey k = { .use = PQM_PK_SIG };
	char hex[PQM_SPKI_HEX];
	uint32_t bits, q_bits = pqm_mag_bits(q);

	if (!is_modulus(p, &bits) || !pqm_mag_is_odd(q) || q_bits < 128 || q_bits > 512 ||
		pqm_mag_cmp(q, p) >= 0 || !is_above_one(g) || pqm_mag_cmp(g, p) >= 0 ||
		!is_above_one(y) || pqm_mag_cmp(y, p) >= 0 || !pqm_spki_dsa(hex, p, q, g, y))
		return false;
	set_names(&k, "DSA", "DSA", "");
	set_bits(&k, bits);
	set_spki(&k, hex);
	*out = k;
	return true;
}

bool pqm_pubkey_elgamal(struct pqm_pubkey *out, pqm_bytes p, pqm_bytes g, pqm_bytes y)
{
	struct pqm_pubkey k = { .use = PQM_PK_PKE };
	char hex[PQM_SPKI_HEX];
	uint32_t bits;

	if (!is_modulus(p, &bits) || !is_above_one(g) || pqm_mag_cmp(g, p) >= 0 ||
		!is_above_one(y) || pqm_mag_cmp(y, p) >= 0 || !pqm_spki_dh(hex, p, g, y))
		return false;
	set_names(&k, "ElGamal", "ElGamal", "");
	set_bits(&k, bits);
	/* X.509 has no ElGamal key; the PKCS #3 form of the same numbers names it as well. */
	set_spki(&k, hex);
	*out = k;
	return true;
}

bool pqm_pubkey_ec(struct pqm_pubkey *out, const struct pqm_curve *curve, pqm_bytes point)
{
	struct pqm_pubkey k = { .use = PQM_PK_ANY, .bits = curve->bits };
	char hex[PQM_SPKI_HEX];

	if (point.n != 1 + 2 * (size_t)curve->width || point.p[0] != 0x04)
		return false;
	/* A libcrypto built without the curve cannot tell; the length was right. */
	if (pqm_ec_point(curve->oid, point, NULL, NULL) == PQM_EC_BAD)
		return false;
	if (!pqm_spki_ec(hex, curve->oid, point))
		return false;
	set_names(&k, "EC", "EC", curve->name);
	set_spki(&k, hex);
	*out = k;
	return true;
}

bool pqm_pubkey_ec_xy(
	struct pqm_pubkey *out, const struct pqm_curve *curve, pqm_bytes x, pqm_bytes y)
{
	uint8_t point[1 + 2 * 66] = { 0x04 };
	size_t w = curve->width;

	if (x.n != w || y.n != w || w > 66)
		return false;
	memcpy(point + 1, x.p, w);
	memcpy(point + 1 + w, y.p, w);
	return pqm_pubkey_ec(out, curve, (pqm_bytes){ point, 1 + 2 * w });
}

bool pqm_pubkey_raw(struct pqm_pubkey *out, const char *name, pqm_bytes key)
{
	struct pqm_pubkey k = { 0 };
	char hex[PQM_SPKI_HEX];

	for (size_t i = 0; i < N_OF(raws); i++) {
		if (strcmp(name, raws[i].name) != 0)
			continue;
		if (key.n != raws[i].bytes || pqm_mag_bits(key) == 0 ||
			!pqm_spki_raw(hex, raws[i].oid, key))
			return false;
		set_names(&k, raws[i].family, raws[i].name, raws[i].parameter);
		k.use = raws[i].use;
		set_spki(&k, hex);
		*out = k;
		return true;
	}
	return false;
}

void pqm_pubkey_other(struct pqm_pubkey *out, const char *family, const char *algorithm,
	const char *parameter, pqm_bytes key)
{
	struct pqm_pubkey k = { .use = PQM_PK_ANY };

	set_names(&k, family, algorithm, parameter);
	set_sha256(&k, key);
	*out = k;
}
