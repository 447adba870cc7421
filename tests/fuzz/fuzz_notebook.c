#include "emit.h"

extern const struct pqm_detector pqm_det_notebook;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_emit emit = emit_checks();

	emit_run(&pqm_det_notebook, &emit, "x/a.ipynb", (pqm_bytes){ data, size }, NULL, 0);
	return 0;
}
