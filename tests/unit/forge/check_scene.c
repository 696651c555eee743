#include "tests/unit/forge/check_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct checks *current;

int checks_set_up(void **state) {
	struct checks *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->checks = calloc(CHECKS_MAX, sizeof(*f->checks));
	f->statuses = calloc(CHECKS_MAX, sizeof(*f->statuses));
	assert_true(f->checks != NULL && f->statuses != NULL);
	scene_open(&f->scene, "a-token");
	current = f;
	*state = f;
	return 0;
}

int checks_tear_down(void **state) {
	struct checks *f = *state;

	scene_close(&f->scene);
	free(f->checks);
	free(f->statuses);
	free(f);
	return 0;
}

void checks_start(struct checks *f, struct scene_reply *replies, size_t n) {
	for (size_t i = 0; i < n; i++) {
		replies[i].n_used = 0;
	}
	scene_set(&f->scene, replies, n);
	scene_start(&f->scene);
}

void checks_done(struct forge_check *check, int status) {
	current->statuses[check - current->checks] = status;
	current->n_done++;
}

/* By its number, or by its branch. */
struct forge_check *checks_begin(struct checks *f, size_t i, int64_t number, const char *branch) {
	struct forge_check *check = &f->checks[i];

	check->project = "acme/web";
	check->head_repository = "";
	check->branch = branch;
	check->commit = "";
	check->pull_request = number;
	check->now_ms = SCENE_NOW;
	assert_int_equal(forge_check(f->scene.forge, check, checks_done), 0);
	return check;
}

const struct verdict *checks_one(struct checks *f, int64_t number, const char *branch) {
	struct forge_check *check = checks_begin(f, 0, number, branch);

	scene_run(&f->scene, &f->n_done, f->n_done + 1);
	assert_int_equal(f->statuses[0], 0);
	return &check->verdict;
}

bool checks_has(const struct verdict *verdict, enum reason_code code) {
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		if (verdict->reasons[i].code == code) {
			return true;
		}
	}
	return false;
}
