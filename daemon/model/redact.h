/*
 * redact - no secret is stored: what came from outside is redacted again before it becomes a row, whatever the
 * client did. Changes its argument in place. Any thread.
 */
#pragma once

#include "common/macro.h"
#include "daemon/model/report.h"
#include "daemon/model/task.h"

/*
 * Texts, names, the build's address, the context, the scan and the numbers of `quality` (borrowed; NULL is fine); then
 * cuts what is longer than is kept, and tidies the scan. It holds the loop for LIMIT_REDACT_CPU_US at most, more or
 * less: lines with words that speak of secrets are taken out unsearched then. Returns: 0; -ENOMEM.
 */
must_check int report_redact(struct report *report, json_t *quality);
/* Instructions, reason and result. Returns: 0; -ENOMEM. */
must_check int task_redact(struct task *task);
