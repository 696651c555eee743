#include "common/log.h"
#include "daemon/ipc/internal.h"

static const char *const socket_names[] = {
	[SERVER_SUBMIT] = ADDRESS_SUBMIT,
	[SERVER_CONTROL] = ADDRESS_CONTROL,
};

/* NULL: the ordinary end of a connection, nothing to say. */
static const char *const end_sentences[CONN_END_COUNT] = {
	[CONN_END_HANGUP] = NULL,
	[CONN_END_DONE] = NULL,
	[CONN_END_CLOSING] = NULL,
	[CONN_END_NOT_VARLINK] = "it does not speak Varlink",
	[CONN_END_BAD_JSON] =
		"it sent a message that is not a JSON object (syntax, UTF-8, a duplicate key or a NUL)",
	[CONN_END_TOO_DEEP] = "it sent a message nested too deep",
	[CONN_END_TOO_LONG] = "it sent a message that is too long",
	[CONN_END_BAD_CALL] = "it sent a message that is no Varlink call",
	[CONN_END_HALF_MESSAGE] = "it hung up in the middle of a message",
	[CONN_END_SLOW_FIRST] = "it did not finish its first message in time",
	[CONN_END_SLOW_MESSAGE] = "it did not finish a message in time",
	[CONN_END_SLOW_READER] = "it did not read its answers in time",
	[CONN_END_UNREAD] = "too many of its answers are unread",
	[CONN_END_UNREAD_TOTAL] =
		"too many answers of all connections are unread, and it does not read its own",
	[CONN_END_INPUT_TOTAL] =
		"too many half messages wait on all connections, and its own is the largest",
	[CONN_END_MEMORY] = "memory is short",
	[CONN_END_REFUSED_TOTAL] = "there are too many connections",
	[CONN_END_REFUSED_UID] = "that user has too many connections",
	[CONN_END_NO_PEER] = "the system does not tell who it is",
};

static void window_move(struct log_window *window, uint64_t now_ms, const char *sentence) {
	if (window->began_ms != 0 && now_ms - window->began_ms < LIMIT_LOG_WINDOW_MS) {
		return;
	}
	if (window->n_dropped > 0) {
		log_warning("%u more connections were closed for this reason: %s",
			window->n_dropped, sentence);
	}
	*window = (struct log_window){ .began_ms = now_ms > 0 ? now_ms : 1 };
}

void server_log_end(struct server *server, enum conn_end end, enum server_socket socket, uid_t uid) {
	struct log_window *window = &server->windows[end];
	const char *sentence = end_sentences[end];

	if (sentence == NULL) {
		return;
	}
	window_move(window, uv_now(server->loop), sentence);
	if (window->n_logged >= LIMIT_LOG_LINES) {
		window->n_dropped++;
		return;
	}
	window->n_logged++;
	log_warning("connection of uid %ld on %s closed: %s", uid == (uid_t)-1 ? -1L : (long)uid,
		socket_names[socket], sentence);
}
