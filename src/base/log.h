/*
 * log.h — messages to the operator, on stderr.
 *
 * Shape:     one line a call: "pqmap: words"; levels error, warn, info, debug.
 * Threads:   any; a line is written whole.
 * Errors:    none reported.
 * Never:     key bytes, tokens, raw input.
 */
#ifndef PQM_BASE_LOG_H
#define PQM_BASE_LOG_H

#include "err.h"

enum pqm_level { PQM_ERROR, PQM_WARN, PQM_INFO, PQM_DEBUG };

/* Messages above the level are dropped. The start value is PQM_WARN. */
void pqm_log_level(enum pqm_level level);
void pqm_log(enum pqm_level level, const char *area, const char *fmt, ...) PQM_PRINTF(3, 4);

#endif
