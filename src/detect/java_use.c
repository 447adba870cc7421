/* java_use.c — what the calls of a class mean: algorithm, size or curve, operation, and who reaches them. */
#include "java_look.h"

#include "base/num.h"

/* One call that a rule speaks of, in one frame. */
struct site {
	const struct java_frame *f;
	const struct pqm_jcall *c;
	const struct pqm_java_api *api;
	struct pqm_jclass_ref ref;
};

/* What a finding is made of. */
struct facts {
	struct pqm_found f;
	pqm_bytes operation;
	pqm_bytes calls; /* as told */
	const struct pqm_yaml *sizes;
	bool is_named; /* the algorithm is known */
	bool more;     /* a later call said something */
	bool is_pin;   /* groups that are set */
};

static pqm_bytes last_part(pqm_bytes class)
{
	size_t i = class.n;

	while (i > 0 && class.p[i - 1] != '/')
		i--;
	return pqm_sub(class, i, class.n);
}

/* a/b/C as a.b.C */
static pqm_bytes dotted(struct java_look *k, pqm_bytes class)
{
	pqm_bytes copy = pqm_bytes_dup(k->arena, class);
	uint8_t *p = (uint8_t *)(uintptr_t)copy.p;

	for (size_t i = 0; i < copy.n; i++)
		if (p[i] == '/')
			p[i] = '.';
	return pqm_printable(k->arena, copy);
}

static pqm_bytes short_text(struct java_look *k, pqm_bytes s)
{
	return pqm_printable(k->arena, pqm_sub(s, 0, JAVA_SHOWN_MAX));
}

/* An argument as it would stand in source. */
static pqm_bytes shown(struct java_look *k, const struct java_value *v)
{
	switch (v->kind) {
	case JAVA_NUMBER:
		return pqm_arena_f(k->arena, "%d", v->n);
	case JAVA_TEXT:
		return pqm_arena_f(k->arena, "\"%.*s\"", PQM_FMT(short_text(k, v->text)));
	case JAVA_CONSTANT:
		return pqm_arena_f(k->arena, "%.*s.%.*s",
			PQM_FMT(short_text(k, last_part(v->class))),
			PQM_FMT(short_text(k, v->text)));
	default:
		return PQM_LIT("…");
	}
}

static bool set_by_name(
	struct java_look *k, struct facts *x, const struct pqm_java_api *api, pqm_bytes name)
{
	enum pqm_function function = x->f.function;
	struct pqm_found f = { .function = PQM_FN_ANY };

	if (!pqm_java_name(k->java, api->names, name, &f, &x->sizes))
		return false;
	x->f.family = f.family;
	x->f.algorithm = f.algorithm;
	x->f.parameter = f.parameter;
	x->f.quantum = f.quantum;
	x->f.classical = f.classical;
	/* A cipher that is named may be one for keys; else the call knows better what it does. */
	x->f.function = function == PQM_FN_CIPHER || function == PQM_FN_ANY ? f.function : function;
	x->is_named = true;
	return true;
}

/* A curve or parameter set: what the catalogue says of it goes before what was known. */
static void set_by_set(struct java_look *k, struct facts *x, pqm_bytes name)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_name(k->rules, name);
	enum pqm_function function = x->f.function;
	bool same;

	if (ref == NULL)
		return;
	same = pqm_eq(ref->alg->family, x->f.family);
	x->f.family = ref->alg->family;
	x->f.parameter = ref->parameter;
	if (!same)
		x->f.algorithm = ref->algorithm;
	x->f.quantum = ref->alg->quantum;
	x->f.classical = ref->alg->classical;
	x->f.function = function != PQM_FN_ANY ? function : ref->function;
	x->is_named = true;
}

/* A size in bits: of a curve it is the curve. */
static void set_size(struct java_look *k, struct facts *x, int32_t bits)
{
	char key[16];

	if (bits <= 0 || bits > 65536 || !x->is_named)
		return;
	(void)snprintf(key, sizeof(key), "%d", bits);
	if (x->sizes != NULL) {
		pqm_bytes name = pqm_yaml_str(x->sizes, key);

		if (name.n > 0)
			set_by_set(k, x, name);
		return;
	}
	if (pqm_eqs(x->f.family, "EC") || pqm_eqs(x->f.family, "HMAC"))
		return; /* no rule says what a size is there */
	x->f.parameter = pqm_arena_f(k->arena, "%d", bits);
	x->f.bits = (uint32_t)bits;
}

