#include "hyb/envelope.h"
#include "hyb/hpke.h"

/*
 * A gradient, version 1; integers are big-endian:
 *   "HYBGRAD" 0x00 ‖ version (2) ‖ KEM suite (2) ‖ signature suite (2; 0: unsigned)
 *   ‖ bytes of model (2), of participant (2) ‖ round (8) ‖ bytes of plaintext (8)
 *   ‖ key id of the aggregator (32) ‖ key id of the sender (32; zeros if unsigned)
 *   ‖ model ‖ participant
 *   ‖ enc ‖ ciphertext and tag of HPKE (HKDF-SHA384, AES-256-GCM),
 *     info = "hyb/grad/v1" ‖ SHA-384(all before enc), no aad
 *   ‖ signature block (envelope.h) over SHA-512(all before it), context "hyb/grad/v1".
 */
#define OFF_MODEL 14
#define OFF_PARTICIPANT 16
#define OFF_ROUND 18
#define OFF_PLAIN 26
#define OFF_RECIPIENT 34
#define OFF_SENDER 66
#define FIXED 98

static const char magic[] = "HYBGRAD";
static const uint8_t domain[] = { 'h', 'y', 'b', '/', 'g', 'r', 'a', 'd', '/', 'v', '1' };
static const hyb_bytes label = { domain, sizeof(domain) };

/* Where the parts of a message are. */
struct map {
	size_t enc_at, ct_at, block_at, total;
};

static struct map lay_out(const struct hyb_env_head *h, const struct hyb_grad_id *id, size_t plain)
{
	struct map m = { .enc_at = FIXED + id->model.n + id->participant.n };

	m.ct_at = m.enc_at + h->kem->ct_bytes;
	m.block_at = m.ct_at + plain + HYB_HPKE_TAG_BYTES;
	m.total = m.block_at + hyb_env_block_bytes(h->sig);
	return m;
}

static enum hyb_st plan(struct map *m, size_t plain, const struct hyb_grad_seal_opts *o)
{
	struct hyb_env_head h = { .kem = o->aggregator->kem };

	if (!hyb_env_is_kem(o->aggregator) ||
		(o->sender != NULL && !hyb_env_is_sig(&o->sender->pub)))
		return HYB_E_SUITE;
	if (!hyb_env_name_ok(o->id.model) || !hyb_env_name_ok(o->id.participant))
		return HYB_E_ARG;
	if (plain > HYB_GRAD_MAX)
		return HYB_E_LIMIT;
	if (o->sender != NULL)
		h.sig = o->sender->pub.sig;
	*m = lay_out(&h, &o->id, plain);
	return HYB_OK;
}

size_t hyb_grad_bytes(size_t plain, const struct hyb_grad_seal_opts *o)
{
	struct map m;

	return plan(&m, plain, o) == HYB_OK ? m.total : 0;
}

static void write_head(uint8_t *out, size_t plain, const struct hyb_grad_seal_opts *o)
{
	static const uint8_t nobody[HYB_KEY_ID_BYTES];
	struct hyb_env_head h = { o->aggregator->kem, NULL };
	struct hyb_env_out w = { out };

	if (o->sender != NULL)
		h.sig = o->sender->pub.sig;
	hyb_env_put_head(&w, magic, &h);
	hyb_env_put_u16(&w, o->id.model.n);
	hyb_env_put_u16(&w, o->id.participant.n);
	hyb_env_put_u64(&w, o->id.round);
	hyb_env_put_u64(&w, plain);
	hyb_env_put(&w, o->aggregator->id, HYB_KEY_ID_BYTES);
	hyb_env_put(&w, o->sender != NULL ? o->sender->pub.id : nobody, HYB_KEY_ID_BYTES);
	hyb_env_put(&w, o->id.model.p, o->id.model.n);
	hyb_env_put(&w, o->id.participant.p, o->id.participant.n);
}

static enum hyb_st signed_text(uint8_t text[HYB_ENV_DIGEST_BYTES], const uint8_t *msg, size_t n)
{
	return hyb_env_sha512(text, &(const hyb_bytes){ msg, n }, 1);
}

enum hyb_st hyb_grad_seal(
	uint8_t *out, size_t *out_n, hyb_bytes plain, const struct hyb_grad_seal_opts *o)
{
	struct hyb_hpke_suite suite = hyb_hpke_default(o->aggregator->kem);
	uint8_t text[HYB_ENV_DIGEST_BYTES];
	struct hyb_env_info info;
	struct map m;
	enum hyb_st st = plan(&m, plain.n, o);

	*out_n = 0;
	if (st != HYB_OK)
		return st;
	write_head(out, plain.n, o);
	st = hyb_env_info(&info, label, &(const hyb_bytes){ out, m.enc_at }, 1);
	if (st == HYB_OK) {
		struct hyb_hpke_in in = { { info.bytes, info.n }, { NULL, 0 }, plain };

		st = hyb_hpke_seal(&suite, out + m.enc_at, out + m.ct_at, &in, o->aggregator->key);
	}
	if (st == HYB_OK && o->sender != NULL) {
		st = signed_text(text, out, m.block_at);
		if (st == HYB_OK)
			st = hyb_env_sign(out + m.block_at, o->sender, label,
				(hyb_bytes){ text, sizeof(text) });
	}
	if (st == HYB_OK)
		*out_n = m.total;
	else
		hyb_wipe(out, m.total);
	return st;
}

