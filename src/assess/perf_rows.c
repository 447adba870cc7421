/* perf_rows.c — filling the model from bench rows and rules/perf. */
#include <math.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/num.h"
#include "parse/json.h"
#include "perf.h"

#define SCHEMA_VERSION 1U
#define BENCH_ARENA_BYTES ((size_t)16 << 20)
#define ROWS_MAX 4096 /* a full run has a few hundred */
#define ROW_ID_BYTES 120
#define NUM_BYTES 352  /* text of any double and a unit */
#define ROW_US_MAX 1e9 /* a quarter of an hour */

void pqm_bench_init(struct pqm_bench *b)
{
	*b = (struct pqm_bench){ 0 };
	pqm_arena_init(&b->arena, BENCH_ARENA_BYTES);
}

void pqm_bench_fini(struct pqm_bench *b)
{
	pqm_arena_fini(&b->arena);
	*b = (struct pqm_bench){ 0 };
}

static int by_id(const void *x, const void *y)
{
	return pqm_cmp(
		((const struct pqm_bench_row *)x)->id, ((const struct pqm_bench_row *)y)->id);
}

const struct pqm_bench_row *pqm_bench_get(const struct pqm_bench *b, pqm_bytes id)
{
	const struct pqm_bench_row key = { .id = id };

	if (b->n_rows == 0)
		return NULL;
	return bsearch(&key, b->row, b->n_rows, sizeof(*b->row), by_id);
}

static bool is_id(pqm_bytes id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!(id.p[i] >= 'a' && id.p[i] <= 'z') && !(id.p[i] >= '0' && id.p[i] <= '9') &&
			id.p[i] != '-' && id.p[i] != '.' && id.p[i] != '+')
			return false;
	return id.n > 0 && id.n <= ROW_ID_BYTES;
}

/* ---- a run's JSON ---- */

struct loader {
	struct pqm_bench *b;
	const char *name;
	pqm_bytes impl;
	struct pqm_err *err;
	bool is_impl_there;
};

static bool is_of_impl(const struct loader *l, pqm_bytes impl)
{
	return l->impl.n > 0 && impl.n >= l->impl.n &&
		pqm_ieq(pqm_sub(impl, 0, l->impl.n), l->impl);
}

/* The row that is there already under this id, while rows are still in the file's order. */
static struct pqm_bench_row *earlier(struct pqm_bench *b, pqm_bytes id)
{
	for (size_t i = 0; i < b->n_rows; i++)
		if (pqm_eq(b->row[i].id, id))
			return &b->row[i];
	return NULL;
}

static enum pqm_st load_row(struct loader *l, const struct pqm_json *v, size_t i)
{
	struct pqm_bench *b = l->b;
	struct pqm_bench_row row = { .id = pqm_json_str(v, "id"), .impl = pqm_json_str(v, "impl") };
	struct pqm_bench_row *old;
	double ns = 0;

	if (!is_id(row.id) || !pqm_json_get_f64(v, "p25_ns", &ns) || !(ns > 0) ||
		ns > ROW_US_MAX * 1000)
		return pqm_fail(l->err, PQM_EPARSE,
			"%s: rows[%zu]: needs an id and a p25_ns above 0", l->name, i);
	if (pqm_json_get_f64(v, "gb_s", &row.gb_s) && !(row.gb_s > 0))
		return pqm_fail(
			l->err, PQM_EPARSE, "%s: rows[%zu]: gb_s is not above 0", l->name, i);
	if (!pqm_json_true(v, "in_use") && !is_of_impl(l, row.impl))
		return PQM_OK;
	l->is_impl_there |= is_of_impl(l, row.impl);
	row.us = ns / 1000;
	row.id = pqm_bytes_dup(&b->arena, row.id);
	row.impl = pqm_printable(&b->arena, pqm_bytes_dup(&b->arena, row.impl));
	if (row.id.p == NULL)
		return pqm_fail(l->err, PQM_ENOMEM, "%s: out of memory", l->name);
	old = earlier(b, row.id);
	if (old == NULL)
		b->row[b->n_rows++] = row;
	else if (is_of_impl(l, row.impl) && !is_of_impl(l, old->impl))
		*old = row;
	return PQM_OK;
}

static enum pqm_st load_head(struct loader *l, const struct pqm_json *root)
{
	const struct pqm_json *host = pqm_json_get(root, "host");
	struct pqm_bench *b = l->b;
	uint64_t version = 0;
	int64_t days;

