/* Result files: what real tools wrote (tests/data/results), and what no tool should. */
#include "client/results.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/call.h"
#include "client/limits.h"
#include "common/buffer.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"

#define COVERAGE RESULTS_COVERAGE
#define LINT RESULTS_LINT
#define SECURITY RESULTS_SECURITY
#define TESTS RESULTS_TESTS

static char path[64];

static int read_bytes(enum results_kind kind, const char *data, size_t len, struct results *ret,
	char message[CLIENT_SENTENCE_MAX]) {
	message[0] = '\0';
	assert_int_equal(fd_write_file_atomic(path, data, len, 0600), 0);
	return results_read(kind, path, false, CALL_NO_DEADLINE, ret, message, CLIENT_SENTENCE_MAX);
}

/* Every member of `part` is in `whole`, alike. */
static bool holds(const json_t *whole, const json_t *part) {
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_object(part)) {
		json_object_foreach((json_t *)part, key, value) {
			if (!holds(json_object_get(whole, key), value)) {
				return false;
			}
		}
		return json_is_object(whole);
	}
	if (json_is_array(part)) {
		json_array_foreach(part, i, value) {
			if (!holds(json_array_get(whole, i), value)) {
				return false;
			}
		}
		return json_array_size(whole) == json_array_size(part);
	}
	return json_equal(whole, part);
}

static void expect(
	const char *what, const struct results *results, const char *part_text, const char *why) {
	json_t *part = json_loads(part_text, 0, NULL);
	char *text = json_dumps(results->quality, JSON_COMPACT);

	assert_non_null(part);
	if (!holds(results->quality, part)) {
		fail_msg("%s: %s", what, text);
	}
	assert_true(strlen(text) <= CLIENT_RESULTS_SENT_BYTES);
	assert_null(strstr(text, "PLANTED"));
	if (results->failed != (why != NULL) ||
		(why != NULL ? strstr(results->why, why) == NULL : results->why[0] != '\0')) {
		fail_msg("%s: failed %d, \"%s\"", what, results->failed, results->why);
	}
	json_decref(part);
	free(text);
}

