/* tasks_words.c — parameter sets that the chosen regimes take, and texts filled with them. */
#include "tasks_words.h"

#include "base/buf.h"
#include "base/limits.h"

#define REGIMES "plan/regimes.yaml"
#define ADVICE "endpoints/advice.yaml"

static bool is_in(const struct pqm_yaml *list, pqm_bytes word)
{
	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (pqm_eq(pqm_yaml_text(list->items[i]), word))
			return true;
	return list != NULL && list->type == PQM_YAML_SCALAR && pqm_eq(list->text, word);
}

/* ---- sets and regimes ---- */

static const struct pqm_rule *regime_named(const struct pqm_rules *r, pqm_bytes name)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(r, REGIMES, &i)) != NULL)
		if (pqm_eq(pqm_yaml_str(rule->node, "regime"), name))
			return rule;
	return NULL;
}

/* A regime that is silent about sets of this kind takes all of them. */
static bool takes(const struct pqm_rule *regime, const struct pqm_rule *set)
{
	const struct pqm_yaml *list = pqm_yaml_get(regime->node, "takes"), *node = set->node;
	bool is_group = pqm_yaml_get(node, "group") != NULL, any = false;

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		bool is_kem = pqm_starts(pqm_yaml_text(list->items[i]), PQM_LIT("ML-KEM"));

		any = any || is_kem == is_group;
	}
	if (is_group && pqm_yaml_true(regime->node, "hybrid_only") &&
		!pqm_yaml_true(node, "hybrid"))
		return false;
	return !any || is_in(list, pqm_yaml_str(node, is_group ? "kem" : "sig"));
}

static pqm_bytes spelled(const struct pqm_rule *set, pqm_bytes spelling)
{
	const struct pqm_yaml *names = set == NULL ? NULL : pqm_yaml_get(set->node, "names");

	for (size_t i = 0; names != NULL && i < names->n; i++)
		if (pqm_eq(names->keys[i]->text, spelling))
			return pqm_yaml_text(names->items[i]);
	return (pqm_bytes){ NULL, 0 };
}

static pqm_bytes spelling_of(const struct tk_site *s)
{
	pqm_bytes own = s == NULL || s->software == NULL
		? (pqm_bytes){ NULL, 0 }
		: pqm_yaml_str(s->software->node, "spelling");

	return own.n > 0 ? own : PQM_LIT("openssl");
}

struct chooser {
	const struct pqm_rules *r;
	const struct tk_regimes *regimes;
	const char *kind; /* "group" or "sig" */
	pqm_bytes spelling;
	struct pqm_arena *a;
};

/* The first set of the kind that these regimes take; spell: and that the software has a word for. */
static const struct pqm_rule *first_set(const struct chooser *c, bool by_regimes, bool spell)
{
	const struct pqm_rule *set;
	size_t i = 0;

	while ((set = pqm_rules_next(c->r, REGIMES, &i)) != NULL) {
		bool ok = pqm_yaml_get(set->node, c->kind) != NULL &&
			(!spell || spelled(set, c->spelling).n > 0);

		for (size_t k = 0; ok && by_regimes && k < c->regimes->n; k++) {
			const struct pqm_rule *regime = regime_named(c->r, c->regimes->name[k]);

			ok = regime == NULL || takes(regime, set);
		}
		if (ok)
			return set;
	}
	return NULL;
}

/* "cnsa-2.0, au-asd-ism": those that do not take the set. */
static pqm_bytes against(const struct chooser *c, const struct pqm_rule *set)
{
	pqm_bytes out = { NULL, 0 };

	for (size_t k = 0; set != NULL && k < c->regimes->n; k++) {
		const struct pqm_rule *regime = regime_named(c->r, c->regimes->name[k]);

		if (regime != NULL && !takes(regime, set))
			out = pqm_arena_f(c->a, "%.*s%s%.*s", PQM_FMT(out), out.n > 0 ? ", " : "",
				PQM_FMT(c->regimes->name[k]));
	}
	return out;
}

static pqm_bytes title_of(const struct tk_site *s)
{
	return s == NULL || s->software == NULL ? PQM_LIT("the software here")
						: pqm_yaml_str(s->software->node, "title");
}

