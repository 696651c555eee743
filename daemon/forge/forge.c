#include "daemon/forge/forge.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/forge/github.h"
#include "daemon/forge/internal.h"

static const struct forge_type forge_types[] = {
	{ .name = "github",
		.wants_builds = true,
		.wants_http = true,
		.open = github_open,
		.configure = github_configure,
		.publish = github_publish,
		.recorded = github_publish_recorded,
		.check = github_check,
		.cancel = github_publish_cancel,
		.probe = github_probe,
		.probe_cancel = github_probe_cancel,
		.close = github_close,
		.open_ms = github_open_ms,
		.memory = github_memory,
		.status = github_status,
		.finish = github_finish },
	{ .name = "local",
		.wants_builds = true,
		.open = local_open,
		.publish = local_publish,
		.check = local_check,
		.cancel = local_publish_cancel },
};

static const struct forge_type *find_type(const char *name) {
	for (size_t i = 0; i < ARRAY_SIZE(forge_types); i++) {
		if (strcmp(forge_types[i].name, name) == 0) {
			return &forge_types[i];
		}
	}
	return NULL;
}

static void answer_checks(struct forge *forge) {
	struct list batch, *node;

	/* Taken off as a whole: a check that is begun by a `done` waits for the next turn of the loop. */
	list_init(&batch);
	list_splice(&batch, &forge->checks);
	while ((node = list_take_first(&batch)) != NULL) {
		struct forge_check *check = container_of(node, struct forge_check, node);

		check->done(check, forge->closing ? -ECANCELED : check->status);
	}
}

static void woken(uv_async_t *handle) {
	answer_checks(handle->data);
}

static void forge_free(struct forge *forge) {
	if (forge->type->finish != NULL) {
		forge->type->finish(forge);
	}
	free(forge->state_dir);
	free(forge);
}

int forge_open(const struct forge_options *options, struct forge **ret_forge) {
	const struct forge_type *type = find_type(options->config->type);
	struct forge *forge;
	int r;

	if (type == NULL || (type->wants_http && options->http == NULL)) {
		return -EINVAL;
	}
	forge = calloc(1, sizeof(*forge));
	if (forge == NULL) {
		return -ENOMEM;
	}
	forge->loop = options->loop;
	forge->type = type;
	forge->http = options->http;
	forge->changed = options->changed;
	forge->changed_user = options->user;
	(void)TEXT_SET(forge->name, options->config->name);
	list_init(&forge->publishes);
	list_init(&forge->checks);
	forge->state_dir = realpath(options->state_dir, NULL);
	r = forge->state_dir == NULL ? -errno : type->open(forge, options);
	if (r == 0) {
		r = uv_async_init(forge->loop, &forge->wake, woken);
	}
	if (r < 0) {
		forge_free(forge);
		return r;
	}
	forge->wake.data = forge;
	*ret_forge = forge;
	return 0;
}

int forge_configure(struct forge *forge, const struct config_forge *config) {
	return forge->type->configure != NULL ? forge->type->configure(forge, config) : 0;
}

static void wake_closed(uv_handle_t *handle) {
	struct forge *forge = handle->data;

	answer_checks(forge);
	if (forge->closed != NULL) {
		forge->closed(forge->user);
	}
	forge_free(forge);
}

static void close_when_idle(struct forge *forge) {
	uv_handle_t *wake = (uv_handle_t *)&forge->wake;

	if (forge->closing && list_is_empty(&forge->publishes) && forge->n_own == 0 &&
		!uv_is_closing(wake)) {
		uv_close(wake, wake_closed);
	}
}

void forge_close(struct forge *forge, void (*closed)(void *user), void *user) {
	if (forge == NULL) {
		if (closed != NULL) {
			closed(user);
		}
		return;
	}
	forge->closing = true;
	forge->closed = closed;
	forge->user = user;
	for (struct list *at = forge->publishes.next; at != &forge->publishes; at = at->next) {
		forge->type->cancel(container_of(at, struct forge_publish, node));
	}
	if (forge->type->close != NULL) {
		forge->type->close(forge);
	}
	close_when_idle(forge);
}

