/* unit.h — what every unit test needs: cmocka in the order it wants, and a few shapes. */
#ifndef PQM_TESTS_UNIT_H
#define PQM_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"

#define assert_bytes(b, s)                                                                         \
	do {                                                                                       \
		pqm_bytes unit_b = (b);                                                            \
		assert_int_equal(unit_b.n, strlen(s));                                             \
		assert_memory_equal(unit_b.n == 0 ? (const void *)"" : unit_b.p, (s), unit_b.n);   \
	} while (0)

/* Small, fast, repeatable. */
static inline uint64_t unit_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Lets each allocation of step fail in turn until it succeeds, which it does within `most`: every lack of
 * memory is said. step frees what it made. */
static inline void unit_out_of_memory(size_t most, enum pqm_st (*step)(struct pqm_err *err))
{
	for (size_t n = 1; n < most; n++) {
		struct pqm_err err = { 0 };

		pqm_alloc_fail_at(n);
		enum pqm_st st = step(&err);

		pqm_alloc_fail_at(0);
		if (st == PQM_OK)
			return;
		assert_int_equal(st, PQM_ENOMEM);
		assert_true(err.msg[0] != '\0');
	}
	fail_msg("%zu allocations are not enough", most);
}

#endif
