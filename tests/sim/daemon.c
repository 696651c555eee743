/* The daemon's lives: a start, an end, and what it was configured with. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "tests/sim/sim.h"

static bool stopping;

bool sim_daemon_is_up(void) {
	return sim.engine != NULL && !stopping;
}

/* Some settings, drawn anew for each life and each reload. */
static void write_config(FILE *file) {
	static const char *const agents[] = { "{ program }", "{ service }", "{ mentioned }",
		"{ service, program }", "{ mentioned, service, program }", "{ mentioned, program }" };

	fprintf(file,
		"follow-up-delay = %" PRIu64 "m\nwait-recheck = %" PRIu64 "m\nmax-waiting = %" PRIu64
		"h\nmax-cycles = %" PRIu64 "\nmax-triggers-per-hour = %" PRIu64 "\nmode = %s\n",
		10 + sim_random(110), 10 + sim_random(50), 1 + sim_random(8), 1 + sim_random(3),
		1 + sim_random(8), sim_fault(50) ? "observe" : "act");
	fprintf(file,
		"forge hub { type = github }\n"
		"agent program { type = command command = { \"/bin/true\" } concurrency = %" PRIu64
		" }\n"
		"agent service { type = codegen organization = 1 }\n"
		"agent mentioned { type = mention handle = somebody deadline = %" PRIu64 "m }\n",
		1 + sim_random(3), 5 + sim_random(60));
	fprintf(file, "project \"acme/web\" { forge = hub agents = %s }\n",
		agents[sim_random(ARRAY_SIZE(agents))]);
	fprintf(file, "project \"acme/app\" { forge = local agents = { program } }\n");
}

static struct config *make_config(void) {
	static char path[64];
	struct config_errors errors = { 0 };
	struct config *config = NULL;
	FILE *file;

	text_format(path, sizeof(path), "/tmp/codegend-sim-%ld.conf", (long)getpid());
	file = fopen(path, "we");
	if (file == NULL) {
		sim_broken("\"%s\" cannot be written", path);
	}
	write_config(file);
	(void)fclose(file);
	if (config_load(path, true, &config, &errors) < 0) {
		sim_broken("the configuration is refused: %s", errors.lines[0]);
	}
	config_errors_finish(&errors);
	(void)unlink(path);
	return config;
}

static void start_act(void *user) {
	(void)user;
	sim_daemon_start();
}

static void started(void *user, int status) {
	(void)user;
	sim_say("the daemon is up: %d", status);
	if (status < 0) { /* as the daemon does: it exits, and systemd starts it again */
		sim_daemon_crash("because it could not start");
	}
}

void sim_daemon_start(void) {
	struct engine_options options = { .loop = NULL, .state_dir = "/tmp" };
	char sentence[LIMIT_SENTENCE_MAX];

	sim.life = ++sim.lives;
	sim.deadline_ms = 0;
	stopping = false;
	if (store_open(NULL, "", NULL, NULL, &options.store, sentence) < 0) {
		sim_broken("the store cannot be opened");
	}
	options.config = make_config();
	if (engine_create(&options, &sim.engine) < 0 || engine_start(sim.engine, started, NULL) < 0) {
		sim_daemon_crash("because it could not begin to start");
	}
}

/* Nothing is freed: whoever is killed does not either. */
void sim_daemon_crash(const char *where) {
	sim_say("the daemon dies %s", where);
	sim.n_crashes++;
	sim.life = -1; /* no event has it */
	sim.engine = NULL;
	sim.deadline_ms = 0;
	sim_after(100 + (int64_t)sim_random(sim.calm ? 5000 : 4 * (uint64_t)CLOCK_HOUR_MS),
		start_act, NULL);
}

static void stopped(void *user, bool drained) {
	(void)user;
	(void)drained;
	sim_daemon_crash("after it was stopped");
}

void sim_daemon_stop(void) {
	stopping = true;
	engine_stop(sim.engine, stopped, NULL);
}

void sim_daemon_reload(void) {
	struct config *config = make_config();

	if (engine_set_config(sim.engine, config) < 0) {
		sim_broken("a configuration was not taken");
	}
}
