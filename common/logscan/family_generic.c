#include "common/logscan/grammar.h"

/* clang-format off */
static const struct grammar_row rows[] = {
	/* sorted by tool and keyword */
	{ "generic", "assertionerror", "^AssertionError$", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_UNKNOWN, 31, 0, 0 },
	{ "generic", "calledprocesserror", NULL, ROLE_FINDING, ERROR_UNKNOWN, CAUSE_UNKNOWN, 31, 0, 0 },
	{ "generic", "command not found", "(?<msg>[\\w./-]+: command not found)$", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_CONFIG, 40, 0, 0 },
	{ "generic", "error:", "^ERROR:? (?<msg>.*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_UNKNOWN, 33, 1, 0 },
	{ "generic", "error: ", "^\\s*(?:\\S+: )?(?:Uncaught )?(?<rule>(?:[a-z_]\\w*\\.)*[A-Z]\\w*(?:\\.\\w+)*Error): (?<msg>.*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_UNKNOWN, 36, 0, ROW_LAST },
	{ "generic", "error: ", "^(?:[\\w./-]+: )?(?:\\[\\w+\\] )?(?:fatal )?[eE](?:rror|RROR): (?<msg>.*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_UNKNOWN, 32, 1, 0 },
	{ "generic", "exception: ", "^(?:Exception in thread \\S+ |Caused by: )?(?<rule>\\w+(?:\\.\\w+)*Exception): (?<msg>.*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_UNKNOWN, 32, 1, 0 },
	{ "generic", "exception in thread ", "^Exception in thread \"[^\"]*\" (?<rule>[\\w.$]+)(?:: (?<msg>.*))?", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_UNKNOWN, 45, 1, 0 },
	{ "generic", "exit: ", "^SystemExit: (?<msg>[1-9]\\d*)$", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_UNKNOWN, 31, 0, 0 },
	{ "generic", "failed", "^(?:\\S+ ){0,8}(?:FAILED|[fF]ailed)\\b(?<msg>.*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_UNKNOWN, 20, 0, 0 },
	{ "generic", "failed", "(?<msg>.*(?:verification|validation|check) failed.*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_CONFIG, 39, 1, 0 },
	{ "generic", "fatal: ", "^fatal: (?<msg>.*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_UNKNOWN, 31, 0, 0 },
	{ "generic", "is not recognized as", "(?<msg>.*is not recognized as (?:an internal|a name|the name).*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_CONFIG, 37, 0, 0 },
	{ "generic", "keyboardinterrupt", "^KeyboardInterrupt$", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_UNKNOWN, 31, 0, 0 },
	{ "generic", "nameerror: ", "^NameError: (?<msg>.*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_UNKNOWN, 38, 0, 0 },
	{ "generic", "nativecommanderror", NULL, ROLE_EXIT, ERROR_UNKNOWN, CAUSE_UNKNOWN, 45, 0, 0 },
	{ "generic", "permission denied", "[pP]ermission denied", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_PERMISSION, 34, 0, 0 },
	{ "generic", "required command missing", NULL, ROLE_FINDING, ERROR_UNKNOWN, CAUSE_CONFIG, 44, 0, 0 },
	{ "generic", "\xE2\x9C\x97", "^\\s*\xE2\x9C\x97\\s*(?<msg>.*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_CONFIG, 31, 0, 0 },
	{ "generic", "\xE2\x9D\x8C", "^\\s*\xE2\x9D\x8C\\s*(?<msg>.*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_CONFIG, 37, 1, 0 },
	{ "generic", "\xF0\x9F\x9A\xA8", "\xF0\x9F\x9A\xA8\\s*(?<msg>.*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_CONFIG, 34, 0, 0 },
	{ "git", "schwerwiegend: ", "^[sS]chwerwiegend: (?<msg>.*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_CONFIG, 50, 0, 0 },
	{ "shell", ": not found", "^(?:\\S*/)?(?:ba|z|da|k)?sh: (?:line )?\\d+: (?<msg>\\S+: not found)$", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_CONFIG, 50, 0, 0 },
	{ "shell", "command not found", "^(?:\\S*/)?(?:ba|z|da|k)?sh: (?:line )?(?:\\d+: )?(?<msg>\\S+: (?:command )?not found)$", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_CONFIG, 50, 0, 0 },
};
/* clang-format on */

const struct grammar_family family_generic = { rows, ARRAY_SIZE(rows) };
