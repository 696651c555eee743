/*
 * report-page: how it all stands, as a page to keep, to send and to print.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/file.h"
#include "client/page.h"
#include "client/print.h"
#include "client/request.h"
#include "client/stats_request.h"
#include "common/fd.h"
#include "common/log.h"

/* In that order: a person is waited for, the daemon waits, something is about to be done. */
static const char *const open_states[] = { "escalated", "waiting", "open" };

/* What the daemon answers. */
struct answers {
	json_t *stats;
	json_t *status; /* the answer of GetStatus */
	json_t *stories;
	int64_t n_open;
};

static void answers_finish(struct answers *answers) {
	json_decref(answers->stats);
	json_decref(answers->status);
	json_decref(answers->stories);
}

/* With its newest report: what failed. */
static int add_story(const struct invocation *inv, struct call_conn *conn, struct answers *answers,
	const json_t *incident) {
	const char *id = json_text(incident, "id");
	json_t *story = NULL, *found = NULL;
	int r = request_call(inv, conn, "Explain", json_pack("{s:s}", "id", id), &story);

	if (r == 0) {
		r = request_call(inv, conn, "ListReports",
			json_pack("{s:s, s:i}", "incidentId", id, "limit", 1), &found);
	}
	if (r != 0) {
		json_decref(story);
		return r;
	}
	(void)json_object_set(story, "report", json_array_get(json_object_get(found, "reports"), 0));
	json_decref(found);
	return json_array_append_new(answers->stories, story) == 0
		? 0
		: failure_report(FAILURE_FAILED, NULL, "out of memory");
}

/* Of one state; when the limit is reached they are only counted. */
static int add_incidents(const struct invocation *inv, struct call_conn *conn,
	struct answers *answers, const char *state) {
	size_t n_left = CLIENT_PAGE_INCIDENTS_MAX - json_array_size(answers->stories), i;
	json_t *found = NULL, *incident;
	int r = request_call(inv, conn, "ListIncidents",
		json_pack("{s:s, s:s?, s:I}", "state", state, "project",
			option_text(&inv->options, "project"), "limit",
			(json_int_t)MAX(n_left, (size_t)1)),
		&found);

	if (r != 0) {
		return r;
	}
	answers->n_open += json_number(found, "total");
	json_array_foreach(json_object_get(found, "incidents"), i, incident) {
		r = r == 0 && i < n_left ? add_story(inv, conn, answers, incident) : r;
	}
	json_decref(found);
	return r;
}

static int ask(const struct invocation *inv, struct answers *answers) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	int r = stats_request(inv, &answers->stats);

	answers->stories = json_array();
	r = r != 0 ? r : request_open(inv, &conn);
	r = r != 0 ? r : request_call(inv, conn, "GetStatus", json_object(), &answers->status);
	if (r == 0 && !json_is_object(json_object_get(answers->status, "status"))) {
		r = failure_report(FAILURE_PROTOCOL, NULL, "the daemon's answer has no status");
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(open_states); i++) {
		r = add_incidents(inv, conn, answers, open_states[i]);
	}
	return r;
}

/* Writing it */

static int cannot_write(const char *path, int status) {
	return failure_report(
		FAILURE_FAILED, NULL, "cannot write \"%s\": %s", path, log_errno(status));
}

static int check_target(const char *path) {
	if (strcmp(path, "-") == 0 || !file_is_special(path)) {
		return 0;
	}
	return failure_report(FAILURE_REFUSED, "name a file; \"-o -\" writes to standard output",
		"\"%s\" is there and is no regular file", path);
}

static int check_options(const struct invocation *inv) {
	const char *path = option_text(&inv->options, "output");

	if (path == NULL) {
		return failure_report(FAILURE_USAGE, "name it: codegenctl report-page -o FILE.html",
			"\"report-page\" needs a file to write");
	}
	if (strcmp(path, "-") == 0 && inv->json) {
		return failure_report(FAILURE_USAGE, "use one of them",
			"options \"--json\" and \"-o -\" exclude each other");
	}
	return check_target(path);
}

/* As any program's new file: who may read it is the umask's to say. */
static mode_t file_mode(void) {
	mode_t mask = umask(0);

	(void)umask(mask);
	return 0666 & ~mask;
}

static int tell(const struct invocation *inv, const char *path, size_t n_bytes, const char *empty) {
	_cleanup_(freep) char *name = print_one_line(path);
	json_t *document;
	int r;

	if (!inv->json) {
		printf("%zu KiB in %s.\n", (n_bytes + 1023) / 1024, name != NULL ? name : "?");
		if (empty != NULL) {
			printf("%s\n", empty);
		}
		return 0;
	}
	document = json_pack("{s:s, s:I}", "file", path, "bytes", (json_int_t)n_bytes);
	r = document != NULL ? request_print_json(document)
			     : failure_report(FAILURE_FAILED, NULL, "the file's name is not UTF-8");
	json_decref(document);
	return r;
}

/* The window ends now, by the daemon's clock, unless it was told an end. */
static int64_t written_ms(const struct invocation *inv, const json_t *stats) {
	int64_t now_ms;

	return option_given(&inv->options, "until") ||
			clock_parse(json_text(stats, "until"), &now_ms) < 0
		? clock_now_ms()
		: now_ms;
}

static int write_page(const struct invocation *inv, const struct html *out, const json_t *stats) {
	const char *path = option_text(&inv->options, "output");
	bool to_stdout = strcmp(path, "-") == 0;
	int r;

	if (out->status < 0) {
		return failure_report(FAILURE_FAILED, "ask for fewer days with --since",
			"the page cannot be made: %s",
			out->status == -EMSGSIZE ? "it is too long" : log_errno(out->status));
	}
	r = to_stdout ? fd_write_all(STDOUT_FILENO, out->text.data, out->text.len)
		      : fd_write_file_atomic(path, out->text.data, out->text.len, file_mode());
	if (r < 0) {
		return cannot_write(to_stdout ? "standard output" : path, r);
	}
	return to_stdout ? 0 : tell(inv, path, out->text.len, stats_empty(stats));
}

int cmd_report_page(const struct invocation *inv) {
	_cleanup_(answers_finish) struct answers answers = { 0 };
	_cleanup_(html_finish) struct html out;
	int r = check_options(inv);

	html_init(&out, CLIENT_PAGE_MAX_BYTES);
	r = r != 0 ? r : ask(inv, &answers);
	if (r != 0) {
		return r;
	}
	page_put(&out,
		&(struct page){ .now_ms = written_ms(inv, answers.stats),
			.stats = answers.stats,
			.status = json_object_get(answers.status, "status"),
			.stories = answers.stories,
			.n_open = answers.n_open });
	return write_page(inv, &out, answers.stats);
}
