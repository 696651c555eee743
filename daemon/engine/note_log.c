/* The event log, line by line, in the journal: "journalctl INCIDENT=…" tells the story of one incident. */
#include <string.h>

#include "common/id.h"
#include "common/log.h"
#include "daemon/engine/engine_internal.h"

/* What happened at the project's forge. */
static bool is_at_forge(enum note_kind kind) {
	return kind == NOTE_PUBLISHED || kind == NOTE_VERDICT || kind == NOTE_NOTIFY;
}

static void add_reason(struct log_about *about, const char *code) {
	for (size_t i = 0; i < LOG_REASONS_MAX; i++) {
		if (about->reasons[i] == NULL) {
			about->reasons[i] = code;
		}
		if (strcmp(about->reasons[i], code) == 0) {
			return;
		}
	}
}

/* Names and ids alone: of the verdict the codes of its reasons, not what they say. */
static struct log_about about_note(const struct note *note, const struct store_step *step) {
	struct log_about about = {
		.incident = note->incident_id, .task = note->task_id, .project = note->project
	};
	const struct verdict *verdict = step != NULL ? step->event.verdict : NULL;

	if (step != NULL && step->policy != NULL && is_at_forge(note->kind)) {
		about.forge = step->policy->forge;
	}
	for (size_t i = 0; verdict != NULL && i < verdict->n_reasons; i++) {
		add_reason(&about, reason_code_name(verdict->reasons[i].code));
	}
	return about;
}

void engine_log_note(const struct note *note, const struct store_step *step) {
	struct log_about about;
	char id[ID_TEXT_MAX];

	if (!log_has_fields()) {
		return; /* the event log has it, and on standard error it would hide what matters */
	}
	about = about_note(note, step);
	id_format(note->incident_id != 0 ? ID_INCIDENT : ID_TASK,
		note->incident_id != 0 ? note->incident_id : note->task_id, id);
	log_about(&about, LOG_LEVEL_INFO, "%s%s%s: %s", note->project,
		id[0] != '\0' && note->project[0] != '\0' ? ", " : "", id, note->message);
}
