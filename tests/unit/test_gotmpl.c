#include "unit.h"

#include "parse/gotmpl.h"

static const char values[] =
	"host: a.example\nport: 443\non: true\noff: false\nempty: \"\"\n"
	"tls: { secret: s, min: '1.2' }\nlist: [{ name: one }, { name: two }]\nnone: []\n"
	"text: \"two\\nlines\"\n";

static struct pqm_arena arena;
static struct pqm_buf out;

static const struct pqm_yaml *look(void *ctx, pqm_bytes root, pqm_bytes path)
{
	char key[64];

	if (!pqm_eqs(root, "Values") || path.n == 0 || path.n >= sizeof(key))
		return NULL;
	memcpy(key, path.p, path.n);
	key[path.n] = '\0';
	return pqm_yaml_at(ctx, key);
}

static pqm_bytes fill(const char *text)
{
	const struct pqm_yaml *root = NULL;
	struct pqm_err err;
	struct pqm_gotmpl t = { .look = look, .has_values = true };

	pqm_arena_reset(&arena);
	pqm_buf_fini(&out);
	pqm_buf_init(&out, 1 << 16);
	assert_int_equal(pqm_yaml_one(&root, pqm_str(values), &arena, &err), PQM_OK);
	t.ctx = (void *)(uintptr_t)root;
	assert_int_equal(pqm_gotmpl_read(&out, pqm_str(text), &t, &arena, &err), PQM_OK);
	return pqm_buf_bytes(&out);
}

static void values_stand_where_actions_were(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "host: {{ .Values.host }}", "host: a.example" },
		{ "a: {{ .Values.host }}:{{- .Values.port -}}/", "a: a.example:443/" },
		{ "a: {{ .Values.port | quote }}", "a: \"443\"" },
		{ "a: {{ .Values.nothing | default \"x\" | quote }}", "a: \"x\"" },
		{ "a: {{ default .Values.host .Values.empty }}", "a: a.example" },
		{ "a: {{ printf \"%s-%d\" .Values.host .Values.port }}", "a: a.example-443" },
		{ "a: {{ ternary \"y\" \"n\" .Values.on }}", "a: y" },
		{ "a: {{ (index .Values.tls \"secret\") | upper }}", "a: <upper>" },
		{ "a: {{ include \"x.name\" . }}", "a: <x.name>" },
		{ "a: {{ .Values.unset }}", "a: <Values.unset>" },
		{ "a: {{ .Values.text }}", "a: two lines" },
		{ "a: {{ \"n\" | b64enc }}", "a: bg==" },
		{ "a: {{ .Values.unset | b64enc }}", "a: " },
		{ "a: {{ .Release.Namespace }}", "a: default" },
		{ "{{ $x := .Values.tls }}a: {{ $x.min }}", "a: 1.2" },
		{ "a: {{/* note */}}b", "a: b" },
		{ "a: {{ \"}}\" }}", "a: }}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!pqm_eqs(fill(cases[i].in), cases[i].want))
			fail_msg("%s: %.*s", cases[i].in, PQM_FMT(pqm_buf_bytes(&out)));
}

static void branches_are_those_of_the_values(void **state)
{
	(void)state;
	assert_bytes(fill("{{ if .Values.on }}a{{ else }}b{{ end }}"), "a");
	assert_bytes(fill("{{ if .Values.off }}a{{ else }}b{{ end }}"), "b");
	assert_bytes(fill("{{ if not .Values.off }}a{{ end }}"), "a");
	assert_bytes(fill("{{ if and .Values.on .Values.empty }}a{{ else }}b{{ end }}"), "b");
	assert_bytes(fill("{{ if eq .Values.host \"a.example\" }}a{{ end }}"), "a");
	assert_bytes(
		fill("{{ if .Values.off }}a{{ else if .Values.on }}b{{ else }}c{{ end }}"), "b");
	assert_bytes(fill("{{ if .Capabilities.X }}a{{ else }}b{{ end }}"), "a");
	assert_bytes(
		fill("{{ with .Values.tls }}{{ .secret }}-{{ $.Values.port }}{{ end }}"), "s-443");
	assert_bytes(fill("{{ range .Values.list }}{{ .name }}{{ end }}"), "one");
	assert_bytes(
		fill("{{ range $i, $x := .Values.list }}{{ $i }}{{ $x.name }}{{ end }}"), "0one");
	assert_bytes(fill("{{ range .Values.none }}a{{ else }}b{{ end }}"), "b");
	assert_bytes(fill("{{ define \"x\" }}a{{ if .y }}b{{ end }}{{ end }}c"), "c");
}

static void lines_stay_where_they_are(void **state)
{
	(void)state;
	assert_bytes(fill("a:\n  {{- if .Values.off }}\n  b: 1\n  {{- end }}\nc: {{\n "
			  ".Values.port\n}}\n"),
		"a:\n  \n\n\nc: 443\n\n\n");
	assert_bytes(fill("m:\n{{ toYaml .Values.tls | indent 2 }}\n"),
		"m:\n  <<: {secret: s, min: \"1.2\"}\n");
	assert_bytes(fill("m: {{- toYaml .Values.tls | nindent 2 }}\n"),
		"m: {secret: s, min: \"1.2\"}\n");
	assert_bytes(
		fill("m:\n  {{- include \"labels\" . | nindent 2 }}\nn: 1\n"), "m:\n  \nn: 1\n");
}

static void what_has_no_end_is_told(void **state)
{
	struct pqm_gotmpl t = { 0 };
	struct pqm_err err;
	char deep[65 * 9 + 1] = "";

	(void)state;
	pqm_buf_fini(&out);
	pqm_buf_init(&out, 1 << 16);
	assert_int_equal(
		pqm_gotmpl_read(&out, PQM_LIT("a\nb: {{ .x"), &t, &arena, &err), PQM_EPARSE);
	assert_bytes(pqm_sub(pqm_str(err.msg), 0, 4), "2:4:");
	for (unsigned i = 0; i < 65; i++)
		memcpy(deep + (size_t)i * 9, "{{if .x}}", 10);
	assert_int_equal(pqm_gotmpl_read(&out, pqm_str(deep), &t, &arena, &err), PQM_ELIMIT);
	pqm_buf_fini(&out);
	pqm_buf_init(&out, 8);
	assert_int_equal(
		pqm_gotmpl_read(&out, PQM_LIT("more than eight"), &t, &arena, &err), PQM_ELIMIT);
}

static int setup(void **state)
{
	(void)state;
	pqm_arena_init(&arena, (size_t)8 << 20);
	pqm_buf_init(&out, 1 << 16);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pqm_buf_fini(&out);
	pqm_arena_fini(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_stand_where_actions_were),
		cmocka_unit_test(branches_are_those_of_the_values),
		cmocka_unit_test(lines_stay_where_they_are),
		cmocka_unit_test(what_has_no_end_is_told),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
