/* history_get.c — the trend from the history: the runs up to this one, and what came and went with it. */
#include "base/limits.h"
#include "engine/history_int.h"

static bool keep(struct history *h, sqlite3_stmt *s, int column, pqm_bytes *out)
{
	pqm_bytes b = pqm_history_bytes(h, s, column);

	*out = b.n == 0 ? (pqm_bytes){ NULL, 0 } : pqm_bytes_dup(&h->out->arena, b);
	if (b.n > 0 && out->p == NULL)
		h->rc = SQLITE_NOMEM;
	return h->rc == SQLITE_OK;
}

/* A count; a file that says otherwise is damaged. */
static uint64_t count(struct history *h, sqlite3_stmt *s, int column)
{
	int64_t n = h->sq.integer(s, column);

	if (n < 0)
		h->rc = SQLITE_CORRUPT;
	return n < 0 ? 0 : (uint64_t)n;
}

static void take_run(struct history *h, sqlite3_stmt *s, struct pqm_trend_run *r)
{
	pqm_bytes found = pqm_history_bytes(h, s, 5);

	*r = (struct pqm_trend_run){ .now_days = h->sq.integer(s, 0) };
	if (found.n != sizeof(r->found) || r->now_days < -1000000 || r->now_days > 1000000) {
		h->rc = SQLITE_CORRUPT;
		return;
	}
	memcpy(r->found, found.p, sizeof(r->found));
	r->has_money = h->sq.integer(s, 6) != 0;
	r->total.expected = h->sq.real(s, 8);
	r->total.sunk = h->sq.real(s, 9);
	r->total.avoidable = h->sq.real(s, 10);
	r->total.quarter = h->sq.real(s, 11);
	r->seen = count(h, s, 12);
	r->read = count(h, s, 13);
	r->n_targets_failed = count(h, s, 14);
	r->n_assets = count(h, s, 15);
	r->n_act = count(h, s, 16);
	r->n_tasks = count(h, s, 17);
	r->effort_lo = h->sq.real(s, 18);
	r->effort_hi = h->sq.real(s, 19);
	r->n_appeared = count(h, s, 20);
	r->n_fixed = count(h, s, 21);
	r->n_unread = count(h, s, 22);
	(void)(keep(h, s, 1, &r->tool) && keep(h, s, 2, &r->rules) && keep(h, s, 3, &r->curve) &&
		keep(h, s, 4, &r->regimes) && keep(h, s, 7, &r->currency));
}

static void get_runs(struct history *h)
{
	struct pqm_trend *t = h->out;
	sqlite3_stmt *s = pqm_history_prepare(h,
		"SELECT now,tool,rules,curve,regimes,found,has_money,currency,expected,sunk,"
		"avoidable,quarter,seen,\"read\",failed,assets,act,tasks,effort_lo,effort_hi,"
		"appeared,fixed,unread FROM run WHERE series=?1 AND (now<?2 OR (now=?2 AND "
		"id<=?3)) "
		"ORDER BY now DESC, id DESC LIMIT ?4");

	t->runs = pqm_new(&t->arena, struct pqm_trend_run, PQM_TREND_SHOWN);
	if (t->runs == NULL)
		h->rc = SQLITE_NOMEM;
	pqm_history_int(h, s, h->series);
	pqm_history_int(h, s, h->run->run.now_days);
	pqm_history_int(h, s, h->id);
	pqm_history_int(h, s, PQM_TREND_SHOWN);
	while (t->n_runs < PQM_TREND_SHOWN && pqm_history_row(h, s))
		take_run(h, s, &t->runs[t->n_runs++]);
	(void)h->sq.finalize(s);
	for (size_t i = 0; i < t->n_runs / 2; i++) {
		struct pqm_trend_run swap = t->runs[i];

		t->runs[i] = t->runs[t->n_runs - 1 - i];
		t->runs[t->n_runs - 1 - i] = swap;
	}
	s = pqm_history_prepare(h, "SELECT count(*) FROM run WHERE series=?1");
	pqm_history_int(h, s, h->series);
	t->n_runs_all = pqm_history_row(h, s) ? count(h, s, 0) : 0;
	(void)h->sq.finalize(s);
}

static void take_thing(struct history *h, sqlite3_stmt *s, struct pqm_trend_thing *x)
{
	pqm_bytes id = pqm_history_bytes(h, s, 0), path = pqm_history_bytes(h, s, 6);
	int64_t line = h->sq.integer(s, 7), meaning = h->sq.integer(s, 4),
		quantum = h->sq.integer(s, 5), gone = h->sq.integer(s, 3);

	if (id.n != PQM_ID_BYTES || meaning < 0 || meaning >= PQM_TREND_MEANINGS || quantum < 0 ||
		quantum >= PQM_TREND_QUANTA || line < 0 || line > UINT32_MAX) {
		h->rc = SQLITE_CORRUPT;
		return;
	}
	*x = (struct pqm_trend_thing){ .meaning = (enum pqm_meaning)meaning,
		.quantum = (enum pqm_quantum)quantum,
		.first_days = h->sq.integer(s, 1),
		.since_days = h->sq.integer(s, 2),
		.gone_days = gone == 0 ? INT64_MIN : gone };
	memcpy(x->id, id.p, PQM_ID_BYTES);
	x->place = line > 0
		? pqm_arena_f(&h->out->arena, "%.*s:%lld", PQM_FMT(path), (long long)line)
		: pqm_bytes_dup(&h->out->arena, path);
	if (x->place.p == NULL && path.n > 0)
		h->rc = SQLITE_NOMEM;
	(void)keep(h, s, 8, &x->what);
}

