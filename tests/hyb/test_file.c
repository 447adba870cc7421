/*
 * Sealed files: round trips of every awkward size over memory, files and pipes; and every way to
 * damage one: each byte, each length, extensions, segments moved, headers swapped, wrong keys.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hyb/file.h"
#include "hyb/lc.h"
#include "vec.h"

#define SEG 64U
#define FULL (SEG - HYB_FLOE_OVERHEAD)
#define PLAIN_MAX (3U << 20)
#define SEALED_MAX (PLAIN_MAX * 2 + HYB_FILE_HEADER_MAX)

static struct {
	struct hyb_private alice, bob, level5; /* KEM */
	struct hyb_private carol, dave;	       /* signatures */
	struct hyb_public readers[3];
	uint8_t plain[PLAIN_MAX], sealed[SEALED_MAX], other[SEALED_MAX], out[SEALED_MAX];
} t;

static const uint8_t purpose[] = "checkpoint 7";

static bool make_keys(void)
{
	bool good = hyb_private_new_kem(&t.alice, hyb_kem_suite(HYB_KEM_XWING)) == HYB_OK &&
		hyb_private_new_kem(&t.bob, hyb_kem_suite(HYB_KEM_XWING)) == HYB_OK &&
		hyb_private_new_kem(&t.level5, hyb_kem_suite(HYB_KEM_MLKEM1024_P384)) == HYB_OK &&
		hyb_private_new_sig(&t.carol, hyb_sig_suite(HYB_SIG_MLDSA65_P256)) == HYB_OK &&
		hyb_private_new_sig(&t.dave, hyb_sig_suite(HYB_SIG_MLDSA65_P256)) == HYB_OK;
	uint64_t state = 0x243f6a8885a308d3ULL;

	t.readers[0] = t.alice.pub;
	t.readers[1] = t.bob.pub;
	t.readers[2] = t.level5.pub;
	for (size_t i = 0; i < PLAIN_MAX; i++)
		t.plain[i] = (uint8_t)vec_random(&state);
	return good;
}

static struct hyb_seal_opts sealing(bool is_signed)
{
	return (struct hyb_seal_opts){ .recipients = t.readers,
		.n_recipients = 2,
		.sender = is_signed ? &t.carol : NULL,
		.context = { purpose, sizeof(purpose) },
		.segment_bytes = SEG };
}

static struct hyb_open_opts opening(bool is_signed)
{
	return (struct hyb_open_opts){ .key = &t.bob,
		.senders = &t.carol.pub,
		.n_senders = 1,
		.allow_unsigned = !is_signed,
		.context = { purpose, sizeof(purpose) } };
}

static bool all_are(const uint8_t *p, size_t n, uint8_t what)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != what)
			return false;
	return true;
}

/* A file in memory with these bytes, standing at its start. */
static int file_of(const uint8_t *p, size_t n)
{
	int fd = memfd_create("hyb", MFD_CLOEXEC);

	if (fd < 0 || hyb_write_full(fd, p, n) != HYB_OK || lseek(fd, 0, SEEK_SET) != 0)
		exit(1);
	return fd;
}

static size_t file_get(int fd, uint8_t *p, size_t max)
{
	size_t n = max;

	if (lseek(fd, 0, SEEK_SET) != 0 || hyb_read_full(fd, p, &n) != HYB_OK)
		exit(1);
	return n;
}

/* Opens bytes as a stream; *n is what came out, and it was a prefix of the plaintext. */
static enum hyb_st stream_open(
	hyb_bytes sealed, const struct hyb_open_opts *o, size_t *n, bool *is_prefix)
{
	int in = file_of(sealed.p, sealed.n), out = file_of(NULL, 0);
	enum hyb_st st = hyb_file_open(out, in, o, NULL);

	*n = file_get(out, t.out, sizeof(t.out));
	*is_prefix = memcmp(t.out, t.plain, *n) == 0;
	(void)close(in);
	(void)close(out);
	return st;
}

/* ---- round trips ---- */

struct pump {
	int fd;
	hyb_bytes data;
};

static void *pump(void *arg)
{
	struct pump *p = arg;

	if (hyb_write_full(p->fd, p->data.p, p->data.n) != HYB_OK)
		exit(1);
	(void)close(p->fd);
	return NULL;
}

/* The reading end of a pipe that another thread fills with `data`. */
static int pipe_of(struct pump *p, pthread_t *id, hyb_bytes data)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) != 0)
		exit(1);
	*p = (struct pump){ fd[1], data };
	if (pthread_create(id, NULL, pump, p) != 0)
		exit(1);
	return fd[0];
}

struct seen {
	uint64_t last;
	bool in_order;
};

static void progress(void *ctx, uint64_t done)
{
	struct seen *s = ctx;

	s->in_order = s->in_order && done >= s->last;
	s->last = done;
}

