#include <math.h>

#include "assess/risk.h"
#include "assess/sensitivity.h"
#include "base/num.h"
#include "base/limits.h"
#include "cli/curve_option.h"
#include "cli/risk_list.h"

/* Of the changes that would flip the decision, the nearest. */
#define FLIPS_SHOWN 5
/* Text of any double with a few decimals. */
#define NUM_BYTES 336

/* "0.583", "0.03": up to six decimals, at least three, so that a line can be recomputed by hand. */
static const char *f6(char out[NUM_BYTES], double v)
{
	int n = snprintf(out, NUM_BYTES, "%.6f", v);

	while (n > 0 && out[n - 1] == '0' && out[n - 4] != '.')
		out[--n] = '\0';
	return out;
}

/* Shortest form of up to four decimals, keeping one: years. */
static const char *y4(char out[NUM_BYTES], double v)
{
	int n = snprintf(out, NUM_BYTES, "%.4f", v);

	while (n > 0 && out[n - 1] == '0' && out[n - 2] != '.')
		out[--n] = '\0';
	return out;
}

static const char *use_words(char use)
{
	switch (use) {
	case 'K':
		return "ephemeral key exchange";
	case 'T':
		return "key transport";
	case 'W':
		return "wrapped data key";
	case 'S':
		return "live signature";
	default:
		return "long-lived trust";
	}
}

static void end_line(struct pqm_out *o, const struct pqm_use_score *u)
{
	const struct pqm_vector *v = &u->v;
	char a[NUM_BYTES], end[NUM_BYTES];

	pqm_out_f(o, "end    %-8s ", y4(end, u->end));
	(void)y4(a, v->assessed);
	if (!pqm_risk_is_carried(v))
		pqm_out_f(o,
			"%s = %s + Y %g until classical is no longer accepted; X does not count",
			end, a, v->protect_years);
	else if (v->data == 'F')
		pqm_out_f(o, "%s = %s + Y %g until it is fixed + X %g of %s", end, a,
			v->protect_years, v->life_years, v->use == 'L' ? "trust" : "secrecy");
	else
		pqm_out_f(o, "%s = %s + X %g of secrecy; the content is fixed, Y does not count",
			end, a, v->life_years);
	pqm_out_f(o, " (%s)\n", use_words(v->use));
}

/* The layer that decides tau: the last to fall. */
static const struct pqm_risk_class *last_to_fall(
	const struct pqm_risk_params *p, const struct pqm_vector *v, enum pqm_scenario s)
{
	const struct pqm_risk_class *best = NULL;

	for (size_t i = 0; i < v->n_layers; i++) {
		const struct pqm_risk_class *c = pqm_risk_class_find(p, pqm_str(v->layers[i]));

		if (c == NULL || c->fall == PQM_FALL_TODAY)
			continue;
		if (c->fall == PQM_FALL_NEVER)
			return c;
		if (best == NULL || c->shift[s] > best->shift[s])
			best = c;
	}
	return best;
}

static void tau_line(struct pqm_out *o, const struct pqm_risk_params *p,
	const struct pqm_use_score *u, enum pqm_scenario s)
{
	const struct pqm_risk_class *c = last_to_fall(p, &u->v, s);
	char tau[NUM_BYTES], end[NUM_BYTES];

	if (u->is_broken_today) {
		pqm_out_lit(o,
			"tau    today    plaintext or a broken cipher: not a quantum finding, fix "
			"first\n");
		return;
	}
	if (c == NULL || c->fall == PQM_FALL_NEVER) {
		pqm_out_f(o, "tau    never    %s is not broken by Shor's algorithm\n",
			c == NULL ? "it" : c->code);
		return;
	}
	pqm_out_f(o, "tau    %-8s ", y4(tau, u->tau[s]));
	(void)y4(end, u->end);
	if (c->shift[s] > 0)
		pqm_out_f(o, "%s - %g: %s falls %g y after RSA-2048", end, c->shift[s], c->code,
			c->shift[s]);
	else if (c->shift[s] < 0)
		pqm_out_f(o, "%s + min(%g, %g): %s falls %g y before RSA-2048", end, -c->shift[s],
			u->end - u->v.assessed, c->code, -c->shift[s]);
	else
		pqm_out_f(o, "%s: %s falls with RSA-2048", end, c->code);
	pqm_out_f(o, " (%s)%s\n", pqm_scenario_name(s),
		u->tau[s] > pqm_risk_horizon(p) ? "; capped by the survey's horizon" : "");
}

