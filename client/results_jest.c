/* jest's --json, which vitest's reporter "json" writes as well. The tests are counted, not the sums believed. */
#include <string.h>

#include "client/results_internal.h"

static int64_t *counter_of(struct results_tests *tests, const char *status) {
	static const char *const skipped[] = { "pending", "todo", "skipped", "disabled" };

	if (strcmp(status, "passed") == 0) {
		return &tests->passed;
	}
	for (size_t i = 0; i < ARRAY_SIZE(skipped); i++) {
		if (strcmp(status, skipped[i]) == 0) {
			return &tests->skipped;
		}
	}
	return &tests->failed; /* a word we do not know proves nothing good */
}

static int add_failure(struct results_reading *reading, const json_t *suite, const json_t *test) {
	const json_t *message = json_array_get(json_object_get(test, "failureMessages"), 0);
	const json_t *location = json_object_get(test, "location");
	const struct results_finding failure = {
		.file = results_string(suite, "name"),
		.line = results_number(location, "line"),
		.test = results_string(test, "fullName"),
		.message = json_string_value(message),
		.message_len = json_string_length(message),
	};

	return results_add(reading, &failure);
}

static int read_suite(
	struct results_reading *reading, const json_t *suite, struct results_tests *tests) {
	int64_t failed_before = tests->failed;
	const json_t *message = json_object_get(suite, "message");
	const struct results_finding failure = {
		.file = results_string(suite, "name"),
		.message = json_string_value(message),
		.message_len = json_string_length(message),
	};
	json_t *test;
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(suite, "assertionResults"), i, test) {
		int64_t *counter = counter_of(tests, results_string(test, "status"));

		(*counter)++;
		if (counter == &tests->failed) {
			r = r < 0 ? r : add_failure(reading, suite, test);
		}
	}
	/* It failed, and none of its tests did: it could not be loaded. */
	if (r == 0 && tests->failed == failed_before &&
		strcmp(results_string(suite, "status"), "passed") != 0) {
		tests->suites_failed++;
		r = results_add(reading, &failure);
	}
	return r;
}

static int64_t time_taken(const json_t *json) {
	double start = json_number_value(json_object_get(json, "startTime")), last = 0;
	const json_t *suite;
	size_t i;

	json_array_foreach(json_object_get(json, "testResults"), i, suite) {
		last = MAX(last, json_number_value(json_object_get(suite, "endTime")));
	}
	return start > 0 && last > start && last - start < (double)RESULTS_COUNT_MAX
		? (int64_t)(last - start)
		: 0;
}

int results_read_jest(struct results_reading *reading) {
	const json_t *json = reading->json;
	struct results_tests tests = { 0 };
	json_t *suite;
	size_t i;
	int r = 0;

	reading->tool =
		json_object_get(json, "numRuntimeErrorTestSuites") != NULL ? "jest" : "vitest";
	json_array_foreach(json_object_get(json, "testResults"), i, suite) {
		r = r < 0 ? r : read_suite(reading, suite, &tests);
	}
	if (r < 0) {
		return r;
	}
	tests.failed = MAX(tests.failed, results_number(json, "numFailedTests"));
	tests.suites_failed =
		MAX(tests.suites_failed, results_number(json, "numRuntimeErrorTestSuites"));
	tests.duration_ms = time_taken(json);
	/* An error outside of all tests, an interruption, no tests at all. */
	if (!json_is_true(json_object_get(json, "success")) && tests.failed == 0 &&
		tests.suites_failed == 0) {
		results_incomplete(reading, "%s says that it did not succeed", reading->tool);
	}
	if (json_is_true(json_object_get(json, "wasInterrupted"))) {
		results_incomplete(reading, "%s was interrupted", reading->tool);
	}
	return results_put_tests(reading, &tests);
}
