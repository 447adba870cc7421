#include "practice_check.h"

#include <sys/mman.h>
#include <unistd.h>

#include "assess/practices.h"
#include "base/num.h"
#include "engine/scan.h"
#include "graph/graph_build.h"

#define CHAIN_MAX 1000

/* "not shown { … }": the verdict and what follows. */
static bool take_verdict(pqm_bytes sample, enum pqm_practice_verdict *v, pqm_bytes *rest)
{
	for (unsigned i = 0; i < PQM_N_PRACTICE_VERDICTS; i++) {
		pqm_bytes name = pqm_str(pqm_practice_name((enum pqm_practice_verdict)i));

		if (sample.n > name.n && pqm_starts(sample, name) && sample.p[name.n] <= ' ') {
			*v = (enum pqm_practice_verdict)i;
			*rest = pqm_sub(sample, name.n + 1, sample.n);
			return true;
		}
	}
	return false;
}

/* Reads the manifest as a scan would, from memory. */
static bool scan(struct pqm_inventory *inv, const struct pqm_rules *r, pqm_bytes manifest)
{
	const struct pqm_scan_options opt = { .jobs = 1 };
	int fd = memfd_create("sample.yaml", MFD_CLOEXEC);
	char path[64];
	const char *targets[] = { path };
	struct pqm_err err;
	bool ok;

	if (fd < 0)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ok = write(fd, manifest.p, manifest.n) == (ssize_t)manifest.n &&
		pqm_scan(inv, r, targets, 1, &opt, &err) == PQM_OK;
	(void)close(fd);
	return ok;
}

/* An endpoint that answered with a chain of so many certificates. */
static bool answer(struct pqm_inventory *inv, pqm_bytes number)
{
	struct pqm_endpoint *e = pqm_new(&inv->arena, struct pqm_endpoint, 1);
	struct pqm_chain *chain = pqm_new(&inv->arena, struct pqm_chain, 1);
	uint64_t n;

	if (e == NULL || chain == NULL || !pqm_u64_parse(pqm_trim(number), CHAIN_MAX, &n))
		return false;
	chain->certs = pqm_new(&inv->arena, struct pqm_wire_cert, n);
	chain->n_certs = n;
	*e = (struct pqm_endpoint){ .scheme = PQM_LIT("tls"),
		.host = PQM_LIT("sample.example"),
		.port = 443,
		.reach = PQM_R_ANSWERED,
		.chains = chain,
		.n_chains = 1 };
	inv->endpoints = e;
	inv->n_endpoints = 1;
	return chain->certs != NULL;
}

static bool has_verdict(const struct pqm_rules *r, const struct pqm_rule *rule,
	const struct pqm_inventory *inv, enum pqm_practice_verdict want)
{
	struct pqm_practices p;
	struct pqm_graph g;
	struct pqm_err err;
	bool fits = false;

	pqm_graph_init(&g);
	pqm_practices_init(&p);
	if (pqm_graph_build(&g, r, inv, &err) == PQM_OK &&
		pqm_practices_build(&p, r, inv, &g, &err) == PQM_OK)
		for (size_t i = 0; i < p.n; i++)
			fits = fits || (p.items[i].rule == rule && p.items[i].verdict == want);
	pqm_practices_fini(&p);
	pqm_graph_fini(&g);
	return fits;
}

bool pqm_practice_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	bool asks_endpoints = pqm_yaml_true(pqm_yaml_get(rule->node, "of"), "endpoints");
	enum pqm_practice_verdict want;
	struct pqm_inventory inv;
	pqm_bytes rest;
	bool fits;

	if (!take_verdict(sample, &want, &rest))
		return false;
	pqm_inventory_init(&inv);
	fits = (asks_endpoints ? answer(&inv, rest) : scan(&inv, r, rest)) &&
		has_verdict(r, rule, &inv, want);
	pqm_inventory_fini(&inv);
	return fits;
}
