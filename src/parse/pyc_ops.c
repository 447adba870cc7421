/* pyc_ops.c — what the instructions of each version of CPython do to the stack, by their numbers. What is not
 * listed leaves nothing known. Made from the module opcode of each version. */
#include "pyc_ops.h"

#include <pthread.h>
#include <stddef.h>

#define FIRST_MINOR 6
#define LAST_MINOR 13

struct same {
	uint8_t first, last; /* versions, 3.first to 3.last */
	uint8_t op;
	uint8_t n;
	const uint8_t *codes;
};

#define SAME(first, last, op, ...)                                                                 \
	{                                                                                          \
		first, last, op, sizeof((uint8_t[]){ __VA_ARGS__ }), (const uint8_t[])             \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

/* clang-format off */
static const struct same same[] = {
	SAME(6, 7, PQM_OP_END, 80, 119),
	SAME(6, 7, PQM_OP_NOP, 120, 121),
	SAME(6, 8, PQM_OP_BUILD, 149, 150, 151, 152, 153, 158),
	SAME(6, 10, PQM_OP_CALL_NAMED, 141),
	SAME(6, 10, PQM_OP_CALL_PLAIN, 131),
	SAME(6, 10, PQM_OP_DEREF, 136),
	SAME(6, 10, PQM_OP_DUP, 4),
	SAME(6, 10, PQM_OP_GLOBAL, 116),
	SAME(6, 10, PQM_OP_IF_TO, 114, 115),
	SAME(6, 10, PQM_OP_JUMP_TO, 113),
	SAME(6, 10, PQM_OP_NOP, 87, 122, 138),
	SAME(6, 10, PQM_OP_OR_TO, 111, 112),
	SAME(6, 10, PQM_OP_PUSH1, 135),
	SAME(6, 10, PQM_OP_ROT2, 2),
	SAME(6, 10, PQM_OP_ROT3, 3),
	SAME(6, 10, PQM_OP_TO_DEREF, 137),
	SAME(6, 10, PQM_OP_TWO, 16, 17, 19, 20, 22, 23, 24, 26, 27, 28, 29, 55, 56, 57, 59,
		62, 63, 64, 65, 66, 67, 75, 76, 77, 78, 79),
	SAME(6, 11, PQM_OP_ATTR, 106),
	SAME(6, 11, PQM_OP_ONE, 10, 86),
	SAME(6, 11, PQM_OP_POP1, 70, 84),
	SAME(6, 11, PQM_OP_PUSH1, 148),
	SAME(6, 12, PQM_OP_BUILD, 102, 103, 104, 133, 157),
	SAME(6, 12, PQM_OP_BUILD_KEYS, 156),
	SAME(6, 12, PQM_OP_BUILD_MAP, 105),
	SAME(6, 12, PQM_OP_CALL_OPEN, 142),
	SAME(6, 12, PQM_OP_CONST, 100),
	SAME(6, 12, PQM_OP_END, 83, 130),
	SAME(6, 12, PQM_OP_EXTEND, 144),
	SAME(6, 12, PQM_OP_FAST, 124),
	SAME(6, 12, PQM_OP_FOR, 93),
	SAME(6, 12, PQM_OP_FORMAT, 155),
	SAME(6, 12, PQM_OP_FROM, 109),
	SAME(6, 12, PQM_OP_FUNCTION, 132),
	SAME(6, 12, PQM_OP_IMPORT, 108),
	SAME(6, 12, PQM_OP_JUMP, 110),
	SAME(6, 12, PQM_OP_NAME, 101),
	SAME(6, 12, PQM_OP_NOP, 9, 85, 91, 98, 126),
	SAME(6, 12, PQM_OP_ONE, 11, 12, 15, 68),
	SAME(6, 12, PQM_OP_POP1, 1, 96, 145, 146),
	SAME(6, 12, PQM_OP_POP2, 61, 147),
	SAME(6, 12, PQM_OP_POP3, 60),
	SAME(6, 12, PQM_OP_PUSH1, 71),
	SAME(6, 12, PQM_OP_TO_FAST, 125),
	SAME(6, 12, PQM_OP_TO_GLOBAL, 97),
	SAME(6, 12, PQM_OP_TO_NAME, 90),
	SAME(6, 12, PQM_OP_TWO, 25, 107),
	SAME(6, 12, PQM_OP_UNPACK, 92),
	SAME(6, 13, PQM_OP_POP2, 95),
	SAME(7, 10, PQM_OP_CALL_METHOD, 161),
	SAME(7, 11, PQM_OP_METHOD, 160),
	SAME(9, 9, PQM_OP_END, 48),
	SAME(9, 11, PQM_OP_ONE, 82),
	SAME(9, 12, PQM_OP_POP1, 162, 163, 164, 165),
	SAME(9, 12, PQM_OP_PUSH1, 74),
	SAME(9, 12, PQM_OP_TWO, 117, 118),
	SAME(10, 12, PQM_OP_END, 119),
	SAME(11, 11, PQM_OP_NOP, 166),
	SAME(11, 11, PQM_OP_OR, 111, 112),
	SAME(11, 11, PQM_OP_POP1, 173, 174, 175, 176),
	SAME(11, 12, PQM_OP_CALL, 171),
	SAME(11, 12, PQM_OP_COPY, 120),
	SAME(11, 12, PQM_OP_DEREF, 137),
	SAME(11, 12, PQM_OP_END, 134, 140),
	SAME(11, 12, PQM_OP_GLOBAL_NULL, 116),
	SAME(11, 12, PQM_OP_IF, 114, 115, 128, 129),
	SAME(11, 12, PQM_OP_KEYWORDS, 172),
	SAME(11, 12, PQM_OP_NOP, 135, 139, 151),
	SAME(11, 12, PQM_OP_NULL, 2),
	SAME(11, 12, PQM_OP_PUSH1, 136),
	SAME(11, 12, PQM_OP_SWAP, 99),
	SAME(11, 12, PQM_OP_TO_DEREF, 138),
	SAME(11, 12, PQM_OP_TWO, 122),
	SAME(11, 13, PQM_OP_CACHE, 0),
	SAME(11, 13, PQM_OP_NOP, 149),
	SAME(12, 12, PQM_OP_ATTR_METHOD, 106),
	SAME(12, 12, PQM_OP_END, 121),
	SAME(12, 12, PQM_OP_FAST, 127),
	SAME(12, 12, PQM_OP_ONE, 150, 173, 175, 176),
	SAME(12, 12, PQM_OP_PUSH1, 87, 143),
	SAME(12, 12, PQM_OP_THREE, 26),
	SAME(13, 13, PQM_OP_ATTR_METHOD, 82),
	SAME(13, 13, PQM_OP_BUILD, 47, 49, 50, 51, 52),
	SAME(13, 13, PQM_OP_BUILD_KEYS, 46),
	SAME(13, 13, PQM_OP_BUILD_MAP, 48),
	SAME(13, 13, PQM_OP_CALL, 53),
	SAME(13, 13, PQM_OP_CALL_KW, 57),
	SAME(13, 13, PQM_OP_CALL_OPEN, 54),
	SAME(13, 13, PQM_OP_CONST, 83),
	SAME(13, 13, PQM_OP_COPY, 61),
	SAME(13, 13, PQM_OP_DEREF, 84),
	SAME(13, 13, PQM_OP_END, 36, 77, 78, 101, 102, 103),
	SAME(13, 13, PQM_OP_EXTEND, 71),
	SAME(13, 13, PQM_OP_FAST, 85, 87),
	SAME(13, 13, PQM_OP_FAST_FAST, 88),
	SAME(13, 13, PQM_OP_FOR, 72),
	SAME(13, 13, PQM_OP_FROM, 74),
	SAME(13, 13, PQM_OP_FUNCTION, 26),
	SAME(13, 13, PQM_OP_GLOBAL_NULL, 91),
	SAME(13, 13, PQM_OP_IF, 97, 98, 99, 100),
	SAME(13, 13, PQM_OP_IMPORT, 75),
	SAME(13, 13, PQM_OP_JUMP, 79),
	SAME(13, 13, PQM_OP_NAME, 92),
	SAME(13, 13, PQM_OP_NOP, 30, 37, 62, 64, 65, 66, 67, 94),
	SAME(13, 13, PQM_OP_NULL, 34),
	SAME(13, 13, PQM_OP_ONE, 14, 19, 40, 41, 42, 43, 55, 60, 89, 90, 118),
	SAME(13, 13, PQM_OP_POP1, 32, 63, 68, 69, 80, 81, 105, 107),
	SAME(13, 13, PQM_OP_POP2, 9, 108),
	SAME(13, 13, PQM_OP_POP3, 39),
	SAME(13, 13, PQM_OP_PUSH1, 23, 24, 25, 86),
	SAME(13, 13, PQM_OP_SWAP, 115),
	SAME(13, 13, PQM_OP_THREE, 4),
	SAME(13, 13, PQM_OP_TO_DEREF, 109),
	SAME(13, 13, PQM_OP_TO_FAST, 110),
	SAME(13, 13, PQM_OP_TO_FAST_FAST, 112),
	SAME(13, 13, PQM_OP_TO_FAST_LOAD, 111),
	SAME(13, 13, PQM_OP_TO_GLOBAL, 113),
	SAME(13, 13, PQM_OP_TO_NAME, 114),
	SAME(13, 13, PQM_OP_TWO, 5, 15, 45, 58, 59, 76, 106),
	SAME(13, 13, PQM_OP_UNPACK, 117),
};
/* clang-format on */

static uint8_t tables[LAST_MINOR - FIRST_MINOR + 1][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill(void)
{
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		for (unsigned v = same[i].first; v <= same[i].last; v++) {
			for (size_t k = 0; k < same[i].n; k++)
				tables[v - FIRST_MINOR][same[i].codes[k]] = same[i].op;
		}
	}
}

const uint8_t *pqm_pyc_ops(unsigned minor)
{
	if (minor < FIRST_MINOR || minor > LAST_MINOR)
		return NULL;
	(void)pthread_once(&once, fill);
	return tables[minor - FIRST_MINOR];
}
