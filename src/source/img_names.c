/* img_names.c — entries of layers, packed and unpacked. */
#include "img_names.h"

#include "base/limits.h"

#define KIND_TYPES (PQM_ENTRY_OTHER + 1)
#define KIND_WHITEOUT 16
#define KIND_OPAQUE 17
#define KIND_BAD 18
/* The first byte: no record is empty. */
#define FORMAT 1

void pqm_names_init(struct pqm_names *n, pqm_bytes names)
{
	*n = (struct pqm_names){ .in = pqm_cur_of(names) };
	pqm_buf_init(&n->out, PQM_LAYER_NAMES_BYTES);
	pqm_buf_init(&n->last, 2 * PQM_ENTRY_NAME_BYTES);
	if (names.n == 0)
		(void)pqm_buf_byte(&n->out, FORMAT);
	else if (names.p[0] == FORMAT)
		(void)pqm_cur_skip(&n->in, 1);
	else
		n->last.failed = true;
}

void pqm_names_fini(struct pqm_names *n)
{
	pqm_buf_fini(&n->out);
	pqm_buf_fini(&n->last);
}

static uint8_t kind_of(const struct pqm_named *e)
{
	if (e->is_bad)
		return KIND_BAD;
	if (e->mark == PQM_OCI_WHITEOUT)
		return KIND_WHITEOUT;
	return e->mark == PQM_OCI_OPAQUE ? KIND_OPAQUE : (uint8_t)e->type;
}

void pqm_names_add(struct pqm_names *n, const struct pqm_named *e)
{
	uint8_t kind = kind_of(e);
	size_t same = 0;

	if (e->mark == PQM_OCI_IGNORED && !e->is_bad)
		return;
	(void)pqm_buf_byte(&n->out, kind);
	if (e->is_bad)
		return;
	while (same < n->last.n && same < e->name.n && n->last.p[same] == e->name.p[same])
		same++;
	pqm_var_put(&n->out, same);
	pqm_var_put_text(&n->out, pqm_sub(e->name, same, e->name.n));
	if (kind == PQM_ENTRY_FILE)
		pqm_var_put(&n->out, e->size);
	if (kind == PQM_ENTRY_HARDLINK)
		pqm_var_put_text(&n->out, e->link);
	n->last.n = 0;
	(void)pqm_buf_add(&n->last, e->name);
	n->out.failed = n->out.failed || n->last.failed;
}

static bool take_kind(struct pqm_named *e, uint8_t kind)
{
	e->is_bad = kind == KIND_BAD;
	e->mark = kind == KIND_WHITEOUT ? PQM_OCI_WHITEOUT
		: kind == KIND_OPAQUE	? PQM_OCI_OPAQUE
					: PQM_OCI_PLAIN;
	e->type = kind < KIND_TYPES ? (enum pqm_entry_type)kind : PQM_ENTRY_OTHER;
	return kind < KIND_TYPES || (kind >= KIND_WHITEOUT && kind <= KIND_BAD);
}

bool pqm_names_next(struct pqm_names *n, struct pqm_named *e)
{
	struct pqm_cur c = n->in;
	uint64_t same = 0;
	uint8_t kind = 0;
	pqm_bytes rest;

	*e = (struct pqm_named){ 0 };
	if (n->last.failed || !pqm_cur_u8(&c, &kind) || !take_kind(e, kind))
		return false;
	if (!e->is_bad) {
		if (!pqm_var_get(&c, n->last.n, &same) || !pqm_var_get_text(&c, &rest))
			return false;
		n->last.n = (size_t)same;
		if (!pqm_buf_add(&n->last, rest))
			return false;
		e->name = pqm_buf_bytes(&n->last);
		if (kind == PQM_ENTRY_FILE && !pqm_var_get(&c, UINT64_MAX, &e->size))
			return false;
		if (kind == PQM_ENTRY_HARDLINK && !pqm_var_get_text(&c, &e->link))
			return false;
	}
	n->in = c;
	return true;
}

bool pqm_names_check(pqm_bytes names, uint32_t *n_files)
{
	struct pqm_names n;
	struct pqm_named e;
	uint32_t files = 0;
	bool ok;

	pqm_names_init(&n, names);
	while (names.n > 0 && pqm_names_next(&n, &e))
		files += e.type == PQM_ENTRY_FILE && e.mark == PQM_OCI_PLAIN && !e.is_bad &&
			e.size <= PQM_MEMBER_BYTES;
	ok = names.n > 0 && !n.last.failed && pqm_cur_left(&n.in) == 0;
	pqm_names_fini(&n);
	*n_files = files;
	return ok;
}
