#include <assert.h>

#include "probe/int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Gives the bytes in pieces: what is not taken is shown again with the next piece behind it. */
static enum probe_want feed(
	const struct probe_machine *m, void *self, pqm_bytes in, size_t step, struct pqm_buf *out)
{
	enum probe_want want = PROBE_READ;
	size_t at = 0, end = 0;

	while (end < in.n && want == PROBE_READ) {
		size_t used = 0;

		end = end + step < in.n ? end + step : in.n;
		want = m->input(self, pqm_sub(in, at, end - at), &used, out);
		assert(used <= end - at);
		at += used;
		if (end - at > PQM_PROBE_HELD_BYTES)
			break;
	}
	return want;
}

static void opener(const char *scheme, pqm_bytes in, size_t step)
{
	const struct probe_machine *m = &probe_opener_machine;
	void *self = probe_opener_new(scheme, "localhost");
	enum probe_want want;
	struct pqm_buf out;

	assert(self != NULL);
	pqm_buf_init(&out, 1 << 20);
	want = m->start(self, &out);
	assert(want == PROBE_READ);
	want = feed(m, self, in, step, &out);
	if (want == PROBE_READ)
		m->end(self, PROBE_CLOSED, "fuzz");
	assert((want == PROBE_NEXT) == (probe_opener_refusal(self) == NULL));
	assert((want == PROBE_NEXT) == (probe_opener_end(self) == PROBE_GOAL));
	assert(probe_opener_end(self) != PROBE_RUNNING);
	for (const char *b = probe_opener_banner(self); *b != '\0'; b++)
		assert(*b >= 0x20 && *b < 0x7f);
	assert(strlen(probe_opener_banner(self)) <= 128);
	assert(out.n < 64u << 10);
	m->free(self);
	pqm_buf_fini(&out);
}

static void guess(pqm_bytes in, size_t step)
{
	const struct probe_machine *m = &probe_guess_machine;
	void *self = probe_guess_new(25);
	struct pqm_buf out;

	pqm_buf_init(&out, 1 << 20);
	(void)m->start(self, &out);
	if (feed(m, self, in, step, &out) == PROBE_READ)
		(void)m->timer(self, &out);
	assert(probe_guess_scheme(self) != NULL && out.n == 0);
	m->free(self);
	pqm_buf_fini(&out);
}

/* First byte: which protocol; second: how many bytes at a time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = 0, step;
	pqm_bytes in;

	if (size < 2)
		return 0;
	while (probe_openers[n].scheme != NULL)
		n++;
	step = data[1] % 64 == 0 ? size : data[1] % 64u;
	in = (pqm_bytes){ data + 2, size - 2 };
	if (data[0] % (n + 1) == n)
		guess(in, step);
	else
		opener(probe_openers[data[0] % (n + 1)].scheme, in, step);
	return 0;
}
