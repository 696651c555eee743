#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/id.h"
#include "common/log_journal.h"
#include "common/text.h"

#define LOG_LINE_MAX 2048

static const char *log_program = "codegend";
static bool log_to_journal;
static bool log_with_fields;
static atomic_int log_max_level = LOG_LEVEL_INFO;
static atomic_uint log_n_lost; /* lines that nobody read in time and nobody was told of */

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

int log_open_journal(const char *socket) {
	int r = journal_open(socket != NULL ? socket : JOURNAL_SOCKET);

	log_with_fields = r == 0;
	return r;
}

bool log_has_fields(void) {
	return log_with_fields;
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

/* Entries of the journal */

static const struct log_about about_nothing;

struct entry {
	struct journal_field fields[JOURNAL_FIELDS_MAX];
	size_t n;
	char priority[4];
	char incident[ID_TEXT_MAX];
	char task[ID_TEXT_MAX];
};
/* MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, INCIDENT, TASK, PROJECT, FORGE, and the reasons. */
_Static_assert(7 + LOG_REASONS_MAX <= JOURNAL_FIELDS_MAX, "every field fits");

static void entry_add(struct entry *entry, const char *name, const char *value) {
	if (value != NULL && value[0] != '\0') {
		entry->fields[entry->n++] = (struct journal_field){ name, value };
	}
}

static int entry_send(
	const struct log_about *about, enum log_level level, const char *message, bool wait) {
	struct entry entry = { .n = 0 };

	(void)text_format(entry.priority, sizeof(entry.priority), "%d", (int)level);
	entry_add(&entry, "MESSAGE", message);
	entry_add(&entry, "PRIORITY", entry.priority);
	entry_add(&entry, "SYSLOG_IDENTIFIER", log_program);
	entry_add(&entry, "INCIDENT", id_format(ID_INCIDENT, about->incident, entry.incident));
	entry_add(&entry, "TASK", id_format(ID_TASK, about->task, entry.task));
	entry_add(&entry, "PROJECT", about->project);
	entry_add(&entry, "FORGE", about->forge);
	for (size_t i = 0; i < LOG_REASONS_MAX && about->reasons[i] != NULL; i++) {
		entry_add(&entry, "REASON", about->reasons[i]);
	}
	return journal_send(entry.fields, entry.n, wait);
}

/* Returns: 0, nothing was lost or that is said now; -errno as journal_send(), without having waited. */
static int send_loss(void) {
	unsigned n = atomic_load(&log_n_lost);
	char message[128];
	int r;

	if (n == 0) {
		return 0;
	}
	(void)text_format(message, sizeof(message),
		"%u line%s lost here: the journal did not take %s in time.", n,
		n == 1 ? " was" : "s were", n == 1 ? "it" : "them");
	r = entry_send(&about_nothing, LOG_LEVEL_WARNING, message, false);
	if (r == 0) {
		atomic_fetch_sub(&log_n_lost, n);
	}
	return r;
}

/*
 * Returns whether the line is done with. A reader that is stuck is waited for once, not for every line: the loop must
 * go on. Standard error would not help then, the same reader is at its other end.
 */
static bool to_journal(const struct log_about *about, enum log_level level, const char *message) {
	int r = log_with_fields ? send_loss() : -ENOTCONN;

	if (r == 0) {
		r = entry_send(about, level, message, true);
	}
	if (r == -EAGAIN) {
		atomic_fetch_add(&log_n_lost, 1);
	}
	return r == 0 || r == -EAGAIN;
}

/* Lines */

static size_t write_prefix(char *line, size_t size, enum log_level level) {
	int len = log_to_journal ? snprintf(line, size, "<%d>", (int)level)
				 : snprintf(line, size, "%s: %s", log_program, level_prefix(level));

	return MIN((size_t)MAX(len, 0), size / 2);
}

static void log_line(
	const struct log_about *about, enum log_level level, const char *fmt, va_list args) {
	char line[LOG_LINE_MAX];
	int saved_errno = errno;
	int len;
	size_t prefix_len;

	if ((int)level > atomic_load_explicit(&log_max_level, memory_order_relaxed)) {
		return;
	}
	prefix_len = write_prefix(line, sizeof(line), level);
	errno = saved_errno;
	/* One byte is kept for the line's end. */
	len = vsnprintf(line + prefix_len, sizeof(line) - prefix_len - 1, fmt, args);
	if (len < 0) {
		line[prefix_len] = '\0';
	} else if ((size_t)len >= sizeof(line) - prefix_len - 1) {
		line[text_cut(line, sizeof(line) - 2)] = '\0';
	}
	len = (int)(prefix_len + make_printable(line + prefix_len));
	if (!to_journal(about, level, line + prefix_len)) {
		line[len] = '\n';
		/* There is nowhere to complain to. */
		(void)!write(STDERR_FILENO, line, (size_t)len + 1);
	}
	errno = saved_errno;
}

void log_about(const struct log_about *about, enum log_level level, const char *fmt, ...) {
	va_list args;

	va_start(args, fmt);
	log_line(about, level, fmt, args);
	va_end(args);
}

void log_write(enum log_level level, const char *fmt, ...) {
	va_list args;

	va_start(args, fmt);
	log_line(&about_nothing, level, fmt, args);
	va_end(args);
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
