#include "probe/vpn.h"

#include "base/arena.h"

#define IKE_HEADER 28u
#define SA_INIT 34
#define FLAG_INITIATOR 0x08
#define FLAG_RESPONSE 0x20

enum payload { P_SA = 33, P_KE = 34, P_NONCE = 40, P_NOTIFY = 41, P_VENDOR = 43 };

enum transform { T_ENCR = 1, T_PRF = 2, T_INTEG = 3, T_KE = 4, T_ADDKE1 = 6 };

#define N_NO_PROPOSAL 14
#define N_INVALID_KE 17
#define N_COOKIE 16390
#define N_INTERMEDIATE 16438

/* Methods in the order a cautious client asks [IANA ikev2-parameters, Transform Type 4]; the one of the key
 * exchange payload is last. */
static const uint16_t all_groups[] = { IKE_MLKEM768, IKE_MLKEM1024, IKE_MLKEM512, 31, 32, 19, 20,
	21, 28, 29, 30, 15, 16, 17, 18, 14, 24, 23, 22, 26, 25, 5, 2, IKE_MODP768 };

#define N_ALL (sizeof(all_groups) / sizeof(all_groups[0]))

/* ---- to bytes ---- */

static void put16(struct pqm_buf *out, size_t v)
{
	(void)pqm_buf_byte(out, (uint8_t)(v >> 8));
	(void)pqm_buf_byte(out, (uint8_t)v);
}

/* One transform [RFC7296 §3.3.2]; the first byte, "more", is corrected by the caller for the last one. */
static void put_transform(struct pqm_buf *out, uint8_t type, uint16_t id, uint16_t key_bits)
{
	(void)pqm_buf_byte(out, 3);
	(void)pqm_buf_byte(out, 0);
	put16(out, key_bits != 0 ? 12 : 8);
	(void)pqm_buf_byte(out, type);
	(void)pqm_buf_byte(out, 0);
	put16(out, id);
	if (key_bits != 0) {
		put16(out, 0x800e);
		put16(out, key_bits);
	}
}

static void put_proposal(
	struct pqm_buf *out, const struct ike_question *q, uint8_t number, bool is_last)
{
	static const uint16_t prf[] = { 5, 6, 7, 2, 4 };
	static const uint16_t integ[] = { 12, 13, 14, 2, 5 };
	struct pqm_buf t;
	size_t n = 0, last = 0;

	pqm_buf_init(&t, 2048);
	for (uint16_t bits = 256; bits >= 128; bits = (uint16_t)(bits - 64)) {
		put_transform(&t, T_ENCR, number == 1 ? 20 : 12, bits); /* GCM-16, CBC */
		n++;
	}
	put_transform(&t, T_ENCR, number == 1 ? 28 : 3, 0); /* ChaCha20-Poly1305, 3DES */
	n++;
	for (size_t i = 0; i < 5; i++, n++)
		put_transform(&t, T_PRF, prf[i], 0);
	for (size_t i = 0; number != 1 && i < 5; i++, n++)
		put_transform(&t, T_INTEG, integ[i], 0);
	for (size_t i = 0; i < q->n_groups; i++, n++)
		put_transform(&t, T_KE, q->groups[i], 0);
	last = t.n - 8;
	if (q->additional != 0) {
		last = t.n;
		put_transform(&t, T_ADDKE1, q->additional, 0);
		n++;
	}
	if (!t.failed)
		t.p[last] = 0;
	(void)pqm_buf_byte(out, is_last ? 0 : 2);
	(void)pqm_buf_byte(out, 0);
	put16(out, 8 + t.n);
	(void)pqm_buf_byte(out, number);
	(void)pqm_buf_byte(out, 1); /* IKE */
	(void)pqm_buf_byte(out, 0); /* no SPI in the first exchange */
	(void)pqm_buf_byte(out, (uint8_t)n);
	(void)pqm_buf_add(out, pqm_buf_bytes(&t));
	pqm_buf_fini(&t);
}

