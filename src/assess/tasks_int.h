/*
 * tasks_int.h — tasks while they are collected: what the files of tasks.h share.
 *
 * Ownership: everything lives in the maker's arena, but the maps of a draft, which pqm_tasks_build frees.
 * Errors:    the first one stays in the maker's st; who finds it set gives up.
 * Threads:   single-threaded.
 */
#ifndef PQM_ASSESS_TASKS_INT_H
#define PQM_ASSESS_TASKS_INT_H

#include "tasks_site.h"
#include "tasks_words.h"

#define TK_NO_NODE UINT32_MAX
/* Clients of one place that wait for a library of their own; the rest is telemetry's matter. */
#define TK_CLIENTS_MAX 32

/* One link that a task's edit decides. */
struct tk_use {
	const struct pqm_hop *hop;
	struct tk_site site;
	pqm_bytes label;
};

/* A task being collected. */
struct tk_draft {
	const struct pqm_rule *rule;
	struct pqm_task t;
	size_t cap_where, cap_assets, cap_findings, cap_deps;
	struct pqm_map units; /* what was counted, once */
	struct pqm_map of;    /* ids of its assets */
	bool is_client;	      /* made for a caller: the site is the far end, not where it is done */
	uint64_t n_places;    /* also those over PQM_TASK_PLACES_MAX */
	pqm_bytes label, object, path,
		words;		   /* of the first place; words: what `changes` looks at */
	struct tk_site site;	   /* of the first hop */
	struct tk_sets sets;	   /* that its texts name */
	const struct pqm_hop *hop; /* the first; may be NULL */
	struct tk_use *uses;	   /* the links of one edit; none for tasks of other kinds */
	size_t n_uses, cap_uses;
	bool is_shared;	     /* one edit for all its uses */
	pqm_bytes not_tried; /* why no pilot goes before it; or empty */
	uint32_t *deps;
	uint32_t met; /* last walk that came by, see tk_needs */
	pqm_bytes *where, *assets;
	uint8_t (*findings)[PQM_ID_BYTES];
};

enum tk_sight { TK_NOT_LOOKED, TK_SEEN, TK_NOT_SEEN };

struct tk_maker {
	const struct pqm_rules *r;
	const struct pqm_risk_params *p;
	const struct pqm_inventory *inv;
	const struct pqm_graph *g;
	const struct pqm_bench *bench;
	const struct pqm_practices *practices; /* may be NULL */
	struct pqm_run *run;		       /* may be NULL */
	struct pqm_arena *arena;
	struct pqm_err *err;
	struct tk_draft *d;
	size_t n, cap;
	uint32_t n_walks, *walk; /* of tk_needs */
	size_t cap_walk;
	struct pqm_map by_id;	      /* id -> index + 1 as pointer */
	struct pqm_map by_finding;    /* id -> the first asset that lists it */
	const struct pqm_asset *rest; /* what no other asset lists; may be NULL */
	struct pqm_map grouped;	      /* ids of findings that a hop's own task fixes in a group */
	struct tk_index ix;
	struct tk_regimes regimes;
	struct pqm_map scalers;	       /* id of what is scaled -> its autoscaler */
	bool has_scalers;	       /* they were looked for */
	const struct pqm_rule **rules; /* of plan/: thousands of findings ask each of them */
	size_t n_rules;
	enum tk_sight authority; /* of a private PKI */
	enum pqm_st st;
};

/* What a task is made for: a hop of an asset, an asset, or a finding. */
struct tk_cause {
	const struct pqm_asset *asset;
	const struct pqm_hop *hop;	   /* may be NULL */
	const struct pqm_finding *finding; /* may be NULL */
	const struct tk_site *site;	   /* of the hop; NULL without one */
};

/* Where a task is done: its key makes the task's id. */
struct tk_place {
	pqm_bytes key, label, object;
	bool is_shared; /* one edit for several links */
};

