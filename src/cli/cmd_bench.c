/* bench: times the primitives here; --model turns a run into handshakes and transfers. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/num.h"
#include "bench/bench.h"
#include "cli/pipeline.h"

#define SUITES_MAX 32
#define PAYLOADS_MAX 16
#define CERTS_MAX 8
#define NUM_BYTES 352 /* text of any double and a unit */

struct model {
	struct pqm_app *app;
	const struct pqm_rules *rules;
	struct pqm_bench bench;
	struct pqm_perf_link link;
	unsigned n_certs;
	double payload[PAYLOADS_MAX];
	size_t n_payloads;
	const char *group, *signature; /* one suite instead of those of rules/perf; may be NULL */
	struct pqm_perf_suite suite[SUITES_MAX];
	char missing[SUITES_MAX][200]; /* why there is no estimate; empty: there is one */
	size_t n_suites;
};

/* ---- options ---- */

static enum pqm_st number(double *out, const struct pqm_args *a, const char *name, double lo,
	double hi, struct pqm_err *err)
{
	const char *v = pqm_arg(a, name);

	if (v != NULL && (!pqm_f64_parse(pqm_str(v), out) || !(*out >= lo) || *out > hi))
		return pqm_fail(
			err, PQM_EUSAGE, "--%s %s: give a number from %g to %g", name, v, lo, hi);
	return PQM_OK;
}

/* "100M", "64k", "1G", "5000": decimal units, as links are sold. */
static bool size_of(pqm_bytes text, double *out)
{
	double unit = 1;

	if (text.n > 0) {
		uint8_t last = text.p[text.n - 1];

		unit = last == 'k' ? 1e3 : last == 'M' ? 1e6 : last == 'G' ? 1e9 : 1;
		if (unit > 1)
			text.n--;
	}
	if (!pqm_f64_parse(text, out) || !(*out > 0) || *out * unit > 1e15)
		return false;
	*out *= unit;
	return true;
}

static enum pqm_st payloads(struct model *m, const struct pqm_args *a, struct pqm_err *err)
{
	const char *given = pqm_arg(a, "payload");
	pqm_bytes rest = pqm_str(given != NULL ? given : "10k,100k,1M,10M,100M,1G"), one;

	while (pqm_split(&rest, ',', &one)) {
		if (m->n_payloads == PAYLOADS_MAX ||
			!size_of(pqm_trim(one), &m->payload[m->n_payloads]))
			return pqm_fail(err, PQM_EUSAGE,
				"--payload %s: give at most %d sizes, as 64k,100M,1G", given,
				PAYLOADS_MAX);
		m->n_payloads++;
	}
	return PQM_OK;
}

static enum pqm_st link_options(struct model *m, const struct pqm_args *a, struct pqm_err *err)
{
	struct pqm_perf_link *l = &m->link;
	double loss = 0, certs = 2, clients = 1;
	enum pqm_st st = PQM_OK;

	*l = pqm_perf_link_default();
	st = number(&l->rtt_ms, a, "rtt", 0.001, 10000, err);
	if (st == PQM_OK)
		st = number(&l->mbit, a, "bandwidth", 0.001, 1e6, err);
	if (st == PQM_OK)
		st = number(&loss, a, "loss", 0, 100 * PQM_PERF_LOSS_MAX, err);
	if (st == PQM_OK)
		st = number(&l->mss, a, "mss", 200, 65495, err);
	if (st == PQM_OK)
		st = number(&l->initcwnd, a, "initcwnd", 1, 1000, err);
	if (st == PQM_OK)
		st = number(&certs, a, "chain", 1, CERTS_MAX, err);
	if (st == PQM_OK)
		st = number(&clients, a, "clients", 1, 100000, err);
	l->loss = loss / 100;
	l->n_clients = (unsigned)clients;
	m->n_certs = (unsigned)certs;
	m->group = pqm_arg(a, "group");
	m->signature = pqm_arg(a, "signature");
	if (st == PQM_OK && (m->group == NULL) != (m->signature == NULL))
		st = pqm_fail(err, PQM_EUSAGE,
			"--group and --signature go together: --group X25519MLKEM768 --signature "
			"ML-DSA-65");
	return st == PQM_OK ? payloads(m, a, err) : st;
}

