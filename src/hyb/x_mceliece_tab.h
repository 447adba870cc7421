/*
 * x_mceliece_tab.h — constants of the additive FFT over GF(2^12) and GF(2^13), made by
 * gen_x_mceliece.py from their definitions (x_mceliece_vec_inc.h tells what they are for).
 */
#ifndef HYB_X_MCELIECE_TAB_H
#define HYB_X_MCELIECE_TAB_H

#include <stdint.h>

/* y at level bit j for each coordinate of the point: 6 of the lane, then those of the word below j. */
extern const uint16_t hyb_mceliece_y12[6][12];
extern const uint16_t hyb_mceliece_y13[7][13];
/* Bit planes of beta_(j + 1)^(i >> (j + 1)), i = 0 … t - 1. */
extern const uint64_t hyb_mceliece_s12[5][12][1];
extern const uint64_t hyb_mceliece_s13[6][13][2];

#endif
