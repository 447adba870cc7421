#include "endpoint.h"

#include "base/map.h"
#include "rules/wire.h"

#define NONE UINT32_MAX
/* Scheme, host and port of one target, for comparing; a list of 100,000 needs about 20 MB. */
#define TEXT_BYTES ((size_t)64 << 20)

struct ask {
	const struct pqm_endpoint_options *opt;
	struct pqm_endpoint_calls *calls;
	const uint32_t *index;
	struct pqm_arena arena;
	struct pqm_probe_target *target; /* one for each different endpoint */
	uint32_t *at;			 /* target -> its first name */
	size_t n;
	uint32_t *next;	      /* name -> next name of the same endpoint, or NONE */
	uint32_t *next_known; /* likewise for known endpoints */
	bool is_stopped;
};

bool pqm_endpoint_is_target(const char *name, bool bare)
{
	return bare || pqm_probe_is_target(name);
}

enum pqm_st pqm_endpoint_check(const char *name, bool bare, struct pqm_err *err)
{
	struct pqm_probe_target t;
	struct pqm_arena arena;
	enum pqm_st st;

	pqm_arena_init(&arena, (size_t)64 << 10);
	st = pqm_probe_target_parse(&t, name, bare, &arena, err);
	pqm_arena_fini(&arena);
	return st;
}

bool pqm_reaches_failed(const struct pqm_reaches *r)
{
	unsigned told = r->n[PQM_R_ANSWERED] + (r->is_guess ? r->n[PQM_R_OTHER] : 0);

	return told == 0 || r->n[PQM_R_SILENT] > 0 || r->n[PQM_R_LIMITED] > 0 ||
		r->n[PQM_R_SKIPPED] > 0;
}

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "out of memory for the endpoints");
}

static pqm_bytes key_of(struct ask *a, const char *scheme, pqm_bytes host, uint16_t port)
{
	return pqm_arena_f(&a->arena, "%s %u %.*s", scheme, (unsigned)port, PQM_FMT(host));
}

/* The same endpoint under several names is asked once, and told for each. */
static enum pqm_st add(
	struct ask *a, struct pqm_map *seen, uint32_t i, const char *name, struct pqm_err *err)
{
	struct pqm_probe_target *t = &a->target[a->n];
	struct pqm_err why = { 0 };
	enum pqm_st st = pqm_probe_target_parse(t, name, a->opt->bare, &a->arena, &why);
	uint32_t *first;

	a->next[i] = NONE;
	if (st == PQM_ENOMEM)
		return no_memory(err);
	if (st != PQM_OK) {
		a->calls->bad(a->calls, a->index[i], why.msg);
		return PQM_OK;
	}
	if (t->sni == NULL)
		t->sni = a->opt->sni;
	pqm_bytes key = key_of(a, t->scheme, pqm_str(t->host), t->port);

	if (key.p == NULL)
		return no_memory(err);
	first = pqm_map_get(seen, key);
	if (first != NULL) {
		a->next[i] = a->next[*first];
		a->next[*first] = i;
		return PQM_OK;
	}
	t->index = (uint32_t)a->n;
	a->at[a->n] = i;
	if (!pqm_map_put(seen, key, &a->at[a->n]))
		return no_memory(err);
	a->n++;
	return PQM_OK;
}

static bool tell(struct ask *a, const struct pqm_endpoint *e, bool is_known)
{
	struct pqm_endpoint copy = *e;

	for (uint32_t i = a->at[e->target]; i != NONE && !a->is_stopped; i = a->next[i]) {
		copy.target = a->index[i];
		a->is_stopped = !a->calls->done(a->calls, &copy, is_known);
	}
	return !a->is_stopped;
}

static bool on_done(void *ctx, const struct pqm_endpoint *e)
{
	return tell(ctx, e, false);
}

static const char *const profile_name[] = { "quick", "hndl", "full" };

/* Known endpoints by the key of the target they came from; the value is the place in next_known. */
static enum pqm_st index_known(struct ask *a, struct pqm_map *known, struct pqm_err *err)
{
	const struct pqm_endpoint_options *o = a->opt;
	pqm_bytes profile = pqm_str(profile_name[o->probe.profile]);

