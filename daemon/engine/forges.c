#include "daemon/engine/forges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/jitter.h"
#include "common/log.h"
#include "common/text.h"

/* "NAME", or "NAME at URL" of one whose server was changed. */
#define FORGE_KEY_MAX (LIMIT_NAME_MAX + LIMIT_URL_MAX + sizeof(" at "))

struct engine_forge {
	struct list node;
	struct engine *engine;
	struct forge *forge; /* NULL: closed; the struct waits for `save` */
	/* What it remembers, on its way to disk; one at a time. */
	struct store_post save;
	char name[LIMIT_NAME_MAX];
	char api_url[LIMIT_URL_MAX];
	char graphql_url[LIMIT_URL_MAX];
	char kept_as[FORGE_KEY_MAX]; /* what it remembers; "" by its name */
	bool saving;
	bool dirty;
	/* It could not be reached. */
	int64_t down_ms; /* the last pause; 0: it is up */
	int64_t down_until_ms;
	int64_t down_since_ms;
	char why[LIMIT_SENTENCE_MAX]; /* it is down, a sentence */
};

static struct engine_forge *find(struct engine *engine, const char *name) {
	list_for_each (pos, &engine->forges) {
		struct engine_forge *forge = container_of(pos, struct engine_forge, node);

		if (strcmp(forge->name, name) == 0) {
			return forge;
		}
	}
	return NULL;
}

struct forge *forges_find(struct engine *engine, const char *name) {
	struct engine_forge *forge = find(engine, name);

	return forge != NULL ? forge->forge : NULL;
}

/* Remembering */

void forges_remember(struct engine *engine, json_t *memories) {
	json_decref(engine->memories);
	engine->memories = json_incref(memories);
}

static void save(struct engine_forge *forge);

static void saved(struct store_req *req, int status) {
	struct store_post *post = container_of(req, struct store_post, req);
	struct engine_forge *forge = container_of(post, struct engine_forge, save);

	json_decref(TAKE_PTR(post->memory));
	forge->saving = false;
	if (status < 0 && status != -ESHUTDOWN) {
		log_about(&(struct log_about){ .forge = forge->name }, LOG_LEVEL_WARNING,
			"What forge \"%s\" remembers of its limits cannot be kept: %s, ignoring.",
			forge->name, log_errno(status));
	}
	if (forge->dirty) {
		save(forge);
	}
	if (forge->forge == NULL && !forge->saving) {
		free(forge);
	}
}

static const char *key_of(const struct engine_forge *forge) {
	return forge->kept_as[0] != '\0' ? forge->kept_as : forge->name;
}

/* A new reference. A closed one left what it remembered to the engine. */
static json_t *memory_of(const struct engine_forge *forge) {
	return forge->forge != NULL
		? forge_memory(forge->forge)
		: json_incref(json_object_get(forge->engine->memories, key_of(forge)));
}

/* Without memory for it, what is on disk stays: to forget is another thing. */
static void save(struct engine_forge *forge) {
	forge->dirty = false;
	forge->save = (struct store_post){ .forge = key_of(forge), .memory = memory_of(forge) };
	forge->saving = forge->save.memory != NULL &&
		store_post(forge->engine->store, &forge->save, saved) == 0;
	if (!forge->saving) {
		json_decref(TAKE_PTR(forge->save.memory));
	}
}

/* What changes while one save is on its way goes with the next one. */
static void save_soon(struct engine_forge *forge) {
	if (forge->saving) {
		forge->dirty = true;
	} else {
		save(forge);
	}
}

/* It wrote, or its limits or its credential changed: that is kept, and what waited for it may go. */
static void changed(void *user, struct forge *changed_forge) {
	struct engine_forge *forge = user;

	(void)changed_forge;
	save_soon(forge);
	runner_soon(forge->engine);
}

/* Opening and closing */

static bool needs_http(const struct config *config) {
	for (size_t i = 0; i < config->n_forges; i++) {
		if (strcmp(config->forges[i].type, "local") != 0) {
			return true;
		}
	}
	for (size_t i = 0; i < config->n_agents; i++) {
		if (strcmp(config->agents[i].type, "codegen") == 0) {
			return true;
		}
	}
	return false;
}

