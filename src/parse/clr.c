#include "clr.h"

#include "base/cur.h"
#include "base/limits.h"
#include "base/num.h"

enum {
	T_TYPEREF = 0x01,
	T_TYPEDEF = 0x02,
	T_METHOD = 0x06,
	T_MEMBERREF = 0x0a,
	T_METHODSPEC = 0x2b,
};

/* Columns of each table [II.22]: digits are bytes, s g b index heaps, upper-case letters one table, other letters
 * one of several [II.24.2.6]. */
static const char *const columns[PQM_CLR_TABLES] = { "2sggg", "zss", "4ssdFM", "F", "2sb", "M",
	"422sbP", "P", "22s", "Td", "rsb", "2hb", "aub", "mb", "2xb", "24T", "4F", "b", "TE", "E",
	"2sd", "TR", "R", "2sb", "2My", "Tkk", "s", "b", "2fsO", "4F", "44", "4", "422224bss", "4",
	"444", "22224bssb", "4A", "444A", "4sb", "44ssi", "44si", "TT", "22ts", "kb", "Gd" };

static const struct {
	char letter;
	uint8_t bits, n;
	uint8_t tables[22];
} indexes[] = {
	{ 'F', 0, 1, { 0x04 } },
	{ 'M', 0, 1, { 0x06 } },
	{ 'P', 0, 1, { 0x08 } },
	{ 'T', 0, 1, { 0x02 } },
	{ 'E', 0, 1, { 0x14 } },
	{ 'R', 0, 1, { 0x17 } },
	{ 'O', 0, 1, { 0x1a } },
	{ 'A', 0, 1, { 0x23 } },
	{ 'G', 0, 1, { 0x2a } },
	{ 'd', 2, 3, { 0x02, 0x01, 0x1b } },
	{ 'h', 2, 3, { 0x04, 0x08, 0x17 } },
	{ 'a', 5, 22,
		{ 0x06, 0x04, 0x01, 0x02, 0x08, 0x09, 0x0a, 0x00, 0x0e, 0x17, 0x14, 0x11, 0x1a,
			0x1b, 0x20, 0x23, 0x26, 0x27, 0x28, 0x2a, 0x2c, 0x2b } },
	{ 'm', 1, 2, { 0x04, 0x08 } },
	{ 'x', 2, 3, { 0x02, 0x06, 0x20 } },
	{ 'r', 3, 5, { 0x02, 0x01, 0x1a, 0x06, 0x1b } },
	{ 'y', 1, 2, { 0x14, 0x17 } },
	{ 'k', 1, 2, { 0x06, 0x0a } },
	{ 'f', 1, 2, { 0x04, 0x06 } },
	{ 'i', 2, 3, { 0x26, 0x23, 0x27 } },
	{ 'u', 3, 2, { 0x06, 0x0a } },
	{ 'z', 2, 4, { 0x00, 0x1a, 0x23, 0x01 } },
	{ 't', 1, 2, { 0x02, 0x06 } },
};

static uint32_t le(pqm_bytes b, size_t at, size_t n)
{
	uint32_t v = 0;

	if (at > b.n || b.n - at < n)
		return 0;
	for (size_t i = 0; i < n; i++)
		v |= (uint32_t)b.p[at + i] << (8 * i);
	return v;
}

static enum pqm_st bad(struct pqm_clr *c, uint64_t off, const char *words, struct pqm_err *err)
{
	c->bad_off = off;
	return pqm_fail(err, PQM_EPARSE, ".NET: at byte %llu: %s", (unsigned long long)off, words);
}

static uint32_t column_bytes(const struct pqm_clr *c, char letter)
{
	if (letter >= '0' && letter <= '9')
		return (uint32_t)(letter - '0');
	if (letter == 's')
		return c->wide_strings ? 4 : 2;
	if (letter == 'g')
		return c->wide_guids ? 4 : 2;
	if (letter == 'b')
		return c->wide_blobs ? 4 : 2;
	for (size_t i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++) {
		uint32_t most = 0;

		if (indexes[i].letter != letter)
			continue;
		for (size_t t = 0; t < indexes[i].n; t++)
			if (c->rows[indexes[i].tables[t]] > most)
				most = c->rows[indexes[i].tables[t]];
		return most < UINT32_C(1) << (16 - indexes[i].bits) ? 2 : 4;
	}
	return 0;
}

