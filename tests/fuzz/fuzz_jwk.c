#include <assert.h>

#include "parse/jwk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char kty[] = "\"kty\"";
	pqm_bytes in = { data, size };
	size_t floor = 0;

	for (size_t at = 0; (at = pqm_find(in, floor, pqm_str(kty))) != SIZE_MAX;) {
		struct pqm_err err = { 0 };
		struct pqm_jwk k;
		bool is_close;

		if (pqm_jwk_at(&k, in, floor, at, &is_close, &err) == PQM_OK) {
			assert(k.off >= floor && k.off < at && k.end <= size && k.end > at);
			assert(data[k.off] == '{' && data[k.end - 1] == '}');
			floor = k.end;
		} else {
			assert(err.st != PQM_OK && err.msg[0] != '\0');
			floor = at + 5;
		}
	}
	return 0;
}