static int open_http(struct engine *engine) {
	const struct http_options options = { .proxy = engine->config->proxy,
		.no_proxy = engine->config->no_proxy,
		.ca_file = engine->config->ca_file };
	int r;

	if (engine->http != NULL || !needs_http(engine->config)) {
		return 0;
	}
	r = http_open(engine->loop, &options, &engine->http);
	if (r < 0) {
		log_error("HTTP cannot be used (proxy \"%s\", ca-file \"%s\"): %s.",
			options.proxy != NULL ? options.proxy : "",
			options.ca_file != NULL ? options.ca_file : "", log_errno(r));
	}
	return r;
}

static int open_one(struct engine *engine, const struct config_forge *config) {
	struct engine_forge *forge = calloc(1, sizeof(*forge));
	struct forge_options options = { .loop = engine->loop,
		.config = config,
		.state_dir = engine->state_dir,
		.http = engine->http,
		.memories = engine->memories,
		.changed = changed,
		.user = forge };
	int r;

	if (forge == NULL) {
		return -ENOMEM;
	}
	forge->engine = engine;
	TEXT_SET(forge->name, config->name);
	TEXT_SET(forge->api_url, config->api_url);
	TEXT_SET(forge->graphql_url, config->graphql_url);
	r = forge_open(&options, &forge->forge);
	if (r < 0) {
		log_about(&(struct log_about){ .forge = config->name }, LOG_LEVEL_ERROR,
			"Forge \"%s\" cannot be opened: %s.", config->name, log_errno(r));
		free(forge);
		return r;
	}
	list_append(&engine->forges, &forge->node);
	return 0;
}

int forges_open(struct engine *engine) {
	int r = open_http(engine);

	for (size_t i = 0; r == 0 && i < engine->config->n_forges; i++) {
		const struct config_forge *config = &engine->config->forges[i];
		struct engine_forge *forge = find(engine, config->name);

		if (forge == NULL) {
			r = open_one(engine, config);
		} else {
			forge->down_ms = 0;
			forge->down_until_ms = 0;
			r = forge_configure(forge->forge, config);
		}
	}
	return r;
}

/* The same one, with other settings at most. */
static bool is_kept(const struct engine_forge *forge, const struct config *keep) {
	const struct config_forge *config =
		keep != NULL ? config_find_forge(keep, forge->name) : NULL;

	return config != NULL && strcmp(config->type, forge_type_name(forge->forge)) == 0 &&
		strcmp(config->api_url, forge->api_url) == 0 &&
		strcmp(config->graphql_url, forge->graphql_url) == 0;
}

/* For when it is opened again, by this name or by another, in this run or the next. */
static void keep_memory(struct engine_forge *forge) {
	json_t *memory = forge_memory(forge->forge);

	if (memory != NULL &&
		json_object_set_new(forge->engine->memories, key_of(forge), memory) == 0) {
		save_soon(forge);
	}
}

/* Its name is of another server from now on, whose memory must not replace what is remembered of this one. */
static void keep_apart(struct engine_forge *forge, const struct config *keep) {
	const struct config_forge *config =
		keep != NULL ? config_find_forge(keep, forge->name) : NULL;

	if (config != NULL && strcmp(config->type, forge_type_name(forge->forge)) == 0) {
		text_format(forge->kept_as, sizeof(forge->kept_as), "%s at %s", forge->name,
			forge->api_url);
	}
}

void forges_close(struct engine *engine, const struct config *keep) {
	list_for_each_safe (pos, &engine->forges) {
		struct engine_forge *forge = container_of(pos, struct engine_forge, node);

		if (is_kept(forge, keep)) {
			continue;
		}
		list_remove(&forge->node);
		keep_apart(forge, keep);
		keep_memory(forge);
		forge_close(TAKE_PTR(forge->forge), NULL, NULL);
		if (!forge->saving) {
			free(forge);
		}
	}
	if (keep == NULL) {
		http_close(TAKE_PTR(engine->http), NULL, NULL);
	}
}

/* Forgetting */

struct forgotten {
	struct store_post save;
	char key[FORGE_KEY_MAX];
};

