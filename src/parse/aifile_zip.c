/* aifile_zip.c — the zip files of PyTorch, Keras and NumPy, by their members: only the directory at the
 * end is read, and the pickle of PyTorch, which is never compressed. */
#include "aifile_int.h"

#include <stdio.h>

#include "base/limits.h"

/* [APPNOTE 4.3] */
#define LOCAL_SIGNATURE 0x04034b50U
#define ENTRY_SIGNATURE 0x02014b50U
#define END_SIGNATURE 0x06054b50U
#define END64_SIGNATURE 0x06064b50U
#define END64_AT_SIGNATURE 0x07064b50U
#define END_BYTES 22
#define ENTRY_BYTES 46
#define LOCAL_BYTES 30
#define COMMENT_MAX 65535

struct member {
	pqm_bytes name;
	unsigned method;
	uint64_t size, packed; /* may be beyond 32 bits, then in the extra field */
	uint64_t off;	       /* of the local header */
};

struct directory {
	pqm_bytes b;
	uint64_t at, end, n;
};

static uint32_t u16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

/* The end record: the last in the file, behind it only a comment. */
static bool find_directory(pqm_bytes b, struct directory *d)
{
	size_t lowest = b.n > END_BYTES + COMMENT_MAX ? b.n - END_BYTES - COMMENT_MAX : 0;

	for (size_t at = b.n < END_BYTES ? 0 : b.n - END_BYTES + 1; at-- > lowest;) {
		const uint8_t *p = b.p + at;

		if (pqm_aif_u32(p) != END_SIGNATURE || u16(p + 20) > b.n - at - END_BYTES)
			continue;
		*d = (struct directory){ b, pqm_aif_u32(p + 16), 0, u16(p + 10) };
		uint64_t bytes = pqm_aif_u32(p + 12);

		if (at >= 20 && pqm_aif_u32(p - 20) == END64_AT_SIGNATURE) {
			uint64_t end64 = pqm_aif_u64(p - 20 + 8);

			if (end64 > b.n || b.n - end64 < 56 ||
				pqm_aif_u32(b.p + end64) != END64_SIGNATURE)
				return false;
			d->n = pqm_aif_u64(b.p + end64 + 32);
			bytes = pqm_aif_u64(b.p + end64 + 40);
			d->at = pqm_aif_u64(b.p + end64 + 48);
		}
		if (d->at > at || bytes > at - d->at)
			return false;
		d->end = d->at + bytes;
		return true;
	}
	return false;
}

/* Sizes over 32 bits stand in the ZIP64 field, in this order and only those that need it [4.5.3]. */
static void wide_fields(struct member *m, pqm_bytes extra)
{
	while (extra.n >= 4) {
		size_t n = u16(extra.p + 2);
		pqm_bytes v = pqm_sub(extra, 4, n);
		uint64_t *const fields[] = { &m->size, &m->packed, &m->off };

		if (u16(extra.p) == 1)
			for (size_t i = 0; i < 3; i++)
				if (*fields[i] == UINT32_MAX && v.n >= 8) {
					*fields[i] = pqm_aif_u64(v.p);
					v = pqm_sub(v, 8, v.n - 8);
				}
		extra = pqm_sub(extra, 4 + n, extra.n);
	}
}

static bool next_member(struct directory *d, struct member *m)
{
	const uint8_t *p = d->b.p + d->at;
	size_t name, extra, comment;

	if (d->n == 0 || d->end - d->at < ENTRY_BYTES || pqm_aif_u32(p) != ENTRY_SIGNATURE)
		return false;
	name = u16(p + 28);
	extra = u16(p + 30);
	comment = u16(p + 32);
	if (name + extra + comment > d->end - d->at - ENTRY_BYTES)
		return false;
	*m = (struct member){ .name = { p + ENTRY_BYTES, name },
		.method = u16(p + 10),
		.size = pqm_aif_u32(p + 24),
		.packed = pqm_aif_u32(p + 20),
		.off = pqm_aif_u32(p + 42) };
	wide_fields(m, (pqm_bytes){ p + ENTRY_BYTES + name, extra });
	d->at += ENTRY_BYTES + name + extra + comment;
	d->n--;
	return true;
}

