#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/config_internal.h"

/* What a parser takes at most: its options, and of each byte of the text. */
#define PARSER_RESERVE_BYTES ((size_t)512 * 1024)
#define PARSER_BYTES_FOR_EACH 16

#define OPTIONS_MAX 32
#define LIST_TEXT_MAX 512

/*
 * Whose file is being parsed. libconfuse hands its error function nothing of ours; its lexer is one for the process
 * anyway, and so is the thread that loads.
 */
static struct {
	struct config_load *load;
	struct config_source *source;
	char unknown[LIMIT_NAME_MAX]; /* the key or section it ended at; "" none */
	int unknown_line;
} parsing;

/* libconfuse's messages that name one key, as we say them. */
static const struct {
	const char *theirs;
	const char *ours;
} key_errors[] = {
	{ "attempt to append to non-list option '%s'", "\"+=\" adds to lists only; use \"=\"" },
	{ "missing equal sign after option '%s'", "\"=\" is missing after it" },
	{ "missing opening brace for section '%s'",
		"it is a section; \"{\" is missing after its name" },
	{ "missing title for section '%s'", "it is a section; its name is missing" },
};

static void report_unknown(cfg_t *cfg, const char *key) {
	char quoted[CONFIG_QUOTE_MAX];
	char allowed[LIST_TEXT_MAX] = "";

	for (const cfg_opt_t *opt = cfg->opts; opt->name; opt++) {
		size_t len = strlen(allowed);

		text_format(allowed + len, sizeof(allowed) - len, "%s%s", len ? ", " : "", opt->name);
	}
	config_error(parsing.load, parsing.source->path, cfg->line,
		"key \"%s\": not known here; allowed are %s", config_quote(key, quoted), allowed);
	TEXT_SET(parsing.unknown, key);
	parsing.unknown_line = cfg->line;
}

static void report_duplicate(cfg_t *cfg, const char *title) {
	char quoted[CONFIG_QUOTE_MAX];
	int first_line = 0;

	for (cfg_opt_t *opt = cfg->opts; opt->name && first_line == 0; opt++) {
		const cfg_t *section = opt->type == CFGT_SEC ? cfg_opt_gettsec(opt, title) : NULL;

		if (section) {
			first_line = config_section_line(parsing.source, section);
		}
	}
	config_error(parsing.load, parsing.source->path, cfg->line,
		"section \"%s\": it is defined in line %d already; a section stands in one place",
		config_quote(title, quoted), first_line);
}

static printf_like(2, 0) void confuse_said(cfg_t *cfg, const char *fmt, va_list ap) {
	char message[LIMIT_SENTENCE_MAX];
	char quoted[CONFIG_QUOTE_MAX];

	if (!parsing.load) {
		return; /* a look-up after the parsing: no mistake of the file */
	}
	if (text_equal(fmt, "no such option '%s'")) {
		report_unknown(cfg, va_arg(ap, const char *));
		return;
	}
	if (text_equal(fmt, "found duplicate title '%s'")) {
		report_duplicate(cfg, va_arg(ap, const char *));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(key_errors); i++) {
		if (text_equal(fmt, key_errors[i].theirs)) {
			config_error(parsing.load, parsing.source->path, cfg->line, "key \"%s\": %s",
				config_quote(va_arg(ap, const char *), quoted), key_errors[i].ours);
			return;
		}
	}
	vsnprintf(message, sizeof(message), fmt, ap);
	config_error(parsing.load, parsing.source->path, cfg->line, "syntax: %s",
		config_quote(message, quoted));
}

/* Called for every value. "section|key" would reach into another section: a key is what its own section has. */
static int read_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result) {
	struct config_value *read;
	const cfg_opt_t *own = cfg->opts;

	while (own->name && own != opt) {
		own++;
	}
	if (!own->name) {
		cfg_error(cfg, "\"|\" has no meaning in the name of a key");
		return -1;
	}
	read = malloc(sizeof(*read) + strlen(value) + 1);
	if (!read) {
		parsing.load->out_of_memory = true;
		return -1;
	}
	read->line = cfg->line;
	memcpy(read->text, value, strlen(value) + 1);
	*(void **)result = read;
	return 0;
}

