/* What a job asks of a forge: publishing, news, a verdict. */
#include "daemon/engine/job.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/engine/forges.h"

/* The configuration was read again while it waited; the next attempt asks the forge that the project has now. */
static int job_without_forge(struct job *job) {
	job_failed(job, true, "Forge \"%s\" was removed from the configuration.", job->policy.forge);
	return 0;
}

/* An incident that a check by hand opened has no report: its verdict stands in for one. */
void job_stand_in_report(struct job *job) {
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

/* Recording */

int job_record(struct job *job, const struct post *post, store_done_fn *done) {
	struct forge *forge = forges_find(job->engine, job->policy.forge);
	json_t *memory = forge != NULL ? forge_memory(forge) : NULL;

	job->record_post = *post;
	json_decref(job->record.memory);
	job->record = (struct store_post){ .post = &job->record_post,
		.forge = memory != NULL ? forge_name(forge) : NULL,
		.memory = memory };
	return store_post(job->engine->store, &job->record, done);
}

static void post_recorded(struct store_req *req, int status) {
	struct job *job = container_of(container_of(req, struct store_post, req), struct job, record);

	forge_publish_recorded(&job->publish, status);
}

static int record_post(struct forge_publish *publish, const struct post *post) {
	return job_record(container_of(publish, struct job, publish), post, post_recorded);
}

/* Posting */

/* Whatever it is that a forge cannot do now, it is down for all until one of them gets through. */
static void note_reachable(struct job *job, bool reachable, const char *why) {
	if (reachable) {
		forges_up(job->engine, job->policy.forge);
	} else if (!job->engine->stopping) {
		forges_down(job->engine, job->policy.forge, why);
	}
}

static const char *cancelled_sentence(const struct job *job) {
	return job->engine->stopping ? "codegend was stopping."
				     : "Its forge was closed: the configuration was changed.";
}

/* When the forge may be written to again, as far as that is known; INT64_MAX: not before somebody acts. */
static int64_t forge_opens_ms(const struct job *job) {
	char lane[LIMIT_LANE_MAX];

	text_format(lane, sizeof(lane), "post/%s", job->policy.forge);
	return forges_lane_open_ms(job->engine, lane, clock_now_ms(), NULL);
}

/* What waits in the forge's own lane is not claimed before it opens, and then at once; what asks from an agent's is. */
static int64_t waits_until_ms(const struct job *job) {
	int64_t open_ms = forge_opens_ms(job);

	if (open_ms != INT64_MAX) {
		return open_ms;
	}
	return job->task.type == TASK_TRIGGER_AGENT ? clock_now_ms() + LIMIT_FORGE_DOWN_MAX_MS : 0;
}

/* A secret in the text, or a project that is none there, stays; what is gone is looked at once more. */
static bool may_be_repeated(const struct job *job, int status) {
	if (status == -EKEYREJECTED || status == -EINVAL) {
		return false;
	}
	return status != -EREMOTEIO || job->task.attempt < LIMIT_TASK_REFUSALS;
}

/* Another agent can be asked meanwhile. */
static bool has_other_agent(const struct job *job) {
	return job->task.type == TASK_TRIGGER_AGENT &&
		job->story.incident.agent_at + 1 < (int64_t)job->policy.n_agents;
}

/* Of what people read already something newer is to be told: the cycle goes on without that. */
static bool is_only_news(const struct job *job) {
	return job->task.type == TASK_PUBLISH_REPORT && job->story.incident.issue_url[0] != '\0';
}

/* What is nowhere to be seen may be a permission that is missing: the same attempts, over an hour or two. */
static void wait_for_permission(struct job *job) {
	if (!has_other_agent(job)) {
		job->event.backoff_ms = job_backoff_ms(2 * job->task.attempt - 1);
	}
}

/* Each try asks the forge in vain, so they are the rarer the longer it lasts. */
static void wait_for_person(struct job *job, const char *sentence) {
	static const char hint[] = " Then \"codegenctl reload\" tries it at once.";
	int64_t lasted_ms = clock_now_ms() - job->task.created_ms;
	char cause[LIMIT_SENTENCE_MAX - LIMIT_SENTENCE_MORE - sizeof(hint)];
	bool fits = TEXT_SET(cause, sentence);

	job_failed(job, true, "%s%s%s", cause, fits ? "" : "…", hint);
	job->event.failure = ATTEMPT_BARRED;
	job->event.backoff_ms = MIN(MAX(lasted_ms, LIMIT_TASK_BARRED_MS), LIMIT_TASK_BACKOFF_MAX_MS);
}

void job_post_failed(struct job *job, const struct forge_publish *publish, int status) {
	const char *sentence = publish->sentence[0] != '\0' ? publish->sentence : log_errno(status);

	if (status == -ECANCELED) {
		job_waits(job, 0, cancelled_sentence(job));
	} else if (publish->passing) {
		/* Limited, or without a credential: that is no reason to call it down. */
		bool closed = forge_opens_ms(job) > clock_now_ms();

		note_reachable(job, publish->retry_ms != 0 || closed, sentence);
		job_waits(job, MAX(publish->retry_ms, waits_until_ms(job)), sentence);
	} else if (publish->barred && !has_other_agent(job) && !is_only_news(job)) {
		wait_for_person(job, sentence);
	} else {
		job_failed(job, may_be_repeated(job, status), "%s", sentence);
		if (status == -EACCES) {
			wait_for_permission(job);
		}
	}
}

int job_post(struct job *job, enum forge_purpose purpose, const char *handle,
	void (*done)(struct forge_publish *publish, int status)) {
	struct forge *forge = forges_find(job->engine, job->policy.forge);
	struct forge_publish *publish = &job->publish;
	int r;

	if (job->engine->stopping) {
		job_waits(job, 0, "codegend was stopping.");
		return 0;
	}
	if (forge == NULL) {
		return job_without_forge(job);
	}
	job_stand_in_report(job);
	publish->purpose = purpose;
	publish->incident = &job->story.incident;
	publish->report = &job->story.report;
	publish->task = &job->task;
	publish->policy = &job->policy;
	publish->history = job->story.tasks;
	publish->n_history = job->story.n_tasks;
	publish->posts = job->story.posts;
	publish->n_posts = job->story.n_posts;
	publish->others = job->story.others;
	publish->n_others = job->story.n_others;
	publish->handle = handle;
	publish->record = record_post;
	r = forge_publish(forge, publish, done);
	if (r < 0) {
		job_failed(job, true, "Forge \"%s\" does not take it: %s.", job->policy.forge,
			log_errno(r));
		return 0;
	}
	return -EINPROGRESS;
}

static void published(struct forge_publish *publish, int status) {
	struct job *job = container_of(publish, struct job, publish);

	if (status == 0) {
		note_reachable(job, true, "");
		job->event = (struct event){ .type = EVENT_PUBLISHED,
			.text = publish->url,
			.hold = publish->hold,
			.pull_request = publish->pull_request,
			.head_sha = publish->head_sha,
			.left_out = publish->left_out,
			.look_again_ms = publish->look_again_ms };
	} else {
		job_post_failed(job, publish, status);
	}
	job_step(job, 0);
}

int job_publish(struct job *job) {
	if (job->policy.mode == POLICY_OBSERVE) {
		job->event = (struct event){ .type = EVENT_OBSERVED,
			.text = "Not published: its project is only observed now (mode = observe)." };
		return 0;
	}
	return job_post(job, FORGE_REPORT, NULL, published);
}

static void notified(struct forge_publish *publish, int status) {
	struct job *job = container_of(publish, struct job, publish);

	if (status == 0) {
		note_reachable(job, true, "");
		job->event = (struct event){ .type = EVENT_NOTIFIED,
			.text = publish->url[0] != '\0'
				? "The status comment is up to date."
				: "Nothing was published that it could be told at.",
			.look_again_ms = publish->look_again_ms };
	} else {
		job_post_failed(job, publish, status);
	}
	job_step(job, 0);
}

/* The comment that an earlier forge of its project keeps of it; NULL: there is none. */
static const struct post *find_left_comment(const struct job *job) {
	for (size_t i = 0; !job->policy.forge_tells && job->has_story && i < job->story.n_posts; i++) {
		const struct post *post = &job->story.posts[i];

		if (post->kind == POST_STATUS && post->url[0] != '\0') {
			return post;
		}
	}
	return NULL;
}

/* Of what goes on more news come, also when the project is back; of an end these are the last. */
static bool awaits_former_forge(struct job *job) {
	const struct post *post = find_left_comment(job);
	char sentence[LIMIT_SENTENCE_MAX];

	if (post == NULL || incident_is_active(job->story.incident.state)) {
		return false;
	}
	(void)text_format(sentence, sizeof(sentence),
		"The status comment at %s is not up to date, since forge \"%s\", which the project has now,"
		" does not keep it: give the project its former forge again.",
		post->url, job->policy.forge);
	wait_for_person(job, sentence);
	return true;
}

int job_notify(struct job *job) {
	const char *why = job->policy.mode == POLICY_OBSERVE
		? "Not told: its project is only observed now (mode = observe)."
		: "Recorded; the project's forge has nobody to tell.";

	if (job->policy.mode != POLICY_OBSERVE && awaits_former_forge(job)) {
		return 0;
	}
	if (job->policy.mode == POLICY_OBSERVE || !job->policy.forge_tells || !job->has_story) {
		job->event = (struct event){ .type = EVENT_NOTIFIED, .text = why };
		return 0;
	}
	return job_post(job, FORGE_NEWS, NULL, notified);
}

/* Checking */

/* Why the forge could not be reached; NULL: it could. */
static const char *find_unreachable(const struct verdict *verdict) {
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		if (verdict->reasons[i].code == REASON_UNREACHABLE) {
			return verdict->reasons[i].message;
		}
	}
	return NULL;
}

