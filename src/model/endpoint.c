#include "endpoint.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/num.h"
#include "names.h"

static const char *const answers[] = { "unknown", "yes", "no", "refused" };
static const char *const postures[] = { "unknown", "absent", "offered", "enforced", "only" };
static const char *const reaches[] = { "answered", "other", "silent", "limited", "refused",
	"unreachable", "skipped" };
static const char *const kinds[] = { "version", "group", "suite", "scheme", "client-scheme", "alpn",
	"kex", "host-key", "cipher", "mac", "ike" };

const char *pqm_answer_name(enum pqm_answer v)
{
	return answers[v];
}

const char *pqm_posture_name(enum pqm_posture v)
{
	return postures[v];
}

const char *pqm_reach_name(enum pqm_reach v)
{
	return reaches[v];
}

const char *pqm_offer_kind_name(enum pqm_offer_kind v)
{
	return kinds[v];
}

PQM_NAME_PARSER(pqm_answer_parse, enum pqm_answer, answers)
PQM_NAME_PARSER(pqm_posture_parse, enum pqm_posture, postures)
PQM_NAME_PARSER(pqm_reach_parse, enum pqm_reach, reaches)
PQM_NAME_PARSER(pqm_offer_kind_parse, enum pqm_offer_kind, kinds)

pqm_bytes pqm_endpoint_name(const struct pqm_endpoint *e, struct pqm_arena *arena)
{
	bool is_v6 = pqm_find_byte(e->host, 0, ':') != SIZE_MAX;

	return pqm_arena_f(arena, "%.*s:%s%.*s%s:%u", PQM_FMT(e->scheme), is_v6 ? "[" : "",
		PQM_FMT(e->host), is_v6 ? "]" : "", (unsigned)e->port);
}

/* ---- copying ---- */

/* The bytes as they stand in the store, if they do. NULL: nothing is shared. */
static pqm_bytes *place_in(struct pqm_endpoint_store *store, pqm_bytes b)
{
	return store == NULL ? NULL : &store->slot[pqm_hash64(b) % PQM_ENDPOINT_SLOTS];
}

static bool dup_text(struct pqm_arena *arena, struct pqm_endpoint_store *store, pqm_bytes *b)
{
	if (b->n == 0) {
		*b = (pqm_bytes){ NULL, 0 };
		return true;
	}
	pqm_bytes *slot = place_in(store, *b);

	if (slot != NULL && pqm_eq(*slot, *b)) {
		*b = *slot;
		return true;
	}
	*b = pqm_bytes_dup(arena, *b);
	if (slot != NULL)
		*slot = *b;
	return b->p != NULL;
}

static bool dup_texts(
	struct pqm_arena *arena, struct pqm_endpoint_store *store, pqm_bytes *const *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!dup_text(arena, store, text[i]))
			return false;
	return true;
}

#define DUP_TEXTS(arena, store, ...)                                                               \
	dup_texts((arena), (store), (pqm_bytes *const[]){ __VA_ARGS__ },                           \
		sizeof((pqm_bytes *const[]){ __VA_ARGS__ }) / sizeof(pqm_bytes *))

static bool dup_offer(struct pqm_arena *arena, struct pqm_endpoint_store *store, void *at)
{
	struct pqm_offer *o = at;

	return DUP_TEXTS(arena, store, &o->name, &o->how);
}

static bool dup_fact(struct pqm_arena *arena, struct pqm_endpoint_store *store, void *at)
{
	struct pqm_wire_fact *f = at;

	return DUP_TEXTS(arena, store, &f->key, &f->value, &f->how);
}

static bool dup_cert(struct pqm_arena *arena, struct pqm_endpoint_store *store, void *at)
{
	struct pqm_wire_cert *w = at;

	return DUP_TEXTS(arena, store, &w->der, &w->spki, &w->sha256, &w->key, &w->subject,
		&w->issuer, &w->signature, &w->not_after);
}

/* A list of n things of size bytes at *at, replaced by its copy. What the things point at is copied, or
 * found, first: the same bytes are then the same list. */
