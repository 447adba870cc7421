/* wire_load.c — from the rule files to the tables of wire.h. */
#include <stdlib.h>

#include "base/limits.h"
#include "base/num.h"
#include "rules/wire_int.h"

struct word {
	const char *name;
	uint16_t flag;
};

static const struct word group_words[] = {
	{ "hybrid", PQM_G_HYBRID },
	{ "pq", PQM_G_PQ },
	{ "draft", PQM_G_DRAFT },
	{ "ec", PQM_G_EC },
	{ "ffdhe", PQM_G_FFDHE },
	{ "old", PQM_G_OLD },
	{ "13only", PQM_G_13ONLY },
	{ NULL, 0 },
};

static const struct word scheme_words[] = {
	{ "rsa-pss", PQM_S_RSA_PSS },
	{ "rsa-pkcs1", PQM_S_RSA_PKCS1 },
	{ "ecdsa", PQM_S_ECDSA },
	{ "eddsa", PQM_S_EDDSA },
	{ "mldsa", PQM_S_MLDSA },
	{ "composite", PQM_S_COMPOSITE },
	{ "slhdsa", PQM_S_SLHDSA },
	{ "dsa", PQM_S_DSA },
	{ "other", PQM_S_OTHER },
	{ "sha1", PQM_S_SHA1 },
	{ NULL, 0 },
};

static const struct word suite_words[] = {
	{ "tls13", PQM_C_TLS13 },
	{ "rsa", PQM_C_RSA },
	{ "dhe", PQM_C_DHE },
	{ "ecdhe", PQM_C_ECDHE },
	{ "static", PQM_C_STATIC },
	{ "psk", PQM_C_PSK },
	{ "anon", PQM_C_ANON },
	{ "auth-rsa", PQM_C_AUTH_RSA },
	{ "auth-ecdsa", PQM_C_AUTH_ECDSA },
	{ "auth-dss", PQM_C_AUTH_DSS },
	{ "export", PQM_C_EXPORT },
	{ "null", PQM_C_NULL },
	{ "ssl2", PQM_C_SSL2 },
	{ "common", PQM_C_COMMON },
	{ "aead", PQM_C_AEAD },
	{ "other", PQM_C_OTHER },
	{ NULL, 0 },
};

static const struct word kex_words[] = {
	{ "pq", PQM_K_PQ },
	{ "draft", PQM_K_DRAFT },
	{ "retired", PQM_K_RETIRED },
	{ "marker", PQM_K_MARKER },
	{ NULL, 0 },
};

static const struct word no_words[] = { { NULL, 0 } };

static const struct word *words_of(enum pqm_wire_kind kind)
{
	switch (kind) {
	case PQM_W_GROUP:
		return group_words;
	case PQM_W_SUITE:
		return suite_words;
	case PQM_W_SCHEME:
		return scheme_words;
	case PQM_W_SSH_KEX:
		return kex_words;
	case PQM_W_VERSION:
	case PQM_W_SSH_HOST_KEY:
	case PQM_W_SSH_CIPHER:
	case PQM_W_SSH_MAC:
	case PQM_W_IKE:
	case PQM_W_N:
		break;
	}
	return no_words;
}

struct builder {
	struct pqm_wires *w;
	const struct pqm_rules *r;
	const struct pqm_rule *rule;
	enum pqm_wire_kind kind;
	struct pqm_wire base; /* what the rule says of all its entries */
	bool has_words;	      /* the rule itself says function, quantum or classical */
	struct pqm_err *err;
};

static enum pqm_st no_memory(struct builder *b)
{
	return pqm_fail(b->err, PQM_ENOMEM, "rules: out of memory");
}

static enum pqm_st add_flags(
	struct builder *b, const struct pqm_yaml *list, struct pqm_probe_code *code)
{
	const struct word *words = words_of(b->kind);

