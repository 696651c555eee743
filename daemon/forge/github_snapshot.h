/*
 * github_snapshot - what GitHub said of one pull request or of one branch's head commit, bounded. Pure data, any
 * thread.
 *
 * The first value of every enum is what a zeroed snapshot has: not read, of a wrong type, or a word this version
 * does not know. None of them is ever ready. Texts are foreign, but clean: UTF-8 without control and hidden
 * characters.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"
#include "daemon/limits.h"

enum github_answer { GITHUB_UNKNOWN, GITHUB_YES, GITHUB_NO };

enum github_state {
	GITHUB_STATE_UNREAD,
	GITHUB_STATE_BRANCH, /* it exists and no pull request of it is open */
	GITHUB_STATE_CLOSED,
	GITHUB_STATE_GONE, /* the pull request, or the branch */
	GITHUB_STATE_MERGED,
	GITHUB_STATE_OPEN,
};

enum github_mergeable {
	GITHUB_MERGEABLE_UNREAD,
	GITHUB_MERGEABLE_CONFLICTING,
	GITHUB_MERGEABLE_MERGEABLE,
	GITHUB_MERGEABLE_UNKNOWN, /* GitHub is computing it */
	GITHUB_MERGEABLE_COUNT,
};

enum github_merge_state {
	GITHUB_MERGE_STATE_UNREAD,
	GITHUB_MERGE_STATE_BEHIND,
	GITHUB_MERGE_STATE_BLOCKED,
	GITHUB_MERGE_STATE_CLEAN,
	GITHUB_MERGE_STATE_DIRTY,
	GITHUB_MERGE_STATE_DRAFT,
	GITHUB_MERGE_STATE_HAS_HOOKS,
	GITHUB_MERGE_STATE_UNKNOWN,  /* GitHub is computing it */
	GITHUB_MERGE_STATE_UNSTABLE, /* may be merged; a check that is not required is not green */
	GITHUB_MERGE_STATE_COUNT,
};

/* A decision of all reviewers (REVIEW_REQUIRED, NONE) or of one (DISMISSED, COMMENTED, PENDING). */
enum github_review {
	GITHUB_REVIEW_UNREAD,
	GITHUB_REVIEW_NONE, /* none is required and none was given */
	GITHUB_REVIEW_APPROVED,
	GITHUB_REVIEW_CHANGES_REQUESTED,
	GITHUB_REVIEW_COMMENTED,
	GITHUB_REVIEW_DISMISSED,
	GITHUB_REVIEW_PENDING,
	GITHUB_REVIEW_REVIEW_REQUIRED,
	GITHUB_REVIEW_COUNT,
};

enum github_status {
	GITHUB_STATUS_UNREAD,
	GITHUB_STATUS_COMPLETED,
	GITHUB_STATUS_EXPECTED, /* required, never reported */
	GITHUB_STATUS_IN_PROGRESS,
	GITHUB_STATUS_PENDING,
	GITHUB_STATUS_QUEUED,
	GITHUB_STATUS_REQUESTED,
	GITHUB_STATUS_WAITING,
	GITHUB_STATUS_COUNT,
};

enum github_conclusion {
	GITHUB_CONCLUSION_UNREAD,
	GITHUB_CONCLUSION_NONE, /* null: not completed */
	GITHUB_CONCLUSION_ACTION_REQUIRED,
	GITHUB_CONCLUSION_CANCELLED,
	GITHUB_CONCLUSION_FAILURE,
	GITHUB_CONCLUSION_NEUTRAL,
	GITHUB_CONCLUSION_SKIPPED,
	GITHUB_CONCLUSION_STALE,
	GITHUB_CONCLUSION_STARTUP_FAILURE,
	GITHUB_CONCLUSION_SUCCESS,
	GITHUB_CONCLUSION_TIMED_OUT,
	GITHUB_CONCLUSION_COUNT,
};

enum github_kind {
	GITHUB_KIND_UNREAD, /* something was there, and could not be read */
	GITHUB_KIND_RUN,    /* a check run */
	GITHUB_KIND_STATUS, /* a commit status; SUCCESS, FAILURE and ERROR are completed, as of a run */
	GITHUB_KIND_SUITE, /* a check suite: one run of a workflow, or all runs of another app */
};

struct github_check {
	enum github_kind kind;
	enum github_status status;
	enum github_conclusion conclusion;
	enum github_answer required;
	bool inexact; /* the name was cut or cleaned: it is never taken for the rerun of another */
	int64_t id;   /* 0 unknown, as the next two; grows with time */
	int64_t suite_id;
	int64_t workflow_run_id;
	int64_t started_ms;		  /* 0 unknown; of a suite: created */
	int64_t completed_ms;		  /* 0 unknown; of a status: created */
	char name[LIMIT_NAME_MAX];	  /* of a suite: "" */
	char app[LIMIT_SUBJECT_MAX];	  /* its slug; "" unknown, and of every status */
	char workflow[LIMIT_SUBJECT_MAX]; /* "" unknown or not an Actions one, as the event */
	char event[LIMIT_NUMBER_MAX];
};

