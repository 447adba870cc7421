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
}

static void text_that_begins_alike_is_none(void **state)
{
	(void)state;
	assert_int_equal(OF("BZh9 is how such a file begins"), PQM_PACK_NONE);
	assert_int_equal(OF("070701 is the magic of cpio"), PQM_PACK_NONE);
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
		cmocka_unit_test(text_that_begins_alike_is_none),
		cmocka_unit_test(libraries_of_objects_are_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
