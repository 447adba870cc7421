#include "probe/hs.h"

static const pqm_bytes none = { NULL, 0 };

/* ---- transcript ---- */

bool hs_transcript_start(struct probe_hs *h)
{
	hs_transcript_end(h);
	h->t[0] = pc_transcript_new(PC_SHA256);
	h->t[1] = pc_transcript_new(PC_SHA384);
	return h->t[0] != NULL && h->t[1] != NULL;
}

void hs_transcript_end(struct probe_hs *h)
{
	for (size_t i = 0; i < 2; i++) {
		pc_transcript_free(h->t[i]);
		h->t[i] = NULL;
	}
}

void hs_transcript_add(struct probe_hs *h, pqm_bytes raw)
{
	for (size_t i = 0; i < 2; i++)
		if (h->t[i] != NULL)
			pc_transcript_add(h->t[i], raw);
}

static size_t slot_of(enum pc_hash hash)
{
	return hash == PC_SHA384 ? 1 : 0;
}

void hs_transcript_choose(struct probe_hs *h, enum pc_hash hash)
{
	size_t other = 1 - slot_of(hash);

	pc_transcript_free(h->t[other]);
	h->t[other] = NULL;
}

bool hs_transcript_retry(struct probe_hs *h, enum pc_hash hash)
{
	size_t n = pc_hash_bytes(hash), slot = slot_of(hash);
	uint8_t msg[4 + PC_HASH_MAX] = { 254, 0, 0, (uint8_t)n };
	struct pc_transcript *fresh = pc_transcript_new(hash);

	hs_transcript_choose(h, hash);
	if (fresh == NULL)
		return false;
	pc_transcript_now(h->t[slot], msg + 4);
	pc_transcript_free(h->t[slot]);
	h->t[slot] = fresh;
	pc_transcript_add(fresh, (pqm_bytes){ msg, 4 + n });
	return true;
}

/* ---- secrets [RFC8446 §7.1] ---- */

static pqm_bytes secret_of(const struct probe_hs *h, const uint8_t *secret)
{
	return (pqm_bytes){ secret, pc_hash_bytes(h->s->hash) };
}

/* Derive-Secret over the transcript so far. */
static bool derive(struct probe_hs *h, uint8_t *out, const uint8_t *secret, const char *label)
{
	uint8_t hash[PC_HASH_MAX];
	size_t n = pc_hash_bytes(h->s->hash);

	pc_transcript_now(h->t[slot_of(h->s->hash)], hash);
	return pc_expand_label(h->s->hash, out, n, secret_of(h, secret), h->is_dtls, label,
		(pqm_bytes){ hash, n });
}

static bool early_secret(enum pc_hash hash, pqm_bytes psk, uint8_t *out)
{
	static const uint8_t zeros[PC_HASH_MAX];
	size_t n = pc_hash_bytes(hash);

	return pc_hkdf_extract(hash, out, none, psk.n > 0 ? psk : (pqm_bytes){ zeros, n });
}

/* HKDF-Extract(Derive-Secret(prior, "derived", ""), input). */
static bool next_secret(
	const struct probe_hs *h, uint8_t *out, const uint8_t *prior, pqm_bytes input)
{
	uint8_t salt[PC_HASH_MAX], empty[PC_HASH_MAX];
	static const uint8_t zeros[PC_HASH_MAX];
	size_t n = pc_hash_bytes(h->s->hash);

	pc_digest(h->s->hash, empty, none);
	bool ok = pc_expand_label(h->s->hash, salt, n, (pqm_bytes){ prior, n }, h->is_dtls,
			  "derived", (pqm_bytes){ empty, n }) &&
		pc_hkdf_extract(h->s->hash, out, (pqm_bytes){ salt, n },
			input.n > 0 ? input : (pqm_bytes){ zeros, n });

	pqm_wipe(salt, sizeof(salt));
	return ok;
}

