#include <assert.h>

#include "model/codes.h"
#include "probe/int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * First byte: goal, split of the stream, and whether the rest is the server's stream as it is, or
 * content to be protected under the keys of a handshake that this program makes up to ServerHello.
 */
#define GOAL 0x03
#define SSL2 0x04
#define SECRET 0x08
#define CHUNK_SHIFT 4

static const uint16_t suites[] = { 0x1301, 0xc02b, 0x009e, 0x009c, 0x0003, 0xc018, 0x002c };
static const uint16_t flags[] = { PQM_C_TLS13, PQM_C_ECDHE, PQM_C_DHE, PQM_C_RSA,
	PQM_C_RSA | PQM_C_EXPORT, PQM_C_ECDHE | PQM_C_ANON, PQM_C_PSK };
static const uint16_t groups[] = { 0x001d, 0x0017 };
static const uint16_t schemes[] = { 0x0403, 0x0804 };
static const uint16_t versions[] = { 0x0304, 0x0303, 0x0302, 0x0301, 0x0300 };
static const uint32_t kinds[] = { 0x010080 };

static struct probe_tls_spec spec_of(uint8_t how)
{
	return (struct probe_tls_spec){
		.goal = (enum probe_goal)((how & GOAL) % 3),
		.hello = { .legacy_version = 0x0303,
			.random = { 1 },
			.suites = suites,
			.n_suites = 7,
			.versions = versions,
			.n_versions = 5,
			.groups = groups,
			.n_groups = 2,
			.schemes = schemes,
			.n_schemes = 2,
			.has_key_share = true,
			.session_id = PQM_LIT("session") },
		.suite_flags = flags,
		.share_group = { 0x001d },
		.n_share_groups = 1,
		.follow_hrr = true,
		.is_ssl2 = (how & SSL2) != 0,
		.ssl2_kinds = kinds,
		.n_ssl2_kinds = 1,
	};
}

struct feed {
	void *self;
	struct pqm_buf held, out;
	enum probe_want want;
};

static void feed(struct feed *f, pqm_bytes in)
{
	size_t used = 0;

	if (f->want != PROBE_READ || !pqm_buf_add(&f->held, in))
		return;
	f->out.n = 0;
	f->want = probe_tls_machine.input(f->self, pqm_buf_bytes(&f->held), &used, &f->out);
	assert(used <= f->held.n);
	assert((f->want == PROBE_DONE) == (probe_flight_of(f->self)->end != PROBE_RUNNING));
	if (used > 0)
		memmove(f->held.p, f->held.p + used, f->held.n - used);
	f->held.n -= used;
	assert(f->want == PROBE_DONE || f->held.n <= PQM_PROBE_HELD_BYTES);
}

static void feed_split(struct feed *f, pqm_bytes in, size_t chunk)
{
	for (size_t at = 0; at < in.n; at += chunk)
		feed(f, pqm_sub(in, at, chunk));
}

/* The traffic keys of a server that has answered the hello with this share. */
static bool server_keys(struct pc_keys *keys, pqm_bytes hello, pqm_bytes sh, struct pc_traffic *tx)
{
	static const uint8_t zeros[32];
	uint8_t early[32], salt[32], hs[32], secret[32], hash[32], shared[PC_SHARED_MAX];
	struct pqm_buf share;
	size_t n = 0;

	pqm_buf_init(&share, PC_SHARE_MAX);
	bool ok = pc_share(keys, 0x001d, &share) &&
		pc_shared(keys, 0x001d, pqm_buf_bytes(&share), shared, &n);

	pqm_buf_fini(&share);
	struct pc_transcript *t = pc_transcript_new(PC_SHA256);

	if (t == NULL || !ok) {
		pc_transcript_free(t);
		return false;
	}
	pc_digest(PC_SHA256, hash, (pqm_bytes){ NULL, 0 });
	ok = pc_hkdf_extract(PC_SHA256, early, (pqm_bytes){ NULL, 0 }, (pqm_bytes){ zeros, 32 }) &&
		pc_expand_label(PC_SHA256, salt, 32, (pqm_bytes){ early, 32 }, false, "derived",
			(pqm_bytes){ hash, 32 }) &&
		pc_hkdf_extract(PC_SHA256, hs, (pqm_bytes){ salt, 32 }, (pqm_bytes){ shared, n });
	pc_transcript_add(t, hello);
	pc_transcript_add(t, sh);
	pc_transcript_now(t, hash);
	pc_transcript_free(t);
	return ok &&
		pc_expand_label(PC_SHA256, secret, 32, (pqm_bytes){ hs, 32 }, false, "s hs traffic",
			(pqm_bytes){ hash, 32 }) &&
		pc_traffic_keys(tx, PC_SHA256, PC_AES128_GCM, (pqm_bytes){ secret, 32 });
}

