/*
 * step_internal - the parts of store_step(): finding, then writing.
 */
#pragma once

#include "daemon/store/internal.h"

/* What one decision is about. */
struct step_scene {
	bool has_incident;
	bool has_link;
	struct incident incident; /* as it was */
	struct link link; /* what made the step's branch its; a guess is written with what joins by it */
	struct task *task;	   /* borrowed: the step's own or its new one; NULL: none */
	struct step_result result; /* what was decided */
};

/* An empty scene. Only what is looked at is written: it is large, and every submission has one. */
void step_scene_init(struct step_scene *scene);

/* step_find.c: reads, and refuses. */
must_check int step_find(struct db *db, struct store_step *step, struct step_scene *scene);
must_check int step_find_facts(struct db *db, struct store_step *step,
	const struct step_scene *scene, struct step_input *input);
/* The incident that the branch belongs to though it is of another one; without any the scene stays as it is. */
must_check int step_find_linked(
	struct db *db, const struct store_step *step, bool may_guess, struct step_scene *scene);
/* Whether what was decided can be written; asserts that the moves are allowed. */
must_check int step_check_result(struct db *db, struct store_step *step, struct step_scene *scene);
/* -EEXIST: its id is taken. Gives it one otherwise. */
must_check int step_check_new_task(struct db *db, struct store_step *step);

/* step_apply.c: writes. */
must_check int step_write_new_task(struct db *db, struct store_step *step);
/* The step's own sentence, its report and its build; gives a new incident its id. */
must_check int step_write_cause(struct db *db, struct store_step *step, struct step_scene *scene);
must_check int step_apply(struct db *db, struct store_step *step, struct step_scene *scene);
