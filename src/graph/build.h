/*
 * build.h — the workshop of pqm_graph_build: what its steps share.
 *
 * Shape:     steps in the order of this file; each reads what the ones before made. The first failure
 *            is kept in st and makes the later calls do nothing.
 * Ownership: everything lives in the graph's arena, but what only building needs: struct gb's maps and work.
 * Errors:    sticky, in st and err.
 * Threads:   single-threaded.
 */
#ifndef PQM_GRAPH_BUILD_INTERNAL_H
#define PQM_GRAPH_BUILD_INTERNAL_H

#include "graph/graph_build.h"
#include "rules/k8s.h"
#include "rules/wire.h"

#define GB_NONE UINT32_MAX
#define GB_IN_USE "default: how long it has been in use is not told"

/* An object with its node. */
struct gb_thing {
	const struct pqm_object *o;
	const struct pqm_k8s_kind *kind; /* may be NULL */
	pqm_bytes id;
	uint32_t node;
	bool is_first; /* the object that made the node */
	pqm_bytes ai_class;
	double confidence;
	const struct pqm_signal *signals;
	size_t n_signals;
};

/* A finding at a Kubernetes object; sorted by object, then finding. */
struct gb_placed {
	pqm_bytes object;
	uint32_t finding, occ;
};

/* An asset on its way: see struct pqm_asset. */
struct gb_draft {
	struct pqm_asset a;
	pqm_bytes role;
	bool is_declared, has_life, has_impact;
	bool is_reference; /* a model or dataset by its name, for all that carry it */
	char exposure;	   /* 0: as the place says */
	char data;	   /* F or S */
	double in_use_years;
	struct pqm_by exposure_by, in_use_by;
	uint32_t *at; /* nodes that carry it */
	pqm_bytes *at_ref;
	size_t n_at, cap_at, cap_at_ref;
	pqm_bytes *source_names;
	size_t n_source_names, cap_source_names;
	size_t cap_hops;
	pqm_bytes path;
	uint32_t line;
};

/* One draft at one node; next: index in gb.of_nodes, 0 ends. */
struct gb_of_node {
	size_t draft, next;
};

struct gb_label_of {
	pqm_bytes ns, key, value;
};

/* Edges of a node as lists through the edge array: index + 1, 0 ends. */
struct gb_links {
	uint32_t first_in, last_in, first_out, last_out;
};

struct gb_nexts {
	uint32_t in, out;
};

/* An endpoint that was asked. */
struct gb_wire {
	const struct pqm_endpoint *e;
	pqm_bytes name; /* "tls:host:port" */
	uint32_t node;	/* GB_NONE: no object names it */
	uint8_t (*findings)[PQM_ID_BYTES];
	size_t n_findings;
};

/* An image that was read, and what it says of how it is started. */
struct gb_image {
	uint32_t node;
	const struct pqm_object *o;
};

struct gb_index;

struct gb {
	struct pqm_graph *g;
	const struct pqm_rules *r;
	const struct pqm_inventory *inv;
	struct pqm_arena *arena;
	struct pqm_arena work; /* things, links, look-ups: given back at the end */
	const struct pqm_k8s_kinds *kinds;
	const struct pqm_rule **end_rules; /* of k8s/ends.yaml, made when first asked for */
	size_t n_end_rules, cap_end_rules;
	const struct pqm_rule **mesh_rules; /* of k8s/mesh.yaml, likewise */
	size_t n_mesh_rules, cap_mesh_rules;
	struct pqm_map scoped; /* mesh policies by namespace or host -> struct gb_scoped */
	const struct pqm_rule **ai_rules; /* of ai/, but the signals */
	size_t n_ai_rules, cap_ai_rules;
	struct gb_thing *things; /* by id, path, line */
	size_t n_things;
	struct pqm_map nodes; /* id -> node index + 1 */
	struct pqm_map edges; /* from, to and rel -> any: an edge is there once */
	bool has_edges_cut;   /* more than PQM_GRAPH_EDGES */
	struct gb_index *index;
	struct pqm_map hosts; /* host name -> node index + 1 of an edge */
	const struct gb_thing **of_node;
	size_t cap_of_node;
	size_t *first_draft, *last_draft; /* by node, in gb.of_nodes; grown by attach */
	size_t n_first_draft;
	struct gb_links *links; /* by node */
	struct gb_nexts *nexts; /* by edge */
	size_t cap_links, cap_nexts;
	struct gb_placed *placed;
	size_t n_placed;
	const struct pqm_finding **findings; /* by id */
	bool *claimed;			     /* the same order */
	struct gb_draft *drafts;
	size_t n_drafts, cap_drafts;
	struct gb_of_node *of_nodes; /* drafts of a node as a list; [0] is none */
	size_t n_of_nodes, cap_of_nodes;
	struct gb_wire *wires;
	size_t n_wires;
	struct gb_image *images;
	size_t n_images, cap_images;
	double default_life, default_in_use, default_impact;
	char default_exposure;
	pqm_bytes *doubts; /* declared values that cannot be read, one line each */
	size_t n_doubts, cap_doubts;
	enum pqm_st st;
	struct pqm_err *err;
};

