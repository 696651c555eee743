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
#include "client/spool.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/protocol.h"
#include "common/spool_format.h"
#include "common/text.h"

#define GROUP_FILE "/etc/group"
#define GROUP_FILE_MAX_BYTES (1024 * 1024)

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

/* Groups. Read from their file: a static program cannot ask the name service. */

/* NAME:PASSWORD:ID:MEMBERS */
static bool is_group(const char *line, unsigned gid) {
	size_t name = strcspn(line, ":\n");
	size_t password = line[name] == ':' ? name + 1 + strcspn(line + name + 1, ":\n") : 0;
	char id[16];
	int64_t value;

	if (name == 0 || password == 0 || line[password] != ':') {
		return false;
	}
	line += password + 1;
	(void)text_format(id, sizeof(id), "%.*s", (int)strcspn(line, ":\n"), line);
	return text_to_int(id, &value) == 0 && value == (int64_t)gid;
}

char *doctor_group_name(const char *file, unsigned gid) {
	_cleanup_(freep) char *text = NULL;
	size_t len;

	if (fd_read_file(file, GROUP_FILE_MAX_BYTES, &text, &len) < 0) {
		return NULL;
	}
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (is_group(line, gid)) {
			return strndup(line, strcspn(line, ":"));
		}
	}
	return NULL;
}

/* Sockets */

/* Asks the daemon at `path` for its version. Returns: 0; as call_open() and call_method(). */
static int ping(const struct doctor_client *client, const char *path, char version[CLIENT_NAME_MAX]) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	_cleanup_(call_reply_finish) struct call_reply reply = { 0 };
	int r = call_open(path, call_deadline_us(client->inv->timeout_ms), &conn);

	r = r < 0 ? r : call_method(conn, PROTOCOL_INTERFACE ".Ping", NULL, &reply);
	if (r == 0 && reply.error != NULL) {
		r = -EPROTO;
	}
	if (r == 0) {
		(void)text_copy(version, CLIENT_NAME_MAX, json_text(reply.parameters, "version"));
	}
	return r;
}

/* It is there and may not be opened: whose is it? */
static enum doctor_state say_not_allowed(
	struct doctor_finding *finding, enum doctor_state state, const char *path) {
	_cleanup_(freep) char *group = NULL;
	struct stat st;

	if (stat(path, &st) < 0) {
		return say(finding, state, "join the group that may enter it, or use sudo",
			"You may not enter the directory of the socket \"%s\".", path);
	}
	group = doctor_group_name(GROUP_FILE, st.st_gid);
	if ((st.st_mode & 060) != 060 || group == NULL) {
		return say(finding, state, "become its owner, or use sudo",
			"You may not use \"%s\" (mode %04o), and no group would let you.", path,
			(unsigned)(st.st_mode & 07777));
	}
	say(finding, state, "", "You may not use \"%s\"; the group \"%s\" may.", path, group);
	(void)text_format(finding->remedy, sizeof(finding->remedy),
		"join it, sudo usermod -aG %s \"$USER\", then log in anew", group);
	return state;
}

static enum doctor_state say_no_answer(
	struct doctor_finding *finding, enum doctor_state state, const char *path, int status) {
	const char *sentence;

	switch (-status) {
	case EACCES:
	case EPERM: return say_not_allowed(finding, state, path);
	case ENOENT:
	case ENOTDIR:
		return say(finding, state,
			"systemctl enable --now codegend-control.socket codegend-submit.socket, or"
			" codegend --user and --user here; --socket names another",
			"There is no socket \"%s\".", path);
	case ECONNREFUSED:
		return say(finding, state,
			"systemctl start codegend; journalctl -u codegend says why it ended",
			"Nobody listens at \"%s\".", path);
	default:
		(void)request_problem(status, &sentence);
		return say(finding, state, "systemctl status codegend, journalctl -u codegend",
			"\"%s\" does not answer as it should: %s.", path, sentence);
	}
}

static enum doctor_state check_control(struct doctor_client *client, struct doctor_finding *finding) {
	int r;

	if (address_socket(ADDRESS_KIND_CONTROL, option_text(&client->inv->globals, "socket"),
		    option_flag(&client->inv->globals, "user"), client->control,
		    sizeof(client->control)) < 0) {
		return say(finding, DOCTOR_PROBLEM, "set it, or name the socket with --socket",
			"Where the control socket is cannot be told: $XDG_RUNTIME_DIR is not set.");
	}
	r = ping(client, client->control, client->version);
	client->reachable = r == 0;
	return r == 0 ? say(finding, DOCTOR_OK, "", "\"%s\" answers.", client->control)
		      : say_no_answer(finding, DOCTOR_PROBLEM, client->control, r);
}

/* The one of CI steps, unless another was named for both. */
static enum doctor_state check_submit(struct doctor_client *client, struct doctor_finding *finding) {
	const char *variable = getenv("CODEGEN_SOCKET");
	char path[ADDRESS_PATH_MAX], version[CLIENT_NAME_MAX];
	int r;

	if (option_given(&client->inv->globals, "socket") || (variable != NULL && *variable != '\0') ||
		address_socket(ADDRESS_KIND_SUBMIT, NULL,
			option_flag(&client->inv->globals, "user"), path, sizeof(path)) < 0) {
		return DOCTOR_NONE;
	}
	r = ping(client, path, version);
	/* An operator need not be able to submit. */
	return r == 0 ? say(finding, DOCTOR_OK, "", "\"%s\" answers.", path)
		      : say_no_answer(finding,
				r == -EACCES && client->reachable ? DOCTOR_WARNING : DOCTOR_PROBLEM,
				path, r);
}

static enum doctor_state check_version(struct doctor_client *client, struct doctor_finding *finding) {
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
static enum doctor_state check_spool(struct doctor_client *client, struct doctor_finding *finding) {
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
	{ "version", check_version },
	{ "client spool", check_spool },
};
const size_t n_doctor_checks = ARRAY_SIZE(doctor_checks);