/* What a parameter object says: one that the class makes, or a constant that is such. */
static bool set_by_spec(struct java_look *k, struct facts *x, const struct java_value *v)
{
	const struct pqm_jcall *c = java_maker(k, v);
	struct pqm_jclass_ref ref;
	struct pqm_java_hit hit;
	struct java_value arg;

	if (v->kind == JAVA_CONSTANT) {
		const struct pqm_java_api *api = pqm_java_field(k->java, v->class, v->text);

		if (api == NULL || !api->is_spec)
			return false;
		set_by_set(k, x, v->text);
		x->calls =
			pqm_arena_f(k->arena, "%.*s%.*s", PQM_FMT(x->calls), PQM_FMT(shown(k, v)));
		return true;
	}
	if (c == NULL || !pqm_jclass_ref(&k->class, c->ref, &ref) ||
		!pqm_java_find(k->java, ref.class, ref.name, &hit) || !hit.api->is_spec)
		return false;
	if (hit.api->has_emit && !x->is_named) {
		x->f.family = hit.api->emit.family;
		x->f.algorithm = hit.api->emit.algorithm;
		x->f.quantum = hit.api->emit.quantum;
		x->f.classical = hit.api->emit.classical;
		x->is_named = true;
	}
	arg = java_arg(k, v->frame, c, hit.api->curve >= 0 ? hit.api->curve : hit.api->size);
	if (hit.api->curve >= 0 && (arg.kind == JAVA_TEXT || arg.kind == JAVA_CONSTANT))
		set_by_set(k, x, arg.text);
	if (hit.api->size >= 0 && arg.kind == JAVA_NUMBER)
		set_size(k, x, arg.n);
	x->calls = pqm_arena_f(k->arena, "%.*snew %.*s(%.*s)", PQM_FMT(x->calls),
		PQM_FMT(short_text(k, last_part(ref.class))), PQM_FMT(shown(k, &arg)));
	return true;
}

/* Whether an argument of that number is an integer by the descriptor. */
static bool takes_int(const struct pqm_jclass_ref *ref, int n)
{
	return n >= 0 && pqm_eqs(pqm_jdesc_arg(ref->desc, (size_t)n), "I");
}

static bool takes_object(const struct pqm_jclass_ref *ref, int n)
{
	return n >= 0 && pqm_starts(pqm_jdesc_arg(ref->desc, (size_t)n), PQM_LIT("L"));
}

/* Adds what the later call says; false: it says nothing that is known. */
static bool add_later(struct java_look *k, struct facts *x, const struct java_frame *f,
	const struct pqm_jcall *c, const struct pqm_java_then *then)
{
	struct pqm_jclass_ref ref;
	struct facts y = *x;

	if (!pqm_jclass_ref(&k->class, c->ref, &ref))
		return false;
	y.calls = pqm_arena_f(k->arena, "%.*s%s%.*s(", PQM_FMT(x->calls),
		x->calls.n > 0 ? "; " : "", PQM_FMT(then->call));
	y.more = then->operation.n > 0;
	if (then->operation.n > 0)
		y.operation = then->operation;
	if (takes_int(&ref, then->size)) {
		struct java_value v = java_arg(k, f, c, then->size);

		y.more = v.kind == JAVA_NUMBER;
		if (y.more)
			set_size(k, &y, v.n);
		y.calls =
			pqm_arena_f(k->arena, "%.*s%.*s", PQM_FMT(y.calls), PQM_FMT(shown(k, &v)));
	}
	if (takes_object(&ref, then->spec)) {
		struct java_value v = java_arg(k, f, c, then->spec);

		y.more = set_by_spec(k, &y, &v);
	}
	if (takes_int(&ref, then->mode)) {
		struct java_value v = java_arg(k, f, c, then->mode);
		char key[16];
		pqm_bytes word;

		(void)snprintf(key, sizeof(key), "%d", v.n);
		word = v.kind == JAVA_NUMBER ? pqm_yaml_str(then->modes, key)
					     : (pqm_bytes){ NULL, 0 };
		y.more = word.n > 0;
		if (y.more)
			y.operation = word;
		y.calls =
			pqm_arena_f(k->arena, "%.*s%.*s", PQM_FMT(y.calls), PQM_FMT(shown(k, &v)));
	}
	if (!y.more)
		return false;
	y.calls = pqm_arena_f(k->arena, "%.*s)", PQM_FMT(y.calls));
	*x = y;
	return true;
}

