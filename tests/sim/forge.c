/*
 * In the place of daemon/forge/forge.c: a forge that keeps to the rules of forge.h and of ARCHITECTURE.md ("three
 * records"), on a network that does not. Of type `local` the judge is the daemon's own, of type `github` the truth.
 */
#include "daemon/forge/forge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/forge/readiness.h"
#include "tests/sim/sim.h"

#define SETTLE_MS (2 * CLOCK_MINUTE_MS)

struct forge {
	char name[LIMIT_NAME_MAX];
	char type[LIMIT_NAME_MAX];
	bool closing;
	int64_t limited_until_ms;
	struct list asked; /* struct asked */
	void (*changed)(void *user, struct forge *forge);
	void *user;
};

/* One request under way. */
struct asked {
	struct list node;
	struct forge *forge;
	struct forge_publish *publish; /* or */
	struct forge_check *check;
	struct post post;
	enum { ASKED_WRITE, ASKED_ADOPT } then; /* what follows when `post` is on disk */
};

bool forge_is_local(const struct forge *forge);

bool forge_is_local(const struct forge *forge) {
	return strcmp(forge->type, "local") == 0;
}

/* What stands there */

static struct sim_post *find_post(int64_t incident_id, enum post_kind kind, int64_t task_id) {
	for (size_t i = 0; i < sim.n_posts; i++) {
		struct sim_post *post = &sim.posts[i];

		if (post->incident_id == incident_id && post->kind == kind &&
			post->task_id == task_id) {
			return post;
		}
	}
	return NULL;
}

/* A mentioned agent reads it, or not. */
struct mention {
	struct sim_branch *branch;
	enum error_type type;
};

static void mention_read(void *user) {
	struct mention *mention = user;

	if (!sim_chance(sim.chances.agent_dead)) {
		sim_repair(mention->branch, mention->type);
	}
	free(mention);
}

/* An effect that is on its way. */
struct effect {
	struct sim_post post;
	struct mention mention;
};

static void effect_lands(void *user) {
	struct effect *effect = user;
	const struct sim_post *post = &effect->post;

	if (find_post(post->incident_id, post->kind, post->task_id) != NULL && !sim.jumped) {
		sim_broken("posted twice: incident %lld, task %lld, kind %d",
			(long long)post->incident_id, (long long)post->task_id, post->kind);
	}
	if (sim.n_posts == SIM_POSTS_MAX) {
		sim_broken("more than %d posts", SIM_POSTS_MAX);
	}
	sim.posts[sim.n_posts++] = *post;
	sim_say("posted: incident %lld, task %lld, kind %d", (long long)post->incident_id,
		(long long)post->task_id, post->kind);
	if (post->kind == POST_MENTION) {
		struct mention *mention = calloc(1, sizeof(*mention));

		*mention = effect->mention;
		sim_after((int64_t)sim_random((uint64_t)CLOCK_HOUR_MS), mention_read, mention);
	}
	free(effect);
}

static void send_effect(const struct asked *asked, int64_t delay_ms) {
	struct effect *effect = calloc(1, sizeof(*effect));
	const struct incident *incident = asked->publish->incident;

	effect->post = (struct sim_post){ .incident_id = asked->post.incident_id,
		.task_id = asked->post.task_id,
		.kind = asked->post.kind,
		.number = 1 };
	effect->mention.branch = sim_find_branch(incident->project, incident->branch);
	effect->mention.type = incident->error_type;
	sim_after(delay_ms, effect_lands, effect);
}

/* Answering */

static void end_publish(struct asked *asked, int status) {
	struct forge_publish *publish = asked->publish;

	list_remove(&asked->node);
	free(asked);
	publish->done(publish, status);
}

static void fail(struct asked *asked, int64_t retry_ms, const char *sentence) {
	struct forge_publish *publish = asked->publish;

	TEXT_SET(publish->sentence, sentence);
	publish->passing = true;
	publish->retry_ms = retry_ms;
	end_publish(asked, -EREMOTEIO);
}

