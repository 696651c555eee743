#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/text.h"
#include "daemon/forge/github_judge_internal.h"

/* How far the clock of whoever committed may be off before a check counts as older than the commit. */
#define COMMIT_CLOCK_SKEW_MS (10 * CLOCK_MINUTE_MS)

/* What a conclusion that does not pass means; the sentence is "Check NAME" and `words`. */
static const struct conclusion_rule {
	enum reason_code code;
	const char *words;
} rules[GITHUB_CONCLUSION_COUNT] = {
	[GITHUB_CONCLUSION_UNREAD] = { REASON_CHECKS_UNREADABLE,
		"ended in a way this version does not know." },
	[GITHUB_CONCLUSION_NONE] = { REASON_CHECKS_UNREADABLE, "ended, and GitHub does not say how." },
	[GITHUB_CONCLUSION_ACTION_REQUIRED] = { REASON_AWAITING_WORKFLOW_APPROVAL,
		"waits for a person to approve or do something." },
	[GITHUB_CONCLUSION_CANCELLED] = { REASON_CHECK_CANCELLED, "was cancelled." },
	[GITHUB_CONCLUSION_FAILURE] = { REASON_CHECK_FAILED, "failed." },
	[GITHUB_CONCLUSION_STALE] = { REASON_CI_STALE, "never ended, and GitHub gave it up." },
	[GITHUB_CONCLUSION_STARTUP_FAILURE] = { REASON_STARTUP_FAILURE, "could not be started." },
	[GITHUB_CONCLUSION_TIMED_OUT] = { REASON_CHECK_TIMED_OUT, "timed out." },
};

/* ---- skipped, and why ---- */

/* A job whose needed job failed is skipped, and GitHub calls that a success. Returns whether it was one. */
static bool judge_skipped(struct judging *j, const struct github_check *check, const char *subject) {
	const struct github_check *red = github_red_in(&j->snapshot->checks, check);
	char name[GITHUB_SHORT_NAME_MAX], other[GITHUB_SHORT_NAME_MAX], of[LIMIT_SUBJECT_MAX];
	enum reason_code code;

	red = red != NULL ? red : github_red_in(&j->snapshot->suites, check);
	if (red == NULL) {
		return false;
	}
	/* It waits for what the other one waits for: a cancelled job may be run again. */
	code = rules[red->conclusion].code;
	github_reason(j, code == REASON_CHECK_FAILED ? REASON_SKIPPED_BY_FAILURE : code, 0, subject,
		"Check %s was skipped, in a workflow run whose %s %s", github_short(subject, name),
		github_short(github_subject(red, of), other), rules[red->conclusion].words);
	return true;
}

/* ---- one check ---- */

static int64_t pending_since(const struct judging *j, const struct github_check *check) {
	return check->started_ms > 0 && check->started_ms <= j->now_ms ? check->started_ms : 0;
}

static void judge_pending(struct judging *j, const struct github_check *check, const char *subject) {
	int64_t since_ms = pending_since(j, check);
	size_t n = j->verdict->n_reasons;
	char name[GITHUB_SHORT_NAME_MAX], age[CLOCK_SPAN_MAX] = "";

	if (since_ms > 0) {
		(void)clock_format_relative(since_ms, j->now_ms, age);
	}
	github_reason(j, REASON_CHECK_PENDING, since_ms, subject, "%s %s has not ended%s%s%s.",
		check->kind == GITHUB_KIND_SUITE ? "Workflow" : "Check", github_short(subject, name),
		age[0] != '\0' ? " (began " : "", age, age[0] != '\0' ? ")" : "");
	if (j->verdict->n_reasons > n) {
		j->verdict->reasons[n].bound_ms = j->policy->max_pending_ms;
	}
}

/* What passed must have run for this commit, not for what was there before. */
static bool is_older_than_head(const struct judging *j, const struct github_check *check) {
	int64_t head_ms = j->snapshot->head_ms;

	return head_ms > 0 && head_ms <= j->now_ms + COMMIT_CLOCK_SKEW_MS &&
		check->completed_ms > 0 && check->completed_ms < head_ms - COMMIT_CLOCK_SKEW_MS;
}

static void add_proof(struct judging *j, const struct github_check *check) {
	struct verdict *verdict = j->verdict;

	if (verdict->n_proof >= VERDICT_PROOF_MAX) {
		return;
	}
	if (check->id > 0) {
		(void)text_format(verdict->proof[verdict->n_proof++], ID_TEXT_MAX, "%s-%lld",
			check->kind == GITHUB_KIND_SUITE ? "check-suite" : "check-run",
			(long long)check->id);
	} else {
		(void)text_format(
			verdict->proof[verdict->n_proof++], ID_TEXT_MAX, "status:%s", check->name);
	}
}

