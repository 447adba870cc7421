#include "hyb/kem.h"
#include "hyb/backend.h"

#define SCALAR_MAX 48
#define POINT_MAX 97
/* More draws out of range in a row than this: the source of randomness is broken. */
#define DRAWS_MAX 8

/* How struct hyb_kem_dk is used. */
struct dk {
	struct hyb_kem_pq_any pq;
	const struct hyb_kem_row *row;
	uint8_t scalar[SCALAR_MAX];
	uint8_t point[POINT_MAX];
} __attribute__((may_alias));

_Static_assert(sizeof(struct dk) <= sizeof(struct hyb_kem_dk), "hyb_kem_dk is too small");

/* Where the halves of a row lie in its keys and ciphertexts. */
struct cut {
	size_t pq, t;
};

static struct cut cut_of(const struct hyb_kem_row *r, size_t pq_bytes)
{
	if (!r->has_curve)
		return (struct cut){ 0, 0 };
	return r->is_curve_first ? (struct cut){ lc_sizes(r->curve)->pub, 0 }
				 : (struct cut){ 0, pq_bytes };
}

static size_t point_bytes(const struct hyb_kem_row *r)
{
	return r->has_curve ? lc_sizes(r->curve)->pub : 0;
}

static size_t scalar_bytes(const struct hyb_kem_row *r)
{
	return r->has_curve ? lc_sizes(r->curve)->priv : 0;
}

/* RandomScalar of draft-irtf-cfrg-concrete-hybrid-kems: the first in [1, n-1]. */
static enum hyb_st pick_scalar(
	const struct hyb_kem_row *r, uint8_t scalar[SCALAR_MAX], const uint8_t *from)
{
	size_t n = scalar_bytes(r);

	for (unsigned i = 0; r->has_curve && i < r->n_scalars; i++, from += n) {
		if (lc_scalar_ok(r->curve, from)) {
			memcpy(scalar, from, n);
			return HYB_OK;
		}
	}
	return r->has_curve ? HYB_E_BAD_KEY : HYB_OK;
}

static enum hyb_st secret_of(
	const struct hyb_kem_row *r, struct hyb_kem_secret *sec, const uint8_t *seed)
{
	uint8_t wide[HYB_MLKEM_SEED_BYTES + 4 * 32];
	size_t n = HYB_MLKEM_SEED_BYTES + r->n_scalars * scalar_bytes(r);
	enum hyb_st st;

	memset(sec, 0, sizeof *sec);
	if (r->pub.seed_bytes == 32)
		hyb_shake256(wide, n, (hyb_bytes){ seed, 32 });
	else
		memcpy(wide, seed, n);
	memcpy(sec->pq, wide, HYB_MLKEM_SEED_BYTES);
	st = pick_scalar(r, sec->scalar, wide + HYB_MLKEM_SEED_BYTES);
	hyb_wipe(wide, sizeof wide);
	return st;
}

static enum hyb_st keygen(
	const struct hyb_kem_row *r, uint8_t *ek, const struct hyb_kem_secret *sec)
{
	struct cut at = cut_of(r, hyb_kem_pq_ek_bytes(r->k));
	enum hyb_st st = hyb_kem_pq_keygen(r->k, ek + at.pq, sec->pq);

	if (st == HYB_OK && r->has_curve)
		st = lc_public(r->curve, ek + at.t, sec->scalar);
	return st;
}

enum hyb_st hyb_kem_keygen_derand(const struct hyb_kem_suite *s, uint8_t *ek, const uint8_t *seed)
{
	const struct hyb_kem_row *r = hyb_kem_row(s);
	struct hyb_kem_secret sec;
	enum hyb_st st;

	if (r == NULL)
		return HYB_E_ARG;
	st = secret_of(r, &sec, seed);
	if (st == HYB_OK)
		st = keygen(r, ek, &sec);
	hyb_wipe(&sec, sizeof sec);
	if (st != HYB_OK)
		hyb_wipe(ek, s->ek_bytes);
	return st;
}

enum hyb_st hyb_kem_keygen(const struct hyb_kem_suite *s, uint8_t *ek, uint8_t *seed)
{
	enum hyb_st st = HYB_E_BAD_KEY;

	/* Again after a scalar out of range only: everything else is final. */
	for (unsigned i = 0; st == HYB_E_BAD_KEY && i < DRAWS_MAX; i++) {
		st = hyb_random(seed, s->seed_bytes);
		if (st == HYB_OK)
			st = hyb_kem_keygen_derand(s, ek, seed);
	}
	if (st != HYB_OK) {
		hyb_wipe(seed, s->seed_bytes);
		hyb_wipe(ek, s->ek_bytes);
	}
	return st == HYB_E_BAD_KEY ? HYB_E_RNG : st;
}

/* One encapsulation: what goes in and out. */
struct encaps {
	uint8_t *ct, *ss;
	const uint8_t *ek;
	const uint8_t *m; /* NULL: the backend draws */
	uint8_t scalar[SCALAR_MAX];
	hyb_bytes app;
};

