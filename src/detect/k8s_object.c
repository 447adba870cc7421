#include "k8s.h"

#include "base/buf.h"
#include "base/limits.h"

/* Words of a vocabulary are short; the head of a value tells its format and nothing of its content. */
#define EXACT_BYTES_MAX 64
#define HEAD_BYTES 8

struct walk {
	struct pqm_k8s_scan *scan;
	const struct pqm_k8s_kind *kind; /* may be NULL: a kind without a rule */
	struct pqm_object obj;
	struct pqm_fact *facts;
	size_t n, cap, n_nodes;
	uint64_t looks; /* checks that look at one of the facts */
	pqm_bytes id;
	char path[PQM_K8S_PATH_BYTES];
	size_t path_n;
	struct pqm_k8s_shape *shape; /* of the path; NULL: not remembered */
	enum pqm_st st;
	struct pqm_err *err;
};

/* Who asks whether a text is harmless: words of a command line or variable, a field with a meaning. */
enum { USE_FREE = 1, USE_FIELD };

static const struct pqm_yaml *facts_of(const struct pqm_k8s_kind *k)
{
	return k->facts;
}

static const struct pqm_yaml *exact_of(const struct pqm_k8s_kind *k)
{
	return k->exact;
}

static const struct pqm_yaml *heads_of(const struct pqm_k8s_kind *k)
{
	return k->heads;
}

static bool kept(const struct walk *w, pqm_bytes path,
	const struct pqm_yaml *(*list_of)(const struct pqm_k8s_kind *))
{
	const struct pqm_k8s_kind *any = w->scan->kinds->any;

	return (w->kind != NULL && pqm_k8s_listed(list_of(w->kind), path)) ||
		(any != NULL && pqm_k8s_listed(list_of(any), path));
}

static bool is_named_by(const struct pqm_k8s_kind *k, pqm_bytes path)
{
	for (uint32_t i = 0; k != NULL && k->edges != NULL && i < k->edges->n; i++)
		if (pqm_k8s_fits(pqm_yaml_str(k->edges->items[i], "at"), path))
			return true;
	return false;
}

/* "tlsSecret: edge" names an object: the field of an edge holds no secret, whatever it is called. */
static bool is_reference(const struct walk *w, pqm_bytes path)
{
	return is_named_by(w->kind, path) || is_named_by(w->scan->kinds->any, path);
}

static void add_fact(struct walk *w, pqm_bytes path, pqm_bytes value, const struct pqm_yaml *at)
{
	struct pqm_fact *grown;

	if (w->n >= PQM_K8S_FACTS)
		return;
	grown = pqm_grow(w->scan->a->arena, w->facts, w->n, &w->cap);
	pqm_bytes key = pqm_bytes_dup(w->scan->a->arena, path);

	if (grown == NULL || key.p == NULL) {
		w->st = pqm_fail(w->err, PQM_ENOMEM, "%u: object has too many facts for the memory",
			at->line + w->scan->line0);
		return;
	}
	w->facts = grown;
	w->facts[w->n++] = (struct pqm_fact){ key, value, at->line + w->scan->line0, at->col };
}

static pqm_bytes form_in(const struct pqm_k8s_kind *kind, pqm_bytes path)
{
	const struct pqm_yaml *list = kind == NULL ? NULL : kind->content;

	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (pqm_k8s_fits(pqm_yaml_str(list->items[i], "at"), path))
			return pqm_yaml_str(list->items[i], "as");
	return (pqm_bytes){ NULL, 0 };
}

/* How a rule's content list covers the path: "base64", "text", or empty. */
static pqm_bytes content_form(const struct walk *w, pqm_bytes path)
{
	pqm_bytes own = form_in(w->kind, path);

	return own.n > 0 ? own : form_in(w->scan->kinds->any, path);
}

/* In a literal block the lines of the text are lines of the file. Not between quotes, not where lines are
 * folded, and not in what Kustomize took from other files. A template has its own offsets. */
static bool is_block(const struct walk *w, const struct pqm_yaml *at)
{
	pqm_bytes first = pqm_sub(w->scan->a->body, (size_t)w->scan->off0 + at->off, 1);

	return !at->is_plain && pqm_find_byte(pqm_yaml_text(at), 0, '\n') != SIZE_MAX &&
		(w->scan->is_template || pqm_eqs(first, "|"));
}

