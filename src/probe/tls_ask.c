#include "tls_plan.h"

/* Hellos of 256 to 511 bytes hang some load balancers [RFC7685 §4]. */
#define PAD_TO 512
/* Lists of the second, short try. */
#define SHORT_GROUPS_PQ 3
#define SHORT_GROUPS 3
#define SHORT_OF_FAMILY 2
#define SHORT_OF_CLASS 3

void probe_ask_init(struct plan_ask *a, enum probe_goal goal)
{
	memset(&a->spec, 0, sizeof(a->spec));
	a->is_single = false;
	a->about = ABOUT_NONE;
	a->spec.goal = goal;
	a->spec.hello.groups = a->groups;
	a->spec.hello.schemes = a->schemes;
	a->spec.hello.suites = a->suites;
	a->spec.hello.versions = a->versions;
	a->spec.suite_flags = a->suite_flags;
}

void probe_ask_group(struct plan_ask *a, uint16_t group)
{
	struct pqm_tls_client_hello *h = &a->spec.hello;

	if (h->n_groups < PLAN_GROUPS && !probe_ask_has_group(a, group))
		a->groups[h->n_groups++] = group;
}

bool probe_ask_has_group(const struct plan_ask *a, uint16_t group)
{
	for (size_t i = 0; i < a->spec.hello.n_groups; i++)
		if (a->groups[i] == group)
			return true;
	return false;
}

void probe_ask_scheme(struct plan_ask *a, uint16_t scheme)
{
	struct pqm_tls_client_hello *h = &a->spec.hello;

	for (size_t i = 0; i < h->n_schemes; i++)
		if (a->schemes[i] == scheme)
			return;
	if (h->n_schemes < PLAN_SCHEMES)
		a->schemes[h->n_schemes++] = scheme;
}

void probe_ask_suite(struct plan_ask *a, uint16_t suite, uint16_t flags)
{
	size_t i = a->spec.hello.n_suites;

	if (i >= PLAN_SUITES)
		return;
	a->suites[i] = suite;
	a->suite_flags[i] = flags;
	a->spec.hello.n_suites++;
}

void probe_ask_share(struct plan_ask *a, uint16_t group)
{
	if (a->spec.n_share_groups < sizeof(a->spec.share_group) / sizeof(a->spec.share_group[0]))
		a->spec.share_group[a->spec.n_share_groups++] = group;
}

void probe_ask_groups(
	const struct probe_plan *p, struct plan_ask *a, unsigned flags, enum pqm_answer answer)
{
	for (size_t i = 0; i < p->c->groups.n; i++) {
		const struct pqm_probe_code *g = &p->c->groups.code[i];

		if (g->profile > p->c->profile || (g->flags & PQM_G_OLD) != 0 ||
			(g->flags & flags) == 0)
			continue;
		/* A draft is asked for by that name only. */
		if ((g->flags & PQM_G_DRAFT) != 0 && (flags & PQM_G_DRAFT) == 0)
			continue;
		if (p->group[i].answer == (uint8_t)answer)
			probe_ask_group(a, g->code);
	}
}

/* The rows of one table that the profile asks for, two to a family first: the list has an end that not
 * every family would see. */
static void schemes_of(const struct probe_plan *p, struct plan_ask *a, bool is_13)
{
	for (int round = 0; round < 2; round++) {
		unsigned seen[2] = { 0, 0 };

		for (size_t i = 0; i < p->c->schemes.n; i++) {
			const struct pqm_probe_code *s = &p->c->schemes.code[i];
			unsigned family = s->flags & ~PQM_S_SHA1;

			if (s->profile > p->c->profile || (is_13 && (s->flags & PQM_S_DSA) != 0))
				continue;
			if (round == 0 && (seen[1] & family) != 0)
				continue;
			seen[1] |= seen[0] & family;
			seen[0] |= family;
			probe_ask_scheme(a, s->code);
		}
	}
}

static void suites_13(const struct probe_plan *p, struct plan_ask *a)
{
	for (size_t i = 0; i < p->c->suites.n; i++) {
		const struct pqm_probe_code *s = &p->c->suites.code[i];

		if ((s->flags & PQM_C_TLS13) != 0 && s->profile <= p->c->profile)
			probe_ask_suite(a, s->code, s->flags);
	}
}

void probe_ask_13(const struct probe_plan *p, struct plan_ask *a, enum probe_goal goal)
{
	struct pqm_tls_client_hello *h = &a->spec.hello;

	probe_ask_init(a, goal);
	h->legacy_version = probe_version_code(p, V_12);
	a->versions[h->n_versions++] = probe_version_code(p, V_13);
	h->has_key_share = true;
	h->psk_modes_dhe = true;
	suites_13(p, a);
	schemes_of(p, a, true);
}

static void suites_old(const struct probe_plan *p, struct plan_ask *a, unsigned classes)
{
	for (size_t i = 0; i < p->c->suites.n; i++) {
		const struct pqm_probe_code *s = &p->c->suites.code[i];

		if ((s->flags & (PQM_C_TLS13 | PQM_C_SSL2)) == 0 && s->profile <= p->c->profile &&
			(probe_class(s->flags) & classes) != 0)
			probe_ask_suite(a, s->code, s->flags);
	}
}

