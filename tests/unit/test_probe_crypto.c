/* Before our headers: libcrypto names parameters after calls that ban.h poisons. */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "unit.h"

#include "base/buf.h"
#include "hyb/hyb.h"
#include "probe/crypto.h"

static size_t unhex(uint8_t *out, size_t cap, const char *hex)
{
	size_t n = 0;

	for (; hex[0] != '\0'; hex++) {
		static const char digits[] = "0123456789abcdef";

		if (hex[0] == ' ')
			continue;
		assert_true(n < cap && hex[1] != '\0');
		out[n++] = (uint8_t)((strchr(digits, hex[0]) - digits) << 4 |
			(strchr(digits, hex[1]) - digits));
		hex++;
	}
	return n;
}

static void assert_hex(const uint8_t *got, size_t n, const char *hex)
{
	uint8_t want[512];

	assert_int_equal(unhex(want, sizeof(want), hex), n);
	assert_memory_equal(got, want, n);
}

static pqm_bytes of_hex(uint8_t *store, size_t cap, const char *hex)
{
	return (pqm_bytes){ store, unhex(store, cap, hex) };
}

/* RFC 8448 §3: simple 1-RTT handshake. */
static void key_schedule_is_that_of_rfc_8448(void **state)
{
	static const uint8_t zeros[32];
	uint8_t early[32], derived[32], empty[32], hs[32], secret[32], s[64];
	struct pc_traffic t;

	(void)state;
	assert_true(pc_hkdf_extract(
		PC_SHA256, early, (pqm_bytes){ zeros, 32 }, (pqm_bytes){ zeros, 32 }));
	assert_hex(early, 32, "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
	pc_digest(PC_SHA256, empty, (pqm_bytes){ NULL, 0 });
	assert_true(pc_expand_label(PC_SHA256, derived, 32, (pqm_bytes){ early, 32 }, false,
		"derived", (pqm_bytes){ empty, 32 }));
	assert_hex(derived, 32, "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba");
	pqm_bytes shared = of_hex(
		s, sizeof(s), "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");

	assert_true(pc_hkdf_extract(PC_SHA256, hs, (pqm_bytes){ derived, 32 }, shared));
	assert_hex(hs, 32, "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac");
	pqm_bytes hash = of_hex(
		s, sizeof(s), "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8");

	assert_true(pc_expand_label(
		PC_SHA256, secret, 32, (pqm_bytes){ hs, 32 }, false, "s hs traffic", hash));
	assert_hex(secret, 32, "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
	assert_true(pc_traffic_keys(&t, PC_SHA256, PC_AES128_GCM, (pqm_bytes){ secret, 32 }));
	assert_hex(t.key, 16, "3fce516009c21727d0f2e4e86ee403bc");
	assert_hex(t.iv, 12, "5d313eb2671276ee13000b30");
	assert_true(pc_expand_label(PC_SHA256, secret, 32, (pqm_bytes){ secret, 32 }, false,
		"finished", (pqm_bytes){ NULL, 0 }));
	assert_hex(secret, 32, "008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8");
}

/* RFC 9001 §A.1, §A.2, §A.3, §A.5. */
static void quic_keys_and_masks_are_those_of_rfc_9001(void **state)
{
	uint8_t salt[20], dcid[8], initial[32], client[32], hp[32], mask[5], sample[16], key[16];
	const pqm_bytes none = { NULL, 0 };

	(void)state;
	assert_true(pc_hkdf_extract(PC_SHA256, initial,
		of_hex(salt, 20, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
		of_hex(dcid, 8, "8394c8f03e515708")));
	assert_hex(initial, 32, "7db5df06e7a69e432496adedb00851923595221596ae2ae9fb8115c1e9ed0a44");
	assert_true(pc_expand_label(
		PC_SHA256, client, 32, (pqm_bytes){ initial, 32 }, false, "client in", none));
	assert_true(pc_expand_label(
		PC_SHA256, key, 16, (pqm_bytes){ client, 32 }, false, "quic key", none));
	assert_hex(key, 16, "1f369613dd76d5467730efcbe3b1a22d");
	assert_true(pc_expand_label(
		PC_SHA256, key, 12, (pqm_bytes){ client, 32 }, false, "quic iv", none));
	assert_hex(key, 12, "fa044b2f42a3fd3b46fb255c");
	assert_true(pc_expand_label(
		PC_SHA256, hp, 16, (pqm_bytes){ client, 32 }, false, "quic hp", none));
	assert_hex(hp, 16, "9f50449e04a0e810283a1e9933adedd2");
	(void)unhex(sample, 16, "d1b1c98dd7689fb8ec11d242b123dc9b");
	assert_true(pc_quic_mask(PC_AES128_GCM, hp, sample, mask));
	assert_hex(mask, 5, "437b9aec36");
	(void)unhex(hp, 32, "25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4");
	(void)unhex(sample, 16, "5e5cd55c41f69080575d7999c25a5bfb");
	assert_true(pc_quic_mask(PC_CHACHA20, hp, sample, mask));
	assert_hex(mask, 5, "aefefe7d03");
}

static void every_suite_of_tls_13_opens_what_it_sealed(void **state)
{
	(void)state;
	for (uint16_t suite = 0x1301; suite <= 0x1305; suite++) {
		static const uint8_t secret[48] = { 7 };
		uint8_t plain[256], type = 0;
		struct pc_traffic out, in;
		struct pqm_buf b;
		enum pc_hash h;
		enum pc_aead a;
		size_t n = 0;

		assert_true(pc_suite13(suite, &h, &a));
		assert_int_equal(pc_hash_bytes(h), suite == 0x1302 ? 48 : 32);
		pqm_bytes s = { secret, pc_hash_bytes(h) };

		assert_true(pc_traffic_keys(&out, h, a, s));
		assert_true(pc_traffic_keys(&in, h, a, s));
		pqm_buf_init(&b, 4096);
		for (int i = 0; i < 3; i++) {
			b.n = 0;
			assert_true(pc_record_seal(&out, 22, PQM_LIT("certificates"), &b));
			assert_int_equal(b.p[3] << 8 | b.p[4], b.n - 5);
			assert_true(pc_record_open(&in, (pqm_bytes){ b.p, 5 },
				(pqm_bytes){ b.p + 5, b.n - 5 }, plain, &n, &type));
			assert_int_equal(type, 22);
			assert_bytes(((pqm_bytes){ plain, n }), "certificates");
		}
		/* Any changed byte, header or body, and the old number. */
		b.n = 0;
		assert_true(pc_record_seal(&out, 22, PQM_LIT("certificates"), &b));
		for (size_t i = 0; i < b.n; i++) {
			b.p[i] ^= 1;
			assert_false(pc_record_open(&in, (pqm_bytes){ b.p, 5 },
				(pqm_bytes){ b.p + 5, b.n - 5 }, plain, &n, &type));
			b.p[i] ^= 1;
		}
		for (size_t i = 0; i < 16; i++)
			assert_false(pc_record_open(&in, (pqm_bytes){ b.p, 5 },
				(pqm_bytes){ b.p + 5, i }, plain, &n, &type));
		in.seq--;
		assert_false(pc_record_open(&in, (pqm_bytes){ b.p, 5 },
			(pqm_bytes){ b.p + 5, b.n - 5 }, plain, &n, &type));
		pqm_buf_fini(&b);
	}
	enum pc_hash h;
	enum pc_aead a;

	assert_false(pc_suite13(0x1300, &h, &a) || pc_suite13(0x1306, &h, &a) ||
		pc_suite13(0xc02f, &h, &a));
}

/* ---- groups ---- */

static const struct classical {
	uint16_t group;
	const char *type, *name;
	size_t bytes;
} classical[] = {
	{ 0x001d, "X25519", NULL, 32 },
	{ 0x001e, "X448", NULL, 56 },
	{ 0x0017, "EC", "P-256", 65 },
	{ 0x0018, "EC", "P-384", 97 },
	{ 0x0019, "EC", "P-521", 133 },
	{ 0x001f, "EC", "brainpoolP256r1", 65 },
	{ 0x0020, "EC", "brainpoolP384r1", 97 },
	{ 0x0021, "EC", "brainpoolP512r1", 129 },
	{ 0x0100, "DH", "ffdhe2048", 256 },
	{ 0x0101, "DH", "ffdhe3072", 384 },
	{ 0x0102, "DH", "ffdhe4096", 512 },
	{ 0x0103, "DH", "ffdhe6144", 768 },
	{ 0x0104, "DH", "ffdhe8192", 1024 },
};

/* The other side, by libcrypto: its own pair, and the secret with our share. */
static size_t peer_answers(const struct classical *c, pqm_bytes ours, struct pqm_buf *share,
	uint8_t secret[PC_SHARED_MAX])
{
	EVP_PKEY_CTX *g = EVP_PKEY_CTX_new_from_name(NULL, c->type, NULL);
	EVP_PKEY *key = NULL, *peer = EVP_PKEY_new();
	unsigned char *pub = NULL;
	size_t n = PC_SHARED_MAX;

	assert_int_equal(EVP_PKEY_keygen_init(g), 1);
	if (c->name != NULL)
		assert_int_equal(EVP_PKEY_CTX_set_group_name(g, c->name), 1);
	assert_int_equal(EVP_PKEY_generate(g, &key), 1);
	EVP_PKEY_CTX_free(g);
	assert_int_equal(EVP_PKEY_get1_encoded_public_key(key, &pub), c->bytes);
	assert_true(pqm_buf_add(share, (pqm_bytes){ pub, c->bytes }));
	OPENSSL_free(pub);
	if (c->name == NULL) {
		EVP_PKEY_free(peer);
		peer = EVP_PKEY_new_raw_public_key_ex(NULL, c->type, NULL, ours.p, ours.n);
	} else {
		assert_int_equal(EVP_PKEY_copy_parameters(peer, key), 1);
		assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, ours.p, ours.n), 1);
	}
	EVP_PKEY_CTX *d = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

	assert_int_equal(EVP_PKEY_derive_init(d), 1);
	if (c->group >= 0x100)
		assert_int_equal(EVP_PKEY_CTX_set_dh_pad(d, 1), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(d, peer), 1);
	assert_int_equal(EVP_PKEY_derive(d, secret, &n), 1);
	EVP_PKEY_CTX_free(d);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(key);
	return n;
}

static void every_classical_group_agrees_with_libcrypto(void **state)
{
	struct pc_keys *k = pc_keys_new();

	(void)state;
	for (size_t i = 0; i < sizeof(classical) / sizeof(classical[0]); i++) {
		const struct classical *c = &classical[i];
		uint8_t want[PC_SHARED_MAX], got[PC_SHARED_MAX];
		struct pqm_buf ours, theirs;
		size_t n = 0;

		assert_true(pc_group_known(c->group));
		pqm_buf_init(&ours, 4096);
		assert_true(pc_share(k, c->group, &ours));
		assert_int_equal(ours.n, c->bytes);
		for (int round = 0; round < 2; round++) { /* one pair for the whole run */
			pqm_buf_init(&theirs, 4096);
			size_t want_n = peer_answers(c, pqm_buf_bytes(&ours), &theirs, want);

			assert_true(pc_shared(k, c->group, pqm_buf_bytes(&theirs), got, &n));
			assert_int_equal(n, want_n);
			assert_memory_equal(got, want, n);
			assert_false(pc_shared(
				k, c->group, pqm_sub(pqm_buf_bytes(&theirs), 1, 2000), got, &n));
			memset(theirs.p, 0, theirs.n); /* zero secret, no point, Y = 0 */
			assert_false(pc_shared(k, c->group, pqm_buf_bytes(&theirs), got, &n));
			memset(theirs.p, 0xff, theirs.n);
			if (c->name != NULL)
				theirs.p[0] = c->group < 0x100 ? 4 : 0xff;
			if (c->name != NULL)
				assert_false(
					pc_shared(k, c->group, pqm_buf_bytes(&theirs), got, &n));
			pqm_buf_fini(&theirs);
		}
		pqm_buf_fini(&ours);
	}
	pc_keys_free(k);
}

static const struct {
	uint16_t group;
	enum hyb_kem_id id;
} kem_groups[] = {
	{ 0x11ec, HYB_KEM_TLS_X25519MLKEM768 },
	{ 0x11eb, HYB_KEM_TLS_SECP256R1MLKEM768 },
	{ 0x11ed, HYB_KEM_TLS_SECP384R1MLKEM1024 },
	{ 0x0200, HYB_KEM_MLKEM512 },
	{ 0x0201, HYB_KEM_MLKEM768 },
	{ 0x0202, HYB_KEM_MLKEM1024 },
};

static void every_post_quantum_group_agrees_with_libhyb(void **state)
{
	struct pc_keys *k = pc_keys_new();

	(void)state;
	for (size_t i = 0; i < sizeof(kem_groups) / sizeof(kem_groups[0]); i++) {
		const struct hyb_kem_suite *s = hyb_kem_suite(kem_groups[i].id);
		uint8_t ct[HYB_KEM_CT_MAX], ss[HYB_KEM_SS_MAX], got[PC_SHARED_MAX];
		struct pqm_buf ours;
		size_t n = 0;

		pqm_buf_init(&ours, 4096);
		assert_true(pc_share(k, kem_groups[i].group, &ours));
		assert_int_equal(ours.n, s->ek_bytes);
		assert_int_equal(hyb_kem_encaps(s, ct, ss, ours.p), HYB_OK);
		assert_true(
			pc_shared(k, kem_groups[i].group, (pqm_bytes){ ct, s->ct_bytes }, got, &n));
		assert_int_equal(n, s->ss_bytes);
		assert_memory_equal(got, ss, n);
		assert_false(pc_shared(
			k, kem_groups[i].group, (pqm_bytes){ ct, s->ct_bytes - 1 }, got, &n));
		/* Implicit rejection: another secret, no error [FIPS203 §6.3]. */
		ct[s->ct_bytes / 2] ^= 1;
		assert_true(
			pc_shared(k, kem_groups[i].group, (pqm_bytes){ ct, s->ct_bytes }, got, &n));
		assert_memory_not_equal(got, ss, n);
		pqm_buf_fini(&ours);
	}
	pc_keys_free(k);
}

static const struct {
	uint16_t group;
	size_t bytes, ek_at, ek_bytes;
} fakes[] = {
	{ 0x11ec, 1216, 0, 1184 },
	{ 0x11eb, 1249, 65, 1184 },
	{ 0x11ed, 1665, 97, 1568 },
	{ 0x11ee, 1249, 65, 1184 },
	{ 0x0200, 800, 0, 800 },
	{ 0x0201, 1184, 0, 1184 },
	{ 0x0202, 1568, 0, 1568 },
	{ 0x6399, 1216, 32, 1184 },
	{ 0x639a, 1249, 65, 1184 },
	{ 0xfe30, 832, 32, 800 },
	{ 0xfe31, 1216, 32, 1184 },
	{ 0x2f4b, 865, 65, 800 },
	{ 0x2f4c, 1281, 97, 1184 },
	{ 0x2f4d, 1701, 133, 1568 },
	{ 0x2fb6, 832, 32, 800 },
	{ 0x2fb7, 1240, 56, 1184 },
};

static unsigned coefficients_over_q(pqm_bytes ek)
{
	unsigned over = 0;

	for (size_t i = 0; i + 32 < ek.n; i += 3) {
		const uint8_t *d = ek.p + i;

		over += (d[0] | (d[1] & 15u) << 8) >= 3329;
		over += ((unsigned)d[1] >> 4 | (unsigned)d[2] << 4) >= 3329;
	}
	return over;
}

static void fake_shares_have_good_coefficients_and_bad_ones_one_bad(void **state)
{
	struct pc_keys *k = pc_keys_new();

	(void)state;
	for (size_t i = 0; i < sizeof(fakes) / sizeof(fakes[0]); i++) {
		for (int bad = 0; bad < 2; bad++) {
			struct pqm_buf b;

			pqm_buf_init(&b, 4096);
			assert_true(pc_share_fake(k, fakes[i].group, bad != 0, &b));
			assert_int_equal(b.n, fakes[i].bytes);
			pqm_bytes ek =
				pqm_sub(pqm_buf_bytes(&b), fakes[i].ek_at, fakes[i].ek_bytes);

			assert_int_equal(coefficients_over_q(ek), bad);
			pqm_buf_fini(&b);
		}
	}
	struct pqm_buf b;
	uint8_t out[PC_SHARED_MAX];
	size_t n;

	pqm_buf_init(&b, 4096);
	assert_false(pc_share_fake(k, 0x001d, false, &b));
	assert_false(pc_share_fake(k, 0x4242, false, &b));
	assert_false(pc_share(k, 0x6399, &b) || pc_share(k, 0x4242, &b));
	assert_false(pc_group_known(0x6399) || pc_group_known(0x001a) || pc_group_known(0));
	assert_false(pc_shared(k, 0x6399, PQM_LIT("x"), out, &n));
	assert_int_equal(b.n, 0);
	pqm_buf_fini(&b);
	pc_keys_free(k);
}

/* ---- signatures ---- */

static const struct {
	const char *type, *group, *hash;
	uint16_t scheme;
	bool is_pss;
} signers[] = {
	{ "RSA", NULL, "SHA256", 0x0804, true },
	{ "RSA", NULL, "SHA384", 0x0805, true },
	{ "RSA", NULL, "SHA512", 0x0806, true },
	{ "RSA", NULL, "SHA256", 0x0401, false },
	{ "RSA", NULL, "SHA1", 0x0201, false },
	{ "RSA", NULL, "MD5-SHA1", 0, false },
	{ "RSA-PSS", NULL, "SHA256", 0x0809, true },
	{ "EC", "P-256", "SHA256", 0x0403, false },
	{ "EC", "P-384", "SHA384", 0x0503, false },
	{ "EC", "P-521", "SHA512", 0x0603, false },
	{ "EC", "P-256", "SHA1", 0, false },
	{ "EC", "brainpoolP256r1", "SHA256", 0x081a, false },
	{ "ED25519", NULL, NULL, 0x0807, false },
	{ "ED448", NULL, NULL, 0x0808, false },
};

static EVP_PKEY *key_for(size_t i)
{
	EVP_PKEY_CTX *g = EVP_PKEY_CTX_new_from_name(NULL, signers[i].type, NULL);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_keygen_init(g), 1);
	if (signers[i].group != NULL)
		assert_int_equal(EVP_PKEY_CTX_set_group_name(g, signers[i].group), 1);
	assert_int_equal(EVP_PKEY_generate(g, &key), 1);
	EVP_PKEY_CTX_free(g);
	return key;
}

