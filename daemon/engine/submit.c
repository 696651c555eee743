#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/redact/redact.h"
#include "common/text.h"
#include "daemon/engine/engine_internal.h"
#include "daemon/engine/lifecycle_internal.h"
#include "daemon/model/redact.h"

/* Replaces an owned text by its clean form. */
static int clean(char **text) {
	char *cleaned;

	if (*text == NULL) {
		return 0;
	}
	cleaned = text_clean(*text, strlen(*text));
	if (cleaned == NULL) {
		return -ENOMEM;
	}
	free(*text);
	*text = cleaned;
	return 0;
}

/* Cleaned first, because the model's rules are for what people read. */
static int make_fit(struct engine_submit *submit) {
	struct report *report = &submit->report;
	char **const texts[] = { &report->details, &report->command, &report->log };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts) && r == 0; i++) {
		r = clean(texts[i]);
	}
	if (r == 0) {
		r = report_redact(report, submit->build.quality);
	}
	return r;
}

/* The build that a report or a pass stands for. */
static void fill_build(struct build *build, const struct report *report, bool passed) {
	TEXT_SET(build->project, report->project);
	TEXT_SET(build->head_repository, report->head_repository);
	TEXT_SET(build->branch, report->branch);
	TEXT_SET(build->job, report->job);
	TEXT_SET(build->step, report->step);
	TEXT_SET(build->commit, report->commit);
	TEXT_SET(build->build_number, report->build_number);
	build->passed = passed;
}

static void submitted(struct store_req *req, int status) {
	struct store_step *step = container_of(req, struct store_step, req);
	struct engine_submit *submit = container_of(step, struct engine_submit, step);

	engine_committed(submit->engine, step, status);
	submit->answer = step->answer;
	TEXT_SET(submit->sentence, step->refusal);
	submit->done(submit, status);
}

/* As GitHub names what it keeps. */
static bool is_owner_and_name(const char *project) {
	const char *slash = strchr(project, '/');

	return slash != NULL && slash != project && slash[1] != '\0';
}

static int prepare(struct engine *engine, struct engine_submit *submit) {
	struct report *report = &submit->report;
	int r;

	config_spell_project(engine->config, report->project);
	r = config_policy(engine->config, report->project, &submit->policy);
	if (r < 0) {
		text_format(submit->sentence, sizeof(submit->sentence),
			"Project \"%s\" is not in the configuration, and unknown-projects = deny.",
			report->project);
		return r;
	}
	if (submit->policy.forge_tells && !is_owner_and_name(report->project)) {
		text_format(submit->sentence, sizeof(submit->sentence),
			"Project \"%s\" is on forge \"%s\", where a project is \"owner/name\": submit it as that.",
			report->project, submit->policy.forge);
		return -EACCES;
	}
	if (report->at_ms == 0) {
		report->at_ms = clock_now_ms();
	}
	submit->build.at_ms = report->at_ms;
	if (submit->policy.forge_tells) {
		text_lower(report->head_repository);
	}
	if (strcmp(report->head_repository, report->project) == 0) {
		report->head_repository[0] = '\0';
	}
	r = make_fit(submit);
	if (r == 0) {
		fill_build(&submit->build, report, submit->passed);
	}
	return r;
}

/* A branch that an agent makes belongs to what it was triggered for. */
static void find_agent_of_branch(struct engine *engine, struct engine_submit *submit) {
	const struct report *report = &submit->report;
	const struct config_agent *agent =
		config_find_agent_of_branch(engine->config, report->project, report->branch);

	submit->agent_lane[0] = '\0';
	if (agent != NULL &&
		report->head_repository[0] == '\0') { /* anybody can name a branch of a fork so */
		text_format(submit->agent_lane, sizeof(submit->agent_lane), "agent/%s", agent->name);
	}
}

int engine_submit(struct engine *engine, struct engine_submit *submit,
	void (*done)(struct engine_submit *, int)) {
	struct report *report = &submit->report;
	int r = prepare(engine, submit);

	if (r < 0) {
		return r;
	}
	submit->engine = engine;
	submit->done = done;
	find_agent_of_branch(engine, submit);
	submit->step = (struct store_step){ .scope = submit->passed ? STEP_BY_BRANCH : STEP_BY_KEY,
		.policy = &submit->policy,
		.key = submit->key,
		.event = { .type = submit->passed ? EVENT_BUILD_PASSED : EVENT_REPORT,
			.report = submit->passed ? NULL : report,
			.build = &submit->build },
		.report = submit->passed ? NULL : report,
		.build = &submit->build,
		.project = report->project,
		.head_repository = report->head_repository,
		.branch = report->branch,
		.error_type = report->error_type,
		.max_pending = submit->is_unbounded ? 0 : engine->config->max_pending_per_user,
		.agent_lane = submit->agent_lane[0] != '\0' ? submit->agent_lane : NULL };
	if (submit->passed) {
		char step[2 * LIMIT_NAME_MAX + 32];

		report_format_step(report, step, sizeof(step));
		text_format(submit->sentence, sizeof(submit->sentence), "%s passed on %s.", step,
			report->commit[0] != '\0' ? report->commit : "an unknown commit");
		submit->step.note = submit->sentence;
	}
	r = engine_step(engine, &submit->step, submitted);
	if (r < 0) {
		/* What was to be noted is no reason for a refusal. */
		submit->sentence[0] = '\0';
	}
	return r;
}

void engine_submit_finish(struct engine_submit *submit) {
	store_step_finish(&submit->step);
	report_finish(&submit->report);
	build_finish(&submit->build);
}
