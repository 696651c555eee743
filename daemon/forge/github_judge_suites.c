#include <string.h>

#include "common/text.h"
#include "daemon/forge/github_judge_internal.h"

/* ---- suites ---- */

/* Whether a check says at least as much as its suite does. */
static bool tells(const struct judging *j, const struct github_check *check,
	const struct github_check *suite) {
	if (suite->status == GITHUB_STATUS_COMPLETED) {
		return github_is_red(check);
	}
	/* What nobody waits for does not tell whether others, which have no check yet, are still to come. */
	return check->status != GITHUB_STATUS_COMPLETED && !github_is_left_out(j, check);
}

/*
 * A check of the suite that was seen. None that a later one took the place of: had that been a rerun, the suite would
 * say what the later one does.
 */
static bool is_told_by_check(const struct judging *j, const struct github_check *suite) {
	const struct github_check_list *list = &j->snapshot->checks;

	for (size_t i = 0; i < list->n; i++) {
		const struct github_check *check = &list->items[i];

		if (github_is_same_run(check, suite) && tells(j, check, suite) &&
			!github_is_superseded(list, check)) {
			return true;
		}
	}
	return false;
}

/* Whether a glob of the project matches that one, and may match others that are still to come. */
static bool is_one_of_many(const struct judging *j, const struct github_check *check) {
	for (size_t i = 0; i < j->policy->n_required; i++) {
		const char *glob = j->policy->required[i];

		if (strpbrk(glob, "*?[") != NULL && github_matches(&glob, 1, check)) {
			return true;
		}
	}
	return false;
}

/* Whether a workflow that is not over may still bring a check that the project requires by a glob. */
static bool may_bring_required(const struct judging *j, const struct github_check *suite) {
	const struct github_check_list *list = &j->snapshot->checks;
	bool found = is_one_of_many(j, suite);

	for (size_t i = 0; !found && i < list->n; i++) {
		found = github_is_same_run(&list->items[i], suite) &&
			is_one_of_many(j, &list->items[i]);
	}
	return found && suite->status != GITHUB_STATUS_COMPLETED;
}

/*
 * Every app with permission for checks has a suite on every commit, queued for ever when it has nothing to say.
 * Only a workflow's tells that something will come.
 */
static void judge_suite(struct judging *j, const struct github_check *suite) {
	bool is_workflow = suite->workflow[0] != '\0' || suite->workflow_run_id > 0 ||
		strcmp(suite->app, GITHUB_ACTIONS_APP) == 0;
	bool counts_anyway = suite->status == GITHUB_STATUS_UNREAD ||
		suite->conclusion == GITHUB_CONCLUSION_UNREAD ||
		(suite->status == GITHUB_STATUS_COMPLETED &&
			suite->conclusion == GITHUB_CONCLUSION_NONE) ||
		suite->conclusion == GITHUB_CONCLUSION_ACTION_REQUIRED ||
		suite->conclusion == GITHUB_CONCLUSION_STARTUP_FAILURE;

	if (suite->kind == GITHUB_KIND_UNREAD) {
		github_judge_one(j, suite);
		return;
	}
	if (github_passes(suite) ||
		(!is_workflow && suite->status != GITHUB_STATUS_COMPLETED && !counts_anyway) ||
		is_told_by_check(j, suite)) {
		return;
	}
	j->saw_not_green = true;
	if (!j->some_required || counts_anyway || may_bring_required(j, suite)) {
		github_judge_one(j, suite);
	}
}

void github_judge_suites(struct judging *j) {
	const struct github_check_list *list = &j->snapshot->suites;

	for (size_t i = 0; i < list->n; i++) {
		const struct github_check *suite = &list->items[i];

		if (!github_is_left_out(j, suite) && !github_is_superseded(list, suite)) {
			judge_suite(j, suite);
		}
	}
}

/* Where runs of workflows stand for their jobs, which the credential may not read. */
void github_judge_suites_as_checks(struct judging *j) {
	const struct github_check_list *list = &j->snapshot->suites;

	for (size_t i = 0; i < list->n; i++) {
		j->saw_not_green = j->saw_not_green || !github_passes(&list->items[i]);
		j->n_reported += !github_is_left_out(j, &list->items[i]);
		j->saw_reported = j->saw_reported || github_is_reported(j, &list->items[i]);
	}
	for (size_t i = 0; i < list->n; i++) {
		if (!github_is_left_out(j, &list->items[i]) &&
			!github_is_superseded(list, &list->items[i])) {
			github_judge_one(j, &list->items[i]);
		}
	}
}

/* ---- what is missing, and what does not fit together ---- */

static bool is_seen(const struct judging *j, const char *glob) {
	const struct github_check_list *lists[] = { &j->snapshot->checks, &j->snapshot->suites };

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		for (size_t i = 0; i < lists[l]->n; i++) {
			if (github_matches(&glob, 1, &lists[l]->items[i])) {
				return true;
			}
		}
	}
	return false;
}

/*
 * On a newer commit what failed has to have run again; that others pass there proves nothing of it. Whoever names the
 * checks that count has said what does.
 */
static void judge_reported_missing(struct judging *j) {
	const struct github_policy *policy = j->policy;
	const char *job = github_reported_name(policy);
	char name[GITHUB_SHORT_NAME_MAX];

	if (policy->report_ms == 0 || job[0] == '\0' || policy->report_passed || j->saw_reported ||
		policy->n_required > 0 || j->n_reported == 0 ||
		github_head_moved(j->snapshot, policy) == GITHUB_NO) {
		return;
	}
	github_reason(j, REASON_CHECK_MISSING, 0, job,
		"No check on the newest commit is named like what failed, %s; a pass that CI reports, or"
		" required-checks, would tell.",
		github_short(job, name));
}

