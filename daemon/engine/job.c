#include "daemon/engine/job.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/jitter.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/engine/forges.h"
#include "daemon/engine/lifecycle_internal.h"

/* Where a job of each type begins. */
static const enum job_state first_state[TASK_TYPE_COUNT] = {
	[TASK_PUBLISH_REPORT] = JOB_STORY,
	[TASK_TRIGGER_AGENT] = JOB_ASK,
	[TASK_PR_READINESS_CHECK] = JOB_STORY,
	[TASK_NOTIFY] = JOB_STORY,
};

static void job_free(struct job *job) {
	list_remove(&job->node);
	store_step_finish(&job->step);
	if (job->has_story) {
		store_story_finish(&job->story);
	}
	if (job->has_builds) {
		store_builds_finish(&job->builds);
	}
	config_checks_destroy(job->checks);
	json_decref(job->record.memory);
	json_decref(job->result);
	task_finish(&job->task);
	free(job);
}

int64_t job_backoff_ms(int64_t attempt) {
	int64_t ms = LIMIT_TASK_BACKOFF_FIRST_MS;

	for (int64_t i = 1; i < attempt && ms < LIMIT_TASK_BACKOFF_MAX_MS; i++) {
		ms *= 2;
	}
	ms = MIN(ms, LIMIT_TASK_BACKOFF_MAX_MS);
	return ms / 2 + jitter_below(ms / 2 + 1);
}

void job_failed(struct job *job, bool retryable, const char *fmt, ...) {
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(job->sentence, sizeof(job->sentence), fmt, args);
	va_end(args);
	job->event = (struct event){ .type = EVENT_ATTEMPT_FAILED,
		.text = job->sentence,
		.failure = retryable ? ATTEMPT_FAILED : ATTEMPT_REFUSED,
		.backoff_ms = job_backoff_ms(job->task.attempt) };
}

void job_waits(struct job *job, int64_t retry_ms, const char *sentence) {
	int64_t now_ms = clock_now_ms();

	job_failed(job, true, "%s", sentence);
	job->event.failure = ATTEMPT_PASSING;
	job->event.backoff_ms = MAX(job->event.backoff_ms, retry_ms - now_ms);
}

/* Reading */

static void story_read(struct store_req *req, int status) {
	struct job *job = container_of(container_of(req, struct store_story, req), struct job, story);

	job->has_story = status == 0;
	job_step(job, status);
}

static void builds_read(struct store_req *req, int status) {
	struct job *job =
		container_of(container_of(req, struct store_builds, req), struct job, builds);

	job->has_builds = status == 0;
	job_step(job, status);
}

/* Whether it may write to the forge in the name of its incident. */
static bool posts(const struct job *job) {
	static const char prefix[] = "agent/";
	const struct config_agent *agent = NULL;

	switch (job->task.type) {
	case TASK_PUBLISH_REPORT:
	case TASK_NOTIFY: return true;
	case TASK_TRIGGER_AGENT:
		if (strncmp(job->lane, prefix, strlen(prefix)) == 0) {
			agent = config_find_agent(job->engine->config, job->lane + strlen(prefix));
		}
		return agent != NULL && strcmp(agent->type, "mention") == 0;
	case TASK_PR_READINESS_CHECK:
	case TASK_TYPE_COUNT: break;
	}
	return false;
}

/* Returns whether it may go on: it has its turn, or needs none. */
static bool take_turn(struct job *job) {
	if (!posts(job)) {
		return true;
	}
	job->turn = JOB_HAS_TURN;
	list_for_each (pos, &job->engine->jobs) {
		const struct job *other = container_of(pos, struct job, node);

		if (other != job && other->turn == JOB_HAS_TURN &&
			other->task.incident_id == job->task.incident_id) {
			job->turn = JOB_WAITS_FOR_TURN;
		}
	}
	return job->turn == JOB_HAS_TURN;
}

/* The job does not post any more: the next one of its incident goes on. */
static void give_turn(struct engine *engine, int64_t incident_id) {
	list_for_each (pos, &engine->jobs) {
		struct job *job = container_of(pos, struct job, node);

		if (job->turn == JOB_WAITS_FOR_TURN && job->task.incident_id == incident_id) {
			job->state = JOB_STORY;
			job_step(job, 0);
			return;
		}
	}
}

static int read_story(struct job *job) {
	int r;

	if (job->task.incident_id == 0) {
		return 0;
	}
	if (!take_turn(job)) {
		return -EINPROGRESS;
	}
	job->story = (struct store_story){ .incident_id = job->task.incident_id };
	r = store_story(job->engine->store, &job->story, story_read);
	return r < 0 ? r : -EINPROGRESS;
}

