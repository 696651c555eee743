/* publish_scene - an incident of acme/web, and publishes of it on the GitHub in memory. */
#pragma once

#include "tests/unit/forge/fake_github.h"

#define SCENE_HEAD "1111111111111111111111111111111111111111"

struct scene {
	struct incident incident;
	struct report report;
	struct task tasks[8]; /* the history; the last one is being executed */
	size_t n_tasks;
	struct policy policy;
	struct forge_publish publish;
};

extern struct scene scene;

void scene_begin(void);
void scene_end(void);
/* A pull request; `head` NULL: its repository is gone. */
void scene_pull(int64_t number, const char *head, const char *ref, const char *association);
json_t *scene_newest_pull(void);
/* The next task of the incident, which a publish executes. */
struct task *scene_task(enum task_type type);
/* One attempt with what is on disk: whatever is left to do, until its end or our own. Returns its status. */
int scene_publish(enum forge_purpose purpose);
/* Attempts, whatever time it takes, until one goes well; then news as long as another look is wanted. */
void scene_publish_until_well(enum forge_purpose purpose);
