#include "jclass.h"

#include "base/cur.h"
#include "base/limits.h"

/* magic, versions, count of constants, access, this, super, four counts */
#define LEAST_BYTES 24
/* Versions: 45 is Java 1.0.2; a fat Mach-O file has its count of architectures there, which is small. */
#define MAJOR_MIN 45
#define MAJOR_MAX 1000

struct reader {
	struct pqm_cur cur;
	struct pqm_jclass *c;
	struct pqm_err *err;
};

static enum pqm_st bad(struct reader *r, const char *words)
{
	r->c->bad_off = (uint64_t)(r->cur.p - r->c->body.p);
	return pqm_fail(r->err, PQM_EPARSE, "class file: at byte %llu: %s",
		(unsigned long long)r->c->bad_off, words);
}

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "class file: out of memory");
}

bool pqm_jclass_looks(pqm_bytes head)
{
	static const uint8_t magic[] = { 0xca, 0xfe, 0xba, 0xbe };

	if (head.n < LEAST_BYTES || memcmp(head.p, magic, sizeof(magic)) != 0)
		return false;
	unsigned major = (unsigned)head.p[6] << 8 | head.p[7];

	return major >= MAJOR_MIN && major < MAJOR_MAX;
}

/* Bytes behind the tag; Utf8 has its own length. 0: no such constant. */
static size_t constant_bytes(unsigned tag)
{
	switch (tag) {
	case PQM_J_CLASS:
	case PQM_J_STRING:
	case PQM_J_METHODTYPE:
	case PQM_J_MODULE:
	case PQM_J_PACKAGE:
		return 2;
	case PQM_J_HANDLE:
		return 3;
	case PQM_J_INT:
	case PQM_J_FLOAT:
	case PQM_J_FIELD:
	case PQM_J_METHOD:
	case PQM_J_IMETHOD:
	case PQM_J_NAMETYPE:
	case PQM_J_DYNAMIC:
	case PQM_J_INDY:
		return 4;
	case PQM_J_LONG:
	case PQM_J_DOUBLE:
		return 8;
	default:
		return 0;
	}
}

static enum pqm_st read_constant(struct reader *r, size_t *index)
{
	uint8_t tag = 0;
	size_t at = (size_t)(r->cur.p - r->c->body.p), n;
	pqm_bytes text;

	if (!pqm_cur_u8(&r->cur, &tag))
		return bad(r, "the constants are cut off");
	n = constant_bytes(tag);
	if (tag != PQM_J_UTF8 && n == 0)
		return bad(r, "an unknown kind of constant");
	if (tag == PQM_J_UTF8 ? !pqm_cur_vec16(&r->cur, &text) : !pqm_cur_skip(&r->cur, n))
		return bad(r, "a constant is cut off");
	r->c->at[*index] = (uint32_t)at;
	/* These two take two numbers. */
	*index += tag == PQM_J_LONG || tag == PQM_J_DOUBLE ? 2 : 1;
	return PQM_OK;
}

static enum pqm_st read_names(struct reader *r)
{
	uint16_t this_class = 0, super = 0, n = 0;

	if (!pqm_cur_u16be(&r->cur, &r->c->access) || !pqm_cur_u16be(&r->cur, &this_class) ||
		!pqm_cur_u16be(&r->cur, &super) || !pqm_cur_u16be(&r->cur, &n) ||
		!pqm_cur_skip(&r->cur, (size_t)n * 2))
		return bad(r, "the header is cut off");
	if (pqm_jclass_tag(r->c, this_class) != PQM_J_CLASS)
		return bad(r, "the class has no name");
	r->c->name = pqm_jclass_text(r->c, this_class);
	if (pqm_jclass_tag(r->c, super) == PQM_J_CLASS)
		r->c->super = pqm_jclass_text(r->c, super);
	r->c->members_at = (size_t)(r->cur.p - r->c->body.p);
	return PQM_OK;
}

