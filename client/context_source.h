/*
 * context_source - the parts of context, and for nobody else: which files, and how they are read.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/error_type.h"
#include "common/macro.h"

#define CONTEXT_PATHS_MAX 8

struct context_row {
	const char *member;
	unsigned int types; /* bits 1 << enum error_type; 0: whatever the error type */
	/* The first that is there. With "/" at its end: all YAML files of a directory. */
	const char *paths[CONTEXT_PATHS_MAX];
};

extern const struct context_row context_rows[];
extern const size_t n_context_rows;

/*
 * The beginning of a regular file below `root_fd`, at most `max_bytes`, as a malloc()ed NUL-ended string that the
 * caller frees; `*ret_size` is how long the file is. Links are followed only to files of the repository, and never
 * into .git, to lock files or to what holds credentials by its name.
 * Returns: 0; -ENODEV, no regular file; -ELOOP, a link that is not followed; -EILSEQ, not a text; other errno.
 */
must_check int context_read(
	int root_fd, const char *path, size_t max_bytes, char **ret_text, uint64_t *ret_size);
/* Opens a directory below `root_fd`, through no link. Returns: an fd; negative errno. */
must_check int context_open_directory(int root_fd, const char *path);
