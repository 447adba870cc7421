/* source_find.c — one call and its arguments, as a finding. */
#include "rules/wire.h"
#include "source.h"

#define ARGS_MAX 32
#define GROUPS_MAX 32

struct arg {
	size_t from, to;
	pqm_bytes name; /* of a named one */
};

/* The arguments in the bracket at open, without their names. */
static size_t split_args(const struct sc *s, size_t open, struct arg *out)
{
	size_t close = s->mate[open], n = 0, from = open + 1;

	for (size_t i = open + 1; i <= close && n < ARGS_MAX; i = sc_behind(s, i)) {
		if (i != close && !sc_op(s, i, ','))
			continue;
		if (i > from)
			out[n++] = (struct arg){ from, i, { NULL, 0 } };
		from = i + 1;
	}
	for (size_t k = 0; k < n; k++) {
		size_t at = out[k].from;
		bool text = s->tok[at].kind == PQM_T_TEXT;

		if ((!sc_name(s, at) && !text) || at + 1 >= out[k].to)
			continue;
		if ((sc_op(s, at + 1, '=') && !text) || sc_op(s, at + 1, ':')) {
			out[k].name = sc_text(s, at);
			out[k].from = at + 2;
		}
	}
	return n;
}

/* The bracket of an object's members: {, of &T{, new T { , dict(, or 0. */
static size_t members_of(const struct sc *s, const struct arg *a)
{
	for (size_t i = a->from; i < a->to; i++) {
		if (sc_op(s, i, '{'))
			return s->mate[i] + 1 == a->to ? i : 0;
		if (!sc_name(s, i) && !sc_dot(s, i) && !sc_op(s, i, '&'))
			return 0;
	}
	return 0;
}

static bool member(const struct sc *s, size_t open, pqm_bytes key, struct arg *out)
{
	struct arg args[ARGS_MAX];
	size_t n = split_args(s, open, args);

	for (size_t i = 0; i < n; i++) {
		/* { modulusLength } */
		if (args[i].name.n == 0 && args[i].to == args[i].from + 1 &&
			sc_name(s, args[i].from) && pqm_eq(sc_text(s, args[i].from), key)) {
			*out = args[i];
			return true;
		}
		if (pqm_eq(args[i].name, key)) {
			*out = args[i];
			return true;
		}
	}
	return false;
}

/* The tokens of the argument that `a` means. */
static bool find_arg(const struct sc *s, size_t open, const struct pqm_take_arg *a, struct arg *out)
{
	struct arg args[ARGS_MAX], none;
	size_t n = split_args(s, open, args), position = 0, inner;

	if (a->key.n == 0 && a->name.n == 0 && a->at < 0) {
		*out = (struct arg){ open, s->mate[open] + 1, { NULL, 0 } };
		return true;
	}
	if (a->key.n > 0 && a->at < 0 && a->name.n == 0)
		return member(s, open, a->key, out) &&
			(a->unless_key.n == 0 || !member(s, open, a->unless_key, &none));
	for (size_t i = 0; i < n; i++) {
		bool fits = a->name.n > 0 && pqm_eq(args[i].name, a->name);

		/* f(*args): what comes behind may be anything. */
		if (sc_op(s, args[i].from, '*') || sc_op(s, args[i].from, PQM_OP2('.', '.')))
			if (s->kind == PQM_LANG_PYTHON || s->kind == PQM_LANG_JS)
				position = ARGS_MAX;
		if (args[i].name.n == 0)
			fits = fits || (a->at >= 0 && position++ == (size_t)a->at);
		if (!fits)
			continue;
		*out = args[i];
		if (a->key.n == 0)
			return true;
		inner = members_of(s, &args[i]);
		return inner > 0 && member(s, inner, a->key, out) &&
			(a->unless_key.n == 0 || !member(s, inner, a->unless_key, &none));
	}
	return false;
}

static pqm_bytes mapped(const struct pqm_yaml *map, pqm_bytes word)
{
	for (size_t i = 0; map != NULL && i < map->n; i++)
		if (pqm_eq(map->keys[i]->text, word))
			return pqm_yaml_text(map->items[i]);
	return (pqm_bytes){ NULL, 0 };
}