static void signatures_verify_and_changed_ones_do_not(void **state)
{
	const pqm_bytes content = PQM_LIT("what the server signs");

	(void)state;
	for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++) {
		EVP_PKEY *key = key_for(i);
		EVP_MD_CTX *c = EVP_MD_CTX_new();
		EVP_PKEY_CTX *pk = NULL;
		uint8_t sig[1024];
		size_t n = sizeof(sig);
		unsigned char *der = NULL;

		assert_int_equal(
			EVP_DigestSignInit_ex(c, &pk, signers[i].hash, NULL, NULL, key, NULL), 1);
		if (signers[i].is_pss) {
			assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pk, 6), 1);
			assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pk, -1), 1);
		}
		assert_int_equal(EVP_DigestSign(c, sig, &n, content.p, content.n), 1);
		int der_n = i2d_PUBKEY(key, &der);
		pqm_bytes spki = { der, (size_t)der_n }, s = { sig, n };

		assert_int_equal(pc_verify_spki(spki, signers[i].scheme, content, s), 1);
		assert_int_equal(pc_verify_spki(spki, signers[i].scheme,
					 PQM_LIT("what the server sign5"), s),
			0);
		assert_int_equal(
			pc_verify_spki(spki, signers[i].scheme, content, pqm_sub(s, 0, n - 1)), 0);
		assert_int_equal(
			pc_verify_spki(spki, signers[i].scheme, content, (pqm_bytes){ NULL, 0 }),
			0);
		sig[n / 2] ^= 1;
		assert_int_equal(pc_verify_spki(spki, signers[i].scheme, content, s), 0);
		/* A scheme of another kind of key; unknown schemes; every truncation of the key. */
		uint16_t other = signers[i].type[0] == 'R' ? 0x0403 : 0x0401;

		assert_int_equal(pc_verify_spki(spki, other, content, s), 0);
		assert_int_equal(pc_verify_spki(spki, 0x0708, content, s), -1);
		for (size_t cut = 0; cut < spki.n; cut++)
			assert_int_equal(pc_verify_spki(pqm_sub(spki, 0, cut), signers[i].scheme,
						 content, s),
				-1);
		OPENSSL_free(der);
		EVP_MD_CTX_free(c);
		EVP_PKEY_free(key);
	}
}