static void add_setting(void *ctx, pqm_bytes key, pqm_bytes value, uint32_t line)
{
	struct walk *w = ctx;
	struct pqm_yaml at = { .line = line - w->scan->line0, .col = 1 };

	w->looks |= pqm_k8s_looks(w->scan->kinds, w->kind, key);
	add_fact(w, key, value, &at);
}

/* What a text says: facts where its program is known, then the checks that read text. Secrets give none. */
static void read_text(struct walk *w, struct pqm_k8s_text *t, uint32_t col)
{
	struct pqm_fact text = { t->path, t->body, t->line, col };

	if (!pqm_eqs(w->obj.kind, "Secret"))
		t->add = add_setting;
	t->ctx = w;
	w->st = pqm_k8s_conf(w->scan, t);
	if (w->st == PQM_OK)
		w->st = pqm_k8s_check_text(w->scan, &w->obj, w->id, &text, t->family, w->err);
}

static void hand_over(struct walk *w, pqm_bytes path, pqm_bytes body, const struct pqm_yaml *at,
	pqm_bytes path_part)
{
	struct pqm_k8s_scan *s = w->scan;
	pqm_bytes object = pqm_arena_f(s->a->arena, "%.*s#%.*s", PQM_FMT(w->id), PQM_FMT(path));
	struct pqm_child c = { .body = body,
		.object = object,
		.line = path_part.n > 0 ? 0 : at->line + s->line0,
		.col = at->col,
		.path_part = path_part };
	struct pqm_k8s_text t = { .path = path, .body = body, .object = object, .line = c.line };

	c.is_block = t.is_block = body.p == at->text.p && is_block(w, at);
	if (object.p == NULL)
		w->st = pqm_fail(w->err, PQM_ENOMEM, "%u: out of memory", at->line + s->line0);
	else
		w->st = pqm_emit_child(s->out, &c);
	if (w->st == PQM_OK)
		pqm_emit_claim(s->out, s->off0 + at->off, s->off0 + at->end_off);
	if (w->st == PQM_OK && path_part.n == 0)
		read_text(w, &t, c.col);
}

/* What SOPS puts in the place of a value; the recipients stand at the end of the document. */
static bool is_sops_cipher(pqm_bytes text)
{
	return pqm_starts(text, PQM_LIT("ENC[AES256_GCM,"));
}

static void release(struct walk *w, pqm_bytes path, pqm_bytes value, const struct pqm_yaml *at)
{
	struct pqm_k8s_scan *s = w->scan;
	struct pqm_err why = { 0 };
	pqm_bytes manifest;
	enum pqm_st st = pqm_k8s_release(s->a->arena, value, &manifest, &why);

	if (st != PQM_OK)
		pqm_emit_note(s->out, s->off0 + at->off, st, "%.*s#%.*s: %s", PQM_FMT(w->id),
			PQM_FMT(path), why.msg);
	else if (manifest.n > 0)
		hand_over(w, path, manifest, at, PQM_LIT(PQM_K8S_RELEASE));
}

/* Command lines that make keys are read as scripts are; they are looked at, never kept. */
static void script(struct walk *w, pqm_bytes path, pqm_bytes body, const struct pqm_yaml *at)
{
	struct pqm_k8s_scan *s = w->scan;
	struct pqm_child c = { .body = body,
		.object = pqm_arena_f(s->a->arena, "%.*s#%.*s", PQM_FMT(w->id), PQM_FMT(path)),
		.line = at->line + s->line0,
		.col = at->col,
		.is_block = body.p == at->text.p && is_block(w, at) };

	if (c.object.p == NULL)
		w->st = pqm_fail(w->err, PQM_ENOMEM, "%u: out of memory", c.line);
	else
		w->st = pqm_emit_child(s->out, &c);
}

static void exec_form(struct walk *w, const struct pqm_yaml *of, const struct pqm_yaml *command)
{
	pqm_bytes path = { (const uint8_t *)w->path, w->path_n };
	struct pqm_buf line;

	pqm_buf_init(&line, PQM_CONF_BYTES);
	if (pqm_k8s_exec_form(&line, w->scan->rules, command, pqm_yaml_get(of, "args")))
		script(w, path, pqm_buf_bytes(&line), command->items[0]);
	pqm_buf_wipe(&line);
}

