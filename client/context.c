#include "client/context.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ci_source.h"
#include "client/context_source.h"
#include "client/git.h"
#include "client/limits.h"
#include "client/secrets.h"
#include "common/buffer.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"

/* Room for the line that says how much was cut. */
#define CUT_LINE_MAX 64
#define CUT_MARGIN_BYTES 4096
/* The last ten, as the old reports had them. */
static const char *const log_words[] = { "-c", "log.showSignature=false", "log", "--oneline",
	"--no-decorate", "--no-color", "--max-count=10", "HEAD", "--", NULL };

struct collection {
	json_t *context;
	int root_fd;
	const char *below; /* the working directory, from the root: "packages/web/"; "" the root */
	size_t room;
	int64_t deadline_us;
};

static bool is_over(const struct collection *collection) {
	return clock_mono_us() >= collection->deadline_us;
}

/* Where at most `max` bytes end with a line, or with a character when the last line is long. */
static size_t cut_length(const char *text, size_t max) {
	size_t cut = text_cut(text, max);
	const char *line = memrchr(text, '\n', cut);

	return line != NULL && cut - (size_t)(line - text) < CUT_MARGIN_BYTES
		? (size_t)(line - text) + 1
		: cut;
}

/*
 * Appends a file's beginning, clean and without secrets. More is read than is shown, and of a file that goes on the
 * last part is left out: a secret that is cut through the middle would not be recognised.
 */
static int append_file(
	struct collection *collection, const char *path, size_t max, struct buffer *out) {
	_cleanup_(freep) char *raw = NULL;
	_cleanup_(freep) char *text = NULL;
	uint64_t size = 0;
	size_t len, n_raw;
	int r = context_read(collection->root_fd, path, max + CUT_MARGIN_BYTES, &raw, &size);

	if (r < 0) {
		return r;
	}
	n_raw = strlen(raw);
	text = text_clean(raw, n_raw);
	r = text != NULL ? secrets_text(&text) : -ENOMEM;
	if (r < 0) {
		return r;
	}
	len = strlen(text);
	if (len <= max && n_raw == size) {
		return buffer_append(out, text, len);
	}
	len -= n_raw < size ? MIN(len, CUT_MARGIN_BYTES) : 0;
	len = cut_length(text, MIN(len, max - MIN(max, CUT_LINE_MAX)));
	r = buffer_append(out, text, len);
	return r < 0 ? r
		     : buffer_appendf(out, "[... cut, the file has %" PRIu64 " bytes ...]\n", size);
}

static int add(struct collection *collection, const char *member, const struct buffer *text) {
	if (text->len == 0) {
		return 0;
	}
	collection->room -= MIN(collection->room, text->len);
	return json_object_set_new(
		       collection->context, member, json_stringn(text->data, text->len)) < 0
		? -ENOMEM
		: 0;
}

static bool is_yaml(const char *name) {
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot != NULL &&
		(strcmp(dot, ".yml") == 0 || strcmp(dot, ".yaml") == 0) &&
		text_is_name(name, CLIENT_NAME_MAX);
}

static int compare_names(const void *a, const void *b) {
	return strcmp(a, b);
}

/* The names of a directory's YAML files, sorted; the first that readdir() finds when there are very many. */
static size_t list_directory(
	int root_fd, const char *path, char names[CLIENT_CONTEXT_FILES_MAX][CLIENT_NAME_MAX]) {
	int fd = context_open_directory(root_fd, path);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	size_t n = 0, n_seen = 0;

	if (dir == NULL) {
		fd_close(fd);
		return 0;
	}
	while (n < CLIENT_CONTEXT_FILES_MAX && n_seen++ < CLIENT_CONTEXT_ENTRIES_MAX &&
		(entry = readdir(dir)) != NULL) {
		n += is_yaml(entry->d_name) && text_copy(names[n], CLIENT_NAME_MAX, entry->d_name);
	}
	(void)closedir(dir);
	qsort(names, n, CLIENT_NAME_MAX, compare_names);
	return n;
}

/*
 * The workflow that runs ("acme/web/.github/workflows/ci.yml@refs/heads/main") comes first: not all may fit.
 */
static void put_first(char names[CLIENT_CONTEXT_FILES_MAX][CLIENT_NAME_MAX], size_t n) {
	const char *reference = getenv("GITHUB_WORKFLOW_REF");
	const char *slash;
	char path[CLIENT_URL_MAX], first[CLIENT_NAME_MAX];

	if (reference == NULL ||
		!text_format(path, sizeof(path), "%.*s", (int)MIN(strcspn(reference, "@"), INT_MAX),
			reference)) {
		return;
	}
	slash = strrchr(path, '/');
	for (size_t i = 1; slash != NULL && i < n; i++) {
		if (strcmp(names[i], slash + 1) == 0) {
			memcpy(first, names[i], sizeof(first));
			memmove(names[1], names[0], i * CLIENT_NAME_MAX);
			memcpy(names[0], first, sizeof(first));
			return;
		}
	}
}

