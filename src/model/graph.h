/*
 * graph.h — AI assets, the things that carry them, and the hops between.
 *
 * Shape:     nodes and edges by index; every edge names the reference it came from. Assets list
 *            their hops: each hop is one use of cryptography (or its absence) on a path that the
 *            asset travels or rests on.
 * Ownership: all text and arrays live in the graph's arena.
 * Threads:   built once, read-only afterwards.
 * Standard:  kinds and edges as in design/kubernetes-ai.md §4, letters as in design/risk.md (a).
 */
#ifndef PQM_MODEL_GRAPH_H
#define PQM_MODEL_GRAPH_H

#include "model/inventory.h"

enum pqm_node_type {
	PQM_NODE_ASSET,
	PQM_NODE_WORKLOAD,
	PQM_NODE_IMAGE,
	PQM_NODE_SERVICE,
	PQM_NODE_EDGE, /* ingress, gateway, route, load balancer */
	PQM_NODE_CERTIFICATE,
	PQM_NODE_SECRET,
	PQM_NODE_CONFIG,
	PQM_NODE_STORE, /* bucket, volume, database, registry */
	PQM_NODE_EXTERNAL,
	PQM_NODE_OTHER,
};

const char *pqm_node_type_name(enum pqm_node_type v);
/* certain, high, medium, low or none [design/kubernetes-ai.md §2.5]. */
const char *pqm_ai_level(double confidence);

struct pqm_signal {
	pqm_bytes what; /* "image segment vllm-openai" */
	double weight;
	pqm_bytes path;
	uint32_t line;
};

struct pqm_node {
	enum pqm_node_type type;
	pqm_bytes id; /* "namespace/Kind/name" or a URL; unique */
	pqm_bytes kind, ns, name;
	pqm_bytes
		ai_class; /* training inference data registry notebook federated platform client, or empty */
	bool is_ghost;	/* referred to, but not among the documents */
	pqm_bytes path; /* where its document is; empty for ghosts */
	uint32_t line;
	double ai_confidence; /* in ai_class: noisy-or of its signals */
	const struct pqm_signal *signals;
	size_t n_signals;
};

struct pqm_edge {
	uint32_t from, to; /* node indices */
	pqm_bytes rel; /* serves loads mounts stores talks-to routes presents issues runs derives */
	pqm_bytes ref; /* "spec.tls[0].secretName" */
	pqm_bytes path;
	uint32_t line;
	bool is_guess; /* by name alone: the namespace of one end is not told */
	bool is_made;  /* a controller makes the far end */
};

enum pqm_verdict {
	PQM_V_PLAINTEXT,
	PQM_V_CLASSICAL,
	PQM_V_HYBRID_CAPABLE,
	PQM_V_HYBRID,
	PQM_V_UNKNOWN
};

const char *pqm_verdict_name(enum pqm_verdict v);

/* How sure a statement is, whatever it says. */
enum pqm_confidence {
	PQM_C_LOW,     /* nothing but its absence, or a name, says so */
	PQM_C_MEDIUM,  /* a default, a product's habit, a template before it is filled in */
	PQM_C_HIGH,    /* written down */
	PQM_C_CERTAIN, /* decoded or negotiated */
};

const char *pqm_confidence_name(enum pqm_confidence v);

/* What a value of a score rests on. */
enum pqm_from {
	PQM_FROM_DEFAULT,  /* of the rules */
	PQM_FROM_GRAPH,	   /* documents and files that were read */
	PQM_FROM_PROBE,	   /* asked of an endpoint */
	PQM_FROM_DECLARED, /* the owner's word */
	PQM_FROM_PLAN,	   /* computed */
};

const char *pqm_from_name(enum pqm_from v);

struct pqm_by {
	enum pqm_from from;
	bool is_assumption;
	pqm_bytes words; /* "annotation pqmap.dev/exposure"; empty: not told */
	pqm_bytes path;	 /* may be empty */
	uint32_t line;
};

#define PQM_LAYERS_MAX 4

