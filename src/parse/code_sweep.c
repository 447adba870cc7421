/* code_sweep.c — programs with too much code to hold all of its functions: sweeps over the text look for branches
 * and operands that lead to what is wanted, and the functions around these, and around their callers, are all
 * that is known. */
#include <stdlib.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/mapped.h"
#include "code_int.h"

#define ALWAYS inline __attribute__((always_inline))

enum {
	BACK_BYTES = 1 << 16, /* a function that no table lists starts no further back */
	AHEAD_BYTES = 1 << 16,
	SHORT_BYTES =
		140, /* the furthest that a jump of two bytes comes from, and its neighbourhood */
	PAGE_WORDS = 12, /* instructions between adrp and its use */
	WIDE = 32,
	PIECE = 2048,
	WINDOW = 1 << 22, /* bytes between two times that pages are given back */
};

enum how {
	H_CALL,
	H_JUMP,
	H_IF,
	H_TAKE,
};

struct sweep {
	struct pqm_img *g;
	uint32_t lo, bytes; /* the words that the linker fills with what is wanted lie here */
	unsigned shift;	    /* of addresses where functions start: of 4 or 16 bytes */
	uint8_t *starts;    /* one bit for each such place: it is called */
	uint8_t *goals;	    /* one bit for 16 bytes: something of interest is there */
	uint8_t *coarse;    /* the same for 4,096 bytes, which stays near to the processor */
	bool wants_starts;
	/* A branch or an address leads from `at` to a goal. */
	void (*found)(struct sweep *s, uint32_t at, uint32_t to, enum how how);
	struct pqm_buf hits, stubs; /* rva */
	size_t n_callers;
	bool has_memory, is_full, has_avx2;
};

/* Eight numbers at once: the compiler knows what the machine has for it. */
typedef uint32_t wide __attribute__((vector_size(32)));
typedef uint8_t bytes16 __attribute__((vector_size(16)));

static void set_bit(uint8_t *map, uint32_t i)
{
	map[i >> 3] = (uint8_t)(map[i >> 3] | 1u << (i & 7));
}

static bool has_bit(const uint8_t *map, uint32_t i)
{
	return (map[i >> 3] >> (i & 7) & 1) != 0;
}

static bool is_goal(const struct sweep *s, uint32_t rva)
{
	return has_bit(s->coarse, rva >> 12) && has_bit(s->goals, rva >> 4);
}

static void set_goal(struct sweep *s, uint32_t rva)
{
	set_bit(s->coarse, rva >> 12);
	set_bit(s->goals, rva >> 4);
}

static void add_rva(struct sweep *s, struct pqm_buf *to, uint32_t rva)
{
	if (to->n >= PQM_CODE_CALLS * sizeof(rva)) {
		s->is_full = true;
		return;
	}
	s->has_memory &= pqm_buf_add(to, (pqm_bytes){ (const uint8_t *)&rva, sizeof(rva) });
}

static uint32_t rva_at(const struct pqm_buf *b, size_t i)
{
	uint32_t v;

	memcpy(&v, b->p + i * sizeof(v), sizeof(v));
	return v;
}

static int by_rva(const void *va, const void *vb)
{
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;

	return (a > b) - (a < b);
}

static void sort_rvas(struct pqm_buf *b)
{
	if (b->n > 0)
		qsort(b->p, b->n / sizeof(uint32_t), sizeof(uint32_t), by_rva);
}

/* ---- operands: words that the linker fills ---- */

static bool is_wanted_word(const struct pqm_img *g, uint32_t rva)
{
	size_t k = pqm_code_slot(g, rva);

	return k < g->n_slots && g->slots[k].at == rva && g->slots[k].is_import &&
		g->imports[g->slots[k].value].is_wanted;
}

static void find_words(struct sweep *s)
{
	const struct pqm_img *g = s->g;
	uint32_t hi = 0;

	s->lo = UINT32_MAX;
	for (size_t i = 0; i < g->n_slots; i++) {
		const struct pqm_slot *t = &g->slots[i];

		if (!t->is_import || t->is_table || !g->imports[t->value].is_wanted)
			continue;
		s->lo = t->at < s->lo ? t->at : s->lo;
		hi = t->at + 1;
	}
	s->bytes = hi > s->lo ? hi - s->lo : 0;
}

