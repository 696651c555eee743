/*
 * group - a line that names the file or the place of what the same tool finds next (ROW_GROUP): "FAIL src/a.test.ts"
 * above its failed tests.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/logscan/evidence.h"
#include "common/logscan/line.h"
#include "common/logscan/match.h"

#define GROUP_NUMBER_MAX 24

/* All zero: none. */
struct group {
	const struct grammar_row *row; /* NULL: none */
	uint32_t step;
	char text[EVIDENCE_TEXT_MAX_BYTES];
	char file[EVIDENCE_TEXT_MAX_BYTES];
	char line[GROUP_NUMBER_MAX];
	char column[GROUP_NUMBER_MAX];
};

void group_begin(
	struct group *group, const struct match *match, const struct line *line, uint32_t step);
/*
 * Gives a finding of this step what the group's line tells of it: pointers into the group. Whether the group's line
 * stands above it, and is no finding of its own any more.
 */
bool group_join(struct group *group, struct match *match, struct evidences *evidences);