/* By chance, but always the same of one incident. */
static enum incident_hold hold_of(const struct incident *incident) {
	static const enum incident_hold holds[16] = { HOLD_NO_WRITE, HOLD_IGNORED, HOLD_UNKNOWN };

	return holds[(uint64_t)(incident->opened_ms / CLOCK_SECOND_MS) % ARRAY_SIZE(holds)];
}

static void succeed(void *user) {
	struct asked *asked = user;
	struct forge_publish *publish = asked->publish;
	const struct incident *incident = publish->incident;
	const struct sim_branch *branch = sim_find_branch(incident->project, incident->branch);

	publish->hold = forge_is_local(asked->forge) ? HOLD_NONE : hold_of(incident);
	if (publish->hold != HOLD_IGNORED) {
		TEXT_SET(publish->url, "https://forge.invalid/1");
	}
	sim_format_head(branch, branch->head, publish->head_sha);
	end_publish(asked, 0);
}

static void record(struct asked *asked) {
	int r = asked->publish->record(asked->publish, &asked->post);

	if (r < 0) {
		fail(asked, 0, "What is to be posted could not be recorded.");
	}
}

static void answered(void *user) {
	struct asked *asked = user;

	asked->post.intent_ms = 0;
	asked->post.number = 1;
	asked->post.post_id = 1;
	asked->then = ASKED_ADOPT;
	record(asked);
}

/* The bytes are sent: anything may happen from here on. */
static void write_post(struct asked *asked) {
	if (!sim_fault(sim.chances.forge_fails)) {
		send_effect(asked, 0);
		sim_after_in_life(1 + (int64_t)sim_random(3000), answered, asked);
		return;
	}
	if (sim_chance(sim.chances.forge_late)) {
		send_effect(asked, (int64_t)sim_random((uint64_t)SETTLE_MS - 1000));
	}
	fail(asked, sim_wall_ms() + SETTLE_MS, "The forge did not answer.");
}

void forge_publish_recorded(struct forge_publish *publish, int status) {
	struct asked *asked = publish->state;

	if (asked->forge->closing || status < 0) {
		fail(asked, 0, "It could not be recorded.");
	} else if (asked->then == ASKED_WRITE) {
		write_post(asked);
	} else {
		succeed(asked);
	}
}

static void begin_post(struct asked *asked) {
	asked->post.intent_ms = sim_wall_ms();
	asked->then = ASKED_WRITE;
	record(asked);
}

/* The rule of three records: a post with an intent is looked for before it is written. */
static void post_or_find(struct asked *asked) {
	const struct post *post = &asked->post;

	if (sim.sabotage == SABOTAGE_POST || (post->intent_ms == 0 && post->number == 0)) {
		begin_post(asked);
	} else if (post->intent_ms == 0) { /* it stands: an edit, which may be repeated */
		succeed(asked);
	} else if (find_post(post->incident_id, post->kind, post->task_id) != NULL) {
		answered(asked);
	} else if (sim_wall_ms() < post->intent_ms + SETTLE_MS) {
		fail(asked, post->intent_ms + SETTLE_MS, "It may still appear.");
	} else {
		begin_post(asked);
	}
}

static void load_post(struct asked *asked) {
	const struct forge_publish *publish = asked->publish;

	asked->post = (struct post){ .incident_id = publish->incident->id,
		.kind = publish->purpose == FORGE_MENTION ? POST_MENTION : POST_STATUS,
		.task_id = publish->purpose == FORGE_MENTION ? publish->task->id : 0 };
	for (size_t i = 0; i < publish->n_posts; i++) {
		if (publish->posts[i].kind == asked->post.kind &&
			publish->posts[i].task_id == asked->post.task_id) {
			asked->post = publish->posts[i];
		}
	}
}