static bool through_pipes(size_t n, struct hyb_seal_opts *so, struct hyb_open_opts *oo)
{
	struct seen seen = { 0, true };
	struct pump p;
	pthread_t id;
	int in = pipe_of(&p, &id, (hyb_bytes){ t.plain, n }), out = file_of(NULL, 0);
	size_t sealed_n;
	bool good;
	struct hyb_file_info info;

	so->progress = progress;
	so->progress_ctx = &seen;
	good = hyb_file_seal(out, in, so) == HYB_OK && seen.in_order && seen.last == n;
	(void)pthread_join(id, NULL);
	(void)close(in);
	sealed_n = file_get(out, t.other, sizeof(t.other));
	(void)close(out);
	good = good && sealed_n == hyb_sealed_bytes(n, so);

	in = pipe_of(&p, &id, (hyb_bytes){ t.other, sealed_n });
	out = file_of(NULL, 0);
	seen = (struct seen){ 0, true };
	oo->progress = progress;
	oo->progress_ctx = &seen;
	good = good && hyb_file_open(out, in, oo, &info) == HYB_OK && seen.in_order &&
		seen.last == n && info.plain_bytes == n &&
		info.is_verified == (so->sender != NULL) && info.n_recipients == so->n_recipients;
	(void)pthread_join(id, NULL);
	(void)close(in);
	good = good && file_get(out, t.out, sizeof(t.out)) == n && memcmp(t.out, t.plain, n) == 0;
	(void)close(out);
	return good;
}

static bool through_memory(size_t n, const struct hyb_seal_opts *so, const struct hyb_open_opts *oo)
{
	hyb_bytes plain = { n > 0 ? t.plain : NULL, n };
	struct hyb_file_info info;
	size_t sealed_n, out_n;

	return hyb_mem_seal(t.sealed, &sealed_n, plain, so) == HYB_OK &&
		sealed_n == hyb_sealed_bytes(n, so) &&
		hyb_mem_info(&info, (hyb_bytes){ t.sealed, sealed_n }) == HYB_OK &&
		info.plain_bytes == n && !info.is_verified &&
		hyb_mem_open(t.out, &out_n, (hyb_bytes){ t.sealed, sealed_n }, oo) == HYB_OK &&
		out_n == n && memcmp(t.out, t.plain, n) == 0;
}

static void round_trips(void)
{
	struct vec v = { "sealed files: sizes, segments, threads, memory and pipes", 0, 0 };
	static const uint32_t segments[] = { 64, 100, 4096, 1U << 20, 0 };

	for (size_t s = 0; s < sizeof(segments) / sizeof(*segments); s++) {
		size_t full = (segments[s] != 0 ? segments[s] : 1U << 20) - HYB_FLOE_OVERHEAD;
		size_t batch = full * ((1U << 20) / (full + HYB_FLOE_OVERHEAD));
		const size_t sizes[] = { 0, 1, full - 1, full, full + 1, 2 * full, 2 * full + 17,
			batch - 1, batch, batch + 1, 2 * batch };

		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
			for (unsigned threads = 0; threads <= 4; threads += 4) {
				struct hyb_seal_opts so = sealing(i % 2 == 0);
				struct hyb_open_opts oo = opening(i % 2 == 0);

				so.segment_bytes = segments[s];
				so.n_threads = oo.n_threads = threads;
				vec_case(&v, through_memory(sizes[i], &so, &oo),
					"memory: %zu bytes in %u, %u threads", sizes[i],
					(unsigned)segments[s], threads);
				vec_case(&v, through_pipes(sizes[i], &so, &oo),
					"pipes: %zu bytes in %u, %u threads", sizes[i],
					(unsigned)segments[s], threads);
			}
	}
	vec_end(&v);
}

/* ---- damage ---- */

/* What a flipped byte of the header may be called; the rest is up to the segments. */
static bool header_code(const struct hyb_file_map *m, size_t i, enum hyb_st st, bool is_signed)
{
	size_t mine = HYB_FILE_FIXED_BYTES + m->entry_bytes;
	enum hyb_st late = is_signed ? HYB_E_SIGNATURE : HYB_E_OPEN;

	if (i < 8)
		return st == HYB_E_FORMAT;
	if (i < 10)
		return st == HYB_E_VERSION;
	if (i < 14)
		return st == HYB_E_SUITE || st == HYB_E_FORMAT;
	if (i < 20)
		return st == HYB_E_FORMAT;
	if (i < HYB_FILE_FIXED_BYTES)
		return st == (is_signed ? HYB_E_SIGNATURE : HYB_E_FORMAT);
	if (i >= mine && i < mine + HYB_KEY_ID_BYTES)
		return st == HYB_E_WRONG_KEY;
	if (i >= m->floe_at && i < m->floe_at + HYB_FLOE_PARAM_BYTES)
		return st == late || st == HYB_E_FORMAT;
	return st == late;
}

static bool body_code(size_t in_segment, enum hyb_st st)
{
	if (in_segment >= 4)
		return st == HYB_E_OPEN;
	return st == HYB_E_FORMAT || st == HYB_E_TRUNCATED || st == HYB_E_TRAILING;
}

/* Reads all of a file by random access. */
static enum hyb_st at_all(hyb_bytes sealed, const struct hyb_open_opts *o, size_t plain_n)
{
	int fd = file_of(sealed.p, sealed.n);
	struct hyb_file f;
	enum hyb_st st = hyb_file_at_begin(&f, fd, o);

