/* deps_xml.c — project files of Maven and NuGet: as much of XML as they need. */
#include "detect/deps.h"

#define DEPTH 16
#define PROPERTIES 512

/* One tag: "<Name a="b">", "</Name>" or "<Name/>". */
struct tag {
	pqm_bytes name, attrs;
	bool is_end, is_empty;
	size_t from; /* of its '<' */
};

struct property {
	pqm_bytes name, value;
};

struct look {
	struct pqm_deps_out *o;
	pqm_bytes open[DEPTH]; /* names of open elements; deeper ones are counted only */
	size_t depth;
	size_t text_from; /* behind the last tag */
	struct pqm_dep d;
	pqm_bytes group, artifact;
	const uint8_t *where;
	bool is_in;
	struct property *properties;
	size_t n_properties, cap_properties;
};

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next tag at or behind *at, which moves behind it; comments, declarations and CDATA are stepped over. */
static bool next_tag(pqm_bytes text, size_t *at, struct tag *t)
{
	static const struct {
		const char *from, *to;
	} skip[] = { { "<!--", "-->" }, { "<![CDATA[", "]]>" }, { "<?", "?>" }, { "<!", ">" } };

	for (;;) {
		size_t open = pqm_find_byte(text, *at, '<'), close, n = 0;
		pqm_bytes rest;
		bool is_skipped = false;

		if (open == SIZE_MAX)
			return false;
		rest = pqm_sub(text, open, text.n);
		for (size_t i = 0; i < sizeof(skip) / sizeof(skip[0]) && !is_skipped; i++) {
			if (!pqm_starts(rest, pqm_str(skip[i].from)))
				continue;
			close = pqm_find(rest, 0, pqm_str(skip[i].to));
			if (close == SIZE_MAX)
				return false;
			*at = open + close + strlen(skip[i].to);
			is_skipped = true;
		}
		if (is_skipped)
			continue;
		close = pqm_find_byte(rest, 1, '>');
		if (close == SIZE_MAX)
			return false;
		*at = open + close + 1;
		t->from = open;
		t->is_end = rest.n > 1 && rest.p[1] == '/';
		t->is_empty = rest.p[close - 1] == '/';
		rest = pqm_sub(rest, t->is_end ? 2 : 1, close - (t->is_end ? 2 : 1));
		while (n < rest.n && !is_space(rest.p[n]) && rest.p[n] != '/')
			n++;
		t->name = pqm_sub(rest, 0, n);
		t->attrs = pqm_sub(rest, n, rest.n);
		return true;
	}
}

static pqm_bytes attribute(const struct tag *t, const char *name)
{
	size_t at = 0, n = strlen(name);

	while ((at = pqm_find(t->attrs, at, pqm_str(name))) != SIZE_MAX) {
		size_t i = at + n, close;
		bool is_whole = at > 0 && is_space(t->attrs.p[at - 1]);

		at += n;
		while (i < t->attrs.n && is_space(t->attrs.p[i]))
			i++;
		if (!is_whole || i >= t->attrs.n || t->attrs.p[i] != '=')
			continue;
		for (i++; i < t->attrs.n && is_space(t->attrs.p[i]);)
			i++;
		if (i >= t->attrs.n || (t->attrs.p[i] != '"' && t->attrs.p[i] != '\''))
			continue;
		close = pqm_find_byte(t->attrs, i + 1, t->attrs.p[i]);
		if (close != SIZE_MAX)
			return pqm_trim(pqm_sub(t->attrs, i + 1, close - i - 1));
	}
	return (pqm_bytes){ NULL, 0 };
}

/* "${bc.version}" where the file says what it is. */
static pqm_bytes resolved(const struct look *l, pqm_bytes v)
{
	if (v.n < 4 || v.p[0] != '$' || v.p[1] != '{' || v.p[v.n - 1] != '}')
		return v;
	for (size_t i = 0; i < l->n_properties; i++)
		if (pqm_eq(l->properties[i].name, pqm_sub(v, 2, v.n - 3)))
			return l->properties[i].value;
	return v;
}

