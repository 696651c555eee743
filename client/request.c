#include "client/request.h"

#include <errno.h>
#include <string.h>

#include "client/failure.h"
#include "client/print.h"
#include "client/progress.h"
#include "client/socket_group.h"
#include "common/buffer.h"
#include "common/log.h"
#include "common/protocol.h"
#include "common/text.h"

/* A list longer than this is not ours to hold. */
#define LIST_TEXT_MAX_BYTES (16 * 1024)

static const struct status_row {
	int status;
	enum failure failure;
	const char *message;
} statuses[] = {
	{ -EACCES, FAILURE_PERMISSION, "you may not use that socket" },
	{ -EBADMSG, FAILURE_PROTOCOL, "what answers there does not speak Varlink" },
	{ -ECONNREFUSED, FAILURE_NOT_REACHABLE, "no daemon listens there" },
	{ -ECONNRESET, FAILURE_NOT_REACHABLE, "the daemon closed the connection without an answer" },
	{ -ELOOP, FAILURE_PROTOCOL, "the answer is nested too deep" },
	{ -EMSGSIZE, FAILURE_FAILED, "the message is longer than allowed" },
	{ -ENOENT, FAILURE_NOT_REACHABLE, "there is no such socket" },
	{ -ENOTDIR, FAILURE_NOT_REACHABLE, "there is no such socket" },
	{ -EPERM, FAILURE_PERMISSION, "you may not use that socket" },
	{ -EPIPE, FAILURE_NOT_REACHABLE, "the daemon closed the connection without an answer" },
	{ -EPROTO, FAILURE_PROTOCOL, "what answers there does not speak Varlink" },
	{ -ETIMEDOUT, FAILURE_TIMED_OUT, "the daemon did not answer in time" },
};

int request_socket(const struct invocation *inv, char path[ADDRESS_PATH_MAX]) {
	bool user = option_flag(&inv->globals, "user");
	int r = address_socket(inv->command->socket, option_text(&inv->globals, "socket"), user,
		path, ADDRESS_PATH_MAX);

	if (r == -ENOENT) {
		return failure_report(FAILURE_NOT_REACHABLE,
			"set it, or name the socket with --socket",
			"$XDG_RUNTIME_DIR is not set, so the socket of this user's daemon is not known");
	}
	if (r < 0) {
		return failure_report(FAILURE_USAGE, NULL, "the path of the socket is too long");
	}
	return 0;
}

enum failure request_problem(int status, const char **ret_sentence) {
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		if (statuses[i].status == status) {
			*ret_sentence = statuses[i].message;
			return statuses[i].failure;
		}
	}
	*ret_sentence = log_errno(status);
	return FAILURE_FAILED;
}

int request_failed(const struct invocation *inv, int status) {
	char path[ADDRESS_PATH_MAX] = "";
	char remedy[CLIENT_SENTENCE_MAX];
	const char *sentence, *hint = NULL;
	enum failure failure = request_problem(status, &sentence);
	int r = request_socket(inv, path);

	if (r == 0 && failure == FAILURE_PERMISSION && socket_group_remedy(path, remedy)) {
		hint = remedy;
	}
	return r != 0 ? r
		      : failure_report(failure, hint, "cannot talk to codegend at \"%s\": %s", path,
				sentence);
}

/* Each line of InvalidConfiguration's `errors`, on lines of their own or, for --json, in one sentence. */
static int refused_configuration(const struct call_reply *reply) {
	_cleanup_(buffer_finish) struct buffer text;
	json_t *line;
	size_t i;

	buffer_init(&text, LIST_TEXT_MAX_BYTES);
	json_array_foreach(json_object_get(reply->parameters, "errors"), i, line) {
		const char *sentence = json_string_value(line);

		if (sentence != NULL && !failure_is_json()) {
			failure_warn("%s", sentence);
		} else if (sentence != NULL && buffer_appendf(&text, "; %s", sentence) < 0) {
			break;
		}
	}
	return failure_report(FAILURE_INVALID_CONFIGURATION,
		json_string_value(json_object_get(reply->parameters, "hint")), "%s%s",
		json_text(reply->parameters, "message"), text.data);
}

int request_refused(const struct call_reply *reply) {
	enum failure failure = failure_from_error(reply->error);
	const char *message = json_text(reply->parameters, "message");
	const char *hint = json_string_value(json_object_get(reply->parameters, "hint"));

	if (failure == FAILURE_INVALID_CONFIGURATION) {
		return refused_configuration(reply);
	}
	if (strcmp(reply->error, PROTOCOL_INVALID_PARAMETER) == 0) {
		return failure_report(failure, hint, "the daemon does not accept the value of \"%s\"",
			json_text(reply->parameters, "parameter"));
	}
	if (strcmp(reply->error, PROTOCOL_METHOD_NOT_FOUND) == 0) {
		return failure_report(failure, hint,
			"the daemon does not offer \"%s\" at this socket",
			json_text(reply->parameters, "method"));
	}
	if (strcmp(reply->error, PROTOCOL_PERMISSION_DENIED) == 0 && message[0] == '\0') {
		return failure_report(failure,
			hint != NULL ? hint : "use control.sock; submit.sock takes submissions alone",
			"this socket does not allow that command");
	}
	if (message[0] == '\0') {
		return failure_report(failure, hint, "the daemon refused with \"%s\"", reply->error);
	}
	return failure_report(failure, hint, "%s", message);
}

