#include "detect/keymat.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/num.h"
#include "parse/aifile.h"

/* Files of models, datasets and indexes, as objects: what they hold says what is at stake. */

#define GROUP "file.pqmap.dev"
#define FACTS_MAX 28
#define TYPES_SAID 6

struct facts {
	struct pqm_fact f[FACTS_MAX];
	size_t n;
	struct pqm_arena *arena;
};

static void fact(struct facts *f, const char *key, pqm_bytes value)
{
	if (value.n > 0 && f->n < FACTS_MAX)
		f->f[f->n++] = (struct pqm_fact){ pqm_str(key), value, 0, 0 };
}

/* The file's own words. */
static void said(struct facts *f, const char *key, pqm_bytes value)
{
	fact(f, key, pqm_printable(f->arena, pqm_sub(value, 0, 128)));
}

static void number(struct facts *f, const char *key, uint64_t n)
{
	fact(f, key, pqm_arena_f(f->arena, "%llu", (unsigned long long)n));
}

/* "BF16 8030261248, F32 64" */
static pqm_bytes types(const struct pqm_aif *a, struct pqm_arena *arena)
{
	pqm_bytes out = { NULL, 0 };

	for (size_t i = 0; i < a->n_types && i < TYPES_SAID; i++)
		out = pqm_arena_f(arena, "%.*s%s%s %llu", PQM_FMT(out), i > 0 ? ", " : "",
			a->types[i].name, (unsigned long long)a->types[i].n);
	return out;
}

static pqm_bytes kind_of(enum pqm_aif_kind k)
{
	switch (k) {
	case PQM_AIF_MODEL:
		return PQM_LIT("Model");
	case PQM_AIF_DATASET:
		return PQM_LIT("Dataset");
	case PQM_AIF_INDEX:
		return PQM_LIT("Index");
	case PQM_AIF_SIGNATURE:
		return PQM_LIT("Signature");
	case PQM_AIF_CONFIG:
		return PQM_LIT("ModelConfig");
	case PQM_AIF_ARRAY:
		break;
	}
	return PQM_LIT("Array");
}

static void fill_encryption(struct facts *f, const struct pqm_aif *a)
{
	fact(f, "encryption", pqm_str(a->encryption));
	fact(f, "encrypted",
		a->is_footer_encrypted ? PQM_LIT("footer and columns")
				       : pqm_arena_f(f->arena, "%llu of %llu columns",
						 (unsigned long long)a->n_encrypted,
						 (unsigned long long)a->n_columns));
	if (a->n_own_keys > 0)
		number(f, "column_keys", a->n_own_keys);
	said(f, "kms", a->kms);
	said(f, "master_key", a->master_key);
	if (a->master_key.n > 0)
		fact(f, "wrapping", a->is_double_wrapped ? PQM_LIT("double") : PQM_LIT("single"));
}

static void fill_signature(struct facts *f, const struct pqm_aif *a)
{
	if (a->algorithm != NULL)
		fact(f, "algorithm",
			a->bits > 0 ? pqm_arena_f(f->arena, "%s-%u", a->algorithm, a->bits)
				    : pqm_str(a->algorithm));
	fact(f, "key", a->key);
	said(f, "predicate", a->predicate);
	if (a->n_files > 0)
		number(f, "signed_files", a->n_files);
	if (a->covers_folder)
		fact(f, "covers", PQM_LIT("folder"));
}

static void fill(struct facts *f, const struct pqm_aif *a, uint64_t bytes)
{
	fact(f, "format", pqm_str(a->format));
	said(f, "version", pqm_str(a->version));
	number(f, "bytes", bytes);
	if (a->has_params) {
		static const char *const keys[2][2] = { { "parameters", "parameters_min" },
			{ "elements", "elements_min" } };

		number(f, keys[a->kind == PQM_AIF_ARRAY][a->is_at_least], a->n_params);
		fact(f, "types", types(a, f->arena));
	}
	if (a->kind != PQM_AIF_ARRAY && (a->n_tensors > 0 || a->has_params))
		number(f, "tensors", a->n_tensors);
	if (a->tensor_bytes > 0)
		number(f, "tensor_bytes", a->tensor_bytes);
	if (a->has_rows)
		number(f, "rows", a->n_rows);
	if (a->n_columns > 0)
		number(f, "columns", a->n_columns);
	if (a->dimension > 0)
		number(f, "dimension", a->dimension);
	said(f, "title", a->name);
	said(f, "architecture", a->architecture);
	said(f, "license", a->license);
	said(f, "base", a->base);
	said(f, "producer", a->producer);
	if (a->encryption != NULL)
		fill_encryption(f, a);
	said(f, "runs", a->runs);
	said(f, "family", a->family);
	said(f, "dtype", a->dtype);
	said(f, "quantisation", a->quantisation);
	if (a->kind == PQM_AIF_SIGNATURE)
		fill_signature(f, a);
}

/* A signature of a model is as good as what made it, for as long as the model is in use. */
static enum pqm_st signature(
	const struct pqm_rules *r, const struct pqm_aif *a, struct pqm_emit *out)
{
	const struct pqm_alg_ref *alg =
		a->algorithm == NULL ? NULL : pqm_alg_by_name(r, pqm_str(a->algorithm));
	uint8_t digest[PQM_SHA256_BYTES];
	char identity[8 + 2 * PQM_SHA256_BYTES], bits[16];

	if (alg == NULL)
		return PQM_OK;
	pqm_sha256(digest, a->share);
	memcpy(identity, "sha256:", 7);
	pqm_hex(identity + 7, digest, sizeof(digest));
	(void)snprintf(bits, sizeof(bits), "%u", a->bits);
	struct pqm_found f = {
		.identity = { (const uint8_t *)identity, 7 + 2 * sizeof(digest) },
		.meaning = PQM_USE,
		.evidence = PQM_PARSED,
		.algorithm = alg->algorithm,
		.parameter = a->bits > 0 ? pqm_str(bits) : PQM_LIT(""),
		.bits = a->bits,
	};

	pqm_alg_fill(&f, alg);
	f.function = PQM_FN_SIG;
	pqm_keymat_status(&f, r,
		f.quantum == PQM_Q_HYBRID || f.quantum == PQM_Q_SAFE ? "signed.model-pq"
								     : "signed.model");
	return pqm_emit(out, &f);
}

static bool wants(const struct pqm_artifact *a)
{
	return pqm_aif_looks(a->head, a->name);
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_aif_in in = { a->body, a->name, a->arena };
	struct facts f = { .arena = a->arena };
	struct pqm_aif file;
	enum pqm_st st = pqm_aif_read(&file, &in, err);

	(void)hits;
	if (st == PQM_EPARSE || st == PQM_ELIMIT)
		pqm_emit_note(out, UINT64_MAX, st, "%s", err->msg);
	else if (st != PQM_OK)
		return st;
	if (file.format == NULL)
		return PQM_OK;
	fill(&f, &file, a->body.n);
	if (file.kind == PQM_AIF_SIGNATURE && (st = signature(r, &file, out)) != PQM_OK)
		return st;
	return pqm_emit_object(out,
		&(struct pqm_object){ .path = a->path,
			.group = PQM_LIT(GROUP),
			.kind = kind_of(file.kind),
			.name = a->path,
			.facts = f.f,
			.n_facts = f.n });
}

const struct pqm_detector pqm_det_aifile = {
	.name = "aifile",
	.version = 2,
	.summary = "Model, dataset and index files: format, size, types, encryption",
	.wants = wants,
	.run = run,
};
