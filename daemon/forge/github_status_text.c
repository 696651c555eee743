/*
 * The living post: where an incident stands, in sentences that stay true until the post is changed again. They are made
 * of what is known of it and not of the recorded sentences: those name files and addresses of this host.
 */
#include <errno.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/markdown.h"
#include "common/text.h"
#include "daemon/forge/body.h"
#include "daemon/forge/github_text.h"
#include "daemon/forge/github_text_internal.h"

#define SHORT_COMMIT 12

static int put_commit(struct buffer *out, const char *sha) {
	char shown[SHORT_COMMIT + 1];
	int r = buffer_append_str(out, "commit ");

	(void)text_copy(shown, sizeof(shown), sha);
	return r < 0 ? r : markdown_code(out, shown);
}

static int put_cycle(struct buffer *out, const struct github_status_text *status) {
	return buffer_appendf(out, " (cycle %lld of %lld)", (long long)status->incident->cycle,
		(long long)incident_max_cycle(status->incident, status->policy));
}

/* ---- an agent's turn ---- */

/* What is said of it behind the agent's name, up to what is linked. */
static const char *const turn_words[GITHUB_TURN_COUNT] = {
	[GITHUB_TURN_WORKS] = "works on it",
	[GITHUB_TURN_ASKED] = "was asked in ",
	[GITHUB_TURN_RAN] = "had its turn in ",
	[GITHUB_TURN_EXITED] = "ended with exit code ",
	[GITHUB_TURN_KILLED] = "was ended by signal ",
	[GITHUB_TURN_NOT_STARTED] = "could not be started",
	[GITHUB_TURN_STOPPED] = "was stopped",
	[GITHUB_TURN_UNKNOWN] = "left no run that is known here",
};

/* "agent `fixer` ended with exit code 0" */
static int put_turn(struct buffer *out, const struct github_attempt *attempt) {
	int r = markdown_code(out, attempt->agent);

	r = r < 0 ? r : buffer_appendf(out, " %s", turn_words[attempt->turn]);
	if (r < 0) {
		return r;
	}
	switch (attempt->turn) {
	case GITHUB_TURN_ASKED: return markdown_link(out, "a comment", attempt->url);
	case GITHUB_TURN_RAN: return markdown_link(out, "a run of its own", attempt->url);
	case GITHUB_TURN_EXITED:
	case GITHUB_TURN_KILLED: return buffer_appendf(out, "%lld", (long long)attempt->number);
	case GITHUB_TURN_WORKS:
	case GITHUB_TURN_NOT_STARTED:
	case GITHUB_TURN_STOPPED:
	case GITHUB_TURN_UNKNOWN:
	case GITHUB_TURN_COUNT: break;
	}
	return 0;
}

/* The newest of this cycle; NULL: nobody was asked. */
static const struct github_attempt *last_turn(const struct github_status_text *status) {
	for (size_t i = status->n_attempts; i > 0; i--) {
		const struct github_attempt *attempt = &status->attempts[i - 1];

		if (attempt->cycle == status->incident->cycle && attempt->triggered_ms > 0) {
			return attempt;
		}
	}
	return NULL;
}

/* ---- the first line ---- */

/* Why no agent is asked, and from whom help can come. */
static const char *const hold_words[INCIDENT_HOLD_COUNT] = {
	[HOLD_FORK] = "**No agent is asked**: the pull request is of a fork",
	[HOLD_NO_WRITE] =
		"**No agent is asked**: the author of the pull request may not write to this repository",
	[HOLD_UNKNOWN] = "**No agent is asked**: whether its author may write to "
			 "this repository could not be found out",
	[HOLD_IGNORED] = "**No agent is asked**: a label on the pull request keeps codegend away",
	[HOLD_AGENT_ASKS] = "**The agent waits for a person**",
};

/* Nothing but a person helps, as far as is known. */
static bool is_for_people(const struct verdict *verdict) {
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		if (reason_class_at(&verdict->reasons[i], verdict->checked_at_ms) != REASON_HUMAN) {
			return false;
		}
	}
	return verdict->n_reasons > 0;
}

