#include <assert.h>

#include "base/limits.h"
#include "parse/ppk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_err err = { 0 };
	struct pqm_buf b;
	struct pqm_ppk k;

	pqm_buf_init(&b, PQM_SSH_BLOB_BYTES);
	if (pqm_ppk_parse(&k, (pqm_bytes){ data, size }, &b, &err) == PQM_OK)
		assert(k.total <= size && (k.version == 2 || k.version == 3) &&
			k.key.key.identity[0] != '\0');
	else
		assert(err.st != PQM_OK && err.msg[0] != '\0');
	pqm_buf_fini(&b);
	return 0;
}
