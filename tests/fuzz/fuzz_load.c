#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "report/load.h"

/* Whatever the file holds: a refusal explains itself, and what is accepted is consistent. */
static void check(const struct pqm_inventory *inv)
{
	for (size_t i = 0; i < inv->n_findings; i++) {
		const struct pqm_finding *f = &inv->findings[i];

		for (size_t k = 0; k < f->n_occs; k++) {
			assert(f->occs[k].target < inv->n_targets);
			assert(f->occs[k].n_attrs <= PQM_ATTRS_MAX);
		}
	}
	for (size_t i = 0; i < inv->n_objects; i++)
		assert(inv->objects[i].target < inv->n_targets);
	for (size_t i = 0; i < inv->coverage.n_notes; i++)
		assert(inv->coverage.notes[i].target < inv->n_targets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_inventory inv;
	struct pqm_err err = { 0 };

	pqm_inventory_init(&inv);
	/* Twice: the second file joins the first. */
	for (int i = 0; i < 2; i++)
		if (pqm_inventory_load_text(&inv, (pqm_bytes){ data, size }, "a.json", &err) !=
			PQM_OK)
			assert(err.st != PQM_OK && memcmp(err.msg, "a.json: ", 8) == 0);
		else
			check(&inv);
	pqm_inventory_fini(&inv);
	return 0;
}
