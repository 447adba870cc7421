#include <errno.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/num.h"
#include "hybio.h"
#include "parse/json.h"

#define SENDERS_MAX 64
/* Header of a safetensors file, in its first bytes: the format's own limit. */
#define SAFETENSORS_HEADER_MAX ((size_t)100000000)

struct request {
	const char *in, *out, *key, *range, *tensor;
	size_t n_from;
	const char *from[SENDERS_MAX];
	bool json, force;
};

static const char *hint(enum hyb_st st, const struct hyb_open_opts *o)
{
	switch (st) {
	case HYB_E_WRONG_KEY:
		return "open it with the private key of one of its recipients";
	case HYB_E_UNSIGNED:
		return "anyone could have sealed it; --allow-unsigned opens it all the same";
	case HYB_E_SIGNATURE:
		return "it comes from another sender than --from names, or was changed";
	case HYB_E_OPEN:
		return o->context.n > 0
			? "if --context is what it was sealed with, get it again"
			: "get it again, or give the --context that it was sealed with";
	case HYB_E_TRUNCATED:
	case HYB_E_TRAILING:
		return "get it again";
	case HYB_E_VERSION:
		return "a newer pqmap may read it";
	case HYB_E_SUITE:
		return "your key may be of another suite: `pqmap open --info` names the file's";
	case HYB_E_FORMAT:
		return "`pqmap seal` makes what this opens";
	case HYB_OK:
	case HYB_E_ARG:
	case HYB_E_BAD_KEY:
	case HYB_E_RNG:
	case HYB_E_CRYPTO:
	case HYB_E_BACKEND:
	case HYB_E_LIMIT:
	case HYB_E_STALE:
	case HYB_E_REPLAY:
	case HYB_E_AUDIENCE:
	case HYB_E_IO:
	case HYB_E_PASSPHRASE:
		return NULL;
	}
	return NULL;
}

/* ---- what a sealed file says ---- */

static void write_info(struct pqm_app *app, const struct request *r, const struct hyb_file_info *i)
{
	char id[2 * HYB_KEY_ID_BYTES + 1];
	struct pqm_out *o = app->out;

	pqm_hex(id, i->sender_id, HYB_KEY_ID_BYTES);
	if (!r->json) {
		pqm_out_f(o, "suite       %s\nrecipients  %zu\nsegments    %u bytes\n",
			i->kem->name, i->n_recipients, i->segment_bytes);
		if (i->plain_bytes != UINT64_MAX)
			pqm_out_f(
				o, "content     %llu bytes\n", (unsigned long long)i->plain_bytes);
		if (i->sig != NULL)
			pqm_out_f(
				o, "sender      %s, key id %s (not verified)\n", i->sig->name, id);
		else
			pqm_out_lit(o, "sender      not signed\n");
		return;
	}
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "schema", "pqmap.sealed");
	pqm_js_u64(o, "schema_version", 1);
	pqm_js_cstr(o, "suite", i->kem->name);
	pqm_js_u64(o, "category", i->kem->category);
	pqm_js_u64(o, "recipients", i->n_recipients);
	pqm_js_u64(o, "segment_bytes", i->segment_bytes);
	pqm_js_u64(o, "header_bytes", i->header_bytes);
	if (i->plain_bytes != UINT64_MAX)
		pqm_js_u64(o, "plain_bytes", i->plain_bytes);
	else
		pqm_js_null(o, "plain_bytes");
	if (i->sig != NULL) {
		pqm_js_cstr(o, "sender_suite", i->sig->name);
		pqm_js_cstr(o, "sender_key_id", id);
	} else {
		pqm_js_null(o, "sender_suite");
		pqm_js_null(o, "sender_key_id");
	}
	pqm_js_bool(o, "verified", i->is_verified);
	pqm_js_close(o, '}');
}

static enum pqm_st info_only(struct pqm_app *app, const struct request *r, struct pqm_err *err)
{
	struct hyb_file_info info;
	enum pqm_st st;
	enum hyb_st got;
	int fd;

	st = hybio_open(&fd, r->in, err);
	if (st != PQM_OK)
		return st;
	got = hyb_file_info(&info, fd);
	if (fd != STDIN_FILENO)
		(void)close(fd);
	if (got != HYB_OK) {
		const struct hyb_open_opts none = { .context = { NULL, 0 } };

		return hybio_refuse(app, got, r->in, hint(got, &none));
	}
	write_info(app, r, &info);
	return PQM_OK;
}

