#include "signed.h"

#include "base/buf.h"
#include "base/cur.h"
#include "base/limits.h"
#include "yaml_json.h"

#define BUNDLE "application/vnd.dev.sigstore.bundle"
#define CBOR_DEPTH 16
/* Labels of COSE headers [RFC 9052 §3.1, RFC 9360 §2]. */
#define COSE_ALG 1
#define COSE_TYPE 3
#define COSE_X5CHAIN 33

static pqm_bytes decode(pqm_bytes text, struct pqm_arena *arena)
{
	pqm_bytes out = { NULL, 0 };
	struct pqm_buf b;

	pqm_buf_init(&b, PQM_SIGNED_BYTES);
	if (text.n > 0 && pqm_base64(&b, text, NULL))
		out = pqm_bytes_dup(arena, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	return out;
}

static void add_cert(struct pqm_signed *s, pqm_bytes der)
{
	if (der.n > 0 && der.p[0] == 0x30 && s->n_certs < PQM_SIGNED_CERTS)
		s->certs[s->n_certs++] = der;
}

static void add_by(struct pqm_signed *s, pqm_bytes keyid, pqm_bytes sig)
{
	if (s->n_by < PQM_SIGNED_SIGNATURES)
		s->by[s->n_by++] = (struct pqm_signed_by){ keyid, sig };
}

static const struct pqm_yaml *list_of(const struct pqm_yaml *map, const char *key)
{
	const struct pqm_yaml *list = pqm_yaml_get(map, key);

	return list != NULL && list->type == PQM_YAML_SEQ ? list : NULL;
}

/* {"payloadType", "payload", "signatures": [{"keyid", "sig"}]} */
static void read_dsse(struct pqm_signed *s, const struct pqm_yaml *root, struct pqm_arena *arena)
{
	const struct pqm_yaml *list = list_of(root, "signatures");

	if (list == NULL || pqm_yaml_get(root, "payload") == NULL)
		return;
	s->form = "DSSE";
	s->type = pqm_yaml_str(root, "payloadType");
	for (uint32_t i = 0; i < list->n; i++)
		add_by(s, pqm_yaml_str(list->items[i], "keyid"),
			decode(pqm_yaml_str(list->items[i], "sig"), arena));
}

/* {"payload", "protected", "header": {"x5c"}, "signature"} */
static enum pqm_st read_jws(struct pqm_signed *s, const struct pqm_yaml *root,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *head = NULL, *list;
	pqm_bytes text = decode(pqm_yaml_str(root, "protected"), arena);
	enum pqm_st st = PQM_OK;

	if (text.n == 0 || pqm_yaml_get(root, "payload") == NULL ||
		pqm_yjson_root(&head, text, arena, &(struct pqm_err){ 0 }) != PQM_OK)
		return PQM_OK;
	s->alg = pqm_yaml_str(head, "alg");
	if (s->alg.n == 0)
		return PQM_OK;
	s->form = "JWS";
	s->type = pqm_yaml_str(head, "cty");
	add_by(s, pqm_yaml_str(head, "kid"), decode(pqm_yaml_str(root, "signature"), arena));
	list = list_of(pqm_yaml_get(root, "header"), "x5c");
	if (list == NULL)
		list = list_of(head, "x5c");
	for (uint32_t i = 0; list != NULL && i < list->n && i < PQM_SIGNED_CERTS; i++)
		add_cert(s, decode(pqm_yaml_text(list->items[i]), arena));
	if (s->by[0].sig.n == 0)
		st = pqm_fail(err, PQM_EPARSE, "a JWS without a signature");
	return st;
}

static void read_bundle(struct pqm_signed *s, const struct pqm_yaml *root, struct pqm_arena *arena)
{
	const struct pqm_yaml *material = pqm_yaml_get(root, "verificationMaterial");
	const struct pqm_yaml *sig = pqm_yaml_get(root, "messageSignature");
	const struct pqm_yaml *list =
		list_of(pqm_yaml_get(material, "x509CertificateChain"), "certificates");

	read_dsse(s, pqm_yaml_get(root, "dsseEnvelope"), arena);
	if (sig != NULL)
		add_by(s, pqm_yaml_str(pqm_yaml_get(material, "publicKey"), "hint"),
			decode(pqm_yaml_str(sig, "signature"), arena));
	s->form = "Sigstore bundle";
	add_cert(s, decode(pqm_yaml_str(pqm_yaml_get(material, "certificate"), "rawBytes"), arena));
	for (uint32_t i = 0; list != NULL && i < list->n && i < PQM_SIGNED_CERTS; i++)
		add_cert(s, decode(pqm_yaml_str(list->items[i], "rawBytes"), arena));
}

enum pqm_st pqm_signed_json(
	struct pqm_signed *out, pqm_bytes body, struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *root = NULL;
	struct pqm_err ignored = { 0 };

	*out = (struct pqm_signed){ 0 };
	if (body.n > PQM_SIGNED_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "an envelope over 16 MiB");
	if (pqm_yjson_root(&root, body, arena, &ignored) != PQM_OK || root->type != PQM_YAML_MAP)
		return PQM_OK;
	if (pqm_starts(pqm_yaml_str(root, "mediaType"), PQM_LIT(BUNDLE))) {
		read_bundle(out, root, arena);
		return PQM_OK;
	}
	if (pqm_yaml_get(root, "protected") != NULL)
		return read_jws(out, root, arena, err);
	if (pqm_yaml_get(root, "payloadType") != NULL)
		read_dsse(out, root, arena);
	return PQM_OK;
}

/* A data item of CBOR [RFC 8949 §3]: of what has a length, only definite ones, as COSE signers write. */
struct item {
	unsigned major;
	uint64_t n;	/* number, length, count, tag */
	pqm_bytes text; /* of strings */
};

static bool take_item(struct pqm_cur *c, struct item *out)
{
	uint8_t first = 0, byte = 0;
	unsigned more;

	if (!pqm_cur_u8(c, &first))
		return false;
	*out = (struct item){ .major = first >> 5, .n = first & 31 };
	if (out->n > 27)
		return false;
	if (out->n >= 24) {
		more = 1U << (out->n - 24);
		out->n = 0;
		while (more-- > 0) {
			if (!pqm_cur_u8(c, &byte))
				return false;
			out->n = out->n << 8 | byte;
		}
	}
	if (out->major != 2 && out->major != 3)
		return true;
	return out->n <= pqm_cur_left(c) && pqm_cur_take(c, (size_t)out->n, &out->text);
}

static bool skip_item(struct pqm_cur *c, unsigned depth)
{
	struct item i;
	uint64_t n;

	if (depth > CBOR_DEPTH || !take_item(c, &i))
		return false;
	if (i.major == 6)
		return skip_item(c, depth + 1);
	if (i.major != 4 && i.major != 5)
		return true;
	if (i.n > pqm_cur_left(c))
		return false; /* each takes a byte at least */
	n = i.major == 5 ? 2 * i.n : i.n;
	while (n-- > 0)
		if (!skip_item(c, depth + 1))
			return false;
	return true;
}

/* One certificate, or a list of them. */
static bool take_chain(struct pqm_signed *s, struct pqm_cur *c)
{
	struct item i;

	if (!take_item(c, &i))
		return false;
	if (i.major == 2)
		add_cert(s, i.text);
	if (i.major != 4)
		return i.major == 2;
	for (uint64_t n = i.n; n > 0; n--) {
		if (!take_item(c, &i) || i.major != 2)
			return false;
		add_cert(s, i.text);
	}
	return true;
}

static bool take_value(
	struct pqm_signed *s, struct pqm_cur *c, int64_t label, struct pqm_arena *arena)
{
	struct pqm_cur ahead = *c;
	struct item i;

	if (label == COSE_X5CHAIN)
		return take_chain(s, c);
	if ((label == COSE_ALG || label == COSE_TYPE) && take_item(&ahead, &i) &&
		i.n <= INT32_MAX) {
		if (label == COSE_TYPE && i.major == 3)
			s->type = i.text;
		else if (label == COSE_ALG && i.major <= 1)
			s->alg = pqm_arena_f(
				arena, "%lld", i.major == 1 ? -1 - (long long)i.n : (long long)i.n);
		else if (label == COSE_ALG && i.major == 3)
			s->alg = i.text;
	}
	return skip_item(c, 0);
}

static bool take_headers(struct pqm_signed *s, struct pqm_cur *c, struct pqm_arena *arena)
{
	struct item map, key;

	if (pqm_cur_left(c) == 0)
		return true; /* an empty string stands for an empty map */
	if (!take_item(c, &map) || map.major != 5 || map.n > pqm_cur_left(c))
		return false;
	for (uint64_t n = map.n; n > 0; n--) {
		struct pqm_cur at = *c;
		int64_t label = 0;

		if (!take_item(&at, &key))
			return false;
		if (key.major == 0 && key.n <= INT32_MAX)
			label = (int64_t)key.n;
		if (!skip_item(c, 0) || !take_value(s, c, label, arena))
			return false;
	}
	return true;
}

bool pqm_signed_is_cose(pqm_bytes head)
{
	return head.n > 2 && head.p[0] == 0xd2 && head.p[1] == 0x84 && head.p[2] >> 5 == 2;
}

enum pqm_st pqm_signed_cose(
	struct pqm_signed *out, pqm_bytes body, struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(body), head;
	struct item i, sig;

	*out = (struct pqm_signed){ 0 };
	if (body.n > PQM_SIGNED_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "an envelope over 16 MiB");
	/* 18([protected: bstr, unprotected: {}, payload: bstr / nil, signature: bstr]) */
	if (!pqm_signed_is_cose(body) || !pqm_cur_skip(&c, 2) || !take_item(&c, &i))
		return PQM_OK;
	head = pqm_cur_of(i.text);
	if (!take_headers(out, &head, arena) || out->alg.n == 0)
		return PQM_OK; /* two bytes are no proof */
	out->form = "COSE_Sign1";
	if (!take_headers(out, &c, arena) || !skip_item(&c, 0) || !take_item(&c, &sig) ||
		sig.major != 2)
		return pqm_fail(err, PQM_EPARSE, "a COSE_Sign1 that is cut off or broken");
	add_by(out, (pqm_bytes){ NULL, 0 }, sig.text);
	return PQM_OK;
}
