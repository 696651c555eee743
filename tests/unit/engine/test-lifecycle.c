/*
 * Every row of the lifecycle's table: each event in each state, and the branches inside. A row says what comes out in
 * one line: the incident's state and cycle, the task's status and due time, the changes, and what else follows.
 * Times are seconds from "now"; "-" is untouched.
 */
#include "daemon/engine/lifecycle.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"

#define NOW INT64_C(1700000000000)
#define HOUR (3600 * INT64_C(1000))
enum { NONE = -1 };

/* What a row changes in the world that is the same for all others. */
enum twist {
	PLAIN,
	OBSERVE,	/* mode = observe */
	NO_AGENT,	/* the project has none */
	LAST_CYCLE,	/* the budget of cycles is spent */
	LONG_AGO,	/* resolved two days ago */
	EARLY,		/* the follow-up is half an hour away */
	STALE_CYCLE,	/* the task is of an earlier cycle */
	STALE_REVISION, /* the verdict judged an older revision */
	BRANCH_BUSY,
	NO_BUDGET, /* for ten more minutes */
	OTHER_LANE,
	LAST_ATTEMPT,
	AGAIN_CRASHED,	  /* the second time in a row that the daemon ended while it executed */
	LAST_CRASH,	  /* the same, the last time that is borne */
	LAST_CRASH_FOUND, /* FINDABLE, and LAST_CRASH */
	NOT_RETRYABLE,
	NOT_STARTED,  /* the trigger's start was not recorded */
	BY_HAND,      /* the task belongs to no incident */
	TASK_OVER,    /* the task is completed */
	TASK_GAVE_UP, /* the task failed */
	TASK_RUNS,    /* the task executes */
	STALE_LAST,   /* STALE_CYCLE and LAST_ATTEMPT */
	STOPPED,      /* the agent was stopped because it was no longer wanted */
	NO_CHECK,     /* an operator cancelled the follow-up */
	LONG_WAIT,    /* the reason was first seen two days ago */
	LEAP,	      /* the same, and by two days less an hour the clock was set ahead */
	STARTED,      /* the trigger was admitted before the daemon ended */
	FORK,	     /* the forge says that the pull request is of a fork; or it is held for that */
	FORK_HEAD,   /* the head repository is another one than the project */
	TRUSTING,    /* FORK, and the project triggers for such pull requests too */
	IGNORED,     /* a label keeps codegend away */
	ASKS,	     /* the agent waits for a person */
	RELEASED,    /* FORK, and an operator released it */
	CHAIN,	     /* of two agents the first one's turn */
	CHAIN_END,   /* of two agents the second one's turn */
	HANDED_OVER, /* to an agent that has to show a sign of life */
	LIFELESS,    /* no run began and none will */
	CHAIN_LIFELESS,
	FINDABLE,      /* what the agent began is found again */
	PASSING,       /* nothing is wrong with the attempt */
	PASSING_LAST,  /* the same, at the last attempt */
	LIFE_MISSED,   /* of two agents the first showed no sign of life */
	LIFE_SHOWN,    /* somebody pushed since */
	LIFE_UNKNOWN,  /* the head could not be read */
	LIFE_LATER,    /* there is time left */
	LIFE_LEAP,     /* the same, but for a clock that was set ahead */
	TELLS,	       /* the forge keeps a status comment */
	LATE_EFFECT,   /* what was posted may appear twice */
	BEGUN,	       /* an agent was asked without an answer */
	BEGUN_LAST,    /* the same of the first of two, at the last attempt */
	OVERDUE,       /* of two agents the first was followed for its whole time */
	IGNORED_LONG,  /* IGNORED for two days */
	LINK_SETTLED,  /* LIFE_MISSED, and a branch that was a guess is the agent's */
	LINK_OF_FORK,  /* the same, and it is not */
	OTHER_STARTED, /* OTHER_LANE, and STARTED */
	BARRED,	       /* only a person can end it, and it would be the last attempt */
	BARRED_LONG,   /* the same for two days */
	BARRED_OLD,    /* for two days, but it has attempts left */
	BARRED_LEAP,   /* as BARRED_LONG, but for a clock that was set ahead */
};

