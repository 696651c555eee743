#include "client/call.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/frame.h"
#include "common/protocol.h"

/* Asked of the kernel at once; the reader grows as answers need. */
#define CALL_READ_BYTES (64 * 1024)

struct call_conn {
	int fd;
	int64_t deadline_us;
	void (*tick)(void *user); /* NULL: none */
	void *tick_user;
	struct frame_reader reader;
};

void call_reply_finish(struct call_reply *reply) {
	json_decref(reply->parameters);
	free(reply->error);
	*reply = (struct call_reply){ 0 };
}

int64_t call_deadline_us(int64_t timeout_ms) {
	return timeout_ms == 0 ? CALL_NO_DEADLINE : clock_mono_us() + timeout_ms * 1000;
}

/* Milliseconds to the deadline for poll(): -1 for ever, rounded up so that poll() never spins. */
static int poll_timeout(int64_t deadline_us) {
	int64_t left_us;

	if (deadline_us == CALL_NO_DEADLINE) {
		return -1;
	}
	left_us = deadline_us - clock_mono_us();
	return left_us <= 0 ? 0 : (int)MIN((left_us + 999) / 1000, INT64_C(3600000));
}

static int conn_wait(const struct call_conn *conn, short events) {
	struct pollfd pollfd = { .fd = conn->fd, .events = events };

	for (;;) {
		int64_t tick_us = clock_mono_us() + CLOCK_SECOND_MS * 1000;
		int64_t until_us =
			conn->tick != NULL ? MIN(conn->deadline_us, tick_us) : conn->deadline_us;
		int r = poll(&pollfd, 1, poll_timeout(until_us));

		if (r > 0) {
			return 0;
		}
		if (r == 0 && conn->tick != NULL) {
			conn->tick(conn->tick_user);
		}
		if (r < 0 && errno != EINTR) {
			return -errno;
		}
		if (conn->deadline_us != CALL_NO_DEADLINE && clock_mono_us() >= conn->deadline_us) {
			return -ETIMEDOUT;
		}
	}
}

/* A full backlog makes connect() wait; poll() cannot wait for that on a Unix socket, the send timeout can. */
static int socket_limit_wait(int fd, int64_t deadline_us) {
	int timeout_ms = MAX(poll_timeout(deadline_us), 1);
	struct timeval limit = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };

	if (deadline_us == CALL_NO_DEADLINE) {
		return 0;
	}
	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ? -errno : 0;
}

int call_open(const char *path, int64_t deadline_us, struct call_conn **ret_conn) {
	_cleanup_(fd_closep) int fd = -1;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct call_conn *conn;
	int r;

	if (strlen(path) >= sizeof(address.sun_path)) {
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	r = socket_limit_wait(fd, deadline_us);
	if (r < 0) {
		return r;
	}
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		return errno == EAGAIN || errno == EINPROGRESS ? -ETIMEDOUT : -errno;
	}
	conn = calloc(1, sizeof(*conn));
	if (conn == NULL) {
		return -ENOMEM;
	}
	conn->fd = fd;
	conn->deadline_us = deadline_us;
	frame_reader_init(&conn->reader, PROTOCOL_FRAME_MAX_BYTES, PROTOCOL_DEPTH_MAX);
	fd = -1;
	*ret_conn = conn;
	return 0;
}

void call_close(struct call_conn *conn) {
	if (conn == NULL) {
		return;
	}
	fd_close(conn->fd);
	frame_reader_finish(&conn->reader);
	free(conn);
}

void call_set_deadline(struct call_conn *conn, int64_t deadline_us) {
	conn->deadline_us = deadline_us;
}

