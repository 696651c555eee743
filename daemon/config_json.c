#include <stdint.h>
#include <string.h>

#include "common/text.h"
#include "daemon/config_internal.h"
#include "daemon/model/member.h"

/* At most `max` of the texts. NULL: memory. */
static json_t *list_json(char *const *texts, size_t max) {
	json_t *list = json_array();

	for (size_t i = 0; list && texts && texts[i] && i < max; i++) {
		if (json_array_append_new(list, json_string(texts[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* Everybody is an empty list. */
static json_t *submitters_json(const struct config_submitters *rule) {
	return list_json(rule ? rule->names : NULL, SIZE_MAX);
}

static json_t *chain_json(const struct policy *policy) {
	json_t *list = json_array();

	for (size_t i = 0; list && i < policy->n_agents; i++) {
		if (json_array_append_new(list, json_string(policy->agents[i].name)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* Without the user and the password. */
static void write_proxy(struct member_writer *writer, const char *name, const char *proxy) {
	const char *at = proxy ? strrchr(proxy, '@') : NULL;
	char shown[LIMIT_URL_MAX];

	if (at) {
		text_format(shown, sizeof(shown), "%.*s***%s",
			(int)(strstr(proxy, "://") + strlen("://") - proxy), proxy, at);
	}
	member_text(writer, name, at ? shown : proxy, MEMBER_NULL);
}

static void write_key(struct member_writer *writer, const struct config_key *key, const void *member) {
	char span[CLOCK_SPAN_MAX];

	switch (key->kind) {
	case CONFIG_SPAN:
		member_text(writer, key->name, clock_format_span(*(const int64_t *)member, span),
			MEMBER_EMPTY);
		return;
	case CONFIG_COUNT:
		if (*(const int64_t *)member == 0) {
			member_null(writer, key->name);
		} else {
			member_int(writer, key->name, *(const int64_t *)member);
		}
		return;
	case CONFIG_CHOICE:
		member_text(writer, key->name, key->choices[*(const int *)member], MEMBER_EMPTY);
		return;
	case CONFIG_FLAG:
		member_text(writer, key->name, key->choices[*(const bool *)member], MEMBER_EMPTY);
		return;
	case CONFIG_TYPE:
	case CONFIG_NAME:
	case CONFIG_URL:
	case CONFIG_SOURCE: /* where a secret is, never the secret */
	case CONFIG_LABEL:
	case CONFIG_HANDLE: member_text(writer, key->name, member, MEMBER_NULL); return;
	case CONFIG_TEXT:
	case CONFIG_PATH:
		member_text(writer, key->name, *(char *const *)member, MEMBER_NULL);
		return;
	case CONFIG_PROXY: write_proxy(writer, key->name, *(char *const *)member); return;
	case CONFIG_AGENTS:
		member_json(writer, key->name,
			chain_json(container_of(member, const struct policy, agents)));
		return;
	case CONFIG_GLOBS:
		member_json(writer, key->name, list_json(*(char *const *const *)member, SIZE_MAX));
		return;
	case CONFIG_SUBMITTERS:
		member_json(writer, key->name,
			submitters_json(*(const struct config_submitters *const *)member));
		return;
	case CONFIG_COMMAND:
		/* The program alone: an argument may be a secret, from ${NAME} for one. */
		member_json(writer, key->name, list_json(*(char *const *const *)member, 1));
		return;
	}
}

/* `type`: of a forge or agent, whose keys are written; NULL: all are. */
static void write_keys(struct member_writer *writer, enum config_section section, const char *type,
	const void *in) {
	const struct config_key_table *table = &config_key_tables[section];

	for (size_t i = 0; i < table->n_keys; i++) {
		const struct config_key *key = &table->keys[i];

		if (!type || config_key_is_of(key, type)) {
			write_key(writer, key, (const char *)in + key->offset);
		}
	}
}

static json_t *forge_json(const void *element) {
	const struct config_forge *forge = element;
	struct member_writer writer;

	member_begin(&writer);
	member_text(&writer, "name", forge->name, MEMBER_EMPTY);
	write_keys(&writer, CONFIG_FORGE, forge->type, forge);
	return member_end(&writer);
}

static json_t *agent_json(const void *element) {
	const struct config_agent *agent = element;
	struct member_writer writer;

	member_begin(&writer);
	member_text(&writer, "name", agent->name, MEMBER_EMPTY);
	write_keys(&writer, CONFIG_AGENT, agent->type, agent);
	return member_end(&writer);
}

static json_t *project_json(const void *element) {
	const struct config_project *project = element;
	struct member_writer writer;

	member_begin(&writer);
	member_text(&writer, "pattern", project->pattern, MEMBER_EMPTY);
	write_keys(&writer, CONFIG_POLICY, NULL, &project->policy);
	write_keys(&writer, CONFIG_CHECKS, NULL, &project->checks);
	write_keys(&writer, CONFIG_PROJECT, NULL, project);
	return member_end(&writer);
}

static json_t *array_json(
	const void *array, size_t n, size_t size, json_t *(*element_json)(const void *element)) {
	json_t *list = json_array();

	for (size_t i = 0; list && i < n; i++) {
		if (json_array_append_new(list, element_json((const char *)array + i * size)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *config_to_json(const struct config *config) {
	struct member_writer writer;

	member_begin(&writer);
	write_keys(&writer, CONFIG_TOP, NULL, config);
	write_keys(&writer, CONFIG_POLICY, NULL, &config->defaults);
	write_keys(&writer, CONFIG_CHECKS, NULL, &config->default_checks);
	member_json(&writer, "forges",
		array_json(config->forges, config->n_forges, sizeof(*config->forges), forge_json));
	member_json(&writer, "agents",
		array_json(config->agents, config->n_agents, sizeof(*config->agents), agent_json));
	member_json(&writer, "projects",
		array_json(config->projects, config->n_projects, sizeof(*config->projects),
			project_json));
	return member_end(&writer);
}
