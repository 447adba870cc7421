/* probe_advice_text.c — a patch in words: lines filled in, promise, page and JSON. */
#include "cli/probe_advice.h"
#include "base/limits.h"
#include "report/endpoint_text.h"
#include "rules/wire.h"

#define LINE_BYTES ((size_t)4 << 10)
#define COMMAND_COLS 80 /* of one line of a command, beside its label */
#define NAMED_MAX 3	/* patches of the page for one software; the JSON has all */

pqm_bytes pqm_advice_text(const struct pqm_advice *a, const char *key)
{
	pqm_bytes text = pqm_yaml_str(a->patch, key);

	return text.n > 0 ? text : pqm_yaml_str(a->software, key);
}

/* ---- filling in ---- */

/* How a software writes its lists. */
struct spelling {
	const struct pqm_yaml *names;
	pqm_bytes join, usual;
	bool only; /* it has no other words */
};

static struct spelling spelling_of(const struct pqm_advice *a)
{
	pqm_bytes name = pqm_advice_text(a, "spelling");
	struct spelling s = { NULL, PQM_LIT(","), { NULL, 0 }, false };
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(a->rules, "endpoints/advice.yaml", &i)) != NULL)
		if (name.n > 0 && pqm_yaml_get(rule->node, "names") != NULL &&
			pqm_eq(pqm_yaml_str(rule->node, "spelling"), name))
			s = (struct spelling){ pqm_yaml_get(rule->node, "names"),
				pqm_yaml_str(rule->node, "join"), pqm_yaml_str(rule->node, "usual"),
				pqm_yaml_true(rule->node, "only") };
	return s;
}

static pqm_bytes spell(const struct spelling *s, pqm_bytes name)
{
	for (size_t i = 0; s->names != NULL && i < s->names->n; i++)
		if (pqm_eq(pqm_yaml_text(s->names->keys[i]), name))
			return pqm_yaml_text(s->names->items[i]);
	return s->only ? (pqm_bytes){ NULL, 0 } : name;
}

/* A peer's name that goes into a configuration: nothing that a shell or a parser could take for
 * more than a name [RFC4251 §6]. */
static bool is_plain(pqm_bytes name)
{
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
			c != '-' && c != '_' && c != '.' && c != '@')
			return false;
	}
	return name.n > 0 && name.n <= 64;
}

static void join(struct pqm_buf *b, size_t start, pqm_bytes separator, pqm_bytes word)
{
	if (word.n == 0)
		return;
	if (b->n > start)
		(void)pqm_buf_add(b, separator);
	(void)pqm_buf_add(b, word);
}

enum which { CLASSICAL, HYBRID, ALL };

static bool is_wanted(const struct pqm_wire *w, enum which which)
{
	bool hybrid = (w->code.flags & (PQM_G_HYBRID | PQM_G_PQ)) != 0;

	if ((w->code.flags & PQM_G_DRAFT) != 0)
		return which == ALL;
	return which == ALL || (which == HYBRID) == hybrid;
}

/* Accepted groups of one version, the server's first choice first (the facts are sorted so). */
static void add_groups(struct pqm_buf *b, size_t start, const struct pqm_rules *r,
	const struct pqm_endpoint *e, const struct spelling *s, enum which which)
{
	for (unsigned pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < e->n_offers; i++) {
			const struct pqm_offer *o = &e->offers[i], *new;
			const struct pqm_wire *w;

			if (o->kind != PQM_O_GROUP || o->answer != PQM_A_YES ||
				(o->version == 0x0304) != (pass == 0))
				continue;
			w = pqm_wire_code(r, PQM_W_GROUP, o->code);
			new = pqm_endpoint_offer(e, PQM_O_GROUP, o->code, 0x0304);
			if (w == NULL || !is_wanted(w, which) ||
				(pass == 1 && new != NULL &&new->answer == PQM_A_YES))
				continue;
			join(b, start, s->join, spell(s, w->name));
		}
}

/* Markers of RFC 8308 and others stand in the same list but are no methods. */
static bool is_method(pqm_bytes name)
{
	return !pqm_starts(name, PQM_LIT("ext-info-")) &&
		!pqm_starts(name, PQM_LIT("kex-strict-")) &&
		!pqm_starts(name, PQM_LIT("kexguess2@"));
}