static void forgotten_recorded(struct store_req *req, int status) {
	struct store_post *post = container_of(req, struct store_post, req);

	(void)status; /* what is still there is forgotten by the next start */
	free(container_of(post, struct forgotten, save));
}

/* Returns whether it is on its way. */
static bool forget(struct engine *engine, const char *key) {
	struct forgotten *forgotten = calloc(1, sizeof(*forgotten));

	if (forgotten == NULL) {
		return false;
	}
	TEXT_SET(forgotten->key, key);
	forgotten->save = (struct store_post){ .forge = forgotten->key };
	if (store_post(engine->store, &forgotten->save, forgotten_recorded) < 0) {
		free(forgotten);
		return false;
	}
	(void)json_object_del(engine->memories, forgotten->key);
	return true;
}

/* Tasks in its lanes go to the forge that their project has now; until then it may come back. */
static bool is_needed(struct engine *engine, const char *key) {
	static const char *const prefixes[] = { "forge/", "post/" };
	char lane[LIMIT_LANE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		text_format(lane, sizeof(lane), "%s%s", prefixes[i], key);
		if (runner_lane_has_work(engine, lane)) {
			return true;
		}
	}
	return false;
}

/* How many are remembered that are not open, and the one of them that was used longest ago; NULL: all are needed. */
static const char *find_oldest(struct engine *engine, size_t *ret_n) {
	const char *key, *oldest = NULL;
	int64_t oldest_ms = 0;
	json_t *memory;

	*ret_n = 0;
	json_object_foreach(engine->memories, key, memory) {
		int64_t used_ms = json_integer_value(json_object_get(memory, "usedMs"));

		if (find(engine, key) != NULL) {
			continue;
		}
		++*ret_n;
		if ((oldest == NULL || used_ms < oldest_ms) && !is_needed(engine, key)) {
			oldest = key;
			oldest_ms = used_ms;
		}
	}
	return oldest;
}

void forges_forget(struct engine *engine) {
	size_t n;
	const char *oldest = find_oldest(engine, &n);

	if (engine_paused(engine)[0] != NULL) {
		return; /* then it is not known of which there is work */
	}
	while (n > LIMIT_FORGES_REMEMBERED && oldest != NULL && forget(engine, oldest)) {
		oldest = find_oldest(engine, &n);
	}
}

/* Asking */

void forges_down(struct engine *engine, const char *name, const char *why) {
	struct engine_forge *forge = find(engine, name);

	if (forge == NULL || clock_now_ms() < forge->down_until_ms) {
		return;
	}
	if (forge->down_ms == 0) {
		log_about(&(struct log_about){ .forge = name }, LOG_LEVEL_WARNING,
			"Forge \"%s\" cannot be reached; it is tried again until it can. %s", name,
			why);
		forge->down_since_ms = clock_now_ms();
	}
	(void)TEXT_SET(forge->why, why);
	forge->down_ms =
		MIN(MAX(2 * forge->down_ms, LIMIT_FORGE_DOWN_FIRST_MS), LIMIT_FORGE_DOWN_MAX_MS);
	forge->down_until_ms =
		clock_now_ms() + forge->down_ms / 2 + jitter_below(forge->down_ms / 2 + 1);
}

void forges_up(struct engine *engine, const char *name) {
	struct engine_forge *forge = find(engine, name);

	if (forge == NULL || forge->down_ms == 0) {
		return;
	}
	log_about(&(struct log_about){ .forge = name }, LOG_LEVEL_NOTICE,
		"Forge \"%s\" can be reached again.", name);
	forge->down_ms = 0;
	forge->down_until_ms = 0;
}

/* NULL: no lane of a forge. */
static struct engine_forge *of_lane(struct engine *engine, const char *lane, bool *ret_write) {
	static const char *const prefixes[] = { "forge/", "post/" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t len = strlen(prefixes[i]);

		if (strncmp(lane, prefixes[i], len) == 0) {
			*ret_write = i == 1;
			return find(engine, lane + len);
		}
	}
	return NULL;
}

