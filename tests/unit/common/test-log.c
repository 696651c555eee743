#include "common/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

static int saved_stderr = -1;
static int pipe_fds[2];

/* Standard error into a packet pipe: one read() is one write(). */
static void catch_stderr(void) {
	assert_int_equal(pipe2(pipe_fds, O_DIRECT | O_NONBLOCK | O_CLOEXEC), 0);
	saved_stderr = dup(STDERR_FILENO);
	assert_true(dup2(pipe_fds[1], STDERR_FILENO) >= 0);
}

static void release_stderr(void) {
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

/* What one log_write() wrote with its one write(2); "" when nothing. */
#define LOGGED(out, ...)                                                                           \
	do {                                                                                       \
		ssize_t logged_len;                                                                \
		catch_stderr();                                                                    \
		log_write(__VA_ARGS__);                                                            \
		logged_len = read(pipe_fds[0], (out), sizeof(out) - 1);                            \
		(out)[logged_len > 0 ? logged_len : 0] = '\0';                                     \
		logged_len = read(pipe_fds[0], &(char){ 0 }, 1);                                   \
		release_stderr();                                                                  \
		assert_true(logged_len <= 0);                                                      \
	} while (0)

static void lines_for_people(void **state) {
	char out[4096];

	log_open("codegend", LOG_LEVEL_INFO, false);
	LOGGED(out, LOG_LEVEL_INFO, "%d tasks are due", 3);
	assert_string_equal(out, "codegend: 3 tasks are due\n");
	LOGGED(out, LOG_LEVEL_NOTICE, "ready");
	assert_string_equal(out, "codegend: ready\n");
	LOGGED(out, LOG_LEVEL_WARNING, "x");
	assert_string_equal(out, "codegend: warning: x\n");
	LOGGED(out, LOG_LEVEL_ERROR, "x");
	assert_string_equal(out, "codegend: error: x\n");
}

static void lines_for_the_journal(void **state) {
	char out[4096];

	log_open("codegend", LOG_LEVEL_INFO, true);
	LOGGED(out, LOG_LEVEL_WARNING, "x");
	assert_string_equal(out, "<4>x\n");
	LOGGED(out, LOG_LEVEL_INFO, "x");
	assert_string_equal(out, "<6>x\n");
}

static void levels_below_are_silent(void **state) {
	char out[4096];

	log_open("codegend", LOG_LEVEL_WARNING, false);
	LOGGED(out, LOG_LEVEL_NOTICE, "x");
	assert_string_equal(out, "");
	log_set_level(LOG_LEVEL_DEBUG);
	LOGGED(out, LOG_LEVEL_DEBUG, "x");
	assert_string_equal(out, "codegend: x\n");
}

static void foreign_bytes_cannot_act(void **state) {
	char out[4096];

	log_open("codegend", LOG_LEVEL_INFO, false);
	LOGGED(out, LOG_LEVEL_INFO, "project \"%s\"",
		"a\x1B[2J\ncodegend: forged\r\t\x7F\xC2\x9B\xFF\xE2\x80\xAE\xC3\xBC");
	assert_string_equal(out,
		"codegend: project \"a?[2J?codegend: forged????"
		"??\xC3\xBC\"\n");
}

static void a_long_line_is_cut_between_characters(void **state) {
	char out[8192];
	char text[6001];
	size_t len;

	for (size_t i = 0; i < 6000; i += 3) {
		memcpy(text + i, "\xE2\x82\xAC", 3);
	}
	text[6000] = '\0';
	log_open("codegend", LOG_LEVEL_INFO, false);
	for (int pad = 0; pad < 3; pad++) {
		LOGGED(out, LOG_LEVEL_INFO, "%.*s%s", pad, "xx", text);
		len = strlen(out);
		assert_true(len > 1000 && len < 4096);
		assert_true(text_is_utf8(out, len));
		assert_null(strchr(out, '?'));
		assert_int_equal(out[len - 1], '\n');
	}
}

static void errno_is_kept_and_printed(void **state) {
	char out[4096];

	log_open("codegend", LOG_LEVEL_INFO, false);
	errno = ENOENT;
	LOGGED(out, LOG_LEVEL_INFO, "%m");
	assert_string_equal(out, "codegend: No such file or directory\n");
}

static void level_names(void **state) {
	static const char *const names[] = { "error", "warning", "notice", "info", "debug" };
	enum log_level level = LOG_LEVEL_ERROR;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(log_parse_level(names[i], &level), 0);
		assert_int_equal(level, LOG_LEVEL_ERROR + (int)i);
	}
	assert_int_equal(log_parse_level("Debug", &level), -EINVAL);
	assert_int_equal(log_parse_level("", &level), -EINVAL);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
}

static void errors_read_as_part_of_a_sentence(void **state) {
	assert_string_equal(log_errno(-ENOSPC), "no space left on device");
	assert_string_equal(log_errno(-EIO), "input/output error");
	assert_string_equal(log_errno(-EDOTDOT), "RFS specific error");
	assert_string_equal(log_errno(-99999), "error -99999");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_for_people),
		cmocka_unit_test(lines_for_the_journal),
		cmocka_unit_test(levels_below_are_silent),
		cmocka_unit_test(foreign_bytes_cannot_act),
		cmocka_unit_test(a_long_line_is_cut_between_characters),
		cmocka_unit_test(errno_is_kept_and_printed),
		cmocka_unit_test(level_names),
		cmocka_unit_test(errors_read_as_part_of_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