/* gb_nodes.c */
void gb_nodes(struct gb *b); /* things, nodes, edges, generated Services, hosts, unresolved */
/* Whether the pods of a workload carry the label; its namespace is not looked at. */
bool gb_has_label(const struct gb_thing *w, const struct gb_label_of *l);
enum pqm_node_type gb_type_of(pqm_bytes word);
uint32_t gb_node(struct gb *b, enum pqm_node_type type, pqm_bytes id, pqm_bytes name);
void gb_edge(struct gb *b, struct pqm_edge e);
/* The next fact of o whose key fits glob; start with *i = 0. NULL at the end. */
const struct pqm_fact *gb_fact(const struct pqm_object *o, pqm_bytes glob, size_t *i);
const struct pqm_fact *gb_fact1(const struct pqm_object *o, const char *glob);
bool gb_has_fact(const struct pqm_object *o, const struct pqm_yaml *globs);
/* The next edge with this end and relation (rel NULL: any); start with *i = 0. */
const struct pqm_edge *gb_out(const struct gb *b, uint32_t from, const char *rel, size_t *i);
const struct pqm_edge *gb_in(const struct gb *b, uint32_t to, const char *rel, size_t *i);
void gb_fail(struct gb *b, const char *words);
/* Tells the user that a declared value was not understood: what is allowed, and what holds instead. */
void gb_doubt(struct gb *b, const struct gb_thing *t, const struct pqm_fact *f, const char *words);
/* The namespace as in the id: never empty. */
pqm_bytes gb_ns(const struct gb_thing *t);

/* gb_edges.c */
void gb_rule_edges(
	struct gb *b, const struct gb_thing *t); /* what its kind's rules say it refers to */
void gb_ghosts(struct gb *b);			 /* unresolved references */
/* Namespace (empty: that of who says it) and name of the Service that a host name of the cluster is. */
bool gb_cluster_host(const struct gb *b, pqm_bytes host, pqm_bytes *ns, pqm_bytes *name);

/* gb_index.c: things by kind, name and label, each in their order */
#define GB_KSERVE_LABEL "serving.kserve.io/inferenceservice"

void gb_index_new(struct gb *b); /* after the things have their nodes */
void gb_index_free(struct gb *b);
/* The next thing; start with *i = 0. NULL at the end. */
const struct gb_thing *gb_of_kind(const struct gb *b, pqm_bytes kind, uint32_t *i);
const struct gb_thing *gb_labelled(const struct gb *b, const struct gb_label_of *l, uint32_t *i);
size_t gb_n_labelled(const struct gb *b, const struct gb_label_of *l);
/* The first of a kind and name in whatever namespace, or NULL. */
const struct gb_thing *gb_named(const struct gb *b, pqm_bytes kind, pqm_bytes name);
/* The only one, or NULL. */
const struct gb_thing *gb_only_named(const struct gb *b, pqm_bytes kind, pqm_bytes name);
/* The label of a workload's pods that the fact is, or empty. */
pqm_bytes gb_label(const struct gb_thing *w, const struct pqm_fact *f);
/* Answers that took a look at many things, kept. */
bool gb_known(const struct gb *b, pqm_bytes question, const struct gb_thing **out);
void gb_know(struct gb *b, pqm_bytes question, const struct gb_thing *answer);

