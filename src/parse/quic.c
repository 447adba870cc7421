#include "quic.h"

#include "base/limits.h"

bool pqm_quic_varint(struct pqm_cur *c, uint64_t *out)
{
	size_t n;
	uint64_t v;

	if (pqm_cur_left(c) < 1)
		return false;
	n = (size_t)1 << (c->p[0] >> 6);
	if (pqm_cur_left(c) < n)
		return false;
	v = c->p[0] & 0x3fu;
	for (size_t i = 1; i < n; i++)
		v = (v << 8) | c->p[i];
	c->p += n;
	*out = v;
	return true;
}

size_t pqm_quic_varint_bytes(uint64_t v)
{
	return v < 0x40 ? 1 : v < 0x4000 ? 2 : v < 0x40000000 ? 4 : 8;
}

bool pqm_quic_varint_put(struct pqm_buf *out, uint64_t v)
{
	size_t n = pqm_quic_varint_bytes(v);
	uint8_t b[8], form = n == 1 ? 0 : n == 2 ? 0x40 : n == 4 ? 0x80 : 0xc0;

	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	b[0] = (uint8_t)((b[0] & 0x3f) | form);
	return pqm_buf_add(out, (pqm_bytes){ b, n });
}

/* A length in front of bytes, as in tokens and frames. */
static bool varint_vec(struct pqm_cur *c, pqm_bytes *out)
{
	uint64_t n;

	return pqm_quic_varint(c, &n) && n <= pqm_cur_left(c) && pqm_cur_take(c, (size_t)n, out);
}

/* ---- packets ---- */

/* The two type bits of a long header [RFC9000 §17.2, RFC9369 §3.2]. */
static const enum pqm_quic_kind kinds_v1[4] = { PQM_QUIC_INITIAL, PQM_QUIC_0RTT, PQM_QUIC_HANDSHAKE,
	PQM_QUIC_RETRY };

static const enum pqm_quic_kind kinds_v2[4] = { PQM_QUIC_RETRY, PQM_QUIC_INITIAL, PQM_QUIC_0RTT,
	PQM_QUIC_HANDSHAKE };

static bool cid(struct pqm_cur *c, pqm_bytes *out)
{
	uint8_t n;

	return pqm_cur_u8(c, &n) && pqm_cur_take(c, n, out);
}

static enum pqm_st negotiation(struct pqm_quic_packet *p, struct pqm_cur *c, struct pqm_err *err)
{
	p->kind = PQM_QUIC_NEGOTIATION;
	p->versions = pqm_cur_rest(c);
	if (p->versions.n == 0 || p->versions.n % 4 != 0)
		return pqm_fail(err, PQM_EPARSE, "QUIC: version list of %zu bytes", p->versions.n);
	return PQM_OK;
}

static enum pqm_st retry(struct pqm_quic_packet *p, struct pqm_cur *c, struct pqm_err *err)
{
	pqm_bytes rest = pqm_cur_rest(c);

	if (rest.n < PQM_QUIC_TAG_BYTES)
		return pqm_fail(err, PQM_EPARSE, "QUIC: Retry without its integrity tag");
	p->token = pqm_sub(rest, 0, rest.n - PQM_QUIC_TAG_BYTES);
	p->tag = pqm_sub(rest, rest.n - PQM_QUIC_TAG_BYTES, PQM_QUIC_TAG_BYTES);
	return PQM_OK;
}

/* Initial, 0-RTT and Handshake: a length bounds number and payload, and another packet may follow. */
static enum pqm_st numbered(
	struct pqm_quic_packet *p, pqm_bytes in, struct pqm_cur *c, struct pqm_err *err)
{
	uint64_t n;

	if (p->kind == PQM_QUIC_INITIAL && !varint_vec(c, &p->token))
		return pqm_fail(err, PQM_EPARSE, "QUIC: token runs past the packet");
	if (!pqm_quic_varint(c, &n) || n > pqm_cur_left(c))
		return pqm_fail(err, PQM_EPARSE, "QUIC: length runs past the datagram");
	/* The sample is taken 4 bytes after the start of the number [RFC9001 §5.4.2]. */
	if (n < 4 + PQM_QUIC_TAG_BYTES)
		return pqm_fail(
			err, PQM_EPARSE, "QUIC: packet of %u bytes has no sample", (unsigned)n);
	p->number_at = in.n - pqm_cur_left(c);
	p->whole = pqm_sub(in, 0, p->number_at + (size_t)n);
	return PQM_OK;
}

