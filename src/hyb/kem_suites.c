#include "hyb/kem.h"

/*
 * Identifiers. X-Wing's is the one of its draft, whose private key is the 32-byte seed. The P-curve
 * suites of HPKE have a 32-byte seed too, while LAMPS composite ML-KEM, with the same public keys and
 * secrets (1.3.6.1.5.5.7.6.59 and .63), stores seed ‖ ECPrivateKey: one identifier cannot mean both
 * forms, so those two and our own suite have UUIDs [X.667] of ours: 2.25.(ac49e81d-5667-4c19-bfb0-
 * 222fa3fca3df), 2.25.(f43f9a96-8b9f-4901-aac0-088c15daaf35), 2.25.(ce793f49-c9d2-4536-96ea-
 * da6cfe71cf20).
 */
#define OID_XWING "1.3.6.1.4.1.62253.25722"
#define OID_MLKEM768_P256 "2.25.229010960789063922236431546871581549535"
#define OID_MLKEM1024_P384 "2.25.324661881092121486960011798614499831605"
#define OID_X25519_MLKEM1024 "2.25.274450518689496965804265470817230507808"
#define OID_MLKEM(n) "2.16.840.1.101.3.4.4." n

#define XWING_LABEL "\\.//^\\"
#define OURS "X25519-MLKEM1024-HKDF-SHA384"

/*
 * The suite: id, name, identifier, HPKE, TLS, category, hybrid?, for envelopes?, bytes of ek, ct, ss,
 * seed and eseed. Then: rank of ML-KEM, combiner, has a curve?, curve first?, curve, scalars, label.
 * Seeds of 64 bytes and more are d ‖ z ‖ scalar themselves.
 */
static const struct hyb_kem_row rows[HYB_KEM_SUITES] = {
	{ { HYB_KEM_XWING, "X-Wing", OID_XWING, 0x647a, 0, 3, true, true, 1184 + 32, 1088 + 32, 32,
		  32, 32 + 32 },
		3, HYB_COMB_SHA3, true, false, LC_X25519, 1, XWING_LABEL },
	{ { HYB_KEM_MLKEM768_P256, "MLKEM768-P256", OID_MLKEM768_P256, 0x0050, 0, 3, true, true,
		  1184 + 65, 1088 + 65, 32, 32, 32 + 4 * 32 },
		3, HYB_COMB_SHA3, true, false, LC_P256, 4, "MLKEM768-P256" },
	{ { HYB_KEM_MLKEM1024_P384, "MLKEM1024-P384", OID_MLKEM1024_P384, 0x0051, 0, 5, true, true,
		  1568 + 97, 1568 + 97, 32, 32, 32 + 48 },
		4, HYB_COMB_SHA3, true, false, LC_P384, 1, "MLKEM1024-P384" },
	{ { HYB_KEM_X25519_MLKEM1024_HKDF_SHA384, OURS, OID_X25519_MLKEM1024, 0, 0, 5, true, true,
		  1568 + 32, 1568 + 32, 64, 64 + 32, 32 + 32 },
		4, HYB_COMB_UNIVERSAL, true, false, LC_X25519, 1, NULL },
	{ { HYB_KEM_TLS_X25519MLKEM768, "X25519MLKEM768", NULL, 0, 0x11ec, 3, true, false,
		  1184 + 32, 1088 + 32, 32 + 32, 64 + 32, 32 + 32 },
		3, HYB_COMB_CONCAT, true, false, LC_X25519, 1, NULL },
	{ { HYB_KEM_TLS_SECP256R1MLKEM768, "SecP256r1MLKEM768", NULL, 0, 0x11eb, 3, true, false,
		  65 + 1184, 65 + 1088, 32 + 32, 64 + 32, 32 + 32 },
		3, HYB_COMB_CONCAT, true, true, LC_P256, 1, NULL },
	{ { HYB_KEM_TLS_SECP384R1MLKEM1024, "SecP384r1MLKEM1024", NULL, 0, 0x11ed, 5, true, false,
		  97 + 1568, 97 + 1568, 48 + 32, 64 + 48, 32 + 48 },
		4, HYB_COMB_CONCAT, true, true, LC_P384, 1, NULL },
	{ { HYB_KEM_MLKEM512, "ML-KEM-512", OID_MLKEM("1"), 0x0040, 0x0200, 1, false, true, 800,
		  768, 32, 64, 32 },
		2, HYB_COMB_PURE, false, false, LC_X25519, 0, NULL },
	{ { HYB_KEM_MLKEM768, "ML-KEM-768", OID_MLKEM("2"), 0x0041, 0x0201, 3, false, true, 1184,
		  1088, 32, 64, 32 },
		3, HYB_COMB_PURE, false, false, LC_X25519, 0, NULL },
	{ { HYB_KEM_MLKEM1024, "ML-KEM-1024", OID_MLKEM("3"), 0x0042, 0x0202, 5, false, true, 1568,
		  1568, 32, 64, 32 },
		4, HYB_COMB_PURE, false, false, LC_X25519, 0, NULL },
};

const struct hyb_kem_suite *hyb_kem_suite(enum hyb_kem_id id)
{
	return (unsigned)id < HYB_KEM_SUITES ? &rows[id].pub : NULL;
}

const struct hyb_kem_suite *hyb_kem_suite_by_name(const char *name)
{
	for (size_t i = 0; i < HYB_KEM_SUITES; i++) {
		if (strcasecmp(rows[i].pub.name, name) == 0)
			return &rows[i].pub;
	}
	return NULL;
}

const struct hyb_kem_row *hyb_kem_row(const struct hyb_kem_suite *s)
{
	return (unsigned)s->id < HYB_KEM_SUITES ? &rows[s->id] : NULL;
}
