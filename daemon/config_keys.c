#include <string.h>

#include "daemon/config_internal.h"

#define CYCLES_MAX 1000
#define TRIGGERS_MAX 100000
#define CONCURRENCY_MAX 256
#define FOREIGN_ID_MAX INT64_C(999999999999999)

static const char *const mode_choices[] = { [POLICY_ACT] = "act", [POLICY_OBSERVE] = "observe", NULL };
static const char *const unknown_choices[] = { "allow", "deny", NULL };
static const char *const untrusted_choices[] = { "hold", "trigger", NULL };
static const char *const repair_choices[] = { "human", "repair", NULL };
static const char *const stale_choices[] = { "refuse", "accept", NULL };
static const char *const switch_choices[] = { "off", "on", NULL };
static const char *const forge_types[] = { "github", "local", NULL };
static const char *const later_forges[] = { "gitea", "gitlab", NULL };
static const char *const agent_types[] = { "codegen", "command", "mention", NULL };

/* What a key may belong to. */
static const char *const github[] = { "github", NULL };
static const char *const command[] = { "command", NULL };
static const char *const mention[] = { "mention", NULL };
static const char *const codegen[] = { "codegen", NULL };
static const char *const runs[] = { "codegen", "command", NULL };

#define KEY(key_name, key_kind, strct, member)                                                     \
	.name = (key_name), .kind = (key_kind), .offset = offsetof(strct, member)
#define FORGE_KEY(key_name, key_kind, member) KEY(key_name, key_kind, struct config_forge, member)
#define AGENT_KEY(key_name, key_kind, member) KEY(key_name, key_kind, struct config_agent, member)
#define CHECK_KEY(key_name, member)                                                                \
	KEY(key_name, CONFIG_FLAG, struct config_checks, member), .types = github

/* clang-format off */
static const struct config_key top_keys[] = {
	{ KEY("ca-file",           CONFIG_PATH,  struct config, ca_file) },
	{ KEY("history-retention", CONFIG_SPAN,  struct config, history_retention_ms) },
	{ KEY("max-pending-per-user", CONFIG_COUNT, struct config, max_pending_per_user),
		.max = LIMIT_TASKS_PENDING },
	{ KEY("no-proxy",          CONFIG_TEXT,  struct config, no_proxy) },
	{ KEY("proxy",             CONFIG_PROXY, struct config, proxy) },
	{ KEY("report-retention",  CONFIG_SPAN,  struct config, report_retention_ms) },
	{ KEY("retention",         CONFIG_SPAN,  struct config, retention_ms) },
	{ KEY("submitters",        CONFIG_SUBMITTERS, struct config, submitters) },
	{ KEY("unknown-projects",  CONFIG_FLAG,  struct config, deny_unknown_projects), .choices = unknown_choices },
};

static const struct config_key policy_keys[] = {
	{ KEY("follow-up-delay",       CONFIG_SPAN,   struct policy, follow_up_delay_ms) },
	{ KEY("max-cycles",            CONFIG_COUNT,  struct policy, max_cycles), .max = CYCLES_MAX },
	{ KEY("max-triggers-per-hour", CONFIG_COUNT,  struct policy, max_triggers_per_hour), .max = TRIGGERS_MAX },
	{ KEY("max-waiting",           CONFIG_SPAN,   struct policy, max_waiting_ms) },
	{ KEY("mode",                  CONFIG_CHOICE, struct policy, mode), .choices = mode_choices },
	{ KEY("untrusted",             CONFIG_FLAG,   struct policy, trigger_untrusted), .choices = untrusted_choices },
	{ KEY("wait-recheck",          CONFIG_SPAN,   struct policy, wait_recheck_ms) },
};

static const struct config_key check_keys[] = {
	{ CHECK_KEY("behind",            repair_behind), .choices = repair_choices },
	{ CHECK_KEY("changes-requested", repair_changes_requested), .choices = repair_choices },
	{ KEY("max-check-age", CONFIG_SPAN, struct config_checks, max_pending_ms), .types = github },
	{ CHECK_KEY("stale-reviews",     accept_stale_reviews), .choices = stale_choices },
};

static const struct config_key forge_keys[] = {
	{ FORGE_KEY("api-url",      CONFIG_URL,    api_url),      .types = github },
	{ FORGE_KEY("app-id",       CONFIG_COUNT,  app_id),       .types = github, .max = FOREIGN_ID_MAX,
		.needs = "app-key", .excludes = "token" },
	{ FORGE_KEY("app-key",      CONFIG_SOURCE, app_key),      .types = github, .needs = "app-id" },
	{ FORGE_KEY("escalate-to",  CONFIG_HANDLE, escalate_to),  .types = github },
	{ FORGE_KEY("graphql-url",  CONFIG_URL,    graphql_url),  .types = github },
	{ FORGE_KEY("head-status",  CONFIG_FLAG,   show_status),  .types = github, .choices = switch_choices },
	{ FORGE_KEY("ignore-label", CONFIG_LABEL,  ignore_label), .types = github },
	{ FORGE_KEY("label",        CONFIG_LABEL,  label),        .types = github },
	{ FORGE_KEY("settle",       CONFIG_SPAN,   settle_ms),    .types = github },
	{ FORGE_KEY("token",        CONFIG_SOURCE, token),        .types = github },
	{ FORGE_KEY("type",         CONFIG_TYPE,   type), .choices = forge_types, .later = later_forges,
		.missing = "github or local" },
};

