#include "loop.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>

#include "base/log.h"

/* The kernel doubles it: what a peer can make it keep for each of our sockets. */
#define RCVBUF_BYTES (32 << 10)
/* Reads and datagrams of one socket before others have their turn. */
#define TURN_READS 4
#define TURN_DATAGRAMS 16
/* Pauses of 100 ms for a local port or kernel memory before an endpoint gives up. */
#define RETRIES_MAX 100

static size_t n_links(const struct probe_work *w)
{
	return w->req.n + (w->proxy.machine != NULL);
}

static struct probe_link *link_at(struct probe_work *w, size_t i)
{
	bool has_proxy = w->proxy.machine != NULL;

	return has_proxy && i == 0 ? &w->proxy : &w->req.chain[i - has_proxy];
}

/* ---- ending ---- */

static void close_socket(struct probe_loop *l, struct probe_work *w)
{
	if (w->fd < 0)
		return;
	/* A reset instead of FIN: no TIME_WAIT, which would eat the local ports of a big run. */
	if (!w->req.is_udp && w->state == PROBE_OPEN && !w->is_eof)
		(void)setsockopt(w->fd, SOL_SOCKET, SO_LINGER,
			&(struct linger){ .l_onoff = 1, .l_linger = 0 }, sizeof(struct linger));
	(void)close(w->fd);
	w->fd = -1;
	l->n_conns--;
}

static void note_host(struct probe_work *w, enum probe_end why)
{
	struct probe_host *h = w->host;

	if (w->bytes_in > 0) {
		h->n_good++;
		h->n_bad_row = 0;
	} else if (why == PROBE_NO_CONNECT || why == PROBE_RESET || why == PROBE_CLOSED ||
		why == PROBE_UNREACHABLE) {
		h->n_bad_row++;
	}
}

/* Who fails before the target is reached is the proxy, and is named: the target was never asked. */
static const char *blame_proxy(const struct probe_loop *l, const struct probe_work *w,
	enum probe_end why, const char *words, char out[96])
{
	if (w->is_done)
		return probe_proxy_refusal(w->proxy.self);
	(void)snprintf(out, 96, "the proxy %.50s:%u: %s", l->proxy->host, l->proxy->port,
		words != NULL && *words != '\0' ? words : probe_end_name(why));
	return out;
}

void probe_sock_end(
	struct probe_loop *l, struct probe_work *w, enum probe_end why, const char *words)
{
	bool has_proxy = w->proxy.machine != NULL;
	bool is_open = w->state == PROBE_OPEN;
	struct probe_outcome *o = &l->last;
	char blame[96];

	probe_list_remove(w);
	probe_work_clock(l, w);
	close_socket(l, w);
	l->out.n = 0;
	if (has_proxy && w->at == 0 && (w->is_done || why != PROBE_LOCAL)) {
		words = blame_proxy(l, w, why, words, blame);
		why = PROBE_UNREACHABLE;
		w->is_done = false;
	}
	for (size_t i = w->at + w->is_done; i < n_links(w); i++)
		link_at(w, i)->machine->end(link_at(w, i)->self, why, words);
	if (w->begun_ns != 0)
		note_host(w, why);
	*o = (struct probe_outcome){ .end = why,
		.at = w->at - (has_proxy && w->at > 0),
		.bytes_in = w->bytes_in,
		.is_connected = is_open && (!w->req.is_udp || w->bytes_in > 0),
		.host_good = w->host->n_good,
		.host_bad_row = w->host->n_bad_row };
	if (o->at >= w->req.n)
		o->at = w->req.n - 1;
	if (w->begun_ns != 0)
		o->ms = (uint32_t)((l->now_ns - w->begun_ns) / PROBE_MS);
	if (is_open)
		o->connect_ms = (uint32_t)((w->connected_ns - w->begun_ns) / PROBE_MS);
	if (words != NULL)
		(void)snprintf(o->words, sizeof(o->words), "%s", words);
	w->has_byte = w->has_byte || w->bytes_in > 0;
	pqm_buf_fini(&w->out);
	pqm_buf_fini(&w->held);
	if (has_proxy) {
		w->proxy.machine->free(w->proxy.self);
		w->proxy = (struct probe_link){ 0 };
	}
	probe_work_step(l, w, false);
}

static void end_errno(struct probe_loop *l, struct probe_work *w, int e)
{
	enum probe_end why = PROBE_LOCAL;
	char words[96];

	(void)snprintf(words, sizeof(words), "%s", strerrordesc_np(e));
	switch (e) {
	case ECONNREFUSED:
		why = PROBE_NO_CONNECT;
		break;
	case ECONNRESET:
	case EPIPE:
	case ECONNABORTED:
		why = PROBE_RESET;
		break;
	case ETIMEDOUT:
		why = w->state == PROBE_OPEN ? PROBE_TIMEOUT : PROBE_UNREACHABLE;
		break;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
	case EACCES:
	case EPERM:
	case EINVAL:
	case ENOPROTOOPT:
	case EPROTO:
		why = PROBE_UNREACHABLE;
		break;
	default:
		break;
	}
	probe_sock_end(l, w, why, words);
}

