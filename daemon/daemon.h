/*
 * daemon - wires everything, starts and stops it. Order up: configuration, lock, store, engine, spool, sockets,
 * READY=1. Down: sockets and spool, engine, store.
 */
#pragma once

#include <stdbool.h>

#include "common/macro.h"

/* Exit codes, as cli.md and codegend(8) say. */
enum daemon_exit {
	DAEMON_EXIT_OK = 0,
	DAEMON_EXIT_FAILED = 1,
	DAEMON_EXIT_USAGE = 2,
	DAEMON_EXIT_CONFIG = 7,
	DAEMON_EXIT_STORE = 9,
};

struct daemon_options { /* all borrowed; NULL: the default */
	const char *config_file;
	const char *state_dir;
	const char *runtime_dir;
	const char *spool_dir;
	const char *agent_socket; /* NULL: programs of agents are our own children */
	bool user;
};

/* Reads the configuration and says what is wrong with it, on stderr. Returns an exit code. */
must_check int daemon_check_config(const struct daemon_options *options);

/* Runs until a signal or a failure ends it. Returns an exit code. */
must_check int daemon_run(const struct daemon_options *options);
