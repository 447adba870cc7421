/* Falcon (round 3) against the submission's known answers, and what must not verify. */
#include "vec.h"

#include "hyb/hybx.h"
#include "hyb/int.h"
#include "x_drbg.h"

static struct hybx_falcon_work work;

/* One record of a KAT file; msg, sig in our order, and the file's own hex. */
struct kat {
	hyb_bytes seed, msg, pk, sk, sm, sig;
};

/* Moves past "name = HEX\n" and decodes it. */
static hyb_bytes field(char **at, const char *name)
{
	char *p = strstr(*at, name), *end = p != NULL ? strchr(p, '\n') : NULL;
	hyb_bytes v = { NULL, 0 };

	if (end == NULL)
		return v;
	*end = '\0';
	v = vec_unhex(p + strlen(name));
	*at = end + 1;
	return v;
}

/* sm = length of sig ‖ nonce ‖ message ‖ sig; ours is header ‖ nonce ‖ the rest of sig. */
static bool unpack(struct kat *k, unsigned logn)
{
	size_t n = k->sm.n < 42 ? 0 : (size_t)k->sm.p[0] << 8 | k->sm.p[1];
	uint8_t *p = malloc(k->sm.n);

	if (p == NULL || n < 1 || k->sm.n != 42 + k->msg.n + n ||
		k->sm.p[42 + k->msg.n] != 0x20 + logn ||
		memcmp(k->sm.p + 42, k->msg.p, k->msg.n) != 0)
		return false;
	p[0] = (uint8_t)(0x30 + logn);
	memcpy(p + 1, k->sm.p + 2, 40);
	memcpy(p + 41, k->sm.p + 43 + k->msg.n, n - 1);
	k->sig = (hyb_bytes){ p, 40 + n };
	return true;
}

static struct kat kats[2][100];
static size_t n_kats[2];

static bool load(unsigned logn)
{
	char path[100], name[40], *at = NULL;
	struct kat *k = kats[logn - 9];

	(void)snprintf(name, sizeof(name), "Falcon-%u known answers", 1U << logn);
	(void)snprintf(path, sizeof(path), VECTORS "falcon/falcon%u-KAT.rsp", 1U << logn);
	at = vec_file(path, NULL);
	if (at == NULL) {
		vec_skip(name, "no such file under ../shared/vectors");
		return false;
	}
	for (size_t i = 0; i < 100; i++, k++, n_kats[logn - 9]++) {
		k->seed = field(&at, "seed = ");
		k->msg = field(&at, "msg = ");
		k->pk = field(&at, "pk = ");
		k->sk = field(&at, "sk = ");
		k->sm = field(&at, "sm = ");
		if (k->sm.p == NULL || !unpack(k, logn)) {
			printf("not ok - %s: %s, record %zu\n", name, path, i);
			vec_failures++;
			return false;
		}
	}
	return true;
}

static void kats_verify(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512 round 3: known signatures verify"
				   : "Falcon-1024 round 3: known signatures verify",
		0, 0 };

	for (size_t i = 0; i < n_kats[logn - 9]; i++) {
		const struct kat *k = &kats[logn - 9][i];

		vec_case(&v, hybx_falcon_verify(k->sig, k->msg, k->pk, &work), "count %zu", i);
	}
	vec_end(&v);
}

