/* One request as curl knows it: what is set, what comes in, and what curl's codes mean. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/http_internal.h"

#define USER_AGENT "codegend/" CODEGEND_VERSION

/* Where curl's default is what we want, it is here when a surprise would cost something. */
static const struct {
	CURLoption option;
	long value;
} settings[] = {
	{ CURLOPT_FOLLOWLOCATION, 0 }, { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
	{ CURLOPT_HTTP09_ALLOWED, 0 }, { CURLOPT_NETRC, CURL_NETRC_IGNORED }, { CURLOPT_NOSIGNAL, 1 },
	{ CURLOPT_QUICK_EXIT, 1 }, /* or the loop would wait for a name that is looked up in vain */
	{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 }, { CURLOPT_SSL_VERIFYHOST, 2 },
	{ CURLOPT_SSL_VERIFYPEER, 1 },
	{ CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },    /* a proxy's are not the answer's */
	{ CURLOPT_HEADEROPT, CURLHEADER_SEPARATE }, /* nor does it get ours */
};

/* What curl's codes are called here. What is not in it means that the peer broke the protocol. */
static const struct {
	CURLcode code;
	int status;
} codes[] = {
	{ CURLE_OK, 0 },
	{ CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH },
	{ CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH },
	{ CURLE_COULDNT_CONNECT, -ECONNREFUSED },
	{ CURLE_PARTIAL_FILE, -ECONNRESET },
	{ CURLE_OUT_OF_MEMORY, -ENOMEM },
	{ CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT },
	{ CURLE_GOT_NOTHING, -ECONNRESET },
	{ CURLE_SEND_ERROR, -ECONNRESET },
	{ CURLE_RECV_ERROR, -ECONNRESET },
	{ CURLE_FILESIZE_EXCEEDED, -EMSGSIZE },
};

/* In front of the URL and behind it; the detail follows in brackets. */
static const struct {
	int status;
	const char *before;
	const char *after;
} sentences[] = {
	{ -ECONNREFUSED, "No connection to ", "" },
	{ -EHOSTUNREACH, "There is no way to ", "" },
	{ -ECONNRESET, "The connection was cut off before the answer was whole, of ", "" },
	{ -EPROTO, "No valid answer from ", "" },
	{ -EMSGSIZE, "The answer is too large, of ", "" },
	{ -ECANCELED, "Cancelled before it was answered: the request to ", "" },
	{ -ENOMEM, "No memory for the answer of ", "" },
};

/* curl gives way to what this returns: 0 stops the transfer. */
static size_t http_stop(struct http_transfer *transfer, int status) {
	transfer->callback_status = status;
	return 0;
}

static void http_moved(struct http_transfer *transfer) {
	transfer->moved_ms = (int64_t)uv_now(transfer->req->http->loop);
}

static size_t body_arrived(char *data, size_t size, size_t n, void *user) {
	struct http_transfer *transfer = user;
	int r = buffer_append(&transfer->req->answer, data, size * n);

	http_moved(transfer);
	return r < 0 ? http_stop(transfer, r) : size * n;
}

/* Keeps "Name: value"; what is no such line says nothing. */
static int http_keep_header(struct http_request *req, const char *line, size_t len) {
	const char *colon = memchr(line, ':', len);
	const char *value = colon ? colon + 1 : NULL;
	const char *end = line + len;
	int r;

	if (!colon || memchr(line, '\0', len) ||
		(colon - line == 10 && strncasecmp(line, "Set-Cookie", 10) == 0)) {
		return 0;
	}
	while (value < end && isspace((unsigned char)*value)) {
		value++;
	}
	while (end > value && isspace((unsigned char)end[-1])) {
		end--;
	}
	r = buffer_append(&req->headers_seen, line, (size_t)(colon - line));
	r = r < 0 ? r : buffer_append(&req->headers_seen, "", 1);
	r = r < 0 ? r : buffer_append(&req->headers_seen, value, (size_t)(end - value));
	return r < 0 ? r : buffer_append(&req->headers_seen, "", 1);
}

/* A line of a head, one for each call; also of 1xx heads before it and of trailers behind the body. */
static size_t header_arrived(char *data, size_t size, size_t n, void *user) {
	struct http_transfer *transfer = user;
	struct http_request *req = transfer->req;
	size_t len = size * n;
	int r = 0;

	http_moved(transfer);
	transfer->header_bytes += len;
	if (transfer->header_bytes > LIMIT_HTTP_HEADERS_MAX_BYTES) {
		return http_stop(transfer, -EMSGSIZE);
	}
	if (len >= 5 && strncasecmp(data, "HTTP/", 5) == 0 && req->answer.len == 0) {
		/* The status line of the next head: what a 1xx said is of no interest. */
		buffer_consume(&req->headers_seen, req->headers_seen.len);
		transfer->headers_ended = false;
	} else if (len <= 2) {
		transfer->headers_ended = true;
	} else if (!transfer->headers_ended) {
		r = http_keep_header(req, data, len);
	}
	return r < 0 ? http_stop(transfer, r) : len;
}

/* The connection is there, TLS included, and the request comes next. */
static int request_begins(void *user, char *peer_ip, char *our_ip, int peer_port, int our_port) {
	struct http_transfer *transfer = user;

	transfer->sending = true;
	transfer->req->maybe_sent = true;
	http_moved(transfer);
	return CURL_PREREQFUNC_OK;
}

static long http_timeout(int64_t asked_ms, int64_t default_ms) {
	return (long)(asked_ms > 0 ? MIN(asked_ms, LIMIT_HTTP_TIMEOUT_MAX_MS) : default_ms);
}

/* Chains the caller's lines and ours, without copying them: curl only reads. */
static struct curl_slist *http_lines(struct http_transfer *transfer) {
	static char no_expect[] = "Expect:";
	static char no_type[] =
		"Content-Type:"; /* curl's own guess; one of the caller still goes out */
	struct curl_slist *lines = transfer->lines;
	size_t n = 0;

	lines[n++].data = no_expect;
	lines[n++].data = no_type;
	for (size_t i = 0; transfer->req->headers && transfer->req->headers[i]; i++) {
		lines[n++].data = (char *)transfer->req->headers[i];
	}
	for (size_t i = 0; i + 1 < n; i++) {
		lines[i].next = &lines[i + 1];
	}
	return lines;
}

/* The first code that is not CURLE_OK stays. */
#define SET(option, value)                                                                         \
	(code = code != CURLE_OK ? code : curl_easy_setopt(transfer->easy, (option), (value)))

static CURLcode http_set_message(struct http_transfer *transfer) {
	const struct http_request *req = transfer->req;
	bool is_safe = http_method_is_safe(req->method);
	CURLcode code = CURLE_OK;

	if (strcmp(req->method, "HEAD") == 0) {
		SET(CURLOPT_NOBODY, 1L);
	} else if (!is_safe && (req->body || strcmp(req->method, "DELETE") != 0)) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(req->body ? req->body_len : 0));
		SET(CURLOPT_POSTFIELDS, req->body ? req->body : "");
		SET(CURLOPT_CUSTOMREQUEST, req->method);
	} else {
		SET(CURLOPT_CUSTOMREQUEST, req->method);
	}
	if (strcmp(req->method, "HEAD") != 0) {
		SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)req->answer.max_bytes);
	}
	SET(CURLOPT_FRESH_CONNECT, is_safe || req->repeatable ? 0L : 1L);
	SET(CURLOPT_URL, req->url);
	SET(CURLOPT_HTTPHEADER, http_lines(transfer));
	SET(CURLOPT_ACCEPT_ENCODING, "gzip");
	SET(CURLOPT_USERAGENT, USER_AGENT);
	return code;
}