/* What tools wrote. `why` NULL: it is no failure. */
static const struct {
	enum results_kind kind;
	const char *file;
	const char *part;
	const char *why;
} files[] = {
	{ COVERAGE, "clover.xml",
		"{\"tool\":\"clover\",\"statements\":{\"covered\":3,\"total\":5},"
		"\"branches\":{\"covered\":1,\"total\":2},\"functions\":{\"covered\":1,\"total\":2}}",
		NULL },
	{ COVERAGE, "cobertura.xml",
		"{\"tool\":\"cobertura\",\"lines\":{\"covered\":3,\"total\":5},"
		"\"branches\":{\"covered\":1,\"total\":2}}",
		NULL },
	{ COVERAGE, "cobertura-counted.xml",
		"{\"lines\":{\"covered\":2,\"total\":3},\"branches\":{\"covered\":1,\"total\":2}}",
		NULL },
	{ COVERAGE, "istanbul.json",
		"{\"tool\":\"istanbul\",\"lines\":{\"covered\":3,\"total\":5},"
		"\"statements\":{\"covered\":3,\"total\":5},\"functions\":{\"covered\":1,\"total\":2},"
		"\"branches\":{\"covered\":1,\"total\":2}}",
		NULL },
	{ COVERAGE, "istanbul-nothing.json", "{\"lines\":{\"covered\":0,\"total\":0}}", NULL },
	{ COVERAGE, "lcov.info",
		"{\"tool\":\"lcov\",\"lines\":{\"covered\":3,\"total\":5},"
		"\"branches\":{\"covered\":1,\"total\":2},\"functions\":{\"covered\":1,\"total\":2}}",
		NULL },
	{ LINT, "checkstyle.xml",
		"{\"tool\":\"checkstyle\",\"errors\":2,\"warnings\":1,\"files\":2,\"findings\":["
		"{\"severity\":\"error\",\"file\":\"/home/ci/web/src/bad.js\",\"line\":1,\"column\":1,"
		"\"rule\":\"eslint.rules.no-var\"},{\"severity\":\"warning\"},{\"severity\":\"info\"},{}]}",
		"2 lint errors" },
	{ LINT, "eslint.json",
		"{\"tool\":\"eslint\",\"errors\":3,\"warnings\":1,\"fixable\":1,\"files\":5,\"findings\":["
		"{\"severity\":\"error\",\"file\":\"/home/ci/web/src/bad.js\",\"line\":1,\"column\":1,"
		"\"rule\":\"no-var\",\"message\":\"Unexpected var, use let or const instead.\"},"
		"{},{},{\"line\":1,\"column\":11}]}",
		"3 lint errors" },
	{ LINT, "sarif.json",
		"{\"tool\":\"Scanner\",\"errors\":2,\"warnings\":1,\"findings\":[{\"severity\":\"error\","
		"\"file\":\"src/db.ts\",\"line\":7,\"column\":3,\"rule\":\"sql-injection\","
		"\"message\":\"Query built from input.\"},{\"severity\":\"info\"},"
		"{\"severity\":\"warning\"},{\"message\":\"Rejected.\"}]}",
		"2 lint errors" },
	{ SECURITY, "gitleaks.json",
		"{\"tool\":\"gitleaks\",\"completed\":true,\"unknown\":1,\"verified\":0,\"findings\":["
		"{\"file\":\"config/deploy.env\",\"line\":20,\"rule\":\"aws-access-token\"}]}",
		"1 security finding" },
	{ SECURITY, "npm-audit.json",
		"{\"tool\":\"npm audit\",\"completed\":true,\"critical\":1,\"high\":0,\"moderate\":1,"
		"\"findings\":[{\"severity\":\"critical\",\"package\":\"minimist\","
		"\"rule\":\"GHSA-xvch-5gv4-984h\",\"message\":\"Prototype Pollution in minimist\"},"
		"{\"package\":\"mkdirp\"}]}",
		"2 security findings, 1 of them critical" },
	{ SECURITY, "npm-error.json", "{\"tool\":\"npm audit\",\"completed\":false,\"critical\":0}",
		"could not ask the registry" },
	{ SECURITY, "sarif.json",
		"{\"tool\":\"Scanner\",\"completed\":true,\"critical\":1,\"high\":1,\"moderate\":1,"
		"\"low\":1}",
		"4 security findings" },
	{ SECURITY, "trufflehog.ndjson",
		"{\"tool\":\"trufflehog\",\"completed\":true,\"critical\":1,\"unknown\":1,\"verified\":1,"
		"\"findings\":[{\"severity\":\"critical\",\"file\":\"config/deploy.env\",\"line\":3,"
		"\"rule\":\"AWS\"},{\"severity\":\"unknown\",\"file\":\"src/a.ts\",\"line\":12,"
		"\"rule\":\"URI\"}]}",
		"2 security findings, 1 of them critical" },
	/* The suite that could not be loaded is no failed test, and no pass. */
	{ TESTS, "jest.json",
		"{\"tool\":\"jest\",\"total\":4,\"passed\":1,\"failed\":1,\"skipped\":2,\"suitesFailed\":1,"
		"\"failures\":[{\"file\":\"/home/ci/web/src/sum.test.js\",\"test\":\"adds up\"},"
		"{\"file\":\"/home/ci/web/src/broken.test.js\"}]}",
		"1 of 4 tests failed, and some test suites did not run" },
	/* Its attributes say 3 tests of a suite of 4. */
	{ TESTS, "jest-junit.xml",
		"{\"tool\":\"junit\",\"total\":5,\"passed\":3,\"failed\":1,\"skipped\":1,"
		"\"failures\":[{\"test\":\"adds up\"}]}",
		"1 of 5 tests failed" },
	{ TESTS, "pytest.xml",
		"{\"total\":4,\"passed\":1,\"failed\":2,\"skipped\":1,\"durationMs\":3,\"failures\":["
		"{\"test\":\"tests.test_sum > test_adds_up[1-3]\"},{\"test\":\"tests.test_broken\","
		"\"message\":\"collection failure\"}]}",
		"2 of 4 tests failed" },
	{ TESTS, "vitest.json",
		"{\"tool\":\"vitest\",\"total\":2,\"passed\":1,\"failed\":1,\"suitesFailed\":1}",
		"1 of 2 tests failed, and" },
	{ TESTS, "vitest-junit.xml", "{\"total\":3,\"passed\":1,\"failed\":2}",
		"2 of 3 tests failed" },
	/* It does not say that an error nobody waited for failed the run; its exit code does. */
	{ TESTS, "vitest-unhandled.json", "{\"total\":1,\"passed\":1,\"failed\":0}", NULL },
};

