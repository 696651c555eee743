/* Looks that wait for company: what is asked about at about the same time shares a query (github_run.c). What one look
 * lacks is in github_look.c. */
#include "daemon/forge/github_batch_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"

/* ---- in ---- */

static void window_closed(uv_timer_t *timer) {
	struct github_batches *batches = timer->data;

	batches->is_ripe = true;
	github_batches_consider(batches);
}

void github_batches_gather(struct github_look *look, struct list *before) {
	struct github_batches *batches = look->batches;

	look->place = GITHUB_LOOK_GATHERED;
	list_append(before, &look->node);
	batches->n_gathered++;
}

void github_look_gather(struct github_look *look) {
	struct github_batches *batches = look->batches;

	if (look->github->closing) {
		github_look_end(look, -ECANCELED);
		return;
	}
	github_batches_gather(look, &batches->gathered);
	if (!batches->is_ripe && !uv_is_active((uv_handle_t *)&batches->window)) {
		uv_update_time(look->github->forge->loop);
		(void)uv_timer_start(&batches->window, window_closed, LIMIT_GITHUB_WINDOW_MS, 0);
	}
	github_batches_consider(batches);
}

static void nap_ended(uv_timer_t *timer) {
	struct github_batches *batches = timer->data;
	int64_t now_ms = (int64_t)uv_now(timer->loop);

	while (!list_is_empty(&batches->sleeping)) {
		struct github_look *first =
			container_of(batches->sleeping.next, struct github_look, node);

		if (first->due_ms > now_ms) {
			(void)uv_timer_start(timer, nap_ended, (uint64_t)(first->due_ms - now_ms), 0);
			return;
		}
		list_remove(&first->node);
		github_look_gather(first);
	}
}

void github_look_sleep(struct github_look *look, int64_t ms) {
	struct github_batches *batches = look->batches;
	uv_loop_t *loop = look->github->forge->loop;
	struct list *at = batches->sleeping.next;

	if (look->github->closing) {
		github_look_end(look, -ECANCELED);
		return;
	}
	uv_update_time(loop);
	look->due_ms = (int64_t)uv_now(loop) + ms;
	while (at != &batches->sleeping &&
		container_of(at, struct github_look, node)->due_ms <= look->due_ms) {
		at = at->next;
	}
	look->place = GITHUB_LOOK_SLEEPING;
	list_append(at, &look->node);
	if (batches->sleeping.next == &look->node) {
		(void)uv_timer_start(&batches->nap, nap_ended, (uint64_t)ms, 0);
	}
}

int github_look(struct github *github, struct github_look *look,
	void (*done)(struct github_look *look, int status)) {
	struct github_batches *batches =
		github->batches[look->waited_for ? GITHUB_WAITED_FOR : GITHUB_DUE];
	struct github_project repository;

	if (github->closing) {
		return -ESHUTDOWN;
	}
	if (batches->n_looks >= LIMIT_GITHUB_LOOKS) {
		return -EAGAIN;
	}
	look->github = github;
	look->batches = batches;
	look->done = done;
	look->number = look->pull_request;
	look->n_pages = 0;
	look->n_tries = 0;
	look->is_cancelled = false;
	look->sentence[0] = '\0';
	batches->n_looks++;
	if (!github_project_split(look->project, &repository) ||
		(look->head_repository[0] != '\0' &&
			!github_project_split(look->head_repository, &repository))) {
		(void)text_format(look->sentence, sizeof(look->sentence),
			"\"%s\" is no repository of GitHub: its name is OWNER/NAME; correct the project's name.",
			look->project);
		github_look_end(look, -EINVAL);
	} else {
		github_look_gather(look);
	}
	return 0;
}

/* ---- out ---- */

