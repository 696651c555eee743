/* In the place of daemon/agent/: programs that end some time, and runs that are ordered elsewhere. */
#include "daemon/agent/agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/sim/sim.h"

#define SETTLE_MS (2 * CLOCK_MINUTE_MS)
#define FOLLOW_MS (30 * CLOCK_SECOND_MS)

/* What happens outside, whether or not somebody follows it. */
struct work {
	int64_t task_id;
	struct sim_branch *branch;
	enum error_type type;
	bool is_program;
	bool killed;
	bool over;
};

/* What the daemon knows of it. */
struct agent_run {
	struct work *work; /* NULL: not ordered yet, or not known whether */
	struct sim_branch *branch;
	enum error_type type;
	int64_t task_id;
	struct agent_recorder recorder;
	void (*ended)(void *user, const struct agent_outcome *outcome);
	void *user;
	struct post post;
	enum { RUN_ORDERS, RUN_FOLLOWS } then;
	bool stopped, left, is_program;
};

static struct work *works[SIM_RUNS_MAX];
static size_t n_works;

void sim_agent_begin(void) {
	n_works = 0;
}

static struct work *find_work(int64_t task_id) {
	for (size_t i = 0; i < n_works; i++) {
		if (works[i]->task_id == task_id) {
			return works[i];
		}
	}
	return NULL;
}

/* Programs are the daemon's children: systemd, or the next start, ends them. */
void agent_sweep(const char *state_dir) {
	(void)state_dir;
	for (size_t i = 0; i < n_works; i++) {
		if (works[i]->is_program && !works[i]->over) {
			works[i]->killed = true;
			works[i]->over = true;
			works[i]->branch->runs--;
		}
	}
}

void sim_agent_died(void) {
}

static void work_ends(void *user) {
	struct work *work = user;

	if (work->over) {
		return;
	}
	work->over = true;
	if (work->is_program) {
		work->branch->runs--;
	}
	if (!sim_chance(sim.chances.agent_dead)) {
		sim_repair(work->branch, work->type);
	}
}

static struct work *begin_work(const struct agent_run *run) {
	struct work *work = calloc(1, sizeof(*work));

	if (find_work(run->task_id) != NULL && !sim.jumped) {
		sim_broken("task %lld began a second run", (long long)run->task_id);
	}
	if (run->is_program && run->branch->runs > 0) {
		sim_broken("two programs at work on %s of %s", run->branch->name,
			run->branch->project);
	}
	if (n_works == SIM_RUNS_MAX) {
		sim_broken("more than %d runs", SIM_RUNS_MAX);
	}
	*work = (struct work){ .task_id = run->task_id,
		.branch = run->branch,
		.type = run->type,
		.is_program = run->is_program };
	works[n_works++] = work;
	work->branch->runs += work->is_program ? 1 : 0;
	sim.n_runs++;
	sim_say("a run begins on %s of %s", work->branch->name, work->branch->project);
	sim_after(CLOCK_MINUTE_MS + (int64_t)sim_random((uint64_t)CLOCK_HOUR_MS / 2), work_ends,
		work);
	return work;
}

static void end(struct agent_run *run, enum agent_end how, const char *sentence) {
	struct agent_outcome outcome = { .end = how };

	TEXT_SET(outcome.sentence, sentence);
	if (how == AGENT_NOT_NOW) {
		outcome.retry_ms = sim_wall_ms() + SETTLE_MS;
	}
	run->ended(run->user, &outcome);
	free(run);
}

/* Following */

static void follow(void *user) {
	struct agent_run *run = user;

	if (run->left) {
		end(run, AGENT_LEFT, "codegend stops.");
	} else if (run->stopped) {
		if (run->is_program && !run->work->over) {
			run->work->over = true;
			run->branch->runs--;
		}
		end(run, AGENT_ENDED, "It was stopped.");
	} else if (run->work->over) {
		end(run, sim_fault(30) ? AGENT_ASKS : AGENT_ENDED, "It ended.");
	} else {
		sim_after_in_life(FOLLOW_MS, follow, run);
	}
}

/* Ordering, by the rule of three records */

