#include <errno.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "hybio.h"

struct request {
	const char *in, *out, *key;
	uint64_t years;
	size_t n_to;
	const char *to[HYB_RECIPIENTS_MAX];
	bool json;
};

static enum pqm_st check_life(
	const struct request *r, const struct hyb_public *k, const char *path, struct pqm_err *err)
{
	if (r->years < HYBIO_LONG_YEARS || hybio_category(k) >= 5)
		return PQM_OK;
	return pqm_fail(err, PQM_EUSAGE,
		"%s: %s has category %u; what must last %d years or more needs 5: make a key with "
		"`pqmap keygen --life %lluy`",
		path, hybio_suite_name(k), hybio_category(k), HYBIO_LONG_YEARS,
		(unsigned long long)r->years);
}

static enum pqm_st read_recipients(
	struct hyb_public *to, const struct request *r, struct pqm_err *err)
{
	for (size_t i = 0; i < r->n_to; i++) {
		enum pqm_st st = hybio_public(&to[i], r->to[i], err);

		if (st != PQM_OK)
			return st;
		if (to[i].kind != HYB_KEY_KEM || !to[i].kem->is_envelope)
			return pqm_fail(err, PQM_EUSAGE,
				"%s: %s is no key to seal for: use one of `pqmap keygen --for "
				"seal`",
				r->to[i], hybio_suite_name(&to[i]));
		st = check_life(r, &to[i], r->to[i], err);
		if (st != PQM_OK)
			return st;
		if (to[i].kem != to[0].kem)
			return pqm_fail(err, PQM_EUSAGE,
				"%s has the suite %s and %s has %s: a sealed file has one suite, "
				"so "
				"seal it twice",
				r->to[0], to[0].kem->name, r->to[i], to[i].kem->name);
	}
	return PQM_OK;
}

static enum pqm_st read_sender(struct hyb_private *k, const struct request *r,
	const struct pqm_args *a, struct pqm_err *err)
{
	const char *path = r->key;
	enum pqm_st st = hybio_private(k, path, a, err);

	if (st == PQM_OK && k->pub.kind != HYB_KEY_SIG)
		st = pqm_fail(err, PQM_EUSAGE,
			"--sign %s: %s is no signing key: make one with `pqmap keygen --for sign`",
			path, hybio_suite_name(&k->pub));
	return st == PQM_OK ? check_life(r, &k->pub, path, err) : st;
}

static void report(struct pqm_app *app, const struct request *r, const struct hyb_public *to,
	const struct hyb_public *sender)
{
	struct pqm_out *o = app->out;

	if (!r->json)
		return;
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "schema", "pqmap.sealing");
	pqm_js_u64(o, "schema_version", 1);
	pqm_js_cstr(o, "file", r->out);
	pqm_js_open(o, "recipients", '[');
	for (size_t i = 0; i < r->n_to; i++) {
		pqm_js_open(o, NULL, '{');
		hybio_js_key(o, &to[i]);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
	if (sender != NULL) {
		pqm_js_open(o, "sender", '{');
		hybio_js_key(o, sender);
		pqm_js_close(o, '}');
	} else {
		pqm_js_null(o, "sender");
	}
	pqm_js_close(o, '}');
}

static enum pqm_st seal(struct pqm_app *app, const struct request *r,
	const struct hyb_seal_opts *opts, bool force, struct pqm_err *err)
{
	struct hyb_seal_opts o = *opts;
	struct hybio_progress progress;
	struct hybio_out out;
	enum hyb_st sealed;
	enum pqm_st st;
	int fd;

	st = hybio_open(&fd, r->in, err);
	if (st != PQM_OK)
		return st;
	st = hybio_begin(&out, r->out, 0600, force, err);
	if (st == PQM_OK)
		st = hybio_check_apart(&out, r->in, r->key, err);
	if (st == PQM_OK) {
		hybio_progress_start(&progress, app, "sealed", fd);
		o.progress = hybio_progress;
		o.progress_ctx = &progress;
		sealed = hyb_file_seal(out.fd, fd, &o);
		hybio_progress_end(&progress);
		if (sealed != HYB_OK)
			st = hybio_refuse(app, sealed, hybio_blame(sealed, r->in, &out), NULL);
		else
			st = hybio_commit(&out, err);
		if (sealed == HYB_OK && st == PQM_OK)
			report(app, r, o.recipients, o.sender != NULL ? &o.sender->pub : NULL);
	}
	hybio_abort(&out);
	if (fd != STDIN_FILENO)
		(void)close(fd);
	return st;
}

