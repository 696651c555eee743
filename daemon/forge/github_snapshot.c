#include "daemon/forge/github_snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"

#define CHECKS_FIRST 16

static void list_finish(struct github_check_list *list) {
	free(list->items);
	*list = (struct github_check_list){ 0 };
}

void github_snapshot_finish(struct github_snapshot *snapshot) {
	list_finish(&snapshot->checks);
	list_finish(&snapshot->suites);
	*snapshot = (struct github_snapshot){ 0 };
}

void github_snapshot_fail(struct github_snapshot *snapshot, enum github_reading reading,
	int64_t retry_ms, const char *why) {
	_cleanup_(freep) char *clean = text_clean(why, strlen(why));

	github_snapshot_finish(snapshot);
	for (int i = 0; i < GITHUB_PARTS_READ; i++) {
		snapshot->reading[i] = reading;
	}
	snapshot->retry_ms = retry_ms;
	(void)TEXT_SET(snapshot->why, clean);
}

int github_check_add(struct github_check_list *list, struct github_check **ret_check) {
	struct github_check *items;
	size_t cap = CHECKS_FIRST;

	if (list->n >= LIMIT_GITHUB_CHECKS) {
		list->incomplete = true;
		return -E2BIG;
	}
	/* It grows at the powers of two, where it is full. */
	if (list->n == 0 || (list->n >= CHECKS_FIRST && (list->n & (list->n - 1)) == 0)) {
		cap = MAX(cap, list->n * 2);
		items = realloc(list->items, cap * sizeof(*items));
		if (items == NULL) {
			list->incomplete = true;
			return -ENOMEM;
		}
		list->items = items;
	}
	*ret_check = &list->items[list->n++];
	**ret_check = (struct github_check){ 0 };
	return 0;
}

static int copy_checks(struct github_check_list *list, const struct github_check_list *more) {
	for (size_t i = 0; i < more->n; i++) {
		struct github_check *check;
		int r = github_check_add(list, &check);

		if (r < 0) {
			return r;
		}
		*check = more->items[i];
	}
	return 0;
}

/* GitHub may have got further ones meanwhile: what it counted last is what has to be there. */
static int list_continue(struct github_check_list *list, const struct github_check_list *more) {
	int r;

	if (list->cursor[0] == '\0') {
		return 0;
	}
	list->incomplete = true;
	r = copy_checks(list, more);
	if (r < 0) {
		return r;
	}
	list->total = more->total;
	(void)TEXT_SET(list->cursor, more->cursor);
	list->incomplete = list->cursor[0] != '\0' || list->total != (int64_t)list->n;
	return 0;
}

int github_snapshot_append(struct github_snapshot *snapshot, struct github_snapshot *more) {
	bool same = snapshot->checks_sha[0] != '\0' && snapshot->head_sha[0] != '\0' &&
		strcmp(snapshot->checks_sha, more->checks_sha) == 0 &&
		strcmp(snapshot->head_sha, more->head_sha) == 0;
	int r = same ? 0 : -ESTALE;

	if (r == 0 && (!github_checks_readable(more) || snapshot->sources != more->sources)) {
		r = -ESTALE;
	}
	r = r < 0 ? r : list_continue(&snapshot->checks, &more->checks);
	r = r < 0 ? r : list_continue(&snapshot->suites, &more->suites);
	github_snapshot_finish(more);
	return r;
}

bool github_checks_readable(const struct github_snapshot *snapshot) {
	unsigned from = snapshot->sources;
	bool checks = (from & GITHUB_FROM_ROLLUP) != 0 ||
		((from & GITHUB_FROM_STATUSES) != 0 &&
			(from & (GITHUB_FROM_CHECK_RUNS | GITHUB_FROM_ACTIONS_RUNS)) != 0);

	return checks && (from & (GITHUB_FROM_SUITES | GITHUB_FROM_ACTIONS_RUNS)) != 0;
}
