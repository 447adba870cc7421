#include "k8s.h"

#include "base/limits.h"
#include "k8s_ahead.h"
#include "k8s_doc.h"
#include "k8s_helm.h"
#include "parse/yaml_block.h"

/*
 * A raw "---" at the start of a line is a document boundary: YAML forbids it inside scalars. Each
 * document is parsed by itself, so that a broken one costs only itself, and long bodies of
 * CustomResourceDefinitions are never parsed at all, but for how versions are converted.
 */
/* How far a walk goes before the memory behind it is given back. */
#define PASSED_BYTES ((size_t)1 << 20)

struct doc {
	pqm_bytes text;
	uint64_t off;
	uint32_t line; /* lines before it */
};

static bool is_yaml_name(pqm_bytes name)
{
	return pqm_ends(name, PQM_LIT(".yaml")) || pqm_ends(name, PQM_LIT(".yml")) ||
		pqm_ends(name, PQM_LIT(".json"));
}

static bool is_declaration_name(pqm_bytes name)
{
	return pqm_eqs(name, ".pqmap.yaml") || pqm_eqs(name, ".pqmap.yml");
}

/* Manifests are found by the anchor; declarations and UTF-16 have none. */
static bool wants(const struct pqm_artifact *a)
{
	return is_declaration_name(a->name) || (pqm_k8s_is_utf16(a->head) && is_yaml_name(a->name));
}

/* A key called kind, in YAML or JSON. API descriptions of other kinds say apiVersion too. */
static bool has_kind(pqm_bytes t)
{
	for (size_t at = pqm_find(t, 0, PQM_LIT("kind")); at != SIZE_MAX;
		at = pqm_find(t, at + 1, PQM_LIT("kind"))) {
		size_t end = at + 4;

		if (end < t.n && (t.p[end] == '"' || t.p[end] == '\''))
			end++;
		while (end < t.n && t.p[end] == ' ')
			end++;
		if (end < t.n && t.p[end] == ':')
			return true;
	}
	return false;
}

/* Without a telling name only text that opens like a manifest is taken for one. */
static bool opens_like_manifest(pqm_bytes head)
{
	static const char *const starts[] = { "---", "apiVersion", "kind:", "metadata:", "{",
		"\"" };
	pqm_bytes rest = head, line;

	while (rest.p != NULL && pqm_split(&rest, '\n', &line)) {
		line = pqm_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
			if (pqm_starts(line, pqm_str(starts[i])))
				return true;
		return false;
	}
	return false;
}

static bool is_boundary(pqm_bytes t, size_t at)
{
	return at + 3 >= t.n || t.p[at + 3] == '\n' || t.p[at + 3] == '\r' || t.p[at + 3] == ' ' ||
		t.p[at + 3] == '\t';
}

/* Where the document that text starts with ends. */
static size_t doc_end(pqm_bytes text)
{
	for (size_t end = 0;;) {
		end = pqm_find(text, end, PQM_LIT("\n---"));
		if (end == SIZE_MAX)
			return text.n;
		end++;
		if (is_boundary(text, end))
			return end;
	}
}

static bool is_json_like(pqm_bytes t)
{
	size_t i = 0;

	while (i < t.n && t.p[i] <= ' ')
		i++;
	return i < t.n && t.p[i] == '{';
}

static bool has_line(pqm_bytes t, const char *words)
{
	pqm_bytes w = pqm_str(words);

	for (size_t at = pqm_find(t, 0, w); at != SIZE_MAX; at = pqm_find(t, at + 1, w))
		if (at == 0 || t.p[at - 1] == '\n')
			return true;
	return false;
}

