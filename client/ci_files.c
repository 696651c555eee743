#include <stdlib.h>
#include <string.h>

#include "client/ci_source.h"
#include "client/file.h"
#include "common/json_memory.h"
#include "common/text.h"

#define PATH_STEP_MAX 64
#define CONDITION_MAX 96

void ci_files_finish(struct ci_files *files) {
	json_decref(files->event);
	free(files->properties);
	files->event = NULL;
	files->properties = NULL;
}

static const char *variable(const char *name) {
	const char *value = getenv(name);

	return value == NULL || value[0] == '\0' || strcmp(value, "false") == 0 ? NULL : value;
}

static const json_t *event(struct ci_files *files) {
	_cleanup_(freep) char *text = NULL;
	const char *path = variable("GITHUB_EVENT_PATH");
	size_t len = 0;

	if (files->event_read || path == NULL) {
		return files->event;
	}
	files->event_read = true;
	if (file_read_whole(path, FILE_REGULAR, CLIENT_EVENT_MAX_BYTES, files->deadline_us, &text,
		    &len) == 0) {
		files->event = json_memory_load(text, len, 0);
	}
	return files->event;
}

/* A member or an element at "a.0.b". */
static const json_t *walk(const json_t *value, const char *path) {
	while (value != NULL && path[0] != '\0') {
		size_t len = strcspn(path, ".");
		char step[PATH_STEP_MAX];
		int64_t index;

		if (!text_format(step, sizeof(step), "%.*s", (int)len, path)) {
			return NULL;
		}
		if (json_is_array(value)) {
			value = text_to_int(step, &index) == 0 && index >= 0
				? json_array_get(value, (size_t)index)
				: NULL;
		} else {
			value = json_object_get(value, step);
		}
		path += len + (path[len] == '.');
	}
	return value;
}

static bool from_event(struct ci_files *files, const char *path, char *out, size_t size) {
	const json_t *value = walk(event(files), path);

	if (json_is_integer(value)) {
		return text_format(out, size, "%lld", (long long)json_integer_value(value));
	}
	return json_is_string(value) && text_copy(out, size, json_string_value(value));
}

/*
 * A value of a Java properties file. Only what TeamCity writes: a line each, "\" before what would mean something else.
 * Returns whether the key is there.
 */
static bool from_properties(const char *text, const char *key, char *out, size_t size) {
	size_t key_len = strlen(key), n = 0;

	while (text != NULL && (strncmp(text, key, key_len) != 0 || text[key_len] != '=')) {
		text = strchr(text, '\n');
		text += text != NULL;
	}
	if (text == NULL) {
		return false;
	}
	for (text += key_len + 1; text[0] != '\0' && text[0] != '\n' && text[0] != '\r'; text++) {
		text += text[0] == '\\' && text[1] != '\0';
		if (n + 1 >= size || text[0] == '\n') {
			return false;
		}
		out[n++] = text[0];
	}
	out[n] = '\0';
	return n > 0;
}

static char *read_properties(const char *path, int64_t deadline_us) {
	char *text = NULL;
	size_t len;

	(void)!file_read_whole(
		path, FILE_REGULAR, CLIENT_PROPERTIES_MAX_BYTES, deadline_us, &text, &len);
	return text;
}

/* Those of the build name the file with those of its configuration, which hold the branch. */
static const char *properties(struct ci_files *files) {
	_cleanup_(freep) char *build = NULL;
	const char *path = variable("TEAMCITY_BUILD_PROPERTIES_FILE");
	char next[CLIENT_URL_MAX];

	if (files->properties_read || path == NULL) {
		return files->properties;
	}
	files->properties_read = true;
	build = read_properties(path, files->deadline_us);
	if (build != NULL &&
		from_properties(build, "teamcity.configuration.properties.file", next, sizeof(next))) {
		files->properties = read_properties(next, files->deadline_us);
	}
	if (files->properties == NULL) {
		files->properties = TAKE_PTR(build);
	}
	return files->properties;
}

static bool look_up(const char *name, struct ci_files *files, char *out, size_t size) {
	static const char event_prefix[] = "event:", property_prefix[] = "property:";
	const char *value;

	if (strncmp(name, event_prefix, strlen(event_prefix)) == 0) {
		return from_event(files, name + strlen(event_prefix), out, size) && out[0] != '\0';
	}
	if (strncmp(name, property_prefix, strlen(property_prefix)) == 0) {
		return from_properties(properties(files), name + strlen(property_prefix), out, size);
	}
	value = variable(name);
	return value != NULL && text_copy(out, size, value);
}

bool ci_expand(const char *pattern, struct ci_files *files, char *out, size_t size) {
	size_t n = 0;

	while (pattern[0] != '\0') {
		size_t len = strcspn(pattern, "{");
		char name[CONDITION_MAX];

		if (len >= size - n) {
			return false;
		}
		memcpy(out + n, pattern, len);
		n += len;
		pattern += len;
		out[n] = '\0';
		if (pattern[0] == '\0') {
			break;
		}
		len = strcspn(pattern, "}");
		if (!text_format(name, sizeof(name), "%.*s", (int)len - 1, pattern + 1) ||
			!look_up(name, files, out + n, size - n)) {
			return false;
		}
		n += strlen(out + n);
		pattern += len + (pattern[len] == '}');
	}
	return n > 0;
}

/* The first that matches: the longer ones stand before what they begin with. */
static const struct operator_row {
	const char *sign;
	bool wanted;
	bool prefix;
} operators[] = {
	{ "!=", false, false },
	{ "!^", false, true },
	{ "^=", true, true },
	{ "=", true, false },
};

static bool holds(char *condition, struct ci_files *files) {
	bool negative = condition[0] == '!';
	char value[CLIENT_URL_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		char *sign = strstr(condition + 1, operators[i].sign);
		const char *other;

		if (sign == NULL) {
			continue;
		}
		sign[0] = '\0';
		other = sign + strlen(operators[i].sign);
		return (look_up(condition, files, value, sizeof(value)) &&
			       strncmp(value, other,
				       operators[i].prefix ? strlen(other) : sizeof(value)) == 0) ==
			operators[i].wanted;
	}
	return look_up(condition + negative, files, value, sizeof(value)) != negative;
}

bool ci_holds(const char *conditions, struct ci_files *files) {
	while (conditions != NULL && conditions[0] != '\0') {
		size_t len = strcspn(conditions, ",");
		char one[CONDITION_MAX];

		if (!text_format(one, sizeof(one), "%.*s", (int)len, conditions) ||
			!holds(one, files)) {
			return false;
		}
		conditions += len + (conditions[len] == ',');
	}
	return true;
}
