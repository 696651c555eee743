#include "client/socket_group.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/text.h"

#define GROUP_FILE "/etc/group"
#define GROUP_FILE_MAX_BYTES (1024 * 1024)
#define GROUP_OF_ANOTHER_NAMESPACE 65534 /* what the kernel shows for each that ours does not map */

/* NAME:PASSWORD:ID:MEMBERS */
static bool is_group(const char *line, unsigned gid) {
	size_t name = strcspn(line, ":\n");
	size_t password = line[name] == ':' ? name + 1 + strcspn(line + name + 1, ":\n") : 0;
	char id[16];
	int64_t value;

	if (name == 0 || password == 0 || line[password] != ':') {
		return false;
	}
	line += password + 1;
	(void)text_format(id, sizeof(id), "%.*s", (int)strcspn(line, ":\n"), line);
	return text_to_int(id, &value) == 0 && value == (int64_t)gid;
}

char *socket_group_name(const char *file, unsigned gid) {
	_cleanup_(freep) char *text = NULL;
	size_t len;

	if (fd_read_file(file, GROUP_FILE_MAX_BYTES, &text, &len) < 0) {
		return NULL;
	}
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (is_group(line, gid)) {
			return strndup(line, strcspn(line, ":"));
		}
	}
	return NULL;
}

bool socket_group_remedy(const char *path, char ret_remedy[CLIENT_SENTENCE_MAX]) {
	_cleanup_(freep) char *group = NULL;
	struct stat st;

	if (stat(path, &st) < 0 || (st.st_mode & 060) != 060) {
		return false;
	}
	group = socket_group_name(GROUP_FILE, st.st_gid);
	if (st.st_gid == GROUP_OF_ANOTHER_NAMESPACE) {
		(void)text_copy(ret_remedy, CLIENT_SENTENCE_MAX,
			"whoever runs this container has to join its group, on the host");
	} else if (group != NULL) {
		(void)text_format(ret_remedy, CLIENT_SENTENCE_MAX,
			"join its group: sudo usermod -aG %s \"$USER\", then log in anew", group);
	} else {
		(void)text_format(ret_remedy, CLIENT_SENTENCE_MAX,
			"join its group %u; a container does with --group-add %u", st.st_gid,
			st.st_gid);
	}
	return true;
}

bool socket_group_is_everybody(const char *path) {
	_cleanup_(freep) char *above = strdup(path);
	struct stat st;
	bool open = above != NULL && stat(path, &st) == 0 && (st.st_mode & S_IWOTH) != 0;

	for (char *slash; open && (slash = strrchr(above, '/')) != NULL;) {
		*slash = '\0';
		open = stat(slash == above ? "/" : above, &st) == 0 && (st.st_mode & S_IXOTH) != 0;
	}
	return open;
}
