#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/redact/internal.h"
#include "common/text.h"

/* Nested deeper than any value that was parsed. */
#define JSON_DEPTH_MAX 64

/* Whether nothing can be found in the text. Costs no memory but the words' own. */
static bool is_plain(const struct prefilter *filter, const char *text, size_t len) {
	return memchr(text, '@', len) == NULL && !shadow_differs(text, len) &&
		prefilter_next(filter, text, 0, len) == len;
}

static bool is_plain_to_rules(const char *text, size_t len) {
	const struct lexicon *lexicon = lexicon_of_rules();

	return lexicon != NULL && is_plain(lexicon->prefilter, text, len);
}

/* `out` gets the text without secrets. */
static int redact_whole(struct redactor *red, const char *text, size_t len, struct buffer *out) {
	int r = redactor_feed(red, text, len, out);

	return r < 0 ? r : redactor_end(red, out);
}

/* Appends the text without secrets to `out` when there are any. Returns: 1, there were; 0; -ENOMEM. */
static int redact_into(struct redactor *red, const char *text, size_t len, struct buffer *out) {
	uint64_t before = redactor_count(red);
	int r = redactor_start(red);

	if (r < 0 || is_plain(red->prefilter, text, len)) {
		return r;
	}
	return redact_whole(red, text, len, out) < 0 ? -ENOMEM : redactor_count(red) > before;
}

int redactor_text(struct redactor *red, char **text) {
	_cleanup_(buffer_finish) struct buffer out;
	char *clean;
	int r;

	buffer_init(&out, SIZE_MAX / 4);
	if (*text == NULL) {
		return 0;
	}
	r = redact_into(red, *text, strlen(*text), &out);
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

static void add_count(uint64_t *count, const struct redactor *red) {
	if (count != NULL) {
		*count += redactor_count(red);
	}
}

int redact_text(char **text, uint64_t *count) {
	_cleanup_(redactor_destroyp) struct redactor *red = NULL;
	int r;

	if (*text == NULL || is_plain_to_rules(*text, strlen(*text))) {
		return 0;
	}
	r = redactor_create(&red);
	r = r < 0 ? r : redactor_text(red, text);
	if (r == 0) {
		add_count(count, red);
	}
	return r;
}

int redactor_array(struct redactor *red, char *text, size_t size) {
	_cleanup_(buffer_finish) struct buffer out;
	int r;

	buffer_init(&out, SIZE_MAX / 4);
	r = redact_into(red, text, strlen(text), &out);
	if (r > 0) {
		(void)text_copy(text, size, out.data);
	}
	return MIN(r, 0);
}

int redact_array(char *text, size_t size, uint64_t *count) {
	_cleanup_(redactor_destroyp) struct redactor *red = NULL;
	int r;

	if (is_plain_to_rules(text, strlen(text))) {
		return 0;
	}
	r = redactor_create(&red);
	r = r < 0 ? r : redactor_array(red, text, size);
	if (r == 0) {
		add_count(count, red);
	}
	return r;
}

/* Whether `"name": "text"` would be a secret in a line. Returns: 1; 0; -ENOMEM. */
static int is_secret_member(const char *name, const char *text) {
	_cleanup_(buffer_finish) struct buffer line;
	size_t value = strlen(name) + strlen("\"\": \"");
	int r;

	buffer_init(&line, SIZE_MAX / 4);
	if (!name_is_secret(name, strlen(name)) ||
		(*text != '\0' && mark_len(text, strlen(text)) == strlen(text))) {
		return 0;
	}
	r = buffer_appendf(&line, "\"%s\": \"%s", name, text);
	return r < 0 ? r
		     : value_is_plausible(line.data, line.len, 1, strlen(name), value, strlen(text));
}

static int redact_member(struct redactor *red, const char *name, json_t *string) {
	_cleanup_(buffer_finish) struct buffer out;
	int r = is_secret_member(name, json_string_value(string));

	buffer_init(&out, SIZE_MAX / 4);
	if (r > 0) {
		red->count++;
		return json_string_set(string, REDACT_MARK "secret]") < 0 ? -ENOMEM : 0;
	}
	r = r < 0 ? r : redact_into(red, json_string_value(string), json_string_length(string), &out);
	if (r > 0) {
		r = json_string_setn(string, out.data, out.len) < 0 ? -ENOMEM : 0;
	}
	return r;
}

static int redact_value(struct redactor *red, const char *name, json_t *value, int depth) {
	const char *key;
	json_t *child;
	size_t i;
	int r = 0;

	if (json_is_string(value)) {
		return redact_member(red, name, value);
	}
	if (depth == 0) {
		return -ENOMEM;
	}
	if (json_is_array(value)) {
		json_array_foreach(value, i, child) {
			r = r < 0 ? r : redact_value(red, name, child, depth - 1);
		}
		return r;
	}
	json_object_foreach(value, key, child) {
		r = r < 0 ? r : redact_value(red, key, child, depth - 1);
	}
	return r;
}

int redactor_json(struct redactor *red, json_t *value) {
	return value == NULL ? 0 : redact_value(red, "", value, JSON_DEPTH_MAX);
}

int redact_json(json_t *value, uint64_t *count) {
	_cleanup_(redactor_destroyp) struct redactor *red = NULL;
	int r = value == NULL ? 0 : redactor_create(&red);

	if (r < 0 || value == NULL) {
		return r;
	}
	r = redactor_json(red, value);
	add_count(count, red);
	return r;
}

bool redact_finds(const char *text, size_t len, const char **ret_kind) {
	_cleanup_(redactor_destroyp) struct redactor *red = NULL;
	_cleanup_(buffer_finish) struct buffer out;

	buffer_init(&out, SIZE_MAX / 4);
	if (is_plain_to_rules(text, len)) {
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
