#include <stdlib.h>
#include <string.h>

#include "common/logscan/logscan.h"

static const char *const stage_names[] = {
	[STAGE_INSTALL] = "install",
	[STAGE_LINT] = "lint",
	[STAGE_TYPE_CHECK] = "type_check",
	[STAGE_BUILD] = "build",
	[STAGE_TEST] = "test",
	[STAGE_SECURITY] = "security",
	[STAGE_DEPLOY] = "deploy",
	[STAGE_OTHER] = "other",
};

static const char *const cause_names[] = {
	[CAUSE_LINT] = "lint",
	[CAUSE_TYPE] = "type",
	[CAUSE_COMPILE] = "compile",
	[CAUSE_TEST] = "test",
	[CAUSE_SECRET] = "secret",
	[CAUSE_VULNERABILITY] = "vulnerability",
	[CAUSE_DEPENDENCY] = "dependency",
	[CAUSE_CONFIG] = "config",
	[CAUSE_RESOURCE] = "resource",
	[CAUSE_NETWORK] = "network",
	[CAUSE_TIMEOUT] = "timeout",
	[CAUSE_PERMISSION] = "permission",
	[CAUSE_UNKNOWN] = "unknown",
	[CAUSE_NONE] = "none",
};

static const char *const severity_names[] = {
	[SEVERITY_ERROR] = "error",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_INFO] = "info",
};

const char *logscan_stage_name(enum logscan_stage stage) {
	return stage_names[stage];
}

const char *logscan_cause_name(enum logscan_cause cause) {
	return cause_names[cause];
}

const char *logscan_severity_name(enum logscan_severity severity) {
	return severity_names[severity];
}

void logscan_result_finish(struct logscan_result *result) {
	for (size_t i = 0; i < result->n_findings; i++) {
		free(result->findings[i].file);
		free(result->findings[i].rule);
		free(result->findings[i].message);
		free(result->findings[i].test);
	}
	free(result->findings);
	free(result->headline);
	free(result->excerpt);
	memset(result, 0, sizeof(*result));
}