static void publish_act(void *user) {
	struct asked *asked = user;
	struct forge *forge = asked->forge;

	if (forge->closing) {
		end_publish(asked, -ECANCELED);
	} else if (sim_fault(sim.chances.forge_fails / 4)) {
		forge->limited_until_ms =
			sim_wall_ms() + (int64_t)sim_random((uint64_t)CLOCK_HOUR_MS);
		forge->changed(forge->user, forge);
		fail(asked, forge->limited_until_ms, "A rate limit is reached.");
	} else if (sim_fault(sim.chances.forge_fails)) {
		fail(asked, 0, "The forge cannot be reached.");
	} else if (forge_is_local(forge) || hold_of(asked->publish->incident) == HOLD_IGNORED) {
		succeed(asked);
	} else {
		load_post(asked);
		if (asked->publish->purpose == FORGE_NEWS && asked->post.number == 0 &&
			asked->post.intent_ms == 0) {
			succeed(asked); /* nothing was published that it could be told at */
		} else {
			post_or_find(asked);
		}
	}
}

static struct asked *ask(struct forge *forge) {
	struct asked *asked = calloc(1, sizeof(*asked));

	asked->forge = forge;
	list_append(&forge->asked, &asked->node);
	return asked;
}

int forge_publish(struct forge *forge, struct forge_publish *publish,
	void (*done)(struct forge_publish *, int)) {
	struct asked *asked;

	if (forge->closing) {
		return -ESHUTDOWN;
	}
	asked = ask(forge);
	asked->publish = publish;
	publish->forge = forge;
	publish->done = done;
	publish->state = asked;
	publish->url[0] = '\0';
	publish->sentence[0] = '\0';
	publish->pull_request = 0;
	publish->head_sha[0] = '\0';
	publish->hold = HOLD_NONE;
	publish->look_again_ms = 0;
	publish->passing = false;
	publish->retry_ms = 0;
	sim_after_in_life(1 + (int64_t)sim_random(5000), publish_act, asked);
	return 0;
}

/* Checking */

static void judge_truth(struct forge_check *check) {
	const struct sim_branch *branch = sim_find_branch(check->project, check->branch);
	struct verdict *verdict = &check->verdict;

	verdict->checked_at_ms = sim_wall_ms();
	verdict->revision = check->incident != NULL ? check->incident->revision : 0;
	sim_format_head(branch, branch->head, verdict->head_sha);
	verdict->outcome = VERDICT_READY;
	for (size_t i = 0; i < SIM_JOBS; i++) {
		const struct sim_job *job = &branch->jobs[i];

		if (job->told_head < branch->head) {
			verdict->outcome = VERDICT_PENDING;
			verdict_add(verdict, REASON_CHECK_PENDING, "job", "A check is running.");
		} else if (job->red) {
			verdict->outcome = VERDICT_NOT_READY;
			verdict_add(verdict, REASON_CHECK_FAILED, "job", "A check failed.");
		}
	}
	if (verdict->n_reasons == 0 && sim_fault(100)) {
		verdict->outcome = VERDICT_NOT_READY;
		verdict_add(verdict, REASON_REVIEW_MISSING, "review", "A review is missing.");
	}
	if (sim.sabotage == SABOTAGE_GREEN) {
		verdict->n_reasons = 0;
		verdict->outcome = VERDICT_READY;
	}
	if (branch->gone) {
		verdict->outcome = VERDICT_GONE;
	}
}

static void judge_local(struct forge_check *check) {
	const struct readiness_local snapshot = { .builds = check->builds,
		.n_builds = check->n_builds,
		.incident = check->incident,
		.active_incidents = check->active_incidents,
		.n_active_incidents = check->n_active_incidents,
		.now_ms = check->now_ms };

	readiness_judge_local(&snapshot, &check->verdict);
}

