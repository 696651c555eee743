/* What doctor says of a secret: where it was found, and who else may read it there. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/credential.h"
#include "daemon/credential_store.h"
#include "daemon/ipc/doctor.h"

static bool is_kind(const char *source, const char *kind) {
	return strncmp(source, kind, strlen(kind)) == 0;
}

/* Whether the systemd of a user gave it, whose units and stores are others. */
static bool is_of_a_user(void) {
	const char *runtime = getenv("XDG_RUNTIME_DIR"), *given = getenv("CREDENTIALS_DIRECTORY");

	return runtime != NULL && runtime[0] == '/' && given != NULL && is_kind(given, runtime);
}

/* Where it is wanted, so that it is found there. */
static const char *remedy_of_missing(const char *source) {
	return is_kind(source, "file:")
		? "put it there, of the daemon's user and with the mode 0600, then codegenctl reload; not below"
		  " /home or /root, which ProtectHome= hides"
		: is_kind(source, "env:")
		? "set it for the daemon, and restart that"
		: "put it into /etc/credstore, with the mode 0600 and a name that LoadCredential= has, and"
		  " restart codegend; codegend(8), CREDENTIALS, has more ways";
}

/* The copy that a service is given can only be read by it; what systemd copied may lie open. */
static enum doctor_state check_given(const char *source, struct doctor_finding *finding) {
	const char *name = source + strlen("credential:");
	char remedy[LIMIT_SENTENCE_MAX];
	struct credential_source from;

	if (is_of_a_user()) {
		return doctor_say(finding, DOCTOR_OK, NULL,
			"Found in \"%s\", this service's copy; what a user's systemd made it of was not looked at.",
			source);
	}
	credential_store_look(credential_store_places, credential_store_units, name, &from);
	switch (from.exposure) {
	case CREDENTIAL_CLOSED:
		return doctor_say(finding, DOCTOR_OK, NULL,
			"Found in \"%s\", and closed to others: this service's copy, and the files that its"
			" units and systemd's credential store have for it.",
			source);
	case CREDENTIAL_UNSEEN:
		return doctor_say(finding, DOCTOR_WARNING,
			"sudo ls -lL shows it: the mode 0600, of root, is right; in /etc/credstore it can be looked"
			" at",
			"Found in \"%s\"; who else may read the file \"%s\" cannot be seen from here.",
			source, from.path);
	case CREDENTIAL_SET:
		return doctor_say(finding, DOCTOR_WARNING,
			"put it into a file in /etc/credstore, with the mode 0600, and take SetCredential= away; take"
			" what stood there for revealed",
			"Found in \"%s\", but \"%s\" holds one of that name in SetCredential=, which systemd"
			" shows to every user.",
			source, from.path);
	case CREDENTIAL_FOREIGN:
		(void)text_format(remedy, sizeof(remedy),
			"put it into a file of root, in a directory of root, instead of \"%.300s\"; take it"
			" for revealed if that user is not trusted",
			from.path);
		return doctor_say(finding, DOCTOR_PROBLEM, remedy,
			"Found in \"%s\", but the file \"%s\", or its directory, belongs to the user with the"
			" id %u, who may read and change it.",
			source, from.path, (unsigned)from.owner);
	case CREDENTIAL_OPEN:
		(void)text_format(remedy, sizeof(remedy),
			"chmod 0600 \"%.400s\"; take it for revealed if they are not trusted",
			from.path);
		return doctor_say(finding, DOCTOR_PROBLEM, remedy,
			"Found in \"%s\", but other users may read or change the file \"%s\".",
			source, from.path);
	}
	return DOCTOR_NONE;
}

/* What is in a variable can be read by whoever may look at the process; in a unit's Environment=, by everybody. */
enum doctor_state doctor_check_credential(
	const char *const *sources, bool is_pem, struct doctor_finding *finding) {
	char sentence[LIMIT_SENTENCE_MAX];
	const char *source = NULL;
	int r = credential_find(sources, is_pem, &source, sentence);

	if (r < 0) {
		return doctor_say(
			finding, DOCTOR_PROBLEM, remedy_of_missing(sources[0]), "%s", sentence);
	}
	if (is_kind(source, "env:")) {
		return doctor_say(finding, DOCTOR_WARNING,
			"give it as a credential of systemd instead: codegend(8), CREDENTIALS",
			"Found in \"%s\": whoever may look at the daemon's process can read it there, and everybody"
			" what a unit has in Environment=.",
			source);
	}
	if (is_kind(source, "credential:")) {
		return check_given(source, finding);
	}
	return doctor_say(finding, DOCTOR_OK, NULL, "Found in \"%s\", and closed to others.", source);
}
