#include "daemon/ipc/explain_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "common/clock.h"
#include "common/error_type.h"
#include "common/id.h"

#define EXPLAIN_REASONS_MAX 4 /* of a verdict, told one by one */
#define EXPLAIN_NEXT_MAX 4    /* tasks that are scheduled */

/* What an operator can do, by state and by status. */
static const char *const incident_advice[INCIDENT_STATE_COUNT] = {
	[INCIDENT_OPEN] = "To give it up, close it with `codegenctl incident close`.",
	[INCIDENT_WAITING] =
		"A passed build on its branch is checked at once; `codegenctl task run` checks now, and "
		"`codegenctl incident close` gives it up.",
	[INCIDENT_RESOLVED] =
		"Nothing is left to do; the same failure within 24 hours opens it again.",
	[INCIDENT_ESCALATED] =
		"A person has to look: after a fix, a passed build resolves it; `codegenctl incident "
		"retry` gives the agent a new budget, `codegenctl incident close` gives it up.",
	[INCIDENT_ABANDONED] = "Nothing is left to do; the same failure opens a new incident.",
};

static const char *const task_advice[TASK_STATUS_COUNT] = {
	[TASK_SCHEDULED] =
		"`codegenctl task run` executes it now, `task snooze` puts it off, `task cancel` removes it.",
	[TASK_EXECUTING] =
		"It cannot be changed while it runs; `codegenctl watch` shows when it ends.",
	[TASK_COMPLETED] = "Nothing is left to do.",
	[TASK_FAILED] = "`codegenctl task retry` schedules it again.",
	[TASK_CANCELLED] = "`codegenctl task retry` schedules it again.",
};

static const char *const task_purposes[TASK_TYPE_COUNT] = {
	[TASK_PUBLISH_REPORT] = "publishes the report of a failure",
	[TASK_TRIGGER_AGENT] = "starts the coding agent",
	[TASK_PR_READINESS_CHECK] = "checks whether the work is ready",
	[TASK_NOTIFY] = "tells somebody",
};

/* "2026-11-22T17:00:00.000Z (in 20 min)". */
static int add_time(struct buffer *out, int64_t ms, int64_t now_ms) {
	char text[CLOCK_TEXT_MAX];
	char span[CLOCK_SPAN_MAX];

	return buffer_appendf(
		out, "%s (%s)", clock_format(ms, text), clock_format_relative(ms, now_ms, span));
}

/* A sentence of somebody else's, with a full stop behind it. */
static int add_sentence(struct buffer *out, const char *sentence) {
	size_t len = strlen(sentence);

	if (len == 0) {
		return 0;
	}
	return buffer_appendf(
		out, " %s%s", sentence, strchr(".!?", sentence[len - 1]) != NULL ? "" : ".");
}

static int add_what(struct buffer *out, const struct explain_facts *facts) {
	const struct incident *incident = facts->incident;
	char id[ID_TEXT_MAX];
	int r = buffer_appendf(out, "Incident %s, of kind %s, is on branch \"%s\" of project \"%s\"",
		id_format(ID_INCIDENT, incident->id, id), error_type_name(incident->error_type),
		incident->branch, incident->project);

	if (r == 0 && incident->pull_request > 0) {
		r = buffer_appendf(out, " (pull request %" PRId64 ")", incident->pull_request);
	}
	if (r == 0) {
		r = buffer_appendf(out, ", reported %" PRId64 " time%s since ", incident->n_reports,
			incident->n_reports == 1 ? "" : "s");
	}
	if (r == 0) {
		r = add_time(out, incident->opened_ms, facts->now_ms);
	}
	return r == 0 ? buffer_append_str(out, ".") : r;
}

static int add_others(struct buffer *out, const struct explain_facts *facts) {
	char id[ID_TEXT_MAX];
	int r = 0;

	for (size_t i = 0; i < facts->n_others && r == 0; i++) {
		r = buffer_appendf(out, "%s%s", i == 0 ? " The same branch has " : ", ",
			id_format(ID_INCIDENT, facts->others[i], id));
	}
	return r < 0 || facts->n_others == 0 ? r : buffer_append_str(out, " as well.");
}

static bool is_paused(const struct explain_facts *facts, const struct task *task) {
	return facts->paused && task->status == TASK_SCHEDULED;
}

/* Whether something keeps the task from being done, and was not told yet. */
static bool find_obstacle(const struct explain_facts *facts, const struct task *task,
	char ret_why[LIMIT_SENTENCE_MAX]) {
	ret_why[0] = '\0';
	if (task->id != facts->told_task) {
		facts->find_obstacle(facts->user, task, ret_why);
	}
	return ret_why[0] != '\0';
}

