#include "daemon/config_internal.h"

#define CYCLES_MAX 1000
#define TRIGGERS_MAX 100000
#define CONCURRENCY_MAX 256

static const char *const mode_choices[] = { [POLICY_ACT] = "act", [POLICY_OBSERVE] = "observe", NULL };
static const char *const unknown_choices[] = { "allow", "deny", NULL };
static const char *const forge_types[] = { "local", NULL };
static const char *const later_forges[] = { "gitea", "github", "gitlab", NULL };
static const char *const agent_types[] = { "command", NULL };
static const char *const later_agents[] = { "codegen", "mention", NULL };

#define KEY(key_name, key_kind, strct, member)                                                     \
	.name = (key_name), .kind = (key_kind), .offset = offsetof(strct, member)

/* clang-format off */
static const struct config_key top_keys[] = {
	{ KEY("history-retention", CONFIG_SPAN, struct config, history_retention_ms) },
	{ KEY("report-retention",  CONFIG_SPAN, struct config, report_retention_ms) },
	{ KEY("retention",         CONFIG_SPAN, struct config, retention_ms) },
	{ KEY("unknown-projects",  CONFIG_FLAG, struct config, deny_unknown_projects), .choices = unknown_choices },
};

static const struct config_key policy_keys[] = {
	{ KEY("follow-up-delay",       CONFIG_SPAN,   struct policy, follow_up_delay_ms) },
	{ KEY("max-cycles",            CONFIG_COUNT,  struct policy, max_cycles), .max = CYCLES_MAX },
	{ KEY("max-triggers-per-hour", CONFIG_COUNT,  struct policy, max_triggers_per_hour), .max = TRIGGERS_MAX },
	{ KEY("max-waiting",           CONFIG_SPAN,   struct policy, max_waiting_ms) },
	{ KEY("mode",                  CONFIG_CHOICE, struct policy, mode), .choices = mode_choices },
	{ KEY("wait-recheck",          CONFIG_SPAN,   struct policy, wait_recheck_ms) },
};

static const struct config_key forge_keys[] = {
	{ .name = "api-url",     .kind = CONFIG_LATER },
	{ .name = "graphql-url", .kind = CONFIG_LATER },
	{ .name = "label",       .kind = CONFIG_LATER },
	{ .name = "token",       .kind = CONFIG_LATER },
	{ KEY("type", CONFIG_TYPE, struct config_forge, type), .choices = forge_types, .later = later_forges },
};

static const struct config_key agent_keys[] = {
	{ KEY("command",     CONFIG_COMMAND, struct config_agent, command) },
	{ KEY("concurrency", CONFIG_COUNT,   struct config_agent, concurrency), .max = CONCURRENCY_MAX },
	{ KEY("timeout",     CONFIG_SPAN,    struct config_agent, timeout_ms) },
	{ KEY("type",        CONFIG_TYPE,    struct config_agent, type), .choices = agent_types, .later = later_agents },
	{ KEY("workdir",     CONFIG_PATH,    struct config_agent, workdir) },
};

static const struct config_key project_keys[] = {
	{ KEY("agents", CONFIG_AGENTS, struct policy, agents) },
	{ KEY("forge",  CONFIG_NAME,   struct policy, forge) },
	{ .name = "ignore-checks",   .kind = CONFIG_CHECKS },
	{ .name = "required-checks", .kind = CONFIG_CHECKS },
};

const struct config_key_table config_key_tables[CONFIG_SECTION_COUNT] = {
	[CONFIG_TOP]     = { top_keys,     ARRAY_SIZE(top_keys) },
	[CONFIG_POLICY]  = { policy_keys,  ARRAY_SIZE(policy_keys) },
	[CONFIG_FORGE]   = { forge_keys,   ARRAY_SIZE(forge_keys) },
	[CONFIG_AGENT]   = { agent_keys,   ARRAY_SIZE(agent_keys) },
	[CONFIG_PROJECT] = { project_keys, ARRAY_SIZE(project_keys) },
};
/* clang-format on */
