/*
 * config_internal - what the parts of the configuration share: config.c (files, look-up), config_scan.c (the text
 * before libconfuse sees it), config_parse.c (libconfuse), config_keys.c (the tables), config_apply.c (values to
 * settings), config_json.c.
 */
#pragma once

#include <confuse.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/macro.h"
#include "daemon/config.h"

/* A line of an error, cut. */
#define CONFIG_QUOTE_MAX 128

#define CONFIG_AGENT_TIMEOUT_MS (30 * CLOCK_MINUTE_MS)

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
	bool broken; /* parsing stopped early: what it does not say may be said further down */
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
	size_t n_unsaid;	      /* errors beyond LIMIT_CONFIG_ERRORS */
	bool out_of_memory;	      /* sticks: the load fails whatever else is true */
};

/* --- config_keys.c --- */

enum config_kind {
	CONFIG_SPAN,   /* a positive duration into int64_t */
	CONFIG_COUNT,  /* 1 to `max` into int64_t */
	CONFIG_CHOICE, /* one of `choices` into int */
	CONFIG_FLAG,   /* one of two `choices` into bool: the second is true */
	CONFIG_TYPE, /* one of `choices` into char[LIMIT_NAME_MAX]; `later` are known, not built */
	CONFIG_NAME, /* of a forge, into char[LIMIT_NAME_MAX] */
	CONFIG_COMMAND, /* a list, its first text an absolute path, into char ** */
	CONFIG_PATH,	/* absolute, into char * */
	CONFIG_AGENTS,	/* a list of one name of an agent, into char[LIMIT_NAME_MAX] */
	CONFIG_LATER,	/* a text for a forge of a later version: checked, not kept */
	CONFIG_CHECKS,	/* a list for forges that know checks; no forge of this version does */
};

/* A configuration key. The pages and their test know the same tables. */
struct config_key {
	const char *name;
	enum config_kind kind;
	size_t offset; /* in the struct of its table */
	int64_t max;
	const char *const *choices; /* NULL-ended */
	const char *const *later;
};

enum config_section {
	CONFIG_TOP,	/* struct config */
	CONFIG_POLICY,	/* struct policy: at the top level and in projects */
	CONFIG_FORGE,	/* struct config_forge */
	CONFIG_AGENT,	/* struct config_agent */
	CONFIG_PROJECT, /* struct policy: in projects only */
	CONFIG_SECTION_COUNT,
};

struct config_key_table {
	const struct config_key *keys; /* sorted by name */
	size_t n_keys;
};

extern const struct config_key_table config_key_tables[CONFIG_SECTION_COUNT];

/* --- config_scan.c --- */

/*
 * Checks the text of a file and makes it fit for libconfuse: comments become blanks. Finds the sections, and
 * what is set twice in one.
 * Returns: 0; -EINVAL, `*ret_line` and `ret_problem` say where and what; -ENOMEM. `source->sections`
 * and `source->repeats` are the caller's either way.
 */
must_check int config_scan(struct config_source *source, char *text, size_t len, int *ret_line,
	char ret_problem[LIMIT_SENTENCE_MAX]);

/* --- config_parse.c --- */

/* Parses `text` into `source->cfg`. What is wrong becomes an error. */
void config_parse(struct config_load *load, struct config_source *source, const char *text);
/* Where a section begins. */
int config_section_line(const struct config_source *source, const cfg_t *section);

/* --- config_apply.c --- */

/* Applies what the sources say to `load->config` and checks it as a whole. */
void config_apply(struct config_load *load);

/* --- config.c --- */

/* Adds `PATH:LINE: …` (line 0: `PATH: …`), printable whatever is in it. */
void config_error(struct config_load *load, const char *path, int line, const char *fmt, ...)
	printf_like(4, 5);
/* Foreign text fit for an error: one line, no control characters, cut. Returns `out`. */
const char *config_quote(const char *text, char out[CONFIG_QUOTE_MAX]);
