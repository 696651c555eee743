/*
 * stats - statistics out of the event log: who reads it, what it becomes, where it is kept.
 *
 * The rows of `stats` follow the log: a slice of it is read, each fact is added to the tallies of its day, and these
 * are merged into the table in one transaction with the place that was reached. So the table is always what the log
 * says up to there, a submission pays nothing for it, and to compute everything anew is to begin at the first event.
 *
 * On the store's thread only.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/macro.h"
#include "daemon/store/internal.h"

/* One line of the log that has a fact. Strings borrowed. */
struct stats_event {
	int64_t seq;
	int64_t at_ms;
	const char *project;
	int64_t incident_id;
	int64_t report_id;
	const json_t *fact;
};

/* stats_follow.c: what a slice adds to a day of a branch, by "PROJECT\nBRANCH\nDAY". */
must_check int stats_scope(
	json_t *scopes, const char *project, const char *branch, int64_t day, json_t **ret_tally);
/* Whole UTC days since 1970. */
int64_t stats_day(int64_t ms);
/* How many events of the log are not in the statistics yet. */
must_check int stats_behind(struct db *db, int64_t *ret_n);
/* Takes in a slice of the log. Within a transaction. `*ret_more`: there is more of it. */
must_check int stats_follow(struct db *db, bool *ret_more);
/* Forgets a slice of what was computed; when all of it is gone, begins at the first event. Within a transaction. */
must_check int stats_clear(struct db *db, bool *ret_more);

/*
 * Forgets up to `n_max` of the sums of days before that of `before_ms`, and with the last of a branch how that stood.
 * Within a transaction. Returns how many went.
 */
must_check int stats_forget(struct db *db, int64_t before_ms, int n_max);

/* stats_take.c: adds one event to the tallies. */
must_check int stats_take(struct db *db, json_t *scopes, const struct stats_event *event);

/* stats_branch.c: how a branch stands, and what a build changes about it. */
struct stats_build {
	const char *project;
	const char *branch;
	const char *job;
	const char *step;
	const char *commit; /* "" unknown */
	const char *number; /* "" unknown */
	bool passed;
	int64_t at_ms;
	const json_t *failing; /* names of failed tests; NULL */
};
enum stats_build_kind { BUILD_COUNTS, BUILD_IS_LATE, BUILD_IS_DUPLICATE };
/* `*ret_flaky`: an array of labels of what passed and failed on one commit, a new reference; NULL: nothing did. */
must_check int stats_branch_take(struct db *db, const struct stats_build *build,
	enum stats_build_kind *ret_kind, json_t **ret_flaky);

/* Of a failure: fingerprint, error type, cause, project and what failed, a line each. */
#define STATS_LABEL_MAX (7 * LIMIT_NAME_MAX)

/* stats_story.c: what the log says of one incident up to an event. */
struct stats_story {
	bool has_start;
	int64_t start_ms;	      /* opened, or came back after it was resolved */
	char cause[STATS_LABEL_MAX];  /* label of the failure of its start */
	char failed[STATS_LABEL_MAX]; /* of the last that was reported */
	bool is_resolved;
	bool came_back;
	bool is_checked;	    /* since the start, and it was not ready */
	char agent[LIMIT_NAME_MAX]; /* triggered last since then, or since it last ended; "" nobody */
	int64_t triggered_ms;
	char last_agent[LIMIT_NAME_MAX]; /* triggered last, ever */
	char given_up[16]; /* how it ended since the start, before this event, without being repaired; "" not */
	int64_t given_up_ms;
	/* Of each trigger since the start or the last end that was followed by another commit: agent and time. */
	json_t *signs; /* owned: [[agent, ms], ...] */
};
must_check int stats_story_read(
	struct db *db, const struct stats_event *event, struct stats_story *ret_story);
void stats_story_finish(struct stats_story *story);
/*
 * What `scan` says, one of its own words whatever their case; "unknown" for nothing and "other" for any word else: it
 * comes from whoever may submit, and each would be a row, a bar and a series for monitoring. Static.
 */
const char *stats_cause(const json_t *fact);
/*
 * "FINGERPRINT\nTYPE\nCAUSE\nPROJECT\nSTEP" of a fact, "unknown" for what it does not say. The step, "JOB / STEP",
 * tells failures without a fingerprint apart; else it is "".
 */
void stats_failure_label(const char *project, const json_t *fact, char out[STATS_LABEL_MAX]);
/* The project of an event, or "unknown". */
const char *stats_project(const struct stats_event *event);
