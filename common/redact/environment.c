#include <errno.h>
#include <string.h>

#include "common/redact/internal.h"

int redactor_add_value(struct redactor *red, const char *value) {
	size_t len = strlen(value);

	if (len < REDACT_VALUE_MIN_BYTES) {
		return 0;
	}
	if (red->n_values == REDACT_VALUES_MAX) {
		return -E2BIG;
	}
	red->n_values++;
	return value_add(red, value, len);
}

/*
 * Words that stand in a variable with a secret's name and in any log: "production", a path, a URL without
 * credentials.
 */
static bool is_ordinary(const char *value) {
	bool letters = true;

	for (const char *p = value; *p != '\0'; p++) {
		letters = letters && ((*p >= 'a' && *p <= 'z') || *p == '-' || *p == '_');
	}
	return (letters && strlen(value) < 16) ||
		(value[0] == '/' && strchr(value + 1, '/') != NULL) ||
		(strstr(value, "://") != NULL && strchr(value, '@') == NULL &&
			strstr(value, "hook") == NULL);
}

int redactor_add_environment(struct redactor *red, char *const *environ) {
	for (; *environ != NULL; environ++) {
		const char *equals = strchr(*environ, '=');
		int r;

		if (equals == NULL || !name_is_secret(*environ, (size_t)(equals - *environ)) ||
			is_ordinary(equals + 1)) {
			continue;
		}
		r = redactor_add_value(red, equals + 1);
		if (r == -E2BIG) {
			return 0;
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}
