#include "client/secrets.h"

#include <errno.h>
#include <unistd.h>

/* Kept until the process ends; never fed itself. */
static struct redactor *known;
/* For whole texts. */
static struct redactor *shared;

static int learn(void) {
	_cleanup_(redactor_destroyp) struct redactor *made = NULL;
	int r = redactor_create(&made);

	r = r < 0 ? r : redactor_add_environment(made, environ);
	if (r == 0) {
		known = TAKE_PTR(made);
	}
	return r;
}

int secrets_redactor(struct redactor **ret_redactor) {
	int r = known != NULL ? 0 : learn();

	return r < 0 ? r : redactor_create_like(known, ret_redactor);
}

int secrets_text(char **text) {
	int r = shared != NULL ? 0 : secrets_redactor(&shared);

	return r < 0 ? r : redactor_text(shared, text);
}
