#include "report/writer.h"

#include "base/limits.h"
#include "report/tally.h"

static void field(struct pqm_out *o, struct pqm_arena *a, pqm_bytes text)
{
	pqm_out_csv(o, pqm_printable(a, text));
	pqm_out_lit(o, ",");
}

static void row(struct pqm_out *o, struct pqm_arena *a, const struct pqm_report *r,
	const struct pqm_place *p)
{
	const struct pqm_finding *f = p->f;
	char place[48], id[2 * PQM_ID_BYTES + 1];

	pqm_occ_place(place, p->o);
	pqm_id_hex(id, f->id);
	field(o, a, r->inv->targets[p->o->target].name);
	field(o, a, p->path);
	pqm_out_f(o, "%s,", place);
	field(o, a, p->object);
	pqm_out_f(o, "%s,%s,", pqm_meaning_name(f->meaning), pqm_function_name(f->function));
	field(o, a, f->family);
	field(o, a, f->algorithm);
	field(o, a, f->parameter);
	pqm_out_f(o, "%s,%s%s,", pqm_quantum_name(f->quantum), pqm_evidence_name(f->evidence),
		pqm_basis_suffix(f->basis));
	field(o, a, f->rule);
	pqm_out_f(o, "%s\r\n", id);
}

static enum pqm_st csv_write(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	struct pqm_arena arena, scratch;
	struct pqm_place *p = NULL;
	size_t n = 0;

	pqm_arena_init(&arena, PQM_RUN_ARENA_BYTES);
	pqm_arena_init(&scratch, PQM_ARENA_BYTES);
	enum pqm_st st = pqm_places(&p, &n, r->inv, r->expand_stores, &arena, err);

	if (st == PQM_OK)
		pqm_out_lit(o,
			"target,path,offset,object,meaning,function,family,algorithm,"
			"parameter,quantum,evidence,rule,id\r\n"); /* [RFC4180 §2] */
	for (size_t i = 0; i < n; i++) {
		row(o, &scratch, r, &p[i]);
		pqm_arena_reset(&scratch);
	}
	pqm_arena_fini(&scratch);
	pqm_arena_fini(&arena);
	return st;
}

const struct pqm_writer pqm_rep_csv = {
	.name = "csv",
	.ext = ".csv",
	.summary = "one line an occurrence, for spreadsheets",
	.write = csv_write,
};
