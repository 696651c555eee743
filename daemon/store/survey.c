/* What a start must know: the lanes, what was executing, what is paused, what the forges remember. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/store/internal.h"

static int survey_lanes(struct db *db, struct store_survey *survey) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_TASK_LANES);
	int status;

	while ((status = db_step(db, statement)) > 0) {
		struct store_lane *lane = array_grow(&survey->lanes, &survey->n_lanes, sizeof(*lane));

		if (lane == NULL) {
			return -ENOMEM;
		}
		TEXT_SET(lane->name, (const char *)sqlite3_column_text(statement, 0));
		lane->next_due_ms = sqlite3_column_int64(statement, 1);
		lane->n_scheduled = sqlite3_column_int64(statement, 2);
	}
	return status;
}

static int survey_executing(struct db *db, struct store_survey *survey) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_TASK_EXECUTING);
	int status;

	while ((status = db_step(db, statement)) > 0) {
		struct store_executing *one =
			array_grow(&survey->executing, &survey->n_executing, sizeof(*one));

		if (one == NULL) {
			return -ENOMEM;
		}
		one->id = sqlite3_column_int64(statement, 0);
		TEXT_SET(one->project, (const char *)sqlite3_column_text(statement, 1));
		one->interrupted = sqlite3_column_int64(statement, 2);
	}
	return status;
}

static int survey_paused(struct db *db, struct store_survey *survey) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_PAUSES);
	size_t n = 0;
	int status;

	while ((status = db_step(db, statement)) > 0) {
		bool failed = false;
		char **project = array_grow(&survey->paused, &n, sizeof(*project));

		if (project == NULL) {
			return -ENOMEM;
		}
		*project = text_dup((const char *)sqlite3_column_text(statement, 0), &failed);
		if (failed) {
			return -ENOMEM;
		}
	}
	if (status == 0 && array_grow(&survey->paused, &n, sizeof(char *)) == NULL) {
		return -ENOMEM;
	}
	return status;
}

/* What cannot be read is as good as forgotten: the forge learns it anew. */
static int survey_memory(struct store_survey *survey, const char *name, const char *memory) {
	json_t *json = json_loads(memory, JSON_DECODE_ANY, NULL);

	if (json == NULL) {
		log_about(&(struct log_about){ .forge = name }, LOG_LEVEL_WARNING,
			"What forge \"%s\" remembered cannot be read, ignoring.", name);
		return 0;
	}
	return json_object_set_new(survey->forges, name, json) < 0 ? -ENOMEM : 0;
}

static int survey_forges(struct db *db, struct store_survey *survey) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_FORGES);
	int status;

	survey->forges = json_object();
	if (survey->forges == NULL) {
		return -ENOMEM;
	}
	while ((status = db_step(db, statement)) > 0) {
		status = survey_memory(survey, (const char *)sqlite3_column_text(statement, 0),
			(const char *)sqlite3_column_text(statement, 1));
		if (status < 0) {
			return status;
		}
	}
	return status;
}

static int survey_run(struct db *db, struct store_req *req) {
	struct store_survey *survey = container_of(req, struct store_survey, req);
	int status = survey_lanes(db, survey);

	if (status == 0) {
		status = survey_executing(db, survey);
	}
	if (status == 0) {
		status = survey_paused(db, survey);
	}
	return status < 0 ? status : survey_forges(db, survey);
}

static void survey_reset(struct store_req *req) {
	store_survey_finish(container_of(req, struct store_survey, req));
}

void store_survey_finish(struct store_survey *survey) {
	for (char **project = survey->paused; project != NULL && *project != NULL; project++) {
		free(*project);
	}
	free(TAKE_PTR(survey->paused));
	free(TAKE_PTR(survey->lanes));
	free(TAKE_PTR(survey->executing));
	json_decref(TAKE_PTR(survey->forges));
	survey->n_lanes = 0;
	survey->n_executing = 0;
}

int store_survey(struct store *store, struct store_survey *survey, store_done_fn *done) {
	static const struct store_op op = { "survey", false, survey_run, survey_reset, false };

	survey->lanes = NULL;
	survey->executing = NULL;
	survey->paused = NULL;
	survey->forges = NULL;
	survey->n_lanes = 0;
	survey->n_executing = 0;
	return store_queue(store, &survey->req, &op, done);
}
