/* det_pyc.c — compiled Python modules: the calls in them that use public-key cryptography, with their arguments. */
#include "base/limits.h"
#include "base/num.h"
#include "detect/needs.h"
#include "detect/pyapi.h"
#include "parse/pyc.h"

/* Calls of one module that are told. */
#define CALLS_MAX 2000

/* Names of modules as marshal writes them: behind a byte for their length. One is in every module that uses one of
 * rules/python/api.yaml. */
static const struct pqm_anchor names[] = {
	PQM_ANCHOR("cryptography.hazmat.prim"),
	PQM_ANCHOR("Crypto.PublicKey"),
	PQM_ANCHOR("Crypto.Cipher"),
	PQM_ANCHOR("Crypto.Signature"),
	PQM_ANCHOR("Cryptodome.PublicKey"),
	PQM_ANCHOR("Cryptodome.Cipher"),
	PQM_ANCHOR("Cryptodome.Signature"),
	PQM_ANCHOR("\003rsa"),
	PQM_ANCHOR("\007rsa.key"),
	PQM_ANCHOR("\011rsa.pkcs1"),
	PQM_ANCHOR("\005ecdsa"),
	PQM_ANCHOR("\012ecdsa.keys"),
	PQM_ANCHOR("\004nacl"),
	PQM_ANCHOR("\013nacl.public"),
	PQM_ANCHOR("\014nacl.signing"),
	PQM_ANCHOR("\015nacl.bindings"),
	PQM_ANCHOR("\010paramiko"),
	PQM_ANCHOR("paramiko.client"),
	PQM_ANCHOR("paramiko.transport"),
	PQM_ANCHOR("paramiko.rsakey"),
	PQM_ANCHOR("paramiko.ecdsakey"),
	PQM_ANCHOR("paramiko.dsskey"),
	PQM_ANCHOR("\010asyncssh"),
	PQM_ANCHOR("\003jwt"),
	PQM_ANCHOR("\013jwt.api_jwt"),
	PQM_ANCHOR("\004jose"),
	PQM_ANCHOR("\010jose.jwt"),
	PQM_ANCHOR("\010jose.jws"),
	PQM_ANCHOR("\007OpenSSL"),
	PQM_ANCHOR("\016OpenSSL.crypto"),
	PQM_ANCHOR("\013OpenSSL.SSL"),
	PQM_ANCHOR("\010M2Crypto"),
	PQM_ANCHOR("\016set_ecdh_curve"),
	PQM_ANCHOR("\013set_ciphers"),
	PQM_ANCHOR("\016load_dh_params"),
	PQM_ANCHOR("\032generate_paillier_keypai"),
	PQM_ANCHOR("\020KeyEncapsulation"),
	PQM_ANCHOR("\003oqs"),
};

struct look {
	const struct pqm_rules *rules;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	const struct pqm_pyapi *api;
	const struct pqm_pyc *pyc;
	size_t n_told;
};

static pqm_bytes last_part(pqm_bytes path, uint8_t sep)
{
	size_t at = path.n;

	while (at > 0 && path.p[at - 1] != sep)
		at--;
	return pqm_sub(path, at, path.n);
}

/* Code of a library itself, or of Python: where its source was when it was compiled. */
static bool is_library(const struct look *l)
{
	static const char packages[] = "-packages/";
	pqm_bytes path = l->pyc->module->filename, top;
	size_t at = 0, next;

	while ((next = pqm_find(path, at, pqm_str(packages))) != SIZE_MAX)
		at = next + sizeof(packages) - 1;
	if (at == 0 && path.n > 0 && path.p[0] == '/')
		return pqm_find(path, 0, PQM_LIT("/lib/python3.")) != SIZE_MAX;
	top = pqm_sub(path, at, path.n);
	top = pqm_sub(top, 0, pqm_find_byte(top, 0, '/'));
	if (pqm_ends(top, PQM_LIT(".py")))
		top.n -= 3;
	return pqm_pyapi_is_own(l->api, top);
}

static const struct pqm_pyc_value *value_of(
	const struct pqm_pyc_call *c, const struct pqm_rule *rule, const char *which)
{
	const struct pqm_yaml *where = pqm_yaml_get(rule->node, which);
	uint64_t at;

	if (where == NULL)
		return NULL;
	return pqm_pyc_arg(c, pqm_yaml_u64(where, "at", &at) ? (size_t)at : SIZE_MAX,
		pqm_yaml_str(where, "name"));
}

static struct pqm_pyapi_arg argument(
	const struct pqm_pyc_call *c, const struct pqm_rule *rule, const char *which)
{
	const struct pqm_pyc_value *v = value_of(c, rule, which);
	struct pqm_pyapi_arg arg = { .number = 0 };

	if (v == NULL)
		return arg;
	if (v->known == PQM_PYC_PATHED || v->known == PQM_PYC_MADE)
		arg.name = last_part(v->path, '.');
	else if (v->known == PQM_PYC_CONST && v->obj->type == PQM_PYC_TEXT && v->obj->text.n <= 64)
		arg.name = v->obj->text;
	else if (v->known == PQM_PYC_CONST && v->obj->type == PQM_PYC_INT && !v->obj->is_big &&
		v->obj->number > 0)
		arg.number = (uint64_t)v->obj->number;
	return arg;
}

