#include "daemon/agent/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/redact/redact.h"
#include "common/text.h"
#include "daemon/agent/prompt.h"
#include "daemon/model/scan.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"
#define ENV_FINDINGS_MAX_BYTES (16 * 1024)

/* Of our own environment the child gets these, when they are set. Nothing of systemd's, no token. */
static const char *const inherited[] = {
	"HOME",
	"LANG",
	"LC_ALL",
	"LOGNAME",
	"PATH",
	"SHELL",
	"TMPDIR",
	"TZ",
	"USER",
};

void command_environment_finish(struct command_environment *env) {
	for (size_t i = 0; i < env->n; i++) {
		free(env->entries[i]);
	}
}

/* Adds `NAME=value`; the first failure sticks. */
static printf_like(3, 4) void set(
	struct command_environment *env, const char *name, const char *fmt, ...) {
	_cleanup_(freep) char *value = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&value, fmt, ap);
	va_end(ap);
	if (r < 0) {
		value = NULL;
		env->status = -ENOMEM;
		return;
	}
	if (env->n == COMMAND_ENV_MAX || asprintf(&env->entries[env->n], "%s=%s", name, value) < 0) {
		env->entries[env->n] = NULL;
		env->status = -ENOMEM;
		return;
	}
	env->n++;
}

void command_environment_inherit(struct command_environment *env) {
	for (size_t i = 0; i < ARRAY_SIZE(inherited); i++) {
		const char *value = getenv(inherited[i]);

		if (value) {
			set(env, inherited[i], "%s", value);
		}
	}
	if (!getenv("PATH")) {
		set(env, "PATH", "%s", DEFAULT_PATH);
	}
}

/* `file:line` a line, each place once; those that fit. */
static void set_findings(struct command_environment *env, const json_t *scan) {
	_cleanup_(buffer_finish) struct buffer places;
	struct scan_finding finding;
	char place[LIMIT_NAME_MAX * 2] = "", last[LIMIT_NAME_MAX * 2] = "";
	int r = 0;

	buffer_init(&places, ENV_FINDINGS_MAX_BYTES);
	for (size_t i = 0; i < scan_n_findings(scan) && r == 0; i++) {
		if (!scan_finding(scan, i, &finding) || !*finding.file) {
			continue;
		}
		text_format(place, sizeof(place), "%s:%" PRId64, finding.file, finding.line);
		if (strcmp(place, last) != 0) {
			r = buffer_appendf(&places, "%s%s", places.len > 0 ? "\n" : "", place);
		}
		TEXT_SET(last, place);
	}
	set(env, "CODEGEN_FINDINGS", "%s", places.len > 0 ? places.data : "");
}

/* What the scan of the log says. Hostile as the log is: a script must not run any of it. */
static void set_scan(struct command_environment *env, const json_t *scan) {
	_cleanup_(freep) char *headline = strdup(scan_headline(scan));

	if (!headline || redact_text(&headline, NULL) < 0) {
		env->status = -ENOMEM;
		return;
	}
	set(env, "CODEGEN_CAUSE", "%s", scan_cause(scan));
	set(env, "CODEGEN_HEADLINE", "%s", headline);
	set(env, "CODEGEN_STAGE", "%s", scan_stage(scan));
	set_findings(env, scan);
}

/* codegend.conf(5) describes them. What is unknown is empty, so that a script can test it. */
void command_environment_facts(
	struct command_environment *env, const struct agent_start *start, const char *report_file) {
	const struct incident *incident = start->incident;
	const struct report *report = start->report;
	int64_t pull_request = prompt_pull_request(incident, report);
	char id[ID_TEXT_MAX];
	char number[32] = "";

	if (pull_request > 0) {
		snprintf(number, sizeof(number), "%" PRId64, pull_request);
	}
	set(env, "CODEGEN_BRANCH", "%s", incident->branch);
	set(env, "CODEGEN_BUILD_NUMBER", "%s", report->build_number);
	set(env, "CODEGEN_COMMIT", "%s", prompt_commit(incident, report));
	set(env, "CODEGEN_CYCLE", "%" PRId64, incident->cycle);
	set(env, "CODEGEN_ERROR_TYPE", "%s", error_type_name(incident->error_type));
	set(env, "CODEGEN_HEAD_REPOSITORY", "%s",
		*incident->head_repository ? incident->head_repository : incident->project);
	set(env, "CODEGEN_INCIDENT", "%s", id_format(ID_INCIDENT, incident->id, id));
	set(env, "CODEGEN_JOB", "%s", report->job);
	set(env, "CODEGEN_PROJECT", "%s", incident->project);
	set(env, "CODEGEN_PULL_REQUEST", "%s", number);
	if (report_file) {
		set(env, COMMAND_REPORT_VARIABLE, "%s", report_file);
	}
	set(env, "CODEGEN_STEP", "%s", report->step);
	set_scan(env, report->scan);
	set(env, "CODEGEN_TASK", "%s", id_format(ID_TASK, start->task->id, id));
}