/* Column n of a row; 0 outside of the table. */
static uint32_t cell(const struct pqm_clr *c, unsigned table, uint32_t row, unsigned n)
{
	uint64_t at;

	if (row == 0 || row > c->rows[table])
		return 0;
	at = c->at[table] + (uint64_t)(row - 1) * c->bytes[table];
	return le(c->tables, (size_t)at + c->col_at[table][n], c->col_bytes[table][n]);
}

static pqm_bytes text_at(const struct pqm_clr *c, uint32_t at)
{
	pqm_bytes s = pqm_sub(c->strings, at, PQM_CLR_NAME_BYTES);
	size_t end = pqm_find_byte(s, 0, 0);

	return end == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(s, 0, end);
}

/* A number of one, two or four bytes in front of a blob or in it [II.23.2]. */
static bool packed(struct pqm_cur *cur, uint32_t *out)
{
	uint8_t a, b = 0, d[2] = { 0 };

	if (!pqm_cur_u8(cur, &a))
		return false;
	if ((a & 0x80) == 0) {
		*out = a;
		return true;
	}
	if (!pqm_cur_u8(cur, &b))
		return false;
	*out = (uint32_t)(a & 0x3f) << 8 | b;
	if ((a & 0x40) == 0)
		return true;
	*out = (uint32_t)(a & 0x1f) << 24 | (uint32_t)b << 16;
	if (!pqm_cur_u8(cur, &d[0]) || !pqm_cur_u8(cur, &d[1]))
		return false;
	*out |= (uint32_t)d[0] << 8 | d[1];
	return true;
}

static pqm_bytes blob_in(pqm_bytes heap, uint32_t at)
{
	struct pqm_cur cur = pqm_cur_of(pqm_sub(heap, at, heap.n));
	pqm_bytes out = { NULL, 0 };
	uint32_t n;

	if (at == 0 || !packed(&cur, &n) || !pqm_cur_take(&cur, n, &out))
		return (pqm_bytes){ NULL, 0 };
	return out;
}

static enum pqm_st read_tables(struct pqm_clr *c, pqm_bytes stream, struct pqm_err *err)
{
	uint64_t off = stream.p == NULL ? 0 : (uint64_t)(stream.p - c->pe->body.p);
	uint64_t valid = (uint64_t)le(stream, 8, 4) | (uint64_t)le(stream, 12, 4) << 32;
	size_t at = 24;

	c->tables = stream;
	c->wide_strings = (le(stream, 6, 1) & 1) != 0;
	c->wide_guids = (le(stream, 6, 1) & 2) != 0;
	c->wide_blobs = (le(stream, 6, 1) & 4) != 0;
	if (stream.n < 24 || valid >> PQM_CLR_TABLES != 0)
		return bad(c, off, "no tables, or some that are unknown", err);
	for (unsigned i = 0; i < PQM_CLR_TABLES; i++)
		if ((valid >> i & 1) != 0) {
			c->rows[i] = le(stream, at, 4);
			at += 4;
		}
	at += (le(stream, 6, 1) & 0x40) != 0 ? 4 : 0;
	for (unsigned i = 0; i < PQM_CLR_TABLES; i++) {
		for (unsigned n = 0; columns[i][n] != '\0'; n++) {
			c->col_at[i][n] = (uint8_t)c->bytes[i];
			c->col_bytes[i][n] = (uint8_t)column_bytes(c, columns[i][n]);
			c->bytes[i] += c->col_bytes[i][n];
		}
		if (at > stream.n || c->rows[i] > (stream.n - at) / c->bytes[i])
			return bad(c, off + at, "a table is cut off", err);
		c->at[i] = (uint32_t)at;
		at += (size_t)c->rows[i] * c->bytes[i];
	}
	return PQM_OK;
}

enum pqm_st pqm_clr_open(
	struct pqm_clr *c, const struct pqm_pe *pe, struct pqm_arena *arena, struct pqm_err *err)
{
	pqm_bytes cli = pqm_pe_at(pe, pe->clr_rva, 72);
	pqm_bytes root = pqm_pe_at(pe, le(cli, 8, 4), le(cli, 12, 4));
	pqm_bytes tables = { NULL, 0 };
	size_t at = 16 + (size_t)((le(root, 12, 4) + 3) & ~UINT32_C(3)), n;

