#include "hybio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <termios.h>

#include "base/bytes.h"
#include "base/num.h"
#include "base/sys.h"

#define JOBS_MAX 64
#define YEARS_MAX 1000

/* ---- input ---- */

static const char *shown(const char *path)
{
	return path == NULL || strcmp(path, "-") == 0 ? "standard input" : path;
}

/* A key or signature was read from standard input, to its end. */
static bool is_stdin_spent;

enum pqm_st hybio_open(int *fd, const char *path, struct pqm_err *err)
{
	*fd = STDIN_FILENO;
	if (path == NULL || strcmp(path, "-") == 0)
		return is_stdin_spent ? pqm_fail(err, PQM_EUSAGE,
						"standard input gives one thing, and a key or "
						"signature was read from it: name a file for "
						"the rest")
				      : PQM_OK;
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return pqm_fail(err, PQM_EIO, "%s: %s", path, strerror(errno));
	return PQM_OK;
}

/* Up to max bytes or a newline when `line`; -1 with errno. *more: there is another byte. */
static ssize_t read_some(uint8_t *out, size_t max, int fd, bool line, bool *more)
{
	size_t n = 0;
	uint8_t extra;

	*more = false;
	for (;;) {
		bool is_full = n == max;
		ssize_t got = read(fd, is_full ? &extra : out + n, is_full || line ? 1 : max - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -1 : (ssize_t)n;
		if (line && *(is_full ? &extra : out + n) == '\n')
			return (ssize_t)n;
		if (is_full) {
			*more = true;
			return (ssize_t)n;
		}
		n += (size_t)got;
	}
}

enum pqm_st hybio_slurp(uint8_t *out, size_t *n, size_t max, const char *path, struct pqm_err *err)
{
	enum pqm_st st;
	ssize_t got;
	bool more;
	int fd;

	*n = 0;
	st = hybio_open(&fd, path, err);
	if (st != PQM_OK)
		return st;
	got = read_some(out, max, fd, false, &more);
	if (got < 0)
		st = pqm_fail(err, PQM_EIO, "%s: read failed: %s", shown(path), strerror(errno));
	else if (more)
		st = pqm_fail(err, PQM_ELIMIT, "%s: more than %zu bytes; no file of this kind is",
			shown(path), max);
	else
		*n = (size_t)got;
	if (fd != STDIN_FILENO)
		(void)close(fd);
	else
		is_stdin_spent = true;
	return st;
}

/* ---- passphrases ---- */

static enum pqm_st pass_from(uint8_t *out, size_t *n, int fd, const char *name, struct pqm_err *err)
{
	bool more;
	ssize_t got = read_some(out, HYBIO_PASS_MAX, fd, true, &more);

	*n = 0;
	if (got < 0)
		return pqm_fail(
			err, PQM_EIO, "%s: no passphrase can be read: %s", name, strerror(errno));
	if (got > 0 && out[got - 1] == '\r')
		got--;
	if (more)
		return pqm_fail(err, PQM_ELIMIT, "%s: a passphrase of more than %d bytes", name,
			HYBIO_PASS_MAX);
	if (got == 0)
		return pqm_fail(err, PQM_EUSAGE, "%s: the passphrase is empty", name);
	*n = (size_t)got;
	return PQM_OK;
}

enum pqm_st hybio_pass_option(
	uint8_t *out, size_t *n, bool *given, const struct pqm_args *a, struct pqm_err *err)
{
	const char *fd_text = pqm_arg(a, "passphrase-fd"), *path = pqm_arg(a, "passphrase-file");
	enum pqm_st st;
	uint64_t v;
	int fd;

	(void)mlock(out, HYBIO_PASS_MAX);
	*given = fd_text != NULL || path != NULL;
	*n = 0;
	if (fd_text != NULL && path != NULL)
		return pqm_fail(err, PQM_EUSAGE,
			"--passphrase-fd and --passphrase-file: give one of the two");
	if (fd_text != NULL) {
		if (!pqm_u64_parse(pqm_str(fd_text), 1 << 20, &v))
			return pqm_fail(err, PQM_EUSAGE,
				"--passphrase-fd %s: give the number of an open descriptor",
				fd_text);
		return pass_from(out, n, (int)v, "--passphrase-fd", err);
	}
	if (path == NULL)
		return PQM_OK;
	st = hybio_open(&fd, path, err);
	if (st == PQM_OK) {
		st = pass_from(out, n, fd, shown(path), err);
		if (fd != STDIN_FILENO)
			(void)close(fd);
	}
	return st;
}

/*
 * A signal while the echo is off: the terminal gets it back first. Whoever stops us and goes on finds it
 * off again, so that the rest of the passphrase is not shown.
 */
static struct {
	int fd;
	struct termios saved, quiet;
} silent;

static void restore_echo(int sig);

/* What is ignored, under nohup for instance, stays so. */
static void on(int sig, struct sigaction *old)
{
	struct sigaction sa = { .sa_handler = restore_echo,
		.sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };

	if (sigaction(sig, NULL, old) == 0 && old->sa_handler != SIG_IGN)
		(void)sigaction(sig, &sa, NULL);
}

static void restore_echo(int sig)
{
	struct sigaction now;
	int why = errno;

	(void)tcsetattr(silent.fd, TCSAFLUSH, &silent.saved);
	(void)raise(sig); /* SA_RESETHAND and SA_NODEFER: only a stop comes back */
	on(sig, &now);
	(void)tcsetattr(silent.fd, TCSAFLUSH, &silent.quiet);
	errno = why;
}

static enum pqm_st ask_silently(uint8_t *out, size_t *n, int tty, struct pqm_err *err)
{
	static const int sigs[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP };
	struct sigaction old[sizeof(sigs) / sizeof(sigs[0])];
	enum pqm_st st;

	silent.quiet = silent.saved;
	silent.quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		on(sigs[i], &old[i]);
	if (tcsetattr(tty, TCSAFLUSH, &silent.quiet) == 0)
		st = pass_from(out, n, tty, "terminal", err);
	else
		st = pqm_fail(err, PQM_EIO, "terminal: the echo cannot be turned off: %s",
			strerror(errno));
	(void)tcsetattr(tty, TCSAFLUSH, &silent.saved);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		(void)sigaction(sigs[i], &old[i], NULL);
	return st;
}

enum pqm_st hybio_pass_ask(uint8_t *out, size_t *n, const char *prompt, struct pqm_err *err)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	enum pqm_st st;

	(void)mlock(out, HYBIO_PASS_MAX);
	*n = 0;
	if (tty < 0 || tcgetattr(tty, &silent.saved) != 0) {
		if (tty >= 0)
			(void)close(tty);
		return pqm_fail(err, PQM_EUSAGE,
			"a passphrase is needed and there is no terminal to ask on: give "
			"--passphrase-fd N or --passphrase-file FILE");
	}
	silent.fd = tty;
	(void)dprintf(tty, "%s: ", prompt);
	st = ask_silently(out, n, tty, err);
	(void)dprintf(tty, "\n");
	(void)close(tty);
	return st;
}

