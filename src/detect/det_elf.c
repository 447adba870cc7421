/* det_elf.c — what programs and libraries import from cryptographic libraries, and what these give. */
#include "base/limits.h"
#include "detect/elf_look.h"

/* What one rule saw in this file. */
struct tally {
	const struct pqm_lib_rule *rule;
	const struct pqm_lib *lib;
	struct pqm_elf_sym *syms; /* sorted by name before use */
	size_t n, cap;
};

struct look {
	struct pqm_elf_look k;		 /* first: what the other parts see */
	struct tally *imports, *exports; /* by index of the rule */
	bool has_imports;		 /* of a library that we know */
	bool is_known;			 /* the file is, or asks for, such a library */
	bool has_holes;			 /* parts of it read as zeros */
	struct pqm_emit *out;
};

/* A source file of OpenSSL 3, whose functions name themselves in their errors: it may be inside a program. */
static const struct pqm_anchor ANCHORS[] = { PQM_ANCHOR("crypto/evp/evp_fetch.c") };
/* Functions with a rule that such a copy has at least. */
#define LEAST_OWN 8

static bool wants(const struct pqm_artifact *a)
{
	return pqm_elf_looks(a->head);
}

static const struct pqm_lib *lib_of_version(
	const struct pqm_libs *libs, const struct pqm_elf_version *v)
{
	const struct pqm_lib *lib = pqm_lib_by_soname(libs, v->file);

	/* A renamed copy still carries the versions of the original. */
	return lib != NULL ? lib : pqm_lib_by_version(libs, v->name);
}

/* *known: the file is, or asks for, a library that we have rules for. */
static enum pqm_st look_up_libraries(struct look *k, bool *known)
{
	const struct pqm_elf *e = &k->k.elf;

	*known = false;
	k->k.needed = pqm_new(k->k.arena, const struct pqm_lib *, e->n_needed);
	k->k.versioned = pqm_new(k->k.arena, const struct pqm_lib *, e->n_versions);
	if (k->k.needed == NULL || k->k.versioned == NULL)
		return PQM_ENOMEM;
	for (size_t i = 0; i < e->n_needed; i++) {
		k->k.needed[i] = pqm_lib_by_soname(k->k.libs, e->needed[i]);
		*known |= k->k.needed[i] != NULL && !pqm_elf_is_loader(k->k.needed[i]);
	}
	for (size_t i = 0; i < e->n_versions; i++) {
		k->k.versioned[i] = lib_of_version(k->k.libs, &e->versions[i]);
		*known |= k->k.versioned[i] != NULL;
	}
	k->k.own = e->soname.n > 0 ? pqm_lib_by_soname(k->k.libs, e->soname) : NULL;
	if (k->k.own != NULL && pqm_elf_is_loader(k->k.own))
		k->k.own = NULL;
	*known |= k->k.own != NULL;
	*known |= pqm_elf_loads(&k->k);
	return PQM_OK;
}

static enum pqm_st count(struct look *k, struct tally *at, const struct pqm_lib *lib,
	const struct pqm_lib_rule *rule, const struct pqm_elf_sym *sym)
{
	struct tally *t = &at[rule->index];
	struct pqm_elf_sym *grown = pqm_grow(k->k.arena, t->syms, t->n, &t->cap);

	if (grown == NULL)
		return PQM_ENOMEM;
	t->rule = rule;
	t->lib = lib;
	t->syms = grown;
	t->syms[t->n++] = *sym;
	return PQM_OK;
}

static enum pqm_st count_in(
	struct look *k, struct tally *at, const struct pqm_lib *lib, const struct pqm_elf_sym *sym)
{
	const struct pqm_lib_rule *rule = lib == NULL ? NULL : pqm_lib_symbol(lib, sym->name);

	return rule == NULL ? PQM_OK : count(k, at, lib, rule, sym);
}

static bool knows(const struct pqm_lib *lib, pqm_bytes name)
{
	return lib != NULL &&
		(pqm_lib_symbol(lib, name) != NULL || pqm_lib_recipes(lib, name) != NULL);
}

const struct pqm_lib *pqm_elf_lib_of(
	const struct pqm_elf_look *k, pqm_bytes name, const struct pqm_elf_version *version)
{
	if (k->loader != NULL && knows(k->loader, name))
		return k->loader;
	if (version != NULL) {
		const struct pqm_lib *lib = k->versioned[version - k->elf.versions];

		return knows(lib, name) ? lib : NULL;
	}
	/* Without a version the first needed library that knows the name has it, as for the loader. */
	for (size_t i = 0; i < k->elf.n_needed; i++)
		if (knows(k->needed[i], name))
			return k->needed[i];
	return NULL;
}