static void content(struct walk *w, pqm_bytes path, pqm_bytes form, const struct pqm_yaml *at)
{
	const pqm_bytes none = { NULL, 0 };
	pqm_bytes text = pqm_yaml_text(at);
	struct pqm_buf b;
	size_t bad = 0;

	if (text.n < PQM_K8S_CONTENT_MIN || is_sops_cipher(text))
		return;
	if (!pqm_eqs(form, "base64")) {
		hand_over(w, path, text, at, none);
		return;
	}
	pqm_buf_init(&b, PQM_YAML_DOC_BYTES);
	bool ok = pqm_base64(&b, text, &bad) && b.n > 0;

	if (ok && pqm_k8s_is_release(pqm_buf_bytes(&b)))
		release(w, path, pqm_buf_bytes(&b), at);
	else if (ok)
		hand_over(w, path, pqm_buf_bytes(&b), at, none);
	else
		pqm_emit_note(w->scan->out, w->scan->off0 + at->off, PQM_EPARSE,
			"%.*s#%.*s: not base64 from character %zu of the value", PQM_FMT(w->id),
			PQM_FMT(path), bad);
	pqm_buf_wipe(&b);
}

/* Where authors write what they like: variables and command lines. */
static bool is_free_text(pqm_bytes path)
{
	return pqm_glob(PQM_LIT("*env[*].value"), path) || pqm_glob(PQM_LIT("*args[*]"), path) ||
		pqm_glob(PQM_LIT("*command[*]"), path) || pqm_glob(PQM_LIT("*.entrypoint"), path);
}

/* A value with a secret's name: kept when it is a switch, a reference or a key file's path. */
static pqm_bytes told_value(struct walk *w, pqm_bytes text)
{
	static const char flag[] = "--secret=";
	pqm_bytes v = pqm_k8s_redact(
		w->scan->a->arena, pqm_arena_f(w->scan->a->arena, "%s%.*s", flag, PQM_FMT(text)));

	v = pqm_sub(v, sizeof(flag) - 1, v.n);
	return pqm_eq(v, text) ? v : (pqm_bytes){ NULL, 0 };
}

static pqm_bytes free_text(struct walk *w, const struct pqm_yaml *parent, size_t i)
{
	pqm_bytes text = pqm_yaml_text(parent->items[i]), v;
	bool flag = parent->type == PQM_YAML_SEQ && pqm_starts(text, PQM_LIT("-")) &&
		(text.n == 2 || pqm_starts(text, PQM_LIT("--")));

	if (!flag && pqm_k8s_is_told_secret(parent, i) && !pqm_ends(text, PQM_LIT(".py")))
		return told_value(w, text);
	if (pqm_k8s_is_harmless(&w->scan->shapes, USE_FREE, text))
		return text;
	v = pqm_k8s_redact(w->scan->a->arena, text);
	if (pqm_eq(v, text))
		pqm_k8s_harmless(&w->scan->shapes, USE_FREE, text);
	/* The first words of a command line say what runs; those of a variable may be the secret. */
	if (parent->type == PQM_YAML_MAP && pqm_ends(v, PQM_LIT(" ***")))
		return PQM_LIT("***");
	return v;
}

static pqm_bytes field(struct walk *w, pqm_bytes text)
{
	struct pqm_arena *arena = w->scan->a->arena;
	pqm_bytes whole = text;
	struct pqm_buf b;

	if (pqm_k8s_is_harmless(&w->scan->shapes, USE_FIELD, text))
		return text;
	if (pqm_find(text, 0, PQM_LIT("-----BEGIN")) != SIZE_MAX)
		return (pqm_bytes){ NULL, 0 };
	pqm_buf_init(&b, (size_t)PQM_TEXT_BYTES * 4);
	text = pqm_sub(text, 0, PQM_TEXT_BYTES);
	for (size_t i = 0; i < text.n;) {
		size_t from = i;

		while (i < text.n && text.p[i] > ' ')
			i++;
		pqm_bytes word = pqm_sub(text, from, i - from);

		(void)pqm_buf_add(
			&b, pqm_k8s_is_doubtful(word) ? pqm_k8s_redact(arena, word) : word);
		from = i;
		while (i < text.n && text.p[i] <= ' ')
			i++;
		(void)pqm_buf_add(&b, pqm_sub(text, from, i - from));
	}
	text = b.failed ? (pqm_bytes){ NULL, 0 } : pqm_bytes_dup(arena, pqm_buf_bytes(&b));
	pqm_buf_wipe(&b);
	if (pqm_eq(text, whole))
		pqm_k8s_harmless(&w->scan->shapes, USE_FIELD, whole);
	return text;
}