/* ---- parts ---- */

static enum pqm_st parse_range(uint64_t *off, uint64_t *n, const char *text, struct pqm_err *err)
{
	const char *colon = strchr(text, ':');

	if (colon == NULL ||
		!pqm_u64_parse((pqm_bytes){ (const uint8_t *)text, (size_t)(colon - text) },
			INT64_MAX, off) ||
		!pqm_u64_parse(pqm_str(colon + 1), INT64_MAX, n))
		return pqm_fail(err, PQM_EUSAGE,
			"--range %s: give OFFSET:LENGTH in bytes, as in --range 4096:512", text);
	return PQM_OK;
}

/* Bytes [begin, end) of the tensor, behind the header [safetensors format]. */
static bool tensor_offsets(
	const struct pqm_json *header, const char *name, uint64_t *begin, uint64_t *end)
{
	const struct pqm_json *at =
		pqm_json_first(pqm_json_get(pqm_json_get(header, name), "data_offsets"));

	return pqm_json_u64(at, begin) && pqm_json_u64(pqm_json_next(at), end) && *begin <= *end;
}

static enum pqm_st find_tensor(struct pqm_app *app, const struct request *r,
	const struct hyb_file *f, uint64_t *off, uint64_t *n)
{
	struct pqm_json *header = NULL;
	uint64_t begin, end, header_n = 0;
	struct pqm_buf text;
	uint8_t le[8];
	enum hyb_st got = HYB_OK;
	enum pqm_st st;

	if (f->info.plain_bytes >= 8)
		got = hyb_file_at_read(f, le, 8, 0);
	for (unsigned i = 8; f->info.plain_bytes >= 8 && got == HYB_OK && i > 0; i--)
		header_n = header_n << 8 | le[i - 1];
	if (got != HYB_OK)
		return hybio_refuse(app, got, r->in, "get it again");
	if (header_n == 0 || header_n > SAFETENSORS_HEADER_MAX ||
		header_n > f->info.plain_bytes - 8)
		return pqm_fail(app->err, PQM_EPARSE,
			"%s: the content is no safetensors file; use --range", r->in);
	pqm_buf_init(&text, SAFETENSORS_HEADER_MAX);
	if (!pqm_buf_reserve(&text, (size_t)header_n)) {
		st = pqm_fail(app->err, PQM_ENOMEM, "out of memory");
	} else {
		got = hyb_file_at_read(f, text.p, (size_t)header_n, 8);
		text.n = (size_t)header_n;
		st = got == HYB_OK ? pqm_json_parse(&header, pqm_buf_bytes(&text),
					     SAFETENSORS_HEADER_MAX, app->err)
				   : hybio_refuse(app, got, r->in, "get it again");
	}
	if (st == PQM_OK && app->exit_code == 0) {
		if (!tensor_offsets(header, r->tensor, &begin, &end))
			st = pqm_fail(app->err, PQM_EPARSE,
				"%s: no tensor named '%s' in this safetensors file", r->in,
				r->tensor);
		else if (end > f->info.plain_bytes - 8 - header_n)
			st = pqm_fail(app->err, PQM_EPARSE,
				"%s: the content is a damaged safetensors file: tensor '%s' goes "
				"beyond its end",
				r->in, r->tensor);
		else {
			*off = 8 + header_n + begin;
			*n = end - begin;
		}
	}
	pqm_json_free(header);
	pqm_buf_wipe(&text);
	return st;
}

static enum pqm_st copy_part(struct pqm_app *app, const struct request *r, const struct hyb_file *f,
	struct hybio_out *out, uint64_t off, uint64_t n)
{
	static uint8_t chunk[4 * PQM_READ_CHUNK_BYTES];
	enum pqm_st st = PQM_OK;

	if (off > f->info.plain_bytes || n > f->info.plain_bytes - off)
		return pqm_fail(app->err, PQM_EUSAGE,
			"%s: bytes %llu to %llu are beyond its end at %llu", r->in,
			(unsigned long long)off, (unsigned long long)(off + n),
			(unsigned long long)f->info.plain_bytes);
	while (n > 0 && st == PQM_OK && app->exit_code == 0) {
		size_t now = n < sizeof(chunk) ? (size_t)n : sizeof(chunk);
		enum hyb_st got = hyb_file_at_read(f, chunk, now, off);

		if (got != HYB_OK)
			st = hybio_refuse(app, got, r->in, "get it again");
		else
			st = hybio_write(out, chunk, now, app->err);
		off += now;
		n -= now;
	}
	hyb_wipe(chunk, sizeof(chunk));
	return st;
}

