#include <sys/stat.h>
#include <unistd.h>

#include "hyb/file.h"

/* A header in mapped memory. */
struct head {
	uint8_t *p;
	struct hyb_file_map map;
};

static enum hyb_st head_new(struct head *h)
{
	*h = (struct head){ .p = hyb_map(HYB_FILE_HEADER_MAX) };
	return h->p != NULL ? HYB_OK : HYB_E_IO;
}

static void head_free(struct head *h)
{
	hyb_unmap(h->p, HYB_FILE_HEADER_MAX);
}

/* Reads a whole header from where in_fd stands. */
static enum hyb_st head_read(struct head *h, int in_fd)
{
	size_t n = HYB_FILE_FIXED_BYTES, more;
	enum hyb_st st = hyb_read_full(in_fd, h->p, &n);

	if (st != HYB_OK)
		return st;
	if (n < HYB_FILE_FIXED_BYTES)
		return hyb_file_short(h->p, n);
	st = hyb_file_map_read(&h->map, h->p);
	if (st != HYB_OK)
		return st;
	more = h->map.total - n;
	st = hyb_read_full(in_fd, h->p + n, &more);
	if (st == HYB_OK && more != h->map.total - n)
		st = HYB_E_TRUNCATED;
	return st;
}

enum hyb_st hyb_file_seal(int out_fd, int in_fd, const struct hyb_seal_opts *o)
{
	struct hyb_floe f;
	struct hyb_file_job job = { .f = &f,
		.is_seal = true,
		.n_threads = o->n_threads,
		.progress = o->progress,
		.progress_ctx = o->progress_ctx };
	struct head h;
	enum hyb_st st = head_new(&h);

	if (st != HYB_OK)
		return st;
	st = hyb_file_map_plan(&h.map, o);
	if (st == HYB_OK)
		st = hyb_file_head_seal(h.p, &f, &h.map, o);
	if (st == HYB_OK) {
		st = hyb_write_full(out_fd, h.p, h.map.total);
		if (st == HYB_OK)
			st = hyb_file_run_fd(&job, out_fd, in_fd);
		hyb_floe_end(&f);
	}
	head_free(&h);
	return st;
}

enum hyb_st hyb_file_open(
	int out_fd, int in_fd, const struct hyb_open_opts *o, struct hyb_file_info *info)
{
	struct hyb_floe f;
	struct hyb_file_info here;
	struct hyb_file_job job = { .f = &f,
		.n_threads = o->n_threads,
		.progress = o->progress,
		.progress_ctx = o->progress_ctx };
	struct head h;
	enum hyb_st st = head_new(&h);

	if (info == NULL)
		info = &here;
	*info = (struct hyb_file_info){ .kem = NULL };
	if (st != HYB_OK)
		return st;
	st = head_read(&h, in_fd);
	if (st == HYB_OK)
		st = hyb_file_head_open(&f, info, h.p, o);
	if (st == HYB_OK) {
		st = hyb_file_run_fd(&job, out_fd, in_fd);
		if (st == HYB_OK)
			info->plain_bytes = job.plain_bytes;
		hyb_floe_end(&f);
	}
	head_free(&h);
	return st;
}

enum hyb_st hyb_file_info(struct hyb_file_info *info, int in_fd)
{
	off_t start = lseek(in_fd, 0, SEEK_CUR);
	struct head h;
	struct stat s;
	enum hyb_st st = head_new(&h);

	*info = (struct hyb_file_info){ .kem = NULL };
	if (st != HYB_OK)
		return st;
	st = head_read(&h, in_fd);
	if (st == HYB_OK)
		st = hyb_file_head_info(info, h.p);
	head_free(&h);
	if (start < 0)
		return st;
	if (st == HYB_OK && fstat(in_fd, &s) == 0 && S_ISREG(s.st_mode)) {
		uint64_t size = (uint64_t)s.st_size, body_at = (uint64_t)start + info->header_bytes,
			 plain;

		/* It may have shrunk since its header was read. */
		if (size >= body_at &&
			hyb_file_plain_bytes(&plain, size - body_at, info->segment_bytes) == HYB_OK)
			info->plain_bytes = plain;
	}
	return lseek(in_fd, start, SEEK_SET) == start ? st : HYB_E_IO;
}

/* ---- memory ---- */

