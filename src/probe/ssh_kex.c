#include "probe/ssh.h"

#include "hyb/sha2.h"

#define HASH_MAX 64

/* Methods whose secret we know come first: their signature can be checked. draft-ietf-sshm-mlkem-hybrid-kex
 * writes the ML-KEM part first in shares and in the secret's hash, TLS for the NIST curves the other way
 * round. */
const struct ssh_kex probe_ssh_kex[] = {
	{ "curve25519-sha256", SSH_ECDH, 0x001d, 0, 0, 0, 32 },
	{ "curve25519-sha256@libssh.org", SSH_ECDH, 0x001d, 0, 0, 0, 32 },
	{ "ecdh-sha2-nistp256", SSH_ECDH, 0x0017, 0, 0, 0, 32 },
	{ "ecdh-sha2-nistp384", SSH_ECDH, 0x0018, 0, 0, 0, 48 },
	{ "ecdh-sha2-nistp521", SSH_ECDH, 0x0019, 0, 0, 0, 64 },
	{ "mlkem768x25519-sha256", SSH_HYBRID, 0x11ec, 0, 0, 0, 32 },
	{ "mlkem768nistp256-sha256", SSH_HYBRID, 0x11eb, 0, 65, 32, 32 },
	{ "mlkem1024nistp384-sha384", SSH_HYBRID, 0x11ed, 0, 97, 48, 48 },
	/* 1,158 bytes of sntrup761 and 32 of X25519: any bytes decode to a key */
	{ "sntrup761x25519-sha512", SSH_BLIND, 0x001d, 1158, 0, 0, 64 },
	{ "sntrup761x25519-sha512@openssh.com", SSH_BLIND, 0x001d, 1158, 0, 0, 64 },
	{ "diffie-hellman-group14-sha256", SSH_DH, 0, 256, 0, 0, 32 },
	{ "diffie-hellman-group16-sha512", SSH_DH, 0, 512, 0, 0, 64 },
	{ "diffie-hellman-group18-sha512", SSH_DH, 0, 1024, 0, 0, 64 },
	{ "diffie-hellman-group-exchange-sha256", SSH_GEX, 0, 0, 0, 0, 32 },
	{ "diffie-hellman-group14-sha1", SSH_DH, 0, 256, 0, 0, 20 },
	{ "diffie-hellman-group-exchange-sha1", SSH_GEX, 0, 0, 0, 0, 20 },
	{ "diffie-hellman-group1-sha1", SSH_DH, 0, 128, 0, 0, 20 },
	{ .name = NULL },
};

/* Appends n random bytes. */
static bool put_random(struct pqm_buf *out, size_t n)
{
	if (!pqm_buf_reserve(out, n))
		return false;
	pc_random(out->p + out->n, n);
	out->n += n;
	return true;
}

/* A number that is surely below a prime of n bytes whose top bit is set, and surely not small. */
static bool put_number(struct pqm_buf *out, size_t n)
{
	struct pqm_buf raw;
	bool ok;

	pqm_buf_init(&raw, n);
	ok = n > 0 && put_random(&raw, n);
	if (ok) {
		raw.p[0] = (uint8_t)((raw.p[0] & 0x3f) | 0x40);
		ok = pqm_buf_add(out, pqm_buf_bytes(&raw));
	}
	pqm_buf_fini(&raw);
	return ok;
}

/* Moves the first n bytes of b behind the others. */
static bool rotate(struct pqm_buf *out, pqm_bytes b, size_t n)
{
	return b.n >= n && pqm_buf_add(out, pqm_sub(b, n, b.n)) &&
		pqm_buf_add(out, pqm_sub(b, 0, n));
}

bool probe_ssh_share(struct ssh_exchange *x, pqm_bytes p)
{
	const struct ssh_kex *k = x->kex;
	struct pqm_buf tls;
	bool ok = false;

	x->share.n = 0;
	switch (k->kind) {
	case SSH_ECDH:
		return pc_share(x->keys, k->group, &x->share);
	case SSH_HYBRID:
		pqm_buf_init(&tls, 4096);
		ok = pc_share(x->keys, k->group, &tls) &&
			rotate(&x->share, pqm_buf_bytes(&tls), k->classical);
		pqm_buf_fini(&tls);
		return ok;
	case SSH_BLIND:
		return put_random(&x->share, k->share_bytes) &&
			pc_share(x->keys, k->group, &x->share);
	case SSH_DH:
		return put_number(&x->share, k->share_bytes);
	case SSH_GEX:
		return put_number(&x->share, p.n - (p.n > 0 && p.p[0] < 0x80 ? 1 : 0));
	}
	return false;
}

/* ---- the exchange hash ---- */

