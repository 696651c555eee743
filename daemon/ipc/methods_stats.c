/* GetStats: the slices of the store put together, then the figures, and what their failures say. */
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/text.h"
#include "daemon/ipc/handlers.h"
#include "daemon/ipc/stats_figures.h"
#include "daemon/model/scan.h"
#include "daemon/model/tally.h"

static void stats_read(struct store_req *req, int status);

static int stats_slice(struct stats_params *p) {
	return store_stats(engine_store(call_engine(p->call)), &p->stats, stats_read);
}

static json_t *make_answer(struct stats_params *p) {
	const struct stats_window window = { .totals = p->totals,
		.days = p->days,
		.branches = p->stats.branches,
		.n_later = p->stats.n_later };
	json_t *stats = stats_figures(&window);
	char since[CLOCK_TEXT_MAX];
	int r = stats != NULL ? 0 : -ENOMEM;

	if (r == 0) {
		r |= set_text(stats, "since", clock_format(p->stats.from_day * CLOCK_DAY_MS, since));
		r |= set_time(stats, "until", p->until_ms);
		r |= set_text(stats, "project", p->project);
		r |= set_text(stats, "branch", p->branch);
		r |= set_new(stats, "behind", json_integer(p->stats.behind));
		r |= set_new(stats, "forges", engine_forges_to_json(call_engine(p->call)));
	}
	if (r < 0) {
		json_decref(stats);
		return NULL;
	}
	return stats;
}

/* Every event is taken in once more, which takes its time: whoever called with `more` hears how far it is. */
static int stats_tell(struct stats_params *p) {
	const struct store_stats *stats = &p->stats;
	int64_t now_ms = clock_mono_us() / 1000;
	json_t *answer;

	if (!stats->recompute || stats->behind == 0 || !call_wants_more(p->call) ||
		now_ms - p->told_ms < LIMIT_STATS_PROGRESS_MS) {
		return 0;
	}
	p->told_ms = now_ms;
	answer = json_pack("{s:I, s:I}", "taken", (json_int_t)(stats->until_seq - stats->behind),
		"total", (json_int_t)stats->until_seq);
	return answer != NULL ? call_stream(p->call, answer) : -ENOMEM;
}

static void stats_end(struct stats_params *p, int status) {
	if (status < 0) {
		call_fail(p->call, status, NULL);
	} else {
		reply_with(p->call, "stats", TAKE_PTR(p->answer));
	}
	json_decref(TAKE_PTR(p->answer));
	store_stats_finish(&p->stats);
	json_decref(TAKE_PTR(p->totals));
	json_decref(TAKE_PTR(p->days));
	call_unref(p->call);
}

/* Headlines: what the newest report of each failure says */

/* Of all rows of failures the `i`-th; borrowed. NULL: there are no more. */
static json_t *failure_at(const json_t *answer, size_t i) {
	static const char *const lists[] = { "failures", "slowest" };

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		const json_t *list = json_object_get(answer, lists[l]);

		if (i < json_array_size(list)) {
			return json_array_get(list, i);
		}
		i -= json_array_size(list);
	}
	return NULL;
}

/* What the scan of its log says of it, else the first line of what was told; null: nothing. */
static json_t *headline_of(const struct report *report) {
	const char *text = scan_headline(report->scan);
	char line[LIMIT_SENTENCE_MAX];

	if (text[0] == '\0' && report->details != NULL) {
		text = report->details;
	}
	TEXT_SET(line, text);
	line[strcspn(line, "\n")] = '\0';
	return line[0] != '\0' ? json_string(line) : json_null();
}

static void headline_read(struct store_req *req, int status);

/* One report after the other; of one that is gone, or cannot be read now, it is not known. */
static void headlines_step(struct stats_params *p) {
	json_t *row;

	while ((row = failure_at(p->answer, p->n_rows)) != NULL) {
		const char *report = json_string_value(json_object_get(row, "report"));

		p->get.kind = STORE_REPORTS;
		(void)json_object_set_new(row, "headline", json_null());
		if (report != NULL && id_parse(ID_REPORT, report, &p->get.id) == 0 &&
			store_get(engine_store(call_engine(p->call)), &p->get, headline_read) == 0) {
			return;
		}
		p->n_rows++;
	}
	stats_end(p, 0);
}

