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
	const int64_t *others; /* incidents of the same branch that are not over */
	size_t n_others;
	int64_t max_cycle;
	int64_t now_ms;
	bool paused;	   /* its project is */
	int64_t told_task; /* whose obstacles were told already; 0: none's */
	/* Why a task gets no further, a sentence; "" nothing speaks against it. */
	void (*find_obstacle)(void *user, const struct task *task, char ret_why[LIMIT_SENTENCE_MAX]);
	void *user; /* borrowed */
};

/* Append to `out`. Returns: 0; -EMSGSIZE; -ENOMEM. */
must_check int explain_incident(struct buffer *out, const struct explain_facts *facts);
must_check int explain_task(
	struct buffer *out, const struct task *task, const struct explain_facts *facts);
/* When the incident's scheduled check is due; 0: none is. */
int64_t explain_next_check_ms(const struct task *tasks, size_t n_tasks);
