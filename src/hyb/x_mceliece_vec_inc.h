/*
 * x_mceliece_vec_inc.h — the body of x_mceliece_vec_*.c, included once for each set.
 *
 * Given: M the field's degree, N, T the code's length and errors, SET a suffix, VEC_BYTES the vector of
 * the level. A plane holds one bit of every field element, 2^M bits in W = 2^(M - 6) = T words.
 *
 * The additive FFT [Gao, Mateer 2010; Bernstein, Chou, Schwabe 2013] evaluates f of degree below T on the
 * whole field. f(b y) = F0(y^2 + y) + y F1(y^2 + y), so values at y and y + 1 come from those of F0 and F1
 * at one point; b is the basis element that the level decides, and the six bits of the lane go along
 * through every map. Coefficient i is a constant polynomial at the bottom, at word bitrev(i).
 */
static WHOLE void F(mul)(vec *h, const vec *f, const vec *g)
{
	vec buf[2 * M - 1];

	MUL_BODY(h, f, g, buf);
}

static inline void F(mul_word)(uint64_t *h, const uint64_t *f, const uint64_t *g)
{
	uint64_t buf[2 * M - 1];

	MUL_BODY(h, f, g, buf);
}

static WHOLE void F(square)(vec *h, const vec *f)
{
	vec buf[2 * M - 1];

	UNROLL(32)
	for (unsigned i = 0; i < 2 * M - 1; i++)
		if (i % 2 == 0)
			buf[i] = f[i / 2];
		else
			buf[i] = zero_vec;
	REDUCE(h, buf);
}

static inline uint32_t F(gf_mul)(uint32_t a, uint32_t b)
{
	uint32_t r = 0;

	for (unsigned i = M; i-- > 0;) {
		r <<= 1;
		r ^= (M == 13 ? 0x201bU : 0x1009U) & (0U - (r >> M));
		r ^= a & (0U - (b >> i & 1));
	}
	return r;
}

typedef uint64_t F(plane)[MCE_MAX_WORDS];

static WHOLE void F(get)(vec *v, F(plane) * x, size_t at)
{
	UNROLL(32)
	for (unsigned q = 0; q < M; q++)
		v[q] = *(const vec *)(const void *)&x[q][at];
}

static WHOLE void F(put)(F(plane) * x, size_t at, const vec *v)
{
	UNROLL(32)
	for (unsigned q = 0; q < M; q++)
		*(vec *)(void *)&x[q][at] = v[q];
}

/* A linear function of the point: its values at the coordinates of lane and word. */
static void F(linear)(F(plane) * out, size_t at, size_t count, const uint16_t *values)
{
	for (unsigned q = 0; q < M; q++) {
		uint64_t lane = 0;

		for (unsigned c = 0; c < 6; c++)
			lane ^= lane_bits[c] & (0U - (uint64_t)(values[c] >> q & 1));
		out[q][at] = lane;
		for (size_t w = 1; w < count; w++) {
			size_t low = w & (w - 1);
			unsigned bit = (unsigned)__builtin_ctzll(w);

			out[q][at + w] =
				out[q][at + low] ^ (0U - (uint64_t)(values[6 + bit] >> q & 1));
		}
	}
}

/* The multipliers y of every level, and x^T. */
static void F(setup)(struct mceliece_planes *p)
{
	uint16_t top[M];

	for (unsigned j = 0; j < LOG_W; j++)
		F(linear)(p->tw, (size_t)1 << j, (size_t)1 << j, Y_TABLE[j]);
	for (unsigned c = 0; c < M; c++) {
		uint32_t x = 1U << (M - 1 - c);

		for (unsigned i = 0; i < LOG_W; i++)
			x = F(gf_mul)(x, x);
		top[c] = (uint16_t)x;
	}
	F(linear)(p->xt, 0, W, top);
}

/* In transposed order, word w stands at (w mod VW) NV + w / VW, so that the lowest levels' pairs lie in
 * different vectors. */
static inline size_t F(transposed)(size_t w)
{
	return (w % VW) * NV + w / VW;
}

