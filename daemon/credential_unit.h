/*
 * credential_unit - what the files of the service's unit say of a credential, as systemd reads them: of the same name
 * the last assignment counts, an empty one takes all before it away, and of drop-ins of one name the first is read.
 * A directory that is named as ID gives a credential ID_FILE for each of its files; those below it are not looked at.
 * Looks at the file system, blocks shortly; any thread.
 */
#pragma once

#include "common/address.h"

struct credential_named {
	char path[ADDRESS_PATH_MAX]; /* of LoadCredential=; "": none, or it is looked for in the stores */
	char stored[ADDRESS_PATH_MAX]; /* under which other name it is looked for there; "": its own */
	/* Of LoadCredential= of a directory, as if all lay in it: deeper down a "/" is a "_" in the name. "": none. */
	char below[ADDRESS_PATH_MAX];
	char set_in[ADDRESS_PATH_MAX]; /* the file that has the secret itself, in SetCredential=; "": none */
};

/*
 * `units`: the directories of systemd.unit(5), those that count first in front; NULL-ended. A specifier in a path that
 * only systemd can tell is left as it is: nothing is found there.
 */
void credential_unit_look(
	const char *const *units, const char *name, struct credential_named *ret_named);
