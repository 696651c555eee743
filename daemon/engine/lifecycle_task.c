#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/engine/lifecycle_internal.h"

/* What fails once has mostly passed before people could read of it. */
#define ATTEMPT_TOLD 2

static bool is_of_this_cycle(const struct step_input *in) {
	return in->incident != NULL && in->task->cycle == in->incident->cycle;
}

/*
 * A task of an earlier cycle executed into this one, which then could not have one of its own (one of a type lives at a
 * time). Now it ended, so this cycle's work begins; where it had begun, that is no more than publishing once more.
 */
static void begin_after_earlier(const struct step_input *in, struct step_result *ret) {
	if (in->incident != NULL && in->incident->state == INCIDENT_OPEN && !is_of_this_cycle(in)) {
		step_add(in, ret, TASK_PUBLISH_REPORT, in->now_ms,
			"Tells people of the failure, after an earlier cycle's work ended.");
	}
}

/* What was posted without an answer may still appear a second time. */
static void look_for_duplicates(const struct step_input *in, struct step_result *ret) {
	if (in->event->look_again_ms != 0 && in->incident != NULL) {
		step_add(in, ret, TASK_NOTIFY, in->event->look_again_ms,
			"Looks whether something was posted twice.");
	}
}

/* What the forge told of the place. The head it named is the one that a triggered agent has to move. */
static void take_place(const struct step_input *in, struct step_result *ret) {
	const struct event *event = in->event;
	struct incident *incident = &ret->incident;

	ret->has_incident = true;
	if (event->text[0] != '\0') {
		TEXT_SET(incident->issue_url, event->text);
	}
	if (event->pull_request != 0) {
		incident->pull_request = MAX(event->pull_request, 0);
	}
	if (incident->state == INCIDENT_OPEN) {
		TEXT_SET(incident->triggered_sha,
			event->head_sha != NULL && event->head_sha[0] != '\0' ? event->head_sha
									      : incident->head_sha);
	}
	step_hold(in, ret, event->hold);
}

static void published(const struct step_input *in, struct step_result *ret) {
	bool is_again = strcmp(in->incident->issue_url, in->event->text) == 0;
	const char *left_out = in->event->left_out != NULL ? in->event->left_out : "";
	char sentence[LIMIT_SENTENCE_MAX];

	take_place(in, ret);
	if (in->event->hold == HOLD_IGNORED) {
		step_task(ret, TASK_COMPLETED,
			"Not published: a label on the pull request keeps codegend away.");
		return;
	}
	text_format(sentence, sizeof(sentence), "%s at %s.%s%s%s",
		is_again ? "Brought up to date" : "Published", in->event->text,
		left_out[0] != '\0' ? " " : "", left_out,
		left_out[0] != '\0' ? " It is done without; said once." : "");
	step_task(ret, TASK_COMPLETED, sentence);
	step_note(ret, NOTE_PUBLISHED, sentence);
	look_for_duplicates(in, ret);
}

void on_published(const struct step_input *in, struct step_result *ret) {
	published(in, ret);
	if (is_of_this_cycle(in)) {
		step_ask_for_agent(in, ret);
	} else {
		begin_after_earlier(in, ret);
	}
}

/* The cycle went on without it: only the place is worth keeping, unless it is what the cycle waited for. */
void on_published_late(const struct step_input *in, struct step_result *ret) {
	const struct incident *incident = in->incident;

	if (incident->state == INCIDENT_WAITING && is_of_this_cycle(in) &&
		incident->hold == HOLD_UNKNOWN && incident->issue_url[0] == '\0') {
		step_state(ret, INCIDENT_OPEN);
		on_published(in, ret);
	} else {
		published(in, ret);
	}
}

/* It did not start: the attempt is not one. */
static void put_off(struct step_result *ret, int64_t due_ms, const char *reason) {
	step_task_again(ret, due_ms, reason);
	ret->task.attempt--;
	ret->has_incident = true;
	TEXT_SET(ret->incident.reason, reason);
}

