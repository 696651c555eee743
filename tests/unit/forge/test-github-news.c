/* Asking an agent, news, and what is said beside the living post. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/forge/publish_scene.h"

#define HAS(text, part)                                                                            \
	do {                                                                                       \
		if (strstr(text, part) == NULL) {                                                  \
			fail_msg("no \"%s\" in: %s", part, text);                                  \
		}                                                                                  \
	} while (false)

static int tear_down(void **state) {
	scene_end();
	return 0;
}

/* ---- what is done without ---- */

static void a_label_that_is_dropped_is_told_once(void **state) {
	scene_begin();
	fake.drops_labels = true;
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	HAS(scene.publish.left_out, "GitHub took the label \"codegen\"");
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_string_equal(scene.publish.left_out, "");
}

/* ---- asking an agent ---- */

static void mentions_an_agent_once(void **state) {
	scene_begin();
	scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	(void)scene_task(TASK_TRIGGER_AGENT);
	fake.n_lines = 0;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(scene_publish(FORGE_MENTION), 0);
		assert_int_equal(fake_count("kind=mention"), 1);
		HAS(scene.publish.url, "/comments/");
	}
	assert_int_equal(fake.n_lines, 1);
	HAS(fake_find("kind=mention")->body,
		"@codegen-sh Please repair the failure that [this comment](");
	assert_int_equal(fake_find("kind=mention")->on, 17);
	/* One for each task. */
	(void)scene_task(TASK_TRIGGER_AGENT);
	assert_int_equal(scene_publish(FORGE_MENTION), 0);
	assert_int_equal(fake_count("kind=mention"), 2);
	assert_int_equal(fake.n_disk, 3);
}

static void posts_the_report_before_it_mentions(void **state) {
	scene_begin();
	assert_int_equal(scene_publish(FORGE_MENTION), 0);
	assert_int_equal(fake_count("kind=status"), 1);
	assert_int_equal(fake_count("kind=mention"), 1);
	assert_int_equal(fake_find("kind=mention")->on, fake_find("kind=status")->number);
}

static void mentions_nobody_who_is_no_user(void **state) {
	scene_begin();
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	(void)TEXT_SET(fake.github.config.escalate_to, "not a user");
	scene.incident.state = INCIDENT_ESCALATED;
	assert_int_equal(scene_publish(FORGE_NEWS), -EINVAL);
	HAS(scene.publish.sentence, "\"not a user\" is no user or ORGANISATION/TEAM");
	assert_false(scene.publish.passing);
}

/* ---- news ---- */

static void news_of_nothing_say_nothing(void **state) {
	for (int i = 0; i < INCIDENT_STATE_COUNT; i++) {
		scene_begin();
		scene.incident.state = (enum incident_state)i;
		assert_int_equal(scene_publish(FORGE_NEWS), 0);
		assert_string_equal(scene.publish.url, "");
		assert_int_equal(fake.n_lines, 0);
	}
}

static void news_change_the_living_post(void **state) {
	static const struct {
		enum incident_state state;
		const char *text, *issue_state, *issue_reason;
	} rows[] = {
		{ INCIDENT_WAITING, "(cycle 1 of 3); codegend looks", NULL, NULL },
		{ INCIDENT_RESOLVED, "**Resolved** ", "closed", "completed" },
		{ INCIDENT_ABANDONED, "**Nothing more happens here**", "closed", "not_planned" },
		{ INCIDENT_ESCALATED, "**A person has to look at this**", NULL, NULL },
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		const char *state_wanted = i % 2 == 0 ? NULL : rows[i / 2].issue_state;

		scene_begin();
		if (i % 2 == 0) {
			scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
		}
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		scene.incident.state = rows[i / 2].state;
		(void)scene_task(TASK_NOTIFY);
		assert_int_equal(scene_publish(FORGE_NEWS), 0);
		HAS(fake.items[0].body, rows[i / 2].text);
		assert_int_equal(fake.items[0].closed, state_wanted != NULL);
		if (state_wanted != NULL) {
			assert_string_equal(fake.items[0].reason, rows[i / 2].issue_reason);
		}
		assert_int_equal(
			fake_count("kind=escalation"), rows[i / 2].state == INCIDENT_ESCALATED);
		assert_string_equal(scene.publish.url, fake.disk[0].url);
	}
}