static void add_methods(struct pqm_buf *b, size_t start, const struct pqm_rules *r,
	const struct pqm_endpoint *e, enum which which)
{
	for (size_t i = 0; i < e->n_offers; i++) {
		const struct pqm_offer *o = &e->offers[i];
		const struct pqm_wire *w;

		if (o->kind != PQM_O_KEX || o->answer != PQM_A_YES || !is_method(o->name) ||
			!is_plain(o->name))
			continue;
		w = pqm_wire_name(r, PQM_W_SSH_KEX, o->name);
		if (which == CLASSICAL &&
			(w == NULL || w->quantum != PQM_Q_BROKEN || w->classical != PQM_C_OK))
			continue;
		join(b, start, PQM_LIT(","), o->name);
	}
}

struct filler {
	const struct pqm_rules *r;
	const struct pqm_endpoint *e;
	const struct pqm_yaml *software;
	struct spelling spelling;
};

/* Protocol versions accepted now, the oldest first, in the software's words for SSL 3.0 and on. */
static void add_versions(struct pqm_buf *b, const struct filler *f, bool oldest_only)
{
	const struct pqm_yaml *words = pqm_yaml_get(f->software, "versions");
	pqm_bytes separator = pqm_yaml_str(f->software, "versions_join");
	size_t start = b->n;

	for (size_t i = 0; words != NULL && i < words->n; i++) {
		const struct pqm_offer *o =
			pqm_endpoint_offer(f->e, PQM_O_VERSION, (uint16_t)(0x0300 + i), 0);

		if (o == NULL || o->answer != PQM_A_YES)
			continue;
		join(b, start, separator.n > 0 ? separator : PQM_LIT(" "),
			pqm_yaml_text(words->items[i]));
		if (oldest_only)
			return;
	}
}

static void fill(struct pqm_buf *b, const struct filler *f, pqm_bytes word)
{
	size_t start = b->n;

	if (pqm_eqs(word, "port"))
		(void)pqm_buf_f(b, "%u", f->e->port);
	else if (pqm_eqs(word, "kex"))
		add_methods(b, start, f->r, f->e, CLASSICAL);
	else if (pqm_eqs(word, "all_kex"))
		add_methods(b, start, f->r, f->e, ALL);
	else if (pqm_eqs(word, "groups"))
		add_groups(b, start, f->r, f->e, &f->spelling, CLASSICAL);
	else if (pqm_eqs(word, "all_groups"))
		add_groups(b, start, f->r, f->e, &f->spelling, ALL);
	else if (pqm_eqs(word, "hybrid"))
		add_groups(b, start, f->r, f->e, &f->spelling, HYBRID);
	else
		add_versions(b, f, pqm_eqs(word, "oldest"));
	if (b->n > start)
		return;
	/* Not told: what such a server usually has. */
	if (pqm_eqs(word, "kex") || pqm_eqs(word, "all_kex"))
		(void)pqm_buf_add(b, PQM_LIT("curve25519-sha256"));
	else if (pqm_eqs(word, "hybrid"))
		(void)pqm_buf_add(b, PQM_LIT("X25519MLKEM768"));
	else if (pqm_eqs(word, "versions") || pqm_eqs(word, "oldest"))
		(void)pqm_buf_add(b, PQM_LIT("TLSv1.2"));
	else
		(void)pqm_buf_add(b, f->spelling.usual);
}

static bool is_word(pqm_bytes word)
{
	static const char *const words[] = { "port", "kex", "all_kex", "groups", "all_groups",
		"hybrid", "versions", "oldest" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pqm_eqs(word, words[i]))
			return true;
	return false;
}

bool pqm_advice_line(pqm_bytes *out, const struct pqm_advice *a, const char *key, size_t i,
	struct pqm_arena *arena)
{
	const struct pqm_yaml *list = pqm_yaml_get(a->patch, key);
	const struct filler f = { a->rules, a->endpoint, a->software, spelling_of(a) };
	struct pqm_buf b;
	pqm_bytes text;