static int read_builds(struct job *job) {
	struct forge *forge = forges_find(job->engine, job->policy.forge);
	int r;

	if (job->task.type != TASK_PR_READINESS_CHECK || forge == NULL || !forge_wants_builds(forge)) {
		return 0;
	}
	job->builds = (struct store_builds){ .project = job->task.project,
		.head_repository = job->task.head_repository,
		.branch = job->task.branch };
	r = store_builds(job->engine->store, &job->builds, builds_read);
	return r < 0 ? r : -EINPROGRESS;
}

/* Recording */

static void step_for(struct job *job) {
	store_step_finish(&job->step);
	job->step = (struct store_step){ .scope = STEP_BY_TASK,
		.policy = &job->policy,
		.event = job->event,
		.task_id = job->task.id,
		.expected_attempt = job->task.attempt,
		.project = job->task.project };
}

static void asked(struct store_req *req, int status) {
	struct job *job = container_of(container_of(req, struct store_step, req), struct job, step);
	bool admitted =
		status == 0 && job->step.task_decided && job->step.task_status == TASK_EXECUTING;

	engine_committed(job->engine, &job->step, status);
	if (status == 0 && !admitted) {
		job->state = JOB_DONE;
	}
	job_step(job, status);
}

/* May the agent start? Once that is on disk, it is never asked again for this task. */
static int ask(struct job *job) {
	int r;

	job->event = (struct event){ .type = EVENT_TRIGGER_ASKED };
	step_for(job);
	r = engine_step(job->engine, &job->step, asked);
	return r < 0 ? r : -EINPROGRESS;
}

/* It may stand there, or does: then recording what it is called may have failed. */
static bool has_begun(const struct post *post) {
	return post->intent_ms != 0 || post->post_id != 0;
}

bool job_may_have_begun(const struct job *job) {
	const struct post *last = &job->record_post;

	if (job->task.type != TASK_TRIGGER_AGENT) {
		return false;
	}
	if (last->kind == POST_RUN || last->kind == POST_MENTION) {
		return has_begun(last);
	}
	for (size_t i = 0; i < job->story.n_posts; i++) {
		const struct post *post = &job->story.posts[i];

		if (post->task_id == job->task.id && has_begun(post) &&
			(post->kind == POST_RUN || post->kind == POST_MENTION)) {
			return true;
		}
	}
	return false;
}

/* Nothing that is tried again will be recorded: the task is not ours any more, or the daemon goes down. */
static bool is_pointless(int status) {
	return status == -ESTALE || status == -ENOENT || status == -ESHUTDOWN || status == -EIO;
}

static struct log_about about_job(const struct job *job) {
	return (struct log_about){
		.incident = job->task.incident_id,
		.task = job->task.id,
		.project = job->task.project,
		.forge = job->task.type != TASK_TRIGGER_AGENT ? job->policy.forge : NULL,
	};
}

static void stall(struct job *job, int status) {
	struct log_about about = about_job(job);
	char id[ID_TEXT_MAX];

	list_remove(&job->node);
	list_append(&job->engine->stalled, &job->node);
	log_about(&about, LOG_LEVEL_WARNING,
		"Cannot record what came of task %s: %s; trying again until it is on disk.",
		id_format(ID_TASK, job->task.id, id), log_errno(status));
	if (job->turn == JOB_HAS_TURN) {
		job->turn = JOB_POSTS_NOTHING;
		give_turn(job->engine, job->task.incident_id);
	}
}

/* What failed is also for people who read the log. */
static void log_failure(const struct job *job) {
	struct log_about about = about_job(job);
	char id[ID_TEXT_MAX];

	if (job->event.type == EVENT_ATTEMPT_FAILED) {
		log_about(&about, LOG_LEVEL_WARNING, "Attempt %lld of task %s (%s) failed: %s",
			(long long)job->task.attempt, id_format(ID_TASK, job->task.id, id),
			task_type_names[job->task.type], job->event.text);
	}
}

static void job_end(struct job *job, enum task_status status);

static void recorded(struct store_req *req, int status) {
	struct job *job = container_of(container_of(req, struct store_step, req), struct job, step);

	if (status < 0 && !is_pointless(status)) {
		stall(job, status);
		runner_wake(job->engine);
		return;
	}
	engine_committed(job->engine, &job->step, status);
	job_end(job, status == 0 && job->step.task_decided ? job->step.task_status : TASK_COMPLETED);
}

static void record(struct job *job) {
	int r;

	job->event.result = job->result;
	if (job->event.type == EVENT_ATTEMPT_FAILED) {
		job->event.begun = job_may_have_begun(job);
	}
	step_for(job);
	r = engine_step(job->engine, &job->step, recorded);
	if (r == -EAGAIN) {
		stall(job, r);
	} else if (r < 0) { /* going down: the next start recovers it */
		job_leave(job);
	}
}