	if (st == HYB_OK)
		st = hyb_file_at_read(&f, t.out, plain_n, 0);
	hyb_file_at_end(&f);
	(void)close(fd);
	return st;
}

static void flip(struct vec *v, size_t i, hyb_bytes sealed, bool is_signed)
{
	struct hyb_open_opts oo = opening(is_signed);
	struct hyb_file_map m;
	size_t n = 2 * FULL + 5, out_n = 1;
	enum hyb_st st;
	bool is_prefix, named;

	if (hyb_file_map_read(&m, t.sealed) != HYB_OK)
		exit(1);
	memset(t.out, 1, n);
	t.sealed[i] ^= (uint8_t)(1U << i % 8);
	st = hyb_mem_open(t.out, &out_n, sealed, &oo);
	named = i < m.total ? header_code(&m, i, st, is_signed)
			    : body_code((i - m.total) % SEG, st);
	vec_case(v, st != HYB_OK && named && out_n == 0, "memory: byte %zu: %d", i, st);
	vec_case(v, all_are(t.out, n, 0) || (i < m.total && all_are(t.out, n, 1)),
		"memory: byte %zu leaves output", i);
	/* All three share the header's code: of its long signature, every eighth byte will do. */
	if (i < m.block_at || i >= m.total || i % 8 == 0) {
		vec_case(v,
			stream_open(sealed, &oo, &out_n, &is_prefix) == st && is_prefix &&
				out_n < n,
			"stream: byte %zu", i);
		vec_case(v, at_all(sealed, &oo, n) != HYB_OK, "random access: byte %zu", i);
	}
	t.sealed[i] ^= (uint8_t)(1U << i % 8);
}

static void damage(bool is_signed)
{
	struct vec v = { is_signed ? "a signed sealed file, every byte and every length"
				   : "an unsigned sealed file, every byte and every length",
		0, 0 };
	struct hyb_seal_opts so = sealing(is_signed);
	struct hyb_open_opts oo = opening(is_signed);
	size_t plain_n = 2 * FULL + 5, n = 0, out_n;
	bool is_prefix;

	vec_case(&v, hyb_mem_seal(t.sealed, &n, (hyb_bytes){ t.plain, plain_n }, &so) == HYB_OK,
		"seal");
	vec_case(&v, at_all((hyb_bytes){ t.sealed, n }, &oo, plain_n) == HYB_OK, "random access");
	for (size_t i = 0; i < n; i++)
		flip(&v, i, (hyb_bytes){ t.sealed, n }, is_signed);
	for (size_t k = 0; k < n; k++) {
		hyb_bytes cut = { t.sealed, k };

		vec_case(&v, hyb_mem_open(t.out, &out_n, cut, &oo) == HYB_E_TRUNCATED,
			"memory: cut to %zu", k);
		vec_case(&v,
			stream_open(cut, &oo, &out_n, &is_prefix) == HYB_E_TRUNCATED && is_prefix,
			"stream: cut to %zu", k);
		vec_case(
			&v, at_all(cut, &oo, 0) == HYB_E_TRUNCATED, "random access: cut to %zu", k);
	}
	for (size_t k = 1; k <= 2 * SEG; k++) {
		hyb_bytes longer = { t.sealed, n + k };

		memset(t.sealed + n, k % 2 == 0 ? 0 : 0xff, k);
		vec_case(&v, hyb_mem_open(t.out, &out_n, longer, &oo) == HYB_E_TRAILING,
			"memory: %zu more", k);
		vec_case(&v,
			stream_open(longer, &oo, &out_n, &is_prefix) == HYB_E_TRAILING && is_prefix,
			"stream: %zu more", k);
		vec_case(&v, at_all(longer, &oo, 0) != HYB_OK, "random access: %zu more", k);
	}
	vec_end(&v);
}

/* ---- what an attacker who has whole files can do ---- */

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t x = a[i];

		a[i] = b[i];
		b[i] = x;
	}
}

