#include "client/ci_env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"

enum query { QUERY_REMOTES, QUERY_BRANCH, QUERY_POINTING, QUERY_COMMITS, QUERY_COUNT };

#define QUERY_WORDS_MAX 7
#define CI_URL_MAX 4096

static const struct query_row {
	int wanted;
	const char *argv[QUERY_WORDS_MAX];
} queries[] = {
	/* The branch of a detached HEAD is looked for at the same remote. */
	[QUERY_REMOTES] = { CI_PROJECT | CI_BRANCH,
		{ "git", "config", "--get-regexp", "^remote\\..*\\.url$" } },
	[QUERY_BRANCH] = { CI_BRANCH, { "git", "symbolic-ref", "--quiet", "--short", "HEAD" } },
	[QUERY_POINTING] = { CI_BRANCH,
		{ "git", "for-each-ref", "--points-at=HEAD", "--format=%(refname)", "refs/remotes" } },
	/* One more than the ancestors: the commit itself comes first. */
	[QUERY_COMMITS] = { CI_COMMIT | CI_ANCESTORS,
		{ "git", "rev-list", "--max-count=51", "--end-of-options", NULL, "--" } },
};
#define QUERY_COMMIT_WORD 4
_Static_assert(CLIENT_ANCESTORS_MAX == 50, "--max-count above");

struct query_run {
	pid_t pid; /* 0: not started, or gone */
	int fd;
	struct buffer out;
};

/* C:\web or C:/web, where C is no host. */
static bool is_drive(const char *path) {
	return path[0] != '\0' && path[1] == ':' && (path[2] == '/' || path[2] == '\\');
}

int ci_project_from_url(const char *url, char *out, size_t size) {
	const char *scheme = strstr(url, "://"), *path, *at, *colon;
	size_t len;

	if (strncmp(url, "file:", 5) == 0) {
		return -EINVAL;
	}
	path = scheme != NULL ? scheme + 3 : url;
	/* The last "@": a password may hold one, or even a slash, and must not become part of a name. */
	at = strrchr(path, '@');
	path = at != NULL ? at + 1 : path;
	if (scheme == NULL && is_drive(path)) {
		return -EINVAL;
	}
	colon = strchr(path, ':');
	if (scheme == NULL && (colon == NULL || memchr(path, '/', (size_t)(colon - path)) != NULL)) {
		return -EINVAL;
	}
	path = scheme != NULL ? strchr(path, '/') : colon + 1;
	if (path == NULL || strchr(path, '\\') != NULL) {
		return -EINVAL;
	}
	path += strspn(path, "/");
	len = strcspn(path, "?#");
	while (len > 0 && path[len - 1] == '/') {
		len--;
	}
	if (len > 4 && memcmp(path + len - 4, ".git", 4) == 0) {
		len -= 4;
	}
	if (len == 0) {
		return -EINVAL;
	}
	if (len >= size) {
		return -ENAMETOOLONG;
	}
	memcpy(out, path, len);
	out[len] = '\0';
	return 0;
}

int ci_project_clean(const char *given, char *out, size_t size) {
	if (strstr(given, "://") != NULL || strchr(given, '@') != NULL) {
		return ci_project_from_url(given, out, size);
	}
	return text_copy(out, size, given) ? 0 : -ENAMETOOLONG;
}

/* Whether `dir` or one above it is a work tree, which is then the value of `dir`. */
static bool find_work_tree(char *dir) {
	for (;;) {
		char probe[PATH_MAX];
		char *slash = strrchr(dir, '/');

		if (text_format(probe, sizeof(probe), "%s/.git", dir) && access(probe, F_OK) == 0) {
			return true;
		}
		if (slash == NULL || slash == dir) {
			return false;
		}
		*slash = '\0';
	}
}

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

static int query_start(const struct query_row *row, const char *commit, struct query_run *run) {
	_cleanup_(fd_closep) int reading = -1, writing = -1;
	const char *argv[QUERY_WORDS_MAX + 1] = { NULL };
	posix_spawn_file_actions_t actions;
	int pipe_fds[2], r;

	memcpy(argv, row->argv, sizeof(row->argv));
	if (row == &queries[QUERY_COMMITS]) {
		argv[QUERY_COMMIT_WORD] = commit;
	}
	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		return -errno;
	}
	reading = pipe_fds[0];
	writing = pipe_fds[1];
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0) {
		return -r;
	}
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	r = r != 0 ? r : posix_spawn_file_actions_adddup2(&actions, writing, STDOUT_FILENO);
	r = r != 0
		? r
		: posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	r = r != 0 ? r : posix_spawnp(&run->pid, "git", &actions, NULL, (char **)argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r != 0) {
		run->pid = 0;
		return -r;
	}
	run->fd = reading;
	reading = -1;
	return 0;
}

