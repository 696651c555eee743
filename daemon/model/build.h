/*
 * build - one CI outcome on a commit, passed or failed. Known by job and step; rows are immutable.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"
#include "daemon/limits.h"

struct build {
	int64_t id;
	int64_t at_ms; /* when it arrived */
	char project[LIMIT_NAME_MAX];
	char head_repository[LIMIT_NAME_MAX]; /* "" when it is the project itself */
	char branch[LIMIT_NAME_MAX];
	char job[LIMIT_NAME_MAX];
	char step[LIMIT_NAME_MAX];
	char commit[LIMIT_COMMIT_MAX];	     /* "" unknown */
	char build_number[LIMIT_NUMBER_MAX]; /* "" unknown */
	bool passed;
	int64_t incident_id; /* of a failed build: the incident its report joined; else 0 */
	int64_t report_id;   /* of a failed build; else 0 */
	char *ancestors; /* owned: commits it contains, one space between, newest first; NULL unknown */
	json_t *quality; /* owned: {"coverage","lint","security","tests"} as sent; NULL when nothing was */
};

void build_finish(struct build *build);

/* Equal, or one an abbreviation (7 or more hex digits) of the other. "" is never the same as anything. */
bool build_same_commit(const char *a, const char *b);

/*
 * How `a` stands to `b` (same job and step): by commit and ancestors, then by build number when both are decimal. The
 * arrival order (id) decides only between builds of the same commit whose numbers do not, when their times agree.
 */
enum build_order { BUILD_BEFORE, BUILD_AFTER, BUILD_ORDER_UNKNOWN };
enum build_order build_compare(const struct build *a, const struct build *b);
