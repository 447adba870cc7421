/*
 * tls_plan.h — which TLS connection is worth making next, and what its answer means.
 *
 * Shape:     a list of steps. A step's ask() writes the next hello of its question from what is known so
 *            far, or says that it has none; its hear() takes the answer. ask() changes nothing: it is
 *            called again before hear(), so that an answer is read against exactly what was asked.
 *            Nothing here does I/O: tls_strategy.c turns questions into connections.
 * Ownership: marks live in the job's arena; a question lives on the caller's stack.
 * Errors:    a question that gets no answer stays unknown, and the endpoint incomplete.
 * Threads:   one thread.
 * Limits:    connections by profile (PLAN_CAP_*); questions of one step (PLAN_STEP_ASKS).
 * Standard:  design/tls.md §2, §8, §10; RFC 8446 §4.1.1, §4.1.4, §4.2.8.
 */
#ifndef PQM_PROBE_TLS_PLAN_H
#define PQM_PROBE_TLS_PLAN_H

#include "probe/int.h"

#define PLAN_GROUPS 160
#define PLAN_SCHEMES 32 /* some servers hang up on more */
#define PLAN_SUITES 512
#define PLAN_CAP_QUICK 6
#define PLAN_CAP_HNDL 12
#define PLAN_CAP_FULL 24 /* and what lists of suites, groups and schemes need */
#define PLAN_CAP_SHORT 6 /* more, when only short hellos are answered */
#define PLAN_STEP_ASKS 64

#define GROUP_X25519 0x001d
#define GROUP_P256 0x0017
#define GROUP_X25519MLKEM768 0x11ec

enum plan_how {
	HOW_NONE,
	HOW_HRR,
	HOW_SH,
	HOW_EE,
	HOW_CV,
	HOW_SKE,
	HOW_ALERT_40,
	HOW_ALERT_47,
	HOW_ALERT_70,
	HOW_ALERT_71,
	HOW_ALERT_80,
	HOW_ALERT_86,
	HOW_ALERT_109,
	HOW_ALERT_112,
	HOW_ALERT_116,
	HOW_ALERT_120,
	HOW_ALERT,
	HOW_RESET,
	HOW_TIMEOUT,
	HOW_CLOSED,
	HOW_GARBAGE,
	HOW_BUDGET,
	HOW_GONE,
	HOW_LIMITED,
	HOW_LOCAL,
	HOW_VN,
	HOW_CONTROL, /* exactly like a question for what cannot exist: tls_control.c */
};

/* What is known of one code point. */
struct plan_mark {
	uint8_t answer; /* enum pqm_answer */
	uint8_t how;
	uint8_t rank;
	bool was_named; /* in a hello that was answered, beside what it was answered with */
};

enum plan_version { V_13, V_12, V_11, V_10, V_SSL3, V_SSL2, V_N };

/* Suites of TLS 1.2 and before by what a recorded session costs its reader. */
enum plan_class {
	K_ECDHE_ECDSA = 1,
	K_ECDHE_RSA = 2,
	K_DHE = 4,
	K_RSA = 8,
	K_STATIC = 16,
	K_PSK = 32,
	K_ANON = 64,
	K_EXPORT = 128,
	K_NULL = 256,
	K_OTHER = 512,
};

#define K_HARVEST (K_ECDHE_ECDSA | K_ECDHE_RSA | K_DHE | K_RSA)
#define K_ALL (K_HARVEST | K_STATIC | K_PSK | K_ANON | K_EXPORT | K_NULL | K_OTHER)

/* Signature families that a server can hold a certificate for. */
#define S_FAMILIES                                                                                 \
	(PQM_S_RSA_PSS | PQM_S_ECDSA | PQM_S_EDDSA | PQM_S_MLDSA | PQM_S_COMPOSITE | PQM_S_SLHDSA)

