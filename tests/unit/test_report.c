#include "unit.h"

#include "base/limits.h"
#include "parse/json.h"
#include "report/load.h"
#include "report/tally.h"
#include "report/view_text.h"
#include "report/ways.h"
#include "sample_report.h"

extern const struct pqm_writer pqm_rep_csv, pqm_rep_json, pqm_rep_table, pqm_rep_html, pqm_rep_cbom,
	pqm_rep_dot;

static const struct pqm_writer *const writers[] = { &pqm_rep_csv, &pqm_rep_json, &pqm_rep_table,
	&pqm_rep_html, &pqm_rep_cbom, &pqm_rep_dot };

#define N_WRITERS (sizeof(writers) / sizeof(writers[0]))

/* Writes into out->buf; NUL-terminated. */
static void write_to(struct pqm_out *out, const struct pqm_writer *w, const struct pqm_report *r)
{
	struct pqm_err err = { 0 };

	pqm_out_memory(out, (size_t)64 << 20);
	if (w->write(r, out, &err) != PQM_OK)
		fail_msg("%s: %s", w->name, err.msg);
	assert_int_equal(out->errnum, 0);
	pqm_out_bytes(out, (pqm_bytes){ (const uint8_t *)"", 1 });
}

static const char *text_of(const struct pqm_out *out)
{
	return (const char *)out->buf.p;
}

static size_t count_of(const char *hay, const char *needle)
{
	size_t n = 0;

	for (const char *p = hay; (p = strstr(p, needle)) != NULL; p += strlen(needle))
		n++;
	return n;
}

static void every_writer_defuses_hostile_text(void **state)
{
	struct sample s;

	(void)state;
	sample_init(&s, 40, true);
	for (size_t i = 0; i < N_WRITERS; i++) {
		struct pqm_out out;

		write_to(&out, writers[i], &s.report);
		for (size_t k = 0; k + 1 < out.buf.n; k++) {
			uint8_t c = out.buf.p[k];

			if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f ||
				c == 0xff)
				fail_msg("%s: byte %02x at %zu", writers[i]->name, c, k);
		}
		assert_null(strstr(text_of(&out), "\xe2\x80\xae"));
		if (writers[i] == &pqm_rep_html) {
			assert_null(strstr(text_of(&out), "<script>alert"));
			assert_null(strstr(text_of(&out), "\"'&\\x01"));
			assert_non_null(strstr(text_of(&out), "&lt;script&gt;alert(1)"));
		}
		pqm_out_abort(&out);
	}
	sample_fini(&s);
}

static void every_writer_is_stable_to_the_byte(void **state)
{
	struct sample s, t;

	(void)state;
	sample_init(&s, 40, true);
	sample_init(&t, 40, true);
	for (size_t i = 0; i < N_WRITERS; i++) {
		struct pqm_out a, b;

		write_to(&a, writers[i], &s.report);
		write_to(&b, writers[i], &t.report);
		assert_int_equal(a.buf.n, b.buf.n);
		assert_memory_equal(a.buf.p, b.buf.p, a.buf.n);
		pqm_out_abort(&a);
		pqm_out_abort(&b);
	}
	sample_fini(&s);
	sample_fini(&t);
}

static void csv_is_one_sorted_row_an_occurrence(void **state)
{
	static const char head[] = "target,path,offset,object,meaning,function,family,algorithm,"
				   "parameter,quantum,evidence,rule,id\r\n";
	struct pqm_tally t;
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 40, true);
	s.inv.findings[1].occs[0].path = PQM_LIT("=HYPERLINK(1)");
	pqm_tally(&t, &s.inv);
	write_to(&out, &pqm_rep_csv, &s.report);
	assert_memory_equal(out.buf.p, head, sizeof(head) - 1);
	assert_int_equal(count_of(text_of(&out), "\r\n"), t.places + 1);
	assert_non_null(strstr(text_of(&out), ",'=HYPERLINK(1),"));
	assert_non_null(strstr(text_of(&out),
		",41:19,edge/ConfigMap/nginx#data.ssl-ecdh-curve,config,"
		"kex,X25519,X25519,,broken,parsed,k8s.ingress-curve,"));
	assert_non_null(strstr(text_of(&out), ",absent,sig,RSA,RSA,2048,broken,parsed+default,"));
	pqm_out_abort(&out);
	s.report.expand_stores = true;
	write_to(&out, &pqm_rep_csv, &s.report);
	assert_int_equal(count_of(text_of(&out), "\r\n"), t.places + 3);
	pqm_out_abort(&out);
	sample_fini(&s);
}

