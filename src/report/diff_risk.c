/*
 * diff_risk.c — which scores, dates and tasks moved, and why. A use's vector holds all that its probability
 * depends on besides the rules, so the reasons are the keys that differ; what each does by itself is the score of
 * the old vector with that one key exchanged.
 */
#include "report/diff.h"

#include <math.h>

#include "base/num.h"
#include "report/vector_words.h"

/* Half of the last decimal in the reports: what differs by less was rounded. */
#define P_STEP 0.00005
#define MONEY_STEP 0.005
/*
 * What is listed: 0.05 points, half of the decimal that the lines show. A plan that ends a few days later moves
 * every score by less; money alone counts from a hundredth of itself, which no such move reaches.
 */
#define P_LISTED 0.0005
#define MONEY_LISTED 0.01
#define YEARS_STEP 0.005
/* Different reasons of one asset; a vector has eleven keys. */
#define REASONS_MAX 200

enum key { AD, U, A, D, X, Y, W, E, C, I, N_KEYS };

static const char *const key_words[N_KEYS] = { [AD] = "date of assessment",
	[U] = "use",
	[A] = "algorithm",
	[D] = "data",
	[X] = "secret for, in years",
	[Y] = "open until the plan protects it, in years",
	[W] = "in use for, in years",
	[E] = "exposure",
	[C] = "coverage",
	[I] = "impact" };
static const char *const key_names[N_KEYS] = { [AD] = "AD",
	[U] = "U",
	[A] = "A",
	[D] = "D",
	[X] = "X",
	[Y] = "Y",
	[W] = "W",
	[E] = "E",
	[C] = "C",
	[I] = "I" };

struct group {
	unsigned key; /* N_KEYS: what is no key of the vector */
	pqm_bytes from, to, label, words;
	pqm_bytes keys; /* of a hop that is another: what of its vector */
	double delta;
	bool has_delta;
	size_t n;
};

struct work {
	struct pqm_diff *d;
	const struct pqm_risk_params *params; /* may be NULL */
	struct group groups[REASONS_MAX];
	size_t n_groups, n_more;
	size_t cap_assets, cap_deadlines, cap_gone, cap_new;
	struct pqm_arena scratch; /* of one asset */
	struct pqm_err *err;
};

static enum pqm_st no_memory(struct work *w)
{
	return pqm_fail(w->err, PQM_ENOMEM, "the differences do not fit in memory");
}

static void take_key(struct pqm_vector *v, const struct pqm_vector *from, enum key k)
{
	switch (k) {
	case AD:
		v->assessed = from->assessed;
		break;
	case U:
		v->use = from->use;
		break;
	case A:
		memcpy(v->layers, from->layers, sizeof(v->layers));
		v->n_layers = from->n_layers;
		break;
	case D:
		v->data = from->data;
		break;
	case X:
		v->life_years = from->life_years;
		break;
	case Y:
		v->protect_years = from->protect_years;
		break;
	case W:
		v->in_use_years = from->in_use_years;
		break;
	case E:
		v->exposure = from->exposure;
		break;
	case C:
		v->coverage = from->coverage;
		v->share = from->share;
		break;
	case I:
		v->impact = from->impact;
		break;
	case N_KEYS:
		break;
	}
}

static double central(const struct work *w, const struct pqm_vector *v)
{
	struct pqm_use_score u = { 0 };

	pqm_risk_use(&u, w->params, v);
	return u.p[PQM_CENTRAL];
}

/* One reason of one use; the same reason of several uses is one, with the largest effect. */
static void add(struct work *w, const struct group *g)
{
	for (size_t i = 0; i < w->n_groups; i++) {
		struct group *old = &w->groups[i];

		if (old->key != g->key || !pqm_eq(old->from, g->from) || !pqm_eq(old->to, g->to) ||
			!pqm_eq(old->words, g->words))
			continue;
		old->n++;
		if (g->has_delta && fabs(g->delta) > fabs(old->delta)) {
			old->delta = g->delta;
			old->label = g->label;
		}
		return;
	}
	if (w->n_groups == REASONS_MAX) {
		w->n_more++;
		return;
	}
	w->groups[w->n_groups] = *g;
	w->groups[w->n_groups++].n = 1;
}

