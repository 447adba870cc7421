#include "detect/keymat.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/cur.h"
#include "base/limits.h"
#include "parse/armour.h"
#include "parse/ssh.h"

/* Base64 of a blob starts "AAAA", then the low byte of the type's length mixed with the type's first
 * letters; the free characters hold the length. */
static const struct pqm_anchor anchors[] = {
	{ "AAAA??NzaC1", "xxxx..xxxxx", 11 },	/* ssh-… */
	{ "AAAA??VjZHNh", "xxxx..xxxxxx", 12 }, /* ecdsa-… */
	{ "AAAA??NrLXNz", "xxxx..xxxxxx", 12 }, /* sk-ss… */
	{ "AAAA??NrLWVj", "xxxx..xxxxxx", 12 }, /* sk-ec… */
	{ "AAAA??JzYS1z", "xxxx..xxxxxx", 12 }, /* rsa-s… */
	{ "AAAA??dlYmF1", "xxxx..xxxxxx", 12 }, /* webau… */
	PQM_ANCHOR("---- BEGIN SSH2 PUBLIC"),
};

#define ANCHOR_SSH2 6

static const struct pqm_armour ssh2 = {
	.name = "RFC 4716 public key",
	.begin = "---- BEGIN SSH2 PUBLIC KEY ----",
	.end = "---- END SSH2 PUBLIC KEY ----",
	.dashes = "----",
	.has_headers = true,
};

struct job {
	const struct pqm_rules *r;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	struct pqm_err *err;
	bool is_key_file; /* by its name: then a broken key is worth a note */
};

/* Key types that the catalogue knows by their SSH name although we cannot read their numbers. */
static void name_unknown(const struct job *j, const struct pqm_ssh_key *k, struct pqm_found *f)
{
	const struct pqm_alg_ref *ref;

	if (strcmp(k->key.family, "unknown") != 0)
		return;
	ref = pqm_alg_by_name(j->r, k->type);
	if (ref == NULL)
		return;
	f->algorithm = f->parameter = pqm_str(NULL);
	pqm_alg_fill(f, ref);
}

static enum pqm_st emit_key(const struct job *j, const char *rule, const struct pqm_ssh_key *k,
	uint64_t off, pqm_bytes comment)
{
	struct pqm_keymat_text t;
	struct pqm_found f;

	pqm_keymat_fill(&f, j->r, rule, &k->key, off);
	name_unknown(j, k, &f);
	pqm_found_attr(&f, "type", k->type);
	pqm_found_attr(&f, "comment", pqm_keymat_clip(t.comment, comment));
	if (k->is_sk)
		pqm_found_attr(&f, "token", PQM_LIT("FIDO"));
	return pqm_emit(j->out, &f);
}

static enum pqm_st emit_cert(const struct job *j, const struct pqm_ssh_key *k, uint64_t off)
{
	const struct pqm_ssh_cert *c = &k->cert;
	char principals[16] = "any", ca[64];
	struct pqm_keymat_text t;
	struct pqm_found f;

	pqm_keymat_fill(&f, j->r, "cert.ssh", &k->key, off);
	f.meaning = PQM_CERT;
	f.function = PQM_FN_SIG;
	if (c->n_principals > 0)
		(void)snprintf(principals, sizeof(principals), "%u", (unsigned)c->n_principals);
	(void)snprintf(ca, sizeof(ca), "%s%s%s", c->ca.family,
		c->ca.parameter[0] != '\0' ? " " : "", c->ca.parameter);
	pqm_found_attr(
		&f, "type", c->type == PQM_SSH_CERT_HOST ? PQM_LIT("host") : PQM_LIT("user"));
	pqm_found_attr(&f, "key_id", pqm_keymat_clip(t.comment, c->key_id));
	pqm_found_attr(&f, "principals", pqm_str(principals));
	pqm_found_attr(&f, "valid_until",
		c->valid_before == UINT64_MAX ? PQM_LIT("forever")
					      : pqm_keymat_date(t.date, c->valid_before));
	pqm_found_attr(&f, "ca", pqm_str(ca));
	pqm_found_attr(&f, "signature", pqm_keymat_clip(t.other, c->signature));
	if (k->is_sk)
		pqm_found_attr(&f, "token", PQM_LIT("FIDO"));
	return pqm_emit(j->out, &f);
}