/* ---- keys ---- */

static enum pqm_st key_failed(
	enum hyb_st st, const char *path, const char *kind, struct pqm_err *err)
{
	if (st == HYB_E_SUITE)
		return pqm_fail(err, PQM_EPARSE,
			"%s: a %s key of an algorithm%s that libhyb does not have; `pqmap help "
			"keygen` lists its own",
			path, kind, strcmp(kind, "private") == 0 ? ", or encrypted in a way," : "");
	if (st == HYB_E_LIMIT)
		return pqm_fail(err, PQM_ELIMIT,
			"%s: encrypted by scrypt with more than 256 MiB of memory, or with numbers "
			"that scrypt does not have; encrypt it again with less",
			path);
	if (st == HYB_E_FORMAT)
		return pqm_fail(err, PQM_EPARSE,
			"%s: no %s key in PEM or DER as `pqmap keygen` writes it, or damaged", path,
			kind);
	if (st == HYB_E_BAD_KEY)
		return pqm_fail(err, PQM_EPARSE,
			"%s: the %s key fails the checks of its standard: damaged or badly made",
			path, kind);
	if (st == HYB_E_PASSPHRASE)
		return pqm_fail(err, PQM_EPARSE,
			"%s: wrong passphrase, or the file is damaged; try again", path);
	return pqm_fail(err, PQM_EIO, "%s: %s", path, hyb_st_text(st));
}

static bool looks_like(const uint8_t *file, size_t n, const char *label)
{
	return pqm_starts((pqm_bytes){ file, n }, pqm_str(label));
}