/* An entry of a linkage table whose operand or adrp is at `at`: it may start before. */
static void note_stub(struct sweep *s, uint32_t at)
{
	static const uint8_t x86[] = { 7, 6, 3, 2 }, a64[] = { 4, 0 };
	const uint8_t *back = s->g->is_a64 ? a64 : x86;
	uint32_t import;

	for (size_t i = 0; i < (s->g->is_a64 ? sizeof(a64) : sizeof(x86)); i++)
		if (at >= back[i] && pqm_code_stub(s->g, at - back[i], &import)) {
			add_rva(s, &s->stubs, at - back[i]);
			return;
		}
}

static void operand(struct sweep *s, uint32_t at, uint32_t to)
{
	if (!is_wanted_word(s->g, to))
		return;
	add_rva(s, &s->hits, at);
	note_stub(s, at);
}

/* Every place of p is taken for a distance from its own end. */
static ALWAYS void each_operand(struct sweep *s, const uint8_t *p, size_t n, uint32_t rva)
{
	const wide step = { 0, 4, 8, 12, 16, 20, 24, 28 };
	const wide len = s->bytes - (wide){ 0 };
	wide base = step + (rva + 4 - s->lo);
	size_t i = 0;

	for (; i + WIDE + 4 <= n; i += WIDE, base += WIDE) {
		wide any = { 0 }, v;
		uint64_t part[4];

		for (uint32_t k = 0; k < 4; k++) {
			memcpy(&v, p + i + k, sizeof(v));
			any |= (wide)(v + base + k < len);
		}
		memcpy(part, &any, sizeof(part));
		if ((part[0] | part[1] | part[2] | part[3]) == 0)
			continue;
		for (uint32_t k = 0; k < WIDE; k++) {
			uint32_t at = rva + (uint32_t)i + k, to = at + 4 + pqm_le32(p + i + k);

			if (to - s->lo < s->bytes)
				operand(s, at, to);
		}
	}
	for (; i + 4 <= n; i++) {
		uint32_t at = rva + (uint32_t)i, to = at + 4 + pqm_le32(p + i);

		if (to - s->lo < s->bytes)
			operand(s, at, to);
	}
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void each_operand_avx2(
	struct sweep *s, const uint8_t *p, size_t n, uint32_t rva)
{
	each_operand(s, p, n, rva);
}
#endif

static void x86_operands(struct sweep *s, const uint8_t *p, size_t n, uint32_t rva)
{
#if defined(__x86_64__)
	if (s->has_avx2) {
		each_operand_avx2(s, p, n, rva);
		return;
	}
#endif
	each_operand(s, p, n, rva);
}

/* What the adrp at p leads to, with the loads and additions behind it. */
struct uses {
	size_t n;
	uint64_t to[PAGE_WORDS];
	bool is_lea[PAGE_WORDS];
};

static void a64_uses(struct uses *u, const uint8_t *p, size_t n, uint64_t addr)
{
	struct pqm_insn page, o;

	u->n = 0;
	pqm_a64_decode(&page, p, n, addr);
	if (page.dst > 30)
		return;
	for (size_t i = 4; i + 4 <= n && i <= PAGE_WORDS * 4; i += 4) {
		pqm_a64_decode(&o, p + i, 4, addr + i);
		bool is_lea = o.op == PQM_OP_ADD && o.src == page.dst;

		if (is_lea ||
			((o.op == PQM_OP_LOAD || o.op == PQM_OP_STORE) && o.base == page.dst)) {
			u->is_lea[u->n] = is_lea;
			u->to[u->n++] = page.imm + (is_lea ? o.imm : (uint64_t)o.disp);
		}
		if (o.dst == page.dst || o.dst2 == page.dst || (o.kills >> page.dst & 1) != 0)
			return;
	}
}

static bool is_adrp(uint32_t w)
{
	return (w & 0x9f000000) == 0x90000000;
}

static uint64_t adrp_page(uint32_t w, uint64_t addr)
{
	int64_t pages = (int64_t)((uint64_t)(w >> 5 & 0x7ffff) << 45) >> 43 | (w >> 29 & 3);

	return (addr & ~UINT64_C(0xfff)) + (uint64_t)pages * 0x1000;
}

static void a64_operands(struct sweep *s, const uint8_t *p, size_t n, uint32_t rva)
{
	uint64_t base = s->g->base, lo = (base + s->lo) & ~UINT64_C(0xfff),
		 bytes = base + s->lo + s->bytes - lo;
	struct uses u;

	for (size_t i = 0; i + 4 <= n; i += 4) {
		uint32_t w = pqm_le32(p + i);
		uint64_t addr = base + rva + i;

		if (!is_adrp(w) || adrp_page(w, addr) - lo >= bytes)
			continue;
		a64_uses(&u, p + i, n - i, addr);
		for (size_t k = 0; k < u.n; k++)
			if (u.to[k] - base - s->lo < s->bytes)
				operand(s, rva + (uint32_t)i, (uint32_t)(u.to[k] - base));
	}
}

/* ---- branches, and addresses of code ---- */

/* Of AArch64. */
static void branch(struct sweep *s, uint32_t at, uint32_t to, enum how how)
{
	if (to >= s->g->top)
		return;
	if (s->wants_starts && how == H_CALL)
		set_bit(s->starts, to >> 2);
	if (is_goal(s, to))
		s->found(s, at, to, how);
}

/* Of 8 bytes, 0xff or 0 each, one bit each. */
static ALWAYS uint64_t bits_of(uint64_t v)
{
	return (v & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080) >> 56;
}

/* Of 16 places those where call, jmp, jcc or lea may begin, as bits. */
static ALWAYS uint64_t may_begin(const uint8_t *p)
{
	bytes16 a, b, m;
	uint64_t half[2];

	memcpy(&a, p, sizeof(a));
	memcpy(&b, p + 1, sizeof(b));
	m = (bytes16)((a & 0xfe) == 0xe8) | ((bytes16)(a == 0x0f) & (bytes16)((b & 0xf0) == 0x80)) |
		((bytes16)(a == 0x8d) & (bytes16)((b & 0xc7) == 5));
	memcpy(half, &m, sizeof(half));
	return bits_of(half[0]) | bits_of(half[1]) << 8;
}

/* Candidates of one piece of the text: where, and what they lead to. */
struct piece {
	uint32_t n;
	uint16_t at[PIECE + 8];
	uint32_t to[PIECE + 8];
};

static ALWAYS uint32_t count_bits(uint64_t v)
{
	v -= v >> 1 & UINT64_C(0x5555555555555555);
	v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
	v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (uint32_t)(v * UINT64_C(0x0101010101010101) >> 56);
}

/* The places in the n bytes at p, 16 bytes more being there. Eight are written at a time, as fewer than that is
 * what 64 bytes mostly hold, and no branch is guessed wrong. */
static ALWAYS void write_places(struct piece *c, uint64_t m, size_t i)
{
	uint32_t found = count_bits(m);

	for (uint32_t done = 0; done < found; done += 8)
		for (uint32_t k = 0; k < 8; k++, m &= m - 1)
			c->at[c->n + done + k] =
				(uint16_t)(i + (size_t)__builtin_ctzll(m | UINT64_C(1) << 63));
	c->n += found;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static ALWAYS uint64_t may_begin_avx2(const uint8_t *p)
{
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 1));
	__m256i call = _mm256_cmpeq_epi8(
		_mm256_and_si256(a, _mm256_set1_epi8((char)0xfe)), _mm256_set1_epi8((char)0xe8));
	__m256i jcc = _mm256_and_si256(_mm256_cmpeq_epi8(a, _mm256_set1_epi8(0x0f)),
		_mm256_cmpeq_epi8(_mm256_and_si256(b, _mm256_set1_epi8((char)0xf0)),
			_mm256_set1_epi8((char)0x80)));
	__m256i lea = _mm256_and_si256(_mm256_cmpeq_epi8(a, _mm256_set1_epi8((char)0x8d)),
		_mm256_cmpeq_epi8(
			_mm256_and_si256(b, _mm256_set1_epi8((char)0xc7)), _mm256_set1_epi8(5)));

	return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(call, _mm256_or_si256(jcc, lea)));
}

