#include "common/address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_NAME "codegend"
#define ADDRESS_CONFIG "codegend.conf"

/* The base directories specification: a relative path in one of its variables is to be ignored. */
static const char *env_path(const char *name) {
	const char *value = getenv(name);

	return value != NULL && value[0] == '/' ? value : NULL;
}

static bool is_given(const char *option) {
	return option != NULL && option[0] != '\0';
}

static int copy(char *out, size_t size, const char *path, size_t len) {
	if (len >= size) {
		return -ENAMETOOLONG;
	}
	memmove(out, path, len);
	out[len] = '\0';
	return 0;
}

int address_join(char *out, size_t size, const char *dir, const char *name) {
	char path[ADDRESS_PATH_MAX];
	size_t dir_len = strlen(dir);
	const char *slash = dir_len > 0 && dir[dir_len - 1] == '/' ? "" : "/";
	int len = snprintf(path, sizeof(path), "%s%s%s", dir, slash, name);

	if (len < 0 || (size_t)len >= sizeof(path)) {
		return -ENAMETOOLONG;
	}
	return copy(out, size, path, (size_t)len);
}

/* One of the daemon's places: who names it for the system's service, and where it is for a user. */
struct place {
	const char *systemd_env;
	const char *xdg_env;
	const char *home_suffix; /* below $HOME when the XDG variable is unset; NULL: there is no such default */
	const char *system_dir;
};

static const struct place config_place = { "CONFIGURATION_DIRECTORY", "XDG_CONFIG_HOME", ".config",
	"/etc/" ADDRESS_NAME };
static const struct place runtime_place = { "RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", NULL,
	ADDRESS_SYSTEM_RUNTIME };
static const struct place state_place = { "STATE_DIRECTORY", "XDG_STATE_HOME", ".local/state",
	ADDRESS_SYSTEM_STATE };

static int user_dir(const struct place *place, char *out, size_t size) {
	const char *base = env_path(place->xdg_env);
	const char *home = env_path("HOME");
	char path[ADDRESS_PATH_MAX];
	int status;

	if (base == NULL && (place->home_suffix == NULL || home == NULL)) {
		return -ENOENT;
	}
	if (base == NULL) {
		status = address_join(path, sizeof(path), home, place->home_suffix);
		if (status < 0) {
			return status;
		}
		base = path;
	}
	return address_join(out, size, base, ADDRESS_NAME);
}

static int default_dir(const struct place *place, bool user, char *out, size_t size) {
	return user ? user_dir(place, out, size)
		    : copy(out, size, place->system_dir, strlen(place->system_dir));
}

static int daemon_dir(
	const struct place *place, const char *option, bool user, char *out, size_t size) {
	const char *systemd = env_path(place->systemd_env);

	if (is_given(option)) {
		return copy(out, size, option, strlen(option));
	}
	if (systemd != NULL) {
		return copy(out, size, systemd, strcspn(systemd, ":"));
	}
	return default_dir(place, user, out, size);
}

int address_runtime_dir(const char *option, bool user, char *out, size_t size) {
	return daemon_dir(&runtime_place, option, user, out, size);
}

int address_state_dir(const char *option, bool user, char *out, size_t size) {
	return daemon_dir(&state_place, option, user, out, size);
}

int address_spool_dir(const char *option, bool user, char *out, size_t size) {
	char dir[ADDRESS_PATH_MAX];
	int status;

	if (is_given(option) || !user) {
		const char *path = is_given(option) ? option : ADDRESS_SYSTEM_SPOOL;

		return copy(out, size, path, strlen(path));
	}
	status = user_dir(&state_place, dir, sizeof(dir));
	return status < 0 ? status : address_join(out, size, dir, ADDRESS_SPOOL);
}

int address_config_file(const char *option, bool user, char *out, size_t size) {
	char dir[ADDRESS_PATH_MAX];
	int status;

	if (is_given(option)) {
		return copy(out, size, option, strlen(option));
	}
	status = daemon_dir(&config_place, NULL, user, dir, sizeof(dir));
	return status < 0 ? status : address_join(out, size, dir, ADDRESS_CONFIG);
}

int address_socket(enum address_kind kind, const char *option, bool user, char *out, size_t size) {
	const char *env = getenv("CODEGEN_SOCKET");
	const char *path = is_given(option) ? option : env;
	char dir[ADDRESS_PATH_MAX];
	int status;

	size = MIN(size, (size_t)ADDRESS_SOCKET_MAX);
	if (is_given(path)) {
		return copy(out, size, path, strlen(path));
	}
	status = default_dir(&runtime_place, user, dir, sizeof(dir));
	if (status < 0) {
		return status;
	}
	return address_join(
		out, size, dir, kind == ADDRESS_KIND_SUBMIT ? ADDRESS_SUBMIT : ADDRESS_CONTROL);
}
