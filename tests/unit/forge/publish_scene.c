#include "tests/unit/forge/publish_scene.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"

#define ATTEMPTS_MAX 20

struct scene scene;
static struct forge forge = { .own = &fake.github };

void scene_begin(void) {
	scene_end();
	fake_begin();
	scene.incident = (struct incident){ .id = id_first_in_ms(fake.now_ms),
		.project = FAKE_PROJECT,
		.branch = "fix/it",
		.error_type = ERROR_TEST,
		.cycle = 1,
		.opened_ms = fake.now_ms,
		.follow_up_ms = fake.now_ms + CLOCK_HOUR_MS };
	scene.report = (struct report){ .at_ms = fake.now_ms,
		.project = FAKE_PROJECT,
		.branch = "fix/it",
		.error_type = ERROR_TEST,
		.exit_code = 1 };
	scene.policy = (struct policy){ .max_cycles = 3, .wait_recheck_ms = 10 * CLOCK_MINUTE_MS };
	(void)scene_task(TASK_PUBLISH_REPORT);
}

void scene_end(void) {
	for (size_t i = 0; i < scene.n_tasks; i++) {
		json_decref(scene.tasks[i].result);
	}
	free(scene.report.log);
	scene = (struct scene){ 0 };
	fake_end();
}

void scene_pull(int64_t number, const char *head, const char *ref, const char *association) {
	json_t *pull = json_pack("{s:I, s:s, s:s, s:[], s:{s:s}, s:{s:s, s:s}}", "number",
		(json_int_t)number, "state", "open", "author_association", association, "labels",
		"user", "login", "ann", "head", "ref", ref, "sha", SCENE_HEAD);

	assert_non_null(pull);
	(void)json_object_set_new(json_object_get(pull, "head"), "repo",
		head != NULL ? json_pack("{s:s}", "full_name", head) : json_null());
	assert_int_equal(json_array_append_new(fake.pulls, pull), 0);
}

json_t *scene_newest_pull(void) {
	return json_array_get(fake.pulls, json_array_size(fake.pulls) - 1);
}

struct task *scene_task(enum task_type type) {
	struct task *task = &scene.tasks[scene.n_tasks++];

	assert_true(scene.n_tasks <= ARRAY_SIZE(scene.tasks));
	*task = (struct task){ .id = id_first_in_ms(fake.now_ms) + (int64_t)scene.n_tasks,
		.type = type,
		.status = TASK_EXECUTING,
		.incident_id = scene.incident.id,
		.cycle = scene.incident.cycle,
		.created_ms = fake.now_ms };
	return task;
}

/* We are gone: nothing is asked or committed any more, and what a process held is let go. */
static void bury(void) {
	struct forge_publish *recording = TAKE_PTR(fake.recording);

	if (recording != NULL) {
		github_publish_recorded(recording, -ESHUTDOWN);
	} else {
		github_publish_cancel(&scene.publish);
	}
	assert_true(fake.done);
	fake.crashed = false;
	fake.status = -EOWNERDEAD;
}

int scene_publish(enum forge_purpose purpose) {
	struct post posts[ARRAY_SIZE(fake.disk)]; /* as they are when it begins */

	memcpy(posts, fake.disk, sizeof(posts));
	fake.done = false;
	scene.publish = (struct forge_publish){
		.purpose = purpose,
		.incident = &scene.incident,
		.report = &scene.report,
		.task = &scene.tasks[scene.n_tasks - 1],
		.policy = &scene.policy,
		.history = scene.tasks,
		.n_history = scene.n_tasks,
		.posts = posts,
		.n_posts = fake.n_disk,
		.handle = "codegen-sh",
		.record = fake_record,
		.forge = &forge,
	};
	fake.publish = &scene.publish;
	assert_int_equal(github_publish(&forge, &scene.publish), 0);
	assert_false(fake.done);
	fake_pump();
	if (fake.crashed) {
		bury();
	}
	assert_null(fake.call);
	if (fake.status < 0 && fake.status != -EOWNERDEAD) {
		assert_true(scene.publish.sentence[0] != '\0');
	}
	return fake.status;
}

static void wait_until_well(enum forge_purpose purpose) {
	for (int i = 0; i < ATTEMPTS_MAX; i++) {
		int r = scene_publish(purpose);

		if (r == 0) {
			return;
		}
		/* What is refused is looked at once more. */
		if (r != -EOWNERDEAD && r != -EREMOTEIO && !scene.publish.passing) {
			fail_msg("given up: %s", scene.publish.sentence);
		}
		fake.now_ms = MAX(fake.now_ms + 5 * CLOCK_SECOND_MS, scene.publish.retry_ms);
	}
	fail_msg("never well: %s", scene.publish.sentence);
}

void scene_publish_until_well(enum forge_purpose purpose) {
	wait_until_well(purpose);
	for (int i = 0; i < ATTEMPTS_MAX && scene.publish.look_again_ms != 0; i++) {
		fake.now_ms = MAX(fake.now_ms, scene.publish.look_again_ms);
		(void)scene_task(TASK_NOTIFY);
		wait_until_well(FORGE_NEWS);
		scene.n_tasks--;
	}
	assert_int_equal(scene.publish.look_again_ms, 0);
}