/* "main -> run -> keys", innermost last; empty: no way is known. */
static pqm_bytes way_to(struct java_look *k, const struct java_frame *f)
{
	pqm_bytes way = { NULL, 0 };
	const struct java_frame *top = f;

	for (; top->up != NULL; top = top->up)
		way = pqm_arena_f(k->arena, " -> %.*s%.*s",
			PQM_FMT(short_text(k, k->methods[top->method].m->name)), PQM_FMT(way));
	for (size_t m = top->method, n = 0; k->methods[m].is_reached && n <= k->n_methods; n++) {
		bool is_main = k->methods[m].reached_from == m;

		way = pqm_arena_f(k->arena, "%s%.*s%.*s", is_main ? "" : " -> ",
			PQM_FMT(short_text(k, k->methods[m].m->name)), PQM_FMT(way));
		if (is_main)
			return way;
		m = k->methods[m].reached_from;
	}
	return (pqm_bytes){ NULL, 0 };
}

/* A private method that nothing in its class calls or hands on, and that the runtime does not know. */
static bool is_dead(const struct java_look *k, size_t method)
{
	static const char *const known[] = { "<init>", "<clinit>", "readObject", "writeObject",
		"readResolve", "writeReplace", "readObjectNoData", "finalize", "main" };
	const struct java_method *m = &k->methods[method];

	if ((m->m->access & PQM_J_PRIVATE) == 0 || k->is_partial || k->class.has_nest ||
		m->is_called || m->is_handled || m->m->is_annotated)
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (pqm_eqs(m->m->name, known[i]))
			return false;
	return true;
}

static pqm_bytes method_name(struct java_look *k, size_t method)
{
	const struct pqm_jclass_member *m = k->methods[method].m;

	return pqm_arena_f(k->arena, "%.*s.%.*s%.*s", PQM_FMT(dotted(k, k->class.name)),
		PQM_FMT(short_text(k, m->name)), PQM_FMT(short_text(k, m->desc)));
}

static pqm_bytes say_why(
	struct java_look *k, const struct site *s, const struct facts *x, bool dead)
{
	const char *who = dead	   ? "a private method that nothing in its class calls has the call"
		: k->owner != NULL ? "a class of the library calls"
				   : "the class calls";

	return pqm_arena_f(k->arena, "%s %.*s: %.*s%s", who, PQM_FMT(x->calls),
		PQM_FMT(pqm_yaml_str(s->api->rule->node, "why")),
		x->is_named ? "" : "; which one, the class does not say");
}

static enum pqm_st emit_facts(struct java_look *k, const struct site *s, struct facts *x)
{
	size_t method = s->f->method;
	bool dead = s->f->up == NULL && is_dead(k, method);
	bool is_offer = k->owner != NULL || dead;
	const struct pqm_jclass_member *m = k->methods[method].m;
	pqm_bytes way = way_to(k, s->f);
	pqm_bytes where = k->owner != NULL ? k->owner->name : dotted(k, k->class.name);
	char pc[16];

