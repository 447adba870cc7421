#include <openssl/evp.h>

#include "unit.h"

#include "base/hash.h"
#include "parse/ssh.h"
#include "probe/ssh.h"

/* A server made of libcrypto: X25519 and Ed25519, its exchange hash written down a second time. */
#define V_S "SSH-2.0-Test_1.0 made"

#define KEX "mlkem768x25519-sha256,curve25519-sha256,ext-info-s,kex-strict-s-v00@openssh.com"
#define KEYS "rsa-sha2-512,ssh-ed25519"

struct server {
	const char *kex, *keys;
	bool wrong_signature, wrong_share;
	struct pqm_buf i_s, in; /* in: what the client sent and we did not read yet */
};

static void put_kexinit_of(const struct server *s, struct pqm_buf *payload)
{
	static const uint8_t cookie[16] = "a cookie of ours";
	struct pqm_ssh_kexinit k = { .cookie = { cookie, 16 } };

	k.list[PQM_SSH_L_KEX] = pqm_str(s->kex);
	k.list[PQM_SSH_L_HOST_KEY] = pqm_str(s->keys);
	k.list[PQM_SSH_L_CIPHER_OUT] = PQM_LIT("chacha20-poly1305@openssh.com,aes128-ctr");
	k.list[PQM_SSH_L_CIPHER_IN] = PQM_LIT("aes128-ctr,aes256-ctr");
	k.list[PQM_SSH_L_MAC_OUT] = k.list[PQM_SSH_L_MAC_IN] = PQM_LIT("hmac-sha2-256");
	k.list[PQM_SSH_L_COMPRESS_OUT] = k.list[PQM_SSH_L_COMPRESS_IN] = PQM_LIT("none");
	pqm_ssh_put_kexinit(payload, &k);
}

static void server_init(struct server *s, const char *kex, const char *keys)
{
	*s = (struct server){ .kex = kex, .keys = keys };
	pqm_buf_init(&s->i_s, 65536);
	pqm_buf_init(&s->in, 65536);
	put_kexinit_of(s, &s->i_s);
}

static void server_fini(struct server *s)
{
	pqm_buf_fini(&s->i_s);
	pqm_buf_fini(&s->in);
}

/* Identification line and KEXINIT. */
static void server_hello(const struct server *s, struct pqm_buf *out)
{
	(void)pqm_buf_add(out, PQM_LIT("hello\r\n" V_S "\r\n"));
	pqm_ssh_put_packet(out, pqm_buf_bytes(&s->i_s));
}

static pqm_bytes take_packet(pqm_bytes *rest)
{
	struct pqm_ssh_packet p;
	struct pqm_err err;

	assert_int_equal(pqm_ssh_packet(&p, *rest, &err), PQM_SSH_GOT);
	*rest = pqm_sub(*rest, p.total, rest->n);
	return p.payload;
}

static void put_hash_input(struct pqm_buf *b, const struct server *s, pqm_bytes i_c, pqm_bytes blob,
	pqm_bytes q_c, pqm_bytes q_s, pqm_bytes secret)
{
	pqm_ssh_put_string(b, pqm_str(SSH_IDENT));
	pqm_ssh_put_string(b, PQM_LIT(V_S));
	pqm_ssh_put_string(b, i_c);
	pqm_ssh_put_string(b, pqm_buf_bytes(&s->i_s));
	pqm_ssh_put_string(b, blob);
	pqm_ssh_put_string(b, q_c);
	pqm_ssh_put_string(b, q_s);
	pqm_ssh_put_mpint(b, secret);
}

