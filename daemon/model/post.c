#include "daemon/model/post.h"

#include <stddef.h>

const char *const post_kind_names[] = {
	[POST_STATUS] = "status",
	[POST_MENTION] = "mention",
	[POST_ESCALATION] = "escalation",
	[POST_RUN] = "run",
	[POST_KIND_COUNT] = NULL,
};
