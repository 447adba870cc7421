/*
 * vpn.h — IKEv2, OpenVPN and WireGuard as far as a stranger gets. Not for other files than vpn*.c and tests.
 *
 * Shape:     one datagram machine a protocol; the IKE machine asks again and again over one socket.
 * Units:     milliseconds, bytes.
 * Errors:    silence is never a no: none of the three must answer whom it does not know.
 * Limits:    IKE_ROUNDS questions, each sent IKE_SENDS times.
 * Standard:  RFC 7296, RFC 9370, draft-ietf-ipsecme-ikev2-mlkem; the OpenVPN and WireGuard protocols.
 */
#ifndef PQM_PROBE_VPN_H
#define PQM_PROBE_VPN_H

#include "base/cur.h"
#include "probe/int.h"

#define IKE_ROUNDS 36u
#define IKE_SENDS 3u
#define IKE_FIRST_MS 400u    /* then twice, then four times that */
#define IKE_COOKIE_BYTES 64u /* [RFC7296 §2.6] */

#define IKE_MODP768 1
#define IKE_MLKEM512 35
#define IKE_MLKEM768 36
#define IKE_MLKEM1024 37

/* What an answer to IKE_SA_INIT says. */
enum ike_said {
	IKE_NOTHING, /* not an answer to us */
	IKE_CHOSE,   /* an SA: `group` was chosen, `additional` when there is one */
	IKE_WANTS,   /* INVALID_KE_PAYLOAD: of our proposal it would take `group` */
	IKE_NONE,    /* NO_PROPOSAL_CHOSEN */
	IKE_COOKIE,  /* send again with the cookie */
	IKE_REFUSED, /* another error: `error` */
	IKE_OLD,     /* speaks IKE 1 */
};

struct ike_answer {
	enum ike_said said;
	uint16_t group, additional, error;
	pqm_bytes cookie;
	bool has_vendor; /* a Vendor ID payload */
};

struct ike_question {
	uint8_t spi[8];
	const uint16_t *groups; /* key exchange methods of the proposals */
	size_t n_groups;
	uint16_t additional; /* method of a first additional exchange; 0: none */
	pqm_bytes cookie;
	uint8_t number[96], nonce[32]; /* random; the number's top bits are set by probe_ike_put */
};

/* Appends an IKE_SA_INIT request. Its key exchange payload is for MODP-768, which no sane server takes: one
 * that accepts another group of the proposals says so by INVALID_KE_PAYLOAD, computes nothing and keeps no
 * state. */
void probe_ike_put(struct pqm_buf *out, const struct ike_question *q);
/* Reads a datagram that came after a request with this SPI. */
struct ike_answer probe_ike_read(pqm_bytes datagram, const uint8_t spi[8]);

struct probe_vpn_flight {
	enum probe_end end;
	char words[96];
	bool is_recognised;
	/* IKE: */
	bool is_ike1, is_complete; /* the strike came to its end: what is not accepted is refused */
	uint16_t accepted[IKE_ROUNDS];
	size_t n_accepted;
	uint16_t asked[40];
	size_t n_asked;
	enum pqm_answer additional[3]; /* ML-KEM-512, 768, 1024 */
	uint16_t error;
};

void *probe_ike_new(bool has_marker);
extern const struct probe_machine probe_ike_machine;
void *probe_openvpn_new(void);
extern const struct probe_machine probe_openvpn_machine;
void *probe_wireguard_new(void);
extern const struct probe_machine probe_wireguard_machine;

static inline const struct probe_vpn_flight *probe_vpn_flight_of(const void *self)
{
	return self;
}

#endif
