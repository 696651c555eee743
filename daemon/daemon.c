#include "daemon/daemon.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "common/address.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/agent/agent.h"
#include "daemon/config.h"
#include "daemon/engine/engine.h"
#include "daemon/ipc/server.h"
#include "daemon/ipc/spool.h"
#include "daemon/loop_lag.h"
#include "daemon/loop_open.h"
#include "daemon/status_line.h"
#include "daemon/store/store.h"
#include "daemon/systemd.h"
#include "daemon/watchdog.h"

#define DAEMON_DATABASE "codegend.db"
#define DAEMON_USER "codegend" /* of codegend.service */

enum daemon_signal { SIGNAL_HUP, SIGNAL_INT, SIGNAL_TERM, SIGNAL_COUNT };

struct daemon {
	const struct daemon_options *options; /* borrowed: the caller's */
	char config_file[ADDRESS_PATH_MAX];
	char state_dir[ADDRESS_PATH_MAX];
	char runtime_dir[ADDRESS_PATH_MAX];
	char spool_dir[ADDRESS_PATH_MAX];
	int64_t started_ms;
	int exit_code;
	bool stopping;
	bool reload_failed; /* the last one */

	uv_loop_t loop;
	uv_signal_t signals[SIGNAL_COUNT];
	struct watchdog watchdog;
	struct loop_lag lag;
	struct store *store;
	struct engine *engine;
	struct server *server;
	struct spool *spool;
	int n_closing; /* of server, spool and engine */
};

/* How a user's daemon finds one of its places, for those who run it without a session. */
struct place {
	const char *what;
	const char *option;
	const char *variable;
	bool home; /* $HOME replaces the variable */
};

static const char *variable_state(const char *name) {
	const char *value = getenv(name);

	return value == NULL || value[0] == '\0' ? "not set" : "no absolute path";
}

static int say_no_place(const struct place *place, int status) {
	if (status != -ENOENT) {
		log_error("Cannot tell where %s is: %s; give %s.", place->what, log_errno(status),
			place->option);
	} else if (place->home) {
		log_error("Cannot tell where %s is: $%s is %s, and $HOME is %s; set one of them, or "
			  "give %s.",
			place->what, place->variable, variable_state(place->variable),
			variable_state("HOME"), place->option);
	} else {
		log_error("Cannot tell where %s is: $%s is %s; set it, or give %s.", place->what,
			place->variable, variable_state(place->variable), place->option);
	}
	return status;
}

static int find_config_file(struct daemon *daemon) {
	static const struct place place = { "the configuration", "--config FILE", "XDG_CONFIG_HOME",
		true };
	int r = address_config_file(daemon->options->config_file, daemon->options->user,
		daemon->config_file, sizeof(daemon->config_file));

	return r < 0 ? say_no_place(&place, r) : 0;
}

static int find_places(struct daemon *daemon) {
	static const struct place state = { "the state directory", "--state-directory DIR",
		"XDG_STATE_HOME", true };
	static const struct place runtime = { "the runtime directory", "--runtime-directory DIR",
		"XDG_RUNTIME_DIR", false };
	static const struct place spool = { "the spool directory", "--spool-directory DIR",
		"XDG_STATE_HOME", true };
	const struct daemon_options *options = daemon->options;
	int r = find_config_file(daemon);

	if (r < 0) {
		return r;
	}
	r = address_state_dir(
		options->state_dir, options->user, daemon->state_dir, sizeof(daemon->state_dir));
	if (r < 0) {
		return say_no_place(&state, r);
	}
	r = address_runtime_dir(options->runtime_dir, options->user, daemon->runtime_dir,
		sizeof(daemon->runtime_dir));
	if (r < 0) {
		return say_no_place(&runtime, r);
	}
	r = address_spool_dir(
		options->spool_dir, options->user, daemon->spool_dir, sizeof(daemon->spool_dir));
	return r < 0 ? say_no_place(&spool, r) : 0;
}

static int make_dir(const char *path, mode_t mode) {
	int r = fd_make_dirs(path, mode);

	if (r < 0) {
		log_error("Cannot create directory \"%s\": %s.", path, log_errno(r));
	}
	return r;
}

/* What systemd is told */

/* Why it does not start, or ends: in the log, and where `systemctl status` shows it until the process has ended. */
static void say_failed(const char *sentence) {
	log_error("%s", sentence);
	systemd_status(sentence);
}

/* `counts`: NULL, not known yet. */
static void state_line(const struct daemon *daemon, const struct store_counts *counts,
	char line[LIMIT_SENTENCE_MAX]) {
	char full[LIMIT_SENTENCE_MAX];
	struct status_facts facts = { .counts = counts,
		.paused = engine_paused(daemon->engine),
		.full = full,
		.reload_failed = daemon->reload_failed };

	engine_explain_store(daemon->engine, full);
	status_line(&facts, line);
}

