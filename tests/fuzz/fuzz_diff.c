#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "report/diff.h"

/* Whatever a report holds: a refusal explains itself; what is accepted does not differ from itself, and is all gone
 * or all new beside an empty one. */
static void compare(const struct pqm_diff_side *a, const struct pqm_diff_side *b)
{
	struct pqm_diff d;
	struct pqm_err err = { 0 };
	struct pqm_out o;

	if (pqm_diff_build(&d, a, b, NULL, &err) == PQM_OK) {
		assert(a != b || (d.is_same && d.n_same == a->n_findings));
		assert(d.n_same + d.n_changed + d.n_gone == a->n_findings);
		assert(d.n_same + d.n_changed + d.n_appeared == b->n_findings);
		pqm_out_memory(&o, (size_t)64 << 20);
		pqm_diff_table(&o, &d, 10, false);
		pqm_diff_markdown(&o, &d, 10);
		pqm_diff_json(&o, &d);
		pqm_out_abort(&o);
	}
	pqm_diff_fini(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pqm_rules rules; /* none */
	static const char empty[] = "{\"schema_version\": 1, \"tool\": {\"name\": \"pqmap\"}}";
	struct pqm_diff_side a, none;
	struct pqm_err err = { 0 };

	if (pqm_diff_load_text(&none, pqm_str(empty), "none.json", &rules, &err) != PQM_OK)
		assert(0);
	if (pqm_diff_load_text(&a, (pqm_bytes){ data, size }, "a.json", &rules, &err) != PQM_OK) {
		assert(err.st != PQM_OK && memcmp(err.msg, "a.json:", 7) == 0);
	} else {
		compare(&a, &a);
		compare(&a, &none);
		compare(&none, &a);
	}
	pqm_diff_side_fini(&a);
	pqm_diff_side_fini(&none);
	return 0;
}
