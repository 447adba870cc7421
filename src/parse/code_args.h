/*
 * code_args.h — calls as they were found, arguments still in the terms of the function around them.
 *
 * Ownership: the scratch arena of one pqm_code_read.
 * Threads:   pure.
 */
#ifndef PQM_PARSE_CODE_ARGS_H
#define PQM_PARSE_CODE_ARGS_H

#include "code_state.h"

struct pqm_found_call {
	uint32_t at, func; /* PQM_NO_FUNC: a word in data */
	uint32_t import;   /* symbol of .dynsym, when to is PQM_NO_FUNC */
	uint32_t to;
	uint32_t way; /* of several, which are told as a call each */
	bool is_tail, is_reference;
	bool is_loose; /* in a part that no flow reaches of a function whose bounds are guessed */
	struct pqm_val arg[PQM_CALL_ARGS];
};

#endif
