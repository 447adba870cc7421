#include "material.h"

#include "base/num.h"

void pqm_material_init(struct pqm_material *mt, const struct pqm_rules *r, struct pqm_emit *out,
	struct pqm_arena *arena, bool is_labelled)
{
	*mt = (struct pqm_material){ .rules = r, .out = out };
	mt->at.evidence = PQM_PARSED;
	pqm_mat_ctx_init(&mt->ctx, arena, is_labelled);
}

enum pqm_classical pqm_material_classical(
	pqm_bytes family, uint32_t bits, enum pqm_classical otherwise)
{
	uint32_t low = 1024, fair = 2048;

	if (pqm_eqs(family, "EC")) {
		low = 160;
		fair = 224;
	} else if (!pqm_eqs(family, "RSA") && !pqm_eqs(family, "DSA") && !pqm_eqs(family, "DH") &&
		!pqm_eqs(family, "ElGamal")) {
		return otherwise;
	}
	if (bits == 0 || bits >= fair)
		return otherwise;
	return bits < low		    ? PQM_C_BROKEN
		: otherwise == PQM_C_BROKEN ? PQM_C_BROKEN
					    : PQM_C_DEPRECATED;
}

/* A curve says more than id-ecPublicKey does. */
static const struct pqm_alg_ref *key_ref(const struct pqm_material *mt, const struct pqm_mat *m)
{
	const struct pqm_alg_ref *ref = NULL;

	if (m->curve[0] != '\0')
		ref = pqm_alg_by_oid(mt->rules, pqm_str(m->curve));
	return ref != NULL ? ref : pqm_alg_by_oid(mt->rules, pqm_str(m->oid));
}

/* pk_bytes of the parameter set, or 0 when the catalogue does not tell. */
static uint64_t catalogue_bytes(const struct pqm_alg_ref *ref)
{
	const struct pqm_yaml *sets = pqm_yaml_get(ref->alg->rule->node, "sets");
	uint64_t n = 0;

	for (size_t i = 0; sets != NULL && sets->type == PQM_YAML_SEQ && i < sets->n; i++) {
		const struct pqm_yaml *set = sets->items[i];

		if (pqm_eq(pqm_yaml_str(set, "parameter"), ref->parameter) &&
			pqm_yaml_u64(set, "pk_bytes", &n))
			return n;
	}
	return 0;
}

bool pqm_material_is_known(const struct pqm_material *mt, const struct pqm_mat *m)
{
	const struct pqm_alg_ref *ref = key_ref(mt, m);

	if (m->kind != PQM_MAT_PUBLIC && m->kind != PQM_MAT_PRIVATE)
		return true;
	if (ref == NULL)
		return false;
	if (m->key_bytes == 0 || ref->parameter.n == 0)
		return true;
	uint64_t want = catalogue_bytes(ref);

	return want == 0 || want == m->key_bytes;
}

static bool is_bits_family(const struct pqm_alg_ref *ref)
{
	return pqm_eqs(ref->alg->family, "RSA") || pqm_eqs(ref->alg->family, "DSA") ||
		pqm_eqs(ref->alg->family, "DH") || pqm_eqs(ref->alg->family, "ElGamal");
}

static bool is_any_key(pqm_bytes family)
{
	return pqm_eqs(family, "RSA") || pqm_eqs(family, "EC") || pqm_eqs(family, "SM2");
}

static void unknown(struct pqm_found *f, const char *oid)
{
	f->family = PQM_LIT("unknown");
	f->algorithm = pqm_str(oid);
	f->quantum = PQM_Q_UNKNOWN;
}

/* Family, algorithm, parameter, sizes and function of the key in m. */
static void fill_key(struct pqm_material *mt, struct pqm_found *f, const struct pqm_mat *m)
{
	const struct pqm_alg_ref *ref = key_ref(mt, m);

	f->bits = m->bits;
	if (ref == NULL) {
		unknown(f, m->oid);
		f->function = PQM_FN_ANY;
		return;
	}
	pqm_alg_fill(f, ref);
	if (pqm_eqs(f->family, "SM2")) /* one curve: the family says it all */
		f->parameter = (pqm_bytes){ NULL, 0 };
	else if (is_bits_family(ref) && m->bits > 0)
		f->parameter = pqm_arena_f(mt->ctx.arena, "%u", m->bits);
	f->classical = pqm_material_classical(f->family, m->bits, f->classical);
	if (pqm_eqs(f->family, "DSA"))
		f->function = PQM_FN_SIG;
	else if (is_any_key(f->family) && strcmp(m->oid, PQM_OID_RSA_PSS) != 0)
		f->function = PQM_FN_ANY;
}

