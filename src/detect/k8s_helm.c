#include "k8s_helm.h"

#include "base/limits.h"
#include "base/num.h"
#include "parse/gotmpl.h"

/* Lines of one document that are given up before the whole is. */
#define LINES_LOST 48
/* Documents over this size are not repaired: each try reads it anew. */
#define REPAIR_BYTES ((size_t)256 << 10)

static const struct pqm_yaml *read_near(
	struct pqm_chart *c, const struct pqm_artifact *a, pqm_bytes dir, const char *name)
{
	pqm_bytes rel = pqm_arena_f(&c->arena, "%.*s%s", PQM_FMT(dir), name), text;
	const struct pqm_yaml *root = NULL;
	struct pqm_err ignored = { 0 };

	if (rel.p == NULL || a->near->read(a->near, rel, &c->arena, &text, &ignored) != PQM_OK ||
		pqm_yaml_one(&root, text, &c->arena, &ignored) != PQM_OK)
		return NULL;
	return root;
}

/* "../" once for each folder between the artifact and the chart that holds templates/ at the place. */
static pqm_bytes way_up(struct pqm_arena *arena, pqm_bytes path, size_t templates)
{
	pqm_bytes up = { NULL, 0 };

	for (size_t i = templates + 1; i < path.n; i++)
		if (path.p[i] == '/')
			up = pqm_arena_f(arena, "../%.*s", PQM_FMT(up));
	return up;
}

static const struct pqm_yaml *at_path(const struct pqm_yaml *n, pqm_bytes path)
{
	pqm_bytes rest = path, part;

	while (n != NULL && rest.p != NULL && pqm_split(&rest, '.', &part)) {
		const struct pqm_yaml *found = NULL;

		for (size_t i = n->type == PQM_YAML_MAP ? n->n : 0; i > 0 && found == NULL; i--)
			if (n->keys[i - 1]->type == PQM_YAML_SCALAR &&
				pqm_eq(n->keys[i - 1]->text, part))
				found = n->items[i - 1];
		n = found;
	}
	return n;
}

/* What the charts above say for this one, the nearest first. */
static void read_parents(struct pqm_chart *c, const struct pqm_artifact *a, pqm_bytes dir)
{
	pqm_bytes path = pqm_yaml_str(c->chart, "name");

	for (unsigned i = 1; i < PQM_HELM_LEVELS && path.n > 0; i++) {
		dir = pqm_arena_f(&c->arena, "../../%.*s", PQM_FMT(dir));
		const struct pqm_yaml *chart = read_near(c, a, dir, "Chart.yaml");
		const struct pqm_yaml *values = read_near(c, a, dir, "values.yaml");

		if (chart == NULL || values == NULL)
			return;
		c->values[c->n_values++] = at_path(values, path);
		c->global = pqm_yaml_get(values, "global");
		path = pqm_arena_f(&c->arena, "%.*s.%.*s", PQM_FMT(pqm_yaml_str(chart, "name")),
			PQM_FMT(path));
	}
}

void pqm_chart_init(struct pqm_chart *c, const struct pqm_artifact *a)
{
	static const char folder[] = "/templates/";
	size_t at = SIZE_MAX;

	*c = (struct pqm_chart){ 0 };
	pqm_arena_init(&c->arena, PQM_ARENA_BYTES);
	if (a->near == NULL)
		return;
	for (size_t k = pqm_find(a->path, 0, pqm_str(folder)); k != SIZE_MAX && c->chart == NULL;
		k = pqm_find(a->path, k + 1, pqm_str(folder))) {
		pqm_bytes dir = way_up(&c->arena, a->path, k);

		c->chart = read_near(c, a, dir, "Chart.yaml");
		at = k;
	}
	if (c->chart == NULL)
		return;
	pqm_bytes dir = way_up(&c->arena, a->path, at);

	c->values[0] = read_near(c, a, dir, "values.yaml");
	c->n_values = 1;
	c->global = pqm_yaml_get(c->values[0], "global");
	read_parents(c, a, dir);
}

