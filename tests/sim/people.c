/* Operators who do what the manual allows, at any moment; and a clock that somebody sets. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/sim/sim.h"

static const enum event_type asks[] = { EVENT_TASK_RUN, EVENT_TASK_CANCEL, EVENT_TASK_RETRY,
	EVENT_TASK_SNOOZE, EVENT_INCIDENT_CLOSE, EVENT_INCIDENT_RETRY, EVENT_INCIDENT_RELEASE };

static void operated(struct engine_operate *operate, int status) {
	(void)status;
	engine_operate_finish(operate);
	free(operate);
}

static const char count_tasks[] = "SELECT count(*) FROM tasks";
static const char nth_task[] = "SELECT id FROM tasks ORDER BY id LIMIT 1 OFFSET ?1";
static const char count_incidents[] = "SELECT count(*) FROM incidents";
static const char nth_incident[] = "SELECT id FROM incidents ORDER BY id LIMIT 1 OFFSET ?1";

static int64_t any_id(const char *count, const char *nth) {
	int64_t n = sim_store_ask(count, 0);

	return n == 0 ? 0 : sim_store_ask(nth, (int64_t)sim_random((uint64_t)n));
}

static void operate(void) {
	struct engine_operate *operate = calloc(1, sizeof(*operate));

	operate->type = asks[sim_random(ARRAY_SIZE(asks))];
	if (operate->type < EVENT_INCIDENT_CLOSE) {
		operate->task_id = any_id(count_tasks, nth_task);
		operate->delay_ms = (int64_t)sim_random((uint64_t)CLOCK_DAY_MS);
	} else {
		operate->incident_id = any_id(count_incidents, nth_incident);
	}
	if ((operate->task_id == 0 && operate->incident_id == 0) ||
		engine_operate(sim.engine, operate, operated) < 0) {
		free(operate);
		return;
	}
	sim_say("an operator: event %d", operate->type);
}

static void paused(struct engine_pause *pause, int status) {
	(void)status;
	free(pause);
}

static void set_pause(const char *project, bool on) {
	struct engine_pause *pause = calloc(1, sizeof(*pause));

	pause->paused = on;
	TEXT_SET(pause->project, project);
	if (engine_pause(sim.engine, pause, paused) < 0) {
		free(pause);
	}
}

static void checked(struct engine_check *check, int status) {
	(void)status;
	free(check);
}

static void check_all(void) {
	struct engine_check *check = calloc(1, sizeof(*check));

	check->all = sim_chance(300);
	if (engine_check(sim.engine, check, checked) < 0) {
		free(check);
	}
}

static void cleaned(struct engine_cleanup *cleanup, int status) {
	(void)status;
	free(cleanup);
}

static void clean_up(void) {
	struct engine_cleanup *cleanup = calloc(1, sizeof(*cleanup));

	cleanup->older_than_ms = (int64_t)sim_random(7 * (uint64_t)CLOCK_DAY_MS);
	if (engine_cleanup(sim.engine, cleanup, cleaned) < 0) {
		free(cleanup);
	}
}

static void people_act(void *user) {
	(void)user;
	if (sim.calm) {
		return;
	}
	if (sim_daemon_is_up()) {
		switch (sim_random(12)) {
		case 0: set_pause(sim_chance(300) ? "*" : "acme/web", sim_chance(500)); break;
		case 1: sim_daemon_reload(); break;
		case 2: check_all(); break;
		case 3: clean_up(); break;
		case 4: sim_daemon_stop(); break;
		default: operate(); break;
		}
	}
	sim_after((int64_t)sim_random(3 * (uint64_t)CLOCK_HOUR_MS), people_act, NULL);
}

static void clock_jumps(void *user) {
	static const int64_t steps_ms[] = { CLOCK_HOUR_MS, -CLOCK_HOUR_MS, CLOCK_DAY_MS,
		-CLOCK_DAY_MS, 400 * CLOCK_DAY_MS, CLOCK_SECOND_MS };

	(void)user;
	if (!sim.calm) {
		sim_set_clock(steps_ms[sim_random(ARRAY_SIZE(steps_ms))]);
		sim_after((int64_t)sim_random(2 * (uint64_t)CLOCK_DAY_MS), clock_jumps, NULL);
	}
}

/* Nobody leaves a pause behind. */
static void calm_down(void *user) {
	(void)user;
	sim.calm_ms = sim.calm ? sim.calm_ms : sim.mono_ms;
	sim.calm = true;
	sim_say("it calms down");
	if (sim_daemon_is_up()) {
		set_pause("*", false);
		set_pause("acme/web", false);
	} else {
		sim_after(CLOCK_MINUTE_MS, calm_down, NULL);
	}
}

void sim_people_begin(void) {
	if (sim.chances.people) {
		sim_after((int64_t)sim_random(6 * (uint64_t)CLOCK_HOUR_MS), people_act, NULL);
	}
	if (sim.chances.clock_jumps) {
		sim_after((int64_t)sim_random((uint64_t)CLOCK_DAY_MS), clock_jumps, NULL);
	}
	sim_after(sim.chances.hours * CLOCK_HOUR_MS, calm_down, NULL);
}
