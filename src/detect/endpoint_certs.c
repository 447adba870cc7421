/* endpoint_certs.c — what servers proved themselves with: the same findings as for the files on disk. */
#include "base/hash.h"
#include "base/num.h"
#include "detect/endpoint_int.h"
#include "detect/keymat.h"
#include "detect/material.h"
#include "parse/ssh.h"

/* Listens to the DER code that makes findings, and keeps the words for a reader. */
struct listener {
	struct pqm_emit emit; /* first: the callbacks cast back */
	struct pqm_arena *arena;
	struct pqm_wire_cert *cert;
	uint32_t rsa_bits;
	bool is_heard;
};

static pqm_bytes keep(struct listener *l, pqm_bytes text)
{
	return text.n == 0 ? (pqm_bytes){ NULL, 0 } : pqm_bytes_dup(l->arena, text);
}

/* "RSA-2048", "EC P-256", "ML-DSA-65", "Ed25519" */
static pqm_bytes key_words(struct pqm_arena *arena, const struct pqm_found *f)
{
	if (f->bits > 0 && pqm_eq(f->parameter, pqm_arena_f(arena, "%u", (unsigned)f->bits)))
		return pqm_arena_f(arena, "%.*s-%u", PQM_FMT(f->family), (unsigned)f->bits);
	if (pqm_eqs(f->family, "EC") && f->parameter.n > 0)
		return pqm_arena_f(arena, "EC %.*s", PQM_FMT(f->parameter));
	return pqm_arena_f(arena, "%.*s", PQM_FMT(f->algorithm.n > 0 ? f->algorithm : f->family));
}

static enum pqm_st hear(struct pqm_emit *e, const struct pqm_found *f)
{
	struct listener *l = (struct listener *)(void *)e;
	struct pqm_wire_cert *c = l->cert;

	if (l->is_heard)
		return PQM_OK;
	l->is_heard = true;
	c->key = key_words(l->arena, f);
	if (pqm_starts(f->identity, PQM_LIT("spki:")))
		c->spki = keep(l, pqm_sub(f->identity, 5, f->identity.n));
	if (pqm_eqs(f->family, "RSA"))
		l->rsa_bits = f->bits;
	for (size_t i = 0; i < f->n_attrs; i++) {
		pqm_bytes value = f->attrs[i].value;

		if (pqm_eqs(f->attrs[i].key, "subject"))
			c->subject = keep(l, value);
		else if (pqm_eqs(f->attrs[i].key, "issuer"))
			c->issuer = keep(l, value);
		else if (pqm_eqs(f->attrs[i].key, "signature"))
			c->signature = keep(l, value);
		else if (pqm_eqs(f->attrs[i].key, "not_after"))
			c->not_after = keep(l, value);
	}
	return PQM_OK;
}

static void hear_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	(void)e;
	(void)off;
	(void)why;
	(void)words;
}

static bool fill_sha256(struct pqm_arena *arena, struct pqm_wire_cert *c)
{
	uint8_t digest[PQM_SHA256_BYTES];
	char hex[2 * PQM_SHA256_BYTES + 1];

	if (c->sha256.n > 0 || c->der.n == 0)
		return true;
	pqm_sha256(digest, c->der);
	pqm_hex(hex, digest, sizeof(digest));
	c->sha256 = pqm_bytes_dup(arena, pqm_str(hex));
	return c->sha256.p != NULL;
}

/* Reads an X.509 certificate or a SubjectPublicKeyInfo for its words. */
static enum pqm_st describe(struct ep_job *j, struct pqm_wire_cert *c, bool is_leaf)
{
	struct listener l = {
		.emit = { .found = hear, .note = hear_note }, .arena = j->arena, .cert = c
	};
	struct pqm_material mt;
	struct pqm_err why = { PQM_OK, "" };

	pqm_material_init(&mt, j->r, &l.emit, j->arena, true);
	enum pqm_st st = pqm_material_der(
		&mt, c->der, PQM_MAT_BIT(PQM_MAT_CERT) | PQM_MAT_BIT(PQM_MAT_PUBLIC), &why);

	if (is_leaf && l.rsa_bits > 0 && (j->rsa_bits == 0 || l.rsa_bits < j->rsa_bits))
		j->rsa_bits = l.rsa_bits;
	return st == PQM_ENOMEM ? pqm_fail(j->err, st, "no memory for certificates") : PQM_OK;
}

/* Chains share their authorities, and versions their chains: the same bytes are told once. Where they
 * stood before, or NULL. */
static const struct pqm_wire_cert *told_as(
	const struct pqm_endpoint *e, size_t chain, size_t cert, bool *as_leaf)
{
	pqm_bytes der = e->chains[chain].certs[cert].der;

	for (size_t i = 0; i <= chain; i++)
		for (size_t k = 0; k < (i < chain ? e->chains[i].n_certs : cert); k++)
			if (pqm_eq(e->chains[i].certs[k].der, der)) {
				*as_leaf = k == 0;
				return &e->chains[i].certs[k];
			}
	return NULL;
}

static void tell_again(struct pqm_wire_cert *c, const struct pqm_wire_cert *told)
{
	pqm_bytes der = c->der;

	*c = *told;
	c->der = der;
}

