/* tls_kit.h — recorded flights of fixtures/tls and hexadecimal input, for the tests of TLS. */
#ifndef PQM_TESTS_TLS_KIT_H
#define PQM_TESTS_TLS_KIT_H

#include "fixture.h"
#include "parse/dtls.h"

#define HEX_BYTES 8192

static inline uint8_t hex_digit(char c)
{
	assert_true((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* "16 0303": blanks mean nothing. Four results live at once. */
static inline pqm_bytes hex(const char *text)
{
	static uint8_t store[4][HEX_BYTES];
	static unsigned turn;
	uint8_t *p = store[turn++ % 4];
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == ' ')
			continue;
		assert_true(n < HEX_BYTES);
		p[n++] = (uint8_t)((hex_digit(text[0]) << 4) | hex_digit(text[1]));
		text++;
	}
	return (pqm_bytes){ p, n };
}

/* The body of the first message of this type in a recorded flight. */
static inline pqm_bytes recorded(const char *name, uint8_t type)
{
	static uint8_t store[FIXTURE_BYTES];
	struct pqm_cur c = pqm_cur_of(fixture(store, name));
	pqm_bytes body;
	uint8_t t;

	while (pqm_cur_u8(&c, &t) && pqm_cur_vec24(&c, &body))
		if (t == type)
			return body;
	fail_msg("%s: no message %u", name, type);
	return (pqm_bytes){ NULL, 0 };
}

/* A heap copy without a byte to spare, so that the sanitizer sees a read past the end. */
static inline uint8_t *exact(pqm_bytes b)
{
	uint8_t *p = pqm_malloc(b.n == 0 ? 1 : b.n);

	assert_non_null(p);
	if (b.n > 0)
		memcpy(p, b.p, b.n);
	return p;
}

#endif
