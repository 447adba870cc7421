/* bench_round3.c — Falcon (round 3) and Classic McEliece: not standards, here for comparison only. */
#include "bench_native.h"

void bench_round3(struct bench *b)
{
	bench_missing(b, "Falcon (round 3), Classic McEliece: not in this build");
}
