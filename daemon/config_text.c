#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "daemon/config_internal.h"

#define DIGITS "0123456789"
#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS
#define NAME_CHARACTERS ALPHANUMERIC "-_."
/* RFC 3986, 3.3, without what a query begins with. */
#define PATH_CHARACTERS NAME_CHARACTERS "~/%!$&'()*+,;=:@"

/* GitHub's bound. */
#define LABEL_MAX 50

#define GRAPHQL_PATH "/graphql"
/* GitHub Enterprise Server: https://HOST/api/v3 and https://HOST/api/graphql. */
#define SERVER_PATH "/api"
#define SERVER_VERSION "/v3"

static bool has_only(const char *text, const char *characters) {
	return text[strspn(text, characters)] == '\0';
}

bool config_is_name(const char *text) {
	size_t len = strlen(text);

	return len > 0 && len < LIMIT_CONFIG_NAME_MAX && has_only(text, NAME_CHARACTERS);
}

bool config_is_label(const char *text) {
	return text_is_name(text, LIMIT_SUBJECT_MAX) && strlen(text) <= LABEL_MAX &&
		!strchr(text, ',');
}

static bool is_port(const char *text) {
	int64_t port;

	return has_only(text, DIGITS) && text_to_int(text, &port) == 0 && port > 0 &&
		port <= UINT16_MAX;
}

/* "HOST", "HOST:PORT" or "[ADDRESS]:PORT"; `host` loses its port, which may be "". Returns whether it is one. */
static bool split_host(char *host, const char **ret_port) {
	char *bracket = host[0] == '[' ? strchr(host, ']') : NULL;
	char *port = strchr(bracket ? bracket : host, ':');
	struct in6_addr address;
	bool is_host;

	if (bracket && bracket[1] != '\0' && bracket[1] != ':') {
		return false;
	}
	*ret_port = port ? port + 1 : "";
	if (port) {
		*port = '\0';
	}
	if (!bracket) {
		return host[0] != '\0' && host[0] != '-' && host[0] != '.' &&
			has_only(host, NAME_CHARACTERS) && (!port || is_port(*ret_port));
	}
	*bracket = '\0';
	is_host = inet_pton(AF_INET6, host + 1, &address) == 1;
	*bracket = ']';
	return is_host && (!port || is_port(*ret_port));
}

/* What is behind "https://" or "http://"; NULL: neither is there. */
static const char *skip_scheme(const char *text, bool *ret_tls) {
	*ret_tls = strncmp(text, "https://", 8) == 0;
	if (*ret_tls) {
		return text + 8;
	}
	return strncmp(text, "http://", 7) == 0 ? text + 7 : NULL;
}

bool config_is_url(const char *text) {
	char host[LIMIT_NAME_MAX];
	const char *port;
	bool tls;
	const char *authority = skip_scheme(text, &tls);
	size_t len = authority ? strcspn(authority, "/?#") : 0;

	return authority && strlen(text) + strlen(GRAPHQL_PATH) < LIMIT_URL_MAX &&
		text_format(host, sizeof(host), "%.*s", (int)len, authority) &&
		split_host(host, &port) && has_only(authority + len, PATH_CHARACTERS) &&
		(tls || text_is_loopback(host));
}

bool config_is_proxy(const char *text, bool *ret_has_login) {
	char host[LIMIT_NAME_MAX];
	const char *port;
	bool tls;
	const char *authority = skip_scheme(text, &tls);
	const char *at = authority ? strrchr(authority, '@') : NULL;
	const char *begin = at ? at + 1 : authority;
	size_t len = begin ? strcspn(begin, "/") : 0;

	*ret_has_login = at != NULL;
	/* A sign that ends the authority would hide what is in front of "@". */
	return begin && strlen(text) < LIMIT_URL_MAX && text_is_name(text, LIMIT_URL_MAX) &&
		!strpbrk(text, " ?#\\") &&
		(!at || !memchr(authority, '/', (size_t)(at - authority))) &&
		(begin[len] == '\0' || begin[len + 1] == '\0') &&
		text_format(host, sizeof(host), "%.*s", (int)len, begin) &&
		split_host(host, &port) && *port;
}

void config_graphql_url(const char *api_url, char out[LIMIT_URL_MAX]) {
	size_t len = strlen(api_url);
	size_t tail = strlen(SERVER_PATH SERVER_VERSION);

	if (len > tail && strcmp(api_url + len - tail, SERVER_PATH SERVER_VERSION) == 0) {
		len -= strlen(SERVER_VERSION);
	}
	text_format(out, LIMIT_URL_MAX, "%.*s%s", (int)len, api_url, GRAPHQL_PATH);
}