/* ---- sending ---- */

/* Sends from b behind *off. False: the socket took no more (or broke: write_errno). */
static bool send_stream(struct probe_loop *l, struct probe_work *w, pqm_bytes b, size_t *off)
{
	while (*off < b.n) {
		ssize_t n = send(w->fd, b.p + *off, b.n - *off, MSG_NOSIGNAL);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			if (errno != EAGAIN)
				w->write_errno = errno;
			return false;
		}
		*off += (size_t)n;
		l->stats.bytes_out += (uint64_t)n;
	}
	return true;
}

/* The same for datagrams behind their lengths. What does not fit its length is dropped. */
static bool send_datagrams(struct probe_loop *l, struct probe_work *w, pqm_bytes b, size_t *off)
{
	while (b.n - *off >= 2) {
		size_t n = (size_t)b.p[*off] << 8 | b.p[*off + 1];

		if (n > b.n - *off - 2)
			break;
		if (send(w->fd, b.p + *off + 2, n, MSG_NOSIGNAL) < 0) {
			if (errno == EINTR)
				continue;
			if (errno == EAGAIN)
				return false;
			/* The refusal of an earlier one; the next read tells it as well. */
			if (w->write_errno == 0)
				w->write_errno = errno;
		} else {
			l->stats.datagrams++;
			l->stats.bytes_out += n;
		}
		*off += 2 + n;
	}
	*off = b.n;
	return true;
}

static bool send_from(struct probe_loop *l, struct probe_work *w, pqm_bytes b, size_t *off)
{
	if (w->write_errno != 0)
		return false;
	return w->req.is_udp ? send_datagrams(l, w, b, off) : send_stream(l, w, b, off);
}

/* What was kept, then what the machines have just put into the loop's buffer; the rest is kept. */
static void flush(struct probe_loop *l, struct probe_work *w)
{
	size_t off = 0;

	w->wants_write = false;
	if (w->out.n > 0) {
		if (!send_from(l, w, pqm_buf_bytes(&w->out), &w->out_off)) {
			w->wants_write = true;
			(void)pqm_buf_add(&w->out, pqm_buf_bytes(&l->out));
			l->out.n = 0;
			return;
		}
		w->out_off = 0;
		pqm_buf_fini(&w->out);
	}
	if (l->out.n > 0 && !send_from(l, w, pqm_buf_bytes(&l->out), &off)) {
		w->wants_write = true;
		(void)pqm_buf_add(&w->out, pqm_sub(pqm_buf_bytes(&l->out), off, SIZE_MAX));
	}
	l->out.n = 0;
}

/* ---- the chain ---- */

/* After any call of a machine: starts the next ones while they hand on. */
static enum probe_want settle(struct probe_loop *l, struct probe_work *w, enum probe_want want)
{
	while (want == PROBE_NEXT) {
		if (w->at + 1 >= n_links(w))
			return PROBE_DONE;
		w->at++;
		want = link_at(w, w->at)->machine->start(link_at(w, w->at)->self, &l->out);
	}
	return want;
}

/* Gives bytes to the machines until they are used up or not enough. */
static enum probe_want feed(struct probe_loop *l, struct probe_work *w, pqm_bytes *in)
{
	enum probe_want want = PROBE_READ;

	while (want == PROBE_READ && in->n > 0) {
		struct probe_link *m = link_at(w, w->at);
		size_t used = 0, at = w->at;

		want = settle(l, w, m->machine->input(m->self, *in, &used, &l->out));
		*in = pqm_sub(*in, w->req.is_udp ? SIZE_MAX : used, SIZE_MAX);
		if (used == 0 && at == w->at)
			break;
	}
	return want;
}

static void ask_wait(struct probe_loop *l, struct probe_work *w)
{
	const struct probe_link *m = link_at(w, w->at);
	uint32_t ms = m->machine->wait_ms == NULL ? 0 : m->machine->wait_ms(m->self);

	w->machine_due_ns = ms == 0 ? 0 : l->now_ns + ms * PROBE_MS;
}

