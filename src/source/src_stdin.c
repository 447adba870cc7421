/* Standard input as one artifact. */
#include <errno.h>

#include "base/limits.h"
#include "source.h"

static bool accepts(const char *target)
{
	return strcmp(target, "-") == 0;
}

static enum pqm_st walk(const char *target, struct pqm_sink *s, struct pqm_err *err)
{
	struct pqm_buf b;
	enum pqm_st st = PQM_OK;
	ssize_t r = 0;

	(void)target;
	pqm_buf_init(&b, PQM_STDIN_BYTES);
	while (st == PQM_OK) {
		if (!pqm_buf_reserve(&b, (size_t)64 << 10)) {
			st = pqm_fail(err, PQM_ELIMIT,
				"standard input: over the 256 MiB limit; save it to a file and "
				"scan that");
			break;
		}
		r = read(STDIN_FILENO, b.p + b.n, (size_t)64 << 10);
		if (r == 0)
			break;
		if (r > 0)
			b.n += (size_t)r;
		else if (errno != EINTR)
			st = pqm_fail(err, PQM_EIO, "standard input: %s", strerrordesc_np(errno));
	}
	if (st == PQM_OK)
		st = s->bytes(s, pqm_buf_bytes(&b), PQM_LIT("(stdin)"), err);
	pqm_buf_wipe(&b); /* it may be a private key */
	return st;
}

const struct pqm_source pqm_src_stdin = {
	.name = "stdin",
	.summary = "- reads standard input as one file",
	.accepts = accepts,
	.walk = walk,
};