/* How F(t) is read off the curve. */
static void f_line(
	struct pqm_out *o, const struct pqm_risk_params *p, enum pqm_scenario s, double t)
{
	const double *f = p->at.f[s == PQM_STRESS ? PQM_FAST : s], *year = p->at.year;
	size_t last = p->at.n - 1, i = 1;
	char ft[NUM_BYTES], b0[NUM_BYTES], b1[NUM_BYTES], tt[NUM_BYTES], y0[NUM_BYTES];

	(void)f6(ft, pqm_risk_f(p, s, t));
	pqm_out_f(o, "F      %-8s F(%s) ", ft, y4(tt, t));
	if (t <= year[0]) {
		pqm_out_lit(o, "= 0: before the survey\n");
		return;
	}
	if (t >= year[last]) {
		pqm_out_f(o, "= %s: flat after %.1f\n", f6(b0, f[last]), year[last]);
		return;
	}
	while (year[i] < t)
		i++;
	pqm_out_f(o, "= %s + (%s - %s) x (%s - %s) / %g\n", f6(b0, f[i - 1]), f6(b1, f[i]), b0, tt,
		y4(y0, year[i - 1]), year[i] - year[i - 1]);
}

static void g_lines(struct pqm_out *o, const struct pqm_risk_params *p,
	const struct pqm_use_score *u, enum pqm_scenario s)
{
	double a = u->v.assessed;
	char fa[NUM_BYTES], ft[NUM_BYTES], ta[NUM_BYTES], tt[NUM_BYTES], left[NUM_BYTES];

	if (u->is_broken_today || !isfinite(u->tau[s]))
		return;
	f_line(o, p, s, a);
	f_line(o, p, s, u->tau[s]);
	(void)y4(ta, a);
	(void)y4(tt, u->tau[s]);
	if (!(u->tau[s] > a)) {
		pqm_out_f(o, "G      0.0000   tau is not after %s\n", ta);
		return;
	}
	pqm_out_f(o, "G      %.4f   (F(%s) - F(%s)) / (1 - F(%s)) = (%s - %s) / %s\n", u->g[s], tt,
		ta, ta, f6(ft, pqm_risk_f(p, s, u->tau[s])), f6(fa, pqm_risk_f(p, s, a)),
		f6(left, 1 - pqm_risk_f(p, s, a)));
}

static void h_line(struct pqm_out *o, const struct pqm_risk_params *p,
	const struct pqm_use_score *u, enum pqm_scenario s)
{
	const struct pqm_vector *v = &u->v;
	bool forged = v->use == 'S' || v->use == 'L';
	const struct pqm_risk_letter *t = forged ? p->reach : p->harvest;
	size_t n = forged ? p->n_reach : p->n_harvest;
	double covered = v->coverage == 'M' ? v->share : 0;

	for (size_t i = 0; i < p->n_coverage; i++)
		if (p->coverage[i].code == v->coverage)
			covered = p->coverage[i].value[s];
	for (size_t i = 0; i < n; i++)
		if (t[i].code == v->exposure)
			pqm_out_f(o, "h      %.4f   %s %g x not protected %g  (%.*s)\n", u->h[s],
				forged ? "reach" : "harvest", t[i].value[s], 1 - covered,
				PQM_FMT(t[i].name));
}

static void now_lines(
	struct pqm_out *o, const struct pqm_risk_params *p, const struct pqm_use_score *u)
{
	const struct pqm_vector *v = &u->v;
	const enum pqm_scenario s = PQM_CENTRAL;
	double a = v->assessed, g, tau;
	char tt[NUM_BYTES], aa[NUM_BYTES];

	if (u->is_broken_today)
		return;
	(void)y4(aa, a);
	if (!pqm_risk_is_carried(v)) {
		tau = pqm_risk_tau(p, v, s, u->end + 1);
		pqm_out_f(o,
			"sunk   0.0000   nothing is lost before the machine is there\n"
			"delay  %.4f   h x (G(%s) - G) = %.4f x (%.4f - %.4f), a year more\n",
			u->cod[s], isfinite(tau) ? y4(tt, tau) : "never", u->h[s],
			pqm_risk_g(p, s, a, tau), u->g[s]);
		return;
	}
	tau = pqm_risk_tau(p, v, s, a + v->life_years);
	g = pqm_risk_g(p, s, a, tau);
	(void)y4(tt, isfinite(tau) ? tau : 0);
	pqm_out_f(o, "now    %.4f   G(%s) for what is sent today, secret for X %g from %s\n", g,
		isfinite(tau) ? tt : "never", v->life_years, aa);
	if (v->in_use_years > 0)
		pqm_out_f(o, "sunk   %.4f   h x now = %.4f x %.4f: in use for W %g, already out\n",
			u->sunk[s], u->h[s], g, v->in_use_years);
	else
		pqm_out_f(o, "sunk   0.0000   W is 0: nothing is out yet\n");
	if (v->data == 'S' && v->in_use_years > 0)
		pqm_out_lit(
			o, "delay  0.0000   fixed content, already out: waiting adds nothing\n");
	else
		pqm_out_f(o,
			"delay  %.4f   h x now = %.4f x %.4f: loss rate of waiting, per year\n",
			u->cod[s], u->h[s], g);
}

