#define VEC_BYTES 16
#define OPS hyb_mceliece_ops_c
#include "hyb/x_mceliece_vec.h"
