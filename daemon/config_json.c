#include <stdlib.h>

#include "daemon/config_internal.h"
#include "daemon/model/member.h"

static json_t *list_json(const char *first) {
	json_t *list = json_array();

	if (list && first && *first && json_array_append_new(list, json_string(first)) < 0) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static void write_key(struct member_writer *writer, const struct config_key *key, const void *member) {
	char span[CLOCK_SPAN_MAX];

	switch (key->kind) {
	case CONFIG_SPAN:
		member_text(writer, key->name, clock_format_span(*(const int64_t *)member, span),
			MEMBER_EMPTY);
		return;
	case CONFIG_COUNT: member_int(writer, key->name, *(const int64_t *)member); return;
	case CONFIG_CHOICE:
		member_text(writer, key->name, key->choices[*(const int *)member], MEMBER_EMPTY);
		return;
	case CONFIG_FLAG:
		member_text(writer, key->name, key->choices[*(const bool *)member], MEMBER_EMPTY);
		return;
	case CONFIG_TYPE:
	case CONFIG_NAME: member_text(writer, key->name, member, MEMBER_EMPTY); return;
	case CONFIG_PATH:
		member_text(writer, key->name, *(char *const *)member, MEMBER_NULL);
		return;
	case CONFIG_AGENTS: member_json(writer, key->name, list_json(member)); return;
	case CONFIG_COMMAND:
		/* The program alone: an argument may be a secret, from ${NAME} for one. */
		member_json(writer, key->name, list_json(**(char **const *)member));
		return;
	case CONFIG_LATER:
	case CONFIG_CHECKS: return;
	}
}

static void write_keys(struct member_writer *writer, enum config_section section, const void *in) {
	const struct config_key_table *table = &config_key_tables[section];

	for (size_t i = 0; i < table->n_keys; i++) {
		write_key(writer, &table->keys[i], (const char *)in + table->keys[i].offset);
	}
}

static json_t *forge_json(const void *element) {
	const struct config_forge *forge = element;
	struct member_writer writer;

	member_begin(&writer);
	member_text(&writer, "name", forge->name, MEMBER_EMPTY);
	write_keys(&writer, CONFIG_FORGE, forge);
	return member_end(&writer);
}

static json_t *agent_json(const void *element) {
	const struct config_agent *agent = element;
	struct member_writer writer;

	member_begin(&writer);
	member_text(&writer, "name", agent->name, MEMBER_EMPTY);
	write_keys(&writer, CONFIG_AGENT, agent);
	return member_end(&writer);
}

static json_t *project_json(const void *element) {
	const struct config_project *project = element;
	struct member_writer writer;

	member_begin(&writer);
	member_text(&writer, "pattern", project->pattern, MEMBER_EMPTY);
	write_keys(&writer, CONFIG_POLICY, &project->policy);
	write_keys(&writer, CONFIG_PROJECT, &project->policy);
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
	write_keys(&writer, CONFIG_TOP, config);
	write_keys(&writer, CONFIG_POLICY, &config->defaults);
	member_json(&writer, "forges",
		array_json(config->forges, config->n_forges, sizeof(*config->forges), forge_json));
	member_json(&writer, "agents",
		array_json(config->agents, config->n_agents, sizeof(*config->agents), agent_json));
	member_json(&writer, "projects",
		array_json(config->projects, config->n_projects, sizeof(*config->projects),
			project_json));
	return member_end(&writer);
}
