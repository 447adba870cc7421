#include <errno.h>
#include <sys/random.h>

#include "hyb/int.h"

void hyb_wipe(void *p, size_t n)
{
	if (n == 0)
		return;
	memset(p, 0, n);
	__asm__ volatile("" : : "r"(p) : "memory");
}

bool hyb_ct_eq(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;
	uint32_t d = 0;

	for (size_t i = 0; i < n; i++)
		d |= (uint32_t)(x[i] ^ y[i]);
	return (hyb_mask_nonzero32(d) & 1) == 0;
}

static struct hyb_rng_hook hook;

void hyb_rng_hook(const struct hyb_rng_hook *h)
{
	hook = h != NULL ? *h : (struct hyb_rng_hook){ 0 };
}

enum hyb_st hyb_random(void *p, size_t n)
{
	uint8_t *out = p;
	size_t done = 0;

	if (hook.fill != NULL) {
		if (hook.fill(hook.ctx, out, n))
			return HYB_OK;
		hyb_wipe(p, n);
		return HYB_E_RNG;
	}
	while (done < n) {
		ssize_t got = getrandom(out + done, n - done, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			hyb_wipe(p, n);
			return HYB_E_RNG;
		}
		done += (size_t)got;
	}
	HYB_CT_SECRET(p, n);
	return HYB_OK;
}

const char *hyb_st_text(enum hyb_st st)
{
	switch (st) {
	case HYB_OK:
		return "done";
	case HYB_E_ARG:
		return "a length or choice that this function does not take";
	case HYB_E_BAD_KEY:
		return "the key fails the checks of its standard";
	case HYB_E_RNG:
		return "the system gave no randomness";
	case HYB_E_CRYPTO:
		return "libcrypto refused the operation or lacks the algorithm";
	case HYB_E_BACKEND:
		return "the running libcrypto has no ML-KEM and ML-DSA (3.5 and later have)";
	case HYB_E_FORMAT:
		return "not a file of this kind, or damaged in its structure";
	case HYB_E_VERSION:
		return "written in a version of the format that is not read here";
	case HYB_E_SUITE:
		return "its suite is not known or not accepted here";
	case HYB_E_WRONG_KEY:
		return "sealed for other recipients, not for this key";
	case HYB_E_OPEN:
		return "authentication failed: damaged, or changed by someone";
	case HYB_E_SIGNATURE:
		return "the sender's signature does not verify";
	case HYB_E_UNSIGNED:
		return "not signed by any sender";
	case HYB_E_TRUNCATED:
		return "cut short: its last segment is missing";
	case HYB_E_TRAILING:
		return "something follows its last segment";
	case HYB_E_LIMIT:
		return "over a limit of the format";
	case HYB_E_STALE:
		return "too old or from the future: outside the freshness window";
	case HYB_E_REPLAY:
		return "seen before: a replay";
	case HYB_E_AUDIENCE:
		return "meant for another audience, model, round or participant";
	case HYB_E_IO:
		return "a read or write failed";
	case HYB_E_PASSPHRASE:
		return "wrong passphrase, or the key file is damaged";
	}
	return "unknown status";
}
