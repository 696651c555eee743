/* Where the secrets of forges and agents are looked for. */
#include "daemon/config.h"

static void set_sources(const char *configured, const char *const *usual,
	const char *ret_sources[CONFIG_SOURCES_MAX]) {
	size_t n = 0;

	if (configured[0]) {
		ret_sources[n++] = configured;
	}
	for (; !configured[0] && usual[n]; n++) {
		ret_sources[n] = usual[n];
	}
	ret_sources[n] = NULL;
}

bool config_forge_sources(
	const struct config_forge *forge, const char *ret_sources[CONFIG_SOURCES_MAX]) {
	static const char *const usual[] = { "credential:github-token", "env:GITHUB_TOKEN", NULL };
	bool is_app = forge->app_id > 0;

	set_sources(is_app ? forge->app_key : forge->token, usual, ret_sources);
	return is_app;
}

void config_agent_sources(
	const struct config_agent *agent, const char *ret_sources[CONFIG_SOURCES_MAX]) {
	static const char *const usual[] = { "credential:codegen-api-key", "env:CODEGEN_API_KEY",
		"env:CODEGEN_API_TOKEN", NULL };

	set_sources(agent->token, usual, ret_sources);
}