/* Our own share comes back as the server's: both halves of the exchange are one pair. */
static bool server_hello(struct pc_keys *keys, struct pqm_buf *sh)
{
	static const uint8_t head[] = { 2, 0, 0, 93, 3, 3 };
	static const uint8_t random[32] = { 2 };

	return pqm_buf_add(sh, (pqm_bytes){ head, sizeof(head) }) &&
		pqm_buf_add(sh, (pqm_bytes){ random, 32 }) &&
		pqm_buf_add(sh,
			PQM_LIT("\7session\x13\1\0\0\x2e\0\x2b\0\2\3\4\0\x33\0\x24\0\x1d\0\x20")) &&
		pc_share(keys, 0x001d, sh);
}

/* Pieces of one type byte, one length byte (times 16) and content, each a record. */
static void feed_secret(struct feed *f, struct pc_keys *keys, pqm_bytes hello, pqm_bytes in)
{
	struct pqm_buf sh, record;
	struct pc_traffic tx;

	pqm_buf_init(&sh, 4096);
	pqm_buf_init(&record, (size_t)32 << 10);
	bool ok = server_hello(keys, &sh) && server_keys(keys, hello, pqm_buf_bytes(&sh), &tx) &&
		pqm_tls_records(&record, PQM_REC_HANDSHAKE, 0x0303, pqm_buf_bytes(&sh), 0);

	assert(ok);
	feed(f, pqm_buf_bytes(&record));
	assert(probe_flight_of(f->self)->has_hello);
	while (in.n >= 2 && f->want == PROBE_READ) {
		pqm_bytes body = pqm_sub(in, 2, (size_t)in.p[1] * 16);

		record.n = 0;
		if (!pc_record_seal(&tx, in.p[0], body, &record))
			break;
		feed(f, pqm_buf_bytes(&record));
		in = pqm_sub(in, 2 + body.n, in.n);
	}
	pqm_buf_fini(&sh);
	pqm_buf_fini(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pc_keys *keys;
	uint8_t how = size == 0 ? 0 : data[0];
	struct probe_tls_spec spec = spec_of(how);
	pqm_bytes in = pqm_sub((pqm_bytes){ data, size }, 1, size);
	struct feed f = { 0 };

	if (keys == NULL)
		keys = pc_keys_new();
	pqm_buf_init(&f.held, (size_t)1 << 20);
	pqm_buf_init(&f.out, (size_t)1 << 20);
	f.self = probe_tls_new(&spec, keys);
	assert(f.self != NULL);
	f.want = probe_tls_machine.start(f.self, &f.out);
	assert(f.want == PROBE_READ && f.out.n > 0);
	struct pqm_buf hello;

	pqm_buf_init(&hello, 8192);
	if ((how & SECRET) != 0 && !spec.is_ssl2 && spec.goal != PROBE_HELLO) {
		assert(pqm_buf_add(&hello, pqm_sub(pqm_buf_bytes(&f.out), 5, f.out.n)));
		feed_secret(&f, keys, pqm_buf_bytes(&hello), in);
	} else {
		feed_split(&f, in, (how >> CHUNK_SHIFT) == 0 ? size + 1 : how >> CHUNK_SHIFT);
	}
	probe_tls_machine.end(f.self, PROBE_CLOSED, NULL);
	const struct probe_flight *flight = probe_flight_of(f.self);

	assert(flight->end != PROBE_RUNNING && flight->how != NULL);
	assert(flight->n_der <= PQM_TLS_CERTS_MAX);
	/* Nobody here has a key that signs. */
	assert(flight->proven != PQM_A_YES || flight->n_der > 0);
	pqm_buf_fini(&hello);
	pqm_buf_fini(&f.held);
	pqm_buf_fini(&f.out);
	probe_tls_machine.free(f.self);
	return 0;
}
