#include <assert.h>

#include "probe/loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A target, a deny entry and a proxy's URL are all text of the user or of a file that he was given. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_arena a;
	struct pqm_probe_target t = { 0 };
	struct probe_proxy proxy;
	struct probe_addr addr;
	struct pqm_err err = { 0 };
	char *text = pqm_malloc(size + 1);

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	const char *deny[] = { text, NULL };

	pqm_arena_init(&a, 1 << 16);
	for (int bare = 0; bare < 2; bare++) {
		if (pqm_probe_target_parse(&t, text, bare != 0, &a, &err) != PQM_OK) {
			assert(err.msg[0] != '\0');
			continue;
		}
		assert(t.port != 0 && t.host[0] != '\0' && strlen(t.host) < 255);
		assert(strpbrk(t.host, " \t\r\n/@\\[]") == NULL);
		(void)probe_denied(
			deny, t.host, probe_addr_parse(&addr, pqm_str(t.host)) ? &addr : NULL);
	}
	(void)pqm_probe_is_target(text);
	assert(probe_deny_check(deny, &err) == PQM_OK || err.msg[0] != '\0');
	if (probe_proxy_parse(&proxy, text, &err) == PQM_OK)
		assert(proxy.port != 0 && proxy.host[0] != '\0');
	pqm_arena_fini(&a);
	pqm_free(text);
	return 0;
}