/* GitHub answered 201, and wrote it twice: the next news find that out, in one look for each post. */
static void removes_what_was_written_twice(void **state) {
	for (int on_pull = 0; on_pull < 2; on_pull++) {
		scene_begin();
		if (on_pull) {
			scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
		}
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		assert_int_equal(scene.publish.look_again_ms, 0);
		(void)fake_add(on_pull ? 0 : 4711, on_pull ? 17 : 0, FAKE_US,
			fake_find("kind=status")->body);
		(void)scene_task(TASK_TRIGGER_AGENT);
		assert_int_equal(scene_publish(FORGE_MENTION), 0);
		(void)fake_add(
			0, fake_find("kind=mention")->on, FAKE_US, fake_find("kind=mention")->body);
		(void)fake_add(0, fake_find("kind=mention")->on, FAKE_OTHER,
			fake_find("kind=mention")->body);
		scene.incident.state = INCIDENT_WAITING;
		(void)scene_task(TASK_NOTIFY);
		assert_int_equal(scene_publish(FORGE_NEWS), 0);
		assert_int_equal(fake_count("kind=status"), 1);
		assert_int_equal(fake_count("kind=mention"), 1);
		assert_false(fake.items[fake.n_items - 1].deleted); /* another's */
		fake.n_lines = 0;
		(void)scene_task(TASK_NOTIFY);
		assert_int_equal(scene_publish(FORGE_NEWS), 0);
		assert_int_equal(fake_asked("GET "), 0);
	}
}

static void people_are_asked_once_a_cycle(void **state) {
	struct verdict verdict = { .outcome = VERDICT_READY };
	struct task *check;

	scene_begin();
	(void)TEXT_SET(fake.github.config.escalate_to, "acme/on-call");
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	scene.incident.state = INCIDENT_ESCALATED;
	for (int i = 0; i < 2; i++) {
		(void)scene_task(TASK_NOTIFY);
		assert_int_equal(scene_publish(FORGE_NEWS), 0);
		assert_int_equal(fake_count("kind=escalation"), 1);
	}
	HAS(fake_find("kind=escalation")->body,
		"@acme/on-call A person has to look at this: no agent is left to ask. What was tried is told in "
		"[the description of this issue](");
	assert_int_equal(fake_find("kind=escalation")->on, fake.disk[0].number);
	/* It was green, and came back without a new cycle. */
	fake.now_ms += CLOCK_MINUTE_MS;
	check = scene_task(TASK_PR_READINESS_CHECK);
	verdict.checked_at_ms = fake.now_ms;
	check->result = verdict_to_json(&verdict);
	fake.now_ms += CLOCK_MINUTE_MS;
	(void)scene_task(TASK_NOTIFY);
	assert_int_equal(scene_publish(FORGE_NEWS), 0);
	assert_int_equal(fake_count("kind=escalation"), 2);
	/* A budget that was refilled is spent as well. */
	scene.incident.cycle = 4;
	(void)scene_task(TASK_NOTIFY);
	assert_int_equal(scene_publish(FORGE_NEWS), 0);
	assert_int_equal(fake_count("kind=escalation"), 3);
}

/* A report that had no answer: news adopt it, but do not write it. */
static void news_adopt_what_is_there(void **state) {
	for (int applied = 0; applied < 2; applied++) {
		scene_begin();
		scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
		fake_fail("POST", "/comments", applied ? FAKE_APPLIED : FAKE_NONE, FAKE_RESET);
		assert_int_equal(scene_publish(FORGE_REPORT), -ECONNRESET);
		scene.incident.state = INCIDENT_RESOLVED;
		assert_int_equal(scene_publish(FORGE_NEWS), 0);
		assert_int_equal(fake_count("kind=status"), applied);
		assert_int_equal(fake.disk[0].intent_ms == 0, applied);
		assert_int_equal(scene.publish.look_again_ms,
			applied ? 0 : fake.now_ms + 2 * CLOCK_MINUTE_MS);
	}
}