struct row {
	enum event_type event;
	int state; /* of the incident; NONE: there is none */
	int task;
	enum verdict_outcome outcome;
	int reason; /* a code, or NONE */
	enum twist twist;
	const char *expected;
};

static bool is_chain(enum twist twist) {
	return twist == BEGUN_LAST || twist == CHAIN || twist == CHAIN_END ||
		twist == CHAIN_LIFELESS || twist == LIFE_MISSED || twist == OVERDUE ||
		twist == LINK_SETTLED || twist == LINK_OF_FORK;
}

static bool awaits_life(enum twist twist) {
	return (twist >= LIFE_MISSED && twist <= LIFE_LEAP) || twist == LINK_SETTLED ||
		twist == LINK_OF_FORK;
}

static bool is_of_fork(enum twist twist) {
	return twist == FORK || twist == TRUSTING || twist == RELEASED;
}

static enum incident_hold a_hold(enum twist twist) {
	return is_of_fork(twist)			    ? HOLD_FORK
		: twist == IGNORED || twist == IGNORED_LONG ? HOLD_IGNORED
		: twist == ASKS				    ? HOLD_AGENT_ASKS
							    : HOLD_NONE;
}

static enum agent_trace a_trace(enum twist twist) {
	return twist == HANDED_OVER			       ? AGENT_HANDED_OVER
		: twist == LIFELESS || twist == CHAIN_LIFELESS ? AGENT_LIFELESS
		: twist == OVERDUE			       ? AGENT_OVERDUE
							       : AGENT_DID;
}

static struct policy a_policy(enum twist twist) {
	struct policy policy = { .follow_up_delay_ms = HOUR,
		.wait_recheck_ms = 600000,
		.max_waiting_ms = 24 * HOUR,
		.max_cycles = 3,
		.max_triggers_per_hour = 20,
		.mode = twist == OBSERVE ? POLICY_OBSERVE : POLICY_ACT };

	TEXT_SET(policy.forge, "local");
	policy.n_agents = twist == NO_AGENT ? 0 : is_chain(twist) ? 2 : 1;
	policy.trigger_untrusted = twist == TRUSTING;
	policy.forge_tells = twist == TELLS;
	TEXT_SET(policy.agents[0].name, "fixer");
	TEXT_SET(policy.agents[1].name, "second");
	policy.agents[0].findable = twist == FINDABLE || twist == LAST_CRASH_FOUND;
	policy.agents[0].life_ms = twist == TELLS ? 0 : HOUR / 4;
	return policy;
}

static struct incident an_incident(const struct row *row) {
	struct incident incident = { .id = 7,
		.state = (enum incident_state)row->state,
		.error_type = ERROR_TEST,
		.cycle = row->twist == LAST_CYCLE ? 3 : 1,
		.revision = 5,
		.opened_ms = NOW - 2 * HOUR,
		.follow_up_ms = row->twist == EARLY ? NOW + HOUR / 2
			: row->twist == NO_CHECK    ? 0
						    : NOW,
		.n_reports = 1,
		.report_id = 11,
		.agent_at = row->twist == CHAIN_END,
		.hold_ms = row->twist == IGNORED_LONG ? NOW - 48 * HOUR : NOW - HOUR };

	TEXT_SET(incident.project, "acme/web");
	TEXT_SET(incident.branch, "main");
	TEXT_SET(incident.head_repository, row->twist == FORK_HEAD ? "mona/web" : "");
	incident.hold = row->twist == RELEASED ? HOLD_RELEASED
		: row->event == EVENT_PUBLISHED || row->event == EVENT_TRIGGERED
		? HOLD_NONE
		: a_hold(row->twist);
	if (awaits_life(row->twist)) {
		incident.life_due_ms = row->twist == LIFE_LATER ? NOW + HOUR / 4
			: row->twist == LIFE_LEAP		? NOW - 46 * HOUR
								: NOW;
		TEXT_SET(incident.triggered_sha, "aaaaaaaa1");
	}
	if (row->state == INCIDENT_RESOLVED) {
		incident.resolved_ms = row->twist == LONG_AGO ? NOW - 48 * HOUR : NOW - HOUR;
	}
	if ((row->twist == LONG_WAIT || row->twist == LEAP) && row->reason != NONE) {
		incident.verdict.checked_at_ms = NOW - HOUR;
		verdict_add(&incident.verdict, (enum reason_code)row->reason, "x", "It is so.");
		incident.verdict.reasons[0].since_ms = NOW - 48 * HOUR;
	}
	return incident;
}

