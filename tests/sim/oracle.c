/* What must hold, whatever happens. */
#include <inttypes.h>
#include <string.h>

#include "common/text.h"
#include "daemon/engine/lifecycle_internal.h"
#include "tests/sim/sim.h"

/* When each task last triggered its agent, for the budget of the hour: a start that failed is made again. */
static struct {
	int64_t task_id;
	int64_t at_ms;
	bool is_web;
} triggers[SIM_RUNS_MAX];
static size_t n_triggers;

void sim_oracle_begin(void) {
	n_triggers = 0;
}

static void state_moves(const struct step_input *in, const struct step_result *ret) {
	enum incident_state to = ret->incident.state;

	if (!ret->has_incident || in->incident == NULL || in->incident->id != ret->incident.id) {
		return;
	}
	if (!incident_may_move(in->incident->state, to)) {
		sim_broken("an incident moved from %s to %s",
			incident_state_names[in->incident->state], incident_state_names[to]);
	}
	if (to != in->incident->state) {
		sim.n_resolved += to == INCIDENT_RESOLVED;
		sim.n_escalated += to == INCIDENT_ESCALATED;
		sim.n_abandoned += to == INCIDENT_ABANDONED;
		sim_say("incident of %s: %s to %s: %s", in->incident->branch,
			incident_state_names[in->incident->state], incident_state_names[to],
			ret->incident.reason);
	}
}

static void task_moves(const struct step_input *in, const struct step_result *ret) {
	if (ret->has_task && in->task != NULL && !task_may_move(in->task->status, ret->task.status)) {
		sim_broken("a task moved from %s to %s", task_status_names[in->task->status],
			task_status_names[ret->task.status]);
	}
}

/* No cycle beyond the budget, but when people ask for it. */
static void cycles_are_few(const struct step_input *in, const struct step_result *ret) {
	if (ret->has_incident && in->incident != NULL && in->incident->id == ret->incident.id &&
		ret->incident.cycle > in->incident->cycle &&
		ret->incident.cycle > incident_max_cycle(&ret->incident, in->policy)) {
		sim_broken("cycle %" PRId64 " is beyond the budget", ret->incident.cycle);
	}
}

static size_t note_trigger(int64_t task_id, bool is_web, int64_t now_ms) {
	size_t n_hour = 0, at = n_triggers;

	for (size_t i = 0; i < n_triggers; i++) {
		at = triggers[i].task_id == task_id ? i : at;
	}
	if (at < SIM_RUNS_MAX) {
		triggers[at].task_id = task_id;
		triggers[at].is_web = is_web;
		triggers[at].at_ms = now_ms;
		n_triggers = MAX(n_triggers, at + 1);
	}
	for (size_t i = 0; i < n_triggers; i++) {
		n_hour += triggers[i].is_web == is_web && triggers[i].at_ms > now_ms - CLOCK_HOUR_MS;
	}
	return n_hour;
}

static void triggers_are_few(const struct step_input *in, const struct step_result *ret) {
	size_t n_hour;

	if (ret->has_task && in->task != NULL && in->task->started_ms != 0 &&
		ret->task.started_ms == 0) {
		(void)note_trigger(in->task->id, false, INT64_MIN / 2); /* certainly nothing began */
	}
	if (in->event->type != EVENT_TRIGGER_ASKED || !ret->has_task ||
		ret->task.status != TASK_EXECUTING || in->task->started_ms != 0) {
		return;
	}
	n_hour = note_trigger(
		in->task->id, strcmp(in->incident->project, "acme/web") == 0, in->now_ms);
	if (n_hour > (size_t)in->policy->max_triggers_per_hour && !sim.jumped) {
		sim_broken("%zu agents were triggered within an hour, %" PRId64 " may be", n_hour,
			in->policy->max_triggers_per_hour);
	}
}

/* A job whose newest word was red, and acknowledged, keeps its incident from being called ready. */
static void ready_is_true(const struct step_input *in, const struct step_result *ret) {
	const struct sim_branch *branch;

	if (in->event->type != EVENT_VERDICT || !ret->has_incident || in->incident == NULL ||
		in->incident->state == INCIDENT_RESOLVED || ret->incident.state != INCIDENT_RESOLVED ||
		in->event->verdict->outcome != VERDICT_READY) {
		return;
	}
	branch = sim_find_branch(in->incident->project, in->incident->branch);
	for (size_t i = 0; i < SIM_JOBS; i++) {
		const struct sim_job *job = &branch->jobs[i];

		if (sim_job_type(i) == in->incident->error_type && job->told && job->told_red) {
			sim_broken("%s of %s was called ready, and its job is red on %" PRId64,
				branch->name, branch->project, job->told_head);
		}
	}
}

