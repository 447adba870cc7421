#include "hyb/sha2_tables.h"
#include "hyb/slhdsa_ops.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define V32 __m256i
#define V64 __m256i
#define N32 8
#define N64 4
#define NV 1
#define FEW32 3
#define FN(name) name##_avx2
#define SET32(x) _mm256_set1_epi32((int)(x))
#define SET64(x) _mm256_set1_epi64x((long long)(x))
#define ADD32(a, b) _mm256_add_epi32(a, b)
#define ADD64(a, b) _mm256_add_epi64(a, b)
#define OR32(a, b) _mm256_or_si256(a, b)
#define SHR32(a, n) _mm256_srli_epi32(a, n)
#define SHL32(a, n) _mm256_slli_epi32(a, n)
#define JOIN32(hi, lo) _mm256_or_si256(_mm256_slli_epi32(hi, 16), _mm256_srli_epi32(lo, 16))
#define PICK32(old, new, a, b) _mm256_blendv_epi8(old, new, _mm256_cmpeq_epi32(a, b))
#define XOR(a, b) _mm256_xor_si256(a, b)
#define AND(a, b) _mm256_and_si256(a, b)
#define XOR3(a, b, c) XOR(XOR(a, b), c)
#define CH(a, b, c) XOR(c, AND(a, XOR(b, c)))
#define MAJ(a, b, c) XOR(b, AND(XOR(a, b), XOR(b, c)))

#define V V32
#define LANE(name) name##_32
#define ADD ADD32
#define SET1 SET32
#define K sha256_k
#define ROR(x, n) _mm256_or_si256(_mm256_srli_epi32(x, n), _mm256_slli_epi32(x, 32 - (n)))
#define SUM0(x) XOR3(ROR(x, 2), ROR(x, 13), ROR(x, 22))
#define SUM1(x) XOR3(ROR(x, 6), ROR(x, 11), ROR(x, 25))
#define SIG0(x) XOR3(ROR(x, 7), ROR(x, 18), _mm256_srli_epi32(x, 3))
#define SIG1(x) XOR3(ROR(x, 17), ROR(x, 19), _mm256_srli_epi32(x, 10))
#include "hyb/sha2_lanes.h"
#undef LANE
#undef ADD
#undef SET1
#undef K
#undef ROR
#undef SUM0
#undef SUM1
#undef SIG0
#undef SIG1

#define LANE(name) name##_64
#define ADD ADD64
#define SET1 SET64
#define K sha512_k
#define ROR(x, n) _mm256_or_si256(_mm256_srli_epi64(x, n), _mm256_slli_epi64(x, 64 - (n)))
#define SUM0(x) XOR3(ROR(x, 28), ROR(x, 34), ROR(x, 39))
#define SUM1(x) XOR3(ROR(x, 14), ROR(x, 18), ROR(x, 41))
#define SIG0(x) XOR3(ROR(x, 1), ROR(x, 8), _mm256_srli_epi64(x, 7))
#define SIG1(x) XOR3(ROR(x, 19), ROR(x, 61), _mm256_srli_epi64(x, 6))
#include "hyb/sha2_lanes.h"

#include "hyb/slhdsa_lanes.h"
#endif
