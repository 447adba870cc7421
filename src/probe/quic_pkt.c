#include "quic_pkt.h"

#include "base/limits.h"

/* [RFC9001 §5.2, RFC9369 §3.3.1] */
static const uint8_t salt_v1[20] = { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a };
static const uint8_t salt_v2[20] = { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
	0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 };

/* [RFC9001 §5.8, RFC9369 §3.3.3] */
static const uint8_t retry_key_v1[16] = { 0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d,
	0x76, 0x6b, 0x54, 0xe3, 0x68, 0xc8, 0x4e };
static const uint8_t retry_nonce_v1[12] = { 0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23,
	0x98, 0x25, 0xbb };
static const uint8_t retry_key_v2[16] = { 0x8f, 0xb4, 0xb0, 0x1b, 0x56, 0xac, 0x48, 0xe2, 0x60,
	0xfb, 0xcb, 0xce, 0xad, 0x7c, 0xcc, 0x92 };
static const uint8_t retry_nonce_v2[12] = { 0xd8, 0x69, 0x69, 0xbc, 0x2d, 0x7c, 0x6d, 0x99, 0x90,
	0xef, 0xb0, 0x4a };

/* ---- keys ---- */

bool probe_quic_keys(struct probe_quic_keys *k, uint32_t version, enum pc_hash h, enum pc_aead a,
	pqm_bytes secret)
{
	static const pqm_bytes none = { NULL, 0 };
	bool v2 = version == PQM_QUIC_V2;

	k->aead = a;
	/* AES-128-CCM-8 is not for QUIC [RFC9001 §5.3]. */
	k->is_ready = a != PC_AES128_CCM8 &&
		pc_expand_label(h, k->key, pc_key_bytes(a), secret, false,
			v2 ? "quicv2 key" : "quic key", none) &&
		pc_expand_label(h, k->iv, 12, secret, false, v2 ? "quicv2 iv" : "quic iv", none) &&
		pc_expand_label(h, k->hp, pc_key_bytes(a), secret, false,
			v2 ? "quicv2 hp" : "quic hp", none);
	return k->is_ready;
}

bool probe_quic_initial_keys(struct probe_quic_keys *client, struct probe_quic_keys *server,
	uint32_t version, pqm_bytes dcid)
{
	static const pqm_bytes none = { NULL, 0 };
	const uint8_t *salt = version == PQM_QUIC_V2 ? salt_v2 : salt_v1;
	uint8_t prk[PC_HASH_MAX], side[2][32];

	return pc_hkdf_extract(PC_SHA256, prk, (pqm_bytes){ salt, 20 }, dcid) &&
		pc_expand_label(
			PC_SHA256, side[0], 32, (pqm_bytes){ prk, 32 }, false, "client in", none) &&
		pc_expand_label(
			PC_SHA256, side[1], 32, (pqm_bytes){ prk, 32 }, false, "server in", none) &&
		probe_quic_keys(
			client, version, PC_SHA256, PC_AES128_GCM, (pqm_bytes){ side[0], 32 }) &&
		probe_quic_keys(
			server, version, PC_SHA256, PC_AES128_GCM, (pqm_bytes){ side[1], 32 });
}

/* ---- packets ---- */

size_t probe_quic_packet_bytes(
	const struct pqm_quic_packet *head, size_t number_bytes, size_t payload_bytes)
{
	size_t n = 1 + 4 + 1 + head->dcid.n + 1 + head->scid.n + 2;

	if (head->kind == PQM_QUIC_SHORT)
		n = 1 + head->dcid.n;
	if (head->kind == PQM_QUIC_INITIAL)
		n += pqm_quic_varint_bytes(head->token.n) + head->token.n;
	return n + number_bytes + payload_bytes + PQM_QUIC_TAG_BYTES;
}

/* [RFC9000 §17.3.1]: key phase and spin bit stay zero. */
static bool put_header(
	struct pqm_buf *out, const struct pqm_quic_packet *head, size_t number_bytes, size_t rest)
{
	if (head->kind != PQM_QUIC_SHORT)
		return pqm_quic_header(out, head, number_bytes, rest);
	return pqm_buf_byte(out, (uint8_t)(0x40u | (unsigned)(number_bytes - 1))) &&
		pqm_buf_add(out, head->dcid);
}

