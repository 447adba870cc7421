/* history_put.c — this run into the history: its numbers, its assets, and the lives of its findings. */
#include "base/limits.h"
#include "engine/history_int.h"

/* The targets by name, sorted: what makes two runs comparable. */
static int by_bytes(const void *a, const void *b)
{
	return pqm_cmp(*(const pqm_bytes *)a, *(const pqm_bytes *)b);
}

static pqm_bytes names_words(struct history *h, const pqm_bytes *names, size_t n)
{
	if (n < 2)
		return n == 1 ? names[0] : (pqm_bytes){ NULL, 0 };
	return pqm_arena_f(&h->scratch, "%.*s and %zu more", PQM_FMT(names[0]), n - 1);
}

static enum pqm_st find_series(struct history *h)
{
	const struct pqm_inventory *inv = h->run->inv;
	pqm_bytes *names = pqm_new(&h->scratch, pqm_bytes, inv->n_targets);
	uint8_t key[PQM_SHA256_BYTES];
	sqlite3_stmt *s;
	size_t n = 0;

	if (names == NULL)
		return pqm_history_fail(h, SQLITE_NOMEM);
	/* What was followed comes and goes with the objects that name it. */
	for (size_t i = 0; i < inv->n_targets; i++)
		if (inv->targets[i].from.object.n == 0)
			names[n++] = inv->targets[i].name;
	if (n > 1)
		qsort(names, n, sizeof(*names), by_bytes);
	pqm_sha256_parts(key, names, n);
	s = pqm_history_prepare(h, "SELECT id FROM series WHERE key=?1");
	pqm_history_blob(h, s, key, sizeof(key));
	h->series = pqm_history_row(h, s) ? h->sq.integer(s, 0) : 0;
	(void)h->sq.finalize(s);
	if (h->rc == SQLITE_OK && h->series == 0) {
		s = pqm_history_prepare(h,
			"INSERT INTO series(key, targets) SELECT ?1, ?2 WHERE (SELECT count(*) "
			"FROM "
			"series) < ?3");
		pqm_history_blob(h, s, key, sizeof(key));
		pqm_history_text(h, s, names_words(h, names, n));
		pqm_history_int(h, s, PQM_TREND_SERIES);
		pqm_history_done(h, s);
		s = pqm_history_prepare(h, "SELECT id FROM series WHERE key=?1");
		pqm_history_blob(h, s, key, sizeof(key));
		h->series = pqm_history_row(h, s) ? h->sq.integer(s, 0) : 0;
		(void)h->sq.finalize(s);
	}
	if (h->rc != SQLITE_OK)
		return pqm_history_fail(h, h->rc);
	if (h->series == 0)
		return pqm_fail(h->err, PQM_EUSAGE,
			"--trend %s: holds %d sets of targets, which is the limit; give this one a "
			"file of its own",
			h->path, PQM_TREND_SERIES);
	return PQM_OK;
}

/* The run's row; one that is there is written over, as only settings can differ. */
static enum pqm_st put_run(struct history *h, bool *is_known)
{
	const struct pqm_trend_run *r = &h->run->run;
	sqlite3_stmt *s = pqm_history_prepare(
		h, "SELECT id FROM run WHERE series=?1 AND now=?2 AND digest=?3");

