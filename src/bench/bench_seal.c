/* bench_seal.c — sealing in memory beside the bare cipher of the running libcrypto, same bytes. */
#include <string.h>

#include "bench_peer.h"

#define SEGMENT ((size_t)1 << 20)

struct sealing {
	struct hyb_public to;
	struct hyb_private key;
	hyb_bytes plain;
	uint8_t *out;
	unsigned n_threads;
};

static bool seal(void *ctx, size_t item)
{
	struct sealing *s = ctx;
	const struct hyb_seal_opts o = {
		.recipients = &s->to, .n_recipients = 1, .n_threads = s->n_threads
	};
	size_t n = 0;

	(void)item;
	return hyb_mem_seal(s->out, &n, s->plain, &o) == HYB_OK;
}

void bench_sealing(struct bench *b)
{
	size_t n = b->is_full ? (size_t)256 << 20 : (size_t)16 << 20, room = 2 * n + (4U << 20);
	struct sealing *s = bench_alloc(b, 2 * sizeof(*s));
	uint8_t *buf = bench_alloc(b, room);
	struct bench_cipher c = { .n = SEGMENT };
	struct bench_case cs[3];
	struct bench_op op = { .family = "sealing",
		.algorithm = "FLOE AES-256-GCM",
		.operation = "seal",
		.bytes = n,
		.baseline = SIZE_MAX };

	if (s != NULL && buf != NULL &&
		hyb_private_new_kem(&s[0].key, hyb_kem_suite(HYB_KEM_XWING)) == HYB_OK) {
		memset(buf, 0x5a, room);
		s[0].to = s[0].key.pub;
		s[0].plain = (hyb_bytes){ buf, n };
		s[0].out = buf + n;
		s[0].n_threads = 1;
		s[1] = s[0];
		s[1].n_threads = 2;
		cs[0] = (struct bench_case){ "native", seal, &s[0], (int)b->cpu, true, true };
		cs[1] = (struct bench_case){ "native, 2 threads", seal, &s[1], (int)b->cpu, false,
			true };
		c.in = buf;
		c.out = buf + n;
		if (b->peer[0].has_evp && bench_cipher_open(&c, &b->peer[0].evp, "AES-256-GCM")) {
			c.n_segments = n / SEGMENT;
			op.baseline = 2;
			cs[2] = (struct bench_case){ "AES-256-GCM alone", bench_encrypt, &c, -1,
				false, true };
		}
		bench_group(b, &op, cs, op.baseline == 2 ? 3 : 2);
		bench_cipher_close(&c);
		hyb_private_clear(&s[0].key);
		hyb_private_clear(&s[1].key);
	}
	bench_free(s, 2 * sizeof(*s));
	bench_free(buf, room);
}
