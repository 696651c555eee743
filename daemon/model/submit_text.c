#include "daemon/model/submit_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define CUT_LINE_MAX 80 /* room for the line that says what is missing */
/* So many large members are left out one by one; a context that is still too long then is a heap of small ones. */
#define CUT_MEMBERS_MAX 16

int submit_cut_log(char **text, size_t max_bytes) {
	size_t len = *text != NULL ? strlen(*text) : 0;
	size_t head, tail;
	char *cut;

	if (len <= max_bytes) {
		return 0;
	}
	head = text_cut(*text, (max_bytes - CUT_LINE_MAX) / 4);
	tail = len - (max_bytes - CUT_LINE_MAX - head);
	while (((unsigned char)(*text)[tail] & 0xC0) == 0x80) {
		tail++; /* not in the middle of a UTF-8 sequence */
	}
	cut = malloc(max_bytes + 1);
	if (cut == NULL) {
		return -ENOMEM;
	}
	(void)snprintf(cut, max_bytes + 1, "%.*s\n[... %zu bytes left out ...]\n%s", (int)head,
		*text, tail - head, *text + tail);
	free(*text);
	*text = cut;
	return 0;
}

static size_t json_bytes(const json_t *value) {
	return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

static const char *largest_member(json_t *object, size_t *ret_bytes) {
	const char *largest = NULL;
	const char *key;
	json_t *value;

	*ret_bytes = 0;
	json_object_foreach(object, key, value) {
		size_t bytes = json_bytes(value);

		if (largest == NULL || bytes > *ret_bytes) {
			*ret_bytes = bytes;
			largest = key;
		}
	}
	return largest;
}

static int drop_member(json_t *object, const char *key, size_t bytes) {
	char note[CUT_LINE_MAX];

	(void)snprintf(note, sizeof(note), "[left out: %zu bytes]", bytes);
	return json_object_set_new(object, key, json_string(note)) < 0 ? -ENOMEM : 0;
}

static int drop_largest(json_t *object, size_t max_bytes) {
	for (int i = 0; i < CUT_MEMBERS_MAX && json_bytes(object) > max_bytes; i++) {
		size_t bytes;
		const char *key = largest_member(object, &bytes);

		if (drop_member(object, key, bytes) < 0) {
			return -ENOMEM;
		}
	}
	if (json_bytes(object) <= max_bytes) {
		return 0;
	}
	(void)json_object_clear(object);
	return json_object_set_new(object, "note", json_string("[left out: too many members]")) < 0
		? -ENOMEM
		: 0;
}

int submit_cut_context(json_t **context, size_t max_bytes) {
	size_t total = *context != NULL ? json_bytes(*context) : 0;
	json_t *cut;

	if (total <= max_bytes) {
		return 0;
	}
	cut = json_copy(*context);
	if (cut == NULL || drop_largest(cut, max_bytes) < 0) {
		json_decref(cut);
		return -ENOMEM;
	}
	json_decref(*context);
	*context = cut;
	return 0;
}
