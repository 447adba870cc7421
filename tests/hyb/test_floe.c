/*
 * FLOE: the 17 pairs of the specification opened and sealed again to the same bytes; every byte of a
 * header and of segments counts; positions, final flag and lengths are bound.
 */
#include "hyb/floe.h"
#include "vec.h"

static const uint8_t zero_key[HYB_FLOE_KEY_BYTES];
static const uint8_t kat_aad[] = { 'T', 'h', 'i', 's', ' ', 'i', 's', ' ', 'A', 'A', 'D' };
static const hyb_bytes aad = { kat_aad, sizeof(kat_aad) };

static hyb_bytes kat_file(const char *name, const char *end)
{
	char path[200];
	char *text;
	size_t n;

	(void)snprintf(path, sizeof(path), VECTORS "floe/%s_%s.txt", name, end);
	text = vec_file(path, &n);
	while (text != NULL && n > 0 && vec_nibble(text[n - 1]) < 0)
		text[--n] = '\0';
	return text != NULL ? vec_unhex(text) : (hyb_bytes){ NULL, 0 };
}

/* Opens every segment and seals it again under the IV that it carries. */
static bool kat_segments(struct hyb_floe *f, hyb_bytes ct, hyb_bytes pt)
{
	struct hyb_floe_run r = hyb_floe_run(f, false), w = hyb_floe_run(f, true);
	uint8_t *out = malloc(f->segment), *again = malloc(f->segment);
	hyb_bytes rest = { ct.p + HYB_FLOE_HEADER_BYTES, ct.n - HYB_FLOE_HEADER_BYTES }, seg;
	size_t at = 0;
	bool good = out != NULL && again != NULL, last = false;

	for (uint64_t pos = 0; good && !last; pos++) {
		size_t n;

		good = hyb_floe_cut(&seg, &last, f->segment, rest) == HYB_OK;
		if (!good)
			break;
		n = seg.n - HYB_FLOE_OVERHEAD;
		good = n <= pt.n - at && hyb_floe_open(&r, out, pos, seg, last) == HYB_OK &&
			memcmp(out, pt.p + at, n) == 0 &&
			hyb_floe_seal(&w, again, (struct hyb_floe_at){ pos, last },
				(hyb_bytes){ out, n }, seg.p + 4) == HYB_OK &&
			memcmp(again, seg.p, seg.n) == 0;
		at += n;
		rest.p += seg.n;
		rest.n -= seg.n;
	}
	hyb_floe_run_end(&r);
	hyb_floe_run_end(&w);
	free(out);
	free(again);
	return good && at == pt.n;
}

static void kats(void)
{
	static const char *const names[] = { "cpp_GCM256_IV256_4K", "cpp_GCM256_IV256_64",
		"cpp_rotation", "go_GCM256_IV256_4K", "go_GCM256_IV256_64", "go_rotation",
		"java_GCM256_IV256_4K", "java_GCM256_IV256_64", "java_lastSegAligned",
		"java_lastSegEmpty", "java_rotation", "pub_java_GCM256_IV256_4K",
		"pub_java_GCM256_IV256_64", "pub_java_rotation", "rust_GCM256_IV256_4K",
		"rust_GCM256_IV256_64", "rust_rotation" };
	struct vec v = { "FLOE vectors opened, and sealed again", 0, 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		hyb_bytes ct = kat_file(names[i], "ct"), pt = kat_file(names[i], "pt");
		struct hyb_floe f, g;

		if (ct.n < HYB_FLOE_HEADER_BYTES) {
			vec_skip(v.name, "no such file under ../shared/vectors");
			return;
		}
		vec_case(&v, hyb_floe_begin_open(&f, zero_key, aad, ct.p) == HYB_OK, "%s: header",
			names[i]);
		vec_case(&v,
			hyb_floe_begin_seal(&g, zero_key, aad, f.segment,
				ct.p + HYB_FLOE_PARAM_BYTES) == HYB_OK &&
				memcmp(g.header, ct.p, HYB_FLOE_HEADER_BYTES) == 0,
			"%s: header made again", names[i]);
		if (strstr(names[i], "rotation") != NULL)
			f.key_mask = 0xfffffffffffffffcULL;
		vec_case(&v, kat_segments(&f, ct, pt), "%s: segments", names[i]);
		hyb_floe_end(&f);
		hyb_floe_end(&g);
	}
	vec_end(&v);
}