enum pqm_st hybio_public(struct hyb_public *k, const char *path, struct pqm_err *err)
{
	uint8_t file[HYB_KEY_FILE_MAX];
	enum hyb_st st;
	size_t n;
	enum pqm_st got = hybio_slurp(file, &n, sizeof(file), path, err);

	if (got != PQM_OK)
		return got;
	st = hyb_public_read(k, (hyb_bytes){ file, n });
	if (st != HYB_OK &&
		(looks_like(file, n, "-----BEGIN PRIVATE KEY") ||
			looks_like(file, n, "-----BEGIN ENCRYPTED PRIVATE KEY")))
		got = pqm_fail(err, PQM_EPARSE, "%s is a private key: give its public half, %s.pub",
			path, path);
	else if (st != HYB_OK)
		got = key_failed(st, path, "public", err);
	hyb_wipe(file, sizeof(file));
	return got;
}

static enum pqm_st private_asking(struct hyb_private *k, const char *path, hyb_bytes file,
	const struct pqm_args *a, struct pqm_err *err)
{
	uint8_t pass[HYBIO_PASS_MAX];
	char prompt[256];
	enum pqm_st st;
	bool given;
	size_t n;

	st = hybio_pass_option(pass, &n, &given, a, err);
	if (st == PQM_OK && !given) {
		(void)snprintf(prompt, sizeof(prompt), "passphrase of %.200s", path);
		st = hybio_pass_ask(pass, &n, prompt, err);
	}
	if (st == PQM_OK) {
		enum hyb_st read = hyb_private_read(k, file, (hyb_bytes){ pass, n });

		if (read != HYB_OK)
			st = key_failed(read, path, "private", err);
	}
	hyb_wipe(pass, sizeof(pass));
	(void)munlock(pass, sizeof(pass));
	return st;
}

enum pqm_st hybio_private(
	struct hyb_private *k, const char *path, const struct pqm_args *a, struct pqm_err *err)
{
	uint8_t file[HYB_KEY_FILE_MAX] = { 0 };
	enum hyb_st st;
	size_t n;
	enum pqm_st got;

	(void)mlock(file, sizeof(file));
	(void)mlock(k, sizeof(*k));
	got = hybio_slurp(file, &n, sizeof(file), path, err);
	if (got == PQM_OK) {
		st = hyb_private_read(k, (hyb_bytes){ file, n }, (hyb_bytes){ NULL, 0 });
		if (st == HYB_E_PASSPHRASE)
			got = private_asking(k, path, (hyb_bytes){ file, n }, a, err);
		else if (st != HYB_OK && looks_like(file, n, "-----BEGIN PUBLIC KEY"))
			got = pqm_fail(err, PQM_EPARSE,
				"%s is a public key: give the private key that it belongs to",
				path);
		else if (st != HYB_OK)
			got = key_failed(st, path, "private", err);
	}
	hyb_wipe(file, sizeof(file));
	(void)munlock(file, sizeof(file));
	return got;
}

/* ---- words ---- */

size_t hybio_values(const char **out, size_t max, const struct pqm_args *a, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_given; i++)
		if (strcmp(a->given[i].opt->name, name) == 0) {
			if (n < max)
				out[n] = a->given[i].value;
			n++;
		}
	return n;
}

enum pqm_st hybio_life(uint64_t *years, const struct pqm_args *a, struct pqm_err *err)
{
	const char *text = pqm_arg(a, "life");
	pqm_bytes b = pqm_str(text);

	*years = 0;
	if (text == NULL)
		return PQM_OK;
	if (b.n > 1 && b.p[b.n - 1] == 'y')
		b.n--;
	if (!pqm_u64_parse(b, YEARS_MAX, years))
		return pqm_fail(
			err, PQM_EUSAGE, "--life %s: give whole years, as in --life 25y", text);
	return PQM_OK;
}

enum pqm_st hybio_format(bool *json, const struct pqm_args *a, struct pqm_err *err)
{
	const char *format = pqm_arg(a, "output");

	*json = format != NULL;
	if (format != NULL && strcmp(format, "json") != 0)
		return pqm_fail(err, PQM_EUSAGE,
			"-o %s: this command reports in json only; the output file is --out",
			format);
	return PQM_OK;
}

