#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "detect/detector.h"
#include "gate/suppress.h"

extern const struct pqm_detector pqm_det_ignore;

static struct pqm_rules rules;
static struct pqm_policy policy;
static struct pqm_suppress_rules known = { &rules, &policy };

static int load(void **state)
{
	struct pqm_err err;

	(void)state;
	pqm_policy_init(&policy);
	if (pqm_rules_load(&rules, NULL, &err) != PQM_OK)
		return -1;
	return pqm_policy_add(&policy, &rules, "default", &err) == PQM_OK ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	pqm_policy_fini(&policy);
	pqm_rules_fini(&rules);
	return 0;
}

/* What the detector makes of a text, as objects of an inventory. */
static struct {
	struct pqm_emit emit;
	struct pqm_arena arena;
	struct pqm_object objects[16];
	size_t n, n_notes;
	const char *path;
} seen;

static enum pqm_st see_object(struct pqm_emit *e, const struct pqm_object *o)
{
	struct pqm_object *copy = &seen.objects[seen.n];
	struct pqm_fact *facts = pqm_new(&seen.arena, struct pqm_fact, o->n_facts + 1);

	(void)e;
	if (facts == NULL)
		return PQM_ENOMEM;
	if (seen.n < sizeof(seen.objects) / sizeof(seen.objects[0]) - 1)
		seen.n++;
	*copy = *o;
	copy->path = pqm_str(seen.path);
	for (size_t i = 0; i < o->n_facts; i++) {
		facts[i] = o->facts[i];
		facts[i].key = pqm_bytes_dup(&seen.arena, o->facts[i].key);
		facts[i].value = pqm_bytes_dup(&seen.arena, o->facts[i].value);
	}
	copy->facts = facts;
	copy->name = pqm_bytes_dup(&seen.arena, o->name);
	return PQM_OK;
}

static void see_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	(void)e;
	(void)off;
	(void)why;
	(void)words;
	seen.n_notes++;
}

static enum pqm_st look(const char *path, pqm_bytes text, struct pqm_err *err)
{
	struct pqm_hit hit[1200];
	struct pqm_arena arena;
	struct pqm_artifact a = { .body = text,
		.head = pqm_sub(text, 0, 4096),
		.path = pqm_str(path),
		.name = pqm_str(path),
		.arena = &arena };
	uint64_t done = 0;
	struct pqm_hits hits = { hit, 0, &done };
	size_t at = 0;
	enum pqm_st st;

	pqm_arena_fini(&seen.arena);
	pqm_arena_init(&seen.arena, (size_t)1 << 22);
	seen.n = seen.n_notes = 0;
	seen.path = path;
	seen.emit.object = see_object;
	seen.emit.note = see_note;
	while (hits.n < 1200 && (at = pqm_find(text, at, PQM_LIT("pqmap:ignore"))) != SIZE_MAX)
		hit[hits.n++] = (struct pqm_hit){ .off = at++ };
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	st = pqm_det_ignore.run(&rules, &a, &hits, &seen.emit, err);
	pqm_arena_fini(&arena);
	return st;
}

static enum pqm_st take(struct pqm_gate *g, const char *path, pqm_bytes text, struct pqm_err *err)
{
	struct pqm_inventory inv = { .objects = seen.objects };
	enum pqm_st st = look(path, text, err);

	pqm_gate_init(g);
	inv.n_objects = seen.n;
	return st == PQM_OK ? pqm_suppress_found(g, &known, &inv, err) : st;
}