	if (list == NULL || list->type != PQM_YAML_SEQ || i >= list->n)
		return false;
	text = pqm_yaml_text(list->items[i]);
	pqm_buf_init(&b, LINE_BYTES);
	for (size_t at = 0; at < text.n; at++) {
		size_t end = text.p[at] == '{' ? pqm_find_byte(text, at, '}') : SIZE_MAX;
		pqm_bytes word = end == SIZE_MAX ? (pqm_bytes){ NULL, 0 }
						 : pqm_sub(text, at + 1, end - at - 1);

		if (is_word(word)) {
			fill(&b, &f, word);
			at = end;
		} else {
			(void)pqm_buf_byte(&b, text.p[at]);
		}
	}
	*out = pqm_bytes_dup(arena, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	return true;
}

/* ---- promise ---- */

void pqm_advice_promise(const struct pqm_advice *a, pqm_bytes *what, pqm_bytes *is)
{
	static const struct {
		const char *state, *what, *is;
	} ends[] = {
		{ "no-tls13", "TLS 1.3", "yes" },
		{ "kex-rsa", "kex-rsa", "no" },
		{ "weak-dhe", "kex-dhe", "no" },
		{ "old-tls", "TLS 1.1", "no" },
	};

	*what = PQM_LIT("posture");
	*is = pqm_yaml_str(a->patch, "promise");
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (pqm_eqs(a->state, ends[i].state)) {
			*what = pqm_str(ends[i].what);
			*is = pqm_str(ends[i].is);
		}
}

pqm_bytes pqm_advice_verify(const struct pqm_advice *a, struct pqm_arena *arena)
{
	pqm_bytes name = pqm_printable(arena, pqm_endpoint_name(a->endpoint, arena)), what, is;

	pqm_advice_promise(a, &what, &is);
	if (!pqm_eqs(what, "posture"))
		return pqm_arena_f(arena, "pqmap probe %.*s", PQM_FMT(name));
	if (pqm_eqs(is, "offered"))
		is = PQM_LIT("hybrid");
	return pqm_arena_f(arena, "pqmap probe %.*s --expect %.*s", PQM_FMT(name), PQM_FMT(is));
}

/* Of the software only for a line of its file: a variable or an argument stands elsewhere. */
static pqm_bytes path_of(const struct pqm_advice *a)
{
	return pqm_yaml_get(a->patch, "kind") == NULL ? pqm_advice_text(a, "path")
						      : pqm_yaml_str(a->patch, "path");
}

pqm_bytes pqm_advice_save(const struct pqm_advice *a, struct pqm_arena *arena)
{
	pqm_bytes path = path_of(a);

	return path.n == 0 ? path
			   : pqm_arena_f(arena, "cp -p %.*s %.*s.was-%.*s", PQM_FMT(path),
				     PQM_FMT(path), PQM_FMT(a->state));
}

pqm_bytes pqm_advice_restore(const struct pqm_advice *a, struct pqm_arena *arena)
{
	pqm_bytes path = path_of(a);

	return path.n == 0
		? path
		: pqm_arena_f(arena, "cp -p %.*s.was-%.*s %.*s && %.*s", PQM_FMT(path),
			  PQM_FMT(a->state), PQM_FMT(path), PQM_FMT(pqm_advice_text(a, "reload")));
}

static pqm_bytes rollback_words(const struct pqm_advice *a)
{
	pqm_bytes words = pqm_yaml_str(a->patch, "rollback");

	return words.n > 0 ? words
			   : PQM_LIT("put the former line back; these lines bring back what was "
				     "measured");
}

/* ---- page ---- */

/* A line to copy is never wrapped. */
static size_t lines(
	struct pqm_page *p, const struct pqm_advice *a, const char *key, const char *label)
{
	pqm_bytes line;
	size_t i = 0;

