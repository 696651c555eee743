/* Result files beside what is known of the step: how it went, and what was there before it. */
#include "client/results.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/call.h"
#include "client/limits.h"
#include "common/fd.h"
#include "common/text.h"

static char path[64];

static void write_file(const char *text, size_t len) {
	assert_int_equal(fd_write_file_atomic(path, text, len, 0600), 0);
}

static void an_empty_file_of_a_failed_step_is_no_pass(void **state) {
	for (int failed = 0; failed <= 1; failed++) {
		char message[CLIENT_SENTENCE_MAX] = "";
		struct results results;

		write_file("", 0);
		assert_int_equal(results_read(RESULTS_SECURITY, path, failed, CALL_NO_DEADLINE,
					 &results, message, sizeof(message)),
			0);
		assert_int_equal(results.failed, failed);
		assert_string_equal(
			results.why, failed ? "the file is empty, and the step failed" : "");
		assert_int_equal(
			json_is_true(json_object_get(results.quality, "completed")), !failed);
		json_decref(results.quality);
	}
}

static void a_file_that_was_not_written_is_stale(void **state) {
	struct results_mark before, none;

	write_file("a", 1);
	results_mark(path, &before);
	results_mark("/nonexistent", &none);
	assert_true(results_is_stale(path, &before));
	assert_false(results_is_stale(path, &none));
	assert_false(results_is_stale("/nonexistent", &none));
	assert_false(results_is_stale("/nonexistent", &before));
	/* Replaced, with the same bytes. */
	write_file("a", 1);
	assert_false(results_is_stale(path, &before));
}

static int setup(void **state) {
	int fd;

	TEXT_SET(path, "/tmp/test-results_step-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state) {
	return unlink(path);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_of_a_failed_step_is_no_pass),
		cmocka_unit_test(a_file_that_was_not_written_is_stale),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
