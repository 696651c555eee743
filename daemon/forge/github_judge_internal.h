/*
 * github_judge_internal - what the files of the judge share. Pure, any thread.
 */
#pragma once

#include "daemon/forge/github_judge.h"

#define GITHUB_ACTIONS_APP "github-actions"
#define GITHUB_SHORT_NAME_MAX 84 /* a name in a sentence */

struct judging {
	const struct github_snapshot *snapshot;
	const struct github_policy *policy;
	int64_t now_ms;
	struct verdict *verdict;
	bool some_required; /* somebody says what is required */
	bool saw_not_green; /* anything, ours and ignored ones included */
	size_t n_reported;  /* checks that somebody reported, ours and ignored ones excepted */
	size_t n_passed;    /* that were judged */
	bool saw_surely_reported; /* a check has the very name of what was reported */
	bool saw_reported;	  /* one is that, or may be */
	struct judged_order {
		bool passed;	      /* one of them ended after the report */
		bool began;	      /* one of them even began after it */
		bool reported_passed; /* such a one passed after it */
	} surely, perhaps;	      /* as far as the clocks can be compared */
};

/* "workflow / name"; returns `out`. */
const char *github_subject(const struct github_check *check, char out[LIMIT_SUBJECT_MAX]);
/* Cut to what fits into a sentence; returns `out`. */
const char *github_short(const char *name, char out[GITHUB_SHORT_NAME_MAX]);
/* Adds a reason and sets since when (0: unknown). */
void github_reason(struct judging *j, enum reason_code code, int64_t since_ms, const char *subject,
	const char *fmt, ...) printf_like(5, 6);

/* github_judge_match.c */
bool github_matches(const char *const *globs, size_t n, const struct github_check *check);
/* Ours, or one that the project ignores. */
bool github_is_left_out(const struct judging *j, const struct github_check *check);
/* `name` may be NULL. */
bool github_is_named(const struct github_check *check, const char *name);
/* Whether it is what the report is of, or seems to be while none surely is. */
bool github_is_reported(const struct judging *j, const struct github_check *check);
/* Whether it has that very name, but for what CI systems put around it. */
bool github_is_surely_reported(const struct judging *j, const struct github_check *check);
/* The job's, else the step's, else "". */
const char *github_reported_name(const struct github_policy *policy);
bool github_passes(const struct github_check *check);
/* It ended, and not well. */
bool github_is_red(const struct github_check *check);
/* Whether the list has a run of the same check that surely began later. */
bool github_is_superseded(const struct github_check_list *list, const struct github_check *check);
/* Whether two are of one run of a workflow, as far as can be told: in doubt they are. */
bool github_is_same_run(const struct github_check *a, const struct github_check *b);
/* Another one that counts and is red in the same run of a workflow, rather a failed one; NULL: none. */
const struct github_check *github_red_in(
	const struct github_check_list *list, const struct github_check *of_run);

/* github_judge_checks.c */
void github_judge_checks(struct judging *j); /* everything about checks and suites */
void github_judge_one(struct judging *j, const struct github_check *check);

/* github_judge_suites.c */
void github_judge_suites(struct judging *j);
/* Where runs of workflows stand for their jobs, which the credential may not read. */
void github_judge_suites_as_checks(struct judging *j);
/* What the base branch's protection names and nobody reported. */
void github_judge_expected(struct judging *j);
void github_judge_missing(struct judging *j);
void github_judge_other_apps(struct judging *j);
void github_judge_rollup(struct judging *j);
void github_judge_order(struct judging *j);