static enum pqm_st count_import(struct look *k, const struct pqm_elf_sym *sym)
{
	const struct pqm_lib *lib = pqm_elf_lib_of(&k->k, sym->name, sym->version);

	k->has_imports |= lib != NULL;
	return count_in(k, k->imports, lib, sym);
}

static enum pqm_st count_symbols(struct look *k, struct pqm_err *err)
{
	size_t n = pqm_lib_rules_count(k->k.libs);
	struct pqm_elf_sym sym;

	k->imports = pqm_new(k->k.arena, struct tally, n);
	k->exports = pqm_new(k->k.arena, struct tally, n);
	if (k->imports == NULL || k->exports == NULL)
		return PQM_ENOMEM;
	enum pqm_st st = pqm_elf_symbols(&k->k.elf, err);

	while (st == PQM_OK) {
		st = pqm_elf_next(&k->k.elf, &sym, err);
		if (st != PQM_OK || sym.name.n == 0)
			break;
		st = sym.is_defined ? count_in(k, k->exports, k->k.own, &sym)
				    : count_import(k, &sym);
	}
	return st;
}

static int by_name(const void *va, const void *vb)
{
	const struct pqm_elf_sym *a = va, *b = vb;
	int c = pqm_cmp(a->name, b->name);

	return c != 0 ? c : (a->off > b->off) - (a->off < b->off);
}

/* Sorts, and drops the second of two versions of one name. */
static void tidy(struct tally *t)
{
	size_t n = 0;

	qsort(t->syms, t->n, sizeof(*t->syms), by_name);
	for (size_t i = 0; i < t->n; i++)
		if (n == 0 || !pqm_eq(t->syms[n - 1].name, t->syms[i].name))
			t->syms[n++] = t->syms[i];
	t->n = n;
}

/* "RSA_sign,RSA_verify +3" */
static pqm_bytes list_symbols(struct pqm_arena *a, const struct tally *t)
{
	pqm_bytes out = { NULL, 0 };
	size_t shown = t->n < PQM_ELF_SHOWN ? t->n : PQM_ELF_SHOWN;

	for (size_t i = 0; i < shown; i++)
		out = pqm_arena_f(a, "%.*s%s%.*s", PQM_FMT(out), i == 0 ? "" : ",",
			PQM_FMT(pqm_printable(a, t->syms[i].name)));
	if (t->n > shown)
		out = pqm_arena_f(a, "%.*s +%zu", PQM_FMT(out), t->n - shown);
	return out;
}

pqm_bytes pqm_elf_soname(const struct pqm_elf_look *k, const struct pqm_lib *lib,
	const struct pqm_elf_version *version)
{
	if (version != NULL)
		return version->file;
	for (size_t i = 0; i < k->elf.n_needed; i++)
		if (k->needed[i] == lib)
			return k->elf.needed[i];
	return lib->name;
}

bool pqm_elf_is_user(const struct pqm_elf_look *k, const struct pqm_call *call)
{
	/* A name that is looked up shows less than a call: it counts only where it is reached for sure. Of a
	 * library that is inside, what is not certainly the program's own call may be the library's. */
	bool is_weak = call->by != PQM_BY_IMPORT || k->facts[call - k->code.calls].through != NULL;

	return k->elf.is_program &&
		(is_weak ? call->reach == PQM_REACH_YES : call->reach != PQM_REACH_NO);
}

/* Of every file that has the finding; which functions they are stands beside. */
static pqm_bytes say_why(const struct look *k, const struct tally *t)
{
	return pqm_arena_f(k->k.arena, "%s %s functions of %.*s: %.*s",
		k->k.elf.is_program ? "program" : "library",
		t->syms[0].is_defined ? "exports" : "imports", PQM_FMT(pqm_lib_title(t->lib)),
		PQM_FMT(t->rule->why));
}

/* The code could not be read, or not to its end: what is imported may be called. */
static bool is_undecided(const struct look *k)
{
	return k->k.code.state != PQM_CODE_READ && k->k.code.state != PQM_CODE_NONE;
}

/* Of an import without a call that was seen. */
static void say_reach(const struct look *k, struct pqm_found *f)
{
	if (is_undecided(k))
		pqm_found_attr(f, "reach",
			pqm_arena_f(k->k.arena, "undecided: %s",
				k->k.code.why_not == NULL ? "the code was not read"
							  : k->k.code.why_not));
	else
		pqm_found_attr(f, "reach", PQM_LIT("no call found"));
}