/* ---- estimates ---- */

/* An estimate that has no row is told, not made; only a wrong rule or name is an error. */
static enum pqm_st add_suite(
	struct model *m, pqm_bytes group, pqm_bytes signature, struct pqm_err *err)
{
	const struct pqm_perf_ask ask = { group, signature, m->n_certs };
	struct pqm_err why = { 0 };
	struct pqm_perf_suite *s = &m->suite[m->n_suites];
	enum pqm_st st;

	if (m->n_suites == SUITES_MAX)
		return pqm_fail(err, PQM_EUSAGE, "rules/perf: more than %d suites", SUITES_MAX);
	st = pqm_perf_suite(s, m->rules, &m->bench, &ask, &why);
	if (st != PQM_OK && (s->used.n == 0 && m->group != NULL))
		return pqm_fail(err, st, "%s", why.msg);
	if (st != PQM_OK)
		(void)snprintf(m->missing[m->n_suites], sizeof(m->missing[0]), "%.199s", why.msg);
	m->n_suites++;
	return PQM_OK;
}

static enum pqm_st suites(struct model *m, struct pqm_err *err)
{
	const struct pqm_rule *rule;
	enum pqm_st st = PQM_OK;

	if (m->group != NULL)
		return add_suite(m, pqm_str(m->group), pqm_str(m->signature), err);
	for (size_t i = 0;
		st == PQM_OK && (rule = pqm_rules_next(m->rules, "perf/suites.yaml", &i)) != NULL;)
		if (pqm_starts(rule->id, PQM_LIT("perf.suite.")))
			st = add_suite(m, pqm_yaml_str(rule->node, "group"),
				pqm_yaml_str(rule->node, "signature"), err);
	return st;
}

static void rows_line(struct pqm_out *o, const struct pqm_perf_used *used)
{
	pqm_out_lit(o, "    rows ");
	for (size_t i = 0; i < used->n; i++)
		pqm_out_f(o, "%s%.*s", i > 0 ? ", " : "", PQM_FMT(used->row[i]));
	pqm_out_lit(o, "\n");
}

static const char *bytes_words(char out[32], double n)
{
	return pqm_human_count(out, (uint64_t)(n + 0.5));
}

/* Two digits that count, with a sign: "+60", "+0.0063". */
static const char *percent_words(char out[NUM_BYTES], double p)
{
	double a = fabs(p), shown = a * 10;
	int places = a >= 9.95 ? 0 : a >= 0.995 ? 1 : 2;

	while (a > 0 && shown < 0.995 && places < 9) {
		shown *= 10;
		places++;
	}
	(void)snprintf(out, NUM_BYTES, "%+.*f", places, p);
	return out;
}

/* Three digits that count, with a unit: "85.1 us", "8.06 s". */
static const char *time_words(char out[NUM_BYTES], double ms)
{
	static const struct {
		double ms;
		const char *name;
	} unit[] = { { 3600e3, "h" }, { 60e3, "min" }, { 1e3, "s" }, { 1, "ms" } };

	double v = ms * 1e3;
	const char *name = "us";

	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++)
		if (ms >= unit[i].ms * (i < 2 ? 10 : 1)) {
			v = ms / unit[i].ms;
			name = unit[i].name;
			break;
		}
	(void)snprintf(out, NUM_BYTES, "%.*f %s", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, name);
	return out;
}

