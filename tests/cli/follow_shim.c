/* Preloaded by test_follow.py: names are what FOLLOW_HOSTS says and nothing is looked up elsewhere; port 443 is FOLLOW_443;
 * what would leave this machine does not, and is told. Lines go to FOLLOW_LOG. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void say(const char *what, const char *about)
{
	FILE *f = fopen(getenv("FOLLOW_LOG"), "a");

	if (f != NULL) {
		fprintf(f, "%s %s\n", what, about);
		fclose(f);
	}
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
	struct addrinfo h = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	const char *list = getenv("FOLLOW_HOSTS");
	char text[4096], *save = NULL;

	(void)hints;
	say("name", node);
	snprintf(text, sizeof(text), "%s", list == NULL ? "" : list);
	for (char *one = strtok_r(text, ",", &save); one != NULL; one = strtok_r(NULL, ",", &save)) {
		char *eq = strchr(one, '=');

		if (eq != NULL && strlen(node) == (size_t)(eq - one) && strncmp(one, node, (size_t)(eq - one)) == 0)
			return real(eq + 1, service, &h, res);
	}
	return EAI_NONAME;
}

int connect(int fd, const struct sockaddr *sa, socklen_t n)
{
	int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
	struct sockaddr_in in;
	char text[64];

	if (sa->sa_family != AF_INET) {
		if (sa->sa_family == AF_INET6)
			say("left", "an IPv6 address");
		errno = ENETUNREACH;
		return sa->sa_family == AF_UNIX ? real(fd, sa, n) : -1;
	}
	memcpy(&in, sa, sizeof(in));
	snprintf(text, sizeof(text), "%s:%u", inet_ntoa(in.sin_addr), ntohs(in.sin_port));
	if (ntohl(in.sin_addr.s_addr) >> 24 != 127) {
		say("left", text);
		errno = ENETUNREACH;
		return -1;
	}
	say("connect", text);
	if (in.sin_port == htons(443) && getenv("FOLLOW_443") != NULL)
		in.sin_port = htons((unsigned short)atoi(getenv("FOLLOW_443")));
	return real(fd, (struct sockaddr *)&in, sizeof(in));
}
