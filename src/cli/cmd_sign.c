#include <time.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/num.h"
#include "hybio.h"

struct request {
	const char *in, *out, *key, *context;
	bool json, raw, force;
};

static uint64_t now_seconds(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t t;

	if (epoch != NULL && pqm_u64_parse(pqm_str(epoch), INT64_MAX, &t))
		return t;
	return (uint64_t)time(NULL);
}

static enum pqm_st crypto_failed(enum hyb_st st, const struct hyb_public *k, struct pqm_err *err)
{
	return pqm_fail(err, st == HYB_E_RNG ? PQM_EIO : PQM_EINTERNAL, "%s: cannot sign: %s",
		hybio_suite_name(k), hyb_st_text(st));
}

/* The suite's signature over the message as it is, for other software. */
static enum pqm_st sign_raw(struct hybio_sig *s, const struct request *r,
	const struct hyb_private *k, struct pqm_err *err)
{
	hyb_bytes ctx = { (const uint8_t *)r->context,
		r->context != NULL ? strlen(r->context) : 0 };
	struct pqm_buf m;
	enum pqm_st st = hybio_message(&m, r->in, err);
	enum hyb_st made;

	if (st == PQM_OK) {
		made = hyb_private_sign(s->sig, &s->n, (hyb_bytes){ m.p, m.n }, ctx, k);
		if (made != HYB_OK)
			st = crypto_failed(made, &k->pub, err);
	}
	pqm_buf_fini(&m);
	return st;
}

static enum pqm_st sign_file(struct hybio_sig *s, const struct request *r,
	const struct hyb_private *k, struct pqm_err *err)
{
	uint8_t digest[64], context[255];
	enum hyb_st made;
	size_t n;
	enum pqm_st st = hybio_digest(digest, &n, &k->pub, r->in, err);

	if (st != PQM_OK)
		return st;
	s->time = now_seconds();
	memcpy(s->key_id, k->pub.id, HYB_KEY_ID_BYTES);
	made = hyb_private_sign_digest(s->sig, &s->n, (hyb_bytes){ digest, n },
		hybio_sig_context(context, s->time, r->context), k);
	return made == HYB_OK ? PQM_OK : crypto_failed(made, &k->pub, err);
}

static void report(struct pqm_app *app, const struct request *r, const struct hyb_private *k,
	const struct hybio_sig *s)
{
	struct pqm_out *o = app->out;
	char when[32];

	if (!r->json)
		return;
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "schema", "pqmap.signature");
	pqm_js_u64(o, "schema_version", 1);
	hybio_js_key(o, &k->pub);
	pqm_js_cstr(o, "file", r->out);
	pqm_js_u64(o, "signature_bytes", s->n);
	if (!r->raw)
		pqm_js_cstr(o, "time", hybio_time(when, s->time));
	else
		pqm_js_null(o, "time");
	pqm_js_close(o, '}');
}

static enum pqm_st sign(struct pqm_app *app, const struct request *r, const struct hyb_private *k,
	struct pqm_err *err)
{
	char text[HYBIO_SIG_FILE_MAX];
	struct hybio_sig s = { .n = 0 };
	struct hybio_out out;
	enum pqm_st st = hybio_begin(&out, r->out, 0644, r->force, err);

	if (st == PQM_OK)
		st = hybio_check_apart(&out, r->in, r->key, err);
	if (st == PQM_OK)
		st = r->raw ? sign_raw(&s, r, k, err) : sign_file(&s, r, k, err);
	if (st == PQM_OK)
		st = r->raw ? hybio_write(&out, s.sig, s.n, err)
			    : hybio_write(&out, text, hybio_sig_write(text, &s), err);
	if (st == PQM_OK)
		st = hybio_commit(&out, err);
	if (st == PQM_OK)
		report(app, r, k, &s);
	hybio_abort(&out);
	return st;
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct request r = { .out = pqm_arg(a, "out"),
		.key = pqm_arg(a, "key"),
		.context = pqm_arg(a, "context"),
		.raw = pqm_arg_has(a, "raw"),
		.force = pqm_arg_has(a, "force") };
	struct hyb_private k = { .n = 0 };
	enum pqm_st st = hybio_format(&r.json, a, err);

	if (st == PQM_OK)
		st = hybio_input(&r.in, a, err);
	if (st == PQM_OK)
		st = hybio_check_context(r.context, r.raw, err);
	if (st != PQM_OK)
		return st;
	if (r.key == NULL || r.out == NULL)
		return pqm_fail(err, PQM_EUSAGE,
			"give the key and the output: `pqmap sign --key KEY --out FILE.sig FILE`");
	if (r.json && strcmp(r.out, "-") == 0)
		return pqm_fail(err, PQM_EUSAGE,
			"-o json and --out - both want standard output: name an output file");
	if (r.raw && r.context != NULL && strncmp(r.context, "hyb/", 4) == 0)
		return pqm_fail(err, PQM_EUSAGE,
			"--context %s: contexts that begin with hyb/ belong to sealed files and "
			"messages: take another",
			r.context);
	st = hybio_private(&k, r.key, a, err);
	if (st == PQM_OK && k.pub.kind != HYB_KEY_SIG)
		st = pqm_fail(err, PQM_EUSAGE,
			"--key %s: a sealing key signs nothing: make a key with `pqmap keygen "
			"--for "
			"sign`",
			r.key);
	if (st == PQM_OK)
		st = sign(app, &r, &k, err);
	hyb_private_clear(&k);
	return st;
}

const struct pqm_command pqm_cmd_sign = {
	.name = "sign",
	.args = "--key KEY --out FILE.sig [FILE|-]",
	.summary = "Sign a file or a pipe, detached",
	.help = "The signature file is armoured text: key id, time and the suite's signature over "
		"SHA-512 of the\nfile (SHA-256 for MLDSA44-ECDSA-P256-SHA256), so a pipe of any "
		"length "
		"can be signed. Of a hybrid\nkey both halves sign and both must verify. The time "
		"is the "
		"signer's word.\n\n"
		"The octets inside are base64 of \"pqmapsig\", a version byte 1, the key id (32 "
		"bytes), "
		"the time\n(8, seconds), the length (2) and the signature. Its context [FIPS 204 "
		"§5.2] is "
		"\"pqmap sign v1\",\na zero byte, the time (8) and --context.\n\n"
		"exit codes: 0 signed, 2 usage or the output exists, 3 a key or file could not be "
		"read "
		"or written",
	.opts =
		(const struct pqm_opt[]){
			{ 0, "key", "KEY", "the private signing key" },
			{ 0, "out", "FILE", "the signature; - is standard output" },
			{ 0, "context", "TEXT",
				"what the signature is for; verifying needs the same" },
			{ 0, "raw", NULL,
				"write the bare signature over the file itself (pure ML-DSA, or "
				"composite),\n                                with --context as "
				"its "
				"whole context; at most 1 GiB" },
			HYBIO_OPT_PASS,
			HYBIO_OPT_FORCE,
			{ 'o', "output", "json", "say what was signed, machine-readable" },
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
