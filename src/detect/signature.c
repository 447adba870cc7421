#include "signature.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/num.h"
#include "detect/keymat.h"
#include "parse/keys.h"
#include "rules/k8s.h"

#define PEM_BYTES ((size_t)64 << 10)

pqm_bytes pqm_signature_der(pqm_bytes text, struct pqm_arena *arena)
{
	size_t begin = pqm_find(text, 0, PQM_LIT("-----BEGIN ")), from, end;
	pqm_bytes out = { NULL, 0 };
	struct pqm_buf b;

	if (begin == SIZE_MAX)
		return text.n > 2 && text.p[0] == 0x30 ? text : out;
	from = pqm_find(text, begin + 11, PQM_LIT("-----"));
	end = from == SIZE_MAX ? SIZE_MAX : pqm_find(text, from + 5, PQM_LIT("-----END "));
	if (end == SIZE_MAX)
		return out;
	pqm_buf_init(&b, PEM_BYTES);
	if (pqm_base64(&b, pqm_sub(text, from + 5, end - from - 5), NULL))
		out = pqm_bytes_dup(arena, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	return out;
}

/* { jose: ES256, cose: "-7", alg: P-256, algorithm: ECDSA-SHA256 } */
static const struct pqm_yaml *listed(const struct pqm_yaml *algs, pqm_bytes name)
{
	for (uint32_t i = 0; algs != NULL && algs->type == PQM_YAML_SEQ && i < algs->n; i++)
		if (pqm_eq(pqm_yaml_str(algs->items[i], "jose"), name) ||
			pqm_eq(pqm_yaml_str(algs->items[i], "cose"), name))
			return algs->items[i];
	return NULL;
}

static bool by_name(const struct pqm_rules *r, pqm_bytes name, struct pqm_found *f)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while (name.n > 0 && (rule = pqm_rules_next(r, PQM_ARTIFACT_RULES, &i)) != NULL) {
		const struct pqm_yaml *row = listed(pqm_yaml_get(rule->node, "algs"), name);
		const struct pqm_alg_ref *ref =
			row == NULL ? NULL : pqm_alg_by_name(r, pqm_yaml_str(row, "alg"));

		if (ref == NULL)
			continue;
		f->algorithm = pqm_yaml_str(row, "algorithm");
		pqm_alg_fill(f, ref);
		return true;
	}
	return false;
}

static bool by_key(const struct pqm_rules *r, pqm_bytes der, struct pqm_arena *arena,
	struct pqm_found *f, struct pqm_mat *m)
{
	const struct pqm_alg_ref *ref = NULL;
	struct pqm_mat_ctx ctx;
	struct pqm_err ignored = { 0 };

	pqm_mat_ctx_init(&ctx, arena, true);
	if (der.n == 0 ||
		pqm_mat_parse(m, der, PQM_MAT_BIT(PQM_MAT_CERT) | PQM_MAT_BIT(PQM_MAT_PUBLIC), &ctx,
			&ignored) != PQM_OK)
		return false;
	if (m->curve[0] != '\0')
		ref = pqm_alg_by_oid(r, pqm_str(m->curve));
	if (ref == NULL)
		ref = pqm_alg_by_oid(r, pqm_str(m->oid));
	if (ref == NULL)
		return false;
	pqm_alg_fill(f, ref);
	f->bits = m->bits;
	if (f->parameter.n == 0 && m->bits > 0)
		f->parameter = pqm_arena_f(arena, "%u", m->bits);
	return true;
}

/* What the bytes look like, where nothing says what they are. */
static pqm_bytes shape(pqm_bytes sig, struct pqm_arena *arena)
{
	bool is_pair = sig.n > 8 && sig.n <= 141 && sig.p[0] == 0x30 &&
		(sig.p[1] == sig.n - 2 || (sig.p[1] == 0x81 && sig.p[2] == sig.n - 3)) &&
		sig.p[sig.p[1] == 0x81 ? 3 : 2] == 2;

	return pqm_arena_f(arena, "%zu bytes%s", sig.n,
		is_pair ? ", a pair of numbers as of ECDSA or DSA" : "");
}