static void files_of_tools(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char file[1024], message[CLIENT_SENTENCE_MAX] = "";
		struct results results;
		int r;

		snprintf(file, sizeof(file), "%s/%s", getenv("RESULTS_DATA"), files[i].file);
		r = results_read(files[i].kind, file, false, CALL_NO_DEADLINE, &results, message,
			sizeof(message));
		if (r != 0) {
			fail_msg("%s: %s", files[i].file, message);
		}
		expect(files[i].file, &results, files[i].part, files[i].why);
		json_decref(results.quality);
	}
}

#define SUITE(content) "<testsuites>" content "</testsuites>"
#define SARIF(run)                                                                                 \
	"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"x\"}}," run "}]}"
#define JEST(members) "{\"numTotalTests\":1," members "}"

/* Traps. `part` NULL: it is refused, and `why` is in the message. */
static const struct {
	enum results_kind kind;
	const char *what;
	const char *text;
	const char *part;
	const char *why;
} traps[] = {
	{ TESTS, "a suite that could not be loaded", SUITE("<testsuite errors=\"1\" tests=\"0\"/>"),
		"{\"total\":0,\"suitesFailed\":1}", "1 test suite did not run" },
	{ TESTS, "failures that no test has",
		SUITE("<testsuite failures=\"1\"><testcase name=\"a\"/></testsuite>"),
		"{\"total\":1,\"failed\":0,\"suitesFailed\":0}", NULL },
	{ TESTS, "an error of a suite", SUITE("<testsuite><error>x</error></testsuite>"),
		"{\"suitesFailed\":1}", "did not run" },
	{ TESTS, "claims counted once",
		"<testsuites errors=\"1\"><testsuite errors=\"1\"><testsuite errors=\"1\"/></testsuite>"
		"</testsuites>",
		"{\"suitesFailed\":1}", "1 test suite did not run" },
	{ TESTS, "a claim that a test bears out",
		SUITE("<testsuite failures=\"3\"><testcase name=\"a\"><failure/></testcase></testsuite>"),
		"{\"failed\":1,\"suitesFailed\":0}", "1 of 1 tests failed" },
	{ TESTS, "attributes that lie about a pass",
		"<testsuite tests=\"9\" failures=\"0\"><testcase name=\"a\"><failure/></testcase></testsuite>",
		"{\"total\":1,\"failed\":1}", "1 of 1" },
	{ TESTS, "failure and error of one test",
		SUITE("<testcase name=\"a\"><failure/><error/></testcase>"),
		"{\"total\":1,\"failed\":1}", "1 of 1" },
	{ TESTS, "a test retried until it passed",
		SUITE("<testcase name=\"a\"><flakyFailure message=\"x\"/></testcase>"),
		"{\"passed\":1,\"failed\":0}", NULL },
	{ TESTS, "another file's root", "<html><testsuite/></html>", NULL, "root" },
	{ TESTS, "cut off", "<testsuites><testsuite><testcase name=\"a\">", NULL, "no whole XML" },
	{ TESTS, "a billion laughs",
		"<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><testsuite name=\"&b;\"/>",
		NULL, "document type" },
	{ TESTS, "an entity of a file",
		"<!DOCTYPE l [<!ENTITY a SYSTEM \"/etc/passwd\">]>"
		"<testsuite><testcase name=\"x\"><failure>&a;</failure></testcase></testsuite>",
		NULL, "document type" },
	{ TESTS, "a document type elsewhere",
		"<!DOCTYPE testsuite SYSTEM \"http://127.0.0.1:1/x.dtd\"><testsuite>"
		"<testcase name=\"x\"><failure>&a;</failure></testcase></testsuite>",
		"{\"failed\":1}", "1 of 1" },
	{ TESTS, "a parameter entity", "<!DOCTYPE l [<!ENTITY % a \"x\"> %a;]><testsuite/>", NULL,
		"document type" },
	{ TESTS, "colours in a message",
		SUITE("<testcase name=\"a\"><failure message=\"\\u001b&#9;red\"/></testcase>"),
		"{\"failed\":1}", "1 of 1" },
	{ TESTS, "jest: did not succeed",
		JEST("\"success\":false,\"testResults\":[],\"numRuntimeErrorTestSuites\":0"),
		"{\"total\":0,\"completed\":false}", "jest says that it did not succeed" },
	{ TESTS, "jest: interrupted",
		JEST("\"success\":true,\"wasInterrupted\":true,\"testResults\":[]"),
		"{\"completed\":false}", "interrupted" },
	{ TESTS, "jest: sums beyond what is listed",
		JEST("\"success\":false,\"numFailedTests\":2,\"testResults\":[]"), "{\"failed\":2}",
		"2 of" },
	{ TESTS, "jest: a status of tomorrow",
		JEST("\"success\":true,\"testResults\":[{\"status\":\"passed\",\"assertionResults\":["
		     "{\"status\":\"exploded\"}]}]"),
		"{\"failed\":1}", "1 of 1" },
	{ TESTS, "jest: wrong types",
		JEST("\"success\":\"yes\",\"testResults\":[1,\"x\",{\"assertionResults\":7}]"),
		"{\"passed\":0}", "did not run" },
	{ COVERAGE, "a number beyond all",
		"{\"total\":{\"lines\":{\"total\":99999999999999999999999}}}", NULL,
		"a number is too large (line 1" },
	{ TESTS, "a member twice", "{\"total\":1,\"failed\":1,\"failed\":0}", NULL, "no valid JSON" },
	{ TESTS, "empty", "", NULL, "empty" },
	{ TESTS, "a file of another kind", "[{\"filePath\":\"a\",\"messages\":[]}]", NULL,
		"a file of eslint, which --lint takes" },
	{ TESTS, "ours", "{\"total\":2,\"failed\":1,\"more\":\"x\"}",
		"{\"total\":2,\"failed\":1,\"more\":\"x\"}", "1 of 2" },
	{ TESTS, "a list", "[1]", NULL, "none that --tests knows" },
	{ LINT, "eslint: a fatal message of severity 1",
		"[{\"filePath\":\"a\",\"messages\":[{\"severity\":1,\"fatal\":true,\"message\":\"x\"}]}]",
		"{\"errors\":1,\"warnings\":0}", "1 lint error" },
	{ LINT, "eslint: sums alone", "[{\"filePath\":\"a\",\"messages\":[],\"errorCount\":3}]",
		"{\"errors\":3}", "3 lint errors" },
	{ LINT, "eslint: clean", "[{\"filePath\":\"a\",\"messages\":[],\"source\":\"PLANTED\"}]",
		"{\"errors\":0,\"files\":1}", NULL },
	{ LINT, "eslint behind npm's banner",
		"\n> web@1.0.0 lint\n> eslint . -f json\n\n[{\"filePath\":\"a\",\"messages\":[]}]\n",
		"{\"errors\":0}", NULL },
	{ LINT, "eslint: no file", "[{\"filePath\":\"a\",\"messages\":[]}, 7]", NULL, "entry 2" },
	{ LINT, "eslint crashed", "Oops! Something went wrong! :(\n", NULL, "no valid JSON (line 1" },
	{ LINT, "sarif: no runs", "{\"version\":\"2.1.0\",\"runs\":null}", "{\"completed\":false}",
		"no runs" },
	{ SECURITY, "sarif: clean", SARIF("\"results\":[]"), "{\"completed\":true,\"high\":0}", NULL },
	{ SECURITY, "sarif: no results", SARIF("\"results\":null"), "{\"completed\":false}",
		"x has no results" },
	{ SECURITY, "sarif: did not succeed",
		SARIF("\"results\":[],\"invocations\":[{\"executionSuccessful\":false}]"),
		"{\"completed\":false}", "did not succeed" },
	{ SECURITY, "sarif of a secret scanner",
		"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"Gitleaks\"}},\"results\":["
		"{\"ruleId\":\"r\",\"message\":{\"text\":\"found PLANTED\"}}]}]}",
		"{\"moderate\":1}", "1 security finding" },
	{ SECURITY, "sarif: an index beyond its rules",
		SARIF("\"results\":[{\"ruleIndex\":99999999999,\"message\":{\"text\":\"m\"}}]"),
		"{\"moderate\":1}", "1 security finding" },
	{ SECURITY, "gitleaks: clean", "[]\n", "{\"tool\":\"gitleaks\",\"completed\":true}", NULL },
	{ SECURITY, "null", "null\n", NULL, "none that --security knows" },
	{ SECURITY, "trufflehog: clean", "", "{\"tool\":\"trufflehog\",\"completed\":true}", NULL },
	{ SECURITY, "blank", "\n\n", NULL, "empty" },
	{ SECURITY, "trufflehog: its log alone",
		"{\"level\":\"info-0\",\"logger\":\"trufflehog\",\"msg\":\"finished scanning\"}\n",
		"{\"completed\":true}", NULL },
	{ SECURITY, "trufflehog: an error logged",
		"{\"level\":\"error\",\"logger\":\"trufflehog\",\"msg\":\"no such repository PLANTED\"}\n",
		"{\"completed\":false}", "logged an error" },
	{ SECURITY, "trufflehog: killed",
		"{\"SourceMetadata\":{},\"DetectorName\":\"AWS\",\"Raw\":\"PLANTED\"}\n"
		"{\"SourceMetadata\":{},\"DetectorName\":\"AWS\",\"Raw\":\"PLAN",
		"{\"completed\":false,\"unknown\":1}", "1 security finding" },
	{ SECURITY, "npm audit: nothing found",
		"{\"auditReportVersion\":2,\"vulnerabilities\":{},\"metadata\":{\"vulnerabilities\":{"
		"\"total\":0}}}",
		"{\"completed\":true,\"critical\":0}", NULL },
	{ SECURITY, "npm audit: sums alone",
		"{\"auditReportVersion\":2,\"vulnerabilities\":{},\"metadata\":{\"vulnerabilities\":{"
		"\"high\":2}}}",
		"{\"high\":2}", "2 security findings" },
	{ SECURITY, "npm audit: an error",
		"{\"error\":{\"code\":\"ENOLOCK\",\"summary\":\"PLANTED\"}}",
		"{\"completed\":false}", "registry: ENOLOCK" },
	{ SECURITY, "npm audit: no list", "{\"auditReportVersion\":2}", NULL,
		"no \"vulnerabilities\"" },
	{ SECURITY, "pnpm audit",
		"{\"advisories\":{\"1\":{\"severity\":\"high\",\"module_name\":\"m\",\"title\":\"t\","
		"\"url\":\"https://x/GHSA-1\"}},\"metadata\":{}}",
		"{\"tool\":\"pnpm audit\",\"high\":1,\"findings\":[{\"package\":\"m\",\"rule\":\"GHSA-1\"}]}",
		"1 security finding" },
	{ SECURITY, "a secret where no JSON is", "{\"a\": PLANTED}", NULL, "no valid JSON" },
	{ COVERAGE, "more covered than there is",
		"{\"total\":{\"lines\":{\"total\":1,\"covered\":2}}}", NULL, "more lines covered" },
	{ COVERAGE, "wrong types", "{\"total\":{\"lines\":{\"total\":\"1\",\"covered\":null}}}",
		NULL, "no numbers" },
	{ COVERAGE, "lcov without sums",
		"SF:a\nDA:1,2\nDA:2,0\nDA:3,1,md5\nBRDA:1,0,0,-\nBRDA:1,0,1,2\nend_of_record\n",
		"{\"lines\":{\"covered\":2,\"total\":3},\"branches\":{\"covered\":1,\"total\":2}}",
		NULL },
	{ COVERAGE, "lcov: two files, CR LF",
		"TN:\r\nSF:a\r\nLF:2\r\nLH:1\r\nend_of_record\r\nSF:b\r\nLF:3\r\nLH:3\r\nend_of_record\r\n",
		"{\"lines\":{\"covered\":4,\"total\":5}}", NULL },
	{ COVERAGE, "lcov: cut off", "SF:a\nDA:1,2\n", NULL, "within a record" },
	{ COVERAGE, "lcov: no records", "TN:\n", NULL, "no records" },
	{ COVERAGE, "lcov: no numbers", "SF:a\nLF:x\nLH:-3\nDA:\nBRDA:\nend_of_record\n",
		"{\"lines\":{\"covered\":0,\"total\":0}}", NULL },
	{ COVERAGE, "numbers beyond all bounds",
		"SF:a\nLF:99999999999999999999999\nLH:99999999999999999999\nend_of_record\n",
		"{\"lines\":{\"covered\":1000000000000,\"total\":1000000000000}}", NULL },
	{ COVERAGE, "clover without sums",
		"<coverage clover=\"3\"><project><file><metrics statements=\"1\" coveredstatements=\"1\"/>"
		"</file></project></coverage>",
		NULL, "no <metrics>" },
	{ COVERAGE, "ours", "{\"lines\":{\"covered\":8,\"total\":10}}",
		"{\"lines\":{\"covered\":8,\"total\":10}}", NULL },
};