	if (list == NULL)
		return PQM_OK;
	if (list->type != PQM_YAML_SEQ)
		return pqm_rule_fail(b->rule, list, b->err, "class: a list of words is needed");
	for (size_t i = 0; i < list->n; i++) {
		pqm_bytes word = list->items[i]->text; /* null is a word here */
		size_t k = 0;

		while (words[k].name != NULL && !pqm_eqs(word, words[k].name))
			k++;
		if (words[k].name == NULL)
			return pqm_rule_fail(b->rule, list->items[i], b->err,
				"class: '%.*s' is no word for %s", PQM_FMT(word),
				pqm_wire_file(b->kind));
		code->flags |= words[k].flag;
	}
	return PQM_OK;
}

static enum pqm_st read_profile(struct builder *b, const struct pqm_yaml *map, struct pqm_wire *w)
{
	static const char *const names[] = { "quick", "hndl", "full" };
	pqm_bytes name = pqm_yaml_str(map, "profile");

	if (name.n == 0)
		return PQM_OK;
	for (uint8_t i = 0; i < 3; i++)
		if (pqm_eqs(name, names[i])) {
			w->code.profile = i;
			return PQM_OK;
		}
	return pqm_rule_fail(b->rule, pqm_yaml_get(map, "profile"), b->err,
		"profile is one of quick, hndl, full");
}

static enum pqm_st read_status(struct builder *b, const struct pqm_yaml *map, struct pqm_wire *w)
{
	static const char *const known[] = { "standard", "draft", "experimental", "retired",
		"private" };
	pqm_bytes s = pqm_yaml_str(map, "status");

	if (s.n == 0)
		return PQM_OK;
	w->status = s;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (pqm_eqs(s, known[i]))
			return PQM_OK;
	return pqm_rule_fail(b->rule, pqm_yaml_get(map, "status"), b->err,
		"status is one of standard, draft, experimental, retired, private");
}

/* Meaning by the catalogue: `alg` names it. */
static enum pqm_st read_alg(
	struct builder *b, const struct pqm_yaml *at, pqm_bytes alg, struct pqm_wire *w)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_name(b->r, alg);

	if (ref == NULL)
		return pqm_rule_fail(b->rule, at, b->err,
			"'%.*s' is not in the catalogue: say alg:", PQM_FMT(alg));
	w->family = ref->alg->family;
	w->algorithm = ref->algorithm;
	w->parameter = ref->parameter;
	w->function = ref->function;
	w->quantum = ref->alg->quantum;
	w->classical = ref->alg->classical;
	return PQM_OK;
}

/* What a rule or an entry says itself goes before what the catalogue says. */
static enum pqm_st read_words(struct builder *b, const struct pqm_yaml *map, struct pqm_wire *w)
{
	pqm_bytes function = pqm_yaml_str(map, "function"), quantum = pqm_yaml_str(map, "quantum");
	pqm_bytes classical = pqm_yaml_str(map, "classical");

	if (function.n > 0 && !pqm_function_parse(function, &w->function))
		return pqm_rule_fail(b->rule, pqm_yaml_get(map, "function"), b->err,
			"function is one of any, kex, pke, sig, cipher, hash, mac, kdf");
	if (quantum.n > 0 && !pqm_quantum_parse(quantum, &w->quantum))
		return pqm_rule_fail(b->rule, pqm_yaml_get(map, "quantum"), b->err,
			"quantum is one of broken, hybrid, safe, unknown");
	if (classical.n > 0 && !pqm_classical_parse(classical, &w->classical))
		return pqm_rule_fail(b->rule, pqm_yaml_get(map, "classical"), b->err,
			"classical is one of ok, deprecated, broken");
	return PQM_OK;
}

static enum pqm_st read_bytes(
	struct builder *b, const struct pqm_yaml *map, const char *key, uint16_t *out)
{
	const struct pqm_yaml *n = pqm_yaml_get(map, key);
	uint64_t v;