/* Right behind what is of an earlier time, when it keeps one of the tasks from being done now. */
static int add_still(struct buffer *out, const struct explain_facts *facts,
	const struct task *tasks, size_t n_tasks, const char *said) {
	char why[LIMIT_SENTENCE_MAX];

	for (size_t i = 0; i < n_tasks; i++) {
		if (find_obstacle(facts, &tasks[i], why) && strstr(said, why) != NULL) {
			return buffer_append_str(out, " That still holds.");
		}
	}
	return 0;
}

static int add_state(struct buffer *out, const struct explain_facts *facts) {
	const struct incident *incident = facts->incident;
	int r = buffer_appendf(out, " It is %s, in cycle %" PRId64 " of %" PRId64 ".",
		incident_state_names[incident->state], incident->cycle, facts->max_cycle);

	if (r == 0) {
		r = add_sentence(out, incident->reason);
	}
	return r == 0 ? add_still(out, facts, facts->tasks, facts->n_tasks, incident->reason) : r;
}

/* Without its full stop, since more comes behind it. */
static int add_clause(struct buffer *out, const char *before, const char *sentence) {
	size_t len = strlen(sentence);

	len -= len > 0 && sentence[len - 1] == '.';
	return buffer_appendf(out, "%s %.*s", before, (int)len, sentence);
}

static int add_reasons(struct buffer *out, const struct verdict *verdict) {
	int r = 0;

	for (size_t i = 0; i < verdict->n_reasons && i < EXPLAIN_REASONS_MAX && r == 0; i++) {
		const struct reason *reason = &verdict->reasons[i];

		r = add_clause(out, i == 0 ? ":" : ";",
			reason->message[0] != '\0' ? reason->message
						   : reason_code_name(reason->code));
	}
	if (r == 0 && verdict->n_reasons > EXPLAIN_REASONS_MAX) {
		r = buffer_appendf(out, "; and %zu more", verdict->n_reasons - EXPLAIN_REASONS_MAX);
	}
	return r;
}

static int add_verdict(struct buffer *out, const struct verdict *verdict, int64_t now_ms) {
	int r;

	if (verdict->checked_at_ms == 0) {
		return buffer_append_str(out, " It was not checked yet.");
	}
	r = buffer_append_str(out, " The last check, at ");
	if (r == 0) {
		r = add_time(out, verdict->checked_at_ms, now_ms);
	}
	if (r == 0) {
		r = buffer_appendf(out, ", said %s", verdict_outcome_names[verdict->outcome]);
	}
	if (r == 0) {
		r = add_reasons(out, verdict);
	}
	return r == 0 ? buffer_append_str(out, ".") : r;
}

/* The newest task of that kind; NULL: there is none. */
static const struct task *find_task(
	const struct explain_facts *facts, enum task_type type, bool scheduled) {
	for (size_t i = facts->n_tasks; i > 0; i--) {
		const struct task *task = &facts->tasks[i - 1];

		if (task->type == type && (task->status == TASK_SCHEDULED) == scheduled) {
			return task;
		}
	}
	return NULL;
}

static int add_agent(struct buffer *out, const struct explain_facts *facts) {
	const struct task *task = find_task(facts, TASK_TRIGGER_AGENT, false);
	char id[ID_TEXT_MAX];
	int r;

	if (task == NULL) {
		return buffer_append_str(out, " No agent was started so far.");
	}
	r = buffer_appendf(out, " The agent's last task, %s in cycle %" PRId64 ", is %s.",
		id_format(ID_TASK, task->id, id), task->cycle, task_status_names[task->status]);
	return r == 0 && strstr(facts->incident->reason, task->reason) == NULL
		? add_sentence(out, task->reason)
		: r;
}

/* What keeps the task from being done, unless `said`, which is of an earlier time, says the same. */
static int add_obstacle(struct buffer *out, const struct explain_facts *facts,
	const struct task *task, const char *said) {
	char why[LIMIT_SENTENCE_MAX];
	int r = 0;

	if (task->id != facts->told_task && is_paused(facts, task)) {
		r = buffer_append_str(out, " It is paused: not before `codegenctl resume`.");
	}
	return r == 0 && find_obstacle(facts, task, why) && strstr(said, why) == NULL
		? add_sentence(out, why)
		: r;
}

/* "is due at T (in 5 min)": what is late was due, though it may be about to be done. */
static int add_due(struct buffer *out, const struct task *task, int64_t now_ms) {
	bool late = task->due_ms <= now_ms;
	char text[CLOCK_TEXT_MAX];
	int r = buffer_append_str(out, late ? "has been due since " : "is due at ");

	if (r == 0 && late && now_ms - task->due_ms < CLOCK_SECOND_MS) {
		r = buffer_append_str(out, clock_format(task->due_ms, text));
	} else if (r == 0) {
		r = add_time(out, task->due_ms, now_ms);
	}
	return r == 0 ? buffer_append_str(out, ".") : r;
}

