#include "daemon/ipc/submitters.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"

#define NAMES_ROOM 160 /* of the list in a sentence; a longer one is cut */

_Static_assert(sizeof(uid_t) == sizeof(gid_t), "one look for both");

static bool has_id(const uid_t *ids, size_t n, uid_t id) {
	for (size_t i = 0; i < n; i++) {
		if (ids[i] == id) {
			return true;
		}
	}
	return false;
}

static bool is_in_groups(const struct config_submitters *rule, const struct peer *peer) {
	if (has_id(rule->gids, rule->n_gids, peer->gid)) {
		return true;
	}
	for (size_t i = 0; i < peer->n_groups; i++) {
		if (has_id(rule->gids, rule->n_gids, peer->groups[i])) {
			return true;
		}
	}
	return false;
}

bool submitters_has(const struct config_submitters *rule, uid_t uid, const struct peer *peer) {
	if (has_id(rule->uids, rule->n_uids, uid)) {
		return true;
	}
	return peer != NULL ? is_in_groups(rule, peer) : has_id(rule->members, rule->n_members, uid);
}

/* { ci-web, "@team-ci", … } */
static void format_names(const struct config_submitters *rule, char *out, size_t size) {
	const char *more = ", …";
	size_t len = 0;

	size -= strlen(more);
	out[0] = '\0';
	for (char **name = rule->names; *name != NULL; name++) {
		if (!text_format(out + len, size - len, "%s\"%s\"", len > 0 ? ", " : "", *name)) {
			(void)text_copy(out + len, strlen(more) + 1, len > 0 ? more : "…");
			return;
		}
		len = strlen(out);
	}
}

int submitters_check(const struct config *config, const char *project, uid_t uid,
	const struct peer *peer, char *ret_sentence) {
	const struct config_submitters *rule = config_find_submitters(config, project);
	char names[NAMES_ROOM];

	if (rule == NULL || submitters_has(rule, uid, peer)) {
		return 0;
	}
	format_names(rule, names, sizeof(names));
	(void)text_format(ret_sentence, LIMIT_SENTENCE_MAX,
		"User %ld may not report for project \"%s\": submitters = { %s } in %s:%d.",
		(long)uid, project, names, rule->path, rule->line);
	return -EPERM;
}
