/*
 * github_scene - a forge of type github and a scripted GitHub in one loop. Timers of the forge go off at once, and take
 * the clock along. Wants `-Wl,--wrap=uv_timer_start` and of `http_send`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/buffer.h"
#include "daemon/forge/forge.h"
#include "daemon/forge/github.h"
#include "tests/unit/machinery/http_peer.h"

#define SCENE_SECRET                                                                               \
	"gh"                                                                                       \
	"p_wkzQ4n0vXbR2mT7cLsYd8hJf3aGe6uPi1oBq" /* opens nothing */
#define SCENE_NOW INT64_C(1758245293693)	 /* 2025-09-19T01:28:13.693Z */
#define SCENE_HEAD "1111111111111111111111111111111111111111"
#define SCENE_QUERY "@" /* as a body: what the scripted pull requests say */
#define SCENE_SILENT 0	/* as a status: no answer */
#define SCENE_RESET (-1)

/* How requests are answered: the first one whose `what` begins "METHOD /path" and that has uses left. */
struct scene_reply {
	const char *what;
	int status;
	const char *body;
	const char *headers; /* lines with their ends; NULL: none */
	int times;	     /* 0: always */
	int n_used;
};

/* A pull request, or with `number` 0 a branch without one. */
struct scene_pull {
	int64_t number;
	const char *branch;
	const char *state;	/* "OPEN", "CLOSED", "MERGED"; NULL: open */
	const char *conclusion; /* of its checks; NULL: "SUCCESS" */
	int n_unknown;		/* so many reads GitHub computes whether it can be merged */
	int n_checks;		/* 0: one */
	const char *first_head; /* of the first read; then, somebody pushed. NULL: nobody did */
	const char *error; /* its alias fails with that type; "NO_PULL": the repository has none of its number */
	bool error_once;
	bool forbidden;	 /* its checks may not be read */
	bool old_server; /* there is no merge state */
	bool is_of_fork;
};

struct scene {
	uv_loop_t loop;
	struct http *http;
	struct peer peer;
	struct forge *forge;
	struct config_forge config;
	char dir[64];
	int64_t now_ms;
	int64_t ahead_ms;    /* the server's clock of ours */
	bool no_date;	     /* it tells nothing of its clock */
	int64_t patience_ms; /* for an answer; 0: the forge's own */
	int n_changed;
	json_t *memory; /* for the next one that is opened */
	bool closing;
	bool closed;

	struct scene_reply *replies; /* borrowed, as the pull requests */
	size_t n_replies;
	struct scene_pull *pulls;
	size_t n_pulls;
	struct buffer answers[64]; /* a ring: they live until they are written */
	struct peer_answer answer;

	size_t n_lines; /* what was asked, in order */
	char lines[1400][200];
	char bearers[1400][900];
	size_t n_targets[1400]; /* of queries */
	int64_t times_ms[1400];
};

/* `config` may be changed before scene_start(). The token is "env:SCENE_TOKEN", set to `token`. */
void scene_open(struct scene *scene, const char *token);
void scene_start(struct scene *scene);
void scene_set(struct scene *scene, struct scene_reply *replies, size_t n);
struct github *scene_github(struct scene *scene);
/* Lets the loop run until `*n` is `wanted`. */
void scene_run(struct scene *scene, const int *n, int wanted);
/* Lets it run until `n` requests arrived. */
void scene_run_requests(struct scene *scene, size_t n);
void scene_close_forge(struct scene *scene);
void scene_close(struct scene *scene);
/* How many requests began so. */
size_t scene_count(const struct scene *scene, const char *what);