/* Does the blob begin with the type that stands before it on the line? */
static bool has_type(pqm_bytes blob, pqm_bytes type)
{
	struct pqm_cur c = pqm_cur_of(blob);
	pqm_bytes t;

	return pqm_cur_vec32(&c, &t) && pqm_eq(t, type);
}

static enum pqm_st emit_line(
	const struct job *j, const struct pqm_ssh_line *l, const struct pqm_ssh_key *k)
{
	enum pqm_ssh_place place = pqm_ssh_place_at(j->a->body, l->off);

	if (place == PQM_SSH_REMARK)
		return PQM_OK;
	if (k->is_cert)
		return emit_cert(j, k, l->off);
	if (place == PQM_SSH_HOST)
		return emit_key(j, "key.ssh-host", k, l->off, pqm_str(NULL));
	return emit_key(j, "key.ssh-public", k, l->off, l->comment);
}

static enum pqm_st one_line(const struct job *j, const struct pqm_ssh_line *l)
{
	struct pqm_ssh_key k;
	struct pqm_buf blob;
	enum pqm_st st = PQM_OK;

	pqm_buf_init(&blob, PQM_SSH_BLOB_BYTES);
	/* Another type inside is what documents and test data have: not a key, and not a broken one. */
	if (!pqm_base64(&blob, l->base64, NULL) || !has_type(pqm_buf_bytes(&blob), l->type))
		goto out;
	if (pqm_ssh_blob(&k, pqm_buf_bytes(&blob), j->err) != PQM_OK) {
		if (j->is_key_file)
			pqm_emit_note(j->out, l->off, j->err->st, "%s", j->err->msg);
	} else {
		st = emit_line(j, l, &k);
	}
out:
	pqm_buf_fini(&blob);
	return st;
}

static enum pqm_st one_ssh2(const struct job *j, size_t off, size_t *end)
{
	struct pqm_ssh_key k;
	struct pqm_buf blob;
	size_t total;
	enum pqm_st st;

	pqm_buf_init(&blob, PQM_SSH_BLOB_BYTES);
	st = pqm_armour_decode(
		&ssh2, pqm_sub(j->a->body, off, j->a->body.n), &blob, &total, j->err);
	if (st == PQM_OK) {
		*end = off + total;
		st = pqm_ssh_blob(&k, pqm_buf_bytes(&blob), j->err);
	}
	if (st != PQM_OK) {
		/* A block in a manual is no news; one in a key file is. */
		if (j->is_key_file)
			pqm_emit_note(j->out, off, st, "%s", j->err->msg);
		st = PQM_OK;
	} else {
		st = k.is_cert ? emit_cert(j, &k, off)
			       : emit_key(j, "key.ssh-public", &k, off, pqm_str(NULL));
	}
	pqm_buf_fini(&blob);
	return st;
}

static bool is_key_name(pqm_bytes name)
{
	return pqm_ends(name, PQM_LIT(".pub")) ||
		pqm_find(name, 0, PQM_LIT("authorized_keys")) != SIZE_MAX ||
		pqm_find(name, 0, PQM_LIT("known_hosts")) != SIZE_MAX;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct job j = { r, a, out, err, is_key_name(a->name) };
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < hits->n; i++) {
		size_t off = (size_t)hits->hit[i].off, end = off;
		struct pqm_ssh_line l;

		if (off < *hits->done_until)
			continue;
		if (hits->hit[i].anchor == ANCHOR_SSH2) {
			st = one_ssh2(&j, off, &end);
			if (end > off)
				*hits->done_until = end;
		} else if (pqm_ssh_line_at(&l, a->body, off)) {
			*hits->done_until = off + l.base64.n;
			st = one_line(&j, &l);
		}
	}
	return st;
}

const struct pqm_detector pqm_det_ssh = {
	.name = "ssh",
	.version = 1,
	.summary = "SSH public keys, host keys and certificates in any text; RFC 4716 files",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.run = run,
};