/* A use that both sides have. */
static void compare_use(
	struct work *w, const struct pqm_diff_use *was, const struct pqm_diff_use *is)
{
	struct pqm_vector old, new, one;
	struct pqm_err unused = { 0 };
	bool has = w->params != NULL &&
		pqm_vector_parse(&old, w->params, was->vector, &unused) == PQM_OK &&
		pqm_vector_parse(&new, w->params, is->vector, &unused) == PQM_OK;
	double base = has ? central(w, &old) : 0;

	for (unsigned k = 0; k < N_KEYS; k++) {
		struct group g = { .key = k,
			.from = pqm_vector_value(was->vector, key_names[k]),
			.to = pqm_vector_value(is->vector, key_names[k]),
			.label = is->at.label,
			.has_delta = has };

		if (pqm_eq(g.from, g.to))
			continue;
		if (has) {
			one = old;
			take_key(&one, &new, (enum key)k);
			g.delta = central(w, &one) - base;
		}
		add(w, &g);
	}
	if (has && fabs(base - was->p) > 2 * P_STEP) {
		bool other_curve = !pqm_eq(w->d->old->curve, w->d->new->curve);
		struct group g = { .key = N_KEYS,
			.from = other_curve ? w->d->old->curve : (pqm_bytes){ NULL, 0 },
			.to = other_curve ? w->d->new->curve : (pqm_bytes){ NULL, 0 },
			.label = is->at.label,
			.words = other_curve	       ? PQM_LIT("arrival curve")
				: w->d->is_other_rules ? PQM_LIT("tables of other rules or program")
						       : PQM_LIT("tables of other rules than ours"),
			.delta = base - was->p,
			.has_delta = true };

		add(w, &g);
	}
}

static void lone_use(struct work *w, const struct pqm_diff_use *u, bool is_new)
{
	struct pqm_arena *a = &w->d->arena;
	pqm_bytes cls = pqm_vector_value(u->vector, "A"), label = u->at.label;
	struct group g = {
		.key = N_KEYS, .label = label, .delta = is_new ? u->p : -u->p, .has_delta = true
	};

	if (label.n == 0)
		label = u->vector;
	if (is_new)
		g.words = pqm_arena_f(a, "a use came: %.*s (%.*s)", PQM_FMT(label), PQM_FMT(cls));
	else if (w->d->n_targets_lost > 0)
		g.words = pqm_arena_f(a, "a use is not seen now: %.*s (%.*s); %.*s was not read",
			PQM_FMT(label), PQM_FMT(cls), PQM_FMT(w->d->target_lost));
	else
		g.words =
			pqm_arena_f(a, "a use is gone: %.*s (%.*s)", PQM_FMT(label), PQM_FMT(cls));
	add(w, &g);
}

/* By label and kind of use, then vector: what is the same use on both sides. */
static int same_use(const struct pqm_diff_use *x, const struct pqm_diff_use *y)
{
	int c = pqm_cmp(x->at.label, y->at.label);

	return c != 0 ? c
		      : pqm_cmp(pqm_vector_value(x->vector, "U"), pqm_vector_value(y->vector, "U"));
}

static int use_order(const void *a, const void *b)
{
	const struct pqm_diff_use *x = a, *y = b;
	int c = same_use(x, y);

	return c != 0 ? c : pqm_cmp(x->vector, y->vector);
}

static struct pqm_diff_use *sorted_uses(struct work *w, const struct pqm_diff_asset *a)
{
	struct pqm_diff_use *all = pqm_new(&w->scratch, struct pqm_diff_use, a->n_uses);

	if (all != NULL && a->n_uses > 0) {
		memcpy(all, a->uses, a->n_uses * sizeof(*all));
		qsort(all, a->n_uses, sizeof(*all), use_order);
	}
	return all;
}

/* What comes before and after the ends of a hop in its label: "ingress a.example: X25519 only". */
static pqm_bytes stem(pqm_bytes label)
{
	size_t at = pqm_find(label, 0, PQM_LIT(": "));

	return pqm_sub(label, 0, at == SIZE_MAX ? label.n : at);
}

static pqm_bytes behind(pqm_bytes label, pqm_bytes before)
{
	return before.n < label.n ? pqm_sub(label, before.n + 2, label.n) : label;
}