static bool is_of_operator(enum event_type type) {
	return type >= EVENT_TASK_RUN && type <= EVENT_TASK_SNOOZE;
}

static bool is_barred(enum twist twist) {
	return twist >= BARRED && twist <= BARRED_LEAP;
}

static bool is_last(enum twist twist) {
	return twist == LAST_ATTEMPT || twist == STALE_LAST || twist == PASSING_LAST ||
		twist == BEGUN_LAST || (is_barred(twist) && twist != BARRED_OLD);
}

static int64_t n_crashes(enum twist twist) {
	return twist == AGAIN_CRASHED				   ? 1
		: twist == LAST_CRASH || twist == LAST_CRASH_FOUND ? LIMIT_TASK_INTERRUPTIONS - 1
								   : 0;
}

static struct task a_task(const struct row *row) {
	static const char *const lanes[TASK_TYPE_COUNT] = { "post/local", "agent/fixer",
		"forge/local", "post/local" };
	struct task task = { .id = 9,
		.type = (enum task_type)row->task,
		.status = is_of_operator(row->event) ? TASK_SCHEDULED : TASK_EXECUTING,
		.incident_id = row->twist == BY_HAND || row->state == NONE ? 0 : 7,
		.cycle = row->twist == LAST_CYCLE				? 3
			: row->twist == STALE_CYCLE || row->twist == STALE_LAST ? 0
										: 1,
		.created_ms = is_barred(row->twist) && row->twist != BARRED ? NOW - 48 * HOUR : NOW,
		.due_ms = NOW,
		.started_ms = row->twist == NOT_STARTED ||
				(row->event == EVENT_TRIGGER_ASKED && row->twist != STARTED &&
					row->twist != OTHER_STARTED)
			? 0
			: NOW - 5000,
		.attempt = is_last(row->twist) ? LIMIT_TASK_ATTEMPTS : 2,
		.interrupted = n_crashes(row->twist) };

	task.status = row->twist == TASK_OVER ? TASK_COMPLETED
		: row->twist == TASK_GAVE_UP  ? TASK_FAILED
		: row->twist == TASK_RUNS     ? TASK_EXECUTING
					      : task.status;
	TEXT_SET(task.lane,
		row->twist == OTHER_LANE || row->twist == OTHER_STARTED ? "agent/former"
			: row->twist == CHAIN_END && row->task == TASK_TRIGGER_AGENT
			? "agent/second"
			: lanes[row->task]);
	return task;
}

static const char *short_type(enum task_type type) {
	static const char *const names[TASK_TYPE_COUNT] = { "publish", "trigger", "check", "notify" };

	return names[type];
}

static void render_changes(const struct step_result *result, char *out, size_t size) {
	static const char *const verbs[] = { "add", "move", "cancel" };

	for (size_t i = 0; i < result->n_changes; i++) {
		const struct task_change *change = &result->changes[i];
		size_t used = strlen(out);

		text_format(out + used, size - used, " %s:%s", verbs[change->verb],
			short_type(change->type));
		used = strlen(out);
		if (change->verb != CHANGE_CANCEL || change->due_ms != 0) {
			text_format(out + used, size - used, "@%lld",
				(long long)(change->due_ms - NOW) / 1000);
		}
	}
}

static void append(char *out, size_t size, const char *fmt, ...) printf_like(3, 4);

static void append(char *out, size_t size, const char *fmt, ...) {
	size_t used = strlen(out);
	va_list args;

	va_start(args, fmt);
	assert_in_range(vsnprintf(out + used, size - used, fmt, args), 0, size - used - 1);
	va_end(args);
}