static void check_act(void *user) {
	struct asked *asked = user;
	struct forge_check *check = asked->check;
	struct forge *forge = asked->forge;

	list_remove(&asked->node);
	free(asked);
	if (forge->closing) {
		check->done(check, -ECANCELED);
		return;
	}
	memset(&check->verdict, 0, sizeof(check->verdict));
	if (forge_is_local(forge)) {
		judge_local(check);
	} else if (sim_fault(sim.chances.forge_fails)) {
		check->verdict.checked_at_ms = sim_wall_ms();
		check->verdict.revision = check->incident != NULL ? check->incident->revision : 0;
		verdict_add(&check->verdict, REASON_UNREACHABLE, "", "The forge cannot be reached.");
	} else {
		judge_truth(check);
	}
	check->done(check, 0);
}

int forge_check(
	struct forge *forge, struct forge_check *check, void (*done)(struct forge_check *, int)) {
	struct asked *asked;

	if (forge->closing) {
		return -ESHUTDOWN;
	}
	asked = ask(forge);
	asked->check = check;
	check->forge = forge;
	check->done = done;
	check->sentence[0] = '\0';
	check->passing = false;
	check->retry_ms = 0;
	sim_after_in_life(1 + (int64_t)sim_random(5000), check_act, asked);
	return 0;
}

/* The rest of forge.h */

int forge_open(const struct forge_options *options, struct forge **ret_forge) {
	struct forge *forge = calloc(1, sizeof(*forge));

	TEXT_SET(forge->name, options->config->name);
	TEXT_SET(forge->type, options->config->type);
	list_init(&forge->asked);
	forge->changed = options->changed;
	forge->user = options->user;
	forge->limited_until_ms = json_integer_value(json_object_get(
		json_object_get(options->memories, options->config->name), "limitedUntil"));
	*ret_forge = forge;
	return 0;
}

int forge_configure(struct forge *forge, const struct config_forge *config) {
	(void)forge, (void)config;
	return 0;
}

struct closing {
	void (*closed)(void *user);
	void *user;
};

static void closed_act(void *user) {
	struct closing *closing = user;

	closing->closed(closing->user);
	free(closing);
}

/* What is asked ends by itself, cancelled; the struct is left to the end of the process. */
void forge_close(struct forge *forge, void (*closed)(void *user), void *user) {
	if (forge != NULL) {
		forge->closing = true;
	}
	if (closed != NULL) {
		struct closing *closing = calloc(1, sizeof(*closing));

		*closing = (struct closing){ .closed = closed, .user = user };
		sim_after_in_life(6 * CLOCK_SECOND_MS, closed_act, closing);
	}
}

const char *forge_name(const struct forge *forge) {
	return forge->name;
}

const char *forge_type_name(const struct forge *forge) {
	return forge->type;
}

bool forge_wants_builds(const struct forge *forge) {
	return forge_is_local(forge);
}

int64_t forge_open_ms(
	struct forge *forge, bool write, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]) {
	(void)write;
	if (ret_why != NULL) {
		ret_why[0] = '\0';
	}
	if (forge->limited_until_ms > now_ms + CLOCK_HOUR_MS) { /* the clock was set back */
		forge->limited_until_ms = 0;
	}
	return forge->limited_until_ms;
}

json_t *forge_memory(const struct forge *forge) {
	return json_pack("{s:I}", "limitedUntil", (json_int_t)forge->limited_until_ms);
}

json_t *forge_status(struct forge *forge, int64_t now_ms) {
	(void)forge, (void)now_ms;
	return json_object();
}

int forge_probe(
	struct forge *forge, struct forge_probe *probe, void (*done)(struct forge_probe *, int)) {
	(void)forge, (void)probe, (void)done;
	return -EOPNOTSUPP;
}

void forge_probe_cancel(struct forge_probe *probe) {
	(void)probe;
}

/* In the place of daemon/http.c: nobody asks it. */

int http_open(uv_loop_t *loop, const struct http_options *options, struct http **ret_http) {
	(void)loop, (void)options;
	*ret_http = NULL;
	return 0;
}

void http_close(struct http *http, void (*closed)(void *user), void *user) {
	(void)http;
	if (closed != NULL) {
		closed(user);
	}
}
