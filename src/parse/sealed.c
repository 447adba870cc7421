#include "sealed.h"

#include "base/cur.h"
#include "base/limits.h"

/* Wrapped RSA keys are as long as the modulus, less leading zeros: sizes in use are multiples of this. */
#define RSA_STEP_BITS 256

static uint32_t modulus_bits(size_t bits)
{
	return (uint32_t)((bits + RSA_STEP_BITS - 1) / RSA_STEP_BITS * RSA_STEP_BITS);
}

/* ---- age ---- */

static const struct stanza {
	const char *type, *algorithm;
} stanzas[] = {
	{ "X25519", "X25519" },
	{ "scrypt", NULL },
	{ "ssh-rsa", "RSA" },
	/* The Ed25519 key of the recipient is taken to its X25519 form [C2SP age.md, ssh-ed25519]. */
	{ "ssh-ed25519", "X25519" },
	{ "piv-p256", "P-256" },
	{ "p256tag", "P-256" },
	{ "mlkem768x25519", "X25519+ML-KEM-768" },
	{ "mlkem768p256tag", "MLKEM768-P256" },
};

bool pqm_sealed_is_age(pqm_bytes head)
{
	return pqm_starts(head, PQM_LIT("age-encryption.org/v1\n"));
}

static bool take_line(pqm_bytes b, size_t *at, pqm_bytes *line)
{
	size_t end = pqm_find_byte(b, *at, '\n');

	if (end == SIZE_MAX)
		return false;
	*line = pqm_sub(b, *at, end - *at);
	*at = end + 1;
	return true;
}

static const struct stanza *stanza_of(pqm_bytes type)
{
	for (size_t i = 0; i < sizeof(stanzas) / sizeof(stanzas[0]); i++)
		if (pqm_eqs(type, stanzas[i].type))
			return &stanzas[i];
	return NULL;
}

/* Lines of 64 characters and one that is shorter, maybe empty. */
static bool take_body(pqm_bytes b, size_t *at, size_t *n_chars)
{
	pqm_bytes line;

	*n_chars = 0;
	do {
		if (!take_line(b, at, &line) || line.n > 64 || pqm_starts(line, PQM_LIT("->")) ||
			pqm_starts(line, PQM_LIT("---")))
			return false;
		*n_chars += line.n;
	} while (line.n == 64);
	return true;
}

enum pqm_st pqm_sealed_age(pqm_bytes b, pqm_sealed_fn *each, void *ctx, struct pqm_err *err)
{
	size_t at = sizeof("age-encryption.org/v1\n") - 1, chars;
	pqm_bytes line, type = { NULL, 0 };
	enum pqm_st st = PQM_OK;

	for (size_t n = 0; st == PQM_OK; n++) {
		size_t from = at;

		if (!take_line(b, &at, &line))
			return pqm_fail(
				err, PQM_EPARSE, "age: header at byte %zu is cut off", from);
		if (pqm_starts(line, PQM_LIT("---")))
			return PQM_OK;
		if (n == PQM_SEALED_RECIPIENTS)
			return pqm_fail(
				err, PQM_ELIMIT, "age: over %d recipients", PQM_SEALED_RECIPIENTS);
		pqm_bytes rest = pqm_sub(line, 3, line.n);

		if (!pqm_starts(line, PQM_LIT("-> ")) || !pqm_split(&rest, ' ', &type) ||
			type.n == 0 || !take_body(b, &at, &chars))
			return pqm_fail(
				err, PQM_EPARSE, "age: stanza at byte %zu is malformed", from);
		/* Made up, so that readers do not stumble over what they do not know. */
		if (pqm_ends(type, PQM_LIT("-grease")))
			continue;
		const struct stanza *s = stanza_of(type);
		struct pqm_sealed_to to = {
			.type = type, .share = pqm_sub(b, from, at - from), .off = from
		};

		to.algorithm = s == NULL ? "" : s->algorithm;
		if (pqm_eqs(type, "ssh-rsa"))
			to.bits = modulus_bits(chars * 6);
		st = each(ctx, &to);
	}
	return st;
}

