/*
 * SARIF 2.1.0 (OASIS), of linters and of security scanners. Snippets are never read; what was suppressed or is gone
 * does not count; a run whose results are missing, or that says it failed, did not complete.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/results_internal.h"

struct sarif {
	struct results_reading *reading;
	const json_t *rules; /* of the run being read */
	bool hides_messages; /* the run's tool looks for secrets: what it says may hold one */
	struct results_lint lint;
	struct results_security security;
};

static const json_t *find_rule(const struct sarif *sarif, const json_t *result, const char *id) {
	const json_t *index = json_object_get(result, "ruleIndex");
	const json_t *rule;
	size_t i;

	if (index == NULL) {
		index = json_object_get(json_object_get(result, "rule"), "index");
	}
	if (json_is_integer(index) && json_integer_value(index) >= 0) {
		return json_array_get(sarif->rules, (size_t)json_integer_value(index));
	}
	json_array_foreach((json_t *)sarif->rules, i, rule) {
		if (id[0] != '\0' && strcmp(results_string(rule, "id"), id) == 0) {
			return rule;
		}
	}
	return NULL;
}

/* 3.27.10: the result's, else the rule's, else "warning". */
static const char *level_of(const json_t *result, const json_t *rule) {
	const char *level = results_string(result, "level");

	if (level[0] == '\0') {
		level = results_string(json_object_get(rule, "defaultConfiguration"), "level");
	}
	return level[0] != '\0' ? level : "warning";
}

/* 3.27.23: suppressed unless one of the suppressions is under review or rejected. */
static bool is_suppressed(const json_t *result) {
	const json_t *suppressions = json_object_get(result, "suppressions");
	const json_t *suppression;
	size_t i;

	json_array_foreach((json_t *)suppressions, i, suppression) {
		const char *status = results_string(suppression, "status");

		if (status[0] != '\0' && strcmp(status, "accepted") != 0) {
			return false;
		}
	}
	return json_array_size(suppressions) > 0;
}

static bool counts(const json_t *result) {
	static const char *const harmless[] = { "pass", "notApplicable", "informational" };
	const char *kind = results_string(result, "kind");

	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		if (strcmp(kind, harmless[i]) == 0) {
			return false;
		}
	}
	return json_is_object(result) && !is_suppressed(result) &&
		strcmp(results_string(result, "baselineState"), "absent") != 0;
}

/* GitHub's "security-severity" is a CVSS score as a string. */
static enum results_rank rank_of(const json_t *rule, const char *level) {
	const char *score_text =
		results_string(json_object_get(rule, "properties"), "security-severity");
	double score = score_text[0] != '\0' ? strtod(score_text, NULL) : 0;

	if (!(score > 0)) {
		return results_rank(level);
	}
	return score >= 9    ? RANK_CRITICAL
		: score >= 7 ? RANK_HIGH
		: score >= 4 ? RANK_MODERATE
			     : RANK_LOW;
}

static const char *count_result(struct sarif *sarif, const json_t *rule, const char *level) {
	enum results_rank rank;

	if (sarif->reading->kind == RESULTS_SECURITY) {
		rank = rank_of(rule, level);
		sarif->security.ranks[rank]++;
		return results_rank_names[rank];
	}
	if (strcmp(level, "warning") == 0) {
		sarif->lint.warnings++;
		return "warning";
	}
	if (strcmp(level, "note") == 0 || strcmp(level, "none") == 0) {
		return "info";
	}
	sarif->lint.errors++;
	return "error";
}

static int read_result(struct sarif *sarif, const json_t *result) {
	const json_t *place = json_object_get(
		json_array_get(json_object_get(result, "locations"), 0), "physicalLocation");
	const json_t *text = json_object_get(json_object_get(result, "message"), "text");
	const char *id = results_string(result, "ruleId");
	const json_t *rule;
	struct results_finding finding = { 0 };

	id = id[0] != '\0' ? id : results_string(json_object_get(result, "rule"), "id");
	rule = find_rule(sarif, result, id);
	finding.severity = count_result(sarif, rule, level_of(result, rule));
	finding.file = results_string(json_object_get(place, "artifactLocation"), "uri");
	finding.line = results_number(json_object_get(place, "region"), "startLine");
	finding.column = results_number(json_object_get(place, "region"), "startColumn");
	finding.rule = id[0] != '\0' ? id : results_string(rule, "id");
	if (!sarif->hides_messages) {
		finding.message = json_string_value(text);
		finding.message_len = json_string_length(text);
	}
	return results_add(sarif->reading, &finding);
}

static bool looks_for_secrets(const char *tool) {
	static const char *const parts[] = { "leak", "secret", "hog", "credential" };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (strcasestr(tool, parts[i]) != NULL) {
			return true;
		}
	}
	return false;
}

static void check_run(struct sarif *sarif, const json_t *run, const char *tool) {
	const json_t *invocation;
	size_t i;

	json_array_foreach(json_object_get(run, "invocations"), i, invocation) {
		if (json_is_false(json_object_get(invocation, "executionSuccessful"))) {
			results_incomplete(sarif->reading, "%s says that it did not succeed", tool);
		}
	}
	/* 3.14.23: missing or null results mean that nothing was looked at. */
	if (!json_is_array(json_object_get(run, "results"))) {
		results_incomplete(sarif->reading, "%s has no results", tool);
	}
}

static int read_run(struct sarif *sarif, const json_t *run) {
	const json_t *driver = json_object_get(json_object_get(run, "tool"), "driver");
	json_t *result;
	size_t i;
	int r = 0;

	results_set_tool(sarif->reading, results_string(driver, "name"));
	sarif->rules = json_object_get(driver, "rules");
	sarif->hides_messages = looks_for_secrets(results_string(driver, "name"));
	sarif->lint.files += (int64_t)json_array_size(json_object_get(run, "artifacts"));
	check_run(sarif, run, sarif->reading->tool);
	json_array_foreach(json_object_get(run, "results"), i, result) {
		if (r == 0 && counts(result)) {
			r = read_result(sarif, result);
		}
	}
	return r;
}

int results_read_sarif(struct results_reading *reading) {
	const json_t *runs = json_object_get(reading->json, "runs");
	struct sarif sarif = { .reading = reading };
	json_t *run;
	size_t i;
	int r = 0;

	if (json_array_size(runs) == 0) {
		results_incomplete(reading, "it has no runs");
	}
	json_array_foreach((json_t *)runs, i, run) {
		r = r < 0 ? r : read_run(&sarif, run);
	}
	if (r < 0) {
		return r;
	}
	return reading->kind == RESULTS_SECURITY ? results_put_security(reading, &sarif.security)
						 : results_put_lint(reading, &sarif.lint);
}
