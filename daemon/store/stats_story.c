/* What the log says of one incident: when it began, who was triggered, and when something new came after that. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/logscan/logscan.h"
#include "common/text.h"
#include "daemon/store/stats.h"

struct trigger {
	char agent[LIMIT_NAME_MAX];
	char commit[LIMIT_COMMIT_MAX];
	int64_t at_ms;
	bool waits; /* for a first sign */
};

static const char *text_of(const json_t *fact, const char *name) {
	const char *text = json_string_value(json_object_get(fact, name));

	return text != NULL ? text : "";
}

static const char *word_of(const json_t *fact, const char *name) {
	const char *text = text_of(fact, name);

	return text[0] != '\0' ? text : "unknown";
}

const char *stats_cause(const json_t *fact) {
	const char *word = word_of(fact, "cause");

	for (enum logscan_cause cause = CAUSE_LINT; cause < CAUSE_NONE; cause++) {
		if (strcasecmp(word, logscan_cause_name(cause)) == 0) {
			return logscan_cause_name(cause);
		}
	}
	return strcasecmp(word, logscan_cause_name(CAUSE_NONE)) == 0
		? logscan_cause_name(CAUSE_UNKNOWN)
		: "other";
}

const char *stats_project(const struct stats_event *event) {
	return event->project[0] != '\0' ? event->project : "unknown";
}

void stats_failure_label(const char *project, const json_t *fact, char out[STATS_LABEL_MAX]) {
	bool is_known = text_of(fact, "fingerprint")[0] != '\0';
	const char *job = is_known ? "" : text_of(fact, "job");
	const char *step = is_known ? "" : text_of(fact, "step");

	text_format(out, STATS_LABEL_MAX, "%s\n%s\n%s\n%s\n%s%s%s", word_of(fact, "fingerprint"),
		word_of(fact, "type"), stats_cause(fact), project, job,
		job[0] != '\0' && step[0] != '\0' ? " / " : "", step);
}

static int drop_agent(struct stats_story *story, struct trigger *trigger) {
	story->agent[0] = '\0';
	trigger->waits = false;
	return json_array_clear(story->signs) < 0 ? -ENOMEM : 0;
}

static void take_start(struct stats_story *story, int64_t at_ms) {
	TEXT_SET(story->cause, story->failed);
	story->has_start = true;
	story->start_ms = at_ms;
	story->is_resolved = false;
	story->is_checked = false;
	story->given_up[0] = '\0';
}

/* It begins anew, with the failure that was told right before. */
static void take_return(struct stats_story *story, int64_t at_ms) {
	story->came_back = true;
	take_start(story, at_ms);
}

static void take_end(struct stats_story *story, const json_t *fact, int64_t at_ms) {
	const char *state = text_of(fact, "state");

	if (story->is_resolved) { /* it came back, and its budget of cycles was spent */
		take_return(story, at_ms);
	}
	story->is_resolved = strcmp(state, "resolved") == 0;
	TEXT_SET(story->given_up, story->is_resolved ? "" : state);
	story->given_up_ms = at_ms;
}

static void take_trigger(
	struct stats_story *story, struct trigger *trigger, const json_t *fact, int64_t at_ms) {
	TEXT_SET(story->agent, word_of(fact, "agent"));
	TEXT_SET(story->last_agent, story->agent);
	story->triggered_ms = at_ms;
	TEXT_SET(trigger->agent, story->agent);
	TEXT_SET(trigger->commit, text_of(fact, "commit"));
	trigger->at_ms = at_ms;
	trigger->waits = trigger->commit[0] != '\0';
}

/* A report, a verdict or the end on another commit than the one the agent was given. */
static int take_sign(
	struct stats_story *story, struct trigger *trigger, const json_t *fact, int64_t at_ms) {
	const char *commit = text_of(fact, "commit");

	if (!trigger->waits || commit[0] == '\0' || build_same_commit(commit, trigger->commit)) {
		return 0;
	}
	trigger->waits = false;
	return json_array_append_new(story->signs,
		       json_pack("[s, I]", trigger->agent, (json_int_t)(at_ms - trigger->at_ms))) < 0
		? -ENOMEM
		: 0;
}

static int take(struct stats_story *story, struct trigger *trigger, const char *project,
	const json_t *fact, int64_t at_ms, bool is_last) {
	const char *what = text_of(fact, "what");
	bool opens = strcmp(what, "opened") == 0 || json_is_true(json_object_get(fact, "opens"));

	if (opens || json_is_false(json_object_get(fact, "passed"))) {
		stats_failure_label(project, fact, story->failed);
	}
	story->is_checked |= strcmp(what, "verdict") == 0;
	if (opens) {
		take_start(story, at_ms);
	} else if (strcmp(what, "triggered") == 0) {
		take_trigger(story, trigger, fact, at_ms);
	} else if (strcmp(what, "reopened") == 0 && !is_last) {
		take_return(story, at_ms);
		return drop_agent(story, trigger);
	} else if (strcmp(what, "ended") == 0 && !is_last) {
		take_end(story, fact, at_ms);
		return drop_agent(story, trigger);
	} else {
		return take_sign(story, trigger, fact, at_ms);
	}
	return 0;
}

int stats_story_read(struct db *db, const struct stats_event *event, struct stats_story *ret_story) {
	_cleanup_(sql_resetp) sqlite3_stmt *row = db_sql(db, SQL_FACTS_OF_INCIDENT);
	const char *project = stats_project(event);
	struct trigger trigger = { .waits = false };
	int status;

	memset(ret_story, 0, sizeof(*ret_story));
	ret_story->signs = json_array();
	if (ret_story->signs == NULL) {
		return -ENOMEM;
	}
	sql_bind_int(row, 1, event->incident_id);
	sql_bind_int(row, 2, event->seq - 1);
	while ((status = db_step(db, row)) > 0) {
		json_t *fact = json_loads((const char *)sqlite3_column_text(row, 1), 0, NULL);

		status = take(
			ret_story, &trigger, project, fact, sqlite3_column_int64(row, 0), false);
		json_decref(fact);
		if (status < 0) {
			return status;
		}
	}
	return status < 0 ? status
			  : take(ret_story, &trigger, project, event->fact, event->at_ms, true);
}

void stats_story_finish(struct stats_story *story) {
	json_decref(TAKE_PTR(story->signs));
}