/* The standard's name of a signature algorithm: "RSASSA-PSS-SHA256". */
static pqm_bytes signature_name(struct pqm_material *mt, const struct pqm_mat *m)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_oid(mt->rules, pqm_str(m->sig_oid)), *hash;
	pqm_bytes name =
		ref != NULL ? ref->algorithm : pqm_arena_f(mt->ctx.arena, "%s", m->sig_oid);

	if (m->sig_hash[0] == '\0')
		return name;
	hash = pqm_alg_by_oid(mt->rules, pqm_str(m->sig_hash));
	return hash == NULL
		? name
		: pqm_arena_f(mt->ctx.arena, "%.*s-%.*s", PQM_FMT(name), PQM_FMT(hash->algorithm));
}

static void attr_date(struct pqm_material *mt, struct pqm_found *f, const char *key, int64_t days)
{
	char text[16];

	if (days == INT64_MAX)
		return;
	pqm_date_format(text, days);
	pqm_found_attr(f, key, pqm_arena_f(mt->ctx.arena, "%s", text));
}

static void attr_true(struct pqm_found *f, const char *key, bool value)
{
	if (value)
		pqm_found_attr(f, key, PQM_LIT("true"));
}

static void fill_cert(struct pqm_material *mt, struct pqm_found *f, const struct pqm_mat *m)
{
	f->meaning = PQM_CERT;
	if (m->kind == PQM_MAT_CRL) {
		const struct pqm_alg_ref *ref = pqm_alg_by_oid(mt->rules, pqm_str(m->sig_oid));

		if (ref != NULL)
			pqm_alg_fill(f, ref);
		else
			unknown(f, m->sig_oid);
		f->parameter = (pqm_bytes){ NULL, 0 };
	} else {
		fill_key(mt, f, m);
	}
	f->function = PQM_FN_SIG;
	pqm_found_attr(f, "subject", m->text.subject);
	pqm_found_attr(f, "issuer", m->text.issuer);
	pqm_found_attr(f, "serial", m->text.serial);
	if (m->kind != PQM_MAT_REQUEST) {
		attr_date(mt, f, "not_before", m->not_before);
		attr_date(mt, f, "not_after", m->not_after);
	}
	pqm_found_attr(f, "signature", signature_name(mt, m));
	attr_true(f, "is_ca", m->text.is_ca);
	attr_true(f, "self_issued", m->text.is_self_issued);
	pqm_found_attr(f, "usage", m->text.usage);
	pqm_found_attr(f, "san", m->text.san);
	pqm_found_attr(f, "fingerprint", pqm_arena_f(mt->ctx.arena, "%s", m->digest));
}

/* What a PBES1 scheme encrypts with. */
static const struct pqm_yaml *pbe_scheme(const struct pqm_rules *r, const char *oid)
{
	const struct pqm_rule *rule = pqm_rules_get(r, PQM_LIT("key.private-encrypted"));
	const struct pqm_yaml *list = rule == NULL ? NULL : pqm_yaml_get(rule->node, "schemes");

	for (size_t i = 0; list != NULL && list->type == PQM_YAML_SEQ && i < list->n; i++)
		if (pqm_eqs(pqm_yaml_str(list->items[i], "oid"), oid))
			return list->items[i];
	return NULL;
}

static void attr_alg(struct pqm_material *mt, struct pqm_found *f, const char *key, const char *oid)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_oid(mt->rules, pqm_str(oid));

	pqm_found_attr(
		f, key, ref != NULL ? ref->algorithm : pqm_arena_f(mt->ctx.arena, "%s", oid));
}

static void fill_encrypted(struct pqm_material *mt, struct pqm_found *f, const struct pqm_mat *m)
{
	const struct pqm_yaml *pbe = pbe_scheme(mt->rules, m->enc_oid);
	const struct pqm_alg_ref *ref = pqm_alg_by_oid(mt->rules, pqm_str(m->enc_oid));
	uint64_t bits;

	f->meaning = PQM_KEY;
	if (pbe != NULL) {
		f->algorithm = pqm_yaml_str(pbe, "algorithm");
		f->parameter = pqm_yaml_str(pbe, "parameter");
		ref = pqm_alg_by_name(mt->rules, pqm_yaml_str(pbe, "family"));
	}
	if (ref != NULL)
		pqm_alg_fill(f, ref);
	else
		unknown(f, m->enc_oid);
	if (f->parameter.n == 0 && m->enc_bits > 0)
		f->parameter = pqm_arena_f(mt->ctx.arena, "%u", m->enc_bits);
	if (pqm_u64_parse(f->parameter, 4096, &bits))
		f->bits = (uint32_t)bits;
	f->function = PQM_FN_CIPHER;
	/* the family is the cipher's: it says nothing of the key that it guards */
	f->quantum = PQM_Q_UNKNOWN;
	f->why = m->kind == PQM_MAT_PKCS12
		? PQM_LIT("The store is under a password and the row names the cipher that guards "
			  "it; keys inside were not read, so what a quantum computer breaks of "
			  "them "
			  "is unknown.")
		: PQM_LIT("The key is under a password and the row names the cipher that guards "
			  "it; "
			  "the key inside was not read, so whether a quantum computer breaks it is "
			  "unknown.");
	pqm_found_attr(f, "encryption", f->algorithm);
	if (m->kdf_oid[0] != '\0')
		attr_alg(mt, f, "kdf", m->kdf_oid);
	if (m->prf_oid[0] != '\0')
		attr_alg(mt, f, "prf", m->prf_oid);
	pqm_found_attr(f, "iterations", pqm_arena_f(mt->ctx.arena, "%u", m->iterations));
	if (m->mac_oid[0] != '\0')
		attr_alg(mt, f, "mac", m->mac_oid);
	if (m->kind == PQM_MAT_PKCS12)
		pqm_found_attr(f, "private_keys", pqm_arena_f(mt->ctx.arena, "%zu", m->n_keys));
}

