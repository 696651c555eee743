/*
 * bench-load SOCKET CALL CONNECTIONS SECONDS CALLS PREFIX [NUMBER] - a load generator for the daemon's sockets.
 *
 * One process, one thread, CONNECTIONS connections; each sends its next call when the answer to the one before is
 * there. Ends after SECONDS or CALLS calls, whichever comes first (0: no bound); an answer that is an error ends it
 * with 1. PREFIX makes keys and branches unique. NUMBER: bytes of log for `new` and `join`, due time in ms since 1970
 * for `schedule`. Prints one JSON object.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/bench/figures.h"

#define CONNECTIONS_MAX 256
#define REQUEST_MAX (300 * 1024)
#define ANSWER_MAX (64 * 1024)
#define BRANCHES_JOINED 64

struct connection {
	int fd;
	int64_t sent_us;
	size_t n_bytes;
	char answer[ANSWER_MAX];
};

struct load {
	const char *socket;
	const char *prefix;
	const struct call_type *type;
	int n_connections;
	int64_t end_us;	     /* 0: none */
	int64_t n_calls_max; /* 0: none */
	int64_t number;
	int64_t n_sent;
	int64_t n_answered;
	char *log;
	struct figures figures;
	struct connection *connections;
};

struct call_type {
	const char *name;
	const char *expected; /* a piece of every good answer */
	int (*format)(const struct load *load, int64_t n, char *out);
};

static void die(const char *what) {
	(void)fprintf(stderr, "bench-load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Calls */

static int format_submit(const struct load *load, int64_t n, const char *branch, char *out) {
	return snprintf(out, REQUEST_MAX,
		"{\"method\":\"io.codegend.Submit\",\"parameters\":{\"key\":\"%s-%" PRId64 "\","
		"\"project\":\"acme/web\",\"branch\":\"%s\",\"commit\":\"%040" PRIx64
		"\",\"job\":\"test\","
		"\"step\":\"unit\",\"command\":\"npm test\",\"exitCode\":1,\"buildNumber\":\"%" PRId64
		"\","
		"\"buildUrl\":\"https://ci.example.org/acme/web/%" PRId64
		"\",\"errorType\":\"test_failure\","
		"\"errorDetails\":\"3 of 512 tests failed: sum adds, sum carries, sum overflows\"%s%s%s}}",
		load->prefix, n, branch, n, n, n, load->log != NULL ? ",\"log\":\"" : "",
		load->log != NULL ? load->log : "", load->log != NULL ? "\"" : "");
}

/* Every submission opens an incident of its own. */
static int format_new(const struct load *load, int64_t n, char *out) {
	char branch[128];

	text_format(branch, sizeof(branch), "fix/%s-%" PRId64, load->prefix, n);
	return format_submit(load, n, branch, out);
}

/* The submissions join a few incidents. */
static int format_join(const struct load *load, int64_t n, char *out) {
	char branch[128];

	text_format(branch, sizeof(branch), "fix/%s-%" PRId64, load->prefix, n % BRANCHES_JOINED);
	return format_submit(load, n, branch, out);
}

static int format_schedule(const struct load *load, int64_t n, char *out) {
	return snprintf(out, REQUEST_MAX,
		"{\"method\":\"io.codegend.Schedule\",\"parameters\":{\"project\":\"acme/web\","
		"\"branch\":\"due/%s-%" PRId64 "\",\"commit\":\"%040" PRIx64
		"\",\"delayMs\":%" PRId64 "}}",
		load->prefix, n, n, MAX(load->number - clock_now_ms(), INT64_C(0)));
}

static int format_status(const struct load *load, int64_t n, char *out) {
	return snprintf(out, REQUEST_MAX, "{\"method\":\"io.codegend.GetStatus\"}");
}

static int format_ping(const struct load *load, int64_t n, char *out) {
	return snprintf(out, REQUEST_MAX, "{\"method\":\"io.codegend.Ping\"}");
}

static const struct call_type call_types[] = {
	{ "join", "\"reportId\"", format_join },
	{ "new", "\"reportId\"", format_new },
	{ "ping", "\"version\"", format_ping },
	{ "schedule", "\"delayed-", format_schedule },
	{ "status", "\"incidents\"", format_status },
};

/* Connections */

static int connect_to(const char *path) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	text_format(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		die(path);
	}
	return fd;
}

static bool is_over(const struct load *load, int64_t now_us) {
	return (load->end_us != 0 && now_us >= load->end_us) ||
		(load->n_calls_max != 0 && load->n_sent >= load->n_calls_max);
}

/* Blocking: the peer takes what it did not answer yet. */
static void send_next(struct load *load, struct connection *connection) {
	static char request[REQUEST_MAX];
	int len = load->type->format(load, load->n_sent, request);
	size_t n_sent = 0;

	if (len < 0 || len >= REQUEST_MAX) {
		errno = EMSGSIZE;
		die("request");
	}
	load->n_sent++;
	connection->n_bytes = 0;
	connection->sent_us = clock_mono_us();
	while (n_sent < (size_t)len + 1) { /* with the NUL */
		ssize_t n = send(
			connection->fd, request + n_sent, (size_t)len + 1 - n_sent, MSG_NOSIGNAL);

		if (n < 0) {
			die("send");
		}
		n_sent += (size_t)n;
	}
}

static void check_answer(const struct load *load, const struct connection *connection) {
	if (strstr(connection->answer, "\"error\":\"") != NULL ||
		strstr(connection->answer, load->type->expected) == NULL ||
		strstr(connection->answer, "\"duplicate\":true") != NULL) {
		(void)fprintf(stderr, "bench-load: unexpected answer: %.500s\n", connection->answer);
		exit(1);
	}
}

/* Returns whether the answer is whole. */
static bool receive(struct connection *connection) {
	ssize_t n = recv(connection->fd, connection->answer + connection->n_bytes,
		ANSWER_MAX - connection->n_bytes, 0);

	if (n <= 0) {
		errno = n == 0 ? ECONNRESET : errno;
		die("recv");
	}
	connection->n_bytes += (size_t)n;
	return connection->answer[connection->n_bytes - 1] == '\0';
}

static void run(struct load *load) {
	int poll = epoll_create1(EPOLL_CLOEXEC);
	int64_t now_us = 0;

	for (int i = 0; i < load->n_connections; i++) {
		struct connection *connection = &load->connections[i];
		struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = connection } };

		connection->fd = connect_to(load->socket);
		if (epoll_ctl(poll, EPOLL_CTL_ADD, connection->fd, &event) < 0) {
			die("epoll_ctl");
		}
	}
	for (int i = 0; i < load->n_connections && !is_over(load, now_us); i++) {
		send_next(load, &load->connections[i]);
	}
	while (load->n_answered < load->n_sent) {
		struct epoll_event events[CONNECTIONS_MAX];
		int n = epoll_wait(poll, events, CONNECTIONS_MAX, -1);

		for (int i = 0; i < n; i++) {
			struct connection *connection = events[i].data.ptr;

			if (!receive(connection)) {
				continue;
			}
			check_answer(load, connection);
			now_us = clock_mono_us();
			load->n_answered++;
			figures_add(&load->figures, now_us - connection->sent_us);
			if (!is_over(load, now_us)) {
				send_next(load, connection);
			}
		}
	}
	(void)close(poll);
}