/* It may start. */
static void admit(const struct step_input *in, struct step_result *ret) {
	struct incident *incident = &ret->incident;
	char reason[LIMIT_SENTENCE_MAX];
	int64_t follow_up_ms;

	text_format(reason, sizeof(reason), "Agent \"%s\" works on it (cycle %lld of %lld).",
		policy_agent(in->policy, incident->agent_at)->name, (long long)incident->cycle,
		(long long)incident_max_cycle(incident, in->policy));
	step_task(ret, TASK_EXECUTING, reason);
	if (in->task->started_ms == 0) {
		ret->task.started_ms = in->now_ms;
		step_note(ret, NOTE_TRIGGERED, reason);
		if (in->policy->forge_tells &&
			policy_agent(in->policy, incident->agent_at)->life_ms == 0) {
			step_add(in, ret, TASK_NOTIFY, in->now_ms + LIMIT_AGENT_TOLD_MS,
				"Tells that the agent works.");
		}
	}
	ret->has_incident = true;
	TEXT_SET(incident->reason, reason);
	/* A start that is tried again and again does not push the follow-up away for ever. */
	follow_up_ms = in->policy->follow_up_delay_ms +
		MIN(in->now_ms, in->task->created_ms + in->policy->follow_up_delay_ms);
	if (incident->follow_up_ms != 0 && follow_up_ms != incident->follow_up_ms) {
		incident->follow_up_ms = follow_up_ms;
		step_move(ret, TASK_PR_READINESS_CHECK, follow_up_ms, "The follow-up of this cycle.");
	}
}

/* Whether it is the turn of another agent now than the task was made for, or began with. */
static bool is_of_other_agent(const struct step_input *in, char ret_lane[LIMIT_LANE_MAX]) {
	if (in->policy->n_agents == 0) {
		return false;
	}
	step_lane(in->policy, TASK_TRIGGER_AGENT, in->incident->agent_at, ret_lane);
	return strcmp(ret_lane, in->task->lane) != 0;
}

static void give_to_agent(const struct step_input *in, struct step_result *ret, const char *lane) {
	put_off(ret, in->now_ms, "The project's agent was changed in the configuration.");
	TEXT_SET(ret->task.lane, lane);
}

/* The first of what speaks against a start now; false: nothing does. */
static bool puts_off(const struct step_input *in, struct step_result *ret) {
	char id[ID_TEXT_MAX];
	char until[CLOCK_TEXT_MAX];
	char reason[LIMIT_SENTENCE_MAX];

	if (in->task->started_ms != 0) { /* it was admitted, and may have begun */
		return false;
	}
	if (in->branch_busy_with != 0) {
		text_format(reason, sizeof(reason),
			"Waits for its turn: an agent works, or was asked to, on the same branch for %s.",
			id_format(ID_INCIDENT, in->branch_busy_with, id));
		put_off(ret, in->now_ms + LIMIT_BRANCH_BUSY_MS, reason);
		return true;
	}
	if (in->budget_free_ms > in->now_ms) {
		text_format(reason, sizeof(reason),
			TASK_NO_BUDGET " (max-triggers-per-hour = %lld); it waits until %s.",
			(long long)in->policy->max_triggers_per_hour,
			clock_format(in->budget_free_ms, until));
		put_off(ret, in->budget_free_ms, reason);
		if (strncmp(in->task->reason, TASK_NO_BUDGET, strlen(TASK_NO_BUDGET)) != 0) {
			step_tell(in, ret);
		}
		return true;
	}
	return false;
}

/* The agent may have begun, and nobody is going to find out: it is not asked again, nor another one in its place. */
static void leave_unknown(const struct step_input *in, struct step_result *ret, const char *text) {
	const struct event ended = { .type = EVENT_TRIGGERED, .text = text };
	struct step_input triggered = *in;

	triggered.event = &ended;
	if (in->incident != NULL && in->incident->state == INCIDENT_OPEN) {
		on_triggered(&triggered, ret);
	} else {
		on_triggered_late(&triggered, ret);
	}
}

