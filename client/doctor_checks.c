#include "client/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/call.h"
#include "client/print.h"
#include "client/request.h"
#include "client/socket_group.h"
#include "client/spool.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/protocol.h"
#include "common/spool_format.h"
#include "common/text.h"

static enum doctor_state say(struct doctor_finding *finding, enum doctor_state state,
	const char *remedy, const char *fmt, ...) printf_like(4, 5);

static enum doctor_state say(struct doctor_finding *finding, enum doctor_state state,
	const char *remedy, const char *fmt, ...) {
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(finding->message, sizeof(finding->message), fmt, args);
	va_end(args);
	finding->message[text_cut(finding->message, strlen(finding->message))] = '\0';
	(void)TEXT_SET(finding->remedy, remedy);
	return state;
}

/* Sockets */

/* It is there and may not be opened: whose is it? */
static enum doctor_state say_not_allowed(
	struct doctor_finding *finding, enum doctor_state state, const char *path) {
	char remedy[CLIENT_SENTENCE_MAX];
	struct stat st;

	if (stat(path, &st) < 0) {
		return say(finding, state, "join the group that may enter it, or use sudo",
			"You may not enter the directory of the socket \"%s\".", path);
	}
	if (!socket_group_remedy(path, remedy)) {
		return say(finding, state, "become its owner, or use sudo",
			"You may not use \"%s\" (mode %04o), and no group would let you.", path,
			(unsigned)(st.st_mode & 07777));
	}
	return say(finding, state, remedy, "You may not use \"%s\"; its group may.", path);
}

static enum doctor_state say_no_answer(const struct doctor_client *client,
	struct doctor_finding *finding, enum doctor_state state, const struct doctor_socket *socket) {
	const char *path = socket->path, *known = client->unit.remedy, *sentence;

	switch (-socket->status) {
	case EACCES:
	case EPERM: return say_not_allowed(finding, state, path);
	case ENOENT:
	case ENOTDIR:
		return say(finding, state,
			known[0] != '\0'
				? known
				: "systemctl enable --now codegend-control.socket codegend-submit.socket,"
				  " or codegend --user and --user here; --socket names another",
			"There is no socket \"%s\".", path);
	case ECONNREFUSED:
		return say(finding, state,
			known[0] != '\0'
				? known
				: "systemctl start codegend; journalctl -u codegend says why it ended",
			"Nobody listens at \"%s\".", path);
	default:
		(void)request_problem(socket->status, &sentence);
		return say(finding, state,
			known[0] != '\0' && client->unit_state != DOCTOR_OK
				? known
				: "codegend --check-config; systemctl status codegend; journalctl -u codegend",
			"\"%s\" does not answer as it should: %s.", path, sentence);
	}
}

/* Modes that let everybody in are as packaged nowhere, and take SocketMode= or chmod. */
static enum doctor_state say_answers(struct doctor_finding *finding, enum doctor_state open,
	const char *path, const char *unit, const char *what) {
	char remedy[CLIENT_SENTENCE_MAX];

	if (!socket_group_is_everybody(path)) {
		return say(finding, DOCTOR_OK, "", "\"%s\" answers.", path);
	}
	(void)text_format(remedy, sizeof(remedy),
		"chmod o= it, and no SocketMode= in a drop-in may open it again: systemctl cat %s",
		unit);
	return say(finding, open, remedy,
		"\"%s\" answers everybody on this machine: anybody may %s.", path, what);
}

/* Nothing is wrong for a CI step; an operator learns what is missing. */
static enum doctor_state say_only_submits(
	const struct doctor_client *client, struct doctor_finding *finding) {
	int status = client->control.status;

	if (status == -EACCES || status == -EPERM) {
		return say(finding, DOCTOR_OK, "",
			"\"%s\" is for administrators, and you may submit, which is all that CI needs: the"
			" daemon itself was not examined.",
			client->control.path);
	}
	return say(finding, DOCTOR_WARNING,
		"none where only CI steps run, as in a container; elsewhere systemctl enable --now"
		" codegend-control.socket",
		"There is no socket \"%s\": you may submit, and the daemon itself was not examined.",
		client->control.path);
}

static enum doctor_state check_control(
	const struct doctor_client *client, struct doctor_finding *finding) {
	const struct doctor_socket *control = &client->control;

	if (control->path[0] == '\0') {
		return say(finding, DOCTOR_PROBLEM, "set it, or name the socket with --socket",
			"Where the control socket is cannot be told: $XDG_RUNTIME_DIR is not set.");
	}
	if (doctor_may_only_submit(client)) {
		return say_only_submits(client, finding);
	}
	return control->status == 0
		? say_answers(finding, DOCTOR_PROBLEM, control->path, "codegend-control.socket",
			  "read all logs, pause, and cancel")
		: say_no_answer(client, finding, DOCTOR_PROBLEM, control);
}

