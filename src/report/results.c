#include "results.h"

#include <stdlib.h>
#include <unistd.h>

#include "assess/bound.h"
#include "base/limits.h"

/* ---- which ---- */

static bool is_result(const struct pqm_finding *f)
{
	if (f->is_folded || f->meaning == PQM_OFFER)
		return false;
	return f->quantum == PQM_Q_BROKEN || f->classical == PQM_C_BROKEN ||
		(f->meaning == PQM_ABSENT && f->quantum != PQM_Q_SAFE &&
			f->quantum != PQM_Q_HYBRID);
}

static enum pqm_severity level_of(const struct pqm_finding *f, const struct pqm_asset_score *worst)
{
	if (f->classical == PQM_C_BROKEN || (worst != NULL && worst->decision == PQM_ACT))
		return PQM_L_ERROR;
	return worst != NULL && worst->decision >= PQM_PLAN ? PQM_L_WARNING : PQM_L_NOTE;
}

static int by_weight(const void *x, const void *y)
{
	const struct pqm_result *a = x, *b = y;

	if (a->level != b->level)
		return a->level > b->level ? -1 : 1;
	if (a->decision != b->decision)
		return a->decision > b->decision ? -1 : 1;
	if (a->finding->n_occs > 0 && b->finding->n_occs > 0) {
		int c = pqm_cmp(a->finding->occs[0].path, b->finding->occs[0].path);

		if (c != 0)
			return c;
	}
	return memcmp(a->finding->id, b->finding->id, PQM_ID_BYTES);
}

static void from_gate(struct pqm_results *out, const struct pqm_gate *g)
{
	for (size_t i = 0; i < g->n_refusals; i++) {
		const struct pqm_refusal *v = &g->refusals[i];

		out->all[out->n++] = (struct pqm_result){ .finding = v->finding,
			.refusal = v,
			.level = v->level,
			.has_decision = v->has_decision,
			.decision = v->decision,
			.asset = v->asset,
			.is_unassigned = v->is_unassigned,
			.places = v->n_shown > 0 ? v->places : NULL,
			.n_places = v->n_shown > 0 ? v->n_shown : v->finding->n_occs };
	}
}

static bool from_findings(
	struct pqm_results *out, const struct pqm_inventory *inv, const struct pqm_assessment *a)
{
	struct pqm_bound bound;
	bool ok = pqm_bound_make(&bound, a);

	for (size_t i = 0; ok && i < inv->n_findings; i++) {
		const struct pqm_finding *f = &inv->findings[i];
		const struct pqm_asset_score *w = pqm_bound_of(&bound, f->id);

		if (is_result(f))
			out->all[out->n++] = (struct pqm_result){ .finding = f,
				.level = level_of(f, w),
				.has_decision = w != NULL,
				.decision = w == NULL ? PQM_TRACK : w->decision,
				.asset = w == NULL ? (pqm_bytes){ NULL, 0 } : w->asset->id,
				.is_unassigned = w != NULL && w->asset->is_unassigned,
				.n_places = f->n_occs };
	}
	pqm_bound_fini(&bound);
	if (out->n > 1)
		qsort(out->all, out->n, sizeof(*out->all), by_weight);
	return ok;
}

enum pqm_st pqm_results_make(
	struct pqm_results *out, const struct pqm_report *r, struct pqm_err *err)
{
	size_t most = r->gate != NULL ? r->gate->n_refusals : r->inv->n_findings;
	char here[4096];
	bool ok;

	*out = (struct pqm_results){ .inv = r->inv };
	pqm_arena_init(&out->arena, PQM_RUN_ARENA_BYTES);
	pqm_arena_init(&out->scratch, PQM_ARENA_BYTES);
	if (getcwd(here, sizeof(here)) != NULL && here[0] == '/')
		out->here = pqm_arena_f(&out->arena, "%s%s", here, here[1] == '\0' ? "" : "/");
	out->all = pqm_new(&out->arena, struct pqm_result, most + 1);
	ok = out->all != NULL;
	if (ok && r->gate != NULL)
		from_gate(out, r->gate);
	else if (ok)
		ok = from_findings(out, r->inv, r->assessment);
	if (!ok)
		out->n = 0;
	return ok ? PQM_OK : pqm_fail(err, PQM_ENOMEM, "out of memory for the results");
}

void pqm_results_fini(struct pqm_results *r)
{
	pqm_arena_fini(&r->scratch);
	pqm_arena_fini(&r->arena);
	*r = (struct pqm_results){ 0 };
}

const struct pqm_result *pqm_results_next(struct pqm_results *r, size_t *i)
{
	pqm_arena_reset(&r->scratch);
	return *i < r->n ? &r->all[(*i)++] : NULL;
}

