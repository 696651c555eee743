/* metrics: what the daemon counts of itself, in the text format of Prometheus. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"
#include "common/prometheus.h"

static const char *const type_names[] = {
	[PROMETHEUS_COUNTER] = "counter",
	[PROMETHEUS_GAUGE] = "gauge",
	[PROMETHEUS_HISTOGRAM] = "histogram",
};

static bool is_name(const char *name) {
	size_t n = 0;

	while (isalnum((unsigned char)name[n]) || name[n] == '_') {
		n++;
	}
	return n > 0 && name[n] == '\0' && !isdigit((unsigned char)name[0]);
}

/* Returns: 0; -EPROTO. Borrowed from `sample`. */
static int read_labels(const json_t *sample, struct prometheus_label *labels, size_t *ret_n) {
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach(json_object_get(sample, "labels"), name, value) {
		if (n == CLIENT_METRIC_LABELS_MAX || !is_name(name) || !json_is_string(value)) {
			return -EPROTO;
		}
		labels[n++] = (struct prometheus_label){ name, json_string_value(value) };
	}
	*ret_n = n;
	return 0;
}

/* The last bucket alone has no bound. */
static int write_histogram(struct prometheus *out, const struct prometheus_label *labels,
	size_t n_labels, const json_t *sample) {
	const json_t *buckets = json_object_get(sample, "buckets"),
		     *sum = json_object_get(sample, "sum");
	size_t n = json_array_size(buckets);
	double bounds[CLIENT_METRIC_BUCKETS_MAX];
	int64_t counts[CLIENT_METRIC_BUCKETS_MAX];

	if (n == 0 || n > CLIENT_METRIC_BUCKETS_MAX || !json_is_number(sum)) {
		return -EPROTO;
	}
	for (size_t i = 0; i < n; i++) {
		const json_t *bucket = json_array_get(buckets, i),
			     *bound = json_object_get(bucket, "upTo");

		if (json_is_number(bound) != (i + 1 < n)) {
			return -EPROTO;
		}
		bounds[i] = json_number_value(bound);
		counts[i] = json_number(bucket, "count");
	}
	prometheus_histogram(out, labels, n_labels, bounds, counts, n - 1, json_number_value(sum));
	return 0;
}

static int write_sample(struct prometheus *out, enum prometheus_type type, const json_t *sample) {
	struct prometheus_label labels[CLIENT_METRIC_LABELS_MAX];
	const json_t *value = json_object_get(sample, "value");
	size_t n_labels;
	int r = read_labels(sample, labels, &n_labels);

	if (r < 0) {
		return r;
	}
	if (type == PROMETHEUS_HISTOGRAM) {
		return write_histogram(out, labels, n_labels, sample);
	}
	if (!json_is_number(value)) {
		return -EPROTO;
	}
	if (json_is_integer(value)) {
		prometheus_count(out, labels, n_labels, json_integer_value(value));
	} else {
		prometheus_sample(out, labels, n_labels, json_real_value(value));
	}
	return 0;
}

/* Returns: 0; -EPROTO, it is no family. */
static int write_family(struct prometheus *out, const json_t *family) {
	const json_t *samples = json_object_get(family, "samples");
	const char *name = json_text(family, "name"), *word = json_text(family, "type");
	size_t type = 0;
	int r = 0;

	while (type < ARRAY_SIZE(type_names) && strcmp(type_names[type], word) != 0) {
		type++;
	}
	if (type == ARRAY_SIZE(type_names) || !is_name(name)) {
		return -EPROTO;
	}
	prometheus_family(out, (enum prometheus_type)type, name, json_text(family, "help"));
	for (size_t i = 0; i < json_array_size(samples) && r == 0; i++) {
		r = write_sample(out, (enum prometheus_type)type, json_array_get(samples, i));
	}
	return r;
}

/* All or nothing: half of it would be taken for the whole. */
static int write_families(const json_t *families) {
	_cleanup_(prometheus_finish) struct prometheus out;
	int r = json_is_array(families) ? 0 : -EPROTO;

	prometheus_init(&out, CLIENT_METRICS_MAX_BYTES);
	for (size_t i = 0; i < json_array_size(families) && r == 0; i++) {
		r = write_family(&out, json_array_get(families, i));
	}
	if (r == 0) {
		r = prometheus_status(&out);
	}
	if (r == -EPROTO) {
		return failure_report(FAILURE_PROTOCOL, NULL,
			"the daemon's answer has no metrics that are understood");
	}
	return r == 0 ? request_print_text(out.text.data)
		      : failure_report(FAILURE_FAILED, NULL, "the metrics do not fit into memory");
}

int cmd_metrics(const struct invocation *inv) {
	json_t *answer = NULL;
	int r = request_once(inv, "Metrics", json_object(), &answer);

	if (r == 0) {
		r = inv->json ? request_print_json(answer)
			      : write_families(json_object_get(answer, "families"));
	}
	json_decref(answer);
	return r;
}
