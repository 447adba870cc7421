#include "probe/ssh.h"

#include "probe/opener.h"

enum state { STATE_IDENT, STATE_KEXINIT, STATE_GROUP, STATE_REPLY, STATE_END };

#define REASON_BY_APPLICATION 11u /* [RFC4253 §11.1] */

struct ssh {
	struct probe_ssh_flight f; /* first: probe_ssh_flight_of */
	enum state state;
	struct pc_keys *keys;
	uint32_t seen;
	struct ssh_exchange x;
	struct pqm_buf v_s, i_c;
	size_t n_packets;
	uint32_t wait_ms;
};

void *probe_ssh_new(struct pc_keys *keys, uint32_t seen)
{
	struct ssh *s = pqm_calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->keys = keys;
	s->seen = seen;
	s->x.keys = keys;
	pqm_buf_init(&s->f.i_s, PQM_SSH_PACKET_BYTES);
	pqm_buf_init(&s->f.reply, PQM_SSH_PACKET_BYTES);
	pqm_buf_init(&s->v_s, PQM_SSH_IDENT_BYTES);
	/* Our lists repeat the server's: up to the same size, and a little more. */
	pqm_buf_init(&s->i_c, 2 * PQM_SSH_PACKET_BYTES);
	pqm_buf_init(&s->x.share, 8192);
	return s;
}

static void ssh_free(void *self)
{
	struct ssh *s = self;

	if (s == NULL)
		return;
	pqm_buf_fini(&s->f.i_s);
	pqm_buf_fini(&s->f.reply);
	pqm_buf_fini(&s->v_s);
	pqm_buf_fini(&s->i_c);
	pqm_buf_fini(&s->x.share);
	pqm_free(s);
}

static enum probe_want start(void *self, struct pqm_buf *out)
{
	(void)self;
	(void)pqm_buf_add(out, PQM_LIT(SSH_IDENT "\r\n"));
	return PROBE_READ;
}

/* ---- ends ---- */

static enum probe_want finish(struct ssh *s, enum probe_end end, const char *words)
{
	s->state = STATE_END;
	s->wait_ms = 0;
	if (s->f.end == PROBE_RUNNING) {
		s->f.end = end;
		(void)snprintf(s->f.words, sizeof(s->f.words), "%.159s", words);
	}
	return PROBE_DONE;
}

/* We have what we came for, or can have no more: said in the protocol, so that the server's log and its
 * penalties take it for what it is [RFC4253 §11.1]. */
static enum probe_want part(struct ssh *s, struct pqm_buf *out, const char *words)
{
	struct pqm_buf bye;

	pqm_buf_init(&bye, 256);
	pqm_ssh_put_bye(&bye, REASON_BY_APPLICATION, "probe done");
	pqm_ssh_put_packet(out, pqm_buf_bytes(&bye));
	pqm_buf_fini(&bye);
	return finish(s, PROBE_GOAL, words);
}

/* What OpenSSH says instead of an identification when it turns somebody away, and what packet filters and
 * other servers say. */
static bool is_limit(const char *text)
{
	static const char *const words[] = { "MaxStartups", "Not allowed at this time", "oo many",
		"onnection limit", "try again later", "refused by" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(text, words[i]) != NULL)
			return true;
	return false;
}

static void end(void *self, enum probe_end why, const char *words)
{
	static const char *const waited[] = { "identification line", "KEXINIT", "group",
		"key exchange reply", "" };
	struct ssh *s = self;

	if (s->f.end != PROBE_RUNNING)
		return;
	s->f.end = why;
	s->f.is_limited = is_limit(s->f.preface);
	(void)snprintf(s->f.words, sizeof(s->f.words), "%s before the %s%s%s", probe_end_name(why),
		waited[s->state], words != NULL && words[0] != '\0' ? ": " : "",
		words != NULL ? words : "");
}

/* ---- identification ---- */

