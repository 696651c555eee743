#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/config_internal.h"
#include "daemon/credential.h"

const struct config_value *config_setting_value(const struct config_setting *setting, size_t i) {
	return cfg_opt_getnptr(setting->opt, (unsigned)i);
}

static const char *value_text(const struct config_setting *setting, size_t i) {
	return config_setting_value(setting, i)->text;
}

void config_refuse(const struct config_setting *setting, size_t i, const char *problem) {
	const struct config_value *value = config_setting_value(setting, i);
	char quoted[CONFIG_QUOTE_MAX];

	config_error(setting->load, setting->source->path, value->line, "key \"%s\": \"%s\" %s",
		setting->key->name, config_quote(value->text, quoted), problem);
}

void config_doubt(const struct config_setting *setting, size_t i, const char *problem) {
	const struct config_value *value = config_setting_value(setting, i);
	char quoted[CONFIG_QUOTE_MAX];

	config_warning(setting->load, setting->source->path, value->line, "key \"%s\": \"%s\" %s",
		setting->key->name, config_quote(value->text, quoted), problem);
}

/* For what may hold a secret, if only by mistake: the value is not said. */
static void refuse_unsaid(const struct config_setting *setting, const char *problem) {
	config_error(setting->load, setting->source->path, config_setting_value(setting, 0)->line,
		"key \"%s\": its value %s", setting->key->name, problem);
}

static void apply_span(const struct config_setting *setting) {
	int64_t ms;
	int r = clock_parse_span(value_text(setting, 0), &ms);

	if (r == -ERANGE) {
		config_refuse(setting, 0, "is too long; at most 100y");
	} else if (r < 0 || ms <= 0) {
		config_refuse(setting, 0,
			"is no duration; a positive number and one of ms, s, m, h, d, y, as in 30m");
	} else {
		*(int64_t *)setting->out = ms;
	}
}

