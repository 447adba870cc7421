#include "git2.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static struct pqm_git2 lib;
static bool is_ready;

static void load(void)
{
	const struct {
		const char *name;
		void *function;
	} all[] = {

#define ROW(name) { "git_" #name, &lib.name },
		PQM_GIT2_FUNCTIONS(ROW)
#undef ROW
	};
	/* Of no account to who only reads: `git clone --filter`, `git sparse-checkout`, `gc.*` kept off. */
	static const char *const extensions[] = { "partialclone", "worktreeconfig",
		"preciousobjects" };
	void *so = dlopen("libgit2.so.1.5", RTLD_NOW | RTLD_LOCAL);
	bool ok = so != NULL;

	for (size_t i = 0; ok && i < sizeof(all) / sizeof(all[0]); i++) {
		void *p = dlsym(so, all[i].name);

		memcpy(all[i].function, &p, sizeof(p));
		ok = p != NULL;
	}
	is_ready = ok && lib.libgit2_init() > 0 &&
		lib.libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0) == 0 &&
		lib.libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions,
			sizeof(extensions) / sizeof(extensions[0])) == 0;
}

const struct pqm_git2 *pqm_git2(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, load);
	return is_ready ? &lib : NULL;
}

const char *pqm_git2_words(void)
{
	const git_error *e = lib.error_last();

	return e != NULL && e->message != NULL && e->message[0] != '\0' ? e->message
									: "no reason given";
}