static const char *const delay_words[GITHUB_DELAY_COUNT] = {
	[GITHUB_DELAY_NONE] = "",
	[GITHUB_DELAY_BUDGET] =
		", once the project may trigger agents again: it did so often enough within an hour",
	[GITHUB_DELAY_FAILED] = ", which could not be started at first and is tried again",
};

static int put_agent(struct buffer *out, const struct github_status_text *status) {
	const struct github_attempt *turn = last_turn(status);
	const struct incident *incident = status->incident;
	int r;

	/* Between two of a chain the next one is to begin. */
	if (turn != NULL && (incident->state == INCIDENT_WAITING || turn->turn == GITHUB_TURN_WORKS)) {
		r = buffer_append_str(out, "Agent ");
		return r < 0 ? r : put_turn(out, turn);
	}
	if (incident->state == INCIDENT_WAITING) {
		return buffer_append_str(out, "No agent is at work");
	}
	r = buffer_append_str(out, "It is the turn of agent ");
	r = r < 0 ? r : markdown_code(out, policy_agent(status->policy, incident->agent_at)->name);
	return r < 0 ? r : buffer_append_str(out, delay_words[status->delay]);
}

static int put_active(struct buffer *out, const struct github_status_text *status) {
	if (status->policy->n_agents == 0) {
		return buffer_append_str(
			out, "**A person has to repair it**: the project has no agent");
	}
	if (hold_words[status->hold] != NULL) {
		return buffer_append_str(out, hold_words[status->hold]);
	}
	if (status->incident->state == INCIDENT_WAITING && is_for_people(&status->incident->verdict)) {
		return buffer_append_str(out, "**It waits for a person**, as told below");
	}
	return put_agent(out, status);
}

/* The regular look is what counts: an earlier one changes nothing that stands here. */
static int put_next_look(struct buffer *out, const struct github_status_text *status) {
	const struct incident *incident = status->incident;
	int64_t next_ms = MAX(status->next_check_ms, incident->follow_up_ms);
	char when[CLOCK_TEXT_MAX], span[CLOCK_SPAN_MAX];

	if (next_ms == 0) {
		return buffer_append_str(out, ".");
	}
	if (incident->state == INCIDENT_WAITING && incident->follow_up_ms > 0 &&
		incident->verdict.checked_at_ms >= incident->follow_up_ms) {
		return buffer_appendf(out, "; codegend looks again about every %s.",
			clock_format_span(status->policy->wait_recheck_ms, span));
	}
	/* Nothing is edited when a look finds nothing new: what stands here has to stay true. */
	return buffer_appendf(out,
		"; codegend looks whether it is ready around %s, then about every %s.",
		clock_format_minute(next_ms, when),
		clock_format_span(status->policy->wait_recheck_ms, span));
}

static int put_resolved(struct buffer *out, const struct incident *incident) {
	const struct verdict *verdict = &incident->verdict;
	char when[CLOCK_TEXT_MAX];
	int r = buffer_appendf(
		out, "**Resolved** %s: ", clock_format_minute(incident->resolved_ms, when));

	if (r < 0) {
		return r;
	}
	if (verdict->outcome == VERDICT_MERGED) {
		return buffer_append_str(out,
			verdict->n_reasons == 0 ? "it was merged."
				: verdict_is_red(verdict)
				? "it was merged while red, and is not proven green."
				: "it was merged before it was proven green.");
	}
	if (verdict->head_sha[0] == '\0') {
		return buffer_append_str(out, "its newest build is proven ready.");
	}
	r = put_commit(out, verdict->head_sha);
	return r < 0 ? r : buffer_append_str(out, " is proven ready.");
}

static const char *abandoned_words(const struct verdict *verdict) {
	switch (verdict->outcome) {
	case VERDICT_CLOSED: return "the pull request was closed without merging";
	case VERDICT_GONE:
		return verdict->head_sha[0] != '\0'
			? "the tag is at another commit than the one that failed"
			: "the branch, tag or pull request is gone";
	case VERDICT_UNKNOWN:
	case VERDICT_READY:
	case VERDICT_PENDING:
	case VERDICT_NOT_READY:
	case VERDICT_MERGED:
	case VERDICT_OUTCOME_COUNT: break;
	}
	return "an operator of codegend closed it";
}