static void result_line(struct pqm_out *o, const struct pqm_use_score *u)
{
	if (u->is_broken_today) {
		pqm_out_f(o, "P      -        broken today; decision %s\n",
			pqm_decision_name(u->decision));
		return;
	}
	pqm_out_f(o,
		"P      %.4f   h x G = %.4f x %.4f\n"
		"P      %.4f central   %.4f slow   %.4f fast   %.4f stress      sunk %.4f   cost "
		"of "
		"delay %.4f /y      decision %s%s\n",
		u->p[PQM_CENTRAL], u->h[PQM_CENTRAL], u->g[PQM_CENTRAL], u->p[PQM_CENTRAL],
		u->p[PQM_SLOW], u->p[PQM_FAST], u->p[PQM_STRESS], u->sunk[PQM_CENTRAL],
		u->cod[PQM_CENTRAL], pqm_decision_name(u->decision),
		u->is_volatile ? ", volatile" : "");
}

static void lead_note(
	struct pqm_out *o, const struct pqm_risk_params *p, const struct pqm_use_score *u)
{
	const struct pqm_risk_class *c = last_to_fall(p, &u->v, PQM_CENTRAL);
	char t[NUM_BYTES];

	if (c != NULL && c->fall == PQM_FALL_SHIFTED && c->shift[PQM_CENTRAL] < 0 &&
		u->p[PQM_CENTRAL] > 0)
		pqm_out_f(o,
			"note   %s falls before RSA-2048 while the curve is conditioned on no "
			"RSA-2048 "
			"machine in %s: short horizons are slightly overstated\n",
			c->code, y4(t, u->v.assessed));
}

static void scenario_table(struct pqm_out *o, const struct pqm_use_score *u)
{
	char t[NUM_BYTES];

	if (u->is_broken_today)
		return;
	pqm_out_lit(o, "       scenario   tau        G        h        P        sunk     delay\n");
	for (enum pqm_scenario s = PQM_SLOW; s < PQM_N_SCENARIOS; s++)
		pqm_out_f(o, "       %-9s  %-9s  %.4f   %.4f   %.4f   %.4f   %.4f\n",
			pqm_scenario_name(s), isfinite(u->tau[s]) ? y4(t, u->tau[s]) : "never",
			u->g[s], u->h[s], u->p[s], u->sunk[s], u->cod[s]);
}

static void write_use(
	struct pqm_out *o, const struct pqm_risk_params *p, const struct pqm_use_score *u)
{
	pqm_out_f(o, "%s\n", u->vector);
	end_line(o, u);
	tau_line(o, p, u, PQM_CENTRAL);
	g_lines(o, p, u, PQM_CENTRAL);
	h_line(o, p, u, PQM_CENTRAL);
	now_lines(o, p, u);
	result_line(o, u);
	scenario_table(o, u);
	lead_note(o, p, u);
}

/* Each term of the union, latest tau first. */
static void union_lines(
	struct pqm_out *o, const struct pqm_risk_params *p, const struct pqm_asset_score *a)
{
	struct pqm_exposure e[PQM_RISK_VECTORS_MAX];
	double unseen = 1, ad = a->uses[0].v.assessed;
	size_t n = 0;
	char t[NUM_BYTES], next[NUM_BYTES];

