/*
 * Planted leaks, one of each kind: what `make ct` must catch. Each takes a secret and leaks it; the
 * program counts memcheck's reports as ct.c does. Division shows in the disassembly only: memcheck
 * does not know that its time depends on its operands.
 */
#include <stdio.h>
#include <string.h>

#include <valgrind/memcheck.h>

#include "hyb/hyb.h"

uint32_t leak_branch(const uint8_t *s);
uint32_t leak_index(const uint8_t *s);
uint32_t leak_division(const uint8_t *s, uint32_t q);
uint32_t leak_compare(const uint8_t *s);
uint32_t leak_shift(const uint8_t *s);

static uint8_t table[256];
static volatile uint32_t sink;

__attribute__((noinline)) uint32_t leak_branch(const uint8_t *s)
{
	if ((s[0] & 1) != 0)
		sink = 1;
	return 0;
}

__attribute__((noinline)) uint32_t leak_index(const uint8_t *s)
{
	return table[s[0]];
}

__attribute__((noinline)) uint32_t leak_division(const uint8_t *s, uint32_t q)
{
	return ((uint32_t)s[0] << 8 | s[1]) / q;
}

__attribute__((noinline)) uint32_t leak_compare(const uint8_t *s)
{
	for (size_t i = 0; i < 32; i++)
		if (s[i] != table[i])
			return 1;
	return 0;
}

/*
 * A report only where the compiler checks the count: the builds with -fsanitize=shift-exponent. A
 * count that it can bound, as in `s & 31`, goes unchecked.
 */
__attribute__((noinline)) uint32_t leak_shift(const uint8_t *s)
{
	return 0x12345678U >> s[0];
}

static void count(const char *name, uint32_t (*leak)(const uint8_t *))
{
	unsigned long before = VALGRIND_COUNT_ERRORS;
	uint8_t secret[32] = { 7 };
	uint32_t v = 0;

	VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof(secret));
	v = leak(secret);
	VALGRIND_MAKE_MEM_DEFINED(&v, sizeof(v));
	sink = v;
	printf("%s %s\n", name, VALGRIND_COUNT_ERRORS > before ? "caught" : "missed");
}

int main(int argc, char **argv)
{
	(void)argv;
	for (size_t i = 0; i < sizeof(table); i++)
		table[i] = (uint8_t)(i * 31);
	count("branch", leak_branch);
	count("index", leak_index);
	count("compare", leak_compare);
	count("shift", leak_shift);
	sink = leak_division(table, (uint32_t)argc + 3328);
	return 0;
}