/* Likewise, of a longer text that holds one of the words. */
static pqm_bytes mapped_inside(const struct pqm_yaml *map, pqm_bytes text)
{
	for (size_t i = 0; map != NULL && i < map->n; i++)
		if (pqm_find(text, 0, map->keys[i]->text) != SIZE_MAX)
			return pqm_yaml_text(map->items[i]);
	return (pqm_bytes){ NULL, 0 };
}

/* What a value is called in the catalogue, or empty. */
static pqm_bytes catalogue_name(
	struct sc *s, const struct pqm_take_arg *a, const struct sc_value *v, bool is_strict)
{
	pqm_bytes none = { NULL, 0 }, word = v->text, got;

	if (v->kind == SC_UNKNOWN)
		return none;
	if (v->kind == SC_INT)
		word = pqm_arena_f(s->arena, "%llu", (unsigned long long)v->n);
	if (v->kind == SC_NAME && !v->is_outside && !pqm_eqs(word, "True") &&
		!pqm_eqs(word, "true"))
		return none;
	got = a->is_inside && v->kind == SC_TEXT ? mapped_inside(a->values, word)
						 : mapped(a->values, word);
	if (got.n == 0 && v->kind != SC_INT)
		got = mapped(s->lang->names, word);
	if (got.n > 0 || (is_strict && a->values != NULL) || v->kind == SC_INT)
		return got;
	/* A name in C may be anybody's; in the others an import stands behind it. */
	if (v->kind == SC_NAME && s->kind == PQM_LANG_C) {
		static const char *const front[] = { "NID_", "EVP_PKEY_", "MBEDTLS_ECP_DP_" };

		for (size_t i = 0; i < 3; i++)
			if (pqm_starts(word, pqm_str(front[i])))
				return pqm_sub(word, strlen(front[i]), word.n);
		return none;
	}
	return word;
}

static const struct pqm_alg_ref *look_up(const struct pqm_rules *r, pqm_bytes name)
{
	const struct pqm_alg_ref *ref =
		name.n == 0 || name.n > 64 ? NULL : pqm_alg_by_name(r, name);
	size_t slash = pqm_find_byte(name, 0, '/');

	if (ref == NULL && name.n > 0 && name.n <= 64 && name.p[0] >= '0' && name.p[0] <= '2')
		ref = pqm_alg_by_oid(r, name);
	/* RSA/ECB/PKCS1Padding */
	if (ref == NULL && slash != SIZE_MAX && slash > 0)
		ref = pqm_alg_by_name(r, pqm_sub(name, 0, slash));
	return ref;
}

/* ---- one argument ---- */

static void take_bits(struct sc *s, struct sc_find *d, const struct sc_value *v)
{
	if (v->kind != SC_INT || v->n < PQM_RSA_BITS_MIN || v->n > PQM_RSA_BITS_MAX)
		return;
	d->f.bits = (uint32_t)v->n;
	d->f.parameter = pqm_arena_f(s->arena, "%u", d->f.bits);
	d->is_set = true;
}

static bool is_symmetric(const struct pqm_alg_ref *ref)
{
	return ref->function == PQM_FN_CIPHER || ref->function == PQM_FN_HASH ||
		ref->function == PQM_FN_MAC || ref->function == PQM_FN_KDF;
}

static void take_ref(struct sc_find *d, const struct pqm_alg_ref *ref)
{
	const struct pqm_call_rule *m = d->call;
	bool same = pqm_eq(ref->alg->family, m->family);

	d->f.family = ref->alg->family;
	d->f.parameter = ref->parameter;
	if (!m->has_quantum)
		d->f.quantum = ref->alg->quantum;
	d->f.classical = ref->alg->classical;
	/* "ECDSA" of the rule says more than "EC", "RSASSA-PSS" of the argument more than "RSA". */
	if (!same || pqm_eq(m->algorithm, m->family))
		d->f.algorithm = pqm_eq(ref->algorithm, ref->alg->name) ||
				pqm_eq(ref->algorithm, ref->parameter)
			? ref->alg->family
			: ref->algorithm;
	if (!m->has_function)
		d->f.function = ref->function;
	d->is_set = true;
}

