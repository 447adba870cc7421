#include <assert.h>

#include "probe/quic_conn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t groups[] = { 0x11ec, 0x001d };
static const uint16_t suites[] = { 0x1301, 0x1302, 0x1303 };
static const uint16_t schemes[] = { 0x0403, 0x0804, 0x0904 };
static const uint16_t versions[] = { 0x0304 };

/* What the machine wants to send is whole datagrams of the right sizes. */
static size_t check_out(struct pqm_buf *out)
{
	struct pqm_cur c = pqm_cur_of(pqm_buf_bytes(out));
	pqm_bytes datagram;
	size_t n = 0;

	assert(!out->failed);
	for (; pqm_cur_left(&c) > 0; n++) {
		bool ok = pqm_cur_vec16(&c, &datagram);

		assert(ok && datagram.n > 20 && datagram.n <= QUIC_DATAGRAM);
	}
	out->n = 0;
	return n;
}

/* The first byte chooses what is asked; then datagrams behind their lengths, without protection; length
 * 0 is a timer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pc_keys *keys;
	struct probe_tls_spec spec = {
		.over = PROBE_QUIC,
		.hello = { .legacy_version = 0x0303,
			.random = { 1 },
			.suites = suites,
			.n_suites = 3,
			.versions = versions,
			.n_versions = 1,
			.groups = groups,
			.n_groups = 2,
			.schemes = schemes,
			.n_schemes = 3,
			.has_key_share = true },
		.share_group = { 0x001d },
		.follow_hrr = true,
	};
	struct pqm_cur c = pqm_cur_of((pqm_bytes){ data, size });
	enum probe_want want;
	struct pqm_buf out;
	size_t used, n_sent;
	uint8_t choice;
	pqm_bytes in;

	if (!pqm_cur_u8(&c, &choice))
		return 0;
	if (keys == NULL)
		keys = pc_keys_new();
	spec.goal = (choice & 1) != 0 ? PROBE_FLIGHT : PROBE_HELLO;
	spec.n_share_groups = (choice & 2) != 0;
	spec.quic_version = (choice & 4) != 0 ? PQM_QUIC_V2 : PQM_QUIC_V1;
	void *self = probe_quic_new(&spec, keys);
	const struct probe_flight *flight = probe_flight_of(self);

	assert(self != NULL);
	probe_quic_plain(self);
	pqm_buf_init(&out, 200000);
	want = probe_quic_machine.start(self, &out);
	assert(want == PROBE_READ);
	n_sent = check_out(&out);
	while (want == PROBE_READ && pqm_cur_vec16(&c, &in)) {
		if (in.n == 0) {
			want = probe_quic_machine.timer(self, &out);
		} else {
			want = probe_quic_machine.input(self, in, &used, &out);
			assert(used == in.n);
		}
		assert((want == PROBE_DONE) == (flight->end != PROBE_RUNNING));
		assert((want == PROBE_DONE) == (probe_quic_machine.wait_ms(self) == 0));
		n_sent = check_out(&out);
		assert(n_sent <= QUIC_PIECES + 2);
	}
	probe_quic_machine.end(self, PROBE_TIMEOUT, NULL);
	assert(flight->end != PROBE_RUNNING && flight->how != NULL);
	assert(strlen(flight->words) < sizeof(flight->words));
	probe_quic_machine.free(self);
	pqm_buf_fini(&out);
	return 0;
}
