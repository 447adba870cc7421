#include "conf.h"

#include "base/limits.h"
#include "rules/k8s.h"
#include "rules/wire.h"

#define WORDS_MAX 512 /* of one value; longer lists are data, not settings */

#define SECRET_BYTES 44 /* 32 bytes in base64 */

/* What a word stands for. */
struct meant {
	pqm_bytes family, algorithm, parameter;
	enum pqm_function function;
	enum pqm_quantum quantum;
	enum pqm_classical classical;
	bool is_known, is_none; /* none: it does not count, and is no reason to doubt */
};

/* One statement and the entry of `settings` that knows it. */
struct look {
	struct pqm_conf_scan *s;
	const struct pqm_conf_item *item;
	const struct pqm_yaml *setting;
	pqm_bytes value; /* what the meaning is read from */
	pqm_bytes why;	 /* in place of the rule's, when not empty */
	pqm_bytes shown; /* names of algorithms and versions of it */
};

/* The rule that says what to do with such a find. */
static const struct pqm_rule *finding_rule(const struct pqm_rules *r, const char *finds)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(r, "conf/", &i)) != NULL)
		if (pqm_eqs(pqm_yaml_str(rule->node, "finds"), finds))
			return rule;
	return NULL;
}

static struct meant of_alg(const struct pqm_alg_ref *ref)
{
	if (ref == NULL)
		return (struct meant){ .is_known = false };
	return (struct meant){ ref->alg->family,
		pqm_eq(ref->algorithm, ref->alg->name) ? ref->alg->family : ref->algorithm,
		ref->parameter, ref->function, ref->alg->quantum, ref->alg->classical, true,
		false };
}

static struct meant of_wire(const struct pqm_wire *w)
{
	if (w == NULL)
		return (struct meant){ .is_known = false };
	return (struct meant){ w->family, w->algorithm, w->parameter, w->function, w->quantum,
		w->classical, true, false };
}

/* Spellings of one program stand in its family's rule, not in the catalogue. */
static pqm_bytes catalogue_name(const struct look *l, pqm_bytes word)
{
	const struct pqm_yaml *map = pqm_yaml_get(l->s->family->node, "spellings");

	for (size_t i = 0; map != NULL && i < map->n; i++)
		if (pqm_ieq(map->keys[i]->text, word))
			return pqm_yaml_text(map->items[i]);
	return word;
}

static struct meant meaning_of(const struct look *l, pqm_bytes means, pqm_bytes word)
{
	const struct pqm_rules *r = l->s->rules;

	if (pqm_eqs(means, "ssh-kex")) {
		const struct pqm_wire *w = pqm_wire_name(r, PQM_W_SSH_KEX, word);
		struct meant m = of_wire(w);

		/* A withdrawn experiment, which no client speaks, or no method at all. */
		m.is_none = w != NULL && (w->code.flags & (PQM_K_RETIRED | PQM_K_MARKER)) != 0;
		return m;
	}
	if (pqm_eqs(means, "ssh-hostkey"))
		return of_wire(pqm_wire_name(r, PQM_W_SSH_HOST_KEY, word));
	if (pqm_eqs(means, "signatures")) {
		struct meant m = of_wire(pqm_wire_name(r, PQM_W_SCHEME, word));
		size_t plus = pqm_find_byte(word, 0, '+'); /* ECDSA+SHA256 */

		return m.is_known ? m : of_alg(pqm_alg_by_name(r, pqm_sub(word, 0, plus)));
	}
	struct meant m = of_wire(pqm_wire_name(r, PQM_W_GROUP, word));
	pqm_bytes name = catalogue_name(l, word);

	/* In a mixed list "RSA" or "AES256" is no group: only what the family spells out is. */
	if (m.is_known || (name.p == word.p && pqm_yaml_true(l->setting, "mixed")))
		return m;
	return of_alg(pqm_alg_by_name(r, name));
}

