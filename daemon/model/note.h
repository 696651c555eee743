/*
 * note - one line of the append-only event log. Plain ids, so that it outlives what it speaks of. Pure data.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "common/macro.h"
#include "daemon/limits.h"

enum note_kind { /* what a line of the log is about; names in note.c */
	NOTE_REPORT,
	NOTE_BUILD,
	NOTE_INCIDENT, /* its state changed */
	NOTE_CYCLE,
	NOTE_TASK,
	NOTE_PUBLISHED,
	NOTE_TRIGGERED,
	NOTE_AGENT,
	NOTE_VERDICT,
	NOTE_NOTIFY,
	NOTE_OPERATOR,
	NOTE_DAEMON,
	NOTE_KIND_COUNT,
};

struct note {
	int64_t seq; /* position in the log, from 1; set by the store */
	int64_t at_ms;
	enum note_kind kind;
	char project[LIMIT_NAME_MAX];
	int64_t incident_id; /* 0 none, as the next two */
	int64_t task_id;
	int64_t report_id;
	char message[LIMIT_SENTENCE_MAX];
};

extern const char *const note_kind_names[]; /* NULL-ended, by enum */

/* As on the wire (io.codegend.varlink: Event). A new reference; NULL: memory. */
must_check json_t *note_to_json(const struct note *note);
