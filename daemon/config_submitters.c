/*
 * Who may submit: names of users and groups become their numbers here, once for each load, since looking them up may
 * ask a directory service and take its time. Peers are then told by their numbers alone.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/config_internal.h"

#define EVERYBODY "*"
#define GROUP_SIGN '@'

_Static_assert(sizeof(uid_t) == sizeof(gid_t), "one array for both");

static const char *value_text(const struct config_setting *setting, size_t i) {
	return config_setting_value(setting, i)->text;
}

/* Grows at powers of two. Returns: 0; -ENOMEM. */
static int add_id(uid_t **ids, size_t *n, uid_t id) {
	if ((*n & (*n - 1)) == 0) {
		uid_t *grown = reallocarray(*ids, *n == 0 ? 1 : 2 * *n, sizeof(*grown));

		if (!grown) {
			return -ENOMEM;
		}
		*ids = grown;
	}
	(*ids)[(*n)++] = id;
	return 0;
}

/* Returns: 1, a number, and one that a user or group can have; 0, no number; -ERANGE. */
static int parse_id(const char *text, uid_t *ret_id) {
	int64_t id;

	if (text[strspn(text, "0123456789")] != '\0' || text[0] == '\0') {
		return 0;
	}
	/* The highest is nobody's: chown(2) means "leave it" with it. */
	if (text_to_int(text, &id) < 0 || id >= UINT32_MAX) {
		return -ERANGE;
	}
	*ret_id = (uid_t)id;
	return 1;
}

static void refuse(const struct config_setting *setting, size_t i) {
	config_refuse(setting, i,
		value_text(setting, i)[0] == GROUP_SIGN
			? "is no group; a group's name or number behind the @"
			: "is no user; a user's name or number, or a group as in \"@ci\"");
}

/*
 * Somebody who was deleted is no reason to report for nobody. What getpwnam() and getgrnam() leave when there simply is
 * nobody of that name differs from system to system.
 */
static void take_unknown(const struct config_setting *setting, size_t i, int error) {
	bool is_group = value_text(setting, i)[0] == GROUP_SIGN;
	char problem[LIMIT_SENTENCE_MAX];

	if (error == EIO || error == EMFILE || error == ENFILE || error == ENOMEM || error == ERANGE) {
		text_format(problem, sizeof(problem), "cannot be looked up: %s", log_errno(-error));
		config_refuse(setting, i, problem);
	} else {
		config_doubt(setting, i,
			is_group ? "is no group of this system, so it stands for nobody"
				 : "is no user of this system, so it stands for nobody");
	}
}

/* Those of whom the group says that they are in it. One that the system does not know any more cannot submit. */
static int add_listed_members(struct config_submitters *rule, const struct group *group) {
	int r = 0;

	for (char **name = group->gr_mem;
		r == 0 && *name && rule->n_members <= LIMIT_CONFIG_MEMBERS; name++) {
		const struct passwd *user = getpwnam(*name);

		if (user) {
			r = add_id(&rule->members, &rule->n_members, user->pw_uid);
		}
	}
	return r;
}

static int add_group(const struct config_setting *setting, size_t i, struct config_submitters *rule) {
	const char *name = value_text(setting, i) + 1;
	const struct group *group;
	gid_t gid = 0;
	int is_number = parse_id(name, &gid);

	errno = 0;
	group = is_number == 1 ? getgrgid(gid) : getgrnam(name);
	if (is_number < 0 || name[0] == '\0') {
		refuse(setting, i);
		return 0;
	}
	if (!group && is_number == 0) {
		take_unknown(setting, i, errno);
		return 0;
	}
	if (group && add_listed_members(rule, group) < 0) {
		return -ENOMEM;
	}
	return add_id(&rule->gids, &rule->n_gids, group ? group->gr_gid : gid);
}

static int add_user(const struct config_setting *setting, size_t i, struct config_submitters *rule) {
	const char *name = value_text(setting, i);
	const struct passwd *user = NULL;
	uid_t uid;
	int is_number = parse_id(name, &uid);

	if (is_number == 0) {
		errno = 0;
		user = getpwnam(name);
	}
	if (is_number < 0) {
		refuse(setting, i);
		return 0;
	}
	if (is_number == 0 && !user) {
		take_unknown(setting, i, errno);
		return 0;
	}
	return add_id(&rule->uids, &rule->n_uids, user ? user->pw_uid : uid);
}

