#include "client/submission.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/call.h"
#include "client/ci_env.h"
#include "client/failure.h"
#include "client/file.h"
#include "common/buffer.h"
#include "common/error_type.h"
#include "common/fd.h"
#include "common/text.h"

/* Room for the line that says how much was cut. */
#define CUT_LINE_MAX 80
#define LOG_MAX_BYTES ((size_t)(CLIENT_LOG_HEAD_BYTES + CLIENT_LOG_TAIL_BYTES + CUT_LINE_MAX))
#define READ_BYTES (64 * 1024)
#define NOTHING "nothing was reported: "

void submission_key(char out[CLIENT_KEY_MAX]) {
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random)) {
		random = ((uint64_t)getpid() << 32) ^ (uint64_t)clock_mono_us();
	}
	(void)text_format(
		out, CLIENT_KEY_MAX, "%" PRIx64 "-%016" PRIx64, (uint64_t)clock_now_ms(), random);
}

struct log_parts {
	struct buffer head;
	struct buffer tail;
	uint64_t cut_bytes;
};

static int keep(struct log_parts *parts, const char *data, size_t len) {
	size_t room = CLIENT_LOG_HEAD_BYTES - parts->head.len, first = MIN(room, len);
	int r = first > 0 ? buffer_append(&parts->head, data, first) : 0;

	if (r == 0 && len > first) {
		r = buffer_append(&parts->tail, data + first, len - first);
	}
	if (r == 0 && parts->tail.len > 2 * CLIENT_LOG_TAIL_BYTES) {
		parts->cut_bytes += parts->tail.len - CLIENT_LOG_TAIL_BYTES;
		buffer_keep_tail(&parts->tail, CLIENT_LOG_TAIL_BYTES);
	}
	return r;
}

/* What lies between beginning and end of a large file need not be read. */
static void skip_middle(int fd, struct log_parts *parts) {
	struct stat st;
	off_t here = lseek(fd, 0, SEEK_CUR), end;

	if (here < CLIENT_LOG_HEAD_BYTES || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		return;
	}
	end = st.st_size - CLIENT_LOG_TAIL_BYTES;
	if (end > here && parts->tail.len == 0 && lseek(fd, end, SEEK_SET) == end) {
		parts->cut_bytes += (uint64_t)(end - here);
	}
}

static int read_parts(int fd, int64_t deadline_us, struct log_parts *parts) {
	for (;;) {
		char data[READ_BYTES];
		ssize_t n = file_read(fd, data, sizeof(data), parts->head.len, deadline_us);
		int r;

		if (n == 0 || (n == -ETIMEDOUT && parts->head.len > 0)) {
			return 0;
		}
		if (n < 0) {
			return (int)n;
		}
		r = keep(parts, data, (size_t)n);
		if (r < 0) {
			return r;
		}
		skip_middle(fd, parts);
	}
}

