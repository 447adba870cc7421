/* go_tls.c — whether the TLS of a Go program is post-quantum, and what decides. */
#include "go_look.h"

/* fips140=on, =only; GOFIPS140 other than off puts "on" into the defaults by itself. */
static const char *mode_of(const struct go_look *k, pqm_bytes debug)
{
	pqm_bytes value = { NULL, 0 }, module = pqm_gobin_setting(&k->bin, "GOFIPS140");
	bool is_set = pqm_gobin_debug(debug, PQM_LIT("fips140"), &value);

	if (k->has_fipsonly)
		return "boring";
	if (is_set && pqm_eqs(value, "only"))
		return "only";
	if (is_set ? pqm_eqs(value, "on") : module.n > 0 && !pqm_eqs(module, "off"))
		return "fips";
	return "plain";
}

/* Settings that say something about TLS, of the many that a build may carry. */
static pqm_bytes tls_settings(const struct go_look *k, pqm_bytes debug)
{
	pqm_bytes rest = debug, one, out = { NULL, 0 };

	while (rest.p != NULL && pqm_split(&rest, ',', &one))
		if (pqm_starts(one, PQM_LIT("tls")) || pqm_starts(one, PQM_LIT("fips140")) ||
			pqm_starts(one, PQM_LIT("rsa1024min")) ||
			pqm_starts(one, PQM_LIT("x509sha1")))
			out = pqm_arena_f(k->arena, "%.*s%s%.*s", PQM_FMT(out),
				out.n == 0 ? "" : ",", PQM_FMT(one));
	return pqm_printable(k->arena, out);
}

static enum pqm_basis basis_of(const struct pqm_rule *rule)
{
	pqm_bytes s = pqm_yaml_str(pqm_yaml_get(rule->node, "emit"), "basis");

	return pqm_eqs(s, "default")	? PQM_DEFAULT
		: pqm_eqs(s, "absence") ? PQM_ABSENCE
					: PQM_EXPLICIT;
}

enum pqm_st go_emit_tls(struct go_look *k)
{
	pqm_bytes debug = pqm_gobin_setting(&k->bin, "DefaultGODEBUG");
	struct pqm_go_facts facts = { .version = pqm_go_version(k->bin.version), .debug = debug };
	const struct pqm_rule *rule;
	struct pqm_found f = { .evidence = PQM_CONFIGURED };

	facts.mode = mode_of(k, debug);
	rule = pqm_go_tls_default(&k->rules, &facts);
	if (rule == NULL) {
		pqm_emit_note(k->out, k->base + k->table.off, PQM_EPARSE,
			"Go: the version of the toolchain is not told: whether its TLS is "
			"post-quantum is not known");
		return PQM_OK;
	}
	pqm_go_rule_fill(&f, k->r, rule);
	f.basis = basis_of(rule);
	if (k->tls == PQM_OFFER) /* nothing shows that the program connects */
		f.meaning = PQM_OFFER;
	f.identity = pqm_arena_f(k->arena, "go/%.*s/%.*s", PQM_FMT(rule->id),
		PQM_FMT(pqm_printable(k->arena, k->bin.version)));
	f.why = pqm_arena_f(k->arena, "Built with %.*s. %.*s",
		PQM_FMT(pqm_printable(k->arena, k->bin.version)), PQM_FMT(f.why));
	f.off = k->base + k->table.off;
	f.object = PQM_LIT("crypto/tls");
	go_say_build(k, &f);
	pqm_found_attr(&f, "DefaultGODEBUG", tls_settings(k, debug));
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(k->out, &f);
}