/* What Graphviz takes for a string or for its own words [Graphviz, The DOT language]. */
static void check_dot(const char *text)
{
	bool inside = false;

	for (const char *p = text; *p != '\0'; p++) {
		if (inside && *p == '\\') {
			p++;
			if (*p == '\0' || strchr("n\"\\", *p) == NULL)
				fail_msg("\\%c in a string", *p);
		} else if (*p == '"') {
			inside = !inside;
		} else if (inside && *p == '&') {
			assert_memory_equal(p, "&amp;", 5);
		} else if (!inside && strchr("\n\t =->;,[]{}.0123456789_", *p) == NULL &&
			(*p < 'A' || *p > 'z')) {
			fail_msg("%c outside of strings", *p);
		}
	}
	assert_false(inside);
}

static void dot_quotes_whatever_a_name_holds(void **state)
{
	static const char *const bad[] = { "\"", "\\", "a\\", "\\\"", "\"]; evil [label=\"",
		"\\N\\G", "&quot;&#34;", "x\n}\ndigraph y {", "<b>html</b>", "\xff\xfe", "",
		"a\\\\\"b" };
	struct pqm_out out;
	struct sample s;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sample_init(&s, 10, true);
		for (size_t k = 0; k < s.graph.n_nodes; k++)
			s.graph.nodes[k].name = s.graph.nodes[k].kind = s.graph.nodes[k].ns =
				s.graph.nodes[k].id = s.graph.nodes[k].ai_class = pqm_str(bad[i]);
		for (size_t k = 0; k < s.graph.n_edges; k++)
			s.graph.edges[k].rel = s.graph.edges[k].ref = s.graph.edges[k].path =
				pqm_str(bad[i]);
		for (size_t k = 0; k < s.graph.n_assets; k++)
			s.graph.assets[k].hops[0].label = pqm_str(bad[i]);
		write_to(&out, &pqm_rep_dot, &s.report);
		check_dot(text_of(&out));
		assert_int_equal(count_of(text_of(&out), "digraph "),
			1 +
				count_of(bad[i], "digraph ") *
					count_of(text_of(&out), "\\\\x0adigraph "));
		pqm_out_abort(&out);
		sample_fini(&s);
	}
}

static void dot_shows_ghosts_verdicts_and_the_deciding_path(void **state)
{
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 10, true);
	s.graph.edges[0].rel = PQM_LIT("carried-by");
	s.graph.edges[0].from = 0;
	s.graph.edges[0].to = (uint32_t)SAMPLE_N_ASSETS;
	write_to(&out, &pqm_rep_dot, &s.report);
	const char *text = text_of(&out);

	assert_int_equal(count_of(text, "style=\"filled,dashed\""), 1);
	assert_non_null(strstr(text, "not among the documents\", tooltip="));
	assert_non_null(strstr(text,
		"n6 -> n0 [label=\"carried-by\", "
		"edgetooltip=\"spec.volumes[0], train.yaml:20\", "
		"penwidth=2.5, dir=back];"));
	assert_non_null(strstr(text,
		"presents\\nclassical (decides)\\ningress "
		"data.clinic.example: X25519 only\\nclassical (decides)"));
	assert_null(strstr(text, "Cut:"));
	pqm_out_abort(&out);
	sample_fini(&s);
}

static void html_draws_hops_ghosts_and_the_deciding_path(void **state)
{
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 10, true);
	s.graph.edges[0] = (struct pqm_edge){ .from = 0,
		.to = (uint32_t)SAMPLE_N_ASSETS,
		.rel = PQM_LIT("carried-by"),
		.ref = PQM_LIT("spec.volumes[0]"),
		.path = PQM_LIT("train.yaml"),
		.line = 20 };
	write_to(&out, &pqm_rep_html, &s.report);
	const char *svg = strstr(text_of(&out), "<svg class=\"graph\"");

	assert_non_null(svg);
	assert_non_null(strstr(svg,
		"<g class=\"lk bad lit\"><title>presents; classical: ingress "
		"data.clinic.example: X25519 only, terminated by ingress-nginx; by "
		"spec.tls[0].secretName, edge.yaml:12</title>"));
	/* The asset stands left, its deciding path in one row from there. */
	assert_non_null(strstr(svg,
		"<g class=\"nd lit as\"><title>clinical-ai/phi-train</title><rect "
		"x=\"1.0\" y=\"10.0\""));
	assert_non_null(strstr(svg, "llama-clinic</title><rect x=\"261.0\" y=\"10.0\""));
	assert_non_null(strstr(svg, "Ingress/data</title><rect x=\"521.0\" y=\"10.0\""));
	assert_non_null(strstr(svg, "class=\"nd ghost lit\""));
	assert_non_null(strstr(svg, ">not among the documents</text>"));
	assert_non_null(strstr(svg, "text-anchor=\"middle\">classical</text>"));
	assert_null(strstr(svg, "nan"));
	pqm_out_abort(&out);
	sample_fini(&s);
}

