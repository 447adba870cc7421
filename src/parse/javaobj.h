/*
 * javaobj.h — steps over one object of a Java serialization stream, to find its end.
 *
 * Shape:     a cursor moves from the stream's magic to behind its first object.
 * Ownership: borrows; nothing is kept, nothing is decoded.
 * Errors:    false = malformed, over a limit, or a form that key stores do not use (proxies,
 *            exceptions, enums); the cursor is finished.
 * Threads:   pure.
 * Limits:    PQM_JAVA_HANDLES, PQM_JAVA_DEPTH, 16 fields a class.
 * Standard:  Java Object Serialization Specification, version 6.0, chapter 6.4.
 */
#ifndef PQM_PARSE_JAVAOBJ_H
#define PQM_PARSE_JAVAOBJ_H

#include "base/cur.h"

bool pqm_java_skip_object(struct pqm_cur *c);

#endif