static void print_suites(struct model *m, struct pqm_out *o)
{
	const struct pqm_perf_link *l = &m->link;
	char up[32], down[32], per_s[32];

	pqm_out_f(o,
		"HANDSHAKES  TLS 1.3 over TCP, RTT %g ms, %g Mbit/s, loss %g %%, MSS %g, first "
		"window %g "
		"segments, %u certificate%s in the chain",
		l->rtt_ms, l->mbit, l->loss * 100, l->mss, l->initcwnd, m->n_certs,
		m->n_certs == 1 ? "" : "s");
	if (l->n_clients > 1)
		pqm_out_f(o, ", %u clients at once", l->n_clients);
	pqm_out_f(o, "\n%-38s %9s %9s %7s %12s %11s %11s %12s\n", "suite", "up", "down", "flights",
		"first byte", "client CPU", "server CPU", "per core, s");
	for (size_t i = 0; i < m->n_suites; i++) {
		const struct pqm_perf_suite *s = &m->suite[i];
		struct pqm_perf_result r;
		char name[80];

		if (m->missing[i][0] != '\0') {
			pqm_out_f(o, "%s\n", m->missing[i]);
			continue;
		}
		(void)snprintf(name, sizeof(name), "%.*s + %.*s",
			PQM_FMT(pqm_sub(s->ask.group, 0, 30)),
			PQM_FMT(pqm_sub(s->ask.signature, 0, 30)));
		pqm_perf_handshake(&r, &s->h, l);
		pqm_out_f(o, "%-38s %7s B %7s B %5g/%g %9.1f ms %8.3f ms %8.3f ms %12s\n", name,
			bytes_words(up, r.bytes_up), bytes_words(down, r.bytes_down), r.rounds_up,
			r.rounds_down, r.first_byte_ms, r.client_cpu_ms, r.server_cpu_ms,
			bytes_words(per_s, r.per_core_s));
		rows_line(o, &s->used);
	}
}

static void print_transfer(struct model *m, struct pqm_out *o, const struct pqm_rule *rule)
{
	struct pqm_err why = { 0 };
	struct pqm_perf_cost c = { 0 };
	char size[32], bytes[NUM_BYTES], share[NUM_BYTES], added[NUM_BYTES], today[NUM_BYTES],
		hybrid[NUM_BYTES];
	double more;

	pqm_out_f(o, "%.*s; the article says %.*s\n", PQM_FMT(pqm_yaml_str(rule->node, "title")),
		PQM_FMT(pqm_yaml_str(rule->node, "article")));
	for (size_t i = 0; i < m->n_payloads; i++) {
		if (pqm_perf_transfer_rule(&c, rule, &m->bench, m->payload[i], &m->link, &why) !=
			PQM_OK) {
			pqm_out_f(o, "    %s\n", why.msg);
			return;
		}
		more = c.hybrid_ms - c.today_ms;
		pqm_out_f(o,
			"    %14s B   bytes %8s %%   time %8s %% or %7s %s   %s today, %s "
			"hybrid\n",
			bytes_words(size, m->payload[i]), percent_words(bytes, c.bytes_percent),
			percent_words(share, c.time_percent), time_words(added, fabs(more)),
			more < 0 ? "less" : "more", time_words(today, c.today_ms),
			time_words(hybrid, c.hybrid_ms));
	}
	rows_line(o, &c.used);
	pqm_out_f(o, "    %.*s\n", PQM_FMT(pqm_yaml_str(rule->node, "differs")));
}

static void print_article(struct model *m, struct pqm_out *o)
{
	const struct pqm_rule *rule;
	char us[NUM_BYTES];

	pqm_out_lit(o, "\nTHE ARTICLE'S NAMES, SIZES AND HALVES, AND WHAT HOLDS\n");
	for (size_t i = 0; (rule = pqm_rules_next(m->rules, "perf/article.yaml", &i)) != NULL;) {
		const struct pqm_bench_row *row =
			pqm_bench_get(&m->bench, pqm_yaml_str(rule->node, "row"));

		pqm_out_f(o, "%.*s: %.*s\n    %.*s", PQM_FMT(pqm_yaml_str(rule->node, "article")),
			PQM_FMT(pqm_yaml_str(rule->node, "says")),
			PQM_FMT(pqm_yaml_str(rule->node, "ours")));
		if (row != NULL)
			pqm_out_f(o, ": %s (row %.*s)", time_words(us, row->us / 1000),
				PQM_FMT(row->id));
		pqm_out_f(o, ". %.*s\n", PQM_FMT(pqm_yaml_str(rule->node, "differs")));
	}
}

