#include "jclass_code.h"

/* Length, slots popped and slots pushed of each opcode, as three digits; 0: of several lengths. */
static const char *const effects[] = {
	/* 0: constants */
	"100", "101", "101", "101", "101", "101", "101", "101", "101", "102", "102", "101", "101",
	"101", "102", "102", "201", "301", "201", "301", "302",
	/* 21: loads */
	"201", "202", "201", "202", "201", "101", "101", "101", "101", "102", "102", "102", "102",
	"101", "101", "101", "101", "102", "102", "102", "102", "101", "101", "101", "101", "121",
	"122", "121", "122", "121", "121", "121", "121",
	/* 54: stores */
	"210", "220", "210", "220", "210", "110", "110", "110", "110", "120", "120", "120", "120",
	"110", "110", "110", "110", "120", "120", "120", "120", "110", "110", "110", "110", "130",
	"140", "130", "140", "130", "130", "130", "130",
	/* 87: stack */
	"110", "120", "112", "123", "134", "124", "135", "146", "122",
	/* 96: arithmetic */
	"121", "142", "121", "142", "121", "142", "121", "142", "121", "142", "121", "142", "121",
	"142", "121", "142", "121", "142", "121", "142", "111", "122", "111", "122", "121", "132",
	"121", "132", "121", "132", "121", "142", "121", "142", "121", "142", "300",
	/* 133: conversions, comparisons */
	"112", "111", "112", "121", "121", "122", "111", "112", "112", "121", "122", "121", "111",
	"111", "111", "141", "121", "121", "141", "141",
	/* 153: branches */
	"310", "310", "310", "310", "310", "310", "320", "320", "320", "320", "320", "320", "320",
	"320", "300", "301", "200", "010", "010", "110", "120", "110", "120", "110", "100",
	/* 178: fields, calls, objects; what calls and fields take and give is in their descriptors */
	"300", "300", "300", "300", "300", "300", "300", "500", "500", "301", "211", "311", "111",
	"110", "311", "311", "110", "110", "000", "400", "310", "310", "500", "501"
};

_Static_assert(sizeof(effects) / sizeof(effects[0]) == PQM_JOP_LAST + 1, "one row for each opcode");

unsigned pqm_jcode_pops(unsigned op)
{
	return op > PQM_JOP_LAST ? 0 : (unsigned)(effects[op][1] - '0');
}

unsigned pqm_jcode_pushes(unsigned op)
{
	return op > PQM_JOP_LAST ? 0 : (unsigned)(effects[op][2] - '0');
}

/* How many jumps the switch at pc has, and where the first of them is written. */
static int64_t switch_jumps(pqm_bytes code, size_t pc, size_t *first, size_t *step)
{
	size_t at = (pc + 4) & ~(size_t)3;

	if (pqm_jcode_u8(code, pc) == PQM_JOP_TABLESWITCH) {
		*first = at + 12;
		*step = 4;
		return pqm_jcode_s32(code, at + 8) - pqm_jcode_s32(code, at + 4) + 1;
	}
	*first = at + 12;
	*step = 8;
	return pqm_jcode_s32(code, at + 4);
}

size_t pqm_jcode_length(pqm_bytes code, size_t pc)
{
	unsigned op = pqm_jcode_u8(code, pc);
	size_t n = op > PQM_JOP_LAST ? 0 : (size_t)(effects[op][0] - '0');

	if (op == PQM_JOP_WIDE) {
		n = pqm_jcode_u8(code, pc + 1) == PQM_JOP_IINC ? 6 : 4;
	} else if (op == PQM_JOP_TABLESWITCH || op == PQM_JOP_LOOKUPSWITCH) {
		size_t first, step;
		int64_t jumps = switch_jumps(code, pc, &first, &step);

		if (jumps < 0 || jumps > (int64_t)code.n)
			return 0;
		/* The last pair of a lookupswitch ends with its jump. */
		n = first + (size_t)jumps * step - (step == 8 ? 4 : 0) - pc;
	}
	return n <= code.n - pc ? n : 0;
}

static bool is_branch(unsigned op)
{
	return (op >= PQM_JOP_IFEQ && op <= PQM_JOP_JSR) || op == PQM_JOP_IFNULL ||
		op == PQM_JOP_IFNONNULL || op == PQM_JOP_GOTO_W || op == PQM_JOP_JSR_W;
}

bool pqm_jcode_ends(unsigned op)
{
	return op == PQM_JOP_GOTO || op == PQM_JOP_GOTO_W || op == PQM_JOP_RET ||
		op == PQM_JOP_JSR || op == PQM_JOP_JSR_W ||
		(op >= PQM_JOP_TABLESWITCH && op <= PQM_JOP_RETURN) || op == PQM_JOP_ATHROW;
}

bool pqm_jcode_targets(pqm_bytes code, size_t pc, bool (*see)(void *ctx, int64_t to), void *ctx)
{
	unsigned op = pqm_jcode_u8(code, pc);

	if (op == PQM_JOP_GOTO_W || op == PQM_JOP_JSR_W)
		return see(ctx, (int64_t)pc + pqm_jcode_s32(code, pc + 1));
	if (is_branch(op))
		return see(ctx, (int64_t)pc + pqm_jcode_s16(code, pc + 1));
	if (op != PQM_JOP_TABLESWITCH && op != PQM_JOP_LOOKUPSWITCH)
		return true;
	size_t first, step, base = (pc + 4) & ~(size_t)3;
	int64_t jumps = switch_jumps(code, pc, &first, &step);

	for (int64_t i = 0; i < jumps; i++)
		if (!see(ctx, (int64_t)pc + pqm_jcode_s32(code, first + (size_t)i * step)))
			return false;
	return see(ctx, (int64_t)pc + pqm_jcode_s32(code, base));
}