__attribute__((target("avx2,bmi,popcnt"))) static void list_places_avx2(
	struct piece *c, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 64)
		write_places(c, may_begin_avx2(p + i) | may_begin_avx2(p + i + 32) << 32, i);
}
#endif

static void list_places(struct piece *c, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 64)
		write_places(c,
			may_begin(p + i) | may_begin(p + i + 16) << 16 |
				may_begin(p + i + 32) << 32 | may_begin(p + i + 48) << 48,
			i);
}

/* Keeps those that lead into the file. */
static void aim(struct piece *c, const uint8_t *p, uint32_t rva, uint32_t top)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		const uint8_t *q = p + c->at[i];
		uint32_t two = (q[0] & 0xfe) != 0xe8;
		uint32_t to = rva + c->at[i] + 5 + two + pqm_le32(q + 1 + two);

		c->at[n] = c->at[i];
		c->to[n] = to;
		n += to < top;
	}
	c->n = n;
}

static enum how how_of(uint8_t code)
{
	return code == 0xe8 ? H_CALL : code == 0xe9 ? H_JUMP : code == 0x0f ? H_IF : H_TAKE;
}

static void x86_piece(struct sweep *s, struct piece *c, const uint8_t *p, size_t n, uint32_t rva)
{
	c->n = 0;
#if defined(__x86_64__)
	if (s->has_avx2)
		list_places_avx2(c, p, n);
	else
#endif
		list_places(c, p, n);
	aim(c, p, rva, s->g->top);
	for (uint32_t i = 0; s->wants_starts && i < c->n; i++) {
		uint32_t to = c->to[i];
		unsigned is_start = p[c->at[i]] == 0xe8 && (to & 15) == 0;

		s->starts[to >> 7] = (uint8_t)(s->starts[to >> 7] | is_start << (to >> 4 & 7));
	}
	for (uint32_t i = 0; i < c->n; i++)
		if (is_goal(s, c->to[i]))
			s->found(s, rva + c->at[i], c->to[i], how_of(p[c->at[i]]));
}

