/* k8s_conf.c — configuration text in an object: which program's it is, and what of it is a fact of the object. */
#include "k8s.h"

#include "base/limits.h"
#include "conf.h"

/* Directives are a handful a file; values are versions, names, paths and addresses. */
#define VALUE_BYTES_MAX 400

struct said {
	struct pqm_k8s_text *text;
	const struct pqm_yaml *names;
	struct pqm_arena *arena;
};

/* "ssl_certificate_key" names a file: of what sounds like a secret only switches, references and paths stay. */
static pqm_bytes harmless(struct pqm_arena *arena, pqm_bytes name, pqm_bytes value)
{
	static const char flag[] = "--secret=";

	/* proxy_pass: of a URL the user part goes. */
	if (!pqm_k8s_is_secret_name(name) || pqm_find(value, 0, PQM_LIT("://")) != SIZE_MAX)
		return pqm_k8s_redact(arena, value);
	value = pqm_k8s_redact(arena, pqm_arena_f(arena, "%s%.*s", flag, PQM_FMT(value)));
	return pqm_sub(value, sizeof(flag) - 1, value.n);
}

static pqm_bytes unquoted(pqm_bytes v)
{
	v = pqm_trim(v);
	if (v.n > 1 && (v.p[0] == '"' || v.p[0] == '\'') && v.p[v.n - 1] == v.p[0])
		v = pqm_sub(v, 1, v.n - 2);
	return v;
}

static enum pqm_st see(void *ctx, const struct pqm_conf_item *item)
{
	struct said *s = ctx;
	pqm_bytes value = unquoted(item->value), key;

	if (value.n == 0 || value.n > VALUE_BYTES_MAX || item->name.n > PQM_K8S_KEY_BYTES ||
		!pqm_k8s_listed(s->names, item->name))
		return PQM_OK;
	value = harmless(s->arena, item->name, value);
	key = pqm_arena_f(s->arena, "%.*s:%.*s", PQM_FMT(s->text->path), PQM_FMT(item->name));
	if (value.n == 0 || key.p == NULL || key.n >= PQM_K8S_PATH_BYTES)
		return PQM_OK;
	s->text->add(
		s->text->ctx, key, value, s->text->line + (s->text->is_block ? item->line : 0));
	return PQM_OK;
}

enum pqm_st pqm_k8s_conf(struct pqm_k8s_scan *s, struct pqm_k8s_text *text)
{
	struct pqm_artifact a = { .body = text->body,
		.head = pqm_sub(text->body, 0, PQM_READ_CHUNK_BYTES),
		.path = s->a->path,
		.object = text->object,
		.line = text->line,
		.arena = s->a->arena };
	struct said said = { .text = text, .arena = s->a->arena };
	bool has_include;

	if (text->body.n > PQM_CONF_BYTES || pqm_find_byte(a.head, 0, 0) != SIZE_MAX)
		return PQM_OK;
	text->family = pqm_conf_family(s->rules, &a, &has_include);
	if (text->family == NULL || text->add == NULL)
		return PQM_OK;
	said.names = pqm_yaml_get(text->family->node, "facts");
	return said.names == NULL ? PQM_OK : pqm_conf_each(text->family, &a, see, &said);
}
