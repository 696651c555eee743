#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/config_internal.h"

#define LIST_TEXT_MAX 256
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

/* One value being applied: where it stands and where it goes. */
struct setting {
	struct config_load *load;
	const struct config_source *source;
	const struct config_key *key;
	cfg_opt_t *opt;
	void *out; /* the key's member in its struct */
};

static const struct config_value *setting_value(const struct setting *setting, size_t i) {
	return cfg_opt_getnptr(setting->opt, (unsigned)i);
}

/* `FILE:LINE: key "K": "VALUE" PROBLEM`. */
static void refuse(const struct setting *setting, size_t i, const char *problem) {
	const struct config_value *value = setting_value(setting, i);
	char quoted[CONFIG_QUOTE_MAX];

	config_error(setting->load, setting->source->path, value->line, "key \"%s\": \"%s\" %s",
		setting->key->name, config_quote(value->text, quoted), problem);
}

static void apply_span(const struct setting *setting) {
	int64_t ms;
	int r = clock_parse_span(setting_value(setting, 0)->text, &ms);

	if (r == -ERANGE) {
		refuse(setting, 0, "is too long; at most 100y");
	} else if (r < 0 || ms <= 0) {
		refuse(setting, 0,
			"is no duration; a positive number and one of ms, s, m, h, d, y, as in 30m");
	} else {
		*(int64_t *)setting->out = ms;
	}
}

static void apply_count(const struct setting *setting) {
	const char *text = setting_value(setting, 0)->text;
	char problem[LIMIT_SENTENCE_MAX];
	int64_t n = 0;

	for (; *text >= '0' && *text <= '9' && n <= setting->key->max; text++) {
		n = n * 10 + (*text - '0');
	}
	if (*text || n < 1 || n > setting->key->max) {
		text_format(problem, sizeof(problem),
			"is out of range; a whole number from 1 to %lld",
			(long long)setting->key->max);
		refuse(setting, 0, problem);
		return;
	}
	*(int64_t *)setting->out = n;
}

static int find_text(const char *const *texts, const char *text) {
	for (int i = 0; texts && texts[i]; i++) {
		if (strcmp(texts[i], text) == 0) {
			return i;
		}
	}
	return -1;
}

/* The choice's number; -1: it was refused. */
static int choose(const struct setting *setting) {
	const char *text = setting_value(setting, 0)->text;
	int choice = find_text(setting->key->choices, text);
	bool later = find_text(setting->key->later, text) >= 0;
	char problem[LIMIT_SENTENCE_MAX];
	size_t len;

	if (choice >= 0) {
		return choice;
	}
	text_format(problem, sizeof(problem), "%s",
		later ? "is not in this version yet; it has only" : "is not known; allowed are");
	for (size_t i = 0; setting->key->choices[i]; i++) {
		len = strlen(problem);
		text_format(problem + len, sizeof(problem) - len, "%s %s", i ? "," : "",
			setting->key->choices[i]);
	}
	refuse(setting, 0, problem);
	return -1;
}

static bool is_config_name(const char *name) {
	size_t len = strlen(name);

	return len > 0 && len < LIMIT_CONFIG_NAME_MAX && strspn(name, NAME_CHARACTERS) == len;
}

static void apply_choice(const struct setting *setting) {
	int choice = choose(setting);

	if (choice < 0) {
		return;
	}
	switch (setting->key->kind) {
	case CONFIG_CHOICE: *(int *)setting->out = choice; break;
	case CONFIG_FLAG: *(bool *)setting->out = choice == 1; break;
	default: text_copy(setting->out, LIMIT_NAME_MAX, setting->key->choices[choice]); break;
	}
}

/* Every name of the list must be a section's; not checked when a file is broken, it may stand behind the break. */
static void apply_names(const struct setting *setting, bool agents) {
	struct config_load *load = setting->load;
	bool broken = false;

	for (size_t i = 0; i < load->n_sources; i++) {
		broken |= load->sources[i].broken;
	}
	for (size_t i = 0; i < setting->opt->nvalues && !broken; i++) {
		const char *name = setting_value(setting, i)->text;

		if (agents && !config_find_agent(load->config, name)) {
			refuse(setting, i,
				"is no agent; name one that a section \"agent NAME\" defines");
		} else if (!agents && !config_find_forge(load->config, name)) {
			refuse(setting, i,
				"is no forge; name one that a section \"forge NAME\" defines, or local");
		}
	}
	if (agents && setting->opt->nvalues > 1) {
		refuse(setting, 1, "is one too many; this version triggers one agent");
	}
	if (setting->opt->nvalues > 0 && !agents) {
		text_copy(setting->out, LIMIT_NAME_MAX, setting_value(setting, 0)->text);
	} else if (setting->opt->nvalues > 0) {
		struct policy *policy = container_of(setting->out, struct policy, agents);

		policy->n_agents = 1;
		TEXT_SET(policy->agents[0].name, setting_value(setting, 0)->text);
	}
}

