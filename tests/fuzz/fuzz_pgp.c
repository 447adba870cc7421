#include <assert.h>

#include "base/limits.h"
#include "parse/armour.h"
#include "parse/pgp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum pqm_st on_key(void *ctx, const struct pqm_pgp_key *k, struct pqm_err *err)
{
	const size_t *size = ctx;

	(void)err;
	assert(k->off < *size && k->key.family != NULL && k->key.identity[0] != '\0');
	assert(k->version >= 2 && k->version <= 6);
	return PQM_OK;
}

static void walk(pqm_bytes b)
{
	struct pqm_err err = { 0 };
	size_t end;

	if (pqm_pgp_walk(b, on_key, &b.n, &end, &err) != PQM_OK)
		assert(err.st != PQM_OK && err.msg[0] != '\0');
	assert(end <= b.n);
}

static enum pqm_st on_block(void *ctx, pqm_bytes packets, uint64_t off, struct pqm_err *err)
{
	const pqm_bytes *all = ctx;

	(void)err;
	assert(off <= all->n && packets.n <= all->n - off);
	walk(packets);
	return PQM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pqm_armour kind = { "key", "-----BEGIN PGP PUBLIC KEY BLOCK-----",
		"-----END PGP PUBLIC KEY BLOCK-----", "-----", true, true };
	pqm_bytes in = { data, size };
	struct pqm_err err = { 0 };
	struct pqm_buf b;
	size_t total;

	(void)pqm_pgp_looks_like(in);
	walk(in);
	if (pqm_pgp_is_keybox(in) && pqm_pgp_keybox(in, on_block, &in, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	pqm_buf_init(&b, PQM_PEM_BODY_BYTES);
	if (pqm_armour_decode(&kind, in, &b, &total, &err) == PQM_OK)
		walk(pqm_buf_bytes(&b));
	pqm_buf_wipe(&b);
	return 0;
}