/* Reads a document as far as that needs nothing but its text. */
static void look_into(
	const struct pqm_k8s_walk *w, struct pqm_k8s_step *step, struct pqm_arena *arena)
{
	pqm_bytes t = step->text;

	if (w->is_declared)
		return;
	step->is_nothing = pqm_find(t, 0, PQM_LIT("apiVersion")) == SIZE_MAX || !has_kind(t);
	if (step->is_nothing || w->is_template || is_json_like(t) ||
		pqm_find(t, 0, PQM_LIT("{{")) != SIZE_MAX ||
		has_line(t, "kind: CustomResourceDefinition"))
		return;
	if (!pqm_yaml_block(&step->root, t, &pqm_k8s_skips, arena)) {
		step->root = NULL;
		step->is_tried = true;
	}
}

static bool next_doc(struct pqm_k8s_walk *w, struct pqm_k8s_step *step, struct pqm_arena *arena)
{
	pqm_bytes rest = pqm_sub(w->text, w->at.off, w->text.n);

	*step = (struct pqm_k8s_step){ .from = w->at, .to = w->at };
	if (w->is_done || rest.n == 0)
		return false;
	if (!w->is_past && !w->is_declared && !w->is_template && pqm_k8s_is_list(rest)) {
		step->is_list = w->is_done = true;
		return true;
	}
	w->is_past = false;
	step->text = pqm_sub(rest, 0, doc_end(rest));
	w->at.off += step->text.n;
	for (size_t i = 0; i < step->text.n; i++)
		w->at.line += step->text.p[i] == '\n';
	step->to = w->at;
	look_into(w, step, arena);
	return true;
}

struct visit {
	struct pqm_k8s_scan *scan;
	pqm_bytes text;
	bool is_declaration, is_template;
	bool has_actions; /* the text has {{ in it */
	unsigned n;
};

static void tell_doubled(const struct visit *v, const struct pqm_yaml *key)
{
	struct pqm_k8s_scan *s = v->scan;

	/* Keys of a merge are there to be overridden. */
	if (key == NULL || s->is_doubled_told || pqm_find(v->text, 0, PQM_LIT("<<")) != SIZE_MAX)
		return;
	s->is_doubled_told = true;
	pqm_emit_note(s->out, s->off0 + key->off, PQM_EPARSE,
		"line %u: a key is there twice in one mapping; the last one counts, as with "
		"kubectl",
		key->line + s->line0);
}

static enum pqm_st visit_doc(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	struct visit *v = ctx;

	if (v->has_actions && !v->is_template && pqm_k8s_has_action(root))
		return pqm_fail(err, PQM_EPARSE, "template: filled in by a tool");
	v->n++;
	tell_doubled(v, pqm_k8s_tidy(root));
	if (root->type != PQM_YAML_MAP)
		return PQM_OK;
	if (v->is_declaration || pqm_yaml_get(root, "pqmap") != NULL)
		return pqm_k8s_declared(v->scan, root, err);
	if (pqm_starts(pqm_yaml_str(root, "apiVersion"), PQM_LIT("kustomize.config.k8s.io/")))
		return PQM_OK; /* no object of a cluster; det_kustomize.c builds it */
	if (v->is_template)
		pqm_k8s_template_group(v->scan, root, v->scan->a->arena);
	return pqm_k8s_object(v->scan, root, err);
}

static bool is_template(pqm_bytes t)
{
	return pqm_find(t, 0, PQM_LIT("{{")) != SIZE_MAX ||
		pqm_find(t, 0, PQM_LIT("{%")) != SIZE_MAX;
}

/* Notes what could not be read; only what ends the scan of the file comes back. */
static enum pqm_st tell(struct pqm_k8s_scan *s, const struct doc *d, enum pqm_st st,
	const struct pqm_err *why, struct pqm_err *err)
{
	if (st == PQM_EPARSE && !s->is_named)
		return PQM_OK; /* text that only opened like a manifest */
	if (st == PQM_EPARSE && is_template(d->text))
		pqm_emit_note(s->out, d->off, st,
			"template: document at line %u is filled in by a tool; not resolved",
			d->line + 1);
	else if (st == PQM_EPARSE || st == PQM_ELIMIT)
		pqm_emit_note(s->out, d->off, st, "document at line %u: %s", d->line + 1, why->msg);
	else if (st == PQM_ENOMEM)
		pqm_emit_note(s->out, d->off, PQM_ELIMIT,
			"document at line %u: needs more than 64 MiB; split it", d->line + 1);
	else if (st != PQM_OK)
		return pqm_fail(err, st, "%s", why->msg);
	return PQM_OK;
}

