#include <errno.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/num.h"
#include "hyb/sha2.h"
#include "hybio.h"

#define MAGIC "pqmapsig"
#define VERSION 1
#define HEAD_BYTES (8 + 1 + HYB_KEY_ID_BYTES + 8 + 2)
#define BEGIN "-----BEGIN PQMAP SIGNATURE-----\n"
#define END "-----END PQMAP SIGNATURE-----\n"
#define LINE 64

size_t hybio_sig_write(char out[HYBIO_SIG_FILE_MAX], const struct hybio_sig *s)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t b[HEAD_BYTES + HYB_SIG_SIG_MAX + 2] = { 0 };
	size_t n = HEAD_BYTES + s->n, at = sizeof(BEGIN) - 1;

	memcpy(b, MAGIC, 8);
	b[8] = VERSION;
	memcpy(b + 9, s->key_id, HYB_KEY_ID_BYTES);
	hyb_store64be(b + 9 + HYB_KEY_ID_BYTES, s->time);
	hyb_store16be(b + HEAD_BYTES - 2, s->n);
	memcpy(b + HEAD_BYTES, s->sig, s->n);
	memcpy(out, BEGIN, at);
	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)b[i] << 16 | (unsigned)b[i + 1] << 8 | b[i + 2];

		out[at++] = digits[v >> 18];
		out[at++] = digits[v >> 12 & 63];
		out[at++] = i + 1 < n ? digits[v >> 6 & 63] : '=';
		out[at++] = i + 2 < n ? digits[v & 63] : '=';
		if ((i / 3 + 1) % (LINE / 4) == 0 || i + 3 >= n)
			out[at++] = '\n';
	}
	memcpy(out + at, END, sizeof(END) - 1);
	return at + sizeof(END) - 1;
}

static enum pqm_st not_ours(const char *path, struct pqm_err *err)
{
	return pqm_fail(err, PQM_EPARSE,
		"%s: not a signature file of `pqmap sign`, or damaged; plain signatures are "
		"checked "
		"with --raw",
		path);
}

static enum pqm_st read_octets(
	struct hybio_sig *s, pqm_bytes b, const char *path, struct pqm_err *err)
{
	if (b.n < HEAD_BYTES || !pqm_starts(b, PQM_LIT(MAGIC)))
		return not_ours(path, err);
	if (b.p[8] != VERSION)
		return pqm_fail(err, PQM_EPARSE,
			"%s: a signature file of version %u; this pqmap reads version %d", path,
			b.p[8], VERSION);
	s->n = (size_t)b.p[HEAD_BYTES - 2] << 8 | b.p[HEAD_BYTES - 1];
	if (s->n != b.n - HEAD_BYTES || s->n > sizeof(s->sig))
		return not_ours(path, err);
	memcpy(s->key_id, b.p + 9, HYB_KEY_ID_BYTES);
	s->time = hyb_load64be(b.p + 9 + HYB_KEY_ID_BYTES);
	memcpy(s->sig, b.p + HEAD_BYTES, s->n);
	return PQM_OK;
}

/* Lines that a mail program or a checkout on Windows ended with CR LF end with LF again. */
static pqm_bytes without_cr(uint8_t out[HYBIO_SIG_FILE_MAX], pqm_bytes file)
{
	size_t n = 0;

	for (size_t i = 0; i < file.n && i < HYBIO_SIG_FILE_MAX; i++)
		if (file.p[i] != '\r' || i + 1 == file.n || file.p[i + 1] != '\n')
			out[n++] = file.p[i];
	return (pqm_bytes){ out, n };
}

enum pqm_st hybio_sig_read(
	struct hybio_sig *s, pqm_bytes file, const char *path, struct pqm_err *err)
{
	uint8_t lines[HYBIO_SIG_FILE_MAX];
	char again[HYBIO_SIG_FILE_MAX];
	struct pqm_buf octets;
	enum pqm_st st;
	pqm_bytes body;

	*s = (struct hybio_sig){ 0 };
	file = without_cr(lines, file);
	if (!pqm_starts(file, PQM_LIT(BEGIN)) || file.n < sizeof(BEGIN) + sizeof(END))
		return not_ours(path, err);
	body = pqm_sub(file, sizeof(BEGIN) - 1, file.n - (sizeof(BEGIN) + sizeof(END) - 2));
	pqm_buf_init(&octets, HYBIO_SIG_FILE_MAX);
	st = pqm_base64(&octets, body, NULL) ? read_octets(s, pqm_buf_bytes(&octets), path, err)
					     : not_ours(path, err);
	pqm_buf_fini(&octets);
	/* one encoding only, line ends apart: what we would write is what we read */
	if (st == PQM_OK &&
		!pqm_eq((pqm_bytes){ (const uint8_t *)again, hybio_sig_write(again, s) }, file))
		st = not_ours(path, err);
	return st;
}

