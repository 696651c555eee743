/*
 * check_scene - up to CHECKS_MAX checks of a forge of type github. Of the first one what is not given stays as it is.
 */
#pragma once

#include "tests/unit/forge/github_scene.h"

#define CHECKS_MAX 1000
#define CHECK_QUERIES                                                                              \
	{ "POST /graphql", 200, SCENE_QUERY, NULL, 0, 0 }

struct checks {
	struct scene scene;
	struct forge_check *checks; /* CHECKS_MAX, owned, as the next */
	int *statuses;
	int n_done;
};

int checks_set_up(void **state);
int checks_tear_down(void **state);
/* Opens the forge; the replies count from zero. */
void checks_start(struct checks *f, struct scene_reply *replies, size_t n);
/* Begins the check at that place: by a number, or by its branch. */
struct forge_check *checks_begin(struct checks *f, size_t i, int64_t number, const char *branch);
/* The first check, to its end. */
const struct verdict *checks_one(struct checks *f, int64_t number, const char *branch);
void checks_done(struct forge_check *check, int status);
bool checks_has(const struct verdict *verdict, enum reason_code code);
