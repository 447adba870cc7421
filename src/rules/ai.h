/*
 * ai.h — checks rules of rules/ai on their own samples.
 *
 * Threads:   pure.
 */
#ifndef PQM_RULES_AI_H
#define PQM_RULES_AI_H

#include "rules/rules.h"

/* Whether a sample of a rule's hit or miss list belongs to the rule: a class, a life class, a value
 * of a fact, "group/Kind", or NAME=VALUE of a variable or flag. */
bool pqm_ai_rule_fits(const struct pqm_rule *rule, pqm_bytes sample);

#endif