static void apply_count(const struct config_setting *setting) {
	const char *text = value_text(setting, 0);
	char problem[LIMIT_SENTENCE_MAX];
	int64_t n = 0;

	for (; *text >= '0' && *text <= '9' && n <= setting->key->max; text++) {
		n = n * 10 + (*text - '0');
	}
	if (*text || n < 1 || n > setting->key->max) {
		text_format(problem, sizeof(problem),
			"is out of range; a whole number from 1 to %lld",
			(long long)setting->key->max);
		config_refuse(setting, 0, problem);
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
static int choose(const struct config_setting *setting) {
	const char *text = value_text(setting, 0);
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
	config_refuse(setting, 0, problem);
	return -1;
}

static void apply_choice(const struct config_setting *setting) {
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

/* What a name refers to is not checked when a file is broken: it may stand behind the break. */
static bool is_all_read(const struct config_load *load) {
	for (size_t i = 0; i < load->n_sources; i++) {
		if (load->sources[i].broken) {
			return false;
		}
	}
	return true;
}

static void apply_forge_name(const struct config_setting *setting) {
	struct config_load *load = setting->load;
	const char *name = value_text(setting, 0);

	if (is_all_read(load) && !config_find_forge(load->config, name)) {
		config_refuse(setting, 0,
			"is no forge; name one that a section \"forge NAME\" defines, or local");
	}
	text_copy(setting->out, LIMIT_NAME_MAX, name);
}

static bool is_in_chain(const struct policy *policy, const char *name) {
	for (size_t i = 0; i < policy->n_agents; i++) {
		if (strcmp(policy->agents[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static void add_to_chain(const struct config_setting *setting, size_t i, struct policy *policy) {
	const char *name = value_text(setting, i);
	const struct config_agent *agent = config_find_agent(setting->load->config, name);
	bool is_mention;

	if (!agent) {
		if (is_all_read(setting->load)) {
			config_refuse(setting, i,
				"is no agent; name one that a section \"agent NAME\" defines");
		}
		return;
	}
	if (is_in_chain(policy, name)) {
		config_refuse(setting, i, "stands in the list already; an agent is tried once");
		return;
	}
	is_mention = strcmp(agent->type, "mention") == 0;
	policy->agents[policy->n_agents] = (struct policy_agent){
		.findable = is_mention || strcmp(agent->type, "codegen") == 0,
		.life_ms = is_mention ? agent->deadline_ms : 0,
	};
	TEXT_SET(policy->agents[policy->n_agents++].name, name);
}

static void apply_agents(const struct config_setting *setting) {
	struct policy *policy = container_of(setting->out, struct policy, agents);
	char problem[LIMIT_SENTENCE_MAX];

	policy->n_agents = 0;
	for (size_t i = 0; i < setting->opt->nvalues; i++) {
		if (i == LIMIT_CHAIN) {
			text_format(problem, sizeof(problem),
				"is one too many; at most %d agents are tried", LIMIT_CHAIN);
			config_refuse(setting, i, problem);
			return;
		}
		add_to_chain(setting, i, policy);
	}
}

char **config_setting_list(const struct config_setting *setting) {
	size_t n = setting->opt->nvalues;
	char **list = calloc(n + 1, sizeof(*list));
	bool failed = !list;

	for (size_t i = 0; i < n && !failed; i++) {
		list[i] = text_dup(value_text(setting, i), &failed);
	}
	setting->load->out_of_memory |= failed;
	return list;
}

/* Both lists are of a section, which stands in one place: nothing was there before. */
static void apply_list(const struct config_setting *setting) {
	*(char ***)setting->out = config_setting_list(setting);
}

static void apply_command(const struct config_setting *setting) {
	if (value_text(setting, 0)[0] != '/') {
		config_refuse(
			setting, 0, "is not absolute; the path of a program, which begins with /");
		return;
	}
	apply_list(setting);
}

static void apply_globs(const struct config_setting *setting) {
	char problem[LIMIT_SENTENCE_MAX];

	for (size_t i = 0; i < setting->opt->nvalues; i++) {
		if (!text_is_name(value_text(setting, i), LIMIT_NAME_MAX)) {
			config_refuse(setting, i,
				"is no name or glob; 1 to 255 bytes, without control characters");
			return;
		}
	}
	if (setting->opt->nvalues > LIMIT_CONFIG_GLOBS) {
		text_format(problem, sizeof(problem), "is one too many; at most %d of them",
			LIMIT_CONFIG_GLOBS);
		config_refuse(setting, LIMIT_CONFIG_GLOBS, problem);
		return;
	}
	apply_list(setting);
}

/* At the top level several files may say it: the last one counts. */
static void apply_text(const struct config_setting *setting) {
	char **out = setting->out;

	free(*out);
	*out = text_dup(value_text(setting, 0), &setting->load->out_of_memory);
}

static void apply_path(const struct config_setting *setting) {
	if (value_text(setting, 0)[0] != '/') {
		config_refuse(setting, 0, "is not absolute; a path that begins with /");
		return;
	}
	apply_text(setting);
}

static void apply_plain_text(const struct config_setting *setting) {
	if (!text_is_name(value_text(setting, 0), LIMIT_URL_MAX)) {
		config_refuse(
			setting, 0, "is no such text; 1 to 1023 bytes, without control characters");
		return;
	}
	apply_text(setting);
}

static void apply_proxy(const struct config_setting *setting) {
	bool has_login;

	if (!config_is_proxy(value_text(setting, 0), &has_login)) {
		refuse_unsaid(setting,
			"is no URL of a proxy; http://HOST:PORT or https://HOST:PORT, with "
			"USER:PASSWORD@ in front of the host if the proxy wants it");
		return;
	}
	if (has_login && setting->source->is_public) {
		refuse_unsaid(setting,
			"has a user and password, and every user may read this file; set the key in "
			"one of its own, with the daemon's group and the mode 0640, and take the "
			"password for revealed if they are not trusted");
		return;
	}
	apply_text(setting);
}

static void apply_url(const struct config_setting *setting) {
	const char *url = value_text(setting, 0);
	size_t len = strlen(url);

	if (!config_is_url(url)) {
		refuse_unsaid(setting,
			"is no URL of an API; https://HOST[:PORT][/PATH] without user, password, query and "
			"fragment, or http to 127.0.0.0/8, [::1] or localhost");
		return;
	}
	while (url[len - 1] == '/') {
		len--;
	}
	text_format(setting->out, LIMIT_URL_MAX, "%.*s", (int)len, url);
}

static void apply_source(const struct config_setting *setting) {
	const char *source = value_text(setting, 0);
	char problem[LIMIT_SENTENCE_MAX];

	if (!credential_is_source(source, problem)) {
		refuse_unsaid(setting, problem);
		return;
	}
	text_copy(setting->out, LIMIT_URL_MAX, source);
}

static void apply_label(const struct config_setting *setting) {
	if (!config_is_label(value_text(setting, 0))) {
		config_refuse(setting, 0,
			"is no label; 1 to 50 bytes, without commas and control characters");
		return;
	}
	text_copy(setting->out, LIMIT_SUBJECT_MAX, value_text(setting, 0));
}

static void apply_handle(const struct config_setting *setting) {
	const char *handle = value_text(setting, 0);

	handle += handle[0] == '@';
	if (!text_is_handle(handle)) {
		config_refuse(setting, 0,
			"is nobody's name; a GitHub user, as in codegen-sh, or ORGANIZATION/TEAM");
		return;
	}
	text_copy(setting->out, LIMIT_SUBJECT_MAX, handle);
}

/* Escapes and environment variables can make of UTF-8 what is none. */
static bool values_are_text(const struct config_setting *setting) {
	for (size_t i = 0; i < setting->opt->nvalues; i++) {
		const char *text = value_text(setting, i);

		if (!text_is_utf8(text, strlen(text))) {
			config_refuse(setting, i, "is no text; it must be UTF-8");
			return false;
		}
	}
	return true;
}

static void (*const apply[])(const struct config_setting *setting) = {
	[CONFIG_SPAN] = apply_span,
	[CONFIG_COUNT] = apply_count,
	[CONFIG_CHOICE] = apply_choice,
	[CONFIG_FLAG] = apply_choice,
	[CONFIG_TYPE] = apply_choice,
	[CONFIG_NAME] = apply_forge_name,
	[CONFIG_TEXT] = apply_plain_text,
	[CONFIG_PATH] = apply_path,
	[CONFIG_PROXY] = apply_proxy,
	[CONFIG_URL] = apply_url,
	[CONFIG_SOURCE] = apply_source,
	[CONFIG_LABEL] = apply_label,
	[CONFIG_HANDLE] = apply_handle,
	[CONFIG_COMMAND] = apply_command,
	[CONFIG_GLOBS] = apply_globs,
	[CONFIG_AGENTS] = apply_agents,
	[CONFIG_SUBMITTERS] = config_apply_submitters,
};

void config_apply_setting(const struct config_setting *setting) {
	if (values_are_text(setting)) {
		apply[setting->key->kind](setting);
	}
}
