/* probe_advice.c — which patches fit: the software, its version, the states found. */
#include "cli/probe_advice.h"

#include "base/num.h"
#include "rules/wire.h"

#define FILE_PREFIX "endpoints/advice.yaml"
#define DH_BITS_MIN 2048 /* [RFC9325 §4.2]: shorter groups are within reach of a state today */
#define VERSION_PARTS 4

static bool is_in(const struct pqm_yaml *v, pqm_bytes word)
{
	if (v == NULL)
		return false;
	if (v->type == PQM_YAML_SCALAR)
		return pqm_eq(pqm_yaml_text(v), word);
	for (size_t i = 0; v->type == PQM_YAML_SEQ && i < v->n; i++)
		if (pqm_eq(pqm_yaml_text(v->items[i]), word))
			return true;
	return false;
}

/* ---- versions ---- */

/* -1, 0, 1 by numbers between dots; what follows the last digit does not count. */
static int compare(pqm_bytes a, pqm_bytes b)
{
	for (unsigned i = 0; i < VERSION_PARTS; i++) {
		pqm_bytes x = { NULL, 0 }, y = x;
		uint64_t m = 0, n = 0;

		(void)(pqm_split(&a, '.', &x) && pqm_u64_parse(x, UINT32_MAX, &m));
		(void)(pqm_split(&b, '.', &y) && pqm_u64_parse(y, UINT32_MAX, &n));
		if (m != n)
			return m < n ? -1 : 1;
	}
	return 0;
}

static pqm_bytes leading_version(pqm_bytes s)
{
	size_t n = 0;

	while (n < s.n && ((s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '.'))
		n++;
	return pqm_sub(s, 0, n);
}

static bool is_for_version(const struct pqm_yaml *patch, pqm_bytes version)
{
	pqm_bytes from = pqm_yaml_str(patch, "from"), below = pqm_yaml_str(patch, "below");

	return version.n == 0 ||
		((from.n == 0 || compare(version, from) >= 0) &&
			(below.n == 0 || compare(version, below) < 0));
}

/* ---- software ---- */

struct software {
	const struct pqm_yaml *node;
	pqm_bytes version; /* empty: not told */
};

static const struct pqm_yaml *software_named(const struct pqm_rules *r, pqm_bytes name)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(r, FILE_PREFIX, &i)) != NULL)
		if (pqm_yaml_get(rule->node, "title") != NULL &&
			pqm_ieq(pqm_yaml_str(rule->node, "software"), name))
			return rule->node;
	return NULL;
}

/* "nginx/1.26.3 (Debian)" as in Server headers; the user's way too. */
static bool is_product(const struct pqm_yaml *software, pqm_bytes text, pqm_bytes *version)
{
	size_t slash = pqm_find_byte(text, 0, '/');
	pqm_bytes name = pqm_sub(text, 0, slash);

	if (!pqm_ieq(name, pqm_yaml_str(software, "software")) &&
		!pqm_ieq(name, pqm_yaml_str(software, "title")))
		return false;
	*version = slash == SIZE_MAX ? (pqm_bytes){ NULL, 0 }
				     : leading_version(pqm_sub(text, slash + 1, text.n));
	return true;
}

static bool says(const struct pqm_yaml *software, pqm_bytes banner, pqm_bytes *version)
{
	const struct pqm_yaml *list = pqm_yaml_get(software, "banner");

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		pqm_bytes pattern = pqm_yaml_text(list->items[i]);
		size_t fixed = pqm_find_byte(pattern, 0, '*');

		if (!pqm_glob(pattern, banner))
			continue;
		*version = leading_version(
			pqm_sub(banner, fixed == SIZE_MAX ? banner.n : fixed, banner.n));
		return true;
	}
	return banner.n > 0 && is_product(software, banner, version);
}

static bool is_ssh(const struct pqm_endpoint *e)
{
	return pqm_eqs(e->protocol, "ssh");
}

static struct software software_of(const struct pqm_rules *r, const struct pqm_endpoint *e)
{
	const struct pqm_rule *rule;
	struct software s = { 0 };
	size_t i = 0;

	while ((rule = pqm_rules_next(r, FILE_PREFIX, &i)) != NULL) {
		if (pqm_yaml_get(rule->node, "title") == NULL ||
			pqm_eqs(pqm_yaml_str(rule->node, "protocol"), "ssh") != is_ssh(e))
			continue;
		if (says(rule->node, e->software, &s.version) ||
			(e->app.n > 0 && is_in(pqm_yaml_get(rule->node, "app"), e->app))) {
			s.node = rule->node;
			break;
		}
	}
	return s;
}

/* ---- states ---- */