static enum hyb_st encaps(const struct hyb_kem_row *r, const struct encaps *e)
{
	size_t ek_n = hyb_kem_pq_ek_bytes(r->k), ct_n = hyb_kem_pq_ct_bytes(r->k);
	struct cut ek = cut_of(r, ek_n), ct = cut_of(r, ct_n);
	uint8_t ss_pq[32], ss_t[SCALAR_MAX];
	const struct hyb_kem_in in = {
		.ss_pq = { ss_pq, sizeof ss_pq },
		.ss_t = { ss_t, r->has_curve ? lc_sizes(r->curve)->ss : 0 },
		.ct_pq = { e->ct + ct.pq, ct_n },
		.ct_t = { e->ct + ct.t, point_bytes(r) },
		.ek_pq = { e->ek + ek.pq, ek_n },
		.ek_t = { e->ek + ek.t, point_bytes(r) },
		.app = e->app,
	};
	enum hyb_st st = hyb_kem_pq_encaps(r->k, e->ct + ct.pq, ss_pq, e->ek + ek.pq, e->m);

	if (st == HYB_OK && r->has_curve)
		st = lc_public(r->curve, e->ct + ct.t, e->scalar);
	/* X-Wing's combiner binds both points: it takes the all-zero result as it comes. */
	if (st == HYB_OK && r->has_curve)
		st = lc_derive(r->curve, ss_t, e->scalar, e->ek + ek.t, r->comb == HYB_COMB_SHA3);
	if (st == HYB_OK)
		st = hyb_kem_combine(r, e->ss, &in);
	hyb_wipe(ss_pq, sizeof ss_pq);
	hyb_wipe(ss_t, sizeof ss_t);
	return st;
}

/* eseed = m ‖ scalars; `is_given`: for vectors, otherwise a backend draws its own m. */
static enum hyb_st encaps_eseed(
	const struct hyb_kem_suite *s, struct encaps *e, const uint8_t *eseed, bool is_given)
{
	const struct hyb_kem_row *r = hyb_kem_row(s);
	enum hyb_st st;

	st = pick_scalar(r, e->scalar, eseed + 32);
	e->m = is_given || hyb_backend_pq() == NULL ? eseed : NULL;
	if (st == HYB_OK)
		st = encaps(r, e);
	hyb_wipe(e->scalar, sizeof e->scalar);
	if (st != HYB_OK) {
		hyb_wipe(e->ct, s->ct_bytes);
		hyb_wipe(e->ss, s->ss_bytes);
	}
	return st;
}

static bool eseed_ok(const struct hyb_kem_row *r, const uint8_t *eseed)
{
	uint8_t scalar[SCALAR_MAX];
	bool good = pick_scalar(r, scalar, eseed + 32) == HYB_OK;

	hyb_wipe(scalar, sizeof scalar);
	return good;
}

static enum hyb_st encaps_drawn(const struct hyb_kem_suite *s, struct encaps *e)
{
	const struct hyb_kem_row *r = hyb_kem_row(s);
	uint8_t eseed[HYB_KEM_ESEED_MAX];
	enum hyb_st st;
	unsigned i = 0;

	do {
		st = hyb_random(eseed, s->eseed_bytes);
	} while (st == HYB_OK && !eseed_ok(r, eseed) && ++i < DRAWS_MAX);
	if (i == DRAWS_MAX)
		st = HYB_E_RNG;
	if (st == HYB_OK) {
		st = encaps_eseed(s, e, eseed, false);
	} else {
		hyb_wipe(e->ct, s->ct_bytes);
		hyb_wipe(e->ss, s->ss_bytes);
	}
	hyb_wipe(eseed, sizeof eseed);
	return st;
}

enum hyb_st hyb_kem_encaps(
	const struct hyb_kem_suite *s, uint8_t *ct, uint8_t *ss, const uint8_t *ek)
{
	struct encaps e = { .ct = ct, .ss = ss, .ek = ek };

	return hyb_kem_row(s) != NULL ? encaps_drawn(s, &e) : HYB_E_ARG;
}

enum hyb_st hyb_kem_encaps_derand(const struct hyb_kem_suite *s, uint8_t *ct, uint8_t *ss,
	const uint8_t *ek, const uint8_t *eseed)
{
	struct encaps e = { .ct = ct, .ss = ss, .ek = ek };

	return hyb_kem_row(s) != NULL ? encaps_eseed(s, &e, eseed, true) : HYB_E_ARG;
}

static bool takes_app(const struct hyb_kem_row *r, hyb_bytes app)
{
	return r != NULL && r->comb == HYB_COMB_UNIVERSAL && app.n <= 65535;
}

enum hyb_st hyb_kem_encaps_app(
	const struct hyb_kem_suite *s, uint8_t *ct, uint8_t *ss, const uint8_t *ek, hyb_bytes app)
{
	struct encaps e = { .ct = ct, .ss = ss, .ek = ek, .app = app };

	if (takes_app(hyb_kem_row(s), app))
		return encaps_drawn(s, &e);
	hyb_wipe(ct, s->ct_bytes);
	hyb_wipe(ss, s->ss_bytes);
	return HYB_E_ARG;
}

