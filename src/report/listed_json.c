#include "report/listed_json.h"

#include "base/limits.h"
#include "report/json_parts.h"
#include "report/load.h"

static void open_line(struct pqm_out *o, const char *type)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "type", type);
}

static void object_line(struct pqm_out *o, const struct pqm_object *k)
{
	open_line(o, "listed-object");
	pqm_js_opt(o, "path", k->path);
	pqm_js_opt(o, "group", k->group);
	pqm_js_str(o, "kind", k->kind);
	pqm_js_opt(o, "namespace", k->ns);
	pqm_js_str(o, "name", k->name);
	pqm_js_opt(o, "controller", k->controller);
	pqm_js_open(o, "facts", '[');
	for (size_t i = 0; i < k->n_facts; i++) {
		pqm_js_str(o, NULL, k->facts[i].key);
		pqm_js_str(o, NULL, k->facts[i].value);
	}
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}

static void note_line(struct pqm_out *o, const struct pqm_note *n)
{
	open_line(o, "listed-note");
	pqm_js_opt(o, "path", n->path);
	pqm_js_str(o, "reason", n->reason);
	pqm_js_opt(o, "words", n->words);
	if (n->off != UINT64_MAX)
		pqm_js_u64(o, "offset", n->off);
	pqm_js_close(o, '}');
}

static void page_lines(struct pqm_out *o, const struct pqm_listed_page *p)
{
	open_line(o, "listed-page");
	pqm_js_str(o, "path", p->path);
	pqm_js_close(o, '}');
	for (size_t i = 0; i < p->n_objects; i++)
		object_line(o, &p->objects[i]);
	for (size_t i = 0; i < p->n_findings; i++) {
		open_line(o, "listed-finding");
		pqm_json_finding(o, "finding", &p->findings[i]);
		pqm_js_close(o, '}');
	}
	for (size_t i = 0; i < p->n_notes; i++)
		note_line(o, &p->notes[i]);
	for (size_t i = 0; i < p->n_agains; i++) {
		open_line(o, "listed-again");
		pqm_js_opt(o, "namespace", p->agains[i].ns);
		pqm_js_str(o, "controller", p->agains[i].controller);
		pqm_js_u64(o, "n", p->agains[i].n);
		pqm_js_close(o, '}');
	}
}

/* A byte becomes four characters at worst, "\xNN", and its backslash is doubled. */
static bool fits(const struct pqm_listed_page *p)
{
	for (size_t i = 0; i < p->n_objects; i++) {
		uint64_t n = 0;

		for (size_t k = 0; k < p->objects[i].n_facts; k++)
			n += p->objects[i].facts[k].key.n + p->objects[i].facts[k].value.n + 8;
		if (n > PQM_STREAM_LINE_BYTES / 6)
			return false;
	}
	return true;
}

void pqm_listed_json(struct pqm_out *o, const struct pqm_listed *l)
{
	for (size_t i = 0; i < l->n_pages; i++)
		if (!fits(&l->pages[i]))
			return;
	for (size_t i = 0; i < l->n_pages; i++)
		page_lines(o, &l->pages[i]);
	open_line(o, "listed");
	pqm_js_str(o, "target", l->target);
	pqm_js_str(o, "request", l->request);
	pqm_js_u64(o, "objects", l->n_objects);
	pqm_js_u64(o, "bytes", l->n_bytes);
	pqm_js_close(o, '}');
}

/* Texts repeat a thousand times. */
static bool text_of(struct pqm_listed_reader *r, pqm_bytes b, pqm_bytes *out)
{
	pqm_bytes *old;

	*out = (pqm_bytes){ NULL, 0 };
	if (b.n == 0)
		return true;
	old = pqm_map_get(&r->texts, b);
	if (old == NULL) {
		old = pqm_new(r->arena, pqm_bytes, 1);
		if (old == NULL)
			return false;
		*old = pqm_bytes_dup(r->arena, b);
		if (old->p == NULL || !pqm_map_put(&r->texts, *old, old))
			return false;
	}
	*out = *old;
	return true;
}

static bool get(
	struct pqm_listed_reader *r, const struct pqm_json *v, const char *key, pqm_bytes *out)
{
	return text_of(r, pqm_json_str(v, key), out);
}

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "does not fit in memory");
}

static enum pqm_st read_object(struct pqm_listed_reader *r, struct pqm_listed_page *p,
	const struct pqm_json *v, struct pqm_err *err)
{
	struct pqm_object *all = pqm_grow(r->arena, p->objects, p->n_objects, &p->cap_objects);
	const struct pqm_json *list = pqm_json_get(v, "facts"), *f = pqm_json_first(list);
	size_t n = pqm_json_size(list) / 2;
	struct pqm_fact *facts = pqm_new(r->arena, struct pqm_fact, n + 1);
	struct pqm_object o = { .facts = facts, .n_facts = n };
	bool ok = all != NULL && facts != NULL && get(r, v, "path", &o.path) &&
		get(r, v, "group", &o.group) && get(r, v, "kind", &o.kind) &&
		get(r, v, "namespace", &o.ns) && get(r, v, "name", &o.name) &&
		get(r, v, "controller", &o.controller);

	for (size_t i = 0; ok && i < n; i++) {
		const struct pqm_json *value = pqm_json_next(f);

		ok = text_of(r, pqm_json_text(f), &facts[i].key) &&
			text_of(r, pqm_json_text(value), &facts[i].value);
		f = pqm_json_next(value);
	}
	if (!ok)
		return no_memory(err);
	p->objects = all;
	all[p->n_objects++] = o;
	return PQM_OK;
}

