#include <assert.h>
#include <stdlib.h>

#include "hyb/envelope.h"
#include "hyb/floe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Inside the input, as the slices of an envelope must be. */
static bool inside(hyb_bytes part, hyb_bytes whole)
{
	return part.n <= HYB_NAME_MAX && part.n > 0 && part.p >= whole.p &&
		part.p + part.n <= whole.p + whole.n;
}

static void segments(hyb_bytes in)
{
	hyb_bytes seg;
	bool is_last = false;

	while (!is_last && hyb_floe_cut(&seg, &is_last, HYB_SEGMENT_MIN, in) == HYB_OK) {
		assert(seg.p == in.p && seg.n >= HYB_FLOE_OVERHEAD && seg.n <= in.n);
		in.p += seg.n;
		in.n -= seg.n;
	}
}

/* What an envelope says of itself holds: lengths add up, names lie inside, refusals say nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hyb_bytes in = { data, size };
	struct hyb_file_info file;
	struct hyb_grad_info grad;
	struct hyb_req_info req;
	struct hyb_res_open_opts ro = { .pending = &(const struct hyb_req_pending){ .kem = NULL } };
	size_t n = 1;

	if (hyb_mem_info(&file, in) != HYB_OK)
		assert(file.kem == NULL && file.n_recipients == 0);
	else
		assert(file.header_bytes <= size && file.segment_bytes >= HYB_SEGMENT_MIN &&
			file.segment_bytes <= HYB_SEGMENT_MAX && !file.is_verified &&
			(file.plain_bytes == UINT64_MAX || file.plain_bytes < size));
	if (hyb_grad_info(&grad, in) != HYB_OK)
		assert(grad.kem == NULL && grad.plain_bytes == 0);
	else
		assert(grad.plain_bytes < size && inside(grad.id.model, in) &&
			inside(grad.id.participant, in));
	if (hyb_req_info(&req, in) != HYB_OK)
		assert(req.kem == NULL && req.body_bytes == 0);
	else
		assert(req.body_bytes < size && inside(req.model, in) && inside(req.audience, in));
	if (size > 0) {
		uint8_t *out = malloc(size);

		assert(out != NULL && hyb_res_open(out, &n, in, &ro) != HYB_OK && n == 0);
		free(out);
	}
	segments(in);
	return 0;
}
