/* What doctor says of the directory in which clients leave submissions. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/ipc/doctor.h"
#include "daemon/ipc/internal.h"
#include "daemon/ipc/spool.h"
#include "daemon/systemd.h"

/* As systemd/codegend.tmpfiles makes it: ours, sticky, and others may leave files. */
static enum doctor_state check_mode(const char *dir, bool is_shared, struct doctor_finding *finding) {
	bool is_service = systemd_is_service() && is_shared;
	char remedy[LIMIT_SENTENCE_MAX];
	struct stat st;

	if (stat(dir, &st) < 0) {
		return DOCTOR_NONE;
	}
	if (is_service) {
		(void)text_copy(remedy, sizeof(remedy),
			"systemd-tmpfiles --create gives it its owner and its mode");
	} else {
		(void)text_format(remedy, sizeof(remedy),
			"chown %u '%.400s', and chmod 3733 it if other users are to leave files, else 0700",
			(unsigned)geteuid(), dir);
	}
	if (st.st_uid != geteuid()) {
		return doctor_say(finding, DOCTOR_WARNING, remedy,
			"\"%s\" belongs to the user with the id %u instead of the daemon's: what waits there"
			" is that user's to remove.",
			dir, (unsigned)st.st_uid);
	}
	if ((st.st_mode & S_IWOTH) != 0 && (st.st_mode & S_ISVTX) == 0) {
		return doctor_say(finding, DOCTOR_WARNING, remedy,
			"In \"%s\" every user may remove and replace what others left (mode %04o, without the"
			" sticky bit).",
			dir, (unsigned)(st.st_mode & 07777));
	}
	if (is_service && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0) {
		return doctor_say(finding, DOCTOR_WARNING, remedy,
			"No other user may leave anything in \"%s\" (mode %04o): while no daemon answers,"
			" reports are lost.",
			dir, (unsigned)(st.st_mode & 07777));
	}
	return DOCTOR_NONE;
}

enum doctor_state doctor_check_spool(
	const struct doctor_patient *patient, size_t i, struct doctor_finding *finding) {
	json_t *spool = patient->server->spool != NULL ? spool_to_json(patient->server->spool) : NULL;
	char dir[LIMIT_SENTENCE_MAX / 2] = "";
	enum doctor_state mode;
	json_int_t waiting = json_integer_value(json_object_get(spool, "waiting"));
	json_int_t rejected = json_integer_value(json_object_get(spool, "rejected"));
	size_t held = spool != NULL ? spool_held(patient->server->spool) : 0;

	if (spool == NULL) {
		return DOCTOR_NONE;
	}
	TEXT_SET(dir, json_string_value(json_object_get(spool, "directory")));
	json_decref(spool);
	if (access(dir, R_OK | W_OK | X_OK) < 0) {
		return doctor_say(finding, DOCTOR_WARNING,
			systemd_is_service()
				? "systemd-tmpfiles --create makes it; then systemctl restart codegend,"
				  " since what was not there at the start cannot be written to"
				: "make it, writable for this user; then codegenctl reload",
			"\"%s\" cannot be used: %s; what clients leave while no daemon answers is not taken.",
			dir, log_errno(-errno));
	}
	mode = check_mode(dir, spool_is_shared(patient->server->spool), finding);
	if (mode != DOCTOR_NONE) {
		return mode;
	}
	if (rejected > 0) {
		return doctor_say(finding, DOCTOR_WARNING,
			"journalctl -u codegend says why; they lie in the directory \"rejected\" beside it",
			"%lld submissions from \"%s\" could not be taken.", (long long)rejected, dir);
	}
	if (held > 0) {
		return doctor_say(finding, DOCTOR_WARNING,
			"close what nobody repairs, or raise max-pending-per-user in codegend.conf(5)",
			"%zu submissions wait in \"%s\", since as much of their users is under repair as"
			" max-pending-per-user allows.",
			held, dir);
	}
	return doctor_say(finding, DOCTOR_OK, NULL, "\"%s\" is looked at; %lld wait there.", dir,
		(long long)waiting);
}
