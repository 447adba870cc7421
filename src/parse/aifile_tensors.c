/* aifile_tensors.c — safetensors and GGUF: the header lists every tensor. */
#include "aifile_int.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/num.h"
#include "yaml_json.h"

/* safetensors: u64 length, JSON of name -> {dtype, shape, data_offsets}, tensors. */

struct dtype {
	const char *name;
	unsigned bits;
};

static const struct dtype dtypes[] = {
	{ "BOOL", 8 },
	{ "F4", 4 },
	{ "F6_E2M3", 6 },
	{ "F6_E3M2", 6 },
	{ "U8", 8 },
	{ "I8", 8 },
	{ "F8_E5M2", 8 },
	{ "F8_E4M3", 8 },
	{ "F8_E8M0", 8 },
	{ "I16", 16 },
	{ "U16", 16 },
	{ "F16", 16 },
	{ "BF16", 16 },
	{ "I32", 32 },
	{ "U32", 32 },
	{ "F32", 32 },
	{ "C64", 64 },
	{ "F64", 64 },
	{ "I64", 64 },
	{ "U64", 64 },
};

static bool safetensors_looks(pqm_bytes head, pqm_bytes name)
{
	(void)name;
	return head.n >= 10 && head.p[8] == '{' && pqm_aif_u64(head.p) >= 2 &&
		pqm_aif_u64(head.p) <= PQM_AIF_HEADER_BYTES &&
		(head.p[9] == '"' || head.p[9] == '}' || head.p[9] == ' ' || head.p[9] == '\n');
}

struct tensor {
	const struct dtype *type;
	uint64_t n;	   /* elements */
	uint64_t from, to; /* in the data */
	bool has_shape, has_place;
};

/* Behind the last member or element. */
static bool leave(pqm_bytes t, struct pqm_yjson_at *at, uint8_t bracket)
{
	bool is_there = at->off < t.n && t.p[at->off] == bracket;

	at->off += is_there;
	return is_there;
}

static bool product(pqm_bytes t, struct pqm_yjson_at *at, uint64_t *out)
{
	pqm_bytes v;
	uint64_t n;

	*out = 1;
	if (!pqm_yjson_enter(t, at, '['))
		return false;
	while (pqm_yjson_element(t, at))
		if (!pqm_yjson_text(t, at, &v) || !pqm_u64_parse(v, UINT64_MAX, &n) ||
			__builtin_mul_overflow(*out, n, out))
			return false;
	return leave(t, at, ']');
}

static bool place(pqm_bytes t, struct pqm_yjson_at *at, struct tensor *x)
{
	uint64_t *const to[] = { &x->from, &x->to };
	size_t n = 0;
	pqm_bytes v;

	if (!pqm_yjson_enter(t, at, '['))
		return false;
	while (pqm_yjson_element(t, at))
		if (n == 2 || !pqm_yjson_text(t, at, &v) || !pqm_u64_parse(v, UINT64_MAX, to[n++]))
			return false;
	return leave(t, at, ']') && n == 2 && x->from <= x->to;
}

static const struct dtype *dtype_of(pqm_bytes name)
{
	for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++)
		if (pqm_eqs(name, dtypes[i].name))
			return &dtypes[i];
	return NULL;
}

static bool tensor(pqm_bytes t, struct pqm_yjson_at *at, struct tensor *x)
{
	pqm_bytes key, v;
	uint64_t bits;

	if (!pqm_yjson_enter(t, at, '{'))
		return false;
	while (pqm_yjson_key(t, at, &key)) {
		if (pqm_eqs(key, "dtype")) {
			if (!pqm_yjson_text(t, at, &v) || (x->type = dtype_of(v)) == NULL)
				return false;
		} else if (pqm_eqs(key, "shape")) {
			x->has_shape = product(t, at, &x->n);
			if (!x->has_shape)
				return false;
		} else if (pqm_eqs(key, "data_offsets")) {
			x->has_place = place(t, at, x);
			if (!x->has_place)
				return false;
		} else if (!pqm_yjson_skip_value(t, at)) {
			return false;
		}
	}
	return leave(t, at, '}') && x->type != NULL && x->has_shape && x->has_place &&
		!__builtin_mul_overflow(x->n, x->type->bits, &bits) &&
		(bits + 7) / 8 == x->to - x->from;
}

