#include "hyb/req.h"

#define OFF_MODEL 14
#define OFF_AUDIENCE 16
#define OFF_TIME 18
#define OFF_SERVICE 58
#define OFF_CLIENT 90
#define OFF_BODY 122
#define FIXED 126

static const char magic[] = "HYBIREQ";
static const uint8_t domain[] = { 'h', 'y', 'b', '/', 'r', 'e', 'q', '/', 'v', '1' };
static const hyb_bytes label = { domain, sizeof(domain) };
static const hyb_bytes none = { NULL, 0 };

/* ---- shared with responses ---- */

enum hyb_st hyb_req_finish(
	uint8_t *msg, const struct hyb_req_map *m, hyb_bytes ctx, const struct hyb_private *signer)
{
	hyb_bytes sealed = { msg + m->enc_at, m->block_at - m->enc_at };
	enum hyb_st st = hyb_env_sha384(msg + m->hash_at, &sealed, 1);

	if (st == HYB_OK)
		st = hyb_env_sign(msg + m->block_at, signer, ctx, (hyb_bytes){ msg, m->enc_at });
	return st;
}

enum hyb_st hyb_req_verify(const struct hyb_public **signer, const uint8_t *msg,
	const struct hyb_req_map *m, hyb_bytes ctx, const struct hyb_env_accept *keys,
	const uint8_t *signer_id)
{
	hyb_bytes sealed = { msg + m->enc_at, m->block_at - m->enc_at };
	uint8_t hash[HYB_REQ_HASH_BYTES];
	enum hyb_st st = hyb_env_sender(signer, keys, m->head.sig, signer_id);

	if (st != HYB_OK)
		return st;
	if (!hyb_env_verify(msg + m->block_at, *signer, ctx, (hyb_bytes){ msg, m->enc_at }))
		return HYB_E_SIGNATURE;
	st = hyb_env_sha384(hash, &sealed, 1);
	if (st != HYB_OK)
		return st;
	return hyb_ct_eq(hash, msg + m->hash_at, sizeof(hash)) ? HYB_OK : HYB_E_OPEN;
}

enum hyb_st hyb_req_bind(
	struct hyb_env_info *info, const uint8_t *msg, const struct hyb_req_map *m, hyb_bytes ctx)
{
	return hyb_env_info(info, ctx, &(const hyb_bytes){ msg, m->hash_at }, 1);
}

enum hyb_st hyb_req_hash(
	uint8_t hash[HYB_REQ_HASH_BYTES], const uint8_t *msg, const struct hyb_req_map *m)
{
	return hyb_env_sha384(hash, &(const hyb_bytes){ msg, m->enc_at }, 1);
}

/* ---- the client ---- */

static void lay_out(struct hyb_req_map *m, size_t names, size_t body)
{
	m->body = body;
	m->hash_at = FIXED + names;
	m->enc_at = m->hash_at + HYB_REQ_HASH_BYTES;
	m->ct_at = m->enc_at + m->head.kem->ct_bytes;
	m->block_at = m->ct_at + m->head.kem->ek_bytes + body + (size_t)2 * HYB_HPKE_TAG_BYTES;
	m->total = m->block_at + hyb_env_block_bytes(m->head.sig);
}

static enum hyb_st plan(struct hyb_req_map *m, size_t body, const struct hyb_req_seal_opts *o)
{
	*m = (struct hyb_req_map){ .head = { o->service->kem, o->client->pub.sig } };
	if (!hyb_env_is_kem(o->service) || !hyb_env_is_sig(&o->client->pub))
		return HYB_E_SUITE;
	if (!hyb_env_name_ok(o->model) || !hyb_env_name_ok(o->audience))
		return HYB_E_ARG;
	if (body > HYB_REQ_BODY_MAX)
		return HYB_E_LIMIT;
	lay_out(m, o->model.n + o->audience.n, body);
	return HYB_OK;
}

size_t hyb_req_bytes(size_t body, const struct hyb_req_seal_opts *o)
{
	struct hyb_req_map m;

	return plan(&m, body, o) == HYB_OK ? m.total : 0;
}

