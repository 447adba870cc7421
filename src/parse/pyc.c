/* pyc.c — the objects of a compiled Python module, read and never run. */
#include "pyc.h"

#include "base/cur.h"

#define FLAG_REF 0x80

struct reader {
	struct pqm_pyc *p;
	struct pqm_cur c;
	struct pqm_pyc_obj **refs;
	size_t n_refs, cap_refs, n_objects;
	struct pqm_err *err;
	enum pqm_st st;
};

/* Versions as they were released, and what comes between them: the form of code objects, but not their
 * instructions, is known of a version under way. */
static const struct {
	uint16_t from, to, released;
	uint8_t minor;
} versions[] = {
	{ 3360, 3379, 3379, 6 },
	{ 3390, 3399, 3394, 7 },
	{ 3400, 3419, 3413, 8 },
	{ 3420, 3429, 3425, 9 },
	{ 3430, 3449, 3439, 10 },
	{ 3450, 3499, 3495, 11 },
	{ 3500, 3549, 3531, 12 },
	{ 3550, 3599, 3571, 13 },
	{ 3600, 3699, 0, 14 },
};

static const struct pqm_pyc_obj none = { .type = PQM_PYC_NONE };

/* The version by its number; *is_known: its instructions are known, too. */
static unsigned version_of(unsigned magic, bool *is_known)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (magic >= versions[i].from && magic <= versions[i].to) {
			*is_known = magic == versions[i].released;
			return versions[i].minor;
		}
	*is_known = false;
	return 0;
}

static unsigned magic_of(pqm_bytes head)
{
	return head.n < 4 ? 0 : (unsigned)(head.p[0] | head.p[1] << 8);
}

bool pqm_pyc_looks(pqm_bytes head)
{
	bool is_known;

	return head.n >= 16 && head.p[2] == '\r' && head.p[3] == '\n' &&
		version_of(magic_of(head), &is_known) != 0;
}

static struct pqm_pyc_obj *bad(struct reader *r, enum pqm_st st, const char *words)
{
	if (r->st == PQM_OK) {
		r->p->bad_off = (size_t)(r->c.p - r->p->body.p);
		r->st = pqm_fail(r->err, st, "Python bytecode: %s", words);
	}
	return NULL;
}

static struct pqm_pyc_obj *object(struct reader *r, enum pqm_pyc_type type)
{
	struct pqm_pyc_obj *o;

	if (r->n_objects++ >= PQM_PYC_OBJECTS)
		return bad(r, PQM_ELIMIT, "more than 300,000 objects in one module");
	o = pqm_new(r->p->arena, struct pqm_pyc_obj, 1);
	if (o == NULL)
		return bad(r, PQM_ELIMIT, "more memory than one file may take");
	o->type = type;
	return o;
}

static bool u32(struct reader *r, uint32_t *out)
{
	pqm_bytes b;

	if (!pqm_cur_take(&r->c, 4, &b))
		return false;
	*out = (uint32_t)b.p[0] | (uint32_t)b.p[1] << 8 | (uint32_t)b.p[2] << 16 |
		(uint32_t)b.p[3] << 24;
	return true;
}

/* A length; what it counts takes at least a byte each. */
static bool length(struct reader *r, bool is_short, uint32_t *out)
{
	uint8_t one;

	if (is_short ? !pqm_cur_u8(&r->c, &one) : !u32(r, out))
		return false;
	if (is_short)
		*out = one;
	return *out <= pqm_cur_left(&r->c);
}

static struct pqm_pyc_obj *text(struct reader *r, enum pqm_pyc_type type, bool is_short)
{
	struct pqm_pyc_obj *o = object(r, type);
	uint32_t n;

	if (o != NULL && (!length(r, is_short, &n) || !pqm_cur_take(&r->c, n, &o->text)))
		return bad(r, PQM_EPARSE, "a text is cut off");
	return o;
}

