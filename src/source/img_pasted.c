/* img_pasted.c — keys that were pasted into an image's configuration: into a variable of its environment, into an
 * argument or a step of its build. They are in every copy of the image, whatever its layers hold. */
#include "base/limits.h"
#include "img.h"
#include "parse/yaml.h"

/* "-----BEGIN " in base64, as far as it does not depend on what follows. */
#define PACKED_BEGIN "LS0tLS1CRUdJTi"
#define PASTED_BYTES ((size_t)1 << 20)
#define NAME_BYTES 64

struct pasting {
	const struct pqm_image *im;
	struct pqm_sink *s;
	struct pqm_arena *arena;
	struct pqm_err *err;
	pqm_bytes step; /* of the build, as it may be shown; or empty */
};

static bool is_base64(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '+' || c == '/' || c == '=' || c == '-' || c == '_';
}

struct text {
	struct pqm_member m; /* first */
	pqm_bytes body;
};

static enum pqm_st next_text(
	struct pqm_member *m, pqm_bytes *block, uint64_t *off, struct pqm_err *err)
{
	struct text *t = (struct text *)m;

	(void)err;
	*block = t->body;
	*off = t->body.n == 0 ? m->size : 0;
	t->body.n = 0;
	return PQM_OK;
}

/* As the member of a layer that has neither digest nor number: it is in the image all the same. */
static enum pqm_st give(const struct pasting *p, pqm_bytes body, pqm_bytes where)
{
	struct text t = { { .path = where, .size = body.n, .next = next_text }, body };
	struct pqm_layer l = { .image = p->im->reference,
		.platform = pqm_platform_text(&p->im->config.platform, p->arena),
		.made_by = p->step };
	enum pqm_st st;

	if (where.p == NULL)
		return pqm_fail(p->err, PQM_ENOMEM, "out of memory for an image");
	st = p->s->layer(p->s, &l, p->im->label, p->err);
	if (st != PQM_OK)
		return st;
	st = p->s->member(p->s, &t.m, p->err);
	p->s->layer_end(p->s, st == PQM_OK, (pqm_bytes){ NULL, 0 });
	return st;
}

static enum pqm_st look(const struct pasting *p, pqm_bytes text, pqm_bytes where)
{
	size_t at = pqm_find(text, 0, PQM_LIT(PACKED_BEGIN)), end;
	struct pqm_buf plain;
	enum pqm_st st = PQM_OK;

	if (pqm_find(text, 0, PQM_LIT(PQM_PEM_BEGIN)) != SIZE_MAX)
		st = give(p, text, where);
	if (st != PQM_OK || at == SIZE_MAX)
		return st;
	for (end = at; end < text.n && is_base64(text.p[end]); end++)
		;
	pqm_buf_init(&plain, PASTED_BYTES);
	if (pqm_base64(&plain, pqm_sub(text, at, end - at), NULL) && !plain.failed)
		st = give(p, pqm_buf_bytes(&plain),
			pqm_arena_f(p->arena, "%.*s, base64", PQM_FMT(where)));
	pqm_buf_wipe(&plain);
	return st;
}

static enum pqm_st look_at_variables(const struct pasting *p, const struct pqm_yaml *list)
{
	enum pqm_st st = PQM_OK;

	for (uint32_t i = 0; st == PQM_OK && list != NULL && i < list->n; i++) {
		pqm_bytes all = pqm_yaml_text(list->items[i]);
		size_t eq = pqm_find_byte(all, 0, '=');

		if (eq != SIZE_MAX)
			st = look(p, pqm_sub(all, eq + 1, all.n),
				pqm_arena_f(p->arena, "variable %.*s",
					PQM_FMT(pqm_printable(p->arena,
						pqm_sub(all, 0,
							eq < NAME_BYTES ? eq : NAME_BYTES)))));
	}
	return st;
}

/* Steps by their number in the history, from 1, and as they may be shown. */
static enum pqm_st look_at_steps(
	struct pasting *p, const struct pqm_yaml *list, const char *key, const char *what)
{
	enum pqm_st st = PQM_OK;

	for (uint32_t i = 0; st == PQM_OK && list != NULL && i < list->n; i++) {
		pqm_bytes text = key == NULL ? pqm_yaml_text(list->items[i])
					     : pqm_yaml_str(list->items[i], key);
		pqm_bytes shown;

		if (text.n == 0)
			continue;
		shown = pqm_printable(p->arena, pqm_oci_step(text, p->arena));
		p->step = shown;
		st = look(
			p, text, pqm_arena_f(p->arena, "%s %u: %.*s", what, i + 1, PQM_FMT(shown)));
	}
	p->step = (pqm_bytes){ NULL, 0 };
	return st;
}

static const struct pqm_yaml *list_of(const struct pqm_yaml *y)
{
	return y != NULL && y->type == PQM_YAML_SEQ ? y : NULL;
}

enum pqm_st pqm_image_pasted(const struct pqm_image *im, struct pqm_sink *s, struct pqm_err *err)
{
	struct pqm_arena arena;
	struct pasting p = { .im = im, .s = s, .arena = &arena, .err = err };
	enum pqm_st st;

	if (im->artifact != NULL)
		return PQM_OK;
	pqm_arena_init(&arena, (size_t)4 << 20);
	st = look_at_variables(&p, list_of(pqm_yaml_get(im->config.run, "Env")));
	if (st == PQM_OK)
		st = look_at_steps(&p, list_of(im->config.history), "created_by", "step");
	if (st == PQM_OK)
		st = look_at_steps(
			&p, list_of(pqm_yaml_get(im->config.run, "OnBuild")), NULL, "on build");
	pqm_arena_fini(&arena);
	return st;
}