static bool is_continuation(char c) {
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Head, a line about the cut, tail; clean. Cleaning may lengthen bad bytes: the end is what counts then. */
static int join_parts(struct log_parts *parts, char **ret_log) {
	_cleanup_(buffer_finish) struct buffer log;
	char *text;
	size_t len, over;
	int r;

	buffer_init(&log, LOG_MAX_BYTES);
	if (parts->tail.len > CLIENT_LOG_TAIL_BYTES) {
		parts->cut_bytes += parts->tail.len - CLIENT_LOG_TAIL_BYTES;
		buffer_keep_tail(&parts->tail, CLIENT_LOG_TAIL_BYTES);
	}
	r = buffer_append(&log, parts->head.data, parts->head.len);
	if (r == 0 && parts->cut_bytes > 0) {
		r = buffer_appendf(&log, "\n[... %" PRIu64 " bytes cut ...]\n", parts->cut_bytes);
	}
	r = r < 0 ? r : buffer_append(&log, parts->tail.data, parts->tail.len);
	if (r < 0) {
		return r;
	}
	text = text_clean(log.data, log.len);
	if (text == NULL) {
		return -ENOMEM;
	}
	len = strlen(text);
	for (over = len > LOG_MAX_BYTES ? len - LOG_MAX_BYTES : 0; is_continuation(text[over]);) {
		over++;
	}
	memmove(text, text + over, len - over + 1);
	*ret_log = text;
	return 0;
}

int submission_read_log(const char *path, int64_t deadline_us, char **ret_log) {
	_cleanup_(fd_closep) int fd = -1;
	struct log_parts parts = { 0 };
	int r = file_open(path, FILE_REGULAR_PIPE, &fd);

	if (r < 0) {
		return r;
	}
	buffer_init(&parts.head, CLIENT_LOG_HEAD_BYTES);
	buffer_init(&parts.tail, 2 * CLIENT_LOG_TAIL_BYTES + READ_BYTES);
	r = read_parts(fd, deadline_us, &parts);
	if (r == 0) {
		r = join_parts(&parts, ret_log);
	}
	buffer_finish(&parts.head);
	buffer_finish(&parts.tail);
	return r;
}

static const struct text_field {
	const char *member;
	const char *option;
} text_fields[] = {
	{ "buildNumber", "build-number" },
	{ "buildUrl", "build-url" },
	{ "command", "command" },
	{ "headRepository", "head-repository" },
	{ "job", "job" },
};

static const struct text_field number_fields[] = {
	{ "exitCode", "exit-code" },
	{ "pullRequest", "pull-request" },
};

static const char *const quality_fields[] = { "coverage", "lint", "tests" };

/* Words of a command line may be any bytes; the wire is UTF-8. Returns whether it was added, or absent. */
static bool set_text(json_t *object, const char *member, const char *text) {
	_cleanup_(freep) char *clean = NULL;

	if (text == NULL || text[0] == '\0') {
		return true;
	}
	clean = text_clean(text, strlen(text));
	return clean != NULL && json_object_set_new(object, member, json_string(clean)) == 0;
}

static int read_quality(const char *path, int64_t deadline_us, json_t **ret_object) {
	_cleanup_(freep) char *text = NULL;
	json_t *object;
	size_t len = 0;
	int r = file_read_whole(
		path, FILE_REGULAR_PIPE, CLIENT_QUALITY_MAX_BYTES, deadline_us, &text, &len);

	if (r < 0) {
		return r;
	}
	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		return -EINVAL;
	}
	*ret_object = object;
	return 0;
}

/* Git comes after the files, and needs its part of the time. */
static int64_t quality_deadline_us(int64_t deadline_us) {
	int64_t now_us = clock_mono_us();

	return now_us + (deadline_us - now_us) / 4;
}

static int add_quality(const struct invocation *inv, int64_t deadline_us, json_t *parameters) {
	for (size_t i = 0; i < ARRAY_SIZE(quality_fields); i++) {
		const char *path = option_text(&inv->options, quality_fields[i]);
		json_t *object = NULL;
		int r = path != NULL ? read_quality(path, quality_deadline_us(deadline_us), &object)
				     : 0;

		if (r == 0 && object != NULL) {
			r = json_object_set_new(parameters, quality_fields[i], object) < 0 ? -ENOMEM
											   : 0;
		}
		if (r == 0) {
			continue;
		}
		if (option_flag(&inv->options, "strict")) {
			return failure_report(FAILURE_USAGE, "it must hold one JSON object",
				"option \"--%s\" cannot use \"%s\": %s", quality_fields[i], path,
				r == -EINVAL ? "not a JSON object" : file_problem(r));
		}
		failure_warn("option \"--%s\" cannot use \"%s\": %s; reporting without it",
			quality_fields[i], path,
			r == -EINVAL ? "not a JSON object" : file_problem(r));
	}
	return 0;
}

static bool add_ancestors(json_t *parameters, const struct ci_env *env) {
	json_t *ancestors = json_array();

	for (size_t i = 0; i < env->n_ancestors; i++) {
		if (json_array_append_new(ancestors, json_string(env->ancestors[i])) < 0) {
			json_decref(ancestors);
			return false;
		}
	}
	return json_object_set_new(parameters, "ancestors", ancestors) == 0;
}

static bool add_options(const struct invocation *inv, json_t *parameters) {
	bool done = true;

	for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++) {
		done = done &&
			set_text(parameters, text_fields[i].member,
				option_text(&inv->options, text_fields[i].option));
	}
	for (size_t i = 0; i < ARRAY_SIZE(number_fields); i++) {
		int64_t number = option_number(&inv->options, number_fields[i].option, -1);

		if (number > INT32_MAX && command_forgives(inv)) {
			failure_warn("option \"--%s\" is too large; reporting without it",
				number_fields[i].option);
		} else if (number >= 0) {
			done = done &&
				json_object_set_new(parameters, number_fields[i].member,
					json_integer(number)) == 0;
		}
	}
	return done;
}

/*
 * The project that was given; a URL becomes its name, so that no credential of it is recorded. "" when none was given,
 * or none that is understood: then git is asked.
 */
