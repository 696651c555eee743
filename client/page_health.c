/*
 * Is the daemon well, now: what `status` says.
 */
#include <string.h>

#include "client/page.h"
#include "client/plot.h"
#include "client/print.h"
#include "common/clock.h"
#include "common/text.h"

/* "scheduled 3, failed 1": what of the object's members is counted and not zero. */
static void put_counts(struct html *out, const char *title, const json_t *object) {
	const char *name;
	json_t *value;
	size_t n = 0;

	page_term(out, title);
	json_object_foreach((json_t *)object, name, value) {
		if (json_integer_value(value) > 0) {
			html_raw(out, n++ > 0 ? ", " : "");
			html_text(out, name);
			html_raw(out, " ");
			plot_value(out, PLOT_COUNT, value);
		}
	}
	html_raw(out, n == 0 ? "none" : "");
	page_term_end(out);
}

static void put_paused(struct html *out, const json_t *paused) {
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)paused, i, item) {
		page_term_text(out, "Paused", print_project(json_string_value(item)));
	}
}

/* Forges and agents: each, and what it waits for. */
static void put_places(struct html *out, const char *title, const json_t *places) {
	json_t *place;
	size_t i;

	json_array_foreach((json_t *)places, i, place) {
		static const char *const members[] = { "budget", "problem", "reason" };

		page_term(out, title);
		html_foreign(out, json_text(place, "name"));
		html_raw(out, " (");
		html_text(out, json_text(place, "type"));
		html_raw(out, ")");
		for (size_t m = 0; m < ARRAY_SIZE(members); m++) {
			if (json_text(place, members[m])[0] != '\0') {
				html_raw(out, ", ");
				html_foreign(out, json_text(place, members[m]));
			}
		}
		page_term_end(out);
	}
}

static void put_errors(struct html *out, const json_t *events) {
	json_t *event;
	size_t i;

	if (json_array_size(events) == 0) {
		html_raw(out, "<p>No errors.</p>\n");
		return;
	}
	html_raw(out, "<h3>Last errors</h3>\n<ol class=\"events\">\n");
	json_array_foreach((json_t *)events, i, event) {
		html_raw(out, "<li>");
		page_time(out, json_text(event, "at"));
		html_raw(out, " ");
		html_foreign(out, json_text(event, "project"));
		html_raw(out, ": ");
		html_foreign(out, json_text(event, "message"));
		html_raw(out, "</li>\n");
	}
	html_raw(out, "</ol>\n");
}

void page_put_health(struct html *out, const struct page *page) {
	const json_t *status = page->status, *store = json_object_get(status, "store");
	json_t *uptime_ms = json_integer(json_number(status, "uptimeSeconds") * CLOCK_SECOND_MS);

	html_raw(out, "<dl>\n");
	page_term(out, "Daemon");
	html_text(out, json_text(status, "version"));
	html_raw(out, ", up ");
	plot_value(out, PLOT_DURATION, uptime_ms);
	json_decref(uptime_ms);
	page_term_end(out);
	page_term_text(out, "Mode", json_text(status, "mode"));
	put_paused(out, json_object_get(status, "paused"));
	page_term_text(out, "Store's problem", json_text(store, "problem"));
	put_counts(out, "Incidents", json_object_get(status, "incidents"));
	put_counts(out, "Tasks", json_object_get(status, "tasks"));
	put_places(out, "Forge", json_object_get(status, "forges"));
	put_places(out, "Agent", json_object_get(status, "agents"));
	html_raw(out, "</dl>\n");
	put_errors(out, json_object_get(status, "lastErrors"));
}
