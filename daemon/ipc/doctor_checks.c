/* The checks, in the order in which they are told. */
#include <errno.h>
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
#include "daemon/agent/agent.h"
#include "daemon/credential.h"
#include "daemon/ipc/doctor.h"
#include "daemon/ipc/internal.h"
#include "daemon/program.h"
#include "daemon/systemd.h"

#define KIB (INT64_C(1) << 10)
#define MIB (INT64_C(1) << 20)
/* systemd-timesyncd(8) makes it when it has set the clock. */
#define TIMESYNC_FILE "/run/systemd/timesync/synchronized"

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
		return doctor_say(finding, DOCTOR_WARNING,
			"run it as the service it comes with: systemctl enable --now codegend-submit.socket"
			" codegend-control.socket",
			"It was not started by systemd: nobody starts it again when it ends.");
	}
	if (!is_handed_over(patient)) {
		return doctor_say(finding, DOCTOR_WARNING,
			"systemctl enable --now codegend-submit.socket codegend-control.socket, then restart"
			" codegend.service",
			"systemd does not hold its sockets: while it restarts, connections are refused.");
	}
	if (systemd_watchdog_ms() == 0) {
		return doctor_say(finding, DOCTOR_WARNING, "set WatchdogSec= in codegend.service",
			"systemd does not watch over it: it would not notice that it hangs.");
	}
	return doctor_say(finding, DOCTOR_OK, NULL,
		"Started by systemd, which holds its sockets and watches over it.");
}

/* The configuration */

static size_t count_warnings(const struct doctor_patient *patient) {
	return patient->config->warnings.n_lines;
}

