/* fuzz_conf.c — det_conf under the names of every form, with an emitter that checks promises: places lie
 * inside the text, identities are short and values of no algorithm stay behind. */
#include "emit.h"

extern const struct pqm_detector pqm_det_conf;

static uint64_t n_lines;

static enum pqm_st see_found(struct pqm_emit *e, const struct pqm_found *f)
{
	assert(f->line <= n_lines && f->col > 0);
	assert(!emit_leaks(f->identity));
	for (size_t i = 0; i < f->n_attrs; i++)
		assert(!emit_leaks(f->attrs[i].value));
	return emit_see_found(e, f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "nginx.conf", ".sops.yaml", "httpd.conf",
		"haproxy.cfg", "openssl.cnf", "sshd_config", "envoy.yaml", "server.conf",
		"vault.hcl", "java.security", "gen.sh", "x" };
	struct pqm_emit emit = emit_checks();

	emit.found = see_found;
	/* YAML also ends lines at CR, NEL, LS and PS. */
	n_lines = size + 1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		emit_run(&pqm_det_conf, &emit, names[i], (pqm_bytes){ data, size }, NULL, 0);
	return 0;
}
