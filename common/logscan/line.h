/*
 * line - one line of a log without what CI systems wrap around it: a BOM, job columns of `gh run view --log`, time
 * stamps (GitHub, GitLab, Azure, Jenkins, Buildkite, Vercel, Taskcluster, docker buildx), task prefixes, escape
 * codes, progress that a carriage return took back, `go test -json`. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/logscan/logscan.h"

enum line_mark { MARK_NONE, MARK_ERROR, MARK_WARNING, MARK_NOTICE };

struct line {
	const char *text; /* NUL-ended, in `data`; bytes may be anything */
	size_t len;
	size_t n_indent;     /* blanks it begins with */
	bool has_codes;	     /* escape codes or mojibake stood in it */
	enum line_mark mark; /* "##[error]", "::warning::" and the like stood in front */
	uint64_t place;	     /* of the job and step columns; 0: there are none */
	const char *step;    /* the step column, "" */
	char data[LOGSCAN_LINE_MAX_BYTES + 1];
	char columns[256];
};

void line_read(struct line *line, const char *raw, size_t len);
/* Whether it could be a file's name: a path, nothing else. */
bool line_is_file_name(const struct line *line);
/* The line breaks in `data`. */
int64_t line_count(const char *data, size_t len);