static void F(transpose)(F(plane) * out, F(plane) * in, bool is_back)
{
	for (unsigned q = 0; q < M; q++)
		for (size_t w = 0; w < W; w++) {
			size_t t = F(transposed)(w);

			out[q][is_back ? w : t] = in[q][is_back ? t : w];
		}
}

/* The multiplier of level j for the pair at vector `at`: the same for a whole vector in transposed order. */
static WHOLE void F(multiplier)(vec *v, F(plane) * tw, unsigned j, size_t pair)
{
	UNROLL(32)
	for (unsigned q = 0; q < M; q++)
		if (j < LOG_VW)
			v[q] = zero_vec ^ tw[q][((size_t)1 << j) + pair];
		else
			v[q] = *(const vec *)(const void *)&tw[q][((size_t)1 << j) + pair];
}

/* One level: (u, v) becomes (u + y v, u + (y + 1) v). */
static void F(fft_level)(F(plane) * x, F(plane) * tw, unsigned j)
{
	bool is_t = j < LOG_VW;
	size_t gap = is_t ? (size_t)NV << j : (size_t)1 << j;

	for (size_t i = 0; i < W; i += 2 * gap)
		for (size_t at = i; at < i + gap; at += VW) {
			vec u[M], v[M], y[M];

			F(multiplier)(y, tw, j, is_t ? at / NV % ((size_t)1 << j) : at - i);
			F(get)(v, x, at + gap);
			F(mul)(y, y, v);
			F(get)(u, x, at);
			UNROLL(32)
			for (unsigned q = 0; q < M; q++) {
				u[q] ^= y[q];
				v[q] ^= u[q];
			}
			F(put)(x, at, u);
			F(put)(x, at + gap, v);
		}
}

/* Its transpose: (u, v) becomes (u + v, y (u + v) + v). */
static void F(fft_level_t)(F(plane) * x, F(plane) * tw, unsigned j)
{
	bool is_t = j < LOG_VW;
	size_t gap = is_t ? (size_t)NV << j : (size_t)1 << j;

	for (size_t i = 0; i < W; i += 2 * gap)
		for (size_t at = i; at < i + gap; at += VW) {
			vec u[M], v[M], y[M];

			F(multiplier)(y, tw, j, is_t ? at / NV % ((size_t)1 << j) : at - i);
			F(get)(u, x, at);
			F(get)(v, x, at + gap);
			UNROLL(32)
			for (unsigned q = 0; q < M; q++)
				u[q] ^= v[q];
			F(mul)(y, y, u);
			UNROLL(32)
			for (unsigned q = 0; q < M; q++)
				v[q] ^= y[q];
			F(put)(x, at, u);
			F(put)(x, at + gap, v);
		}
}

/* ---- coefficients, T of them in TW words a plane ---- */
typedef uint64_t F(coefs)[M][TW];

static void F(scale)(F(coefs) c, unsigned j)
{
	for (unsigned u = 0; u < TW; u++) {
		uint64_t f[M], g[M];

		for (unsigned q = 0; q < M; q++) {
			f[q] = c[q][u];
			g[q] = S_TABLE[j][q][u];
		}
		F(mul_word)(f, f, g);
		for (unsigned q = 0; q < M; q++)
			c[q][u] = f[q];
	}
}

static void F(radix)(F(coefs) c)
{
	for (unsigned j = 0; j + 1 < LOG_W; j++) {
		for (unsigned k = LOG_W - 2; k + 1 > j; k--)
			for (unsigned q = 0; q < M; q++)
				taylor(c[q], TW, k);
		F(scale)(c, j);
	}
}

static void F(radix_t)(F(coefs) c)
{
	for (unsigned j = LOG_W - 1; j-- > 0;) {
		F(scale)(c, j);
		for (unsigned k = j; k + 2 <= LOG_W; k++)
			for (unsigned q = 0; q < M; q++)
				taylor_t(c[q], TW, k);
	}
}

