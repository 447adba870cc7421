/* k8s_script.c — command lines of containers that make keys. */
#include "k8s.h"

#include "conf.h"

bool pqm_k8s_is_script(const struct pqm_rules *r, const struct pqm_yaml *arg)
{
	pqm_bytes text = pqm_yaml_text(arg);

	return pqm_find_byte(text, 0, ' ') != SIZE_MAX && pqm_conf_names_keygen(r, text);
}

bool pqm_k8s_exec_form(struct pqm_buf *line, const struct pqm_rules *r,
	const struct pqm_yaml *command, const struct pqm_yaml *args)
{
	const struct pqm_yaml *const lists[] = { command, args };

	if (command->n == 0 || command->type != PQM_YAML_SEQ ||
		!pqm_conf_is_keygen(r, pqm_yaml_text(command->items[0])))
		return false;
	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; lists[l] != NULL && i < lists[l]->n; i++) {
			(void)pqm_buf_add(line, pqm_yaml_text(lists[l]->items[i]));
			(void)pqm_buf_add(line, PQM_LIT(" "));
		}
	return !line->failed;
}
