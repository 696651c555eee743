#include "daemon/engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/engine/engine_internal.h"
#include "daemon/engine/forges.h"
#include "daemon/engine/lifecycle.h"

int engine_check_agent(const struct engine *engine, const struct config_agent *agent,
	char ret_sentence[LIMIT_SENTENCE_MAX]) {
	bool elsewhere = engine->agent_socket != NULL && strcmp(agent->type, "command") == 0;

	return elsewhere ? 0 : agent_check(agent, ret_sentence);
}

/* An agent that cannot be started is no mistake of the configuration: what it lacks may still come. */
static void warn_of_agents(const struct engine *engine, const struct config *config) {
	for (size_t i = 0; i < config->n_agents; i++) {
		char why[LIMIT_SENTENCE_MAX];

		if (engine_check_agent(engine, &config->agents[i], why) < 0) {
			log_warning("Agent \"%s\" cannot be started now: %s",
				config->agents[i].name, why);
		}
	}
}

int engine_create(const struct engine_options *options, struct engine **ret_engine) {
	struct engine *engine = calloc(1, sizeof(*engine));
	bool failed = false;
	int r;

	if (engine == NULL) {
		config_destroy(options->config);
		return -ENOMEM;
	}
	engine->loop = options->loop;
	engine->store = options->store;
	engine->config = options->config;
	list_init(&engine->forges);
	list_init(&engine->watchers);
	list_init(&engine->checks);
	list_init(&engine->lanes);
	list_init(&engine->jobs);
	list_init(&engine->stalled);
	list_init(&engine->unrecovered);
	engine->state_dir = text_dup(options->state_dir, &failed);
	engine->agent_socket = text_dup(options->agent_socket, &failed);
	engine->paused = calloc(1, sizeof(*engine->paused));
	engine->memories = json_object();
	r = failed || engine->paused == NULL || engine->memories == NULL ? -ENOMEM
									 : runner_configure(engine);
	if (r < 0) {
		engine_destroy(engine);
		return r;
	}
	warn_of_agents(engine, engine->config);
	*ret_engine = engine;
	return 0;
}

void engine_destroy(struct engine *engine) {
	if (engine == NULL) {
		return;
	}
	job_drop_stalled(engine);
	recover_drop(engine);
	forges_close(engine, NULL);
	runner_finish(engine);
	for (char **project = engine->paused; project != NULL && *project != NULL; project++) {
		free(*project);
	}
	free(engine->paused);
	free(engine->state_dir);
	free(engine->agent_socket);
	json_decref(engine->memories);
	config_destroy(engine->config);
	free(engine);
}

struct store *engine_store(struct engine *engine) {
	return engine->store;
}

const char *engine_agent_socket(const struct engine *engine) {
	return engine->agent_socket;
}

const struct config *engine_config(const struct engine *engine) {
	return engine->config;
}

bool engine_clock_is_suspect(const struct engine *engine) {
	return engine->clock_suspect && clock_now_ms() < store_newest_ms(engine->store);
}

int engine_set_config(struct engine *engine, struct config *config) {
	struct config *old = engine->config;
	int r;

	forges_close(engine, config);
	engine->config = config;
	r = forges_open(engine);
	if (r == 0) {
		r = runner_configure(engine);
	}
	if (r < 0) {
		forges_close(engine, old);
		engine->config = old;
		config_destroy(config);
		(void)!forges_open(engine);
		return r;
	}
	config_destroy(old);
	warn_of_agents(engine, config);
	forges_forget(engine);
	engine_hasten(engine);
	runner_due_all(engine, "", clock_now_ms());
	runner_wake(engine);
	return 0;
}

void engine_policy(const struct engine *engine, const char *project, struct policy *ret_policy) {
	if (config_policy(engine->config, project, ret_policy) < 0) {
		*ret_policy = engine->config->defaults;
	}
}

/* Watching */

void engine_watch(struct engine *engine, struct engine_watcher *watcher) {
	list_append(&engine->watchers, &watcher->node);
}

void engine_unwatch(struct engine_watcher *watcher) {
	list_remove(&watcher->node);
}

/* `step`: what it came from; NULL: no decision. */
static void tell(struct engine *engine, const struct note *note, const struct store_step *step) {
	engine_log_note(note, step);
	list_for_each_safe (pos, &engine->watchers) {
		struct engine_watcher *watcher = container_of(pos, struct engine_watcher, node);

		watcher->noted(watcher, note);
	}
}