const struct pqm_occurrence *pqm_result_place(const struct pqm_result *x, size_t i)
{
	return &x->finding->occs[x->places != NULL ? x->places[i] : i];
}

/* ---- texts ---- */

pqm_bytes pqm_result_title(struct pqm_arena *a, const struct pqm_result *x)
{
	static const char *const what[] = { "is used", "is offered", "key is stored here",
		"certificate is here", "is set", "protection is missing" };
	const struct pqm_finding *f = x->finding;
	pqm_bytes name = f->algorithm.n > 0 ? f->algorithm : f->family;
	bool is_new = f->parameter.n > 0 && pqm_find(name, 0, f->parameter) == SIZE_MAX;
	pqm_bytes size = is_new ? f->parameter : PQM_LIT("");

	if (name.n == 0)
		return f->meaning == PQM_ABSENT ? PQM_LIT("Encryption is missing")
						: pqm_bytes_dup(a, f->rule);
	if (f->meaning == PQM_ABSENT)
		return pqm_arena_f(a, "%.*s by default", PQM_FMT(name));
	return pqm_arena_f(a, "%.*s%s%.*s %s", PQM_FMT(name), is_new ? " " : "", PQM_FMT(size),
		what[f->meaning]);
}

pqm_bytes pqm_result_words(struct pqm_arena *a, const struct pqm_result *x)
{
	const struct pqm_finding *f = x->finding;
	pqm_bytes why = f->why.n > 0 ? f->why : pqm_result_title(a, x);

	if (x->refusal != NULL && x->refusal->duty.n > 0)
		why = pqm_arena_f(a, "%.*s %.*s", PQM_FMT(x->refusal->why), PQM_FMT(f->why));
	if (!x->has_decision)
		return why;
	if (x->is_unassigned)
		return pqm_arena_f(a, "%.*s No AI asset is known to rest on it (%s by default).",
			PQM_FMT(why), pqm_decision_name(x->decision));
	return pqm_arena_f(a, "%.*s Protects %.*s (%s).", PQM_FMT(why), PQM_FMT(x->asset),
		pqm_decision_name(x->decision));
}

pqm_bytes pqm_result_fix(const struct pqm_result *x)
{
	return x->refusal != NULL ? x->refusal->fix : x->finding->fix;
}

double pqm_result_severity(const struct pqm_result *x)
{
	/* Critical is above 9.0, high from 7.0, medium from 4.0. */
	static const double by_decision[] = { 3.0, 5.0, 7.5, 9.5 };
	static const double by_level[] = { 2.0, 5.0, 7.5 };
	double of_level = by_level[x->level];

	if (!x->has_decision || by_decision[x->decision] < of_level)
		return of_level;
	return by_decision[x->decision];
}

/* ---- places ---- */

/* An image's name without tag and digest: those change with each build. */
static pqm_bytes untagged(pqm_bytes image)
{
	size_t at = pqm_find_byte(image, 0, '@'), slash = 0;

	image = pqm_sub(image, 0, at == SIZE_MAX ? image.n : at);
	for (size_t i = 0; i < image.n; i++)
		if (image.p[i] == '/')
			slash = i;
	at = pqm_find_byte(image, slash, ':');
	return pqm_sub(image, 0, at == SIZE_MAX ? image.n : at);
}

static pqm_bytes last_part(pqm_bytes path)
{
	const uint8_t *slash;

	while (pqm_ends(path, PQM_LIT("/")))
		path.n--;
	slash = path.n == 0 ? NULL : memrchr(path.p, '/', path.n);
	return slash == NULL ? path : pqm_sub(path, (size_t)(slash - path.p) + 1, path.n);
}

/* What lies outside of the folder here is named as from the target's. */
static pqm_bytes relative(const struct pqm_results *r, pqm_bytes target, pqm_bytes path)
{
	size_t from = target.n;

	while (pqm_starts(path, PQM_LIT("./")))
		path = pqm_sub(path, 2, path.n);
	if (r->here.n > 0 && pqm_starts(path, r->here))
		path = pqm_sub(path, r->here.n, path.n);
	if (!pqm_starts(path, PQM_LIT("/")) && !pqm_starts(path, PQM_LIT("../")))
		return path.n == 0 ? PQM_LIT(".") : path;
	if (pqm_starts(path, target)) {
		/* A target that is a file keeps its name. */
		while (from > 0 && (from == path.n || path.p[from] != '/'))
			from--;
		path = pqm_sub(path, from, path.n);
	}
	while (pqm_starts(path, PQM_LIT("/")) || pqm_starts(path, PQM_LIT("../")))
		path = pqm_sub(path, path.p[0] == '/' ? 1 : 3, path.n);
	return path.n == 0 ? PQM_LIT(".") : path;
}

