#include "material.h"
#include "parse/ber.h"
#include "parse/pem.h"

/* Labels of RFC 7468 and of OpenSSL's pem.h, and what they may hold. OPENSSH, PGP and PuTTY armour
 * belong to other detectors; whatever else is not key material. */
static const struct label {
	const char *text;
	unsigned kinds;
	const char *family; /* what Proc-Type: 4,ENCRYPTED hides, or NULL */
} labels[] = {
	{ "CERTIFICATE", PQM_MAT_BIT(PQM_MAT_CERT), NULL },
	{ "X509 CERTIFICATE", PQM_MAT_BIT(PQM_MAT_CERT), NULL },
	{ "TRUSTED CERTIFICATE", PQM_MAT_BIT(PQM_MAT_CERT), NULL },
	{ "CERTIFICATE REQUEST", PQM_MAT_BIT(PQM_MAT_REQUEST), NULL },
	{ "NEW CERTIFICATE REQUEST", PQM_MAT_BIT(PQM_MAT_REQUEST), NULL },
	{ "X509 CRL", PQM_MAT_BIT(PQM_MAT_CRL), NULL },
	{ "CRL", PQM_MAT_BIT(PQM_MAT_CRL), NULL },
	{ "PUBLIC KEY", PQM_MAT_BIT(PQM_MAT_PUBLIC), NULL },
	{ "RSA PUBLIC KEY", PQM_MAT_BIT(PQM_MAT_PUBLIC), NULL },
	{ "EC PUBLIC KEY", PQM_MAT_BIT(PQM_MAT_PUBLIC), NULL },
	{ "DSA PUBLIC KEY", PQM_MAT_BIT(PQM_MAT_PUBLIC), NULL },
	{ "PRIVATE KEY", PQM_MAT_BIT(PQM_MAT_PRIVATE), NULL },
	{ "ANY PRIVATE KEY", PQM_MAT_BIT(PQM_MAT_PRIVATE), NULL },
	{ "RSA PRIVATE KEY", PQM_MAT_BIT(PQM_MAT_PRIVATE), "RSA" },
	{ "EC PRIVATE KEY", PQM_MAT_BIT(PQM_MAT_PRIVATE), "EC" },
	{ "DSA PRIVATE KEY", PQM_MAT_BIT(PQM_MAT_PRIVATE), "DSA" },
	{ "SM2 PRIVATE KEY", PQM_MAT_BIT(PQM_MAT_PRIVATE), "SM2" },
	{ "ENCRYPTED PRIVATE KEY", PQM_MAT_BIT(PQM_MAT_ENCRYPTED), NULL },
	{ "DH PARAMETERS", PQM_MAT_BIT(PQM_MAT_DH_PARAMS), NULL },
	{ "X9.42 DH PARAMETERS", PQM_MAT_BIT(PQM_MAT_DH_PARAMS), NULL },
	{ "DSA PARAMETERS", PQM_MAT_BIT(PQM_MAT_DSA_PARAMS), NULL },
	{ "EC PARAMETERS", PQM_MAT_BIT(PQM_MAT_EC_PARAMS), NULL },
	{ "PKCS7", PQM_MAT_BIT(PQM_MAT_CMS), NULL },
	{ "CMS", PQM_MAT_BIT(PQM_MAT_CMS), NULL },
	{ "PKCS #7 SIGNED DATA", PQM_MAT_BIT(PQM_MAT_CMS), NULL },
	{ "PKCS12", PQM_MAT_BIT(PQM_MAT_PKCS12), NULL },
};

static const struct label *label_of(pqm_bytes text)
{
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (pqm_eqs(text, labels[i].text))
			return &labels[i];
	return NULL;
}