static void watchdog_answered(void *user, const struct store_counts *counts) {
	char line[LIMIT_SENTENCE_MAX];

	state_line(user, counts, line);
	systemd_status(line);
}

/* In force from now on, or again; how much there is to do follows. */
static void say_ready(struct daemon *daemon) {
	char line[LIMIT_SENTENCE_MAX];

	state_line(daemon, NULL, line);
	systemd_ready(line);
	watchdog_ask(&daemon->watchdog);
}

/* Configuration */

static int load_config(
	const struct daemon *daemon, struct config **ret_config, struct config_errors *ret_errors) {
	int r = config_load(
		daemon->config_file, daemon->options->config_file != NULL, ret_config, ret_errors);

	for (size_t i = 0; r == 0 && i < (*ret_config)->warnings.n_lines; i++) {
		log_warning("%s", (*ret_config)->warnings.lines[i]);
	}
	return r;
}

static void log_config_errors(const struct config_errors *errors) {
	for (size_t i = 0; i < errors->n_lines; i++) {
		log_error("%s", errors->lines[i]);
	}
}

static int load_config_or_say(struct daemon *daemon, struct config **ret_config) {
	struct config_errors errors = { 0 };
	char sentence[LIMIT_SENTENCE_MAX];
	int r = load_config(daemon, ret_config, &errors);

	log_config_errors(&errors);
	if (r < 0 && errors.n_lines > 0) {
		systemd_status(errors.lines[0]);
	} else if (r < 0) {
		text_format(sentence, sizeof(sentence), "Cannot read the configuration \"%s\": %s.",
			daemon->config_file, log_errno(r));
		say_failed(sentence);
	}
	config_errors_finish(&errors);
	return r;
}

/* Also the server's callback for the Reload method. */
static int reload(void *user, struct config_errors *ret_errors) {
	struct daemon *daemon = user;
	struct config *config = NULL;
	int r;

	systemd_reloading();
	r = load_config(daemon, &config, ret_errors);
	if (r == 0) {
		r = engine_set_config(daemon->engine, config);
	}
	if (r == 0) {
		spool_look(daemon->spool);
		log_notice("The configuration was read again and is in force.");
	} else {
		log_config_errors(ret_errors);
		log_error("The configuration was not read again: %s; the old settings stay in force.",
			r == -EINVAL ? "it has mistakes" : log_errno(r));
	}
	daemon->reload_failed = r < 0;
	say_ready(daemon);
	return r;
}

/* Stopping: the sockets and the engine side by side, then the store. */

static void close_handles(struct daemon *daemon) {
	for (int i = 0; i < SIGNAL_COUNT; i++) {
		uv_close((uv_handle_t *)&daemon->signals[i], NULL);
	}
	watchdog_close(&daemon->watchdog);
	loop_lag_close(&daemon->lag);
}

static void store_closed(void *user) {
	struct daemon *daemon = user;

	daemon->store = NULL;
	engine_destroy(daemon->engine);
	daemon->engine = NULL;
	spool_destroy(daemon->spool);
	daemon->spool = NULL;
	close_handles(daemon);
}

static void part_stopped(void *user) {
	struct daemon *daemon = user;

	if (--daemon->n_closing == 0) {
		store_close(daemon->store, store_closed, daemon);
	}
}

/* Whatever is committed is safe; waiting longer for a hung disk or process would only keep the others waiting. */
static void engine_stopped(void *user, bool drained) {
	if (!drained) {
		log_error("Work under way did not end within %lld s; leaving it to the next start.",
			(long long)(LIMIT_DRAIN_MS / CLOCK_SECOND_MS));
		_exit(DAEMON_EXIT_FAILED);
	}
	part_stopped(user);
}

static void stop(struct daemon *daemon, int exit_code) {
	daemon->exit_code = MAX(daemon->exit_code, exit_code);
	if (daemon->stopping) {
		return;
	}
	daemon->stopping = true;
	systemd_stopping(exit_code == DAEMON_EXIT_OK
			? "Stopping: what is under way is finished or recorded first."
			: NULL); /* why it ends is said */
	watchdog_stop(&daemon->watchdog);
	daemon->n_closing = 1 + (daemon->server != NULL) + (daemon->spool != NULL);
	if (daemon->server != NULL) {
		server_close(daemon->server, part_stopped, daemon);
	}
	if (daemon->spool != NULL) {
		spool_close(daemon->spool, part_stopped, daemon);
	}
	engine_stop(daemon->engine, engine_stopped, daemon);
}

static void store_failed(void *user, const char *sentence) {
	say_failed(sentence);
	stop(user, DAEMON_EXIT_FAILED);
}

