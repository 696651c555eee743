#include "tests/unit/client/peer.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/protocol.h"
#include "common/text.h"

#define REQUEST_MAX_BYTES (1024 * 1024)

/* What one method is answered with instead; shared with the process that answers, which is idle when it changes. */
struct said {
	char method[64];
	size_t len;
	char bytes[PEER_SAID_MAX_BYTES];
};

static json_t *answers;
static struct said *instead;
static pid_t pid;

static _Noreturn void give_up(const char *what) {
	perror(what);
	abort();
}

static void add_message(struct said *said, const json_t *parameters, bool continues) {
	json_t *message =
		json_pack("{s:O, s:b}", "parameters", (json_t *)parameters, "continues", continues);
	char *text = json_dumps(message, JSON_COMPACT);
	size_t len = strlen(text) + 1;

	if (said->len + len > sizeof(said->bytes)) {
		give_up("too long an answer");
	}
	memcpy(said->bytes + said->len, text, len);
	said->len += len;
	free(text);
	json_decref(message);
}

static void say(struct said *said, const char *method, const json_t *answer) {
	size_t n = json_array_size(answer);

	said->len = 0;
	(void)TEXT_SET(said->method, method);
	if (!json_is_array(answer)) {
		add_message(said, answer, false);
	}
	for (size_t i = 0; i < n; i++) {
		add_message(said, json_array_get(answer, i), i + 1 < n);
	}
}

/* Returns whether a whole request came. */
static bool read_request(int fd, char *request) {
	for (size_t len = 0; len < REQUEST_MAX_BYTES; len++) {
		if (read(fd, request + len, 1) != 1) {
			return false;
		}
		if (request[len] == '\0') {
			return true;
		}
	}
	return false;
}

static void answer_one(int fd, char *request, struct said *usual) {
	while (read_request(fd, request)) {
		json_t *message = json_loads(request, 0, NULL);
		const char *name = json_string_value(json_object_get(message, "method"));
		const char *method = name != NULL ? strrchr(name, '.') + 1 : "";
		const struct said *said = instead;

		if (strcmp(method, instead->method) != 0) {
			say(usual, method, json_object_get(answers, method));
			said = usual;
		}
		json_decref(message);
		if (send(fd, said->bytes, said->len, MSG_NOSIGNAL) != (ssize_t)said->len ||
			said->len == 0 || said->bytes[said->len - 1] != '\0') {
			return;
		}
	}
}

static _Noreturn void serve(int listener) {
	char *request = malloc(REQUEST_MAX_BYTES);
	struct said *usual = calloc(1, sizeof(*usual));

	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0) {
			give_up("accept");
		}
		answer_one(fd, request, usual);
		close(fd);
	}
}

void peer_start(const char *socket_path, const char *file) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	answers = json_load_file(file, 0, NULL);
	instead = mmap(
		NULL, sizeof(*instead), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (answers == NULL || instead == MAP_FAILED || !TEXT_SET(address.sun_path, socket_path) ||
		bind(listener, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listener, 16) < 0) {
		give_up("peer");
	}
	pid = fork();
	if (pid == 0) {
		serve(listener);
	}
	close(listener);
}

void peer_stop(void) {
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	json_decref(answers);
	(void)munmap(instead, sizeof(*instead));
}

json_t *peer_answer(const char *method) {
	return json_object_get(answers, method);
}

void peer_answers(const char *method, const json_t *answer) {
	say(instead, method, answer);
}

void peer_says(const char *method, const char *bytes, size_t len) {
	(void)TEXT_SET(instead->method, method);
	memcpy(instead->bytes, bytes, len);
	instead->len = len;
}

void peer_is_itself(void) {
	instead->method[0] = '\0';
}
