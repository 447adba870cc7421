/* The built-in rules, loaded once for all tests of a program. */
#ifndef PQM_TEST_RULES_H
#define PQM_TEST_RULES_H

#include "rules/rules.h"
#include "unit.h"

static struct pqm_rules rules;

static int load_rules(void **state)
{
	struct pqm_err err = { 0 };

	(void)state;
	if (pqm_rules_load(&rules, NULL, &err) == PQM_OK)
		return 0;
	print_error("%s\n", err.msg);
	return 1;
}

static int free_rules(void **state)
{
	(void)state;
	pqm_rules_fini(&rules);
	return 0;
}

#endif