static enum pqm_st report(const struct look *l, const char *finds, const struct meant *m)
{
	const struct pqm_conf_scan *s = l->s;
	const struct pqm_rule *rule = finding_rule(s->rules, finds);
	const struct pqm_yaml *e = rule == NULL ? NULL : pqm_yaml_get(rule->node, "emit");
	pqm_bytes program = pqm_yaml_str(s->family->node, "family");
	struct pqm_found f = { .meaning = PQM_CONFIG,
		.evidence = PQM_CONFIGURED,
		.quantum = m->quantum,
		.classical = m->classical,
		.function = m->function,
		.family = m->family,
		.algorithm = m->algorithm,
		.parameter = m->parameter,
		.line = l->item->line,
		.col = l->item->col,
		.off = l->item->off };
	char rule_id[PQM_K8S_KEY_BYTES + 1];

	if (rule == NULL)
		return PQM_OK;
	(void)pqm_meaning_parse(pqm_yaml_str(e, "meaning"), &f.meaning);
	(void)pqm_function_parse(pqm_yaml_str(e, "function"), &f.function);
	(void)pqm_evidence_parse(pqm_yaml_str(e, "evidence"), &f.evidence, &f.basis);
	(void)pqm_quantum_parse(pqm_yaml_str(e, "quantum"), &f.quantum);
	if (pqm_yaml_true(e, "needs_fix"))
		f.fix = pqm_yaml_str(l->setting, "fix");
	f.why = l->why;
	f.identity = pqm_arena_f(s->a->arena, "%.*s %.*s %.*s", PQM_FMT(program),
		PQM_FMT(l->item->name), PQM_FMT(l->shown));
	pqm_found_attr(&f, "program", program);
	pqm_found_attr(&f, "setting", l->item->name);
	pqm_found_attr(&f, "value", l->shown);
	if (s->has_include)
		pqm_found_attr(&f, "include", PQM_LIT("not followed"));
	if (s->a->line != 0)
		pqm_found_attr(&f, "value_line", pqm_arena_f(s->a->arena, "%u", l->item->line));
	(void)snprintf(rule_id, sizeof(rule_id), "%.*s", PQM_FMT(rule->id));
	pqm_rule_fill(&f, s->rules, rule_id);
	if (f.identity.p == NULL)
		return pqm_fail(s->err, PQM_ENOMEM, "line %u: out of memory", f.line);
	return pqm_emit(s->out, &f);
}

static void show(struct look *l, pqm_bytes word)
{
	if (l->shown.n < 400)
		l->shown = pqm_arena_f(l->s->a->arena, "%.*s%s%.*s", PQM_FMT(l->shown),
			l->shown.n > 0 ? ":" : "", PQM_FMT(word));
}

/* What a list of names holds, in the order of the list. */
struct listed {
	struct meant classical, safe; /* the first of each */
	size_t n_classical, n_safe;
	bool is_open; /* it changes a default, or holds what is not known */
};

static bool is_default(pqm_bytes word)
{
	return pqm_ieq(word, PQM_LIT("DEFAULT")) || pqm_ieq(word, PQM_LIT("auto"));
}

static void add_word(struct look *l, struct listed *to, pqm_bytes means, pqm_bytes word)
{
	struct meant m = meaning_of(l, means, word);

	if (is_default(word) || !m.is_known) {
		/* In a list of all kinds of algorithms most words are of other kinds. */
		to->is_open =
			to->is_open || is_default(word) || !pqm_yaml_true(l->setting, "mixed");
		return;
	}
	if (m.is_none)
		return;
	show(l, word);
	if (m.quantum == PQM_Q_BROKEN && to->n_classical++ == 0)
		to->classical = m;
	if ((m.quantum == PQM_Q_HYBRID || m.quantum == PQM_Q_SAFE) && to->n_safe++ == 0)
		to->safe = m;
}

/* OpenSSL marks names with ? * -, OpenSSH the whole list with + - ^. */
static void read_list(struct look *l, pqm_bytes means, struct listed *to)
{
	bool is_ssh = pqm_starts(means, PQM_LIT("ssh-"));
	const struct pqm_yaml *dividers = pqm_yaml_get(l->setting, "dividers");
	char also[9] = ":/;";
	pqm_bytes rest = l->value, word;
	uint8_t mark = 0;

	if (dividers != NULL)
		(void)snprintf(also, sizeof(also), "%.*s", PQM_FMT(dividers->text));
	for (size_t n = 0; n < WORDS_MAX && pqm_conf_word(&rest, also, &word); n++) {
		uint8_t c = word.p[0];

		if (c == '+' || c == '-' || c == '^' || c == '?' || c == '*' || c == '!') {
			word = pqm_sub(word, 1, word.n);
			if (is_ssh && n == 0)
				mark = c;
			to->is_open = to->is_open || (is_ssh && n == 0);
		}
		if (mark == '-' || (!is_ssh && (c == '-' || c == '!')))
			continue;
		if (word.n > 0)
			add_word(l, to, means, word);
	}
}

