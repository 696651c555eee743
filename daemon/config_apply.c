#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/config_internal.h"

/* A section of a file, or all of it. */
struct place {
	struct config_load *load;
	const struct config_source *source;
	cfg_t *section;
	json_t *origins; /* borrowed: where the settings of it stand */
};

static struct config_setting make_setting(
	const struct place *place, const struct config_key *key, void *out) {
	return (struct config_setting){
		.load = place->load,
		.source = place->source,
		.key = key,
		.opt = cfg_getopt(place->section, key->name),
		.out = out != NULL ? (char *)out + key->offset : NULL,
	};
}

/* The last value is empty when parsing stopped in the middle of it. */
static bool is_set(cfg_opt_t *opt) {
	unsigned n = cfg_opt_size(opt);

	return n > 0 && cfg_opt_getnptr(opt, n - 1);
}

static void apply_keys(const struct place *place, enum config_section which, void *out) {
	const struct config_key_table *table = &config_key_tables[which];

	for (size_t i = 0; i < table->n_keys; i++) {
		struct config_setting setting = make_setting(place, &table->keys[i], out);

		if (is_set(setting.opt)) {
			config_apply_setting(&setting);
			config_note_origin(place->origins, &setting);
		}
	}
}

/* A section of that name in an earlier file: an error that names both places. */
static bool is_defined_before(const struct place *place) {
	struct config_load *load = place->load;
	const struct config_source *source = place->source;
	const cfg_t *section = place->section;
	char quoted[CONFIG_QUOTE_MAX];

	for (const struct config_source *before = load->sources; before < source; before++) {
		const cfg_t *first =
			before->cfg ? cfg_gettsec(before->cfg, section->name, section->title) : NULL;

		if (first) {
			config_error(load, source->path, config_section_line(source, section),
				"section %s \"%s\": it is defined in %s:%d already; a section stands in "
				"one place",
				section->name, config_quote(section->title, quoted), before->path,
				config_section_line(before, first));
			return true;
		}
	}
	return false;
}

/* Room for one more element of `*array`, zeroed; NULL: the section is refused. `max`: how many there may be. */
static void *add_section(const struct place *place, void *array, size_t *n, size_t size, size_t max) {
	char quoted[CONFIG_QUOTE_MAX];
	char *grown;

	if (*n >= max) {
		config_error(place->load, place->source->path,
			config_section_line(place->source, place->section),
			"section %s \"%s\": one too many; at most %zu of its kind",
			place->section->name, config_quote(place->section->title, quoted), max);
		return NULL;
	}
	grown = reallocarray(*(void **)array, *n + 1, size);
	if (!grown) {
		place->load->out_of_memory = true;
		return NULL;
	}
	*(void **)array = grown;
	grown += (*n)++ * size;
	memset(grown, 0, size);
	return grown;
}

static bool section_is_named(const struct place *place) {
	const cfg_t *section = place->section;
	char quoted[CONFIG_QUOTE_MAX];
	bool is_project = strcmp(section->name, "project") == 0;

	if (is_project ? text_is_name(section->title, LIMIT_NAME_MAX)
		       : config_is_name(section->title)) {
		return !is_defined_before(place);
	}
	config_error(place->load, place->source->path, config_section_line(place->source, section),
		"section %s \"%s\": not a name; %s", section->name,
		config_quote(section->title, quoted),
		is_project ? "OWNER/NAME or a glob, at most 255 bytes, without control characters"
			   : "1 to 64 letters, digits, \"-\", \"_\" or \".\"");
	return false;
}

/* Whose keys are checked: an agent; a forge, or the forge of a project. */
struct owner {
	const char *kind; /* "agent" or "forge" */
	const char *name;
	const char *type; /* "": unknown, which alone is wrong then */
};

static void refuse_other_type(const struct config_setting *setting, const struct owner *owner) {
	char types[LIMIT_NAME_MAX] = "";
	char quoted[CONFIG_QUOTE_MAX];

	for (size_t i = 0; setting->key->types[i]; i++) {
		size_t len = strlen(types);

		text_format(types + len, sizeof(types) - len, "%s%s", len ? " or " : "",
			setting->key->types[i]);
	}
	config_error(setting->load, setting->source->path, config_setting_value(setting, 0)->line,
		"key \"%s\": it is for %ss of type %s, and \"%s\" is of type %s; leave it out",
		setting->key->name, owner->kind, types, config_quote(owner->name, quoted),
		owner->type);
}