struct github_check_list {
	struct github_check *items; /* owned; at most LIMIT_GITHUB_CHECKS */
	size_t n;
	int64_t total;			      /* how many GitHub says there are */
	bool incomplete;		      /* pages are missing, or some could not be kept */
	char cursor[LIMIT_GITHUB_CURSOR_MAX]; /* of the next page; "" none */
};

struct github_review_by {
	char author[LIMIT_SUBJECT_MAX];
	enum github_review state;
	char commit[LIMIT_COMMIT_MAX];
};

/* The parts of an answer, each readable or not. Of the later ones their fields say that: they are unread. */
enum github_part {
	GITHUB_PART_TARGET,
	GITHUB_PART_CHECKS,
	GITHUB_PART_SUITES,
	GITHUB_PARTS_READ,
	GITHUB_PART_MERGE = GITHUB_PARTS_READ,
	GITHUB_PART_REVIEWS,
	GITHUB_PART_THREADS,
	GITHUB_PART_COUNT,
};

enum github_reading {
	GITHUB_NOT_ASKED,
	GITHUB_READ,
	GITHUB_FAILED,	  /* an error at their side */
	GITHUB_FORBIDDEN, /* a permission is missing */
	GITHUB_MALFORMED, /* not what the documentation says */
	GITHUB_NOT_FOUND, /* gone, or not for us to see */
	GITHUB_RATE_LIMITED,
};

/* Where the checks were read from: bits. */
enum {
	GITHUB_FROM_ROLLUP = 1,	    /* all check runs and statuses */
	GITHUB_FROM_SUITES = 2,	    /* check suites */
	GITHUB_FROM_CHECK_RUNS = 4, /* REST, as the next two */
	GITHUB_FROM_STATUSES = 8,
	GITHUB_FROM_ACTIONS_RUNS =
		16, /* as suites; what stands for the check runs of a token that may not read them */
};

struct github_snapshot {
	enum github_reading reading[GITHUB_PARTS_READ];
	char why[LIMIT_REASON_MAX]; /* of the first part that could not be read: a sentence; may be "" */
	int64_t retry_ms;	    /* GITHUB_RATE_LIMITED: when to ask again; 0 unknown */

	enum github_state state;
	int64_t pull_request; /* 0 none */
	/* A pull request was found by its branch; only a query by its number tells the rest. */
	bool ask_by_number;
	enum github_answer draft;
	enum github_answer in_merge_queue;
	int64_t queue_position; /* 0 unknown */
	enum github_mergeable mergeable;
	enum github_merge_state merge_state;
	enum github_review review;
	enum github_answer cross_repository;
	char base[LIMIT_NAME_MAX];
	char head_branch[LIMIT_NAME_MAX];
	char head_repository[LIMIT_NAME_MAX]; /* "" unknown: its fork may be gone */
	char head_sha[LIMIT_COMMIT_MAX];
	int64_t head_ms; /* when it was committed, as its author's clock said; 0 unknown */
	char checks_sha[LIMIT_COMMIT_MAX]; /* the commit that the checks are of */

	unsigned sources;
	enum github_status rollup_status; /* what GitHub makes of all: as of one status */
	enum github_conclusion rollup_conclusion;
	struct github_check_list checks; /* runs and statuses */
	struct github_check_list suites;

	/* Checks that the protection of its base branch names, as far as they fit; reported or not. */
	char expected[LIMIT_GITHUB_REQUIRED][LIMIT_SUBJECT_MAX];
	size_t n_expected;

	size_t n_reviews;
	bool reviews_incomplete;
	struct github_review_by reviews[LIMIT_GITHUB_REVIEWS]; /* the newest opinion of each who may write */
	int64_t unresolved_threads;
	bool threads_incomplete;
};

/* Frees what it owns and zeroes it. */
void github_snapshot_finish(struct github_snapshot *snapshot);

/* Nothing could be read: `reading` for every part, `why` a sentence (copied, cleaned). What was there is freed. */
void github_snapshot_fail(struct github_snapshot *snapshot, enum github_reading reading,
	int64_t retry_ms, const char *why);

/*
 * Adds a zeroed check, to be filled in. Returns: 0; -ENOMEM; -E2BIG, LIMIT_GITHUB_CHECKS: the list is marked
 * incomplete. `ret_check` is valid until the next call.
 */
must_check int github_check_add(struct github_check_list *list, struct github_check **ret_check);

/*
 * Moves the checks and suites of a further page (`more`, asked with the cursors of `snapshot`) to it; the list is
 * complete when that was the last page. Returns: 0; -ESTALE, the page is of another commit; -ENOMEM; -E2BIG. `more`
 * is finished.
 */
must_check int github_snapshot_append(struct github_snapshot *snapshot, struct github_snapshot *more);

/* Whether all that must be known of the checks was asked and answered, from whichever source. */
bool github_checks_readable(const struct github_snapshot *snapshot);
