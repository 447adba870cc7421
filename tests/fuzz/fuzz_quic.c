#include <assert.h>

#include "parse/quic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void frames(pqm_bytes in, bool is_data)
{
	struct pqm_cur c = pqm_cur_of(in);
	struct pqm_quic_frame f;

	for (;;) {
		struct pqm_err err = { 0 };
		size_t left = pqm_cur_left(&c);

		if (pqm_quic_frame(&f, &c, is_data, &err) != PQM_OK) {
			assert(err.msg[0] != '\0' && pqm_cur_left(&c) == left);
			return;
		}
		assert(pqm_cur_left(&c) < left);
		if (f.type == PQM_QF_ACK)
			assert(pqm_quic_acks(&f, f.largest) && !pqm_quic_acks(&f, f.largest + 1));
	}
}

/* The first byte says what the rest is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes in = { data + 1, size - 1 };
	struct pqm_quic_packet p;
	struct pqm_quic_params params;

	if (size == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		for (size_t left = in.n; pqm_quic_packet(&p, &in, NULL) == PQM_OK; left = in.n) {
			assert(in.n < left && p.whole.n + in.n == left);
			assert(p.number_at == 0 || p.number_at + 20 <= p.whole.n);
			frames(pqm_sub(p.whole, p.number_at, p.whole.n), false);
		}
		break;
	case 1:
		frames(in, false);
		break;
	case 2:
		frames(in, true);
		break;
	default:
		if (pqm_quic_params(&params, in, NULL) == PQM_OK)
			assert(params.n_versions <= PQM_QUIC_VERSIONS_MAX);
	}
	return 0;
}
