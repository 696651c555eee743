/*
 * secrets - what this process knows to be secret: the values of its secret variables, read once. One thread.
 */
#pragma once

#include <jansson.h>

#include "common/macro.h"
#include "common/redact/redact.h"

/* A redactor that knows them. Returns: 0, redactor_destroy() when done; -ENOMEM. */
must_check int secrets_redactor(struct redactor **ret_redactor);
/* As redactor_text(). */
must_check int secrets_text(char **text);