/* Whether `needs` stands among the words of the value; without `needs` it does. */
static bool has_needed(const struct look *l)
{
	pqm_bytes need = pqm_yaml_str(l->setting, "needs_word"), rest = l->value, word;

	while (need.n > 0 && pqm_conf_word(&rest, ":", &word))
		if (pqm_ieq(word, need))
			return true;
	return need.n == 0;
}

static enum pqm_st test_list(struct look *l, pqm_bytes means)
{
	bool is_kex = pqm_eqs(means, "groups") || pqm_eqs(means, "ssh-kex");
	struct listed to = { 0 };

	if (!has_needed(l))
		return PQM_OK;
	read_list(l, means, &to);
	if (to.n_safe > 0)
		return is_kex ? report(l, "groups-hybrid", &to.safe)
			      : report(l, "signatures-safe", &to.safe);
	if (to.n_classical == 0 || to.is_open)
		return PQM_OK;
	return report(l, is_kex ? "groups-classical" : "signatures-classical", &to.classical);
}

static enum pqm_st report_ceiling(struct look *l, unsigned version)
{
	static const char *const names[] = { "TLSv1.0", "TLSv1.1", "TLSv1.2" };
	const char *name = version >= 10 ? names[version - 10] : version == 2 ? "SSLv2" : "SSLv3";
	struct meant m = of_alg(pqm_alg_by_name(l->s->rules, pqm_str(name)));

	l->shown = pqm_str(name);
	return report(l, "tls-ceiling", &m);
}

/* "TLSv1.2 TLSv1.3", "all -SSLv3", "-all +TLSv1.2". */
static enum pqm_st test_versions(struct look *l)
{
	pqm_bytes rest = l->value, word;
	bool has_13 = false;
	unsigned highest = 0;

	while (pqm_conf_word(&rest, ":;", &word)) {
		uint8_t sign = word.p[0];
		bool is_signed = sign == '+' || sign == '-';
		pqm_bytes name = is_signed ? pqm_sub(word, 1, word.n) : word;
		unsigned v = pqm_conf_version(name);

		if (pqm_ieq(name, PQM_LIT("SSLv2Hello")))
			continue;
		if (pqm_ieq(name, PQM_LIT("all"))) {
			has_13 = sign != '-';
			highest = sign == '-' ? 0 : 12;
			continue;
		}
		if (v == 0)
			return PQM_OK;
		if (v == 13)
			has_13 = sign != '-';
		else if (sign != '-' && v > highest)
			highest = v;
	}
	return highest == 0 || has_13 ? PQM_OK : report_ceiling(l, highest);
}

static enum pqm_st test_ceiling(struct look *l)
{
	pqm_bytes rest = l->value, word;
	unsigned v = pqm_conf_word(&rest, "", &word) ? pqm_conf_version(word) : 0;

	return v == 0 || v == 13 ? PQM_OK : report_ceiling(l, v);
}

/* One of the words switches TLS 1.3 off. */
static enum pqm_st test_flags(struct look *l)
{
	const struct pqm_yaml *values = pqm_yaml_get(l->setting, "values");
	pqm_bytes rest = l->value, word;

	while (pqm_conf_word(&rest, "", &word)) {
		unsigned v = pqm_conf_version(word);

		if (pqm_k8s_listed(values, word))
			return report_ceiling(l, v == 0 || v == 13 ? 12 : v);
	}
	return PQM_OK;
}

/* The first suite of the list that the rule is about. */
static enum pqm_st test_suites(struct look *l, const char *finds, const char *algorithm)
{
	const struct pqm_rule *rule = finding_rule(l->s->rules, finds);
	struct meant m = of_alg(pqm_alg_by_name(l->s->rules, pqm_str(algorithm)));
	pqm_bytes suite = { NULL, 0 };

