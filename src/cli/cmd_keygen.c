#include <sys/mman.h>

#include "base/bytes.h"
#include "hybio.h"

#define PATH_BYTES 4096

struct request {
	const char *out, *suite, *use;
	uint64_t years;
	bool json, force, no_passphrase;
};

static enum pqm_st pick(const struct hyb_kem_suite **kem, const struct hyb_sig_suite **sig,
	const struct request *r, struct pqm_err *err)
{
	bool is_long = r->years >= HYBIO_LONG_YEARS;

	*kem = NULL;
	*sig = NULL;
	if (r->use != NULL && strcmp(r->use, "seal") != 0 && strcmp(r->use, "sign") != 0)
		return pqm_fail(err, PQM_EUSAGE, "--for %s: give seal or sign", r->use);
	if (r->suite == NULL) {
		if (r->use != NULL && strcmp(r->use, "sign") == 0)
			*sig = hyb_sig_suite(HYB_SIG_MLDSA87_P384);
		else
			*kem = hyb_kem_suite(is_long ? HYB_KEM_MLKEM1024_P384 : HYB_KEM_XWING);
		return PQM_OK;
	}
	*kem = hyb_kem_suite_by_name(r->suite);
	*sig = *kem == NULL ? hyb_sig_suite_by_name(r->suite) : NULL;
	if ((*kem == NULL || (*kem)->oid == NULL) && *sig == NULL)
		return pqm_fail(err, PQM_EUSAGE,
			"--suite %s: no suite with keys in files; `pqmap help keygen` lists them",
			r->suite);
	if (r->use != NULL && (strcmp(r->use, "seal") == 0) != (*kem != NULL))
		return pqm_fail(err, PQM_EUSAGE, "--suite %s is for %s, not for --for %s", r->suite,
			*kem != NULL ? "sealing" : "signing", r->use);
	if (is_long && (*kem != NULL ? (*kem)->category : (*sig)->category) < 5)
		return pqm_fail(err, PQM_EUSAGE,
			"--suite %s has category %u; what must last %d years or more needs 5: "
			"leave --suite out",
			r->suite, *kem != NULL ? (*kem)->category : (*sig)->category,
			HYBIO_LONG_YEARS);
	return PQM_OK;
}

/* Twice, for nobody sees what was typed. */
static enum pqm_st ask_twice(uint8_t *pass, size_t *n, struct pqm_err *err)
{
	uint8_t again[HYBIO_PASS_MAX];
	size_t again_n;
	enum pqm_st st = hybio_pass_ask(pass, n, "passphrase for the new key", err);

	if (st == PQM_OK)
		st = hybio_pass_ask(again, &again_n, "the same again", err);
	if (st == PQM_OK && (again_n != *n || !hyb_ct_eq(pass, again, *n)))
		st = pqm_fail(err, PQM_EUSAGE, "the two passphrases differ: nothing was written");
	hyb_wipe(again, sizeof(again));
	return st;
}

static enum pqm_st passphrase(
	uint8_t *pass, size_t *n, const struct pqm_args *a, struct pqm_err *err)
{
	bool given, none = pqm_arg_has(a, "no-passphrase");
	enum pqm_st st = hybio_pass_option(pass, n, &given, a, err);

	if (st == PQM_OK && given && none)
		st = pqm_fail(
			err, PQM_EUSAGE, "--no-passphrase and a passphrase: give one of the two");
	if (st == PQM_OK && !given && !none && isatty(STDIN_FILENO) == 1)
		st = ask_twice(pass, n, err);
	return st;
}

/*
 * Both files or neither: both are on the disk before one appears, and the private key comes first, for a
 * public key whose private half is lost would still be sealed to. A public key that cannot be replaced
 * after the private one was is said to be of another.
 */
static enum pqm_st commit_both(
	struct hybio_out *priv, struct hybio_out *pub, const struct request *r, struct pqm_err *err)
{
	char why[sizeof(err->msg)];
	enum pqm_st st = hybio_sync(priv, err);

	if (st == PQM_OK)
		st = hybio_sync(pub, err);
	if (st == PQM_OK)
		st = hybio_commit(priv, err);
	if (st != PQM_OK)
		return st;
	st = hybio_commit(pub, err);
	if (st == PQM_OK)
		return st;
	hybio_undo(priv);
	if (!r->force)
		return st;
	memcpy(why, err->msg, sizeof(why));
	return pqm_fail(err, st,
		"%s; %s is the new key already, and %s.pub not its public half: make both again",
		why, r->out, r->out);
}

static enum pqm_st write_files(
	const struct request *r, const struct hyb_private *k, hyb_bytes pass, struct pqm_err *err)
{
	uint8_t pub[HYB_KEY_FILE_MAX], priv[HYB_KEY_FILE_MAX];
	struct hybio_out pub_out = { .fd = -1, .dir = -1 }, priv_out = pub_out;
	char pub_path[PATH_BYTES];
	size_t pub_n = 0, priv_n = 0;
	enum hyb_st made;
	enum pqm_st st;

	(void)mlock(priv, sizeof(priv));
	if (snprintf(pub_path, sizeof(pub_path), "%s.pub", r->out) >= (int)sizeof(pub_path))
		return pqm_fail(err, PQM_EUSAGE, "--out: a path of more than 4,091 bytes");
	st = hybio_begin(&priv_out, r->out, 0600, r->force, err);
	if (st == PQM_OK)
		st = hybio_begin(&pub_out, pub_path, 0644, r->force, err);
	if (st == PQM_OK) {
		made = hyb_public_write(pub, &pub_n, &k->pub, true);
		if (made == HYB_OK)
			made = hyb_private_write(priv, &priv_n, k, pass, true);
		if (made != HYB_OK)
			st = pqm_fail(err, PQM_EIO, "%s: %s", r->out, hyb_st_text(made));
	}
	if (st == PQM_OK)
		st = hybio_write(&priv_out, priv, priv_n, err);
	if (st == PQM_OK)
		st = hybio_write(&pub_out, pub, pub_n, err);
	if (st == PQM_OK)
		st = commit_both(&priv_out, &pub_out, r, err);
	hybio_abort(&priv_out);
	hybio_abort(&pub_out);
	hyb_wipe(priv, sizeof(priv));
	(void)munlock(priv, sizeof(priv));
	return st;
}

