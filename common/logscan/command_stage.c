#include "common/logscan/grammar.h"

#include <string.h>

/*
 * From the special to the general: "npm run test:lint" is a lint, "npm install" an installation. A word counts
 * where it stands between characters that are no letters.
 */
static const struct grammar_command commands[] = {
	{ "eslint", STAGE_LINT },
	{ "lint", STAGE_LINT },
	{ "prettier", STAGE_LINT },
	{ "stylelint", STAGE_LINT },
	{ "black", STAGE_LINT },
	{ "ruff", STAGE_LINT },
	{ "flake8", STAGE_LINT },
	{ "pylint", STAGE_LINT },
	{ "isort", STAGE_LINT },
	{ "pep8", STAGE_LINT },
	{ "pyflakes", STAGE_LINT },
	{ "pycodestyle", STAGE_LINT },
	{ "rubocop", STAGE_LINT },
	{ "clippy", STAGE_LINT },
	{ "rustfmt", STAGE_LINT },
	{ "fmt", STAGE_LINT },
	{ "gofmt", STAGE_LINT },
	{ "golangci", STAGE_LINT },
	{ "checkstyle", STAGE_LINT },
	{ "spotless", STAGE_LINT },
	{ "ktlint", STAGE_LINT },
	{ "detekt", STAGE_LINT },
	{ "biome", STAGE_LINT },
	{ "shellcheck", STAGE_LINT },
	{ "hadolint", STAGE_LINT },
	{ "yamllint", STAGE_LINT },
	{ "markdownlint", STAGE_LINT },
	{ "commitlint", STAGE_LINT },
	{ "pre-commit", STAGE_LINT },
	{ "lintrunner", STAGE_LINT },
	{ "linter", STAGE_LINT },
	{ "linters", STAGE_LINT },
	{ "format", STAGE_LINT },
	{ "formatting", STAGE_LINT },
	{ "mypy", STAGE_TYPE_CHECK },
	{ "pyright", STAGE_TYPE_CHECK },
	{ "basedpyright", STAGE_TYPE_CHECK },
	{ "typecheck", STAGE_TYPE_CHECK },
	{ "type-check", STAGE_TYPE_CHECK },
	{ "typechecks", STAGE_TYPE_CHECK },
	{ "check-types", STAGE_TYPE_CHECK },
	{ "check:types", STAGE_TYPE_CHECK },
	{ "type checker", STAGE_TYPE_CHECK },
	{ "noemit", STAGE_TYPE_CHECK },
	{ "vue-tsc", STAGE_TYPE_CHECK },
	{ "pytype", STAGE_TYPE_CHECK },
	{ "trufflehog", STAGE_SECURITY },
	{ "gitleaks", STAGE_SECURITY },
	{ "secretlint", STAGE_SECURITY },
	{ "trivy", STAGE_SECURITY },
	{ "grype", STAGE_SECURITY },
	{ "snyk", STAGE_SECURITY },
	{ "bandit", STAGE_SECURITY },
	{ "gosec", STAGE_SECURITY },
	{ "semgrep", STAGE_SECURITY },
	{ "audit", STAGE_SECURITY },
	{ "pip-audit", STAGE_SECURITY },
	{ "security", STAGE_SECURITY },
	{ "codeql", STAGE_SECURITY },
	{ "deploy", STAGE_DEPLOY },
	{ "vercel", STAGE_DEPLOY },
	{ "netlify", STAGE_DEPLOY },
	{ "wrangler", STAGE_DEPLOY },
	{ "kubectl", STAGE_DEPLOY },
	{ "helm", STAGE_DEPLOY },
	{ "terraform", STAGE_DEPLOY },
	{ "publish", STAGE_DEPLOY },
	{ "semantic-release", STAGE_DEPLOY },
	{ "twine", STAGE_DEPLOY },
	{ "docker push", STAGE_DEPLOY },
	{ "npm ci", STAGE_INSTALL },
	{ "npm i", STAGE_INSTALL },
	{ "pytest", STAGE_TEST },
	{ "jest", STAGE_TEST },
	{ "vitest", STAGE_TEST },
	{ "mocha", STAGE_TEST },
	{ "ava", STAGE_TEST },
	{ "karma", STAGE_TEST },
	{ "cypress", STAGE_TEST },
	{ "playwright", STAGE_TEST },
	{ "ctest", STAGE_TEST },
	{ "unittest", STAGE_TEST },
	{ "tox", STAGE_TEST },
	{ "nox", STAGE_TEST },
	{ "rspec", STAGE_TEST },
	{ "phpunit", STAGE_TEST },
	{ "nextest", STAGE_TEST },
	{ "coverage", STAGE_TEST },
	{ "e2e", STAGE_TEST },
	{ "install", STAGE_INSTALL },
	{ "setup", STAGE_INSTALL },
	{ "set up", STAGE_INSTALL },
	{ "dependencies", STAGE_INSTALL },
	{ "apt-get", STAGE_INSTALL },
	{ "yarn add", STAGE_INSTALL },
	{ "test", STAGE_TEST },
	{ "tests", STAGE_TEST },
	{ "check", STAGE_TEST },
	{ "verify", STAGE_TEST },
	{ "connectedcheck", STAGE_TEST },
	{ "tsc", STAGE_TYPE_CHECK },
	{ "build", STAGE_BUILD },
	{ "compile", STAGE_BUILD },
	{ "make", STAGE_BUILD },
	{ "cmake", STAGE_BUILD },
	{ "ninja", STAGE_BUILD },
	{ "webpack", STAGE_BUILD },
	{ "vite", STAGE_BUILD },
	{ "rollup", STAGE_BUILD },
	{ "gradlew", STAGE_BUILD },
	{ "gradle", STAGE_BUILD },
	{ "mvn", STAGE_BUILD },
	{ "package", STAGE_BUILD },
	{ "docker", STAGE_BUILD },
};

static int is_letter(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether the word stands in the command, whatever its case. */
static int has_word(const char *command, const char *word) {
	size_t n = strlen(word);

	for (const char *at = command; (at = strcasestr(at, word)) != NULL; at++) {
		if ((at == command || !is_letter(at[-1])) && !is_letter(at[n])) {
			return 1;
		}
	}
	return 0;
}

enum logscan_stage grammar_command_stage(const char *command) {
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (has_word(command, commands[i].word)) {
			return commands[i].stage;
		}
	}
	return STAGE_OTHER;
}
