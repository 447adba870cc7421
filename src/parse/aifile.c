/* aifile.c — the table of formats, and those that say all in their first bytes. */
#include "aifile_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"

static const struct pqm_aif_format *const formats[] = {
	&pqm_aif_safetensors,
	&pqm_aif_gguf,
	&pqm_aif_zip,
	&pqm_aif_parquet,
	&pqm_aif_simple,
	&pqm_aif_pickled,
	&pqm_aif_onnx,
	&pqm_aif_json,
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

const char *pqm_aif_kind_name(enum pqm_aif_kind k)
{
	static const char *const names[] = { "model", "dataset", "index", "array", "signature",
		"config" };

	return names[k];
}

uint32_t pqm_aif_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t pqm_aif_u64(const uint8_t *p)
{
	return pqm_aif_u32(p) | (uint64_t)pqm_aif_u32(p + 4) << 32;
}

bool pqm_aif_add(struct pqm_aif *f, const char *type, uint64_t n)
{
	size_t i = 0;

	if (__builtin_add_overflow(f->n_params, n, &f->n_params))
		return false;
	f->n_tensors++;
	f->has_params = true;
	while (i < f->n_types && strcmp(f->types[i].name, type) != 0)
		i++;
	if (i == PQM_AIF_TYPES_MAX)
		return true;
	if (i == f->n_types)
		(void)snprintf(f->types[f->n_types++].name, sizeof(f->types[i].name), "%s", type);
	f->types[i].n += n;
	return true;
}

static int most_first(const void *x, const void *y)
{
	const struct pqm_aif_type *a = x, *b = y;

	if (a->n != b->n)
		return a->n < b->n ? 1 : -1;
	return strcmp(a->name, b->name);
}

bool pqm_aif_looks(pqm_bytes head, pqm_bytes name)
{
	for (size_t i = 0; i < N_FORMATS; i++)
		if (formats[i]->looks(head, name))
			return true;
	return false;
}

bool pqm_aif_is_weights(pqm_bytes head, pqm_bytes name)
{
	for (size_t i = 0; i < N_FORMATS; i++)
		if (formats[i]->is_weights != NULL && formats[i]->looks(head, name) &&
			formats[i]->is_weights(head))
			return true;
	return false;
}

enum pqm_st pqm_aif_read(struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	*out = (struct pqm_aif){ .format = NULL };
	for (size_t i = 0; i < N_FORMATS && st == PQM_OK && out->format == NULL; i++)
		if (formats[i]->looks(in->body, in->name))
			st = formats[i]->read(out, in, err);
	if (out->n_types > 1)
		qsort(out->types, out->n_types, sizeof(out->types[0]), most_first);
	return st;
}

struct mark {
	const char *format;
	enum pqm_aif_kind kind;
	size_t off;
	const char *bytes;
	size_t n;
	const char *
		ends; /* of the file's name, separated by spaces: the bytes alone are too weak; or NULL */
};

#define MARK(s) "" s "", sizeof(s) - 1

static const struct mark marks[] = {
	{ "hdf5", PQM_AIF_ARRAY, 0, MARK("\x89HDF\r\n\x1a\n"), NULL },
	{ "tflite", PQM_AIF_MODEL, 4, MARK("TFL3"), NULL },
	{ "executorch", PQM_AIF_MODEL, 4, MARK("ET12"), ".pte" },
	{ "ggml", PQM_AIF_MODEL, 0, MARK("lmgg"), ".bin .ggml" },
	{ "ggml", PQM_AIF_MODEL, 0, MARK("fmgg"), ".bin .ggml" },
	{ "ggml", PQM_AIF_MODEL, 0, MARK("tjgg"), ".bin .ggml" },
	{ "ggml-lora", PQM_AIF_MODEL, 0, MARK("algg"), ".bin .ggml" },
	{ "tensorrt", PQM_AIF_MODEL, 0, MARK("ptrt"), ".engine .plan .trt" },
	{ "tensorrt", PQM_AIF_MODEL, 0, MARK("ftrt"), ".engine .plan .trt" },
	{ "rknn", PQM_AIF_MODEL, 0, MARK("RKNN"), ".rknn" },
	{ "catboost", PQM_AIF_MODEL, 0, MARK("CBM1"), ".cbm" },
	{ "lightgbm", PQM_AIF_MODEL, 0, MARK("tree\nversion=v"), NULL },
	{ "saved-model", PQM_AIF_MODEL, 0, MARK("\x08\x01\x12"), "saved_model.pb" },
	{ "arrow", PQM_AIF_DATASET, 0, MARK("ARROW1\0\0"), NULL },
	{ "feather", PQM_AIF_DATASET, 0, MARK("FEA1"), ".feather" },
	{ "orc", PQM_AIF_DATASET, 0, MARK("ORC"), ".orc" },
	{ "avro", PQM_AIF_DATASET, 0, MARK("Obj\x01"), ".avro" },
};

static bool ends_as(const char *ends, pqm_bytes name)
{
	pqm_bytes rest = pqm_str(ends), end;

	while (pqm_split(&rest, ' ', &end))
		if (pqm_ends(name, end))
			return true;
	return false;
}

static const struct mark *mark_of(pqm_bytes head, pqm_bytes name)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const struct mark *m = &marks[i];

		if (pqm_eq(pqm_sub(head, m->off, m->n),
			    (pqm_bytes){ (const uint8_t *)m->bytes, m->n }) &&
			(m->ends == NULL || ends_as(m->ends, name)))
			return m;
	}
	return NULL;
}

