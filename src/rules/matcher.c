#include "matcher.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define N_BUCKETS 8
#define FP 3 /* fingerprint bytes */

struct entry {
	struct pqm_pattern p;
	uint32_t index;
	unsigned at; /* where the fingerprint is in the pattern */
};

struct pqm_matcher {
	/* Bit b of lo[k][x] is set when a fingerprint of bucket b has low nibble x at byte k. */
	uint8_t lo[FP][16], hi[FP][16];
	uint8_t full[FP][256]; /* the same for whole bytes: exact, for the scalar sweep */
	struct entry *entry;   /* by bucket */
	size_t n, start[N_BUCKETS + 1];
	unsigned level; /* 0 C, 1 AVX2, 2 AVX-512BW */
};

/* How common a byte is in ordinary files (text, code, zeros): larger is worse. */
static unsigned cost_of(uint8_t c, uint8_t mask)
{
	if (mask == 0)
		return 2000;
	if (c == 0 || c == 0xff || c == ' ' || c == 'e' || c == 't')
		return 60;
	if (c >= 'a' && c <= 'z')
		return 30;
	if (c == '-' || c == '.' || c == '/' || (c >= '0' && c <= '9') || c == 1 || c == 0x48)
		return 20;
	if ((c >= 'A' && c <= 'Z') || c < 0x20)
		return 8;
	return 4;
}

static bool choose_fingerprint(struct entry *e)
{
	unsigned best = UINT32_MAX;

	for (unsigned i = 0; i + FP <= e->p.n; i++) {
		unsigned cost = 1, exact = 0;

		for (unsigned k = 0; k < FP; k++) {
			cost *= cost_of(e->p.bytes[i + k], e->p.mask[i + k]);
			exact += e->p.mask[i + k] != 0;
		}
		if (exact >= 2 && cost < best) {
			best = cost;
			e->at = i;
		}
	}
	return best != UINT32_MAX;
}

/* The bytes that the fingerprints of a bucket allow, by place, and the share of ordinary bytes that they are. */
struct sets {
	uint64_t has[FP][4];
	double share[FP];
	bool is_used;
};

static double share_of(uint8_t byte)
{
	return cost_of(byte, 0xff) / 2000.0;
}

static double share_of_both(const uint64_t *a, const uint64_t *b)
{
	double sum = 0;

	for (unsigned w = 0; w < 4; w++)
		for (uint64_t both = a[w] & b[w]; both != 0; both &= both - 1)
			sum += share_of((uint8_t)(64 * w + (unsigned)__builtin_ctzll(both)));
	return sum;
}

/* Share of positions of ordinary files that pass: the product over the places, since a bucket tests
 * them one by one. */
static double rate(const double *share)
{
	double product = 1;

	for (unsigned k = 0; k < FP; k++)
		product *= share[k] < 1 ? share[k] : 1;
	return product;
}

/* How many more positions pass a and b as one. */
static double price(const struct sets *a, const struct sets *b)
{
	double share[FP];

	for (unsigned k = 0; k < FP; k++)
		share[k] = a->share[k] + b->share[k] - share_of_both(a->has[k], b->has[k]);
	return rate(share) - rate(a->share) - rate(b->share);
}

static void join(struct sets *into, const struct sets *from)
{
	for (unsigned k = 0; k < FP; k++) {
		into->share[k] += from->share[k] - share_of_both(into->has[k], from->has[k]);
		for (unsigned w = 0; w < 4; w++)
			into->has[k][w] |= from->has[k][w];
	}
}

static void sets_of(struct sets *s, const struct entry *e)
{
	*s = (struct sets){ .is_used = true };
	for (unsigned k = 0; k < FP; k++)
		for (unsigned c = 0; c < 256; c++)
			if (e->p.mask[e->at + k] == 0 || e->p.bytes[e->at + k] == c) {
				s->has[k][c / 64] |= UINT64_C(1) << (c % 64);
				s->share[k] += share_of((uint8_t)c);
			}
}

/* Joins the two groups whose union lets the fewest more positions through. */
static void join_cheapest(struct sets *group, unsigned *of, size_t n)
{
	size_t best_a = 0, best_b = 0;
	double best = 1e9;

	for (size_t a = 0; a < n; a++)
		for (size_t b = a + 1; b < n; b++) {
			if (!group[a].is_used || !group[b].is_used)
				continue;
			double more = price(&group[a], &group[b]);

			if (more < best) {
				best = more;
				best_a = a;
				best_b = b;
			}
		}
	join(&group[best_a], &group[best_b]);
	group[best_b].is_used = false;
	for (size_t i = 0; i < n; i++)
		if (of[i] == best_b)
			of[i] = (unsigned)best_a;
}

