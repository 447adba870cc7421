/* deps_lines.c — files that ask for packages line by line. */
#include "detect/deps.h"

struct lines {
	struct pqm_deps_out *o;
	pqm_bytes section; /* "[requires]", "require (", "GEM": where we are */
	bool is_in;
	struct pqm_dep d; /* what began on a line before */
	const uint8_t *where;
};

static const pqm_bytes nothing = { NULL, 0 };

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The next word behind blanks. */
static pqm_bytes word_of(pqm_bytes *rest)
{
	size_t n = 0;
	pqm_bytes w;

	*rest = pqm_trim(*rest);
	while (n < rest->n && !is_blank(rest->p[n]))
		n++;
	w = pqm_sub(*rest, 0, n);
	*rest = pqm_sub(*rest, n, rest->n);
	return w;
}

static pqm_bytes unquoted(pqm_bytes s)
{
	if (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
		return pqm_sub(s, 1, s.n - 2);
	return s;
}

/* pip: requirements, and what is neither an option nor a place of one. */
static enum pqm_st requirement(struct lines *l, pqm_bytes line)
{
	struct pqm_dep d = { .is_direct = true };

	line = pqm_trim(line);
	if (line.n == 0 || line.p[0] == '#' || line.p[0] == '-' ||
		pqm_find(line, 0, PQM_LIT("://")) < pqm_find_byte(line, 0, '@') ||
		!pqm_deps_pep508(line, &d))
		return PQM_OK;
	/* pip-compile writes all packages, and below each who asked for it. */
	d.is_known = !l->is_in;
	return pqm_deps_give(l->o, &d, line.p);
}

/* setuptools: lists of requirements in the values of some keys. */
static enum pqm_st setup_cfg(struct lines *l, pqm_bytes line)
{
	struct pqm_dep d = { .is_direct = true, .is_known = true };
	size_t eq = pqm_find_byte(line, 0, '=');
	pqm_bytes key;

	if (line.n > 0 && line.p[0] == '[') {
		l->section = pqm_trim(line);
		l->is_in = false;
		return PQM_OK;
	}
	if (line.n > 0 && !is_blank(line.p[0])) {
		key = pqm_trim(pqm_sub(line, 0, eq));
		l->is_in = eq != SIZE_MAX &&
			(pqm_eqs(l->section, "[options.extras_require]") ||
				(pqm_eqs(l->section, "[options]") &&
					(pqm_eqs(key, "install_requires") ||
						pqm_eqs(key, "setup_requires"))));
		line = pqm_sub(line, eq == SIZE_MAX ? line.n : eq + 1, line.n);
	}
	line = pqm_trim(line);
	if (!l->is_in || line.n == 0 || line.p[0] == '#' || !pqm_deps_pep508(line, &d))
		return PQM_OK;
	return pqm_deps_give(l->o, &d, line.p);
}

/* "require x v1.2.3 // indirect", alone or in brackets. */
static enum pqm_st go_mod(struct lines *l, pqm_bytes line)
{
	struct pqm_dep d = { .is_exact = true, .is_known = true };
	size_t comment = pqm_find(line, 0, PQM_LIT("//"));
	bool is_indirect =
		comment != SIZE_MAX && pqm_find(line, comment, PQM_LIT("indirect")) != SIZE_MAX;
	pqm_bytes rest = pqm_sub(line, 0, comment), save, w;

	save = rest;
	w = word_of(&rest);
	if (pqm_eqs(w, ")"))
		l->is_in = false;
	else if (pqm_eqs(w, "require") && pqm_eqs(pqm_trim(rest), "("))
		l->is_in = true;
	else if (!pqm_eqs(w, "require") && !l->is_in)
		return PQM_OK;
	else {
		if (l->is_in)
			rest = save;
		d.name = unquoted(word_of(&rest));
		d.version = word_of(&rest);
		if (d.version.n < 2 || d.version.p[0] != 'v')
			return PQM_OK;
		d.version = pqm_sub(d.version, 1, d.version.n);
		d.is_direct = !is_indirect;
		return pqm_deps_give(l->o, &d, d.name.p);
	}
	return PQM_OK;
}

/* "group:artifact:version" */
static enum pqm_st maven_name(struct lines *l, pqm_bytes s, struct pqm_dep *d)
{
	size_t first = pqm_find_byte(s, 0, ':'),
	       second = first == SIZE_MAX ? SIZE_MAX : pqm_find_byte(s, first + 1, ':');

	if (first == SIZE_MAX || first == 0 || pqm_find_byte(s, 0, '/') != SIZE_MAX ||
		pqm_find_byte(s, 0, ' ') != SIZE_MAX)
		return PQM_OK;
	d->name = pqm_sub(s, 0, second);
	d->version = second == SIZE_MAX
		? nothing
		: pqm_sub(s, second + 1, pqm_find_byte(s, second + 1, ':') - second - 1);
	d->version = pqm_sub(d->version, 0, pqm_find_byte(d->version, 0, '@'));
	d->is_exact = pqm_deps_exact(&d->version);
	return pqm_deps_give(l->o, d, s.p);
}

/* implementation 'group:artifact:1.0', testImplementation("…"): configurations of Gradle. */
static enum pqm_st gradle(struct lines *l, pqm_bytes line)
{
	static const char *const calls[] = { "implementation", "api", "compile", "runtimeonly",
		"compileonly", "runtime", "testimplementation", "testcompile",
		"annotationprocessor", "classpath", "androidtestimplementation",
		"debugimplementation", "provided", "kapt", "testruntimeonly" };
	struct pqm_dep d = { .is_direct = true, .is_known = true };
	pqm_bytes s = pqm_trim(line), call, q;
	size_t n = 0, open, close;

	while (n < s.n && ((s.p[n] >= 'a' && s.p[n] <= 'z') || (s.p[n] >= 'A' && s.p[n] <= 'Z')))
		n++;
	call = pqm_sub(s, 0, n);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (!pqm_ieq(call, pqm_str(calls[i])))
			continue;
		d.is_dev = pqm_starts(pqm_str(calls[i]), PQM_LIT("test")) || calls[i][0] == 'd';
		for (open = n; open < s.n && s.p[open] != '"' && s.p[open] != '\'';)
			open++;
		if (open >= s.n)
			return PQM_OK;
		close = pqm_find_byte(s, open + 1, s.p[open]);
		q = close == SIZE_MAX ? nothing : pqm_sub(s, open + 1, close - open - 1);
		return maven_name(l, q, &d);
	}
	return PQM_OK;
}

