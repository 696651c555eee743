#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

#define LOG_LINE_MAX 2048

static const char *log_program = "codegend";
static bool log_to_journal;
static atomic_int log_max_level = LOG_LEVEL_INFO;

struct level_row {
	const char *name;
	enum log_level level;
	const char *prefix; /* on stderr, for people */
};

static const struct level_row levels[] = {
	{ "error", LOG_LEVEL_ERROR, "error: " },
	{ "warning", LOG_LEVEL_WARNING, "warning: " },
	{ "notice", LOG_LEVEL_NOTICE, "" },
	{ "info", LOG_LEVEL_INFO, "" },
	{ "debug", LOG_LEVEL_DEBUG, "" },
};

void log_open(const char *program, enum log_level max_level, bool journal) {
	log_program = program;
	log_to_journal = journal;
	log_set_level(max_level);
}

void log_set_level(enum log_level max_level) {
	atomic_store_explicit(&log_max_level, (int)max_level, memory_order_relaxed);
}

int log_parse_level(const char *name, enum log_level *ret_level) {
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (strcmp(levels[i].name, name) == 0) {
			*ret_level = levels[i].level;
			return 0;
		}
	}
	return -EINVAL;
}

static const char *level_prefix(enum log_level level) {
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (levels[i].level == level) {
			return levels[i].prefix;
		}
	}
	return "";
}

/* In place: what could move a cursor, start a line or hide text becomes '?'. */
static size_t make_printable(char *text) {
	size_t len = strlen(text);
	size_t n_out = 0;
	uint32_t code = 0;

	for (size_t i = 0; i < len;) {
		int n = text_decode(text + i, len - i, &code);

		if (n < 0 || text_is_control(code) || text_is_hidden(code)) {
			text[n_out++] = '?';
			i += (size_t)(n < 0 ? -n : n);
			continue;
		}
		memmove(text + n_out, text + i, (size_t)n);
		n_out += (size_t)n;
		i += (size_t)n;
	}
	text[n_out] = '\0';
	return n_out;
}

void log_write(enum log_level level, const char *fmt, ...) {
	char line[LOG_LINE_MAX];
	int saved_errno = errno;
	int len;
	size_t prefix_len;
	va_list args;

	if ((int)level > atomic_load_explicit(&log_max_level, memory_order_relaxed)) {
		return;
	}
	len = log_to_journal
		? snprintf(line, sizeof(line), "<%d>", (int)level)
		: snprintf(line, sizeof(line), "%s: %s", log_program, level_prefix(level));
	prefix_len = MIN((size_t)MAX(len, 0), sizeof(line) / 2);
	errno = saved_errno;
	va_start(args, fmt);
	/* One byte is kept for the line's end. */
	len = vsnprintf(line + prefix_len, sizeof(line) - prefix_len - 1, fmt, args);
	va_end(args);
	if (len < 0) {
		line[prefix_len] = '\0';
	} else if ((size_t)len >= sizeof(line) - prefix_len - 1) {
		line[text_cut(line, sizeof(line) - 2)] = '\0';
	}
	len = (int)(prefix_len + make_printable(line + prefix_len));
	line[len] = '\n';
	/* There is nowhere to complain to. */
	(void)!write(STDERR_FILENO, line, (size_t)len + 1);
	errno = saved_errno;
}

const char *log_errno(int negative_errno) {
	static _Thread_local char sentence[128];
	const char *words = strerrordesc_np(negative_errno < 0 ? -negative_errno : negative_errno);

	if (words == NULL) {
		snprintf(sentence, sizeof(sentence), "error %d", negative_errno);
		return sentence;
	}
	text_copy(sentence, sizeof(sentence), words);
	/* "RFS specific error" keeps its capitals, "No such file" does not. */
	if (sentence[0] >= 'A' && sentence[0] <= 'Z' && !(sentence[1] >= 'A' && sentence[1] <= 'Z')) {
		sentence[0] = (char)(sentence[0] - 'A' + 'a');
	}
	return sentence;
}