static void post_quantum_signatures_verify_by_libhyb(void **state)
{
	static const struct {
		enum hyb_sig_id id;
		uint16_t scheme, other;
	} t[] = {
		{ HYB_SIG_MLDSA44, 0x0904, 0x0905 },
		{ HYB_SIG_MLDSA65, 0x0905, 0x0906 },
		{ HYB_SIG_MLDSA87, 0x0906, 0x0904 },
		{ HYB_SIG_MLDSA65_P384, 0x0908, 0x0905 },
	};

	const pqm_bytes content = PQM_LIT("what the server signs");
	static struct hyb_private key;
	static uint8_t sig[HYB_SIG_SIG_MAX], der[HYB_KEY_FILE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t n = 0, der_n = 0;

		assert_int_equal(hyb_private_new_sig(&key, hyb_sig_suite(t[i].id)), HYB_OK);
		assert_int_equal(hyb_private_sign(sig, &n, (hyb_bytes){ content.p, content.n },
					 (hyb_bytes){ NULL, 0 }, &key),
			HYB_OK);
		assert_int_equal(hyb_public_write(der, &der_n, &key.pub, false), HYB_OK);
		pqm_bytes spki = { der, der_n }, s = { sig, n };

		assert_int_equal(pc_verify_spki(spki, t[i].scheme, content, s), 1);
		assert_int_equal(pc_verify_spki(spki, t[i].other, content, s), 0);
		assert_int_equal(pc_verify_spki(spki, 0x0403, content, s), 0);
		assert_int_equal(
			pc_verify_spki(spki, t[i].scheme, content, pqm_sub(s, 0, n - 1)), 0);
		sig[100] ^= 1;
		assert_int_equal(pc_verify_spki(spki, t[i].scheme, content, s), 0);
		assert_int_equal(
			pc_verify_spki(pqm_sub(spki, 0, spki.n - 1), t[i].scheme, content, s), -1);
		hyb_private_clear(&key);
	}
}

