/*
 * img_auth.h — what a registry must be told so that it answers.
 *
 * Shape:     credentials come from the configuration that docker and podman keep, or from the helper that it
 *            names; a challenge is the WWW-Authenticate header of a 401.
 * Ownership: everything lives in the arena given, which is wiped by its owner.
 * Errors:    PQM_EUSAGE for a configuration or helper that cannot be used. No message repeats what they say.
 * Threads:   one thread.
 * Standard:  RFC 7235 (challenges), RFC 7617, distribution spec token authentication.
 */
#ifndef PQM_SOURCE_IMG_AUTH_H
#define PQM_SOURCE_IMG_AUTH_H

#include "base/arena.h"

struct pqm_docker_cred {
	pqm_bytes user, password; /* empty: none */
	pqm_bytes identity;	  /* a refresh token instead; or empty */
	const char *helper;	  /* the helper to ask, and the name to ask for; NULL: none */
	const char *server;
};

/* What the text of a config.json has for the repository at the host; credentials, or a helper to ask. */
enum pqm_st pqm_docker_config_find(struct pqm_docker_cred *out, pqm_bytes text, pqm_bytes host,
	pqm_bytes repo, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* What a helper printed. */
enum pqm_st pqm_docker_helper_parse(struct pqm_docker_cred *out, pqm_bytes text,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* $REGISTRY_AUTH_FILE, $DOCKER_CONFIG/config.json, ~/.docker/config.json, the first that is there; its helper
 * is run. No file, or nothing in it for the registry: empty credentials. */
enum pqm_st pqm_docker_cred_load(struct pqm_docker_cred *out, pqm_bytes host, pqm_bytes repo,
	const volatile int *stop, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* Runs docker-credential-NAME get. */
enum pqm_st pqm_docker_helper_run(struct pqm_docker_cred *cred, const volatile int *stop,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

struct pqm_challenge {
	bool is_basic, is_bearer;
	pqm_bytes realm, service, scope; /* of Bearer */
};

/* Of several, Bearer is taken. False: none that is understood. */
bool pqm_challenge_parse(struct pqm_challenge *out, pqm_bytes header, struct pqm_arena *arena);
/* The URL to ask a token at; NULL when the realm is no URL. */
const char *pqm_challenge_url(
	const struct pqm_challenge *c, pqm_bytes scope, struct pqm_arena *arena);
/* "token" or "access_token" of the answer; empty: none that a header can hold. */
pqm_bytes pqm_token_parse(pqm_bytes text, struct pqm_arena *arena);
/* As a form or query holds it [RFC3986 §2.1]. */
pqm_bytes pqm_url_escape(pqm_bytes text, struct pqm_arena *arena);
/* base64 of "user:password". */
pqm_bytes pqm_basic(pqm_bytes user, pqm_bytes password, struct pqm_arena *arena);

/* The Location of a redirect that came from base: "https://…", or a path on the same server. NULL: none
 * that may be followed. */
const char *pqm_redirect(
	pqm_bytes location, const char *base, bool may_be_plain, struct pqm_arena *arena);
/* "https://host:port" of a URL. */
pqm_bytes pqm_url_origin(pqm_bytes url);

#endif