/* gb_ai.c */
/* The rules of ai/ but the signals, which are in a table of their own; start with *i = 0. */
const struct pqm_rule *gb_ai_next(const struct gb *b, size_t *i);
void gb_ai_rules(struct gb *b); /* first of all */
void gb_classify(struct gb *b);
/* The rule of ai/classes.yaml with key = value ("class", "role", …), or NULL. */
const struct pqm_rule *gb_ai_rule(const struct gb *b, const char *key, pqm_bytes value);

/* gb_files.c: model and data files that were read, by name */
struct gb_signals;
void gb_files(struct gb *b, struct pqm_map *files); /* name -> index of its object + 1 */
/* Adds the signals of the files that a workload names. */
void gb_files_of(
	struct gb *b, const struct pqm_map *files, const struct gb_thing *t, struct gb_signals *s);

/* gb_assets.c */
void gb_assets(struct gb *b); /* declared, annotated, classed */
struct gb_draft *gb_draft_of_role(struct gb *b, uint32_t node, pqm_bytes role, size_t *i);
/* An undeclared asset of a workload, by the default life of its role or class. */
struct gb_draft *gb_draft_default(struct gb *b, const struct gb_thing *t, pqm_bytes role,
	pqm_bytes life_class, pqm_bytes why);
void gb_draft_attach(struct gb *b, struct gb_draft *d, uint32_t node, pqm_bytes ref);
void gb_draft_source(struct gb *b, struct gb_draft *d, pqm_bytes name);
/* The letter of an exposure word or letter [design/risk.md (a)]; 0: not one. */
char gb_exposure(pqm_bytes word);
void gb_finish_assets(struct gb *b); /* sorts, lineage, impact; drafts to assets */

/* gb_on.c */
/* The node that `on:` names: by id, else the only "Kind/name", else the only workload "name", else a ghost. */
uint32_t gb_on(struct gb *b, pqm_bytes said);
void gb_on_check(struct gb *b); /* after gb_hops: what was declared and meets nothing is doubted */

/* gb_lineage.c */
void gb_lineage(struct gb *b); /* sources, lives, roots and impact of sorted drafts */

/* gb_refs.c */
void gb_references(struct gb *b); /* models and datasets that objects name */

/* gb_hops.c */
/* The value that a flow or reference rule reads from fact i of t: a variable's value, a flag's (then in
 * *cut), or the field itself; NULL when it is none. */
const struct pqm_fact *gb_flow_value(
	const struct gb_thing *t, const struct pqm_rule *rule, size_t i, struct pqm_fact *cut);
void gb_hops(struct gb *b);
void gb_hop_add(struct gb *b, struct gb_draft *d, const struct pqm_hop *h);

/* gb_evidence.c: what findings and facts say about one place */
struct gb_kex {
	pqm_bytes layer; /* risk class */
	char coverage;
	enum pqm_verdict verdict;
	enum pqm_evidence evidence;
	enum pqm_basis basis;
	pqm_bytes words, why, ref, path; /* words: "X25519 only" */
	pqm_bytes ends, protocol, versions, groups;
	bool is_template; /* read before a template was filled in */
	bool is_guess;	  /* a reference was matched by name alone */
	uint32_t line;
	const uint8_t (*findings)[PQM_ID_BYTES];
	size_t n_findings;
};

/* Placed findings of an object: [*from, *to). */
void gb_findings_of(const struct gb *b, pqm_bytes id, size_t *from, size_t *to);
const struct pqm_finding *gb_placed_finding(const struct gb *b, size_t i);
/* Key exchange of an edge: its own settings, or those of what configures it. */
void gb_edge_kex(struct gb *b, uint32_t edge, struct gb_kex *out);
/* Settings of the object itself that decide its key exchange; false when it has none. */
bool gb_own_kex(struct gb *b, uint32_t node, struct gb_kex *out);
/* Keys and certificates at a Secret, ConfigMap or Certificate: the weakest class, all ids. False
 * when nothing is known. */
bool gb_keys_of(struct gb *b, uint32_t node, struct gb_kex *out);
/* Risk class of a group by its name; UNK for one that is not in the catalogue. */
pqm_bytes gb_group_class(const struct gb *b, pqm_bytes group);
pqm_bytes gb_weaker(pqm_bytes a, pqm_bytes b);