/* "org.x:y:1.0=compileClasspath,runtimeClasspath" */
static enum pqm_st gradle_lock(struct lines *l, pqm_bytes line)
{
	struct pqm_dep d = { .is_known = false };
	size_t eq = pqm_find_byte(line, 0, '=');

	if (line.n == 0 || line.p[0] == '#' || eq == SIZE_MAX)
		return PQM_OK;
	return maven_name(l, pqm_sub(line, 0, eq), &d);
}

/* Both forms of Yarn: a head of descriptors that ends with a colon, and below it "version "1.0"" or "version: 1.0". */
static enum pqm_st yarn_lock(struct lines *l, pqm_bytes line)
{
	pqm_bytes s = pqm_trim(line), version, head;
	size_t at;

	if (s.n == 0 || s.p[0] == '#')
		return PQM_OK;
	if (!is_blank(line.p[0])) {
		head = pqm_sub(s, 0, pqm_find_byte(s, 0, ','));
		if (head.n > 0 && head.p[head.n - 1] == ':')
			head.n--;
		head = unquoted(head);
		if (head.n > 0 && head.p[0] == '"')
			head = pqm_sub(head, 1, head.n);
		at = pqm_find_byte(head, 1, '@');
		l->where = s.p;
		l->d = (struct pqm_dep){ .name = at == SIZE_MAX ? nothing : pqm_sub(head, 0, at) };
		/* Aliases: "x@npm:real@1.0" installs the second; the work space itself is no package. */
		if (at != SIZE_MAX && pqm_starts(pqm_sub(head, at, head.n), PQM_LIT("@npm:"))) {
			pqm_bytes real = pqm_sub(head, at + 5, head.n);
			size_t next = pqm_find_byte(real, 1, '@');

			if (next != SIZE_MAX)
				l->d.name = pqm_sub(real, 0, next);
		} else if (at != SIZE_MAX &&
			pqm_starts(pqm_sub(head, at, head.n), PQM_LIT("@workspace:"))) {
			l->d.name = nothing;
		}
		return PQM_OK;
	}
	if (l->d.name.n == 0 || !pqm_starts(s, PQM_LIT("version")))
		return PQM_OK;
	version = pqm_trim(pqm_sub(s, 7, s.n));
	if (version.n > 0 && version.p[0] == ':')
		version = pqm_trim(pqm_sub(version, 1, version.n));
	l->d.version = unquoted(version);
	l->d.is_exact = pqm_deps_exact(&l->d.version);
	enum pqm_st st = pqm_deps_give(l->o, &l->d, l->where);

	l->d.name = nothing;
	return st;
}

/* Bundler: "    name (1.0)" below specs:, direct ones "  name (~> 1)" below DEPENDENCIES. */
static enum pqm_st gemfile_lock(struct lines *l, pqm_bytes line)
{
	struct pqm_dep d = { .is_known = true };
	size_t blanks = 0;
	pqm_bytes rest, v;

	while (blanks < line.n && line.p[blanks] == ' ')
		blanks++;
	if (blanks == 0 && pqm_trim(line).n > 0) {
		l->section = pqm_trim(line);
		return PQM_OK;
	}
	l->is_in = pqm_eqs(l->section, "DEPENDENCIES");
	if ((l->is_in && blanks != 2) || (!l->is_in && blanks != 4))
		return PQM_OK;
	rest = line;
	d.name = word_of(&rest);
	v = pqm_trim(rest);
	if (d.name.n > 0 && d.name.p[d.name.n - 1] == '!')
		d.name.n--;
	if (v.n > 2 && v.p[0] == '(' && v.p[v.n - 1] == ')')
		d.version = pqm_sub(v, 1, v.n - 2);
	d.is_exact = pqm_deps_exact(&d.version);
	d.is_direct = l->is_in;
	d.is_known = l->is_in;
	return pqm_deps_give(l->o, &d, d.name.p);
}