static void groups_old(const struct probe_plan *p, struct plan_ask *a)
{
	for (size_t i = 0; i < p->c->groups.n; i++) {
		const struct pqm_probe_code *g = &p->c->groups.code[i];

		if (g->profile <= p->c->profile && (g->flags & PQM_G_13ONLY) == 0 &&
			(g->flags & (PQM_G_HYBRID | PQM_G_PQ | PQM_G_DRAFT)) == 0)
			probe_ask_group(a, g->code);
	}
}

void probe_ask_old(
	const struct probe_plan *p, struct plan_ask *a, enum plan_version v, unsigned classes)
{
	struct pqm_tls_client_hello *h = &a->spec.hello;

	probe_ask_init(a, PROBE_FLIGHT);
	h->legacy_version = probe_version_code(p, v);
	suites_old(p, a, classes);
	if (v == V_SSL3)
		return;
	groups_old(p, a);
	h->ems = true;
	h->renegotiation = true;
	h->ticket_empty = true;
	h->heartbeat = p->c->profile == PQM_PROFILE_FULL;
	if (v == V_12)
		schemes_of(p, a, false);
}

static void shorten_groups(const struct probe_plan *p, struct plan_ask *a)
{
	size_t n = 0, n_pq = 0, n_other = 0;

	for (size_t i = 0; i < a->spec.hello.n_groups; i++) {
		uint16_t g = a->groups[i];
		bool is_pq = (probe_group_flags(p, g) & (PQM_G_HYBRID | PQM_G_PQ)) != 0;
		bool is_shared = (a->spec.n_share_groups > 0 && g == a->spec.share_group[0]);

		if (is_shared || (is_pq ? n_pq++ < SHORT_GROUPS_PQ : n_other++ < SHORT_GROUPS))
			a->groups[n++] = g;
	}
	a->spec.hello.n_groups = n;
}

static void shorten_schemes(const struct probe_plan *p, struct plan_ask *a)
{
	size_t n = 0;
	uint8_t used[16] = { 0 };

	for (size_t i = 0; i < a->spec.hello.n_schemes; i++) {
		const struct pqm_probe_code *s = probe_code(&p->c->schemes, a->schemes[i]);
		unsigned bit = s == NULL ? 15 : (unsigned)__builtin_ctz(s->flags | 0x8000u);

		if (used[bit]++ < SHORT_OF_FAMILY)
			a->schemes[n++] = a->schemes[i];
	}
	a->spec.hello.n_schemes = n;
}

static void shorten_suites(struct plan_ask *a)
{
	size_t n = 0;
	uint8_t used[16] = { 0 };

	for (size_t i = 0; i < a->spec.hello.n_suites; i++) {
		bool is_13 = (a->suite_flags[i] & PQM_C_TLS13) != 0;
		unsigned bit = is_13
			? 15
			: (unsigned)__builtin_ctz((unsigned)probe_class(a->suite_flags[i]));

		if (used[bit]++ >= SHORT_OF_CLASS)
			continue;
		a->suites[n] = a->suites[i];
		a->suite_flags[n++] = a->suite_flags[i];
	}
	a->spec.hello.n_suites = n;
}

static void set_alpn(const struct probe_plan *p, struct plan_ask *a)
{
	struct pqm_tls_client_hello *h = &a->spec.hello;

	if (h->n_alpn > 0 || h->legacy_version == PQM_SSL30)
		return;
	if (p->alpn_mode == 2) {
		a->alpn[h->n_alpn++] = "h3";
	} else if (p->alpn_mode == 1) {
		a->alpn[h->n_alpn++] = "h2";
		a->alpn[h->n_alpn++] = "http/1.1";
	}
	h->alpn = a->alpn;
}

/* An address literal is no server name [RFC6066 §3]. */
static bool is_address(const char *host)
{
	size_t n = strlen(host);

	return strchr(host, ':') != NULL || (n > 0 && strspn(host, "0123456789.") == n);
}

static const char *name_of(const struct probe_plan *p)
{
	const struct pqm_probe_target *t = p->j->target;

	if (t->sni != NULL && t->sni[0] != '\0')
		return t->sni;
	return t->host != NULL && !is_address(t->host) ? t->host : NULL;
}

bool probe_has_name(const struct probe_plan *p)
{
	return !p->is_sni_off && name_of(p) != NULL;
}

void probe_ask_finish(const struct probe_plan *p, struct plan_ask *a, bool is_short)
{
	struct pqm_tls_client_hello *h = &a->spec.hello;

	a->spec.over = p->over;
	if (is_short) {
		shorten_groups(p, a);
		shorten_schemes(p, a);
		shorten_suites(a);
	}
	if (a->spec.is_ssl2)
		return;
	set_alpn(p, a);
	if (!p->is_sni_off && h->legacy_version != PQM_SSL30)
		h->sni = name_of(p);
	h->is_dtls = p->over == PROBE_DTLS;
	if (p->over == PROBE_TCP && h->pad_to == 0 && h->legacy_version != PQM_SSL30)
		h->pad_to = PAD_TO;
	if (p->over == PROBE_QUIC)
		a->spec.quic_version = a->spec.quic_version == 0 ? 1 : a->spec.quic_version;
}