static void x86_branches(struct sweep *s, const uint8_t *p, size_t n, uint32_t rva)
{
	uint8_t last[PIECE + 16] = { 0 };
	struct piece c;
	size_t i = 0;

	for (; i + PIECE + 16 <= n; i += PIECE)
		x86_piece(s, &c, p + i, PIECE, rva + (uint32_t)i);
	/* Zeros behind the end are no branches. */
	for (; i < n; i += PIECE) {
		size_t left = n - i < PIECE ? n - i : PIECE;

		memset(last, 0, sizeof(last));
		memcpy(last, p + i, n - i < sizeof(last) ? n - i : sizeof(last));
		x86_piece(s, &c, last, (left + 63) & ~(size_t)63, rva + (uint32_t)i);
	}
}

/* Something of interest is in the page at addr. */
static bool has_page(const struct sweep *s, uint64_t addr)
{
	uint64_t rva = addr - s->g->base;

	return rva < s->g->top && ((rva & 0xfff) != 0 || has_bit(s->coarse, (uint32_t)rva >> 12));
}

static void a64_branches(struct sweep *s, const uint8_t *p, size_t n, uint32_t rva)
{
	uint64_t base = s->g->base;
	struct pqm_insn o;
	struct uses u;

	for (size_t i = 0; i + 4 <= n; i += 4) {
		uint32_t w = pqm_le32(p + i), at = rva + (uint32_t)i;

		if ((w & 0x7c000000) == 0x14000000) {
			uint32_t to = at + (uint32_t)((int32_t)(w << 6) >> 4);

			branch(s, at, to, w >> 31 != 0 ? H_CALL : H_JUMP);
		} else if ((w & 0x7c000000) == 0x34000000 || (w & 0xff000000) == 0x54000000) {
			pqm_a64_decode(&o, p + i, 4, base + at);
			branch(s, at, (uint32_t)(o.imm - base), H_IF);
		} else if (is_adrp(w) && has_page(s, adrp_page(w, base + at))) {
			a64_uses(&u, p + i, n - i, base + at);
			for (size_t k = 0; k < u.n; k++)
				if (u.is_lea[k] && u.to[k] - base < s->g->top)
					branch(s, at, (uint32_t)(u.to[k] - base), H_TAKE);
		}
	}
}

typedef void look(struct sweep *s, const uint8_t *p, size_t n, uint32_t rva);

/* Where code begins in a segment: one that holds the file's headers has tables before it, up to _init. */
static uint64_t first_code(const struct pqm_img *g, const struct pqm_seg *seg)
{
	return seg->off == 0 && g->init > seg->addr && g->init - seg->addr < seg->bytes
		? (g->init - seg->addr) & ~UINT64_C(3)
		: 0;
}

/* Over all code, in windows that overlap by one instruction's tail. */
static void over_text(struct sweep *s, look *x86, look *a64)
{
	const struct pqm_img *g = s->g;
	size_t more = g->is_a64 ? (PAGE_WORDS + 1) * 4 : 5;

	for (size_t i = 0; i < g->n_segs; i++) {
		const struct pqm_seg *seg = &g->segs[i];

		for (uint64_t at = first_code(g, seg); seg->is_code && at < seg->bytes;
			at += WINDOW) {
			uint64_t n = seg->bytes - at;

			n = n < WINDOW + more ? n : WINDOW + more;
			(g->is_a64 ? a64 : x86)(s, g->body.p + seg->off + at, (size_t)n,
				(uint32_t)(seg->addr - g->base + at));
			pqm_mapped_drop();
		}
	}
}

