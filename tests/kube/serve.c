/* serve.c — an API server that costs nearly nothing: `serve DIR [N]` sends the files that render() of mock_api.py wrote,
 * one for each page, over plain HTTP on loopback. It prints its port, then serves until standard input ends; then the
 * CPU seconds that it took. Each N-th list request is answered by a fault, in turn: 410 with a token, 429, 500, half a
 * body and a reset, 410 without a token, a slow body. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int dir;
static unsigned every;
static atomic_uint n_lists, n_faults;

static bool send_all(int c, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = send(c, p, n, MSG_NOSIGNAL);

		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static bool send_file(int c, int fd, off_t *at, off_t to)
{
	while (*at < to)
		if (sendfile(c, fd, at, (size_t)(to - *at)) <= 0)
			return false;
	return true;
}

/* "/apis/apps/v1/deployments?limit=500&continue=7": "_apis_apps_v1_deployments.7" */
static void name_of(char *out, size_t size, const char *target)
{
	const char *next = strstr(target, "continue=");
	size_t n = strcspn(target, "? ");

	(void)snprintf(out, size, "%.*s.%.*s", (int)n, target,
		next == NULL ? 1 : (int)strcspn(next + 9, "& "), next == NULL ? "0" : next + 9);
	for (size_t i = 0; i < n && out[i] != '\0'; i++)
		if (out[i] == '/')
			out[i] = '_';
}

static bool status(int c, int code, const char *more, const char *body)
{
	char text[512];
	int n = snprintf(text, sizeof(text),
		"HTTP/1.1 %d x\r\nContent-Type: application/json\r\n%sContent-Length: "
		"%zu\r\n\r\n%s",
		code, more, strlen(body), body);

	return send_all(c, text, (size_t)n);
}

static bool fault(int c, unsigned which, const char *name, int fd, off_t size)
{
	struct timespec tenth = { 0, 100000000 };
	struct linger reset = { 1, 0 };
	char token[256];
	off_t at = 0;

	switch (which) {
	case 0:
	case 4:
		(void)snprintf(token, sizeof(token),
			"{\"kind\":\"Status\",\"metadata\":{\"continue\":\"%s\"}}",
			strrchr(name, '.') + 1);
		if (strcmp(strrchr(name, '.'), ".0") == 0)
			return status(c, 500, "", "{}");
		return status(
			c, 410, "", which == 0 ? token : "{\"kind\":\"Status\",\"metadata\":{}}");
	case 1:
		return status(c, 429, "Retry-After: 1\r\n", "{}");
	case 2:
		return status(c, 500, "", "{}");
	case 3:
		(void)send_file(c, fd, &at, size / 2);
		(void)setsockopt(c, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		return false;
	default:
		for (int i = 1; i <= 4; i++) {
			if (!send_file(c, fd, &at, size * i / 4))
				return false;
			(void)nanosleep(&tenth, NULL);
		}
		return true;
	}
}

static bool answer(int c, const char *target)
{
	char name[512];
	struct stat st;
	off_t at = 0;
	bool ok;
	int fd;

	name_of(name, sizeof(name), target);
	fd = openat(dir, name, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) != 0)
		return status(c, 404, "", "{}");
	if (strchr(target, '?') != NULL && every > 0 && ++n_lists % every == 0)
		ok = fault(c, n_faults++ % 6, name, fd, st.st_size);
	else
		ok = send_file(c, fd, &at, st.st_size);
	(void)close(fd);
	return ok;
}

static void *serve(void *arg)
{
	int c = (int)(intptr_t)arg, one = 1;
	char head[16384];
	size_t n = 0;
	ssize_t k;

	(void)setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (n < sizeof(head) - 1 && (k = recv(c, head + n, sizeof(head) - 1 - n, 0)) > 0) {
		n += (size_t)k;
		head[n] = '\0';
		if (strstr(head, "\r\n\r\n") == NULL)
			continue;
		n = 0;
		if (strncmp(head, "GET /", 5) != 0 || !answer(c, head + 4))
			break;
	}
	(void)close(c);
	return NULL;
}

static void *accept_all(void *arg)
{
	int s = *(int *)arg, c;
	pthread_t t;

	while ((c = accept(s, NULL, NULL)) >= 0)
		if (pthread_create(&t, NULL, serve, (void *)(intptr_t)c) != 0 ||
			pthread_detach(t) != 0)
			(void)close(c);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(a);
	struct rusage u;
	pthread_t t;
	char c;

	dir = argc > 1 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
	every = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	if (dir < 0 || s < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
		bind(s, (struct sockaddr *)&a, n) != 0 || listen(s, 64) != 0 ||
		getsockname(s, (struct sockaddr *)&a, &n) != 0 ||
		pthread_create(&t, NULL, accept_all, &s) != 0)
		return 2;
	(void)printf("%u\n", ntohs(a.sin_port));
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	(void)getrusage(RUSAGE_SELF, &u);
	(void)printf("%.3f %u\n",
		(double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
			(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6,
		atomic_load(&n_faults));
	return 0;
}