/* What the rules say of the path: asked once for all objects of a kind. */
static struct pqm_k8s_shape said_of(
	const struct walk *w, pqm_bytes path, const struct pqm_yaml *parent, size_t i)
{
	struct pqm_k8s_shape s = { .is_known = true };

	if (w->shape != NULL && w->shape->is_known)
		return *w->shape;
	s.is_exact = kept(w, path, exact_of);
	s.is_head = !s.is_exact && kept(w, path, heads_of);
	s.is_fact = s.is_exact || s.is_head || kept(w, path, facts_of) ||
		pqm_k8s_asked(w->scan->kinds, path);
	s.form = content_form(w, path);
	s.looks = s.is_fact ? pqm_k8s_looks(w->scan->kinds, w->kind, path) : 0;
	s.is_free = is_free_text(path);
	/* Annotations that rules list refer to a Secret by name ("auth-tls-secret"). */
	s.is_secret = pqm_k8s_is_secret_field(parent, i) &&
		!pqm_starts(path, PQM_LIT("metadata.annotations.")) && !is_reference(w, path);
	if (w->shape != NULL) {
		w->shape->is_known = true;
		w->shape->is_exact = s.is_exact;
		w->shape->is_head = s.is_head;
		w->shape->is_fact = s.is_fact;
		w->shape->form = s.form;
		w->shape->looks = s.looks;
		w->shape->is_free = s.is_free;
		w->shape->is_secret = s.is_secret;
	}
	return s;
}

/* "selfSigned: {}" and "ssh: []" say something by being there. */
static pqm_bytes text_of(const struct pqm_yaml *n)
{
	if (n->type == PQM_YAML_SCALAR)
		return pqm_yaml_text(n);
	return n->type == PQM_YAML_MAP ? PQM_LIT("{}") : PQM_LIT("[]");
}

static void scalar(struct walk *w, const struct pqm_yaml *parent, size_t i)
{
	const struct pqm_yaml *at = parent->items[i];
	pqm_bytes path = { (const uint8_t *)w->path, w->path_n }, text = text_of(at), value;
	struct pqm_k8s_shape said;

	if (text.n == 0)
		return;
	said = said_of(w, path, parent, i);
	if (said.form.n > 0 && (!said.is_fact || said.is_head) && at->type == PQM_YAML_SCALAR)
		content(w, path, said.form, at);
	if (said.is_free && parent->type == PQM_YAML_SEQ && pqm_k8s_is_script(w->scan->rules, at))
		script(w, path, text, at);
	bool is_word = said.is_head || (said.is_exact && text.n <= EXACT_BYTES_MAX);

	if (!said.is_fact || (!is_word && !said.is_free && said.is_secret))
		return;
	if (is_word)
		value = pqm_sub(text, 0, said.is_head ? HEAD_BYTES : text.n);
	else
		value = said.is_free ? free_text(w, parent, i) : field(w, text);
	w->looks |= said.looks;
	if (value.n > 0)
		add_fact(w, path, value, at);
}

static void visit(struct walk *w, const struct pqm_yaml *n, unsigned depth);

/* Appends "[i]" or ".key"; false when there is no room, which is deeper than any path that a rule names. */
static bool path_add(struct walk *w, const struct pqm_yaml *n, size_t i)
{
	size_t room = sizeof(w->path) - w->path_n;
	pqm_bytes key;

	if (n->type == PQM_YAML_SEQ) {
		char digits[24];
		size_t len = 0;

		for (size_t rest = i; len == 0 || rest > 0; rest /= 10)
			digits[len++] = (char)('0' + rest % 10);
		if (len + 2 >= room)
			return false;
		w->path[w->path_n++] = '[';
		while (len > 0)
			w->path[w->path_n++] = digits[--len];
		w->path[w->path_n++] = ']';
		return true;
	}
	key = n->keys[i]->text;
	if (n->keys[i]->type != PQM_YAML_SCALAR || key.n > PQM_K8S_KEY_BYTES || key.n + 2 > room)
		return false;
	if (w->path_n > 0)
		w->path[w->path_n++] = '.';
	if (key.n > 0)
		memcpy(w->path + w->path_n, key.p, key.n);
	w->path_n += key.n;
	return true;
}

