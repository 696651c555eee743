#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "client/ci_source.h"
#include "client/git.h"
#include "common/fd.h"
#include "common/text.h"

enum query {
	QUERY_REMOTES,
	QUERY_BRANCH,
	QUERY_POINTING,
	QUERY_HEAD,
	QUERY_COMMITS,
	QUERY_COUNT,
};

#define CI_URL_MAX 4096
/* Beside what is wanted: the name of HEAD, to hold it against the CI system's commit. */
#define ASKED_HEAD (1 << 30)

static const struct query_row {
	int wanted;
	const char *words[GIT_WORDS_MAX];
} queries[] = {
	/* The branch of a detached HEAD is looked for at the same remote. */
	[QUERY_REMOTES] = { CI_PROJECT | CI_BRANCH,
		{ "config", "--get-regexp", "^remote\\..*\\.url$" } },
	[QUERY_BRANCH] = { CI_BRANCH, { "symbolic-ref", "--quiet", "--short", "HEAD" } },
	[QUERY_POINTING] = { CI_BRANCH,
		{ "for-each-ref", "--points-at=HEAD", "--format=%(refname)", "refs/remotes" } },
	[QUERY_HEAD] = { ASKED_HEAD, { "rev-parse", "--verify", "--quiet", "HEAD" } },
	/*
	 * One more than the ancestors: the commit itself comes first. --missing keeps git from asking the network for a
	 * commit that a partial clone has not.
	 */
	[QUERY_COMMITS] = { CI_COMMIT | CI_ANCESTORS,
		{ "rev-list", "--missing=allow-any", "--max-count=51", "--end-of-options", NULL,
			"--" } },
};
#define QUERY_COMMIT_WORD 4
_Static_assert(CLIENT_ANCESTORS_MAX == 50, "--max-count above");

/*
 * The branch from HEAD's own file, which spares a process. Returns whether that told: not in a linked work tree, where
 * .git is a file, and not with reftables, where HEAD's file is a stand-in.
 */
static bool read_branch(const char *tree, char *out, size_t size) {
	static const char prefix[] = "ref: refs/heads/";
	_cleanup_(freep) char *head = NULL;
	char path[PATH_MAX];

	if (getenv("GIT_DIR") != NULL || !text_format(path, sizeof(path), "%s/.git/HEAD", tree) ||
		fd_read_file(path, CLIENT_GIT_OUTPUT_BYTES, &head, NULL) < 0) {
		return false;
	}
	head[strcspn(head, "\n")] = '\0';
	if (strncmp(head, prefix, strlen(prefix)) != 0) {
		return false; /* detached: git may know a remote's branch */
	}
	if (head[strlen(prefix)] == '.' || !text_is_name(head + strlen(prefix), size)) {
		return false;
	}
	(void)text_copy(out, size, head + strlen(prefix));
	return true;
}

/* Copies the first line to `out` and takes it off `text`. Returns whether there was one. */
static bool take_line(char **text, char *out, size_t size) {
	char *line = *text;
	size_t len = strcspn(line, "\n");
	bool fits;

	if (line[0] == '\0') {
		return false;
	}
	*text = line + len + (line[len] == '\n');
	line[len] = '\0';
	fits = text_is_name(line, size);
	(void)text_copy(out, size, fits ? line : "");
	return fits;
}

/*
 * The remote that counts: "origin", else the only one there is. `url` is its first. Returns whether there is one.
 * Lines are "remote.NAME.url URL".
 */
static bool take_remote(char *text, char name[CLIENT_NAME_MAX], char *url, size_t url_size) {
	static const char before[] = "remote.", after[] = ".url ";
	char line[CI_URL_MAX + CLIENT_NAME_MAX];
	bool several = false;

	name[0] = '\0';
	while (text[0] != '\0') {
		char *end;

		if (!take_line(&text, line, sizeof(line)) ||
			strncmp(line, before, strlen(before)) != 0 ||
			(end = strstr(line, after)) == NULL) {
			continue;
		}
		*end = '\0';
		if (strcmp(line + strlen(before), name) == 0) {
			continue;
		}
		several = several || name[0] != '\0';
		if (!text_copy(name, CLIENT_NAME_MAX, line + strlen(before)) ||
			!text_copy(url, url_size, end + strlen(after))) {
			name[0] = '\0';
		}
		if (strcmp(name, "origin") == 0) {
			return true;
		}
	}
	return name[0] != '\0' && !several;
}

