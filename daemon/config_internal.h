/*
 * config_internal - what the parts of the configuration share: config.c (files), config_scan.c (the text before
 * libconfuse sees it), config_parse.c (libconfuse), config_keys.c (the tables), config_value.c (a value to a setting),
 * config_text.c (what a value may look like), config_submitters.c (users and groups), config_apply.c (sections, and
 * what must agree), config_find.c (look-up), config_sources.c (of secrets), config_json.c,
 * config_origin.c (where values come from).
 */
#pragma once

#include <confuse.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/macro.h"
#include "daemon/config.h"

/* A line of an error, cut. */
#define CONFIG_QUOTE_MAX 128

/* Where a section stands, for the errors that are about the whole of it. */
struct config_span {
	int open_line;
	int close_line;
};

/* A key that is set twice in one section: the second place. */
struct config_repeat {
	char name[LIMIT_CONFIG_NAME_MAX];
	int first_line;
	int line;
};

/* One file, from reading to the end of the load. */
struct config_source {
	char *path; /* owned */
	cfg_t *cfg; /* owned; NULL: unreadable, or its text is not fit to be parsed */
	struct config_span *sections; /* owned */
	size_t n_sections;
	struct config_repeat *repeats; /* owned */
	size_t n_repeats;
	bool is_public; /* every user may read it: no place for a password */
	bool broken;	/* parsing stopped early: what it does not say may be said further down */
};

/* A value as it stands in the file: what libconfuse keeps for us. */
struct config_value {
	int line;
	char text[];
};

/* One load, from the first file to the last check. */
struct config_load {
	struct config *config; /* owned until it is handed out */
	struct config_source *sources;
	size_t n_sources;
	struct config_errors *errors; /* borrowed */
	bool out_of_memory;	      /* sticks: the load fails whatever else is true */
};

/* --- config_keys.c --- */

enum config_kind {
	CONFIG_SPAN,   /* a positive duration into int64_t */
	CONFIG_COUNT,  /* 1 to `max` into int64_t */
	CONFIG_CHOICE, /* one of `choices` into int */
	CONFIG_FLAG,   /* one of two `choices` into bool: the second is true */
	CONFIG_TYPE,  /* one of `choices` into char[LIMIT_NAME_MAX]; `later` are known, not built */
	CONFIG_NAME,  /* of a forge, into char[LIMIT_NAME_MAX] */
	CONFIG_TEXT,  /* without control characters, into char * */
	CONFIG_PATH,  /* absolute, into char * */
	CONFIG_PROXY, /* its URL, perhaps with a password, into char * */
	CONFIG_URL,   /* of an API, into char[LIMIT_URL_MAX] */
	CONFIG_SOURCE, /* where a secret is, into char[LIMIT_URL_MAX] */
	CONFIG_LABEL,  /* into char[LIMIT_SUBJECT_MAX] */
	CONFIG_HANDLE, /* a user or ORG/TEAM, "@" dropped, into char[LIMIT_SUBJECT_MAX] */
	/* Lists. */
	CONFIG_COMMAND,	   /* its first text an absolute path, into char ** */
	CONFIG_GLOBS,	   /* into char ** */
	CONFIG_AGENTS,	   /* a chain of names of agents, into `agents` of struct policy */
	CONFIG_SUBMITTERS, /* users and groups, into const struct config_submitters * */
};

/* A configuration key. The pages and their test know the same tables. */
struct config_key {
	const char *name;
	enum config_kind kind;
	size_t offset; /* in the struct of its table */
	int64_t max;
	const char *const *choices; /* NULL-ended, as the next two */
	const char *const *later;
	const char *const *types; /* the key belongs to: of the forge or agent, of a project's forge; NULL: all */
	const char *missing;  /* it is required; what is to be written. NULL: it may be left out */
	const char *needs;    /* the key that must stand beside it; NULL: none */
	const char *excludes; /* the key that must not; NULL: none */
};

enum config_section {
	CONFIG_TOP,	/* struct config */
	CONFIG_POLICY,	/* struct policy: at the top level and in projects */
	CONFIG_CHECKS,	/* struct config_checks: likewise */
	CONFIG_FORGE,	/* struct config_forge */
	CONFIG_AGENT,	/* struct config_agent */
	CONFIG_PROJECT, /* struct config_project */
	CONFIG_SECTION_COUNT,
};

struct config_key_table {
	const struct config_key *keys; /* sorted by name */
	size_t n_keys;
};

extern const struct config_key_table config_key_tables[CONFIG_SECTION_COUNT];