/* What must and must not stand beside the key. */
static void check_neighbours(const struct place *place, const struct config_setting *setting) {
	const struct config_key *key = setting->key;
	int line = config_setting_value(setting, 0)->line;

	if (key->needs && !is_set(cfg_getopt(place->section, key->needs))) {
		config_error(place->load, place->source->path, line,
			"key \"%s\": it needs the key \"%s\" beside it", key->name, key->needs);
	}
	if (key->excludes && is_set(cfg_getopt(place->section, key->excludes))) {
		config_error(place->load, place->source->path, line,
			"key \"%s\": it cannot stand beside the key \"%s\"; leave one of them out",
			key->name, key->excludes);
	}
}

/* Whether the section has the keys of its type, all that are required and no others. */
static void check_keys(
	const struct place *place, enum config_section which, const struct owner *owner) {
	const struct config_key_table *table = &config_key_tables[which];
	char quoted[CONFIG_QUOTE_MAX];

	for (size_t i = 0; i < table->n_keys; i++) {
		const struct config_key *key = &table->keys[i];
		struct config_setting setting = make_setting(place, key, NULL);
		bool belongs = config_key_is_of(key, owner->type);

		if (is_set(setting.opt) && !belongs && owner->type[0] != '\0') {
			refuse_other_type(&setting, owner);
		} else if (is_set(setting.opt) && belongs && !place->source->broken) {
			check_neighbours(place, &setting);
		} else if (!is_set(setting.opt) && belongs && key->missing && !place->source->broken) {
			config_error(place->load, place->source->path,
				config_section_line(place->source, place->section),
				"key \"%s\": missing in %s \"%s\"; %s", key->name, owner->kind,
				config_quote(owner->name, quoted), key->missing);
		}
	}
}

/* The type that the section says; `unsaid` when it says none. */
static const char *section_type(cfg_t *section, const char *unsaid) {
	cfg_opt_t *opt = cfg_getopt(section, "type");
	const struct config_value *value = is_set(opt) ? cfg_opt_getnptr(opt, 0) : NULL;

	return value ? value->text : unsaid;
}

static void apply_forge(const struct place *place) {
	struct config *config = place->load->config;
	const struct config_forge *defaults = config_forge_defaults(section_type(place->section, ""));
	struct config_forge *forge = add_section(
		place, &config->forges, &config->n_forges, sizeof(*forge), LIMIT_CONFIG_FORGES - 1);

	if (!forge) {
		return;
	}
	*forge = defaults ? *defaults : (struct config_forge){ 0 };
	TEXT_SET(forge->name, place->section->title);
	apply_keys(place, CONFIG_FORGE, forge);
	check_keys(place, CONFIG_FORGE, &(struct owner){ "forge", forge->name, forge->type });
	if (forge->graphql_url[0] == '\0' && forge->api_url[0] != '\0') {
		config_graphql_url(forge->api_url, forge->graphql_url);
	}
}

static void apply_agent(const struct place *place) {
	struct config *config = place->load->config;
	const struct config_agent *defaults =
		config_agent_defaults(section_type(place->section, "command"));
	struct config_agent *agent = add_section(
		place, &config->agents, &config->n_agents, sizeof(*agent), LIMIT_CONFIG_AGENTS);

	if (!agent) {
		return;
	}
	*agent = defaults ? *defaults : (struct config_agent){ 0 };
	TEXT_SET(agent->name, place->section->title);
	apply_keys(place, CONFIG_AGENT, agent);
	check_keys(place, CONFIG_AGENT, &(struct owner){ "agent", agent->name, agent->type });
}

static bool is_of_type(const struct config_agent *agent, const char *type) {
	return agent && strcmp(agent->type, type) == 0;
}

/* The forge `local` has no comments: nobody would be asked. */
static void refuse_mentions(const struct place *place, const struct config_forge *forge) {
	const struct config_key chain = { .name = "agents" };
	struct config_setting setting = make_setting(place, &chain, NULL);
	char problem[LIMIT_SENTENCE_MAX];

	for (size_t i = 0; is_set(setting.opt) && i < setting.opt->nvalues; i++) {
		const char *name = config_setting_value(&setting, i)->text;

		if (is_of_type(config_find_agent(place->load->config, name), "mention")) {
			text_format(problem, sizeof(problem),
				"is an agent of type mention, and the forge \"%s\" has no comments to ask "
				"it in; name other agents, or a forge of type github",
				forge->name);
			config_refuse(&setting, i, problem);
		}
	}
}

