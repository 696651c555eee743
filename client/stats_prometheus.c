/* The figures in the Prometheus text format: gauges of the window that was asked for. */
#include <string.h>

#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"
#include "client/stats_request.h"
#include "common/prometheus.h"

#define TEXT_MAX_BYTES (4 * 1024 * 1024)

static const json_t *at(const json_t *object, const char *outer, const char *inner) {
	return outer == NULL ? json_object_get(object, inner)
			     : json_object_get(json_object_get(object, outer), inner);
}

/* What is not known is left out: a gap is what monitoring has for it. */
static void put(struct prometheus *out, const struct prometheus_label *labels, size_t n_labels,
	const json_t *value, double unit) {
	if (json_is_number(value)) {
		prometheus_sample(out, labels, n_labels, json_number_value(value) / unit);
	}
}

/* One gauge each. */
static const struct single {
	const char *name, *help, *outer, *inner;
	double unit; /* of the wire in the metric's */
} singles[] = {
	{ "codegend_stats_failure_ratio", "Share of builds that failed.", "builds", "failureRate", 1 },
	{ "codegend_stats_success_ratio", "Share of ended incidents that were proven green.",
		"followUp", "successRate", 1 },
	{ "codegend_stats_first_check_ratio",
		"Share of ended incidents that were proven green at the first check.", "followUp",
		"firstCheckRate", 1 },
	{ "codegend_stats_behind_events", "Events of the log that are not counted yet.", NULL,
		"behind", 1 },
	{ "codegend_stats_published_posts", "Posts about incidents on forges.", NULL, "published", 1 },
};

static void put_singles(struct prometheus *out, const json_t *stats) {
	for (size_t i = 0; i < ARRAY_SIZE(singles); i++) {
		const struct single *single = &singles[i];

		prometheus_family(out, PROMETHEUS_GAUGE, single->name, single->help);
		put(out, NULL, 0, at(stats, single->outer, single->inner), single->unit);
	}
	prometheus_family(out, PROMETHEUS_GAUGE, "codegend_stats_coverage_ratio",
		"Mean share of lines that tests cover.");
	put(out, NULL, 0, at(json_object_get(stats, "quality"), "coverage", "lines"), 100);
	prometheus_family(out, PROMETHEUS_GAUGE, "codegend_stats_tests_duration_seconds",
		"Mean time of the tests of a build.");
	put(out, NULL, 0, at(json_object_get(stats, "quality"), "tests", "durationMs"), 1000);
}

/* A sample for each member that is a number. */
static void put_members(struct prometheus *out, const char *name, const char *help,
	const char *label, const json_t *object, const char *left_out) {
	const char *member;
	json_t *value;

	prometheus_family(out, PROMETHEUS_GAUGE, name, help);
	json_object_foreach((json_t *)object, member, value) {
		const struct prometheus_label labels[] = { { label, member } };

		if (left_out == NULL || strcmp(member, left_out) != 0) {
			put(out, labels, 1, value, 1);
		}
	}
}

static void put_counts(struct prometheus *out, const json_t *stats) {
	const json_t *builds = json_object_get(stats, "builds");
	const json_t *incidents = json_object_get(stats, "incidents");
	const json_t *quality = json_object_get(stats, "quality");
	static const char *const outcomes[] = { "passed", "failed" };

	prometheus_family(out, PROMETHEUS_GAUGE, "codegend_stats_builds", "Builds by outcome.");
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		const struct prometheus_label labels[] = { { "outcome", outcomes[i] } };

		put(out, labels, 1, json_object_get(builds, outcomes[i]), 1);
	}
	put_members(out, "codegend_stats_incidents", "Incidents by what became of them.", "event",
		incidents, NULL);
	put_members(out, "codegend_stats_opened_by_type",
		"Incidents that were opened, by error type.", "type",
		json_object_get(incidents, "byType"), NULL);
	put_members(out, "codegend_stats_opened_by_cause", "Incidents that were opened, by cause.",
		"cause", json_object_get(incidents, "byCause"), NULL);
	put_members(out, "codegend_stats_resolved_by_cycle",
		"Incidents that were proven green, by cycle.", "cycle",
		at(stats, "followUp", "byCycle"), NULL);
	put_members(out, "codegend_stats_lint", "Mean lint results of a build, by severity.",
		"severity", json_object_get(quality, "lint"), "builds");
	put_members(out, "codegend_stats_findings",
		"Mean findings of scanners in a build, by severity.", "severity",
		json_object_get(quality, "security"), "builds");
	put_members(out, "codegend_stats_not_counted",
		"What was left out of the figures, by reason; outOfOrder out of runs only.",
		"reason", json_object_get(stats, "ignored"), NULL);
}

static void put_percentiles(
	struct prometheus *out, const struct prometheus_label *more, const json_t *durations) {
	static const struct {
		const char *percentile, *member; /* "quantile" is for summaries */
	} rows[] = { { "50", "p50Ms" }, { "90", "p90Ms" }, { "99", "p99Ms" } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct prometheus_label labels[] = { { "percentile", rows[i].percentile },
			*more };

		put(out, labels, 2, json_object_get(durations, rows[i].member), 1000);
	}
}

static void put_durations(struct prometheus *out, const json_t *stats) {
	static const struct {
		const char *name, *help, *member;
	} rows[] = {
		{ "codegend_stats_agent_first_sign_seconds",
			"From a trigger to the first new commit, by agent.", "firstSign" },
		{ "codegend_stats_agent_green_seconds", "From a trigger to proven green, by agent.",
			"green" },
	};
	const struct prometheus_label none = { NULL, NULL };
	json_t *agent;
	size_t n;

	prometheus_family(out, PROMETHEUS_GAUGE, "codegend_stats_resolution_seconds",
		"From the first report, or the one that reopened an incident, to proven green.");
	put_percentiles(out, &none, json_object_get(stats, "resolution"));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		prometheus_family(out, PROMETHEUS_GAUGE, rows[i].name, rows[i].help);
		json_array_foreach(json_object_get(stats, "agents"), n, agent) {
			const struct prometheus_label name = { "agent", json_text(agent, "name") };

			put_percentiles(out, &name, json_object_get(agent, rows[i].member));
		}
	}
}

static void put_agents(struct prometheus *out, const json_t *stats) {
	static const char *const events[] = { "triggered", "resolved", "merged", "escalated",
		"abandoned", "regressed" };
	json_t *agent;
	size_t n;

	prometheus_family(out, PROMETHEUS_GAUGE, "codegend_stats_agent_incidents",
		"What became of what an agent was triggered for.");
	json_array_foreach(json_object_get(stats, "agents"), n, agent) {
		for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
			const struct prometheus_label labels[] = {
				{ "agent", json_text(agent, "name") }, { "event", events[i] }
			};

			put(out, labels, 2, json_object_get(agent, events[i]), 1);
		}
	}
}

int stats_print_prometheus(const json_t *stats) {
	struct prometheus out;
	int status;

	prometheus_init(&out, TEXT_MAX_BYTES);
	put_counts(&out, stats);
	put_singles(&out, stats);
	put_durations(&out, stats);
	put_agents(&out, stats);
	status = prometheus_status(&out);
	status = status == 0
		? request_print_text(out.text.data)
		: failure_report(FAILURE_FAILED, NULL, "the figures do not fit into memory");
	prometheus_finish(&out);
	return status;
}
