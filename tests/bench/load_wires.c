#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/macro.h"
#include "common/text.h"
#include "tests/bench/load.h"

/* Puts bytes behind one another. */
static char *put(char *at, const void *data, size_t len) {
	memcpy(at, data, len);
	return at + len;
}

static char *put_text(char *at, const char *text) {
	return put(at, text, strlen(text));
}

/* codegend: Varlink, io.codegend.varlink */

static size_t codegend_wrap(const struct call_type *type, const char *payload, size_t len, char *out) {
	char *at = put_text(out, "{\"method\":\"io.codegend.");

	at = put_text(at, type->method);
	at = put_text(at, "\",\"parameters\":");
	at = put(at, payload, len);
	at = put(at, "}", 2); /* with the NUL */
	return (size_t)(at - out);
}

static long codegend_take(const struct call_type *type, const char *data, size_t len) {
	size_t n = strnlen(data, len);

	if (n == len) {
		return 0;
	}
	return strstr(data, "\"error\":\"") != NULL || strstr(data, type->expected) == NULL ||
			strstr(data, "\"duplicate\":true") != NULL
		? -1
		: (long)n + 1;
}

/* beanstalkd: protocol.txt of its source */

static size_t beanstalkd_wrap(
	const struct call_type *type, const char *payload, size_t len, char *out) {
	char *at = out + snprintf(out, REQUEST_MAX, "put 0 3600 60 %zu\r\n", len);

	at = put(at, payload, len);
	at = put_text(at, "\r\n");
	return (size_t)(at - out);
}

/* The length of the line that `data` begins with, its end included; 0: it is not whole. */
static long line_length(const char *data, size_t len) {
	const char *end = memchr(data, '\n', len);

	return end == NULL ? 0 : end - data + 1;
}

static long beanstalkd_take(const struct call_type *type, const char *data, size_t len) {
	long n = line_length(data, len);

	return n > 0 && strncmp(data, "INSERTED ", MIN(len, (size_t)9)) != 0 ? -1 : n;
}

/* Redis: RESP2 */

static size_t redis_wrap(const struct call_type *type, const char *payload, size_t len, char *out) {
	char *at = out +
		snprintf(out, REQUEST_MAX,
			"*5\r\n$4\r\nXADD\r\n$5\r\ntasks\r\n$1\r\n*\r\n$4\r\ntask\r\n$%zu\r\n", len);

	at = put(at, payload, len);
	at = put_text(at, "\r\n");
	return (size_t)(at - out);
}

/* A bulk string, whose two lines are its length and the id. */
static long redis_take(const struct call_type *type, const char *data, size_t len) {
	long first = line_length(data, len);
	long second = first == 0 ? 0 : line_length(data + first, len - (size_t)first);

	if (first > 0 && data[0] != '$') {
		return -1;
	}
	return second == 0 ? 0 : first + second;
}

/*
 * PostgreSQL: "Frontend/Backend Protocol" of its manual, version 3, the extended query. Each request ends with a Sync,
 * so each row is a transaction of its own, also when many are on their way.
 */

#define POSTGRES_STATEMENT "INSERT INTO tasks (task) VALUES ($1)"

static char *put_int32(char *at, size_t value) {
	uint32_t net = htonl((uint32_t)value);

	return put(at, &net, sizeof(net));
}

static char *put_int16(char *at, uint16_t value) {
	uint16_t net = htons(value);

	return put(at, &net, sizeof(net));
}

/* Fills in the length of a message that began at `begin` with its type. */
static char *message_end(char *begin, char *end) {
	(void)put_int32(begin + 1, (size_t)(end - begin) - 1);
	return end;
}

static char *put_sync(char *at) {
	return put(at, "S\0\0\0\4", 5);
}

static size_t postgres_wrap(const struct call_type *type, const char *payload, size_t len, char *out) {
	char *at = put(out, "B\0\0\0\0\0insert\0", 13); /* the unnamed portal of the statement */

	at = put_int16(at, 0); /* parameters are text */
	at = put_int16(at, 1);
	at = put_int32(at, len);
	at = put(at, payload, len);
	at = message_end(out, put_int16(at, 0));
	at = put(at, "E\0\0\0\11\0\0\0\0\0", 10);
	at = put_sync(at);
	return (size_t)(at - out);
}

/* Up to "ready for query", which ends the answer to a Sync. */
static long postgres_take(const struct call_type *type, const char *data, size_t len) {
	size_t at = 0;

	while (len - at >= 5) {
		char kind = data[at];
		uint32_t net;

		memcpy(&net, data + at + 1, sizeof(net));
		if (kind == 'E') {
			return -1;
		}
		if (len - at < 1 + (size_t)ntohl(net)) {
			return 0;
		}
		at += 1 + (size_t)ntohl(net);
		if (kind == 'Z') {
			return (long)at;
		}
	}
	return 0;
}

static void exchange(int fd, const char *request, size_t len) {
	char answer[8192];
	size_t n = 0;
	long whole = 0;

	if (send(fd, request, len, MSG_NOSIGNAL) != (ssize_t)len) {
		whole = -1;
	}
	while (whole == 0) {
		ssize_t got = recv(fd, answer + n, sizeof(answer) - n, 0);

		n += got > 0 ? (size_t)got : 0;
		whole = got > 0 ? postgres_take(NULL, answer, n) : -1;
	}
	if (whole < 0) {
		(void)fprintf(stderr, "bench-load: PostgreSQL refuses the connection\n");
		exit(1);
	}
}

static void postgres_open(int fd) {
	static const char who[] = "user\0bench\0database\0postgres\0";
	char request[256];
	char *at = put_int32(request + 4, 3 << 16);

	at = put(at, who, sizeof(who)); /* with the NUL that ends the list */
	(void)put_int32(request, (size_t)(at - request));
	exchange(fd, request, (size_t)(at - request));
	at = put(request, "P\0\0\0\0insert\0" POSTGRES_STATEMENT, 12 + sizeof(POSTGRES_STATEMENT));
	at = put_sync(message_end(request, put_int16(at, 0)));
	exchange(fd, request, (size_t)(at - request));
}

static const struct wire wires[] = {
	{ "beanstalkd", NULL, beanstalkd_wrap, beanstalkd_take },
	{ "codegend", NULL, codegend_wrap, codegend_take },
	{ "postgresql", postgres_open, postgres_wrap, postgres_take },
	{ "redis", NULL, redis_wrap, redis_take },
};

const struct wire *wire_find(const char *name) {
	for (size_t i = 0; i < ARRAY_SIZE(wires); i++) {
		if (strcmp(wires[i].name, name) == 0) {
			return &wires[i];
		}
	}
	return NULL;
}
