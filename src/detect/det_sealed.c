#include "detect/keymat.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/num.h"
#include "hyb/file.h"
#include "parse/armour.h"
#include "parse/sealed.h"

/* Encrypted files: whose key opens them decides how long they stay closed. */

#define GROUP "file.pqmap.dev"
#define NAMES_MAX 8
#define NAME_BYTES 64
#define MAIL_HEADER_BYTES 4096

enum { A_PGP, A_AGE, A_CMS, A_PKCS7, A_SMIME };

static const struct pqm_anchor anchors[] = {
	[A_PGP] = PQM_ANCHOR("-----BEGIN PGP MESSAGE---"),
	[A_AGE] = PQM_ANCHOR("-----BEGIN AGE ENCRYPTED "),
	[A_CMS] = PQM_ANCHOR("-----BEGIN CMS-----"),
	[A_PKCS7] = PQM_ANCHOR("-----BEGIN PKCS7-----"),
	[A_SMIME] = PQM_ANCHOR("smime-type="),
};

static const struct pqm_armour armours[] = {
	[A_PGP] = { "OpenPGP message", "-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----",
		"-----", true, true },
	[A_AGE] = { "age file", "-----BEGIN AGE ENCRYPTED FILE-----",
		"-----END AGE ENCRYPTED FILE-----", "-----", false, false },
	[A_CMS] = { "CMS", "-----BEGIN CMS-----", "-----END CMS-----", "-----", false, false },
	[A_PKCS7] = { "CMS", "-----BEGIN PKCS7-----", "-----END PKCS7-----", "-----", false,
		false },
};

/* Recipients of one kind. */
struct recipient {
	char name[NAME_BYTES];
	size_t n;
};

struct job {
	const struct pqm_rules *r;
	struct pqm_emit *out;
	const struct pqm_artifact *a;
	uint64_t base;	/* of the header in the file; of the armour when is_armour */
	bool is_armour; /* then all recipients share its offset */
	const char *rule, *format;
	char cipher[PQM_OID_TEXT];
	struct recipient to[NAMES_MAX];
	size_t n_to;
	bool has_key_pair, is_key_hidden;
};

static void count(struct job *j, const struct pqm_sealed_to *to, const struct pqm_alg_ref *alg)
{
	char name[NAME_BYTES], type[65];
	size_t i = 0;

	const char *known = to->algorithm == NULL ? "" : to->algorithm;
	pqm_bytes said = known[0] != '\0' ? pqm_str(known)
		: alg != NULL		  ? alg->algorithm
					  : pqm_keymat_clip(type, to->type);

	if (to->bits > 0)
		(void)snprintf(name, sizeof(name), "%.*s-%u", PQM_FMT(said), to->bits);
	else
		(void)snprintf(name, sizeof(name), "%.*s", PQM_FMT(said));
	while (i < j->n_to && strcmp(j->to[i].name, name) != 0)
		i++;
	if (i == NAMES_MAX)
		return;
	if (i == j->n_to)
		memcpy(j->to[j->n_to++].name, name, sizeof(name));
	j->to[i].n++;
}

static enum pqm_st on_recipient(void *ctx, const struct pqm_sealed_to *to)
{
	struct job *j = ctx;
	uint8_t digest[PQM_SHA256_BYTES];
	char identity[8 + 2 * PQM_SHA256_BYTES], parameter[16];
	const struct pqm_alg_ref *alg = NULL;
	struct pqm_keymat_text t;

	if (to->algorithm != NULL)
		alg = to->algorithm[0] != '\0' ? pqm_alg_by_name(j->r, pqm_str(to->algorithm))
					       : pqm_alg_by_oid(j->r, pqm_str(to->oid));
	count(j, to, alg);
	/* Under a passphrase only symmetric cryptography protects the file. */
	if (to->algorithm == NULL)
		return PQM_OK;
	j->has_key_pair = true;
	pqm_sha256(digest, to->share);
	memcpy(identity, "sha256:", 7);
	pqm_hex(identity + 7, digest, sizeof(digest));
	(void)snprintf(parameter, sizeof(parameter), "%u", to->bits);
	struct pqm_found f = {
		.identity = { (const uint8_t *)identity, 7 + 2 * sizeof(digest) },
		.meaning = PQM_USE,
		.evidence = PQM_PARSED,
		.family = PQM_LIT("unknown"),
		.algorithm = pqm_keymat_clip(t.other, to->type),
		.parameter = to->bits > 0 ? pqm_str(parameter) : PQM_LIT(""),
		.bits = to->bits,
		.off = j->is_armour ? j->base : j->base + to->off,
	};

	if (alg != NULL) {
		f.algorithm = alg->algorithm;
		pqm_alg_fill(&f, alg);
	}
	f.function = PQM_FN_PKE; /* whatever wraps the key, it is for a key pair that stays */
	pqm_keymat_status(&f, j->r,
		f.quantum == PQM_Q_HYBRID || f.quantum == PQM_Q_SAFE ? "sealed.hybrid" : j->rule);
	pqm_found_attr(&f, "recipient", pqm_keymat_clip(t.comment, to->type));
	return pqm_emit(j->out, &f);
}

