/* endpoint.c — from an endpoint's answers to sightings and to the inventory's list. */
#include "engine.h"

/* A content of its own: two addresses of one name are two, under one path. */
static struct pqm_content *content_new(
	struct pqm_worker *w, const struct pqm_endpoint *e, pqm_bytes name)
{
	struct pqm_run *run = w->run;
	struct pqm_content *c = pqm_new(&w->keep, struct pqm_content, 1);
	struct pqm_place *p;

	pthread_mutex_lock(&run->lock);
	p = c == NULL ? NULL : pqm_new(&run->arena, struct pqm_place, 1);
	if (p != NULL) {
		p->target = e->target;
		p->path = pqm_bytes_dup(&run->arena, name);
	}
	if (p == NULL || p->path.p == NULL) {
		run->is_out_of_memory = true;
		c = NULL;
	} else {
		c->is_endpoint = true;
		c->places = p;
		c->origin = p->path;
		c->next = run->contents;
		run->contents = c;
	}
	pthread_mutex_unlock(&run->lock);
	return c;
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
	else
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
	struct pqm_endpoint *all = pqm_grow(&inv->arena, inv->endpoints, inv->n_endpoints, to->cap);

	drop_der(e);
	if (all == NULL || !pqm_endpoint_copy(&all[inv->n_endpoints], e, &inv->arena))
		return false;
	inv->endpoints = all;
	inv->n_endpoints++;
	return true;
}

static bool look(struct pqm_worker *w, struct pqm_endpoint *e)
{
	pqm_bytes name = pqm_endpoint_name(e, &w->scratch);
	struct pqm_content *content = content_new(w, e, name);
	struct pqm_artifact a = { .path = name, .name = name, .arena = &w->scratch };
	struct pqm_look l = { .w = w, .content = content, .artifact = &a, .address = e->address };
	struct pqm_err err = { 0 };

	if (content == NULL)
		return false;
	w->matches.n = 0;
	if (pqm_look_endpoint(&l, e, &err) != PQM_OK)
		pqm_run_skip(w->run, e->target, name, pqm_st_name(err.st), err.msg);
	tally(w, e, name, content->marks != NULL);
	return true;
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
