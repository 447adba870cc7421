#include "detect/keymat.h"

#include <stdio.h>

#include "detect/material.h"
#include "parse/der.h"
#include "parse/jks.h"

/* Stands between the certificate's sighting and the engine: the leaf of a private key's chain also
 * says what the key is. */
struct job {
	struct pqm_emit tap;
	struct pqm_emit *out;
	const struct pqm_rules *r;
	struct pqm_material mt;
	const struct pqm_jks *store;
	const struct pqm_jks_entry *leaf_of; /* NULL: only a certificate */
};

static struct job *job_of(struct pqm_emit *tap)
{
	return (struct job *)(void *)((char *)tap - offsetof(struct job, tap));
}

/* The scheme that protects a key [JavaKeyStore, JceKeyStore KeyProtector]. */
static pqm_bytes protection(pqm_bytes key)
{
	struct pqm_cur c = pqm_cur_of(key), seq;
	char oid[PQM_OID_TEXT];
	pqm_bytes params;

	if (!pqm_der_enter(&c, PQM_DER_SEQ, &seq) || !pqm_der_alg(&seq, oid, &params))
		return pqm_str(NULL);
	if (strcmp(oid, "1.3.6.1.4.1.42.2.17.1.1") == 0)
		return PQM_LIT("Sun JKS key protector");
	if (strcmp(oid, "1.3.6.1.4.1.42.2.19.1") == 0)
		return PQM_LIT("PBEWithMD5AndTripleDES");
	return pqm_str(NULL);
}

/* The key whose certificate is cert: same names and sizes, same identity. */
static enum pqm_st emit_entry_key(struct job *j, const struct pqm_found *cert)
{
	const char *rule = j->store->is_jceks ? "keystore.jceks" : "keystore.jks";
	struct pqm_found f = *cert;
	char entries[16], chain[16];

	f.rule = f.why = f.fix = pqm_str(NULL);
	f.n_attrs = 0;
	f.meaning = PQM_KEY;
	if (pqm_eqs(f.family, "RSA") || pqm_eqs(f.family, "EC"))
		f.function = PQM_FN_ANY;
	(void)snprintf(entries, sizeof(entries), "%u", (unsigned)j->store->n_entries);
	(void)snprintf(chain, sizeof(chain), "%u", (unsigned)j->leaf_of->n_certs);
	pqm_found_attr(&f, "store_entries", pqm_str(entries));
	pqm_found_attr(&f, "chain", pqm_str(chain));
	pqm_found_attr(&f, "encryption", protection(j->leaf_of->key));
	pqm_rule_fill(&f, j->r, rule);
	return pqm_emit(j->out, &f);
}

static enum pqm_st tap_found(struct pqm_emit *e, const struct pqm_found *f)
{
	struct job *j = job_of(e);
	enum pqm_st st = pqm_emit(j->out, f);

	return st == PQM_OK && j->leaf_of != NULL ? emit_entry_key(j, f) : st;
}

static enum pqm_st tap_object(struct pqm_emit *e, const struct pqm_object *o)
{
	return pqm_emit_object(job_of(e)->out, o);
}

static enum pqm_st tap_child(struct pqm_emit *e, const struct pqm_child *c)
{
	return pqm_emit_child(job_of(e)->out, c);
}

static void tap_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	job_of(e)->out->note(job_of(e)->out, off, why, words);
}

static void tap_claim(struct pqm_emit *e, uint64_t from, uint64_t to)
{
	pqm_emit_claim(job_of(e)->out, from, to);
}

static enum pqm_st on_entry(void *ctx, const struct pqm_jks_entry *e, struct pqm_err *err)
{
	struct job *j = ctx;
	pqm_bytes certs = e->certs, der;
	enum pqm_st st = PQM_OK;

	for (uint32_t i = 0; st == PQM_OK && i < e->n_certs; i++) {
		if (!pqm_jks_cert(&certs, e->version, &der))
			return pqm_fail(
				err, PQM_EINTERNAL, "Java key store: entry measured wrongly");
		if (der.n == 0)
			continue;
		j->leaf_of = e->kind == PQM_JKS_PRIVATE && i == 0 ? e : NULL;
		st = pqm_material_der(&j->mt, der, PQM_MAT_BIT(PQM_MAT_CERT), err);
		if (st == PQM_EPARSE || st == PQM_ELIMIT) {
			pqm_emit_note(j->out, e->off, st, "Java key store: certificate %u: %s",
				(unsigned)i + 1, err->msg);
			st = PQM_OK;
		}
	}
	return st;
}

static bool wants(const struct pqm_artifact *a)
{
	return pqm_jks_looks_like(a->head);
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_jks store;
	struct job j = { .tap = { .found = tap_found,
				 .object = tap_object,
				 .child = tap_child,
				 .note = tap_note,
				 .claim = tap_claim },
		.out = out,
		.r = r,
		.store = &store };
	enum pqm_st st;

	if (*hits->done_until > 0 || !wants(a))
		return PQM_OK;
	*hits->done_until = 1;
	pqm_material_init(&j.mt, r, &j.tap, a->arena, true);
	st = pqm_jks_walk(&store, a->body, on_entry, &j, err);
	/* Also of a broken store: what others find in it was counted here. */
	if (j.mt.n_emitted > 0)
		pqm_emit_claim(out, 0, store.end);
	if (st != PQM_EPARSE && st != PQM_ELIMIT)
		return st;
	pqm_emit_note(out, store.end, st, "%s", err->msg);
	return PQM_OK;
}

const struct pqm_detector pqm_det_jks = {
	.name = "jks",
	.version = 1,
	.summary = "Java key stores (JKS, JCEKS): certificates and what kind of keys they hold",
	.wants = wants,
	.run = run,
};