	*c = (struct pqm_clr){ .pe = pe, .arena = arena, .budget = PQM_CLR_STEPS };
	if (cli.n < 72 || !pqm_starts(root, PQM_LIT("BSJB")) || at + 4 > root.n)
		return bad(c, cli.p == NULL ? 0 : (uint64_t)(cli.p - pe->body.p),
			"no metadata where the header says", err);
	n = le(root, at + 2, 2);
	at += 4;
	for (size_t i = 0; i < n && i < 16 && at + 8 < root.n; i++) {
		pqm_bytes name = pqm_sub(root, at + 8, 32);
		pqm_bytes part = pqm_sub(root, le(root, at, 4), le(root, at + 4, 4));
		size_t end = pqm_find_byte(name, 0, 0);

		if (end == SIZE_MAX)
			break;
		name = pqm_sub(name, 0, end);
		if (pqm_eqs(name, "#~") || pqm_eqs(name, "#-"))
			tables = part;
		else if (pqm_eqs(name, "#Strings"))
			c->strings = part;
		else if (pqm_eqs(name, "#US"))
			c->texts = part;
		else if (pqm_eqs(name, "#Blob"))
			c->blobs = part;
		at += 8 + ((end + 4) & ~(size_t)3);
	}
	return read_tables(c, tables, err);
}

bool pqm_clr_refers(const struct pqm_clr *c, const char *const *namespaces, size_t n)
{
	for (uint32_t row = 1; row <= c->rows[T_TYPEREF]; row++) {
		pqm_bytes space = text_at(c, cell(c, T_TYPEREF, row, 2));

		for (size_t i = 0; i < n; i++)
			if (pqm_starts(space, pqm_str(namespaces[i])))
				return true;
	}
	return false;
}

/* "System.Security.Cryptography" and "RSA" as System/Security/Cryptography/RSA. */
static pqm_bytes full_name(const struct pqm_clr *c, pqm_bytes space, pqm_bytes name)
{
	pqm_bytes s = pqm_arena_f(
		c->arena, "%.*s%s%.*s", PQM_FMT(space), space.n > 0 ? "/" : "", PQM_FMT(name));
	uint8_t *p = (uint8_t *)(uintptr_t)s.p;

	for (size_t i = 0; i < space.n && i < s.n; i++)
		if (p[i] == '.')
			p[i] = '/';
	return s;
}

static pqm_bytes ref_name(const struct pqm_clr *c, uint32_t row)
{
	pqm_bytes name = { NULL, 0 };

	for (unsigned depth = 0; depth < 8; depth++) {
		pqm_bytes own = full_name(c, text_at(c, cell(c, T_TYPEREF, row, 2)),
			text_at(c, cell(c, T_TYPEREF, row, 1)));
		uint32_t scope = cell(c, T_TYPEREF, row, 0);

		name = name.n == 0
			? own
			: pqm_arena_f(c->arena, "%.*s/%.*s", PQM_FMT(own), PQM_FMT(name));
		if ((scope & 3) != 3) /* not inside of another type */
			return name;
		row = scope >> 2;
	}
	return (pqm_bytes){ NULL, 0 };
}