	if (n == NULL)
		return PQM_OK;
	if (!pqm_u64_parse(pqm_yaml_text(n), UINT16_MAX, &v))
		return pqm_rule_fail(b->rule, n, b->err, "%s: a number of bytes is needed", key);
	*out = (uint16_t)v;
	return PQM_OK;
}

static enum pqm_st read_code(struct builder *b, const struct pqm_yaml *n, struct pqm_wire *w)
{
	uint32_t code = 0;
	bool is_ssl2 = (w->code.flags & PQM_C_SSL2) != 0 && b->kind == PQM_W_SUITE;

	if (!pqm_wire_has_codes(b->kind))
		return n == NULL ? PQM_OK : pqm_rule_fail(b->rule, n, b->err, "names have no code");
	if (n == NULL || !pqm_wire_number(pqm_yaml_text(n), &code) ||
		(code > UINT16_MAX && !is_ssl2))
		return pqm_rule_fail(b->rule, n, b->err, "a code point of 16 bits is needed");
	w->code.code = (uint16_t)code;
	w->code.aux = (uint8_t)(code >> 16);
	return PQM_OK;
}

static enum pqm_st add_name(struct builder *b, pqm_bytes name, struct pqm_wire *w)
{
	struct pqm_wire_list *l = &b->w->list[b->kind];
	char buf[WIRE_NAME_BYTES];
	pqm_bytes low = pqm_wire_lower(buf, name);

	if (low.n == 0)
		return pqm_rule_fail(b->rule, b->rule->node, b->err,
			"a name of 1 to %d bytes is needed", WIRE_NAME_BYTES - 1);
	const struct pqm_wire *twin = pqm_map_get(&l->by_name, low);

	if (twin != NULL)
		return pqm_rule_fail(b->rule, b->rule->node, b->err, "name '%.*s' is of %.*s too",
			PQM_FMT(name), PQM_FMT(twin->rule->id));
	pqm_bytes own = pqm_bytes_dup(&b->w->arena, low);

	if (own.p == NULL || !pqm_map_put(&l->by_name, own, w))
		return no_memory(b);
	return PQM_OK;
}

static enum pqm_st add_names(struct builder *b, const struct pqm_yaml *item, struct pqm_wire *w)
{
	struct pqm_wire_list *l = &b->w->list[b->kind];
	const struct pqm_yaml *also =
		item->type == PQM_YAML_MAP ? pqm_yaml_get(item, "also") : NULL;
	enum pqm_st st;

	if (pqm_find_byte(w->name, 0, '*') != SIZE_MAX) {
		const struct pqm_wire **grown =
			pqm_grow(&b->w->arena, l->glob, l->n_globs, &l->cap_globs);

		if (grown == NULL)
			return no_memory(b);
		l->glob = grown;
		l->glob[l->n_globs++] = w;
		return PQM_OK;
	}
	st = add_name(b, w->name, w);
	for (size_t i = 0; st == PQM_OK && also != NULL && i < also->n; i++)
		st = add_name(b, pqm_yaml_text(also->items[i]), w);
	return st;
}

/* {code: …, name: …, …}: everything an entry may say. */
static enum pqm_st read_map(struct builder *b, const struct pqm_yaml *item, struct pqm_wire *w)
{
	pqm_bytes alg = pqm_yaml_str(item, "alg");
	enum pqm_st st = add_flags(b, pqm_yaml_get(item, "class"), &w->code);

	w->name = pqm_yaml_str(item, "name");
	if (st == PQM_OK)
		st = read_code(b, pqm_yaml_get(item, "code"), w);
	if (st == PQM_OK && alg.n > 0)
		st = read_alg(b, item, alg, w);
	if (st == PQM_OK)
		st = read_words(b, item, w);
	if (st == PQM_OK)
		st = read_profile(b, item, w);
	if (st == PQM_OK)
		st = read_status(b, item, w);
	if (st == PQM_OK)
		st = read_bytes(b, item, "client", &w->code.client_bytes);
	if (st == PQM_OK)
		st = read_bytes(b, item, "server", &w->code.server_bytes);
	return st;
}

