/*
 * source.h — calls of program text that decide cryptography, by language.
 *
 * Shape:     a call is known by its whole name: the module or package that an import binds, and the
 *            way down from it, joined by dots ("crypto/rsa.GenerateKey", "rsa.RsaPrivateKey.new").
 *            "X()" stands for what the call X gives back, "X{}" for a literal of the type X.
 * Ownership: built once; texts are borrowed from the rule set, which must outlive this.
 * Errors:    PQM_EUSAGE "FILE:LINE: words" for anything wrong in rules/source.
 * Threads:   const after build; shared by all workers.
 * Rules:     see the head of rules/source/python.yaml.
 */
#ifndef PQM_RULES_SOURCE_H
#define PQM_RULES_SOURCE_H

#include "parse/lex.h"
#include "rules/matcher.h"
#include "rules/rules.h"

enum pqm_take {
	PQM_TAKE_BITS,	 /* a size in bits */
	PQM_TAKE_NAME,	 /* the name of a curve, an algorithm, a version */
	PQM_TAKE_GROUPS, /* a list of groups */
};

/* One place that an argument may stand in. */
struct pqm_take_arg {
	enum pqm_take take;
	int at;		      /* from 0; -1: not by position */
	pqm_bytes name;	      /* of a named argument; empty: none */
	pqm_bytes key;	      /* of a member of an object at `at`; empty: the argument itself */
	pqm_bytes unless_key; /* not when the object has this member, too */
	const struct pqm_yaml *values; /* words to names of the catalogue or sizes; may be NULL */
	bool is_strict;		       /* without a known value the call says nothing */
	bool is_inside;		       /* a text that holds one of `values` */
};

struct pqm_call_rule {
	const struct pqm_rule *rule;
	pqm_bytes family, algorithm, parameter, operation, why, fix;
	enum pqm_meaning meaning;
	enum pqm_function function;
	enum pqm_quantum quantum;
	enum pqm_classical classical;
	bool has_function; /* the rule says it itself */
	bool has_quantum;  /* likewise: an argument changes the name alone */
	bool refines;	   /* adds to what made the object that it is called on */
	bool is_generic;   /* the algorithm comes from an argument */
	pqm_bytes after;   /* the member or variable that a literal must be given to */
	struct pqm_take_arg *args;
	size_t n_args;
	const struct pqm_yaml *headers; /* of C: one of them must be included */
	const struct pqm_yaml *unless;	/* first argument starts with one of them: nothing */
	const struct pqm_yaml
		*lifts; /* with one of them it takes back what a call before has set */
	const struct pqm_yaml *beside; /* not within a call that is given one of these calls, too */
};

/* Rules of one call, in the order of the files. */
struct pqm_call_list {
	const struct pqm_call_rule *call;
	const struct pqm_call_list *next; /* may be NULL */
};

struct pqm_call_lang {
	enum pqm_lang lang;
	const struct pqm_rule
		*rule; /* the one that lists the words; NULL: language without rules */
	const struct pqm_yaml *names; /* spellings of all its libraries; may be NULL */
	const struct pqm_yaml *own;   /* globs of paths: the code of the libraries themselves */
	const struct pqm_yaml
		*signs; /* of C: headers, and how the names of their functions begin */
	struct pqm_matcher *words;
	struct pqm_map calls;	/* whole name -> struct pqm_call_list */
	struct pqm_map lasts;	/* last part of it -> something */
	struct pqm_map objects; /* "X()" in front of other parts -> something */
};

struct pqm_calls;

/* Builds the view from r's rules under source/; *out is returned owned. */
enum pqm_st pqm_calls_build(
	struct pqm_calls **out, const struct pqm_rules *r, struct pqm_err *err) PQM_MUST_USE;
void pqm_calls_free(struct pqm_calls *c); /* may be NULL */

/* The rules of a language (of all that share them), or NULL. */
const struct pqm_call_lang *pqm_calls_of(const struct pqm_calls *c, enum pqm_lang lang);
/* Whether a file holds one of the words without which none of its calls can be known. */
bool pqm_calls_seen(const struct pqm_call_lang *l, pqm_bytes text);

#endif