	for (size_t i = 0; i < a->n_uses; i++)
		if (!a->uses[i].is_broken_today)
			e[n++] = (struct pqm_exposure){ a->uses[i].h[PQM_CENTRAL],
				a->uses[i].tau[PQM_CENTRAL] };
	(void)pqm_risk_union(p, PQM_CENTRAL, ad, e, n); /* sorts */
	pqm_out_lit(o,
		"union  uses by tau, latest first; the chance that at least one of those "
		"still deadly was harvested, times the arrival in between\n");
	for (size_t k = 0; k < n; k++) {
		double g = pqm_risk_g(p, PQM_CENTRAL, ad, e[k].tau);
		double after = k + 1 < n ? pqm_risk_g(p, PQM_CENTRAL, ad, e[k + 1].tau) : 0;

		unseen *= 1 - e[k].h;
		(void)y4(t, isfinite(e[k].tau) ? e[k].tau : ad);
		pqm_out_f(o, "       %.4f   (1 - %.6f) x ", (1 - unseen) * (g - after), unseen);
		if (k + 1 == n || !isfinite(e[k + 1].tau))
			pqm_out_f(o, "G(%s) = %.4f x %.4f\n", t, 1 - unseen, g);
		else
			pqm_out_f(o, "(G(%s) - G(%s)) = %.4f x (%.4f - %.4f)\n", t,
				y4(next, e[k + 1].tau), 1 - unseen, g, after);
	}
	pqm_out_f(o,
		"P      %.4f central   %.4f slow   %.4f fast   %.4f stress      sunk %.4f   cost "
		"of "
		"delay %.4f /y      decision %s%s\n",
		a->p[PQM_CENTRAL], a->p[PQM_SLOW], a->p[PQM_FAST], a->p[PQM_STRESS],
		a->sunk[PQM_CENTRAL], a->cod[PQM_CENTRAL], pqm_decision_name(a->decision),
		a->is_volatile ? ", volatile" : "");
	if (a->deciding != UINT32_MAX)
		pqm_out_f(o, "decided by %s\n", a->uses[a->deciding].vector);
}

/* The same asset under other beliefs. */
static void under_lines(struct pqm_out *o, const struct pqm_asset_score *a)
{
	char words[PQM_VOLATILE_BYTES];

	pqm_out_lit(o, "under  ");
	for (size_t i = 0; i < a->n_under; i++)
		pqm_out_f(o, "%s%.*s %s %.4f %s", i > 0 ? "   " : "", PQM_FMT(a->under[i].curve),
			pqm_scenario_name(a->under[i].scenario), a->under[i].p,
			pqm_decision_name(a->under[i].decision));
	pqm_out_lit(o, "\n");
	pqm_risk_volatile_words(words, a);
	if (words[0] != '\0')
		pqm_out_f(o, "volatile: %s\n", words);
	for (size_t i = 0; i < a->n_flips && i < FLIPS_SHOWN; i++)
		pqm_out_f(o, "%s  %.*s\n", i == 0 ? "flips" : "     ", PQM_FMT(a->flips[i].words));
}

static void write_page(
	struct pqm_out *o, const struct pqm_risk_params *p, const struct pqm_asset_score *a)
{
	for (size_t i = 0; i < a->n_uses; i++) {
		if (i > 0)
			pqm_out_lit(o, "\n");
		write_use(o, p, &a->uses[i]);
	}
	if (a->n_uses > 1) {
		pqm_out_lit(o, "\n");
		union_lines(o, p, a);
	}
	under_lines(o, a);
}

/* The vectors of the command line are the uses of one asset. */
static enum pqm_st one_asset(struct pqm_app *app, const struct pqm_args *args,
	const struct pqm_risk_view *view, struct pqm_err *err)
{
	struct pqm_use_score uses[PQM_RISK_VECTORS_MAX] = { 0 };
	struct pqm_asset_score a = { .uses = uses }, *one = &a;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < args->n_positional && st == PQM_OK; i++)
		st = pqm_risk_add(&a, view->p, pqm_str(args->positional[i]), err);
	if (st != PQM_OK)
		return st;
	pqm_risk_join(&a, view->p);
	st = pqm_flips_of(&one, 1, view->rules, view->p, view->arena, err);
	if (st != PQM_OK)
		return st;
	app->out->js_compact = view->format == PQM_RISK_JSONL;
	if (view->format == PQM_RISK_TEXT)
		write_page(app->out, view->p, &a);
	else
		pqm_risk_json(app->out, view, &a, 0);
	return PQM_OK;
}

static enum pqm_st read_view(
	struct pqm_risk_view *v, const struct pqm_args *args, struct pqm_err *err)
{
	const char *format = pqm_arg(args, "output"), *digits = pqm_arg(args, "digits");
	uint64_t n = PQM_RISK_DIGITS;

	if (format != NULL && strcmp(format, "json") == 0)
		v->format = PQM_RISK_JSON;
	else if (format != NULL && strcmp(format, "jsonl") == 0)
		v->format = PQM_RISK_JSONL;
	else if (format != NULL)
		return pqm_fail(
			err, PQM_EUSAGE, "-o %s: `pqmap risk` writes json and jsonl only", format);
	if (digits != NULL && v->format == PQM_RISK_TEXT)
		return pqm_fail(err, PQM_EUSAGE,
			"--digits %s: goes with -o json or -o jsonl; a page shows four", digits);
	if (digits != NULL && (!pqm_u64_parse(pqm_str(digits), PQM_RISK_DIGITS_MAX, &n) || n == 0))
		return pqm_fail(err, PQM_EUSAGE, "--digits %s: give a number from 1 to %d", digits,
			PQM_RISK_DIGITS_MAX);
	v->digits = (int)n;
	return PQM_OK;
}

