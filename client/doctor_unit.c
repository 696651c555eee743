/* What systemd says of codegend's units where nobody answers: the first row of a table that fits one of them. */
#include "client/doctor.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/git.h"
#include "client/limits.h"
#include "client/print.h"
#include "common/clock.h"
#include "common/text.h"

#define SERVICE "codegend.service"
#define CONTROL "codegend-control.socket"
#define SUBMIT "codegend-submit.socket"
#define SOCKETS CONTROL " " SUBMIT
static const char look_further[] =
	"codegend --check-config names every mistake in the configuration, journalctl -u codegend the rest";

/* Properties of systemctl(1). */
struct unit {
	char load[CLIENT_NAME_MAX];
	char state[CLIENT_NAME_MAX];
	char ending[CLIENT_NAME_MAX]; /* of its last process, as si_code has it: "1", it ended by itself */
	char exit_status[CLIENT_NAME_MAX]; /* of its last process; of one that was killed the signal */
	char text[CLIENT_SENTENCE_MAX]; /* what the daemon told last, such as why it does not start */
};

static const char names[][24] = { SERVICE, CONTROL, SUBMIT };

static const struct {
	char part[27]; /* of " ActiveState TYPE LoadState ExecMainCode ExecMainStatus " */
	enum doctor_state state;
	char message[13]; /* behind the name */
	const char *ending; /* how its last process ended, unless it told so itself; NULL: does not matter */
	const char *remedy; /* NULL: look_further */
} rows[] = {
	{ " masked ", DOCTOR_PROBLEM, "is masked", NULL,
		"systemctl unmask " SERVICE " " SOCKETS ", then systemctl enable --now " SOCKETS },
	{ " failed .socket loaded ", DOCTOR_PROBLEM, "has failed", NULL,
		"journalctl -u 'codegend-*.socket' says why; mend that, then systemctl reset-failed and"
		" systemctl restart " SOCKETS },
	/* The remedy is for a socket that is not there though it runs. */
	{ " active .service loaded ", DOCTOR_OK, "runs", NULL, "systemctl restart " SOCKETS },
	{ " inactive .service loaded ", DOCTOR_WARNING, "is stopped", NULL,
		"systemctl enable --now " SOCKETS " " SERVICE ", if it was not stopped on purpose" },
	{ ".service loaded 1 7 ", DOCTOR_PROBLEM, "does not run", "its configuration is wrong", NULL },
	{ ".service loaded 1 9 ", DOCTOR_PROBLEM, "does not run", "it cannot use its store", NULL },
	{ ".service loaded 1 243 ", DOCTOR_PROBLEM, "does not run",
		"what LoadCredential= names is not there, or what LoadCredentialEncrypted= names is not"
		" for this machine",
		"systemctl cat codegend shows their files; mend them, and it starts by itself" },
	{ ".service loaded 2 ", DOCTOR_PROBLEM, "does not run", "it was killed", NULL },
	{ ".service loaded 3 ", DOCTOR_PROBLEM, "does not run", "it crashed", NULL },
	{ ".service loaded ", DOCTOR_PROBLEM, "does not run", "", NULL },
};

/* `line`: "NAME=VALUE". */
static void take_property(const char *line, struct unit *unit) {
	const struct {
		const char *name;
		char *value;
		size_t size;
	} properties[] = {
		{ "LoadState=", unit->load, sizeof(unit->load) },
		{ "ActiveState=", unit->state, sizeof(unit->state) },
		{ "ExecMainCode=", unit->ending, sizeof(unit->ending) },
		{ "ExecMainStatus=", unit->exit_status, sizeof(unit->exit_status) },
		{ "StatusText=", unit->text, sizeof(unit->text) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		size_t len = strlen(properties[i].name);
		_cleanup_(freep) char *value = NULL;

		if (strncmp(line, properties[i].name, len) != 0) {
			continue;
		}
		value = print_one_line(line + len);
		(void)text_format(properties[i].value, properties[i].size, "%.400s",
			value != NULL ? value : "");
	}
}

/* They are told in the order of their names, an empty line in between. What is not told is "". */
static void ask(bool user, int64_t deadline_us, struct unit units[ARRAY_SIZE(names)]) {
	const char *const argv[] = { "systemctl", user ? "--user" : "--system", "show",
		"--property=LoadState,ActiveState,ExecMainCode,ExecMainStatus,StatusText", SERVICE,
		CONTROL, SUBMIT, NULL };
	_cleanup_(freep) char *printed = NULL;
	struct git_query query;
	size_t i = 0;

	memset(units, 0, ARRAY_SIZE(names) * sizeof(*units));
	git_start_other(&query, argv);
	git_wait(&query, 1, deadline_us);
	printed = buffer_steal(&query.out);
	git_finish(&query);
	for (char *line = printed, *end;
		line != NULL && i < ARRAY_SIZE(names) && (end = strchr(line, '\n')) != NULL;
		line = end + 1) {
		*end = '\0';
		take_property(line, &units[i]);
		i += line == end;
	}
}

static enum doctor_state tell(
	size_t row, size_t i, const struct unit *unit, struct doctor_finding *finding) {
	bool is_ending = rows[row].ending != NULL;
	const char *ending = !is_ending ? ""
		: unit->text[0] != '\0' ? unit->text
					: rows[row].ending;
	size_t len = strlen(ending);

	if (is_ending && len == 0) {
		return DOCTOR_NONE;
	}
	(void)text_format(finding->message, sizeof(finding->message),
		"systemd says that %s %s%s%s%s", names[i], rows[row].message, is_ending ? ": " : "",
		ending, len > 0 && ending[len - 1] == '.' ? "" : ".");
	(void)TEXT_SET(finding->remedy, rows[row].remedy != NULL ? rows[row].remedy : look_further);
	return rows[row].state;
}

static enum doctor_state judge(const struct unit *units, struct doctor_finding *finding) {
	char unit[ARRAY_SIZE(names)][5 * CLIENT_NAME_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)text_format(unit[i], sizeof(unit[i]), " %s %s %s %s %s ", units[i].state,
			strchr(names[i], '.'), units[i].load, units[i].ending, units[i].exit_status);
	}
	for (size_t row = 0; row < ARRAY_SIZE(rows); row++) {
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			if (strstr(unit[i], rows[row].part) != NULL) {
				return tell(row, i, &units[i], finding);
			}
		}
	}
	return DOCTOR_NONE;
}

/* While one is started once more, how it ended is not known: that is over in a moment. */
static bool is_unknown(const struct unit *units) {
	const struct unit *service = &units[0];

	for (size_t i = 1; i < ARRAY_SIZE(names); i++) {
		if (strcmp(units[i].state, "activating") == 0) {
			return true;
		}
	}
	return strcmp(service->state, "activating") == 0 && service->text[0] == '\0' &&
		strcmp(service->ending, "0") == 0;
}

void doctor_ask_systemd(struct doctor_client *client) {
	int64_t deadline_us = call_deadline_us(CLIENT_SYSTEMCTL_TIMEOUT_MS);
	struct unit units[ARRAY_SIZE(names)];

	do {
		ask(option_flag(&client->inv->globals, "user"), deadline_us, units);
	} while (is_unknown(units) && clock_mono_us() < deadline_us &&
		poll(NULL, 0, CLIENT_SYSTEMCTL_POLL_MS) == 0);
	client->unit_state = judge(units, &client->unit);
}
