#include <string.h>

#include "common/text.h"
#include "daemon/engine/lifecycle_internal.h"

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
		incident->pull_request = event->pull_request;
	}
	if (incident->state == INCIDENT_OPEN) {
		TEXT_SET(incident->triggered_sha,
			event->head_sha != NULL && event->head_sha[0] != '\0' ? event->head_sha
									      : incident->head_sha);
	}
	step_hold(in, ret, event->hold);
}

void on_published(const struct step_input *in, struct step_result *ret) {
	on_published_late(in, ret);
	if (is_of_this_cycle(in)) {
		step_ask_for_agent(in, ret);
	} else {
		begin_after_earlier(in, ret);
	}
}

/* The cycle went on without it: only the place is worth keeping. */
void on_published_late(const struct step_input *in, struct step_result *ret) {
	char sentence[LIMIT_SENTENCE_MAX];

	take_place(in, ret);
	if (in->event->hold == HOLD_IGNORED) {
		step_task(ret, TASK_COMPLETED,
			"Not published: a label on the pull request keeps codegend away.");
		return;
	}
	text_format(sentence, sizeof(sentence), "Published at %s.", in->event->text);
	step_task(ret, TASK_COMPLETED, sentence);
	step_note(ret, NOTE_PUBLISHED, sentence);
	look_for_duplicates(in, ret);
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

	text_format(reason, sizeof(reason), "Agent \"%s\" works on it (cycle %lld of %lld).",
		policy_agent(in->policy, incident->agent_at)->name, (long long)incident->cycle,
		(long long)incident_max_cycle(incident, in->policy));
	step_task(ret, TASK_EXECUTING, reason);
	if (in->task->started_ms == 0) {
		ret->task.started_ms = in->now_ms;
		step_note(ret, NOTE_TRIGGERED, reason);
	}
	ret->has_incident = true;
	TEXT_SET(incident->reason, reason);
	/* A start that is tried again and again does not push the follow-up away for ever. */
	incident->follow_up_ms = in->policy->follow_up_delay_ms +
		MIN(in->now_ms, in->task->created_ms + in->policy->follow_up_delay_ms);
	step_move(ret, TASK_PR_READINESS_CHECK, incident->follow_up_ms,
		"The follow-up of this cycle.");
}

/* The first of what speaks against a start now; false: nothing does. */
static bool puts_off(const struct step_input *in, struct step_result *ret) {
	char lane[LIMIT_LANE_MAX];
	char id[ID_TEXT_MAX];
	char reason[LIMIT_SENTENCE_MAX];

	step_lane(in->policy, TASK_TRIGGER_AGENT, in->incident->agent_at, lane);
	if (strcmp(lane, in->task->lane) != 0) {
		put_off(ret, in->now_ms, "The project's agent was changed in the configuration.");
		TEXT_SET(ret->task.lane, lane);
		return true;
	}
	if (in->task->started_ms != 0) { /* it was admitted before the daemon ended */
		return false;
	}
	if (in->branch_busy_with != 0) {
		text_format(reason, sizeof(reason),
			"Waits for its turn: an agent works on the same branch for %s.",
			id_format(ID_INCIDENT, in->branch_busy_with, id));
		put_off(ret, in->now_ms + LIMIT_BRANCH_BUSY_MS, reason);
		return true;
	}
	if (in->budget_free_ms > in->now_ms) {
		text_format(reason, sizeof(reason),
			"Waits: the project's budget of %lld triggers an hour is used up.",
			(long long)in->policy->max_triggers_per_hour);
		put_off(ret, in->budget_free_ms, reason);
		return true;
	}
	return false;
}