static void a_comment_is_read_or_its_fault_is_told(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *fault; /* of the first; NULL: it counts */
		const char *reason;
	} table[] = {
		{ "# pqmap:ignore key.private reason=a b  c ", 1, NULL, "a b  c" },
		{ "/* pqmap:ignore key.private reason=x */", 1, NULL, "x" },
		{ "{{- /* pqmap:ignore key.private reason=x */ -}}", 1, NULL, "x" },
		{ "{# pqmap:ignore key.private reason=x #}", 1, NULL, "x" },
		{ "<!-- pqmap:ignore key.private reason=x -->", 1, NULL, "x" },
		{ "# pqmap:ignore key.*,cert.x509 ticket=1 until=2027-01-01 reason=x", 2, NULL,
			"x" },
		{ "# pqmap:ignore-file * reason=x", 1, NULL, "x" },
		{ "# pqmap:ignore 0123abcd reason=x", 1, NULL, "x" },
		{ "# pqmap:ignore policy.default.private-key reason=x", 1, NULL, "x" },
		{ "# pqmap:ignore policy.cnsa-2.0.dates reason=x", 1, NULL, "x" },
		{ "# pqmap:ignore key.private\treason=x\r\n", 1, NULL, "x" },
		{ "# pqmap:ignore 0123abc reason=x", 1, "no rule is called '0123abc'", "x" },
		{ "# pqmap:ignore key.privat reason=x", 1, "the nearest is key.private", "x" },
		{ "# pqmap:ignore key.private,nope.x reason=x", 2, NULL, "x" },
		{ "# pqmap:ignore key.private", 1, "no reason", "" },
		{ "# pqmap:ignore key.private reason= ", 1, "no reason", "" },
		{ "# pqmap:ignore reason=x", 1, "names no rule", "x" },
		{ "# pqmap:ignore key.private until=2027-13-01 reason=x", 1, "is no date", "x" },
		{ "# pqmap:ignore key.private until= reason=x", 1, "is no date", "x" },
		{ "# pqmap:ignore key.private til=2027-01-01 reason=x", 1,
			"'til=2027-01-01' is none", "x" },
		{ "# pqmap:ignore key.private because it is old", 1, "'because' is none", "" },
		{ "# pqmap:ignore all reason=x", 1, "no rule is called 'all'", "x" },
		{ "# a pqmap:ignore in it counts", 0, NULL, "" },
		{ "# pqmap:ignore RULE reason=x", 0, NULL, "" },
		{ "# pqmap:ignore <rule> reason=x", 0, NULL, "" },
		{ "printf(\"pqmap:ignore %s reason=x\")", 0, NULL, "" },
		{ "# pqmap:ignore", 0, NULL, "" },
		{ "# pqmap:ignored key.private", 0, NULL, "" },
		{ "# pqmap:ignore-files key.private reason=x", 0, NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct pqm_gate g;
		struct pqm_err err = { 0 };
		const struct pqm_suppression *s;

		assert_int_equal(take(&g, "a.c", pqm_str(table[i].text), &err), PQM_OK);
		if (g.n_suppressions != table[i].n)
			fail_msg("%s: %zu", table[i].text, g.n_suppressions);
		s = g.suppressions;
		if (table[i].n > 0 && table[i].fault == NULL && s->fault.n > 0)
			fail_msg("%s: %.*s", table[i].text, PQM_FMT(s->fault));
		if (table[i].fault != NULL &&
			pqm_find(s->fault, 0, pqm_str(table[i].fault)) == SIZE_MAX)
			fail_msg("%s: %.*s", table[i].text, PQM_FMT(s->fault));
		if (table[i].n > 0 && !pqm_eqs(s->reason, table[i].reason))
			fail_msg("%s: %.*s", table[i].text, PQM_FMT(s->reason));
		pqm_gate_fini(&g);
	}
}

/* An example in a text is no fault, a comment that counts does count there. */
static void prose_has_no_faults(void **state)
{
	struct pqm_gate g;
	struct pqm_err err;

	(void)state;
	assert_int_equal(take(&g, "a.md",
				 PQM_LIT("`pqmap:ignore nope.nope reason=x`\n"
					 "pqmap:ignore key.private reason=x\n"),
				 &err),
		PQM_OK);
	assert_int_equal(g.n_suppressions, 1);
	assert_true(pqm_eqs(g.suppressions[0].rule, "key.private"));
	pqm_gate_fini(&g);
}