	pqm_history_int(h, s, h->series);
	pqm_history_int(h, s, r->now_days);
	pqm_history_blob(h, s, h->run->digest, PQM_SHA256_BYTES);
	*is_known = pqm_history_row(h, s);
	h->id = *is_known ? h->sq.integer(s, 0) : 0;
	(void)h->sq.finalize(s);
	s = pqm_history_prepare(h,
		"INSERT INTO run(series,now,digest,tool,rules,curve,regimes,found,has_money,"
		"currency,expected,sunk,avoidable,quarter,seen,\"read\",failed,assets,act,tasks,"
		"effort_lo,effort_hi) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,"
		"?16,?17,?18,?19,?20,?21,?22) ON CONFLICT(series,now,digest) DO UPDATE SET "
		"tool=?4,rules=?5,curve=?6,regimes=?7,found=?8,has_money=?9,currency=?10,"
		"expected=?11,sunk=?12,avoidable=?13,quarter=?14,seen=?15,\"read\"=?16,failed=?17,"
		"assets=?18,act=?19,tasks=?20,effort_lo=?21,effort_hi=?22");
	pqm_history_int(h, s, h->series);
	pqm_history_int(h, s, r->now_days);
	pqm_history_blob(h, s, h->run->digest, PQM_SHA256_BYTES);
	pqm_history_text(h, s, r->tool);
	pqm_history_text(h, s, r->rules);
	pqm_history_text(h, s, r->curve);
	pqm_history_text(h, s, r->regimes);
	pqm_history_blob(h, s, r->found, sizeof(r->found));
	pqm_history_int(h, s, r->has_money);
	pqm_history_text(h, s, r->currency);
	pqm_history_real(h, s, r->total.expected);
	pqm_history_real(h, s, r->total.sunk);
	pqm_history_real(h, s, r->total.avoidable);
	pqm_history_real(h, s, r->total.quarter);
	pqm_history_int(h, s, (int64_t)r->seen);
	pqm_history_int(h, s, (int64_t)r->read);
	pqm_history_int(h, s, (int64_t)r->n_targets_failed);
	pqm_history_int(h, s, (int64_t)r->n_assets);
	pqm_history_int(h, s, (int64_t)r->n_act);
	pqm_history_int(h, s, (int64_t)r->n_tasks);
	pqm_history_real(h, s, r->effort_lo);
	pqm_history_real(h, s, r->effort_hi);
	pqm_history_done(h, s);
	if (!*is_known)
		h->id = h->sq.last_id(h->db);
	return h->rc == SQLITE_OK ? PQM_OK : pqm_history_fail(h, h->rc);
}

static enum pqm_st put_assets(struct history *h)
{
	const struct pqm_assessment *a = h->run->assessment;
	sqlite3_stmt *s = pqm_history_prepare(h, "DELETE FROM asset WHERE run=?1");

	pqm_history_int(h, s, h->id);
	pqm_history_done(h, s);
	s = pqm_history_prepare(h, "INSERT OR IGNORE INTO asset VALUES(?1,?2,?3,?4,?5,?6,?7,?8)");
	for (size_t i = 0; i < a->n_assets && h->rc == SQLITE_OK; i++) {
		const struct pqm_asset_score *x = &a->assets[i];

		pqm_history_int(h, s, h->id);
		pqm_history_text(h, s, x->asset->id);
		pqm_history_int(h, s, x->decision);
		pqm_history_real(h, s, x->p[PQM_CENTRAL]);
		pqm_history_real(h, s, x->sunk[PQM_CENTRAL]);
		pqm_history_real(h, s, x->cod[PQM_CENTRAL]);
		pqm_history_real(h, s, x->has_money ? x->money[PQM_CENTRAL].expected : 0);
		pqm_history_text(h, s,
			x->deciding < x->n_uses ? pqm_str(x->uses[x->deciding].vector)
						: (pqm_bytes){ NULL, 0 });
		pqm_history_again(h, s);
	}
	(void)h->sq.finalize(s);
	return h->rc == SQLITE_OK ? PQM_OK : pqm_history_fail(h, h->rc);
}

static pqm_bytes what_of(struct history *h, const struct pqm_finding *f)
{
	return f->parameter.n == 0
		? f->family
		: pqm_arena_f(&h->scratch, "%.*s %.*s", PQM_FMT(f->family), PQM_FMT(f->parameter));
}

/* What is there begins its life, goes on with it, or comes back to it. */
static enum pqm_st put_things(struct history *h)
{
	const struct pqm_inventory *inv = h->run->inv;
	sqlite3_stmt *s = pqm_history_prepare(h,
		"INSERT INTO thing VALUES(?1,?2,?3,?3,NULL,?4,NULL,?4,?5,?6,?7,?8,?9,?10) "
		"ON CONFLICT(series,id) DO UPDATE SET "
		"since=CASE WHEN gone IS NULL THEN since ELSE excluded.since END,"
		"began=CASE WHEN gone IS NULL THEN began ELSE excluded.began END,"
		"gone=NULL,ended=NULL,looked=excluded.looked,meaning=excluded.meaning,"
		"quantum=excluded.quantum,what=excluded.what,target=excluded.target,"
		"path=excluded.path,line=excluded.line");

