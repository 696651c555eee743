/*
 * grammar - what tools and CI systems print, as tables: one file a family (family_*.c), a row a line, sorted by
 * tool and keyword. This is where knowledge about another tool goes; nothing else has to change.
 *
 * How a line is read: it is taken out of what CI wraps around it (line.h), and looked at only when it contains a
 * keyword of some row. Of the rows whose keyword it has, the first one by rank whose pattern matches decides what
 * the line is; rank is the role's order below, then the higher weight, then the tables' order.
 *
 * Keywords are literal, lower case, matched whatever the line's case, anywhere in the raw line, and should be rare
 * in ordinary logs: a line that has none costs nothing. A line with escape codes is looked through without them too:
 * colours within a keyword do not hide it. Patterns are PCRE2 without UTF (a character outside ASCII is some bytes:
 * write it out, never in brackets), anchored only where they say so, and see the line without time stamps and
 * colours. Named groups fill the finding: file, line, col, rule, msg, test; in rows of steps: cmd, code.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error_type.h"
#include "common/keyword.h"
#include "common/logscan/logscan.h"
#include "common/macro.h"

enum row_role {	      /* by rank */
	ROLE_NOISE,   /* looks like evidence and is none */
	ROLE_PASSED,  /* CI says: all of it passed */
	ROLE_FAILED,  /* CI says: the step that ends here failed (cmd, code) */
	ROLE_STEP_OK, /* CI says: the step that ends here passed */
	ROLE_STEP,    /* CI says: a step begins (cmd) */
	ROLE_END,     /* CI says: the log is complete; it passed when nothing said that it failed */
	ROLE_COMMAND, /* a command line is echoed (cmd): what now follows is its output */
	ROLE_SETTING, /* all of this step's output belongs to the row's type */
	ROLE_FINDING, /* one thing that is wrong */
	ROLE_SUMMARY, /* a tool's count of them; proof, but a finding makes the better headline */
	ROLE_DETAIL,  /* belongs to the finding before it: its place, its message */
	ROLE_EXIT,    /* a wrapper tells that its command failed: proof, never a headline */
};

/*
 * How sure it is that a line of this shape means a failure of this type:
 *   90  nothing else looks like it (a lost runner, "FAILED tests/x.py::y")
 *   70  a tool's finding in the tool's own format
 *   50  a finding in a format that several share; the least that makes a log without CI's verdict a failed one
 *   30  a sentence about an error: counts when CI says that the step failed
 *   10  a hint
 */
#define WEIGHT_SURE 90
#define WEIGHT_TOOL 70
#define WEIGHT_LIKELY 50
#define WEIGHT_SENTENCE 30
#define WEIGHT_HINT 10

enum row_flags {
	ROW_WARNING = 1 << 0,	 /* a finding that fails nothing */
	ROW_FILE_ABOVE = 1 << 1, /* its file stands alone on a line above, less indented */
	ROW_CANCEL = 1 << 2, /* was stopped from outside: another step's own failure counts more */
	ROW_FOLLOWS = 1 << 3, /* a compiler's: a build's when a build ran it, a lint's when a lint did */
	ROW_LAST = 1 << 4,	 /* of several in a step the last one tells most */
	ROW_LINE_ABOVE = 1 << 5, /* the line before it says what is meant */
	ROW_AS_LAST = 1 << 6, /* several tools print this: it is of the tool whose finding came last */
	ROW_BUILDS = 1 << 7,   /* of the infrastructure, met while building */
	ROW_INSTALLS = 1 << 8, /* of the infrastructure, met while installing */
	ROW_GROUP = 1 << 9, /* names the place of what its tool finds next; then it is no finding of its own */
	ROW_OWN = 1 << 10,    /* a detail of its own tool's findings only */
	ROW_WITHIN = 1 << 11, /* noise that may stand among the lines of a finding */
};

struct grammar_row {
	const char *tool;
	const char *keyword;
	const char *pattern; /* NULL: the keyword is enough */
	enum row_role role;
	enum error_type type;
	enum logscan_cause cause;
	uint8_t weight;
	uint8_t follow; /* lines behind it that belong to it */
	uint16_t flags;
};

struct grammar_family {
	const struct grammar_row *rows;
	size_t n_rows;
};

/* What a command is for, by a word in it; the first row that is found decides. */
struct grammar_command {
	const char *word;
	enum logscan_stage stage;
	bool sure; /* nothing else has this word: its failure is of that kind even when its output tells nothing */
};

#define FAMILY(name) extern const struct grammar_family name
FAMILY(family_ci);
FAMILY(family_cxx);
FAMILY(family_deploy);
FAMILY(family_generic);
FAMILY(family_go);
FAMILY(family_infra);
FAMILY(family_javascript);
FAMILY(family_jvm);
FAMILY(family_lint);
FAMILY(family_packages);
FAMILY(family_python);
FAMILY(family_report);
FAMILY(family_rust);
FAMILY(family_security);
FAMILY(family_test);
#undef FAMILY

#define GRAMMAR_ROWS_MAX 2048

/* The tables, compiled for looking up. Made on first use, then read-only and shared by all threads. */
struct grammar {
	struct keywords *keywords;
	size_t n_rows;
	const struct grammar_row *rows[GRAMMAR_ROWS_MAX]; /* by rank */
	uint16_t *first_row; /* by keyword: where its ranks begin in `ranks` */
	uint16_t *ranks;     /* of one keyword ascending */
};

/* NULL: no memory. */
const struct grammar *grammar_get(void);
/* STAGE_OTHER: nothing is known of such a command. `ret_sure` may be NULL. */
enum logscan_stage grammar_command_stage(const char *command, bool *ret_sure);
