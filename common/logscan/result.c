#include "common/logscan/result.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/logscan/excerpt.h"

static const char *const stage_names[] = {
	[STAGE_INSTALL] = "install",
	[STAGE_LINT] = "lint",
	[STAGE_TYPE_CHECK] = "type_check",
	[STAGE_BUILD] = "build",
	[STAGE_TEST] = "test",
	[STAGE_SECURITY] = "security",
	[STAGE_DEPLOY] = "deploy",
	[STAGE_OTHER] = "other",
};

static const char *const cause_names[] = {
	[CAUSE_LINT] = "lint",
	[CAUSE_TYPE] = "type",
	[CAUSE_COMPILE] = "compile",
	[CAUSE_TEST] = "test",
	[CAUSE_SECRET] = "secret",
	[CAUSE_VULNERABILITY] = "vulnerability",
	[CAUSE_DEPENDENCY] = "dependency",
	[CAUSE_CONFIG] = "config",
	[CAUSE_RESOURCE] = "resource",
	[CAUSE_NETWORK] = "network",
	[CAUSE_TIMEOUT] = "timeout",
	[CAUSE_PERMISSION] = "permission",
	[CAUSE_UNKNOWN] = "unknown",
	[CAUSE_NONE] = "none",
};

static const char *const severity_names[] = {
	[SEVERITY_ERROR] = "error",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_INFO] = "info",
};

const char *logscan_stage_name(enum logscan_stage stage) {
	return stage_names[stage];
}

const char *logscan_cause_name(enum logscan_cause cause) {
	return cause_names[cause];
}

const char *logscan_severity_name(enum logscan_severity severity) {
	return severity_names[severity];
}

void logscan_result_finish(struct logscan_result *result) {
	for (size_t i = 0; i < result->n_findings; i++) {
		free(result->findings[i].file);
		free(result->findings[i].rule);
		free(result->findings[i].message);
		free(result->findings[i].test);
	}
	free(result->findings);
	free(result->headline);
	free(result->excerpt);
	memset(result, 0, sizeof(*result));
}

static char *copy_or_null(const char *text, bool *failed) {
	char *copy = text != NULL ? strdup(text) : NULL;

	*failed = *failed || (text != NULL && copy == NULL);
	return copy;
}

/* Behind a file a place, behind a name what is said of it, behind a message an arrow. */
static const char *separator(const struct evidence *evidence, const char *text) {
	if (*text >= '0' && *text <= '9') {
		return ":";
	}
	return (evidence->row->flags & ROW_LINE_ABOVE) != 0 && isalpha((unsigned char)*text) ? ", "
											     : " ";
}

/* With what stands above it, on one line: "src/a.js:3:7 error ...". NULL: memory. */
static char *headline_text(const struct evidence *evidence) {
	const char *text = evidence->text, *above = evidence->above;
	char *joined = NULL;

	while (*text == ' ' || *text == '\t') {
		text++;
	}
	if (above == NULL || (evidence->row->flags & (ROW_FILE_ABOVE | ROW_LINE_ABOVE)) == 0) {
		return strdup(text);
	}
	return asprintf(&joined, "%s%s%s", above, separator(evidence, text), text) < 0 ? NULL
										       : joined;
}

/* What is wrong: its own words, or with those of the line above it that names what is meant. */
static char *message_text(const struct evidence *evidence) {
	bool is_above = (evidence->row->flags & ROW_LINE_ABOVE) != 0 && evidence->above != NULL;

	if (is_above && evidence->file != NULL) {
		return strdup(evidence->above);
	}
	if (is_above) {
		return headline_text(evidence);
	}
	return strdup(evidence->message != NULL ? evidence->message : evidence->text);
}

static bool fill_findings(const struct evidences *evidences, const struct decision *decision,
	struct logscan_result *result) {
	bool failed = false;

	result->findings = calloc(evidences->n + 1, sizeof(*result->findings));
	for (size_t i = 0; result->findings != NULL && i < evidences->n; i++) {
		const struct evidence *evidence = evidences->all[i];
		struct logscan_finding *finding = &result->findings[result->n_findings];

		if (!decision->failed || !decision_holds(decision, evidence) ||
			evidence->row->role != ROLE_FINDING || evidence->weight < WEIGHT_SENTENCE) {
			continue;
		}
		result->n_findings++;
		finding->tool = evidence->tool;
		finding->severity = evidence_is_error(evidence) ? SEVERITY_ERROR : SEVERITY_WARNING;
		finding->file = copy_or_null(evidence->file, &failed);
		finding->line = evidence->line;
		finding->column = evidence->column;
		finding->rule = copy_or_null(evidence->rule, &failed);
		finding->message = message_text(evidence);
		failed = failed || finding->message == NULL;
		finding->test = copy_or_null(evidence->test, &failed);
		finding->log_line = evidence->log_line;
	}
	return result->findings != NULL && !failed;
}

int result_make(const struct evidences *evidences, const struct decision *decision,
	struct logscan_result *ret_result) {
	struct logscan_result result = {
		.failed = decision->failed,
		.error_type = decision->type,
		.stage = decision->stage,
		.cause = decision->cause,
		.confidence = decision->confidence,
		.n_findings_seen = evidences->n_seen,
	};
	bool failed = false;
	int r;

	fingerprint_make(decision, result.fingerprint);
	if (decision->headline != NULL) {
		result.headline_line = decision->headline->log_line;
		result.headline = headline_text(decision->headline);
		failed = result.headline == NULL;
	} else if (decision->sentence[0] != '\0') {
		result.headline = strdup(decision->sentence);
		failed = result.headline == NULL;
	}
	r = excerpt_make(evidences, decision, &result.excerpt, &result.n_excerpt_lines);
	if (r < 0 || failed || !fill_findings(evidences, decision, &result)) {
		logscan_result_finish(&result);
		return -ENOMEM;
	}
	*ret_result = result;
	return 0;
}