static void note_order(const struct judging *j, const struct github_check *check, int64_t doubt_ms,
	struct judged_order *order) {
	int64_t report_ms = j->policy->report_ms;
	bool in_time =
		check->completed_ms >= report_ms && check->completed_ms - report_ms >= doubt_ms;
	bool began_in_time =
		check->started_ms >= report_ms && check->started_ms - report_ms >= doubt_ms;

	order->passed = order->passed || in_time;
	order->began = order->began || began_in_time;
	order->reported_passed = order->reported_passed ||
		(in_time && github_is_reported(j, check) &&
			(began_in_time || github_is_surely_reported(j, check)));
}

static void note_pass(struct judging *j, const struct github_check *check) {
	j->n_passed++;
	note_order(j, check, j->policy->report_doubt_ms, &j->surely);
	note_order(j, check, 0, &j->perhaps);
	add_proof(j, check);
}

static void judge_passed(struct judging *j, const struct github_check *check, const char *subject) {
	char name[GITHUB_SHORT_NAME_MAX];

	if (check->conclusion == GITHUB_CONCLUSION_SKIPPED) {
		if (!judge_skipped(j, check, subject) && github_is_reported(j, check) &&
			!j->policy->report_passed) {
			github_reason(j, REASON_NO_BUILD_SINCE_REPORT, 0, subject,
				"Check %s, which was reported, was skipped: nothing proves it repaired.",
				github_short(subject, name));
		}
		return;
	}
	if (is_older_than_head(j, check)) {
		github_reason(j, REASON_CI_STALE, 0, subject,
			"Check %s ended before the newest commit was made.",
			github_short(subject, name));
		return;
	}
	note_pass(j, check);
}

/* What stands against it is rather too much: a step that was reported may have a check of its own. */
static bool may_be_reported(const struct judging *j, const struct github_check *check) {
	return github_mentions(check, j->policy->report_job, NULL) ||
		github_mentions(check, j->policy->report_step, NULL) ||
		github_is_surely_reported(j, check);
}

static const struct github_elsewhere *find_elsewhere(
	const struct judging *j, const struct github_check *check) {
	if (may_be_reported(j, check)) {
		return NULL;
	}
	for (size_t i = 0; i < j->policy->n_elsewhere; i++) {
		const struct github_elsewhere *other = &j->policy->elsewhere[i];

		if (github_is_named(check, other->job) || github_is_named(check, other->step)) {
			return other;
		}
	}
	return NULL;
}

static void judge_red(struct judging *j, const struct github_check *check, const char *subject) {
	const struct conclusion_rule *rule = &rules[check->conclusion];
	const struct github_elsewhere *other = find_elsewhere(j, check);
	char name[GITHUB_SHORT_NAME_MAX], id[ID_TEXT_MAX];

	if (other != NULL && rule->code == REASON_CHECK_FAILED) {
		(void)id_format(ID_INCIDENT, other->incident_id, id);
		github_reason(j, REASON_RED_ELSEWHERE, 0, id, "Check %s is red because of %s.",
			github_short(subject, name), id);
		return;
	}
	github_reason(j, rule->code, 0, subject, "%s %s %s",
		check->kind == GITHUB_KIND_SUITE ? "Workflow" : "Check",
		github_short(subject, name), rule->words);
}

void github_judge_one(struct judging *j, const struct github_check *check) {
	char subject[LIMIT_SUBJECT_MAX], name[GITHUB_SHORT_NAME_MAX];

	(void)github_subject(check, subject);
	(void)github_short(subject, name);
	if (check->kind == GITHUB_KIND_UNREAD) {
		github_reason(j, REASON_CHECKS_UNREADABLE, 0, subject, "A check could not be read.");
		return;
	}
	switch (check->status) {
	case GITHUB_STATUS_COMPLETED:
		if (github_passes(check)) {
			judge_passed(j, check, subject);
		} else {
			judge_red(j, check, subject);
		}
		return;
	case GITHUB_STATUS_EXPECTED:
		github_reason(j, REASON_CHECK_MISSING, 0, subject,
			"Check %s is required and was never reported.", name);
		return;
	case GITHUB_STATUS_IN_PROGRESS:
	case GITHUB_STATUS_PENDING:
	case GITHUB_STATUS_QUEUED:
	case GITHUB_STATUS_REQUESTED:
	case GITHUB_STATUS_WAITING: judge_pending(j, check, subject); return;
	case GITHUB_STATUS_UNREAD:
	case GITHUB_STATUS_COUNT: break;
	}
	github_reason(j, REASON_CHECKS_UNREADABLE, 0, subject,
		"Check %s is in a state that could not be read or is not known.", name);
}