/* ---- labels and heads ---- */

static void labels_never_fail_it(void **state) {
	static const int answers[] = { 403, 404, 500, FAKE_RESET };

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		scene_begin();
		fake_fail("POST", "/labels", FAKE_NONE, answers[i]);
		fake.faults[0].always = true;
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		assert_int_equal(fake_count("kind=status"), 1);
		assert_string_equal(scene.publish.sentence, "");
	}
}

/* Neither making it nor putting it on: the next attempt changes the post and labels it. */
static void a_label_that_was_not_sent_is_sent_later(void **state) {
	for (int i = 0; i < 2; i++) {
		scene_begin();
		scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
		fake_fail("POST", "/labels", FAKE_NONE, FAKE_NOT_SENT);
		fake.faults[0].skip = i;
		assert_int_equal(scene_publish(FORGE_REPORT), -EAGAIN);
		assert_true(scene.publish.passing);
		fake.n_lines = 0;
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		assert_int_equal(fake_asked("POST /repos/acme/web/issues/17/labels"), 1);
		assert_int_equal(fake_count("kind=status"), 1);
	}
}

static void a_label_is_made_once(void **state) {
	scene_begin();
	fake.has_label = true; /* 422: it is there */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
	}
	assert_int_equal(fake_asked("POST /repos/acme/web/labels"), 1);
	assert_int_equal(fake_asked("/labels"), 4);
	/* Many repositories are remembered, not all. */
	for (int i = 0; i < 2 * LIMIT_GITHUB_REPOSITORIES; i++) {
		(void)text_format(
			scene.incident.project, sizeof(scene.incident.project), "acme/p%d", i);
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		fake.n_lines = 0;
	}
	(void)TEXT_SET(fake.github.config.label, "other");
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_asked("/labels"), 2);
	fake.github.config.label[0] = '\0';
	fake.n_lines = 0;
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_asked("/labels"), 0);
}

static const char *head_says(const char *name) {
	return json_string_value(json_object_get(fake.last_head, name));
}

static void a_status_on_the_head(void **state) {
	static const struct {
		enum incident_state state;
		const char *text;
	} rows[] = {
		{ INCIDENT_OPEN,
			"following test_failure, cycle 1 of 3, looks again at 02:28Z, then every 10m" },
		{ INCIDENT_RESOLVED, "test_failure is resolved" },
		{ INCIDENT_ESCALATED, "a person has to look at test_failure" },
		{ INCIDENT_ABANDONED, "test_failure is no longer followed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		scene_begin();
		fake.github.config.show_status = true;
		scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		assert_int_equal(fake_asked("POST /repos/acme/web/statuses/" SCENE_HEAD), 1);
		scene.incident.state = rows[i].state;
		(void)TEXT_SET(scene.incident.head_sha, SCENE_HEAD);
		assert_int_equal(scene_publish(FORGE_NEWS), 0);
		assert_int_equal(fake_asked("/statuses/"), 2);
		assert_string_equal(head_says("description"), rows[i].text);
		assert_string_equal(head_says("state"), "success");
		assert_string_equal(head_says("context"), "codegend/follow-up");
		assert_string_equal(head_says("target_url"), fake.disk[0].url);
	}
}

static void no_status_without_a_whole_head(void **state) {
	static const char *const heads[] = { "", "abc1234", "111111111111111111111111111111111111111",
		"no commit, but forty characters long, i.e." };

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		scene_begin();
		fake.github.config.show_status = true;
		(void)TEXT_SET(scene.incident.head_sha, heads[i]);
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		assert_int_equal(fake_asked("/statuses/"), 0);
	}
}

