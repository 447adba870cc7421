#include "gzip.h"

#include <zlib.h>

#define PIECE_BYTES ((size_t)32 << 10)

static enum pqm_st unpack(z_stream *z, struct pqm_buf *out, struct pqm_err *err)
{
	int said = Z_OK;

	while (said == Z_OK) {
		size_t before = out->n;

		if (out->n >= out->max ||
			!pqm_buf_reserve(out,
				PIECE_BYTES < out->max - out->n ? PIECE_BYTES : out->max - out->n))
			return pqm_fail(
				err, PQM_ELIMIT, "gzip: over %zu bytes when unpacked", out->max);
		z->next_out = out->p + out->n;
		z->avail_out =
			(uInt)(out->cap - out->n < PIECE_BYTES ? out->cap - out->n : PIECE_BYTES);
		uInt room = z->avail_out;

		said = inflate(z, Z_NO_FLUSH);
		out->n += room - z->avail_out;
		if (said == Z_OK && out->n == before && z->avail_in == 0)
			said = Z_BUF_ERROR;
	}
	return said == Z_STREAM_END ? PQM_OK
				    : pqm_fail(err, said == Z_MEM_ERROR ? PQM_ENOMEM : PQM_EPARSE,
					      "gzip: malformed or cut off");
}

static enum pqm_st unpack_all(struct pqm_buf *out, pqm_bytes in, int window, struct pqm_err *err)
{
	z_stream z = { 0 };
	enum pqm_st st;

	if (in.n > UINT32_MAX)
		return pqm_fail(err, PQM_ELIMIT, "gzip: over 4 GiB");
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.n;
	if (inflateInit2(&z, window) != Z_OK)
		return pqm_fail(err, PQM_ENOMEM, "gzip: out of memory");
	st = unpack(&z, out, err);
	(void)inflateEnd(&z);
	return st;
}

enum pqm_st pqm_gunzip(struct pqm_buf *out, pqm_bytes in, struct pqm_err *err)
{
	return unpack_all(out, in, 16 + MAX_WBITS, err);
}

enum pqm_st pqm_zunzip(struct pqm_buf *out, pqm_bytes in, struct pqm_err *err)
{
	return unpack_all(out, in, MAX_WBITS, err);
}
