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

/*
 * Appends title and body for the newest report of an incident; the hidden marker with the task's id is the first line.
 * Of a log that was scanned the excerpt is shown, not the log. At most LIMIT_BODY_MAX_BYTES, cut inside it on a UTF-8
 * boundary with its fence closed. Returns: 0; -ENOMEM.
 */
must_check int body_write(struct buffer *out, const struct incident *incident,
	const struct report *report, const struct task *task, const struct policy *policy);
