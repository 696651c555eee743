/* npm audit --json (version 2), pnpm's and npm 6's older form, and what npm prints instead when it could not ask. */
#include <string.h>

#include "client/results_internal.h"

/* "https://github.com/advisories/GHSA-..." */
static const char *last_part(const char *url) {
	const char *slash = strrchr(url, '/');

	return slash != NULL ? slash + 1 : url;
}

/* The first of `via` that is an advisory; others name the package that has it. */
static const json_t *advisory_of(const json_t *vulnerability) {
	const json_t *via;
	size_t i;

	json_array_foreach(json_object_get(vulnerability, "via"), i, via) {
		if (json_is_object(via)) {
			return via;
		}
	}
	return NULL;
}

static int add_vulnerability(struct results_reading *reading, const char *name,
	const json_t *vulnerability, struct results_security *security) {
	const json_t *advisory = advisory_of(vulnerability);
	const json_t *title = json_object_get(advisory, "title");
	enum results_rank rank = results_rank(results_string(vulnerability, "severity"));
	const struct results_finding finding = {
		.severity = results_rank_names[rank],
		.package = name,
		.rule = last_part(results_string(advisory, "url")),
		.message = json_string_value(title),
		.message_len = json_string_length(title),
	};

	security->ranks[rank]++;
	return results_add(reading, &finding);
}

/* What the sums say beyond what is listed. */
static void raise_to_sums(const json_t *json, struct results_security *security) {
	const json_t *sums = json_object_get(json_object_get(json, "metadata"), "vulnerabilities");

	for (size_t i = 0; i < RANK_COUNT; i++) {
		security->ranks[i] =
			MAX(security->ranks[i], results_number(sums, results_rank_names[i]));
	}
}

int results_read_npm_audit(struct results_reading *reading) {
	struct results_security security = { 0 };
	json_t *vulnerabilities = json_object_get(reading->json, "vulnerabilities");
	json_t *vulnerability;
	const char *name;
	int r = 0;

	if (!json_is_object(vulnerabilities)) {
		return results_refuse(reading, "it has no \"vulnerabilities\"");
	}
	json_object_foreach(vulnerabilities, name, vulnerability) {
		r = r < 0 ? r : add_vulnerability(reading, name, vulnerability, &security);
	}
	raise_to_sums(reading->json, &security);
	return r < 0 ? r : results_put_security(reading, &security);
}

int results_read_pnpm_audit(struct results_reading *reading) {
	struct results_security security = { 0 };
	json_t *advisory;
	const char *id;
	int r = 0;

	json_object_foreach(json_object_get(reading->json, "advisories"), id, advisory) {
		const json_t *title = json_object_get(advisory, "title");
		enum results_rank rank = results_rank(results_string(advisory, "severity"));
		const struct results_finding finding = {
			.severity = results_rank_names[rank],
			.package = results_string(advisory, "module_name"),
			.rule = last_part(results_string(advisory, "url")),
			.message = json_string_value(title),
			.message_len = json_string_length(title),
		};

		security.ranks[rank]++;
		r = r < 0 ? r : results_add(reading, &finding);
	}
	raise_to_sums(reading->json, &security);
	return r < 0 ? r : results_put_security(reading, &security);
}

/* {"error":{"code","summary","detail"}} or {"message",...}: nothing was looked at. */
int results_read_npm_error(struct results_reading *reading) {
	static const struct results_security nothing = { 0 };
	const char *code = results_string(json_object_get(reading->json, "error"), "code");
	bool is_word = code[0] != '\0' &&
		code[strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';

	results_incomplete(reading, "npm audit could not ask the registry%s%.40s",
		is_word ? ": " : "", is_word ? code : "");
	return results_put_security(reading, &nothing);
}