/* Spreads the entries over the buckets: bucket[i] of entry i. */
static bool spread(const struct entry *e, size_t n, unsigned *bucket)
{
	struct sets *group = pqm_calloc(n + 1, sizeof(*group));
	size_t left = 0;
	unsigned next = 0;

	if (group == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		sets_of(&group[i], &e[i]);
		bucket[i] = (unsigned)i;
		left++;
		/* Equal fingerprints belong together at once. */
		for (size_t k = 0; k < i; k++)
			if (group[k].is_used &&
				memcmp(group[k].has, group[i].has, sizeof(group[i].has)) == 0) {
				bucket[i] = (unsigned)k;
				group[i].is_used = false;
				left--;
				break;
			}
	}
	for (; left > N_BUCKETS; left--)
		join_cheapest(group, bucket, n);
	for (size_t g = 0; g < n; g++) {
		if (!group[g].is_used)
			continue;
		for (size_t i = 0; i < n; i++)
			if (bucket[i] == g)
				bucket[i] = (unsigned)n + next;
		next++;
	}
	for (size_t i = 0; i < n; i++)
		bucket[i] -= (unsigned)n;
	pqm_free(group);
	return true;
}

static void add_tables(struct pqm_matcher *m, const struct entry *e, unsigned bucket)
{
	uint8_t bit = (uint8_t)(1u << bucket);

	for (unsigned k = 0; k < FP; k++) {
		uint8_t c = e->p.bytes[e->at + k], mask = e->p.mask[e->at + k];

		for (unsigned x = 0; x < 16; x++) {
			if (mask == 0 || (c & 15u) == x)
				m->lo[k][x] |= bit;
			if (mask == 0 || (unsigned)(c >> 4) == x)
				m->hi[k][x] |= bit;
		}
		for (unsigned x = 0; x < 256; x++)
			if (mask == 0 || c == x)
				m->full[k][x] |= bit;
	}
}

static unsigned cpu_level(void)
{
	unsigned level = 0;
	const char *want = getenv("PQMAP_CPU");

#if defined(__x86_64__)
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2"))
		level = 1;
	if (level == 1 && __builtin_cpu_supports("avx512bw"))
		level = 2;
#endif
	if (want != NULL && strcmp(want, "c") == 0)
		level = 0;
	if (want != NULL && strcmp(want, "avx2") == 0 && level > 1)
		level = 1;
	return level;
}

/* Chooses fingerprints and buckets and fills m's tables. */
static enum pqm_st fill(
	struct pqm_matcher *m, struct entry *all, unsigned *bucket, size_t n, struct pqm_err *err)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		if (all[i].p.n < FP || all[i].p.n > PQM_PATTERN_MAX || !choose_fingerprint(&all[i]))
			return pqm_fail(err, PQM_EINTERNAL,
				"matcher: pattern %zu has no three bytes to look for", i);
	if (!spread(all, n, bucket))
		return pqm_fail(err, PQM_ENOMEM, "matcher: out of memory");
	for (unsigned b = 0; b < N_BUCKETS; b++) {
		for (size_t i = 0; i < n; i++)
			if (bucket[i] == b) {
				m->entry[at++] = all[i];
				add_tables(m, &all[i], b);
			}
		m->start[b + 1] = at;
	}
	m->n = n;
	m->level = cpu_level();
	return PQM_OK;
}

enum pqm_st pqm_matcher_new(
	struct pqm_matcher **out, const struct pqm_pattern *patterns, size_t n, struct pqm_err *err)
{
	struct pqm_matcher *m = pqm_calloc(1, sizeof(*m));
	struct entry *all = pqm_calloc(n + 1, sizeof(*all)),
		     *kept = pqm_calloc(n + 1, sizeof(*kept));
	unsigned *bucket = pqm_calloc(n + 1, sizeof(*bucket));
	enum pqm_st st;

	if (m == NULL || all == NULL || kept == NULL || bucket == NULL) {
		pqm_free(kept);
		st = pqm_fail(err, PQM_ENOMEM, "matcher: out of memory");
	} else {
		m->entry = kept;
		for (size_t i = 0; i < n; i++)
			all[i] = (struct entry){ .p = patterns[i], .index = (uint32_t)i };
		st = fill(m, all, bucket, n, err);
	}
	pqm_free(all);
	pqm_free(bucket);
	if (st == PQM_OK)
		*out = m;
	else
		pqm_matcher_free(m);
	return st;
}

void pqm_matcher_free(struct pqm_matcher *m)
{
	if (m != NULL)
		pqm_free(m->entry);
	pqm_free(m);
}

const char *pqm_matcher_cpu(const struct pqm_matcher *m)
{
	static const char *const names[] = { "c", "avx2", "avx512bw" };

	return names[m->level];
}

struct sweep {
	const struct pqm_matcher *m;
	pqm_bytes w;
	size_t n_seen;
	uint64_t base;
	struct pqm_matches *out;
};

static bool is_equal(const struct pqm_pattern *p, const uint8_t *s)
{
	for (unsigned i = 0; i < p->n; i++)
		if (((p->bytes[i] ^ s[i]) & p->mask[i]) != 0)
			return false;
	return true;
}