#define SEG 64U
#define FULL (SEG - HYB_FLOE_OVERHEAD)

static void headers(void)
{
	struct vec v = { "FLOE headers: key, aad and every byte", 0, 0 };
	static const uint8_t iv[HYB_FLOE_IV_BYTES] = { 7 }, other_key[HYB_FLOE_KEY_BYTES] = { 1 },
			     much[HYB_FLOE_AAD_MAX + 1];
	uint8_t header[HYB_FLOE_HEADER_BYTES];
	struct hyb_floe f, g;

	vec_case(&v, hyb_floe_begin_seal(&f, zero_key, aad, SEG, iv) == HYB_OK, "begin");
	memcpy(header, f.header, sizeof(header));
	for (size_t i = 0; i < sizeof(header); i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			enum hyb_st st;

			header[i] ^= (uint8_t)(1U << bit);
			st = hyb_floe_begin_open(&g, zero_key, aad, header);
			/* Parameters but the segment size have one value. */
			vec_case(&v,
				i < 2 || (i >= 6 && i < 10)
					? st == HYB_E_FORMAT
					: st == HYB_E_OPEN || (i < 6 && st == HYB_E_FORMAT),
				"byte %zu bit %u", i, bit);
			header[i] ^= (uint8_t)(1U << bit);
		}
	vec_case(&v, hyb_floe_begin_open(&g, other_key, aad, header) == HYB_E_OPEN, "other key");
	vec_case(&v,
		hyb_floe_begin_open(&g, zero_key, (hyb_bytes){ kat_aad, 10 }, header) == HYB_E_OPEN,
		"shorter aad");
	vec_case(&v,
		hyb_floe_begin_seal(&g, zero_key, (hyb_bytes){ much, sizeof(much) }, SEG, iv) ==
			HYB_E_LIMIT,
		"aad too long");
	vec_case(&v,
		hyb_floe_begin_seal(&g, zero_key, aad, HYB_FLOE_SEGMENT_MIN - 1, iv) == HYB_E_ARG &&
			hyb_floe_begin_seal(&g, zero_key, aad, HYB_FLOE_SEGMENT_MIN, iv) ==
				HYB_OK &&
			hyb_floe_begin_seal(&g, zero_key, aad, HYB_FLOE_SEGMENT_MAX, iv) ==
				HYB_OK &&
			hyb_floe_begin_seal(&g, zero_key, aad, HYB_FLOE_SEGMENT_MAX + 1, iv) ==
				HYB_E_ARG,
		"segment sizes");
	vec_end(&v);
}