static enum pqm_st long_packet(struct pqm_quic_packet *p, pqm_bytes in, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(in);
	uint8_t first = 0;

	if (!pqm_cur_u8(&c, &first) || !pqm_cur_u32be(&c, &p->version) || !cid(&c, &p->dcid) ||
		!cid(&c, &p->scid))
		return pqm_fail(err, PQM_EPARSE, "QUIC: long header cut at %zu bytes", in.n);
	if (p->version == 0)
		return negotiation(p, &c, err);
	p->kind = PQM_QUIC_FOREIGN;
	if (p->version != PQM_QUIC_V1 && p->version != PQM_QUIC_V2)
		return PQM_OK;
	if (p->dcid.n > PQM_QUIC_CID_MAX || p->scid.n > PQM_QUIC_CID_MAX)
		return pqm_fail(
			err, PQM_EPARSE, "QUIC: connection ID over %d bytes", PQM_QUIC_CID_MAX);
	if ((first & 0x40) == 0)
		return pqm_fail(err, PQM_EPARSE, "QUIC: fixed bit is zero");
	p->kind = (p->version == PQM_QUIC_V1 ? kinds_v1 : kinds_v2)[(first >> 4) & 3];
	return p->kind == PQM_QUIC_RETRY ? retry(p, &c, err) : numbered(p, in, &c, err);
}

enum pqm_st pqm_quic_packet(struct pqm_quic_packet *out, pqm_bytes *in, struct pqm_err *err)
{
	struct pqm_quic_packet p = { .kind = PQM_QUIC_SHORT, .whole = *in };
	enum pqm_st st = PQM_OK;

	if (in->n == 0)
		return pqm_fail(err, PQM_EPARSE, "QUIC: empty datagram");
	if ((in->p[0] & 0x80) != 0)
		st = long_packet(&p, *in, err);
	else if ((in->p[0] & 0x40) == 0)
		st = pqm_fail(err, PQM_EPARSE, "QUIC: fixed bit is zero");
	if (st != PQM_OK)
		return st;
	*in = pqm_sub(*in, p.whole.n, in->n - p.whole.n);
	*out = p;
	return PQM_OK;
}

bool pqm_quic_header(
	struct pqm_buf *out, const struct pqm_quic_packet *p, size_t number_bytes, size_t rest)
{
	const enum pqm_quic_kind *kinds = p->version == PQM_QUIC_V2 ? kinds_v2 : kinds_v1;
	uint8_t type = 0;
	uint8_t v[4] = { (uint8_t)(p->version >> 24), (uint8_t)(p->version >> 16),
		(uint8_t)(p->version >> 8), (uint8_t)p->version };

	while (type < 3 && kinds[type] != p->kind)
		type++;
	/* The length is always in two bytes: it is known before the payload is padded. */
	return number_bytes >= 1 && number_bytes <= 4 && rest < 0x4000 && kinds[type] == p->kind &&
		p->dcid.n <= PQM_QUIC_CID_MAX && p->scid.n <= PQM_QUIC_CID_MAX &&
		pqm_buf_byte(out,
			(uint8_t)(0xc0u | (unsigned)type << 4 | (unsigned)(number_bytes - 1))) &&
		pqm_buf_add(out, (pqm_bytes){ v, 4 }) && pqm_buf_byte(out, (uint8_t)p->dcid.n) &&
		pqm_buf_add(out, p->dcid) && pqm_buf_byte(out, (uint8_t)p->scid.n) &&
		pqm_buf_add(out, p->scid) &&
		(p->kind != PQM_QUIC_INITIAL ||
			(pqm_quic_varint_put(out, p->token.n) && pqm_buf_add(out, p->token))) &&
		pqm_buf_byte(out, (uint8_t)(0x40u | (unsigned)rest >> 8)) &&
		pqm_buf_byte(out, (uint8_t)rest);
}

