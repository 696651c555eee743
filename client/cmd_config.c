/*
 * config: the settings in force, as they would stand in a file, each with where it comes from.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"
#include "common/buffer.h"
#include "common/json_memory.h"
#include "common/text.h"

#define VALUE_MAX_BYTES (64 * 1024)
#define VALUE_COLUMN 48

/* The lists of sections in the document, and what each begins with. */
static const struct section {
	const char *list;
	const char *keyword;
	const char *title; /* the member that is its title */
} sections[] = {
	{ "agents", "agent", "name" },
	{ "forges", "forge", "name" },
	{ "projects", "project", "pattern" },
};

static const struct section *find_section(const char *member) {
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		if (strcmp(sections[i].list, member) == 0) {
			return &sections[i];
		}
	}
	return NULL;
}

/* Returns: 0; negative, too long or memory. */
static int put_text(struct buffer *out, const char *text) {
	static const char bare[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
	_cleanup_(freep) char *clean = print_one_line(text);
	bool quote = clean == NULL || clean[0] == '\0' || clean[strspn(clean, bare)] != '\0';
	int r = quote ? buffer_append_str(out, "\"") : 0;

	for (const char *c = clean; r == 0 && c != NULL && *c != '\0'; c++) {
		r = quote && (*c == '"' || *c == '\\') ? buffer_append_str(out, "\\") : 0;
		r = r < 0 ? r : buffer_append(out, c, 1);
	}
	return r == 0 && quote ? buffer_append_str(out, "\"") : r;
}

/* What this version knows no setting of is shown as it came. */
static int put_one(struct buffer *out, const json_t *value) {
	_cleanup_(freep) char *dumped = NULL;

	if (json_is_string(value)) {
		return put_text(out, json_string_value(value));
	}
	dumped = json_memory_dump(value, JSON_ENCODE_ANY | JSON_COMPACT);
	return dumped != NULL ? buffer_append_str(out, dumped) : -ENOMEM;
}

static int put_value(struct buffer *out, const json_t *value) {
	json_t *item;
	size_t i;
	int r;

	if (!json_is_array(value)) {
		return put_one(out, value);
	}
	r = buffer_append_str(out, "{");
	json_array_foreach((json_t *)value, i, item) {
		r = r < 0 ? r : buffer_append_str(out, i > 0 ? ", " : " ");
		r = r < 0 ? r : put_one(out, item);
	}
	return r < 0 ? r : buffer_append_str(out, " }");
}

/* What is not set is told as a comment. */
static void print_setting(
	const char *indent, const char *key, const json_t *value, const char *origin) {
	_cleanup_(buffer_finish) struct buffer text;
	bool is_set = !json_is_null(value) && (!json_is_array(value) || json_array_size(value) > 0);

	buffer_init(&text, VALUE_MAX_BYTES);
	if (buffer_appendf(&text, "%s%s%s = ", indent, is_set ? "" : "# ", key) < 0 ||
		(is_set && put_value(&text, value) < 0)) {
		return;
	}
	if (origin[0] != '\0') {
		print_plain("%-*s # %s", VALUE_COLUMN, text.data, origin);
	} else {
		print_plain("%s", text.data);
	}
}

static void print_section(const struct section *section, const json_t *values, const json_t *origins) {
	_cleanup_(buffer_finish) struct buffer title;
	const char *key;
	json_t *value;

	buffer_init(&title, VALUE_MAX_BYTES);
	if (put_text(&title, json_text(values, section->title)) < 0) {
		return;
	}
	printf("%s %s {\n", section->keyword, title.data);
	json_object_foreach((json_t *)values, key, value) {
		if (strcmp(key, section->title) != 0) {
			print_setting("    ", key, value, json_text(origins, key));
		}
	}
	printf("}\n");
}

static void print_config(const json_t *config, const json_t *origins) {
	const char *key;
	json_t *value, *item;
	size_t i;

	json_object_foreach((json_t *)config, key, value) {
		const struct section *section = find_section(key);

		if (section == NULL) {
			print_setting("", key, value, json_text(origins, key));
			continue;
		}
		json_array_foreach(value, i, item) {
			print_section(
				section, item, json_array_get(json_object_get(origins, key), i));
		}
	}
}

int cmd_config(const struct invocation *inv) {
	json_t *answer = NULL, *config, *origins;
	int r = request_once(inv, "GetConfig", json_object(), &answer);

	if (r != 0) {
		return r;
	}
	config = json_object_get(answer, "config");
	origins = json_object_get(answer, "origins");
	if (!json_is_object(config)) {
		r = failure_report(FAILURE_PROTOCOL, NULL, "the daemon's answer has no settings");
	} else if (!inv->json) {
		print_config(config, origins);
	} else if (origins != NULL && json_object_set(config, "origins", origins) < 0) {
		r = failure_report(FAILURE_FAILED, NULL, "out of memory");
	} else {
		r = request_print_json(config);
	}
	json_decref(answer);
	return r;
}