static inline size_t F(reversed)(size_t i)
{
	size_t r = 0;

	for (unsigned b = 0; b < LOG_W; b++)
		r |= (i >> b & 1) << (LOG_W - 1 - b);
	return r;
}

/* out = f on the field; f has T coefficients, spoilt. tmp: planes. */
static void F(fft)(F(plane) * out, F(coefs) f, F(plane) * tw, F(plane) * tmp)
{
	F(radix)(f);
	for (unsigned q = 0; q < M; q++)
		for (size_t i = 0; i < T; i++)
			tmp[q][F(transposed)(F(reversed)(i))] = 0 - (f[q][i / 64] >> (i % 64) & 1);
	for (unsigned j = 0; j < LOG_VW; j++)
		F(fft_level)(tmp, tw, j);
	F(transpose)(out, tmp, true);
	for (unsigned j = LOG_VW; j < LOG_W; j++)
		F(fft_level)(out, tw, j);
}

/* f = the sums of in times the powers 0 … T - 1 of the point. in is spoilt. */
static void F(fft_t)(F(coefs) f, F(plane) * in, F(plane) * tw, F(plane) * tmp)
{
	memset(f, 0, sizeof(F(coefs)));
	for (unsigned j = LOG_W; j-- > LOG_VW;)
		F(fft_level_t)(in, tw, j);
	F(transpose)(tmp, in, false);
	for (unsigned j = LOG_VW; j-- > 0;)
		F(fft_level_t)(tmp, tw, j);
	for (unsigned q = 0; q < M; q++)
		for (size_t i = 0; i < T; i++)
			f[q][i / 64] |=
				(uint64_t)__builtin_parityll(tmp[q][F(transposed)(F(reversed)(i))])
				<< (i % 64);
	F(radix_t)(f);
}

static void F(slice)(F(coefs) f, const uint16_t *v)
{
	memset(f, 0, sizeof(F(coefs)));
	for (unsigned q = 0; q < M; q++)
		for (size_t i = 0; i < T; i++)
			f[q][i / 64] |= (uint64_t)(v[i] >> q & 1) << (i % 64);
}

/* ---- the Goppa polynomial ---- */
static WHOLE void F(invert)(vec *r, const vec *x)
{
	vec y[M];
	unsigned len = 1;

	memcpy(r, x, sizeof(y));
	/* r = x^(2^len - 1), up to len = M - 1. */
	for (unsigned bit = 3; bit-- > 0;) {
		memcpy(y, r, sizeof(y));
		for (unsigned i = 0; i < len; i++)
			F(square)(y, y);
		F(mul)(r, r, y);
		len *= 2;
		if (((M - 1U) >> bit & 1) != 0) {
			F(square)(r, r);
			F(mul)(r, r, x);
			len++;
		}
	}
	F(square)(r, r);
}

/* p->inv = 1 / g, all over the field. */
static void F(goppa)(const uint16_t *g, struct mceliece_planes *p)
{
	F(coefs) f;

	F(slice)(f, g);
	F(fft)(p->inv, f, p->tw, p->a);
	for (size_t at = 0; at < W; at += VW) {
		vec v[M], x[M];

		F(get)(v, p->inv, at);
		F(get)(x, p->xt, at);
		for (unsigned q = 0; q < M; q++)
			x[q] ^= v[q];
		F(invert)(v, x);
		F(put)(p->inv, at, v);
	}
	hyb_wipe(f, sizeof(f));
}

static void F(invert_goppa)(uint16_t *out, const uint16_t *g, struct mceliece_planes *p)
{
	F(setup)(p);
	F(goppa)(g, p);
	for (size_t v = 0; v < (size_t)W * 64; v++) {
		uint32_t x = 0;

		for (unsigned q = 0; q < M; q++)
			x |= (uint32_t)(p->inv[q][v / 64] >> (v % 64) & 1) << q;
		out[v] = (uint16_t)x;
	}
}