static void apply_command(const struct setting *setting) {
	size_t n = setting->opt->nvalues;
	char **command = calloc(n + 1, sizeof(*command));
	bool failed = !command;
	const char *program = setting_value(setting, 0)->text;

	if (program[0] != '\0' && program[0] != '/') {
		refuse(setting, 0, "is not absolute; the path of a program, which begins with /");
	}

	for (size_t i = 0; i < n && !failed; i++) {
		command[i] = text_dup(setting_value(setting, i)->text, &failed);
	}
	*(char ***)setting->out = command;
	setting->load->out_of_memory |= failed;
}

static void apply_path(const struct setting *setting) {
	const char *path = setting_value(setting, 0)->text;

	if (path[0] != '/') {
		refuse(setting, 0, "is not absolute; a path that begins with /");
		return;
	}
	*(char **)setting->out = text_dup(path, &setting->load->out_of_memory);
}

/* Escapes and environment variables can make of UTF-8 what is none. */
static bool values_are_text(const struct setting *setting) {
	for (size_t i = 0; i < setting->opt->nvalues; i++) {
		const char *text = setting_value(setting, i)->text;

		if (!text_is_utf8(text, strlen(text))) {
			refuse(setting, i, "is no text; it must be UTF-8");
			return false;
		}
	}
	return true;
}

static void apply_setting(const struct setting *setting) {
	if (!values_are_text(setting)) {
		return;
	}
	switch (setting->key->kind) {
	case CONFIG_SPAN: apply_span(setting); break;
	case CONFIG_COUNT: apply_count(setting); break;
	case CONFIG_CHOICE:
	case CONFIG_FLAG:
	case CONFIG_TYPE: apply_choice(setting); break;
	case CONFIG_NAME: apply_names(setting, false); break;
	case CONFIG_AGENTS: apply_names(setting, true); break;
	case CONFIG_COMMAND: apply_command(setting); break;
	case CONFIG_PATH: apply_path(setting); break;
	case CONFIG_LATER:
	case CONFIG_CHECKS: break; /* see refuse_checks() */
	}
}

static void apply_keys(struct config_load *load, const struct config_source *source, cfg_t *section,
	enum config_section which, void *out) {
	const struct config_key_table *table = &config_key_tables[which];

	for (size_t i = 0; i < table->n_keys; i++) {
		struct setting setting = {
			.load = load,
			.source = source,
			.key = &table->keys[i],
			.opt = cfg_getopt(section, table->keys[i].name),
			.out = (char *)out + table->keys[i].offset,
		};

		unsigned n = cfg_opt_size(setting.opt);

		/* The last one is empty when parsing stopped in the middle of it. */
		if (n > 0 && cfg_opt_getnptr(setting.opt, n - 1)) {
			apply_setting(&setting);
		}
	}
}

