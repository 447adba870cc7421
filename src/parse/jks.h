/*
 * jks.h — Java key stores, JKS and JCEKS: entries without the password.
 *
 * Shape:     a walk over entries; certificates are in the clear, keys are encrypted blobs.
 * Units:     offsets in bytes of the store.
 * Ownership: borrows. Key blobs are measured, not decoded.
 * Errors:    PQM_EPARSE or PQM_ELIMIT with the offset; entries before it have been delivered.
 * Threads:   pure.
 * Limits:    PQM_JKS_ENTRIES, PQM_CERTS_PER_STORE.
 * Standard:  OpenJDK sun.security.provider.JavaKeyStore and com.sun.crypto.provider.JceKeyStore
 *            (engineStore), versions 1 and 2. The digest at the end is keyed with the password and
 *            not checked.
 */
#ifndef PQM_PARSE_JKS_H
#define PQM_PARSE_JKS_H

#include "base/bytes.h"
#include "base/err.h"

enum pqm_jks_kind {
	PQM_JKS_PRIVATE = 1, /* private key and its chain */
	PQM_JKS_TRUSTED = 2, /* one certificate */
	PQM_JKS_SECRET = 3,  /* symmetric key, JCEKS only */
};

struct pqm_jks_entry {
	uint64_t off;
	enum pqm_jks_kind kind;
	pqm_bytes key;	 /* EncryptedPrivateKeyInfo; empty unless PRIVATE */
	pqm_bytes certs; /* for pqm_jks_cert */
	uint32_t n_certs;
	unsigned version;
};

struct pqm_jks {
	bool is_jceks;
	unsigned version;
	uint32_t n_entries; /* as told by the head */
	size_t end;	    /* where reading stopped: b.n when whole */
};

/* Magic and version, and room for a digest. */
bool pqm_jks_looks_like(pqm_bytes b);
/* out is filled as far as reading came, also on failure. */
enum pqm_st pqm_jks_walk(struct pqm_jks *out, pqm_bytes b,
	enum pqm_st (*entry)(void *ctx, const struct pqm_jks_entry *e, struct pqm_err *err),
	void *ctx, struct pqm_err *err) PQM_MUST_USE;
/* Takes the next certificate off *certs; der is empty when its type is not X.509. */
bool pqm_jks_cert(pqm_bytes *certs, unsigned version, pqm_bytes *der);

#endif
