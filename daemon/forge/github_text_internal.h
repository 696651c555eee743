/* github_text_internal - the pieces that what we write on GitHub is made of. Pure, any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/macro.h"
#include "daemon/model/incident.h"
#include "daemon/model/verdict.h"

/* As the functions of github_text.h they return 0, -EMSGSIZE or -ENOMEM. */

/* At most `max` of the reasons, as a list. */
must_check int github_put_reasons(struct buffer *out, const struct verdict *verdict, size_t max);
/* Why people are asked, one sentence of our own. */
must_check int github_put_why_people(
	struct buffer *out, const struct incident *incident, const struct policy *policy);
/* What an operator can do about an ESCALATED one. `is_issue`: it is told in an issue of ours. */
must_check int github_put_retry_hint(
	struct buffer *out, const struct incident *incident, bool is_issue);
/* Appends `body` unless it seems to hold a secret: the last look before it leaves. */
must_check int github_put_clean(
	struct buffer *out, const struct buffer *body, const char **ret_secret);
