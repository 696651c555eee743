#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client/ci_source.h"
#include "common/text.h"

#define COMMIT_MIN 7
#define HOST_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"
#define DIGITS "0123456789"
/* What GitHub builds before it merges, "gh-readonly-queue/main/pr-12-<commit>": a new one each time. */
#define MERGE_QUEUE "gh-readonly-queue/"

static bool keep(const char *value, char *out, size_t size) {
	return text_is_name(value, size) && text_copy(out, size, value);
}

static bool shape_name(char *value, char *out, size_t size) {
	return keep(value, out, size);
}

static bool shape_project(char *value, char *out, size_t size) {
	return text_is_project(value) && keep(value, out, size);
}

static bool shape_remote(char *value, char *out, size_t size) {
	char project[CLIENT_NAME_MAX];

	return ci_project_from_url(value, project, sizeof(project)) == 0 &&
		text_is_project(project) && keep(project, out, size);
}

/* "12/merge", "pull/12/head", "pr/12/merge", "merge-requests/12/train": what a CI made, or a forge's own ref. */
static bool is_made_ref(const char *branch) {
	const char *digits = branch + strcspn(branch, DIGITS);
	size_t before = (size_t)(digits - branch), n = strspn(digits, DIGITS);
	static const char *const prefixes[] = { "", "pull/", "pr/", "pull-requests/",
		"merge-requests/" };
	static const char *const suffixes[] = { "/merge", "/head", "/from", "/train" };

	for (size_t i = 0; n > 0 && i < ARRAY_SIZE(prefixes); i++) {
		if (strlen(prefixes[i]) != before || memcmp(prefixes[i], branch, before) != 0) {
			continue;
		}
		for (size_t j = 0; j < ARRAY_SIZE(suffixes); j++) {
			if (strcmp(digits + n, suffixes[j]) == 0) {
				return true;
			}
		}
	}
	return false;
}

static bool shape_branch(char *value, char *out, size_t size) {
	static const char heads[] = "refs/heads/";
	const char *branch = value, *colon;

	if (strncmp(branch, heads, strlen(heads)) == 0) {
		branch += strlen(heads);
	}
	/* No branch has a colon in its name: "owner:branch" is how a fork's is told apart. */
	colon = strrchr(branch, ':');
	branch = colon != NULL ? colon + 1 : branch;
	if (strncmp(branch, "refs/", 5) == 0 || strcmp(branch, "HEAD") == 0 ||
		strcmp(branch, "detached") == 0 || branch[0] == '<' || branch[0] == '-' ||
		strncmp(branch, MERGE_QUEUE, strlen(MERGE_QUEUE)) == 0 || is_made_ref(branch)) {
		return false;
	}
	return keep(branch, out, size);
}

static bool shape_tracking(char *value, char *out, size_t size) {
	static const char *const prefixes[] = { "refs/remotes/origin/", "remotes/origin/", "origin/" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (strncmp(value, prefixes[i], strlen(prefixes[i])) == 0) {
			return shape_branch(value + strlen(prefixes[i]), out, size);
		}
	}
	return shape_branch(value, out, size);
}

static bool shape_commit(char *value, char *out, size_t size) {
	size_t len = strlen(value);

	return len >= COMMIT_MIN && strspn(value, DIGITS "abcdefABCDEF") == len &&
		strspn(value, "0") != len && keep(value, out, size);
}

static bool shape_number(char *value, char *out, size_t size) {
	int64_t number;

	return text_to_int(value, &number) == 0 && number > 0 && number <= INT32_MAX &&
		keep(value, out, size);
}

static bool shape_pull_url(char *value, char *out, size_t size) {
	int64_t lowest = INT64_MAX, number;

	for (char *comma = value; comma != NULL; value = comma + (comma != NULL)) {
		const char *slash;

		comma = strchr(value, ',');
		if (comma != NULL) {
			comma[0] = '\0';
		}
		slash = strrchr(value, '!');
		slash = slash != NULL ? slash : strrchr(value, '/');
		if (slash != NULL && text_to_int(slash + 1, &number) == 0 && number > 0) {
			lowest = MIN(lowest, number);
		}
	}
	return lowest <= INT32_MAX && text_format(out, size, "%lld", (long long)lowest);
}

