/*
 * bench-load WIRE SOCKET CALL CONNECTIONS DEPTH MILLISECONDS CALLS PREFIX [NUMBER] - a load generator.
 *
 * One process, one thread, CONNECTIONS connections, each with DEPTH calls on their way: the next one is sent when an
 * answer is there. WIRE: whom it talks to (codegend, beanstalkd, redis, postgresql). Ends after MILLISECONDS or CALLS
 * calls, whichever comes first (0: no bound); an answer that is an error ends it with 1. PREFIX makes keys and branches
 * unique. NUMBER: bytes of log for `new` and `join`, of the payload for `sized`; due time in ms since 1970 for
 * `schedule`. Prints one JSON object.
 */
#include "tests/bench/load.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/macro.h"
#include "common/text.h"
#include "tests/bench/figures.h"

#define CONNECTIONS_MAX 256
#define DEPTH_MAX 256
#define ANSWER_MAX (64 * 1024)

struct connection {
	int fd;
	int64_t sent_us[DEPTH_MAX]; /* of the calls on their way: a ring, oldest at `first` */
	size_t first;
	size_t n_sent;
	size_t n_bytes;
	char answer[ANSWER_MAX + 1]; /* a NUL behind the last byte */
};

struct load {
	const char *socket;
	const struct wire *wire;
	const struct call_type *type;
	struct payload payload;
	size_t n_connections;
	size_t depth;
	int64_t end_us;	     /* 0: none */
	int64_t n_calls_max; /* 0: none */
	int64_t n_sent;
	int64_t n_answered;
	struct figures figures;
	struct connection *connections;
};

static void die(const char *what) {
	(void)fprintf(stderr, "bench-load: %s: %s\n", what, strerror(errno));
	exit(1);
}

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
static void send_all(struct connection *connection, const char *data, size_t len) {
	for (size_t at = 0; at < len;) {
		ssize_t n = send(connection->fd, data + at, len - at, MSG_NOSIGNAL);

		if (n < 0) {
			die("send");
		}
		at += (size_t)n;
	}
}

/* Adds the next call to `out`, at most REQUEST_MAX bytes. Returns its length. */
static size_t add_call(struct load *load, struct connection *connection, int64_t now_us, char *out) {
	static char payload[REQUEST_MAX];
	int len = load->type->format(&load->payload, load->n_sent, payload, sizeof(payload) - BUFSIZ);

	if (len < 0 || len >= REQUEST_MAX - BUFSIZ) {
		errno = EMSGSIZE;
		die("request");
	}
	connection->sent_us[(connection->first + connection->n_sent++) % DEPTH_MAX] = now_us;
	load->n_sent++;
	return load->wire->wrap(load->type, payload, (size_t)len, out);
}

/* As many as may be on their way, in one piece. */
static void send_more(struct load *load, struct connection *connection) {
	static char requests[2 * REQUEST_MAX];
	int64_t now_us = clock_mono_us();
	size_t len = 0;

	while (connection->n_sent < load->depth && !is_over(load, now_us)) {
		len += add_call(load, connection, now_us, requests + len);
		if (len > REQUEST_MAX) {
			send_all(connection, requests, len);
			len = 0;
		}
	}
	send_all(connection, requests, len);
}

static void take_answers(struct load *load, struct connection *connection) {
	int64_t now_us = clock_mono_us();
	size_t at = 0;
	long n;

	while ((n = load->wire->take(load->type, connection->answer + at, connection->n_bytes - at)) >
		0) {
		figures_add(&load->figures, now_us - connection->sent_us[connection->first]);
		connection->first = (connection->first + 1) % DEPTH_MAX;
		connection->n_sent--;
		load->n_answered++;
		at += (size_t)n;
	}
	if (n < 0) {
		(void)fprintf(stderr, "bench-load: unexpected answer of %s: %.500s\n",
			load->wire->name, connection->answer + at);
		exit(1);
	}
	memmove(connection->answer, connection->answer + at, connection->n_bytes - at);
	connection->n_bytes -= at;
}

static void receive(struct connection *connection) {
	ssize_t n = recv(connection->fd, connection->answer + connection->n_bytes,
		ANSWER_MAX - connection->n_bytes, 0);

	if (n <= 0) {
		errno = n == 0 ? ECONNRESET : errno;
		die("recv");
	}
	connection->n_bytes += (size_t)n;
	connection->answer[connection->n_bytes] = '\0';
}

static void connect_all(struct load *load, int poll) {
	for (size_t i = 0; i < load->n_connections; i++) {
		struct connection *connection = &load->connections[i];
		struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = connection } };

		connection->fd = connect_to(load->socket);
		if (load->wire->open != NULL) {
			load->wire->open(connection->fd);
		}
		if (epoll_ctl(poll, EPOLL_CTL_ADD, connection->fd, &event) < 0) {
			die("epoll_ctl");
		}
	}
}

static void run(struct load *load, int poll) {
	for (size_t i = 0; i < load->n_connections; i++) {
		send_more(load, &load->connections[i]);
	}
	while (load->n_answered < load->n_sent) {
		struct epoll_event events[CONNECTIONS_MAX];
		int n = epoll_wait(poll, events, CONNECTIONS_MAX, -1);

		for (int i = 0; i < n; i++) {
			struct connection *connection = events[i].data.ptr;

			receive(connection);
			take_answers(load, connection);
			send_more(load, connection);
		}
	}
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

/* Connecting, which is dear for some, is over before the time begins. */
static void measure(struct load *load, int64_t duration_ms) {
	int poll = epoll_create1(EPOLL_CLOEXEC);
	int64_t started_us;

	connect_all(load, poll);
	started_us = clock_mono_us();
	load->end_us = duration_ms == 0 ? 0 : started_us + duration_ms * 1000;
	run(load, poll);
	figures_print(&load->figures, clock_mono_us() - started_us);
	(void)close(poll);
}

int main(int argc, char **argv) {
	struct load load = { 0 };

	if (argc < 9) {
		(void)fprintf(stderr,
			"usage: bench-load WIRE SOCKET CALL CONNECTIONS DEPTH MILLISECONDS CALLS PREFIX"
			" [NUMBER]\n");
		return 2;
	}
	load.wire = wire_find(argv[1]);
	load.socket = argv[2];
	load.type = call_type_find(argv[3]);
	load.n_connections = (size_t)MIN(number_of(argv[4]), (int64_t)CONNECTIONS_MAX);
	load.depth = (size_t)MIN(number_of(argv[5]), (int64_t)DEPTH_MAX);
	load.n_calls_max = number_of(argv[7]);
	load.payload.prefix = argv[8];
	load.payload.number = argc > 9 ? number_of(argv[9]) : 0;
	load.connections = calloc(load.n_connections, sizeof(*load.connections));
	if (load.wire == NULL || load.type == NULL || load.connections == NULL) {
		errno = EINVAL;
		die(argv[3]);
	}
	payload_prepare(&load.payload, load.type);
	measure(&load, number_of(argv[6]));
	figures_finish(&load.figures);
	free(load.payload.log);
	free(load.connections);
	return 0;
}
