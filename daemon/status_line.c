#include "daemon/status_line.h"

#include <stdint.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/store.h"

static int64_t tasks_in(const struct store_counts *counts, enum task_status status) {
	int64_t n = 0;

	for (int type = 0; type < TASK_TYPE_COUNT; type++) {
		n += counts->tasks[type][status];
	}
	return n;
}

static const char *pause_sentence(const char *const *paused) {
	const char *sentence = "";

	for (size_t i = 0; paused != NULL && paused[i] != NULL; i++) {
		if (strcmp(paused[i], "*") == 0) {
			return " Everything is paused.";
		}
		sentence = " Some projects are paused.";
	}
	return sentence;
}

void status_line(const struct status_facts *facts, char ret_line[LIMIT_SENTENCE_MAX]) {
	const struct store_counts *counts = facts->counts;
	char numbers[LIMIT_SENTENCE_MAX / 2] = "";

	if (counts != NULL) {
		text_format(numbers, sizeof(numbers),
			" Incidents: %lld under repair, %lld escalated. Tasks: %lld at work, %lld scheduled, "
			"%lld overdue.",
			(long long)(counts->incidents[INCIDENT_OPEN] +
				counts->incidents[INCIDENT_WAITING]),
			(long long)counts->incidents[INCIDENT_ESCALATED],
			(long long)tasks_in(counts, TASK_EXECUTING),
			(long long)tasks_in(counts, TASK_SCHEDULED), (long long)counts->overdue);
	}
	text_format(ret_line, LIMIT_SENTENCE_MAX, "Ready.%s%s%s%s%s", numbers,
		facts->full != NULL && facts->full[0] != '\0' ? " " : "",
		facts->full != NULL ? facts->full : "", pause_sentence(facts->paused),
		facts->reload_failed ? " The last reload failed: the old settings are in force."
				     : "");
}
