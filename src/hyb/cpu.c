#include <stdatomic.h>
#include <stdlib.h>

#include "hyb/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* CPUID leaf 7 EBX: AVX2 5, BMI1 3, BMI2 8; AVX512 F 16, DQ 17, IFMA 21, BW 30, VL 31. */
#define B7_AVX2 (1U << 5 | 1U << 3 | 1U << 8)
#define B7_AVX512 (1U << 16 | 1U << 17 | 1U << 21 | 1U << 30 | 1U << 31)
#define B7_SHA (1U << 29)
/* Leaf 7 ECX: VBMI 1, VBMI2 6. */
#define C7_AVX512 (1U << 1 | 1U << 6)
/* Leaf 1 ECX: OSXSAVE 27, AVX 28. XCR0: XMM and YMM state, opmask and ZMM state. */
#define C1_AVX (1U << 27 | 1U << 28)
#define XCR0_AVX 0x06U
#define XCR0_AVX512 0xe6U

static uint32_t xcr0(void)
{
	uint32_t lo = 0, hi = 0;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return lo;
}

/* Bits 0..1: the level; bit 8: SHA-NI; bit 9: registers of AVX-512, which libc may use on any level. */
static unsigned detect(void)
{
	unsigned a = 0, b = 0, c = 0, d = 0, c1 = 0, level = HYB_CPU_C;

	if (__get_cpuid(1, &a, &b, &c1, &d) == 0 || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0)
		return HYB_CPU_C;
	if ((c1 & C1_AVX) == C1_AVX) {
		uint32_t x = xcr0();

		if ((x & XCR0_AVX) == XCR0_AVX && (b & B7_AVX2) == B7_AVX2)
			level = HYB_CPU_AVX2;
		if (level == HYB_CPU_AVX2 && (x & XCR0_AVX512) == XCR0_AVX512 &&
			(b & B7_AVX512) == B7_AVX512 && (c & C7_AVX512) == C7_AVX512)
			level = HYB_CPU_AVX512;
	}
	return level | ((b & B7_SHA) != 0 ? HYB_CPU_HAS_SHA : 0) |
		(level == HYB_CPU_AVX512 ? HYB_CPU_HAS_ZMM : 0);
}
#else
static unsigned detect(void)
{
	return HYB_CPU_C;
}
#endif

static const char *const names[] = { "c", "avx2", "avx512" };

/* 0 = not looked yet; else 1 + what was found, limited by the environment and hyb_cpu_limit. */
static _Atomic unsigned known;
static _Atomic unsigned limit = HYB_CPU_AVX512;

unsigned hyb_cpu_flags(void)
{
	unsigned v = atomic_load_explicit(&known, memory_order_relaxed);

	if (__builtin_expect(v == 0, 0)) {
		const char *want = secure_getenv("HYB_CPU");
		unsigned max = atomic_load_explicit(&limit, memory_order_relaxed);

		for (unsigned i = 0; want != NULL && i < 3; i++)
			if (strcmp(want, names[i]) == 0 && i < max)
				max = i;
		v = detect();
		if ((v & HYB_CPU_LEVEL) > max)
			v = (v & ~HYB_CPU_LEVEL) | max;
		/* SHA-NI belongs to no level of its own; the C level promises portable code. */
		if (max == HYB_CPU_C)
			v = HYB_CPU_C | (v & HYB_CPU_HAS_ZMM);
		v += 1;
		atomic_store_explicit(&known, v, memory_order_relaxed);
	}
	return v - 1;
}

enum hyb_cpu hyb_cpu(void)
{
	return (enum hyb_cpu)(hyb_cpu_flags() & HYB_CPU_LEVEL);
}

void hyb_cpu_limit(enum hyb_cpu max)
{
	atomic_store_explicit(&limit, (unsigned)max, memory_order_relaxed);
	atomic_store_explicit(&known, 0, memory_order_relaxed);
}

const char *hyb_cpu_name(enum hyb_cpu c)
{
	return names[c];
}

#if defined(__x86_64__)
void hyb_clear_vectors(void)
{
	unsigned flags = hyb_cpu_flags();

	if ((flags & (HYB_CPU_LEVEL | HYB_CPU_HAS_ZMM)) == 0)
		__asm__ volatile(".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
				 "pxor %%xmm\\i, %%xmm\\i\n.endr" ::
					 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
				 "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
				 "xmm14", "xmm15");
	else
		__asm__ volatile("vzeroall" ::
					 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
				 "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
				 "xmm14", "xmm15");
	/* No compiler uses these in a file that is built without AVX-512. */
	if ((flags & HYB_CPU_HAS_ZMM) != 0)
		__asm__ volatile(
			".irp i, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
			"vpxord %zmm\\i, %zmm\\i, %zmm\\i\n.endr");
}
#else
void hyb_clear_vectors(void)
{
}
#endif
