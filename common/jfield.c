#include "common/jfield.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/text.h"

static void *member_of(const struct jfield *field, void *out) {
	return (char *)out + field->offset;
}

static const void *const_member_of(const struct jfield *field, const void *in) {
	return (const char *)in + field->offset;
}

/* The value as a C string; NULL: not a string, or a NUL inside would cut it. */
static const char *plain_string(const json_t *value) {
	const char *str = json_string_value(value);

	return str != NULL && strlen(str) == json_string_length(value) ? str : NULL;
}

static int decode_text(const struct jfield *field, const char *str, char *member) {
	size_t len = strlen(str);

	if (len >= field->size) {
		return -EINVAL;
	}
	memcpy(member, str, len + 1);
	return 0;
}

static int decode_string(const char *str, char **member) {
	char *copy = strdup(str);

	if (copy == NULL) {
		return -ENOMEM;
	}
	free(*member);
	*member = copy;
	return 0;
}

static int decode_enum(const struct jfield *field, const char *str, int *member) {
	assert(field->size == sizeof(int));
	for (int i = 0; field->names[i] != NULL; i++) {
		if (strcmp(field->names[i], str) == 0) {
			*member = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int decode_from_string(const struct jfield *field, const char *str, void *member) {
	switch (field->type) {
	case JFIELD_TEXT: return decode_text(field, str, member);
	case JFIELD_STRING: return decode_string(str, member);
	case JFIELD_TIME: return clock_parse(str, member);
	case JFIELD_ENUM: return decode_enum(field, str, member);
	case JFIELD_ID: return id_parse((enum id_kind)field->id_kind, str, member);
	case JFIELD_INT:
	case JFIELD_BOOL:
	case JFIELD_JSON:
	case JFIELD_OBJECT: break;
	}
	return -EINVAL;
}

static int decode_json(json_t *value, json_t **member) {
	json_incref(value);
	json_decref(*member);
	*member = value;
	return 0;
}

static int decode_value(const struct jfield *field, json_t *value, void *member) {
	const char *str = plain_string(value);

	if (field->type == JFIELD_JSON || (field->type == JFIELD_OBJECT && json_is_object(value))) {
		return decode_json(value, member);
	}
	if (field->type == JFIELD_INT && json_is_integer(value)) {
		*(int64_t *)member = json_integer_value(value);
		return 0;
	}
	if (field->type == JFIELD_BOOL && json_is_boolean(value)) {
		*(bool *)member = json_is_true(value);
		return 0;
	}
	return str != NULL ? decode_from_string(field, str, member) : -EINVAL;
}

int jfield_decode(const json_t *object, const struct jfield *fields, size_t n_fields, void *out,
	const char **ret_field) {
	for (size_t i = 0; i < n_fields; i++) {
		const struct jfield *field = &fields[i];
		json_t *value = json_object_get(object, field->name);
		int status = 0;

		if (value != NULL && !json_is_null(value)) {
			status = decode_value(field, value, member_of(field, out));
		} else if ((field->flags & JFIELD_REQUIRED) != 0) {
			status = -EINVAL;
		}
		if (status < 0) {
			*ret_field = field->name;
			return status;
		}
	}
	return 0;
}

static int encode_string(const char *str, json_t **ret_value) {
	*ret_value = json_string(str);
	if (*ret_value != NULL) {
		return 0;
	}
	return text_is_utf8(str, strlen(str)) ? -ENOMEM : -EILSEQ;
}

static const char *enum_name(const struct jfield *field, int value) {
	int n = 0;

	while (field->names[n] != NULL) {
		n++;
	}
	assert(value >= 0 && value < n);
	return field->names[value];
}

static const char *time_text(int64_t ms, char out[CLOCK_TEXT_MAX]) {
	return ms == 0 ? "" : clock_format(ms, out);
}

/* "" is absent. `scratch` holds what has to be formatted. */
static const char *string_of(const struct jfield *field, const void *member,
	char scratch[MAX(ID_TEXT_MAX, CLOCK_TEXT_MAX)]) {
	const char *str = NULL;

	switch (field->type) {
	case JFIELD_TEXT: str = member; break;
	case JFIELD_STRING: str = *(char *const *)member; break;
	case JFIELD_TIME: str = time_text(*(const int64_t *)member, scratch); break;
	case JFIELD_ENUM: str = enum_name(field, *(const int *)member); break;
	case JFIELD_ID:
		str = id_format((enum id_kind)field->id_kind, *(const int64_t *)member, scratch);
		break;
	case JFIELD_INT:
	case JFIELD_BOOL:
	case JFIELD_JSON:
	case JFIELD_OBJECT: break;
	}
	return str;
}

static bool is_absent(const struct jfield *field, const char *str) {
	return str == NULL || (str[0] == '\0' && field->type != JFIELD_STRING);
}

/* `*ret_value` is a new reference; NULL with 0: the value is absent. */
static int encode_value(const struct jfield *field, const void *member, json_t **ret_value) {
	char scratch[MAX(ID_TEXT_MAX, CLOCK_TEXT_MAX)];
	const char *str;

	switch (field->type) {
	case JFIELD_INT:
		*ret_value = json_integer(*(const int64_t *)member);
		return *ret_value == NULL ? -ENOMEM : 0;
	case JFIELD_BOOL: *ret_value = json_boolean(*(const bool *)member); return 0;
	case JFIELD_JSON:
	case JFIELD_OBJECT: *ret_value = json_incref(*(json_t *const *)member); return 0;
	case JFIELD_TEXT:
	case JFIELD_STRING:
	case JFIELD_TIME:
	case JFIELD_ENUM:
	case JFIELD_ID: break;
	}
	str = string_of(field, member, scratch);
	if (is_absent(field, str)) {
		*ret_value = NULL;
		return 0;
	}
	return encode_string(str, ret_value);
}

int jfield_encode(json_t *object, const struct jfield *fields, size_t n_fields, const void *in) {
	for (size_t i = 0; i < n_fields; i++) {
		const struct jfield *field = &fields[i];
		json_t *value = NULL;
		int status = encode_value(field, const_member_of(field, in), &value);

		if (status < 0) {
			return status;
		}
		if (value == NULL && (field->flags & JFIELD_NULLABLE) != 0) {
			value = json_null();
		}
		if (value != NULL && json_object_set_new_nocheck(object, field->name, value) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

void jfield_finish(const struct jfield *fields, size_t n_fields, void *out) {
	for (size_t i = 0; i < n_fields; i++) {
		void *member = member_of(&fields[i], out);

		if (fields[i].type == JFIELD_STRING) {
			free(*(char **)member);
			*(char **)member = NULL;
		} else if (fields[i].type == JFIELD_JSON || fields[i].type == JFIELD_OBJECT) {
			json_decref(*(json_t **)member);
			*(json_t **)member = NULL;
		}
	}
}
