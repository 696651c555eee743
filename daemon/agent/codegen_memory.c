#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/agent/codegen_internal.h"

/* A ring; the oldest is forgotten. */
static struct {
	char agent[LIMIT_NAME_MAX];
	char api_url[LIMIT_URL_MAX]; /* another service numbers them otherwise */
	char project[LIMIT_NAME_MAX];
	int64_t organization;
	int64_t repository;
} repositories[LIMIT_AGENT_REPOSITORIES];
static size_t next_repository;

static int64_t next_turn_us;

int64_t codegen_take_turn(void) {
	int64_t now_us = clock_mono_us();
	int64_t turn_us = MAX(next_turn_us, now_us);

	next_turn_us = turn_us + LIMIT_AGENT_GAP_MS * 1000;
	return (turn_us - now_us + 999) / 1000;
}

/* Its place; LIMIT_AGENT_REPOSITORIES: it is not there. */
static size_t find(const struct config_agent *agent, const char *project) {
	size_t i = 0;

	while (i < ARRAY_SIZE(repositories) &&
		(strcmp(repositories[i].agent, agent->name) != 0 ||
			strcmp(repositories[i].api_url, agent->api_url) != 0 ||
			strcmp(repositories[i].project, project) != 0 ||
			repositories[i].organization != agent->organization)) {
		i++;
	}
	return i;
}

int64_t codegen_recall_repository(const struct config_agent *agent, const char *project) {
	size_t i = find(agent, project);

	return i < ARRAY_SIZE(repositories) ? repositories[i].repository : 0;
}

void codegen_remember_repository(
	const struct config_agent *agent, const char *project, int64_t repository) {
	size_t i = find(agent, project);

	if (i == ARRAY_SIZE(repositories)) {
		i = next_repository;
		next_repository = (next_repository + 1) % ARRAY_SIZE(repositories);
	}
	TEXT_SET(repositories[i].agent, agent->name);
	TEXT_SET(repositories[i].api_url, agent->api_url);
	TEXT_SET(repositories[i].project, project);
	repositories[i].organization = agent->organization;
	repositories[i].repository = repository;
}