/* A document of a template whose actions are gone. What still is no YAML costs its lines. */
static enum pqm_st read_blanked(
	struct pqm_k8s_scan *s, struct visit *v, const struct doc *d, struct pqm_err *why)
{
	pqm_bytes copy = pqm_bytes_dup(s->a->arena, d->text);
	size_t lost;

	if (d->text.n > 0 && copy.p == NULL)
		return PQM_ENOMEM;
	lost = pqm_k8s_template_repair((uint8_t *)(uintptr_t)copy.p, copy.n);
	if (lost == SIZE_MAX)
		return pqm_fail(why, PQM_EPARSE, "template: no YAML is left of it");
	if (lost > 0)
		pqm_emit_note(s->out, d->off, PQM_EPARSE,
			"template: document at line %u: %zu line%s left out to read the rest",
			d->line + 1, lost, lost == 1 ? "" : "s");
	v->is_template = true;
	return pqm_yaml_docs(copy, s->a->arena, visit_doc, v, why);
}

/* A document with actions in it and no chart around it. */
static enum pqm_st read_alone(
	struct pqm_k8s_scan *s, struct visit *v, const struct doc *d, struct pqm_err *why)
{
	struct pqm_emit *out = s->out;
	struct pqm_chart none = { 0 };
	struct pqm_k8s_template t;
	struct doc blank = *d;
	enum pqm_st st;

	pqm_arena_init(&none.arena, PQM_ARENA_BYTES);
	st = pqm_k8s_template_open(&t, &none, d->text, out, why);
	if (st == PQM_OK) {
		t.off0 = d->off;
		s->out = &t.emit;
		s->off0 = blank.off = 0;
		blank.text = t.text;
		st = read_blanked(s, v, &blank, why);
	}
	s->out = out;
	pqm_chart_fini(&none);
	return st;
}

static enum pqm_st read_crd(
	struct pqm_k8s_scan *s, struct visit *v, const struct doc *d, struct pqm_err *why)
{
	struct pqm_buf b;
	enum pqm_st st = PQM_OK;

	pqm_buf_init(&b, PQM_YAML_DOC_BYTES);
	if (pqm_k8s_crd_body(&b, d->text))
		st = pqm_yaml_docs(pqm_buf_bytes(&b), s->a->arena, visit_doc, v, why);
	pqm_buf_fini(&b);
	return st;
}

static enum pqm_st read_doc(struct pqm_k8s_scan *s, const struct pqm_k8s_step *step,
	bool is_declaration, struct pqm_err *err)
{
	const struct doc at = { step->text, step->from.off, step->from.line }, *d = &at;
	struct visit v = { .scan = s, .text = d->text, .is_declaration = is_declaration };
	struct pqm_err why = { 0 };
	enum pqm_st st;

	if (step->is_nothing)
		return PQM_OK;
	s->line0 = d->line;
	s->off0 = d->off;
	if (step->root != NULL)
		return tell(s, d, visit_doc(&v, step->root, &why), &why, err);
	if (!is_declaration && is_json_like(d->text)) {
		bool is_json = false;

		st = pqm_k8s_json(s, d->text, &is_json, err);
		if (st != PQM_OK || is_json)
			return st;
		s->line0 = d->line;
		s->off0 = d->off;
	}
	v.has_actions = s->is_named && !is_declaration && !s->is_template &&
		pqm_find(d->text, 0, PQM_LIT("{{")) != SIZE_MAX;
	if (has_line(d->text, "kind: CustomResourceDefinition"))
		st = read_crd(s, &v, d, &why);
	else if (s->is_template)
		st = read_blanked(s, &v, d, &why);
	else
		st = pqm_yaml_docs(d->text, s->a->arena, visit_doc, &v, &why);
	if (st == PQM_EPARSE && v.n == 0 && v.has_actions)
		st = read_alone(s, &v, d, &why);
	return tell(s, d, st, &why, err);
}