static const struct pqm_rule *choose(
	const struct chooser *c, const struct tk_site *site, pqm_bytes *note)
{
	const struct pqm_rule *best = first_set(c, true, true), *wanted, *able, *usual;

	usual = first_set(c, false, false);
	if (best != NULL && best == usual)
		return best;
	if (best != NULL) {
		*note = pqm_arena_f(c->a, "%.*s%s%.*s instead of %.*s: %.*s asks for it",
			PQM_FMT(*note), note->n > 0 ? "; " : "",
			PQM_FMT(pqm_yaml_str(best->node, c->kind)),
			PQM_FMT(pqm_yaml_str(usual->node, c->kind)), PQM_FMT(against(c, usual)));
		return best;
	}
	wanted = first_set(c, true, false);
	able = first_set(c, false, true);
	able = able != NULL ? able : usual;
	if (wanted != NULL)
		*note = pqm_arena_f(c->a,
			"%.*s%s%.*s cannot set %.*s: what stands here is a first step that %.*s "
			"does "
			"not take; another front that can, or an upgrade, has to follow",
			PQM_FMT(*note), note->n > 0 ? "; " : "", PQM_FMT(title_of(site)),
			PQM_FMT(pqm_yaml_str(wanted->node, c->kind)), PQM_FMT(against(c, able)));
	else if (able != NULL)
		*note = pqm_arena_f(c->a,
			"%.*s%sthe chosen regimes contradict each other: nothing is taken by all; "
			"what "
			"stands here is not taken by %.*s",
			PQM_FMT(*note), note->n > 0 ? "; " : "", PQM_FMT(against(c, able)));
	return able;
}

/* What a regime wants said beside: hybrids for a while yet, no SLH-DSA. */
static pqm_bytes remarks(const struct chooser *c, pqm_bytes uses, pqm_bytes note)
{
	const char *key = pqm_find_byte(uses, 0, 'K') != SIZE_MAX ? "kex_note" : "sig_note";

	for (size_t k = 0; k < c->regimes->n; k++) {
		const struct pqm_rule *regime = regime_named(c->r, c->regimes->name[k]);
		pqm_bytes words =
			regime == NULL ? (pqm_bytes){ NULL, 0 } : pqm_yaml_str(regime->node, key);

		if (words.n > 0)
			note = pqm_arena_f(c->a, "%.*s%s%.*s: %.*s", PQM_FMT(note),
				note.n > 0 ? "; " : "", PQM_FMT(c->regimes->name[k]),
				PQM_FMT(words));
	}
	return note;
}

static bool asks_fips(const struct pqm_rules *r, const struct tk_regimes *regimes)
{
	for (size_t k = 0; k < regimes->n; k++) {
		const struct pqm_rule *regime = regime_named(r, regimes->name[k]);

		if (regime != NULL && pqm_yaml_true(regime->node, "fips"))
			return true;
	}
	return false;
}

struct tk_sets tk_sets_of(const struct pqm_rules *r, const struct tk_regimes *regimes,
	const struct tk_site *site, pqm_bytes uses, struct pqm_arena *a)
{
	struct chooser c = { r, regimes, "group", spelling_of(site), a };
	struct tk_sets out = { .is_fips = asks_fips(r, regimes) };
	pqm_bytes silent = { NULL, 0 };
	bool kex = pqm_find_byte(uses, 0, 'K') != SIZE_MAX,
	     sig = pqm_find_byte(uses, 0, 'S') != SIZE_MAX;

	out.group = choose(&c, site, kex ? &out.note : &silent);
	c.kind = "sig";
	c.spelling = PQM_LIT("openssl");
	out.sig = choose(&c, site, sig ? &out.note : &silent);
	if (kex || sig)
		out.note = remarks(&c, uses, out.note);
	return out;
}

bool tk_sets_suit(const struct tk_sets *sets, const struct pqm_yaml *node)
{
	const struct pqm_yaml *groups = pqm_yaml_get(node, "groups"),
			      *sigs = pqm_yaml_get(node, "sigs");

	return (groups == NULL ||
		       (sets->group != NULL &&
			       is_in(groups, pqm_yaml_str(sets->group->node, "group")))) &&
		(sigs == NULL ||
			(sets->sig != NULL && is_in(sigs, pqm_yaml_str(sets->sig->node, "sig"))));
}

bool tk_regime_takes(const struct pqm_rule *rule, pqm_bytes sample)
{
	pqm_bytes rest = sample, word = { NULL, 0 };

	if (!pqm_split(&rest, ' ', &word))
		return false;
	if (pqm_eqs(word, "set"))
		return pqm_eq(rest, pqm_yaml_str(rule->node, "group")) ||
			pqm_eq(rest, pqm_yaml_str(rule->node, "sig"));
	if (pqm_eqs(word, "regime"))
		return pqm_eq(rest, pqm_yaml_str(rule->node, "regime"));
	return pqm_eqs(word, "takes") && is_in(pqm_yaml_get(rule->node, "takes"), rest);
}

/* ---- spelling ---- */

