/* A backup was restored: what it says is older than what was posted, and nothing is posted twice for it. */
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

/* What is on disk of an incident whose posts the copy does not know. */
static void forget_status(void) {
	fake.disk[0] = (struct post){
		.incident_id = scene.incident.id, .kind = POST_STATUS, .intent_ms = fake.now_ms
	};
	fake.n_disk = 1;
}

static void expect_status(int64_t number, bool is_issue) {
	assert_int_equal(fake_count("kind=status"), 1);
	assert_int_equal(fake.disk[0].kind, POST_STATUS);
	assert_int_equal(fake.disk[0].intent_ms, 0);
	assert_int_equal(post_fear_ms(&fake.disk[0]), 0);
	assert_int_equal(fake.disk[0].number, number);
	assert_int_equal(fake.disk[0].is_issue, is_issue);
}

/* Wherever it is, it is found, and brought up to date; where it is not, it is written when it is sure not to come. */
static void a_status_is_looked_for_everywhere(void **state) {
	static const struct {
		bool had_pull; /* when it was posted */
		bool posted;
		bool has_pull; /* now */
		bool is_issue; /* where it is in the end */
	} table[] = {
		{ true, true, true, false },
		{ false, true, false, true },
		{ false, true, true, true }, /* an issue, and then there was a pull request */
		{ false, false, true, false },
		{ false, false, false, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		int64_t began_ms;

		scene_begin();
		if (table[i].had_pull) {
			scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
		}
		if (table[i].posted) {
			assert_int_equal(scene_publish(FORGE_REPORT), 0);
		}
		if (table[i].has_pull && !table[i].had_pull) {
			scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
		}
		fake.now_ms += CLOCK_DAY_MS;
		forget_status();
		began_ms = fake.now_ms;
		scene_publish_until_well(FORGE_REPORT);
		expect_status(table[i].is_issue ? fake_find("kind=status")->number : 17,
			table[i].is_issue);
		assert_int_equal(fake.now_ms > began_ms, !table[i].posted);
	}
	scene_end();
}

/* News of an incident that may never have been posted at all look for it, and post nothing. */
static void news_only_look(void **state) {
	for (int posted = 0; posted < 2; posted++) {
		for (int has_pull = 0; has_pull < 2; has_pull++) {
			scene_begin();
			if (has_pull) {
				scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
				scene.incident.pull_request = 17;
			}
			if (posted) {
				assert_int_equal(scene_publish(FORGE_REPORT), 0);
			}
			fake.now_ms += CLOCK_DAY_MS;
			forget_status();
			scene.incident.state = INCIDENT_RESOLVED;
			(void)scene_task(TASK_NOTIFY);
			assert_int_equal(scene_publish(FORGE_NEWS), 0);
			/* A closed issue does not count: it was found, and closed since the incident is over. */
			assert_int_equal(fake_count("kind=status"), posted && has_pull);
			assert_int_equal(fake.disk[0].intent_ms != 0, !posted);
			assert_int_equal(fake.n_items, posted);
			if (posted && !has_pull) {
				assert_true(fake.items[0].closed);
			}
		}
	}
	scene_end();
}

/* The row of what was asked is not there any more; that there may have been one is. */
static void restore_asked(enum post_kind kind, int64_t copied_ms) {
	assert_int_equal(fake.n_disk, 2);
	fake.disk[1] = (struct post){ .incident_id = scene.incident.id,
		.kind = kind,
		.task_id = POST_TASK_UNKNOWN,
		.intent_ms = copied_ms };
}

/* A task has asked somebody since, one that was due then or one that is not known any more. */
static void nobody_is_asked_twice(void **state) {
	static const struct {
		enum forge_purpose purpose;
		enum task_type task;
		enum post_kind post;
		enum incident_state state;
		const char *kind;
	} table[] = {
		{ FORGE_MENTION, TASK_TRIGGER_AGENT, POST_MENTION, INCIDENT_OPEN, "kind=mention" },
		{ FORGE_NEWS, TASK_NOTIFY, POST_ESCALATION, INCIDENT_ESCALATED, "kind=escalation" },
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(table); i++) {
		size_t row = i / 2;
		bool is_later = i % 2 == 1;
		int64_t copied_ms;

		scene_begin();
		scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		copied_ms = fake.now_ms += CLOCK_HOUR_MS;
		(void)scene_task(table[row].task);
		scene.incident.state = table[row].state;
		assert_int_equal(scene_publish(table[row].purpose), 0);
		assert_int_equal(fake_count(table[row].kind), 1);

		fake.now_ms += CLOCK_DAY_MS;
		restore_asked(table[row].post, copied_ms);
		if (is_later) {
			scene.n_tasks--;
			(void)scene_task(table[row].task);
		}
		assert_int_equal(scene_publish(table[row].purpose), 0);
		assert_int_equal(fake_count(table[row].kind), 1);
		expect_status(17, false);

		/* It stands for one only: the next one asks again. */
		fake.now_ms += CLOCK_DAY_MS;
		scene.incident.cycle = 2;
		(void)scene_task(table[row].task);
		assert_int_equal(scene_publish(table[row].purpose), 0);
		assert_int_equal(fake_count(table[row].kind), 2);
	}
	scene_end();
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_is_looked_for_everywhere),
		cmocka_unit_test(news_only_look),
		cmocka_unit_test(nobody_is_asked_twice),
	};

	return cmocka_run_group_tests_name("github-restore", tests, NULL, NULL);
}