uint64_t hyb_sealed_bytes(uint64_t plain, const struct hyb_seal_opts *o)
{
	struct hyb_file_map m;
	uint64_t full = hyb_file_segment(o) - HYB_FLOE_OVERHEAD;

	if (hyb_file_map_plan(&m, o) != HYB_OK || plain / full >= HYB_FLOE_SEGMENTS_MAX)
		return 0;
	return m.total + plain + (plain / full + 1) * HYB_FLOE_OVERHEAD;
}

enum hyb_st hyb_mem_seal(
	uint8_t *out, size_t *out_n, hyb_bytes plain, const struct hyb_seal_opts *o)
{
	size_t n = (size_t)hyb_sealed_bytes(plain.n, o);
	struct hyb_file_map m;
	struct hyb_floe f;
	struct hyb_file_job job = { .f = &f,
		.is_seal = true,
		.n_threads = o->n_threads,
		.progress = o->progress,
		.progress_ctx = o->progress_ctx };
	enum hyb_st st = hyb_file_map_plan(&m, o);

	*out_n = 0;
	if (st == HYB_OK && n == 0)
		st = HYB_E_LIMIT;
	if (st != HYB_OK)
		return st;
	st = hyb_file_head_seal(out, &f, &m, o);
	if (st == HYB_OK)
		st = hyb_file_run_mem(&job, out + m.total, plain);
	hyb_floe_end(&f);
	if (st == HYB_OK)
		*out_n = n;
	else
		hyb_wipe(out, n);
	return st;
}

/* The header at the start of `sealed`, whole. */
static enum hyb_st mem_head(struct hyb_file_map *m, hyb_bytes sealed)
{
	enum hyb_st st;

	if (sealed.n < HYB_FILE_FIXED_BYTES)
		return hyb_file_short(sealed.p, sealed.n);
	st = hyb_file_map_read(m, sealed.p);
	if (st == HYB_OK && sealed.n < m->total)
		st = HYB_E_TRUNCATED;
	return st;
}

enum hyb_st hyb_mem_info(struct hyb_file_info *info, hyb_bytes sealed)
{
	struct hyb_file_map m = { .total = 0 };
	uint64_t plain;
	enum hyb_st st = mem_head(&m, sealed);

	if (st == HYB_OK)
		st = hyb_file_head_info(info, sealed.p);
	if (st != HYB_OK) {
		*info = (struct hyb_file_info){ .kem = NULL };
		return st;
	}
	if (hyb_file_plain_bytes(&plain, sealed.n - m.total, info->segment_bytes) == HYB_OK)
		info->plain_bytes = plain;
	return HYB_OK;
}

/* What is wrong with segments whose number and total cannot be: by their length fields alone. */
static enum hyb_st walk(hyb_bytes body, uint32_t segment)
{
	enum hyb_st st = HYB_OK;
	bool is_last = false;
	hyb_bytes seg;

	while (st == HYB_OK && !is_last) {
		st = hyb_floe_cut(&seg, &is_last, segment, body);
		body.p += seg.n;
		body.n -= seg.n;
	}
	return st != HYB_OK ? st : HYB_E_FORMAT;
}

enum hyb_st hyb_mem_open(
	uint8_t *out, size_t *out_n, hyb_bytes sealed, const struct hyb_open_opts *o)
{
	struct hyb_file_map m = { .total = 0 };
	struct hyb_file_info info;
	struct hyb_floe f = { .segment = 0 };
	struct hyb_file_job job = { .f = &f,
		.n_threads = o->n_threads,
		.progress = o->progress,
		.progress_ctx = o->progress_ctx };
	enum hyb_st st = mem_head(&m, sealed);
	uint64_t plain = 0;
	hyb_bytes body = { NULL, 0 };

	*out_n = 0;
	if (st == HYB_OK)
		st = hyb_mem_info(&info, sealed);
	if (st == HYB_OK && info.plain_bytes != UINT64_MAX)
		plain = info.plain_bytes;
	if (st == HYB_OK)
		st = hyb_file_head_open(&f, &info, sealed.p, o);
	if (st == HYB_OK) {
		body = (hyb_bytes){ sealed.p + m.total, sealed.n - m.total };
		st = hyb_file_plain_bytes(&plain, body.n, info.segment_bytes);
		if (st != HYB_OK)
			st = walk(body, info.segment_bytes);
	}
	if (st == HYB_OK)
		st = hyb_file_run_mem(&job, out, body);
	hyb_floe_end(&f);
	if (st == HYB_OK)
		*out_n = (size_t)job.plain_bytes;
	else if (plain > 0)
		hyb_wipe(out, (size_t)plain);
	return st;
}