hyb_bytes hybio_sig_context(uint8_t out[255], uint64_t time, const char *user)
{
	size_t n = sizeof(HYBIO_SIG_DOMAIN), user_n = user != NULL ? strlen(user) : 0;

	memcpy(out, HYBIO_SIG_DOMAIN, n); /* with its NUL */
	hyb_store64be(out + n, time);
	n += 8;
	if (user_n > 0)
		memcpy(out + n, user, user_n);
	return (hyb_bytes){ out, n + user_n };
}

const char *hybio_time(char out[32], uint64_t seconds)
{
	char day[16];
	unsigned s = (unsigned)(seconds % 86400);

	if (seconds / 86400 > 2932896) /* the last day of the year 9999 */
		(void)snprintf(out, 32, "after the year 9999");
	else {
		pqm_date_format(day, (int64_t)(seconds / 86400));
		(void)snprintf(
			out, 32, "%.10sT%02u:%02u:%02uZ", day, s / 3600, s / 60 % 60, s % 60);
	}
	return out;
}

enum pqm_st hybio_check_context(const char *context, bool raw, struct pqm_err *err)
{
	size_t max = raw ? 255 : HYBIO_CONTEXT_MAX;

	if (context != NULL && strlen(context) > max)
		return pqm_fail(err, PQM_EUSAGE, "--context: %zu bytes; at most %zu fit",
			strlen(context), max);
	return PQM_OK;
}

enum pqm_st hybio_message(struct pqm_buf *m, const char *path, struct pqm_err *err)
{
	const char *name = path != NULL ? path : "standard input";
	enum pqm_st st;
	ssize_t got = 1;
	int fd;

	pqm_buf_init(m, HYBIO_MESSAGE_MAX + 1);
	st = hybio_open(&fd, path, err);
	if (st != PQM_OK)
		return st;
	while (got != 0 && st == PQM_OK) {
		if (!pqm_buf_reserve(m, PQM_READ_CHUNK_BYTES) && !pqm_buf_reserve(m, 1)) {
			st = pqm_fail(err, PQM_ELIMIT,
				"%s: --raw takes at most %zu MiB; sign without --raw", name,
				HYBIO_MESSAGE_MAX >> 20);
			break;
		}
		got = read(fd, m->p + m->n, m->cap - m->n);
		if (got < 0 && errno != EINTR)
			st = pqm_fail(err, PQM_EIO, "%s: read failed: %s", name, strerror(errno));
		else if (got > 0)
			m->n += (size_t)got;
	}
	if (fd != STDIN_FILENO)
		(void)close(fd);
	return st;
}

enum pqm_st hybio_digest(uint8_t out[64], size_t *n, const struct hyb_public *k, const char *path,
	struct pqm_err *err)
{
	static uint8_t chunk[PQM_READ_CHUNK_BYTES];
	bool is_256 = k->sig->id == HYB_SIG_MLDSA44_P256;
	struct hyb_sha256 h256;
	struct hyb_sha512 h512;
	enum pqm_st st;
	ssize_t got;
	int fd;

	st = hybio_open(&fd, path, err);
	if (st != PQM_OK)
		return st;
	hyb_sha256_init(&h256);
	hyb_sha512_init(&h512);
	while ((got = read(fd, chunk, sizeof(chunk))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		if (is_256)
			hyb_sha256_update(&h256, chunk, (size_t)got);
		else
			hyb_sha512_update(&h512, chunk, (size_t)got);
	}
	if (got < 0)
		st = pqm_fail(err, PQM_EIO, "%s: read failed: %s",
			path != NULL ? path : "standard input", strerror(errno));
	if (fd != STDIN_FILENO)
		(void)close(fd);
	*n = is_256 ? 32 : 64;
	if (is_256)
		hyb_sha256_final(&h256, out);
	else
		hyb_sha512_final(&h512, out);
	return st;
}

void hybio_digest_of(uint8_t out[64], size_t *n, const struct hyb_public *k, pqm_bytes in)
{
	struct hyb_sha256 h256;
	struct hyb_sha512 h512;

	*n = k->sig->id == HYB_SIG_MLDSA44_P256 ? 32 : 64;
	if (*n == 32) {
		hyb_sha256_init(&h256);
		hyb_sha256_update(&h256, in.p, in.n);
		hyb_sha256_final(&h256, out);
	} else {
		hyb_sha512_init(&h512);
		hyb_sha512_update(&h512, in.p, in.n);
		hyb_sha512_final(&h512, out);
	}
}