static enum hyb_st parse(struct hyb_grad_info *info, struct map *m, hyb_bytes sealed)
{
	static const uint8_t nobody[HYB_KEY_ID_BYTES];
	struct hyb_env_head h;
	const uint8_t *p = sealed.p;
	uint64_t plain;
	enum hyb_st st = hyb_env_head_read(&h, magic, sealed, FIXED);

	*info = (struct hyb_grad_info){ .kem = NULL };
	if (st != HYB_OK)
		return st;
	info->id.model = (hyb_bytes){ p + FIXED, hyb_load16be(p + OFF_MODEL) };
	info->id.participant =
		(hyb_bytes){ p + FIXED + info->id.model.n, hyb_load16be(p + OFF_PARTICIPANT) };
	plain = hyb_load64be(p + OFF_PLAIN);
	if (!hyb_env_name_ok(info->id.model) || !hyb_env_name_ok(info->id.participant) ||
		plain > HYB_GRAD_MAX)
		st = HYB_E_FORMAT;
	if (h.sig == NULL && !hyb_ct_eq(p + OFF_SENDER, nobody, sizeof(nobody)))
		st = HYB_E_FORMAT;
	if (st == HYB_OK) {
		*m = lay_out(&h, &info->id, (size_t)plain);
		st = hyb_env_length(sealed.n, m->total);
	}
	if (st != HYB_OK) {
		*info = (struct hyb_grad_info){ .kem = NULL };
		return st;
	}
	info->kem = h.kem;
	info->sig = h.sig;
	info->id.round = hyb_load64be(p + OFF_ROUND);
	info->plain_bytes = (size_t)plain;
	memcpy(info->recipient_id, p + OFF_RECIPIENT, HYB_KEY_ID_BYTES);
	memcpy(info->sender_id, p + OFF_SENDER, HYB_KEY_ID_BYTES);
	return HYB_OK;
}

enum hyb_st hyb_grad_info(struct hyb_grad_info *info, hyb_bytes sealed)
{
	struct map m;

	return parse(info, &m, sealed);
}

/* Key, sender and audience: everything but the decryption. */
static enum hyb_st check(const struct hyb_grad_info *info, const struct map *m, const uint8_t *p,
	const struct hyb_grad_open_opts *o)
{
	struct hyb_env_accept accept = { o->senders, o->n_senders, o->allow_unsigned };
	const struct hyb_public *k;
	uint8_t text[HYB_ENV_DIGEST_BYTES];
	enum hyb_st st;

	if (!hyb_env_is_kem(&o->key->pub))
		return HYB_E_ARG;
	if (o->key->pub.kem != info->kem)
		return HYB_E_SUITE;
	if (!hyb_ct_eq(info->recipient_id, o->key->pub.id, HYB_KEY_ID_BYTES))
		return HYB_E_WRONG_KEY;
	st = hyb_env_sender(&k, &accept, info->sig, info->sender_id);
	if (st == HYB_OK && k != NULL) {
		st = signed_text(text, p, m->block_at);
		if (st == HYB_OK &&
			!hyb_env_verify(
				p + m->block_at, k, label, (hyb_bytes){ text, sizeof(text) }))
			st = HYB_E_SIGNATURE;
	}
	if (st != HYB_OK)
		return st;
	return info->id.round == o->expected.round &&
			hyb_env_same(info->id.model, o->expected.model) &&
			hyb_env_same(info->id.participant, o->expected.participant)
		? HYB_OK
		: HYB_E_AUDIENCE;
}

static enum hyb_st decrypt(uint8_t *out, const struct hyb_grad_info *info, const struct map *m,
	const uint8_t *p, const struct hyb_private *key)
{
	struct hyb_hpke_suite suite = hyb_hpke_default(info->kem);
	struct hyb_hpke_ctx c = { .aead = NULL };
	struct hyb_env_info bound;
	enum hyb_st st = hyb_env_info(&bound, label, &(const hyb_bytes){ p, m->enc_at }, 1);

	if (st == HYB_OK)
		st = hyb_hpke_setup_private(
			&c, &suite, p + m->enc_at, (hyb_bytes){ bound.bytes, bound.n }, key);
	if (st == HYB_OK)
		st = hyb_hpke_ctx_open(&c, out, (hyb_bytes){ NULL, 0 },
			(hyb_bytes){ p + m->ct_at, info->plain_bytes + HYB_HPKE_TAG_BYTES });
	hyb_hpke_end(&c);
	return st;
}

enum hyb_st hyb_grad_open(
	uint8_t *out, size_t *out_n, hyb_bytes sealed, const struct hyb_grad_open_opts *o)
{
	struct hyb_grad_info info;
	struct map m;
	enum hyb_st st = parse(&info, &m, sealed);

	*out_n = 0;
	if (st != HYB_OK)
		return st;
	st = check(&info, &m, sealed.p, o);
	if (st == HYB_OK)
		st = decrypt(out, &info, &m, sealed.p, o->key);
	if (st == HYB_OK)
		*out_n = info.plain_bytes;
	else
		hyb_wipe(out, info.plain_bytes);
	return st;
}
