/* aifile_pickle.c — pickles read opcode by opcode, never executed: which tensors PyTorch would load, and
 * what would be called by name. */
#include "aifile_int.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/num.h"

/* How the argument of an opcode is laid out [CPython Lib/pickletools.py]. */
enum arg {
	ARG_BAD,
	ARG_NONE,
	ARG_1,
	ARG_2,
	ARG_4,
	ARG_8,
	ARG_LINE,
	ARG_LINES2,
	ARG_LEN1, /* length, then so many bytes */
	ARG_LEN4,
	ARG_LEN8,
};

#define OP_MARK_AT '('
#define OP_STOP '.'
#define OP_BINPERSID 'Q'
#define OP_BININT 'J'
#define OP_BININT1 'K'
#define OP_BININT2 'M'
#define OP_LONG1 0x8a
#define OP_GLOBAL 'c'
#define OP_INST 'i'
#define OP_STACK_GLOBAL 0x93
#define OP_BINUNICODE 'X'
#define OP_SHORT_BINUNICODE 0x8c
#define OP_BINUNICODE8 0x8d
#define OP_SHORT_BINSTRING 'U'
#define OP_BINSTRING 'T'
#define OP_PROTO 0x80
#define OP_PUT 'p'
#define OP_BINPUT 'q'
#define OP_LONG_BINPUT 'r'
#define OP_MEMOIZE 0x94
#define OP_GET 'g'
#define OP_BINGET 'h'
#define OP_LONG_BINGET 'j'

static const uint8_t args[256] = {
	['('] = ARG_NONE,
	['.'] = ARG_NONE,
	['0'] = ARG_NONE,
	['1'] = ARG_NONE,
	['2'] = ARG_NONE,
	['F'] = ARG_LINE,
	['I'] = ARG_LINE,
	['J'] = ARG_4,
	['K'] = ARG_1,
	['L'] = ARG_LINE,
	['M'] = ARG_2,
	['N'] = ARG_NONE,
	['P'] = ARG_LINE,
	['Q'] = ARG_NONE,
	['R'] = ARG_NONE,
	['S'] = ARG_LINE,
	['T'] = ARG_LEN4,
	['U'] = ARG_LEN1,
	['V'] = ARG_LINE,
	['X'] = ARG_LEN4,
	['a'] = ARG_NONE,
	['b'] = ARG_NONE,
	['c'] = ARG_LINES2,
	['d'] = ARG_NONE,
	['}'] = ARG_NONE,
	['e'] = ARG_NONE,
	['g'] = ARG_LINE,
	['h'] = ARG_1,
	['i'] = ARG_LINES2,
	['j'] = ARG_4,
	['l'] = ARG_NONE,
	[']'] = ARG_NONE,
	['o'] = ARG_NONE,
	['p'] = ARG_LINE,
	['q'] = ARG_1,
	['r'] = ARG_4,
	['s'] = ARG_NONE,
	['t'] = ARG_NONE,
	[')'] = ARG_NONE,
	['u'] = ARG_NONE,
	['G'] = ARG_8,
	['B'] = ARG_LEN4,
	['C'] = ARG_LEN1,
	[0x80] = ARG_1,
	[0x81] = ARG_NONE,
	[0x82] = ARG_1,
	[0x83] = ARG_2,
	[0x84] = ARG_4,
	[0x85] = ARG_NONE,
	[0x86] = ARG_NONE,
	[0x87] = ARG_NONE,
	[0x88] = ARG_NONE,
	[0x89] = ARG_NONE,
	[0x8a] = ARG_LEN1,
	[0x8b] = ARG_LEN4,
	[0x8c] = ARG_LEN1,
	[0x8d] = ARG_LEN8,
	[0x8e] = ARG_LEN8,
	[0x8f] = ARG_NONE,
	[0x90] = ARG_NONE,
	[0x91] = ARG_NONE,
	[0x92] = ARG_NONE,
	[0x93] = ARG_NONE,
	[0x94] = ARG_NONE,
	[0x95] = ARG_8,
	[0x96] = ARG_LEN8,
	[0x97] = ARG_NONE,
	[0x98] = ARG_NONE,
};

