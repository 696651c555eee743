/*
 * github_check_scene - checks of the forge github against a scripted server. One fixture for two files of tests.
 */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/forge/github_scene.h"

#define N_CHECKS 1000
#define ALL                                                                                        \
	{ "POST /graphql", 200, SCENE_QUERY, NULL, 0, 0 }

struct fixture {
	struct scene scene;
	struct forge_check *checks; /* N_CHECKS */
	int *statuses;
	int n_done;
};

int github_check_scene_set_up(void **state);
int github_check_scene_tear_down(void **state);
void start(struct fixture *f, struct scene_reply *replies, size_t n);
/* By its number, or by its branch. */
struct forge_check *begin(struct fixture *f, size_t i, int64_t number, const char *branch);
void check_done(struct forge_check *check, int status);
const struct verdict *check_one(struct fixture *f, int64_t number, const char *branch);
bool has(const struct verdict *verdict, enum reason_code code);
size_t count_targets(const struct scene *scene);

#define COMMIT "GET /repos/acme/web/commits/" SCENE_HEAD
#define TEST(name)                                                                                 \
	cmocka_unit_test_setup_teardown(                                                           \
		name, github_check_scene_set_up, github_check_scene_tear_down)
