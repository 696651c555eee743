#include "daemon/model/member.h"

#include "common/clock.h"

void member_begin(struct member_writer *writer) {
	writer->object = json_object();
	writer->failed = writer->object == NULL;
}

void member_json(struct member_writer *writer, const char *name, json_t *value) {
	if (writer->failed) {
		json_decref(value);
		return;
	}
	/* It gives the value back to the heap itself when it fails. */
	writer->failed = json_object_set_new(writer->object, name, value) < 0;
}

void member_null(struct member_writer *writer, const char *name) {
	member_json(writer, name, json_null());
}

static void member_nothing(struct member_writer *writer, const char *name, enum member_absent absent) {
	switch (absent) {
	case MEMBER_LEAVE_OUT: break;
	case MEMBER_NULL: member_null(writer, name); break;
	case MEMBER_EMPTY: member_json(writer, name, json_string("")); break;
	}
}

void member_text(struct member_writer *writer, const char *name, const char *text,
	enum member_absent absent) {
	if (text == NULL || text[0] == '\0') {
		member_nothing(writer, name, absent);
		return;
	}
	member_json(writer, name, json_string(text));
}

void member_int(struct member_writer *writer, const char *name, int64_t value) {
	member_json(writer, name, json_integer(value));
}

void member_time(
	struct member_writer *writer, const char *name, int64_t ms, enum member_absent absent) {
	char text[CLOCK_TEXT_MAX];

	if (ms == 0) {
		member_nothing(writer, name, absent);
		return;
	}
	member_json(writer, name, json_string(clock_format(ms, text)));
}

void member_id(struct member_writer *writer, const char *name, enum id_kind kind, int64_t id) {
	char text[ID_TEXT_MAX];

	member_text(writer, name, id_format(kind, id, text), MEMBER_LEAVE_OUT);
}

json_t *member_end(struct member_writer *writer) {
	json_t *object = TAKE_PTR(writer->object);

	if (writer->failed) {
		json_decref(object);
		return NULL;
	}
	return object;
}
