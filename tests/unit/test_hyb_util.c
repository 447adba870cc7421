#include <string.h>

#include "hyb/hyb.h"
#include "unit.h"

/* What C leaves undefined for memset: the sanitizer would tell. */
static void nothing_is_wiped(void **state)
{
	uint8_t p[4] = { 1, 2, 3, 4 };

	(void)state;
	hyb_wipe(NULL, 0);
	hyb_wipe(p, 0);
	assert_memory_equal(p, ((uint8_t[]){ 1, 2, 3, 4 }), 4);
	hyb_wipe(p + 1, 2);
	assert_memory_equal(p, ((uint8_t[]){ 1, 0, 0, 4 }), 4);
	assert_int_equal(hyb_random(NULL, 0), HYB_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_is_wiped) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
