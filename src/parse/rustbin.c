#include "rustbin.h"

#include "base/buf.h"
#include "base/limits.h"
#include "gobin.h"
#include "gzip.h"
#include "yaml.h"

#define SHT_SYMTAB 2
#define STT_FUNC 2

/* ---- paths ---- */

static bool is_name(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '_';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* 0.17.8, 1.0.0-rc.1+x */
static bool is_version(pqm_bytes v)
{
	unsigned dots = 0;

	if (v.n < 5 || v.n > 64 || !is_digit(v.p[0]))
		return false;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '.' && i + 1 < v.n)
			dots++;
		else if (!is_name(v.p[i]) && v.p[i] != '+' && v.p[i] != '~')
			return false;
		else if (dots < 2 && !is_digit(v.p[i]))
			return false;
	}
	return dots >= 2;
}

/* "ring-0.17.8" */
static bool split_crate(pqm_bytes dir, struct pqm_crate *out)
{
	for (size_t i = 1; i + 1 < dir.n; i++) {
		if (dir.p[i] != '-' || !is_digit(dir.p[i + 1]))
			continue;
		out->name = pqm_sub(dir, 0, i);
		out->version = pqm_sub(dir, i + 1, dir.n);
		if (is_version(out->version))
			return true;
	}
	return false;
}

static bool take_dir(pqm_bytes *rest, pqm_bytes *dir)
{
	size_t n = 0;

	while (n < rest->n && n < 96 &&
		(is_name(rest->p[n]) || rest->p[n] == '.' || rest->p[n] == '+' ||
			rest->p[n] == '~'))
		n++;
	if (n == 0 || n >= rest->n || (rest->p[n] != '/' && rest->p[n] != '\\'))
		return false;
	*dir = pqm_sub(*rest, 0, n);
	*rest = pqm_sub(*rest, n + 1, rest->n);
	return true;
}

bool pqm_rust_path(pqm_bytes body, uint64_t off, struct pqm_crate *out)
{
	static const char front[] = "registry/";
	pqm_bytes rest = pqm_sub(body, off, 400), dir;

	*out = (struct pqm_crate){ .off = off, .by = PQM_CRATE_PATH };
	if (!pqm_starts(rest, PQM_LIT("registry/")))
		return false;
	rest = pqm_sub(rest, sizeof(front) - 1, rest.n);
	if (pqm_starts(rest,
		    PQM_LIT("src/"))) { /* cargo's own: src/INDEX-hash/crate; distributions leave that out */
		rest = pqm_sub(rest, 4, rest.n);
		if (!take_dir(&rest, &dir))
			return false;
	}
	return take_dir(&rest, &dir) && split_crate(dir, out);
}

/* ---- sections ---- */

struct elf {
	pqm_bytes body;
	uint64_t shoff, shentsize, shnum, shstrndx;
	bool is_64, is_big;
};

struct section {
	uint64_t name, type, off, n, link, entsize;
};

static uint64_t word(const struct elf *e, uint64_t off, unsigned n)
{
	return off <= e->body.n && e->body.n - off >= n
		? pqm_gobin_word(e->body.p + off, n, e->is_big)
		: 0;
}

static bool open_elf(struct elf *e, pqm_bytes body)
{
	if (body.n < 64 || memcmp(body.p, "\177ELF", 4) != 0)
		return false;
	*e = (struct elf){ .body = body, .is_64 = body.p[4] == 2, .is_big = body.p[5] == 2 };
	e->shoff = word(e, e->is_64 ? 40 : 32, e->is_64 ? 8 : 4);
	e->shentsize = word(e, e->is_64 ? 58 : 46, 2);
	e->shnum = word(e, e->is_64 ? 60 : 48, 2);
	e->shstrndx = word(e, e->is_64 ? 62 : 50, 2);
	return e->shoff > 0 && e->shentsize >= (e->is_64 ? 64U : 40U);
}

static bool section_at(const struct elf *e, uint64_t i, struct section *s)
{
	uint64_t at = e->shoff + i * e->shentsize;
	unsigned w = e->is_64 ? 8 : 4;

	if (i >= e->shnum || at < e->shoff || at > e->body.n || e->body.n - at < e->shentsize)
		return false;
	s->name = word(e, at, 4);
	s->type = word(e, at + 4, 4);
	s->off = word(e, at + 8 + 2U * w, w);
	s->n = word(e, at + 8 + 3U * w, w);
	s->link = word(e, at + 8 + 4U * w, 4);
	s->entsize = word(e, at + 8 + 4U * w + 8 + w, w);
	return s->off <= e->body.n;
}