static int add_names(const struct config_setting *setting, struct config_submitters *rule) {
	int r = 0;

	for (size_t i = 0; r == 0 && i < setting->opt->nvalues; i++) {
		const char *name = value_text(setting, i);

		if (!text_is_name(name, LIMIT_NAME_MAX)) {
			config_refuse(setting, i,
				"is no name; 1 to 255 bytes, without control characters");
		} else if (name[0] == GROUP_SIGN) {
			r = add_group(setting, i, rule);
		} else {
			r = add_user(setting, i, rule);
		}
	}
	return r;
}

static struct config_submitters *rule_create(const struct config_setting *setting) {
	struct config *config = setting->load->config;
	struct config_submitters **rules =
		reallocarray(config->rules, config->n_rules + 1, sizeof(*rules));
	struct config_submitters *rule = calloc(1, sizeof(*rule));

	config->rules = rules ? rules : config->rules;
	if (!rules || !rule) {
		free(rule);
		return NULL;
	}
	rules[config->n_rules++] = rule;
	rule->names = config_setting_list(setting);
	rule->path = text_dup(setting->source->path, &setting->load->out_of_memory);
	rule->line = config_setting_value(setting, 0)->line;
	return rule;
}

/* Everybody, where the top level says who. */
static bool is_everybody(const struct config_setting *setting) {
	for (size_t i = 0; i < setting->opt->nvalues; i++) {
		if (strcmp(value_text(setting, i), EVERYBODY) != 0) {
			continue;
		}
		if (setting->opt->nvalues > 1) {
			config_refuse(setting, i, "stands for everybody; leave the others out");
		}
		return true;
	}
	return false;
}

void config_apply_submitters(const struct config_setting *setting) {
	const struct config_submitters **out = setting->out;
	struct config_submitters *rule;
	char problem[LIMIT_SENTENCE_MAX];

	if (is_everybody(setting)) {
		*out = NULL;
		return;
	}
	if (setting->opt->nvalues > LIMIT_CONFIG_SUBMITTERS) {
		text_format(problem, sizeof(problem), "is one too many; at most %d of them",
			LIMIT_CONFIG_SUBMITTERS);
		config_refuse(setting, LIMIT_CONFIG_SUBMITTERS, problem);
		return;
	}
	rule = rule_create(setting);
	if (!rule || add_names(setting, rule) < 0) {
		setting->load->out_of_memory = true;
		return;
	}
	*out = rule;
}

/* Whose own group it is: no group lists these. */
static void add_own_members(struct config_load *load, const struct passwd *user) {
	const struct config *config = load->config;

	for (size_t i = 0; i < config->n_rules; i++) {
		struct config_submitters *rule = config->rules[i];

		for (size_t k = 0; k < rule->n_gids && rule->n_members <= LIMIT_CONFIG_MEMBERS; k++) {
			if (rule->gids[k] == user->pw_gid &&
				add_id(&rule->members, &rule->n_members, user->pw_uid) < 0) {
				load->out_of_memory = true;
			}
		}
	}
}

static bool has_groups(const struct config *config) {
	for (size_t i = 0; i < config->n_rules; i++) {
		if (config->rules[i]->n_gids > 0) {
			return true;
		}
	}
	return false;
}

void config_find_members(struct config_load *load) {
	const struct config *config = load->config;
	const struct passwd *user;

	if (!has_groups(config)) {
		return;
	}
	setpwent();
	while ((user = getpwent())) {
		add_own_members(load, user);
	}
	endpwent();
	for (size_t i = 0; i < config->n_rules; i++) {
		const struct config_submitters *rule = config->rules[i];

		if (rule->n_members > LIMIT_CONFIG_MEMBERS) {
			config_error(load, rule->path, rule->line,
				"key \"submitters\": its groups have more than %d members; name smaller "
				"ones",
				LIMIT_CONFIG_MEMBERS);
		}
	}
}

void config_submitters_destroy(struct config_submitters *rule) {
	config_list_destroy(rule->names);
	free(rule->path);
	free(rule->uids);
	free(rule->gids);
	free(rule->members);
	free(rule);
}