static CURLcode http_set_peer(struct http_transfer *transfer) {
	const struct http_request *req = transfer->req;
	struct http *http = req->http;
	const struct http_target *target = &req->target;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_PROTOCOLS_STR, target->tls ? "https" : "http");
	/* Both set, always: where one is not, curl asks the environment. */
	SET(CURLOPT_PROXY, target->loopback || !http->proxy ? "" : http->proxy);
	SET(CURLOPT_NOPROXY, http->no_proxy ? http->no_proxy : "");
	if (http->ca_path[0]) {
		SET(CURLOPT_CAINFO, http->ca_path);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (target->localhost) {
		(void)text_format(transfer->resolve_entry, sizeof(transfer->resolve_entry),
			"localhost:%u:127.0.0.1,::1", (unsigned)target->port);
		transfer->resolve.data = transfer->resolve_entry;
		SET(CURLOPT_RESOLVE, &transfer->resolve);
	}
	SET(CURLOPT_TIMEOUT_MS, http_timeout(req->total_timeout_ms, LIMIT_HTTP_TOTAL_MS));
	SET(CURLOPT_CONNECTTIMEOUT_MS, http_timeout(req->connect_timeout_ms, LIMIT_HTTP_CONNECT_MS));
	return code;
}

static CURLcode http_set(struct http_transfer *transfer) {
	CURLcode code = CURLE_OK;

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		SET(settings[i].option, settings[i].value);
	}
	SET(CURLOPT_PRIVATE, transfer);
	SET(CURLOPT_ERRORBUFFER, transfer->detail);
	SET(CURLOPT_WRITEFUNCTION, body_arrived);
	SET(CURLOPT_WRITEDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, header_arrived);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_PREREQFUNCTION, request_begins);
	SET(CURLOPT_PREREQDATA, transfer);
	code = code != CURLE_OK ? code : http_set_message(transfer);
	return code != CURLE_OK ? code : http_set_peer(transfer);
}

