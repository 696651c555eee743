/* Started by systemd for each connection: codegend-agent@.service. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/json_memory.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/runner/runner.h"

enum { EXIT_USAGE = 2 };

static int say(FILE *where, const char *text, int code) {
	fputs(text, where);
	return fflush(where) == EOF ? 1 : code;
}

static bool is_connection(int fd) {
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

int main(int argc, char **argv) {
	json_memory_init();
	if (argc > 1 && text_equal(argv[1], "--version")) {
		return say(stdout, "codegend-agent " CODEGEND_VERSION "\n", 0);
	}
	if (argc > 1 || !is_connection(STDIN_FILENO)) {
		return say(stderr,
			"codegend-agent: it takes no arguments, and a connection of codegend as standard "
			"input; systemd starts it, see codegend(8), UNITS.\n",
			EXIT_USAGE);
	}
	/* The program that it starts is of the same user, and must not use our connection: ptrace(2). */
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	log_open("codegend-agent", LOG_LEVEL_INFO, false);
	return runner_serve(STDIN_FILENO);
}
