/* fold.c — pods and other objects that a controller made from its template stand behind it: a cluster has
 * ten of them for each object that somebody wrote, and they say the same. */
#include "engine.h"
#include "rules/k8s.h"

/* CronJob, Job, Pod: three; more are a circle. */
#define CHAIN_MAX 8
/* Target, namespace and "group/Kind/name", each at most PQM_K8S_KEY_BYTES. */
#define KEY_BYTES (16 + 5 * PQM_K8S_KEY_BYTES)

struct maker {	      /* a controller that objects name */
	size_t at;    /* its place + 1; 0: it was not read */
	size_t first; /* the first object that names it, + 1 */
	uint32_t n_again;
};

struct pqm_fold {
	struct pqm_arena arena;
	struct pqm_map makers; /* key -> struct maker */
	struct pqm_map gone;   /* target and id -> id of the object in front, as pqm_bytes */
	const struct pqm_k8s_kinds *kinds;
	struct pqm_gathered *all;
	size_t n;
	bool failed;
};

static pqm_bytes key_of(char *buf, uint32_t target, pqm_bytes ns, pqm_bytes rest)
{
	int n = snprintf(buf, KEY_BYTES, "%u %.*s%c%.*s", target, PQM_FMT(ns), '\0', PQM_FMT(rest));

	return (pqm_bytes){ (const uint8_t *)buf, n < 0 || n >= KEY_BYTES ? 0 : (size_t)n };
}

static struct maker *maker_of(const struct pqm_fold *f, const struct pqm_gathered *g)
{
	const struct pqm_object *o = &g->thing->object;
	char buf[KEY_BYTES];

	return o->controller.n == 0
		? NULL
		: pqm_map_get(&f->makers, key_of(buf, g->target, o->ns, o->controller));
}

static void add_maker(struct pqm_fold *f, const struct pqm_gathered *g, size_t at)
{
	const struct pqm_object *o = &g->thing->object;
	struct maker *m = maker_of(f, g);
	char buf[KEY_BYTES];

	if (m != NULL || o->controller.n == 0)
		return;
	m = pqm_new(&f->arena, struct maker, 1);
	pqm_bytes key = pqm_bytes_dup(&f->arena, key_of(buf, g->target, o->ns, o->controller));

	if (m == NULL || key.p == NULL || !pqm_map_put(&f->makers, key, m))
		f->failed = true;
	else
		m->first = at + 1;
}

/* Only what runs pods stands for them: the Node that is named by the pods of its kubelet does not. */
static void find_maker(struct pqm_fold *f, const struct pqm_gathered *g, size_t at)
{
	const struct pqm_object *o = &g->thing->object;
	const struct pqm_k8s_kind *kind;
	char name[3 * PQM_K8S_KEY_BYTES + 3], buf[KEY_BYTES];
	int n = snprintf(name, sizeof(name), "%.*s/%.*s/%.*s", PQM_FMT(o->group), PQM_FMT(o->kind),
		PQM_FMT(o->name));
	struct maker *m;

	if (n < 0 || (size_t)n >= sizeof(name))
		return;
	m = pqm_map_get(&f->makers,
		key_of(buf, g->target, o->ns, (pqm_bytes){ (const uint8_t *)name, (size_t)n }));
	if (m == NULL || m->at != 0)
		return;
	kind = pqm_k8s_kind_of(f->kinds, o->group, o->kind);
	if (kind != NULL && pqm_eqs(kind->node_type, "workload"))
		m->at = at + 1;
}

/* The object in front of the one at `at`: itself when its controller was not read. */
static size_t front_of(const struct pqm_fold *f, size_t at)
{
	size_t front = at;

	for (unsigned i = 0; i < CHAIN_MAX; i++) {
		const struct maker *m = maker_of(f, &f->all[front]);

		if (m == NULL || m->at == 0)
			return front;
		front = m->at - 1;
	}
	return at;
}

static void add_gone(
	struct pqm_fold *f, const struct pqm_gathered *g, const struct pqm_gathered *front)
{
	pqm_bytes *to = pqm_new(&f->arena, pqm_bytes, 1), key;

	if (to == NULL) {
		f->failed = true;
		return;
	}
	*to = pqm_k8s_id(f->kinds, &front->thing->object, &f->arena);
	key = pqm_arena_f(&f->arena, "%u %.*s", g->target,
		PQM_FMT(pqm_k8s_id(f->kinds, &g->thing->object, &f->arena)));
	if (to->p == NULL || key.p == NULL || !pqm_map_put(&f->gone, key, to))
		f->failed = true;
}