/* The files of a directory one after the other, each under a comment with its name. */
static int append_directory(
	struct collection *collection, const char *path, size_t max, struct buffer *out) {
	char names[CLIENT_CONTEXT_FILES_MAX][CLIENT_NAME_MAX];
	size_t n = list_directory(collection->root_fd, path, names);

	put_first(names, n);
	for (size_t i = 0; i < n && !is_over(collection); i++) {
		char file[2 * CLIENT_NAME_MAX];
		size_t before = out->len, left;
		int r;

		if (!text_format(file, sizeof(file), "%s%s", path, names[i]) ||
			max - out->len < strlen(file) + 2 * CUT_LINE_MAX) {
			break;
		}
		r = buffer_appendf(out, "%s# %s\n", before > 0 ? "\n" : "", file);
		left = max - out->len;
		r = r < 0 ? r : append_file(collection, file, left, out);
		if (r == -ENOMEM) {
			return r;
		}
		if (r < 0) {
			/* Not this one: its name goes too. */
			buffer_truncate(out, before);
		}
	}
	return out->len > 0 ? 0 : -ENOENT;
}

/* The first of the paths that is there and can be used; the working directory's before the root's. */
static int add_row(struct collection *collection, const struct context_row *row) {
	size_t max = MIN(collection->room, CLIENT_CONTEXT_MEMBER_BYTES);
	const char *const places[] = { collection->below, "" };
	int r;

	for (size_t i = collection->below[0] == '\0'; i < ARRAY_SIZE(places); i++) {
		for (size_t j = 0; j < CONTEXT_PATHS_MAX && row->paths[j] != NULL; j++) {
			_cleanup_(buffer_finish) struct buffer text;
			char path[PATH_MAX];

			buffer_init(&text, max);
			if (!text_format(path, sizeof(path), "%s%s", places[i], row->paths[j])) {
				continue;
			}
			r = path[strlen(path) - 1] == '/'
				? append_directory(collection, path, max, &text)
				: append_file(collection, path, max, &text);
			if (r == -ENOMEM) {
				return r;
			}
			if (r == 0) {
				return add(collection, row->member, &text);
			}
		}
	}
	return 0;
}

static int add_commits(struct collection *collection, struct git_query *query) {
	_cleanup_(freep) char *text = NULL;
	_cleanup_(buffer_finish) struct buffer out;
	int r;

	buffer_init(&out, CLIENT_CONTEXT_MEMBER_BYTES);
	git_wait(query, 1, collection->deadline_us);
	if (query->out.len == 0) {
		return 0;
	}
	text = text_clean(query->out.data, query->out.len);
	r = text != NULL ? secrets_text(&text) : -ENOMEM;
	r = r < 0 ? r : buffer_append_str(&out, text);
	return r == -ENOMEM ? r : r < 0 ? 0 : add(collection, "recentCommits", &out);
}

static int add_all(struct collection *collection, enum error_type type, struct git_query *query) {
	int r = 0;

	for (size_t i = 0; i < n_context_rows && r == 0; i++) {
		const struct context_row *row = &context_rows[i];
		bool wanted = row->types == 0 || type == ERROR_UNKNOWN ||
			(row->types & (1u << (unsigned int)type)) != 0;

		if (is_over(collection) || collection->room < CLIENT_CONTEXT_MIN_BYTES) {
			break;
		}
		r = wanted ? add_row(collection, row) : 0;
	}
	return r < 0 ? r : add_commits(collection, query);
}

int context_collect(enum error_type type, int64_t deadline_us, json_t **ret_context) {
	_cleanup_(fd_closep) int root_fd = -1;
	char root[PATH_MAX], below[PATH_MAX] = "", cwd[PATH_MAX];
	struct collection collection = { .context = json_object(),
		.below = below,
		.room = CLIENT_CONTEXT_BYTES - CLIENT_GIT_OUTPUT_BYTES,
		.deadline_us = deadline_us };
	struct git_query query;
	int r = 0;

	if (collection.context == NULL) {
		return -ENOMEM;
	}
	git_init(&query);
	if (getcwd(cwd, sizeof(cwd)) != NULL) {
		(void)text_copy(root, sizeof(root), cwd);
		if (!git_find_tree(root)) {
			(void)text_copy(root, sizeof(root), cwd);
		} else if (!is_over(&collection)) {
			git_start(&query, log_words, ci_provider_is_known());
		}
		if (strlen(cwd) > strlen(root)) {
			(void)text_format(below, sizeof(below), "%s/", cwd + strlen(root) + 1);
		}
		root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	collection.root_fd = root_fd;
	if (root_fd >= 0) {
		r = add_all(&collection, type, &query);
	}
	git_finish(&query);
	if (r < 0) {
		json_decref(collection.context);
		return r;
	}
	*ret_context = collection.context;
	return 0;
}