/* ---- the matrix ---- */
static void F(fill_matrix)(
	uint64_t *mat, const uint16_t *inv, const uint16_t *support, struct mceliece_planes *p)
{
	memset(p->a, 0, sizeof(p->a));
	memset(p->b, 0, sizeof(p->b));
	for (size_t i = 0; i < N; i++)
		for (unsigned q = 0; q < M; q++) {
			p->a[q][i / 64] |= (uint64_t)(inv[i] >> q & 1) << (i % 64);
			p->b[q][i / 64] |= (uint64_t)(support[i] >> q & 1) << (i % 64);
		}
	for (size_t r = 0; r < T; r++)
		for (size_t at = 0; at < ROW_WORDS; at += VW) {
			vec h[M], x[M];

			F(get)(h, p->a, at);
			for (unsigned q = 0; q < M; q++)
				*(vec *)(void *)&mat[(r * M + q) * ROW_WORDS + at] = h[q];
			F(get)(x, p->b, at);
			F(mul)(h, h, x);
			F(put)(p->a, at, h);
		}
}

/* x += y where mask is all-ones, words `from` to `to`. */
static inline void F(add_row)(uint64_t *x, const uint64_t *y, uint64_t mask, size_t from, size_t to)
{
	for (size_t at = from; at < to; at += VW)
		*(vec *)(void *)(x + at) ^=
			*(const vec *)(const void *)(y + at) & (zero_vec ^ mask);
}

static inline uint64_t F(bit_mask)(const uint64_t *row, size_t column)
{
	return hyb_barrier64(0 - (row[column / 64] >> (column % 64) & 1));
}

/* Rows that are cleared of PANEL columns together. */
#define PANEL 8U

/* x += the rows from y on where their mask is all-ones; `count` vectors of each, at most 4. */
static WHOLE void F(add_rows)(
	uint64_t *x, const uint64_t *y, const uint64_t *mask, size_t rows, unsigned count)
{
	vec v[4];

	for (unsigned i = 0; i < count; i++)
		v[i] = *(const vec *)(const void *)(x + i * VW);
	for (size_t k = 0; k < rows; k++)
		UNROLL(4)
	for (unsigned i = 0; i < count; i++)
		v[i] ^= *(const vec *)(const void *)(y + k * ROW_WORDS + i * VW) &
			(zero_vec ^ mask[k]);
	for (unsigned i = 0; i < count; i++)
		*(vec *)(void *)(x + i * VW) = v[i];
}

/* Adds the first row below with a one in `column`, if row r has none there; all are read. */
static void F(find_pivot)(
	uint64_t *mat, size_t r, const uint8_t *bytes, unsigned bit, size_t from, size_t to)
{
	uint64_t take[M * T];
	uint64_t *pivot = mat + r * ROW_WORDS;
	uint64_t open = ~F(bit_mask)(pivot, r);
	size_t below = M * (size_t)T - r - 1, at = from;

	for (size_t k = 0; k < below; k++) {
		take[k] = open & hyb_barrier64(0 - ((uint64_t)bytes[r + 1 + k] >> bit & 1));
		open &= ~take[k];
	}
	for (; at + 4 * VW <= to; at += 4 * VW)
		F(add_rows)(pivot + at, pivot + ROW_WORDS + at, take, below, 4);
	for (; at < to; at += VW)
		F(add_rows)(pivot + at, pivot + ROW_WORDS + at, take, below, 1);
	hyb_wipe(take, sizeof(take));
}