/* Steps by node; the arrow is the edge's own direction. */
static void check_way(struct pqm_ways *w, const struct pqm_asset *a, const struct pqm_hop *h,
	const uint32_t *want, size_t n_want)
{
	struct pqm_way_step steps[PQM_WAY_STEPS];
	size_t n = pqm_way_to_hop(w, steps, a, h);

	assert_int_equal(n, n_want);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(steps[i].node, want[i]);
}

static void a_way_follows_content_and_names_its_references(void **state)
{
	/* 0 asset, 1 and 4 workloads, 2 image of both, 3 service of 1, 5 edge, 6 far host */
	static const struct {
		uint32_t from, to;
		const char *rel;
	} edges[] = { { 0, 1, "carried-by" }, { 1, 2, "runs" }, { 4, 2, "runs" },
		{ 3, 1, "serves" }, { 5, 3, "routes" }, { 4, 6, "talks-to" } };
	struct pqm_node nodes[7] = { 0 };
	struct pqm_edge e[6] = { 0 };
	struct pqm_graph g = { .nodes = nodes, .n_nodes = 7, .edges = e, .n_edges = 6 };
	struct pqm_asset a = { .node = 0 };
	struct pqm_err err = { 0 };
	struct pqm_arena arena;
	struct pqm_ways w;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		e[i] = (struct pqm_edge){ .from = edges[i].from,
			.to = edges[i].to,
			.rel = pqm_str(edges[i].rel),
			.ref = PQM_LIT("spec"),
			.path = PQM_LIT("a.yaml"),
			.line = 1 };
	pqm_arena_init(&arena, 1 << 20);
	assert_int_equal(pqm_ways_init(&w, &g, &arena, &err), PQM_OK);
	check_way(&w, &a, NULL, (const uint32_t[]){ 0 }, 1);
	check_way(&w, &a, &(struct pqm_hop){ .from = 1, .to = 1 }, (const uint32_t[]){ 0, 1 }, 2);
	check_way(&w, &a, &(struct pqm_hop){ .from = 3, .to = 5 }, (const uint32_t[]){ 0, 1, 3, 5 },
		4);
	/* Through the far end of the hop: not shown twice. */
	check_way(
		&w, &a, &(struct pqm_hop){ .from = 3, .to = 1 }, (const uint32_t[]){ 0, 1, 3 }, 3);
	/* A shared image is a way only where there is no other. */
	check_way(&w, &a, &(struct pqm_hop){ .from = 4, .to = 6 },
		(const uint32_t[]){ 0, 1, 2, 4, 6 }, 5);
	check_way(&w, &a, &(struct pqm_hop){ .from = UINT32_MAX, .to = UINT32_MAX },
		(const uint32_t[]){ 0 }, 1);
	assert_int_equal(pqm_ways_edge(&w, 1, 3), 3);
	assert_int_equal(pqm_ways_edge(&w, 1, 6), PQM_WAY_NONE);
	a.node = UINT32_MAX;
	check_way(&w, &a, NULL, NULL, 0);
	pqm_arena_fini(&arena);
}

/* A workload with more neighbours than a drawing takes. */
static void dot_says_what_it_cut(void **state)
{
	size_t n = PQM_DOT_NODES + 50, first;
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 10, true);
	first = s.graph.n_nodes;
	struct pqm_node *nodes = pqm_new(&s.graph.arena, struct pqm_node, first + n);
	struct pqm_edge *edges = pqm_new(&s.graph.arena, struct pqm_edge, n);

	memcpy(nodes, s.graph.nodes, first * sizeof(*nodes));
	for (size_t i = 0; i < n; i++) {
		nodes[first + i] = (struct pqm_node){ .type = PQM_NODE_SECRET,
			.id = pqm_arena_f(&s.graph.arena, "ns/Secret/s%zu", i),
			.kind = PQM_LIT("Secret") };
		edges[i] = (struct pqm_edge){ .from = 0,
			.to = (uint32_t)(first + i),
			.rel = PQM_LIT("mounts"),
			.ref = PQM_LIT("spec.volumes[0]"),
			.path = PQM_LIT("a.yaml"),
			.line = 1 };
	}
	s.graph.nodes = nodes;
	s.graph.edges = edges;
	s.graph.n_edges = n;
	s.graph.n_nodes = first + n - 1; /* the last one stands alone */
	s.graph.n_edges = n - 2;
	write_to(&out, &pqm_rep_dot, &s.report);
	assert_int_equal(
		count_of(text_of(&out), "tooltip=\"") - count_of(text_of(&out), "edgetooltip=\""),
		PQM_DOT_NODES);
	assert_non_null(strstr(text_of(&out), "\\nCut: 200 of 255 objects are drawn"));
	assert_non_null(strstr(text_of(&out), "\\n3 objects without a way to an AI asset"));
	pqm_out_abort(&out);
	sample_fini(&s);
}

