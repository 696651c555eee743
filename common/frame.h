/*
 * frame - Varlink's framing: one JSON object and one NUL a message (varlink.org, "Message format"). No I/O.
 *
 * Bounded: a message longer than `max_bytes`, or nested deeper than `max_depth`, is an error, and so is anything
 * that cannot be the start of a JSON object. One thread at a time.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/macro.h"

struct frame_reader {
	struct buffer buf;
	size_t scanned;	   /* bytes of buf known to hold no NUL */
	size_t consumed;   /* bytes of buf that earlier messages used */
	size_t read_bytes; /* what the next read asks for; grows while reads come back full */
	int max_depth;
	bool opened; /* the `{` of the message at `consumed` was seen */
};

void frame_reader_init(struct frame_reader *reader, size_t max_bytes, int max_depth);
void frame_reader_finish(struct frame_reader *reader);

/* Where the next read() goes, at most `*ret_len` bytes; NULL: the message is too long, or memory. */
char *frame_reader_space(struct frame_reader *reader, size_t want, size_t *ret_len);
/* Counts what was read into that space. */
void frame_reader_filled(struct frame_reader *reader, size_t len);

/*
 * Takes the next whole message.
 * Returns: 1, `*ret_object` is a new reference to an object; 0, more bytes are needed;
 * -EBADMSG, the first byte is not `{` (somebody speaks another protocol); -EPROTO, not a JSON object: bad JSON, bad
 * UTF-8, duplicate member, NUL in a string; -ELOOP, nested too deep; -EMSGSIZE, longer than allowed; -ENOMEM.
 * After an error the reader is of no further use.
 */
must_check int frame_reader_next(struct frame_reader *reader, json_t **ret_object);

/* Whether the reader holds a part of a message. */
bool frame_reader_is_midway(const struct frame_reader *reader);

/* Appends `object`, compact, and its NUL. Returns: 0; -EMSGSIZE; -ENOMEM; -EILSEQ. */
must_check int frame_append(struct buffer *out, const json_t *object);
