/* det_sigstore.c — certificates and keys that JSON carries as base64 of DER or PEM: Sigstore bundles (model.sig,
 * *.sigstore.json) and trust roots ("rawBytes"), the older bundles of cosign ("base64Signature", "cert"). */
#include "base/buf.h"
#include "base/limits.h"
#include "detect/detector.h"

#define VALUE_BYTES ((size_t)64 << 10)
#define DER_BYTES_MIN 32

enum { A_RAW, A_COSIGN };

static const struct pqm_anchor anchors[] = {
	[A_RAW] = PQM_ANCHOR("\"rawBytes\""),
	[A_COSIGN] = PQM_ANCHOR("\"base64Signature\""),
};

static size_t skip_blanks(pqm_bytes t, size_t at)
{
	while (at < t.n &&
		(t.p[at] == ' ' || t.p[at] == '\t' || t.p[at] == '\n' || t.p[at] == '\r'))
		at++;
	return at;
}

/* The string that is the value of the key that ends at `at`; empty when there is none. */
static pqm_bytes value_at(pqm_bytes t, size_t at)
{
	size_t end;

	at = skip_blanks(t, at);
	if (at >= t.n || t.p[at] != ':')
		return (pqm_bytes){ NULL, 0 };
	at = skip_blanks(t, at + 1);
	if (at >= t.n || t.p[at] != '"')
		return (pqm_bytes){ NULL, 0 };
	at++;
	for (end = at; end < t.n && t.p[end] != '"' && end - at < VALUE_BYTES; end++)
		;
	if (end >= t.n || t.p[end] != '"')
		return (pqm_bytes){ NULL, 0 };
	return pqm_sub(t, at, end - at);
}

/* JSON may write a slash with a backslash in front. */
static bool decode(struct pqm_buf *out, pqm_bytes text)
{
	struct pqm_buf plain;
	bool ok;

	pqm_buf_init(&plain, VALUE_BYTES + 1);
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '\\')
			(void)pqm_buf_byte(&plain, text.p[i]);
	ok = !plain.failed && pqm_base64(out, pqm_buf_bytes(&plain), NULL);
	pqm_buf_wipe(&plain);
	return ok;
}

static bool is_der_or_pem(pqm_bytes b)
{
	return b.n >= DER_BYTES_MIN &&
		((b.p[0] == 0x30 && b.p[1] != 0) || pqm_starts(b, PQM_LIT("-----BEGIN ")));
}

struct place {
	size_t off; /* the line is known up to here */
	uint32_t line;
	size_t line_at; /* where it begins */
};

static void move_to(struct place *p, pqm_bytes t, size_t off)
{
	for (; p->off < off; p->off++)
		if (t.p[p->off] == '\n') {
			p->line++;
			p->line_at = p->off + 1;
		}
}

static enum pqm_st take(const struct pqm_artifact *a, size_t key_end, const char *object,
	struct place *at, struct pqm_emit *out)
{
	pqm_bytes text = value_at(a->body, key_end);
	struct pqm_buf b;
	enum pqm_st st = PQM_OK;

	if (text.n == 0)
		return PQM_OK;
	pqm_buf_init(&b, VALUE_BYTES);
	if (decode(&b, text) && is_der_or_pem(pqm_buf_bytes(&b))) {
		size_t off = (size_t)(text.p - a->body.p);

		move_to(at, a->body, off);
		st = pqm_emit_child(out,
			&(struct pqm_child){ .body = pqm_buf_bytes(&b),
				.object = pqm_str(object),
				.line = at->line,
				.col = (uint32_t)(off - at->line_at + 1) });
	}
	pqm_buf_wipe(&b);
	return st;
}

/* "cert" stands beside the signature, in an order that nobody promises. */
static enum pqm_st take_cosign(const struct pqm_artifact *a, struct place *at, struct pqm_emit *out)
{
	static const char key[] = "\"cert\"";
	size_t off = pqm_find(a->head, 0, pqm_str(key));

	if (off == SIZE_MAX)
		return PQM_OK;
	return take(a, off + sizeof(key) - 1, "cosign bundle, cert", at, out);
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct place at = { 0, 1, 0 };
	bool is_cosign_done = hits->done_until != NULL && *hits->done_until > 0;
	enum pqm_st st = PQM_OK;

	(void)r;
	for (size_t i = 0; st == PQM_OK && i < hits->n; i++) {
		const struct pqm_hit *h = &hits->hit[i];

		if (h->off >= a->body.n)
			continue;
		if (h->anchor == A_RAW) {
			st = take(a, (size_t)h->off + anchors[A_RAW].n, "Sigstore rawBytes", &at,
				out);
		} else if (!is_cosign_done) {
			struct place from_start = { 0, 1, 0 };

			is_cosign_done = true;
			st = take_cosign(a, &from_start, out);
		}
	}
	if (hits->done_until != NULL && hits->n > 0)
		*hits->done_until = hits->hit[hits->n - 1].off + 1;
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "no memory for a signature bundle");
}

const struct pqm_detector pqm_det_sigstore = {
	.name = "sigstore",
	.version = 1,
	.summary = "Certificates and keys in Sigstore bundles of models and images",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.run = run,
};
