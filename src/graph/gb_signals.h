/*
 * gb_signals.h — the signals of rules/ai as a table, and those that one object shows.
 *
 * Shape:     built once a run; patterns by their first byte, field paths remembered by what they are,
 *            so that an object costs its own length and not the number of rules.
 * Ownership: everything lives in the arena given to gb_signals_new, but the map of paths, which
 *            gb_signals_fini frees; rules are borrowed.
 * Errors:    PQM_EUSAGE for a broken rule, PQM_ENOMEM.
 * Threads:   single-threaded.
 */
#ifndef PQM_GRAPH_GB_SIGNALS_H
#define PQM_GRAPH_GB_SIGNALS_H

#include "base/map.h"
#include "model/inventory.h"
#include "rules/ai.h"

#define GB_SIGNALS 256
#define GB_CLASSES 16

struct gb_signal {
	const struct pqm_rule *rule;
	double weight;
	unsigned rank;	   /* 0: does not override [design/kubernetes-ai.md §2.5] */
	bool is_alone;	   /* speaks without another signal of its class */
	uint16_t classes;  /* bits of gb_signals.classes */
	bool needs_kind;   /* kinds and something else: both */
	bool is_of_fields; /* by `at` */
	const struct pqm_yaml *kinds, *at, *match, *files;
};

/* A signal that an object shows, and where. */
struct gb_shown {
	const struct gb_signal *signal;
	pqm_bytes text;
	uint32_t line;
};

struct gb_pattern {
	pqm_bytes text;
	pqm_bytes
		core; /* a run of it without '*' and blanks: where it is not, the pattern is not */
	uint16_t signal, next; /* index + 1 of the next with this first byte */
};

struct gb_signals {
	struct pqm_arena *arena;
	struct gb_signal signal[GB_SIGNALS];
	size_t n;
	pqm_bytes classes[GB_CLASSES];
	size_t n_classes;
	struct gb_pattern *patterns;
	size_t n_patterns, cap_patterns;
	uint16_t first[PQM_AI_FIELDS][256]; /* index + 1; [0]: patterns that begin with '*' */
	bool begins[PQM_AI_FIELDS][256];    /* a part begins behind this byte */
	struct pqm_map paths;	  /* field path without indices -> struct of gb_signals.c */
	struct pqm_map kinds;	  /* "group/Kind" -> likewise */
	uint8_t seen[GB_SIGNALS]; /* of the object at hand */
	size_t n_shown;
	struct gb_shown shown[GB_SIGNALS]; /* by the order of the rules */
};

enum pqm_st gb_signals_new(struct gb_signals **out, const struct pqm_rules *r,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
void gb_signals_fini(struct gb_signals *s); /* may be NULL */
/* Fills shown with the signals of the object; of its kind and fields only when it runs nothing. False
 * without memory. */
bool gb_signals_of(struct gb_signals *s, const struct pqm_object *o, bool runs) PQM_MUST_USE;
/* Adds those of the image that the object at hand runs, at the line that names it. Likewise. */
bool gb_signals_image(
	struct gb_signals *s, const struct pqm_object *image, uint32_t line) PQM_MUST_USE;

#endif