static bool elf_section(pqm_bytes body, const char *name, uint64_t *off, pqm_bytes *out)
{
	struct elf e;
	struct section names, s;

	if (!open_elf(&e, body) || !section_at(&e, e.shstrndx, &names))
		return false;
	for (uint64_t i = 0; i < e.shnum; i++) {
		if (!section_at(&e, i, &s) || s.name >= names.n)
			continue;
		pqm_bytes n = pqm_sub(body, names.off + s.name, strlen(name) + 1);

		if (n.n == strlen(name) + 1 && memcmp(n.p, name, n.n) == 0) {
			*off = s.off;
			*out = pqm_sub(body, s.off, s.n);
			return true;
		}
	}
	return false;
}

/* The header of a PE or Mach-O section starts with its name: eight or sixteen bytes. */
static bool other_section(pqm_bytes body, const char *name, uint64_t *off, pqm_bytes *out)
{
	pqm_bytes head = pqm_sub(body, 0, 16384), want = pqm_str(name);
	bool is_pe = pqm_starts(body, PQM_LIT("MZ"));
	size_t at = pqm_find(head, 0, want);
	struct elf e = { .body = body };

	if (at == SIZE_MAX || pqm_starts(body, PQM_LIT("\177ELF")))
		return false;
	*off = is_pe ? word(&e, at + 20, 4) : word(&e, at + 48, 4);
	*out = pqm_sub(body, *off, is_pe ? word(&e, at + 16, 4) : word(&e, at + 40, 8));
	return *off > 0 && out->n > 0;
}

/* ---- the list ---- */

static enum pqm_st inflate_all(struct pqm_buf *out, pqm_bytes in, struct pqm_err *err)
{
	enum pqm_st st = pqm_zunzip(out, in, err);

	if (st == PQM_ELIMIT)
		return pqm_fail(err, st,
			"Rust: at byte 0: the list of crates unpacks to over %zu bytes", out->max);
	if (st == PQM_EPARSE)
		return pqm_fail(err, st, "Rust: at byte 0: the list of crates does not unpack");
	return st;
}

static enum pqm_st take_list(struct pqm_crate **out, size_t *n, const struct pqm_yaml *root,
	uint64_t off, struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *list = pqm_yaml_get(root, "packages");
	size_t cap = 0;

	for (size_t i = 0; list != NULL && list->type == PQM_YAML_SEQ && i < list->n; i++) {
		const struct pqm_yaml *one = list->items[i];
		struct pqm_crate c = { .name = pqm_yaml_str(one, "name"),
			.version = pqm_yaml_str(one, "version"),
			.off = off,
			.by = PQM_CRATE_AUDIT };
		struct pqm_crate *grown;

		if (c.name.n == 0 || pqm_eqs(pqm_yaml_str(one, "kind"), "build"))
			continue;
		grown = pqm_grow(arena, *out, *n, &cap);
		if (grown == NULL)
			return pqm_fail(err, PQM_ENOMEM, "Rust: out of memory");
		*out = grown;
		grown[(*n)++] = c;
	}
	return PQM_OK;
}

enum pqm_st pqm_rust_audit(struct pqm_crate **out, size_t *n, pqm_bytes body,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *root;
	struct pqm_buf text;
	pqm_bytes packed, kept;
	uint64_t off = 0;
	enum pqm_st st;

	*out = NULL;
	*n = 0;
	if (!elf_section(body, ".dep-v0", &off, &packed) &&
		!other_section(body, ".dep-v0", &off, &packed))
		return PQM_OK;
	pqm_buf_init(&text, PQM_RUST_LIST_BYTES);
	st = inflate_all(&text, packed, err);
	/* Nodes may point into the text. */
	kept = st == PQM_OK ? pqm_bytes_dup(arena, pqm_buf_bytes(&text)) : (pqm_bytes){ NULL, 0 };
	pqm_buf_fini(&text);
	if (st == PQM_OK && kept.p == NULL)
		return pqm_fail(err, PQM_ENOMEM, "Rust: out of memory");
	if (st == PQM_OK)
		st = pqm_yaml_one(&root, kept, arena, err);
	return st == PQM_OK ? take_list(out, n, root, off, arena, err) : st;
}

/* ---- symbols ---- */