/* The bits of the first byte that are masked, and those of them that must be zero [RFC9001 §5.4.1, RFC9000
 * §17.2, §17.3.1]. */
static uint8_t masked_bits(const struct pqm_quic_packet *p)
{
	return p->kind == PQM_QUIC_SHORT ? 0x1f : 0x0f;
}

static uint8_t reserved_bits(const struct pqm_quic_packet *p)
{
	return p->kind == PQM_QUIC_SHORT ? 0x18 : 0x0c;
}

bool probe_quic_seal(struct pqm_buf *out, const struct probe_quic_keys *k,
	const struct pqm_quic_packet *head, uint64_t number, size_t number_bytes, pqm_bytes payload)
{
	size_t start = out->n, number_at, body_at, rest;
	uint8_t nonce[12], mask[5], *p;

	rest = number_bytes + payload.n + PQM_QUIC_TAG_BYTES;
	if (!k->is_ready || number_bytes + payload.n < 4 ||
		!put_header(out, head, number_bytes, rest) || !pqm_buf_reserve(out, rest))
		return false;
	number_at = out->n;
	body_at = number_at + number_bytes;
	for (size_t i = 0; i < number_bytes; i++)
		out->p[number_at + i] = (uint8_t)(number >> (8 * (number_bytes - 1 - i)));
	out->n = number_at + rest;
	p = out->p;
	if (k->is_plain) {
		if (payload.p != NULL)
			memcpy(p + body_at, payload.p, payload.n);
		memset(p + body_at + payload.n, 0, PQM_QUIC_TAG_BYTES);
		return true;
	}
	pc_nonce(nonce, k->iv, number);
	if (!pc_seal(k->aead, k->key, nonce, (pqm_bytes){ p + start, body_at - start }, payload,
		    p + body_at) ||
		!pc_quic_mask(k->aead, k->hp, p + number_at + 4, mask))
		return false;
	p[start] ^= mask[0] & masked_bits(head);
	for (size_t i = 0; i < number_bytes; i++)
		p[number_at + i] ^= mask[1 + i];
	return true;
}

/* Header protection off: the first byte, the number and the whole header as additional data, which has
 * connection IDs and a token of any size: it is copied to where the payload will go. */
bool probe_quic_open(struct probe_quic_opened *o, const struct probe_quic_keys *k,
	const struct pqm_quic_packet *p)
{
	uint8_t mask[5] = { 0 }, nonce[12], *head = o->payload;
	size_t number_bytes, head_bytes;
	uint32_t low = 0;
	pqm_bytes body;
	uint64_t number;

	if (!k->is_ready || p->number_at == 0 || p->whole.n < p->number_at + 4 + PQM_QUIC_TAG_BYTES)
		return false;
	if (!k->is_plain && !pc_quic_mask(k->aead, k->hp, p->whole.p + p->number_at + 4, mask))
		return false;
	memcpy(head, p->whole.p, p->number_at + 4);
	head[0] ^= mask[0] & masked_bits(p);
	number_bytes = (head[0] & 3u) + 1;
	head_bytes = p->number_at + number_bytes;
	for (size_t i = 0; i < number_bytes; i++) {
		head[p->number_at + i] ^= mask[1 + i];
		low = low << 8 | head[p->number_at + i];
	}
	number = pqm_quic_number(o->number, o->any_seen, low, number_bytes);
	body = pqm_sub(p->whole, head_bytes, p->whole.n);
	o->n = body.n - PQM_QUIC_TAG_BYTES;
	pc_nonce(nonce, k->iv, number);
	if (k->is_plain)
		memmove(o->payload, p->whole.p + head_bytes, o->n);
	else if ((head[0] & reserved_bits(p)) != 0 ||
		!pc_open(k->aead, k->key, nonce, (pqm_bytes){ head, head_bytes }, body,
			head + head_bytes))
		return false;
	else
		memmove(o->payload, head + head_bytes, o->n);
	o->number = number;
	return true;
}

