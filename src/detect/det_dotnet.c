/* det_dotnet.c — .NET assemblies: which calls of cryptography their code makes, with what; deps.json: packages. */
#include "base/limits.h"
#include "detect/detector.h"
#include "parse/clr.h"
#include "rules/java.h"

#define SHOWN_MAX 120

struct look {
	const struct pqm_rules *rules;
	const struct pqm_java *java;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	struct pqm_clr clr;
};

static bool is_deps(pqm_bytes name)
{
	return pqm_ends(name, PQM_LIT(".deps.json"));
}

static bool wants(const struct pqm_artifact *a)
{
	return is_deps(a->name) || pqm_pe_looks(a->head);
}

static pqm_bytes shown(struct look *k, const struct pqm_clr_value *v)
{
	struct pqm_clr_name name;

	if (v->kind == PQM_CLR_INT)
		return pqm_arena_f(k->a->arena, "%d", v->n);
	if (v->kind == PQM_CLR_TEXT)
		return pqm_arena_f(k->a->arena, "\"%.*s\"",
			PQM_FMT(pqm_printable(k->a->arena, pqm_sub(v->text, 0, SHOWN_MAX))));
	if (v->kind == PQM_CLR_MADE && pqm_clr_name(&k->clr, v->token, &name) &&
		pqm_starts(name.member, PQM_LIT("get_")))
		return pqm_printable(k->a->arena, pqm_sub(name.member, 4, SHOWN_MAX));
	return PQM_LIT("…");
}

static void set_by(struct pqm_found *f, const struct pqm_alg_ref *ref)
{
	enum pqm_function function = f->function;
	bool same;

	if (ref == NULL)
		return;
	same = pqm_eq(ref->alg->family, f->family);
	f->family = ref->alg->family;
	f->parameter = ref->parameter;
	if (!same)
		f->algorithm = ref->algorithm;
	f->quantum = ref->alg->quantum;
	f->classical = ref->alg->classical;
	f->function = function != PQM_FN_ANY ? function : ref->function;
}

/* A name or OID of the catalogue. */
static const struct pqm_alg_ref *ref_of(const struct look *k, pqm_bytes name)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_oid(k->rules, name);

	return ref != NULL ? ref : pqm_alg_by_name(k->rules, name);
}

/* What an argument names: a text, or a property that gives it. */
static pqm_bytes named(struct look *k, const struct pqm_clr_value *v)
{
	struct pqm_clr_name name;

	if (v->kind == PQM_CLR_TEXT)
		return v->text;
	if (v->kind == PQM_CLR_MADE && pqm_clr_name(&k->clr, v->token, &name) &&
		pqm_starts(name.member, PQM_LIT("get_")))
		return pqm_sub(name.member, 4, name.member.n);
	return (pqm_bytes){ NULL, 0 };
}

static const struct pqm_clr_value *arg(const struct pqm_clr_call *c, int n)
{
	static const struct pqm_clr_value unknown = { .kind = PQM_CLR_UNKNOWN };

	return n >= 0 && (unsigned)n < c->n_args ? &c->args[n] : &unknown;
}

/* A curve that another call made: by its own name, or by its argument. */
static void set_spec(struct look *k, struct pqm_found *f, const struct pqm_clr_value *v)
{
	struct pqm_clr_name name;
	struct pqm_java_hit hit;
	pqm_bytes text;

	if (v->kind != PQM_CLR_MADE || !pqm_clr_name(&k->clr, v->token, &name) ||
		!pqm_java_find(k->java, name.type, name.member, &hit) || !hit.api->is_spec)
		return;
	text = hit.api->curve >= 0 && (unsigned)hit.api->curve < v->n_args
		? named(k, &v->args[hit.api->curve])
		: named(k, v);
	set_by(f, ref_of(k, text));
}

static void set_size(struct look *k, struct pqm_found *f, const struct pqm_clr_value *v)
{
	if (v->kind != PQM_CLR_INT || v->n < 128 || v->n > 65536 || pqm_eqs(f->family, "EC"))
		return;
	f->parameter = pqm_arena_f(k->a->arena, "%d", v->n);
	f->bits = (uint32_t)v->n;
}

