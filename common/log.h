/*
 * log - one sentence a line, to the journal's format on stderr or to a callback. Any thread.
 *
 * Foreign strings go in quotes and through the printable filter: control characters never reach a terminal. No
 * line holds report text or a secret.
 */
#pragma once

#include <stdbool.h>

#include "common/macro.h"

enum log_level { /* syslog's numbers, as the journal's "<N>" prefix has them */
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* `program` is borrowed for ever. With `journal` every line starts with "<level>" instead of "program: ". */
void log_open(const char *program, enum log_level max_level, bool journal);
void log_set_level(enum log_level max_level);
/* "error", "warning", "notice", "info", "debug". Returns: 0; -EINVAL. */
must_check int log_parse_level(const char *name, enum log_level *ret_level);

void log_write(enum log_level level, const char *fmt, ...) printf_like(2, 3);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* The sentence for a negative errno, without a capital or a full stop: "no space left on device". */
const char *log_errno(int negative_errno);