/* Makes rows r … r + 7 the identity in columns r … r + 7; bytes: those columns of all rows. */
static bool F(make_panel)(uint64_t *mat, size_t r, uint8_t *bytes, size_t from, size_t to)
{
	const size_t rows = (size_t)M * T;

	for (unsigned j = 0; j < PANEL; j++) {
		uint64_t *pivot = mat + (r + j) * ROW_WORDS;
		uint8_t own = 0;

		for (unsigned i = 0; i < j; i++)
			F(add_row)
		(pivot, mat + (r + i) * ROW_WORDS, F(bit_mask)(pivot, r + i), from, to);
		F(find_pivot)(mat, r + j, bytes, j, from, to);
		for (unsigned i = 0; i < j; i++)
			F(add_row)
		(pivot, mat + (r + i) * ROW_WORDS, F(bit_mask)(pivot, r + i), from, to);
		if (F(bit_mask)(pivot, r + j) == 0)
			return false;
		for (unsigned i = 0; i < j; i++) {
			uint64_t *x = mat + (r + i) * ROW_WORDS;

			F(add_row)(x, pivot, F(bit_mask)(x, r + j), from, to);
		}
		/* What the rows below would show if this pivot were cleared from them already. */
		own = (uint8_t)(pivot[r / 64] >> (r % 64));
		for (size_t k = r + j + 1; k < rows; k++)
			bytes[k] ^= (uint8_t)(own & (0U - ((uint32_t)bytes[k] >> j & 1)));
	}
	return true;
}

/* Clears the panel's columns from one row. */
static inline void F(clear_row)(
	uint64_t *x, const uint64_t *panel, size_t r, size_t from, size_t to)
{
	vec mask[PANEL];

	for (unsigned j = 0; j < PANEL; j++)
		mask[j] = zero_vec ^ F(bit_mask)(x, r + j);
	for (size_t at = from; at < to; at += VW) {
		vec v = *(vec *)(void *)(x + at);

		UNROLL(8)
		for (unsigned j = 0; j < PANEL; j++)
			v ^= *(const vec *)(const void *)(panel + j * ROW_WORDS + at) & mask[j];
		*(vec *)(void *)(x + at) = v;
	}
}

/* Gauss elimination to (I | T) of the first `to` words; every row is touched for every pivot. */
static bool F(eliminate)(uint64_t *mat, size_t to)
{
	const size_t rows = (size_t)M * T;
	uint8_t bytes[M * T];

	for (size_t r = 0; r < rows; r += PANEL) {
		size_t from = r / 64 / VW * VW;

		for (size_t k = r; k < rows; k++)
			bytes[k] = (uint8_t)(mat[k * ROW_WORDS + r / 64] >> (r % 64));
		if (!F(make_panel)(mat, r, bytes, from, to))
			return false;
		for (size_t k = 0; k < rows; k++)
			if (k < r || k >= r + PANEL)
				F(clear_row)(mat + k * ROW_WORDS, mat + r * ROW_WORDS, r, from, to);
	}
	hyb_wipe(bytes, sizeof(bytes));
	return true;
}

/* Most matrices have no such form, which their left part tells at a third of the work. */
static bool F(make_matrix)(
	uint64_t *mat, const uint16_t *inv, const uint16_t *support, struct mceliece_planes *p)
{
	F(fill_matrix)(mat, inv, support, p);
	if (!F(eliminate)(mat, (M * T / 64 + VW - 1) / VW * VW))
		return false;
	F(fill_matrix)(mat, inv, support, p);
	return F(eliminate)(mat, ROW_WORDS);
}

#undef PANEL

/* x += c f over T elements. */
static void F(add_multiple)(uint16_t *restrict x, const uint16_t *restrict f, uint16_t c)
{
	uint32_t d = c;

	for (unsigned i = 0; i < M; i++) {
		for (unsigned k = 0; k < T; k++)
			x[k] ^= (uint16_t)(d & (0U - ((uint32_t)f[k] >> i & 1)));
		d = F(gf_mul)(d, 2);
	}
}

/* ---- encoding ---- */
#define ROW_BYTES ((N - M * T) / 8)
#define FULL (ROW_BYTES / VEC_BYTES)

