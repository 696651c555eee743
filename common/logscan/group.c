#include "common/logscan/group.h"

#include <stddef.h>
#include <string.h>

#include "common/macro.h"

static void copy_span(char *out, size_t size, const char *text, size_t len) {
	len = text != NULL ? MIN(len, size - 1) : 0;
	if (len > 0) {
		memcpy(out, text, len);
	}
	out[len] = '\0';
}

void group_begin(
	struct group *group, const struct match *match, const struct line *line, uint32_t step) {
	const struct span *spans = match->spans;

	group->row = match->row;
	group->step = step;
	copy_span(group->text, sizeof(group->text), line->text, line->len);
	copy_span(group->file, sizeof(group->file), spans[CAPTURE_FILE].text,
		spans[CAPTURE_FILE].len);
	copy_span(group->line, sizeof(group->line), spans[CAPTURE_LINE].text,
		spans[CAPTURE_LINE].len);
	copy_span(group->column, sizeof(group->column), spans[CAPTURE_COL].text,
		spans[CAPTURE_COL].len);
}

static void take_from_group(struct span *span, const char *text) {
	if (span->len == 0) {
		*span = (struct span){ .text = text, .len = strlen(text) };
	}
}

bool group_join(struct group *group, struct match *match, struct evidences *evidences) {
	struct span *spans = match->spans;

	if (group->row == NULL || group->row == match->row || spans[CAPTURE_TEST].len == 0 ||
		group->step != evidences->now.id ||
		strcmp(group->row->tool, match->row->tool) != 0 || spans[CAPTURE_FILE].len > 0) {
		return false;
	}
	take_from_group(&spans[CAPTURE_FILE], group->file);
	take_from_group(&spans[CAPTURE_LINE], group->line);
	take_from_group(&spans[CAPTURE_COL], group->column);
	if (group->row->role == ROLE_FINDING) {
		evidences_drop(evidences, group->row, group->text);
		return true;
	}
	group->row = NULL; /* the place of one finding */
	return false;
}
