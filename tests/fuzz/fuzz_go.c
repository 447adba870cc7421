/* fuzz_go.c — Go programs: everything that is told of one, from its build information to what its TLS does. */
#include "emit.h"
#include "parse/gobin.h"

extern const struct pqm_detector pqm_det_go;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HITS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_emit emit = emit_checks_binary();
	pqm_bytes body = { data, size }, magic = PQM_LIT(PQM_GO_INFO_MAGIC);
	struct pqm_hit hit[HITS];
	size_t n = 0;

	for (size_t at = 0; n < HITS && (at = pqm_find(body, at, magic)) != SIZE_MAX; at++)
		hit[n++] = (struct pqm_hit){ at, 0 };
	if (n > 0)
		emit_run(&pqm_det_go, &emit, "program", body, hit, n);
	return 0;
}
