/* The queue of events, the clock, the random source. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <uv.h>

#include "daemon/deadline.h"
#include "tests/sim/sim.h"

struct sim sim;

struct event_at {
	int64_t at_ms; /* mono */
	int64_t order;
	int64_t life; /* 0: of the world */
	void (*act)(void *user);
	void *user;
};

#define EVENTS_MAX 8192
static struct event_at heap[EVENTS_MAX];

/* splitmix64, Sebastiano Vigna, public domain: https://prng.di.unimi.it/splitmix64.c */
static uint64_t next_random(void) {
	uint64_t z = sim.random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t sim_random(uint64_t bound) {
	return next_random() % bound;
}

bool sim_chance(uint32_t of_1000) {
	return sim_random(1000) < of_1000;
}

bool sim_fault(uint32_t of_1000) {
	bool is = sim_chance(of_1000) && !sim.calm;

	sim.n_faults += is ? 1 : 0;
	return is;
}

int64_t sim_wall_ms(void) {
	return sim.mono_ms + sim.offset_ms;
}

static int64_t wall_source(void *user) {
	(void)user;
	return sim_wall_ms();
}

void sim_say(const char *fmt, ...) {
	char now[CLOCK_TEXT_MAX];
	va_list args;

	if (!sim.trace) {
		return;
	}
	printf("%s ", clock_format(sim_wall_ms(), now));
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void sim_broken(const char *fmt, ...) {
	va_list args;

	sim_store_say_live();
	fflush(stdout);
	fprintf(stderr, "seed %" PRIu64 ": ", sim.seed);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	_Exit(1);
}

static void choose_chances(struct sim_chances *chances) {
	*chances = (struct sim_chances){
		.hours = 3 + (int64_t)sim_random(18),
		.store_full = sim_chance(300) ? 20 : 0,
		.store_busy = sim_chance(300) ? 10 : 0,
		.store_crash = sim_chance(700) ? 1 + (uint32_t)sim_random(20) : 0,
		.forge_fails = sim_chance(700) ? (uint32_t)sim_random(300) : 0,
		.forge_late = (uint32_t)sim_random(1000),
		.agent_skill = (uint32_t)sim_random(1000),
		.agent_breaks = (uint32_t)sim_random(300),
		.agent_dead = (uint32_t)sim_random(400),
		.clock_jumps = sim_chance(200),
		.people = sim_chance(500),
	};
}

void sim_begin(uint64_t seed, bool trace, enum sim_sabotage sabotage) {
	sim = (struct sim){ .seed = seed,
		.random = seed,
		.trace = trace,
		.sabotage = sabotage,
		.offset_ms = SIM_START_MS };
	choose_chances(&sim.chances);
	clock_set_source(wall_source, NULL);
}

/* The queue: a binary heap */

static bool is_before(const struct event_at *a, const struct event_at *b) {
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void sift_up(int64_t i) {
	while (i > 0 && is_before(&heap[i], &heap[(i - 1) / 2])) {
		struct event_at other = heap[(i - 1) / 2];

		heap[(i - 1) / 2] = heap[i];
		heap[i] = other;
		i = (i - 1) / 2;
	}
}

static void sift_down(int64_t i) {
	for (;;) {
		int64_t least = i;
		struct event_at other;

		for (int64_t child = 2 * i + 1; child <= 2 * i + 2; child++) {
			if (child < sim.n_events && is_before(&heap[child], &heap[least])) {
				least = child;
			}
		}
		if (least == i) {
			return;
		}
		other = heap[least];
		heap[least] = heap[i];
		heap[i] = other;
		i = least;
	}
}

static void add_event(int64_t delay_ms, int64_t life, void (*act)(void *user), void *user) {
	if (sim.n_events == EVENTS_MAX) {
		sim_broken("more than %d events wait", EVENTS_MAX);
	}
	heap[sim.n_events] = (struct event_at){ .at_ms = sim.mono_ms + MAX(delay_ms, 0),
		.order = ++sim.n_made,
		.life = life,
		.act = act,
		.user = user };
	sift_up(sim.n_events++);
}

void sim_after(int64_t delay_ms, void (*act)(void *user), void *user) {
	add_event(delay_ms, 0, act, user);
}

void sim_after_in_life(int64_t delay_ms, void (*act)(void *user), void *user) {
	add_event(delay_ms, sim.life, act, user);
}

static void no_act(void *user) {
	(void)user;
}

void sim_forget(void (*act)(void *user), void *user) {
	for (int64_t i = 0; i < sim.n_events; i++) {
		if (heap[i].life == sim.life && heap[i].act == act && heap[i].user == user) {
			heap[i].act = no_act;
		}
	}
}

static struct event_at take_first(void) {
	struct event_at first = heap[0];

	heap[0] = heap[--sim.n_events];
	sift_down(0);
	return first;
}

/* The kernel's timer is on the wall clock. */
static int64_t deadline_mono_ms(void) {
	return sim.deadline_ms == 0 ? INT64_MAX : MAX(sim.deadline_ms - sim.offset_ms, sim.mono_ms);
}

bool sim_run_one(int64_t until_ms) {
	int64_t deadline_ms = deadline_mono_ms();
	int64_t event_ms = sim.n_events > 0 ? heap[0].at_ms : INT64_MAX;
	struct event_at event;

	if (MIN(deadline_ms, event_ms) > until_ms) {
		return false;
	}
	if (deadline_ms < event_ms) {
		sim.mono_ms = deadline_ms;
		sim.deadline_ms = 0;
		sim.deadline_fired(sim.deadline_user);
		return true;
	}
	event = take_first();
	sim.mono_ms = MAX(event.at_ms, sim.mono_ms);
	if (event.life == 0 || event.life == sim.life) {
		event.act(event.user);
	}
	return true;
}

/* CANCEL_ON_SET: whoever waits for the clock hears of it. */
void sim_set_clock(int64_t by_ms) {
	sim_say("the clock is set by %" PRId64 " s", by_ms / CLOCK_SECOND_MS);
	sim.offset_ms += by_ms;
	sim.jumped = true;
	if (sim.deadline_ms != 0) {
		sim.deadline_fired(sim.deadline_user);
	}
}

/* In the place of daemon/deadline.c */

struct deadline {
	char nothing;
};

int deadline_open(
	uv_loop_t *loop, void (*fired)(void *user), void *user, struct deadline **ret_deadline) {
	static struct deadline only;

	(void)loop;
	sim.deadline_ms = 0;
	sim.deadline_fired = fired;
	sim.deadline_user = user;
	*ret_deadline = &only;
	return 0;
}

void deadline_close(struct deadline *deadline, void (*closed)(void *user), void *user) {
	(void)deadline;
	sim.deadline_ms = 0;
	if (closed != NULL) {
		closed(user);
	}
}

void deadline_arm(struct deadline *deadline, int64_t due_ms) {
	(void)deadline;
	sim.deadline_ms = sim.sabotage == SABOTAGE_DUE ? 0 : due_ms;
}

/* In the place of libuv's and libc's, by the linker's --wrap */

int64_t __wrap_clock_mono_us(void);
int64_t __wrap_clock_boot_us(void);
ssize_t __wrap_getrandom(void *bytes, size_t n, unsigned flags);
int __wrap_uv_idle_init(uv_loop_t *loop, uv_idle_t *handle);
int __wrap_uv_timer_init(uv_loop_t *loop, uv_timer_t *handle);
int __wrap_uv_timer_start(uv_timer_t *handle, uv_timer_cb act, uint64_t ms, uint64_t repeat);
void __wrap_uv_close(uv_handle_t *handle, uv_close_cb closed);

int64_t __wrap_clock_mono_us(void) {
	return sim.mono_ms * 1000;
}

int64_t __wrap_clock_boot_us(void) {
	return __wrap_clock_mono_us();
}

ssize_t __wrap_getrandom(void *bytes, size_t n, unsigned flags) {
	unsigned char *byte = bytes;

	(void)flags;
	for (size_t i = 0; i < n; i++) {
		byte[i] = (unsigned char)next_random();
	}
	return (ssize_t)n;
}

int __wrap_uv_idle_init(uv_loop_t *loop, uv_idle_t *handle) {
	handle->loop = loop;
	return 0;
}

int __wrap_uv_timer_init(uv_loop_t *loop, uv_timer_t *handle) {
	handle->loop = loop;
	return 0;
}

static void timer_act(void *user) {
	uv_timer_t *timer = user;

	timer->timer_cb(timer);
}

int __wrap_uv_timer_start(uv_timer_t *handle, uv_timer_cb act, uint64_t ms, uint64_t repeat) {
	(void)repeat;
	handle->timer_cb = act;
	sim_after_in_life((int64_t)ms, timer_act, handle);
	return 0;
}

static void close_act(void *user) {
	uv_handle_t *handle = user;

	handle->close_cb(handle);
}

void __wrap_uv_close(uv_handle_t *handle, uv_close_cb closed) {
	sim_forget(timer_act, handle);
	handle->close_cb = closed;
	sim_after_in_life(0, close_act, handle);
}
