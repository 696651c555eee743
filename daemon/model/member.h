/*
 * member - writes a JSON object member by member, in the order of the calls. Any thread.
 *
 * For objects whose members depend on more than their own value (jfield is for the others). The first failure sticks:
 * the calls after it do nothing, and member_end() answers NULL. Texts must be UTF-8.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/id.h"
#include "common/macro.h"

struct member_writer {
	json_t *object; /* owned until member_end() */
	bool failed;
};

/* What stands for an absent value: an empty or NULL text, a 0 id or time. */
enum member_absent {
	MEMBER_LEAVE_OUT,
	MEMBER_NULL,
	MEMBER_EMPTY, /* texts only: "" */
};

void member_begin(struct member_writer *writer);
void member_text(struct member_writer *writer, const char *name, const char *text,
	enum member_absent absent);
void member_int(struct member_writer *writer, const char *name, int64_t value);
void member_time(
	struct member_writer *writer, const char *name, int64_t ms, enum member_absent absent);
void member_id(struct member_writer *writer, const char *name, enum id_kind kind, int64_t id);
void member_null(struct member_writer *writer, const char *name);
/* Takes over the reference, also on failure. NULL is a failure. */
void member_json(struct member_writer *writer, const char *name, json_t *value);

/* A new reference to the object; NULL: memory. The writer holds nothing afterwards. */
must_check json_t *member_end(struct member_writer *writer);