/* The one of CI steps, unless another was named for both. */
static enum doctor_state check_submit(
	const struct doctor_client *client, struct doctor_finding *finding) {
	const struct doctor_socket *submit = &client->submit;
	bool is_operator = submit->status == -EACCES && client->control.status == 0;

	if (submit->path[0] == '\0') {
		return DOCTOR_NONE;
	}
	/* An operator need not be able to submit. */
	return submit->status == 0
		? say_answers(finding, DOCTOR_WARNING, submit->path, "codegend-submit.socket",
			  "report, and so have agents started")
		: say_no_answer(
			  client, finding, is_operator ? DOCTOR_WARNING : DOCTOR_PROBLEM, submit);
}

/* Nobody answers: systemd may know why. */
static enum doctor_state check_unit(
	const struct doctor_client *client, struct doctor_finding *finding) {
	*finding = client->unit;
	return client->unit_state;
}

static enum doctor_state check_version(
	const struct doctor_client *client, struct doctor_finding *finding) {
	if (client->version[0] == '\0') {
		return DOCTOR_NONE;
	}
	if (strcmp(client->version, CODEGEND_VERSION) == 0) {
		return say(finding, DOCTOR_OK, "", "codegenctl and codegend are %s.",
			CODEGEND_VERSION);
	}
	return say(finding, DOCTOR_WARNING,
		"restart codegend after an upgrade, or upgrade the older of the two",
		"codegenctl is %s and codegend is %s.", CODEGEND_VERSION, client->version);
}

/* The spool */

struct waiting {
	size_t n;
	time_t oldest;
};

static bool is_spooled(const char *name) {
	size_t len = strlen(name), suffix = strlen(SPOOL_SUFFIX);

	return name[0] != '.' && len > suffix && strcmp(name + len - suffix, SPOOL_SUFFIX) == 0;
}

/* Nothing when it may not be listed, as the system's. */
static struct waiting look_at(const char *path) {
	struct waiting waiting = { 0 };
	DIR *dir = opendir(path);
	const struct dirent *entry;
	struct stat st;

	while (dir != NULL && waiting.n < SPOOL_FILES_MAX && (entry = readdir(dir)) != NULL) {
		if (is_spooled(entry->d_name) &&
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			waiting.oldest =
				waiting.n == 0 ? st.st_mtime : MIN(waiting.oldest, st.st_mtime);
			waiting.n++;
		}
	}
	if (dir != NULL) {
		(void)closedir(dir);
	}
	return waiting;
}

static enum doctor_state say_waiting(struct doctor_finding *finding, const char *path) {
	struct waiting waiting = look_at(path);
	char since[CLOCK_TEXT_MAX];
	int64_t oldest_ms = (int64_t)waiting.oldest * CLOCK_SECOND_MS;

	if (waiting.n > 0 && oldest_ms < clock_now_ms() - CLOCK_DAY_MS) {
		return say(finding, DOCTOR_WARNING,
			"start the daemon whose spool this is, codegenctl status names it; after 7 days they are"
			" not taken any more",
			"%zu submissions wait in \"%s\", the oldest since %s.", waiting.n, path,
			clock_format(oldest_ms, since));
	}
	return say(finding, DOCTOR_OK, "", "What no daemon takes waits in \"%s\"; %zu do.", path,
		waiting.n);
}

/* The last place is made when it is needed. */
static enum doctor_state check_spool(
	const struct doctor_client *client, struct doctor_finding *finding) {
	char places[SPOOL_PLACES_MAX][ADDRESS_PATH_MAX];
	size_t n = spool_places(client->inv, places);

	for (size_t i = 0; i < n; i++) {
		bool is_made = i == n - 1 && access(places[i], F_OK) < 0 && errno == ENOENT &&
			getenv("CODEGEN_SPOOL") == NULL;

		if (access(places[i], W_OK | X_OK) == 0 || is_made) {
			return say_waiting(finding, places[i]);
		}
	}
	return say(finding, DOCTOR_WARNING,
		"join the group of /var/spool/codegend, or name a directory in $CODEGEN_SPOOL",
		"\"%s\" may not be written to: a report that no daemon takes would be lost.",
		n > 0 ? places[0] : "the spool");
}

const struct doctor_check doctor_checks[] = {
	{ "control socket", check_control },
	{ "submit socket", check_submit },
	{ "service", check_unit },
	{ "version", check_version },
	{ "client spool", check_spool },
};
const size_t n_doctor_checks = ARRAY_SIZE(doctor_checks);