static enum pqm_st tell(struct look *k, const struct pqm_java_api *api,
	const struct pqm_clr_name *name, const struct pqm_clr_call *c)
{
	struct pqm_arena *a = k->a->arena;
	bool is_new = c->is_new,
	     is_int = api->size >= 0 &&
		pqm_clr_param(&k->clr, name->signature, (unsigned)api->size) == 0x08;
	struct pqm_found f = api->emit;
	struct pqm_clr_name own = { .type = { NULL, 0 } };
	pqm_bytes type = name->type, args = { NULL, 0 }, call;
	const struct pqm_java_lib *owner;
	const uint8_t *slash = memrchr(type.p, '/', type.n);

	if (slash != NULL)
		type = pqm_sub(type, (size_t)(slash - type.p) + 1, type.n);
	(void)pqm_clr_name(&k->clr, UINT32_C(6) << 24 | c->method, &own);
	owner = pqm_java_owner(k->java, own.type);
	for (unsigned i = 0; i < c->n_args && i < 4; i++)
		args = pqm_arena_f(a, "%.*s%s%.*s", PQM_FMT(args), i > 0 ? ", " : "",
			PQM_FMT(shown(k, &c->args[i])));
	call = is_new
		? pqm_arena_f(a, "new %.*s(%.*s)", PQM_FMT(pqm_printable(a, type)), PQM_FMT(args))
		: pqm_arena_f(a, "%.*s.%.*s(%.*s)", PQM_FMT(pqm_printable(a, type)),
			  PQM_FMT(pqm_printable(a, name->member)), PQM_FMT(args));
	if (is_int)
		set_size(k, &f, arg(c, api->size));
	if (api->spec >= 0)
		set_spec(k, &f, arg(c, api->spec));
	if (api->algorithm >= 0) {
		struct pqm_found g = { .function = PQM_FN_ANY };
		const struct pqm_yaml *sizes;
		pqm_bytes text = named(k, arg(c, api->algorithm));

		if (text.n > 0 && pqm_java_name(k->java, api->names, text, &g, &sizes)) {
			g.function = f.function != PQM_FN_ANY ? f.function : g.function;
			f = g;
		} else if (api->when != NULL) {
			return PQM_OK;
		}
	}
	f.rule = api->rule->id;
	f.meaning = owner != NULL ? PQM_OFFER : PQM_USE;
	f.evidence = PQM_LINKED;
	f.object = pqm_arena_f(a, "%.*s.%.*s", PQM_FMT(pqm_printable(a, own.type)),
		PQM_FMT(pqm_printable(a, own.member)));
	f.identity = pqm_arena_f(a, "dotnet/%.*s/%.*s/%.*s",
		PQM_FMT(owner != NULL ? owner->name : pqm_printable(a, own.type)),
		PQM_FMT(f.algorithm), PQM_FMT(api->operation));
	f.why = pqm_arena_f(a, "%s calls %.*s: %.*s",
		owner != NULL ? "a type of the library" : "the assembly", PQM_FMT(call),
		PQM_FMT(pqm_yaml_str(api->rule->node, "why")));
	f.off = c->off;
	pqm_found_attr(&f, "call", call);
	pqm_found_attr(&f, "il", pqm_arena_f(a, "%u", c->at));
	pqm_found_attr(&f, "operation", api->operation);
	pqm_found_attr(&f, "reach", PQM_LIT("undecided: callers are not followed"));
	if (f.identity.p == NULL || f.why.p == NULL || f.object.p == NULL)
		return PQM_ENOMEM;
	return pqm_emit(k->out, &f);
}

static enum pqm_st see_call(void *ctx, const struct pqm_clr_call *c)
{
	struct look *k = ctx;
	struct pqm_clr_name name;
	struct pqm_java_hit hit;

	if (!pqm_clr_name(&k->clr, c->token, &name) || name.type.n == 0)
		return PQM_OK;
	/* A constructor is <init> in the rules. */
	if (pqm_eqs(name.member, ".ctor"))
		name.member = PQM_LIT("<init>");
	if (!pqm_java_find(k->java, name.type, name.member, &hit) || hit.api->is_spec ||
		hit.then != NULL)
		return PQM_OK;
	return tell(k, hit.api, &name, c);
}

