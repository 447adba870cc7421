/* fuzz_sealed.c — headers of encrypted files: recipients lie inside the input, in order. */
#include <assert.h>

#include "parse/sealed.h"

struct seen {
	pqm_bytes body;
	uint64_t last;
};

static enum pqm_st see(void *ctx, const struct pqm_sealed_to *to)
{
	struct seen *s = ctx;

	assert(to->off >= s->last && to->off < s->body.n);
	assert(to->share.p >= s->body.p && to->share.p + to->share.n <= s->body.p + s->body.n);
	s->last = to->off;
	return PQM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen s = { .body = { data, size } };
	struct pqm_err err = { 0 };
	char cipher[PQM_OID_TEXT];
	const char *format;
	struct pqm_buf text;
	pqm_bytes type;

	if (pqm_sealed_is_age(s.body) && pqm_sealed_age(s.body, see, &s, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	s.last = 0;
	if (pqm_sealed_is_pgp(s.body) && pqm_sealed_pgp(s.body, see, &s, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	s.last = 0;
	if (pqm_sealed_is_cms(s.body) && pqm_sealed_cms(s.body, see, &s, cipher, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	s.last = 0;
	if (pqm_sealed_is_jwe(s.body) && pqm_sealed_jwe(s.body, see, &s, cipher, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	if (pqm_sealed_shared(s.body, &format, &type, cipher))
		assert(pqm_sealed_is_shared(s.body) && strlen(cipher) < sizeof(cipher));
	pqm_buf_init(&text, PQM_SEALED_TEXT_BYTES);
	if (pqm_sealed_base64(s.body, &text))
		assert(text.n <= PQM_SEALED_TEXT_BYTES / 4 * 3);
	pqm_buf_wipe(&text);
	return 0;
}
