/*
 * import_parse - the files of the old scripts and of our own exports, and every broken variant of them that is known
 * to exist, as tasks and reports. Pure.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "common/macro.h"
#include "daemon/model/report.h"
#include "daemon/model/task.h"

enum import_kind { IMPORT_TASK, IMPORT_REPORT, IMPORT_SKIP };

/* What a file of that name holds. IMPORT_SKIP: `*ret_why` (static) is a sentence. */
enum import_kind import_classify(const char *name, const char **ret_why);

/* Returns: 0, `*ret_object` is a new reference; -EINVAL, `ret_why` (LIMIT_SENTENCE_MAX) says what is wrong. */
must_check int import_read(const char *content, json_t **ret_object, char *ret_why);

/*
 * Both fill a zeroed struct, to be finished by the caller, and use the number in `name` for what the content lacks. No
 * number of a file gets in that is out of bounds: times are from LIMIT_IMPORT_OLDEST_MS to LIMIT_IMPORT_AHEAD_MS after
 * `now_ms` (of what is due, LIMIT_DELAY_MAX_MS after it). A task gets id 0 when its own does not have our shape or lies
 * in the future; `*ret_ms` is then the millisecond to make one from.
 * Returns: 0, `ret_why` says what was put right ("": nothing); -EINVAL, it says why the file is of no use; -ENOMEM.
 */
must_check int import_task(const char *name, const json_t *object, int64_t now_ms,
	struct task *task, int64_t *ret_ms, char *ret_why);
must_check int import_report(const char *name, const json_t *object, int64_t now_ms,
	struct report *report, char *ret_why);
