#include "daemon/forge/github_judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/redact/redact.h"
#include "common/text.h"
#include "daemon/forge/github_judge_internal.h"
#include "daemon/model/build.h"

const char *github_short(const char *name, char out[GITHUB_SHORT_NAME_MAX]) {
	bool fits = text_copy(out, GITHUB_SHORT_NAME_MAX - 3, name);

	(void)text_copy(out + strlen(out), 4, fits ? "" : "…");
	return out;
}

void github_reason(struct judging *j, enum reason_code code, int64_t since_ms, const char *subject,
	const char *fmt, ...) {
	struct verdict *verdict = j->verdict;
	size_t n = verdict->n_reasons;
	char message[LIMIT_REASON_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	verdict_add(verdict, code, subject, "%s", message);
	if (verdict->n_reasons > n) {
		verdict->reasons[n].since_ms = since_ms > 0 ? MIN(since_ms, j->now_ms) : 0;
	}
}

/* ---- merging ---- */

static bool may_be_repaired(const struct judging *j, enum reason_code code) {
	return (code == REASON_BEHIND_BASE && j->policy->repair_behind) ||
		(code == REASON_CHANGES_REQUESTED && j->policy->repair_changes_requested);
}

static void let_agent(struct judging *j) {
	for (size_t i = 0; i < j->verdict->n_reasons; i++) {
		struct reason *reason = &j->verdict->reasons[i];

		reason->repair = reason->repair || may_be_repaired(j, reason->code);
	}
}

static void judge_conflict(struct judging *j) {
	const struct github_snapshot *s = j->snapshot;
	char base[GITHUB_SHORT_NAME_MAX];

	if (s->mergeable == GITHUB_MERGEABLE_CONFLICTING ||
		s->merge_state == GITHUB_MERGE_STATE_DIRTY) {
		github_reason(j, REASON_CONFLICT, 0, s->base,
			"It conflicts with its base branch, %s.", github_short(s->base, base));
	} else if (s->mergeable == GITHUB_MERGEABLE_UNKNOWN ||
		s->merge_state == GITHUB_MERGE_STATE_UNKNOWN) {
		github_reason(j, REASON_MERGEABILITY_UNKNOWN, 0, "",
			"GitHub has not computed yet whether it can be merged.");
	} else if (s->mergeable == GITHUB_MERGEABLE_UNREAD) {
		github_reason(j, REASON_BLOCKED_UNKNOWN, 0, "mergeable",
			"Whether it can be merged could not be read.");
	}
	if (s->merge_state == GITHUB_MERGE_STATE_BEHIND) {
		github_reason(j, REASON_BEHIND_BASE, 0, s->base,
			"It has to be brought up to date with its base branch, %s.",
			github_short(s->base, base));
	}
}

static void judge_draft_and_queue(struct judging *j) {
	const struct github_snapshot *s = j->snapshot;
	char position[24] = "";

	if (s->draft == GITHUB_YES || s->merge_state == GITHUB_MERGE_STATE_DRAFT) {
		github_reason(j, REASON_DRAFT, 0, "", "It is a draft.");
	} else if (s->draft == GITHUB_UNKNOWN) {
		github_reason(j, REASON_BLOCKED_UNKNOWN, 0, "draft",
			"Whether it is a draft could not be read.");
	}
	if (s->in_merge_queue == GITHUB_YES) {
		if (s->queue_position > 0) {
			(void)text_format(position, sizeof(position), ", at position %lld",
				(long long)s->queue_position);
		}
		github_reason(
			j, REASON_IN_MERGE_QUEUE, 0, "", "It is in the merge queue%s.", position);
	} else if (s->in_merge_queue == GITHUB_UNKNOWN) {
		github_reason(j, REASON_BLOCKED_UNKNOWN, 0, "merge queue",
			"Whether it is in the merge queue could not be read.");
	}
}

/* ---- reviews ---- */

/* "ann, bob", those whose newest opinion is that one; how many. */
static size_t reviewers(
	const struct judging *j, enum github_review state, bool of_head, char *out, size_t size) {
	const struct github_snapshot *s = j->snapshot;
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < s->n_reviews; i++) {
		const struct github_review_by *by = &s->reviews[i];
		size_t len = strlen(out);

		if (by->state == state && (!of_head || strcmp(by->commit, s->head_sha) == 0)) {
			(void)text_format(
				out + len, size - len, "%s%s", n > 0 ? ", " : "", by->author);
			n++;
		}
	}
	return n;
}

static void judge_approval(struct judging *j) {
	char who[GITHUB_SHORT_NAME_MAX];

	if (j->policy->accept_stale_reviews ||
		reviewers(j, GITHUB_REVIEW_APPROVED, true, who, sizeof(who)) > 0) {
		return;
	}
	if (reviewers(j, GITHUB_REVIEW_APPROVED, false, who, sizeof(who)) == 0) {
		github_reason(j, REASON_REVIEW_STALE, 0, "",
			"It is approved, but for which commit could not be read.");
		return;
	}
	github_reason(j, REASON_REVIEW_STALE, 0, who,
		"It was approved by %s before its newest commit; nobody approved that one.", who);
}