/* ---- places and drafts ---- */

void tk_no_memory(struct tk_maker *m);
/* NULL: no such node. */
const struct pqm_node *tk_node(const struct tk_maker *m, uint32_t i);
bool tk_is_of(const struct tk_maker *m, uint32_t i, enum pqm_node_type a, enum pqm_node_type b);
/* The end of the hop that the rule's target names; the far end when neither fits. */
uint32_t tk_pick(const struct tk_maker *m, const struct pqm_hop *h, pqm_bytes target);
struct tk_place tk_place_of_node(struct tk_maker *m, uint32_t i);
struct tk_place tk_place_of(
	struct tk_maker *m, const struct pqm_rule *rule, const struct tk_cause *c, uint32_t node);
/* UINT32_MAX: none of this id. */
uint32_t tk_find(struct tk_maker *m, pqm_bytes id);
/* The draft for this rule and place, made when it is new. */
uint32_t tk_draft_for(struct tk_maker *m, const struct pqm_rule *rule, const struct tk_cause *c,
	struct tk_place place);
/* A place of the finding in an image, which ships it to all who pull it: hidden by an upper layer, or not. */
const struct pqm_occurrence *tk_shipped_at(const struct pqm_finding *f, bool hidden);
/* Counts the cause's units and takes over its asset, places and findings. */
void tk_add_cause(struct tk_maker *m, struct tk_draft *d, const struct tk_cause *c);
void tk_add_dep(struct tk_maker *m, uint32_t from, uint32_t to);
/* Whether a draft depends on another, however far. */
bool tk_needs(struct tk_maker *m, uint32_t from, uint32_t to);
/* Puts text into the list unless it is there. */
void tk_add_text(struct tk_maker *m, pqm_bytes **list, size_t *n, size_t *cap, pqm_bytes text);

/* Workloads that talk to the listening end of the hop, by node; at most TK_CLIENTS_MAX. */
size_t tk_clients(uint32_t list[TK_CLIENTS_MAX], const struct tk_maker *m, const struct pqm_hop *h,
	uint32_t server);
/* A library with hybrid groups was seen in its image. */
bool tk_client_is_able(const struct tk_maker *m, uint32_t workload);
/* Workloads at the other end, with their images, and until when they stay classical; in words. */
pqm_bytes tk_clients_of(struct tk_maker *m, const struct tk_draft *d);

/* ---- one edit, one task: tasks_edit.c ---- */

/* What is edited for this hop, when other hops may share it: "edge/ConfigMap/NAME#data.ssl-ecdh-curve",
 * "istio"; empty: its own place. */
pqm_bytes tk_edit_of(struct tk_maker *m, const struct pqm_hop *h, const struct tk_site *s);
void tk_add_use(struct tk_maker *m, struct tk_draft *d, const struct tk_cause *c);
/* "Ingress data, data.clinic.example:443": what the edit is for. */
pqm_bytes tk_use_place(struct tk_maker *m, const struct tk_draft *d, const struct tk_cause *c);
pqm_bytes tk_uses_label(struct tk_maker *m, const struct tk_draft *d);
/* Lines that name a host stand once for each. */
pqm_bytes tk_fill_uses(const struct tk_words *w, const struct tk_draft *d, pqm_bytes text);

/* ---- what a task says ---- */

/* What the rule says in other words for this place, or NULL. */
const struct pqm_yaml *tk_variant_of(const struct tk_draft *d);
/* Person-days, phase and date, for the units counted. */
enum pqm_st tk_fill_effort(struct tk_maker *m, struct tk_draft *d);
/* The line of the manifest that it changes, where one was read; own: the variant in use, or NULL. */
void tk_fill_patch(struct tk_maker *m, struct tk_draft *d, const struct tk_words *w,
	const struct pqm_yaml *own);
enum pqm_st tk_fill_texts(struct tk_maker *m, struct tk_draft *d);

#endif