static enum pqm_st give(struct look *l)
{
	l->d.version = resolved(l, l->d.version);
	l->d.is_exact = pqm_deps_exact(&l->d.version);
	l->d.is_direct = true;
	l->d.is_known = true;
	return pqm_deps_give(l->o, &l->d, l->where);
}

static enum pqm_st maven_end(struct look *l, pqm_bytes name, pqm_bytes text)
{
	pqm_bytes parent =
		l->depth > 1 && l->depth <= DEPTH ? l->open[l->depth - 2] : (pqm_bytes){ NULL, 0 };

	if (pqm_eqs(parent, "properties") && l->n_properties < PROPERTIES) {
		struct property *grown =
			pqm_grow(l->o->arena, l->properties, l->n_properties, &l->cap_properties);

		if (grown == NULL)
			return PQM_ENOMEM;
		l->properties = grown;
		l->properties[l->n_properties++] = (struct property){ name, text };
	}
	if (pqm_eqs(parent, "dependency")) {
		if (pqm_eqs(name, "groupId"))
			l->group = text;
		else if (pqm_eqs(name, "artifactId"))
			l->artifact = text;
		else if (pqm_eqs(name, "version"))
			l->d.version = text;
		else if (pqm_eqs(name, "scope"))
			l->d.is_dev = pqm_eqs(text, "test");
	}
	if (!pqm_eqs(name, "dependency") || l->artifact.n == 0)
		return PQM_OK;
	l->d.name = pqm_arena_f(l->o->arena, "%.*s:%.*s", PQM_FMT(pqm_sub(l->group, 0, 100)),
		PQM_FMT(pqm_sub(l->artifact, 0, 100)));
	return l->d.name.p == NULL ? PQM_ENOMEM : give(l);
}

static enum pqm_st nuget_end(struct look *l, pqm_bytes name, pqm_bytes text)
{
	if (l->is_in && pqm_eqs(name, "Version"))
		l->d.version = text;
	if (!l->is_in || (!pqm_eqs(name, "PackageReference") && !pqm_eqs(name, "PackageVersion")))
		return PQM_OK;
	l->is_in = false;
	return give(l);
}

static enum pqm_st nuget_start(struct look *l, const struct tag *t)
{
	bool is_config = pqm_eqs(t->name, "package");

	if (!is_config && !pqm_eqs(t->name, "PackageReference") &&
		!pqm_eqs(t->name, "PackageVersion"))
		return PQM_OK;
	l->where = t->name.p;
	l->d = (struct pqm_dep){ .name = attribute(t, is_config ? "id" : "Include"),
		.version = attribute(t, is_config ? "version" : "Version") };
	l->is_in = !t->is_empty;
	return t->is_empty ? give(l) : PQM_OK;
}

static void maven_start(struct look *l, const struct tag *t)
{
	if (!pqm_eqs(t->name, "dependency"))
		return;
	l->where = t->name.p;
	l->d = (struct pqm_dep){ .is_dev = false };
	l->group = l->artifact = (pqm_bytes){ NULL, 0 };
}

enum pqm_st pqm_deps_xml(enum pqm_deps_form form, struct pqm_deps_out *o)
{
	struct look l = { .o = o };
	bool is_maven = form == PQM_DEPS_POM;
	enum pqm_st st = PQM_OK;
	struct tag t;
	size_t at = 0;

	while (st == PQM_OK && next_tag(o->text, &at, &t)) {
		pqm_bytes text = pqm_trim(pqm_sub(o->text, l.text_from, t.from - l.text_from));

		l.text_from = at;
		if (t.is_end) {
			st = is_maven ? maven_end(&l, t.name, text) : nuget_end(&l, t.name, text);
			l.depth -= l.depth > 0;
			continue;
		}
		if (is_maven)
			maven_start(&l, &t);
		else
			st = nuget_start(&l, &t);
		if (t.is_empty)
			continue;
		if (l.depth < DEPTH)
			l.open[l.depth] = t.name;
		l.depth++;
	}
	return st;
}
