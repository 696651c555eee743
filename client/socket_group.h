/*
 * socket_group - how a user gets to use a socket that its group may use. Groups are read from their file: a static
 * program cannot ask the name service.
 */
#pragma once

#include <stdbool.h>

#include "client/limits.h"
#include "common/macro.h"

/* What to do to be let in at `path`, as half a sentence; false: its group may not use it, or it cannot be looked at. */
bool socket_group_remedy(const char *path, char ret_remedy[CLIENT_SENTENCE_MAX]);

/* Whether anybody on the machine gets in at `path`, by its mode and those of the directories above. */
bool socket_group_is_everybody(const char *path);

/* The name of a group by its id from `file` (in the form of /etc/group); NULL: it is not in there. malloc()ed. */
must_check char *socket_group_name(const char *file, unsigned gid);
