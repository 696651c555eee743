/*
 * address - where the sockets and directories are: one truth for both programs. Pure but for getenv().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/macro.h"

#define ADDRESS_SYSTEM_CONFIG "/etc/codegend/codegend.conf"
#define ADDRESS_SYSTEM_STATE "/var/lib/codegend"
#define ADDRESS_SYSTEM_RUNTIME "/run/codegend"
#define ADDRESS_SYSTEM_SPOOL "/var/spool/codegend/in"
#define ADDRESS_SPOOL "spool"
#define ADDRESS_CONTROL "control.sock"
#define ADDRESS_SUBMIT_DIR "submit"
#define ADDRESS_SUBMIT "submit/submit.sock"
#define ADDRESS_PATH_MAX 4096
/* A Unix socket's path, with its NUL, fits sockaddr_un.sun_path (unix(7)). */
#define ADDRESS_SOCKET_MAX 108

enum address_kind { ADDRESS_KIND_CONTROL, ADDRESS_KIND_SUBMIT };

/*
 * The socket a client connects to: `option` (may be NULL), else $CODEGEN_SOCKET, else the kind's own in the runtime
 * directory of the system or, with `user`, of $XDG_RUNTIME_DIR.
 * Returns: 0; -ENAMETOOLONG; -ENOENT, `user` and no $XDG_RUNTIME_DIR. `out` untouched on failure.
 */
must_check int address_socket(
	enum address_kind kind, const char *option, bool user, char *out, size_t size);

/*
 * The daemon's directories: option, else systemd's variable (its first element), else with `user` the XDG directory,
 * else the system's. Same errors as address_socket().
 */
must_check int address_runtime_dir(const char *option, bool user, char *out, size_t size);
must_check int address_state_dir(const char *option, bool user, char *out, size_t size);
must_check int address_config_file(const char *option, bool user, char *out, size_t size);

/*
 * Where submissions wait for a daemon: option, else the system's spool or, with `user`, "spool" in codegend's XDG state
 * directory. Same errors.
 */
must_check int address_spool_dir(const char *option, bool user, char *out, size_t size);

/* `dir`/`name`. Returns: 0; -ENAMETOOLONG, `out` untouched. */
must_check int address_join(char *out, size_t size, const char *dir, const char *name);
