/*
 * prompt - what an agent is asked to do: by error type, then what earlier cycles tried and what the last verdict said.
 * Log text stands fenced and labelled as untrusted data, never among the instructions. Pure, any thread.
 */
#pragma once

#include <stddef.h>

#include "common/buffer.h"
#include "common/macro.h"
#include "daemon/model/incident.h"
#include "daemon/model/report.h"
#include "daemon/model/task.h"

/* Appends the prompt, at most LIMIT_PROMPT_MAX_BYTES. Returns: 0; -EMSGSIZE; -ENOMEM. */
must_check int prompt_write(struct buffer *out, const struct incident *incident,
	const struct report *report, const struct task *history, size_t n_history);
