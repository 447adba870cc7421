/*
 * bench_peer.h — other people's libraries, found by dlopen: libcrypto, liboqs, libsodium.
 *
 * Shape:     a peer is a table of the functions found in one library; the running libcrypto is peer 0.
 *            The prototypes are ours, so that nothing of theirs is needed to build.
 * Ownership: keys and contexts of a peer are opened and closed by their user.
 * Errors:    a function that is missing is NULL, and what needs it says so.
 * Threads:   one.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "bench.h"

/* OSSL_PARAM of openssl/core.h: the layout is part of OpenSSL's ABI since 3.0. */
struct bench_param {
	const char *key;
	unsigned int type;
	void *data;
	size_t n, n_returned;
};

struct bench_evp {
	const char *(*version)(int);
	void *(*ctx_by_name)(void *, const char *, const char *);
	void *(*ctx_by_key)(void *, void *, const char *);
	void (*ctx_free)(void *);
	int (*keygen_init)(void *);
	int (*ctx_set_params)(void *, const struct bench_param *);
	int (*generate)(void *, void **);
	void (*key_free)(void *);
	int (*encaps_init)(void *, const struct bench_param *);
	int (*encaps)(void *, unsigned char *, size_t *, unsigned char *, size_t *);
	int (*decaps_init)(void *, const struct bench_param *);
	int (*decaps)(void *, unsigned char *, size_t *, const unsigned char *, size_t);
	int (*derive_init)(void *);
	int (*derive_peer)(void *, void *);
	int (*derive)(void *, unsigned char *, size_t *);
	int (*sign_init)(void *);
	int (*sign)(void *, unsigned char *, size_t *, const unsigned char *, size_t);
	int (*verify_init)(void *);
	int (*verify)(void *, const unsigned char *, size_t, const unsigned char *, size_t);
	void *(*md_ctx_new)(void);
	void (*md_ctx_free)(void *);
	int (*ds_init)(void *, void **, const char *, void *, const char *, void *,
		const struct bench_param *);
	int (*ds)(void *, unsigned char *, size_t *, const unsigned char *, size_t);
	int (*dv_init)(void *, void **, const char *, void *, const char *, void *,
		const struct bench_param *);
	int (*dv)(void *, const unsigned char *, size_t, const unsigned char *, size_t);
	void *(*md_fetch)(void *, const char *, const char *);
	int (*md_init)(void *, const void *, const struct bench_param *);
	int (*md_update)(void *, const void *, size_t);
	int (*md_final)(void *, unsigned char *, unsigned int *);
	int (*md_xof)(void *, unsigned char *, size_t);
	void *(*cipher_fetch)(void *, const char *, const char *);
	void *(*cipher_ctx_new)(void);
	void (*cipher_ctx_free)(void *);
	int (*cipher_init)(void *, const void *, const unsigned char *, const unsigned char *,
		const struct bench_param *);
	int (*cipher_update)(void *, unsigned char *, int *, const unsigned char *, int);
	int (*cipher_final)(void *, unsigned char *, int *);
	int (*cipher_get)(void *, struct bench_param *);
	void *(*mac_fetch)(void *, const char *, const char *);
	void *(*mac_ctx_new)(void *);
	void (*mac_ctx_free)(void *);
	int (*mac_init)(void *, const unsigned char *, size_t, const struct bench_param *);
	int (*mac_update)(void *, const unsigned char *, size_t);
	int (*mac_final)(void *, unsigned char *, size_t *, size_t);
	void (*err_clear)(void);
};

struct bench_oqs {
	void *(*kem_new)(const char *);
	void (*kem_free)(void *);
	int (*kem_keypair)(const void *, uint8_t *, uint8_t *);
	int (*kem_encaps)(const void *, uint8_t *, uint8_t *, const uint8_t *);
	int (*kem_decaps)(const void *, uint8_t *, const uint8_t *, const uint8_t *);
	void *(*sig_new)(const char *);
	void (*sig_free)(void *);
	int (*sig_keypair)(const void *, uint8_t *, uint8_t *);
	int (*sig_sign)(
		const void *, uint8_t *, size_t *, const uint8_t *, size_t, const uint8_t *);
	int (*sig_verify)(
		const void *, const uint8_t *, size_t, const uint8_t *, size_t, const uint8_t *);
	void (*random)(void (*)(uint8_t *, size_t)); /* replaces its generator */
	int (*random_named)(const char *);
	const char *(*version)(void);
	void (*init)(void);
};

