/* det_go.c — Go programs: what they call, and what their toolchain's TLS does. */
#include "base/limits.h"
#include "detect/detector.h"
#include "go_look.h"

static bool wants(const struct pqm_artifact *a)
{
	(void)a;
	return false; /* the anchor says when */
}

static void note(struct pqm_emit *out, const struct go_look *k, const struct pqm_err *why)
{
	pqm_emit_note(out, k->bin.bad_off, why->st, "%s", why->msg);
}

/* One image: the build information at one of the hits, then functions and their calls. */
static enum pqm_st examine(struct go_look *k, const struct pqm_artifact *a, size_t image,
	const struct pqm_hits *hits, struct pqm_err *err)
{
	bool found = false;
	enum pqm_st st = pqm_gobin_open(&k->bin, a->body, image, a->arena, err);
	uint64_t base = st == PQM_OK ? (uint64_t)(k->bin.body.p - a->body.p) : 0;

	for (size_t i = 0; st == PQM_OK && !found && i < hits->n; i++)
		if (hits->hit[i].off >= base)
			st = pqm_gobin_info(&k->bin, hits->hit[i].off - base, &found, err);
	if (st != PQM_OK || !found)
		return st;
	k->base = base;
	st = pqm_pclntab_find(&k->table, &k->bin, a->arena, err);
	if (st != PQM_OK)
		return st;
	if (k->table.n == 0)
		return pqm_fail(err, PQM_EPARSE,
			"Go: no function table in this program: what it calls is not known");
	return go_emit(k, err);
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct go_look k = { .r = r, .arena = a->arena, .out = out };
	struct pqm_err why = { PQM_OK, "" };
	size_t images = *hits->done_until > 0 ? 0 : pqm_gobin_images(a->body);
	enum pqm_st st = PQM_OK;

	*hits->done_until = a->body.n;
	if (images > 0 && a->has_holes)
		pqm_emit_note(out, UINT64_MAX, PQM_ELIMIT,
			"Go program of more than 64 MiB in an archive: held in part, so what it "
			"calls "
			"may be missed; unpack it and scan the folder");
	for (size_t i = 0; i < images && st == PQM_OK; i++) {
		if (i == 0 && pqm_go_rules_build(&k.rules, r, a->arena, err) != PQM_OK)
			return err->st;
		st = examine(&k, a, i, hits, &why);
		if (st == PQM_EPARSE || st == PQM_ELIMIT) {
			note(out, &k, &why);
			st = PQM_OK;
		}
	}
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "%s", why.msg);
}

static const struct pqm_anchor anchors[] = { PQM_ANCHOR(PQM_GO_INFO_MAGIC) };

const struct pqm_detector pqm_det_go = {
	.name = "go",
	.version = 1,
	.summary = "Go programs: versions, modules, what they call, post-quantum TLS",
	.anchors = anchors,
	.n_anchors = 1,
	.wants = wants,
	.run = run,
};
