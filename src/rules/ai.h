/*
 * ai.h — what a rule of rules/ai says about one text: patterns of signals, samples of all rules.
 *
 * Shape:     a signal rule has lists of patterns, one list a field of a workload. A pattern begins at
 *            the beginning of the text or of a part of it (a path segment of an image, a word of a
 *            command, a part of a name) and ends with it; '*' is any run of bytes, in a command of
 *            bytes of the same word; a space is any blanks.
 * Threads:   pure.
 * Standard:  design/kubernetes-ai.md §2.
 */
#ifndef PQM_RULES_AI_H
#define PQM_RULES_AI_H

#include "rules/rules.h"

enum pqm_ai_field {
	PQM_AI_KIND,	 /* kinds: "group/Kind" */
	PQM_AI_IMAGE,	 /* images: "registry/team/name:tag" */
	PQM_AI_COMMAND,	 /* commands: command and arguments with a blank between */
	PQM_AI_VARIABLE, /* variables: "NAME=VALUE"; a pattern without '=' is of the name */
	PQM_AI_PORT,	 /* ports: "8000" */
	PQM_AI_LABEL,	 /* labels: "key=value" */
	PQM_AI_NAME,	 /* names: of the object or its namespace */
	PQM_AI_RESOURCE, /* resources: "nvidia.com/gpu" */
	PQM_AI_FIELDS
};

/* "kinds", "images", …: the name of the list in a rule. */
const char *pqm_ai_list(enum pqm_ai_field f);
/* Whether a part of the text begins at byte `at`. */
bool pqm_ai_begins(enum pqm_ai_field f, pqm_bytes text, size_t at);
/* Whether the pattern fits the part that begins at byte `at`. */
bool pqm_ai_fits(enum pqm_ai_field f, pqm_bytes pattern, pqm_bytes text, size_t at);
/* Whether a sample of a rule's hit or miss list belongs to the rule: a class, a life class, a text of
 * one of the fields, "path" or "path=value" of an `at` rule, "group/Kind path" when it has kinds as
 * well, or NAME=VALUE of a variable or flag. */
bool pqm_ai_rule_fits(const struct pqm_rule *rule, pqm_bytes sample);

#endif