/* One entry: a name, [code, name] or a mapping. */
static enum pqm_st read_item(struct builder *b, const struct pqm_yaml *item, struct pqm_wire *w)
{
	enum pqm_st st = PQM_OK;

	if (item->type == PQM_YAML_MAP) {
		st = read_map(b, item, w);
	} else if (item->type == PQM_YAML_SEQ) {
		if (item->n != 2)
			return pqm_rule_fail(
				b->rule, item, b->err, "an entry is [code, name] or a mapping");
		w->name = pqm_yaml_text(item->items[1]);
		st = read_code(b, item->items[0], w);
	} else {
		w->name = pqm_yaml_text(item);
		st = read_code(b, NULL, w);
	}
	if (st == PQM_OK && w->name.n == 0)
		return pqm_rule_fail(b->rule, item, b->err, "an entry needs a name");
	if (st == PQM_OK && w->family.n == 0)
		st = read_alg(b, item, w->name, w);
	return st;
}

/* `common: [0xC02B, …]`: entries of this rule that belong into a first hello. */
static enum pqm_st mark_common(struct builder *b, size_t from)
{
	const struct pqm_yaml *list = pqm_yaml_get(b->rule->node, "common");
	struct pqm_wire_list *l = &b->w->list[b->kind];

	if (list != NULL && (list->type != PQM_YAML_SEQ || b->kind != PQM_W_SUITE))
		return pqm_rule_fail(b->rule, list, b->err, "common: a list of suites");
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		uint32_t code = 0;
		size_t k = from;

		if (!pqm_wire_number(pqm_yaml_text(list->items[i]), &code))
			return pqm_rule_fail(
				b->rule, list->items[i], b->err, "common: a code is needed");
		while (k < l->n && pqm_wire_key(&l->wire[k]) != code)
			k++;
		if (k == l->n)
			return pqm_rule_fail(
				b->rule, list->items[i], b->err, "common: no code of this rule");
		l->wire[k].code.flags |= PQM_C_COMMON;
		l->wire[k].code.profile = PQM_PROFILE_QUICK;
	}
	return PQM_OK;
}

static const struct pqm_yaml *entries_of(const struct pqm_rule *rule, enum pqm_wire_kind kind)
{
	const struct pqm_yaml *list =
		pqm_yaml_get(rule->node, pqm_wire_has_codes(kind) ? "codes" : "names");

	return list != NULL && list->type == PQM_YAML_SEQ ? list : NULL;
}

static enum pqm_st read_base(struct builder *b)
{
	const struct pqm_yaml *n = b->rule->node;
	pqm_bytes alg = pqm_yaml_str(n, "alg");
	enum pqm_st st;

	b->base = (struct pqm_wire){ .rule = b->rule,
		.kind = b->kind,
		.status = PQM_LIT("standard"),
		.quantum = PQM_Q_UNKNOWN,
		.why = pqm_yaml_str(n, "why"),
		.fix = pqm_yaml_str(n, "fix") };
	b->base.code.profile = PQM_PROFILE_FULL;
	b->has_words = pqm_yaml_get(n, "function") != NULL || pqm_yaml_get(n, "quantum") != NULL ||
		pqm_yaml_get(n, "classical") != NULL;
	st = add_flags(b, pqm_yaml_get(n, "class"), &b->base.code);
	if (st == PQM_OK && alg.n > 0)
		st = read_alg(b, pqm_yaml_get(n, "alg"), alg, &b->base);
	if (st == PQM_OK)
		st = read_profile(b, n, &b->base);
	if (st == PQM_OK)
		st = read_status(b, n, &b->base);
	return st;
}

static enum pqm_st add_rule(struct builder *b)
{
	const struct pqm_yaml *list = entries_of(b->rule, b->kind);
	struct pqm_wire_list *l = &b->w->list[b->kind];
	size_t from = l->n;
	enum pqm_st st = read_base(b);

