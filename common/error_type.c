#include "common/error_type.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = {
	[ERROR_LINT] = "lint_failure",
	[ERROR_TYPE_CHECK] = "type_check_failure",
	[ERROR_BUILD] = "build_failure",
	[ERROR_TEST] = "test_failure",
	[ERROR_SECURITY_SCAN] = "security_scan_failure",
	[ERROR_DEPLOY] = "deploy_failure",
	[ERROR_INFRA] = "infra_failure",
	[ERROR_UNKNOWN] = "unknown_failure",
};

struct spelling {
	const char *name;
	enum error_type type;
	bool is_prefix;
};

static const struct spelling spellings[] = {
	/* sorted */
	{ "analysis", ERROR_UNKNOWN, false },
	{ "build", ERROR_BUILD, false },
	{ "build_error", ERROR_BUILD, false },
	{ "build_failure", ERROR_BUILD, false },
	{ "ci_failure", ERROR_UNKNOWN, false },
	{ "ci_pipeline_failure", ERROR_UNKNOWN, false },
	{ "compile_error", ERROR_BUILD, false },
	{ "deploy", ERROR_DEPLOY, false },
	{ "deploy_error", ERROR_DEPLOY, false },
	{ "deploy_failure", ERROR_DEPLOY, false },
	{ "deployment_failure", ERROR_DEPLOY, false },
	{ "escalation_", ERROR_UNKNOWN, true },
	{ "health_", ERROR_UNKNOWN, true },
	{ "improvement_generation", ERROR_UNKNOWN, false },
	{ "infra", ERROR_INFRA, false },
	{ "infra_failure", ERROR_INFRA, false },
	{ "infrastructure_failure", ERROR_INFRA, false },
	{ "lint", ERROR_LINT, false },
	{ "lint_error", ERROR_LINT, false },
	{ "lint_failure", ERROR_LINT, false },
	{ "manual_trigger", ERROR_UNKNOWN, false },
	{ "no_tests", ERROR_TEST, false },
	{ "post_merge_", ERROR_UNKNOWN, true },
	{ "security", ERROR_SECURITY_SCAN, false },
	{ "security_failure", ERROR_SECURITY_SCAN, false },
	{ "security_issue", ERROR_SECURITY_SCAN, false },
	{ "security_scan_failure", ERROR_SECURITY_SCAN, false },
	{ "sentry_", ERROR_UNKNOWN, true },
	{ "test", ERROR_TEST, false },
	{ "test_error", ERROR_TEST, false },
	{ "test_failure", ERROR_TEST, false },
	{ "test_setup", ERROR_TEST, false },
	{ "type_check", ERROR_TYPE_CHECK, false },
	{ "type_check_error", ERROR_TYPE_CHECK, false },
	{ "type_check_failure", ERROR_TYPE_CHECK, false },
	{ "type_error", ERROR_TYPE_CHECK, false },
	{ "typecheck_failure", ERROR_TYPE_CHECK, false },
	{ "unknown", ERROR_UNKNOWN, false },
	{ "unknown_failure", ERROR_UNKNOWN, false },
};

const char *error_type_name(enum error_type type) {
	return (size_t)type < ARRAY_SIZE(names) ? names[type] : names[ERROR_UNKNOWN];
}

int error_type_parse(const char *name, enum error_type *ret_type) {
	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		const struct spelling *spelling = &spellings[i];
		int order = spelling->is_prefix
			? strncasecmp(spelling->name, name, strlen(spelling->name))
			: strcasecmp(spelling->name, name);

		if (order == 0) {
			*ret_type = spelling->type;
			return 0;
		}
	}
	return -EINVAL;
}
