/*
 * int.h — what the library's own files share: barriers, loads and stores, the test seams.
 *
 * Shape:     inline functions; nothing here is installed.
 * Secrets:   a mask is all-ones or all-zero and has gone through a barrier, so that no compiler
 *            turns a select back into a branch.
 */
#ifndef HYB_INT_H
#define HYB_INT_H

#include <string.h>

#include "hyb/hyb.h"

/* In this library secrets are compared by hyb_ct_eq only. */
#ifndef HYB_TEST
#pragma GCC poison memcmp
#endif

/* Hides a value's range from the optimiser. */
static inline uint32_t hyb_barrier32(uint32_t x)
{
	__asm__("" : "+r"(x));
	return x;
}

static inline uint64_t hyb_barrier64(uint64_t x)
{
	__asm__("" : "+r"(x));
	return x;
}

/* All-ones if x is not zero. */
static inline uint32_t hyb_mask_nonzero32(uint32_t x)
{
	return hyb_barrier32((uint32_t) - (int32_t)((x | (0U - x)) >> 31));
}

static inline uint32_t hyb_load32le(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t hyb_load64le(const uint8_t *p)
{
	return (uint64_t)hyb_load32le(p) | (uint64_t)hyb_load32le(p + 4) << 32;
}

static inline void hyb_store64le(uint8_t *p, uint64_t v)
{
	for (unsigned i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline uint32_t hyb_load32be(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline void hyb_store32be(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static inline uint64_t hyb_load64be(const uint8_t *p)
{
	return (uint64_t)hyb_load32be(p) << 32 | hyb_load32be(p + 4);
}

static inline void hyb_store64be(uint8_t *p, uint64_t v)
{
	hyb_store32be(p, (uint32_t)(v >> 32));
	hyb_store32be(p + 4, (uint32_t)v);
}

static inline void hyb_store16be(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/*
 * Test seam: when set, hyb_random asks this instead of the system; it returns false to fail. Hidden
 * in the shared library.
 */
struct hyb_rng_hook {
	bool (*fill)(void *ctx, uint8_t *p, size_t n);
	void *ctx;
};

void hyb_rng_hook(const struct hyb_rng_hook *h); /* NULL: the system again */

/*
 * Marks for `make ct` (valgrind memcheck with secrets undefined, -DHYB_CT): a secret comes in, a
 * value is public from here on. Each HYB_CT_PUBLIC has its reason beside it.
 */
#ifdef HYB_CT
#include <valgrind/memcheck.h>
#define HYB_CT_SECRET(p, n) VALGRIND_MAKE_MEM_UNDEFINED((p), (n))
#define HYB_CT_PUBLIC(p, n) VALGRIND_MAKE_MEM_DEFINED((p), (n))
#else
#define HYB_CT_SECRET(p, n) ((void)(p), (void)(n))
#define HYB_CT_PUBLIC(p, n) ((void)(p), (void)(n))
#endif

#endif
