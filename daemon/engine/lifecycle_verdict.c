#include <string.h>

#include "common/text.h"
#include "daemon/engine/lifecycle_internal.h"

/* What the reasons ask for together: an agent first, then time, then a person. */
static enum reason_class class_of(const struct verdict *verdict, int64_t now_ms) {
	bool seen[REASON_CLASS_COUNT] = { false };

	for (size_t i = 0; i < verdict->n_reasons; i++) {
		seen[reason_class_at(&verdict->reasons[i], now_ms)] = true;
	}
	if (seen[REASON_REPAIR]) {
		return REASON_REPAIR;
	}
	return seen[REASON_WAIT] || !seen[REASON_HUMAN] ? REASON_WAIT : REASON_HUMAN;
}

/* Since when nothing but a person can help. */
static int64_t human_since(const struct verdict *verdict, int64_t now_ms) {
	int64_t since_ms = now_ms;

	for (size_t i = 0; i < verdict->n_reasons; i++) {
		if (reason_class_at(&verdict->reasons[i], now_ms) == REASON_HUMAN) {
			since_ms = MIN(since_ms, verdict->reasons[i].since_ms);
		}
	}
	return since_ms;
}

/* "Not ready: … (and 2 more)" */
static void describe(const struct verdict *verdict, char out[LIMIT_SENTENCE_MAX]) {
	const char *outcome = verdict->outcome == VERDICT_NOT_READY ? "Not ready"
		: verdict->outcome == VERDICT_PENDING		    ? "Pending"
								    : "Unknown";

	if (verdict->n_reasons == 0) {
		text_format(out, LIMIT_SENTENCE_MAX, "%s.", outcome);
	} else if (verdict->n_reasons == 1) {
		text_format(out, LIMIT_SENTENCE_MAX, "%s: %s", outcome, verdict->reasons[0].message);
	} else {
		text_format(out, LIMIT_SENTENCE_MAX, "%s: %s (And %zu more.)", outcome,
			verdict->reasons[0].message, verdict->n_reasons - 1);
	}
}

static void end_with(const struct step_input *in, struct step_result *ret,
	enum incident_state state, const char *reason) {
	step_task(ret, TASK_COMPLETED, reason);
	step_end(ret, state, reason);
	step_add(in, ret, TASK_NOTIFY, in->now_ms, reason);
	if (state == INCIDENT_RESOLVED) {
		ret->incident.resolved_ms = in->now_ms;
	}
}

/* A head that is told is where a tag of the name is: another commit than the one that failed. */
static void describe_gone(const struct verdict *verdict, char out[LIMIT_SENTENCE_MAX]) {
	if (verdict->head_sha[0] != '\0') {
		text_format(out, LIMIT_SENTENCE_MAX,
			"No branch has the name any more, and the tag of that name is at commit %s, not at the one"
			" that failed, which is followed no more. If the tag's commit fails as well, let CI build it:"
			" its report opens a new incident.",
			verdict->head_sha);
	} else {
		text_copy(out, LIMIT_SENTENCE_MAX,
			"The branch, tag or pull request is gone, or was never there; a new report begins anew.");
	}
}

/* Ready, merged, closed, gone: whatever the state, the incident is over. False: it is none of these. */
static bool is_over(const struct step_input *in, struct step_result *ret) {
	const struct verdict *verdict = &ret->incident.verdict;
	char reason[LIMIT_SENTENCE_MAX];

	switch (verdict->outcome) {
	case VERDICT_READY:
		text_format(reason, sizeof(reason), "Proven ready on %s.",
			verdict->head_sha[0] != '\0' ? verdict->head_sha : "its newest build");
		end_with(in, ret, INCIDENT_RESOLVED, reason);
		return true;
	case VERDICT_MERGED:
		end_with(in, ret, INCIDENT_RESOLVED,
			verdict->n_reasons == 0 ? "Merged."
				: verdict_is_red(verdict)
				? "Merged while red: recorded as merged, not as proven green."
				: "Merged before it was proven green: recorded as merged.");
		return true;
	case VERDICT_CLOSED:
		end_with(in, ret, INCIDENT_ABANDONED, "The pull request was closed without merging.");
		return true;
	case VERDICT_GONE:
		describe_gone(verdict, reason);
		end_with(in, ret, INCIDENT_ABANDONED, reason);
		return true;
	case VERDICT_UNKNOWN:
	case VERDICT_PENDING:
	case VERDICT_NOT_READY:
	case VERDICT_OUTCOME_COUNT: break;
	}
	return false;
}

