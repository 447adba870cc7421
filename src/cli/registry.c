#include "command.h"

/* gen/commands.def holds PQM_CMD(name) for every cmd_<name>.c, sorted. */
#define PQM_CMD(name) extern const struct pqm_command pqm_cmd_##name;
#include "gen/commands.def"
#undef PQM_CMD

#define PQM_CMD(name) &pqm_cmd_##name,
const struct pqm_command *const pqm_commands[] = {
#include "gen/commands.def"
	NULL
};
