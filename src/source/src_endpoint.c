/* Targets on the network: tls:HOST, ssh:HOST, https://HOST … A file of that name is ./tls:HOST. */
#include "source/endpoint.h"
#include "source/source.h"

struct calls {
	struct pqm_endpoint_calls calls; /* first */
	struct pqm_sink *sink;
};

static bool accepts(const char *target)
{
	return pqm_endpoint_is_target(target, false);
}

static bool on_done(struct pqm_endpoint_calls *calls, const struct pqm_endpoint *e, bool is_known)
{
	struct pqm_sink *s = ((struct calls *)calls)->sink;

	return s->endpoint(s, e, is_known);
}

static void on_bad(struct pqm_endpoint_calls *calls, uint32_t target, const char *words)
{
	struct pqm_sink *s = ((struct calls *)calls)->sink;

	s->bad(s, target, words);
}

static enum pqm_st walk_all(const struct pqm_walk_all *w, struct pqm_sink *s, struct pqm_err *err)
{
	struct calls c = { { on_done, on_bad }, s };
	struct pqm_endpoint_names names = { w->names, w->index, w->n };

	return pqm_endpoint_ask(w->net, w->rules, &names, &c.calls, err);
}

const struct pqm_source pqm_src_endpoint = {
	.name = "endpoint",
	.summary =
		"tls:HOST[:PORT], ssh:HOST, quic:HOST, smtp:HOST … asks what is negotiated there",
	.accepts = accepts,
	.walk_all = walk_all,
};