/* All elements of a sequence have one shape; a key that is written as it is here has none. */
static struct pqm_k8s_shape *shape_of_member(struct walk *w, const struct pqm_yaml *n, size_t i)
{
	const pqm_bytes any = PQM_LIT("[]");

	if (n->type == PQM_YAML_MAP && pqm_eq(n->keys[i]->text, any))
		return NULL;
	return pqm_k8s_shape_child(
		&w->scan->shapes, w->shape, n->type == PQM_YAML_SEQ ? any : n->keys[i]->text);
}

static void member(struct walk *w, const struct pqm_yaml *n, size_t i, unsigned depth)
{
	size_t keep = w->path_n;
	struct pqm_k8s_shape *shape = w->shape;

	if (path_add(w, n, i)) {
		w->shape = shape_of_member(w, n, i);
		if (n->items[i]->type == PQM_YAML_SCALAR || n->items[i]->n == 0)
			scalar(w, n, i);
		else
			visit(w, n->items[i], depth + 1);
		if (n->type == PQM_YAML_MAP && pqm_eqs(n->keys[i]->text, "command"))
			exec_form(w, n, n->items[i]);
	}
	w->path_n = keep;
	w->shape = shape;
}

/* Aliases make the tree a graph that may even hold itself: depth and visits are bounded. */
static void visit(struct walk *w, const struct pqm_yaml *n, unsigned depth)
{
	if (depth > PQM_YAML_DEPTH)
		return;
	for (size_t i = 0; i < n->n && w->st == PQM_OK; i++) {
		if (++w->n_nodes > PQM_YAML_NODES) {
			w->st = pqm_fail(w->err, PQM_ELIMIT,
				"%u: object unfolds to more than 1,048,576 nodes",
				n->line + w->scan->line0);
			return;
		}
		member(w, n, i, depth);
	}
}

/* Facts are what the kind's entry lists. Of a kind without entry labels alone say nothing: Events,
 * Leases and EndpointSlices are most of the objects of a cluster. */
static bool says_nothing(const struct walk *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (!pqm_starts(w->facts[i].key, PQM_LIT("metadata.labels.")))
			return false;
	return w->kind == NULL;
}

/* What has a template makes objects that name it, so it must be known by its own name. */
static bool has_template(const struct walk *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (pqm_find(w->facts[i].key, 0, PQM_LIT("emplate.")) != SIZE_MAX)
			return true;
	return false;
}

static enum pqm_st hand_on(struct walk *w)
{
	struct pqm_k8s_scan *s = w->scan;

	if (says_nothing(w))
		return PQM_OK;
	if (w->obj.controller.n == 0 || has_template(w) || !pqm_k8s_is_again(&s->shapes, &w->obj))
		return pqm_emit_object(s->out, &w->obj);
	w->obj.n_facts = 0;
	w->obj.n_made = 1;
	return pqm_emit_object(s->out, &w->obj);
}

static enum pqm_st emit_object(struct walk *w, const struct pqm_yaml *root, pqm_bytes id)
{
	struct pqm_k8s_scan *s = w->scan;

	w->id = id;
	if (id.p == NULL)
		return pqm_fail(w->err, PQM_ENOMEM, "%u: out of memory", w->obj.line);
	visit(w, root, 0);
	if (w->st != PQM_OK)
		return w->st;
	w->obj.facts = w->facts;
	w->obj.n_facts = w->n;
	enum pqm_st st = hand_on(w);

	return st == PQM_OK && w->obj.n_made == 0 ? pqm_k8s_check(s, &w->obj, id, w->looks, w->err)
						  : st;
}

static pqm_bytes group_of(pqm_bytes api_version)
{
	size_t slash = pqm_find_byte(api_version, 0, '/');

	return slash == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(api_version, 0, slash);
}