static void an_app_has_a_check_run(void **state) {
	char id[ID_TEXT_MAX];

	scene_begin();
	fake.github.config.show_status = true;
	fake.github.config.app_id = 7;
	(void)TEXT_SET(scene.incident.head_sha, SCENE_HEAD);
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_asked("POST /repos/acme/web/check-runs"), 1);
	assert_int_equal(fake_asked("&creator="), 0);
	assert_string_equal(head_says("head_sha"), SCENE_HEAD);
	assert_string_equal(head_says("conclusion"), "neutral");
	(void)id_format(ID_INCIDENT, scene.incident.id, id);
	assert_string_equal(head_says("external_id"), id);
	/* Another app's of that name is not ours. */
	(void)json_array_append_new(fake.check_runs,
		json_pack("{s:i, s:s, s:{s:i}}", "id", 5, "external_id", id, "app", "id", 8));
	(void)json_array_append_new(fake.check_runs,
		json_pack("{s:i, s:s, s:{s:i}}", "id", 6, "external_id", id, "app", "id", 7));
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_asked("PATCH /repos/acme/web/check-runs/6"), 1);
	assert_null(head_says("head_sha"));
}

static void a_head_without_status_fails_nothing(void **state) {
	scene_begin();
	fake.github.config.show_status = true;
	scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	fake_fail("POST", "/statuses/", FAKE_NONE, 403);
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_count("kind=status"), 1);
}

/* ---- what it tells ---- */

static void tells_of_earlier_cycles(void **state) {
	struct verdict verdict = { .outcome = VERDICT_NOT_READY, .checked_at_ms = 1758245293693 };
	struct task *trigger, *check, *publish;

	scene_begin();
	trigger = scene_task(TASK_TRIGGER_AGENT);
	trigger->started_ms = fake.now_ms;
	(void)TEXT_SET(trigger->lane, "agent/fixer");
	trigger->status = TASK_COMPLETED;
	trigger->result =
		json_pack("{s:i, s:n, s:s}", "exitCode", 0, "signal", "output", "Done, @mona.");
	(void)TEXT_SET(trigger->reason, "In /srv/agent: exited with code 0.");
	check = scene_task(TASK_PR_READINESS_CHECK);
	for (int i = 0; i < 4; i++) {
		verdict_add(&verdict, REASON_CHECK_FAILED, "x", "Check %d failed.", i);
	}
	check->result = verdict_to_json(&verdict);
	scene.incident.cycle = 2;
	check = scene_task(TASK_PR_READINESS_CHECK); /* a second cycle without an agent */
	verdict.n_reasons = 0;
	verdict.outcome = VERDICT_PENDING;
	check->result = verdict_to_json(&verdict);
	check = scene_task(TASK_PR_READINESS_CHECK);
	check->status = TASK_SCHEDULED;
	check->due_ms = fake.now_ms + 5 * CLOCK_MINUTE_MS;
	publish = scene_task(TASK_PUBLISH_REPORT);
	assert_non_null(publish);
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	HAS(fake.items[0].body,
		"- Cycle 1, 2025-09-19 01:28 UTC: agent `fixer` ended with exit code 0. Looked at 2025-09-19"
		" 01:28 UTC: not ready: Check 0 failed. Check 1 failed. Check 2 failed. And 1 more.");
	HAS(fake.items[0].body,
		"- Cycle 2: no agent was asked. Looked at 2025-09-19 01:28 UTC: not yet.\n");
	assert_null(strstr(fake.items[0].body, "/srv"));
	assert_null(strstr(fake.items[0].body, "mona"));
}