/* "__metadata__": {"format": "pt", "modelspec.architecture": …} */
static bool metadata(struct pqm_aif *out, pqm_bytes t, struct pqm_yjson_at *at)
{
	pqm_bytes key, v;

	if (!pqm_yjson_enter(t, at, '{'))
		return false;
	while (pqm_yjson_key(t, at, &key)) {
		if (!pqm_yjson_text(t, at, &v))
			return false;
		if (pqm_eqs(key, "modelspec.architecture"))
			out->architecture = v;
		else if (pqm_eqs(key, "modelspec.title") || pqm_eqs(key, "name"))
			out->name = v;
		else if (pqm_eqs(key, "modelspec.license") || pqm_eqs(key, "license"))
			out->license = v;
		else if (pqm_eqs(key, "format"))
			out->producer = v;
	}
	return leave(t, at, '}');
}

static enum pqm_st safetensors_read(
	struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err)
{
	uint64_t n = pqm_aif_u64(in->body.p), end = 0;
	pqm_bytes t = pqm_sub(in->body, 8, (size_t)n), key;
	struct pqm_yjson_at at = { 0, 1, 1 };
	bool is_ours = pqm_ends(in->name, PQM_LIT(".safetensors"));

	if (t.n < n)
		return is_ours ? pqm_fail(err, PQM_EPARSE,
					 "safetensors: cut off in the header of %llu bytes",
					 (unsigned long long)n)
			       : PQM_OK;
	if (!pqm_yjson_enter(t, &at, '{'))
		return PQM_OK;
	while (pqm_yjson_key(t, &at, &key)) {
		size_t from = at.off;
		struct tensor x = { .type = NULL };
		bool is_good =
			pqm_eqs(key, "__metadata__") ? metadata(out, t, &at) : tensor(t, &at, &x);

		is_ours |= is_good;
		if (is_good && x.type != NULL && out->n_tensors == PQM_AIF_ENTRIES)
			out->is_at_least = true;
		else if (is_good && x.type != NULL)
			is_good = pqm_aif_add(out, x.type->name, x.n);
		if (!is_good && !is_ours)
			return PQM_OK;
		if (!is_good)
			return pqm_fail(err, PQM_EPARSE,
				"safetensors: tensor at byte %zu has no dtype, shape and offsets "
				"that fit",
				8 + from);
		end = x.to > end ? x.to : end;
	}
	if (!is_ours)
		return PQM_OK;
	out->format = "safetensors";
	out->data_off = 8 + n;
	if (end > in->body.n - 8 - n)
		return pqm_fail(err, PQM_EPARSE,
			"safetensors: cut off: %llu bytes of tensors are not there",
			(unsigned long long)(end - (in->body.n - 8 - n)));
	return PQM_OK;
}

static bool safetensors_is_weights(pqm_bytes head)
{
	return pqm_find(head, 8, PQM_LIT("\"data_offsets\"")) != SIZE_MAX;
}

const struct pqm_aif_format pqm_aif_safetensors = { safetensors_looks, safetensors_read,
	safetensors_is_weights };

/* GGUF: keys with typed values, then tensor names, dimensions and types. */

enum gguf_type {
	GGUF_U8,
	GGUF_I8,
	GGUF_U16,
	GGUF_I16,
	GGUF_U32,
	GGUF_I32,
	GGUF_F32,
	GGUF_BOOL,
	GGUF_STRING,
	GGUF_ARRAY,
	GGUF_U64,
	GGUF_I64,
	GGUF_F64,
	GGUF_TYPES,
};

static const uint8_t gguf_sizes[GGUF_TYPES] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

