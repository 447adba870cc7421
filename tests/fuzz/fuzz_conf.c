/* fuzz_conf.c — det_conf under the names of every form, with an emitter that checks promises: places lie
 * inside the text, identities are short and values of no algorithm stay behind. */
#include <assert.h>

#include "base/limits.h"
#include "detect/detector.h"

extern const struct pqm_detector pqm_det_conf;

static struct pqm_rules rules;
static uint64_t n_lines;
static const char marker[] = "fuzz-secret-marker-value";

static enum pqm_st see_found(struct pqm_emit *e, const struct pqm_found *f)
{
	(void)e;
	assert(f->rule.n > 0 && f->identity.n > 0 && f->why.n > 0);
	assert(f->line > 0 && f->line <= n_lines && f->col > 0);
	assert(pqm_find(f->identity, 0, pqm_str(marker)) == SIZE_MAX);
	for (size_t i = 0; i < f->n_attrs; i++)
		assert(pqm_find(f->attrs[i].value, 0, pqm_str(marker)) == SIZE_MAX);
	return PQM_OK;
}

static void see_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	(void)e;
	(void)off;
	assert(why != PQM_OK && words[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "nginx.conf", ".sops.yaml", "httpd.conf",
		"haproxy.cfg", "openssl.cnf", "sshd_config", "envoy.yaml", "server.conf",
		"vault.hcl", "java.security", "gen.sh", "x" };
	struct pqm_emit emit = { .found = see_found, .note = see_note };
	pqm_bytes body = { data, size };
	struct pqm_hits none = { NULL, 0, NULL };
	struct pqm_err err = { 0 };
	struct pqm_arena arena;

	if (rules.n == 0 && pqm_rules_load(&rules, NULL, &err) != PQM_OK)
		assert(false);
	/* YAML also ends lines at CR, NEL, LS and PS. */
	n_lines = size + 1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct pqm_artifact a = { .body = body,
			.head = pqm_sub(body, 0, 4096),
			.path = pqm_str(names[i]),
			.name = pqm_str(names[i]),
			.arena = &arena };

		pqm_arena_init(&arena, PQM_ARENA_BYTES);
		if (pqm_det_conf.run(&rules, &a, &none, &emit, &err) != PQM_OK)
			assert(err.msg[0] != '\0');
		pqm_arena_fini(&arena);
	}
	return 0;
}