bool hs_schedule(struct probe_hs *h, pqm_bytes shared, pqm_bytes psk)
{
	uint8_t early[PC_HASH_MAX];
	bool ok = early_secret(h->s->hash, psk, early) && next_secret(h, h->s->hs, early, shared) &&
		derive(h, h->s->c_hs, h->s->hs, "c hs traffic") &&
		derive(h, h->s->s_hs, h->s->hs, "s hs traffic");

	pqm_wipe(early, sizeof(early));
	return ok;
}

bool hs_schedule_app(struct probe_hs *h)
{
	return next_secret(h, h->s->master, h->s->hs, none) &&
		derive(h, h->s->c_ap, h->s->master, "c ap traffic") &&
		derive(h, h->s->s_ap, h->s->master, "s ap traffic");
}

static bool finished_over(
	enum pc_hash hash, bool is_dtls, pqm_bytes secret, pqm_bytes digest, uint8_t *out)
{
	uint8_t key[PC_HASH_MAX];
	size_t n = pc_hash_bytes(hash);
	bool ok = pc_expand_label(hash, key, n, secret, is_dtls, "finished", none) &&
		pc_hmac(hash, out, (pqm_bytes){ key, n }, digest);

	pqm_wipe(key, sizeof(key));
	return ok;
}

bool hs_verify_data(struct probe_hs *h, const uint8_t *secret, uint8_t *out)
{
	uint8_t hash[PC_HASH_MAX];

	pc_transcript_now(h->t[slot_of(h->s->hash)], hash);
	return finished_over(h->s->hash, h->is_dtls, secret_of(h, secret),
		(pqm_bytes){ hash, pc_hash_bytes(h->s->hash) }, out);
}

bool hs_resumption(struct probe_hs *h)
{
	return derive(h, h->s->resumption, h->s->master, "res master");
}

bool hs_ticket_psk(struct probe_hs *h, pqm_bytes nonce, uint8_t *out)
{
	return pc_expand_label(h->s->hash, out, pc_hash_bytes(h->s->hash),
		secret_of(h, h->s->resumption), h->is_dtls, "resumption", nonce);
}

bool hs_binder(struct probe_hs *h, uint8_t *hello, size_t n)
{
	const struct probe_tls_spec *s = &h->spec;
	size_t size = pc_hash_bytes(s->psk_hash), slot = slot_of(s->psk_hash);
	uint8_t early[PC_HASH_MAX], key[PC_HASH_MAX], hash[PC_HASH_MAX];
	struct pc_transcript *t;

	if (n < size + 3)
		return false;
	/* After a HelloRetryRequest the transcript so far stands in front. */
	t = h->t[slot] == NULL ? NULL : pc_transcript_copy(h->t[slot]);
	if (t == NULL)
		return false;
	pc_transcript_add(t, (pqm_bytes){ hello, n - size - 3 });
	pc_transcript_now(t, hash);
	pc_transcript_free(t);
	bool ok = early_secret(s->psk_hash, s->psk_secret, early);

	uint8_t empty[PC_HASH_MAX];

	pc_digest(s->psk_hash, empty, none);
	ok = ok &&
		pc_expand_label(s->psk_hash, key, size, (pqm_bytes){ early, size }, h->is_dtls,
			"res binder", (pqm_bytes){ empty, size }) &&
		finished_over(s->psk_hash, h->is_dtls, (pqm_bytes){ key, size },
			(pqm_bytes){ hash, size }, hello + n - size);
	pqm_wipe(early, sizeof(early));
	pqm_wipe(key, sizeof(key));
	return ok;
}

bool probe_hs_secret(const struct probe_hs *h, char which, bool of_server, uint8_t *secret,
	enum pc_hash *hash, enum pc_aead *aead)
{
	if (h->s == NULL || (which == 'a' && h->step != HS_AFTER))
		return false;
	const uint8_t *from = which == 'a' ? (of_server ? h->s->s_ap : h->s->c_ap)
					   : (of_server ? h->s->s_hs : h->s->c_hs);

	memcpy(secret, from, pc_hash_bytes(h->s->hash));
	*hash = h->s->hash;
	*aead = h->s->aead;
	return true;
}