static enum pqm_st open_part(struct pqm_app *app, const struct request *r, int fd,
	struct hybio_out *out, const struct hyb_open_opts *o, struct hyb_file_info *info)
{
	uint64_t off = 0, n = 0;
	struct hyb_file f;
	enum hyb_st got;
	enum pqm_st st = PQM_OK;

	if (r->range != NULL)
		st = parse_range(&off, &n, r->range, app->err);
	if (st == PQM_OK && lseek(fd, 0, SEEK_CUR) < 0)
		st = pqm_fail(app->err, PQM_EUSAGE,
			"--range and --tensor need a file that can be read at any place, not a "
			"pipe");
	if (st != PQM_OK)
		return st;
	got = hyb_file_at_begin(&f, fd, o);
	if (got != HYB_OK)
		return hybio_refuse(app, got, r->in, hint(got, o));
	*info = f.info;
	if (r->tensor != NULL)
		st = find_tensor(app, r, &f, &off, &n);
	if (st == PQM_OK && app->exit_code == 0)
		st = copy_part(app, r, &f, out, off, n);
	hyb_file_at_end(&f);
	return st;
}

/* ---- the whole ---- */

static enum pqm_st open_whole(struct pqm_app *app, const struct request *r, int fd,
	struct hybio_out *out, struct hyb_open_opts *o, struct hyb_file_info *info)
{
	struct hybio_progress progress;
	enum hyb_st got;
	enum pqm_st st;

	hybio_progress_start(&progress, app, "opened", fd);
	o->progress = hybio_progress;
	o->progress_ctx = &progress;
	got = hyb_file_open(out->fd, fd, o, info);
	hybio_progress_end(&progress);
	if (got == HYB_OK)
		return PQM_OK;
	st = hybio_refuse(app, got, hybio_blame(got, r->in, out), hint(got, o));
	if (out->dir < 0)
		pqm_log(PQM_ERROR, "cli",
			"standard output: what came out before is verified but not the whole: "
			"discard it");
	return st;
}

static enum pqm_st open_to(struct pqm_app *app, const struct request *r, int fd,
	struct hyb_open_opts *o, struct pqm_err *err)
{
	struct hyb_file_info info = { .kem = NULL };
	struct hybio_out out;
	enum pqm_st st = hybio_begin(&out, r->out, 0600, r->force, err);

	if (st == PQM_OK)
		st = hybio_check_apart(&out, r->in, r->key, err);
	if (st == PQM_OK)
		st = r->range != NULL || r->tensor != NULL ? open_part(app, r, fd, &out, o, &info)
							   : open_whole(app, r, fd, &out, o, &info);
	if (st == PQM_OK && app->exit_code == 0) {
		st = hybio_commit(&out, err);
		if (st == PQM_OK && r->json && info.kem != NULL)
			write_info(app, r, &info);
		if (st == PQM_OK && !info.is_verified)
			pqm_log(PQM_WARN, "cli",
				"%s was not signed by any accepted sender: its origin is not known",
				r->in != NULL ? r->in : "standard input");
	}
	hybio_abort(&out);
	return st;
}

static enum pqm_st prepare(
	struct pqm_app *app, const struct request *r, const struct pqm_args *a, struct pqm_err *err)
{
	struct hyb_private key = { .n = 0 };
	struct hyb_public from[SENDERS_MAX];
	struct hyb_open_opts o = { .key = &key, .senders = from, .n_senders = r->n_from };
	const char *context = pqm_arg(a, "context");
	enum pqm_st st = hybio_jobs(&o.n_threads, a, err);
	int fd = -1;

	o.allow_unsigned = pqm_arg_has(a, "allow-unsigned");
	if (context != NULL)
		o.context = (hyb_bytes){ (const uint8_t *)context, strlen(context) };
	for (size_t i = 0; st == PQM_OK && i < r->n_from; i++) {
		st = hybio_public(&from[i], r->from[i], err);
		if (st == PQM_OK && from[i].kind != HYB_KEY_SIG)
			st = pqm_fail(err, PQM_EUSAGE,
				"--from %s: a sealing key; give the sender's signing key",
				r->from[i]);
	}
	if (st == PQM_OK)
		st = hybio_private(&key, r->key, a, err);
	if (st == PQM_OK && key.pub.kind != HYB_KEY_KEM)
		st = pqm_fail(err, PQM_EUSAGE,
			"--key %s: a signing key opens nothing: give the key that KEY.pub was "
			"sealed to",
			r->key);
	if (st == PQM_OK)
		st = hybio_open(&fd, r->in, err);
	if (st == PQM_OK)
		st = open_to(app, r, fd, &o, err);
	if (fd > STDIN_FILENO)
		(void)close(fd);
	hyb_private_clear(&key);
	return st;
}

