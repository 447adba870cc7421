/* det_pe.c — what Windows programs and libraries import from cryptographic libraries, and what these give. */
#include "base/limits.h"
#include "native.h"
#include "parse/pe.h"

static bool wants(const struct pqm_artifact *a)
{
	return pqm_pe_looks(a->head);
}

static enum pqm_st see_import(void *ctx, const struct pqm_pe_sym *s)
{
	/* Ordinals are no names: what stands behind one changes with the library's build. */
	return s->name.n == 0 ? PQM_OK : native_add(ctx, s->dll, s->name, s->off, false);
}

static enum pqm_st see_export(void *ctx, const struct pqm_pe_sym *s)
{
	struct native_look *k = ctx;

	return native_add(k, k->own, s->name, s->off, true);
}

/* A text in UTF-16 between two NULs: where it begins, or SIZE_MAX. */
static size_t find_wide(pqm_bytes hay, pqm_bytes text)
{
	uint8_t wide[2 * 32 + 4] = { 0 };
	size_t n = 0;

	if (text.n > 32)
		return SIZE_MAX;
	for (size_t i = 0; i < text.n; i++) {
		wide[n++] = text.p[i];
		wide[n++] = 0;
	}
	n += 2;
	for (size_t at = 0; (at = pqm_find(hay, at, (pqm_bytes){ wide, n })) != SIZE_MAX; at++)
		if (at % 2 == 0 &&
			(at == 0 || (at >= 2 && hay.p[at - 1] == 0 && hay.p[at - 2] == 0)))
			return at;
	return SIZE_MAX;
}

static enum pqm_st tell_literal(
	struct native_look *k, const struct pqm_native_meaning *m, pqm_bytes text, uint64_t off)
{
	struct pqm_found f = m->emit;

	f.rule = m->rule->id;
	f.identity = pqm_arena_f(
		k->a->arena, "literal/%.*s/%.*s", PQM_FMT(m->rule->id), PQM_FMT(m->library));
	f.meaning = PQM_OFFER;
	f.evidence = PQM_HINTED;
	f.why = m->why;
	f.fix = m->fix;
	f.object = text;
	f.off = off;
	pqm_found_attr(&f, "operation", m->operation);
	return f.identity.p == NULL ? PQM_ENOMEM : pqm_emit(k->out, &f);
}

/* Sections that share their bytes are no compiler's, and would make each search as long as their sum. */
static bool overlaps(const struct pqm_pe *p)
{
	size_t all = 0;
	pqm_bytes data;

	for (size_t i = 0; pqm_pe_rodata(p, i, &data); i++)
		all += data.n;
	return all > p->body.n;
}

/* Names of algorithms in read-only data, where the program opens algorithms by name. */
static enum pqm_st see_literals(struct native_look *k, const struct pqm_pe *p)
{
	const struct pqm_native_meaning *m;
	enum pqm_st st = PQM_OK;
	pqm_bytes data;

	if (overlaps(p))
		return PQM_OK;
	for (size_t i = 0; st == PQM_OK && (m = pqm_native_literal(k->rules, i)) != NULL; i++) {
		bool found = false;

		if (!native_has(k, m->when))
			continue;
		for (size_t s = 0; !found && pqm_pe_rodata(p, s, &data); s++)
			for (size_t t = 0; !found && t < m->literals->n; t++) {
				pqm_bytes text = pqm_yaml_text(m->literals->items[t]);
				size_t at = find_wide(data, text);

				found = at != SIZE_MAX;
				if (found)
					st = tell_literal(
						k, m, text, (uint64_t)(data.p - p->body.p) + at);
			}
	}
	return st;
}

static enum pqm_st examine(struct native_look *k, struct pqm_pe *p, struct pqm_err *err)
{
	enum pqm_st st = pqm_pe_open(p, k->a->body, err);

	if (st != PQM_OK)
		return st;
	k->is_program = !p->is_dll;
	st = pqm_pe_imports(p, see_import, k, err);
	if (st == PQM_OK) {
		pqm_bytes name = p->name;

		/* Its own name stands in the table of exports. */
		k->own = name.n > 0 ? name : k->a->name;
		st = pqm_pe_exports(p, see_export, k, err);
	}
	if (st == PQM_ENOMEM)
		return st;
	/* What was seen before something broken stands. */
	enum pqm_st emitted = native_emit(k);

	if (emitted == PQM_OK)
		emitted = see_literals(k, p);
	return emitted != PQM_OK ? emitted : st;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct native_look k = { .a = a, .out = out, .form = "PE" };
	struct pqm_err why = { PQM_OK, "" };
	struct pqm_pe p;
	enum pqm_st st;

	(void)hits;
	if (native_rules(&k, r, "pe/", err) != PQM_OK)
		return err->st;
	st = examine(&k, &p, &why);
	if (st == PQM_EPARSE || st == PQM_ELIMIT) {
		pqm_emit_note(out, p.bad_off, st, "%s", why.msg);
		return PQM_OK;
	}
	if (st == PQM_OK)
		return PQM_OK;
	return pqm_fail(err, st, "%s", why.msg[0] == '\0' ? "PE: out of memory" : why.msg);
}

const struct pqm_detector pqm_det_pe = {
	.name = "pe",
	.version = 1,
	.summary =
		"symbols that Windows programs and libraries import from cryptographic libraries",
	.wants = wants,
	.run = run,
};
