/*
 * tasks_site.h — where a task is done: what runs there, how it is reached, what is written there today.
 *
 * Shape:     a site per hop; the words of a task's texts come from it and from the regimes chosen.
 * Ownership: text lives in the arena given, or belongs to rules, graph and inventory.
 * Errors:    none; what is not known stays empty.
 * Threads:   single-threaded.
 * Security:  names of hosts and values go into commands that people copy, so only those of harmless
 *            characters get through; others leave the word in capitals.
 */
#ifndef PQM_ASSESS_TASKS_SITE_H
#define PQM_ASSESS_TASKS_SITE_H

#include "tasks.h"

/* Edges by the node at one end, in the graph's order: those of node i are edge[first[i]] up to first[i + 1]. */
struct tk_ends {
	uint32_t *first, *edge;
};

/* What runs one kind of software, counted once. */
struct tk_runs {
	uint32_t n;	/* workloads */
	uint32_t image; /* the first image of it, or UINT32_MAX */
};

/* Finds things of a graph and its inventory again: every hop asks, so nothing here walks the whole graph. */
struct tk_index {
	const struct pqm_rules *r;
	const struct pqm_inventory *inv;
	const struct pqm_graph *g;
	struct pqm_arena *arena;	  /* of texts that go into tasks */
	struct pqm_arena own;		  /* of the index itself: it ends with it */
	struct pqm_map nodes;		  /* id -> index + 1 */
	const struct pqm_object **object; /* by node: what was read of it, or NULL */
	struct pqm_map paths;		  /* path -> its first struct pqm_object */
	struct pqm_map kinds;	  /* kind -> its rule of k8s/ that has `hosts` or `published` */
	struct pqm_map software;  /* image id -> rule of plan/software.yaml */
	struct pqm_map runs;	  /* id of a rule of plan/software.yaml -> struct tk_runs */
	struct pqm_map endpoints; /* "host:port" -> struct pqm_endpoint */
	struct tk_ends in, out;
	uint32_t *image;  /* by node: what a workload runs, or UINT32_MAX */
	uint32_t *served; /* by node: the workload of a Service, the Service of a workload */
};

struct tk_site {
	const struct pqm_rule *software; /* of plan/software.yaml; NULL: not known */
	pqm_bytes host, port;		 /* of the listening end; both empty: not known */
	pqm_bytes published;		 /* port of the machine that leads there; or empty */
	uint32_t server, image;		 /* nodes, or UINT32_MAX */
	pqm_bytes version;		 /* of the image's tag: "1.15.0" */
	const struct pqm_object *object; /* the document that the hop's reference is in; NULL */
	pqm_bytes field, value;		 /* that reference, and what stands there now */
	pqm_bytes path;			 /* of a configuration file that has the field; or empty */
	uint32_t line;
};

/* Whether the version found knows hybrid groups. */
enum tk_age { TK_AGE_UNKNOWN, TK_AGE_OLD, TK_AGE_ABLE };

/* What was read of the node with that id; NULL: nothing. */
const struct pqm_object *tk_object_of(const struct tk_index *ix, pqm_bytes id);
bool tk_index_init(struct tk_index *ix); /* false: no memory; r, inv, g and arena are set */
void tk_index_fini(struct tk_index *ix);

void tk_site_of(struct tk_site *out, const struct tk_index *ix, const struct pqm_hop *h);
enum tk_age tk_site_age(const struct tk_site *s);
/* "data.clinic.example:443", or empty; "localhost:8443" where the machine publishes it. */
pqm_bytes tk_site_endpoint(const struct tk_site *s, struct pqm_arena *a);
/* One of the software's `find` entries fits a sample "software ends=… image=… kind=… why=…". */
bool tk_software_takes(const struct pqm_rule *rule, pqm_bytes sample);

/* Nothing that a shell or a parser could take for more than a name. */
bool tk_is_plain(pqm_bytes word);
/* -1, 0, 1 by the numbers between dots. */
int tk_version_cmp(pqm_bytes a, pqm_bytes b);

#endif
