#include "net_options.h"

#include <signal.h>

#include "base/num.h"

#define CONCURRENT_MAX 50000
/* A list of every suite, group and scheme takes more connections than the rate lets through at once. */
#define FULL_DEADLINE_MS 30000

/* Written by the handler; a run reads it between events. */
static volatile int stop_signal;

static void on_signal(int sig)
{
	stop_signal = sig;
}

const volatile int *pqm_net_stop_on_signals(void)
{
	static const int sigs[] = { SIGINT, SIGTERM };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND }, old;

	(void)sigemptyset(&sa.sa_mask);
	/* One that came in ignored (nohup, a background job) stays ignored. */
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		if (sigaction(sigs[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(sigs[i], &sa, NULL);
	return &stop_signal;
}

int pqm_net_signal(void)
{
	return stop_signal;
}

static enum pqm_st number(double *out, const struct pqm_args *a, const char *name, double min,
	double max, struct pqm_err *err)
{
	const char *s = pqm_arg(a, name);
	double v = 0;

	if (s == NULL)
		return PQM_OK;
	if (!pqm_f64_parse(pqm_str(s), &v) || v < min || v > max)
		return pqm_fail(
			err, PQM_EUSAGE, "--%s %s: give a number from %g to %g", name, s, min, max);
	*out = v;
	return PQM_OK;
}

static enum pqm_st profile(
	struct pqm_probe_config *c, const struct pqm_args *a, struct pqm_err *err)
{
	const char *s = pqm_arg(a, "profile");

	c->profile = PQM_PROFILE_HNDL;
	if (s == NULL || strcmp(s, "hndl") == 0)
		return PQM_OK;
	if (strcmp(s, "quick") == 0)
		c->profile = PQM_PROFILE_QUICK;
	else if (strcmp(s, "full") == 0)
		c->profile = PQM_PROFILE_FULL;
	else
		return pqm_fail(err, PQM_EUSAGE, "--profile %s: give quick, hndl or full", s);
	return PQM_OK;
}

static enum pqm_st numbers(
	struct pqm_probe_config *c, const struct pqm_args *a, struct pqm_err *err)
{
	double deadline =
		(c->profile == PQM_PROFILE_FULL ? FULL_DEADLINE_MS : c->deadline_ms) / 1e3;
	double budget = 0, concurrent = c->concurrent;
	enum pqm_st st = number(&deadline, a, "timeout", 0.1, 3600, err);

	if (st == PQM_OK)
		st = number(&budget, a, "time-budget", 0.1, 1e6, err);
	if (st == PQM_OK)
		st = number(&concurrent, a, "concurrent", 1, CONCURRENT_MAX, err);
	if (st == PQM_OK)
		st = number(&c->rate, a, "rate", 0, 1e6, err);
	c->deadline_ms = (uint32_t)(deadline * 1e3);
	c->time_budget_ms = (uint64_t)(budget * 1e3);
	c->concurrent = (uint32_t)concurrent;
	return st;
}

/* All --deny together, ended by NULL. */
static enum pqm_st deny(struct pqm_probe_config *c, const struct pqm_args *a,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const char **list = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < a->n_given; i++) {
		pqm_bytes rest = pqm_str(a->given[i].value), one;

		if (strcmp(a->given[i].opt->name, "deny") != 0)
			continue;
		while (pqm_split(&rest, ',', &one)) {
			pqm_bytes copy = pqm_bytes_dup(arena, pqm_trim(one));
			const char **grown = pqm_grow(arena, list, n, &cap);

			if (copy.p == NULL || grown == NULL)
				return pqm_fail(err, PQM_ENOMEM, "out of memory for --deny");
			list = grown;
			if (copy.n > 0)
				list[n++] = (const char *)copy.p;
		}
	}
	if (list != NULL) {
		list = pqm_grow(arena, list, n, &cap);
		if (list == NULL)
			return pqm_fail(err, PQM_ENOMEM, "out of memory for --deny");
		list[n] = NULL;
	}
	c->deny = list;
	return PQM_OK;
}

enum pqm_st pqm_net_options(struct pqm_endpoint_options *o, const struct pqm_args *a,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_probe_config *c = &o->probe;
	enum pqm_st st;

	*o = (struct pqm_endpoint_options){ .sni = pqm_arg(a, "sni") };
	pqm_probe_config_init(c);
	st = profile(c, a, err);
	if (st == PQM_OK)
		st = numbers(c, a, err);
	if (st == PQM_OK)
		st = deny(c, a, arena, err);
	if (st != PQM_OK)
		return st;
	if (pqm_arg_has(a, "ipv4") && pqm_arg_has(a, "ipv6"))
		return pqm_fail(err, PQM_EUSAGE, "-4 and -6 leave no address; give one of them");
	c->family = pqm_arg_has(a, "ipv4") ? 4 : pqm_arg_has(a, "ipv6") ? 6 : 0;
	c->all_addresses = pqm_arg_has(a, "all-addresses");
	c->proxy = pqm_arg(a, "proxy");
	/* The URL may hold a password: it is never repeated. */
	if (c->proxy != NULL && strncmp(c->proxy, "http://", 7) != 0 &&
		strncmp(c->proxy, "socks5://", 9) != 0)
		return pqm_fail(
			err, PQM_EUSAGE, "--proxy: give http://HOST:PORT or socks5://HOST:PORT");
	if (o->sni != NULL && *o->sni == '\0')
		return pqm_fail(err, PQM_EUSAGE, "--sni: the name is empty");
	return PQM_OK;
}
