/*
 * body - the Markdown that tells people of a failure, safe to post whatever the log holds. Pure, any thread.
 *
 * Foreign text goes through common/markdown; nothing of it is in the title or the instructions.
 */
#pragma once

#include "common/buffer.h"
#include "common/macro.h"
#include "daemon/model/incident.h"
#include "daemon/model/policy.h"
#include "daemon/model/report.h"
#include "daemon/model/task.h"

struct body_extra {	     /* our own Markdown, borrowed; NULL: as body_write() */
	const char *marker;  /* the first line */
	const char *state;   /* below it: where it stands and what happens next; whole paragraphs */
	const char *title;   /* before the title's own words: "Resolved. " */
	const char *history; /* below the log: whole sections */
	size_t max_bytes;    /* instead of LIMIT_BODY_MAX_BYTES; 0: that */
};

/*
 * Appends the body for the newest report of an incident: the hidden marker with the task's id, where it stands, title,
 * what the log says, and folded below it the facts. Of a log that was scanned the excerpt is shown, not the log.
 * At most LIMIT_BODY_MAX_BYTES, cut inside the log on a UTF-8 boundary with its fence closed. Returns: 0; -ENOMEM.
 */
must_check int body_write(struct buffer *out, const struct incident *incident,
	const struct report *report, const struct task *task, const struct policy *policy);
/* `task` may be NULL when there is a marker. Returns: 0; -EMSGSIZE, the history leaves no room; -ENOMEM. */
must_check int body_write_extra(struct buffer *out, const struct incident *incident,
	const struct report *report, const struct task *task, const struct policy *policy,
	const struct body_extra *extra);

/* "Lint failure" */
const char *body_error_words(enum error_type type);