uint64_t pqm_quic_number(uint64_t largest_seen, bool any_seen, uint32_t low, size_t low_bytes)
{
	uint64_t expected = any_seen ? largest_seen + 1 : 0;
	uint64_t window = (uint64_t)1 << (8 * low_bytes), half = window / 2;
	uint64_t n = (expected & ~(window - 1)) | low;

	if (n + half <= expected && n < ((uint64_t)1 << 62) - window)
		return n + window;
	if (n > expected + half && n >= window)
		return n - window;
	return n;
}

/* ---- frames ---- */

/* The pairs are walked here once, so that a reader can walk them without a check [RFC9000 §19.3]. */
static enum pqm_st ack(struct pqm_quic_frame *f, struct pqm_cur *c, struct pqm_err *err)
{
	uint64_t low, length, gap, unused;
	const uint8_t *start;

	if (!pqm_quic_varint(c, &f->largest) || !pqm_quic_varint(c, &f->delay) ||
		!pqm_quic_varint(c, &f->n_ranges))
		return pqm_fail(err, PQM_EPARSE, "QUIC: ACK frame is cut");
	start = c->p;
	if (!pqm_quic_varint(c, &length) || length > f->largest)
		return pqm_fail(err, PQM_EPARSE, "QUIC: first ACK range");
	low = f->largest - length;
	for (uint64_t i = 0; i < f->n_ranges; i++) {
		if (!pqm_quic_varint(c, &gap) || !pqm_quic_varint(c, &length) || gap + 2 > low ||
			length > low - gap - 2)
			return pqm_fail(err, PQM_EPARSE, "QUIC: ACK range goes below zero");
		low -= gap + 2 + length;
	}
	f->ranges = (pqm_bytes){ start, (size_t)(c->p - start) };
	for (int i = 0; f->type == PQM_QF_ACK_ECN && i < 3; i++)
		if (!pqm_quic_varint(c, &unused))
			return pqm_fail(err, PQM_EPARSE, "QUIC: ECN counts are cut");
	return PQM_OK;
}

bool pqm_quic_acks(const struct pqm_quic_frame *ack, uint64_t n)
{
	struct pqm_cur c = pqm_cur_of(ack->ranges);
	uint64_t high = ack->largest, length, gap;

	for (uint64_t i = 0; i <= ack->n_ranges; i++) {
		if (i > 0) {
			if (!pqm_quic_varint(&c, &gap) || high < gap + 2)
				return false;
			high -= gap + 2;
		}
		if (!pqm_quic_varint(&c, &length) || length > high)
			return false;
		if (n <= high && n >= high - length)
			return true;
		high -= length;
	}
	return false;
}

static enum pqm_st crypto(struct pqm_quic_frame *f, struct pqm_cur *c, struct pqm_err *err)
{
	if (!pqm_quic_varint(c, &f->offset) || !varint_vec(c, &f->data))
		return pqm_fail(err, PQM_EPARSE, "QUIC: CRYPTO frame runs past the packet");
	if (f->offset + f->data.n >= (uint64_t)1 << 62)
		return pqm_fail(err, PQM_EPARSE, "QUIC: CRYPTO offset over 2^62");
	return PQM_OK;
}

static enum pqm_st closing(struct pqm_quic_frame *f, struct pqm_cur *c, struct pqm_err *err)
{
	if (!pqm_quic_varint(c, &f->error) ||
		(f->type == PQM_QF_CLOSE && !pqm_quic_varint(c, &f->culprit)) ||
		!varint_vec(c, &f->reason))
		return pqm_fail(err, PQM_EPARSE, "QUIC: CONNECTION_CLOSE runs past the packet");
	return PQM_OK;
}

