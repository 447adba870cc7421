/* aifile_json.c — JSON that lies beside weights: indexes of shards, signatures, configurations. Only files that are
 * named or marked as such. */
#include "aifile_int.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/num.h"
#include "yaml_json.h"

#define BUNDLE_MARK "application/vnd.dev.sigstore.bundle"
#define MARK_WITHIN 4096
#define SIGNATURE_BYTES ((size_t)64 << 10) /* SLH-DSA's longest are 49,856 */

static bool is_index(pqm_bytes name)
{
	return pqm_ends(name, PQM_LIT(".safetensors.index.json")) ||
		pqm_ends(name, PQM_LIT(".bin.index.json"));
}

static bool is_bundle(pqm_bytes head)
{
	return pqm_find(pqm_sub(head, 0, MARK_WITHIN), 0, PQM_LIT(BUNDLE_MARK)) != SIZE_MAX ||
		/* Members have no order: the mark may stand at the end, and the envelope is long. */
		(pqm_find(pqm_sub(head, 0, MARK_WITHIN), 0, PQM_LIT("\"dsseEnvelope\"")) !=
				SIZE_MAX &&
			pqm_find(pqm_sub(head, 0, MARK_WITHIN), 0,
				PQM_LIT("application/vnd.in-toto+json")) != SIZE_MAX);
}

static bool is_config(pqm_bytes head, pqm_bytes name)
{
	if (pqm_eqs(name, "config.json"))
		return pqm_find(head, 0, PQM_LIT("\"model_type\"")) != SIZE_MAX ||
			pqm_find(head, 0, PQM_LIT("\"architectures\"")) != SIZE_MAX;
	return pqm_eqs(name, "adapter_config.json") &&
		pqm_find(head, 0, PQM_LIT("\"peft_type\"")) != SIZE_MAX;
}

static bool json_looks(pqm_bytes head, pqm_bytes name)
{
	pqm_bytes text = pqm_trim(pqm_sub(head, 0, MARK_WITHIN));

	return text.n > 1 && text.p[0] == '{' &&
		(is_index(name) || is_bundle(head) || is_config(head, name));
}

static const struct pqm_yaml *tree(pqm_bytes text, struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *root;

	(void)!pqm_yjson_root(&root, text, arena, err);
	return root;
}

/* ---- index of shards ---- */

/* Names of tensors are counted, not kept: there are many. */
static bool count_names(pqm_bytes t, struct pqm_yjson_at *at, uint64_t *n)
{
	pqm_bytes key;

	if (!pqm_yjson_enter(t, at, '{'))
		return false;
	for (*n = 0; pqm_yjson_key(t, at, &key); (*n)++)
		if (!pqm_yjson_skip_value(t, at))
			return false;
	if (at->off == t.n || t.p[at->off] != '}')
		return false;
	at->off++;
	return true;
}

static bool index_members(struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err)
{
	struct pqm_yjson_at at = { 0, 1, 1 };
	bool has_map = false;
	pqm_bytes key, t = in->body;
	uint64_t n;

	if (!pqm_yjson_enter(t, &at, '{'))
		return false;
	while (pqm_yjson_key(t, &at, &key)) {
		size_t from = at.off;

		if (pqm_eqs(key, "weight_map")) {
			if (!count_names(t, &at, &out->n_tensors))
				return false;
			has_map = true;
			continue;
		}
		if (!pqm_yjson_skip_value(t, &at))
			return false;
		if (!pqm_eqs(key, "metadata"))
			continue;
		const struct pqm_yaml *meta =
			tree(pqm_trim(pqm_sub(t, from, at.off - from)), in->arena, err);

		if (meta != NULL && pqm_yaml_u64(meta, "total_size", &n))
			out->tensor_bytes = n;
		if (meta != NULL && pqm_yaml_u64(meta, "total_parameters", &n)) {
			out->n_params = n;
			out->has_params = true;
		}
	}
	return has_map;
}

static enum pqm_st index_read(struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err)
{
	out->format = "index of shards";
	if (index_members(out, in, err))
		return PQM_OK;
	return pqm_fail(err, PQM_EPARSE, "index of shards: no weight_map of names");
}

/* ---- signatures ---- */

/* A DER sequence of two integers: the longer tells the curve. */
static const char *ecdsa_curve(pqm_bytes sig)
{
	size_t r, s;

	if (sig.n < 8 || sig.p[0] != 0x30 || sig.n > 145)
		return NULL;
	sig = pqm_sub(sig, sig.p[1] == 0x81 ? 3 : 2, sig.n);
	if (sig.n < 4 || sig.p[0] != 2 || sig.p[1] + 4U > sig.n)
		return NULL;
	r = sig.p[1];
	if (sig.p[2 + r] != 2 || sig.p[3 + r] + 4U + r != sig.n)
		return NULL;
	s = sig.p[3 + r];
	r = r > s ? r : s;
	return r <= 30		     ? NULL
		: r <= 33	     ? "P-256"
		: r >= 46 && r <= 49 ? "P-384"
		: r >= 64 && r <= 67 ? "P-521"
				     : NULL;
}

/* What made a signature, by its form and length. RSA's are as long as the modulus. */
static void signer(struct pqm_aif *out, pqm_bytes sig)
{
	static const struct {
		size_t n;
		const char *algorithm;
	} lengths[] = { { 64, "Ed25519" }, { 114, "Ed448" }, { 2420, "ML-DSA-44" },
		{ 3309, "ML-DSA-65" }, { 4627, "ML-DSA-87" }, { 7856, "SLH-DSA-SHA2-128s" },
		{ 17088, "SLH-DSA-SHA2-128f" } };

	out->algorithm = ecdsa_curve(sig);
	for (size_t i = 0; out->algorithm == NULL && i < sizeof(lengths) / sizeof(lengths[0]); i++)
		if (sig.n == lengths[i].n)
			out->algorithm = lengths[i].algorithm;
	if (out->algorithm == NULL && sig.n >= 128 && sig.n <= 1024 && sig.n % 64 == 0) {
		out->algorithm = "RSA";
		out->bits = (uint32_t)sig.n * 8;
	}
}