/* The same two ends, and something else between them. */
static void other_hop(struct work *w, const struct pqm_diff_use *was, const struct pqm_diff_use *is)
{
	struct pqm_arena *a = &w->d->arena;
	pqm_bytes name = stem(was->at.label);
	bool same_name = name.n < was->at.label.n && name.n < is->at.label.n &&
		pqm_eq(name, stem(is->at.label));
	struct group g = { .key = N_KEYS,
		.words = same_name ? name : PQM_LIT("hop changed"),
		.from = same_name ? behind(was->at.label, name) : was->at.label,
		.to = same_name ? behind(is->at.label, name) : is->at.label,
		.keys = pqm_vector_changes(a, was->vector, is->vector),
		.delta = is->p - was->p,
		.has_delta = true };

	add(w, &g);
}

static int ends_order(const struct pqm_diff_use *x, const struct pqm_diff_use *y)
{
	int c = pqm_cmp(x->at.from, y->at.from);

	if (c == 0)
		c = pqm_cmp(x->at.to, y->at.to);
	return c != 0 ? c
		      : pqm_cmp(pqm_vector_value(x->vector, "U"), pqm_vector_value(y->vector, "U"));
}

static int by_ends(const void *a, const void *b)
{
	const struct pqm_diff_use *x = a, *y = b;
	int c = ends_order(x, y);

	return c != 0 ? c : use_order(a, b);
}

/* Uses that only one side has: what lies between the same two ends is one hop that changed. */
static void pair_lone(struct work *w, struct pqm_diff_use *old, size_t n_old,
	struct pqm_diff_use *new, size_t n_new)
{
	size_t i = 0, k = 0;

	if (n_old > 1)
		qsort(old, n_old, sizeof(*old), by_ends);
	if (n_new > 1)
		qsort(new, n_new, sizeof(*new), by_ends);
	while (i < n_old || k < n_new) {
		int c = i == n_old ? 1 : k == n_new ? -1 : ends_order(&old[i], &new[k]);

		if (c == 0 && old[i].at.from.n == 0)
			c = -1; /* of no hop: nothing says that they are the same */
		if (c == 0)
			other_hop(w, &old[i], &new[k]);
		else
			lone_use(w, c < 0 ? &old[i] : &new[k], c > 0);
		i += c <= 0;
		k += c >= 0;
	}
}

static bool compare_uses(
	struct work *w, const struct pqm_diff_asset *was, const struct pqm_diff_asset *is)
{
	struct pqm_diff_use *old = sorted_uses(w, was), *new = sorted_uses(w, is);
	size_t i = 0, k = 0, n_old = 0, n_new = 0;

	while (old != NULL && new != NULL && (i < was->n_uses || k < is->n_uses)) {
		int c = i == was->n_uses ? 1 : k == is->n_uses ? -1 : same_use(&old[i], &new[k]);

		/* What is on one side only goes to the front, over what was compared. */
		if (c == 0)
			compare_use(w, &old[i], &new[k]);
		else if (c < 0)
			old[n_old++] = old[i];
		else
			new[n_new++] = new[k];
		i += c <= 0;
		k += c >= 0;
	}
	if (old == NULL || new == NULL)
		return false;
	pair_lone(w, old, n_old, new, n_new);
	return true;
}

/* "secret for, in years: 10 → 30 (annotation … at FILE:12), in 3 uses" */
static pqm_bytes group_words(struct work *w, const struct group *g, const struct pqm_diff_asset *is)
{
	struct pqm_arena *a = &w->d->arena;
	const char *key = g->key < N_KEYS ? key_names[g->key] : "";
	pqm_bytes from = pqm_vector_value_words(a, key, g->from),
		  to = pqm_vector_value_words(a, key, g->to),
		  source = g->key == X ? is->life_source
		: g->key == I	       ? is->impact_source
				       : (pqm_bytes){ NULL, 0 },
		  words = g->key < N_KEYS ? pqm_str(key_words[g->key]) : g->words,
		  many = { NULL, 0 };

	if (g->keys.n > 0)
		source = g->keys;
	if (g->n > 1)
		many = pqm_arena_f(a, ", in %zu uses", g->n);
	else if (g->key < N_KEYS && g->key != AD && g->key != I && g->label.n > 0)
		many = pqm_arena_f(a, ", %.*s", PQM_FMT(g->label));
	if (g->from.n == 0 && g->to.n == 0)
		return pqm_arena_f(a, "%.*s%.*s", PQM_FMT(words), PQM_FMT(many));
	return pqm_arena_f(a, "%.*s: %.*s \u2192 %.*s%s%.*s%s%.*s", PQM_FMT(words), PQM_FMT(from),
		PQM_FMT(to), source.n > 0 ? " (" : "", PQM_FMT(source), source.n > 0 ? ")" : "",
		PQM_FMT(many));
}

