/* eslint -f json. Its `source`, the whole text of a file, is dropped. */
#include "client/results_internal.h"

static int add_message(
	struct results_reading *reading, const char *file, const json_t *message, bool is_error) {
	const json_t *text = json_object_get(message, "message");
	const struct results_finding finding = {
		.severity = is_error ? "error" : "warning",
		.file = file,
		.line = results_number(message, "line"),
		.column = results_number(message, "column"),
		.rule = results_string(message, "ruleId"),
		.message = json_string_value(text),
		.message_len = json_string_length(text),
	};

	return results_add(reading, &finding);
}

static int read_file(struct results_reading *reading, const json_t *file, struct results_lint *lint) {
	int64_t errors = 0, warnings = 0;
	json_t *message;
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(file, "messages"), i, message) {
		bool is_error = results_number(message, "severity") != 1 ||
			json_is_true(json_object_get(message, "fatal"));

		errors += is_error;
		warnings += !is_error;
		r = r < 0
			? r
			: add_message(reading, results_string(file, "filePath"), message, is_error);
	}
	lint->errors += MAX(errors, results_number(file, "errorCount"));
	lint->warnings += MAX(warnings, results_number(file, "warningCount"));
	lint->fixable += results_number(file, "fixableErrorCount") +
		results_number(file, "fixableWarningCount");
	lint->files++;
	return r;
}

int results_read_eslint(struct results_reading *reading) {
	struct results_lint lint = { 0 };
	json_t *file;
	size_t i;
	int r = 0;

	json_array_foreach(reading->json, i, file) {
		if (!json_is_object(file)) {
			return results_refuse(reading, "its entry %zu is no file", i + 1);
		}
		r = r < 0 ? r : read_file(reading, file, &lint);
	}
	return r < 0 ? r : results_put_lint(reading, &lint);
}