static enum pqm_st check_request(
	const struct request *r, const struct pqm_args *a, struct pqm_err *err)
{
	if (r->key == NULL)
		return pqm_fail(err, PQM_EUSAGE, "give your private key: --key KEY");
	if (r->out == NULL)
		return pqm_fail(
			err, PQM_EUSAGE, "name the output: --out FILE, or `--out -` for a pipe");
	if (r->json && strcmp(r->out, "-") == 0)
		return pqm_fail(err, PQM_EUSAGE,
			"-o json and --out - both want standard output: name an output file");
	if (r->n_from > SENDERS_MAX)
		return pqm_fail(err, PQM_EUSAGE, "--from: more than %d senders", SENDERS_MAX);
	if (r->n_from == 0 && !pqm_arg_has(a, "allow-unsigned"))
		return pqm_fail(err, PQM_EUSAGE,
			"say whose files you accept: --from SENDER.pub, or --allow-unsigned for "
			"anyone's");
	if (r->range != NULL && r->tensor != NULL)
		return pqm_fail(err, PQM_EUSAGE, "--range and --tensor: give one of the two");
	return PQM_OK;
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct request r = { .out = pqm_arg(a, "out"),
		.key = pqm_arg(a, "key"),
		.range = pqm_arg(a, "range"),
		.tensor = pqm_arg(a, "tensor"),
		.force = pqm_arg_has(a, "force") };
	enum pqm_st st = hybio_format(&r.json, a, err);

	if (st == PQM_OK)
		st = hybio_input(&r.in, a, err);
	if (st == PQM_OK && pqm_arg_has(a, "info"))
		return info_only(app, &r, err);
	r.n_from = hybio_values(r.from, SENDERS_MAX, a, "from");
	if (st == PQM_OK)
		st = check_request(&r, a, err);
	return st == PQM_OK ? prepare(app, &r, a, err) : st;
}

const struct pqm_command pqm_cmd_open = {
	.name = "open",
	.args = "--key KEY --from SENDER.pub… --out FILE|- [FILE|-]",
	.summary = "Open a sealed file or pipe, or a part of it",
	.help = "Each segment is written only after it verified. A file appears whole or not at "
		"all, "
		"mode 0600;\nwhat goes to a pipe is verified as far as it goes, and the exit code "
		"says "
		"whether that was all.\n\n"
		"--from names the senders whose signature is accepted. --allow-unsigned opens "
		"files "
		"that nobody\nsigned as well, and says so; without --from, signed files pass "
		"unverified too.\n\n"
		"The signature is over the header: of a file with several recipients, each of them "
		"can have put\nother content under it for the others; what `pqmap sign` signed is "
		"bound to its content.\n\n"
		"exit codes: 0 opened, 1 refused: not for this key, damaged, cut short, unsigned "
		"or "
		"signed by\nanother, 2 usage or the output exists, 3 a file could not be read or "
		"written, or is not sealed",
	.opts =
		(const struct pqm_opt[]){
			{ 0, "key", "KEY", "your private key" },
			{ 0, "from", "SENDER.pub", "accept this sender; repeatable" },
			{ 0, "allow-unsigned", NULL,
				"accept files that nobody signed; without --from, anyone's" },
			{ 0, "out", "FILE", "where to; - is standard output" },
			{ 0, "range", "OFF:LEN", "only these bytes of the content" },
			{ 0, "tensor", "NAME",
				"only the bytes of this tensor of a safetensors file" },
			{ 0, "context", "TEXT", "what the file was sealed with" },
			{ 0, "info", NULL, "print what the header says, unverified; needs no key" },
			{ 'j', "jobs", "N", "threads (default: the cores this process may use)" },
			HYBIO_OPT_PASS,
			HYBIO_OPT_FORCE,
			{ 'o', "output", "json", "say what was opened, machine-readable" },
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
