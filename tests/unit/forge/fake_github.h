/*
 * fake_github - the functions of the client that a publish uses, over a GitHub in memory. Linked instead of the client.
 *
 * Nothing happens inside a call: fake_pump() answers what waits, one thing at a time, requests and commits alike. A
 * fault is told for one of the next requests or commits. What was asked is kept as lines "METHOD path".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/forge/github_internal.h"

#define FAKE_US 42
#define FAKE_OTHER 66
#define FAKE_PROJECT "acme/web"
#define FAKE_ITEMS_MAX 512
#define FAKE_LINES_MAX 256

enum fake_effect {
	FAKE_APPLIED,
	FAKE_NONE,
	FAKE_LATE, /* it appears `late_ms` later */
};

/* How a request is answered instead of as it should be. */
enum fake_answer {
	FAKE_RIGHT,
	FAKE_RESET,    /* no answer at all */
	FAKE_NO_JSON,  /* 2xx, and a page of HTML */
	FAKE_NOT_SENT, /* the budget is used up */
	FAKE_CRASH,    /* we are gone before it arrives */
	FAKE_STOP,     /* the publish is cancelled while it waits for it */
	FAKE_TOO_LONG, /* the answer is more than we hold */
	FAKE_STATUS,   /* and values from 100 on: that HTTP status */
};

struct fake_fault {
	const char *method; /* NULL: any; "COMMIT" is one too */
	const char *path;   /* a part of the path; NULL: any */
	int skip;	    /* so many of them go well first */
	enum fake_effect effect;
	int answer; /* enum fake_answer, or an HTTP status */
	int64_t late_ms;
	bool always;
};

/* A comment, or an issue. */
struct fake_item {
	int64_t id;
	int64_t number; /* of an issue; 0: a comment */
	int64_t on;	/* of a comment: its issue */
	int64_t author;
	int64_t created_ms;
	int64_t appears_ms; /* not to be seen before */
	bool closed;
	bool deleted;
	char reason[32];
	char *body; /* owned */
	char title[LIMIT_NAME_MAX];
};

struct fake {
	struct github github;
	int64_t now_ms;
	int64_t next_id;
	struct fake_item items[FAKE_ITEMS_MAX];
	size_t n_items;
	json_t *pulls;		/* array of what GET …/pulls tells; owned */
	bool has_tag;		/* of the name of the branch */
	const char *branch_sha; /* the head of every branch; NULL: not told */
	const char *permission; /* NULL: not to be asked */
	json_t *check_runs;	/* array; owned */
	bool has_label;
	bool drops_labels;    /* takes them, and sets none */
	bool pages_elsewhere; /* further pages are on another host */
	struct fake_fault faults[8];
	size_t n_faults;
	bool crashed;

	/* What waits. */
	struct github_call *call;
	struct github_wait *wait;
	void (*wait_done)(struct github_wait *, int);
	int wait_status;
	char method[16], path[LIMIT_URL_MAX + GITHUB_PATH_MAX];
	json_t *body; /* owned */
	void (*answer)(struct github_call *, int);
	struct forge_publish *recording;
	struct post record;

	/* What is on disk. */
	struct post disk[16];
	size_t n_disk;
	size_t n_commits;

	char lines[FAKE_LINES_MAX][160];
	size_t n_lines;
	json_t *last_body; /* of the last write that was no label or status; owned */
	json_t *last_head; /* of the last status or check run; owned */

	struct forge_publish *publish; /* that is under way */
	bool done;
	int status;
};

extern struct fake fake;

void fake_begin(void);
void fake_end(void);
void fake_fail(const char *method, const char *path, enum fake_effect effect, int answer);
/* Answers everything until the publish is done, or we crashed. */
void fake_pump(void);
struct fake_item *fake_add(int64_t number, int64_t on, int64_t author, const char *body);
/* Those that are there and begin with this marker's kind: "kind=status". Issues that are closed do not count. */
size_t fake_count(const char *kind);
struct fake_item *fake_find(const char *kind);
/* How many requests' lines contain it. */
size_t fake_asked(const char *part);
int fake_record(struct forge_publish *publish, const struct post *post);
