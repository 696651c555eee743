/* What a publish says, from what its caller gave it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/error_type.h"
#include "common/text.h"
#include "daemon/forge/github_publish.h"

int64_t github_words_next_check_ms(const struct forge_publish *publish) {
	for (size_t i = publish->n_history; i > 0; i--) {
		const struct task *task = &publish->history[i - 1];

		if (task->type == TASK_PR_READINESS_CHECK && task->status == TASK_SCHEDULED) {
			return task->due_ms;
		}
	}
	return incident_is_active(publish->incident->state) ? publish->incident->follow_up_ms : 0;
}

static const char *status_url(struct github_publishing *p) {
	const struct post *row = github_publish_find_row(p, POST_STATUS, 0);

	return row != NULL ? row->url : "";
}

/* The living post: on an issue of ours it is the description, and else a comment. */
static bool is_on_issue(struct github_publishing *p) {
	const struct post *row = github_publish_find_row(p, POST_STATUS, 0);

	return row != NULL ? row->is_issue : p->pull_request == 0;
}

/* What will hold the agents up when this is posted. */
static enum incident_hold find_hold(const struct forge_publish *publish) {
	bool allowed = publish->incident->hold == HOLD_RELEASED || publish->policy->trigger_untrusted;

	if (allowed || publish->incident->hold == HOLD_AGENT_ASKS) {
		return publish->incident->hold;
	}
	return publish->purpose == FORGE_REPORT ? publish->hold : publish->incident->hold;
}

static bool begins(const char *text, const char *prefix) {
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static enum github_delay find_delay(const struct forge_publish *publish) {
	for (size_t i = publish->n_history; i > 0; i--) {
		const struct task *task = &publish->history[i - 1];

		if (task->type == TASK_TRIGGER_AGENT && task->status == TASK_SCHEDULED) {
			return begins(task->reason, TASK_NO_BUDGET)   ? GITHUB_DELAY_BUDGET
				: begins(task->reason, TASK_LAST_TRY) ? GITHUB_DELAY_FAILED
								      : GITHUB_DELAY_NONE;
		}
	}
	return GITHUB_DELAY_NONE;
}

int github_words_status(struct github_publishing *p) {
	const struct forge_publish *publish = p->publish;
	bool is_issue = is_on_issue(p);
	int64_t number = p->pull_request > 0 || p->locate.is_nowhere
		? p->pull_request
		: publish->incident->pull_request;
	_cleanup_(github_history_finish) struct github_history history = { 0 };
	const char *secret = "";
	int r = github_history_read(publish->history, publish->n_history, &history);

	if (r == 0) {
		const struct github_status_text status = {
			.delay = find_delay(publish),
			.incident = publish->incident,
			.report = publish->report,
			.policy = publish->policy,
			.task_id = publish->task->id,
			.attempts = history.attempts,
			.n_attempts = history.n_attempts,
			.next_check_ms = github_words_next_check_ms(publish),
			.is_issue = is_issue,
			.pull_request = is_issue ? number : 0,
			.hold = find_hold(publish),
			.others = publish->others,
			.n_others = publish->n_others,
		};

		buffer_truncate(&p->body, 0);
		r = github_status_write(&p->body, &status, &secret);
		(void)github_title(publish->report, p->title);
	}
	return r < 0 ? github_publish_fail_text(p, r, secret) : 0;
}

static int write_mention(struct github_publishing *p, const char **secret) {
	const struct github_mention_text mention = {
		.incident = p->publish->incident,
		.policy = p->publish->policy,
		.task_id = p->publish->task->id,
		.handle = p->publish->handle,
		.status_url = status_url(p),
		.is_issue = is_on_issue(p),
	};

	return github_mention_write(&p->body, &mention, secret);
}

static int write_escalation(struct github_publishing *p, const char **secret) {
	const struct github_escalation_text escalation = {
		.incident = p->publish->incident,
		.policy = p->publish->policy,
		.task_id = p->publish->task->id,
		.escalate_to = p->github->config.escalate_to,
		.status_url = status_url(p),
		.is_issue = is_on_issue(p),
	};

	return github_escalation_write(&p->body, &escalation, secret);
}

int github_words_ask(struct github_publishing *p) {
	const char *secret = "";
	int r;

	buffer_truncate(&p->body, 0);
	r = p->publish->purpose == FORGE_MENTION ? write_mention(p, &secret)
						 : write_escalation(p, &secret);
	return r < 0 ? github_publish_fail_text(p, r, secret) : 0;
}

/* "02:28Z" */
static void format_minute(int64_t ms, char *out, size_t size) {
	char when[CLOCK_TEXT_MAX];

	(void)text_format(out, size, "%.5sZ", clock_format(ms, when) + strlen("2026-01-01T"));
}

const char *github_words_head(const struct github_publishing *p, char out[LIMIT_SUBJECT_MAX]) {
	const struct incident *incident = p->publish->incident;
	const char *type = error_type_name(incident->error_type);
	int64_t next_ms = github_words_next_check_ms(p->publish);
	char minute[16], span[CLOCK_SPAN_MAX], looks[64] = "";

	switch (incident->state) {
	case INCIDENT_OPEN:
	case INCIDENT_WAITING:
		if (next_ms > 0) { /* as the living post: true while looks find nothing new */
			format_minute(next_ms, minute, sizeof(minute));
			(void)text_format(looks, sizeof(looks), ", looks again at %s, then every %s",
				minute, clock_format_span(p->publish->policy->wait_recheck_ms, span));
		}
		(void)text_format(out, LIMIT_SUBJECT_MAX, "following %s, cycle %lld of %lld%s",
			type, (long long)incident->cycle,
			(long long)incident_max_cycle(incident, p->publish->policy), looks);
		break;
	case INCIDENT_RESOLVED:
		(void)text_format(out, LIMIT_SUBJECT_MAX, "%s is resolved", type);
		break;
	case INCIDENT_ESCALATED:
		(void)text_format(out, LIMIT_SUBJECT_MAX, "a person has to look at %s", type);
		break;
	case INCIDENT_ABANDONED:
		(void)text_format(out, LIMIT_SUBJECT_MAX, "%s is no longer followed", type);
		break;
	case INCIDENT_STATE_COUNT: break;
	}
	return out;
}