static enum pqm_st emit_der(struct ep_job *j, size_t chain, size_t cert)
{
	const struct pqm_chain *c = &j->e->chains[chain];
	bool is_key = pqm_eqs(c->type, "raw public key");
	struct pqm_child child = { .body = c->certs[cert].der };

	child.path_part = pqm_arena_f(j->arena, "chain %zu › %s %zu", chain + 1,
		is_key ? "public key" : "certificate", cert + 1);
	if (child.path_part.n == 0)
		return pqm_fail(j->err, PQM_ENOMEM, "no memory for certificates");
	enum pqm_st st = pqm_emit_child(j->out, &child);

	return st == PQM_ENOMEM ? pqm_fail(j->err, st, "no memory for certificates") : PQM_OK;
}

/* ---- SSH ---- */

/* The names of SSH that the catalogue knows although we cannot read their numbers. */
static void name_unknown(struct ep_job *j, const struct pqm_ssh_key *k, struct pqm_found *f)
{
	const struct pqm_wire *w = strcmp(k->key.family, "unknown") == 0
		? pqm_wire_name(j->r, PQM_W_SSH_HOST_KEY, k->type)
		: NULL;

	if (w == NULL)
		return;
	f->family = w->family;
	f->algorithm = w->algorithm;
	f->parameter = w->parameter;
	f->quantum = w->quantum;
	f->classical = w->classical;
}

static pqm_bytes valid_until(const struct pqm_ssh_key *k, struct pqm_keymat_text *t)
{
	return k->cert.valid_before == UINT64_MAX ? PQM_LIT("forever")
						  : pqm_keymat_date(t->date, k->cert.valid_before);
}

static void ssh_cert_attrs(
	struct pqm_found *f, const struct pqm_ssh_key *k, struct pqm_keymat_text *t)
{
	f->meaning = PQM_CERT;
	f->function = PQM_FN_SIG;
	pqm_found_attr(
		f, "type", k->cert.type == PQM_SSH_CERT_HOST ? PQM_LIT("host") : PQM_LIT("user"));
	pqm_found_attr(f, "key_id", pqm_keymat_clip(t->comment, k->cert.key_id));
	pqm_found_attr(f, "valid_until", valid_until(k, t));
	pqm_found_attr(f, "ca", pqm_str(k->cert.ca.family));
	pqm_found_attr(f, "signature", pqm_keymat_clip(t->other, k->cert.signature));
}

static enum pqm_st emit_host_key(struct ep_job *j, size_t chain, struct pqm_wire_cert *c)
{
	struct pqm_err why = { PQM_OK, "" };
	struct pqm_keymat_text t;
	struct pqm_ssh_key k;
	struct pqm_found f;

	if (pqm_ssh_blob(&k, c->der, &why) != PQM_OK) {
		pqm_emit_note(
			j->out, UINT64_MAX, PQM_EPARSE, "host key %zu: %s", chain + 1, why.msg);
		return PQM_OK;
	}
	pqm_keymat_fill(&f, j->r, k.is_cert ? "cert.ssh" : "key.ssh-host", &k.key, 0);
	name_unknown(j, &k, &f);
	c->key = key_words(j->arena, &f);
	if (pqm_starts(f.identity, PQM_LIT("spki:")))
		c->spki = pqm_bytes_dup(j->arena, pqm_sub(f.identity, 5, f.identity.n));
	if (k.is_cert) {
		ssh_cert_attrs(&f, &k, &t);
		c->subject = pqm_bytes_dup(j->arena, pqm_keymat_clip(t.comment, k.cert.key_id));
		c->signature = pqm_bytes_dup(j->arena, pqm_keymat_clip(t.other, k.cert.signature));
		c->not_after = pqm_arena_f(j->arena, "%.*s", PQM_FMT(valid_until(&k, &t)));
	} else {
		pqm_found_attr(&f, "type", pqm_printable(j->arena, k.type));
	}
	pqm_found_attr(&f, "address", j->e->address);
	enum pqm_st st = pqm_emit(j->out, &f);

	return st == PQM_OK ? st : pqm_fail(j->err, st, "no memory for findings");
}

enum pqm_st pqm_ep_chains(struct ep_job *j)
{
	struct pqm_endpoint *e = j->e;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < e->n_chains; i++) {
		bool is_ssh = pqm_eqs(e->chains[i].type, "ssh");

		for (size_t k = 0; st == PQM_OK && k < e->chains[i].n_certs; k++) {
			struct pqm_wire_cert *c = &e->chains[i].certs[k];

			if (c->der.n == 0)
				continue; /* read back from a report: told there */
			if (!fill_sha256(j->arena, c))
				return pqm_fail(j->err, PQM_ENOMEM, "no memory for certificates");
			bool as_leaf = false;
			const struct pqm_wire_cert *told = told_as(e, i, k, &as_leaf);

			if (told != NULL && (is_ssh || as_leaf || k > 0)) {
				tell_again(c, told);
				continue;
			}
			st = is_ssh ? emit_host_key(j, i, c) : describe(j, c, k == 0);
			if (st == PQM_OK && !is_ssh && told == NULL)
				st = emit_der(j, i, k);
		}
	}
	return st;
}