	if (st == PQM_OK && list == NULL)
		return pqm_rule_fail(b->rule, b->rule->node, b->err, "a list of %s is needed",
			pqm_wire_has_codes(b->kind) ? "codes" : "names");
	for (size_t i = 0; st == PQM_OK && i < list->n; i++) {
		struct pqm_wire *w = &l->wire[l->n];
		const struct pqm_yaml *item = list->items[i];

		*w = b->base;
		st = read_item(b, item, w);
		/* The rule's words hold for all entries, the entry's own for itself. */
		if (st == PQM_OK && b->has_words)
			st = read_words(b, b->rule->node, w);
		if (st == PQM_OK && b->has_words && item->type == PQM_YAML_MAP)
			st = read_words(b, item, w);
		if (st == PQM_OK)
			st = add_names(b, item, w);
		l->n++;
	}
	return st == PQM_OK ? mark_common(b, from) : st;
}

static int by_key(const void *a, const void *b)
{
	uint32_t x = pqm_wire_key(*(const struct pqm_wire *const *)a);
	uint32_t y = pqm_wire_key(*(const struct pqm_wire *const *)b);

	return (x > y) - (x < y);
}

static enum pqm_st index_codes(struct builder *b, struct pqm_wire_list *l)
{
	l->code = pqm_new(&b->w->arena, struct pqm_probe_code, l->n);
	l->by_code = pqm_new(&b->w->arena, const struct pqm_wire *, l->n);
	if (l->code == NULL || l->by_code == NULL)
		return no_memory(b);
	for (size_t i = 0; i < l->n; i++) {
		l->code[i] = l->wire[i].code;
		l->by_code[i] = &l->wire[i];
	}
	if (l->n > 0)
		qsort(l->by_code, l->n, sizeof(*l->by_code), by_key);
	for (size_t i = 1; i < l->n; i++)
		if (pqm_wire_key(l->by_code[i - 1]) == pqm_wire_key(l->by_code[i]))
			return pqm_rule_fail(l->by_code[i]->rule, NULL, b->err,
				"code 0x%04x is there twice: %.*s and %.*s",
				pqm_wire_key(l->by_code[i]), PQM_FMT(l->by_code[i - 1]->name),
				PQM_FMT(l->by_code[i]->name));
	return PQM_OK;
}

static enum pqm_st build_kind(struct builder *b)
{
	struct pqm_wire_list *l = &b->w->list[b->kind];
	const char *file = pqm_wire_file(b->kind);
	const struct pqm_rule *rule;
	size_t n = 0;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; (rule = pqm_rules_next(b->r, file, &i)) != NULL;) {
		const struct pqm_yaml *list = entries_of(rule, b->kind);

		n += list == NULL ? 0 : list->n;
	}
	l->wire = pqm_new(&b->w->arena, struct pqm_wire, n);
	if (l->wire == NULL)
		return no_memory(b);
	for (size_t i = 0; st == PQM_OK && (rule = pqm_rules_next(b->r, file, &i)) != NULL;) {
		b->rule = rule;
		st = add_rule(b);
	}
	return st == PQM_OK && pqm_wire_has_codes(b->kind) ? index_codes(b, l) : st;
}

enum pqm_st pqm_wires_build(struct pqm_wires **out, const struct pqm_rules *r, struct pqm_err *err)
{
	struct builder b = { .w = pqm_calloc(1, sizeof(*b.w)), .r = r, .err = err };
	enum pqm_st st = PQM_OK;

	if (b.w == NULL)
		return no_memory(&b);
	pqm_arena_init(&b.w->arena, PQM_ARENA_BYTES);
	for (unsigned k = 0; st == PQM_OK && k < PQM_W_N; k++) {
		b.kind = (enum pqm_wire_kind)k;
		st = build_kind(&b);
	}
	if (st == PQM_OK)
		*out = b.w;
	else
		pqm_wires_free(b.w);
	return st;
}
