#include "common/buffer.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST_BYTES 256

/* What `data` of a buffer without memory points at; never written. */
static char nothing[1];

void freep(void *p) {
	free(*(void **)p);
}

void buffer_init(struct buffer *buf, size_t max_bytes) {
	*buf = (struct buffer){ .data = nothing, .max_bytes = max_bytes };
}

void buffer_finish(struct buffer *buf) {
	if (buf->cap > 0) {
		free(buf->data);
	}
	buffer_init(buf, buf->max_bytes);
}

void buffer_wipe(struct buffer *buf) {
	if (buf->cap > 0) {
		explicit_bzero(buf->data, buf->cap);
	}
	buffer_finish(buf);
}

static void set_len(struct buffer *buf, size_t len) {
	buf->len = len;
	if (buf->cap > 0) {
		buf->data[len] = '\0';
	}
}

/* Room for `len` bytes more and the NUL. */
static int make_room(struct buffer *buf, size_t len) {
	size_t need, cap;
	char *data;

	if (len > buf->max_bytes - buf->len) {
		return -EMSGSIZE;
	}
	need = buf->len + len;
	if (need < buf->cap) {
		return 0;
	}
	cap = MAX(need, (size_t)BUFFER_FIRST_BYTES);
	cap = MAX(cap, buf->cap <= buf->max_bytes / 2 ? buf->cap * 2 : buf->max_bytes);
	cap = MAX(MIN(cap, buf->max_bytes), need);
	if (cap == SIZE_MAX) {
		return -ENOMEM;
	}
	data = realloc(buf->cap > 0 ? buf->data : NULL, cap + 1);
	if (data == NULL) {
		return -ENOMEM;
	}
	buf->data = data;
	buf->cap = cap + 1;
	set_len(buf, buf->len);
	return 0;
}

int buffer_append(struct buffer *buf, const void *data, size_t len) {
	int status;

	if (len == 0) {
		return 0;
	}
	status = make_room(buf, len);
	if (status < 0) {
		return status;
	}
	memcpy(buf->data + buf->len, data, len);
	set_len(buf, buf->len + len);
	return 0;
}

int buffer_append_str(struct buffer *buf, const char *str) {
	return buffer_append(buf, str, strlen(str));
}

int buffer_appendf(struct buffer *buf, const char *fmt, ...) {
	va_list args;
	int len, status;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0) {
		return -ENOMEM;
	}
	status = make_room(buf, (size_t)len);
	if (status < 0) {
		return status;
	}
	if (len > 0) {
		va_start(args, fmt);
		vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
		va_end(args);
		buf->len += (size_t)len;
	}
	return 0;
}

char *buffer_reserve(struct buffer *buf, size_t len) {
	return make_room(buf, len) < 0 ? NULL : buf->data + buf->len;
}

void buffer_commit(struct buffer *buf, size_t len) {
	assert(len == 0 || len < buf->cap - buf->len);
	set_len(buf, buf->len + len);
}

void buffer_consume(struct buffer *buf, size_t len) {
	assert(len <= buf->len);
	if (len > 0) {
		memmove(buf->data, buf->data + len, buf->len - len);
		set_len(buf, buf->len - len);
	}
}

void buffer_truncate(struct buffer *buf, size_t len) {
	assert(len <= buf->len);
	set_len(buf, len);
}

void buffer_keep_tail(struct buffer *buf, size_t len) {
	if (buf->len > len) {
		buffer_consume(buf, buf->len - len);
	}
}

char *buffer_steal(struct buffer *buf) {
	char *data = buf->cap > 0 ? buf->data : calloc(1, 1);

	if (data != NULL) {
		buffer_init(buf, buf->max_bytes);
	}
	return data;
}