static void traps_are_seen(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(traps); i++) {
		char message[CLIENT_SENTENCE_MAX];
		struct results results = { 0 };
		int r = read_bytes(
			traps[i].kind, traps[i].text, strlen(traps[i].text), &results, message);

		if (traps[i].part == NULL) {
			if (r != -EINVAL || strstr(message, traps[i].why) == NULL ||
				strstr(message, "PLANTED") != NULL) {
				fail_msg("%s: %d, \"%s\"", traps[i].what, r, message);
			}
			assert_null(results.quality);
			continue;
		}
		if (r != 0) {
			fail_msg("%s: %d, \"%s\"", traps[i].what, r, message);
		}
		expect(traps[i].what, &results, traps[i].part, traps[i].why);
		json_decref(results.quality);
	}
}

/* The beginnings of every file: an answer or a refusal, and never a pass when the whole is none. */
static void cut_files_are_no_pass(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_(freep) char *data = NULL;
		char file[1024], message[CLIENT_SENTENCE_MAX];
		size_t len = 0;

		snprintf(file, sizeof(file), "%s/%s", getenv("RESULTS_DATA"), files[i].file);
		assert_int_equal(fd_read_file(file, 1024 * 1024, &data, &len), 0);
		for (size_t cut = 1; cut + 2 < len; cut += len / 64 + 1) {
			struct results results = { 0 };

			if (read_bytes(files[i].kind, data, cut, &results, message) == 0) {
				if (files[i].why != NULL && !results.failed) {
					fail_msg("%s: passes when cut at %zu", files[i].file, cut);
				}
				json_decref(results.quality);
			} else {
				assert_true(message[0] != '\0');
			}
		}
	}
}

