#include "client/command.h"

#include <stdlib.h>
#include <string.h>

#include "client/cmd.h"
#include "common/text.h"

const struct option_row global_options[] = {
	/* sorted */
	{ "help", OPTION_FLAG, NULL, "show help, of the command when one is given" },
	{ "json", OPTION_FLAG, NULL, "print JSON: one document, or one object a line" },
	{ "no-color", OPTION_FLAG, NULL, "no colours on a terminal (as with $NO_COLOR)" },
	{ "quiet", OPTION_FLAG, NULL, "print nothing for people, only errors and JSON" },
	{ "socket", OPTION_TEXT, "PATH", "the daemon's socket (else $CODEGEN_SOCKET)" },
	{ "timeout", OPTION_NUMBER, "SECONDS", "how long to wait for an answer; 0: for ever" },
	{ "user", OPTION_FLAG, NULL, "talk to this user's own daemon" },
	{ "version", OPTION_FLAG, NULL, "show the version of codegenctl" },
	OPTIONS_END,
};

static const struct option_row backup_options[] = {
	{ "force", OPTION_FLAG, NULL, "replace a file of that name" },
	OPTIONS_END,
};

static const struct option_row check_options[] = {
	{ "all", OPTION_FLAG, NULL, "also the tasks that are not due yet" },
	OPTIONS_END,
};

static const struct option_row cleanup_options[] = {
	{ "dry-run", OPTION_FLAG, NULL, "only count" },
	{ "force", OPTION_FLAG, NULL, "also tasks that are stuck in executing" },
	{ "older-than", OPTION_SPAN, "DURATION", "finished before that long ago, such as 7d" },
	OPTIONS_END,
};

static const struct option_row digest_options[] = {
	{ "project", OPTION_TEXT, "PROJECT", "only of that project" },
	{ "since", OPTION_TEXT, "TIME",
		"from then on, or so many days before today, such as 7d (1d)" },
	{ "until", OPTION_TEXT, "TIME", "up to then (yesterday, or now when --since is a time)" },
	OPTIONS_END,
};

static const struct option_row incidents_options[] = {
	{ "limit", OPTION_NUMBER, "N", "at most N of them, 0 for all (100)" },
	{ "project", OPTION_TEXT, "PROJECT", "only of that project" },
	{ "state", OPTION_TEXT, "STATE", "open, waiting, resolved, escalated or abandoned" },
	OPTIONS_END,
};

static const struct option_row ready_options[] = {
	{ "branch", OPTION_TEXT, "BRANCH", "the branch (else git's)" },
	{ "project", OPTION_TEXT, "PROJECT", "the project (else from git's remote)" },
	{ "pull-request", OPTION_PULL, "N", "the pull request, instead of a branch" },
	{ "wait", OPTION_FLAG, NULL, "wait until it is ready or cannot become so by itself" },
	OPTIONS_END,
};

static const struct option_row report_page_options[] = {
	{ "output", OPTION_TEXT, "FILE", "the file to write (also -o); - is standard output" },
	{ "project", OPTION_TEXT, "PROJECT", "only of that project" },
	{ "since", OPTION_TEXT, "TIME", "from then on, or for that long, such as 7d (30d)" },
	{ "until", OPTION_TEXT, "TIME", "up to then (now)" },
	OPTIONS_END,
};

static const struct option_row reports_options[] = {
	{ "incident", OPTION_TEXT, "ID", "only of that incident" },
	{ "limit", OPTION_NUMBER, "N", "at most N of them, 0 for all (100)" },
	{ "project", OPTION_TEXT, "PROJECT", "only of that project" },
	OPTIONS_END,
};

/* What `run` and `submit` share, in the parts between which only `submit` has more. */
#define STEP_OPTIONS_TO_COVERAGE                                                                    \
	{ "branch", OPTION_TEXT, "BRANCH", "the branch that was built (else the CI's, git's)" },    \
		{ "build-number", OPTION_TEXT, "N", "the build's number (else the CI's)" },         \
		{ "build-url", OPTION_TEXT, "URL", "where the build can be seen (else the CI's)" }, \
		{ "command", OPTION_TEXT, "COMMAND", "the command, as it is to be shown" },         \
		{ "commit", OPTION_COMMIT, "COMMIT",                                                \
			"the commit that was built (else the CI's, git's)" },                       \
	{                                                                                           \
		"coverage", OPTION_TEXT, "FILE", "a coverage report the step wrote"                 \
	}
