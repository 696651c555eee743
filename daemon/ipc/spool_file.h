/*
 * spool_file - one file of the spool directory, which anyone who may submit has written: what is in it, and taking it
 * away. Nothing in a name or in the file is believed but what submit_check() lets in. Blocking, bounded; no event loop.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/macro.h"
#include "daemon/limits.h"

enum spool_kind {
	SPOOL_ENTRY_OTHER,     /* not ours */
	SPOOL_ENTRY_FILE,      /* to be taken */
	SPOOL_ENTRY_TEMPORARY, /* being written */
	SPOOL_ENTRY_REJECTED,  /* set aside earlier */
};

/* What a name in the directory says it is. Pure. */
enum spool_kind spool_file_kind(const char *name);

struct spool_file {
	dev_t device;
	ino_t inode;
	uid_t uid;	    /* of its owner, who is the submitter */
	int64_t at_ms;	    /* when it was spooled, as far as that can be: not in the future */
	json_t *parameters; /* owned; an object */
};

void spool_file_finish(struct spool_file *file);

/*
 * Reads a file that was opened without following links, is regular, has no second name and is not too long.
 * Returns: 0; -ENOENT, it is gone; -EINVAL, it will never be taken, `ret_sentence` (LIMIT_SENTENCE_MAX) ends "the file
 * ..."; -ESTALE, older than LIMIT_SPOOL_AGE_MS; other errno, it may be readable another time.
 */
must_check int spool_file_read(int dir_fd, const char *name, int64_t now_ms,
	struct spool_file *ret_file, char *ret_sentence);

/*
 * What a document says: `len` bytes with a NUL behind them. As spool_file_read(); `modified_ms` stands for a time that
 * is missing. Pure.
 */
must_check int spool_file_parse(const char *text, size_t len, int64_t modified_ms, int64_t now_ms,
	struct spool_file *ret_file, char *ret_sentence);

/* Removes the name if it still is that file. Returns: 0, gone or another one by now; -errno. */
must_check int spool_file_remove(int dir_fd, const char *name, const struct spool_file *file);
/*
 * Sets it aside: into `rejected_fd`, or with -1 under a ".rejected" name beside it. Never over another file.
 * Returns: 0; -errno.
 */
must_check int spool_file_reject(int dir_fd, int rejected_fd, const char *name);
/* Removes a name whose file was not touched for LIMIT_SPOOL_AGE_MS. Returns: 1, removed; 0, not old; -errno. */
must_check int spool_file_expire(int dir_fd, const char *name, int64_t now_ms);
