#include "daemon/forge/github_project.h"

#include <string.h>

#include "common/text.h"

bool github_project_split(const char *project, struct github_project *ret) {
	struct github_project split;
	const char *slash = strchr(project, '/');

	if (slash == NULL || slash == project || slash[1] == '\0' ||
		!text_format(split.owner, sizeof(split.owner), "%.*s", (int)(slash - project),
			project) ||
		!TEXT_SET(split.name, slash + 1)) {
		return false;
	}
	*ret = split;
	return true;
}