static void exchanges(bool is_signed)
{
	struct vec v = { is_signed ? "signed: segments moved, headers exchanged"
				   : "unsigned: segments moved, headers exchanged",
		0, 0 };
	struct hyb_seal_opts so = sealing(is_signed);
	struct hyb_open_opts oo = opening(is_signed);
	enum hyb_st late = is_signed ? HYB_E_SIGNATURE : HYB_E_OPEN;
	size_t n, plain_n = 4 * FULL + 9, out_n;
	hyb_bytes plain = { t.plain, plain_n }, a, b;
	struct hyb_file_map m;
	uint8_t *body;

	vec_case(&v,
		hyb_mem_seal(t.sealed, &n, plain, &so) == HYB_OK &&
			hyb_mem_seal(t.other, &n, plain, &so) == HYB_OK &&
			hyb_file_map_read(&m, t.sealed) == HYB_OK,
		"two files for the same readers");
	a = (hyb_bytes){ t.sealed, n };
	b = (hyb_bytes){ t.other, n };
	body = t.sealed + m.total;
	for (size_t i = 0; i < 4; i++)
		for (size_t j = i + 1; j < 4; j++) {
			swap(body + i * SEG, body + j * SEG, SEG);
			vec_case(&v, hyb_mem_open(t.out, &out_n, a, &oo) == HYB_E_OPEN,
				"segments %zu and %zu exchanged", i, j);
			swap(body + i * SEG, body + j * SEG, SEG);
		}
	for (size_t i = 0; i < 4; i++) {
		memcpy(t.out, t.sealed, n);
		memmove(t.out + m.total + i * SEG, t.out + m.total + (i + 1) * SEG,
			n - m.total - (i + 1) * SEG);
		vec_case(&v,
			hyb_mem_open(t.out + n, &out_n, (hyb_bytes){ t.out, n - SEG }, &oo) ==
				HYB_E_OPEN,
			"segment %zu left out", i);
		swap(body + i * SEG, t.other + m.total + i * SEG, SEG);
		vec_case(&v,
			hyb_mem_open(t.out, &out_n, a, &oo) == HYB_E_OPEN &&
				hyb_mem_open(t.out, &out_n, b, &oo) == HYB_E_OPEN,
			"segment %zu of another file", i);
		swap(body + i * SEG, t.other + m.total + i * SEG, SEG);
	}
	swap(t.sealed, t.other, m.total);
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &oo) == HYB_E_OPEN, "the other's header");
	swap(t.sealed, t.other, m.total);
	swap(t.sealed + HYB_FILE_FIXED_BYTES, t.other + HYB_FILE_FIXED_BYTES, m.entry_bytes);
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &oo) == late, "another reader's entry");
	swap(t.sealed + HYB_FILE_FIXED_BYTES, t.other + HYB_FILE_FIXED_BYTES, m.entry_bytes);
	swap(t.sealed + m.floe_at, t.other + m.floe_at, HYB_FLOE_HEADER_BYTES);
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &oo) == late, "the other's FLOE header");
	swap(t.sealed + m.floe_at, t.other + m.floe_at, HYB_FLOE_HEADER_BYTES);
	if (is_signed) {
		swap(t.sealed + m.block_at, t.other + m.block_at, m.total - m.block_at);
		vec_case(&v, hyb_mem_open(t.out, &out_n, a, &oo) == HYB_E_SIGNATURE,
			"the other's signature");
		swap(t.sealed + m.block_at, t.other + m.block_at, m.total - m.block_at);
	}
	vec_case(&v,
		hyb_mem_open(t.out, &out_n, a, &oo) == HYB_OK &&
			hyb_mem_open(t.out, &out_n, b, &oo) == HYB_OK,
		"put back, both open");
	vec_end(&v);
}

/* A signature taken off: the header without sender is another header, so the key does not unwrap. */
static void stripped(struct vec *v, size_t n)
{
	struct hyb_open_opts oo = opening(false);
	struct hyb_file_map m;
	size_t block, out_n;

	if (hyb_file_map_read(&m, t.sealed) != HYB_OK)
		exit(1);
	block = m.total - m.block_at;
	memcpy(t.other, t.sealed, m.block_at);
	memcpy(t.other + m.block_at, t.sealed + m.total, n - m.total);
	memset(t.other + 12, 0, 2);
	memset(t.other + 20, 0, HYB_KEY_ID_BYTES);
	hyb_store32be(t.other + 16, (uint32_t)m.block_at);
	vec_case(v,
		hyb_mem_open(t.out, &out_n, (hyb_bytes){ t.other, n - block }, &oo) == HYB_E_OPEN,
		"signature taken off");
}

