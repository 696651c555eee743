/*
 * ci_table - the CI systems that are recognised, a row each: a new one is a row here, in its test and in the manual.
 */
#pragma once

#include <stddef.h>

#include "client/ci_source.h"

#define CI_SOURCES_MAX 8
#define CI_DETECT_MAX 4

/* Where a field may come from. The first that holds, has all its values and is of the shape counts. */
struct ci_source {
	const char *pattern; /* for ci_expand() */
	enum ci_shape shape;
	const char *when; /* for ci_holds() */
};

enum ci_field {
	CI_FIELD_PROJECT,
	CI_FIELD_FORK, /* the repository a pull request is from */
	CI_FIELD_BRANCH,
	CI_FIELD_TARGET, /* the branch a pull request is for */
	CI_FIELD_COMMIT,
	CI_FIELD_NUMBER,
	CI_FIELD_URL,
	CI_FIELD_JOB,
	CI_FIELD_PULL,
	CI_FIELD_COUNT,
};

struct ci_provider {
	const char *name;
	const char *detect[CI_DETECT_MAX];    /* one of these holds */
	const char *elsewhere[CI_DETECT_MAX]; /* one of these holds: HEAD is not what is told of */
	const char *tag[CI_DETECT_MAX]; /* one of these holds: a tag was built, and no branch */
	struct ci_source sources[CI_FIELD_COUNT][CI_SOURCES_MAX];
};

extern const struct ci_provider ci_providers[];
extern const size_t n_ci_providers;
