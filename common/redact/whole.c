#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/redact/internal.h"
#include "common/text.h"

/* Nested deeper than any value that was parsed. */
#define JSON_DEPTH_MAX 64

/* Whether no rule can find anything in the text. Costs no memory but the words' own. */
static bool is_plain(const char *text, size_t len) {
	const struct lexicon *lexicon = lexicon_of_rules();

	if (lexicon == NULL || memchr(text, '@', len) != NULL || shadow_differs(text, len)) {
		return false;
	}
	return prefilter_next(lexicon->prefilter, text, 0, len) == len;
}

/* `out` gets the text without secrets. */
static int redact_whole(struct redactor *red, const char *text, size_t len, struct buffer *out) {
	int r = redactor_feed(red, text, len, out);

	return r < 0 ? r : redactor_end(red, out);
}

/* Appends the text without secrets to `out` when there are any. Returns: 1, there were; 0; -ENOMEM. */
static int redact_into(const char *text, size_t len, struct buffer *out, uint64_t *count) {
	_cleanup_(redactor_destroyp) struct redactor *red = NULL;
	int r;

	if (is_plain(text, len)) {
		return 0;
	}
	r = redactor_create(&red);
	if (r == 0) {
		r = redact_whole(red, text, len, out);
	}
	if (r < 0) {
		return -ENOMEM;
	}
	if (count != NULL) {
		*count += redactor_count(red);
	}
	return redactor_count(red) > 0;
}

int redact_text(char **text, uint64_t *count) {
	_cleanup_(buffer_finish) struct buffer out;
	char *clean;
	int r;

	buffer_init(&out, SIZE_MAX / 4);
	if (*text == NULL) {
		return 0;
	}
	r = redact_into(*text, strlen(*text), &out, count);
	if (r <= 0) {
		return r;
	}
	clean = buffer_steal(&out);
	if (clean == NULL) {
		return -ENOMEM;
	}
	free(*text);
	*text = clean;
	return 0;
}

int redact_array(char *text, size_t size, uint64_t *count) {
	_cleanup_(buffer_finish) struct buffer out;
	int r;

	buffer_init(&out, SIZE_MAX / 4);
	r = redact_into(text, strlen(text), &out, count);
	if (r > 0) {
		(void)text_copy(text, size, out.data);
	}
	return MIN(r, 0);
}

/* A member is judged as the line `"name": "text"` would be. */
static int redact_member(const char *name, json_t *string, uint64_t *count) {
	_cleanup_(buffer_finish) struct buffer line, out;
	const char *text = json_string_value(string);
	size_t value = strlen(name) + strlen("\"\": \"");
	int r;

	buffer_init(&line, SIZE_MAX / 4);
	buffer_init(&out, SIZE_MAX / 4);
	if (text == NULL) {
		return 0;
	}
	if (name_is_secret(name, strlen(name)) &&
		strncmp(text, REDACT_MARK, strlen(REDACT_MARK)) != 0) {
		r = buffer_appendf(&line, "\"%s\": \"%s", name, text);
		if (r < 0) {
			return r;
		}
		if (value_is_plausible(line.data, line.len, 1, strlen(name), value, strlen(text))) {
			*count += 1;
			return json_string_set(string, REDACT_MARK "secret]") < 0 ? -ENOMEM : 0;
		}
	}
	r = redact_into(text, strlen(text), &out, count);
	if (r > 0) {
		r = json_string_setn(string, out.data, out.len) < 0 ? -ENOMEM : 0;
	}
	return r;
}

static int redact_value(const char *name, json_t *value, int depth, uint64_t *count) {
	const char *key;
	json_t *child;
	size_t i;
	int r = 0;

	if (json_is_string(value)) {
		return redact_member(name, value, count);
	}
	if (depth == 0) {
		return -ENOMEM;
	}
	if (json_is_array(value)) {
		json_array_foreach(value, i, child) {
			r = r < 0 ? r : redact_value(name, child, depth - 1, count);
		}
		return r;
	}
	json_object_foreach(value, key, child) {
		r = r < 0 ? r : redact_value(key, child, depth - 1, count);
	}
	return r;
}

int redact_json(json_t *value, uint64_t *count) {
	uint64_t ignored = 0;

	return value == NULL
		? 0
		: redact_value("", value, JSON_DEPTH_MAX, count != NULL ? count : &ignored);
}

bool redact_finds(const char *text, size_t len, const char **ret_kind) {
	_cleanup_(redactor_destroyp) struct redactor *red = NULL;
	_cleanup_(buffer_finish) struct buffer out;

	buffer_init(&out, SIZE_MAX / 4);
	if (is_plain(text, len)) {
		return false;
	}
	if (redactor_create(&red) < 0 || redact_whole(red, text, len, &out) < 0) {
		*ret_kind = "unknown";
		return true;
	}
	if (red->count == 0) {
		return false;
	}
	*ret_kind = red->kind;
	return true;
}
