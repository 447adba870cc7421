#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "report/template.h"

/* The input is the template; "part" is its second half. Text put in never comes out raw. */
struct input {
	struct pqm_tpl_source source;
	pqm_bytes whole;
};

static enum pqm_st find(const struct pqm_tpl_source *s, pqm_bytes name, struct pqm_arena *arena,
	pqm_bytes *text, struct pqm_err *err)
{
	const struct input *in = (const struct input *)(const void *)s;

	(void)arena;
	if (pqm_eqs(name, "main"))
		*text = in->whole;
	else if (pqm_eqs(name, "part"))
		*text = pqm_sub(in->whole, in->whole.n / 2, in->whole.n);
	else
		return pqm_fail(err, PQM_EUSAGE, "there is no template '%.*s'", PQM_FMT(name));
	return PQM_OK;
}

static void fill(struct pqm_obj *o, const void *ctx, size_t i)
{
	(void)ctx;
	pqm_obj_f(o, "n", "%zu\x02", i);
	pqm_obj_flag(o, "odd", i % 2 == 1);
}

static size_t count(pqm_bytes text, uint8_t c)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == c ? 1 : 0;
	return n;
}

static void render(const struct pqm_tpl *t)
{
	struct pqm_err err = { 0 };
	struct pqm_arena arena;
	struct pqm_obj root;
	struct pqm_out out;

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	pqm_out_memory(&out, (size_t)1 << 22);
	root.parent = NULL;
	root.arena = &arena;
	root.n = 0;
	pqm_obj_text(&root, "a", PQM_LIT("\x02<\x02"));
	pqm_obj_flag(&root, "yes", true);
	pqm_obj_flag(&root, "no", false);
	pqm_obj_list(&root, "l", 3, fill, NULL);
	if (pqm_tpl_render(t, &root, &out, &err) != PQM_OK)
		assert(err.st == PQM_EUSAGE &&
			pqm_find(pqm_str(err.msg), 0, PQM_LIT(":")) != SIZE_MAX);
	assert(count(pqm_buf_bytes(&out.buf), 0x02) == 0);
	pqm_out_abort(&out);
	pqm_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { { find, NULL }, { data, size } };
	struct pqm_err err = { 0 };
	struct pqm_tpl t;

	if (count(in.whole, 0x02) > 0)
		return 0; /* stands for text put in */
	if (pqm_tpl_compile(&t, &in.source, "main", &err) != PQM_OK) {
		assert(err.st != PQM_OK && err.msg[0] != '\0');
		return 0;
	}
	/* Nested lists multiply: a template of the user's own may do that, a fuzzer should not. */
	if (count(in.whole, '#') < 8)
		render(&t);
	pqm_tpl_fini(&t);
	return 0;
}
