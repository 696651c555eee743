#include "client/print_fit.h"

#include <stdlib.h>
#include <string.h>

#include "client/print.h"

static size_t sum(const size_t *widths, size_t n, size_t at_most) {
	size_t all = 0;

	for (size_t i = 0; i < n; i++) {
		all += widths[i] == 0 ? 0 : MIN(widths[i], at_most) + (all > 0 ? FIT_GAP : 0);
	}
	return all;
}

static size_t widest(const size_t *widths, size_t n) {
	size_t found = 0;

	for (size_t i = 1; i < n; i++) {
		found = widths[i] > widths[found] ? i : found;
	}
	return found;
}

/* Of those that are there. `n`: all have to stay. */
static size_t least_important(const uint8_t *ranks, const size_t *widths, size_t n) {
	size_t found = n;

	for (size_t i = 0; i < n; i++) {
		if (widths[i] > 0 && ranks[i] > (found < n ? ranks[found] : 0)) {
			found = i;
		}
	}
	return found;
}

bool fit_columns(const uint8_t *ranks, size_t n, size_t width, size_t *widths) {
	while (sum(widths, n, FIT_COLUMN_MIN) > width) {
		size_t least = least_important(ranks, widths, n);

		if (least == n) {
			return false;
		}
		widths[least] = 0;
	}
	while (sum(widths, n, SIZE_MAX) > width) {
		widths[widest(widths, n)]--;
	}
	return true;
}

/* Where the first line of `text` ends; `*ret_next`: where the one below begins. */
static size_t first_line(const char *text, size_t room, size_t *ret_next) {
	size_t cells, fits = print_prefix(text, room, &cells), blank = 0;

	for (size_t i = 1; i <= fits && text[i] != '\0'; i++) {
		if (text[i] == ' ' && (blank == 0 || text[blank - 1] != ',' || text[i - 1] == ',')) {
			blank = i;
		}
	}
	/* A character that is wider than the room has a line of its own. */
	while (fits == 0 || ((unsigned char)text[fits] & 0xc0) == 0x80) {
		fits++;
	}
	*ret_next = text[fits] == '\0' ? fits : blank > 0 ? blank + 1 : fits;
	return text[fits] != '\0' && blank > 0 ? blank : fits;
}

char *fit_lines(const char *text, size_t room) {
	char *folded = malloc(2 * strlen(text) + 1), *out = folded;

	while (folded != NULL && *text != '\0') {
		size_t len = strcspn(text, "\n"), next = len;
		_cleanup_(freep) char *line = strndup(text, len);

		if (line == NULL) {
			free(folded);
			return NULL;
		}
		len = len > 0 ? first_line(line, room, &next) : 0;
		memcpy(out, text, len);
		out += len;
		text += next;
		if (*text != '\0') {
			*out++ = '\n';
		}
		text += *text == '\n' && line[next] == '\0';
	}
	if (folded != NULL) {
		*out = '\0';
	}
	return folded;
}