static void print_model(struct model *m)
{
	struct pqm_out *o = m->app->out;
	const struct pqm_rule *rule;

	print_suites(m, o);
	pqm_out_f(o,
		"\nTRANSFERS  over %g Mbit/s, RTT %g ms; a disk of the same rate for checkpoints\n"
		"\"The article\" is the one that started pqmap; its figures name no payload.\n",
		m->link.mbit, m->link.rtt_ms);
	for (size_t i = 0; (rule = pqm_rules_next(m->rules, "perf/transfers.yaml", &i)) != NULL;)
		print_transfer(m, o, rule);
	print_article(m, o);
	pqm_out_f(o, "\nall from the %.*s\n", PQM_FMT(pqm_bench_words(&m->bench, &m->bench.arena)));
}

/* ---- JSON of the model ---- */

static void js_rows(struct pqm_out *o, const struct pqm_perf_used *used)
{
	pqm_js_open(o, "rows", '[');
	for (size_t i = 0; i < used->n; i++)
		pqm_js_str(o, NULL, used->row[i]);
	pqm_js_close(o, ']');
}

static void js_suite(struct model *m, struct pqm_out *o, size_t i)
{
	const struct pqm_perf_suite *s = &m->suite[i];
	struct pqm_perf_result r;

	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "group", s->ask.group);
	pqm_js_str(o, "signature", s->ask.signature);
	if (m->missing[i][0] != '\0') {
		pqm_js_cstr(o, "missing", m->missing[i]);
	} else {
		pqm_perf_handshake(&r, &s->h, &m->link);
		pqm_js_num(o, "handshake_ms", r.handshake_ms, 3);
		pqm_js_num(o, "first_byte_ms", r.first_byte_ms, 3);
		pqm_js_num(o, "queue_ms", r.queue_ms, 3);
		pqm_js_num(o, "bytes_up", r.bytes_up, 0);
		pqm_js_num(o, "bytes_down", r.bytes_down, 0);
		pqm_js_num(o, "rounds_up", r.rounds_up, 0);
		pqm_js_num(o, "rounds_down", r.rounds_down, 0);
		pqm_js_num(o, "client_cpu_ms", r.client_cpu_ms, 4);
		pqm_js_num(o, "server_cpu_ms", r.server_cpu_ms, 4);
		pqm_js_num(o, "client_fixed_ms", s->h.client_fixed, 4);
		pqm_js_num(o, "server_fixed_ms", s->h.server_fixed, 4);
		pqm_js_num(o, "per_core_s", r.per_core_s, 1);
		js_rows(o, &s->used);
	}
	pqm_js_close(o, '}');
}

static void js_transfer(
	struct model *m, struct pqm_out *o, const struct pqm_rule *rule, double payload)
{
	struct pqm_err why = { 0 };
	struct pqm_perf_cost c = { 0 };

	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "id", rule->id);
	pqm_js_num(o, "payload", payload, 0);
	pqm_js_str(o, "article", pqm_yaml_str(rule->node, "article"));
	if (pqm_perf_transfer_rule(&c, rule, &m->bench, payload, &m->link, &why) != PQM_OK) {
		pqm_js_cstr(o, "missing", why.msg);
	} else {
		pqm_js_num(o, "bytes_percent", c.bytes_percent, 6);
		pqm_js_num(o, "time_percent", c.time_percent, 6);
		pqm_js_num(o, "today_ms", c.today_ms, 4);
		pqm_js_num(o, "hybrid_ms", c.hybrid_ms, 4);
		js_rows(o, &c.used);
	}
	pqm_js_close(o, '}');
}

