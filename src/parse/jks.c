#include "jks.h"

#include "base/cur.h"
#include "base/limits.h"
#include "javaobj.h"

#define MAGIC_JKS 0xfeedfeedU
#define MAGIC_JCEKS 0xcecececeU
#define DIGEST_BYTES 20

struct reader {
	struct pqm_cur c;
	pqm_bytes b;
	struct pqm_jks *store;
	uint32_t n_certs; /* in the whole store */
	struct pqm_err *err;
};

static enum pqm_st refuse(const struct reader *r, const char *what, uint32_t entry)
{
	return pqm_fail(r->err, PQM_EPARSE, "Java key store: %s in entry %u of %u at offset %zu",
		what, (unsigned)entry + 1, (unsigned)r->store->n_entries, r->store->end);
}

static bool read_head(struct pqm_cur *c, struct pqm_jks *out)
{
	uint32_t magic, version;

	if (!pqm_cur_u32be(c, &magic) || (magic != MAGIC_JKS && magic != MAGIC_JCEKS) ||
		!pqm_cur_u32be(c, &version) || version < 1 || version > 2 ||
		!pqm_cur_u32be(c, &out->n_entries))
		return false;
	out->is_jceks = magic == MAGIC_JCEKS;
	out->version = version;
	return true;
}

bool pqm_jks_looks_like(pqm_bytes b)
{
	struct pqm_cur c = pqm_cur_of(b);
	struct pqm_jks j = { 0 };

	return read_head(&c, &j) && pqm_cur_left(&c) >= DIGEST_BYTES;
}

bool pqm_jks_cert(pqm_bytes *certs, unsigned version, pqm_bytes *der)
{
	struct pqm_cur c = pqm_cur_of(*certs);
	pqm_bytes type = PQM_LIT("X.509"), body;

	if (version >= 2 && !pqm_cur_vec16(&c, &type))
		return false;
	if (!pqm_cur_vec32(&c, &body))
		return false;
	*der = pqm_eqs(type, "X.509") ? body : pqm_sub(body, 0, 0);
	*certs = pqm_cur_rest(&c);
	return true;
}

/* Measures n certificates. */
static bool take_certs(struct reader *r, struct pqm_jks_entry *e, uint32_t n)
{
	pqm_bytes from = pqm_cur_rest(&r->c), rest = from, der;

	for (uint32_t i = 0; i < n; i++)
		if (!pqm_jks_cert(&rest, e->version, &der))
			return false;
	e->n_certs = n;
	return pqm_cur_take(&r->c, from.n - rest.n, &e->certs);
}

static enum pqm_st read_entry(struct reader *r, struct pqm_jks_entry *e, uint32_t at)
{
	uint32_t kind, n = 1;
	uint64_t date;
	pqm_bytes alias;

	if (!pqm_cur_u32be(&r->c, &kind))
		return refuse(r, "no entry", at);
	if (kind < PQM_JKS_PRIVATE ||
		kind > (r->store->is_jceks ? PQM_JKS_SECRET : PQM_JKS_TRUSTED))
		return refuse(r, "unknown kind", at);
	e->kind = (enum pqm_jks_kind)kind;
	if (!pqm_cur_vec16(&r->c, &alias) || !pqm_cur_u64be(&r->c, &date))
		return refuse(r, "alias or date overruns", at);
	if (e->kind == PQM_JKS_SECRET)
		return pqm_java_skip_object(&r->c) ? PQM_OK : refuse(r, "malformed sealed key", at);
	if (e->kind == PQM_JKS_PRIVATE &&
		(!pqm_cur_vec32(&r->c, &e->key) || !pqm_cur_u32be(&r->c, &n)))
		return refuse(r, "key overruns", at);
	if (n > PQM_CERTS_PER_STORE || n > PQM_CERTS_PER_STORE - r->n_certs)
		return pqm_fail(r->err, PQM_ELIMIT,
			"Java key store: over %d certificates at offset %zu", PQM_CERTS_PER_STORE,
			r->store->end);
	r->n_certs += n;
	return take_certs(r, e, n) ? PQM_OK : refuse(r, "certificate overruns", at);
}

enum pqm_st pqm_jks_walk(struct pqm_jks *out, pqm_bytes b,
	enum pqm_st (*entry)(void *ctx, const struct pqm_jks_entry *e, struct pqm_err *err),
	void *ctx, struct pqm_err *err)
{
	struct reader r = { .c = pqm_cur_of(b), .b = b, .store = out, .err = err };
	enum pqm_st st = PQM_OK;

	*out = (struct pqm_jks){ 0 };
	if (!read_head(&r.c, out))
		return pqm_fail(
			err, PQM_EPARSE, "Java key store: no magic and version 1 or 2 at offset 0");
	if (out->n_entries > PQM_JKS_ENTRIES)
		return pqm_fail(err, PQM_ELIMIT, "Java key store: %u entries, over the limit of %d",
			(unsigned)out->n_entries, PQM_JKS_ENTRIES);
	out->end = b.n - pqm_cur_left(&r.c);
	for (uint32_t i = 0; i < out->n_entries; i++) {
		struct pqm_jks_entry e = { .off = out->end, .version = out->version };

		st = read_entry(&r, &e, i);
		if (st == PQM_OK)
			st = entry(ctx, &e, err);
		if (st != PQM_OK)
			return st;
		out->end = b.n - pqm_cur_left(&r.c);
	}
	if (pqm_cur_left(&r.c) != DIGEST_BYTES)
		return pqm_fail(err, PQM_EPARSE,
			"Java key store: %zu bytes after the last entry at offset %zu, not a "
			"digest of %d",
			pqm_cur_left(&r.c), out->end, DIGEST_BYTES);
	out->end = b.n;
	return PQM_OK;
}