/* Answers KEXINIT and INIT of the client, as they lie in s->in, with reply and NEWKEYS. */
static void server_reply(struct server *s, struct pqm_buf *out)
{
	static const uint8_t newkeys[] = { PQM_SSH_NEWKEYS };
	pqm_bytes rest = pqm_buf_bytes(&s->in), i_c, init, q_c;
	EVP_PKEY *dh = EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), *peer;
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	EVP_PKEY_CTX *derive = EVP_PKEY_CTX_new(dh, NULL);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t q_s[32], secret[32], h[32], sig[64], pub[32];
	size_t n = 32;
	struct pqm_buf b, blob, reply;
	struct pqm_cur c;

	rest = pqm_sub(rest, sizeof(SSH_IDENT "\r\n") - 1, rest.n);
	i_c = take_packet(&rest);
	init = take_packet(&rest);
	assert_int_equal(init.p[0], PQM_SSH_KEX_INIT);
	c = pqm_cur_of(pqm_sub(init, 1, init.n));
	assert_true(pqm_cur_vec32(&c, &q_c) && q_c.n == 32);
	peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, q_c.p, q_c.n);
	assert_int_equal(EVP_PKEY_get_raw_public_key(dh, q_s, &n), 1);
	assert_int_equal(EVP_PKEY_derive_init(derive), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(derive, peer), 1);
	assert_int_equal(EVP_PKEY_derive(derive, secret, &n), 1);
	n = 32;
	assert_int_equal(EVP_PKEY_get_raw_public_key(key, pub, &n), 1);
	pqm_buf_init(&blob, 256);
	pqm_ssh_put_string(&blob, PQM_LIT("ssh-ed25519"));
	pqm_ssh_put_string(&blob, (pqm_bytes){ pub, 32 });
	pqm_buf_init(&b, 65536);
	put_hash_input(&b, s, i_c, pqm_buf_bytes(&blob), q_c, (pqm_bytes){ q_s, 32 },
		(pqm_bytes){ secret, 32 });
	pqm_sha256(h, pqm_buf_bytes(&b));
	h[0] ^= s->wrong_signature ? 1 : 0;
	n = 64;
	assert_int_equal(EVP_DigestSignInit(md, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(md, sig, &n, h, 32), 1);
	if (s->wrong_share)
		memset(q_s, 0, sizeof(q_s));
	pqm_buf_init(&reply, 4096);
	(void)pqm_buf_byte(&reply, PQM_SSH_KEX_REPLY);
	pqm_ssh_put_string(&reply, pqm_buf_bytes(&blob));
	pqm_ssh_put_string(&reply, (pqm_bytes){ q_s, 32 });
	b.n = 0;
	pqm_ssh_put_string(&b, PQM_LIT("ssh-ed25519"));
	pqm_ssh_put_string(&b, (pqm_bytes){ sig, 64 });
	pqm_ssh_put_string(&reply, pqm_buf_bytes(&b));
	pqm_ssh_put_packet(out, pqm_buf_bytes(&reply));
	pqm_ssh_put_packet(out, (pqm_bytes){ newkeys, 1 });
	pqm_buf_fini(&reply);
	pqm_buf_fini(&b);
	pqm_buf_fini(&blob);
	EVP_MD_CTX_free(md);
	EVP_PKEY_CTX_free(derive);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(key);
	EVP_PKEY_free(dh);
}

/* Feeds b in pieces of `step`; what is not used is shown again; out goes to the server's side. */
static enum probe_want feed(void *self, pqm_bytes b, size_t step, struct pqm_buf *out)
{
	enum probe_want want = PROBE_READ;
	struct pqm_buf held;

	pqm_buf_init(&held, (size_t)4 << 20);
	for (size_t at = 0; at < b.n && want == PROBE_READ; at += step) {
		size_t used = 0;
		uint8_t *exact;

		assert_true(pqm_buf_add(&held, pqm_sub(b, at, step)));
		exact = malloc(held.n);
		assert_non_null(exact);
		memcpy(exact, held.p, held.n);
		want = probe_ssh_machine.input(self, (pqm_bytes){ exact, held.n }, &used, out);
		free(exact);
		assert_true(used <= held.n);
		memmove(held.p, held.p + used, held.n - used);
		held.n -= used;
	}
	pqm_buf_fini(&held);
	return want;
}

