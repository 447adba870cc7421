#include <sys/stat.h>

#include "hyb/file.h"

struct at {
	struct hyb_floe f;
	uint64_t body; /* bytes of segments */
};

_Static_assert(sizeof(struct at) <= sizeof(((struct hyb_file *)0)->opaque), "struct hyb_file");

static const struct at *at_of(const struct hyb_file *f)
{
	return (const struct at *)(const void *)f->opaque;
}

/* Reads and opens one segment; `buf` holds a segment, its plaintext goes to `out`. */
static enum hyb_st read_segment(const struct hyb_file *f, struct hyb_floe_run *run, uint8_t *out,
	uint8_t *buf, uint64_t pos)
{
	const struct at *a = at_of(f);
	uint64_t left = a->body - pos * a->f.segment;
	bool is_last = left < a->f.segment;
	size_t n = is_last ? (size_t)left : a->f.segment;
	enum hyb_st st = hyb_pread_full(f->fd, buf, n, f->info.header_bytes + pos * a->f.segment);

	if (st != HYB_OK)
		return st;
	return hyb_floe_open(run, out, pos, (hyb_bytes){ buf, n }, is_last);
}

/*
 * The last segment must say that it is the last and authenticate: then no byte is missing and none
 * follows, since its position is in its AAD. On failure, tells a cut from an extension where it can.
 */
static enum hyb_st check_end(const struct hyb_file *f)
{
	const struct at *a = at_of(f);
	uint64_t pos = a->body / a->f.segment;
	uint8_t *buf = hyb_map(a->f.segment), prefix[4];
	struct hyb_floe_run run = hyb_floe_run(&a->f, false);
	uint64_t last = a->body % a->f.segment, unused;
	hyb_bytes seg;
	bool is_last;
	enum hyb_st st;

	if (buf == NULL)
		return HYB_E_IO;
	st = hyb_file_plain_bytes(&unused, a->body, a->f.segment);
	if (st == HYB_OK)
		st = hyb_pread_full(
			f->fd, buf, (size_t)last, f->info.header_bytes + pos * a->f.segment);
	if (st == HYB_OK)
		st = hyb_floe_cut(&seg, &is_last, a->f.segment, (hyb_bytes){ buf, (size_t)last });
	if (st == HYB_OK)
		st = hyb_floe_open(&run, buf + HYB_FLOE_HEAD_BYTES, pos, seg, is_last);
	hyb_floe_run_end(&run);
	hyb_unmap(buf, a->f.segment);
	if (st == HYB_OK || st == HYB_E_IO || pos == 0)
		return st;
	if (hyb_pread_full(f->fd, prefix, 4, f->info.header_bytes + (pos - 1) * a->f.segment) ==
			HYB_OK &&
		hyb_load32be(prefix) <= a->f.segment)
		return HYB_E_TRAILING;
	return st;
}

static enum hyb_st begin(struct hyb_file *f, uint8_t *head, const struct hyb_open_opts *o)
{
	struct at *a = (struct at *)(void *)f->opaque;
	struct hyb_file_map m = { .total = 0 };
	struct stat s;
	size_t n = HYB_FILE_FIXED_BYTES;
	enum hyb_st st;

	if (fstat(f->fd, &s) != 0)
		return HYB_E_IO;
	if (!S_ISREG(s.st_mode))
		return HYB_E_ARG;
	if (s.st_size < (off_t)n)
		n = (size_t)s.st_size;
	st = hyb_pread_full(f->fd, head, n, 0);
	if (st == HYB_OK)
		st = n < HYB_FILE_FIXED_BYTES ? hyb_file_short(head, n)
					      : hyb_file_map_read(&m, head);
	if (st == HYB_OK)
		st = hyb_pread_full(f->fd, head + n, m.total - n, n);
	if (st == HYB_OK)
		st = hyb_file_head_open(&a->f, &f->info, head, o);
	if (st != HYB_OK)
		return st;
	a->body = (uint64_t)s.st_size - m.total;
	st = check_end(f);
	if (st == HYB_OK)
		st = hyb_file_plain_bytes(&f->info.plain_bytes, a->body, a->f.segment);
	return st;
}

enum hyb_st hyb_file_at_begin(struct hyb_file *f, int fd, const struct hyb_open_opts *o)
{
	uint8_t *head = hyb_map(HYB_FILE_HEADER_MAX);
	enum hyb_st st = HYB_E_IO;

	memset(f, 0, sizeof(*f));
	f->fd = fd;
	if (head != NULL)
		st = begin(f, head, o);
	hyb_unmap(head, HYB_FILE_HEADER_MAX);
	if (st != HYB_OK)
		hyb_wipe(f, sizeof(*f));
	return st;
}

enum hyb_st hyb_file_at_read(const struct hyb_file *f, uint8_t *out, size_t n, uint64_t off)
{
	const struct at *a = at_of(f);
	struct hyb_floe_run run = hyb_floe_run(&a->f, false);
	size_t full = a->f.segment - HYB_FLOE_OVERHEAD, done = 0;
	enum hyb_st st = HYB_OK;
	uint8_t *buf;

	if (off > f->info.plain_bytes || n > f->info.plain_bytes - off)
		st = HYB_E_ARG;
	if (st != HYB_OK && n > 0)
		hyb_wipe(out, n);
	if (st != HYB_OK || n == 0)
		return st;
	buf = hyb_map(a->f.segment);
	if (buf == NULL)
		st = HYB_E_IO;
	while (st == HYB_OK && done < n) {
		uint64_t pos = (off + done) / full;
		size_t skip = (size_t)((off + done) % full);
		uint8_t *plain = buf + HYB_FLOE_HEAD_BYTES;
		size_t k = full - skip < n - done ? full - skip : n - done;

		/* A whole segment goes where it belongs at once. */
		if (k == full)
			plain = out + done;
		st = read_segment(f, &run, plain, buf, pos);
		if (st == HYB_OK && k != full)
			memcpy(out + done, plain + skip, k);
		done += k;
	}
	hyb_floe_run_end(&run);
	hyb_unmap(buf, a->f.segment);
	if (st != HYB_OK)
		hyb_wipe(out, n);
	return st;
}

void hyb_file_at_end(struct hyb_file *f)
{
	hyb_wipe(f, sizeof(*f));
}