enum pqm_st pqm_jclass_open(
	struct pqm_jclass *c, pqm_bytes body, struct pqm_arena *arena, struct pqm_err *err)
{
	struct reader r = { pqm_cur_of(body), c, err };
	uint16_t n = 0, minor;
	enum pqm_st st = PQM_OK;

	/* Offsets are kept in 32 bits; no real class has 4 GiB. */
	*c = (struct pqm_jclass){ .body = pqm_sub(body, 0, UINT32_MAX), .arena = arena };
	c->work = PQM_JFLOW_WORK + c->body.n * PQM_JFLOW_WORK_PER_BYTE;
	r.cur = pqm_cur_of(c->body);
	if (!pqm_cur_skip(&r.cur, 4) || !pqm_cur_u16be(&r.cur, &minor) ||
		!pqm_cur_u16be(&r.cur, &c->major) || !pqm_cur_u16be(&r.cur, &n))
		return bad(&r, "the header is cut off");
	if (n > 0 && (size_t)n - 1 > pqm_cur_left(&r.cur) / 3)
		return bad(&r, "more constants than bytes");
	c->n_at = n;
	c->at = pqm_new(arena, uint32_t, c->n_at + 2);
	if (c->at == NULL)
		return no_memory(err);
	for (size_t i = 1; st == PQM_OK && i < c->n_at;)
		st = read_constant(&r, &i);
	return st != PQM_OK ? st : read_names(&r);
}

/* Code: stack, locals, the code, handlers, attributes [JVMS §4.7.3]. */
static enum pqm_st read_code(struct reader *r, struct pqm_jclass_member *m, pqm_bytes body)
{
	struct pqm_cur c = pqm_cur_of(body);
	uint16_t n = 0;

	if (!pqm_cur_u16be(&c, &m->max_stack) || !pqm_cur_u16be(&c, &m->max_locals) ||
		!pqm_cur_vec32(&c, &m->code) || !pqm_cur_u16be(&c, &n) ||
		!pqm_cur_take(&c, (size_t)n * 8, &m->handlers))
		return bad(r, "the code of a method is cut off");
	if (m->code.n == 0 || m->code.n > UINT16_MAX)
		return bad(r, "the code of a method is empty or over 65,535 bytes");
	return PQM_OK;
}

static enum pqm_st read_attribute(struct reader *r, struct pqm_jclass_member *m, bool is_method)
{
	uint16_t name = 0;
	pqm_bytes body = { NULL, 0 }, text;

	if (!pqm_cur_u16be(&r->cur, &name) || !pqm_cur_vec32(&r->cur, &body))
		return bad(r, "an attribute is cut off");
	text = pqm_jclass_text(r->c, name);
	if (m == NULL) {
		r->c->has_nest |= pqm_eqs(text, "NestHost") || pqm_eqs(text, "NestMembers");
		return PQM_OK;
	}
	if (pqm_starts(text, PQM_LIT("Runtime")) && pqm_ends(text, PQM_LIT("Annotations")))
		m->is_annotated = true;
	if (!is_method && pqm_eqs(text, "ConstantValue") && body.n == 2)
		m->constant = (uint16_t)(body.p[0] << 8 | body.p[1]);
	return is_method && pqm_eqs(text, "Code") ? read_code(r, m, body) : PQM_OK;
}

static enum pqm_st read_attributes(struct reader *r, struct pqm_jclass_member *m, bool is_method)
{
	uint16_t n = 0;
	enum pqm_st st = PQM_OK;

	if (!pqm_cur_u16be(&r->cur, &n))
		return bad(r, "the attributes are cut off");
	for (size_t i = 0; st == PQM_OK && i < n; i++)
		st = read_attribute(r, m, is_method);
	return st;
}

static enum pqm_st read_members(
	struct reader *r, struct pqm_jclass_member **out, size_t *n_out, bool is_method)
{
	uint16_t n = 0, name, desc;
	enum pqm_st st = PQM_OK;