/* The type that has the method: its methods begin at a row, and end where those of the next begin. */
static uint32_t type_of_method(const struct pqm_clr *c, uint32_t method)
{
	uint32_t lo = 1, hi = c->rows[T_TYPEDEF] + 1;

	while (lo + 1 < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (cell(c, T_TYPEDEF, mid, 5) <= method)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* Of a method, by its token. */
static pqm_bytes signature_of(const struct pqm_clr *c, uint32_t token)
{
	uint32_t row = token & 0xffffff;

	if (token >> 24 == T_METHODSPEC) {
		uint32_t parent = cell(c, T_METHODSPEC, row, 0);

		token = (parent & 1) != 0 ? (uint32_t)T_MEMBERREF << 24 : (uint32_t)T_METHOD << 24;
		row = parent >> 1;
	}
	if (token >> 24 == T_METHOD)
		return blob_in(c->blobs, cell(c, T_METHOD, row, 4));
	return token >> 24 == T_MEMBERREF ? blob_in(c->blobs, cell(c, T_MEMBERREF, row, 2))
					  : (pqm_bytes){ NULL, 0 };
}

bool pqm_clr_name(const struct pqm_clr *c, uint32_t token, struct pqm_clr_name *out)
{
	uint32_t row = token & 0xffffff, parent;

	if (token >> 24 == T_METHODSPEC) {
		parent = cell(c, T_METHODSPEC, row, 0);
		token = (parent & 1) != 0 ? (uint32_t)T_MEMBERREF << 24 : (uint32_t)T_METHOD << 24;
		row = parent >> 1;
	}
	if (token >> 24 == T_METHOD && row > 0 && row <= c->rows[T_METHOD]) {
		uint32_t type = type_of_method(c, row);

		*out = (struct pqm_clr_name){ .type = full_name(c,
						      text_at(c, cell(c, T_TYPEDEF, type, 2)),
						      text_at(c, cell(c, T_TYPEDEF, type, 1))),
			.member = text_at(c, cell(c, T_METHOD, row, 3)),
			.signature = blob_in(c->blobs, cell(c, T_METHOD, row, 4)) };
		return true;
	}
	if (token >> 24 != T_MEMBERREF || row == 0 || row > c->rows[T_MEMBERREF])
		return false;
	parent = cell(c, T_MEMBERREF, row, 0);
	*out = (struct pqm_clr_name){ .member = text_at(c, cell(c, T_MEMBERREF, row, 1)),
		.signature = blob_in(c->blobs, cell(c, T_MEMBERREF, row, 2)) };
	if ((parent & 7) == 1)
		out->type = ref_name(c, parent >> 3);
	return true;
}

#define TYPE_DEPTH 16

/* Passes over one type of a signature [II.23.2.12]; *first: its first byte that is no modifier. */
static bool skip_type(struct pqm_cur *cur, unsigned depth, uint8_t *first)
{
	uint8_t t, inner;
	uint32_t n, unused;

	do {
		if (depth > TYPE_DEPTH || !pqm_cur_u8(cur, &t))
			return false;
		if ((t == 0x1f || t == 0x20) && !packed(cur, &unused))
			return false;
	} while (t == 0x1f || t == 0x20 || t == 0x45); /* modifiers, pinned */
	*first = t;
	switch (t) {
	case 0x0f: /* pointer, reference, vector */
	case 0x10:
	case 0x1d:
		return skip_type(cur, depth + 1, &inner);
	case 0x11: /* value type, class, type variables */
	case 0x12:
	case 0x13:
	case 0x1e:
		return packed(cur, &unused);
	case 0x15: /* generic: kind, type, arguments */
		if (!pqm_cur_u8(cur, &inner) || !packed(cur, &unused) || !packed(cur, &n))
			return false;
		for (uint32_t i = 0; i < n; i++)
			if (!skip_type(cur, depth + 1, &inner))
				return false;
		return true;
	case 0x14: /* array, function pointer: their shapes are not read */
	case 0x1b:
		return false;
	default:
		return true;
	}
}

/* The head of a method's signature: the cursor stands before the result. */
static bool open_signature(pqm_bytes signature, struct pqm_cur *cur, uint32_t *n, uint8_t *flags)
{
	uint32_t unused;

	*cur = pqm_cur_of(pqm_sub(signature, 0, PQM_CLR_SIGNATURE_BYTES));
	if (!pqm_cur_u8(cur, flags) || (*flags & 0x0f) == 6 ||
		((*flags & 0x10) != 0 && !packed(cur, &unused)))
		return false;
	return packed(cur, n) && *n < 64;
}

unsigned pqm_clr_param(const struct pqm_clr *c, pqm_bytes signature, unsigned n)
{
	struct pqm_cur cur;
	uint32_t count;
	uint8_t flags, first = 0;

	(void)c;
	if (!open_signature(signature, &cur, &count, &flags) || n >= count)
		return 0;
	for (unsigned i = 0; i < n + 2; i++) /* the result comes first */
		if (!skip_type(&cur, 0, &first))
			return 0;
	return first;
}

/* ---- code ---- */

#define STACK_MAX 64
#define LOCALS_MAX 64

struct il {
	struct pqm_clr *c;
	pqm_bytes code;
	uint32_t method;
	struct pqm_clr_value stack[STACK_MAX], local[LOCALS_MAX];
	unsigned depth;
	uint8_t n_stores[LOCALS_MAX];
	size_t n_values; /* that calls were handed, and bytes of texts */
	uint8_t *target; /* by place: a jump leads here */
	enum pqm_st (*see)(void *ctx, const struct pqm_clr_call *call);
	void *ctx;
};

/* Bytes of the operand of opcodes of one byte, by ranges; 9: a switch. */
static size_t operand_bytes(unsigned op)
{
	static const struct {
		uint8_t from, to, n;
	} ranges[] = { { 0x0e, 0x13, 1 }, { 0x1f, 0x1f, 1 }, { 0x20, 0x20, 4 }, { 0x21, 0x21, 8 },
		{ 0x22, 0x22, 4 }, { 0x23, 0x23, 8 }, { 0x27, 0x29, 4 }, { 0x2b, 0x37, 1 },
		{ 0x38, 0x44, 4 }, { 0x45, 0x45, 9 }, { 0x6f, 0x75, 4 }, { 0x79, 0x79, 4 },
		{ 0x7b, 0x81, 4 }, { 0x8c, 0x8d, 4 }, { 0x8f, 0x8f, 4 }, { 0xa3, 0xa5, 4 },
		{ 0xc2, 0xc2, 4 }, { 0xc6, 0xc6, 4 }, { 0xd0, 0xd0, 4 }, { 0xdd, 0xdd, 4 },
		{ 0xde, 0xde, 1 } };

	static const struct {
		uint8_t from, to, n;
	} second[] = { { 0x06, 0x07, 4 }, { 0x09, 0x0e, 2 }, { 0x12, 0x12, 1 }, { 0x15, 0x16, 4 },
		{ 0x1c, 0x1c, 4 } };

	if (op >= 0xfe00) {
		for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++)
			if (op - 0xfe00 >= second[i].from && op - 0xfe00 <= second[i].to)
				return second[i].n;
		return 0;
	}
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (op >= ranges[i].from && op <= ranges[i].to)
			return ranges[i].n;
	return 0;
}

/* The instruction at `at`: its opcode, where its operand is, how long all of it is; 0: it is cut off. */
static size_t decode(const struct il *x, size_t at, unsigned *op, size_t *operand)
{
	size_t n;

	*op = x->code.p[at];
	*operand = at + 1;
	if (*op == 0xfe && at + 1 < x->code.n) {
		*op = 0xfe00u | x->code.p[at + 1];
		*operand = at + 2;
	}
	n = operand_bytes(*op);
	if (n == 9) {
		uint32_t jumps = le(x->code, *operand, 4);

		if (jumps > x->code.n / 4)
			return 0;
		n = 4 + 4 * (size_t)jumps;
	}
	return n <= x->code.n - *operand ? *operand + n - at : 0;
}

static void mark(struct il *x, int64_t to)
{
	if (to >= 0 && to < (int64_t)x->code.n)
		x->target[to] = 1;
}

static void mark_targets(struct il *x, unsigned op, size_t operand, size_t next)
{
	if ((op >= 0x2b && op <= 0x37) || op == 0xde)
		mark(x, (int64_t)next + (int8_t)x->code.p[operand]);
	else if ((op >= 0x38 && op <= 0x44) || op == 0xdd)
		mark(x, (int64_t)next + (int32_t)le(x->code, operand, 4));
	for (uint32_t i = 0; op == 0x45 && i < le(x->code, operand, 4); i++)
		mark(x, (int64_t)next + (int32_t)le(x->code, operand + 4 + 4 * (size_t)i, 4));
}

/* The number of a local variable that is stored to, loaded, or whose address is taken; or -1. */
static int local_of(const struct il *x, unsigned op, size_t operand, char what)
{
	if (what == 's' && op >= 0x0a && op <= 0x0d)
		return (int)op - 0x0a;
	if (what == 'l' && op >= 0x06 && op <= 0x09)
		return (int)op - 0x06;
	if (op == (what == 's' ? 0x13u : what == 'l' ? 0x11u : 0x12u))
		return x->code.p[operand];
	if (op == (what == 's' ? 0xfe0eu : what == 'l' ? 0xfe0cu : 0xfe0du))
		return (int)le(x->code, operand, 2);
	return -1;
}

/* First pass: where jumps lead, and how often locals are written. False: no code. */
static bool survey(struct il *x)
{
	size_t n, operand;
	unsigned op;

	for (size_t at = 0; at < x->code.n; at += n) {
		n = decode(x, at, &op, &operand);
		if (n == 0 || x->c->budget == 0)
			return false;
		x->c->budget--;
		mark_targets(x, op, operand, at + n);
		int s = local_of(x, op, operand, 's'), a = local_of(x, op, operand, 'a');

		if (s >= 0 && s < LOCALS_MAX && x->n_stores[s] < 2)
			x->n_stores[s]++;
		if (a >= 0 && a < LOCALS_MAX)
			x->n_stores[a] = 2; /* somebody else may write it */
	}
	return true;
}

static void push(struct il *x, const struct pqm_clr_value *v)
{
	if (x->depth == STACK_MAX) {
		memmove(x->stack, x->stack + 1, sizeof(x->stack) - sizeof(x->stack[0]));
		x->depth--;
	}
	x->stack[x->depth++] = *v;
}

static struct pqm_clr_value pop(struct il *x)
{
	return x->depth == 0 ? (struct pqm_clr_value){ .kind = PQM_CLR_UNKNOWN }
			     : x->stack[--x->depth];
}

/* A text of #US: UTF-16 and one byte more. Only ASCII is of interest. */
static struct pqm_clr_value text_value(struct il *x, uint32_t token)
{
	pqm_bytes b = blob_in(x->c->texts, token & 0xffffff);
	size_t n = b.n / 2;
	uint8_t *p;

	x->n_values += 1 + n / 16;
	if (n == 0 || n > PQM_CLR_NAME_BYTES || x->n_values > PQM_CLR_VALUES ||
		(p = pqm_arena_alloc(x->c->arena, n)) == NULL)
		return (struct pqm_clr_value){ .kind = PQM_CLR_UNKNOWN };
	for (size_t i = 0; i < n; i++) {
		if (b.p[2 * i + 1] != 0)
			return (struct pqm_clr_value){ .kind = PQM_CLR_UNKNOWN };
		p[i] = b.p[2 * i];
	}
	return (struct pqm_clr_value){ .kind = PQM_CLR_TEXT, .text = { p, n } };
}

static enum pqm_st do_call(struct il *x, size_t at, unsigned op, uint32_t token)
{
	struct pqm_clr_value *args, made = { .kind = PQM_CLR_MADE, .token = token };
	pqm_bytes signature = signature_of(x->c, token);
	uint64_t cost;
	struct pqm_cur cur;
	uint8_t flags = 0, result = 0;
	uint32_t n = 0;
	enum pqm_st st;

	cost = signature.n < PQM_CLR_SIGNATURE_BYTES ? signature.n : PQM_CLR_SIGNATURE_BYTES;
	cost /= 8;
	x->c->budget -= cost < x->c->budget ? cost : x->c->budget;
	if (!open_signature(signature, &cur, &n, &flags) || !skip_type(&cur, 0, &result)) {
		x->depth = 0;
		return PQM_OK;
	}
	/* What so many calls are handed is not kept. */
	x->n_values += n;
	if (x->n_values > PQM_CLR_VALUES) {
		x->depth = 0;
		n = 0;
	}
	args = pqm_new(x->c->arena, struct pqm_clr_value, n);
	if (args == NULL)
		return PQM_ENOMEM;
	for (uint32_t i = n; i > 0; i--)
		args[i - 1] = pop(x);
	if ((flags & 0x20) != 0 && op != 0x73)
		(void)pop(x);
	struct pqm_clr_call call = { .token = token,
		.method = x->method,
		.at = (uint32_t)at,
		.off = (uint64_t)(x->code.p - x->c->pe->body.p) + at,
		.is_new = op == 0x73,
		.args = args,
		.n_args = n };

	st = x->see(x->ctx, &call);
	made.args = args;
	made.n_args = n;
	if (op == 0x73 || result != 1)
		push(x, &made);
	return st;
}

static bool is_constant(struct il *x, unsigned op, size_t operand, struct pqm_clr_value *v)
{
	*v = (struct pqm_clr_value){ .kind = PQM_CLR_INT };
	if (op >= 0x15 && op <= 0x1e)
		v->n = (int32_t)op - 0x16;
	else if (op == 0x1f)
		v->n = (int32_t)(((uint32_t)x->code.p[operand] ^ 0x80U) - 0x80U);
	else if (op == 0x20)
		v->n = (int32_t)le(x->code, operand, 4);
	else if (op == 0x72)
		*v = text_value(x, le(x->code, operand, 4));
	else if (op == 0x14 || (op >= 0x02 && op <= 0x05) || op == 0x0e || op == 0xfe09)
		v->kind = PQM_CLR_UNKNOWN; /* null, arguments */
	else
		return false;
	return true;
}

static enum pqm_st step(struct il *x, size_t at, unsigned op, size_t operand)
{
	struct pqm_clr_value v;
	int s = local_of(x, op, operand, 's'), l = local_of(x, op, operand, 'l');

	if (is_constant(x, op, operand, &v)) {
		push(x, &v);
	} else if (s >= 0) {
		v = pop(x);
		if (s < LOCALS_MAX && x->n_stores[s] == 1)
			x->local[s] = v;
	} else if (l >= 0) {
		v = l < LOCALS_MAX ? x->local[l]
				   : (struct pqm_clr_value){ .kind = PQM_CLR_UNKNOWN };
		push(x, &v);
	} else if (op == 0x25) {
		v = pop(x);
		push(x, &v);
		push(x, &v);
	} else if (op == 0x26) {
		(void)pop(x);
	} else if (op == 0x28 || op == 0x6f || op == 0x73) {
		return do_call(x, at, op, le(x->code, operand, 4));
	} else if (op != 0x00 && op != 0x74 && op != 0xfe13 && op != 0xfe16) {
		x->depth = 0; /* nop, castclass and prefixes leave all as it is */
	}
	return PQM_OK;
}

/* The code of a method [II.25.4]; empty: none here. */
static pqm_bytes code_of(const struct pqm_clr *c, uint32_t method)
{
	uint32_t rva = cell(c, T_METHOD, method, 0);
	pqm_bytes b = pqm_pe_at(c->pe, rva, 12);

	if (rva == 0 || b.n == 0)
		return (pqm_bytes){ NULL, 0 };
	if ((b.p[0] & 3) == 2)
		return pqm_pe_at(c->pe, (uint64_t)rva + 1, b.p[0] >> 2);
	return (b.p[0] & 3) == 3 && le(b, 4, 4) <= PQM_CLR_CODE_BYTES
		? pqm_pe_at(c->pe, (uint64_t)rva + 12, le(b, 4, 4))
		: (pqm_bytes){ NULL, 0 };
}

static enum pqm_st walk(struct il *x)
{
	enum pqm_st st = PQM_OK;
	size_t n, operand;
	unsigned op;

	for (size_t at = 0; st == PQM_OK && at < x->code.n && x->c->budget > 0; at += n) {
		n = decode(x, at, &op, &operand);
		if (n == 0)
			break;
		if (x->target[at] != 0)
			x->depth = 0;
		st = step(x, at, op, operand);
	}
	return st;
}

/* Rows may share their code; each costs what is cleared for it. */
static enum pqm_st walk_method(struct il *x, const struct il *start, uint32_t row)
{
	uint64_t cost;

	*x = *start;
	x->code = code_of(x->c, row);
	x->method = row;
	cost = 16 + x->code.n / 16;
	x->c->budget -= cost < x->c->budget ? cost : x->c->budget;
	if (x->code.n == 0)
		return PQM_OK;
	memset(x->target, 0, x->code.n);
	return survey(x) ? walk(x) : PQM_OK;
}

enum pqm_st pqm_clr_calls(struct pqm_clr *c,
	enum pqm_st (*see)(void *ctx, const struct pqm_clr_call *call), void *ctx,
	struct pqm_err *err)
{
	struct pqm_arena *outer = c->arena, own; /* of one method */
	struct il *x = pqm_new(outer, struct il, 1);
	struct il start = {
		.c = c, .target = pqm_arena_alloc(outer, PQM_CLR_CODE_BYTES), .see = see, .ctx = ctx
	};
	enum pqm_st st = x == NULL || start.target == NULL ? PQM_ENOMEM : PQM_OK;

	pqm_arena_init(&own, PQM_ARENA_BYTES);
	c->arena = &own;
	for (uint32_t row = 1; st == PQM_OK && row <= c->rows[T_METHOD]; row++) {
		st = walk_method(x, &start, row);
		pqm_arena_reset(&own);
		if (st == PQM_OK && c->budget == 0)
			st = pqm_fail(err, PQM_ELIMIT, ".NET: more code than is gone through");
	}
	pqm_arena_fini(&own);
	c->arena = outer;
	return st == PQM_ENOMEM ? pqm_fail(err, st, ".NET: out of memory") : st;
}