static enum pqm_st emit_tally(struct look *k, struct tally *t, struct pqm_emit *out)
{
	const struct pqm_lib_rule *m = t->rule;

	tidy(t);
	bool is_export = t->syms[0].is_defined;
	pqm_bytes symbol = pqm_printable(k->k.arena, t->syms[0].name);
	pqm_bytes soname = pqm_printable(k->k.arena,
		is_export ? k->k.elf.soname : pqm_elf_soname(&k->k, t->lib, t->syms[0].version));
	struct pqm_found f = {
		.rule = m->rule->id,
		.identity = pqm_arena_f(k->k.arena, "%s/%.*s/%.*s",
			is_export		      ? "export"
				: k->k.elf.is_program ? "import"
						      : "library-import",
			PQM_FMT(m->rule->id), PQM_FMT(t->lib->name)),
		.meaning =
			k->k.elf.is_program && !is_export && is_undecided(k) ? PQM_USE : PQM_OFFER,
		.function = m->function,
		.quantum = m->quantum,
		.classical = m->classical,
		.evidence = PQM_LINKED,
		.family = m->family,
		.algorithm = m->algorithm,
		.parameter = m->parameter,
		.fix = m->fix,
		.object = symbol,
		.off = t->syms[0].off,
	};

	f.why = say_why(k, t);
	pqm_found_attr(&f, "symbols", list_symbols(k->k.arena, t));
	pqm_found_attr(&f, "library", soname);
	if (t->syms[0].version != NULL)
		pqm_found_attr(&f, "version", pqm_printable(k->k.arena, t->syms[0].version->name));
	pqm_found_attr(&f, "operation", m->operation);
	if (!is_export)
		say_reach(k, &f);
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(out, &f);
}

/* A program that only frees keys which another library handed to it does not use the algorithm. */
static bool is_housekeeping(const struct tally *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (!pqm_lib_is_housekeeping(t->lib, t->syms[i].name))
			return false;
	return true;
}

/* Whether some call of a function of this rule was seen: then the claims say it. */
static bool is_called(const struct look *k, const struct pqm_lib_rule *rule)
{
	for (size_t i = 0; i < k->k.code.n_calls; i++)
		if (k->k.facts[i].lib != NULL &&
			pqm_lib_symbol(k->k.facts[i].lib, k->k.code.calls[i].callee) == rule)
			return true;
	return false;
}

static enum pqm_st emit_symbols(struct look *k, struct pqm_emit *out)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; k->exports != NULL && st == PQM_OK && i < pqm_lib_rules_count(k->k.libs);
		i++) {
		if (k->imports[i].n > 0 && !is_housekeeping(&k->imports[i]) &&
			!is_called(k, k->imports[i].rule))
			st = emit_tally(k, &k->imports[i], out);
		if (st == PQM_OK && k->exports[i].n > 0)
			st = emit_tally(k, &k->exports[i], out);
	}
	return st;
}

static enum pqm_st emit_all(struct look *k, struct pqm_emit *out)
{
	enum pqm_st st = pqm_elf_facts(&k->k);

	if (st == PQM_OK)
		st = pqm_elf_claims(&k->k, out);
	if (st == PQM_OK)
		st = pqm_elf_settings(&k->k, out);
	return st != PQM_OK ? st : emit_symbols(k, out);
}

static bool wants_call(
	void *ctx, pqm_bytes name, bool is_import, const struct pqm_elf_version *version)
{
	const struct pqm_elf_look *k = ctx;
	const struct pqm_lib *lib = is_import ? pqm_elf_lib_of(k, name, version) : k->inside;

	return knows(lib, name) &&
		(pqm_lib_recipes(lib, name) != NULL || !pqm_lib_is_housekeeping(lib, name));
}

/* Whether a source file belongs to the library that is inside. */
static bool is_inside(void *ctx, pqm_bytes file)
{
	const struct pqm_elf_look *k = ctx;
	const struct pqm_yaml *globs = pqm_yaml_get(k->inside->rule->node, "sources");

	for (size_t i = 0; globs != NULL && i < globs->n; i++)
		if (pqm_glob(pqm_yaml_text(globs->items[i]), file))
			return true;
	return false;
}

/* A program that names the library's source files and does not ask for the library has it inside. */
static void look_inside(struct look *k, const struct pqm_hits *hits)
{
	const struct pqm_lib *lib = pqm_lib_by_name(k->k.libs, PQM_LIT("openssl"));

	if (hits == NULL || hits->n == 0 || lib == NULL || !k->k.elf.is_program || k->k.own == lib)
		return;
	for (size_t i = 0; k->k.elf.is_dynamic && i < k->k.elf.n_needed; i++)
		if (k->k.needed[i] == lib)
			return;
	k->k.inside = lib;
	k->is_known = true;
}