static int put_first_line(struct buffer *out, const struct github_status_text *status) {
	const struct incident *incident = status->incident;
	int r;

	switch (incident->state) {
	case INCIDENT_OPEN:
	case INCIDENT_WAITING:
		r = put_active(out, status);
		r = r < 0 ? r : put_cycle(out, status);
		return r < 0 ? r : put_next_look(out, status);
	case INCIDENT_RESOLVED: return put_resolved(out, incident);
	case INCIDENT_ESCALATED:
		r = buffer_append_str(out, "**A person has to look at this**: ");
		return r < 0 ? r : github_put_why_people(out, incident, status->policy);
	case INCIDENT_ABANDONED:
		return buffer_appendf(out, "**Nothing more happens here**: %s.",
			abandoned_words(&incident->verdict));
	case INCIDENT_STATE_COUNT: break;
	}
	return -EINVAL;
}

/* ---- what can be done ---- */

static int put_release_hint(struct buffer *out, const struct github_status_text *status) {
	const struct github_attempt *turn = last_turn(status);
	char id[ID_TEXT_MAX];
	int r;

	(void)id_format(ID_INCIDENT, status->incident->id, id);
	if (status->hold != HOLD_AGENT_ASKS) {
		return buffer_appendf(out,
			"An operator of codegend can allow it with `codegenctl incident release %s`.",
			id);
	}
	r = buffer_append_str(out, "Answer it in ");
	r = r < 0 ? r : markdown_link(out, "its run", turn != NULL ? turn->url : "");
	return r < 0 ? r
		     : buffer_appendf(out,
			       "; or an operator of codegend begins the next cycle with `codegenctl "
			       "incident release %s`.",
			       id);
}

static int put_hint(struct buffer *out, const struct github_status_text *status) {
	const struct incident *incident = status->incident;

	if (incident->state == INCIDENT_ESCALATED) {
		return github_put_retry_hint(out, incident, status->is_issue);
	}
	if (incident_is_active(incident->state) && status->policy->n_agents > 0 &&
		hold_words[status->hold] != NULL && status->hold != HOLD_IGNORED) {
		return put_release_hint(out, status);
	}
	return 0;
}

/* Each has a post of its own; it stays true when the other one is over. */
static int put_others(struct buffer *out, const struct github_status_text *status) {
	char id[ID_TEXT_MAX];
	int r = 0;

	for (size_t i = 0; i < status->n_others && r == 0; i++) {
		r = buffer_appendf(out, "%s`%s`",
			i == 0 ? " Another failure of its branch is told as " : ", ",
			id_format(ID_INCIDENT, status->others[i], id));
	}
	return r < 0 || status->n_others == 0 ? r : buffer_append_str(out, ".");
}

static int put_state(struct buffer *out, const struct github_status_text *status) {
	size_t len;
	int r = put_first_line(out, status);

	if (r == 0 && status->pull_request > 0) {
		r = buffer_appendf(
			out, " Its pull request is #%lld.", (long long)status->pull_request);
	}
	r = r < 0 ? r : put_others(out, status);
	r = r < 0 ? r : buffer_append_str(out, "\n\n");
	len = out->len;
	r = r < 0 ? r : put_hint(out, status);
	return r < 0 || out->len == len ? r : buffer_append_str(out, "\n\n");
}

/* ---- the verdict, and what led to it ---- */

/* Nobody waits any more for what a merged one waited for. */
static bool is_told_why(const struct verdict *verdict) {
	return verdict->outcome != VERDICT_MERGED || verdict_is_red(verdict);
}