static enum pqm_st tell_package(struct look *k, const struct pqm_yaml *key)
{
	pqm_bytes text = key->text, version;
	size_t slash = pqm_find_byte(text, 0, '/');
	pqm_bytes name = pqm_sub(text, 0, slash);
	const struct pqm_java_lib *lib = pqm_java_artifact(k->java, name);
	struct pqm_found f = { .meaning = PQM_OFFER,
		.quantum = PQM_Q_UNKNOWN,
		.evidence = PQM_PARSED,
		.family = PQM_LIT("unknown"),
		.line = key->line,
		.col = key->col,
		.off = key->off };

	if (lib == NULL || slash == SIZE_MAX || text.n > SHOWN_MAX)
		return PQM_OK;
	version = pqm_printable(k->a->arena, pqm_sub(text, slash + 1, text.n));
	f.rule = lib->rule->id;
	f.object = pqm_printable(k->a->arena, name);
	f.identity = pqm_arena_f(
		k->a->arena, "dotnet-library/%.*s@%.*s", PQM_FMT(lib->name), PQM_FMT(version));
	f.why = pqm_arena_f(k->a->arena, "the program ships %.*s %.*s: %.*s", PQM_FMT(f.object),
		PQM_FMT(version), PQM_FMT(pqm_yaml_str(lib->rule->node, "why")));
	pqm_found_attr(&f, "library", lib->name);
	pqm_found_attr(&f, "version", version);
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(k->out, &f);
}

static enum pqm_st read_deps(struct look *k)
{
	const struct pqm_yaml *root, *libs;
	struct pqm_err ignored = { PQM_OK, "" };
	enum pqm_st st = pqm_yaml_one(&root, k->a->body, k->a->arena, &ignored);

	if (st != PQM_OK) /* other detectors say that it is no JSON */
		return st == PQM_ENOMEM ? st : PQM_OK;
	libs = pqm_yaml_get(root, "libraries");
	for (size_t i = 0;
		st == PQM_OK && libs != NULL && libs->type == PQM_YAML_MAP && i < libs->n; i++)
		st = tell_package(k, libs->keys[i]);
	return st;
}

static enum pqm_st find_rules(struct look *k, struct pqm_err *err)
{
	struct pqm_arena *arena = NULL;

	struct kept {
		struct pqm_java *java;
	} *kept = pqm_emit_kept(k->out, sizeof(*kept), &arena);
	struct pqm_java *java = kept == NULL ? NULL : kept->java;
	enum pqm_st st = PQM_OK;

	if (java == NULL)
		st = pqm_java_build(
			&java, k->rules, "dotnet/", kept == NULL ? k->a->arena : arena, err);
	if (st == PQM_OK && kept != NULL)
		kept->java = java;
	k->java = java;
	return st;
}

static enum pqm_st read_assembly(struct look *k, struct pqm_err *err)
{
	/* Namespaces that rules speak of: an assembly that refers to none is not gone through. */
	static const char *const spaces[] = { "System.Security.Cryptography", "System.Net.Security",
		"Org.BouncyCastle", "Microsoft.IdentityModel.Tokens" };
	struct pqm_pe pe;
	enum pqm_st st = pqm_pe_open(&pe, k->a->body, err);

	if (st != PQM_OK || pe.clr_rva == 0)
		return PQM_OK; /* det_pe.c says what is wrong with the file */
	st = pqm_clr_open(&k->clr, &pe, k->a->arena, err);
	if (st != PQM_OK || !pqm_clr_refers(&k->clr, spaces, sizeof(spaces) / sizeof(spaces[0])))
		return st;
	return pqm_clr_calls(&k->clr, see_call, k, err);
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct look k = { .rules = r, .a = a, .out = out };
	struct pqm_err why = { PQM_OK, "" };
	enum pqm_st st = find_rules(&k, err);

	(void)hits;
	if (st != PQM_OK)
		return st;
	st = is_deps(a->name) ? read_deps(&k) : read_assembly(&k, &why);
	if (st == PQM_EPARSE || st == PQM_ELIMIT) {
		pqm_emit_note(out, k.clr.bad_off, st, "%s", why.msg);
		return PQM_OK;
	}
	if (st == PQM_OK)
		return PQM_OK;
	return pqm_fail(err, st, "%s", why.msg[0] == '\0' ? ".NET: out of memory" : why.msg);
}

const struct pqm_detector pqm_det_dotnet = {
	.name = "dotnet",
	.version = 1,
	.summary = "calls of cryptography in .NET assemblies, and packages that programs ship",
	.wants = wants,
	.run = run,
};
