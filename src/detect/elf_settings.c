/* elf_settings.c — lists of groups and suites, and versions, that programs give to a TLS or SSH library. */
#include "elf_look.h"

#include "base/limits.h"
#include "detect/conf.h"
#include "rules/wire.h"

#define WORDS_MAX 256
#define SHOWN_BYTES 400
#define SAMPLE_CALLS 4

/* What a setting comes to. */
/* Of one file; each is held against each. */
#define SETTINGS_MAX 512

struct outcome {
	const char *finds; /* NULL: nothing to say */
	pqm_bytes family, algorithm, parameter, shown;
	enum pqm_quantum quantum;
	enum pqm_classical classical;
};

struct reading {
	const struct pqm_rules *rules;
	struct pqm_arena *arena;
};

static struct outcome of_alg(const char *finds, const struct pqm_alg_ref *ref, pqm_bytes shown)
{
	if (ref == NULL)
		return (struct outcome){ .finds = NULL };
	return (struct outcome){ finds, ref->alg->family,
		pqm_eq(ref->algorithm, ref->alg->name) || ref->algorithm.n == 0 ? ref->alg->family
										: ref->algorithm,
		ref->parameter, shown, ref->alg->quantum, ref->alg->classical };
}

static struct outcome of_wire(const char *finds, const struct pqm_wire *w, pqm_bytes shown)
{
	return (struct outcome){ finds, w->family, w->algorithm, w->parameter, shown, w->quantum,
		w->classical };
}

static bool next_word(pqm_bytes *rest, const char *between, pqm_bytes *word)
{
	size_t i = 0, n;

	while (i < rest->n && strchr(between, rest->p[i]) != NULL)
		i++;
	for (n = i; n < rest->n && strchr(between, rest->p[n]) == NULL; n++)
		continue;
	*word = pqm_sub(*rest, i, n - i);
	*rest = pqm_sub(*rest, n, rest->n);
	return word->n > 0;
}

static pqm_bytes show(const struct reading *r, pqm_bytes list, pqm_bytes word)
{
	if (list.n > SHOWN_BYTES)
		return list;
	return pqm_arena_f(r->arena, "%.*s%s%.*s", PQM_FMT(list), list.n > 0 ? ":" : "",
		PQM_FMT(pqm_printable(r->arena, word)));
}

/* The first classical and the first safe name of a list, and whether it is all there is. */
struct listed {
	const struct pqm_wire *classical, *safe;
	pqm_bytes shown;
	bool is_open; /* it changes a default, or holds what is not known */
};

static void add_name(
	const struct reading *r, struct listed *to, enum pqm_wire_kind kind, pqm_bytes name)
{
	const struct pqm_wire *w = pqm_wire_name(r->rules, kind, name);

	if (w == NULL) {
		to->is_open = true;
		return;
	}
	if (kind == PQM_W_SSH_KEX && (w->code.flags & (PQM_K_RETIRED | PQM_K_MARKER)) != 0)
		return; /* nothing that a peer speaks */
	to->shown = show(r, to->shown, name);
	if (w->quantum == PQM_Q_BROKEN && to->classical == NULL)
		to->classical = w;
	if ((w->quantum == PQM_Q_HYBRID || w->quantum == PQM_Q_SAFE) && to->safe == NULL)
		to->safe = w;
}

static struct outcome weigh(const struct listed *l, bool is_groups)
{
	if (l->safe != NULL)
		return of_wire(is_groups ? "groups-hybrid" : "signatures-safe", l->safe, l->shown);
	if (l->classical == NULL || l->is_open)
		return (struct outcome){ .finds = NULL };
	return of_wire(
		is_groups ? "groups-classical" : "signatures-classical", l->classical, l->shown);
}

/* OpenSSL marks names with ? and *, takes them away with -. */
static struct outcome read_groups(const struct reading *r, pqm_bytes text)
{
	struct listed l = { 0 };
	pqm_bytes rest = text, word;

	for (size_t n = 0; n < WORDS_MAX && next_word(&rest, ":/, ", &word); n++) {
		if (word.p[0] == '-' || word.p[0] == '!')
			continue;
		while (word.n > 0 && (word.p[0] == '?' || word.p[0] == '*'))
			word = pqm_sub(word, 1, word.n);
		if (word.n > 0)
			add_name(r, &l, PQM_W_GROUP, word);
	}
	return weigh(&l, true);
}

