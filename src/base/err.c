#include "err.h"

#include <stdarg.h>
#include <stdio.h>

enum pqm_st pqm_fail(struct pqm_err *err, enum pqm_st st, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return st;
	err->st = st;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	for (char *p = err->msg; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return st;
}

const char *pqm_st_name(enum pqm_st st)
{
	switch (st) {
	case PQM_OK:
		return "ok";
	case PQM_EPARSE:
		return "malformed";
	case PQM_ELIMIT:
		return "over-limit";
	case PQM_EIO:
		return "unreadable";
	case PQM_ENET:
		return "network";
	case PQM_ENOMEM:
		return "memory";
	case PQM_EUSAGE:
		return "usage";
	case PQM_EINTERNAL:
		return "internal";
	}
	return "?";
}
