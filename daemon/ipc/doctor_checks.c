/* The checks, in the order in which they are told. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "common/address.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/credential.h"
#include "daemon/ipc/doctor.h"
#include "daemon/ipc/internal.h"
#include "daemon/ipc/spool.h"
#include "daemon/systemd.h"

#define MIB (INT64_C(1) << 20)
/* systemd-timesyncd(8) makes it when it has set the clock. */
#define TIMESYNC_FILE "/run/systemd/timesync/synchronized"

static enum doctor_state say(struct doctor_finding *finding, enum doctor_state state,
	const char *remedy, const char *fmt, ...) printf_like(4, 5);

static enum doctor_state say(struct doctor_finding *finding, enum doctor_state state,
	const char *remedy, const char *fmt, ...) {
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(finding->message, sizeof(finding->message), fmt, args);
	va_end(args);
	finding->message[text_cut(finding->message, strlen(finding->message))] = '\0';
	if (remedy != NULL) {
		TEXT_SET(finding->remedy, remedy);
	}
	return state;
}

/* The service */

static bool is_handed_over(const struct doctor_patient *patient) {
	for (size_t i = 0; i < SERVER_SOCKET_COUNT; i++) {
		if (patient->server->listeners[i].path[0] != '\0') {
			return false;
		}
	}
	return true;
}

static enum doctor_state check_service(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	if (!systemd_is_service()) {
		return say(finding, DOCTOR_WARNING,
			"run it as the service it comes with: systemctl enable --now codegend-submit.socket"
			" codegend-control.socket",
			"It was not started by systemd: nobody starts it again when it ends.");
	}
	if (!is_handed_over(patient)) {
		return say(finding, DOCTOR_WARNING,
			"systemctl enable --now codegend-submit.socket codegend-control.socket, then restart"
			" codegend.service",
			"systemd does not hold its sockets: while it restarts, connections are refused.");
	}
	if (systemd_watchdog_ms() == 0) {
		return say(finding, DOCTOR_WARNING, "set WatchdogSec= in codegend.service",
			"systemd does not watch over it: it would not notice that it hangs.");
	}
	return say(finding, DOCTOR_OK, NULL,
		"Started by systemd, which holds its sockets and watches over it.");
}

/* The store */

static bool database_path(
	const struct doctor_patient *patient, const char *suffix, char path[ADDRESS_PATH_MAX]) {
	char name[64];

	(void)text_format(name, sizeof(name), "codegend.db%s", suffix);
	return address_join(path, ADDRESS_PATH_MAX, patient->server->state_dir, name) == 0;
}

static enum doctor_state check_store(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	char path[ADDRESS_PATH_MAX], log[ADDRESS_PATH_MAX], remedy[LIMIT_SENTENCE_MAX];
	struct stat st, log_st = { 0 };

	if (patient->counts_status < 0) {
		return say(finding, DOCTOR_PROBLEM,
			"look at the disk and at journalctl -u codegend, then restart codegend",
			"The store does not answer: %s.", log_errno(patient->counts_status));
	}
	if (!database_path(patient, "", path) || stat(path, &st) < 0) {
		return say(finding, DOCTOR_PROBLEM,
			"restore a backup, or find out who removed it; codegend(8), BACKUP AND RESTORE",
			"The database is not in \"%s\" any more.", patient->server->state_dir);
	}
	if ((st.st_mode & 077) != 0) {
		(void)text_format(remedy, sizeof(remedy), "chmod 600 \"%.400s\"", path);
		return say(finding, DOCTOR_PROBLEM, remedy,
			"Other users may open the database \"%s\" (mode %04o).", path,
			(unsigned)(st.st_mode & 07777));
	}
	if (database_path(patient, "-wal", log)) {
		(void)stat(log, &log_st); /* there is none before the first write */
	}
	if (log_st.st_size > 2 * LIMIT_STORE_WAL_BYTES) {
		return say(finding, DOCTOR_WARNING,
			"look at journalctl -u codegend; a restart moves it into the database",
			"The write-ahead log has grown to %lld MiB.",
			(long long)log_st.st_size / MIB);
	}
	return say(finding, DOCTOR_OK, NULL, "It answers; %lld MiB, %lld MiB of log, schema %lld.",
		(long long)(st.st_size + MIB - 1) / MIB, (long long)(log_st.st_size + MIB - 1) / MIB,
		(long long)patient->counts.schema_version);
}

