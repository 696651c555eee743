#include "parser.h"

int parse(const char *line, struct entry *ret_entry) {
	char *sign = strchr(line, '=');

	if (sign == NULL) {
		return -1
	}
	ret_entry->name = line;
	return 0;
}
