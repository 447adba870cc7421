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

static unsigned short instead_of_443(void)
{
	const char *text = getenv("FOLLOW_443");
	unsigned port = 0;

	if (text == NULL)
		return 443;
	for (; *text >= '0' && *text <= '9'; text++)
		port = port * 10 + (unsigned)(*text - '0');
	return (unsigned short)port;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
	struct addrinfo h = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	const char *one = getenv("FOLLOW_HOSTS");
	char to[64];

	(void)hints;
	say("name", node);
	/* NAME=ADDRESS,NAME=ADDRESS */
	for (; one != NULL && *one != '\0'; one += strcspn(one, ","), one += *one == ',') {
		size_t name = strcspn(one, "=,");

		if (one[name] != '=' || strlen(node) != name || strncmp(one, node, name) != 0)
			continue;
		one += name + 1;
		snprintf(to, sizeof(to), "%.*s", (int)strcspn(one, ","), one);
		return real(to, service, &h, res);
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
	if (in.sin_port == htons(443))
		in.sin_port = htons(instead_of_443());
	return real(fd, (struct sockaddr *)&in, sizeof(in));
}
