#include "client/run_command.h"

#include <stdbool.h>
#include <string.h>

#include "common/macro.h"

/* The characters that mean themselves in every shell, wherever they stand. */
#define PLAIN                                                                                      \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"                           \
	"%+,-./:=@_"

struct line {
	char *out;
	size_t len;
	size_t size;
	bool is_cut;
};

static void put(struct line *line, const char *bytes, size_t len) {
	if (line->is_cut || len >= line->size - line->len) {
		line->is_cut = true;
		return;
	}
	memcpy(line->out + line->len, bytes, len);
	line->len += len;
}

static void put_quoted(struct line *line, const char *word) {
	put(line, "'", 1);
	for (; *word != '\0'; word++) {
		if (*word == '\'') {
			put(line, "'\\''", 4);
		} else {
			put(line, word, 1);
		}
	}
	put(line, "'", 1);
}

static bool is_plain(const char *word) {
	return word[0] != '\0' && word[strspn(word, PLAIN)] == '\0';
}

void run_command_text(char *const *words, char *out, size_t size) {
	struct line line = { .out = out, .size = size };

	for (size_t i = 0; words[i] != NULL; i++) {
		if (i > 0) {
			put(&line, " ", 1);
		}
		if (is_plain(words[i])) {
			put(&line, words[i], strlen(words[i]));
		} else {
			put_quoted(&line, words[i]);
		}
	}
	out[line.len] = '\0';
	if (line.is_cut && size > sizeof("...")) {
		line.len = MIN(line.len, size - sizeof("..."));
		memcpy(out + line.len, "...", sizeof("..."));
	}
}
