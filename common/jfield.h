/*
 * jfield - a JSON object from and to a struct, by a table with a line per field. Pure, any thread.
 *
 *     static const struct jfield task_id_fields[] = {
 *             JFIELD("id", JFIELD_TEXT, struct task_id_params, id, JFIELD_REQUIRED),
 *     };
 *
 * Unknown members of an object are ignored, so that peers of different versions work together. A member that is
 * null counts as absent.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "common/macro.h"

enum jfield_type {
	JFIELD_TEXT,   /* char[size]: a string that must fit, with its NUL */
	JFIELD_STRING, /* char *: owned by the struct, NULL when absent */
	JFIELD_INT,    /* int64_t */
	JFIELD_BOOL,   /* bool */
	JFIELD_TIME,   /* int64_t ms <-> RFC 3339; 0 is absent */
	JFIELD_ENUM,   /* int <-> one of the NULL-ended `names` */
	JFIELD_ID,     /* int64_t <-> id text; 0 is absent; `id_kind` says which */
	JFIELD_JSON,   /* json_t *: any value, a reference owned by the struct, NULL when absent */
	JFIELD_OBJECT, /* as JFIELD_JSON, must be an object */
};

enum jfield_flags {
	JFIELD_OPTIONAL = 0,
	JFIELD_REQUIRED = 1 << 0, /* decoding fails without it */
	JFIELD_NULLABLE = 1 << 1, /* encoding writes null instead of leaving an absent value out */
};

struct jfield {
	const char *name;
	enum jfield_type type;
	size_t offset;
	size_t size;
	int flags;
	const char *const *names;
	int id_kind;
};

#define JFIELD(json_name, jtype, strct, member, jflags)                                            \
	{                                                                                          \
		.name = (json_name), .type = (jtype), .offset = offsetof(strct, member),           \
		.size = sizeof(((strct *)0)->member), .flags = (jflags)                            \
	}
#define JFIELD_NAMED(json_name, strct, member, jflags, name_table)                                 \
	{                                                                                          \
		.name = (json_name), .type = JFIELD_ENUM, .offset = offsetof(strct, member),       \
		.size = sizeof(((strct *)0)->member), .flags = (jflags), .names = (name_table)     \
	}
#define JFIELD_IDENT(json_name, strct, member, jflags, kind)                                       \
	{                                                                                          \
		.name = (json_name), .type = JFIELD_ID, .offset = offsetof(strct, member),         \
		.size = sizeof(((strct *)0)->member), .flags = (jflags), .id_kind = (kind)         \
	}

/*
 * Fills `out` (zeroed by the caller, or holding defaults) from `object`. Strings are copied.
 * Returns: 0; -EINVAL, `*ret_field` (static) names the member that is missing, of the wrong type, too long or out of
 * its names; -ENOMEM. After a failure jfield_finish() is safe and needed.
 */
must_check int jfield_decode(const json_t *object, const struct jfield *fields, size_t n_fields,
	void *out, const char **ret_field);

/* Adds the fields to `object`. Texts must be UTF-8. Returns: 0; -ENOMEM; -EILSEQ, a text was not UTF-8. */
must_check int jfield_encode(
	json_t *object, const struct jfield *fields, size_t n_fields, const void *in);

/* Releases what JFIELD_STRING, JFIELD_JSON and JFIELD_OBJECT members own and makes them NULL. */
void jfield_finish(const struct jfield *fields, size_t n_fields, void *out);
