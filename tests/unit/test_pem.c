#include "unit.h"

#include "base/limits.h"
#include "fixture.h"
#include "parse/pem.h"

extern const struct pqm_detector pqm_det_pem;

static uint8_t store[FIXTURE_BYTES];

/* Writes text with every line break, and every line start but the first, replaced. */
static void rewrap(struct pqm_buf *out, pqm_bytes text, const char *brk, const char *start)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '\n') {
			(void)pqm_buf_byte(out, text.p[i]);
			continue;
		}
		(void)pqm_buf_add(out, pqm_str(brk));
		if (i + 1 < text.n)
			(void)pqm_buf_add(out, pqm_str(start));
	}
	assert_false(out->failed);
}

static void every_wrapping_gives_the_same_key(void **state)
{
	static const struct {
		const char *why, *before, *brk, *start, *after;
	} t[] = {
		{ "as it is", "", "\n", "", "" },
		{ "text around", "Some words\n", "\n", "", "and more words\n" },
		{ "byte order mark", "\xEF\xBB\xBF", "\n", "", "" },
		{ "CRLF", "", "\r\n", "", "" },
		{ "CR", "", "\r", "", "" },
		{ "YAML block", "key: |\n    ", "\n", "    ", "other: 1\n" },
		{ "tabs", "\t", "\n", "\t", "" },
		{ "trailing spaces", "", "   \n", "", "" },
		{ "empty lines", "", "\n\n", "", "" },
		{ "JSON", "{\"k\": \"", "\\n", "", "\"}" },
		{ "JSON CRLF", "{\"k\": \"", "\\r\\n", "", "\"}" },
		{ "JSON in JSON", "\"{\\\"k\\\": \\\"", "\\\\n", "", "\\\"}\"" },
		{ "folded", "key: ", " ", "", "\n" },
		{ "no line breaks", "x=", "", "", ";" },
		{ "C lines", "const char k[] =\n\t\"", "\\n\"\n", "\t\"", ";\n" },
		{ "C lines that go on", "\"", "\\n\\\n", "", "\"\n" },
		{ "concatenated", "k = '", "\\n' +\n", "    '", ";\n" },
		{ "list of lines", "[\"", "\",\n", "  \"", "]\n" },
		{ "comment", "# ", "\n", "# ", "x\n" },
		{ "C comment", "// ", "\n", "// ", "x\n" },
		{ "diff", "+", "\n", "+", " x\n" },
		{ "list item", "- ", "\n", "  ", "" },
	};

	pqm_bytes text = fixture(store, "material/p256.sec1.pem");
	static struct seen first, s;

	(void)state;
	detect(&first, &pqm_det_pem, fixture_rules(), text, "key.pem");
	assert_int_equal(first.n_found, 1);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_buf b;

		pqm_buf_init(&b, FIXTURE_BYTES);
		(void)pqm_buf_add(&b, pqm_str(t[i].before));
		rewrap(&b, text, t[i].brk, t[i].start);
		(void)pqm_buf_add(&b, pqm_str(t[i].after));
		detect(&s, &pqm_det_pem, fixture_rules(), pqm_buf_bytes(&b), "x");
		if (s.n_found != 1 || s.n_notes != 0 || s.found[0].off != strlen(t[i].before))
			fail_msg("%s: %zu found at %zu, %zu notes", t[i].why, s.n_found,
				(size_t)s.found[0].off, s.n_notes);
		assert_string_equal(s.found[0].identity, first.found[0].identity);
		assert_string_equal(s.found[0].parameter, "P-256");
		pqm_buf_wipe(&b);
	}
}

