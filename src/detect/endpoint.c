#include "endpoint.h"

#include "base/num.h"
#include "detect/endpoint_int.h"

/* The family of what was spoken: of findings about a setting of the whole endpoint. */
static const char *protocol_family(const struct pqm_endpoint *e)
{
	static const struct {
		const char *protocol, *family;
	} row[] = { { "ssh", "SSH" }, { "ikev2", "IPsec-IKE" }, { "wireguard", "WireGuard" } };

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (pqm_eqs(e->protocol, row[i].protocol))
			return row[i].family;
	return "TLS";
}

struct pqm_found pqm_ep_found(
	struct ep_job *j, enum pqm_meaning meaning, enum pqm_function function, pqm_bytes what)
{
	struct pqm_found f = { .meaning = meaning,
		.function = function,
		.quantum = PQM_Q_UNKNOWN,
		.evidence = PQM_NEGOTIATED,
		.family = pqm_str(protocol_family(j->e)) };

	f.identity = pqm_arena_f(j->arena, "%.*s|%.*s", PQM_FMT(j->name), PQM_FMT(what));
	pqm_found_attr(&f, "address", j->e->address);
	return f;
}

void pqm_ep_wire(struct pqm_found *f, const struct pqm_wire *w)
{
	uint64_t bits;

	f->family = w->family;
	f->algorithm = w->algorithm;
	f->parameter = w->parameter;
	f->function = w->function;
	f->quantum = w->quantum;
	f->classical = w->classical;
	f->why = w->why;
	f->fix = w->fix;
	/* Sizes of primes and moduli are numbers; 768 of ML-KEM is a name. */
	if ((pqm_eqs(w->family, "DH") || pqm_eqs(w->family, "RSA")) &&
		pqm_u64_parse(w->parameter, UINT32_MAX, &bits))
		f->bits = (uint32_t)bits;
}

enum pqm_st pqm_ep_emit(struct ep_job *j, struct pqm_found *f, const char *rule)
{
	if (f->identity.n == 0)
		return pqm_fail(j->err, PQM_ENOMEM, "no memory for findings");
	if (f->algorithm.n == 0)
		f->algorithm = f->family;
	pqm_rule_fill(f, j->r, rule);
	enum pqm_st st = pqm_emit(j->out, f);

	return st == PQM_OK ? st : pqm_fail(j->err, st, "no memory for findings");
}

/* ---- key exchange ---- */

static const char *kex_rule(const struct pqm_wire *w)
{
	if (w == NULL || w->kind == PQM_W_IKE)
		return "endpoint.kex";
	/* Experiments and withdrawn drafts: what is good in them no ordinary client can use. */
	bool is_classical = w->quantum == PQM_Q_BROKEN;

	return !is_classical &&
			(pqm_eqs(w->status, "retired") || pqm_eqs(w->status, "experimental"))
		? "endpoint.kex-draft"
		: "endpoint.kex";
}

static pqm_bytes version_words(struct ep_job *j, uint16_t version)
{
	const struct pqm_wire *w = pqm_wire_code(j->r, PQM_W_VERSION, version);

	return w != NULL ? w->name : pqm_arena_f(j->arena, "0x%04x", version);
}

/* Versions that accept the same group, oldest first: "TLS 1.2, TLS 1.3". */
static pqm_bytes all_versions(struct ep_job *j, const struct pqm_offer *first)
{
	const struct pqm_endpoint *e = j->e;
	pqm_bytes text = { NULL, 0 };

	for (const struct pqm_offer *o = first; o < e->offers + e->n_offers; o++) {
		if (o->kind != first->kind || o->code != first->code || o->answer != PQM_A_YES ||
			o->version == 0)
			continue;
		pqm_bytes one = version_words(j, o->version);

		text = text.n == 0
			? one
			: pqm_arena_f(j->arena, "%.*s, %.*s", PQM_FMT(text), PQM_FMT(one));
	}
	return text;
}

static uint16_t best_rank(const struct pqm_endpoint *e, const struct pqm_offer *first)
{
	uint16_t rank = 0;

	for (const struct pqm_offer *o = first; o < e->offers + e->n_offers; o++)
		if (o->kind == first->kind && o->code == first->code && o->answer == PQM_A_YES &&
			o->rank != 0 && (rank == 0 || o->rank < rank))
			rank = o->rank;
	return rank;
}

static bool is_first_of_its_code(const struct pqm_endpoint *e, const struct pqm_offer *o)
{
	for (const struct pqm_offer *p = e->offers; o->name.n == 0 && p < o; p++)
		if (p->kind == o->kind && p->code == o->code && p->answer == PQM_A_YES)
			return false;
	return true;
}

