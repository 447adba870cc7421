#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static _Atomic(int) max_level = PQM_WARN;

void pqm_log_level(enum pqm_level level)
{
	atomic_store(&max_level, (int)level);
}

void pqm_log(enum pqm_level level, const char *area, const char *fmt, ...)
{
	struct pqm_err line;
	char words[480];
	va_list ap;

	if ((int)level > atomic_load(&max_level))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	(void)pqm_fail(&line, PQM_OK, "%s", words); /* makes it one printable line */
	if (level >= PQM_INFO)
		(void)fprintf(stderr, "pqmap: %s: %s\n", area, line.msg);
	else
		(void)fprintf(stderr, "pqmap: %s\n", line.msg);
}
