#include "base/buf.h"
#include "base/bytes.h"
#include "base/num.h"
#include "hybio.h"

#define KEYS_MAX 64

struct request {
	const char *in, *signature, *context;
	size_t n_keys;
	const char *keys[KEYS_MAX];
	bool json, raw;
};

struct verdict {
	const struct hyb_public *key; /* NULL: none of the keys made it */
	const char *path;
	bool is_good;
	struct hybio_sig sig;
};

static enum pqm_st verify_raw(struct verdict *v, const struct request *r,
	const struct hyb_public *keys, struct pqm_err *err)
{
	hyb_bytes ctx = { (const uint8_t *)r->context,
		r->context != NULL ? strlen(r->context) : 0 };
	struct pqm_buf m;
	enum pqm_st st = hybio_slurp(v->sig.sig, &v->sig.n, sizeof(v->sig.sig), r->signature, err);

	if (st != PQM_OK)
		return st;
	st = hybio_message(&m, r->in, err);
	for (size_t i = 0; st == PQM_OK && i < r->n_keys && !v->is_good; i++) {
		v->key = &keys[i];
		v->path = r->keys[i];
		v->is_good = hyb_public_verify(
			(hyb_bytes){ v->sig.sig, v->sig.n }, (hyb_bytes){ m.p, m.n }, ctx, v->key);
	}
	pqm_buf_fini(&m);
	return st;
}

static enum pqm_st verify_file(struct verdict *v, const struct request *r,
	const struct hyb_public *keys, struct pqm_err *err)
{
	uint8_t file[HYBIO_SIG_FILE_MAX], digest[64], context[255];
	size_t n;
	enum pqm_st st = hybio_slurp(file, &n, sizeof(file), r->signature, err);

	if (st == PQM_OK)
		st = hybio_sig_read(&v->sig, (pqm_bytes){ file, n }, r->signature, err);
	for (size_t i = 0; st == PQM_OK && i < r->n_keys && v->key == NULL; i++)
		if (hyb_ct_eq(keys[i].id, v->sig.key_id, HYB_KEY_ID_BYTES)) {
			v->key = &keys[i];
			v->path = r->keys[i];
		}
	if (st != PQM_OK || v->key == NULL)
		return st;
	st = hybio_digest(digest, &n, v->key, r->in, err);
	if (st == PQM_OK)
		v->is_good = hyb_sig_verify_digest(v->key->sig, (hyb_bytes){ v->sig.sig, v->sig.n },
			(hyb_bytes){ digest, n },
			hybio_sig_context(context, v->sig.time, r->context), v->key->key);
	return st;
}

static void report(struct pqm_app *app, const struct request *r, const struct verdict *v)
{
	const char *in = r->in != NULL ? r->in : "standard input";
	struct pqm_out *o = app->out;
	char when[32], id[17];

	if (r->json) {
		pqm_js_open(o, NULL, '{');
		pqm_js_cstr(o, "schema", "pqmap.verification");
		pqm_js_u64(o, "schema_version", 1);
		pqm_js_bool(o, "verified", v->is_good);
		pqm_js_cstr(o, "file", in);
		if (v->is_good)
			hybio_js_key(o, v->key);
		if (v->is_good && !r->raw)
			pqm_js_cstr(o, "time", hybio_time(when, v->sig.time));
		pqm_js_close(o, '}');
	} else if (v->is_good && !app->quiet) {
		pqm_out_f(o, "%s: verified, signed by %s (%s)", in, v->path,
			hybio_suite_name(v->key));
		if (!r->raw)
			pqm_out_f(o, " at %s by the signer's word", hybio_time(when, v->sig.time));
		pqm_out_lit(o, "\n");
	}
	if (v->is_good)
		return;
	app->exit_code = 1;
	if (v->key == NULL)
		pqm_log(PQM_ERROR, "cli",
			"%s: made by another key (id %s…) than --key names; get that key from "
			"someone "
			"you trust",
			r->signature, hybio_short_id(id, v->sig.key_id));
	else
		pqm_log(PQM_ERROR, "cli",
			"%s: the signature does not verify: the file was changed, or it was signed "
			"with "
			"another %s",
			in, r->raw ? "key or --context" : "--context");
}

static enum pqm_st read_keys(struct hyb_public *keys, const struct request *r, struct pqm_err *err)
{
	for (size_t i = 0; i < r->n_keys; i++) {
		enum pqm_st st = hybio_public(&keys[i], r->keys[i], err);

		if (st != PQM_OK)
			return st;
		if (keys[i].kind != HYB_KEY_SIG)
			return pqm_fail(err, PQM_EUSAGE,
				"--key %s: a sealing key verifies nothing: give the signer's "
				"public key",
				r->keys[i]);
	}
	return PQM_OK;
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct request r = { .signature = pqm_arg(a, "signature"),
		.context = pqm_arg(a, "context"),
		.raw = pqm_arg_has(a, "raw") };
	struct hyb_public keys[KEYS_MAX];
	struct verdict v = { .key = NULL };
	enum pqm_st st = hybio_format(&r.json, a, err);

	if (st == PQM_OK)
		st = hybio_input(&r.in, a, err);
	if (st == PQM_OK)
		st = hybio_check_context(r.context, r.raw, err);
	if (st != PQM_OK)
		return st;
	r.n_keys = hybio_values(r.keys, KEYS_MAX, a, "key");
	if (r.n_keys == 0 || r.n_keys > KEYS_MAX || r.signature == NULL)
		return pqm_fail(err, PQM_EUSAGE,
			"give key and signature: `pqmap verify --key KEY.pub --signature FILE.sig "
			"FILE`");
	if (r.in == NULL && strcmp(r.signature, "-") == 0)
		return pqm_fail(
			err, PQM_EUSAGE, "file and signature cannot both come from standard input");
	st = read_keys(keys, &r, err);
	if (st == PQM_OK)
		st = r.raw ? verify_raw(&v, &r, keys, err) : verify_file(&v, &r, keys, err);
	if (st == PQM_OK)
		report(app, &r, &v);
	return st;
}

const struct pqm_command pqm_cmd_verify = {
	.name = "verify",
	.args = "--key KEY.pub… --signature FILE.sig [FILE|-]",
	.summary = "Verify a detached signature of a file or a pipe",
	.help = "Of a hybrid signature both halves must hold. With several --key, the one whose id "
		"the "
		"signature\nnames is used.\n\n"
		"exit codes: 0 verified, 1 does not verify or is by another key, 2 usage, 3 a key, "
		"signature or\nfile could not be read",
	.opts =
		(const struct pqm_opt[]){
			{ 0, "key", "KEY.pub", "the signer's public key; repeatable" },
			{ 0, "signature", "FILE", "what `pqmap sign` wrote" },
			{ 0, "context", "TEXT", "what the signature was made for" },
			{ 0, "raw", NULL,
				"a bare signature over the file itself, as other software makes; "
				"at "
				"most 1 GiB" },
			{ 'o', "output", "json", "machine-readable" },
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
