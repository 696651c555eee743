/*
 * digest: yesterday, or so many days before today, in a few lines of Markdown, for a chat or a mail.
 */
#include "client/cmd.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"
#include "client/stats_request.h"
#include "common/markdown.h"
#include "common/text.h"

#define DIGEST_MAX_BYTES (64 * 1024)
#define DIGEST_FLAKY 5
#define DIGEST_INCIDENTS 20

/* The first failure stays. */
struct digest {
	struct buffer text;
	int status;
};

static void put(struct digest *out, const char *text) {
	out->status = out->status < 0 ? out->status : buffer_append_str(&out->text, text);
}

/* What others named. */
static void put_code(struct digest *out, const char *text) {
	out->status = out->status < 0 ? out->status : markdown_code(&out->text, text);
}

static void put_inline(struct digest *out, const char *text) {
	out->status = out->status < 0 ? out->status : markdown_inline(&out->text, text);
}

static void put_number(struct digest *out, const json_t *value, const char *what) {
	char number[STATS_TEXT_MAX];

	put(out, stats_number(value, number));
	put(out, what);
}

static void put_builds(struct digest *out, const json_t *stats) {
	const json_t *builds = json_object_get(stats, "builds");
	char share[STATS_TEXT_MAX];

	put(out, "- Builds: ");
	put_number(out, json_object_get(builds, "total"), ", ");
	put_number(out, json_object_get(builds, "failed"), " failed (");
	put(out, stats_share(json_object_get(builds, "failureRate"), share));
	put(out, ")\n");
}

static void put_incidents(struct digest *out, const json_t *stats) {
	static const struct {
		const char *member, *said;
	} ends[] = { { "opened", " opened" }, { "reopened", " reopened" },
		{ "resolved", " proven green" }, { "merged", " merged without proof" },
		{ "abandoned", " closed or abandoned" }, { "escalated", " escalated" } };
	const json_t *incidents = json_object_get(stats, "incidents");
	const json_t *took = json_object_get(json_object_get(stats, "resolution"), "p50Ms");
	const json_t *first = json_object_get(json_object_get(stats, "followUp"), "firstCheckRate");
	char text[STATS_TEXT_MAX];

	put(out, "- Incidents: ");
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		put(out, i > 0 ? ", " : "");
		put_number(out, json_object_get(incidents, ends[i].member), ends[i].said);
	}
	put(out, "\n");
	if (json_is_number(took)) {
		put(out, "- Half were green within ");
		put(out, stats_duration(took, text));
		put(out, ", ");
		put(out, stats_share(first, text));
		put(out, " at the first check\n");
	}
}

static void put_agents(struct digest *out, const json_t *stats) {
	json_t *agent;
	size_t i;

	json_array_foreach(json_object_get(stats, "agents"), i, agent) {
		char share[STATS_TEXT_MAX];

		put(out, "- Agent ");
		put_code(out, json_text(agent, "name"));
		put(out, ": ");
		put_number(out, json_object_get(agent, "triggered"), " triggered, success ");
		put(out, stats_share(json_object_get(agent, "successRate"), share));
		put(out, "\n");
	}
}

static void put_flaky(struct digest *out, const json_t *stats) {
	const json_t *flaky = json_object_get(stats, "flaky");
	size_t n = MIN(json_array_size(flaky), (size_t)DIGEST_FLAKY);
	int64_t n_more = json_number(stats, "flakyTotal") - (int64_t)n;

	for (size_t i = 0; i < n; i++) {
		const json_t *row = json_array_get(flaky, i);

		put(out, i == 0 ? "- Flaky:\n  - " : "  - ");
		put_code(out, json_text(row, "name"));
		put(out, " in ");
		put_code(out, json_text(row, "project"));
		put(out, " on ");
		put_code(out, json_text(row, "branch"));
		put(out, ", times: ");
		put_number(out, json_object_get(row, "times"), "\n");
	}
	if (n_more > 0) {
		char text[64];

		text_format(text, sizeof(text), "  - and %lld more\n", (long long)n_more);
		put(out, text);
	}
}