void pqm_chart_fini(struct pqm_chart *c)
{
	pqm_arena_wipe(&c->arena);
	pqm_arena_fini(&c->arena);
}

static const struct pqm_yaml *look(void *ctx, pqm_bytes root, pqm_bytes path)
{
	const struct pqm_chart *c = ctx;
	const struct pqm_yaml *n = NULL;

	if (pqm_eqs(root, "Chart")) {
		char key[64];

		if (path.n == 0 || path.n >= sizeof(key))
			return NULL;
		memcpy(key, path.p, path.n);
		key[path.n] = '\0';
		key[0] = (char)(key[0] | 32); /* .Chart.AppVersion is appVersion */
		return pqm_yaml_at(c->chart, key);
	}
	if (pqm_starts(path, PQM_LIT("global.")))
		n = at_path(c->global, pqm_sub(path, 7, path.n));
	for (size_t i = c->n_values; i > 0 && n == NULL; i--)
		n = path.n == 0 ? c->values[i - 1] : at_path(c->values[i - 1], path);
	return n;
}

static bool index_lines(struct pqm_arena *arena, pqm_bytes t, uint32_t **out, size_t *n)
{
	size_t lines = 1, k = 0;

	for (size_t i = 0; i < t.n; i++)
		lines += t.p[i] == '\n';
	*out = pqm_new(arena, uint32_t, lines + 1);
	*n = lines;
	if (*out == NULL)
		return false;
	(*out)[k++] = 0;
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] == '\n')
			(*out)[k++] = (uint32_t)i + 1;
	(*out)[lines] = (uint32_t)t.n;
	return true;
}

/* The line of an offset in the text, from 0. */
static size_t line_of(const struct pqm_k8s_template *t, uint64_t off)
{
	size_t lo = 0, hi = t->n_lines;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->line_in[mid] <= off)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static enum pqm_st on_found(struct pqm_emit *e, const struct pqm_found *given)
{
	const struct pqm_k8s_template *t = (const struct pqm_k8s_template *)e;
	struct pqm_found f = *given;

	if (f.basis == PQM_EXPLICIT && f.evidence == PQM_CONFIGURED)
		f.basis = PQM_IMPLIED;
	pqm_found_attr(&f, "origin", t->origin);
	return pqm_emit(t->to, &f);
}

static enum pqm_st on_object(struct pqm_emit *e, const struct pqm_object *given)
{
	const struct pqm_k8s_template *t = (const struct pqm_k8s_template *)e;
	struct pqm_object o = *given;
	struct pqm_fact *facts = pqm_new(t->arena, struct pqm_fact, o.n_facts + 1);

	if (facts == NULL)
		return PQM_ENOMEM;
	if (o.n_facts > 0)
		memcpy(facts, o.facts, o.n_facts * sizeof(*facts));
	facts[o.n_facts++] = (struct pqm_fact){ PQM_LIT("pqmap.origin"), t->origin, o.line, 1 };
	o.facts = facts;
	return pqm_emit_object(t->to, &o);
}

static enum pqm_st on_child(struct pqm_emit *e, const struct pqm_child *c)
{
	const struct pqm_k8s_template *t = (const struct pqm_k8s_template *)e;

	return pqm_emit_child(t->to, c);
}

static void on_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	const struct pqm_k8s_template *t = (const struct pqm_k8s_template *)e;

	/* A value that is given at installation is no broken one. */
	if (strstr(words, ": not base64 from") != NULL)
		return;
	pqm_emit_note(t->to, off == UINT64_MAX ? off : t->off0 + t->line_of[line_of(t, off)], why,
		"%s", words);
}

static void on_claim(struct pqm_emit *e, uint64_t from, uint64_t to)
{
	const struct pqm_k8s_template *t = (const struct pqm_k8s_template *)e;

	if (from < to)
		pqm_emit_claim(t->to, t->off0 + t->line_of[line_of(t, from)],
			t->off0 + t->line_of[line_of(t, to - 1) + 1]);
}

