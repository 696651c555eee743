#include "tests/unit/forge/github_check_scene.h"

static struct fixture *current;

int github_check_scene_set_up(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->checks = calloc(N_CHECKS, sizeof(*f->checks));
	f->statuses = calloc(N_CHECKS, sizeof(*f->statuses));
	assert_true(f->checks != NULL && f->statuses != NULL);
	scene_open(&f->scene, "a-token");
	current = f;
	*state = f;
	return 0;
}

int github_check_scene_tear_down(void **state) {
	struct fixture *f = *state;

	scene_close(&f->scene);
	free(f->checks);
	free(f->statuses);
	free(f);
	return 0;
}

void start(struct fixture *f, struct scene_reply *replies, size_t n) {
	for (size_t i = 0; i < n; i++) {
		replies[i].n_used = 0;
	}
	scene_set(&f->scene, replies, n);
	scene_start(&f->scene);
}

void check_done(struct forge_check *check, int status) {
	current->statuses[check - current->checks] = status;
	current->n_done++;
}

/* By its number, or by its branch. */
struct forge_check *begin(struct fixture *f, size_t i, int64_t number, const char *branch) {
	struct forge_check *check = &f->checks[i];

	check->project = "acme/web";
	check->head_repository = "";
	check->branch = branch;
	check->commit = "";
	check->pull_request = number;
	check->now_ms = SCENE_NOW;
	assert_int_equal(forge_check(f->scene.forge, check, check_done), 0);
	return check;
}

const struct verdict *check_one(struct fixture *f, int64_t number, const char *branch) {
	struct forge_check *check = begin(f, 0, number, branch);

	scene_run(&f->scene, &f->n_done, f->n_done + 1);
	assert_int_equal(f->statuses[0], 0);
	return &check->verdict;
}

bool has(const struct verdict *verdict, enum reason_code code) {
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		if (verdict->reasons[i].code == code) {
			return true;
		}
	}
	return false;
}

size_t count_targets(const struct scene *scene) {
	size_t n = 0;

	for (size_t i = 0; i < scene->n_lines; i++) {
		n += scene->n_targets[i];
	}
	return n;
}