static void http_transfer_destroy(struct http_transfer *transfer) {
	if (transfer) {
		curl_easy_cleanup(transfer->easy);
		free(transfer);
	}
}
DEFINE_CLEANUP(struct http_transfer *, http_transfer_destroy);

int http_transfer_start(struct http_request *req) {
	_cleanup_(http_transfer_destroyp) struct http_transfer *transfer =
		calloc(1, sizeof(*transfer));

	if (!transfer) {
		return -ENOMEM;
	}
	transfer->req = req;
	transfer->began_us = clock_mono_us();
	transfer->easy = curl_easy_init();
	if (!transfer->easy || http_set(transfer) != CURLE_OK ||
		curl_multi_add_handle(req->http->multi, transfer->easy) != CURLM_OK) {
		return -ENOMEM;
	}
	req->transfer = TAKE_PTR(transfer);
	return 0;
}

void http_transfer_end(struct http_request *req) {
	_cleanup_(http_transfer_destroyp) struct http_transfer *transfer = TAKE_PTR(req->transfer);

	req->remote_us = clock_mono_us() - transfer->began_us;
	(void)curl_multi_remove_handle(req->http->multi, transfer->easy);
}

static int http_code_status(struct http_transfer *transfer, CURLcode code) {
	int status = -EPROTO;
	long os_errno = 0;
	curl_off_t first_byte_us = 0;

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (codes[i].code == code) {
			status = codes[i].status;
		}
	}
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_errno);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
	if (code == CURLE_COULDNT_CONNECT && (os_errno == EHOSTUNREACH || os_errno == ENETUNREACH)) {
		return -EHOSTUNREACH;
	}
	if (code == CURLE_COULDNT_CONNECT && os_errno == ETIMEDOUT) {
		return -ETIMEDOUT;
	}
	/* A header line that does not fit curl's buffer of 100 KiB is called out of memory by curl before 8.6. */
	if (code == CURLE_OUT_OF_MEMORY && first_byte_us > 0 && !transfer->headers_ended) {
		return -EMSGSIZE;
	}
	return status;
}

int http_transfer_result(struct http_transfer *transfer, CURLcode code) {
	struct http_request *req = transfer->req;
	int status = transfer->callback_status < 0 ? transfer->callback_status
						   : http_code_status(transfer, code);
	long http_status = 0;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &http_status);
	if (status == 0 && http_status < 200) {
		status = -EPROTO;
	}
	if (status < 0) {
		http_explain(req, status, transfer->sending ? HTTP_LATE_TOTAL : HTTP_LATE_CONNECT,
			transfer->callback_status < 0 ? NULL
				: transfer->detail[0] ? transfer->detail
						      : curl_easy_strerror(code));
		return status;
	}
	req->http_status = (int)http_status;
	return 0;
}

static const char *http_late_words(enum http_late late) {
	switch (late) {
	case HTTP_LATE_CONNECT: return "No connection in time to ";
	case HTTP_LATE_TOTAL: return "No whole answer in time from ";
	case HTTP_LATE_STALL: return "The connection fell silent before the answer was whole, of ";
	case HTTP_LATE_NOT: break;
	}
	return "No answer from ";
}

void http_explain(struct http_request *req, int status, enum http_late late, const char *detail) {
	_cleanup_(freep) char *clean = detail ? text_clean(detail, strlen(detail)) : NULL;
	const char *before = http_late_words(late);
	char shown[HTTP_SHOWN_MAX];

	for (size_t i = 0; status != -ETIMEDOUT && i < ARRAY_SIZE(sentences); i++) {
		if (sentences[i].status == status) {
			before = sentences[i].before;
		}
	}
	(void)text_format(req->sentence, sizeof(req->sentence), "%s%s%s%s%s.", before,
		http_show_url(req, shown), clean ? " (" : "", clean ? clean : "", clean ? ")" : "");
}
