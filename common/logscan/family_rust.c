#include "common/logscan/grammar.h"

/* clang-format off */
static const struct grammar_row rows[] = {
	/* sorted by tool and keyword */
	{ "cargo", " panicked at ", "^thread '(?<test>.*?)' (?:\\(\\d+\\) )?panicked at (?:'(?<msg>.*)', )?(?<file>[^\\s:]+):(?<line>\\d+):(?<col>\\d+)", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 66, 3, 0 },
	{ "cargo", " stdout ----", "^---- (?<test>\\S+) stdout ----", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 64, 4, 0 },
	{ "cargo", "... failed", "^test (?<test>\\S.*?) \\.\\.\\. FAILED$", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 88, 0, 0 },
	{ "cargo", "could not compile", "error: (?<msg>could not compile .*)", ROLE_SUMMARY, ERROR_BUILD, CAUSE_COMPILE, 80, 1, 0 },
	{ "cargo", "failed to get `", "error: (?<msg>failed to get `.*)", ROLE_FINDING, ERROR_INFRA, CAUSE_DEPENDENCY, 80, 4, 0 },
	{ "cargo", "failed to load manifest", "error: (?<msg>failed to load manifest.*)", ROLE_FINDING, ERROR_BUILD, CAUSE_CONFIG, 76, 4, 0 },
	{ "cargo", "failed to parse manifest", "error: (?<msg>failed to parse manifest.*)", ROLE_FINDING, ERROR_BUILD, CAUSE_CONFIG, 80, 4, 0 },
	{ "cargo", "failed to run custom build command", "error: (?<msg>failed to run custom build command for .*)", ROLE_FINDING, ERROR_BUILD, CAUSE_DEPENDENCY, 88, 0, 0 },
	{ "cargo", "failed to select a version", "error: (?<msg>failed to select a version .*)", ROLE_FINDING, ERROR_INFRA, CAUSE_DEPENDENCY, 84, 6, 0 },
	{ "cargo", "lock file", "error: (?<msg>the lock file .* needs to be updated but .*)", ROLE_FINDING, ERROR_BUILD, CAUSE_CONFIG, 80, 1, 0 },
	{ "cargo", "no matching package named", "error: (?<msg>no matching package named .*)", ROLE_FINDING, ERROR_INFRA, CAUSE_DEPENDENCY, 84, 3, 0 },
	{ "cargo", "no such command", "error: (?<msg>no such (?:sub)?command: .*)", ROLE_FINDING, ERROR_UNKNOWN, CAUSE_CONFIG, 48, 1, 0 },
	{ "cargo", "pkg-config", "(?<msg>.*(?:[pP]kg-config command could not be found|Could not run `PKG_CONFIG|pkg-config exited with status code).*)", ROLE_FINDING, ERROR_BUILD, CAUSE_DEPENDENCY, 66, 2, 0 },
	{ "cargo", "test failed, to rerun", "error: test failed, to rerun", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 80, 0, 0 },
	{ "cargo", "test result: failed", "^test result: FAILED", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 86, 0, 0 },
	{ "clippy", "clippy::", "(?:#\\[deny\\(|-D |rust-clippy/master/index\\.html#)(?<rule>clippy::\\S+)", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 88, 0, 0 },
	{ "clippy", "rust-clippy", "rust-clippy/master/index\\.html#(?<rule>\\w+)", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 88, 0, 0 },
	{ "nextest", "fail [", "^\\s*(?:TRY \\d+ )?(?:FAIL|SIGABRT|SIGSEGV|TIMEOUT) \\[\\s*[\\d.]+s\\] (?:\\(.*?\\) )?(?<test>.*)", ROLE_FINDING, ERROR_TEST, CAUSE_TEST, 88, 0, 0 },
	{ "nextest", "test run failed", "error: test run failed", ROLE_SUMMARY, ERROR_TEST, CAUSE_TEST, 82, 0, 0 },
	{ "rustc", "--> ", "^\\s*--> (?<file>\\S+\\.rs):(?<line>\\d+):(?<col>\\d+)", ROLE_DETAIL, ERROR_BUILD, CAUSE_COMPILE, 0, 0, 0 },
	{ "rustc", "error: ", "^error: (?<msg>(?:cannot find|expected|unexpected|unused|mismatched|unresolved|linking with|no rules expected|this file contains|unknown|couldn't read|proc macro|custom attribute|failed to resolve|environment variable|macro|missing|variable|function|struct|constant|unreachable|format argument|invalid|duplicate|the name|borrow|type annotations|trait|associated|aborting due to).*)", ROLE_FINDING, ERROR_BUILD, CAUSE_COMPILE, 60, 3, 0 },
	{ "rustc", "error[", "^(?:\\s*\\S+: )?error\\[(?<rule>E\\d{4})\\]: (?<msg>.*)", ROLE_FINDING, ERROR_BUILD, CAUSE_COMPILE, 86, 3, 0 },
	{ "rustfmt", "diff in ", "^Diff in (?<file>\\S+?\\.rs)(?::(?<line>\\d+)| at line (?<l2>\\d+))", ROLE_FINDING, ERROR_LINT, CAUSE_LINT, 82, 3, 0 },
};
/* clang-format on */

const struct grammar_family family_rust = { rows, ARRAY_SIZE(rows) };