int request_open(const struct invocation *inv, struct call_conn **ret_conn) {
	char path[ADDRESS_PATH_MAX];
	int r = request_socket(inv, path);

	if (r != 0) {
		return r;
	}
	r = call_open(path, call_deadline_us(inv->timeout_ms), ret_conn);
	return r < 0 ? request_failed(inv, r) : 0;
}

void request_drop_nulls(json_t *object) {
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, name, value) {
		if (json_is_null(value)) {
			(void)json_object_del(object, name);
		}
	}
}

/* What a person at a terminal sees of a call that takes long. */
struct waiting {
	struct progress progress;
	int64_t began_us;
};

static void waiting_tick(void *user) {
	struct waiting *waiting = user;
	char span[CLOCK_SPAN_MAX];

	progress_show(&waiting->progress, "The daemon is at work: %s",
		clock_format_span(
			(clock_mono_us() - waiting->began_us) / 1000000 * CLOCK_SECOND_MS, span));
}

int request_call(const struct invocation *inv, struct call_conn *conn, const char *method,
	json_t *parameters, json_t **ret_parameters) {
	_cleanup_(call_reply_finish) struct call_reply reply = { 0 };
	struct waiting waiting = { progress_begin(inv), clock_mono_us() };
	char name[128];
	int r;

	if (parameters == NULL) {
		return failure_report(
			FAILURE_FAILED, "arguments must be UTF-8", "cannot make the request");
	}
	request_drop_nulls(parameters);
	(void)text_format(name, sizeof(name), PROTOCOL_INTERFACE ".%s", method);
	call_set_deadline(conn, call_deadline_us(inv->timeout_ms));
	call_set_tick(conn, waiting_tick, &waiting);
	r = call_method(conn, name, parameters, &reply);
	call_set_tick(conn, NULL, NULL);
	progress_end(&waiting.progress);
	json_decref(parameters);
	if (r < 0) {
		return request_failed(inv, r);
	}
	if (reply.error != NULL) {
		return request_refused(&reply);
	}
	*ret_parameters = TAKE_PTR(reply.parameters);
	return 0;
}

int request_once(const struct invocation *inv, const char *method, json_t *parameters,
	json_t **ret_parameters) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	int r = request_open(inv, &conn);

	if (r != 0) {
		json_decref(parameters);
		return r;
	}
	return request_call(inv, conn, method, parameters, ret_parameters);
}

/* Adds one page to `items`. Sets `before` of `parameters` for the next one; `*ret_last` when there is none. */
static int take_page(
	json_t *page, const char *member, json_t *items, json_t *parameters, bool *ret_last) {
	json_t *next = json_object_get(page, "next");
	json_t *rows = json_object_get(page, member);
	bool again = json_is_string(next) && json_equal(next, json_object_get(parameters, "before"));

	if (!json_is_array(rows) || again) {
		return failure_report(
			FAILURE_PROTOCOL, NULL, "the daemon's answer has no list of %s", member);
	}
	if (json_array_extend(items, rows) < 0 ||
		(json_is_string(next) && json_object_set(parameters, "before", next) < 0)) {
		return failure_report(FAILURE_FAILED, NULL, "out of memory");
	}
	*ret_last = !json_is_string(next);
	return 0;
}

static int list_pages(const struct invocation *inv, const char *method, const char *member,
	json_t *parameters, int64_t limit, json_t *list) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	json_t *items = json_object_get(list, member);
	bool last = false;
	int r = request_open(inv, &conn);

	while (r == 0 && !last && (limit == 0 || (int64_t)json_array_size(items) < limit)) {
		int64_t left =
			limit == 0 ? CLIENT_PAGE_ROWS : limit - (int64_t)json_array_size(items);
		json_t *page = NULL;

		if (json_object_set_new(
			    parameters, "limit", json_integer(MIN(left, CLIENT_PAGE_ROWS))) < 0) {
			return failure_report(FAILURE_FAILED, NULL, "out of memory");
		}
		r = request_call(inv, conn, method, json_copy(parameters), &page);
		if (r != 0) {
			return r;
		}
		r = take_page(page, member, items, parameters, &last);
		if (r == 0 && json_object_set(list, "total", json_object_get(page, "total")) < 0) {
			r = failure_report(
				FAILURE_PROTOCOL, NULL, "the daemon's answer has no total");
		}
		json_decref(page);
	}
	return r;
}

int request_list(const struct invocation *inv, const char *method, const char *member,
	json_t *parameters, int64_t limit, json_t **ret_list) {
	json_t *list = json_pack("{s:[], s:i}", member, "total", 0);
	int r;

	if (list == NULL || parameters == NULL) {
		r = failure_report(
			FAILURE_FAILED, "arguments must be UTF-8", "cannot make the request");
	} else {
		r = list_pages(inv, method, member, parameters, limit, list);
	}
	json_decref(parameters);
	if (r != 0) {
		json_decref(list);
		return r;
	}
	*ret_list = list;
	return 0;
}

static int end_output(int status) {
	return status == 0 ? 0
			   : failure_report(FAILURE_FAILED, NULL, "cannot write the output: %s",
				     log_errno(status));
}

int request_print_text(const char *text) {
	return end_output(print_text(text));
}

int request_print_json(const json_t *document) {
	return end_output(print_json(document));
}