/* "openssl/3.2.1@user/channel": below [requires], or quoted in requires of a recipe. */
static enum pqm_st conan_ref(struct lines *l, pqm_bytes s, bool is_tool)
{
	struct pqm_dep d = { .is_direct = true, .is_known = true, .is_dev = is_tool };
	size_t slash = pqm_find_byte(s, 0, '/');

	if (slash == SIZE_MAX || slash == 0)
		return PQM_OK;
	d.name = pqm_sub(s, 0, slash);
	d.version = pqm_sub(s, slash + 1, s.n);
	if (d.version.n == 0 || d.version.p[0] != '[') {
		d.version = pqm_sub(d.version, 0, pqm_find_byte(d.version, 0, '@'));
		d.version = pqm_sub(d.version, 0, pqm_find_byte(d.version, 0, '#'));
	}
	d.is_exact = pqm_deps_exact(&d.version);
	return pqm_deps_give(l->o, &d, s.p);
}

static enum pqm_st conan(struct lines *l, pqm_bytes line)
{
	pqm_bytes s = pqm_trim(line);
	size_t at, open, close;
	enum pqm_st st = PQM_OK;
	bool is_tool;

	if (s.n == 0 || s.p[0] == '#')
		return PQM_OK;
	if (s.p[0] == '[') {
		l->section = s;
		return PQM_OK;
	}
	if (l->section.n > 0)
		return pqm_eqs(l->section, "[requires]") || pqm_eqs(l->section, "[tool_requires]")
			? conan_ref(l, s, pqm_eqs(l->section, "[tool_requires]"))
			: PQM_OK;
	/* A recipe in Python: self.requires("x/1"), requires = "x/1", "y/2" */
	at = pqm_find(s, 0, PQM_LIT("requires"));
	is_tool = pqm_find(s, 0, PQM_LIT("tool_requires")) != SIZE_MAX;
	l->is_in = at != SIZE_MAX || (l->is_in && s.p[0] == '"');
	for (open = l->is_in ? (at == SIZE_MAX ? 0 : at) : s.n; st == PQM_OK && open < s.n;
		open++) {
		if (s.p[open] != '"' && s.p[open] != '\'')
			continue;
		close = pqm_find_byte(s, open + 1, s.p[open]);
		if (close == SIZE_MAX)
			break;
		st = conan_ref(l, pqm_sub(s, open + 1, close - open - 1), is_tool);
		open = close;
	}
	return st;
}

/* find_package(OpenSSL 3.0 REQUIRED) */
static enum pqm_st cmake(struct lines *l, pqm_bytes line)
{
	struct pqm_dep d = { .is_direct = true, .is_known = true };
	pqm_bytes s = pqm_trim(line), args, w;
	size_t open = pqm_find_byte(s, 0, '('), end;

	if (open == SIZE_MAX || !pqm_ieq(pqm_trim(pqm_sub(s, 0, open)), PQM_LIT("find_package")))
		return PQM_OK;
	args = pqm_sub(s, open + 1, s.n);
	end = pqm_find_byte(args, 0, ')');
	args = pqm_sub(args, 0, end);
	d.name = word_of(&args);
	w = word_of(&args);
	if (w.n > 0 && w.p[0] >= '0' && w.p[0] <= '9')
		d.version = pqm_arena_f(l->o->arena, ">=%.*s", PQM_FMT(pqm_sub(w, 0, 40)));
	return pqm_deps_give(l->o, &d, d.name.p);
}

enum pqm_st pqm_deps_lines(enum pqm_deps_form form, struct pqm_deps_out *o)
{
	static enum pqm_st (*const readers[])(struct lines * l, pqm_bytes line) = {
		[PQM_DEPS_REQUIREMENTS] = requirement,
		[PQM_DEPS_SETUP_CFG] = setup_cfg,
		[PQM_DEPS_GO_MOD] = go_mod,
		[PQM_DEPS_GRADLE] = gradle,
		[PQM_DEPS_GRADLE_LOCK] = gradle_lock,
		[PQM_DEPS_YARN_LOCK] = yarn_lock,
		[PQM_DEPS_GEMFILE_LOCK] = gemfile_lock,
		[PQM_DEPS_CONAN] = conan,
		[PQM_DEPS_CMAKE] = cmake,
	};
	struct lines l = { .o = o,
		.is_in = form == PQM_DEPS_REQUIREMENTS &&
			pqm_find(o->text, 0, PQM_LIT("# via")) != SIZE_MAX };
	pqm_bytes rest = o->text, line;
	enum pqm_st st = PQM_OK;

	while (st == PQM_OK && pqm_split(&rest, '\n', &line)) {
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		st = readers[form](&l, line);
	}
	return st;
}