static void judge_reviews(struct judging *j) {
	const struct github_snapshot *s = j->snapshot;
	char who[GITHUB_SHORT_NAME_MAX];
	size_t n_against = reviewers(j, GITHUB_REVIEW_CHANGES_REQUESTED, false, who, sizeof(who));

	if (s->review == GITHUB_REVIEW_CHANGES_REQUESTED || n_against > 0) {
		github_reason(j, REASON_CHANGES_REQUESTED, 0, who, "Changes are requested%s%s.",
			who[0] != '\0' ? " by " : "", who);
		return;
	}
	if (s->reviews_incomplete) {
		github_reason(j, REASON_BLOCKED_UNKNOWN, 0, "reviews",
			"Not all reviews could be read, so an objection may be among the others.");
		return;
	}
	switch (s->review) {
	case GITHUB_REVIEW_NONE: return;
	case GITHUB_REVIEW_APPROVED: judge_approval(j); return;
	case GITHUB_REVIEW_REVIEW_REQUIRED:
	case GITHUB_REVIEW_DISMISSED:
		github_reason(j, REASON_REVIEW_MISSING, 0, "", "A required review is missing.");
		return;
	case GITHUB_REVIEW_UNREAD:
	case GITHUB_REVIEW_CHANGES_REQUESTED:
	case GITHUB_REVIEW_COMMENTED:
	case GITHUB_REVIEW_PENDING:
	case GITHUB_REVIEW_COUNT: break;
	}
	github_reason(j, REASON_BLOCKED_UNKNOWN, 0, "review",
		"What its reviewers decided could not be read.");
}

/* Unresolved threads keep it from being merged only where the project says so: GitHub calls it blocked then. */
static void judge_threads(struct judging *j) {
	const struct github_snapshot *s = j->snapshot;

	if (s->merge_state != GITHUB_MERGE_STATE_BLOCKED || s->unresolved_threads <= 0) {
		return;
	}
	github_reason(j, REASON_THREADS_UNRESOLVED, 0, "", "%s%lld review thread%s unresolved.",
		s->threads_incomplete ? "At least " : "", (long long)s->unresolved_threads,
		s->unresolved_threads == 1 ? " is" : "s are");
}

/* When the first of the head's checks began, which is about when the head came; 0 unknown. */
static int64_t first_began_ms(const struct judging *j) {
	const struct github_check_list *list = &j->snapshot->checks;
	int64_t first_ms = 0;

	for (size_t i = 0; i < list->n; i++) {
		int64_t began_ms = list->items[i].started_ms;

		if (began_ms > 0 && (first_ms == 0 || began_ms < first_ms)) {
			first_ms = began_ms;
		}
	}
	return first_ms;
}

/*
 * A check that a ruleset requires and nobody reported is in no list: soon after a push that is the usual cause. Its
 * time begins when it is seen so first (`since_ms` 0), so that it ends whatever the clocks say.
 */
static void judge_blocked(struct judging *j) {
	int64_t began_ms = first_began_ms(j);

	if (began_ms > 0 && j->now_ms - began_ms < LIMIT_GITHUB_STARTING_MS) {
		github_reason(j, REASON_CHECK_MISSING, 0, "",
			"GitHub blocks merging it, and nothing that can be read says why: perhaps a required"
			" check has not started yet.");
	} else {
		github_reason(j, REASON_BLOCKED_UNKNOWN, 0, "",
			"GitHub blocks merging it, and nothing that can be read says why.");
	}
}

/* After all others: what GitHub says as a whole, and nothing found explains. */
static void judge_merge_state(struct judging *j) {
	switch (j->snapshot->merge_state) {
	case GITHUB_MERGE_STATE_CLEAN:
	case GITHUB_MERGE_STATE_HAS_HOOKS:
	case GITHUB_MERGE_STATE_BEHIND:
	case GITHUB_MERGE_STATE_DIRTY:
	case GITHUB_MERGE_STATE_DRAFT:
	case GITHUB_MERGE_STATE_UNKNOWN: return;
	case GITHUB_MERGE_STATE_BLOCKED:
		if (j->verdict->n_reasons == 0) {
			judge_blocked(j);
		}
		return;
	case GITHUB_MERGE_STATE_UNSTABLE:
		if (j->verdict->n_reasons == 0 && !j->saw_not_green) {
			github_reason(j, REASON_BLOCKED_UNKNOWN, 0, "",
				"GitHub says that a check is not green, and every one seen is.");
		}
		return;
	case GITHUB_MERGE_STATE_UNREAD:
	case GITHUB_MERGE_STATE_COUNT: break;
	}
	github_reason(j, REASON_BLOCKED_UNKNOWN, 0, "merge state",
		"Its merge state could not be read, or is one this version does not know.");
}

/* ---- the whole ---- */

