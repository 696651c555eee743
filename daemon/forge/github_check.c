/* Whether a branch is ready: its own pull request, and the one that an agent made for it instead. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/forge/github_internal.h"
#include "daemon/forge/github_judge.h"

static const char too_much[] = "Too much waits for GitHub's answer already.";

/* One check. What it looks at is borrowed from `check`. */
struct checking {
	struct forge_check *check;
	struct github *github;
	struct github_look own;
	struct github_look link; /* of `at_link`, the newest first until one has an open pull request */
	size_t at_link;		 /* how many links are left to be looked at */
	bool own_done;
	bool asked_twice; /* for the number of the own one */
	bool is_guess; /* the own one is the branch, since there is nothing of the number; whose it is nobody knows */
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

/* A report without the address of its build may be of any CI system. */
static bool is_of_other_ci(const struct report *report) {
	return report != NULL && report->build_url[0] != '\0' &&
		strstr(report->build_url, "/actions/runs/") == NULL;
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
	int64_t from_ms = 0, until_ms = 0;
	struct github_policy policy = {
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
		.report_job = report != NULL ? report->job : NULL,
		.report_step = report != NULL ? report->step : NULL,
		.report_of_other_ci = is_of_other_ci(report),
		.report_passed = report_passed(check, snapshot->head_sha),
		.elsewhere = elsewhere,
		.n_elsewhere = find_elsewhere(check, elsewhere),
		.revision = check->incident != NULL ? check->incident->revision : 0,
	};

	if (report != NULL) {
		github_clock_range(&checking->github->clock, report->at_ms, &from_ms, &until_ms);
		policy.report_ms = from_ms;
		policy.report_doubt_ms = until_ms - from_ms;
	}
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

static const struct link *current_link(const struct checking *checking) {
	return &checking->check->links[checking->at_link];
}

/* What is known of the link now that GitHub said whose branch it is; a guess that it says nothing of stays one. */
static enum link_standing standing_of(
	const struct link *link, const struct github_snapshot *snapshot) {
	if (link->standing != LINK_GUESSED || snapshot->reading[GITHUB_PART_TARGET] != GITHUB_READ) {
		return link->standing;
	}
	switch (snapshot->state) {
	case GITHUB_STATE_OPEN:
	case GITHUB_STATE_MERGED:
	case GITHUB_STATE_CLOSED:
		if (snapshot->cross_repository == GITHUB_YES) {
			return LINK_REFUSED;
		}
		return snapshot->cross_repository == GITHUB_NO &&
				strcmp(snapshot->head_branch, link->branch) == 0
			? LINK_CONFIRMED
			: LINK_GUESSED;
	case GITHUB_STATE_BRANCH: return LINK_CONFIRMED; /* it was found in the project */
	case GITHUB_STATE_GONE:
	case GITHUB_STATE_UNREAD: break;
	}
	return LINK_GUESSED;
}

/* A pull request of that very branch: none of a fork's branch of the same name. */
static bool is_its_pull(const struct link *link, const struct github_snapshot *snapshot) {
	bool is_elsewhere = link->head_repository[0] != '\0';

	return snapshot->pull_request > 0 &&
		snapshot->cross_repository == (is_elsewhere ? GITHUB_YES : GITHUB_NO) &&
		strcmp(snapshot->head_branch, link->branch) == 0;
}

/* Tells what is more than was known of the link. Its number, too: then CI's reports of it are no stranger's. */
static void settle(struct checking *checking) {
	struct forge_check *check = checking->check;
	const struct github_snapshot *snapshot = checking->link.snapshot;
	const struct link *link = current_link(checking);
	struct link settled = *link;

	settled.standing = standing_of(link, snapshot);
	if (settled.standing != LINK_GUESSED && is_its_pull(link, snapshot)) {
		settled.pull_request = snapshot->pull_request;
	}
	if ((settled.standing != link->standing || settled.pull_request != link->pull_request) &&
		check->n_settled < ARRAY_SIZE(check->settled)) {
		check->settled[check->n_settled++] = settled;
	}
}

/*
 * Whether the link stands in for the incident's own branch: its pull request is open, or nobody knows. Then the own
 * branch's red must not begin another cycle. A guess does not.
 */
static bool link_counts(const struct checking *checking) {
	const struct github_snapshot *snapshot = checking->link.snapshot;
	struct link link;
	enum github_reading reading;

	if (snapshot == NULL) {
		return false;
	}
	link.standing = standing_of(current_link(checking), snapshot);
	reading = snapshot->reading[GITHUB_PART_TARGET];
	return (snapshot->state == GITHUB_STATE_OPEN && link_is_trusted(&link)) ||
		reading == GITHUB_FAILED || reading == GITHUB_RATE_LIMITED;
}

static bool is_settled(const struct verdict *verdict) {
	return verdict->outcome == VERDICT_READY || verdict->outcome == VERDICT_MERGED;
}

/*
 * Whether its green is the incident's: the agent said that it made it, or it is to be merged where the incident is. A
 * guess that is a branch of the project may be of an older repair, or a person's.
 */
static bool link_proves(const struct checking *checking) {
	const struct forge_check *check = checking->check;

	return !checking->own_is_open &&
		(current_link(checking)->standing == LINK_KNOWN ||
			((check->head_repository == NULL || check->head_repository[0] == '\0') &&
				strcmp(checking->link.snapshot->base, check->branch) == 0));
}

/* The repair stands beside what is still red: a person has to bring the two together. */
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
		if (check->verdict.outcome == VERDICT_READY && !link_proves(checking)) {
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
 * only when it had a head that is known. So it is with a branch that is only guessed to be the one.
 */
static void doubt_end(const struct checking *checking) {
	struct forge_check *check = checking->check;
	struct verdict *verdict = &check->verdict;
	bool ended = verdict->outcome == VERDICT_MERGED || verdict->outcome == VERDICT_CLOSED ||
		(checking->is_guess && verdict->outcome == VERDICT_READY);

	if (ended && checking->own.pull_request == 0 && check->incident != NULL &&
		!is_known_head(check, verdict->head_sha)) {
		verdict->outcome = VERDICT_GONE;
		verdict->head_sha[0] = '\0';
	}
}

/*
 * A tag may have the name of a branch that is gone, and be of any commit: it is what failed only at a head that is
 * known. Without an incident it is what was asked about.
 */
static void doubt_tag(const struct checking *checking) {
	struct github_snapshot *snapshot = checking->own.snapshot;

	if (checking->own.is_tag && snapshot->state == GITHUB_STATE_BRANCH &&
		checking->check->incident != NULL &&
		!is_known_head(checking->check, snapshot->head_sha)) {
		snapshot->state = GITHUB_STATE_GONE; /* and its head says where the tag is */
	}
}

/* Snapshots are large: none is kept that was judged. */
static void judge_own(struct checking *checking) {
	if (checking->judged || !checking->own_done || checking->own_status < 0 ||
		!checking->identified || checking->identity_status < 0) {
		return;
	}
	checking->judged = true;
	doubt_tag(checking);
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

/* With what is the same of all of a check. */
static struct github_look look_of(const struct forge_check *check) {
	return (struct github_look){
		.project = check->project,
		.head_repository = check->head_repository != NULL ? check->head_repository : "",
		.branch = check->branch,
		.job = check->report != NULL ? check->report->job : NULL,
		.step = check->report != NULL ? check->report->step : NULL,
		.or_tag = true,
		.mergeable = true,
		.waited_for = check->waited_for,
	};
}

static void own_done(struct github_look *look, int status);

/* "pull/7" is what some CI systems call the branch of a fork's pull request. */
static bool is_named_by_number(const struct forge_check *check) {
	char name[64];

	(void)text_format(name, sizeof(name), "pull/%lld", (long long)check->pull_request);
	return strncmp(check->branch, name, strlen(name)) == 0;
}

/* Returns as github_look(). */
static int look_again(struct checking *checking, int64_t pull_request) {
	github_look_finish(&checking->own);
	checking->own = look_of(checking->check);
	checking->own.pull_request = pull_request;
	(void)TEXT_SET(checking->own.sentence, too_much);
	return github_look(checking->github, &checking->own, own_done);
}

/*
 * The number that CI gave is that of another branch's pull request, or of none: it is found by the branch instead. One
 * answer that there is none is not believed: pull requests do not vanish, but a replica may be behind. Nor is a branch
 * of that name a fork's, whose pull request is hidden with its owner.
 */
static bool wants_another_look(struct checking *checking, int64_t *ret_pull_request) {
	const struct forge_check *check = checking->check;
	const struct github_snapshot *snapshot = checking->own.snapshot;
	bool has_name = check->branch[0] != '\0' && !is_named_by_number(check);

	if (checking->own.pull_request == 0 || snapshot == NULL) {
		return false;
	}
	*ret_pull_request = 0;
	if (snapshot->state != GITHUB_STATE_GONE ||
		snapshot->reading[GITHUB_PART_TARGET] != GITHUB_READ) {
		return has_name && snapshot->head_branch[0] != '\0' &&
			strcmp(snapshot->head_branch, check->branch) != 0;
	}
	if (!checking->asked_twice) {
		checking->asked_twice = true;
		*ret_pull_request = checking->own.pull_request;
		return true;
	}
	/* Nothing is held against what was published: the branch is the project's own. */
	checking->is_guess = check->incident != NULL && check->incident->hold != HOLD_NONE;
	return has_name && check->incident != NULL && check->incident->hold != HOLD_FORK &&
		check->incident->hold != HOLD_RELEASED;
}

static void own_done(struct github_look *look, int status) {
	struct checking *checking = container_of(look, struct checking, own);
	int64_t pull_request;

	if (status == 0 && wants_another_look(checking, &pull_request)) {
		status = look_again(checking, pull_request);
		if (status == 0) {
			return;
		}
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
	checking->link = look_of(check);
	checking->link.head_repository = link->head_repository;
	checking->link.branch = link->branch;
	checking->link.pull_request = link->pull_request;
	checking->link.or_tag = false;
	(void)TEXT_SET(checking->link.sentence, too_much);
	return github_look(checking->github, &checking->link, link_done);
}

static void link_done(struct github_look *look, int status) {
	struct checking *checking = container_of(look, struct checking, link);
	int r = 0;

	checking->link_status = status;
	if (status == 0) {
		settle(checking);
	}
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
	checking->own = look_of(check);
	checking->own.pull_request = check->pull_request;
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
