/*
 * ci_source - the parts of ci_env: what the CI system says, and what git says. Of others, submission uses ci_shape().
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/ci_env.h"
#include "common/macro.h"

/*
 * Fills `env` (zeroed) from the CI system that is recognised: its variables, event file and properties. Broken values
 * are left out. Returns whether HEAD is what was built: not so where a test merge is checked out, or the event tells
 * of another run.
 */
bool ci_provider_read(int64_t deadline_us, struct ci_env *env);

/* Whether there is one. */
bool ci_provider_is_known(void);

/* Adds what git knows of `wanted`; what `env` holds already stays. Ancestors are those of `commit`, "HEAD" as well. */
void ci_git_read(int wanted, const char *commit, int64_t deadline_us, struct ci_env *env);

/* Files that a CI system hands to its steps; read when they are first asked for. */
struct ci_files {
	int64_t deadline_us;
	bool event_read;
	bool properties_read;
	json_t *event;	  /* NULL: none */
	char *properties; /* lines "key=value"; NULL: none */
};

void ci_files_finish(struct ci_files *files);

/*
 * Every "{NAME}" of `pattern` replaced: by a variable, by {event:a.0.b} of the event file or {property:x} of TeamCity's
 * properties. Returns whether all of them have a value and the result fits. Empty and "false" are no value.
 */
bool ci_expand(const char *pattern, struct ci_files *files, char *out, size_t size);
/* Whether all hold, separated by commas: NAME, !NAME, NAME=x, NAME!=x, NAME^=x (begins with), NAME!^x. NULL holds. */
bool ci_holds(const char *conditions, struct ci_files *files);

/* What is made of a value. */
enum ci_shape {
	CI_SHAPE_NAME,
	CI_SHAPE_PROJECT,  /* owner/name */
	CI_SHAPE_REMOTE,   /* the URL of a repository */
	CI_SHAPE_BRANCH,   /* refs/heads/ and "owner:" taken off; no other ref */
	CI_SHAPE_TRACKING, /* as CI_SHAPE_BRANCH, origin/ taken off */
	CI_SHAPE_COMMIT,   /* hexadecimal */
	CI_SHAPE_NUMBER,   /* of a pull request */
	CI_SHAPE_PULL_URL, /* ".../pull/12", "acme/web!12": 12; of several with commas the lowest */
	CI_SHAPE_PULL_REF, /* "refs/pull/12/merge", "pull/12", a merge queue's branch: 12 */
	CI_SHAPE_URL,	   /* credentials taken off */
	CI_SHAPE_AFTER_POINT, /* "4.1": "job 1" */
};

/* Returns whether `value` (changed) has that shape and the result fits. */
bool ci_shape(enum ci_shape shape, char *value, char *out, size_t size);
