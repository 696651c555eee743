/*
 * log - one sentence a line: to the journal, with fields that say what it is about, or to standard error. Any thread.
 *
 * Foreign strings go in quotes and through the printable filter: control characters never reach a terminal. No
 * line holds report text or a secret.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

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
/*
 * From now on lines are entries of the journal at that socket (NULL: systemd's), and have fields. What cannot be sent
 * goes to standard error; while nobody reads, lines are lost, and the next one is preceded by how many. Before other
 * threads log. Returns: 0; -errno, everything goes to standard error as before.
 */
must_check int log_open_journal(const char *socket);
/* Whether log_open_journal() succeeded: fields are seen by somebody. */
bool log_has_fields(void);
/* "error", "warning", "notice", "info", "debug". Returns: 0; -EINVAL. */
must_check int log_parse_level(const char *name, enum log_level *ret_level);

void log_write(enum log_level level, const char *fmt, ...) printf_like(2, 3);

/*
 * What a line is about, for who looks for all lines about it: the fields INCIDENT, TASK, PROJECT, FORGE and REASON.
 * Ids (0: none) and names (NULL or "": none), never report text; borrowed for the call.
 */
#define LOG_REASONS_MAX 8
struct log_about {
	int64_t incident;
	int64_t task;
	const char *project;
	const char *forge;
	const char *reasons[LOG_REASONS_MAX]; /* codes of a verdict's reasons; the first NULL ends them */
};
/* The fields are in the journal only: on standard error the line is as log_write() has it. */
void log_about(const struct log_about *about, enum log_level level, const char *fmt, ...)
	printf_like(3, 4);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* The sentence for a negative errno, without a capital or a full stop: "no space left on device". */
const char *log_errno(int negative_errno);