/* What was told of these days. */
static void put_quality(struct digest *out, const json_t *stats) {
	static const char *const tests[] = { "total", "failed", "skipped", NULL };
	static const char *const lint[] = { "errors", "warnings", NULL };
	static const struct {
		const char *part, *said;
		const char *const *members;
	} parts[] = { { "lint", "- Lint, mean of a build: ", lint },
		{ "tests", "- Tests, mean of a build: ", tests },
		{ "security", "- Findings, mean of a build: ", stats_severities } };
	const json_t *quality = json_object_get(stats, "quality");
	const json_t *lines = json_object_get(json_object_get(quality, "coverage"), "lines");
	char text[STATS_MEANS_MAX], percent[STATS_TEXT_MAX];

	if (json_is_number(lines)) {
		put(out, "- Coverage: ");
		put(out, stats_percent(lines, percent));
		put(out, "\n");
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const json_t *part = json_object_get(quality, parts[i].part);

		if (json_number(part, "builds") > 0) {
			put(out, parts[i].said);
			put(out, stats_means(part, parts[i].members, text));
			put(out, "\n");
		}
	}
}

/* Whatever day they are of: nobody but a person ends these. */
static void put_escalated(struct digest *out, const json_t *found) {
	const json_t *incidents = json_object_get(found, "incidents");
	int64_t n_more = json_number(found, "total") - (int64_t)json_array_size(incidents);
	json_t *incident;
	size_t i;

	json_array_foreach((json_t *)incidents, i, incident) {
		put(out, i == 0 ? "\nNeeds a person:\n\n- " : "- ");
		put_code(out, json_text(incident, "project"));
		put(out, " ");
		put_code(out, json_text(incident, "branch"));
		put(out, ": ");
		put_inline(out, json_text(incident, "reason"));
		put(out, "\n");
	}
	if (n_more > 0) {
		char text[128];

		text_format(text, sizeof(text),
			"- and %lld more: `codegenctl incidents --state escalated --limit 0`\n",
			(long long)n_more);
		put(out, text);
	}
}

static int print_digest(const json_t *stats, const json_t *escalated) {
	char days[STATS_TEXT_MAX];
	struct digest out = { .status = 0 };

	buffer_init(&out.text, DIGEST_MAX_BYTES);
	put(&out, "**codegend, ");
	put(&out, stats_days(stats, days));
	put(&out, " (UTC)**\n\n");
	if (stats_empty(stats) != NULL) {
		put(&out, "- ");
		put(&out, stats_empty(stats));
		put(&out, "\n");
	}
	put_builds(&out, stats);
	put_incidents(&out, stats);
	put_agents(&out, stats);
	put_quality(&out, stats);
	put_flaky(&out, stats);
	if (json_number(stats, "behind") > 0) {
		put(&out, "- ");
		put_number(&out, json_object_get(stats, "behind"), STATS_BEHIND "\n");
	}
	put_escalated(&out, escalated);
	out.status = out.status == 0
		? request_print_text(out.text.data)
		: failure_report(FAILURE_FAILED, NULL, "the digest is too long");
	buffer_finish(&out.text);
	return out.status;
}

int cmd_digest(const struct invocation *inv) {
	json_t *stats = NULL, *found = NULL;
	int r = stats_request(inv, &stats);

	if (r != 0) {
		return r;
	}
	r = request_list(inv, "ListIncidents", "incidents",
		json_pack("{s:s, s:s?}", "state", "escalated", "project",
			option_text(&inv->options, "project")),
		DIGEST_INCIDENTS, &found);
	if (r == 0 && inv->json) {
		(void)json_object_set(stats, "needsPerson", json_object_get(found, "incidents"));
		(void)json_object_set(stats, "needsPersonTotal", json_object_get(found, "total"));
		r = request_print_json(stats);
	} else if (r == 0) {
		r = print_digest(stats, found);
	}
	json_decref(found);
	json_decref(stats);
	return r;
}
