/* What counts as a turn's work, with a clock that the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/loop_lag.h"
#include "daemon/metrics.h"

#define MS UINT64_C(1000000) /* in ns */

static uint64_t now_ns = 5000 * MS, idle_ns;

uint64_t __wrap_uv_hrtime(void);
uint64_t __wrap_uv_metrics_idle_time(uv_loop_t *loop);

uint64_t __wrap_uv_hrtime(void) {
	return now_ns;
}

uint64_t __wrap_uv_metrics_idle_time(uv_loop_t *loop) {
	return idle_ns;
}

/* A turn that slept, then worked. */
static void turn(struct loop_lag *lag, uint64_t slept_ns, uint64_t worked_ns) {
	now_ns += slept_ns + worked_ns;
	idle_ns += slept_ns;
	lag->before_block.prepare_cb(&lag->before_block);
}

static double lag_sum(size_t *ret_n) {
	json_t *families = metrics_to_json();
	json_t *sample = json_array_get(
		json_object_get(json_array_get(families, METRIC_LOOP_LAG), "samples"), 0);
	double sum = json_number_value(json_object_get(sample, "sum"));
	json_t *bucket;
	size_t i;

	*ret_n = 0;
	json_array_foreach(json_object_get(sample, "buckets"), i, bucket) {
		*ret_n += (size_t)json_integer_value(json_object_get(bucket, "count"));
	}
	json_decref(families);
	return sum;
}

static void only_work_counts(void **state) {
	struct loop_lag lag;
	uv_loop_t loop;
	size_t n;

	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(loop_lag_open(&loop, &lag), 0);
	turn(&lag, 0, 700 * MS); /* the start */
	(void)lag_sum(&n);
	assert_int_equal(n, 0);
	turn(&lag, 90000 * MS, 0);
	turn(&lag, 1000 * MS, 30 * MS);
	turn(&lag, 0, 250 * MS);
	assert_float_equal(lag_sum(&n), 0.28, 1e-9);
	assert_int_equal(n, 3);
	loop_lag_close(&lag);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_work_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