static void add_agains(struct pqm_fold *f, const struct pqm_run *run)
{
	char buf[KEY_BYTES];

	for (const struct pqm_content *c = run->contents; c != NULL; c = c->next)
		for (const struct pqm_place *p = c->places; p != NULL; p = p->next)
			for (const struct pqm_again *a = p->is_used ? NULL : c->agains; a != NULL;
				a = a->next) {
				struct maker *m = pqm_map_get(
					&f->makers, key_of(buf, p->target, a->ns, a->controller));

				if (m != NULL)
					m->n_again += a->n;
			}
}

static void count(struct pqm_fold *f, bool *is_gone)
{
	for (size_t i = 0; i < f->n && !f->failed; i++) {
		const struct maker *m = maker_of(f, &f->all[i]);
		size_t front = m == NULL ? i : front_of(f, i);

		if (m != NULL && m->first == i + 1)
			f->all[front].n_made += m->n_again;
		if (front == i)
			continue;
		f->all[front].n_made++;
		is_gone[i] = true;
		add_gone(f, &f->all[i], &f->all[front]);
	}
}

static void close_ranks(struct pqm_fold *f, const bool *is_gone)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (!is_gone[i])
			f->all[n++] = f->all[i];
	f->n = n;
}

void pqm_fold_free(struct pqm_fold *f)
{
	if (f == NULL)
		return;
	pqm_map_fini(&f->makers);
	pqm_map_fini(&f->gone);
	pqm_arena_fini(&f->arena);
	pqm_free(f);
}

static void fold(struct pqm_fold *f, const struct pqm_run *run)
{
	bool *is_gone = pqm_new(&f->arena, bool, f->n + 1);

	if (is_gone == NULL) {
		f->failed = true;
		return;
	}
	for (size_t i = 0; i < f->n && !f->failed; i++)
		find_maker(f, &f->all[i], i);
	add_agains(f, run);
	count(f, is_gone);
	if (!f->failed)
		close_ranks(f, is_gone);
}

struct pqm_fold *pqm_fold_new(const struct pqm_run *run, struct pqm_gathered *all, size_t *n)
{
	struct pqm_fold *f = pqm_calloc(1, sizeof(*f));
	struct pqm_err err;

	if (f == NULL)
		return NULL;
	pqm_arena_init(&f->arena, PQM_RUN_ARENA_BYTES);
	f->all = all;
	f->n = *n;
	for (size_t i = 0; i < f->n && !f->failed; i++)
		add_maker(f, &all[i], i);
	if (f->makers.n > 0 && !f->failed) {
		f->failed = pqm_rules_k8s(&f->kinds, run->rules, &err) != PQM_OK;
		if (!f->failed)
			fold(f, run);
	}
	*n = f->n;
	if (f->failed) {
		pqm_fold_free(f);
		return NULL;
	}
	return f;
}

bool pqm_fold_is_empty(const struct pqm_fold *f)
{
	return f->gone.n == 0;
}

pqm_bytes pqm_fold_of(const struct pqm_fold *f, uint32_t target, pqm_bytes object)
{
	pqm_bytes id = pqm_sub(object, 0, pqm_find_byte(object, 0, '#'));
	char buf[KEY_BYTES];
	int n = snprintf(buf, sizeof(buf), "%u %.*s", target, PQM_FMT(id));
	const pqm_bytes *to = f->gone.n == 0 || n < 0 || (size_t)n >= sizeof(buf)
		? NULL
		: pqm_map_get(&f->gone, (pqm_bytes){ (const uint8_t *)buf, (size_t)n });

	return to == NULL ? (pqm_bytes){ NULL, 0 } : *to;
}

bool pqm_worker_again(struct pqm_worker *w, struct pqm_content *c, const struct pqm_object *o)
{
	char buf[KEY_BYTES];
	int n = snprintf(
		buf, sizeof(buf), "%.*s%c%.*s", PQM_FMT(o->ns), '\0', PQM_FMT(o->controller));
	struct pqm_again *a;

	if (n < 0 || (size_t)n >= sizeof(buf))
		return true;
	pqm_bytes key = { (const uint8_t *)buf, (size_t)n };

	if (w->agains_of != c)
		pqm_map_fini(&w->agains);
	w->agains_of = c;
	a = pqm_map_get(&w->agains, key);
	if (a == NULL) {
		a = pqm_new(&w->keep, struct pqm_again, 1);
		key = pqm_bytes_dup(&w->keep, key);
		if (a == NULL || key.p == NULL || !pqm_map_put(&w->agains, key, a))
			return false;
		a->ns = pqm_sub(key, 0, o->ns.n);
		a->controller = pqm_sub(key, o->ns.n + 1, key.n);
		a->next = c->agains;
		c->agains = a;
	}
	a->n++;
	return true;
}