static enum pqm_st read_finding(struct pqm_listed_reader *r, struct pqm_listed_page *p,
	const struct pqm_json *v, struct pqm_err *err)
{
	struct pqm_finding *all = pqm_grow(r->arena, p->findings, p->n_findings, &p->cap_findings);
	enum pqm_st st;

	if (all == NULL)
		return no_memory(err);
	p->findings = all;
	st = pqm_finding_read(&all[p->n_findings], pqm_json_get(v, "finding"), 1, r->arena, err);
	if (st == PQM_OK && all[p->n_findings].n_occs != 1)
		st = pqm_fail(err, PQM_EPARSE, "a listed finding has one occurrence");
	p->n_findings += st == PQM_OK;
	return st;
}

static enum pqm_st read_note(struct pqm_listed_reader *r, struct pqm_listed_page *p,
	const struct pqm_json *v, struct pqm_err *err)
{
	struct pqm_note *all = pqm_grow(r->arena, p->notes, p->n_notes, &p->cap_notes);
	struct pqm_note n = { .off = UINT64_MAX };

	if (all == NULL || !get(r, v, "path", &n.path) || !get(r, v, "reason", &n.reason) ||
		!get(r, v, "words", &n.words))
		return no_memory(err);
	if (pqm_json_get(v, "offset") != NULL && !pqm_json_get_u64(v, "offset", &n.off))
		return pqm_fail(err, PQM_EPARSE, "offset is not a whole number");
	p->notes = all;
	all[p->n_notes++] = n;
	return PQM_OK;
}

static enum pqm_st read_again(struct pqm_listed_reader *r, struct pqm_listed_page *p,
	const struct pqm_json *v, struct pqm_err *err)
{
	struct pqm_listed_again *all = pqm_grow(r->arena, p->agains, p->n_agains, &p->cap_agains);
	struct pqm_listed_again g;
	uint64_t n;

	if (all == NULL || !get(r, v, "namespace", &g.ns) ||
		!get(r, v, "controller", &g.controller))
		return no_memory(err);
	if (!pqm_json_get_u64(v, "n", &n) || n > UINT32_MAX)
		return pqm_fail(err, PQM_EPARSE, "n is not a number of objects");
	g.n = (uint32_t)n;
	p->agains = all;
	all[p->n_agains++] = g;
	return PQM_OK;
}

static enum pqm_st read_page(
	struct pqm_listed_reader *r, const struct pqm_json *v, struct pqm_err *err)
{
	struct pqm_listed *l = &r->open;
	struct pqm_listed_page *all = pqm_grow(r->arena, l->pages, l->n_pages, &l->cap_pages);
	struct pqm_listed_page p = { 0 };

	if (all == NULL || !get(r, v, "path", &p.path))
		return no_memory(err);
	l->pages = all;
	all[l->n_pages++] = p;
	return PQM_OK;
}

static enum pqm_st read_end(
	struct pqm_listed_reader *r, const struct pqm_json *v, struct pqm_err *err)
{
	struct pqm_listed *l = &r->open;

	if (!get(r, v, "target", &l->target) || !get(r, v, "request", &l->request))
		return no_memory(err);
	if (!pqm_json_get_u64(v, "objects", &l->n_objects) ||
		!pqm_json_get_u64(v, "bytes", &l->n_bytes))
		return pqm_fail(err, PQM_EPARSE, "a count is not a whole number");
	return PQM_OK;
}

enum pqm_st pqm_listed_read(struct pqm_listed_reader *r, const struct pqm_json *line, bool *is_one,
	bool *is_end, struct pqm_err *err)
{
	static const struct {
		const char *type;
		enum pqm_st (*read)(struct pqm_listed_reader *r, struct pqm_listed_page *p,
			const struct pqm_json *v, struct pqm_err *err);
	} parts[] = { { "listed-object", read_object }, { "listed-finding", read_finding },
		{ "listed-note", read_note }, { "listed-again", read_again } };

	pqm_bytes type = pqm_json_str(line, "type");

	*is_one = true;
	*is_end = pqm_eqs(type, "listed");
	if (*is_end)
		return read_end(r, line, err);
	if (pqm_eqs(type, "listed-page"))
		return read_page(r, line, err);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (pqm_eqs(type, parts[i].type))
			return r->open.n_pages == 0
				? pqm_fail(err, PQM_EPARSE, "no page in front of it")
				: parts[i].read(r, &r->open.pages[r->open.n_pages - 1], line, err);
	*is_one = false;
	return PQM_OK;
}

void pqm_listed_reader_fini(struct pqm_listed_reader *r)
{
	pqm_map_fini(&r->texts);
}
