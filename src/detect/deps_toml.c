/* deps_toml.c — files in TOML that ask for packages: as much of the language as they need. Values are texts and
 * lists and inline tables of texts; everything else is stepped over. */
#include "detect/deps.h"

#define PARTS 8
#define DEPTH 8

/* A key with all that it stands in: tool . poetry . dependencies . rsa . version */
struct path {
	pqm_bytes part[PARTS];
	size_t n; /* more than PARTS: the last ones are not kept */
};

struct toml {
	struct pqm_deps_out *o;
	enum pqm_deps_form form;
	pqm_bytes t;
	size_t at;
	struct path table;
	uint64_t element; /* headers so far: one package of a lock begins with each */
	/* One package that is put together from several values. */
	struct pqm_dep d;
	pqm_bytes group;      /* of Maven */
	const uint8_t *where; /* NULL: none is begun */
	pqm_bytes alias;
	uint64_t of_element;
	struct pqm_dep *versions; /* of a catalogue: name and version */
	size_t n_versions, cap_versions;
};

static const pqm_bytes nothing = { NULL, 0 };

static bool is_part(const struct path *p, size_t i, const char *s)
{
	return i < p->n && i < PARTS && pqm_eqs(p->part[i], s);
}

static bool is_end(const struct toml *l)
{
	return l->at >= l->t.n;
}

/* Blanks; with lines: line ends and comments, too. */
static void skip(struct toml *l, bool with_lines)
{
	while (!is_end(l)) {
		uint8_t c = l->t.p[l->at];

		if (with_lines && c == '#') {
			size_t end = pqm_find_byte(l->t, l->at, '\n');

			l->at = end == SIZE_MAX ? l->t.n : end;
		} else if (c == ' ' || c == '\t' || (with_lines && (c == '\n' || c == '\r'))) {
			l->at++;
		} else {
			return;
		}
	}
}

static void skip_line(struct toml *l)
{
	size_t end = pqm_find_byte(l->t, l->at, '\n');

	l->at = end == SIZE_MAX ? l->t.n : end + 1;
}

static bool take_byte(struct toml *l, uint8_t c)
{
	if (is_end(l) || l->t.p[l->at] != c)
		return false;
	l->at++;
	return true;
}

/* A text in any of the four kinds of quotes; escapes stay as they are, as no name or version has any. */
static bool take_text(struct toml *l, pqm_bytes *out)
{
	uint8_t q = is_end(l) ? 0 : l->t.p[l->at];
	pqm_bytes rest = pqm_sub(l->t, l->at, l->t.n);
	const char *three = q == '"' ? "\"\"\"" : "'''";
	size_t i;

	if (q != '"' && q != '\'')
		return false;
	if (pqm_starts(rest, pqm_str(three))) {
		size_t end = pqm_find(rest, 3, pqm_str(three));

		*out = pqm_trim(pqm_sub(rest, 3, end == SIZE_MAX ? rest.n : end - 3));
		l->at = end == SIZE_MAX ? l->t.n : l->at + end + 3;
		return true;
	}
	for (i = 1; i < rest.n && rest.p[i] != q && rest.p[i] != '\n'; i++)
		if (q == '"' && rest.p[i] == '\\' && i + 1 < rest.n)
			i++;
	if (i >= rest.n || rest.p[i] != q)
		return false;
	*out = pqm_sub(rest, 1, i - 1);
	l->at += i + 1;
	return true;
}

static bool is_bare(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '_';
}

/* "a.b."c d"" behind what p has already. */
static bool take_key(struct toml *l, struct path *p)
{
	do {
		pqm_bytes part;
		size_t from;

		skip(l, false);
		from = l->at;
		if (!take_text(l, &part)) {
			while (!is_end(l) && is_bare(l->t.p[l->at]))
				l->at++;
			part = pqm_sub(l->t, from, l->at - from);
			if (part.n == 0)
				return false;
		}
		if (p->n < PARTS)
			p->part[p->n] = part;
		p->n++;
		skip(l, false);
	} while (take_byte(l, '.'));
	return true;
}

static pqm_bytes version_named(const struct toml *l, pqm_bytes name)
{
	for (size_t i = 0; i < l->n_versions; i++)
		if (pqm_eq(l->versions[i].name, name))
			return l->versions[i].version;
	return nothing;
}

/* Hands over what was put together. */
static enum pqm_st flush(struct toml *l)
{
	const uint8_t *where = l->where;

	l->where = NULL;
	if (where == NULL)
		return PQM_OK;
	if (l->group.n > 0 && l->d.name.n > 0)
		l->d.name = pqm_arena_f(l->o->arena, "%.*s:%.*s",
			PQM_FMT(pqm_sub(l->group, 0, 100)), PQM_FMT(pqm_sub(l->d.name, 0, 100)));
	l->group = nothing;
	if (!l->d.is_exact)
		l->d.is_exact = l->form != PQM_DEPS_CARGO_TOML &&
			(l->form != PQM_DEPS_PYPROJECT ||
				pqm_starts(l->d.version, PQM_LIT("=="))) &&
			pqm_deps_exact(&l->d.version);
	return pqm_deps_give(l->o, &l->d, where);
}