static const struct pqm_wire *wire_of(
	struct ep_job *j, enum pqm_wire_kind kind, const struct pqm_offer *o)
{
	return o->name.n > 0 ? pqm_wire_name(j->r, kind, o->name)
			     : pqm_wire_code(j->r, kind, o->code);
}

static enum pqm_st emit_kex(struct ep_job *j, enum pqm_wire_kind kind, const struct pqm_offer *o)
{
	const struct pqm_wire *w = wire_of(j, kind, o);
	uint16_t rank = best_rank(j->e, o);
	pqm_bytes what = w != NULL && o->name.n == 0 ? w->name
		: o->name.n > 0			     ? pqm_printable(j->arena, o->name)
						     : pqm_arena_f(j->arena, "0x%04x", o->code);

	if (w != NULL && w->function == PQM_FN_ANY && pqm_eqs(w->family, "SSH"))
		return PQM_OK; /* a marker among the names of SSH */
	struct pqm_found f = pqm_ep_found(j, PQM_USE, PQM_FN_KEX, what);

	if (w != NULL) {
		pqm_ep_wire(&f, w);
		pqm_found_attr(&f, "group", what);
		pqm_found_attr(&f, "status", w->status);
	} else {
		f.family = PQM_LIT("unknown");
		f.algorithm = what;
	}
	pqm_found_attr(&f, "version", all_versions(j, o));
	if (rank != 0)
		pqm_found_attr(&f, "rank", pqm_arena_f(j->arena, "%u", (unsigned)rank));
	pqm_found_attr(&f, "how", o->how);
	pqm_found_attr(&f, "posture", pqm_str(pqm_posture_name(j->e->posture)));
	return pqm_ep_emit(j, &f, kex_rule(w));
}

static enum pqm_st emit_all_kex(struct ep_job *j)
{
	const struct pqm_endpoint *e = j->e;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < e->n_offers; i++) {
		const struct pqm_offer *o = &e->offers[i];

		if (o->answer != PQM_A_YES || !is_first_of_its_code(e, o))
			continue;
		if (o->kind == PQM_O_GROUP)
			st = emit_kex(j, PQM_W_GROUP, o);
		else if (o->kind == PQM_O_KEX)
			st = emit_kex(j, PQM_W_SSH_KEX, o);
		else if (o->kind == PQM_O_IKE)
			st = emit_kex(j, PQM_W_IKE, o);
	}
	return st;
}

/* WireGuard negotiates nothing: its handshake is X25519 [WireGuard §5.4]. */
static enum pqm_st emit_wireguard(struct ep_job *j)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_name(j->r, PQM_LIT("X25519"));

	if (!pqm_eqs(j->e->protocol, "wireguard") || ref == NULL)
		return PQM_OK;
	struct pqm_found f = pqm_ep_found(j, PQM_USE, PQM_FN_KEX, PQM_LIT("X25519"));

	f.basis = PQM_IMPLIED;
	pqm_alg_fill(&f, ref);
	f.function = PQM_FN_KEX;
	pqm_found_attr(&f, "how", PQM_LIT("the protocol has no other"));
	return pqm_ep_emit(j, &f, "endpoint.kex");
}

static enum pqm_st emit_posture(struct ep_job *j)
{
	const struct pqm_endpoint *e = j->e;
	bool is_absent = e->posture == PQM_P_ABSENT;

	if (!is_absent && e->posture != PQM_P_OFFERED)
		return PQM_OK;
	struct pqm_found f = pqm_ep_found(j, is_absent ? PQM_ABSENT : PQM_CONFIG, PQM_FN_KEX,
		is_absent ? PQM_LIT("hybrid key exchange") : PQM_LIT("enforcement of the hybrid"));

	if (is_absent) {
		f.basis = PQM_ABSENCE;
		f.quantum = PQM_Q_BROKEN;
	}
	pqm_found_attr(&f, "posture", pqm_str(pqm_posture_name(e->posture)));
	pqm_found_attr(&f, "how", e->posture_how);
	return pqm_ep_emit(
		j, &f, is_absent ? "endpoint.no-hybrid" : "endpoint.hybrid-not-enforced");
}

/* ---- settings ---- */