/* Sends what the machines said and sees what comes next. False: the connection is over. */
static bool go_on(struct probe_loop *l, struct probe_work *w, enum probe_want want)
{
	if (l->out.failed || w->out.failed) {
		pqm_buf_fini(&l->out);
		probe_sock_end(l, w, PROBE_LOCAL, "too much to send, or no memory for it");
		return false;
	}
	flush(l, w);
	if (want == PROBE_DONE) {
		w->is_done = true;
		if (!w->wants_write || w->write_errno != 0) {
			probe_sock_end(l, w, PROBE_GOAL, NULL);
			return false;
		}
		w->machine_due_ns = 0;
		return true;
	}
	ask_wait(l, w);
	return true;
}

/* ---- receiving ---- */

static bool keep_rest(struct probe_loop *l, struct probe_work *w, pqm_bytes rest)
{
	if (rest.n == 0) {
		if (w->held.p != NULL)
			pqm_buf_fini(&w->held);
		return true;
	}
	if (rest.n > PQM_PROBE_HELD_BYTES) {
		probe_sock_end(l, w, PROBE_BUDGET, "bytes that no message can be made of");
		return false;
	}
	w->held.n = 0;
	if (pqm_buf_add(&w->held, rest))
		return true;
	probe_sock_end(l, w, PROBE_LOCAL, "no memory");
	return false;
}

/* n bytes are in the loop's buffer. False: the connection is over. */
static bool take_bytes(struct probe_loop *l, struct probe_work *w, size_t n_new)
{
	pqm_bytes in = { l->in, w->held.n + n_new };

	w->bytes_in += n_new;
	l->stats.bytes_in += n_new;
	if (w->is_done) { /* only the rest of our words is waited for */
		if (w->bytes_in <= PQM_PROBE_CONN_BYTES)
			return true;
		probe_sock_end(l, w, PROBE_GOAL, NULL);
		return false;
	}
	enum probe_want want = feed(l, w, &in);

	if (want == PROBE_READ && !w->req.is_udp && !keep_rest(l, w, in))
		return false;
	if (!go_on(l, w, want))
		return false;
	if (want == PROBE_READ && w->bytes_in > PQM_PROBE_CONN_BYTES) {
		probe_sock_end(l, w, PROBE_BUDGET, "more bytes than any honest server sends");
		return false;
	}
	return true;
}

static void end_read(struct probe_loop *l, struct probe_work *w, ssize_t n, int e)
{
	if (w->is_done) {
		probe_sock_end(l, w, PROBE_GOAL, NULL);
	} else if (n == 0) {
		w->is_eof = true;
		if (w->write_errno != 0)
			end_errno(l, w, w->write_errno);
		else
			probe_sock_end(l, w, PROBE_CLOSED, NULL);
	} else {
		end_errno(l, w, e);
	}
}

/* Reads until the socket is empty (edge-triggered: a short read says so), or its turn is over. */
static void receive(struct probe_loop *l, struct probe_work *w, bool to_the_end)
{
	unsigned turns = w->req.is_udp ? TURN_DATAGRAMS : TURN_READS;

	while (turns-- > 0) {
		size_t held = w->held.n, room = PROBE_READ_BYTES;

		if (held > 0)
			memcpy(l->in, w->held.p, held);
		ssize_t n = recv(w->fd, l->in + held, room, 0);
		int e = errno;

		if (n < 0 && e == EINTR)
			continue;
		if (n < 0 && e == EAGAIN) {
			if (w->write_errno != 0)
				end_errno(l, w, w->write_errno);
			else
				probe_work_arm(l, w);
			return;
		}
		if (n < 0 || (n == 0 && !w->req.is_udp)) {
			end_read(l, w, n, e);
			return;
		}
		if (n > 0 && !take_bytes(l, w, (size_t)n))
			return;
		if (!w->req.is_udp && (size_t)n < room && !to_the_end && w->write_errno == 0) {
			probe_work_arm(l, w);
			return;
		}
	}
	probe_work_arm(l, w);
	probe_list_push(&l->more, w);
}

void probe_sock_more(struct probe_loop *l, struct probe_work *w)
{
	receive(l, w, true);
}

/* ---- connecting ---- */

static bool start_chain(struct probe_loop *l, struct probe_work *w)
{
	struct probe_link *m = link_at(w, 0);

	w->state = PROBE_OPEN;
	w->connected_ns = l->now_ns;
	return go_on(l, w, settle(l, w, m->machine->start(m->self, &l->out)));
}