static enum probe_want take_ident(struct ssh *s, pqm_bytes in, size_t *used)
{
	struct pqm_ssh_ident id;
	struct pqm_err err = { 0 };
	enum pqm_ssh_got got = pqm_ssh_ident(&id, in, &err);

	if (got != PQM_SSH_GOT)
		probe_opener_text(s->f.preface, sizeof(s->f.preface), in);
	if (got == PQM_SSH_BAD)
		return finish(s, PROBE_GARBAGE, err.msg);
	if (got == PQM_SSH_MORE)
		return PROBE_READ;
	*used = id.total;
	s->f.has_ident = true;
	probe_opener_text(s->f.preface, sizeof(s->f.preface), id.preface);
	probe_opener_text(s->f.version, sizeof(s->f.version), id.version);
	probe_opener_text(s->f.software, sizeof(s->f.software),
		pqm_sub(id.line, 5 + id.version.n, id.line.n));
	if (!pqm_ssh_is_2(&id))
		return finish(s, PROBE_GOAL, "no SSH 2");
	if (!pqm_buf_add(&s->v_s, id.line))
		return finish(s, PROBE_LOCAL, "no memory");
	s->state = STATE_KEXINIT;
	s->wait_ms = SSH_PATIENCE_MS;
	return PROBE_READ;
}

/* ---- key exchange ---- */

/* Our KEXINIT: one method, one host key algorithm, and for the rest the server's own lists: nothing is ever
 * encrypted, so every choice is good. */
static bool send_kexinit(struct ssh *s, const struct pqm_ssh_kexinit *k, struct pqm_buf *out)
{
	struct pqm_ssh_kexinit ours = *k;
	uint8_t cookie[16];

	pc_random(cookie, sizeof(cookie));
	ours.cookie = (pqm_bytes){ cookie, sizeof(cookie) };
	ours.first_follows = false;
	pqm_ssh_put_kexinit(&s->i_c, &ours);
	if (s->i_c.failed)
		return false;
	pqm_ssh_put_packet(out, pqm_buf_bytes(&s->i_c));
	return true;
}

/* A server that waits for our lists first gets all of them. */
static enum probe_want timer(void *self, struct pqm_buf *out)
{
	static const char *const ciphers = "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,"
					   "chacha20-poly1305@openssh.com,aes128-cbc,3des-cbc";
	static const char *const macs = "hmac-sha2-256,hmac-sha2-512,hmac-sha1,hmac-md5";
	struct ssh *s = self;
	struct pqm_buf kex, keys;
	bool ok;

	s->wait_ms = 0;
	if (s->state != STATE_KEXINIT || s->i_c.n > 0)
		return PROBE_READ;
	pqm_buf_init(&kex, 4096);
	pqm_buf_init(&keys, 4096);
	probe_ssh_own_lists(&kex, &keys, s->seen);
	const struct pqm_ssh_kexinit k = { .list = {
						   [PQM_SSH_L_KEX] = pqm_buf_bytes(&kex),
						   [PQM_SSH_L_HOST_KEY] = pqm_buf_bytes(&keys),
						   [PQM_SSH_L_CIPHER_OUT] = pqm_str(ciphers),
						   [PQM_SSH_L_CIPHER_IN] = pqm_str(ciphers),
						   [PQM_SSH_L_MAC_OUT] = pqm_str(macs),
						   [PQM_SSH_L_MAC_IN] = pqm_str(macs),
						   [PQM_SSH_L_COMPRESS_OUT] = PQM_LIT("none,zlib"),
						   [PQM_SSH_L_COMPRESS_IN] = PQM_LIT("none,zlib"),
					   } };

	ok = send_kexinit(s, &k, out);
	pqm_buf_fini(&keys);
	pqm_buf_fini(&kex);
	return ok ? PROBE_READ : finish(s, PROBE_LOCAL, "no memory");
}

/* Sends the message that begins the exchange. */
static enum probe_want send_init(struct ssh *s, pqm_bytes p, struct pqm_buf *out)
{
	bool is_gex = s->f.kex->kind == SSH_GEX;
	struct pqm_buf b;