static void js_model(struct model *m, struct pqm_out *o)
{
	const struct pqm_rule *rule;

	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "schema", "pqmap.estimates");
	pqm_js_u64(o, "schema_version", 1);
	pqm_js_str(o, "bench", pqm_bench_words(&m->bench, &m->bench.arena));
	pqm_js_bool(o, "is_reference", m->bench.is_reference);
	pqm_js_open(o, "link", '{');
	pqm_js_num(o, "rtt_ms", m->link.rtt_ms, 3);
	pqm_js_num(o, "mbit", m->link.mbit, 3);
	pqm_js_num(o, "loss", m->link.loss, 4);
	pqm_js_num(o, "mss", m->link.mss, 0);
	pqm_js_num(o, "initcwnd", m->link.initcwnd, 0);
	pqm_js_u64(o, "clients", m->link.n_clients);
	pqm_js_close(o, '}');
	pqm_js_u64(o, "chain", m->n_certs);
	pqm_js_open(o, "handshakes", '[');
	for (size_t i = 0; i < m->n_suites; i++)
		js_suite(m, o, i);
	pqm_js_close(o, ']');
	pqm_js_open(o, "transfers", '[');
	for (size_t i = 0; (rule = pqm_rules_next(m->rules, "perf/transfers.yaml", &i)) != NULL;)
		for (size_t k = 0; k < m->n_payloads; k++)
			js_transfer(m, o, rule, m->payload[k]);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}

/* Where -o json goes: NULL for standard output. */
static enum pqm_st json_target(
	const struct pqm_args *a, bool *wanted, const char **file, struct pqm_err *err)
{
	const char *spec = pqm_arg(a, "output");

	*wanted = spec != NULL;
	*file = NULL;
	if (spec == NULL || strcmp(spec, "json") == 0 || strcmp(spec, "json=-") == 0)
		return PQM_OK;
	if (strncmp(spec, "json=", 5) != 0 || spec[5] == '\0')
		return pqm_fail(
			err, PQM_EUSAGE, "-o %s: `pqmap bench` writes json or json=FILE", spec);
	*file = spec + 5;
	return PQM_OK;
}

static enum pqm_st model(struct model *m, const struct pqm_args *a, struct pqm_err *err)
{
	bool wanted;
	const char *file;
	struct pqm_out o;
	enum pqm_st st = json_target(a, &wanted, &file, err);

	if (st == PQM_OK && a->n_positional > 1)
		st = pqm_fail(err, PQM_EUSAGE, "one bench file at a time");
	if (st == PQM_OK)
		st = pqm_bench_open(&m->bench, m->rules,
			a->n_positional == 1 ? a->positional[0] : NULL, pqm_arg(a, "impl"), err);
	if (st == PQM_OK)
		st = suites(m, err);
	if (st != PQM_OK)
		return st;
	if (!wanted) {
		print_model(m);
		return PQM_OK;
	}
	if (file == NULL) {
		js_model(m, m->app->out);
		return PQM_OK;
	}
	st = pqm_out_file(&o, file, err);
	if (st != PQM_OK)
		return st;
	js_model(m, &o);
	return pqm_out_close(&o, err);
}

/* ---- measuring ---- */

struct text {
	char *p;
	size_t n;
};

static bool render(struct text *t, const struct bench *b, const struct bench_host *h,
	const struct bench_handshake *hs, size_t n_hs, bool is_json)
{
	FILE *f = open_memstream(&t->p, &t->n);

	if (f == NULL)
		return false;
	if (is_json)
		bench_write_json(b, h, hs, n_hs, f);
	else
		bench_write_text(b, h, f);
	return fclose(f) == 0;
}

/* The model over the rows just measured: they go the same way as a saved file's. */
static enum pqm_st own_rows(
	struct model *m, const struct bench *b, const struct bench_host *h, struct pqm_err *err)
{
	struct text t = { 0 };
	enum pqm_st st = PQM_ENOMEM;

