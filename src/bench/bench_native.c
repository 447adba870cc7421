/* bench_native.c — putting levels and peers into one group. */
#include "bench_native.h"

struct work {
	struct bench *b;
	const struct bench_native *a;
	enum hyb_cpu level[BENCH_LEVELS];
	size_t n_levels;
	void *ctx[BENCH_LEVELS];
	bool has_key[BENCH_PEERS_MAX], has_oqs, has_sodium;
	struct bench_key *key; /* BENCH_PEERS_MAX */
	struct bench_oqs_key *oqs;
	struct bench_sodium_key *sodium;
};

/* The level in use first; lower ones in --full. */
static void levels(struct work *w)
{
	for (int c = (int)w->b->cpu; c >= (int)HYB_CPU_C && (w->n_levels == 0 || w->b->is_full);
		c--)
		w->level[w->n_levels++] = (enum hyb_cpu)c;
}

static bool open_native(struct work *w)
{
	bool ok = true;

	for (size_t i = 0; i < w->n_levels; i++) {
		hyb_cpu_limit(w->level[i]);
		w->ctx[i] = bench_alloc(w->b, w->a->room);
		ok = w->ctx[i] != NULL && w->a->open(w->ctx[i], w->a->arg) && ok;
	}
	hyb_cpu_limit(w->b->cpu);
	if (!ok)
		bench_missing(w->b, "%s: its round trip failed", w->a->name);
	return ok;
}

static void open_peers(struct work *w)
{
	const struct bench_native *a = w->a;
	const char *name = a->oqs_name != NULL ? a->oqs_name : a->name;
	struct bench *b = w->b;

	for (size_t i = 0; i < BENCH_PEERS_MAX && a->spec.name != NULL; i++) {
		w->has_key[i] =
			b->peer[i].has_evp && bench_key_open(&w->key[i], &b->peer[i].evp, &a->spec);
		if (b->peer[i].has_evp && !w->has_key[i])
			bench_missing(b, "%s: not in %s", a->name, b->peer[i].name);
	}
	if (b->peer[1].has_oqs) {
		w->has_oqs = bench_oqs_open(w->oqs, &b->peer[1].oqs, a->is_oqs_sig ? NULL : name,
			a->is_oqs_sig ? name : NULL, a->is_oqs_sig);
		if (!w->has_oqs)
			bench_missing(b, "%s: not in %s", a->name, b->peer[1].name);
	}
	if (b->peer[1].has_sodium) {
		w->has_sodium = a->is_sodium && bench_sodium_open(w->sodium, &b->peer[1].sodium);
		if (!w->has_sodium)
			bench_missing(b, "%s: not in %s", a->name, b->peer[1].name);
	}
}

static void time_op(struct work *w, const struct bench_native_op *o)
{
	const struct bench_native *a = w->a;
	struct bench_case c[BENCH_CASES_MAX];
	struct bench_op op = { .family = a->family,
		.algorithm = a->name,
		.operation = o->name,
		.pk_bytes = a->pk_bytes,
		.out_bytes = a->out_bytes,
		.n_items =
			a->max_items != 0 && a->max_items < o->n_items ? a->max_items : o->n_items,
		.per_call = o->per_call,
		.baseline = SIZE_MAX };
	size_t n = 0;

	for (; n < w->n_levels; n++)
		c[n] = (struct bench_case){ "native", o->native, w->ctx[n], (int)w->level[n],
			n == 0, false };
	if (n > 1)
		op.baseline = n - 1; /* portable C */
	for (size_t i = 0; i < BENCH_PEERS_MAX; i++)
		if (w->has_key[i] && o->evp != NULL) {
			op.baseline = n;
			c[n++] = (struct bench_case){ w->b->peer[i].name, o->evp, &w->key[i], -1,
				false, false };
		}
	if (w->has_oqs && o->oqs != NULL) {
		op.baseline = n;
		c[n++] =
			(struct bench_case){ w->b->peer[1].name, o->oqs, w->oqs, -1, false, false };
	}
	if (w->has_sodium && o->sodium != NULL) {
		op.baseline = n;
		c[n++] = (struct bench_case){ w->b->peer[1].name, o->sodium, w->sodium, -1, false,
			false };
	}
	bench_group(w->b, &op, c, n);
}

static void close_all(struct work *w)
{
	for (size_t i = 0; i < w->n_levels; i++) {
		if (w->ctx[i] != NULL && w->a->close != NULL)
			w->a->close(w->ctx[i]);
		bench_free(w->ctx[i], w->a->room);
	}
	for (size_t i = 0; i < BENCH_PEERS_MAX && w->key != NULL; i++)
		bench_key_close(&w->key[i]);
	if (w->oqs != NULL)
		bench_oqs_close(w->oqs);
	bench_free(w->key, BENCH_PEERS_MAX * sizeof(*w->key));
	bench_free(w->oqs, sizeof(*w->oqs));
	bench_free(w->sodium, sizeof(*w->sodium));
}

void bench_native(struct bench *b, const struct bench_native *a)
{
	struct work w = { .b = b, .a = a };

	w.key = bench_alloc(b, BENCH_PEERS_MAX * sizeof(*w.key));
	w.oqs = bench_alloc(b, sizeof(*w.oqs));
	w.sodium = bench_alloc(b, sizeof(*w.sodium));
	levels(&w);
	if (w.key != NULL && w.oqs != NULL && w.sodium != NULL && open_native(&w)) {
		if (a->has_peers)
			open_peers(&w);
		for (size_t i = 0; i < a->n_ops; i++)
			if (b->is_full || !a->op[i].is_full_only)
				time_op(&w, &a->op[i]);
	}
	close_all(&w);
}
