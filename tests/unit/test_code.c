/* test_code.c — instructions as parse/code_x86.c and code_a64.c tell them. */
#include "unit.h"

#include "parse/code_int.h"

static struct pqm_insn x86(const char *bytes, size_t n)
{
	struct pqm_insn o;

	pqm_x86_decode(&o, (const uint8_t *)bytes, n, 0x1000);
	return o;
}

#define X86(s) x86(s, sizeof(s) - 1)

static void lengths_of_x86(void **state)
{
	(void)state;
	assert_int_equal(X86("\x90").len, 1);
	assert_int_equal(X86("\xf3\x0f\x1e\xfa").len, 4);
	assert_int_equal(X86("\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00").len, 10);
	assert_int_equal(X86("\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08").len, 10);
	assert_int_equal(X86("\x66\xb8\x34\x12").len, 4);
	assert_int_equal(X86("\xf6\x04\x25\x00\x00\x00\x00\x01").len, 8);
	assert_int_equal(X86("\xc5\xf8\x77").len, 3);
	assert_int_equal(X86("\xc4\xe3\x7d\x39\xc1\x01").len, 6);
	assert_int_equal(X86("\x62\xf1\xfd\x48\x6f\x00").len, 6);
	assert_int_equal(X86("\xc8\x10\x00\x00").len, 4);
	/* cut off, and none at all */
	assert_int_equal(X86("\x48\xb8\x01").len, 0);
	assert_int_equal(X86("\x06").len, 0);
	assert_int_equal(X86("").len, 0);
}

static void meaning_of_x86(void **state)
{
	struct pqm_insn o = X86("\xbe\x00\x0c\x00\x00"); /* mov $3072, %esi */

	(void)state;
	assert_int_equal(o.op, PQM_OP_IMM);
	assert_int_equal(o.dst, 6);
	assert_int_equal(o.imm, 3072);
	o = X86("\x48\x8d\x3d\x10\x00\x00\x00"); /* lea 0x10(%rip), %rdi */
	assert_int_equal(o.op, PQM_OP_LEA);
	assert_int_equal(o.base, PQM_REG_ABS);
	assert_int_equal(o.disp, 0x1017);
	o = X86("\xe8\xfb\xff\xff\xff");
	assert_int_equal(o.op, PQM_OP_CALL);
	assert_int_equal(o.imm, 0x1000);
	o = X86("\x45\x31\xc0"); /* xor %r8d, %r8d */
	assert_int_equal(o.op, PQM_OP_ZERO);
	assert_int_equal(o.dst, 8);
	o = X86("\x0f\x44\xf0"); /* cmove %eax, %esi */
	assert_int_equal(o.op, PQM_OP_SELECT);
	o = X86("\xb4\x01"); /* mov $1, %ah changes rax */
	assert_true((o.kills & 1) != 0);
	o = X86("\x0f\xc0\xd9"); /* xadd %bl, %cl changes both */
	assert_true((o.kills & 10) == 10);
	o = X86("\xff\x25\x00\x00\x00\x00");
	assert_int_equal(o.op, PQM_OP_JUMP_IND);
	assert_int_equal(o.size, 8);
}

static struct pqm_insn a64(uint32_t w)
{
	uint8_t b[4] = { (uint8_t)w, (uint8_t)(w >> 8), (uint8_t)(w >> 16), (uint8_t)(w >> 24) };
	struct pqm_insn o;

	pqm_a64_decode(&o, b, 4, 0x1000);
	return o;
}

static void meaning_of_a64(void **state)
{
	struct pqm_insn o = a64(0x52818001); /* mov w1, #3072 */

	(void)state;
	assert_int_equal(o.op, PQM_OP_IMM);
	assert_int_equal(o.dst, 1);
	assert_int_equal(o.imm, 3072);
	o = a64(0x90000000); /* adrp x0, . */
	assert_int_equal(o.op, PQM_OP_PAGE);
	assert_int_equal(o.imm, 0x1000);
	o = a64(0x91004000); /* add x0, x0, #16 */
	assert_int_equal(o.op, PQM_OP_ADD);
	assert_int_equal(o.imm, 16);
	o = a64(0xa9bf7bfd); /* stp x29, x30, [sp, #-16]! */
	assert_int_equal(o.op, PQM_OP_STORE);
	assert_int_equal(o.src, 29);
	assert_int_equal(o.src2, 30);
	assert_int_equal(o.disp, -16);
	assert_true(o.writes_back);
	o = a64(0x94000001);
	assert_int_equal(o.op, PQM_OP_CALL);
	assert_int_equal(o.imm, 0x1004);
	o = a64(0xb9001fff); /* str wzr, [sp, #28] */
	assert_int_equal(o.op, PQM_OP_STORE);
	assert_int_equal(o.src, PQM_REG_ZERO);
	o = a64(0x2a0003e1); /* mov w1, w0 */
	assert_int_equal(o.op, PQM_OP_MOV);
	o = a64(0xd61f0220);
	assert_int_equal(o.op, PQM_OP_JUMP_IND);
	assert_int_equal(o.src, 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_of_x86),
		cmocka_unit_test(meaning_of_x86),
		cmocka_unit_test(meaning_of_a64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