static void put_payload(struct pqm_buf *out, uint8_t next, const struct pqm_buf *body)
{
	(void)pqm_buf_byte(out, next);
	(void)pqm_buf_byte(out, 0);
	put16(out, 4 + body->n);
	(void)pqm_buf_add(out, pqm_buf_bytes(body));
}

static void put_notify(struct pqm_buf *out, uint8_t next, uint16_t type, pqm_bytes data)
{
	struct pqm_buf b;

	pqm_buf_init(&b, 256);
	put16(&b, 0); /* no protocol, no SPI */
	put16(&b, type);
	(void)pqm_buf_add(&b, data);
	put_payload(out, next, &b);
	pqm_buf_fini(&b);
}

void probe_ike_put(struct pqm_buf *out, const struct ike_question *q)
{
	struct pqm_buf body, b;

	pqm_buf_init(&body, 4096);
	pqm_buf_init(&b, 2048);
	if (q->cookie.n > 0)
		put_notify(&body, P_SA, N_COOKIE, q->cookie);
	put_proposal(&b, q, 1, false);
	put_proposal(&b, q, 2, true);
	put_payload(&body, P_KE, &b);
	b.n = 0;
	put16(&b, IKE_MODP768);
	put16(&b, 0);
	/* Below the prime, and not small. */
	(void)pqm_buf_byte(&b, (uint8_t)((q->number[0] & 0x3f) | 0x40));
	(void)pqm_buf_add(&b, (pqm_bytes){ q->number + 1, sizeof(q->number) - 1 });
	put_payload(&body, P_NONCE, &b);
	b.n = 0;
	(void)pqm_buf_add(&b, (pqm_bytes){ q->nonce, sizeof(q->nonce) });
	put_payload(&body, q->additional != 0 ? P_NOTIFY : 0, &b);
	if (q->additional != 0) /* [RFC9242 §3.1]: additional exchanges need it */
		put_notify(&body, 0, N_INTERMEDIATE, (pqm_bytes){ NULL, 0 });
	(void)pqm_buf_add(out, (pqm_bytes){ q->spi, 8 });
	for (int i = 0; i < 8; i++)
		(void)pqm_buf_byte(out, 0);
	(void)pqm_buf_byte(out, q->cookie.n > 0 ? P_NOTIFY : P_SA);
	(void)pqm_buf_byte(out, 0x20);
	(void)pqm_buf_byte(out, SA_INIT);
	(void)pqm_buf_byte(out, FLAG_INITIATOR);
	put16(out, 0);
	put16(out, 0); /* message id */
	put16(out, 0);
	put16(out, IKE_HEADER + body.n);
	(void)pqm_buf_add(out, pqm_buf_bytes(&body));
	if (body.failed || b.failed)
		out->failed = true;
	pqm_buf_fini(&b);
	pqm_buf_fini(&body);
}

/* ---- from bytes ---- */

/* The chosen proposal's key exchange methods [RFC7296 §3.3]. */
static bool read_sa(struct pqm_cur c, struct ike_answer *a)
{
	pqm_bytes head, transform;
	uint16_t n;

	if (!pqm_cur_take(&c, 8, &head) || !pqm_cur_skip(&c, head.p[6]))
		return false;
	for (unsigned i = 0; i < head.p[7]; i++) {
		struct pqm_cur peek = c;

		if (!pqm_cur_skip(&peek, 2) || !pqm_cur_u16be(&peek, &n) || n < 8 ||
			!pqm_cur_take(&c, n, &transform))
			return false;
		uint16_t id = (uint16_t)(transform.p[6] << 8 | transform.p[7]);

		if (transform.p[4] == T_KE)
			a->group = id;
		else if (transform.p[4] == T_ADDKE1)
			a->additional = id;
	}
	return a->group != 0;
}