static void record(struct agent_run *run) {
	if (run->recorder.record(run->recorder.user, &run->post) < 0) {
		end(run, AGENT_NOT_NOW, "It could not be recorded.");
	}
}

static void ordered(void *user) {
	struct agent_run *run = user;

	run->work = find_work(run->task_id);
	run->post.intent_ms = 0;
	run->post.post_id = 1;
	run->then = RUN_FOLLOWS;
	record(run);
}

struct order {
	struct agent_run run; /* a copy: the daemon may be gone when it arrives */
};

static void order_arrives(void *user) {
	struct order *order = user;

	(void)begin_work(&order->run);
	free(order);
}

static void send_order(const struct agent_run *run, int64_t delay_ms) {
	struct order *order = calloc(1, sizeof(*order));

	order->run = *run;
	sim_after(delay_ms, order_arrives, order);
}

static void give_order(struct agent_run *run) {
	if (!sim_fault(sim.chances.forge_fails)) {
		send_order(run, 0);
		sim_after_in_life(1 + (int64_t)sim_random(3000), ordered, run);
		return;
	}
	if (sim_chance(sim.chances.forge_late)) {
		send_order(run, (int64_t)sim_random((uint64_t)SETTLE_MS - 1000));
	}
	end(run, AGENT_NOT_NOW, "The service did not answer.");
}

void agent_recorded(struct agent_run *run, int status) {
	if (status < 0 || run->left || (run->stopped && run->then == RUN_ORDERS)) {
		end(run, run->left ? AGENT_LEFT : AGENT_NOT_NOW, "It could not be recorded.");
	} else if (run->then == RUN_ORDERS) {
		give_order(run);
	} else {
		follow(run);
	}
}

static void begin_order(struct agent_run *run) {
	run->post.intent_ms = sim_wall_ms();
	run->then = RUN_ORDERS;
	record(run);
}

static void order_or_find(void *user) {
	struct agent_run *run = user;

	if (run->left) {
		end(run, AGENT_LEFT, "codegend stops.");
	} else if (sim.sabotage == SABOTAGE_RUN ||
		(run->post.intent_ms == 0 && run->post.post_id == 0)) {
		if (sim_fault(50)) {
			end(run, AGENT_REFUSED, "The service refuses.");
		} else {
			begin_order(run);
		}
	} else if (run->post.intent_ms == 0 || find_work(run->task_id) != NULL) {
		ordered(run);
	} else if (sim_wall_ms() < run->post.intent_ms + SETTLE_MS) {
		end(run, AGENT_NOT_NOW, "It may still begin.");
	} else {
		begin_order(run);
	}
}

int agent_start(uv_loop_t *loop, const struct agent_start *start,
	void (*ended)(void *user, const struct agent_outcome *outcome), void *user,
	struct agent_run **ret_run, char *ret_sentence) {
	struct agent_run *run = calloc(1, sizeof(*run));

	(void)loop;
	if (sim_fault(20)) {
		free(run);
		text_copy(ret_sentence, LIMIT_SENTENCE_MAX, "It could not be started.");
		return -ENOEXEC;
	}
	run->branch = sim_find_branch(start->incident->project, start->incident->branch);
	run->type = start->incident->error_type;
	run->task_id = start->task->id;
	run->recorder = start->recorder;
	run->ended = ended;
	run->user = user;
	run->is_program = strcmp(start->agent->type, "command") == 0;
	*ret_run = run;
	if (run->is_program) {
		run->work = begin_work(run);
		sim_after_in_life(FOLLOW_MS, follow, run);
		return 0;
	}
	run->post = (struct post){
		.incident_id = start->incident->id, .kind = POST_RUN, .task_id = run->task_id
	};
	for (size_t i = 0; i < start->n_posts; i++) {
		if (start->posts[i].kind == POST_RUN && start->posts[i].task_id == run->task_id) {
			run->post = start->posts[i];
		}
	}
	sim_after_in_life(1, order_or_find, run);
	return 0;
}

void agent_stop(struct agent_run *run, bool leave) {
	run->stopped = true;
	run->left = leave && !run->is_program;
}