static bool was_offered(const struct pqm_endpoint *e, enum pqm_offer_kind kind, uint16_t code)
{
	const struct pqm_offer *o = pqm_endpoint_offer(e, kind, code, 0);

	return o != NULL && o->answer == PQM_A_YES;
}

static bool has_draft(const struct pqm_rules *r, const struct pqm_endpoint *e)
{
	for (size_t i = 0; i < e->n_offers; i++) {
		const struct pqm_offer *o = &e->offers[i];
		const struct pqm_wire *w = o->kind == PQM_O_GROUP && o->answer == PQM_A_YES
			? pqm_wire_code(r, PQM_W_GROUP, o->code)
			: NULL;

		if (w != NULL && (w->code.flags & PQM_G_DRAFT) != 0)
			return true;
	}
	return false;
}

static bool is_weak_dhe(const struct pqm_endpoint *e)
{
	const struct pqm_wire_fact *f = pqm_endpoint_fact(e, "dh-bits");
	uint64_t bits = 0;

	return f != NULL && pqm_u64_parse(leading_version(f->value), UINT32_MAX, &bits) &&
		bits > 0 && bits < DH_BITS_MIN;
}

static bool is_said(const struct pqm_endpoint *e, const char *key)
{
	const struct pqm_wire_fact *f = pqm_endpoint_fact(e, key);

	return f != NULL && f->answer == PQM_A_YES;
}

/* The states in the order of the rule file's head; only what the server itself said counts. */
static size_t states_of(pqm_bytes out[8], const struct pqm_rules *r, const struct pqm_endpoint *e)
{
	const struct pqm_offer *v13 = pqm_endpoint_offer(e, PQM_O_VERSION, 0x0304, 0);
	size_t n = 0;

	if (!is_ssh(e) && v13 != NULL && v13->answer == PQM_A_NO &&
		was_offered(e, PQM_O_VERSION, 0x0303))
		out[n++] = PQM_LIT("no-tls13");
	if (e->posture == PQM_P_ABSENT)
		out[n++] = PQM_LIT("absent");
	if (has_draft(r, e))
		out[n++] = PQM_LIT("draft");
	if (e->posture == PQM_P_OFFERED)
		out[n++] = PQM_LIT("offered");
	if (e->posture == PQM_P_ENFORCED)
		out[n++] = PQM_LIT("enforced");
	if (is_said(e, "kex-rsa"))
		out[n++] = PQM_LIT("kex-rsa");
	if (is_weak_dhe(e))
		out[n++] = PQM_LIT("weak-dhe");
	if (!is_ssh(e) &&
		(was_offered(e, PQM_O_VERSION, 0x0302) || was_offered(e, PQM_O_VERSION, 0x0301) ||
			was_offered(e, PQM_O_VERSION, 0x0300) ||
			was_offered(e, PQM_O_VERSION, 0x0002)))
		out[n++] = PQM_LIT("old-tls");
	return n;
}

/* ---- the list ---- */

struct picker {
	const struct pqm_rules *r;
	const struct pqm_endpoint *e;
	struct pqm_arena *arena;
	struct pqm_advice_list *list;
};

static void add_patches(struct picker *p, const struct software *s, pqm_bytes state, bool is_named)
{
	pqm_bytes name = pqm_yaml_str(s->node, "software");
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(p->r, FILE_PREFIX, &i)) != NULL) {
		struct pqm_advice_list *l = p->list;

		if (!pqm_eq(pqm_yaml_str(rule->node, "software"), name) ||
			!is_in(pqm_yaml_get(rule->node, "state"), state) ||
			!is_for_version(rule->node, s->version))
			continue;
		struct pqm_advice *grown = pqm_grow(p->arena, l->items, l->n, &l->cap);

		if (grown == NULL)
			return;
		l->items = grown;
		grown[l->n++] = (struct pqm_advice){ p->r, p->e, s->node, rule->node, rule, state,
			is_named };
	}
}

/* Nothing names the server: those that are usual for the protocol. */
static void add_guesses(struct picker *p, pqm_bytes state)
{
	const struct pqm_endpoint *e = p->e;
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(p->r, FILE_PREFIX, &i)) != NULL) {
		struct software s = { .node = rule->node };

		if (pqm_yaml_get(rule->node, "title") == NULL ||
			pqm_eqs(pqm_yaml_str(rule->node, "protocol"), "ssh") != is_ssh(e))
			continue;
		if (is_ssh(e) ? pqm_yaml_true(rule->node, "generic")
			      : e->app.n == 0 && pqm_yaml_true(rule->node, "shown"))
			add_patches(p, &s, state, false);
	}
}

