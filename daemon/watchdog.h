/*
 * watchdog - the sign of life for systemd, of a daemon whose loop and store both answer.
 *
 * The store is asked several times within systemd's patience (systemd_watchdog_ms()), and the sign goes out when it
 * answers; asked already, it is not asked again. What it refuses, being full or without memory, is asked again soon.
 * Loop thread only.
 */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "daemon/store/store.h"

/* What the store said, before systemd hears that we live. */
typedef void watchdog_fn(void *user, const struct store_counts *counts);

struct watchdog {
	uv_timer_t timer;
	struct store *store; /* borrowed: the daemon's */
	struct store_counts counts;
	bool waits; /* for the store's answer */
	watchdog_fn *answered;
	void *user;
};

void watchdog_init(struct watchdog *watchdog, uv_loop_t *loop, watchdog_fn *answered, void *user);
/* From now on; nothing when systemd does not watch over us. */
void watchdog_start(struct watchdog *watchdog, struct store *store);
/* At once, beside the regular ones. */
void watchdog_ask(struct watchdog *watchdog);
/* No sign goes out any more. */
void watchdog_stop(struct watchdog *watchdog);
/* When the store was closed. `watchdog` is the loop's until it has let go of the handle. */
void watchdog_close(struct watchdog *watchdog);
