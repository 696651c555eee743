#include "daemon/forge/github_json.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/text.h"

#define SHA_LEN_MIN 40
#define SHA_LEN_MAX 64

const char *const github_conclusion_words[] = {
	[GITHUB_CONCLUSION_UNREAD] = "",
	[GITHUB_CONCLUSION_NONE] = "",
	[GITHUB_CONCLUSION_ACTION_REQUIRED] = "ACTION_REQUIRED",
	[GITHUB_CONCLUSION_CANCELLED] = "CANCELLED",
	[GITHUB_CONCLUSION_FAILURE] = "FAILURE",
	[GITHUB_CONCLUSION_NEUTRAL] = "NEUTRAL",
	[GITHUB_CONCLUSION_SKIPPED] = "SKIPPED",
	[GITHUB_CONCLUSION_STALE] = "STALE",
	[GITHUB_CONCLUSION_STARTUP_FAILURE] = "STARTUP_FAILURE",
	[GITHUB_CONCLUSION_SUCCESS] = "SUCCESS",
	[GITHUB_CONCLUSION_TIMED_OUT] = "TIMED_OUT",
};

const char *const github_merge_state_words[] = {
	[GITHUB_MERGE_STATE_UNREAD] = "",
	[GITHUB_MERGE_STATE_BEHIND] = "BEHIND",
	[GITHUB_MERGE_STATE_BLOCKED] = "BLOCKED",
	[GITHUB_MERGE_STATE_CLEAN] = "CLEAN",
	[GITHUB_MERGE_STATE_DIRTY] = "DIRTY",
	[GITHUB_MERGE_STATE_DRAFT] = "DRAFT",
	[GITHUB_MERGE_STATE_HAS_HOOKS] = "HAS_HOOKS",
	[GITHUB_MERGE_STATE_UNKNOWN] = "UNKNOWN",
	[GITHUB_MERGE_STATE_UNSTABLE] = "UNSTABLE",
};

const char *const github_mergeable_words[] = {
	[GITHUB_MERGEABLE_UNREAD] = "",
	[GITHUB_MERGEABLE_CONFLICTING] = "CONFLICTING",
	[GITHUB_MERGEABLE_MERGEABLE] = "MERGEABLE",
	[GITHUB_MERGEABLE_UNKNOWN] = "UNKNOWN",
};

const char *const github_review_words[] = {
	[GITHUB_REVIEW_UNREAD] = "",
	[GITHUB_REVIEW_NONE] = "",
	[GITHUB_REVIEW_APPROVED] = "APPROVED",
	[GITHUB_REVIEW_CHANGES_REQUESTED] = "CHANGES_REQUESTED",
	[GITHUB_REVIEW_COMMENTED] = "COMMENTED",
	[GITHUB_REVIEW_DISMISSED] = "DISMISSED",
	[GITHUB_REVIEW_PENDING] = "PENDING",
	[GITHUB_REVIEW_REVIEW_REQUIRED] = "REVIEW_REQUIRED",
};

const char *const github_status_words[] = {
	[GITHUB_STATUS_UNREAD] = "",
	[GITHUB_STATUS_COMPLETED] = "COMPLETED",
	[GITHUB_STATUS_EXPECTED] = "EXPECTED",
	[GITHUB_STATUS_IN_PROGRESS] = "IN_PROGRESS",
	[GITHUB_STATUS_PENDING] = "PENDING",
	[GITHUB_STATUS_QUEUED] = "QUEUED",
	[GITHUB_STATUS_REQUESTED] = "REQUESTED",
	[GITHUB_STATUS_WAITING] = "WAITING",
};

/* Before the parser recurses: brackets outside of strings. */
static bool is_too_deep(const char *body, size_t len) {
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = body[i];

		if (in_string) {
			i += c == '\\';
			in_string = c != '"';
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			depth++;
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
		}
		if (depth > LIMIT_GITHUB_JSON_DEPTH) {
			return true;
		}
	}
	return false;
}

