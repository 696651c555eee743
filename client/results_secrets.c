/*
 * TruffleHog's lines and gitleaks' JSON. Of a finding the rule and the place are kept; whatever may be the secret
 * (Raw, RawV2, Redacted, SecretParts, ExtraData, Secret, Match, Line, ...) is not even looked at, and its memory
 * is overwritten when it is freed (results.c).
 */
#include <string.h>

#include "client/results_internal.h"
#include "common/json_memory.h"

/* TruffleHog */

struct trufflehog {
	struct results_reading *reading;
	struct results_security security;
};

/* Data has one member: Git, Filesystem, Github, ... */
static const json_t *place_of(const json_t *finding) {
	json_t *data = json_object_get(json_object_get(finding, "SourceMetadata"), "Data");

	return json_object_iter_value(json_object_iter(data));
}

static int add_secret(struct trufflehog *trufflehog, const json_t *line) {
	const json_t *place = place_of(line);
	bool verified = json_is_true(json_object_get(line, "Verified"));
	const struct results_finding finding = {
		.severity = results_rank_names[verified ? RANK_CRITICAL : RANK_UNKNOWN],
		.file = results_string(place, "file"),
		.line = results_number(place, "line"),
		.rule = results_string(line, "DetectorName"),
		.message = verified ? "a secret that works" : "what looks like a secret",
	};

	trufflehog->security.ranks[verified ? RANK_CRITICAL : RANK_UNKNOWN]++;
	trufflehog->security.verified += verified;
	return results_add(trufflehog->reading, &finding);
}

static int read_line(struct trufflehog *trufflehog, const json_t *line) {
	const char *level = results_string(line, "level");

	if (json_object_get(line, "DetectorName") != NULL) {
		return add_secret(trufflehog, line);
	}
	/* Its log, when standard error went into the same file. */
	if (strncmp(level, "error", strlen("error")) == 0 ||
		strncmp(level, "fatal", strlen("fatal")) == 0) {
		results_incomplete(trufflehog->reading, "trufflehog logged an error");
	} else if (level[0] == '\0') {
		results_incomplete(trufflehog->reading, "a line of it is no result of trufflehog");
	}
	return 0;
}

static int on_line(void *user, char *text, size_t len) {
	struct trufflehog *trufflehog = user;
	json_t *line;
	int r;

	if (text[strspn(text, " \t")] == '\0' && strlen(text) == len) {
		return 0;
	}
	line = json_memory_load(text, len, JSON_ALLOW_NUL);
	if (!json_is_object(line)) {
		/* Perhaps the scanner was killed. What it found before still counts. */
		results_incomplete(trufflehog->reading, "a line of it is no valid JSON");
		json_decref(line);
		return 0;
	}
	r = read_line(trufflehog, line);
	json_decref(line);
	return r;
}

int results_read_trufflehog(struct results_reading *reading) {
	struct trufflehog trufflehog = { .reading = reading };
	bool whole = false;
	int r = results_source_lines(reading->source, on_line, &trufflehog, &whole);

	return r < 0 ? r : results_put_security(reading, &trufflehog.security);
}

/* gitleaks */

int results_read_gitleaks(struct results_reading *reading) {
	struct results_security security = { 0 };
	json_t *leak;
	size_t i;
	int r = 0;

	json_array_foreach(reading->json, i, leak) {
		const struct results_finding finding = {
			.severity = results_rank_names[RANK_UNKNOWN],
			.file = results_string(leak, "File"),
			.line = results_number(leak, "StartLine"),
			.column = results_number(leak, "StartColumn"),
			.rule = results_string(leak, "RuleID"),
			.message = "what looks like a secret",
		};

		security.ranks[RANK_UNKNOWN]++;
		r = r < 0 ? r : results_add(reading, &finding);
	}
	return r < 0 ? r : results_put_security(reading, &security);
}