/* The text in P256::from("P-256") and new ECGenParameterSpec("secp256r1"), or its number. */
static struct sc_value inner_value(struct sc *s, const struct sc_value *v, struct arg *where)
{
	struct arg args[ARGS_MAX];
	size_t n = v->open == 0 || !sc_op(s, v->open, '(') ? 0 : split_args(s, v->open, args);

	if (n == 0)
		return (struct sc_value){ .kind = SC_UNKNOWN };
	*where = args[0];
	return sc_eval(s, args[0].from, args[0].to);
}

static void take_name(
	struct sc *s, struct sc_find *d, const struct pqm_take_arg *a, struct sc_value v)
{
	const struct pqm_rules *r = s->t->rules;
	struct arg where;
	pqm_bytes name = catalogue_name(s, a, &v, a->is_strict);
	const struct pqm_alg_ref *ref = look_up(r, name);

	for (unsigned k = 0; ref == NULL && v.kind == SC_NAME && v.open > 0 && k < 4; k++) {
		v = inner_value(s, &v, &where);
		name = catalogue_name(s, a, &v, a->is_strict);
		ref = look_up(r, name);
	}
	if (ref == NULL) {
		/* A size where a curve may stand, too: 2048 for RSA, 256 in `values` for a curve. */
		if (v.kind == SC_INT && !a->is_strict &&
			(pqm_eqs(d->f.family, "RSA") || pqm_eqs(d->f.family, "DSA") ||
				pqm_eqs(d->f.family, "DH")))
			take_bits(s, d, &v);
		return;
	}
	/* 256 after getInstance(name) is nobody's; a curve after "RSA" is a mistake. */
	if (v.kind == SC_INT && !pqm_eq(ref->alg->family, d->f.family))
		return;
	if (is_symmetric(ref)) {
		d->is_mute = true;
		return;
	}
	take_ref(d, ref);
}

/* ---- lists of groups ---- */

struct groups {
	const struct pqm_alg_ref *classical, *safe;
	const struct pqm_wire *w_classical, *w_safe;
	size_t n;
	bool is_open;
	pqm_bytes shown;
};

static void add_group(struct sc *s, const struct pqm_take_arg *a, struct groups *g, pqm_bytes word)
{
	pqm_bytes name = mapped(a->values, word);

	if (name.n == 0)
		name = mapped(s->lang->names, word);
	if (name.n == 0)
		name = word;
	const struct pqm_wire *w = pqm_wire_name(s->t->rules, PQM_W_GROUP, name);
	const struct pqm_alg_ref *ref = w != NULL ? NULL : look_up(s->t->rules, name);

	if (ref != NULL && is_symmetric(ref))
		return;
	enum pqm_quantum q = w != NULL ? w->quantum
		: ref != NULL	       ? ref->alg->quantum
				       : PQM_Q_UNKNOWN;

	if (q == PQM_Q_UNKNOWN || g->n++ >= GROUPS_MAX) {
		g->is_open = true;
		return;
	}
	if (g->shown.n < 200)
		g->shown = pqm_arena_f(s->arena, "%.*s%s%.*s", PQM_FMT(g->shown),
			g->shown.n > 0 ? ":" : "", PQM_FMT(word));
	if (q == PQM_Q_BROKEN && g->classical == NULL && g->w_classical == NULL) {
		g->classical = ref;
		g->w_classical = w;
	}
	if (q != PQM_Q_BROKEN && g->safe == NULL && g->w_safe == NULL) {
		g->safe = ref;
		g->w_safe = w;
	}
}

/* GnuTLS: of a priority string that drops its groups, those that it adds [GnuTLS manual,
 * Priority Strings]. */
static void add_priority(
	struct sc *s, const struct pqm_take_arg *a, struct groups *g, pqm_bytes text)
{
	pqm_bytes rest = text, word;

	while (pqm_split(&rest, ':', &word)) {
		word = pqm_trim(word);
		if (pqm_starts(word, PQM_LIT("+GROUP-")) || pqm_starts(word, PQM_LIT("+CURVE-")))
			add_group(s, a, g, pqm_sub(word, 7, word.n));
	}
}

