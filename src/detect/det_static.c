/* det_static.c — what a file of code holds by its constants, and which library is compiled into it. */
#include "base/limits.h"
#include "detect/detector.h"
#include "parse/elf.h"
#include "rules/libs.h"
#include "rules/sampler.h"

/* Constants that a finding names. */
#define SHOWN 8
#define ROLES 16

/* What one rule saw in this file. */
struct tally {
	const struct pqm_sampled *of;
	uint64_t first;
	uint64_t n;
	const struct pqm_sample *role[ROLES]; /* the first of each role */
	size_t n_roles;
};

struct look {
	const struct pqm_sampler *sampler;
	const struct pqm_artifact *artifact;
	struct tally *tally;		   /* by index of the rule */
	const struct pqm_sampled *library; /* that is compiled in; NULL: none that we know */
	bool *exported;			   /* by index of the rule: the file's own exports say so */
};

static bool wants(const struct pqm_artifact *a)
{
	(void)a;
	return false;
}

static void count(struct look *k, size_t sample, uint64_t off)
{
	const struct pqm_sample *s = pqm_sampler_at(k->sampler, sample);

	/* A window at the edge of a chunk was all that the sweep saw. */
	if (s == NULL || !pqm_sampler_fits(k->sampler, sample, k->artifact->body, off))
		return;
	struct tally *t = &k->tally[s->of->index];

	t->of = s->of;
	t->first = t->n == 0 || off < t->first ? off : t->first;
	t->n++;
	for (size_t i = 0; i < t->n_roles; i++)
		if (pqm_eq(t->role[i]->role, s->role) && pqm_eq(t->role[i]->layout, s->layout))
			return;
	if (t->n_roles < ROLES)
		t->role[t->n_roles++] = s;
}

/* The library's own exports name what its constants belong to: said once, there. */
static enum pqm_st note_exports(
	struct look *k, const struct pqm_lib *own, struct pqm_elf *e, struct pqm_err *err)
{
	struct pqm_elf_sym sym;
	enum pqm_st st = pqm_elf_symbols(e, err);

	while (st == PQM_OK) {
		st = pqm_elf_next(e, &sym, err);
		if (st != PQM_OK || sym.name.n == 0)
			break;
		const struct pqm_lib_rule *rule =
			sym.is_defined ? pqm_lib_symbol(own, sym.name) : NULL;

		for (size_t i = 0; rule != NULL && i < pqm_sampled_count(k->sampler); i++)
			k->exported[i] |=
				pqm_eq(pqm_sampled_at(k->sampler, i)->family, rule->family);
	}
	return st;
}

static enum pqm_st look_at_elf(struct look *k, const struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_libs *libs;
	const struct pqm_lib *own;
	struct pqm_err why = { 0 };
	struct pqm_elf e = { 0 };
	enum pqm_st st = PQM_OK;

	if (!pqm_elf_looks(k->artifact->head))
		return PQM_OK;
	if (pqm_rules_libs(&libs, r, err) != PQM_OK)
		return err->st;
	/* What is wrong with the file is told by det_elf. */
	if (pqm_elf_open(&e, k->artifact->body, k->artifact->arena, &why) == PQM_OK &&
		e.is_dynamic && e.soname.n > 0) {
		own = pqm_lib_by_soname(libs, e.soname);
		if (own != NULL)
			st = note_exports(k, own, &e, &why);
	}
	pqm_elf_close(&e);
	return st == PQM_ENOMEM ? pqm_fail(err, st, "%s", why.msg) : PQM_OK;
}

/* "Gx (be), Gy (be) +3" */
static pqm_bytes list_roles(struct pqm_arena *a, const struct tally *t)
{
	pqm_bytes out = { NULL, 0 };
	size_t shown = t->n_roles < SHOWN ? t->n_roles : SHOWN;

	for (size_t i = 0; i < shown; i++)
		out = pqm_arena_f(a, "%.*s%s%.*s (%.*s)", PQM_FMT(out), i == 0 ? "" : ", ",
			PQM_FMT(t->role[i]->role), PQM_FMT(t->role[i]->layout));
	if (t->n_roles > shown)
		out = pqm_arena_f(a, "%.*s +%zu", PQM_FMT(out), t->n_roles - shown);
	return out;
}