void on_trigger_asked(const struct step_input *in, struct step_result *ret) {
	char lane[LIMIT_LANE_MAX];
	bool is_other;

	if (!is_of_this_cycle(in)) {
		on_trigger_unwanted(in, ret);
		begin_after_earlier(in, ret);
		return;
	}
	is_other = is_of_other_agent(in, lane);
	if (is_other && in->task->started_ms != 0) {
		leave_unknown(in, ret,
			"The project's agent was changed while it was triggered; what came of it is unknown.");
	} else if (in->policy->mode == POLICY_OBSERVE || in->policy->n_agents == 0 ||
		incident_is_held(in->incident)) {
		on_trigger_unwanted(in, ret);
		step_ask_for_agent(in, ret);
	} else if (is_other) {
		give_to_agent(in, ret, lane);
	} else if (!puts_off(in, ret)) {
		admit(in, ret);
	}
}

void on_trigger_unwanted(const struct step_input *in, struct step_result *ret) {
	(void)in;
	step_task(ret, TASK_CANCELLED, "No longer wanted when its turn came.");
}

void on_triggered(const struct step_input *in, struct step_result *ret) {
	on_triggered_late(in, ret);
	if (!is_of_this_cycle(in)) {
		begin_after_earlier(in, ret);
		return;
	}
	if (in->event->trace == AGENT_LIFELESS) {
		step_next_agent(in, ret, in->event->text);
		return;
	}
	if (in->event->trace == AGENT_HANDED_OVER) {
		step_await_life(in, ret);
	} else if (in->event->trace == AGENT_OVERDUE) {
		ret->incident.life_due_ms = in->now_ms;
	}
	step_hold(in, ret, in->event->hold);
	step_wait_for_follow_up(in, ret, in->event->text);
	step_tell(in, ret);
}

/* It does not work (any more): that it does is not told. */
static void cancel_telling(const struct step_input *in, struct step_result *ret) {
	if (in->task->type == TASK_TRIGGER_AGENT && in->task->started_ms != 0 &&
		in->policy->forge_tells) {
		step_cancel_at(ret, TASK_NOTIFY, in->task->started_ms + LIMIT_AGENT_TOLD_MS,
			"The agent ended before it was told that it works.");
	}
}

void on_triggered_late(const struct step_input *in, struct step_result *ret) {
	cancel_telling(in, ret);
	step_task(ret, in->event->stopped ? TASK_CANCELLED : TASK_COMPLETED, in->event->text);
	step_note(ret, NOTE_AGENT, in->event->text);
	ret->wake_branch = true;
	if (in->incident != NULL) {
		ret->links = in->event->links;
		ret->n_links = in->event->n_links;
	}
	look_for_duplicates(in, ret);
}

void on_task_done(const struct step_input *in, struct step_result *ret) {
	step_task(ret, TASK_COMPLETED, in->event->text);
	look_for_duplicates(in, ret);
}

/* The configuration changed to mode = observe after it was scheduled. */
void on_observed(const struct step_input *in, struct step_result *ret) {
	step_task(ret, TASK_CANCELLED, in->event->text);
	if (!is_of_this_cycle(in)) {
		begin_after_earlier(in, ret);
	} else if (in->incident->state == INCIDENT_OPEN) {
		step_ask_for_agent(in, ret);
	}
}

void on_task_moved(const struct step_input *in, struct step_result *ret) {
	step_task_again(ret, in->now_ms, "Moved: the configuration of its project was changed.");
	TEXT_SET(ret->task.lane, in->event->text);
	ret->task.attempt--;
}

/* The report was never published, so nobody is triggered: that, not trust, is what a person has to mend. */
static void wait_unpublished(
	const struct step_input *in, struct step_result *ret, const char *reason) {
	char id[ID_TEXT_MAX], sentence[LIMIT_SENTENCE_MAX];

	text_format(sentence, sizeof(sentence),
		"Nothing is published, so no agent is triggered; \"codegenctl task retry %s\" tries it again."
		" %s",
		id_format(ID_TASK, in->task->id, id), reason);
	step_wait_for_follow_up(in, ret, sentence);
	step_note(ret, NOTE_AGENT, sentence);
}

