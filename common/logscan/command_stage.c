#include "common/logscan/grammar.h"

#include <string.h>

/*
 * From the special to the general: "npm run test:lint" is a lint, "npm install" an installation. A word counts
 * where it stands between characters that are no letters.
 */
static const struct grammar_command commands[] = {
	{ "eslint", STAGE_LINT, true },
	{ "lint", STAGE_LINT, true },
	{ "prettier", STAGE_LINT, true },
	{ "stylelint", STAGE_LINT, true },
	{ "black", STAGE_LINT, false },
	{ "ruff", STAGE_LINT, true },
	{ "flake8", STAGE_LINT, true },
	{ "pylint", STAGE_LINT, true },
	{ "isort", STAGE_LINT, true },
	{ "pep8", STAGE_LINT, true },
	{ "pyflakes", STAGE_LINT, true },
	{ "pycodestyle", STAGE_LINT, true },
	{ "rubocop", STAGE_LINT, true },
	{ "clippy", STAGE_LINT, true },
	{ "rustfmt", STAGE_LINT, true },
	{ "fmt", STAGE_LINT, false },
	{ "gofmt", STAGE_LINT, true },
	{ "golangci", STAGE_LINT, true },
	{ "checkstyle", STAGE_LINT, true },
	{ "spotless", STAGE_LINT, true },
	{ "ktlint", STAGE_LINT, true },
	{ "detekt", STAGE_LINT, true },
	{ "biome", STAGE_LINT, true },
	{ "shellcheck", STAGE_LINT, true },
	{ "hadolint", STAGE_LINT, true },
	{ "yamllint", STAGE_LINT, true },
	{ "markdownlint", STAGE_LINT, true },
	{ "commitlint", STAGE_LINT, true },
	{ "pre-commit", STAGE_LINT, true },
	{ "lintrunner", STAGE_LINT, true },
	{ "linter", STAGE_LINT, false },
	{ "linters", STAGE_LINT, false },
	{ "format", STAGE_LINT, false },
	{ "formatting", STAGE_LINT, false },
	{ "mypy", STAGE_TYPE_CHECK, true },
	{ "pyright", STAGE_TYPE_CHECK, true },
	{ "basedpyright", STAGE_TYPE_CHECK, true },
	{ "typecheck", STAGE_TYPE_CHECK, true },
	{ "type-check", STAGE_TYPE_CHECK, true },
	{ "typechecks", STAGE_TYPE_CHECK, true },
	{ "check-types", STAGE_TYPE_CHECK, true },
	{ "check:types", STAGE_TYPE_CHECK, true },
	{ "type checker", STAGE_TYPE_CHECK, true },
	{ "noemit", STAGE_TYPE_CHECK, true },
	{ "vue-tsc", STAGE_TYPE_CHECK, true },
	{ "pytype", STAGE_TYPE_CHECK, true },
	{ "trufflehog", STAGE_SECURITY, true },
	{ "gitleaks", STAGE_SECURITY, true },
	{ "secretlint", STAGE_SECURITY, true },
	{ "trivy", STAGE_SECURITY, true },
	{ "grype", STAGE_SECURITY, true },
	{ "snyk", STAGE_SECURITY, true },
	{ "bandit", STAGE_SECURITY, true },
	{ "gosec", STAGE_SECURITY, true },
	{ "semgrep", STAGE_SECURITY, true },
	{ "audit", STAGE_SECURITY, false },
	{ "pip-audit", STAGE_SECURITY, true },
	{ "security", STAGE_SECURITY, false },
	{ "codeql", STAGE_SECURITY, true },
	{ "deploy", STAGE_DEPLOY, false },
	{ "vercel", STAGE_DEPLOY, true },
	{ "netlify", STAGE_DEPLOY, true },
	{ "wrangler", STAGE_DEPLOY, true },
	{ "kubectl", STAGE_DEPLOY, true },
	{ "helm", STAGE_DEPLOY, true },
	{ "terraform", STAGE_DEPLOY, true },
	{ "publish", STAGE_DEPLOY, false },
	{ "semantic-release", STAGE_DEPLOY, true },
	{ "twine", STAGE_DEPLOY, true },
	{ "docker push", STAGE_DEPLOY, true },
	{ "npm ci", STAGE_INSTALL, true },
	{ "npm i", STAGE_INSTALL, true },
	{ "pytest", STAGE_TEST, true },
	{ "jest", STAGE_TEST, true },
	{ "vitest", STAGE_TEST, true },
	{ "mocha", STAGE_TEST, true },
	{ "mochitest", STAGE_TEST, true },
	{ "ava", STAGE_TEST, false },
	{ "karma", STAGE_TEST, true },
	{ "cypress", STAGE_TEST, true },
	{ "playwright", STAGE_TEST, true },
	{ "ctest", STAGE_TEST, true },
	{ "surefire", STAGE_TEST, true },
	{ "unittest", STAGE_TEST, true },
	{ "tox", STAGE_TEST, true },
	{ "nox", STAGE_TEST, true },
	{ "rspec", STAGE_TEST, true },
	{ "phpunit", STAGE_TEST, true },
	{ "nextest", STAGE_TEST, true },
	{ "coverage", STAGE_TEST, false },
	{ "e2e", STAGE_TEST, false },
	{ "npm test", STAGE_TEST, true },
	{ "npm run test", STAGE_TEST, true },
	{ "yarn test", STAGE_TEST, true },
	{ "yarn run test", STAGE_TEST, true },
	{ "pnpm test", STAGE_TEST, true },
	{ "pnpm run test", STAGE_TEST, true },
	{ "bun test", STAGE_TEST, true },
	{ "deno test", STAGE_TEST, true },
	{ "make test", STAGE_TEST, true },
	{ "make check", STAGE_TEST, true },
	{ "cargo test", STAGE_TEST, true },
	{ "go test", STAGE_TEST, true },
	{ "mvn test", STAGE_TEST, true },
	{ "gradlew test", STAGE_TEST, true },
	{ "dotnet test", STAGE_TEST, true },
	{ "swift test", STAGE_TEST, true },
	{ "npm run build", STAGE_BUILD, true },
	{ "yarn build", STAGE_BUILD, true },
	{ "pnpm build", STAGE_BUILD, true },
	{ "pnpm run build", STAGE_BUILD, true },
	{ "cargo build", STAGE_BUILD, true },
	{ "go build", STAGE_BUILD, true },
	{ "dotnet build", STAGE_BUILD, true },
	{ "docker build", STAGE_BUILD, true },
	{ "go vet", STAGE_LINT, true },
	{ "deno check", STAGE_TYPE_CHECK, true },
	{ "apk add", STAGE_INSTALL, true },
	{ "apt install", STAGE_INSTALL, true },
	{ "apt-get", STAGE_INSTALL, true },
	{ "brew install", STAGE_INSTALL, true },
	{ "bundle install", STAGE_INSTALL, true },
	{ "composer install", STAGE_INSTALL, true },
	{ "dnf install", STAGE_INSTALL, true },
	{ "gem install", STAGE_INSTALL, true },
	{ "go mod download", STAGE_INSTALL, true },
	{ "npm install", STAGE_INSTALL, true },
	{ "pip install", STAGE_INSTALL, true },
	{ "pnpm install", STAGE_INSTALL, true },
	{ "poetry install", STAGE_INSTALL, true },
	{ "yarn install", STAGE_INSTALL, true },
	{ "yum install", STAGE_INSTALL, true },
	{ "install", STAGE_INSTALL, false },
	{ "setup", STAGE_INSTALL, false },
	{ "set up", STAGE_INSTALL, false },
	{ "dependencies", STAGE_INSTALL, false },
	{ "yarn add", STAGE_INSTALL, false },
	{ "test", STAGE_TEST, false },
	{ "tests", STAGE_TEST, false },
	{ "check", STAGE_TEST, false },
	{ "verify", STAGE_TEST, false },
	{ "connectedcheck", STAGE_TEST, true },
	{ "tsc", STAGE_TYPE_CHECK, true },
	{ "build", STAGE_BUILD, false },
	{ "compile", STAGE_BUILD, false },
	{ "make", STAGE_BUILD, false },
	{ "cmake", STAGE_BUILD, true },
	{ "ninja", STAGE_BUILD, true },
	{ "webpack", STAGE_BUILD, true },
	{ "vite", STAGE_BUILD, true },
	{ "rollup", STAGE_BUILD, true },
	{ "gradlew", STAGE_BUILD, true },
	{ "gradle", STAGE_BUILD, true },
	{ "mvn", STAGE_BUILD, true },
	{ "package", STAGE_BUILD, false },
	{ "docker", STAGE_BUILD, false },
};

static bool is_letter(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether the word stands in the command, whatever its case. */
static bool has_word(const char *command, const char *word) {
	size_t n = strlen(word);

	for (const char *at = command; (at = strcasestr(at, word)) != NULL; at++) {
		if ((at == command || !is_letter(at[-1])) && !is_letter(at[n])) {
			return true;
		}
	}
	return false;
}

enum logscan_stage grammar_command_stage(const char *command, bool *ret_sure) {
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (has_word(command, commands[i].word)) {
			if (ret_sure != NULL) {
				*ret_sure = commands[i].sure;
			}
			return commands[i].stage;
		}
	}
	if (ret_sure != NULL) {
		*ret_sure = false;
	}
	return STAGE_OTHER;
}