/* A whole connection; the machine is returned for its flight. */
static void *talk(struct server *s, struct pc_keys *keys, uint32_t seen, size_t step)
{
	void *m = probe_ssh_new(keys, seen);
	struct pqm_buf out;
	enum probe_want want;

	pqm_buf_init(&out, 65536);
	s->in.n = 0;
	assert_int_equal(probe_ssh_machine.start(m, &s->in), PROBE_READ);
	assert_true(pqm_starts(pqm_buf_bytes(&s->in), PQM_LIT("SSH-2.0-pqmap_")));
	server_hello(s, &out);
	want = feed(m, pqm_buf_bytes(&out), step, &s->in);
	if (want == PROBE_READ) {
		out.n = 0;
		server_reply(s, &out);
		s->in.n = 0;
		want = feed(m, pqm_buf_bytes(&out), step, &s->in);
	}
	assert_int_equal(want, PROBE_DONE);
	pqm_buf_fini(&out);
	return m;
}

static void a_host_key_is_shown_and_proven(void **state)
{
	static const size_t steps[] = { 1, 13, 100000 };
	struct pc_keys *keys = pc_keys_new();
	struct server s;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		server_init(&s, KEX, KEYS);
		void *m = talk(&s, keys, 1u << SSH_F_RSA, steps[i]);
		const struct probe_ssh_flight *f = probe_ssh_flight_of(m);
		pqm_bytes rest = pqm_buf_bytes(&s.in);
		struct pqm_ssh_bye bye;
		struct pqm_ssh_key k;
		struct pqm_err err;

		assert_int_equal(f->end, PROBE_GOAL);
		assert_string_equal(f->software, "Test_1.0 made");
		assert_string_equal(f->preface, "hello");
		assert_string_equal(f->kex->name, "curve25519-sha256");
		assert_true(f->has_key && f->family == SSH_F_ED25519);
		assert_int_equal(f->proven, PQM_A_YES);
		assert_int_equal(pqm_ssh_blob(&k, f->host_key, &err), PQM_OK);
		/* and we leave in good order, with nothing else */
		assert_int_equal(pqm_ssh_bye(&bye, take_packet(&rest), &err), PQM_OK);
		assert_int_equal(bye.reason, 11);
		assert_int_equal(rest.n, 0);
		probe_ssh_machine.free(m);
		server_fini(&s);
	}
	pc_keys_free(keys);
}

static void a_wrong_signature_proves_the_opposite(void **state)
{
	struct pc_keys *keys = pc_keys_new();
	struct server s;
	void *m;

	(void)state;
	server_init(&s, "curve25519-sha256@libssh.org", "ssh-ed25519");
	s.wrong_signature = true;
	m = talk(&s, keys, 0, 4096);
	assert_int_equal(probe_ssh_flight_of(m)->proven, PQM_A_NO);
	assert_true(probe_ssh_flight_of(m)->has_key);
	probe_ssh_machine.free(m);
	/* a share of zeros is refused [RFC8731 §3], the key stays seen */
	s.wrong_signature = false;
	s.wrong_share = true;
	m = talk(&s, keys, 0, 4096);
	assert_int_equal(probe_ssh_flight_of(m)->proven, PQM_A_NO);
	probe_ssh_machine.free(m);
	server_fini(&s);
	pc_keys_free(keys);
}