	if (!pqm_eqs(pqm_json_str(root, "schema"), "pqmap.bench"))
		return pqm_fail(l->err, PQM_EPARSE,
			"%s: not a bench file; make one: `pqmap bench -o json=bench.json`",
			l->name);
	if (!pqm_json_get_u64(root, "schema_version", &version) || version != SCHEMA_VERSION)
		return pqm_fail(l->err, PQM_EPARSE, "%s: bench schema version %u expected", l->name,
			SCHEMA_VERSION);
	b->date = pqm_json_str(root, "date");
	if (!pqm_date_parse(b->date, &days))
		return pqm_fail(l->err, PQM_EPARSE, "%s: date: not a date YYYY-MM-DD", l->name);
	if (pqm_json_str(host, "name").n == 0 || pqm_json_str(host, "cpu").n == 0)
		return pqm_fail(l->err, PQM_EPARSE,
			"%s: host: its name or cpu is missing: nobody could say where this was "
			"measured",
			l->name);
	b->date = pqm_bytes_dup(&b->arena, b->date);
	b->source = pqm_bytes_dup(&b->arena, pqm_str(l->name));
	b->host = pqm_printable(&b->arena,
		pqm_arena_f(&b->arena, "%.*s, %.*s", PQM_FMT(pqm_json_str(host, "name")),
			PQM_FMT(pqm_json_str(host, "cpu"))));
	return b->host.p == NULL || b->date.p == NULL
		? pqm_fail(l->err, PQM_ENOMEM, "%s: out of memory", l->name)
		: PQM_OK;
}

static enum pqm_st load_rows(struct loader *l, const struct pqm_json *rows)
{
	size_t n = pqm_json_size(rows), i = 0;
	enum pqm_st st = PQM_OK;

	if (!pqm_json_is_array(rows) || n == 0)
		return pqm_fail(l->err, PQM_EPARSE, "%s: has no rows", l->name);
	if (n > ROWS_MAX)
		return pqm_fail(l->err, PQM_ELIMIT, "%s: %zu rows, over the limit of %d", l->name,
			n, ROWS_MAX);
	l->b->row = pqm_new(&l->b->arena, struct pqm_bench_row, n);
	if (l->b->row == NULL)
		return pqm_fail(l->err, PQM_ENOMEM, "%s: out of memory", l->name);
	for (const struct pqm_json *v = pqm_json_first(rows); v != NULL && st == PQM_OK;
		v = pqm_json_next(v))
		st = load_row(l, v, i++);
	qsort(l->b->row, l->b->n_rows, sizeof(*l->b->row), by_id);
	return st;
}

enum pqm_st pqm_bench_load(
	struct pqm_bench *b, pqm_bytes text, const char *name, pqm_bytes impl, struct pqm_err *err)
{
	struct loader l = { .b = b, .name = name, .impl = impl, .err = err };
	struct pqm_json *root = NULL;
	struct pqm_err inner = { 0 };
	enum pqm_st st = pqm_json_parse(&root, text, PQM_RULE_FILE_BYTES, &inner);

	if (st != PQM_OK)
		return pqm_fail(err, st, "%s: %s", name, inner.msg);
	st = load_head(&l, root);
	if (st == PQM_OK)
		st = load_rows(&l, pqm_json_get(root, "rows"));
	if (st == PQM_OK && impl.n > 0 && !l.is_impl_there)
		st = pqm_fail(err, PQM_EUSAGE,
			"%s: no row of an implementation whose name starts with %.*s", name,
			PQM_FMT(impl));
	pqm_json_free(root);
	return st;
}

/* ---- the reference profile ---- */

enum pqm_st pqm_bench_reference(struct pqm_bench *b, const struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_rule *rule = pqm_rules_get(r, PQM_LIT("perf.reference"));
	const struct pqm_yaml *rows = rule == NULL ? NULL : pqm_yaml_get(rule->node, "rows");

	if (rows == NULL || rows->type != PQM_YAML_MAP || rows->n == 0 || rows->n > ROWS_MAX)
		return pqm_fail(err, PQM_EUSAGE, "rules/perf: the reference profile is missing");
	b->is_reference = true;
	b->date = pqm_yaml_str(rule->node, "date");
	b->host = pqm_yaml_str(rule->node, "host");
	b->row = pqm_new(&b->arena, struct pqm_bench_row, rows->n);
	if (b->row == NULL)
		return pqm_fail(err, PQM_ENOMEM, "reference profile: out of memory");
	for (size_t i = 0; i < rows->n; i++) {
		struct pqm_bench_row *row = &b->row[b->n_rows++];
		pqm_bytes rest = pqm_yaml_text(rows->items[i]), us = { 0 }, gb = { 0 };

		row->id = pqm_yaml_text(rows->keys[i]);
		(void)pqm_split(&rest, ' ', &us);
		if (!is_id(row->id) || !pqm_f64_parse(us, &row->us) || !(row->us > 0))
			return pqm_rule_fail(
				rule, rows->keys[i], err, "a row is id: microseconds [GB/s]");
		if (pqm_split(&rest, ' ', &gb) &&
			(!pqm_f64_parse(gb, &row->gb_s) || row->gb_s <= 0))
			return pqm_rule_fail(rule, rows->keys[i], err, "GB/s is above 0");
	}
	qsort(b->row, b->n_rows, sizeof(*b->row), by_id);
	return PQM_OK;
}

