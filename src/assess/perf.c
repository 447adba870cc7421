/* perf.c — the handshake and transfer model: arithmetic only. */
#include "perf.h"

#include <math.h>

#define REQUEST_BYTES 400.0 /* a small HTTP request and the first bytes of its answer */
#define FIRST_BYTES 1400.0

struct pqm_perf_link pqm_perf_link_default(void)
{
	return (struct pqm_perf_link){ .rtt_ms = 40,
		.mbit = 100,
		.mss = 1448,
		.initcwnd = 10,
		.fixed_ms = 0.5,
		.n_clients = 1 };
}

double pqm_perf_rounds(double n, double window)
{
	double rounds = 1, sent = window;

	while (sent < n && rounds < 64) {
		window *= 2;
		sent += window;
		rounds++;
	}
	return rounds;
}

static double on_wire_ms(double bytes, const struct pqm_perf_link *l)
{
	/* 52 bytes of IPv4 and TCP with timestamps a segment, 14 and 4 of Ethernet */
	double segments = ceil(bytes / l->mss);

	return l->mbit > 0 ? (bytes + segments * 70) * 8 / (l->mbit * 1000) : 0;
}

/* Segments of the last round: those whose loss nothing later hides. */
static double tail(double n, const struct pqm_perf_link *l)
{
	double window = l->initcwnd * l->mss, left = n;

	while (left > window) {
		left -= window;
		window *= 2;
	}
	return ceil(left / l->mss);
}

static double loss_ms(double n, const struct pqm_perf_link *l)
{
	return 1 - pow(1 - l->loss, tail(n, l)) > 0.5 ? l->rtt_ms : 0;
}

/* From the server's first byte to the last at the client, less half an RTT. */
static double server_flight(const struct pqm_perf_handshake *h, const struct pqm_perf_link *l)
{
	double window = l->initcwnd * l->mss, all = h->server_first + h->server_late;
	double grown = window +
		fmin(h->server_first, window * (pow(2, h->server_sign / l->rtt_ms + 1) - 1));
	double at_once = (pqm_perf_rounds(all, window) - 1) * l->rtt_ms;
	double waited = h->server_sign + (pqm_perf_rounds(h->server_late, grown) - 1) * l->rtt_ms;

	return fmax(at_once, waited);
}

/* Waiting before the server's CPU: mean value analysis of a closed network. */
static double queue(double service, double think, unsigned n)
{
	double waiting = 0, response = service;

	for (unsigned i = 1; i <= n; i++) {
		response = service * (1 + waiting);
		waiting = (double)i * response / (think + response);
	}
	return response - service;
}

void pqm_perf_handshake(struct pqm_perf_result *out, const struct pqm_perf_handshake *h,
	const struct pqm_perf_link *l)
{
	double window = l->initcwnd * l->mss, down = h->server_first + h->server_late;
	double rtt = l->rtt_ms, server, chain, end, first;

	*out = (struct pqm_perf_result){ .bytes_up = h->client_hello + h->client_last,
		.bytes_down = down,
		.rounds_up = pqm_perf_rounds(h->client_hello, window),
		.rounds_down = pqm_perf_rounds(down, window) };
	out->client_cpu_ms = h->client_start + h->client_kex + h->client_chain + h->client_late;
	out->server_cpu_ms = h->server_kex + h->server_sign;
	out->per_core_s = out->server_cpu_ms > 0 ? 1000 / out->server_cpu_ms : 0;

	/* TCP, then the client's hello at the server */
	server = rtt + l->fixed_ms + h->client_start + rtt / 2 + (out->rounds_up - 1) * rtt +
		on_wire_ms(h->client_hello, l) + loss_ms(h->client_hello, l) + h->server_kex;
	first = server + rtt / 2 + (pqm_perf_rounds(h->server_first, window) - 1) * rtt +
		on_wire_ms(h->server_first, l);
	chain = first + h->client_kex + h->client_chain;
	end = server + server_flight(h, l) + rtt / 2 + on_wire_ms(down, l) + loss_ms(down, l);
	out->handshake_ms = fmax(chain, end) + h->client_late;
	if (l->n_clients > 1)
		out->queue_ms = queue(
			out->server_cpu_ms, out->handshake_ms - out->server_cpu_ms, l->n_clients);
	out->handshake_ms += out->queue_ms;
	out->first_byte_ms = out->handshake_ms + rtt +
		on_wire_ms(h->client_last + REQUEST_BYTES, l) + on_wire_ms(FIRST_BYTES, l);
}

static double cipher_ms(double bytes, double gb_s, bool is_one_end)
{
	return gb_s > 0 ? bytes / (gb_s * 1e6) * (is_one_end ? 1 : 2) : 0;
}

static double wire(const struct pqm_perf_transfer *t, double bytes)
{
	return t->rtt_ms / 2 + bytes * 8 / (t->mbit * 1000);
}

void pqm_perf_transfer(struct pqm_perf_cost *out, const struct pqm_perf_transfer *t)
{
	double today = t->payload + t->today_bytes, hybrid = t->payload + t->added_bytes;

	out->today_ms = wire(t, today) + t->today_cpu_ms +
		cipher_ms(t->payload, t->today_gb_s, t->is_one_end);
	out->hybrid_ms =
		wire(t, hybrid) + t->cpu_ms + cipher_ms(t->payload, t->seal_gb_s, t->is_one_end);
	out->bytes_percent = 100 * (hybrid - today) / today;
	out->time_percent = 100 * (out->hybrid_ms - out->today_ms) / out->today_ms;
}