enum plan_mode {
	MODE_PLAIN,
	MODE_AGAIN,   /* the same once more: alert 80, refused connect */
	MODE_SHORT,   /* the same with short lists */
	MODE_CONTROL, /* a hello that worked before: is it the question, or we? */
	MODE_BESIDE,  /* the same beside a group that is taken: is it the list, or what is on it? */
	MODE_NONSENSE, /* the same for code points that nobody has: how is nothing in common said? */
};

/* The list that a question is about: what nonsense is put in its place. */
enum plan_about { ABOUT_NONE, ABOUT_GROUPS, ABOUT_SCHEMES, ABOUT_SUITES, ABOUT_N };

/* How a hello ended that no server could agree to. */
struct plan_sign {
	bool is_known;
	uint8_t how; /* HOW_NONE: an answer, or silence: nothing can be compared */
	uint8_t alert;
};

enum plan_order { ORDER_UNKNOWN, ORDER_SERVER, ORDER_CLIENT };

/* One question as it goes out. */
struct plan_ask {
	struct probe_tls_spec spec;
	uint16_t groups[PLAN_GROUPS];
	uint16_t schemes[PLAN_SCHEMES];
	uint16_t suites[PLAN_SUITES], suite_flags[PLAN_SUITES];
	uint16_t versions[2];
	const char *alpn[2];
	uint32_t kinds[32];
	bool is_single; /* no second, short hello: its failure tells something by itself */
	enum plan_about about;
};

/* The answer to one question. Only NO is the server's word; REFUSED and UNKNOWN count for nothing. */
struct plan_heard {
	enum pqm_answer answer;
	enum plan_how how;
	const struct probe_flight *f; /* never NULL; empty when TLS was not reached */
};

struct probe_plan {
	struct probe_job *j;
	const struct pqm_probe_config *c;
	enum probe_over over;
	const char *opener; /* NULL: TLS at once */
	bool must_guess;

	struct plan_mark *group, *group12, *scheme,
		*suite; /* side by side with the config's codes */
	struct plan_mark version[V_N];

	/* where we are */
	uint8_t step;
	uint16_t step_asks, n_asked, n_free, n_answered;
	uint8_t mode, streak, n_dead;	    /* failures and unanswered questions in a row */
	uint8_t pending_how, pending_alert; /* of the question that a control question interrupts */
	struct plan_sign sign[ABOUT_N];
	bool is_unproven; /* a refusal without a word, and no answer since: it may be a closed door */
	bool is_matched; /* the control question is for a second one in a row */
	uint32_t delay_ms, slowest_ms;
	const struct probe_outcome *last; /* while an answer is heard */
	bool has_reach, was_connected;
	bool is_over, is_limited, is_cut, is_strike_cut, has_unknown, is_short, varies;
	bool has_vn; /* version negotiation was an answer */

	/* first hello */
	uint8_t first, first_ok;		      /* rungs of the ladder */
	bool is_first_done, has_answered, has_spoken; /* answered: even by an alert */
	bool is_sni_off, was_alpn_toggled;
	bool has_whole;	   /* a handshake was seen up to where it is our turn, and made sense */
	pqm_bytes broken;  /* why one did not; empty: none */
	uint8_t alpn_mode; /* 0 none, 1 h2 and http/1.1, 2 h3 */
	uint8_t first_alert;
	uint16_t first_group;

	/* posture */
	uint8_t posture_try;
	bool is_posture_done, has_offered, has_enforced, is_dtls13_asked;
	uint16_t enforced_share; /* that was turned down for a PQ group */

	/* groups */
	bool has_list; /* method E */
	uint32_t list_sum;
	uint8_t n_ranked;
	uint8_t lone; /* enum plan_lone */
	uint8_t lone_how, lone_at;
	bool is_groups_done, is_strike_done, is_intolerant, is_classical_asked, is_again_done;
	uint8_t order, order_try;

	/* chains */
	bool is_chains_done;
	uint16_t no_family, seen_family, asked_family;
	uint8_t no_family_how;
	uint8_t client_auth;
	uint16_t n_ca_names;