static void add_list(struct sc *s, const struct pqm_take_arg *a, struct groups *g, pqm_bytes text)
{
	pqm_bytes rest = text, word;

	if (pqm_find(text, 0, PQM_LIT("-GROUP-ALL")) != SIZE_MAX ||
		pqm_find(text, 0, PQM_LIT("-CURVE-ALL")) != SIZE_MAX ||
		pqm_starts(text, PQM_LIT("NONE:"))) {
		add_priority(s, a, g, text);
		return;
	}

	while (rest.p != NULL &&
		pqm_split(&rest, pqm_find_byte(text, 0, ':') != SIZE_MAX ? ':' : ',', &word)) {
		word = pqm_trim(word);
		if (word.n > 0 && (word.p[0] == '?' || word.p[0] == '*'))
			word = pqm_sub(word, 1, word.n);
		if (word.n > 0 && (word.p[0] == '-' || word.p[0] == '!' || word.p[0] == '+'))
			g->is_open = true; /* it changes a default */
		else if (word.n > 0)
			add_group(s, a, g, word);
	}
}

static void add_value(
	struct sc *s, const struct pqm_take_arg *a, struct groups *g, size_t from, size_t to)
{
	struct sc_value v = sc_eval(s, from, to);

	if (v.kind == SC_TEXT)
		add_list(s, a, g, v.text);
	else if (v.kind == SC_NAME && v.is_outside)
		add_group(s, a, g, v.text);
	else
		g->is_open = true;
}

static void take_groups(
	struct sc *s, struct sc_find *d, const struct pqm_take_arg *a, struct arg where)
{
	struct groups g = { .n = 0 };
	struct arg items[ARGS_MAX];
	size_t open = 0, n;

	for (size_t i = where.from; i < where.to && open == 0; i = sc_behind(s, i))
		if ((sc_op(s, i, '[') || sc_op(s, i, '{') || sc_op(s, i, '(')) &&
			s->mate[i] + 1 == where.to)
			open = i;
	if (open > 0) {
		n = split_args(s, open, items);
		for (size_t i = 0; i < n; i++)
			add_value(s, a, &g, items[i].from, items[i].to);
	} else {
		add_value(s, a, &g, where.from, where.to);
	}
	bool is_safe = g.safe != NULL || g.w_safe != NULL;
	const struct pqm_wire *w = is_safe ? g.w_safe : g.w_classical;
	const struct pqm_alg_ref *ref = is_safe ? g.safe : g.classical;

	if ((g.is_open && !is_safe) || (w == NULL && ref == NULL)) {
		d->is_mute = true;
		return;
	}
	if (ref != NULL) {
		take_ref(d, ref);
	} else {
		d->f.family = w->family;
		d->f.algorithm = w->algorithm;
		d->f.parameter = w->parameter;
		d->f.quantum = w->quantum;
		d->f.classical = w->classical;
		d->is_set = true;
	}
	if (is_safe) {
		d->f.why = PQM_LIT("A hybrid group is named.");
		d->f.fix = PQM_LIT("Keep one classical group behind it while old peers are about.");
	}
	pqm_found_attr(&d->f, "value", g.shown);
}

static void take_args(struct sc *s, struct sc_find *d, const struct pqm_call_rule *m, size_t open)
{
	bool strict_missed = false;

	for (size_t i = 0; i < m->n_args && !d->is_mute; i++) {
		const struct pqm_take_arg *a = &m->args[i];
		struct arg where;
		bool had = d->is_set;

		d->is_set = false;
		if (find_arg(s, open, a, &where)) {
			if (a->take == PQM_TAKE_GROUPS) {
				take_groups(s, d, a, where);
			} else {
				struct sc_value v = sc_eval(s, where.from, where.to);

				if (a->take == PQM_TAKE_BITS)
					take_bits(s, d, &v);
				else
					take_name(s, d, a, v);
			}
		}
		strict_missed |= a->is_strict && !d->is_set;
		d->is_set |= had;
	}
	if (strict_missed && !m->refines)
		d->is_mute = true;
}

/* ---- the call ---- */

