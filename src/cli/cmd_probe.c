#include <errno.h>

#include "base/limits.h"
#include "cli/net_options.h"
#include "cli/probe_advice.h"
#include "cli/probe_page.h"
#include "cli/targets.h"
#include "detect/endpoint.h"
#include "report/jsonl.h"

enum format { TEXT, JSON, JSONL };

enum expect { NOTHING, HYBRID, ENFORCED, ONLY };

struct probe {
	struct pqm_endpoint_calls calls; /* first */
	struct pqm_app *app;
	const struct pqm_args *args;
	const struct pqm_rules *rules;
	struct pqm_targets targets; /* with the lists read */
	struct pqm_arena arena;
	struct pqm_endpoint *all;
	size_t n, cap;
	enum format format;
	enum expect expect;
	enum pqm_st st;
};

static enum pqm_st options(struct probe *p, struct pqm_err *err)
{
	const char *o = pqm_arg(p->args, "output"), *e = pqm_arg(p->args, "expect");

	if (o == NULL || strcmp(o, "text") == 0)
		p->format = TEXT;
	else if (strcmp(o, "json") == 0)
		p->format = JSON;
	else if (strcmp(o, "jsonl") == 0)
		p->format = JSONL;
	else
		return pqm_fail(err, PQM_EUSAGE,
			"-o %s: give text, json or jsonl; `pqmap scan` writes the other formats",
			o);
	if (e == NULL)
		return PQM_OK;
	if (strcmp(e, "hybrid") == 0 || strcmp(e, "offered") == 0)
		p->expect = HYBRID;
	else if (strcmp(e, "enforced") == 0)
		p->expect = ENFORCED;
	else if (strcmp(e, "only") == 0)
		p->expect = ONLY;
	else
		return pqm_fail(err, PQM_EUSAGE, "--expect %s: give hybrid, enforced or only", e);
	return PQM_OK;
}

/* A page needs the texts of certificates, which come with the findings; the findings do not. */
static enum pqm_st drop_found(struct pqm_emit *e, const struct pqm_found *f)
{
	(void)e;
	(void)f;
	return PQM_OK;
}

static enum pqm_st drop_object(struct pqm_emit *e, const struct pqm_object *o)
{
	(void)e;
	(void)o;
	return PQM_OK;
}

static enum pqm_st drop_child(struct pqm_emit *e, const struct pqm_child *c)
{
	(void)e;
	(void)c;
	return PQM_OK;
}

static void drop_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	(void)e;
	(void)off;
	(void)why;
	(void)words;
}

static void drop_claim(struct pqm_emit *e, uint64_t from, uint64_t to)
{
	(void)e;
	(void)from;
	(void)to;
}

static bool on_done(struct pqm_endpoint_calls *calls, const struct pqm_endpoint *given, bool known)
{
	struct probe *p = (struct probe *)calls;
	struct pqm_emit drop = { .found = drop_found,
		.object = drop_object,
		.child = drop_child,
		.note = drop_note,
		.claim = drop_claim };
	struct pqm_endpoint *all = pqm_grow(&p->arena, p->all, p->n, &p->cap);

	(void)known;
	if (all == NULL || !pqm_endpoint_copy(&all[p->n], given, &p->arena)) {
		p->st = pqm_fail(p->app->err, PQM_ENOMEM, "out of memory for the answers");
		return false;
	}
	p->all = all;
	p->st = pqm_endpoint_emit(p->rules, &all[p->n], &p->arena, &drop, p->app->err);
	if (p->st != PQM_OK)
		return false;
	if (p->format == JSONL) {
		pqm_jsonl_endpoint(
			p->app->out, p->rules, &all[p->n], PQM_ENDPOINT_DER | PQM_ENDPOINT_TIMING);
		pqm_out_flush(p->app->out);
	}
	p->n++;
	return true;
}

static void on_bad(struct pqm_endpoint_calls *calls, uint32_t target, const char *words)
{
	(void)calls;
	(void)target;
	pqm_log(PQM_ERROR, "probe", "%s", words);
}

static int by_target(const void *x, const void *y)
{
	const struct pqm_endpoint *a = x, *b = y;

	if (a->target != b->target)
		return a->target < b->target ? -1 : 1;
	return pqm_cmp(a->address, b->address);
}