static void read_notify(pqm_bytes body, struct ike_answer *a)
{
	struct pqm_cur c = pqm_cur_of(body);
	uint8_t protocol, spi_bytes;
	uint16_t type, group;

	if (!pqm_cur_u8(&c, &protocol) || !pqm_cur_u8(&c, &spi_bytes) ||
		!pqm_cur_u16be(&c, &type) || !pqm_cur_skip(&c, spi_bytes))
		return;
	if (type == N_INVALID_KE && pqm_cur_u16be(&c, &group)) {
		a->said = IKE_WANTS;
		a->group = group;
	} else if (type == N_NO_PROPOSAL) {
		a->said = IKE_NONE;
	} else if (type == N_COOKIE && pqm_cur_left(&c) > 0 &&
		pqm_cur_left(&c) <= IKE_COOKIE_BYTES) {
		a->said = IKE_COOKIE;
		a->cookie = pqm_cur_rest(&c);
	} else if (type < 16384 && a->said == IKE_NOTHING) { /* error types [RFC7296 §3.10.1] */
		a->said = IKE_REFUSED;
		a->error = type;
	}
}

static void read_payloads(struct pqm_cur c, uint8_t next, struct ike_answer *a)
{
	for (unsigned i = 0; next != 0 && i < 32; i++) {
		uint8_t type = next, critical;
		uint16_t n;
		pqm_bytes body;

		if (!pqm_cur_u8(&c, &next) || !pqm_cur_u8(&c, &critical) ||
			!pqm_cur_u16be(&c, &n) || n < 4 || !pqm_cur_take(&c, n - 4u, &body))
			return;
		if (type == P_SA && read_sa(pqm_cur_of(body), a))
			a->said = IKE_CHOSE;
		else if (type == P_NOTIFY)
			read_notify(body, a);
		else if (type == P_VENDOR)
			a->has_vendor = true;
	}
}

struct ike_answer probe_ike_read(pqm_bytes datagram, const uint8_t spi[8])
{
	struct pqm_cur c = pqm_cur_of(datagram);
	struct ike_answer a = { .said = IKE_NOTHING };
	uint8_t next, version, exchange, flags;
	uint32_t id, n;
	pqm_bytes mine;

	if (!pqm_cur_take(&c, 8, &mine) || memcmp(mine.p, spi, 8) != 0 || !pqm_cur_skip(&c, 8) ||
		!pqm_cur_u8(&c, &next) || !pqm_cur_u8(&c, &version) || !pqm_cur_u8(&c, &exchange) ||
		!pqm_cur_u8(&c, &flags) || !pqm_cur_u32be(&c, &id) || !pqm_cur_u32be(&c, &n) ||
		n != datagram.n)
		return a;
	if (version >> 4 == 1) {
		a.said = IKE_OLD;
		return a;
	}
	if (version >> 4 == 2 && exchange == SA_INIT && (flags & FLAG_RESPONSE) != 0)
		read_payloads(c, next, &a);
	return a;
}

/* ---- the machine ---- */

struct ike {
	struct probe_vpn_flight f; /* first: probe_vpn_flight_of */
	bool has_marker;	   /* port 4500: four zeros in front [RFC3948 §2.2] */
	uint16_t groups[N_ALL];	   /* still to be struck */
	size_t n_groups;
	size_t extra; /* of ADDKE: 0 while the classical strike runs, then 1 to 3 */
	unsigned n_rounds, n_sends, n_cookies;
	uint32_t wait_ms;
	uint8_t spi[8], number[96], nonce[32];
	uint8_t cookie[IKE_COOKIE_BYTES];
	size_t cookie_bytes;
	struct pqm_buf last; /* datagram sent last, with its length */
};

static const uint16_t additionals[] = { IKE_MLKEM512, IKE_MLKEM768, IKE_MLKEM1024 };

