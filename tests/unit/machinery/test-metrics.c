#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/limits.h"
#include "daemon/metrics.h"

static json_t *families;

static int take(void **state) {
	json_decref(families);
	families = metrics_to_json();
	assert_non_null(families);
	return 0;
}

static int drop(void **state) {
	json_decref(families);
	families = NULL;
	return 0;
}

static json_t *sample_of(enum metric metric, size_t i) {
	return json_array_get(json_object_get(json_array_get(families, metric), "samples"), i);
}

static double value_of(enum metric metric, size_t i) {
	return json_number_value(json_object_get(sample_of(metric, i), "value"));
}

static const char *text_of(const json_t *object, const char *key) {
	return json_string_value(json_object_get(object, key));
}

/* The observations in bucket `i`. */
static json_int_t bucket_of(enum metric metric, size_t i) {
	json_t *bucket = json_array_get(json_object_get(sample_of(metric, 0), "buckets"), i);

	return json_integer_value(json_object_get(bucket, "count"));
}

static void starts_with_every_series(void **state) {
	assert_int_equal(json_array_size(families), METRIC_COUNT);
	for (size_t i = 0; i < METRIC_REFUSAL_COUNT; i++) {
		assert_non_null(sample_of(METRIC_REFUSALS, i));
		assert_true(value_of(METRIC_REFUSALS, i) == 0);
	}
	assert_null(sample_of(METRIC_REFUSALS, METRIC_REFUSAL_COUNT));
	assert_null(sample_of(METRIC_FORGE_UP, 0));
	assert_null(sample_of(METRIC_FORGE_OPEN, 0));
}

static bool is_total(const json_t *family) {
	const char *name = text_of(family, "name");
	size_t len = strlen(name);

	return len > 6 && strcmp(name + len - 6, "_total") == 0;
}

static void names_are_sound(void **state) {
	json_t *family, *other;
	size_t i, j;

	json_array_foreach(families, i, family) {
		assert_int_equal(strncmp(text_of(family, "name"), "codegend_", 9), 0);
		assert_true(strlen(text_of(family, "help")) > 10);
		assert_int_equal(is_total(family), strcmp(text_of(family, "type"), "counter") == 0);
		json_array_foreach(families, j, other) {
			assert_int_equal(i == j,
				strcmp(text_of(family, "name"), text_of(other, "name")) == 0);
		}
	}
}

static void counts_by_label(void **state) {
	metrics_count(METRIC_HTTP_REQUESTS, METRIC_HTTP_TIMEOUT);
	metrics_count(METRIC_HTTP_REQUESTS, METRIC_HTTP_TIMEOUT);
	metrics_set(METRIC_CONNECTIONS, 1, 7);
	metrics_set(METRIC_CONNECTIONS, 1, 3);
	metrics_set(METRIC_START_TIME, 0, 1500);
	(void)take(state);
	assert_true(value_of(METRIC_HTTP_REQUESTS, METRIC_HTTP_TIMEOUT) == 2);
	assert_true(value_of(METRIC_HTTP_REQUESTS, METRIC_HTTP_SUCCESS) == 0);
	assert_string_equal(
		text_of(json_object_get(sample_of(METRIC_HTTP_REQUESTS, METRIC_HTTP_TIMEOUT), "labels"),
			"outcome"),
		"timeout");
	assert_true(value_of(METRIC_CONNECTIONS, 1) == 3);
	assert_string_equal(
		text_of(json_object_get(sample_of(METRIC_CONNECTIONS, 1), "labels"), "socket"),
		"control");
	assert_float_equal(value_of(METRIC_START_TIME, 0), 1.5, 1e-9);
}

/* A bound belongs to its bucket; a clock that was set makes no time negative. */
static void observes_into_buckets(void **state) {
	static const int64_t observed[] = { -5, 1, 2, 3, LIMIT_STORE_BATCH, LIMIT_STORE_BATCH + 1 };
	static const json_int_t expected[] = { 2, 1, 1, 0, 0, 0, 0, 0, 1, 1 };

	for (size_t i = 0; i < ARRAY_SIZE(observed); i++) {
		metrics_observe(METRIC_STORE_BATCH, observed[i]);
	}
	(void)take(state);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_int_equal(bucket_of(METRIC_STORE_BATCH, i), expected[i]);
	}
	assert_float_equal(
		json_number_value(json_object_get(sample_of(METRIC_STORE_BATCH, 0), "sum")),
		6 + 2 * LIMIT_STORE_BATCH + 1, 1e-9);
}

static void shows_base_units(void **state) {
	json_t *sample, *buckets;

	metrics_observe(METRIC_TASK_LATENESS, 250);
	(void)take(state);
	sample = sample_of(METRIC_TASK_LATENESS, 0);
	buckets = json_object_get(sample, "buckets");
	assert_float_equal(json_number_value(json_object_get(sample, "sum")), 0.25, 1e-9);
	assert_float_equal(
		json_number_value(json_object_get(json_array_get(buckets, 0), "upTo")), 0.01, 1e-9);
	assert_true(json_is_null(
		json_object_get(json_array_get(buckets, json_array_size(buckets) - 1), "upTo")));
}

static void takes_samples_by_name(void **state) {
	assert_int_equal(metrics_sample(families, METRIC_FORGE_UP,
				 json_pack("{s:s}", "forge", "hub"), json_integer(1)),
		0);
	assert_true(value_of(METRIC_FORGE_UP, 0) == 1);
	assert_string_equal(
		text_of(json_object_get(sample_of(METRIC_FORGE_UP, 0), "labels"), "forge"), "hub");
	assert_int_equal(metrics_sample(families, METRIC_FORGE_UP, NULL, json_integer(1)), -ENOMEM);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(starts_with_every_series, take, drop),
		cmocka_unit_test_setup_teardown(names_are_sound, take, drop),
		cmocka_unit_test_setup_teardown(counts_by_label, take, drop),
		cmocka_unit_test_setup_teardown(observes_into_buckets, take, drop),
		cmocka_unit_test_setup_teardown(shows_base_units, take, drop),
		cmocka_unit_test_setup_teardown(takes_samples_by_name, take, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