	if (!probe_ssh_share(&s->x, p))
		return finish(s, PROBE_LOCAL, "no key share");
	pqm_buf_init(&b, 16384);
	(void)pqm_buf_byte(&b, is_gex ? PQM_SSH_GEX_INIT : PQM_SSH_KEX_INIT);
	/* A number of ours has a clear top bit and a set one below: as mpint and as string it is the same. */
	pqm_ssh_put_string(&b, pqm_buf_bytes(&s->x.share));
	pqm_ssh_put_packet(out, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	s->state = STATE_REPLY;
	return PROBE_READ;
}

static enum probe_want send_gex_request(struct ssh *s, struct pqm_buf *out)
{
	struct pqm_buf b;

	pqm_buf_init(&b, 64);
	(void)pqm_buf_byte(&b, PQM_SSH_GEX_REQUEST);
	pqm_ssh_put_u32(&b, 2048); /* [RFC8270 §3] */
	pqm_ssh_put_u32(&b, 3072);
	pqm_ssh_put_u32(&b, 8192);
	pqm_ssh_put_packet(out, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	s->state = STATE_GROUP;
	return PROBE_READ;
}

static enum probe_want take_kexinit(struct ssh *s, pqm_bytes payload, struct pqm_buf *out)
{
	struct pqm_err err = { 0 };
	struct pqm_ssh_kexinit k;

	if (!pqm_buf_add(&s->f.i_s, payload))
		return finish(s, PROBE_LOCAL, "no memory");
	if (pqm_ssh_kexinit(&s->f.lists, pqm_buf_bytes(&s->f.i_s), &err) != PQM_OK)
		return finish(s, PROBE_GARBAGE, err.msg);
	s->f.has_kexinit = true;
	s->wait_ms = 0;
	k = s->f.lists;
	const struct ssh_kex *kex = probe_ssh_pick_kex(k.list[PQM_SSH_L_KEX]);
	pqm_bytes key = probe_ssh_pick_key(k.list[PQM_SSH_L_HOST_KEY], s->seen);

	if (kex == NULL)
		return part(s, out, "no key exchange method in common");
	if (key.n == 0)
		return part(s, out, "no host key left to ask for");
	k.list[PQM_SSH_L_KEX] = pqm_str(kex->name);
	k.list[PQM_SSH_L_HOST_KEY] = key;
	s->f.kex = s->x.kex = kex;
	s->f.family = probe_ssh_family(key);
	/* When our whole lists went out before, the choice is the same: they have the order of the picks. */
	if (s->i_c.n == 0 && !send_kexinit(s, &k, out))
		return finish(s, PROBE_LOCAL, "no memory");
	return kex->kind == SSH_GEX ? send_gex_request(s, out)
				    : send_init(s, (pqm_bytes){ NULL, 0 }, out);
}

static size_t bits_of(pqm_bytes n)
{
	return n.n == 0 ? 0 : 8 * n.n - (size_t)(__builtin_clz(n.p[0]) - 24);
}

static enum probe_want take_group(struct ssh *s, pqm_bytes payload, struct pqm_buf *out)
{
	struct pqm_err err = { 0 };
	pqm_bytes p, g;

	if (pqm_ssh_gex_group(&p, &g, payload, &err) != PQM_OK)
		return finish(s, PROBE_GARBAGE, err.msg);
	s->f.gex_bits = (uint32_t)bits_of(p);
	if (s->f.gex_bits < 512 || s->f.gex_bits > 16384 || (p.p[p.n - 1] & 1) == 0)
		return finish(s, PROBE_GARBAGE, "a group exchange with an impossible prime");
	return send_init(s, p, out);
}

static enum probe_want take_reply(struct ssh *s, pqm_bytes payload, struct pqm_buf *out)
{
	struct pqm_ssh_reply r;
	struct pqm_err err = { 0 };