void job_retry_stalled(struct engine *engine) {
	struct list waiting;

	list_init(&waiting);
	list_splice(&waiting, &engine->stalled);
	while (!list_is_empty(&waiting)) {
		struct job *job = container_of(list_take_first(&waiting), struct job, node);

		list_append(&engine->jobs, &job->node);
		record(job);
	}
}

/* A task that waited in the lane of another forge than its project has now. */
static bool is_misplaced(struct job *job) {
	char lane[LIMIT_LANE_MAX];

	if (job->task.type == TASK_TRIGGER_AGENT) {
		return false; /* the lifecycle looks itself */
	}
	step_lane(&job->policy, job->task.type, 0, lane);
	if (strcmp(lane, job->task.lane) == 0) {
		return false;
	}
	TEXT_SET(job->sentence, lane);
	job->event = (struct event){ .type = EVENT_TASK_MOVED, .text = job->sentence };
	return true;
}

static int act(struct job *job) {
	switch (job->task.type) {
	case TASK_PUBLISH_REPORT: return job_publish(job);
	case TASK_TRIGGER_AGENT: return job_trigger(job);
	case TASK_PR_READINESS_CHECK: return job_check(job);
	case TASK_NOTIFY: return job_notify(job);
	case TASK_TYPE_COUNT: break;
	}
	assert(false);
	return -EINVAL;
}

/* The end of a job. */
static void job_end(struct job *job, enum task_status status) {
	struct engine *engine = job->engine;
	int64_t incident_id = job->task.incident_id;
	bool had_turn = job->turn == JOB_HAS_TURN;
	char lane[LIMIT_LANE_MAX];

	TEXT_SET(lane, job->lane);
	check_task_ended(engine, job->task.id, status);
	job_free(job);
	if (had_turn) {
		give_turn(engine, incident_id);
	}
	runner_job_ended(engine, lane);
}

void job_leave(struct job *job) {
	job_end(job, TASK_EXECUTING);
}

/* The whole flow, top down: runs states until one waits. */
void job_step(struct job *job, int status) {
	while (status == 0 && job->state < JOB_RECORD) {
		/* clang-format off */
		switch (job->state) {
		case JOB_ASK:    job->state = JOB_STORY;  status = ask(job); break;
		case JOB_STORY:  job->state = JOB_BUILDS; status = read_story(job); break;
		case JOB_BUILDS: job->state = JOB_ACT;    status = read_builds(job); break;
		case JOB_ACT:    job->state = JOB_RECORD; status = act(job); break;
		case JOB_RECORD:
		case JOB_DONE:   break;
		}
		/* clang-format on */
	}
	if (status == -EINPROGRESS) {
		return;
	}
	if (status == -ENOENT) {
		job_failed(job, false, "Its incident is no longer there.");
	} else if (status < 0) {
		job_failed(job, true, "The store answered: %s.", log_errno(status));
	}
	if (job->state == JOB_DONE || status == -ESTALE || status == -ESHUTDOWN || status == -EIO) {
		job_end(job, job->state == JOB_DONE ? job->step.task_status : TASK_COMPLETED);
		return;
	}
	job->state = JOB_RECORD;
	log_failure(job);
	record(job);
}

int job_start(struct engine *engine, struct task *task) {
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL) {
		return -ENOMEM;
	}
	job->engine = engine;
	job->task = *task;
	task->instructions = NULL;
	task->result = NULL;
	TEXT_SET(job->lane, task->lane);
	list_append(&engine->jobs, &job->node);
	engine_policy(engine, job->task.project, &job->policy);
	job->state = is_misplaced(job) ? JOB_RECORD : first_state[task->type];
	job_step(job, 0);
	return 0;
}

void job_stop_agent(struct engine *engine, int64_t incident_id) {
	list_for_each (pos, &engine->jobs) {
		struct job *job = container_of(pos, struct job, node);

		if (job->task.type != TASK_TRIGGER_AGENT ||
			(incident_id != 0 && job->task.incident_id != incident_id)) {
			continue;
		}
		job->unwanted |= incident_id != 0;
		if (job->run != NULL) {
			agent_stop(job->run, incident_id == 0);
		}
	}
}

bool job_is_live(const struct engine *engine, int64_t task_id) {
	const struct list *const lists[] = { &engine->jobs, &engine->stalled };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		list_for_each (pos, lists[i]) {
			if (container_of(pos, struct job, node)->task.id == task_id) {
				return true;
			}
		}
	}
	return false;
}

void job_drop_stalled(struct engine *engine) {
	list_for_each_safe (pos, &engine->stalled) {
		job_free(container_of(pos, struct job, node));
	}
}
