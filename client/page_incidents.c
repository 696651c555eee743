/*
 * What is not ended: each incident, why it stands where it does, and how it came there.
 */
#include <string.h>

#include "client/page.h"
#include "client/plot.h"
#include "client/print.h"
#include "common/text.h"

static void put_heading(struct html *out, const json_t *incident, size_t i) {
	html_rawf(out, "<article aria-labelledby=\"incident-%zu\">\n<h3 id=\"incident-%zu\">", i, i);
	html_foreign(out, json_text(incident, "project"));
	html_raw(out, " ");
	html_foreign(out, json_text(incident, "branch"));
	html_raw(out, ": ");
	html_text(out, json_text(incident, "errorType"));
	html_raw(out, "</h3>\n");
}

static void put_facts(struct html *out, const json_t *incident) {
	static const struct {
		const char *name, *member;
	} texts[] = { { "Agent", "agent" }, { "Held up by", "hold" }, { "Fork", "headRepository" },
		{ "Published at", "issueUrl" }, { "Id", "id" } };
	bool escalated = strcmp(json_text(incident, "state"), "escalated") == 0;

	html_raw(out, "<dl>\n");
	page_term(out, "State");
	html_element(
		out, escalated ? "strong class=\"bad\"" : "strong", json_text(incident, "state"));
	html_raw(out, escalated ? ", needs a person" : "");
	page_term_end(out);
	page_term(out, "Cycle");
	html_rawf(out, "%lld of %lld", (long long)json_number(incident, "cycle"),
		(long long)json_number(incident, "maxCycles"));
	page_term_end(out);
	page_term(out, "Opened");
	page_time(out, json_text(incident, "openedAt"));
	html_rawf(out, ", reports: %lld", (long long)json_number(incident, "reports"));
	page_term_end(out);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		page_term_text(out, texts[i].name, json_text(incident, texts[i].member));
	}
	html_raw(out, "</dl>\n");
}

/* By the newest report: the lines that say it, else what was told as details. */
static void put_failure(struct html *out, const json_t *report) {
	static const struct {
		const char *name, *member;
	} texts[] = { { "Job", "jobName" }, { "Step", "stepName" }, { "Command", "command" },
		{ "Build", "buildNumber" }, { "Commit", "commit" } };
	const json_t *excerpt = json_object_get(json_object_get(report, "scan"), "excerpt");
	const char *said = json_text(
		excerpt != NULL ? excerpt : report, excerpt != NULL ? "text" : "errorDetails");
	char cited[CLIENT_PAGE_CITED_BYTES];

	if (report == NULL) {
		return; /* it is older than what is kept, or the incident came by hand */
	}
	html_raw(out, "<h4>What failed</h4>\n<dl>\n");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		page_term_text(out, texts[i].name, json_text(report, texts[i].member));
	}
	html_raw(out, "</dl>\n");
	if (said[0] != '\0') {
		text_copy(cited, sizeof(cited), said);
		html_raw(out, "<pre>");
		html_foreign(out, cited);
		html_raw(out, strlen(cited) < strlen(said) ? "\n…</pre>\n" : "</pre>\n");
	}
}

static void put_reason(struct html *out, const json_t *reason) {
	html_raw(out, "<li>");
	html_element(out, "code", json_text(reason, "code"));
	html_raw(out, " (");
	html_text(out, json_text(reason, "class"));
	html_raw(out, ") ");
	html_foreign(out, json_text(reason, "subject"));
	html_raw(out, ": ");
	html_foreign(out, json_text(reason, "message"));
	html_raw(out, "</li>\n");
}

static void put_verdict(struct html *out, const json_t *verdict) {
	json_t *reason;
	size_t i;

	if (!json_is_object(verdict)) {
		html_raw(out, "<p>There is no verdict yet.</p>\n");
		return;
	}
	html_raw(out, "<p>The last verdict, of ");
	page_time(out, json_text(verdict, "checkedAt"));
	html_raw(out, ", is ");
	html_element(out, "strong", json_text(verdict, "outcome"));
	html_raw(out, ":</p>\n<ul>\n");
	json_array_foreach(json_object_get(verdict, "reasons"), i, reason) {
		put_reason(out, reason);
	}
	html_raw(out, "</ul>\n");
}

