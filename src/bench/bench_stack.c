/* bench_stack.c — how deep one call goes: it runs on a stack that was painted before. */
#include "bench.h"

#include <sys/mman.h>
#include <ucontext.h>

#if !defined(__SANITIZE_ADDRESS__)
#define STACK_BYTES ((size_t)24 << 20) /* Classic McEliece keeps megabytes there */
#define PAINTED ((size_t)256 << 10)    /* its upper end, exact to a word; below it, to a page */
#define PAGE ((size_t)4096)
#define PAINT 0x5aa5c33c96699669ULL

struct job {
	ucontext_t here, there;
	bench_fn *run;
	void *ctx;
};

static struct job *volatile current; /* makecontext passes ints only */

static void entry(void)
{
	struct job *j = current;

	if (j->run != NULL)
		(void)j->run(j->ctx, 0);
}

/* Pages below the painted part that were touched: untouched ones were never made. */
static size_t deep(uint8_t *stack)
{
	unsigned char there[(STACK_BYTES - PAINTED) / PAGE];
	size_t n = sizeof(there), i = 0;

	if (mincore(stack, STACK_BYTES - PAINTED, there) != 0)
		return 0;
	while (i < n && (there[i] & 1) == 0)
		i++;
	return (n - i) * PAGE;
}

static size_t run_on(uint8_t *stack, bench_fn *run, void *ctx)
{
	uint64_t *top = (uint64_t *)(void *)(stack + STACK_BYTES - PAINTED);
	size_t n = PAINTED / sizeof(*top), i = 0;
	struct job j = { .run = run, .ctx = ctx };

	for (size_t k = 0; k < n; k++)
		top[k] = PAINT;
	if (getcontext(&j.there) != 0)
		return 0;
	j.there.uc_stack.ss_sp = stack;
	j.there.uc_stack.ss_size = STACK_BYTES;
	j.there.uc_link = &j.here;
	current = &j;
	makecontext(&j.there, entry, 0);
	if (swapcontext(&j.here, &j.there) != 0)
		return 0;
	while (i < n && top[i] == PAINT)
		i++;
	return i > 0 ? (n - i) * sizeof(*top) : PAINTED + deep(stack);
}

#endif

size_t bench_stack(struct bench *b, bench_fn *run, void *ctx)
{
#if defined(__SANITIZE_ADDRESS__)
	(void)b;
	(void)run;
	(void)ctx;
	return 0; /* frames are elsewhere there */
#else
	void *p = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t empty, full;

	(void)b;
	if (p == MAP_FAILED)
		return 0;
	(void)madvise(p, STACK_BYTES, MADV_NOHUGEPAGE);
	empty = run_on(p, NULL, NULL);
	full = run_on(p, run, ctx);
	(void)munmap(p, STACK_BYTES);
	return full > empty ? full - empty : 0;
#endif
}