/* Storages of PyTorch and what one element is. */
static const struct {
	const char *name, *type;
} storages[] = {
	{ "FloatStorage", "F32" },
	{ "HalfStorage", "F16" },
	{ "BFloat16Storage", "BF16" },
	{ "DoubleStorage", "F64" },
	{ "LongStorage", "I64" },
	{ "IntStorage", "I32" },
	{ "ShortStorage", "I16" },
	{ "CharStorage", "I8" },
	{ "ByteStorage", "U8" },
	{ "BoolStorage", "BOOL" },
	{ "ComplexFloatStorage", "C64" },
	{ "ComplexDoubleStorage", "C128" },
	{ "QInt8Storage", "QI8" },
	{ "QUInt8Storage", "QU8" },
	{ "UntypedStorage", "bytes" },
};

/* Packages whose objects are models. */
static const char *const frameworks[] = { "torch", "sklearn", "xgboost", "lightgbm", "catboost",
	"keras", "tensorflow", "transformers", "jax", "flax", "paddle", "mxnet", "chainer",
	"fastai", "sentence_transformers", "statsmodels", "onnx", "spacy", "gensim" };

/* Modules whose functions act when a pickle is loaded: no model needs them. */
static const char *const actors[] = { "os", "posix", "nt", "subprocess", "sys", "runpy", "socket",
	"shutil", "pty", "importlib", "ctypes", "webbrowser", "requests", "urllib", "http",
	"asyncio", "pip", "pdb", "bdb", "timeit", "multiprocessing", "marshal" };

/* Modules whose names others have too, or that models need for something else. */
static const struct {
	const char *module, *name;
} acts[] = {
	{ "types", "CodeType" },
	{ "types", "FunctionType" },
	{ "types", "LambdaType" },
	{ "code", "interact" },
	{ "code", "InteractiveInterpreter" },
	{ "pickle", "loads" },
	{ "_pickle", "loads" },
	{ "cloudpickle", "loads" },
};

static const char *const built_ins[] = { "eval", "exec", "compile", "open", "__import__", "getattr",
	"globals", "input", "breakpoint", "execfile", "apply" };

#define KEYS_MAX ((size_t)1 << 20) /* storages that are told apart by their number */

/* What was pushed, as far as it matters here. */
struct item {
	pqm_bytes string;
	const char *storage;
};

struct pickle {
	struct pqm_aif *out;
	struct pqm_arena *arena;
	pqm_bytes b;
	size_t at;
	struct item last;
	struct item *memo;
	size_t n_memo, cap_memo; /* n_memo: the next number that MEMOIZE gives */
	pqm_bytes strings[4];	 /* the last pushed, [0] the latest */
	const char *storage;
	uint64_t number; /* the last pushed */
	uint8_t *seen;	 /* bits: storages counted */
	bool is_model;
};

static bool first_part_in(pqm_bytes module, const char *const *names, size_t n)
{
	size_t dot = pqm_find_byte(module, 0, '.');
	pqm_bytes first = pqm_sub(module, 0, dot == SIZE_MAX ? module.n : dot);

	for (size_t i = 0; i < n; i++)
		if (pqm_eqs(first, names[i]))
			return true;
	return false;
}

static bool is_one_of(pqm_bytes name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pqm_eqs(name, names[i]))
			return true;
	return false;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool is_act(pqm_bytes module, pqm_bytes name)
{
	bool is_builtin = pqm_eqs(module, "builtins") || pqm_eqs(module, "__builtin__");

	for (size_t i = 0; i < COUNT(acts); i++)
		if (pqm_eqs(module, acts[i].module) && pqm_eqs(name, acts[i].name))
			return true;
	return first_part_in(module, actors, COUNT(actors)) ||
		(is_builtin && is_one_of(name, built_ins, COUNT(built_ins)));
}

static void on_global(struct pickle *p, pqm_bytes module, pqm_bytes name)
{
	p->last = (struct item){ .storage = NULL };
	for (size_t i = 0; i < COUNT(storages); i++)
		if (pqm_eqs(name, storages[i].name))
			p->last.storage = p->storage = storages[i].type;
	p->is_model |= first_part_in(module, frameworks, COUNT(frameworks));
	if (p->out->runs.n == 0 && is_act(module, name))
		p->out->runs = pqm_arena_f(p->arena, "%.*s.%.*s",
			PQM_FMT(pqm_printable(p->arena, pqm_sub(module, 0, 64))),
			PQM_FMT(pqm_printable(p->arena, pqm_sub(name, 0, 64))));
}