	if (rule != NULL)
		suite = pqm_conf_suite(l->value, pqm_yaml_get(rule->node, "suites"));
	if (suite.n == 0)
		return PQM_OK;
	l->shown = (pqm_bytes){ NULL, 0 };
	show(l, suite);
	return report(l, finds, &m);
}

static enum pqm_st test_ciphers(struct look *l)
{
	enum pqm_st st = test_suites(l, "rsa-key-exchange", "RSA");

	return st == PQM_OK ? test_suites(l, "dhe-key-exchange", "DH") : st;
}

static enum pqm_st test_plaintext(struct look *l)
{
	pqm_bytes rest = l->value, word;
	struct meant none = { .quantum = PQM_Q_UNKNOWN };

	if (!pqm_conf_word(&rest, "", &word) ||
		!pqm_k8s_listed(pqm_yaml_get(l->setting, "values"), word))
		return PQM_OK;
	show(l, word);
	return report(l, "plaintext", &none);
}

/* The statement itself says it: of any value, or of one that has a word of `values`. */
static enum pqm_st test_says(struct look *l)
{
	const struct pqm_yaml *values = pqm_yaml_get(l->setting, "values");
	pqm_bytes rest = l->value, word, alg = pqm_yaml_str(l->setting, "alg");
	struct meant m = { .quantum = PQM_Q_UNKNOWN };
	bool fits = values == NULL;
	char finds[40];

	while (!fits && pqm_conf_word(&rest, ":;", &word)) {
		fits = pqm_k8s_listed(values, word);
		if (fits)
			show(l, word);
	}
	if (pqm_yaml_get(l->setting, "secret") != NULL) /* its form, of which nothing is shown */
		fits = pqm_conf_word(&rest, "", &word) && word.n == SECRET_BYTES &&
			word.p[word.n - 1] == '=';
	if (!fits)
		return PQM_OK;
	if (alg.n > 0)
		m = of_alg(pqm_alg_by_name(l->s->rules, alg));
	(void)snprintf(finds, sizeof(finds), "%.*s", PQM_FMT(pqm_yaml_str(l->setting, "finds")));
	return report(l, finds, &m);
}

/* A parameter is a size or a curve that the catalogue knows; anything else may be a variable. */
static void add_size(struct look *l, struct meant *m, pqm_bytes size)
{
	const struct pqm_yaml *sizes = pqm_yaml_get(l->s->family->node, "curves_by_size");
	struct meant curve = of_alg(pqm_alg_by_name(l->s->rules, size));
	bool is_number = size.n > 0 && size.n < 6;

	for (size_t i = 0; i < size.n; i++)
		is_number = is_number && size.p[i] >= '0' && size.p[i] <= '9';
	if (curve.is_known && curve.parameter.n > 0 && pqm_eqs(m->family, "EC")) {
		m->parameter = curve.parameter;
	} else if (is_number && pqm_eqs(m->family, "EC")) {
		for (size_t i = 0; sizes != NULL && i < sizes->n; i++)
			if (pqm_eq(sizes->keys[i]->text, size))
				m->parameter = pqm_yaml_text(sizes->items[i]);
	} else if (is_number) {
		m->parameter = size;
	} else {
		return;
	}
	if (m->parameter.n > 0)
		show(l, m->parameter);
}

static enum pqm_st report_key(struct look *l, pqm_bytes alg, pqm_bytes size)
{
	pqm_bytes name = catalogue_name(l, alg);
	struct meant m = of_alg(pqm_alg_by_name(l->s->rules, name));

	if (!m.is_known)
		return PQM_OK;
	show(l, alg);
	/* The default holds unless the size may be in a variable. */
	if (size.n == 0 && pqm_eqs(m.family, "RSA") && m.parameter.n == 0 &&
		pqm_find_byte(l->value, 0, '$') == SIZE_MAX)
		size = pqm_yaml_str(l->setting, "default");
	add_size(l, &m, size);
	return report(l, "key-algorithm", &m);
}

static enum pqm_st test_key(struct look *l)
{
	pqm_bytes rest = l->value, word;

	if (!pqm_conf_word(&rest, "", &word))
		return PQM_OK;
	return report_key(l, word, (pqm_bytes){ NULL, 0 });
}

