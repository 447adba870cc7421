#include "detect/keymat.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/limits.h"
#include "parse/armour.h"
#include "parse/pgp.h"

static const struct pqm_anchor anchors[] = {
	PQM_ANCHOR("-----BEGIN PGP PUBLIC KE"),
	PQM_ANCHOR("-----BEGIN PGP PRIVATE K"),
};

static const struct pqm_armour armours[] = {
	{ "OpenPGP key block", "-----BEGIN PGP PUBLIC KEY BLOCK-----",
		"-----END PGP PUBLIC KEY BLOCK-----", "-----", true, true },
	{ "OpenPGP key block", "-----BEGIN PGP PRIVATE KEY BLOCK-----",
		"-----END PGP PRIVATE KEY BLOCK-----", "-----", true, true },
};

struct job {
	const struct pqm_rules *r;
	struct pqm_emit *out;
	struct pqm_err *err;
	uint64_t base;	/* of the packets in the file; of the armour when is_armour */
	bool is_armour; /* then all keys of the block share its offset */
	size_t n;
};

static enum pqm_st on_key(void *ctx, const struct pqm_pgp_key *k, struct pqm_err *err)
{
	struct job *j = ctx;
	struct pqm_keymat_text t;
	struct pqm_found f;

	(void)err;
	j->n++;
	pqm_keymat_fill(&f, j->r, k->is_secret ? "key.pgp-private" : "key.pgp-public", &k->key,
		j->is_armour ? j->base : j->base + k->off);
	(void)snprintf(t.other, sizeof(t.other), "v%u", (unsigned)k->version);
	pqm_found_attr(&f, "version", pqm_str(t.other));
	pqm_found_attr(&f, "role", k->is_subkey ? PQM_LIT("subkey") : PQM_LIT("primary"));
	pqm_found_attr(&f, "created", pqm_keymat_date(t.date, k->created));
	if (k->is_secret)
		pqm_found_attr(&f, "encryption",
			k->is_protected ? PQM_LIT("passphrase") : PQM_LIT("none"));
	return pqm_emit(j->out, &f);
}

/* Walks one block. Errors of the input become a note when it is OpenPGP beyond doubt; other errors
 * (no memory) are returned. */
static enum pqm_st walk(struct job *j, pqm_bytes packets)
{
	size_t end;
	enum pqm_st st = pqm_pgp_walk(packets, on_key, j, &end, j->err);

	if (st != PQM_EPARSE && st != PQM_ELIMIT)
		return st;
	if (j->n > 0 || (j->is_armour && pqm_pgp_looks_like(packets)))
		pqm_emit_note(
			j->out, j->is_armour ? j->base : j->base + end, st, "%s", j->err->msg);
	return PQM_OK;
}

static enum pqm_st on_block(void *ctx, pqm_bytes packets, uint64_t off, struct pqm_err *err)
{
	struct job *j = ctx;

	(void)err;
	j->base = off;
	return walk(j, packets);
}

static enum pqm_st binary(struct job *j, const struct pqm_artifact *a)
{
	enum pqm_st st;

	if (!pqm_pgp_is_keybox(a->body))
		return walk(j, a->body);
	st = pqm_pgp_keybox(a->body, on_block, j, j->err);
	if (st != PQM_EPARSE)
		return st;
	pqm_emit_note(j->out, UINT64_MAX, st, "%s", j->err->msg);
	return PQM_OK;
}

static enum pqm_st one_armour(struct job *j, unsigned kind, pqm_bytes text, size_t *total)
{
	struct pqm_buf packets;
	enum pqm_st st;

	pqm_buf_init(&packets, PQM_PEM_BODY_BYTES);
	st = pqm_armour_decode(&armours[kind], text, &packets, total, j->err);
	if (st == PQM_OK) {
		st = walk(j, pqm_buf_bytes(&packets));
	} else {
		/* Cut blocks still have their first bytes; blocks of prose have not. */
		pqm_bytes head = pqm_trim(pqm_sub(text, strlen(armours[kind].begin), 512));

		if (pqm_find(head, 0, PQM_LIT("...")) == SIZE_MAX && head.n > 128)
			pqm_emit_note(j->out, j->base, st, "%s", j->err->msg);
		st = PQM_OK;
	}
	pqm_buf_wipe(&packets); /* may have held private keys */
	return st;
}

static bool wants(const struct pqm_artifact *a)
{
	return pqm_pgp_looks_like(a->head) || pqm_pgp_is_keybox(a->head);
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	if (*hits->done_until == 0 && wants(a)) {
		struct job j = { .r = r, .out = out, .err = err };

		*hits->done_until = 1; /* once, even when hits come in batches */
		st = binary(&j, a);
	}
	for (size_t i = 0; st == PQM_OK && i < hits->n; i++) {
		struct job j = {
			.r = r, .out = out, .err = err, .base = hits->hit[i].off, .is_armour = true
		};
		size_t total = 0;

		if (j.base < *hits->done_until)
			continue;
		st = one_armour(&j, hits->hit[i].anchor,
			pqm_sub(a->body, (size_t)j.base, a->body.n), &total);
		*hits->done_until = j.base + (total > 0 ? total : 1);
	}
	return st;
}

const struct pqm_detector pqm_det_pgp = {
	.name = "pgp",
	.version = 1,
	.summary = "OpenPGP public and private keys: armoured blocks, key rings, keyboxes",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.wants = wants,
	.run = run,
};
