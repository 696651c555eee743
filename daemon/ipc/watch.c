/*
 * Watch: the event log, what is stored after `since` (or the `last` ones) and then what comes.
 *
 * While the old events are paged in, new ones are committed too: each page is read from the store, and a watcher goes
 * live only when a page found nothing more and no event has come meanwhile. So none is left out and none comes twice.
 */
#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "daemon/ipc/handlers.h"
#include "daemon/ipc/internal.h"

struct watch {
	struct engine_watcher watcher;
	struct store_page page;
	struct call *call;
	int64_t seq; /* the last one sent, or the position it began at: negative, so many before the newest */
	int64_t newest; /* the last one that was committed meanwhile */
	bool live;
	bool paging;
	bool gone;
};

void watch_preset(void *params) {
	struct watch_params *p = params;

	p->since = -1;
}

/* Frees it, unless a page is on its way. The call is answered, or its peer gone. */
static void watch_release(struct watch *watch) {
	struct server *server = call_server(watch->call);

	if (watch->gone) {
		return;
	}
	watch->gone = true;
	server->n_watchers--;
	engine_unwatch(&watch->watcher);
	if (!watch->paging) {
		call_unref(watch->call);
		free(watch);
	}
}

static void watch_gone(void *user) {
	watch_release(user);
}

static void watch_fail(struct watch *watch, int status, const char *sentence) {
	struct call *call = call_ref(watch->call);

	call_fail(call, status, sentence);
	watch_release(watch);
	call_unref(call);
}

/* Returns: 0; negative, the watch was released (or will be as its page arrives). */
static int watch_send(struct watch *watch, const struct note *note) {
	json_t *event = note_to_json(note);
	json_t *answer = event != NULL ? wrap("event", event) : NULL;
	int r = answer != NULL ? call_stream(watch->call, answer) : -ENOMEM;

	if (r == 0) {
		watch->seq = note->seq;
	} else if (r != -EPIPE && r != -ENOBUFS) {
		watch_fail(watch, r, NULL);
	}
	/* Otherwise the connection ends, which releases the watch. */
	return r;
}

static void watch_noted(struct engine_watcher *watcher, const struct note *note) {
	struct watch *watch = container_of(watcher, struct watch, watcher);

	watch->newest = MAX(watch->newest, note->seq);
	if (watch->live && note->seq > watch->seq) {
		(void)watch_send(watch, note); /* may release it */
	}
}

static int watch_page(struct watch *watch);

static void watch_page_done(struct store_req *req, int status) {
	struct store_page *page = container_of(req, struct store_page, req);
	struct watch *watch = container_of(page, struct watch, page);
	size_t n_rows = page->n_rows;

	watch->paging = false;
	watch->seq = MAX(watch->seq, INT64_C(0));
	for (size_t i = 0; i < n_rows && status == 0 && !watch->gone; i++) {
		status = watch_send(watch, &page->notes[i]);
	}
	store_page_finish(page);
	if (watch->gone) {
		call_unref(watch->call);
		free(watch);
		return;
	}
	if (status == -EPIPE || status == -ENOBUFS) {
		return;
	}
	if (status == 0 && (n_rows > 0 || watch->newest > watch->seq)) {
		status = watch_page(watch);
	} else if (status == 0) {
		watch->live = true;
	}
	if (status < 0) {
		watch_fail(watch, status, NULL);
	}
}

static int watch_page(struct watch *watch) {
	int r;

	watch->page = (struct store_page){
		.kind = STORE_NOTES,
		.status = -1,
		.type = -1,
		.state = -1,
		.limit = LIMIT_STORE_PAGE_ROWS,
		.cursor = watch->seq,
	};
	r = store_page(engine_store(call_engine(watch->call)), &watch->page, watch_page_done);
	watch->paging = r == 0;
	return r;
}

void on_watch(struct call *call, void *params) {
	const struct watch_params *p = params;
	struct server *server = call_server(call);
	struct watch *watch;
	int r = 0;

	if (p->last < 0 || (p->last > 0 && p->since >= 0)) {
		call_refuse(
			call, "last", "`last` is a number from 0 on, and does not go with `since`");
		return;
	}
	if (server->n_watchers >= LIMIT_WATCHERS_MAX) {
		call_fail(call, -EAGAIN, "there are too many watchers");
		return;
	}
	watch = calloc(1, sizeof(*watch));
	if (watch == NULL) {
		call_fail(call, -ENOMEM, NULL);
		return;
	}
	server->n_watchers++;
	watch->call = call_ref(call);
	watch->watcher.noted = watch_noted;
	watch->seq = p->last > 0 ? -p->last : MAX(p->since, INT64_C(0));
	watch->live = p->since < 0 && p->last == 0;
	engine_watch(call_engine(call), &watch->watcher);
	if (!watch->live) {
		r = watch_page(watch);
	}
	if (r < 0) {
		watch_fail(watch, r, NULL);
		return;
	}
	call_on_gone(call, watch_gone, watch);
}
