/* endpoint.c — from an endpoint's answers to sightings and to the inventory's list. */
#include "engine.h"

/* A content of its own: two addresses of one name are two, under one path. Most endpoints of a fleet that
 * is not there have nothing to keep. */
static bool keep_content(struct pqm_worker *w, const struct pqm_endpoint *e, pqm_bytes name,
	const struct pqm_content *seen)
{
	struct pqm_run *run = w->run;
	struct pqm_content *c;
	struct pqm_place *p;

	if (seen->sightings == NULL && seen->marks == NULL && seen->things == NULL)
		return true;
	c = pqm_new(&w->keep, struct pqm_content, 1);
	pthread_mutex_lock(&run->lock);
	p = c == NULL ? NULL : pqm_new(&run->arena, struct pqm_place, 1);
	if (p != NULL) {
		p->target = e->target;
		p->path = pqm_bytes_dup(&run->arena, name);
	}
	bool ok = p != NULL && p->path.p != NULL;

	if (ok) {
		*c = *seen;
		c->places = p;
		c->origin = p->path;
		c->next = run->contents;
		run->contents = c;
	}
	pthread_mutex_unlock(&run->lock);
	return ok;
}

/* A host that was followed and is not there is told once, whatever its ports are. */
static bool is_told(struct pqm_run *run, const struct pqm_endpoint *e)
{
	pqm_bytes host;
	bool is_known;

	if (e->target < run->n_named || e->address.n > 0 || e->reach != PQM_R_UNREACHABLE)
		return false;
	pthread_mutex_lock(&run->lock);
	is_known = pqm_map_get(&run->unreached, e->host) != NULL;
	host = is_known ? e->host : pqm_bytes_dup(&run->arena, e->host);
	if (!is_known && (host.p == NULL || !pqm_map_put(&run->unreached, host, run)))
		run->is_out_of_memory = true;
	pthread_mutex_unlock(&run->lock);
	return is_known;
}

static void tally(
	struct pqm_worker *w, const struct pqm_endpoint *e, pqm_bytes name, bool has_notes)
{
	struct pqm_counts *c = &w->run->counts[e->target];
	struct pqm_endpoint_counts *sum = &w->run->coverage.endpoints;
	bool is_short = e->reach == PQM_R_ANSWERED && !e->is_complete;

	c->reaches.n[e->reach]++;
	c->reaches.is_guess = pqm_eqs(e->scheme, "auto");
	sum->reach[e->reach]++;
	sum->incomplete += is_short;
	atomic_fetch_add(&c->seen, 1);
	if (e->reach == PQM_R_ANSWERED)
		atomic_fetch_add(&c->read, 1);
	else if (!is_told(w->run, e))
		pqm_run_skip(w->run, e->target, name, pqm_reach_name(e->reach),
			e->words.n > 0 ? (const char *)pqm_arena_f(&w->scratch, "%.*s",
						 PQM_FMT(pqm_printable(&w->scratch, e->words)))
						 .p
				       : "no answer that could be read");
	if (is_short && !has_notes)
		pqm_run_skip(
			w->run, e->target, name, "incomplete", "not every question was answered");
}

/* Certificates are findings by now; their bytes would be most of the inventory's memory. */
static void drop_der(struct pqm_endpoint *e)
{
	for (size_t i = 0; i < e->n_chains; i++)
		for (size_t k = 0; k < e->chains[i].n_certs; k++)
			e->chains[i].certs[k].der = (pqm_bytes){ NULL, 0 };
}

static bool keep(struct pqm_endpoint *e, const struct pqm_asked *to)
{
	struct pqm_inventory *inv = to->inv;
	struct pqm_kept *k = to->kept;
	struct pqm_endpoint *all = inv->endpoints;

	/* Doubling would leave as much again behind in the arena. */
	if (k->cap == 0) {
		all = pqm_new(&inv->arena, struct pqm_endpoint, to->n_named + 1);
		k->cap = all == NULL ? 0 : to->n_named + 1;
	} else {
		all = pqm_grow(&inv->arena, all, inv->n_endpoints, &k->cap);
	}
	drop_der(e);
	if (all == NULL ||
		!pqm_endpoint_copy_shared(&all[inv->n_endpoints], e, &inv->arena, &k->store))
		return false;
	inv->endpoints = all;
	inv->n_endpoints++;
	return true;
}

static bool look(struct pqm_worker *w, struct pqm_endpoint *e)
{
	pqm_bytes name = pqm_endpoint_name(e, &w->scratch);
	struct pqm_content content = { .is_endpoint = true, .origin = name };
	struct pqm_artifact a = { .path = name, .name = name, .arena = &w->scratch };
	struct pqm_look l = { .w = w, .content = &content, .artifact = &a, .address = e->address };
	struct pqm_err err = { 0 };

	if (name.p == NULL)
		return false;
	w->matches.n = 0;
	if (pqm_look_endpoint(&l, e, &err) != PQM_OK)
		pqm_run_skip(w->run, e->target, name, pqm_st_name(err.st), err.msg);
	tally(w, e, name, content.marks != NULL);
	return keep_content(w, e, name, &content);
}

bool pqm_worker_endpoint(
	struct pqm_worker *w, const struct pqm_endpoint *given, const struct pqm_asked *to)
{
	struct pqm_endpoint e;
	bool go_on = true;
	bool ok = pqm_endpoint_copy(&e, given, &w->scratch) && look(w, &e);

	if (ok && to->on_done != NULL)
		go_on = to->on_done(to->ctx, &e, to->is_known);
	ok = ok && keep(&e, to);
	pqm_arena_reset(&w->scratch);
	if (!ok) {
		pthread_mutex_lock(&w->run->lock);
		w->run->is_out_of_memory = true;
		pthread_mutex_unlock(&w->run->lock);
	}
	return ok && go_on;
}
