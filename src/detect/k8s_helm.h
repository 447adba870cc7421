/*
 * k8s_helm.h — templates of Helm charts, read without Helm.
 *
 * Shape:     a chart is the folder with Chart.yaml above a folder named templates. A template is scanned like
 *            any other file; before it is split into documents its actions are taken out (parse/gotmpl.h) with
 *            the defaults of the chart's values.yaml and of the charts above it, which are read through
 *            struct pqm_near. No pass over the tree comes first: a template asks for what it needs, so the
 *            order of the walk does not matter. The engine keeps equal templates of different charts apart.
 *            What comes out carries the fact pqmap.origin or the attribute origin, "template"; what is set in
 *            it counts as implied, since other values may be given at installation.
 * Ownership: a chart has an arena of its own. A template's text lives in that arena.
 * Errors:    without near, Chart.yaml or values.yaml there is just less known.
 * Threads:   one artifact at a time.
 * Limits:    PQM_YAML_DOC_BYTES for each file, PQM_HELM_LEVELS charts above each other.
 */
#ifndef PQM_DETECT_K8S_HELM_H
#define PQM_DETECT_K8S_HELM_H

#include "k8s.h"

#define PQM_HELM_LEVELS 4

struct pqm_chart {
	struct pqm_arena arena;
	const struct pqm_yaml *chart; /* Chart.yaml; NULL: no chart */
	/* Own values first, then those of each chart above: the part that is for this one. */
	const struct pqm_yaml *values[PQM_HELM_LEVELS];
	const struct pqm_yaml *global; /* of the topmost chart */
	size_t n_values;
};

/* Finds the chart of an artifact; c->chart is NULL when it is no template of one. */
void pqm_chart_init(struct pqm_chart *c, const struct pqm_artifact *a);
void pqm_chart_fini(struct pqm_chart *c);

/* Between the objects of a template and the engine. */
struct pqm_k8s_template {
	struct pqm_emit emit; /* first */
	struct pqm_emit *to;
	struct pqm_arena *arena;
	pqm_bytes original, text;    /* with as many lines each */
	uint32_t *line_of, *line_in; /* where the lines start: in original, in text */
	size_t n_lines;
	uint64_t off0;	  /* of original in the artifact */
	pqm_bytes origin; /* "template" */
};

/* The text of a template without its actions, and an emitter that marks what is found in it and puts it to
 * its place in the original. out->text lives in c's arena. */
enum pqm_st pqm_k8s_template_open(struct pqm_k8s_template *out, struct pqm_chart *c, pqm_bytes text,
	struct pqm_emit *to, struct pqm_err *err) PQM_MUST_USE;
/* Blanks the lines that YAML cannot be made of, in place; the number of them. SIZE_MAX: too many. */
size_t pqm_k8s_template_repair(uint8_t *text, size_t n);
/* The group of an apiVersion that only Helm knows, by the kind. */
void pqm_k8s_template_group(
	const struct pqm_k8s_scan *s, const struct pqm_yaml *root, struct pqm_arena *arena);

#endif