/* A section of that name in an earlier file: an error that names both places. */
static bool is_defined_before(
	struct config_load *load, const struct config_source *source, const cfg_t *section) {
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

/*
 * Room for one more element of `*array`, zeroed; NULL: the section is refused. `what` is the section's name and
 * `max` how many there may be.
 */
static void *add_section(struct config_load *load, const struct config_source *source,
	const cfg_t *section, void *array, size_t *n, size_t size, size_t max) {
	char *grown;

	if (*n >= max) {
		config_error(load, source->path, config_section_line(source, section),
			"section %s \"%s\": one too many; at most %zu of its kind", section->name,
			section->title, max);
		return NULL;
	}
	grown = reallocarray(*(void **)array, *n + 1, size);
	if (!grown) {
		load->out_of_memory = true;
		return NULL;
	}
	*(void **)array = grown;
	grown += (*n)++ * size;
	memset(grown, 0, size);
	return grown;
}

static bool section_is_named(
	struct config_load *load, const struct config_source *source, const cfg_t *section) {
	char quoted[CONFIG_QUOTE_MAX];
	bool is_project = strcmp(section->name, "project") == 0;

	if (is_project ? text_is_name(section->title, LIMIT_NAME_MAX)
		       : is_config_name(section->title)) {
		return !is_defined_before(load, source, section);
	}
	config_error(load, source->path, config_section_line(source, section),
		"section %s \"%s\": not a name; %s", section->name,
		config_quote(section->title, quoted),
		is_project ? "OWNER/NAME or a glob, at most 255 bytes, without control characters"
			   : "1 to 64 letters, digits, \"-\", \"_\" or \".\"");
	return false;
}

static void apply_forge(struct config_load *load, const struct config_source *source, cfg_t *section) {
	struct config *config = load->config;
	struct config_forge *forge = add_section(load, source, section, &config->forges,
		&config->n_forges, sizeof(*forge), LIMIT_CONFIG_FORGES - 1);

	if (!forge) {
		return;
	}
	TEXT_SET(forge->name, section->title);
	apply_keys(load, source, section, CONFIG_FORGE, forge);
	if (cfg_size(section, "type") == 0 && !source->broken) {
		config_error(load, source->path, config_section_line(source, section),
			"key \"type\": missing in forge \"%s\"; this version has only local",
			forge->name);
	}
}

static bool names_program(cfg_t *section) {
	cfg_opt_t *command = cfg_getopt(section, "command");
	const struct config_value *program = cfg_opt_getnptr(command, 0);

	return program && *program->text;
}

/* What an agent of another type needs is not known: its type alone is wrong then. */
static bool is_known_agent_type(cfg_t *section) {
	const struct config_value *type = cfg_opt_getnptr(cfg_getopt(section, "type"), 0);

	return !type || strcmp(type->text, "command") == 0;
}

static void apply_agent(struct config_load *load, const struct config_source *source, cfg_t *section) {
	struct config *config = load->config;
	struct config_agent *agent = add_section(load, source, section, &config->agents,
		&config->n_agents, sizeof(*agent), LIMIT_CONFIG_AGENTS);

	if (!agent) {
		return;
	}
	TEXT_SET(agent->name, section->title);
	TEXT_SET(agent->type, "command");
	agent->timeout_ms = CONFIG_AGENT_TIMEOUT_MS;
	agent->concurrency = 1;
	apply_keys(load, source, section, CONFIG_AGENT, agent);
	if (is_known_agent_type(section) && !names_program(section) && !source->broken) {
		config_error(load, source->path, config_section_line(source, section),
			"key \"command\": missing in agent \"%s\"; a list of the program and its "
			"arguments, as in { \"/usr/local/bin/fix\" }",
			agent->name);
	}
}

/* A forge that knows no checks would leave silently undone what the file asks for. */
static void refuse_checks(struct config_load *load, const struct config_source *source,
	cfg_t *section, const char *forge_name) {
	const struct config_forge *forge = config_find_forge(load->config, forge_name);
	const struct config_key_table *table = &config_key_tables[CONFIG_PROJECT];
	char quoted[CONFIG_QUOTE_MAX];

	for (size_t i = 0; i < table->n_keys && forge; i++) {
		const struct config_key *key = &table->keys[i];
		const struct config_value *value = key->kind == CONFIG_CHECKS
			? cfg_opt_getnptr(cfg_getopt(section, key->name), 0)
			: NULL;

		if (value) {
			config_error(load, source->path, value->line,
				"key \"%s\": a forge of type %s, as \"%s\" is, knows no checks, only "
				"builds; leave it out",
				key->name, forge->type, config_quote(forge->name, quoted));
		}
	}
}

static void apply_project(
	struct config_load *load, const struct config_source *source, cfg_t *section) {
	struct config *config = load->config;
	struct config_project *project = add_section(load, source, section, &config->projects,
		&config->n_projects, sizeof(*project), LIMIT_CONFIG_PROJECTS);

	if (!project) {
		return;
	}
	TEXT_SET(project->pattern, section->title);
	project->policy = config->defaults;
	apply_keys(load, source, section, CONFIG_POLICY, &project->policy);
	apply_keys(load, source, section, CONFIG_PROJECT, &project->policy);
	refuse_checks(load, source, section, project->policy.forge);
}

static void apply_sections(struct config_load *load, const char *name,
	void (*apply)(struct config_load *, const struct config_source *, cfg_t *)) {
	for (size_t i = 0; i < load->n_sources; i++) {
		const struct config_source *source = &load->sources[i];
		size_t n = source->cfg ? cfg_size(source->cfg, name) : 0;

		for (size_t k = 0; k < n; k++) {
			cfg_t *section = cfg_getnsec(source->cfg, name, (unsigned)k);

			if (section_is_named(load, source, section)) {
				apply(load, source, section);
			}
		}
	}
}

/* The forge `local` is always there. The only one that the files define is everybody's. */
static void add_local_forge(struct config_load *load) {
	struct config *config = load->config;
	struct config_forge *forges;

	TEXT_SET(config->defaults.forge, config->n_forges == 1 ? config->forges[0].name : "local");
	if (config_find_forge(config, "local")) {
		return;
	}
	forges = reallocarray(config->forges, config->n_forges + 1, sizeof(*forges));
	if (!forges) {
		load->out_of_memory = true;
		return;
	}
	config->forges = forges;
	forges[config->n_forges++] = (struct config_forge){ .name = "local", .type = "local" };
}

void config_apply(struct config_load *load) {
	struct config *config = load->config;

	for (size_t i = 0; i < load->n_sources; i++) {
		const struct config_source *source = &load->sources[i];

		if (source->cfg) {
			apply_keys(load, source, source->cfg, CONFIG_TOP, config);
			apply_keys(load, source, source->cfg, CONFIG_POLICY, &config->defaults);
		}
	}
	apply_sections(load, "forge", apply_forge);
	apply_sections(load, "agent", apply_agent);
	add_local_forge(load);
	/* Last: a project begins as the defaults of all files and names forges and agents of any. */
	apply_sections(load, "project", apply_project);
}
