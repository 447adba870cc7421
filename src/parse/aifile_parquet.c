/* aifile_parquet.c — Parquet: rows, columns and which of them are encrypted, from the footer. */
#include "aifile_int.h"

#include <stdio.h>

#include "base/cur.h"
#include "base/limits.h"
#include "yaml_json.h"

/* Types of the Thrift compact protocol [thrift-compact-protocol.md]. */
enum {
	T_STOP,
	T_TRUE,
	T_FALSE,
	T_BYTE,
	T_I16,
	T_I32,
	T_I64,
	T_DOUBLE,
	T_BINARY,
	T_LIST,
	T_SET,
	T_MAP,
	T_STRUCT,
	T_UUID,
};

/* Fields [parquet.thrift]. */
enum {
	FILE_SCHEMA = 2,
	FILE_ROWS = 3,
	FILE_GROUPS = 4,
	FILE_MADE_BY = 6,
	FILE_ALGORITHM = 8,
	FILE_KEY = 9
};

enum { SCHEMA_CHILDREN = 5 };

enum { GROUP_COLUMNS = 1 };

enum { COLUMN_CRYPTO = 8 };

enum { CRYPTO_FILE_ALGORITHM = 1, CRYPTO_FILE_KEY = 2 };

/* ColumnCryptoMetaData: the footer's key, or one of its own: path, key metadata */
enum { COLUMN_OWN_KEY = 2, OWN_KEY_METADATA = 2 };

enum { ALGORITHM_GCM = 1, ALGORITHM_GCM_CTR = 2 };

#define DEPTH_MAX 16
#define TAIL_BYTES 8 /* length of the footer, mark */

struct thrift {
	struct pqm_cur c;
	uint64_t work; /* values stepped over: lists of nothing cost time too */
};

struct field {
	unsigned type, id;
};

static bool varint(struct thrift *t, uint64_t *out)
{
	uint8_t b = 0x80;

	*out = 0;
	for (unsigned shift = 0; shift < 64 && (b & 0x80) != 0; shift += 7) {
		if (!pqm_cur_u8(&t->c, &b))
			return false;
		*out |= (uint64_t)(b & 0x7f) << shift;
	}
	return (b & 0x80) == 0;
}

