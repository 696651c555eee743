#include "daemon/engine/lifecycle.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "daemon/engine/lifecycle_internal.h"

/*
 * What each event does in each state of the incident. Empty: it says nothing to an incident in that state, only to
 * the task it came from (on_task_only) or to nobody (nothing()).
 */
enum { NO_INCIDENT = INCIDENT_STATE_COUNT };

typedef void handler_fn(const struct step_input *in, struct step_result *ret);

static handler_fn nothing;

/* clang-format off */
static handler_fn *const table[EVENT_TYPE_COUNT][INCIDENT_STATE_COUNT + 1] = {
	/*                          OPEN                  WAITING               RESOLVED             ESCALATED            ABANDONED            (none) */
	[EVENT_REPORT]         = { on_report_join,       on_report_join,       on_report_reopen,    on_report_join,      on_report_open,      on_report_open },
	[EVENT_BUILD_PASSED]   = { on_build_passed,      on_build_passed,      nothing,             on_build_passed,     nothing,             nothing },
	[EVENT_PUBLISHED]      = { on_published,         on_published_late,    on_published_late,   on_published_late,   on_published_late,   on_task_done },
	[EVENT_TRIGGER_ASKED]  = { on_trigger_asked,     on_trigger_unwanted,  on_trigger_unwanted, on_trigger_unwanted, on_trigger_unwanted, on_trigger_unwanted },
	[EVENT_TRIGGERED]      = { on_triggered,         on_triggered_late,    on_triggered_late,   on_triggered_late,   on_triggered_late,   on_triggered_late },
	[EVENT_VERDICT]        = { on_verdict_active,    on_verdict_active,    on_verdict_over,     on_verdict_escalated, on_verdict_over,    on_verdict_by_hand },
	[EVENT_NOTIFIED]       = { on_task_done,         on_task_done,         on_task_done,        on_task_done,        on_task_done,        on_task_done },
	[EVENT_ATTEMPT_FAILED] = { on_attempt_failed,    on_attempt_failed,    on_attempt_failed,   on_attempt_failed,   on_attempt_failed,   on_attempt_failed },
	[EVENT_OBSERVED]       = { on_observed,          on_observed,          on_observed,         on_observed,         on_observed,         on_observed },
	[EVENT_TASK_MOVED]     = { on_task_moved,        on_task_moved,        on_task_moved,       on_task_moved,       on_task_moved,       on_task_moved },
	[EVENT_RECOVERED]      = { on_recovered,         on_recovered,         on_recovered,        on_recovered,        on_recovered,        on_recovered },
	[EVENT_TASK_CREATED]   = { nothing,              nothing,              nothing,             nothing,             nothing,             nothing },
	[EVENT_TASK_RUN]       = { on_task_run,          on_task_run,          on_task_run,         on_task_run,         on_task_run,         on_task_run },
	[EVENT_TASK_CANCEL]    = { on_task_cancel,       on_task_cancel,       on_task_cancel,      on_task_cancel,      on_task_cancel,      on_task_cancel },
	[EVENT_TASK_RETRY]     = { on_task_retry,        on_task_retry,        on_task_retry,       on_task_retry,       on_task_retry,       on_task_retry },
	[EVENT_TASK_SNOOZE]    = { on_task_snooze,       on_task_snooze,       on_task_snooze,      on_task_snooze,      on_task_snooze,      on_task_snooze },
	[EVENT_INCIDENT_CLOSE] = { on_incident_close,    on_incident_close,    on_incident_refuse,  on_incident_close,   on_incident_refuse,  nothing },
	[EVENT_INCIDENT_RETRY] = { on_incident_refuse,   on_incident_retry,    on_incident_refuse,  on_incident_retry,   on_incident_refuse,  nothing },
	[EVENT_INCIDENT_RELEASE] = { on_incident_release, on_incident_release, on_incident_refuse,  on_incident_release, on_incident_refuse,  nothing },
};
/* clang-format on */

static void nothing(const struct step_input *in, struct step_result *ret) {
	(void)in;
	(void)ret;
}

void lifecycle_step(const struct step_input *in, struct step_result *ret) {
	int state = in->incident != NULL ? (int)in->incident->state : NO_INCIDENT;

	assert(in->event->type < EVENT_TYPE_COUNT);
	if (in->incident != NULL) {
		ret->incident = *in->incident;
	}
	if (in->task != NULL) {
		ret->task = *in->task;
		ret->task.instructions = NULL;
		ret->task.result = in->event->result;
	}
	table[in->event->type][state](in, ret);
	if (ret->status == 0 && ret->has_incident) {
		ret->incident.updated_ms = in->now_ms;
	}
}

/* What the handlers are made of */

void step_note(struct step_result *ret, enum note_kind kind, const char *message) {
	struct note *note;

	assert(ret->n_notes < STEP_NOTES_MAX);
	note = &ret->notes[ret->n_notes++];
	note->kind = kind;
	TEXT_SET(note->message, message);
}

static struct task_change *step_change(
	struct step_result *ret, enum change_verb verb, enum task_type type, int64_t due_ms) {
	struct task_change *change;

	assert(ret->n_changes < STEP_CHANGES_MAX);
	change = &ret->changes[ret->n_changes++];
	change->verb = verb;
	change->type = type;
	change->due_ms = due_ms;
	return change;
}