static bool push_reason(struct pqm_diff_asset_row *row, pqm_bytes words)
{
	if (words.p == NULL)
		return false;
	row->reasons[row->n_reasons++] = (struct pqm_diff_reason){ .words = words };
	return true;
}

/* The largest effect first; then as the vector has its keys. */
static int group_order(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	double dx = x->has_delta ? round(fabs(x->delta) * 1e4) : 0,
	       dy = y->has_delta ? round(fabs(y->delta) * 1e4) : 0;
	int c = (dx < dy) - (dx > dy);

	if (c == 0)
		c = (x->key > y->key) - (x->key < y->key);
	if (c == 0)
		c = pqm_cmp(x->words, y->words);
	if (c == 0)
		c = pqm_cmp(x->from, y->from);
	return c != 0 ? c : pqm_cmp(x->to, y->to);
}

static bool reasons(struct work *w, struct pqm_diff_asset_row *row)
{
	struct pqm_arena *a = &w->d->arena;
	const struct pqm_diff_asset *was = row->was, *is = row->is;

	if (w->n_groups > 1)
		qsort(w->groups, w->n_groups, sizeof(w->groups[0]), group_order);
	row->reasons = pqm_new(a, struct pqm_diff_reason, w->n_groups + 3);
	if (row->reasons == NULL)
		return false;
	for (size_t i = 0; i < w->n_groups; i++) {
		const struct group *g = &w->groups[i];

		if (!push_reason(row, group_words(w, g, is)))
			return false;
		row->reasons[i].delta = g->delta;
		row->reasons[i].has_delta = g->has_delta;
	}
	if (w->n_more > 0 && !push_reason(row, pqm_arena_f(a, "%zu more", w->n_more)))
		return false;
	if (was->by_deadline != is->by_deadline &&
		!push_reason(row,
			pqm_arena_f(a, "decision by deadline: %s \u2192 %s",
				pqm_decision_name(was->by_deadline),
				pqm_decision_name(is->by_deadline))))
		return false;
	return true;
}

static bool moved(double a, double b, double step)
{
	return fabs(a - b) >= step;
}

enum difference { NOTHING, SLIGHT, INPUTS, SCORE };

static bool other_score(
	const struct pqm_diff_asset *was, const struct pqm_diff_asset *is, double step)
{
	return moved(was->p, is->p, step) || moved(was->sunk, is->sunk, step) ||
		moved(was->cod, is->cod, step);
}

static bool other_sum(const struct pqm_diff_asset *was, const struct pqm_diff_asset *is)
{
	double a = was->money.expected, b = is->money.expected;

	return was->has_money != is->has_money ||
		moved(a, b, fmax(MONEY_STEP, MONEY_LISTED * fmax(fabs(a), fabs(b))));
}

static enum difference difference(
	const struct work *w, const struct pqm_diff_asset *was, const struct pqm_diff_asset *is)
{
	if (other_score(was, is, P_LISTED) || was->decision != is->decision ||
		was->by_deadline != is->by_deadline ||
		was->is_broken_today != is->is_broken_today || other_sum(was, is))
		return SCORE;
	for (size_t i = 0; i < w->n_groups; i++)
		if (w->groups[i].key != AD && w->groups[i].key != Y)
			return INPUTS;
	return other_score(was, is, P_STEP) ? SLIGHT : NOTHING;
}

static enum pqm_st push_asset(struct work *w, const struct pqm_diff_asset_row *row)
{
	struct pqm_diff *d = w->d;

	d->assets = pqm_grow(&d->arena, d->assets, d->n_assets, &w->cap_assets);
	if (d->assets == NULL)
		return no_memory(w);
	d->assets[d->n_assets++] = *row;
	return PQM_OK;
}

static enum pqm_st pair_asset(
	struct work *w, const struct pqm_diff_asset *was, const struct pqm_diff_asset *is)
{
	struct pqm_diff_asset_row row = { .was = was, .is = is };
	enum difference d;

