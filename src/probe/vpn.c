#include "probe/vpn.h"

#include "base/arena.h"

#define NAT_PORT 4500

/* ---- one datagram, one answer: OpenVPN and WireGuard ---- */

struct ping {
	struct probe_vpn_flight f; /* first: probe_vpn_flight_of */
	bool is_openvpn;
	unsigned n_sends;
	uint32_t wait_ms;
	uint8_t session[8];
};

static void *ping_new(bool is_openvpn)
{
	struct ping *p = pqm_calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->is_openvpn = is_openvpn;
	pc_random(p->session, sizeof(p->session));
	return p;
}

void *probe_openvpn_new(void)
{
	return ping_new(true);
}

void *probe_wireguard_new(void)
{
	return ping_new(false);
}

static void ping_free(void *self)
{
	pqm_free(self);
}

/* P_CONTROL_HARD_RESET_CLIENT_V2: opcode 7, our session, no acknowledgements, packet 0. */
static void put_openvpn(const struct ping *p, struct pqm_buf *out)
{
	(void)pqm_buf_add(out, (pqm_bytes){ (const uint8_t *)"\0\x0e\x38", 3 });
	(void)pqm_buf_add(out, (pqm_bytes){ p->session, sizeof(p->session) });
	(void)pqm_buf_add(out, (pqm_bytes){ (const uint8_t *)"\0\0\0\0\0", 5 });
}

/* A handshake initiation [WireGuard §5.4.2] with a mac1 that no peer can take for its own: it shows a closed
 * port by ICMP, and nothing else. */
static void put_wireguard(const struct ping *p, struct pqm_buf *out)
{
	uint8_t message[148] = { 1 };

	pc_random(message + 4, 128);
	memcpy(message + 4, p->session, 4); /* sender index */
	(void)pqm_buf_add(out, (pqm_bytes){ (const uint8_t *)"\0\x94", 2 });
	(void)pqm_buf_add(out, (pqm_bytes){ message, sizeof(message) });
}

static enum probe_want ping_send(void *self, struct pqm_buf *out)
{
	struct ping *p = self;

	if (p->is_openvpn)
		put_openvpn(p, out);
	else
		put_wireguard(p, out);
	p->wait_ms = p->is_openvpn ? 400u << p->n_sends : 1000;
	p->n_sends++;
	return PROBE_READ;
}

/* P_CONTROL_HARD_RESET_SERVER_V2 that acknowledges our packet and names our session. */
static bool is_openvpn_answer(const struct ping *p, pqm_bytes in)
{
	struct pqm_cur c = pqm_cur_of(in);
	uint8_t opcode, n_acks;
	pqm_bytes ours;

	return pqm_cur_u8(&c, &opcode) && opcode >> 3 == 8 && pqm_cur_skip(&c, 8) &&
		pqm_cur_u8(&c, &n_acks) && n_acks >= 1 && n_acks <= 8 &&
		pqm_cur_skip(&c, 4u * n_acks) && pqm_cur_take(&c, 8, &ours) &&
		memcmp(ours.p, p->session, 8) == 0 && pqm_cur_left(&c) >= 4;
}

/* A handshake response or a cookie reply for our index [WireGuard §5.4.3, §5.4.7]. */
static bool is_wireguard_answer(const struct ping *p, pqm_bytes in)
{
	static const uint8_t zeros[3];

	if (in.n < 12 || memcmp(in.p + 1, zeros, 3) != 0)
		return false;
	if (in.p[0] == 2)
		return in.n == 92 && memcmp(in.p + 8, p->session, 4) == 0;
	return in.p[0] == 3 && in.n == 64 && memcmp(in.p + 4, p->session, 4) == 0;
}

static enum probe_want ping_input(void *self, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	struct ping *p = self;

	(void)out;
	*used = in.n;
	p->f.is_recognised = p->is_openvpn ? is_openvpn_answer(p, in) : is_wireguard_answer(p, in);
	if (!p->f.is_recognised)
		return PROBE_READ;
	p->wait_ms = 0;
	p->f.end = PROBE_GOAL;
	return PROBE_DONE;
}