/* The rule whose list has the status. */
static const struct pqm_rule *rule_of(const struct pqm_rules *r, enum pqm_quantum q)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(r, PQM_ARTIFACT_RULES, &i)) != NULL)
		if (pqm_k8s_listed(
			    pqm_yaml_get(rule->node, "signed_by"), pqm_str(pqm_quantum_name(q))))
			return rule;
	return NULL;
}

enum pqm_st pqm_signature_emit(const struct pqm_rules *r, const struct pqm_signature *s,
	struct pqm_arena *arena, struct pqm_emit *out)
{
	struct pqm_found f = {
		.meaning = PQM_USE, .evidence = PQM_PARSED, .line = s->line, .col = s->col
	};
	struct pqm_keymat_text t;
	struct pqm_mat m = { 0 };
	uint8_t digest[PQM_SHA256_BYTES];
	char hex[2 * PQM_SHA256_BYTES + 1], other[65];
	bool has_key = by_key(r, s->key, arena, &f, &m);
	const struct pqm_rule *rule;
	pqm_bytes id;

	if (s->alg.n > 0) {
		struct pqm_found named = f;

		named.family = named.algorithm = (pqm_bytes){ NULL, 0 };
		/* The header says the scheme, the key its size. */
		if (by_name(r, s->alg, &named))
			f = named;
		else if (!has_key)
			f.algorithm = pqm_keymat_clip(other, s->alg);
		if (m.bits > 0 && pqm_eqs(f.family, "RSA"))
			f.parameter = pqm_arena_f(arena, "%u", m.bits);
	}
	f.function = PQM_FN_SIG;
	if (f.family.n == 0) {
		f.family = PQM_LIT("unknown");
		f.quantum = PQM_Q_UNKNOWN;
		f.evidence = PQM_HINTED;
	}
	pqm_sha256(digest, s->sig);
	pqm_hex(hex, digest, sizeof(digest));
	f.identity = pqm_arena_f(arena, "signature %s", hex);
	rule = rule_of(r, f.quantum);
	id = rule == NULL ? (pqm_bytes){ NULL, 0 } : pqm_bytes_dup(arena, rule->id);
	if (f.identity.p == NULL || (rule != NULL && id.p == NULL))
		return PQM_ENOMEM;
	if (rule == NULL)
		return PQM_OK;
	pqm_rule_fill(&f, r, (const char *)id.p);
	pqm_found_attr(&f, "form", pqm_str(s->form));
	pqm_found_attr(&f, "subject", s->subject);
	pqm_found_attr(&f, "payload_type", pqm_printable(arena, pqm_sub(s->type, 0, 128)));
	pqm_found_attr(&f, "predicate", pqm_printable(arena, pqm_sub(s->predicate, 0, 128)));
	pqm_found_attr(&f, "keyid", pqm_keymat_clip(t.comment, s->keyid));
	pqm_found_attr(&f, "algorithm_of",
		has_key && s->alg.n == 0 ? pqm_str(s->key_of != NULL ? s->key_of : "certificate")
			: f.evidence == PQM_PARSED ? PQM_LIT("header")
						   : (pqm_bytes){ NULL, 0 });
	if (f.evidence == PQM_HINTED)
		pqm_found_attr(&f, "shape", shape(s->sig, arena));
	return pqm_emit(out, &f);
}

bool pqm_artifact_rule_fits(
	const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	const struct pqm_yaml *signed_by = pqm_yaml_get(rule->node, "signed_by");
	const struct pqm_alg_ref *ref;

	if (signed_by != NULL) {
		struct pqm_found f = { .quantum = PQM_Q_UNKNOWN };

		ref = pqm_alg_by_name(r, sample);
		if (ref != NULL)
			pqm_alg_fill(&f, ref);
		return pqm_k8s_listed(signed_by, pqm_str(pqm_quantum_name(f.quantum)));
	}
	return listed(pqm_yaml_get(rule->node, "algs"), sample) != NULL ||
		pqm_k8s_listed(pqm_yaml_get(rule->node, "media"), sample) ||
		pqm_k8s_listed(pqm_yaml_get(rule->node, "layers"), sample);
}
