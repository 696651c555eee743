#include "common/logscan/merge.h"

#include <string.h>

static void skip_prefix(const char **path, size_t *len, const char *prefix) {
	size_t n = strlen(prefix);

	if (*len > n && strncmp(*path, prefix, n) == 0) {
		*path += n;
		*len -= n;
	}
}

static bool is_end_of(const char *path, size_t len, const char *end, size_t end_len) {
	return len >= end_len && memcmp(path + len - end_len, end, end_len) == 0 &&
		(len == end_len || path[len - end_len - 1] == '/' || path[len - end_len - 1] == '\\');
}

bool merge_same_file(const char *a, size_t a_len, const char *b, size_t b_len) {
	skip_prefix(&a, &a_len, "file://");
	skip_prefix(&b, &b_len, "file://");
	skip_prefix(&a, &a_len, "./");
	skip_prefix(&b, &b_len, "./");
	return a_len > 0 && b_len > 0 &&
		(is_end_of(a, a_len, b, b_len) || is_end_of(b, b_len, a, a_len));
}

/* The next character of a test's name, with one kind of separator. 0: the end. */
static char next_character(const char **name) {
	char c = **name;

	if (c == ':' && (*name)[1] == ':') {
		*name += 2;
		return '.';
	}
	*name += c != '\0';
	return c;
}

/* "TestX.test_y" in a header is "TestX::test_y" in the summary. */
static bool same_test(const char *a, const char *b) {
	static const char *const phases[] = { "ERROR at setup of ", "ERROR at teardown of " };
	char c;

	for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
		size_t n = strlen(phases[i]);

		a += strncmp(a, phases[i], n) == 0 ? n : 0;
		b += strncmp(b, phases[i], n) == 0 ? n : 0;
	}
	do {
		c = next_character(&a);
		if (c != next_character(&b)) {
			return false;
		}
	} while (c != '\0');
	return true;
}

static bool files_agree(const struct evidence *a, const struct evidence *b) {
	return merge_same_file(a->file, strlen(a->file), b->file, strlen(b->file));
}

/* A file that only a frame of a traceback named need not be the test's. */
static bool may_be_one(const struct evidence *a, const struct evidence *b) {
	if (a->file != NULL && b->file != NULL && !a->file_below && !b->file_below) {
		return files_agree(a, b);
	}
	return a->row != b->row;
}

size_t merge_find(const struct evidences *evidences, const struct evidence *evidence) {
	size_t found = evidences->n;

	for (size_t i = 0; evidence->test != NULL && i < evidences->n; i++) {
		const struct evidence *other = evidences->all[i];

		if (other->test == NULL || other->step != evidence->step ||
			other->tool != evidence->tool || other->warning != evidence->warning ||
			!same_test(other->test, evidence->test) || !may_be_one(other, evidence)) {
			continue;
		}
		if (other->file != NULL && evidence->file != NULL && files_agree(other, evidence)) {
			return i;
		}
		found = MIN(found, i);
	}
	return found;
}

static void take_text(char **to, char **from) {
	if (*to == NULL) {
		*to = *from;
		*from = NULL;
	}
}

void merge_take(struct evidence *to, struct evidence *from) {
	bool has_file = to->file != NULL && !to->file_below;

	if (from->file != NULL && (!has_file || files_agree(to, from))) {
		char *file = to->file;

		if (!has_file) {
			to->file = from->file;
			to->file_below = from->file_below;
			from->file = file;
		}
		if (to->line == 0) {
			to->line = from->line;
			to->column = from->column;
		}
	}
	take_text(&to->rule, &from->rule);
	take_text(&to->message, &from->message);
	take_text(&to->details, &from->details);
	take_text(&to->above, &from->above);
}
