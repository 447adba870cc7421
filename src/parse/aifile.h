/*
 * aifile.h — files of models, datasets and indexes, recognised by their bytes and measured from their
 * headers and footers.
 *
 * Shape:     pqm_aif_of says whether the head may be one of our formats; pqm_aif_read fills struct pqm_aif.
 *            Nothing of a file is executed: pickles are walked opcode by opcode.
 * Units:     parameters are elements of tensors; offsets and sizes in bytes.
 * Ownership: text is a slice of the body, or lives in the arena; it is the file's own word, not to be trusted.
 * Errors:    PQM_EPARSE: of the format, and broken (words say where); PQM_ELIMIT by limits.h.
 *            "Not of the format after all" is PQM_OK with format NULL.
 * Threads:   pure.
 * Limits:    PQM_AIF_HEADER_BYTES of header or footer, PQM_AIF_ENTRIES tensors, keys or members. Bytes of
 *            tensors, rows and pages are never touched.
 * Standard:  safetensors (huggingface/safetensors, "Format"), GGUF v1 to v3 (ggml-org/ggml docs/gguf.md),
 *            ONNX IR (onnx.proto3), pickle protocols 0 to 5 (PEP 3154, PEP 574), ZIP (APPNOTE 6.3.10),
 *            Parquet and its modular encryption (apache/parquet-format), NPY (NEP 1), HDF5, TFRecord,
 *            Apache Arrow, ORC and Avro, FAISS index_io, TFLite and ExecuTorch file identifiers,
 *            Sigstore bundle 0.1 to 0.3, in-toto Statement 1, OpenSSF model signing 1.0.
 */
#ifndef PQM_PARSE_AIFILE_H
#define PQM_PARSE_AIFILE_H

#include "base/arena.h"

enum pqm_aif_kind {
	PQM_AIF_MODEL,
	PQM_AIF_DATASET,
	PQM_AIF_INDEX, /* of embeddings */
	PQM_AIF_ARRAY, /* numbers, of whatever */
	PQM_AIF_SIGNATURE,
	PQM_AIF_CONFIG, /* of a model: its architecture, not its weights */
};

const char *pqm_aif_kind_name(enum pqm_aif_kind k);

#define PQM_AIF_TYPES_MAX 16

struct pqm_aif_type {
	char name[12]; /* "BF16", "Q4_K" */
	uint64_t n;    /* elements */
};

struct pqm_aif {
	const char *format; /* "safetensors"; NULL: none of ours */
	enum pqm_aif_kind kind;
	char version[16]; /* empty where the format has none */
	size_t data_off;  /* from here on the file is numbers without structure; 0: not told */
	bool has_params, has_rows;
	bool is_at_least; /* there are more tensors than were counted */
	uint64_t n_params, n_tensors;
	uint64_t n_rows, n_columns, n_encrypted;      /* of the columns */
	uint32_t dimension;			      /* of embeddings */
	struct pqm_aif_type types[PQM_AIF_TYPES_MAX]; /* by elements, most first */
	size_t n_types;
	pqm_bytes name, architecture, license, base, producer;
	const char *encryption; /* "AES_GCM_V1"; NULL: none */
	bool is_footer_encrypted;
	uint64_t n_own_keys; /* columns with a key that is not the footer's */
	/* How readers get the key; master_key and kms where it has the form of the key tools. */
	pqm_bytes key_metadata, master_key, kms;
	bool is_double_wrapped;
	uint64_t tensor_bytes;		       /* of all shards, as their index says; 0: not told */
	pqm_bytes family, dtype, quantisation; /* as a configuration says */
	/* Of a signature: what made it, by its form ("P-256", "RSA" with bits; NULL: unknown), the key that
	 * checks it, what the signed statement is, how many files it lists. */
	const char *algorithm;
	uint32_t bits;
	uint64_t n_files;
	bool covers_folder;
	pqm_bytes key, predicate, share;
	pqm_bytes runs; /* what a pickle calls by name that no model needs: "posix system" */
};

struct pqm_aif_in {
	pqm_bytes body; /* all of the file */
	pqm_bytes name; /* its last path part: some formats have weak marks */
	struct pqm_arena *arena;
};

/* Cheap, and allocates nothing; head is at least 512 bytes of the file, or all of it. */
bool pqm_aif_looks(pqm_bytes head, pqm_bytes name);
/* Behind its header the file is weights and nothing else: no text to look through. As in looks. */
bool pqm_aif_is_weights(pqm_bytes head, pqm_bytes name);
enum pqm_st pqm_aif_read(
	struct pqm_aif *out, const struct pqm_aif_in *in, struct pqm_err *err) PQM_MUST_USE;

#endif
