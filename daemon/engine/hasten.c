/* A start or a reload may have brought what a write to a forge lacked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/engine/engine_internal.h"

struct hasten {
	struct engine *engine;
	struct store_hasten store;
};

static void hasten_free(struct hasten *hasten) {
	free(hasten->store.lanes);
	free(hasten);
}

static void hastened(struct store_req *req, int status) {
	struct hasten *hasten =
		container_of(container_of(req, struct store_hasten, req), struct hasten, store);
	struct engine *engine = hasten->engine;

	if (status < 0 && status != -ESHUTDOWN) {
		log_warning("What failed at a forge is not tried again before its time: %s, ignoring.",
			log_errno(status));
	} else if (status == 0 && hasten->store.n_tasks > 0) {
		for (size_t i = 0; i < hasten->store.n_lanes; i++) {
			runner_due(engine, hasten->store.lanes[i], hasten->store.now_ms);
		}
		runner_wake(engine);
	}
	hasten_free(hasten);
}

/* What is written to a forge waits in the forge's lane; a mention in the one of its agent. */
static void add_lanes(struct store_hasten *store, const struct config *config) {
	for (size_t i = 0; i < config->n_forges; i++) {
		text_format(store->lanes[store->n_lanes++], LIMIT_LANE_MAX, "post/%s",
			config->forges[i].name);
	}
	for (size_t i = 0; i < config->n_agents; i++) {
		if (strcmp(config->agents[i].type, "mention") == 0) {
			text_format(store->lanes[store->n_lanes++], LIMIT_LANE_MAX, "agent/%s",
				config->agents[i].name);
		}
	}
}

void engine_hasten(struct engine *engine) {
	const struct config *config = engine->config;
	struct hasten *hasten = calloc(1, sizeof(*hasten));

	if (hasten == NULL) {
		return;
	}
	hasten->engine = engine;
	hasten->store.now_ms = clock_now_ms();
	hasten->store.lanes =
		calloc(config->n_forges + config->n_agents + 1, sizeof(*hasten->store.lanes));
	if (hasten->store.lanes == NULL) {
		hasten_free(hasten);
		return;
	}
	add_lanes(&hasten->store, config);
	if (store_hasten(engine->store, &hasten->store, hastened) < 0) {
		hasten_free(hasten);
	}
}
