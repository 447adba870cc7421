#include "hyb/sha2_tables.h"
#include "hyb/slhdsa_ops.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define V32 __m512i
#define V64 __m512i
#define N32 16
#define N64 8
#define NV 2
#define FEW32 5
#define FN(name) name##_avx512
#define SET32(x) _mm512_set1_epi32((int)(x))
#define SET64(x) _mm512_set1_epi64((long long)(x))
#define ADD32(a, b) _mm512_add_epi32(a, b)
#define ADD64(a, b) _mm512_add_epi64(a, b)
#define OR32(a, b) _mm512_or_si512(a, b)
#define SHR32(a, n) _mm512_srli_epi32(a, n)
#define SHL32(a, n) _mm512_slli_epi32(a, n)
#define JOIN32(hi, lo) _mm512_shldi_epi32(hi, lo, 16)
#define PICK32(old, new, a, b) _mm512_mask_mov_epi32(old, _mm512_cmpeq_epi32_mask(a, b), new)
/* Truth tables of a ^ b ^ c, of choice and of majority. */
#define XOR3(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)
#define CH(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0xca)
#define MAJ(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0xe8)

#define V V32
#define TWO
#define LANE(name) name##_32
#define ADD ADD32
#define SET1 SET32
#define K sha256_k
#define ROR(x, n) _mm512_ror_epi32(x, n)
#define SUM0(x) XOR3(ROR(x, 2), ROR(x, 13), ROR(x, 22))
#define SUM1(x) XOR3(ROR(x, 6), ROR(x, 11), ROR(x, 25))
#define SIG0(x) XOR3(ROR(x, 7), ROR(x, 18), _mm512_srli_epi32(x, 3))
#define SIG1(x) XOR3(ROR(x, 17), ROR(x, 19), _mm512_srli_epi32(x, 10))
#include "hyb/sha2_lanes.h"
#undef LANE
#undef TWO
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
#define ROR(x, n) _mm512_ror_epi64(x, n)
#define SUM0(x) XOR3(ROR(x, 28), ROR(x, 34), ROR(x, 39))
#define SUM1(x) XOR3(ROR(x, 14), ROR(x, 18), ROR(x, 41))
#define SIG0(x) XOR3(ROR(x, 1), ROR(x, 8), _mm512_srli_epi64(x, 7))
#define SIG1(x) XOR3(ROR(x, 19), ROR(x, 61), _mm512_srli_epi64(x, 6))
#include "hyb/sha2_lanes.h"

#include "hyb/slhdsa_lanes.h"
#endif
