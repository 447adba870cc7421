/*
 * slhdsa_lanes.h — batches of SLH-DSA's SHA-2 hashes on vectors.
 *
 * Shape:     a template: included by slhdsa_avx2.c and slhdsa_avx512.c, after sha2_lanes.h for both
 *            word sizes and with these macros:
 *              N32, N64               lanes of a vector of 32-bit and 64-bit words
 *              V32, V64               the vector types; SET32 ADD32 SHR32 SHL32 OR32, SET64, ADD64
 *              PICK32(old, new, a, b) `new` in the lanes where a == b
 *              JOIN32(hi, lo)         hi << 16 | lo >> 16
 *              NV                     vectors at once in chains of F: 1 or 2
 *              FN(name)               the functions' names at this level
 * Secrets:   chain values stay in vectors; arrays that held them are wiped.
 * Standard:  FIPS 205 §11.2.
 */

/* Word i of lane l of vector v at x[v][i][l], as the vectors are loaded. */
struct lanes32 {
	uint32_t x[2][16][N32];
} __attribute__((aligned(64)));

struct lanes64 {
	uint64_t x[16][N64];
} __attribute__((aligned(64)));

ALWAYS V32 load32(const uint32_t *p)
{
	return *(const V32 *)(const void *)p;
}

ALWAYS void store32(uint32_t *p, V32 v)
{
	*(V32 *)(void *)p = v;
}

/* ---- chains of F and PRF: one block each, the address in the first 5½ words ---- */
struct FN(chain) {
	unsigned steps;
	enum slh_type type_prf, type_f;
	V32 w1[2], w2[2], w3[2], at[2];
	V32 val[2][8], cap[2][8];
	V32 start[2][8]; /* the state after the five rounds that a chain's steps have in common */
	V32 head[2][5];
};

/* The address words that do not change along a chain: 5 rounds done once. */
ALWAYS void five_rounds(
	const struct hyb_slh_hash *h, struct FN(chain) * c, enum slh_type type, unsigned nv)
{
	V32 w0 = SET32(h->layer << 24 | (uint32_t)(h->tree >> 40));
	V32 w1 = SET32((uint32_t)(h->tree >> 8));
	V32 w2 = SET32((uint32_t)h->tree << 24 | (uint32_t)type << 16);

	for (unsigned v = 0; v < nv; v++) {
		c->head[v][0] = w0;
		c->head[v][1] = w1;
		c->head[v][2] = OR32(w2, SHR32(c->w1[v], 16));
		c->head[v][3] = JOIN32(c->w1[v], c->w2[v]);
		c->head[v][4] = JOIN32(c->w2[v], c->w3[v]);
		for (unsigned i = 0; i < 8; i++)
			c->start[v][i] = SET32(h->mid256[i]);
#pragma GCC unroll 5
		for (unsigned i = 0; i < 5; i++)
			round_32(c->start[v], i, ADD32(c->head[v][i], SET32(sha256_k[i])));
	}
}

/* val = F or PRF of val, n = 4 nw bytes. */
ALWAYS void one_step(const struct hyb_slh_hash *h, struct FN(chain) * c, unsigned nw, unsigned nv)
{
	V32 s[2][8], w[2][16];

	for (unsigned v = 0; v < nv; v++) {
		for (unsigned i = 0; i < 8; i++)
			s[v][i] = c->start[v][i];
		for (unsigned i = 0; i < 5; i++)
			w[v][i] = c->head[v][i];
		w[v][5] = JOIN32(c->w3[v], c->val[v][0]);
#pragma GCC unroll 8
		for (unsigned i = 1; i < nw; i++)
			w[v][5 + i] = JOIN32(c->val[v][i - 1], c->val[v][i]);
		w[v][5 + nw] = OR32(SHL32(c->val[v][nw - 1], 16), SET32(0x8000));
		for (unsigned i = 6 + nw; i < 15; i++)
			w[v][i] = SET32(0);
		w[v][15] = SET32(8 * (64 + 22 + 4 * nw));
	}
	rounds_32(s, w, nv, 5, 6 + nw);
	for (unsigned v = 0; v < nv; v++)
		for (unsigned i = 0; i < nw; i++)
			c->val[v][i] = ADD32(s[v][i], SET32(h->mid256[i]));
}