/* CRC-32C as TFRecord masks it [tensorflow/core/lib/hash/crc32c.h]. */
static uint32_t masked_crc(const uint8_t *p, size_t n)
{
	uint32_t c = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		c ^= p[i];
		for (unsigned k = 0; k < 8; k++)
			c = (c >> 1) ^ ((c & 1) != 0 ? UINT32_C(0x82f63b78) : 0);
	}
	c = ~c;
	return ((c >> 15) | (c << 17)) + UINT32_C(0xa282ead8);
}

static bool is_tfrecord(pqm_bytes head)
{
	return head.n >= 16 && pqm_aif_u64(head.p) > 0 && pqm_aif_u64(head.p) < UINT64_C(1) << 40 &&
		masked_crc(head.p, 8) == pqm_aif_u32(head.p + 8);
}

/* Flat, IVF, PQ, HNSW … as index_write.cpp of FAISS writes them; then d, ntotal. */
static const char *const faiss_marks[] = { "IxFI", "IxF2", "IxFl", "IwFl", "IwPQ", "IwQR", "IwSq",
	"IxPq", "IxPo", "IxPT", "IxMp", "IxM2", "IxRF", "IxSQ", "IHNf", "IHNp", "IHNs", "IHN2",
	"INSf", "INSp", "IBxF", "IBwF", "IBHf", "IBMp", "IBM2" };

static bool is_faiss(pqm_bytes head)
{
	if (head.n < 16 || pqm_aif_u32(head.p + 4) == 0 || pqm_aif_u32(head.p + 4) > 1U << 17 ||
		pqm_aif_u64(head.p + 8) > UINT64_C(1) << 40)
		return false;
	for (size_t i = 0; i < sizeof(faiss_marks) / sizeof(faiss_marks[0]); i++)
		if (memcmp(head.p, faiss_marks[i], 4) == 0)
			return true;
	return false;
}

#define NPY_HEADER_BYTES ((size_t)64 << 10) /* NumPy itself refuses more than 10,000 */

/* "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" */
static bool is_npy(pqm_bytes head)
{
	return pqm_starts(head, PQM_LIT("\x93NUMPY")) && head.n >= 12 && head.p[6] >= 1 &&
		head.p[6] <= 3;
}

static bool simple_looks(pqm_bytes head, pqm_bytes name)
{
	return mark_of(head, name) != NULL || is_npy(head) || is_faiss(head) ||
		((pqm_ends(name, PQM_LIT(".tfrecord")) ||
			 pqm_find(name, 0, PQM_LIT("tfrecord")) != SIZE_MAX) &&
			is_tfrecord(head));
}

/* "<f4"; records and objects have no short name. */
static void npy_type(pqm_bytes descr, char out[12])
{
	static const char kinds[] = "biufcSUVMm";
	bool is_plain = descr.n >= 3 && descr.n < 12 && strchr("<>|=", descr.p[0]) != NULL &&
		strchr(kinds, descr.p[1]) != NULL;

	for (size_t i = 2; is_plain && i < descr.n; i++)
		is_plain = descr.p[i] >= '0' && descr.p[i] <= '9';
	(void)snprintf(out, 12, "%.*s", is_plain ? (int)descr.n : 6,
		is_plain ? (const char *)descr.p : "record");
}