/* Whether a forge or agent of that type has the key. */
bool config_key_is_of(const struct config_key *key, const char *type);
/* What is not said of the top level, and of a forge or agent of that type; NULL: no such type. */
extern const struct config config_defaults;
const struct config_forge *config_forge_defaults(const char *type);
const struct config_agent *config_agent_defaults(const char *type);

/* --- config_scan.c --- */

/*
 * Checks the text of a file and makes it fit for libconfuse: comments become blanks. Finds the sections, and
 * what is set twice in one.
 * Returns: 0; -EINVAL, `*ret_line` and `ret_problem` say where and what; -ENOMEM. `source->sections`
 * and `source->repeats` are the caller's either way.
 */
must_check int config_scan(struct config_source *source, char *text, size_t len, int *ret_line,
	char ret_problem[LIMIT_SENTENCE_MAX]);

/*
 * Makes blanks of what begins with the word `name` in that line: a key with its value, or a section, `*ret_section`,
 * with all that is in it. `text` has passed config_scan(). Returns: 0; -ENOENT, it is not there, or neither; -ENOMEM.
 */
must_check int config_blank_unknown(
	char *text, size_t len, int line, const char *name, bool *ret_section);

/* --- config_parse.c --- */

/* Parses `text` into `source->cfg`; what is not known there becomes blanks. What is wrong becomes an error. */
void config_parse(struct config_load *load, struct config_source *source, char *text);
/* Where a section begins. */
int config_section_line(const struct config_source *source, const cfg_t *section);

/* --- config_value.c --- */

/* One value being applied: where it stands and where it goes. */
struct config_setting {
	struct config_load *load;
	const struct config_source *source;
	const struct config_key *key;
	cfg_opt_t *opt;
	void *out; /* the key's member in its struct */
};

/* The `i`-th value; NULL: there is none, or parsing stopped in it. */
const struct config_value *config_setting_value(const struct config_setting *setting, size_t i);
/* `FILE:LINE: key "K": "VALUE" PROBLEM`. */
void config_refuse(const struct config_setting *setting, size_t i, const char *problem);
/* The same as a warning. */
void config_doubt(const struct config_setting *setting, size_t i, const char *problem);
/* Puts the values where they belong, or refuses them. */
void config_apply_setting(const struct config_setting *setting);

/* The values as a NULL-ended list, owned by the caller; NULL or cut short: memory, which the load remembers. */
char **config_setting_list(const struct config_setting *setting);

/* --- config_submitters.c --- */

/* Looks up users and groups, which may block. The rule is the configuration's. */
void config_apply_submitters(const struct config_setting *setting);
/* When all rules are known: who belongs to their groups. */
void config_find_members(struct config_load *load);
void config_submitters_destroy(struct config_submitters *rule);

/* --- config_origin.c --- */

/* A new reference, for `origins` of the configuration; NULL: memory. */
must_check json_t *config_origins_begin(void);
/* Of the next "forge", "agent" or "project"; borrowed. NULL: memory, which is noted. */
json_t *config_origins_section(struct config_load *load, const char *kind);
/* Where the setting stands; `origins` NULL: memory was short already. */
void config_note_origin(json_t *origins, const struct config_setting *setting);

/* --- config_text.c --- */

/* https, or http to this machine; no user, password, query or fragment. */
bool config_is_url(const char *text);
/* http or https, perhaps a user and password (`*ret_has_login`), a host and its port. */
bool config_is_proxy(const char *text, bool *ret_has_login);
/* A label's name as GitHub has them. */
bool config_is_label(const char *text);
/* Of a forge or agent. */
bool config_is_name(const char *text);
/* What GitHub puts at the end of an API's URL for GraphQL. */
void config_graphql_url(const char *api_url, char out[LIMIT_URL_MAX]);

/* --- config_apply.c --- */

/* Applies what the sources say to `load->config` and checks it as a whole. */
void config_apply(struct config_load *load);

/* --- config.c --- */

/* Adds `PATH:LINE: …` (line 0: `PATH: …`), printable whatever is in it. A warning leaves the configuration usable. */
void config_error(struct config_load *load, const char *path, int line, const char *fmt, ...)
	printf_like(4, 5);
void config_warning(struct config_load *load, const char *path, int line, const char *fmt, ...)
	printf_like(4, 5);
void config_list_destroy(char **list); /* NULL-ended, of texts; NULL is fine */
/* Foreign text fit for an error: one line, no control characters, cut. Returns `out`. */
const char *config_quote(const char *text, char out[CONFIG_QUOTE_MAX]);
