#include "daemon/model/incident.h"

#include <string.h>
#include <strings.h>

#include "daemon/model/member.h"
#include "daemon/model/report.h"

const char *const incident_state_names[] = {
	[INCIDENT_OPEN] = "open",
	[INCIDENT_WAITING] = "waiting",
	[INCIDENT_RESOLVED] = "resolved",
	[INCIDENT_ESCALATED] = "escalated",
	[INCIDENT_ABANDONED] = "abandoned",
	[INCIDENT_STATE_COUNT] = NULL,
};

const char *const incident_hold_names[] = {
	[HOLD_NONE] = "none",
	[HOLD_FORK] = "fork",
	[HOLD_NO_WRITE] = "no_write_access",
	[HOLD_UNKNOWN] = "write_access_unknown",
	[HOLD_IGNORED] = "ignored",
	[HOLD_AGENT_ASKS] = "agent_asks",
	[HOLD_RELEASED] = "released",
	[INCIDENT_HOLD_COUNT] = NULL,
};

bool incident_is_held(const struct incident *incident) {
	return incident->hold != HOLD_NONE && incident->hold != HOLD_RELEASED;
}

#define TO(state) (1u << (state))

bool incident_may_move(enum incident_state from, enum incident_state to) {
	static const unsigned int moves[INCIDENT_STATE_COUNT] = {
		[INCIDENT_OPEN] = TO(INCIDENT_WAITING) | TO(INCIDENT_RESOLVED) |
			TO(INCIDENT_ESCALATED) | TO(INCIDENT_ABANDONED),
		[INCIDENT_WAITING] = TO(INCIDENT_OPEN) | TO(INCIDENT_RESOLVED) |
			TO(INCIDENT_ESCALATED) | TO(INCIDENT_ABANDONED),
		[INCIDENT_RESOLVED] =
			TO(INCIDENT_OPEN) | TO(INCIDENT_WAITING) | TO(INCIDENT_ESCALATED),
		[INCIDENT_ESCALATED] = TO(INCIDENT_OPEN) | TO(INCIDENT_WAITING) |
			TO(INCIDENT_RESOLVED) | TO(INCIDENT_ABANDONED),
		[INCIDENT_ABANDONED] = 0,
	};

	return from == to || (moves[from] & TO(to)) != 0;
}

bool incident_is_active(enum incident_state state) {
	return state == INCIDENT_OPEN || state == INCIDENT_WAITING;
}

bool incident_has_branch_of(const struct incident *incident, const struct report *report) {
	return strcmp(report->branch, incident->branch) == 0 &&
		strcmp(report->head_repository, incident->head_repository) == 0;
}

bool incident_is_of_fork(const struct incident *incident) {
	return incident->head_repository[0] != '\0' &&
		strcasecmp(incident->head_repository, incident->project) != 0;
}

int64_t incident_max_cycle(const struct incident *incident, const struct policy *policy) {
	return incident->refilled_at_cycle + policy->max_cycles;
}

static void add_verdict(struct member_writer *writer, const struct verdict *verdict) {
	if (verdict->checked_at_ms == 0) {
		member_null(writer, "lastVerdict");
		return;
	}
	member_json(writer, "lastVerdict", verdict_to_json(verdict));
}

static void add_origin(struct member_writer *writer, const struct incident *incident) {
	member_id(writer, "id", ID_INCIDENT, incident->id);
	member_text(writer, "project", incident->project, MEMBER_EMPTY);
	member_text(writer, "branch", incident->branch, MEMBER_EMPTY);
	member_text(writer, "headRepository", incident->head_repository, MEMBER_LEAVE_OUT);
	if (incident->pull_request > 0) {
		member_int(writer, "pullRequest", incident->pull_request);
	} else {
		member_null(writer, "pullRequest");
	}
	member_text(writer, "errorType", error_type_name(incident->error_type), MEMBER_EMPTY);
}

json_t *incident_to_json(
	const struct incident *incident, const struct policy *policy, int64_t next_check_ms) {
	struct member_writer writer;

	member_begin(&writer);
	add_origin(&writer, incident);
	member_text(&writer, "state", incident_state_names[incident->state], MEMBER_EMPTY);
	member_int(&writer, "cycle", incident->cycle);
	member_int(&writer, "maxCycles", incident_max_cycle(incident, policy));
	member_time(&writer, "openedAt", incident->opened_ms, MEMBER_EMPTY);
	member_time(&writer, "updatedAt", incident->updated_ms, MEMBER_EMPTY);
	member_time(&writer, "resolvedAt", incident->resolved_ms, MEMBER_NULL);
	member_int(&writer, "reports", incident->n_reports);
	add_verdict(&writer, &incident->verdict);
	member_text(&writer, "issueUrl", incident->issue_url, MEMBER_NULL);
	member_text(&writer, "headSha", incident->head_sha, MEMBER_LEAVE_OUT);
	member_int(&writer, "revision", incident->revision);
	member_text(&writer, "reason", incident->reason, MEMBER_EMPTY);
	member_time(&writer, "nextCheckAt", next_check_ms, MEMBER_LEAVE_OUT);
	if (policy->n_agents > 0) {
		member_text(&writer, "agent", policy_agent(policy, incident->agent_at)->name,
			MEMBER_EMPTY);
	}
	if (incident->hold != HOLD_NONE) {
		member_text(&writer, "hold", incident_hold_names[incident->hold], MEMBER_EMPTY);
		member_time(&writer, "heldSince", incident->hold_ms, MEMBER_LEAVE_OUT);
	}
	return member_end(&writer);
}