static struct outcome read_ssh_kex(const struct reading *r, pqm_bytes text)
{
	struct listed l = { 0 };
	pqm_bytes rest = text, word;

	if (text.n > 0 && strchr("+-^", text.p[0]) != NULL)
		return (struct outcome){ .finds = NULL };
	for (size_t n = 0; n < WORDS_MAX && next_word(&rest, ", ", &word); n++)
		add_name(r, &l, PQM_W_SSH_KEX, word);
	return weigh(&l, true);
}

static const struct pqm_rule *conf_rule(const struct pqm_rules *r, const char *finds)
{
	const struct pqm_rule *rule;

	for (size_t i = 0; (rule = pqm_rules_next(r, "conf/", &i)) != NULL;)
		if (pqm_eqs(pqm_yaml_str(rule->node, "finds"), finds))
			return rule;
	return NULL;
}

/* The first suite that agrees on its key by RSA transport. */
static struct outcome read_suites(const struct reading *r, pqm_bytes text)
{
	const struct pqm_rule *rule = conf_rule(r->rules, "rsa-key-exchange");
	pqm_bytes suite = { NULL, 0 };

	if (rule != NULL)
		suite = pqm_conf_suite(text, pqm_yaml_get(rule->node, "suites"));
	if (suite.n == 0)
		return (struct outcome){ .finds = NULL };
	return of_alg("rsa-key-exchange", pqm_alg_by_name(r->rules, PQM_LIT("RSA")),
		show(r, (pqm_bytes){ NULL, 0 }, suite));
}

static struct outcome read_ceiling(const struct reading *r, pqm_bytes version)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_name(r->rules, version);

	if (ref == NULL || pqm_eqs(version, "TLSv1.3") || pqm_eqs(version, "DTLS 1.3"))
		return (struct outcome){ .finds = NULL };
	struct outcome out = of_alg("tls-ceiling", ref, version);

	out.quantum = PQM_Q_BROKEN;
	return out;
}

/* A priority string of GnuTLS, word by word. */
struct priority {
	bool is_pinned; /* groups were taken away before any was added */
	bool has_13, is_kx_pinned, has_rsa;
	pqm_bytes highest; /* version below 1.3 */
	struct listed groups;
};

static void set_version(struct priority *p, bool is_added, pqm_bytes version)
{
	if (pqm_eqs(version, "ALL") || pqm_eqs(version, "TLS-ALL")) {
		p->has_13 = is_added;
		p->highest = is_added ? PQM_LIT("TLSv1.2") : (pqm_bytes){ NULL, 0 };
	} else if (pqm_eqs(version, "TLS1.3")) {
		p->has_13 = is_added;
	} else if (is_added && pqm_starts(version, PQM_LIT("TLS1.")) &&
		(p->highest.n == 0 || pqm_cmp(version, p->highest) > 0)) {
		p->highest = version;
	}
}

static void set_word(const struct reading *r, struct priority *p, bool is_added, pqm_bytes word)
{
	static const char *const group_words[] = { "GROUP-", "CURVE-" };

	if (pqm_starts(word, PQM_LIT("VERS-")))
		set_version(p, is_added, pqm_sub(word, 5, word.n));
	for (size_t i = 0; i < 2; i++) {
		if (!pqm_starts(word, pqm_str(group_words[i])))
			continue;
		pqm_bytes name = pqm_sub(word, 6, word.n);

		if (pqm_eqs(name, "ALL")) {
			p->is_pinned = !is_added;
			p->groups = (struct listed){ 0 };
		} else if (is_added) {
			add_name(r, &p->groups, PQM_W_GROUP, name);
		}
	}
	if (pqm_eqs(word, "KX-ALL"))
		p->is_kx_pinned = !is_added;
	if (pqm_eqs(word, "RSA"))
		p->has_rsa = is_added;
}

static struct priority read_priority(const struct reading *r, pqm_bytes text)
{
	struct priority p = { .has_13 = true, .highest = PQM_LIT("TLSv1.2") };
	pqm_bytes rest = text, word;