void sim_oracle_decided(const struct step_input *in, const struct step_result *ret) {
	if (ret->status != 0) {
		return;
	}
	if (ret->has_task && in->task != NULL && sim.trace) {
		sim_say("task %" PRId64 " in %s: %s, %s to %s: %s", in->task->id, ret->task.lane,
			event_type_name(in->event->type), task_status_names[in->task->status],
			task_status_names[ret->task.status], ret->task.reason);
	}
	state_moves(in, ret);
	task_moves(in, ret);
	cycles_are_few(in, ret);
	triggers_are_few(in, ret);
	ready_is_true(in, ret);
}

/* Questions to the rows, each with the answer 0. */
struct question {
	const char *sql;
	const char *means;
	bool of_age; /* not when the clock was set: what is kept for some time may be too old at once */
};

static const struct question always[] = {
	{ .sql = "SELECT count(*) FROM incidents i WHERE state IN ('open', 'waiting') AND follow_up_ms <> 0"
		 " AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.incident_id = i.id AND t.type = 'pr_readiness_check'"
		 " AND t.status IN ('scheduled', 'executing'))",
		.means = "incidents under repair have no check" },
	{ .sql = "SELECT count(*) FROM (SELECT 1 FROM tasks WHERE incident_id <> 0 AND type <> 'notify'"
		 " AND status IN ('scheduled', 'executing') GROUP BY incident_id, type HAVING count(*) > 1)",
		.means = "incidents have two live tasks of a type" },
	{ .sql = "SELECT count(*) FROM (SELECT 1 FROM incidents WHERE state IN ('open', 'waiting', 'escalated')"
		 " GROUP BY project, head_repository, branch, error_type HAVING count(*) > 1)",
		.means = "keys have two live incidents" },
	{ .sql = "SELECT count(*) FROM reports r WHERE incident_id <> 0 AND NOT EXISTS"
		 " (SELECT 1 FROM incidents i WHERE i.id = r.incident_id)",
		.means = "reports have lost their incident" },
	{ .sql = "SELECT count(*) FROM incidents i WHERE n_reports > (SELECT count(*) FROM reports r"
		 " WHERE r.incident_id = i.id)",
		.means = "incidents have lost a report",
		.of_age = true },
	{ .sql = "SELECT sum(n) <> (SELECT count(*) FROM tasks) FROM counters WHERE kind = 'tasks'",
		.means = "tasks are miscounted" },
	{ .sql = "SELECT sum(n) <> (SELECT count(*) FROM incidents) FROM counters WHERE kind = 'incidents'",
		.means = "incidents are miscounted" },
};

static const struct question in_the_end[] = {
	{ .sql = "SELECT count(*) FROM tasks WHERE status IN ('scheduled', 'executing')",
		.means = "tasks are left over" },
	{ .sql = "SELECT count(*) FROM incidents WHERE state IN ('open', 'waiting') AND follow_up_ms <> 0",
		.means = "incidents did not end" },
};

static void ask_all(const struct question *questions, size_t n) {
	for (size_t i = 0; i < n; i++) {
		int64_t found = sim_store_ask(questions[i].sql, 0);

		if (found != 0 && !(questions[i].of_age && sim.jumped)) {
			sim_broken("%" PRId64 " %s", found, questions[i].means);
		}
	}
}

/* In a calm world nothing that is due waits for long, unless it waits for the daemon. */
static void nothing_is_late(void) {
	static const char sql[] =
		"SELECT count(*) FROM tasks WHERE status = 'scheduled' AND due_ms < ?1";
	int64_t before_ms = sim_wall_ms() - SIM_LATE_MS;

	if (sim.calm && sim_daemon_is_up() && sim.mono_ms - sim.calm_ms > 2 * SIM_LATE_MS &&
		sim_store_ask(sql, before_ms) != 0) {
		sim_broken("%" PRId64 " tasks are due for hours", sim_store_ask(sql, before_ms));
	}
}

void sim_oracle_rows(void) {
	ask_all(always, ARRAY_SIZE(always));
	nothing_is_late();
}

/* Reports are kept for 90 days, which no world lasts. */
void sim_oracle_end(void) {
	int64_t kept = sim_store_ask("SELECT count(*) FROM reports", 0);

	sim_oracle_rows();
	ask_all(in_the_end, ARRAY_SIZE(in_the_end));
	if (sim.n_pending != 0) {
		sim_broken("%" PRId64 " submissions have no answer", sim.n_pending);
	}
	if (kept != sim.n_reports && !sim.jumped) {
		sim_broken("%" PRId64 " reports are kept of %" PRId64, kept, sim.n_reports);
	}
}