static void shares_have_the_sizes_of_their_methods(void **state)
{
	static const struct {
		const char *name;
		size_t bytes;
	} t[] = {
		{ "curve25519-sha256", 32 },
		{ "ecdh-sha2-nistp256", 65 },
		{ "ecdh-sha2-nistp384", 97 },
		{ "ecdh-sha2-nistp521", 133 },
		{ "mlkem768x25519-sha256", 1216 },
		{ "mlkem768nistp256-sha256", 1249 },
		{ "mlkem1024nistp384-sha384", 1665 },
		{ "sntrup761x25519-sha512@openssh.com", 1190 },
		{ "diffie-hellman-group14-sha256", 256 },
		{ "diffie-hellman-group16-sha512", 512 },
	};
	struct pc_keys *keys = pc_keys_new();

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct ssh_exchange x = { .kex = probe_ssh_pick_kex(pqm_str(t[i].name)),
			.keys = keys };

		pqm_buf_init(&x.share, 8192);
		assert_non_null(x.kex);
		assert_true(probe_ssh_share(&x, (pqm_bytes){ NULL, 0 }));
		assert_int_equal(x.share.n, t[i].bytes);
		/* the NIST point stands behind the ML-KEM key */
		if (strstr(t[i].name, "nistp") != NULL && x.kex->kind == SSH_HYBRID)
			assert_int_equal(x.share.p[t[i].bytes - x.kex->classical], 4);
		pqm_buf_fini(&x.share);
	}
	pc_keys_free(keys);
}

static void host_keys_are_asked_for_in_turn(void **state)
{
	pqm_bytes list =
		PQM_LIT("ssh-ed25519-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com,"
			"x509v3-ssh-rsa,ssh-rsa,rsa-sha2-256,rsa-sha2-512,"
			"ecdsa-sha2-nistp256,ssh-ed25519");
	uint32_t seen = 0;

	(void)state;
	/* the certificate of a weaker algorithm still is a certificate */
	assert_bytes(probe_ssh_pick_key(list, seen), "rsa-sha2-256-cert-v01@openssh.com");
	seen |= 1u << SSH_F_RSA;
	assert_bytes(probe_ssh_pick_key(list, seen), "ecdsa-sha2-nistp256");
	seen |= 1u << SSH_F_P256;
	assert_bytes(probe_ssh_pick_key(list, seen), "ssh-ed25519-cert-v01@openssh.com");
	seen |= 1u << SSH_F_ED25519;
	assert_bytes(probe_ssh_pick_key(list, seen), "x509v3-ssh-rsa");
	seen |= 1u << SSH_F_OTHER;
	assert_int_equal(probe_ssh_pick_key(list, seen).n, 0);
	assert_int_equal(probe_ssh_pick_key((pqm_bytes){ NULL, 0 }, 0).n, 0);
	assert_bytes(probe_ssh_pick_key(PQM_LIT("ssh-ed25519,ssh-mldsa-65"), 0), "ssh-mldsa-65");
	assert_null(probe_ssh_pick_kex(PQM_LIT("gss-x,kyber")));
}

/* ---- the strategy, driven as the loop does ---- */

struct run {
	struct pqm_probe_config config;
	struct probe_job job;
	struct probe_request req;
	unsigned n;
};

/* As rules/ssh/kex.yaml would say. */
static unsigned kex_class(const void *ctx, pqm_bytes name)
{
	static const struct {
		const char *part;
		unsigned k;
	} t[] = { { "mlkem", PQM_K_PQ }, { "sntrup761", PQM_K_PQ }, { "ml-kem", PQM_K_DRAFT },
		{ "kyber", PQM_K_RETIRED }, { "sntrup4", PQM_K_RETIRED },
		{ "ext-info", PQM_K_MARKER }, { "kex-strict", PQM_K_MARKER },
		{ "kexguess", PQM_K_MARKER } };

	assert_null(ctx);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (pqm_find(name, 0, pqm_str(t[i].part)) != SIZE_MAX)
			return t[i].k;
	return 0;
}

static void run_init(struct run *r)
{
	memset(r, 0, sizeof(*r));
	pqm_probe_config_init(&r->config);
	r->config.kex_class = kex_class;
	r->job.config = &r->config;
	r->job.keys = pc_keys_new();
	r->job.ep.is_complete = true;
	pqm_arena_init(&r->job.arena, PQM_PROBE_JOB_BYTES);
}

