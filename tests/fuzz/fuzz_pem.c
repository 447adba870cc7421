#include <assert.h>

#include "base/limits.h"
#include "parse/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes text = { data, size };
	size_t at = pqm_find(text, 0, PQM_LIT("-----BEGIN "));

	while (at != SIZE_MAX) {
		struct pqm_err err = { 0 };
		struct pqm_pem pem;
		struct pqm_buf body;

		pqm_buf_init(&body, PQM_PEM_BODY_BYTES);
		if (pqm_pem_read(&pem, &body, text, at, &err) == PQM_OK)
			assert(pem.has_end && body.n > 0 && pem.label.n > 0);
		else
			assert(err.st != PQM_OK && err.msg[0] != '\0');
		assert(pem.end > at && pem.end <= size && strlen(pem.dek) < PQM_PEM_DEK);
		pqm_buf_wipe(&body);
		at = pqm_find(text, pem.end, PQM_LIT("-----BEGIN "));
	}
	return 0;
}
