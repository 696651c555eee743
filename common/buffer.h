/*
 * buffer - a growing array of bytes with a hard upper bound.
 *
 * The bytes are always followed by a NUL that is not counted, so `data` can be printed; `data` is never NULL
 * after buffer_init(). One thread at a time.
 */
#pragma once

#include <stddef.h>

#include "common/macro.h"

struct buffer {
	char *data;
	size_t len;
	size_t cap;	  /* bytes allocated; 0: `data` is a static empty string */
	size_t max_bytes; /* len never passes this */
};

/* Starts empty; allocates nothing. Never fails. */
void buffer_init(struct buffer *buf, size_t max_bytes);
/* Frees the bytes and leaves an empty buffer. */
void buffer_finish(struct buffer *buf);
/* The same, and overwrites them first: what is secret does not stay in freed memory. */
void buffer_wipe(struct buffer *buf);

/* Returns: 0; -EMSGSIZE, the bound would be passed; -ENOMEM. On failure nothing was appended. */
must_check int buffer_append(struct buffer *buf, const void *data, size_t len);
must_check int buffer_append_str(struct buffer *buf, const char *str);
must_check int buffer_appendf(struct buffer *buf, const char *fmt, ...) printf_like(2, 3);

/*
 * Makes room for `len` bytes behind the data and returns where they go; buffer_commit() counts what was written.
 * NULL: bound or memory (the buffer is unchanged).
 */
must_check char *buffer_reserve(struct buffer *buf, size_t len);
void buffer_commit(struct buffer *buf, size_t len);

/* Drops the first `len` bytes. */
void buffer_consume(struct buffer *buf, size_t len);
/* Keeps the first `len` bytes; so many there are. */
void buffer_truncate(struct buffer *buf, size_t len);
/* Keeps at most the newest `len` bytes (a bounded tail). */
void buffer_keep_tail(struct buffer *buf, size_t len);
/* The bytes as a malloc()ed NUL-ended string that the caller frees; the buffer is empty afterwards. NULL: memory. */
must_check char *buffer_steal(struct buffer *buf);
