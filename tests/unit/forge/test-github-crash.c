/* Whatever moment we die at, and whatever became of a write: in the end each post is there once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/forge/publish_scene.h"

/* More than any publish here has. */
#define STEPS_MAX 40

static const struct {
	const char *name;
	enum forge_purpose purpose;
	bool has_pull;	 /* else an issue */
	bool has_status; /* posted before */
	enum incident_state state;
	const char *kind;
} flows[] = {
	{ "comment", FORGE_REPORT, true, false, INCIDENT_OPEN, "kind=status" },
	{ "issue", FORGE_REPORT, false, false, INCIDENT_OPEN, "kind=status" },
	{ "mention", FORGE_MENTION, true, true, INCIDENT_OPEN, "kind=mention" },
	{ "mention on an issue", FORGE_MENTION, false, true, INCIDENT_OPEN, "kind=mention" },
	{ "mention, nothing before", FORGE_MENTION, false, false, INCIDENT_OPEN, "kind=mention" },
	{ "escalation", FORGE_NEWS, true, true, INCIDENT_ESCALATED, "kind=escalation" },
	{ "news", FORGE_NEWS, true, true, INCIDENT_WAITING, "kind=status" }, /* posts nothing */
};
#define N_POSTING (ARRAY_SIZE(flows) - 1)

/* What became of the request that was under way. */
static const struct {
	enum fake_effect effect;
	int64_t late_ms;
} effects[] = {
	{ FAKE_NONE, 0 }, { FAKE_APPLIED, 0 }, { FAKE_LATE, 30 * CLOCK_SECOND_MS },
	{ FAKE_LATE, 3 * CLOCK_MINUTE_MS }, /* after it was written again */
};

static void begin(size_t flow) {
	scene_begin();
	if (flows[flow].has_pull) {
		scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	}
	if (flows[flow].has_status) {
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		fake.now_ms += CLOCK_HOUR_MS;
	}
	scene.incident.state = flows[flow].state;
	(void)scene_task(flows[flow].purpose == FORGE_MENTION ? TASK_TRIGGER_AGENT : TASK_NOTIFY);
}

static void expect_once(size_t flow, const char *why, int step, size_t effect) {
	static const char *const kinds[] = { "kind=status", "kind=mention", "kind=escalation" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t wanted = strcmp(kinds[i], "kind=status") == 0 ||
			strcmp(kinds[i], flows[flow].kind) == 0;

		if (fake_count(kinds[i]) != wanted) {
			fail_msg("%s, %s %d, effect %zu: %zu of %s", flows[flow].name, why, step,
				effect, fake_count(kinds[i]), kinds[i]);
		}
	}
	for (size_t i = 0; i < fake.n_disk; i++) {
		assert_int_equal(fake.disk[i].intent_ms, 0);
		assert_int_equal(post_fear_ms(&fake.disk[i]), 0);
		assert_true(fake.disk[i].number > 0);
	}
}

/* Runs a flow with a fault at its request or commit number `step`. Returns whether it has so many. */
static bool run(size_t flow, const char *method, int answer, int step, size_t effect) {
	begin(flow);
	fake_fail(method, NULL, effects[effect].effect, answer);
	fake.faults[0].skip = step;
	fake.faults[0].late_ms = effects[effect].late_ms;
	scene_publish_until_well(flows[flow].purpose);
	return fake.n_faults == 0;
}

static void run_all(const char *method, int answer, const char *why) {
	for (size_t flow = 0; flow < N_POSTING; flow++) {
		for (size_t effect = 0; effect < ARRAY_SIZE(effects); effect++) {
			int step = 0;

			for (; run(flow, method, answer, step, effect); step++) {
				/* What is late may have been seen by nobody yet. */
				fake.now_ms += CLOCK_HOUR_MS;
				expect_once(flow, why, step, effect);
			}
			assert_in_range(step, 1, STEPS_MAX);
		}
	}
}

static void a_crash_in_a_write_doubles_nothing(void **state) {
	run_all("POST", FAKE_CRASH, "crash in POST");
	scene_end();
}

static void a_crash_at_a_commit_doubles_nothing(void **state) {
	for (size_t flow = 0; flow < N_POSTING; flow++) {
		for (size_t effect = 0; effect < 2; effect++) { /* on disk, or not */
			int step = 0;

			for (; run(flow, "COMMIT", FAKE_CRASH, step, effect); step++) {
				expect_once(flow, "crash at commit", step, effect);
			}
			assert_in_range(step, 2, STEPS_MAX);
		}
	}
	scene_end();
}