	if (!pqm_buf_add(&s->f.reply, payload))
		return finish(s, PROBE_LOCAL, "no memory");
	if (pqm_ssh_reply(&r, pqm_buf_bytes(&s->f.reply), &err) != PQM_OK)
		return finish(s, PROBE_GARBAGE, err.msg);
	s->f.has_key = true;
	s->f.host_key = r.host_key;
	s->x.v_c = PQM_LIT(SSH_IDENT);
	s->x.v_s = pqm_buf_bytes(&s->v_s);
	s->x.i_c = pqm_buf_bytes(&s->i_c);
	s->x.i_s = pqm_buf_bytes(&s->f.i_s);
	s->f.proven = probe_ssh_proof(&s->x, &r);
	return part(s, out, "");
}

static enum probe_want take_bye(struct ssh *s, pqm_bytes payload)
{
	struct pqm_ssh_bye bye = { 0 };
	struct pqm_err err = { 0 };
	char text[96], words[160];

	if (pqm_ssh_bye(&bye, payload, &err) != PQM_OK)
		return finish(s, PROBE_GARBAGE, err.msg);
	probe_opener_text(text, sizeof(text), bye.text);
	(void)snprintf(words, sizeof(words), "disconnected with reason %u: %s",
		(unsigned)bye.reason, text);
	/* SSH_DISCONNECT_TOO_MANY_CONNECTIONS [RFC4253 §11.1] */
	s->f.is_limited = bye.reason == 12 || is_limit(text);
	return finish(s, PROBE_ALERT, words);
}

static enum probe_want take_message(struct ssh *s, pqm_bytes payload, struct pqm_buf *out)
{
	char words[64];
	uint8_t type = payload.p[0];

	if (++s->n_packets > SSH_PACKETS)
		return finish(s, PROBE_BUDGET, "packets without end");
	switch (type) {
	case PQM_SSH_DISCONNECT:
		return take_bye(s, payload);
	case PQM_SSH_IGNORE:
	case PQM_SSH_UNIMPLEMENTED:
	case PQM_SSH_DEBUG:
	case PQM_SSH_EXT_INFO:
		return PROBE_READ;
	case PQM_SSH_KEXINIT:
		if (s->state == STATE_KEXINIT)
			return take_kexinit(s, payload, out);
		break;
	case PQM_SSH_KEX_REPLY: /* the number of a group, too */
		if (s->state == STATE_GROUP)
			return take_group(s, payload, out);
		if (s->state == STATE_REPLY && s->f.kex->kind != SSH_GEX)
			return take_reply(s, payload, out);
		break;
	case PQM_SSH_GEX_REPLY:
		if (s->state == STATE_REPLY && s->f.kex->kind == SSH_GEX)
			return take_reply(s, payload, out);
		break;
	default:
		break;
	}
	(void)snprintf(words, sizeof(words), "unexpected message %u", type);
	return finish(s, PROBE_GARBAGE, words);
}

static enum probe_want input(void *self, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	enum probe_want want = PROBE_READ;
	struct ssh *s = self;

	*used = 0;
	if (s->state == STATE_IDENT)
		want = take_ident(s, in, used);
	while (want == PROBE_READ && s->state != STATE_IDENT) {
		struct pqm_ssh_packet p;
		struct pqm_err err = { 0 };
		enum pqm_ssh_got got = pqm_ssh_packet(&p, pqm_sub(in, *used, in.n), &err);

		if (got == PQM_SSH_MORE)
			return PROBE_READ;
		if (got == PQM_SSH_BAD)
			return finish(
				s, err.st == PQM_ELIMIT ? PROBE_BUDGET : PROBE_GARBAGE, err.msg);
		*used += p.total;
		want = take_message(s, p.payload, out);
	}
	if (s->state == STATE_END)
		*used = in.n;
	return want;
}

static uint32_t wait_ms(const void *self)
{
	return ((const struct ssh *)self)->wait_ms;
}

const struct probe_machine probe_ssh_machine = {
	.name = "ssh",
	.start = start,
	.input = input,
	.wait_ms = wait_ms,
	.timer = timer,
	.end = end,
	.free = ssh_free,
};