/* ---- OpenPGP ---- */

enum {
	TAG_PKESK = 1,
	TAG_SKESK = 3,
	TAG_SED = 9,
	TAG_MARKER = 10,
	TAG_SEIPD = 18,
	TAG_AEAD = 20,
	TAG_PADDING = 21
};

enum {
	ALG_RSA = 1,
	ALG_RSA_ENCRYPT = 2,
	ALG_ELGAMAL = 16,
	ALG_ECDH = 18,
	ALG_X25519 = 25,
	ALG_X448 = 26
};

/* Composites [draft-ietf-openpgp-pqc §2.1]. */
enum { ALG_MLKEM768_X25519 = 35, ALG_MLKEM1024_X448 = 36 };

static bool length(struct pqm_cur *c, uint8_t head, size_t *n)
{
	uint8_t a, b;
	uint16_t two;
	uint32_t four;

	if ((head & 0x40) == 0) {
		switch (head & 3) {
		case 0:
			if (!pqm_cur_u8(c, &a))
				return false;
			*n = a;
			return true;
		case 1:
			if (!pqm_cur_u16be(c, &two))
				return false;
			*n = two;
			return true;
		default:
			if ((head & 3) != 2 || !pqm_cur_u32be(c, &four))
				return false;
			*n = four;
			return true;
		}
	}
	if (!pqm_cur_u8(c, &a))
		return false;
	*n = a;
	if (a >= 192 && a < 224) {
		if (!pqm_cur_u8(c, &b))
			return false;
		*n = ((size_t)(a - 192) << 8) + b + 192;
	} else if (a >= 224) {
		if (a != 255 || !pqm_cur_u32be(c, &four))
			return false;
		*n = four;
	}
	return true;
}

static unsigned tag_of(uint8_t head)
{
	return (head & 0x40) != 0 ? head & 0x3f : (head >> 2) & 0x0f;
}

/* The first number of the wrapped key: its bits. */
static bool first_bits(struct pqm_cur c, size_t *bits, pqm_bytes *number)
{
	uint16_t n;

	if (!pqm_cur_u16be(&c, &n))
		return false;
	*bits = n;
	return pqm_cur_take(&c, ((size_t)n + 7) / 8, number);
}

const char *pqm_sealed_curve(pqm_bytes point)
{
	size_t n = 0; /* octets of a coordinate */

	if (point.n > 1 && point.p[0] == 4 && point.n % 2 == 1)
		n = point.n / 2;
	else if (point.n > 1 && (point.p[0] == 2 || point.p[0] == 3))
		n = point.n - 1;
	switch (n) {
	case 0:
		return NULL;
	case 32:
		return "P-256";
	case 48:
		return "P-384";
	case 66:
		return "P-521";
	default:
		return "EC";
	}
}

/* An ephemeral point: 40 ‖ x of Curve25519, or 04 ‖ x ‖ y [RFC9580 §11.2]. */
static bool ecdh(struct pqm_sealed_to *to, pqm_bytes point)
{
	to->algorithm = point.n == 33 && point.p[0] == 0x40 ? "X25519" : pqm_sealed_curve(point);
	return to->algorithm != NULL;
}

/* Version 3: key id; version 6: version and fingerprint of the key [RFC9580 §5.1]. */
static bool pkesk(struct pqm_sealed_to *to, pqm_bytes body)
{
	struct pqm_cur c = pqm_cur_of(body);
	uint8_t version, n, alg;
	pqm_bytes number;
	size_t bits;

	if (!pqm_cur_u8(&c, &version) || (version != 3 && version != 6))
		return false;
	if (version == 3 ? !pqm_cur_skip(&c, 8) : !pqm_cur_u8(&c, &n) || !pqm_cur_skip(&c, n))
		return false;
	if (!pqm_cur_u8(&c, &alg))
		return false;
	switch (alg) {
	case ALG_RSA:
	case ALG_RSA_ENCRYPT:
	case ALG_ELGAMAL:
		to->algorithm = alg == ALG_ELGAMAL ? "ElGamal" : "RSA";
		if (!first_bits(c, &bits, &number) || bits < 512 || bits > PQM_RSA_BITS_MAX)
			return false;
		to->bits = modulus_bits(bits);
		return true;
	case ALG_ECDH:
		return first_bits(c, &bits, &number) && ecdh(to, number);
	case ALG_X25519:
		to->algorithm = "X25519";
		return true;
	case ALG_X448:
		to->algorithm = "X448";
		return true;
	case ALG_MLKEM768_X25519:
		to->algorithm = "ML-KEM-768+X25519";
		return true;
	case ALG_MLKEM1024_X448:
		to->algorithm = "MLKEM1024-X448-SHA3-256";
		return true;
	default:
		return false;
	}
}

