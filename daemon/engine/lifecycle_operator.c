#include <errno.h>

#include "common/text.h"
#include "daemon/engine/lifecycle_internal.h"

/* Refuses with where the task is and what can be done instead. */
static void refuse_task(const struct step_input *in, struct step_result *ret, const char *instead) {
	char id[ID_TEXT_MAX];

	step_refuse(ret, -ESTALE, "Task %s is %s. %s", id_format(ID_TASK, in->task->id, id),
		task_status_names[in->task->status], instead);
}

static bool is_current(const struct step_input *in) {
	return in->incident != NULL && in->task->incident_id == in->incident->id &&
		in->task->cycle == in->incident->cycle && incident_is_active(in->incident->state);
}

/* Now instead of later. For a follow-up this is its regular time then: its verdict decides. */
void on_task_run(const struct step_input *in, struct step_result *ret) {
	if (in->task->status != TASK_SCHEDULED) {
		refuse_task(in, ret,
			"Only a scheduled one can be run now; \"task retry\" repeats a failed or cancelled one.");
		return;
	}
	step_task_again(ret, in->now_ms, "Due now: an operator asked for it.");
	if (in->task->type == TASK_PR_READINESS_CHECK && is_current(in) &&
		in->incident->state == INCIDENT_WAITING) {
		ret->has_incident = true;
		ret->incident.follow_up_ms = in->now_ms;
		ret->wake_branch = in->incident->life_due_ms != 0;
		ret->incident.life_due_ms = 0; /* nor is a sign of life waited for */
	}
}

/* What the incident does without the task. */
static void go_on_without(const struct step_input *in, struct step_result *ret) {
	if (!is_current(in)) {
		return;
	}
	switch (in->task->type) {
	case TASK_PUBLISH_REPORT:
		step_hold_unknown(in, ret);
		if (in->incident->state == INCIDENT_OPEN && in->policy->n_agents > 0 &&
			!incident_is_held(&ret->incident)) {
			step_ask_for_agent(in, ret);
			break;
		}
		/* fallthrough */
	case TASK_TRIGGER_AGENT:
		step_wait_for_follow_up(in, ret, "An operator cancelled this cycle's work.");
		break;
	case TASK_PR_READINESS_CHECK:
		ret->has_incident = true;
		ret->incident.follow_up_ms = 0;
		TEXT_SET(ret->incident.reason, STEP_CHECK_CANCELLED);
		break;
	case TASK_NOTIFY:
	case TASK_TYPE_COUNT: break;
	}
}

void on_task_cancel(const struct step_input *in, struct step_result *ret) {
	if (in->task->status == TASK_SCHEDULED) {
		step_task(ret, TASK_CANCELLED, "An operator cancelled it.");
		go_on_without(in, ret);
	} else if (in->task->status == TASK_EXECUTING && in->task->type == TASK_TRIGGER_AGENT) {
		step_task(ret, TASK_EXECUTING,
			"An operator cancelled it: the agent is being stopped.");
		ret->stop_agent = true;
	} else {
		refuse_task(in, ret, "There is nothing to cancel.");
	}
}

void on_task_retry(const struct step_input *in, struct step_result *ret) {
	if (in->task->status != TASK_FAILED && in->task->status != TASK_CANCELLED) {
		refuse_task(in, ret,
			"Only a failed or cancelled one can be retried; \"task run\" makes a scheduled one due.");
		return;
	}
	if (in->task->incident_id != 0 && !is_current(in)) {
		refuse_task(in, ret,
			"Its incident has moved on since; see \"codegenctl explain\", or use \"incident retry\".");
		return;
	}
	step_task_again(ret, in->now_ms, "An operator retries it.");
	ret->task.attempt = 0;
	if (in->task->type == TASK_TRIGGER_AGENT && is_current(in)) { /* the agent's turn comes again */
		step_state(ret, INCIDENT_OPEN);
		TEXT_SET(ret->incident.reason, "An operator retries the agent.");
	}
}

void on_task_snooze(const struct step_input *in, struct step_result *ret) {
	int64_t due_ms = in->now_ms + in->event->delay_ms;

	if (in->task->status != TASK_SCHEDULED) {
		refuse_task(in, ret, "Only a scheduled one can be put off.");
		return;
	}
	step_task_again(ret, due_ms, "An operator put it off.");
	if (in->task->type == TASK_PR_READINESS_CHECK && is_current(in)) {
		ret->has_incident = true;
		ret->incident.follow_up_ms = due_ms;
	}
}

void on_incident_close(const struct step_input *in, struct step_result *ret) {
	step_end(ret, INCIDENT_ABANDONED,
		"An operator closed it; a new report opens a new incident.");
	if (in->policy->forge_tells) {
		step_add(in, ret, TASK_NOTIFY, in->now_ms, "Tells people that it was closed.");
	}
}

/* The budget is refilled and the next cycle begins. */
void on_incident_retry(const struct step_input *in, struct step_result *ret) {
	ret->incident.refilled_at_cycle = in->incident->cycle;
	ret->incident.agent_at = 0;
	step_cancel(ret, TASK_PR_READINESS_CHECK, "An operator began the next cycle.");
	step_begin_cycle(in, ret);
	step_note(ret, NOTE_CYCLE, "An operator refilled the budget: the next cycle begins.");
}

/* What held the agents up counts no more for this incident. */
void on_incident_release(const struct step_input *in, struct step_result *ret) {
	enum incident_hold held = in->incident->hold;
	char id[ID_TEXT_MAX];

	if (!incident_is_held(in->incident) || held == HOLD_IGNORED) {
		step_refuse(ret, -ESTALE, "%s %s",
			held == HOLD_IGNORED
				? "The label on its pull request holds it up; take that off:"
				: "No agent is held up for it; \"codegenctl explain\" says more of",
			id_format(ID_INCIDENT, in->incident->id, id));
		return;
	}
	ret->has_incident = true;
	ret->incident.hold = HOLD_RELEASED;
	ret->incident.hold_ms = in->now_ms;
	step_note(ret, NOTE_OPERATOR, "An operator released it: agents may be triggered.");
	if (in->incident->state == INCIDENT_ESCALATED || held == HOLD_AGENT_ASKS) {
		on_incident_retry(in, ret);
		return;
	}
	step_state(ret, INCIDENT_OPEN);
	step_ask_for_agent(in, ret);
}

void on_incident_refuse(const struct step_input *in, struct step_result *ret) {
	static const char *const instead[INCIDENT_STATE_COUNT] = {
		[INCIDENT_OPEN] = "It is being repaired already.",
		[INCIDENT_WAITING] = "It waits for its follow-up.",
		[INCIDENT_RESOLVED] = "A new report reopens it.",
		[INCIDENT_ESCALATED] = "It waits for a person.",
		[INCIDENT_ABANDONED] = "A new report opens a new one.",
	};
	char id[ID_TEXT_MAX];

	step_refuse(ret, -ESTALE, "Incident %s is %s. %s",
		id_format(ID_INCIDENT, in->incident->id, id),
		incident_state_names[in->incident->state], instead[in->incident->state]);
}