/* ct = (I | T) e. A row's last vector overlaps the one before; e is zero there. */
static void F(encode)(uint8_t *ct, const uint8_t *pk, const uint8_t *e)
{
	const uint8_t *tail = e + M * T / 8;
	vec part[FULL + 1] = { { 0 } };

	memcpy(part, tail, FULL * VEC_BYTES);
	memcpy((uint8_t *)(part + FULL + 1) - ROW_BYTES % VEC_BYTES, tail + FULL * VEC_BYTES,
		ROW_BYTES % VEC_BYTES);
	memcpy(ct, e, M * T / 8);
	for (size_t r = 0; r < (size_t)M * T; r++, pk += ROW_BYTES) {
		vec sum =
			part[FULL] & *(const loose_vec *)(const void *)(pk + ROW_BYTES - VEC_BYTES);
		uint64_t x = 0;

		UNROLL(40)
		for (size_t i = 0; i < FULL; i++)
			sum ^= part[i] & *(const loose_vec *)(const void *)(pk + i * VEC_BYTES);
		for (unsigned i = 0; i < VW; i++)
			x ^= sum[i];
		ct[r / 8] ^= (uint8_t)((unsigned)__builtin_parityll(x) << (r % 8));
	}
	hyb_wipe(part, sizeof(part));
}

#undef ROW_BYTES
#undef FULL

/* ---- decoding ---- */
struct F(syndrome) {
	F(coefs) lo, hi; /* sums times the powers 0 … T - 1, and T … 2 T - 1, of the point */
};

/* Of the word's bits over g^2: p->inv holds 1 / g^2. */
static void F(syndromes)(struct F(syndrome) * s, const uint64_t *word, struct mceliece_planes *p)
{
	for (unsigned part = 0; part < 2; part++) {
		for (size_t at = 0; at < W; at += VW) {
			vec v[M], x[M], bits = *(const vec *)(const void *)(word + at);

			F(get)(v, p->inv, at);
			for (unsigned q = 0; q < M; q++)
				v[q] &= bits;
			if (part == 1) {
				F(get)(x, p->xt, at);
				F(mul)(v, v, x);
			}
			F(put)(p->a, at, v);
		}
		F(fft_t)(part == 0 ? s->lo : s->hi, p->a, p->tw, p->b);
	}
}

/* Shifts T coefficients up by one; `in` enters below. */
static inline void F(shift_up)(F(coefs) c, const uint64_t *in)
{
	for (unsigned q = 0; q < M; q++) {
		uint64_t carry = in[q] & 1;

		for (unsigned u = 0; u < TW; u++) {
			uint64_t next = c[q][u] >> 63;

			c[q][u] = c[q][u] << 1 | carry;
			carry = next;
		}
	}
}

/* Gathers one element of a word of M planes. */
static inline uint32_t F(element)(F(coefs) c, size_t i)
{
	uint32_t x = 0;

	for (unsigned q = 0; q < M; q++)
		x |= (uint32_t)(c[q][i / 64] >> (i % 64) & 1) << q;
	return x;
}

static inline void F(broadcast)(uint64_t *out, uint32_t x)
{
	for (unsigned q = 0; q < M; q++)
		out[q] = 0 - (uint64_t)(x >> q & 1);
}

/* The sum of all products of two sets of coefficients. */
static inline uint32_t F(dot)(F(coefs) a, F(coefs) b)
{
	uint64_t sum[M] = { 0 };
	uint32_t x = 0;

	for (unsigned u = 0; u < TW; u++) {
		uint64_t f[M], g[M];

		for (unsigned q = 0; q < M; q++) {
			f[q] = a[q][u];
			g[q] = b[q][u];
		}
		F(mul_word)(f, f, g);
		for (unsigned q = 0; q < M; q++)
			sum[q] ^= f[q];
	}
	for (unsigned q = 0; q < M; q++)
		x |= (uint32_t)__builtin_parityll(sum[q]) << q;
	return x;
}

/* c = x c + y b. */
static inline void F(combine)(F(coefs) c, uint32_t x, F(coefs) b, uint32_t y)
{
	uint64_t xs[M], ys[M];

	F(broadcast)(xs, x);
	F(broadcast)(ys, y);
	for (unsigned u = 0; u < TW; u++) {
		uint64_t f[M], g[M];

		for (unsigned q = 0; q < M; q++) {
			f[q] = c[q][u];
			g[q] = b[q][u];
		}
		F(mul_word)(f, f, xs);
		F(mul_word)(g, g, ys);
		for (unsigned q = 0; q < M; q++)
			c[q][u] = f[q] ^ g[q];
	}
}

