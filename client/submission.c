#include "client/submission.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/ci_env.h"
#include "client/failure.h"
#include "common/buffer.h"
#include "common/error_type.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"

/* Room for the line that says how much was cut. */
#define CUT_LINE_MAX 80
#define LOG_MAX_BYTES ((size_t)(CLIENT_LOG_HEAD_BYTES + CLIENT_LOG_TAIL_BYTES + CUT_LINE_MAX))
#define READ_BYTES (64 * 1024)

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

static int read_parts(int fd, struct log_parts *parts) {
	for (;;) {
		char data[READ_BYTES];
		ssize_t n = read(fd, data, sizeof(data));
		int r;

		if (n == 0) {
			return 0;
		}
		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		r = n > 0 ? keep(parts, data, (size_t)n) : 0;
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

int submission_read_log(const char *path, char **ret_log) {
	_cleanup_(fd_closep) int fd = -1;
	struct log_parts parts = { 0 };
	bool is_stdin = strcmp(path, "-") == 0;
	int r;

	fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	buffer_init(&parts.head, CLIENT_LOG_HEAD_BYTES);
	buffer_init(&parts.tail, 2 * CLIENT_LOG_TAIL_BYTES + READ_BYTES);
	r = read_parts(fd, &parts);
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

static int read_quality(const char *path, json_t **ret_object) {
	_cleanup_(freep) char *text = NULL;
	json_t *object;
	size_t len;
	int r = fd_read_file(path, CLIENT_QUALITY_MAX_BYTES, &text, &len);

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

static int add_quality(const struct invocation *inv, json_t *parameters) {
	for (size_t i = 0; i < ARRAY_SIZE(quality_fields); i++) {
		const char *path = option_text(&inv->options, quality_fields[i]);
		json_t *object = NULL;
		int r = path != NULL ? read_quality(path, &object) : 0;

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
				r == -EINVAL ? "not a JSON object" : log_errno(r));
		}
		failure_warn("option \"--%s\" cannot use \"%s\": %s; reporting without it",
			quality_fields[i], path, r == -EINVAL ? "not a JSON object" : log_errno(r));
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
		if (option_given(&inv->options, number_fields[i].option)) {
			int64_t number = option_number(&inv->options, number_fields[i].option, 0);

			done = done &&
				json_object_set_new(parameters, number_fields[i].member,
					json_integer(number)) == 0;
		}
	}
	return done;
}

/* What was not given comes from git. Returns: 0; an exit code: git does not know either. */
static int add_place(const struct invocation *inv, int64_t deadline_us, json_t *parameters) {
	const char *project = option_text(&inv->options, "project");
	const char *branch = option_text(&inv->options, "branch");
	const char *commit = option_text(&inv->options, "commit");
	int wanted = CI_ANCESTORS | (project == NULL ? CI_PROJECT : 0) |
		(branch == NULL ? CI_BRANCH : 0) | (commit == NULL ? CI_COMMIT : 0);
	struct ci_env env;

	ci_env_collect(wanted, commit, deadline_us, &env);
	project = project != NULL ? project : env.project;
	branch = branch != NULL ? branch : env.branch;
	commit = commit != NULL ? commit : env.commit;
	if (project[0] == '\0') {
		return failure_report(
			FAILURE_USAGE, "give it with --project", "the project is not known");
	}
	if (branch[0] == '\0') {
		return failure_report(FAILURE_USAGE, "give it with --branch",
			"the branch is not known, and git does not say");
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

int submission_create(const struct invocation *inv, const char *log, int64_t deadline_us,
	json_t **ret_parameters) {
	json_t *parameters = json_object();
	int r;

	if (parameters == NULL) {
		return failure_report(FAILURE_FAILED, NULL, "out of memory");
	}
	r = add_words(inv, log, parameters);
	r = r != 0 ? r : add_quality(inv, parameters);
	r = r != 0 ? r : add_place(inv, deadline_us, parameters);
	if (r != 0) {
		json_decref(parameters);
		return r;
	}
	*ret_parameters = parameters;
	return 0;
}