static enum pqm_st test_command(struct look *l)
{
	pqm_bytes alg, size;

	if (!pqm_conf_command(l->setting, l->value, &alg, &size))
		return PQM_OK;
	return report_key(l, alg, size);
}

static enum pqm_st report_recipient(struct look *l, const struct meant *m)
{
	if (m->parameter.n > 0 || m->family.n > 0)
		show(l, m->parameter.n > 0 ? m->parameter : m->family);
	return report(l,
		m->quantum == PQM_Q_HYBRID || m->quantum == PQM_Q_SAFE ? "sealed-hybrid"
								       : "sealed-classical",
		m);
}

/* `recipients`: glob of a recipient -> algorithm; the first that fits. */
static enum pqm_st test_recipient(struct look *l)
{
	const struct pqm_yaml *map = pqm_yaml_get(l->s->family->node, "recipients");

	for (size_t i = 0; map != NULL && i < map->n; i++) {
		if (!pqm_glob(map->keys[i]->text, l->value))
			continue;
		struct meant m = of_alg(pqm_alg_by_name(l->s->rules, pqm_yaml_text(map->items[i])));

		return m.is_known ? report_recipient(l, &m) : PQM_OK;
	}
	return PQM_OK;
}

static enum pqm_st test_pgp(struct look *l)
{
	unsigned bits = 0;
	pqm_bytes name;

	if (!pqm_conf_sops_pgp(l->value, &name, &bits))
		return PQM_OK;
	struct meant m = of_alg(pqm_alg_by_name(l->s->rules, name));

	if (!m.is_known)
		return PQM_OK;
	if (m.parameter.n == 0 && (pqm_eqs(name, "RSA") || pqm_eqs(name, "ElGamal")))
		m.parameter = pqm_arena_f(l->s->a->arena, "%u", bits);
	return report_recipient(l, &m);
}

/* A key elsewhere: a fingerprint, a KMS. */
static enum pqm_st test_remote(struct look *l)
{
	struct meant none = { .quantum = PQM_Q_UNKNOWN };

	l->shown = (pqm_bytes){ NULL, 0 };
	return report(l, "sealed-remote", &none);
}

/* Tests of what something is encrypted to; *is_one: means is one of them. */
static enum pqm_st test_sealed(struct look *l, pqm_bytes means, bool *is_one)
{
	*is_one = true;
	if (pqm_eqs(means, "recipient"))
		return test_recipient(l);
	if (pqm_eqs(means, "pgp"))
		return test_pgp(l);
	if (pqm_eqs(means, "remote"))
		return test_remote(l);
	*is_one = false;
	return PQM_OK;
}

static enum pqm_st run_test(struct look *l)
{
	pqm_bytes means = pqm_yaml_str(l->setting, "means");
	bool is_one;
	enum pqm_st st = test_sealed(l, means, &is_one);

	if (is_one)
		return st;
	if (pqm_eqs(means, "groups") || pqm_eqs(means, "ssh-kex") ||
		pqm_eqs(means, "ssh-hostkey") || pqm_eqs(means, "signatures"))
		return test_list(l, means);
	if (pqm_eqs(means, "versions"))
		return test_versions(l);
	if (pqm_eqs(means, "ceiling"))
		return test_ceiling(l);
	if (pqm_eqs(means, "no-tls13"))
		return test_flags(l);
	if (pqm_eqs(means, "ciphers"))
		return test_ciphers(l);
	if (pqm_eqs(means, "plaintext"))
		return test_plaintext(l);
	if (pqm_eqs(means, "says"))
		return test_says(l);
	if (pqm_eqs(means, "key"))
		return test_key(l);
	if (pqm_eqs(means, "command"))
		return test_command(l);
	return pqm_rule_fail(l->s->family, l->setting, l->s->err,
		"means is one of groups, ssh-kex, ssh-hostkey, signatures, versions, ceiling, "
		"no-tls13, ciphers, plaintext, says, key, command, recipient, pgp, remote");
}