	(void)snprintf(pc, sizeof(pc), "%u", s->c->pc);
	x->f.rule = s->api->rule->id;
	x->f.meaning = is_offer ? PQM_OFFER : x->is_pin ? PQM_CONFIG : PQM_USE;
	x->f.evidence = PQM_LINKED;
	x->f.identity = pqm_arena_f(k->arena, "java/%.*s/%.*s/%.*s%s", PQM_FMT(where),
		PQM_FMT(x->f.algorithm), PQM_FMT(x->operation), dead ? "/uncalled" : "");
	x->f.why = say_why(k, s, x, dead);
	x->f.object = method_name(k, method);
	x->f.off = (uint64_t)(m->code.p - k->class.body.p) + s->c->pc;
	pqm_found_attr(&x->f, "call", x->calls);
	pqm_found_attr(&x->f, "bytecode", pqm_bytes_dup(k->arena, pqm_str(pc)));
	pqm_found_attr(&x->f, "operation", x->operation);
	pqm_found_attr(&x->f, "reach",
		dead		    ? PQM_LIT("none in this class")
			: way.n > 0 ? way
				    : PQM_LIT("undecided: called from outside of the class"));
	if (k->owner != NULL)
		pqm_found_attr(&x->f, "provider", k->owner->name);
	if (x->f.identity.p == NULL || x->f.why.p == NULL || x->f.object.p == NULL)
		return PQM_ENOMEM;
	return pqm_emit(k->out, &x->f);
}

static bool is_when(struct java_look *k, const struct site *s)
{
	const struct pqm_yaml *when = s->api->when;

	for (size_t i = 0; when != NULL && i < when->n; i++) {
		uint64_t n = 0;
		struct java_value v;

		if (!pqm_u64_parse(pqm_yaml_text(when->keys[i]), 254, &n))
			return false;
		v = java_arg(k, s->f, s->c, (int)n);
		if (v.kind != JAVA_TEXT || !pqm_eq(v.text, pqm_yaml_text(when->items[i])))
			return false;
	}
	return true;
}

/* "KeyPairGenerator.getInstance(\"RSA\")", "new RSAKeyGenerator(2048)" */
static pqm_bytes call_text(struct java_look *k, const struct site *s, int shown_arg)
{
	struct java_value v = java_arg(k, s->f, s->c, shown_arg);
	bool is_new = pqm_eqs(s->ref.name, "<init>");
	pqm_bytes class = short_text(k, last_part(s->ref.class));
	pqm_bytes arg = shown_arg < 0 ? (pqm_bytes){ NULL, 0 } : shown(k, &v);

	if (is_new)
		return pqm_arena_f(k->arena, "new %.*s(%.*s)", PQM_FMT(class), PQM_FMT(arg));
	return pqm_arena_f(k->arena, "%.*s.%.*s(%.*s)", PQM_FMT(class),
		PQM_FMT(short_text(k, s->ref.name)), PQM_FMT(arg));
}

/* What the call itself says. */
static void start_facts(struct java_look *k, const struct site *s, struct facts *x)
{
	const struct pqm_java_api *api = s->api;
	struct java_value v = java_arg(k, s->f, s->c, api->algorithm);

	*x = (struct facts){ .f = api->emit, .operation = api->operation };
	x->is_named = api->algorithm < 0 && api->has_emit && !pqm_eqs(api->emit.family, "unknown");
	x->calls = call_text(k, s, api->algorithm >= 0 ? api->algorithm : api->size);
	if (v.kind == JAVA_TEXT || v.kind == JAVA_CONSTANT) {
		(void)set_by_name(k, x, api, v.text);
	} else if (v.kind == JAVA_NUMBER && api->numbers != NULL) {
		char key[16];
		pqm_bytes name;

		(void)snprintf(key, sizeof(key), "%d", v.n);
		name = pqm_yaml_str(api->numbers, key);
		if (name.n > 0)
			(void)set_by_name(k, x, api, name);
	}
	if (takes_int(&s->ref, api->size)) {
		v = java_arg(k, s->f, s->c, api->size);
		if (v.kind == JAVA_NUMBER)
			set_size(k, x, v.n);
	}
	if (api->curve >= 0) {
		v = java_arg(k, s->f, s->c, api->curve);
		if (v.kind == JAVA_TEXT || v.kind == JAVA_CONSTANT)
			set_by_set(k, x, v.text);
	}
	if (takes_object(&s->ref, api->spec)) {
		v = java_arg(k, s->f, s->c, api->spec);
		(void)set_by_spec(k, x, &v);
	}
}