static bool shape_pull_ref(char *value, char *out, size_t size) {
	const char *queue = strstr(value, MERGE_QUEUE);
	const char *leg = queue != NULL ? strstr(queue, "/pr-") : NULL;
	const char *digits = value + strcspn(value, DIGITS);
	size_t n = strspn(digits, DIGITS);
	char number[CLIENT_NUMBER_MAX];
	static const char *const prefixes[] = { "refs/pull/", "pull/", "refs/pull-requests/",
		"pull-requests/", "refs/merge-requests/", "merge-requests/", "refs/pr/" };

	if (leg != NULL) {
		return text_format(number, sizeof(number), "%.*s", (int)strspn(leg + 4, DIGITS),
			       leg + 4) &&
			shape_number(number, out, size);
	}
	if (digits[n] != '\0' && digits[n] != '/') {
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (strlen(prefixes[i]) == (size_t)(digits - value) &&
			strncmp(value, prefixes[i], strlen(prefixes[i])) == 0) {
			return text_format(number, sizeof(number), "%.*s", (int)n, digits) &&
				shape_number(number, out, size);
		}
	}
	return false;
}

/* Whether a parameter of the query may be a credential; the query is not worth the risk then. */
static bool is_telling(const char *query) {
	static const char *const words[] = { "token", "secret", "password", "passwd", "auth",
		"key=", "signature", "sig=", "credential" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasestr(query, words[i]) != NULL) {
			return true;
		}
	}
	return false;
}

static bool shape_url(char *value, char *out, size_t size) {
	char *host = strstr(value, "://"), *at, *rest;
	size_t len;

	if (host == NULL ||
		(strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0)) {
		return false;
	}
	host += 3;
	len = strcspn(host, "/?#");
	at = memrchr(host, '@', len);
	if (at != NULL) {
		memmove(host, at + 1, strlen(at + 1) + 1);
	}
	/* A password with a slash makes a host of the user and a path of the rest; and a path may hold a URL itself. */
	len = host[0] == '[' ? strcspn(host, "]") + 1 : strspn(host, HOST_CHARACTERS);
	rest = host + MIN(len, strlen(host));
	at = strrchr(rest, '@');
	if (at != NULL && memchr(rest, ':', (size_t)(at - rest)) != NULL) {
		return false;
	}
	rest += rest[0] == ':' ? 1 + strspn(rest + 1, DIGITS) : 0;
	if (len == 0 || (rest[0] != '\0' && strchr("/?#", rest[0]) == NULL)) {
		return false;
	}
	rest += strcspn(rest, "?");
	if (is_telling(rest)) {
		rest[0] = '\0';
	}
	return text_is_web_url(value) && keep(value, out, size);
}

static bool shape_after_point(char *value, char *out, size_t size) {
	const char *point = strchr(value, '.');
	int64_t number;

	return point != NULL && text_to_int(point + 1, &number) == 0 &&
		text_format(out, size, "job %s", point + 1);
}

bool ci_shape(enum ci_shape shape, char *value, char *out, size_t size) {
	static bool (*const shapes[])(char *, char *, size_t) = {
		[CI_SHAPE_NAME] = shape_name,
		[CI_SHAPE_PROJECT] = shape_project,
		[CI_SHAPE_REMOTE] = shape_remote,
		[CI_SHAPE_BRANCH] = shape_branch,
		[CI_SHAPE_TRACKING] = shape_tracking,
		[CI_SHAPE_COMMIT] = shape_commit,
		[CI_SHAPE_NUMBER] = shape_number,
		[CI_SHAPE_PULL_URL] = shape_pull_url,
		[CI_SHAPE_PULL_REF] = shape_pull_ref,
		[CI_SHAPE_URL] = shape_url,
		[CI_SHAPE_AFTER_POINT] = shape_after_point,
	};

	return shapes[shape](value, out, size);
}