static enum pqm_st prepare(
	struct pqm_app *app, const struct request *r, const struct pqm_args *a, struct pqm_err *err)
{
	struct hyb_public to[HYB_RECIPIENTS_MAX];
	struct hyb_private sender = { .n = 0 };
	struct hyb_seal_opts o = { .recipients = to, .n_recipients = r->n_to };
	const char *context = pqm_arg(a, "context");
	enum pqm_st st = hybio_jobs(&o.n_threads, a, err);

	if (st == PQM_OK)
		st = read_recipients(to, r, err);
	if (st == PQM_OK && r->key != NULL) {
		st = read_sender(&sender, r, a, err);
		o.sender = &sender;
	}
	if (context != NULL)
		o.context = (hyb_bytes){ (const uint8_t *)context, strlen(context) };
	if (st == PQM_OK)
		st = seal(app, r, &o, pqm_arg_has(a, "force"), err);
	hyb_private_clear(&sender);
	return st;
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct request r = { .out = pqm_arg(a, "out"), .key = pqm_arg(a, "sign") };
	enum pqm_st st = hybio_format(&r.json, a, err);

	if (st == PQM_OK)
		st = hybio_life(&r.years, a, err);
	if (st == PQM_OK)
		st = hybio_input(&r.in, a, err);
	if (st != PQM_OK)
		return st;
	r.n_to = hybio_values(r.to, HYB_RECIPIENTS_MAX, a, "to");
	if (r.n_to == 0 || r.n_to > HYB_RECIPIENTS_MAX)
		return pqm_fail(err, PQM_EUSAGE,
			"give 1 to %d recipients: --to KEY.pub, repeatable", HYB_RECIPIENTS_MAX);
	if (r.out == NULL)
		return pqm_fail(
			err, PQM_EUSAGE, "name the output: --out FILE, or `--out -` for a pipe");
	if (r.json && strcmp(r.out, "-") == 0)
		return pqm_fail(err, PQM_EUSAGE,
			"-o json and --out - both want standard output: name an output file");
	return prepare(app, &r, a, err);
}

const struct pqm_command pqm_cmd_seal = {
	.name = "seal",
	.args = "--to KEY.pub… --out FILE|- [FILE|-]",
	.summary = "Seal a file or a pipe for one or more recipients",
	.help = "The content goes into AES-256-GCM segments (FLOE) under a key of its own, which "
		"HPKE "
		"wraps for each\nrecipient with the hybrid suite of that recipient's key. --sign "
		"adds "
		"a hybrid signature of the\nsender; `pqmap open` refuses unsigned files unless "
		"told "
		"otherwise. The signature is over the header:\nwith several recipients, each of "
		"them can put other content under it for the others. Seal for one,\nor `pqmap "
		"sign` the content too.\n\n"
		"The output appears whole or not at all, mode 0600; a pipe is sealed as it "
		"comes.\n\n"
		"exit codes: 0 sealed, 2 usage or the output exists, 3 a key or file could not be "
		"read "
		"or written",
	.opts =
		(const struct pqm_opt[]){
			{ 0, "to", "KEY.pub", "a recipient's public key; repeatable, up to 64" },
			{ 0, "sign", "KEY", "sign as the sender with this private key" },
			{ 0, "out", "FILE", "where to; - is standard output" },
			{ 0, "life", "YEARS",
				"how long it must hold; 20y and more demands category 5 keys" },
			{ 0, "context", "TEXT",
				"bound to the file and not stored: opening needs the same" },
			{ 'j', "jobs", "N", "threads (default: the cores this process may use)" },
			HYBIO_OPT_PASS,
			HYBIO_OPT_FORCE,
			{ 'o', "output", "json", "say what was done, machine-readable" },
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