static void run_fini(struct run *r)
{
	pqm_arena_fini(&r->job.arena);
	pc_keys_free(r->job.keys);
}

/* Tells how the connection ended; the next one's machine is in r->req when there is one. */
static bool step(struct run *r, enum probe_end end, bool is_connected)
{
	struct probe_outcome o = { .end = end, .is_connected = is_connected };
	struct probe_request done = r->req;
	bool more = probe_ssh_strategy.next(
		&r->job, r->n == 0 ? NULL : &done, r->n == 0 ? NULL : &o, &r->req);

	if (r->n > 0)
		probe_ssh_machine.free(done.chain[0].self);
	r->n += more;
	return more;
}

/* Plays a server against the connection that was asked for; false when it is not the sim's key. */
static void serve(struct run *r, struct server *s)
{
	struct pqm_buf out;
	void *m = r->req.chain[0].self;

	pqm_buf_init(&out, 65536);
	s->in.n = 0;
	(void)probe_ssh_machine.start(m, &s->in);
	server_hello(s, &out);
	if (feed(m, pqm_buf_bytes(&out), 100000, &s->in) == PROBE_READ) {
		out.n = 0;
		server_reply(s, &out);
		(void)feed(m, pqm_buf_bytes(&out), 100000, &s->in);
	}
	pqm_buf_fini(&out);
}