static void any_bytes_are_answered(void **state) {
	static const struct {
		const char *text;
		size_t len;
	} texts[] = {
		{ "\0\0\0\0", 4 },
		{ "\xff\xfe[\0]\0", 6 },
		{ "\xfe\xff\0[\0]", 6 },
		{ "[\0]", 3 },
		{ "\xef\xbb\xbf", 3 },
		{ "<\0testsuite/>", 13 },
		{ "\"\\u0000\"", 8 },
		{ "{\"a\":\"\xff\"}", 9 },
		{ "\xff\xff\xff\xff", 4 },
		{ "<", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		for (int kind = 0; kind < RESULTS_KIND_COUNT; kind++) {
			char message[CLIENT_SENTENCE_MAX];
			struct results results = { 0 };
			int r = read_bytes((enum results_kind)kind, texts[i].text, texts[i].len,
				&results, message);

			if (r != -EINVAL && !(r == 0 && i == 1)) {
				fail_msg("text %zu as %s: %d", i, results_kind_name(kind), r);
			}
			json_decref(results.quality);
		}
	}
}

static void utf16_is_read_as_xml_and_named_as_json(void **state) {
	static const char text[] =
		"<testsuite><testcase name=\"a\"><failure/></testcase></testsuite>";
	char wide[2 * sizeof(text)] = "\xff\xfe", message[CLIENT_SENTENCE_MAX];
	struct results results = { 0 };

	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		wide[2 + 2 * i] = text[i];
		wide[3 + 2 * i] = '\0';
	}
	assert_int_equal(read_bytes(TESTS, wide, 2 * sizeof(text), &results, message), 0);
	expect("UTF-16", &results, "{\"failed\":1}", "1 of 1");
	json_decref(results.quality);
	assert_int_equal(read_bytes(LINT, "\xff\xfe[\0]\0", 6, &results, message), -EINVAL);
	assert_non_null(strstr(message, "UTF-16"));
}

