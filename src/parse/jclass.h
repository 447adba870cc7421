/*
 * jclass.h — Java class files: the constant pool, fields, methods and their code.
 *
 * Shape:     open reads the constant pool and the names of the class; members then reads fields and
 *            methods. Constants are asked for by their index; one that is not there, or of another
 *            kind, is empty.
 * Units:     bytes; offsets from the start of the class file.
 * Ownership: borrows the body; names are slices of it. Tables are in the caller's arena.
 * Errors:    PQM_EPARSE "class file: at byte N: words", bad_off is that N; PQM_ENOMEM.
 * Threads:   one handle, one thread.
 * Limits:    counts are 16 bits wide, and each element must have its bytes in the body before
 *            anything is allocated for it.
 * Standard:  The Java Virtual Machine Specification, Java SE 25, chapter 4.
 */
#ifndef PQM_PARSE_JCLASS_H
#define PQM_PARSE_JCLASS_H

#include "base/arena.h"

enum pqm_jclass_tag {
	PQM_J_UTF8 = 1,
	PQM_J_INT = 3,
	PQM_J_FLOAT,
	PQM_J_LONG,
	PQM_J_DOUBLE,
	PQM_J_CLASS,
	PQM_J_STRING,
	PQM_J_FIELD,
	PQM_J_METHOD,
	PQM_J_IMETHOD, /* of an interface */
	PQM_J_NAMETYPE,
	PQM_J_HANDLE = 15,
	PQM_J_METHODTYPE,
	PQM_J_DYNAMIC,
	PQM_J_INDY,
	PQM_J_MODULE,
	PQM_J_PACKAGE,
};

enum { /* access flags that matter here */
	PQM_J_PRIVATE = 0x0002,
	PQM_J_STATIC = 0x0008,
	PQM_J_FINAL = 0x0010,
	PQM_J_NATIVE = 0x0100,
};

struct pqm_jclass_ref { /* of a field or method */
	pqm_bytes class, name, desc;
};

struct pqm_jclass_member {
	pqm_bytes name, desc;
	uint16_t access;
	uint16_t constant; /* of a field: index of its ConstantValue; 0: none */
	bool is_annotated;
	pqm_bytes code; /* empty: none */
	uint16_t max_stack, max_locals;
	pqm_bytes handlers; /* rows of start, end, handler and type, two bytes each */
};

struct pqm_jclass {
	uint16_t major, access;
	pqm_bytes name, super; /* a/b/C */
	/* Other classes of its nest may touch what is private [JVMS §4.7.28]. */
	bool has_nest;
	struct pqm_jclass_member *fields, *methods;
	size_t n_fields, n_methods;
	uint64_t bad_off; /* after an error: where */
	uint64_t work;	  /* that jclass_flow.c may still do */

	/* For jclass.c. */
	pqm_bytes body;
	struct pqm_arena *arena;
	uint32_t *at; /* by index: where its tag stands; 0: nothing there */
	size_t n_at;
	size_t members_at;
};

/* True for a class file; fat Mach-O files begin with the same four bytes. */
bool pqm_jclass_looks(pqm_bytes head);
enum pqm_st pqm_jclass_open(struct pqm_jclass *c, pqm_bytes body, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_jclass_members(struct pqm_jclass *c, struct pqm_err *err) PQM_MUST_USE;

/* 0: nothing there. */
unsigned pqm_jclass_tag(const struct pqm_jclass *c, size_t index);
/* Of a Utf8, Class, String, MethodType, Module or Package: its text. */
pqm_bytes pqm_jclass_text(const struct pqm_jclass *c, size_t index);
bool pqm_jclass_int(const struct pqm_jclass *c, size_t index, int32_t *out);
/* Of a Fieldref, Methodref, InterfaceMethodref or InvokeDynamic (class is empty then). */
bool pqm_jclass_ref(const struct pqm_jclass *c, size_t index, struct pqm_jclass_ref *out);
/* The index of what a MethodHandle refers to; 0: it is none. */
size_t pqm_jclass_handle(const struct pqm_jclass *c, size_t index);

#endif
