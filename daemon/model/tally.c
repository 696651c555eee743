#include "daemon/model/tally.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/text.h"

int64_t tally_round_up(int64_t value_ms) {
	static const int64_t units[] = { CLOCK_DAY_MS, CLOCK_HOUR_MS, CLOCK_MINUTE_MS,
		CLOCK_SECOND_MS };
	int64_t step = 1;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (value_ms >= units[i]) {
			step = units[i] / 10;
			break;
		}
	}
	while (value_ms / step >= 100) {
		step *= 10;
	}
	return (value_ms + step - 1) / step * step;
}

/* [0, 0], without json_pack(): it is made for most of what an event adds. NULL: memory. */
static json_t *pair_make(void) {
	json_t *pair = json_array();

	if (json_array_append_new(pair, json_integer(0)) < 0 ||
		json_array_append_new(pair, json_integer(0)) < 0) {
		json_decref(pair);
		return NULL;
	}
	return pair;
}

/* The [n, total] of a label, made when it is not there. Borrowed; NULL: memory. */
static json_t *pair_of(json_t *tally, const char *metric, const char *label) {
	json_t *labels = json_object_get(tally, metric);
	json_t *pair;

	if (labels == NULL) {
		labels = json_object();
		if (json_object_set_new_nocheck(tally, metric, labels) < 0) {
			return NULL;
		}
	}
	pair = json_object_get(labels, label);
	if (pair == NULL) {
		pair = pair_make();
		if (json_object_set_new_nocheck(labels, label, pair) < 0) {
			return NULL;
		}
	}
	return pair;
}

static void add_to(json_t *pair, size_t i, int64_t value) {
	json_t *number = json_array_get(pair, i);

	(void)json_integer_set(number, json_integer_value(number) + value);
}

int tally_add(json_t *tally, const char *metric, const char *label, int64_t n, int64_t total) {
	json_t *pair = pair_of(tally, metric, label);

	if (pair == NULL) {
		return -ENOMEM;
	}
	add_to(pair, 0, n);
	if (strcmp(metric, TALLY_NEWEST) == 0) {
		total = MAX(total - json_integer_value(json_array_get(pair, 1)), 0);
	}
	add_to(pair, 1, total);
	return 0;
}

int tally_add_duration(json_t *tally, const char *metric, const char *prefix, int64_t value_ms) {
	struct buffer label;
	int r;

	assert(value_ms >= 0);
	buffer_init(&label, 4096);
	r = buffer_appendf(&label, "%s%s%" PRId64, prefix != NULL ? prefix : "",
		prefix != NULL ? "\n" : "", tally_round_up(value_ms));
	if (r == 0) {
		r = tally_add(tally, metric, label.data, 1, value_ms);
	}
	buffer_finish(&label);
	return r < 0 ? -ENOMEM : 0;
}

int tally_merge(json_t *tally, const json_t *more) {
	const char *metric, *label;
	json_t *labels, *pair;

	json_object_foreach((json_t *)more, metric, labels) {
		json_object_foreach(labels, label, pair) {
			const json_t *n = json_array_get(pair, 0), *total = json_array_get(pair, 1);

			if (!json_is_integer(n) || !json_is_integer(total)) {
				return -EBADMSG;
			}
			if (tally_add(tally, metric, label, json_integer_value(n),
				    json_integer_value(total)) < 0) {
				return -ENOMEM;
			}
		}
	}
	return json_is_object(more) ? 0 : -EBADMSG;
}

static int64_t part_of(const json_t *tally, const char *metric, const char *label, size_t i) {
	const json_t *pair = json_object_get(json_object_get(tally, metric), label);

	return json_integer_value(json_array_get(pair, i));
}

int64_t tally_n(const json_t *tally, const char *metric, const char *label) {
	return part_of(tally, metric, label, 0);
}

int64_t tally_total(const json_t *tally, const char *metric, const char *label) {
	return part_of(tally, metric, label, 1);
}

int64_t tally_sum(const json_t *tally, const char *metric) {
	const char *label;
	json_t *pair;
	int64_t sum = 0;

	json_object_foreach(json_object_get(tally, metric), label, pair) {
		sum += json_integer_value(json_array_get(pair, 0));
	}
	return sum;
}

/* Percentiles */

struct bucket {
	int64_t value_ms;
	int64_t n;
};

static int compare_buckets(const void *a, const void *b) {
	const struct bucket *left = a, *right = b;

	return (left->value_ms > right->value_ms) - (left->value_ms < right->value_ms);
}

/* The bucket a label with that prefix names. */
static bool read_bucket(const char *label, const char *prefix, int64_t *ret_ms) {
	size_t len = prefix != NULL ? strlen(prefix) : 0;

	if (prefix != NULL) {
		if (strncmp(label, prefix, len) != 0 || label[len] != '\n') {
			return false;
		}
		label += len + 1;
	}
	return text_to_int(label, ret_ms) == 0;
}

bool tally_percentile(
	const json_t *tally, const char *metric, const char *prefix, int percent, int64_t *ret_ms) {
	json_t *labels = json_object_get(tally, metric), *pair;
	_cleanup_(freep) struct bucket *buckets =
		calloc(json_object_size(labels) + 1, sizeof(*buckets));
	const char *label;
	size_t n = 0;
	int64_t all = 0, seen = 0;

	if (buckets == NULL) {
		return false;
	}
	json_object_foreach(labels, label, pair) {
		if (read_bucket(label, prefix, &buckets[n].value_ms)) {
			buckets[n].n = json_integer_value(json_array_get(pair, 0));
			all += buckets[n++].n;
		}
	}
	qsort(buckets, n, sizeof(*buckets), compare_buckets);
	for (size_t i = 0; i < n; i++) {
		seen += buckets[i].n;
		if (seen * 100 >= all * percent && seen > 0) {
			*ret_ms = buckets[i].value_ms;
			return true;
		}
	}
	return false;
}