	for (uint32_t i = 0; o->known != NULL && i < o->n_known; i++) {
		const struct pqm_endpoint *e = &o->known[i];

		a->next_known[i] = NONE;
		if (!e->is_complete || e->reach != PQM_R_ANSWERED || !pqm_eq(e->profile, profile) ||
			!pqm_eq(e->sni, pqm_str(o->sni)))
			continue;
		pqm_bytes key = pqm_arena_f(&a->arena, "%.*s %u %.*s", PQM_FMT(e->scheme),
			(unsigned)e->port, PQM_FMT(e->host));
		uint32_t *first = key.p == NULL ? NULL : pqm_map_get(known, key);

		if (first != NULL) {
			a->next_known[i] = a->next_known[first - a->next_known];
			a->next_known[first - a->next_known] = i;
		} else if (key.p == NULL || !pqm_map_put(known, key, &a->next_known[i])) {
			return no_memory(err);
		}
	}
	return PQM_OK;
}

/* True when everything of the target is known: as many addresses as it had. */
static bool take_known(struct ask *a, const struct pqm_map *known, size_t t)
{
	const struct pqm_probe_target *target = &a->target[t];
	pqm_bytes key = key_of(a, target->scheme, pqm_str(target->host), target->port);
	uint32_t *first = key.p == NULL ? NULL : pqm_map_get(known, key);
	size_t n = 0;

	if (first == NULL)
		return false;
	uint32_t head = (uint32_t)(first - a->next_known);

	for (uint32_t i = head; i != NONE; i = a->next_known[i])
		n++;
	if (n < a->opt->known[head].n_addresses)
		return false;
	for (uint32_t i = head; i != NONE && !a->is_stopped; i = a->next_known[i]) {
		struct pqm_endpoint e = a->opt->known[i];

		e.target = (uint32_t)t;
		(void)tell(a, &e, true);
	}
	return true;
}

/* Tells what is known; leaves in target[] what is to be asked. */
static enum pqm_st skip_known(struct ask *a, size_t *n_left, struct pqm_err *err)
{
	struct pqm_map known = { 0 };
	enum pqm_st st = index_known(a, &known, err);

	*n_left = 0;
	for (size_t t = 0; t < a->n && st == PQM_OK; t++)
		if (!take_known(a, &known, t))
			a->target[(*n_left)++] = a->target[t];
	pqm_map_fini(&known);
	return st;
}

static unsigned kex_class(const void *rules, pqm_bytes name)
{
	const struct pqm_wire *w = pqm_wire_name(rules, PQM_W_SSH_KEX, name);

	return w == NULL ? 0 : w->code.flags;
}

static enum pqm_st run(struct ask *a, const struct pqm_rules *r, struct pqm_err *err)
{
	struct pqm_probe_config c = a->opt->probe;
	size_t n;
	enum pqm_st st = skip_known(a, &n, err);

	if (st != PQM_OK || n == 0 || a->is_stopped)
		return st;
	c.groups.code = pqm_wire_table(r, PQM_W_GROUP, &c.groups.n);
	c.suites.code = pqm_wire_table(r, PQM_W_SUITE, &c.suites.n);
	c.schemes.code = pqm_wire_table(r, PQM_W_SCHEME, &c.schemes.n);
	c.kex_class = kex_class;
	c.kex_ctx = r;
	return pqm_probe_run(&c, a->target, n, on_done, a, NULL, err);
}

static bool ask_init(struct ask *a, size_t n, size_t n_known)
{
	pqm_arena_init(&a->arena, TEXT_BYTES);
	a->target = pqm_calloc(n + 1, sizeof(*a->target));
	a->at = pqm_calloc(n + 1, sizeof(*a->at));
	a->next = pqm_calloc(n + 1, sizeof(*a->next));
	a->next_known = pqm_calloc(n_known + 1, sizeof(*a->next_known));
	return a->target != NULL && a->at != NULL && a->next != NULL && a->next_known != NULL;
}

static void ask_fini(struct ask *a)
{
	pqm_free(a->next_known);
	pqm_free(a->next);
	pqm_free(a->at);
	pqm_free(a->target);
	pqm_arena_fini(&a->arena);
}

static enum pqm_st add_all(
	struct ask *a, const struct pqm_endpoint_names *names, struct pqm_err *err)
{
	struct pqm_map seen = { 0 };
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < names->n && st == PQM_OK; i++)
		st = add(a, &seen, (uint32_t)i, names->name[i], err);
	pqm_map_fini(&seen);
	return st;
}

enum pqm_st pqm_endpoint_ask(const struct pqm_endpoint_options *o, const struct pqm_rules *r,
	const struct pqm_endpoint_names *names, struct pqm_endpoint_calls *calls,
	struct pqm_err *err)
{
	struct ask a = { .opt = o, .calls = calls, .index = names->index };
	enum pqm_st st = ask_init(&a, names->n, o->n_known) ? PQM_OK : no_memory(err);

	if (st == PQM_OK)
		st = add_all(&a, names, err);
	if (st == PQM_OK)
		st = run(&a, r, err);
	ask_fini(&a);
	return st;
}