static void places_are_in_order(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_arena arena;
	struct pqm_place *p;
	struct sample s;
	size_t n;

	(void)state;
	sample_init(&s, 200, false);
	pqm_arena_init(&arena, PQM_RUN_ARENA_BYTES);
	assert_int_equal(pqm_places(&p, &n, &s.inv, true, &arena, &err), PQM_OK);
	for (size_t i = 1; i < n; i++) {
		assert_true(p[i - 1].o->target <= p[i].o->target);
		if (p[i - 1].o->target == p[i].o->target)
			assert_true(pqm_cmp(p[i - 1].path, p[i].path) <= 0);
	}
	pqm_arena_fini(&arena);
	sample_fini(&s);
}

static void tally_and_causes_add_up(void **state)
{
	uint64_t findings = 0, places = 0, sum = 0;
	struct pqm_err err = { 0 };
	struct pqm_arena arena;
	struct pqm_cause *c;
	struct pqm_tally t;
	struct sample s;
	size_t n;

	(void)state;
	sample_init(&s, 500, false);
	pqm_arena_init(&arena, PQM_RUN_ARENA_BYTES);
	pqm_tally(&t, &s.inv);
	assert_int_equal(t.total + t.folded, s.inv.n_findings);
	for (size_t m = 0; m < PQM_N_MEANINGS; m++)
		for (size_t q = 0; q < PQM_N_QUANTA; q++)
			sum += t.found[m][q];
	assert_int_equal(sum, t.total);
	assert_int_equal(pqm_causes(&c, &n, &s.inv, &arena, &err), PQM_OK);
	for (size_t i = 0; i < n; i++) {
		findings += c[i].n_findings;
		places += c[i].n_places;
	}
	assert_int_equal(findings, t.total);
	assert_int_equal(places, t.places);
	assert_int_equal(c[0].first->quantum, PQM_Q_BROKEN);
	assert_int_equal(c[n - 1].first->quantum, PQM_Q_SAFE);
	pqm_arena_fini(&arena);
	sample_fini(&s);
}

static void coverage_reasons_sum_to_what_was_not_read(void **state)
{
	static const struct pqm_coverage cases[] = {
		{ .seen = 10, .read = 10 },
		{ .seen = 10, .read = 4, .unreadable = 1, .symlinks = 2, .fifos = 3 },
		{ .seen = 10, .read = 4, .devices = 1 }, /* a reason is missing */
		{ .seen = 0, .read = 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pqm_unread why[PQM_UNREAD_MAX];
		uint64_t total, sum = 0;
		size_t n = pqm_unread(why, &total, &cases[i]);

		for (size_t k = 0; k < n; k++)
			sum += why[k].n;
		assert_int_equal(total, cases[i].seen - cases[i].read);
		assert_int_equal(sum, total);
	}
}

static void table_shows_assets_then_unassigned_and_no_colour_unasked(void **state)
{
	const char *ai, *other, *text;
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 40, true);
	write_to(&out, &pqm_rep_table, &s.report);
	text = text_of(&out);
	ai = strstr(text, "Edge model signing key");
	other = strstr(text, "everything else in /usr/bin");
	assert_true(ai != NULL && other != NULL && ai < other);
	assert_non_null(strstr(text, "49 % [24-74]"));
	assert_non_null(strstr(text, "broken today"));
	assert_non_null(strstr(text, "9,812 seen = 9,790 read"));
	assert_non_null(strstr(text, "+ 22 not (12 unreadable, 6 over a limit, 4 symbolic links)"));
	assert_null(strchr(text, '\033'));
	pqm_out_abort(&out);
	s.report.color = true;
	write_to(&out, &pqm_rep_table, &s.report);
	assert_non_null(strstr(text_of(&out), "\033[31mAct\033[0m"));
	pqm_out_abort(&out);
	sample_fini(&s);
}

static void empty_sample(struct sample *s)
{
	sample_init(s, 18, false);
	s->graph.n_assets = s->graph.n_edges = s->graph.n_nodes = s->graph.n_unresolved = 0;
	s->assessment.n_assets = s->assessment.n_assumptions = s->assessment.n_curve = 0;
	s->plan.n_tasks = s->plan.n_goals = s->plan.n_deadlines = s->plan.n_residual = 0;
	s->inv.n_findings = s->inv.n_stores = s->inv.n_regimes = s->inv.n_objects = 0;
	s->inv.coverage = (struct pqm_coverage){ 0 };
}

static void nothing_found_is_never_called_clean(void **state)
{
	struct sample s;

	(void)state;
	empty_sample(&s);
	for (size_t i = 0; i < N_WRITERS; i++) {
		struct pqm_out out;

		write_to(&out, writers[i], &s.report);
		assert_null(strstr(text_of(&out), "is clean"));
		if (writers[i] == &pqm_rep_html)
			assert_non_null(
				strstr(text_of(&out), "Nothing was read, so nothing can be said."));
		if (writers[i] == &pqm_rep_table)
			assert_non_null(strstr(text_of(&out), "see coverage"));
		pqm_out_abort(&out);
	}
	sample_fini(&s);
}