ALWAYS void capture(struct FN(chain) * c, uint32_t step, unsigned nw, unsigned nv)
{
	for (unsigned v = 0; v < nv; v++)
		for (unsigned i = 0; i < nw; i++)
			c->cap[v][i] = PICK32(c->cap[v][i], c->val[v][i], c->at[v], SET32(step));
}

ALWAYS void run(const struct hyb_slh_hash *h, struct FN(chain) * c, unsigned nw, unsigned nv)
{
	uint32_t step = 0;

	if (c->type_prf == SLH_WOTS_HASH) {
		capture(c, 0, nw, nv);
		step = 1;
	}
	/* Step 0 is PRF; it stands in the loop so that there is one copy of the code. */
	for (; step <= c->steps; step++) {
		if (step <= 1)
			five_rounds(h, c, step == 0 ? c->type_prf : c->type_f, nv);
		one_step(h, c, nw, nv);
		capture(c, step, nw, nv);
		for (unsigned v = 0; step > 0 && v < nv; v++)
			c->w3[v] = ADD32(c->w3[v], SET32(1));
	}
}

/* Words of a lane, big-endian. */
static void put_words(uint8_t *out, uint32_t (*x)[N32], unsigned lane, size_t nw)
{
	for (size_t i = 0; i < nw; i++) {
		uint32_t b = __builtin_bswap32(x[i][lane]);

		memcpy(out + 4 * i, &b, 4);
	}
}

static void get_words(uint32_t (*x)[N32], const uint8_t *in, unsigned lane, size_t nw)
{
	for (size_t i = 0; i < nw; i++)
		x[i][lane] = hyb_load32be(in + 4 * i);
}

/* Vectors from t: the value in words 0 to 7, then address words and capture positions. */
static void chain_load(struct FN(chain) * c, const struct lanes32 *t)
{
	for (unsigned v = 0; v < NV; v++) {
		for (size_t i = 0; i < 8; i++)
			c->val[v][i] = c->cap[v][i] = load32(t->x[v][i]);
		c->w1[v] = load32(t->x[v][8]);
		c->w2[v] = load32(t->x[v][9]);
		c->w3[v] = load32(t->x[v][10]);
		c->at[v] = load32(t->x[v][11]);
	}
}

/* `count` items from `from` on. */
static void chain_in(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j, unsigned from,
	unsigned count, struct FN(chain) * c, struct lanes32 *t)
{
	size_t nw = h->p->n / 4U;

	memset(t, 0, sizeof(*t));
	for (unsigned i = 0; i < count; i++) {
		uint32_t(*x)[N32] = t->x[i / N32];

		x[8][i % N32] = j->w1[from + i];
		x[9][i % N32] = j->w2[from + i];
		x[10][i % N32] = j->w3[from + i];
		x[11][i % N32] = j->at[from + i];
		get_words(x, j->type_prf != SLH_WOTS_HASH ? h->sk_seed : j->in[from + i], i % N32,
			nw);
	}
	c->steps = j->steps;
	c->type_prf = j->type_prf;
	c->type_f = j->type_f;
	chain_load(c, t);
}

static void chain_out(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j, unsigned from,
	unsigned count, const struct FN(chain) * c, struct lanes32 *t)
{
	size_t nw = h->p->n / 4U;

	for (unsigned v = 0; v < NV; v++) {
		for (size_t i = 0; i < 8; i++) {
			store32(t->x[v][i], c->val[v][i]);
			store32(t->x[v][8 + i], c->cap[v][i]);
		}
	}
	for (unsigned i = 0; i < count; i++) {
		if (j->out != NULL)
			put_words(j->out + (from + i) * 4 * nw, t->x[i / N32], i % N32, nw);
		if (j->cap[from + i] != NULL)
			put_words(j->cap[from + i], t->x[i / N32] + 8, i % N32, nw);
	}
}

