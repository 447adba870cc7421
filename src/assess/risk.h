/*
 * risk.h — QRV 1.0: the chance that one use of cryptography is read or forged while it matters.
 *
 * Shape:     parameters (curve, shifts, harvest, coverage, decision table) come from rules/risk;
 *            a vector string and the parameters give every number.
 * Units:     probabilities 0..1; decimal years; money in whatever unit the impact bands have.
 * Ownership: parameters are a value; their text belongs to the rules.
 * Errors:    PQM_EUSAGE for a broken rule or vector, naming the key.
 * Threads:   pure.
 * Standard:  design/risk.md (a) and its last section.
 */
#ifndef PQM_ASSESS_RISK_H
#define PQM_ASSESS_RISK_H

#include "base/limits.h"
#include "curve.h"
#include "model/assessment.h"
#include "rules/rules.h"

#define PQM_N_IMPACTS 5
#define PQM_N_BANDS 4

/* How a class of algorithms falls. */
enum pqm_fall {
	PQM_FALL_SHIFTED, /* some years before or after RSA-2048 */
	PQM_FALL_NEVER,	  /* symmetric, post-quantum, hybrid */
	PQM_FALL_TODAY,	  /* plaintext, broken: not a quantum finding */
};

struct pqm_risk_class {
	char code[8];
	enum pqm_fall fall;
	double shift[PQM_N_SCENARIOS]; /* years after RSA-2048; negative is before */
};

/* One letter of E or C with its value per scenario. */
struct pqm_risk_letter {
	char code;
	double value[PQM_N_SCENARIOS];
	pqm_bytes name;
};

/* An arrival curve as it is computed with: the first point is (base_year, 0). */
struct pqm_risk_points {
	pqm_bytes id;
	size_t n;
	double year[PQM_CURVE_POINTS_MAX + 1];
	double f[PQM_CURVE_LINES][PQM_CURVE_POINTS_MAX + 1]; /* stress is derived from fast */
};

struct pqm_risk_params {
	struct pqm_arrival curve; /* as it was read; the points below are made from it */
	struct pqm_risk_points at;
	struct pqm_risk_points
		other[PQM_CURVE_COMPARE_MAX]; /* editions to compare with; may hold `at` */
	size_t n_other;
	struct pqm_risk_class classes[PQM_RISK_CLASSES_MAX];
	size_t n_classes;
	struct pqm_risk_letter harvest[PQM_RISK_LETTERS_MAX]; /* K T W: who records it */
	size_t n_harvest;
	struct pqm_risk_letter reach[PQM_RISK_LETTERS_MAX]; /* S L: who can present a forgery */
	size_t n_reach;
	struct pqm_risk_letter coverage[PQM_RISK_LETTERS_MAX]; /* N F E: share that is protected */
	size_t n_coverage;
	double impact_low[PQM_N_IMPACTS], impact_high[PQM_N_IMPACTS], impact_mid[PQM_N_IMPACTS];
	double band_from[PQM_N_BANDS]; /* lowest probability of each band; band 0 starts at 0 */
	enum pqm_decision table[PQM_N_BANDS][PQM_N_IMPACTS];
	enum pqm_decision broken_today; /* decision for plaintext and weak ciphers */
	unsigned volatile_levels;	/* fast so many outcomes above central */
	double late_years, near_years;	/* deadline slack below these gives … */
	enum pqm_decision late, near;	/* … at least these */
	double protect_years;		/* Y while no plan says otherwise */
	double open_years; /* how long a use stays open when nothing is done about it */
	double life_years, in_use_years; /* X and W where the graph knows nothing */
	double window_months[2];	 /* ends of the first and the second window */
	double capacity;		 /* person-days a month where nobody said */
};

/* Reads rules/risk; curve names one of its curves, empty takes the recommended one. */
enum pqm_st pqm_risk_params_load(struct pqm_risk_params *p, const struct pqm_rules *r,
	pqm_bytes curve, struct pqm_err *err) PQM_MUST_USE;
