#include "tests/unit/client/deeds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/command.h"
#include "client/failure.h"
#include "common/fd.h"
#include "common/json_memory.h"
#include "common/log.h"
#include "common/text.h"
#include "tests/unit/client/capture.h"
#include "tests/unit/client/peer.h"

#define OUTPUT_MAX_BYTES (1024 * 1024)
#define WHERE "--project", "acme/web", "--branch", "fix", "--commit", "aaaaaaa1", "--key", "k"
#define FAILED "test_failure", "it broke"

const struct deed deeds[] = {
	{ "Backup", { "backup", "--force", "copy.db" } },
	{ "CancelTask", { "task", "cancel", "delayed-1" } },
	{ "Check", { "check", "--all" } },
	{ "Cleanup", { "cleanup", "--dry-run" } },
	{ "Doctor", { "doctor" } },
	{ "Ping", { "doctor" } },
	{ "Explain", { "explain", "incident-7" } },
	{ "Explain", { "report-page", "-o", "page.html" } },
	{ "GetConfig", { "config" } },
	{ "GetIncident", { "incident", "show", "incident-7" } },
	{ "GetReadiness", { "ready", "--project", "acme/web", "--branch", "fix" } },
	{ "GetReport", { "report", "show", "error-1" } },
	{ "GetReport", { "export", "exported" } },
	{ "GetStats", { "stats", "--since", "30d" } },
	{ "GetStats", { "stats", "--recompute", "--since", "2026-11-20" } },
	{ "GetStats", { "stats", "--prometheus" } },
	{ "GetStats", { "digest" } },
	{ "GetStats", { "report-page", "-o", "page.html" } },
	{ "GetStatus", { "status" } },
	{ "GetStatus", { "report-page", "-o", "page.html" } },
	{ "GetTask", { "task", "show", "delayed-1" } },
	{ "Import", { "import", "imported" } },
	{ "ListIncidents", { "incidents" } },
	{ "ListIncidents", { "digest" } },
	{ "ListIncidents", { "report-page", "-o", "page.html" } },
	{ "ListReports", { "reports" } },
	{ "ListReports", { "export", "exported" } },
	{ "ListTasks", { "tasks", "--limit", "3" } },
	{ "ListTasks", { "export", "exported" } },
	{ "Metrics", { "metrics" } },
	{ "Pause", { "pause", "acme/web" } },
	{ "Ping", { "version" } },
	{ "Reload", { "reload" } },
	{ "Resume", { "resume" } },
	{ "RetryIncident", { "incident", "retry", "incident-7" } },
	{ "Schedule", { "schedule", "--project", "acme/web", "--branch", "fix", "--delay", "5m" } },
	{ "SnoozeTask", { "task", "snooze", "delayed-1", "--delay", "1h" } },
	{ "Submit", { "submit", "--strict", WHERE, "--log", "log", FAILED } },
	{ "Submit", { "submit", WHERE, "no_such_type" } },
	{ "Submit", { "submit", "--strict", WHERE, "--passed", "--coverage", "results/lcov.info" } },
	{ "Watch", { "watch", "--last", "2" } },
	{ NULL, { "scan", "log" } },
	{ NULL, { "submit", "--strict", WHERE, "--coverage", "results/clover.xml", FAILED } },
	{ NULL, { "submit", "--strict", WHERE, "--coverage", "results/istanbul.json", FAILED } },
	{ NULL, { "submit", "--strict", WHERE, "--coverage", "results/cobertura-counted.xml", FAILED } },
	{ NULL, { "submit", "--strict", WHERE, "--lint", "results/checkstyle.xml", FAILED } },
	{ NULL, { "submit", "--strict", WHERE, "--lint", "results/eslint.json", FAILED } },
	{ NULL, { "submit", "--strict", WHERE, "--lint", "results/sarif.json", FAILED } },
	{ NULL, { "submit", "--strict", WHERE, "--security", "results/gitleaks.json", FAILED } },
	{ NULL, { "submit", "--strict", WHERE, "--security", "results/npm-audit.json", FAILED } },
	{ NULL, { "submit", "--strict", WHERE, "--security", "results/npm-error.json", FAILED } },
	{ NULL, { "submit", "--strict", WHERE, "--security", "results/trufflehog.ndjson", FAILED } },
	{ NULL, { "submit", "--strict", WHERE, "--tests", "results/jest.json", FAILED } },
	{ NULL, { "submit", "--strict", WHERE, "--tests", "results/jest-junit.xml", "--log", "log" } },
	{ NULL, { "submit", "--strict", WHERE, "--tests", "results/vitest-unhandled.json" } },
};
const size_t n_deeds = ARRAY_SIZE(deeds);

static char directory[64];
static char *out, *err;

static int write_text(const char *path, const char *text) {
	return fd_write_file_atomic(path, text, strlen(text), 0600);
}

