/*
 * Where the values in force come from: "FILE:LINE" of each that a file says, kept beside the configuration in the shape
 * in which it is told. What nobody says is not kept, and is told to be a default.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/config_internal.h"
#include "daemon/model/member.h"

#define BY_DEFAULT "default"

/* The arrays, by what they are about. */
#define FORGES "forges"
#define AGENTS "agents"
#define PROJECTS "projects"

json_t *config_origins_begin(void) {
	return json_pack("{s:[], s:[], s:[]}", FORGES, AGENTS, PROJECTS);
}

json_t *config_origins_section(struct config_load *load, const char *kind) {
	char name[LIMIT_CONFIG_NAME_MAX];
	json_t *section = json_object();

	(void)text_format(name, sizeof(name), "%ss", kind);
	if (json_array_append_new(json_object_get(load->config->origins, name), section) < 0) {
		load->out_of_memory = true;
		return NULL;
	}
	return section;
}

/* The place of a list is where its first value stands. */
void config_note_origin(json_t *origins, const struct config_setting *setting) {
	_cleanup_(freep) char *path =
		text_clean(setting->source->path, strlen(setting->source->path));
	_cleanup_(freep) char *origin = NULL;

	if (!path || asprintf(&origin, "%s:%d", path, config_setting_value(setting, 0)->line) < 0) {
		origin = NULL;
	}
	if (!origin || json_object_set_new(origins, setting->key->name, json_string(origin)) < 0) {
		setting->load->out_of_memory = true;
	}
}

/* Telling it */

/* `own`: of the section; `inherited`: of the defaults that it began with; both may be NULL. */
static void write_keys(struct member_writer *writer, enum config_section which, const char *type,
	const json_t *own, const json_t *inherited) {
	const struct config_key_table *table = &config_key_tables[which];

	for (size_t i = 0; i < table->n_keys; i++) {
		const struct config_key *key = &table->keys[i];
		const json_t *origin = json_object_get(own, key->name);

		if (type && !config_key_is_of(key, type)) {
			continue;
		}
		if (!origin) {
			origin = json_object_get(inherited, key->name);
		}
		/* An array of sections may have the name of a key. */
		member_text(writer, key->name,
			json_is_string(origin) ? json_string_value(origin) : BY_DEFAULT,
			MEMBER_EMPTY);
	}
}

static json_t *forge_json(const struct config *config, size_t i, const json_t *own) {
	const struct config_forge *forge = &config->forges[i];
	struct member_writer writer;

	member_begin(&writer);
	member_text(&writer, "name", forge->name, MEMBER_EMPTY);
	write_keys(&writer, CONFIG_FORGE, forge->type, own, NULL);
	return member_end(&writer);
}

static json_t *agent_json(const struct config *config, size_t i, const json_t *own) {
	const struct config_agent *agent = &config->agents[i];
	struct member_writer writer;

	member_begin(&writer);
	member_text(&writer, "name", agent->name, MEMBER_EMPTY);
	write_keys(&writer, CONFIG_AGENT, agent->type, own, NULL);
	return member_end(&writer);
}

static json_t *project_json(const struct config *config, size_t i, const json_t *own) {
	struct member_writer writer;

	member_begin(&writer);
	member_text(&writer, "pattern", config->projects[i].pattern, MEMBER_EMPTY);
	write_keys(&writer, CONFIG_POLICY, NULL, own, config->origins);
	write_keys(&writer, CONFIG_CHECKS, NULL, own, config->origins);
	write_keys(&writer, CONFIG_PROJECT, NULL, own, config->origins);
	return member_end(&writer);
}

static json_t *array_json(const struct config *config, size_t n, const char *name,
	json_t *(*element_json)(const struct config *config, size_t i, const json_t *own)) {
	const json_t *sections = json_object_get(config->origins, name);
	json_t *list = json_array();

	for (size_t i = 0; list && i < n; i++) {
		if (json_array_append_new(
			    list, element_json(config, i, json_array_get(sections, i))) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *config_origins_to_json(const struct config *config) {
	struct member_writer writer;

	member_begin(&writer);
	write_keys(&writer, CONFIG_TOP, NULL, config->origins, NULL);
	write_keys(&writer, CONFIG_POLICY, NULL, config->origins, NULL);
	write_keys(&writer, CONFIG_CHECKS, NULL, config->origins, NULL);
	member_json(&writer, FORGES, array_json(config, config->n_forges, FORGES, forge_json));
	member_json(&writer, AGENTS, array_json(config, config->n_agents, AGENTS, agent_json));
	member_json(
		&writer, PROJECTS, array_json(config, config->n_projects, PROJECTS, project_json));
	return member_end(&writer);
}
