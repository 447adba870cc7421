#include "packages.h"

#include "base/num.h"
#include "rules/k8s.h"

#define PARTS 4

/* The upstream version: "1:9.2p1-2+deb12u3" is 9.2; false for one that begins with no number. */
static bool parts_of(pqm_bytes version, uint64_t out[PARTS])
{
	size_t colon = pqm_find_byte(version, 0, ':'), at = colon == SIZE_MAX ? 0 : colon + 1;

	memset(out, 0, PARTS * sizeof(*out));
	for (size_t n = 0; n < PARTS; n++) {
		size_t from = at;

		while (at < version.n && version.p[at] >= '0' && version.p[at] <= '9')
			at++;
		if (!pqm_u64_parse(pqm_sub(version, from, at - from), UINT32_MAX, &out[n]))
			return n > 0;
		if (at >= version.n || version.p[at] != '.')
			return true;
		at++;
	}
	return true;
}

static int compare(const uint64_t a[PARTS], const uint64_t b[PARTS])
{
	for (size_t i = 0; i < PARTS; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

bool pqm_package_rule_is(const struct pqm_rule *rule, pqm_bytes name, pqm_bytes version)
{
	pqm_bytes from = pqm_yaml_str(rule->node, "from"),
		  below = pqm_yaml_str(rule->node, "below");
	uint64_t have[PARTS], limit[PARTS];

	if (!pqm_k8s_listed(pqm_yaml_get(rule->node, "packages"), name))
		return false;
	if (from.n == 0 && below.n == 0)
		return true;
	if (!parts_of(version, have))
		return false;
	if (from.n > 0 && (!parts_of(from, limit) || compare(have, limit) < 0))
		return false;
	return below.n == 0 || (parts_of(below, limit) && compare(have, limit) < 0);
}

bool pqm_package_rule_fits(const struct pqm_rule *rule, pqm_bytes sample)
{
	pqm_bytes name = { NULL, 0 };

	return pqm_split(&sample, ' ', &name) && pqm_package_rule_is(rule, name, sample);
}
