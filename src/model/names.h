/*
 * names.h — values of an enum by their names in reports: a list of names becomes a parser.
 *
 * Ownership: none.
 * Threads:   pure.
 */
#ifndef PQM_MODEL_NAMES_H
#define PQM_MODEL_NAMES_H

#include "base/bytes.h"

static inline bool pqm_name_find(pqm_bytes s, const char *const *names, size_t n, unsigned *out)
{
	for (size_t i = 0; i < n; i++)
		if (pqm_eqs(s, names[i])) {
			*out = (unsigned)i;
			return true;
		}
	return false;
}

/* bool fn(pqm_bytes s, type *out): the value whose name is s. */
#define PQM_NAME_PARSER(fn, type, names)                                                           \
	bool fn(pqm_bytes s, type *out)                                                            \
	{                                                                                          \
		unsigned v;                                                                        \
                                                                                                   \
		if (!pqm_name_find(s, names, sizeof(names) / sizeof((names)[0]), &v))              \
			return false;                                                              \
		*out = (type)v;                                                                    \
		return true;                                                                       \
	}

#endif
