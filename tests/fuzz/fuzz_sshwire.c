#include <assert.h>

#include "base/limits.h"
#include "probe/ssh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void messages(pqm_bytes in)
{
	struct pqm_ssh_kexinit k;
	struct pqm_ssh_reply r;
	struct pqm_ssh_bye b;
	struct pqm_err err = { 0 };
	struct pqm_buf der;
	pqm_bytes p, g;

	pqm_buf_init(&der, PQM_SSH_BLOB_BYTES);
	if (pqm_ssh_kexinit(&k, in, &err) == PQM_OK) {
		assert(k.cookie.n == 16);
		(void)probe_ssh_pick_kex(k.list[PQM_SSH_L_KEX]);
		for (uint32_t seen = 0; seen < 1u << (SSH_F_OTHER + 1); seen += 7)
			assert(probe_ssh_pick_key(k.list[PQM_SSH_L_HOST_KEY], seen).n <= in.n);
	}
	if (pqm_ssh_reply(&r, in, &err) == PQM_OK)
		assert(r.host_key.n > 0 && r.share.n > 0);
	if (pqm_ssh_gex_group(&p, &g, in, &err) == PQM_OK)
		assert(p.n > 0 && p.p[0] != 0);
	(void)!pqm_ssh_bye(&b, in, &err);
	if (pqm_ssh_spki(&der, in))
		assert(der.n > 8 && der.p[0] == 0x30);
	der.n = 0;
	der.failed = false;
	(void)pqm_ssh_signature(&p, &der, in);
	pqm_buf_fini(&der);
}

/* The bytes as a server's, in two pieces cut where the first byte says. */
static void machine(struct pc_keys *keys, pqm_bytes in)
{
	size_t cut = in.n == 0 ? 0 : in.p[0] % in.n, used = 0;
	struct pqm_buf out;
	void *m = probe_ssh_new(keys, 0);
	enum probe_want want;

	if (m == NULL)
		return;
	pqm_buf_init(&out, 1 << 20);
	in = pqm_sub(in, 1, in.n);
	(void)probe_ssh_machine.start(m, &out);
	want = probe_ssh_machine.input(m, pqm_sub(in, 0, cut), &used, &out);
	assert(used <= cut || used <= in.n);
	if (want == PROBE_READ && probe_ssh_machine.wait_ms(m) > 0 && (cut & 1) != 0)
		want = probe_ssh_machine.timer(m, &out);
	if (want == PROBE_READ)
		want = probe_ssh_machine.input(m, pqm_sub(in, used, in.n), &used, &out);
	assert(used <= in.n && want != PROBE_NEXT);
	if (want == PROBE_READ)
		probe_ssh_machine.end(m, PROBE_CLOSED, NULL);
	assert(probe_ssh_flight_of(m)->end != PROBE_RUNNING);
	assert(out.n < 64u << 10);
	probe_ssh_machine.free(m);
	pqm_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pc_keys *keys; /* key pairs are made once */
	pqm_bytes in = { data, size };

	if (keys == NULL)
		keys = pc_keys_new();
	if (keys == NULL || size == 0)
		return 0;
	messages(in);
	machine(keys, in);
	return 0;
}