static void lists_become_offers_and_posture(void **state)
{
	static const struct {
		const char *kex;
		enum pqm_posture posture;
		const char *how;
	} t[] = {
		{ KEX, PQM_P_OFFERED, "mlkem768x25519-sha256" },
		{ "curve25519-sha256,ext-info-s", PQM_P_ABSENT, "no post-quantum method" },
		{ "mlkem768x25519-sha256,sntrup761x25519-sha512,ext-info-s", PQM_P_ONLY,
			"nothing else" },
		{ "curve25519-sha256,sntrup4591761x25519-sha512@tinyssh.org", PQM_P_ABSENT,
			"only retired methods" },
		{ "x25519-ml-kem-512-sha256,curve25519-sha256", PQM_P_OFFERED, "experiment" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct run r;
		struct server s;

		run_init(&r);
		r.config.profile = PQM_PROFILE_QUICK;
		server_init(&s, t[i].kex, "ssh-ed25519");
		assert_true(step(&r, PROBE_RUNNING, false));
		if (strstr(t[i].kex, "curve25519") != NULL)
			serve(&r, &s);
		else {
			struct pqm_buf out;

			pqm_buf_init(&out, 65536);
			server_hello(&s, &out);
			(void)feed(r.req.chain[0].self, pqm_buf_bytes(&out), 999, &s.in);
			probe_ssh_machine.end(r.req.chain[0].self, PROBE_TIMEOUT, NULL);
			pqm_buf_fini(&out);
		}
		assert_false(step(&r, PROBE_GOAL, true));
		assert_int_equal(r.n, 1);
		assert_int_equal(r.job.ep.reach, PQM_R_ANSWERED);
		assert_bytes(r.job.ep.protocol, "ssh");
		assert_bytes(r.job.ep.software, "Test_1.0 made");
		if (r.job.ep.posture != t[i].posture)
			fail_msg("%s: %s", t[i].kex, pqm_posture_name(r.job.ep.posture));
		assert_true(pqm_find(r.job.ep.posture_how, 0, pqm_str(t[i].how)) != SIZE_MAX);
		server_fini(&s);
		run_fini(&r);
	}
}

static const struct pqm_offer *offer(
	const struct run *r, enum pqm_offer_kind kind, const char *name)
{
	for (size_t i = 0; i < r->job.ep.n_offers; i++)
		if (r->job.ep.offers[i].kind == kind && pqm_eqs(r->job.ep.offers[i].name, name))
			return &r->job.ep.offers[i];
	return NULL;
}

static void facts_of_one_server(void **state)
{
	const struct pqm_wire_fact *f;
	struct server s;
	struct run r;

	(void)state;
	run_init(&r);
	server_init(&s, KEX, "ssh-ed25519");
	assert_true(step(&r, PROBE_RUNNING, false));
	serve(&r, &s);
	assert_false(step(&r, PROBE_GOAL, true));
	assert_true(r.job.ep.is_complete);
	assert_int_equal(offer(&r, PQM_O_KEX, "curve25519-sha256")->rank, 2);
	assert_null(offer(&r, PQM_O_KEX, "ext-info-s"));
	assert_null(offer(&r, PQM_O_KEX, "kex-strict-s-v00@openssh.com"));
	assert_int_equal(offer(&r, PQM_O_CIPHER, "aes128-ctr")->rank, 2);
	assert_int_equal(offer(&r, PQM_O_CIPHER, "aes256-ctr")->rank, 0);
	f = pqm_endpoint_fact(&r.job.ep, "strict-kex");
	assert_true(f != NULL && f->answer == PQM_A_YES);
	f = pqm_endpoint_fact(&r.job.ep, "terrapin");
	assert_true(f != NULL && f->answer == PQM_A_NO);
	assert_int_equal(r.job.ep.n_chains, 1);
	assert_bytes(r.job.ep.chains[0].type, "ssh");
	assert_int_equal(r.job.ep.chains[0].proven, PQM_A_YES);
	assert_int_equal(r.job.ep.chains[0].certs[0].spki.n, 64);
	run_fini(&r);
	server_fini(&s);
	/* without the marker the ChaCha20 offer is open to truncation */
	run_init(&r);
	server_init(&s, "curve25519-sha256", "ssh-ed25519");
	assert_true(step(&r, PROBE_RUNNING, false));
	serve(&r, &s);
	assert_false(step(&r, PROBE_GOAL, true));
	assert_int_equal(pqm_endpoint_fact(&r.job.ep, "terrapin")->answer, PQM_A_YES);
	assert_int_equal(pqm_endpoint_fact(&r.job.ep, "strict-kex")->answer, PQM_A_NO);
	run_fini(&r);
	server_fini(&s);
}

static void three_connections_are_the_most(void **state)
{
	struct server s;
	struct run r;

	(void)state;
	run_init(&r);
	/* the sim shows its Ed25519 key whatever is asked; the plan counts what it asked for */
	server_init(&s, KEX, "rsa-sha2-512,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ssh-ed25519");
	while (step(&r, PROBE_GOAL, true))
		serve(&r, &s);
	assert_int_equal(r.n, 3);
	assert_false(r.job.ep.is_complete); /* the fourth key stays unknown */
	assert_int_equal(r.job.ep.posture, PQM_P_OFFERED);
	run_fini(&r);
	server_fini(&s);
}

static void a_closed_door_is_never_an_absence(void **state)
{
	static const struct {
		const char *text;
		enum probe_end end;
		bool is_connected;
		enum pqm_reach reach;
		unsigned n;
	} t[] = {
		{ "Exceeded MaxStartups\r\n", PROBE_CLOSED, true, PQM_R_LIMITED, 2 },
		{ "Not allowed at this time\r\n", PROBE_CLOSED, true, PQM_R_LIMITED, 2 },
		{ "", PROBE_CLOSED, true, PQM_R_LIMITED, 2 },
		{ "", PROBE_RESET, true, PQM_R_LIMITED, 2 },
		{ "", PROBE_TIMEOUT, true, PQM_R_SILENT, 1 },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", PROBE_CLOSED, true, PQM_R_OTHER, 1 },
		{ "", PROBE_NO_CONNECT, false, PQM_R_REFUSED, 1 },
		{ "", PROBE_UNREACHABLE, false, PQM_R_UNREACHABLE, 1 },
		{ "SSH-2.0-x\r\n", PROBE_CLOSED, true, PQM_R_ANSWERED, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct run r;

		run_init(&r);
		while (step(&r, t[i].end, t[i].is_connected)) {
			void *m = r.req.chain[0].self;
			struct pqm_buf out;

			pqm_buf_init(&out, 4096);
			assert_true(r.n == 1 || r.req.delay_ms >= 1000);
			if (t[i].is_connected)
				(void)feed(m, pqm_str(t[i].text), 100, &out);
			probe_ssh_machine.end(m, t[i].end, NULL);
			pqm_buf_fini(&out);
		}
		if (r.job.ep.reach != t[i].reach)
			fail_msg("'%s' %d: %s", t[i].text, (int)t[i].end,
				pqm_reach_name(r.job.ep.reach));
		assert_int_equal(r.n, t[i].n);
		assert_int_equal(r.job.ep.posture, PQM_P_UNKNOWN);
		assert_false(r.job.ep.is_complete);
		assert_true(t[i].reach == PQM_R_ANSWERED || r.job.ep.words.n > 0);
		run_fini(&r);
	}
}

static void ssh_1_is_an_absence(void **state)
{
	struct pqm_buf out;
	struct run r;

	(void)state;
	run_init(&r);
	pqm_buf_init(&out, 4096);
	assert_true(step(&r, PROBE_RUNNING, false));
	assert_int_equal(
		feed(r.req.chain[0].self, PQM_LIT("SSH-1.5-1.2.27\r\n"), 3, &out), PROBE_DONE);
	assert_false(step(&r, PROBE_GOAL, true));
	assert_int_equal(r.job.ep.posture, PQM_P_ABSENT);
	assert_int_equal(r.job.ep.reach, PQM_R_ANSWERED);
	assert_non_null(pqm_endpoint_fact(&r.job.ep, "ssh1"));
	pqm_buf_fini(&out);
	run_fini(&r);
}

static enum probe_end end_of(struct pc_keys *keys, pqm_bytes text, pqm_bytes again)
{
	void *m = probe_ssh_new(keys, 0);
	struct pqm_buf out;
	enum probe_want want;
	enum probe_end end;

	pqm_buf_init(&out, 1 << 20);
	want = feed(m, text, 1000, &out);
	for (size_t i = 0; i < 5000 && want == PROBE_READ; i++)
		want = feed(m, again, 1000, &out);
	end = probe_ssh_flight_of(m)->end;
	assert_int_equal(want, PROBE_DONE);
	assert_true(probe_ssh_flight_of(m)->words[0] != '\0');
	probe_ssh_machine.free(m);
	pqm_buf_fini(&out);
	return end;
}

static void hostile_servers_are_cut_off(void **state)
{
	static const uint8_t length_4g[] = "SSH-2.0-x\r\n\xff\xff\xff\xff";
	static const uint8_t stray[] = "SSH-2.0-x\r\n\0\0\0\x0c\x0a\x15\0\0\0\0\0\0\0\0\0\0";
	static const uint8_t ignore[] = "\0\0\0\x0c\x06\x02\0\0\0\0\0\0\0\0\0\0";
	static const uint8_t bye[] = "SSH-2.0-x\r\n\0\0\0\x14\x04\x01\0\0\0\x02\0\0\0\x02no\0\0\0\0"
				     "\0\0\0\0\0";
	struct pc_keys *keys = pc_keys_new();

	(void)state;
	assert_int_equal(end_of(keys, (pqm_bytes){ length_4g, 15 }, PQM_LIT("x")), PROBE_BUDGET);
	assert_int_equal(end_of(keys, (pqm_bytes){ stray, 27 }, PQM_LIT("x")), PROBE_GARBAGE);
	assert_int_equal(
		end_of(keys, PQM_LIT("SSH-2.0-x\r\n"), (pqm_bytes){ ignore, 16 }), PROBE_BUDGET);
	assert_int_equal(end_of(keys, (pqm_bytes){ bye, 35 }, PQM_LIT("x")), PROBE_ALERT);
	pc_keys_free(keys);
}

static void text_without_end_is_cut_off(void **state)
{
	struct pc_keys *keys = pc_keys_new();
	struct pqm_buf lines, one;

	(void)state;
	pqm_buf_init(&lines, 1 << 20);
	pqm_buf_init(&one, 1 << 20);
	for (size_t i = 0; i < 9000; i++) {
		(void)pqm_buf_add(&lines, PQM_LIT("x\r\n"));
		(void)pqm_buf_byte(&one, 'x');
	}
	assert_int_equal(end_of(keys, pqm_buf_bytes(&lines), PQM_LIT("x")), PROBE_GARBAGE);
	assert_int_equal(end_of(keys, pqm_buf_bytes(&one), PQM_LIT("x")), PROBE_GARBAGE);
	pqm_buf_fini(&one);
	pqm_buf_fini(&lines);
	pc_keys_free(keys);
}

/* A server that waits for our KEXINIT gets our lists after a second. */
static void a_shy_server_is_spoken_to(void **state)
{
	struct pc_keys *keys = pc_keys_new();
	void *m = probe_ssh_new(keys, 0);
	struct pqm_ssh_kexinit k;
	struct pqm_err err;
	struct pqm_buf out;
	struct server s;
	pqm_bytes rest;

	(void)state;
	server_init(&s, "diffie-hellman-group14-sha1,ecdh-sha2-nistp256", "ssh-rsa,ssh-ed25519");
	pqm_buf_init(&out, 65536);
	(void)feed(m, PQM_LIT(V_S "\r\n"), 100, &out);
	assert_int_equal(out.n, 0);
	assert_int_equal(probe_ssh_machine.wait_ms(m), SSH_PATIENCE_MS);
	assert_int_equal(probe_ssh_machine.timer(m, &out), PROBE_READ);
	assert_int_equal(probe_ssh_machine.wait_ms(m), 0);
	rest = pqm_buf_bytes(&out);
	assert_int_equal(pqm_ssh_kexinit(&k, take_packet(&rest), &err), PQM_OK);
	assert_int_equal(rest.n, 0);
	/* what both have first in our list is what the machine goes on with [RFC4253 §7.1] */
	assert_true(pqm_ssh_lists(k.list[PQM_SSH_L_KEX], "ecdh-sha2-nistp256"));
	assert_true(pqm_ssh_lists(k.list[PQM_SSH_L_HOST_KEY], "ssh-rsa"));
	out.n = 0;
	s.in.n = 0;
	pqm_ssh_put_packet(&s.in, pqm_buf_bytes(&s.i_s));
	assert_int_equal(feed(m, pqm_buf_bytes(&s.in), 100, &out), PROBE_READ);
	rest = pqm_buf_bytes(&out);
	assert_int_equal(take_packet(&rest).p[0], PQM_SSH_KEX_INIT);
	assert_int_equal(rest.n, 0);
	assert_string_equal(probe_ssh_flight_of(m)->kex->name, "ecdh-sha2-nistp256");
	probe_ssh_machine.free(m);
	pqm_buf_fini(&out);
	server_fini(&s);
	pc_keys_free(keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_key_is_shown_and_proven),
		cmocka_unit_test(a_wrong_signature_proves_the_opposite),
		cmocka_unit_test(shares_have_the_sizes_of_their_methods),
		cmocka_unit_test(host_keys_are_asked_for_in_turn),
		cmocka_unit_test(lists_become_offers_and_posture),
		cmocka_unit_test(facts_of_one_server),
		cmocka_unit_test(three_connections_are_the_most),
		cmocka_unit_test(a_closed_door_is_never_an_absence),
		cmocka_unit_test(ssh_1_is_an_absence),
		cmocka_unit_test(hostile_servers_are_cut_off),
		cmocka_unit_test(text_without_end_is_cut_off),
		cmocka_unit_test(a_shy_server_is_spoken_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
