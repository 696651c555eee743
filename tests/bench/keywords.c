/* bench-keywords - the words that `scan` and the redactor look for, as extended regular expressions for grep -f. */
#include <stdio.h>
#include <string.h>

#include "common/logscan/grammar.h"
#include "common/redact/internal.h"

/* Without the ends of lines that some have in them: grep takes a line at a time. */
static void print_word(const char *word) {
	if (strpbrk(word, "\r\n") != NULL) {
		return;
	}
	for (; *word != '\0'; word++) {
		printf("%s%c", strchr(".[]{}()*+?^$|\\", *word) != NULL ? "\\" : "", *word);
	}
	printf("\n");
}

int main(void) {
	const struct grammar *grammar = grammar_get();

	if (grammar == NULL) {
		return 1;
	}
	for (size_t i = 0; i < grammar->n_rows; i++) {
		print_word(grammar->rows[i]->keyword);
	}
	for (size_t i = 0; i < n_redact_rules; i++) {
		for (size_t k = 0; k < REDACT_RULE_KEYWORDS && redact_rules[i].keywords[k] != NULL;
			k++) {
			print_word(redact_rules[i].keywords[k]);
		}
	}
	return 0;
}
