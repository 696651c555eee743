/*
 * github_batch_internal - what the files of the batches share: github_batch.c gathers looks, github_run.c asks about
 * them. Loop thread only.
 */
#pragma once

#include "daemon/forge/github_internal.h"
#include "daemon/forge/github_project.h"
#include "daemon/forge/github_query.h"

/* One query under way. */
struct github_run {
	struct github_batches *batches;
	struct github_call call;
	size_t n;
	struct github_look *looks[LIMIT_GITHUB_TARGETS]; /* NULL: cancelled */
	struct github_target targets[LIMIT_GITHUB_TARGETS];
	struct github_project projects[LIMIT_GITHUB_TARGETS];
	struct github_project heads[LIMIT_GITHUB_TARGETS];
	char cursors[LIMIT_GITHUB_TARGETS][2][LIMIT_GITHUB_CURSOR_MAX];
	unsigned without;
};

/* Looks that share queries, one at a time. */
struct github_batches {
	struct github *github;
	struct list gathered; /* looks that wait for the next query */
	size_t n_gathered;
	struct list sleeping;	/* that are asked about later, the first one first */
	struct list ended;	/* `done` runs from the loop */
	size_t n_looks;		/* accepted, not done */
	struct github_run *run; /* the query under way; NULL: none */
	bool is_ripe;		/* what is gathered has waited for company long enough */
	size_t size;		/* targets of the next query: fewer, after one that was too much */
	size_t n_single_failures; /* in a row, as the next */
	size_t n_silent;	  /* without an answer in time */
	uv_timer_t window;
	uv_timer_t nap;
};

/* Gathers it in front of that one. */
void github_batches_gather(struct github_look *look, struct list *before);
/* Begins a query when it is time. */
void github_batches_consider(struct github_batches *batches);

/* github_run.c; a query about what is gathered, which there is. */
void github_run_begin(struct github_batches *batches);
void github_run_forget(struct github_run *run, const struct github_look *look);
