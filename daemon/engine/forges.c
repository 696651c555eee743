#include "daemon/engine/forges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"

struct engine_forge {
	struct list node;
	struct engine *engine;
	struct forge *forge; /* NULL: closed; the struct waits for `save` */
	/* What it remembers, on its way to disk; one at a time. */
	struct store_post save;
	char name[LIMIT_NAME_MAX];
	bool saving;
	bool dirty;
	/* It could not be reached. */
	int64_t down_ms; /* the last pause; 0: it is up */
	int64_t down_until_ms;
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
	if (forge->forge == NULL) {
		free(forge);
	} else if (forge->dirty) {
		save(forge);
	}
}

static void save(struct engine_forge *forge) {
	forge->dirty = false;
	forge->save =
		(struct store_post){ .forge = forge->name, .memory = forge_memory(forge->forge) };
	forge->saving = store_post(forge->engine->store, &forge->save, saved) == 0;
	if (!forge->saving) {
		json_decref(TAKE_PTR(forge->save.memory));
	}
}

/* The forge's limits or its credential changed: they are kept, and what waited for it may go. */
static void changed(void *user, struct forge *changed_forge) {
	struct engine_forge *forge = user;

	(void)changed_forge;
	if (forge->saving) {
		forge->dirty = true;
	} else {
		save(forge);
	}
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

static int open_one(struct engine *engine, const struct config_forge *config, const json_t *memory) {
	struct engine_forge *forge = calloc(1, sizeof(*forge));
	struct forge_options options = { .loop = engine->loop,
		.config = config,
		.state_dir = engine->state_dir,
		.http = engine->http,
		.memory = json_object_get(memory, config->name),
		.changed = changed,
		.user = forge };
	int r;

	if (forge == NULL) {
		return -ENOMEM;
	}
	forge->engine = engine;
	TEXT_SET(forge->name, config->name);
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

int forges_open(struct engine *engine, const json_t *memory) {
	int r = open_http(engine);

	for (size_t i = 0; r == 0 && i < engine->config->n_forges; i++) {
		const struct config_forge *config = &engine->config->forges[i];
		struct engine_forge *forge = find(engine, config->name);

		if (forge == NULL) {
			r = open_one(engine, config, memory);
		} else {
			forge->down_ms = 0;
			forge->down_until_ms = 0;
			r = forge_configure(forge->forge, config);
		}
	}
	return r;
}

static bool is_kept(const struct engine_forge *forge, const struct config *keep) {
	const struct config_forge *config =
		keep != NULL ? config_find_forge(keep, forge->name) : NULL;

	return config != NULL && strcmp(config->type, forge_type_name(forge->forge)) == 0;
}

void forges_close(struct engine *engine, const struct config *keep) {
	list_for_each_safe (pos, &engine->forges) {
		struct engine_forge *forge = container_of(pos, struct engine_forge, node);

		if (is_kept(forge, keep)) {
			continue;
		}
		list_remove(&forge->node);
		forge_close(TAKE_PTR(forge->forge), NULL, NULL);
		if (!forge->saving) {
			free(forge);
		}
	}
	if (keep == NULL) {
		http_close(TAKE_PTR(engine->http), NULL, NULL);
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
			"Forge \"%s\" cannot be reached; it is tried again until it can.", name);
	}
	forge->down_ms =
		MIN(MAX(2 * forge->down_ms, LIMIT_FORGE_DOWN_FIRST_MS), LIMIT_FORGE_DOWN_MAX_MS);
	forge->down_until_ms =
		clock_now_ms() + forge->down_ms / 2 + engine_jitter(forge->down_ms / 2 + 1);
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

int64_t forges_lane_open_ms(
	struct engine *engine, const char *lane, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]) {
	bool write = false;
	struct engine_forge *forge = of_lane(engine, lane, &write);
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
		text_format(ret_why, LIMIT_SENTENCE_MAX,
			"Forge \"%s\" cannot be reached and is tried again and again: %s",
			forge->name, forge->why);
	}
	return forge->down_until_ms;
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

json_t *engine_forges_to_json(struct engine *engine) {
	json_t *array = json_array();

	for (size_t i = 0; i < engine->config->n_forges; i++) {
		const struct config_forge *config = &engine->config->forges[i];
		struct engine_forge *forge = find(engine, config->name);
		json_t *object = json_pack("{s:s, s:s}", "name", config->name, "type", config->type);
		json_t *more = forge != NULL ? forge_status(forge->forge, clock_now_ms()) : NULL;

		if (more != NULL) {
			(void)json_object_update_missing(object, more);
			(void)json_object_set_new(
				object, "reachable", json_boolean(forge->down_ms == 0));
			if (forge->down_ms != 0) {
				(void)json_object_set_new(object, "reason", json_string(forge->why));
			}
			json_decref(more);
		}
		(void)json_array_append_new(array, object);
	}
	return array;
}