static enum pqm_st begin(struct toml *l, pqm_bytes alias, struct pqm_dep d)
{
	enum pqm_st st = PQM_OK;

	if (l->where != NULL && l->of_element == l->element && pqm_eq(l->alias, alias))
		return PQM_OK;
	st = flush(l);
	l->d = d;
	l->where = alias.p;
	l->alias = alias;
	l->of_element = l->element;
	return st;
}

/* "1.0" or { version = "1.0", … } below the name of a package; i: where the name stands in the path. */
static enum pqm_st named(struct toml *l, const struct path *p, size_t i, pqm_bytes v, bool is_dev)
{
	const struct pqm_dep d = {
		.name = p->part[i], .is_direct = true, .is_known = true, .is_dev = is_dev
	};
	enum pqm_st st = begin(l, p->part[i], d);

	if (st == PQM_OK && (p->n == i + 1 || is_part(p, i + 1, "version")))
		l->d.version = v;
	else if (st == PQM_OK && is_part(p, i + 1, "package"))
		l->d.name = v;
	return st;
}

static enum pqm_st requirement(struct toml *l, pqm_bytes v, bool is_dev)
{
	struct pqm_dep d = { .is_direct = true, .is_known = true, .is_dev = is_dev };

	return pqm_deps_pep508(v, &d) ? pqm_deps_give(l->o, &d, v.p) : PQM_OK;
}

static enum pqm_st pyproject(struct toml *l, const struct path *p, pqm_bytes v, bool in_list)
{
	if (in_list && is_part(p, 0, "project") && is_part(p, 1, "dependencies"))
		return requirement(l, v, false);
	if (in_list && is_part(p, 0, "project") && is_part(p, 1, "optional-dependencies"))
		return requirement(l, v, false);
	if (in_list && is_part(p, 0, "dependency-groups"))
		return requirement(l, v, true);
	if (!is_part(p, 0, "tool"))
		return PQM_OK;
	if (in_list && p->n >= 3 && is_part(p, 2, "dev-dependencies"))
		return requirement(l, v, true);
	if (!is_part(p, 1, "poetry") || (!in_list && p->n < 4))
		return PQM_OK;
	if (is_part(p, 2, "dependencies") && p->n >= 4)
		return named(l, p, 3, v, false);
	if (is_part(p, 2, "dev-dependencies") && p->n >= 4)
		return named(l, p, 3, v, true);
	if (is_part(p, 2, "group") && is_part(p, 4, "dependencies") && p->n >= 6)
		return named(l, p, 5, v, true);
	return PQM_OK;
}

static enum pqm_st pipfile(struct toml *l, const struct path *p, pqm_bytes v)
{
	bool is_dev = is_part(p, 0, "dev-packages");

	return p->n >= 2 && (is_dev || is_part(p, 0, "packages")) ? named(l, p, 1, v, is_dev)
								  : PQM_OK;
}

/* [[package]] name = "x", version = "1" */
static enum pqm_st locked(struct toml *l, const struct path *p, pqm_bytes v)
{
	bool is_name = is_part(p, 1, "name"), is_version = is_part(p, 1, "version");
	enum pqm_st st;

	if (p->n != 2 || (!is_part(p, 0, "package") && !is_part(p, 0, "packages")) ||
		(!is_name && !is_version))
		return PQM_OK;
	st = begin(l, l->table.part[0], (struct pqm_dep){ .is_exact = false });
	if (st == PQM_OK && is_name)
		l->d.name = v;
	if (st == PQM_OK && is_version)
		l->d.version = v;
	return st;
}

static enum pqm_st cargo(struct toml *l, const struct path *p, pqm_bytes v)
{
	static const char *const lists[] = { "dependencies", "dev-dependencies",
		"build-dependencies" };
	size_t i = is_part(p, 0, "target") ? 2 : is_part(p, 0, "workspace") ? 1 : 0;

	for (size_t k = 0; k < 3; k++)
		if (is_part(p, i, lists[k]) && p->n > i + 1 && i + 1 < PARTS)
			return named(l, p, i + 1, v, k > 0);
	return PQM_OK;
}

/* "group:artifact:1.0" */
static void split_module(struct toml *l, pqm_bytes v)
{
	size_t first = pqm_find_byte(v, 0, ':'),
	       second = first == SIZE_MAX ? SIZE_MAX : pqm_find_byte(v, first + 1, ':');

	l->d.name = pqm_sub(v, 0, second);
	if (second != SIZE_MAX)
		l->d.version = pqm_sub(v, second + 1, v.n);
}

static enum pqm_st catalogue(struct toml *l, const struct path *p, pqm_bytes v)
{
	enum pqm_st st;

