#include "common/error_type.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct name_case {
	const char *spelling;
	const char *written;
};

static const struct name_case cases[] = {
	{ "lint_failure", "lint_failure" },
	{ "type_check_failure", "type_check_failure" },
	{ "build_failure", "build_failure" },
	{ "test_failure", "test_failure" },
	{ "security_scan_failure", "security_scan_failure" },
	{ "deploy_failure", "deploy_failure" },
	{ "infra_failure", "infra_failure" },
	{ "unknown_failure", "unknown_failure" },
	{ "Build_Failure", "build_failure" },
	/* The old scripts'. */
	{ "type_error", "type_check_failure" },
	{ "security_issue", "security_scan_failure" },
	{ "no_tests", "test_failure" },
	{ "test_setup", "test_failure" },
	{ "analysis", "unknown_failure" },
	{ "improvement_generation", "unknown_failure" },
	{ "ci_failure", "unknown_failure" },
	{ "ci_pipeline_failure", "unknown_failure" },
	{ "manual_trigger", "unknown_failure" },
	{ "unknown", "unknown_failure" },
	{ "post_merge_health_issues", "unknown_failure" },
	{ "post_merge_health_degradation", "unknown_failure" },
	{ "health_change_dropped", "unknown_failure" },
	{ "sentry_high_error", "unknown_failure" },
	{ "ESCALATION_critical_level_2", "unknown_failure" },
	/* What people type. */
	{ "lint", "lint_failure" },
	{ "type_check", "type_check_failure" },
	{ "typecheck_failure", "type_check_failure" },
	{ "BUILD", "build_failure" },
	{ "compile_error", "build_failure" },
	{ "test", "test_failure" },
	{ "security", "security_scan_failure" },
	{ "deployment_failure", "deploy_failure" },
	{ "infrastructure_failure", "infra_failure" },
};

static void names_and_aliases_are_read(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum error_type type = ERROR_TYPE_COUNT;

		assert_int_equal(error_type_parse(cases[i].spelling, &type), 0);
		assert_string_equal(error_type_name(type), cases[i].written);
	}
}

static void other_names_are_refused(void **state) {
	static const char *const others[] = { "", " ", "none", "lint_failure ", "lint failure",
		"lint_failures", "build_", "health", "post", "xsentry_high" };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		enum error_type type = ERROR_DEPLOY;

		assert_int_equal(error_type_parse(others[i], &type), -EINVAL);
		assert_int_equal(type, ERROR_DEPLOY);
	}
}

static void every_type_has_a_name_that_is_read_back(void **state) {
	for (int i = 0; i < ERROR_TYPE_COUNT; i++) {
		enum error_type type;

		assert_int_equal(error_type_parse(error_type_name((enum error_type)i), &type), 0);
		assert_int_equal(type, i);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_aliases_are_read),
		cmocka_unit_test(other_names_are_refused),
		cmocka_unit_test(every_type_has_a_name_that_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