	/* TLS 1.2 and before */
	bool is_old_done, has_hello12, is_groups12_done;
	uint8_t older_failed; /* bits of enum plan_version: asked once */
	uint16_t class_yes, class_no;
	uint8_t class_no_how;
	uint32_t dh_bits;
	const char *dh_family;

	/* extras */
	uint8_t extra_try, resume_try;
	bool is_session_done, was_resumed;
	uint8_t n_suites;
	bool is_suite_order, is_suite_order_done, is_suites13_done, is_suites12_done, has_h2;
	uint16_t psk_suite;
	pqm_bytes ticket, psk;
	enum pc_hash psk_hash;
	uint32_t ticket_age_add, max_early_data;
};

struct plan_step {
	const char *name;
	uint8_t from; /* lowest profile: enum pqm_profile */
	bool is_tcp;  /* not for QUIC */
	bool needs_13;
	bool is_free; /* a list whose length the server decides: not counted */
	bool is_free_in_full;
	bool is_optional; /* asked when the profile's connections suffice; else nothing is missing */
	bool (*ask)(const struct probe_plan *p, struct plan_ask *a);
	void (*hear)(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
};

/* ---- the engine (tls_plan.c) ---- */
void probe_plan_init(struct probe_plan *p, struct probe_job *j);
/* The next question, or false: finished. */
bool probe_plan_next(struct probe_plan *p, struct plan_ask *a);
/* The answer to the question that probe_plan_next gave last; f is NULL when TLS was not reached. */
void probe_plan_hear(
	struct probe_plan *p, const struct probe_flight *f, const struct probe_outcome *o);
/* Says why the whole endpoint is what it is; the first word stands. */
void probe_plan_reach(struct probe_plan *p, enum pqm_reach reach, const char *words);
/* The server answered before and closes its door now: nothing more is asked. */
void probe_plan_limited(struct probe_plan *p, const char *words);
/* Nothing was ever answered: reach and words of the endpoint say how that looked. */
void probe_plan_unreached(struct probe_plan *p, const struct plan_heard *h);
/* Puts everything into the endpoint; once. */
void probe_plan_finish(struct probe_plan *p);

/* ---- hellos (tls_ask.c) ---- */
void probe_ask_init(struct plan_ask *a, enum probe_goal goal);
/* A TLS 1.3 hello with all suites and all schemes of the profile, no groups yet. */
void probe_ask_13(const struct probe_plan *p, struct plan_ask *a, enum probe_goal goal);
/* A hello whose highest version is v, without supported_versions; suites of these classes. */
void probe_ask_old(
	const struct probe_plan *p, struct plan_ask *a, enum plan_version v, unsigned classes);
void probe_ask_group(struct plan_ask *a, uint16_t group);
/* Groups of TLS 1.3 with one of these flags whose mark is `answer`. */
void probe_ask_groups(
	const struct probe_plan *p, struct plan_ask *a, unsigned flags, enum pqm_answer answer);
void probe_ask_scheme(struct plan_ask *a, uint16_t scheme);
void probe_ask_suite(struct plan_ask *a, uint16_t suite, uint16_t flags);
void probe_ask_share(struct plan_ask *a, uint16_t group);
bool probe_ask_has_group(const struct plan_ask *a, uint16_t group);
/* Is a server name sent? */
bool probe_has_name(const struct probe_plan *p);
/* What holds for every question: SNI, ALPN, transport; short lists when asked for. */
void probe_ask_finish(const struct probe_plan *p, struct plan_ask *a, bool is_short);

/* ---- refusals without the protocol's word (tls_control.c) ---- */
/* The question ended with a reset, a close or an odd alert. True: p->mode asks for nonsense first. */
bool probe_control_asks(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
/* Makes nonsense of the list that the question is about. */
void probe_ask_nonsense(struct plan_ask *a);
/* The end of the nonsense question. */
void probe_hear_nonsense(struct probe_plan *p, enum plan_about about, const struct plan_heard *h);
/* Did this question end exactly as nonsense does? Then it is a no, when the server answers again. */
bool probe_control_match(
	const struct probe_plan *p, enum plan_about about, enum plan_how how, uint8_t alert);
/* Was all of it named before, in hellos that were answered? */
bool probe_control_named(const struct probe_plan *p, const struct plan_ask *a);
/* The last question: does the server still answer? */
bool probe_ask_proof(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_proof(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
/* It did not: what was taken for a no is unknown again. */
void probe_control_undo(struct probe_plan *p);

/* ---- what is known (tls_note.c) ---- */
void probe_note(struct probe_plan *p, struct plan_mark *m, enum pqm_answer v, enum plan_how how);
void probe_note_group(struct probe_plan *p, uint16_t code, unsigned rank, enum plan_how how);
void probe_note_flight(
	struct probe_plan *p, const struct plan_ask *a, const struct probe_flight *f);
/* All groups of the question are refused. */
void probe_note_no_groups(struct probe_plan *p, const struct plan_ask *a, enum plan_how how);
const char *probe_how(enum plan_how how);
enum plan_how probe_how_alert(uint8_t alert);
/* Alerts that say: none of what you offer. */
bool probe_is_refusal(uint8_t alert);
const struct pqm_probe_code *probe_code(const struct pqm_probe_codes *t, uint16_t code);
/* PQM_G_ flags of a group; 0 when unknown. */
unsigned probe_group_flags(const struct probe_plan *p, uint16_t code);
/* How many groups with one of these flags have this answer, drafts only when asked for. */
size_t probe_count_groups(const struct probe_plan *p, unsigned flags, enum pqm_answer v);
enum plan_class probe_class(unsigned f /* PQM_C_ of a suite */);
const char *probe_class_name(enum plan_class k);
uint16_t probe_version_code(const struct probe_plan *p, enum plan_version v);
/* A group we know the server takes and whose exchange we can finish; 0 none. */
uint16_t probe_good_group(const struct probe_plan *p);
void probe_emit(struct probe_plan *p);

static inline bool probe_is(const struct probe_plan *p, enum plan_version v, enum pqm_answer a)
{
	return p->version[v].answer == (uint8_t)a;
}

static inline bool probe_has_pq(const struct probe_plan *p)
{
	return probe_count_groups(p, PQM_G_HYBRID | PQM_G_PQ, PQM_A_YES) > 0;
}

static inline bool probe_has_classical(const struct probe_plan *p)
{
	return probe_count_groups(p, PQM_G_EC | PQM_G_FFDHE, PQM_A_YES) > 0;
}

/* ---- steps ---- */
bool probe_ask_first(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_first(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
/* The hello of the rung that worked. */
void probe_ask_control(const struct probe_plan *p, struct plan_ask *a);
/* DTLS begins with 1.2, which nobody fears; 1.3 is asked for once. */
bool probe_ask_dtls13(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_dtls13(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
bool probe_ask_posture(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_posture(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
bool probe_ask_pq(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_pq(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
bool probe_ask_again(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_again(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
bool probe_ask_strike(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_strike(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
bool probe_ask_order(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_order(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
/* Known groups in the reverse of the order of the first hello; false when that tells nothing. */
bool probe_ask_reversed(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_reversed(
	struct probe_plan *p, const struct plan_ask *a, const struct probe_flight *f);
bool probe_ask_chain(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_chain(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
bool probe_ask_12(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_12(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
bool probe_ask_older(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_older(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
bool probe_ask_groups12(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_groups12(
	struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
bool probe_ask_suites(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_suites(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
bool probe_ask_suite_order(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_suite_order(
	struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
bool probe_ask_session(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_session(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
bool probe_ask_resume(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_resume(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);
bool probe_ask_extra(const struct probe_plan *p, struct plan_ask *a);
void probe_hear_extra(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h);

#endif