static void a_crash_in_anything_else_doubles_nothing(void **state) {
	static const char *const methods[] = { "GET", "PATCH" };

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		for (size_t flow = 0; flow < ARRAY_SIZE(flows); flow++) {
			for (int step = 0; run(flow, methods[i], FAKE_CRASH, step, 1); step++) {
				expect_once(flow, methods[i], step, 1);
			}
		}
	}
	scene_end();
}

static void lost_answers_double_nothing(void **state) {
	static const int answers[] = { FAKE_RESET, FAKE_NO_JSON, 302, 401, 429, 500, 502, 503, 504 };

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		run_all("POST", answers[i], "answer");
	}
	scene_end();
}

/* The daemon stops: what waits is given up, and the next start goes on. */
static void stopping_doubles_nothing(void **state) {
	static const char *const methods[] = { "GET", "POST", "PATCH", "COMMIT" };

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		for (size_t flow = 0; flow < N_POSTING; flow++) {
			for (int step = 0; run(flow, methods[i], FAKE_STOP, step, 1); step++) {
				expect_once(flow, methods[i], step, 1);
			}
		}
	}
	scene_end();
}

static void stopping_asks_nothing_more(void **state) {
	begin(0);
	fake_fail("POST", "/comments", FAKE_APPLIED, FAKE_STOP);
	assert_int_equal(scene_publish(FORGE_REPORT), -ECANCELED);
	assert_true(scene.publish.passing);
	assert_int_equal(fake_asked(""), 2);
	assert_true(fake.disk[0].intent_ms != 0);
	/* What was answered is still committed; without its label it is not over. */
	begin(0);
	fake_fail("COMMIT", NULL, FAKE_APPLIED, FAKE_STOP);
	fake.faults[0].skip = 1;
	assert_int_equal(scene_publish(FORGE_REPORT), -ECANCELED);
	assert_int_equal(fake_asked(""), 2);
	assert_int_equal(fake.disk[0].intent_ms, 0);
	scene_end();
}

/* Two writes without an answer, and both take effect after all. */
static void two_lost_writes_leave_one(void **state) {
	for (size_t flow = 0; flow < N_POSTING; flow++) {
		const char *path =
			strcmp(flows[flow].kind, "kind=status") == 0 && !flows[flow].has_pull
			? "/issues"
			: "/comments";

		begin(flow);
		fake_fail("POST", path, FAKE_LATE, FAKE_RESET);
		fake.faults[0].late_ms = 3 * CLOCK_MINUTE_MS;
		fake_fail("POST", path, FAKE_LATE, 502);
		fake.faults[1].late_ms = 90 * CLOCK_SECOND_MS;
		scene_publish_until_well(flows[flow].purpose);
		assert_int_equal(fake.n_faults, 0);
		expect_once(flow, "twice", 0, 0);
	}
	scene_end();
}

/* Crash upon crash: after each commit and each write of the recovery too. */
static void many_crashes_leave_one(void **state) {
	for (size_t flow = 0; flow < N_POSTING; flow++) {
		for (int first = 0; first < 3; first++) {
			begin(flow);
			for (int i = 0; i < 3; i++) {
				fake_fail(i == 1 ? "COMMIT" : "POST", NULL,
					i == 1 ? FAKE_APPLIED : FAKE_LATE, FAKE_CRASH);
				fake.faults[fake.n_faults - 1].late_ms = 150 * CLOCK_SECOND_MS;
				fake.faults[fake.n_faults - 1].skip = i == 1 ? first : 0;
			}
			scene_publish_until_well(flows[flow].purpose);
			expect_once(flow, "many", first, 0);
		}
	}
	scene_end();
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crash_in_a_write_doubles_nothing),
		cmocka_unit_test(a_crash_at_a_commit_doubles_nothing),
		cmocka_unit_test(a_crash_in_anything_else_doubles_nothing),
		cmocka_unit_test(lost_answers_double_nothing),
		cmocka_unit_test(stopping_doubles_nothing),
		cmocka_unit_test(stopping_asks_nothing_more),
		cmocka_unit_test(two_lost_writes_leave_one),
		cmocka_unit_test(many_crashes_leave_one),
	};

	return cmocka_run_group_tests_name("github-crash", tests, NULL, NULL);
}