static void headline_read(struct store_req *req, int status) {
	struct store_get *get = container_of(req, struct store_get, req);
	struct stats_params *p = container_of(get, struct stats_params, get);

	if (status == 0) {
		(void)json_object_set_new(
			failure_at(p->answer, p->n_rows), "headline", headline_of(&get->report));
		store_get_finish(get);
	}
	p->n_rows++;
	headlines_step(p);
}

static void stats_answer(struct stats_params *p) {
	p->answer = make_answer(p);
	if (p->answer == NULL) {
		stats_end(p, -ENOMEM);
		return;
	}
	p->n_rows = 0;
	headlines_step(p);
}

/* Slices */

static int stats_add(struct stats_params *p) {
	int r = tally_merge(p->totals, p->stats.totals);

	return r < 0 ? r : json_array_extend(p->days, p->stats.days) < 0 ? -ENOMEM : 0;
}

static void stats_read(struct store_req *req, int status) {
	struct store_stats *stats = container_of(req, struct store_stats, req);
	struct stats_params *p = container_of(stats, struct stats_params, stats);

	if (status == 0) {
		status = stats_add(p);
	}
	if (status == 0 && call_is_gone(p->call)) {
		status = -ECANCELED;
	}
	if (status == 0 && stats->more) {
		status = stats_tell(p);
	}
	if (status == 0 && stats->more) {
		store_stats_finish(stats);
		status = stats_slice(p);
		if (status == 0) {
			return;
		}
	}
	if (status < 0) {
		stats_end(p, status);
	} else {
		stats_answer(p);
	}
}

void stats_preset(void *params) {
	struct stats_params *p = params;

	p->last_ms = 30 * CLOCK_DAY_MS;
}

/* As many whole days as `last_ms` begins, the one of the end among them. */
static int64_t first_day(int64_t until_day, int64_t last_ms) {
	int64_t n_days = MAX(last_ms - 1, 0) / CLOCK_DAY_MS + 1;

	return MAX(until_day - n_days + 1, 0);
}

/* Whole days, so that a window counts the same whenever it is asked for on one day. */
static bool take_window(struct call *call, struct stats_params *p) {
	int64_t now_ms = clock_now_ms(), today = now_ms / CLOCK_DAY_MS;
	int64_t until_ms = p->ended ? today * CLOCK_DAY_MS - 1 : now_ms;
	int64_t until_day;

	until_ms = p->until_ms != 0 ? p->until_ms : until_ms;
	until_day = until_ms / CLOCK_DAY_MS;
	if (p->last_ms < 0 || p->since_ms > until_ms) {
		call_refuse(call, p->last_ms < 0 ? "lastMs" : "since",
			"the window ends before it begins");
		return false;
	}
	p->until_ms = p->until_ms != 0 ? (until_day + 1) * CLOCK_DAY_MS - 1 : until_ms;
	p->stats.from_day = p->since_ms != 0 ? MAX(p->since_ms, 0) / CLOCK_DAY_MS
					     : first_day(until_day, p->last_ms);
	p->stats.until_day = until_day;
	p->stats.now_day = today;
	return true;
}

void on_get_stats(struct call *call, void *params) {
	struct stats_params *p = params;
	int r;

	if (!check_project(call, "project", p->project) || !take_window(call, p)) {
		return;
	}
	if (p->branch[0] != '\0' && p->project[0] == '\0') {
		call_refuse(call, "branch", "a branch is one of a project: name that too");
		return;
	}
	p->stats.project = p->project[0] != '\0' ? p->project : NULL;
	p->stats.branch = p->branch[0] != '\0' ? p->branch : NULL;
	store_stats_begin(&p->stats, p->recompute);
	p->call = call_ref(call);
	p->totals = json_object();
	p->days = json_array();
	r = p->totals != NULL && p->days != NULL ? stats_slice(p) : -ENOMEM;
	if (r < 0) {
		stats_end(p, r);
	}
}
