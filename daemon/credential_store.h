/*
 * credential_store - where systemd takes credentials from: its stores, for those that are named without a path, and the
 * files that LoadCredential= in the service's units names. The copy it makes for the service is closed; what it was
 * made of may not be. Looks at the file system, blocks shortly; any thread.
 */
#pragma once

#include <sys/types.h>

#include "common/address.h"

/* Those of systemd.exec(5), LoadCredential=, and of systemd.unit(5), whose first counts most; NULL-ended. */
extern const char *const credential_store_places[];
extern const char *const credential_store_units[];

/* How a file lies there; a worse one is greater. */
enum credential_exposure {
	CREDENTIAL_CLOSED, /* or there is none */
	CREDENTIAL_UNSEEN, /* a unit names it, and we cannot look at it */
	CREDENTIAL_SET, /* the unit holds it itself, in SetCredential=, which systemd shows to everybody */
	CREDENTIAL_FOREIGN, /* it, or its directory, belongs to a user who is neither root nor ours */
	CREDENTIAL_OPEN,    /* others than its owner may read or change it, and get there */
};

struct credential_source {
	enum credential_exposure exposure;
	char path[ADDRESS_PATH_MAX]; /* unless it is closed */
	uid_t owner;		     /* CREDENTIAL_FOREIGN */
};

/*
 * The worst of the files that credential `name` may have been made of: `name`, or what the units in `units` call it
 * there, in one of `places`, and the files that the units name. What we cannot see in a store, others cannot either.
 */
void credential_store_look(const char *const *places, const char *const *units, const char *name,
	struct credential_source *ret_source);