/* A layout or archive is a file like others; in a registry it has a name without tag and digest. */
static pqm_bytes image_path(const struct pqm_results *r, pqm_bytes image)
{
	static const char *const local[] = { "oci:", "oci-archive:", "docker-archive:" };

	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
		size_t n = strlen(local[i]), end;

		if (!pqm_starts(image, pqm_str(local[i])))
			continue;
		end = pqm_find_byte(image, n, ':');
		image = pqm_sub(image, 0, end == SIZE_MAX ? image.n : end);
		end = pqm_find_byte(image, n, '@');
		image = pqm_sub(image, n, (end == SIZE_MAX ? image.n : end) - n);
		if (!pqm_starts(image, r->here) && image.n > 0 &&
			(image.p[0] == '/' || image.p[0] == '.'))
			return last_part(image);
		return relative(r, image, image);
	}
	if (pqm_starts(image, PQM_LIT("registry:")))
		image = pqm_sub(image, sizeof("registry:") - 1, image.n);
	return untagged(image);
}

/* "registry.example/app/etc/ssl/key.pem" of a file in an image. */
static pqm_bytes in_image(
	struct pqm_results *r, const struct pqm_occurrence *o, pqm_bytes rest, bool *is_packed)
{
	size_t last;

	while ((last = pqm_find(rest, 0, PQM_LIT(" › "))) != SIZE_MAX &&
		pqm_starts(rest, PQM_LIT("layer ")))
		rest = pqm_sub(rest, last + sizeof(" › ") - 1, rest.n);
	*is_packed = last != SIZE_MAX;
	rest = pqm_sub(rest, 0, last == SIZE_MAX ? rest.n : last);
	while (rest.n > 0 && rest.p[0] == '/')
		rest = pqm_sub(rest, 1, rest.n);
	return pqm_arena_f(&r->scratch, "%.*s/%.*s",
		PQM_FMT(image_path(r, pqm_occ_attr(o, "image"))), PQM_FMT(rest));
}

struct pqm_place pqm_result_at(struct pqm_results *r, const struct pqm_occurrence *o)
{
	const struct pqm_target *target = &r->inv->targets[o->target];
	const struct pqm_origin *from = &target->from;
	struct pqm_place at = { o->path, o->line > 0 ? o->line : o->text_line,
		o->line > 0 ? o->col : o->text_col, false };
	pqm_bytes image = pqm_occ_attr(o, "image");
	size_t inner = pqm_find(o->path, 0, PQM_LIT(" › "));
	bool is_packed = inner != SIZE_MAX;

	if (from->path.n > 0) {
		at = (struct pqm_place){ from->path, from->line, 0, true };
		inner = pqm_find(from->path, 0, PQM_LIT(" › "));
		is_packed = inner != SIZE_MAX;
	}
	if (!at.is_origin && image.n > 0 && is_packed)
		at.path = in_image(
			r, o, pqm_sub(o->path, inner + sizeof(" › ") - 1, o->path.n), &is_packed);
	else
		at.path = relative(r, target->name,
			pqm_sub(at.path, 0, inner == SIZE_MAX ? at.path.n : inner));
	if (is_packed || at.line == 0)
		at.line = at.col = 0;
	else if (at.col == 0)
		at.col = 1;
	return at;
}

static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '.' || c == '_' || c == '~' || c == '/';
}

pqm_bytes pqm_path_uri(struct pqm_arena *a, pqm_bytes path)
{
	static const char hex[] = "0123456789ABCDEF";
	uint8_t *out = pqm_arena_alloc(a, 3 * path.n + 1);
	size_t n = 0;

	for (size_t i = 0; out != NULL && i < path.n; i++) {
		if (is_plain(path.p[i])) {
			out[n++] = path.p[i];
			continue;
		}
		out[n++] = '%';
		out[n++] = (uint8_t)hex[path.p[i] >> 4];
		out[n++] = (uint8_t)hex[path.p[i] & 15];
	}
	return (pqm_bytes){ out, out == NULL ? 0 : n };
}

/* ---- what was not read ---- */

bool pqm_results_gap(const struct pqm_report *r, size_t target, pqm_bytes *why)
{
	*why = (pqm_bytes){ NULL, 0 };
	if (!r->inv->targets[target].failed)
		return false;
	if (r->gate != NULL && !r->gate->is_failed && !r->gate->is_undecided)
		return false;
	*why = pqm_inventory_why(r->inv, target);
	return true;
}
