#include "client/run_log.h"

#include <string.h>

#include "client/limits.h"

void run_log_init(struct run_log *log) {
	*log = (struct run_log){ 0 };
	for (size_t i = 0; i < RUN_STREAMS_MAX; i++) {
		buffer_init(&log->begun[i], CLIENT_RUN_LINE_BYTES);
	}
}

void run_log_finish(struct run_log *log) {
	steplog_destroy(log->log);
	for (size_t i = 0; i < RUN_STREAMS_MAX; i++) {
		buffer_finish(&log->begun[i]);
	}
}

static void feed(struct run_log *log, const char *bytes, size_t len) {
	if (log->log == NULL && !log->failed && len > 0) {
		log->failed = steplog_create(&log->log) < 0;
	}
	if (!log->failed && len > 0) {
		log->failed = steplog_feed(log->log, bytes, len) < 0;
	}
}

static void feed_begun(struct run_log *log, struct buffer *begun, size_t len) {
	feed(log, begun->data, len);
	buffer_consume(begun, len);
}

/* A line that is longer than any should be goes on in parts, between two words where there are some. */
static void make_room(struct run_log *log, struct buffer *begun) {
	const size_t half = begun->len / 2;
	const char *blank = memrchr(begun->data + half, ' ', begun->len - half);

	feed_begun(log, begun, blank != NULL ? (size_t)(blank - begun->data) + 1 : begun->len);
}

static void hold(struct run_log *log, struct buffer *begun, const char *bytes, size_t len) {
	while (len > 0 && !log->failed) {
		size_t n = MIN(len, begun->max_bytes - begun->len);

		log->failed = buffer_append(begun, bytes, n) < 0;
		bytes += n;
		len -= n;
		if (begun->len == begun->max_bytes) {
			make_room(log, begun);
		}
	}
}

void run_log_feed(void *data, size_t stream, const char *bytes, size_t len) {
	struct run_log *log = data;
	struct buffer *begun = &log->begun[stream];
	const char *first = memchr(bytes, '\n', len), *last;
	size_t n;

	if (first != NULL && begun->len > 0) {
		n = (size_t)(first - bytes) + 1;
		hold(log, begun, bytes, n);
		feed_begun(log, begun, begun->len);
		bytes += n;
		len -= n;
	}
	last = memrchr(bytes, '\n', len);
	n = last != NULL ? (size_t)(last - bytes) + 1 : 0;
	feed(log, bytes, n);
	hold(log, begun, bytes + n, len - n);
}

/* Only what comes last may be without an end: two of them are no line. */
static void feed_rest(struct run_log *log, bool ended) {
	for (size_t i = RUN_STREAMS_MAX; i-- > 0;) {
		bool more = log->begun[i].len > 0 && (ended || (i > 0 && log->begun[0].len > 0));

		feed_begun(log, &log->begun[i], log->begun[i].len);
		feed(log, "\n", more);
	}
}

void run_log_add_line(struct run_log *log, const char *line) {
	feed_rest(log, true);
	feed(log, line, strlen(line));
	feed(log, "\n", 1);
}

int run_log_end(struct run_log *log, int64_t exit_code, char **ret_text, json_t **ret_scan) {
	feed_rest(log, false);
	if (log->log == NULL) {
		*ret_text = NULL;
		*ret_scan = NULL;
		return 0;
	}
	return steplog_end(log->log, exit_code, ret_text, ret_scan);
}
