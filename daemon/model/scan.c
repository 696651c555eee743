#include "daemon/model/scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/limits.h"

enum member_type {
	MEMBER_WORD,  /* letters, digits, "_", "-" */
	MEMBER_LINE,  /* text on one line */
	MEMBER_LINES, /* text */
	MEMBER_COUNT, /* an integer that is not negative */
	MEMBER_SHARE, /* from 0 to 1 */
};

struct member {
	const char *name;
	enum member_type type;
	size_t max_bytes;
};

static const struct member scan_members[] = {
	{ "errorType", MEMBER_WORD, 64 },
	{ "stage", MEMBER_WORD, 64 },
	{ "cause", MEMBER_WORD, 64 },
	{ "confidence", MEMBER_SHARE, 0 },
	{ "redactions", MEMBER_COUNT, 0 },
	{ "fingerprint", MEMBER_LINE, 128 },
	{ "note", MEMBER_LINE, 256 },
};

static const struct member headline_members[] = {
	{ "line", MEMBER_COUNT, 0 },
	{ "text", MEMBER_LINE, 4096 },
};

static const struct member excerpt_members[] = {
	{ "lines", MEMBER_COUNT, 0 },
	{ "text", MEMBER_LINES, LIMIT_SCAN_MAX_BYTES },
};

static const struct member finding_members[] = {
	{ "tool", MEMBER_WORD, 64 },
	{ "severity", MEMBER_WORD, 64 },
	{ "file", MEMBER_LINE, 1024 },
	{ "line", MEMBER_COUNT, 0 },
	{ "column", MEMBER_COUNT, 0 },
	{ "rule", MEMBER_LINE, 256 },
	{ "message", MEMBER_LINES, 4096 },
	{ "test", MEMBER_LINE, 1024 },
	{ "logLine", MEMBER_COUNT, 0 },
};

/* Readers */

static const char *text_of(const json_t *object, const char *name) {
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static int64_t count_of(const json_t *object, const char *name) {
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) && json_integer_value(value) > 0 ? json_integer_value(value)
								       : 0;
}

static bool is_word(const char *text) {
	for (const char *c = text; *c != '\0'; c++) {
		if (!isascii((unsigned char)*c) ||
			(!isalnum((unsigned char)*c) && *c != '_' && *c != '-')) {
			return false;
		}
	}
	return text[0] != '\0';
}

/* A word that says something. */
static const char *telling(const json_t *scan, const char *name) {
	const char *word = text_of(scan, name);

	return is_word(word) && strcmp(word, "unknown") != 0 && strcmp(word, "none") != 0 ? word : "";
}

const char *scan_stage(const json_t *scan) {
	return telling(scan, "stage");
}

/* Of a failure of no known kind the scan has a guess at most: what people are told is the headline. */
const char *scan_cause(const json_t *scan) {
	bool is_guess = strcmp(text_of(scan, "errorType"), "unknown_failure") == 0;

	return is_guess ? "" : telling(scan, "cause");
}

const char *scan_headline(const json_t *scan) {
	return text_of(json_object_get(scan, "headline"), "text");
}

const char *scan_excerpt(const json_t *scan) {
	return text_of(json_object_get(scan, "excerpt"), "text");
}

const char *scan_note(const json_t *scan) {
	return text_of(scan, "note");
}

size_t scan_n_findings(const json_t *scan) {
	return json_array_size(json_object_get(scan, "findings"));
}

bool scan_finding(const json_t *scan, size_t index, struct scan_finding *ret_finding) {
	const json_t *finding = json_array_get(json_object_get(scan, "findings"), index);

	if (!json_is_object(finding)) {
		return false;
	}
	*ret_finding = (struct scan_finding){
		.tool = text_of(finding, "tool"),
		.severity = text_of(finding, "severity"),
		.file = text_of(finding, "file"),
		.line = count_of(finding, "line"),
		.rule = text_of(finding, "rule"),
		.message = text_of(finding, "message"),
		.test = text_of(finding, "test"),
	};
	return true;
}

/* Making it tidy */

/* Clean, and cut to `max_bytes`. Returns a new reference, NULL: memory. */
static json_t *tidy_text(const json_t *value, const struct member *member) {
	_cleanup_(freep) char *text = text_clean(json_string_value(value), json_string_length(value));

	if (text == NULL) {
		return NULL;
	}
	if (strlen(text) > member->max_bytes) {
		text[text_cut(text, member->max_bytes)] = '\0';
	}
	for (char *c = text; member->type == MEMBER_LINE && *c != '\0'; c++) {
		*c = *c == '\n' || *c == '\t' ? ' ' : *c;
	}
	return json_string(text);
}

/* A new reference; json_null() when the value is not of the type. NULL: memory. */
static json_t *tidy_value(const json_t *value, const struct member *member) {
	switch (member->type) {
	case MEMBER_WORD:
		if (json_is_string(value) && json_string_length(value) < member->max_bytes &&
			is_word(json_string_value(value))) {
			return json_string(json_string_value(value));
		}
		return json_null();
	case MEMBER_LINE:
	case MEMBER_LINES: return json_is_string(value) ? tidy_text(value, member) : json_null();
	case MEMBER_COUNT:
		return json_is_integer(value) && json_integer_value(value) >= 0
			? json_integer(json_integer_value(value))
			: json_null();
	case MEMBER_SHARE:
		return json_is_number(value) && json_number_value(value) >= 0 &&
				json_number_value(value) <= 1
			? json_real(json_number_value(value))
			: json_null();
	}
	return json_null();
}