static void fill_material(struct pqm_material *mt, struct pqm_found *f, const struct pqm_mat *m)
{
	f->meaning = PQM_KEY;
	fill_key(mt, f, m);
	pqm_found_attr(f, "format", pqm_str(m->form));
	if (m->has_explicit_curve)
		pqm_found_attr(f, "curve", PQM_LIT("explicit parameters"));
}

static const char *rule_of(const struct pqm_mat *m)
{
	switch (m->kind) {
	case PQM_MAT_CERT:
		return "cert.x509";
	case PQM_MAT_REQUEST:
		return "cert.request";
	case PQM_MAT_CRL:
		return "cert.crl";
	case PQM_MAT_PUBLIC:
		return "key.public";
	case PQM_MAT_PRIVATE:
		return "key.private";
	case PQM_MAT_ENCRYPTED:
		return "key.private-encrypted";
	case PQM_MAT_DH_PARAMS:
		return "key.dh-parameters";
	case PQM_MAT_PKCS12:
		return m->n_encrypted > 0 && m->enc_oid[0] != '\0' ? "keystore.pkcs12" : NULL;
	case PQM_MAT_DSA_PARAMS: /* no key in them */
	case PQM_MAT_EC_PARAMS:
	case PQM_MAT_CMS: /* only what is inside */
		return NULL;
	}
	return NULL;
}

enum pqm_st pqm_material_emit(struct pqm_material *mt, const struct pqm_mat *m)
{
	const char *rule = rule_of(m);
	struct pqm_found f = mt->at;

	if (rule == NULL)
		return PQM_OK;
	f.identity = m->spki[0] != '\0' ? pqm_arena_f(mt->ctx.arena, "spki:%s", m->spki)
					: pqm_arena_f(mt->ctx.arena, "sha256:%s", m->digest);
	if (f.identity.n == 0)
		return PQM_ENOMEM;
	if (m->kind == PQM_MAT_CERT || m->kind == PQM_MAT_REQUEST || m->kind == PQM_MAT_CRL)
		fill_cert(mt, &f, m);
	else if (m->kind == PQM_MAT_ENCRYPTED || m->kind == PQM_MAT_PKCS12)
		fill_encrypted(mt, &f, m);
	else
		fill_material(mt, &f, m);
	pqm_rule_fill(&f, mt->rules, rule);
	mt->n_emitted++;
	return pqm_emit(mt->out, &f);
}

/* What a store holds in the clear. A part that does not parse is noted; the rest goes on. */
static enum pqm_st emit_inner(struct pqm_material *mt, const struct pqm_mat *m)
{
	unsigned kinds = PQM_MAT_BIT(PQM_MAT_CERT) | PQM_MAT_BIT(PQM_MAT_CRL) |
		(m->kind == PQM_MAT_PKCS12 ? PQM_MAT_BIT(PQM_MAT_PRIVATE) : 0);
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < m->n_inner; i++) {
		struct pqm_mat one;
		struct pqm_err err = { PQM_OK, "" };

		st = pqm_mat_parse(&one, m->inner[i], kinds, &mt->ctx, &err);
		if (st == PQM_OK) {
			st = pqm_material_emit(mt, &one);
		} else if (st != PQM_ENOMEM) {
			pqm_emit_note(mt->out, mt->at.line > 0 ? UINT64_MAX : mt->at.off, st,
				"%s object %zu: %s", m->form, i + 1, err.msg);
			st = PQM_OK;
		}
	}
	return st;
}

enum pqm_st pqm_material_der(
	struct pqm_material *mt, pqm_bytes der, unsigned kinds, struct pqm_err *err)
{
	struct pqm_mat m;
	enum pqm_st st = pqm_mat_parse(&m, der, kinds, &mt->ctx, err);

	if (st != PQM_OK)
		return st;
	if (!pqm_material_is_known(mt, &m))
		return pqm_fail(err, PQM_EPARSE,
			"at 0: algorithm %s is not in the catalogue, or its keys have another "
			"length",
			m.oid);
	st = pqm_material_emit(mt, &m);
	if (st == PQM_OK && m.n_inner > 0) {
		bool was = mt->ctx.is_labelled;

		mt->ctx.is_labelled = true;
		st = emit_inner(mt, &m);
		mt->ctx.is_labelled = was;
	}
	return st == PQM_ENOMEM ? pqm_fail(err, st, "no memory for findings") : st;
}
