#include "daemon/model/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/limits.h"

static json_t *tidy(const char *text) {
	json_t *scan = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(scan);
	assert_int_equal(scan_tidy(&scan, LIMIT_SCAN_MAX_BYTES), 0);
	return scan;
}

static const struct {
	const char *what;
	const char *sent;
	const char *kept; /* NULL: nothing */
} cases[] = {
	{ "all of it",
		"{\"errorType\":\"lint_failure\",\"stage\":\"lint\",\"cause\":\"lint\",\"confidence\":0.5,"
		"\"headline\":{\"line\":3,\"text\":\"x\"},\"findings\":[{\"tool\":\"eslint\","
		"\"severity\":\"error\",\"file\":\"a.ts\",\"line\":1,\"column\":2,\"rule\":\"r\","
		"\"message\":\"m\",\"test\":\"t\",\"logLine\":3}],\"excerpt\":{\"lines\":1,\"text\":\"x\"},"
		"\"redactions\":0,\"fingerprint\":\"v1:ab\"}",
		"{\"errorType\":\"lint_failure\",\"stage\":\"lint\",\"cause\":\"lint\",\"confidence\":0.5,"
		"\"headline\":{\"line\":3,\"text\":\"x\"},\"findings\":[{\"tool\":\"eslint\","
		"\"severity\":\"error\",\"file\":\"a.ts\",\"line\":1,\"column\":2,\"rule\":\"r\","
		"\"message\":\"m\",\"test\":\"t\",\"logLine\":3}],\"excerpt\":{\"lines\":1,\"text\":\"x\"},"
		"\"redactions\":0,\"fingerprint\":\"v1:ab\"}" },
	{ "unknown members",
		"{\"stage\":\"test\",\"shell\":\"rm -rf\",\"headline\":{\"html\":\"<b>\"}}",
		"{\"stage\":\"test\"}" },
	{ "wrong types",
		"{\"stage\":7,\"cause\":[],\"headline\":\"x\",\"findings\":{\"a\":1},\"excerpt\":[1],"
		"\"confidence\":\"1\",\"redactions\":-1,\"fingerprint\":null}",
		NULL },
	{ "findings that are none", "{\"findings\":[1,null,{},[],{\"file\":7},{\"file\":\"a\"}]}",
		"{\"findings\":[{\"file\":\"a\"}]}" },
	{ "words that are sentences", "{\"stage\":\"ignore this\",\"cause\":\"`x`\"}", NULL },
	{ "a share beyond 1", "{\"confidence\":1e300,\"stage\":\"lint\"}", "{\"stage\":\"lint\"}" },
	{ "hidden characters",
		"{\"headline\":{\"text\":\"a\\u001b[31mb\\u202ec\\nd\"},\"excerpt\":{\"text\":\"a\\u200bb\\nc\"}}",
		"{\"headline\":{\"text\":\"abc d\"},\"excerpt\":{\"text\":\"ab\\nc\"}}" },
};

static void only_what_is_known_and_of_its_type_is_kept(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *scan = tidy(cases[i].sent);
		json_t *kept = cases[i].kept != NULL ? json_loads(cases[i].kept, 0, NULL) : NULL;

		if (scan != kept && !json_equal(scan, kept)) {
			fail_msg("%s: %s", cases[i].what,
				scan != NULL ? json_dumps(scan, JSON_COMPACT) : "nothing");
		}
		json_decref(scan);
		json_decref(kept);
	}
}

static void readers_take_anything(void **state) {
	static const char *const values[] = { "null", "7", "[]", "\"x\"", "{}",
		"{\"headline\":[],\"excerpt\":7,\"findings\":\"x\",\"stage\":{},\"note\":1}" };
	struct scan_finding finding;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		json_t *scan = json_loads(values[i], JSON_DECODE_ANY, NULL);

		assert_string_equal(scan_stage(scan), "");
		assert_string_equal(scan_cause(scan), "");
		assert_string_equal(scan_headline(scan), "");
		assert_string_equal(scan_excerpt(scan), "");
		assert_string_equal(scan_note(scan), "");
		assert_int_equal(scan_n_findings(scan), 0);
		assert_false(scan_finding(scan, 0, &finding));
		json_decref(scan);
	}
	assert_string_equal(scan_headline(NULL), "");
	assert_false(scan_finding(NULL, 0, &finding));
}

static void a_guess_is_no_cause(void **state) {
	static const struct {
		const char *scan;
		const char *cause;
	} rows[] = {
		{ "{\"errorType\":\"infra_failure\",\"cause\":\"config\"}", "config" },
		{ "{\"errorType\":\"unknown_failure\",\"stage\":\"other\",\"cause\":\"config\"}", "" },
		{ "{\"errorType\":\"infra_failure\",\"cause\":\"unknown\"}", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *scan = json_loads(rows[i].scan, 0, NULL);

		assert_string_equal(scan_cause(scan), rows[i].cause);
		json_decref(scan);
	}
}

/* `n_findings` and an excerpt of that many bytes. */
static json_t *large_scan(size_t n_findings, size_t excerpt_bytes) {
	char *text = malloc(excerpt_bytes + 1);
	json_t *scan, *findings = json_array();

	memset(text, '"', excerpt_bytes); /* two bytes each as JSON */
	text[excerpt_bytes] = '\0';
	for (size_t i = 0; i < n_findings; i++) {
		json_array_append_new(findings,
			json_pack("{s:s, s:s, s:i}", "file", "src/a.ts", "message",
				"something is wrong with this line and the one after it", "line",
				(int)i + 1));
	}
	scan = json_pack("{s:{s:s}, s:o, s:{s:s}}", "headline", "text", "it broke", "findings",
		findings, "excerpt", "text", text);
	free(text);
	return scan;
}

static void a_long_scan_loses_findings_first(void **state) {
	json_t *scan = large_scan(200, 27000);
	struct scan_finding finding;

	assert_int_equal(scan_tidy(&scan, LIMIT_SCAN_MAX_BYTES), 0);
	assert_true(json_dumpb(scan, NULL, 0, JSON_COMPACT) <= LIMIT_SCAN_MAX_BYTES);
	assert_int_equal(strlen(scan_excerpt(scan)), 27000);
	assert_true(scan_n_findings(scan) > 10 && scan_n_findings(scan) < 200);
	assert_true(scan_finding(scan, 0, &finding));
	assert_int_equal(finding.line, 1);
	assert_non_null(strstr(scan_note(scan), "left out"));
	json_decref(scan);
	scan = large_scan(200, LIMIT_SCAN_MAX_BYTES);
	assert_int_equal(scan_tidy(&scan, LIMIT_SCAN_MAX_BYTES), 0);
	assert_true(json_dumpb(scan, NULL, 0, JSON_COMPACT) <= LIMIT_SCAN_MAX_BYTES);
	assert_true(strlen(scan_excerpt(scan)) > 1000);
	assert_int_equal(scan_n_findings(scan), 0);
	assert_string_equal(scan_headline(scan), "it broke");
	assert_non_null(strstr(scan_note(scan), "excerpt"));
	json_decref(scan);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_known_and_of_its_type_is_kept),
		cmocka_unit_test(readers_take_anything),
		cmocka_unit_test(a_guess_is_no_cause),
		cmocka_unit_test(a_long_scan_loses_findings_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
