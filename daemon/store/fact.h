/*
 * fact - what a line of the event log says to a program: the `data` of its row, one small JSON object.
 *
 * Statistics are made of facts and of nothing else, so the log alone gives them again. Written in the step's
 * transaction by the store's thread; read by stats_take.c. Members, all optional but `what`:
 *
 *     build       branch, passed, job, step, commit, number, type, cause, fingerprint, failing (names of tests),
 *                 opens (it is the first report of its incident),
 *                 coverage (hundredths of a percent), lint [errors, warnings],
 *                 tests [total, passed, failed, skipped, ms], security [critical, high, moderate, low, info, unknown]
 *     opened      branch, type: without a report
 *     reopened    branch
 *     triggered   branch, agent, commit
 *     verdict     branch, commit
 *     published   branch
 *     ended       branch, state, proven, cycle, first (no check before found it not ready, ever), commit
 *
 * A number that was not sent is null; one that makes no sense puts the word "unknown" in the place of its part.
 * `branch` is "HEAD-REPOSITORY:BRANCH" for forks.
 */
#pragma once

#include "daemon/store/step_internal.h"

#define FACT_MAX_BYTES (64 * 1024) /* more than all of it can be, escaped */
#define FACT_FAILING_MAX 16	   /* names of failed tests in one build */
/* A branch as statistics name it. */
#define FACT_BRANCH_MAX (2 * LIMIT_NAME_MAX)

/* Of the note `kind` of this decision; `*ret_data` is malloc()ed, NULL when there is nothing to say. */
must_check int fact_make(const struct store_step *step, const struct step_scene *scene,
	const struct incident *incident, enum note_kind kind, char **ret_data);
