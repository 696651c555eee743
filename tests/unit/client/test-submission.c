#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/call.h"
#include "client/print.h"
#include "client/submission.h"
#include "common/buffer.h"
#include "common/fd.h"
#include "common/text.h"
#include "tests/unit/client/capture.h"

#define LOG_KEPT (CLIENT_LOG_HEAD_BYTES + CLIENT_LOG_TAIL_BYTES)
#define DAEMON_KEEPS (256 * 1024)

static char directory[64];

static int enter_directory(void **state) {
	snprintf(directory, sizeof(directory), "%s/submission-XXXXXX", "/tmp");
	return mkdtemp(directory) == NULL || chdir(directory) < 0 ? -1 : 0;
}

static int leave_directory(void **state) {
	return chdir("/") < 0 || fd_remove_tree(directory) < 0 ? -1 : 0;
}

static void write_file(const char *name, const char *data, size_t len) {
	assert_int_equal(fd_write_file_atomic(name, data, len, 0600), 0);
}

static int64_t soon_us(void) {
	return clock_mono_us() + 20 * 1000 * CLOCK_SECOND_MS;
}

static void test_small_logs(void **state) {
	static const struct row {
		const char *bytes;
		size_t len;
		const char *text;
	} table[] = {
		{ "", 0, "" },
		{ "one\ntwo\n", 8, "one\ntwo\n" },
		{ "\033[31mred\033[0m\r\nbl\xfft\0x", 20, "red\nbl\xef\xbf\xbdt\xef\xbf\xbdx" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_(freep) char *log = NULL;

		write_file("log", table[i].bytes, table[i].len);
		assert_int_equal(submission_read_log("log", soon_us(), &log), 0);
		assert_string_equal(log, table[i].text);
	}
}

/* Whatever its length: the beginning, the end, and between them the number of bytes that are missing. */
static void check_long_log(size_t len, const char *unit, bool piped) {
	_cleanup_(freep) char *log = NULL, *data = malloc(len + 1);
	int saved = dup(STDIN_FILENO);
	long long cut = 0;
	const char *line;

	for (size_t i = 0; i < len; i++) {
		data[i] = unit[i % strlen(unit)];
	}
	memcpy(data, "FIRST", 5);
	memcpy(data + len - 4, "LAST", 4);
	write_file("log", data, len);
	if (piped) {
		FILE *file = fopen("log", "r");

		assert_int_equal(dup2(fileno(file), STDIN_FILENO), STDIN_FILENO);
		fclose(file);
	}
	assert_int_equal(
		submission_read_log(piped ? "-" : "log", piped ? CALL_NO_DEADLINE : soon_us(), &log),
		0);
	dup2(saved, STDIN_FILENO);
	close(saved);
	assert_true(strlen(log) <= DAEMON_KEEPS);
	assert_true(text_is_utf8(log, strlen(log)));
	assert_memory_equal(log, "FIRST", 5);
	assert_string_equal(log + strlen(log) - 4, "LAST");
	line = strstr(log, "\n[... ");
	assert_int_equal(line != NULL, len > LOG_KEPT);
	if (line != NULL) {
		cut = strtoll(line + 6, NULL, 10);
	}
	assert_int_equal(cut, len > LOG_KEPT ? len - LOG_KEPT : 0);
}

static void test_long_logs(void **state) {
	static const size_t lengths[] = { CLIENT_LOG_HEAD_BYTES, CLIENT_LOG_HEAD_BYTES + 1,
		LOG_KEPT, LOG_KEPT + 1, LOG_KEPT + 70000, 2 * LOG_KEPT, 5 * 1024 * 1024 + 3 };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		check_long_log(lengths[i], "0123456789", false);
		check_long_log(lengths[i], "0123456789", true);
	}
}

/* A character across the seam of beginning and end stays whole when nothing was cut. */
static void test_seam(void **state) {
	_cleanup_(freep) char *log = NULL, *data = malloc(CLIENT_LOG_HEAD_BYTES + 8);

	memset(data, 'x', CLIENT_LOG_HEAD_BYTES + 8);
	memcpy(data + CLIENT_LOG_HEAD_BYTES - 1, "ä", 2);
	write_file("log", data, CLIENT_LOG_HEAD_BYTES + 8);
	assert_int_equal(submission_read_log("log", soon_us(), &log), 0);
	assert_memory_equal(log + CLIENT_LOG_HEAD_BYTES - 2, "xäx", 4);
}

static void test_no_log(void **state) {
	char *log = NULL;

	assert_int_equal(submission_read_log("missing", soon_us(), &log), -ENOENT);
	assert_int_equal(submission_read_log(".", soon_us(), &log), -EISDIR);
	assert_int_equal(submission_read_log("/dev/zero", soon_us(), &log), -ENODEV);
	assert_null(log);
}

/* A FIFO: nobody writes; somebody has written and stays. */
static void test_fifo_logs(void **state) {
	_cleanup_(freep) char *log = NULL;
	int64_t shortly_us = clock_mono_us() + 20000;
	int fd;

	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(submission_read_log("fifo", shortly_us, &log), -ETIMEDOUT);
	assert_null(log);
	fd = open("fifo", O_RDWR | O_CLOEXEC);
	assert_int_equal(write(fd, "begun", 5), 5);
	assert_int_equal(submission_read_log("fifo", clock_mono_us() + 200000, &log), 0);
	assert_string_equal(log, "begun");
	close(fd);
}

