#include "tests/unit/store/harness.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

static struct fixture *current;
struct step_result scripted;
struct step_input last_input;

static void on_failed(void *user, const char *sentence) {
	struct fixture *fixture = user;

	fixture->n_failures++;
	TEXT_SET(fixture->failure, sentence);
}

static void on_closed(void *user) {
	((struct fixture *)user)->n_closed++;
}

int fixture_setup_closed(void **state) {
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	assert_int_equal(uv_loop_init(&fixture->loop), 0);
	TEXT_SET(fixture->directory, "/tmp/test-store-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	text_format(fixture->path, sizeof(fixture->path), "%s/codegend.db", fixture->directory);
	current = fixture;
	memset(&scripted, 0, sizeof(scripted));
	*state = fixture;
	return 0;
}

int fixture_setup(void **state) {
	fixture_setup_closed(state);
	return fixture_open(*state);
}

int fixture_teardown(void **state) {
	struct fixture *fixture = *state;

	fixture_close(fixture);
	assert_int_equal(uv_loop_close(&fixture->loop), 0);
	assert_int_equal(fd_remove_tree(fixture->directory), 0);
	free(fixture);
	return 0;
}

int fixture_open(struct fixture *fixture) {
	return store_open(&fixture->loop, fixture->path, on_failed, fixture, &fixture->store,
		fixture->sentence);
}

void fixture_close(struct fixture *fixture) {
	int n = fixture->n_closed;

	if (fixture->store == NULL) {
		return;
	}
	store_close(fixture->store, on_closed, fixture);
	fixture->store = NULL;
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	assert_int_equal(fixture->n_closed, n + 1);
}

void request_done(struct store_req *req, int status) {
	assert_int_equal(req->status, status);
	current->n_done++;
}

void fixture_wait(struct fixture *fixture, int n) {
	while (fixture->n_done < n) {
		uv_run(&fixture->loop, UV_RUN_ONCE);
	}
	fixture->n_done -= n;
}

int run(struct fixture *fixture, const struct store_req *req, int queued) {
	assert_int_equal(queued, 0);
	/* Never from inside the call. */
	assert_int_equal(fixture->n_done, 0);
	fixture_wait(fixture, 1);
	return req->status;
}

int64_t file_sql(struct fixture *fixture, const char *sql) {
	sqlite3 *sqlite = NULL;
	sqlite3_stmt *statement = NULL;
	int64_t value = 0;

	assert_null(fixture->store);
	assert_int_equal(sqlite3_open_v2(fixture->path, &sqlite,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix"),
		SQLITE_OK);
	while (*sql != '\0') {
		assert_int_equal(sqlite3_prepare_v2(sqlite, sql, -1, &statement, &sql), SQLITE_OK);
		if (sqlite3_step(statement) == SQLITE_ROW) {
			value = sqlite3_column_int64(statement, 0);
		}
		assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	}
	assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
	return value;
}

void submission_init(
	struct submission *submission, const char *branch, const char *key, int64_t now_ms) {
	struct report *report = &submission->report;
	struct build *build = &submission->build;
	struct store_step *step = &submission->step;

	memset(submission, 0, sizeof(*submission));
	TEXT_SET(report->project, "acme/web");
	TEXT_SET(report->branch, branch);
	TEXT_SET(report->commit, "eff9f61");
	TEXT_SET(report->build_number, "11");
	TEXT_SET(report->job, "build");
	TEXT_SET(report->step, "npm test");
	report->error_type = ERROR_TEST;
	TEXT_SET(build->project, report->project);
	TEXT_SET(build->branch, branch);
	TEXT_SET(build->job, "build");
	TEXT_SET(build->step, "npm test");
	TEXT_SET(build->commit, "eff9f61");
	TEXT_SET(submission->key, key);
	step->scope = STEP_BY_KEY;
	step->decide = decide_report;
	step->now_ms = now_ms;
	step->key = submission->key;
	step->event = (struct event){ .type = EVENT_REPORT, .report = report, .build = build };
	step->report = report;
	step->build = build;
	step->project = report->project;
	step->head_repository = report->head_repository;
	step->branch = report->branch;
	step->error_type = report->error_type;
}

int submit(struct fixture *fixture, struct submission *submission) {
	return run(fixture, &submission->step.req,
		store_step(fixture->store, &submission->step, request_done));
}

int64_t submit_simple(struct fixture *fixture, const char *branch, int64_t now_ms) {
	struct submission submission;
	int64_t id;

	submission_init(&submission, branch, "", now_ms);
	assert_int_equal(submit(fixture, &submission), 0);
	id = submission.step.answer.incident_id;
	store_step_finish(&submission.step);
	return id;
}

static void add(struct step_result *ret, enum task_type type, int64_t due_ms) {
	struct task_change *change = &ret->changes[ret->n_changes++];

	change->verb = CHANGE_ADD;
	change->type = type;
	change->due_ms = due_ms;
	TEXT_SET(change->lane, "forge/local");
	TEXT_SET(change->reason, "Because.");
}

void decide_report(const struct step_input *input, struct step_result *ret) {
	const struct report *report = input->event->report;
	struct incident *incident = &ret->incident;

	ret->has_incident = true;
	if (input->incident != NULL) {
		*incident = *input->incident;
	} else {
		TEXT_SET(incident->project, report->project);
		TEXT_SET(incident->head_repository, report->head_repository);
		TEXT_SET(incident->branch, report->branch);
		incident->error_type = report->error_type;
		incident->submitter_uid = report->submitter_uid;
		incident->opened_ms = input->now_ms;
		incident->cycle = 1;
		add(ret, TASK_PUBLISH_REPORT, input->now_ms);
		add(ret, TASK_PR_READINESS_CHECK, input->now_ms + HOUR);
	}
	TEXT_SET(incident->head_sha, report->commit);
	incident->report_id = report->id;
	incident->updated_ms = input->now_ms;
	incident->revision++;
	incident->n_reports++;
	ret->notes[0].kind = NOTE_REPORT;
	TEXT_SET(ret->notes[0].message, "It failed.");
	ret->n_notes = 1;
}

void decide_complete(const struct step_input *input, struct step_result *ret) {
	ret->has_task = true;
	ret->task = *input->task;
	ret->task.instructions = NULL;
	ret->task.result = input->event->result;
	ret->task.status = TASK_COMPLETED;
	TEXT_SET(ret->task.reason, "Done.");
}

void decide_scripted(const struct step_input *input, struct step_result *ret) {
	last_input = *input;
	*ret = scripted;
	if (scripted.has_incident && input->incident != NULL) {
		ret->incident = *input->incident;
		ret->incident.state = scripted.incident.state;
		ret->incident.updated_ms = input->now_ms;
		if (scripted.incident.follow_up_ms != 0) {
			ret->incident.follow_up_ms = scripted.incident.follow_up_ms;
		}
		if (scripted.incident.life_due_ms != 0) {
			ret->incident.life_due_ms = scripted.incident.life_due_ms;
		}
	}
	if (scripted.has_task) {
		ret->task = *input->task;
		ret->task.instructions = NULL;
		ret->task.result = input->event->result;
		ret->task.status = scripted.task.status;
		ret->task.due_ms =
			scripted.task.due_ms != 0 ? scripted.task.due_ms : input->task->due_ms;
		ret->task.started_ms = scripted.task.started_ms;
		if (scripted.task.reason[0] != '\0') {
			TEXT_SET(ret->task.reason, scripted.task.reason);
		}
		if (input->event->type == EVENT_TRIGGER_ASKED && ret->task.status == TASK_SCHEDULED) {
			ret->task.attempt--; /* as the lifecycle: put off, nothing was tried */
		}
	}
}

void task_step_init(struct store_step *step, enum event_type type, int64_t task_id, int64_t now_ms,
	step_decide_fn *decide) {
	memset(step, 0, sizeof(*step));
	step->scope = STEP_BY_TASK;
	step->event.type = type;
	step->task_id = task_id;
	step->now_ms = now_ms;
	step->decide = decide;
}

int64_t claim_one(struct fixture *fixture, int64_t now_ms) {
	struct store_claim claim = { .lane = "forge/local", .now_ms = now_ms, .limit = 1 };
	int64_t id;

	assert_int_equal(
		run(fixture, &claim.req, store_claim(fixture->store, &claim, request_done)), 0);
	id = claim.n_tasks == 0 ? 0 : claim.tasks[0].id;
	store_claim_finish(&claim);
	return id;
}

int64_t find_task(struct fixture *f, int64_t incident_id, enum task_type type) {
	struct store_page page = {
		.kind = STORE_TASKS, .status = -1, .type = type, .incident_id = incident_id, .limit = 1
	};
	int64_t id;

	assert_int_equal(run(f, &page.req, store_page(f->store, &page, request_done)), 0);
	id = page.n_rows == 0 ? 0 : page.tasks[0].id;
	store_page_finish(&page);
	return id;
}

void script_change(enum change_verb verb, enum task_type type, int64_t due_ms) {
	struct task_change *change = &scripted.changes[scripted.n_changes++];

	change->verb = verb;
	change->type = type;
	change->due_ms = due_ms;
	TEXT_SET(change->lane, "forge/local");
	TEXT_SET(change->reason, "Scripted.");
}

int incident_step(struct fixture *f, int64_t incident_id, int64_t now_ms, struct store_step *step) {
	memset(step, 0, sizeof(*step));
	step->scope = STEP_BY_INCIDENT;
	step->event.type = EVENT_INCIDENT_RETRY;
	step->incident_id = incident_id;
	step->now_ms = now_ms;
	step->decide = decide_scripted;
	return run(f, &step->req, store_step(f->store, step, request_done));
}