/* A backup needs as much again as the database. */
static enum doctor_state check_disk(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	static const char remedy[] =
		"make space in its file system; codegenctl cleanup removes old tasks";
	const char *dir = patient->server->state_dir;
	int64_t wanted = patient->counts_status == 0 ? patient->counts.file_bytes : 0;
	struct statvfs info;
	int64_t free_bytes;

	if (statvfs(dir, &info) < 0) {
		return say(finding, DOCTOR_WARNING, NULL, "How full \"%s\" is cannot be told: %s.",
			dir, log_errno(-errno));
	}
	free_bytes = (int64_t)info.f_bavail * (int64_t)info.f_frsize;
	if (free_bytes < 2 * LIMIT_STORE_WAL_BYTES) {
		return say(finding, DOCTOR_PROBLEM, remedy, "\"%s\" has only %lld MiB left.", dir,
			(long long)(free_bytes / MIB));
	}
	if (free_bytes < 2 * LIMIT_STORE_WAL_BYTES + wanted) {
		return say(finding, DOCTOR_WARNING, remedy,
			"\"%s\" has %lld MiB left, too little for a backup.", dir,
			(long long)(free_bytes / MIB));
	}
	return say(finding, DOCTOR_OK, NULL, "\"%s\" has %lld MiB left.", dir,
		(long long)(free_bytes / MIB));
}

/* The clock */

/* Returns: 1; 0; -1, it cannot be told (a sandbox may refuse to say). */
static int is_synchronized(void) {
	struct timex timex = { .modes = 0 };
	int r;

	if (access(TIMESYNC_FILE, F_OK) == 0) {
		return 1;
	}
	r = adjtimex(&timex);
	return r < 0 ? -1 : r != TIME_ERROR && (timex.status & STA_UNSYNC) == 0;
}

static enum doctor_state check_clock(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	char now[CLOCK_TEXT_MAX], newest[CLOCK_TEXT_MAX];
	int64_t now_ms = clock_now_ms();
	int synchronized = is_synchronized();

	(void)clock_format(now_ms, now);
	if (engine_clock_is_suspect(patient->engine)) {
		return say(finding, DOCTOR_PROBLEM, "set it: timedatectl set-ntp true",
			"It says %s, but the newest record is of %s: no task runs for now.", now,
			clock_format(store_newest_ms(engine_store(patient->engine)), newest));
	}
	if (synchronized == 0) {
		return say(finding, DOCTOR_WARNING, "timedatectl set-ntp true",
			"It says %s, and nothing keeps it right: follow-ups may come at the wrong time.",
			now);
	}
	return say(finding, DOCTOR_OK, NULL, "It says %s%s.", now,
		synchronized > 0 ? ", and is kept right"
				 : "; whether something keeps it right cannot be told");
}

/* Work */

static enum doctor_state check_pause(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	const char *const *paused = engine_paused(patient->engine);

	if (paused[0] == NULL) {
		return say(finding, DOCTOR_OK, NULL, "Nothing is paused.");
	}
	if (strcmp(paused[0], "*") == 0) {
		return say(finding, DOCTOR_WARNING, "codegenctl resume",
			"Everything is paused: reports are taken, and nothing else happens.");
	}
	return say(finding, DOCTOR_WARNING,
		"codegenctl status names them, codegenctl resume PROJECT"
		" ends it",
		"Paused: \"%s\"%s.", paused[0], paused[1] != NULL ? " and others" : "");
}

static enum doctor_state check_spool(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	json_t *spool = patient->server->spool != NULL ? spool_to_json(patient->server->spool) : NULL;
	char dir[LIMIT_SENTENCE_MAX / 2] = "";
	json_int_t waiting = json_integer_value(json_object_get(spool, "waiting"));
	json_int_t rejected = json_integer_value(json_object_get(spool, "rejected"));

	if (spool == NULL) {
		return DOCTOR_NONE;
	}
	TEXT_SET(dir, json_string_value(json_object_get(spool, "directory")));
	json_decref(spool);
	if (access(dir, R_OK | W_OK | X_OK) < 0) {
		return say(finding, DOCTOR_WARNING,
			"systemd-tmpfiles --create makes it; then codegenctl reload",
			"\"%s\" cannot be used: %s; what clients leave while no daemon answers is not taken.",
			dir, log_errno(-errno));
	}
	if (rejected > 0) {
		return say(finding, DOCTOR_WARNING,
			"journalctl -u codegend says why; they lie in the directory \"rejected\" beside it",
			"%lld submissions from \"%s\" could not be taken.", (long long)rejected, dir);
	}
	return say(finding, DOCTOR_OK, NULL, "\"%s\" is looked at; %lld wait there.", dir,
		(long long)waiting);
}

