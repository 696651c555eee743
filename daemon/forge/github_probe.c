/*
 * Whether GitHub can be asked, who we are there, and what of a project the credential may read. What it may write shows
 * only when something is written: nothing is, here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"
#include "daemon/forge/github_internal.h"
#include "daemon/forge/github_json.h"

/* Below "/repos/OWNER/NAME". The first tells of the role as well. */
static const struct {
	const char *path;
	const char *subject;
	bool is_proof; /* without it nothing is proven ready, but everything else goes on */
} looks[] = {
	{ "", "the repository", false },
	{ "/issues?per_page=1", "the issues", false },
	{ "/pulls?per_page=1", "the pull requests", false },
	{ "/commits/HEAD/status?per_page=1", "the commit statuses", true },
	{ "/commits/HEAD/check-runs?per_page=1", "the checks", true },
};

struct github_probing {
	struct forge_probe *probe; /* borrowed */
	struct github *github;
	struct github_wait wait;
	struct github_call call;
	bool identifying;
	size_t at;
	bool may_write;
};

static void end(struct github_probing *self, int status) {
	struct forge_probe *probe = self->probe;
	struct github *github = self->github;

	if (status < 0 && probe->sentence[0] == '\0') {
		(void)TEXT_SET(probe->sentence, "GitHub was not asked.");
	}
	probe->clock_ahead_ms = github_clock_ahead_ms(&github->clock);
	github_call_finish(&self->call);
	free(self);
	probe->state = NULL;
	probe->done(probe, status);
	github_close_when_idle(github);
}

static void well(struct github_probing *self) {
	struct forge_probe *probe = self->probe;
	const char *login = self->github->login;

	if (probe->doubt) {
		end(self, 0);
		return;
	}
	(void)text_format(probe->sentence, sizeof(probe->sentence), "GitHub answers%s%s%s%s%s.",
		login[0] != '\0' ? ", and knows us as " : "", login,
		probe->project[0] != '\0' ? "; what is read of " : "", probe->project,
		probe->project[0] != '\0' ? " may be read" : "");
	if (self->at > 0 && !self->may_write) {
		probe->doubt = true;
		(void)text_format(probe->sentence, sizeof(probe->sentence),
			"GitHub answers, but %s may only read %s: it can neither set labels and commit statuses"
			" nor close issues of others; give it the role Triage or Write there.",
			login[0] != '\0' ? login : "its credential", probe->project);
	}
	end(self, 0);
}

static void look(struct github_probing *self);

/* Of what the credential is there; of a fork of a user it says nothing. An App's role is its permissions. */
static void read_role(struct github_probing *self, const json_t *repository) {
	static const char *const roles[] = { "push", "triage", "maintain", "admin" };
	const json_t *permissions = json_object_get(repository, "permissions");

	if (json_is_object(permissions) && !github_is_app(self->github)) {
		self->may_write = false;
		for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
			self->may_write |= json_is_true(json_object_get(permissions, roles[i]));
		}
	}
}

/* It answers by its old name all the same, but a branch of it may be taken for a fork's. */
static void read_name(struct github_probing *self, const json_t *repository) {
	struct forge_probe *probe = self->probe;
	char name[LIMIT_NAME_MAX];

	if (github_json_text(json_object_get(repository, "full_name"), name, sizeof(name)) &&
		strcasecmp(name, probe->project) != 0) {
		probe->doubt = true;
		(void)text_format(probe->sentence, sizeof(probe->sentence),
			"Project \"%s\" is called \"%s\" at GitHub by now: change its name in the configuration,"
			" and where CI reports it.",
			probe->project, name);
	}
}

static bool has_scope(const char *scopes, const char *scope) {
	size_t len = strlen(scope);

	for (; scopes[0] != '\0'; scopes += strspn(scopes, ", ")) {
		size_t n = strcspn(scopes, ", ");

		if (n == len && strncmp(scopes, scope, len) == 0) {
			return true;
		}
		scopes += n;
	}
	return false;
}

/* Why nothing could be published there lately; NULL: it could, or it was not tried. */
static const char *find_barred(const struct github_probing *self) {
	const struct github_known *known = &self->github->known;

	for (size_t i = 0; i < known->n; i++) {
		if (strcasecmp(known->rows[i].project, self->probe->project) == 0 &&
			known->rows[i].barred[0] != '\0') {
			return known->rows[i].barred;
		}
	}
	return NULL;
}

/*
 * What only writing would meet, as far as it shows without: of classic tokens GitHub names the scopes, of others
 * nothing.
 */
static void read_obstacles(struct github_probing *self, const json_t *repository) {
	struct forge_probe *probe = self->probe;
	const char *scopes = http_header(&self->call.http, "X-OAuth-Scopes");
	const char *barred = find_barred(self);
	bool is_public = json_is_false(json_object_get(repository, "private"));

	if (json_is_true(json_object_get(repository, "archived"))) {
		probe->doubt = true;
		(void)text_format(probe->sentence, sizeof(probe->sentence),
			"The repository %s is archived: nothing can be published there before it is unarchived.",
			probe->project);
	} else if (scopes != NULL && scopes[0] != '\0' && !has_scope(scopes, "repo") &&
		!(is_public && has_scope(scopes, "public_repo"))) {
		probe->doubt = true;
		(void)text_format(probe->sentence, sizeof(probe->sentence),
			"The token lacks the scope \"repo\", so it can publish nothing in %s: give it that.",
			probe->project);
	} else if (barred != NULL) {
		probe->doubt = true;
		(void)TEXT_SET(probe->sentence, barred);
	}
}