/* Given up. The cycle goes on without it: whatever failed, only the check decides. */
static void give_up(const struct step_input *in, struct step_result *ret, const char *reason) {
	bool current = is_of_this_cycle(in) && in->incident->state == INCIDENT_OPEN;

	cancel_telling(in, ret);
	step_task(ret, TASK_FAILED, reason);
	step_note(ret, NOTE_TASK, reason);
	if (current && in->task->type == TASK_PUBLISH_REPORT) {
		step_hold_unknown(in, ret);
		if (ret->incident.hold == HOLD_UNKNOWN && in->incident->issue_url[0] == '\0' &&
			in->policy->n_agents > 0) {
			wait_unpublished(in, ret, reason);
		} else {
			step_ask_for_agent(in, ret);
		}
	} else if (current && in->task->type == TASK_TRIGGER_AGENT &&
		in->incident->agent_at + 1 < (int64_t)in->policy->n_agents) {
		step_next_agent(in, ret, reason);
	} else if (current && in->task->type == TASK_TRIGGER_AGENT) {
		step_wait_for_follow_up(in, ret, reason);
		step_tell(in, ret);
	} else {
		begin_after_earlier(in, ret);
	}
}

/* An incident's check is never given up: without it nobody would look again. */
static bool may_give_up(const struct step_input *in) {
	return in->task->type != TASK_PR_READINESS_CHECK || in->incident == NULL ||
		!incident_is_active(in->incident->state);
}

/* Its incident is over or escalated: nobody wants it published, or an agent on it, any more. */
static bool is_unwanted(const struct step_input *in) {
	return in->incident != NULL && !incident_is_active(in->incident->state) &&
		(in->task->type == TASK_PUBLISH_REPORT || in->task->type == TASK_TRIGGER_AGENT);
}

static void give_up_attempts(const struct step_input *in, struct step_result *ret) {
	char reason[LIMIT_SENTENCE_MAX];

	if (in->event->begun) {
		text_format(reason, sizeof(reason),
			"Whether the agent began is not known after %lld attempts, so no agent is asked again: %s",
			(long long)in->task->attempt, in->event->text);
		leave_unknown(in, ret, reason);
		return;
	}
	if (in->event->failure == ATTEMPT_BARRED) {
		text_format(
			reason, sizeof(reason), "Given up after max-waiting: %s", in->event->text);
	} else {
		text_format(reason, sizeof(reason), "Given up after %lld attempts: %s",
			(long long)in->task->attempt, in->event->text);
	}
	give_up(in, ret, reason);
}

/* With its time, since it is read until the next try, and what it says may have passed by then. */
static void say_last_try(const struct step_input *in, char out[LIMIT_SENTENCE_MAX]) {
	char when[CLOCK_TEXT_MAX];

	text_format(out, LIMIT_SENTENCE_MAX, TASK_LAST_TRY "%s, failed: %s",
		clock_format_minute(in->now_ms, when), in->event->text);
}

/* It was waited for as long as for any person: from now on its attempts count. */
static bool is_old(const struct step_input *in) {
	return step_aged_ms(in) >= in->task->created_ms + in->policy->max_waiting_ms;
}

static bool is_used_up(const struct step_input *in) {
	switch (in->event->failure) {
	case ATTEMPT_REFUSED: return true;
	case ATTEMPT_FAILED: return in->task->attempt >= LIMIT_TASK_ATTEMPTS;
	case ATTEMPT_BARRED: return is_old(in) && in->task->attempt >= LIMIT_TASK_ATTEMPTS;
	case ATTEMPT_PASSING: break;
	}
	return false;
}