/* ('storage', FloatStorage, '12', 'cpu', 4096): the strings are the key and the place. */
static bool on_persistent(struct pickle *p)
{
	uint64_t key;

	if (p->storage == NULL)
		return true;
	if (pqm_u64_parse(p->strings[1], KEYS_MAX - 1, &key)) {
		if (p->seen == NULL)
			p->seen = pqm_new(p->arena, uint8_t, KEYS_MAX / 8);
		if (p->seen == NULL)
			return false;
		if ((p->seen[key / 8] & (1U << (key % 8))) != 0)
			return true;
		p->seen[key / 8] |= (uint8_t)(1U << (key % 8));
	}
	return pqm_aif_add(p->out, p->storage, p->number);
}

static uint64_t number_of(pqm_bytes le)
{
	uint64_t v = 0;

	for (size_t i = 0; i < le.n && i < 8; i++)
		v |= (uint64_t)le.p[i] << (8 * i);
	return v;
}

static void push_string(struct pickle *p, pqm_bytes s)
{
	memmove(&p->strings[1], &p->strings[0], 3 * sizeof(p->strings[0]));
	p->strings[0] = s;
	p->last = (struct item){ .string = s };
}

/* Memos over the maximum are not kept: what is got from them counts as nothing known. */
static bool put(struct pickle *p, uint64_t at)
{
	if (at >= PQM_AIF_ENTRIES)
		return true;
	while (p->cap_memo <= at) {
		struct item *grown = pqm_grow(p->arena, p->memo, p->cap_memo, &p->cap_memo);

		if (grown == NULL)
			return false;
		p->memo = grown;
	}
	while (p->n_memo <= at)
		p->memo[p->n_memo++] = (struct item){ .storage = NULL };
	p->memo[at] = p->last;
	return true;
}

static void get(struct pickle *p, uint64_t at)
{
	p->last = at < p->n_memo ? p->memo[at] : (struct item){ .storage = NULL };
	if (p->last.storage != NULL)
		p->storage = p->last.storage;
	else if (p->last.string.p != NULL)
		push_string(p, p->last.string);
}

static bool memo(struct pickle *p, uint8_t op, pqm_bytes a)
{
	uint64_t at = p->n_memo;

	if ((op == OP_PUT || op == OP_GET) && !pqm_u64_parse(a, UINT64_MAX, &at))
		return false;
	if (op != OP_PUT && op != OP_GET && op != OP_MEMOIZE)
		at = number_of(a);
	if (op != OP_GET && op != OP_BINGET && op != OP_LONG_BINGET)
		return put(p, at);
	get(p, at);
	return true;
}

static bool take(struct pickle *p, uint64_t n, pqm_bytes *out)
{
	if (n > p->b.n - p->at)
		return false;
	*out = pqm_sub(p->b, p->at, (size_t)n);
	p->at += (size_t)n;
	return true;
}

static bool take_line(struct pickle *p, pqm_bytes *out)
{
	size_t end = pqm_find_byte(p->b, p->at, '\n');

	if (end == SIZE_MAX)
		return false;
	*out = pqm_sub(p->b, p->at, end - p->at);
	p->at = end + 1;
	return true;
}

static bool argument(struct pickle *p, enum arg kind, pqm_bytes *a, pqm_bytes *b)
{
	static const uint8_t widths[] = { [ARG_1] = 1,
		[ARG_2] = 2,
		[ARG_4] = 4,
		[ARG_8] = 8,
		[ARG_LEN1] = 1,
		[ARG_LEN4] = 4,
		[ARG_LEN8] = 8 };

	switch (kind) {
	case ARG_BAD:
		return false;
	case ARG_NONE:
		return true;
	case ARG_LINE:
		return take_line(p, a);
	case ARG_LINES2:
		return take_line(p, a) && take_line(p, b);
	case ARG_1:
	case ARG_2:
	case ARG_4:
	case ARG_8:
		return take(p, widths[kind], a);
	case ARG_LEN1:
	case ARG_LEN4:
	case ARG_LEN8:
		return take(p, widths[kind], b) && take(p, number_of(*b), a);
	}
	return false;
}

