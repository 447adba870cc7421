/*
 * java_look.h — inside the Java detector: one class, its methods, and what their values are.
 *
 * Shape:     a value is asked for in a frame: a method, and who called it with what. Only methods of
 *            the same class are looked through. A value that hangs on an argument of the outermost
 *            frame is unknown and sets `asked`: whoever asked then tries each caller in the class.
 * Ownership: everything is in the artifact's arena.
 * Threads:   one.
 */
#ifndef PQM_DETECT_JAVA_LOOK_H
#define PQM_DETECT_JAVA_LOOK_H

#include "detect/detector.h"
#include "parse/jclass_flow.h"
#include "rules/java.h"

#define JAVA_FRAMES 3	      /* callers that are looked through */
#define JAVA_EVALS 20000u     /* values that are asked for in one class */
#define JAVA_LIST_MAX 64      /* strings of one list */
#define JAVA_SHOWN_MAX 120    /* bytes of a name that are told */
#define JAVA_STEPS (1u << 22) /* calls and stores that are gone through for them */

struct java_frame {
	const struct java_frame *up; /* who called; NULL: nobody is known */
	size_t method;
	const struct pqm_jcall *call; /* in up's method */
	unsigned depth;
};

enum java_kind {
	JAVA_NOTHING,
	JAVA_NUMBER,
	JAVA_TEXT,
	JAVA_CONSTANT, /* a field of another class */
	JAVA_OBJECT,   /* what the instruction at pc of the frame's method made */
};

struct java_value {
	enum java_kind kind;
	int32_t n;
	pqm_bytes text; /* of a text; of a constant: its name */
	pqm_bytes class;
	const struct java_frame *frame;
	uint32_t pc;
};

struct java_method {
	const struct pqm_jclass_member *m;
	struct pqm_jflow flow;
	struct java_frame top; /* as called by nobody known */
	bool is_called, is_handled;
	bool is_reached;     /* from main */
	size_t reached_from; /* itself: it is main */
};

struct java_look {
	const struct pqm_rules *rules;
	const struct pqm_java *java;
	const struct pqm_artifact *a;
	struct pqm_arena *arena;
	struct pqm_emit *out;
	struct pqm_jclass class;
	const struct pqm_java_lib *owner;
	struct java_method *methods;
	size_t n_methods;
	bool is_partial; /* a method could not be followed */
	bool asked;
	unsigned budget, steps;
	struct java_method **order; /* by name and descriptor */
};

/* java_value.c */
struct java_value java_eval(struct java_look *k, const struct java_frame *f, struct pqm_jval v);
/* Argument n of a call, the receiver not counted. */
struct java_value java_arg(
	struct java_look *k, const struct java_frame *f, const struct pqm_jcall *c, int n);
/* The call that made an object: its constructor, or what gave it. NULL: neither. */
const struct pqm_jcall *java_maker(const struct java_look *k, const struct java_value *v);
/* The strings of an array; false when not all of it is known. */
bool java_list(
	struct java_look *k, const struct java_value *v, pqm_bytes out[JAVA_LIST_MAX], size_t *n);
/* Makes k->order; false without memory. */
bool java_order(struct java_look *k);

/* One call or store more is gone through; false: it was enough. */
static inline bool java_step(struct java_look *k)
{
	if (k->steps > 0)
		k->steps--;
	return k->steps > 0;
}

/* The index of the method of this class that ref means, or n_methods. */
size_t java_method_of(const struct java_look *k, const struct pqm_jclass_ref *ref);

/* java_use.c: goes through the calls of the class and emits what they mean. */
enum pqm_st java_uses(struct java_look *k, struct pqm_err *err);

/* java_jar.c: manifests, pom.properties and a runtime's release file. */
bool java_is_metadata(const struct pqm_artifact *a);
enum pqm_st java_metadata(struct java_look *k);

#endif