static enum doctor_state check_configuration(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	return doctor_say(finding, DOCTOR_WARNING, "correct it, then codegenctl reload", "%s.",
		patient->config->warnings.lines[i]);
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
		return doctor_say(finding, DOCTOR_PROBLEM,
			"look at the disk and at journalctl -u codegend, then restart codegend",
			"The store does not answer: %s.", log_errno(patient->counts_status));
	}
	if (!database_path(patient, "", path) || stat(path, &st) < 0) {
		return doctor_say(finding, DOCTOR_PROBLEM,
			"restore a backup, or find out who removed it; codegend(8), BACKUP AND RESTORE",
			"The database is not in \"%s\" any more.", patient->server->state_dir);
	}
	if ((st.st_mode & 077) != 0) {
		(void)text_format(remedy, sizeof(remedy), "chmod 600 \"%.400s\"", path);
		return doctor_say(finding, DOCTOR_PROBLEM, remedy,
			"Other users may open the database \"%s\" (mode %04o).", path,
			(unsigned)(st.st_mode & 07777));
	}
	if (database_path(patient, "-wal", log)) {
		(void)stat(log, &log_st); /* there is none before the first write */
	}
	if (log_st.st_size > 2 * LIMIT_STORE_WAL_BYTES) {
		return doctor_say(finding, DOCTOR_WARNING,
			"look at journalctl -u codegend; a restart moves it into the database",
			"The write-ahead log has grown to %lld MiB.",
			(long long)log_st.st_size / MIB);
	}
	return doctor_say(finding, DOCTOR_OK, NULL,
		"It answers; %lld KiB, %lld KiB of log, schema %lld.",
		(long long)(st.st_size + KIB - 1) / KIB, (long long)(log_st.st_size + KIB - 1) / KIB,
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
		return doctor_say(finding, DOCTOR_WARNING, NULL,
			"How full \"%s\" is cannot be told: %s.", dir, log_errno(-errno));
	}
	free_bytes = (int64_t)info.f_bavail * (int64_t)info.f_frsize;
	if (free_bytes < 2 * LIMIT_STORE_WAL_BYTES) {
		return doctor_say(finding, DOCTOR_PROBLEM, remedy, "\"%s\" has only %lld MiB left.",
			dir, (long long)(free_bytes / MIB));
	}
	if (free_bytes < 2 * LIMIT_STORE_WAL_BYTES + wanted) {
		return doctor_say(finding, DOCTOR_WARNING, remedy,
			"\"%s\" has %lld MiB left, too little for a backup.", dir,
			(long long)(free_bytes / MIB));
	}
	return doctor_say(finding, DOCTOR_OK, NULL, "\"%s\" has %lld MiB left.", dir,
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

/* The forge whose clock is the furthest from ours; NULL: none differs by more than the limit. */
static const struct doctor_probe *find_other_clock(const struct doctor_patient *patient) {
	const struct doctor_probe *found = NULL;

	for (size_t i = 0; i < patient->n_probes; i++) {
		const struct doctor_probe *probe = &patient->probes[i];

		if (llabs(probe->probe.clock_ahead_ms) >= LIMIT_FORGE_CLOCK_MS &&
			(found == NULL ||
				llabs(probe->probe.clock_ahead_ms) >
					llabs(found->probe.clock_ahead_ms))) {
			found = probe;
		}
	}
	return found;
}

static enum doctor_state check_clock(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	char now[CLOCK_TEXT_MAX], why[LIMIT_SENTENCE_MAX];
	int64_t now_ms = clock_now_ms();
	int synchronized = is_synchronized();
	const struct doctor_probe *other = find_other_clock(patient);

	(void)clock_format(now_ms, now);
	engine_explain_clock(patient->engine, why);
	if (why[0] != '\0') {
		return doctor_say(finding, DOCTOR_PROBLEM,
			"timedatectl set-ntp true; if it is right, and was ahead before, wait",
			"It says %s. %s", now, why);
	}
	if (other != NULL) {
		return doctor_say(finding, DOCTOR_WARNING, "timedatectl set-ntp true",
			"It says %s, and is %lld s %s that of forge \"%s\": follow-ups come at the wrong time.",
			now, (long long)llabs(other->probe.clock_ahead_ms) / CLOCK_SECOND_MS,
			other->probe.clock_ahead_ms > 0 ? "behind" : "ahead of", other->name);
	}
	if (synchronized == 0) {
		return doctor_say(finding, DOCTOR_WARNING, "timedatectl set-ntp true",
			"It says %s, and nothing keeps it right: follow-ups may come at the wrong time.",
			now);
	}
	return doctor_say(finding, DOCTOR_OK, NULL, "It says %s%s.", now,
		synchronized > 0 ? ", and is kept right"
				 : "; whether something keeps it right cannot be told");
}

/* Work */

static enum doctor_state check_pause(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	const char *const *paused = engine_paused(patient->engine);

	if (paused[0] == NULL) {
		return doctor_say(finding, DOCTOR_OK, NULL, "Nothing is paused.");
	}
	if (strcmp(paused[0], "*") == 0) {
		return doctor_say(finding, DOCTOR_WARNING, "codegenctl resume",
			"Everything is paused: reports are taken, and nothing else happens.");
	}
	return doctor_say(finding, DOCTOR_WARNING,
		"codegenctl status names them, codegenctl resume PROJECT"
		" ends it",
		"Paused: \"%s\"%s.", paused[0], paused[1] != NULL ? " and others" : "");
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

static const char look_at_network[] =
	"look at the network, at \"proxy\" and at \"api-url\" in codegend.conf(5)";

/* It was not reached; or what it answered, or was to be asked with, is at fault. */
static const char *forge_remedy(const struct config_forge *forge, int status) {
	const char *sources[CONFIG_SOURCES_MAX], *source;
	char sentence[LIMIT_SENTENCE_MAX];

	if (status == -EHOSTUNREACH || status == -ECONNREFUSED || status == -ECONNRESET ||
		status == -ETIMEDOUT) {
		return look_at_network;
	}
	return credential_find(sources, config_forge_sources(forge, sources), &source, sentence) < 0
		? "mend its credential, see there; then look again"
		: "codegend.conf(5), SECTION FORGE, says what it needs";
}

/* It answers, and yet nothing is sent to it: what `status` says of it. */
static enum doctor_state check_pause_of(const struct doctor_patient *patient,
	const struct config_forge *forge, struct doctor_finding *finding) {
	char why[LIMIT_SENTENCE_MAX];
	int64_t open_ms = engine_forge_open_ms(patient->engine, forge->name, clock_now_ms(), why);

	if (open_ms == INT64_MAX) {
		return doctor_say(finding, DOCTOR_PROBLEM,
			"mend its credential if it is no good; then codegenctl reload, which tries it again",
			"%s", why);
	}
	return why[0] != '\0'
		? doctor_say(finding, DOCTOR_WARNING,
			  "wait, it goes on by itself; codegenctl status tells more", "%s", why)
		: DOCTOR_NONE;
}

static enum doctor_state check_forge(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	const struct config_forge *forge = &patient->config->forges[i];
	const struct doctor_probe *probe = find_probe(patient, forge->name);
	enum doctor_state paused;

	finding->subject = forge->name;
	if (strcmp(forge->type, "local") == 0) {
		return doctor_say(finding, DOCTOR_OK, NULL,
			"It judges by the builds that CI reports, and asks nobody.");
	}
	if (probe == NULL || probe->status == -ENOENT) {
		return doctor_say(finding, DOCTOR_WARNING, "run codegenctl doctor again",
			"The configuration was just read again.");
	}
	paused = check_pause_of(patient, forge, finding);
	if (paused == DOCTOR_PROBLEM ||
		(paused != DOCTOR_NONE &&
			(probe->status == 0 || probe->status == -EAGAIN ||
				probe->status == -ENODATA))) {
		return paused;
	}
	if (probe->status == -ENODATA) {
		return doctor_say(finding, DOCTOR_WARNING,
			"look at the store, and at codegenctl status; then run codegenctl doctor again",
			"It was not asked: its turn did not come within %lld s.",
			(long long)(LIMIT_DOCTOR_MS / CLOCK_SECOND_MS));
	}
	if (probe->status == -ETIMEDOUT) {
		return doctor_say(finding, DOCTOR_PROBLEM, look_at_network,
			"It did not answer within %lld s.",
			(long long)(LIMIT_DOCTOR_MS / CLOCK_SECOND_MS));
	}
	if (probe->status < 0) {
		return doctor_say(finding, DOCTOR_PROBLEM, forge_remedy(forge, probe->status), "%s",
			probe->probe.sentence[0] != '\0' ? probe->probe.sentence
							 : log_errno(probe->status));
	}
	return doctor_say(finding, probe->probe.doubt ? DOCTOR_WARNING : DOCTOR_OK,
		"codegend.conf(5), SECTION FORGE, says what it needs", "%s", probe->probe.sentence);
}

/* Credentials */

static enum doctor_state check_forge_credential(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	const struct config_forge *forge = &patient->config->forges[i];
	const char *sources[CONFIG_SOURCES_MAX];

	finding->subject = forge->name;
	return strcmp(forge->type, "local") == 0
		? DOCTOR_NONE
		: doctor_check_credential(sources, config_forge_sources(forge, sources), finding);
}

/* Agents */

static size_t count_agents(const struct doctor_patient *patient) {
	return patient->config->n_agents;
}

/* The configuration may be newer than what was asked. */
static const struct doctor_agent *asked_about(
	const struct doctor_patient *patient, const struct config_agent *agent) {
	for (size_t i = 0; i < patient->n_agents; i++) {
		if (strcmp(patient->agents[i].name, agent->name) == 0) {
			return &patient->agents[i];
		}
	}
	return NULL;
}

/* What ProtectHome= in its unit hides. */
static bool is_in_a_home(const char *path) {
	static const char *const homes[] = { "/home/", "/root/", "/run/user/" };

	for (size_t i = 0; i < ARRAY_SIZE(homes); i++) {
		if (strncmp(path, homes[i], strlen(homes[i])) == 0) {
			return true;
		}
	}
	return false;
}

/* `problem`: of `path`, the program or the workdir, in the words of codegend-agent. */
static void remedy_there(const struct doctor_agent *asked, const char *path, const char *problem,
	char remedy[LIMIT_SENTENCE_MAX]) {
	const char *user = asked->inquiry.user;

	if (strcmp(problem, log_errno(-ENOENT)) == 0) {
		(void)text_format(remedy, LIMIT_SENTENCE_MAX,
			"make it, for the user %.100s, or correct it in codegend.conf(5)", user);
	} else if (is_in_a_home(path)) {
		(void)text_format(remedy, LIMIT_SENTENCE_MAX,
			"ProtectHome=no in a drop-in, systemctl edit codegend-agent@.service: as packaged it"
			" sees no home directory; and let the user %.100s use it, or name another place",
			user);
	} else {
		(void)text_format(remedy, LIMIT_SENTENCE_MAX,
			"let the user %.100s use it, within codegend-agent@.service, or correct it in"
			" codegend.conf(5)",
			user);
	}
}

/* Nothing listens, which a unit whose file was gone for a while does not notice; or what was started ended at once. */
static const char *remedy_of_asking(int status) {
	return status == -ECONNRESET
		? "journalctl -u 'codegend-agent*' says why it does not start, such as a directory of"
		  " ReadWritePaths= that is not there, or that it is masked"
		: "systemctl unmask codegend-agent@.service, systemctl enable codegend-agent.socket, systemctl"
		  " restart codegend-agent.socket, and look at journalctl -u 'codegend-agent*'";
}

/* As packaged, it may write to its own /tmp alone. */
static enum doctor_state say_read_only(const struct config_agent *agent,
	const struct agent_inquiry *inquiry, struct doctor_finding *finding) {
	const char *quote = strpbrk(agent->workdir, " \t") != NULL ? "\"" : "";
	char remedy[LIMIT_SENTENCE_MAX];

	(void)text_format(remedy, sizeof(remedy),
		"chown -R %.100s '%.150s', and ReadWritePaths=%s%.150s%s in a drop-in: systemctl edit"
		" codegend-agent@.service",
		inquiry->user, agent->workdir, quote, agent->workdir, quote);
	return doctor_say(finding, DOCTOR_WARNING, remedy,
		"\"%s\" can be executed by the user %s, but not write to its workdir \"%s\": %s.",
		agent->command[0], inquiry->user, agent->workdir, inquiry->writing);
}

/* One that codegend-agent runs: what that said. */
static enum doctor_state check_program_there(const struct doctor_patient *patient,
	const struct config_agent *agent, struct doctor_finding *finding) {
	const struct doctor_agent *asked = asked_about(patient, agent);
	const char *workdir = agent->workdir != NULL ? agent->workdir : "";
	char remedy[LIMIT_SENTENCE_MAX];

	if (asked == NULL || asked->status < 0) {
		return doctor_say(finding, DOCTOR_PROBLEM,
			remedy_of_asking(asked != NULL ? asked->status : -EAGAIN),
			"codegend-agent, which runs it, cannot be asked at \"%s\": %s.",
			engine_agent_socket(patient->engine),
			log_errno(asked != NULL ? asked->status : -EAGAIN));
	}
	if (asked->inquiry.program[0] != '\0') {
		remedy_there(asked, agent->command[0], asked->inquiry.program, remedy);
		return doctor_say(finding, DOCTOR_PROBLEM, remedy,
			"Its program \"%s\" cannot be executed: %s.", agent->command[0],
			asked->inquiry.program);
	}
	if (asked->inquiry.workdir[0] != '\0') {
		remedy_there(asked, workdir, asked->inquiry.workdir, remedy);
		return doctor_say(finding, DOCTOR_PROBLEM, remedy,
			"Its workdir \"%s\" cannot be entered: %s.", workdir, asked->inquiry.workdir);
	}
	if (agent->workdir != NULL && asked->inquiry.writing[0] != '\0') {
		return say_read_only(agent, &asked->inquiry, finding);
	}
	return doctor_say(finding, DOCTOR_OK, NULL, "\"%s\" can be executed by the user %s%s%s%s.",
		agent->command[0], asked->inquiry.user, workdir[0] != '\0' ? " in \"" : "", workdir,
		workdir[0] != '\0' ? "\"" : "");
}

static enum doctor_state check_program(const struct doctor_patient *patient,
	const struct config_agent *agent, struct doctor_finding *finding) {
	const char *workdir = agent->workdir != NULL ? agent->workdir : patient->server->state_dir;
	char problem[LIMIT_SENTENCE_MAX], remedy[LIMIT_SENTENCE_MAX];

	if (engine_agent_socket(patient->engine) != NULL) {
		return check_program_there(patient, agent, finding);
	}
	if (agent_check(agent, problem) < 0) {
		(void)text_format(remedy, sizeof(remedy),
			"let the user with the id %u use it, or correct it in codegend.conf(5)",
			(unsigned)geteuid());
		return doctor_say(finding, DOCTOR_PROBLEM, remedy, "%s", problem);
	}
	if (program_writing_problem(workdir)[0] != '\0') {
		(void)text_format(remedy, sizeof(remedy),
			"let the user with the id %u write to it, or name another workdir in"
			" codegend.conf(5)",
			(unsigned)geteuid());
		return doctor_say(finding, DOCTOR_WARNING, remedy,
			"\"%s\" can be executed, but not write to its workdir \"%s\": %s.",
			agent->command[0], workdir, program_writing_problem(workdir));
	}
	return doctor_say(finding, DOCTOR_OK, NULL, "\"%s\" can be executed in \"%s\".",
		agent->command[0], workdir);
}

static bool is_app(const struct doctor_patient *patient, const char *forge) {
	for (size_t i = 0; i < patient->config->n_forges; i++) {
		if (strcmp(patient->config->forges[i].name, forge) == 0) {
			return patient->config->forges[i].app_id > 0;
		}
	}
	return false;
}

/* Its forge, as far as it is known who we are there; an App is a bot whoever it is. */
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
		if (is_asked && is_app(patient, policy->forge)) {
			return "a GitHub App";
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
		state = doctor_say(finding, DOCTOR_PROBLEM,
			"use the token of a user in the forge, or an agent of type codegen",
			"It is mentioned by %s, and such agents do not listen to bots.", bot);
	} else {
		state = doctor_say(
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
		return check_program(patient, agent, finding);
	}
	if (strcmp(agent->type, "mention") == 0) {
		return check_mention(patient, agent, finding);
	}
	return doctor_say(finding, DOCTOR_OK, NULL, "It is asked at %s for organization %lld.",
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
	return doctor_check_credential(sources, false, finding);
}

const struct doctor_check doctor_checks[] = {
	{ "service", NULL, check_service },
	{ "configuration", count_warnings, check_configuration },
	{ "store", NULL, check_store },
	{ "disk", NULL, check_disk },
	{ "clock", NULL, check_clock },
	{ "pause", NULL, check_pause },
	{ "spool", NULL, doctor_check_spool },
	{ "credential of forge", count_forges, check_forge_credential },
	{ "forge", count_forges, check_forge },
	{ "credential of agent", count_agents, check_agent_credential },
	{ "agent", count_agents, check_agent },
};
const size_t n_doctor_checks = ARRAY_SIZE(doctor_checks);