static bool step(struct pickle *p, uint8_t op)
{
	pqm_bytes a = { NULL, 0 }, b = { NULL, 0 };

	if (!argument(p, (enum arg)args[op], &a, &b))
		return false;
	switch (op) {
	case OP_GLOBAL:
	case OP_INST:
		on_global(p, a, b);
		break;
	case OP_STACK_GLOBAL:
		on_global(p, p->strings[1], p->strings[0]);
		break;
	case OP_BINUNICODE:
	case OP_SHORT_BINUNICODE:
	case OP_BINUNICODE8:
	case OP_SHORT_BINSTRING:
	case OP_BINSTRING:
	case 'V':
	case 'S':
		push_string(p, a);
		break;
	case OP_BININT:
	case OP_BININT1:
	case OP_BININT2:
	case OP_LONG1:
		p->number = number_of(a);
		break;
	case OP_PUT:
	case OP_BINPUT:
	case OP_LONG_BINPUT:
	case OP_MEMOIZE:
	case OP_GET:
	case OP_BINGET:
	case OP_LONG_BINGET:
		return memo(p, op, a);
	case OP_BINPERSID:
		return on_persistent(p);
	default:
		p->last = (struct item){ .storage = NULL };
		break;
	}
	return true;
}

enum pqm_st pqm_aif_pickle(struct pqm_aif *out, pqm_bytes in, struct pqm_arena *arena, size_t *end,
	bool *is_model, struct pqm_err *err)
{
	struct pickle p = { .out = out, .arena = arena, .b = in };
	uint8_t op = 0;

	while (p.at < in.n && p.at < PQM_AIF_HEADER_BYTES && op != OP_STOP) {
		op = in.p[p.at++];
		if (!step(&p, op))
			return pqm_fail(err, PQM_EPARSE,
				"pickle: opcode 0x%02x before byte %zu is unknown or cut off", op,
				p.at);
	}
	*end = p.at;
	*is_model = p.is_model;
	if (op != OP_STOP)
		return pqm_fail(err, PQM_EPARSE, "pickle: no STOP in %zu bytes", p.at);
	return PQM_OK;
}

/* torch.save before 1.6: magic number, protocol, system, then the object [torch/serialization.py]. */
static bool is_legacy_torch(pqm_bytes head)
{
	static const uint8_t magic[] = { 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8,
		0x50, 0x19 };

	return head.n > 14 && head.p[0] == OP_PROTO &&
		memcmp(head.p + 2, magic, sizeof(magic)) == 0;
}

/* Names under which programs load models from pickles. */
static bool is_named(pqm_bytes name)
{
	static const char *const ends[] = { ".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt",
		".bin" };

	for (size_t i = 0; i < COUNT(ends); i++)
		if (pqm_ends(name, pqm_str(ends[i])))
			return true;
	return false;
}

/* Protocols 0 and 1 have no mark: what models are never written in, but what loads them reads too. */
static bool is_old(pqm_bytes head, pqm_bytes name)
{
	return head.n >= 4 && is_named(name) && strchr("c(]}", head.p[0]) != NULL &&
		head.p[0] != 0 && args[head.p[1]] != ARG_BAD;
}

static bool pickled_looks(pqm_bytes head, pqm_bytes name)
{
	if (is_old(head, name))
		return true;
	return head.n >= 16 && head.p[0] == OP_PROTO && head.p[1] >= 2 && head.p[1] <= 5 &&
		args[head.p[2]] != ARG_BAD;
}

static enum pqm_st pickled_read(
	struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err)
{
	bool is_legacy = is_legacy_torch(in->body), is_model = false, is_part = false;
	bool has_mark = in->body.p[0] == OP_PROTO;
	size_t at = 0, end = 0;
	enum pqm_st st = PQM_OK;

	/* The legacy form has three short pickles in front of the one that counts. */
	for (unsigned i = 0; i < (is_legacy ? 4U : 1U) && st == PQM_OK && at < in->body.n; i++) {
		st = pqm_aif_pickle(out, pqm_sub(in->body, at, in->body.n - at), in->arena, &end,
			&is_part, err);
		at += end;
		is_model |= is_part;
	}
	/* One that only calls something, where a model is loaded from, is told as well. */
	if (st == PQM_OK && out->runs.n > 0 && is_named(in->name))
		is_model = true;
	if ((!is_model && !is_legacy) || (!has_mark && (st != PQM_OK || out->runs.n == 0))) {
		/* Python keeps many other things in pickles, and many other files begin like one. */
		*out = (struct pqm_aif){ .format = NULL };
		return PQM_OK;
	}
	out->format = is_legacy ? "pytorch-legacy" : "pickle";
	if (has_mark)
		(void)snprintf(out->version, sizeof(out->version), "%u", in->body.p[1]);
	return st;
}

const struct pqm_aif_format pqm_aif_pickled = { pickled_looks, pickled_read, NULL };
