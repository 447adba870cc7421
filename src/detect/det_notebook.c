/* det_notebook.c — notebooks: the calls of their cells, and the texts of cells and outputs as artifacts. */
#include "base/buf.h"
#include "parse/yaml_json.h"
#include "source.h"

#define CELLS_MAX 5000 /* a notebook of a thousand cells is a large one */
#define TEXT_BYTES PQM_LEX_BYTES

static bool wants(const struct pqm_artifact *a)
{
	return pqm_ends(a->name, PQM_LIT(".ipynb")) && a->body.n > 0;
}

struct book {
	const struct pqm_rules *rules;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	struct pqm_err *err;
	const struct pqm_call_lang *lang;
	enum pqm_lang kind;
	enum pqm_source_role role;
	struct pqm_map bound; /* imports of all cells so far */
	size_t n_cells;
};

/* A text, or a list of lines. */
static bool add_text(struct pqm_buf *to, const struct pqm_yaml *v)
{
	if (v == NULL || v->type == PQM_YAML_MAP)
		return true;
	if (v->type == PQM_YAML_SCALAR)
		return pqm_buf_add(to, pqm_yaml_text(v));
	for (size_t i = 0; i < v->n; i++)
		if (v->items[i]->type == PQM_YAML_SCALAR &&
			!pqm_buf_add(to, pqm_yaml_text(v->items[i])))
			return false;
	return true;
}

static enum pqm_st child(struct book *b, pqm_bytes text, const char *what)
{
	pqm_bytes part = pqm_arena_f(b->a->arena, "cell %zu%s", b->n_cells, what);
	struct pqm_child c = { .body = text, .path_part = part, .object = part };

	if (text.n == 0)
		return PQM_OK;
	return part.p == NULL ? PQM_ENOMEM : pqm_emit_child(b->out, &c);
}

/* Texts of outputs: calls in them are no code, but keys that were printed are keys. */
static enum pqm_st outputs(struct book *b, const struct pqm_yaml *list)
{
	struct pqm_buf text;
	bool ok = true;

	if (list == NULL || list->type != PQM_YAML_SEQ || list->n == 0)
		return PQM_OK;
	pqm_buf_init(&text, TEXT_BYTES);
	for (size_t i = 0; ok && i < list->n; i++) {
		const struct pqm_yaml *data = pqm_yaml_get(list->items[i], "data");

		ok = add_text(&text, pqm_yaml_get(list->items[i], "text")) &&
			add_text(&text, pqm_yaml_get(data, "text/plain")) &&
			add_text(&text, pqm_yaml_get(list->items[i], "traceback")) &&
			pqm_buf_byte(&text, '\n');
	}
	enum pqm_st st = PQM_OK;

	/* A lone line end is no text. */
	if (text.n > list->n)
		st = child(b, pqm_buf_bytes(&text), " output");
	pqm_buf_wipe(&text);
	return st;
}

/* Lines that are not Python: %pip, !openssl. Their place stays, so that lines keep their numbers. */
static void blank_magics(uint8_t *p, size_t n, struct pqm_buf *shell)
{
	bool in_shell = n > 6 && (memcmp(p, "%%bash", 6) == 0 || memcmp(p, "%%sh\n", 5) == 0);
	bool whole = n > 2 && p[0] == '%' && p[1] == '%' && !in_shell &&
		memcmp(p, "%%time", 6 > n ? n : 6) != 0 &&
		memcmp(p, "%%capture", 9 > n ? n : 9) != 0;

	for (size_t at = 0; at < n;) {
		const uint8_t *nl = memchr(p + at, '\n', n - at);
		size_t end = nl == NULL ? n : (size_t)(nl - p), from = at;

		while (from < end && (p[from] == ' ' || p[from] == '\t'))
			from++;
		bool is_magic = from < end && (p[from] == '%' || p[from] == '!');

		if (from < end && (p[from] == '!' || (in_shell && !is_magic)))
			(void)pqm_buf_add(shell,
				pqm_sub((pqm_bytes){ p, end }, from + (p[from] == '!'), end));
		(void)pqm_buf_byte(shell, '\n');
		if (is_magic || in_shell || whole)
			memset(p + at, ' ', end - at);
		at = end + 1;
	}
}