static enum hyb_st write_head(
	uint8_t *out, const struct hyb_req_map *m, const struct hyb_req_seal_opts *o)
{
	struct hyb_env_out w = { out };
	uint8_t nonce[HYB_REQ_NONCE_BYTES];
	enum hyb_st st = hyb_env_nonce(nonce, sizeof(nonce));

	hyb_env_put_head(&w, magic, &m->head);
	hyb_env_put_u16(&w, o->model.n);
	hyb_env_put_u16(&w, o->audience.n);
	hyb_env_put_u64(&w, o->now);
	hyb_env_put(&w, nonce, sizeof(nonce));
	hyb_env_put(&w, o->service->id, HYB_KEY_ID_BYTES);
	hyb_env_put(&w, o->client->pub.id, HYB_KEY_ID_BYTES);
	hyb_env_put_u32(&w, m->body);
	hyb_env_put(&w, o->model.p, o->model.n);
	hyb_env_put(&w, o->audience.p, o->audience.n);
	return st;
}

/* Seals the one-time key, then the body, in one HPKE context. */
static enum hyb_st encrypt(uint8_t *out, const struct hyb_req_map *m,
	struct hyb_req_pending *pending, hyb_bytes body, const struct hyb_req_seal_opts *o)
{
	struct hyb_hpke_suite suite = hyb_hpke_default(m->head.kem);
	struct hyb_hpke_ctx c = { .aead = NULL };
	uint8_t ek[HYB_KEM_EK_MAX];
	size_t ek_n = m->head.kem->ek_bytes;
	struct hyb_env_info info;
	enum hyb_st st = hyb_kem_keygen(m->head.kem, ek, pending->seed);

	if (st == HYB_OK)
		st = hyb_req_bind(&info, out, m, label);
	if (st == HYB_OK)
		st = hyb_hpke_setup_s(&c, &suite, out + m->enc_at,
			(hyb_bytes){ info.bytes, info.n }, o->service->key, NULL);
	if (st == HYB_OK)
		st = hyb_hpke_ctx_seal(&c, out + m->ct_at, none, (hyb_bytes){ ek, ek_n });
	if (st == HYB_OK)
		st = hyb_hpke_ctx_seal(&c, out + m->ct_at + ek_n + HYB_HPKE_TAG_BYTES, none, body);
	hyb_hpke_end(&c);
	return st;
}

enum hyb_st hyb_req_seal(uint8_t *out, size_t *out_n, struct hyb_req_pending *pending,
	hyb_bytes body, const struct hyb_req_seal_opts *o)
{
	struct hyb_req_map m;
	enum hyb_st st = plan(&m, body.n, o);

	*out_n = 0;
	*pending = (struct hyb_req_pending){ .kem = m.head.kem };
	if (st != HYB_OK) {
		hyb_req_end(pending);
		return st;
	}
	st = write_head(out, &m, o);
	if (st == HYB_OK)
		st = encrypt(out, &m, pending, body, o);
	if (st == HYB_OK)
		st = hyb_req_finish(out, &m, label, o->client);
	if (st == HYB_OK)
		st = hyb_req_hash(pending->hash, out, &m);
	if (st == HYB_OK) {
		*out_n = m.total;
	} else {
		hyb_wipe(out, m.total);
		hyb_req_end(pending);
	}
	return st;
}

void hyb_req_end(struct hyb_req_pending *pending)
{
	hyb_wipe(pending, sizeof(*pending));
}

/* ---- the service ---- */

static enum hyb_st parse(struct hyb_req_info *info, struct hyb_req_map *m, hyb_bytes sealed)
{
	const uint8_t *p = sealed.p;
	enum hyb_st st;

	*info = (struct hyb_req_info){ .kem = NULL };
	*m = (struct hyb_req_map){ .total = 0 };
	st = hyb_env_head_read(&m->head, magic, sealed, FIXED);
	if (st != HYB_OK)
		return st;
	if (m->head.sig == NULL)
		return HYB_E_UNSIGNED;
	info->model = (hyb_bytes){ p + FIXED, hyb_load16be(p + OFF_MODEL) };
	info->audience = (hyb_bytes){ p + FIXED + info->model.n, hyb_load16be(p + OFF_AUDIENCE) };
	info->body_bytes = hyb_load32be(p + OFF_BODY);
	if (!hyb_env_name_ok(info->model) || !hyb_env_name_ok(info->audience) ||
		info->body_bytes > HYB_REQ_BODY_MAX) {
		st = HYB_E_FORMAT;
	} else {
		lay_out(m, info->model.n + info->audience.n, info->body_bytes);
		st = hyb_env_length(sealed.n, m->total);
	}
	if (st != HYB_OK) {
		*info = (struct hyb_req_info){ .kem = NULL };
		return st;
	}
	info->kem = m->head.kem;
	info->sig = m->head.sig;
	info->time = hyb_load64be(p + OFF_TIME);
	memcpy(info->service_id, p + OFF_SERVICE, HYB_KEY_ID_BYTES);
	memcpy(info->client_id, p + OFF_CLIENT, HYB_KEY_ID_BYTES);
	return HYB_OK;
}

