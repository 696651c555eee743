#include <string.h>

#include "common/macro.h"
#include "common/redact/internal.h"

#define END_MARK "-----END "
#define MARK_TAIL "-----"
/* Of the first line of a key's text; a shorter one is no such line. */
#define FULL_LINE_MIN 16
/* Lines of others between those of a key. */
#define STRANGE_LINES_MAX 4

static const char *const headers[] = {
	/* RFC 1421, RFC 4880, and what follows a line that ends in "\" */
	"Proc-Type:",
	"DEK-Info:",
	"Version:",
	"Comment:",
	"MessageID:",
	"Hash:",
	"Charset:",
	"Key-",
	"X509v3",
	"Bag Attributes",
	"localKeyID:",
	"friendlyName:",
	"4,ENCRYPTED",
};

struct part {
	const char *text;
	size_t len;
};

void key_lines_begin(struct key_lines *key, size_t column) {
	*key = (struct key_lines){ .active = true, .column = column };
}

static bool is_key_byte(char c) {
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '+' || c == '/' || c == '=';
}

static bool is_around(char c) {
	return c != '\0' && strchr(" \t\r\"'`,;|\\", c) != NULL;
}

/* Without what stands around the text in code, JSON and logs. */
static struct part trim(const char *text, size_t len) {
	for (size_t before = len + 1; before != len;) {
		before = len;
		while (len > 0 && is_around(text[len - 1])) {
			len--;
		}
		if (len >= 2 && text[len - 2] == '\\' && strchr("nr", text[len - 1]) != NULL) {
			len -= 2;
		}
		if (len >= 2 && text[len - 1] == '+' && text[len - 2] == ' ') {
			len -= 2;
		}
	}
	while (len > 0 && is_around(*text)) {
		text++;
		len--;
	}
	return (struct part){ text, len };
}

/* The word the line ends with. */
static struct part last_word(struct part part) {
	size_t start = part.len;

	while (start > 0 && !is_around(part.text[start - 1])) {
		start--;
	}
	return (struct part){ part.text + start, part.len - start };
}

static bool is_base64(struct part part) {
	for (size_t i = 0; i < part.len; i++) {
		if (!is_key_byte(part.text[i])) {
			return false;
		}
	}
	return part.len > 0;
}

static bool is_header(struct part part) {
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		if (part.len >= strlen(headers[i]) &&
			memcmp(part.text, headers[i], strlen(headers[i])) == 0) {
			return true;
		}
	}
	return false;
}

static enum key_verdict keep_strange(struct key_lines *key) {
	key->active = !key->short_seen && ++key->n_strange <= STRANGE_LINES_MAX;
	return KEY_LINE_KEEP;
}

/* The key's text is at its column, or behind something else that varies. */
static struct part key_text(const struct key_lines *key, const char *line, size_t len) {
	struct part part = { line, 0 };

	if (len > key->column) {
		part = trim(line + key->column, len - key->column);
	}
	if (!is_base64(part) && !is_header(part)) {
		struct part word = last_word(trim(line, len));

		if (word.len >= FULL_LINE_MIN || (word.len > 0 && word.text[word.len - 1] == '=')) {
			return word;
		}
	}
	return part;
}

static enum key_verdict on_text(struct key_lines *key, struct part part) {
	if (key->width == 0 && part.len < FULL_LINE_MIN) {
		return keep_strange(key);
	}
	if (key->width == 0) {
		key->width = part.len;
	}
	if (part.len < key->width) {
		bool last = !key->short_seen && key->n_strange == 0;

		if (!last && part.text[0] != '=') {
			return keep_strange(key);
		}
		key->short_seen = true;
	}
	key->n_strange = 0;
	return KEY_LINE_DROP;
}

enum key_verdict key_lines_next(
	struct key_lines *key, const char *line, size_t len, size_t *ret_rest) {
	const char *end = memmem(line, len, END_MARK, strlen(END_MARK));
	struct part part;

	*ret_rest = len;
	if (end != NULL) {
		const char *inside = end + strlen(END_MARK);
		const char *tail =
			memmem(inside, len - (size_t)(inside - line), MARK_TAIL, strlen(MARK_TAIL));

		key->active = false;
		if (tail != NULL) {
			tail += strlen(MARK_TAIL);
			if (trim(tail, len - (size_t)(tail - line)).len > 0) {
				*ret_rest = (size_t)(tail - line);
			}
		}
		return KEY_LINE_DROP;
	}
	part = key_text(key, line, len);
	if (is_base64(part)) {
		return on_text(key, part);
	}
	if (is_header(part) && key->width == 0) {
		return KEY_LINE_DROP;
	}
	return trim(line, len).len == 0 ? KEY_LINE_KEEP : keep_strange(key);
}