/* The points of a curve. */
struct pqm_risk_points pqm_risk_points_of(const struct pqm_arrival *curve);
/* The same parameters under another curve, which pqm_curve_check has passed. */
void pqm_risk_params_curve(struct pqm_risk_params *p, const struct pqm_arrival *curve);
/* SHA-256 in hex of every number that a probability or decision is computed from, the curve among
 * them: equal hashes give equal answers to equal vectors. */
enum pqm_st pqm_risk_params_hash(
	char out[65], const struct pqm_risk_params *p, struct pqm_err *err) PQM_MUST_USE;
/* Refuses curves that fall, leave [0, 1] or cross, and tables outside [0, 1]. */
enum pqm_st pqm_risk_params_check(
	const struct pqm_risk_params *p, struct pqm_err *err) PQM_MUST_USE;

/* F_s(t): chance that an RSA-2048 machine exists by t. */
double pqm_risk_f(const struct pqm_risk_params *p, enum pqm_scenario s, double t);
/* G_s(t) given no such machine at a; 0 for t <= a. t may be infinite. */
double pqm_risk_g(const struct pqm_risk_params *p, enum pqm_scenario s, double a, double t);
/* The class, or NULL. */
const struct pqm_risk_class *pqm_risk_class_find(const struct pqm_risk_params *p, pqm_bytes code);
/* The latest arrival of an RSA-2048 machine that still hurts content secret until end. */
double pqm_risk_tau(const struct pqm_risk_params *p, const struct pqm_vector *v,
	enum pqm_scenario s, double end);
/* Harvest or reach x share not protected. */
double pqm_risk_h(const struct pqm_risk_params *p, const struct pqm_vector *v, enum pqm_scenario s);
/* The same for a union: of a past use what its successor, which joins the union, does not stand for. One
 * recorder listens to both. */
double pqm_risk_h_joint(const struct pqm_risk_params *p, const struct pqm_vector *v,
	enum pqm_scenario s, bool only_sunk);
/* Last year of the window in which a break still hurts. */
double pqm_risk_end(const struct pqm_vector *v);
/* K T W L carry content or trust; S is live only. */
bool pqm_risk_is_carried(const struct pqm_vector *v);
/* The last year that the survey speaks of. */
double pqm_risk_horizon(const struct pqm_risk_params *p);

/* "QRV:1.0/AD:…/U:…/A:…/D:…/X:…/Y:…/W:…/E:…/C:…/I:…": fixed order, every key, '.' as the decimal
 * point, at most four decimals; anything else is an error that names the key. */
enum pqm_st pqm_vector_parse(struct pqm_vector *out, const struct pqm_risk_params *p,
	pqm_bytes text, struct pqm_err *err) PQM_MUST_USE;
/* The inverse of parse; the shortest form of each number. */
void pqm_vector_print(char out[PQM_VECTOR_BYTES], const struct pqm_vector *v);

/* Scores one use. Fills everything but hop and shor_runs_per. */
void pqm_risk_use(
	struct pqm_use_score *u, const struct pqm_risk_params *p, const struct pqm_vector *v);

/* A chance h of being exposed, deadly when the machine comes by tau. */
struct pqm_exposure {
	double h, tau;
};

/* Exact union under one shared arrival time; sorts e in place. */
double pqm_risk_union(const struct pqm_risk_params *p, enum pqm_scenario s, double a,
	struct pqm_exposure *e, size_t n);

/* Why a decision is volatile, in words; "" when it is not. */
#define PQM_VOLATILE_BYTES 512
void pqm_risk_volatile_words(char out[PQM_VOLATILE_BYTES], const struct pqm_asset_score *a);

/* Fills p, sunk, cod, under, decision, flags and deciding of a from its uses, all scored. tmp holds n_uses
 * exposures. by_deadline is left alone; decision is the worse of both axes. */
void pqm_risk_asset(
	struct pqm_asset_score *a, const struct pqm_risk_params *p, struct pqm_exposure *tmp);

/* Decision table. impact 1 to 5. */
enum pqm_decision pqm_risk_decide(const struct pqm_risk_params *p, double prob, unsigned impact);
/* The least decision that a slack of so many years allows. */
enum pqm_decision pqm_risk_by_slack(const struct pqm_risk_params *p, double slack_years);

#endif
