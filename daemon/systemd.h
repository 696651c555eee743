/*
 * systemd - readiness, watchdog and inherited sockets. Without libsystemd at build time, or when not started by
 * systemd, every function is a harmless no-op. Loop thread only. Sources: sd_notify(3), sd_listen_fds(3).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/macro.h"

/* READY=1, STATUS=…; RELOADING=1; STOPPING=1. `status` is one sentence or NULL. */
void systemd_ready(const char *status);
void systemd_reloading(void);
void systemd_stopping(const char *status);
void systemd_status(const char *status);
/* WATCHDOG=1. */
void systemd_alive(void);
/* How often whoever answers for systemd_alive() is to be asked, a sixth of the watchdog's time; 0: no watchdog. */
int64_t systemd_watchdog_ms(void);
/* Whether systemd started us as a service and waits for what we tell it. */
bool systemd_is_service(void);
/* Whether standard error goes to the journal ($JOURNAL_STREAM matches). */
bool systemd_has_journal(void);

/*
 * The inherited listening socket of that FileDescriptorName ("submit", "control"), close-on-exec set; -1: none.
 * The caller owns it. -EINVAL: inherited, but no listening Unix stream socket.
 */
int systemd_take_socket(const char *name);
