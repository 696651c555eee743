/*
 * Runs worlds:   sim [--seeds FIRST-LAST] [--seed N] [--sabotage KIND]
 *
 * One seed is told event by event. Many are run in child processes of some hundred each: what a killed daemon held is
 * not freed but by the process that ends. Prints what was seen, and "replay: …" for a seed that broke a rule.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/sim/sim.h"

#define CHUNK 250
#define SHORTEST_MS (10 * CLOCK_DAY_MS) /* also of nothing to do */
#define LONGEST_MS (60 * CLOCK_DAY_MS)
#define LOOK_MS (12 * CLOCK_HOUR_MS)
#define EVENTS_AT_MOST 2000000

/* Of all worlds, shared with the children. */
struct sums {
	int64_t seeds, hours, events, commits, crashes, faults, runs, posts;
	int64_t resolved, escalated, abandoned, reports;
	uint64_t now; /* the seed under way */
};

static bool is_over(void) {
	return sim.mono_ms >= SHORTEST_MS && sim.calm && sim.n_pending == 0 && sim_daemon_is_up() &&
		sim_store_ask("SELECT count(*) FROM tasks WHERE status IN ('scheduled', 'executing')",
			0) == 0;
}

static enum sim_sabotage sabotage;

static void run_world(uint64_t seed, bool trace, struct sums *sums) {
	int64_t look_ms = LOOK_MS, n_events = 0;

	sums->now = seed;
	sim_begin(seed, trace, sabotage);
	sim_store_empty();
	sim_agent_begin();
	sim_oracle_begin();
	sim_ci_begin();
	sim_people_begin();
	sim_daemon_start();
	for (;;) {
		if (!sim_run_one(look_ms)) {
			sim.mono_ms = look_ms;
			look_ms += LOOK_MS;
			sim_oracle_rows();
			if (is_over()) {
				break;
			}
		}
		if (sim.mono_ms > LONGEST_MS || ++n_events > EVENTS_AT_MOST) {
			break;
		}
	}
	sim_oracle_end();
	sums->seeds++;
	sums->hours += sim.mono_ms / CLOCK_HOUR_MS;
	sums->events += n_events;
	sums->commits += sim.n_commits;
	sums->crashes += sim.n_crashes;
	sums->faults += sim.n_faults;
	sums->runs += sim.n_runs;
	sums->posts += (int64_t)sim.n_posts;
	sums->resolved += sim.n_resolved;
	sums->escalated += sim.n_escalated;
	sums->abandoned += sim.n_abandoned;
	sums->reports += sim.n_reports;
}

static bool run_chunk(uint64_t first, uint64_t last, struct sums *sums) {
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		for (uint64_t seed = first; seed <= last; seed++) {
			run_world(seed, false, sums);
		}
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
		WEXITSTATUS(status) == 0;
}

static void print_sums(const struct sums *sums) {
	printf("%" PRId64 " worlds, %" PRId64 " hours of them, %" PRId64 " events, %" PRId64
	       " commits\n%" PRId64 " crashes, %" PRId64 " faults; %" PRId64 " reports, %" PRId64
	       " posts, %" PRId64 " agent runs\n%" PRId64 " incidents resolved, %" PRId64
	       " escalated, %" PRId64 " abandoned\n",
		sums->seeds, sums->hours, sums->events, sums->commits, sums->crashes, sums->faults,
		sums->reports, sums->posts, sums->runs, sums->resolved, sums->escalated,
		sums->abandoned);
}

static const char *const sabotage_names[SABOTAGE_COUNT] = { [SABOTAGE_NONE] = "none",
	[SABOTAGE_ACK] = "ack",
	[SABOTAGE_GREEN] = "green",
	[SABOTAGE_POST] = "post",
	[SABOTAGE_RUN] = "run",
	[SABOTAGE_DUE] = "due" };

static const char usage[] =
	"sim [--seeds FIRST-LAST] [--seed N] [--sabotage ack|green|post|run|due]\n";

struct options {
	uint64_t first, last;
	bool one;
};

static bool parse_sabotage(const char *name) {
	for (size_t i = 0; i < SABOTAGE_COUNT; i++) {
		if (strcmp(sabotage_names[i], name) == 0) {
			sabotage = (enum sim_sabotage)i;
			return true;
		}
	}
	return false;
}

static bool parse(int argc, char **argv, struct options *options) {
	*options = (struct options){ .first = 1, .last = 1000 };
	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		bool ok = false;

		if (strcmp(argv[i], "--seed") == 0) {
			options->one = true;
			ok = sscanf(value, "%" SCNu64, &options->first) == 1;
		} else if (strcmp(argv[i], "--seeds") == 0) {
			ok = sscanf(value, "%" SCNu64 "-%" SCNu64, &options->first,
				     &options->last) == 2;
		} else if (strcmp(argv[i], "--sabotage") == 0) {
			ok = parse_sabotage(value);
		}
		if (!ok) {
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv) {
	struct sums *sums =
		mmap(NULL, sizeof(*sums), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct options options;

	if (sums == MAP_FAILED) {
		return 1;
	}
	if (!parse(argc, argv, &options)) {
		fputs(usage, stderr);
		return 2;
	}
	log_open("sim", LOG_LEVEL_ERROR, false);
	json_object_seed(1);
	if (options.one) {
		run_world(options.first, true, sums);
		print_sums(sums);
		return 0;
	}
	for (uint64_t at = options.first; at <= options.last; at += CHUNK) {
		if (!run_chunk(at, MIN(at + CHUNK - 1, options.last), sums)) {
			fprintf(stderr, "replay: %s --seed %" PRIu64 " --sabotage %s\n", argv[0],
				sums->now, sabotage_names[sabotage]);
			return 1;
		}
	}
	print_sums(sums);
	return 0;
}
