/*
 * github_judge - from what GitHub said to a verdict. Pure, any thread.
 *
 * Never a false green: ready needs an empty list of reasons, and whatever was not read is a reason. What counts:
 *
 * - Of several runs of one check the newest: same app, name, workflow and event (a push and a pull request test
 *   different commits). Which is newer is believed only when ids and start times agree; else both count.
 * - Required: what GitHub says is required and what the project's list names; when neither names anything, all.
 *   What was reported (its job, step) counts whatever is required.
 * - SUCCESS and NEUTRAL pass; so does SKIPPED while its workflow run holds no failure. One pass is needed at least.
 * - A pass has to have ended after the report: an older one proves nothing of it, and one of which nobody can tell,
 *   since the two clocks differ by an unknown amount, neither. While nobody pushed it has to be that of the reported
 *   job, or of the step where no job is known.
 * - That is a check of the very name, but for case and for what is put around it: "test", "test (ubuntu, 3.12)",
 *   "CI / test", "ci/circleci: test". Only where there is none, one that mentions it among other words may be it ("Test
 *   on macOS"): while nobody pushed, when it began after the report, as any other may where none even mentions it; on
 *   a newer commit only of a report from another CI system than GitHub Actions, whose checks have their jobs' names.
 * - Suites tell of workflows that have no check yet: waiting for approval, queued, broken at startup. Where something
 *   is required, of those that run as well, while a glob of the project's list may match one of their checks to come.
 * - GitHub's own summary (rollup, merge state) must not contradict what was seen.
 *
 * Outcomes: unknown, when nothing but unread things stands against it; pending, when time alone may do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"
#include "daemon/forge/github_snapshot.h"
#include "daemon/model/verdict.h"

/* A failure of the branch that another active incident is about. */
struct github_elsewhere {
	int64_t incident_id;
	const char *job;
	const char *step;
};

struct github_policy { /* all borrowed; texts may be NULL for "" */
	/* Globs ("*" crosses "/"), against "name", "workflow / name", and the workflow of a suite. */
	const char *const *required;
	size_t n_required;
	const char *const *ignored;
	size_t n_ignored;
	/* What we put on the head ourselves, left out: check runs of our app, statuses of that context. */
	const char *own_app;
	const char *own_context;
	int64_t max_pending_ms; /* of one check; 0: the bound of CHECK_PENDING */
	bool repair_changes_requested;
	bool repair_behind;
	bool accept_stale_reviews; /* an approval of an older commit is enough */
	/* What the newest report told of; commit "" unknown, report_ms 0: there is none. */
	const char *report_commit;
	int64_t report_ms;	 /* when it arrived, by GitHub's clock, at the earliest */
	int64_t report_doubt_ms; /* so much later at the latest */
	const char *report_job;
	const char *report_step;
	bool report_of_other_ci; /* surely not of GitHub Actions */
	bool report_passed; /* CI told us itself that the reported job and step passed on the head since */
	const struct github_elsewhere *elsewhere;
	size_t n_elsewhere;
	int64_t revision; /* of the incident; 0 none */
};

void github_judge(const struct github_snapshot *snapshot, const struct github_policy *policy,
	int64_t now_ms, struct verdict *ret_verdict);

/* Whether it is called like that job, or like the step where none is known. Both may be NULL or "". */
bool github_is_called(const struct github_check *check, const char *job, const char *step);
/* Whether it has that name among its words. */
bool github_mentions(const struct github_check *check, const char *job, const char *step);

/* Whether the head is another commit than the reported one: somebody pushed since. */
enum github_answer github_head_moved(
	const struct github_snapshot *snapshot, const struct github_policy *policy);