static bool dup_list(struct pqm_arena *arena, struct pqm_endpoint_store *store, void *at, size_t n,
	size_t size, bool (*dup)(struct pqm_arena *, struct pqm_endpoint_store *, void *))
{
	void *from;
	size_t bytes;
	uint8_t *list;
	bool ok = true;

	memcpy(&from, at, sizeof(from));
	if (n == 0) {
		memset(at, 0, sizeof(from));
		return true;
	}
	if (!pqm_mul_size(n, size, &bytes))
		return false;
	list = pqm_malloc(bytes);
	if (list == NULL)
		return false;
	memcpy(list, from, bytes);
	for (size_t i = 0; ok && i < n; i++)
		ok = dup(arena, store, list + i * size);
	pqm_bytes text = { list, bytes };

	ok = ok && dup_text(arena, store, &text);
	pqm_free(list);
	memcpy(at, &text.p, sizeof(text.p));
	return ok;
}

static bool dup_chain(struct pqm_arena *arena, struct pqm_endpoint_store *store, void *at)
{
	struct pqm_chain *c = at;

	return dup_text(arena, store, &c->type) &&
		dup_list(arena, store, &c->certs, c->n_certs, sizeof(*c->certs), dup_cert);
}

bool pqm_endpoint_copy_shared(struct pqm_endpoint *out, const struct pqm_endpoint *e,
	struct pqm_arena *arena, struct pqm_endpoint_store *store)
{
	struct pqm_endpoint c = *e;

	c.cap_offers = c.n_offers;
	c.cap_chains = c.n_chains;
	c.cap_facts = c.n_facts;
	if (!DUP_TEXTS(arena, store, &c.scheme, &c.protocol, &c.app, &c.host, &c.sni, &c.address,
		    &c.words, &c.software, &c.profile, &c.posture_how) ||
		!dup_list(arena, store, &c.offers, c.n_offers, sizeof(*c.offers), dup_offer) ||
		!dup_list(arena, store, &c.chains, c.n_chains, sizeof(*c.chains), dup_chain) ||
		!dup_list(arena, store, &c.facts, c.n_facts, sizeof(*c.facts), dup_fact))
		return false;
	*out = c;
	return true;
}

bool pqm_endpoint_copy(
	struct pqm_endpoint *out, const struct pqm_endpoint *e, struct pqm_arena *arena)
{
	return pqm_endpoint_copy_shared(out, e, arena, NULL);
}

/* ---- sealing ---- */

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* yes, no, refused, unknown */
static unsigned strength(enum pqm_answer a)
{
	static const unsigned by_answer[] = { 3, 0, 1, 2 };

	return by_answer[a];
}

/* 0 is "not known" and comes last. */
static uint64_t rank_key(uint16_t rank)
{
	return rank == 0 ? UINT16_MAX + UINT64_C(1) : rank;
}

/* Shorter first, so that 512 stands before 1024; an empty text last. */
static int text_order(pqm_bytes a, pqm_bytes b)
{
	if ((a.n == 0) != (b.n == 0))
		return a.n == 0 ? 1 : -1;
	return a.n != b.n ? order(a.n, b.n) : pqm_cmp(a, b);
}

static int same_offer(const struct pqm_offer *x, const struct pqm_offer *y)
{
	int c = order(x->kind, y->kind);

	c = c != 0 ? c : order(x->version, y->version);
	c = c != 0 ? c : order(x->code, y->code);
	return c != 0 ? c : pqm_cmp(x->name, y->name);
}

/* Doubles together, the best of them first: what remains does not depend on who came first. */
static int by_thing(const void *a, const void *b)
{
	const struct pqm_offer *x = a, *y = b;
	int c = same_offer(x, y);

	c = c != 0 ? c : order(strength(x->answer), strength(y->answer));
	c = c != 0 ? c : order(rank_key(x->rank), rank_key(y->rank));
	return c != 0 ? c : text_order(x->how, y->how);
}

static int by_rank(const void *a, const void *b)
{
	const struct pqm_offer *x = a, *y = b;
	int c = order(x->kind, y->kind);

	c = c != 0 ? c : order(x->version, y->version);
	c = c != 0 ? c : order(rank_key(x->rank), rank_key(y->rank));
	return c != 0 ? c : same_offer(x, y);
}

