/*
 * explain_text - where a task or an incident stands, in full sentences for people. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/macro.h"
#include "daemon/model/incident.h"
#include "daemon/model/task.h"

/* What is known of an incident; all borrowed. */
struct explain_facts {
	const struct incident *incident;
	const struct task *tasks; /* its own, oldest first */
	size_t n_tasks;
	int64_t max_cycle;
	int64_t now_ms;
	bool paused; /* its project is */
	const char *lane_closed; /* why the next task is not claimed, a sentence; "" nothing speaks against it */
};

/* Append to `out`. Returns: 0; -EMSGSIZE; -ENOMEM. */
must_check int explain_incident(struct buffer *out, const struct explain_facts *facts);
must_check int explain_task(
	struct buffer *out, const struct task *task, const struct explain_facts *facts);
/* The scheduled one that is due first; NULL: none. */
const struct task *explain_next_task(const struct task *tasks, size_t n_tasks);

/* When the incident's scheduled check is due; 0: none is. */
int64_t explain_next_check_ms(const struct task *tasks, size_t n_tasks);
