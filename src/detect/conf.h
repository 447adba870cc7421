/*
 * conf.h — TLS, SSH and key settings in configuration text: which program's, and what they mean.
 *
 * Shape:     helpers of det_conf.c; families, directives and findings are those of rules/conf.
 * Ownership: everything lives in the artifact's arena or the rules; what is emitted is copied.
 * Errors:    as the emitter's.
 * Threads:   one artifact at a time.
 * Never:     values other than names of algorithms and versions in findings.
 */
#ifndef PQM_DETECT_CONF_H
#define PQM_DETECT_CONF_H

#include "detect/detector.h"
#include "parse/conf.h"

/* Statements that only mean something together. */
struct pqm_conf_kept {
	struct pqm_conf_item first;
	pqm_bytes value;      /* of all of them, one a line */
	unsigned n, n_unless; /* statements of the setting; of those that make it harmless */
};

struct pqm_conf_scan {
	const struct pqm_rules *rules;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	const struct pqm_rule *family;
	bool has_include; /* the text refers to other files, which are not followed */
	struct pqm_err *err;
	struct pqm_conf_kept *kept; /* by index in the family's settings; of pqm_conf_check */
	struct pqm_conf_kept left;  /* what makes the family's `default` decide */
};

/* The family of rules/conf that the text is certainly of, or NULL. */
const struct pqm_rule *pqm_conf_family(
	const struct pqm_rules *r, const struct pqm_artifact *a, bool *has_include);
/* Whether the name alone says so. */
bool pqm_conf_is_named(const struct pqm_rules *r, const struct pqm_artifact *a);
/* Calls see() for every statement of the text in the family's form. */
enum pqm_st pqm_conf_each(const struct pqm_rule *family, const struct pqm_artifact *a,
	enum pqm_st (*see)(void *ctx, const struct pqm_conf_item *item), void *ctx) PQM_MUST_USE;
/* Emits what the statements of s->family mean. */
enum pqm_st pqm_conf_check(struct pqm_conf_scan *s) PQM_MUST_USE;
/* The same of what SOPS wrote or is told: names are age, pgp, pgp-enc, kms, …, values recipients. */
enum pqm_st pqm_conf_sops(const struct pqm_artifact *a,
	enum pqm_st (*see)(void *ctx, const struct pqm_conf_item *item), void *ctx) PQM_MUST_USE;
/* What the key of an armoured PGP message was wrapped with; bits of RSA and ElGamal. */
bool pqm_conf_sops_pgp(pqm_bytes armour, pqm_bytes *name, unsigned *bits);
/* Notes a statement that a setting with `join` or `unless` is about; false: it is about this one alone. */
bool pqm_conf_keep(
	struct pqm_conf_scan *s, size_t setting, const struct pqm_conf_item *item, pqm_bytes value);
/* Notes what the family's `default` asks about. */
void pqm_conf_note_default(struct pqm_conf_scan *s, const struct pqm_conf_item *item);
/* Whether a setting's directives name it: in any case of letters, or by a glob. */
bool pqm_conf_is_of(const struct pqm_yaml *setting, const char *list, pqm_bytes name);
/* One word of a version list: 13 for TLSv1.3, TLSv1_3, tls13; 0 when it is none. */
unsigned pqm_conf_version(pqm_bytes word);
/* What a list of OpenSSL or IANA cipher names asks for: the first suite of `suites` (globs) that nothing
 * in the list takes away again; empty: none. */
pqm_bytes pqm_conf_suite(pqm_bytes list, const struct pqm_yaml *suites);
/* The arguments of a command that makes a key; false when it makes none. alg is {NULL, 0} when it is a
 * variable. */
bool pqm_conf_command(
	const struct pqm_yaml *setting, pqm_bytes args, pqm_bytes *alg, pqm_bytes *size);

/* Whether a family of shell commands knows the program ("/usr/bin/openssl"), or one that text names. */
bool pqm_conf_is_keygen(const struct pqm_rules *r, pqm_bytes program);
bool pqm_conf_names_keygen(const struct pqm_rules *r, pqm_bytes text);

/* Whether a rule of rules/conf shows in a sample: the file's name, a line end, its text. */
bool pqm_conf_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

#endif
