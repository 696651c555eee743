#include "common/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/id.h"
#include "common/log_journal.h"
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

/* A journal of our own, and what is sent to it. */

struct journal {
	char directory[32];
	struct sockaddr_un address;
	int fd;
	char data[8192]; /* the entry that was read last */
	size_t len;
};

static void journal_setup(struct journal *journal) {
	*journal = (struct journal){ .directory = "/tmp/test-log-XXXXXX",
		.address = { .sun_family = AF_UNIX } };
	assert_non_null(mkdtemp(journal->directory));
	(void)text_format(journal->address.sun_path, sizeof(journal->address.sun_path), "%s/socket",
		journal->directory);
	journal->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(
		bind(journal->fd, (struct sockaddr *)&journal->address, sizeof(journal->address)), 0);
	log_open("codegend", LOG_LEVEL_INFO, true);
	assert_int_equal(log_open_journal(journal->address.sun_path), 0);
	assert_true(log_has_fields());
}

static void journal_teardown(struct journal *journal) {
	journal_close();
	close(journal->fd);
	unlink(journal->address.sun_path);
	rmdir(journal->directory);
}

static bool journal_read(struct journal *journal) {
	ssize_t n = recv(journal->fd, journal->data, sizeof(journal->data), 0);

	journal->len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* The entry as the journal takes it apart: "NAME=VALUE" in order, each with a bar behind it. */
static void journal_format(const struct journal *journal, char *out, size_t size) {
	const char *p = journal->data;
	const char *end = p + journal->len;
	size_t len = 0;

	while (p < end) {
		const char *line_end = memchr(p, '\n', (size_t)(end - p));
		uint64_t n;

		assert_non_null(line_end);
		assert_null(memchr(p, '=', (size_t)(line_end - p))); /* the form with a length */
		memcpy(&n, line_end + 1, sizeof(n));
		n = le64toh(n);
		assert_true(line_end + 1 + sizeof(n) + n < end);
		len += (size_t)snprintf(out + len, size - len, "%.*s=%.*s|", (int)(line_end - p), p,
			(int)n, line_end + 1 + sizeof(n));
		p = line_end + 1 + sizeof(n) + n;
		assert_int_equal(*p++, '\n');
	}
}

static void expect_entry(struct journal *journal, const char *expected) {
	char entry[8192] = "";

	assert_true(journal_read(journal));
	journal_format(journal, entry, sizeof(entry));
	assert_string_equal(entry, expected);
	assert_false(journal_read(journal));
}

static void fields_tell_what_a_line_is_about(void **state) {
	struct journal journal;
	const struct log_about all = { .incident = 1234567,
		.task = 7654321,
		.project = "acme/web",
		.forge = "github",
		.reasons = { "check_failed", "conflict" } };
	char incident[ID_TEXT_MAX], task[ID_TEXT_MAX], expected[512];

	journal_setup(&journal);
	log_about(&all, LOG_LEVEL_WARNING, "%s", "Not ready.");
	(void)text_format(expected, sizeof(expected),
		"MESSAGE=Not ready.|PRIORITY=4|SYSLOG_IDENTIFIER=codegend|INCIDENT=%s|TASK=%s|"
		"PROJECT=acme/web|FORGE=github|REASON=check_failed|REASON=conflict|",
		id_format(ID_INCIDENT, 1234567, incident), id_format(ID_TASK, 7654321, task));
	expect_entry(&journal, expected);
	/* Nothing is said of what there is not. */
	log_about(&(struct log_about){ .project = "", .forge = "local" }, LOG_LEVEL_INFO, "x");
	expect_entry(&journal, "MESSAGE=x|PRIORITY=6|SYSLOG_IDENTIFIER=codegend|FORGE=local|");
	log_error("x");
	expect_entry(&journal, "MESSAGE=x|PRIORITY=3|SYSLOG_IDENTIFIER=codegend|");
	log_debug("x");
	assert_false(journal_read(&journal));
	journal_teardown(&journal);
}

static void no_value_makes_a_field(void **state) {
	struct journal journal;
	const struct log_about about = { .project = "a\nPRIORITY=0\nMESSAGE\n\x01",
		.forge = "\nUNIT=x\n" };

	journal_setup(&journal);
	log_about(&about, LOG_LEVEL_INFO, "%s", "a\nPRIORITY=0\n");
	expect_entry(&journal,
		"MESSAGE=a?PRIORITY=0?|PRIORITY=6|SYSLOG_IDENTIFIER=codegend|"
		"PROJECT=a\nPRIORITY=0\nMESSAGE\n\x01|FORGE=\nUNIT=x\n|");
	journal_teardown(&journal);
}

/* Standard error has the line as ever, where there is no journal. */
static void a_line_is_not_lost_without_a_journal(void **state) {
	char out[4096];
	ssize_t len;
	struct journal journal;

	journal_setup(&journal);
	journal_teardown(&journal);
	assert_int_equal(log_open_journal(journal.address.sun_path), 0);
	catch_stderr();
	log_about(&(struct log_about){ .project = "acme/web" }, LOG_LEVEL_WARNING, "x");
	len = read(pipe_fds[0], out, sizeof(out) - 1);
	release_stderr();
	assert_int_equal(len, 5);
	assert_memory_equal(out, "<4>x\n", 5);
	journal_close();
}

/* It is waited for once. When somebody reads again, the first entry says how many are missing. */
static void a_reader_that_is_stuck_costs_lines(void **state) {
	struct journal journal;
	unsigned n_sent = 100000, n_read = 0, n_lost = 0;
	char entry[8192], expected[256];

	journal_setup(&journal);
	for (unsigned i = 0; i < n_sent; i++) {
		log_info("%u", i);
	}
	while (journal_read(&journal)) {
		n_read++;
	}
	assert_true(n_read > 0 && n_read < n_sent);
	n_lost = n_sent - n_read;
	log_info("again");
	assert_true(journal_read(&journal));
	journal_format(&journal, entry, sizeof(entry));
	(void)text_format(expected, sizeof(expected),
		"MESSAGE=%u lines were lost here: the journal did not take them in time.|"
		"PRIORITY=4|SYSLOG_IDENTIFIER=codegend|",
		n_lost);
	assert_string_equal(entry, expected);
	expect_entry(&journal, "MESSAGE=again|PRIORITY=6|SYSLOG_IDENTIFIER=codegend|");
	journal_teardown(&journal);
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
		cmocka_unit_test(fields_tell_what_a_line_is_about),
		cmocka_unit_test(no_value_makes_a_field),
		cmocka_unit_test(a_line_is_not_lost_without_a_journal),
		cmocka_unit_test(a_reader_that_is_stuck_costs_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
