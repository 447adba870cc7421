#include "report/endpoint_text.h"
#include "report/view.h"
#include "report/view_text.h"

static const char *posture_words(const struct pqm_endpoint *e)
{
	static const char *const words[] = { "unknown", "no hybrid", "hybrid offered",
		"hybrid enforced", "post-quantum only" };

	if (e->reach == PQM_R_OTHER && e->posture == PQM_P_UNKNOWN)
		return "other protocol";
	if (e->reach != PQM_R_ANSWERED && e->posture == PQM_P_UNKNOWN)
		return pqm_reach_name(e->reach);
	return words[e->posture];
}

static const char *posture_class(const struct pqm_endpoint *e)
{
	static const char *const class[] = { "plain", "bad", "warn", "ok", "ok" };

	return class[e->posture];
}

/* "RSA-2048, P-256": the leaf of each different chain. */
static pqm_bytes leaves(const struct pqm_endpoint *e, struct pqm_arena *arena)
{
	pqm_bytes out = { NULL, 0 };

	for (size_t i = 0; i < e->n_chains; i++) {
		const struct pqm_chain *c = &e->chains[i];

		if (c->n_certs == 0 || pqm_chain_is_repeat(e, i) || c->certs[0].key.n == 0)
			continue;
		out = pqm_arena_f(arena, "%.*s%s%.*s", PQM_FMT(out), out.n > 0 ? ", " : "",
			PQM_FMT(pqm_key_words(c->certs[0].key, arena)));
	}
	return out;
}

static pqm_bytes notes(const struct pqm_endpoint *e, struct pqm_arena *arena)
{
	pqm_bytes words = pqm_printable(arena, e->words);

	return pqm_arena_f(arena, "%.*s%s%s", PQM_FMT(words),
		e->varies ? (words.n > 0 ? "; answers vary between connections"
					 : "answers vary between connections")
			  : "",
		e->reach == PQM_R_ANSWERED && !e->is_complete
			? (words.n > 0 || e->varies ? "; some questions were left open"
						    : "some questions were left open")
			: "");
}

static void fill_endpoint(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_view *v = ctx;
	const struct pqm_endpoint *e = &v->r->inv->endpoints[i];
	const struct pqm_rules *rules = v->r->rules;
	const struct pqm_offer_pick versions = { PQM_O_VERSION, 0, PQM_A_YES };

	pqm_obj_text(o, "name", pqm_endpoint_name(e, o->arena));
	pqm_obj_opt(o, "address", "has_address",
		pqm_eq(e->address, e->host) ? (pqm_bytes){ NULL, 0 } : e->address);
	pqm_obj_text(o, "posture", pqm_str(posture_words(e)));
	pqm_obj_text(o, "class", pqm_str(posture_class(e)));
	pqm_obj_f(o, "sort_posture", "%d", (int)e->posture);
	pqm_obj_text(o, "exchange", pqm_key_exchange_words(rules, e, o->arena));
	pqm_obj_text(o, "versions", pqm_offer_list(rules, e, &versions, o->arena));
	pqm_obj_text(o, "certificates", leaves(e, o->arena));
	pqm_obj_opt(o, "software", "has_software", e->software);
	pqm_obj_opt(o, "notes", "has_notes", notes(e, o->arena));
}

void pqm_view_endpoints(struct pqm_obj *o, const struct pqm_view *v)
{
	size_t n = pqm_view_cap(o, v->r->inv->n_endpoints, PQM_VIEW_ENDPOINTS, "endpoints_more",
		"has_endpoints_more");

	pqm_obj_list(o, "rows", n, fill_endpoint, v);
}