enum pqm_st pqm_k8s_template_open(struct pqm_k8s_template *out, struct pqm_chart *c, pqm_bytes text,
	struct pqm_emit *to, struct pqm_err *err)
{
	struct pqm_gotmpl t = { .look = c->chart != NULL ? look : NULL,
		.ctx = c,
		.has_values = c->n_values > 0 && c->values[0] != NULL };
	struct pqm_buf b;
	enum pqm_st st;
	size_t n = 0;

	*out = (struct pqm_k8s_template){
		.emit = { .found = on_found,
			.object = on_object,
			.child = on_child,
			.note = on_note,
			.claim = on_claim },
		.to = to,
		.arena = &c->arena,
		.original = text,
		.origin = PQM_LIT("template"),
	};
	if (text.n > PQM_YAML_DOC_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "template: over the 16 MiB limit");
	pqm_buf_init(&b, PQM_YAML_DOC_BYTES);
	st = pqm_gotmpl_read(&b, text, &t, &c->arena, err);
	if (st == PQM_OK) {
		out->text = pqm_bytes_dup(&c->arena, pqm_buf_bytes(&b));
		if ((b.n > 0 && out->text.p == NULL) ||
			!index_lines(&c->arena, text, &out->line_of, &out->n_lines) ||
			!index_lines(&c->arena, out->text, &out->line_in, &n) || n != out->n_lines)
			st = pqm_fail(err, PQM_ENOMEM, "template: out of memory");
	}
	pqm_buf_wipe(&b);
	return st;
}

static enum pqm_st ignore(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	(void)ctx;
	(void)root;
	(void)err;
	return PQM_OK;
}

/* Blanks the line (from 1) or the last one before it that has something on it. */
static bool blank_line(uint8_t *text, size_t n, uint64_t line)
{
	size_t at = 0, from = SIZE_MAX, to = 0;

	for (uint64_t l = 1; l <= line && at < n; l++) {
		size_t end = at;
		bool is_blank = true;

		for (; end < n && text[end] != '\n'; end++)
			is_blank = is_blank && text[end] <= ' ';
		if (!is_blank && !pqm_starts((pqm_bytes){ text + at, n - at }, PQM_LIT("---"))) {
			from = at;
			to = end;
		}
		at = end + 1;
	}
	if (from == SIZE_MAX)
		return false;
	memset(text + from, ' ', to - from);
	return true;
}

size_t pqm_k8s_template_repair(uint8_t *text, size_t n)
{
	struct pqm_arena arena;
	size_t lost = 0;
	bool ok = false;

	if (n > REPAIR_BYTES)
		return SIZE_MAX;
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	for (; lost <= LINES_LOST && !ok; lost++) {
		struct pqm_err why = { 0 };
		pqm_bytes words, number = { NULL, 0 };
		uint64_t line;

		ok = pqm_yaml_docs((pqm_bytes){ text, n }, &arena, ignore, NULL, &why) == PQM_OK;
		pqm_arena_wipe(&arena);
		words = pqm_str(why.msg);
		if (ok || !pqm_split(&words, ':', &number) ||
			!pqm_u64_parse(number, UINT32_MAX, &line) || !blank_line(text, n, line))
			break;
	}
	pqm_arena_fini(&arena);
	return ok ? lost : SIZE_MAX;
}

void pqm_k8s_template_group(
	const struct pqm_k8s_scan *s, const struct pqm_yaml *root, struct pqm_arena *arena)
{
	const struct pqm_yaml *api = pqm_yaml_get(root, "apiVersion");
	pqm_bytes kind = pqm_yaml_str(root, "kind"), group = { NULL, 0 };

	if (api == NULL || api->type != PQM_YAML_SCALAR || !pqm_starts(api->text, PQM_LIT("<")))
		return;
	for (size_t i = 0; i < s->kinds->n && group.p == NULL; i++)
		if (pqm_eq(s->kinds->kind[i].kind, kind) && s->kinds->kind[i].groups != NULL)
			group = pqm_yaml_text(s->kinds->kind[i].groups->items[0]);
	/* The tree was made for us alone. */
	((struct pqm_yaml *)(uintptr_t)api)->text =
		pqm_arena_f(arena, "%.*s%sv1", PQM_FMT(group), group.n > 0 ? "/" : "");
}
