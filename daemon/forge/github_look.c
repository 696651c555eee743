/* One look: what it still lacks after each answer. How many of them share a query is in github_batch.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/forge/github_internal.h"

/* A head that changed between two pages counts as so many pages: that ends, too. */
#define PAGES_OF_RESTART 6

static void drop_snapshot(struct github_look *look) {
	if (look->snapshot != NULL) {
		github_snapshot_finish(look->snapshot);
		free(look->snapshot);
		look->snapshot = NULL;
	}
	look->is_continued = false;
	look->asked = 0;
}

void github_look_finish(struct github_look *look) {
	drop_snapshot(look);
}

/* ---- failures ---- */

static void fail_reading(struct github_look *look, enum github_reading reading, int64_t retry_ms,
	const char *sentence) {
	drop_snapshot(look);
	look->snapshot = calloc(1, sizeof(*look->snapshot));
	if (look->snapshot == NULL) {
		github_look_end(look, -ENOMEM);
		return;
	}
	github_snapshot_fail(look->snapshot, reading, retry_ms, sentence);
	github_look_end(look, 0);
}

void github_look_fail(struct github_look *look, const struct github_call *call, int status) {
	static const enum github_reading readings[BUDGET_MEANING_COUNT] = {
		[BUDGET_OK] = GITHUB_FAILED,
		[BUDGET_NO_ANSWER] = GITHUB_FAILED,
		[BUDGET_LIMITED] = GITHUB_RATE_LIMITED,
		[BUDGET_UNAUTHORIZED] = GITHUB_FAILED,
		[BUDGET_NOT_ALLOWED] = GITHUB_FORBIDDEN,
		[BUDGET_SSO] = GITHUB_FORBIDDEN,
		[BUDGET_NOT_FOUND] = GITHUB_NOT_FOUND,
		[BUDGET_GONE] = GITHUB_FAILED,
		[BUDGET_INVALID] = GITHUB_FAILED,
		[BUDGET_MOVED] = GITHUB_FAILED,
	};

	if (status == -ECANCELED || status == -ENOMEM) {
		github_look_end(look, status);
	} else if (call->meaning == BUDGET_UNAUTHORIZED) {
		(void)TEXT_SET(look->sentence, call->sentence);
		look->retry_ms = call->retry_ms;
		github_look_end(look, -EAGAIN);
	} else {
		fail_reading(look, readings[call->meaning], call->retry_ms, call->sentence);
	}
}

/* ---- what is still to be asked ---- */

static bool is_being_computed(const struct github_snapshot *snapshot) {
	return snapshot->state == GITHUB_STATE_OPEN &&
		(snapshot->mergeable == GITHUB_MERGEABLE_UNKNOWN ||
			snapshot->merge_state == GITHUB_MERGE_STATE_UNKNOWN);
}

/* There is no such branch, and no pull request ever was of one. */
static bool may_be_tag(const struct github_look *look) {
	return look->or_tag && !look->is_tag && look->number == 0 &&
		look->snapshot->state == GITHUB_STATE_GONE && look->snapshot->pull_request == 0;
}

static bool has_more_pages(const struct github_look *look) {
	const struct github_snapshot *snapshot = look->snapshot;

	return (snapshot->checks.cursor[0] != '\0' || snapshot->suites.cursor[0] != '\0') &&
		look->n_pages < LIMIT_GITHUB_CHECK_PAGES;
}

static void ask_again(struct github_look *look) {
	int64_t ms = LIMIT_GITHUB_MERGEABLE_FIRST_MS << look->n_tries;

	look->n_tries++;
	drop_snapshot(look);
	github_look_sleep(look, ms);
}

void github_look_advance(struct github_look *look) {
	const struct github_snapshot *snapshot = look->snapshot;
	unsigned part;

	if (look->is_cancelled) {
		github_look_end(look, -ECANCELED);
	} else if (snapshot->reading[GITHUB_PART_TARGET] != GITHUB_READ) {
		github_look_end(look, 0);
	} else if (snapshot->ask_by_number) {
		look->number = snapshot->pull_request;
		drop_snapshot(look);
		github_look_gather(look);
	} else if (may_be_tag(look)) {
		look->is_tag = true;
		drop_snapshot(look);
		github_look_gather(look);
	} else if (has_more_pages(look)) {
		look->n_pages++;
		look->is_continued = true;
		github_look_gather(look);
	} else if ((part = github_rest_wanted(look)) != 0) {
		int r = github_rest_ask(look, part);

		look->asked |= (uint8_t)part;
		if (r < 0) {
			github_look_end(look, r);
		}
	} else if (look->mergeable && is_being_computed(snapshot) &&
		look->n_tries < LIMIT_GITHUB_MERGEABLE_TRIES) {
		ask_again(look);
	} else {
		github_look_end(look, 0);
	}
}

/* Whether the page belongs to what is there. */
static int append_page(struct github_look *look, struct github_snapshot *fresh) {
	int r = github_snapshot_append(look->snapshot, fresh);

	look->is_continued = false;
	if (r == -E2BIG) { /* further ones could not be kept either */
		look->n_pages = LIMIT_GITHUB_CHECK_PAGES;
		return 0;
	}
	if (r != -ESTALE) {
		return r;
	}
	look->n_pages += PAGES_OF_RESTART;
	if (look->n_pages >=
		LIMIT_GITHUB_CHECK_PAGES) { /* not all of it was read, and the judge sees that */
		return 0;
	}
	drop_snapshot(look);
	github_look_gather(look);
	return -EINPROGRESS;
}

static int take_first(struct github_look *look, struct github_snapshot *fresh) {
	drop_snapshot(look);
	look->snapshot = malloc(sizeof(*look->snapshot));
	if (look->snapshot == NULL) {
		github_snapshot_finish(fresh);
		return -ENOMEM;
	}
	*look->snapshot = *fresh;
	*fresh = (struct github_snapshot){ 0 };
	return 0;
}

void github_look_take(struct github_look *look, struct github_snapshot *fresh) {
	int r = look->is_continued ? append_page(look, fresh) : take_first(look, fresh);

	if (r == 0) {
		github_look_advance(look);
	} else if (r != -EINPROGRESS) {
		github_look_end(look, r);
	}
}