/* Frames of 1-RTT packets that say nothing to us: so many integers [RFC9000 §19]; -1: none of them. */
static int n_integers(uint64_t type)
{
	switch (type) {
	case 0x10: /* MAX_DATA */
	case 0x12: /* MAX_STREAMS, both */
	case 0x13:
	case 0x14: /* DATA_BLOCKED */
	case 0x16: /* STREAMS_BLOCKED, both */
	case 0x17:
	case 0x19: /* RETIRE_CONNECTION_ID */
		return 1;
	case 0x05: /* STOP_SENDING */
	case 0x11: /* MAX_STREAM_DATA */
	case 0x15: /* STREAM_DATA_BLOCKED */
	case 0x18: /* NEW_CONNECTION_ID, and more */
		return 2;
	case 0x04: /* RESET_STREAM */
		return 3;
	case 0x1a: /* PATH_CHALLENGE, PATH_RESPONSE: eight bytes */
	case 0x1b:
		return 0;
	default:
		return -1;
	}
}

/* [RFC9000 §19.8]: with OFF, LEN and FIN in the type. */
static bool skip_stream(struct pqm_cur *c, uint64_t type)
{
	pqm_bytes data;
	uint64_t v;

	if (!pqm_quic_varint(c, &v) || ((type & 4) != 0 && !pqm_quic_varint(c, &v)))
		return false;
	if ((type & 2) != 0)
		return varint_vec(c, &data);
	c->p += pqm_cur_left(c);
	return true;
}

static enum pqm_st skip(struct pqm_quic_frame *f, struct pqm_cur *c, struct pqm_err *err)
{
	enum { NEW_CID = 0x18, CHALLENGE = 0x1a, RESPONSE = 0x1b, TOKEN = 16, PATH = 8 };

	bool is_stream = f->type >= 0x08 && f->type <= 0x0f, ok;
	int n = is_stream ? 0 : n_integers(f->type);
	pqm_bytes b;
	uint64_t v;

	if (n < 0)
		return pqm_fail(err, PQM_EPARSE, "QUIC: frame type 0x%llx is not known",
			(unsigned long long)f->type);
	ok = !is_stream || skip_stream(c, f->type);
	for (; ok && n > 0; n--)
		ok = pqm_quic_varint(c, &v);
	if (f->type == NEW_CID)
		ok = ok && cid(c, &b) && pqm_cur_take(c, TOKEN, &b);
	if (f->type == CHALLENGE || f->type == RESPONSE)
		ok = pqm_cur_take(c, PATH, &b);
	return ok ? PQM_OK
		  : pqm_fail(err, PQM_EPARSE, "QUIC: frame 0x%llx runs past the packet",
			    (unsigned long long)f->type);
}

static enum pqm_st frame_body(
	struct pqm_quic_frame *f, struct pqm_cur *c, bool is_data, struct pqm_err *err)
{
	switch (f->type) {
	case PQM_QF_PADDING:
		while (pqm_cur_left(c) > 0 && *c->p == 0)
			c->p++;
		return PQM_OK;
	case PQM_QF_PING:
		return PQM_OK;
	case PQM_QF_ACK:
	case PQM_QF_ACK_ECN:
		return ack(f, c, err);
	case PQM_QF_CRYPTO:
		return crypto(f, c, err);
	case PQM_QF_CLOSE:
		return closing(f, c, err);
	default:
		break;
	}
	if (is_data && f->type == PQM_QF_CLOSE_APP)
		return closing(f, c, err);
	if (is_data && f->type == PQM_QF_DONE)
		return PQM_OK;
	if (is_data && f->type == PQM_QF_NEW_TOKEN) {
		if (varint_vec(c, &f->data) && f->data.n > 0)
			return PQM_OK;
		return pqm_fail(err, PQM_EPARSE, "QUIC: NEW_TOKEN runs past the packet");
	}
	if (is_data)
		return skip(f, c, err);
	return pqm_fail(err, PQM_EPARSE, "QUIC: frame type 0x%llx has no place here",
		(unsigned long long)f->type);
}

enum pqm_st pqm_quic_frame(
	struct pqm_quic_frame *out, struct pqm_cur *c, bool is_data, struct pqm_err *err)
{
	struct pqm_quic_frame f = { 0 };
	struct pqm_cur at = *c;
	enum pqm_st st;