static enum pqm_st calls_of(struct book *b, pqm_bytes text)
{
	struct pqm_source_text t = { .rules = b->rules,
		.lang = b->lang,
		.kind = b->kind,
		.text = text,
		.role = b->role,
		.arena = b->a->arena,
		.out = b->out,
		.bound = &b->bound };
	pqm_bytes part = pqm_arena_f(b->a->arena, "cell %zu", b->n_cells);

	if (part.p == NULL)
		return PQM_ENOMEM;
	pqm_emit_part(b->out, part);
	enum pqm_st st = pqm_source_scan(&t, b->err);

	pqm_emit_part(b->out, (pqm_bytes){ NULL, 0 });
	return st;
}

static enum pqm_st code_cell(struct book *b, pqm_bytes text)
{
	pqm_bytes code = pqm_bytes_dup(b->a->arena, text);
	struct pqm_buf shell;
	enum pqm_st st = PQM_OK;

	if (code.p == NULL)
		return PQM_ENOMEM;
	pqm_buf_init(&shell, TEXT_BYTES);
	if (b->kind == PQM_LANG_PYTHON)
		blank_magics((uint8_t *)(uintptr_t)code.p, code.n, &shell);
	if (pqm_trim(pqm_buf_bytes(&shell)).n > 0)
		st = child(b, pqm_buf_bytes(&shell), ".sh");
	if (st == PQM_OK && b->lang != NULL)
		st = calls_of(b, code);
	pqm_buf_wipe(&shell);
	return st;
}

static enum pqm_st cell(struct book *b, const struct pqm_yaml *c)
{
	struct pqm_buf text;
	bool is_code = pqm_eqs(pqm_yaml_str(c, "cell_type"), "code");
	const struct pqm_yaml *source = pqm_yaml_get(c, "source");
	enum pqm_st st;

	b->n_cells++;
	/* nbformat 3 calls the text of code cells "input". */
	if (source == NULL)
		source = pqm_yaml_get(c, "input");
	pqm_buf_init(&text, TEXT_BYTES);
	if (!add_text(&text, source)) {
		pqm_emit_note(b->out, UINT64_MAX, PQM_ELIMIT, "cell %zu: more than 4 MiB of text",
			b->n_cells);
		pqm_buf_wipe(&text);
		return PQM_OK;
	}
	st = child(b, pqm_buf_bytes(&text), "");
	if (st == PQM_OK && is_code && text.n > 0)
		st = code_cell(b, pqm_buf_bytes(&text));
	pqm_buf_wipe(&text);
	return st != PQM_OK ? st : outputs(b, pqm_yaml_get(c, "outputs"));
}

static enum pqm_st cells(struct book *b, const struct pqm_yaml *list)
{
	enum pqm_st st = PQM_OK;

	if (list == NULL || list->type != PQM_YAML_SEQ)
		return PQM_OK;
	for (size_t i = 0; st == PQM_OK && i < list->n; i++) {
		if (b->n_cells >= CELLS_MAX) {
			pqm_emit_note(b->out, UINT64_MAX, PQM_ELIMIT,
				"notebook of more than %d cells: the others are not read",
				CELLS_MAX);
			break;
		}
		st = cell(b, list->items[i]);
		if (st == PQM_ELIMIT) {
			pqm_emit_note(
				b->out, UINT64_MAX, st, "cell %zu: %s", b->n_cells, b->err->msg);
			st = PQM_OK;
		}
	}
	return st;
}