	for (; pqm_advice_line(&line, a, key, i, &p->arena); i++)
		pqm_out_f(p->out, "  %-15s%.*s\n", i == 0 ? label : "", PQM_FMT(line));
	return i;
}

/* The promise for a reader. */
static const char *promise_words(pqm_bytes what, pqm_bytes is)
{
	if (pqm_eqs(what, "kex-rsa"))
		return "RSA key transport is gone";
	if (pqm_eqs(what, "kex-dhe"))
		return "DHE is gone";
	if (pqm_eqs(what, "TLS 1.3"))
		return "TLS 1.3 is there";
	if (pqm_eqs(what, "TLS 1.1"))
		return "TLS 1.1 and older are gone";
	if (pqm_eqs(is, "only"))
		return "hybrid is the only key exchange";
	return pqm_eqs(is, "enforced") ? "hybrid is enforced" : "hybrid is offered";
}

/* A command that is too long goes on in the next line as a shell takes it. */
static void command(struct pqm_page *p, const char *label, pqm_bytes text)
{
	size_t at = 0, room = COMMAND_COLS;

	pqm_out_f(p->out, "  %-15s", label);
	while (at < text.n) {
		size_t end = pqm_find_byte(text, at + 1, ' ');
		size_t n = (end == SIZE_MAX ? text.n : end) - at;

		if (n > room && at > 0) {
			pqm_out_f(p->out, " \\\n  %-15s ", "");
			room = COMMAND_COLS;
		}
		pqm_out_bytes(p->out, pqm_sub(text, at, n));
		room -= n < room ? n : room;
		at += n;
	}
	pqm_out_lit(p->out, "\n");
}

static void way_back(struct pqm_page *p, const struct pqm_advice *a)
{
	pqm_bytes restore = pqm_advice_restore(a, &p->arena);

	if (restore.n > 0)
		command(p, "  back", restore);
	pqm_page_words(p, restore.n > 0 ? "" : "  back", PQM_PAGE_DIM, "%s%.*s",
		restore.n > 0 ? "without that copy: " : "", PQM_FMT(rollback_words(a)));
	(void)lines(p, a, "undo", "");
}

/* All that is known of one patch. */
static void whole(struct pqm_page *p, const struct pqm_advice *a, const char *label)
{
	pqm_bytes what, is, blocked = pqm_advice_text(a, "blocked");
	pqm_bytes save = pqm_advice_save(a, &p->arena);
	bool is_any = pqm_eqs(pqm_advice_text(a, "minimum"), "any");

	pqm_advice_promise(a, &what, &is);
	pqm_page_words(p, label, PQM_PAGE_PLAIN,
		"on %.*s; afterwards %s:", PQM_FMT(pqm_yaml_str(a->software, "title")),
		promise_words(what, is));
	if (save.n > 0)
		command(p, "  first", save);
	(void)lines(p, a, "lines", "  line");
	pqm_page_row(p, "  in", pqm_advice_text(a, "file"), PQM_PAGE_DIM, (pqm_bytes){ NULL, 0 });
	pqm_page_row(
		p, "  costs", pqm_advice_text(a, "cost"), PQM_PAGE_DIM, (pqm_bytes){ NULL, 0 });
	if (!is_any)
		pqm_page_row(p, "  needs", pqm_advice_text(a, "minimum"), PQM_PAGE_DIM,
			(pqm_bytes){ NULL, 0 });
	if (!is_any && blocked.n > 0)
		pqm_page_row(p, "  if not", blocked, PQM_PAGE_DIM, (pqm_bytes){ NULL, 0 });
	pqm_page_row(
		p, "  then", pqm_advice_text(a, "reload"), PQM_PAGE_DIM, (pqm_bytes){ NULL, 0 });
	command(p, "  check", pqm_advice_verify(a, &p->arena));
	way_back(p, a);
}

/* What one software would need. */
static void guess(struct pqm_page *p, const struct pqm_advice *a)
{
	pqm_bytes cost = pqm_advice_text(a, "cost"), need = pqm_advice_text(a, "minimum"), name;
	bool is_any = pqm_eqs(need, "any"), is_free = pqm_starts(cost, PQM_LIT("no client"));

	name = pqm_arena_f(&p->arena, "  %.*s", PQM_FMT(pqm_yaml_str(a->software, "title")));
	if (name.p == NULL || lines(p, a, "lines", (const char *)name.p) == 0)
		return;
	if (!is_any || !is_free)
		pqm_page_words(p, "", PQM_PAGE_DIM, "%s%.*s%s%.*s", is_any ? "" : "needs ",
			PQM_FMT(pqm_sub(need, 0, is_any ? 0 : need.n)),
			is_any || is_free ? "" : "; ",
			PQM_FMT(pqm_sub(cost, 0, is_free ? 0 : cost.n)));
}

/* The first patch of each software that it may be, for the most pressing state. */
static void guesses(struct pqm_page *p, const struct pqm_advice_list *l)
{
	const struct pqm_yaml *last = NULL;
	pqm_bytes state = l->items[0].state;

	for (size_t i = 0; i < l->n; i++) {
		const struct pqm_advice *a = &l->items[i];

		if (a->software == last || !pqm_eq(a->state, state))
			continue;
		if (last == NULL)
			pqm_page_words(p, "to change", PQM_PAGE_PLAIN,
				"one of these, by what runs there:");
		guess(p, a);
		last = a->software;
	}
	pqm_page_words(p, "", PQM_PAGE_DIM,
		"`--software %.*s` (or another) prints the whole change and the way back",
		PQM_FMT(pqm_yaml_str(l->items[0].software, "software")));
}

void pqm_advice_page(struct pqm_page *p, const struct pqm_endpoint *e, const char *software)
{
	struct pqm_advice_list l = pqm_advise(p->rules, e, software, &p->arena);
	pqm_bytes state = { NULL, 0 };
	size_t shown = 0;

	if (l.n == 0 && software == NULL && e->app.n > 0 &&
		(e->posture == PQM_P_ABSENT || e->posture == PQM_P_OFFERED))
		pqm_page_row(p, "to change",
			PQM_LIT("`--software nginx`, or what runs there, prints the lines; its TLS "
				"library must know X25519MLKEM768 (OpenSSL 3.5, Go 1.24)"),
			PQM_PAGE_PLAIN, (pqm_bytes){ NULL, 0 });
	if (l.n == 0)
		return;
	if (!l.items[0].is_named && !pqm_eqs(e->protocol, "ssh")) {
		guesses(p, &l);
		return;
	}
	/* The first patch of a state, and those that stand in when it is out of reach. */
	for (size_t i = 0; i < l.n && shown < NAMED_MAX; i++) {
		bool is_new = !pqm_eq(l.items[i].state, state);

		whole(p, &l.items[i], shown == 0 ? "to change" : is_new ? "and" : "or");
		state = l.items[i].state;
		shown++;
	}
	if (shown < l.n)
		pqm_page_words(p, "", PQM_PAGE_DIM, "%zu more in -o json", l.n - shown);
}

/* ---- JSON ---- */

static void json_lines(struct pqm_out *o, const struct pqm_advice *a, const char *key)
{
	struct pqm_arena arena;
	pqm_bytes line;

	pqm_arena_init(&arena, 8 * LINE_BYTES);
	pqm_js_open(o, key, '[');
	for (size_t i = 0; pqm_advice_line(&line, a, key, i, &arena); i++)
		pqm_js_str(o, NULL, line);
	pqm_js_close(o, ']');
	pqm_arena_fini(&arena);
}

static void json_one(struct pqm_out *o, const struct pqm_advice *a)
{
	const struct pqm_endpoint *e = a->endpoint;
	pqm_bytes what, is, kind = pqm_yaml_str(a->patch, "kind");
	struct pqm_arena arena;

	pqm_arena_init(&arena, 8 * LINE_BYTES);
	pqm_advice_promise(a, &what, &is);
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "endpoint", pqm_endpoint_name(e, &arena));
	pqm_js_opt(o, "address", e->address);
	pqm_js_str(o, "software", pqm_yaml_str(a->software, "software"));
	pqm_js_bool(o, "named", a->is_named);
	pqm_js_str(o, "state", a->state);
	pqm_js_str(o, "kind", kind.n > 0 ? kind : PQM_LIT("setting"));
	pqm_js_str(o, "file", pqm_advice_text(a, "file"));
	pqm_js_opt(o, "path", path_of(a));
	pqm_js_opt(o, "save", pqm_advice_save(a, &arena));
	json_lines(o, a, "lines");
	pqm_js_str(o, "minimum", pqm_advice_text(a, "minimum"));
	pqm_js_opt(o, "check", pqm_advice_text(a, "check"));
	pqm_js_opt(o, "blocked", pqm_advice_text(a, "blocked"));
	pqm_js_str(o, "reload", pqm_advice_text(a, "reload"));
	pqm_js_str(o, "verify", pqm_advice_verify(a, &arena));
	pqm_js_open(o, "promise", '{');
	pqm_js_str(o, "what", what);
	pqm_js_str(o, "is", is);
	pqm_js_close(o, '}');
	pqm_js_str(o, "rollback", rollback_words(a));
	pqm_js_opt(o, "restore", pqm_advice_restore(a, &arena));
	json_lines(o, a, "undo");
	pqm_js_str(o, "cost", pqm_advice_text(a, "cost"));
	pqm_js_str(o, "why", pqm_yaml_str(a->patch, "why"));
	pqm_js_str(o, "rule", a->rule->id);
	pqm_js_close(o, '}');
	pqm_arena_fini(&arena);
}

void pqm_advice_json(struct pqm_out *o, const struct pqm_rules *r, const struct pqm_endpoint *e,
	const char *software)
{
	struct pqm_arena arena;
	struct pqm_advice_list l;

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	l = pqm_advise(r, e, software, &arena);
	for (size_t i = 0; i < l.n; i++)
		json_one(o, &l.items[i]);
	pqm_arena_fini(&arena);
}
