/* fuzz_goflow.c — what registers hold and what is written into objects in Go code, and its types. The first byte is
 * the version of Go (124 is 1.24); the rest is a program. */
#include "emit.h"
#include "parse/goflow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUNCTIONS 256

struct seen {
	const struct pqm_pclntab *table;
};

static void see(void *ctx, uint32_t to, uint64_t at, const struct pqm_go_val *args)
{
	const struct seen *s = ctx;

	assert(to < s->table->n && pqm_pclntab_in(s->table, at, &(uint32_t){ 0 }));
	for (size_t i = 0; i < PQM_GO_ARGS; i++)
		assert(args[i].kind <= PQM_GO_V_OBJECT);
}

static void check_objects(const struct pqm_go_flow *w)
{
	assert(w->n_objects <= PQM_GO_OBJECTS);
	for (size_t i = 0; i < w->n_objects; i++) {
		const struct pqm_go_object *o = &w->objects[i];
		uint64_t v;

		assert(o->n <= PQM_GO_STORES);
		for (size_t k = 0; k < o->n; k++) {
			(void)pqm_go_object_at(o, o->store[k].off);
			for (unsigned n = 1; n <= 8; n *= 2)
				(void)pqm_go_object_int(o, o->store[k].off, n, n == 2, &v);
			assert(o->store[k].val.kind != PQM_GO_V_OBJECT ||
				o->store[k].val.v < w->n_objects);
		}
	}
}

static void check_types(const struct pqm_gobin *bin, const struct pqm_pclntab *table, unsigned v)
{
	static const char *const names[] = { "CurvePreferences", "MaxVersion" };
	struct pqm_go_types t;
	struct pqm_go_field field[2];
	uint64_t config;

	pqm_go_types_find(&t, bin, table, v);
	for (uint64_t at = t.from; at < t.to && at < t.from + 4096; at += 8)
		emit_inside(pqm_go_type_name(&t, at), bin->body);
	config = pqm_go_type_by_name(&t, "tls.Config", "crypto/tls");
	pqm_go_type_fields(&t, config, names, field, 2);
}

static void look(struct pqm_gobin *bin, unsigned version, struct pqm_arena *a)
{
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_pclntab table;
	struct seen s = { &table };
	struct pqm_go_flow w = {
		.bin = bin, .table = &table, .version = version, .arena = a, .visit = see, .ctx = &s
	};

	if (pqm_pclntab_find(&table, bin, a, &err) != PQM_OK || table.n == 0)
		return;
	for (uint32_t f = 0; f < table.n && f < FUNCTIONS; f++)
		if (pqm_go_flow(&w, f))
			check_objects(&w);
	check_types(bin, &table, version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes body = { data + 1, size - 1 };

	if (size == 0)
		return 0;
	for (size_t i = 0; i < pqm_gobin_images(body); i++) {
		struct pqm_err err = { PQM_OK, "" };
		struct pqm_arena a;
		struct pqm_gobin g;

		pqm_arena_init(&a, PQM_ARENA_BYTES);
		if (pqm_gobin_open(&g, body, i, &a, &err) == PQM_OK)
			look(&g, data[0], &a);
		pqm_arena_fini(&a);
	}
	return 0;
}
