/* det_static.c — what a file of code holds by its constants, and which library is compiled into it. */
#include "base/limits.h"
#include "detect/detector.h"
#include "rules/libs.h"
#include "static.h"

/* Constants that a finding names. */
#define SHOWN 8

struct look {
	const struct pqm_sampler *sampler;
	const struct pqm_artifact *artifact;
	struct pqm_static_tally *tally; /* by index of the rule */
	bool *exported;			/* by index of the rule: the file's own exports say so */
	struct pqm_static_lib lib[PQM_STATIC_LIBS];
	size_t n_libs;
	pqm_bytes libs; /* "OpenSSL 3.0.16, GnuTLS" */
};

/* The number is data in DER, of an explicit curve or a key: whoever reads it decides what it is. */
static bool is_encoded(const struct pqm_sample *s, pqm_bytes body, uint64_t off)
{
	const uint8_t *p = body.p + off;
	size_t n = s->bytes.n;

	if (!pqm_eqs(s->layout, "be") || n > 127 || off < 3)
		return false;
	if (p[-1] == 0)
		return p[-3] == 2 && p[-2] == n + 1;
	return (p[-2] == 2 || p[-2] == 4) && p[-1] == n;
}

static void count(struct look *k, size_t sample, uint64_t off)
{
	const struct pqm_sample *s = pqm_sampler_at(k->sampler, sample);

	/* A window at the edge of a chunk was all that the sweep saw. */
	if (s == NULL || !pqm_sampler_fits(k->sampler, sample, k->artifact->body, off) ||
		is_encoded(s, k->artifact->body, off))
		return;
	struct pqm_static_tally *t = &k->tally[s->of->index];

	t->first = t->n == 0 || off < t->first ? off : t->first;
	t->n++;
	for (size_t i = 0; i < t->n_roles; i++)
		if (pqm_eq(t->role[i]->role, s->role) && pqm_eq(t->role[i]->layout, s->layout))
			return;
	if (t->n_roles < PQM_STATIC_ROLES)
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

static pqm_bytes name_libs(struct look *k)
{
	struct pqm_arena *a = k->artifact->arena;
	pqm_bytes out = { NULL, 0 };

	for (size_t i = 0; i < k->n_libs; i++)
		out = pqm_arena_f(a, "%.*s%s%.*s%s%.*s", PQM_FMT(out), i == 0 ? "" : ", ",
			PQM_FMT(k->lib[i].name), k->lib[i].version.n > 0 ? " " : "",
			PQM_FMT(k->lib[i].version));
	return out;
}

static enum pqm_st look_at_file(
	struct look *k, const struct pqm_rules *r, struct pqm_emit *out, struct pqm_err *err)
{
	const struct pqm_artifact *a = k->artifact;
	const struct pqm_libs *libs;
	const struct pqm_lib *own;
	struct pqm_err why = { 0 };
	struct pqm_elf e = { 0 };
	enum pqm_st st = PQM_OK;
	bool is_elf = pqm_elf_looks(a->head);

	if (pqm_rules_libs(&libs, r, err) != PQM_OK)
		return err->st;
	/* What is wrong with the file is told by det_elf. */
	is_elf = is_elf && pqm_elf_open(&e, a->body, a->arena, &why) == PQM_OK;
	if (is_elf && e.is_dynamic && e.soname.n > 0) {
		own = pqm_lib_by_soname(libs, e.soname);
		if (own != NULL)
			st = note_exports(k, own, &e, &why);
	}
	k->n_libs = pqm_static_libs(k->lib, k->tally, pqm_sampled_count(k->sampler),
		is_elf ? &e : NULL, a->body, a->arena);
	k->libs = name_libs(k);
	if (is_elf && st == PQM_OK)
		st = pqm_static_use(&(struct pqm_static_in){ .rules = r,
					    .signs = pqm_sampler_signs(k->sampler),
					    .elf = &e,
					    .arena = a->arena },
			k->lib, k->n_libs, out, &why);
	pqm_elf_close(&e);
	return st == PQM_ENOMEM ? pqm_fail(err, st, "constants: out of memory") : PQM_OK;
}

/* "Gx (be), Gy (be) +3" */
static pqm_bytes list_roles(struct pqm_arena *a, const struct pqm_static_tally *t)
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

static enum pqm_st emit_constant(
	struct look *k, const struct pqm_static_tally *t, struct pqm_emit *out)
{
	const struct pqm_sampled *m = t->of;
	struct pqm_arena *a = k->artifact->arena;
	pqm_bytes roles = list_roles(a, t);
	struct pqm_found f = {
		.rule = m->rule->id,
		.identity = pqm_arena_f(
			a, "constant/%.*s/%.*s", PQM_FMT(m->rule->id), PQM_FMT(k->libs)),
		.meaning = PQM_OFFER,
		.function = m->function,
		.quantum = m->quantum,
		.classical = m->classical,
		.evidence = k->n_libs == 0 ? PQM_HINTED : PQM_LINKED,
		.family = m->family,
		.algorithm = m->algorithm,
		.parameter = m->parameter,
		.fix = m->fix,
		.off = t->first,
	};

	f.why = k->n_libs == 0
		? pqm_arena_f(a, "holds %.*s: %.*s; that it is reached is not shown",
			  PQM_FMT(roles), PQM_FMT(m->why))
		: pqm_arena_f(a,
			  "compiled-in %.*s; holds %.*s: %.*s; that it is reached is not shown",
			  PQM_FMT(k->libs), PQM_FMT(roles), PQM_FMT(m->why));
	pqm_found_attr(&f, "constants", roles);
	pqm_found_attr(&f, "count", pqm_arena_f(a, "%llu", (unsigned long long)t->n));
	pqm_found_attr(&f, "library", k->libs);
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(out, &f);
}

static enum pqm_st emit_library(
	struct look *k, const struct pqm_static_lib *l, struct pqm_emit *out)
{
	const struct pqm_sampled *m = l->tally->of;
	struct pqm_arena *a = k->artifact->arena;
	const char *space = l->version.n > 0 ? " " : "";
	struct pqm_found f = {
		.rule = m->rule->id,
		.identity =
			pqm_arena_f(a, "static/%.*s/%.*s", PQM_FMT(l->name), PQM_FMT(l->version)),
		.meaning = PQM_OFFER,
		.quantum = PQM_Q_UNKNOWN,
		.evidence = PQM_LINKED,
		.family = PQM_LIT("unknown"),
		.algorithm =
			pqm_arena_f(a, "%.*s%s%.*s", PQM_FMT(l->name), space, PQM_FMT(l->version)),
		.off = l->tally->first,
	};

	f.why = pqm_arena_f(a, "%.*s%s%.*s is compiled in: %.*s%s%.*s", PQM_FMT(l->name), space,
		PQM_FMT(l->version), PQM_FMT(m->why),
		l->basis.n > 0 ? "; its version comes from " : "", PQM_FMT(l->basis));
	pqm_found_attr(&f, "library", l->name);
	pqm_found_attr(&f, "version", l->version);
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(out, &f);
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

	for (size_t i = 0; st == PQM_OK && i < k->n_libs; i++)
		st = emit_library(k, &k->lib[i], out);
	for (size_t i = 0; st == PQM_OK && i < pqm_sampled_count(k->sampler); i++) {
		const struct pqm_static_tally *t = &k->tally[i];

		if (t->n > 0 && t->of->library.n == 0 && t->n_roles >= t->of->needs &&
			!is_said(k, t->of))
			st = emit_constant(k, t, out);
	}
	return st;
}

static bool wants(const struct pqm_artifact *a)
{
	return pqm_sampler_wants(a->head);
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct look k = { .artifact = a };
	const char *packed;
	size_t n;

	if (!pqm_sampler_wants(a->head))
		return PQM_OK;
	packed = pqm_static_packed(a->body);
	if (packed != NULL)
		pqm_emit_note(out, UINT64_MAX, PQM_ELIMIT, "%s", packed);
	if (hits->n == 0)
		return PQM_OK;
	if (pqm_rules_sampler(&k.sampler, r, err) != PQM_OK)
		return err->st;
	n = pqm_sampled_count(k.sampler);
	k.tally = pqm_new(a->arena, struct pqm_static_tally, n + 1);
	k.exported = pqm_new(a->arena, bool, n + 1);
	if (k.tally == NULL || k.exported == NULL)
		return pqm_fail(err, PQM_ENOMEM, "constants: out of memory");
	for (size_t i = 0; i < n; i++)
		k.tally[i].of = pqm_sampled_at(k.sampler, i);
	for (size_t i = 0; i < hits->n; i++)
		count(&k, hits->hit[i].anchor, hits->hit[i].off);
	enum pqm_st st = look_at_file(&k, r, out, err);

	return st == PQM_OK ? emit_all(&k, out) : st;
}

const struct pqm_detector pqm_det_static = {
	.name = "static",
	.version = 2,
	.summary = "constants of algorithms in code, and libraries compiled into it",
	.is_sampled = true,
	.wants = wants,
	.run = run,
};
