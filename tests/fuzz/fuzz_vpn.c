#include <assert.h>

#include "probe/vpn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes as an answer to the machine's last datagram, whose first bytes they take over: an answer to a
 * stranger's SPI is not read far. */
static void machine(const struct probe_machine *m, void *self, pqm_bytes in)
{
	enum probe_want want = PROBE_READ;
	uint8_t answer[2048];
	struct pqm_buf out;

	if (self == NULL)
		return;
	pqm_buf_init(&out, 1 << 20);
	(void)m->start(self, &out);
	for (size_t i = 0; want == PROBE_READ && i < 200; i++) {
		size_t n = in.n < sizeof(answer) ? in.n : sizeof(answer), used = 0;

		if (n > 0)
			memcpy(answer, in.p, n);
		if (n >= 8 && out.n >= 10)
			memcpy(answer, out.p + 2, 8);
		out.n = 0;
		want = m->input(self, (pqm_bytes){ answer, n }, &used, &out);
		assert(used == n);
		if (want == PROBE_READ && out.n == 0)
			want = m->timer(self, &out);
	}
	assert(want == PROBE_DONE);
	assert(probe_vpn_flight_of(self)->end != PROBE_RUNNING);
	assert(probe_vpn_flight_of(self)->n_accepted <= IKE_ROUNDS);
	m->free(self);
	pqm_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes in = { data, size };

	if (size >= 8) {
		struct ike_answer a = probe_ike_read(in, data);

		assert(a.cookie.n <= IKE_COOKIE_BYTES);
	}
	machine(&probe_ike_machine, probe_ike_new(false), in);
	machine(&probe_openvpn_machine, probe_openvpn_new(), in);
	machine(&probe_wireguard_machine, probe_wireguard_new(), in);
	return 0;
}
