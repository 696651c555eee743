/* SHA256() looks its algorithm up, and crashes without memory; SHA256_Update() only computes, and is older. */
#define OPENSSL_API_COMPAT 10100

#include "daemon/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"

#define BLANKS " \t\r\n"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS "0123456789"
/* One more than a value may have, to tell "exactly" from "longer". */
#define ROOM (LIMIT_CREDENTIAL_MAX_BYTES + 1)
#define MARK_BYTES 8

#define AGAIN "then restart the daemon, or reload it if it is a file"
#define TOO_LONG "is over 64 KiB, which no secret is; name another source, or mend it"

/* One source being read. */
struct reading {
	const char *source;
	bool is_pem;
	char *value;	/* owned until it is handed out; wiped */
	char *sentence; /* the caller's; LIMIT_SENTENCE_MAX */
};

struct kind {
	const char *prefix; /* `which` is what is behind it */
	bool (*is_name)(const char *which);
	const char *problem; /* of a name that is none */
	/* Returns: as credential_read(), but -ENOENT leaves `sentence` to the caller. */
	int (*read)(struct reading *reading, const char *which);
	const char *missing; /* what it means that it does not exist */
};

/* systemd: of a file without a directory. */
static bool is_credential_name(const char *which) {
	return text_is_name(which, LIMIT_NAME_MAX) && !strchr(which, '/') &&
		strcmp(which, ".") != 0 && strcmp(which, "..") != 0;
}

static bool is_path(const char *which) {
	return which[0] == '/' && text_is_name(which, LIMIT_URL_MAX);
}

static bool is_variable(const char *which) {
	return which[0] != '\0' && !strchr(DIGITS, which[0]) &&
		which[strspn(which, LETTERS DIGITS)] == '\0';
}

static int fail(struct reading *reading, int error, const char *problem) {
	text_format(reading->sentence, LIMIT_SENTENCE_MAX, "The secret \"%s\" %s.", reading->source,
		problem);
	return error;
}

/* A key has lines, and nothing else is in front of a blank. */
static bool is_allowed(const struct reading *reading, uint32_t code) {
	if (reading->is_pem && code < 0x80 && code != '\0' && strchr(BLANKS, (int)code)) {
		return true;
	}
	return !text_is_control(code) && !text_is_hidden(code);
}

static bool is_clean(const struct reading *reading, const char *text, size_t len) {
	uint32_t code;

	for (size_t i = 0; i < len;) {
		int n = text_decode(text + i, len - i, &code);

		if (n < 0 || !is_allowed(reading, code)) {
			return false;
		}
		i += (size_t)n;
	}
	return true;
}

/* Takes `len` bytes for the value, without the blanks around them. */
static int take(struct reading *reading, const char *text, size_t len) {
	while (len > 0 && text[len - 1] != '\0' && strchr(BLANKS, text[len - 1])) {
		len--;
	}
	while (len > 0 && text[0] != '\0' && strchr(BLANKS, text[0])) {
		text++;
		len--;
	}
	if (len == 0) {
		return fail(reading, -EINVAL, "is empty; put the secret there, " AGAIN);
	}
	if (len > LIMIT_CREDENTIAL_MAX_BYTES) {
		return fail(reading, -EFBIG, TOO_LONG);
	}
	if (!is_clean(reading, text, len)) {
		return fail(reading, -EINVAL,
			reading->is_pem ? "is no text; a key in PEM form belongs there"
					: "is not one line of text; a token alone belongs there");
	}
	reading->value = malloc(len + 1);
	if (!reading->value) {
		return fail(reading, -ENOMEM, "cannot be read: out of memory; try again");
	}
	memcpy(reading->value, text, len);
	reading->value[len] = '\0';
	return 0;
}

static int fail_reading(struct reading *reading, int error) {
	char problem[LIMIT_NAME_MAX];

	text_format(problem, sizeof(problem),
		"cannot be read: %s; the user of the daemon has to be able to", log_errno(error));
	return fail(reading, error, problem);
}

/* No reallocation: what it leaves behind could not be wiped. */
static int read_value(struct reading *reading, int fd) {
	char *room = malloc(ROOM);
	size_t len = 0;
	ssize_t n = 1;
	int r;

	if (!room) {
		return fail_reading(reading, -ENOMEM);
	}
	while (n != 0 && len < ROOM) {
		n = read(fd, room + len, ROOM - len);
		if (n < 0 && errno != EINTR) {
			break;
		}
		len += n > 0 ? (size_t)n : 0;
	}
	r = n < 0	      ? fail_reading(reading, -errno)
		: len == ROOM ? fail(reading, -EFBIG, TOO_LONG)
			      : take(reading, room, len);
	explicit_bzero(room, ROOM);
	free(room);
	return r;
}

/* `refused`: the bits of a mode that let too many in. */
static int read_file(struct reading *reading, const char *path, mode_t refused) {
	/* A pipe would block, and the terminal become ours. A symbolic link is all right: so secrets are rotated. */
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char problem[LIMIT_SENTENCE_MAX];
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		return -ENOENT;
	}
	if (fd < 0 || fstat(fd, &st) < 0) {
		return fail_reading(reading, -errno);
	}
	if (!S_ISREG(st.st_mode)) {
		return fail(reading, -EINVAL,
			"is no regular file; a file with the secret belongs there");
	}
	if ((st.st_mode & refused) != 0) {
		text_format(problem, sizeof(problem),
			"is open to other users (mode %04o) and not used; take it for revealed if "
			"they are not trusted, and \"chmod 600\" the file",
			(unsigned)(st.st_mode & 07777));
		return fail(reading, -EACCES, problem);
	}
	return read_value(reading, fd);
}