static void checked(struct forge_check *check, int status) {
	struct job *job = container_of(check, struct job, check);
	const char *sentence = check->sentence[0] != '\0' ? check->sentence : log_errno(status);

	if (status == 0) {
		const char *why = find_unreachable(&check->verdict);

		note_reachable(job, why == NULL, why != NULL ? why : "");
		job->event = (struct event){ .type = EVENT_VERDICT,
			.verdict = &check->verdict,
			.links = check->settled,
			.n_links = check->n_settled };
		job->result = verdict_to_json(&check->verdict);
	} else if (status == -ECANCELED) {
		job_waits(job, 0, cancelled_sentence(job));
	} else if (check->passing) {
		job_waits(job, check->retry_ms, sentence);
	} else {
		job_failed(job, true, "Forge \"%s\" did not answer: %s", job->policy.forge, sentence);
	}
	job_step(job, 0);
}

static void fill_check(struct job *job) {
	struct forge_check *check = &job->check;
	const struct store_story *story = &job->story;

	check->project = job->task.project;
	check->head_repository = job->task.head_repository;
	check->branch = job->task.branch;
	check->commit = job->has_story ? story->incident.head_sha : job->task.commit;
	check->pull_request = job->has_story ? story->incident.pull_request : 0;
	check->incident = job->has_story ? &story->incident : NULL;
	check->report = job->has_story && story->report.id != 0 ? &story->report : NULL;
	check->links = story->links;
	check->n_links = story->n_links;
	check->checks = job->checks;
	check->builds = job->builds.builds;
	check->n_builds = job->builds.n_builds;
	check->active_incidents = job->builds.active_incidents;
	check->n_active_incidents = job->builds.n_active_incidents;
	check->now_ms = clock_now_ms();
}

int job_check(struct job *job) {
	struct forge *forge = forges_find(job->engine, job->policy.forge);
	int r;

	if (forge == NULL) {
		return job_without_forge(job);
	}
	r = config_copy_checks(job->engine->config, job->task.project, &job->checks);
	if (r == 0) {
		fill_check(job);
		r = forge_check(forge, &job->check, checked);
	}
	if (r < 0) {
		job_failed(job, true, "Forge \"%s\" does not take it: %s.", job->policy.forge,
			log_errno(r));
		return 0;
	}
	return -EINPROGRESS;
}