static const struct config_key agent_keys[] = {
	{ AGENT_KEY("api-url",      CONFIG_URL,     api_url),      .types = codegen },
	{ AGENT_KEY("branches",     CONFIG_GLOBS,   branches) },
	{ AGENT_KEY("command",      CONFIG_COMMAND, command),      .types = command,
		.missing = "a list of the program and its arguments, as in { \"/usr/local/bin/fix\" }" },
	{ AGENT_KEY("concurrency",  CONFIG_COUNT,   concurrency),  .max = CONCURRENCY_MAX },
	{ AGENT_KEY("deadline",     CONFIG_SPAN,    deadline_ms),  .types = mention },
	{ AGENT_KEY("handle",       CONFIG_HANDLE,  handle),       .types = mention },
	{ AGENT_KEY("organization", CONFIG_COUNT,   organization), .types = codegen, .max = FOREIGN_ID_MAX,
		.missing = "the number of the organization, which codegen.com shows beside the token" },
	{ AGENT_KEY("poll",         CONFIG_SPAN,    poll_ms),      .types = codegen },
	{ AGENT_KEY("repository",   CONFIG_COUNT,   repository),   .types = codegen, .max = FOREIGN_ID_MAX },
	{ AGENT_KEY("settle",       CONFIG_SPAN,    settle_ms),    .types = codegen },
	{ AGENT_KEY("timeout",      CONFIG_SPAN,    timeout_ms),   .types = runs },
	{ AGENT_KEY("token",        CONFIG_SOURCE,  token),        .types = codegen },
	{ AGENT_KEY("type",         CONFIG_TYPE,    type), .choices = agent_types },
	{ AGENT_KEY("workdir",      CONFIG_PATH,    workdir),      .types = command },
};

static const struct config_key project_keys[] = {
	{ KEY("agents",          CONFIG_AGENTS, struct config_project, policy.agents) },
	{ KEY("forge",           CONFIG_NAME,   struct config_project, policy.forge) },
	{ KEY("ignore-checks",   CONFIG_GLOBS,  struct config_project, checks.ignored),  .types = github },
	{ KEY("required-checks", CONFIG_GLOBS,  struct config_project, checks.required), .types = github },
	{ KEY("submitters",      CONFIG_SUBMITTERS, struct config_project, submitters) },
};

const struct config_key_table config_key_tables[CONFIG_SECTION_COUNT] = {
	[CONFIG_TOP]     = { top_keys,     ARRAY_SIZE(top_keys) },
	[CONFIG_POLICY]  = { policy_keys,  ARRAY_SIZE(policy_keys) },
	[CONFIG_CHECKS]  = { check_keys,   ARRAY_SIZE(check_keys) },
	[CONFIG_FORGE]   = { forge_keys,   ARRAY_SIZE(forge_keys) },
	[CONFIG_AGENT]   = { agent_keys,   ARRAY_SIZE(agent_keys) },
	[CONFIG_PROJECT] = { project_keys, ARRAY_SIZE(project_keys) },
};
/* clang-format on */

const struct config config_defaults = {
	.retention_ms = 7 * CLOCK_DAY_MS,
	.report_retention_ms = 90 * CLOCK_DAY_MS,
	.history_retention_ms = 730 * CLOCK_DAY_MS,
	.max_pending_per_user = 10000,
	.defaults = {
		.follow_up_delay_ms = CLOCK_HOUR_MS,
		.wait_recheck_ms = 10 * CLOCK_MINUTE_MS,
		.max_waiting_ms = CLOCK_DAY_MS,
		.max_cycles = 3,
		.max_triggers_per_hour = 20,
		.mode = POLICY_ACT,
		.forge = "local",
	},
	.default_checks = { .max_pending_ms = 2 * CLOCK_HOUR_MS },
};

static const struct config_forge forge_defaults[] = {
	{ .type = "local" },
	{
		.type = "github",
		.api_url = "https://api.github.com",
		.label = "codegen",
		.ignore_label = "codegen:ignore",
		.settle_ms = 2 * CLOCK_MINUTE_MS,
	},
};

static const struct config_agent agent_defaults[] = {
	{ .type = "command", .timeout_ms = 30 * CLOCK_MINUTE_MS, .concurrency = 1 },
	{
		.type = "mention",
		.concurrency = 1,
		.handle = "codegen-sh",
		.deadline_ms = 15 * CLOCK_MINUTE_MS,
	},
	{
		.type = "codegen",
		.timeout_ms = 30 * CLOCK_MINUTE_MS,
		.concurrency = 1,
		.api_url = "https://api.codegen.com",
		.poll_ms = 30 * CLOCK_SECOND_MS,
		.settle_ms = 2 * CLOCK_MINUTE_MS,
	},
};

const struct config_forge *config_forge_defaults(const char *type) {
	for (size_t i = 0; i < ARRAY_SIZE(forge_defaults); i++) {
		if (strcmp(forge_defaults[i].type, type) == 0) {
			return &forge_defaults[i];
		}
	}
	return NULL;
}

const struct config_agent *config_agent_defaults(const char *type) {
	for (size_t i = 0; i < ARRAY_SIZE(agent_defaults); i++) {
		if (strcmp(agent_defaults[i].type, type) == 0) {
			return &agent_defaults[i];
		}
	}
	return NULL;
}

bool config_key_is_of(const struct config_key *key, const char *type) {
	for (const char *const *each = key->types; each && *each; each++) {
		if (strcmp(*each, type) == 0) {
			return true;
		}
	}
	return !key->types;
}