static struct pqm_pyc_obj *small_int(struct reader *r)
{
	struct pqm_pyc_obj *o = object(r, PQM_PYC_INT);
	uint32_t v;

	if (o != NULL && !u32(r, &v))
		return bad(r, PQM_EPARSE, "a number is cut off");
	if (o != NULL)
		o->number = (int32_t)v;
	return o;
}

/* Digits of 15 bits, the lowest first; the sign is that of their count. */
static struct pqm_pyc_obj *long_int(struct reader *r)
{
	struct pqm_pyc_obj *o = object(r, PQM_PYC_INT);
	uint32_t n = 0;
	pqm_bytes digits;
	bool is_negative;
	uint64_t v = 0;

	if (o == NULL)
		return NULL;
	if (!u32(r, &n))
		return bad(r, PQM_EPARSE, "a number is cut off");
	is_negative = (n & 0x80000000u) != 0;
	if (is_negative)
		n = 0u - n;
	if (n > pqm_cur_left(&r->c) / 2 || !pqm_cur_take(&r->c, (size_t)n * 2, &digits))
		return bad(r, PQM_EPARSE, "a number is cut off");
	o->is_big = n > 4;
	for (uint32_t i = o->is_big ? 0 : n; i > 0; i--)
		v = v << 15 | (uint64_t)(digits.p[2 * i - 2] | digits.p[2 * i - 1] << 8);
	o->number = is_negative ? -(int64_t)v : (int64_t)v;
	return o;
}

static struct pqm_pyc_obj *skipped(struct reader *r, size_t n)
{
	struct pqm_pyc_obj *o = object(r, PQM_PYC_OTHER);

	return o == NULL || pqm_cur_skip(&r->c, n) ? o : bad(r, PQM_EPARSE, "a value is cut off");
}

/* Numbers as text: a length of one byte. */
static struct pqm_pyc_obj *skipped_text(struct reader *r, unsigned n)
{
	struct pqm_pyc_obj *o = object(r, PQM_PYC_OTHER);
	uint8_t size;

	for (unsigned i = 0; o != NULL && i < n; i++)
		if (!pqm_cur_u8(&r->c, &size) || !pqm_cur_skip(&r->c, size))
			return bad(r, PQM_EPARSE, "a number is cut off");
	return o;
}

static struct pqm_pyc_obj *read_object(struct reader *r, unsigned depth);

/* The object's place among the references is taken before its parts are read. */
static bool put_ref(struct reader *r, struct pqm_pyc_obj *o)
{
	struct pqm_pyc_obj **grown;

	if (o == NULL)
		return false;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
	grown = pqm_grow(r->p->arena, r->refs, r->n_refs, &r->cap_refs);
	if (grown == NULL)
		return bad(r, PQM_ELIMIT, "more memory than one file may take") != NULL;
	r->refs = grown;
	r->refs[r->n_refs++] = o;
	return true;
}

static struct pqm_pyc_obj *sequence(struct reader *r, uint8_t type, bool is_ref, unsigned depth)
{
	bool is_tuple = type == '(' || type == ')';
	struct pqm_pyc_obj *o = object(r, is_tuple ? PQM_PYC_TUPLE : PQM_PYC_OTHER);
	uint32_t n;

	if (o == NULL || (is_ref && !put_ref(r, o)))
		return NULL;
	if (!length(r, type == ')', &n))
		return bad(r, PQM_EPARSE, "a list is cut off");
	o->items = pqm_new(r->p->arena, struct pqm_pyc_obj *, n);
	if (o->items == NULL)
		return bad(r, PQM_ELIMIT, "more memory than one file may take");
	for (; o->n < n; o->n++) {
		o->items[o->n] = read_object(r, depth + 1);
		if (o->items[o->n] == NULL)
			return NULL;
	}
	return o;
}

static struct pqm_pyc_obj *dictionary(struct reader *r, bool is_ref, unsigned depth)
{
	struct pqm_pyc_obj *o = object(r, PQM_PYC_OTHER);

