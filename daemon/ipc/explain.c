/* Explain: a task or an incident, all that belongs to it, and where it stands in words. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/id.h"
#include "common/text.h"
#include "daemon/ipc/explain_text.h"
#include "daemon/ipc/handlers.h"

static void explain_story(struct explain_params *p);
static void explain_counts(struct explain_params *p);

/* Everything was read, or something failed: answers and lets go. */
static void explain_end(struct explain_params *p, int status, json_t *answer) {
	if (answer != NULL) {
		call_reply(p->call, answer);
	} else {
		char sentence[LIMIT_SENTENCE_MAX] = "";

		if (status == -ENOENT) {
			text_format(sentence, sizeof(sentence),
				"there is no task or incident with the id \"%s\"", p->id);
		}
		call_fail(p->call, status, sentence);
	}
	store_get_finish(&p->task);
	store_story_finish(&p->story);
	store_page_finish(&p->events);
	json_decref(TAKE_PTR(p->recent));
	call_unref(p->call);
}

/* The answer */

static bool explain_is_paused(const struct explain_params *p) {
	const char *const *paused = engine_paused(call_engine(p->call));
	const char *project = p->has_incident ? p->story.incident.project : p->task.task.project;

	for (size_t i = 0; paused != NULL && paused[i] != NULL; i++) {
		if (strcmp(paused[i], "*") == 0 || strcmp(paused[i], project) == 0) {
			return true;
		}
	}
	return false;
}

static int64_t explain_max_cycle(const struct explain_params *p) {
	const struct config *config = engine_config(call_engine(p->call));
	struct policy policy;

	if (config_policy(config, p->story.incident.project, &policy) < 0) {
		policy = config->defaults;
	}
	return incident_max_cycle(&p->story.incident, &policy);
}

static void find_obstacle(void *user, const struct task *task, char ret_why[LIMIT_SENTENCE_MAX]) {
	engine_explain_task(user, task, ret_why);
}

static int explain_words(struct explain_params *p, struct buffer *out) {
	struct explain_facts facts = {
		.incident = &p->story.incident,
		.tasks = p->story.tasks,
		.n_tasks = p->story.n_tasks,
		.others = p->story.others,
		.n_others = p->story.n_others,
		.max_cycle = p->has_incident ? explain_max_cycle(p) : 0,
		.now_ms = clock_now_ms(),
		.paused = explain_is_paused(p),
		.find_obstacle = find_obstacle,
		.user = call_engine(p->call),
	};
	int r = 0;

	if (p->has_task) {
		r = explain_task(out, &p->task.task, &facts);
		facts.told_task = p->task.task.id;
	}
	if (r == 0 && p->has_task && p->has_incident) {
		r = buffer_append_str(out, " ");
	}
	return r == 0 && p->has_incident ? explain_incident(out, &facts) : r;
}

static json_t *explain_tasks(const struct explain_params *p) {
	json_t *tasks = json_array();

	for (size_t i = 0; i < p->story.n_tasks; i++) {
		(void)json_array_append_new(tasks, task_to_json(&p->story.tasks[i]));
	}
	return tasks;
}

static json_t *explain_to_json(struct explain_params *p) {
	json_t *answer = json_object();
	struct buffer words;
	int r;

	buffer_init(&words, LIMIT_DETAILS_MAX_BYTES);
	r = explain_words(p, &words);
	if (r == 0) {
		r = set_new(answer, "text", json_string(words.data));
	}
	buffer_finish(&words);
	if (r == 0 && p->has_task) {
		r = set_new(answer, "task", task_to_json(&p->task.task));
	}
	if (r == 0 && p->has_incident) {
		r = set_new(answer, "incident",
			incident_as_json(p->call, &p->story.incident,
				explain_next_check_ms(p->story.tasks, p->story.n_tasks)));
	}
	if (r == 0) {
		r = set_new(answer, "tasks", explain_tasks(p));
	}
	if (r == 0) {
		r = set_new(answer, "events", json_incref(p->recent));
	}
	if (r < 0) {
		json_decref(answer);
		return NULL;
	}
	return answer;
}

/* Its events: the newest ones are kept while the log is paged through, oldest first */

static void events_done(struct store_req *req, int status);

