/* One query about many looks, from being written to being settled. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/forge/github_batch_internal.h"
#include "daemon/forge/github_decode.h"

static void take_look(struct github_run *run, struct github_look *look) {
	size_t i = run->n++;
	struct github_target *target = &run->targets[i];

	list_remove(&look->node);
	run->batches->n_gathered--;
	look->place = GITHUB_LOOK_ASKED;
	run->looks[i] = look;
	(void)github_project_split(
		look->project, &run->projects[i]); /* github_look() saw to it, as the next */
	if (look->head_repository[0] != '\0') {
		(void)github_project_split(look->head_repository, &run->heads[i]);
	}
	if (look->is_continued) {
		(void)TEXT_SET(run->cursors[i][0], look->snapshot->checks.cursor);
		(void)TEXT_SET(run->cursors[i][1], look->snapshot->suites.cursor);
	}
	*target = (struct github_target){
		.owner = run->projects[i].owner,
		.name = run->projects[i].name,
		.pull_request = look->number,
		.branch = look->branch,
		.head_owner = run->heads[i].owner,
		.head_name = run->heads[i].name,
		.is_tag = look->is_tag,
		.checks_after = run->cursors[i][0],
		.suites_after = run->cursors[i][1],
	};
}

/* The token of an App's installation is good for its owner's repositories only. */
static bool may_share(
	const struct github *github, const struct github_look *a, const struct github_look *b) {
	size_t len = strcspn(a->project, "/");

	return !github_is_app(github) || strncasecmp(a->project, b->project, len + 1) == 0;
}

static void pick(struct github_run *run) {
	struct github_batches *batches = run->batches;

	list_for_each_safe (node, &batches->gathered) {
		struct github_look *look = container_of(node, struct github_look, node);

		if (run->n < batches->size &&
			(run->n == 0 || may_share(batches->github, run->looks[0], look))) {
			take_look(run, look);
		}
	}
}

static void run_answered(struct github_call *call, int status);

static int send_query(struct github_run *run) {
	struct github *github = run->batches->github;
	_cleanup_(buffer_finish) struct buffer body;
	char subject[LIMIT_SUBJECT_MAX];
	struct github_ask ask = {
		.kind = GITHUB_CALL_QUERY,
		.project = run->looks[0]->project,
		.method = "POST",
		.subject = subject,
	};
	int r;

	(void)text_format(subject, sizeof(subject), "%s\"%s\"%s",
		run->n > 1 ? "pull requests of " : "", run->looks[0]->project,
		run->n > 1 ? " and others" : "");
	run->without = github->without;
	buffer_init(&body, LIMIT_GITHUB_QUERY_MAX_BYTES);
	r = github_query_write(&body, run->targets, run->n, run->without);
	ask.body = body.data;
	return r < 0 ? r : github_send(github, &run->call, &ask, run_answered);
}

/* Each look that was not cancelled; `looks` is empty afterwards. */
static size_t take_off(struct github_run *run, struct github_look *looks[LIMIT_GITHUB_TARGETS]) {
	size_t n = 0;

	for (size_t i = 0; i < run->n; i++) {
		if (run->looks[i] != NULL) {
			looks[n++] = run->looks[i];
			run->looks[i] = NULL;
		}
	}
	return n;
}

static void fail_run(struct github_run *run, int status) {
	struct github_look *looks[LIMIT_GITHUB_TARGETS];
	size_t n = take_off(run, looks);

	for (size_t i = 0; i < n; i++) {
		github_look_fail(looks[i], &run->call, status);
	}
}

/* GitHub cannot be reached: who waits would only learn the same, one query after the other. */
static void fail_gathered(struct github_run *run, int status) {
	struct github_batches *batches = run->batches;
	struct list *node;

	while ((node = list_take_first(&batches->gathered)) != NULL) {
		batches->n_gathered--;
		github_look_fail(container_of(node, struct github_look, node), &run->call, status);
	}
}

/* In front of the others, in their order. */
static void put_back(struct github_run *run) {
	struct github_batches *batches = run->batches;
	struct list *first = batches->gathered.next;
	struct github_look *looks[LIMIT_GITHUB_TARGETS];
	size_t n = take_off(run, looks);

	for (size_t i = 0; i < n; i++) {
		github_batches_gather(looks[i], first);
	}
	batches->is_ripe = true;
}

/*
 * Half as many at a time. When not even single ones are answered, or nothing comes back at all again, it is not their
 * number.
 */
static void halve(struct github_run *run, int status) {
	struct github_batches *batches = run->batches;

	batches->n_silent = status == -ETIMEDOUT ? batches->n_silent + 1 : 0;
	if (run->n > 1 && batches->n_silent < LIMIT_GITHUB_SINGLE_FAILURES) {
		batches->size = run->n / 2;
		put_back(run);
		return;
	}
	batches->n_single_failures += run->n == 1;
	fail_run(run, status);
	if (MAX(batches->n_single_failures, batches->n_silent) >= LIMIT_GITHUB_SINGLE_FAILURES) {
		fail_gathered(run, status);
	}
}

