#include "unit.h"

#include "base/limits.h"
#include "fixture.h"
#include "parse/spki.h"
#include "parse/ssh.h"
#include "parse/sshwire.h"

static enum pqm_ssh_got ident(struct pqm_ssh_ident *i, const char *text)
{
	struct pqm_err err;

	return pqm_ssh_ident(i, pqm_str(text), &err);
}

static void identification_lines_are_split(void **state)
{
	struct pqm_ssh_ident i;

	(void)state;
	assert_int_equal(ident(&i, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\nrest"), PQM_SSH_GOT);
	assert_bytes(i.line, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7");
	assert_bytes(i.version, "2.0");
	assert_bytes(i.software, "OpenSSH_9.2p1");
	assert_bytes(i.comment, "Debian-2+deb12u7");
	assert_bytes(i.preface, "");
	assert_int_equal(i.total, 40);
	assert_true(pqm_ssh_is_2(&i));
	/* text in front, and a line that ends by LF alone */
	assert_int_equal(ident(&i, "Welcome\r\nto us\r\nSSH-1.99-Cisco-1.25\n"), PQM_SSH_GOT);
	assert_bytes(i.preface, "Welcome\r\nto us");
	assert_bytes(i.software, "Cisco-1.25");
	assert_true(pqm_ssh_is_2(&i));
	assert_int_equal(ident(&i, "SSH-1.5-old\n"), PQM_SSH_GOT);
	assert_false(pqm_ssh_is_2(&i));
}

static void identification_lines_have_bounds(void **state)
{
	static char big[20000];
	struct pqm_ssh_ident i;

	(void)state;
	assert_int_equal(ident(&i, ""), PQM_SSH_MORE);
	assert_int_equal(ident(&i, "SSH-2.0-x"), PQM_SSH_MORE);
	assert_int_equal(ident(&i, "hello\r\n"), PQM_SSH_MORE);
	assert_int_equal(ident(&i, "SSH-2.0\r\n"), PQM_SSH_BAD);
	assert_int_equal(ident(&i, "SSH--x\r\n"), PQM_SSH_BAD);
	assert_int_equal(ident(&i, "SSH-2.0-a\x1b[2Jb\r\n"), PQM_SSH_BAD);
	memset(big, 'a', sizeof(big) - 1);
	assert_int_equal(ident(&i, big), PQM_SSH_BAD);
	memcpy(big, "SSH-", 4);
	big[PQM_SSH_IDENT_BYTES + 1] = '\0';
	assert_int_equal(ident(&i, big), PQM_SSH_BAD);
	for (size_t at = 0; at + 2 < sizeof(big); at += 2)
		memcpy(big + at, "a\n", 2);
	assert_int_equal(ident(&i, big), PQM_SSH_BAD);
}

static void packets_are_framed(void **state)
{
	struct pqm_ssh_packet p;
	struct pqm_err err;
	struct pqm_buf b;

	(void)state;
	for (size_t n = 1; n < 40; n++) {
		uint8_t payload[40] = { 42 };

		pqm_buf_init(&b, 4096);
		pqm_ssh_put_packet(&b, (pqm_bytes){ payload, n });
		assert_int_equal(b.n % 8, 0);
		assert_true(b.p[4] >= 4 && b.p[4] < 12);
		for (size_t cut = 0; cut < b.n; cut++)
			assert_int_equal(
				pqm_ssh_packet(&p, (pqm_bytes){ b.p, cut }, &err), PQM_SSH_MORE);
		assert_int_equal(pqm_ssh_packet(&p, pqm_buf_bytes(&b), &err), PQM_SSH_GOT);
		assert_int_equal(p.payload.n, n);
		assert_int_equal(p.payload.p[0], 42);
		assert_int_equal(p.total, b.n);
		pqm_buf_fini(&b);
	}
}

static void impossible_packets_are_refused(void **state)
{
	static const uint8_t huge[] = { 0xff, 0xff, 0xff, 0xff, 4 };
	static const uint8_t over[] = { 0x00, 0x00, 0x88, 0xb8, 4 };
	static const uint8_t empty[] = { 0, 0, 0, 5, 4, 0, 0, 0, 0 };
	static const uint8_t padded[] = { 0, 0, 0, 12, 11, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t bare[] = { 0, 0, 0, 12, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct pqm_ssh_packet p;
	struct pqm_err err;

	(void)state;
	assert_int_equal(pqm_ssh_packet(&p, (pqm_bytes){ huge, 5 }, &err), PQM_SSH_BAD);
	assert_int_equal(err.st, PQM_ELIMIT);
	assert_int_equal(pqm_ssh_packet(&p, (pqm_bytes){ over, 5 }, &err), PQM_SSH_BAD);
	assert_int_equal(pqm_ssh_packet(&p, (pqm_bytes){ empty, 9 }, &err), PQM_SSH_BAD);
	assert_int_equal(pqm_ssh_packet(&p, (pqm_bytes){ padded, 16 }, &err), PQM_SSH_BAD);
	assert_int_equal(pqm_ssh_packet(&p, (pqm_bytes){ bare, 16 }, &err), PQM_SSH_BAD);
}

static void kexinit_into(struct pqm_buf *b, const char *kex)
{
	static const uint8_t cookie[16] = "0123456789abcdef";
	struct pqm_ssh_kexinit k = { .cookie = { cookie, 16 } };

	for (size_t i = 0; i < PQM_SSH_LISTS; i++)
		k.list[i] = PQM_LIT("a,b");
	k.list[PQM_SSH_L_KEX] = pqm_str(kex);
	k.list[PQM_SSH_L_LANG_IN] = k.list[PQM_SSH_L_LANG_OUT] = (pqm_bytes){ NULL, 0 };
	pqm_buf_init(b, 1 << 20);
	pqm_ssh_put_kexinit(b, &k);
}

static void kexinit_is_read_whole_or_not(void **state)
{
	struct pqm_ssh_kexinit k;
	struct pqm_err err;
	struct pqm_buf b;

	(void)state;
	kexinit_into(&b, "curve25519-sha256,ext-info-s");
	assert_int_equal(pqm_ssh_kexinit(&k, pqm_buf_bytes(&b), &err), PQM_OK);
	assert_bytes(k.list[PQM_SSH_L_KEX], "curve25519-sha256,ext-info-s");
	assert_bytes(k.list[PQM_SSH_L_COMPRESS_IN], "a,b");
	assert_int_equal(k.list[PQM_SSH_L_LANG_IN].n, 0);
	assert_true(pqm_ssh_lists(k.list[PQM_SSH_L_KEX], "ext-info-s"));
	assert_false(pqm_ssh_lists(k.list[PQM_SSH_L_KEX], "ext-info"));
	assert_false(pqm_ssh_lists(k.list[PQM_SSH_L_LANG_IN], "a"));
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(pqm_ssh_kexinit(&k, (pqm_bytes){ b.p, n }, &err), PQM_EPARSE);
	assert_true(pqm_buf_byte(&b, 0));
	assert_int_equal(pqm_ssh_kexinit(&k, pqm_buf_bytes(&b), &err), PQM_EPARSE);
	pqm_buf_fini(&b);
}

static void lists_of_names_are_checked(void **state)
{
	static const char *const bad[] = { ",", "a,", ",a", "a,,b", "a b", "a\tb", "a\x80",
		"\x01" };
	struct pqm_ssh_kexinit k;
	struct pqm_err err;
	struct pqm_buf b, many;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		kexinit_into(&b, bad[i]);
		assert_int_equal(pqm_ssh_kexinit(&k, pqm_buf_bytes(&b), &err), PQM_EPARSE);
		pqm_buf_fini(&b);
	}
	/* 10,000 names */
	pqm_buf_init(&many, 1 << 20);
	for (size_t i = 0; i < 10000; i++)
		(void)pqm_buf_add(&many, PQM_LIT("x,"));
	(void)pqm_buf_add(&many, (pqm_bytes){ (const uint8_t *)"x", 2 });
	kexinit_into(&b, (const char *)many.p);
	assert_int_equal(pqm_ssh_kexinit(&k, pqm_buf_bytes(&b), &err), PQM_EPARSE);
	pqm_buf_fini(&b);
	/* a name without end */
	memset(many.p, 'x', 1000);
	many.p[1000] = 0;
	kexinit_into(&b, (const char *)many.p);
	assert_int_equal(pqm_ssh_kexinit(&k, pqm_buf_bytes(&b), &err), PQM_EPARSE);
	pqm_buf_fini(&b);
	pqm_buf_fini(&many);
}

static void numbers_have_one_form(void **state)
{
	static const struct {
		const char *in;
		size_t n;
		const char *out;
		size_t m;
	} t[] = {
		{ "", 0, "\0\0\0\0", 4 },
		{ "\0\0", 2, "\0\0\0\0", 4 },
		{ "\x7f", 1, "\0\0\0\1\x7f", 5 },
		{ "\x80", 1, "\0\0\0\2\0\x80", 6 },
		{ "\0\x01\x02", 3, "\0\0\0\2\x01\x02", 6 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_buf b;

		pqm_buf_init(&b, 64);
		pqm_ssh_put_mpint(&b, (pqm_bytes){ (const uint8_t *)t[i].in, t[i].n });
		assert_int_equal(b.n, t[i].m);
		assert_memory_equal(b.p, t[i].out, t[i].m);
		pqm_buf_fini(&b);
	}
}

static void replies_and_groups_nest_exactly(void **state)
{
	static const uint8_t reply[] = { 31, 0, 0, 0, 1, 'k', 0, 0, 0, 1, 'f', 0, 0, 0, 1, 's', 9 };
	static const uint8_t group[] = { 31, 0, 0, 0, 2, 0, 0x83, 0, 0, 0, 1, 2 };
	static const uint8_t negative[] = { 31, 0, 0, 0, 1, 0x83, 0, 0, 0, 1, 2 };
	static const uint8_t long_form[] = { 31, 0, 0, 0, 2, 0, 3, 0, 0, 0, 1, 2 };
	static const uint8_t bye[] = { 1, 0, 0, 0, 12, 0, 0, 0, 2, 'n', 'o' };
	struct pqm_ssh_reply r;
	struct pqm_ssh_bye d;
	struct pqm_err err;
	pqm_bytes p, g;

	(void)state;
	assert_int_equal(pqm_ssh_reply(&r, (pqm_bytes){ reply, 16 }, &err), PQM_OK);
	assert_bytes(r.host_key, "k");
	assert_bytes(r.share, "f");
	assert_bytes(r.signature, "s");
	for (size_t n = 0; n < 16; n++)
		assert_int_equal(pqm_ssh_reply(&r, (pqm_bytes){ reply, n }, &err), PQM_EPARSE);
	assert_int_equal(pqm_ssh_reply(&r, (pqm_bytes){ reply, 17 }, &err), PQM_EPARSE);
	assert_int_equal(pqm_ssh_gex_group(&p, &g, (pqm_bytes){ group, 12 }, &err), PQM_OK);
	assert_bytes(p, "\x83");
	assert_bytes(g, "\x02");
	assert_int_equal(pqm_ssh_gex_group(&p, &g, (pqm_bytes){ negative, 11 }, &err), PQM_EPARSE);
	assert_int_equal(pqm_ssh_gex_group(&p, &g, (pqm_bytes){ long_form, 12 }, &err), PQM_EPARSE);
	assert_int_equal(pqm_ssh_bye(&d, (pqm_bytes){ bye, 11 }, &err), PQM_OK);
	assert_int_equal(d.reason, 12);
	assert_bytes(d.text, "no");
	assert_int_equal(pqm_ssh_bye(&d, (pqm_bytes){ bye, 10 }, &err), PQM_EPARSE);
}

static uint8_t store[FIXTURE_BYTES];

/* The SPKI that we build is the one that a key on disk is named by. */
static void keys_have_the_name_of_their_files(void **state)
{
	static const char *const files[] = { "material-ssh/rsa2048.pub", "material-ssh/p256.pub",
		"material-ssh/p384.pub", "material-ssh/p521.pub", "material-ssh/ed25519.pub",
		"material-ssh/ed25519-cert.pub", "material-ssh/host-cert.pub" };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		pqm_bytes text = fixture(store, files[i]);
		char hex[PQM_SPKI_HEX];
		struct pqm_buf blob, der;
		struct pqm_ssh_line l;
		struct pqm_ssh_key k;
		struct pqm_err err;

		pqm_buf_init(&blob, PQM_SSH_BLOB_BYTES);
		pqm_buf_init(&der, PQM_SSH_BLOB_BYTES);
		assert_true(pqm_ssh_line_at(&l, text, pqm_find(text, 0, PQM_LIT("AAAA"))));
		assert_true(pqm_base64(&blob, l.base64, NULL));
		assert_int_equal(pqm_ssh_blob(&k, pqm_buf_bytes(&blob), &err), PQM_OK);
		assert_true(pqm_ssh_spki(&der, pqm_buf_bytes(&blob)));
		pqm_spki_der(hex, pqm_buf_bytes(&der));
		assert_string_equal(k.key.identity + 5, hex);
		der.n = 0;
		for (size_t n = 0; n < 40; n++)
			assert_false(pqm_ssh_spki(&der, (pqm_bytes){ blob.p, n }));
		pqm_buf_fini(&der);
		pqm_buf_fini(&blob);
	}
}

static void signatures_become_der(void **state)
{
	static const uint8_t ecdsa[] = { 0, 0, 0, 19, 'e', 'c', 'd', 's', 'a', '-', 's', 'h', 'a',
		'2', '-', 'n', 'i', 's', 't', 'p', '2', '5', '6', 0, 0, 0, 11, 0, 0, 0, 2, 0, 0x80,
		0, 0, 0, 1, 5 };
	static const uint8_t rsa[] = { 0, 0, 0, 7, 's', 's', 'h', '-', 'r', 's', 'a', 0, 0, 0, 1,
		9 };
	struct pqm_buf b;
	pqm_bytes name;

	(void)state;
	pqm_buf_init(&b, 256);
	assert_true(pqm_ssh_signature(&name, &b, (pqm_bytes){ ecdsa, sizeof(ecdsa) }));
	assert_bytes(name, "ecdsa-sha2-nistp256");
	assert_int_equal(b.n, 9);
	assert_memory_equal(b.p, "\x30\x07\x02\x02\x00\x80\x02\x01\x05", 9);
	b.n = 0;
	assert_true(pqm_ssh_signature(&name, &b, (pqm_bytes){ rsa, sizeof(rsa) }));
	assert_bytes(pqm_buf_bytes(&b), "\x09");
	for (size_t n = 0; n < sizeof(ecdsa); n++)
		assert_false(pqm_ssh_signature(&name, &b, (pqm_bytes){ ecdsa, n }));
	pqm_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identification_lines_are_split),
		cmocka_unit_test(identification_lines_have_bounds),
		cmocka_unit_test(packets_are_framed),
		cmocka_unit_test(impossible_packets_are_refused),
		cmocka_unit_test(kexinit_is_read_whole_or_not),
		cmocka_unit_test(lists_of_names_are_checked),
		cmocka_unit_test(numbers_have_one_form),
		cmocka_unit_test(replies_and_groups_nest_exactly),
		cmocka_unit_test(keys_have_the_name_of_their_files),
		cmocka_unit_test(signatures_become_der),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