/* Whether the receiver of c in f is what the site made. */
static bool is_on(struct java_look *k, const struct site *s, const struct java_frame *f,
	const struct pqm_jcall *c)
{
	struct java_value v;

	if (c->n_args == 0)
		return false;
	v = java_eval(k, f, c->args[0]);
	if (v.kind != JAVA_OBJECT || v.frame->method != s->f->method)
		return false;
	return java_maker(k, &v) == s->c;
}

/* What is found out about one site, before it is known whether its callers must be asked. */
struct found_out {
	struct facts *x;
	size_t n, cap;
};

static enum pqm_st keep_facts(struct java_look *k, struct found_out *o, const struct facts *x)
{
	struct facts *grown = pqm_grow(k->arena, o->x, o->n, &o->cap);

	if (grown == NULL)
		return PQM_ENOMEM;
	o->x = grown;
	o->x[o->n++] = *x;
	return PQM_OK;
}

/* The later calls in one method, as it is called in f. */
static enum pqm_st later_in(struct java_look *k, const struct site *s, const struct java_frame *f,
	const struct facts *base, struct found_out *o)
{
	const struct pqm_jflow *flow = &k->methods[f->method].flow;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < flow->n_calls; i++) {
		const struct pqm_jcall *c = &flow->calls[i];
		bool asked = k->asked;
		struct pqm_jclass_ref ref;
		struct pqm_java_hit hit;
		struct facts x;

		if (!java_step(k))
			break;
		x = *base;
		if (!pqm_jclass_ref(&k->class, c->ref, &ref) ||
			!pqm_java_find(k->java, ref.class, ref.name, &hit) || hit.api != s->api ||
			hit.then == NULL)
			continue;
		if (!is_on(k, s, f, c))
			k->asked = asked; /* it is another object's */
		else if (add_later(k, &x, f, c, hit.then))
			st = keep_facts(k, o, &x);
	}
	return st;
}

static bool leads_to(const struct java_look *k, const struct pqm_jcall *c, size_t method)
{
	struct pqm_jclass_ref ref;

	return pqm_jclass_ref(&k->class, c->ref, &ref) && java_method_of(k, &ref) == method;
}

static enum pqm_st later_elsewhere(
	struct java_look *k, const struct site *s, const struct facts *base, struct found_out *o)
{
	const struct pqm_jflow *own = &k->methods[s->f->method].flow;
	enum pqm_st st = PQM_OK;

	for (size_t m = 0; st == PQM_OK && m < k->n_methods; m++) {
		bool asked = k->asked;

		if (m == s->f->method)
			continue;
		st = later_in(k, s, &k->methods[m].top, base, o);
		k->asked = asked;
		/* Handed on to another method. */
		for (size_t i = 0; st == PQM_OK && i < own->n_calls; i++) {
			struct java_frame *in;

			if (!java_step(k))
				return st;
			if (!leads_to(k, &own->calls[i], m))
				continue;
			in = pqm_new(k->arena, struct java_frame, 1);
			if (in == NULL)
				return PQM_ENOMEM;
			*in = (struct java_frame){ s->f, m, &own->calls[i], s->f->depth + 1 };
			st = later_in(k, s, in, base, o);
		}
	}
	return st;
}

/* f, with its outermost method called by c in the method of `by`. */
static const struct java_frame *called_by(struct java_look *k, const struct java_frame *f,
	const struct java_frame *by, const struct pqm_jcall *c)
{
	struct java_frame *out = pqm_new(k->arena, struct java_frame, 1);

	if (out == NULL)
		return NULL;
	*out = *f;
	out->depth++;
	out->up = f->up == NULL ? by : called_by(k, f->up, by, c);
	if (f->up == NULL)
		out->call = c;
	return out->up == NULL ? NULL : out;
}

static enum pqm_st do_site(struct java_look *k, const struct site *s);

/* Asks each caller in the class; *any: there is one. */
static enum pqm_st ask_callers(struct java_look *k, const struct site *s, bool *any)
{
	const struct java_frame *top = s->f;
	enum pqm_st st = PQM_OK;