/* Forges */

static size_t count_forges(const struct doctor_patient *patient) {
	return patient->config->n_forges;
}

static const struct doctor_probe *find_probe(const struct doctor_patient *patient, const char *name) {
	for (size_t i = 0; i < patient->n_probes; i++) {
		if (strcmp(patient->probes[i].name, name) == 0) {
			return &patient->probes[i];
		}
	}
	return NULL;
}

static enum doctor_state check_forge(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	const struct config_forge *forge = &patient->config->forges[i];
	const struct doctor_probe *probe = find_probe(patient, forge->name);

	finding->subject = forge->name;
	if (strcmp(forge->type, "local") == 0) {
		return say(finding, DOCTOR_OK, NULL,
			"It judges by the builds that CI reports, and asks nobody.");
	}
	if (probe == NULL || probe->status == -ENOENT) {
		return say(finding, DOCTOR_WARNING, "run codegenctl doctor again",
			"The configuration was just read again.");
	}
	if (probe->status == -ETIMEDOUT) {
		return say(finding, DOCTOR_PROBLEM,
			"look at the network, at \"proxy\" and at \"api-url\" in codegend.conf(5)",
			"It did not answer within %lld s.",
			(long long)(LIMIT_DOCTOR_MS / CLOCK_SECOND_MS));
	}
	if (probe->status < 0) {
		return say(finding, DOCTOR_PROBLEM,
			"codegend.conf(5), SECTION FORGE, says what it needs", "%s",
			probe->probe.sentence[0] != '\0' ? probe->probe.sentence
							 : log_errno(probe->status));
	}
	return say(finding, probe->probe.doubt ? DOCTOR_WARNING : DOCTOR_OK,
		"codegend.conf(5), SECTION FORGE, says what it needs", "%s", probe->probe.sentence);
}

/* Credentials. What is in a variable can be read by whoever may look at the process. */
static enum doctor_state check_credential(
	const char *const *sources, bool is_pem, struct doctor_finding *finding) {
	char sentence[LIMIT_SENTENCE_MAX];
	const char *source = NULL;
	int r = credential_find(sources, is_pem, &source, sentence);

	if (r < 0) {
		return say(finding, DOCTOR_PROBLEM,
			"put it into /etc/credstore with the mode 0600 and restart codegend; codegend(8),"
			" CREDENTIALS, has more ways",
			"%s", sentence);
	}
	if (strncmp(source, "env:", strlen("env:")) == 0) {
		return say(finding, DOCTOR_WARNING,
			"give it as a credential of systemd instead: codegend(8), CREDENTIALS",
			"Found in \"%s\": whoever may look at the daemon's process can read it there.",
			source);
	}
	return say(finding, DOCTOR_OK, NULL, "Found in \"%s\", and closed to others.", source);
}

static enum doctor_state check_forge_credential(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	const struct config_forge *forge = &patient->config->forges[i];
	const char *sources[CONFIG_SOURCES_MAX];

	finding->subject = forge->name;
	return strcmp(forge->type, "local") == 0
		? DOCTOR_NONE
		: check_credential(sources, config_forge_sources(forge, sources), finding);
}

/* Agents */

static size_t count_agents(const struct doctor_patient *patient) {
	return patient->config->n_agents;
}

/* "" when it can be used. */
static const char *program_problem(const char *program) {
	struct stat st;

	if (stat(program, &st) == 0 && !S_ISREG(st.st_mode)) {
		return "it is no file";
	}
	return faccessat(AT_FDCWD, program, X_OK, AT_EACCESS) < 0 ? log_errno(-errno) : "";
}