void step_lane(const struct policy *policy, enum task_type type, int64_t agent_at,
	char lane[LIMIT_LANE_MAX]) {
	switch (type) {
	case TASK_PUBLISH_REPORT:
	case TASK_NOTIFY: text_format(lane, LIMIT_LANE_MAX, "post/%s", policy->forge); return;
	case TASK_PR_READINESS_CHECK:
		text_format(lane, LIMIT_LANE_MAX, "forge/%s", policy->forge);
		return;
	case TASK_TRIGGER_AGENT:
		text_format(lane, LIMIT_LANE_MAX, "agent/%s", policy_agent(policy, agent_at)->name);
		return;
	case TASK_TYPE_COUNT: break;
	}
	assert(false);
}

void step_add(const struct step_input *in, struct step_result *ret, enum task_type type,
	int64_t due_ms, const char *reason) {
	struct task_change *change = step_change(ret, CHANGE_ADD, type, due_ms);

	step_lane(in->policy, type, ret->incident.agent_at, change->lane);
	TEXT_SET(change->reason, reason);
}

void step_move(struct step_result *ret, enum task_type type, int64_t due_ms, const char *reason) {
	TEXT_SET(step_change(ret, CHANGE_MOVE, type, due_ms)->reason, reason);
}

void step_cancel_at(struct step_result *ret, enum task_type type, int64_t due_ms, const char *reason) {
	TEXT_SET(step_change(ret, CHANGE_CANCEL, type, due_ms)->reason, reason);
}

void step_cancel(struct step_result *ret, enum task_type type, const char *reason) {
	step_cancel_at(ret, type, 0, reason);
}

void step_task(struct step_result *ret, enum task_status status, const char *reason) {
	ret->has_task = true;
	ret->task.status = status;
	TEXT_SET(ret->task.reason, reason);
}

void step_task_again(struct step_result *ret, int64_t due_ms, const char *reason) {
	step_task(ret, TASK_SCHEDULED, reason);
	ret->task.due_ms = due_ms;
	ret->task.started_ms = 0;
	ret->task.interrupted = 0;
}

void step_state(struct step_result *ret, enum incident_state state) {
	assert(incident_may_move(ret->incident.state, state));
	ret->has_incident = true;
	ret->incident.state = state;
}

void step_refuse(struct step_result *ret, int status, const char *fmt, ...) {
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(ret->refusal, sizeof(ret->refusal), fmt, args);
	va_end(args);
	ret->status = status;
}

/* The cycle that begins now: publish, then the agent, and the follow-up one delay later. */
void step_begin_cycle(const struct step_input *in, struct step_result *ret) {
	struct incident *incident = &ret->incident;
	const char *why = "The follow-up of this cycle.";

	incident->cycle++;
	incident->revision++;
	incident->cycle_report_id = incident->report_id;
	incident->follow_up_ms = in->now_ms + in->policy->follow_up_delay_ms;
	incident->resolved_ms = 0;
	incident->life_due_ms = 0;
	if (incident->hold == HOLD_AGENT_ASKS) {
		incident->hold = HOLD_NONE;
	}
	if (in->policy->mode == POLICY_OBSERVE) {
		step_state(ret, INCIDENT_WAITING);
		TEXT_SET(incident->reason,
			"Only observed (mode = observe): nothing is published or triggered; the "
			"follow-up looks whether it became ready.");
	} else {
		step_state(ret, INCIDENT_OPEN);
		step_add(in, ret, TASK_PUBLISH_REPORT, in->now_ms, "Tells people of the failure.");
		text_format(incident->reason, sizeof(incident->reason),
			"Cycle %lld of %lld began: people are told first, %s.",
			(long long)incident->cycle,
			(long long)incident_max_cycle(incident, in->policy),
			in->policy->n_agents > 0 ? "then the agent is triggered"
						 : "and the project has no agent");
	}
	step_add(in, ret, TASK_PR_READINESS_CHECK, incident->follow_up_ms, why);
}

/* The agent's part of the cycle is over: only the follow-up decides now. */
void step_wait_for_follow_up(
	const struct step_input *in, struct step_result *ret, const char *because) {
	struct incident *incident = &ret->incident;

	step_state(ret, INCIDENT_WAITING);
	if (incident->follow_up_ms == 0) {
		text_format(incident->reason, sizeof(incident->reason), "%s %s", because,
			STEP_CHECK_CANCELLED);
		return;
	}
	incident->follow_up_ms =
		MAX(incident->follow_up_ms, in->now_ms + in->policy->follow_up_delay_ms);
	if (incident->life_due_ms != 0 && incident->life_due_ms < incident->follow_up_ms) {
		step_move(ret, TASK_PR_READINESS_CHECK, incident->life_due_ms,
			"Looks for a sign of life of the agent.");
	} else {
		step_move(ret, TASK_PR_READINESS_CHECK, incident->follow_up_ms,
			"The follow-up of this cycle.");
	}
	text_format(incident->reason, sizeof(incident->reason),
		"%s The follow-up looks whether it is ready.", because);
}

void step_tell(const struct step_input *in, struct step_result *ret) {
	if (in->policy->forge_tells) {
		step_add(in, ret, TASK_NOTIFY, in->now_ms, "Brings the status comment up to date.");
	}
}

/* Nothing of it goes on: its tasks are cancelled and its agent is stopped. */
void step_end(struct step_result *ret, enum incident_state state, const char *reason) {
	if (incident_is_active(ret->incident.state)) {
		step_cancel(ret, TASK_PUBLISH_REPORT, reason);
		step_cancel(ret, TASK_TRIGGER_AGENT, reason);
		ret->stop_agent = true;
	}
	step_cancel(ret, TASK_PR_READINESS_CHECK, reason);
	step_state(ret, state);
	TEXT_SET(ret->incident.reason, reason);
	step_note(ret, NOTE_INCIDENT, reason);
}