static const struct pqm_yaml *spelling_rule(const struct tk_words *w)
{
	pqm_bytes name = spelling_of(w->site);
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(w->r, ADVICE, &i)) != NULL)
		if (pqm_yaml_get(rule->node, "names") != NULL &&
			pqm_eq(pqm_yaml_str(rule->node, "spelling"), name))
			return rule->node;
	return NULL;
}

/* Names of the registry as the software writes them. */
static pqm_bytes spell(const struct pqm_yaml *spelling, pqm_bytes name)
{
	static const struct {
		const char *said, *iana;
	} same[] = { { "X25519", "x25519" }, { "P-256", "secp256r1" }, { "P-384", "secp384r1" },
		{ "P-521", "secp521r1" }, { "prime256v1", "secp256r1" }, { "X448", "x448" } };
	const struct pqm_yaml *names = pqm_yaml_get(spelling, "names");

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (pqm_ieq(name, pqm_str(same[i].said)))
			name = pqm_str(same[i].iana);
	for (size_t i = 0; names != NULL && i < names->n; i++)
		if (pqm_eq(pqm_yaml_text(names->keys[i]), name))
			return pqm_yaml_text(names->items[i]);
	return pqm_yaml_true(spelling, "only") ? (pqm_bytes){ NULL, 0 } : name;
}

static pqm_bytes join_of(const struct pqm_yaml *spelling)
{
	return spelling == NULL ? PQM_LIT(":") : pqm_yaml_str(spelling, "join");
}

/* The classical groups found, in the software's words; what it usually has where none is named. */
static pqm_bytes classical(const struct tk_words *w)
{
	const struct pqm_yaml *spelling = spelling_rule(w);
	pqm_bytes rest = w->hop == NULL ? (pqm_bytes){ NULL, 0 } : w->hop->groups, one,
		  out = { NULL, 0 };

	while (rest.p != NULL && pqm_split(&rest, ',', &one)) {
		one = pqm_trim(one);
		if (!tk_is_plain(one) || pqm_find(one, 0, PQM_LIT("MLKEM")) != SIZE_MAX)
			continue;
		one = spell(spelling, one);
		if (one.n > 0)
			out = pqm_arena_f(w->arena, "%.*s%.*s%.*s", PQM_FMT(out),
				PQM_FMT((out.n > 0 ? join_of(spelling) : PQM_LIT(""))),
				PQM_FMT(one));
	}
	return out.n > 0 || spelling == NULL ? out : pqm_yaml_str(spelling, "usual");
}

static pqm_bytes set_word(const struct tk_words *w, const char *spelling)
{
	pqm_bytes name = w->sets.group == NULL ? (pqm_bytes){ NULL, 0 }
					       : spelled(w->sets.group, pqm_str(spelling));

	return name.n > 0 || w->sets.group == NULL ? name
						   : pqm_yaml_str(w->sets.group->node, "group");
}

static pqm_bytes hybrid(const struct tk_words *w)
{
	pqm_bytes s = spelling_of(w->site), name;

	name = w->sets.group == NULL ? (pqm_bytes){ NULL, 0 } : spelled(w->sets.group, s);
	return name.n > 0 ? name : set_word(w, "openssl");
}

/* ---- filling in ---- */

static pqm_bytes soft(const struct tk_words *w, const char *key)
{
	const struct pqm_yaml *node = w->site->software == NULL ? NULL : w->site->software->node;
	pqm_bytes own = pqm_yaml_str(node, key), name = pqm_yaml_str(node, "advice");
	const struct pqm_rule *rule;
	size_t i = 0;

	while (own.n == 0 && name.n > 0 && (rule = pqm_rules_next(w->r, ADVICE, &i)) != NULL)
		if (pqm_yaml_get(rule->node, "title") != NULL &&
			pqm_eq(pqm_yaml_str(rule->node, "software"), name))
			own = pqm_yaml_str(rule->node, key);
	return own;
}

static pqm_bytes place_of(const struct tk_words *w)
{
	const struct pqm_object *o = w->site->object;

	if (o == NULL)
		return w->object;
	return pqm_arena_f(w->arena, "%.*s/%.*s/%.*s",
		PQM_FMT((o->ns.n > 0 ? o->ns : PQM_LIT("-"))), PQM_FMT(o->kind), PQM_FMT(o->name));
}

static pqm_bytes or_word(pqm_bytes known, const char *else_word)
{
	return known.n > 0 ? known : pqm_str(else_word);
}

