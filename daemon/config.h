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
#include <sys/types.h>

#include "common/macro.h"
#include "daemon/limits.h"
#include "daemon/model/policy.h"

/* Owns nothing: copied by assignment. A forge of type `local` has no more than name and type. */
struct config_forge {
	char name[LIMIT_NAME_MAX];
	char type[LIMIT_NAME_MAX];   /* "github" or "local" */
	char api_url[LIMIT_URL_MAX]; /* without a slash at its end */
	char graphql_url[LIMIT_URL_MAX];
	char token[LIMIT_URL_MAX]; /* credential_read()'s source; "": credential:github-token, else env:GITHUB_TOKEN */
	int64_t app_id;		     /* of a GitHub App; 0: the token is used */
	char app_key[LIMIT_URL_MAX]; /* source of its private key, PEM */
	char label[LIMIT_SUBJECT_MAX];
	char ignore_label[LIMIT_SUBJECT_MAX]; /* on a pull request: hands off */
	char escalate_to[LIMIT_SUBJECT_MAX]; /* who is asked when an incident is ESCALATED, without "@"; "" nobody */
	bool show_status;	/* on the head: a commit status, of an App a neutral check run */
	int64_t settle_ms;	/* so long a write that had no answer may still take effect */
	bool has_mention_agent; /* derived: some project of this forge has an agent of type mention */
};

struct config_agent {
	char name[LIMIT_NAME_MAX];
	char type[LIMIT_NAME_MAX]; /* "codegen", "command" or "mention" */
	char **command;		   /* command: NULL-ended, owned */
	char *workdir;		   /* command: owned; NULL: the state directory */
	int64_t timeout_ms;	   /* command, codegen: a run that lasts longer is over */
	int64_t concurrency;
	char **branches; /* globs, NULL-ended, owned, may be NULL: branches that it makes itself */
	char handle[LIMIT_SUBJECT_MAX]; /* mention: "codegen-sh", without "@" */
	int64_t deadline_ms;	     /* mention: without a commit by then the next agent's turn */
	char api_url[LIMIT_URL_MAX]; /* codegen, as the next three; without a slash at its end */
	char token[LIMIT_URL_MAX]; /* "": credential:codegen-api-key, env:CODEGEN_API_KEY, env:CODEGEN_API_TOKEN */
	int64_t organization;
	int64_t repository; /* what the service calls the project; 0: asked for by its name */
	int64_t poll_ms;    /* between looks at a run */
	int64_t settle_ms;  /* so long a run that was asked for without an answer may still begin */
};

/* How a project judges its checks. Lists are NULL-ended and owned; NULL: empty. */
struct config_checks {
	char **required; /* globs; empty: what the forge says is required, else all */
	char **ignored;
	int64_t max_pending_ms; /* of one check; then only a person can help */
	bool repair_changes_requested;
	bool repair_behind;
	bool accept_stale_reviews;
};

/* Who may submit, resolved when it was read. All of it owned. */
struct config_submitters {
	char **names; /* as they are written, NULL-ended, at least one */
	char *path;   /* where that stands */
	int line;
	uid_t *uids;
	size_t n_uids;
	gid_t *gids;
	size_t n_gids;
	uid_t *members; /* of these groups, as far as the system lists them: for who has no connection */
	size_t n_members;
};

struct config_project {
	char pattern[LIMIT_NAME_MAX]; /* a glob; "*" crosses "/" */
	struct policy policy;	      /* defaults of the file already merged in */
	struct config_checks checks;
	const struct config_submitters *submitters; /* borrowed: one of the configuration's; NULL: everybody */
};

/* What is wrong, one sentence each: `FILE:LINE: key "K": …`. */
struct config_errors {
	char **lines; /* owned */
	size_t n_lines;
	size_t n_unsaid; /* beyond LIMIT_CONFIG_ERRORS */
};

struct config {
	int64_t retention_ms;
	int64_t report_retention_ms;
	int64_t history_retention_ms;
	bool deny_unknown_projects;
	int64_t max_pending_per_user; /* incidents under repair that one user's reports opened */
	char *proxy;		      /* owned, may be NULL, as the next two: struct http_options */
	char *no_proxy;
	char *ca_file;
	struct policy defaults;
	struct config_checks default_checks; /* without lists */
	struct config_forge *forges;	     /* "local" is always one of them */
	size_t n_forges;
	struct config_agent *agents;
	size_t n_agents;
	struct config_project *projects;
	size_t n_projects;
	const struct config_submitters *submitters; /* of projects that say nothing, as theirs */
	struct config_submitters **rules;	    /* each owned */
	size_t n_rules;
	struct config_errors warnings; /* owned: what is no mistake, and cannot have been meant */
	json_t *origins; /* owned: where the values stand that files say; for config_origins_to_json() */
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
/*
 * One spelling for each project of a forge whose names ignore case (github): small letters, whatever sections say, so
 * that a reload changes nobody's. Others stay as they are. In place.
 */
void config_spell_project(const struct config *config, char project[LIMIT_NAME_MAX]);
/* Who may submit for the project; NULL: everybody. Lives as long as the configuration. */
const struct config_submitters *config_find_submitters(
	const struct config *config, const char *project);
/* A copy of how the project's checks are judged; config_checks_destroy(). Returns: 0; -ENOMEM. */
must_check int config_copy_checks(
	const struct config *config, const char *project, struct config_checks **ret_checks);
void config_checks_destroy(struct config_checks *checks);
/* The agent that makes branches of such a name; NULL: none, or the project has no such agent. */
const struct config_agent *config_find_agent_of_branch(
	const struct config *config, const char *project, const char *branch);
#define CONFIG_SOURCES_MAX 4
/*
 * Where its secret is looked for: credential_read()'s sources, NULL-ended, borrowed from it. Of a forge, whether it is
 * a key (PEM).
 */
bool config_forge_sources(
	const struct config_forge *forge, const char *ret_sources[CONFIG_SOURCES_MAX]);
void config_agent_sources(
	const struct config_agent *agent, const char *ret_sources[CONFIG_SOURCES_MAX]);
const struct config_forge *config_find_forge(const struct config *config, const char *name);
const struct config_agent *config_find_agent(const struct config *config, const char *name);

/* The settings in force as JSON, for `codegenctl config`. No secrets. A new reference; NULL: memory. */
must_check json_t *config_to_json(const struct config *config);
/* The same object with, in place of each value, where it comes from: "FILE:LINE" or "default". */
must_check json_t *config_origins_to_json(const struct config *config);