static void refusals(void)
{
	struct vec v = { "sealed files: wrong key, suite, version, context, sender", 0, 0 };
	struct hyb_seal_opts so = sealing(true);
	struct hyb_open_opts oo = opening(true), o;
	hyb_bytes plain = { t.plain, 100 }, a;
	static struct hyb_private stranger;
	struct hyb_public both[2] = { t.dave.pub, t.carol.pub };
	size_t n, out_n;

	vec_case(&v, hyb_mem_seal(t.sealed, &n, plain, &so) == HYB_OK, "seal");
	a = (hyb_bytes){ t.sealed, n };
	vec_case(&v,
		hyb_private_new_kem(&stranger, t.alice.pub.kem) == HYB_OK &&
			(o = oo, o.key = &stranger,
				hyb_mem_open(t.out, &out_n, a, &o) == HYB_E_WRONG_KEY),
		"a key that is no recipient");
	o.key = &t.level5;
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &o) == HYB_E_SUITE, "a key of another suite");
	o.key = &t.carol;
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &o) == HYB_E_ARG, "a signing key");
	o = oo;
	o.context.n--;
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &o) == HYB_E_SIGNATURE, "another context");
	o = oo;
	o.senders = &t.dave.pub;
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &o) == HYB_E_SIGNATURE, "not from dave");
	o.allow_unsigned = true;
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &o) == HYB_E_SIGNATURE,
		"not from dave, unsigned ones allowed");
	o.n_senders = 0;
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &o) == HYB_OK, "no sender asked for");
	o.allow_unsigned = false;
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &o) == HYB_E_SIGNATURE, "no sender known");
	o.senders = both;
	o.n_senders = 2;
	o.key = &t.alice;
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &o) == HYB_OK, "one of two senders, alice");
	stripped(&v, n);

	so.sender = NULL;
	vec_case(&v, hyb_mem_seal(t.sealed, &n, plain, &so) == HYB_OK, "seal unsigned");
	a.n = n;
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &oo) == HYB_E_UNSIGNED, "unsigned");
	o = opening(false);
	o.context.n--;
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &o) == HYB_E_OPEN, "unsigned, other context");
	t.sealed[9] = 2;
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &oo) == HYB_E_VERSION, "version 2");
	t.sealed[9] = 0;
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &oo) == HYB_E_VERSION, "version 0");
	t.sealed[9] = 1;
	hyb_store16be(t.sealed + 10, 0x0040);
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &oo) == HYB_E_FORMAT, "ML-KEM-512 put in");
	hyb_store16be(t.sealed + 10, 0x0020);
	vec_case(&v, hyb_mem_open(t.out, &out_n, a, &oo) == HYB_E_SUITE, "an unknown KEM");
	vec_case(&v,
		hyb_mem_open(t.out, &out_n, (hyb_bytes){ t.plain, 200 }, &oo) == HYB_E_FORMAT &&
			hyb_mem_open(t.out, &out_n, (hyb_bytes){ t.plain, 5 }, &oo) == HYB_E_FORMAT,
		"something else");
	vec_end(&v);
}

/* A message whose last segment is full: good FLOE, but not this format. */
static size_t full_at_the_end(void)
{
	struct hyb_seal_opts so = sealing(true);
	static const uint8_t iv[12] = { 1 };
	struct hyb_floe f = { .segment = 0 };
	struct hyb_file_map m = { .total = 0 };
	struct hyb_floe_run run = hyb_floe_run(&f, true);
	uint8_t *p = t.sealed;

	if (hyb_file_map_plan(&m, &so) != HYB_OK || hyb_file_head_seal(p, &f, &m, &so) != HYB_OK ||
		hyb_floe_seal(&run, p + m.total, (struct hyb_floe_at){ 0, false },
			(hyb_bytes){ t.plain, FULL }, iv) != HYB_OK ||
		hyb_floe_seal(&run, p + m.total + SEG, (struct hyb_floe_at){ 1, true },
			(hyb_bytes){ t.plain + FULL, FULL }, iv) != HYB_OK)
		exit(1);
	hyb_floe_run_end(&run);
	hyb_floe_end(&f);
	return m.total + (size_t)2 * SEG;
}

static void one_form(void)
{
	struct vec v = { "sealed files have one form: the end, the padding of a signature", 0, 0 };
	struct hyb_seal_opts so = sealing(true);
	struct hyb_open_opts oo = opening(true);
	hyb_bytes plain = { t.plain, 10 }, full = { t.sealed, full_at_the_end() };
	struct hyb_file_map m = { .total = 0 };
	size_t n, out_n;
	bool is_prefix;

	vec_case(&v, hyb_mem_open(t.out, &out_n, full, &oo) == HYB_E_FORMAT, "memory: full end");
	vec_case(&v, stream_open(full, &oo, &out_n, &is_prefix) == HYB_E_FORMAT && out_n == 0,
		"stream: full end");
	vec_case(&v, at_all(full, &oo, 0) != HYB_OK, "random access: full end");
	/* ECDSA in DER: one of these signatures is shorter than the longest. */
	for (int i = 0; i < 50 &&
		(m.total == 0 || hyb_load16be(t.sealed + m.block_at) == t.carol.pub.sig->sig_max);
		i++)
		vec_case(&v,
			hyb_mem_seal(t.sealed, &n, plain, &so) == HYB_OK &&
				hyb_file_map_read(&m, t.sealed) == HYB_OK,
			"seal");
	vec_case(&v,
		hyb_mem_open(t.out, &out_n, (hyb_bytes){ t.sealed, n }, &oo) == HYB_OK &&
			t.sealed[m.total - 1] == 0,
		"a short signature");
	t.sealed[m.total - 1] = 1;
	vec_case(&v,
		hyb_mem_open(t.out, &out_n, (hyb_bytes){ t.sealed, n }, &oo) == HYB_E_SIGNATURE,
		"padding that is not zero");
	t.sealed[m.total - 1] = 0;
	hyb_store16be(t.sealed + m.block_at, hyb_load16be(t.sealed + m.block_at) + 1);
	vec_case(&v,
		hyb_mem_open(t.out, &out_n, (hyb_bytes){ t.sealed, n }, &oo) == HYB_E_SIGNATURE,
		"a byte of padding counted in");
	hyb_store16be(t.sealed + m.block_at, t.carol.pub.sig->sig_max + 1);
	vec_case(&v,
		hyb_mem_open(t.out, &out_n, (hyb_bytes){ t.sealed, n }, &oo) == HYB_E_SIGNATURE,
		"longer than its block");
	vec_end(&v);
}