#define STEP_OPTIONS_TO_LINT                                                                          \
	{ "head-repository", OPTION_TEXT, "NAME", "owner/name of the fork a pull request is from" },  \
		{ "job", OPTION_TEXT, "NAME", "the CI job, matrix legs apart (else the CI's)" },      \
		{ "key", OPTION_TEXT, "KEY", "makes it idempotent: the same key is one submission" }, \
	{                                                                                             \
		"lint", OPTION_TEXT, "FILE", "lint results the step wrote"                            \
	}
#define STEP_OPTIONS_TO_TESTS                                                                       \
	{ "project", OPTION_TEXT, "PROJECT", "owner/name (else the CI's, git's remote)" },          \
		{ "pull-request", OPTION_PULL, "N", "the pull request's number (else the CI's)" },  \
		{ "security", OPTION_TEXT, "FILE", "security scan results the step wrote" },        \
		{ "spool-directory", OPTION_TEXT, "DIR", "where it waits when no daemon answers" }, \
		{ "step", OPTION_TEXT, "NAME", "the step of the job (else the command)" },          \
		{ "strict", OPTION_FLAG, NULL, "fail when the report was not taken" }, {            \
		"tests", OPTION_TEXT, "FILE", "test results the step wrote"                         \
	}

static const struct option_row run_options[] = {
	STEP_OPTIONS_TO_COVERAGE,
	STEP_OPTIONS_TO_LINT,
	STEP_OPTIONS_TO_TESTS,
	OPTIONS_END,
};

static const struct option_row schedule_options[] = {
	{ "branch", OPTION_TEXT, "BRANCH", "the branch to check (else git's)" },
	{ "build-number", OPTION_TEXT, "N", "the build's number" },
	{ "commit", OPTION_COMMIT, "COMMIT", "the commit (else git's)" },
	{ "delay", OPTION_SPAN, "DURATION", "due after that long, such as 30m (1h)" },
	{ "instructions", OPTION_TEXT, "TEXT", "what to look at, for whoever repairs" },
	{ "project", OPTION_TEXT, "PROJECT", "the project (else from git's remote)" },
	OPTIONS_END,
};

static const struct option_row stats_options[] = {
	{ "branch", OPTION_TEXT, "BRANCH", "only of that branch of --project" },
	{ "project", OPTION_TEXT, "PROJECT", "only of that project" },
	{ "prometheus", OPTION_FLAG, NULL, "print them in the Prometheus text format" },
	{ "recompute", OPTION_FLAG, NULL, "compute everything anew out of the event log first" },
	{ "since", OPTION_TEXT, "TIME", "from then on, or for that long, such as 7d (30d)" },
	{ "until", OPTION_TEXT, "TIME", "up to then (now)" },
	OPTIONS_END,
};

static const struct option_row submit_options[] = {
	STEP_OPTIONS_TO_COVERAGE,
	{ "exit-code", OPTION_EXIT, "N", "what the command returned" },
	STEP_OPTIONS_TO_LINT,
	{ "log", OPTION_TEXT, "FILE", "the step's output; - reads it from standard input" },
	{ "passed", OPTION_FLAG, NULL, "report a green build instead of a failure" },
	STEP_OPTIONS_TO_TESTS,
	OPTIONS_END,
};

static const struct option_row task_options[] = {
	{ "delay", OPTION_SPAN, "DURATION", "with snooze: due that long from now (1h)" },
	OPTIONS_END,
};

static const struct option_row tasks_options[] = {
	{ "incident", OPTION_TEXT, "ID", "only of that incident" },
	{ "limit", OPTION_NUMBER, "N", "at most N of them, 0 for all (100)" },
	{ "status", OPTION_TEXT, "STATUS", "scheduled, executing, completed, failed or cancelled" },
	{ "type", OPTION_TEXT, "TYPE", "publish_report, trigger_agent, pr_readiness_check or notify" },
	OPTIONS_END,
};

static const struct option_row watch_options[] = {
	{ "last", OPTION_NUMBER, "N", "first the last N events" },
	{ "since", OPTION_NUMBER, "N", "first the events after number N" },
	OPTIONS_END,
};

static const char *const incident_words[] = { "show", "close", "release", "retry", NULL };
static const char *const report_words[] = { "show", NULL };
static const char *const shell_words[] = { "bash", "zsh", "fish", NULL };
static const char *const task_words[] = { "show", "run", "cancel", "retry", "snooze", NULL };

static const char submit_more[] =
	"A submission takes at most 2 s and never breaks the build: it returns 0 whatever happens, unless\n"
	"--strict is given (1 refused, 2 wrong use, 75 kept in the spool until a daemon takes it).\n\n"
	"  codegenctl submit build_failure \"Next.js build failed\"\n"
	"  npm test 2>&1 | codegenctl submit test_failure --job test --command \"npm test\" --log -\n"
	"  codegenctl submit --passed --job test --command \"npm test\"\n";
