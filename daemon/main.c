/* Parses arguments and exits; everything else is in the library. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/macro.h"
#include "daemon/daemon.h"
#include "daemon/memory.h"
#include "daemon/systemd.h"

enum { OPTION_CHECK_CONFIG = 256 };

struct daemon_help {
	const char *option;
	const char *text;
};

/* As codegend(8); tests/checks/docs compares them. */
static const struct daemon_help help[] = {
	{ "--config FILE", "read this configuration instead of /etc/codegend/codegend.conf" },
	{ "--state-directory DIR", "keep the database and what is published here" },
	{ "--runtime-directory DIR", "create the sockets here" },
	{ "--spool-directory DIR", "take submissions that clients left here" },
	{ "--agent-socket FILE", "let codegend-agent run the programs of agents, behind this socket" },
	{ "--user", "use the XDG directories of the user" },
	{ "--check-config", "say what is wrong with the configuration, and exit" },
	{ "--log-level LEVEL", "error, warning, notice, info (default) or debug" },
	{ "--version", "print the version, and exit" },
	{ "--help", "print this, and exit" },
};

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "state-directory", required_argument, NULL, 's' },
	{ "runtime-directory", required_argument, NULL, 'r' },
	{ "spool-directory", required_argument, NULL, 'p' },
	{ "agent-socket", required_argument, NULL, 'a' },
	{ "user", no_argument, NULL, 'u' },
	{ "check-config", no_argument, NULL, OPTION_CHECK_CONFIG },
	{ "log-level", required_argument, NULL, 'l' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct arguments {
	struct daemon_options daemon;
	enum log_level level;
	bool check_config;
	int exit_code; /* >= 0: nothing is left to do */
};

static int print_help(void) {
	printf("Usage: codegend [OPTION...]\n\n"
	       "Turns reports of failing CI steps into repaired pull requests. Runs in the foreground.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(help); i++) {
		printf("  %-26s %s\n", help[i].option, help[i].text);
	}
	printf("\nSee codegend(8), codegend.conf(5) and codegenctl(1).\n");
	return DAEMON_EXIT_OK;
}

static int complain(const char *what) {
	fprintf(stderr, "codegend: %s; see \"codegend --help\".\n", what);
	return DAEMON_EXIT_USAGE;
}

static void take_option(struct arguments *arguments, int option) {
	/* clang-format off */
	switch (option) {
	case 'c': arguments->daemon.config_file = optarg; break;
	case 's': arguments->daemon.state_dir = optarg; break;
	case 'r': arguments->daemon.runtime_dir = optarg; break;
	case 'p': arguments->daemon.spool_dir = optarg; break;
	case 'a': arguments->daemon.agent_socket = optarg; break;
	case 'u': arguments->daemon.user = true; break;
	case 'l':
		if (log_parse_level(optarg, &arguments->level) < 0) {
			arguments->exit_code = complain("no such log level");
		}
		break;
	case 'V':
		printf("codegend %s\n", CODEGEND_VERSION);
		arguments->exit_code = DAEMON_EXIT_OK;
		break;
	case 'h':                 arguments->exit_code = print_help(); break;
	case OPTION_CHECK_CONFIG: arguments->check_config = true; break;
	default:                  arguments->exit_code = complain("an option was not understood"); break;
	}
	/* clang-format on */
}

/* What was asked for counts as given only when it was written. */
static int finish(int code) {
	if (fflush(stdout) == EOF || ferror(stdout) != 0) {
		fprintf(stderr, "codegend: cannot write the output.\n");
		return code == DAEMON_EXIT_OK ? DAEMON_EXIT_FAILED : code;
	}
	return code;
}

/* When standard error goes to the journal, fields can go there as well. */
static void open_log(enum log_level level) {
	bool journal = systemd_has_journal();

	log_open("codegend", level, journal);
	if (journal && log_open_journal(NULL) < 0) {
		log_warning("Lines have no fields: the journal's socket cannot be opened.");
	}
}

int main(int argc, char **argv) {
	struct arguments arguments = { .level = LOG_LEVEL_INFO, .exit_code = -1 };
	int option;

	memory_init();
	while (arguments.exit_code < 0 &&
		(option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		take_option(&arguments, option);
	}
	if (arguments.exit_code < 0 && optind < argc) {
		arguments.exit_code = complain("it takes no arguments but options");
	}
	if (arguments.exit_code >= 0) {
		return finish(arguments.exit_code);
	}
	open_log(arguments.level);
	return arguments.check_config ? finish(daemon_check_config(&arguments.daemon))
				      : daemon_run(&arguments.daemon);
}
