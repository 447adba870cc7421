/* Preloaded by test_same_bytes.py: folders are read in another order, by the seed in SHUFFLE. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is left of a folder that somebody reads. */
struct open_dir {
	DIR *dir;
	struct dirent64 *entries;
	size_t n, at;
	struct open_dir *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct open_dir *all;
static uint64_t state;
static size_t n_moved;

static uint64_t draw(void)
{
	if (state == 0)
		state = strtoull(getenv("SHUFFLE") != NULL ? getenv("SHUFFLE") : "1", NULL, 10) *
				2654435761u +
			1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static struct open_dir *take(DIR *dir)
{
	struct dirent64 *(*real)(DIR *) = dlsym(RTLD_NEXT, "readdir64");
	struct open_dir *o = calloc(1, sizeof(*o));
	struct dirent64 *e;

	o->dir = dir;
	while ((e = real(dir)) != NULL) {
		o->entries = realloc(o->entries, (o->n + 1) * sizeof(*o->entries));
		memset(&o->entries[o->n], 0, sizeof(*o->entries));
		memcpy(&o->entries[o->n++], e, e->d_reclen < sizeof(*e) ? e->d_reclen : sizeof(*e));
	}
	for (size_t i = o->n; i > 1; i--) {
		size_t k = draw() % i;
		struct dirent64 other = o->entries[k];

		n_moved += k != i - 1;
		o->entries[k] = o->entries[i - 1];
		o->entries[i - 1] = other;
	}
	o->next = all;
	all = o;
	return o;
}

static void *next(DIR *dir)
{
	struct open_dir *o;
	void *e;

	pthread_mutex_lock(&lock);
	for (o = all; o != NULL && o->dir != dir; o = o->next)
		;
	if (o == NULL)
		o = take(dir);
	e = o->at < o->n ? &o->entries[o->at++] : NULL;
	pthread_mutex_unlock(&lock);
	return e;
}

static void forget(DIR *dir)
{
	pthread_mutex_lock(&lock);
	for (struct open_dir **p = &all; *p != NULL; p = &(*p)->next)
		if ((*p)->dir == dir) {
			struct open_dir *o = *p;

			*p = o->next;
			free(o->entries);
			free(o);
			break;
		}
	pthread_mutex_unlock(&lock);
}

struct dirent64 *readdir64(DIR *dir)
{
	return next(dir);
}

/* The same record where offsets have 64 bits. */
struct dirent *readdir(DIR *dir)
{
	return next(dir);
}

void rewinddir(DIR *dir)
{
	void (*real)(DIR *) = dlsym(RTLD_NEXT, "rewinddir");

	forget(dir);
	real(dir);
}

int closedir(DIR *dir)
{
	int (*real)(DIR *) = dlsym(RTLD_NEXT, "closedir");

	forget(dir);
	return real(dir);
}

/* A shim that moves nothing proves nothing. */
__attribute__((destructor)) static void tell(void)
{
	FILE *f = getenv("SHUFFLE_LOG") != NULL ? fopen(getenv("SHUFFLE_LOG"), "a") : NULL;

	if (f != NULL) {
		fprintf(f, "%zu\n", n_moved);
		fclose(f);
	}
}
