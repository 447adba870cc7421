#include "hyb/backend.h"

#include <stdatomic.h>

static const struct hyb_pq_backend *_Atomic in_use;

const struct hyb_pq_backend *hyb_backend_pq(void)
{
	return atomic_load_explicit(&in_use, memory_order_acquire);
}

void hyb_backend_pq_use(const struct hyb_pq_backend *b)
{
	atomic_store_explicit(&in_use, b, memory_order_release);
}

enum hyb_backend hyb_backend_get(void)
{
	return hyb_backend_pq() != NULL ? HYB_BACKEND_OPENSSL : HYB_BACKEND_NATIVE;
}