/* What the rules say about functions of such a copy. */
static bool want_inside(struct look *k, struct pqm_code_want *want)
{
	const struct pqm_yaml *list = pqm_yaml_get(k->k.inside->rule->node, "wrappers");
	size_t n = list == NULL ? 0 : list->n;
	pqm_bytes *wrappers = pqm_new(k->k.arena, pqm_bytes, n);

	if (wrappers == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		wrappers[i] = pqm_yaml_text(list->items[i]);
	want->wrappers = wrappers;
	want->n_wrappers = n;
	want->by_text = true;
	want->is_inside = is_inside;
	want->least_own = LEAST_OWN;
	return true;
}

static enum pqm_st read_code(struct look *k, struct pqm_err *err)
{
	struct pqm_code_want want = { .wants = wants_call, .ctx = &k->k };

	if (k->k.inside == NULL && !k->has_imports)
		return PQM_OK;
	if (k->has_holes) { /* zeros in place of constants would be taken for values */
		k->k.code.state = PQM_CODE_LIMIT;
		k->k.code.why_not = "only parts of the file were held";
		return PQM_OK;
	}
	if (k->k.inside != NULL && !want_inside(k, &want))
		return PQM_ENOMEM;
	enum pqm_st st = pqm_code_read(&k->k.code, &k->k.elf, &want, k->k.arena, err);

	if (st == PQM_OK && k->k.code.state == PQM_CODE_LIMIT)
		pqm_emit_note(
			k->out, UINT64_MAX, PQM_ELIMIT, "calls are missing: %s", k->k.code.why_not);
	return st;
}

/* Imports and exports, as far as the symbol table can be read. */
static enum pqm_st read_symbols(struct look *k, struct pqm_emit *out, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	if (k->k.elf.is_dynamic)
		st = look_up_libraries(k, &k->is_known);
	if (st == PQM_OK && k->k.elf.is_dynamic)
		st = pqm_elf_wrap_program(&k->k, out);
	return st == PQM_OK && k->is_known ? count_symbols(k, err) : st;
}

static enum pqm_st examine(struct look *k, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	enum pqm_st st = pqm_elf_open(&k->k.elf, a->body, a->arena, err);

	if (st != PQM_OK)
		return st;
	st = read_symbols(k, out, err);
	if (st == PQM_ENOMEM)
		return st;
	if (st == PQM_OK)
		look_inside(k, hits);
	if (!k->is_known)
		return st;
	if (k->has_holes)
		pqm_emit_note(out, UINT64_MAX, PQM_ELIMIT,
			"%s of more than 64 MiB in an archive: held in part, so calls in it are "
			"not read; unpack it and scan the folder",
			k->k.elf.is_program ? "program" : "library");
	/* What was seen before a broken symbol stands. */
	enum pqm_st emitted = read_code(k, err);

	if (emitted == PQM_OK)
		emitted = emit_all(k, out);
	if (emitted == PQM_OK)
		emitted = pqm_elf_wrap_library(&k->k, out);
	return emitted != PQM_OK ? emitted : st;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct look k = {
		.k = { .rules = r, .arena = a->arena }, .has_holes = a->has_holes, .out = out
	};
	struct pqm_err why = { PQM_OK, "" };

	if (!wants(a)) /* the words stand in other files, too */
		return PQM_OK;
	if (pqm_rules_libs(&k.k.libs, r, err) != PQM_OK)
		return err->st;
	enum pqm_st st = examine(&k, a, hits, out, &why);

	pqm_elf_close(&k.k.elf);
	if (st == PQM_EPARSE || st == PQM_ELIMIT) {
		pqm_emit_note(out, k.k.elf.bad_off, st, "%s", why.msg);
		return PQM_OK;
	}
	if (st == PQM_OK)
		return PQM_OK;
	return pqm_fail(err, st, "%s", why.msg[0] == '\0' ? "ELF: out of memory" : why.msg);
}

const struct pqm_detector pqm_det_elf = {
	.name = "elf",
	.version = 4,
	.summary = "what ELF programs and libraries call in cryptographic libraries, and what "
		   "these export",
	.anchors = ANCHORS,
	.n_anchors = sizeof(ANCHORS) / sizeof(ANCHORS[0]),
	.wants = wants,
	.run = run,
};