/* "apps/ReplicaSet/web-5d4": the owner that says it is the controller; there is one at most. */
static pqm_bytes controller_of(struct pqm_k8s_scan *s, const struct pqm_yaml *meta)
{
	const struct pqm_yaml *owners = pqm_yaml_get(meta, "ownerReferences");

	if (owners == NULL || owners->type != PQM_YAML_SEQ)
		return (pqm_bytes){ NULL, 0 };
	for (size_t i = 0; i < owners->n; i++) {
		const struct pqm_yaml *o = owners->items[i];
		pqm_bytes group = group_of(pqm_yaml_str(o, "apiVersion"));
		pqm_bytes kind = pqm_yaml_str(o, "kind"), name = pqm_yaml_str(o, "name");

		if (!pqm_yaml_true(o, "controller") || group.n > PQM_K8S_KEY_BYTES ||
			kind.n > PQM_K8S_KEY_BYTES || name.n > PQM_K8S_KEY_BYTES)
			continue;
		return pqm_arena_f(s->a->arena, "%.*s/%.*s/%.*s", PQM_FMT(group), PQM_FMT(kind),
			PQM_FMT(name));
	}
	return (pqm_bytes){ NULL, 0 };
}

static bool has_injection(const struct pqm_yaml *meta)
{
	const struct pqm_yaml *a = pqm_yaml_get(meta, "annotations");

	for (uint32_t i = 0; a != NULL && a->type == PQM_YAML_MAP && i < a->n; i++)
		if (pqm_starts(a->keys[i]->text, PQM_LIT(PQM_K8S_INJECTED)))
			return true;
	return false;
}

static enum pqm_st one(struct pqm_k8s_scan *s, const struct pqm_yaml *root, pqm_bytes api,
	pqm_bytes kind, struct pqm_err *err)
{
	const struct pqm_yaml *meta = pqm_yaml_get(root, "metadata");
	struct walk w = { .scan = s, .err = err };

	/* Schemas are long and say nothing; conversion webhooks bring a CA, or have one injected. */
	if (pqm_eqs(kind, "CustomResourceDefinition") &&
		pqm_yaml_at(root, "spec.conversion.webhook.clientConfig.caBundle") == NULL &&
		!has_injection(meta))
		return PQM_OK;
	w.obj = (struct pqm_object){ .path = s->a->path,
		.line = root->line + s->line0,
		.group = group_of(api),
		.kind = kind,
		.ns = pqm_yaml_str(meta, "namespace"),
		.name = pqm_yaml_str(meta, "name") };
	if (w.obj.name.n == 0)
		w.obj.name = pqm_yaml_str(meta, "generateName");
	if (w.obj.name.n > PQM_K8S_KEY_BYTES || w.obj.ns.n > PQM_K8S_KEY_BYTES ||
		kind.n > PQM_K8S_KEY_BYTES || w.obj.group.n > PQM_K8S_KEY_BYTES) {
		pqm_emit_note(s->out, s->off0 + root->off, PQM_ELIMIT,
			"object name, namespace or kind over the %d-byte limit of Kubernetes",
			PQM_K8S_KEY_BYTES);
		return PQM_OK;
	}
	const struct pqm_yaml *name = pqm_yaml_get(meta, "name");

	if (name != NULL && name->type != PQM_YAML_SCALAR) { /* name: {{ … }} is YAML, of a kind */
		pqm_emit_note(s->out, s->off0 + name->off, PQM_EPARSE,
			"template: object at line %u is filled in by a tool; not resolved",
			w.obj.line);
		return PQM_OK;
	}
	w.kind = pqm_k8s_kind_of(s->kinds, w.obj.group, kind);
	if (w.obj.ns.n == 0 && (w.kind == NULL || !w.kind->is_cluster_scoped))
		w.obj.ns = s->ns;
	w.shape = pqm_k8s_shape_of(&s->shapes, w.kind);
	if (w.kind != NULL && w.kind->is_made)
		w.obj.controller = controller_of(s, meta);
	return emit_object(&w, root, pqm_k8s_id(s->kinds, &w.obj, s->a->arena));
}

