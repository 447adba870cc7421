/* aifile_onnx.c — ONNX models: a protobuf without a mark of its own, so its whole outline must fit. */
#include "aifile_int.h"

#include <stdio.h>

#include "base/cur.h"
#include "base/limits.h"

/* Fields of ModelProto, GraphProto and TensorProto [onnx.proto3]. */
enum { MODEL_IR = 1, MODEL_PRODUCER = 2, MODEL_GRAPH = 7, MODEL_OPSET = 8, MODEL_FIELD_MAX = 30 };

enum { GRAPH_NAME = 2, GRAPH_INITIALIZER = 5 };

enum { TENSOR_DIMS = 1, TENSOR_TYPE = 2 };

/* Wire types [protobuf.dev/programming-guides/encoding]. */
enum { WIRE_VARINT, WIRE_8, WIRE_BYTES, WIRE_4 = 5 };

#define IR_VERSION_MAX 30

static const char *const types[] = { NULL, "F32", "U8", "I8", "U16", "I16", "I32", "I64", "string",
	"BOOL", "F16", "F64", "U32", "U64", "C64", "C128", "BF16", "F8_E4M3", "F8_E4M3", "F8_E5M2",
	"F8_E5M2", "U4", "I4", "F4" };

struct field {
	unsigned no, wire;
	uint64_t number;
	pqm_bytes bytes;
};

static bool varint(struct pqm_cur *c, uint64_t *out)
{
	uint8_t b = 0x80;

	*out = 0;
	for (unsigned shift = 0; shift < 64 && (b & 0x80) != 0; shift += 7) {
		if (!pqm_cur_u8(c, &b))
			return false;
		*out |= (uint64_t)(b & 0x7f) << shift;
	}
	return (b & 0x80) == 0;
}

static bool next_field(struct pqm_cur *c, struct field *f)
{
	uint64_t tag, n;

	if (!varint(c, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX)
		return false;
	*f = (struct field){ .no = (unsigned)(tag >> 3), .wire = tag & 7 };
	switch (f->wire) {
	case WIRE_VARINT:
		return varint(c, &f->number);
	case WIRE_8:
		return pqm_cur_skip(c, 8);
	case WIRE_4:
		return pqm_cur_skip(c, 4);
	case WIRE_BYTES:
		return varint(c, &n) && n <= SIZE_MAX && pqm_cur_take(c, (size_t)n, &f->bytes);
	default:
		return false;
	}
}

static bool tensor(struct pqm_aif *out, pqm_bytes b)
{
	struct pqm_cur c = pqm_cur_of(b), dims;
	uint64_t n = 1, d, type = 0;
	struct field f;

	while (pqm_cur_left(&c) > 0) {
		if (!next_field(&c, &f))
			return false;
		if (f.no == TENSOR_TYPE && f.wire == WIRE_VARINT)
			type = f.number;
		if (f.no != TENSOR_DIMS)
			continue;
		if (f.wire == WIRE_VARINT && __builtin_mul_overflow(n, f.number, &n))
			return false;
		for (dims = pqm_cur_of(f.bytes); pqm_cur_left(&dims) > 0;)
			if (!varint(&dims, &d) || __builtin_mul_overflow(n, d, &n))
				return false;
	}
	if (type < sizeof(types) / sizeof(types[0]) && types[type] != NULL)
		return pqm_aif_add(out, types[type], n);
	return pqm_aif_add(out, "unknown", n);
}

static bool graph(struct pqm_aif *out, pqm_bytes b)
{
	struct pqm_cur c = pqm_cur_of(b);
	struct field f;

	while (pqm_cur_left(&c) > 0) {
		if (!next_field(&c, &f))
			return false;
		if (f.no == GRAPH_NAME && f.wire == WIRE_BYTES)
			out->name = f.bytes;
		if (f.no == GRAPH_INITIALIZER && f.wire == WIRE_BYTES &&
			(out->n_tensors >= PQM_AIF_ENTRIES || !tensor(out, f.bytes)))
			return false;
	}
	return true;
}

static bool onnx_looks(pqm_bytes head, pqm_bytes name)
{
	(void)name;
	return head.n >= 16 && head.p[0] == (MODEL_IR << 3) && head.p[1] >= 1 &&
		head.p[1] <= IR_VERSION_MAX &&
		(head.p[2] == (MODEL_PRODUCER << 3 | WIRE_BYTES) ||
			head.p[2] == (MODEL_GRAPH << 3 | WIRE_BYTES) ||
			head.p[2] == (MODEL_OPSET << 3 | WIRE_BYTES));
}

static enum pqm_st onnx_read(struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(in->body);
	pqm_bytes body = { NULL, 0 };
	bool has_opset = false;
	struct field f;

	(void)err;
	while (pqm_cur_left(&c) > 0) {
		if (!next_field(&c, &f) || f.no > MODEL_FIELD_MAX)
			return PQM_OK;
		if (f.no == MODEL_GRAPH && f.wire == WIRE_BYTES)
			body = f.bytes;
		else if (f.no == MODEL_PRODUCER && f.wire == WIRE_BYTES)
			out->producer = f.bytes;
		has_opset |= f.no == MODEL_OPSET && f.wire == WIRE_BYTES;
	}
	if (body.n == 0 || !has_opset || !graph(out, body)) {
		*out = (struct pqm_aif){ .format = NULL };
		return PQM_OK;
	}
	out->format = "onnx";
	(void)snprintf(out->version, sizeof(out->version), "%u", in->body.p[1]);
	return PQM_OK;
}

const struct pqm_aif_format pqm_aif_onnx = { onnx_looks, onnx_read, NULL };