static int take_project(const struct invocation *inv, char out[CLIENT_NAME_MAX]) {
	const char *given = option_text(&inv->options, "project");

	if (given == NULL || ci_project_clean(given, out, CLIENT_NAME_MAX) == 0) {
		return 0;
	}
	if (!command_forgives(inv)) {
		return failure_report(FAILURE_USAGE, "give owner/name",
			NOTHING "option \"--project\" is neither a name nor the URL of a repository");
	}
	failure_warn(
		"option \"--project\" is neither a name nor the URL of a repository; asking git");
	return 0;
}

/* What was not given comes from git. Returns: 0; an exit code: git does not know either. */
static int add_place(const struct invocation *inv, int64_t deadline_us, json_t *parameters) {
	const char *branch = option_text(&inv->options, "branch");
	const char *commit = option_text(&inv->options, "commit");
	char given[CLIENT_NAME_MAX] = "";
	const char *project = given;
	int wanted, r = take_project(inv, given);
	struct ci_env env;

	if (r != 0) {
		return r;
	}
	wanted = CI_ANCESTORS | (given[0] == '\0' ? CI_PROJECT : 0) |
		(branch == NULL ? CI_BRANCH : 0) | (commit == NULL ? CI_COMMIT : 0);
	ci_env_collect(wanted, commit, deadline_us, &env);
	project = given[0] != '\0' ? given : env.project;
	branch = branch != NULL ? branch : env.branch;
	commit = commit != NULL ? commit : env.commit;
	if (project[0] == '\0') {
		return failure_report(FAILURE_USAGE, "give it with --project",
			NOTHING "the project is not known");
	}
	if (branch[0] == '\0') {
		return failure_report(FAILURE_USAGE, "give it with --branch",
			NOTHING "git does not say which branch this is");
	}
	if (!set_text(parameters, "project", project) || !set_text(parameters, "branch", branch) ||
		!set_text(parameters, "commit", commit) || !add_ancestors(parameters, &env)) {
		return failure_report(FAILURE_FAILED, NULL, "out of memory");
	}
	return 0;
}

/*
 * The old script took any word as a type, and a report lost to a misspelt one helps nobody: without --strict it becomes
 * an unknown failure, and the word stands before the details. Returns whether memory sufficed.
 */
static bool add_type(const struct invocation *inv, json_t *parameters) {
	const char *type = command_argument(inv, 0), *details = command_argument(inv, 1);
	_cleanup_(freep) char *both = NULL;
	enum error_type known;

	if (type == NULL || error_type_parse(type, &known) == 0 ||
		option_flag(&inv->options, "strict")) {
		return set_text(parameters, "errorType", type) &&
			set_text(parameters, "errorDetails", details);
	}
	failure_warn("\"%s\" is no error type; reporting it as unknown_failure", type);
	if (asprintf(&both, "%s%s%s", type, details != NULL ? ": " : "",
		    details != NULL ? details : "") < 0) {
		both = NULL;
		return false;
	}
	return set_text(parameters, "errorType", error_type_name(ERROR_UNKNOWN)) &&
		set_text(parameters, "errorDetails", both);
}

static int add_words(const struct invocation *inv, const char *log, json_t *parameters) {
	const char *key = option_text(&inv->options, "key");
	const char *step = option_text(&inv->options, "step");
	char made[CLIENT_KEY_MAX];

	if (key == NULL) {
		submission_key(made);
		key = made;
	}
	step = step != NULL ? step : option_text(&inv->options, "command");
	if (!set_text(parameters, "key", key) || !set_text(parameters, "step", step) ||
		!add_type(inv, parameters) || !set_text(parameters, "log", log) ||
		!add_options(inv, parameters) ||
		json_object_set_new(parameters, "passed",
			json_boolean(option_flag(&inv->options, "passed"))) < 0) {
		return failure_report(FAILURE_FAILED, NULL, "out of memory");
	}
	return 0;
}

int submission_create(const struct invocation *inv, const struct step_outcome *outcome,
	int64_t deadline_us, json_t **ret_parameters) {
	json_t *parameters = json_object();
	int r;

	if (parameters == NULL) {
		return failure_report(FAILURE_FAILED, NULL, "out of memory");
	}
	r = add_words(inv, outcome->log, parameters);
	r = r != 0 ? r : add_quality(inv, deadline_us, parameters);
	r = r != 0 ? r : add_place(inv, deadline_us, parameters);
	if (r != 0) {
		json_decref(parameters);
		return r;
	}
	*ret_parameters = parameters;
	return 0;
}
