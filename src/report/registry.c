#include "writer.h"

/* gen/writers.def holds PQM_REP(name) for every rep_<name>.c, sorted. */
#define PQM_REP(name) extern const struct pqm_writer pqm_rep_##name;
#include "gen/writers.def"
#undef PQM_REP

#define PQM_REP(name) &pqm_rep_##name,
const struct pqm_writer *const pqm_writers[] = {
#include "gen/writers.def"
	NULL
};
