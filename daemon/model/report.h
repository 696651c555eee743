/*
 * report - what CI said about one failed step. Immutable once stored.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error_type.h"
#include "common/macro.h"
#include "daemon/limits.h"

struct report {
	int64_t id;
	int64_t at_ms;
	char project[LIMIT_NAME_MAX];
	char head_repository[LIMIT_NAME_MAX]; /* "" when it is the project itself */
	char branch[LIMIT_NAME_MAX];
	char commit[LIMIT_COMMIT_MAX]; /* "" unknown, as the next five */
	char build_number[LIMIT_NUMBER_MAX];
	char job[LIMIT_NAME_MAX];
	char step[LIMIT_NAME_MAX];
	char build_url[LIMIT_URL_MAX];
	int64_t pull_request; /* 0 unknown */
	enum error_type error_type;
	int64_t exit_code;     /* -1 unknown */
	int64_t submitter_uid; /* -1 unknown (imported) */
	int64_t incident_id;   /* 0 for an imported one */
	char *details;	       /* owned, as the next three; NULL is "" */
	char *command;
	char *log;	 /* the part of the log worth keeping */
	json_t *context; /* owned object; NULL is {} */
	json_t *scan;	 /* owned: what the scan of the log said (scan.h); NULL: none */
};

void report_finish(struct report *report);
/* `Job "test", step "npm test"`, as far as they are known; else "A build". */
void report_format_step(const struct report *report, char *out, size_t size);
/* In the shape users know (cli.md, io.codegend.varlink: Report). A new reference; NULL: memory. */
must_check json_t *report_to_json(const struct report *report);