/* Signals */

static void signal_received(uv_signal_t *handle, int signum) {
	struct daemon *daemon = handle->data;
	struct config_errors errors = { 0 };

	if (signum == SIGHUP) {
		if (!daemon->stopping && daemon->server != NULL) {
			(void)reload(daemon, &errors);
			config_errors_finish(&errors);
		}
		return;
	}
	log_notice("Stopping on signal %d.", signum);
	stop(daemon, DAEMON_EXIT_OK);
}

static int start_handles(struct daemon *daemon) {
	static const int signums[SIGNAL_COUNT] = {
		[SIGNAL_HUP] = SIGHUP, [SIGNAL_INT] = SIGINT, [SIGNAL_TERM] = SIGTERM
	};
	int r = loop_lag_open(&daemon->loop, &daemon->lag);

	for (int i = 0; i < SIGNAL_COUNT; i++) {
		uv_signal_init(&daemon->loop, &daemon->signals[i]);
		daemon->signals[i].data = daemon;
		r = r < 0 ? r : uv_signal_start(&daemon->signals[i], signal_received, signums[i]);
	}
	watchdog_init(&daemon->watchdog, &daemon->loop, watchdog_answered, daemon);
	return r;
}

/* Starting */

/* What systemd holds for us is used, or we end: beside it, nobody would find what we bind. */
static int take_sockets(int ret_fds[SERVER_SOCKET_COUNT], char *sentence) {
	static const char *const names[SERVER_SOCKET_COUNT] = {
		[SERVER_SUBMIT] = "submit", [SERVER_CONTROL] = "control"
	};

	for (size_t i = 0; i < SERVER_SOCKET_COUNT; i++) {
		ret_fds[i] = systemd_take_socket(names[i]);
		if (ret_fds[i] == -EINVAL) {
			text_format(sentence, LIMIT_SENTENCE_MAX,
				"What was handed over as the socket \"%s\" is no Unix stream socket that "
				"listens; see codegend(8), UNITS.",
				names[i]);
			return -EINVAL;
		}
	}
	return 0;
}

static int open_server(struct daemon *daemon, char *sentence) {
	struct server_options options = { .loop = &daemon->loop,
		.engine = daemon->engine,
		.runtime_dir = daemon->runtime_dir,
		.reload = reload,
		.user = daemon,
		.started_ms = daemon->started_ms,
		.state_dir = daemon->state_dir,
		.spool = daemon->spool };
	int r = take_sockets(options.listen_fds, sentence);

	return r < 0 ? r : server_open(&options, &daemon->server, sentence);
}

/* A user's own spool is made; the system's is whoever's who installed us. */
static int open_spool(struct daemon *daemon) {
	struct spool_options options = {
		.loop = &daemon->loop,
		.engine = daemon->engine,
		.dir = daemon->spool_dir,
		.is_asked_for = daemon->options->spool_dir != NULL,
		.is_shared = !daemon->options->user,
	};

	if (daemon->options->user && daemon->options->spool_dir == NULL) {
		(void)!fd_make_dirs(daemon->spool_dir, 0700);
	}
	return spool_open(&options, &daemon->spool);
}

static void engine_started(void *user, int status) {
	struct daemon *daemon = user;
	char sentence[LIMIT_SENTENCE_MAX] = "";

	if (status < 0) {
		log_error("Cannot recover what was under way from \"%s\": %s.", daemon->state_dir,
			log_errno(status));
		stop(daemon, DAEMON_EXIT_FAILED);
		return;
	}
	if (daemon->stopping) {
		return;
	}
	status = open_spool(daemon);
	if (status < 0) {
		log_error("Cannot take spooled submissions: %s.", log_errno(status));
		stop(daemon, DAEMON_EXIT_FAILED);
		return;
	}
	status = open_server(daemon, sentence);
	if (status < 0) {
		say_failed(sentence);
		stop(daemon, DAEMON_EXIT_FAILED);
		return;
	}
	say_ready(daemon);
	log_notice("codegend %s is ready; state in \"%s\", sockets in \"%s\".", CODEGEND_VERSION,
		daemon->state_dir, daemon->runtime_dir);
}

static int open_store(struct daemon *daemon) {
	char path[ADDRESS_PATH_MAX];
	char sentence[LIMIT_SENTENCE_MAX] = "";
	int r = address_join(path, sizeof(path), daemon->state_dir, DAEMON_DATABASE);

	if (r == 0) {
		r = store_open(&daemon->loop, path, store_failed, daemon, &daemon->store, sentence);
	}
	if (r < 0) {
		say_failed(sentence[0] != '\0' ? sentence : log_errno(r));
	}
	return r;
}