static void settle(struct github_run *run, struct github_snapshot *snapshots) {
	struct github_batches *batches = run->batches;
	struct github_look *look;

	batches->n_single_failures = 0;
	batches->n_silent = 0;
	batches->size = MIN(batches->size * 2, LIMIT_GITHUB_TARGETS);
	for (size_t i = 0; i < run->n; i++) {
		look = run->looks[i];
		run->looks[i] = NULL;
		if (look != NULL) {
			github_look_take(look, &snapshots[i]);
		}
	}
}

/* Returns whether the query is to be asked again, with fewer targets or fields. */
static bool act_on(struct github_run *run, const struct github_batch *batch) {
	struct github *github = run->batches->github;

	switch (batch->trouble) {
	case GITHUB_TROUBLE_TOO_MUCH:
		run->call.meaning = BUDGET_NO_ANSWER;
		(void)text_format(run->call.sentence, sizeof(run->call.sentence),
			"GitHub could not answer about %s: \"%s\".", run->call.subject,
			batch->sentence);
		halve(run, 0);
		return true;
	case GITHUB_TROUBLE_UNREADABLE:
		run->call.meaning = BUDGET_NO_ANSWER;
		(void)TEXT_SET(run->call.sentence, batch->sentence);
		halve(run, 0);
		return true;
	case GITHUB_TROUBLE_NO_FIELD:
		if ((batch->without & ~run->without) == 0) {
			return false; /* it goes on about fields that it was not asked for */
		}
		github->without |= batch->without;
		put_back(run);
		return true;
	case GITHUB_TROUBLE_NONE:
	case GITHUB_TROUBLE_RATE:
	case GITHUB_TROUBLE_FAILED: break;
	}
	return false;
}

static void decode(struct github_run *run) {
	const struct buffer *answer = &run->call.http.answer;
	struct github_snapshot *snapshots = calloc(run->n, sizeof(*snapshots));
	struct github_batch batch;
	int r = -ENOMEM;

	if (snapshots != NULL) {
		r = github_decode_batch(answer->data, answer->len, run->targets, run->n,
			run->without, snapshots, &batch);
	}
	if (r < 0) {
		fail_run(run, r);
	} else if (!act_on(run, &batch)) {
		settle(run, snapshots);
	}
	for (size_t i = 0; snapshots != NULL && i < run->n; i++) {
		github_snapshot_finish(&snapshots[i]);
	}
	free(snapshots);
}

/* Whether fewer targets may help. */
static bool is_too_much(const struct github_call *call, int status) {
	if (status == 0) {
		return call->http.http_status == 502 || call->http.http_status == 504;
	}
	return status == -ETIMEDOUT || status == -ECONNRESET || status == -EMSGSIZE ||
		status == -EINVAL;
}

static void take_answer(struct github_run *run, int status) {
	struct github_call *call = &run->call;

	if (run->batches->github->closing || status == -ECANCELED) {
		fail_run(run, -ECANCELED);
	} else if (status == 0 && call->meaning == BUDGET_OK) {
		decode(run);
	} else if (is_too_much(call, status)) {
		halve(run, status);
	} else {
		fail_run(run, status);
		if (call->meaning == BUDGET_NO_ANSWER) {
			fail_gathered(run, status);
		}
	}
}

static void run_end(struct github_run *run) {
	struct github_batches *batches = run->batches;

	github_call_finish(&run->call);
	free(run);
	batches->run = NULL;
	batches->is_ripe = batches->is_ripe && batches->n_gathered > 0;
	github_batches_consider(batches);
}

static void run_answered(struct github_call *call, int status) {
	struct github_run *run = container_of(call, struct github_run, call);

	take_answer(run, status);
	run_end(run);
}

void github_run_begin(struct github_batches *batches) {
	struct github_run *run = calloc(1, sizeof(*run));
	int r;

	if (run == NULL) {
		while (!list_is_empty(&batches->gathered)) {
			struct list *node = list_take_first(&batches->gathered);

			batches->n_gathered--;
			github_look_end(container_of(node, struct github_look, node), -ENOMEM);
		}
		return;
	}
	run->batches = batches;
	batches->run = run;
	pick(run);
	batches->is_ripe = batches->is_ripe && batches->n_gathered > 0;
	if (batches->n_gathered == 0) {
		(void)uv_timer_stop(&batches->window);
	}
	r = send_query(run);
	if (r < 0) {
		run->call.meaning = BUDGET_NO_ANSWER;
		(void)text_format(run->call.sentence, sizeof(run->call.sentence),
			"The query about \"%s\" could not be made: %s.", run->looks[0]->project,
			log_errno(r));
		take_answer(run, r);
		run_end(run);
	}
}

void github_run_forget(struct github_run *run, const struct github_look *look) {
	for (size_t i = 0; run != NULL && i < run->n; i++) {
		if (run->looks[i] == look) {
			run->looks[i] = NULL;
		}
	}
}