static void html_is_one_file_that_loads_nothing(void **state)
{
	static const char *const never[] = { " src=", "<link", "url(", "@import", "http://",
		"https://", "javascript:", " style=", " onclick=", "nan", "inf\"", "-0.0" };
	static const char *const always[] = { "<!doctype html>", "<html lang=\"en\">",
		"default-src 'none'", "style-src 'sha256-", "<main id=\"main\">",
		"<nav aria-label=", "role=\"img\"", "scope=\"col\"",
		"Two AI assets have at least a 2-in-5 chance",
		"QRV:1.0/AD:2026.9/U:K/A:E256/D:F/X:30/Y:3/W:2/E:I/C:N/I:5", "373 M USD" };
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 40, true);
	write_to(&out, &pqm_rep_html, &s.report);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (strstr(text_of(&out), never[i]) != NULL)
			fail_msg("the page holds '%s': %.60s", never[i],
				strstr(text_of(&out), never[i]));
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (strstr(text_of(&out), always[i]) == NULL)
			fail_msg("the page lacks '%s'", always[i]);
	assert_int_equal(count_of(text_of(&out), "<h1>"), 1);
	assert_int_equal(
		count_of(text_of(&out), "<details"), count_of(text_of(&out), "</details>"));
	assert_int_equal(
		count_of(text_of(&out), "<section"), count_of(text_of(&out), "</section>"));
	pqm_out_abort(&out);
	sample_fini(&s);
}

/* The amounts behind a row's name, in the order of the columns; "M" alone. */
static void check_row(const char *text, const char *row, const double want[3])
{
	const char *at = strstr(text, row);

	assert_non_null(at);
	for (size_t i = 0; i < 3; i++) {
		char cell[400];

		(void)snprintf(cell, sizeof(cell), "\">%.0f M</td>", want[i] / 1e6);
		at = strstr(at, cell);
		if (at == NULL)
			fail_msg("'%s' lacks %s", row, cell);
	}
}

static void board_adds_up_and_names_the_risks_that_stay(void **state)
{
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 40, true);
	const struct pqm_money *m = &s.assessment.total[PQM_CENTRAL];

	write_to(&out, &pqm_rep_html, &s.report);
	check_row(text_of(&out), "<tfoot><tr><th scope=\"row\">Together",
		(const double[]){ m->expected, m->sunk, m->avoidable });
	assert_true(fabs(m->expected - m->sunk - m->avoidable) < 1);
	assert_non_null(strstr(text_of(&out), "<h2 id=\"loss\">How much could be lost</h2>"));
	assert_non_null(strstr(text_of(&out), ">69 %: 316 M or more</text>"));
	const char *stays = strstr(text_of(&out), "<h2 id=\"stays\">");

	assert_non_null(stays);
	assert_non_null(strstr(stays, "already sent: 69 % chance"));
	assert_non_null(strstr(stays, "no root programme takes ML-DSA before Q3 2027"));
	assert_true(strstr(stays, "class=\"blank\"") < strstr(stays, "<h2 id=\"assets\">"));
	pqm_out_abort(&out);
	sample_fini(&s);
	sample_init(&s, 40, false);
	write_to(&out, &pqm_rep_html, &s.report);
	assert_null(strstr(text_of(&out), "<h2 id=\"loss\">"));
	assert_null(strstr(text_of(&out), "<h2 id=\"cost\">"));
	pqm_out_abort(&out);
	sample_fini(&s);
}

/* More points than one text may hold. */
static void long_curves_are_drawn_to_their_end(void **state)
{
	enum { N = 900 };
	struct pqm_loss_point points[N];
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 18, true);
	for (size_t i = 0; i < N; i++)
		points[i] =
			(struct pqm_loss_point){ 1e6 * (double)(i + 1), .8 - .7 * (double)i / N };
	s.assessment.loss_curve = points;
	s.assessment.n_loss = N;
	write_to(&out, &pqm_rep_html, &s.report);
	const char *loss = strstr(text_of(&out), "<h2 id=\"loss\">");

	assert_non_null(loss);
	loss = strstr(loss, "<polyline class=\"curve\" points=\"");
	assert_non_null(loss);
	assert_non_null(strstr(loss, " 417.8,164.0 \"/>"));
	pqm_out_abort(&out);
	sample_fini(&s);
}

static void nothing_shown_is_not_nothing_at_risk(void **state)
{
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 18, true);
	for (size_t i = 0; i < s.graph.n_assets; i++)
		s.graph.assets[i].hops[0].confidence = PQM_C_LOW;
	write_to(&out, &pqm_rep_html, &s.report);
	assert_non_null(strstr(text_of(&out),
		"<h1>No AI asset is shown to be at risk; for four, nothing that was read shows "
		"what protects them.</h1>"));
	pqm_out_abort(&out);
	sample_fini(&s);
}

