#include "hyb/sig.h"

#define COMPOSITE(n) "1.3.6.1.5.5.7.6." n
#define MLDSA(n) "2.16.840.1.101.3.4.3." n

/* Private forms: seed ‖ ECPrivateKey of 51 or 64 bytes, seed ‖ Ed25519 seed, seed. */
#define PRIV_P256 (32 + 51)
#define PRIV_P384 (32 + 64)

/*
 * The suite: id, name, identifier, category, hybrid?, bytes of pk, of the longest signature, of the
 * private form. Then: set of ML-DSA, has a curve?, curve, pre-hash and its bytes, label [draft §6].
 */
static const struct hyb_sig_row rows[HYB_SIG_SUITES] = {
	{ { HYB_SIG_MLDSA87_P384, "MLDSA87-ECDSA-P384-SHA512", COMPOSITE("49"), 5, true, 2592 + 97,
		  4627 + 104, PRIV_P384 },
		87, true, LC_P384, HYB_SHA2_512, 64, "COMPSIG-MLDSA87-ECDSA-P384-SHA512" },
	{ { HYB_SIG_MLDSA65_P256, "MLDSA65-ECDSA-P256-SHA512", COMPOSITE("45"), 3, true, 1952 + 65,
		  3309 + 72, PRIV_P256 },
		65, true, LC_P256, HYB_SHA2_512, 64, "COMPSIG-MLDSA65-ECDSA-P256-SHA512" },
	{ { HYB_SIG_MLDSA65_ED25519, "MLDSA65-Ed25519-SHA512", COMPOSITE("48"), 3, true, 1952 + 32,
		  3309 + 64, 32 + 32 },
		65, true, LC_ED25519, HYB_SHA2_512, 64, "COMPSIG-MLDSA65-Ed25519-SHA512" },
	{ { HYB_SIG_MLDSA65_P384, "MLDSA65-ECDSA-P384-SHA512", COMPOSITE("46"), 3, true, 1952 + 97,
		  3309 + 104, PRIV_P384 },
		65, true, LC_P384, HYB_SHA2_512, 64, "COMPSIG-MLDSA65-ECDSA-P384-SHA512" },
	{ { HYB_SIG_MLDSA44_P256, "MLDSA44-ECDSA-P256-SHA256", COMPOSITE("40"), 2, true, 1312 + 65,
		  2420 + 72, PRIV_P256 },
		44, true, LC_P256, HYB_SHA2_256, 32, "COMPSIG-MLDSA44-ECDSA-P256-SHA256" },
	{ { HYB_SIG_MLDSA44, "ML-DSA-44", MLDSA("17"), 2, false, 1312, 2420, 32 }, 44, false,
		LC_ED25519, HYB_SHA2_512, 64, NULL },
	{ { HYB_SIG_MLDSA65, "ML-DSA-65", MLDSA("18"), 3, false, 1952, 3309, 32 }, 65, false,
		LC_ED25519, HYB_SHA2_512, 64, NULL },
	{ { HYB_SIG_MLDSA87, "ML-DSA-87", MLDSA("19"), 5, false, 2592, 4627, 32 }, 87, false,
		LC_ED25519, HYB_SHA2_512, 64, NULL },
};

const struct hyb_sig_suite *hyb_sig_suite(enum hyb_sig_id id)
{
	return (unsigned)id < HYB_SIG_SUITES ? &rows[id].pub : NULL;
}

const struct hyb_sig_suite *hyb_sig_suite_by_name(const char *name)
{
	for (size_t i = 0; i < HYB_SIG_SUITES; i++) {
		if (strcasecmp(rows[i].pub.name, name) == 0)
			return &rows[i].pub;
	}
	return NULL;
}

const struct hyb_sig_row *hyb_sig_row(const struct hyb_sig_suite *s)
{
	return (unsigned)s->id < HYB_SIG_SUITES ? &rows[s->id] : NULL;
}
