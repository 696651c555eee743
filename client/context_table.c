#include "client/context_source.h"

#define LINT (1u << ERROR_LINT)
#define TYPES (1u << ERROR_TYPE_CHECK)
#define BUILD (1u << ERROR_BUILD)
#define TEST (1u << ERROR_TEST)
#define SCAN (1u << ERROR_SECURITY_SCAN)
#define DEPLOY (1u << ERROR_DEPLOY)
#define INFRA (1u << ERROR_INFRA)
#define CODE (LINT | TYPES | BUILD | TEST)
#define ALL 0u

/*
 * In this order they are read, until there is no room. The first are the old reports', under their names. Lock files
 * are not wanted: they are long, and say nothing that package.json and the log do not.
 */
/* clang-format off */
const struct context_row context_rows[] = {
	{ "packageJson", ALL, { "package.json" } },
	{ "circleciConfig", ALL, { ".circleci/config.yml", ".circleci/config.yaml", "circle.yml" } },
	{ "githubWorkflows", ALL, { ".github/workflows/" } },
	{ "eslintConfig", ALL, { ".eslintrc.js", ".eslintrc.json", "eslint.config.js", "eslint.config.mjs",
		"eslint.config.ts", ".eslintrc.cjs", ".eslintrc.yml", ".eslintrc" } },
	{ "tsconfig", ALL, { "tsconfig.json" } },

	{ "giteaWorkflows", ALL, { ".gitea/workflows/", ".forgejo/workflows/" } },
	{ "gitlabCi", ALL, { ".gitlab-ci.yml", ".gitlab-ci.yaml" } },
	{ "jenkinsfile", ALL, { "Jenkinsfile" } },
	{ "buildkite", ALL, { ".buildkite/pipeline.yml", ".buildkite/pipeline.yaml", "buildkite.yml" } },
	{ "droneConfig", ALL, { ".drone.yml", ".drone.star", ".drone.jsonnet" } },
	{ "woodpeckerConfig", ALL, { ".woodpecker.yml", ".woodpecker.yaml", ".woodpecker/" } },
	{ "azurePipelines", ALL, { "azure-pipelines.yml", ".azure-pipelines.yml", ".azure/pipelines.yml" } },
	{ "bitbucketPipelines", ALL, { "bitbucket-pipelines.yml" } },
	{ "travisConfig", ALL, { ".travis.yml" } },

	{ "pyproject", ALL, { "pyproject.toml" } },
	{ "cargoToml", ALL, { "Cargo.toml" } },
	{ "goMod", ALL, { "go.mod" } },
	{ "setupCfg", CODE, { "setup.cfg" } },
	{ "pomXml", CODE | DEPLOY, { "pom.xml" } },
	{ "gradle", CODE | DEPLOY, { "build.gradle", "build.gradle.kts" } },
	{ "gradleSettings", BUILD, { "settings.gradle", "settings.gradle.kts" } },
	{ "cmakeLists", BUILD | TEST, { "CMakeLists.txt" } },
	{ "mesonBuild", BUILD | TEST, { "meson.build" } },
	{ "makefile", CODE | DEPLOY, { "GNUmakefile", "makefile", "Makefile" } },
	{ "gemfile", BUILD | TEST, { "Gemfile" } },
	{ "composerJson", CODE, { "composer.json" } },

	{ "prettierrc", LINT, { ".prettierrc", ".prettierrc.json", ".prettierrc.js", ".prettierrc.yml",
		"prettier.config.js", "prettier.config.mjs", ".prettierrc.cjs" } },
	{ "stylelintrc", LINT, { ".stylelintrc", ".stylelintrc.json", ".stylelintrc.js", "stylelint.config.js",
		".stylelintrc.yml" } },
	{ "biome", LINT, { "biome.json", "biome.jsonc" } },
	{ "flake8", LINT, { ".flake8" } },
	{ "ruff", LINT, { "ruff.toml", ".ruff.toml" } },
	{ "pylintrc", LINT, { ".pylintrc", "pylintrc" } },
	{ "golangci", LINT, { ".golangci.yml", ".golangci.yaml", ".golangci.toml" } },
	{ "clippy", LINT, { "clippy.toml", ".clippy.toml" } },
	{ "rustfmt", LINT, { "rustfmt.toml", ".rustfmt.toml" } },
	{ "clangFormat", LINT, { ".clang-format" } },
	{ "clangTidy", LINT, { ".clang-tidy" } },
	{ "checkstyle", LINT, { "checkstyle.xml", "config/checkstyle/checkstyle.xml" } },
	{ "preCommit", LINT, { ".pre-commit-config.yaml" } },
	{ "editorconfig", LINT, { ".editorconfig" } },
	{ "eslintIgnore", LINT, { ".eslintignore" } },
	{ "mypy", TYPES, { "mypy.ini", ".mypy.ini" } },
	{ "pyright", TYPES, { "pyrightconfig.json" } },

	{ "nextConfig", TYPES | BUILD | DEPLOY, { "next.config.js", "next.config.mjs", "next.config.ts" } },
	{ "viteConfig", BUILD | TEST | DEPLOY, { "vite.config.ts", "vite.config.js", "vite.config.mjs" } },
	{ "webpackConfig", BUILD, { "webpack.config.js", "webpack.config.ts" } },
	{ "rollupConfig", BUILD, { "rollup.config.js", "rollup.config.mjs", "rollup.config.ts" } },
	{ "babelrc", BUILD | TEST, { ".babelrc", "babel.config.js", "babel.config.json", ".babelrc.json",
		".babelrc.js" } },
	{ "jestConfig", TEST, { "jest.config.js", "jest.config.ts", "jest.config.mjs", "jest.config.json",
		"jest.config.cjs" } },
	{ "vitestConfig", TEST, { "vitest.config.ts", "vitest.config.js", "vitest.config.mts",
		"vitest.config.mjs" } },
	{ "mochaConfig", TEST, { ".mocharc.json", ".mocharc.js", ".mocharc.yml", ".mocharc.cjs" } },
	{ "playwrightConfig", TEST, { "playwright.config.ts", "playwright.config.js" } },
	{ "cypressConfig", TEST, { "cypress.config.ts", "cypress.config.js", "cypress.json" } },
	{ "pytest", TEST, { "pytest.ini", ".pytest.ini" } },
	{ "tox", TEST | LINT, { "tox.ini" } },
	{ "requirements", BUILD | TEST | SCAN, { "requirements.txt" } },

	{ "trufflehogIgnore", SCAN, { ".trufflehogignore", ".trufflehog-ignore", "trufflehog-exclude.txt" } },
	{ "gitleaksConfig", SCAN, { ".gitleaks.toml", "gitleaks.toml" } },
	{ "gitleaksIgnore", SCAN, { ".gitleaksignore" } },
	{ "trivyIgnore", SCAN, { ".trivyignore" } },
	{ "auditConfig", SCAN, { "audit-ci.json", "audit-ci.jsonc", ".nsprc" } },
	{ "dependabot", SCAN, { ".github/dependabot.yml" } },

	{ "vercelJson", DEPLOY | BUILD, { "vercel.json" } },
	{ "netlifyToml", DEPLOY | BUILD, { "netlify.toml" } },
	{ "wranglerConfig", DEPLOY, { "wrangler.toml", "wrangler.jsonc", "wrangler.json" } },
	{ "firebaseJson", DEPLOY, { "firebase.json" } },
	{ "dockerfile", BUILD | DEPLOY | INFRA, { "Dockerfile", "Containerfile" } },
	{ "dockerignore", BUILD | DEPLOY, { ".dockerignore" } },
	{ "composeYaml", DEPLOY | TEST | INFRA, { "compose.yaml", "compose.yml", "docker-compose.yml",
		"docker-compose.yaml" } },
	{ "nvmrc", BUILD | INFRA, { ".nvmrc", ".node-version" } },
	{ "toolVersions", BUILD | INFRA, { ".tool-versions", "mise.toml" } },
};
/* clang-format on */
const size_t n_context_rows = ARRAY_SIZE(context_rows);