struct bench_sodium {
	int (*init)(void);
	int (*keypair)(unsigned char *, unsigned char *);
	int (*enc)(unsigned char *, unsigned char *, const unsigned char *);
	int (*dec)(unsigned char *, const unsigned char *, const unsigned char *);
	const char *(*version)(void);
};

struct bench_peer {
	void *lib;
	bool has_evp, has_oqs, has_sodium;
	char name[BENCH_TEXT]; /* "OpenSSL 3.5.7", "liboqs 0.16.0" */
	struct bench_evp evp;
	struct bench_oqs oqs;
	struct bench_sodium sodium;
};

void bench_peers_open(struct bench *b);
void bench_peers_close(struct bench *b);
/* The running libcrypto, or NULL. */
const struct bench_peer *bench_libcrypto(const struct bench *b);

/* A key of a libcrypto with everything prepared that an application keeps between calls. */
struct bench_key {
	const struct bench_evp *e;
	void *key, *gen, *enc, *dec, *der, *sig, *ver, *md;
	const struct bench_param *sign_params; /* of one-shot signatures; NULL: none */
	bool is_oneshot;		       /* no digest outside: Ed25519, ML-DSA, SLH-DSA */
	size_t ct_n, ss_n, sig_n, tbs_n;
	uint8_t ct[2048], ss[128], ss2[128], tbs[64];
	uint8_t sig_out[50000];
};

struct bench_key_spec {
	const char *name, *group; /* "EC" and "P-256"; group NULL: none */
	size_t bits;		  /* of RSA; 0: not RSA */
	const uint8_t *seed;	  /* key generation from a seed; NULL: random */
	size_t seed_n;
	bool is_kem, is_derive, is_sign, is_oneshot;
	size_t tbs_n;
	const struct bench_param *sign_params;
};

/* False: this library has no such algorithm. */
bool bench_key_open(struct bench_key *k, const struct bench_evp *e, const struct bench_key_spec *s);
void bench_key_close(struct bench_key *k);
/* Operations on a struct bench_key; item picks the message of the fixed list. */
bench_fn bench_key_generate, bench_key_encaps, bench_key_decaps, bench_key_derive, bench_key_sign,
	bench_key_verify;

/* The i-th message of the fixed signing list: 32 bytes. */
void bench_message(uint8_t out[32], size_t item);

/* A key of liboqs; sizes are the largest of its algorithms that are compared. */
struct bench_oqs_key {
	const struct bench_oqs *o;
	void *kem, *sig;
	size_t sig_n, item; /* of the last signature */
	uint8_t pk[8192], sk[16384], ct[4096], ss[64], sig_out[50000];
};

bool bench_oqs_open(struct bench_oqs_key *k, const struct bench_oqs *o, const char *kem,
	const char *sig, bool is_fixed);
void bench_oqs_close(struct bench_oqs_key *k);
bench_fn bench_oqs_kem_keygen, bench_oqs_encaps, bench_oqs_decaps, bench_oqs_sig_keygen,
	bench_oqs_sign, bench_oqs_verify;

#define BENCH_NONCE_BYTES 12
#define BENCH_TAG_BYTES 16

/* An AEAD of a libcrypto over n_segments messages of n bytes, key and context prepared. */
struct bench_cipher {
	const struct bench_evp *e;
	void *ctx;
	size_t n, n_segments;
	uint8_t *in, *out;
	uint8_t nonce[BENCH_NONCE_BYTES], tag[BENCH_TAG_BYTES];
};

bool bench_cipher_open(struct bench_cipher *c, const struct bench_evp *e, const char *name);
void bench_cipher_close(struct bench_cipher *c);
bench_fn bench_encrypt;

/* X-Wing of libsodium: crypto_kem_*. */
struct bench_sodium_key {
	const struct bench_sodium *s;
	uint8_t pk[1216], sk[2464], ct[1120], ss[64];
};

bool bench_sodium_open(struct bench_sodium_key *k, const struct bench_sodium *s);
bench_fn bench_sodium_keygen, bench_sodium_encaps, bench_sodium_decaps;

#endif
