#include "report/writer.h"

#include "base/limits.h"
#include "report/view.h"

/* Content-Security-Policy names the page's own style and script by hash [CSP3 §6.7.2.3]: nothing
 * else runs, whatever a finding's text holds. */
static enum pqm_st add_hash(struct pqm_obj *o, const char *field, const struct pqm_tpl_source *s,
	const char *file, struct pqm_err *err)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t h[PQM_SHA256_BYTES + 1] = { 0 };
	char b64[45];
	pqm_bytes text;
	enum pqm_st st = s->find(s, pqm_str(file), o->arena, &text, err);

	if (st != PQM_OK)
		return st;
	pqm_sha256(h, text);
	for (size_t i = 0; i < 44; i++) {
		unsigned v = (unsigned)h[i / 4 * 3] << 16 | (unsigned)h[i / 4 * 3 + 1] << 8 |
			h[i / 4 * 3 + 2];

		b64[i] = digits[v >> (18 - i % 4 * 6) & 63];
	}
	b64[43] = '='; /* 32 bytes leave one digit over */
	b64[44] = '\0';
	pqm_obj_f(o, field, "sha256-%s", b64);
	return PQM_OK;
}

static enum pqm_st render(const struct pqm_report *r, const struct pqm_tpl *t,
	const struct pqm_tpl_source *s, struct pqm_out *o, struct pqm_err *err)
{
	struct pqm_view v;
	struct pqm_obj root;
	enum pqm_st st = pqm_view_init(&v, r, err);

	if (st != PQM_OK)
		return st;
	root.parent = NULL;
	root.arena = &v.arena;
	root.n = 0;
	pqm_view_root(&root, &v);
	st = add_hash(&root, "style_hash", s, "style.css", err);
	if (st == PQM_OK)
		st = add_hash(&root, "script_hash", s, "page.js", err);
	if (st == PQM_OK)
		st = pqm_tpl_render(t, &root, o, err);
	pqm_view_fini(&v);
	return st;
}

static enum pqm_st html_write(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	struct pqm_tpl_source s = pqm_tpl_source(r->templates);
	struct pqm_tpl t;
	enum pqm_st st = pqm_tpl_compile(&t, &s, "report.html", err);

	if (st != PQM_OK)
		return st;
	st = render(r, &t, &s, o, err);
	pqm_tpl_fini(&t);
	return st;
}

const struct pqm_writer pqm_rep_html = {
	.name = "html",
	.ext = ".html",
	.summary = "one page for people: verdict, plan, findings, coverage",
	.write = html_write,
};
