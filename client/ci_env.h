/*
 * ci_env - where this build comes from, for what the caller did not say: asked of the CI system's variables (and the
 * files some write), then of git; bounded in time and output. What is broken there is as if it were not there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/limits.h"
#include "common/macro.h"

#define CI_COMMIT_MAX 72

enum ci_wanted {
	CI_PROJECT = 1 << 0,
	CI_BRANCH = 1 << 1,
	CI_COMMIT = 1 << 2,
	CI_ANCESTORS = 1 << 3,
	CI_BUILD = 1 << 4, /* provider, head repository, number, URL, job, pull request */
};

struct ci_env {		      /* "" and 0: not known */
	const char *provider; /* "github-actions", ...: static; NULL: none, git alone */
	char project[CLIENT_NAME_MAX];
	/* owner/name of the fork a pull request is from; "" the project itself, or not known */
	char head_repository[CLIENT_NAME_MAX];
	/* A pull request's own, never "N/merge"; "pull/N" where it is not told, or is named as its target is. */
	char branch[CLIENT_NAME_MAX];
	char commit[CI_COMMIT_MAX]; /* the pull request's head, never the test merge */
	char build_number[CLIENT_NUMBER_MAX];
	char build_url[CLIENT_URL_MAX]; /* without credentials */
	char job[CLIENT_NAME_MAX];	/* matrix legs apart where the CI says so */
	int64_t pull_request;
	bool tag; /* the CI system built a tag: no branch is known, and git's is another */
	size_t n_ancestors;
	char ancestors[CLIENT_ANCESTORS_MAX][CI_COMMIT_MAX]; /* newest first */
};

/*
 * Fills what `wanted` asks for, and leaves empty what the working directory does not tell. Ancestors are those of
 * `commit`, else of the one the CI system names, else of HEAD. Of a pull request git is not asked for branch and
 * commit: HEAD may be a test merge. Of a tag it is not asked for the branch, and its branch does not count when the CI
 * system names another commit than HEAD. Outside of a git work tree nothing is started, and the project is the
 * directory's name. All programs are gone when it returns, at `deadline_us` (CLOCK_MONOTONIC) at the latest.
 */
void ci_env_collect(int wanted, const char *commit, int64_t deadline_us, struct ci_env *ret_env);

/*
 * "owner/name" of a remote's URL: https, ssh, git, and git@host:owner/name.git. Never holds a credential of the URL.
 * Returns: 0; -EINVAL, a local path or nothing of the kind; -ENAMETOOLONG.
 */
must_check int ci_project_from_url(const char *url, char *out, size_t size);

/*
 * What a user gave as the project: a name stays as it is, a URL becomes "owner/name".
 * Returns: 0; -EINVAL, something with "://" or "@" that is no such URL; -ENAMETOOLONG.
 */
must_check int ci_project_clean(const char *given, char *out, size_t size);