static void read_repository(struct github_probing *self) {
	const struct buffer *answer = &self->call.http.answer;
	json_t *repository = NULL;

	self->may_write = true;
	if (github_json_load(answer->data, answer->len, &repository) == 0) {
		read_role(self, repository);
		read_name(self, repository);
		read_obstacles(self, repository);
		json_decref(repository);
	}
}

/* Without a commit there is nothing to tell the status of, without issues nothing of them. */
static bool is_nothing(const struct github_probing *self) {
	enum budget_meaning meaning = self->call.meaning;

	return self->at > 0 &&
		(meaning == BUDGET_GONE || meaning == BUDGET_NOT_FOUND || meaning == BUDGET_INVALID);
}

/* What the App itself says, asked about where no project is known. */
static bool is_installed_nowhere(const struct github_probing *self) {
	const struct buffer *answer = &self->call.http.answer;
	json_t *app = NULL;
	const json_t *count;
	bool is_nowhere;

	if (!github_is_app(self->github) || self->probe->project[0] != '\0' ||
		github_json_load(answer->data, answer->len, &app) < 0) {
		return false;
	}
	count = json_object_get(app, "installations_count");
	is_nowhere = json_is_integer(count) && json_integer_value(count) == 0;
	json_decref(app);
	return is_nowhere;
}

static bool lacks_proof(struct github_probing *self) {
	struct forge_probe *probe = self->probe;

	if (!looks[self->at].is_proof || self->call.meaning != BUDGET_NOT_ALLOWED) {
		return false;
	}
	if (!probe->doubt) {
		(void)text_format(probe->sentence, sizeof(probe->sentence),
			"%s What cannot be read counts as not ready.", self->call.sentence);
	}
	probe->doubt = true;
	return true;
}

static void answered(struct github_call *call, int status) {
	struct github_probing *self = container_of(call, struct github_probing, call);

	if (status < 0 || (call->meaning != BUDGET_OK && !is_nothing(self) && !lacks_proof(self))) {
		(void)TEXT_SET(self->probe->sentence, call->sentence);
		end(self, status < 0 ? status : -EACCES);
		return;
	}
	if (is_installed_nowhere(self)) {
		(void)TEXT_SET(self->probe->sentence,
			"The App is installed nowhere, so it may read and write no project: install it for their"
			" owner, in the App's settings at GitHub.");
		end(self, -EACCES);
		return;
	}
	if (self->at == 0) {
		read_repository(self);
	}
	self->at++;
	if (self->probe->project[0] == '\0' || self->at == ARRAY_SIZE(looks)) {
		well(self);
	} else {
		look(self);
	}
}

static void look(struct github_probing *self) {
	const char *project = self->probe->project;
	char repository[GITHUB_PATH_MAX], path[GITHUB_PATH_MAX + 64], subject[LIMIT_SUBJECT_MAX];
	const struct github_ask ask = { .kind = GITHUB_CALL_READ,
		.project = project,
		.method = "GET",
		.path = path,
		.subject = subject };
	int r;

	(void)text_format(path, sizeof(path), "%s%s", github_repo_path(project, repository),
		looks[self->at].path);
	(void)text_format(subject, sizeof(subject), "%s of %s", looks[self->at].subject, project);
	github_call_finish(&self->call);
	r = github_send(self->github, &self->call, &ask, answered);
	if (r < 0) {
		end(self, r);
	}
}

static void identified(struct github_wait *wait, int status) {
	struct github_probing *self = container_of(wait, struct github_probing, wait);

	self->identifying = false;
	if (status < 0) {
		(void)TEXT_SET(self->probe->sentence, wait->sentence);
		end(self, status);
	} else if (self->probe->project[0] == '\0') {
		well(self);
	} else {
		look(self);
	}
}

int github_probe(struct forge *forge, struct forge_probe *probe) {
	struct github *github = github_of(forge);
	struct github_probing *self = calloc(1, sizeof(*self));
	int r;

	if (self == NULL) {
		return -ENOMEM;
	}
	self->probe = probe;
	self->github = github;
	probe->state = self;
	if (github_is_app(github) && probe->project[0] == '\0') { /* nothing says which installation */
		const struct github_ask ask = { .kind = GITHUB_CALL_READ,
			.as = GITHUB_AS_APP,
			.project = "",
			.method = "GET",
			.path = "/app",
			.subject = "the App" };

		r = github_send(github, &self->call, &ask, answered);
	} else {
		r = github_identify(github, probe->project, &self->wait, identified);
		self->identifying = r == 0;
	}
	if (r < 0) {
		probe->state = NULL;
		free(self);
	}
	return r;
}

void github_probe_cancel(struct forge_probe *probe) {
	struct github_probing *self = probe->state;

	/* Reads wait for nothing but a time at which one may go. */
	probe->unsent =
		self->call.state != GITHUB_CALL_ACTIVE && !list_is_empty(&self->github->reads);
	if (self->identifying) {
		github_wait_cancel(&self->wait);
	} else {
		github_cancel(&self->call);
	}
}