/* The old OpenSSL encryption: the body is cipher text, the label names the family. */
static enum pqm_st emit_legacy(struct pqm_material *mt, const struct pqm_pem *pem,
	const struct label *label, pqm_bytes body)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_name(mt->rules, pqm_str(label->family));
	struct pqm_found f = mt->at;
	char hex[PQM_SPKI_HEX];

	if (ref == NULL)
		return PQM_OK;
	pqm_spki_der(hex, body);
	f.meaning = PQM_KEY;
	pqm_alg_fill(&f, ref);
	f.parameter = (pqm_bytes){ NULL, 0 };
	f.function = strcmp(label->family, "DSA") == 0 ? PQM_FN_SIG : PQM_FN_ANY;
	f.identity = pqm_arena_f(mt->ctx.arena, "sha256:%s", hex);
	pqm_found_attr(&f, "format", PQM_LIT("PEM, encrypted by Proc-Type"));
	pqm_found_attr(&f, "encryption", pqm_arena_f(mt->ctx.arena, "%s", pem->dek));
	pqm_rule_fill(&f, mt->rules, "key.private-encrypted");
	mt->n_emitted++;
	return f.identity.n == 0 ? PQM_ENOMEM : pqm_emit(mt->out, &f);
}

/* A certificate may be followed by OpenSSL's trust settings, CMS and key stores may be BER. */
static enum pqm_st emit_body(
	struct pqm_material *mt, const struct label *label, pqm_bytes body, struct pqm_err *err)
{
	size_t total;

	if (body.n > 1 && body.p[0] == PQM_DER_SEQ && body.p[1] == 0x80) {
		struct pqm_buf der;
		size_t used;

		pqm_buf_init(&der, PQM_BER_OBJECT_BYTES + 64);
		enum pqm_st st = pqm_ber_to_der(&der, body, &used, err);

		if (st == PQM_OK)
			st = pqm_material_der(mt, pqm_buf_bytes(&der), label->kinds, err);
		pqm_buf_wipe(&der);
		return st;
	}
	if ((label->kinds & PQM_MAT_BIT(PQM_MAT_CERT)) != 0 && pqm_der_measure(body, &total))
		body = pqm_sub(body, 0, total);
	return pqm_material_der(mt, body, label->kinds, err);
}

/* One block; *end is where to look for the next. */
static enum pqm_st block(struct pqm_material *mt, pqm_bytes text, size_t off, size_t *end)
{
	struct pqm_err err = { PQM_OK, "" };
	const struct label *label;
	struct pqm_pem pem;
	struct pqm_buf body;
	enum pqm_st st;

	pqm_buf_init(&body, PQM_PEM_BODY_BYTES);
	st = pqm_pem_read(&pem, &body, text, off, &err);
	label = label_of(pem.label);
	mt->at.off = off;
	mt->ctx.checks_left = PQM_KEY_CHECKS; /* a block pays for its checks with its bytes */
	if (label != NULL && st == PQM_OK) {
		if (pem.is_encrypted && label->family != NULL)
			st = body.n >= 8 ? emit_legacy(mt, &pem, label, pqm_buf_bytes(&body))
					 : PQM_EPARSE;
		else
			st = emit_body(mt, label, pqm_buf_bytes(&body), &err);
	}
	pqm_buf_wipe(&body);
	*end = pem.end;
	if (st == PQM_ENOMEM || st == PQM_OK)
		return st;
	if (label != NULL && pem.is_serious)
		pqm_emit_note(mt->out, off, st, "%s block: %s", label->text, err.msg);
	return PQM_OK;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_material mt;
	enum pqm_st st = PQM_OK;

	pqm_material_init(&mt, r, out, a->arena, true);
	for (size_t i = 0; st == PQM_OK && i < hits->n; i++) {
		uint64_t off = hits->hit[i].off;
		size_t end = 0;

		if (off < *hits->done_until || off >= a->body.n)
			continue;
		st = block(&mt, a->body, (size_t)off, &end);
		*hits->done_until = end;
	}
	return st == PQM_OK ? st : pqm_fail(err, st, "no memory for PEM blocks");
}

static const struct pqm_anchor anchors[] = { PQM_ANCHOR("-----BEGIN ") };

const struct pqm_detector pqm_det_pem = {
	.name = "pem",
	.version = 1,
	.summary = "certificates, keys and parameters in PEM armour",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.run = run,
};