void probe_sock_event(struct probe_loop *l, struct probe_work *w, uint32_t events)
{
	bool is_broken = (events & (EPOLLERR | EPOLLHUP)) != 0;

	if (w->state == PROBE_CONNECT) {
		int e = 0;

		if (is_broken) {
			(void)getsockopt(
				w->fd, SOL_SOCKET, SO_ERROR, &e, &(socklen_t){ sizeof(e) });
			/* Connected and reset since: the read will tell. */
			if (e != 0 && e != ECONNRESET && e != EPIPE) {
				end_errno(l, w, e);
				return;
			}
			if ((events & EPOLLOUT) == 0 && e == 0)
				return;
		} else if ((events & EPOLLOUT) == 0) {
			return;
		}
		if (!start_chain(l, w))
			return;
		if (e != 0)
			w->write_errno = e;
	} else if ((events & EPOLLOUT) != 0 && w->wants_write) {
		flush(l, w);
		if (w->is_done && (!w->wants_write || w->write_errno != 0)) {
			probe_sock_end(l, w, PROBE_GOAL, NULL);
			return;
		}
	}
	if (is_broken || (events & (EPOLLIN | EPOLLRDHUP)) != 0 || w->write_errno != 0)
		receive(l, w, is_broken || (events & EPOLLRDHUP) != 0);
	else
		probe_work_arm(l, w);
}

void probe_sock_timer(struct probe_loop *l, struct probe_work *w)
{
	struct probe_link *m = link_at(w, w->at);
	size_t at = w->at;

	w->machine_due_ns = 0;
	if (m->machine->timer == NULL) {
		probe_work_arm(l, w);
		return;
	}
	enum probe_want want = settle(l, w, m->machine->timer(m->self, &l->out));

	/* A machine that handed on leaves its bytes to the next. */
	if (want == PROBE_READ && at != w->at && w->held.n > 0) {
		pqm_bytes in = { l->in, w->held.n };

		memcpy(l->in, w->held.p, w->held.n);
		want = feed(l, w, &in);
		if (want == PROBE_READ && !keep_rest(l, w, in))
			return;
	}
	if (go_on(l, w, want))
		probe_work_arm(l, w);
}

/* No descriptors left: fewer at once from here on, and this one waits for the next that closes. */
static void lower_limit(struct probe_loop *l, struct probe_work *w, int e)
{
	if (l->n_conns == 0) {
		end_errno(l, w, e);
		return;
	}
	if (!l->has_warned)
		pqm_log(PQM_WARN, "probe", "%s: going on with %zu connections at once",
			strerrordesc_np(e), l->n_conns);
	l->has_warned = true;
	l->limit = l->n_conns;
	w->state = PROBE_LINE;
	probe_list_push_front(&l->line, w);
}

static void retry_later(struct probe_loop *l, struct probe_work *w, int e)
{
	if (++w->n_retries > RETRIES_MAX)
		end_errno(l, w, e);
	else
		probe_work_pause(l, w, 100 * PROBE_MS);
}

static int open_socket(struct probe_loop *l, struct probe_work *w, int *e)
{
	struct sockaddr_storage ss;
	uint16_t port = w->proxy.machine != NULL ? l->proxy->port
		: w->req.port != 0		 ? w->req.port
						 : w->job.ep.port;
	socklen_t n = probe_addr_sock(&w->peer, port, &ss);
	int type = w->req.is_udp ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(ss.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*e = 0;
	if (fd < 0) {
		*e = errno;
		return -1;
	}
	if (!w->req.is_udp)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ RCVBUF_BYTES }, sizeof(int));
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = w };

	if (connect(fd, (const struct sockaddr *)&ss, n) < 0 && errno != EINPROGRESS)
		*e = errno;
	else if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		*e = errno == ENOSPC ? EMFILE : errno;
	if (*e == 0)
		return fd;
	(void)close(fd);
	return -1;
}

void probe_sock_connect(struct probe_loop *l, struct probe_work *w)
{
	int e;
	int fd = open_socket(l, w, &e);

	if (fd < 0 && (e == EMFILE || e == ENFILE)) {
		lower_limit(l, w, e);
		return;
	}
	if (fd < 0 &&
		(e == EADDRNOTAVAIL || e == ENOBUFS || e == ENOMEM || e == EAGAIN || e == EINTR)) {
		retry_later(l, w, e);
		return;
	}
	probe_work_clock(l, w);
	w->fd = fd;
	w->state = PROBE_CONNECT;
	w->begun_ns = l->now_ns;
	if (w->started_ns == 0) {
		w->started_ns = l->now_ns;
		w->job.deadline_ns = l->now_ns + l->config->deadline_ms * PROBE_MS;
	}
	uint32_t ms = w->req.timeout_ms == 0 ? PQM_PROBE_CONN_MS : w->req.timeout_ms;

	w->due_ns = l->now_ns + ms * PROBE_MS;
	w->job.ep.n_connections++;
	l->stats.connections++;
	if (fd < 0) {
		end_errno(l, w, e);
		return;
	}
	l->n_conns++;
	if (w->req.is_udp && !start_chain(l, w))
		return;
	if (w->write_errno != 0)
		end_errno(l, w, w->write_errno);
	else
		probe_work_arm(l, w);
}