/* ---- all of them ---- */

static bool is_required(const struct judging *j, const struct github_check *check) {
	const struct github_policy *policy = j->policy;

	return !j->some_required || check->required == GITHUB_YES ||
		check->kind == GITHUB_KIND_UNREAD ||
		(check->required == GITHUB_UNKNOWN && policy->n_required == 0) ||
		github_matches(policy->required, policy->n_required, check) ||
		may_be_reported(j, check);
}

static void find_reported(struct judging *j, const struct github_check_list *list) {
	for (size_t i = 0; i < list->n; i++) {
		j->saw_surely_reported =
			j->saw_surely_reported || github_is_surely_reported(j, &list->items[i]);
	}
}

static void look_at_all(struct judging *j) {
	const struct github_check_list *list = &j->snapshot->checks;

	j->some_required = j->policy->n_required > 0;
	for (size_t i = 0; i < list->n; i++) {
		const struct github_check *check = &list->items[i];

		j->some_required = j->some_required || check->required == GITHUB_YES;
		j->saw_reported = j->saw_reported || github_is_reported(j, check);
		/* Older runs too: whether GitHub's summary counts them is not said. */
		j->saw_not_green = j->saw_not_green || !github_passes(check);
		if (!github_is_left_out(j, check) && check->status != GITHUB_STATUS_EXPECTED) {
			j->n_reported++;
		}
	}
}

static void judge_list(struct judging *j, const struct github_check_list *list) {
	for (size_t i = 0; i < list->n; i++) {
		const struct github_check *check = &list->items[i];

		if (!github_is_left_out(j, check) && is_required(j, check) &&
			!github_is_superseded(list, check)) {
			github_judge_one(j, check);
		}
	}
}

/* Whether there is anything to judge. */
static bool judge_reading(struct judging *j) {
	const struct github_snapshot *s = j->snapshot;
	bool more = s->checks.incomplete || s->suites.incomplete;
	char checks[GITHUB_SHORT_NAME_MAX], head[GITHUB_SHORT_NAME_MAX];

	if (!github_checks_readable(s)) {
		github_reason(j, REASON_CHECKS_UNREADABLE, 0, "",
			"The checks could not be read%s%s", s->why[0] != '\0' ? ": " : ".", s->why);
		return false;
	}
	if (s->head_sha[0] == '\0' || s->checks_sha[0] == '\0') {
		github_reason(j, REASON_CHECKS_UNREADABLE, 0, "head",
			"The newest commit, or which one the checks are of, could not be read.");
		return false;
	}
	if (strcmp(s->head_sha, s->checks_sha) != 0) {
		github_reason(j, REASON_CI_STALE, 0, s->head_sha,
			"The checks are of %.12s, and the newest commit is %.12s.",
			github_short(s->checks_sha, checks), github_short(s->head_sha, head));
		return false;
	}
	if (more || s->checks.total != (int64_t)s->checks.n ||
		s->suites.total != (int64_t)s->suites.n) {
		github_reason(j, REASON_CHECKS_UNREADABLE, 0, "pages",
			"Only %zu of %lld checks and %zu of %lld check suites were read.",
			s->checks.n, (long long)s->checks.total, s->suites.n,
			(long long)s->suites.total);
	}
	return true;
}

void github_judge_checks(struct judging *j) {
	bool as_checks = (j->snapshot->sources & (GITHUB_FROM_ROLLUP | GITHUB_FROM_CHECK_RUNS)) == 0;

	if (!judge_reading(j)) {
		return;
	}
	find_reported(j, &j->snapshot->checks);
	if (as_checks) {
		find_reported(j, &j->snapshot->suites);
	}
	look_at_all(j);
	judge_list(j, &j->snapshot->checks);
	if (as_checks) {
		github_judge_suites_as_checks(j);
	} else {
		github_judge_suites(j);
	}
	github_judge_missing(j);
	github_judge_rollup(j);
	github_judge_order(j);
	if (as_checks) {
		github_judge_other_apps(j);
	}
}