pqm_bytes pqm_bench_words(const struct pqm_bench *b, struct pqm_arena *a)
{
	return pqm_arena_f(a,
		b->is_reference ? "reference profile of %.*s, %.*s" : "bench of %.*s on %.*s",
		PQM_FMT(b->date), PQM_FMT(b->host));
}

/* ---- rules ---- */

struct sum {
	const struct pqm_bench *b;
	struct pqm_perf_used *used;
	const char *what; /* for the words of a missing row */
	struct pqm_err *err;
	enum pqm_st st;
};

static const struct pqm_bench_row *take(struct sum *s, pqm_bytes id)
{
	const struct pqm_bench_row *row = pqm_bench_get(s->b, id);

	if (row == NULL) {
		if (s->st == PQM_OK)
			s->st = pqm_fail(s->err, PQM_EUSAGE,
				"no estimate for %.80s: the row %.*s is missing in %.*s; run "
				"`pqmap "
				"bench -o json=FILE` where it can be measured",
				s->what, PQM_FMT(id),
				PQM_FMT(s->b->is_reference ? PQM_LIT("the reference profile")
							   : s->b->source));
		return NULL;
	}
	for (size_t i = 0; i < s->used->n; i++)
		if (pqm_eq(s->used->row[i], id))
			return row;
	if (s->used->n < PQM_PERF_ROWS_MAX)
		s->used->row[s->used->n++] = row->id;
	return row;
}

/* Milliseconds of a list of rows, or of one; "2 x25519.derive" counts twice. */
static double one_ms(struct sum *s, pqm_bytes text)
{
	const struct pqm_bench_row *row;
	pqm_bytes rest = text, word;
	uint64_t times = 1;

	if (pqm_find_byte(text, 0, ' ') != SIZE_MAX && pqm_split(&rest, ' ', &word) &&
		pqm_u64_parse(word, 100, &times))
		text = rest;
	row = take(s, text);
	return row == NULL ? 0 : (double)times * row->us / 1000;
}

static double rows_ms(struct sum *s, const struct pqm_yaml *list)
{
	double ms = 0;

	if (list == NULL)
		return 0;
	if (list->type == PQM_YAML_SCALAR)
		return list->text.n > 0 ? one_ms(s, list->text) : 0;
	for (size_t i = 0; list->type == PQM_YAML_SEQ && i < list->n; i++)
		ms += one_ms(s, pqm_yaml_text(list->items[i]));
	return ms;
}

static double number(const struct pqm_rule *rule, const char *key, double otherwise)
{
	double v;

	return pqm_yaml_f64(rule->node, key, &v) ? v : otherwise;
}

static const struct pqm_rule *named(
	const struct pqm_rules *r, const char *file, const char *key, pqm_bytes name)
{
	const struct pqm_rule *rule;

	for (size_t i = 0; (rule = pqm_rules_next(r, file, &i)) != NULL;)
		if (pqm_ieq(pqm_yaml_str(rule->node, key), name))
			return rule;
	return NULL;
}

/* Chain and messages: bytes of a certificate beside key and signature, of hellos and frames. */
static void set_bytes(struct pqm_perf_handshake *h, const struct pqm_rule *tls,
	const struct pqm_rule *group, const struct pqm_rule *sig, unsigned n_certs)
{
	double cert =
		number(tls, "certificate", 400) + number(sig, "pk", 0) + number(sig, "sig", 0);

	h->client_hello = number(tls, "client_hello", 250) + number(group, "share_up", 0);
	h->server_first = number(tls, "server_hello", 155) + number(group, "share_down", 0) +
		(double)n_certs * cert;
	h->server_late = number(tls, "certificate_verify", 8) + number(sig, "sig", 0) +
		number(tls, "finished", 36);
	h->client_last = number(tls, "client_finished", 74);
}

