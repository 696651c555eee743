/*
 * git - questions to git, all at once: started together, read together, gone at the deadline. Reads only.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/buffer.h"

#define GIT_WORDS_MAX 12

struct git_query {
	pid_t pid; /* 0: not started, or gone */
	int fd;
	struct buffer out; /* what it printed, once git_wait() returned and it had ended well; else empty */
};

/*
 * Starts "git WORDS..." (NULL-ended, fewer than GIT_WORDS_MAX) in the working directory. Whether git is there, or
 * knows the answer, git_wait() shows. `query` is git_finish()ed in any case. `trusted`: also in a repository that
 * belongs to another user, as in the containers of a CI system; a job runs what is in its repository anyway.
 */
void git_start(struct git_query *query, const char *const *words, bool trusted);
/* The same of another program: `argv`, NULL-ended. */
void git_start_other(struct git_query *query, const char *const *argv);
/* A query that was not started. */
void git_init(struct git_query *query);
/* Waits for all of `queries` until `deadline_us` (CLOCK_MONOTONIC), then kills what is left. */
void git_wait(struct git_query *queries, size_t n, int64_t deadline_us);
void git_finish(struct git_query *query);

/* Whether `dir` or one above it is a work tree, which is then the value of `dir`. Starts nothing. */
bool git_find_tree(char dir[PATH_MAX]);