	/* A frame type is in its shortest form [RFC9000 §12.4]. */
	if (!pqm_quic_varint(&at, &f.type) ||
		(size_t)(at.p - c->p) != pqm_quic_varint_bytes(f.type))
		return pqm_fail(err, PQM_EPARSE, "QUIC: frame type is cut or long-winded");
	st = frame_body(&f, &at, is_data, err);
	if (st != PQM_OK)
		return st;
	*c = at;
	*out = f;
	return PQM_OK;
}

bool pqm_quic_crypto_put(struct pqm_buf *out, uint64_t offset, pqm_bytes data)
{
	return pqm_buf_byte(out, PQM_QF_CRYPTO) && pqm_quic_varint_put(out, offset) &&
		pqm_quic_varint_put(out, data.n) && pqm_buf_add(out, data);
}

/* Length of the run of ones (or zeros) that begins at bit `at`; 64 ends everything. */
static unsigned run(uint64_t seen, unsigned at, bool ones)
{
	unsigned n = 0;

	while (at + n < 64 && ((seen >> (at + n)) & 1) == ones)
		n++;
	return n;
}

bool pqm_quic_ack_put(struct pqm_buf *out, uint64_t largest, uint64_t seen)
{
	unsigned first, at, n_more = 0;

	if (largest < 63)
		seen &= ((uint64_t)2 << largest) - 1;
	first = run(seen, 0, true);
	if (first == 0)
		return false;
	for (at = first; at < 64 && seen >> at != 0; n_more++) {
		at += run(seen, at, false);
		at += run(seen, at, true);
	}
	if (!pqm_buf_byte(out, PQM_QF_ACK) || !pqm_quic_varint_put(out, largest) ||
		!pqm_quic_varint_put(out, 0) || !pqm_quic_varint_put(out, n_more) ||
		!pqm_quic_varint_put(out, first - 1))
		return false;
	for (at = first; n_more > 0; n_more--) {
		unsigned gap = run(seen, at, false), length = run(seen, at + gap, true);

		if (!pqm_quic_varint_put(out, gap - 1) || !pqm_quic_varint_put(out, length - 1))
			return false;
		at += gap + length;
	}
	return true;
}

bool pqm_quic_close_put(struct pqm_buf *out, uint64_t error)
{
	return pqm_buf_byte(out, PQM_QF_CLOSE) && pqm_quic_varint_put(out, error) &&
		pqm_buf_byte(out, 0) && pqm_buf_byte(out, 0);
}

/* ---- transport parameters ---- */

enum {
	TP_ORIGINAL_DCID = 0x00,
	TP_IDLE = 0x01,
	TP_UDP = 0x03,
	TP_DATA = 0x04,
	TP_STREAM_LOCAL = 0x05,
	TP_STREAM_REMOTE = 0x06,
	TP_STREAM_UNI = 0x07,
	TP_BIDI = 0x08,
	TP_UNI = 0x09,
	TP_CID_LIMIT = 0x0e,
	TP_INITIAL_SCID = 0x0f,
	TP_RETRY_SCID = 0x10,
	TP_VERSIONS = 0x11,
};

static bool param_versions(struct pqm_quic_params *p, pqm_bytes value)
{
	struct pqm_cur c = pqm_cur_of(value);
	uint32_t v;

	if (value.n < 4 || value.n % 4 != 0 || !pqm_cur_u32be(&c, &p->chosen_version) ||
		p->chosen_version == 0)
		return false;
	while (pqm_cur_u32be(&c, &v)) {
		if (v == 0)
			return false;
		if (p->n_versions < PQM_QUIC_VERSIONS_MAX)
			p->versions[p->n_versions++] = v;
	}
	return true;
}

static bool param_cid(bool *has, pqm_bytes *out, pqm_bytes value)
{
	*has = true;
	*out = value;
	return value.n <= PQM_QUIC_CID_MAX;
}

static bool param_number(uint64_t *out, pqm_bytes value)
{
	struct pqm_cur c = pqm_cur_of(value);

	return pqm_quic_varint(&c, out) && pqm_cur_left(&c) == 0;
}