	if (render(&t, b, h, NULL, 0, true))
		st = pqm_bench_load(&m->bench, (pqm_bytes){ (const uint8_t *)t.p, t.n }, "this run",
			(pqm_bytes){ NULL, 0 }, err);
	else
		(void)pqm_fail(err, st, "out of memory");
	free(t.p);
	return st == PQM_OK ? suites(m, err) : st;
}

static void handshakes(struct model *m, struct bench_handshake *out, char name[][96])
{
	for (size_t i = 0; i < m->n_suites; i++) {
		const struct pqm_perf_suite *s = &m->suite[i];
		struct pqm_perf_result r;

		(void)snprintf(name[i], 96, "%.*s+%.*s", PQM_FMT(pqm_sub(s->ask.group, 0, 40)),
			PQM_FMT(pqm_sub(s->ask.signature, 0, 40)));
		out[i].suite = name[i];
		out[i].missing = m->missing[i][0] != '\0' ? m->missing[i] : NULL;
		if (out[i].missing != NULL)
			continue;
		pqm_perf_handshake(&r, &s->h, &m->link);
		out[i].client_us = r.client_cpu_ms * 1000;
		out[i].server_us = r.server_cpu_ms * 1000;
		out[i].client_bytes = (size_t)r.bytes_up;
		out[i].server_bytes = (size_t)r.bytes_down;
	}
}

static enum pqm_st put(
	struct pqm_app *app, const struct text *t, const char *file, struct pqm_err *err)
{
	const pqm_bytes b = { (const uint8_t *)t->p, t->n };
	struct pqm_out o;
	enum pqm_st st;

	if (file == NULL) {
		pqm_out_bytes(app->out, b);
		return PQM_OK;
	}
	st = pqm_out_file(&o, file, err);
	if (st != PQM_OK)
		return st;
	pqm_out_bytes(&o, b);
	return pqm_out_close(&o, err);
}

static enum pqm_st report(
	struct model *m, const struct bench *b, const struct pqm_args *a, struct pqm_err *err)
{
	struct bench_handshake hs[SUITES_MAX] = { 0 };
	char name[SUITES_MAX][96];
	struct bench_host h;
	struct text t = { 0 };
	bool wanted;
	const char *file;
	enum pqm_st st = json_target(a, &wanted, &file, err);

	bench_host_read(&h);
	if (st == PQM_OK)
		st = own_rows(m, b, &h, err);
	if (st != PQM_OK)
		return st;
	handshakes(m, hs, name);
	if (wanted && render(&t, b, &h, hs, m->n_suites, true))
		st = put(m->app, &t, file, err);
	free(t.p);
	t = (struct text){ 0 };
	if (st == PQM_OK && (!wanted || file != NULL) && !m->app->quiet) {
		if (render(&t, b, &h, NULL, 0, false))
			st = put(m->app, &t, NULL, err);
		pqm_out_lit(m->app->out, "\n");
		print_model(m);
		free(t.p);
	}
	return st;
}

/* A file that cannot be written is told before minutes of measuring, not after. */
static enum pqm_st try_output(const char *file, struct pqm_err *err)
{
	struct stat sb;
	struct pqm_out o;
	enum pqm_st st;

	if (file == NULL || (stat(file, &sb) == 0 && !S_ISREG(sb.st_mode) && !S_ISDIR(sb.st_mode)))
		return PQM_OK;
	st = pqm_out_file(&o, file, err);
	if (st == PQM_OK)
		pqm_out_abort(&o);
	return st;
}

static enum pqm_st measure(struct model *m, const struct pqm_args *a, struct pqm_err *err)
{
	char date[16];
	struct bench b = { .is_full = pqm_arg_has(a, "full"),
		.version = PQM_VERSION,
		.date = date,
		.against = pqm_arg(a, "against") };
	int64_t days;
	bool wanted;
	const char *file;
	enum pqm_st st = pqm_app_now(&days, a, err);