static void test_keys_differ(void **state) {
	char one[CLIENT_KEY_MAX], two[CLIENT_KEY_MAX];

	submission_key(one);
	submission_key(two);
	assert_string_not_equal(one, two);
	assert_true(text_is_name(one, sizeof(one)));
}

/* The parameters as they go out, or NULL; `*ret_exit` is the exit code. */
static json_t *create(const char *const *words, int *ret_exit) {
	const char *argv[24] = { "codegenctl", "submit" };
	struct invocation inv;
	struct capture capture;
	json_t *parameters = NULL;
	char ignored[1024];
	bool done;
	int argc = 2;

	while (words[argc - 2] != NULL) {
		argv[argc] = words[argc - 2];
		argc++;
	}
	assert_int_equal(command_parse(argc, (char **)argv, &inv, &done), 0);
	capture_start(&capture, stderr);
	*ret_exit = submission_create(
		&inv, &(struct step_outcome){ .exit_code = -1 }, soon_us(), &parameters);
	capture_stop(&capture, ignored, sizeof(ignored));
	return parameters;
}

static void test_parameters(void **state) {
	static const char *const words[] = { "build_failure", "it\xff broke", "--project=acme/web",
		"--branch=main", "--commit=abc", "--job=test", "--command=npm test",
		"--exit-code=1", "--pull-request=7", "--key=k", "--head-repository=fork/web",
		"--build-number=11", NULL };
	json_t *expected = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:s, "
				     "s:b, s:[]}",
		"errorType", "build_failure", "errorDetails", "it\xef\xbf\xbd broke", "project",
		"acme/web", "branch", "main", "commit", "abc", "job", "test", "command", "npm test",
		"step", "npm test", "key", "k", "exitCode", 1, "pullRequest", 7, "headRepository",
		"fork/web", "buildNumber", "11", "passed", 0, "ancestors");
	int r;
	json_t *parameters = create(words, &r);

	assert_int_equal(r, 0);
	assert_true(json_equal(parameters, expected));
	json_decref(parameters);
	json_decref(expected);
}

/* A type that does not exist does not cost the report. */
static void test_unknown_type(void **state) {
	static const char *const words[] = { "made_up", "it broke", "--branch=main", NULL };
	static const char *const strict[] = { "made_up", "--branch=main", "--strict", NULL };
	int r;
	json_t *parameters = create(words, &r);

	assert_string_equal(json_text(parameters, "errorType"), "unknown_failure");
	assert_string_equal(json_text(parameters, "errorDetails"), "made_up: it broke");
	json_decref(parameters);
	parameters = create(strict, &r);
	assert_string_equal(json_text(parameters, "errorType"), "made_up");
	json_decref(parameters);
}

static void test_project_is_no_url(void **state) {
	static const struct row {
		const char *words[5];
		int result;
		const char *project;
	} table[] = {
		{ { "--project=https://u:s3cr3t@h/o/r.git", "--branch=b" }, 0, "o/r" },
		{ { "--project=git@h:o/r", "--branch=b" }, 0, "o/r" },
		{ { "--project=o/r", "--branch=b" }, 0, "o/r" },
		{ { "--project=https://u:s3cr3t@h", "--branch=b" }, 0, NULL },
		{ { "--project=https://u:s3cr3t@h", "--branch=b", "--strict" }, 2, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		int r;
		json_t *parameters = create(table[i].words, &r);

		assert_int_equal(r, table[i].result);
		if (r == 0) {
			assert_string_equal(json_text(parameters, "project"),
				table[i].project != NULL ? table[i].project
							 : strrchr(directory, '/') + 1);
		}
		json_decref(parameters);
	}
}

static void test_passed(void **state) {
	static const char *const words[] = { "--passed", "--branch=main", "--coverage=good", NULL };
	int r;
	json_t *parameters;

	write_file("good", "{\"lines\": 80.5}", 15);
	parameters = create(words, &r);
	assert_int_equal(r, 0);
	assert_true(json_is_true(json_object_get(parameters, "passed")));
	assert_non_null(json_object_get(json_object_get(parameters, "coverage"), "lines"));
	assert_string_equal(json_text(parameters, "project"), strrchr(directory, '/') + 1);
	json_decref(parameters);
}

static void test_wrong_use(void **state) {
	static const struct row {
		const char *words[5];
		int result;
	} table[] = {
		{ { "--branch=main", "--tests=bad", "--strict" }, 2 },
		{ { "--branch=main", "--tests=array", "--strict" }, 2 },
		{ { "--branch=main", "--tests=missing", "--strict" }, 2 },
		{ { "--branch=main", "--tests=bad" }, 0 },
		{ { "--branch=main", "--tests=missing" }, 0 },
		{ { "build_failure" }, 2 }, /* outside of git nobody knows the branch */
	};

	write_file("bad", "{\"lines\":", 9);
	write_file("array", "[1]", 3);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		int r;
		json_t *parameters = create(table[i].words, &r);

		assert_int_equal(r, table[i].result);
		assert_int_equal(parameters != NULL, r == 0);
		assert_null(json_object_get(parameters, "tests"));
		json_decref(parameters);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_logs),
		cmocka_unit_test(test_long_logs),
		cmocka_unit_test(test_seam),
		cmocka_unit_test(test_no_log),
		cmocka_unit_test(test_fifo_logs),
		cmocka_unit_test(test_keys_differ),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_unknown_type),
		cmocka_unit_test(test_project_is_no_url),
		cmocka_unit_test(test_passed),
		cmocka_unit_test(test_wrong_use),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
