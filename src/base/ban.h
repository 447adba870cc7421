/*
 * ban.h — calls that this code base does not make, as compile errors.
 *
 * Shape:     includes the headers that declare them, then poisons the identifiers.
 * Why:       unbounded writes, hidden state, locale or shell; STYLE.md §2 names the replacements.
 */
#ifndef PQM_BASE_BAN_H
#define PQM_BASE_BAN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef PQM_ALLOW_BANNED
#undef alloca
/* With fortification some of them are macros: as such they would escape the poison. */
#undef strcat
#undef strcpy
#undef strncat
#undef strncpy
#undef sprintf
#undef vsprintf
#undef gets
#undef strtok_r
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf sscanf gets strtok strtok_r
#pragma GCC poison atoi atol atof strtol strtoul strtod gmtime localtime ctime asctime
#pragma GCC poison system popen rand srand tmpnam mktemp alloca
#endif

#endif