/* Narrows the value by `word` (it must come first) and `option` (the value is the word behind it). */
static bool narrow(struct look *l)
{
	pqm_bytes want = pqm_yaml_str(l->setting, "word"), word;
	pqm_bytes option = pqm_yaml_str(l->setting, "option");

	if (pqm_eqs(pqm_yaml_str(l->setting, "means"), "command"))
		return true;
	if (want.n > 0 && (!pqm_conf_word(&l->value, "", &word) || !pqm_ieq(word, want)))
		return false;
	while (option.n > 0) {
		if (!pqm_conf_word(&l->value, "", &word))
			return false;
		if (pqm_eq(word, option)) {
			bool has = pqm_conf_word(&l->value, "", &word);

			l->value = word;
			return has;
		}
	}
	return true;
}

/* In shell text the command stands behind words that only say how to run it. */
static void skip_words(const struct pqm_conf_scan *s, struct pqm_conf_item *item)
{
	const struct pqm_yaml *skip = pqm_yaml_get(s->family->node, "skip");

	for (unsigned i = 0; skip != NULL && i < 8; i++) {
		if (!pqm_k8s_listed(skip, item->name))
			break;
		if (!pqm_conf_word(&item->value, "", &item->name))
			break;
	}
	for (size_t i = item->name.n; skip != NULL && i > 0; i--)
		if (item->name.p[i - 1] == '/') { /* /usr/bin/openssl */
			item->name = pqm_sub(item->name, i, item->name.n);
			break;
		}
}

static enum pqm_st see(void *ctx, const struct pqm_conf_item *given)
{
	struct pqm_conf_scan *s = ctx;
	const struct pqm_yaml *settings = pqm_yaml_get(s->family->node, "settings");
	struct pqm_conf_item item = *given;
	enum pqm_st st = PQM_OK;

	skip_words(s, &item);
	for (size_t i = 0; settings != NULL && i < settings->n && st == PQM_OK; i++) {
		struct look l = {
			.s = s, .item = &item, .setting = settings->items[i], .value = item.value
		};

		if (pqm_conf_is_of(l.setting, "unless", item.name) && s->kept != NULL)
			s->kept[i].n_unless++;
		if (pqm_conf_is_of(l.setting, "directives", item.name) && narrow(&l) &&
			!pqm_conf_keep(s, i, &item, l.value))
			st = run_test(&l);
	}
	pqm_conf_note_default(s, &item);
	return st;
}

/* No statement chooses: the library's own default decides. */
static enum pqm_st report_default(struct pqm_conf_scan *s)
{
	const struct pqm_yaml *d = pqm_yaml_get(s->family->node, "default");
	struct meant none = { .quantum = PQM_Q_UNKNOWN };
	struct look l = { .s = s, .item = &s->left.first, .setting = d };

	if (d == NULL || s->left.n == 0 || s->left.n_unless > 0)
		return PQM_OK;
	l.shown = pqm_yaml_str(d, "library");
	l.why = pqm_arena_f(s->a->arena,
		"%.*s has no list of groups here, so the default of %.*s decides: hybrid from "
		"version %.*s on, "
		"classical before.",
		PQM_FMT(pqm_yaml_str(s->family->node, "family")),
		PQM_FMT(pqm_yaml_str(d, "library")), PQM_FMT(pqm_yaml_str(d, "hybrid_since")));
	return l.why.p == NULL ? PQM_ENOMEM : report(&l, "groups-default", &none);
}

static enum pqm_st test_kept(struct pqm_conf_scan *s)
{
	const struct pqm_yaml *settings = pqm_yaml_get(s->family->node, "settings");
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; settings != NULL && i < settings->n && st == PQM_OK; i++) {
		const struct pqm_conf_kept *k = &s->kept[i];
		struct look l = {
			.s = s, .item = &k->first, .setting = settings->items[i], .value = k->value
		};

		if (k->n > k->n_unless)
			st = run_test(&l);
	}
	return st;
}

enum pqm_st pqm_conf_check(struct pqm_conf_scan *s)
{
	const struct pqm_yaml *settings = pqm_yaml_get(s->family->node, "settings");

	s->kept =
		pqm_new(s->a->arena, struct pqm_conf_kept, settings == NULL ? 1 : settings->n + 1);
	if (s->kept == NULL)
		return PQM_ENOMEM;
	enum pqm_st st = pqm_conf_each(s->family, s->a, see, s);

	if (st == PQM_OK)
		st = test_kept(s);
	return st == PQM_OK ? report_default(s) : st;
}
