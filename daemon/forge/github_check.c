/* Whether a branch is ready: its own pull request, and the one that an agent made for it instead. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/forge/github_internal.h"
#include "daemon/forge/github_judge.h"

/* One check. What it looks at is borrowed from `check`. */
struct checking {
	struct forge_check *check;
	struct github *github;
	struct github_look own;
	struct github_look link; /* of `at_link`, the newest first until one has an open pull request */
	size_t at_link;		 /* how many links are left to be looked at */
	bool own_done;
	int own_status;
	bool judged;	  /* the own one: its verdict is in the check */
	bool own_is_open; /* it has an open pull request */
	bool link_done;	  /* or there is none (any more) */
	int link_status;
	bool identified;
	int identity_status;
	struct github_wait wait;
};

static void checking_destroy(struct checking *checking) {
	github_look_finish(&checking->own);
	github_look_finish(&checking->link);
	free(checking);
}

/* ---- the judge's policy ---- */

static size_t count(char *const *list) {
	size_t n = 0;

	while (list != NULL && list[n] != NULL) {
		n++;
	}
	return n;
}

static bool is_step(const struct build *build, const char *job, const char *step) {
	return strcmp(build->job, job) == 0 && strcmp(build->step, step) == 0;
}

/* CI told us itself: the newest build of what was reported, on that head, passed after the report. */
static bool report_passed(const struct forge_check *check, const char *head_sha) {
	const struct report *report = check->report;

	for (size_t i = check->n_builds; report != NULL && i > 0; i--) {
		const struct build *build = &check->builds[i - 1];

		if (is_step(build, report->job, report->step) &&
			build_same_commit(build->commit, head_sha)) {
			return build->passed && build->at_ms > report->at_ms;
		}
	}
	return false;
}

static bool is_of_other(const struct forge_check *check, int64_t incident_id) {
	if (check->incident != NULL && check->incident->id == incident_id) {
		return false;
	}
	for (size_t i = 0; i < check->n_active_incidents; i++) {
		if (check->active_incidents[i] == incident_id) {
			return true;
		}
	}
	return false;
}

/* Whether nothing later is known of the job and step of that build. */
static bool is_newest(const struct forge_check *check, size_t at) {
	const struct build *build = &check->builds[at];

	for (size_t i = at + 1; i < check->n_builds; i++) {
		if (is_step(&check->builds[i], build->job, build->step)) {
			return false;
		}
	}
	return true;
}

static size_t find_elsewhere(const struct forge_check *check,
	struct github_elsewhere elsewhere[LIMIT_GITHUB_ELSEWHERE]) {
	size_t n = 0;

	for (size_t i = check->n_builds; i > 0 && n < LIMIT_GITHUB_ELSEWHERE; i--) {
		const struct build *build = &check->builds[i - 1];

		if (!build->passed && is_of_other(check, build->incident_id) &&
			is_newest(check, i - 1)) {
			elsewhere[n++] = (struct github_elsewhere){ build->incident_id, build->job,
				build->step };
		}
	}
	return n;
}

static bool is_of_own_branch(const struct forge_check *check) {
	return strcmp(check->report->branch, check->branch) == 0 &&
		strcmp(check->report->head_repository, check->head_repository) == 0;
}

static void judge(const struct checking *checking, const struct github_snapshot *snapshot,
	struct verdict *ret_verdict) {
	static const struct config_checks defaults = { 0 };
	const struct forge_check *check = checking->check;
	const struct config_checks *checks = check->checks != NULL ? check->checks : &defaults;
	const struct report *report = check->report;
	struct github_elsewhere elsewhere[LIMIT_GITHUB_ELSEWHERE];
	const struct github_policy policy = {
		.required = (const char *const *)checks->required,
		.n_required = count(checks->required),
		.ignored = (const char *const *)checks->ignored,
		.n_ignored = count(checks->ignored),
		.own_app = checking->github->slug,
		.own_context = GITHUB_HEAD_CONTEXT,
		.max_pending_ms = checks->max_pending_ms,
		.repair_changes_requested = checks->repair_changes_requested,
		.repair_behind = checks->repair_behind,
		.accept_stale_reviews = checks->accept_stale_reviews,
		.report_commit = report == NULL ? NULL
			: is_of_own_branch(check)
			? report->commit
			: check->commit, /* of a branch that an agent made: no commit of this one */
		.report_ms = report != NULL ? report->at_ms : 0,
		.report_job = report != NULL ? report->job : NULL,
		.report_step = report != NULL ? report->step : NULL,
		.report_passed = report_passed(check, snapshot->head_sha),
		.elsewhere = elsewhere,
		.n_elsewhere = find_elsewhere(check, elsewhere),
		.revision = check->incident != NULL ? check->incident->revision : 0,
	};

	github_judge(snapshot, &policy, check->now_ms, ret_verdict);
}