/* Opens a file by the layout that file.h states, with nothing of file_*.c. */
static void by_hand(void)
{
	struct vec v = { "a sealed file opened by its documented layout", 0, 0 };
	static const uint8_t name[] = { 'h', 'y', 'b', '/', 'f', 'i', 'l', 'e', '/', 'v', '1' };
	const hyb_bytes label = { name, sizeof(name) }, context = { purpose, sizeof(purpose) };
	struct hyb_seal_opts so = sealing(true);
	const struct hyb_kem_suite *kem = t.bob.pub.kem;
	struct hyb_hpke_suite hpke = { kem, 2, 2 };
	const uint8_t *entry = t.sealed + 52 + 32 + kem->ct_bytes + 48, *enc = entry + 32;
	const uint8_t *floe = t.sealed + 52 + 2 * (32 + kem->ct_bytes + 48), *block = floe + 74;
	uint8_t info[sizeof(name) + 48], key[32], aad[48], text[128];
	struct hyb_hpke_in in = { { info, sizeof(info) }, { entry, 32 },
		{ enc + kem->ct_bytes, 48 } };
	static struct hyb_kem_dk dk;
	struct hyb_floe f = { .segment = 0 };
	struct hyb_floe_run run = hyb_floe_run(&f, false);
	const uint8_t *body;
	size_t n;

	vec_case(&v,
		hyb_mem_seal(t.sealed, &n, (hyb_bytes){ t.plain, FULL + 3 }, &so) == HYB_OK &&
			hyb_kem_dk_expand(kem, &dk, t.bob.key) == HYB_OK,
		"seal");
	memcpy(info, name, sizeof(name));
	vec_case(&v,
		lc_hash(HYB_SHA2_384, info + sizeof(name), &(const hyb_bytes){ t.sealed, 52 }, 1) ==
				HYB_OK &&
			hyb_hpke_open(&hpke, key, enc, &in, &dk) == HYB_OK,
		"file key");
	vec_case(&v,
		lc_hash(HYB_SHA2_384, aad,
			(const hyb_bytes[]){
				label, { t.sealed, (size_t)(floe - t.sealed) }, context },
			3) == HYB_OK &&
			hyb_floe_begin_open(&f, key, (hyb_bytes){ aad, 48 }, floe) == HYB_OK,
		"FLOE header");
	vec_case(&v,
		lc_hash(HYB_SHA2_512, text,
			&(const hyb_bytes){ t.sealed, (size_t)(block - t.sealed) }, 1) == HYB_OK &&
			lc_hash(HYB_SHA2_512, text + 64, &context, 1) == HYB_OK &&
			hyb_sig_verify(t.carol.pub.sig,
				(hyb_bytes){ block + 2, hyb_load16be(block) },
				(hyb_bytes){ text, 128 }, label, t.carol.pub.key),
		"signature");
	body = block + 2 + t.carol.pub.sig->sig_max;
	vec_case(&v,
		hyb_load32be(t.sealed + 16) == (size_t)(body - t.sealed) &&
			n == (size_t)(body - t.sealed) + SEG + 3 + 32 &&
			hyb_floe_open(&run, t.out, 0, (hyb_bytes){ body, SEG }, false) == HYB_OK &&
			hyb_floe_open(&run, t.out + FULL, 1, (hyb_bytes){ body + SEG, 35 }, true) ==
				HYB_OK &&
			memcmp(t.out, t.plain, FULL + 3) == 0,
		"segments");
	hyb_floe_run_end(&run);
	hyb_floe_end(&f);
	hyb_kem_dk_clear(&dk);
	vec_end(&v);
}