	while (top->up != NULL)
		top = top->up;
	for (size_t m = 0; st == PQM_OK && m < k->n_methods; m++)
		for (size_t i = 0; st == PQM_OK && i < k->methods[m].flow.n_calls; i++) {
			const struct pqm_jcall *c = &k->methods[m].flow.calls[i];
			struct site in = *s;

			if (!java_step(k))
				return st;
			if (!leads_to(k, c, top->method))
				continue;
			*any = true;
			in.f = called_by(k, s->f, &k->methods[m].top, c);
			st = in.f == NULL ? PQM_ENOMEM : do_site(k, &in);
		}
	return st;
}

/* The strings of a list: of an array, or of one text with commas. */
static bool words_of(
	struct java_look *k, const struct java_value *v, pqm_bytes out[JAVA_LIST_MAX], size_t *n)
{
	pqm_bytes rest = v->text, word;

	*n = 0;
	if (v->kind != JAVA_TEXT)
		return java_list(k, v, out, n);
	while (*n < JAVA_LIST_MAX && pqm_split(&rest, ',', &word))
		out[(*n)++] = pqm_trim(word);
	return *n > 0;
}

/* Groups that are set: hybrid when one of them is, else the first that the catalogue knows. */
static enum pqm_st do_list(struct java_look *k, const struct site *s, struct facts *x)
{
	struct java_value v = java_arg(k, s->f, s->c, s->api->list);
	pqm_bytes word[JAVA_LIST_MAX], all = { NULL, 0 };
	const struct pqm_alg_ref *chosen = NULL;
	size_t n;

	if (!words_of(k, &v, word, &n)) {
		x->is_named = false;
		return emit_facts(k, s, x);
	}
	for (size_t i = 0; i < n; i++) {
		const struct pqm_alg_ref *ref = pqm_alg_by_name(k->rules, word[i]);
		bool is_safe = ref != NULL && ref->alg->quantum != PQM_Q_BROKEN;

		all = pqm_arena_f(k->arena, "%.*s%s%.*s", PQM_FMT(all), i > 0 ? "," : "",
			PQM_FMT(short_text(k, word[i])));
		if (ref != NULL &&
			(chosen == NULL || (is_safe && chosen->alg->quantum == PQM_Q_BROKEN)))
			chosen = ref;
	}
	x->calls = pqm_arena_f(k->arena, "%.*s.%.*s(%.*s)",
		PQM_FMT(short_text(k, last_part(s->ref.class))),
		PQM_FMT(short_text(k, s->ref.name)), PQM_FMT(all));
	if (chosen == NULL)
		return emit_facts(k, s, x);
	x->f.family = x->f.algorithm = x->f.parameter = (pqm_bytes){ NULL, 0 };
	pqm_alg_fill(&x->f, chosen);
	x->f.function = PQM_FN_KEX;
	x->is_pin = true;
	return emit_facts(k, s, x);
}

static enum pqm_st do_site(struct java_look *k, const struct site *s)
{
	struct found_out o = { NULL, 0, 0 };
	struct facts base;
	bool any = false;
	enum pqm_st st = PQM_OK;

	if (k->budget == 0 || k->steps == 0)
		return PQM_OK;
	k->asked = false;
	if (!is_when(k, s))
		return PQM_OK;
	start_facts(k, s, &base);
	if (s->api->list >= 0)
		return do_list(k, s, &base);
	if (s->api->n_then > 0)
		st = later_in(k, s, s->f, &base, &o);
	if (s->api->n_then > 0 && st == PQM_OK)
		st = later_elsewhere(k, s, &base, &o);
	if (st == PQM_OK && o.n == 0)
		st = keep_facts(k, &o, &base);
	if (st == PQM_OK && k->asked && s->f->depth < JAVA_FRAMES)
		st = ask_callers(k, s, &any);
	for (size_t i = 0; st == PQM_OK && !any && i < o.n; i++)
		st = emit_facts(k, s, &o.x[i]);
	return st;
}

/* A later call on an object of unknown origin: only a parameter object says what it is about. */
static enum pqm_st do_later(
	struct java_look *k, const struct site *s, const struct pqm_java_then *then)
{
	struct java_value v;
	struct facts x = { .f = s->api->emit, .operation = s->api->operation };
	const struct pqm_jcall *maker;
	struct pqm_jclass_ref ref;
	struct pqm_java_hit hit;

