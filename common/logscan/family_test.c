#include "common/logscan/grammar.h"

/* clang-format off */
static const struct grammar_row rows[] = {
	/* sorted by tool and keyword */
	{ "automake", "# fail:", "^# (?:FAIL|ERROR):\\s+[1-9]\\d*", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 78, 0, 0 },
	{ "automake", "fail: ", "^FAIL: (?<test>\\S+)$", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 76, 0, 0 },
	{ "dart", "[e]", "^\\d+:\\d+ \\+\\d+(?: ~\\d+)? -\\d+: (?<test>.*) \\[E\\]$", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 86, 3, 0 },
	{ "dart", "some tests failed", NULL, ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 80, 0, 0 },
	{ "dotnet", "failed ", "^\\s+Failed (?<test>[\\w.]+(?:\\(.*\\))?) \\[.*\\]$", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 88, 4, 0 },
	{ "dotnet", "failed!", "^Failed!\\s+- Failed:", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 86, 0, 0 },
	{ "dotnet", "test run failed", "^Test Run Failed\\.", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 84, 3, 0 },
	{ "elixir", " failure", "^\\d+ (?:doctests?, \\d+ )?tests?, [1-9]\\d* failures?", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 84, 0, 0 },
	{ "lit", "failed tests (", "^Failed Tests \\(\\d+\\)", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 82, 6, 0 },
	{ "meson", ":  ", "^\\s*\\d+/\\d+ (?<test>.*?)\\s+(?:FAIL|TIMEOUT|ERROR)\\s+[\\d.]+s", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 84, 0, 0 },
	{ "meson", "fail  ", "^\\s*\\d+/\\d+ (?<test>.*?)\\s+(?:FAIL|TIMEOUT|ERROR)\\s+[\\d.]+s", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 84, 0, 0 },
	{ "minitest", "#test_", "^(?<file>[\\w:]+)#(?<test>test_\\w+)(?: \\[(?:.*)\\])?:?", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 84, 4, 0 },
	{ "minitest", "error:", "^(?:Failure|Error):$", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 60, 6, 0 },
	{ "minitest", "failure:", "^(?:Failure|Error):$", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 60, 4, 0 },
	{ "minitest", "failures, ", "^\\d+ (?:runs|tests), \\d+ assertions, (?:[1-9]\\d* failures, \\d+ errors|\\d+ failures, [1-9]\\d* errors)", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 86, 0, 0 },
	{ "mozilla", "application timed out", NULL, ROLE_FINDING, ERROR_INFRA, CAUSE_TIMEOUT, 70, 0, 0 },
	{ "mozilla", "test-unexpected", "(?<rule>TEST-UNEXPECTED-(?:FAIL|TIMEOUT|ERROR|CRASH|PASS)) \\| (?<file>[^|]*?) \\| (?<msg>.*)", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 84, 0, 0 },
	{ "perl", "failed test", "^#\\s+Failed test '(?<test>.*)'", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 84, 3, 0 },
	{ "perl", "result: fail", "^Result: FAIL", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 84, 0, 0 },
	{ "perl", "wstat", "^(?<file>\\S+\\.t)\\s+\\(Wstat: \\d+", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 82, 1, 0 },
	{ "phpunit", "::test", "^\\d+\\) (?<file>[\\w\\\\]+)::(?<test>test\\w+)", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 86, 4, 0 },
	{ "phpunit", "failures!", "^(?:FAILURES|ERRORS)!$", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 84, 1, 0 },
	{ "phpunit", "failures: ", "^Tests: \\d+, Assertions: \\d+.*(?:Failures|Errors): [1-9]", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 84, 0, 0 },
	{ "pytorch", " failed!", "^(?<test>\\S+ \\d+/\\d+) failed!", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 85, 0, 0 },
	{ "pytorch", "command took >", "^(?<msg>Command took >\\d+min.*)", ROLE_FINDING, ERROR_TEST, CAUSE_TIMEOUT, 91, 2, 0 },
	{ "pytorch", "failed consistently:", "(?<msg>The following tests failed consistently: .*)", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 86, 0, 0 },
	{ "rspec", " failures", "^\\d+ examples?, [1-9]\\d* failures?", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 86, 0, 0 },
	{ "rspec", "1 failure", "^\\d+ examples?, [1-9]\\d* failures?", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 86, 0, 0 },
	{ "rspec", "rspec ", "^rspec (?<file>\\S+?)(?::(?<line>\\d+)|\\[.*\\]) # (?<test>.*)", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 88, 0, 0 },
	{ "signal", "core dumped", NULL, ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 48, 0, 0 },
	{ "signal", "received signal: sig", "Received signal: (?<rule>SIG\\w+)", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 74, 2, 0 },
	{ "signal", "segmentation fault", "[sS]egmentation fault", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 54, 0, 0 },
	{ "test", "assertion failed", "[aA]ssertion(?: .*)? failed", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 44, 1, 0 },
	{ "test", "assertionerror", "^\\s*(?:\\w+\\.)*AssertionError(?: \\[\\w+\\])?: (?<msg>.*)", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 38, 2, 0 },
};
/* clang-format on */

const struct grammar_family family_test = { rows, ARRAY_SIZE(rows) };