	for (size_t n = 0; n < WORDS_MAX && next_word(&rest, ":, ", &word); n++) {
		uint8_t c = word.p[0];

		if (c == '+' || c == '-' || c == '!')
			set_word(r, &p, c == '+', pqm_sub(word, 1, word.n));
		else if (pqm_eqs(word, "NONE"))
			p = (struct priority){ .is_pinned = true, .is_kx_pinned = true };
		else if (pqm_starts(word, PQM_LIT("SUITEB")))
			p.has_13 = false;
	}
	return p;
}

static struct outcome version_of(const struct reading *r, const struct priority *p)
{
	pqm_bytes name = p->highest;

	if (p->has_13 || name.n == 0)
		return (struct outcome){ .finds = NULL };
	if (pqm_starts(name, PQM_LIT("TLS1.")))
		name = pqm_arena_f(r->arena, "TLSv%.*s", PQM_FMT(pqm_sub(name, 3, name.n)));
	return read_ceiling(r, name);
}

static struct outcome key_exchange_of(const struct reading *r, const struct priority *p)
{
	if (!p->is_kx_pinned || !p->has_rsa)
		return (struct outcome){ .finds = NULL };
	return of_alg(
		"rsa-key-exchange", pqm_alg_by_name(r->rules, PQM_LIT("RSA")), PQM_LIT("RSA"));
}

#define OUTCOMES_MAX 3

/* All that a setting says; how many. */
static size_t outcomes_of(
	const struct reading *r, const struct pqm_lib_fact *f, struct outcome out[OUTCOMES_MAX])
{
	switch (f->setting) {
	case PQM_ROLE_GROUPS:
		out[0] = read_groups(r, f->text);
		return 1;
	case PQM_ROLE_SSH_KEX:
		out[0] = read_ssh_kex(r, f->text);
		return 1;
	case PQM_ROLE_SUITES:
		out[0] = read_suites(r, f->text);
		return 1;
	case PQM_ROLE_CEILING:
		out[0] = read_ceiling(r, f->text);
		return 1;
	case PQM_ROLE_PRIORITY: {
		struct priority p = read_priority(r, f->text);

		out[0] = p.is_pinned || p.groups.safe != NULL ? weigh(&p.groups, true)
							      : (struct outcome){ .finds = NULL };
		out[1] = version_of(r, &p);
		out[2] = key_exchange_of(r, &p);
		return 3;
	}
	default:
		return 0;
	}
}

/* The rule for what was found, of the library or of any. */
static const struct pqm_rule *rule_for(
	const struct pqm_rules *r, const struct pqm_lib *lib, const char *finds)
{
	const struct pqm_rule *rule, *any = NULL;

	for (size_t i = 0; (rule = pqm_rules_next(r, "libs/", &i)) != NULL;) {
		if (!pqm_eqs(pqm_yaml_str(rule->node, "finds"), finds))
			continue;
		if (pqm_eq(pqm_yaml_str(rule->node, "library"), lib->name))
			return rule;
		any = any == NULL ? rule : any;
	}
	return any;
}

static enum pqm_st emit_outcome(
	struct pqm_elf_look *k, size_t call, const struct outcome *o, struct pqm_emit *out)
{
	const struct pqm_lib *lib = k->facts[call].lib;
	const struct pqm_call *c = &k->code.calls[call];
	const struct pqm_rule *rule = rule_for(k->rules, lib, o->finds);
	char id[PQM_ELF_SYMBOL_BYTES];
	struct pqm_found f = { .meaning = pqm_elf_is_user(k, c) ? PQM_CONFIG : PQM_OFFER,
		.evidence = PQM_CONFIGURED,
		.function = PQM_FN_KEX,
		.quantum = o->quantum,
		.classical = o->classical,
		.family = o->family,
		.algorithm = o->algorithm,
		.parameter = o->parameter,
		.object = pqm_printable(k->arena, c->callee),
		.off = c->off };