void *probe_ike_new(bool has_marker)
{
	struct ike *k = pqm_calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->has_marker = has_marker;
	k->n_groups = k->f.n_asked = N_ALL;
	memcpy(k->groups, all_groups, sizeof(all_groups));
	memcpy(k->f.asked, all_groups, sizeof(all_groups));
	pqm_buf_init(&k->last, 4096);
	return k;
}

static void ike_free(void *self)
{
	struct ike *k = self;

	if (k != NULL)
		pqm_buf_fini(&k->last);
	pqm_free(k);
}

static enum probe_want send_last(struct ike *k, struct pqm_buf *out)
{
	(void)pqm_buf_add(out, pqm_buf_bytes(&k->last));
	k->wait_ms = IKE_FIRST_MS << k->n_sends;
	k->n_sends++;
	return PROBE_READ;
}

/* The groups that an additional exchange is asked with: those that were accepted alone, or all when none
 * was, as servers with nothing but hybrids do. */
static void set_groups(struct ike *k, struct ike_question *q)
{
	if (k->extra > 0 && k->f.n_accepted > 0) {
		q->groups = k->f.accepted;
		q->n_groups = k->f.n_accepted;
	} else if (k->extra > 0) {
		q->groups = all_groups;
		q->n_groups = N_ALL;
	} else {
		q->groups = k->groups;
		q->n_groups = k->n_groups;
	}
}

static enum probe_want ask(struct ike *k, struct pqm_buf *out)
{
	struct ike_question q = { .cookie = { k->cookie, k->cookie_bytes } };
	struct pqm_buf d;

	/* With a cookie the request is the same but for the cookie, which may be a hash over the nonce, too
	 * [RFC7296 §2.6]. */
	if (k->cookie_bytes == 0) {
		pc_random(k->spi, sizeof(k->spi));
		pc_random(k->number, sizeof(k->number));
		pc_random(k->nonce, sizeof(k->nonce));
	}
	k->spi[0] |= 1;
	memcpy(q.spi, k->spi, sizeof(q.spi));
	memcpy(q.number, k->number, sizeof(q.number));
	memcpy(q.nonce, k->nonce, sizeof(q.nonce));
	set_groups(k, &q);
	if (k->extra > 0)
		q.additional = additionals[k->extra - 1];
	pqm_buf_init(&d, 4096);
	if (k->has_marker)
		(void)pqm_buf_add(&d, (pqm_bytes){ (const uint8_t *)"\0\0\0\0", 4 });
	probe_ike_put(&d, &q);
	k->last.n = 0;
	put16(&k->last, d.n);
	(void)pqm_buf_add(&k->last, pqm_buf_bytes(&d));
	pqm_buf_fini(&d);
	k->n_sends = 0;
	k->n_rounds++;
	return send_last(k, out);
}

static enum probe_want ike_start(void *self, struct pqm_buf *out)
{
	return ask(self, out);
}

static enum probe_want ike_done(struct ike *k, enum probe_end end, const char *words)
{
	k->wait_ms = 0;
	if (k->f.end == PROBE_RUNNING) {
		k->f.end = end;
		(void)snprintf(k->f.words, sizeof(k->f.words), "%s", words);
	}
	return PROBE_DONE;
}

/* Goes on to the next question, or ends. */
static enum probe_want ask_next(struct ike *k, struct pqm_buf *out)
{
	k->cookie_bytes = 0;
	if (k->n_rounds >= IKE_ROUNDS)
		return ike_done(k, PROBE_BUDGET, "answers without end");
	if (k->extra == 0 && k->n_groups > 0 && !k->f.is_complete)
		return ask(k, out);
	if (k->extra == 0)
		k->f.is_complete = true;
	if (++k->extra > sizeof(additionals) / sizeof(additionals[0]))
		return ike_done(k, PROBE_GOAL, "");
	return ask(k, out);
}