enum hyb_st hyb_kem_dk_from(
	const struct hyb_kem_row *r, struct hyb_kem_dk *dk, const struct hyb_kem_secret *sec)
{
	struct dk *d = (struct dk *)dk;
	enum hyb_st st;

	memset(d, 0, sizeof *d);
	st = hyb_kem_pq_dk(r->k, &d->pq, sec->pq);
	if (st != HYB_OK)
		return st;
	d->row = r;
	memcpy(d->scalar, sec->scalar, sizeof d->scalar);
	/* TLS binds no keys in its combiner, so that it needs no point. */
	if (r->has_curve && r->comb != HYB_COMB_CONCAT)
		st = lc_public(r->curve, d->point, d->scalar);
	if (st != HYB_OK)
		hyb_kem_dk_clear(dk);
	return st;
}

enum hyb_st hyb_kem_dk_expand(
	const struct hyb_kem_suite *s, struct hyb_kem_dk *dk, const uint8_t *seed)
{
	const struct hyb_kem_row *r = hyb_kem_row(s);
	struct hyb_kem_secret sec;
	enum hyb_st st;

	memset(dk, 0, sizeof *dk);
	if (r == NULL)
		return HYB_E_ARG;
	st = secret_of(r, &sec, seed);
	if (st == HYB_OK)
		st = hyb_kem_dk_from(r, dk, &sec);
	hyb_wipe(&sec, sizeof sec);
	return st;
}

void hyb_kem_dk_clear(struct hyb_kem_dk *dk)
{
	struct dk *d = (struct dk *)dk;

	if (d->row != NULL)
		hyb_kem_pq_clear(d->row->k, &d->pq);
	hyb_wipe(dk, sizeof *dk);
}

/* Both halves run whatever the other did; a bad point is the only thing that shows. */
static enum hyb_st decaps(const struct dk *d, uint8_t *ss, const uint8_t *ct, hyb_bytes app)
{
	const struct hyb_kem_row *r = d->row;
	size_t ek_n = hyb_kem_pq_ek_bytes(r->k), ct_n = hyb_kem_pq_ct_bytes(r->k);
	struct cut at = cut_of(r, ct_n);
	uint8_t ss_pq[32], ss_t[SCALAR_MAX], ek[HYB_MLKEM1024_EK_BYTES];
	const struct hyb_kem_in in = {
		.ss_pq = { ss_pq, sizeof ss_pq },
		.ss_t = { ss_t, r->has_curve ? lc_sizes(r->curve)->ss : 0 },
		.ct_pq = { ct + at.pq, ct_n },
		.ct_t = { ct + at.t, point_bytes(r) },
		.ek_pq = { ek, ek_n },
		.ek_t = { d->point, point_bytes(r) },
		.app = app,
	};
	enum hyb_st st = HYB_OK;

	hyb_kem_pq_decaps(r->k, ss_pq, ct + at.pq, &d->pq);
	if (r->has_curve)
		st = lc_derive(r->curve, ss_t, d->scalar, ct + at.t, r->comb == HYB_COMB_SHA3);
	if (r->comb == HYB_COMB_UNIVERSAL)
		hyb_kem_pq_ek(r->k, ek, &d->pq);
	if (st == HYB_OK)
		st = hyb_kem_combine(r, ss, &in);
	hyb_wipe(ss_pq, sizeof ss_pq);
	hyb_wipe(ss_t, sizeof ss_t);
	return st == HYB_E_BAD_KEY ? HYB_E_OPEN : st;
}

static enum hyb_st decaps_app(const struct hyb_kem_suite *s, uint8_t *ss, const uint8_t *ct,
	const struct hyb_kem_dk *dk, hyb_bytes app)
{
	const struct dk *d = (const struct dk *)dk;
	enum hyb_st st = HYB_E_ARG;

	if (d->row != NULL && d->row == hyb_kem_row(s))
		st = decaps(d, ss, ct, app);
	if (st != HYB_OK)
		hyb_wipe(ss, s->ss_bytes);
	return st;
}

enum hyb_st hyb_kem_decaps(
	const struct hyb_kem_suite *s, uint8_t *ss, const uint8_t *ct, const struct hyb_kem_dk *dk)
{
	return decaps_app(s, ss, ct, dk, (hyb_bytes){ NULL, 0 });
}

enum hyb_st hyb_kem_decaps_app(const struct hyb_kem_suite *s, uint8_t *ss, const uint8_t *ct,
	const struct hyb_kem_dk *dk, hyb_bytes app)
{
	if (takes_app(hyb_kem_row(s), app))
		return decaps_app(s, ss, ct, dk, app);
	hyb_wipe(ss, s->ss_bytes);
	return HYB_E_ARG;
}
