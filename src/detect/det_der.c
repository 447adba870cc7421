#include "material.h"
#include "parse/ber.h"

/* A DER file may be padded or end with a line break. */
#define TAIL_BYTES 16

#define A(s, m)                                                                                    \
	{                                                                                          \
		s, m, sizeof(s) - 1                                                                \
	}

/* done_until keeps two things between batches: the offset, and above it what of the budget for BER was
 * used, in shares of 1/65,535. All of it means: given up, and noted. */
#define OFFSET_BITS 48
#define SHARES UINT64_C(65535)

/* Pattern bytes under '.' are not compared. Long forms first, then short objects whose only sure
 * bytes are an OID or a structure inside [X.690 §8.1.3, RFC5480, RFC5915, RFC8410]. */
static const struct pqm_anchor anchors[] = {
	A("\x30\x82\0\0\x30", "xx..x"),
	A("\x30\x82\0\0\x02", "xx..x"),
	A("\x30\x81\0\x30", "xx.x"),
	A("\x30\x81\0\x02", "xx.x"),
	A("\x30\x83\0\0\0\x30", "xx...x"),
	A("\x30\x83\0\0\0\x02", "xx...x"),
	/* ContentInfo with SignedData */
	A("\x30\x82\0\0\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02", "xx..xxxxxxxxxxx"),
	A("\x30\x83\0\0\0\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02", "xx...xxxxxxxxxxx"),
	A("\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02", NULL),
	/* PFX in BER */
	A("\x30\x80\x02\x01\x03\x30", NULL),
	/* id-ecPublicKey in SubjectPublicKeyInfo and PrivateKeyInfo */
	A("\x30\0\x30\0\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01", "x.x.xxxxxxxxx"),
	A("\x30\0\x02\x01\0\x30\0\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01", "x.xx.x.xxxxxxxxx"),
	/* ECPrivateKey */
	A("\x30\0\x02\x01\x01\x04", "x.xxxx"),
	/* X25519, X448, Ed25519, Ed448 */
	A("\x30\0\x30\x05\x06\x03\x2B\x65", "x.xxxxxx"),
	A("\x30\0\x02\x01\0\x30\x05\x06\x03\x2B\x65", "x.xx.xxxxxx"),
	/* ML-KEM, ML-DSA, SLH-DSA seeds in PrivateKeyInfo, short public keys */
	A("\x30\0\x02\x01\0\x30\x0B\x06\x09\x60\x86\x48\x01\x65\x03\x04", "x.xx.xxxxxxxxxxx"),
	A("\x30\0\x30\x0B\x06\x09\x60\x86\x48\x01\x65\x03\x04", "x.xxxxxxxxxxx"),
	/* RSA of 512 and 768 bits */
	A("\x30\0\x30\x0D\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01", "x.xxxxxxxxxxxxx"),
};

static const unsigned kinds = PQM_MAT_ALL & ~PQM_MAT_BIT(PQM_MAT_EC_PARAMS);

/* The whole body is one object, but for a few bytes. */
static bool fills(pqm_bytes head, size_t body_bytes)
{
	size_t total;

	if (head.n < 4 || head.p[0] != PQM_DER_SEQ)
		return false;
	if (head.p[1] == 0x80)
		return true;
	return pqm_der_measure(head, &total) && total <= body_bytes &&
		body_bytes - total <= TAIL_BYTES;
}

/* Names that promise DER, when the file does begin like it. */
static bool promises(pqm_bytes head, pqm_bytes name)
{
	static const char *const ends[] = { ".der", ".cer", ".crt", ".p12", ".pfx", ".p7b", ".p7c",
		".p8", ".pk8", ".crl", ".csr", ".p10" };

	if (head.n < 4 || head.p[0] != PQM_DER_SEQ || head.p[1] < 0x80 || head.p[1] > 0x84)
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (pqm_ends(name, pqm_str(ends[i])))
			return true;
	return false;
}

static bool wants(const struct pqm_artifact *a)
{
	return fills(a->head, a->body.n) || promises(a->head, a->name);
}

struct job {
	struct pqm_material mt;
	pqm_bytes body;
	size_t ber_left; /* for pqm_ber_measure(); 0: no more BER in this artifact */
	bool is_ber_noted;
	uint64_t end; /* everything before it is dealt with */
};

/* Of the whole artifact; body sizes are file sizes, far below 2^62. */
static size_t ber_budget(pqm_bytes body)
{
	return PQM_BER_WORK_BYTES + 4 * body.n;
}

static void state_load(struct job *j, uint64_t done)
{
	size_t share = ber_budget(j->body) / SHARES;

	j->end = done & ((UINT64_C(1) << OFFSET_BITS) - 1);
	j->ber_left = share * (size_t)(SHARES - (done >> OFFSET_BITS));
	j->is_ber_noted = j->ber_left == 0;
}