/* The only branch of `remote` that points at HEAD; nothing when there are more. */
static void take_pointing(char *text, const char *remote, char out[CLIENT_NAME_MAX]) {
	char prefix[CLIENT_NAME_MAX + 16], line[2 * CLIENT_NAME_MAX];
	size_t n = 0;

	(void)text_format(prefix, sizeof(prefix), "refs/remotes/%s/", remote);
	while (text[0] != '\0') {
		const char *branch = line + strlen(prefix);

		if (!take_line(&text, line, sizeof(line)) ||
			strncmp(line, prefix, strlen(prefix)) != 0 || strcmp(branch, "HEAD") == 0) {
			continue;
		}
		(void)text_copy(out, CLIENT_NAME_MAX,
			n++ == 0 && text_is_name(branch, CLIENT_NAME_MAX) ? branch : "");
	}
}

static void read_commits(int wanted, char *text, struct ci_env *env) {
	char first[CI_COMMIT_MAX];

	if (!take_line(&text, first, sizeof(first))) {
		return;
	}
	if ((wanted & CI_COMMIT) != 0) {
		(void)text_copy(env->commit, sizeof(env->commit), first);
	}
	while ((wanted & CI_ANCESTORS) != 0 && env->n_ancestors < CLIENT_ANCESTORS_MAX &&
		take_line(&text, env->ancestors[env->n_ancestors], CI_COMMIT_MAX)) {
		env->n_ancestors++;
	}
}

/* A branch from git is that of HEAD: it says nothing about another commit, which the CI system names. */
static void check_head(char *text, struct ci_env *env) {
	char head[CI_COMMIT_MAX];

	if (!take_line(&text, head, sizeof(head)) ||
		strncasecmp(head, env->commit, strlen(env->commit)) != 0) {
		env->branch[0] = '\0';
	}
}

static void read_answers(int wanted, const struct git_query *runs, struct ci_env *env) {
	char *text = runs[QUERY_BRANCH].out.data;
	char remote[CLIENT_NAME_MAX], url[CI_URL_MAX];

	if ((wanted & CI_BRANCH) != 0) {
		(void)take_line(&text, env->branch, sizeof(env->branch));
	}
	if (take_remote(runs[QUERY_REMOTES].out.data, remote, url, sizeof(url))) {
		if ((wanted & CI_PROJECT) != 0 &&
			ci_project_from_url(url, env->project, sizeof(env->project)) == 0 &&
			!text_is_name(env->project, sizeof(env->project))) {
			env->project[0] = '\0';
		}
		if ((wanted & CI_BRANCH) != 0 && env->branch[0] == '\0') {
			take_pointing(runs[QUERY_POINTING].out.data, remote, env->branch);
		}
	}
	if ((wanted & ASKED_HEAD) != 0) {
		check_head(runs[QUERY_HEAD].out.data, env);
	}
	read_commits(wanted, runs[QUERY_COMMITS].out.data, env);
}

static void ask_git(int wanted, const char *commit, int64_t deadline_us, struct ci_env *env) {
	struct git_query runs[QUERY_COUNT];

	for (int i = 0; i < QUERY_COUNT; i++) {
		const char *words[GIT_WORDS_MAX];

		memcpy(words, queries[i].words, sizeof(words));
		if (i == QUERY_COMMITS) {
			words[QUERY_COMMIT_WORD] = commit;
		}
		if ((queries[i].wanted & wanted) != 0) {
			git_start(&runs[i], words, env->provider != NULL);
		} else {
			git_init(&runs[i]);
		}
	}
	git_wait(runs, QUERY_COUNT, deadline_us);
	read_answers(wanted, runs, env);
	for (int i = 0; i < QUERY_COUNT; i++) {
		git_finish(&runs[i]);
	}
}

void ci_git_read(int wanted, const char *commit, int64_t deadline_us, struct ci_env *env) {
	char cwd[PATH_MAX], tree[PATH_MAX];
	bool in_tree, known = getcwd(cwd, sizeof(cwd)) != NULL, project = (wanted & CI_PROJECT) != 0;
	const char *name;

	(void)text_copy(tree, sizeof(tree), known ? cwd : "");
	in_tree = git_find_tree(tree);
	if ((wanted & CI_BRANCH) != 0 && env->commit[0] != '\0') {
		wanted |= ASKED_HEAD;
	}
	if (in_tree && (wanted & CI_BRANCH) != 0 &&
		read_branch(tree, env->branch, sizeof(env->branch))) {
		wanted &= ~CI_BRANCH;
	}
	if ((in_tree || getenv("GIT_DIR") != NULL) && wanted != 0) {
		ask_git(wanted, commit, deadline_us, env);
	}
	if (!known || !project || env->project[0] != '\0') {
		return;
	}
	name = strrchr(in_tree ? tree : cwd, '/');
	if (name != NULL && text_is_name(name + 1, CLIENT_NAME_MAX)) {
		(void)text_copy(env->project, sizeof(env->project), name + 1);
	}
}
