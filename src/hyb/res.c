#include "hyb/req.h"

#define OFF_BODY 14
#define OFF_TIME 18
#define OFF_REQUEST 26
#define OFF_SERVICE 74
#define FIXED 106

static const char magic[] = "HYBIRES";
static const uint8_t domain[] = { 'h', 'y', 'b', '/', 'r', 'e', 's', '/', 'v', '1' };
static const hyb_bytes label = { domain, sizeof(domain) };
static const hyb_bytes none = { NULL, 0 };

static void lay_out(struct hyb_req_map *m, size_t body)
{
	m->body = body;
	m->hash_at = FIXED;
	m->enc_at = m->hash_at + HYB_REQ_HASH_BYTES;
	m->ct_at = m->enc_at + m->head.kem->ct_bytes;
	m->block_at = m->ct_at + body + HYB_HPKE_TAG_BYTES;
	m->total = m->block_at + hyb_env_block_bytes(m->head.sig);
}

static enum hyb_st plan(struct hyb_req_map *m, size_t body, const struct hyb_res_seal_opts *o)
{
	*m = (struct hyb_req_map){ .head = { o->req->kem, o->service->pub.sig } };
	if (o->req->kem == NULL)
		return HYB_E_ARG;
	if (!hyb_env_is_sig(&o->service->pub))
		return HYB_E_SUITE;
	if (body > HYB_REQ_BODY_MAX)
		return HYB_E_LIMIT;
	lay_out(m, body);
	return HYB_OK;
}

size_t hyb_res_bytes(size_t body, const struct hyb_res_seal_opts *o)
{
	struct hyb_req_map m;

	return plan(&m, body, o) == HYB_OK ? m.total : 0;
}

static void write_head(uint8_t *out, const struct hyb_req_map *m, const struct hyb_res_seal_opts *o)
{
	struct hyb_env_out w = { out };

	hyb_env_put_head(&w, magic, &m->head);
	hyb_env_put_u32(&w, m->body);
	hyb_env_put_u64(&w, o->now);
	hyb_env_put(&w, o->req->hash, HYB_REQ_HASH_BYTES);
	hyb_env_put(&w, o->service->pub.id, HYB_KEY_ID_BYTES);
}

enum hyb_st hyb_res_seal(
	uint8_t *out, size_t *out_n, hyb_bytes body, const struct hyb_res_seal_opts *o)
{
	struct hyb_hpke_suite suite;
	struct hyb_env_info info;
	struct hyb_req_map m;
	enum hyb_st st = plan(&m, body.n, o);

	*out_n = 0;
	if (st != HYB_OK)
		return st;
	suite = hyb_hpke_default(m.head.kem);
	write_head(out, &m, o);
	st = hyb_req_bind(&info, out, &m, label);
	if (st == HYB_OK) {
		struct hyb_hpke_in in = { { info.bytes, info.n }, none, body };

		st = hyb_hpke_seal(&suite, out + m.enc_at, out + m.ct_at, &in, o->req->response_ek);
	}
	if (st == HYB_OK)
		st = hyb_req_finish(out, &m, label, o->service);
	if (st == HYB_OK)
		*out_n = m.total;
	else
		hyb_wipe(out, m.total);
	return st;
}

static enum hyb_st parse(struct hyb_req_map *m, hyb_bytes sealed)
{
	size_t body;
	enum hyb_st st;

	*m = (struct hyb_req_map){ .total = 0 };
	st = hyb_env_head_read(&m->head, magic, sealed, FIXED);
	if (st != HYB_OK)
		return st;
	if (m->head.sig == NULL)
		return HYB_E_UNSIGNED;
	body = hyb_load32be(sealed.p + OFF_BODY);
	if (body > HYB_REQ_BODY_MAX)
		return HYB_E_FORMAT;
	lay_out(m, body);
	return hyb_env_length(sealed.n, m->total);
}

static enum hyb_st decrypt(
	uint8_t *out, const uint8_t *p, const struct hyb_req_map *m, const uint8_t *seed)
{
	struct hyb_hpke_suite suite = hyb_hpke_default(m->head.kem);
	struct hyb_kem_dk dk;
	struct hyb_env_info info;
	enum hyb_st st = hyb_req_bind(&info, p, m, label);

	if (st == HYB_OK)
		st = hyb_kem_dk_expand(m->head.kem, &dk, seed);
	if (st == HYB_OK) {
		struct hyb_hpke_in in = { { info.bytes, info.n }, none,
			{ p + m->ct_at, m->body + HYB_HPKE_TAG_BYTES } };

		st = hyb_hpke_open(&suite, out, p + m->enc_at, &in, &dk);
		hyb_kem_dk_clear(&dk);
	}
	return st;
}

/* The signature, then whether this answers the request that is pending. */
static enum hyb_st verify(
	const uint8_t *p, const struct hyb_req_map *m, const struct hyb_res_open_opts *o)
{
	struct hyb_env_accept accept = { o->services, o->n_services, false };
	const struct hyb_public *k;
	enum hyb_st st;

	if (o->pending->kem == NULL)
		return HYB_E_ARG;
	st = hyb_req_verify(&k, p, m, label, &accept, p + OFF_SERVICE);
	if (st != HYB_OK)
		return st;
	if (!hyb_ct_eq(p + OFF_REQUEST, o->pending->hash, HYB_REQ_HASH_BYTES))
		return HYB_E_AUDIENCE;
	return m->head.kem == o->pending->kem ? HYB_OK : HYB_E_SUITE;
}

enum hyb_st hyb_res_open(
	uint8_t *out, size_t *out_n, hyb_bytes sealed, const struct hyb_res_open_opts *o)
{
	struct hyb_req_map m;
	enum hyb_st st = parse(&m, sealed);

	*out_n = 0;
	if (st != HYB_OK)
		return st;
	st = verify(sealed.p, &m, o);
	if (st == HYB_OK)
		st = decrypt(out, sealed.p, &m, o->pending->seed);
	if (st == HYB_OK && !hyb_env_is_fresh(o->now, hyb_load64be(sealed.p + OFF_TIME), o->window))
		st = HYB_E_STALE;
	if (st == HYB_OK)
		*out_n = m.body;
	else
		hyb_wipe(out, m.body);
	return st;
}
