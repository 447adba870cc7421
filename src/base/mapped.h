/*
 * mapped.h — memory of a mapped file, given back while it is read.
 *
 * Shape:     the engine names the mapping that this thread works on; whoever walks much of it says how
 *            much it read, and after PQM_MAPPED_BYTES all pages go back to the kernel's cache. What was
 *            there can still be read.
 * Ownership: the mapping stays its maker's. None is named: every call does nothing.
 * Threads:   by thread. A second thread that reads the same mapping is only slowed down.
 */
#ifndef PQM_BASE_MAPPED_H
#define PQM_BASE_MAPPED_H

#include "base/bytes.h"

/* From here to the next call this thread works on body, which must be a private, read-only mapping of a
 * file that starts at a page; empty: on none. */
void pqm_mapped_set(pqm_bytes body);
/* n more bytes of it were read; a jump to somewhere counts for 64 KiB, which is what becomes resident. */
void pqm_mapped_read(size_t n);
/* Gives all of it back now. */
void pqm_mapped_drop(void);

#endif
