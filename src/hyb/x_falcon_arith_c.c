#define OPS hyb_falcon_ops_c
#include "hyb/x_falcon_arith_inc.h"