static bool zigzag(struct thrift *t, int64_t *out)
{
	uint64_t v;

	if (!varint(t, &v))
		return false;
	*out = (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
	return true;
}

static bool binary(struct thrift *t, pqm_bytes *out)
{
	uint64_t n;

	return varint(t, &n) && n <= pqm_cur_left(&t->c) && pqm_cur_take(&t->c, (size_t)n, out);
}

/* *f->id holds the one before; false at the end of the struct and where it is malformed: *is_end tells. */
static bool next_field(struct thrift *t, struct field *f, bool *is_end)
{
	uint8_t b;
	int64_t id;

	*is_end = false;
	if (++t->work > PQM_AIF_ENTRIES * UINT64_C(16) || !pqm_cur_u8(&t->c, &b))
		return false;
	f->type = b & 15;
	if (f->type == T_STOP) {
		*is_end = true;
		return false;
	}
	if (b >> 4 != 0) {
		f->id += b >> 4;
		return true;
	}
	if (!zigzag(t, &id) || id < 0 || id > INT16_MAX)
		return false;
	f->id = (unsigned)id;
	return true;
}

static bool list_head(struct thrift *t, uint64_t *n, unsigned *type)
{
	uint8_t b;

	if (!pqm_cur_u8(&t->c, &b))
		return false;
	*type = b & 15;
	*n = b >> 4;
	if (*n == 15 && !varint(t, n))
		return false;
	/* Every element takes a byte at least. */
	return *n <= pqm_cur_left(&t->c);
}

static bool skip(struct thrift *t, unsigned type, bool is_element, unsigned depth);

static bool skip_struct(struct thrift *t, unsigned depth)
{
	struct field f = { 0, 0 };
	bool is_end;

	while (next_field(t, &f, &is_end))
		if (!skip(t, f.type, false, depth + 1))
			return false;
	return is_end;
}

static bool skip_list(struct thrift *t, unsigned depth)
{
	uint64_t n;
	unsigned type;

	if (!list_head(t, &n, &type))
		return false;
	for (uint64_t i = 0; i < n; i++)
		if (!skip(t, type, true, depth + 1))
			return false;
	return true;
}

static bool skip_map(struct thrift *t, unsigned depth)
{
	uint8_t types;
	uint64_t n;

	if (!varint(t, &n))
		return false;
	if (n == 0)
		return true;
	if (!pqm_cur_u8(&t->c, &types) || n > pqm_cur_left(&t->c))
		return false;
	for (uint64_t i = 0; i < n; i++)
		if (!skip(t, types >> 4, true, depth + 1) || !skip(t, types & 15, true, depth + 1))
			return false;
	return true;
}

/* A boolean of a struct is in the field's type; an element of a list is a byte. */
static bool skip(struct thrift *t, unsigned type, bool is_element, unsigned depth)
{
	pqm_bytes unused;
	uint64_t number;

	if (depth > DEPTH_MAX || ++t->work > PQM_AIF_ENTRIES * UINT64_C(16))
		return false;
	switch (type) {
	case T_TRUE:
	case T_FALSE:
		return !is_element || pqm_cur_skip(&t->c, 1);
	case T_BYTE:
		return pqm_cur_skip(&t->c, 1);
	case T_I16:
	case T_I32:
	case T_I64:
		return varint(t, &number);
	case T_DOUBLE:
		return pqm_cur_skip(&t->c, 8);
	case T_BINARY:
		return binary(t, &unused);
	case T_UUID:
		return pqm_cur_skip(&t->c, 16);
	case T_LIST:
	case T_SET:
		return skip_list(t, depth);
	case T_MAP:
		return skip_map(t, depth);
	case T_STRUCT:
		return skip_struct(t, depth);
	default:
		return false;
	}
}

/* A union of algorithms: the field that is set names it. */
static bool algorithm(struct thrift *t, struct pqm_aif *out)
{
	struct field f = { 0, 0 };
	bool is_end;

	while (next_field(t, &f, &is_end)) {
		out->encryption = f.id == ALGORITHM_GCM ? "AES_GCM_V1"
			: f.id == ALGORITHM_GCM_CTR	? "AES_GCM_CTR_V1"
							: "unknown";
		if (!skip(t, f.type, false, 1))
			return false;
	}
	return is_end;
}

typedef bool reader(struct thrift *t, struct pqm_aif *out);

/* A list of structs: all of them are stepped over but one field of the first. */
struct structs {
	unsigned id;	  /* the field asked for */
	reader *of_each;  /* reads it where it is a struct; NULL: nothing does */
	reader *of_first; /* reads it where it is a list in the first struct; NULL: nothing does */
	uint64_t n, n_with; /* structs; those that have the field */
};

static bool each_struct(struct thrift *t, struct structs *s, struct pqm_aif *out)
{
	unsigned type;

	if (!list_head(t, &s->n, &type) || type != T_STRUCT)
		return false;
	for (uint64_t i = 0; i < s->n; i++) {
		struct field f = { 0, 0 };
		bool has_it = false, is_end;

		while (next_field(t, &f, &is_end)) {
			bool is_it = f.id == s->id;
			bool is_read = is_it && i == 0 && s->of_first != NULL && f.type == T_LIST;

			bool is_own = is_it && s->of_each != NULL && f.type == T_STRUCT;

			has_it |= is_it;
			if (!(is_read		     ? s->of_first(t, out)
					    : is_own ? s->of_each(t, out)
						     : skip(t, f.type, false, 1)))
				return false;
		}
		if (!is_end)
			return false;
		s->n_with += has_it;
	}
	return true;
}

/* Columns are the leaves of the schema: elements without children. */
static bool schema(struct thrift *t, struct pqm_aif *out)
{
	struct structs s = { .id = SCHEMA_CHILDREN };

	if (!each_struct(t, &s, out))
		return false;
	out->n_columns += s.n - s.n_with;
	return true;
}

/* Of several keys the first is told: they are of one KMS. */
static bool key(struct thrift *t, struct pqm_aif *out)
{
	pqm_bytes metadata;

	if (!binary(t, &metadata))
		return false;
	if (out->key_metadata.n == 0)
		out->key_metadata = metadata;
	return true;
}

static bool own_key(struct thrift *t, struct pqm_aif *out)
{
	struct field f = { 0, 0 };
	bool is_end;

	out->n_own_keys++;
	while (next_field(t, &f, &is_end))
		if (!(f.id == OWN_KEY_METADATA && f.type == T_BINARY ? key(t, out)
								     : skip(t, f.type, false, 1)))
			return false;
	return is_end;
}

static bool column_crypto(struct thrift *t, struct pqm_aif *out)
{
	struct field f = { 0, 0 };
	bool is_end;

	while (next_field(t, &f, &is_end))
		if (!(f.id == COLUMN_OWN_KEY && f.type == T_STRUCT ? own_key(t, out)
								   : skip(t, f.type, false, 1)))
			return false;
	return is_end;
}

static bool columns(struct thrift *t, struct pqm_aif *out)
{
	struct structs s = { .id = COLUMN_CRYPTO, .of_each = column_crypto };

	if (!each_struct(t, &s, out))
		return false;
	out->n_encrypted += s.n_with;
	return true;
}

/* The first row group tells of all: they have the same columns. */
static bool groups(struct thrift *t, struct pqm_aif *out)
{
	struct structs s = { .id = GROUP_COLUMNS, .of_first = columns };

	return each_struct(t, &s, out);
}

static bool file_field(struct thrift *t, const struct field *f, struct pqm_aif *out)
{
	int64_t rows;

	if (f->id == FILE_SCHEMA && f->type == T_LIST)
		return schema(t, out);
	if (f->id == FILE_GROUPS && f->type == T_LIST)
		return groups(t, out);
	if (f->id == FILE_ALGORITHM && f->type == T_STRUCT)
		return algorithm(t, out);
	if (f->id == FILE_KEY && f->type == T_BINARY)
		return key(t, out);
	if (f->id == FILE_MADE_BY && f->type == T_BINARY)
		return binary(t, &out->producer);
	if (f->id != FILE_ROWS || f->type != T_I64)
		return skip(t, f->type, false, 1);
	out->has_rows = zigzag(t, &rows) && rows >= 0;
	if (out->has_rows)
		out->n_rows = (uint64_t)rows;
	return out->has_rows;
}

static bool footer(struct pqm_aif *out, pqm_bytes b)
{
	struct thrift t = { .c = pqm_cur_of(b) };
	struct field f = { 0, 0 };
	bool is_end, is_good;

	while (next_field(&t, &f, &is_end)) {
		if (!out->is_footer_encrypted)
			is_good = file_field(&t, &f, out);
		else if (f.id == CRYPTO_FILE_ALGORITHM && f.type == T_STRUCT)
			is_good = algorithm(&t, out);
		else if (f.id == CRYPTO_FILE_KEY && f.type == T_BINARY)
			is_good = key(&t, out);
		else
			is_good = skip(&t, f.type, false, 1);
		if (!is_good)
			return false;
	}
	return is_end; /* behind it, when the footer is encrypted, is ciphertext */
}

/* Key material of the key tools of parquet-mr and Arrow: which master key of which KMS wraps the data keys. The
 * wrapped key itself is never looked at. Other writers have a form of their own. */
static void key_tools(struct pqm_aif *out, struct pqm_arena *arena)
{
	struct pqm_err ignored = { 0 };
	const struct pqm_yaml *root;

	if (pqm_sub(out->key_metadata, 0, 1).n == 0 || out->key_metadata.p[0] != '{' ||
		pqm_yjson_root(&root, out->key_metadata, arena, &ignored) != PQM_OK)
		return;
	out->master_key = pqm_yaml_str(root, "masterKeyID");
	out->kms = pqm_yaml_str(root, "kmsInstanceURL");
	if (out->kms.n == 0 || pqm_eqs(out->kms, "DEFAULT"))
		out->kms = pqm_yaml_str(root, "kmsInstanceID");
	/* A URL may have a password in front of its host. */
	for (size_t user; (user = pqm_find_byte(out->kms, 0, '@')) != SIZE_MAX;)
		out->kms = pqm_sub(out->kms, user + 1, out->kms.n);
	out->is_double_wrapped = pqm_yaml_true(root, "doubleWrapping");
}

static bool parquet_looks(pqm_bytes head, pqm_bytes name)
{
	(void)name;
	return pqm_starts(head, PQM_LIT("PAR1")) || pqm_starts(head, PQM_LIT("PARE"));
}

static enum pqm_st parquet_read(
	struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err)
{
	pqm_bytes b = in->body;
	bool is_named = pqm_ends(in->name, PQM_LIT(".parquet"));
	pqm_bytes mark = b.n < 4 + TAIL_BYTES ? PQM_LIT("") : pqm_sub(b, b.n - 4, 4);
	uint32_t n;

	if (!pqm_eqs(mark, "PAR1") && !pqm_eqs(mark, "PARE"))
		return is_named ? pqm_fail(err, PQM_EPARSE, "Parquet: cut off: no mark at the end")
				: PQM_OK;
	out->format = "parquet";
	out->kind = PQM_AIF_DATASET;
	out->is_footer_encrypted = mark.p[3] == 'E';
	out->data_off = 4;
	n = pqm_aif_u32(b.p + b.n - TAIL_BYTES);
	if (n > b.n - 4 - TAIL_BYTES || n > PQM_AIF_HEADER_BYTES)
		return pqm_fail(
			err, PQM_EPARSE, "Parquet: a footer of %u bytes in a file of %zu", n, b.n);
	if (!footer(out, pqm_sub(b, b.n - TAIL_BYTES - n, n)))
		return pqm_fail(err, PQM_EPARSE, "Parquet: footer of %u bytes is malformed", n);
	key_tools(out, in->arena);
	return PQM_OK;
}

const struct pqm_aif_format pqm_aif_parquet = { parquet_looks, parquet_read, NULL };