/* By number [ggml.h, enum ggml_type]: elements of a block and its bytes. Those that are no more have no name. */
static const struct ggml_type {
	const char *name;
	uint16_t block, bytes;
} ggml_types[] = {
	[0] = { "F32", 1, 4 },
	[1] = { "F16", 1, 2 },
	[2] = { "Q4_0", 32, 18 },
	[3] = { "Q4_1", 32, 20 },
	[6] = { "Q5_0", 32, 22 },
	[7] = { "Q5_1", 32, 24 },
	[8] = { "Q8_0", 32, 34 },
	[9] = { "Q8_1", 32, 36 },
	[10] = { "Q2_K", 256, 84 },
	[11] = { "Q3_K", 256, 110 },
	[12] = { "Q4_K", 256, 144 },
	[13] = { "Q5_K", 256, 176 },
	[14] = { "Q6_K", 256, 210 },
	[15] = { "Q8_K", 256, 292 },
	[16] = { "IQ2_XXS", 256, 66 },
	[17] = { "IQ2_XS", 256, 74 },
	[18] = { "IQ3_XXS", 256, 98 },
	[19] = { "IQ1_S", 256, 50 },
	[20] = { "IQ4_NL", 32, 18 },
	[21] = { "IQ3_S", 256, 110 },
	[22] = { "IQ2_S", 256, 82 },
	[23] = { "IQ4_XS", 256, 136 },
	[24] = { "I8", 1, 1 },
	[25] = { "I16", 1, 2 },
	[26] = { "I32", 1, 4 },
	[27] = { "I64", 1, 8 },
	[28] = { "F64", 1, 8 },
	[29] = { "IQ1_M", 256, 56 },
	[30] = { "BF16", 1, 2 },
	[34] = { "TQ1_0", 256, 54 },
	[35] = { "TQ2_0", 256, 66 },
	[39] = { "MXFP4", 32, 17 },
};

#define GGUF_DEPTH 4 /* arrays of arrays: none is known */
#define GGUF_DIMENSIONS 8

struct gguf {
	pqm_bytes b; /* as far as a header may reach */
	size_t at;
	bool is_big;		 /* the big-endian variant */
	bool is_v1;		 /* counts and lengths of 32 bits */
	uint64_t alignment, end; /* of the tensors, from where they begin */
};

static bool gguf_number(struct gguf *g, unsigned bytes, uint64_t *out)
{
	if (g->b.n - g->at < bytes)
		return false;
	*out = 0;
	for (unsigned i = 0; i < bytes; i++)
		*out |= (uint64_t)g->b.p[g->at + (g->is_big ? bytes - 1 - i : i)] << (8 * i);
	g->at += bytes;
	return true;
}

static bool gguf_length(struct gguf *g, uint64_t *out)
{
	return gguf_number(g, g->is_v1 ? 4 : 8, out);
}

static bool gguf_skip(struct gguf *g, uint64_t n)
{
	if (n > g->b.n - g->at)
		return false;
	g->at += (size_t)n;
	return true;
}

static bool gguf_string(struct gguf *g, pqm_bytes *out)
{
	uint64_t n;
	size_t from;

	if (!gguf_length(g, &n))
		return false;
	from = g->at;
	*out = pqm_sub(g->b, from, (size_t)n);
	return gguf_skip(g, n);
}

static bool gguf_value(struct gguf *g, uint64_t type, unsigned depth)
{
	uint64_t n, of;
	pqm_bytes text;

	if (type == GGUF_STRING)
		return gguf_string(g, &text);
	if (type != GGUF_ARRAY)
		return type < GGUF_TYPES && gguf_skip(g, gguf_sizes[type]);
	if (depth == GGUF_DEPTH || !gguf_number(g, 4, &of) || !gguf_length(g, &n) ||
		of >= GGUF_TYPES)
		return false;
	if (gguf_sizes[of] > 0)
		return !__builtin_mul_overflow(n, gguf_sizes[of], &n) && gguf_skip(g, n);
	for (uint64_t i = 0; i < n; i++)
		if (!gguf_value(g, of, depth + 1))
			return false;
	return true;
}

static bool gguf_key(struct gguf *g, struct pqm_aif *out)
{
	pqm_bytes key, v = { NULL, 0 };
	uint64_t type;

	if (!gguf_string(g, &key) || !gguf_number(g, 4, &type))
		return false;
	if (type == GGUF_U32 && pqm_eqs(key, "general.alignment"))
		return gguf_number(g, 4, &g->alignment) && g->alignment > 0;
	if (type != GGUF_STRING)
		return gguf_value(g, type, 0);
	if (!gguf_string(g, &v))
		return false;
	if (pqm_eqs(key, "general.architecture"))
		out->architecture = v;
	else if (pqm_eqs(key, "general.name"))
		out->name = v;
	else if (pqm_eqs(key, "general.license"))
		out->license = v;
	else if (pqm_eqs(key, "general.base_model.0.name"))
		out->base = v;
	return true;
}

/* Quantised elements come in blocks, and a row is made of whole ones. */
static bool gguf_place(
	struct gguf *g, const struct ggml_type *t, uint64_t row, uint64_t n, uint64_t off)
{
	uint64_t bytes;

