#include "common/frame.h"

#include <errno.h>
#include <string.h>

#include "common/json_memory.h"

/* A read asks for the first, then for more while peers fill it; an idle reader keeps no more than the last. */
#define READ_FIRST_BYTES ((size_t)4 * 1024)
#define READ_MAX_BYTES ((size_t)64 * 1024)

void frame_reader_init(struct frame_reader *reader, size_t max_bytes, int max_depth) {
	*reader = (struct frame_reader){ .max_depth = max_depth, .read_bytes = READ_FIRST_BYTES };
	buffer_init(&reader->buf, max_bytes);
}

void frame_reader_finish(struct frame_reader *reader) {
	buffer_finish(&reader->buf);
	reader->scanned = 0;
	reader->consumed = 0;
	reader->opened = false;
}

/* Drops what earlier messages used. */
static void compact(struct frame_reader *reader) {
	buffer_consume(&reader->buf, reader->consumed);
	reader->scanned -= reader->consumed;
	reader->consumed = 0;
	if (reader->buf.len == 0 && reader->buf.cap > READ_MAX_BYTES + 1) {
		buffer_finish(&reader->buf);
	}
}

char *frame_reader_space(struct frame_reader *reader, size_t want, size_t *ret_len) {
	struct buffer *buf = &reader->buf;
	size_t len = MIN(MAX(want, (size_t)1), reader->read_bytes);
	char *space;

	if (reader->consumed == buf->len || buf->cap - buf->len <= len) {
		compact(reader);
	}
	len = MIN(len, buf->max_bytes - buf->len);
	if (len == 0) {
		return NULL;
	}
	space = buffer_reserve(buf, len);
	if (space != NULL) {
		*ret_len = len;
	}
	return space;
}

void frame_reader_filled(struct frame_reader *reader, size_t len) {
	buffer_commit(&reader->buf, len);
	if (len >= reader->read_bytes) {
		reader->read_bytes = MIN(reader->read_bytes * 2, READ_MAX_BYTES);
	}
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Looks at new bytes for the message's first that is not blank. */
static int check_opening(struct frame_reader *reader) {
	const struct buffer *buf = &reader->buf;

	while (!reader->opened && reader->scanned < buf->len) {
		char c = buf->data[reader->scanned];

		if (c == '{') {
			reader->opened = true;
		} else if (is_blank(c)) {
			reader->scanned++;
		} else {
			return -EBADMSG;
		}
	}
	return 0;
}

/* Just behind a string that starts at `p`, its first quote passed. */
static const char *skip_string(const char *p, const char *end) {
	const char *start = p;

	while ((p = memchr(p, '"', (size_t)(end - p))) != NULL) {
		const char *back = p;

		while (back > start && back[-1] == '\\') {
			back--;
		}
		p++;
		if ((p - 1 - back) % 2 == 0) {
			return p;
		}
	}
	return end;
}

/* The parser would only stop at 2048 levels, each a stack frame. */
static bool is_too_deep(const char *p, size_t len, int max_depth) {
	const char *end = p + len;
	int depth = 0;

	while (p < end) {
		char c = *p++;

		if (c == '"') {
			p = skip_string(p, end);
		} else if (c == '{' || c == '[') {
			depth++;
			if (depth > max_depth) {
				return true;
			}
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return false;
}

static int parse(const char *data, size_t len, json_t **ret_object) {
	json_error_t error;
	json_t *object;

	json_memory_begin();
	object = json_loadb(data, len, JSON_REJECT_DUPLICATES, &error);
	if (json_memory_end()) {
		json_decref(object);
		return -ENOMEM;
	}
	if (object == NULL) {
		return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EPROTO;
	}
	*ret_object = object;
	return 1;
}

int frame_reader_next(struct frame_reader *reader, json_t **ret_object) {
	struct buffer *buf = &reader->buf;
	const char *start = buf->data + reader->consumed;
	const char *nul;
	size_t len;
	int status = check_opening(reader);

	if (status < 0) {
		return status;
	}
	nul = memchr(buf->data + reader->scanned, '\0', buf->len - reader->scanned);
	if (nul == NULL) {
		reader->scanned = buf->len;
		return buf->len - reader->consumed >= buf->max_bytes ? -EMSGSIZE : 0;
	}
	len = (size_t)(nul - start);
	if (is_too_deep(start, len, reader->max_depth)) {
		return -ELOOP;
	}
	status = parse(start, len, ret_object);
	if (status < 0) {
		return status;
	}
	reader->consumed += len + 1;
	reader->scanned = reader->consumed;
	reader->opened = false;
	if (reader->consumed == buf->len) {
		compact(reader);
	}
	return 1;
}

bool frame_reader_is_midway(const struct frame_reader *reader) {
	return reader->buf.len > reader->consumed;
}

struct dump {
	struct buffer *out;
	int status;
};

/* jansson 2.14 goes on behind a name that could not be written. */
static int dump_write(const char *data, size_t len, void *user) {
	struct dump *dump = user;

	if (dump->status == 0) {
		dump->status = buffer_append(dump->out, data, len);
	}
	return dump->status < 0 ? -1 : 0;
}

int frame_append(struct buffer *out, const json_t *object) {
	struct dump dump = { .out = out };
	size_t len = out->len;
	int failed = json_dump_callback(object, dump_write, &dump, JSON_COMPACT);

	if (dump.status == 0) {
		dump.status = failed != 0 ? -EILSEQ : buffer_append(out, "", 1);
	}
	if (dump.status < 0 && out->cap > 0) {
		out->len = len;
		out->data[len] = '\0';
	}
	return dump.status;
}
