/*
 * status_line - what `systemctl status` shows of a daemon that is ready: sentences on one line. Pure.
 */
#pragma once

#include <stdbool.h>

#include "daemon/limits.h"

struct store_counts;

struct status_facts {
	const struct store_counts *counts; /* NULL: not counted yet */
	const char *const *paused;	   /* as engine_paused() */
	const char *full;   /* as engine_explain_store(); NULL or "": the disk is not full */
	bool reload_failed; /* the configuration in force is not the one in its file */
};
void status_line(const struct status_facts *facts, char ret_line[LIMIT_SENTENCE_MAX]);