static void fixtures_give_what_their_rules_say(void **state)
{
	static const struct {
		const char *file, *rule, *family, *parameter;
		size_t n, notes;
	} t[] = {
		{ "material/rsa2048.crt.pem", "cert.x509", "RSA", "2048", 1, 0 },
		{ "material/trusted.crt.pem", "cert.x509", "RSA", "2048", 1, 0 },
		{ "material/mldsa65.crt.pem", "cert.x509", "ML-DSA", "65", 1, 0 },
		{ "material/bundle.p7b", "cert.x509", "RSA", "2048", 2, 0 },
		{ "material/p256.csr.pem", "cert.request", "EC", "P-256", 1, 0 },
		{ "material/p256.crl.pem", "cert.crl", "EC", "", 1, 0 },
		{ "material/rsa1024.key.pem", "key.private", "RSA", "1024", 1, 0 },
		{ "material/x25519.p8.pem", "key.private", "X25519", "", 1, 0 },
		{ "material/escaped.json", "key.private", "RSA", "1024", 1, 0 },
		{ "material/rsa1024.enc.pem", "key.private-encrypted", "AES", "256", 1, 0 },
		{ "material/rsa1024.pbe3des.pem", "key.private-encrypted", "3DES", "168", 1, 0 },
		{ "material/rsa1024.legacy.pem", "key.private-encrypted", "RSA", "", 1, 0 },
		{ "material/mldsa65.spki.pem", "key.public", "ML-DSA", "65", 1, 0 },
		{ "material/dh-ffdhe2048.pem", "key.dh-parameters", "DH", "2048", 1, 0 },
		{ "material/ec-params.pem", "", "", "", 0, 0 },
		{ "material/prose.pem", "", "", "", 0, 0 },
		{ "material/truncated.pem", "", "", "", 0, 1 },
		{ "material/certificate-with-key.pem", "", "", "", 0, 1 },
	};
	static struct seen s;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		detect(&s, &pqm_det_pem, fixture_rules(), fixture(store, t[i].file), t[i].file);
		if (s.n_found != t[i].n || s.n_notes != t[i].notes)
			fail_msg("%s: %zu found, %zu notes", t[i].file, s.n_found, s.n_notes);
		if (t[i].n == 0)
			continue;
		assert_string_equal(s.found[0].rule, t[i].rule);
		assert_string_equal(s.found[0].family, t[i].family);
		assert_string_equal(s.found[0].parameter, t[i].parameter);
	}
}

static void every_strict_prefix_gives_nothing(void **state)
{
	pqm_bytes text = fixture(store, "material/p256.sec1.pem");
	static struct seen s;
	/* the last five dashes make it whole; what follows is a line break */
	size_t whole = pqm_trim(text).n;

	(void)state;
	for (size_t n = 0; n < whole; n++) {
		detect(&s, &pqm_det_pem, fixture_rules(), pqm_sub(text, 0, n), "key.pem");
		assert_int_equal(s.n_found, 0);
	}
}

static void documentation_is_passed_over_in_silence(void **state)
{
	static const char *const t[] = {
		"-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
		"-----BEGIN PRIVATE KEY-----\n<your key>\n-----END PRIVATE KEY-----\n",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA...\n-----END RSA PRIVATE "
		"KEY-----\n",
		"-----BEGIN RSA PRIVATE KEY-----\n"
		"MIIEpAIBAAKCAQEAwZ1T9v0QF2n8c1uXxQ6yN0aJ9f3k7l5m2h4g\n[...]\n"
		"-----END RSA PRIVATE KEY-----\n",
		"-----BEGIN "
		"CERTIFICATE-----\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
		"-----END CERTIFICATE-----\n",
		"grep -e '-----BEGIN CERTIFICATE-----' file",
		"-----BEGIN CERTIFICATE-----",
		"-----BEGIN %s-----\n",
		"-----BEGIN -----",
		"-----BEGIN SOMETHING ELSE-----\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIj\n"
		"-----END SOMETHING ELSE-----\n",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n"
		"-----END OPENSSH PRIVATE KEY-----\n",
	};
	static struct seen s;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		detect(&s, &pqm_det_pem, fixture_rules(), pqm_str(t[i]), "README.md");
		if (s.n_found + s.n_notes != 0)
			fail_msg("case %zu: %zu found, %zu notes", i, s.n_found, s.n_notes);
	}
}