static void write_json(struct probe *p)
{
	struct pqm_out *o = p->app->out;

	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "schema", "pqmap.probe");
	pqm_js_u64(o, "schema_version", 1);
	pqm_js_open(o, "tool", '{');
	pqm_js_cstr(o, "name", "pqmap");
	pqm_js_cstr(o, "version", PQM_VERSION);
	pqm_js_close(o, '}');
	pqm_js_open(o, "rules", '{');
	pqm_js_cstr(o, "version", p->rules->version);
	pqm_js_close(o, '}');
	pqm_js_open(o, "endpoints", '[');
	for (size_t i = 0; i < p->n; i++)
		pqm_endpoint_json(o, NULL, p->rules, &p->all[i], PQM_ENDPOINT_TIMING);
	pqm_js_close(o, ']');
	pqm_js_open(o, "advice", '[');
	for (size_t i = 0; i < p->n; i++)
		pqm_advice_json(o, p->rules, &p->all[i], pqm_arg(p->args, "software"));
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}

/* "12 endpoints: 7 hybrid offered, 4 no hybrid, 1 refused". */
static void write_sum(struct probe *p)
{
	static const char *const posture[] = { "unknown", "no hybrid", "hybrid offered",
		"hybrid enforced", "post-quantum only" };
	size_t by_posture[PQM_P_ONLY + 1] = { 0 }, by_reach[PQM_R_SKIPPED + 1] = { 0 };
	const char *comma = "";

	for (size_t i = 0; i < p->n; i++) {
		const struct pqm_endpoint *e = &p->all[i];

		if (e->reach == PQM_R_ANSWERED || e->posture != PQM_P_UNKNOWN)
			by_posture[e->posture]++;
		else
			by_reach[e->reach]++;
	}
	pqm_out_f(p->app->out, "\n%zu endpoints:", p->n);
	for (size_t i = PQM_P_ONLY + 1; i-- > 0;)
		if (by_posture[i] > 0) {
			pqm_out_f(p->app->out, "%s %zu %s", comma, by_posture[i], posture[i]);
			comma = ",";
		}
	for (size_t i = 0; i <= PQM_R_SKIPPED; i++)
		if (by_reach[i] > 0) {
			pqm_out_f(p->app->out, "%s %zu %s", comma, by_reach[i],
				i == PQM_R_OTHER ? "another protocol"
						 : pqm_reach_name((enum pqm_reach)i));
			comma = ",";
		}
	pqm_out_lit(p->app->out, "\n");
}

static void write_pages(struct probe *p)
{
	struct pqm_page page = { .rules = p->rules,
		.out = p->app->out,
		.color = p->app->color,
		.software = pqm_arg(p->args, "software") };

	pqm_arena_init(&page.arena, PQM_ARENA_BYTES);
	for (size_t i = 0; i < p->n; i++) {
		if (i > 0)
			pqm_out_lit(p->app->out, "\n");
		pqm_probe_page(&page, &p->all[i]);
	}
	if (p->n > 1)
		write_sum(p);
	pqm_arena_fini(&page.arena);
}

/* 1 when an answer is below what is expected, else 3 when something named could not be told. */
static int judge(const struct probe *p)
{
	static const enum pqm_posture least[] = { PQM_P_UNKNOWN, PQM_P_OFFERED, PQM_P_ENFORCED,
		PQM_P_ONLY };

	bool violated = false, untold = false;
	size_t n = 0;

	for (size_t t = 0; t < p->targets.n; t++) {
		struct pqm_reaches seen = { 0 };

		for (; n < p->n && p->all[n].target == t; n++) {
			const struct pqm_endpoint *e = &p->all[n];

			seen.n[e->reach]++;
			if (e->reach != PQM_R_ANSWERED)
				continue;
			untold = untold || e->posture == PQM_P_UNKNOWN;
			violated = violated ||
				(p->expect != NOTHING && e->posture != PQM_P_UNKNOWN &&
					e->posture < least[p->expect]);
		}
		untold = untold || pqm_reaches_failed(&seen) ||
			(p->expect != NOTHING && seen.n[PQM_R_ANSWERED] == 0);
	}
	return violated ? 1 : untold ? 3 : 0;
}

static enum pqm_st ask(struct probe *p, const struct pqm_endpoint_options *o, struct pqm_err *err)
{
	const char *const *name = p->targets.name;
	size_t n = p->targets.n;
	uint32_t *index = pqm_arena_array(&p->arena, n, sizeof(*index));
	enum pqm_st st = PQM_OK;

