#include "daemon/credential_unit.h"

#include <glob.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/macro.h"
#include "common/text.h"
#include "daemon/limits.h"

#define BLANKS " \t\r"

/* Of the system's manager; systemd.unit(5), SPECIFIERS. */
static const struct {
	char letter;
	const char *text;
} specifiers[] = {
	{ '%', "%" },
	{ 'E', "/etc" },
	{ 'N', "codegend" },
	{ 'S', "/var/lib" },
	{ 'h', "/root" },
	{ 'n', "codegend.service" },
	{ 'p', "codegend" },
	{ 't', "/run" },
};

/* One file, read line by line. */
struct reading {
	const char *file;
	const char *name;
	struct credential_named *named;
};

/* What stands behind the name, "" when nothing does; NULL: this is about another credential. */
static const char *of_name(const struct reading *reading, const char *value) {
	size_t len = strlen(reading->name);

	if (strncmp(value, reading->name, len) != 0 || (value[len] != '\0' && value[len] != ':')) {
		return NULL;
	}
	return value + len + (value[len] == ':');
}

static const char *specifier(const char *at) {
	for (size_t i = 0; *at == '%' && i < ARRAY_SIZE(specifiers); i++) {
		if (at[1] == specifiers[i].letter) {
			return specifiers[i].text;
		}
	}
	return NULL;
}

/* What does not fit is no path that could be looked at. */
static void expand(const char *path, char out[ADDRESS_PATH_MAX]) {
	size_t len = 0;

	for (const char *at = path; *at != '\0'; at++) {
		const char *known = specifier(at);
		size_t n = known != NULL ? strlen(known) : 1;

		if (len + n >= ADDRESS_PATH_MAX) {
			len = 0;
			break;
		}
		memcpy(out + len, known != NULL ? known : at, n);
		len += n;
		at += known != NULL;
	}
	out[len] = '\0';
}

/* A file of the directory "ID:DIRECTORY" is the credential "ID_FILE". */
static void take_directory(struct reading *reading, const char *value, bool is_encrypted) {
	size_t len = strcspn(value, ":");
	char directory[ADDRESS_PATH_MAX];

	if (strncmp(value, reading->name, len) != 0 || reading->name[len] != '_') {
		return;
	}
	expand(value[len] == ':' ? value + len + 1 : "", directory);
	if (directory[0] != '/' || is_encrypted ||
		address_join(reading->named->below, ADDRESS_PATH_MAX, directory,
			reading->name + len + 1) < 0) {
		reading->named->below[0] = '\0';
	}
}

static void forget_loaded(struct credential_named *named) {
	named->path[0] = named->stored[0] = '\0';
}

static void take_load(struct reading *reading, const char *value) {
	struct credential_named *named = reading->named;
	const char *path = of_name(reading, value);

	take_directory(reading, value, false);
	if (*value == '\0') {
		forget_loaded(named);
		named->below[0] = '\0';
	} else if (path != NULL) {
		forget_loaded(named);
		if (path[0] == '/' || path[0] == '%') {
			expand(path, named->path);
		} else if (strchr(path, '/') == NULL) {
			expand(path, named->stored);
		}
	}
}

/* It takes the place of one that is not encrypted, and may be read by anybody. */
static void take_load_encrypted(struct reading *reading, const char *value) {
	take_directory(reading, value, true);
	if (*value == '\0' || of_name(reading, value) != NULL) {
		forget_loaded(reading->named);
	}
	if (*value == '\0') {
		reading->named->below[0] = '\0';
	}
}

static void take_set(struct reading *reading, const char *value) {
	if (*value == '\0') {
		reading->named->set_in[0] = '\0';
	} else if (of_name(reading, value) != NULL) {
		(void)TEXT_SET(reading->named->set_in, reading->file);
	}
}

static void take_set_encrypted(struct reading *reading, const char *value) {
	if (*value == '\0' || of_name(reading, value) != NULL) {
		reading->named->set_in[0] = '\0';
	}
}

static const struct {
	const char *key;
	void (*take)(struct reading *reading, const char *value);
} keys[] = {
	{ "LoadCredential", take_load },
	{ "LoadCredentialEncrypted", take_load_encrypted },
	{ "SetCredential", take_set },
	{ "SetCredentialEncrypted", take_set_encrypted },
};

/* Cuts blanks off both ends. */
static char *trim(char *text) {
	size_t len;

	text += strspn(text, BLANKS);
	for (len = strlen(text); len > 0 && strchr(BLANKS, text[len - 1]) != NULL; len--) {
	}
	text[len] = '\0';
	return text;
}

static void take_line(struct reading *reading, char *line) {
	char *equals = strchr(line, '=');

	if (equals == NULL) {
		return;
	}
	*equals = '\0';
	line = trim(line);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(line, keys[i].key) == 0) {
			keys[i].take(reading, trim(equals + 1));
		}
	}
}

/* A line that ends in a backslash goes on in the next; a comment never does, and does not end one either. */
static void join_lines(char *text) {
	char *out = text;

	for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
		size_t len = strlen(line);
		char first = line[strspn(line, BLANKS)];

		if (first == '#' || first == ';') {
			continue;
		}
		memmove(out, line, len);
		out += len;
		if (len > 0 && out[-1] == '\\') {
			out[-1] = ' ';
		} else if (rest != NULL) {
			*out++ = '\n';
		}
	}
	*out = '\0';
}

static void read_file(struct reading *reading) {
	_cleanup_(freep) char *text = NULL;
	bool in_service = false;

	/* One that is masked is no file. */
	if (fd_read_file(reading->file, LIMIT_CONFIG_MAX_BYTES, &text, NULL) < 0) {
		return;
	}
	join_lines(text);
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
		line = trim(line);
		if (*line == '[') {
			in_service = strcmp(line, "[Service]") == 0;
		} else if (in_service) {
			take_line(reading, line);
		}
	}
}

/* Adds what matches in all of the directories, in their order. */
static void find(const char *const *units, const char *pattern, glob_t *found) {
	for (size_t i = 0; units[i] != NULL; i++) {
		char path[ADDRESS_PATH_MAX];

		if (text_format(path, sizeof(path), "%s/%s", units[i], pattern)) {
			(void)glob(path, found->gl_pathc > 0 ? GLOB_APPEND : 0, NULL, found);
		}
	}
}

static const char *base_of(const char *path) {
	return strrchr(path, '/') + 1;
}

/* The one behind `last` in the order of their names, which differ from it; NULL: no more. */
static const char *next_drop_in(const glob_t *found, const char *last) {
	const char *next = NULL;

	for (size_t i = 0; i < found->gl_pathc; i++) {
		const char *path = found->gl_pathv[i];

		if ((last == NULL || strcmp(base_of(path), base_of(last)) > 0) &&
			(next == NULL || strcmp(base_of(path), base_of(next)) < 0)) {
			next = path;
		}
	}
	return next;
}

void credential_unit_look(
	const char *const *units, const char *name, struct credential_named *ret_named) {
	struct reading reading = { .name = name, .named = ret_named };
	glob_t unit = { 0 }, drop_ins = { 0 };

	*ret_named = (struct credential_named){ 0 };
	find(units, "codegend.service", &unit);
	find(units, "codegend.service.d/*.conf", &drop_ins);
	find(units, "service.d/*.conf", &drop_ins);
	if (unit.gl_pathc > 0) {
		reading.file = unit.gl_pathv[0];
		read_file(&reading);
	}
	reading.file = NULL;
	while ((reading.file = next_drop_in(&drop_ins, reading.file)) != NULL) {
		read_file(&reading);
	}
	globfree(&unit);
	globfree(&drop_ins);
}