/* "4ring": length and text. */
static bool take_ident(pqm_bytes *rest, pqm_bytes *out)
{
	size_t n = 0, i = 0;

	while (i < rest->n && i < 4 && is_digit(rest->p[i]))
		n = n * 10 + (size_t)(rest->p[i++] - '0');
	if (i > 0 && i < rest->n &&
		rest->p[i] == '_') /* v0, before a name that starts with a digit */
		i++;
	if (i == 0 || n == 0 || n > rest->n - i)
		return false;
	*out = pqm_sub(*rest, i, n);
	*rest = pqm_sub(*rest, i + n, rest->n);
	return true;
}

/* Legacy names end in 17h and sixteen hex digits, which C++ names do not. */
static bool is_legacy(pqm_bytes s)
{
	pqm_bytes tail = s.n < 20 ? (pqm_bytes){ NULL, 0 } : pqm_sub(s, s.n - 20, 20);

	if (!pqm_starts(s, PQM_LIT("_ZN")) || !pqm_starts(tail, PQM_LIT("17h")) ||
		tail.p[19] != 'E')
		return false;
	for (size_t i = 3; i < 19; i++)
		if (!is_digit(tail.p[i]) && (tail.p[i] < 'a' || tail.p[i] > 'f'))
			return false;
	return true;
}

/* "_$LT$ring..aead..Key$u20$as$u20$…": the type that is implemented for. */
static pqm_bytes of_impl(pqm_bytes ident)
{
	size_t at = pqm_starts(ident, PQM_LIT("_$LT$")) ? 5 : 0, n = 0;
	pqm_bytes rest = pqm_sub(ident, at, ident.n);

	while (n < rest.n && is_name(rest.p[n]))
		n++;
	return at > 0 && n + 1 < rest.n && rest.p[n] == '.' && rest.p[n + 1] == '.'
		? pqm_sub(rest, 0, n)
		: (pqm_bytes){ NULL, 0 };
}

static pqm_bytes legacy_crate(pqm_bytes s)
{
	pqm_bytes rest = pqm_sub(s, 3, s.n), ident;

	if (!take_ident(&rest, &ident))
		return (pqm_bytes){ NULL, 0 };
	return ident.p[0] == '_' ? of_impl(ident) : ident;
}

/* The first crate root: C, a disambiguator of base 62 behind s, and the name [RFC 2603]. */
static pqm_bytes v0_crate(pqm_bytes s)
{
	for (size_t i = 2; i + 1 < s.n && i < 64; i++) {
		pqm_bytes rest, ident;
		size_t at = i + 1;

		if (s.p[i] != 'C')
			continue;
		if (s.p[at] == 's') {
			while (at < s.n && s.p[at] != '_')
				at++;
			at++;
		}
		rest = pqm_sub(s, at, s.n);
		if (take_ident(&rest, &ident))
			return ident;
	}
	return (pqm_bytes){ NULL, 0 };
}

pqm_bytes pqm_rust_symbol(pqm_bytes mangled)
{
	if (is_legacy(mangled))
		return legacy_crate(mangled);
	if (pqm_starts(mangled, PQM_LIT("_R")) && mangled.n > 4)
		return v0_crate(mangled);
	return (pqm_bytes){ NULL, 0 };
}

void pqm_rust_symbols(
	pqm_bytes body, bool (*take)(void *ctx, pqm_bytes name, uint64_t off), void *ctx)
{
	struct elf e;
	struct section s, names;
	unsigned w;

	if (!open_elf(&e, body))
		return;
	w = e.is_64 ? 24 : 16;
	for (uint64_t i = 0; i < e.shnum; i++) {
		if (!section_at(&e, i, &s) || s.type != SHT_SYMTAB ||
			!section_at(&e, s.link, &names))
			continue;
		pqm_bytes text = pqm_sub(body, names.off, names.n),
			  table = pqm_sub(body, s.off, s.n);

		for (size_t at = 0; at + w <= table.n && at / w < PQM_RUST_SYMBOLS; at += w) {
			uint64_t name = pqm_gobin_word(table.p + at, 4, e.is_big);
			pqm_bytes rest = pqm_sub(text, name, PQM_RUST_SYMBOL_BYTES);
			size_t end = pqm_find_byte(rest, 0, 0);

			if ((table.p[at + (e.is_64 ? 4 : 12)] & 15) != STT_FUNC || end == SIZE_MAX)
				continue;
			if (!take(ctx, pqm_sub(rest, 0, end), s.off + at))
				return;
		}
		return; /* a program has one table */
	}
}
