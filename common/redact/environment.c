#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/redact/internal.h"

/* Above it is no path that people gave names to; in 1/REDACT_ENTROPY_UNIT bits a byte. */
#define PATH_MAX_ENTROPY 430

static int make_needles(struct redactor *red) {
	return red->needles != NULL ? 0 : needles_create(&red->needles);
}

int redactor_add_value(struct redactor *red, const char *value) {
	size_t len = strlen(value);
	int r;

	if (len < REDACT_VALUE_MIN_BYTES) {
		return 0;
	}
	if (red->n_values == REDACT_VALUES_MAX) {
		return -E2BIG;
	}
	r = make_needles(red);
	if (r < 0) {
		return r;
	}
	red->n_values++;
	for (int form = 0; form < VALUE_FORM_COUNT && r == 0; form++) {
		r = value_add(red->needles, value, len, (enum value_form)form);
	}
	return r;
}

/* clang-format off */
/* What stands in a variable with a secret's name and in any log. */
static const char *const ordinary_words[] = {
	"access", "account", "accounts", "admin", "administrator", "anonymous", "automatic", "available", "basic",
	"bearer", "build", "builder", "changeme", "client", "cluster", "codegen", "config", "configured", "credential",
	"credentials", "database", "default", "defaults", "deploy", "deployment", "development", "disable", "disabled",
	"docker", "enable", "enabled", "encrypted", "environment", "example", "external", "false", "github", "gitlab",
	"hidden", "ignored", "inherit", "inherited", "integration", "internal", "interactive", "jenkins", "keychain",
	"keyring", "kubernetes", "local", "localhost", "manager", "masked", "missing", "mysql", "none", "not", "null",
	"number", "off", "only", "optional", "password", "passwords", "permanent", "placeholder", "postgres",
	"postgresql", "private", "production", "project", "protected", "provided", "provider", "public", "read",
	"redacted", "refresh", "release", "repository", "required", "root", "runner", "sandbox", "secret", "secrets",
	"security", "server", "service", "services", "session", "shared", "staging", "standard", "string", "system",
	"test", "testing", "token", "tokens", "true", "undefined", "unknown", "unset", "user", "username", "validation",
	"vault", "webhook", "workflow", "write", "manual", "readonly", "temporary", "invalid",
};

/* How a name of a variable ends that tells where its secret is, or what it is called. */
static const char *const pointer_ends[] = {
	"_arn", "_dir", "_domain", "_enabled", "_endpoint", "_file", "_format", "_host", "_id", "_method", "_mode",
	"_name", "_path", "_port", "_region", "_sock", "_ttl", "_type", "_uri", "_url", "_version",
};
/* clang-format on */

static bool is_ordinary_word(const char *word, size_t len) {
	for (size_t i = 0; i < ARRAY_SIZE(ordinary_words); i++) {
		if (strlen(ordinary_words[i]) == len &&
			strncasecmp(ordinary_words[i], word, len) == 0) {
			return true;
		}
	}
	return false;
}

/* Of such words and nothing else, joined. */
static bool is_ordinary_text(const char *value) {
	static const char joints[] = "-_. ";

	while (*value != '\0') {
		size_t len = strcspn(value, joints);

		if (len > 0 && !is_ordinary_word(value, len)) {
			return false;
		}
		value += len;
		value += strspn(value, joints);
	}
	return true;
}

/* A base64 text may begin with "/" as well: what makes no path, or is too random for one. */
static bool is_plain_path(const char *value) {
	return value[0] == '/' && strchr(value + 1, '/') != NULL && strpbrk(value, "+=") == NULL &&
		entropy_of(value, strlen(value)) < PATH_MAX_ENTROPY;
}

static bool is_ordinary(const char *value) {
	return is_ordinary_text(value) || is_plain_path(value) ||
		(strstr(value, "://") != NULL && strpbrk(value, "@?#") == NULL &&
			strstr(value, "hook") == NULL);
}

static bool variable_is_secret(const char *name, size_t len) {
	for (size_t i = 0; i < ARRAY_SIZE(pointer_ends); i++) {
		size_t n = strlen(pointer_ends[i]);

		if (len >= n && strncasecmp(name + len - n, pointer_ends[i], n) == 0) {
			return false;
		}
	}
	return name_has_secret_word(name, len);
}

/* The value of a variable that is secret; NULL: it is not. */
static const char *secret_of(const char *variable) {
	const char *equals = strchr(variable, '=');

	return equals != NULL && strlen(equals + 1) >= REDACT_VALUE_MIN_BYTES &&
			variable_is_secret(variable, (size_t)(equals - variable)) &&
			!is_ordinary(equals + 1)
		? equals + 1
		: NULL;
}

/* All values as they are come first: when there is no room for more, it is encodings that are missing. */
int redactor_add_environment(struct redactor *red, char *const *environ) {
	const char *values[REDACT_VALUES_MAX];
	size_t n = 0;
	int r;

	for (; *environ != NULL && red->n_values < REDACT_VALUES_MAX; environ++) {
		const char *value = secret_of(*environ);

		if (value != NULL) {
			values[n++] = value;
			red->n_values++;
		}
	}
	r = n > 0 ? make_needles(red) : 0;
	for (int form = 0; form < VALUE_FORM_COUNT; form++) {
		for (size_t i = 0; i < n && r == 0; i++) {
			r = value_add(
				red->needles, values[i], strlen(values[i]), (enum value_form)form);
		}
	}
	return r;
}