static void options(void)
{
	struct vec v = { "sealing options: limits, recipients, randomness, full disks", 0, 0 };
	static struct hyb_public many[HYB_RECIPIENTS_MAX + 1];
	struct hyb_seal_opts so = sealing(true), o = so;
	struct hyb_open_opts oo = opening(true);
	hyb_bytes plain = { t.plain, 100 };
	size_t n, out_n;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), dir = open("/", O_RDONLY | O_CLOEXEC);
	int in = file_of(t.plain, 100);

	o.n_recipients = 3;
	vec_case(&v, hyb_mem_seal(t.sealed, &n, plain, &o) == HYB_E_SUITE, "two suites");
	o.n_recipients = 0;
	vec_case(&v, hyb_mem_seal(t.sealed, &n, plain, &o) == HYB_E_ARG, "nobody");
	vec_case(&v, hyb_sealed_bytes(100, &o) == 0, "nobody: no length");
	for (size_t i = 0; i <= HYB_RECIPIENTS_MAX; i++)
		many[i] = i == 40 ? t.bob.pub : t.alice.pub;
	o.recipients = many;
	o.n_recipients = HYB_RECIPIENTS_MAX;
	vec_case(&v,
		hyb_mem_seal(t.sealed, &n, plain, &o) == HYB_OK &&
			hyb_mem_open(t.out, &out_n, (hyb_bytes){ t.sealed, n }, &oo) == HYB_OK,
		"64 recipients");
	o.n_recipients++;
	vec_case(&v, hyb_mem_seal(t.sealed, &n, plain, &o) == HYB_E_LIMIT, "65 recipients");
	many[0] = t.carol.pub;
	o.n_recipients = 1;
	vec_case(&v, hyb_mem_seal(t.sealed, &n, plain, &o) == HYB_E_SUITE, "a signing key");
	o = so;
	o.sender = &t.alice;
	vec_case(&v, hyb_mem_seal(t.sealed, &n, plain, &o) == HYB_E_SUITE, "signed by a KEM key");
	o = so;
	o.segment_bytes = HYB_SEGMENT_MIN - 1;
	vec_case(&v, hyb_mem_seal(t.sealed, &n, plain, &o) == HYB_E_ARG, "segments too small");
	o.segment_bytes = HYB_SEGMENT_MAX + 1;
	vec_case(&v, hyb_mem_seal(t.sealed, &n, plain, &o) == HYB_E_ARG, "segments too large");
	o.segment_bytes = HYB_SEGMENT_MAX;
	vec_case(&v,
		hyb_file_seal(full, in, &o) == HYB_E_IO && errno == ENOSPC &&
			hyb_file_seal(full, dir, &so) == HYB_E_IO &&
			hyb_file_seal(-1, dir, &so) == HYB_E_IO && errno == EBADF,
		"a full disk, no descriptor");
	(void)close(in);
	in = file_of(NULL, 0);
	vec_case(&v, hyb_file_seal(in, dir, &so) == HYB_E_IO && errno == EISDIR, "a directory");
	vec_case(&v, hyb_file_open(in, dir, &oo, NULL) == HYB_E_IO && errno == EISDIR,
		"opening a directory");
	(void)close(in);
	(void)close(dir);
	(void)close(full);
	vec_end(&v);
}

static int rng_left;

static bool rng_counts(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i + (size_t)rng_left);
	return rng_left-- > 0;
}

static void randomness(void)
{
	struct vec v = { "sealing without randomness, at each place that draws it", 0, 0 };
	static const struct hyb_rng_hook hook = { rng_counts, NULL };
	struct hyb_seal_opts so = sealing(true);
	hyb_bytes plain = { t.plain, 100 };
	enum hyb_st st = HYB_E_RNG;
	size_t n, room = (size_t)hyb_sealed_bytes(100, &so);

	hyb_rng_hook(&hook);
	for (int calls = 0; st != HYB_OK && calls < 100; calls++) {
		rng_left = calls;
		memset(t.sealed, 1, room);
		st = hyb_mem_seal(t.sealed, &n, plain, &so);
		vec_case(&v,
			st == HYB_OK || (st == HYB_E_RNG && n == 0 && all_are(t.sealed, room, 0)),
			"call %d", calls);
	}
	hyb_rng_hook(NULL);
	vec_case(&v, st == HYB_OK && v.n > 4, "enough of it");
	vec_end(&v);
}

/* ---- a peer that stops talking ---- */

static void *pump_open_end(void *arg)
{
	const struct pump *p = arg;

	(void)!hyb_write_full(p->fd, p->data.p, p->data.n);
	return NULL; /* and keeps the pipe open */
}

static void silence(void)
{
	struct vec v = { "a damaged stream that stops: refused without waiting for its end", 0, 0 };
	struct hyb_seal_opts so = sealing(true);
	struct hyb_open_opts oo = opening(true);
	int fd[2], out = file_of(NULL, 0);
	struct hyb_file_map m = { .total = 0 };
	struct pump p;
	pthread_t id;
	size_t n = 0;

	vec_case(&v,
		hyb_mem_seal(t.sealed, &n, (hyb_bytes){ t.plain, PLAIN_MAX / 2 }, &so) == HYB_OK &&
			hyb_file_map_read(&m, t.sealed) == HYB_OK && pipe2(fd, O_CLOEXEC) == 0,
		"seal");
	t.sealed[m.total + 20] ^= 1;
	p = (struct pump){ fd[1], { t.sealed, n - 10 } };
	oo.n_threads = 4;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)alarm(30);
	vec_case(&v,
		pthread_create(&id, NULL, pump_open_end, &p) == 0 &&
			hyb_file_open(out, fd[0], &oo, NULL) == HYB_E_OPEN,
		"open");
	(void)alarm(0);
	(void)close(fd[0]);
	(void)pthread_join(id, NULL);
	(void)close(fd[1]);
	(void)close(out);
	vec_end(&v);
}

/* ---- random access ---- */

struct reader {
	const struct hyb_file *f;
	size_t n;
	uint64_t seed;
	bool good;
};

static void *read_some(void *arg)
{
	struct reader *r = arg;
	static _Thread_local uint8_t buf[4096];

	r->good = true;
	for (int i = 0; i < 300; i++) {
		size_t off = (size_t)(vec_random(&r->seed) % r->n);
		size_t k = (size_t)(vec_random(&r->seed) % sizeof(buf));

		if (k > r->n - off)
			k = r->n - off;
		r->good = r->good && hyb_file_at_read(r->f, buf, k, off) == HYB_OK &&
			memcmp(buf, t.plain + off, k) == 0;
	}
	return NULL;
}

