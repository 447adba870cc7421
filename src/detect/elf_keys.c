/* elf_keys.c — functions that sign with whatever key they get: when all keys of a program are keys of message
 * authentication codes, they sign nothing. */
#include "elf_look.h"

/* Where the keys of a program come from. */
struct origin {
	const struct pqm_alg_ref *alg; /* of the keys that are no public keys; NULL: none seen */
	bool is_mixed;		       /* several such */
	bool has_other;		       /* a key may come from elsewhere */
};

/* Takes its algorithm from a key or a context. */
static bool is_taker(const struct pqm_lib_fact *f)
{
	if (pqm_yaml_true(f->meaning->rule->node, "by_key"))
		return true;
	for (size_t i = 0; f->recipe != NULL && i < f->recipe->n_args; i++)
		if (f->recipe->arg[i].role == PQM_ROLE_FROM)
			return true;
	return false;
}

static bool is_symmetric(const struct pqm_alg_ref *ref)
{
	return ref != NULL && ref->alg->quantum == PQM_Q_SAFE &&
		(ref->function == PQM_FN_MAC || ref->function == PQM_FN_KDF);
}

static void look_at(struct origin *o, const struct pqm_elf_look *k, size_t i)
{
	const struct pqm_lib_fact *f = &k->facts[i];
	const struct pqm_alg_ref *about = f->meaning == NULL ? NULL : pqm_lib_about(k->rules, f);

	if (f->meaning == NULL || k->code.calls[i].reach == PQM_REACH_NO ||
		pqm_lib_is_housekeeping(f->lib, pqm_elf_function(k, i)))
		return;
	if (is_symmetric(about) && f->recipe != NULL && f->recipe->makes.n > 0) {
		o->is_mixed |= o->alg != NULL && o->alg->alg != about->alg;
		o->alg = about;
		return;
	}
	/* A hash or a cipher gives no key. */
	if (f->recipe == NULL || f->recipe->makes.n == 0) {
		if ((about != NULL && about->alg->quantum == PQM_Q_SAFE) ||
			f->meaning->quantum == PQM_Q_SAFE)
			return;
	}
	o->has_other |= f->alg != NULL || !is_taker(f);
}

void pqm_elf_keys(struct pqm_elf_look *k)
{
	struct origin o = { NULL, false, false };

	/* Keys of a library's callers are not seen here, nor those of calls beyond a limit. */
	if (!k->elf.is_program || k->code.state != PQM_CODE_READ)
		return;
	for (size_t i = 0; i < k->code.n_calls; i++)
		look_at(&o, k, i);
	if (o.alg == NULL || o.has_other)
		return;
	for (size_t i = 0; i < k->code.n_calls; i++) {
		struct pqm_lib_fact *f = &k->facts[i];

		if (f->meaning == NULL || f->alg != NULL || !is_taker(f))
			continue;
		f->alg = o.alg;
		f->is_dropped |= o.is_mixed;
	}
}