static void segments(void)
{
	struct vec v = { "FLOE segments: bytes, position, final flag, lengths, limits", 0, 0 };
	static const uint8_t iv[HYB_FLOE_IV_BYTES] = { 7 };
	uint8_t pt[FULL], seg[SEG], last[SEG], out[SEG];
	struct hyb_floe f;
	struct hyb_floe_run w, r;

	memset(pt, 0x5a, sizeof(pt));
	vec_case(&v, hyb_floe_begin_seal(&f, zero_key, aad, SEG, iv) == HYB_OK, "begin");
	w = hyb_floe_run(&f, true);
	r = hyb_floe_run(&f, false);
	vec_case(&v,
		hyb_floe_seal(&w, seg, (struct hyb_floe_at){ 5, false }, (hyb_bytes){ pt, FULL },
			iv) == HYB_OK &&
			hyb_floe_seal(&w, last, (struct hyb_floe_at){ 6, true },
				(hyb_bytes){ pt, FULL }, iv) == HYB_OK,
		"seal");
	vec_case(&v,
		hyb_floe_open(&r, out, 5, (hyb_bytes){ seg, SEG }, false) == HYB_OK &&
			memcmp(out, pt, FULL) == 0,
		"open");
	for (size_t i = 0; i < SEG; i++) {
		enum hyb_st st;

		seg[i] ^= 1;
		memset(out, 1, sizeof(out));
		st = hyb_floe_open(&r, out, 5, (hyb_bytes){ seg, SEG }, false);
		vec_case(&v,
			(st == HYB_E_OPEN || (i < 4 && st == HYB_E_FORMAT)) && out[0] == 0 &&
				out[FULL - 1] == 0,
			"byte %zu", i);
		seg[i] ^= 1;
	}
	vec_case(&v, hyb_floe_open(&r, out, 6, (hyb_bytes){ seg, SEG }, false) == HYB_E_OPEN,
		"elsewhere");
	vec_case(&v,
		hyb_floe_open(&r, out, 5 + (1ULL << 20), (hyb_bytes){ seg, SEG }, false) ==
			HYB_E_OPEN,
		"under another segment key");
	vec_case(&v, hyb_floe_open(&r, out, 5, (hyb_bytes){ seg, SEG }, true) == HYB_E_FORMAT,
		"as the last");
	vec_case(&v, hyb_floe_open(&r, out, 6, (hyb_bytes){ last, SEG }, false) == HYB_E_FORMAT,
		"the last as another");
	hyb_store32be(last, HYB_FLOE_NOT_LAST);
	vec_case(&v, hyb_floe_open(&r, out, 6, (hyb_bytes){ last, SEG }, false) == HYB_E_OPEN,
		"the last, its length field changed");
	vec_case(&v,
		hyb_floe_open(&r, out, 5, (hyb_bytes){ seg, SEG - 1 }, false) == HYB_E_FORMAT &&
			hyb_floe_open(&r, out, 5, (hyb_bytes){ seg, 31 }, true) == HYB_E_FORMAT,
		"wrong sizes");
	vec_case(&v,
		hyb_floe_seal(&w, out, (struct hyb_floe_at){ 0, false },
			(hyb_bytes){ pt, FULL - 1 }, iv) == HYB_E_ARG,
		"short and not last");
	vec_case(&v,
		hyb_floe_seal(&w, out, (struct hyb_floe_at){ HYB_FLOE_SEGMENTS_MAX - 1, true },
			(hyb_bytes){ pt, FULL }, iv) == HYB_OK &&
			hyb_floe_seal(&w, out, (struct hyb_floe_at){ HYB_FLOE_SEGMENTS_MAX, true },
				(hyb_bytes){ pt, FULL }, iv) == HYB_E_LIMIT,
		"2^40 segments");
	hyb_floe_run_end(&w);
	hyb_floe_run_end(&r);
	hyb_floe_end(&f);
	vec_end(&v);
}

