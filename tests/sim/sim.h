/*
 * sim - a build host for some weeks, made from one seed: CI, forges, agents, people, crashes and clocks that jump.
 *
 * Engine, lifecycle, runner and the store's SQL are the daemon's own; the clock, the random source, the store's thread,
 * forges and agents are these files', put in their place by the linker. Everything that happens is an event in one
 * queue, ordered by time and then by the order it was made, so the same seed does the same again, on any machine.
 *
 * "The world" is what goes on whether or not the daemon lives. What belongs to one life of the daemon dies with it:
 * its events carry that life's number, and those of an earlier life are dropped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/list.h"
#include "common/macro.h"
#include "daemon/engine/engine.h"

/* The size of the world. */
#define SIM_PROJECTS 2
#define SIM_BRANCHES 2 /* of a project */
#define SIM_JOBS 3     /* of a branch; one error type each */
#define SIM_INCIDENTS_MAX 256
#define SIM_POSTS_MAX 512
#define SIM_RUNS_MAX 512
#define SIM_LATE_MS                                                                                \
	(4 * CLOCK_HOUR_MS) /* more than a forge's limit and a daemon's clock that is not trusted */
#define SIM_START_MS INT64_C(1767225600000) /* 2026-01-01 */

/* How bad this world is; drawn from the seed once. Chances are of 1000. */
struct sim_chances {
	int64_t hours;	       /* of trouble; then it calms down */
	uint32_t store_full;   /* a write is refused for want of space */
	uint32_t store_busy;   /* a request is refused because too many wait */
	uint32_t store_crash;  /* the daemon is killed at a request, before or after its commit */
	uint32_t forge_fails;  /* a request has no answer, or one that says nothing */
	uint32_t forge_late;   /* of those: the effect came all the same, at once or later */
	uint32_t agent_skill;  /* a run repairs what it is for */
	uint32_t agent_breaks; /* a push breaks another job */
	uint32_t agent_dead;   /* nothing happens, and nobody says so */
	bool clock_jumps;
	bool people;
};

/* What is broken on purpose, so that the rules are seen to notice it. */
enum sim_sabotage {
	SABOTAGE_NONE,
	SABOTAGE_ACK,	/* now and then the store answers without a commit */
	SABOTAGE_GREEN, /* the forge calls ready whatever it is asked about */
	SABOTAGE_POST,	/* the forge does not look before it writes again */
	SABOTAGE_RUN,	/* nor does the agent's service */
	SABOTAGE_DUE,	/* the timer is deaf */
	SABOTAGE_COUNT,
};

/* One job of one branch: what is true of it on the newest commit, and what the daemon acknowledged of it. */
struct sim_job {
	bool red;
	bool told;	   /* something was acknowledged */
	bool told_red;	   /* the newest commit of which something was acknowledged was red */
	int64_t told_head; /* that commit */
};

struct sim_branch {
	char project[32];
	char name[32];
	int64_t head; /* counts pushes */
	bool gone;
	struct sim_job jobs[SIM_JOBS];
	int64_t runs; /* agents of type command at work on it */
};

/* What stands on the forge for good. */
struct sim_post {
	int64_t incident_id;
	int64_t task_id; /* 0: the status comment */
	enum post_kind kind;
	int64_t number;
};

struct sim {
	uint64_t seed;
	uint64_t random;
	struct sim_chances chances;
	bool trace;
	enum sim_sabotage sabotage;

	/* world.c */
	int64_t mono_ms;   /* since the start; never jumps */
	int64_t offset_ms; /* wall clock - mono */
	int64_t n_events, n_made;
	int64_t life; /* of the daemon; 0: it is down */
	int64_t lives;
	bool calm;	     /* trouble is over: only what began goes on */
	int64_t calm_ms;     /* since when, mono */
	bool jumped;	     /* the wall clock was set */
	int64_t deadline_ms; /* wall clock; 0: disarmed */
	void (*deadline_fired)(void *user);
	void *deadline_user;

	struct engine *engine;
	struct sim_branch branches[SIM_PROJECTS * SIM_BRANCHES];

	struct sim_post posts[SIM_POSTS_MAX];
	size_t n_posts;

	/* What is looked at in the end, and what a run reports. */
	int64_t n_reports; /* failed submissions that were made */
	int64_t n_pending; /* submissions without an answer */
	int64_t n_commits, n_crashes, n_resolved, n_escalated, n_abandoned, n_runs, n_faults;
};

extern struct sim sim;

/* world.c */

/* Begins a world; every other file's part of it is empty. */
void sim_begin(uint64_t seed, bool trace, enum sim_sabotage sabotage);
/* 0 ... bound - 1. */
uint64_t sim_random(uint64_t bound);
bool sim_chance(uint32_t of_1000);
/* A fault: never once the world is calm. Counted. */
bool sim_fault(uint32_t of_1000);
int64_t sim_wall_ms(void);
/* Runs `act(user)` after `delay_ms`. Of the daemon: not when it died meanwhile. */
void sim_after(int64_t delay_ms, void (*act)(void *user), void *user);
void sim_after_in_life(int64_t delay_ms, void (*act)(void *user), void *user);
/* Forgets an event of this life that has not run. */
void sim_forget(void (*act)(void *user), void *user);
/* Runs the next event or the deadline, whichever is first. False: nothing happens any more before `until_ms`. */
bool sim_run_one(int64_t until_ms);
void sim_set_clock(int64_t by_ms);
void sim_say(const char *fmt, ...) printf_like(1, 2);
/* An invariant does not hold: says so with the seed, and ends the process. */
_Noreturn void sim_broken(const char *fmt, ...) printf_like(1, 2);

/* daemon.c: one life after another. */
void sim_daemon_start(void);
/* From the next event on it is gone, with whatever it had not committed. */
void sim_daemon_crash(const char *where);
/* An orderly restart. */
void sim_daemon_stop(void);
void sim_daemon_reload(void);
bool sim_daemon_is_up(void);

/* store.c */
void sim_store_empty(void);
void sim_store_died(void);
/* The integer that a query answers; `parameter` is for a ?1 in it. The string is static. */
int64_t sim_store_ask(const char *sql, int64_t parameter);
/* With a trace: the tasks that are not over. */
void sim_store_say_live(void);

/* forge.c, agent.c: what dies with the daemon, and what begins with the world. */
void sim_forge_begin(void);
void sim_forge_died(void);
void sim_agent_begin(void);
void sim_agent_died(void);

/* ci.c */
void sim_ci_begin(void);
/* A new commit of that branch: its jobs run, and report. */
void sim_push(struct sim_branch *branch);
struct sim_branch *sim_find_branch(const char *project, const char *name);
void sim_format_head(const struct sim_branch *branch, int64_t head, char out[LIMIT_COMMIT_MAX]);
/* An agent repairs the jobs of an error type, or not, and may break another. */
void sim_repair(struct sim_branch *branch, enum error_type type);
enum error_type sim_job_type(size_t job);

/* people.c */
void sim_people_begin(void);

/* oracle.c */
/* Of every decision before it is written. */
void sim_oracle_decided(const struct step_input *in, const struct step_result *ret);
/* When nothing is under way: no row is lost, whatever crashed. */
void sim_oracle_rows(void);
/* When the world is calm and long over. */
void sim_oracle_end(void);
void sim_oracle_begin(void);
