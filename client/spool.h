/*
 * spool - submissions kept on disk while no daemon takes them. codegend(8), SPOOL, says what a file holds; the daemon
 * reads them at its start and as they appear.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "client/command.h"
#include "common/address.h"
#include "common/macro.h"

/*
 * Writes the parameters of Submit (borrowed, with their key) to a new file in --spool-directory, else $CODEGEN_SPOOL,
 * else the system's spool, else this user's own, which is made when it is missing. The file is there whole or not at
 * all, and only its owner and the spool's group may read it.
 * Returns: 0, `path` is where, and `sentence` (CLIENT_SENTENCE_MAX) who looks there; -errno, `sentence` says what is
 * wrong with which directory.
 */
must_check int spool_write(const struct invocation *inv, const json_t *parameters,
	char path[ADDRESS_PATH_MAX], char *sentence);

#define SPOOL_PLACES_MAX 2
/* Where that is, in the order in which it is tried. Returns how many places there are. */
size_t spool_places(const struct invocation *inv, char paths[SPOOL_PLACES_MAX][ADDRESS_PATH_MAX]);

/* "KEY.RANDOM.json", the key as far as it is fit to be a file's name. Pure. */
void spool_name(const char *key, uint64_t random, char *out, size_t size);
