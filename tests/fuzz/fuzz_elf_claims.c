/* fuzz_elf_claims.c — det_elf over hostile programs and libraries, as they are, with a library that may be inside, and held
 * in part: what it claims lies in the file, can be printed, and says of each use how it is known. */
#include "emit.h"

#include "model/link.h"

extern const struct pqm_detector pqm_det_elf;

struct seen {
	struct pqm_emit emit; /* first: the callbacks cast back */
	pqm_bytes body;
	bool has_holes;
};

static void is_printable(pqm_bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		assert(text.p[i] >= ' ' && text.p[i] != 0x7f);
}

static pqm_bytes attr_of(const struct pqm_found *f, const char *key)
{
	for (size_t i = 0; i < f->n_attrs; i++)
		if (pqm_eqs(f->attrs[i].key, key))
			return f->attrs[i].value;
	return (pqm_bytes){ NULL, 0 };
}

static bool is_number_of_bits(pqm_bytes text)
{
	uint64_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || n > 65536)
			return false;
		n = n * 10 + (uint64_t)(text.p[i] - '0');
	}
	return n >= 112 && n <= 65536;
}

static enum pqm_st see_found(struct pqm_emit *e, const struct pqm_found *f)
{
	const struct seen *s = (const struct seen *)e;
	pqm_bytes reach = attr_of(f, "reach"), parameter = f->parameter;

	assert(f->rule.n > 0 && f->identity.n > 0 && f->why.n > 0 && f->object.n > 0);
	assert(f->off <= s->body.n);
	assert(f->meaning == PQM_USE || f->meaning == PQM_OFFER || f->meaning == PQM_CONFIG);
	assert(f->evidence == PQM_LINKED || f->evidence == PQM_CONFIGURED);
	is_printable(f->why);
	is_printable(f->object);
	is_printable(f->identity);
	for (size_t i = 0; i < f->n_attrs; i++)
		is_printable(f->attrs[i].value);
	if (pqm_eqs(reach, "yes") || pqm_eqs(reach, "no"))
		assert(attr_of(f, "address").n > 0 && attr_of(f, "call").n > 0 &&
			attr_of(f, "witness").n > 0);
	if (f->meaning == PQM_USE)
		assert(!pqm_eqs(reach, "no") && !pqm_eqs(reach, "no call found"));
	/* zeros in place of what was let go are no arguments */
	assert(!s->has_holes || attr_of(f, "call").n == 0);
	/* a size that no key has is none */
	if (parameter.n > 0 && parameter.p[0] >= '0' && parameter.p[0] <= '9' &&
		pqm_eqs(f->family, "RSA"))
		assert(is_number_of_bits(parameter));
	return PQM_OK;
}

static enum pqm_st see_object(struct pqm_emit *e, const struct pqm_object *o)
{
	(void)e;
	assert(pqm_eqs(o->group, PQM_LINK_GROUP) && o->name.n > 0);
	assert(o->n_facts > 0 && o->n_facts <= PQM_LINK_FACTS + 65536);
	for (size_t i = 0; i < o->n_facts; i++) {
		assert(o->facts[i].key.n > 0);
		if (pqm_eqs(o->facts[i].key, "imports"))
			assert(o->facts[i].value.n % PQM_LINK_BYTES == 0 &&
				o->facts[i].value.n <= PQM_LINK_NAMES * PQM_LINK_BYTES);
	}
	return PQM_OK;
}

static void examine(pqm_bytes body, bool has_inside, bool has_holes)
{
	struct seen s = { .emit = emit_checks(), .body = body, .has_holes = has_holes };
	struct pqm_hit hit = { .off = body.n / 2 };
	uint64_t done = 0;
	const struct pqm_hits hits = { &hit, has_inside, &done };
	struct pqm_err err = { 0 };
	struct pqm_arena arena;
	const struct pqm_artifact a = { .body = body,
		.head = pqm_sub(body, 0, 4096),
		.path = PQM_LIT("usr/bin/program"),
		.name = PQM_LIT("program"),
		.has_holes = has_holes,
		.arena = &arena };

	s.emit.found = see_found;
	s.emit.object = see_object;
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	if (pqm_det_elf.run(emit_rules(), &a, &hits, &s.emit, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	pqm_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes body = { data, size };

	examine(body, false, false);
	examine(body, true, false);
	if ((size & 3) == 0)
		examine(body, true, true);
	return 0;
}