static enum pqm_st emit_versions(struct ep_job *j)
{
	const struct pqm_endpoint *e = j->e;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < e->n_offers; i++) {
		const struct pqm_offer *o = &e->offers[i];
		const struct pqm_wire *w = o->kind == PQM_O_VERSION && o->answer == PQM_A_YES
			? pqm_wire_code(j->r, PQM_W_VERSION, o->code)
			: NULL;

		if (w == NULL || w->classical == PQM_C_OK)
			continue;
		struct pqm_found f = pqm_ep_found(j, PQM_CONFIG, PQM_FN_ANY, w->name);

		pqm_ep_wire(&f, w);
		f.function = PQM_FN_ANY;
		pqm_found_attr(&f, "version", w->name);
		pqm_found_attr(&f, "how", o->how);
		st = pqm_ep_emit(j, &f, "endpoint.old-version");
	}
	return st;
}

/* Names of all accepted offers of a kind that are weak today, and how many. */
static size_t weak_names(struct ep_job *j, enum pqm_offer_kind kind, enum pqm_wire_kind wire,
	pqm_bytes *names, enum pqm_classical *worst)
{
	size_t n = 0;

	*names = (pqm_bytes){ NULL, 0 };
	*worst = PQM_C_OK;
	for (size_t i = 0; i < j->e->n_offers; i++) {
		const struct pqm_offer *o = &j->e->offers[i];
		const struct pqm_wire *w =
			o->kind == kind && o->answer == PQM_A_YES ? wire_of(j, wire, o) : NULL;

		/* The key exchange of such suites is told by itself. */
		if (w == NULL || w->classical == PQM_C_OK ||
			(wire == PQM_W_SUITE &&
				(w->code.flags & (PQM_C_NULL | PQM_C_EXPORT | PQM_C_SSL2)) != 0))
			continue;
		if (w->classical > *worst)
			*worst = w->classical;
		n++;
		if (names->n + w->name.n < 400)
			*names = names->n == 0 ? w->name
					       : pqm_arena_f(j->arena, "%.*s, %.*s",
							 PQM_FMT(*names), PQM_FMT(w->name));
	}
	return n;
}

static enum pqm_st emit_weak(struct ep_job *j)
{
	static const struct {
		enum pqm_offer_kind kind;
		enum pqm_wire_kind wire;
		enum pqm_function function;
		const char *what, *rule;
	} row[] = {
		{ PQM_O_SUITE, PQM_W_SUITE, PQM_FN_CIPHER, "weak suites", "endpoint.weak-cipher" },
		{ PQM_O_CIPHER, PQM_W_SSH_CIPHER, PQM_FN_CIPHER, "weak ciphers",
			"endpoint.weak-cipher" },
		{ PQM_O_MAC, PQM_W_SSH_MAC, PQM_FN_MAC, "weak MACs", "endpoint.weak-cipher" },
		{ PQM_O_SCHEME, PQM_W_SCHEME, PQM_FN_SIG, "weak signatures",
			"endpoint.weak-signature" },
		{ PQM_O_HOST_KEY, PQM_W_SSH_HOST_KEY, PQM_FN_SIG, "weak signatures",
			"endpoint.weak-signature" },
	};
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < sizeof(row) / sizeof(row[0]); i++) {
		enum pqm_classical worst;
		pqm_bytes names;
		size_t n = weak_names(j, row[i].kind, row[i].wire, &names, &worst);

		if (n == 0)
			continue;
		struct pqm_found f =
			pqm_ep_found(j, PQM_CONFIG, row[i].function, pqm_str(row[i].what));

		f.classical = worst;
		pqm_found_attr(&f, "names", names);
		pqm_found_attr(&f, "count", pqm_arena_f(j->arena, "%zu", n));
		st = pqm_ep_emit(j, &f, row[i].rule);
	}
	return st;
}

