/* A result file as bytes, lines or one JSON value; bounded, and overwritten in memory when it is done with. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/file.h"
#include "client/results_internal.h"
#include "common/buffer.h"
#include "common/json_memory.h"
#include "common/text.h"

#define READ_BYTES (64 * 1024)

ssize_t results_source_read(struct results_source *source, char *data, size_t size) {
	ssize_t n;

	if (source->head_used < source->head_len) {
		size_t left = MIN(size, source->head_len - source->head_used);

		memcpy(data, source->head + source->head_used, left);
		source->head_used += left;
		return (ssize_t)left;
	}
	n = file_read(source->fd, data, size, source->total, source->deadline_us);
	if (n > 0) {
		source->total += (uint64_t)n;
	}
	return n > 0 && source->total > source->max_bytes ? -EFBIG : n;
}

/* Hands out the whole lines in `buf`. */
static int take_lines(
	struct buffer *buf, int (*line)(void *user, char *text, size_t len), void *user) {
	char *at = buf->data, *end = buf->data + buf->len, *newline;
	int r = 0;

	while (r == 0 && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		size_t len = (size_t)(newline - at);

		len -= len > 0 && at[len - 1] == '\r' ? 1 : 0;
		at[len] = '\0';
		r = line(user, at, len);
		at = newline + 1;
	}
	buffer_consume(buf, (size_t)(at - buf->data));
	return r;
}

int results_source_lines(struct results_source *source,
	int (*line)(void *user, char *text, size_t len), void *user, bool *ret_whole) {
	_cleanup_(buffer_wipe) struct buffer buf;
	ssize_t n = 0;
	int r = 0;

	buffer_init(&buf, CLIENT_RESULTS_LINE_BYTES + READ_BYTES);
	/* Whole from the start: what a growing buffer leaves behind could not be overwritten. */
	if (buffer_reserve(&buf, CLIENT_RESULTS_LINE_BYTES + READ_BYTES) == NULL) {
		return -ENOMEM;
	}
	while (r == 0 && buf.len <= CLIENT_RESULTS_LINE_BYTES &&
		(n = results_source_read(source, buf.data + buf.len, READ_BYTES)) > 0) {
		buffer_commit(&buf, (size_t)n);
		r = take_lines(&buf, line, user);
	}
	if (r != 0 || n < 0) {
		return r != 0 ? r : (int)n;
	}
	if (buf.len > CLIENT_RESULTS_LINE_BYTES) {
		return -EINVAL;
	}
	*ret_whole = buf.len == 0;
	return buf.len > 0 ? line(user, buf.data, buf.len) : 0;
}

/* What npm, pnpm and yarn print in front of a script's output: "> web@1.0.0 lint", "yarn run v1.22", "$ eslint". */
static const char *skip_banner(const char *text, const char *end) {
	static const char *const banners[] = { "> ", "$ ", "yarn run " };
	const char *at = text;

	for (;;) {
		const char *newline;
		bool banner = at < end && (*at == '\n' || *at == '\r');

		for (size_t i = 0; i < ARRAY_SIZE(banners); i++) {
			banner = banner ||
				((size_t)(end - at) > strlen(banners[i]) &&
					memcmp(at, banners[i], strlen(banners[i])) == 0);
		}
		newline = banner ? memchr(at, '\n', (size_t)(end - at)) : NULL;
		if (newline == NULL) {
			return at;
		}
		at = newline + 1;
	}
}

struct json_feed {
	struct results_source *source;
	int status; /* why it ended, negative */
};

static size_t feed_json(void *data, size_t size, void *user) {
	struct json_feed *feed = user;
	ssize_t n = results_source_read(feed->source, data, size);

	feed->status = n < 0 ? (int)n : 0;
	return n < 0 ? (size_t)-1 : (size_t)n;
}

/* Parsed as it is read, so that the deadline ends both. */
int results_source_json(struct results_source *source, json_t **ret_json, char *problem, size_t size) {
	static const char bom[] = "\xef\xbb\xbf";
	struct json_feed feed = { .source = source };
	const char *start = source->head, *end = source->head + source->head_len;
	json_error_t error;
	json_t *json;
	bool lacked_memory;

	source->max_bytes = CLIENT_RESULTS_JSON_BYTES;
	start += source->head_len > strlen(bom) && memcmp(start, bom, strlen(bom)) == 0 ? strlen(bom)
											: 0;
	start = skip_banner(start, end);
	source->head_used = (size_t)(start - source->head);
	json_memory_begin();
	json = json_load_callback(feed_json, &feed,
		JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
	lacked_memory = json_memory_end();
	if (feed.status < 0 || lacked_memory) {
		json_decref(json);
		return feed.status < 0 ? feed.status : -ENOMEM;
	}
	if (json == NULL) {
		/* The error's own text shows what stands there, which may be a secret. */
		(void)text_format(problem, size, "%s (line %d, column %d)",
			json_error_code(&error) == json_error_numeric_overflow
				? "a number is too large"
				: "it is no valid JSON",
			error.line, error.column);
		return -EINVAL;
	}
	*ret_json = json;
	return 0;
}