/* By the kernel's own words; a notebook without any is Python, as all of them once were. */
static enum pqm_lang kernel(const struct pqm_yaml *root)
{
	static const struct {
		const char *word;
		enum pqm_lang lang;
	} known[] = {
		{ "python", PQM_LANG_PYTHON },
		{ "python3", PQM_LANG_PYTHON },
		{ "ipython", PQM_LANG_PYTHON },
		{ "javascript", PQM_LANG_JS },
		{ "typescript", PQM_LANG_JS },
		{ "go", PQM_LANG_GO },
		{ "java", PQM_LANG_JAVA },
		{ "kotlin", PQM_LANG_KOTLIN },
		{ "scala", PQM_LANG_SCALA },
		{ "rust", PQM_LANG_RUST },
		{ "c#", PQM_LANG_CSHARP },
		{ "csharp", PQM_LANG_CSHARP },
		{ "c++", PQM_LANG_C },
	};

	pqm_bytes name = pqm_yaml_str(pqm_yaml_at(root, "metadata.kernelspec"), "language");

	if (name.n == 0)
		name = pqm_yaml_str(pqm_yaml_at(root, "metadata.language_info"), "name");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (pqm_ieq(name, pqm_str(known[i].word)))
			return known[i].lang;
	return name.n == 0 ? PQM_LANG_PYTHON : PQM_LANG_NONE;
}

static enum pqm_st read_book(struct book *b, const struct pqm_yaml *root)
{
	const struct pqm_yaml *list = pqm_yaml_get(root, "cells");
	const struct pqm_yaml *sheets = pqm_yaml_get(root, "worksheets");
	const struct pqm_calls *all;

	if (pqm_rules_calls(&all, b->rules, b->err) != PQM_OK)
		return b->err->st;
	b->kind = kernel(root);
	b->lang = b->kind == PQM_LANG_NONE ? NULL : pqm_calls_of(all, b->kind);
	if (b->lang != NULL)
		b->role = pqm_source_role_of(b->lang, b->a->path);
	if (list == NULL && sheets == NULL)
		return PQM_OK;
	/* What others see in the escaped text stands in the cells, too, and has its line there. */
	pqm_emit_claim(b->out, 0, b->a->body.n);
	enum pqm_st st = cells(b, list);

	for (size_t i = 0;
		st == PQM_OK && sheets != NULL && sheets->type == PQM_YAML_SEQ && i < sheets->n;
		i++)
		st = cells(b, pqm_yaml_get(sheets->items[i], "cells"));
	return st;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	const struct pqm_yjson_skip pictures[] = {
		{ { NULL, 0 }, PQM_LIT("image/png") },
		{ { NULL, 0 }, PQM_LIT("image/jpeg") },
		{ { NULL, 0 }, PQM_LIT("image/svg+xml") },
		{ { NULL, 0 }, PQM_LIT("attachments") },
	};
	const struct pqm_yjson_opt opt = { pictures, sizeof(pictures) / sizeof(pictures[0]) };
	struct book b = { .rules = r, .a = a, .out = out, .err = err };
	struct pqm_yjson_at at = { 0, 1, 1 };
	const struct pqm_yaml *root;

	(void)hits;
	if (!wants(a))
		return PQM_OK;
	if (a->body.n > PQM_YAML_DOC_BYTES) {
		pqm_emit_note(out, UINT64_MAX, PQM_ELIMIT,
			"notebook of more than 16 MiB: its cells are not read");
		return PQM_OK;
	}
	if (pqm_yjson_value(&root, a->body, &at, &opt, a->arena, err) != PQM_OK) {
		if (err->st == PQM_ENOMEM)
			return err->st;
		pqm_emit_note(out, UINT64_MAX, err->st, "notebook: %s", err->msg);
		return PQM_OK;
	}
	enum pqm_st st = read_book(&b, root);

	pqm_map_fini(&b.bound);
	if (st != PQM_OK && err->msg[0] == '\0')
		return pqm_fail(err, st, "notebook: out of memory");
	return st;
}

const struct pqm_detector pqm_det_notebook = {
	.name = "notebook",
	.version = 1,
	.summary = "Notebooks: calls in their cells, keys in cells and outputs",
	.wants = wants,
	.run = run,
};