/* Reads what is there; closes the fd at its end. */
static void query_read(struct query_run *run) {
	char *space = buffer_reserve(&run->out, 4096);
	ssize_t n = space != NULL ? read(run->fd, space, 4096) : 0;

	if (n > 0) {
		buffer_commit(&run->out, (size_t)n);
	} else if (n == 0 || errno != EINTR) {
		run->fd = fd_close(run->fd);
	}
}

static void queries_read(struct query_run *runs, int64_t deadline_us) {
	for (;;) {
		struct pollfd fds[QUERY_COUNT];
		int64_t left_us = deadline_us - clock_mono_us();
		int n_open = 0;

		for (int i = 0; i < QUERY_COUNT; i++) {
			fds[i] = (struct pollfd){ .fd = runs[i].fd, .events = POLLIN };
			n_open += runs[i].fd >= 0;
		}
		if (n_open == 0 || left_us <= 0) {
			return;
		}
		if (poll(fds, QUERY_COUNT, (int)(left_us / 1000) + 1) < 0 && errno != EINTR) {
			return;
		}
		for (int i = 0; i < QUERY_COUNT; i++) {
			if (fds[i].fd >= 0 && fds[i].revents != 0) {
				query_read(&runs[i]);
			}
		}
	}
}

/* What it printed counts only when it ended by itself and well. */
static void query_end(struct query_run *run) {
	bool unfinished = run->fd >= 0;
	int status = 0;

	run->fd = fd_close(run->fd);
	if (run->pid == 0) {
		return;
	}
	if (unfinished) {
		(void)kill(run->pid, SIGKILL);
	}
	while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR) {
	}
	run->pid = 0;
	if (unfinished || status != 0) {
		buffer_consume(&run->out, run->out.len);
	}
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

static void read_answers(int wanted, struct query_run *runs, struct ci_env *env) {
	char *text = runs[QUERY_BRANCH].out.data;
	char remote[CLIENT_NAME_MAX], url[CI_URL_MAX];

	if (env->branch[0] == '\0') {
		(void)take_line(&text, env->branch, sizeof(env->branch));
	}
	if (take_remote(runs[QUERY_REMOTES].out.data, remote, url, sizeof(url))) {
		if ((wanted & CI_PROJECT) != 0 &&
			ci_project_from_url(url, env->project, sizeof(env->project)) == 0 &&
			!text_is_name(env->project, sizeof(env->project))) {
			env->project[0] = '\0';
		}
		if (env->branch[0] == '\0') {
			take_pointing(runs[QUERY_POINTING].out.data, remote, env->branch);
		}
	}
	text = runs[QUERY_COMMITS].out.data;
	if (!take_line(&text, env->commit, sizeof(env->commit))) {
		return;
	}
	while (env->n_ancestors < CLIENT_ANCESTORS_MAX &&
		take_line(&text, env->ancestors[env->n_ancestors], CI_COMMIT_MAX)) {
		env->n_ancestors++;
	}
}

static void ask_git(int wanted, const char *commit, int64_t deadline_us, struct ci_env *env) {
	struct query_run runs[QUERY_COUNT];

	for (int i = 0; i < QUERY_COUNT; i++) {
		runs[i] = (struct query_run){ .fd = -1 };
		buffer_init(&runs[i].out, CLIENT_GIT_OUTPUT_BYTES);
		if ((queries[i].wanted & wanted) != 0) {
			/* Without git, or without memory, its answer is not known; that is all. */
			(void)!query_start(&queries[i], commit, &runs[i]);
		}
	}
	queries_read(runs, deadline_us);
	for (int i = 0; i < QUERY_COUNT; i++) {
		query_end(&runs[i]);
	}
	read_answers(wanted, runs, env);
	for (int i = 0; i < QUERY_COUNT; i++) {
		buffer_finish(&runs[i].out);
	}
}

void ci_env_collect(int wanted, const char *commit, int64_t deadline_us, struct ci_env *ret_env) {
	char cwd[PATH_MAX], tree[PATH_MAX];
	bool in_tree, known = getcwd(cwd, sizeof(cwd)) != NULL;
	const char *name;

	*ret_env = (struct ci_env){ 0 };
	(void)text_copy(tree, sizeof(tree), known ? cwd : "");
	in_tree = find_work_tree(tree);
	if (in_tree && (wanted & CI_BRANCH) != 0 &&
		read_branch(tree, ret_env->branch, sizeof(ret_env->branch))) {
		wanted &= ~CI_BRANCH;
	}
	if ((in_tree || getenv("GIT_DIR") != NULL) && wanted != 0) {
		ask_git(wanted, commit != NULL ? commit : "HEAD", deadline_us, ret_env);
	}
	if (!known || (wanted & CI_PROJECT) == 0 || ret_env->project[0] != '\0') {
		return;
	}
	name = strrchr(in_tree ? tree : cwd, '/');
	if (name != NULL && text_is_name(name + 1, CLIENT_NAME_MAX)) {
		(void)text_copy(ret_env->project, sizeof(ret_env->project), name + 1);
	}
}
