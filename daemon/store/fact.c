#include "daemon/store/fact.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/buffer.h"
#include "common/text.h"
#include "daemon/model/build.h"
#include "daemon/model/scan.h"

/* The writer: short objects of known members; jansson would cost a submission twice as much. */

struct writer {
	struct buffer text;
	int status;
};

static void put(struct writer *out, const char *text) {
	if (out->status == 0) {
		out->status = buffer_append_str(&out->text, text);
	}
}

static void put_int(struct writer *out, int64_t value) {
	if (out->status == 0) {
		out->status = buffer_appendf(&out->text, "%" PRId64, value);
	}
}

/* Names and words: UTF-8 already. */
static void put_string(struct writer *out, const char *text) {
	put(out, "\"");
	while (out->status == 0 && *text != '\0') {
		size_t plain = 0;

		while ((unsigned char)text[plain] >= ' ' && text[plain] != '"' &&
			text[plain] != '\\') {
			plain++;
		}
		out->status = buffer_append(&out->text, text, plain);
		text += plain;
		if (*text != '\0' && out->status == 0) {
			out->status = buffer_appendf(
				&out->text, "\\u%04x", (unsigned int)(unsigned char)*text);
			text++;
		}
	}
	put(out, "\"");
}

static void member(struct writer *out, const char *name, const char *value) {
	if (value == NULL || value[0] == '\0') {
		return;
	}
	put(out, ",\"");
	put(out, name);
	put(out, "\":");
	put_string(out, value);
}

static void begin(struct writer *out, const char *what, const char *head_repository,
	const char *project, const char *branch) {
	char name[FACT_BRANCH_MAX];
	bool is_fork = head_repository[0] != '\0' && strcmp(head_repository, project) != 0;

	text_format(name, sizeof(name), "%s%s%s", is_fork ? head_repository : "",
		is_fork ? ":" : "", branch);
	put(out, "{\"what\":");
	put_string(out, what);
	member(out, "branch", name);
}

/* Quality: numbers out of whatever CI sent */

/* What number_of() says of no number. */
enum { NOT_SENT = -2, NO_NUMBER = -1 };

static int64_t number_of(const json_t *object, const char *name) {
	const json_t *value = json_object_get(object, name);

	if (value == NULL || json_is_null(value)) {
		return NOT_SENT;
	}
	return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
									: NO_NUMBER;
}

/* What was not sent is null: nobody said zero. One that is no number, or none at all, makes all of it unknown. */
static void put_numbers(
	struct writer *out, const char *name, const json_t *object, const char *const *members) {
	int64_t values[8];
	size_t n = 0;
	bool wrong = false, any = false;

	for (; members[n] != NULL; n++) {
		values[n] = number_of(object, members[n]);
		any |= values[n] >= 0;
		wrong |= values[n] == NO_NUMBER;
	}
	put(out, ",\"");
	put(out, name);
	put(out, wrong || !any ? "\":\"unknown\"" : "\":[");
	for (size_t i = 0; !wrong && any && i < n; i++) {
		put(out, i > 0 ? "," : "");
		if (values[i] >= 0) {
			put_int(out, values[i]);
		} else {
			put(out, "null");
		}
	}
	put(out, !wrong && any ? "]" : "");
}

/* Of the lines, in hundredths of a percent, rounded to the nearest; all of it is only what is all. */
static void put_coverage(struct writer *out, const json_t *coverage) {
	const json_t *lines = json_object_get(coverage, "lines");
	int64_t covered = number_of(lines, "covered");
	int64_t total = number_of(lines, "total");

	put(out, ",\"coverage\":");
	if (covered < 0 || total <= 0 || covered > total || total > INT64_MAX / 20001) {
		put(out, "\"unknown\"");
	} else {
		put_int(out,
			MIN((20000 * covered + total) / (2 * total), covered < total ? 9999 : 10000));
	}
}

static bool is_complete(const json_t *part) {
	return !json_is_false(json_object_get(part, "completed"));
}