	if (!pqm_cur_u16be(&r->cur, &n) || n > pqm_cur_left(&r->cur) / 8)
		return bad(r, "more fields or methods than bytes");
	*out = pqm_new(r->c->arena, struct pqm_jclass_member, n);
	if (*out == NULL)
		return no_memory(r->err);
	for (; st == PQM_OK && *n_out < n; *n_out += st == PQM_OK) {
		struct pqm_jclass_member *m = &(*out)[*n_out];

		if (!pqm_cur_u16be(&r->cur, &m->access) || !pqm_cur_u16be(&r->cur, &name) ||
			!pqm_cur_u16be(&r->cur, &desc))
			return bad(r, "a field or method is cut off");
		m->name = pqm_jclass_text(r->c, name);
		m->desc = pqm_jclass_text(r->c, desc);
		st = read_attributes(r, m, is_method);
	}
	return st;
}

enum pqm_st pqm_jclass_members(struct pqm_jclass *c, struct pqm_err *err)
{
	struct reader r = { pqm_cur_of(pqm_sub(c->body, c->members_at, c->body.n)), c, err };
	enum pqm_st st = read_members(&r, &c->fields, &c->n_fields, false);

	if (st == PQM_OK)
		st = read_members(&r, &c->methods, &c->n_methods, true);
	return st == PQM_OK ? read_attributes(&r, NULL, false) : st;
}

unsigned pqm_jclass_tag(const struct pqm_jclass *c, size_t index)
{
	return index < c->n_at && c->at[index] != 0 ? c->body.p[c->at[index]] : 0;
}

/* The n-th two bytes behind the tag; the constant is of a kind that has them. */
static size_t part(const struct pqm_jclass *c, size_t index, size_t n)
{
	const uint8_t *p = c->body.p + c->at[index] + 1 + 2 * n;

	return (size_t)p[0] << 8 | p[1];
}

static pqm_bytes utf8(const struct pqm_jclass *c, size_t index)
{
	if (pqm_jclass_tag(c, index) != PQM_J_UTF8)
		return (pqm_bytes){ NULL, 0 };
	return pqm_sub(c->body, c->at[index] + 3, part(c, index, 0));
}

pqm_bytes pqm_jclass_text(const struct pqm_jclass *c, size_t index)
{
	switch (pqm_jclass_tag(c, index)) {
	case PQM_J_UTF8:
		return utf8(c, index);
	case PQM_J_CLASS:
	case PQM_J_STRING:
	case PQM_J_METHODTYPE:
	case PQM_J_MODULE:
	case PQM_J_PACKAGE:
		return utf8(c, part(c, index, 0));
	default:
		return (pqm_bytes){ NULL, 0 };
	}
}

bool pqm_jclass_int(const struct pqm_jclass *c, size_t index, int32_t *out)
{
	if (pqm_jclass_tag(c, index) != PQM_J_INT)
		return false;
	*out = (int32_t)((uint32_t)part(c, index, 0) << 16 | (uint32_t)part(c, index, 1));
	return true;
}

bool pqm_jclass_ref(const struct pqm_jclass *c, size_t index, struct pqm_jclass_ref *out)
{
	unsigned tag = pqm_jclass_tag(c, index);

	if (tag != PQM_J_FIELD && tag != PQM_J_METHOD && tag != PQM_J_IMETHOD && tag != PQM_J_INDY)
		return false;
	size_t class = part(c, index, 0), named = part(c, index, 1);

	if (pqm_jclass_tag(c, named) != PQM_J_NAMETYPE ||
		(tag != PQM_J_INDY && pqm_jclass_tag(c, class) != PQM_J_CLASS))
		return false;
	*out = (struct pqm_jclass_ref){ .name = utf8(c, part(c, named, 0)),
		.desc = utf8(c, part(c, named, 1)) };
	if (tag != PQM_J_INDY)
		out->class = pqm_jclass_text(c, class);
	return true;
}

size_t pqm_jclass_handle(const struct pqm_jclass *c, size_t index)
{
	if (pqm_jclass_tag(c, index) != PQM_J_HANDLE)
		return 0;
	const uint8_t *p = c->body.p + c->at[index] + 2;

	return (size_t)p[0] << 8 | p[1];
}