static enum pqm_st told(struct job *j, enum pqm_st st, const struct pqm_err *err)
{
	if (st != PQM_EPARSE && st != PQM_ELIMIT)
		return st;
	pqm_emit_note(j->out, j->base, st, "%s", err->msg);
	return PQM_OK;
}

/* Files that `pqmap seal` and libhyb write. */
static enum pqm_st own(struct job *j, pqm_bytes body)
{
	struct hyb_file_map m;

	if (body.n < HYB_FILE_FIXED_BYTES || hyb_file_map_read(&m, body.p) != HYB_OK)
		return PQM_OK;
	for (size_t i = 0; i < m.n_recipients; i++) {
		size_t off = HYB_FILE_FIXED_BYTES + i * m.entry_bytes;
		struct pqm_sealed_to to = { .algorithm = m.kem->name,
			.type = PQM_LIT("pqmap"),
			.share = pqm_sub(body, off, m.entry_bytes),
			.off = off };

		if (to.share.n < m.entry_bytes)
			break;
		if (on_recipient(j, &to) != PQM_OK)
			return PQM_ENOMEM;
	}
	return PQM_OK;
}

/* "X25519 (3), scrypt" */
static pqm_bytes names(const struct job *j, struct pqm_arena *arena)
{
	pqm_bytes out = { NULL, 0 };

	for (size_t i = 0; i < j->n_to; i++) {
		const struct recipient *to = &j->to[i];
		const char *between = i > 0 ? ", " : "";

		out = to->n == 1 ? pqm_arena_f(arena, "%.*s%s%s", PQM_FMT(out), between, to->name)
				 : pqm_arena_f(arena, "%.*s%s%s (%zu)", PQM_FMT(out), between,
					   to->name, to->n);
	}
	return out;
}

/* The file itself, when it is nothing but the encrypted text. */
static enum pqm_st whole(struct job *j)
{
	const struct pqm_artifact *a = j->a;
	const struct pqm_alg_ref *cipher = pqm_alg_by_oid(j->r, pqm_str(j->cipher));
	struct pqm_fact f[5] = { { PQM_LIT("format"), pqm_str(j->format), 0, 0 },
		{ PQM_LIT("bytes"), pqm_arena_f(a->arena, "%llu", (unsigned long long)a->body.n), 0,
			0 },
		{ PQM_LIT("recipients"), pqm_printable(a->arena, names(j, a->arena)), 0, 0 },
		{ PQM_LIT("opens"),
			j->has_key_pair		   ? PQM_LIT("private key")
				: j->is_key_hidden ? PQM_LIT("not told")
						   : PQM_LIT("shared secret"),
			0, 0 } };
	size_t n = 4;

	if (j->n_to == 0)
		return PQM_OK;
	if (j->cipher[0] != '\0')
		f[n++] = (struct pqm_fact){ PQM_LIT("cipher"),
			cipher != NULL ? cipher->algorithm
				       : pqm_printable(a->arena, pqm_str(j->cipher)),
			0, 0 };
	return pqm_emit_object(j->out,
		&(struct pqm_object){ .path = a->path,
			.group = PQM_LIT(GROUP),
			.kind = PQM_LIT("Sealed"),
			.name = a->path,
			.facts = f,
			.n_facts = n });
}

/* Only symmetric cryptography: no finding. */
static void shared(struct job *j, pqm_bytes body)
{
	struct pqm_sealed_to to = { .algorithm = NULL };

	if (!pqm_sealed_shared(body, &j->format, &to.type, j->cipher))
		return;
	/* Vault has RSA keys for this too, and the file does not say. */
	j->is_key_hidden = pqm_eqs(to.type, "key in Vault");
	count(j, &to, NULL);
}

static enum pqm_st recipients(struct job *j, pqm_bytes body, struct pqm_err *err)
{
	if (pqm_sealed_is_age(body)) {
		j->rule = "sealed.age";
		j->format = "age";
		return told(j, pqm_sealed_age(body, on_recipient, j, err), err);
	}
	if (pqm_sealed_is_pgp(body)) {
		j->rule = "sealed.pgp";
		j->format = "OpenPGP";
		return told(j, pqm_sealed_pgp(body, on_recipient, j, err), err);
	}
	if (pqm_sealed_is_cms(body)) {
		j->rule = "sealed.cms";
		j->format = "CMS";
		return told(j, pqm_sealed_cms(body, on_recipient, j, j->cipher, err), err);
	}
	if (pqm_sealed_is_jwe(body)) {
		j->rule = "sealed.jwe";
		j->format = "JWE";
		return told(j, pqm_sealed_jwe(body, on_recipient, j, j->cipher, err), err);
	}
	if (!pqm_starts(body, PQM_LIT("HYBSEAL\0"))) {
		shared(j, body);
		return PQM_OK;
	}
	j->rule = "sealed.hybrid";
	j->format = "pqmap";
	return own(j, body);
}

