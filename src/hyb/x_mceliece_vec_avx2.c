#include "hyb/cpu.h"

#if defined(__x86_64__)
#define VEC_BYTES 32
#define OPS hyb_mceliece_ops_avx2
#include "hyb/x_mceliece_vec.h"
#endif
