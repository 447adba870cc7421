/* k8s_list.c — manifests in JSON: one object, or a long list one element at a time. */
#include "k8s.h"

#include "base/limits.h"
#include "parse/yaml_json.h"

/* How far a walk goes before the memory behind it is given back. */
#define PASSED_BYTES ((size_t)1 << 20)

struct list {
	struct pqm_k8s_scan *s;
	pqm_bytes text;
	struct pqm_yjson_at at;
	uint64_t off;	     /* of text in the artifact */
	pqm_bytes api, kind; /* of the list; kubectl writes its kind behind the items */
	size_t passed;
	struct pqm_err *err;
};

/* What API servers add for themselves; a third of an object is that. */
static const struct pqm_yjson_skip skips[] = {
	{ { (const uint8_t *)"metadata", 8 }, { (const uint8_t *)"managedFields", 13 } },
	{ { (const uint8_t *)"annotations", 11 },
		{ (const uint8_t *)"kubectl.kubernetes.io/last-applied-configuration", 48 } },
};

static const struct pqm_yjson_opt opt = { skips, sizeof(skips) / sizeof(skips[0]) };

static void note(struct list *l, const struct pqm_yjson_at *at, enum pqm_st st, const char *words)
{
	if (l->s->is_named)
		pqm_emit_note(
			l->s->out, l->off + at->off, st, "object at line %u: %s", at->line, words);
}

/* Reads the value at l->at. Whatever is wrong with it is told, and the walk goes on behind it: false
 * when there is no way on. */
static bool next_value(struct list *l, const struct pqm_yaml **out, bool *is_read)
{
	struct pqm_yjson_at from = l->at, at = { 0, from.line, from.col };
	pqm_bytes text = pqm_sub(l->text, from.off, PQM_YAML_DOC_BYTES);
	bool is_cut = text.n < l->text.n - from.off;
	struct pqm_err why = { 0 };
	enum pqm_st st = pqm_yjson_value(out, text, &at, &opt, l->s->a->arena, &why);

	*is_read = st == PQM_OK;
	if (*is_read) {
		l->at = (struct pqm_yjson_at){ from.off + at.off, at.line, at.col };
		return true;
	}
	if (st == PQM_EPARSE && is_cut && at.off == text.n)
		note(l, &from, PQM_ELIMIT, "over the 16 MiB limit of one object");
	else
		note(l, &from, st == PQM_ENOMEM ? PQM_ELIMIT : st, why.msg);
	return pqm_yjson_skip_value(l->text, &l->at);
}

static enum pqm_st elements(struct list *l)
{
	enum pqm_st st = PQM_OK;

	while (st == PQM_OK && pqm_yjson_element(l->text, &l->at)) {
		const struct pqm_yaml *o = NULL;
		bool is_read = false;

		l->s->off0 = l->off + l->at.off;
		if (!next_value(l, &o, &is_read)) {
			note(l, &l->at, PQM_EPARSE, "the list ends in it");
			return PQM_OK;
		}
		if (is_read)
			st = pqm_k8s_item(l->s, o, l->api, l->kind, l->err);
		pqm_arena_wipe(l->s->a->arena); /* it held the text of Secrets */
		if (l->at.off - l->passed >= PASSED_BYTES) {
			l->passed = l->at.off;
			pqm_emit_passed(l->s->out, l->off + l->at.off);
		}
	}
	return st;
}

/* The string at the place, for a look at apiVersion and kind; empty when it is none. */
static pqm_bytes peek(const struct list *l)
{
	pqm_bytes rest = pqm_sub(l->text, l->at.off, PQM_K8S_KEY_BYTES);
	size_t end;

	if (rest.n == 0 || rest.p[0] != '"')
		return (pqm_bytes){ NULL, 0 };
	end = pqm_find_byte(rest, 1, '"');
	return end == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(rest, 1, end - 1);
}

/* Goes to the elements of a list; false when the object is no list. */
static bool find_items(struct list *l)
{
	pqm_bytes key;

	if (!pqm_yjson_enter(l->text, &l->at, '{'))
		return false;
	while (pqm_yjson_key(l->text, &l->at, &key)) {
		if (pqm_eqs(key, "items") && (l->kind.n == 0 || pqm_ends(l->kind, PQM_LIT("List"))))
			return pqm_yjson_enter(l->text, &l->at, '[');
		if (pqm_eqs(key, "apiVersion"))
			l->api = peek(l);
		else if (pqm_eqs(key, "kind"))
			l->kind = peek(l);
		if (!pqm_yjson_skip_value(l->text, &l->at))
			return false;
	}
	return false;
}

enum pqm_st pqm_k8s_json(struct pqm_k8s_scan *s, pqm_bytes text, bool *is_json, struct pqm_err *err)
{
	struct pqm_yjson_at start = { 0, s->line0 + 1, 1 };
	struct list l = { .s = s, .text = text, .at = start, .off = s->off0, .err = err };
	const struct pqm_yaml *root = NULL;
	struct pqm_err why = { 0 };
	enum pqm_st st;

	*is_json = true;
	s->line0 = 0; /* nodes know their lines in the file */
	if (find_items(&l))
		return elements(&l);
	st = pqm_yjson_value(&root, text, &start, &opt, s->a->arena, &why);
	*is_json = st == PQM_OK;
	return st != PQM_OK || root->type != PQM_YAML_MAP ? PQM_OK : pqm_k8s_object(s, root, err);
}