	for (size_t i = 0; i < inv->n_findings && h->rc == SQLITE_OK; i++) {
		const struct pqm_finding *f = &inv->findings[i];
		const struct pqm_occurrence *o = f->n_occs > 0 ? &f->occs[0] : NULL;

		if (f->is_folded || o == NULL)
			continue;
		pqm_history_int(h, s, h->series);
		pqm_history_blob(h, s, f->id, PQM_ID_BYTES);
		pqm_history_int(h, s, h->run->run.now_days);
		pqm_history_int(h, s, h->id);
		pqm_history_int(h, s, f->meaning);
		pqm_history_int(h, s, f->quantum);
		pqm_history_text(h, s, what_of(h, f));
		pqm_history_text(h, s, inv->targets[o->target].name);
		pqm_history_text(h, s, o->path);
		pqm_history_int(h, s, o->line);
		pqm_history_again(h, s);
	}
	(void)h->sq.finalize(s);
	return h->rc == SQLITE_OK ? PQM_OK : pqm_history_fail(h, h->rc);
}

/* Notes by the path that they are about. */
static bool index_notes(struct history *h)
{
	const struct pqm_coverage *c = &h->run->inv->coverage;
	bool ok = true;

	for (size_t i = 0; i < c->n_notes && ok; i++) {
		/* What was read in full, though not proved to be what its name says. */
		if (pqm_eqs(c->notes[i].reason, "unverified"))
			continue;
		pqm_bytes key = pqm_arena_f(
			&h->scratch, "%u/%.*s", c->notes[i].target, PQM_FMT(c->notes[i].path));

		ok = key.p != NULL && pqm_map_put(&h->notes, key, &c->notes[i]);
	}
	return ok;
}

/* Whether this run could not look at a place of an earlier one; no room to tell is an error. */
static bool is_unread(struct history *h, struct pqm_arena *a, pqm_bytes target, pqm_bytes path)
{
	const struct pqm_inventory *inv = h->run->inv;
	size_t t = 0;
	pqm_bytes key;

	while (t < inv->n_targets && !pqm_eq(inv->targets[t].name, target))
		t++;
	if (t == inv->n_targets || inv->targets[t].failed)
		return true;
	key = pqm_arena_f(a, "%zu/%.*s", t, PQM_FMT(path));
	if (key.p == NULL) {
		h->rc = SQLITE_NOMEM;
		return true; /* what could not be looked up is not gone */
	}
	/* The path, and all that it is in: an archive's member, a folder, the target. */
	for (size_t n = key.n; n > 0; n--) {
		bool is_end = n == key.n || key.p[n] == '/' ||
			pqm_starts(pqm_sub(key, n, key.n), PQM_LIT(" \u203a "));

		if (is_end && pqm_map_get(&h->notes, pqm_sub(key, 0, n)) != NULL)
			return true;
		if (key.p[n - 1] == '/' && pqm_map_get(&h->notes, pqm_sub(key, 0, n)) != NULL)
			return true;
	}
	return false;
}

/* Those that were not found now are gone, if they were looked for. */
static enum pqm_st end_lives(struct history *h)
{
	sqlite3_stmt *s = pqm_history_prepare(h,
			     "SELECT id, target, path FROM thing WHERE series=?1 AND gone IS NULL "
			     "AND looked<>?2"),
		     *u;
	struct pqm_arena one;
	uint8_t(*ids)[PQM_ID_BYTES] = NULL;
	size_t n = 0, cap = 0;