static void look_again(struct step_result *ret, int64_t due_ms, const char *why) {
	struct incident *incident = &ret->incident;
	char held[LIMIT_SENTENCE_MAX];

	step_task_again(ret, due_ms, why);
	ret->task.attempt = 0; /* it answered: no attempt failed */
	if (incident_is_held(incident)) {
		text_format(incident->reason, sizeof(incident->reason), "%s %s",
			hold_sentence(incident, held), why);
	} else {
		TEXT_SET(incident->reason, why);
	}
}

/* Not the regular time yet, or the agent is still at work: the cycle is not over. */
static void look_again_early(const struct step_input *in, struct step_result *ret, const char *what) {
	const struct incident *incident = &ret->incident;
	int64_t due_ms = incident->follow_up_ms > in->now_ms
		? incident->follow_up_ms
		: in->now_ms + in->policy->wait_recheck_ms;

	if (incident->life_due_ms > in->now_ms) {
		due_ms = MIN(due_ms, incident->life_due_ms);
	} else if (incident->life_due_ms != 0) { /* no head could be read */
		due_ms = MIN(due_ms, in->now_ms + in->policy->wait_recheck_ms);
	}
	step_task_again(ret, due_ms, what);
	ret->task.attempt = 0;
}

static void escalate(const struct step_input *in, struct step_result *ret, const char *because,
	const char *what) {
	bool is_held = incident_is_held(&ret->incident) && ret->incident.hold != HOLD_IGNORED;
	char reason[LIMIT_SENTENCE_MAX], id[ID_TEXT_MAX];

	text_format(reason, sizeof(reason), "%s %s \"codegenctl incident %s %s\" %s.", because,
		what, is_held ? "release" : "retry", id_format(ID_INCIDENT, ret->incident.id, id),
		is_held ? "lets an agent be asked" : "refills the budget");
	end_with(in, ret, INCIDENT_ESCALATED, reason);
}

/* Not for ever: then it is escalated. */
static void wait_for_person(
	const struct step_input *in, struct step_result *ret, int64_t since_ms, const char *what) {
	int64_t give_up_ms = since_ms + in->policy->max_waiting_ms;

	if (step_aged_ms(in) >= give_up_ms) {
		escalate(in, ret, "It waited too long for a person.", what);
		return;
	}
	look_again(ret,
		in->now_ms + MIN(in->policy->wait_recheck_ms, give_up_ms - step_aged_ms(in)), what);
}

static void look_no_more(struct step_result *ret) {
	const char *reason =
		"A label on the pull request keeps codegend away for longer than max-waiting: it looks no "
		"more by itself. Take the label off, then \"codegenctl incident retry\".";

	step_task(ret, TASK_COMPLETED, reason);
	step_end(ret, INCIDENT_ESCALATED, reason);
}

/* In the same cycle: the label that kept codegend away may have been taken off. */
static void publish_again(const struct step_input *in, struct step_result *ret, const char *what) {
	struct incident *incident = &ret->incident;
	char held[LIMIT_SENTENCE_MAX];

	step_task(ret, TASK_COMPLETED, what);
	step_state(ret, INCIDENT_OPEN);
	incident->follow_up_ms = in->now_ms + in->policy->follow_up_delay_ms;
	text_format(incident->reason, sizeof(incident->reason), "%s %s",
		hold_sentence(incident, held), what);
	step_add(in, ret, TASK_PUBLISH_REPORT, in->now_ms,
		"Looks whether the label is still on the pull request.");
	step_add(in, ret, TASK_PR_READINESS_CHECK, incident->follow_up_ms,
		"The follow-up of this cycle.");
}

/*
 * A label that keeps codegend away is looked at for as long as anything is waited for; then only a passed build makes
 * it look again. Nobody is told, for that would be a post.
 */
static void stay_away(const struct step_input *in, struct step_result *ret, const char *what) {
	if (step_aged_ms(in) >= ret->incident.hold_ms + in->policy->max_waiting_ms) {
		look_no_more(ret);
	} else {
		publish_again(in, ret, what);
	}
}

/* Another cycle would trigger nobody either. */
static bool is_held_up(const struct step_input *in, const struct step_result *ret) {
	return in->policy->n_agents > 0 && incident_is_held(&ret->incident);
}