	if (index == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	for (size_t i = 0; i < n && st == PQM_OK; i++) {
		index[i] = (uint32_t)i;
		/* One wrong line of a list of thousands is told, and the others are asked. */
		if (!p->targets.is_listed[i])
			st = pqm_endpoint_check(name[i], true, err);
	}
	struct pqm_endpoint_names names = { name, index, n };

	if (st == PQM_OK)
		st = pqm_endpoint_ask(o, p->rules, &names, &p->calls, err);
	return p->st != PQM_OK ? p->st : st;
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct probe p = { .calls = { on_done, on_bad }, .app = app, .args = a };
	struct pqm_endpoint_options o;
	struct pqm_rules rules = { 0 };
	enum pqm_st st;

	pqm_arena_init(&p.arena, PQM_RUN_ARENA_BYTES);
	st = options(&p, err);
	if (st == PQM_OK && a->n_positional == 0)
		st = pqm_fail(err, PQM_EUSAGE,
			"name an endpoint: `pqmap probe www.example.org`; see `pqmap help probe`");
	if (st == PQM_OK)
		st = pqm_targets_expand(&p.targets, a->positional, a->n_positional, err);
	if (st == PQM_OK && p.targets.n == 0)
		st = pqm_fail(err, PQM_EUSAGE, "the list names no endpoint");
	if (st == PQM_OK)
		st = pqm_net_options(&o, a, &p.arena, err);
	if (st == PQM_OK)
		st = pqm_app_rules(&rules, a, err);
	if (st == PQM_OK)
		st = pqm_advice_check(&rules, pqm_arg(a, "software"), err);
	p.rules = &rules;
	if (st == PQM_OK) {
		o.bare = true;
		if (p.format == JSONL) {
			app->out->js_compact = true;
			pqm_jsonl_head(app->out, PQM_LIT(PQM_VERSION), pqm_str(rules.version));
		}
		o.probe.stop = pqm_net_stop_on_signals();
		st = ask(&p, &o, err);
	}
	if (st == PQM_OK) {
		if (p.n > 1)
			qsort(p.all, p.n, sizeof(*p.all), by_target);
		if (p.format == JSON)
			write_json(&p);
		else if (p.format == TEXT)
			write_pages(&p);
		app->exit_code = pqm_net_signal() != 0 ? 128 + pqm_net_signal() : judge(&p);
	}
	pqm_rules_fini(&rules);
	pqm_targets_fini(&p.targets);
	pqm_arena_fini(&p.arena);
	return st;
}

const struct pqm_command pqm_cmd_probe = {
	.name = "probe",
	.args = "ENDPOINT… | @FILE",
	.summary = "Ask endpoints what they negotiate, and what a recorded session costs",
	.help = "Endpoints\n"
		"  HOST                  TLS on 443\n"
		"  HOST:PORT             what the port is for (22 SSH, 25 SMTP, 5432 PostgreSQL, "
		"…);\n"
		"                        elsewhere TLS, and when another protocol answers, that "
		"one\n"
		"  SCHEME:HOST[:PORT]    tls, quic, dtls, ssh; STARTTLS: smtp, submission, lmtp, "
		"imap,\n"
		"                        pop3, ftp, ldap, nntp, sieve, xmpp, xmpp-server, "
		"postgres,\n"
		"                        mysql, rdp, irc, nats; VPN: ikev2, wireguard, openvpn\n"
		"  auto:HOST:PORT        waits for a greeting before it sends anything\n"
		"  https://HOST/…        as tls:HOST; IPv6 addresses in brackets: "
		"[2001:db8::1]:443\n"
		"  @FILE                 a list of them, one a line, # for comments; @- reads "
		"stdin\n\n"
		"Only these hosts are contacted, gently: at most 2 connections at once and\n"
		"20 a second to one address. Nothing is sent after the handshake.\n\n"
		"Exit code: 0 all answered (and met --expect), 1 one is below --expect, 3 one\n"
		"could not be told: unreachable, refused, silent, limiting us, no TLS or SSH at\n"
		"all, or what it said leaves open whether a hybrid is there.",
	.opts =
		(const struct pqm_opt[]){
			{ 'o', "output", "FORMAT", "text (default), json, jsonl" },
			{ 0, "expect", "POSTURE",
				"hybrid (offered or better), enforced, only: exit 1 if not" },
			{ 0, "software", "NAME[/VERSION]",
				"what the servers run, for the lines to change: nginx, java, …" },
			PQM_NET_OPTS,
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