/* Every byte changed in one bit, each in turn another one; every prefix; other message and key. */
static void changed_is_refused(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512: whatever is changed is refused"
				   : "Falcon-1024: whatever is changed is refused",
		0, 0 };
	const struct kat *k = &kats[logn - 9][0];
	uint8_t sig[1600] = { 0 }, pk[HYBX_FALCON_PK_MAX];
	size_t pn = k->pk.n;

	memcpy(sig, k->sig.p, k->sig.n);
	memcpy(pk, k->pk.p, pn);
	for (size_t i = 0; i < k->sig.n; i++) {
		sig[i] ^= (uint8_t)(1U << (i % 8));
		vec_case(&v,
			!hybx_falcon_verify((hyb_bytes){ sig, k->sig.n }, k->msg, k->pk, &work),
			"byte %zu of the signature", i);
		sig[i] ^= (uint8_t)(1U << (i % 8));
	}
	for (size_t i = 0; i < k->sig.n; i++)
		vec_case(&v, !hybx_falcon_verify((hyb_bytes){ sig, i }, k->msg, k->pk, &work),
			"prefix of %zu bytes", i);
	vec_case(&v, !hybx_falcon_verify((hyb_bytes){ sig, k->sig.n + 1 }, k->msg, k->pk, &work),
		"one zero appended");
	for (size_t i = 0; i < pn; i += 7) {
		pk[i] ^= 1;
		vec_case(&v, !hybx_falcon_verify(k->sig, k->msg, (hyb_bytes){ pk, pn }, &work),
			"byte %zu of the key", i);
		pk[i] ^= 1;
	}
	vec_case(&v, !hybx_falcon_verify(k->sig, k->msg, (hyb_bytes){ pk, pn - 1 }, &work),
		"short key");
	vec_case(&v, !hybx_falcon_verify(k->sig, k->msg, (hyb_bytes){ pk, 0 }, &work), "no key");
	memset(pk + 1, 0xff, 2);
	vec_case(&v, !hybx_falcon_verify(k->sig, k->msg, (hyb_bytes){ pk, pn }, &work),
		"h not below q");
	vec_case(&v, !hybx_falcon_verify(k->sig, kats[logn - 9][1].msg, k->pk, &work),
		"other message");
	vec_end(&v);
}

/* Zeros up to the padded length are the padded form; one that is no zero is not. */
static void padding_is_zeros(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512: padding" : "Falcon-1024: padding", 0, 0 };
	size_t full = HYBX_FALCON_PADDED_BYTES(logn);

	for (size_t i = 0; i < n_kats[logn - 9]; i++) {
		const struct kat *k = &kats[logn - 9][i];
		uint8_t sig[1300] = { 0 };

		if (k->sig.n >= full)
			continue;
		memcpy(sig, k->sig.p, k->sig.n);
		vec_case(&v, hybx_falcon_verify((hyb_bytes){ sig, full }, k->msg, k->pk, &work),
			"%zu", i);
		sig[full - 1] = 1;
		vec_case(&v, !hybx_falcon_verify((hyb_bytes){ sig, full }, k->msg, k->pk, &work),
			"%zu, last byte not zero", i);
		sig[full - 1] = 0;
		vec_case(&v,
			full - 1 == k->sig.n ||
				!hybx_falcon_verify(
					(hyb_bytes){ sig, full - 1 }, k->msg, k->pk, &work),
			"%zu, one zero short", i);
	}
	vec_end(&v);
}

/* Signing with the harness's randomness gives the submission's signatures, byte for byte. */
static void kats_sign(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512 round 3: signatures byte for byte"
				   : "Falcon-1024 round 3: signatures byte for byte",
		0, 0 };

	for (size_t i = 0; i < n_kats[logn - 9]; i++) {
		const struct kat *k = &kats[logn - 9][i];
		struct hybx_falcon_coins coins;
		struct drbg d;
		uint8_t sig[1500], keygen_seed[48];
		size_t n = 0;

		drbg_seed(&d, k->seed.p);
		drbg_bytes(&d, keygen_seed, sizeof(keygen_seed));
		drbg_bytes(&d, coins.nonce, sizeof(coins.nonce));
		drbg_bytes(&d, coins.seed, sizeof(coins.seed));
		vec_case(&v,
			hybx_falcon_sign_derand(sig, &n, k->msg, k->sk, &coins, &work) == HYB_OK &&
				vec_eq(sig, n, k->sig),
			"count %zu", i);
	}
	vec_end(&v);
}

int main(void)
{
	for (unsigned logn = 9; logn <= 10; logn++) {
		if (!load(logn))
			continue;
		kats_verify(logn);
		changed_is_refused(logn);
		padding_is_zeros(logn);
		kats_sign(logn);
	}
	return vec_failures != 0;
}
