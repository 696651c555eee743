/*
 * loop_lag - how long each turn of the loop was busy, for METRIC_LOOP_LAG: whatever came meanwhile had to wait.
 *
 * Loop thread only. It wakes nobody up: the loop says itself how long it slept (UV_METRICS_IDLE_TIME).
 */
#pragma once

#include <stdint.h>
#include <uv.h>

#include "common/macro.h"

struct loop_lag {
	uv_prepare_t before_block;
	uint64_t blocked_ns; /* when the last turn ended, of uv_hrtime(); 0: none did */
	uint64_t idle_ns;    /* what the loop had slept by then */
};

/*
 * Before any other prepare handle of the loop: libuv runs the newest first, and what theirs do belongs to the turn.
 * Returns: 0; -errno.
 */
must_check int loop_lag_open(uv_loop_t *loop, struct loop_lag *lag);
/* `lag` is the loop's until it has let go of the handle. */
void loop_lag_close(struct loop_lag *lag);