static bool is_contrary(enum pqm_answer best, enum pqm_answer other)
{
	return best == PQM_A_YES && other == PQM_A_NO;
}

static void seal_offers(struct pqm_endpoint *e)
{
	size_t n = 0;

	if (e->n_offers == 0)
		return;
	qsort(e->offers, e->n_offers, sizeof(*e->offers), by_thing);
	for (size_t i = 1; i < e->n_offers; i++)
		if (same_offer(&e->offers[n], &e->offers[i]) != 0)
			e->offers[++n] = e->offers[i];
		else if (is_contrary(e->offers[n].answer, e->offers[i].answer))
			e->varies = true;
	e->n_offers = n + 1;
	qsort(e->offers, e->n_offers, sizeof(*e->offers), by_rank);
}

static int by_key(const void *a, const void *b)
{
	const struct pqm_wire_fact *x = a, *y = b;
	int c = pqm_cmp(x->key, y->key);

	c = c != 0 ? c : order(strength(x->answer), strength(y->answer));
	c = c != 0 ? c : text_order(x->value, y->value);
	return c != 0 ? c : text_order(x->how, y->how);
}

static void seal_facts(struct pqm_endpoint *e)
{
	size_t n = 0;

	if (e->n_facts == 0)
		return;
	qsort(e->facts, e->n_facts, sizeof(*e->facts), by_key);
	for (size_t i = 1; i < e->n_facts; i++)
		if (!pqm_eq(e->facts[n].key, e->facts[i].key))
			e->facts[++n] = e->facts[i];
		else if (is_contrary(e->facts[n].answer, e->facts[i].answer))
			e->varies = true;
	e->n_facts = n + 1;
}

/* A certificate is its DER; one that was read from a report, its hash. */
static int same_cert(const struct pqm_wire_cert *x, const struct pqm_wire_cert *y)
{
	int c = pqm_cmp(x->der, y->der);

	return c != 0 ? c : pqm_cmp(x->sha256, y->sha256);
}

static int same_chain(const struct pqm_chain *x, const struct pqm_chain *y)
{
	int c = order(x->version, y->version);

	c = c != 0 ? c : pqm_cmp(x->type, y->type);
	for (size_t i = 0; c == 0 && i < x->n_certs && i < y->n_certs; i++)
		c = same_cert(&x->certs[i], &y->certs[i]);
	return c != 0 ? c : order(x->n_certs, y->n_certs);
}

static int by_chain(const void *a, const void *b)
{
	const struct pqm_chain *x = a, *y = b;
	int c = same_chain(x, y);

	c = c != 0 ? c : order(strength(x->proven), strength(y->proven));
	return c != 0 ? c : order(rank_key(x->scheme), rank_key(y->scheme));
}

static void seal_chains(struct pqm_endpoint *e)
{
	size_t n = 0;

	if (e->n_chains == 0)
		return;
	qsort(e->chains, e->n_chains, sizeof(*e->chains), by_chain);
	for (size_t i = 1; i < e->n_chains; i++)
		if (same_chain(&e->chains[n], &e->chains[i]) != 0)
			e->chains[++n] = e->chains[i];
		else if (e->chains[n].scheme == 0)
			e->chains[n].scheme = e->chains[i].scheme;
	e->n_chains = n + 1;
}

void pqm_endpoint_seal(struct pqm_endpoint *e)
{
	seal_offers(e);
	seal_facts(e);
	seal_chains(e);
}

/* ---- looking up ---- */

const struct pqm_offer *pqm_endpoint_offer(
	const struct pqm_endpoint *e, enum pqm_offer_kind kind, uint16_t code, uint16_t version)
{
	for (size_t i = 0; i < e->n_offers; i++) {
		const struct pqm_offer *o = &e->offers[i];

		if (o->kind == kind && o->code == code && (version == 0 || o->version == version))
			return o;
	}
	return NULL;
}

const struct pqm_wire_fact *pqm_endpoint_fact(const struct pqm_endpoint *e, const char *key)
{
	for (size_t i = 0; i < e->n_facts; i++)
		if (pqm_eqs(e->facts[i].key, key))
			return &e->facts[i];
	return NULL;
}
