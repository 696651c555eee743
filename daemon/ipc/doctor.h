/*
 * doctor - what is wrong with this daemon, and what to do about it. One table of checks; each says a sentence.
 *
 * Loop thread only. What has to be waited for is asked first, all at once, for at most LIMIT_DOCTOR_MS; then the checks
 * run, without waiting. No check changes anything, and none tells a secret.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/agent/agent.h"
#include "daemon/engine/engine.h"
#include "daemon/forge/forge.h"
#include "daemon/ipc/server.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_WARNING, /* it works, for now or not in all */
	DOCTOR_PROBLEM,
	DOCTOR_STATE_COUNT,
	DOCTOR_NONE, /* there is nothing to be said */
};

/* One forge that was asked. */
struct doctor_probe {
	struct forge_probe probe;
	char name[LIMIT_NAME_MAX];
	char project[LIMIT_NAME_MAX];
	/* -EINPROGRESS: it has not answered; -ETIMEDOUT: not in time; -ENODATA: it was not asked in time */
	int status;
	void *user; /* doctor.c's */
};

/* One agent of type command whose program codegend-agent was asked about. */
struct doctor_agent {
	struct agent_inquiry inquiry;
	char name[LIMIT_NAME_MAX]; /* "": it was not asked about */
	int status;		   /* as struct doctor_probe's */
	void *user;		   /* doctor.c's */
};

/* What the checks look at; borrowed for the time of the calls. */
struct doctor_patient {
	const struct server *server;
	struct engine *engine;
	const struct config *config;
	struct store_counts counts;
	int counts_status; /* 0: `counts`; -ETIMEDOUT: the store has not answered in time; other errno */
	const struct doctor_probe *probes;
	size_t n_probes;
	const struct doctor_agent *agents;
	size_t n_agents;
};

/* What one check found. */
struct doctor_finding {
	const char *subject; /* borrowed; NULL: none */
	char message[LIMIT_SENTENCE_MAX];
	char remedy[LIMIT_SENTENCE_MAX]; /* "": there is none to be named */
};

struct doctor_check {
	const char *name;
	size_t (*count)(const struct doctor_patient *patient); /* how often it is made; NULL: once */
	enum doctor_state (*make)(
		const struct doctor_patient *patient, size_t i, struct doctor_finding *ret_finding);
};

/* Fills in `finding`; `remedy` may be NULL. Returns: `state`. */
enum doctor_state doctor_say(struct doctor_finding *finding, enum doctor_state state,
	const char *remedy, const char *fmt, ...) printf_like(4, 5);
/* The check of a secret; `sources` as credential_find(). */
enum doctor_state doctor_check_credential(
	const char *const *sources, bool is_pem, struct doctor_finding *finding);

/* The check of the directory in which clients leave submissions. */
enum doctor_state doctor_check_spool(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding);

extern const struct doctor_check doctor_checks[];
extern const size_t n_doctor_checks;