/* `open` n times, then `middle`, then `close` n times. */
static void nest(
	struct buffer *out, const char *open, const char *middle, const char *close, size_t n) {
	buffer_init(out, 64 * 1024 * 1024);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(buffer_append_str(out, open), 0);
	}
	assert_int_equal(buffer_append_str(out, middle), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(buffer_append_str(out, close), 0);
	}
}

static void deep_nesting_is_refused(void **state) {
	char message[CLIENT_SENTENCE_MAX];
	struct results results;
	struct buffer text;

	nest(&text, "<testsuite>", "", "</testsuite>", 100000);
	assert_int_equal(read_bytes(TESTS, text.data, text.len, &results, message), -EINVAL);
	assert_non_null(strstr(message, "nested too deep"));
	buffer_finish(&text);
	nest(&text, "[", "", "]", 100000);
	assert_int_equal(read_bytes(LINT, text.data, text.len, &results, message), -EINVAL);
	buffer_finish(&text);
}

static void many_failures_are_counted_and_some_kept(void **state) {
	char message[CLIENT_SENTENCE_MAX];
	struct results results;
	struct buffer text;

	buffer_init(&text, 64 * 1024 * 1024);
	assert_int_equal(buffer_append_str(&text, "<testsuite>"), 0);
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(
			buffer_appendf(&text,
				"<testcase name=\"%0500d\"><failure>%0800d</failure></testcase>", i,
				i),
			0);
	}
	assert_int_equal(buffer_append_str(&text, "</testsuite>"), 0);
	assert_int_equal(read_bytes(TESTS, text.data, text.len, &results, message), 0);
	expect("many", &results, "{\"total\":5000,\"failed\":5000}", "5000 of 5000 tests failed");
	assert_int_equal(
		json_array_size(json_object_get(results.quality, "failures")), CLIENT_FINDINGS_MAX);
	json_decref(results.quality);
	buffer_finish(&text);
}

