#include "dtls_crypt.h"

#define TAG_BYTES 16
/* 001, no connection id, 16-bit number, length, epoch 2 [RFC9147 §4]. */
#define UNIFIED_HEADER 0x2e

static size_t key_bytes(enum pc_aead a)
{
	return a == PC_AES256_GCM || a == PC_CHACHA20 ? 32 : 16;
}

bool probe_dtls_keys(struct probe_dtls_keys *k, enum pc_hash h, enum pc_aead a, pqm_bytes secret)
{
	static const pqm_bytes none = { NULL, 0 };

	k->aead = a;
	k->is_ready = pc_expand_label(h, k->key, key_bytes(a), secret, true, "key", none) &&
		pc_expand_label(h, k->iv, 12, secret, true, "iv", none) &&
		pc_expand_label(h, k->sn, key_bytes(a), secret, true, "sn", none);
	return k->is_ready;
}

/* As in TLS 1.3, over the number without its epoch [RFC9147 §4.2.1]. */
static void make_nonce(uint8_t nonce[12], const struct probe_dtls_keys *k, uint64_t seq)
{
	memcpy(nonce, k->iv, 12);
	for (int i = 0; i < 8; i++)
		nonce[11 - i] ^= (uint8_t)(seq >> (8 * i));
}

/* The number nearest to the expected one with these low bits [RFC9147 §4.2.2]. */
static uint64_t full_seq(uint64_t expected, uint64_t low, unsigned bytes)
{
	uint64_t window = (uint64_t)1 << (8 * bytes), half = window / 2;
	uint64_t n = (expected & ~(window - 1)) | low;

	if (n + half <= expected)
		return n + window;
	if (n > expected + half && n >= window)
		return n - window;
	return n;
}

bool probe_dtls_open(struct probe_dtls_keys *k, const struct pqm_dtls_record *r, uint8_t *out,
	size_t *n, uint8_t *type)
{
	uint8_t header[5], mask[5], nonce[12];
	uint64_t seq = 0;

	/* The mask needs 16 bytes of ciphertext: shorter records are not DTLS 1.3 [RFC9147 §4.2.3]. */
	if (!k->is_ready || r->body.n < TAG_BYTES + 1 || r->header.n > sizeof(header) ||
		r->header.n < (size_t)1 + r->seq_bytes ||
		!pc_quic_mask(k->aead, k->sn, r->body.p, mask))
		return false;
	memcpy(header, r->header.p, r->header.n);
	for (unsigned i = 0; i < r->seq_bytes; i++) {
		header[1 + i] ^= mask[i];
		seq = seq << 8 | header[1 + i];
	}
	seq = full_seq(k->next, seq, r->seq_bytes);
	make_nonce(nonce, k, seq);
	if (!pc_open(k->aead, k->key, nonce, (pqm_bytes){ header, r->header.n }, r->body, out))
		return false;
	if (seq >= k->next)
		k->next = seq + 1;
	*n = r->body.n - TAG_BYTES;
	while (*n > 0 && out[*n - 1] == 0)
		--*n;
	if (*n == 0)
		return false;
	*type = out[--*n];
	return true;
}

bool probe_dtls_seal(struct probe_dtls_keys *k, uint8_t type, pqm_bytes body, struct pqm_buf *out)
{
	uint8_t header[5] = { UNIFIED_HEADER }, mask[5], nonce[12], inner[1400];
	size_t n = body.n + 1 + TAG_BYTES;

	if (!k->is_ready || body.n >= sizeof(inner) || !pqm_buf_reserve(out, sizeof(header) + n))
		return false;
	header[1] = (uint8_t)(k->next >> 8);
	header[2] = (uint8_t)k->next;
	header[3] = (uint8_t)(n >> 8);
	header[4] = (uint8_t)n;
	memcpy(inner, body.p, body.n);
	inner[body.n] = type;
	make_nonce(nonce, k, k->next++);
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