static void broken_blocks_are_noted_once(void **state)
{
	static const char *const t[] = {
		/* no END */
		"-----BEGIN "
		"CERTIFICATE-----\nMIIBmTCCAT+gAwIBAgIUXtK9f3k7l5m2h4gwZ1T9v0QF2n8c1uXxQ6y\n",
		/* another END */
		"-----BEGIN "
		"CERTIFICATE-----\nMIIBmTCCAT+gAwIBAgIUXtK9f3k7l5m2h4gwZ1T9v0QF2n8c1uXxQ6y\n"
		"-----END PRIVATE KEY-----\n",
		/* impossible base64 */
		"-----BEGIN "
		"CERTIFICATE-----\nMIIBmTCCAT+gAwIBAgIUXtK9f3k7l5m2h4gwZ1T9v0QF2n8c1=XxQ6y\n"
		"-----END CERTIFICATE-----\n",
		/* not DER */
		"-----BEGIN PUBLIC "
		"KEY-----\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygp\n"
		"-----END PUBLIC KEY-----\n",
	};
	static struct seen s;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		detect(&s, &pqm_det_pem, fixture_rules(), pqm_str(t[i]), "x.pem");
		if (s.n_found != 0 || s.n_notes != 1)
			fail_msg("case %zu: %zu found, %zu notes", i, s.n_found, s.n_notes);
	}
}

static void headers_are_read_and_bounded(void **state)
{
	static const char text[] =
		"-----BEGIN RSA PRIVATE KEY-----\nX-Comment: words\nProc-Type: 4,ENCRYPTED\n"
		"DEK-Info: DES-EDE3-CBC,0123456789ABCDEF\n\nAAECAwQFBgcICQoLDA0ODw==\n"
		"-----END RSA PRIVATE KEY-----\n";
	struct pqm_err err = { 0 };
	struct pqm_pem pem;
	struct pqm_buf body;
	char *big = calloc(1, 16384);

	(void)state;
	pqm_buf_init(&body, 4096);
	assert_int_equal(pqm_pem_read(&pem, &body, pqm_str(text), 0, &err), PQM_OK);
	assert_true(pem.is_encrypted && pem.has_end);
	assert_string_equal(pem.dek, "DES-EDE3-CBC");
	assert_bytes(pem.label, "RSA PRIVATE KEY");
	assert_int_equal(body.n, 16);
	pqm_buf_wipe(&body);
	/* more header than anybody writes is not a block */
	assert_non_null(big);
	(void)snprintf(big, 16384, "-----BEGIN RSA PRIVATE KEY-----\nX: ");
	memset(big + strlen(big), 'a', 15000);
	pqm_buf_init(&body, 4096);
	assert_int_equal(pqm_pem_read(&pem, &body, pqm_str(big), 0, &err), PQM_EPARSE);
	pqm_buf_wipe(&body);
	free(big);
}

static void bodies_over_the_limit_say_so(void **state)
{
	static const char head[] = "-----BEGIN X509 CRL-----\n";
	size_t n = PQM_PEM_BODY_BYTES + 100;
	uint8_t *p = malloc(n);
	struct pqm_err err = { 0 };
	struct pqm_pem pem;
	struct pqm_buf body;

	(void)state;
	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)("ABCDEFGHIJKLMNOP"[i % 16]);
	memcpy(p, head, sizeof(head) - 1);
	pqm_buf_init(&body, PQM_PEM_BODY_BYTES);
	assert_int_equal(pqm_pem_read(&pem, &body, (pqm_bytes){ p, n }, 0, &err), PQM_ELIMIT);
	assert_true(pem.is_serious && pem.end > 0 && err.msg[0] != '\0');
	pqm_buf_wipe(&body);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wrapping_gives_the_same_key),
		cmocka_unit_test(fixtures_give_what_their_rules_say),
		cmocka_unit_test(every_strict_prefix_gives_nothing),
		cmocka_unit_test(documentation_is_passed_over_in_silence),
		cmocka_unit_test(broken_blocks_are_noted_once),
		cmocka_unit_test(headers_are_read_and_bounded),
		cmocka_unit_test(bodies_over_the_limit_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
