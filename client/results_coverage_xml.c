/* Coverage in XML: Cobertura (coverage.py, gcovr, istanbul, ...) and Clover (jest, PHPUnit). */
#include <string.h>

#include "client/results_xml.h"

/* Cobertura */

struct cobertura {
	bool has_lines, has_branches;  /* the root tells the sums */
	int64_t lines[2], branches[2]; /* covered, total: the root's, else counted */
	size_t method_depth;	       /* lines of methods stand among the class's once more */
};

static bool take_pair(
	const char **attributes, const char *covered, const char *total, int64_t out[2]) {
	const char *of_covered = results_attribute(attributes, covered);
	const char *of_total = results_attribute(attributes, total);

	if (of_covered == NULL || of_total == NULL) {
		return false;
	}
	out[0] = results_parse(of_covered);
	out[1] = results_parse(of_total);
	return true;
}

/* condition-coverage="50% (1/2)" */
static void count_conditions(const char *text, int64_t branches[2]) {
	const char *open = text != NULL ? strchr(text, '(') : NULL;
	const char *slash = open != NULL ? strchr(open, '/') : NULL;

	if (slash != NULL) {
		branches[0] += results_parse(open + 1);
		branches[1] += results_parse(slash + 1);
	}
}

static void count_line(struct cobertura *cobertura, const char **attributes) {
	if (!cobertura->has_lines) {
		cobertura->lines[0] += results_parse(results_attribute(attributes, "hits")) > 0;
		cobertura->lines[1]++;
	}
	if (!cobertura->has_branches) {
		count_conditions(
			results_attribute(attributes, "condition-coverage"), cobertura->branches);
	}
}

static int cobertura_start(struct results_xml *xml, const char *name, const char **attributes) {
	struct cobertura *cobertura = xml->user;

	if (xml->depth == 1) {
		if (strcmp(name, "coverage") != 0) {
			return results_refuse(xml->reading, "its root is not <coverage>");
		}
		cobertura->has_lines =
			take_pair(attributes, "lines-covered", "lines-valid", cobertura->lines);
		cobertura->has_branches = take_pair(
			attributes, "branches-covered", "branches-valid", cobertura->branches);
	} else if (strcmp(name, "method") == 0 && cobertura->method_depth == 0) {
		cobertura->method_depth = xml->depth;
	} else if (strcmp(name, "line") == 0 && cobertura->method_depth == 0) {
		count_line(cobertura, attributes);
	}
	return 0;
}

static int cobertura_end(struct results_xml *xml, const char *name) {
	struct cobertura *cobertura = xml->user;

	if (cobertura->method_depth == xml->depth) {
		cobertura->method_depth = 0;
	}
	return 0;
}

int results_read_cobertura(struct results_reading *reading) {
	struct cobertura cobertura = { 0 };
	struct results_xml xml = {
		.reading = reading, .user = &cobertura, .start = cobertura_start, .end = cobertura_end
	};
	int r = results_xml_read(&xml);

	r = r < 0 ? r : results_cover(reading, "lines", cobertura.lines[0], cobertura.lines[1]);
	return r < 0
		? r
		: results_cover(reading, "branches", cobertura.branches[0], cobertura.branches[1]);
}

/* Clover */

struct clover {
	bool in_project[CLIENT_RESULTS_DEPTH_MAX + 1];
	bool found;
	int64_t statements[2], conditionals[2], methods[2];
};

static int clover_start(struct results_xml *xml, const char *name, const char **attributes) {
	struct clover *clover = xml->user;
	bool of_project = clover->in_project[xml->depth - 1];

	if (xml->depth == 1 && strcmp(name, "coverage") != 0) {
		return results_refuse(xml->reading, "its root is not <coverage>");
	}
	/* The project's own sums; packages and files have some as well. */
	clover->in_project[xml->depth] = strcmp(name, "project") == 0;
	if (of_project && strcmp(name, "metrics") == 0 && !clover->found) {
		clover->found =
			take_pair(attributes, "coveredstatements", "statements", clover->statements);
		(void)take_pair(
			attributes, "coveredconditionals", "conditionals", clover->conditionals);
		(void)take_pair(attributes, "coveredmethods", "methods", clover->methods);
	}
	return 0;
}

int results_read_clover(struct results_reading *reading) {
	struct clover clover = { 0 };
	struct results_xml xml = { .reading = reading, .user = &clover, .start = clover_start };
	int r = results_xml_read(&xml);

	if (r == 0 && !clover.found) {
		return results_refuse(reading, "it has no <metrics> of the project");
	}
	r = r < 0 ? r
		  : results_cover(reading, "statements", clover.statements[0], clover.statements[1]);
	r = r < 0
		? r
		: results_cover(reading, "branches", clover.conditionals[0], clover.conditionals[1]);
	return r < 0 ? r : results_cover(reading, "functions", clover.methods[0], clover.methods[1]);
}
