#include "common/logscan/grammar.h"

/* clang-format off */
static const struct grammar_row rows[] = {
	/* sorted by tool and keyword */
	{ "actionlint", ".yml:", "^(?<file>\\.?github/\\S+\\.ya?ml|\\S+\\.ya?ml):(?<line>\\d+):(?<col>\\d+): (?<msg>.*) \\[(?<rule>[\\w-]+)\\]$", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 74, 2, 0 },
	{ "clang-format", "[-wclang-format-violations]", "^(?<file>\\S+?):(?<line>\\d+):(?<col>\\d+): error: (?<msg>code should be clang-formatted.*)", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 86, 0, 0 },
	{ "clang-tidy", ",-warnings-as-errors]", "^(?<file>\\S+?):(?<line>\\d+):(?<col>\\d+): error: (?<msg>.*) \\[(?<rule>[\\w.,-]+)\\]$", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 86, 2, 0 },
	{ "clang-tidy", "[clang-", "^(?<file>\\S+?):(?<line>\\d+):(?<col>\\d+): error: (?<msg>.*) \\[(?<rule>[\\w.,-]+)\\]$", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 84, 2, 0 },
	{ "codespell", " ==> ", "^(?<file>\\S+?):(?<line>\\d+): (?<msg>\\S+ ==> .*)", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 66, 0, 0 },
	{ "commitlint", "found ", "^\xE2\x9C\x96\\s+found [1-9]\\d* problems?", ROLE_SUMMARY, ERROR_LINT, CAUSE_LINT, 82, 0, 0 },
	{ "commitlint", "\xE2\x9C\x96", "^\xE2\x9C\x96\\s+(?<msg>.*) \\[(?<rule>[\\w-]+)\\]$", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 84, 0, 0 },
	{ "cpplint", "cpplint", "^(?<file>\\S+?):(?<line>\\d+):\\s+(?<msg>.*)\\[(?<rule>\\w+/\\w+)\\] \\[\\d\\]", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 78, 0, 0 },
	{ "gofmt", "gofmt", "(?:[fF]iles? (?:are )?not gofmt|gofmt.*needs? (?:to be )?run|not (?:properly )?formatted)", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 64, 4, 0 },
	{ "hadolint", " dl30", "^(?<file>\\S*):(?<line>\\d+) (?<rule>(?:DL|SC)\\d{4}) (?:error|warning)?:? ?(?<msg>.*)", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 72, 0, 0 },
	{ "html-proofer", "failures", "HTML-Proofer found [1-9]\\d* failures?", ROLE_SUMMARY, ERROR_LINT, CAUSE_LINT, 74, 0, 0 },
	{ "lintrunner", "general linter failure", NULL, ROLE_FINDING, ERROR_LINT, CAUSE_UNKNOWN, 84, 6, 0 },
	{ "lintrunner", "lint for", "^>>> Lint for (?<file>\\S+?):?$", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 86, 8, 0 },
	{ "lintrunner", "linter failed", "Linter failed", ROLE_FINDING, ERROR_LINT, CAUSE_UNKNOWN, 88, 3, 0 },
	{ "markdownlint", " md0", "^(?<file>\\S+\\.md):(?<line>\\d+)(?::(?<col>\\d+))?:? (?:error )?(?<rule>MD\\d{3})\\S* (?<msg>.*)", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 76, 0, 0 },
	{ "phpcs", "found ", "^FOUND [1-9]\\d* ERRORS?", ROLE_SUMMARY, ERROR_LINT, CAUSE_LINT, 80, 0, 0 },
	{ "phpstan", "[error] found", "^\\s*\\[ERROR\\] Found [1-9]\\d* errors?", ROLE_SUMMARY, ERROR_TYPE_CHECK, CAUSE_TYPE, 80, 0, 0 },
	{ "pre-commit", ".failed", "^(?<msg>\\S.*?)\\.{3,}Failed$", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 74, 4, 0 },
	{ "pre-commit", "files were modified by this hook", NULL, ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 72, 0, 0 },
	{ "pre-commit", "hook id:", "^- hook id: (?<rule>\\S+)", ROLE_DETAIL, ERROR_LINT, CAUSE_LINT, 0, 0, 0 },
	{ "rubocop", ".rb:", "^(?<file>\\S+\\.rb):(?<line>\\d+):(?<col>\\d+): [CWEF]: (?:\\[Correct\\w*\\] )?(?<rule>\\w+/\\w+): (?<msg>.*)", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 78, 0, 0 },
	{ "rubocop", "offense", "files? inspected, [1-9]\\d* offenses? detected", ROLE_SUMMARY, ERROR_LINT, CAUSE_LINT, 82, 0, 0 },
	{ "shellcheck", "[sc2", "^(?<file>\\S+?):(?<line>\\d+):(?<col>\\d+): (?:error|warning|note|style|info): (?<msg>.*) \\[(?<rule>SC\\d+)\\]", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 76, 0, 0 },
	{ "shellcheck", "line ", "^In (?<file>\\S+\\.(?:sh|bash)) line (?<line>\\d+):$", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 72, 4, 0 },
	{ "swiftlint", ".swift:", "^(?<file>\\S+\\.swift):(?<line>\\d+):(?<col>\\d+): error: (?<msg>.*) \\((?<rule>\\w+)\\)$", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 83, 0, 0 },
	{ "yamllint", " error ", "^\\s+(?<line>\\d+):(?<col>\\d+)\\s+error\\s+(?<msg>.*?)\\s+\\((?<rule>[\\w-]+)\\)$", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 76, 0, ROW_FILE_ABOVE },
};
/* clang-format on */

const struct grammar_family family_lint = { rows, ARRAY_SIZE(rows) };
