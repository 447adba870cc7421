#include "loop.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

struct probe_dns {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct probe_answer *asked, **asked_end; /* not yet taken by a thread */
	struct probe_answer *answered;
	size_t n_asked, n_threads, n_free; /* n_free: threads that wait for a name */
	int family, fd;
	bool is_closed;
};

/* getaddrinfo cannot be called off: whoever is last, the loop or a thread, frees. Called locked. */
static void leave(struct probe_dns *d, bool is_last)
{
	(void)pthread_mutex_unlock(&d->lock);
	if (!is_last)
		return;
	for (struct probe_answer *a = d->asked, *next; a != NULL; a = next) {
		next = a->next;
		pqm_free(a);
	}
	for (struct probe_answer *a = d->answered, *next; a != NULL; a = next) {
		next = a->next;
		pqm_free(a);
	}
	(void)close(d->fd);
	(void)pthread_mutex_destroy(&d->lock);
	(void)pthread_cond_destroy(&d->wake);
	pqm_free(d);
}

static bool is_known(const struct probe_answer *a, const struct probe_addr *addr)
{
	for (size_t i = 0; i < a->n; i++)
		if (probe_addr_same(&a->addr[i], addr))
			return true;
	return false;
}

static void add_address(struct probe_answer *a, const struct sockaddr *sa, socklen_t n)
{
	struct probe_addr addr;

	memset(&addr, 0, sizeof(addr));
	if (sa->sa_family == AF_INET && n >= sizeof(struct sockaddr_in)) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		memcpy(addr.ip, &in.sin_addr, 4);
	} else if (sa->sa_family == AF_INET6 && n >= sizeof(struct sockaddr_in6)) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		memcpy(addr.ip, &in6.sin6_addr, 16);
		addr.scope = in6.sin6_scope_id;
	} else {
		return;
	}
	addr.family = sa->sa_family;
	if (a->n < PROBE_ADDRS_MAX && !is_known(a, &addr))
		a->addr[a->n++] = addr;
}

static void resolve(struct probe_answer *a, const char *host, int family)
{
	struct addrinfo hints = { .ai_family = family == 4 ? AF_INET
			: family == 6			   ? AF_INET6
							   : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int rc = getaddrinfo(host, NULL, &hints, &list);

	if (rc != 0) {
		(void)snprintf(a->words, sizeof(a->words), "the name is not resolved: %s",
			gai_strerror(rc));
		return;
	}
	for (const struct addrinfo *i = list; i != NULL; i = i->ai_next)
		add_address(a, i->ai_addr, i->ai_addrlen);
	freeaddrinfo(list);
	if (a->n == 0)
		(void)snprintf(a->words, sizeof(a->words), "the name has no address");
}

bool probe_dns_now(struct probe_addr *out, const char *host, int family)
{
	struct probe_answer a = { 0 };

	resolve(&a, host, family);
	if (a.n > 0)
		*out = a.addr[0];
	return a.n > 0;
}

static void *answer_names(void *arg)
{
	struct probe_dns *d = arg;

	(void)pthread_mutex_lock(&d->lock);
	while (!d->is_closed) {
		struct probe_answer *a = d->asked;

		if (a == NULL) {
			d->n_free++;
			(void)pthread_cond_wait(&d->wake, &d->lock);
			d->n_free--;
			continue;
		}
		d->asked = a->next;
		d->n_asked--;
		if (d->asked == NULL)
			d->asked_end = &d->asked;
		(void)pthread_mutex_unlock(&d->lock);
		resolve(a, a->host, d->family);
		(void)pthread_mutex_lock(&d->lock);
		a->next = d->answered;
		d->answered = a;
		/* Only a full counter could refuse, and then the loop is awake already. */
		ssize_t ignored = write(d->fd, &(uint64_t){ 1 }, sizeof(uint64_t));

		(void)ignored;
	}
	d->n_threads--;
	leave(d, d->n_threads == 0);
	return NULL;
}

struct probe_dns *probe_dns_new(int family, int *fd)
{
	struct probe_dns *d = pqm_calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->fd < 0) {
		pqm_free(d);
		return NULL;
	}
	(void)pthread_mutex_init(&d->lock, NULL);
	(void)pthread_cond_init(&d->wake, NULL);
	d->asked_end = &d->asked;
	d->family = family;
	*fd = d->fd;
	return d;
}

/* One more thread, with all signals left to the others. Called locked. */
static bool add_thread(struct probe_dns *d)
{
	pthread_attr_t attr;
	pthread_t t;
	sigset_t all, old;

	if (pthread_attr_init(&attr) != 0)
		return false;
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* getaddrinfo and its modules want more than the least; eight of them are 4 MB of address space. */
	(void)pthread_attr_setstacksize(&attr, (size_t)512 << 10);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	bool ok = pthread_create(&t, &attr, answer_names, d) == 0;

	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_attr_destroy(&attr);
	if (ok)
		d->n_threads++;
	return ok;
}

bool probe_dns_ask(struct probe_dns *d, const char *host, void *owner)
{
	size_t n = strlen(host) + 1;
	struct probe_answer *a = pqm_calloc(1, sizeof(*a) + n);
	bool ok = a != NULL;

	if (!ok)
		return false;
	a->owner = owner;
	memcpy(a->host, host, n);
	(void)pthread_mutex_lock(&d->lock);
	if (d->n_asked >= d->n_free && d->n_threads < PROBE_DNS_THREADS)
		ok = add_thread(d) || d->n_threads > 0;
	if (ok) {
		*d->asked_end = a;
		d->asked_end = &a->next;
		d->n_asked++;
		(void)pthread_cond_signal(&d->wake);
	}
	(void)pthread_mutex_unlock(&d->lock);
	if (!ok)
		pqm_free(a);
	return ok;
}

struct probe_answer *probe_dns_take(struct probe_dns *d)
{
	uint64_t n;

	(void)pthread_mutex_lock(&d->lock);
	ssize_t ignored = read(d->fd, &n, sizeof(n));
	struct probe_answer *list = d->answered;

	(void)ignored;
	d->answered = NULL;
	(void)pthread_mutex_unlock(&d->lock);
	return list;
}

void probe_dns_free(struct probe_dns *d)
{
	if (d == NULL)
		return;
	(void)pthread_mutex_lock(&d->lock);
	d->is_closed = true;
	(void)pthread_cond_broadcast(&d->wake);
	leave(d, d->n_threads == 0);
}
