#include "detect/keymat.h"

#include "base/buf.h"
#include "base/limits.h"
#include "parse/armour.h"
#include "parse/ssh.h"

static const struct pqm_anchor anchors[] = {
	PQM_ANCHOR("-----BEGIN OPENSSH PRIVA"),
	{ "openssh-key-v1", NULL, sizeof("openssh-key-v1") }, /* with its NUL */
};

#define ANCHOR_PEM 0

static const struct pqm_armour pem = {
	.name = "OpenSSH private key",
	.begin = "-----BEGIN OPENSSH PRIVATE KEY-----",
	.end = "-----END OPENSSH PRIVATE KEY-----",
	.dashes = "-----",
};

/* A handle has no key in it, and an encrypted key is only as near as its pass phrase. */
static const char *rule_of(const struct pqm_ssh_private *k)
{
	if (k->key.is_sk)
		return "key.ssh-private-token";
	return pqm_eqs(k->cipher, "none") ? "key.ssh-private" : "key.ssh-private-encrypted";
}

static enum pqm_st emit_private(const struct pqm_rules *r, const struct pqm_ssh_private *k,
	uint64_t off, struct pqm_emit *out)
{
	struct pqm_keymat_text t;
	struct pqm_found f;

	pqm_keymat_fill(&f, r, rule_of(k), &k->key.key, off);
	pqm_found_attr(&f, "type", k->key.type);
	pqm_found_attr(&f, "encryption", pqm_keymat_clip(t.comment, k->cipher));
	if (k->key.is_sk)
		pqm_found_attr(&f, "token", PQM_LIT("FIDO"));
	return pqm_emit(out, &f);
}

/* Does base64 of "openssh-key-v1" follow the BEGIN line? Then it is a key, whole or not; manuals have
 * dots there. */
static bool has_magic(pqm_bytes armour)
{
	pqm_bytes start = pqm_sub(armour, strlen(pem.begin), 64);

	return pqm_find(start, 0, PQM_LIT("b3BlbnNzaC1rZXktdjE")) != SIZE_MAX;
}

static enum pqm_st one_pem(const struct pqm_rules *r, pqm_bytes armour, uint64_t off,
	struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_ssh_private k;
	struct pqm_buf blob;
	size_t total;
	enum pqm_st st;

	if (!has_magic(armour))
		return PQM_OK;
	pqm_buf_init(&blob, PQM_SSH_PRIVATE_BYTES);
	st = pqm_armour_decode(&pem, armour, &blob, &total, err);
	if (st == PQM_OK)
		st = pqm_ssh_private(&k, pqm_buf_bytes(&blob), true, err);
	if (st == PQM_OK) {
		st = emit_private(r, &k, off, out);
	} else {
		pqm_emit_note(out, off, st, "%s", err->msg);
		st = PQM_OK;
	}
	pqm_buf_wipe(&blob); /* the private key was in it */
	return st;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < hits->n; i++) {
		uint64_t off = hits->hit[i].off;
		pqm_bytes at = pqm_sub(a->body, (size_t)off, a->body.n);
		struct pqm_ssh_private k;

		if (off < *hits->done_until)
			continue;
		if (hits->hit[i].anchor == ANCHOR_PEM) {
			st = one_pem(r, at, off, out, err);
		} else if (pqm_ssh_private(&k, pqm_sub(at, 0, PQM_SSH_PRIVATE_BYTES), false, err) ==
			PQM_OK) {
			*hits->done_until = off + k.total;
			st = emit_private(r, &k, off, out);
		}
	}
	return st;
}

const struct pqm_detector pqm_det_ssh_private = {
	.name = "ssh-private",
	.version = 1,
	.summary = "OpenSSH private keys, encrypted or not",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.run = run,
};