struct pqm_advice_list pqm_advise(const struct pqm_rules *r, const struct pqm_endpoint *e,
	const char *software, struct pqm_arena *arena)
{
	struct pqm_advice_list list = { 0 };
	struct picker p = { r, e, arena, &list };
	struct software s = { 0 };
	pqm_bytes states[8];
	size_t n;

	if (e->reach != PQM_R_ANSWERED && e->reach != PQM_R_LIMITED)
		return list;
	n = states_of(states, r, e);
	if (software != NULL) {
		pqm_bytes given = pqm_str(software);

		s.node = software_named(r, pqm_sub(given, 0, pqm_find_byte(given, 0, '/')));
		if (s.node != NULL)
			(void)is_product(s.node, given, &s.version);
	} else {
		s = software_of(r, e);
	}
	/* A name that the user gave for many endpoints says nothing of one in another protocol. */
	if (s.node != NULL && pqm_eqs(pqm_yaml_str(s.node, "protocol"), "ssh") != is_ssh(e))
		s = software_of(r, e);
	for (size_t i = 0; i < n; i++) {
		if (s.node != NULL)
			add_patches(&p, &s, states[i], true);
		else
			add_guesses(&p, states[i]);
	}
	return list;
}

/* ---- rules ---- */

enum pqm_st pqm_advice_check(const struct pqm_rules *r, const char *software, struct pqm_err *err)
{
	pqm_bytes given = pqm_str(software);
	const struct pqm_rule *rule;
	struct pqm_buf names;
	enum pqm_st st;
	size_t i = 0;

	if (software == NULL ||
		software_named(r, pqm_sub(given, 0, pqm_find_byte(given, 0, '/'))) != NULL)
		return PQM_OK;
	pqm_buf_init(&names, 1024);
	while ((rule = pqm_rules_next(r, FILE_PREFIX, &i)) != NULL)
		if (pqm_yaml_get(rule->node, "title") != NULL)
			(void)pqm_buf_f(&names, "%s%.*s", names.n > 0 ? ", " : "",
				PQM_FMT(pqm_yaml_str(rule->node, "software")));
	st = pqm_fail(err, PQM_EUSAGE, "--software %.40s: give one of %.*s", software,
		PQM_FMT(pqm_buf_bytes(&names)));
	pqm_buf_fini(&names);
	return st;
}

static bool takes_software(const struct pqm_rule *rule, pqm_bytes sample)
{
	pqm_bytes version;

	if (pqm_starts(sample, PQM_LIT("app ")))
		return is_in(pqm_yaml_get(rule->node, "app"), pqm_sub(sample, 4, sample.n));
	return says(rule->node, sample, &version);
}

static bool takes_group(const struct pqm_rule *rule, pqm_bytes sample)
{
	const struct pqm_yaml *names = pqm_yaml_get(rule->node, "names");

	if (sample.n == 0 || names == NULL || sample.n >= 64)
		return false;
	for (size_t i = 0; i < names->n; i++)
		if (pqm_eq(pqm_yaml_text(names->keys[i]), sample))
			return true;
	return !pqm_yaml_true(rule->node, "only");
}

/* Everything that the page prints is there. */
static bool is_complete(const struct pqm_advice *a)
{
	static const char *const need[] = { "file", "reload", "minimum", "cost" };
	const struct pqm_yaml *undo = pqm_yaml_get(a->patch, "undo");
	pqm_bytes what, is;

	for (size_t i = 0; i < sizeof(need) / sizeof(need[0]); i++)
		if (pqm_advice_text(a, need[i]).n == 0)
			return false;
	pqm_advice_promise(a, &what, &is);
	return pqm_yaml_get(a->patch, "lines") != NULL && undo != NULL && what.n > 0 && is.n > 0 &&
		(undo->n > 0 || pqm_yaml_str(a->patch, "rollback").n > 0);
}

bool pqm_advice_rule_takes(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	pqm_bytes rest = sample, who, state, version = { NULL, 0 };

	if (pqm_yaml_get(rule->node, "title") != NULL)
		return takes_software(rule, sample);
	if (pqm_yaml_get(rule->node, "names") != NULL)
		return takes_group(rule, sample);
	struct pqm_advice a = { .software = software_named(r, pqm_yaml_str(rule->node, "software")),
		.patch = rule->node,
		.rule = rule };

	if (a.software == NULL || !pqm_split(&rest, ' ', &who) || !pqm_split(&rest, ' ', &state))
		return false;
	a.state = state;
	return is_product(a.software, who, &version) &&
		is_in(pqm_yaml_get(rule->node, "state"), state) &&
		is_for_version(rule->node, version) && is_complete(&a);
}