void github_judge_missing(struct judging *j) {
	const struct github_snapshot *s = j->snapshot;
	char name[GITHUB_SHORT_NAME_MAX];

	for (size_t i = 0; i < j->policy->n_required; i++) {
		if (!is_seen(j, j->policy->required[i])) {
			github_reason(j, REASON_CHECK_MISSING, 0, j->policy->required[i],
				"No check %s was reported, and the project requires it.",
				github_short(j->policy->required[i], name));
		}
	}
	judge_reported_missing(j);
	if (j->n_reported == 0) {
		github_reason(j, REASON_NO_CHECKS_ON_HEAD, 0, s->head_sha,
			"No check has run on the newest commit.");
	} else if (j->n_passed == 0 && j->verdict->n_reasons == 0) {
		github_reason(j, REASON_NO_CHECKS_ON_HEAD, 0, s->head_sha,
			"Every check on the newest commit was skipped, so nothing proves it.");
	}
}

static bool is_reported_by_name(const struct github_check_list *list, const char *name) {
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->items[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* As CHECK_MISSING. */
static bool is_told(const struct verdict *verdict, const char *name) {
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		if (verdict->reasons[i].code == REASON_CHECK_MISSING &&
			strcmp(verdict->reasons[i].subject, name) == 0) {
			return true;
		}
	}
	return false;
}

/* It counts as far as GitHub says that something is in the way. Time begins when it is seen so first. */
void github_judge_expected(struct judging *j) {
	const struct github_snapshot *s = j->snapshot;
	bool by_name = (s->sources & (GITHUB_FROM_ROLLUP | GITHUB_FROM_CHECK_RUNS)) != 0;
	char name[GITHUB_SHORT_NAME_MAX];

	if (s->merge_state != GITHUB_MERGE_STATE_BLOCKED || !by_name || s->checks.incomplete) {
		return;
	}
	for (size_t i = 0; i < s->n_expected; i++) {
		if (!is_reported_by_name(&s->checks, s->expected[i]) &&
			!is_told(j->verdict, s->expected[i])) {
			github_reason(j, REASON_CHECK_MISSING, 0, s->expected[i],
				"No check %s was reported, and the branch's protection requires it.",
				github_short(s->expected[i], name));
		}
	}
}

/*
 * Where only statuses and GitHub Actions may be read, other apps may have a red check. Of a pull request GitHub's merge
 * state tells of it, though not whether what was seen is all that it means; of a branch nothing does.
 */
void github_judge_other_apps(struct judging *j) {
	const struct github_snapshot *s = j->snapshot;

	if ((s->state != GITHUB_STATE_BRANCH && s->merge_state != GITHUB_MERGE_STATE_UNSTABLE) ||
		j->policy->n_required > 0 || j->verdict->n_reasons > 0) {
		return;
	}
	github_reason(j, REASON_CHECKS_UNREADABLE, 0, "other apps",
		"The credential may read statuses and GitHub Actions, but no checks of other apps: name in"
		" required-checks what counts, or give it the permission.");
}

/* What GitHub sums up as not green, while all that was seen is: something was not seen. */
void github_judge_rollup(struct judging *j) {
	const struct github_snapshot *s = j->snapshot;
	bool green = s->rollup_status == GITHUB_STATUS_COMPLETED &&
		s->rollup_conclusion == GITHUB_CONCLUSION_SUCCESS;

	if ((s->sources & GITHUB_FROM_ROLLUP) != 0 && s->checks.n > 0 && !green &&
		!j->saw_not_green && j->verdict->n_reasons == 0) {
		github_reason(j, REASON_CHECKS_UNREADABLE, 0, "rollup",
			"GitHub does not call all checks green, and every one seen is.");
	}
}

/* Whether what passed tells of what was reported. */
static bool is_after_report(
	const struct judging *j, enum github_answer moved, const struct judged_order *order) {
	if (j->policy->report_ms == 0 || j->policy->report_passed) {
		return true;
	}
	if (moved != GITHUB_NO) {
		return order->passed;
	}
	return j->saw_reported ? order->reported_passed : order->passed && order->began;
}

/* A pass from before the report proves nothing of it. */
void github_judge_order(struct judging *j) {
	const char *reported = j->policy->report_commit != NULL ? j->policy->report_commit : "";
	enum github_answer moved = github_head_moved(j->snapshot, j->policy);
	char name[GITHUB_SHORT_NAME_MAX];

	if (j->verdict->n_reasons > 0 || is_after_report(j, moved, &j->surely)) {
		return;
	}
	if (is_after_report(j, moved, &j->perhaps)) {
		github_reason(j, REASON_ORDER_UNKNOWN, 0, j->snapshot->head_sha,
			"Whether it passed after the failure was reported is unknown: how far this machine's"
			" clock is from GitHub's is not known well enough; see codegend(8), CLOCK.");
		return;
	}
	if (moved == GITHUB_NO) {
		github_reason(j, REASON_NO_BUILD_SINCE_REPORT, 0, j->snapshot->head_sha,
			"No check of it has passed on %s since the failure was reported.",
			github_short(reported, name));
	} else {
		github_reason(j, REASON_ORDER_UNKNOWN, 0, j->snapshot->head_sha,
			"All checks ended before the failure%s%s was reported; whether the newest commit"
			" comes after it is unknown.",
			reported[0] != '\0' ? " on " : "", github_short(reported, name));
	}
}