static int put_verdict(struct buffer *out, const struct verdict *verdict) {
	char when[CLOCK_TEXT_MAX];
	int r;

	if (verdict->checked_at_ms == 0) {
		return 0;
	}
	r = buffer_appendf(
		out, "## Is it ready?\n\n**%s**, ", verdict_outcome_words[verdict->outcome]);
	if (r == 0 && verdict->head_sha[0] != '\0' && verdict->outcome != VERDICT_GONE) {
		r = put_commit(out, verdict->head_sha);
		r = r < 0 ? r : buffer_append_str(out, ", ");
	}
	r = r < 0 ? r
		  : buffer_appendf(out, "as of %s.\n\n",
			    clock_format_minute(verdict->checked_at_ms, when));
	if (r < 0 || verdict->n_reasons == 0 || !is_told_why(verdict)) {
		return r;
	}
	r = github_put_reasons(out, verdict, VERDICT_REASONS_MAX);
	return r < 0 ? r : buffer_append_str(out, "\n");
}

static int put_attempt(struct buffer *out, const struct github_attempt *attempt) {
	char when[CLOCK_TEXT_MAX];
	int r = buffer_appendf(out, "- Cycle %lld", (long long)attempt->cycle);

	if (r == 0 && attempt->triggered_ms > 0) {
		r = buffer_appendf(
			out, ", %s: agent ", clock_format_minute(attempt->triggered_ms, when));
		r = r < 0 ? r : put_turn(out, attempt);
	} else if (r == 0) {
		r = buffer_append_str(out, ": no agent was asked");
	}
	if (r == 0 && attempt->checked_ms > 0) {
		r = buffer_appendf(
			out, ". Looked at %s: ", clock_format_minute(attempt->checked_ms, when));
		r = r < 0 ? r : markdown_inline(out, attempt->verdict);
		return r < 0 ? r : buffer_append_str(out, "\n");
	}
	return r < 0 ? r : buffer_append_str(out, ".\n");
}

static int put_attempts(struct buffer *out, const struct github_status_text *status) {
	size_t n = status->n_attempts, shown = MIN(n, GITHUB_ATTEMPTS_SHOWN);
	int r;

	if (n == 0) {
		return 0;
	}
	r = buffer_append_str(out, "## Attempts\n\n");
	if (r == 0 && shown < n) {
		r = buffer_appendf(out, "- %zu earlier ones are not shown.\n", n - shown);
	}
	for (size_t i = n - shown; r == 0 && i < n; i++) {
		size_t len = out->len;

		r = put_attempt(out, &status->attempts[i]);
		if (r == -EMSGSIZE) { /* a very long one: what is there stays */
			out->len = len;
			out->data[len] = '\0';
			r = buffer_append_str(out, "- Further ones are left out.\n");
			break;
		}
	}
	return r < 0 ? r : buffer_append_str(out, "\n");
}

/* ---- the whole ---- */

int github_status_write(
	struct buffer *out, const struct github_status_text *status, const char **ret_secret) {
	_cleanup_(buffer_finish) struct buffer history, state, body;
	const struct github_marker marker = { .kind = GITHUB_POST_STATUS,
		.incident_id = status->incident->id,
		.task_id = status->task_id };
	char line[GITHUB_MARKER_MAX];
	int r;

	buffer_init(&history, LIMIT_GITHUB_HISTORY_MAX_BYTES);
	buffer_init(&state, LIMIT_GITHUB_HISTORY_MAX_BYTES);
	buffer_init(&body, LIMIT_GITHUB_BODY_MAX_BYTES);
	r = put_state(&state, status);
	r = r < 0 ? r : put_verdict(&history, &status->incident->verdict);
	r = r < 0 ? r : put_attempts(&history, status);
	if (r == 0) {
		const struct body_extra extra = {
			.marker = github_marker_format(&marker, line),
			.state = state.data,
			.title = status->incident->state == INCIDENT_RESOLVED ? "Resolved. " : NULL,
			.history = history.data,
			.max_bytes = LIMIT_GITHUB_BODY_MAX_BYTES,
		};

		r = body_write_extra(
			&body, status->incident, status->report, NULL, status->policy, &extra);
	}
	return r < 0 ? r : github_put_clean(out, &body, ret_secret);
}
