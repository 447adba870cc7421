#include "source.h"

/* gen/sources.def holds PQM_SRC(path) and its peers, sorted. */
#define PQM_SRC(name) extern const struct pqm_source pqm_src_##name;
#include "gen/sources.def"
#undef PQM_SRC

#define PQM_SRC(name) &pqm_src_##name,
const struct pqm_source *const pqm_sources[] = {
#include "gen/sources.def"
	NULL
};
