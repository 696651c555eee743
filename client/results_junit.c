/*
 * JUnit XML, as jest-junit, pytest, Maven, Gradle, ctest, gtest and many others write it. Elements are counted: the
 * numbers in the attributes are often wrong.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/results_xml.h"
#include "common/text.h"

#define TEXT_BYTES 1024

struct junit {
	struct results_tests tests;
	double seconds;
	/* The test being read. */
	bool in_test, failed, skipped;
	bool in_failure; /* its text is taken */
	char name[512];
	char file[512];
	char suite_file[512];
	char message[TEXT_BYTES];
	/* Of the suites around, by depth: how many errors they claim, and what was seen in them. */
	int64_t claimed[CLIENT_RESULTS_DEPTH_MAX + 1];
	int64_t seen[CLIENT_RESULTS_DEPTH_MAX + 1];
	bool is_suite[CLIENT_RESULTS_DEPTH_MAX + 1];
};

static const char *attribute(const char **attributes, const char *name) {
	const char *value = results_attribute(attributes, name);

	return value != NULL ? value : "";
}

/* "1,234.5" too; nothing that is no time. */
static double seconds_of(const char *text) {
	char digits[32];
	size_t len = 0;
	double seconds;

	for (; *text != '\0' && len + 1 < sizeof(digits); text++) {
		if (*text != ',') {
			digits[len++] = *text;
		}
	}
	digits[len] = '\0';
	seconds = strtod(digits, NULL);
	return isfinite(seconds) && seconds > 0 && seconds < 1e8 ? seconds : 0;
}

static void start_suite(struct junit *junit, size_t depth, const char **attributes) {
	junit->is_suite[depth] = true;
	junit->seen[depth] = 0;
	junit->claimed[depth] = results_parse(results_attribute(attributes, "errors"));
	TEXT_SET(junit->suite_file, attribute(attributes, "file"));
}

static void start_test(struct junit *junit, const char **attributes) {
	const char *name = attribute(attributes, "name"), *of = attribute(attributes, "classname");
	const char *file = results_attribute(attributes, "file");
	const char *status = attribute(attributes, "status");

	junit->in_test = true;
	junit->failed = false;
	junit->skipped = strcmp(status, "notrun") == 0 || strcmp(status, "disabled") == 0;
	junit->message[0] = '\0';
	/* Some writers put the whole name into both. */
	(void)text_format(junit->name, sizeof(junit->name), "%s%s%s", strstr(name, of) ? "" : of,
		strstr(name, of) ? "" : " > ", name);
	TEXT_SET(junit->file, file != NULL ? file : junit->suite_file);
	junit->seconds += seconds_of(attribute(attributes, "time"));
}

static void start_failure(struct junit *junit, const char **attributes) {
	junit->failed = true;
	if (junit->message[0] == '\0') {
		TEXT_SET(junit->message, attribute(attributes, "message"));
		junit->in_failure = junit->message[0] == '\0';
	}
}

static bool is_failure(const char *name) {
	return strcmp(name, "failure") == 0 || strcmp(name, "error") == 0;
}

static void see_failure(struct junit *junit, size_t depth) {
	for (size_t i = 0; i <= depth; i++) {
		junit->seen[i]++;
	}
}

static int on_start(struct results_xml *xml, const char *name, const char **attributes) {
	struct junit *junit = xml->user;

	junit->is_suite[xml->depth] = false;
	if (strcmp(name, "testsuite") == 0 || strcmp(name, "testsuites") == 0) {
		start_suite(junit, xml->depth, attributes);
	} else if (xml->depth == 1) {
		return results_refuse(xml->reading, "its root is not <testsuites> or <testsuite>");
	} else if (strcmp(name, "testcase") == 0) {
		start_test(junit, attributes);
	} else if (is_failure(name) && junit->in_test) {
		start_failure(junit, attributes);
	} else if (is_failure(name) && junit->is_suite[xml->depth - 1]) {
		/* An error of the suite itself: it did not run. */
		junit->tests.suites_failed++;
		see_failure(junit, xml->depth);
	} else if (strcmp(name, "skipped") == 0 && junit->in_test) {
		junit->skipped = true;
	}
	return 0;
}

static int end_test(struct results_xml *xml) {
	struct junit *junit = xml->user;
	const struct results_finding failure = {
		.test = junit->name, .file = junit->file, .message = junit->message
	};

	junit->in_test = false;
	if (junit->failed) {
		junit->tests.failed++;
		see_failure(junit, xml->depth);
		return results_add(xml->reading, &failure);
	}
	if (junit->skipped) {
		junit->tests.skipped++;
	} else {
		junit->tests.passed++;
	}
	return 0;
}

static int on_end(struct results_xml *xml, const char *name) {
	struct junit *junit = xml->user;

	if (strcmp(name, "testcase") == 0) {
		return end_test(xml);
	}
	if (is_failure(name)) {
		junit->in_failure = false;
	}
	if (junit->is_suite[xml->depth] && junit->claimed[xml->depth] > 0 &&
		junit->seen[xml->depth] == 0) {
		/* It says that it broke, and no test in it did: it could not be loaded. */
		junit->tests.suites_failed++;
		see_failure(junit, xml->depth);
	}
	return 0;
}

static void on_text(struct results_xml *xml, const char *text, size_t len) {
	struct junit *junit = xml->user;
	size_t used = strlen(junit->message);

	if (junit->in_failure) {
		len = MIN(len, sizeof(junit->message) - 1 - used);
		memcpy(junit->message + used, text, len);
		junit->message[used + len] = '\0';
	}
}

int results_read_junit(struct results_reading *reading) {
	struct junit junit = { 0 };
	struct results_xml xml = {
		.reading = reading, .user = &junit, .start = on_start, .end = on_end, .text = on_text
	};
	int r = results_xml_read(&xml);

	if (r < 0) {
		return r;
	}
	junit.tests.duration_ms = (int64_t)(junit.seconds * 1000 + 0.5);
	return results_put_tests(reading, &junit.tests);
}
