/* Commits, their jobs, and the clients that report them: each with a key of its own, until it is answered. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/sim/sim.h"

/* As of one CI step: it outlives the daemon, like a file in the spool. */
struct submission {
	char key[LIMIT_KEY_MAX];
	struct sim_branch *branch;
	size_t job;
	int64_t head;
	int64_t at_ms;
	bool red;
	bool answered;
};

static const enum error_type types[SIM_JOBS] = { ERROR_TEST, ERROR_LINT, ERROR_BUILD };

enum error_type sim_job_type(size_t job) {
	return types[job];
}

struct sim_branch *sim_find_branch(const char *project, const char *name) {
	for (size_t i = 0; i < ARRAY_SIZE(sim.branches); i++) {
		struct sim_branch *branch = &sim.branches[i];

		if (strcmp(branch->project, project) == 0 && strcmp(branch->name, name) == 0) {
			return branch;
		}
	}
	sim_broken("nobody made branch \"%s\" of \"%s\"", name, project);
}

/* Commits of a branch differ in their first digits: abbreviations are compared. */
void sim_format_head(const struct sim_branch *branch, int64_t head, char out[LIMIT_COMMIT_MAX]) {
	text_format(out, LIMIT_COMMIT_MAX, "%04" PRIx64 "%04zx00000000000000000000000000000000",
		(uint64_t)head, (size_t)(branch - sim.branches));
}

/* Submitting */

static void try_to_submit(void *user);

/* Told green: from the moment it is sent. Told red: from the moment it is acknowledged. */
static void tell(const struct submission *submission, bool red) {
	struct sim_job *job = &submission->branch->jobs[submission->job];

	if (!job->told || submission->head >= job->told_head) {
		job->told = true;
		job->told_red = red;
		job->told_head = submission->head;
	}
}

struct sending {
	struct engine_submit submit;
	struct submission *submission;
};

static void submitted(struct engine_submit *submit, int status) {
	struct sending *sending = container_of(submit, struct sending, submit);
	struct submission *submission = sending->submission;

	if (status == 0 && !submission->answered) {
		submission->answered = true;
		sim.n_pending--;
		if (submission->red) {
			tell(submission, true);
		}
		sim_say("%s of %s: job %zu is %s on %" PRId64, submission->branch->name,
			submission->branch->project, submission->job,
			submission->red ? "red" : "green", submission->head);
	}
	engine_submit_finish(submit);
	free(sending);
}

static void send_it(struct submission *submission) {
	struct sending *sending = calloc(1, sizeof(*sending));
	struct engine_submit *submit = &sending->submit;
	struct report *report = &submit->report;
	int r;

	sending->submission = submission;
	TEXT_SET(submit->key, submission->key);
	submit->passed = !submission->red;
	report->at_ms = submission->at_ms;
	report->error_type = types[submission->job];
	report->exit_code = 1;
	TEXT_SET(report->project, submission->branch->project);
	TEXT_SET(report->branch, submission->branch->name);
	text_format(report->job, sizeof(report->job), "job-%zu", submission->job);
	sim_format_head(submission->branch, submission->head, report->commit);
	text_format(report->build_number, sizeof(report->build_number), "%" PRId64, submission->head);
	if (!submission->red) {
		tell(submission, false);
	}
	r = engine_submit(sim.engine, submit, submitted);
	if (r < 0) {
		engine_submit_finish(submit);
		free(sending);
	}
}

/* Whoever has no answer tries again, with the same key. */
static void try_to_submit(void *user) {
	struct submission *submission = user;

	if (submission->answered) {
		free(submission);
		return;
	}
	if (sim_daemon_is_up()) {
		send_it(submission);
	}
	sim_after(2000 + (int64_t)sim_random(5 * (uint64_t)CLOCK_MINUTE_MS), try_to_submit,
		submission);
}

static void job_ends(void *user) {
	struct submission *submission = user;

	submission->at_ms = sim_wall_ms();
	try_to_submit(submission);
}

void sim_push(struct sim_branch *branch) {
	branch->head++;
	branch->gone = false;
	for (size_t i = 0; i < SIM_JOBS; i++) {
		struct submission *submission = calloc(1, sizeof(*submission));

		submission->branch = branch;
		submission->job = i;
		submission->head = branch->head;
		submission->red = branch->jobs[i].red;
		text_format(submission->key, sizeof(submission->key), "key-%zu-%" PRId64 "-%zu",
			(size_t)(branch - sim.branches), branch->head, i);
		sim.n_reports += submission->red ? 1 : 0;
		sim.n_pending++;
		sim_after(CLOCK_MINUTE_MS + (int64_t)sim_random(20 * (uint64_t)CLOCK_MINUTE_MS),
			job_ends, submission);
	}
}

void sim_repair(struct sim_branch *branch, enum error_type type) {
	bool repaired = sim_chance(sim.chances.agent_skill);

	for (size_t i = 0; i < SIM_JOBS; i++) {
		if (types[i] == type && repaired) {
			branch->jobs[i].red = false;
		} else if (types[i] != type && sim_fault(sim.chances.agent_breaks)) {
			branch->jobs[i].red = true;
		}
	}
	sim_push(branch);
}

/* People's commits */

static void develop(void *user) {
	struct sim_branch *branch = user;

	if (sim.calm) {
		return;
	}
	for (size_t i = 0; i < SIM_JOBS; i++) {
		branch->jobs[i].red = sim_chance(200);
	}
	sim_push(branch);
	if (sim_chance(40)) {
		branch->gone = true;
	}
	sim_after(CLOCK_HOUR_MS + (int64_t)sim_random((uint64_t)CLOCK_DAY_MS), develop, branch);
}

void sim_ci_begin(void) {
	for (size_t i = 0; i < ARRAY_SIZE(sim.branches); i++) {
		struct sim_branch *branch = &sim.branches[i];

		/* Most worlds are small: what goes wrong between two branches goes wrong between few. */
		if (i > 0 && sim_chance(750)) {
			continue;
		}
		text_format(branch->project, sizeof(branch->project), "acme/%s",
			i % SIM_PROJECTS == 0 ? "web" : "app");
		text_format(branch->name, sizeof(branch->name), "branch-%zu", i);
		sim_after((int64_t)sim_random(4 * (uint64_t)CLOCK_HOUR_MS), develop, branch);
	}
}