static cfg_opt_t key_option(const struct config_key *key) {
	if (key->kind >= CONFIG_COMMAND) { /* the lists */
		return (cfg_opt_t)CFG_PTR_LIST_CB(key->name, NULL, CFGF_NONE, read_value, free);
	}
	return (cfg_opt_t)CFG_PTR_CB(key->name, NULL, CFGF_NONE, read_value, free);
}

/* Appends a table's keys and the mark of the end. Returns the number of options. */
static size_t add_options(cfg_opt_t opts[OPTIONS_MAX], size_t n, enum config_section section) {
	const struct config_key_table *table = &config_key_tables[section];

	for (size_t i = 0; i < table->n_keys && n + 1 < OPTIONS_MAX; i++) {
		opts[n++] = key_option(&table->keys[i]);
	}
	opts[n] = (cfg_opt_t)CFG_END();
	return n;
}

/* libconfuse copies all of it. */
static cfg_t *create_parser(void) {
	const cfg_flag_t named = CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES;
	cfg_opt_t forge[OPTIONS_MAX];
	cfg_opt_t agent[OPTIONS_MAX];
	cfg_opt_t project[OPTIONS_MAX];
	cfg_opt_t top[OPTIONS_MAX];
	size_t n;

	add_options(forge, 0, CONFIG_FORGE);
	add_options(agent, 0, CONFIG_AGENT);
	n = add_options(project, 0, CONFIG_PROJECT);
	n = add_options(project, n, CONFIG_POLICY);
	add_options(project, n, CONFIG_CHECKS);
	n = add_options(top, 0, CONFIG_TOP);
	n = add_options(top, n, CONFIG_POLICY);
	n = add_options(top, n, CONFIG_CHECKS);
	top[n++] = (cfg_opt_t)CFG_SEC("agent", agent, named);
	top[n++] = (cfg_opt_t)CFG_SEC("forge", forge, named);
	top[n++] = (cfg_opt_t)CFG_SEC("project", project, named);
	top[n] = (cfg_opt_t)CFG_END();
	return cfg_init(top, CFGF_NONE);
}

/* libconfuse 3.3 uses what it allocates unseen. What this finds is there for it, unless somebody is faster. */
static bool memory_is_short(size_t text_len) {
	void *volatile reserve = /* else a compiler takes it for granted */ malloc(
		PARSER_RESERVE_BYTES + text_len * PARSER_BYTES_FOR_EACH);

	free(reserve);
	return reserve == NULL;
}

/* Returns whether all of it was read. */
static bool parse_once(struct config_load *load, struct config_source *source, const char *text) {
	size_t n_errors = load->errors->n_lines + load->errors->n_unsaid;
	bool done;

	if (memory_is_short(strlen(text))) {
		load->out_of_memory = true;
		return false;
	}
	if (source->cfg) {
		cfg_free(source->cfg);
	}
	source->cfg = create_parser();
	if (!source->cfg) {
		load->out_of_memory = true;
		return false;
	}
	cfg_set_error_function(source->cfg, confuse_said);
	done = cfg_parse_buf(source->cfg, text) == CFG_SUCCESS;
	/* It fails without a word when memory is short. */
	load->out_of_memory |= !done && load->errors->n_lines + load->errors->n_unsaid == n_errors;
	return done;
}

/* libconfuse stops at the first word it does not know: without that word it finds the next mistake. */
void config_parse(struct config_load *load, struct config_source *source, char *text) {
	bool done = false, again = true, is_section = false;

	parsing.load = load;
	parsing.source = source;
	for (int n = 0; again && !done && n <= LIMIT_CONFIG_ERRORS; n++) {
		parsing.unknown[0] = '\0';
		done = parse_once(load, source, text);
		again = !done && parsing.unknown[0] != '\0' &&
			config_blank_unknown(text, strlen(text), parsing.unknown_line,
				parsing.unknown, &is_section) == 0;
		source->broken |= again && is_section; /* others may refer to it */
	}
	source->broken |= !done;
	parsing.load = NULL;
	parsing.source = NULL;
}

int config_section_line(const struct config_source *source, const cfg_t *section) {
	/* libconfuse counts on while it reads a section: it knows the last line of it. */
	for (size_t i = 0; i < source->n_sections; i++) {
		if (source->sections[i].close_line == section->line) {
			return source->sections[i].open_line;
		}
	}
	return section->line;
}
