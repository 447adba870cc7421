/* follow.c — the second round of --follow: what was found becomes targets, what is left out coverage. */
#include "follow.h"

#include "base/limits.h"
#include "base/log.h"
#include "engine.h"

static void tell_left(struct pqm_run *run, const struct pqm_followed *f)
{
	struct pqm_arena a;
	pqm_bytes words;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	words = pqm_arena_f(&a, "%.*s: %.*s", PQM_FMT(f->target), PQM_FMT(f->left));
	if (f->from.object.n > 0)
		words = pqm_arena_f(&a, "%.*s, named by %.*s of %.*s: %.*s", PQM_FMT(f->target),
			PQM_FMT(f->from.ref), PQM_FMT(f->from.object), PQM_FMT(f->left));
	words = pqm_arena_f(&a, "%.*s", PQM_FMT(pqm_printable(&a, words)));
	pqm_run_skip(run, f->from_target, f->from.path, "not-followed",
		words.p == NULL ? "out of memory" : (const char *)words.p);
	pqm_arena_fini(&a);
}

/* The targets of the first round, then those that are followed. */
static bool add_targets(struct pqm_inventory *inv, struct pqm_run *run, const struct pqm_follow *f)
{
	size_t n = inv->n_targets;
	struct pqm_target *all = pqm_new(&inv->arena, struct pqm_target, n + f->n + 1);
	const char **names = pqm_arena_array(&run->arena, n + f->n + 1, sizeof(*names));
	bool ok = all != NULL && names != NULL;

	for (size_t i = 0; ok && i < n + f->n; i++) {
		const struct pqm_followed *one = i < n ? NULL : &f->list[i - n];
		struct pqm_target *t = &all[i];

		if (one == NULL) {
			*t = inv->targets[i];
		} else {
			t->name = pqm_bytes_dup(&inv->arena, one->target);
			t->from = one->from;
			t->from.object = pqm_bytes_dup(&inv->arena, one->from.object);
			t->from.ref = pqm_bytes_dup(&inv->arena, one->from.ref);
			t->from.path = pqm_bytes_dup(&inv->arena, one->from.path);
			ok = t->name.p != NULL && t->from.object.p != NULL &&
				t->from.ref.p != NULL && t->from.path.p != NULL;
		}
		names[i] = i < n ? run->targets[i] : (const char *)t->name.p;
	}
	if (ok) {
		inv->targets = all;
		inv->n_targets = n + f->n;
		run->targets = names;
	}
	return ok;
}

/* What is there after the first round, as the reports would have it. */
static enum pqm_st find(
	struct pqm_follow *f, struct pqm_inventory *inv, struct pqm_run *run, struct pqm_err *err)
{
	struct pqm_inventory so_far;
	enum pqm_st st;

	pqm_inventory_init(&so_far);
	so_far.targets = inv->targets;
	so_far.n_targets = inv->n_targets;
	st = pqm_run_merge(&so_far, run, err);
	if (st == PQM_OK)
		st = pqm_follow_find(f, run->rules, &so_far, run->opt, err);
	pqm_inventory_fini(&so_far);
	return st;
}

static enum pqm_st take_up(struct pqm_follow *f, struct pqm_inventory *inv, struct pqm_run *run,
	bool *any, struct pqm_err *err)
{
	const struct pqm_scan_options *opt = run->opt;

	for (size_t i = 0; i < f->n + f->n_left; i++)
		if (opt->would_follow != NULL)
			opt->would_follow(opt->follow_ctx, &f->list[i]);
		else if (f->list[i].left.n > 0)
			tell_left(run, &f->list[i]);
	if (opt->would_follow != NULL)
		return PQM_OK;
	if (f->n == 0)
		pqm_log(PQM_WARN, "follow", "nothing that was read names what could be followed");
	else if (!add_targets(inv, run, f))
		return pqm_fail(err, PQM_ENOMEM, "out of memory for what is followed");
	*any = f->n > 0;
	return PQM_OK;
}

enum pqm_st pqm_follow_targets(
	struct pqm_inventory *inv, struct pqm_run *run, bool *any, struct pqm_err *err)
{
	const struct pqm_endpoint_options *net = run->opt->net;
	struct pqm_follow f = { 0 };
	enum pqm_st st;

	*any = false;
	if (net != NULL && net->probe.stop != NULL && *net->probe.stop != 0) {
		pqm_run_skip(run, 0, inv->targets[0].name, "not-followed",
			"interrupted before anything was followed");
		return PQM_OK;
	}
	st = find(&f, inv, run, err);
	if (st == PQM_OK)
		st = take_up(&f, inv, run, any, err);
	pqm_follow_fini(&f);
	return st;
}

uint64_t pqm_follow_budget(uint64_t all_ms, uint64_t used_ns)
{
	uint64_t used = used_ns / 1000000;

	return all_ms == 0 ? 0 : all_ms > used ? all_ms - used : 1;
}