static void large_files_are_refused(void **state) {
	_cleanup_(freep) char *blanks = NULL;
	char message[CLIENT_SENTENCE_MAX];
	struct results results;

	assert_int_equal(fd_write_file_atomic(path, "<testsuite>", 11, 0600), 0);
	assert_int_equal(truncate(path, CLIENT_RESULTS_FILE_BYTES + 1), 0);
	assert_true(results_read(TESTS, path, false, CALL_NO_DEADLINE, &results, message,
			    sizeof(message)) < 0);
	blanks = malloc(CLIENT_RESULTS_JSON_BYTES + 1);
	assert_non_null(blanks);
	memset(blanks, ' ', CLIENT_RESULTS_JSON_BYTES + 1);
	blanks[0] = '[';
	assert_int_equal(
		read_bytes(LINT, blanks, CLIENT_RESULTS_JSON_BYTES + 1, &results, message), -EFBIG);
	assert_string_equal(message, "it is larger than 32 MiB");
	/* Time ends the parsing too. */
	assert_int_equal(results_read(LINT, path, false, clock_mono_us() + 1000, &results, message,
				 sizeof(message)),
		-ETIMEDOUT);
	assert_string_equal(message, "it is too large to be read in time");
	/* A line without an end. */
	assert_int_equal(fd_write_file_atomic(path, "SF:", 3, 0600), 0);
	assert_int_equal(truncate(path, 3 * CLIENT_RESULTS_LINE_BYTES), 0);
	assert_int_equal(results_read(COVERAGE, path, false, CALL_NO_DEADLINE, &results, message,
				 sizeof(message)),
		-EINVAL);
	assert_non_null(strstr(message, "line"));
}

