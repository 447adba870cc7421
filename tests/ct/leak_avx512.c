/* Planted leaks for the disassembly check of AVX-512 code: never run. */
#if defined(__x86_64__)
#include <immintrin.h>

extern int leak_sink;
int leak_vector_branch(__m512i v);
__m512i leak_gather(__m512i v, const int *table);

int leak_vector_branch(__m512i v)
{
	if (_mm512_test_epi32_mask(v, v) != 0)
		leak_sink = 1;
	return 0;
}

__m512i leak_gather(__m512i v, const int *table)
{
	return _mm512_i32gather_epi32(v, table, 4);
}
#endif
