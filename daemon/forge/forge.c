#include "daemon/forge/forge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/forge/internal.h"

static const struct forge_type forge_types[] = {
	{ "local", true, local_open, local_publish, local_check, local_publish_cancel },
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
	struct list batch = forge->checks;
	struct list *node;

	if (list_is_empty(&forge->checks)) {
		return;
	}
	/* Taken off as a whole: a check that is begun by a `done` waits for the next turn of the loop. */
	batch.next->prev = &batch;
	batch.prev->next = &batch;
	list_init(&forge->checks);
	while ((node = list_take_first(&batch)) != NULL) {
		struct forge_check *check = container_of(node, struct forge_check, node);

		check->done(check, forge->closing ? -ECANCELED : 0);
	}
}

static void woken(uv_async_t *handle) {
	answer_checks(handle->data);
}

int forge_open(uv_loop_t *loop, const struct config_forge *config, const char *state_dir,
	struct forge **ret_forge) {
	const struct forge_type *type = find_type(config->type);
	struct forge *forge;
	int r;

	if (type == NULL) {
		return -EINVAL;
	}
	forge = calloc(1, sizeof(*forge));
	if (forge == NULL) {
		return -ENOMEM;
	}
	forge->state_dir = realpath(state_dir, NULL);
	r = forge->state_dir == NULL ? -errno : uv_async_init(loop, &forge->wake, woken);
	if (r < 0) {
		free(forge->state_dir);
		free(forge);
		return r;
	}
	forge->wake.data = forge;
	forge->loop = loop;
	forge->type = type;
	(void)TEXT_SET(forge->name, config->name);
	list_init(&forge->publishes);
	list_init(&forge->checks);
	type->open(forge);
	*ret_forge = forge;
	return 0;
}

static void wake_closed(uv_handle_t *handle) {
	struct forge *forge = handle->data;

	answer_checks(forge);
	if (forge->closed != NULL) {
		forge->closed(forge->user);
	}
	free(forge->state_dir);
	free(forge);
}

static void close_when_idle(struct forge *forge) {
	uv_handle_t *wake = (uv_handle_t *)&forge->wake;

	if (forge->closing && list_is_empty(&forge->publishes) && !uv_is_closing(wake)) {
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
	close_when_idle(forge);
}

const char *forge_name(const struct forge *forge) {
	return forge->name;
}

bool forge_wants_builds(const struct forge *forge) {
	return forge->type->wants_builds;
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

int forge_check(
	struct forge *forge, struct forge_check *check, void (*done)(struct forge_check *, int)) {
	if (forge->closing) {
		return -ESHUTDOWN;
	}
	check->forge = forge;
	check->done = done;
	check->state = NULL;
	return forge->type->check(forge, check);
}

void forge_check_finish(struct forge_check *check) {
	list_append(&check->forge->checks, &check->node);
	/* Fails only on a handle that is closing, and that answers what is left. */
	(void)uv_async_send(&check->forge->wake);
}
