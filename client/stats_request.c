#include "client/stats_request.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "client/failure.h"
#include "client/print.h"
#include "client/progress.h"
#include "client/request.h"
#include "common/protocol.h"
#include "common/text.h"

static int put(json_t *parameters, const char *name, json_t *value) {
	return json_object_set_new(parameters, name, value) == 0
		? 0
		: failure_report(FAILURE_FAILED, NULL, "out of memory");
}

/* A day is a time, too. */
static bool read_time(const char *text, char day[CLOCK_TEXT_MAX]) {
	int64_t ms;

	return text_format(day, CLOCK_TEXT_MAX, "%s%s", text,
		       strlen(text) == strlen("2026-11-22") ? "T00:00:00Z" : "") &&
		clock_parse(day, &ms) == 0;
}

/* A duration, where one may be, or a time, as what the daemon takes. */
static int add_window(
	const struct invocation *inv, json_t *parameters, const char *option, bool may_be_span) {
	const char *text = option_text(&inv->options, option);
	char time[CLOCK_TEXT_MAX];
	int64_t ms = 0;
	int r = may_be_span && text != NULL ? clock_parse_span(text, &ms) : -EINVAL;

	if (text == NULL) {
		return 0;
	}
	if (r == 0) {
		return put(parameters, "lastMs", json_integer(ms));
	}
	if (read_time(text, time)) {
		return put(parameters, option, json_string(time));
	}
	if (r == -ERANGE) {
		return failure_report(FAILURE_USAGE, "at most 100y can be looked back on",
			"option \"--%s\": \"%s\" is too long a time", option, text);
	}
	return failure_report(FAILURE_USAGE,
		"use a day such as 2026-11-22, a time such as 2026-11-22T00:00:00Z or, with --since, a "
		"duration such as 30d",
		"option \"--%s\" is no such time: \"%s\"", option, text);
}

/* Days that are over, so that what is written every day tells each build once; no days before today are today. */
static int add_digest(json_t *parameters) {
	const json_t *last = json_object_get(parameters, "lastMs");
	bool named = json_object_get(parameters, "since") != NULL ||
		json_object_get(parameters, "until") != NULL ||
		(last != NULL && json_integer_value(last) == 0);
	int r = put(parameters, "ended", json_boolean(!named));

	return r == 0 && last == NULL ? put(parameters, "lastMs", json_integer(CLOCK_DAY_MS)) : r;
}

/* A recomputation tells how far it is. */
struct recomputation {
	struct progress progress;
	json_t *stats; /* owned */
	int exit;
};

static int take_answer(const struct call_reply *reply, void *user) {
	struct recomputation *r = user;
	json_t *stats = json_object_get(reply->parameters, "stats");

	if (reply->error != NULL) {
		progress_end(&r->progress);
		r->exit = request_refused(reply);
	} else if (stats != NULL) {
		json_decref(r->stats);
		r->stats = json_incref(stats);
	} else {
		progress_show(&r->progress, "Counting events: %lld of %lld",
			(long long)json_number(reply->parameters, "taken"),
			(long long)json_number(reply->parameters, "total"));
	}
	return r->exit;
}

static int recompute(const struct invocation *inv, json_t *parameters, json_t **ret_stats) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	struct recomputation work = { .progress = progress_begin(inv) };
	int r = request_open(inv, &conn);

	if (r == 0) {
		request_drop_nulls(parameters);
		r = call_more(conn, PROTOCOL_INTERFACE ".GetStats", parameters, take_answer, &work);
		progress_end(&work.progress);
		r = r < 0 ? request_failed(inv, r) : work.exit;
	}
	json_decref(parameters);
	*ret_stats = work.stats;
	return r;
}

static int ask(const struct invocation *inv, json_t *parameters, json_t **ret_stats) {
	json_t *answer = NULL;
	int r;

	if (option_flag(&inv->options, "recompute")) {
		return recompute(inv, parameters, ret_stats);
	}
	r = request_once(inv, "GetStats", parameters, &answer);
	*ret_stats = json_incref(json_object_get(answer, "stats"));
	json_decref(answer);
	return r;
}

int stats_request(const struct invocation *inv, json_t **ret_stats) {
	json_t *parameters = json_pack("{s:s?, s:s?, s:b}", "project",
		option_text(&inv->options, "project"), "branch", option_branch(&inv->options),
		"recompute", option_flag(&inv->options, "recompute"));
	json_t *stats = NULL;
	int r;

	if (parameters == NULL) {
		return failure_report(
			FAILURE_FAILED, "arguments must be UTF-8", "cannot make the request");
	}
	r = add_window(inv, parameters, "since", true);
	r = r != 0 ? r : add_window(inv, parameters, "until", false);
	if (r == 0 && strcmp(inv->command->name, "digest") == 0) {
		r = add_digest(parameters);
	}
	if (r != 0) {
		json_decref(parameters);
		return r;
	}
	r = ask(inv, parameters, &stats);
	if (r != 0 || json_is_object(stats)) {
		*ret_stats = stats;
		return r;
	}
	json_decref(stats);
	return failure_report(FAILURE_PROTOCOL, NULL, "the daemon's answer has no statistics");
}