int deeds_set_up(void **state) {
	char answers[512], results[512];

	(void)text_format(answers, sizeof(answers), "%s/answers.json", getenv("TEST_DATA"));
	(void)text_format(results, sizeof(results), "%s/results", getenv("TEST_DATA"));
	/* What is written is synced, thousands of times. */
	(void)TEXT_SET(directory,
		access("/dev/shm", W_OK) == 0 ? "/dev/shm/deeds-XXXXXX" : "/tmp/deeds-XXXXXX");
	out = malloc(OUTPUT_MAX_BYTES);
	err = malloc(OUTPUT_MAX_BYTES);
	if (out == NULL || err == NULL || mkdtemp(directory) == NULL || chdir(directory) < 0 ||
		mkdir("imported", 0700) < 0 || mkdir("spool", 0700) < 0 ||
		symlink(results, "results") < 0 || write_text("imported/task.json", "{}\n") < 0 ||
		write_text("package.json", "{\"name\":\"web\"}\n") < 0 ||
		write_text("log", "a.c:3:1: error: it broke\nFAILED: token=hunter2hunter2\n") < 0) {
		return -1;
	}
	(void)clearenv();
	(void)setenv("PATH", "/usr/bin:/bin", 1);
	(void)setenv("HOME", directory, 1);
	(void)setenv("CODEGEN_SPOOL", "spool", 1);
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	json_memory_init();
	log_open("codegenctl", LOG_LEVEL_WARNING, false);
	peer_start("peer.sock", answers);
	return 0;
}

int deeds_tear_down(void **state) {
	peer_stop();
	free(out);
	free(err);
	return chdir("/") < 0 || fd_remove_tree(directory) < 0 ? -1 : 0;
}

static int make_words(const struct deed *deed, bool json, char **argv) {
	static const char *const first[] = { "codegenctl", "--socket", "peer.sock", "--timeout",
		"20" };
	int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		argv[n++] = (char *)first[i];
	}
	if (json) {
		argv[n++] = (char *)"--json";
	}
	for (size_t i = 0; i < DEED_WORDS_MAX && deed->words[i] != NULL; i++) {
		argv[n++] = (char *)deed->words[i];
	}
	argv[n] = NULL;
	return n;
}

struct deed_end deed_run(const struct deed *deed, bool json, void (*begin)(void *),
	void (*end)(void *), void *user) {
	char *argv[DEED_WORDS_MAX + 8];
	int argc = make_words(deed, json, argv);
	struct capture to_out, to_err;
	struct invocation inv;
	bool done = false;
	int code;

	capture_start(&to_out, stdout);
	capture_start(&to_err, stderr);
	if (begin != NULL) {
		begin(user);
	}
	code = command_parse(argc, argv, &inv, &done);
	code = done || code != 0 ? code : inv.command->run(&inv);
	if (end != NULL) {
		end(user);
	}
	capture_stop(&to_err, err, OUTPUT_MAX_BYTES);
	capture_stop(&to_out, out, OUTPUT_MAX_BYTES);
	return (struct deed_end){ code, out, err };
}

const char *deed_name(const struct deed *deed) {
	static char name[512];

	name[0] = '\0';
	for (size_t i = 0; i < DEED_WORDS_MAX && deed->words[i] != NULL; i++) {
		size_t len = strlen(name);

		(void)text_format(
			name + len, sizeof(name) - len, "%s%s", i > 0 ? " " : "", deed->words[i]);
	}
	return name;
}

static bool is_exit(int code) {
	static const int codes[] = { EXIT_DONE, EXIT_REFUSED, EXIT_USAGE, EXIT_NOT_REACHABLE,
		EXIT_NOT_FOUND, EXIT_PERMISSION, EXIT_CONFIGURATION, EXIT_PENDING, EXIT_SPOOLED };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (codes[i] == code) {
			return true;
		}
	}
	return false;
}

/* Nothing that a terminal obeys, but for what Prometheus reads. */
static bool is_printable(const struct deed *deed, const char *text) {
	bool is_read = strcmp(deed->words[0], "metrics") == 0 ||
		(deed->words[1] != NULL && strcmp(deed->words[1], "--prometheus") == 0);

	for (const char *c = text; *c != '\0'; c++) {
		if (!is_read && (unsigned char)*c < ' ' && *c != '\n' && *c != '\t') {
			return false;
		}
	}
	return text_is_utf8(text, strlen(text));
}

static bool is_json_lines(const char *text) {
	while (*text != '\0') {
		json_error_t error;
		json_t *value = json_loads(text, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, &error);

		if (value == NULL) {
			return false;
		}
		json_decref(value);
		text += error.position;
		text += strspn(text, "\n");
	}
	return true;
}

void deed_check(const struct deed *deed, bool json, const struct deed_end *end) {
	const char *wrong = !is_exit(end->code) ? "an exit code of nobody's"
		: !is_printable(deed, end->out) || !is_printable(deed, end->err)
		? "what a terminal would obey"
		: end->code != EXIT_DONE && end->out[0] == '\0' && end->err[0] == '\0'
		? "a failure without a word"
		: json && end->code == EXIT_DONE && !is_json_lines(end->out) ? "no JSON"
									     : NULL;

	if (wrong != NULL) {
		fail_msg("%s%s: %s; exit code %d\n%s\n%s", deed_name(deed), json ? " --json" : "",
			wrong, end->code, end->out, end->err);
	}
}