static bool next_packet(struct pqm_cur *c, unsigned *tag, pqm_bytes *body)
{
	uint8_t head;
	size_t n;

	if (!pqm_cur_u8(c, &head) || (head & 0x80) == 0)
		return false;
	*tag = tag_of(head);
	if (*tag != TAG_PKESK && *tag != TAG_SKESK && *tag != TAG_MARKER && *tag != TAG_PADDING)
		return false;
	return length(c, head, &n) && pqm_cur_take(c, n, body);
}

/* Version, cipher of 1 to 13, and in version 4 how the passphrase becomes a key [RFC9580 §5.3]. */
static bool skesk(pqm_bytes body)
{
	if (body.n < 4 || body.p[0] < 4 || body.p[0] > 6)
		return false;
	if (body.p[0] != 4)
		return body.n < 256;
	return body.p[1] >= 1 && body.p[1] <= 13 &&
		(body.p[2] == 0 || body.p[2] == 1 || body.p[2] == 3 || body.p[2] == 4) &&
		body.p[3] >= 1 && body.p[3] <= 14 && body.n < 128;
}

static bool is_encrypted_data(const struct pqm_cur *c)
{
	struct pqm_cur rest = *c;
	uint8_t head;
	unsigned tag;

	if (!pqm_cur_u8(&rest, &head) || (head & 0x80) == 0)
		return false;
	tag = tag_of(head);
	return tag == TAG_PKESK || tag == TAG_SKESK || tag == TAG_SED || tag == TAG_SEIPD ||
		tag == TAG_AEAD;
}

bool pqm_sealed_is_pgp(pqm_bytes head)
{
	struct pqm_cur c = pqm_cur_of(head);
	struct pqm_sealed_to to = { .algorithm = NULL };
	pqm_bytes body;
	unsigned tag;

	if (!next_packet(&c, &tag, &body))
		return false;
	if (tag == TAG_PKESK)
		return pkesk(&to, body);
	/* A passphrase has a weak mark: what is encrypted under it must follow. */
	return tag == TAG_SKESK && skesk(body) && is_encrypted_data(&c);
}

enum pqm_st pqm_sealed_pgp(pqm_bytes b, pqm_sealed_fn *each, void *ctx, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(b);
	enum pqm_st st = PQM_OK;
	pqm_bytes body;
	unsigned tag;

	/* Behind the wrapped keys comes the encrypted data, in parts of any length: that is the end. */
	for (size_t n = 0; st == PQM_OK; n++) {
		size_t off = b.n - pqm_cur_left(&c);
		struct pqm_sealed_to to = { .type = PQM_LIT("OpenPGP"), .off = off };

		if (!next_packet(&c, &tag, &body))
			return PQM_OK;
		if (n == PQM_SEALED_RECIPIENTS)
			return pqm_fail(err, PQM_ELIMIT, "OpenPGP: over %d wrapped keys",
				PQM_SEALED_RECIPIENTS);
		if (tag != TAG_PKESK && tag != TAG_SKESK)
			continue;
		to.share = body;
		if (tag == TAG_SKESK)
			to.type = PQM_LIT("passphrase");
		else if (!pkesk(&to, body))
			return pqm_fail(err, PQM_EPARSE,
				"OpenPGP: wrapped key at byte %zu is malformed or of an unknown "
				"algorithm",
				off);
		st = each(ctx, &to);
	}
	return st;
}
