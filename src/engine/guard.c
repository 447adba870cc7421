#include "guard.h"

#include <setjmp.h>
#include <signal.h>

static _Thread_local sigjmp_buf back;
static _Thread_local uintptr_t guard_from, guard_to;

static void on_bus(int sig, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;

	(void)context;
	if (guard_from != guard_to && at >= guard_from && at < guard_to)
		siglongjmp(back, 1);
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

void pqm_guard_install(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO | SA_NODEFER };

	sa.sa_sigaction = on_bus;
	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGBUS, &sa, NULL);
}

bool pqm_guard_run(pqm_bytes range, void (*fn)(void *ctx), void *ctx)
{
	bool ok = true;

	guard_from = (uintptr_t)range.p;
	/* The last page is mapped whole. */
	guard_to = ((uintptr_t)range.p + range.n + 4095) & ~(uintptr_t)4095;
	if (sigsetjmp(back, 0) == 0)
		fn(ctx);
	else
		ok = false;
	guard_from = guard_to = 0;
	return ok;
}