	if (st == PQM_OK && a->n_positional > 0)
		st = pqm_fail(
			err, PQM_EUSAGE, "%s: a bench file goes with --model", a->positional[0]);
	if (st == PQM_OK && b.is_full && pqm_arg_has(a, "quick"))
		st = pqm_fail(err, PQM_EUSAGE, "--quick and --full: choose one");
	if (st == PQM_OK)
		st = json_target(a, &wanted, &file, err);
	if (st == PQM_OK)
		st = try_output(file, err);
	if (st != PQM_OK)
		return st;
	pqm_date_format(date, days);
	if (!bench_init(&b))
		st = pqm_fail(err, PQM_ENOMEM, "bench: out of memory");
	else if (bench_refused(&b) != NULL)
		st = pqm_fail(err, PQM_EUSAGE, "--against: %s", bench_refused(&b));
	if (st == PQM_OK) {
		bench_all(&b);
		st = report(m, &b, a, err);
	}
	bench_fini(&b);
	return st;
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct model *m = pqm_calloc(1, sizeof(*m));
	struct pqm_rules r = { 0 };
	enum pqm_st st;

	if (m == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	app->started_ns = 0;
	st = pqm_app_rules(&r, a, err);
	m->app = app;
	m->rules = &r;
	pqm_bench_init(&m->bench);
	if (st == PQM_OK)
		st = link_options(m, a, err);
	if (st == PQM_OK)
		st = pqm_arg_has(a, "model") ? model(m, a, err) : measure(m, a, err);
	pqm_bench_fini(&m->bench);
	pqm_rules_fini(&r);
	pqm_free(m);
	return st;
}

const struct pqm_command pqm_cmd_bench = {
	.name = "bench",
	.args = "[BENCH.json]",
	.summary = "Time the primitives on this machine, or estimate handshakes and transfers",
	.help = "Without --model every primitive is timed here, alternately with its peers: lower "
		"quartiles and\nratios of one run count, absolute times move with the machine's "
		"load. "
		"The JSON feeds\n`pqmap report --bench` and `pqmap plan --bench`.\n\n"
		"With --model nothing is timed: estimates come from BENCH.json, or from the "
		"reference "
		"profile.\nAn estimate whose row is missing is refused, and the row named.",
	.opts =
		(const struct pqm_opt[]){
			{ 0, "quick", NULL, "at most 10 seconds (default)" },
			{ 0, "full", NULL, "every parameter set at every level: minutes" },
			{ 'o', "output", "json[=FILE]", "machine-readable" },
			{ 0, "against", "LIB.so",
				"time this library as well, by path or by a name that the loader "
				"finds:\n                                liboqs, another "
				"libcrypto, "
				"libsodium" },
			{ 0, "now", "DATE",
				"date to write into the results (default: today, UTC)" },
			{ 0, "model", NULL, "estimate handshakes and transfers; time nothing" },
			{ 0, "impl", "NAME", "rows of this implementation first, as OpenSSL" },
			{ 0, "rtt", "MS", "round-trip time (default: 40)" },
			{ 0, "bandwidth", "MBIT", "of link and disk (default: 100)" },
			{ 0, "loss", "PERCENT", "packets lost, at most 10 (default: 0)" },
			{ 0, "mss", "BYTES", "TCP segment (default: 1448)" },
			{ 0, "initcwnd", "N", "segments of the first flight (default: 10)" },
			{ 0, "chain", "N", "certificates the server sends (default: 2)" },
			{ 0, "clients", "N", "at once, before one server process (default: 1)" },
			{ 0, "payload", "LIST",
				"sizes of transfers (default: 10k,100k,1M,10M,100M,1G)" },
			{ 0, "group", "NAME", "one suite: this group, and --signature" },
			{ 0, "signature", "NAME", "one suite: this signature, and --group" },
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