static int64_t number_of(const char *text) {
	char *end;
	int64_t value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || value < 0) {
		errno = EINVAL;
		die(text);
	}
	return value;
}

/* Lines as a test prints them, ready to stand in JSON. */
static char *make_log(int64_t n_bytes) {
	static const char line[] = "  ok 17 - sum carries (3 ms)\\n";
	char *log = calloc(1, (size_t)n_bytes + sizeof(line));

	for (size_t n = 0; log != NULL && n < (size_t)n_bytes; n += sizeof(line) - 1) {
		memcpy(log + n, line, sizeof(line));
	}
	return log;
}

int main(int argc, char **argv) {
	struct load load = { 0 };
	int64_t started_us;

	if (argc < 7) {
		(void)fprintf(stderr,
			"usage: bench-load SOCKET CALL CONNECTIONS SECONDS CALLS PREFIX [NUMBER]\n");
		return 2;
	}
	load.socket = argv[1];
	for (size_t i = 0; i < ARRAY_SIZE(call_types); i++) {
		if (strcmp(argv[2], call_types[i].name) == 0) {
			load.type = &call_types[i];
		}
	}
	load.n_connections = (int)MIN(number_of(argv[3]), (int64_t)CONNECTIONS_MAX);
	load.n_calls_max = number_of(argv[5]);
	load.prefix = argv[6];
	load.number = argc > 7 ? number_of(argv[7]) : 0;
	load.connections = calloc((size_t)load.n_connections, sizeof(*load.connections));
	if (load.type == NULL || load.connections == NULL || load.number < 0) {
		errno = EINVAL;
		die(argv[2]);
	}
	if (load.type->format != format_schedule && load.number > 0) {
		load.log = make_log(MIN(load.number, (int64_t)REQUEST_MAX / 2));
	}
	started_us = clock_mono_us();
	load.end_us = number_of(argv[4]) == 0 ? 0 : started_us + number_of(argv[4]) * 1000000;
	run(&load);
	figures_print(&load.figures, clock_mono_us() - started_us);
	figures_finish(&load.figures);
	free(load.log);
	free(load.connections);
	return 0;
}
