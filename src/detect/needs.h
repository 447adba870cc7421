/*
 * needs.h — names of which a file of one kind must have one to be worth a look.
 *
 * Shape:     anchors of a detector are looked for in every byte of every file; a name that only means
 *            something in files of a known kind is not worth that. wants() asks here instead, when the head
 *            says that the file is of that kind.
 * Ownership: static, one for each detector; its matcher is made when first asked and stays.
 * Errors:    without memory every file is worth a look.
 * Threads:   any.
 */
#ifndef PQM_DETECT_NEEDS_H
#define PQM_DETECT_NEEDS_H

#include <pthread.h>

#include "detect/detector.h"
#include "rules/matcher.h"

struct pqm_needs {
	const struct pqm_anchor *anchors;
	size_t n;
	pthread_mutex_t lock;
	_Atomic(struct pqm_matcher *) matcher;
};

#define PQM_NEEDS(list)                                                                            \
	{                                                                                          \
		.anchors = (list), .n = sizeof(list) / sizeof((list)[0]),                          \
		.lock = PTHREAD_MUTEX_INITIALIZER                                                  \
	}

/* Whether one of the names stands in the file; true for one of which a alone does not show all. */
bool pqm_needs_met(struct pqm_needs *needs, const struct pqm_artifact *a);

#endif