/* gb_ends.c: who terminates */
#define GB_NOBODY "nobody (plaintext)"
#define GB_SERVER "the server itself"
/* By what stands at an edge or Service; empty: nothing tells. *outside: the provider decides. */
pqm_bytes gb_end_of(struct gb *b, uint32_t node, bool *outside);
/* Fills ends, protocol and versions of what was found at an edge; what is there already stays. */
void gb_edge_ends(struct gb *b, uint32_t edge, struct gb_kex *k);
bool gb_is_template(const struct gb *b, uint32_t node);
enum pqm_confidence gb_confidence(const struct gb_kex *k);
/* Certificates of the hops that end where others present them; after all hops of the asset. */
void gb_hop_certificates(struct gb_draft *d);

/* gb_mesh.c */
struct gb_call {
	const struct gb_thing *server;	/* NULL: nothing is known of it */
	const struct gb_thing *service; /* through which it is reached; may be NULL */
	const struct gb_thing *client;	/* who calls; NULL: anybody */
	bool use_mesh;
};

/* What protects traffic to the pods of a workload below the application. */
void gb_network_kex(struct gb *b, const struct gb_call *call, struct gb_kex *out);

/* gb_endpoints.c */
void gb_endpoints(struct gb *b); /* after gb_nodes */
/* What a probe measured at a node, or at a host that objects talk to; false when nothing is known. */
bool gb_measured_node(struct gb *b, uint32_t node, struct gb_kex *out);
bool gb_measured_host(struct gb *b, pqm_bytes host, uint16_t port, struct gb_kex *out);

/* Who can reach a place, and what says so. */
struct gb_reach {
	char letter;
	struct pqm_by by;
};

/* A hop on its way: what protects it, between which nodes, and what fixes it. */
struct gb_hop {
	char use;
	struct gb_reach exposure;
	uint32_t from, to;
	pqm_bytes label;
	const char *task;
};

/* gb_history.c: what was recorded before the uses of d were protected. */
void gb_history(struct gb *b, struct gb_draft *d);
void gb_hop_put(struct gb *b, struct gb_draft *d, const struct gb_hop *w, const struct gb_kex *k);
/* The edge and the certificates that it presents. */
void gb_edge_hops(struct gb *b, struct gb_draft *d, uint32_t from, uint32_t edge);
/* What the server speaks: by its own flags and variables, else what the network makes of it. */
void gb_server_kex(struct gb *b, const struct gb_call *call, struct gb_kex *k);
/* What a Service of server w (NULL: unknown) speaks to the client (NULL: anybody). */
void gb_service_kex(struct gb *b, const struct gb_thing *w, const struct gb_thing *client,
	uint32_t service, struct gb_kex *k);
pqm_bytes gb_service_words(struct gb *b, uint32_t service); /* "qdrant:6333" */
/* Exposure of what leaves the cluster at a node. */
struct gb_reach gb_outside(struct gb *b, const struct gb_draft *d, uint32_t node);
/* Exposure of what stays inside: words say why. */
struct gb_reach gb_inside(const struct gb *b, uint32_t node, const char *words);
/* Where nothing else is told: what rules/risk says. */
struct pqm_by gb_by_default(const char *words);
/* The value beside the name of a variable, or NULL. */
const struct pqm_fact *gb_env_value(const struct pqm_object *o, const struct pqm_fact *name);

/* gb_flows.c */
void gb_outbound(struct gb *b, struct gb_draft *d, const struct gb_thing *t);
bool gb_is_flow(const struct pqm_rule *rule);

/* gb_workers.c: workers of one job and what they send each other */
void gb_workers_hops(struct gb *b, struct gb_draft *d, const struct gb_thing *t);
void gb_workers_assets(struct gb *b, const struct gb_thing *t);

/* gb_images.c */
void gb_images(struct gb *b); /* after gb_nodes: images that were read, joined to what runs them */
/* Adds the signals of the images that a workload runs, but for what it sets itself. */
void gb_images_of(struct gb *b, const struct gb_thing *t, struct gb_signals *s);
/* Findings in gb.placed about variables of the images that a workload runs and does not set itself. */
size_t gb_image_settings(const struct gb *b, uint32_t node, size_t *out, size_t max);

/* gb_rest.c */
void gb_unassigned(struct gb *b);

#endif