/* ---- functions ---- */

/* Alignment behind something that does not run on. */
static bool is_padded(const uint8_t *p, size_t n)
{
	size_t fill = 0;

	while (fill < n && fill < 16 && p[-1 - (int64_t)fill] == 0xcc)
		fill++;
	if (fill == 0 || fill + 5 > n)
		return false;
	const uint8_t *q = p - fill;

	return fill > 1 || q[-1] == 0xc3 || q[-2] == 0xeb || q[-5] == 0xe9 || q[-5] == 0xe8 ||
		(q[-2] == 0x0f && q[-1] == 0x0b);
}

static bool may_start(const struct sweep *s, uint32_t rva, const uint8_t *p, size_t before)
{
	return has_bit(s->starts, rva >> s->shift) || (!s->g->is_a64 && is_padded(p, before));
}

/* The function around rva: by the table of frames, else from the last place that is called to the next. */
static bool add_around(struct sweep *s, uint32_t rva)
{
	struct pqm_img *g = s->g;
	const struct pqm_seg *seg = pqm_code_seg(g, g->base + rva);
	uint32_t from, to, step = 1u << s->shift;

	if (seg == NULL || !seg->is_code)
		return true;
	if (pqm_code_frame(g, rva, &from, &to))
		return pqm_code_add(g, g->base + from, to - from, 0, 0);
	uint32_t first = (uint32_t)(seg->addr - g->base), last = first + (uint32_t)seg->bytes;
	const uint8_t *p = g->body.p + seg->off;
	uint32_t low = first;

	first = from > first ? from : first;
	last = to < last ? to : last;

	for (from = rva & ~(step - 1); from > first && rva - from < BACK_BYTES; from -= step)
		if (may_start(s, from, p + (from - low), from - first))
			break;
	for (to = (rva & ~(step - 1)) + step; to < last && to - rva < AHEAD_BYTES; to += step)
		if (may_start(s, to, p + (to - low), to - first))
			break;
	from = from < first ? first : from;
	to = to > last ? last : to;
	return pqm_code_add(g, g->base + from, to - from, PQM_F_GUESS, 0);
}

static bool add_functions(struct sweep *s)
{
	struct pqm_img *g = s->g;
	size_t n = s->hits.n / sizeof(uint32_t);
	uint32_t end = 0;

	sort_rvas(&s->hits);
	for (size_t i = 0; i < n; i++) {
		uint32_t rva = rva_at(&s->hits, i);

		if (rva < end) /* in the one before */
			continue;
		if (!add_around(s, rva))
			return false;
		end = g->n_funcs == 0 ? 0 : g->funcs[g->n_funcs - 1].end;
	}
	s->hits.n = 0;
	pqm_code_join(g);
	return true;
}

/* ---- what the sweeps find ---- */

static void to_wanted(struct sweep *s, uint32_t at, uint32_t to, enum how how)
{
	struct pqm_goal goal = pqm_code_goal(s->g, to);

	(void)how;
	if (goal.kind == PQM_GOAL_IMPORT ? s->g->imports[goal.index].is_wanted
					 : goal.kind == PQM_GOAL_FUNC &&
				(s->g->funcs[goal.index].flags & PQM_F_API) != 0)
		add_rva(s, &s->hits, at);
}

static void to_function(struct sweep *s, uint32_t at, uint32_t to, enum how how)
{
	struct pqm_img *g = s->g;
	uint32_t f = pqm_code_func(g, to);

	if (f == PQM_NO_FUNC || (at >= g->funcs[f].start && at < g->funcs[f].end))
		return;
	if (to != g->funcs[f].start) {
		if (how != H_TAKE && how != H_CALL)
			add_rva(s, &g->side_buf, to);
		return;
	}
	bool is_far = pqm_code_func(g, at) == PQM_NO_FUNC;

	if (how == H_TAKE || (is_far && s->n_callers == PQM_CODE_SWEPT_CALLERS)) {
		g->funcs[f].flags |= PQM_F_TAKEN;
	} else if (is_far) {
		add_rva(s, &s->hits, at);
		s->n_callers++;
	}
}

