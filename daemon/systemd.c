#include "daemon/systemd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/limits.h"

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

/* Within the watchdog's time. What is between two of them is patience that whoever is asked does not get. */
#define WATCHDOG_SIGNS 6

static void systemd_send(const char *state, const char *status) {
#ifdef HAVE_SYSTEMD
	char message[LIMIT_SENTENCE_MAX + 64];
	const char *newline = *state && status ? "\n" : "";

	text_format(message, sizeof(message), "%s%s%s%s", state, newline, status ? "STATUS=" : "",
		status ? status : "");
	/* Without $NOTIFY_SOCKET it does nothing; a manager that cannot be told is no reason to fail. */
	(void)sd_notify(0, message);
#endif
}

void systemd_ready(const char *status) {
	systemd_send("READY=1", status);
}

void systemd_reloading(void) {
	char state[64];

	/* Type=notify-reload needs to know when it began; sd_notify(3). */
	text_format(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)clock_mono_us());
	systemd_send(state, NULL);
}

void systemd_stopping(const char *status) {
	systemd_send("STOPPING=1", status);
}

void systemd_status(const char *status) {
	systemd_send("", status ? status : "");
}

void systemd_alive(void) {
	systemd_send("WATCHDOG=1", NULL);
}

int64_t systemd_watchdog_ms(void) {
#ifdef HAVE_SYSTEMD
	uint64_t timeout_us = 0;

	if (sd_watchdog_enabled(0, &timeout_us) > 0) {
		return (int64_t)MAX(timeout_us / 1000 / WATCHDOG_SIGNS, UINT64_C(1));
	}
#endif
	return 0;
}

bool systemd_is_service(void) {
	const char *socket = getenv("NOTIFY_SOCKET");

	return socket != NULL && socket[0] != '\0';
}

bool systemd_has_journal(void) {
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0) {
		return false;
	}
	text_format(ours, sizeof(ours), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	return text_equal(stream, ours);
}

#ifdef HAVE_SYSTEMD
static void free_names(char ***names) {
	for (char **name = *names; name && *name; name++) {
		free(*name);
	}
	free(*names);
}
#endif

int systemd_take_socket(const char *name) {
#ifdef HAVE_SYSTEMD
	_cleanup_(free_names) char **names = NULL;
	static uint64_t taken; /* by position: a socket has one owner */
	int n = sd_listen_fds_with_names(0, &names);

	for (int i = 0; i < MIN(n, 64); i++) {
		if (!text_equal(names[i], name) || (taken >> i & 1)) {
			continue;
		}
		if (sd_is_socket_unix(SD_LISTEN_FDS_START + i, SOCK_STREAM, 1, NULL, 0) <= 0) {
			return -EINVAL;
		}
		taken |= UINT64_C(1) << i;
		return SD_LISTEN_FDS_START + i;
	}
#endif
	return -1;
}