/*
 * Berlekamp-Massey without division, in constant time: c0 and c are coefficient 0 and 1 … T of the
 * connection polynomial, b those of the last one that was replaced, times x.
 */
struct F(bm) {
	F(coefs) c, b, window;
	uint32_t c0, last;
};

static void F(berlekamp_massey)(struct F(bm) * w, struct F(syndrome) * s)
{
	uint32_t len = 0;
	uint64_t in[M];

	memset(w, 0, sizeof(*w));
	w->c0 = w->last = 1;
	for (unsigned q = 0; q < M; q++)
		w->b[q][0] = q == 0; /* x */
	for (uint32_t n = 0; n < 2 * T; n++) {
		uint32_t sn = n < T ? F(element)(s->lo, n) : F(element)(s->hi, n - T), c0 = w->c0;
		uint32_t d = F(dot)(w->c, w->window) ^ F(gf_mul)(c0, sn), last = w->last;
		uint32_t take =
			hyb_mask_nonzero32(d) & hyb_barrier32(0U - (1U ^ ((n - 2 * len) >> 31)));
		uint64_t wide = (uint64_t)(int64_t)(int32_t)take;
		F(coefs) old;

		memcpy(old, w->c, sizeof(old));
		F(combine)(w->c, last, w->b, d);
		w->c0 = F(gf_mul)(c0, last);
		for (unsigned q = 0; q < M; q++)
			for (unsigned u = 0; u < TW; u++)
				w->b[q][u] ^= (w->b[q][u] ^ old[q][u]) & wide;
		F(broadcast)(in, c0 & take);
		F(shift_up)(w->b, in);
		w->last ^= (last ^ d) & take;
		len ^= (len ^ (n + 1 - len)) & take;
		F(broadcast)(in, sn);
		F(shift_up)(w->window, in);
		hyb_wipe(old, sizeof(old));
	}
}

/* The field elements at which the reversed connection polynomial is zero. */
static void F(roots)(uint64_t *err, struct F(bm) * w, struct mceliece_planes *p)
{
	uint16_t rev[T];
	F(coefs) f;
	vec top[M];

	for (size_t i = 0; i < T; i++)
		rev[i] = (uint16_t)F(element)(w->c, T - 1 - i);
	F(slice)(f, rev);
	F(fft)(p->a, f, p->tw, p->b);
	for (unsigned q = 0; q < M; q++)
		top[q] = zero_vec ^ (0 - (uint64_t)(w->c0 >> q & 1));
	for (size_t at = 0; at < W; at += VW) {
		vec v[M], x[M], any = zero_vec;

		F(get)(x, p->xt, at);
		F(mul)(x, x, top);
		F(get)(v, p->a, at);
		for (unsigned q = 0; q < M; q++)
			any |= v[q] ^ x[q];
		*(vec *)(void *)(err + at) = ~any;
	}
	hyb_wipe(rev, sizeof(rev));
	hyb_wipe(f, sizeof(f));
}

static bool F(decode)(
	uint64_t *err, const uint64_t *word, const uint16_t *g, struct mceliece_planes *p)
{
	struct F(syndrome) s, again;
	struct F(bm) bm;
	bool same = false;

	F(setup)(p);
	F(goppa)(g, p);
	for (size_t at = 0; at < W; at += VW) {
		vec v[M];

		F(get)(v, p->inv, at);
		F(square)(v, v);
		F(put)(p->inv, at, v);
	}
	F(syndromes)(&s, word, p);
	F(berlekamp_massey)(&bm, &s);
	F(roots)(err, &bm, p);
	F(syndromes)(&again, err, p);
	same = hyb_ct_eq(&s, &again, sizeof(s));
	hyb_wipe(&s, sizeof(s));
	hyb_wipe(&again, sizeof(again));
	hyb_wipe(&bm, sizeof(bm));
	return same;
}

#undef M
#undef N
#undef T
#undef SET
#undef Y_TABLE
#undef S_TABLE
