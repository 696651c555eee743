/* github_project - a project's name as GitHub has it: "owner/name". Pure, any thread. */
#pragma once

#include <stdbool.h>

#include "daemon/limits.h"

struct github_project {
	char owner[LIMIT_NAME_MAX];
	char name[LIMIT_NAME_MAX];
};

/* Returns whether it is that; `ret` untouched else. */
bool github_project_split(const char *project, struct github_project *ret);