/* apiVersion: v1, apps/v1beta1, "v1", {{ … }}: what stands after the anchor. Descriptions of web APIs
 * say apiVersion too, with a date behind it; they are far more common than manifests. */
static bool is_api_version(pqm_bytes t, uint64_t anchor)
{
	size_t at = (size_t)anchor + 10;
	uint8_t last = '/';

	while (at < t.n && (t.p[at] == '"' || t.p[at] == '\'' || t.p[at] == ':' || t.p[at] == ' '))
		at++;
	for (; at < t.n && t.p[at] > ' ' && t.p[at] != '"'; at++) {
		bool starts = last == '/' && t.p[at] == 'v' && at + 1 < t.n;

		if ((starts && t.p[at + 1] >= '0' && t.p[at + 1] <= '9') || t.p[at] == '{')
			return true;
		last = t.p[at];
	}
	return false;
}

static bool has_api_version(pqm_bytes body, const struct pqm_hits *hits)
{
	for (size_t i = 0; hits != NULL && i < hits->n; i++)
		if (is_api_version(body, hits->hit[i].off))
			return true;
	return false;
}

/* Reads the list at the walk's place. */
static enum pqm_st read_list(
	struct pqm_k8s_scan *s, struct pqm_k8s_walk *w, uint32_t lines, struct pqm_err *err)
{
	enum pqm_st st;
	size_t used = 0;

	s->off0 = w->at.off;
	st = pqm_k8s_list(s, pqm_sub(w->text, w->at.off, w->text.n), &used, &lines, err);
	w->at.off += used;
	w->at.line = lines;
	w->is_past = true;
	w->is_done = false;
	return st;
}

/* Reads all documents of a text. */
static enum pqm_st read_docs(
	struct pqm_k8s_scan *s, pqm_bytes text, bool is_declaration, struct pqm_err *err)
{
	struct pqm_k8s_walk w = { .text = text,
		.is_declared = is_declaration,
		.is_template = s->is_template,
		.next = next_doc };
	struct pqm_k8s_ahead ahead;
	const struct pqm_k8s_step *step;
	uint64_t off = 0, passed = 0;
	enum pqm_st st = PQM_OK;

	pqm_k8s_ahead_start(&ahead, s, &w);
	while (st == PQM_OK && (step = pqm_k8s_ahead_next(&ahead)) != NULL) {
		if (step->is_list) {
			pqm_k8s_ahead_end(&ahead);
			st = read_list(s, &w, w.at.line, err);
			pqm_k8s_ahead_start(&ahead, s, &w);
			continue;
		}
		off = step->from.off;
		st = read_doc(s, step, is_declaration, err);
		pqm_arena_wipe(s->a->arena); /* it held the text of Secrets */
		if (w.at.off - passed >= PASSED_BYTES)
			pqm_emit_passed(s->out, passed = w.at.off);
	}
	pqm_k8s_ahead_end(&ahead);
	return st == PQM_OK ? PQM_OK
			    : pqm_fail(err, st, "byte %llu: manifest: %s", (unsigned long long)off,
				      pqm_st_name(st));
}

/* A template of a chart; *is_one is false when it is none. */
static enum pqm_st read_template(
	struct pqm_k8s_scan *s, const struct pqm_artifact *a, bool *is_one, struct pqm_err *err)
{
	struct pqm_emit *out = s->out;
	struct pqm_chart chart;
	struct pqm_k8s_template t;
	struct pqm_err why = { 0 };
	enum pqm_st st = PQM_OK;

