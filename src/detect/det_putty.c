#include "detect/keymat.h"

#include "base/limits.h"
#include "parse/ppk.h"

static const struct pqm_anchor anchors[] = {
	PQM_ANCHOR("PuTTY-User-Key-File-"),
};

/* The head line and the next one: manuals that quote a file's first line get no note. */
static bool has_head(pqm_bytes text)
{
	size_t nl = pqm_find_byte(pqm_sub(text, 0, 128), 0, '\n');

	return nl != SIZE_MAX && pqm_starts(pqm_sub(text, nl + 1, 12), PQM_LIT("Encryption: "));
}

static enum pqm_st one(const struct pqm_rules *r, pqm_bytes text, uint64_t off,
	struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_keymat_text t;
	struct pqm_found f;
	struct pqm_buf blob;
	struct pqm_ppk k;
	enum pqm_st st;

	pqm_buf_init(&blob, PQM_SSH_BLOB_BYTES);
	st = pqm_ppk_parse(&k, text, &blob, err);
	if (st == PQM_OK) {
		pqm_keymat_fill(&f, r,
			pqm_eqs(k.encryption, "none") ? "key.putty" : "key.putty-encrypted",
			&k.key.key, off);
		pqm_found_attr(&f, "type", k.type);
		pqm_found_attr(&f, "encryption", pqm_keymat_clip(t.comment, k.encryption));
		pqm_found_attr(&f, "version", k.version == 3 ? PQM_LIT("3") : PQM_LIT("2"));
		st = pqm_emit(out, &f);
	} else {
		if (has_head(text))
			pqm_emit_note(out, off, st, "%s", err->msg);
		st = PQM_OK;
	}
	pqm_buf_fini(&blob);
	return st;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < hits->n; i++) {
		uint64_t off = hits->hit[i].off;

		st = one(r, pqm_sub(a->body, (size_t)off, a->body.n), off, out, err);
	}
	return st;
}

const struct pqm_detector pqm_det_putty = {
	.name = "putty",
	.version = 1,
	.summary = "PuTTY private key files (.ppk), versions 2 and 3",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.run = run,
};