static void set_goals(struct sweep *s)
{
	const struct pqm_img *g = s->g;

	memset(s->goals, 0, (g->top >> 7) + 1);
	memset(s->coarse, 0, (g->top >> 15) + 1);
	for (size_t i = 0; i < s->stubs.n / sizeof(uint32_t); i++)
		set_goal(s, rva_at(&s->stubs, i));
	for (size_t i = 0; i < g->n_funcs; i++)
		for (uint32_t at = g->funcs[i].start & ~15u; at < g->funcs[i].end; at += 16)
			set_goal(s, at);
}

/* Jumps of two bytes into a function whose start was guessed. */
static void find_short(struct sweep *s)
{
	struct pqm_img *g = s->g;

	for (size_t i = 0; !g->is_a64 && i < g->n_funcs; i++) {
		const struct pqm_func *f = &g->funcs[i];
		const struct pqm_seg *seg = pqm_code_seg(g, g->base + f->start);
		uint32_t first = (uint32_t)(seg->addr - g->base), back = f->start - first;

		if ((f->flags & PQM_F_GUESS) == 0)
			continue;
		back = back < SHORT_BYTES ? back : SHORT_BYTES;
		const uint8_t *p = g->body.p + seg->off + (f->start - first);

		for (uint32_t k = 2; k <= back; k++) {
			const uint8_t *q = p - k;
			uint32_t to = (uint32_t)((int64_t)f->start - k + 2 + (int8_t)q[1]);

			if ((q[0] == 0xeb || (q[0] & 0xf0) == 0x70) && to > f->start && to < f->end)
				add_rva(s, &g->side_buf, to);
		}
	}
}

static bool prepare(struct sweep *s)
{
	struct pqm_img *g = s->g;

#if defined(__x86_64__)
	const char *level = getenv("PQMAP_CPU");

	s->has_avx2 = __builtin_cpu_supports("avx2") && (level == NULL || strcmp(level, "c") != 0);
#endif
	s->shift = g->is_a64 ? 2 : 4;
	s->starts = pqm_new(g->arena, uint8_t, (g->top >> s->shift >> 3) + 1);
	s->goals = pqm_new(g->arena, uint8_t, (g->top >> 7) + 1);
	s->coarse = pqm_new(g->arena, uint8_t, (g->top >> 15) + 1);
	pqm_buf_init(&s->hits, PQM_CODE_CALLS * sizeof(uint32_t));
	pqm_buf_init(&s->stubs, PQM_CODE_CALLS * sizeof(uint32_t));
	return s->starts != NULL && s->goals != NULL && s->coarse != NULL && pqm_code_add_wanted(g);
}

/* Twice: who calls these functions, and then who jumps into them or into their callers. */
static bool find_callers(struct sweep *s)
{
	struct pqm_img *g = s->g;

	s->found = to_function;
	s->stubs.n = 0;
	set_goals(s);
	over_text(s, x86_branches, a64_branches);
	if (s->hits.n > 0) {
		if (!add_functions(s))
			return false;
		/* Callers of callers are not known: anything may come from there. */
		s->n_callers = PQM_CODE_SWEPT_CALLERS;
		g->side_buf.n = 0;
		set_goals(s);
		over_text(s, x86_branches, a64_branches);
	}
	find_short(s);
	/* Where addresses are numbers they were not looked for. */
	for (size_t i = 0; i < g->n_funcs; i++)
		g->funcs[i].flags |= (g->is_fixed && !g->is_a64 ? PQM_F_TAKEN : 0) |
			(g->base + g->funcs[i].start == g->entry ? PQM_F_ENTRY : 0);
	return true;
}

static bool sweep_all(struct sweep *s)
{
	struct pqm_img *g = s->g;

	if (!prepare(s))
		return false;
	pqm_code_join(g);
	find_words(s);
	if (s->bytes > 0)
		over_text(s, x86_operands, a64_operands);
	set_goals(s);
	s->found = to_wanted;
	s->wants_starts = true;
	over_text(s, x86_branches, a64_branches);
	s->wants_starts = false;
	if (g->entry != 0)
		add_rva(s, &s->hits, (uint32_t)(g->entry - g->base));
	if (!add_functions(s))
		return false;
	return find_callers(s) && pqm_code_name_known(g) && s->has_memory;
}

enum pqm_st pqm_code_sweep(struct pqm_img *g, struct pqm_err *err)
{
	struct sweep s = { .g = g, .has_memory = true };

	g->is_part = true;
	bool ok = sweep_all(&s);

	g->is_full = s.is_full;
	pqm_buf_fini(&s.hits);
	pqm_buf_fini(&s.stubs);
	if (!ok)
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	enum pqm_st st = pqm_code_scan(g, err);

	pqm_mapped_drop();
	return st;
}
