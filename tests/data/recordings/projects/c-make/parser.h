struct entry {
	const char *name;
	int value;
};

int parse(const char *line, struct entry *ret_entry);