	w->n_groups = w->n_more = 0;
	if (!compare_uses(w, was, is))
		return no_memory(w);
	pqm_arena_reset(&w->scratch);
	d = difference(w, was, is);
	if (d == NOTHING || d == SLIGHT) {
		w->d->n_assets_same++;
		w->d->n_assets_slight += d == SLIGHT;
		return PQM_OK;
	}
	w->d->n_assets_inputs += d == INPUTS;
	return reasons(w, &row) ? push_asset(w, &row) : no_memory(w);
}

static enum pqm_st lone_asset(
	struct work *w, const struct pqm_diff_asset *was, const struct pqm_diff_asset *is)
{
	struct pqm_diff *d = w->d;
	struct pqm_diff_asset_row row = { .was = was, .is = is };

	row.reasons = pqm_new(&d->arena, struct pqm_diff_reason, 1);
	if (row.reasons == NULL)
		return no_memory(w);
	if (is == NULL && d->n_targets_lost > 0 &&
		!push_reason(
			&row, pqm_arena_f(&d->arena, "%.*s was not read", PQM_FMT(d->target_lost))))
		return no_memory(w);
	return push_asset(w, &row);
}

static double p_of(const struct pqm_diff_asset *a)
{
	return a == NULL ? 0 : a->p;
}

/* The largest move first. */
static int asset_order(const void *a, const void *b)
{
	const struct pqm_diff_asset_row *x = a, *y = b;
	double dx = round(fabs(p_of(x->is) - p_of(x->was)) * 1e4),
	       dy = round(fabs(p_of(y->is) - p_of(y->was)) * 1e4);
	int c = (dx < dy) - (dx > dy);

	return c != 0 ? c
		      : pqm_cmp(x->is != NULL ? x->is->id : x->was->id,
				y->is != NULL ? y->is->id : y->was->id);
}

static enum pqm_st assets(struct work *w)
{
	const struct pqm_diff_side *old = w->d->old, *new = w->d->new;
	enum pqm_st st = PQM_OK;
	size_t i = 0, k = 0;

	while (st == PQM_OK && (i < old->n_assets || k < new->n_assets)) {
		int c = i == old->n_assets   ? 1
			: k == new->n_assets ? -1
					     : pqm_cmp(old->assets[i].id, new->assets[k].id);

		if (c == 0)
			st = pair_asset(w, &old->assets[i], &new->assets[k]);
		else
			st = lone_asset(
				w, c < 0 ? &old->assets[i] : NULL, c > 0 ? &new->assets[k] : NULL);
		i += c <= 0;
		k += c >= 0;
	}
	if (w->d->n_assets > 1)
		qsort(w->d->assets, w->d->n_assets, sizeof(*w->d->assets), asset_order);
	return st;
}

static bool deadline_differs(
	const struct pqm_diff_deadline *was, const struct pqm_diff_deadline *is)
{
	return was->is_met != is->is_met || was->has_slack != is->has_slack ||
		was->date != is->date ||
		(was->has_slack && moved(was->slack_years, is->slack_years, YEARS_STEP));
}

static enum pqm_st deadlines(struct work *w)
{
	struct pqm_diff *d = w->d;
	const struct pqm_diff_side *old = d->old, *new = d->new;
	size_t i = 0, k = 0;

	while (i < old->n_deadlines || k < new->n_deadlines) {
		int c = i == old->n_deadlines ? 1
			: k == new->n_deadlines
			? -1
			: pqm_cmp(old->deadlines[i].id, new->deadlines[k].id);
		struct pqm_diff_deadline_row row = { .was = c <= 0 ? &old->deadlines[i] : NULL,
			.is = c >= 0 ? &new->deadlines[k] : NULL };

		i += c <= 0;
		k += c >= 0;
		if (row.is != NULL && row.is->date != INT64_MIN)
			row.has_passed =
				row.is->date >= old->now_days && row.is->date < new->now_days;
		if (c == 0 && !row.has_passed && !deadline_differs(row.was, row.is))
			continue;
		d->deadlines = pqm_grow(&d->arena, d->deadlines, d->n_deadlines, &w->cap_deadlines);
		if (d->deadlines == NULL)
			return no_memory(w);
		d->deadlines[d->n_deadlines++] = row;
	}
	return PQM_OK;
}

static enum pqm_st tasks(struct work *w)
{
	struct pqm_diff *d = w->d;
	const struct pqm_diff_side *old = d->old, *new = d->new;
	size_t i = 0, k = 0;