/* "(3, 4)": the product; of "()" 1. */
static bool npy_elements(pqm_bytes header, uint64_t *n)
{
	size_t from = pqm_find(header, 0, PQM_LIT("'shape': (")), end;
	pqm_bytes rest, one;
	uint64_t d;

	end = from == SIZE_MAX ? SIZE_MAX : pqm_find_byte(header, from, ')');
	if (end == SIZE_MAX)
		return false;
	rest = pqm_sub(header, from + 10, end - from - 10);
	for (*n = 1; rest.n > 0 && pqm_split(&rest, ',', &one);) {
		one = pqm_trim(one);
		if (one.n > 0 &&
			(!pqm_u64_parse(one, UINT64_MAX, &d) || __builtin_mul_overflow(*n, d, n)))
			return false;
	}
	return true;
}

bool pqm_aif_npy(struct pqm_aif *out, pqm_bytes body, pqm_bytes *descr, size_t *data_off)
{
	size_t at, n, from, end;
	pqm_bytes header;
	uint64_t elements;
	char type[12];

	*descr = (pqm_bytes){ NULL, 0 };
	if (!is_npy(body))
		return false;
	at = body.p[6] == 1 ? 10 : 12;
	n = body.p[6] == 1 ? (size_t)body.p[8] | (size_t)body.p[9] << 8 : pqm_aif_u32(body.p + 8);
	header = pqm_sub(body, at, n);
	if (header.n < n)
		return false;
	*data_off = at + n;
	header = pqm_sub(header, 0, NPY_HEADER_BYTES);
	from = pqm_find(header, 0, PQM_LIT("'descr': '"));
	end = from == SIZE_MAX ? SIZE_MAX : pqm_find_byte(header, from + 10, '\'');
	if (end != SIZE_MAX)
		*descr = pqm_sub(header, from + 10, end - from - 10);
	npy_type(*descr, type);
	return npy_elements(header, &elements) && pqm_aif_add(out, type, elements);
}

static void npy_read(struct pqm_aif *out, pqm_bytes body)
{
	size_t major = body.p[6], minor = body.p[7];

	if (!pqm_aif_npy(out, body, &out->architecture, &out->data_off) && out->data_off == 0)
		return;
	out->format = "npy";
	out->kind = PQM_AIF_ARRAY;
	(void)snprintf(out->version, sizeof(out->version), "%zu.%zu", major, minor);
}

/* HDF5 holds any numbers; Keras 1 and 2 name their groups so. */
static bool is_keras(pqm_bytes body)
{
	pqm_bytes head = pqm_sub(body, 0, (size_t)64 << 10);

	return pqm_find(head, 0, PQM_LIT("keras_version")) != SIZE_MAX ||
		pqm_find(head, 0, PQM_LIT("model_weights")) != SIZE_MAX ||
		pqm_find(head, 0, PQM_LIT("layer_names")) != SIZE_MAX;
}

static enum pqm_st simple_read(
	struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err)
{
	const struct mark *m = mark_of(in->body, in->name);

	(void)err;
	if (m != NULL) {
		out->format = m->format;
		out->kind = m->kind;
		if (strcmp(m->format, "hdf5") == 0 && is_keras(in->body))
			out->kind = PQM_AIF_MODEL;
	} else if (is_npy(in->body)) {
		npy_read(out, in->body);
	} else if (is_faiss(in->body)) {
		out->format = "faiss";
		out->kind = PQM_AIF_INDEX;
		out->dimension = pqm_aif_u32(in->body.p + 4);
		out->n_rows = pqm_aif_u64(in->body.p + 8);
		out->has_rows = true;
	} else {
		out->format = "tfrecord";
		out->kind = PQM_AIF_DATASET;
	}
	return PQM_OK;
}

/* Arrays of Python objects are pickles. */
static bool simple_is_weights(pqm_bytes head)
{
	size_t descr = pqm_find(pqm_sub(head, 0, 256), 0, PQM_LIT("'descr': '"));

	return is_npy(head) && descr != SIZE_MAX && pqm_sub(head, descr + 11, 1).n == 1 &&
		pqm_find_byte(pqm_sub(head, descr + 10, 2), 0, 'O') == SIZE_MAX;
}

const struct pqm_aif_format pqm_aif_simple = { simple_looks, simple_read, simple_is_weights };
