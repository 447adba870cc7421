/* static_codes.c — libraries that no text names, by the numbers of their errors: functions give them back. */
#include "base/mapped.h"
#include "base/num.h"
#include "static.h"

#define CODES 48
#define STEP_BYTES ((size_t)64 << 10)
#define TOTAL 20 /* occurrences of all of them, and so many more for the size of the code */
#define BYTES_FOR_ONE ((uint64_t)256 << 10)

struct code {
	uint16_t low; /* of the negative number */
	uint32_t seen;
};

struct codes {
	struct code code[CODES];
	size_t n;
	uint64_t bytes;	       /* of code */
	uint64_t is_low[1024]; /* a bit for each lower half */
};

static void take(struct codes *c, uint32_t v)
{
	uint16_t low = (uint16_t)v;

	if (v >> 16 != 0xffff || (c->is_low[low / 64] >> (low % 64) & 1) == 0)
		return;
	for (size_t i = 0; i < c->n; i++)
		c->code[i].seen += c->code[i].low == low;
}

static uint32_t word_at(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

#define BLOCK 64

/* Whether one of so many bytes may begin mov $n, %r32 (b8 to bf) with n of the last 65536 numbers: without a
 * branch, so that the compiler looks at many at once. Reads four bytes more. */
static bool may_hold(const uint8_t *p)
{
	uint8_t any = 0;

	for (size_t i = 0; i < BLOCK; i++) {
		uint8_t differs = (uint8_t)((p[i] & 0xf8) ^ 0xb8);

		differs |= (uint8_t) ~(p[i + 3] & p[i + 4]);
		any |= (uint8_t)(differs == 0);
	}
	return any != 0;
}

static void sweep_x86(struct codes *c, pqm_bytes b)
{
	for (size_t at = 0; at + 5 <= b.n; at += BLOCK) {
		size_t n = b.n - at - 4 < BLOCK ? b.n - at - 4 : BLOCK;

		if (n == BLOCK && !may_hold(b.p + at))
			continue;
		for (const uint8_t *p = b.p + at; p < b.p + at + n; p++)
			if ((p[0] & 0xf8) == 0xb8 && (p[3] & p[4]) == 0xff)
				take(c, word_at(p + 1));
	}
}

/* movn w, #n */
static void sweep_a64(struct codes *c, pqm_bytes b)
{
	for (size_t i = 0; i + 4 <= b.n; i += 4) {
		uint32_t w = word_at(b.p + i);

		if ((w & 0xffe00000) == 0x12800000)
			take(c, ~(w >> 5 & 0xffff));
	}
}

static uint64_t long_at(const uint8_t *p)
{
	return word_at(p) | (uint64_t)word_at(p + 4) << 32;
}

/* The segments that are run [gABI ch. 5, program header]. */
static void sweep(struct codes *c, pqm_bytes body)
{
	uint64_t at = long_at(body.p + 32);
	unsigned n = body.p[56] | (unsigned)body.p[57] << 8;

	for (unsigned i = 0; i < n && at < body.n; i++, at += 56) {
		pqm_bytes h = pqm_sub(body, (size_t)at, 56);

		if (h.n < 56 || word_at(h.p) != 1 || (h.p[4] & 1) == 0 || long_at(h.p + 8) > body.n)
			continue;
		pqm_bytes code = pqm_sub(body, (size_t)long_at(h.p + 8), (size_t)long_at(h.p + 32));

		c->bytes += code.n;
		for (size_t from = 0; from < code.n; from += STEP_BYTES) {
			/* Of x86 the byte before, and the rest of a number that begins in this step. */
			size_t back = from > 0;
			pqm_bytes x86 = pqm_sub(code, from - back, back + STEP_BYTES + 3);

			pqm_mapped_read(STEP_BYTES);
			if (body.p[18] == 62)
				sweep_x86(c, x86);
			else if (body.p[18] == 183)
				sweep_a64(c, pqm_sub(code, from, STEP_BYTES));
		}
	}
}

static bool hex_of(pqm_bytes text, uint64_t *out)
{
	*out = 0;
	for (size_t i = 2; i < text.n && i < 6; i++)
		*out = *out << 4 | (uint64_t)pqm_hex_digit(text.p[i]);
	return text.n > 2 && text.n <= 6;
}

bool pqm_static_has_codes(const struct pqm_rule *rule, const struct pqm_elf *e)
{
	const struct pqm_yaml *list = pqm_yaml_get(rule->node, "codes");
	struct codes c = { .n = 0 };
	uint64_t least = 0, times = 1, first = 0, n = 0, total = 0;

	if (list == NULL || e == NULL || !e->is_64 || e->is_big || e->body.n < 64 ||
		!pqm_yaml_u64(rule->node, "least", &least))
		return false;
	(void)pqm_yaml_u64(rule->node, "times", &times);
	(void)pqm_yaml_u64(rule->node, "first", &first);
	for (size_t i = 0; i < list->n && c.n < CODES; i++) {
		uint64_t v;

		if (!hex_of(pqm_yaml_text(list->items[i]), &v))
			continue;
		c.code[c.n].low = (uint16_t)(0 - v);
		c.is_low[c.code[c.n].low / 64] |= (uint64_t)1 << (c.code[c.n].low % 64);
		c.n++;
	}
	sweep(&c, e->body);
	for (size_t i = 0; i < c.n; i++) {
		n += c.code[i].seen >= times;
		total += c.code[i].seen;
	}
	/* Large programs hold any number by chance. */
	return n >= least && c.n > 0 && c.code[0].seen >= first &&
		total >= TOTAL + c.bytes / BYTES_FOR_ONE;
}