static const char *workdir_problem(const char *workdir) {
	struct stat st;

	if (stat(workdir, &st) == 0 && !S_ISDIR(st.st_mode)) {
		return "it is no directory";
	}
	return faccessat(AT_FDCWD, workdir, X_OK, AT_EACCESS) < 0 ? log_errno(-errno) : "";
}

static enum doctor_state check_program(
	const struct config_agent *agent, const char *workdir, struct doctor_finding *finding) {
	const char *program = agent->command[0], *problem = program_problem(program);
	char remedy[LIMIT_SENTENCE_MAX];

	(void)text_format(remedy, sizeof(remedy),
		"let the user with the id %u use it, or correct it in codegend.conf(5)",
		(unsigned)geteuid());
	if (problem[0] != '\0') {
		return say(finding, DOCTOR_PROBLEM, remedy,
			"Its program \"%s\" cannot be executed: %s.", program, problem);
	}
	problem = workdir_problem(workdir);
	if (problem[0] != '\0') {
		return say(finding, DOCTOR_PROBLEM, remedy,
			"Its workdir \"%s\" cannot be entered: %s.", workdir, problem);
	}
	return say(finding, DOCTOR_OK, NULL, "\"%s\" can be executed in \"%s\".", program, workdir);
}

/* Its forge, as far as it is known who we are there. */
static const char *bot_of(const struct doctor_patient *patient, const json_t *forges,
	const struct config_agent *agent) {
	for (size_t i = 0; i < patient->config->n_projects; i++) {
		const struct policy *policy = &patient->config->projects[i].policy;
		bool is_asked = false;

		for (size_t k = 0; k < policy->n_agents; k++) {
			is_asked |= strcmp(policy->agents[k].name, agent->name) == 0;
		}
		for (size_t k = 0; is_asked && k < json_array_size(forges); k++) {
			const json_t *forge = json_array_get(forges, k);
			const char *name = json_string_value(json_object_get(forge, "name"));
			const char *login = json_string_value(json_object_get(forge, "identity"));

			if (text_equal(name, policy->forge) && login != NULL &&
				strstr(login, "[bot]") != NULL) {
				return login;
			}
		}
	}
	return NULL;
}

static enum doctor_state check_mention(const struct doctor_patient *patient,
	const struct config_agent *agent, struct doctor_finding *finding) {
	json_t *forges = engine_forges_to_json(patient->engine);
	const char *bot = bot_of(patient, forges, agent);
	enum doctor_state state;

	if (bot != NULL) {
		state = say(finding, DOCTOR_PROBLEM,
			"use the token of a user in the forge, or an agent of type codegen",
			"It is mentioned by \"%s\", and such agents do not listen to bots.", bot);
	} else {
		state = say(
			finding, DOCTOR_OK, NULL, "It is asked by mentioning @%s.", agent->handle);
	}
	json_decref(forges);
	return state;
}

static enum doctor_state check_agent(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	const struct config_agent *agent = &patient->config->agents[i];

	finding->subject = agent->name;
	if (strcmp(agent->type, "command") == 0) {
		return check_program(agent,
			agent->workdir != NULL ? agent->workdir : patient->server->state_dir,
			finding);
	}
	if (strcmp(agent->type, "mention") == 0) {
		return check_mention(patient, agent, finding);
	}
	return say(finding, DOCTOR_OK, NULL, "It is asked at %s for organization %lld.",
		agent->api_url, (long long)agent->organization);
}

static enum doctor_state check_agent_credential(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	const struct config_agent *agent = &patient->config->agents[i];
	const char *sources[CONFIG_SOURCES_MAX];

	finding->subject = agent->name;
	if (strcmp(agent->type, "codegen") != 0) {
		return DOCTOR_NONE;
	}
	config_agent_sources(agent, sources);
	return check_credential(sources, false, finding);
}

const struct doctor_check doctor_checks[] = {
	{ "service", NULL, check_service },
	{ "store", NULL, check_store },
	{ "disk", NULL, check_disk },
	{ "clock", NULL, check_clock },
	{ "pause", NULL, check_pause },
	{ "spool", NULL, check_spool },
	{ "credential of forge", count_forges, check_forge_credential },
	{ "forge", count_forges, check_forge },
	{ "credential of agent", count_agents, check_agent_credential },
	{ "agent", count_agents, check_agent },
};
const size_t n_doctor_checks = ARRAY_SIZE(doctor_checks);
