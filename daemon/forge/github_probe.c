/*
 * Whether GitHub can be asked, who we are there, and what of a project the credential may read. What it may write shows
 * only when something is written: nothing is, here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
static void read_role(struct github_probing *self) {
	static const char *const roles[] = { "push", "triage", "maintain", "admin" };
	json_t *repository = NULL;
	const json_t *permissions;

	self->may_write = true;
	if (github_is_app(self->github) ||
		github_json_load(
			self->call.http.answer.data, self->call.http.answer.len, &repository) < 0) {
		return;
	}
	permissions = json_object_get(repository, "permissions");
	if (json_is_object(permissions)) {
		self->may_write = false;
		for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
			self->may_write |= json_is_true(json_object_get(permissions, roles[i]));
		}
	}
	json_decref(repository);
}

/* Without a commit there is nothing to tell the status of, without issues nothing of them. */
static bool is_nothing(const struct github_probing *self) {
	enum budget_meaning meaning = self->call.meaning;

	return self->at > 0 &&
		(meaning == BUDGET_GONE || meaning == BUDGET_NOT_FOUND || meaning == BUDGET_INVALID);
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
	if (self->at == 0) {
		read_role(self);
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

	if (self->identifying) {
		github_wait_cancel(&self->wait);
	} else {
		github_cancel(&self->call);
	}
}