/* How each turn is told follows from what is recorded of it, not from the sentence. */
static void tells_of_turns(void **state) {
	const struct {
		enum task_status status;
		json_t *result;
		const char *text;
	} rows[] = {
		{ TASK_EXECUTING, NULL, "agent `fixer` works on it.\n" },
		{ TASK_COMPLETED,
			json_pack("{s:s, s:s}", "type", "mention", "url", "https://github.com/a/b/1"),
			"agent `fixer` was asked in [a comment](https://github.com/a/b/1).\n" },
		{ TASK_COMPLETED,
			json_pack("{s:s, s:s}", "type", "codegen", "url", "https://codegen.com/t/5"),
			"agent `fixer` had its turn in [a run of its own](https://codegen.com/t/5).\n" },
		{ TASK_COMPLETED, json_pack("{s:n, s:i}", "exitCode", "signal", 9),
			"agent `fixer` was ended by signal 9.\n" },
		{ TASK_COMPLETED,
			json_pack("{s:s, s:i}", "url", "https://evil.example", "exitCode", 1),
			"agent `fixer` ended with exit code 1.\n" },
		{ TASK_COMPLETED, NULL, "agent `fixer` left no run that is known here.\n" },
		{ TASK_FAILED, NULL, "agent `fixer` could not be started.\n" },
		{ TASK_CANCELLED, NULL, "agent `fixer` was stopped.\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct task *trigger;

		scene_begin();
		trigger = scene_task(TASK_TRIGGER_AGENT);
		trigger->started_ms = fake.now_ms;
		trigger->status = rows[i].status;
		trigger->result = rows[i].result;
		(void)TEXT_SET(trigger->lane, "agent/fixer");
		(void)TEXT_SET(trigger->reason,
			"Given up: workdir \"/srv/x\": No such file, \"http://127.0.0.1:9\" answered.");
		(void)TEXT_SET(scene.incident.reason, trigger->reason);
		(void)scene_task(TASK_PUBLISH_REPORT);
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		HAS(fake.items[0].body, rows[i].text);
		assert_null(strstr(fake.items[0].body, "/srv"));
		assert_null(strstr(fake.items[0].body, "127.0.0.1:9"));
		assert_null(strstr(fake.items[0].body, "evil"));
	}
}

/* ---- what only a person can allow ---- */

static const char *barred(void) {
	assert_int_equal(fake.github.known.n, 1);
	return fake.github.known.rows[0].barred;
}

/* What is said of the repository is over when that goes well which was refused, and not when something else does. */
static void what_is_barred_ends_with_its_like(void **state) {
	scene_begin();
	scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	fake_fail("GET", "/pulls?", FAKE_NONE, 403);
	assert_true(scene_publish(FORGE_REPORT) < 0);
	assert_true(scene.publish.barred);
	HAS(barred(), "403");
	fake_fail("POST", "/issues/17/comments", FAKE_NONE, 503);
	assert_true(scene_publish(FORGE_REPORT) < 0);
	assert_string_equal(barred(), ""); /* they may be read by now, though nothing was written */

	scene_begin();
	scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	fake_fail("POST", "/issues/17/comments", FAKE_NONE, 403);
	assert_true(scene_publish(FORGE_REPORT) < 0);
	HAS(barred(), "403");
	fake_fail("POST", "/issues/17/comments", FAKE_NONE, 503);
	assert_true(scene_publish(FORGE_REPORT) < 0); /* all reads went well */
	HAS(barred(), "403");
	scene_publish_until_well(FORGE_REPORT);
	assert_string_equal(barred(), "");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_label_that_is_dropped_is_told_once, tear_down),
		cmocka_unit_test_teardown(mentions_an_agent_once, tear_down),
		cmocka_unit_test_teardown(posts_the_report_before_it_mentions, tear_down),
		cmocka_unit_test_teardown(mentions_nobody_who_is_no_user, tear_down),
		cmocka_unit_test_teardown(news_of_nothing_say_nothing, tear_down),
		cmocka_unit_test_teardown(news_change_the_living_post, tear_down),
		cmocka_unit_test_teardown(removes_what_was_written_twice, tear_down),
		cmocka_unit_test_teardown(people_are_asked_once_a_cycle, tear_down),
		cmocka_unit_test_teardown(news_adopt_what_is_there, tear_down),
		cmocka_unit_test_teardown(labels_never_fail_it, tear_down),
		cmocka_unit_test_teardown(a_label_that_was_not_sent_is_sent_later, tear_down),
		cmocka_unit_test_teardown(a_label_is_made_once, tear_down),
		cmocka_unit_test_teardown(a_status_on_the_head, tear_down),
		cmocka_unit_test_teardown(no_status_without_a_whole_head, tear_down),
		cmocka_unit_test_teardown(an_app_has_a_check_run, tear_down),
		cmocka_unit_test_teardown(a_head_without_status_fails_nothing, tear_down),
		cmocka_unit_test_teardown(tells_of_earlier_cycles, tear_down),
		cmocka_unit_test_teardown(tells_of_turns, tear_down),
		cmocka_unit_test_teardown(what_is_barred_ends_with_its_like, tear_down),
	};

	return cmocka_run_group_tests_name("github-news", tests, NULL, NULL);
}
