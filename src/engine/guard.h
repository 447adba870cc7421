/*
 * guard.h — reading a mapped file that may shrink.
 *
 * Shape:     pqm_guard_run calls fn(ctx) and answers false when a page of [p, p + n) was gone.
 * Threads:   each thread has its own guard; the handler is installed once for the process.
 * Errors:    a SIGBUS outside the guarded range keeps its default effect.
 */
#ifndef PQM_ENGINE_GUARD_H
#define PQM_ENGINE_GUARD_H

#include "base/bytes.h"

void pqm_guard_install(void);
bool pqm_guard_run(pqm_bytes range, void (*fn)(void *ctx), void *ctx);

#endif
