/*
 * prometheus - figures in the text format that a Prometheus server reads.
 *
 * Families come one after the other: prometheus_family(), then its samples. Names are the caller's and fit the format
 * (a bug otherwise); label values may be any text. The first failure is kept and everything after it is left out, so
 * only prometheus_status() needs to be asked. One thread at a time.
 *
 * The format: https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4. Units are base units
 * (seconds, bytes, ratios) and stand in the name; a counter's name ends in _total.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/macro.h"

enum prometheus_type { PROMETHEUS_COUNTER, PROMETHEUS_GAUGE, PROMETHEUS_HISTOGRAM };

/* All borrowed for the length of a call. A NULL name ends the array early. */
struct prometheus_label {
	const char *name;
	const char *value;
};

struct prometheus {
	struct buffer text;	   /* what has been written, NUL-ended */
	const char *family;	   /* borrowed: the name of the current one */
	enum prometheus_type type; /* of it */
	int status;		   /* of the first failure */
};

void prometheus_init(struct prometheus *out, size_t max_bytes);
void prometheus_finish(struct prometheus *out);
/* Returns: 0, `text` is whole; -EMSGSIZE, it would be longer than allowed; -ENOMEM. */
must_check int prometheus_status(const struct prometheus *out);

/* `name` and `help` borrowed: `name` until the next family. */
void prometheus_family(
	struct prometheus *out, enum prometheus_type type, const char *name, const char *help);
/* A sample of a counter or gauge. Not-a-number and the infinities are written as the format has them. */
void prometheus_sample(struct prometheus *out, const struct prometheus_label *labels,
	size_t n_labels, double value);
/* The same for what is counted: exact beyond 2^53. */
void prometheus_count(struct prometheus *out, const struct prometheus_label *labels,
	size_t n_labels, int64_t value);
/*
 * A histogram. `bounds` ascend, in base units; `counts` has one more: what lies at or below its bound and above the
 * one before (not summed up), last what lies above them all.
 */
void prometheus_histogram(struct prometheus *out, const struct prometheus_label *labels,
	size_t n_labels, const double *bounds, const int64_t *counts, size_t n_bounds, double sum);
