/* Which moves incidents and tasks may make, every pair; names and the budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/model/event.h"
#include "daemon/model/incident.h"
#include "daemon/model/note.h"
#include "daemon/model/task.h"

static void incidents_move_as_drawn(void **state) {
	/* Rows: from; columns: open, waiting, resolved, escalated, abandoned. */
	static const char *const allowed[INCIDENT_STATE_COUNT] = {
		[INCIDENT_OPEN] = "yyyyy",
		[INCIDENT_WAITING] = "yyyyy",
		[INCIDENT_RESOLVED] = "yyyyn",
		[INCIDENT_ESCALATED] = "yyyyy",
		[INCIDENT_ABANDONED] = "nnnny",
	};

	for (int from = 0; from < INCIDENT_STATE_COUNT; from++) {
		for (int to = 0; to < INCIDENT_STATE_COUNT; to++) {
			if (incident_may_move(from, to) != (allowed[from][to] == 'y')) {
				fail_msg("%s to %s", incident_state_names[from],
					incident_state_names[to]);
			}
		}
	}
}

static void tasks_move_as_drawn(void **state) {
	/* Rows: from; columns: scheduled, executing, completed, failed, cancelled. */
	static const char *const allowed[TASK_STATUS_COUNT] = {
		[TASK_SCHEDULED] = "yynny",
		[TASK_EXECUTING] = "yyyyy",
		[TASK_COMPLETED] = "nnynn",
		[TASK_FAILED] = "ynnyn",
		[TASK_CANCELLED] = "ynnny",
	};

	for (int from = 0; from < TASK_STATUS_COUNT; from++) {
		for (int to = 0; to < TASK_STATUS_COUNT; to++) {
			if (task_may_move(from, to) != (allowed[from][to] == 'y')) {
				fail_msg("%s to %s", task_status_names[from], task_status_names[to]);
			}
		}
	}
}

static void only_open_and_waiting_are_active(void **state) {
	for (int i = 0; i < INCIDENT_STATE_COUNT; i++) {
		assert_int_equal(incident_is_active(i), i == INCIDENT_OPEN || i == INCIDENT_WAITING);
	}
}

static void a_refill_starts_the_budget_afresh(void **state) {
	const struct policy policy = { .max_cycles = 3 };
	struct incident incident = { .cycle = 3 };

	assert_int_equal(incident_max_cycle(&incident, &policy), 3);
	incident.refilled_at_cycle = 3;
	assert_int_equal(incident_max_cycle(&incident, &policy), 6);
}

/* Every name is there, once, and the table ends behind the last. */
static void expect_names(const char *const *names, size_t n) {
	assert_null(names[n]);
	for (size_t i = 0; i < n; i++) {
		assert_non_null(names[i]);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(names[i], names[j]);
		}
	}
}

static void every_name_is_its_own(void **state) {
	expect_names(incident_state_names, INCIDENT_STATE_COUNT);
	expect_names(task_status_names, TASK_STATUS_COUNT);
	expect_names(task_type_names, TASK_TYPE_COUNT);
	expect_names(task_origin_names, TASK_ORIGIN_COUNT);
	expect_names(note_kind_names, NOTE_KIND_COUNT);
	expect_names(verdict_outcome_names, VERDICT_OUTCOME_COUNT);
	expect_names(reason_class_names, REASON_CLASS_COUNT);
	for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(event_type_name(i), event_type_name(j));
		}
	}
}

static void releases_an_array_of_tasks(void **state) {
	struct task *tasks = calloc(2, sizeof(*tasks));

	assert_non_null(tasks);
	tasks[0].instructions = strdup("Look.");
	tasks[1].result = json_object();
	/* What it forgets, the leak check of the sanitizer build finds. */
	task_free_array(tasks, 2);
	task_free_array(NULL, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(incidents_move_as_drawn),
		cmocka_unit_test(tasks_move_as_drawn),
		cmocka_unit_test(only_open_and_waiting_are_active),
		cmocka_unit_test(a_refill_starts_the_budget_afresh),
		cmocka_unit_test(every_name_is_its_own),
		cmocka_unit_test(releases_an_array_of_tasks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
