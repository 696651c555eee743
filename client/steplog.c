#include "client/steplog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/call.h"
#include "client/file.h"
#include "client/limits.h"
#include "client/secrets.h"
#include "common/buffer.h"
#include "common/fd.h"
#include "common/logscan/logscan.h"
#include "common/logscan/utf16.h"
#include "common/redact/redact.h"
#include "common/text.h"

/* Room for the line that says how much was cut. */
#define CUT_LINE_MAX 80
#define TEXT_MAX_BYTES ((size_t)(CLIENT_LOG_HEAD_BYTES + CLIENT_LOG_TAIL_BYTES + CUT_LINE_MAX))
#define READ_BYTES (128 * 1024)
/* What is read of a file's end: more than is kept, so that no secret in that began in front of it. */
#define END_BYTES (CLIENT_LOG_TAIL_BYTES + REDACT_OVERLAP_BYTES)
/* What one feed may make of its bytes: redaction and UTF-8 lengthen some. */
#define WORK_MAX_BYTES ((size_t)64 * READ_BYTES)

struct steplog {
	struct utf16 utf16;
	struct redactor *redactor;
	struct logscan *scan;
	struct buffer decoded; /* reused */
	struct buffer clean;   /* reused */
	struct buffer head;
	struct buffer tail;
	uint64_t n_read;
	uint64_t n_cut;
};

int steplog_create(struct steplog **ret_log) {
	_cleanup_(steplog_destroyp) struct steplog *log = calloc(1, sizeof(*log));
	int r;

	if (log == NULL) {
		return -ENOMEM;
	}
	buffer_init(&log->decoded, WORK_MAX_BYTES);
	buffer_init(&log->clean, WORK_MAX_BYTES);
	buffer_init(&log->head, CLIENT_LOG_HEAD_BYTES);
	buffer_init(&log->tail, 2 * CLIENT_LOG_TAIL_BYTES);
	r = secrets_redactor(&log->redactor);
	r = r < 0 ? r : logscan_create(&log->scan);
	if (r == 0) {
		*ret_log = TAKE_PTR(log);
	}
	return r;
}

void steplog_destroy(struct steplog *log) {
	if (log == NULL) {
		return;
	}
	redactor_destroy(log->redactor);
	logscan_destroy(log->scan);
	buffer_finish(&log->decoded);
	buffer_finish(&log->clean);
	buffer_finish(&log->head);
	buffer_finish(&log->tail);
	free(log);
}

/* The first bytes for ever, of the others the newest. */
static int keep(struct steplog *log, const char *data, size_t len) {
	size_t first = MIN(CLIENT_LOG_HEAD_BYTES - log->head.len, len);
	int r = first > 0 ? buffer_append(&log->head, data, first) : 0;

	data += first;
	len -= first;
	if (r < 0 || len == 0) {
		return r;
	}
	if (len > CLIENT_LOG_TAIL_BYTES) {
		log->n_cut += len - CLIENT_LOG_TAIL_BYTES;
		data += len - CLIENT_LOG_TAIL_BYTES;
		len = CLIENT_LOG_TAIL_BYTES;
	}
	if (log->tail.len + len > 2 * CLIENT_LOG_TAIL_BYTES) {
		log->n_cut += log->tail.len - (CLIENT_LOG_TAIL_BYTES - len);
		buffer_keep_tail(&log->tail, CLIENT_LOG_TAIL_BYTES - len);
	}
	return buffer_append(&log->tail, data, len);
}

/* Takes what the redactor let out. */
static int take_clean(struct steplog *log) {
	int r = log->clean.len > 0 ? keep(log, log->clean.data, log->clean.len) : 0;

	r = r < 0 || log->clean.len == 0 ? r
					 : logscan_feed(log->scan, log->clean.data, log->clean.len);
	buffer_consume(&log->clean, log->clean.len);
	return r;
}

static int feed_piece(struct steplog *log, const char *data, size_t len) {
	const char *text;
	size_t n;
	int r = utf16_feed(&log->utf16, data, len, &log->decoded, &text, &n);

	r = r < 0 || n == 0 ? r : redactor_feed(log->redactor, text, n, &log->clean);
	log->n_read += len;
	return r < 0 ? r : take_clean(log);
}

int steplog_feed(struct steplog *log, const char *data, size_t len) {
	int r = 0;

	while (r == 0 && len > 0) {
		size_t n = MIN(len, (size_t)READ_BYTES);

		r = feed_piece(log, data, n);
		data += n;
		len -= n;
	}
	return r;
}

/* The time is over: of a file its end is still to be had. Whether there is one. */
static bool skip_to_end(int fd, struct steplog *log) {
	struct stat st;
	off_t here = lseek(fd, 0, SEEK_CUR), skip;

	if (here < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		return false;
	}
	/* Even, so that characters of two bytes stay whole. */
	skip = (st.st_size - END_BYTES - here) & ~(off_t)1;
	if (skip <= 0) {
		return true;
	}
	log->n_cut += (uint64_t)skip;
	redactor_jump(log->redactor);
	return lseek(fd, skip, SEEK_CUR) >= 0;
}

/* What the end of a file holds, at most as much as is kept; never waits. */
static int read_end(int fd, struct steplog *log, char *data) {
	size_t left = END_BYTES;

	while (left > 0) {
		ssize_t n = read(fd, data, MIN(left, (size_t)READ_BYTES));
		int r;

		if (n <= 0) {
			return n < 0 && errno != EINTR ? -errno : 0;
		}
		r = steplog_feed(log, data, (size_t)n);
		if (r < 0) {
			return r;
		}
		left -= (size_t)n;
	}
	return 0;
}