static void what_is_no_file_is_said(void **state) {
	char message[CLIENT_SENTENCE_MAX] = "";
	struct results results;

	assert_int_equal(results_read(TESTS, "-", false, CALL_NO_DEADLINE, &results, message,
				 sizeof(message)),
		-EINVAL);
	assert_int_equal(results_read(TESTS, "/nonexistent", false, CALL_NO_DEADLINE, &results,
				 message, sizeof(message)),
		-ENOENT);
	assert_true(message[0] != '\0');
	assert_int_equal(results_read(TESTS, "/tmp", false, CALL_NO_DEADLINE, &results, message,
				 sizeof(message)),
		-EISDIR);
	assert_int_equal(results_read(TESTS, "/dev/zero", false, CALL_NO_DEADLINE, &results,
				 message, sizeof(message)),
		-ENODEV);
}

static void messages_lose_their_secrets(void **state) {
	static const char text[] =
		"<testsuite><testcase name=\"a\"><failure message=\"token "
		"ghp_0123456789abcdefghijABCDEFGHIJ012345 refused\"/></testcase></testsuite>";
	char message[CLIENT_SENTENCE_MAX];
	struct results results;
	const char *kept;

	assert_int_equal(read_bytes(TESTS, text, strlen(text), &results, message), 0);
	kept = json_string_value(json_object_get(
		json_array_get(json_object_get(results.quality, "failures"), 0), "message"));
	assert_non_null(kept);
	assert_non_null(strstr(kept, "[REDACTED"));
	assert_null(strstr(kept, "ghp_0123"));
	json_decref(results.quality);
}

static int setup(void **state) {
	int fd;

	TEXT_SET(path, "/tmp/test-results-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state) {
	return unlink(path);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_tools),
		cmocka_unit_test(traps_are_seen),
		cmocka_unit_test(cut_files_are_no_pass),
		cmocka_unit_test(any_bytes_are_answered),
		cmocka_unit_test(utf16_is_read_as_xml_and_named_as_json),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(many_failures_are_counted_and_some_kept),
		cmocka_unit_test(large_files_are_refused),
		cmocka_unit_test(what_is_no_file_is_said),
		cmocka_unit_test(messages_lose_their_secrets),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
