#include "dtls.h"

#include "base/limits.h"

static bool cur_u48be(struct pqm_cur *c, uint64_t *out)
{
	uint16_t hi = 0;
	uint32_t lo = 0;

	if (pqm_cur_left(c) < 6)
		return false;
	(void)pqm_cur_u16be(c, &hi);
	(void)pqm_cur_u32be(c, &lo);
	*out = ((uint64_t)hi << 32) | lo;
	return true;
}

/* 001CSLEE [RFC9147 §4]. */
#define UNIFIED_MASK 0xe0
#define UNIFIED 0x20
#define UNIFIED_CID 0x10
#define UNIFIED_SEQ16 0x08
#define UNIFIED_LENGTH 0x04

static enum pqm_st unified(
	struct pqm_dtls_record *r, struct pqm_cur *c, uint8_t flags, struct pqm_err *err)
{
	uint16_t seq16 = 0;
	uint8_t seq8 = 0;
	bool is_wide = (flags & UNIFIED_SEQ16) != 0, is_there;

	if ((flags & UNIFIED_CID) != 0)
		return pqm_fail(err, PQM_EPARSE, "DTLS record: connection id not asked for");
	is_there = is_wide ? pqm_cur_u16be(c, &seq16) : pqm_cur_u8(c, &seq8);
	if (is_there && (flags & UNIFIED_LENGTH) != 0)
		is_there = pqm_cur_vec16(c, &r->body);
	else if (is_there)
		is_there = pqm_cur_take(c, pqm_cur_left(c), &r->body);
	if (!is_there)
		return pqm_fail(err, PQM_EPARSE, "DTLS record: runs past its datagram");
	r->is_unified = true;
	r->epoch = flags & 3;
	r->seq = is_wide ? seq16 : seq8;
	r->seq_bytes = is_wide ? 2 : 1;
	return PQM_OK;
}

static enum pqm_st classic(struct pqm_dtls_record *r, struct pqm_cur *c, struct pqm_err *err)
{
	if (!((r->type >= PQM_REC_CCS && r->type <= PQM_REC_DATA) || r->type == PQM_DTLS_ACK))
		return pqm_fail(err, PQM_EPARSE, "no DTLS record: type %u", r->type);
	if (!pqm_cur_u16be(c, &r->version) || !pqm_cur_u16be(c, &r->epoch) ||
		!cur_u48be(c, &r->seq))
		return pqm_fail(err, PQM_EPARSE, "DTLS record: header ends early");
	if ((r->version >> 8) != 0xfe)
		return pqm_fail(err, PQM_EPARSE, "no DTLS record: version %04x", r->version);
	if (!pqm_cur_vec16(c, &r->body))
		return pqm_fail(err, PQM_EPARSE, "DTLS record: runs past its datagram");
	r->seq_bytes = 6;
	return PQM_OK;
}

enum pqm_st pqm_dtls_record_next(struct pqm_dtls_record *out, pqm_bytes *in, struct pqm_err *err)
{
	struct pqm_dtls_record r = { 0 };
	struct pqm_cur c = pqm_cur_of(*in);
	uint8_t first;
	enum pqm_st st;

	if (!pqm_cur_u8(&c, &first))
		return pqm_fail(err, PQM_EPARSE, "DTLS record: empty datagram");
	if ((first & UNIFIED_MASK) == UNIFIED) {
		st = unified(&r, &c, first, err);
	} else {
		r.type = first;
		st = classic(&r, &c, err);
	}
	if (st != PQM_OK)
		return st;
	if (r.body.n > PQM_TLS_RECORD_BYTES)
		return pqm_fail(err, PQM_EPARSE, "DTLS record of %zu bytes, over the limit of %d",
			r.body.n, PQM_TLS_RECORD_BYTES);
	r.header = pqm_sub(*in, 0, in->n - pqm_cur_left(&c) - r.body.n);
	*out = r;
	*in = pqm_cur_rest(&c);
	return PQM_OK;
}

enum pqm_st pqm_dtls_fragment(struct pqm_dtls_part *out, pqm_bytes *in, struct pqm_err *err)
{
	struct pqm_dtls_part p = { 0 };
	struct pqm_cur c = pqm_cur_of(*in);

	if (!pqm_cur_u8(&c, &p.type) || !pqm_cur_u24be(&c, &p.length) ||
		!pqm_cur_u16be(&c, &p.seq) || !pqm_cur_u24be(&c, &p.off) ||
		!pqm_cur_vec24(&c, &p.body))
		return pqm_fail(
			err, PQM_EPARSE, "DTLS fragment: runs past its record of %zu bytes", in->n);
	if (p.off > p.length || p.body.n > p.length - p.off)
		return pqm_fail(err, PQM_EPARSE,
			"DTLS fragment: %zu bytes at %u of a message of %u", p.body.n, p.off,
			p.length);
	if (p.length > PQM_TLS_FLIGHT_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "DTLS message of %u bytes, over the limit of %zu",
			p.length, PQM_TLS_FLIGHT_BYTES);
	*out = p;
	*in = pqm_cur_rest(&c);
	return PQM_OK;
}

enum pqm_st pqm_tls_hello_verify(
	uint16_t *version, pqm_bytes *cookie, pqm_bytes body, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(body);
	uint16_t v;
	pqm_bytes b;

	if (!pqm_cur_u16be(&c, &v) || !pqm_cur_vec8(&c, &b) || pqm_cur_left(&c) != 0)
		return pqm_fail(err, PQM_EPARSE,
			"HelloVerifyRequest: the cookie does not end with the message of %zu bytes",
			body.n);
	*version = v;
	*cookie = b;
	return PQM_OK;
}