enum pqm_st hybio_input(const char **path, const struct pqm_args *a, struct pqm_err *err)
{
	if (a->n_positional > 1)
		return pqm_fail(err, PQM_EUSAGE, "%s: one input file at a time", a->positional[1]);
	*path = a->n_positional == 1 && strcmp(a->positional[0], "-") != 0 ? a->positional[0]
									   : NULL;
	return PQM_OK;
}

enum pqm_st hybio_jobs(unsigned *n, const struct pqm_args *a, struct pqm_err *err)
{
	const char *text = pqm_arg(a, "jobs");
	uint64_t v = pqm_sys_cpus();

	if (text != NULL && (!pqm_u64_parse(pqm_str(text), JOBS_MAX, &v) || v == 0))
		return pqm_fail(err, PQM_EUSAGE, "-j %s: give 1 to %d threads", text, JOBS_MAX);
	*n = (unsigned)(v < JOBS_MAX ? v : JOBS_MAX);
	return PQM_OK;
}

const char *hybio_suite_name(const struct hyb_public *k)
{
	return k->kind == HYB_KEY_KEM ? k->kem->name : k->sig->name;
}

unsigned hybio_category(const struct hyb_public *k)
{
	return k->kind == HYB_KEY_KEM ? k->kem->category : k->sig->category;
}

const char *hybio_kind(const struct hyb_public *k)
{
	return k->kind == HYB_KEY_KEM ? "sealing" : "signing";
}

const char *hybio_short_id(char out[17], const uint8_t id[HYB_KEY_ID_BYTES])
{
	pqm_hex(out, id, 8);
	return out;
}

void hybio_js_key(struct pqm_out *o, const struct hyb_public *k)
{
	char id[2 * HYB_KEY_ID_BYTES + 1];

	pqm_hex(id, k->id, HYB_KEY_ID_BYTES);
	pqm_js_cstr(o, "suite", hybio_suite_name(k));
	pqm_js_cstr(o, "use", k->kind == HYB_KEY_KEM ? "seal" : "sign");
	pqm_js_u64(o, "category", hybio_category(k));
	pqm_js_bool(o, "hybrid", k->kind == HYB_KEY_KEM ? k->kem->is_hybrid : k->sig->is_hybrid);
	pqm_js_cstr(o, "oid", k->kind == HYB_KEY_KEM ? k->kem->oid : k->sig->oid);
	pqm_js_cstr(o, "key_id", id);
}

/* Did a check of authenticity fail, as against a file that is missing or of another kind? */
static bool is_refusal(enum hyb_st st)
{
	switch (st) {
	case HYB_E_WRONG_KEY:
	case HYB_E_OPEN:
	case HYB_E_SIGNATURE:
	case HYB_E_UNSIGNED:
	case HYB_E_TRUNCATED:
	case HYB_E_TRAILING:
	case HYB_E_STALE:
	case HYB_E_REPLAY:
	case HYB_E_AUDIENCE:
		return true;
	case HYB_OK:
	case HYB_E_ARG:
	case HYB_E_BAD_KEY:
	case HYB_E_RNG:
	case HYB_E_CRYPTO:
	case HYB_E_BACKEND:
	case HYB_E_FORMAT:
	case HYB_E_VERSION:
	case HYB_E_SUITE:
	case HYB_E_LIMIT:
	case HYB_E_IO:
	case HYB_E_PASSPHRASE:
		return false;
	}
	return false;
}

const char *hybio_blame(enum hyb_st st, const char *in, const struct hybio_out *out)
{
	bool is_write = errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EPIPE;

	if (st != HYB_E_IO || !is_write)
		return in;
	return out->dir < 0 ? "standard output" : out->path;
}

enum pqm_st hybio_refuse(struct pqm_app *app, enum hyb_st st, const char *path, const char *next)
{
	const char *words = st == HYB_E_IO ? strerror(errno) : hyb_st_text(st);
	const char *sep = next != NULL ? "; " : "";

	if (next == NULL)
		next = "";
	if (is_refusal(st)) {
		pqm_log(PQM_ERROR, "cli", "%s: %s%s%s", shown(path), words, sep, next);
		app->exit_code = 1;
		return PQM_OK;
	}
	return pqm_fail(app->err, st == HYB_E_IO || st == HYB_E_RNG ? PQM_EIO : PQM_EPARSE,
		"%s: %s%s%s", shown(path), words, sep, next);
}