static void render_incident(
	const struct incident *before, const struct step_result *result, char *out, size_t size) {
	const struct incident *incident = &result->incident;

	append(out, size, "%s%s/%lld r%lld", incident->id == 0 ? "new " : "",
		incident_state_names[incident->state], (long long)incident->cycle,
		(long long)incident->revision);
	if (incident->id == 0 || incident->follow_up_ms != before->follow_up_ms) {
		append(out, size, incident->follow_up_ms == 0 ? " f-" : " f%lld",
			(long long)(incident->follow_up_ms - NOW) / 1000);
	}
	if (incident->id != 0 && incident->agent_at != before->agent_at) {
		append(out, size, " agent%lld", (long long)incident->agent_at);
	}
	if (incident->id != 0 && incident->life_due_ms != before->life_due_ms) {
		append(out, size, incident->life_due_ms == 0 ? " l-" : " l%lld",
			(long long)(incident->life_due_ms - NOW) / 1000);
	}
	if (incident->hold != before->hold) {
		append(out, size, " %s", incident_hold_names[incident->hold]);
	}
	if (incident->refilled_at_cycle != before->refilled_at_cycle && incident->id != 0) {
		append(out, size, " refilled%lld", (long long)incident->refilled_at_cycle);
	}
}

static void render_task(
	const struct task *before, const struct step_result *result, char *out, size_t size) {
	const struct task *task = &result->task;

	append(out, size, "%s", task_status_names[task->status]);
	if (task->status == TASK_SCHEDULED) {
		append(out, size, "@%lld a%lld", (long long)(task->due_ms - NOW) / 1000,
			(long long)task->attempt);
	}
	if (task->status == TASK_SCHEDULED || task->status == TASK_EXECUTING) {
		append(out, size, "%s", task->started_ms != 0 ? " started" : "");
	}
	if (strcmp(task->lane, before->lane) != 0) {
		append(out, size, " to %s", task->lane);
	}
}

static void render(const struct incident *before, const struct task *task,
	const struct step_result *result, char *out, size_t size) {
	out[0] = '\0';
	if (result->status != 0) {
		append(out, size, "refused %s", result->status == -ESTALE ? "stale" : "otherwise");
		return;
	}
	if (result->has_incident) {
		render_incident(before, result, out, size);
	} else {
		append(out, size, "-");
	}
	append(out, size, " | ");
	if (result->has_task) {
		render_task(task, result, out, size);
	} else {
		append(out, size, "-");
	}
	append(out, size, " |");
	render_changes(result, out, size);
	append(out, size, "%s%s", result->stop_agent ? " stop" : "",
		result->wake_branch ? " wake" : "");
	for (size_t i = 0; i < result->n_notes; i++) {
		append(out, size, "%s%s", i == 0 ? " | " : ",",
			note_kind_names[result->notes[i].kind]);
	}
}