static bool decode(pqm_bytes text, size_t max, struct pqm_arena *arena, pqm_bytes *out)
{
	struct pqm_buf b;
	bool ok;

	pqm_buf_init(&b, max);
	ok = pqm_base64(&b, text, NULL) && b.n > 0;
	if (ok)
		*out = pqm_bytes_dup(arena, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	return ok && out->p != NULL;
}

/* { "_type", "subject": […], "predicateType", "predicate": { "resources": […] } } */
static void statement(struct pqm_aif *out, const struct pqm_aif_in *in, pqm_bytes payload)
{
	struct pqm_err ignored = { 0 };
	const struct pqm_yaml *root, *predicate, *list;
	pqm_bytes text;

	if (!decode(payload, PQM_YAML_DOC_BYTES, in->arena, &text))
		return;
	root = tree(pqm_trim(text), in->arena, &ignored);
	out->predicate = pqm_yaml_str(root, "predicateType");
	predicate = pqm_yaml_get(root, "predicate");
	list = pqm_yaml_get(predicate, "resources");
	if (list == NULL) /* the form before 1.0 has a subject for each file */
		list = pqm_yaml_get(root, "subject");
	if (list != NULL && list->type == PQM_YAML_SEQ)
		out->n_files = list->n;
	/* Images and packages have such bundles too. */
	out->covers_folder = pqm_starts(out->predicate, PQM_LIT("https://model_signing/"));
	if (out->covers_folder)
		out->format = "sigstore";
}

static enum pqm_st bundle_read(
	struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err)
{
	const struct pqm_yaml *root = tree(pqm_trim(in->body), in->arena, err), *dsse, *sigs, *made;
	pqm_bytes media = pqm_yaml_str(root, "mediaType"), text, sig;
	size_t version = pqm_find(media, 0, PQM_LIT("version="));

	if (root == NULL)
		return pqm_ends(in->name, PQM_LIT("model.sig"))
			? pqm_fail(err, PQM_EPARSE, "signature of a model: is no JSON")
			: PQM_OK;
	out->kind = PQM_AIF_SIGNATURE;
	if (version != SIZE_MAX) /* …bundle+json;version=0.2, and …bundle.v0.3+json since */
		text = pqm_sub(media, version + 8, 4);
	else
		text = pqm_sub(media, sizeof(BUNDLE_MARK) + 1,
			pqm_find_byte(media, 0, '+') - sizeof(BUNDLE_MARK) - 1);
	if (media.n > sizeof(BUNDLE_MARK) && text.n < sizeof(out->version))
		(void)snprintf(out->version, sizeof(out->version), "%.*s", PQM_FMT(text));
	dsse = pqm_yaml_get(root, "dsseEnvelope");
	sigs = pqm_yaml_get(dsse, "signatures");
	text = pqm_yaml_str(pqm_yaml_get(root, "messageSignature"), "signature");
	if (sigs != NULL && sigs->type == PQM_YAML_SEQ && sigs->n > 0)
		text = pqm_yaml_str(sigs->items[0], "sig");
	if (text.n > 0 && decode(text, SIGNATURE_BYTES, in->arena, &sig))
		signer(out, sig);
	out->share = text;
	statement(out, in, pqm_yaml_str(dsse, "payload"));
	made = pqm_yaml_get(root, "verificationMaterial");
	if (pqm_yaml_get(made, "publicKey") != NULL)
		out->key = PQM_LIT("public key");
	else if (pqm_yaml_get(made, "certificate") != NULL ||
		pqm_yaml_get(made, "x509CertificateChain") != NULL)
		out->key = PQM_LIT("certificate");
	return PQM_OK;
}

/* ---- configurations ---- */

static enum pqm_st config_read(
	struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err)
{
	const struct pqm_yaml *root = tree(pqm_trim(in->body), in->arena, err), *list;

	if (root == NULL)
		return PQM_OK; /* of something else */
	out->kind = PQM_AIF_CONFIG;
	if (pqm_eqs(in->name, "adapter_config.json")) {
		out->format = "adapter";
		out->architecture = pqm_yaml_str(root, "peft_type");
		out->base = pqm_yaml_str(root, "base_model_name_or_path");
		return PQM_OK;
	}
	list = pqm_yaml_get(root, "architectures");
	out->family = pqm_yaml_str(root, "model_type");
	if (list != NULL && list->type == PQM_YAML_SEQ && list->n > 0)
		out->architecture = pqm_yaml_text(list->items[0]);
	if (out->family.n == 0 && out->architecture.n == 0)
		return PQM_OK;
	out->format = "transformers";
	out->name = pqm_yaml_str(root, "_name_or_path");
	out->dtype = pqm_yaml_str(root, "torch_dtype");
	if (out->dtype.n == 0)
		out->dtype = pqm_yaml_str(root, "dtype");
	out->quantisation = pqm_yaml_str(pqm_yaml_get(root, "quantization_config"), "quant_method");
	return PQM_OK;
}

static enum pqm_st json_read(struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err)
{
	if (is_index(in->name))
		return index_read(out, in, err);
	return is_bundle(in->body) ? bundle_read(out, in, err) : config_read(out, in, err);
}

const struct pqm_aif_format pqm_aif_json = { json_looks, json_read, NULL };
