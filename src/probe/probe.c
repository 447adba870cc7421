#include "loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/num.h"

/* Descriptors that are not ours: files of the program, pipes, the resolver's sockets. */
#define OTHER_FDS 64
/* A run this large gives its memory back before the report. */
#define TRIM_ENDPOINTS 256

void pqm_probe_config_init(struct pqm_probe_config *c)
{
	*c = (struct pqm_probe_config){ .profile = PQM_PROFILE_HNDL,
		.deadline_ms = 8000,
		.connect_ms = 3000,
		.concurrent = 256,
		.rate = 20,
		.burst = 24,
		.at_once = 2 };
}

/* Sockets that may be open at once; says so when that is less than asked for. */
static size_t socket_limit(uint32_t wanted)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return wanted;
	if (r.rlim_cur < r.rlim_max && r.rlim_cur < (rlim_t)wanted + OTHER_FDS) {
		struct rlimit more = { .rlim_cur = r.rlim_max, .rlim_max = r.rlim_max };

		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			r = more;
	}
	size_t most = r.rlim_cur > 2 * OTHER_FDS ? (size_t)r.rlim_cur - OTHER_FDS
						 : (size_t)r.rlim_cur / 2 + 1;

	if (r.rlim_cur == RLIM_INFINITY || most >= wanted)
		return wanted;
	pqm_log(PQM_WARN, "probe",
		"%zu connections at once instead of %u: the limit of open files is %zu (ulimit -n)",
		most, wanted, (size_t)r.rlim_cur);
	return most;
}

/* The proxy is the one name that is asked for on the calling thread: nothing can begin before. */
static enum pqm_st find_proxy(struct probe_loop *l, struct probe_proxy *proxy, struct pqm_err *err)
{
	if (l->config->proxy == NULL)
		return PQM_OK;
	enum pqm_st st = probe_proxy_parse(proxy, l->config->proxy, err);

	if (st != PQM_OK)
		return st;
	l->proxy = proxy;
	if (probe_addr_parse(&l->proxy_addr, pqm_str(proxy->host)))
		return PQM_OK;
	return probe_dns_now(&l->proxy_addr, proxy->host, l->config->family)
		? PQM_OK
		: pqm_fail(err, PQM_ENET, "the proxy's name '%s' is not resolved", proxy->host);
}

static void fini(struct probe_loop *l)
{
	probe_hosts_fini(&l->hosts, &l->heap);
	probe_heap_fini(&l->heap);
	pqm_buf_fini(&l->out);
	pqm_free(l->in);
	pc_keys_free(l->keys);
	if (l->epoll_fd >= 0)
		(void)close(l->epoll_fd);
}

static enum pqm_st init(struct probe_loop *l, struct pqm_err *err)
{
	const struct pqm_probe_config *c = l->config;

	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		return pqm_fail(err, PQM_EIO, "epoll: %s", strerrordesc_np(errno));
	l->in = pqm_malloc(PROBE_IN_BYTES);
	l->keys = pc_keys_new();
	pqm_buf_init(&l->out, PQM_PROBE_CONN_BYTES);
	probe_bucket_init(&l->all, c->rate_all, c->rate_all, pqm_now_ns());
	l->all_timer.kind = PROBE_TIMER_ALL;
	l->limit = socket_limit(c->concurrent);
	if (l->in == NULL || l->keys == NULL || !probe_heap_add_owner(&l->heap))
		return pqm_fail(err, PQM_ENOMEM, "no memory for the event loop");
	return PQM_OK;
}

enum pqm_st probe_run(struct probe_loop *l, struct pqm_err *err)
{
	const struct pqm_probe_config *c = l->config;
	struct probe_proxy proxy;
	enum pqm_st st;

	l->epoll_fd = -1;
	if (c->concurrent == 0 || l->n_targets > UINT32_MAX)
		return pqm_fail(err, PQM_EUSAGE,
			"a probe needs room for one endpoint and at most 2^32-1 targets");
	st = probe_deny_check(c->deny, err);
	if (st == PQM_OK)
		st = find_proxy(l, &proxy, err);
	if (st == PQM_OK)
		st = init(l, err);
	if (st == PQM_OK) {
		probe_loop_run(l);
		if (l->is_out_of_memory)
			st = pqm_fail(err, PQM_ENOMEM, "no memory for the probe");
	}
	fini(l);
	/* What thousands of connections held is for the report now. */
	if (l->stats.endpoints >= TRIM_ENDPOINTS)
		pqm_malloc_trim();
	pqm_wipe(&proxy, sizeof(proxy));
	return st;
}

/* NOLINTNEXTLINE(readability-function-size): what to ask, how, whom to tell, and what is told back */
enum pqm_st pqm_probe_run(const struct pqm_probe_config *c, const struct pqm_probe_target *targets,
	size_t n, pqm_probe_done *done, void *ctx, struct pqm_probe_stats *stats,
	struct pqm_err *err)
{
	struct probe_loop l = {
		.config = c, .targets = targets, .n_targets = n, .done = done, .ctx = ctx
	};
	enum pqm_st st = probe_run(&l, err);

	if (stats != NULL)
		*stats = l.stats;
	return st;
}
