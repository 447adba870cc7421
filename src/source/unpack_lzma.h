/*
 * unpack_lzma.h — how much memory LZMA may make its reader use.
 *
 * libarchive asks liblzma to unpack whatever dictionary a stream asks for: 6 MB of xz took 1 GiB of memory, a
 * 7z may take 4 GiB. The functions by which it asks are defined here and exported by the program (Makefile:
 * EXPORT), so that the dynamic linker finds them first; they set the limit and call those of the library.
 *
 * Shape:     none is called by name here. Streams over the limit fail with the library's own words.
 * Units:     bytes of a dictionary and what the decoder needs beside it.
 * Errors:    LZMA_MEMLIMIT_ERROR, or LZMA_OPTIONS_ERROR when liblzma is not there.
 * Threads:   any; the library is looked for once.
 * Limits:    PQM_UNPACK_WINDOW_BYTES for the dictionary.
 * Standard:  liblzma 5, whose interface is stable: lzma/container.h, lzma/filter.h.
 */
#ifndef PQM_SOURCE_UNPACK_LZMA_H
#define PQM_SOURCE_UNPACK_LZMA_H

#include <stdint.h>

/* What of lzma.h is needed, which is no dependency of the build. */
int lzma_stream_decoder(void *stream, uint64_t memlimit, uint32_t flags);
int lzma_alone_decoder(void *stream, uint64_t memlimit);
int lzma_raw_decoder(void *stream, const void *filters);
/* Before libarchive is loaded. */
void pqm_unpack_lzma(void);

#endif
