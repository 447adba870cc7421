#include "javaobj.h"

#include "base/limits.h"

#define FIELDS_MAX 16
#define NO_CLASS UINT32_MAX

enum {
	TC_NULL = 0x70,
	TC_REFERENCE = 0x71,
	TC_CLASSDESC = 0x72,
	TC_OBJECT = 0x73,
	TC_STRING = 0x74,
	TC_ARRAY = 0x75,
	TC_BLOCKDATA = 0x77,
	TC_ENDBLOCKDATA = 0x78,
	TC_BLOCKDATALONG = 0x7a,
	BASE_HANDLE = 0x7e0000,
	SC_WRITE_METHOD = 1,
	SC_SERIALIZABLE = 2,
};

/* What a handle stands for: a class, or an object that nobody looks at again. */
struct handle {
	bool is_class;
	uint8_t flags, n_fields;
	char element;		/* of an array class: the type code of its elements */
	char field[FIELDS_MAX]; /* type codes */
	uint32_t super;
};

struct stream {
	struct pqm_cur c;
	struct handle h[PQM_JAVA_HANDLES];
	uint32_t n;
	unsigned depth;
};

static bool content(struct stream *s);

static bool new_handle(struct stream *s, uint32_t *out)
{
	if (s->n >= PQM_JAVA_HANDLES)
		return false;
	*out = s->n++;
	s->h[*out] = (struct handle){ .super = NO_CLASS };
	return true;
}

/* Contents up to the end mark: block data and whole objects. */
static bool annotation(struct stream *s)
{
	while (pqm_cur_left(&s->c) > 0) {
		uint32_t wide;
		uint8_t short_n;

		switch (*s->c.p) {
		case TC_ENDBLOCKDATA:
			return pqm_cur_skip(&s->c, 1);
		case TC_BLOCKDATA:
			if (!pqm_cur_skip(&s->c, 1) || !pqm_cur_u8(&s->c, &short_n) ||
				!pqm_cur_skip(&s->c, short_n))
				return false;
			break;
		case TC_BLOCKDATALONG:
			if (!pqm_cur_skip(&s->c, 1) || !pqm_cur_u32be(&s->c, &wide) ||
				!pqm_cur_skip(&s->c, wide))
				return false;
			break;
		default:
			if (!content(s))
				return false;
			break;
		}
	}
	return false;
}

static bool take_reference(struct stream *s, uint32_t *out)
{
	uint32_t wire;

	if (!pqm_cur_u32be(&s->c, &wire) || wire < BASE_HANDLE || wire - BASE_HANDLE >= s->n)
		return false;
	*out = wire - BASE_HANDLE;
	return true;
}

static bool class_fields(struct stream *s, struct handle *h)
{
	uint16_t n;
	pqm_bytes name;
	uint8_t type;

	if (!pqm_cur_u16be(&s->c, &n) || n > FIELDS_MAX)
		return false;
	h->n_fields = (uint8_t)n;
	for (uint16_t i = 0; i < n; i++) {
		if (!pqm_cur_u8(&s->c, &type) || !pqm_cur_vec16(&s->c, &name))
			return false;
		h->field[i] = (char)type;
		if ((type == 'L' || type == '[') && !content(s))
			return false;
	}
	return true;
}

/* A class description, a reference to one, or null (NO_CLASS). */
static bool class_desc(struct stream *s, uint32_t *out)
{
	struct handle *h;
	pqm_bytes name;
	uint8_t tag;

	if (s->depth >= PQM_JAVA_DEPTH || !pqm_cur_u8(&s->c, &tag))
		return false;
	*out = NO_CLASS;
	if (tag == TC_NULL)
		return true;
	if (tag == TC_REFERENCE)
		return take_reference(s, out) && s->h[*out].is_class;
	if (tag != TC_CLASSDESC || !pqm_cur_vec16(&s->c, &name) || !pqm_cur_skip(&s->c, 8) ||
		!new_handle(s, out))
		return false;
	h = &s->h[*out];
	h->is_class = true;
	h->element = name.n >= 2 && name.p[0] == '[' ? (char)name.p[1] : 0;
	s->depth++;
	bool ok = pqm_cur_u8(&s->c, &h->flags) && class_fields(s, h) && annotation(s) &&
		class_desc(s, &h->super);
	s->depth--;
	return ok;
}

/* Bytes of a primitive; 0 for objects and arrays. */
static size_t width_of(char type)
{
	switch (type) {
	case 'B':
	case 'Z':
		return 1;
	case 'C':
	case 'S':
		return 2;
	case 'F':
	case 'I':
		return 4;
	case 'D':
	case 'J':
		return 8;
	default:
		return 0;
	}
}

static bool value(struct stream *s, char type)
{
	size_t w = width_of(type);

	if (w > 0)
		return pqm_cur_skip(&s->c, w);
	return (type == 'L' || type == '[') && content(s);
}

/* Fields of one class and all above it, the topmost first. */
static bool class_data(struct stream *s, uint32_t at)
{
	uint32_t chain[PQM_JAVA_DEPTH], n = 0;

	while (at != NO_CLASS) {
		if (n >= PQM_JAVA_DEPTH)
			return false;
		chain[n++] = at;
		at = s->h[at].super;
	}
	while (n-- > 0) {
		const struct handle *h = &s->h[chain[n]];

		if ((h->flags & SC_SERIALIZABLE) == 0)
			return false;
		for (uint8_t i = 0; i < h->n_fields; i++)
			if (!value(s, h->field[i]))
				return false;
		if ((h->flags & SC_WRITE_METHOD) != 0 && !annotation(s))
			return false;
	}
	return true;
}

static bool array(struct stream *s)
{
	uint32_t class, handle, n;
	size_t w, total;

	if (!class_desc(s, &class) || class == NO_CLASS || !new_handle(s, &handle) ||
		!pqm_cur_u32be(&s->c, &n))
		return false;
	w = width_of(s->h[class].element);
	/* Arrays of objects: each costs a byte of input at least, so the loop is bounded. */
	if (w == 0) {
		for (uint32_t i = 0; i < n; i++)
			if (!content(s))
				return false;
		return true;
	}
	total = (size_t)n * w;
	return pqm_cur_skip(&s->c, total);
}

static bool content_inner(struct stream *s)
{
	uint32_t class, handle;
	pqm_bytes text;
	uint8_t tag;

	if (!pqm_cur_u8(&s->c, &tag))
		return false;
	switch (tag) {
	case TC_NULL:
		return true;
	case TC_REFERENCE:
		return take_reference(s, &handle);
	case TC_STRING:
		return new_handle(s, &handle) && pqm_cur_vec16(&s->c, &text);
	case TC_ARRAY:
		return array(s);
	case TC_OBJECT:
		return class_desc(s, &class) && class != NO_CLASS && new_handle(s, &handle) &&
			class_data(s, class);
	default:
		return false;
	}
}

static bool content(struct stream *s)
{
	if (s->depth >= PQM_JAVA_DEPTH)
		return false;
	s->depth++;
	bool ok = content_inner(s);

	s->depth--;
	return ok;
}

bool pqm_java_skip_object(struct pqm_cur *c)
{
	static const uint8_t magic[] = { 0xac, 0xed, 0x00, 0x05 };
	struct stream s = { .c = *c };
	pqm_bytes head;
	bool ok = pqm_cur_take(&s.c, sizeof(magic), &head) &&
		memcmp(head.p, magic, sizeof(magic)) == 0 && content(&s);

	*c = s.c;
	if (!ok)
		c->p = c->end;
	return ok;
}
