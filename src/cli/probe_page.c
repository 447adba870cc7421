#include "probe_page.h"

#include "base/limits.h"

void pqm_probe_page(const struct pqm_page *p, const struct pqm_endpoint *e)
{
	struct pqm_arena a;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	pqm_out_bytes(p->out, pqm_printable(&a, pqm_endpoint_name(e, &a)));
	pqm_out_f(p->out, "  %s  %s\n", pqm_reach_name(e->reach), pqm_posture_name(e->posture));
	pqm_arena_fini(&a);
}
