/*
 * codes.h — code points of TLS by class: what a prober must know of a number, without its name.
 *
 * Shape:     flags by kind of code point; tables of struct pqm_probe_code come from rules/tls, classes
 *            of names from rules/ssh.
 * Standard:  IANA TLS parameters; design/tls.md §4.
 */
#ifndef PQM_MODEL_CODES_H
#define PQM_MODEL_CODES_H

#include <stdint.h>

enum pqm_profile { PQM_PROFILE_QUICK, PQM_PROFILE_HNDL, PQM_PROFILE_FULL };

/* Classes of code points. Groups: */
#define PQM_G_HYBRID 0x0001u /* ML-KEM with a classical half */
#define PQM_G_PQ 0x0002u     /* ML-KEM alone */
#define PQM_G_DRAFT 0x0004u  /* Kyber and other experiments: never counted as ML-KEM */
#define PQM_G_EC 0x0008u
#define PQM_G_FFDHE 0x0010u
#define PQM_G_OLD 0x0020u    /* TLS 1.2 and before only */
#define PQM_G_13ONLY 0x0040u /* TLS 1.3 only */
/* Signature schemes: the family that one hello can ask for. */
#define PQM_S_RSA_PSS 0x0001u
#define PQM_S_RSA_PKCS1 0x0002u
#define PQM_S_ECDSA 0x0004u
#define PQM_S_EDDSA 0x0008u
#define PQM_S_MLDSA 0x0010u
#define PQM_S_COMPOSITE 0x0020u
#define PQM_S_SLHDSA 0x0040u
#define PQM_S_DSA 0x0080u
#define PQM_S_OTHER 0x0100u
#define PQM_S_SHA1 0x0200u /* with another */
/* Cipher suites: how keys are exchanged and the server is authenticated. */
#define PQM_C_TLS13 0x0001u
#define PQM_C_RSA 0x0002u /* RSA key transport: no forward secrecy */
#define PQM_C_DHE 0x0004u
#define PQM_C_ECDHE 0x0008u
#define PQM_C_STATIC 0x0010u /* static (EC)DH */
#define PQM_C_PSK 0x0020u
#define PQM_C_ANON 0x0040u
#define PQM_C_AUTH_RSA 0x0080u
#define PQM_C_AUTH_ECDSA 0x0100u
#define PQM_C_AUTH_DSS 0x0200u
#define PQM_C_EXPORT 0x0400u
#define PQM_C_NULL 0x0800u
#define PQM_C_SSL2                                                                                 \
	0x1000u /* code is the low 16 bits of the three-byte kind, its first byte in aux */
#define PQM_C_COMMON 0x2000u /* worth a place in a first hello */
#define PQM_C_AEAD 0x4000u
#define PQM_C_OTHER 0x8000u
/* Key exchange methods of SSH, which have names: classes of rules/ssh/kex.yaml. None: classical. */
#define PQM_K_PQ 0x0001u      /* ML-KEM or Streamlined NTRU Prime as standardised or deployed */
#define PQM_K_DRAFT 0x0002u   /* ML-KEM or sntrup761 under a name of an experiment */
#define PQM_K_RETIRED 0x0004u /* Kyber, sntrup4591761 and other primitives: never counted */
#define PQM_K_MARKER 0x0008u  /* no method: what the server tells about itself */

struct pqm_probe_code {
	uint16_t code;
	uint16_t flags;
	uint16_t client_bytes, server_bytes; /* of key shares (groups) */
	uint8_t profile;		     /* lowest profile that asks for it: enum pqm_profile */
	uint8_t aux;
};

#endif
