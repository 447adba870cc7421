#include "gotypes.h"

#include "base/limits.h"
#include "base/mapped.h"

#define TYPE_BYTES 48
#define KIND_AT 23
#define FLAG_AT 20
#define STR_AT 40
#define STRUCT 25
#define KIND_MASK 31
/* tflag: the name stands with a star in front that is not part of it; the type has more behind it. */
#define EXTRA_STAR 2
#define UNCOMMON 1
#define FIELD_BYTES 24
#define STRUCT_BYTES 80
/* Bytes at the start that must hold so many types. */
#define LOOKED_AT (UINT64_C(1) << 20)
#define GOOD 16
#define STEP_BYTES ((size_t)64 << 10)
/* Pointers to the function table that may be the module's record: real programs have three. */
#define TRIES 32

/* types and etypes in the module's record: 1.20 put two words for coverage in front. */
static const unsigned TYPES_AT[] = { 296, 280, 272, 312 };

static bool take(const struct pqm_go_types *t, uint64_t module, unsigned at)
{
	uint64_t from, to;

	if (!pqm_gobin_pointer(t->bin, module + at, &from) ||
		!pqm_gobin_pointer(t->bin, module + at + 8, &to))
		return false;
	pqm_bytes b;

	return from < to && pqm_gobin_at(t->bin, from, &b) && to - from <= b.n &&
		!pqm_gobin_is_code(t->bin, to - 1);
}

/* The name at addr: flags, length, bytes [abi.Name]. Before 1.17 the length took two bytes. */
static pqm_bytes name_at(const struct pqm_go_types *t, uint64_t addr)
{
	pqm_bytes b;
	size_t n = 0, used = 1;

	if (addr < t->from || addr >= t->to || !pqm_gobin_at(t->bin, addr, &b) || b.n < 4)
		return (pqm_bytes){ NULL, 0 };
	if (t->version < 117) {
		n = (size_t)(b.p[1] << 8 | b.p[2]);
		used = 3;
	} else {
		for (unsigned shift = 0; used < 4; shift += 7) {
			uint8_t c = b.p[used++];

			n |= (size_t)(c & 0x7f) << shift;
			if ((c & 0x80) == 0)
				break;
		}
	}
	return n <= b.n - used ? pqm_sub(b, used, n) : (pqm_bytes){ NULL, 0 };
}

static bool read_type(const struct pqm_go_types *t, uint64_t type, pqm_bytes *out)
{
	return type >= t->from && type < t->to && t->to - type >= TYPE_BYTES &&
		pqm_gobin_at(t->bin, type, out) && out->n >= TYPE_BYTES;
}

pqm_bytes pqm_go_type_name(const struct pqm_go_types *t, uint64_t type)
{
	pqm_bytes b, name;

	if (!read_type(t, type, &b))
		return (pqm_bytes){ NULL, 0 };
	name = name_at(t, t->from + pqm_gobin_word(b.p + STR_AT, 4, false));
	if (name.n > 0 && (b.p[FLAG_AT] & EXTRA_STAR) != 0)
		name = pqm_sub(name, 1, name.n);
	return name;
}

/* Several descriptors near the start must have names that can be printed. */
static bool makes_sense(const struct pqm_go_types *t)
{
	unsigned good = 0;

	for (uint64_t at = t->from; at < t->to && at < t->from + LOOKED_AT && good < GOOD;
		at += 8) {
		pqm_bytes name = pqm_go_type_name(t, at);

		good += name.n > 2 && name.n < 200 && name.p[0] == '*' && name.p[1] > 0x20 &&
			name.p[1] < 0x7f;
	}
	return good == GOOD;
}

static bool read_module(struct pqm_go_types *t, uint64_t module)
{
	for (size_t i = 0; i < sizeof(TYPES_AT) / sizeof(TYPES_AT[0]); i++) {
		if (!take(t, module, TYPES_AT[i]))
			continue;
		(void)pqm_gobin_pointer(t->bin, module + TYPES_AT[i], &t->from);
		(void)pqm_gobin_pointer(t->bin, module + TYPES_AT[i] + 8, &t->to);
		if (makes_sense(t))
			return true;
		t->from = t->to = 0;
	}
	return false;
}

void pqm_go_types_find(struct pqm_go_types *t, const struct pqm_gobin *bin,
	const struct pqm_pclntab *table, unsigned version)
{
	unsigned tries = 0;

	*t = (struct pqm_go_types){ .bin = bin, .version = version };
	if (!bin->is_64 || bin->is_big || table->since < 16)
		return;
	for (size_t i = 0; i < bin->n_relocs && tries < TRIES; i++)
		if (bin->relocs[i].value == table->addr && ++tries &&
			read_module(t, bin->relocs[i].at))
			return;
	for (size_t i = 0; i < bin->n_segs; i++) {
		const struct pqm_go_seg *s = &bin->segs[i];
		pqm_bytes b = pqm_sub(bin->body, s->off, s->n);

		if (s->is_code && !s->is_data)
			continue;
		for (size_t at = (size_t)(-s->addr % 8); at + 8 <= b.n && tries < TRIES; at += 8) {
			if (at % STEP_BYTES < 8)
				pqm_mapped_read(STEP_BYTES);
			if (pqm_gobin_word(b.p + at, 8, false) == table->addr && ++tries &&
				read_module(t, s->addr + at))
				return;
		}
	}
}

/* The package of a struct that has methods stands behind its fields. */
static bool is_of(const struct pqm_go_types *t, uint64_t type, pqm_bytes b, const char *package)
{
	if ((b.p[FLAG_AT] & UNCOMMON) == 0 || b.n < STRUCT_BYTES + 4 ||
		t->to - type < STRUCT_BYTES + 4)
		return false;
	return pqm_eqs(name_at(t, t->from + pqm_gobin_word(b.p + STRUCT_BYTES, 4, false)), package);
}

uint64_t pqm_go_type_by_name(const struct pqm_go_types *t, const char *name, const char *package)
{
	pqm_bytes all, b;

	if (t->from == 0 || !pqm_gobin_at(t->bin, t->from, &all))
		return 0;
	all = pqm_sub(all, 0, t->to - t->from);
	for (size_t at = 0; all.p != NULL && at + STRUCT_BYTES + 4 <= all.n; at += 8) {
		b = (pqm_bytes){ all.p + at, all.n - at };
		if ((b.p[KIND_AT] & KIND_MASK) == STRUCT && is_of(t, t->from + at, b, package) &&
			pqm_eqs(pqm_go_type_name(t, t->from + at), name))
			return t->from + at;
	}
	return 0;
}

void pqm_go_type_fields(const struct pqm_go_types *t, uint64_t type, const char *const *names,
	struct pqm_go_field *out, size_t n)
{
	uint64_t at, count;

	memset(out, 0, n * sizeof(*out));
	if (!pqm_gobin_pointer(t->bin, type + TYPE_BYTES + 8, &at) ||
		!pqm_gobin_pointer(t->bin, type + TYPE_BYTES + 16, &count) || count > PQM_GO_FIELDS)
		return;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t name, off;

		if (!pqm_gobin_pointer(t->bin, at + i * FIELD_BYTES, &name) ||
			!pqm_gobin_pointer(t->bin, at + i * FIELD_BYTES + 16, &off))
			return;
		for (size_t k = 0; k < n; k++)
			if (pqm_eqs(name_at(t, name), names[k])) {
				out[k].found = true;
				/* Before 1.19 the lowest bit said that the field is embedded. */
				out[k].off = t->version < 119 ? off >> 1 : off;
			}
	}
}