/* One use of cryptography that protects (or fails to protect) an asset. */
struct pqm_hop {
	char use;	     /* K T W S L [design/risk.md §3] */
	char data;	     /* F flow, S stock */
	char exposure;	     /* H D L O C P I X */
	char coverage;	     /* N F E, or M with share */
	double share;	     /* measured hybrid share when coverage is M */
	double in_use_years; /* W */
	/* What it was before it was protected: content that is out already, F or S; 0: in use. Of F, the
	 * last of it is so many years old. */
	char was;
	double ended_years;
	uint32_t was_of; /* the use that it is the past of, as hops of the asset */
	pqm_bytes layers
		[PQM_LAYERS_MAX]; /* risk classes: E256 R2048 SYM NONE … nested, all must fall */
	size_t n_layers;
	enum pqm_verdict verdict;
	enum pqm_evidence evidence;
	enum pqm_basis basis;
	uint32_t from, to;   /* nodes; UINT32_MAX when not on the graph */
	pqm_bytes label;     /* "ingress data.clinic.example: X25519 only" */
	pqm_bytes why;	     /* one sentence */
	pqm_bytes task;	     /* planner task type that fixes it; may be empty */
	pqm_bytes ref, path; /* field or file that says so */
	uint32_t line;
	const uint8_t (*findings)[PQM_ID_BYTES]; /* ids of the findings behind it */
	size_t n_findings;
	pqm_bytes ends; /* who terminates: "ingress-nginx", "nobody (plaintext)"; may be empty */
	pqm_bytes
		protocol; /* "TLS", "mTLS", "WireGuard", "none"; this and the next: empty unknown */
	pqm_bytes versions, groups; /* as set or measured: "TLSv1.2 TLSv1.3", "X25519, P-256" */
	pqm_bytes certificate;	    /* weakest algorithm presented: "RSA-2048" */
	enum pqm_confidence confidence;
	struct pqm_by exposure_by, in_use_by; /* coverage and layers: by evidence and path */
};

/* A value with its origin: declared (who says so) or an assumption. */
struct pqm_sourced {
	double value;
	bool is_assumption;
	pqm_bytes
		source; /* "annotation pqmap.dev/shelf-life at train.yaml:12", "default for gradients" */
};

struct pqm_asset {
	pqm_bytes
		id; /* stable: "clinical-ai/phi-train-2026"; "unassigned" for the rest of a target */
	pqm_bytes name;	      /* what a person calls it */
	pqm_bytes life_class; /* rules/risk/lives.yaml: training-data-phi, gradients … */
	pqm_bytes kind_words; /* "training data", "gradients", "embeddings" */
	pqm_bytes owner;      /* may be empty */
	bool is_unassigned;
	uint32_t node;		       /* index of its node */
	struct pqm_sourced life_years; /* X, after lineage */
	struct pqm_sourced impact;     /* 1 to 5 */
	struct pqm_by life_by, impact_by;
	struct pqm_sourced money;      /* declared loss; value 0 and assumption when not declared */
	struct pqm_sourced flow_money; /* declared money per year of content; 0 when not declared */
	pqm_bytes currency;
	double size_bytes; /* as declared; 0: not known */
	struct pqm_by size_by;
	bool has_since; /* the owner said when its uses became as they are today */
	int64_t since_days;
	struct pqm_by since_by;
	const uint32_t *sources; /* assets it is derived from */
	size_t n_sources;
	uint32_t root; /* lineage root (itself if none): holds the money */
	const struct pqm_signal *signals;
	size_t n_signals;
	double confidence; /* noisy-or of the signals; 1 when declared */
	struct pqm_hop *hops;
	size_t n_hops;
};

struct pqm_graph {
	struct pqm_arena arena;
	struct pqm_node *nodes;
	size_t n_nodes, cap_nodes;
	struct pqm_edge *edges;
	size_t n_edges, cap_edges;
	struct pqm_asset *assets; /* by id, unassigned last */
	size_t n_assets, cap_assets;
	const pqm_bytes *unresolved; /* references without an object, one line each */
	size_t n_unresolved;
};

void pqm_graph_init(struct pqm_graph *g);
void pqm_graph_fini(struct pqm_graph *g);

#endif