	while (i < old->n_tasks || k < new->n_tasks) {
		int c = i == old->n_tasks   ? 1
			: k == new->n_tasks ? -1
					    : pqm_cmp(old->tasks[i].id, new->tasks[k].id);

		if (c < 0) {
			d->tasks_gone =
				pqm_grow(&d->arena, d->tasks_gone, d->n_tasks_gone, &w->cap_gone);
			if (d->tasks_gone == NULL)
				return no_memory(w);
			d->tasks_gone[d->n_tasks_gone++] = &old->tasks[i];
		} else if (c > 0) {
			d->tasks_new =
				pqm_grow(&d->arena, d->tasks_new, d->n_tasks_new, &w->cap_new);
			if (d->tasks_new == NULL)
				return no_memory(w);
			d->tasks_new[d->n_tasks_new++] = &new->tasks[k];
		}
		i += c <= 0;
		k += c >= 0;
	}
	return PQM_OK;
}

static void task_field(
	struct pqm_diff_task_row *row, const char *name, pqm_bytes from, pqm_bytes to)
{
	if (!pqm_eq(from, to))
		row->fields[row->n_fields++] = (struct pqm_diff_field){ name, from, to };
}

static int title_order(const void *a, const void *b)
{
	const struct pqm_diff_task *const *x = a, *const *y = b;
	int c = pqm_cmp((*x)->title, (*y)->title);

	return c != 0 ? c : pqm_cmp((*x)->id, (*y)->id);
}

static int task_order(const void *a, const void *b)
{
	const struct pqm_diff_task *const *x = a, *const *y = b;

	return pqm_cmp((*x)->id, (*y)->id);
}

/* A task that went and one that came under one title are one, elsewhere or with another thing to set. */
static enum pqm_st pair_tasks(struct work *w)
{
	struct pqm_diff *d = w->d;
	size_t i = 0, k = 0, n_old = 0, n_new = 0, cap = 0;

	if (d->n_tasks_gone == 0 || d->n_tasks_new == 0)
		return PQM_OK;
	qsort(d->tasks_gone, d->n_tasks_gone, sizeof(struct pqm_diff_task *), title_order);
	qsort(d->tasks_new, d->n_tasks_new, sizeof(struct pqm_diff_task *), title_order);
	while (i < d->n_tasks_gone || k < d->n_tasks_new) {
		int c = i == d->n_tasks_gone ? 1
			: k == d->n_tasks_new
			? -1
			: pqm_cmp(d->tasks_gone[i]->title, d->tasks_new[k]->title);

		if (c < 0)
			d->tasks_gone[n_old++] = d->tasks_gone[i];
		else if (c > 0)
			d->tasks_new[n_new++] = d->tasks_new[k];
		if (c == 0) {
			struct pqm_diff_task_row row = { d->tasks_gone[i], d->tasks_new[k],
				{ { 0 } }, 0 };

			task_field(&row, "place", row.was->where, row.is->where);
			task_field(&row, "change", row.was->change, row.is->change);
			task_field(&row, "id", row.was->id, row.is->id);
			d->tasks_changed =
				pqm_grow(&d->arena, d->tasks_changed, d->n_tasks_changed, &cap);
			if (d->tasks_changed == NULL)
				return no_memory(w);
			d->tasks_changed[d->n_tasks_changed++] = row;
		}
		i += c <= 0;
		k += c >= 0;
	}
	d->n_tasks_gone = n_old;
	d->n_tasks_new = n_new;
	qsort(d->tasks_gone, n_old, sizeof(struct pqm_diff_task *), task_order);
	qsort(d->tasks_new, n_new, sizeof(struct pqm_diff_task *), task_order);
	return PQM_OK;
}

enum pqm_st pqm_diff_risk(
	struct pqm_diff *d, const struct pqm_risk_params *params, struct pqm_err *err)
{
	struct work w = { .d = d, .params = params, .err = err };
	enum pqm_st st;

	pqm_arena_init(&w.scratch, PQM_RUN_ARENA_BYTES);
	st = assets(&w);
	if (st == PQM_OK)
		st = deadlines(&w);
	if (st == PQM_OK)
		st = tasks(&w);
	if (st == PQM_OK)
		st = pair_tasks(&w);
	pqm_arena_fini(&w.scratch);
	return st;
}
