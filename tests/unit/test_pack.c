#include "unit.h"

#include "source/unpack.h"

static enum pqm_pack of(const char *start, size_t n)
{
	uint8_t head[PQM_PACK_HEAD] = { 0 };

	memcpy(head, start, n);
	return pqm_pack_of((pqm_bytes){ head, sizeof(head) });
}

#define OF(s) of(s, sizeof(s) - 1)

static void archives_are_known_by_their_first_bytes(void **state)
{
	uint8_t tar[PQM_PACK_HEAD] = { 'a' };

	(void)state;
	memcpy(tar + 257, "ustar", 5);
	assert_int_equal(pqm_pack_of((pqm_bytes){ tar, sizeof(tar) }), PQM_PACK_TAR);
	assert_int_equal(OF("PK\3\4\24"), PQM_PACK_ZIP);
	assert_int_equal(OF("7z\274\257\47\34"), PQM_PACK_7Z);
	assert_int_equal(OF("\355\253\356\333\3"), PQM_PACK_RPM);
	assert_int_equal(OF("\37\213\10\0"), PQM_PACK_STREAM);
	assert_int_equal(OF("BZh91AY&SY"), PQM_PACK_STREAM);
	assert_int_equal(OF("\375"
			    "7zXZ\0"),
		PQM_PACK_STREAM);
	assert_int_equal(OF("\50\265\57\375"), PQM_PACK_STREAM);
	assert_int_equal(OF("\4\"M\30"), PQM_PACK_STREAM);
	assert_int_equal(OF("\2!L\30"), PQM_PACK_STREAM);
	assert_int_equal(OF("\127*M\30\10\0\0\0"), PQM_PACK_STREAM);
	assert_int_equal(OF("LZIP\1\14"), PQM_PACK_STREAM);
	assert_int_equal(OF("\37\235\220"), PQM_PACK_STREAM);
	assert_int_equal(
		OF("\135\0\0\200\0\377\377\377\377\377\377\377\377\0\101"), PQM_PACK_STREAM);
	assert_int_equal(OF("MSCF\0\0\0\0\62\1\0\0\0\0\0\0\54\0\0\0\0\0\0\0\3\1\1"), PQM_PACK_CAB);
}

static void a_tar_without_magic_is_known_by_its_sum(void **state)
{
	uint8_t tar[PQM_PACK_HEAD] = "etc/server.key";
	unsigned sum = 0;

	(void)state;
	memset(tar + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(tar); i++)
		sum += tar[i];
	(void)snprintf((char *)tar + 148, 8, "%06o", sum & 0777777);
	assert_int_equal(pqm_pack_of((pqm_bytes){ tar, sizeof(tar) }), PQM_PACK_TAR);
	tar[0] ^= 1;
	assert_int_equal(pqm_pack_of((pqm_bytes){ tar, sizeof(tar) }), PQM_PACK_NONE);
	memset(tar, 0, sizeof(tar));
	memcpy(tar + 148, "000400", 6);
	assert_int_equal(pqm_pack_of((pqm_bytes){ tar, sizeof(tar) }), PQM_PACK_NONE);
}

static void a_disc_is_known_behind_its_boot_sectors(void **state)
{
	static uint8_t iso[32774];

	(void)state;
	memcpy(iso + 32769, "CD001", 5);
	assert_int_equal(pqm_pack_of((pqm_bytes){ iso, sizeof(iso) }), PQM_PACK_ISO);
	assert_int_equal(pqm_pack_of((pqm_bytes){ iso, sizeof(iso) - 1 }), PQM_PACK_NONE);
}

/* One stored file "a" with "hi", behind 40 bytes; n: of the end. */
static void a_zip_behind_a_program_is_found(void **state)
{
	static const char zip[] = "PK\3\4\12\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\2\0\0\0\1\0\0\0"
				  "ahi"
				  "PK\1\2\12\0\12\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\2\0\0\0\1\0"
				  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				  "a"
				  "PK\5\6\0\0\0\0\1\0\1\0\57\0\0\0\41\0\0\0\0\0";
	uint8_t file[40 + sizeof(zip) - 1] = "#!/bin/sh\nexec x\n";
	size_t from = 0;

	(void)state;
	memcpy(file + 40, zip, sizeof(zip) - 1);
	assert_true(pqm_pack_may_follow((pqm_bytes){ file, sizeof(file) }));
	assert_true(pqm_pack_follows((pqm_bytes){ file, sizeof(file) }, &from));
	assert_int_equal(from, 40);
	for (size_t n = 0; n < sizeof(file) - 4; n++)
		assert_false(pqm_pack_follows((pqm_bytes){ file, n }, &from));
	file[40] = 'x';
	assert_false(pqm_pack_follows((pqm_bytes){ file, sizeof(file) }, &from));
	assert_false(pqm_pack_may_follow(PQM_LIT("#!/bin/sh\nexec x\n")));
}

static void text_that_begins_alike_is_none(void **state)
{
	(void)state;
	assert_int_equal(OF("BZh9 is how such a file begins"), PQM_PACK_NONE);
	assert_int_equal(OF("070701 is the magic of cpio"), PQM_PACK_NONE);
	assert_int_equal(OF("]\0\0\0\1 is no dictionary"), PQM_PACK_NONE);
	assert_int_equal(OF("MSCF is four letters"), PQM_PACK_NONE);
	assert_int_equal(OF("PK is short for public key"), PQM_PACK_NONE);
	assert_int_equal(OF("\37\213\10\340"), PQM_PACK_NONE);
	assert_int_equal(pqm_pack_of(PQM_LIT("PK\3\4")), PQM_PACK_NONE);
	assert_int_equal(pqm_pack_of((pqm_bytes){ NULL, 0 }), PQM_PACK_NONE);
}

static void libraries_of_objects_are_programs(void **state)
{
	static const char deb[] =
		"!<arch>\ndebian-binary   0           0     0     100644  4         `\n2.0\n";
	static const char library[] =
		"!<arch>\n/               0           0     0     0       4         `\n\0\0\0\1";

	(void)state;
	assert_int_equal(OF(deb), PQM_PACK_AR);
	assert_int_equal(OF(library), PQM_PACK_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(archives_are_known_by_their_first_bytes),
		cmocka_unit_test(a_tar_without_magic_is_known_by_its_sum),
		cmocka_unit_test(a_disc_is_known_behind_its_boot_sectors),
		cmocka_unit_test(a_zip_behind_a_program_is_found),
		cmocka_unit_test(text_that_begins_alike_is_none),
		cmocka_unit_test(libraries_of_objects_are_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
