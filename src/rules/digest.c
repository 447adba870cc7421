/* digest.c — the version of a set of rules; also for the program that makes the table of trees. */
#include "base/hash.h"
#include "base/num.h"
#include "rules/tree.h"

void pqm_rules_digest(char out[65], const struct pqm_rule_text *file, size_t n)
{
	uint8_t digest[PQM_SHA256_BYTES], all[PQM_SHA256_BYTES] = { 0 };

	for (size_t i = 0; i < n; i++) {
		const pqm_bytes parts[] = { { all, sizeof(all) }, file[i].name, file[i].text };

		pqm_sha256_parts(digest, parts, 3);
		memcpy(all, digest, sizeof(all));
	}
	pqm_hex(out, all, sizeof(all));
}