static void plan_has_lanes_and_cards_show_what_was_measured(void **state)
{
	const struct pqm_perf_line line = { .what = PQM_LIT("CPU at the server"),
		.unit = PQM_LIT("µs"),
		.per = PQM_LIT("handshake"),
		.value = 12.4,
		.rows = PQM_LIT("x25519mlkem768.encaps"),
		.formula = PQM_LIT("12.4 = a - b"),
		.basis = PQM_LIT("reference profile") };
	const struct pqm_rotation turn = { PQM_LIT("clinical-ai/ckpt"), 'W', INT64_MAX, PQM_LIT(""),
		4, 2038.25, 7.5, 365 };
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 18, true);
	struct pqm_task *t = &s.plan.tasks[3];

	t->lane = PQM_LIT("keys");
	t->performance = &line;
	t->n_performance = 1;
	t->rotations = &turn;
	t->n_rotations = 1;
	t->every_months = 3;
	t->next = INT64_MIN;
	write_to(&out, &pqm_rep_html, &s.report);
	const char *text = text_of(&out);

	assert_true(strstr(text, ">Open today</text>") < strstr(text, ">Phase 1"));
	assert_true(strstr(text, ">Phase 5") < strstr(text, ">Key management, all along</text>"));
	assert_non_null(strstr(text, "days · key management · by "));
	assert_non_null(strstr(text, "<td class=\"num\">12.4 µs per handshake</td>"));
	assert_non_null(strstr(text,
		"<b>clinical-ai/ckpt</b>: every 365 days at most; even odds in 2038, 7.5 years "
		"left"));
	assert_non_null(strstr(text, "<dt>Again</dt><dd>every 3 months</dd>"));
	pqm_out_abort(&out);
	sample_fini(&s);
}

/* Worst asset, why, where, and what to do, before the first drawing. */
static void first_screen_names_the_worst_asset_and_the_first_step(void **state)
{
	static const char *const in_order[] = { "<h1>Two AI assets have at least a 2-in-5 chance",
		">Worst asset</h2>", ">Patient records in training bucket</a>", "<b>69 %</b>",
		"ingress data.clinic.example: X25519 only.", "must stay secret until 2059",
		"<code>edge/ingress-config.yaml:41</code>", ">Do this first</h2>",
		">Assign owners and lives</a>", "+ ssl-ecdh-curve: X25519MLKEM768:X25519",
		"pqmap probe data.clinic.example --expect hybrid-offered",
		"Expected loss with this plan</dt>", "<h2 id=\"arrival\">" };
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 40, true);
	write_to(&out, &pqm_rep_html, &s.report);
	const char *at = text_of(&out);

	for (size_t i = 0; i < sizeof(in_order) / sizeof(in_order[0]); i++) {
		const char *next = strstr(at, in_order[i]);

		if (next == NULL)
			fail_msg("after '%s' the page lacks '%s'", i > 0 ? in_order[i - 1] : "",
				in_order[i]);
		at = next;
	}
	pqm_out_abort(&out);
	sample_fini(&s);
}

static void a_cut_name_keeps_its_end(void **state)
{
	static const struct {
		const char *text, *cut;
		size_t width;
	} cases[] = { { "short", "short", 10 },
		{ "Find out which one in pgvector", "Find out which …pgvector", 24 },
		{ "abcdefghijklmnopqrstuvwxyz", "abcdefg…wxyz", 12 },
		{ "ééééééééééééééé-é1", "ééééé…é1", 8 } };
	struct pqm_arena a;

	(void)state;
	pqm_arena_init(&a, 1 << 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pqm_bytes cut = pqm_text_middle(&a, pqm_str(cases[i].text), cases[i].width);

		if (!pqm_eqs(cut, cases[i].cut))
			fail_msg("'%s' is cut to '%.*s'", cases[i].text, PQM_FMT(cut));
		assert_true(pqm_text_width(cut) <= cases[i].width);
	}
	pqm_arena_fini(&a);
}

/* A check that can be typed stands alone; what it has to show, and prose, never look like it. */
static void first_check_is_a_command(void **state)
{
	static const struct {
		const char *verify, *shown;
	} cases[] = { { "look at it\nwg show has a recent handshake",
			      "<pre class=\"cmd\">wg show</pre></div>\n<p class=\"expect\">It has "
			      "a recent" },
		{ "curl http://a/ fails",
			"<pre class=\"cmd\">curl http://a/</pre></div>\n<p class=\"expect\">It "
			"fails<" },
		{ "pqmap scan again: it is gone",
			"Then check</p>\n<p class=\"expect\">pqmap scan again" },
		{ "the alert fires", "Then check</p>\n<p class=\"expect\">the alert fires<" } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pqm_out out;
		struct sample s;

		sample_init(&s, 18, true);
		s.plan.tasks[0].verify = pqm_str(cases[i].verify);
		write_to(&out, &pqm_rep_html, &s.report);
		if (strstr(text_of(&out), cases[i].shown) == NULL)
			fail_msg("the page lacks '%s'", cases[i].shown);
		pqm_out_abort(&out);
		sample_fini(&s);
	}
}