static void without_memory_nothing_is_made_and_nothing_leaks(void **state)
{
	(void)state;
	for (size_t i = 1; i < 12; i++) {
		struct pqm_buf b;

		pqm_alloc_fail_at(i);
		struct pc_keys *k = pc_keys_new();

		pqm_buf_init(&b, 4096);
		bool ok = k != NULL && pc_share(k, 0x11ec, &b) && pc_share(k, 0x0017, &b);
		struct pc_transcript *t = pc_transcript_new(PC_SHA384);

		pqm_alloc_fail_at(0);
		if (ok)
			assert_int_equal(b.n, 1216 + 65);
		assert_true(ok || i < 8);
		pc_transcript_free(t);
		pc_keys_free(k);
		pqm_buf_fini(&b);
	}
}

static void a_transcript_goes_on_after_a_look(void **state)
{
	(void)state;
	for (int h = PC_SHA256; h <= PC_SHA384; h++) {
		struct pc_transcript *t = pc_transcript_new((enum pc_hash)h);
		uint8_t a[48], b[48];

		pc_transcript_add(t, PQM_LIT("client"));
		pc_transcript_now(t, a);
		pc_digest((enum pc_hash)h, b, PQM_LIT("client"));
		assert_memory_equal(a, b, pc_hash_bytes((enum pc_hash)h));
		pc_transcript_add(t, PQM_LIT("server"));
		pc_transcript_now(t, a);
		pc_digest((enum pc_hash)h, b, PQM_LIT("clientserver"));
		assert_memory_equal(a, b, pc_hash_bytes((enum pc_hash)h));
		pc_transcript_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_schedule_is_that_of_rfc_8448),
		cmocka_unit_test(quic_keys_and_masks_are_those_of_rfc_9001),
		cmocka_unit_test(every_suite_of_tls_13_opens_what_it_sealed),
		cmocka_unit_test(every_classical_group_agrees_with_libcrypto),
		cmocka_unit_test(every_post_quantum_group_agrees_with_libhyb),
		cmocka_unit_test(fake_shares_have_good_coefficients_and_bad_ones_one_bad),
		cmocka_unit_test(signatures_verify_and_changed_ones_do_not),
		cmocka_unit_test(post_quantum_signatures_verify_by_libhyb),
		cmocka_unit_test(without_memory_nothing_is_made_and_nothing_leaks),
		cmocka_unit_test(a_transcript_goes_on_after_a_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
