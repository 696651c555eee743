/*
 * post - what we wrote outside for one incident, or were about to: a comment, an issue, an agent's run. Pure data.
 *
 * A row is committed before the write, with `intent_ms`; when what came of the write is known, it is committed again
 * without. A row that still has an intent says: look for it by its marker before writing again. After a backup was
 * restored there are such rows of what may have been written since the backup, and that of a status may not say where.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/limits.h"

enum post_kind {
	POST_STATUS, /* the living status comment, or the issue that it is the body of; one an incident, `task_id` 0 */
	POST_MENTION,	 /* asks an agent; one a task */
	POST_ESCALATION, /* asks people; one a task */
	POST_RUN,	 /* a run of an agent that works elsewhere; one a task */
	POST_KIND_COUNT,
};

/*
 * In place of a task: a backup was restored, and tasks that are newer than `intent_ms` and not known any more may have
 * posted something of that kind.
 */
#define POST_TASK_UNKNOWN INT64_MAX

/* GitHub may answer well, and have written it twice: no reason to come back, but to look when we are there. */
#define POST_LOOK_SOMETIME 1

/* Known by incident, kind and task. Owns nothing. */
struct post {
	int64_t incident_id;
	enum post_kind kind;
	int64_t task_id;
	int64_t number; /* of the issue or pull request it stands on; 0 none */
	int64_t post_id; /* what the other side calls it: a comment, a run; 0: not known, or it is the issue itself */
	int64_t intent_ms; /* when a write began whose outcome is not known; 0: none */
	/*
	 * Until then a late effect of a write that had no answer may still appear beside it; 0: nothing to fear;
	 * POST_LOOK_SOMETIME: it was answered well, and is looked for with whatever is said next.
	 */
	int64_t suspect_ms;
	bool is_issue;		 /* it is the body of an issue of ours, which we close and reopen */
	char url[LIMIT_URL_MAX]; /* for people; "" unknown */
};

/* When a late effect may appear at last; 0: none is feared. */
static inline int64_t post_fear_ms(const struct post *post) {
	return post->suspect_ms != POST_LOOK_SOMETIME ? post->suspect_ms : 0;
}

/* It may have been written, on a pull request or as an issue. */
static inline bool post_is_nowhere(const struct post *post) {
	return post->intent_ms != 0 && post->number == 0 && !post->is_issue;
}

extern const char *const post_kind_names[]; /* NULL-ended, by enum */
