#include "hyb/cpu.h"

#if defined(__x86_64__)
#define VEC_BYTES 64
#define OPS hyb_mceliece_ops_avx512
#include "hyb/x_mceliece_vec.h"
#endif