	if (o == NULL || (is_ref && !put_ref(r, o)))
		return NULL;
	while (pqm_cur_left(&r->c) > 0 && *r->c.p != '0')
		if (read_object(r, depth + 1) == NULL)
			return NULL;
	return pqm_cur_skip(&r->c, 1) ? o : bad(r, PQM_EPARSE, "a dictionary is cut off");
}

static struct pqm_pyc_obj *slice(struct reader *r, bool is_ref, unsigned depth)
{
	struct pqm_pyc_obj *o = object(r, PQM_PYC_OTHER);

	if (o == NULL || (is_ref && !put_ref(r, o)))
		return NULL;
	for (unsigned i = 0; i < 3; i++)
		if (read_object(r, depth + 1) == NULL)
			return NULL;
	return o;
}

static const struct pqm_pyc_obj *part(struct reader *r, enum pqm_pyc_type type, unsigned depth)
{
	const struct pqm_pyc_obj *o = r->st == PQM_OK ? read_object(r, depth + 1) : NULL;

	if (o == NULL)
		return &none;
	if (o->type != type)
		(void)bad(r, PQM_EPARSE, "a part of a code object has the wrong type");
	return o;
}

static void numbers(struct reader *r, struct pqm_pyc_code *k)
{
	unsigned minor = r->p->minor;
	uint32_t v[6] = { 0 };
	/* argcount, posonlyargcount (3.8), kwonlyargcount, nlocals (to 3.10), stacksize, flags */
	size_t n = 4u + (minor >= 8 ? 1u : 0u) + (minor < 11 ? 1u : 0u);

	for (size_t i = 0; i < n; i++)
		if (!u32(r, &v[i])) {
			(void)bad(r, PQM_EPARSE, "a code object is cut off");
			return;
		}
	uint32_t kwonly = v[minor >= 8 ? 2 : 1];

	k->flags = v[n - 1];
	if (v[0] > 0xffff || kwonly > 0xffff)
		(void)bad(r, PQM_EPARSE, "a function of more than 65,535 arguments");
	/* *args and **kwargs come behind the named ones. */
	k->n_params = v[0] + kwonly + ((k->flags & 4) != 0) + ((k->flags & 8) != 0);
}

static struct pqm_pyc_obj *code(struct reader *r, bool is_ref, unsigned depth)
{
	struct pqm_pyc_obj *o = object(r, PQM_PYC_CODE);
	struct pqm_pyc_code *k;
	bool is_new = r->p->minor >= 11;

	if (o == NULL || (is_ref && !put_ref(r, o)))
		return NULL;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
	struct pqm_pyc_code **grown =
		pqm_grow(r->p->arena, r->p->codes, r->p->n_codes, &r->p->cap_codes);

	k = o->code = pqm_new(r->p->arena, struct pqm_pyc_code, 1);
	if (k == NULL || grown == NULL)
		return bad(r, PQM_ELIMIT, "more memory than one file may take");
	r->p->codes = grown;
	r->p->codes[r->p->n_codes++] = k;
	numbers(r, k);
	k->code = part(r, PQM_PYC_BYTES_OBJECT, depth)->text;
	k->consts = part(r, PQM_PYC_TUPLE, depth);
	k->names = part(r, PQM_PYC_TUPLE, depth);
	k->locals = part(r, PQM_PYC_TUPLE, depth);
	k->cells = k->frees = &none;
	if (is_new) {
		k->kinds = part(r, PQM_PYC_BYTES_OBJECT, depth)->text;
	} else {
		k->frees = part(r, PQM_PYC_TUPLE, depth);
		k->cells = part(r, PQM_PYC_TUPLE, depth);
	}
	k->filename = part(r, PQM_PYC_TEXT, depth)->text;
	k->name = part(r, PQM_PYC_TEXT, depth)->text;
	if (is_new)
		k->name = part(r, PQM_PYC_TEXT, depth)->text;
	if (r->st == PQM_OK && !u32(r, &k->first_line))
		return bad(r, PQM_EPARSE, "a code object is cut off");
	k->lines = part(r, PQM_PYC_BYTES_OBJECT, depth)->text;
	if (is_new)
		(void)part(r, PQM_PYC_BYTES_OBJECT, depth); /* exceptions */
	return r->st == PQM_OK ? o : NULL;
}