/* A fingerprint of one of the buckets in bits may start at pos. */
static __attribute__((noinline)) void candidate(struct sweep *s, size_t pos, unsigned bits)
{
	while (bits != 0) {
		unsigned b = (unsigned)__builtin_ctz(bits);

		bits &= bits - 1;
		for (size_t i = s->m->start[b]; i < s->m->start[b + 1]; i++) {
			const struct entry *e = &s->m->entry[i];

			if (pos < e->at || e->p.n > s->w.n - (pos - e->at))
				continue;
			size_t from = pos - e->at;

			if (from + e->p.n <= s->n_seen || !is_equal(&e->p, s->w.p + from))
				continue;
			if (s->out->n == s->out->cap) {
				s->out->is_full = true;
				return;
			}
			s->out->match[s->out->n++] = (struct pqm_match){ s->base + from, e->index };
		}
	}
}

static void sweep_c(struct sweep *s, size_t from)
{
	const struct pqm_matcher *m = s->m;
	const uint8_t *p = s->w.p;

	if (s->w.n < FP)
		return;
	for (size_t i = from; i <= s->w.n - FP; i++) {
		unsigned bits = m->full[0][p[i]] & m->full[1][p[i + 1]] & m->full[2][p[i + 2]];

		if (bits != 0)
			candidate(s, i, bits);
	}
}

#if defined(__x86_64__)
/* The nibble tables are coarser than whole bytes; look again before the costly comparison. */
static void check_exact(struct sweep *s, size_t pos)
{
	const struct pqm_matcher *m = s->m;
	const uint8_t *p = s->w.p + pos;
	unsigned bits = m->full[0][p[0]] & m->full[1][p[1]] & m->full[2][p[2]];

	if (bits != 0)
		candidate(s, pos, bits);
}

/* Both steps below: the bucket bits of byte k are lo[k][low nibble] & hi[k][high nibble]; a position
 * is a candidate when a bucket survives all three bytes. */
#define SET256(t) _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(t)))
#define BITS256(k, v)                                                                              \
	_mm256_and_si256(_mm256_shuffle_epi8(lo[k], _mm256_and_si256((v), nibble)),                \
		_mm256_shuffle_epi8(hi[k], _mm256_and_si256(_mm256_srli_epi16((v), 4), nibble)))

__attribute__((target("avx2"))) static size_t sweep_avx2(struct sweep *s)
{
	const __m256i nibble = _mm256_set1_epi8(15), zero = _mm256_setzero_si256();
	const struct pqm_matcher *m = s->m;
	const uint8_t *p = s->w.p;
	__m256i lo[FP], hi[FP];
	size_t i = 0;

	for (int k = 0; k < FP; k++) {
		lo[k] = SET256(m->lo[k]);
		hi[k] = SET256(m->hi[k]);
	}
	for (; i + 32 + FP - 1 <= s->w.n; i += 32) {
		__m256i v0 = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
		__m256i v1 = _mm256_loadu_si256((const __m256i *)(const void *)(p + i + 1));
		__m256i v2 = _mm256_loadu_si256((const __m256i *)(const void *)(p + i + 2));
		__m256i r = _mm256_and_si256(
			_mm256_and_si256(BITS256(0, v0), BITS256(1, v1)), BITS256(2, v2));
		uint32_t hit = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(r, zero));

		for (; hit != 0; hit &= hit - 1)
			check_exact(s, i + (size_t)__builtin_ctz(hit));
	}
	return i;
}

#define SET512(t) _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)(t)))
#define BITS512(k, v)                                                                              \
	_mm512_and_si512(_mm512_shuffle_epi8(lo[k], _mm512_and_si512((v), nibble)),                \
		_mm512_shuffle_epi8(hi[k], _mm512_and_si512(_mm512_srli_epi16((v), 4), nibble)))

__attribute__((target("avx512f,avx512bw"))) static size_t sweep_avx512(struct sweep *s)
{
	const __m512i nibble = _mm512_set1_epi8(15);
	const struct pqm_matcher *m = s->m;
	const uint8_t *p = s->w.p;
	__m512i lo[FP], hi[FP];
	size_t i = 0;

	for (int k = 0; k < FP; k++) {
		lo[k] = SET512(m->lo[k]);
		hi[k] = SET512(m->hi[k]);
	}
	for (; i + 64 + FP - 1 <= s->w.n; i += 64) {
		__m512i v0 = _mm512_loadu_si512(p + i);
		__m512i v1 = _mm512_loadu_si512(p + i + 1);
		__m512i v2 = _mm512_loadu_si512(p + i + 2);
		__m512i r = _mm512_and_si512(
			_mm512_and_si512(BITS512(0, v0), BITS512(1, v1)), BITS512(2, v2));
		uint64_t hit = _mm512_test_epi8_mask(r, r);

		for (; hit != 0; hit &= hit - 1)
			check_exact(s, i + (size_t)__builtin_ctzll(hit));
	}
	return i;
}
#endif

void pqm_matcher_sweep(const struct pqm_matcher *m, pqm_bytes window, size_t n_seen, uint64_t base,
	struct pqm_matches *out)
{
	struct sweep s = { m, window, n_seen, base, out };
	size_t done = 0;

#if defined(__x86_64__)
	if (m->level == 2)
		done = sweep_avx512(&s);
	else if (m->level == 1)
		done = sweep_avx2(&s);
#endif
	sweep_c(&s, done);
}