/* The follow-up's time has come and it is not ready. */
static void decide_not_ready(const struct step_input *in, struct step_result *ret, const char *what) {
	const struct verdict *verdict = &ret->incident.verdict;

	switch (class_of(verdict, step_aged_ms(in))) {
	case REASON_REPAIR:
		if (ret->incident.life_due_ms > step_aged_ms(in)) {
			look_again(ret,
				ret->incident.life_due_ms > in->now_ms
					? ret->incident.life_due_ms
					: in->now_ms + in->policy->wait_recheck_ms,
				what);
			return;
		}
		if (ret->incident.hold == HOLD_IGNORED) {
			stay_away(in, ret, what);
			return;
		}
		if (is_held_up(in, ret)) {
			wait_for_person(in, ret, ret->incident.hold_ms, what);
			return;
		}
		if (ret->incident.cycle >= incident_max_cycle(&ret->incident, in->policy)) {
			escalate(in, ret, "The budget of cycles is spent; a person is needed.", what);
			return;
		}
		step_task(ret, TASK_COMPLETED, what);
		step_begin_cycle(in, ret);
		step_note(ret, NOTE_CYCLE, ret->incident.reason);
		return;
	case REASON_HUMAN:
		wait_for_person(in, ret, human_since(verdict, step_aged_ms(in)), what);
		return;
	case REASON_WAIT: look_again(ret, in->now_ms + in->policy->wait_recheck_ms, what); return;
	case REASON_CLASS_COUNT: break;
	}
}

/* One note for all: a step has few. */
static void note_links(const struct event *event, struct step_result *ret) {
	char text[LIMIT_SENTENCE_MAX] = "";

	for (size_t i = 0; i < event->n_links; i++) {
		const struct link *link = &event->links[i];
		size_t len = strlen(text);

		text_format(text + len, sizeof(text) - len, "%sBranch \"%s\" is %s.",
			i == 0 ? "" : " ", link->branch,
			link_is_trusted(link)
				? "of the project itself: what CI says of it counts from now on"
				: "of a fork: what CI says of it does not count for the incident");
	}
	if (event->n_links > 0) {
		step_note(ret, NOTE_AGENT, text);
	}
}

/* What the forge said of links. As far as a guess was right, it is a sign of life, and its report is the newest one. */
static void take_links(const struct step_input *in, struct step_result *ret) {
	const struct event *event = in->event;

	ret->links = event->links;
	ret->n_links = event->n_links;
	for (size_t i = 0; i < event->n_links; i++) {
		const struct link *link = &event->links[i];

		if (link_is_trusted(link)) {
			ret->wake_branch = ret->wake_branch || ret->incident.life_due_ms != 0;
			ret->incident.life_due_ms = 0;
			ret->incident.report_id = MAX(ret->incident.report_id, link->report_id);
		}
	}
	note_links(event, ret);
}

/* Takes the verdict into the incident. False: it is for an older revision and was sent back to be made again. */
static bool take_verdict(const struct step_input *in, struct step_result *ret) {
	const struct verdict *previous =
		in->incident->verdict.checked_at_ms != 0 ? &in->incident->verdict : NULL;

	if (in->event->verdict->revision < in->incident->revision) {
		step_task_again(ret, in->now_ms,
			"Something was reported while it was checked: looks again.");
		ret->task.attempt = 0;
		return false;
	}
	ret->has_incident = true;
	ret->incident.verdict = *in->event->verdict;
	verdict_carry(&ret->incident.verdict, previous, in->now_ms, in->ahead_ms);
	take_links(in, ret);
	return true;
}

/* The log tells of a verdict once, however often it is looked at again. */
static bool is_news(const struct verdict *verdict, const struct verdict *previous) {
	if (previous->checked_at_ms == 0 || previous->outcome != verdict->outcome ||
		previous->n_reasons != verdict->n_reasons) {
		return true;
	}
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		if (strcmp(verdict->reasons[i].message, previous->reasons[i].message) != 0) {
			return true;
		}
	}
	return false;
}

/* It waits on: neither a new cycle nor the end tells people by itself. */
static bool is_same_cycle(const struct step_input *in, const struct step_result *ret) {
	return incident_is_active(ret->incident.state) && ret->incident.cycle == in->incident->cycle;
}

