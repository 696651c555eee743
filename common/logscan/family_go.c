#include "common/logscan/grammar.h"

/* clang-format off */
static const struct grammar_row rows[] = {
	/* sorted by tool and keyword */
	{ "ginkgo", "[fail]", "^\\s*\\S*\\[(?:FAIL|Fail)\\] (?<test>.*)", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 48, 1, 0 },
	{ "go", ".go:", "^(?:vet: )?(?:\\./)?(?<file>[^\\s:]+\\.go):(?<line>\\d+):(?<col>\\d+): (?<msg>.*)", ROLE_FINDING, ERROR_BUILD, CAUSE_COMPILE, 68, 0, ROW_FOLLOWS },
	{ "go", "cannot find package", "(?<file>\\S+\\.go):(?<line>\\d+):(?<col>\\d+): (?<msg>cannot find package .*)", ROLE_FINDING, ERROR_BUILD, CAUSE_DEPENDENCY, 76, 0, 0 },
	{ "go", "data race", "^WARNING: DATA RACE", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 72, 10, 0 },
	{ "go", "exit status 1", "^exit status 1$", ROLE_EXIT, ERROR_UNKNOWN, CAUSE_UNKNOWN, 45, 0, 0 },
	{ "go", "go: module ", "^go: (?<msg>module .*: (?:no matching versions|reading .*: 40[34]).*)", ROLE_FINDING, ERROR_INFRA, CAUSE_DEPENDENCY, 78, 0, 0 },
	{ "go", "missing go.sum entry", NULL, ROLE_FINDING, ERROR_BUILD, CAUSE_CONFIG, 76, 1, 0 },
	{ "go", "no required module provides", "(?<msg>no required module provides package .*)", ROLE_FINDING, ERROR_BUILD, CAUSE_DEPENDENCY, 76, 0, 0 },
	{ "go", "panic: ", "^panic: (?<msg>.*)", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 58, 6, 0 },
	{ "go", "undefined: ", "^#? ?(?<file>\\S+\\.go):(?<line>\\d+):(?<col>\\d+): (?<msg>undefined: .*)", ROLE_FINDING, ERROR_BUILD, CAUSE_COMPILE, 78, 0, ROW_FOLLOWS },
	{ "go", "unknown revision", "^go: .*(?<msg>(?:unknown|invalid) (?:revision|version).*)", ROLE_FINDING, ERROR_INFRA, CAUSE_DEPENDENCY, 78, 0, 0 },
	{ "go", "updates to go.mod needed", NULL, ROLE_FINDING, ERROR_BUILD, CAUSE_CONFIG, 76, 1, 0 },
	{ "go", "vet: ", "^vet: (?<file>\\S+\\.go):(?<line>\\d+):(?<col>\\d+): (?<msg>.*)", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 70, 0, 0 },
	{ "go test", "--- fail:", "^\\s*--- FAIL: (?<test>\\S+)", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 88, 4, 0 },
	{ "go test", "[build failed]", "^FAIL\\t(?<file>\\S+) \\[(?:build|setup) failed\\]", ROLE_SUMMARY, ERROR_TEST, CAUSE_COMPILE, 66, 0, 0 },
	{ "go test", "_test.go:", "^\\s+(?<file>\\w+_test\\.go):(?<line>\\d+): (?<msg>.*)", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 40, 1, 0 },
	{ "go test", "fail\t", "^FAIL\\t(?<file>\\S+)\\s", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 82, 0, 0 },
	{ "go test", "panic: test timed out", "^panic: (?<msg>test timed out after .*)", ROLE_FINDING, ERROR_TEST, CAUSE_TIMEOUT, 93, 4, 0 },
	{ "go vet", ".go:", "^(?:\\./)?(?<file>[^\\s:]+\\.go):(?<line>\\d+):(?:(?<col>\\d+):)? (?<msg>.*(?:passes lock by value|copies lock value|fmt\\.\\w+ (?:format|call|arg)|unreachable code|unkeyed fields|self-assignment of|\\+build comment|direct assignment to atomic value|result of \\S+ call not used|struct field tag|should have signature|captured by func literal|possible misuse of|suspect or|missing cancel|non-constant format string).*)", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 72, 0, 0 },
	{ "go vet", ".go:", "^(?:\\./)?(?<file>[^\\s:]+\\.go):(?<line>\\d+):(?:(?<col>\\d+):)? (?<msg>(?:missing argument for|wrong (?:number|type) of args for|unrecognized printf|possible formatting directive|no formatting directive).*)", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 72, 0, 0 },
	{ "golangci-lint", ".go:", "^(?<file>[^\\s:]+\\.go):(?<line>\\d+)(?::(?<col>\\d+))?: (?<msg>.* \\((?<rule>[a-z][\\w-]+)\\))$", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 76, 0, 0 },
	{ "golangci-lint", "issues:", "^[1-9]\\d* issues:$", ROLE_SUMMARY, ERROR_LINT, CAUSE_LINT, 74, 6, 0 },
	{ "gosec", "(rule:g", "^(?<file>[^\\s:]+\\.go):(?<line>\\d+)(?::(?<col>\\d+))?: (?<msg>.*)\\(Rule:(?<rule>G\\d+)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 80, 0, 0 },
	{ "gosec", "severity:", "^\\[(?<file>\\S+\\.go):(?<line>\\d+)\\] - (?<rule>G\\d+) (?<msg>.*Severity:.*)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 82, 0, 0 },
};
/* clang-format on */

const struct grammar_family family_go = { rows, ARRAY_SIZE(rows) };