static const char run_more[] =
	"The command's output, input, signals and exit code are as without codegenctl. A failure or a pass is\n"
	"reported when it has ended, which takes at most 2 s. Returns the command's exit code, 128+N when signal N\n"
	"ended it, 125 when codegenctl failed, 126 when the command cannot be executed, 127 when it was not found.\n\n"
	"  codegenctl run -- npm test\n"
	"  codegenctl run --job \"test (node 20)\" --step test --tests junit.xml -- npm test\n";
static const char doctor_more[] = "Returns 1 when something is a problem; warnings alone are 0.\n";
static const char stats_more[] =
	"Whole UTC days are counted; a TIME is a duration, a day such as 2026-11-22 or RFC 3339.\n";
static const char top_more[] =
	"Keys: arrows or j and k select, PgUp and PgDn by pages, Home or g the first, End or G the\n"
	"last row; Enter shows, e explains, r runs or retries, c cancels or closes, p pauses or\n"
	"resumes everything (these three ask first), ? helps, q quits.\n";
static const char ready_more[] = "Returns 0 ready, 1 not ready, 8 pending.\n";

const struct command commands[] = {
	/* sorted; the rows are group, synopsis, help, socket, arguments, function */
	{ .name = "backup",
		.group = GROUP_REST,
		.arguments = "FILE",
		.min_args = 1,
		.max_args = 1,
		.help = "copy the database into a file, while the daemon runs",
		.run = cmd_backup,
		.options = backup_options },
	{ .name = "check",
		.group = GROUP_ACT,
		.arguments = "",
		.waits = true,
		.help = "execute every due task now and wait",
		.run = cmd_check,
		.options = check_options },
	{ .name = "cleanup",
		.group = GROUP_ACT,
		.arguments = "",
		.help = "remove old finished tasks",
		.run = cmd_cleanup,
		.options = cleanup_options },
	{ .name = "completion",
		.group = GROUP_REST,
		.arguments = "bash|zsh|fish",
		.help = "print the completions for a shell",
		.run = cmd_completion,
		.min_args = 1,
		.max_args = 1,
		.words = shell_words },
	{ .name = "config",
		.group = GROUP_REST,
		.arguments = "",
		.help = "print the settings in force, and where each comes from",
		.run = cmd_config },
	{ .name = "digest",
		.group = GROUP_LOOK,
		.arguments = "",
		.help = "yesterday in a few lines of Markdown",
		.more = stats_more,
		.run = cmd_digest,
		.options = digest_options },
	{ .name = "doctor",
		.group = GROUP_LOOK,
		.arguments = "",
		.help = "what is wrong, here and in the daemon, and what to do about it",
		.more = doctor_more,
		.run = cmd_doctor },
	{ .name = "explain",
		.group = GROUP_LOOK,
		.arguments = "ID",
		.min_args = 1,
		.max_args = 1,
		.help = "why a task or incident is where it is, and what happens next",
		.run = cmd_explain },
	{ .name = "export",
		.group = GROUP_REST,
		.arguments = "DIR",
		.min_args = 1,
		.max_args = 1,
		.help = "write all tasks and reports as files",
		.run = cmd_export },
	{ .name = "help",
		.group = GROUP_REST,
		.arguments = "[COMMAND]",
		.max_args = 1,
		.help = "show help, of one command when it is given",
		.run = cmd_help },
	{ .name = "import",
		.group = GROUP_REST,
		.arguments = "DIR",
		.min_args = 1,
		.max_args = 1,
		.help = "take over task and report files, old and new",
		.run = cmd_import },
	{ .name = "incident",
		.group = GROUP_ACT,
		.arguments = "show|close|release|retry ID",
		.help = "show, close, release or retry an incident",
		.run = cmd_incident,
		.min_args = 2,
		.max_args = 2,
		.words = incident_words },
	{ .name = "incidents",
		.group = GROUP_LOOK,
		.arguments = "",
		.help = "list what is under repair",
		.run = cmd_incidents,
		.options = incidents_options },
	{ .name = "metrics",
		.group = GROUP_LOOK,
		.arguments = "",
		.help = "what the daemon counts of itself, for Prometheus",
		.run = cmd_metrics },
	{ .name = "pause",
		.group = GROUP_ACT,
		.arguments = "[PROJECT]",
		.max_args = 1,
		.help = "stop publishing, triggering and checking",
		.run = cmd_pause },
	{ .name = "ready",
		.group = GROUP_LOOK,
		.arguments = "",
		.help = "the verdict on a branch or pull request, with reasons and proof",
		.more = ready_more,
		.run = cmd_ready,
		.options = ready_options },
	{ .name = "redact",
		.group = GROUP_CI,
		.arguments = "",
		.help = "copy standard input to standard output without secrets",
		.run = cmd_redact },
	{ .name = "reload",
		.group = GROUP_REST,
		.arguments = "",
		.help = "read the configuration again",
		.run = cmd_reload },
	{ .name = "report",
		.group = GROUP_LOOK,
		.arguments = "show ID",
		.min_args = 2,
		.max_args = 2,
		.help = "show a report",
		.run = cmd_report,
		.words = report_words },
	{ .name = "report-page",
		.group = GROUP_LOOK,
		.arguments = "",
		.help = "write health, open incidents and trends as one HTML page",
		.more = stats_more,
		.run = cmd_report_page,
		.options = report_page_options },
	{ .name = "reports",
		.group = GROUP_LOOK,
		.arguments = "",
		.help = "list what CI said",
		.run = cmd_reports,
		.options = reports_options },
	{ .name = "resume",
		.group = GROUP_ACT,
		.arguments = "[PROJECT]",
		.max_args = 1,
		.help = "go on after a pause",
		.run = cmd_resume },
	{ .name = "run",
		.group = GROUP_CI,
		.arguments = "-- COMMAND...",
		.forgives = true,
		.runs = true,
		.help = "run a step: its output and exit code unchanged, a report at its end",
		.more = run_more,
		.socket = ADDRESS_KIND_SUBMIT,
		.run = cmd_run,
		.options = run_options },
	{ .name = "scan",
		.group = GROUP_CI,
		.arguments = "FILE|-",
		.min_args = 1,
		.max_args = 1,
		.help = "say what a log says, without a daemon",
		.run = cmd_scan },
	{ .name = "schedule",
		.group = GROUP_ACT,
		.arguments = "",
		.help = "schedule a readiness check by hand",
		.run = cmd_schedule,
		.options = schedule_options },
	{ .name = "stats",
		.group = GROUP_LOOK,
		.arguments = "",
		.waits_with = "recompute", /* minutes, of a long log */
		.help = "how repair and pipelines do: times, rates, trends",
		.more = stats_more,
		.run = cmd_stats,
		.options = stats_options },
	{ .name = "status",
		.group = GROUP_LOOK,
		.arguments = "",
		.help = "health at a glance",
		.run = cmd_status },
	{ .name = "submit",
		.group = GROUP_CI,
		.arguments = "[TYPE [DETAILS]]",
		.max_args = 2,
		.forgives = true,
		.help = "report a failed step, or a passed build",
		.more = submit_more,
		.socket = ADDRESS_KIND_SUBMIT,
		.run = cmd_submit,
		.options = submit_options },
	{ .name = "task",
		.group = GROUP_ACT,
		.arguments = "show|run|cancel|retry|snooze ID",
		.help = "show a task or act on it",
		.run = cmd_task,
		.min_args = 2,
		.max_args = 2,
		.words = task_words,
		.options = task_options },
	{ .name = "tasks",
		.group = GROUP_LOOK,
		.arguments = "",
		.help = "list the queue",
		.run = cmd_tasks,
		.options = tasks_options },
	{ .name = "top",
		.group = GROUP_LOOK,
		.arguments = "",
		.waits = true,
		.help = "what runs and what waits, live in the terminal",
		.more = top_more,
		.run = cmd_top },
	{ .name = "version",
		.group = GROUP_REST,
		.arguments = "",
		.help = "show the versions of client and daemon",
		.run = cmd_version },
	{ .name = "watch",
		.group = GROUP_LOOK,
		.arguments = "",
		.waits = true,
		.help = "print events as they happen",
		.run = cmd_watch,
		.options = watch_options },
};

const size_t n_commands = ARRAY_SIZE(commands);

static int command_compare(const void *name, const void *command) {
	return strcmp(name, ((const struct command *)command)->name);
}

const struct command *command_find(const char *name) {
	return bsearch(name, commands, n_commands, sizeof(commands[0]), command_compare);
}

void command_complaint(const struct invocation *inv, char out[COMMAND_COMPLAINT_MAX]) {
	bool hints = inv->hint[0] != '\0';

	(void)text_format(out, COMMAND_COMPLAINT_MAX, "%s%s%s%s", inv->complaint, hints ? " (" : "",
		inv->hint, hints ? ")" : "");
}

bool command_forgives(const struct invocation *inv) {
	return inv->command != NULL && inv->command->forgives &&
		!option_flag(&inv->options, "strict");
}

const char *command_argument(const struct invocation *inv, size_t index) {
	return index < inv->n_args ? inv->args[index] : NULL;
}