static bool is_blind(enum reason_code code) {
	return code == REASON_UNREACHABLE || code == REASON_RATE_LIMITED ||
		code == REASON_CHECKS_UNREADABLE;
}

static enum verdict_outcome outcome_of(const struct verdict *verdict, int64_t now_ms) {
	bool blind = false;

	for (size_t i = 0; i < verdict->n_reasons; i++) {
		const struct reason *reason = &verdict->reasons[i];

		if (is_blind(reason->code)) {
			blind = true;
		} else if (reason_class_at(reason, now_ms) != REASON_WAIT) {
			return VERDICT_NOT_READY;
		}
	}
	if (blind) {
		return VERDICT_UNKNOWN;
	}
	return verdict->n_reasons == 0 ? VERDICT_READY : VERDICT_PENDING;
}

/* Nothing is known of the target itself. */
static void judge_unread(struct judging *j) {
	const struct github_snapshot *s = j->snapshot;
	const char *why = s->why;
	char until[CLOCK_TEXT_MAX] = "";

	switch (s->reading[GITHUB_PART_TARGET]) {
	case GITHUB_RATE_LIMITED:
		if (s->retry_ms > 0) {
			(void)clock_format(s->retry_ms, until);
		}
		github_reason(j, REASON_RATE_LIMITED, 0, until, "GitHub's rate limit is reached%s%s.",
			until[0] != '\0' ? ", until " : "", until);
		return;
	case GITHUB_FORBIDDEN:
	case GITHUB_NOT_FOUND:
		github_reason(j, REASON_CHECKS_UNREADABLE, 0, "", "%s",
			why[0] != '\0' ? why
				       : "The credential may not read it, or it does not exist.");
		return;
	case GITHUB_MALFORMED:
		github_reason(j, REASON_CHECKS_UNREADABLE, 0, "answer",
			"GitHub's answer could not be understood%s%s", why[0] != '\0' ? ": " : ".",
			why);
		return;
	case GITHUB_NOT_ASKED:
	case GITHUB_READ:
	case GITHUB_FAILED: break;
	}
	if (s->ask_by_number) {
		why = "Its pull request was found and has yet to be asked about.";
	}
	github_reason(j, REASON_UNREACHABLE, 0, "", "%s",
		why[0] != '\0' ? why : "GitHub did not answer.");
}

static void judge_open(struct judging *j) {
	github_judge_checks(j);
	judge_conflict(j);
	judge_draft_and_queue(j);
	judge_reviews(j);
	judge_threads(j);
	github_judge_expected(j);
	judge_merge_state(j);
	let_agent(j);
}

/* Names of checks and people come from outside: nothing in them may pass for stored text unseen. */
static void hide_secrets(struct verdict *verdict) {
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		struct reason *reason = &verdict->reasons[i];

		if (redact_array(reason->subject, sizeof(reason->subject), NULL) < 0) {
			reason->subject[0] = '\0';
		}
		if (redact_array(reason->message, sizeof(reason->message), NULL) < 0) {
			reason->message[0] = '\0';
		}
	}
}

void github_judge(const struct github_snapshot *snapshot, const struct github_policy *policy,
	int64_t now_ms, struct verdict *ret_verdict) {
	struct judging j = {
		.snapshot = snapshot, .policy = policy, .now_ms = now_ms, .verdict = ret_verdict
	};

	*ret_verdict = (struct verdict){ .checked_at_ms = now_ms, .revision = policy->revision };
	(void)TEXT_SET(ret_verdict->head_sha, snapshot->head_sha);
	switch (snapshot->reading[GITHUB_PART_TARGET] == GITHUB_READ && !snapshot->ask_by_number
			? snapshot->state
			: GITHUB_STATE_UNREAD) {
	case GITHUB_STATE_UNREAD: judge_unread(&j); break;
	case GITHUB_STATE_BRANCH: github_judge_checks(&j); break;
	case GITHUB_STATE_OPEN: judge_open(&j); break;
	case GITHUB_STATE_CLOSED: ret_verdict->outcome = VERDICT_CLOSED; return;
	case GITHUB_STATE_GONE: ret_verdict->outcome = VERDICT_GONE; return;
	case GITHUB_STATE_MERGED:
		/* Not to judge it any more, but to tell a merge that was proven green from one that was not. */
		github_judge_checks(&j);
		hide_secrets(ret_verdict);
		ret_verdict->outcome = VERDICT_MERGED;
		return;
	}
	hide_secrets(ret_verdict);
	ret_verdict->outcome = outcome_of(ret_verdict, now_ms);
	if (ret_verdict->outcome != VERDICT_READY) {
		ret_verdict->n_proof = 0;
	}
}

enum github_answer github_head_moved(
	const struct github_snapshot *snapshot, const struct github_policy *policy) {
	const char *reported = policy->report_commit != NULL ? policy->report_commit : "";

	if (snapshot->head_sha[0] == '\0' || reported[0] == '\0') {
		return GITHUB_UNKNOWN;
	}
	return build_same_commit(snapshot->head_sha, reported) ? GITHUB_NO : GITHUB_YES;
}