/* A new object with what is known of `object`; NULL: memory. */
static json_t *tidy_object(const json_t *object, const struct member *members, size_t n_members) {
	json_t *tidy = json_object();
	bool failed = tidy == NULL;

	for (size_t i = 0; i < n_members && !failed; i++) {
		json_t *value = tidy_value(json_object_get(object, members[i].name), &members[i]);

		if (json_is_null(value)) {
			json_decref(value);
			continue;
		}
		failed = json_object_set_new(tidy, members[i].name, value) < 0;
	}
	if (failed) {
		json_decref(tidy);
		return NULL;
	}
	return tidy;
}

/* Adds the part unless nothing of it is known. Takes the reference. */
static int add_part(json_t *scan, const char *name, json_t *part) {
	if (part == NULL) {
		return -ENOMEM;
	}
	if (json_object_size(part) == 0 && json_array_size(part) == 0) {
		json_decref(part);
		return 0;
	}
	return json_object_set_new(scan, name, part) < 0 ? -ENOMEM : 0;
}

static json_t *tidy_findings(const json_t *findings) {
	json_t *tidy = json_array();
	size_t n = MIN(json_array_size(findings), (size_t)LIMIT_SCAN_FINDINGS_MAX);

	for (size_t i = 0; i < n && tidy != NULL; i++) {
		json_t *finding = tidy_object(
			json_array_get(findings, i), finding_members, ARRAY_SIZE(finding_members));

		if (finding != NULL && json_object_size(finding) == 0) {
			json_decref(finding);
			continue;
		}
		if (json_array_append_new(tidy, finding) < 0) {
			json_decref(tidy);
			return NULL;
		}
	}
	return tidy;
}

static int tidy_parts(const json_t *scan, json_t *tidy) {
	int r = add_part(tidy, "headline",
		tidy_object(json_object_get(scan, "headline"), headline_members,
			ARRAY_SIZE(headline_members)));

	if (r == 0) {
		r = add_part(tidy, "findings", tidy_findings(json_object_get(scan, "findings")));
	}
	if (r == 0) {
		r = add_part(tidy, "excerpt",
			tidy_object(json_object_get(scan, "excerpt"), excerpt_members,
				ARRAY_SIZE(excerpt_members)));
	}
	return r;
}

static size_t json_bytes(const json_t *value) {
	return json_dumpb(value, NULL, 0, JSON_COMPACT);
}

/* Drops findings from the end while the scan is `over` its bound. Returns by how much it still is. */
static size_t drop_findings(json_t *scan, size_t over, size_t *ret_dropped) {
	json_t *findings = json_object_get(scan, "findings");

	while (over > 0 && json_array_size(findings) > 0) {
		size_t last = json_array_size(findings) - 1;
		size_t bytes = json_bytes(json_array_get(findings, last)) + (last > 0 ? 1 : 0);

		(void)json_array_remove(findings, last);
		over -= MIN(over, bytes);
		(*ret_dropped)++;
	}
	if (findings != NULL && json_array_size(findings) == 0) {
		(void)json_object_del(scan, "findings");
	}
	return over;
}

/* Takes as much from the end as is `over` bytes of JSON. Clean text has no other characters that are escaped. */
static int cut_excerpt(json_t *scan, size_t over) {
	json_t *excerpt = json_object_get(scan, "excerpt");
	const char *text = scan_excerpt(scan);
	size_t len = strlen(text);

	for (size_t taken = 0; len > 0 && taken < over;) {
		taken += strchr("\n\t\"\\", text[--len]) != NULL ? 2 : 1;
	}
	return json_object_set_new(excerpt, "text", json_stringn(text, text_cut(text, len))) < 0
		? -ENOMEM
		: 0;
}

static int fit(json_t *scan, size_t max_bytes) {
	size_t bytes = json_bytes(scan), dropped = 0;
	size_t room = max_bytes - LIMIT_SENTENCE_MAX; /* for the note */
	char note[128];
	bool cut;
	int r = 0;

	if (bytes <= room) {
		return 0;
	}
	bytes = drop_findings(scan, bytes - room, &dropped);
	cut = bytes > 0;
	if (cut) {
		r = cut_excerpt(scan, bytes);
	}
	(void)text_format(note, sizeof(note), "%zu findings%s left out: the scan was too long",
		dropped, cut ? " and the end of the excerpt were" : " were");
	if (r == 0 && json_object_set_new(scan, "note", json_string(note)) < 0) {
		r = -ENOMEM;
	}
	return r;
}

int scan_tidy(json_t **scan, size_t max_bytes) {
	json_t *tidy;
	int r;

	if (*scan == NULL) {
		return 0;
	}
	tidy = tidy_object(*scan, scan_members, ARRAY_SIZE(scan_members));
	if (tidy == NULL) {
		return -ENOMEM;
	}
	r = tidy_parts(*scan, tidy);
	if (r == 0) {
		r = fit(tidy, max_bytes);
	}
	if (r < 0) {
		json_decref(tidy);
		return r;
	}
	if (json_object_size(tidy) == 0) {
		json_decref(TAKE_PTR(tidy));
	}
	json_decref(*scan);
	*scan = tidy;
	return 0;
}
