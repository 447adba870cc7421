/* libs_names.c — names and globs, each with a value. */
#include "libs_int.h"

struct glob {
	pqm_bytes pattern;
	size_t n_front;	   /* literal bytes before the first wildcard */
	size_t n_literals; /* all literal bytes */
	void *value;
};

/* Most specific first. */
struct pqm_glob_list {
	struct glob *glob;
	size_t n, cap;
};

static pqm_bytes first(pqm_bytes s, size_t n)
{
	return pqm_sub(s, 0, n);
}

static struct pqm_glob_list *list_for(struct pqm_names *n, pqm_bytes front, struct pqm_arena *a)
{
	struct pqm_glob_list *list = NULL;

	if (front.n >= n->key) {
		list = pqm_map_get(&n->bucket, first(front, n->key));
		if (list != NULL)
			return list;
		list = pqm_new(a, struct pqm_glob_list, 1);
		if (list == NULL || !pqm_map_put(&n->bucket, first(front, n->key), list))
			return NULL;
		return list;
	}
	if (n->loose == NULL)
		n->loose = pqm_new(a, struct pqm_glob_list, 1);
	return n->loose;
}

static bool add_glob(struct pqm_names *n, const struct glob *g, struct pqm_arena *a)
{
	struct pqm_glob_list *list = list_for(n, first(g->pattern, g->n_front), a);
	struct glob *grown = list == NULL ? NULL : pqm_grow(a, list->glob, list->n, &list->cap);
	size_t at;

	if (grown == NULL)
		return false;
	list->glob = grown;
	for (at = list->n; at > 0 && g->n_literals > grown[at - 1].n_literals; at--)
		grown[at] = grown[at - 1];
	grown[at] = *g;
	list->n++;
	return true;
}

static bool is_wild(uint8_t c)
{
	return c == '*' || c == '?';
}

bool pqm_lib_names_add(struct pqm_names *n, pqm_bytes pattern, void *value, struct pqm_arena *a)
{
	struct glob g = { .pattern = pattern, .value = value };

	while (g.n_front < pattern.n && !is_wild(pattern.p[g.n_front]))
		g.n_front++;
	if (g.n_front == pattern.n)
		return pqm_map_put(&n->exact, pattern, value);
	for (size_t i = 0; i < pattern.n; i++)
		g.n_literals += !is_wild(pattern.p[i]);
	return add_glob(n, &g, a);
}

static const struct glob *find_in(const struct pqm_glob_list *list, pqm_bytes s)
{
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const struct glob *g = &list->glob[i];

		if (pqm_starts(s, first(g->pattern, g->n_front)) && pqm_glob(g->pattern, s))
			return g;
	}
	return NULL;
}

void *pqm_lib_names_get(const struct pqm_names *n, pqm_bytes s)
{
	void *value = pqm_map_get(&n->exact, s);
	const struct glob *g, *loose;

	if (value != NULL)
		return value;
	g = s.n < n->key ? NULL : find_in(pqm_map_get(&n->bucket, first(s, n->key)), s);
	loose = find_in(n->loose, s);
	if (g == NULL || (loose != NULL && loose->n_literals > g->n_literals))
		g = loose;
	return g == NULL ? NULL : g->value;
}

void pqm_lib_names_fini(struct pqm_names *n)
{
	pqm_map_fini(&n->exact);
	pqm_map_fini(&n->bucket);
}
