/* Checkstyle's XML, which many linters write: eslint, phpcs, ktlint, detekt, swiftlint, golangci-lint. */
#include <string.h>

#include "client/results_xml.h"
#include "common/text.h"

struct checkstyle {
	struct results_lint lint;
	char file[1024];
};

static int on_error(struct results_xml *xml, const char **attributes) {
	struct checkstyle *checkstyle = xml->user;
	const char *severity = results_attribute(attributes, "severity");
	struct results_finding finding = {
		.severity = "error",
		.file = checkstyle->file,
		.line = results_parse(results_attribute(attributes, "line")),
		.column = results_parse(results_attribute(attributes, "column")),
		.rule = results_attribute(attributes, "source"),
		.message = results_attribute(attributes, "message"),
	};

	/* A word we do not know is an error, as a missing one is. */
	if (severity != NULL && strcmp(severity, "ignore") == 0) {
		return 0;
	}
	if (severity != NULL && strcmp(severity, "info") == 0) {
		finding.severity = "info";
	} else if (severity != NULL && strcmp(severity, "warning") == 0) {
		finding.severity = "warning";
		checkstyle->lint.warnings++;
	} else {
		checkstyle->lint.errors++;
	}
	return results_add(xml->reading, &finding);
}

static int on_start(struct results_xml *xml, const char *name, const char **attributes) {
	struct checkstyle *checkstyle = xml->user;
	const char *file = results_attribute(attributes, "name");

	if (xml->depth == 1 && strcmp(name, "checkstyle") != 0) {
		return results_refuse(xml->reading, "its root is not <checkstyle>");
	}
	if (strcmp(name, "file") == 0) {
		checkstyle->lint.files++;
		TEXT_SET(checkstyle->file, file != NULL ? file : "");
	}
	return strcmp(name, "error") == 0 ? on_error(xml, attributes) : 0;
}

int results_read_checkstyle(struct results_reading *reading) {
	struct checkstyle checkstyle = { 0 };
	struct results_xml xml = { .reading = reading, .user = &checkstyle, .start = on_start };
	int r = results_xml_read(&xml);

	return r < 0 ? r : results_put_lint(reading, &checkstyle.lint);
}
