/*
 * config - the configuration files, checked and immutable. Parsed with libconfuse; contract: codegend.conf(5).
 *
 * Loop thread only. A reload builds a second one and swaps; nothing points into an old one after config_destroy().
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"
#include "daemon/limits.h"
#include "daemon/model/policy.h"

struct config_forge {
	char name[LIMIT_NAME_MAX];
	char type[LIMIT_NAME_MAX]; /* "local" (or "github", which this version does not have: an error) */
};

struct config_agent {
	char name[LIMIT_NAME_MAX];
	char type[LIMIT_NAME_MAX]; /* "command" */
	char **command;		   /* NULL-ended, owned */
	char *workdir;		   /* owned; NULL: the state directory */
	int64_t timeout_ms;
	int64_t concurrency;
};

struct config_project {
	char pattern[LIMIT_NAME_MAX]; /* a glob; "*" crosses "/" */
	struct policy policy;	      /* defaults of the file already merged in */
};

struct config {
	int64_t retention_ms;
	int64_t report_retention_ms;
	int64_t history_retention_ms;
	bool deny_unknown_projects;
	struct policy defaults;
	struct config_forge *forges; /* "local" is always one of them */
	size_t n_forges;
	struct config_agent *agents;
	size_t n_agents;
	struct config_project *projects;
	size_t n_projects;
};

/* The mistakes found, one sentence each: `FILE:LINE: key "K": …`. */
struct config_errors {
	char **lines; /* owned */
	size_t n_lines;
};

/*
 * Reads `path`, then every *.conf of the directory `path` with ".d" appended, sorted. A missing `path` is no mistake
 * unless `required`. Returns: 0; -EINVAL, `ret_errors` has every mistake; -ENOMEM. `ret_errors` is always to
 * be released with config_errors_finish().
 */
must_check int config_load(const char *path, bool required, struct config **ret_config,
	struct config_errors *ret_errors);
void config_destroy(struct config *config);
void config_errors_finish(struct config_errors *errors);

/* The policy of a project: the section that names it, else the glob with the longest literal prefix, else the defaults.
 * Returns: 0; -EACCES, unknown projects are denied. */
must_check int config_policy(
	const struct config *config, const char *project, struct policy *ret_policy);
const struct config_forge *config_find_forge(const struct config *config, const char *name);
const struct config_agent *config_find_agent(const struct config *config, const char *name);

/* The settings in force as JSON, for `codegenctl config`. No secrets. A new reference; NULL: memory. */
must_check json_t *config_to_json(const struct config *config);
