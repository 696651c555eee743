#include "daemon/watchdog.h"

#include "common/clock.h"
#include "common/macro.h"
#include "daemon/systemd.h"

/* The part of the regular wait after which the store is asked again when it refused. */
#define SOON 8

static void timer_due(uv_timer_t *timer) {
	watchdog_ask(timer->data);
}

static void ask_again_soon(struct watchdog *watchdog) {
	uint64_t regular_ms = uv_timer_get_repeat(&watchdog->timer);

	uv_timer_start(&watchdog->timer, timer_due, MAX(regular_ms / SOON, UINT64_C(1)), regular_ms);
}

static bool is_running(const struct watchdog *watchdog) {
	return uv_is_active((const uv_handle_t *)&watchdog->timer);
}

static void store_answered(struct store_req *req, int status) {
	struct store_counts *counts = container_of(req, struct store_counts, req);
	struct watchdog *watchdog = container_of(counts, struct watchdog, counts);

	watchdog->waits = false;
	if (!is_running(watchdog)) {
		return;
	}
	if (status < 0) {
		ask_again_soon(watchdog);
		return;
	}
	watchdog->answered(watchdog->user, counts);
	systemd_alive();
}

void watchdog_init(struct watchdog *watchdog, uv_loop_t *loop, watchdog_fn *answered, void *user) {
	*watchdog = (struct watchdog){ .answered = answered, .user = user };
	uv_timer_init(loop, &watchdog->timer);
	watchdog->timer.data = watchdog;
}

void watchdog_start(struct watchdog *watchdog, struct store *store) {
	uint64_t regular_ms = (uint64_t)systemd_watchdog_ms();

	watchdog->store = store;
	if (regular_ms > 0) {
		uv_timer_start(&watchdog->timer, timer_due, regular_ms, regular_ms);
	}
}

void watchdog_ask(struct watchdog *watchdog) {
	if (!is_running(watchdog) || watchdog->waits) {
		return;
	}
	watchdog->counts = (struct store_counts){ .now_ms = clock_now_ms() };
	watchdog->waits = store_counts(watchdog->store, &watchdog->counts, store_answered) == 0;
	if (!watchdog->waits) {
		ask_again_soon(watchdog);
	}
}

void watchdog_stop(struct watchdog *watchdog) {
	uv_timer_stop(&watchdog->timer);
}

void watchdog_close(struct watchdog *watchdog) {
	uv_close((uv_handle_t *)&watchdog->timer, NULL);
}
