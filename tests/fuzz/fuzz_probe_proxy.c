#include <assert.h>

#include "probe/loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* First byte: which proxy, with or without a login, and the size of segments; the rest: what it answers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const url[] = { "http://p", "http://u:p@p", "socks5://p",
		"socks5://u:p@p" };

	if (size == 0)
		return 0;
	size_t step = 1 + (size_t)(data[0] >> 2) * 7, shown = 0;
	void *self = probe_proxy_new(url[data[0] & 3], "host.example", 443);
	struct pqm_buf out;
	enum probe_want want;

	if (self == NULL)
		return 0;
	pqm_buf_init(&out, 1 << 16);
	want = probe_proxy_machine.start(self, &out);
	pqm_bytes in = { data + 1, 0 };

	/* Like the loop: what is not taken is shown again with more behind it. */
	while (want == PROBE_READ && shown < size - 1) {
		size_t n = size - 1 - shown < step ? size - 1 - shown : step, used;

		shown += n;
		in.n += n;
		do {
			used = 0;
			want = probe_proxy_machine.input(self, in, &used, &out);
			assert(used <= in.n);
			in.p += used;
			in.n -= used;
		} while (want == PROBE_READ && used > 0 && in.n > 0);
		assert(want != PROBE_READ || in.n <= PQM_PROBE_HELD_BYTES);
	}
	if (want == PROBE_READ)
		probe_proxy_machine.end(self, PROBE_CLOSED, NULL);
	assert((probe_proxy_refusal(self) == NULL) == (want == PROBE_NEXT));
	assert(!out.failed);
	probe_proxy_machine.free(self);
	pqm_buf_fini(&out);
	return 0;
}
