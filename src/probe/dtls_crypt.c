#include "dtls_crypt.h"

#include "parse/quic.h"

#define TAG_MAX 16
#define SAMPLE_BYTES 16
/* 001, no connection id, 16-bit number, length, epoch 2 [RFC9147 §4]. */
#define UNIFIED_HEADER 0x2e

bool probe_dtls_keys(struct probe_dtls_keys *k, enum pc_hash h, enum pc_aead a, pqm_bytes secret)
{
	static const pqm_bytes none = { NULL, 0 };

	k->aead = a;
	k->is_ready = pc_expand_label(h, k->key, pc_key_bytes(a), secret, true, "key", none) &&
		pc_expand_label(h, k->iv, 12, secret, true, "iv", none) &&
		pc_expand_label(h, k->sn, pc_key_bytes(a), secret, true, "sn", none);
	return k->is_ready;
}

bool probe_dtls_open(struct probe_dtls_keys *k, const struct pqm_dtls_record *r, uint8_t *out,
	size_t *n, uint8_t *type)
{
	uint8_t header[5], mask[5], nonce[12];
	uint32_t low = 0;
	uint64_t seq;

	/* The mask needs 16 bytes of ciphertext: shorter records are not DTLS 1.3 [RFC9147 §4.2.3]. */
	if (!k->is_ready || r->body.n < SAMPLE_BYTES || r->body.n <= pc_tag_bytes(k->aead) ||
		r->header.n > sizeof(header) || r->header.n < (size_t)1 + r->seq_bytes ||
		!pc_quic_mask(k->aead, k->sn, r->body.p, mask))
		return false;
	memcpy(header, r->header.p, r->header.n);
	for (unsigned i = 0; i < r->seq_bytes; i++) {
		header[1 + i] ^= mask[i];
		low = low << 8 | header[1 + i];
	}
	/* Numbers are made whole as in QUIC [RFC9147 §4.2.2], and the nonce, without the epoch, as in TLS. */
	seq = pqm_quic_number(k->next - 1, k->next > 0, low, r->seq_bytes);
	pc_nonce(nonce, k->iv, seq);
	if (!pc_open(k->aead, k->key, nonce, (pqm_bytes){ header, r->header.n }, r->body, out))
		return false;
	if (seq >= k->next)
		k->next = seq + 1;
	*n = r->body.n - pc_tag_bytes(k->aead);
	return pc_inner_type(out, n, type);
}

bool probe_dtls_seal(struct probe_dtls_keys *k, uint8_t type, pqm_bytes body, struct pqm_buf *out)
{
	uint8_t header[5] = { UNIFIED_HEADER }, mask[5], nonce[12], inner[1400];
	size_t n = body.n + 1 + pc_tag_bytes(k->aead);

	if (!k->is_ready || body.n >= sizeof(inner) ||
		!pqm_buf_reserve(out, sizeof(header) + body.n + 1 + TAG_MAX))
		return false;
	header[1] = (uint8_t)(k->next >> 8);
	header[2] = (uint8_t)k->next;
	header[3] = (uint8_t)(n >> 8);
	header[4] = (uint8_t)n;
	memcpy(inner, body.p, body.n);
	inner[body.n] = type;
	pc_nonce(nonce, k->iv, k->next++);
	uint8_t *p = out->p + out->n;

	if (!pc_seal(k->aead, k->key, nonce, (pqm_bytes){ header, sizeof(header) },
		    (pqm_bytes){ inner, body.n + 1 }, p + sizeof(header)) ||
		!pc_quic_mask(k->aead, k->sn, p + sizeof(header), mask))
		return false;
	memcpy(p, header, sizeof(header));
	p[1] ^= mask[0];
	p[2] ^= mask[1];
	out->n += sizeof(header) + n;
	return true;
}