	if (row % t->block != 0 || __builtin_mul_overflow(n / t->block, t->bytes, &bytes) ||
		__builtin_add_overflow(bytes, off, &bytes))
		return false;
	g->end = bytes > g->end ? bytes : g->end;
	return true;
}

static bool gguf_tensor(struct gguf *g, struct pqm_aif *out)
{
	uint64_t dims, row = 1, n = 1, d, type, off;
	char other[12];
	pqm_bytes name;

	if (!gguf_string(g, &name) || !gguf_number(g, 4, &dims) || dims > GGUF_DIMENSIONS)
		return false;
	for (uint64_t i = 0; i < dims; i++) {
		if (!gguf_length(g, &d) || __builtin_mul_overflow(n, d, &n))
			return false;
		row = i == 0 ? d : row;
	}
	if (!gguf_number(g, 4, &type) || !gguf_number(g, 8, &off))
		return false;
	if (type < sizeof(ggml_types) / sizeof(ggml_types[0]) && ggml_types[type].name != NULL)
		return gguf_place(g, &ggml_types[type], row, n, off) &&
			pqm_aif_add(out, ggml_types[type].name, n);
	(void)snprintf(other, sizeof(other), "type %u", (unsigned)(type & 0xffff));
	return pqm_aif_add(out, other, n);
}

static bool gguf_looks(pqm_bytes head, pqm_bytes name)
{
	(void)name;
	return pqm_starts(head, PQM_LIT("GGUF")) && head.n >= 24 &&
		((head.p[4] >= 1 && head.p[4] <= 3 && head.p[7] == 0) ||
			(head.p[7] == 3 && head.p[4] == 0));
}

static enum pqm_st gguf_broken(
	const struct gguf *g, const char *what, uint64_t i, uint64_t n, struct pqm_err *err)
{
	if (g->b.n == PQM_AIF_HEADER_BYTES)
		return pqm_fail(
			err, PQM_ELIMIT, "GGUF: header over %zu MiB", PQM_AIF_HEADER_BYTES >> 20);
	return pqm_fail(err, PQM_EPARSE,
		"GGUF: %s %llu of %llu at byte %zu is cut off or malformed", what,
		(unsigned long long)i + 1, (unsigned long long)n, g->at);
}

/* Whether all tensors are there. */
static enum pqm_st gguf_data(
	struct pqm_aif *out, const struct gguf *g, uint64_t size, struct pqm_err *err)
{
	uint64_t from = g->at + (g->alignment - g->at % g->alignment) % g->alignment, end;

	out->data_off = from < size ? from : size;
	if (g->end > 0 && (__builtin_add_overflow(from, g->end, &end) || end > size))
		return pqm_fail(err, PQM_EPARSE,
			"GGUF: cut off: %llu bytes of tensors are not there",
			(unsigned long long)(g->end - (size - out->data_off)));
	return PQM_OK;
}

static enum pqm_st gguf_read(struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err)
{
	struct gguf g = { .b = pqm_sub(in->body, 0, PQM_AIF_HEADER_BYTES),
		.at = 8,
		.is_big = in->body.p[4] == 0,
		.alignment = 32 };
	unsigned version = g.is_big ? in->body.p[7] : in->body.p[4];
	uint64_t n_tensors, n_keys;

	g.is_v1 = version == 1;
	out->format = "gguf";
	(void)snprintf(out->version, sizeof(out->version), "%u", version);
	if (!gguf_length(&g, &n_tensors) || !gguf_length(&g, &n_keys) ||
		n_tensors > PQM_AIF_ENTRIES || n_keys > PQM_AIF_ENTRIES)
		return pqm_fail(err, PQM_ELIMIT, "GGUF: over %d tensors or keys", PQM_AIF_ENTRIES);
	for (uint64_t i = 0; i < n_keys; i++)
		if (!gguf_key(&g, out))
			return gguf_broken(&g, "key", i, n_keys, err);
	for (uint64_t i = 0; i < n_tensors; i++)
		if (!gguf_tensor(&g, out)) {
			out->is_at_least = true;
			return gguf_broken(&g, "tensor", i, n_tensors, err);
		}
	return gguf_data(out, &g, in->body.n, err);
}

static bool gguf_is_weights(pqm_bytes head)
{
	return head.n > 0; /* the mark and the version are enough */
}

const struct pqm_aif_format pqm_aif_gguf = { gguf_looks, gguf_read, gguf_is_weights };