static void a_comment_covers_its_line_and_alone_the_next(void **state)
{
	static const char alone[] = "a\n  # pqmap:ignore key.private reason=x\nkey\nb\n";
	static const char beside[] = "a\nkey # pqmap:ignore key.private reason=x\nkey\nb\n";
	static const char whole[] = "# pqmap:ignore-file key.private reason=x\n\n\n\n";

	static const struct {
		const char *text;
		uint32_t line;
		uint64_t off; /* of what has no line */
		const char *path, *rule;
		bool covers;
	} table[] = {
		{ alone, 2, 0, "f", "key.private", true },
		{ alone, 3, 0, "f", "key.private", true },
		{ alone, 4, 0, "f", "key.private", false },
		{ alone, 1, 0, "f", "key.private", false },
		{ alone, 3, 0, "g", "key.private", false },
		{ alone, 3, 0, "f › x", "key.private", true },
		{ alone, 3, 0, "f", "key.ssh-private", false },
		{ beside, 2, 0, "f", "key.private", true },
		{ beside, 3, 0, "f", "key.private", false },
		{ alone, 0, 40, "f", "key.private", true },
		{ alone, 0, 42, "f", "key.private", true },
		{ alone, 0, 43, "f", "key.private", false },
		{ alone, 0, 3, "f", "key.private", false },
		{ alone, 0, 0, "f", "key.private", false },
		{ alone, 0, 40, "f › x", "key.private", false },
		{ beside, 0, 2, "f", "key.private", true },
		{ beside, 0, 44, "f", "key.private", false },
		{ whole, 4, 0, "f", "key.private", true },
		{ whole, 0, 0, "f", "key.private", true },
		{ whole, 4, 0, "g", "key.private", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct pqm_occurrence o = {
			.path = pqm_str(table[i].path), .line = table[i].line, .off = table[i].off
		};
		struct pqm_finding f = { .rule = pqm_str(table[i].rule), .occs = &o, .n_occs = 1 };
		struct pqm_gate g;
		struct pqm_err err;

		assert_int_equal(take(&g, "f", pqm_str(table[i].text), &err), PQM_OK);
		pqm_suppress_settle(&g, 0);
		if ((pqm_suppress_find(&g, &(struct pqm_rules){ 0 }, &f, &o, PQM_LIT("policy.x")) !=
			    NULL) != table[i].covers)
			fail_msg("row %zu", i);
		pqm_gate_fini(&g);
	}
}

static void an_annotation_is_for_its_object(void **state)
{
	static const struct {
		const char *ns, *object;
		bool covers;
	} table[] = {
		{ "n", "n/Secret/s#data.k", true },
		{ "n", "n/Secret/s", true },
		{ "n", "n/Secret/s2#data.k", false },
		{ "n", "m/Secret/s", false },
		{ "", "default/Secret/s#data.k", true },
		{ "", "Secret/s#data.k", true },
		{ "", "n/Secret/s", false },
		{ "default", "default/Secret/s", true },
	};
	const struct pqm_fact fact = { PQM_LIT("metadata.annotations.pqmap.dev/ignore-key.private"),
		PQM_LIT("old; until=2027-01-31; ticket=1"), 3, 5 };

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct pqm_object object = { .kind = PQM_LIT("Secret"),
			.ns = pqm_str(table[i].ns),
			.name = PQM_LIT("s"),
			.path = PQM_LIT("a.yaml"),
			.facts = &fact,
			.n_facts = 1 };
		struct pqm_inventory inv = { .objects = &object, .n_objects = 1 };
		struct pqm_occurrence o = { .path = PQM_LIT("b.yaml"),
			.object = pqm_str(table[i].object) };
		struct pqm_finding f = { .rule = PQM_LIT("key.private") };
		struct pqm_gate g;
		struct pqm_err err;
		struct pqm_suppression *s;

		pqm_gate_init(&g);
		assert_int_equal(pqm_suppress_found(&g, &known, &inv, &err), PQM_OK);
		pqm_suppress_settle(&g, 20850); /* 2027-02-01 */
		s = pqm_suppress_find(&g, &(struct pqm_rules){ 0 }, &f, &o, PQM_LIT("x"));
		if ((s != NULL) != table[i].covers)
			fail_msg("row %zu", i);
		if (s != NULL) {
			assert_true(pqm_eqs(s->reason, "old"));
			assert_true(s->is_expired);
		}
		pqm_gate_fini(&g);
	}
}

