/* load_jsonl.c — the endpoints and lists of an earlier stream. */
#include <errno.h>
#include <fcntl.h>

#include "base/limits.h"
#include "base/map.h"
#include "parse/json.h"
#include "report/jsonl.h"

struct load {
	struct pqm_jsonl *out;
	const char *path;
	struct pqm_arena *arena, scratch; /* scratch: of a line */
	struct pqm_endpoint_store store;
	struct pqm_map seen; /* name, address and SNI -> index */
	uint64_t line;
	struct pqm_listed_reader list;
	const char *rules_version;
	uint64_t waiting_bytes; /* of lines of a list that has no end yet */
	bool is_other_rules, is_waiting;
	bool is_past; /* a line of the end: nothing behind it is kept */
	struct pqm_err *err;
};

static enum pqm_st bad(struct load *l, const char *what)
{
	return pqm_fail(
		l->err, PQM_EPARSE, "%s:%llu: %s", l->path, (unsigned long long)l->line, what);
}

static enum pqm_st no_memory(struct load *l)
{
	return pqm_fail(l->err, PQM_ENOMEM, "%s: does not fit in memory", l->path);
}

/* An endpoint that was asked again has two lines: the later one counts. */
static enum pqm_st keep(struct load *l, const struct pqm_endpoint *e)
{
	pqm_bytes name = pqm_endpoint_name(e, &l->scratch);
	pqm_bytes key = pqm_arena_f(
		l->arena, "%.*s %.*s %.*s", PQM_FMT(name), PQM_FMT(e->address), PQM_FMT(e->sni));
	size_t *at = key.p == NULL ? NULL : pqm_map_get(&l->seen, key);
	struct pqm_endpoint *all, kept;

	if (!pqm_endpoint_copy_shared(&kept, e, l->arena, &l->store))
		return no_memory(l);
	if (at != NULL) {
		l->out->endpoints[*at] = kept;
		return PQM_OK;
	}
	at = pqm_new(l->arena, size_t, 1);
	all = pqm_grow(l->arena, l->out->endpoints, l->out->n, &l->out->cap);
	if (key.p == NULL || at == NULL || all == NULL || !pqm_map_put(&l->seen, key, at))
		return no_memory(l);
	*at = l->out->n;
	l->out->endpoints = all;
	all[l->out->n++] = kept;
	return PQM_OK;
}

static enum pqm_st take_listed(struct load *l, const struct pqm_json *root)
{
	struct pqm_jsonl *out = l->out;
	struct pqm_err why = { 0 };
	bool is_one = false, is_end = false;
	enum pqm_st st = pqm_listed_read(&l->list, root, &is_one, &is_end, &why);

	l->is_past = !is_one;
	l->is_waiting = is_one && !is_end;
	if (st != PQM_OK)
		return st == PQM_ENOMEM ? no_memory(l) : bad(l, why.msg);
	if (!is_end)
		return PQM_OK;
	if (!l->is_other_rules) {
		struct pqm_listed *all =
			pqm_grow(l->arena, out->lists, out->n_lists, &out->cap_lists);

		if (all == NULL)
			return no_memory(l);
		out->lists = all;
		all[out->n_lists++] = l->list.open;
	}
	l->list.open = (struct pqm_listed){ 0 };
	return PQM_OK;
}

static enum pqm_st take(struct load *l, const struct pqm_json *root)
{
	pqm_bytes type = pqm_json_str(root, "type");
	struct pqm_err why = { 0 };
	struct pqm_endpoint e;
	enum pqm_st st;

	if (l->line == 1) {
		uint64_t version;

		if (!pqm_eqs(type, "head") ||
			!pqm_eqs(pqm_json_str(root, "schema"), "pqmap.stream") ||
			!pqm_json_get_u64(root, "schema_version", &version) || version != 1)
			return pqm_fail(l->err, PQM_EUSAGE,
				"%s: not a stream of this pqmap; make one with `pqmap scan … -o "
				"jsonl=FILE`",
				l->path);
		l->is_other_rules = !pqm_eqs(pqm_json_str(root, "rules"), l->rules_version);
		return PQM_OK;
	}
	if (!pqm_eqs(type, "endpoint"))
		return take_listed(l, root);
	st = pqm_endpoint_read(&e, pqm_json_get(root, "endpoint"), &l->scratch, &why);
	if (st == PQM_EPARSE)
		return bad(l, why.msg);
	st = st == PQM_OK ? keep(l, &e) : no_memory(l);
	pqm_arena_reset(&l->scratch);
	return st;
}

static enum pqm_st one_line(struct load *l, pqm_bytes text)
{
	struct pqm_json *root = NULL;
	struct pqm_err why = { 0 };
	enum pqm_st st = PQM_OK;

	l->line++;
	l->is_waiting = false;
	if (!l->is_past) {
		st = pqm_json_parse(&root, text, PQM_STREAM_LINE_BYTES, &why);
		st = st == PQM_OK ? take(l, root) : bad(l, why.msg);
		pqm_json_free(root);
	}
	if (st != PQM_OK || l->is_past)
		return st;
	l->waiting_bytes += text.n + 1;
	if (!l->is_waiting) {
		l->out->keep_bytes += l->waiting_bytes;
		l->waiting_bytes = 0;
	}
	return st;
}

/* Takes the whole lines off the buffer. */
static enum pqm_st lines(struct load *l, struct pqm_buf *b)
{
	enum pqm_st st = PQM_OK;
	size_t at = 0, end;

	while (st == PQM_OK && (end = pqm_find_byte(pqm_buf_bytes(b), at, '\n')) != SIZE_MAX) {
		st = one_line(l, pqm_sub(pqm_buf_bytes(b), at, end - at));
		at = end + 1;
	}
	memmove(b->p, b->p + at, b->n - at);
	b->n -= at;
	return st;
}

enum pqm_st pqm_jsonl_load(struct pqm_jsonl *out, const char *path, const char *rules_version,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct load l = { .out = out,
		.path = path,
		.arena = arena,
		.list = { .arena = arena },
		.rules_version = rules_version,
		.err = err };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum pqm_st st = PQM_OK;
	struct pqm_buf b;
	ssize_t n = 1;

	*out = (struct pqm_jsonl){ 0 };
	if (fd < 0)
		return errno == ENOENT ? PQM_OK
				       : pqm_fail(err, PQM_EIO, "%s: cannot read: %s", path,
						 strerrordesc_np(errno));
	pqm_arena_init(&l.scratch, PQM_ARENA_BYTES);
	pqm_buf_init(&b, PQM_STREAM_LINE_BYTES + PQM_READ_CHUNK_BYTES);
	while (st == PQM_OK && n > 0) {
		if (!pqm_buf_reserve(&b, PQM_READ_CHUNK_BYTES)) {
			l.line++;
			st = bad(&l, "longer than 8 MiB");
			break;
		}
		n = read(fd, b.p + b.n, PQM_READ_CHUNK_BYTES);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			st = pqm_fail(
				err, PQM_EIO, "%s: cannot read: %s", path, strerrordesc_np(errno));
		else if (n > 0) {
			b.n += (size_t)n;
			st = lines(&l, &b);
		}
	}
	pqm_buf_fini(&b);
	pqm_arena_fini(&l.scratch);
	pqm_map_fini(&l.seen);
	pqm_listed_reader_fini(&l.list);
	(void)close(fd);
	return st;
}