	*is_one = false;
	pqm_chart_init(&chart, a);
	if (chart.chart != NULL) {
		*is_one = true;
		st = pqm_k8s_template_open(&t, &chart, a->body, out, &why);
		if (st == PQM_OK) {
			s->out = &t.emit;
			s->is_template = true;
			st = read_docs(s, t.text, false, err);
			s->out = out;
		} else {
			pqm_emit_note(out, UINT64_MAX, st, "%s", why.msg);
			st = PQM_OK;
		}
	}
	pqm_chart_fini(&chart);
	return st;
}

static enum pqm_st read_file(
	struct pqm_k8s_scan *s, const struct pqm_artifact *a, bool declares, struct pqm_err *err)
{
	struct pqm_buf b;
	bool is_one = false;
	enum pqm_st st = PQM_OK;

	if (pqm_k8s_is_utf16(a->head)) {
		pqm_buf_init(&b, PQM_YAML_DOC_BYTES);
		if (pqm_k8s_utf16(&b, a->body))
			st = read_docs(s, pqm_buf_bytes(&b), declares, err);
		else
			pqm_emit_note(s->out, UINT64_MAX, PQM_EPARSE,
				"not the UTF-16 that its first bytes say, or over 16 MiB");
		pqm_buf_wipe(&b);
		return st;
	}
	if (!declares && s->is_named && a->near != NULL &&
		pqm_find(a->path, 0, PQM_LIT("/templates/")) != SIZE_MAX &&
		a->body.n <= PQM_YAML_DOC_BYTES && pqm_find(a->body, 0, PQM_LIT("{{")) != SIZE_MAX)
		st = read_template(s, a, &is_one, err);
	return st != PQM_OK || is_one ? st : read_docs(s, a->body, declares, err);
}

/* The paths that this thread keeps; NULL when it keeps none. */
static struct pqm_k8s_paths *kept_paths(const struct pqm_artifact *a, struct pqm_emit *out)
{
	struct pqm_arena *arena = NULL;
	struct pqm_k8s_paths *p = pqm_emit_kept(out, sizeof(*p), &arena);

	if (p == NULL)
		return NULL;
	p->arena = arena;
	if (a->depth == 0)
		pqm_k8s_paths_trim(p);
	return p;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_artifact each = *a; /* with an arena for one document at a time */
	struct pqm_k8s_scan s = { .rules = r, .a = &each, .out = out };
	struct pqm_arena own;
	bool declares = is_declaration_name(a->name), named = declares || is_yaml_name(a->name);
	enum pqm_st st = PQM_OK;

	if (hits->done_until != NULL && *hits->done_until > 0)
		return PQM_OK; /* a later batch of a body that was read whole */
	if (!declares && !pqm_k8s_is_utf16(a->head) && !has_api_version(a->body, hits))
		return PQM_OK;
	if (hits->done_until != NULL)
		*hits->done_until = UINT64_MAX;
	if (!named && !opens_like_manifest(a->head))
		return PQM_OK;
	st = pqm_rules_k8s(&s.kinds, r, err);
	if (st != PQM_OK)
		return st;
	s.shapes.arena = a->arena;
	s.shapes.paths = kept_paths(a, out);
	s.is_named = named;
	if (pqm_eqs(a->name,
		    PQM_K8S_RELEASE)) /* of a Secret: "namespace/Secret/name#data.release" */
		s.ns = pqm_sub(a->object, 0, pqm_find_byte(a->object, 0, '/'));
	pqm_arena_init(&own, PQM_ARENA_BYTES);
	each.arena = &own;
	st = read_file(&s, a, declares, err);
	pqm_arena_fini(&own);
	return st;
}

static const struct pqm_anchor anchors[] = { PQM_ANCHOR("apiVersion") };

const struct pqm_detector pqm_det_k8s = {
	.name = "k8s",
	.version = 1,
	.summary = "Kubernetes manifests: Secrets, certificates, TLS settings and their defaults, "
		   "assets",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.wants = wants,
	.run = run,
};
