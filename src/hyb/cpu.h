/*
 * cpu.h — which code a call runs: found once, without a constructor.
 *
 * Shape:     each algorithm keeps a table of operations per level and indexes it by hyb_cpu().
 * Levels:    avx2 = AVX2, BMI1, BMI2; avx512 = F, BW, DQ, VL, IFMA, VBMI, VBMI2 (Ice Lake, Zen 4 on).
 * Files:     *_avx2.c and *_avx512.c are built with the flags of their level, all others without.
 * Threads:   a relaxed atomic; two first callers find the same.
 */
#ifndef HYB_CPU_H
#define HYB_CPU_H

#include "hyb/int.h"

#define HYB_CPU_LEVEL 3U
#define HYB_CPU_HAS_SHA 0x100U /* SHA-256 instructions */
#define HYB_CPU_HAS_ZMM 0x200U /* AVX-512 registers, whatever the level in force */

unsigned hyb_cpu_flags(void);

/* Zeroes the vector registers of the level: what an operation on secrets does last. */
void hyb_clear_vectors(void);

#endif
