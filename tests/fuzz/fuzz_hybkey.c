#include <assert.h>
#include <string.h>

#include "hyb/hyb.h"
#include "hyb/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hyb_private k, again;
static struct hyb_public pub, pub_again;
static uint8_t out[HYB_KEY_FILE_MAX];

static void all_zero(const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		assert(b[i] == 0);
}

/* What was read is written and read again: the same key. */
static void private_again(void)
{
	size_t n;

	assert(hyb_private_write(out, &n, &k, (hyb_bytes){ NULL, 0 }, true) == HYB_OK);
	assert(hyb_private_read(&again, (hyb_bytes){ out, n }, (hyb_bytes){ NULL, 0 }) == HYB_OK);
	assert(again.n == k.n && hyb_ct_eq(again.key, k.key, k.n));
	assert(hyb_ct_eq(again.pub.id, k.pub.id, sizeof(k.pub.id)));
}

/* Decrypting costs what the file asks for: only what is cheap is tried, with its passphrase, "x". */
static void encrypted(hyb_bytes in)
{
	const hyb_bytes pass = { (const uint8_t *)"x", 1 };
	enum hyb_armour armour;
	uint64_t memory;
	size_t n;

	if (hyb_pem_read(out, &n, &armour, in) != HYB_OK) {
		assert(n == 0);
		return;
	}
	assert(n <= HYB_KEY_FILE_MAX);
	if (hyb_key_cost(&memory, (hyb_bytes){ out, n }) != HYB_OK)
		return;
	assert(memory <= 256U << 20);
	if (memory > 65536)
		return;
	if (hyb_private_read(&k, in, pass) == HYB_OK)
		private_again();
	else
		all_zero(&k, sizeof(k));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hyb_bytes in = { data, size };
	enum hyb_st st;
	size_t n;

	memset(&k, 0xaa, sizeof(k));
	memset(&pub, 0xaa, sizeof(pub));
	encrypted(in);
	st = hyb_private_read(&k, in, (hyb_bytes){ NULL, 0 });
	if (st == HYB_OK)
		private_again();
	else
		all_zero(&k, sizeof(k));
	st = hyb_public_read(&pub, in);
	if (st != HYB_OK) {
		all_zero(&pub, sizeof(pub));
		return 0;
	}
	assert((pub.kem == NULL) != (pub.sig == NULL));
	assert(hyb_public_write(out, &n, &pub, false) == HYB_OK);
	assert(hyb_public_read(&pub_again, (hyb_bytes){ out, n }) == HYB_OK);
	assert(hyb_ct_eq(&pub, &pub_again, sizeof(pub)));
	return 0;
}