static void what_is_set_aside_covers_nothing_and_is_no_fault(void **state)
{
	struct pqm_occurrence o = { .path = PQM_LIT("f"), .line = 1 };
	struct pqm_finding f = { .rule = PQM_LIT("key.private") };
	struct pqm_inventory inv = { .objects = seen.objects };
	struct pqm_gate g;
	struct pqm_err err;

	(void)state;
	assert_int_equal(look("f",
				 PQM_LIT("# pqmap:ignore key.private reason=x\n"
					 "# pqmap:ignore nope.x reason=x\n"),
				 &err),
		PQM_OK);
	inv.n_objects = seen.n;
	pqm_gate_init(&g);
	g.no_inline = true;
	assert_int_equal(pqm_suppress_found(&g, &known, &inv, &err), PQM_OK);
	pqm_suppress_settle(&g, 0);
	assert_null(pqm_suppress_find(&g, &(struct pqm_rules){ 0 }, &f, &o, PQM_LIT("x")));
	assert_int_equal(g.n_set_aside, 2);
	assert_int_equal(g.n_faulty, 0);
	pqm_gate_fini(&g);
}

/* One line of a megabyte, all of it comments: each is looked at once, and there is an end. */
static void many_comments_have_an_end(void **state)
{
	static uint8_t text[1 << 20];
	static const char one[] = "pqmap:ignore key.private ";
	struct pqm_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)one[i % (sizeof(one) - 1)];
	(void)alarm(30);
	assert_int_equal(look("f", (pqm_bytes){ text, sizeof(text) }, &err), PQM_OK);
	(void)alarm(0);
	assert_int_equal(seen.n_notes, 1);
}

static enum pqm_st config(struct pqm_gate *g, const char *text, struct pqm_err *err)
{
	const struct pqm_yaml *root;
	struct pqm_err why;

	pqm_gate_init(g);
	if (pqm_yaml_one(&root, pqm_str(text), &g->arena, &why) != PQM_OK)
		return pqm_fail(err, why.st, "%s", why.msg);
	return pqm_suppress_config(g, &known, root, PQM_LIT("c.yaml"), err);
}

static void settings_that_cannot_count_are_errors(void **state)
{
	static const struct {
		const char *text, *words; /* NULL: it counts */
	} table[] = {
		{ "[]", NULL },
		{ "[{ rule: key.private, reason: x }]", NULL },
		{ "[{ id: 0123abcd, reason: x, until: 2027-01-01, ticket: 1, path: 'a/*' }]",
			NULL },
		{ "[{ rule: '*', reason: x }]", NULL },
		{ "{}", "c.yaml:1: `ignore` is a list" },
		{ "x", "`ignore` is a list" },
		{ "[x]", "is a mapping" },
		{ "[{ reason: x }]", "which rule (or id)" },
		{ "[{ rule: key.private }]", "give the reason" },
		{ "[{ rule: key.privat, reason: x }]", "the nearest is key.private" },
		{ "\n\n- { rule: key.private, reason: x, until: soon }",
			"c.yaml:3: until: 'soon'" },
		{ "[{ rule: key.private, reason: x, until: 2027-02-29 }]", "is not a date" },
		{ "[{ rule: key.private, reason: x, till: 2027-02-28 }]", "unknown key 'till'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct pqm_gate g;
		struct pqm_err err = { 0 };
		enum pqm_st st = config(&g, table[i].text, &err);

		if (st != (table[i].words == NULL ? PQM_OK : PQM_EUSAGE) ||
			(table[i].words != NULL && strstr(err.msg, table[i].words) == NULL))
			fail_msg("%s: %s", table[i].text, err.msg);
		pqm_gate_fini(&g);
	}
}

static enum pqm_st once(struct pqm_err *err)
{
	struct pqm_gate g;
	enum pqm_st st =
		take(&g, "f", PQM_LIT("# pqmap:ignore key.private,cert.x509 reason=x\n"), err);

	pqm_gate_fini(&g);
	return st;
}

static void lack_of_memory_is_said(void **state)
{
	(void)state;
	unit_out_of_memory(100, once);
	pqm_arena_fini(&seen.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_comment_is_read_or_its_fault_is_told),
		cmocka_unit_test(prose_has_no_faults),
		cmocka_unit_test(a_comment_covers_its_line_and_alone_the_next),
		cmocka_unit_test(an_annotation_is_for_its_object),
		cmocka_unit_test(what_is_set_aside_covers_nothing_and_is_no_fault),
		cmocka_unit_test(many_comments_have_an_end),
		cmocka_unit_test(settings_that_cannot_count_are_errors),
		cmocka_unit_test(lack_of_memory_is_said),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