static void decide(const struct row *row, char *out, size_t size) {
	struct policy policy = a_policy(row->twist);
	struct incident incident = an_incident(row);
	struct task task = a_task(row);
	struct report report = { .id = 12, .error_type = ERROR_TEST };
	struct build build = { .id = 13 };
	struct verdict verdict = { .outcome = row->outcome,
		.checked_at_ms = NOW,
		.revision = row->twist == STALE_REVISION ? 4 : 5 };
	const struct link link = { .branch = "codegen/1",
		.standing = row->twist == LINK_SETTLED ? LINK_CONFIRMED : LINK_REFUSED };
	struct event event = { .type = row->event,
		.report = &report,
		.build = &build,
		.verdict = &verdict,
		.text = row->event == EVENT_TASK_MOVED ? "forge/other" : "It went so.",
		.failure = row->twist == PASSING || row->twist == PASSING_LAST ? ATTEMPT_PASSING
			: is_barred(row->twist)				       ? ATTEMPT_BARRED
			: row->twist == NOT_RETRYABLE			       ? ATTEMPT_REFUSED
									       : ATTEMPT_FAILED,
		.trace = a_trace(row->twist),
		.stopped = row->twist == STOPPED,
		.backoff_ms = 20000,
		.delay_ms = 2 * HOUR,
		.begun = row->twist == BEGUN || row->twist == BEGUN_LAST,
		.links = &link,
		.n_links = row->twist == LINK_SETTLED || row->twist == LINK_OF_FORK,
		.hold = a_hold(row->twist),
		.look_again_ms = row->twist == LATE_EFFECT ? NOW + 120000 : 0 };
	struct step_input input = { .event = &event,
		.policy = &policy,
		.now_ms = NOW,
		.ahead_ms = row->twist == LEAP || row->twist == LIFE_LEAP || row->twist == BARRED_LEAP
			? 47 * HOUR
			: 0,
		.incident = row->state == NONE ? NULL : &incident,
		.task = row->event == EVENT_REPORT || row->event == EVENT_BUILD_PASSED ||
				row->event >= EVENT_INCIDENT_CLOSE || row->event == EVENT_TASK_CREATED
			? NULL
			: &task,
		.branch_busy_with = row->twist == BRANCH_BUSY ? 8 : 0,
		.budget_free_ms = row->twist == NO_BUDGET ? NOW + 600000 : 0 };
	struct step_result result = { 0 };

	TEXT_SET(report.project, "acme/web");
	TEXT_SET(report.branch, "main");
	TEXT_SET(task.project, "acme/web");
	TEXT_SET(task.branch, "main");
	TEXT_SET(verdict.head_sha,
		row->twist == LIFE_UNKNOWN	   ? ""
			: row->twist == LIFE_SHOWN ? "bbbbbbbb2"
						   : "aaaaaaaa1");
	if (row->reason != NONE) {
		verdict_add(&verdict, (enum reason_code)row->reason, "x", "It is so.");
	}
	lifecycle_step(&input, &result);
	render(&incident, &task, &result, out, size);
	if (result.status == 0 && result.has_incident) { /* every state says why */
		assert_true(result.incident.reason[0] != '\0' ||
			result.incident.state == incident.state);
		assert_int_equal(result.incident.updated_ms, NOW);
	}
	if (result.status == 0 && result.has_task) {
		assert_true(result.task.reason[0] != '\0');
		assert_true(task_may_move(task.status, result.task.status));
	}
}

/* The words of lifecycle-rows.inc. */
enum {
	STATE_NONE = NONE,
	STATE_OPEN = INCIDENT_OPEN,
	STATE_WAITING = INCIDENT_WAITING,
	STATE_RESOLVED = INCIDENT_RESOLVED,
	STATE_ESCALATED = INCIDENT_ESCALATED,
	STATE_ABANDONED = INCIDENT_ABANDONED,
	TYPE_PUBLISH = TASK_PUBLISH_REPORT,
	TYPE_TRIGGER = TASK_TRIGGER_AGENT,
	TYPE_CHECK = TASK_PR_READINESS_CHECK,
	TYPE_NOTIFY = TASK_NOTIFY,
	REASON_NONE = NONE,
};

#define ROW(event, state, type, outcome, reason, twist, expected)                                  \
	{ EVENT_##event, STATE_##state, TYPE_##type, VERDICT_##outcome, REASON_##reason, twist,    \
		expected },

static const struct row rows[] = {
#include "tests/unit/engine/lifecycle-rows.inc"
};

static void test_rows(void **state) {
	char out[512];
	size_t n_wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		decide(&rows[i], out, sizeof(out));
		if (strcmp(out, rows[i].expected) != 0) {
			print_error("row %zu (%s in %s, twist %d):\n  expected %s\n  got      %s\n",
				i, event_type_name(rows[i].event),
				rows[i].state == NONE ? "none" : incident_state_names[rows[i].state],
				(int)rows[i].twist, rows[i].expected, out);
			n_wrong++;
		}
	}
	assert_int_equal(n_wrong, 0);
}

