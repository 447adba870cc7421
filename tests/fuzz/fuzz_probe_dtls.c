#include <assert.h>

#include "model/codes.h"
#include "probe/int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t groups[] = { 0x11ec, 0x001d };
static const uint16_t suites[] = { 0x1301, 0xc02b, 0xc02f, 0x009e, 0x002f };
static const uint16_t flags[] = { PQM_C_TLS13, PQM_C_ECDHE | PQM_C_AUTH_ECDSA,
	PQM_C_ECDHE | PQM_C_AUTH_RSA, PQM_C_DHE | PQM_C_AUTH_RSA, PQM_C_RSA | PQM_C_AUTH_RSA };
static const uint16_t schemes[] = { 0x0403, 0x0804, 0x0904 };
static const uint16_t versions[] = { PQM_DTLS13, PQM_DTLS12 };

static void check_out(struct pqm_buf *out)
{
	struct pqm_cur c = pqm_cur_of(pqm_buf_bytes(out));
	pqm_bytes datagram;

	assert(!out->failed);
	while (pqm_cur_left(&c) > 0) {
		bool ok = pqm_cur_vec16(&c, &datagram);

		assert(ok && datagram.n > 13 && datagram.n <= 1232);
	}
	out->n = 0;
}

/* The first byte chooses what is asked; then datagrams behind their lengths; length 0 is a timer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pc_keys *keys;
	struct probe_tls_spec spec = {
		.over = PROBE_DTLS,
		.hello = { .legacy_version = PQM_DTLS12,
			.random = { 1 },
			.suites = suites,
			.n_suites = 5,
			.versions = versions,
			.n_versions = 2,
			.groups = groups,
			.n_groups = 2,
			.schemes = schemes,
			.n_schemes = 3,
			.has_key_share = true },
		.suite_flags = flags,
		.share_group = { 0x001d },
		.follow_hrr = true,
	};
	struct pqm_cur c = pqm_cur_of((pqm_bytes){ data, size });
	enum probe_want want;
	struct pqm_buf out;
	uint8_t choice;
	size_t used;
	pqm_bytes in;

	if (!pqm_cur_u8(&c, &choice))
		return 0;
	if (keys == NULL)
		keys = pc_keys_new();
	spec.goal = (choice & 1) != 0 ? PROBE_FLIGHT : PROBE_HELLO;
	spec.n_share_groups = (choice & 2) != 0;
	if ((choice & 4) != 0) {
		spec.hello.n_versions = 0;
		spec.hello.has_key_share = false;
		spec.n_share_groups = 0;
	}
	void *self = probe_dtls_new(&spec, keys);
	const struct probe_flight *flight = probe_flight_of(self);

	assert(self != NULL);
	pqm_buf_init(&out, 400000);
	want = probe_dtls_machine.start(self, &out);
	assert(want == PROBE_READ);
	check_out(&out);
	while (want == PROBE_READ && pqm_cur_vec16(&c, &in)) {
		if (in.n == 0) {
			want = probe_dtls_machine.timer(self, &out);
		} else {
			want = probe_dtls_machine.input(self, in, &used, &out);
			assert(used == in.n);
		}
		assert((want == PROBE_DONE) == (flight->end != PROBE_RUNNING));
		check_out(&out);
	}
	probe_dtls_machine.end(self, PROBE_TIMEOUT, NULL);
	assert(flight->end != PROBE_RUNNING && flight->how != NULL);
	probe_dtls_machine.free(self);
	pqm_buf_fini(&out);
	return 0;
}