static void check_project(const struct place *place, struct config_project *project) {
	const struct config_forge *forge =
		config_find_forge(place->load->config, project->policy.forge);
	struct owner owner;

	if (!forge) {
		return; /* said already */
	}
	project->policy.forge_tells = strcmp(forge->type, "github") == 0;
	owner = (struct owner){ "forge", forge->name, forge->type };
	check_keys(place, CONFIG_CHECKS, &owner);
	check_keys(place, CONFIG_PROJECT, &owner);
	if (strcmp(forge->type, "local") == 0) {
		refuse_mentions(place, forge);
	}
}

static void apply_project(const struct place *place) {
	struct config *config = place->load->config;
	struct config_project *project = add_section(place, &config->projects, &config->n_projects,
		sizeof(*project), LIMIT_CONFIG_PROJECTS);

	if (!project) {
		return;
	}
	TEXT_SET(project->pattern, place->section->title);
	project->policy = config->defaults;
	project->checks = config->default_checks;
	project->submitters = config->submitters;
	apply_keys(place, CONFIG_POLICY, &project->policy);
	apply_keys(place, CONFIG_CHECKS, &project->checks);
	apply_keys(place, CONFIG_PROJECT, project);
	check_project(place, project);
}

static void apply_sections(
	struct config_load *load, const char *name, void (*apply)(const struct place *place)) {
	for (size_t i = 0; i < load->n_sources; i++) {
		const struct config_source *source = &load->sources[i];
		size_t n = source->cfg ? cfg_size(source->cfg, name) : 0;

		for (size_t k = 0; k < n; k++) {
			struct place place = { .load = load,
				.source = source,
				.section = cfg_getnsec(source->cfg, name, (unsigned)k) };

			if (section_is_named(&place)) {
				place.origins = config_origins_section(load, name);
				apply(&place);
			}
		}
	}
}

/* The forge `local` is always there. The only one that the files define is everybody's. */
static void complete_forges(struct config_load *load) {
	struct config *config = load->config;
	const struct config_forge *only = config->n_forges == 1 ? config->forges : NULL;
	struct config_forge *forges;

	TEXT_SET(config->defaults.forge, only ? only->name : "local");
	config->defaults.forge_tells = only && strcmp(only->type, "github") == 0;
	if (config_find_forge(config, "local")) {
		return;
	}
	forges = reallocarray(config->forges, config->n_forges + 1, sizeof(*forges));
	if (!forges) {
		load->out_of_memory = true;
		return;
	}
	config->forges = forges;
	forges[config->n_forges] = *config_forge_defaults("local");
	TEXT_SET(forges[config->n_forges++].name, "local");
}

static bool has_mention_agent(const struct config *config, const struct policy *policy) {
	for (size_t i = 0; i < policy->n_agents; i++) {
		if (is_of_type(config_find_agent(config, policy->agents[i].name), "mention")) {
			return true;
		}
	}
	return false;
}

static void find_mentions(struct config *config) {
	for (size_t i = 0; i < config->n_forges; i++) {
		struct config_forge *forge = &config->forges[i];

		for (size_t k = 0; k < config->n_projects && !forge->has_mention_agent; k++) {
			const struct policy *policy = &config->projects[k].policy;

			forge->has_mention_agent = strcmp(policy->forge, forge->name) == 0 &&
				has_mention_agent(config, policy);
		}
	}
}

void config_apply(struct config_load *load) {
	struct config *config = load->config;

	for (size_t i = 0; i < load->n_sources; i++) {
		const struct config_source *source = &load->sources[i];
		struct place place = { load, source, source->cfg, config->origins };

		if (source->cfg) {
			apply_keys(&place, CONFIG_TOP, config);
			apply_keys(&place, CONFIG_POLICY, &config->defaults);
			apply_keys(&place, CONFIG_CHECKS, &config->default_checks);
		}
	}
	apply_sections(load, "forge", apply_forge);
	apply_sections(load, "agent", apply_agent);
	complete_forges(load);
	/* Last: a project begins as the defaults of all files and names forges and agents of any. */
	apply_sections(load, "project", apply_project);
	find_mentions(config);
	config_find_members(load);
}
