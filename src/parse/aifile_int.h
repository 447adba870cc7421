/*
 * aifile_int.h — what the readers of aifile.h share.
 *
 * Ownership, errors and threads: as in aifile.h. A reader is called when its looks() was true, and may
 * still leave format NULL.
 */
#ifndef PQM_PARSE_AIFILE_INT_H
#define PQM_PARSE_AIFILE_INT_H

#include "aifile.h"
#include "base/err.h"

struct pqm_aif_format {
	bool (*looks)(pqm_bytes head, pqm_bytes name);
	enum pqm_st (*read)(struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err);
	bool (*is_weights)(pqm_bytes head); /* when looks() was true; NULL: never */
};

/* Adds elements of a tensor; false when the sum does not fit. */
bool pqm_aif_add(struct pqm_aif *f, const char *type, uint64_t n);
/* Little-endian numbers of a slice that is long enough. */
uint32_t pqm_aif_u32(const uint8_t *p);
uint64_t pqm_aif_u64(const uint8_t *p);

/* A pickle's opcodes from in: tensors of PyTorch and calls by name. *end is where STOP was. Sets no
 * format. */
enum pqm_st pqm_aif_pickle(struct pqm_aif *out, pqm_bytes in, struct pqm_arena *arena, size_t *end,
	bool *is_model, struct pqm_err *err);

/* Adds the elements of an array; false when its header is cut off or says none. *data_off is set when the header
 * is there, *descr to its type. */
bool pqm_aif_npy(struct pqm_aif *out, pqm_bytes body, pqm_bytes *descr, size_t *data_off);

extern const struct pqm_aif_format pqm_aif_safetensors, pqm_aif_gguf, pqm_aif_onnx, pqm_aif_zip,
	pqm_aif_pickled, pqm_aif_parquet, pqm_aif_simple, pqm_aif_json;

#endif
