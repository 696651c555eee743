#include "common/prometheus.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A double with 17 digits, its sign and its exponent. */
#define NUMBER_MAX 32

void prometheus_init(struct prometheus *out, size_t max_bytes) {
	memset(out, 0, sizeof(*out));
	buffer_init(&out->text, max_bytes);
}

void prometheus_finish(struct prometheus *out) {
	buffer_finish(&out->text);
}

int prometheus_status(const struct prometheus *out) {
	return out->status;
}

static void put(struct prometheus *out, const char *text) {
	if (out->status == 0) {
		out->status = buffer_append_str(&out->text, text);
	}
}

/* What the format escapes: a quotation mark in label values alone. */
static void put_escaped(struct prometheus *out, const char *text, bool is_label) {
	const char *special = is_label ? "\\\n\"" : "\\\n";

	while (out->status == 0 && *text != '\0') {
		size_t plain = strcspn(text, special);

		out->status = buffer_append(&out->text, text, plain);
		text += plain;
		if (*text != '\0') {
			put(out, *text == '\n' ? "\\n" : *text == '"' ? "\\\"" : "\\\\");
			text++;
		}
	}
}

/* The shortest form that reads back as the same number. Nothing sets LC_NUMERIC, so the point is one. */
static void put_number(struct prometheus *out, double value) {
	char text[NUMBER_MAX];

	if (isnan(value) || isinf(value)) {
		put(out, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
		return;
	}
	for (int digits = 6; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value) {
			break;
		}
	}
	put(out, text);
}

static void put_count(struct prometheus *out, int64_t value) {
	char text[NUMBER_MAX];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	put(out, text);
}

static void put_label(
	struct prometheus *out, const char *before, const char *name, const char *value) {
	put(out, before);
	put(out, name);
	put(out, "=\"");
	put_escaped(out, value, true);
	put(out, "\"");
}

/* "name_suffix{label="value",le="…"} ". `bound` NULL: none. */
static void put_series(struct prometheus *out, const char *suffix,
	const struct prometheus_label *labels, size_t n_labels, const char *bound) {
	const char *before = "{";

	assert(out->family != NULL);
	put(out, out->family);
	put(out, suffix);
	for (size_t i = 0; i < n_labels && labels[i].name != NULL; i++) {
		put_label(out, before, labels[i].name, labels[i].value);
		before = ",";
	}
	if (bound != NULL) {
		put_label(out, before, "le", bound);
		before = ",";
	}
	put(out, before[0] == ',' ? "} " : " ");
}

void prometheus_family(
	struct prometheus *out, enum prometheus_type type, const char *name, const char *help) {
	static const char *const types[] = {
		[PROMETHEUS_COUNTER] = "counter",
		[PROMETHEUS_GAUGE] = "gauge",
		[PROMETHEUS_HISTOGRAM] = "histogram",
	};

	out->family = name;
	out->type = type;
	put(out, "# HELP ");
	put(out, name);
	put(out, " ");
	put_escaped(out, help, false);
	put(out, "\n# TYPE ");
	put(out, name);
	put(out, " ");
	put(out, types[type]);
	put(out, "\n");
}

void prometheus_sample(struct prometheus *out, const struct prometheus_label *labels,
	size_t n_labels, double value) {
	assert(out->type != PROMETHEUS_HISTOGRAM);
	put_series(out, "", labels, n_labels, NULL);
	put_number(out, value);
	put(out, "\n");
}

void prometheus_count(struct prometheus *out, const struct prometheus_label *labels,
	size_t n_labels, int64_t value) {
	assert(out->type != PROMETHEUS_HISTOGRAM);
	put_series(out, "", labels, n_labels, NULL);
	put_count(out, value);
	put(out, "\n");
}

static void put_bucket(struct prometheus *out, const struct prometheus_label *labels,
	size_t n_labels, double bound, int64_t count) {
	struct prometheus number;

	prometheus_init(&number, NUMBER_MAX);
	put_number(&number, bound);
	if (number.status < 0 && out->status == 0) {
		out->status = number.status;
	}
	put_series(out, "_bucket", labels, n_labels, number.text.data);
	put_count(out, count);
	put(out, "\n");
	prometheus_finish(&number);
}

void prometheus_histogram(struct prometheus *out, const struct prometheus_label *labels,
	size_t n_labels, const double *bounds, const int64_t *counts, size_t n_bounds, double sum) {
	int64_t so_far = 0;

	assert(out->type == PROMETHEUS_HISTOGRAM);
	for (size_t i = 0; i <= n_bounds; i++) {
		so_far += counts[i];
		put_bucket(out, labels, n_labels, i < n_bounds ? bounds[i] : INFINITY, so_far);
	}
	put_series(out, "_sum", labels, n_labels, NULL);
	put_number(out, sum);
	put(out, "\n");
	put_series(out, "_count", labels, n_labels, NULL);
	put_count(out, so_far);
	put(out, "\n");
}