/* The first argument is one for which the call means nothing (a loopback address). */
static bool is_excused(struct sc *s, const struct pqm_call_rule *m, size_t open)
{
	struct arg args[ARGS_MAX];
	size_t n = m->unless == NULL ? 0 : split_args(s, open, args);

	if (n == 0)
		return false;
	if (s->tok[args[0].from].kind != PQM_T_TEXT)
		return false;
	for (size_t i = 0; i < m->unless->n; i++)
		if (pqm_starts(sc_text(s, args[0].from), pqm_yaml_text(m->unless->items[i])))
			return true;
	return false;
}

/* CurvePreferences: []tls.CurveID{ … */
static bool is_after(const struct sc *s, const struct pqm_call_rule *m, size_t at)
{
	size_t i = at;

	if (m->after.n == 0)
		return true;
	while (i > 0 && (sc_op(s, i - 1, ']') || sc_op(s, i - 1, '[') || sc_op(s, i - 1, '&')))
		i--;
	return i >= 2 && (sc_op(s, i - 1, ':') || sc_op(s, i - 1, '=')) &&
		pqm_eq(sc_text(s, i - 2), m->after);
}

static void fill(struct sc_find *d, const struct pqm_call_rule *m)
{
	d->f = (struct pqm_found){ .rule = m->rule->id,
		.meaning = m->meaning,
		.function = m->function,
		.quantum = m->quantum,
		.classical = m->classical,
		.evidence = m->meaning == PQM_USE || m->meaning == PQM_OFFER ? PQM_LINKED
									     : PQM_CONFIGURED,
		.family = m->family,
		.algorithm = m->algorithm,
		.parameter = m->parameter,
		.why = m->why,
		.fix = m->fix };
}

static size_t take_one(
	struct sc *s, const struct pqm_call_rule *m, pqm_bytes whole, size_t at, size_t open)
{
	struct sc_find *grown;

	if (s->n_find >= PQM_SOURCE_FINDS) {
		s->is_full = true;
		return 0;
	}
	grown = pqm_grow(s->arena, s->find, s->n_find, &s->cap_find);
	if (grown == NULL)
		return 0;
	s->find = grown;
	struct sc_find *d = &s->find[s->n_find];

	*d = (struct sc_find){ .call = m, .at = at, .open = open, .end = s->mate[open] };
	d->name = whole;
	d->object = sc_place(s);
	fill(d, m);
	pqm_found_attr(&d->f, "operation", m->operation);
	take_args(s, d, m, open);
	return ++s->n_find;
}

size_t sc_take(struct sc *s, const struct pqm_call_list *list, pqm_bytes whole, size_t at,
	size_t open, size_t maker)
{
	size_t find = 0;

	if (s->mate[open] <= open)
		return 0;
	for (; list != NULL; list = list->next) {
		const struct pqm_call_rule *m = list->call;

		if (!is_after(s, m, at) || is_excused(s, m, open) || !sc_counts(s, m, at, open))
			continue;
		if (!m->refines) {
			find = take_one(s, m, whole, at, open);
			continue;
		}
		/* A size given twice on two ways is not known. */
		if (maker == 0 || maker > s->n_find || s->find[maker - 1].call->rule != m->rule)
			continue;
		struct sc_find *d = &s->find[maker - 1];
		pqm_bytes old = d->f.parameter;
		bool had = old.n > 0;

		take_args(s, d, m, open);
		if (had && !pqm_eq(old, d->f.parameter)) {
			d->f.parameter = (pqm_bytes){ NULL, 0 };
			d->f.bits = 0;
		}
	}
	return find;
}

/* ---- what a report shows of it ---- */

static bool is_algorithm(const struct sc *s, pqm_bytes text)
{
	return look_up(s->t->rules, text) != NULL ||
		pqm_wire_name(s->t->rules, PQM_W_GROUP, text) != NULL;
}

static bool is_public_list(const struct sc *s, pqm_bytes text)
{
	pqm_bytes rest = text, word;
	size_t n = 0;

	if (text.n == 0 || text.n > 100)
		return false;
	while (rest.p != NULL && pqm_split(&rest, ':', &word)) {
		if (!is_algorithm(s, word))
			return false;
		n++;
	}
	return n > 0;
}