/* A stored member's bytes; empty when it is compressed or not where the directory says. */
static pqm_bytes content(pqm_bytes b, const struct member *m)
{
	const uint8_t *p = b.p + m->off;
	size_t skip;

	if (m->method != 0 || m->off > b.n || b.n - m->off < LOCAL_BYTES ||
		pqm_aif_u32(p) != LOCAL_SIGNATURE)
		return (pqm_bytes){ NULL, 0 };
	skip = LOCAL_BYTES + u16(p + 26) + u16(p + 28);
	if (skip > b.n - m->off || m->size > b.n - m->off - skip)
		return (pqm_bytes){ NULL, 0 };
	return (pqm_bytes){ p + skip, (size_t)m->size };
}

struct seen {
	struct member pickle;
	bool has_pickle, has_code, has_keras, has_weights, has_config, is_all_npy;
	uint64_t n;
};

static void see(struct seen *s, const struct member *m)
{
	s->n++;
	s->is_all_npy = (s->n == 1 || s->is_all_npy) && pqm_ends(m->name, PQM_LIT(".npy"));
	if (pqm_ends(m->name, PQM_LIT("/data.pkl")) && !s->has_pickle) {
		s->pickle = *m;
		s->has_pickle = true;
	}
	s->has_code |= pqm_find(m->name, 0, PQM_LIT("/code/")) != SIZE_MAX;
	s->has_keras |= pqm_eqs(m->name, "metadata.json");
	s->has_config |= pqm_eqs(m->name, "config.json");
	s->has_weights |= pqm_eqs(m->name, "model.weights.h5");
}

static bool zip_looks(pqm_bytes head, pqm_bytes name)
{
	/* The first member tells: archive/data.pkl, metadata.json … Others are not opened. */
	size_t n = head.n >= LOCAL_BYTES && pqm_aif_u32(head.p) == LOCAL_SIGNATURE
		? u16(head.p + 26)
		: 0;
	pqm_bytes first = pqm_sub(head, LOCAL_BYTES, n);

	(void)name;
	return first.n > 0 &&
		(pqm_ends(first, PQM_LIT(".pkl")) || pqm_ends(first, PQM_LIT(".npy")) ||
			pqm_ends(first, PQM_LIT("/byteorder")) ||
			pqm_ends(first, PQM_LIT("/version")) ||
			pqm_ends(first, PQM_LIT("/.format_version")) ||
			pqm_eqs(first, "metadata.json") || pqm_eqs(first, "config.json"));
}

static enum pqm_st torch_read(struct pqm_aif *out, const struct pqm_aif_in *in,
	const struct member *pickle, struct pqm_err *err)
{
	pqm_bytes body = content(in->body, pickle);
	bool is_model;
	size_t end;

	if (body.n == 0)
		return pqm_fail(err, PQM_EPARSE, "PyTorch: data.pkl is compressed or cut off");
	return pqm_aif_pickle(out, body, in->arena, &end, &is_model, err);
}

/* The elements of all arrays; of packed ones they are not known. */
static void npz_read(struct pqm_aif *out, struct directory d)
{
	struct member m;
	pqm_bytes descr;
	size_t data_off;

	out->format = "npz";
	out->kind = PQM_AIF_ARRAY;
	for (uint64_t n = 0; n < PQM_AIF_ENTRIES && next_member(&d, &m); n++)
		if (!pqm_aif_npy(out, content(d.b, &m), &descr, &data_off))
			out->is_at_least = true;
}

static enum pqm_st zip_read(struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err)
{
	struct directory d, all;
	struct member m;
	struct seen s = { .n = 0 };

	if (!find_directory(in->body, &d))
		return PQM_OK;
	all = d;
	while (s.n < PQM_AIF_ENTRIES && next_member(&d, &m))
		see(&s, &m);
	if (s.has_pickle) {
		out->format = s.has_code ? "torchscript" : "pytorch";
		return torch_read(out, in, &s.pickle, err);
	}
	if (s.has_keras && s.has_config && s.has_weights) {
		out->format = "keras";
		(void)snprintf(out->version, sizeof(out->version), "3");
	} else if (s.n > 0 && s.is_all_npy) {
		npz_read(out, all);
	}
	return PQM_OK;
}

/* PyTorch writes its pickle first, then the storages. */
static bool zip_is_weights(pqm_bytes head)
{
	size_t n = u16(head.p + 26);
	pqm_bytes first = pqm_sub(head, LOCAL_BYTES, n);

	return u16(head.p + 8) == 0 &&
		(pqm_ends(first, PQM_LIT("/data.pkl")) ||
			pqm_ends(first, PQM_LIT("/.format_version")));
}

const struct pqm_aif_format pqm_aif_zip = { zip_looks, zip_read, zip_is_weights };