/* `kubectl get -o yaml` wraps objects; a typed list leaves apiVersion and kind to the list. */
enum pqm_st pqm_k8s_item(struct pqm_k8s_scan *s, const struct pqm_yaml *o, pqm_bytes api,
	pqm_bytes kind, struct pqm_err *err)
{
	pqm_bytes own_api = pqm_yaml_str(o, "apiVersion"), own = pqm_yaml_str(o, "kind");

	if (o->type != PQM_YAML_MAP)
		return PQM_OK;
	/* The metadata alone, as API servers send it when asked, stands for the object. */
	if (pqm_eqs(own, "PartialObjectMetadata"))
		own = own_api = (pqm_bytes){ NULL, 0 };
	if (own.n == 0 && kind.n > 4)
		own = pqm_sub(kind, 0, kind.n - 4);
	return own.n == 0 ? PQM_OK : one(s, o, own_api.n > 0 ? own_api : api, own, err);
}

static enum pqm_st unroll(struct pqm_k8s_scan *s, const struct pqm_yaml *items, pqm_bytes api,
	pqm_bytes kind, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < items->n && st == PQM_OK; i++)
		st = pqm_k8s_item(s, items->items[i], api, kind, err);
	return st;
}

enum pqm_st pqm_k8s_object(struct pqm_k8s_scan *s, const struct pqm_yaml *root, struct pqm_err *err)
{
	pqm_bytes api = pqm_yaml_str(root, "apiVersion"), kind = pqm_yaml_str(root, "kind");
	const struct pqm_yaml *items = pqm_yaml_get(root, "items");

	if (api.n == 0 || kind.n == 0)
		return PQM_OK;
	if (pqm_ends(kind, PQM_LIT("List")) && items != NULL && items->type == PQM_YAML_SEQ)
		return unroll(s, items, api, kind, err);
	return one(s, root, api, kind, err);
}

/* Keys that no rule of assets names are kept by name, for the owner to be told. */
static void unknown_keys(struct walk *w, const struct pqm_yaml *asset)
{
	const struct pqm_yaml *known = w->kind == NULL ? NULL : w->kind->facts;

	for (size_t i = 0; known != NULL && i < asset->n && w->st == PQM_OK; i++) {
		const struct pqm_yaml *key = asset->keys[i];
		bool is_known = false;

		for (size_t k = 0; k < known->n && !is_known; k++) {
			pqm_bytes name = pqm_yaml_text(known->items[k]);

			name = pqm_sub(name, 0, pqm_find_byte(name, 0, '['));
			is_known = pqm_eq(name, pqm_yaml_text(key));
		}
		if (!is_known)
			add_fact(w, PQM_LIT("unknown-key"), pqm_yaml_text(key), key);
	}
}

static enum pqm_st declare(
	struct pqm_k8s_scan *s, const struct pqm_yaml *asset, struct pqm_err *err)
{
	struct walk w = { .scan = s, .err = err };

	w.obj = (struct pqm_object){ .path = s->a->path,
		.line = asset->line + s->line0,
		.group = PQM_LIT("pqmap.dev"),
		.kind = PQM_LIT("Asset"),
		.name = pqm_yaml_str(asset, "name") };
	if (asset->type != PQM_YAML_MAP || w.obj.name.n == 0 || w.obj.name.n > PQM_K8S_KEY_BYTES) {
		pqm_emit_note(s->out, s->off0 + asset->off, PQM_EPARSE,
			"line %u: an asset is a mapping with a name", w.obj.line);
		return PQM_OK;
	}
	w.kind = pqm_k8s_kind_of(s->kinds, w.obj.group, w.obj.kind);
	w.shape = pqm_k8s_shape_of(&s->shapes, w.kind);
	unknown_keys(&w, asset);
	return emit_object(&w, asset, pqm_k8s_id(s->kinds, &w.obj, s->a->arena));
}

enum pqm_st pqm_k8s_declared(
	struct pqm_k8s_scan *s, const struct pqm_yaml *root, struct pqm_err *err)
{
	const struct pqm_yaml *assets = pqm_yaml_get(root, "assets");
	enum pqm_st st = PQM_OK;

	if (assets == NULL)
		return st;
	if (assets->type != PQM_YAML_SEQ) {
		pqm_emit_note(s->out, s->off0 + assets->off, PQM_EPARSE,
			"line %u: assets is a list", assets->line + s->line0);
		return st;
	}
	for (size_t i = 0; i < assets->n && st == PQM_OK; i++)
		st = declare(s, assets->items[i], err);
	return st;
}
