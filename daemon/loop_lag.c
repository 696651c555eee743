#include "daemon/loop_lag.h"

#include "daemon/metrics.h"

static void turn_ended(uv_prepare_t *prepare) {
	struct loop_lag *lag = container_of(prepare, struct loop_lag, before_block);
	uint64_t now_ns = uv_hrtime();
	uint64_t idle_ns = uv_metrics_idle_time(prepare->loop);
	int64_t busy_ns = (int64_t)(now_ns - lag->blocked_ns) - (int64_t)(idle_ns - lag->idle_ns);

	if (lag->blocked_ns != 0) { /* else the start, which is no turn */
		metrics_observe(METRIC_LOOP_LAG, busy_ns / 1000);
	}
	lag->blocked_ns = now_ns;
	lag->idle_ns = idle_ns;
}

int loop_lag_open(uv_loop_t *loop, struct loop_lag *lag) {
	int r = uv_loop_configure(loop, UV_METRICS_IDLE_TIME);

	(void)uv_prepare_init(loop, &lag->before_block);
	(void)uv_prepare_start(&lag->before_block, turn_ended);
	lag->blocked_ns = 0;
	return r;
}

void loop_lag_close(struct loop_lag *lag) {
	uv_close((uv_handle_t *)&lag->before_block, NULL);
}