static uint32_t ping_wait(const void *self)
{
	return ((const struct ping *)self)->wait_ms;
}

static enum probe_want ping_timer(void *self, struct pqm_buf *out)
{
	struct ping *p = self;

	if (p->is_openvpn && p->n_sends < 3)
		return ping_send(self, out);
	p->wait_ms = 0;
	p->f.end = PROBE_TIMEOUT;
	(void)snprintf(p->f.words, sizeof(p->f.words), "silence");
	return PROBE_DONE;
}

static void ping_end(void *self, enum probe_end why, const char *words)
{
	struct ping *p = self;

	if (p->f.end != PROBE_RUNNING)
		return;
	p->f.end = why;
	(void)snprintf(p->f.words, sizeof(p->f.words), "%s", words != NULL ? words : "");
}

const struct probe_machine probe_openvpn_machine = {
	.name = "openvpn",
	.start = ping_send,
	.input = ping_input,
	.wait_ms = ping_wait,
	.timer = ping_timer,
	.end = ping_end,
	.free = ping_free,
};

const struct probe_machine probe_wireguard_machine = {
	.name = "wireguard",
	.start = ping_send,
	.input = ping_input,
	.wait_ms = ping_wait,
	.timer = ping_timer,
	.end = ping_end,
	.free = ping_free,
};

/* ---- the strategy ---- */

enum kind { KIND_IKE, KIND_OPENVPN, KIND_WIREGUARD };

static enum kind kind_of(const struct probe_job *j)
{
	pqm_bytes s = pqm_str(j->target->scheme);

	return pqm_eqs(s, "ikev2")	? KIND_IKE
		: pqm_eqs(s, "openvpn") ? KIND_OPENVPN
					: KIND_WIREGUARD;
}

static bool is_mlkem(uint16_t group)
{
	return group >= IKE_MLKEM512 && group <= IKE_MLKEM1024;
}

/* Accepted alone or as an additional exchange. */
static bool is_accepted(const struct probe_vpn_flight *f, uint16_t group)
{
	for (size_t i = 0; i < f->n_accepted; i++)
		if (f->accepted[i] == group)
			return true;
	return is_mlkem(group) && f->additional[group - IKE_MLKEM512] == PQM_A_YES;
}