static bool of_sets(const struct tk_words *w, pqm_bytes word, pqm_bytes *out)
{
	const struct pqm_yaml *group = w->sets.group == NULL ? NULL : w->sets.group->node,
			      *sig = w->sets.sig == NULL ? NULL : w->sets.sig->node;

	if (pqm_eqs(word, "hybrid"))
		*out = hybrid(w);
	else if (pqm_eqs(word, "groups") || pqm_eqs(word, "all_groups"))
		*out = classical(w);
	else if (pqm_eqs(word, "list"))
		*out = pqm_arena_f(w->arena, "%.*s%.*s%.*s", PQM_FMT(hybrid(w)),
			PQM_FMT(join_of(spelling_rule(w))), PQM_FMT(classical(w)));
	else if (pqm_eqs(word, "openssl_group"))
		*out = set_word(w, "openssl");
	else if (pqm_eqs(word, "ssh_kex"))
		*out = or_word(spelled(w->sets.group, PQM_LIT("ssh")), "mlkem768x25519-sha256");
	else if (pqm_eqs(word, "ike"))
		*out = set_word(w, "ike");
	else if (pqm_eqs(word, "kem"))
		*out = pqm_yaml_str(group, "kem");
	else if (pqm_eqs(word, "kex_sizes"))
		*out = pqm_yaml_str(group, "sizes");
	else if (pqm_eqs(word, "by_default"))
		*out = pqm_yaml_str(group, "by_default");
	else if (pqm_eqs(word, "sig"))
		*out = pqm_yaml_str(sig, "sig");
	else if (pqm_eqs(word, "sig_name"))
		*out = spelled(w->sets.sig, PQM_LIT("openssl"));
	else if (pqm_eqs(word, "sig_sizes"))
		*out = pqm_yaml_str(sig, "sizes");
	else
		return false;
	return true;
}

/* "db.data.svc:5432 -starttls postgres": what openssl s_client connects to. */
static pqm_bytes s_client(const struct tk_words *w)
{
	pqm_bytes at = or_word(tk_site_endpoint(w->site, w->arena), "HOST:PORT"),
		  opener = soft(w, "starttls");

	return opener.n == 0
		? at
		: pqm_arena_f(w->arena, "%.*s -starttls %.*s", PQM_FMT(at), PQM_FMT(opener));
}

static bool of_site(const struct tk_words *w, pqm_bytes word, pqm_bytes *out)
{
	const struct tk_site *s = w->site;

	if (pqm_eqs(word, "endpoint"))
		*out = or_word(tk_site_endpoint(s, w->arena), "HOST:PORT");
	else if (pqm_eqs(word, "host"))
		*out = or_word(s->host, "HOST");
	else if (pqm_eqs(word, "port"))
		*out = or_word(s->port, "PORT");
	else if (pqm_eqs(word, "s_client"))
		*out = s_client(w);
	else if (pqm_eqs(word, "field"))
		*out = s->field;
	else if (pqm_eqs(word, "value"))
		*out = s->value;
	else if (pqm_eqs(word, "place"))
		*out = place_of(w);
	else if (pqm_eqs(word, "configmap"))
		*out = s->object != NULL && pqm_eqs(s->object->kind, "ConfigMap")
			? pqm_arena_f(w->arena, " (%.*s)", PQM_FMT(place_of(w)))
			: (pqm_bytes){ NULL, 0 };
	else if (pqm_eqs(word, "software"))
		*out = title_of(s);
	else if (pqm_eqs(word, "version"))
		*out = or_word(s->version, "(version not told)");
	else if (pqm_eqs(word, "versions") || pqm_eqs(word, "oldest"))
		*out = PQM_LIT("TLSv1.2");
	else if (pqm_eqs(word, "kex") || pqm_eqs(word, "all_kex"))
		*out = PQM_LIT("curve25519-sha256");
	else if (pqm_eqs(word, "file") || pqm_eqs(word, "reload") || pqm_eqs(word, "minimum") ||
		pqm_eqs(word, "check") || pqm_eqs(word, "blocked"))
		*out = soft(w,
			pqm_eqs(word, "file")		   ? "file"
				: pqm_eqs(word, "reload")  ? "reload"
				: pqm_eqs(word, "minimum") ? "minimum"
				: pqm_eqs(word, "check")   ? "check"
							   : "blocked");
	else
		return false;
	return true;
}

static bool of_task(const struct tk_words *w, pqm_bytes word, pqm_bytes *out)
{
	if (pqm_eqs(word, "label"))
		*out = w->label;
	else if (pqm_eqs(word, "object"))
		*out = w->object;
	else if (pqm_eqs(word, "path"))
		*out = w->path;
	else if (pqm_eqs(word, "n"))
		*out = w->n;
	else if (pqm_eqs(word, "namespace"))
		*out = w->site->object != NULL && tk_is_plain(w->site->object->ns)
			? w->site->object->ns
			: PQM_LIT("NAMESPACE");
	else if (pqm_eqs(word, "clients"))
		*out = w->clients;
	else
		return false;
	return true;
}