/* Deciding */

int engine_step(struct engine *engine, struct store_step *step, store_done_fn *done) {
	step->decide = lifecycle_step;
	step->now_ms = clock_now_ms();
	step->ahead_ms = clock_set_look(engine);
	return store_step(engine->store, step, done);
}

/* Which lanes have something new to look at. A moved task may still be in the lane of an older configuration. */
static void look_at_lanes(struct engine *engine, const struct store_step *step) {
	for (size_t i = 0; i < step->n_due; i++) {
		const struct step_due *due = &step->due[i];

		if (due->verb == CHANGE_ADD) {
			runner_due(engine, due->lane, due->due_ms);
		} else if (due->verb == CHANGE_MOVE) {
			runner_due_all(engine, "forge/", due->due_ms);
		}
	}
	if (step->branch_woken) {
		runner_due_all(engine, "agent/", step->now_ms);
	}
	if (step->scope == STEP_BY_BRANCH &&
		step->tasks_changed) { /* several decisions: of all, not of the last */
		runner_due_all(engine, "forge/", step->now_ms);
	}
	if (step->new_task != NULL) {
		runner_due(engine, step->new_task->lane, step->new_task->due_ms);
	}
}

void engine_committed(struct engine *engine, struct store_step *step, int status) {
	if (status < 0 || step->answer.duplicate) {
		return;
	}
	for (size_t i = 0; i < step->n_notes; i++) {
		tell(engine, &step->notes[i], step);
	}
	for (size_t i = 0; i < step->n_stop_agent_of; i++) {
		job_stop_agent(engine, step->stop_agent_of[i]);
	}
	look_at_lanes(engine, step);
	runner_wake(engine);
}

/* Pausing */

const char *const *engine_paused(const struct engine *engine) {
	return (const char *const *)engine->paused;
}

/* However it is spelled: a pause outlives the configuration that says whether case counts. NULL: there is none. */
static const char *find_pause(const struct engine *engine, const char *project) {
	for (char **paused = engine->paused; *paused != NULL; paused++) {
		if (strcasecmp(*paused, project) == 0) {
			return *paused;
		}
	}
	return NULL;
}

bool engine_is_paused(const struct engine *engine, const char *project) {
	return find_pause(engine, project) != NULL;
}

int engine_set_paused(struct engine *engine, const char *project, bool paused) {
	size_t n = 0;
	char **grown;

	while (engine->paused[n] != NULL) {
		if (strcmp(engine->paused[n], project) == 0) {
			break;
		}
		n++;
	}
	if (paused == (engine->paused[n] != NULL)) {
		return 0;
	}
	if (!paused) {
		free(engine->paused[n]);
		do {
			engine->paused[n] = engine->paused[n + 1];
		} while (engine->paused[n++] != NULL);
		return 0;
	}
	grown = reallocarray(engine->paused, n + 2, sizeof(*grown));
	if (grown == NULL) {
		return -ENOMEM;
	}
	engine->paused = grown;
	grown[n + 1] = NULL;
	grown[n] = strdup(project);
	return grown[n] == NULL ? -ENOMEM : 0;
}

static void paused_recorded(struct store_req *req, int status) {
	struct store_pause *store = container_of(req, struct store_pause, req);
	struct engine_pause *pause = container_of(store, struct engine_pause, store);
	struct engine *engine = pause->engine;

	if (status == 0) {
		status = engine_set_paused(engine, pause->project, pause->paused);
		tell(engine, &store->note, NULL);
		runner_due_all(engine, "", clock_now_ms());
		runner_wake(engine);
	}
	pause->done(pause, status);
}

int engine_pause(struct engine *engine, struct engine_pause *pause,
	void (*done)(struct engine_pause *, int)) {
	pause->engine = engine;
	pause->done = done;
	config_spell_project(engine->config, pause->project); /* "*" stays what it is */
	pause->was_paused = engine_is_paused(engine, pause->project);
	if (!pause->paused && pause->was_paused) {
		TEXT_SET(pause->project, find_pause(engine, pause->project));
	}
	pause->store = (struct store_pause){
		.project = pause->project, .paused = pause->paused, .now_ms = clock_now_ms()
	};
	return store_pause(engine->store, &pause->store, paused_recorded);
}