static void page_says_what_phases_buy_and_flips_in_words(void **state)
{
	static const struct pqm_loss_point slow[] = { { 1e6, .5 }, { 3e6, .1 } },
					   fast[] = { { 2e6, .9 }, { 9e6, .2 } };
	const struct pqm_flip flip = { PQM_LIT("life"), PQM_LIT("30"), PQM_LIT("12"), PQM_ATTEND, 1,
		PQM_LIT("Act becomes Attend if life is 12") };
	static const char *const shown[] = { "Attend if it had to hold for 12 years instead of 30",
		"<th scope=\"row\">3. secure training pipelines</th><td class=\"num\">7</td><td "
		"class=\"num\">2–9</td>",
		"<td class=\"num\">50 M</td><td class=\"num strong\">77 M</td>",
		"Band: from slow to fast",
		"do nothing for 10 years: ", "whole plan: ", "Measured: at most 2 % over." };
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 18, true);
	s.assessment.assets[0].flips = &flip;
	s.assessment.assets[0].n_flips = 1;
	s.assessment.loss_curves[PQM_SLOW] = slow;
	s.assessment.loss_curves[PQM_FAST] = fast;
	s.assessment.n_losses[PQM_SLOW] = s.assessment.n_losses[PQM_FAST] = 2;
	s.plan.optimality = PQM_LIT("at most 2 % over");
	s.plan.phases[2] = (struct pqm_stage){ .name = PQM_LIT("secure training pipelines"),
		.n_tasks = 7,
		.effort_lo = 2,
		.effort_hi = 9,
		.finish = 20000,
		.left = 77e6,
		.avoided = 50e6 };
	write_to(&out, &pqm_rep_html, &s.report);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (strstr(text_of(&out), shown[i]) == NULL)
			fail_msg("the page lacks '%s'", shown[i]);
	pqm_out_abort(&out);
	sample_fini(&s);
}

static void headline_rests_on_no_asset_without_evidence(void **state)
{
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 40, true);
	s.graph.assets[0].hops[0].confidence = PQM_C_LOW;
	write_to(&out, &pqm_rep_html, &s.report);
	assert_non_null(strstr(text_of(&out),
		"<h1>Two AI assets have at least a 2-in-5 chance of being read or forged while "
		"they still matter, one of them by assumption."));
	assert_non_null(strstr(text_of(&out),
		"For one of the assets, nothing that was read shows what protects it: its risk is "
		"an assumption."));
	const char *worst = strstr(text_of(&out), ">Worst asset</h2>");

	assert_non_null(worst);
	assert_true(strstr(worst, ">Edge model signing key</a>") <
		strstr(worst, ">Patient records in training bucket</a>"));
	pqm_out_abort(&out);
	sample_fini(&s);
}

static void page_holds_every_finding_of_many(void **state)
{
	struct pqm_out out;
	struct sample s;
	struct pqm_tally t;

	(void)state;
	sample_init(&s, 2000, true);
	pqm_tally(&t, &s.inv);
	write_to(&out, &pqm_rep_html, &s.report);
	assert_int_equal(count_of(text_of(&out), "\n<li id=f"), t.total);
	assert_non_null(strstr(text_of(&out), "<div id=\"causes\" class=\"long\">"));
	pqm_out_abort(&out);
	sample_fini(&s);
}

static void broken_templates_are_the_users_mistake(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_out out;
	struct sample s;

	(void)state;
	sample_init(&s, 18, true);
	s.report.templates = "/nonexistent/templates";
	pqm_out_memory(&out, (size_t)1 << 20);
	assert_int_equal(pqm_rep_html.write(&s.report, &out, &err), PQM_EUSAGE);
	assert_non_null(strstr(err.msg, "/nonexistent/templates/report.html"));
	pqm_out_abort(&out);
	sample_fini(&s);
}

static const struct pqm_json *find_component(const struct pqm_json *bom, const char *name)
{
	const struct pqm_json *c = pqm_json_first(pqm_json_get(bom, "components"));

	while (c != NULL && !pqm_eqs(pqm_json_str(c, "name"), name))
		c = pqm_json_next(c);
	return c;
}