const char *forge_name(const struct forge *forge) {
	return forge->name;
}

const char *forge_type_name(const struct forge *forge) {
	return forge->type->name;
}

bool forge_wants_builds(const struct forge *forge) {
	return forge->type->wants_builds;
}

int64_t forge_open_ms(
	struct forge *forge, bool write, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]) {
	if (forge->type->open_ms != NULL) {
		return forge->type->open_ms(forge, write, now_ms, ret_why);
	}
	if (ret_why != NULL) {
		ret_why[0] = '\0';
	}
	return 0;
}

json_t *forge_memory(const struct forge *forge) {
	json_t *memory = forge->type->memory != NULL ? forge->type->memory(forge) : NULL;

	if (memory != NULL) { /* which is older; without it, it is the oldest */
		(void)json_object_set_new(memory, "usedMs", json_integer(clock_now_ms()));
	}
	return memory;
}

json_t *forge_status(struct forge *forge, int64_t now_ms) {
	return forge->type->status != NULL ? forge->type->status(forge, now_ms) : json_object();
}

void forge_own_ended(struct forge *forge) {
	assert(forge->n_own > 0);
	forge->n_own--;
	close_when_idle(forge);
}

void forge_publish_recorded(struct forge_publish *publish, int status) {
	publish->forge->type->recorded(publish, status);
}

int forge_publish(struct forge *forge, struct forge_publish *publish,
	void (*done)(struct forge_publish *, int)) {
	int r;

	if (forge->closing) {
		return -ESHUTDOWN;
	}
	publish->forge = forge;
	publish->done = done;
	publish->state = NULL;
	publish->url[0] = '\0';
	publish->sentence[0] = '\0';
	publish->pull_request = 0;
	publish->head_sha[0] = '\0';
	publish->hold = HOLD_NONE;
	publish->look_again_ms = 0;
	publish->passing = false;
	publish->retry_ms = 0;
	r = forge->type->publish(forge, publish);
	if (r < 0) {
		return r;
	}
	list_append(&forge->publishes, &publish->node);
	return 0;
}

void forge_publish_finish(struct forge_publish *publish, int status) {
	struct forge *forge = publish->forge;

	list_remove(&publish->node);
	publish->done(publish, status);
	/* `publish` may be gone by now. */
	close_when_idle(forge);
}

int forge_probe(
	struct forge *forge, struct forge_probe *probe, void (*done)(struct forge_probe *, int)) {
	if (forge->closing) {
		return -ESHUTDOWN;
	}
	if (forge->type->probe == NULL) {
		return -EOPNOTSUPP;
	}
	probe->forge = forge;
	probe->done = done;
	probe->state = NULL;
	probe->sentence[0] = '\0';
	probe->doubt = false;
	probe->unsent = false;
	return forge->type->probe(forge, probe);
}

void forge_probe_cancel(struct forge_probe *probe) {
	probe->forge->type->probe_cancel(probe);
}

int forge_check(
	struct forge *forge, struct forge_check *check, void (*done)(struct forge_check *, int)) {
	if (forge->closing) {
		return -ESHUTDOWN;
	}
	check->forge = forge;
	check->done = done;
	check->state = NULL;
	check->sentence[0] = '\0';
	check->passing = false;
	check->retry_ms = 0;
	check->verdict = (struct verdict){ 0 };
	check->n_settled = 0;
	return forge->type->check(forge, check);
}

void forge_check_finish(struct forge_check *check, int status) {
	check->status = status;
	list_append(&check->forge->checks, &check->node);
	/* Fails only on a handle that is closing, and that answers what is left. */
	(void)uv_async_send(&check->forge->wake);
}
