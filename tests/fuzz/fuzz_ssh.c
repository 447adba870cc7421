#include <assert.h>

#include "base/limits.h"
#include "parse/armour.h"
#include "parse/ssh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void armoured(pqm_bytes in)
{
	static const struct pqm_armour kinds[] = {
		{ "key", "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----",
			"-----", false, false },
		{ "key", "---- BEGIN SSH2 PUBLIC KEY ----", "---- END SSH2 PUBLIC KEY ----", "----",
			true, false },
	};
	struct pqm_ssh_private p;
	struct pqm_ssh_key k;

	for (size_t i = 0; i < 2; i++) {
		struct pqm_err err = { 0 };
		struct pqm_buf b;
		size_t total = 0;

		pqm_buf_init(&b, PQM_SSH_PRIVATE_BYTES);
		if (pqm_armour_decode(&kinds[i], in, &b, &total, &err) == PQM_OK) {
			assert(total <= in.n);
			(void)!pqm_ssh_private(&p, pqm_buf_bytes(&b), true, &err);
			(void)!pqm_ssh_blob(&k, pqm_buf_bytes(&b), &err);
		} else {
			assert(err.msg[0] != '\0');
		}
		pqm_buf_wipe(&b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_err err = { 0 };
	struct pqm_ssh_private p;
	struct pqm_ssh_key k;
	struct pqm_ssh_line l;
	pqm_bytes in = { data, size };
	size_t at = pqm_find(in, 0, PQM_LIT("AAAA"));

	if (at != SIZE_MAX && pqm_ssh_line_at(&l, in, at))
		assert(l.off < at && l.type.n > 0 && l.base64.p == data + at);
	armoured(in);
	if (pqm_ssh_blob(&k, in, &err) == PQM_OK)
		assert(k.key.identity[0] != '\0' && k.key.family != NULL && k.type.n < size);
	else
		assert(err.st != PQM_OK && err.msg[0] != '\0');
	if (pqm_ssh_private(&p, in, false, &err) == PQM_OK)
		assert(p.total <= size);
	return 0;
}