static void bom_names_algorithms_and_never_key_values(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_json *bom = NULL;
	const struct pqm_json *alg;
	struct pqm_out out;
	struct sample s;
	uint64_t level = 99;

	(void)state;
	sample_init(&s, 40, true);
	write_to(&out, &pqm_rep_cbom, &s.report);
	out.buf.n--;
	assert_int_equal(
		pqm_json_parse(&bom, pqm_buf_bytes(&out.buf), (size_t)64 << 20, &err), PQM_OK);
	assert_true(pqm_eqs(pqm_json_str(bom, "specVersion"), "1.6"));
	alg = find_component(bom, "EC P-256");
	alg = pqm_json_get(pqm_json_get(alg, "cryptoProperties"), "algorithmProperties");
	assert_true(pqm_json_get_u64(alg, "nistQuantumSecurityLevel", &level));
	assert_int_equal(level, 0);
	alg = find_component(bom, "X25519+ML-KEM-768");
	alg = pqm_json_get(pqm_json_get(alg, "cryptoProperties"), "algorithmProperties");
	assert_true(pqm_eqs(pqm_json_str(alg, "primitive"), "combiner"));
	pqm_json_free(bom);
	pqm_out_abort(&out);
	sample_fini(&s);
}

static void saved_and_loaded_the_page_is_the_same(void **state)
{
	struct pqm_out json, page, again, json2;
	struct pqm_err err = { 0 };
	static uint8_t noise[9000]; /* a path over the limit of a text, half of it not text */
	struct sample s, t;

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = i % 3 == 0 ? 0xff : 'a';
	sample_init(&s, 60, true);
	s.inv.findings[2].occs[0].path = (pqm_bytes){ noise, sizeof(noise) };
	s.inv.findings[4].occs[0].path = (pqm_bytes){ noise, PQM_TEXT_BYTES - 1 };
	write_to(&json, &pqm_rep_json, &s.report);
	write_to(&page, &pqm_rep_html, &s.report);
	sample_init(&t, 18, true);
	pqm_inventory_fini(&t.inv);
	pqm_inventory_init(&t.inv);
	json.buf.n--;
	if (pqm_inventory_load_text(&t.inv, pqm_buf_bytes(&json.buf), "a.json", &err) != PQM_OK)
		fail_msg("%s", err.msg);
	/* Graph, scores and plan are recomputed by others: here they stay those of s. */
	t.report = s.report;
	t.report.inv = &t.inv;
	write_to(&json2, &pqm_rep_json, &t.report);
	write_to(&again, &pqm_rep_html, &t.report);
	assert_int_equal(json.buf.n + 1, json2.buf.n);
	assert_memory_equal(json.buf.p, json2.buf.p, json.buf.n);
	assert_int_equal(page.buf.n, again.buf.n);
	assert_memory_equal(page.buf.p, again.buf.p, page.buf.n);
	pqm_out_abort(&json);
	pqm_out_abort(&json2);
	pqm_out_abort(&page);
	pqm_out_abort(&again);
	sample_fini(&t);
	sample_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_writer_defuses_hostile_text),
		cmocka_unit_test(every_writer_is_stable_to_the_byte),
		cmocka_unit_test(csv_is_one_sorted_row_an_occurrence),
		cmocka_unit_test(dot_quotes_whatever_a_name_holds),
		cmocka_unit_test(dot_shows_ghosts_verdicts_and_the_deciding_path),
		cmocka_unit_test(dot_says_what_it_cut),
		cmocka_unit_test(html_draws_hops_ghosts_and_the_deciding_path),
		cmocka_unit_test(a_way_follows_content_and_names_its_references),
		cmocka_unit_test(places_are_in_order),
		cmocka_unit_test(tally_and_causes_add_up),
		cmocka_unit_test(coverage_reasons_sum_to_what_was_not_read),
		cmocka_unit_test(table_shows_assets_then_unassigned_and_no_colour_unasked),
		cmocka_unit_test(nothing_found_is_never_called_clean),
		cmocka_unit_test(html_is_one_file_that_loads_nothing),
		cmocka_unit_test(board_adds_up_and_names_the_risks_that_stay),
		cmocka_unit_test(plan_has_lanes_and_cards_show_what_was_measured),
		cmocka_unit_test(long_curves_are_drawn_to_their_end),
		cmocka_unit_test(nothing_shown_is_not_nothing_at_risk),
		cmocka_unit_test(first_screen_names_the_worst_asset_and_the_first_step),
		cmocka_unit_test(a_cut_name_keeps_its_end),
		cmocka_unit_test(first_check_is_a_command),
		cmocka_unit_test(page_says_what_phases_buy_and_flips_in_words),
		cmocka_unit_test(headline_rests_on_no_asset_without_evidence),
		cmocka_unit_test(page_holds_every_finding_of_many),
		cmocka_unit_test(broken_templates_are_the_users_mistake),
		cmocka_unit_test(bom_names_algorithms_and_never_key_values),
		cmocka_unit_test(saved_and_loaded_the_page_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
