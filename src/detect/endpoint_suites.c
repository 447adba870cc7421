/* endpoint_suites.c — the key exchanges that only TLS 1.2 and before have, told by their cipher suites. */
#include "base/num.h"
#include "detect/endpoint_int.h"
#include "detect/material.h"

/* Is a suite of this class accepted? *w: the first of them; NULL when only the class is known, by the
 * prober's fact. */
static bool is_accepted(struct ep_job *j, uint16_t any, uint16_t none, const char *fact,
	const struct pqm_wire **w, pqm_bytes *how)
{
	const struct pqm_endpoint *e = j->e;
	const struct pqm_wire_fact *told = pqm_endpoint_fact(e, fact);

	*w = NULL;
	for (size_t i = 0; i < e->n_offers; i++) {
		const struct pqm_offer *o = &e->offers[i];

		if (o->kind != PQM_O_SUITE || o->answer != PQM_A_YES)
			continue;
		const struct pqm_wire *s = pqm_wire_code(j->r, PQM_W_SUITE, o->code);

		if (s == NULL || (s->code.flags & any) == 0 || (s->code.flags & none) != 0)
			continue;
		*w = s;
		*how = o->how;
		return true;
	}
	if (told == NULL || told->answer != PQM_A_YES)
		return false;
	*how = told->how;
	return true;
}

static void set_alg(struct ep_job *j, struct pqm_found *f, const char *family, uint32_t bits)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_name(j->r, pqm_str(family));
	enum pqm_function function = f->function;

	f->algorithm = f->parameter = (pqm_bytes){ NULL, 0 };
	if (ref != NULL)
		pqm_alg_fill(f, ref);
	f->function = function;
	f->bits = bits;
	if (bits > 0)
		f->parameter = pqm_arena_f(j->arena, "%u", (unsigned)bits);
	f->classical = pqm_material_classical(f->family, bits, f->classical);
}

static enum pqm_st emit_rsa(struct ep_job *j)
{
	const struct pqm_wire *w;
	pqm_bytes how;

	if (!is_accepted(j, PQM_C_RSA, PQM_C_EXPORT | PQM_C_NULL | PQM_C_SSL2, "kex-rsa", &w, &how))
		return PQM_OK;
	struct pqm_found f = pqm_ep_found(j, PQM_USE, PQM_FN_PKE, PQM_LIT("RSA key transport"));

	set_alg(j, &f, "RSA", j->rsa_bits);
	pqm_found_attr(&f, "suite", w == NULL ? (pqm_bytes){ NULL, 0 } : w->name);
	pqm_found_attr(&f, "how", how);
	return pqm_ep_emit(j, &f, "endpoint.rsa-key-transport");
}

static enum pqm_st emit_dhe(struct ep_job *j)
{
	const struct pqm_wire_fact *size = pqm_endpoint_fact(j->e, "dh-bits");
	const struct pqm_wire *w;
	uint64_t bits = 0;
	pqm_bytes how;

	if (!is_accepted(j, PQM_C_DHE, PQM_C_ANON | PQM_C_EXPORT, "kex-dhe", &w, &how))
		return PQM_OK;
	if (size == NULL || size->answer != PQM_A_YES || !pqm_u64_parse(size->value, 65536, &bits))
		bits = 0;
	struct pqm_found f = pqm_ep_found(j, PQM_USE, PQM_FN_KEX, PQM_LIT("DHE"));

	set_alg(j, &f, "DH", (uint32_t)bits);
	pqm_found_attr(&f, "suite", w == NULL ? (pqm_bytes){ NULL, 0 } : w->name);
	pqm_found_attr(&f, "how", how);
	return pqm_ep_emit(j, &f, "endpoint.dhe");
}

static enum pqm_st emit_classes(struct ep_job *j)
{
	static const struct {
		uint16_t any, none;
		enum pqm_meaning meaning;
		enum pqm_function function; /* ANY: as the suite says */
		const char *fact, *what, *rule;
	} row[] = {
		{ PQM_C_STATIC, 0, PQM_USE, PQM_FN_KEX, "kex-static-dh", "static Diffie-Hellman",
			"endpoint.static-dh" },
		{ PQM_C_PSK, PQM_C_RSA | PQM_C_DHE | PQM_C_ECDHE | PQM_C_NULL, PQM_USE, PQM_FN_ANY,
			"kex-psk", "pre-shared key", "endpoint.psk" },
		{ PQM_C_ANON, 0, PQM_CONFIG, PQM_FN_KEX, "kex-anonymous", "anonymous suites",
			"endpoint.anonymous" },
		{ PQM_C_EXPORT, 0, PQM_CONFIG, PQM_FN_CIPHER, "kex-export", "export suites",
			"endpoint.export" },
		{ PQM_C_NULL, 0, PQM_CONFIG, PQM_FN_CIPHER, "kex-null-cipher", "NULL ciphers",
			"endpoint.null-cipher" },
		{ PQM_C_OTHER, 0, PQM_USE, PQM_FN_ANY, "kex-other", "other key exchange",
			"endpoint.kex-other" },
	};
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < sizeof(row) / sizeof(row[0]); i++) {
		const struct pqm_wire *w;
		pqm_bytes how;

		if (!is_accepted(j, row[i].any, row[i].none, row[i].fact, &w, &how))
			continue;
		struct pqm_found f =
			pqm_ep_found(j, row[i].meaning, row[i].function, pqm_str(row[i].what));

		if (w != NULL && row[i].meaning == PQM_USE) {
			pqm_ep_wire(&f, w);
			f.why = f.fix = (pqm_bytes){ NULL, 0 };
		} else {
			f.quantum = PQM_Q_BROKEN;
		}
		if (row[i].function != PQM_FN_ANY)
			f.function = row[i].function;
		/* Who is in between, or has an hour, reads these today. */
		if (row[i].meaning == PQM_CONFIG)
			f.classical = PQM_C_BROKEN;
		pqm_found_attr(&f, "suite", w == NULL ? (pqm_bytes){ NULL, 0 } : w->name);
		pqm_found_attr(&f, "how", how);
		st = pqm_ep_emit(j, &f, row[i].rule);
	}
	return st;
}

enum pqm_st pqm_ep_suites(struct ep_job *j)
{
	enum pqm_st st = emit_rsa(j);

	if (st == PQM_OK)
		st = emit_dhe(j);
	return st == PQM_OK ? emit_classes(j) : st;
}
