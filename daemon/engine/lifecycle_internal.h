/*
 * lifecycle_internal - the handlers of the lifecycle's table and the words they are written in.
 *
 * A handler finds the old state in `in` and a copy of it in `ret`; it changes the copy and says so with the step_*
 * functions. All pure.
 */
#pragma once

#include <stdarg.h>
#include <stdio.h>

#include "common/macro.h"
#include "daemon/model/step.h"

/* The words. `reason` and `message` are one sentence each. */

/* The follow-up of an incident whose follow_up_ms is 0. */
#define STEP_CHECK_CANCELLED                                                                       \
	"An operator cancelled the follow-up: a new report, a passed build, \"task retry\" or "    \
	"\"incident retry\" goes on."

/* The time that ages are counted to. */
static inline int64_t step_aged_ms(const struct step_input *in) {
	return in->now_ms - MAX(in->ahead_ms, 0);
}

void step_note(struct step_result *ret, enum note_kind kind, const char *message);
/* `agent_at`: of a trigger, whose turn it is. */
void step_lane(const struct policy *policy, enum task_type type, int64_t agent_at,
	char lane[LIMIT_LANE_MAX]);
void step_add(const struct step_input *in, struct step_result *ret, enum task_type type,
	int64_t due_ms, const char *reason);
void step_move(struct step_result *ret, enum task_type type, int64_t due_ms, const char *reason);
void step_cancel(struct step_result *ret, enum task_type type, const char *reason);
/* Only what is due at that time. */
void step_cancel_at(struct step_result *ret, enum task_type type, int64_t due_ms, const char *reason);
/* The step's own task gets that status; step_task_again(): SCHEDULED for later. */
void step_task(struct step_result *ret, enum task_status status, const char *reason);
void step_task_again(struct step_result *ret, int64_t due_ms, const char *reason);
void step_state(struct step_result *ret, enum incident_state state);
void step_refuse(struct step_result *ret, int status, const char *fmt, ...) printf_like(3, 4);
void step_begin_cycle(const struct step_input *in, struct step_result *ret);
void step_wait_for_follow_up(
	const struct step_input *in, struct step_result *ret, const char *because);
void step_end(struct step_result *ret, enum incident_state state, const char *reason);
/* What people read of it is brought up to date, where the forge keeps such a text. */
void step_tell(const struct step_input *in, struct step_result *ret);

/* lifecycle_agent.c: whose turn it is. */
/* Why nobody is triggered for one that is held. Returns `out`. */
const char *hold_sentence(const struct incident *incident, char out[LIMIT_SENTENCE_MAX]);
void step_hold(const struct step_input *in, struct step_result *ret, enum incident_hold hold);
void step_hold_unknown(const struct step_input *in, struct step_result *ret);
void step_ask_for_agent(const struct step_input *in, struct step_result *ret);
void step_next_agent(const struct step_input *in, struct step_result *ret, const char *because);
void step_await_life(const struct step_input *in, struct step_result *ret);
bool step_miss_life(const struct step_input *in, struct step_result *ret);

/* lifecycle_ci.c: what CI says. */
void on_report_open(const struct step_input *in, struct step_result *ret);
void on_report_join(const struct step_input *in, struct step_result *ret);
void on_report_reopen(const struct step_input *in, struct step_result *ret);
void on_build_passed(const struct step_input *in, struct step_result *ret);

/* lifecycle_task.c: what came of a task. */
void on_published(const struct step_input *in, struct step_result *ret);
void on_published_late(const struct step_input *in, struct step_result *ret);
void on_trigger_asked(const struct step_input *in, struct step_result *ret);
void on_trigger_unwanted(const struct step_input *in, struct step_result *ret);
void on_triggered(const struct step_input *in, struct step_result *ret);
void on_triggered_late(const struct step_input *in, struct step_result *ret);
void on_task_done(const struct step_input *in, struct step_result *ret);
void on_observed(const struct step_input *in, struct step_result *ret);
void on_task_moved(const struct step_input *in, struct step_result *ret);
void on_attempt_failed(const struct step_input *in, struct step_result *ret);
void on_recovered(const struct step_input *in, struct step_result *ret);

/* lifecycle_verdict.c: what a check found. */
void on_verdict_active(const struct step_input *in, struct step_result *ret);
void on_verdict_escalated(const struct step_input *in, struct step_result *ret);
void on_verdict_over(const struct step_input *in, struct step_result *ret);
void on_verdict_by_hand(const struct step_input *in, struct step_result *ret);

/* lifecycle_operator.c: what people ask for. */
void on_task_run(const struct step_input *in, struct step_result *ret);
void on_task_cancel(const struct step_input *in, struct step_result *ret);
void on_task_retry(const struct step_input *in, struct step_result *ret);
void on_task_snooze(const struct step_input *in, struct step_result *ret);
void on_incident_close(const struct step_input *in, struct step_result *ret);
void on_incident_retry(const struct step_input *in, struct step_result *ret);
void on_incident_release(const struct step_input *in, struct step_result *ret);
void on_incident_refuse(const struct step_input *in, struct step_result *ret);
