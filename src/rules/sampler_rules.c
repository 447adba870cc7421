/* sampler_rules.c — the patterns of rules/constants and rules/static. */
#include "base/buf.h"
#include "base/limits.h"
#include "sampler_int.h"

struct build {
	struct pqm_sampler *s;
	struct pqm_sampler_set *set;
	const struct pqm_rules *r;
};

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "constants: out of memory");
}

/* The text without '~', in the arena. */
static pqm_bytes joined(struct pqm_arena *a, pqm_bytes text)
{
	uint8_t *p = pqm_arena_alloc(a, text.n + 1);
	size_t n = 0;

	if (p == NULL)
		return (pqm_bytes){ NULL, 0 };
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '~')
			p[n++] = text.p[i];
	return (pqm_bytes){ p, n };
}

static pqm_bytes decoded(struct pqm_arena *a, pqm_bytes text)
{
	struct pqm_buf b;
	pqm_bytes out = { NULL, 0 };

	pqm_buf_init(&b, PQM_SAMPLE_BYTES + 64);
	if (pqm_base64(&b, text, NULL))
		out = pqm_bytes_dup(a, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	return out;
}

static enum pqm_st add(struct build *b, const struct pqm_sampled *of, struct pqm_sample sample,
	const struct pqm_yaml *node, struct pqm_err *err)
{
	struct pqm_err why = { 0 };

	sample.of = of;
	enum pqm_st st = pqm_sampler_add(b->s, &sample, &why);

	return st == PQM_EUSAGE ? pqm_rule_fail(of->rule, node, err, "%s", why.msg)
		: st != PQM_OK	? pqm_fail(err, st, "%s", why.msg)
				: PQM_OK;
}

static enum pqm_st add_lines(struct build *b, const struct pqm_sampled *of, struct pqm_err *err)
{
	const struct pqm_yaml *node = pqm_yaml_get(of->rule->node, "patterns");
	pqm_bytes rest = node == NULL ? (pqm_bytes){ NULL, 0 } : pqm_yaml_text(node), line;
	enum pqm_st st = PQM_OK;

	while (st == PQM_OK && pqm_split(&rest, '\n', &line)) {
		struct pqm_sample s = { .of = of };

		line = pqm_trim(line);
		if (line.n == 0)
			continue;
		if (!pqm_split(&line, ' ', &s.role) || !pqm_split(&line, ' ', &s.layout))
			return pqm_rule_fail(of->rule, node, err,
				"patterns: ROLE LAYOUT BASE64 is needed on each line");
		s.bytes = decoded(&b->set->arena, line);
		st = add(b, of, s, node, err);
	}
	return st;
}

static enum pqm_st read_constant(struct build *b, struct pqm_sampled *m, struct pqm_err *err)
{
	const struct pqm_yaml *emit = pqm_yaml_get(m->rule->node, "emit");
	struct pqm_found f = { .quantum = PQM_Q_UNKNOWN };
	pqm_bytes function = pqm_yaml_str(emit, "function");
	pqm_bytes id = pqm_bytes_dup(&b->set->arena, m->rule->id);

	f.family = pqm_yaml_str(emit, "family");
	f.algorithm = pqm_yaml_str(emit, "algorithm");
	f.parameter = pqm_yaml_str(emit, "parameter");
	if (f.algorithm.n == 0)
		f.algorithm = f.family;
	const struct pqm_alg_ref *ref = pqm_alg_by_name(b->r, f.family);

	if (ref == NULL)
		return pqm_rule_fail(m->rule, emit == NULL ? m->rule->node : emit, err,
			"emit: family %.*s is not in the catalogue", PQM_FMT(f.family));
	pqm_alg_fill(&f, ref);
	m->function = f.function;
	if (function.n > 0 && !pqm_function_parse(function, &m->function))
		return pqm_rule_fail(m->rule, emit, err, "function: %.*s is none of any kex …",
			PQM_FMT(function));
	if (id.p == NULL)
		return no_memory(err);
	f.function = m->function;
	pqm_rule_fill(&f, b->r, (const char *)id.p);
	m->quantum = f.quantum;
	m->classical = f.classical;
	m->family = f.family;
	m->algorithm = f.algorithm;
	m->parameter = f.parameter;
	m->why = f.why;
	m->fix = f.fix;
	if (m->why.n == 0)
		return pqm_rule_fail(m->rule, m->rule->node, err, "why: a sentence is needed");
	return add_lines(b, m, err);
}

static enum pqm_st read_library(struct build *b, struct pqm_sampled *m, struct pqm_err *err)
{
	const struct pqm_yaml *markers = pqm_yaml_get(m->rule->node, "markers");
	enum pqm_st st = PQM_OK;

	m->library = pqm_yaml_str(m->rule->node, "library");
	m->why = pqm_yaml_str(m->rule->node, "why");
	if (m->library.n == 0 || markers == NULL || markers->type != PQM_YAML_SEQ)
		return pqm_rule_fail(
			m->rule, m->rule->node, err, "library and a list of markers are needed");
	for (size_t i = 0; st == PQM_OK && i < markers->n; i++) {
		struct pqm_sample s = { .of = m, .role = PQM_LIT("text") };

		s.layout = pqm_yaml_text(markers->items[i]);
		s.bytes = joined(&b->set->arena, s.layout);
		st = s.bytes.p == NULL ? no_memory(err) : add(b, m, s, markers->items[i], err);
	}
	return st;
}

static enum pqm_st read_rule(struct build *b, const struct pqm_rule *rule, struct pqm_err *err)
{
	struct pqm_sampled *m = &b->set->rule[b->set->n_rules];

	*m = (struct pqm_sampled){ .rule = rule, .index = b->set->n_rules, .needs = 1 };
	b->set->n_rules++;
	(void)pqm_yaml_u64(rule->node, "needs", &m->needs);
	return pqm_starts(rule->file, PQM_LIT("static/")) ? read_library(b, m, err)
							  : read_constant(b, m, err);
}

static enum pqm_st read_all(struct build *b, struct pqm_err *err)
{
	static const char *const folders[] = { "constants/", "static/" };
	const struct pqm_rule *rule;
	enum pqm_st st = PQM_OK;
	size_t n = 0;

	for (size_t f = 0; f < 2; f++)
		for (size_t i = 0; pqm_rules_next(b->r, folders[f], &i) != NULL;)
			n++;
	b->set->rule = pqm_new(&b->set->arena, struct pqm_sampled, n + 1);
	if (b->set->rule == NULL)
		return no_memory(err);
	for (size_t f = 0; f < 2; f++)
		for (size_t i = 0;
			st == PQM_OK && (rule = pqm_rules_next(b->r, folders[f], &i)) != NULL;)
			st = read_rule(b, rule, err);
	if (st == PQM_OK)
		st = pqm_signs_build(&b->set->signs, b->r, &b->set->arena, err);
	return st == PQM_OK ? pqm_sampler_index(b->s, err) : st;
}

enum pqm_st pqm_sampler_build(
	struct pqm_sampler **out, const struct pqm_rules *r, struct pqm_err *err)
{
	struct build b = { .s = pqm_sampler_empty(), .r = r };

	if (b.s == NULL)
		return no_memory(err);
	b.set = pqm_sampler_set_of(b.s);
	enum pqm_st st = read_all(&b, err);

	if (st != PQM_OK) {
		pqm_sampler_free(b.s);
		return st;
	}
	*out = b.s;
	return PQM_OK;
}

/* Programs of all systems; fat Mach-O and Java classes begin alike, but no program has 40 architectures. */
bool pqm_sampler_wants(pqm_bytes h)
{
	static const char *const magics[] = { "\177ELF", "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf",
		"\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "!<ar" };

	if (h.n < 64)
		return false;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (memcmp(h.p, magics[i], 4) == 0)
			return true;
	if (memcmp(h.p, "\xca\xfe\xba\xbe", 4) == 0)
		return h.p[4] == 0 && h.p[5] == 0 && h.p[6] == 0 && h.p[7] < 40;
	return memcmp(h.p, "MZ", 2) == 0 || memcmp(h.p, "\0asm", 4) == 0;
}

static bool is_at(const struct pqm_sampler *s, const struct pqm_rule *rule, pqm_bytes body)
{
	struct pqm_match room[64];
	struct pqm_matches found = { room, 0, sizeof(room) / sizeof(room[0]), false };

	pqm_sampler_sweep(s, body, 0, 0, 0, &found);
	for (size_t i = 0; i < found.n; i++)
		if (pqm_sampler_at(s, room[i].pattern)->of->rule == rule &&
			pqm_sampler_fits(s, room[i].pattern, body, room[i].off))
			return true;
	return false;
}

bool pqm_sampler_takes(const struct pqm_sampler *s, const struct pqm_rule *rule, pqm_bytes sample)
{
	struct pqm_arena a;
	bool takes = true;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	pqm_bytes bytes = pqm_starts(rule->file, PQM_LIT("static/")) ? joined(&a, sample)
								     : decoded(&a, sample);
	uint8_t *room = pqm_arena_alloc(&a, bytes.n + 64);

	for (size_t at = 0; room != NULL && takes && at < 8; at++) {
		memset(room, 0, bytes.n + 64);
		if (bytes.n > 0)
			memcpy(room + at, bytes.p, bytes.n);
		takes = is_at(s, rule, (pqm_bytes){ room, bytes.n + 64 });
	}
	pqm_arena_fini(&a);
	return room != NULL && takes;
}