	if (is_part(p, 0, "versions") && p->n == 2) {
		struct pqm_dep *grown =
			pqm_grow(l->o->arena, l->versions, l->n_versions, &l->cap_versions);

		if (grown == NULL)
			return PQM_ENOMEM;
		l->versions = grown;
		if (l->n_versions < 1024)
			l->versions[l->n_versions++] =
				(struct pqm_dep){ .name = p->part[1], .version = v };
		return PQM_OK;
	}
	if (!is_part(p, 0, "libraries") || p->n < 2)
		return PQM_OK;
	st = begin(l, p->part[1], (struct pqm_dep){ .is_direct = true, .is_known = true });
	if (st != PQM_OK)
		return st;
	if (p->n == 2 || is_part(p, 2, "module"))
		split_module(l, v);
	else if (is_part(p, 2, "group"))
		l->group = v;
	else if (is_part(p, 2, "name"))
		l->d.name = v;
	else if (is_part(p, 2, "version"))
		l->d.version = is_part(p, 3, "ref") ? version_named(l, v) : v;
	return PQM_OK;
}

static enum pqm_st value(struct toml *l, const struct path *p, pqm_bytes v, bool in_list)
{
	switch (l->form) {
	case PQM_DEPS_PYPROJECT:
		return pyproject(l, p, v, in_list);
	case PQM_DEPS_PIPFILE:
		return in_list ? PQM_OK : pipfile(l, p, v);
	case PQM_DEPS_PY_LOCK:
	case PQM_DEPS_CARGO_LOCK:
		return in_list ? PQM_OK : locked(l, p, v);
	case PQM_DEPS_CARGO_TOML:
		return in_list ? PQM_OK : cargo(l, p, v);
	case PQM_DEPS_CATALOG:
		return in_list ? PQM_OK : catalogue(l, p, v);
	default:
		return PQM_OK;
	}
}

static enum pqm_st take_value(struct toml *l, const struct path *p, unsigned depth, bool in_list);

/* *done: the container ended, or is not one. */
static enum pqm_st take_list(struct toml *l, const struct path *p, unsigned depth)
{
	enum pqm_st st = PQM_OK;

	while (st == PQM_OK) {
		size_t from;

		skip(l, true);
		if (is_end(l) || take_byte(l, ']'))
			return PQM_OK;
		from = l->at;
		st = take_value(l, p, depth + 1, true);
		skip(l, true);
		/* What is no value ends the list; the next line is read as if it were over. */
		if (!take_byte(l, ',') && l->at == from)
			return PQM_OK;
	}
	return st;
}

static enum pqm_st take_inline(struct toml *l, const struct path *p, unsigned depth, bool in_list)
{
	enum pqm_st st = PQM_OK;

	while (st == PQM_OK) {
		struct path inner = *p;

		skip(l, true);
		if (is_end(l) || take_byte(l, '}'))
			return PQM_OK;
		if (!take_key(l, &inner) || !take_byte(l, '='))
			return PQM_OK;
		skip(l, false);
		st = take_value(l, &inner, depth + 1, in_list);
		skip(l, true);
		if (!take_byte(l, ',') && (is_end(l) || l->t.p[l->at] != '}'))
			return st;
	}
	return st;
}

static enum pqm_st take_value(struct toml *l, const struct path *p, unsigned depth, bool in_list)
{
	pqm_bytes text;

	if (depth > DEPTH)
		return PQM_OK;
	if (take_text(l, &text))
		return value(l, p, text, in_list);
	if (take_byte(l, '['))
		return take_list(l, p, depth);
	if (take_byte(l, '{'))
		return take_inline(l, p, depth, in_list);
	/* Numbers, truth and dates. */
	while (!is_end(l) && memchr(",]}\n#", l->t.p[l->at], 5) == NULL)
		l->at++;
	return PQM_OK;
}

static enum pqm_st take_header(struct toml *l)
{
	bool is_list;

	l->at++;
	is_list = take_byte(l, '[');
	l->table = (struct path){ .n = 0 };
	l->element += is_list || l->form != PQM_DEPS_CATALOG;
	if (!take_key(l, &l->table))
		l->table.n = 0;
	skip_line(l);
	return PQM_OK;
}

enum pqm_st pqm_deps_toml(enum pqm_deps_form form, struct pqm_deps_out *o)
{
	struct toml l = { .o = o, .form = form, .t = o->text };
	enum pqm_st st = PQM_OK;

	while (st == PQM_OK) {
		struct path p;

		skip(&l, true);
		if (is_end(&l))
			break;
		if (l.t.p[l.at] == '[') {
			st = take_header(&l);
			continue;
		}
		p = l.table;
		if (!take_key(&l, &p) || !take_byte(&l, '=')) {
			skip_line(&l);
			continue;
		}
		skip(&l, false);
		st = take_value(&l, &p, 0, false);
	}
	return st == PQM_OK ? flush(&l) : st;
}
