#include "daemon/credential_store.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"
#include "daemon/credential_unit.h"

#define LETS_OTHERS_IN (S_IXGRP | S_IXOTH)

const char *const credential_store_places[] = {
	"/etc/credstore",
	"/run/credstore",
	"/usr/local/lib/credstore",
	"/usr/lib/credstore",
	NULL,
};

const char *const credential_store_units[] = {
	"/etc/systemd/system.control",
	"/run/systemd/system.control",
	"/etc/systemd/system",
	"/run/systemd/system",
	"/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",
	NULL,
};

static bool is_foreign(uid_t owner) {
	return owner != 0 && owner != geteuid();
}

/* The directory that `path` lies in. Returns: 0; -errno. */
static int stat_parent(const char *path, struct stat *st) {
	char directory[ADDRESS_PATH_MAX];
	size_t len = (size_t)(strrchr(path, '/') - path);

	(void)text_format(directory, sizeof(directory), "%.*s", len > 0 ? (int)len : 1, path);
	return stat(directory, st) < 0 ? -errno : 0;
}

/* Whether the directory that keeps us out does so with all users; one that systemd hides from us has no mode at all. */
static bool is_closed_above(const char *path) {
	struct stat last = { 0 }, st;

	for (const char *slash = strchr(path + 1, '/'); slash != NULL;
		slash = strchr(slash + 1, '/')) {
		char directory[ADDRESS_PATH_MAX];

		(void)text_format(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
		if (stat(directory, &st) < 0) {
			break;
		}
		last = st;
	}
	return (last.st_mode & LETS_OTHERS_IN) == 0 && (last.st_mode & S_IRWXU) != 0 &&
		!is_foreign(last.st_uid);
}

static void look_at(const char *path, bool is_of_store, struct credential_source *worst) {
	struct credential_source source = { CREDENTIAL_CLOSED, "", 0 };
	struct stat directory, file;
	int r = path[0] == '/' ? stat_parent(path, &directory) : -ENOENT;

	r = r < 0 ? r : stat(path, &file) < 0 ? -errno : 0;
	if (r < 0) {
		bool is_unseen = !is_of_store &&
			(strchr(path, '%') != NULL || (r == -EACCES && !is_closed_above(path)));

		source.exposure = is_unseen ? CREDENTIAL_UNSEEN : CREDENTIAL_CLOSED;
	} else if (!S_ISREG(file.st_mode)) {
		return;
	} else if (is_foreign(directory.st_uid) ||
		(is_foreign(file.st_uid) && (directory.st_mode & LETS_OTHERS_IN) != 0)) {
		source.exposure = CREDENTIAL_FOREIGN;
		source.owner = is_foreign(directory.st_uid) ? directory.st_uid : file.st_uid;
	} else if ((directory.st_mode & LETS_OTHERS_IN) != 0 &&
		(file.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		source.exposure = CREDENTIAL_OPEN;
	}
	if (source.exposure > worst->exposure) {
		(void)text_copy(source.path, sizeof(source.path), path);
		*worst = source;
	}
}

/* Each "_" of its name may be a "/": tried from the left. */
static void look_below(char *path, struct credential_source *worst) {
	for (char *at = strrchr(path, '/'); at != NULL; at = strchr(at, '_')) {
		*at = '/';
		look_at(path, false, worst);
	}
}

void credential_store_look(const char *const *places, const char *const *units, const char *name,
	struct credential_source *worst) {
	struct credential_named named;
	char path[ADDRESS_PATH_MAX];

	*worst = (struct credential_source){ CREDENTIAL_CLOSED, "", 0 };
	credential_unit_look(units, name, &named);
	for (size_t i = 0; places[i] != NULL; i++) {
		if (address_join(path, sizeof(path), places[i], name) == 0) {
			look_at(path, true, worst);
		}
		if (named.stored[0] != '\0' &&
			address_join(path, sizeof(path), places[i], named.stored) == 0) {
			look_at(path, true, worst);
		}
	}
	if (named.path[0] != '\0') {
		look_at(named.path, false, worst);
	}
	look_below(named.below, worst);
	if (named.set_in[0] != '\0' && worst->exposure < CREDENTIAL_SET) {
		worst->exposure = CREDENTIAL_SET;
		(void)TEXT_SET(worst->path, named.set_in);
	}
}