bool probe_quic_retry_tag(uint8_t tag[PQM_QUIC_TAG_BYTES], uint32_t version,
	pqm_bytes original_dcid, pqm_bytes packet)
{
	bool v2 = version == PQM_QUIC_V2;
	struct pqm_buf ad;
	bool ok;

	pqm_buf_init(&ad, 1 + PQM_QUIC_CID_MAX + packet.n);
	ok = original_dcid.n <= PQM_QUIC_CID_MAX && pqm_buf_byte(&ad, (uint8_t)original_dcid.n) &&
		pqm_buf_add(&ad, original_dcid) && pqm_buf_add(&ad, packet) &&
		pc_seal(PC_AES128_GCM, v2 ? retry_key_v2 : retry_key_v1,
			v2 ? retry_nonce_v2 : retry_nonce_v1, pqm_buf_bytes(&ad),
			(pqm_bytes){ NULL, 0 }, tag);
	pqm_buf_fini(&ad);
	return ok;
}

/* ---- the CRYPTO stream ---- */

struct quic_piece {
	uint64_t offset;
	size_t n;
};

void probe_quic_stream_init(struct probe_quic_stream *s)
{
	*s = (struct probe_quic_stream){ 0 };
	pqm_tls_joiner_init(&s->joiner, PQM_TLS_FLIGHT_BYTES);
	pqm_buf_init(&s->held, PQM_QUIC_HELD_BYTES);
}

void probe_quic_stream_fini(struct probe_quic_stream *s)
{
	pqm_tls_joiner_fini(&s->joiner);
	pqm_buf_fini(&s->held);
}

/* Joins what of the piece is next; *used: all of it is joined now (or was before). */
static enum pqm_st join(struct probe_quic_stream *s, uint64_t offset, pqm_bytes data, bool *used,
	struct pqm_err *err)
{
	enum pqm_st st;

	*used = offset <= s->next;
	if (!*used || offset + data.n <= s->next)
		return PQM_OK;
	data = pqm_sub(data, (size_t)(s->next - offset), data.n);
	st = pqm_tls_joiner_add(&s->joiner, data, err);
	if (st == PQM_OK)
		s->next += data.n;
	return st;
}

/* One pass over the held pieces; those that were joined are taken out. */
static enum pqm_st unhold(struct probe_quic_stream *s, bool *progress, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;
	size_t kept = 0;

	*progress = false;
	for (size_t at = 0; at < s->held.n && st == PQM_OK;) {
		struct quic_piece piece;
		bool used = false;
		size_t whole;

		memcpy(&piece, s->held.p + at, sizeof(piece));
		whole = sizeof(piece) + piece.n;
		st = join(s, piece.offset, (pqm_bytes){ s->held.p + at + sizeof(piece), piece.n },
			&used, err);
		if (used) {
			*progress = true;
			s->n_held--;
		} else {
			memmove(s->held.p + kept, s->held.p + at, whole);
			kept += whole;
		}
		at += whole;
	}
	s->held.n = kept;
	return st;
}

static void hold(struct probe_quic_stream *s, uint64_t offset, pqm_bytes data)
{
	struct quic_piece piece = { offset, data.n }, old;

	for (size_t at = 0; at < s->held.n; at += sizeof(old) + old.n) {
		memcpy(&old, s->held.p + at, sizeof(old));
		if (old.offset <= offset && offset + data.n <= old.offset + old.n)
			return;
	}
	if (s->n_held >= PQM_QUIC_HELD_PIECES ||
		sizeof(piece) + data.n > PQM_QUIC_HELD_BYTES - s->held.n ||
		!pqm_buf_reserve(&s->held, sizeof(piece) + data.n))
		return;
	/* There is room for both. */
	(void)pqm_buf_add(&s->held, (pqm_bytes){ (const uint8_t *)&piece, sizeof(piece) });
	(void)pqm_buf_add(&s->held, data);
	s->n_held++;
}

enum pqm_st probe_quic_stream_add(
	struct probe_quic_stream *s, uint64_t offset, pqm_bytes data, struct pqm_err *err)
{
	bool used, progress = true;
	enum pqm_st st;

	if (offset > PQM_TLS_FLIGHT_BYTES || data.n > PQM_TLS_FLIGHT_BYTES - offset)
		return pqm_fail(
			err, PQM_ELIMIT, "QUIC: CRYPTO data over %zu bytes", PQM_TLS_FLIGHT_BYTES);
	if (data.n == 0)
		return PQM_OK;
	st = join(s, offset, data, &used, err);
	if (st == PQM_OK && !used)
		hold(s, offset, data);
	while (st == PQM_OK && used && progress && s->n_held > 0)
		st = unhold(s, &progress, err);
	return st;
}