/* The call on one line: names and small numbers, strings only where they name an algorithm. */
static pqm_bytes shown_call(struct sc *s, const struct sc_find *d)
{
	pqm_bytes out = { NULL, 0 };

	for (size_t i = d->at; i <= d->end && i < s->n; i++) {
		pqm_bytes t = sc_text(s, i);
		const char *space = i > d->at && sc_op(s, i - 1, ',') ? " " : "";

		/* A word right behind a text: quotes do not pair as we think, and it may be of a text. */
		if (out.n > PQM_SOURCE_CALL_BYTES || t.n > PQM_SOURCE_CALL_BYTES ||
			(i > d->at && sc_name(s, i) && s->tok[i - 1].kind == PQM_T_TEXT))
			return pqm_arena_f(s->arena, "%.*s…", PQM_FMT(out));
		if (s->tok[i].kind == PQM_T_TEXT)
			out = pqm_arena_f(s->arena, "%.*s%s\"%.*s\"", PQM_FMT(out), space,
				PQM_FMT(is_public_list(s, t) ? t : PQM_LIT("…")));
		else if (s->tok[i].kind == PQM_T_NUMBER && t.n > 8)
			out = pqm_arena_f(s->arena, "%.*s%s…", PQM_FMT(out), space);
		else
			out = pqm_arena_f(s->arena, "%.*s%s%s%.*s", PQM_FMT(out), space,
				i > d->at && sc_name(s, i) && sc_name(s, i - 1) ? " " : "",
				PQM_FMT(t));
	}
	return pqm_printable(s->arena, out);
}

static const char *role_name(enum pqm_source_role role)
{
	switch (role) {
	case PQM_SOURCE_TEST:
		return "test";
	case PQM_SOURCE_EXAMPLE:
		return "example";
	case PQM_SOURCE_VENDORED:
		return "vendored";
	case PQM_SOURCE_LIBRARY:
		return "library";
	case PQM_SOURCE_OWN:
		break;
	}
	return "";
}

static pqm_bytes said(const struct sc *s, const struct sc_find *d, pqm_bytes call)
{
	bool in = d->object.n > 0;
	size_t n = pqm_find_byte(call, 0, '(');

	if (d->f.meaning == PQM_CONFIG || d->f.meaning == PQM_ABSENT)
		return d->f.why;
	return pqm_arena_f(s->arena, "%.*s calls %.*s%s%.*s: %.*s",
		PQM_FMT(s->t->role == PQM_SOURCE_OWN ? PQM_LIT("source")
						     : PQM_LIT("source beside the program")),
		PQM_FMT(n == SIZE_MAX ? d->name : pqm_sub(call, 0, n)), in ? " in " : "",
		PQM_FMT(pqm_printable(s->arena, d->object)), PQM_FMT(d->f.why));
}

enum pqm_st sc_emit(struct sc *s, struct pqm_err *err)
{
	for (size_t i = 0; i < s->n_find; i++) {
		struct sc_find *d = &s->find[i];
		struct pqm_found *f = &d->f;

		if (d->is_mute)
			continue;
		pqm_bytes call = shown_call(s, d);

		if (s->t->role != PQM_SOURCE_OWN) {
			/* Present, not shown to be run by a program of this tree. */
			if (f->meaning == PQM_USE)
				f->meaning = PQM_OFFER;
			pqm_found_attr(f, "role", pqm_str(role_name(s->t->role)));
		}
		f->identity = pqm_arena_f(s->arena, "%.*s %.*s %.*s", PQM_FMT(d->name),
			PQM_FMT(d->object), PQM_FMT(f->algorithm));
		f->object = pqm_printable(s->arena, d->object);
		f->why = said(s, d, call);
		f->line = s->tok[d->at].line;
		f->col = s->tok[d->at].col;
		f->off = s->tok[d->at].off;
		pqm_found_attr(f, "call", call);
		pqm_found_attr(f, "language", pqm_str(pqm_lang_name(s->kind)));
		if (f->identity.p == NULL || f->why.p == NULL || call.p == NULL)
			return pqm_fail(err, PQM_ENOMEM, "program text: out of memory");
		enum pqm_st st = pqm_emit(s->t->out, f);

		if (st != PQM_OK)
			return st;
	}
	return PQM_OK;
}
