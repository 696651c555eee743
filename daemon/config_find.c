#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/config_internal.h"

/* Whether `a` says more about the projects it matches than `b`. */
static bool is_closer(const char *a, const char *b) {
	size_t a_literal = strcspn(a, "*?[\\");
	size_t b_literal = strcspn(b, "*?[\\");

	return a_literal > b_literal || (a_literal == b_literal && strlen(a) > strlen(b));
}

/* GitHub's names ignore case. */
static bool matches(const struct config_project *section, const char *name) {
	return fnmatch(section->pattern, name, section->policy.forge_tells ? FNM_CASEFOLD : 0) == 0;
}

/* NULL: no section matches. */
static const struct config_project *find_project(const struct config *config, const char *name) {
	const struct config_project *best = NULL;

	for (size_t i = 0; i < config->n_projects; i++) {
		const struct config_project *each = &config->projects[i];

		if (strcmp(each->pattern, name) == 0) {
			return each;
		}
		if (matches(each, name) && (!best || is_closer(each->pattern, best->pattern))) {
			best = each;
		}
	}
	return best;
}

int config_policy(const struct config *config, const char *project, struct policy *ret_policy) {
	const struct config_project *found = find_project(config, project);

	if (!found && config->deny_unknown_projects) {
		return -EACCES;
	}
	*ret_policy = found ? found->policy : config->defaults;
	return 0;
}

void config_spell_project(const struct config *config, char project[LIMIT_NAME_MAX]) {
	const struct config_project *found = find_project(config, project);

	if ((found ? &found->policy : &config->defaults)->forge_tells) {
		text_lower(project);
	}
}

const struct config_submitters *config_find_submitters(
	const struct config *config, const char *project) {
	const struct config_project *found = find_project(config, project);

	return found ? found->submitters : config->submitters;
}

/* NULL stays NULL. */
static char **copy_list(char *const *list, bool *ret_failed) {
	char **copy;
	size_t n = 0;

	while (list && list[n]) {
		n++;
	}
	copy = list ? calloc(n + 1, sizeof(*copy)) : NULL;
	*ret_failed |= list && !copy;
	for (size_t i = 0; copy && i < n && !*ret_failed; i++) {
		copy[i] = text_dup(list[i], ret_failed);
	}
	return copy;
}

int config_copy_checks(
	const struct config *config, const char *project, struct config_checks **ret_checks) {
	const struct config_project *found = find_project(config, project);
	const struct config_checks *checks = found ? &found->checks : &config->default_checks;
	struct config_checks *copy = malloc(sizeof(*copy));
	bool failed = false;

	if (!copy) {
		return -ENOMEM;
	}
	*copy = *checks;
	copy->required = copy_list(checks->required, &failed);
	copy->ignored = copy_list(checks->ignored, &failed);
	if (failed) {
		config_checks_destroy(copy);
		return -ENOMEM;
	}
	*ret_checks = copy;
	return 0;
}

static bool makes_branch(const struct config_agent *agent, const char *branch) {
	for (char **glob = agent->branches; glob && *glob; glob++) {
		if (fnmatch(*glob, branch, 0) == 0) {
			return true;
		}
	}
	return false;
}

const struct config_agent *config_find_agent_of_branch(
	const struct config *config, const char *project, const char *branch) {
	const struct config_project *found = find_project(config, project);

	for (size_t i = 0; found && i < found->policy.n_agents; i++) {
		const struct config_agent *agent =
			config_find_agent(config, found->policy.agents[i].name);

		if (agent && makes_branch(agent, branch)) {
			return agent;
		}
	}
	return NULL;
}

const struct config_forge *config_find_forge(const struct config *config, const char *name) {
	for (size_t i = 0; i < config->n_forges; i++) {
		if (strcmp(config->forges[i].name, name) == 0) {
			return &config->forges[i];
		}
	}
	return NULL;
}

const struct config_agent *config_find_agent(const struct config *config, const char *name) {
	for (size_t i = 0; i < config->n_agents; i++) {
		if (strcmp(config->agents[i].name, name) == 0) {
			return &config->agents[i];
		}
	}
	return NULL;
}
