/*
 * results_xml - a result file in XML through expat: nothing is expanded, nothing outside is fetched, depth is bounded.
 *
 * A document type that declares something (an internal subset, an entity) is refused; one that only names an outside
 * file, as Cobertura's does, is passed over.
 */
#pragma once

#include <stddef.h>

#include "client/results_internal.h"

struct results_xml {
	struct results_reading *reading;
	void *user;
	/* `attributes`: name, value, ..., NULL. An error stops the reading. Any may be NULL. */
	int (*start)(struct results_xml *xml, const char *name, const char **attributes);
	int (*end)(struct results_xml *xml, const char *name);
	void (*text)(struct results_xml *xml, const char *text, size_t len);
	/* The reading's own */
	void *parser;
	size_t depth; /* of the element being started or ended; the root's is 1 */
	int status;
};

/* An attribute's value; NULL: none. */
const char *results_attribute(const char **attributes, const char *name);

/* Reads all. Returns: 0; -EINVAL, `problem` says why; what a callback returned; as reading. */
must_check int results_xml_read(struct results_xml *xml);
