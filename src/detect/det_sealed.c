#include "detect/keymat.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/num.h"
#include "hyb/file.h"
#include "parse/armour.h"
#include "parse/sealed.h"

/* Encrypted files: whose key opens them decides how long they stay closed. */

static const struct pqm_anchor anchors[] = {
	PQM_ANCHOR("-----BEGIN PGP MESSAGE---"),
	PQM_ANCHOR("-----BEGIN AGE ENCRYPTED "),
};

static const struct pqm_armour armours[] = {
	{ "OpenPGP message", "-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----", "-----",
		true, true },
	{ "age file", "-----BEGIN AGE ENCRYPTED FILE-----", "-----END AGE ENCRYPTED FILE-----",
		"-----", false, false },
};

struct job {
	const struct pqm_rules *r;
	struct pqm_emit *out;
	uint64_t base;	/* of the header in the file; of the armour when is_armour */
	bool is_armour; /* then all recipients share its offset */
	const char *rule;
};

static enum pqm_st on_recipient(void *ctx, const struct pqm_sealed_to *to)
{
	const struct job *j = ctx;
	uint8_t digest[PQM_SHA256_BYTES];
	char identity[8 + 2 * PQM_SHA256_BYTES], parameter[16];
	const struct pqm_alg_ref *alg;
	struct pqm_keymat_text t;

	/* Under a passphrase only symmetric cryptography protects the file. */
	if (to->algorithm == NULL)
		return PQM_OK;
	alg = pqm_alg_by_name(j->r, pqm_str(to->algorithm));
	pqm_sha256(digest, to->share);
	memcpy(identity, "sha256:", 7);
	pqm_hex(identity + 7, digest, sizeof(digest));
	(void)snprintf(parameter, sizeof(parameter), "%u", to->bits);
	struct pqm_found f = {
		.identity = { (const uint8_t *)identity, 7 + 2 * sizeof(digest) },
		.meaning = PQM_USE,
		.evidence = PQM_PARSED,
		.family = PQM_LIT("unknown"),
		.algorithm = pqm_keymat_clip(t.other, to->type),
		.parameter = to->bits > 0 ? pqm_str(parameter) : PQM_LIT(""),
		.bits = to->bits,
		.off = j->is_armour ? j->base : j->base + to->off,
	};

	if (alg != NULL) {
		f.algorithm = alg->algorithm;
		pqm_alg_fill(&f, alg);
	}
	f.function = PQM_FN_PKE; /* whatever wraps the key, it is for a key pair that stays */
	pqm_keymat_status(&f, j->r,
		f.quantum == PQM_Q_HYBRID || f.quantum == PQM_Q_SAFE ? "sealed.hybrid" : j->rule);
	pqm_found_attr(&f, "recipient", pqm_keymat_clip(t.comment, to->type));
	return pqm_emit(j->out, &f);
}

static enum pqm_st told(struct job *j, enum pqm_st st, const struct pqm_err *err)
{
	if (st != PQM_EPARSE && st != PQM_ELIMIT)
		return st;
	pqm_emit_note(j->out, j->base, st, "%s", err->msg);
	return PQM_OK;
}

/* Files that `pqmap seal` and libhyb write. */
static enum pqm_st own(struct job *j, pqm_bytes body)
{
	struct hyb_file_map m;

	if (body.n < HYB_FILE_FIXED_BYTES || hyb_file_map_read(&m, body.p) != HYB_OK)
		return PQM_OK;
	for (size_t i = 0; i < m.n_recipients; i++) {
		size_t off = HYB_FILE_FIXED_BYTES + i * m.entry_bytes;
		struct pqm_sealed_to to = { .algorithm = m.kem->name,
			.type = PQM_LIT("pqmap"),
			.share = pqm_sub(body, off, m.entry_bytes),
			.off = off };

		if (to.share.n < m.entry_bytes)
			break;
		if (on_recipient(j, &to) != PQM_OK)
			return PQM_ENOMEM;
	}
	return PQM_OK;
}

static enum pqm_st binary(struct job *j, pqm_bytes body, struct pqm_err *err)
{
	if (pqm_sealed_is_age(body)) {
		j->rule = "sealed.age";
		return told(j, pqm_sealed_age(body, on_recipient, j, err), err);
	}
	if (pqm_sealed_is_pgp(body)) {
		j->rule = "sealed.pgp";
		return told(j, pqm_sealed_pgp(body, on_recipient, j, err), err);
	}
	j->rule = "sealed.hybrid";
	return own(j, body);
}

static enum pqm_st one_armour(
	struct job *j, unsigned kind, pqm_bytes text, size_t *total, struct pqm_err *err)
{
	struct pqm_buf body;
	enum pqm_st st;

	pqm_buf_init(&body, PQM_PEM_BODY_BYTES);
	st = pqm_armour_decode(&armours[kind], text, &body, total, err);
	if (st == PQM_OK)
		st = binary(j, pqm_buf_bytes(&body), err);
	else if (st == PQM_EPARSE)
		st = PQM_OK; /* prose about such files has the line too */
	else
		st = told(j, st, err);
	pqm_buf_wipe(&body);
	return st;
}

static bool wants(const struct pqm_artifact *a)
{
	return pqm_sealed_is_age(a->head) || pqm_sealed_is_pgp(a->head) ||
		pqm_starts(a->head, PQM_LIT("HYBSEAL\0"));
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	if (*hits->done_until == 0 && wants(a)) {
		struct job j = { .r = r, .out = out };

		*hits->done_until = 1; /* once, even when hits come in batches */
		st = binary(&j, a->body, err);
	}
	for (size_t i = 0; st == PQM_OK && i < hits->n; i++) {
		struct job j = { .r = r, .out = out, .base = hits->hit[i].off, .is_armour = true };
		size_t total = 0;

		if (j.base < *hits->done_until)
			continue;
		st = one_armour(&j, hits->hit[i].anchor,
			pqm_sub(a->body, (size_t)j.base, a->body.n), &total, err);
		*hits->done_until = j.base + (total > 0 ? total : 1);
	}
	return st;
}

const struct pqm_detector pqm_det_sealed = {
	.name = "sealed",
	.version = 1,
	.summary = "Encrypted files by their recipients: age, OpenPGP messages, pqmap",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.wants = wants,
	.run = run,
};