/* systemd makes them 0440 or 0400, in a directory for this service alone. */
static int read_credential(struct reading *reading, const char *which) {
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	_cleanup_(freep) char *path = NULL;

	if (!directory || directory[0] != '/') {
		return -ENOENT;
	}
	if (asprintf(&path, "%s/%s", directory, which) < 0) {
		path = NULL;
		return fail_reading(reading, -ENOMEM);
	}
	return read_file(reading, path, S_IRWXO);
}

static int read_path(struct reading *reading, const char *which) {
	return read_file(reading, which, S_IRWXG | S_IRWXO);
}

static int read_variable(struct reading *reading, const char *which) {
	const char *value = getenv(which);

	return value ? take(reading, value, strlen(value)) : -ENOENT;
}

static const struct kind kinds[] = {
	{ "credential:", is_credential_name, "names no credential; a file name without \"/\"",
		read_credential, "systemd has not given it to the service" },
	{ "env:", is_variable,
		"names no environment variable; letters, digits and \"_\", no digit in front",
		read_variable, "it is not set" },
	{ "file:", is_path, "names no file; an absolute path", read_path, "there is no such file" },
};

/* `*ret_which`: what is behind the colon. NULL: no such kind. */
static const struct kind *find_kind(const char *source, const char **ret_which) {
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(source, kinds[i].prefix, len) == 0) {
			*ret_which = source + len;
			return &kinds[i];
		}
	}
	return NULL;
}

bool credential_is_source(const char *source, char ret_problem[LIMIT_SENTENCE_MAX]) {
	const char *which;
	const struct kind *kind = find_kind(source, &which);

	if (kind && kind->is_name(which) && strlen(source) < LIMIT_URL_MAX) {
		return true;
	}
	if (ret_problem) {
		text_copy(ret_problem, LIMIT_SENTENCE_MAX,
			kind ? kind->problem
			     : "does not tell where the secret is; credential:NAME, "
			       "file:PATH or env:NAME");
	}
	return false;
}

static void add_missing(
	char sentence[LIMIT_SENTENCE_MAX], const char *source, const struct kind *kind) {
	size_t len = strlen(sentence);

	text_format(sentence + len, LIMIT_SENTENCE_MAX - len, "%s\"%s\" (%s)",
		len == 0 ? "No secret was found in " : ", ", source, kind->missing);
}

static void end_missing(char sentence[LIMIT_SENTENCE_MAX]) {
	size_t len = strlen(sentence);

	text_format(sentence + len, LIMIT_SENTENCE_MAX - len, "; provide one, " AGAIN ".");
}

int credential_read(const char *const *sources, bool is_pem, char **ret_value,
	char ret_sentence[LIMIT_SENTENCE_MAX]) {
	char missing[LIMIT_SENTENCE_MAX] = "";

	for (size_t i = 0; sources[i]; i++) {
		struct reading reading = {
			.source = sources[i], .is_pem = is_pem, .sentence = ret_sentence
		};
		const char *which;
		const struct kind *kind = find_kind(sources[i], &which);
		int r;

		if (!kind || !kind->is_name(which)) {
			/* Not said: it may be the secret itself. */
			text_copy(ret_sentence, LIMIT_SENTENCE_MAX,
				"What is configured does not tell where the secret is; credential:NAME, "
				"file:PATH or env:NAME.");
			return -EINVAL;
		}
		r = kind->read(&reading, which);
		if (r == 0) {
			*ret_value = reading.value;
		}
		if (r != -ENOENT) {
			return r;
		}
		add_missing(missing, sources[i], kind);
	}
	end_missing(missing);
	text_copy(ret_sentence, LIMIT_SENTENCE_MAX, missing);
	return -ENOENT;
}

int credential_find(const char *const *sources, bool is_pem, const char **ret_source,
	char ret_sentence[LIMIT_SENTENCE_MAX]) {
	_cleanup_(credential_wipep) char *value = NULL;

	for (size_t i = 0; sources[i]; i++) {
		const char *const one[] = { sources[i], NULL };
		int r = credential_read(one, is_pem, &value, ret_sentence);

		if (r == 0) {
			*ret_source = sources[i];
		}
		if (r != -ENOENT) {
			return r;
		}
	}
	return credential_read(sources, is_pem, &value, ret_sentence);
}

void credential_wipe(char *value) {
	if (value) {
		explicit_bzero(value, strlen(value));
	}
	free(value);
}

const char *credential_mark(const char *value, char out[CREDENTIAL_MARK_MAX]) {
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA256_CTX sha;

	(void)SHA256_Init(&sha);
	(void)SHA256_Update(&sha, value, strlen(value));
	(void)SHA256_Final(digest, &sha);
	for (size_t i = 0; i < MARK_BYTES; i++) {
		text_format(out + 2 * i, CREDENTIAL_MARK_MAX - 2 * i, "%02x", digest[i]);
	}
	explicit_bzero(&sha, sizeof(sha));
	explicit_bzero(digest, sizeof(digest));
	return out;
}