enum pqm_st pqm_perf_suite(struct pqm_perf_suite *out, const struct pqm_rules *r,
	const struct pqm_bench *b, const struct pqm_perf_ask *ask, struct pqm_err *err)
{
	const struct pqm_rule *tls = pqm_rules_get(r, PQM_LIT("perf.tls"));
	const struct pqm_rule *g = named(r, "perf/groups.yaml", "group", ask->group);
	const struct pqm_rule *s = named(r, "perf/signatures.yaml", "signature", ask->signature);
	char what[120];
	struct sum sum = { b, &out->used, what, err, PQM_OK };
	double schedule, verify, fixed;

	*out = (struct pqm_perf_suite){ .ask = *ask };
	if (tls == NULL || g == NULL || s == NULL)
		return pqm_fail(err, PQM_EUSAGE,
			"%.*s: no such %s in rules/perf; `pqmap rules list perf` names them",
			PQM_FMT(g == NULL ? ask->group : ask->signature),
			g == NULL ? "group" : "signature");
	(void)snprintf(what, sizeof(what), "%.*s with %.*s", PQM_FMT(pqm_sub(ask->group, 0, 40)),
		PQM_FMT(pqm_sub(ask->signature, 0, 40)));
	set_bytes(&out->h, tls, g, s, ask->n_certs);
	schedule = one_ms(&sum, pqm_yaml_str(tls->node, "schedule"));
	/* what libssl and the kernel do besides, scaled by how fast this machine is */
	fixed = schedule * 1000 / number(tls, "schedule_us", 1);
	verify = rows_ms(&sum, pqm_yaml_get(s->node, "verify"));
	out->h.client_fixed = fixed * number(tls, "client_us", 0) / 1000;
	out->h.server_fixed = fixed * number(tls, "server_us", 0) / 1000;
	out->h.client_start =
		rows_ms(&sum, pqm_yaml_get(g->node, "client_start")) + out->h.client_fixed;
	out->h.server_kex =
		rows_ms(&sum, pqm_yaml_get(g->node, "server")) + schedule + out->h.server_fixed;
	out->h.client_kex = rows_ms(&sum, pqm_yaml_get(g->node, "client")) + schedule;
	out->h.server_sign = rows_ms(&sum, pqm_yaml_get(s->node, "sign"));
	out->h.client_chain = (double)ask->n_certs * verify;
	out->h.client_late = verify;
	return sum.st;
}

enum pqm_st pqm_perf_transfer_rule(struct pqm_perf_cost *out, const struct pqm_rule *rule,
	const struct pqm_bench *b, double payload, const struct pqm_perf_link *l,
	struct pqm_err *err)
{
	pqm_bytes title = pqm_yaml_str(rule->node, "title");
	pqm_bytes seal = pqm_yaml_str(rule->node, "seal"),
		  now = pqm_yaml_str(rule->node, "seal_today");
	char what[120];
	struct pqm_perf_used used = { 0 };
	struct sum s = { b, &used, what, err, PQM_OK };
	const struct pqm_bench_row *row;
	struct pqm_perf_transfer t = { .payload = payload,
		.mbit = l->mbit,
		.rtt_ms = pqm_yaml_true(rule->node, "is_disk") ? 0 : l->rtt_ms,
		.is_one_end = pqm_yaml_true(rule->node, "is_disk") };

	(void)snprintf(what, sizeof(what), "%.*s", PQM_FMT(pqm_sub(title, 0, 100)));
	t.added_bytes = number(rule, "added_bytes", 0) +
		ceil(payload / (1 << 20)) * number(rule, "added_per_mib", 0);
	t.today_bytes = number(rule, "today_bytes", 0);
	t.cpu_ms = rows_ms(&s, pqm_yaml_get(rule->node, "rows"));
	t.today_cpu_ms = rows_ms(&s, pqm_yaml_get(rule->node, "rows_today"));
	row = seal.n > 0 ? take(&s, seal) : NULL;
	t.seal_gb_s = row == NULL ? 0 : row->gb_s;
	row = now.n > 0 ? take(&s, now) : NULL;
	t.today_gb_s = row == NULL ? 0 : row->gb_s;
	pqm_perf_transfer(out, &t);
	out->used = used;
	return s.st;
}

/* "0.09 ms", "85 us": three digits at most. */
static const char *time_words(char out[NUM_BYTES], double ms)
{
	double v = fabs(ms) < 1 ? fabs(ms) * 1000 : fabs(ms);

	(void)snprintf(out, NUM_BYTES, "%.*f %s", v < 10 ? 1 : 0, v, fabs(ms) < 1 ? "µs" : "ms");
	return out;
}

static void add_rows(struct pqm_buf *b, const struct pqm_perf_used *used)
{
	for (size_t i = 0; i < used->n; i++)
		(void)pqm_buf_f(b, "%s%.*s", i > 0 ? ", " : "", PQM_FMT(used->row[i]));
}