/* The scheduled one that is due next after `after` (NULL: first of all); NULL: there is none. */
static const struct task *next_task(const struct explain_facts *facts, const struct task *after) {
	const struct task *next = NULL;

	for (size_t i = 0; i < facts->n_tasks; i++) {
		const struct task *task = &facts->tasks[i];
		bool is_later = after == NULL || task->due_ms > after->due_ms ||
			(task->due_ms == after->due_ms && task > after);

		if (task->status == TASK_SCHEDULED && is_later &&
			(next == NULL || task->due_ms < next->due_ms)) {
			next = task;
		}
	}
	return next;
}

static int add_now(struct buffer *out, const struct explain_facts *facts) {
	int r = 0;

	for (size_t i = 0; i < facts->n_tasks && r == 0; i++) {
		const struct task *task = &facts->tasks[i];
		char id[ID_TEXT_MAX];

		if (task->status != TASK_EXECUTING) {
			continue;
		}
		r = buffer_appendf(out, " Now, task %s %s.", id_format(ID_TASK, task->id, id),
			task_purposes[task->type]);
		if (r == 0) {
			r = add_obstacle(out, facts, task, facts->incident->reason);
		}
	}
	return r;
}

static int add_next(struct buffer *out, const struct explain_facts *facts) {
	const struct task *next = next_task(facts, NULL);
	char id[ID_TEXT_MAX];
	int r = 0;

	if (next == NULL) {
		return incident_is_active(facts->incident->state)
			? buffer_append_str(out, " Nothing is scheduled.")
			: 0;
	}
	for (int n = 0; next != NULL && n < EXPLAIN_NEXT_MAX && r == 0; n++) {
		r = buffer_appendf(out, " %s, task %s %s; it ", n == 0 ? "Next" : "Then",
			id_format(ID_TASK, next->id, id), task_purposes[next->type]);
		if (r == 0) {
			r = add_due(out, next, facts->now_ms);
		}
		if (r == 0 && (n == 0 || next->due_ms <= facts->now_ms)) {
			r = add_obstacle(out, facts, next, facts->incident->reason);
		}
		next = next_task(facts, next);
	}
	return r;
}

int explain_incident(struct buffer *out, const struct explain_facts *facts) {
	int r = add_what(out, facts);

	if (r == 0) {
		r = add_others(out, facts);
	}
	if (r == 0) {
		r = add_state(out, facts);
	}
	if (r == 0) {
		r = add_verdict(out, &facts->incident->verdict, facts->now_ms);
	}
	if (r == 0) {
		r = add_agent(out, facts);
	}
	if (r == 0) {
		r = add_now(out, facts);
	}
	if (r == 0) {
		r = add_next(out, facts);
	}
	return r == 0 ? add_sentence(out, incident_advice[facts->incident->state]) : r;
}

static int add_task_time(
	struct buffer *out, const struct task *task, const struct explain_facts *facts) {
	int r = 0;

	if (task->status == TASK_SCHEDULED) {
		r = buffer_append_str(out, " It ");
		r = r == 0 ? add_due(out, task, facts->now_ms) : r;
	} else if (task->finished_ms != 0) {
		r = buffer_append_str(out, " It ended at ");
		r = r == 0 ? add_time(out, task->finished_ms, facts->now_ms) : r;
		r = r == 0 ? buffer_append_str(out, ".") : r;
	}
	return r == 0 ? add_obstacle(out, facts, task, task->reason) : r;
}

/* A check keeps its verdict as the result. */
static int add_task_result(struct buffer *out, const struct task *task) {
	const char *outcome = json_string_value(json_object_get(task->result, "outcome"));

	return outcome != NULL ? buffer_appendf(out, " What came of it: %s.", outcome) : 0;
}

int explain_task(struct buffer *out, const struct task *task, const struct explain_facts *facts) {
	char id[ID_TEXT_MAX];
	int r = buffer_appendf(out, "Task %s %s, for branch \"%s\" of project \"%s\".",
		id_format(ID_TASK, task->id, id), task_purposes[task->type], task->branch,
		task->project);

	if (r == 0) {
		r = buffer_appendf(out, " It is %s, after %" PRId64 " attempt%s.",
			task_status_names[task->status], task->attempt,
			task->attempt == 1 ? "" : "s");
	}
	if (r == 0) {
		r = add_sentence(out, task->reason);
	}
	if (r == 0) {
		r = add_still(out, facts, task, 1, task->reason);
	}
	if (r == 0) {
		r = add_task_result(out, task);
	}
	if (r == 0) {
		r = add_task_time(out, task, facts);
	}
	return r == 0 ? add_sentence(out, task_advice[task->status]) : r;
}

int64_t explain_next_check_ms(const struct task *tasks, size_t n_tasks) {
	const struct explain_facts facts = { .tasks = tasks, .n_tasks = n_tasks };
	const struct task *task = find_task(&facts, TASK_PR_READINESS_CHECK, true);

	return task != NULL ? task->due_ms : 0;
}
