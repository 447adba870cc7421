/*
 * watch.h — an emitter for samples of rules: it only looks whether the rule under test shows in what comes by.
 *
 * Ownership: the rule is the caller's; nothing is kept.
 * Threads:   a value.
 */
#ifndef PQM_DETECT_WATCH_H
#define PQM_DETECT_WATCH_H

#include "detector.h"

struct pqm_watch {
	struct pqm_emit emit; /* first: the callbacks cast back */
	const struct pqm_rule *rule;
	bool fits; /* a finding of the rule came by */
};

struct pqm_watch pqm_watch_of(const struct pqm_rule *rule);

#endif