const struct pqm_rule *pqm_perf_signature(const struct pqm_rules *r, pqm_bytes name)
{
	return named(r, "perf/signatures.yaml", "signature", name);
}

static void say_rows(struct pqm_buf *b, const struct pqm_yaml *list, const char *sign)
{
	for (size_t i = 0; list != NULL && list->type == PQM_YAML_SEQ && i < list->n; i++)
		(void)pqm_buf_f(b, "%s%.*s", b->n > 0 || *sign == '-' ? sign : "",
			PQM_FMT(pqm_yaml_text(list->items[i])));
}

enum pqm_st pqm_perf_sum(double *us, pqm_bytes *words, const struct pqm_rule *rule,
	const struct pqm_bench *b, struct pqm_arena *a, struct pqm_err *err)
{
	const struct pqm_yaml *plus = pqm_yaml_get(rule->node, "plus");
	const struct pqm_yaml *minus = pqm_yaml_get(rule->node, "minus");
	pqm_bytes title = pqm_yaml_str(rule->node, "what");
	struct pqm_perf_used used = { 0 };
	char what[80];
	struct sum s = { b, &used, what, err, PQM_OK };
	struct pqm_buf buf;
	double ms;

	(void)snprintf(what, sizeof(what), "%.*s", PQM_FMT(pqm_sub(title, 0, 70)));
	ms = rows_ms(&s, plus) - rows_ms(&s, minus);
	if (s.st != PQM_OK)
		return s.st;
	pqm_buf_init(&buf, PQM_TEXT_BYTES);
	say_rows(&buf, plus, " + ");
	say_rows(&buf, minus, " - ");
	*us = ms * 1000;
	*words = pqm_bytes_dup(a, pqm_buf_bytes(&buf));
	pqm_buf_fini(&buf);
	return PQM_OK;
}

pqm_bytes pqm_perf_cost_text(
	const struct pqm_rules *r, const struct pqm_bench *b, pqm_bytes id, struct pqm_arena *a)
{
	const struct pqm_rule *rule = id.n > 0 ? pqm_rules_get(r, id) : NULL;
	struct pqm_perf_used used = { 0 };
	struct pqm_err why = { 0 };
	struct sum s = { b, &used, "this task", &why, PQM_OK };
	pqm_bytes words, head, out;
	struct pqm_buf buf;
	char text[NUM_BYTES];
	double ms;

	if (rule == NULL)
		return (pqm_bytes){ NULL, 0 };
	ms = rows_ms(&s, pqm_yaml_get(rule->node, "plus")) -
		rows_ms(&s, pqm_yaml_get(rule->node, "minus"));
	head = pqm_yaml_str(rule->node, "text");
	words = pqm_bench_words(b, a);
	pqm_buf_init(&buf, PQM_TEXT_BYTES);
	if (s.st != PQM_OK) {
		(void)pqm_buf_f(&buf, "CPU: %s", why.msg);
	} else {
		(void)pqm_buf_f(&buf, "%s%s %.*s (row%s ", ms < 0 ? "-" : "+", time_words(text, ms),
			PQM_FMT(head), used.n > 1 ? "s" : "");
		add_rows(&buf, &used);
		(void)pqm_buf_f(&buf, "; %.*s)", PQM_FMT(words));
	}
	out = pqm_bytes_dup(a, pqm_buf_bytes(&buf));
	pqm_buf_fini(&buf);
	return out;
}

/* ---- for the rule checker ---- */

static bool says(const struct pqm_yaml *v, pqm_bytes sample)
{
	static const char *const aside[] = { "hit", "miss", "why", "refs" };

	if (v->type == PQM_YAML_SCALAR)
		return pqm_eq(v->text, sample);
	for (size_t i = 0; i < v->n; i++) {
		bool skip = false;

		for (size_t k = 0; v->type == PQM_YAML_MAP && k < sizeof(aside) / sizeof(aside[0]);
			k++)
			skip = skip || pqm_eqs(v->keys[i]->text, aside[k]);
		if (skip)
			continue;
		if (v->type == PQM_YAML_MAP && pqm_eq(v->keys[i]->text, sample))
			return true;
		if (v->items[i]->type == PQM_YAML_SCALAR
				? pqm_eq(v->items[i]->text, sample)
				: v->items[i]->n > 0 && says(v->items[i], sample))
			return true;
	}
	return false;
}

bool pqm_perf_rule_takes(const struct pqm_rule *rule, pqm_bytes sample)
{
	return says(rule->node, sample);
}