#define RUN(nw, nv)                                                                                \
	static __attribute__((noinline)) void run_##nw##_##nv(                                     \
		const struct hyb_slh_hash *h, struct FN(chain) * c)                                \
	{                                                                                          \
		run(h, c, nw, nv);                                                                 \
	}
RUN(4, 1)
RUN(6, 1)
RUN(8, 1)
#if NV == 2
RUN(4, 2)
RUN(6, 2)
RUN(8, 2)
#endif
#undef RUN

typedef void (*runner)(const struct hyb_slh_hash *h, struct FN(chain) * c);

/* For n of 16, 24, 32 and one vector, or NV. */
static const runner runners[3][2] = {
#if NV == 2
	{ run_4_1, run_4_2 },
	{ run_6_1, run_6_2 },
	{ run_8_1, run_8_2 },
#else
	{ run_4_1, NULL },
	{ run_6_1, NULL },
	{ run_8_1, NULL },
#endif
};

void FN(hyb_slh_chains_sha2)(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j)
{
	struct FN(chain) c;
	struct lanes32 t;

	for (unsigned at = 0; at < j->n_items; at += NV * N32) {
		unsigned left = j->n_items - at, count = left < NV * N32 ? left : NV * N32;

		chain_in(h, j, at, count, &c, &t);
		runners[h->p->n / 8U - 2][count > N32](h, &c);
		chain_out(h, j, at, count, &c, &t);
	}
	hyb_wipe(&c, sizeof(c));
	hyb_wipe(&t, sizeof(t));
}

/* H of category 1 is one block of 32 bytes: one step of a chain of n = 32, of which half is kept. */
static void pairs(
	const struct hyb_slh_hash *h, const struct hyb_slh_thash *j, unsigned at, unsigned count)
{
	struct FN(chain) c;
	struct lanes32 t;

	memset(&t, 0, sizeof(t));
	for (unsigned i = 0; i < count; i++) {
		uint32_t(*x)[N32] = t.x[i / N32];

		x[8][i % N32] = j->w1[at + i];
		x[9][i % N32] = j->w2[at + i];
		x[10][i % N32] = j->w3[at + i];
		get_words(x, j->in + (size_t)32 * (at + i), i % N32, 8);
	}
	c.steps = 1;
	c.type_prf = SLH_WOTS_HASH;
	c.type_f = j->type;
	chain_load(&c, &t);
	runners[2][count > N32](h, &c);
	for (unsigned v = 0; v < NV; v++)
		for (size_t i = 0; i < 4; i++)
			store32(t.x[v][i], c.val[v][i]);
	for (unsigned i = 0; i < count; i++)
		put_words(j->out + (size_t)16 * (at + i), t.x[i / N32], i % N32, 4);
}

/* ---- H and T_l ---- */
static __attribute__((noinline)) void compress32(uint32_t s[8][N32], uint32_t w[16][N32])
{
	V32 a[2][8], b[2][16];

	for (unsigned i = 0; i < 8; i++)
		a[0][i] = load32(s[i]);
	for (unsigned i = 0; i < 16; i++)
		b[0][i] = load32(w[i]);
	rounds_32(a, b, 1, 0, 16);
	for (unsigned i = 0; i < 8; i++)
		store32(s[i], ADD32(a[0][i], load32(s[i])));
}

static __attribute__((noinline)) void compress64(uint64_t s[8][N64], uint64_t w[16][N64])
{
	V64 a[2][8], b[2][16];

	for (unsigned i = 0; i < 8; i++)
		a[0][i] = *(const V64 *)(const void *)s[i];
	for (unsigned i = 0; i < 16; i++)
		b[0][i] = *(const V64 *)(const void *)w[i];
	rounds_64(a, b, 1, 0, 16);
	for (unsigned i = 0; i < 8; i++)
		*(V64 *)(void *)s[i] = ADD64(a[0][i], *(const V64 *)(const void *)s[i]);
}

