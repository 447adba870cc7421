#include "detector.h"

/* gen/detectors.def holds PQM_DET(name) for every det_<name>.c, sorted. */
#define PQM_DET(name) extern const struct pqm_detector pqm_det_##name;
#include "gen/detectors.def"
#undef PQM_DET

#define PQM_DET(name) &pqm_det_##name,
const struct pqm_detector *const pqm_detectors[] = {
#include "gen/detectors.def"
	NULL
};