/* A segment key serves 2^20 segments: checked against one that serves all. */
static void rotation(void)
{
	struct vec v = { "FLOE segment keys change at every 2^20th segment", 0, 0 };
	static const uint8_t iv[HYB_FLOE_IV_BYTES] = { 7 }, pt[FULL] = { 1 };

	const struct {
		uint64_t pos, mask;
		bool opens;
	} cases[] = { { 0, 0, true }, { (1U << 20) - 1, 0, true }, { 1U << 20, 0, false },
		{ (1U << 20) + 5, ~(uint64_t)0 << 19, true },
		{ (3U << 19) + 5, ~(uint64_t)0 << 19, false },
		{ (1ULL << 39) + 5, ~(uint64_t)0 << 19, true },
		{ (1ULL << 39) + 5, ~(uint64_t)0 << 40, false } };

	uint8_t seg[SEG], out[FULL];
	struct hyb_floe f, g;

	vec_case(&v, hyb_floe_begin_seal(&f, zero_key, aad, SEG, iv) == HYB_OK, "begin");
	g = f;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct hyb_floe_run w = hyb_floe_run(&f, true), r = hyb_floe_run(&g, false);

		g.key_mask = cases[i].mask;
		vec_case(&v,
			hyb_floe_seal(&w, seg, (struct hyb_floe_at){ cases[i].pos, false },
				(hyb_bytes){ pt, FULL }, iv) == HYB_OK &&
				hyb_floe_open(&r, out, cases[i].pos, (hyb_bytes){ seg, SEG },
					false) == (cases[i].opens ? HYB_OK : HYB_E_OPEN),
			"position %llu", (unsigned long long)cases[i].pos);
		hyb_floe_run_end(&w);
		hyb_floe_run_end(&r);
	}
	vec_end(&v);
}

static void cuts(void)
{
	struct vec v = { "FLOE segment ends", 0, 0 };
	uint8_t in[SEG * 2] = { 0xff, 0xff, 0xff, 0xff };
	hyb_bytes seg;
	bool last;

	for (size_t n = 0; n < SEG; n++)
		vec_case(&v,
			hyb_floe_cut(&seg, &last, SEG, (hyb_bytes){ in, n }) == HYB_E_TRUNCATED,
			"%zu bytes of a full one", n);
	vec_case(&v,
		hyb_floe_cut(&seg, &last, SEG, (hyb_bytes){ in, SEG + 3 }) == HYB_OK &&
			seg.n == SEG && !last,
		"a full one");
	for (uint32_t len = 0; len <= SEG + 1; len++)
		for (size_t n = 4; n <= SEG + 2; n++) {
			enum hyb_st want = len < 32 || len > SEG ? HYB_E_FORMAT
				: n < len			 ? HYB_E_TRUNCATED
				: n > len			 ? HYB_E_TRAILING
								 : HYB_OK;

			hyb_store32be(in, len);
			vec_case(&v,
				hyb_floe_cut(&seg, &last, SEG, (hyb_bytes){ in, n }) == want &&
					last == (want == HYB_OK),
				"length %u of %zu", (unsigned)len, n);
		}
	vec_end(&v);
}

static bool rng_fails(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	memset(p, 0xee, n);
	return false;
}

static bool rng_same(void *ctx, uint8_t *p, size_t n)
{
	memset(p, *(const int *)ctx, n);
	return true;
}

static void ivs(void)
{
	struct vec v = { "FLOE IVs: distinct, wiped once used, none without randomness", 0, 0 };

	enum { N = 1000 };

	static uint8_t seen[N][12];
	static const struct hyb_rng_hook broken = { rng_fails, NULL };
	int fill = 3;
	const struct hyb_rng_hook same = { rng_same, &fill };
	struct hyb_floe_ivs s;

	hyb_rng_hook(&same);
	vec_case(&v, hyb_floe_ivs_begin(&s) == HYB_OK, "begin");
	hyb_rng_hook(NULL);
	for (size_t i = 0; i < N; i++) {
		bool fresh = true;

		hyb_floe_iv(&s, seen[i]);
		for (size_t j = 0; j < i; j++)
			fresh = fresh && memcmp(seen[i], seen[j], 12) != 0;
		for (size_t at = 0; at + 12 <= sizeof(s.buf); at++)
			fresh = fresh && memcmp(s.buf + at, seen[i], 12) != 0;
		vec_case(&v, fresh, "IV %zu", i);
	}
	hyb_rng_hook(&broken);
	vec_case(&v, hyb_floe_ivs_begin(&s) == HYB_E_RNG, "no randomness");
	hyb_rng_hook(NULL);
	vec_end(&v);
}

int main(void)
{
	kats();
	headers();
	segments();
	rotation();
	cuts();
	ivs();
	return vec_failures != 0;
}