int github_json_load(const char *body, size_t len, json_t **ret_value) {
	json_error_t error;
	json_t *value;

	if (is_too_deep(body, len)) {
		return -EBADMSG;
	}
	value = json_loadb(body, len, JSON_REJECT_DUPLICATES, &error);
	if (value == NULL) {
		return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
	}
	*ret_value = value;
	return 0;
}

int github_json_word(const json_t *value, const char *const *words, size_t n) {
	const char *text = json_string_value(value);

	for (size_t i = 1; text != NULL && text[0] != '\0' && i < n; i++) {
		if (strcasecmp(text, words[i]) == 0) {
			return (int)i;
		}
	}
	return 0;
}

bool github_json_text(const json_t *value, char *out, size_t size) {
	_cleanup_(freep) char *clean = NULL;
	const char *text = json_string_value(value);

	out[0] = '\0';
	if (text == NULL) {
		return false;
	}
	if (text_is_name(text, size)) {
		return text_copy(out, size, text);
	}
	clean = text_clean(text, strlen(text));
	(void)text_copy(out, size, clean);
	/* One line: what is shown in a sentence or a table. */
	for (char *c = out; *c != '\0'; c++) {
		*c = *c == '\n' || *c == '\t' ? ' ' : *c;
	}
	return false;
}

void github_json_sha(const json_t *value, char out[LIMIT_COMMIT_MAX]) {
	const char *text = json_string_value(value);
	size_t len = text != NULL ? strlen(text) : 0;

	out[0] = '\0';
	for (size_t i = 0; i < len; i++) {
		if (!isxdigit((unsigned char)text[i])) {
			return;
		}
	}
	if (len >= SHA_LEN_MIN && len <= SHA_LEN_MAX) {
		(void)text_copy(out, LIMIT_COMMIT_MAX, text);
	}
}

int64_t github_json_count(const json_t *value) {
	return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
									: -1;
}

int64_t github_json_id(const json_t *value) {
	return MAX(github_json_count(value), 0);
}

int64_t github_json_time(const json_t *value) {
	const char *text = json_string_value(value);
	int64_t ms = 0;

	return text != NULL && clock_parse(text, &ms) == 0 && ms > 0 ? ms : 0;
}

enum github_answer github_json_answer(const json_t *value) {
	if (!json_is_boolean(value)) {
		return GITHUB_UNKNOWN;
	}
	return json_is_true(value) ? GITHUB_YES : GITHUB_NO;
}

const json_t *github_json_at(const json_t *value, ...) {
	const char *name;
	va_list args;

	va_start(args, value);
	while ((name = va_arg(args, const char *)) != NULL && value != NULL) {
		value = json_object_get(value, name);
	}
	va_end(args);
	return value;
}

enum github_conclusion github_json_conclusion(const json_t *value) {
	if (json_is_null(value)) {
		return GITHUB_CONCLUSION_NONE;
	}
	return (enum github_conclusion)github_json_word(
		value, github_conclusion_words, GITHUB_CONCLUSION_COUNT);
}

void github_json_state(const json_t *value, enum github_status *ret_status,
	enum github_conclusion *ret_conclusion) {
	static const struct {
		const char *word;
		enum github_status status;
		enum github_conclusion conclusion;
	} states[] = {
		{ "ERROR", GITHUB_STATUS_COMPLETED, GITHUB_CONCLUSION_FAILURE },
		{ "EXPECTED", GITHUB_STATUS_EXPECTED, GITHUB_CONCLUSION_NONE },
		{ "FAILURE", GITHUB_STATUS_COMPLETED, GITHUB_CONCLUSION_FAILURE },
		{ "PENDING", GITHUB_STATUS_PENDING, GITHUB_CONCLUSION_NONE },
		{ "SUCCESS", GITHUB_STATUS_COMPLETED, GITHUB_CONCLUSION_SUCCESS },
	};
	const char *text = json_string_value(value);

	*ret_status = GITHUB_STATUS_UNREAD;
	*ret_conclusion = GITHUB_CONCLUSION_UNREAD;
	for (size_t i = 0; text != NULL && i < ARRAY_SIZE(states); i++) {
		if (strcasecmp(text, states[i].word) == 0) {
			*ret_status = states[i].status;
			*ret_conclusion = states[i].conclusion;
		}
	}
}
