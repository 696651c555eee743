#include <stdio.h>

#include "parser.h"

int main(int argc, char **argv) {
	struct entry entry;
	int unused;

	if (parse(argv[1], &entry) < 0) {
		return 1;
	}
	printf("%s = %d\n", entry.name, entry.vlaue);
	return 0;
}