/* What is not none is not shown as none, and what is not all not as all. */
const char *stats_share(const json_t *value, char out[STATS_TEXT_MAX]) {
	double share = json_number_value(value);

	if (!json_is_number(value)) {
		text_copy(out, STATS_TEXT_MAX, "unknown");
	} else if (share > 0 && share < 0.0005) {
		text_copy(out, STATS_TEXT_MAX, "under 0.1 %");
	} else if (share < 1 && share >= 0.9995) {
		text_copy(out, STATS_TEXT_MAX, "over 99.9 %");
	} else {
		text_format(out, STATS_TEXT_MAX, "%.1f %%", 100 * share);
	}
	return out;
}

const char *stats_duration(const json_t *value, char out[STATS_TEXT_MAX]) {
	static const struct {
		double ms;
		const char *unit;
	} units[] = { { CLOCK_DAY_MS, "d" }, { CLOCK_HOUR_MS, "h" }, { CLOCK_MINUTE_MS, "min" },
		{ CLOCK_SECOND_MS, "s" } };
	double ms = json_number_value(value);

	if (!json_is_number(value)) {
		text_copy(out, STATS_TEXT_MAX, "unknown");
		return out;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (ms >= units[i].ms) {
			text_format(out, STATS_TEXT_MAX,
				ms < 100 * units[i].ms ? "%.3g %s" : "%.0f %s", ms / units[i].ms,
				units[i].unit);
			return out;
		}
	}
	text_format(out, STATS_TEXT_MAX, "%.0f ms", ms);
	return out;
}

/* What is not zero is not shown as zero. */
static void show_mean(double value, char out[STATS_TEXT_MAX]) {
	char *whole;

	if (value > 0 && value < 0.005) {
		text_copy(out, STATS_TEXT_MAX, "under 0.01");
		return;
	}
	text_format(out, STATS_TEXT_MAX, "%.2f", value);
	whole = strstr(out, ".00");
	if (whole != NULL) {
		*whole = '\0';
	}
}

const char *stats_number(const json_t *value, char out[STATS_TEXT_MAX]) {
	if (json_is_integer(value)) {
		text_format(out, STATS_TEXT_MAX, "%lld", (long long)json_integer_value(value));
	} else if (json_is_real(value)) {
		show_mean(json_real_value(value), out);
	} else {
		text_copy(out, STATS_TEXT_MAX, "unknown");
	}
	return out;
}

const char *stats_percent(const json_t *value, char out[STATS_TEXT_MAX]) {
	double percent = json_number_value(value);

	if (!json_is_number(value)) {
		text_copy(out, STATS_TEXT_MAX, "unknown");
	} else if (percent < 100 && percent >= 99.995) {
		text_copy(out, STATS_TEXT_MAX, "over 99.99 %");
	} else {
		show_mean(percent, out);
		text_format(out + strlen(out), STATS_TEXT_MAX - strlen(out), " %%");
	}
	return out;
}

const char *const stats_severities[] = { "critical", "high", "moderate", "low", "info", "unknown",
	NULL };

const char *stats_means(const json_t *part, const char *const *order, char out[STATS_MEANS_MAX]) {
	out[0] = '\0';
	for (size_t i = 0; order[i] != NULL; i++) {
		const json_t *value = json_object_get(part, order[i]);
		char number[STATS_TEXT_MAX];
		size_t len = strlen(out);

		if (json_is_number(value)) {
			text_format(out + len, STATS_MEANS_MAX - len, "%s%s %s",
				len > 0 ? ", " : "", order[i], stats_number(value, number));
		}
	}
	if (out[0] == '\0') {
		text_copy(out, STATS_MEANS_MAX, "unknown");
	}
	return out;
}

const char *stats_heading(const json_t *stats, const char *list, const char *total,
	const char *what, char out[STATS_HEADING_MAX]) {
	size_t n = json_array_size(json_object_get(stats, list));
	int64_t n_all = json_number(stats, total);

	if (n_all > (int64_t)n) {
		text_format(out, STATS_HEADING_MAX, "%s, the first %zu of %lld", what, n,
			(long long)n_all);
	} else {
		text_copy(out, STATS_HEADING_MAX, what);
	}
	return out;
}

const char *stats_days(const json_t *stats, char out[STATS_TEXT_MAX]) {
	_cleanup_(freep) char *from = print_one_line(json_text(stats, "since"));
	_cleanup_(freep) char *to = print_one_line(json_text(stats, "until"));
	char since[sizeof("2026-11-22")] = "", until[sizeof("2026-11-22")] = "";

	(void)(from != NULL && TEXT_SET(since, from));
	(void)(to != NULL && TEXT_SET(until, to));
	text_format(out, STATS_TEXT_MAX, strcmp(since, until) == 0 ? "%s" : "%s to %s", since, until);
	return out;
}

const char *stats_empty(const json_t *stats) {
	if (json_array_size(json_object_get(stats, "days")) > 0 || json_number(stats, "behind") > 0) {
		return NULL;
	}
	if (json_text(stats, "project")[0] == '\0') {
		return "Nothing is recorded of these days.";
	}
	/* Its name may be a slip. */
	return json_array_size(json_object_get(stats, "branches")) == 0
		? "Nothing is recorded of it in these days: is the name right?"
		: NULL;
}