/* ---- the answer ---- */

static void fail(struct checking *checking, int status, const char *sentence, bool passing,
	int64_t retry_ms) {
	struct forge_check *check = checking->check;

	check->passing = passing;
	check->retry_ms = retry_ms;
	(void)TEXT_SET(check->sentence, sentence);
	checking_destroy(checking);
	forge_check_finish(check, status);
}

/*
 * Whether the link stands in for the incident's own branch: its pull request is open, or nobody knows. Then the own
 * branch's red must not begin another cycle.
 */
static bool link_counts(const struct checking *checking) {
	const struct github_snapshot *snapshot = checking->link.snapshot;
	enum github_reading reading;

	if (snapshot == NULL) {
		return false;
	}
	reading = snapshot->reading[GITHUB_PART_TARGET];
	return snapshot->state == GITHUB_STATE_OPEN || reading == GITHUB_FAILED ||
		reading == GITHUB_RATE_LIMITED;
}

static bool is_settled(const struct verdict *verdict) {
	return verdict->outcome == VERDICT_READY || verdict->outcome == VERDICT_MERGED;
}

/* The repair stands beside a pull request that is still red: a person has to bring the two together. */
static void await_merge(struct checking *checking) {
	struct verdict *verdict = &checking->check->verdict;
	char subject[32];

	(void)text_format(subject, sizeof(subject), "#%lld",
		(long long)checking->link.snapshot->pull_request);
	verdict->outcome = VERDICT_NOT_READY;
	verdict_add(verdict, REASON_REVIEW_MISSING, subject,
		"Pull request %s, which an agent made for it, is ready; somebody has to merge it.",
		subject);
}

static void conclude(struct checking *checking) {
	struct forge_check *check = checking->check;

	if (checking->own_status < 0) {
		fail(checking, checking->own_status, checking->own.sentence,
			checking->own_status == -EAGAIN, checking->own.retry_ms);
		return;
	}
	/* Without the App's name its own checks would count as proof. */
	if (checking->identity_status < 0) {
		fail(checking, -EAGAIN, checking->wait.sentence, true, checking->wait.retry_ms);
		return;
	}
	if (!is_settled(&check->verdict) && checking->link_status < 0) {
		fail(checking, checking->link_status, checking->link.sentence,
			checking->link_status == -EAGAIN, checking->link.retry_ms);
		return;
	}
	if (!is_settled(&check->verdict) && link_counts(checking)) {
		judge(checking, checking->link.snapshot, &check->verdict);
		if (checking->own_is_open && check->verdict.outcome == VERDICT_READY) {
			await_merge(checking);
		}
	}
	checking_destroy(checking);
	forge_check_finish(check, 0);
}

/* Whether somebody knows that commit as the incident's: as reported, or as judged before. */
static bool is_known_head(const struct forge_check *check, const char *head_sha) {
	const struct incident *incident = check->incident;

	return build_same_commit(check->commit, head_sha) ||
		(incident != NULL && build_same_commit(incident->verdict.head_sha, head_sha));
}

/*
 * A branch that is gone may have had the name of an older one: its pull request that ended is the end of this incident
 * only when it had a head that is known.
 */
static void doubt_end(const struct checking *checking) {
	struct forge_check *check = checking->check;
	struct verdict *verdict = &check->verdict;
	bool ended = verdict->outcome == VERDICT_MERGED || verdict->outcome == VERDICT_CLOSED;

	if (ended && checking->own.pull_request == 0 && check->incident != NULL &&
		!is_known_head(check, verdict->head_sha)) {
		verdict->outcome = VERDICT_GONE;
	}
}

/* Snapshots are large: none is kept that was judged. */
static void judge_own(struct checking *checking) {
	if (checking->judged || !checking->own_done || checking->own_status < 0 ||
		!checking->identified || checking->identity_status < 0) {
		return;
	}
	checking->judged = true;
	judge(checking, checking->own.snapshot, &checking->check->verdict);
	doubt_end(checking);
	checking->own_is_open = checking->own.snapshot->state == GITHUB_STATE_OPEN;
	github_look_finish(&checking->own);
	if (is_settled(&checking->check->verdict)) {
		github_look_cancel(&checking->link); /* nothing hangs on it any more */
	}
}