int steplog_read(struct steplog *log, const char *path, int64_t deadline_us) {
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(freep) char *data = malloc(READ_BYTES);
	int r = data != NULL ? file_open(path, FILE_REGULAR_PIPE, &fd) : -ENOMEM;

	while (r == 0) {
		ssize_t n = file_read(fd, data, READ_BYTES, log->n_read, deadline_us);

		if (n == -ETIMEDOUT && skip_to_end(fd, log)) {
			return read_end(fd, log, data);
		}
		if (n == 0 || (n == -ETIMEDOUT && log->n_read > 0)) {
			return 0;
		}
		r = n < 0 ? (int)n : steplog_feed(log, data, (size_t)n);
	}
	return r;
}

/*
 * Head, a line about the cut, tail; clean: what that drops hid no secret from the redactor. It may lengthen bad bytes:
 * the end is what counts then.
 */
static int join(struct steplog *log, char **ret_text) {
	_cleanup_(buffer_finish) struct buffer joined;
	char *text;
	size_t len, over;
	int r;

	buffer_init(&joined, TEXT_MAX_BYTES);
	if (log->tail.len > CLIENT_LOG_TAIL_BYTES) {
		log->n_cut += log->tail.len - CLIENT_LOG_TAIL_BYTES;
		buffer_keep_tail(&log->tail, CLIENT_LOG_TAIL_BYTES);
	}
	r = buffer_append(&joined, log->head.data, log->head.len);
	if (r == 0 && log->n_cut > 0) {
		r = buffer_appendf(&joined, "\n[... %" PRIu64 " bytes cut ...]\n", log->n_cut);
	}
	r = r < 0 ? r : buffer_append(&joined, log->tail.data, log->tail.len);
	if (r < 0) {
		return r;
	}
	text = text_clean(joined.data, joined.len);
	if (text == NULL) {
		return -ENOMEM;
	}
	len = strlen(text);
	for (over = len > TEXT_MAX_BYTES ? len - TEXT_MAX_BYTES : 0;
		((unsigned char)text[over] & 0xc0) == 0x80;) {
		over++;
	}
	memmove(text, text + over, len - over + 1);
	*ret_text = text;
	return 0;
}

static json_t *text_or_null(const char *text) {
	return text != NULL ? json_string(text) : json_null();
}

static json_t *number_or_null(int64_t number) {
	return number > 0 ? json_integer(number) : json_null();
}

static json_t *finding_json(const struct logscan_finding *finding) {
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "tool", finding->tool,
		"severity", logscan_severity_name(finding->severity), "file",
		text_or_null(finding->file), "line", number_or_null(finding->line), "column",
		number_or_null(finding->column), "rule", text_or_null(finding->rule), "message",
		text_or_null(finding->message), "test", text_or_null(finding->test), "logLine",
		(json_int_t)finding->log_line);
}

static json_t *findings_json(const struct logscan_result *result) {
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < result->n_findings; i++) {
		if (json_array_append_new(array, finding_json(&result->findings[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *result_json(const struct logscan_result *result, uint64_t redactions) {
	return json_pack("{s:s, s:s, s:s, s:f, s:{s:o, s:s}, s:o, s:{s:I, s:s}, s:I, s:s}",
		"errorType", result->failed ? error_type_name(result->error_type) : "none", "stage",
		logscan_stage_name(result->stage), "cause", logscan_cause_name(result->cause),
		"confidence", result->confidence, "headline", "line",
		number_or_null(result->headline_line), "text",
		result->headline != NULL ? result->headline : "", "findings", findings_json(result),
		"excerpt", "lines", (json_int_t)result->n_excerpt_lines, "text",
		result->excerpt != NULL ? result->excerpt : "", "redactions",
		(json_int_t)redactions, "fingerprint", result->fingerprint);
}

/* Nothing more comes: lets out what decoder and redactor held back. */
static int flush(struct steplog *log) {
	const char *text;
	size_t n;
	int r = utf16_end(&log->utf16, &log->decoded, &text, &n);

	r = r < 0 || n == 0 ? r : redactor_feed(log->redactor, text, n, &log->clean);
	r = r < 0 ? r : redactor_end(log->redactor, &log->clean);
	return r < 0 ? r : take_clean(log);
}

int steplog_end(struct steplog *log, int64_t exit_code, char **ret_text, json_t **ret_scan) {
	struct logscan_result result;
	_cleanup_(freep) char *text = NULL;
	json_t *scan;
	int r = flush(log);

	r = r < 0 || ret_text == NULL ? r : join(log, &text);
	r = r < 0 ? r : logscan_end(log->scan, exit_code, &result);
	if (r < 0) {
		return r;
	}
	scan = ret_scan != NULL ? result_json(&result, redactor_count(log->redactor)) : NULL;
	logscan_result_finish(&result);
	if (ret_scan != NULL && (scan == NULL || redactor_json(log->redactor, scan) < 0)) {
		json_decref(scan);
		return -ENOMEM;
	}
	if (ret_scan != NULL) {
		*ret_scan = scan;
	}
	if (ret_text != NULL) {
		*ret_text = TAKE_PTR(text);
	}
	return 0;
}
