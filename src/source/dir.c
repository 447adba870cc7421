#include <unistd.h>

#include "source.h"

struct pqm_dir *pqm_dir_new(int fd)
{
	struct pqm_dir *d = pqm_malloc(sizeof(*d));

	if (d == NULL) {
		(void)close(fd);
		return NULL;
	}
	*d = (struct pqm_dir){ .fd = fd };
	__atomic_store_n(&d->refs, 1, __ATOMIC_RELAXED);
	return d;
}

void pqm_dir_ref(struct pqm_dir *d)
{
	(void)__atomic_add_fetch(&d->refs, 1, __ATOMIC_RELAXED);
}

void pqm_dir_unref(struct pqm_dir *d)
{
	if (d == NULL || __atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (d->fini != NULL) {
		d->fini(d);
		return;
	}
	if (d->fd >= 0)
		(void)close(d->fd);
	pqm_free(d);
}