static enum pqm_st emit_constant(struct look *k, const struct tally *t, struct pqm_emit *out)
{
	const struct pqm_sampled *m = t->of;
	struct pqm_arena *a = k->artifact->arena;
	pqm_bytes library = k->library == NULL ? (pqm_bytes){ NULL, 0 } : k->library->library;
	pqm_bytes roles = list_roles(a, t);
	struct pqm_found f = {
		.rule = m->rule->id,
		.identity = pqm_arena_f(
			a, "constant/%.*s/%.*s", PQM_FMT(m->rule->id), PQM_FMT(library)),
		.meaning = PQM_OFFER,
		.function = m->function,
		.quantum = m->quantum,
		.classical = m->classical,
		.evidence = k->library == NULL ? PQM_HINTED : PQM_LINKED,
		.family = m->family,
		.algorithm = m->algorithm,
		.parameter = m->parameter,
		.fix = m->fix,
		.off = t->first,
	};

	f.why = k->library == NULL
		? pqm_arena_f(a, "holds %.*s: %.*s; that it is reached is not shown",
			  PQM_FMT(roles), PQM_FMT(m->why))
		: pqm_arena_f(a,
			  "%.*s is compiled in and holds %.*s: %.*s; that it is reached is not "
			  "shown",
			  PQM_FMT(library), PQM_FMT(roles), PQM_FMT(m->why));
	pqm_found_attr(&f, "constants", roles);
	pqm_found_attr(&f, "count", pqm_arena_f(a, "%llu", (unsigned long long)t->n));
	pqm_found_attr(&f, "library", library);
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(out, &f);
}

/* The library with the most marks. */
static void choose_library(struct look *k)
{
	uint64_t best = 0;

	for (size_t i = 0; i < pqm_sampled_count(k->sampler); i++) {
		const struct tally *t = &k->tally[i];

		if (t->n > best && t->of->library.n > 0) {
			best = t->n;
			k->library = t->of;
		}
	}
}

/* A rule that names no parameter says nothing new beside one of its family that does. */
static bool is_said(const struct look *k, const struct pqm_sampled *m)
{
	if (k->exported[m->index])
		return true;
	for (size_t i = 0; m->parameter.n == 0 && i < pqm_sampled_count(k->sampler); i++)
		if (k->tally[i].n > 0 && k->tally[i].of->parameter.n > 0 &&
			pqm_eq(k->tally[i].of->family, m->family))
			return true;
	return false;
}

static enum pqm_st emit_all(struct look *k, struct pqm_emit *out)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < pqm_sampled_count(k->sampler); i++) {
		const struct tally *t = &k->tally[i];

		if (t->n > 0 && t->of->library.n == 0 && t->n_roles >= t->of->needs &&
			!is_said(k, t->of))
			st = emit_constant(k, t, out);
	}
	return st;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct look k = { .artifact = a };
	size_t n;

	if (!pqm_sampler_wants(a->head))
		return PQM_OK;
	if (pqm_rules_sampler(&k.sampler, r, err) != PQM_OK)
		return err->st;
	n = pqm_sampled_count(k.sampler);
	k.tally = pqm_new(a->arena, struct tally, n + 1);
	k.exported = pqm_new(a->arena, bool, n + 1);
	if (k.tally == NULL || k.exported == NULL)
		return pqm_fail(err, PQM_ENOMEM, "constants: out of memory");
	for (size_t i = 0; i < hits->n; i++)
		count(&k, hits->hit[i].anchor, hits->hit[i].off);
	choose_library(&k);
	enum pqm_st st = look_at_elf(&k, r, err);

	return st == PQM_OK ? emit_all(&k, out) : st;
}

const struct pqm_detector pqm_det_static = {
	.name = "static",
	.version = 1,
	.summary = "constants of algorithms in code, and libraries compiled into it",
	.is_sampled = true,
	.wants = wants,
	.run = run,
};