void github_look_end(struct github_look *look, int status) {
	struct github *github = look->github;

	look->status = status;
	look->place = GITHUB_LOOK_ENDED;
	if (status < 0) {
		github_look_finish(look);
	}
	if (status < 0 && look->sentence[0] == '\0') {
		(void)text_format(look->sentence, sizeof(look->sentence),
			"GitHub could not be asked about \"%s\": %s.", look->project,
			log_errno(status));
	}
	list_append(&look->batches->ended, &look->node);
	(void)uv_async_send(&github->wake);
}

void github_batches_woken(struct github *github) {
	struct list ended, *node;

	list_init(&ended);
	for (size_t i = 0; i < GITHUB_BATCHES; i++) {
		list_splice(&ended, &github->batches[i]->ended);
	}
	while ((node = list_take_first(&ended)) != NULL) {
		struct github_look *look = container_of(node, struct github_look, node);

		look->place = GITHUB_LOOK_IDLE;
		look->batches->n_looks--;
		look->done(look, look->status);
	}
}

void github_batches_consider(struct github_batches *batches) {
	if (batches->run == NULL && batches->n_gathered > 0 &&
		(batches->is_ripe || batches->n_gathered >= LIMIT_GITHUB_TARGETS) &&
		!batches->github->closing) {
		github_run_begin(batches);
	}
}

/* ---- ends ---- */

void github_look_cancel(struct github_look *look) {
	switch (look->place) {
	case GITHUB_LOOK_IDLE:
	case GITHUB_LOOK_ENDED: return;
	case GITHUB_LOOK_GATHERED: look->batches->n_gathered--; break;
	case GITHUB_LOOK_SLEEPING: break;
	case GITHUB_LOOK_ASKED: github_run_forget(look->batches->run, look); break;
	case GITHUB_LOOK_REST:
		look->is_cancelled = true;
		github_rest_cancel(look);
		return;
	}
	list_remove(&look->node);
	github_look_end(look, -ECANCELED);
}

int github_batches_open(struct github *github) {
	for (size_t i = 0; i < GITHUB_BATCHES; i++) {
		struct github_batches *batches = calloc(1, sizeof(*batches));

		if (batches == NULL) {
			github_batches_finish(github);
			return -ENOMEM;
		}
		batches->github = github;
		batches->size = LIMIT_GITHUB_TARGETS;
		list_init(&batches->gathered);
		list_init(&batches->sleeping);
		list_init(&batches->ended);
		github->batches[i] = batches;
	}
	return 0;
}

void github_batches_open_handles(struct github *github) {
	for (size_t i = 0; i < GITHUB_BATCHES; i++) {
		struct github_batches *batches = github->batches[i];

		(void)uv_timer_init(github->forge->loop, &batches->window);
		(void)uv_timer_init(github->forge->loop, &batches->nap);
		batches->window.data = batches;
		batches->nap.data = batches;
	}
}

void github_batches_close_handles(struct github *github) {
	for (size_t i = 0; i < GITHUB_BATCHES; i++) {
		github_close_handle(github, &github->batches[i]->window);
		github_close_handle(github, &github->batches[i]->nap);
	}
}

static void cancel_all(struct list *list) {
	while (!list_is_empty(list)) {
		github_look_cancel(container_of(list->next, struct github_look, node));
	}
}

void github_batches_close(struct github *github) {
	for (size_t i = 0; i < GITHUB_BATCHES; i++) {
		struct github_batches *batches = github->batches[i];

		(void)uv_timer_stop(&batches->window);
		(void)uv_timer_stop(&batches->nap);
		cancel_all(&batches->gathered);
		cancel_all(&batches->sleeping);
	}
}

bool github_batches_are_idle(const struct github *github) {
	bool idle = true;

	for (size_t i = 0; i < GITHUB_BATCHES; i++) {
		idle = idle && github->batches[i]->n_looks == 0 && github->batches[i]->run == NULL;
	}
	return idle;
}

void github_batches_finish(struct github *github) {
	for (size_t i = 0; i < GITHUB_BATCHES; i++) {
		free(TAKE_PTR(github->batches[i]));
	}
}