void on_verdict_active(const struct step_input *in, struct step_result *ret) {
	char what[LIMIT_SENTENCE_MAX];
	bool early = in->incident->state == INCIDENT_OPEN || in->now_ms < in->incident->follow_up_ms;

	if (in->task->incident_id == 0) {
		on_verdict_by_hand(in, ret);
		return;
	}
	if (!take_verdict(in, ret) || is_over(in, ret)) {
		return;
	}
	describe(&ret->incident.verdict, what);
	if (is_news(&ret->incident.verdict, &in->incident->verdict)) {
		step_note(ret, NOTE_VERDICT, what);
	}
	if (in->incident->state == INCIDENT_WAITING && step_miss_life(in, ret)) {
		return;
	}
	if (early) {
		look_again_early(in, ret, what);
		return;
	}
	decide_not_ready(in, ret, what);
	if (is_same_cycle(in, ret) && is_news(&ret->incident.verdict, &in->incident->verdict)) {
		step_tell(in, ret);
	}
}

void on_verdict_escalated(const struct step_input *in, struct step_result *ret) {
	char what[LIMIT_SENTENCE_MAX];

	if (in->task->incident_id == 0) {
		on_verdict_by_hand(in, ret);
		return;
	}
	if (!take_verdict(in, ret) || is_over(in, ret)) {
		return;
	}
	describe(&ret->incident.verdict, what);
	step_task(ret, TASK_COMPLETED, what);
	step_note(ret, NOTE_VERDICT, what);
}

void on_verdict_over(const struct step_input *in, struct step_result *ret) {
	if (in->task->incident_id == 0) {
		on_verdict_by_hand(in, ret);
		return;
	}
	step_task(ret, TASK_COMPLETED, "The incident was over when it was checked.");
}

/* A check by hand that is not ready becomes an incident of its own. */
static void open_by_hand(
	const struct step_input *in, struct step_result *ret, const struct verdict *verdict) {
	struct incident *incident = &ret->incident;

	memset(incident, 0, sizeof(*incident));
	TEXT_SET(incident->project, in->task->project);
	TEXT_SET(incident->head_repository, in->task->head_repository);
	TEXT_SET(incident->branch, in->task->branch);
	TEXT_SET(incident->head_sha, in->task->commit);
	incident->error_type = ERROR_UNKNOWN;
	incident->submitter_uid = -1;
	incident->opened_ms = in->now_ms;
	incident->verdict = *verdict;
	step_begin_cycle(in, ret);
	step_note(ret, NOTE_INCIDENT, "A check by hand was not ready: an incident is opened.");
}

/* The task belongs to no incident; `in->incident`, if any, is the newest with the key it would open. */
void on_verdict_by_hand(const struct step_input *in, struct step_result *ret) {
	struct verdict verdict = *in->event->verdict;
	struct verdict previous;
	char what[LIMIT_SENTENCE_MAX];
	bool under_repair = in->incident != NULL && in->incident->state != INCIDENT_RESOLVED &&
		in->incident->state != INCIDENT_ABANDONED;
	bool seen = in->task->result != NULL && verdict_from_json(in->task->result, &previous) == 0;

	verdict_carry(&verdict, seen ? &previous : NULL, in->now_ms, in->ahead_ms);
	describe(&verdict, what);
	switch (verdict.outcome) {
	case VERDICT_READY: step_task(ret, TASK_COMPLETED, "Proven ready."); break;
	case VERDICT_MERGED: step_task(ret, TASK_COMPLETED, "Merged."); break;
	case VERDICT_CLOSED: step_task(ret, TASK_COMPLETED, "The pull request was closed."); break;
	case VERDICT_GONE:
		describe_gone(&verdict, what);
		step_task(ret, TASK_COMPLETED, what);
		break;
	case VERDICT_UNKNOWN:
	case VERDICT_PENDING:
	case VERDICT_NOT_READY:
	case VERDICT_OUTCOME_COUNT:
		if (class_of(&verdict, step_aged_ms(in)) == REASON_WAIT) {
			step_task_again(ret, in->now_ms + in->policy->wait_recheck_ms, what);
			ret->task.attempt = 0;
		} else {
			step_task(ret, TASK_COMPLETED, what);
			if (!under_repair) {
				open_by_hand(in, ret, &verdict);
			}
		}
		break;
	}
	step_note(ret, NOTE_VERDICT, ret->task.reason);
}
