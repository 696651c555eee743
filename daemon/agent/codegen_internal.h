/*
 * codegen_internal - what the files of agents of type codegen share. Loop thread only.
 *
 *     BEGIN ─► LOOKUP ─► INTENT ─► ORDER ─► KEEP ─► PAUSE ⇄ POLL ─► END
 *       │ intent on disk: SEARCH ◄───┘no answer ▲ │            ▲  │
 *       │                   │ found─────────────┘ │ settled,   │  └─► SEARCH, when there may be two of it
 *       │                   │                     └─ not there: LOOKUP
 *       └ run on disk ──────┼──────────────────────────────────┘
 *                           └ not settled: END, to be tried again
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/macro.h"
#include "daemon/agent/codegen_api.h"
#include "daemon/agent/internal.h"
#include "daemon/http.h"
#include "daemon/limits.h"

#define CODEGEN_HEADERS_MAX 4

/* Each names what is done next; what stands in the past has to deal with an answer. */
enum codegen_state {
	CODEGEN_BEGIN,
	CODEGEN_LOOKUP, /* which number has the project's repository? */
	CODEGEN_LOOKED_UP,
	CODEGEN_INTENT, /* "a run is asked for" goes to disk */
	CODEGEN_ORDER,
	CODEGEN_ORDERED,
	CODEGEN_SEARCH, /* is there a run of this task? */
	CODEGEN_SEARCHED,
	CODEGEN_KEEP, /* the run's number goes to disk */
	CODEGEN_KEPT,
	CODEGEN_PAUSE,
	CODEGEN_POLL,
	CODEGEN_POLLED,
	/* How it ends is known. */
	CODEGEN_DROP, /* "nothing was begun" goes to disk */
	CODEGEN_END,
	CODEGEN_ENDED,
};

/* What became of a request. */
enum codegen_answer {
	CODEGEN_OK,	  /* an answer of 2xx, whole */
	CODEGEN_UNKNOWN,  /* none, or 5xx */
	CODEGEN_NOT_SENT, /* certainly nobody saw it; time helps */
	CODEGEN_LIMITED,
	CODEGEN_LOCKED,	 /* there is no API key, or it is not taken */
	CODEGEN_REFUSED, /* the same would be refused again */
};

struct codegen {
	struct agent_run base;
	struct config_agent agent; /* what it owns is NULL */
	struct agent_recorder recorder;
	struct http *http;
	uv_timer_t timer;
	enum codegen_state state;
	bool is_stopped;
	bool leaves;

	char task[ID_TEXT_MAX];
	char incident[ID_TEXT_MAX];
	char project[LIMIT_NAME_MAX];
	char branch[LIMIT_NAME_MAX];
	bool is_fork; /* the branch is of another repository */
	char *prompt; /* owned; NULL: `prompt_status` says why, or it was sent */
	int prompt_status;
	int64_t started_boot_us; /* of the clock that nobody sets, which counts its time */
	struct post post;
	int record_status;
	int64_t repository;
	union {
		struct codegen_lookup lookup;
		struct codegen_search search;
	} list;
	struct codegen_view view; /* id 0: of no run yet */
	int64_t other_id;	  /* a second run of this task; 0: none known */
	char other_url[LIMIT_URL_MAX];
	struct agent_outcome outcome;

	/* The request. */
	struct http_request request;
	const char *headers[CODEGEN_HEADERS_MAX + 1];
	char url[LIMIT_URL_MAX + LIMIT_NAME_MAX];
	char *authorization; /* owned, wiped */
	char *body;	     /* owned */
	enum codegen_answer answer;
	bool doubtful;	  /* not CODEGEN_OK, and nothing proves that it had no effect */
	int64_t retry_ms; /* not before; 0: no such wish */
	char why[LIMIT_SENTENCE_MAX]; /* not CODEGEN_OK: what happened, to what, and what to do; whole sentences */
};

#define CODEGEN_WHY_NO_MEMORY "There is no memory for it."
#define CODEGEN_WHY_UNREADABLE                                                                     \
	"The answer cannot be read: it is not what the service's description says."

/* codegen.c: goes on after a wait. */
void codegen_step(struct codegen *run);

/* One state each: they set the next, and return whether that one has to wait. These two do no more. */
bool codegen_move(struct codegen *run, enum codegen_state next);
bool codegen_wait_for(struct codegen *run, enum codegen_state next);
/* Nothing began, and the request would not have begun anything: how it ends. */
bool codegen_give_up(struct codegen *run);
/* The same after an answer of 2xx that says nothing we understand; `r` from decoding. */
bool codegen_give_up_unreadable(struct codegen *run, int r);
/* codegen_order.c */
bool codegen_run_lookup(struct codegen *run);
bool codegen_run_looked_up(struct codegen *run);
bool codegen_run_intent(struct codegen *run);
bool codegen_run_order(struct codegen *run);
bool codegen_run_ordered(struct codegen *run);
bool codegen_run_keep(struct codegen *run);
bool codegen_run_kept(struct codegen *run);
bool codegen_run_drop(struct codegen *run);
/* Records the post, which is then in `record_status`. */
bool codegen_record(struct codegen *run, enum codegen_state next);
/* codegen_search.c */
bool codegen_run_search(struct codegen *run);
bool codegen_run_searched(struct codegen *run);
/* codegen_follow.c */
bool codegen_run_pause(struct codegen *run);
bool codegen_run_poll(struct codegen *run);
bool codegen_run_polled(struct codegen *run);

/*
 * codegen_ask.c: asks, when it is this request's turn; then `answer` is set and codegen_step() runs, from the loop. A
 * GET without `body`, else a POST, which owns it (malloc()ed).
 */
void codegen_ask(struct codegen *run, char *body, const char *path, ...) printf_like(3, 4);
/* Goes on after so long. */
void codegen_wait(struct codegen *run, int64_t ms);
/* Ends the wait of either. */
void codegen_hurry(struct codegen *run);
/* Wipes what the request held. */
void codegen_ask_finish(struct codegen *run);

/* codegen_memory.c: when a request may leave, in ms from now; 0: at once. All runs share the turns. */
int64_t codegen_take_turn(void);
/* What a service calls a project; 0: not known. */
int64_t codegen_recall_repository(const struct config_agent *agent, const char *project);
/* `repository` 0 forgets it. */
void codegen_remember_repository(
	const struct config_agent *agent, const char *project, int64_t repository);

/* codegen_say.c: fills in `outcome`. */
void codegen_say_not_now(struct codegen *run, int64_t retry_ms, const char *why);
void codegen_say_refused(struct codegen *run, const char *why);
/* Whether a run began cannot be found out. */
void codegen_say_unknown(struct codegen *run, const char *why);
/* It is over, or asks; `phrase` from codegen_phase(). */
void codegen_say_over(struct codegen *run, enum agent_end end, const char *phrase);
void codegen_say_late(struct codegen *run);
void codegen_say_stopped(struct codegen *run);
/* Gives `outcome`, with what is known of the run, to who started it. */
void codegen_tell(struct codegen *run);