void on_attempt_failed(const struct step_input *in, struct step_result *ret) {
	char reason[LIMIT_SENTENCE_MAX];

	ret->wake_branch = in->task->type == TASK_TRIGGER_AGENT;
	if (is_unwanted(in)) {
		step_task(ret, TASK_CANCELLED, "No longer wanted when it failed.");
		return;
	}
	if (is_used_up(in) && may_give_up(in)) {
		give_up_attempts(in, ret);
		return;
	}
	say_last_try(in, reason);
	cancel_telling(in, ret);
	step_task_again(ret, in->now_ms + in->event->backoff_ms, reason);
	if (in->event->failure == ATTEMPT_PASSING ||
		(in->event->failure == ATTEMPT_BARRED && !is_old(in))) {
		/* Nothing is wrong with it: no attempt is used up. */
		ret->task.attempt--;
	}
	if (in->event->begun) { /* then its branch is not free for another one */
		ret->task.started_ms = in->task->started_ms;
	}
	if (in->incident != NULL && incident_is_active(in->incident->state)) {
		ret->has_incident = true;
		TEXT_SET(ret->incident.reason, reason);
	}
	if (in->task->type == TASK_TRIGGER_AGENT && in->event->failure == ATTEMPT_FAILED &&
		in->task->attempt == ATTEMPT_TOLD) {
		step_tell(in, ret);
	}
}

/* What the agent began is found again by its marker: its trigger goes on where it was. */
static bool is_findable(const struct step_input *in) {
	for (size_t i = 0; i < in->policy->n_agents; i++) {
		char lane[LIMIT_LANE_MAX];

		step_lane(in->policy, TASK_TRIGGER_AGENT, (int64_t)i, lane);
		if (strcmp(lane, in->task->lane) == 0) {
			return in->policy->agents[i].findable;
		}
	}
	return false;
}

static bool is_interrupted_too_often(const struct step_input *in) {
	return in->task->interrupted + 1 >= LIMIT_TASK_INTERRUPTIONS;
}

/* A crash is not the task's fault: no attempt is used up. Crash after crash it waits longer (`backoff_ms`). */
static void take_up_again(const struct step_input *in, struct step_result *ret) {
	int64_t interrupted = in->task->interrupted + 1;
	char reason[LIMIT_SENTENCE_MAX];

	text_format(reason, sizeof(reason),
		interrupted == 1
			? "The daemon ended while executing it; it is tried again."
			: "The daemon ended %lld times in a row while executing a task of type %s; it is tried"
			  " again, later each time.",
		(long long)interrupted, task_type_names[in->task->type]);
	step_task_again(ret, in->now_ms + in->event->backoff_ms, reason);
	ret->task.attempt--;
	ret->task.interrupted = interrupted;
	if (interrupted > 1 && in->incident != NULL && incident_is_active(in->incident->state)) {
		ret->has_incident = true;
		TEXT_SET(ret->incident.reason, reason);
	}
}

/* Perhaps it is what brings the daemon down. */
static void leave_to_person(const struct step_input *in, struct step_result *ret) {
	bool under_repair = in->incident != NULL && incident_is_active(in->incident->state) &&
		in->task->type != TASK_NOTIFY;
	char reason[LIMIT_SENTENCE_MAX];

	text_format(reason, sizeof(reason),
		"A person is needed: the daemon ended %lld times in a row while executing a task of type %s. See in"
		" its log why it ended, then \"codegenctl %s retry\".",
		(long long)in->task->interrupted + 1, task_type_names[in->task->type],
		under_repair ? "incident" : "task");
	if (!under_repair) {
		give_up(in, ret, reason);
		return;
	}
	step_task(ret, TASK_FAILED, reason);
	step_end(ret, INCIDENT_ESCALATED, reason);
	step_add(in, ret, TASK_NOTIFY, in->now_ms, reason);
}

/* The daemon died while it executed. What may have begun outside is never begun again. */
void on_recovered(const struct step_input *in, struct step_result *ret) {
	bool began = in->task->type == TASK_TRIGGER_AGENT && in->task->started_ms != 0;

	if (began && (!is_findable(in) || is_interrupted_too_often(in) || is_unwanted(in))) {
		leave_unknown(in, ret,
			"The daemon ended while the agent ran; what came of it is unknown.");
	} else if (is_unwanted(in)) {
		step_task(ret, TASK_CANCELLED, "No longer wanted when the daemon started again.");
	} else if (is_interrupted_too_often(in)) {
		leave_to_person(in, ret);
	} else {
		take_up_again(in, ret);
		ret->task.started_ms = began ? in->task->started_ms : 0;
	}
}