/* From here on everything ends through stop(). */
static int run_loop(struct daemon *daemon, struct config *config) {
	struct engine_options options = { .loop = &daemon->loop,
		.store = daemon->store,
		.state_dir = daemon->state_dir,
		.agent_socket = daemon->options->agent_socket,
		.config = config };
	int r = engine_create(&options, &daemon->engine);

	if (r < 0) {
		log_error("Cannot start the engine: %s.", log_errno(r));
		store_close(daemon->store, store_closed, daemon);
		(void)uv_run(&daemon->loop, UV_RUN_DEFAULT);
		return DAEMON_EXIT_FAILED;
	}
	watchdog_start(&daemon->watchdog, daemon->store);
	r = engine_start(daemon->engine, engine_started, daemon);
	if (r < 0) {
		log_error("Cannot start the engine: %s.", log_errno(r));
		stop(daemon, DAEMON_EXIT_FAILED);
	}
	(void)uv_run(&daemon->loop, UV_RUN_DEFAULT);
	return daemon->exit_code;
}

static int open_loop_or_say(struct daemon *daemon) {
	int r = loop_open(&daemon->loop);

	if (r < 0) {
		log_error("Cannot start the event loop: %s.", log_errno(r));
	}
	return r;
}

static int start_handles_or_say(struct daemon *daemon) {
	int r = start_handles(daemon);

	if (r < 0) {
		log_error("Cannot watch for signals: %s.", log_errno(r));
	}
	return r;
}

static int run(struct daemon *daemon) {
	struct config *config = NULL;
	int code = DAEMON_EXIT_STORE;

	if (load_config_or_say(daemon, &config) < 0) {
		return DAEMON_EXIT_CONFIG;
	}
	if (make_dir(daemon->state_dir, 0700) < 0) {
		config_destroy(config);
		return DAEMON_EXIT_STORE;
	}
	if (make_dir(daemon->runtime_dir, 0755) < 0 || open_loop_or_say(daemon) < 0) {
		config_destroy(config);
		return DAEMON_EXIT_FAILED;
	}
	if (start_handles_or_say(daemon) == 0 && open_store(daemon) == 0) {
		code = run_loop(daemon, config);
	} else {
		config_destroy(config);
		close_handles(daemon);
		(void)uv_run(&daemon->loop, UV_RUN_DEFAULT);
	}
	(void)uv_loop_close(&daemon->loop);
	return code;
}

int daemon_run(const struct daemon_options *options) {
	struct daemon *daemon = calloc(1, sizeof(*daemon));
	int code = DAEMON_EXIT_FAILED;

	if (daemon == NULL) {
		log_error("Cannot start: %s.", log_errno(-ENOMEM));
		return DAEMON_EXIT_FAILED;
	}
	daemon->options = options;
	daemon->started_ms = clock_now_ms();
	(void)signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
	(void)umask(0077);
	if (find_places(daemon) == 0) {
		code = run(daemon);
	}
	free(daemon);
	return code;
}

/* Credentials are not looked for: those of the service are not there for whoever checks its configuration. */
static void warn_of_programs(const struct config *config) {
	for (size_t i = 0; i < config->n_agents; i++) {
		const struct config_agent *agent = &config->agents[i];
		char why[LIMIT_SENTENCE_MAX];

		if (text_equal(agent->type, "command") && agent_check(agent, why) < 0) {
			log_warning("Agent \"%s\" could not be started by this user now: %s",
				agent->name, why);
		}
	}
}

/* The service's configuration is what its user can read of it. */
static int load_as_daemon(struct daemon *daemon, struct config **ret_config) {
	bool is_service = !daemon->options->user && daemon->options->config_file == NULL;
	const struct passwd *user = is_service && geteuid() == 0 ? getpwnam(DAEMON_USER) : NULL;
	int r;

	if (user != NULL &&
		(initgroups(user->pw_name, user->pw_gid) < 0 || setegid(user->pw_gid) < 0 ||
			seteuid(user->pw_uid) < 0)) {
		log_warning("What the user " DAEMON_USER " may read is not known: %s.",
			log_errno(-errno));
	}
	r = load_config_or_say(daemon, ret_config);
	(void)!seteuid(getuid());
	return r;
}

int daemon_check_config(const struct daemon_options *options) {
	struct daemon daemon = { .options = options };
	struct config *config = NULL;

	if (find_config_file(&daemon) < 0) {
		return DAEMON_EXIT_FAILED;
	}
	if (load_as_daemon(&daemon, &config) < 0) {
		return DAEMON_EXIT_CONFIG;
	}
	warn_of_programs(config);
	config_destroy(config);
	printf("The configuration \"%s\" has no mistakes.\n", daemon.config_file);
	return DAEMON_EXIT_OK;
}
