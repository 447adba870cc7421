/* java_value.c — what a value in the code of a class is, as far as the class says it. */
#include "java_look.h"

static const struct java_value nothing = { JAVA_NOTHING, 0, { NULL, 0 }, { NULL, 0 }, NULL, 0 };

static int by_name(const struct java_method *m, pqm_bytes name, pqm_bytes desc)
{
	int c = pqm_cmp(m->m->name, name);

	return c != 0 ? c : pqm_cmp(m->m->desc, desc);
}

static int by_order(const void *va, const void *vb)
{
	const struct java_method *const *a = va, *const *b = vb;
	int c = by_name(*a, (*b)->m->name, (*b)->m->desc);

	return c != 0 ? c : (*a > *b) - (*a < *b);
}

bool java_order(struct java_look *k)
{
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
	k->order = pqm_new(k->arena, struct java_method *, k->n_methods);
	if (k->order == NULL)
		return false;
	for (size_t i = 0; i < k->n_methods; i++)
		k->order[i] = &k->methods[i];
	if (k->n_methods > 1)
		/* NOLINTNEXTLINE(bugprone-sizeof-expression) */
		qsort(k->order, k->n_methods, sizeof(*k->order), by_order);
	return true;
}

size_t java_method_of(const struct java_look *k, const struct pqm_jclass_ref *ref)
{
	size_t lo = 0, hi = k->n_methods;

	if (!pqm_eq(ref->class, k->class.name))
		return k->n_methods;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (by_name(k->order[mid], ref->name, ref->desc) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < k->n_methods && by_name(k->order[lo], ref->name, ref->desc) == 0
		? (size_t)(k->order[lo] - k->methods)
		: k->n_methods;
}

/* The field of this class that ref means, or NULL. */
static const struct pqm_jclass_member *field_of(
	const struct java_look *k, const struct pqm_jclass_ref *ref)
{
	if (!pqm_eq(ref->class, k->class.name))
		return NULL;
	for (size_t i = 0; i < k->class.n_fields; i++)
		if (pqm_eq(k->class.fields[i].name, ref->name) &&
			pqm_eq(k->class.fields[i].desc, ref->desc))
			return &k->class.fields[i];
	return NULL;
}

static struct java_value constant_value(const struct java_look *k, size_t index)
{
	struct java_value v = nothing;

	if (pqm_jclass_int(&k->class, index, &v.n))
		v.kind = JAVA_NUMBER;
	else if (pqm_jclass_tag(&k->class, index) == PQM_J_STRING)
		v = (struct java_value){ .kind = JAVA_TEXT,
			.text = pqm_jclass_text(&k->class, index) };
	return v;
}

/* The only store into a field that nobody else can write: what it stores is what the field has. */
static struct java_value stored(struct java_look *k, const struct pqm_jclass_ref *ref)
{
	const struct pqm_jstore *only = NULL;
	size_t in = 0;

	for (size_t i = 0; i < k->n_methods; i++)
		for (size_t s = 0; s < k->methods[i].flow.n_stores; s++) {
			const struct pqm_jstore *store = &k->methods[i].flow.stores[s];
			struct pqm_jclass_ref to;

			if (!java_step(k))
				return nothing;
			if (!pqm_jclass_ref(&k->class, store->ref, &to) ||
				!pqm_eq(to.class, ref->class) || !pqm_eq(to.name, ref->name) ||
				!pqm_eq(to.desc, ref->desc))
				continue;
			if (only != NULL)
				return nothing;
			only = store;
			in = i;
		}
	if (only == NULL)
		return nothing;
	bool asked = k->asked;
	struct java_value v = java_eval(k, &k->methods[in].top, only->value);

	k->asked = asked; /* whoever made the object is not who calls now */
	return v;
}

static struct java_value field_value(struct java_look *k, size_t index)
{
	const struct pqm_jclass_member *f;
	struct pqm_jclass_ref ref;

	if (!pqm_jclass_ref(&k->class, index, &ref))
		return nothing;
	if (!pqm_eq(ref.class, k->class.name))
		return (struct java_value){ .kind = JAVA_CONSTANT,
			.text = ref.name,
			.class = ref.class };
	f = field_of(k, &ref);
	if (f == NULL)
		return nothing;
	if (f->constant != 0 && (f->access & PQM_J_FINAL) != 0)
		return constant_value(k, f->constant);
	if (k->is_partial ||
		((f->access & PQM_J_FINAL) == 0 &&
			((f->access & PQM_J_PRIVATE) == 0 || k->class.has_nest)))
		return nothing;
	return stored(k, &ref);
}

/* The frame in which a method of the class is called by c. */
static const struct java_frame *enter(
	struct java_look *k, const struct java_frame *f, const struct pqm_jcall *c, size_t method)
{
	struct java_frame *in = pqm_new(k->arena, struct java_frame, 1);

	if (in != NULL)
		*in = (struct java_frame){
			.up = f, .method = method, .call = c, .depth = f->depth + 1
		};
	return in;
}

/* Calls are told in order of the code. */
static const struct pqm_jcall *call_at(const struct java_method *m, uint32_t pc)
{
	size_t lo = 0, hi = m->flow.n_calls;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->flow.calls[mid].pc < pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < m->flow.n_calls && m->flow.calls[lo].pc == pc ? &m->flow.calls[lo] : NULL;
}

/* A static or private method gives what it returns; what is overridden may give something else. */
static bool is_fixed(const struct java_method *m)
{
	return (m->m->access & (PQM_J_STATIC | PQM_J_PRIVATE | PQM_J_FINAL)) != 0;
}

static struct java_value made_value(struct java_look *k, const struct java_frame *f, uint32_t pc)
{
	const struct pqm_jcall *c = call_at(&k->methods[f->method], pc);
	struct java_value object = { .kind = JAVA_OBJECT, .frame = f, .pc = pc };
	struct pqm_jclass_ref ref;
	struct pqm_java_hit hit;
	const struct java_frame *in;
	size_t method;

	if (c == NULL || !pqm_jclass_ref(&k->class, c->ref, &ref))
		return object;
	if (pqm_java_find(k->java, ref.class, ref.name, &hit))
		return hit.then == NULL && hit.api->same >= 0 ? java_arg(k, f, c, hit.api->same)
							      : object;
	method = java_method_of(k, &ref);
	if (method == k->n_methods || f->depth >= JAVA_FRAMES ||
		!k->methods[method].flow.has_return || !is_fixed(&k->methods[method]))
		return object;
	in = enter(k, f, c, method);
	return in == NULL ? nothing : java_eval(k, in, k->methods[method].flow.gives);
}

struct java_value java_eval(struct java_look *k, const struct java_frame *f, struct pqm_jval v)
{
	if (k->budget == 0)
		return nothing;
	k->budget--;
	switch (v.kind) {
	case PQM_JV_INT:
		return (struct java_value){ .kind = JAVA_NUMBER, .n = (int32_t)v.v };
	case PQM_JV_TEXT:
		return constant_value(k, v.v);
	case PQM_JV_FIELD:
		return field_value(k, v.v);
	case PQM_JV_MADE:
		return made_value(k, f, v.v);
	case PQM_JV_PARAM:
		if (f->up != NULL && v.v < f->call->n_args)
			return java_eval(k, f->up, f->call->args[v.v]);
		k->asked |= f->up == NULL;
		return nothing;
	default:
		return nothing;
	}
}

struct java_value java_arg(
	struct java_look *k, const struct java_frame *f, const struct pqm_jcall *c, int n)
{
	enum { INVOKESTATIC = 184 };

	size_t at = n < 0 ? c->n_args : (size_t)n + (c->op != INVOKESTATIC);

	return at < c->n_args ? java_eval(k, f, c->args[at]) : nothing;
}

const struct pqm_jcall *java_maker(const struct java_look *k, const struct java_value *v)
{
	const struct java_method *m;
	const struct pqm_jcall *c;
	struct pqm_jclass_ref ref;

	if (v->kind != JAVA_OBJECT)
		return NULL;
	m = &k->methods[v->frame->method];
	c = call_at(m, v->pc);
	for (size_t i = 0; c == NULL && i < m->flow.n_calls; i++) {
		const struct pqm_jcall *x = &m->flow.calls[i];

		if (x->n_args > 0 && x->args[0].kind == PQM_JV_MADE && x->args[0].v == v->pc &&
			pqm_jclass_ref(&k->class, x->ref, &ref) && pqm_eqs(ref.name, "<init>"))
			c = x;
	}
	return c;
}

/* The length of the array is not kept: its elements must have been set from 0 on, each once. */
bool java_list(
	struct java_look *k, const struct java_value *v, pqm_bytes out[JAVA_LIST_MAX], size_t *n)
{
	const struct pqm_jflow *flow;

	*n = 0;
	if (v->kind != JAVA_OBJECT)
		return false;
	flow = &k->methods[v->frame->method].flow;
	for (size_t i = 0; i < flow->n_elems; i++) {
		const struct pqm_jelem *e = &flow->elems[i];

		if (e->array.v != v->pc)
			continue;
		struct java_value text = java_eval(k, v->frame, e->value);

		if (e->index.kind != PQM_JV_INT || e->index.v != *n || *n == JAVA_LIST_MAX ||
			text.kind != JAVA_TEXT)
			return false;
		out[(*n)++] = text.text;
	}
	return *n > 0;
}
