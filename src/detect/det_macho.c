/* det_macho.c — what programs and libraries of macOS import from cryptographic libraries, and what these give. */
#include "base/limits.h"
#include "native.h"
#include "parse/macho.h"

/* Images of one fat file. */
#define IMAGES_MAX 16
/* Libraries of cryptography that one image asks for. */
#define KNOWN_MAX 32

static bool wants(const struct pqm_artifact *a)
{
	return pqm_macho_looks(a->head);
}

struct look {
	struct native_look n; /* first */
	const struct pqm_macho *m;
	const pqm_bytes *known[KNOWN_MAX]; /* libraries that rules speak of */
	size_t n_known;
};

static enum pqm_st see(void *ctx, const struct pqm_macho_sym *s)
{
	struct look *k = ctx;
	enum pqm_st st = PQM_OK;

	if (s->is_defined)
		return k->n.own.n == 0 ? PQM_OK
				       : native_add(&k->n, k->n.own, s->name, s->off, true);
	if (s->dylib.n > 0)
		return native_add(&k->n, s->dylib, s->name, s->off, false);
	/* Flat names: the first library that knows it has it, as for the loader. */
	for (size_t i = 0, before = k->n.n; st == PQM_OK && i < k->n_known; i++) {
		st = native_add(&k->n, *k->known[i], s->name, s->off, false);
		if (k->n.n != before)
			break;
	}
	return st;
}

static enum pqm_st examine(
	struct look *k, struct pqm_macho *m, pqm_bytes image, uint64_t base, struct pqm_err *err)
{
	enum pqm_st st = pqm_macho_open(m, image, base, k->n.a->arena, err), emitted;

	if (st != PQM_OK)
		return st;
	k->m = m;
	k->n_known = 0;
	for (size_t i = 0; i < m->n_dylibs && k->n_known < KNOWN_MAX; i++)
		if (pqm_native_lib(k->n.rules, m->dylibs[i]) != NULL)
			k->known[k->n_known++] = &m->dylibs[i];
	k->n.is_program = m->is_program;
	k->n.own = m->name;
	k->n.tally = NULL;
	k->n.n = k->n.cap = 0;
	st = pqm_macho_symbols(m, see, k, err);
	if (st == PQM_ENOMEM)
		return st;
	/* What was seen before something broken stands. */
	emitted = native_emit(&k->n);
	return emitted != PQM_OK ? emitted : st;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct look k = { .n = { .a = a, .out = out, .form = "Mach-O" } };
	enum pqm_st st = PQM_OK;

	(void)hits;
	if (native_rules(&k.n, r, "macho/", err) != PQM_OK)
		return err->st;
	for (size_t i = 0; i < IMAGES_MAX; i++) {
		struct pqm_err why = { PQM_OK, "" };
		uint64_t base;
		pqm_bytes image = pqm_macho_image(a->body, i, &base);
		struct pqm_macho m;

		if (image.n == 0)
			break;
		st = examine(&k, &m, image, base, &why);
		if (st == PQM_EPARSE || st == PQM_ELIMIT)
			pqm_emit_note(out, m.bad_off, st, "%s", why.msg);
		else if (st != PQM_OK)
			return pqm_fail(err, st, "%s",
				why.msg[0] == '\0' ? "Mach-O: out of memory" : why.msg);
	}
	return PQM_OK;
}

const struct pqm_detector pqm_det_macho = {
	.name = "macho",
	.version = 1,
	.summary =
		"symbols that programs and libraries of macOS import from cryptographic libraries",
	.wants = wants,
	.run = run,
};