static int explain_events(struct explain_params *p, int64_t cursor) {
	p->events = (struct store_page){
		.kind = STORE_NOTES,
		.status = -1,
		.type = -1,
		.state = -1,
		.incident_id = p->has_incident ? p->story.incident.id : 0,
		.limit = LIMIT_STORE_PAGE_ROWS,
		.cursor = cursor,
	};
	return store_page(engine_store(call_engine(p->call)), &p->events, events_done);
}

static int keep_event(struct explain_params *p, const struct note *note) {
	if (!p->has_incident && note->task_id != p->task.task.id) {
		return 0;
	}
	if (json_array_size(p->recent) >= LIMIT_EXPLAIN_EVENTS) {
		(void)json_array_remove(p->recent, 0);
	}
	return json_array_append_new(p->recent, note_to_json(note)) < 0 ? -ENOMEM : 0;
}

static void events_done(struct store_req *req, int status) {
	struct store_page *page = container_of(req, struct store_page, req);
	struct explain_params *p = container_of(page, struct explain_params, events);
	int64_t next = page->next;
	json_t *answer = NULL;

	for (size_t i = 0; i < page->n_rows && status == 0; i++) {
		status = keep_event(p, &page->notes[i]);
	}
	store_page_finish(page);
	if (status == 0 && next != 0) {
		status = explain_events(p, next);
		if (status == 0) {
			return;
		}
	}
	if (status == 0) {
		answer = explain_to_json(p);
	}
	explain_end(p, status == 0 ? -ENOMEM : status, answer);
}

/* A task of no incident: only the end of the log is looked at. */
static void counts_done(struct store_req *req, int status) {
	struct store_counts *counts = container_of(req, struct store_counts, req);
	struct explain_params *p = container_of(counts, struct explain_params, counts);

	if (status == 0) {
		status = explain_events(p, MAX(counts->last_seq - LIMIT_STORE_SCAN_ROWS, INT64_C(0)));
	}
	if (status < 0) {
		explain_end(p, status, NULL);
	}
}

static void explain_counts(struct explain_params *p) {
	int r;

	p->counts.now_ms = clock_now_ms();
	r = store_counts(engine_store(call_engine(p->call)), &p->counts, counts_done);
	if (r < 0) {
		explain_end(p, r, NULL);
	}
}

/* What it is */

static void story_done(struct store_req *req, int status) {
	struct store_story *story = container_of(req, struct store_story, req);
	struct explain_params *p = container_of(story, struct explain_params, story);

	if (status == 0) {
		p->has_incident = true;
		status = explain_events(p, 0);
	} else if (status == -ENOENT && p->has_task) {
		explain_counts(p); /* the incident is no longer kept */
		return;
	}
	if (status < 0) {
		explain_end(p, status, NULL);
	}
}

static void explain_story(struct explain_params *p) {
	int r = store_story(engine_store(call_engine(p->call)), &p->story, story_done);

	if (r < 0) {
		explain_end(p, r, NULL);
	}
}

static void task_done(struct store_req *req, int status) {
	struct store_get *get = container_of(req, struct store_get, req);
	struct explain_params *p = container_of(get, struct explain_params, task);

	if (status < 0) {
		explain_end(p, status, NULL);
		return;
	}
	p->has_task = true;
	p->story.incident_id = get->task.incident_id;
	if (get->task.incident_id != 0) {
		explain_story(p);
	} else {
		explain_counts(p);
	}
}

void on_explain(struct call *call, void *params) {
	struct explain_params *p = params;
	enum id_kind kind = ID_KIND_COUNT;
	int64_t id = 0;
	int r;

	p->call = call_ref(call);
	p->recent = json_array();
	p->task.kind = STORE_TASKS;
	r = id_parse_any(p->id, &kind, &id);
	if (r < 0 || (kind != ID_TASK && kind != ID_INCIDENT)) {
		explain_end(p, -ENOENT, NULL);
		return;
	}
	if (kind == ID_INCIDENT) {
		p->story.incident_id = id;
		explain_story(p);
		return;
	}
	p->task.id = id;
	r = store_get(engine_store(call_engine(call)), &p->task, task_done);
	if (r < 0) {
		explain_end(p, r, NULL);
	}
}
