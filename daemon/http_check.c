#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"
#include "daemon/http_internal.h"

#define FNV_OFFSET UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

static const struct {
	const char *name;
	bool is_safe;
} methods[] = {
	{ "DELETE", false },
	{ "GET", true },
	{ "HEAD", true },
	{ "PATCH", false },
	{ "POST", false },
	{ "PUT", false },
};

/* Headers that are ours or curl's: they say where a message ends, or for whom it is. */
static const char *const reserved[] = { "Accept-Encoding", "Connection", "Content-Length", "Expect",
	"Host", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
	"User-Agent" };

static void curl_url_cleanupp(CURLU **url) {
	curl_url_cleanup(*url);
}

static void curl_freep(char **text) {
	curl_free(*text);
}

static bool is_method(const char *method) {
	for (size_t i = 0; method && i < ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].name, method) == 0) {
			return true;
		}
	}
	return false;
}

bool http_method_is_safe(const char *method) {
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].name, method) == 0) {
			return methods[i].is_safe;
		}
	}
	return false;
}

/* RFC 9110, 5.6.2: a token. */
static bool is_token_char(char c) {
	return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

/* "Name: value" that curl sends as it is: no end of line, no empty value (which would remove a header). */
static bool is_header_line(const char *line) {
	size_t name_len = 0;

	if (strlen(line) > LIMIT_HTTP_REQUEST_LINE_BYTES) {
		return false;
	}
	while (is_token_char(line[name_len])) {
		name_len++;
	}
	if (name_len == 0 || line[name_len] != ':' || line[name_len + 1] != ' ' ||
		line[name_len + 2] == '\0' || line[name_len + 2] == ' ') {
		return false;
	}
	for (const char *c = line; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f) {
			return false;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		if (strlen(reserved[i]) == name_len && strncasecmp(reserved[i], line, name_len) == 0) {
			return false;
		}
	}
	return true;
}

static bool are_header_lines(const char *const *lines) {
	size_t n = 0;

	while (lines && lines[n]) {
		if (n == LIMIT_HTTP_REQUEST_LINES || !is_header_line(lines[n])) {
			return false;
		}
		n++;
	}
	return true;
}

static uint64_t hash_add(uint64_t hash, const char *text) {
	do {
		hash = (hash ^ (uint64_t)tolower((unsigned char)*text)) * FNV_PRIME;
	} while (*text++);
	return hash;
}

/* `port`: the scheme's own when there is none in the URL. */
static CURLUcode get_host(CURLU *url, char **ret_host, char **ret_port) {
	CURLUcode code = curl_url_get(url, CURLUPART_HOST, ret_host, 0);

	return code ? code : curl_url_get(url, CURLUPART_PORT, ret_port, CURLU_DEFAULT_PORT);
}

static bool is_web(const char *scheme) {
	return strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0;
}

static int check_url(const char *text, struct http_target *ret_target) {
	_cleanup_(curl_url_cleanupp) CURLU *url = curl_url();
	_cleanup_(curl_freep) char *scheme = NULL;
	_cleanup_(curl_freep) char *host = NULL;
	_cleanup_(curl_freep) char *port = NULL;
	struct http_target target = { 0 };
	CURLUcode code;
	int64_t number;

	if (!url) {
		return -ENOMEM;
	}
	if (!text || strlen(text) > LIMIT_HTTP_URL_BYTES) {
		return -EINVAL;
	}
	code = curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER);
	if (code || curl_url_get(url, CURLUPART_SCHEME, &scheme, 0)) {
		return code == CURLUE_UNSUPPORTED_SCHEME ? -EPERM : -EINVAL;
	}
	if (!is_web(scheme)) {
		return -EPERM;
	}
	code = get_host(url, &host, &port);
	if (code || text_to_int(port, &number) < 0 || number < 1 || number > UINT16_MAX) {
		return -EINVAL;
	}
	target.tls = strcmp(scheme, "https") == 0;
	target.loopback = text_is_loopback(host);
	if (!target.tls && !target.loopback) {
		return -EPERM;
	}
	target.localhost = strcasecmp(host, "localhost") == 0;
	target.port = (uint16_t)number;
	target.host = hash_add(hash_add(hash_add(FNV_OFFSET, scheme), host), port);
	*ret_target = target;
	return 0;
}

int http_check(struct http_request *req) {
	if (!is_method(req->method) || !are_header_lines(req->headers) ||
		(req->body && http_method_is_safe(req->method))) {
		return -EINVAL;
	}
	return check_url(req->url, &req->target);
}

bool http_check_proxy(const char *proxy) {
	_cleanup_(curl_url_cleanupp) CURLU *url = curl_url();
	_cleanup_(curl_freep) char *scheme = NULL;
	_cleanup_(curl_freep) char *host = NULL;
	_cleanup_(curl_freep) char *port = NULL;

	return url && curl_url_set(url, CURLUPART_URL, proxy, 0) == CURLUE_OK &&
		curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK && is_web(scheme) &&
		get_host(url, &host, &port) == CURLUE_OK;
}

const char *http_show_url(const struct http_request *req, char out[HTTP_SHOWN_MAX]) {
	_cleanup_(curl_url_cleanupp) CURLU *url = curl_url();
	_cleanup_(curl_freep) char *text = NULL;

	if (!url || curl_url_set(url, CURLUPART_URL, req->url, 0) || /* it was parsed once */
		curl_url_set(url, CURLUPART_USER, NULL, 0) ||
		curl_url_set(url, CURLUPART_PASSWORD, NULL, 0) ||
		curl_url_set(url, CURLUPART_QUERY, NULL, 0) ||
		curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) ||
		(req->hide_path && curl_url_set(url, CURLUPART_PATH, NULL, 0)) ||
		curl_url_get(url, CURLUPART_URL, &text, 0)) {
		(void)text_copy(out, HTTP_SHOWN_MAX, "the server");
		return out;
	}
	(void)text_format(out, HTTP_SHOWN_MAX, "\"%s\"", text);
	if (strlen(out) < strlen(text) + 2) {
		/* Cut: the quotation mark at the end is missing. */
		out[text_cut(out, HTTP_SHOWN_MAX - 5)] = '\0';
		strncat(out, "…\"", HTTP_SHOWN_MAX - strlen(out) - 1);
	}
	return out;
}