	if (s->c->n_args == 0 || !takes_object(&s->ref, then->spec))
		return PQM_OK;
	v = java_eval(k, s->f, s->c->args[0]);
	maker = java_maker(k, &v);
	if (maker != NULL && pqm_jclass_ref(&k->class, maker->ref, &ref) &&
		pqm_java_find(k->java, ref.class, ref.name, &hit) && hit.api == s->api)
		return PQM_OK; /* told where it is made */
	x.calls = pqm_arena_f(k->arena, "%.*s", PQM_FMT(short_text(k, last_part(s->ref.class))));
	x.f.family = (pqm_bytes){ NULL, 0 };
	if (!add_later(k, &x, s->f, s->c, then) || !x.is_named)
		return PQM_OK;
	return emit_facts(k, s, &x);
}

static void note_calls(struct java_look *k)
{
	for (size_t m = 0; m < k->n_methods; m++)
		for (size_t i = 0; i < k->methods[m].flow.n_calls; i++) {
			struct pqm_jclass_ref ref;
			size_t to;

			if (!pqm_jclass_ref(&k->class, k->methods[m].flow.calls[i].ref, &ref))
				continue;
			to = java_method_of(k, &ref);
			if (to < k->n_methods && to != m)
				k->methods[to].is_called = true;
		}
	for (size_t i = 1; i < k->class.n_at; i++) {
		struct pqm_jclass_ref ref;
		size_t to = pqm_jclass_handle(&k->class, i);

		if (to != 0 && pqm_jclass_ref(&k->class, to, &ref) &&
			(to = java_method_of(k, &ref)) < k->n_methods)
			k->methods[to].is_handled = true;
	}
}

static enum pqm_st note_reached(struct java_look *k)
{
	size_t *queue = pqm_new(k->arena, size_t, k->n_methods), n = 0;

	if (queue == NULL)
		return PQM_ENOMEM;
	for (size_t m = 0; m < k->n_methods; m++)
		if (pqm_eqs(k->methods[m].m->name, "main") &&
			pqm_eqs(k->methods[m].m->desc, "([Ljava/lang/String;)V")) {
			k->methods[m].is_reached = true;
			k->methods[m].reached_from = m;
			queue[n++] = m;
		}
	for (size_t at = 0; at < n; at++)
		for (size_t i = 0; i < k->methods[queue[at]].flow.n_calls; i++) {
			struct pqm_jclass_ref ref;
			size_t to = k->n_methods;

			if (pqm_jclass_ref(
				    &k->class, k->methods[queue[at]].flow.calls[i].ref, &ref))
				to = java_method_of(k, &ref);
			if (to == k->n_methods || k->methods[to].is_reached)
				continue;
			k->methods[to].is_reached = true;
			k->methods[to].reached_from = queue[at];
			queue[n++] = to;
		}
	return PQM_OK;
}

enum pqm_st java_uses(struct java_look *k, struct pqm_err *err)
{
	enum pqm_st st = java_order(k) ? note_reached(k) : PQM_ENOMEM;

	if (st != PQM_OK)
		return st;
	note_calls(k);
	for (size_t m = 0; st == PQM_OK && m < k->n_methods; m++)
		for (size_t i = 0; st == PQM_OK && i < k->methods[m].flow.n_calls; i++) {
			struct site s = { .f = &k->methods[m].top,
				.c = &k->methods[m].flow.calls[i] };
			struct pqm_java_hit hit;

			if (!pqm_jclass_ref(&k->class, s.c->ref, &s.ref) ||
				!pqm_java_find(k->java, s.ref.class, s.ref.name, &hit) ||
				hit.api->is_spec)
				continue;
			s.api = hit.api;
			st = hit.then == NULL ? do_site(k, &s) : do_later(k, &s, hit.then);
		}
	if (st == PQM_OK && (k->budget == 0 || k->steps == 0))
		return pqm_fail(err, PQM_ELIMIT,
			"class file: more calls of cryptography than are looked through");
	return st;
}