static struct pqm_pyc_obj *back_ref(struct reader *r)
{
	uint32_t i;

	if (!u32(r, &i) || i >= r->n_refs)
		return bad(r, PQM_EPARSE, "a reference to nothing");
	return r->refs[i];
}

static struct pqm_pyc_obj *read_leaf(struct reader *r, uint8_t type)
{
	switch (type) {
	case 'N':
		return object(r, PQM_PYC_NONE);
	case 'T':
	case 'F':
	case 'S':
	case '.':
		return object(r, PQM_PYC_OTHER);
	case 'i':
		return small_int(r);
	case 'I':
	case 'g':
		return skipped(r, 8);
	case 'y':
		return skipped(r, 16);
	case 'f':
		return skipped_text(r, 1);
	case 'x':
		return skipped_text(r, 2);
	case 'l':
		return long_int(r);
	case 's':
		return text(r, PQM_PYC_BYTES_OBJECT, false);
	case 't':
	case 'u':
	case 'a':
	case 'A':
		return text(r, PQM_PYC_TEXT, false);
	case 'z':
	case 'Z':
		return text(r, PQM_PYC_TEXT, true);
	default:
		return bad(r, PQM_EPARSE, "an object of an unknown type");
	}
}

static struct pqm_pyc_obj *read_object(struct reader *r, unsigned depth)
{
	struct pqm_pyc_obj *o;
	uint8_t type;
	bool is_ref;

	if (depth > PQM_PYC_DEPTH)
		return bad(r, PQM_ELIMIT, "objects in objects, more than 80 levels");
	if (!pqm_cur_u8(&r->c, &type))
		return bad(r, PQM_EPARSE, "it ends before it is complete");
	is_ref = (type & FLAG_REF) != 0;
	type &= (uint8_t)~FLAG_REF;
	switch (type) {
	case 'r':
		return back_ref(r);
	case 'c':
		return code(r, is_ref, depth);
	case '{':
		return dictionary(r, is_ref, depth);
	case ':':
		return slice(r, is_ref, depth);
	case '(':
	case ')':
	case '[':
	case '<':
	case '>':
		return sequence(r, type, is_ref, depth);
	default:
		o = read_leaf(r, type);
		return o == NULL || (is_ref && !put_ref(r, o)) ? NULL : o;
	}
}

enum pqm_st pqm_pyc_open(
	struct pqm_pyc *p, pqm_bytes body, struct pqm_arena *arena, struct pqm_err *err)
{
	struct reader r = { .p = p, .err = err };
	const struct pqm_pyc_obj *o;
	bool is_known;

	*p = (struct pqm_pyc){
		.body = body, .arena = arena, .magic = magic_of(body), .bad_off = SIZE_MAX
	};
	p->minor = version_of(p->magic, &is_known);
	if (!pqm_pyc_looks(body))
		return pqm_fail(err, PQM_EPARSE, "Python bytecode: not the head of a module");
	if (body.n > PQM_PYC_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "Python bytecode: more than 8 MiB");
	/* Version, flags (3.7), and a time and a size, or a hash. */
	r.c = pqm_cur_of(pqm_sub(body, p->minor >= 7 ? 16 : 12, body.n));
	o = read_object(&r, 0);
	if (r.st != PQM_OK)
		return r.st;
	if (o == NULL || o->type != PQM_PYC_CODE)
		return pqm_fail(err, PQM_EPARSE, "Python bytecode: no code object");
	p->module = o->code;
	if (!is_known)
		p->minor = 0;
	return PQM_OK;
}