/* Strikes the group; false: it was not asked for. */
static bool strike(struct ike *k, uint16_t group)
{
	for (size_t i = 0; i < k->n_groups; i++) {
		if (k->groups[i] != group)
			continue;
		memmove(k->groups + i, k->groups + i + 1,
			(k->n_groups - i - 1) * sizeof(k->groups[0]));
		k->n_groups--;
		k->f.accepted[k->f.n_accepted++] = group;
		return true;
	}
	return false;
}

static enum probe_want take_choice(struct ike *k, const struct ike_answer *a, struct pqm_buf *out)
{
	k->f.is_recognised = true;
	if (k->extra > 0) {
		/* The proposals hold no other additional exchange: who takes one, takes that. An SA without it
		 * is not an answer to them. */
		if (a->said == IKE_WANTS || a->additional == additionals[k->extra - 1])
			k->f.additional[k->extra - 1] = PQM_A_YES;
		return ask_next(k, out);
	}
	if (!strike(k, a->group))
		return ike_done(k, PROBE_GARBAGE, "wants a group that was not offered");
	return ask_next(k, out);
}

static enum probe_want ike_input(void *self, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	struct ike *k = self;
	struct ike_answer a;
	char words[64];

	*used = in.n;
	if (k->f.end != PROBE_RUNNING)
		return PROBE_DONE;
	if (k->has_marker && pqm_starts(in, (pqm_bytes){ (const uint8_t *)"\0\0\0\0", 4 }))
		in = pqm_sub(in, 4, in.n);
	a = probe_ike_read(in, k->spi);
	switch (a.said) {
	case IKE_NOTHING:
		return PROBE_READ; /* anybody can send us a datagram */
	case IKE_CHOSE:
	case IKE_WANTS:
		return take_choice(k, &a, out);
	case IKE_NONE:
		k->f.is_recognised = true;
		/* To who has not been known to accept anything, it says nothing about groups: servers answer
		 * this to strangers as well. */
		if (k->extra > 0 && k->f.n_accepted > 0)
			k->f.additional[k->extra - 1] = PQM_A_NO;
		k->f.is_complete = k->f.is_complete || k->f.n_accepted > 0;
		if (k->extra == 0)
			k->n_groups = 0;
		return ask_next(k, out);
	case IKE_COOKIE:
		k->f.is_recognised = true;
		if (k->n_cookies++ >= IKE_ROUNDS)
			return ike_done(k, PROBE_BUDGET, "cookies without end");
		memcpy(k->cookie, a.cookie.p, a.cookie.n);
		k->cookie_bytes = a.cookie.n;
		return ask(k, out);
	case IKE_OLD:
		k->f.is_recognised = k->f.is_ike1 = true;
		return ike_done(k, PROBE_GOAL, "speaks IKE 1");
	case IKE_REFUSED:
		break;
	}
	k->f.is_recognised = true;
	k->f.error = a.error;
	(void)snprintf(words, sizeof(words), "IKE error %u", a.error);
	return ike_done(k, PROBE_ALERT, words);
}

static uint32_t ike_wait(const void *self)
{
	return ((const struct ike *)self)->wait_ms;
}

static enum probe_want ike_timer(void *self, struct pqm_buf *out)
{
	struct ike *k = self;

	if (k->n_sends < IKE_SENDS)
		return send_last(k, out);
	return ike_done(k, PROBE_TIMEOUT, k->f.is_recognised ? "silence after answers" : "silence");
}

static void vpn_end(void *self, enum probe_end why, const char *words)
{
	struct probe_vpn_flight *f = self;

	if (f->end != PROBE_RUNNING)
		return;
	f->end = why;
	(void)snprintf(f->words, sizeof(f->words), "%s", words != NULL ? words : "");
}

const struct probe_machine probe_ike_machine = {
	.name = "ike",
	.start = ike_start,
	.input = ike_input,
	.wait_ms = ike_wait,
	.timer = ike_timer,
	.end = vpn_end,
	.free = ike_free,
};