static void at_offsets(struct vec *v, const struct hyb_file *f, size_t n, size_t full)
{
	uint8_t buf[300];

	for (size_t edge = 0; edge <= n + full; edge += full)
		for (size_t off = edge > 2 ? edge - 2 : 0; off < edge + 3; off++)
			for (size_t k = 0; k < 150; k += k < 4 || k % full > full - 3 ? 1 : 7) {
				bool inside = off <= n && k <= n - off;
				enum hyb_st st;

				memset(buf, 1, sizeof(buf));
				st = hyb_file_at_read(f, buf, k, off);
				vec_case(v,
					inside ? st == HYB_OK &&
							memcmp(buf, t.plain + off, k) == 0 &&
							buf[k] == 1
					       : st == HYB_E_ARG && all_are(buf, k, 0) &&
							buf[k] == 1,
					"%zu at %zu", k, off);
			}
}

static void random_access(void)
{
	struct vec v = { "sealed files read at any offset", 0, 0 };
	const size_t sizes[] = { 0, 1, FULL - 1, FULL, FULL + 1, 5 * FULL, 5 * FULL + 3, 200000 };
	struct hyb_open_opts oo = opening(true);
	struct hyb_seal_opts so = sealing(true);
	struct reader r[4];
	pthread_t id[4];
	struct hyb_file f;
	int pipes[2];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t n;
		int fd;
		struct hyb_file_info info;

		vec_case(&v,
			hyb_mem_seal(t.sealed, &n, (hyb_bytes){ t.plain, sizes[i] }, &so) == HYB_OK,
			"seal");
		fd = file_of(t.sealed, n);
		vec_case(&v,
			hyb_file_info(&info, fd) == HYB_OK && info.plain_bytes == sizes[i] &&
				lseek(fd, 0, SEEK_CUR) == 0 && !info.is_verified &&
				info.segment_bytes == SEG && info.kem == t.alice.pub.kem &&
				info.sig == t.carol.pub.sig,
			"info of %zu", sizes[i]);
		vec_case(&v,
			hyb_file_at_begin(&f, fd, &oo) == HYB_OK && f.info.is_verified &&
				f.info.plain_bytes == sizes[i],
			"begin %zu", sizes[i]);
		if (sizes[i] < 1000)
			at_offsets(&v, &f, sizes[i], FULL);
		else
			for (unsigned k = 0; k < 4; k++) {
				r[k] = (struct reader){ &f, sizes[i], 77 + k, false };
				if (pthread_create(&id[k], NULL, read_some, &r[k]) != 0)
					exit(1);
			}
		for (unsigned k = 0; sizes[i] >= 1000 && k < 4; k++) {
			(void)pthread_join(id[k], NULL);
			vec_case(&v, r[k].good, "thread %u", k);
		}
		hyb_file_at_end(&f);
		(void)close(fd);
	}
	if (pipe2(pipes, O_CLOEXEC) != 0)
		exit(1);
	vec_case(&v, hyb_file_at_begin(&f, pipes[0], &oo) == HYB_E_ARG, "a pipe");
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	vec_end(&v);
}

/* The library's calls come here: a file that another process cuts between two of them. */
static off_t shrink_to = -1;

int fstat(int fd, struct stat *s)
{
	if (shrink_to >= 0 && ftruncate(fd, shrink_to) != 0)
		return -1;
	return (int)syscall(SYS_newfstatat, fd, "", s, AT_EMPTY_PATH);
}

static void shrinking(void)
{
	struct vec v = { "a file that shrinks while its header is read", 0, 0 };
	struct hyb_seal_opts so = sealing(true);
	struct hyb_open_opts oo = opening(true);
	struct hyb_file_info info, whole;
	struct hyb_file f;
	size_t n;

	vec_case(&v,
		hyb_mem_seal(t.sealed, &n, (hyb_bytes){ t.plain, 1000 }, &so) == HYB_OK &&
			hyb_mem_info(&whole, (hyb_bytes){ t.sealed, n }) == HYB_OK,
		"seal");
	for (off_t left = 0; left <= (off_t)whole.header_bytes; left++) {
		int fd = file_of(t.sealed, n);

		shrink_to = left;
		vec_case(&v,
			hyb_file_info(&info, fd) == HYB_OK && info.plain_bytes == UINT64_MAX &&
				info.header_bytes == whole.header_bytes,
			"to %lld: %llu", (long long)left, (unsigned long long)info.plain_bytes);
		shrink_to = -1;
		vec_case(&v, hyb_file_at_begin(&f, fd, &oo) != HYB_OK, "begin at %lld",
			(long long)left);
		hyb_file_at_end(&f);
		(void)close(fd);
	}
	vec_end(&v);
}

int main(void)
{
	if (!make_keys()) {
		printf("not ok - keys\n");
		return 1;
	}
	round_trips();
	damage(true);
	damage(false);
	exchanges(true);
	exchanges(false);
	refusals();
	one_form();
	by_hand();
	options();
	randomness();
	silence();
	random_access();
	shrinking();
	return vec_failures != 0;
}
