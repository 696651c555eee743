#include "daemon/engine/job.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/redact/redact.h"
#include "common/text.h"

/* The configuration was read again while it waited; the next attempt asks the forge that the project has now. */
static int job_without_forge(struct job *job) {
	job_failed(job, true, "Forge \"%s\" was removed from the configuration.", job->policy.forge);
	return 0;
}

/* Publishing */

static void published(struct forge_publish *publish, int status) {
	struct job *job = container_of(publish, struct job, publish);

	if (status == 0) {
		job->event = (struct event){ .type = EVENT_PUBLISHED, .text = publish->url };
	} else {
		/* With a secret in it, it would be refused again. */
		job_failed(job, status != -EKEYREJECTED, "%s",
			publish->sentence[0] != '\0' ? publish->sentence : log_errno(status));
	}
	job_step(job, 0);
}

/* An incident that a check by hand opened has no report: its verdict stands in for one. */
static void stand_in_report(struct job *job) {
	struct report *report = &job->story.report;
	const struct incident *incident = &job->story.incident;

	if (report->id != 0) {
		return;
	}
	report->at_ms = incident->opened_ms;
	report->error_type = incident->error_type;
	report->exit_code = -1;
	report->submitter_uid = -1;
	report->pull_request = incident->pull_request;
	report->incident_id = incident->id;
	TEXT_SET(report->project, incident->project);
	TEXT_SET(report->head_repository, incident->head_repository);
	TEXT_SET(report->branch, incident->branch);
	TEXT_SET(report->commit, incident->head_sha);
	if (report->details == NULL && incident->verdict.n_reasons > 0) {
		bool failed = false;

		report->details = text_dup(incident->verdict.reasons[0].message, &failed);
	}
}

int job_publish(struct job *job) {
	struct forge *forge = engine_find_forge(job->engine, job->policy.forge);
	int r;

	if (job->policy.mode == POLICY_OBSERVE) {
		job->event = (struct event){ .type = EVENT_OBSERVED,
			.text = "Not published: its project is only observed now (mode = observe)." };
		return 0;
	}
	if (forge == NULL) {
		return job_without_forge(job);
	}
	stand_in_report(job);
	job->publish.incident = &job->story.incident;
	job->publish.report = &job->story.report;
	job->publish.task = &job->task;
	job->publish.policy = &job->policy;
	r = forge_publish(forge, &job->publish, published);
	if (r < 0) {
		job_failed(job, true, "Forge \"%s\" does not take it: %s.", job->policy.forge,
			log_errno(r));
		return 0;
	}
	return -EINPROGRESS;
}

/* Checking */

static void checked(struct forge_check *check, int status) {
	struct job *job = container_of(check, struct job, check);

	if (status == 0) {
		job->event = (struct event){ .type = EVENT_VERDICT, .verdict = &check->verdict };
		job->result = verdict_to_json(&check->verdict);
	} else {
		job_failed(job, true, "Forge \"%s\" did not answer: %s.", job->policy.forge,
			log_errno(status));
	}
	job_step(job, 0);
}

int job_check(struct job *job) {
	struct forge *forge = engine_find_forge(job->engine, job->policy.forge);
	struct forge_check *check = &job->check;
	int r;

	if (forge == NULL) {
		return job_without_forge(job);
	}
	check->project = job->task.project;
	check->head_repository = job->task.head_repository;
	check->branch = job->task.branch;
	check->commit = job->has_story ? job->story.incident.head_sha : job->task.commit;
	check->pull_request = job->has_story ? job->story.incident.pull_request : 0;
	check->incident = job->has_story ? &job->story.incident : NULL;
	check->builds = job->builds.builds;
	check->n_builds = job->builds.n_builds;
	check->active_incidents = job->builds.active_incidents;
	check->n_active_incidents = job->builds.n_active_incidents;
	check->now_ms = clock_now_ms();
	r = forge_check(forge, check, checked);
	if (r < 0) {
		job_failed(job, true, "Forge \"%s\" does not take it: %s.", job->policy.forge,
			log_errno(r));
		return 0;
	}
	return -EINPROGRESS;
}

/* Triggering */

static void agent_ended(void *user, const struct agent_outcome *outcome) {
	struct job *job = user;

	job->run = NULL;
	TEXT_SET(job->sentence, outcome->sentence);
	job->result = outcome->result;
	if (redact_json(job->result, NULL) < 0) {
		json_decref(TAKE_PTR(job->result)); /* rather nothing than what may hold a secret */
	}
	job->event = (struct event){
		.type = EVENT_TRIGGERED, .text = job->sentence, .stopped = job->unwanted
	};
	job_step(job, 0);
}

int job_trigger(struct job *job) {
	struct agent_start start = {
		.agent = job->policy.n_agents == 0
			? NULL
			: config_find_agent(job->engine->config,
				  policy_agent(&job->policy, job->story.incident.agent_at)->name),
		.state_dir = job->engine->state_dir,
		.incident = &job->story.incident,
		.report = &job->story.report,
		.task = &job->task,
		.history = job->story.tasks,
		.n_history = job->story.n_tasks,
	};
	char why[LIMIT_SENTENCE_MAX];
	int r;

	if (job->unwanted || job->engine->stopping) { /* certainly not started: it may be tried again */
		job_failed(job, true, "The agent was not started: %s.",
			job->unwanted ? "it was no longer wanted" : "the daemon was stopping");
		return 0;
	}
	if (start.agent == NULL) {
		job_failed(job, true, "Its agent was removed from the configuration.");
		return 0;
	}
	stand_in_report(job);
	r = agent_start(job->engine->loop, &start, agent_ended, job, &job->run, why);
	if (r < 0) {
		job_failed(job, true, "%s", why);
		return 0;
	}
	return -EINPROGRESS;
}