/* Since when, until when, and why. */
static void describe_down(
	const struct engine_forge *forge, int64_t now_ms, char out[LIMIT_SENTENCE_MAX]) {
	char since[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];

	(void)text_format(out, LIMIT_SENTENCE_MAX,
		"Forge \"%s\" cannot be reached since %s; it is tried again %s%s, by one task at a time. %s",
		forge->name, clock_format(forge->down_since_ms, since),
		forge->down_until_ms > now_ms ? "at " : "now",
		forge->down_until_ms > now_ms ? clock_format(forge->down_until_ms, until) : "",
		forge->why);
}

static int64_t open_ms_of(
	struct engine_forge *forge, bool write, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]) {
	int64_t open_ms;

	if (ret_why != NULL) {
		ret_why[0] = '\0';
	}
	if (forge == NULL) {
		return 0;
	}
	open_ms = forge_open_ms(forge->forge, write, now_ms, ret_why);
	if (forge->down_until_ms > now_ms + LIMIT_FORGE_DOWN_MAX_MS) { /* the clock was set back */
		forge->down_until_ms = now_ms;
	}
	if (open_ms > now_ms || forge->down_ms == 0) {
		return open_ms;
	}
	if (ret_why != NULL) { /* one task at a time tries; the others wait for it */
		describe_down(forge, now_ms, ret_why);
	}
	return forge->down_until_ms;
}

int64_t forges_lane_open_ms(
	struct engine *engine, const char *lane, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]) {
	bool write = false;
	struct engine_forge *forge = of_lane(engine, lane, &write);

	return open_ms_of(forge, write, now_ms, ret_why);
}

int64_t engine_forge_open_ms(
	struct engine *engine, const char *name, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]) {
	return open_ms_of(find(engine, name), true, now_ms, ret_why);
}

int64_t forges_lane_queue(struct engine *engine, const char *lane) {
	bool write = false;
	const struct engine_forge *forge = of_lane(engine, lane, &write);
	json_t *status = forge != NULL ? forge_status(forge->forge, clock_now_ms()) : NULL;
	int64_t n = json_integer_value(json_object_get(status, "writesWaiting"));

	json_decref(status);
	return n;
}

bool forges_lane_is_probing(struct engine *engine, const char *lane) {
	bool write = false;
	const struct engine_forge *forge = of_lane(engine, lane, &write);

	return forge != NULL && forge->down_ms != 0;
}

int engine_probe(struct engine *engine, const char *name, struct forge_probe *probe,
	void (*done)(struct forge_probe *probe, int status)) {
	struct forge *forge = forges_find(engine, name);

	return forge != NULL ? forge_probe(forge, probe, done) : -ENOENT;
}

static void add_down(json_t *object, const struct engine_forge *forge, int64_t now_ms) {
	char why[LIMIT_SENTENCE_MAX], time[CLOCK_TEXT_MAX];

	if (forge->down_ms == 0) {
		return;
	}
	describe_down(forge, now_ms, why);
	(void)json_object_set_new(object, "reason", json_string(why));
	(void)json_object_set_new(
		object, "unreachableSince", json_string(clock_format(forge->down_since_ms, time)));
	if (forge->down_until_ms > now_ms) {
		(void)json_object_set_new(object, "pausedUntil",
			json_string(clock_format(forge->down_until_ms, time)));
	}
}

json_t *engine_forges_to_json(struct engine *engine) {
	int64_t now_ms = clock_now_ms();
	json_t *array = json_array();

	for (size_t i = 0; i < engine->config->n_forges; i++) {
		const struct config_forge *config = &engine->config->forges[i];
		struct engine_forge *forge = find(engine, config->name);
		json_t *object = json_pack("{s:s, s:s}", "name", config->name, "type", config->type);
		json_t *more = forge != NULL ? forge_status(forge->forge, now_ms) : NULL;

		if (more != NULL) {
			(void)json_object_update_missing(object, more);
			if (forge->down_ms > 0 || json_object_get(object, "reachable") == NULL) {
				(void)json_object_set_new(
					object, "reachable", json_boolean(forge->down_ms == 0));
			}
			add_down(object, forge, now_ms);
			json_decref(more);
		}
		(void)json_array_append_new(array, object);
	}
	return array;
}