/* Broken ones first, as everywhere; then by what it is, and the id. */
static size_t get_things(struct history *h, struct pqm_trend_thing **out, const char *sql)
{
	sqlite3_stmt *s = pqm_history_prepare(h, sql);
	size_t n = 0;

	*out = pqm_new(&h->out->arena, struct pqm_trend_thing, PQM_TREND_LISTED);
	if (*out == NULL)
		h->rc = SQLITE_NOMEM;
	pqm_history_int(h, s, h->series);
	pqm_history_int(h, s, h->id);
	pqm_history_int(h, s, PQM_TREND_LISTED);
	while (*out != NULL && n < PQM_TREND_LISTED && pqm_history_row(h, s))
		take_thing(h, s, &(*out)[n++]);
	(void)h->sq.finalize(s);
	return n;
}

#define THINGS                                                                                     \
	"SELECT id,\"first\",since,gone,meaning,quantum,path,line,what FROM thing WHERE "          \
	"series=?1 "
#define THINGS_ORDER                                                                               \
	" ORDER BY CASE quantum WHEN 0 THEN 0 WHEN 3 THEN 1 WHEN 1 THEN 2 ELSE 3 END,"             \
	"meaning,what,path,id LIMIT ?3"

/* The assets of the run before. */
static void get_assets(struct history *h)
{
	struct pqm_trend *t = h->out;
	sqlite3_stmt *s = pqm_history_prepare(h,
		"SELECT id,decision,p,sunk,cod,expected,vector FROM asset WHERE run=(SELECT id "
		"FROM run "
		"WHERE series=?1 AND (now<?2 OR (now=?2 AND id<?3)) ORDER BY now DESC, id DESC "
		"LIMIT 1) ORDER BY id");
	size_t cap = 0;

	pqm_history_int(h, s, h->series);
	pqm_history_int(h, s, h->run->run.now_days);
	pqm_history_int(h, s, h->id);
	while (pqm_history_row(h, s)) {
		int64_t decision = h->sq.integer(s, 1);

		t->assets = pqm_grow(&t->arena, t->assets, t->n_assets, &cap);
		if (t->assets == NULL || decision < PQM_TRACK || decision > PQM_ACT) {
			h->rc = t->assets == NULL ? SQLITE_NOMEM : SQLITE_CORRUPT;
			break;
		}
		struct pqm_trend_asset *a = &t->assets[t->n_assets++];

		*a = (struct pqm_trend_asset){ .decision = (enum pqm_decision)decision,
			.p = h->sq.real(s, 2),
			.sunk = h->sq.real(s, 3),
			.cod = h->sq.real(s, 4),
			.expected = h->sq.real(s, 5) };
		(void)(keep(h, s, 0, &a->id) && keep(h, s, 6, &a->vector));
	}
	(void)h->sq.finalize(s);
}

/* What else is in the file: whoever gives another folder than the last time wants to know. */
static void get_others(struct history *h)
{
	struct pqm_trend *t = h->out;
	sqlite3_stmt *s = pqm_history_prepare(
		h, "SELECT targets FROM series WHERE id<>?1 ORDER BY id DESC LIMIT ?2");

	t->others = pqm_new(&t->arena, pqm_bytes, PQM_TREND_OTHERS);
	if (t->others == NULL)
		h->rc = SQLITE_NOMEM;
	pqm_history_int(h, s, h->series);
	pqm_history_int(h, s, PQM_TREND_OTHERS);
	while (t->n_others < PQM_TREND_OTHERS && pqm_history_row(h, s))
		t->n_others += keep(h, s, 0, &t->others[t->n_others]);
	(void)h->sq.finalize(s);
	s = pqm_history_prepare(h, "SELECT count(*) FROM series WHERE id<>?1");
	pqm_history_int(h, s, h->series);
	t->n_others_all = pqm_history_row(h, s) ? count(h, s, 0) : 0;
	(void)h->sq.finalize(s);
}

enum pqm_st pqm_history_get(struct history *h)
{
	struct pqm_trend *t = h->out;

	get_runs(h);
	get_assets(h);
	get_others(h);
	if (t->n_runs > 1) {
		t->n_appeared = get_things(h, &t->appeared, THINGS "AND began=?2" THINGS_ORDER);
		t->n_fixed = get_things(h, &t->fixed, THINGS "AND ended=?2" THINGS_ORDER);
	}
	return h->rc == SQLITE_OK ? PQM_OK : pqm_history_fail(h, h->rc);
}