void on_trigger_asked(const struct step_input *in, struct step_result *ret) {
	if (!is_of_this_cycle(in)) {
		on_trigger_unwanted(in, ret);
		begin_after_earlier(in, ret);
	} else if (in->policy->mode == POLICY_OBSERVE || in->policy->n_agents == 0 ||
		incident_is_held(in->incident)) {
		on_trigger_unwanted(in, ret);
		step_ask_for_agent(in, ret);
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
	if (in->event->lifeless) {
		step_next_agent(in, ret, in->event->text);
		return;
	}
	if (in->event->handed_over) {
		step_await_life(in, ret);
	}
	step_hold(in, ret, in->event->hold);
	step_wait_for_follow_up(in, ret, in->event->text);
}

void on_triggered_late(const struct step_input *in, struct step_result *ret) {
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

/* Given up. The cycle goes on without it: whatever failed, only the check decides. */
static void give_up(const struct step_input *in, struct step_result *ret, const char *reason) {
	bool current = is_of_this_cycle(in) && in->incident->state == INCIDENT_OPEN;

	step_task(ret, TASK_FAILED, reason);
	step_note(ret, NOTE_TASK, reason);
	if (current && in->task->type == TASK_PUBLISH_REPORT) {
		step_hold_unknown(in, ret);
		step_ask_for_agent(in, ret);
	} else if (current && in->task->type == TASK_TRIGGER_AGENT &&
		in->incident->agent_at + 1 < (int64_t)in->policy->n_agents) {
		step_next_agent(in, ret, reason);
	} else if (current && in->task->type == TASK_TRIGGER_AGENT) {
		step_wait_for_follow_up(in, ret, reason);
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

void on_attempt_failed(const struct step_input *in, struct step_result *ret) {
	char reason[LIMIT_SENTENCE_MAX];

	ret->wake_branch = in->task->type == TASK_TRIGGER_AGENT;
	if (is_unwanted(in)) {
		step_task(ret, TASK_CANCELLED, "No longer wanted when it failed.");
		return;
	}
	if (!in->event->passing && may_give_up(in) &&
		(!in->event->retryable || in->task->attempt >= LIMIT_TASK_ATTEMPTS)) {
		text_format(reason, sizeof(reason), "Given up after %lld attempts: %s",
			(long long)in->task->attempt, in->event->text);
		give_up(in, ret, reason);
		return;
	}
	if (in->event->passing) { /* nothing is wrong with it: no attempt is used up */
		text_format(reason, sizeof(reason), "Waits: %s", in->event->text);
		step_task_again(ret, in->now_ms + in->event->backoff_ms, reason);
		ret->task.attempt--;
	} else {
		text_format(reason, sizeof(reason), "Attempt %lld failed and is repeated: %s",
			(long long)in->task->attempt, in->event->text);
		step_task_again(ret, in->now_ms + in->event->backoff_ms, reason);
	}
	if (in->incident != NULL && incident_is_active(in->incident->state)) {
		ret->has_incident = true;
		TEXT_SET(ret->incident.reason, reason);
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

static void take_up_again(const struct step_input *in, struct step_result *ret) {
	step_task_again(
		ret, in->now_ms, "The daemon ended while it was triggered; it is taken up again.");
	ret->task.started_ms = in->task->started_ms;
}

/* The daemon died while it executed. What may have begun outside is never begun again. */
void on_recovered(const struct step_input *in, struct step_result *ret) {
	struct event ended = { .type = EVENT_TRIGGERED,
		.text = "The daemon ended while the agent ran; what came of it is unknown." };
	struct step_input triggered = *in;

	if (in->task->type == TASK_TRIGGER_AGENT && in->task->started_ms != 0 && is_findable(in) &&
		in->task->attempt < LIMIT_TASK_ATTEMPTS && !is_unwanted(in)) {
		take_up_again(in, ret);
	} else if (in->task->type == TASK_TRIGGER_AGENT && in->task->started_ms != 0) {
		triggered.event = &ended;
		if (in->incident != NULL && in->incident->state == INCIDENT_OPEN) {
			on_triggered(&triggered, ret);
		} else {
			on_triggered_late(&triggered, ret);
		}
	} else if (is_unwanted(in)) {
		step_task(ret, TASK_CANCELLED, "No longer wanted when the daemon started again.");
	} else if (may_give_up(in) && in->task->attempt >= LIMIT_TASK_ATTEMPTS) {
		give_up(in, ret, "Given up: the daemon ended again and again while executing it.");
	} else {
		step_task_again(
			ret, in->now_ms, "The daemon ended while executing it; it is tried again.");
	}
}