static void put_ike_posture(struct probe_job *j, const struct probe_vpn_flight *f)
{
	bool has_classical = false, has_pq = false, is_refused = true;

	for (size_t i = 0; i < f->n_accepted; i++) {
		has_pq = has_pq || is_mlkem(f->accepted[i]);
		has_classical = has_classical || !is_mlkem(f->accepted[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		has_pq = has_pq || f->additional[i] == PQM_A_YES;
		is_refused = is_refused && f->additional[i] == PQM_A_NO;
	}
	if (has_pq && has_classical) {
		j->ep.posture = PQM_P_OFFERED;
		j->ep.posture_how = PQM_LIT("invalid ke payload: with and without ML-KEM");
	} else if (has_pq) {
		/* That no classical group was taken alone is known only when the strike came to its end. */
		j->ep.posture = f->is_complete ? PQM_P_ONLY : PQM_P_OFFERED;
		j->ep.posture_how = PQM_LIT("invalid ke payload: with ML-KEM");
	} else if (f->is_complete && is_refused && has_classical) {
		j->ep.posture = PQM_P_ABSENT;
		j->ep.posture_how =
			PQM_LIT("no proposal chosen: neither first nor additional ML-KEM");
	}
}

static void put_ike(struct probe_job *j, const struct probe_vpn_flight *f)
{
	static const uint16_t extra[] = { IKE_MLKEM512, IKE_MLKEM768, IKE_MLKEM1024 };

	j->ep.protocol = PQM_LIT("ikev2");
	j->ep.reach = PQM_R_ANSWERED;
	j->ep.is_complete = f->end == PROBE_GOAL && f->is_complete;
	if (f->is_ike1) {
		j->ep.protocol = (pqm_bytes){ NULL, 0 };
		probe_words(j, PQM_R_OTHER, "speaks IKE 1, not IKEv2");
		return;
	}
	for (size_t i = 0; i < f->n_accepted; i++)
		probe_offer(j, PQM_O_IKE, f->accepted[i], 0, PQM_A_YES, (unsigned)i + 1,
			"invalid ke payload");
	for (size_t i = 0; i < f->n_asked && f->is_complete && f->n_accepted > 0; i++)
		if (!is_accepted(f, f->asked[i]))
			probe_offer(
				j, PQM_O_IKE, f->asked[i], 0, PQM_A_NO, 0, "no proposal chosen");
	for (size_t i = 0; i < 3; i++)
		if (f->additional[i] == PQM_A_YES) {
			probe_offer(
				j, PQM_O_IKE, extra[i], 0, PQM_A_YES, 0, "additional key exchange");
			probe_fact(j, "ike-additional-exchange", PQM_A_YES, "invalid ke payload",
				"%s", "RFC 9370");
		}
	put_ike_posture(j, f);
	if (f->n_accepted == 0 && j->ep.posture == PQM_P_UNKNOWN)
		probe_words(j, PQM_R_ANSWERED, "%s",
			f->words[0] != '\0'
				? f->words
				: "takes none of our proposals: of nobody, or not of us");
}

static void put_recognised(struct probe_job *j, enum kind kind)
{
	j->ep.reach = PQM_R_ANSWERED;
	j->ep.is_complete = false;
	if (kind == KIND_OPENVPN) {
		j->ep.protocol = PQM_LIT("openvpn");
		j->ep.posture_how = PQM_LIT("the TLS inside was not asked");
	} else {
		j->ep.protocol = PQM_LIT("wireguard");
		j->ep.posture_how =
			PQM_LIT("X25519; whether a pre-shared key stands beside it is not "
				"seen from outside");
	}
}

static const char *silence_of(enum kind kind)
{
	switch (kind) {
	case KIND_IKE:
		return "no answer to IKE_SA_INIT";
	case KIND_OPENVPN:
		return "no answer: behind tls-auth and tls-crypt OpenVPN does not talk to "
		       "strangers";
	case KIND_WIREGUARD:
		return "no answer, which is by design: WireGuard talks only to whom it knows";
	}
	return "";
}

static void take(
	struct probe_job *j, const struct probe_vpn_flight *f, const struct probe_outcome *o)
{
	enum kind kind = kind_of(j);

	j->ep.is_complete = false;
	if (f->is_recognised && kind == KIND_IKE)
		put_ike(j, f);
	else if (f->is_recognised)
		put_recognised(j, kind);
	else if (o->end == PROBE_NO_CONNECT || o->end == PROBE_RESET)
		probe_words(j, PQM_R_REFUSED, "%s",
			o->words[0] != '\0' ? o->words : "the port is closed");
	else if (o->end == PROBE_UNREACHABLE || o->end == PROBE_LOCAL)
		probe_words(j, PQM_R_UNREACHABLE, "%s", o->words);
	else if (f->end == PROBE_GARBAGE || f->end == PROBE_BUDGET)
		probe_words(j, PQM_R_OTHER, "%s", f->words);
	else
		probe_words(j, PQM_R_SILENT, "%s", silence_of(kind));
}

static bool next(struct probe_job *j, const struct probe_request *done,
	const struct probe_outcome *last, struct probe_request *req)
{
	if (last != NULL) {
		take(j, probe_vpn_flight_of(done->chain[0].self), last);
		return false;
	}
	*req = (struct probe_request){ .is_udp = true, .n = 1, .timeout_ms = 7000 };
	switch (kind_of(j)) {
	case KIND_IKE:
		req->chain[0].machine = &probe_ike_machine;
		req->chain[0].self = probe_ike_new(j->target->port == NAT_PORT);
		break;
	case KIND_OPENVPN:
		req->chain[0].machine = &probe_openvpn_machine;
		req->chain[0].self = probe_openvpn_new();
		break;
	case KIND_WIREGUARD:
		req->chain[0].machine = &probe_wireguard_machine;
		req->chain[0].self = probe_wireguard_new();
		break;
	}
	return req->chain[0].self != NULL;
}

const struct probe_strategy probe_vpn_strategy = { .name = "vpn", .next = next };
