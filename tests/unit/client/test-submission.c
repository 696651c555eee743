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

static char directory[64];

static int enter_directory(void **state) {
	if (setenv("DEPLOY_PASSWORD", "hunter2hunter2", 1) < 0) {
		return -1;
	}
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

static void test_keys_differ(void **state) {
	char one[CLIENT_KEY_MAX], two[CLIENT_KEY_MAX];

	submission_key(one);
	submission_key(two);
	assert_string_not_equal(one, two);
	assert_true(text_is_name(one, sizeof(one)));
}

/* What was said on stderr by the last create(). */
static char said[1024];

/* The parameters as they go out, or NULL; `*ret_exit` is the exit code. */
static json_t *create_of(const char *const *words, const struct step_outcome *outcome, int *ret_exit) {
	const char *argv[24] = { "codegenctl", "submit" };
	struct invocation inv;
	struct capture capture;
	json_t *parameters = NULL;
	bool done;
	int argc = 2;

	while (words[argc - 2] != NULL) {
		argv[argc] = words[argc - 2];
		argc++;
	}
	assert_int_equal(command_parse(argc, (char **)argv, &inv, &done), 0);
	capture_start(&capture, stderr);
	*ret_exit = submission_create(&inv, outcome, soon_us(), &parameters);
	capture_stop(&capture, said, sizeof(said));
	return parameters;
}

static json_t *create(const char *const *words, int *ret_exit) {
	return create_of(words, &(struct step_outcome){ .exit_code = -1 }, ret_exit);
}

static void test_parameters(void **state) {
	static const char *const words[] = { "build_failure", "it\xff broke", "--project=acme/web",
		"--branch=main", "--commit=abcd", "--job=test", "--command=npm test",
		"--pull-request=7", "--key=k", "--head-repository=fork/web", "--build-number=11",
		NULL };
	json_t *expected = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:s, "
				     "s:b, s:[]}",
		"errorType", "build_failure", "errorDetails", "it\xef\xbf\xbd broke", "project",
		"acme/web", "branch", "main", "commit", "abcd", "job", "test", "command",
		"npm test", "step", "npm test", "key", "k", "exitCode", 1, "pullRequest", 7,
		"headRepository", "fork/web", "buildNumber", "11", "passed", 0, "ancestors");
	int r;
	json_t *parameters = create_of(words, &(struct step_outcome){ .exit_code = 1 }, &r);

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
	parameters = create_of(words, &(struct step_outcome){ .passed = true, .exit_code = 0 }, &r);
	assert_int_equal(r, 0);
	assert_true(json_is_true(json_object_get(parameters, "passed")));
	assert_null(json_object_get(parameters, "errorType"));
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
		{ { "--branch=main", "--build-url=nonsense", "--strict" }, 2 },
		{ { "--branch=main", "--build-url=nonsense" }, 0 },
		/* Without what is hidden in it, it would be another branch. */
		{ { "--branch=rtl\u202eevil" }, 2 }, { { "--branch=\xff\xfe" }, 2 },
		{ { "--branch=a\nb" }, 2 }, { { "--branch=ünï\U0001F4A5" }, 0 },
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

/* Nobody said what failed: the scan does, and its headline; what it does not know is unknown. */
static void test_the_scan_tells(void **state) {
	static const struct row {
		const char *words[4];
		const char *scan;
		const char *type;
		const char *details;
	} table[] = {
		{ { "--branch=b" },
			"{\"errorType\":\"lint_failure\",\"headline\":{\"line\":3,\"text\":\"a.js: no\"}}",
			"lint_failure", "a.js: no" },
		{ { "--branch=b" }, "{\"errorType\":\"none\",\"headline\":{\"text\":\"\"}}",
			"unknown_failure", "" },
		{ { "test_failure", "mine", "--branch=b" },
			"{\"errorType\":\"lint_failure\",\"headline\":{\"text\":\"x\"}}",
			"test_failure", "mine" },
		{ { "test_failure", "--branch=b" },
			"{\"errorType\":\"lint_failure\",\"headline\":{\"text\":\"x\"}}",
			"test_failure", "x" },
		{ { "--branch=b" }, "[]", "unknown_failure", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		json_t *scan = json_loads(table[i].scan, 0, NULL);
		struct step_outcome outcome = { .exit_code = 1, .log = "x\n", .scan = scan };
		int r;
		json_t *parameters = create_of(table[i].words, &outcome, &r);

		assert_int_equal(r, 0);
		assert_string_equal(json_text(parameters, "errorType"), table[i].type);
		assert_string_equal(json_text(parameters, "errorDetails"), table[i].details);
		assert_string_equal(json_text(parameters, "log"), "x\n");
		assert_int_equal(json_object_get(parameters, "scan") != NULL, json_is_object(scan));
		json_decref(parameters);
		json_decref(scan);
	}
}

/* The step is named by its command, and a name is one line of at most 255 bytes. */
static void test_names_that_fit(void **state) {
	_cleanup_(freep) char *option = NULL;
	char word[600];
	const char *words[] = { "--branch=b", "--job= a\nb\t", "--command", NULL, NULL };
	int r;
	json_t *parameters;

	memset(word, 'w', sizeof(word));
	memcpy(word, "make\nall ", 9);
	word[sizeof(word) - 1] = '\0';
	words[3] = word;
	parameters = create(words, &r);
	assert_int_equal(r, 0);
	assert_string_equal(json_text(parameters, "job"), "a b");
	assert_int_equal(strlen(json_text(parameters, "step")), CLIENT_NAME_MAX - 1);
	assert_memory_equal(json_text(parameters, "step"), "make all www", 12);
	assert_string_equal(json_text(parameters, "command"), word);
	json_decref(parameters);
}

static void test_a_build_url_without_credentials(void **state) {
	static const struct row {
		const char *word;
		const char *url; /* NULL: left out */
	} table[] = {
		{ "--build-url=https://host:8080/job/1#log", "https://host:8080/job/1#log" },
		{ "--build-url=https://u:pa55word@host/1", "https://host/1" },
		{ "--build-url=https://u:pa/55word@host/1", NULL },
		{ "--build-url=https://host/1?access_token=pa55word", "https://host/1" },
		{ "--build-url=javascript:alert(1)", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *const words[] = { "--branch=b", table[i].word, NULL };
		int r;
		json_t *parameters = create(words, &r);
		const char *url = json_string_value(json_object_get(parameters, "buildUrl"));

		assert_int_equal(r, 0);
		if (table[i].url != NULL) {
			assert_non_null(url);
			assert_string_equal(url, table[i].url);
		} else {
			assert_null(url);
		}
		json_decref(parameters);
	}
}

static void test_nothing_secret_leaves(void **state) {
	static const char *const words[] = { "test_failure",
		"with ghp_abcdefghijklmnopqrstuvwxyz0123456789", "--branch=b",
		"--command=curl -H hunter2hunter2", "--key=ghp_abcdefghijklmnopqrstuvwxyz012345",
		"--build-url=https://u:pa55word@host/1", NULL };
	_cleanup_(freep) char *text = NULL;
	int r;
	json_t *parameters;

	parameters = create(words, &r);
	assert_int_equal(r, 0);
	assert_string_equal(json_text(parameters, "key"), words[4] + strlen("--key="));
	assert_string_equal(json_text(parameters, "buildUrl"), "https://host/1");
	text = json_dumps(parameters, 0);
	assert_null(strstr(text, "hunter2hunter2"));
	assert_null(strstr(text, "0123456789"));
	assert_null(strstr(text, "pa55word"));
	json_decref(parameters);
}

/* The value of a secret variable, wherever a text comes from. */
static void test_no_known_value_leaves(void **state) {
	static const char *const words[] = { "test_failure", "--branch=fix/hunter2hunter2",
		"--job=hunter2hunter2", "--build-number=hunter2hunter2",
		"--build-url=https://ci.example/hunter2hunter2", "--commit=hunter2hunter2",
		"--head-repository=hunter2hunter2/web", "--tests=j.xml", "--lint=own.json",
		"--project=acme/web", NULL };
	static const char junit[] =
		"<testsuite name='s' tests='1' failures='1'><testcase classname='k' "
		"name='login with hunter2hunter2'><failure message='no'/></testcase></testsuite>";
	static const char own[] =
		"{\"errors\": 1, \"note\": \"hunter2hunter2\", \"list\": [\"hunter2hunter2\"]}";
	json_t *scan = json_pack("{s:s, s:{s:s}}", "errorType", "test_failure", "headline", "text",
		"hunter2hunter2 is wrong");
	_cleanup_(freep) char *text = NULL;
	json_t *parameters;
	int r;

	write_file("j.xml", junit, strlen(junit));
	write_file("own.json", own, strlen(own));
	write_file("package.json", "{\"x\": \"hunter2hunter2\"}", 23);
	parameters = create_of(words,
		&(struct step_outcome){
			.exit_code = 1, .log = "it said hunter2hunter2\n", .scan = scan },
		&r);
	assert_int_equal(r, 0);
	text = json_dumps(parameters, JSON_COMPACT);
	assert_null(strstr(text, "hunter2hunter2"));
	assert_non_null(strstr(text, "login with [REDACTED:secret]"));
	assert_string_equal(json_text(parameters, "branch"), "fix/[REDACTED:secret]");
	assert_null(json_object_get(parameters, "buildUrl"));
	assert_null(json_object_get(parameters, "headRepository"));
	json_decref(parameters);
	json_decref(scan);
	assert_int_equal(unlink("package.json"), 0);
}

/* A secret that lies where a text is cut. */
static void test_a_cut_hides_nothing(void **state) {
	enum { NAME = 255, COMMAND = CLIENT_COMMAND_MAX_BYTES };
	static const int at[] = { NAME - 7, COMMAND - 7 };

	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		_cleanup_(freep) char *command = malloc((size_t)at[i] + 64);
		const char *const words[] = { "test_failure", "--branch=b", "--project=a/b", NULL };
		_cleanup_(freep) char *text = NULL;
		json_t *parameters;
		int r;

		memset(command, 'c', (size_t)at[i]);
		memcpy(command + at[i] - 1, " hunter2hunter2 end", sizeof(" hunter2hunter2 end"));
		parameters = create_of(
			words, &(struct step_outcome){ .exit_code = 1, .command = command }, &r);
		assert_int_equal(r, 0);
		text = json_dumps(parameters, JSON_COMPACT);
		assert_null(strstr(text, "hunter"));
		assert_true(strlen(json_text(parameters, "step")) <= NAME);
		assert_true(strlen(json_text(parameters, "command")) <= COMMAND);
		json_decref(parameters);
	}
}

/* A log of characters that JSON writes as six bytes each does not make a message nobody takes. */
static void test_a_message_that_fits(void **state) {
	static const char *const words[] = { "test_failure", "--branch=b", NULL };
	size_t len = PROTOCOL_FRAME_MAX_BYTES;
	_cleanup_(freep) char *log = malloc(len + 1);
	int r;
	json_t *parameters;

	memset(log, 'x', len);
	log[len] = '\0';
	parameters = create_of(words, &(struct step_outcome){ .exit_code = 1, .log = log }, &r);
	assert_int_equal(r, 0);
	assert_null(json_object_get(parameters, "log"));
	assert_string_equal(json_text(parameters, "errorType"), "test_failure");
	json_decref(parameters);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_differ),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_unknown_type),
		cmocka_unit_test(test_project_is_no_url),
		cmocka_unit_test(test_passed),
		cmocka_unit_test(test_wrong_use),
		cmocka_unit_test(test_the_scan_tells),
		cmocka_unit_test(test_names_that_fit),
		cmocka_unit_test(test_a_build_url_without_credentials),
		cmocka_unit_test(test_nothing_secret_leaves),
		cmocka_unit_test(test_no_known_value_leaves),
		cmocka_unit_test(test_a_cut_hides_nothing),
		cmocka_unit_test(test_a_message_that_fits),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