static bool param(struct pqm_quic_params *p, uint64_t id, pqm_bytes value)
{
	switch (id) {
	case TP_ORIGINAL_DCID:
		return param_cid(&p->has_original_dcid, &p->original_dcid, value);
	case TP_INITIAL_SCID:
		return param_cid(&p->has_initial_scid, &p->initial_scid, value);
	case TP_RETRY_SCID:
		return param_cid(&p->has_retry_scid, &p->retry_scid, value);
	case TP_VERSIONS:
		return param_versions(p, value);
	case TP_IDLE:
		return param_number(&p->idle_ms, value);
	case TP_UDP:
		return param_number(&p->udp_bytes, value);
	case TP_DATA:
		return param_number(&p->data_bytes, value);
	case TP_STREAM_LOCAL:
	case TP_STREAM_REMOTE:
	case TP_STREAM_UNI:
		return param_number(&p->stream_bytes, value);
	case TP_BIDI:
		return param_number(&p->bidi_streams, value);
	case TP_UNI:
		return param_number(&p->uni_streams, value);
	case TP_CID_LIMIT:
		return param_number(&p->cid_limit, value);
	default:
		return true;
	}
}

enum pqm_st pqm_quic_params(struct pqm_quic_params *out, pqm_bytes in, struct pqm_err *err)
{
	struct pqm_quic_params p = { 0 };
	struct pqm_cur c = pqm_cur_of(in);
	uint64_t id, met = 0;
	pqm_bytes value;

	while (pqm_cur_left(&c) > 0) {
		if (!pqm_quic_varint(&c, &id) || !varint_vec(&c, &value))
			return pqm_fail(err, PQM_EPARSE, "QUIC: transport parameters are cut");
		if (id < 64 && ((met >> id) & 1) != 0)
			return pqm_fail(err, PQM_EPARSE, "QUIC: transport parameter %u twice",
				(unsigned)id);
		if (id < 64)
			met |= (uint64_t)1 << id;
		if (!param(&p, id, value))
			return pqm_fail(err, PQM_EPARSE, "QUIC: value of transport parameter %u",
				(unsigned)id);
		p.n++;
	}
	*out = p;
	return PQM_OK;
}

static bool number_put(struct pqm_buf *out, uint64_t id, uint64_t v)
{
	return v == 0 ||
		(pqm_quic_varint_put(out, id) &&
			pqm_quic_varint_put(out, pqm_quic_varint_bytes(v)) &&
			pqm_quic_varint_put(out, v));
}

static bool u32_put(struct pqm_buf *out, uint32_t v)
{
	return pqm_buf_byte(out, (uint8_t)(v >> 24)) && pqm_buf_byte(out, (uint8_t)(v >> 16)) &&
		pqm_buf_byte(out, (uint8_t)(v >> 8)) && pqm_buf_byte(out, (uint8_t)v);
}

bool pqm_quic_params_put(struct pqm_buf *out, const struct pqm_quic_params *p)
{
	bool ok = number_put(out, TP_IDLE, p->idle_ms) && number_put(out, TP_UDP, p->udp_bytes) &&
		number_put(out, TP_DATA, p->data_bytes) &&
		number_put(out, TP_STREAM_LOCAL, p->stream_bytes) &&
		number_put(out, TP_STREAM_REMOTE, p->stream_bytes) &&
		number_put(out, TP_STREAM_UNI, p->stream_bytes) &&
		number_put(out, TP_BIDI, p->bidi_streams) &&
		number_put(out, TP_UNI, p->uni_streams) &&
		number_put(out, TP_CID_LIMIT, p->cid_limit);

	if (ok && p->has_initial_scid)
		ok = pqm_quic_varint_put(out, TP_INITIAL_SCID) &&
			pqm_quic_varint_put(out, p->initial_scid.n) &&
			pqm_buf_add(out, p->initial_scid);
	if (ok && p->chosen_version != 0) {
		ok = pqm_quic_varint_put(out, TP_VERSIONS) &&
			pqm_quic_varint_put(out, 4 + 4 * p->n_versions) &&
			u32_put(out, p->chosen_version);
		for (size_t i = 0; ok && i < p->n_versions; i++)
			ok = u32_put(out, p->versions[i]);
	}
	return ok;
}