/* No cell of the table is left out above. */
static void test_every_cell(void **state) {
	(void)state;
	for (int event = 0; event < EVENT_TYPE_COUNT; event++) {
		for (int incident = NONE; incident < INCIDENT_STATE_COUNT; incident++) {
			bool seen = false;

			for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
				seen = seen ||
					((int)rows[i].event == event && rows[i].state == incident);
			}
			if (!seen) {
				fail_msg("no row for %s in %s",
					event_type_name((enum event_type)event),
					incident == NONE ? "none" : incident_state_names[incident]);
			}
		}
	}
}

/* However often it is red: as many cycles as the budget has, then no more. */
/* Who is charged for it: whoever opened it, or reopened it; nobody for a check by hand. */
static void test_whose_it_is(void **state) {
	static const struct {
		int state;
		enum event_type event;
		int64_t expected;
	} cases[] = {
		{ NONE, EVENT_REPORT, 1002 },
		{ INCIDENT_OPEN, EVENT_REPORT, 1001 },
		{ INCIDENT_WAITING, EVENT_REPORT, 1001 },
		{ INCIDENT_ESCALATED, EVENT_REPORT, 1001 },
		{ INCIDENT_RESOLVED, EVENT_REPORT, 1002 },
		{ INCIDENT_ABANDONED, EVENT_REPORT, 1002 },
		{ NONE, EVENT_VERDICT, -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct row row = { .state = cases[i].state, .event = cases[i].event };
		struct policy policy = a_policy(0);
		struct incident incident = an_incident(&row);
		struct task task = a_task(&row);
		struct report report = { .id = 12, .error_type = ERROR_TEST, .submitter_uid = 1002 };
		struct verdict verdict = {
			.outcome = VERDICT_NOT_READY, .checked_at_ms = NOW, .revision = 5
		};
		struct event event = { .type = cases[i].event, .report = &report, .verdict = &verdict };
		struct step_input input = { .event = &event,
			.policy = &policy,
			.now_ms = NOW,
			.incident = cases[i].state == NONE ? NULL : &incident,
			.task = cases[i].event == EVENT_VERDICT ? &task : NULL };
		struct step_result result = { 0 };

		incident.submitter_uid = 1001;
		incident.resolved_ms = NOW - HOUR;
		task.incident_id = 0;
		verdict_add(&verdict, REASON_BUILD_FAILED, "test", "It failed.");
		lifecycle_step(&input, &result);
		assert_true(result.has_incident);
		assert_int_equal(result.incident.submitter_uid, cases[i].expected);
	}
}

static void test_budget_ends_the_loop(void **state) {
	struct policy policy = a_policy(PLAIN);
	struct row row = { .event = EVENT_VERDICT,
		.state = INCIDENT_WAITING,
		.task = TASK_PR_READINESS_CHECK,
		.reason = REASON_NO_BUILD_SINCE_REPORT };
	struct incident incident = an_incident(&row);
	int n_cycles = 1;

	(void)state;
	for (int i = 0; i < 10 && incident.state == INCIDENT_WAITING; i++) {
		struct task task = a_task(&row);
		struct verdict verdict = { .outcome = VERDICT_NOT_READY, .checked_at_ms = NOW };
		struct event event = { .type = EVENT_VERDICT, .verdict = &verdict };
		struct step_input input = { .event = &event,
			.policy = &policy,
			.now_ms = NOW,
			.incident = &incident,
			.task = &task };
		struct step_result result = { 0 };

		verdict_add(&verdict, REASON_NO_BUILD_SINCE_REPORT, "x", "It is so.");
		verdict.revision = incident.revision;
		incident.follow_up_ms = NOW;
		lifecycle_step(&input, &result);
		incident = result.incident;
		if (incident.state == INCIDENT_OPEN) { /* published and triggered */
			n_cycles++;
			incident.state = INCIDENT_WAITING;
		}
	}
	assert_int_equal(incident.state, INCIDENT_ESCALATED);
	assert_int_equal(n_cycles, policy.max_cycles);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_cell),
		cmocka_unit_test(test_whose_it_is),
		cmocka_unit_test(test_budget_ends_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