/* Blanks before an armour, or the header of a mail, are all that may stand in front. */
static bool is_all(const struct job *j, bool is_mail)
{
	pqm_bytes before = pqm_sub(j->a->body, 0, (size_t)j->base);

	return is_mail ? before.n < MAIL_HEADER_BYTES : pqm_trim(before).n == 0;
}

static enum pqm_st binary(struct job *j, pqm_bytes body, bool is_mail, struct pqm_err *err)
{
	enum pqm_st st = recipients(j, body, err);

	return st == PQM_OK && is_all(j, is_mail) ? whole(j) : st;
}

/* The front of what is too long for an armour, or has no other end: recipients stand there. */
static enum pqm_st front(struct job *j, pqm_bytes text, bool is_mail, struct pqm_err *err)
{
	struct pqm_buf body;
	enum pqm_st st = PQM_OK;

	pqm_buf_init(&body, PQM_SEALED_TEXT_BYTES);
	if (pqm_sealed_base64(text, &body))
		st = binary(j, pqm_buf_bytes(&body), is_mail, err);
	pqm_buf_wipe(&body);
	return st;
}

/* Behind the line of an armour, and the headers of OpenPGP. */
static pqm_bytes behind(pqm_bytes text, bool has_headers)
{
	pqm_bytes rest = pqm_sub(text, pqm_find_byte(text, 0, '\n'), text.n);
	size_t blank = pqm_find(rest, 0, PQM_LIT("\n\n"));
	size_t crlf = pqm_find(rest, 0, PQM_LIT("\n\r\n"));

	if (!has_headers)
		return rest;
	return pqm_sub(rest, blank < crlf ? blank : crlf, rest.n);
}

static enum pqm_st one_armour(
	struct job *j, unsigned kind, pqm_bytes text, size_t *total, struct pqm_err *err)
{
	struct pqm_buf body;
	enum pqm_st st;

	if (!pqm_starts(text, pqm_str(armours[kind].begin)))
		return PQM_OK;
	if (kind == A_CMS || kind == A_PKCS7)
		return front(j, behind(text, false), false, err);
	if (text.n > PQM_PEM_BODY_BYTES && is_all(j, false))
		return front(j, behind(pqm_sub(text, 0, PQM_SEALED_TEXT_BYTES), kind == A_PGP),
			false, err);
	pqm_buf_init(&body, PQM_PEM_BODY_BYTES);
	st = pqm_armour_decode(&armours[kind], text, &body, total, err);
	if (st == PQM_OK)
		st = binary(j, pqm_buf_bytes(&body), false, err);
	else if (st == PQM_EPARSE)
		st = PQM_OK; /* prose about such files has the line too */
	else
		st = told(j, st, err);
	pqm_buf_wipe(&body);
	return st;
}

/* Content-Type: application/pkcs7-mime; smime-type=enveloped-data … [RFC8551 §3.2.2] */
static enum pqm_st mail(struct job *j, pqm_bytes text, struct pqm_err *err)
{
	pqm_bytes type = pqm_sub(text, anchors[A_SMIME].n, text.n);

	text = pqm_sub(text, 0, MAIL_HEADER_BYTES + PQM_SEALED_TEXT_BYTES);
	if (type.n > 0 && type.p[0] == '"')
		type = pqm_sub(type, 1, type.n);
	if (!pqm_ieq(pqm_sub(type, 0, 14), PQM_LIT("enveloped-data")) &&
		!pqm_ieq(pqm_sub(type, 0, 18), PQM_LIT("authEnveloped-data")))
		return PQM_OK;
	return front(j, behind(text, true), true, err);
}

static bool wants(const struct pqm_artifact *a)
{
	return pqm_sealed_is_age(a->head) || pqm_sealed_is_pgp(a->head) ||
		pqm_sealed_is_cms(a->head) || pqm_sealed_is_jwe(a->head) ||
		pqm_sealed_is_shared(a->head) || pqm_starts(a->head, PQM_LIT("HYBSEAL\0"));
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	if (*hits->done_until == 0 && wants(a)) {
		struct job j = { .r = r, .out = out, .a = a };

		*hits->done_until = 1; /* once, even when hits come in batches */
		st = binary(&j, a->body, false, err);
	}
	for (size_t i = 0; st == PQM_OK && i < hits->n; i++) {
		struct job j = {
			.r = r, .out = out, .a = a, .base = hits->hit[i].off, .is_armour = true
		};
		pqm_bytes text = pqm_sub(a->body, (size_t)j.base, a->body.n);
		size_t total = 0;

		if (j.base < *hits->done_until)
			continue;
		st = hits->hit[i].anchor == A_SMIME
			? mail(&j, text, err)
			: one_armour(&j, hits->hit[i].anchor, text, &total, err);
		*hits->done_until = j.base + (total > 0 ? total : 1);
	}
	return st;
}

const struct pqm_detector pqm_det_sealed = {
	.name = "sealed",
	.version = 2,
	.summary = "Encrypted files by their recipients: age, OpenPGP, CMS, JWE, pqmap",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.wants = wants,
	.run = run,
};
