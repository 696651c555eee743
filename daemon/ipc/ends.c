#include "common/log.h"
#include "daemon/ipc/internal.h"
#include "daemon/metrics.h"

static const char *const socket_names[] = {
	[SERVER_SUBMIT] = ADDRESS_SUBMIT,
	[SERVER_CONTROL] = ADDRESS_CONTROL,
};

struct end_row {
	enum metric_end reason;
	const char *sentence; /* NULL: the ordinary end of a connection, nothing to say */
};

/* clang-format off */
static const struct end_row end_rows[CONN_END_COUNT] = {
	[CONN_END_HANGUP] = { METRIC_END_DONE, NULL },
	[CONN_END_DONE] = { METRIC_END_DONE, NULL },
	[CONN_END_CLOSING] = { METRIC_END_DONE, NULL },
	[CONN_END_NOT_VARLINK] = { METRIC_END_PROTOCOL, "it does not speak Varlink" },
	[CONN_END_BAD_JSON] = { METRIC_END_PROTOCOL,
		"it sent a message that is not a JSON object (syntax, UTF-8, a duplicate key or a NUL)" },
	[CONN_END_TOO_DEEP] = { METRIC_END_PROTOCOL, "it sent a message nested too deep" },
	[CONN_END_TOO_LONG] = { METRIC_END_PROTOCOL, "it sent a message that is too long" },
	[CONN_END_BAD_CALL] = { METRIC_END_PROTOCOL, "it sent a message that is no Varlink call" },
	[CONN_END_HALF_MESSAGE] = { METRIC_END_PROTOCOL, "it hung up in the middle of a message" },
	[CONN_END_SLOW_FIRST] = { METRIC_END_SLOW, "it did not finish its first message in time" },
	[CONN_END_SLOW_MESSAGE] = { METRIC_END_SLOW, "it did not finish a message in time" },
	[CONN_END_SLOW_READER] = { METRIC_END_SLOW, "it did not read its answers in time" },
	[CONN_END_UNREAD] = { METRIC_END_UNREAD, "too many of its answers are unread" },
	[CONN_END_UNREAD_TOTAL] = { METRIC_END_UNREAD,
		"too many answers of all connections are unread, and it does not read its own" },
	[CONN_END_INPUT_TOTAL] = { METRIC_END_UNREAD,
		"too many half messages wait on all connections, and its own is the largest" },
	[CONN_END_MEMORY] = { METRIC_END_MEMORY, "memory is short" },
	[CONN_END_REFUSED_TOTAL] = { METRIC_END_FULL, "there are too many connections" },
	[CONN_END_REFUSED_UID] = { METRIC_END_USER_FULL, "that user has too many connections" },
	[CONN_END_NO_PEER] = { METRIC_END_UNKNOWN, "the system does not tell who it is" },
};
/* clang-format on */

/* Whether one more line may be written. `ret_dropped`: how many were not in the window that just ended. */
static bool window_takes(
	struct log_window *window, const struct server *server, unsigned *ret_dropped) {
	uint64_t now_ms = uv_now(server->loop);

	*ret_dropped = 0;
	if (window->began_ms == 0 || now_ms - window->began_ms >= LIMIT_LOG_WINDOW_MS) {
		*ret_dropped = window->n_dropped;
		*window = (struct log_window){ .began_ms = now_ms > 0 ? now_ms : 1 };
	}
	if (window->n_logged >= LIMIT_LOG_LINES) {
		window->n_dropped++;
		return false;
	}
	window->n_logged++;
	return true;
}

void server_tell_end(struct server *server, enum conn_end end, enum server_socket socket, uid_t uid) {
	const char *sentence = end_rows[end].sentence;
	unsigned n_dropped;

	metrics_count(METRIC_CLOSED, end_rows[end].reason);
	if (sentence == NULL || !window_takes(&server->windows[end], server, &n_dropped)) {
		return;
	}
	if (n_dropped > 0) {
		log_warning(
			"%u more connections were closed for this reason: %s", n_dropped, sentence);
	}
	log_warning("connection of uid %ld on %s closed: %s", uid == (uid_t)-1 ? -1L : (long)uid,
		socket_names[socket], sentence);
}

void server_log_refusal(struct server *server, const char *project, const char *sentence) {
	unsigned n_dropped;

	if (!window_takes(&server->refusals, server, &n_dropped)) {
		return;
	}
	if (n_dropped > 0) {
		log_warning("%u more submissions were refused because of their users.", n_dropped);
	}
	log_about(&(struct log_about){ .project = project }, LOG_LEVEL_WARNING,
		"A submission was refused. %s", sentence);
}