static void digest(uint8_t out[HASH_MAX], size_t hash_bytes, pqm_bytes in)
{
	struct hyb_sha512 c;

	switch (hash_bytes) {
	case 48:
		pc_digest(PC_SHA384, out, in);
		break;
	case 64:
		hyb_sha512_init(&c);
		hyb_sha512_update(&c, in.p, in.n);
		hyb_sha512_final(&c, out);
		break;
	default:
		pc_digest(PC_SHA256, out, in);
		break;
	}
}

/* Appends K as the hash takes it: an mpint, or for hybrids a string [RFC8731 §3.1,
 * draft-ietf-sshm-mlkem-hybrid-kex §2.4]. */
static bool put_secret(struct pqm_buf *out, const struct ssh_exchange *x, pqm_bytes share)
{
	const struct ssh_kex *k = x->kex;
	uint8_t secret[PC_SHARED_MAX], sum[HASH_MAX];
	struct pqm_buf tls;
	size_t n = 0;
	bool ok;

	if (k->kind == SSH_ECDH) {
		ok = pc_shared(x->keys, k->group, share, secret, &n);
		if (ok)
			pqm_ssh_put_mpint(out, (pqm_bytes){ secret, n });
		return ok && !out->failed;
	}
	pqm_buf_init(&tls, 4096);
	ok = share.n > k->classical && rotate(&tls, share, share.n - k->classical) &&
		pc_shared(x->keys, k->group, pqm_buf_bytes(&tls), secret, &n);
	tls.n = 0;
	ok = ok && rotate(&tls, (pqm_bytes){ secret, n }, k->secret_bytes);
	if (ok) {
		digest(sum, k->hash_bytes, pqm_buf_bytes(&tls));
		pqm_ssh_put_string(out, (pqm_bytes){ sum, k->hash_bytes });
	}
	pqm_buf_wipe(&tls);
	return ok && !out->failed;
}

/* H [RFC4253 §8, RFC5656 §4]. */
static bool exchange_hash(
	uint8_t out[HASH_MAX], const struct ssh_exchange *x, const struct pqm_ssh_reply *r)
{
	struct pqm_buf b;
	bool ok;

	pqm_buf_init(&b, 256u << 10);
	pqm_ssh_put_string(&b, x->v_c);
	pqm_ssh_put_string(&b, x->v_s);
	pqm_ssh_put_string(&b, x->i_c);
	pqm_ssh_put_string(&b, x->i_s);
	pqm_ssh_put_string(&b, r->host_key);
	pqm_ssh_put_string(&b, pqm_buf_bytes(&x->share));
	pqm_ssh_put_string(&b, r->share);
	ok = put_secret(&b, x, r->share) && !b.failed;
	if (ok)
		digest(out, x->kex->hash_bytes, pqm_buf_bytes(&b));
	pqm_buf_wipe(&b);
	return ok;
}

/* ---- the signature ---- */

static uint16_t scheme_of(pqm_bytes algorithm)
{
	static const struct {
		const char *name;
		uint16_t scheme;
	} t[] = {
		{ "ssh-ed25519", 0x0807 },
		{ "ssh-ed448", 0x0808 },
		{ "rsa-sha2-512", 0x0601 },
		{ "rsa-sha2-256", 0x0401 },
		{ "ssh-rsa", 0x0201 },
		{ "ecdsa-sha2-nistp256", 0x0403 },
		{ "ecdsa-sha2-nistp384", 0x0503 },
		{ "ecdsa-sha2-nistp521", 0x0603 },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (pqm_eqs(algorithm, t[i].name))
			return t[i].scheme;
	return 0;
}

enum pqm_answer probe_ssh_proof(const struct ssh_exchange *x, const struct pqm_ssh_reply *r)
{
	enum pqm_answer answer = PQM_A_UNKNOWN;
	uint8_t h[HASH_MAX];
	struct pqm_buf spki, sig;
	pqm_bytes algorithm;
	uint16_t scheme;
	int is_good;

	if (x->kex->kind != SSH_ECDH && x->kex->kind != SSH_HYBRID)
		return PQM_A_UNKNOWN;
	if (!exchange_hash(h, x, r))
		return PQM_A_NO;
	pqm_buf_init(&spki, PQM_SSH_BLOB_BYTES);
	pqm_buf_init(&sig, PQM_SSH_BLOB_BYTES);
	if (pqm_ssh_signature(&algorithm, &sig, r->signature) &&
		(scheme = scheme_of(algorithm)) != 0 && pqm_ssh_spki(&spki, r->host_key)) {
		is_good = pc_verify_spki(pqm_buf_bytes(&spki), scheme,
			(pqm_bytes){ h, x->kex->hash_bytes }, pqm_buf_bytes(&sig));
		answer = is_good > 0 ? PQM_A_YES : is_good == 0 ? PQM_A_NO : PQM_A_UNKNOWN;
	}
	pqm_buf_fini(&sig);
	pqm_buf_fini(&spki);
	return answer;
}
