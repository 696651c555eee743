#include <string.h>

#include "common/text.h"
#include "daemon/engine/lifecycle_internal.h"

/* "Job "test", step "npm test" failed on abc1234." */
static void describe_report(const struct report *report, char out[LIMIT_SENTENCE_MAX]) {
	char step[2 * LIMIT_NAME_MAX + 32];

	report_format_step(report, step, sizeof(step));
	text_format(out, LIMIT_SENTENCE_MAX, "%s failed on %s (%s).", step,
		report->commit[0] != '\0' ? report->commit : "an unknown commit",
		error_type_name(report->error_type));
}

/*
 * Whether its log may become what an agent is asked. Where the forge can tell whose a branch is, a guess has to wait
 * for that; and a report of another pull request than the linked one's may be of somebody else's branch of that name.
 */
static bool may_prompt(const struct step_input *in) {
	const struct link *link = in->link;
	int64_t number = in->event->report->pull_request;

	if (link == NULL || !in->policy->forge_tells) {
		return true;
	}
	return link_is_trusted(link) && (number == 0 || number == link->pull_request);
}

/* The newest report sets the head and the next prompt. */
static void take_report(const struct step_input *in, struct step_result *ret) {
	const struct report *report = in->event->report;
	struct incident *incident = &ret->incident;
	char sentence[LIMIT_SENTENCE_MAX];

	ret->has_incident = true;
	incident->n_reports++;
	if (may_prompt(in)) {
		incident->report_id = report->id;
	}
	if (incident_has_branch_of(incident, report) && report->commit[0] != '\0') {
		TEXT_SET(incident->head_sha, report->commit);
	}
	if (incident_has_branch_of(incident, report) && report->pull_request != 0) {
		incident->pull_request = report->pull_request;
	}
	describe_report(report, sentence);
	step_note(ret, NOTE_REPORT, sentence);
}

void on_report_open(const struct step_input *in, struct step_result *ret) {
	const struct report *report = in->event->report;
	struct incident *incident = &ret->incident;

	memset(incident, 0, sizeof(*incident));
	TEXT_SET(incident->project, report->project);
	TEXT_SET(incident->head_repository, report->head_repository);
	TEXT_SET(incident->branch, report->branch);
	incident->error_type = report->error_type;
	incident->submitter_uid = report->submitter_uid;
	incident->opened_ms = in->now_ms;
	take_report(in, ret);
	step_begin_cycle(in, ret);
	step_note(ret, NOTE_INCIDENT, incident->reason);
}

/* The follow-up is there already, unless an operator cancelled it: then the report asks for one again. */
void on_report_join(const struct step_input *in, struct step_result *ret) {
	ret->incident.revision++;
	take_report(in, ret);
	if (incident_is_active(in->incident->state) && in->incident->follow_up_ms == 0) {
		ret->incident.follow_up_ms = in->now_ms + in->policy->follow_up_delay_ms;
		step_add(in, ret, TASK_PR_READINESS_CHECK, ret->incident.follow_up_ms,
			"The follow-up of this cycle.");
	}
}

/* The failure came back: within a day the same incident goes on, and so does its budget. */
void on_report_reopen(const struct step_input *in, struct step_result *ret) {
	struct incident *incident = &ret->incident;

	if (in->now_ms - incident->resolved_ms > LIMIT_REOPEN_MS) {
		on_report_open(in, ret);
		return;
	}
	take_report(in, ret);
	if (incident->cycle >= incident_max_cycle(incident, in->policy)) {
		incident->revision++;
		incident->resolved_ms = 0;
		step_end(ret, INCIDENT_ESCALATED,
			"The failure came back and the budget of cycles is spent; a person is needed. "
			"\"codegenctl incident retry\" refills the budget.");
		step_add(in, ret, TASK_NOTIFY, in->now_ms,
			"Tells people that the incident is escalated.");
		return;
	}
	incident->submitter_uid = in->event->report->submitter_uid;
	step_begin_cycle(in, ret);
	step_note(ret, NOTE_INCIDENT, "The failure came back: the incident is reopened.");
}

/*
 * Something passed on the branch: look at once. A check under way has not seen it: it is for an older revision now.
 * An escalated incident has no check waiting, and an operator may have cancelled one: then it is a new one.
 */
void on_build_passed(const struct step_input *in, struct step_result *ret) {
	ret->has_incident = true;
	ret->incident.revision++;
	step_add(in, ret, TASK_PR_READINESS_CHECK, in->now_ms,
		"A build passed on the branch: looks at once.");
}