static int conn_send(struct call_conn *conn, const char *data, size_t len) {
	while (len > 0) {
		ssize_t n = send(conn->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			int r = conn_wait(conn, POLLOUT);

			if (r < 0) {
				return r;
			}
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

void call_set_tick(struct call_conn *conn, void (*tick)(void *user), void *user) {
	conn->tick = tick;
	conn->tick_user = user;
}

/* `flag` is "more", "oneway" or NULL. */
static int send_call(
	struct call_conn *conn, const char *method, json_t *parameters, const char *flag) {
	_cleanup_(buffer_finish) struct buffer out;
	json_t *message;
	int r;

	buffer_init(&out, PROTOCOL_FRAME_MAX_BYTES);
	message = json_pack("{s:s, s:O?}", "method", method, "parameters", parameters);
	if (message == NULL) {
		return -ENOMEM;
	}
	r = flag != NULL && json_object_set_new(message, flag, json_true()) < 0 ? -ENOMEM : 0;
	if (r == 0) {
		r = frame_append(&out, message);
	}
	json_decref(message);
	return r < 0 ? r : conn_send(conn, out.data, out.len);
}

static int receive_more(struct call_conn *conn) {
	size_t len;
	char *space = frame_reader_space(&conn->reader, CALL_READ_BYTES, &len);

	if (space == NULL) {
		return -EMSGSIZE;
	}
	for (;;) {
		ssize_t n = recv(conn->fd, space, len, MSG_DONTWAIT);
		int r;

		if (n > 0) {
			frame_reader_filled(&conn->reader, (size_t)n);
			return 0;
		}
		if (n == 0) {
			return -ECONNRESET;
		}
		if (errno != EAGAIN && errno != EINTR) {
			return -errno;
		}
		r = conn_wait(conn, POLLIN);
		if (r < 0) {
			return r;
		}
	}
}

static int reply_from_message(const json_t *message, struct call_reply *ret_reply) {
	json_t *parameters = json_object_get(message, "parameters");
	json_t *error = json_object_get(message, "error");
	struct call_reply reply = { .continues = json_is_true(json_object_get(message, "continues")) };

	if ((error != NULL && !json_is_string(error)) ||
		(parameters != NULL && !json_is_object(parameters) && !json_is_null(parameters))) {
		return -EPROTO;
	}
	reply.parameters = json_is_object(parameters) ? json_incref(parameters) : json_object();
	reply.error = error != NULL ? strdup(json_string_value(error)) : NULL;
	if (reply.parameters == NULL || (error != NULL && reply.error == NULL)) {
		call_reply_finish(&reply);
		return -ENOMEM;
	}
	*ret_reply = reply;
	return 0;
}

static int receive_reply(struct call_conn *conn, struct call_reply *ret_reply) {
	json_t *message = NULL;
	int r;

	for (;;) {
		r = frame_reader_next(&conn->reader, &message);
		if (r < 0) {
			return r;
		}
		if (r > 0) {
			break;
		}
		r = receive_more(conn);
		if (r < 0) {
			return r;
		}
	}
	r = reply_from_message(message, ret_reply);
	json_decref(message);
	return r;
}

/*
 * A peer that refuses a connection answers and closes before it has read the call: what it said is more useful than
 * that our message did not arrive.
 */
static int send_then_receive(struct call_conn *conn, const char *method, json_t *parameters,
	const char *flag, struct call_reply *ret_reply) {
	int sent = send_call(conn, method, parameters, flag), r;

	if (sent < 0 && sent != -EPIPE && sent != -ECONNRESET) {
		return sent;
	}
	r = receive_reply(conn, ret_reply);
	return r == -ECONNRESET && sent < 0 ? sent : r;
}

int call_method(struct call_conn *conn, const char *method, json_t *parameters,
	struct call_reply *ret_reply) {
	return send_then_receive(conn, method, parameters, NULL, ret_reply);
}

int call_more(struct call_conn *conn, const char *method, json_t *parameters, call_more_fn *reply,
	void *user) {
	_cleanup_(call_reply_finish) struct call_reply current = { 0 };
	int r = send_then_receive(conn, method, parameters, "more", &current);

	while (r == 0) {
		r = reply(&current, user);
		if (r != 0 || !current.continues) {
			return r;
		}
		call_reply_finish(&current);
		r = receive_reply(conn, &current);
	}
	return r;
}

int call_stream(struct call_conn *conn, const char *method, json_t *parameters) {
	return send_call(conn, method, parameters, "more");
}

int call_fd(const struct call_conn *conn) {
	return conn->fd;
}

int call_next(struct call_conn *conn, struct call_reply *ret_reply) {
	struct pollfd pollfd = { .fd = conn->fd, .events = POLLIN };
	json_t *message = NULL;
	int r = frame_reader_next(&conn->reader, &message);

	while (r == 0 && poll(&pollfd, 1, 0) > 0) {
		r = receive_more(conn);
		r = r < 0 ? r : frame_reader_next(&conn->reader, &message);
	}
	if (r > 0) {
		r = reply_from_message(message, ret_reply);
		json_decref(message);
		return r < 0 ? r : 1;
	}
	return r;
}

int call_oneway(struct call_conn *conn, const char *method, json_t *parameters) {
	return send_call(conn, method, parameters, "oneway");
}
