#include "client/results_xml.h"

#include <errno.h>
#include <expat.h>
#include <string.h>

#define XML_READ_BYTES (64 * 1024)

const char *results_attribute(const char **attributes, const char *name) {
	for (size_t i = 0; attributes[i] != NULL; i += 2) {
		if (strcmp(attributes[i], name) == 0) {
			return attributes[i + 1];
		}
	}
	return NULL;
}

static void stop(struct results_xml *xml, int status) {
	if (xml->status == 0) {
		xml->status = status;
	}
	(void)XML_StopParser(xml->parser, XML_FALSE);
}

/* "ns:name" is read as "name". */
static const char *local_name(const char *name) {
	const char *colon = strchr(name, ':');

	return colon != NULL ? colon + 1 : name;
}

static void on_start(void *user, const XML_Char *name, const XML_Char **attributes) {
	struct results_xml *xml = user;
	int r;

	if (xml->status != 0) {
		return;
	}
	if (++xml->depth > CLIENT_RESULTS_DEPTH_MAX) {
		stop(xml, results_refuse(xml->reading, "its elements are nested too deep"));
		return;
	}
	r = xml->start != NULL ? xml->start(xml, local_name(name), (const char **)attributes) : 0;
	if (r < 0) {
		stop(xml, r);
	}
}

static void on_end(void *user, const XML_Char *name) {
	struct results_xml *xml = user;
	int r;

	if (xml->status != 0) {
		return;
	}
	r = xml->end != NULL ? xml->end(xml, local_name(name)) : 0;
	if (r < 0) {
		stop(xml, r);
	}
	xml->depth--;
}

static void on_text(void *user, const XML_Char *text, int len) {
	struct results_xml *xml = user;

	if (xml->status == 0 && xml->text != NULL) {
		xml->text(xml, text, (size_t)len);
	}
}

static void on_doctype(void *user, const XML_Char *name, const XML_Char *system_id,
	const XML_Char *public_id, int has_internal_subset) {
	struct results_xml *xml = user;

	if (has_internal_subset) {
		stop(xml, results_refuse(xml->reading, "it declares a document type of its own"));
	}
}

static void on_entity(void *user, const XML_Char *name, int is_parameter, const XML_Char *value,
	int value_len, const XML_Char *base, const XML_Char *system_id, const XML_Char *public_id,
	const XML_Char *notation) {
	struct results_xml *xml = user;

	stop(xml, results_refuse(xml->reading, "it declares entities"));
}

static int parse_end(struct results_xml *xml, enum XML_Status status) {
	if (xml->status != 0) {
		return xml->status;
	}
	if (status != XML_STATUS_ERROR) {
		return 0;
	}
	if (XML_GetErrorCode(xml->parser) == XML_ERROR_NO_MEMORY) {
		return -ENOMEM;
	}
	return results_refuse(xml->reading, "it is no whole XML document (line %lu: %s)",
		(unsigned long)XML_GetCurrentLineNumber(xml->parser),
		XML_ErrorString(XML_GetErrorCode(xml->parser)));
}

static int feed(struct results_xml *xml) {
	ssize_t n = 1;
	int r = 0;

	while (r == 0 && n > 0) {
		void *room = XML_GetBuffer(xml->parser, XML_READ_BYTES);

		if (room == NULL) {
			return -ENOMEM;
		}
		n = results_source_read(xml->reading->source, room, XML_READ_BYTES);
		r = n < 0 ? (int)n : parse_end(xml, XML_ParseBuffer(xml->parser, (int)n, n == 0));
	}
	return r;
}

int results_xml_read(struct results_xml *xml) {
	XML_Parser parser = XML_ParserCreate(NULL);
	int r;

	if (parser == NULL) {
		return -ENOMEM;
	}
	xml->parser = parser;
	XML_SetUserData(parser, xml);
	(void)XML_SetParamEntityParsing(parser, XML_PARAM_ENTITY_PARSING_NEVER);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	XML_SetStartDoctypeDeclHandler(parser, on_doctype);
	XML_SetEntityDeclHandler(parser, on_entity);
	r = feed(xml);
	XML_ParserFree(parser);
	xml->parser = NULL;
	return r;
}