static void put_quality(struct writer *out, const json_t *quality) {
	static const char *const lint[] = { "errors", "warnings", NULL };
	static const char *const tests[] = { "total", "passed", "failed", "skipped", "durationMs",
		NULL };
	static const char *const security[] = { "critical", "high", "moderate", "low", "info",
		"unknown", NULL };
	static const struct {
		const char *name;
		const char *const *members;
	} parts[] = { { "lint", lint }, { "tests", tests }, { "security", security } };
	const json_t *coverage = json_object_get(quality, "coverage");

	if (coverage != NULL) {
		put_coverage(out, is_complete(coverage) ? coverage : NULL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const json_t *part = json_object_get(quality, parts[i].name);

		if (part != NULL) {
			put_numbers(out, parts[i].name, is_complete(part) ? part : NULL,
				parts[i].members);
		}
	}
}

/* Names of failed tests: of the result files, else of what the log says. */
static void put_failing(struct writer *out, const json_t *quality, const json_t *scan) {
	const json_t *list = json_object_get(json_object_get(quality, "tests"), "failures");
	size_t n = 0;

	if (json_array_size(list) == 0) {
		list = json_object_get(scan, "findings");
	}
	for (size_t i = 0; i < json_array_size(list) && n < FACT_FAILING_MAX; i++) {
		const char *test =
			json_string_value(json_object_get(json_array_get(list, i), "test"));
		char name[LIMIT_NAME_MAX];

		if (test == NULL || test[0] == '\0') {
			continue;
		}
		TEXT_SET(name, test);
		put(out, n++ == 0 ? ",\"failing\":[" : ",");
		put_string(out, name);
	}
	put(out, n > 0 ? "]" : "");
}

/* The facts */

static void put_cause(struct writer *out, const struct report *report) {
	member(out, "type", error_type_name(report->error_type));
	member(out, "cause", scan_cause(report->scan));
	member(out, "fingerprint", json_string_value(json_object_get(report->scan, "fingerprint")));
}

/* An incident that did not exist before. */
static bool is_new(const struct step_scene *scene, const struct incident *incident) {
	return !scene->has_incident || scene->incident.id != incident->id;
}

static void put_build(struct writer *out, const struct store_step *step,
	const struct step_scene *scene, const struct incident *incident) {
	const struct build *build = step->build;

	begin(out, "build", build->head_repository, build->project, build->branch);
	put(out, build->passed ? ",\"passed\":true" : ",\"passed\":false");
	member(out, "job", build->job);
	member(out, "step", build->step);
	member(out, "commit", build->commit);
	member(out, "number", build->build_number);
	if (!build->passed && step->report != NULL) {
		put(out, incident != NULL && is_new(scene, incident) ? ",\"opens\":true" : "");
		put_cause(out, step->report);
		put_failing(out, build->quality, step->report->scan);
	}
	if (build->quality != NULL) {
		put_quality(out, build->quality);
	}
}

static void put_incident(struct writer *out, const char *what, const struct incident *incident) {
	begin(out, what, incident->head_repository, incident->project, incident->branch);
}

static void put_ended(
	struct writer *out, const struct step_scene *scene, const struct incident *incident) {
	put_incident(out, "ended", incident);
	member(out, "state", incident_state_names[incident->state]);
	put(out, incident->verdict.outcome == VERDICT_READY ? ",\"proven\":true" : "");
	put(out,
		scene->has_incident && scene->incident.verdict.checked_at_ms == 0 ? ",\"first\":true"
										  : "");
	put(out, ",\"cycle\":");
	put_int(out, incident->cycle);
	member(out, "commit", incident->verdict.head_sha);
}

static bool is_end(enum incident_state state) {
	return !incident_is_active(state);
}

static void put_move(struct writer *out, const struct store_step *step,
	const struct step_scene *scene, const struct incident *incident) {
	bool opens = is_new(scene, incident);
	enum incident_state before = opens ? INCIDENT_STATE_COUNT : scene->incident.state;

	if (opens && step->report == NULL) { /* else its build tells */
		put_incident(out, "opened", incident);
		member(out, "type", error_type_name(incident->error_type));
	} else if (opens) {
		return;
	} else if (is_end(incident->state) && incident->state != before) {
		put_ended(out, scene, incident);
	} else if (before == INCIDENT_RESOLVED && !is_end(incident->state)) {
		put_incident(out, "reopened", incident);
	}
}

static void put_triggered(
	struct writer *out, const struct step_scene *scene, const struct incident *incident) {
	const char *lane = scene->task != NULL ? scene->task->lane : "";
	const char *slash = strchr(lane, '/');

	put_incident(out, "triggered", incident);
	member(out, "agent", slash != NULL ? slash + 1 : lane);
	member(out, "commit",
		incident->triggered_sha[0] != '\0' ? incident->triggered_sha : incident->head_sha);
}

/* What a check by hand found is nothing that the incident went through. */
static bool is_by_hand(const struct step_scene *scene) {
	return scene->task != NULL && scene->task->incident_id == 0;
}

/* What a lane "agent/fixer" posts is told by its trigger. */
static void put_fact(struct writer *out, const struct store_step *step,
	const struct step_scene *scene, const struct incident *incident, enum note_kind kind) {
	switch (kind) {
	case NOTE_REPORT:
	case NOTE_BUILD:
		if (step->build != NULL) {
			put_build(out, step, scene, incident);
		}
		break;
	case NOTE_INCIDENT:
		if (incident != NULL) {
			put_move(out, step, scene, incident);
		}
		break;
	case NOTE_TRIGGERED:
		if (incident != NULL) {
			put_triggered(out, scene, incident);
		}
		break;
	case NOTE_VERDICT:
		if (incident != NULL && !is_by_hand(scene)) {
			put_incident(out, "verdict", incident);
			member(out, "commit", incident->verdict.head_sha);
		}
		break;
	case NOTE_PUBLISHED:
		if (incident != NULL) {
			put_incident(out, "published", incident);
		}
		break;
	case NOTE_CYCLE:
	case NOTE_TASK:
	case NOTE_AGENT:
	case NOTE_NOTIFY:
	case NOTE_OPERATOR:
	case NOTE_DAEMON:
	case NOTE_KIND_COUNT: break;
	}
}

int fact_make(const struct store_step *step, const struct step_scene *scene,
	const struct incident *incident, enum note_kind kind, char **ret_data) {
	struct writer out = { .status = 0 };

	buffer_init(&out.text, FACT_MAX_BYTES);
	put_fact(&out, step, scene, incident, kind);
	if (out.text.len > 0) {
		put(&out, "}");
		*ret_data = out.status == 0 ? buffer_steal(&out.text) : NULL;
		out.status = *ret_data == NULL && out.status == 0 ? -ENOMEM : out.status;
	}
	buffer_finish(&out.text);
	return out.status;
}