/* Only what the rule asks for is repeated: the others may be secrets. */
static pqm_bytes say_arguments(
	const struct look *l, const struct pqm_rule *rule, const struct pqm_pyc_call *c)
{
	static const char *const which[] = { "bits", "curve", "alg", "text" };
	pqm_bytes all = { NULL, 0 };

	for (size_t i = 0; i < sizeof(which) / sizeof(which[0]); i++) {
		struct pqm_pyapi_arg arg = argument(c, rule, which[i]);
		pqm_bytes key = pqm_yaml_str(pqm_yaml_get(rule->node, which[i]), "name");
		const char *between = all.n > 0 ? ", " : "";

		if (arg.number > 0)
			all = pqm_arena_f(l->a->arena, "%.*s%s%.*s=%llu", PQM_FMT(all), between,
				PQM_FMT(key), (unsigned long long)arg.number);
		else if (arg.name.n > 0)
			all = pqm_arena_f(l->a->arena, "%.*s%s%.*s=%.*s", PQM_FMT(all), between,
				PQM_FMT(key), PQM_FMT(pqm_printable(l->a->arena, arg.name)));
	}
	return all;
}

static void describe(const struct look *l, struct pqm_found *f, const struct pqm_rule *rule,
	const struct pqm_pyc_call *c)
{
	struct pqm_arena *arena = l->a->arena;

	pqm_found_attr(f, "operation", pqm_yaml_str(pqm_yaml_get(rule->node, "emit"), "operation"));
	pqm_found_attr(f, "arguments", say_arguments(l, rule, c));
	pqm_found_attr(f, "in", pqm_printable(arena, c->in->name));
	pqm_found_attr(f, "source", pqm_printable(arena, last_part(c->in->filename, '/')));
	if (c->line > 0)
		pqm_found_attr(f, "source_line", pqm_arena_f(arena, "%u", c->line));
	pqm_found_attr(f, "python", pqm_arena_f(arena, "3.%u", l->pyc->minor));
}

static enum pqm_st seen(void *ctx, const struct pqm_pyc_call *c)
{
	struct look *l = ctx;
	const struct pqm_rule *rule = pqm_pyapi_find(l->api, c->path);
	struct pqm_found f = { .evidence = PQM_LINKED };
	struct pqm_arena *arena = l->a->arena;
	bool is_offer;

	if (rule == NULL || l->n_told >= CALLS_MAX)
		return PQM_OK;
	const struct pqm_pyapi_args args = { .bits = argument(c, rule, "bits"),
		.curve = argument(c, rule, "curve"),
		.alg = argument(c, rule, "alg") };

	if (!pqm_pyapi_fill(&f, l->rules, rule, &args, arena))
		return PQM_OK;
	is_offer = is_library(l);
	f.rule = rule->id;
	f.meaning = is_offer ? PQM_OFFER : PQM_USE;
	f.identity = pqm_arena_f(arena, "pyc/%.*s", PQM_FMT(c->path));
	f.object = pqm_printable(arena, c->path);
	f.why = pqm_arena_f(arena, "%s calls %.*s: it %.*s",
		is_offer ? "Python library" : "Python code", PQM_FMT(f.object),
		PQM_FMT(pqm_yaml_str(rule->node, "why")));
	f.off = c->off;
	describe(l, &f, rule, c);
	if (f.identity.p == NULL || f.why.p == NULL)
		return PQM_ENOMEM;
	l->n_told++;
	return pqm_emit(l->out, &f);
}

static bool wants_root(void *ctx, pqm_bytes root)
{
	const struct look *l = ctx;

	return pqm_pyapi_has_root(l->api, root);
}

static const struct pqm_pyapi *api_of(const struct look *l, struct pqm_pyapi *spare)
{
	struct pqm_arena *arena = NULL;
	struct pqm_pyapi *kept = pqm_emit_kept(l->out, sizeof(*kept), &arena);

	if (kept == NULL) {
		kept = spare;
		arena = l->a->arena;
	}
	return kept->is_made || pqm_pyapi_build(kept, l->rules, arena) ? kept : NULL;
}

static bool wants(const struct pqm_artifact *a)
{
	static struct pqm_needs needs = PQM_NEEDS(names);

	return pqm_pyc_looks(a->head) && pqm_needs_met(&needs, a);
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_pyapi spare = { .n = 0 };
	struct pqm_pyc pyc;
	struct look l = { .rules = r, .a = a, .out = out, .pyc = &pyc };
	const struct pqm_pyc_look look = { wants_root, seen, &l };
	struct pqm_err why = { PQM_OK, "" };
	enum pqm_st st;

	if (!pqm_pyc_looks(a->head) || *hits->done_until > 0)
		return PQM_OK;
	*hits->done_until = UINT64_MAX;
	l.api = api_of(&l, &spare);
	if (l.api == NULL)
		return pqm_fail(err, PQM_ENOMEM, "Python bytecode: out of memory");
	st = pqm_pyc_open(&pyc, a->body, a->arena, &why);
	if (st == PQM_OK)
		st = pqm_pyc_calls(&pyc, &look, &why);
	if (st == PQM_OK && pyc.minor == 0)
		pqm_emit_note(out, UINT64_MAX, PQM_EPARSE,
			"bytecode of a Python whose instructions are not known (number %u); its "
			"calls were not looked at",
			pyc.magic);
	if (st == PQM_EPARSE || st == PQM_ELIMIT) {
		pqm_emit_note(out, pyc.bad_off, st, "%s", why.msg);
		return PQM_OK;
	}
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "Python bytecode: out of memory");
}

const struct pqm_detector pqm_det_pyc = {
	.name = "pyc",
	.version = 1,
	.summary =
		"compiled Python modules: calls that use public-key cryptography, with sizes and "
		"curves",
	.wants = wants,
	.run = run,
};
