/* unpack_lzma.c — see the header. */
#include "unpack_lzma.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "base/limits.h"

#define OPTIONS_ERROR 8
#define MEMLIMIT_ERROR 6
/* Beside the dictionary: probabilities, and the filters in front of it. */
#define LIMIT ((uint64_t)PQM_UNPACK_WINDOW_BYTES + ((uint64_t)4 << 20))
#define EXPORTED __attribute__((visibility("default"), used))

static struct {
	int (*stream)(void *, uint64_t, uint32_t);
	int (*alone)(void *, uint64_t);
	int (*raw)(void *, const void *);
	uint64_t (*needs)(const void *);
	void *lib;
} lz;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	const struct {
		const char *name;
		void *function;
	} all[] = {
		{ "lzma_stream_decoder", &lz.stream },
		{ "lzma_alone_decoder", &lz.alone },
		{ "lzma_raw_decoder", &lz.raw },
		{ "lzma_raw_decoder_memusage", &lz.needs },
	};

	lz.lib = dlopen("liblzma.so.5", RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; lz.lib != NULL && i < sizeof(all) / sizeof(all[0]); i++) {
		void *p = dlsym(lz.lib, all[i].name);

		memcpy(all[i].function, &p, sizeof(p));
	}
}

void pqm_unpack_lzma(void)
{
	(void)pthread_once(&once, load);
}

EXPORTED int lzma_stream_decoder(void *stream, uint64_t memlimit, uint32_t flags)
{
	pqm_unpack_lzma();
	return lz.stream != NULL ? lz.stream(stream, memlimit < LIMIT ? memlimit : LIMIT, flags)
				 : OPTIONS_ERROR;
}

EXPORTED int lzma_alone_decoder(void *stream, uint64_t memlimit)
{
	pqm_unpack_lzma();
	return lz.alone != NULL ? lz.alone(stream, memlimit < LIMIT ? memlimit : LIMIT)
				: OPTIONS_ERROR;
}

EXPORTED int lzma_raw_decoder(void *stream, const void *filters)
{
	pqm_unpack_lzma();
	if (lz.raw == NULL || lz.needs == NULL)
		return OPTIONS_ERROR;
	return lz.needs(filters) > LIMIT ? MEMLIMIT_ERROR : lz.raw(stream, filters);
}
