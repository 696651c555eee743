/* How an agent is triggered: as a process, as a run elsewhere, or by a comment that mentions it. */
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/redact/redact.h"
#include "common/text.h"
#include "daemon/engine/job.h"

/* Runs */

static void run_recorded(struct store_req *req, int status) {
	struct job *job = container_of(container_of(req, struct store_post, req), struct job, record);

	agent_recorded(job->run, status);
}

static int record_run(void *user, const struct post *post) {
	return job_record(user, post, run_recorded);
}

static void take_result(struct job *job, const struct agent_outcome *outcome) {
	TEXT_SET(job->sentence, outcome->sentence);
	job->result = outcome->result;
	if (redact_json(job->result, NULL) < 0) {
		json_decref(TAKE_PTR(job->result)); /* rather nothing than what may hold a secret */
	}
}

static void take_links(struct job *job, const struct agent_outcome *outcome) {
	job->n_links = MIN(outcome->n_links, ARRAY_SIZE(job->links));
	for (size_t i = 0; i < job->n_links; i++) {
		job->links[i] = outcome->links[i];
	}
}

static bool is_last_agent(const struct job *job) {
	return job->story.incident.agent_at + 1 >= (int64_t)job->policy.n_agents;
}

/* Nobody was asked: the next of the chain is. */
static void pass_over(struct job *job) {
	json_decref(job->result);
	job->result = json_pack("{s:s, s:s}", "agent",
		policy_agent(&job->policy, job->story.incident.agent_at)->name, "end", "not_started");
	job->event = (struct event){ .type = EVENT_TRIGGERED,
		.text = job->sentence,
		.stopped = job->unwanted,
		.trace = AGENT_LIFELESS };
}

/* It may be tried again; not what would be refused again, nor what only a person can mend while another one is left. */
static void not_started(struct job *job, int status, const char *sentence) {
	job_failed(job, true, "%s", sentence);
	if (status == -EKEYREJECTED || status == -EOPNOTSUPP ||
		(status == -ENOEXEC && !is_last_agent(job))) {
		pass_over(job);
	}
}

static void agent_ended(void *user, const struct agent_outcome *outcome) {
	struct job *job = user;

	job->run = NULL;
	take_result(job, outcome);
	take_links(job, outcome);
	switch (outcome->end) {
	case AGENT_LEFT: job_leave(job); return;
	case AGENT_NOT_STARTED: not_started(job, 0, outcome->sentence); break;
	case AGENT_UNUSABLE: not_started(job, -ENOEXEC, outcome->sentence); break;
	case AGENT_NOT_NOW:
		job_waits(job, outcome->retry_ms, outcome->sentence);
		/* Whoever has another agent to ask does not wait for ever, and not for a person at all. */
		job->event.failure = is_last_agent(job) ? ATTEMPT_PASSING : ATTEMPT_FAILED;
		if (!is_last_agent(job) && !job_may_have_begun(job) &&
			outcome->retry_ms - clock_now_ms() > LIMIT_AGENT_PATIENCE_MS) {
			pass_over(job);
		}
		break;
	case AGENT_REFUSED: pass_over(job); break;
	case AGENT_ENDED:
	case AGENT_LATE:
	case AGENT_ASKS:
		job->event = (struct event){ .type = EVENT_TRIGGERED,
			.text = job->sentence,
			.stopped = job->unwanted,
			/* The last one's follow-up decides. */
			.trace = outcome->end == AGENT_LATE && job->n_links == 0 && !is_last_agent(job)
				? AGENT_OVERDUE
				: AGENT_DID,
			.hold = outcome->end == AGENT_ASKS ? HOLD_AGENT_ASKS : HOLD_NONE,
			.links = job->links,
			.n_links = job->n_links };
		break;
	}
	job_step(job, 0);
}

static int start_run(struct job *job, const struct config_agent *agent) {
	const struct agent_start start = { .agent = agent,
		.state_dir = job->engine->state_dir,
		.agent_socket = job->engine->agent_socket,
		.incident = &job->story.incident,
		.report = &job->story.report,
		.task = &job->task,
		.history = job->story.tasks,
		.n_history = job->story.n_tasks,
		.posts = job->story.posts,
		.n_posts = job->story.n_posts,
		.http = job->engine->http,
		.recorder = { .record = record_run, .user = job } };
	char why[LIMIT_SENTENCE_MAX];
	int r;

	job_stand_in_report(job);
	r = agent_start(job->engine->loop, &start, agent_ended, job, &job->run, why);
	if (r == 0) {
		return -EINPROGRESS;
	}
	not_started(job, r, why);
	return 0;
}

/* Mentions */

static void mentioned(struct forge_publish *publish, int status) {
	struct job *job = container_of(publish, struct job, publish);

	if (status == 0) {
		const char *agent = policy_agent(&job->policy, job->story.incident.agent_at)->name;

		text_format(job->sentence, sizeof(job->sentence),
			"Agent \"%s\" was asked at %s by mentioning @%s.", agent, publish->url,
			publish->handle);
		job->result = json_pack(
			"{s:s, s:s, s:s}", "agent", agent, "type", "mention", "url", publish->url);
		job->event = (struct event){ .type = EVENT_TRIGGERED,
			.text = job->sentence,
			.stopped = job->unwanted,
			.trace = AGENT_HANDED_OVER,
			.look_again_ms = publish->look_again_ms };
	} else {
		job_post_failed(job, publish, status);
	}
	job_step(job, 0);
}

int job_trigger(struct job *job) {
	const struct config_agent *agent = job->policy.n_agents == 0
		? NULL
		: config_find_agent(job->engine->config,
			  policy_agent(&job->policy, job->story.incident.agent_at)->name);

	if (job->unwanted || job->engine->stopping) { /* certainly not started: it may be tried again */
		job_failed(job, true, "The agent was not started: %s.",
			job->unwanted ? "it was no longer wanted" : "the daemon was stopping");
		return 0;
	}
	if (agent == NULL) {
		job_failed(job, true, "Its agent was removed from the configuration.");
		return 0;
	}
	if (strcmp(agent->type, "mention") == 0) {
		TEXT_SET(job->handle, agent->handle);
		return job_post(job, FORGE_MENTION, job->handle, mentioned);
	}
	return start_run(job, agent);
}