static enum pqm_st load_params(struct pqm_risk_params *p, const struct pqm_rules *r,
	const char *curve, struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_curve_choice c = { 0 };
	enum pqm_st st = curve != NULL ? pqm_curve_choose(&c, r, curve, arena, err) : PQM_OK;

	if (st == PQM_OK)
		st = pqm_risk_params_load(p, r, c.house != NULL ? PQM_LIT("") : c.id, err);
	if (st == PQM_OK && c.house != NULL)
		pqm_risk_params_curve(p, c.house);
	return st;
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *args, struct pqm_err *err)
{
	struct pqm_risk_view view = { 0 };
	struct pqm_risk_params p;
	struct pqm_arena arena;
	struct pqm_rules r;
	size_t n_lists = 0;
	enum pqm_st st = read_view(&view, args, err);

	for (size_t i = 0; i < args->n_positional; i++)
		n_lists += pqm_risk_is_list(args->positional[i]);
	if (st != PQM_OK)
		return st;
	if (n_lists > 0 && n_lists < args->n_positional)
		return pqm_fail(err, PQM_EUSAGE,
			"give vectors, or lists of them (- and @FILE), but not both at once");
	if (args->n_positional == 0 || (n_lists == 0 && args->n_positional > PQM_RISK_VECTORS_MAX))
		return pqm_fail(err, PQM_EUSAGE,
			"give 1 to %d vectors, as in `pqmap risk "
			"QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:10/Y:2/W:2/E:C/C:N/I:4`",
			PQM_RISK_VECTORS_MAX);
	st = pqm_app_rules(&r, args, err);
	if (st != PQM_OK)
		return st;
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	st = load_params(&p, &r, pqm_arg(args, "curve"), &arena, err);
	view.p = &p;
	view.rules = &r;
	view.arena = &arena;
	view.rules_version = r.version;
	if (st == PQM_OK)
		st = n_lists > 0 ? pqm_risk_lists(app, args, &view, err)
				 : one_asset(app, args, &view, err);
	pqm_arena_fini(&arena);
	pqm_rules_fini(&r);
	return st;
}

const struct pqm_command pqm_cmd_risk = {
	.name = "risk",
	.args = "VECTOR… | - | @FILE…",
	.summary = "Recompute a score from its vector, every step shown",
	.help = "Reports print a vector beside each probability; this command gives the number "
		"again.\nSeveral vectors are the uses of one asset: their union, under one shared "
		"arrival time.\n\n"
		"  QRV:1.0/AD:2027.0/U:K/A:E256/D:F/X:10/Y:2/W:2/E:C/C:N/I:4\n"
		"  AD year of assessment   U use: K ephemeral key exchange, T key transport, W "
		"wrapped "
		"key,\n     S live signature, L long-lived trust   A class; nested layers as "
		"E256&SYM\n"
		"  D F content keeps flowing, S is fixed   X years it must hold   Y years until "
		"protected\n"
		"  W years in use already   E exposure: H D L O C P I X   C coverage: N F E or a "
		"share\n"
		"  I impact 1 to 5\n\n"
		"- and @FILE read assets, one a line: a vector, or several of one asset with "
		"spaces "
		"between.\nBlank lines and # are skipped. A line that is no vector is an error "
		"with "
		"its number;\nthe others are still answered, and the exit code is 2.\n\n"
		"--curve FILE is a house view of when such a machine is built, in YAML or JSON:\n"
		"  id: board-2026\n"
		"  base_year: 2026\n"
		"  horizons_years: [4, 9, 20]\n"
		"  slow: [0.05, 0.3, 0.6]\n"
		"  central: [0.12, 0.4, 0.8]\n"
		"  fast: [0.2, 0.6, 1]\n"
		"Chances by base_year + horizon: from 0 to 1, never falling, slow <= central <= "
		"fast;\n"
		"straight lines between them, flat after the last. Also source, note; other keys "
		"are\n"
		"errors. FILE#ID picks one of a list `curves`.",
	.opts =
		(const struct pqm_opt[]){
			{ 'o', "output", "FORMAT",
				"json (of a list: one array) or jsonl (one object a line)" },
			{ 0, "digits", "N", "decimals of -o json and jsonl, 1 to 15 (default: 4)" },
			{ 0, "curve", "ID|FILE",
				"arrival curve (default: gri2025), or a house view in a file" },
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