static enum pqm_st emit_facts(struct ep_job *j)
{
	static const struct {
		const char *key;
		enum pqm_answer answer;
		enum pqm_meaning meaning;
		enum pqm_function function;
		enum pqm_quantum quantum;
		enum pqm_classical classical;
		const char *rule;
	} row[] = {
		{ "psk-without-exchange", PQM_A_YES, PQM_CONFIG, PQM_FN_KEX, PQM_Q_UNKNOWN,
			PQM_C_OK, "endpoint.psk-ke" },
		{ "early-data", PQM_A_YES, PQM_CONFIG, PQM_FN_KEX, PQM_Q_UNKNOWN, PQM_C_OK,
			"endpoint.early-data" },
		{ "checks-mlkem-key", PQM_A_NO, PQM_CONFIG, PQM_FN_KEX, PQM_Q_UNKNOWN, PQM_C_OK,
			"endpoint.mlkem-unchecked" },
		{ "long-hello-intolerant", PQM_A_YES, PQM_CONFIG, PQM_FN_KEX, PQM_Q_UNKNOWN,
			PQM_C_OK, "endpoint.hello-intolerant" },
		{ "split-hello", PQM_A_NO, PQM_CONFIG, PQM_FN_KEX, PQM_Q_UNKNOWN, PQM_C_OK,
			"endpoint.hello-intolerant" },
		{ "large-hello", PQM_A_NO, PQM_CONFIG, PQM_FN_KEX, PQM_Q_UNKNOWN, PQM_C_OK,
			"endpoint.hello-intolerant" },
		{ "terrapin", PQM_A_YES, PQM_CONFIG, PQM_FN_MAC, PQM_Q_UNKNOWN, PQM_C_DEPRECATED,
			"endpoint.terrapin" },
		{ "ssh1", PQM_A_YES, PQM_CONFIG, PQM_FN_ANY, PQM_Q_BROKEN, PQM_C_BROKEN,
			"endpoint.ssh1" },
		{ "starttls", PQM_A_NO, PQM_ABSENT, PQM_FN_KEX, PQM_Q_BROKEN, PQM_C_BROKEN,
			"endpoint.plaintext" },
		{ "starttls-injection", PQM_A_YES, PQM_CONFIG, PQM_FN_ANY, PQM_Q_UNKNOWN,
			PQM_C_BROKEN, "endpoint.starttls-injection" },
	};
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < sizeof(row) / sizeof(row[0]); i++) {
		const struct pqm_wire_fact *w = pqm_endpoint_fact(j->e, row[i].key);

		if (w == NULL || w->answer != row[i].answer)
			continue;
		struct pqm_found f =
			pqm_ep_found(j, row[i].meaning, row[i].function, pqm_str(row[i].key));

		f.quantum = row[i].quantum;
		f.classical = row[i].classical;
		if (row[i].meaning == PQM_ABSENT)
			f.basis = PQM_ABSENCE;
		pqm_found_attr(&f, "value", w->value);
		pqm_found_attr(&f, "how", w->how);
		st = pqm_ep_emit(j, &f, row[i].rule);
	}
	return st;
}

/* ---- what was not learnt ---- */

static void note_gaps(struct ep_job *j)
{
	const struct pqm_endpoint *e = j->e;
	size_t n_refused = 0, n_unknown = 0;

	for (size_t i = 0; i < e->n_offers; i++) {
		n_refused += e->offers[i].answer == PQM_A_REFUSED;
		n_unknown += e->offers[i].answer == PQM_A_UNKNOWN;
	}
	for (size_t i = 0; i < e->n_facts; i++) {
		n_refused += e->facts[i].answer == PQM_A_REFUSED;
		n_unknown += e->facts[i].answer == PQM_A_UNKNOWN;
	}
	if (n_refused > 0)
		pqm_emit_note(j->out, UINT64_MAX, PQM_ENET,
			"%zu questions were refused: the server limits or wants a name or "
			"certificate",
			n_refused);
	if (n_unknown > 0 && !e->is_complete)
		pqm_emit_note(j->out, UINT64_MAX, PQM_ENET,
			"%zu questions got silence, a reset or nothing readable", n_unknown);
	if (e->varies)
		pqm_emit_note(j->out, UINT64_MAX, PQM_ENET,
			"answers differ between connections: what any of them accepted is told");
}

enum pqm_st pqm_endpoint_emit(const struct pqm_rules *r, struct pqm_endpoint *e,
	struct pqm_arena *arena, struct pqm_emit *out, struct pqm_err *err)
{
	struct ep_job j = { .r = r, .e = e, .arena = arena, .out = out, .err = err };
	enum pqm_st st;

	j.name = pqm_endpoint_name(e, arena);
	if (j.name.n == 0)
		return pqm_fail(err, PQM_ENOMEM, "no memory for findings");
	/* Chains first: the smallest RSA key is what RSA key transport rests on. */
	st = pqm_ep_chains(&j);
	if (st == PQM_OK)
		st = emit_all_kex(&j);
	if (st == PQM_OK)
		st = emit_wireguard(&j);
	if (st == PQM_OK)
		st = emit_posture(&j);
	if (st == PQM_OK)
		st = pqm_ep_suites(&j);
	if (st == PQM_OK)
		st = emit_versions(&j);
	if (st == PQM_OK)
		st = emit_weak(&j);
	if (st == PQM_OK)
		st = emit_facts(&j);
	/* Of endpoints that were not reached the engine tells itself. */
	if (st == PQM_OK && e->reach == PQM_R_ANSWERED)
		note_gaps(&j);
	return st;
}
