/*
 * prompt - what an agent is asked to do: by error type, then what earlier cycles tried and what the last verdict said.
 * Log text stands fenced and labelled as untrusted data, never among the instructions. Pure, any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/macro.h"
#include "daemon/model/incident.h"
#include "daemon/model/report.h"
#include "daemon/model/task.h"

/* Who reads it. */
enum prompt_reader {
	PROMPT_LOCAL,	  /* a program of ours, with a report file */
	PROMPT_ELSEWHERE, /* a service, which has what the prompt says and no more */
};

/*
 * Where the incident's own branch is: the newest report may be of one that an agent made. "" and 0, unknown. Borrowed
 * from the two.
 */
const char *prompt_commit(const struct incident *incident, const struct report *report);
int64_t prompt_pull_request(const struct incident *incident, const struct report *report);
/* Appends the prompt, at most LIMIT_PROMPT_MAX_BYTES. Returns: 0; -EMSGSIZE; -ENOMEM. */
must_check int prompt_write(struct buffer *out, enum prompt_reader reader,
	const struct incident *incident, const struct report *report, const struct task *history,
	size_t n_history);
/*
 * The same as a text that the caller frees, after a last look for secrets. For a program of ours what is found is taken
 * out first. Returns: 0; as prompt_write(); -EKEYREJECTED, there is a secret in it.
 */
must_check int prompt_make(enum prompt_reader reader, const struct incident *incident,
	const struct report *report, const struct task *history, size_t n_history, char **ret_text);
/* What -EKEYREJECTED and -EMSGSIZE mean, a sentence for people; static. */
const char *prompt_explain(int status);