	if (rule == NULL)
		return PQM_OK;
	(void)pqm_function_parse(
		pqm_yaml_str(pqm_yaml_get(rule->node, "emit"), "function"), &f.function);
	(void)snprintf(id, sizeof(id), "%.*s", PQM_FMT(rule->id));
	f.identity = pqm_arena_f(k->arena, "%.*s/%.*s%s", PQM_FMT(lib->name), PQM_FMT(o->shown),
		f.meaning == PQM_CONFIG || k->elf.is_program ? "" : "/library");
	pqm_found_attr(&f, "setting", pqm_str(pqm_role_name(k->facts[call].setting)));
	pqm_found_attr(&f, "value", o->shown);
	pqm_elf_evidence(k, call, &f);
	pqm_found_attr(&f, "library",
		c->by == PQM_BY_IMPORT ? pqm_printable(k->arena, pqm_elf_soname(k, lib, c->version))
				       : lib->name);
	pqm_rule_fill(&f, k->rules, id);
	f.why = pqm_arena_f(k->arena, "%s sets up %.*s: %.*s",
		k->elf.is_program ? "program" : "library", PQM_FMT(pqm_lib_title(lib)),
		PQM_FMT(f.why));
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(out, &f);
}

struct setting {
	size_t call;
	struct outcome is;
};

/* What a function sets now to this and now to that, its callers or data decide: nothing is fixed. */
static bool is_one_of_many(
	const struct pqm_elf_look *k, const struct setting *all, size_t n, size_t i)
{
	const struct pqm_call *c = &k->code.calls[all[i].call], *d;

	for (size_t j = 0; j < n; j++) {
		d = &k->code.calls[all[j].call];
		if (c->n_path > 0 && d->n_path > 0 &&
			strcmp(all[i].is.finds, all[j].is.finds) == 0 &&
			c->path[c->n_path - 1].func == d->path[d->n_path - 1].func &&
			!pqm_eq(all[i].is.shown, all[j].is.shown))
			return true;
	}
	return false;
}

enum pqm_st pqm_elf_settings(struct pqm_elf_look *k, struct pqm_emit *out)
{
	const struct reading r = { k->rules, k->arena };
	struct setting *all = pqm_new(k->arena, struct setting, SETTINGS_MAX);
	struct outcome got[OUTCOMES_MAX];
	enum pqm_st st = all == NULL ? PQM_ENOMEM : PQM_OK;
	size_t n_all = 0;

	for (size_t i = 0; st == PQM_OK && i < k->code.n_calls; i++) {
		if (!k->facts[i].has_setting || k->code.calls[i].reach == PQM_REACH_NO)
			continue;
		size_t n = outcomes_of(&r, &k->facts[i], got);

		for (size_t o = 0; o < n && n_all < SETTINGS_MAX; o++)
			if (got[o].finds != NULL)
				all[n_all++] = (struct setting){ i, got[o] };
	}
	for (size_t i = 0; st == PQM_OK && i < n_all; i++)
		if (!is_one_of_many(k, all, n_all, i))
			st = emit_outcome(k, all[i].call, &all[i].is, out);
	return st;
}

bool pqm_elf_setting_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	const struct pqm_libs *libs = NULL;
	struct pqm_call calls[SAMPLE_CALLS];
	struct pqm_lib_fact facts[SAMPLE_CALLS];
	struct pqm_arena arena;
	struct outcome got[OUTCOMES_MAX];
	struct pqm_err err;
	pqm_bytes words;
	size_t n, k;
	bool fits = false;

	if (pqm_rules_libs(&libs, r, &err) != PQM_OK ||
		!pqm_lib_sample(sample, calls, SAMPLE_CALLS, &n, &words))
		return false;
	for (size_t i = 0; i < n; i++)
		facts[i].lib = pqm_lib_by_name(libs, pqm_yaml_str(rule->node, "library"));
	pqm_lib_facts(facts, calls, n, r);
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	const struct reading reading = { r, &arena };

	k = facts[n - 1].has_setting ? outcomes_of(&reading, &facts[n - 1], got) : 0;
	for (size_t i = 0; i < k; i++)
		fits = fits ||
			(got[i].finds != NULL &&
				pqm_eqs(pqm_yaml_str(rule->node, "finds"), got[i].finds));
	pqm_arena_fini(&arena);
	return fits;
}