static const char *time_of(const json_t *task) {
	const char *ended = json_text(task, "finishedAt");

	return ended[0] != '\0' ? ended : json_text(task, "scheduledFor");
}

static void put_task(struct html *out, const json_t *task) {
	html_raw(out, "<tr><th scope=\"row\" class=\"number\">");
	plot_value(out, PLOT_COUNT, json_object_get(task, "cycle"));
	html_raw(out, "</th><td>");
	html_text(out, json_text(task, "type"));
	html_raw(out, "</td><td>");
	page_time(out, time_of(task));
	html_raw(out, "</td><td>");
	html_text(out, json_text(task, "status"));
	html_raw(out, "</td><td class=\"long\">");
	html_foreign(out, json_text(task, "reason"));
	html_raw(out, "</td></tr>\n");
}

static bool is_later(const json_t *a, const json_t *b) {
	int64_t cycle_a = json_number(a, "cycle"), cycle_b = json_number(b, "cycle");

	return cycle_a != cycle_b ? cycle_a > cycle_b : strcmp(time_of(a), time_of(b)) > 0;
}

/* As they happened, cycle by cycle: a follow-up is added before the agent is triggered. NULL: memory. */
static json_t *sort_tasks(const json_t *tasks) {
	json_t *sorted = json_array(), *task;
	size_t n;

	json_array_foreach((json_t *)tasks, n, task) {
		size_t i = n;

		while (i > 0 && is_later(json_array_get(sorted, i - 1), task)) {
			i--;
		}
		if (json_array_insert(sorted, i, task) < 0) {
			json_decref(sorted);
			return NULL;
		}
	}
	return sorted;
}

static void put_cycles(struct html *out, const json_t *tasks) {
	json_t *sorted = sort_tasks(tasks), *task;
	size_t i;

	plot_table_begin(out, "What was done in each cycle");
	html_raw(out,
		"<thead><tr><th scope=\"col\" class=\"number\">Cycle</th><th scope=\"col\">Task</th>"
		"<th scope=\"col\">Ended or due</th><th scope=\"col\">Status</th>"
		"<th scope=\"col\">Why</th></tr></thead><tbody>\n");
	json_array_foreach(sorted, i, task) {
		put_task(out, task);
	}
	json_decref(sorted);
	plot_table_end(out);
}

static void put_events(struct html *out, const json_t *events) {
	json_t *event;
	size_t i;

	html_raw(out, "<h4>Latest events</h4>\n<ol class=\"events\">\n");
	json_array_foreach((json_t *)events, i, event) {
		html_raw(out, "<li>");
		page_time(out, json_text(event, "at"));
		html_raw(out, " ");
		html_foreign(out, json_text(event, "message"));
		html_raw(out, "</li>\n");
	}
	html_raw(out, "</ol>\n");
}

static void put_incident(struct html *out, const json_t *story, size_t i) {
	const json_t *incident = json_object_get(story, "incident");

	put_heading(out, incident, i);
	html_raw(out, "<p>");
	html_foreign(out, json_text(incident, "reason"));
	html_raw(out, "</p>\n");
	put_facts(out, incident);
	put_failure(out, json_object_get(story, "report"));
	put_verdict(out, json_object_get(incident, "lastVerdict"));
	html_raw(out, "<details><summary>How it came there<span class=\"apart\">: ");
	html_text(out, json_text(incident, "id"));
	html_raw(out, "</span></summary>\n");
	put_cycles(out, json_object_get(story, "tasks"));
	put_events(out, json_object_get(story, "events"));
	html_raw(out, "</details>\n</article>\n");
}

void page_put_incidents(struct html *out, const struct page *page) {
	size_t n = json_array_size(page->stories);

	if (n == 0) {
		html_raw(out,
			"<p>None: nothing is under repair, and nothing waits for a person.</p>\n");
	}
	for (size_t i = 0; i < n; i++) {
		put_incident(out, json_array_get(page->stories, i), i + 1);
	}
	if (page->n_open > (int64_t)n) {
		html_rawf(out,
			"<p id=\"left-out\"><data value=\"%lld\">%lld</data> more are left out here; "
			"<code>codegenctl incidents --state escalated --limit 0</code> lists those that need "
			"a person, and so do the states <code>waiting</code> and <code>open</code>.</p>\n",
			(long long)page->n_open - (long long)n,
			(long long)page->n_open - (long long)n);
	}
}