static void some_thash32(
	const struct hyb_slh_hash *h, const struct hyb_slh_thash *j, unsigned at, unsigned count)
{
	uint32_t s[8][N32] __attribute__((aligned(64)));
	struct lanes32 t;
	struct hyb_slh_msg m[N32];
	size_t n_blocks = hyb_slh_msg_blocks(j->in_n, 64), n = h->p->n;

	for (unsigned i = 0; i < count; i++)
		hyb_slh_msg_init(&m[i], h, j, at + i);
	for (unsigned i = 0; i < 8; i++)
		store32(s[i], SET32(h->mid256[i]));
	memset(&t, 0, sizeof(t));
	for (size_t b = 0; b < n_blocks; b++) {
		for (unsigned i = 0; i < count; i++) {
			uint8_t block[64];

			get_words(t.x[0], hyb_slh_msg_block(block, &m[i], 64, b), i, 16);
		}
		compress32(s, t.x[0]);
	}
	for (unsigned i = 0; i < count; i++)
		put_words(j->out + (at + i) * n, s, i, n / 4);
}

static void some_thash64(
	const struct hyb_slh_hash *h, const struct hyb_slh_thash *j, unsigned at, unsigned count)
{
	uint64_t s[8][N64] __attribute__((aligned(64)));
	struct lanes64 t;
	struct hyb_slh_msg m[N64];
	size_t n_blocks = hyb_slh_msg_blocks(j->in_n, 128), n = h->p->n;

	for (unsigned i = 0; i < count; i++)
		hyb_slh_msg_init(&m[i], h, j, at + i);
	for (unsigned i = 0; i < 8; i++)
		*(V64 *)(void *)s[i] = SET64(h->mid512[i]);
	memset(&t, 0, sizeof(t));
	for (size_t b = 0; b < n_blocks; b++) {
		for (unsigned i = 0; i < count; i++) {
			uint8_t block[128];

			const uint8_t *p = hyb_slh_msg_block(block, &m[i], 128, b);

			for (size_t k = 0; k < 16; k++)
				t.x[k][i] = hyb_load64be(p + 8 * k);
		}
		compress64(s, t.x);
	}
	for (unsigned i = 0; i < count; i++)
		for (size_t k = 0; k < n / 8; k++)
			hyb_store64be(j->out + (at + i) * n + 8 * k, s[k][i]);
}

/* Items `from` on, one by one. */
static void rest(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j, unsigned from,
	void (*one)(const struct hyb_slh_hash *, const struct hyb_slh_thash *))
{
	struct hyb_slh_thash r = { .n_items = j->n_items - from, .type = j->type, .in_n = j->in_n };

	for (unsigned i = 0; i < r.n_items; i++) {
		r.w1[i] = j->w1[from + i];
		r.w2[i] = j->w2[from + i];
		r.w3[i] = j->w3[from + i];
	}
	r.in = j->in + from * j->in_n;
	r.out = j->out + (size_t)from * h->p->n;
	one(h, &r);
}

void FN(hyb_slh_thash_sha256)(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j)
{
	const unsigned wide = NV * N32;
	unsigned at = 0, step = wide;

	if (j->in_n != 32)
		step = N32;

	for (; j->n_items - at >= FEW32; at += step) {
		unsigned left = j->n_items - at;

		(j->in_n == 32 ? pairs : some_thash32)(h, j, at, left < step ? left : step);
		if (left <= step)
			return;
	}
	if (at < j->n_items)
		rest(h, j, at, hyb_slh_thash_sha256);
}

void FN(hyb_slh_thash_sha512)(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j)
{
	unsigned at = 0;

	for (; j->n_items - at >= 2; at += N64) {
		unsigned left = j->n_items - at;

		some_thash64(h, j, at, left < N64 ? left : N64);
		if (left <= N64)
			return;
	}
	if (at < j->n_items)
		rest(h, j, at, hyb_slh_thash_sha512);
}