	if (!index_notes(h))
		h->rc = SQLITE_NOMEM;
	pqm_arena_init(&one, PQM_ARENA_BYTES);
	pqm_history_int(h, s, h->series);
	pqm_history_int(h, s, h->id);
	while (pqm_history_row(h, s)) {
		pqm_bytes id = pqm_history_bytes(h, s, 0);

		pqm_arena_reset(&one);
		if (id.n != PQM_ID_BYTES ||
			is_unread(h, &one, pqm_history_bytes(h, s, 1), pqm_history_bytes(h, s, 2)))
			continue;
		ids = pqm_grow(&h->scratch, ids, n, &cap);
		if (ids == NULL) {
			h->rc = SQLITE_NOMEM;
			break;
		}
		memcpy(ids[n++], id.p, PQM_ID_BYTES);
	}
	(void)h->sq.finalize(s);
	pqm_arena_fini(&one);
	u = pqm_history_prepare(h, "UPDATE thing SET gone=?1, ended=?2 WHERE series=?3 AND id=?4");
	for (size_t i = 0; i < n && h->rc == SQLITE_OK; i++) {
		pqm_history_int(h, u, h->run->run.now_days);
		pqm_history_int(h, u, h->id);
		pqm_history_int(h, u, h->series);
		pqm_history_blob(h, u, ids[i], PQM_ID_BYTES);
		pqm_history_again(h, u);
	}
	(void)h->sq.finalize(u);
	return h->rc == SQLITE_OK ? PQM_OK : pqm_history_fail(h, h->rc);
}

/* Counts of the run from the lives; all of the first run is there since it. */
static void count_lives(struct history *h)
{
	sqlite3_stmt *s = pqm_history_prepare(h,
		"UPDATE run SET "
		"appeared=CASE WHEN id=(SELECT min(id) FROM run WHERE series=?1) THEN 0 ELSE"
		" (SELECT count(*) FROM thing WHERE series=?1 AND began=?2) END,"
		"fixed=(SELECT count(*) FROM thing WHERE series=?1 AND ended=?2),"
		"unread=(SELECT count(*) FROM thing WHERE series=?1 AND gone IS NULL AND "
		"looked<>?2) "
		"WHERE id=?2");

	pqm_history_int(h, s, h->series);
	pqm_history_int(h, s, h->id);
	pqm_history_done(h, s);
}

/* The oldest runs go, and with them what they alone remember. */
static void forget(struct history *h)
{
	static const char *const steps[] = {
		"DELETE FROM run WHERE series=?1 AND id NOT IN (SELECT id FROM run WHERE series=?1 "
		"ORDER BY now DESC, id DESC LIMIT ?2)",
		"DELETE FROM thing WHERE series=?1 AND ended IS NOT NULL AND ?2>0 AND "
		"ended<(SELECT "
		"min(id) FROM run WHERE series=?1)",
		"DELETE FROM asset WHERE run NOT IN (SELECT id FROM run) AND ?1>0 AND ?2>0",
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		sqlite3_stmt *s = pqm_history_prepare(h, steps[i]);

		pqm_history_int(h, s, h->series);
		pqm_history_int(h, s, PQM_TREND_RUNS);
		pqm_history_done(h, s);
	}
}

enum pqm_st pqm_history_put(struct history *h)
{
	bool is_known = false;
	enum pqm_st st = find_series(h);
	sqlite3_stmt *s;

	if (st == PQM_OK)
		st = put_run(h, &is_known);
	if (st == PQM_OK)
		st = put_assets(h);
	if (st != PQM_OK)
		return st;
	s = pqm_history_prepare(h, "SELECT count(*) FROM run WHERE series=?1 AND now>?2");
	pqm_history_int(h, s, h->series);
	pqm_history_int(h, s, h->run->run.now_days);
	h->is_of_the_past = pqm_history_row(h, s) && h->sq.integer(s, 0) > 0;
	(void)h->sq.finalize(s);
	if (!is_known && !h->is_of_the_past) {
		st = put_things(h);
		if (st == PQM_OK)
			st = end_lives(h);
		if (st == PQM_OK)
			count_lives(h);
	}
	if (st == PQM_OK)
		forget(h);
	return st == PQM_OK && h->rc != SQLITE_OK ? pqm_history_fail(h, h->rc) : st;
}