static void conclude_when_known(struct checking *checking) {
	judge_own(checking);
	if (checking->own_done && checking->link_done && checking->identified) {
		conclude(checking);
	}
}

/* ---- the looks ---- */

static void own_done(struct github_look *look, int status);

/* "pull/7" is what some CI systems call the branch of a fork's pull request. */
static bool is_named_by_number(const struct forge_check *check) {
	char name[64];

	(void)text_format(name, sizeof(name), "pull/%lld", (long long)check->pull_request);
	return strncmp(check->branch, name, strlen(name)) == 0;
}

/* The number that CI gave is that of another branch's pull request: it is found by the branch instead. */
static bool looks_again_by_branch(struct checking *checking) {
	const struct forge_check *check = checking->check;
	const struct github_snapshot *snapshot = checking->own.snapshot;

	if (checking->own.pull_request == 0 || check->branch[0] == '\0' || snapshot == NULL ||
		snapshot->head_branch[0] == '\0' ||
		strcmp(snapshot->head_branch, check->branch) == 0 || is_named_by_number(check)) {
		return false;
	}
	github_look_finish(&checking->own);
	checking->own = (struct github_look){
		.project = check->project,
		.head_repository = check->head_repository != NULL ? check->head_repository : "",
		.branch = check->branch,
		.mergeable = true,
	};
	return github_look(checking->github, &checking->own, own_done) == 0;
}

static void own_done(struct github_look *look, int status) {
	struct checking *checking = container_of(look, struct checking, own);

	if (status == 0 && looks_again_by_branch(checking)) {
		return;
	}
	checking->own_done = true;
	checking->own_status = status;
	conclude_when_known(checking);
}

static void link_done(struct github_look *look, int status);

/* Returns: 0, the next link is looked at, or there is none; as github_look(). */
static int look_at_link(struct checking *checking) {
	const struct forge_check *check = checking->check;
	const struct link *link;

	github_look_finish(&checking->link);
	if (checking->at_link == 0) {
		checking->link_done = true;
		return 0;
	}
	link = &check->links[--checking->at_link];
	checking->link = (struct github_look){
		.project = check->project,
		.head_repository = link->head_repository,
		.branch = link->branch,
		.pull_request = link->pull_request,
		.mergeable = true,
	};
	(void)TEXT_SET(checking->link.sentence, "Too much waits for GitHub's answer already.");
	return github_look(checking->github, &checking->link, link_done);
}

static void link_done(struct github_look *look, int status) {
	struct checking *checking = container_of(look, struct checking, link);
	int r = 0;

	checking->link_status = status;
	if (status == 0 && !link_counts(checking)) {
		r = look_at_link(checking); /* an older one may be open */
		if (r == 0 && !checking->link_done) {
			return;
		}
		checking->link_status = r;
	}
	checking->link_done = true;
	conclude_when_known(checking);
}

static void identity_done(struct github_wait *wait, int status) {
	struct checking *checking = container_of(wait, struct checking, wait);

	checking->identified = true;
	checking->identity_status = status;
	conclude_when_known(checking);
}

int github_check(struct forge *forge, struct forge_check *check) {
	struct github *github = github_of(forge);
	struct checking *checking = calloc(1, sizeof(*checking));
	int r;

	if (checking == NULL) {
		return -ENOMEM;
	}
	checking->check = check;
	checking->github = github;
	checking->own = (struct github_look){
		.project = check->project,
		.head_repository = check->head_repository != NULL ? check->head_repository : "",
		.branch = check->branch,
		.pull_request = check->pull_request,
		.mergeable = true,
	};
	checking->at_link = check->n_links;
	checking->identified = !github_is_app(github) || github->slug[0] != '\0';
	r = github_look(github, &checking->own, own_done);
	if (r < 0) {
		free(checking);
		return r;
	}
	/* From here on `done` runs: what cannot be begun is an answer. */
	checking->link_status = look_at_link(checking);
	checking->link_done = checking->link_done || checking->link_status < 0;
	if (!checking->identified) {
		r = github_identify(github, check->project, &checking->wait, identity_done);
		checking->identified = r < 0;
		checking->identity_status = r;
	}
	return 0;
}