enum hyb_st hyb_req_info(struct hyb_req_info *info, hyb_bytes sealed)
{
	struct hyb_req_map m;

	return parse(info, &m, sealed);
}

static enum hyb_st verify(struct hyb_req *req, const uint8_t *p, const struct hyb_req_map *m,
	const struct hyb_req_open_opts *o)
{
	struct hyb_env_accept accept = { o->clients, o->n_clients, false };
	enum hyb_st st;

	if (o->is_new == NULL || !hyb_env_is_kem(&o->key->pub))
		return HYB_E_ARG;
	if (o->key->pub.kem != m->head.kem)
		return HYB_E_SUITE;
	if (!hyb_ct_eq(p + OFF_SERVICE, o->key->pub.id, HYB_KEY_ID_BYTES))
		return HYB_E_WRONG_KEY;
	st = hyb_req_verify(&req->client, p, m, label, &accept, p + OFF_CLIENT);
	return st == HYB_OK ? hyb_req_hash(req->hash, p, m) : st;
}

static enum hyb_st decrypt(uint8_t *out, struct hyb_req *req, const uint8_t *p,
	const struct hyb_req_map *m, const struct hyb_private *key)
{
	struct hyb_hpke_suite suite = hyb_hpke_default(m->head.kem);
	struct hyb_hpke_ctx c = { .aead = NULL };
	size_t key_n = m->head.kem->ek_bytes + HYB_HPKE_TAG_BYTES;
	struct hyb_env_info info;
	enum hyb_st st = hyb_req_bind(&info, p, m, label);

	if (st == HYB_OK)
		st = hyb_hpke_setup_private(
			&c, &suite, p + m->enc_at, (hyb_bytes){ info.bytes, info.n }, key);
	if (st == HYB_OK)
		st = hyb_hpke_ctx_open(
			&c, req->response_ek, none, (hyb_bytes){ p + m->ct_at, key_n });
	if (st == HYB_OK)
		st = hyb_hpke_ctx_open(&c, out, none,
			(hyb_bytes){ p + m->ct_at + key_n, m->body + HYB_HPKE_TAG_BYTES });
	hyb_hpke_end(&c);
	return st;
}

/* Of an authentic request: now, here, this model, and never before. */
static enum hyb_st accept(const struct hyb_req *req, const struct hyb_req_info *info,
	const struct hyb_req_open_opts *o)
{
	/* The first second at which it is stale: a memory may forget it then, and not before. */
	uint64_t until =
		o->window < UINT64_MAX - info->time ? info->time + o->window + 1 : UINT64_MAX;

	if (!hyb_env_is_fresh(o->now, info->time, o->window))
		return HYB_E_STALE;
	if (!hyb_env_same(info->audience, o->audience) ||
		(o->model.p != NULL && !hyb_env_same(info->model, o->model)))
		return HYB_E_AUDIENCE;
	return o->is_new(o->ctx, req->hash, until) ? HYB_OK : HYB_E_REPLAY;
}

enum hyb_st hyb_req_open(uint8_t *out, size_t *out_n, struct hyb_req *req, hyb_bytes sealed,
	const struct hyb_req_open_opts *o)
{
	struct hyb_req_info info;
	struct hyb_req_map m;
	enum hyb_st st = parse(&info, &m, sealed);

	*out_n = 0;
	*req = (struct hyb_req){ .kem = NULL };
	if (st != HYB_OK)
		return st;
	st = verify(req, sealed.p, &m, o);
	if (st == HYB_OK)
		st = decrypt(out, req, sealed.p, &m, o->key);
	if (st == HYB_OK)
		st = accept(req, &info, o);
	if (st != HYB_OK) {
		hyb_wipe(out, info.body_bytes);
		hyb_wipe(req, sizeof(*req));
		return st;
	}
	req->kem = m.head.kem;
	req->model = info.model;
	req->time = info.time;
	*out_n = info.body_bytes;
	return HYB_OK;
}
