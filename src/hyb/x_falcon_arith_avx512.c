#include "hyb/cpu.h"

#if defined(__x86_64__)
#define OPS hyb_falcon_ops_avx512
#include "hyb/x_falcon_arith_inc.h"
#endif
