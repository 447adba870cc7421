#include "conf.h"

#include "base/limits.h"

static bool is_text(pqm_bytes head)
{
	return pqm_find_byte(pqm_sub(head, 0, 4096), 0, 0) == SIZE_MAX;
}

/* Directives are ordinary words, and anchors for all of them would slow the sweep of every file down.
 * Names are cheaper: these are the ends of names that the families of rules/conf know. */
static bool has_conf_name(pqm_bytes name)
{
	static const char *const ends[] = { "conf", "cnf", "cfg", "hcl", "properties", "security",
		"ini", "yaml", "yml", "json", "sh", "bash", "config", "template", "tmpl", "tpl",
		"j2", "ovpn", "pol", "pmod", "cf", "txt", "netdev", "vhost", "nginx", "dockerfile",
		"env", "enc", "sops" };
	size_t dot = name.n;

	while (dot > 0 && name.p[dot - 1] != '.')
		dot--;
	pqm_bytes end = pqm_sub(name, dot, name.n);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (dot > 0 && pqm_eqs(end, ends[i]))
			return true;
	return dot == 0 || pqm_starts(name, PQM_LIT("Dockerfile."));
}

/* A program in another language than shell. */
static bool is_script(pqm_bytes head)
{
	pqm_bytes line = pqm_sub(head, 0, 128);

	line = pqm_trim(pqm_sub(line, 0, pqm_find_byte(line, 0, '\n')));
	return pqm_starts(line, PQM_LIT("#!")) && pqm_find(line, 0, PQM_LIT("sh")) == SIZE_MAX;
}

static bool wants(const struct pqm_artifact *a)
{
	if (a->body.n == 0)
		return false;
	return (a->object.n > 0 || has_conf_name(a->name)) && is_text(a->head) &&
		!is_script(a->head);
}

/* Text that opens like a manifest is YAML, whatever its name: its values come as children. */
static bool is_manifest(const struct pqm_artifact *a)
{
	return a->object.n == 0 &&
		pqm_find(pqm_sub(a->head, 0, 4096), 0, PQM_LIT("apiVersion:")) != SIZE_MAX;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_conf_scan s = { .rules = r, .a = a, .out = out, .err = err };

	(void)hits;
	if (!wants(a))
		return PQM_OK;
	if (a->body.n > PQM_CONF_BYTES) {
		if (pqm_conf_is_named(r, a))
			pqm_emit_note(out, 0, PQM_ELIMIT,
				"configuration of more than 1 MiB: its settings are not read");
		return PQM_OK;
	}
	s.family = pqm_conf_family(r, a, &s.has_include);
	if (s.family == NULL)
		return PQM_OK;
	pqm_bytes form = pqm_yaml_str(s.family->node, "form");

	if (is_manifest(a) && !pqm_eqs(form, "yaml") && !pqm_eqs(form, "shell"))
		return PQM_OK;
	enum pqm_st st = pqm_conf_check(&s);

	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "configuration: %s", pqm_st_name(st));
}

const struct pqm_detector pqm_det_conf = {
	.name = "conf",
	.version = 1,
	.summary = "Server and library settings: pinned groups, TLS versions, suites, key types, "
		   "plaintext",
	.wants = wants,
	.run = run,
};