/* Rounded against the artifact, so that many batches cannot spend what nobody counts. */
static uint64_t state_save(const struct job *j)
{
	size_t share = ber_budget(j->body) / SHARES;
	/* the first object is tried once */
	uint64_t end = j->end > 0 ? j->end : 1;

	return (SHARES - j->ber_left / share) << OFFSET_BITS | end;
}

static enum pqm_st try_ber(struct job *j, pqm_bytes rest, size_t *used, struct pqm_err *err)
{
	struct pqm_buf der;
	enum pqm_st st;

	if (j->ber_left == 0)
		return pqm_fail(err, PQM_ELIMIT, "BER budget is used up");
	st = pqm_ber_measure(pqm_sub(rest, 0, PQM_BER_OBJECT_BYTES), used, &j->ber_left, err);
	if (st != PQM_OK)
		return st;
	pqm_buf_init(&der, PQM_BER_OBJECT_BYTES + 64);
	st = pqm_ber_to_der(&der, pqm_sub(rest, 0, *used), used, err);
	if (st == PQM_OK)
		st = pqm_material_der(&j->mt, pqm_buf_bytes(&der), kinds, err);
	pqm_buf_wipe(&der);
	return st;
}

/* Tries the object at off; end goes behind it when it was one. */
static enum pqm_st try_at(struct job *j, size_t off, struct pqm_err *err)
{
	pqm_bytes rest = pqm_sub(j->body, off, j->body.n);
	size_t total = 0;
	enum pqm_st st;

	j->mt.at.off = off;
	if (rest.p != NULL && rest.n > 2 && rest.p[0] == PQM_DER_SEQ && rest.p[1] == 0x80)
		st = try_ber(j, rest, &total, err);
	else if (!pqm_der_measure(rest, &total) || total > rest.n)
		st = pqm_fail(err, PQM_EPARSE, "object of %zu bytes, %zu are there", total, rest.n);
	else
		st = pqm_material_der(&j->mt, pqm_sub(rest, 0, total), kinds, err);
	if (st == PQM_OK)
		j->end = off + total;
	return st;
}

/* The first object of the body; a file whose name promises DER may not fail in silence. */
static enum pqm_st try_first(struct job *j, const struct pqm_artifact *a)
{
	struct pqm_err err = { PQM_OK, "" };
	bool is_promised = promises(a->head, a->name);

	if (!is_promised && !fills(a->head, a->body.n))
		return PQM_OK;
	enum pqm_st st = try_at(j, 0, &err);

	if (st == PQM_OK || st == PQM_ENOMEM)
		return st;
	if (is_promised && j->ber_left > 0)
		pqm_emit_note(j->mt.out, 0, st, "DER file: %s", err.msg);
	return PQM_OK;
}

/* Notes once in an artifact that its BER was given up, at the object that was too much. */
static void note_ber(struct job *j)
{
	if (j->ber_left > 0 || j->is_ber_noted)
		return;
	j->is_ber_noted = true;
	pqm_emit_note(j->mt.out, j->mt.at.off, PQM_ELIMIT,
		"BER objects that lead nowhere took more than %zu bytes of work: no more BER is "
		"looked at",
		ber_budget(j->body));
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct job j = { .body = a->body };
	enum pqm_st st = PQM_OK;

	pqm_material_init(&j.mt, r, out, a->arena, false);
	state_load(&j, *hits->done_until);
	if (j.end == 0) {
		st = try_first(&j, a);
		note_ber(&j);
	}
	for (size_t i = 0; st == PQM_OK && i < hits->n; i++) {
		uint64_t off = hits->hit[i].off;

		if (off < j.end || off >= a->body.n)
			continue;
		st = try_at(&j, (size_t)off, NULL);
		note_ber(&j);
		if (st != PQM_ENOMEM && (st != PQM_ELIMIT || j.mt.ctx.checks_left > 0))
			st = PQM_OK;
	}
	*hits->done_until = state_save(&j);
	if (st == PQM_ELIMIT) {
		pqm_emit_note(out, j.mt.at.off, st,
			"more than %d key checks in one part: the rest "
			"of its DER objects is not looked at",
			PQM_KEY_CHECKS);
		st = PQM_OK;
	}
	return st == PQM_OK ? st : pqm_fail(err, st, "no memory for DER objects");
}

const struct pqm_detector pqm_det_der = {
	.name = "der",
	.version = 1,
	.summary = "certificates, keys and key stores in DER, whole files and embedded",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.wants = wants,
	.run = run,
};
