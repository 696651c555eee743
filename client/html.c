#include "client/html.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

void html_init(struct html *out, size_t max_bytes) {
	buffer_init(&out->text, max_bytes);
	out->status = 0;
}

void html_finish(struct html *out) {
	buffer_finish(&out->text);
}

static void append(struct html *out, const char *data, size_t len) {
	out->status = out->status < 0 ? out->status : buffer_append(&out->text, data, len);
}

void html_raw(struct html *out, const char *markup) {
	append(out, markup, strlen(markup));
}

void html_rawf(struct html *out, const char *fmt, ...) {
	char markup[1024];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(markup, sizeof(markup), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(markup)) {
		out->status = out->status < 0 ? out->status : -EMSGSIZE;
		return;
	}
	append(out, markup, (size_t)len);
}

/* NULL: it stands for itself. */
static const char *entity(char c) {
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

void html_text(struct html *out, const char *text) {
	_cleanup_(freep) char *clean = text_clean(text, strlen(text));
	const char *from = clean;

	if (clean == NULL) {
		out->status = out->status < 0 ? out->status : -ENOMEM;
		return;
	}
	for (const char *p = clean; *p != '\0'; p++) {
		const char *instead = entity(*p);

		if (instead != NULL) {
			append(out, from, (size_t)(p - from));
			html_raw(out, instead);
			from = p + 1;
		}
	}
	html_raw(out, from);
}

void html_element(struct html *out, const char *tag, const char *text) {
	html_rawf(out, "<%s>", tag);
	html_text(out, text);
	html_rawf(out, "</%.*s>", (int)strcspn(tag, " "), tag);
}

void html_foreign(struct html *out, const char *text) {
	html_element(out, "bdi", text);
}