pqm_bytes tk_fill(const struct tk_words *w, pqm_bytes text)
{
	struct pqm_buf b;
	pqm_bytes out;
	size_t at = 0;

	pqm_buf_init(&b, PQM_TEXT_BYTES * 4);
	while (at < text.n) {
		size_t open = pqm_find_byte(text, at, '{'), close;
		pqm_bytes word, put;

		open = open == SIZE_MAX ? text.n : open;
		(void)pqm_buf_add(&b, pqm_sub(text, at, open - at));
		if (open == text.n)
			break;
		close = pqm_find_byte(text, open, '}');
		word = close == SIZE_MAX ? (pqm_bytes){ NULL, 0 }
					 : pqm_sub(text, open + 1, close - open - 1);
		if (word.n > 0 &&
			(of_task(w, word, &put) || of_site(w, word, &put) ||
				of_sets(w, word, &put))) {
			(void)pqm_buf_add(&b, put);
			at = close + 1;
		} else {
			(void)pqm_buf_byte(&b, '{');
			at = open + 1;
		}
	}
	out = pqm_bytes_dup(w->arena, pqm_trim(pqm_buf_bytes(&b)));
	pqm_buf_fini(&b);
	return out;
}

/* ---- what is known of servers by their software ---- */

static bool is_plain_setting(const struct pqm_yaml *patch)
{
	pqm_bytes kind = pqm_yaml_str(patch, "kind");

	return !pqm_eqs(kind, "front") && !pqm_eqs(kind, "upgrade");
}

/* The line with the group that the regimes want in place of the usual one. */
static pqm_bytes line_of(const struct tk_words *w, pqm_bytes line)
{
	static const char *const usual[] = { "tls.X25519MLKEM768", "X25519MLKEM768",
		"x25519mlkem768", "mlkem768x25519-sha256" };
	pqm_bytes filled = tk_fill(w, line), with = hybrid(w);

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		size_t at = pqm_find(filled, 0, pqm_str(usual[i]));

		if (at == SIZE_MAX)
			continue;
		return pqm_arena_f(w->arena, "%.*s%.*s%.*s", PQM_FMT(pqm_sub(filled, 0, at)),
			PQM_FMT(with), PQM_FMT(pqm_sub(filled, at + strlen(usual[i]), filled.n)));
	}
	return filled;
}

pqm_bytes tk_advice(const struct tk_words *w, pqm_bytes state)
{
	pqm_bytes name = w->site->software == NULL
		? (pqm_bytes){ NULL, 0 }
		: pqm_yaml_str(w->site->software->node, "advice"),
		  out = { NULL, 0 }, reload;
	const struct pqm_rule *rule;
	size_t i = 0;

	if (name.n == 0 || state.n == 0)
		return out;
	while ((rule = pqm_rules_next(w->r, ADVICE, &i)) != NULL) {
		const struct pqm_yaml *lines = pqm_yaml_get(rule->node, "lines");
		pqm_bytes from = pqm_yaml_str(rule->node, "from"),
			  below = pqm_yaml_str(rule->node, "below");

		if (lines == NULL || !pqm_eq(pqm_yaml_str(rule->node, "software"), name) ||
			!is_in(pqm_yaml_get(rule->node, "state"), state) ||
			!is_plain_setting(rule->node) || !tk_sets_suit(&w->sets, rule->node))
			continue;
		if (w->site->version.n > 0 &&
			((from.n > 0 && tk_version_cmp(w->site->version, from) < 0) ||
				(below.n > 0 && tk_version_cmp(w->site->version, below) >= 0)))
			continue;
		out = pqm_yaml_str(rule->node, "file");
		out = pqm_arena_f(w->arena, "%.*s:", PQM_FMT((out.n > 0 ? out : soft(w, "file"))));
		for (size_t k = 0; k < lines->n; k++)
			out = pqm_arena_f(w->arena, "%.*s\n  %.*s", PQM_FMT(out),
				PQM_FMT(line_of(w, pqm_yaml_text(lines->items[k]))));
		reload = pqm_yaml_str(rule->node, "reload");
		reload = reload.n > 0 ? reload : soft(w, "reload");
		return reload.n == 0
			? out
			: pqm_arena_f(w->arena, "%.*s\nthen: %.*s", PQM_FMT(out), PQM_FMT(reload));
	}
	return out;
}