static void report(struct pqm_app *app, const struct request *r, const struct hyb_private *k,
	bool is_encrypted)
{
	struct pqm_out *o = app->out;
	char id[17];

	if (r->json) {
		pqm_js_open(o, NULL, '{');
		pqm_js_cstr(o, "schema", "pqmap.key");
		pqm_js_u64(o, "schema_version", 1);
		hybio_js_key(o, &k->pub);
		pqm_js_cstr(o, "private_key", r->out);
		pqm_js_bool(o, "encrypted", is_encrypted);
		pqm_js_close(o, '}');
	} else if (!app->quiet) {
		pqm_out_f(o, "%s and %s.pub: a %s key, %s, category %u, id %s…\n", r->out, r->out,
			hybio_kind(&k->pub), hybio_suite_name(&k->pub), hybio_category(&k->pub),
			hybio_short_id(id, k->pub.id));
	}
	if (!is_encrypted && !r->no_passphrase)
		pqm_log(PQM_WARN, "cli",
			"%s is not encrypted: whoever reads the file has the key; --passphrase-fd "
			"or --passphrase-file protect it",
			r->out);
}

static enum pqm_st make(
	struct pqm_app *app, const struct request *r, const struct pqm_args *a, struct pqm_err *err)
{
	const struct hyb_kem_suite *kem;
	const struct hyb_sig_suite *sig;
	uint8_t pass[HYBIO_PASS_MAX];
	struct hyb_private k;
	enum hyb_st made;
	size_t n = 0;
	enum pqm_st st = pick(&kem, &sig, r, err);

	if (st != PQM_OK)
		return st;
	(void)mlock(&k, sizeof(k));
	st = passphrase(pass, &n, a, err);
	if (st == PQM_OK) {
		made = kem != NULL ? hyb_private_new_kem(&k, kem) : hyb_private_new_sig(&k, sig);
		if (made != HYB_OK)
			st = pqm_fail(err, PQM_EIO, "no key was made: %s", hyb_st_text(made));
	}
	if (st == PQM_OK) {
		st = write_files(r, &k, (hyb_bytes){ n > 0 ? pass : NULL, n }, err);
		if (st == PQM_OK)
			report(app, r, &k, n > 0);
	}
	hyb_private_clear(&k);
	hyb_wipe(pass, sizeof(pass));
	return st;
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct request r = { .out = pqm_arg(a, "out"),
		.suite = pqm_arg(a, "suite"),
		.use = pqm_arg(a, "for"),
		.force = pqm_arg_has(a, "force"),
		.no_passphrase = pqm_arg_has(a, "no-passphrase") };
	enum pqm_st st = hybio_format(&r.json, a, err);

	if (st == PQM_OK)
		st = hybio_life(&r.years, a, err);
	if (st != PQM_OK)
		return st;
	if (a->n_positional > 0)
		return pqm_fail(err, PQM_EUSAGE,
			"%s: keygen takes no input; name the key with --out", a->positional[0]);
	if (r.out == NULL || strcmp(r.out, "-") == 0)
		return pqm_fail(err, PQM_EUSAGE,
			"name the key file: `pqmap keygen --out KEY` writes KEY and KEY.pub");
	return make(app, &r, a, err);
}

const struct pqm_command pqm_cmd_keygen = {
	.name = "keygen",
	.args = "--out KEY",
	.summary = "Make a hybrid key pair, for sealing or for signing",
	.help = "KEY (mode 0600) is PKCS#8, KEY.pub SubjectPublicKeyInfo, both PEM. With a "
		"passphrase "
		"KEY is\nencrypted by scrypt (128 MiB) and AES-256-GCM; on a terminal it is asked "
		"for, "
		"twice.\n\n"
		"  for sealing   X-Wing (ML-KEM-768 + X25519), the default; MLKEM768-P256;\n"
		"                MLKEM1024-P384, the default from --life 20y on\n"
		"  for signing   MLDSA87-ECDSA-P384-SHA512, the default; "
		"MLDSA65-ECDSA-P256-SHA512,\n"
		"                MLDSA65-Ed25519-SHA512, MLDSA65-ECDSA-P384-SHA512,\n"
		"                MLDSA44-ECDSA-P256-SHA256\n"
		"  not hybrid    ML-KEM-512, -768, -1024, ML-DSA-44, -65, -87: to work with "
		"others\n\n"
		"exit codes: 0 done, 2 usage or the file exists, 3 it could not be written",
	.opts =
		(const struct pqm_opt[]){
			{ 0, "out", "KEY", "the private key; the public one becomes KEY.pub" },
			{ 0, "for", "USE", "seal (default) or sign" },
			{ 0, "suite", "NAME", "another suite than the default, by name" },
			{ 0, "life", "YEARS",
				"how long what it protects must hold; 20y and more takes category "
				"5" },
			HYBIO_OPT_PASS,
			{ 0, "no-passphrase", NULL, "do not ask: the key is not encrypted" },
			HYBIO_OPT_FORCE,
			{ 'o', "output", "json", "say what was made, machine-readable" },
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
