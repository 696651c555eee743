/*
 * import, export: task and report files, of the old scripts and our own.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/file.h"
#include "client/print.h"
#include "client/progress.h"
#include "client/request.h"
#include "common/address.h"
#include "common/fd.h"
#include "common/json_memory.h"
#include "common/log.h"
#include "common/text.h"

#define TASKS_DIR ".codegen-tasks"
#define REPORTS_DIR ".codegen-reports"

struct import {
	const struct invocation *inv;
	struct call_conn *conn;
	json_t *files; /* {"file","outcome","id","message"} each */
	size_t n_imported;
	size_t n_exists;
	size_t n_skipped;
	struct progress progress; /* unless a line for each file shows on the terminal */
};

static int note_outcome(struct import *import, const char *path, const char *outcome, json_t *id,
	const char *message) {
	_cleanup_(freep) char *shown = print_one_line(path), *sentence = print_one_line(message);

	import->n_imported += strcmp(outcome, "imported") == 0;
	import->n_exists += strcmp(outcome, "exists") == 0;
	import->n_skipped += strcmp(outcome, "skipped") == 0;
	if (shown == NULL || sentence == NULL ||
		json_array_append_new(import->files,
			json_pack("{s:s, s:s, s:O?, s:s}", "file", shown, "outcome", outcome, "id",
				id, "message", sentence)) < 0) {
		return failure_report(FAILURE_FAILED, NULL, "out of memory");
	}
	if (!import->inv->json) {
		print_plain("%-8s  %s: %s", outcome, shown, sentence);
	}
	return 0;
}

static int import_file(struct import *import, const char *dir, const char *name) {
	_cleanup_(freep) char *content = NULL, *clean_name = print_one_line(name);
	char path[ADDRESS_PATH_MAX];
	json_t *answer = NULL;
	size_t len = 0;
	int r = address_join(path, sizeof(path), dir, name);

	if (r < 0) {
		return note_outcome(import, name, "skipped", NULL, log_errno(r));
	}
	r = file_read_whole(
		path, FILE_REGULAR, CLIENT_IMPORT_MAX_BYTES, CALL_NO_DEADLINE, &content, &len);
	if (r < 0) {
		return note_outcome(import, path, "skipped", NULL, file_problem(r));
	}
	if (strlen(content) != len || !text_is_utf8(content, len)) {
		return note_outcome(import, path, "skipped", NULL, "it is not UTF-8 text");
	}
	r = request_call(import->inv, import->conn, "Import",
		json_pack("{s:s, s:s}", "name", clean_name != NULL ? clean_name : "", "content",
			content),
		&answer);
	if (r != 0) {
		return r;
	}
	r = note_outcome(import, path, json_text(answer, "outcome"), json_object_get(answer, "id"),
		json_text(answer, "message"));
	json_decref(answer);
	return r;
}

static int is_json_file(const struct dirent *entry) {
	size_t len = strlen(entry->d_name);

	return len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

/* Every *.json of one directory, oldest name first. A directory that is missing is no failure here. */
static int import_dir(struct import *import, const char *dir, bool *ret_exists) {
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_json_file, alphasort), r = 0;

	*ret_exists = n >= 0;
	if (n < 0 && errno != ENOENT) {
		failure_warn("cannot read \"%s\": %s", dir, log_errno(-errno));
	}
	for (int i = 0; i < n; i++) {
		progress_show(&import->progress, "Importing: %d of %d files", i + 1, n);
		if (r == 0) {
			r = import_file(import, dir, entries[i]->d_name);
		}
		free(entries[i]);
	}
	free(entries);
	progress_end(&import->progress);
	return r;
}

static int import_all(struct import *import, const char *dir) {
	static const char *const below[] = { TASKS_DIR, REPORTS_DIR };
	char path[ADDRESS_PATH_MAX];
	bool exists = false, ignored;
	int r = import_dir(import, dir, &exists);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(below); i++) {
		if (address_join(path, sizeof(path), dir, below[i]) < 0) {
			continue;
		}
		r = import_dir(import, path, &ignored);
		exists = exists || ignored;
	}
	if (r == 0 && !exists) {
		r = failure_report(FAILURE_FAILED,
			"name the directory that holds " TASKS_DIR " or " REPORTS_DIR,
			"there is no directory \"%s\" to import from", dir);
	} else if (r == 0 && json_array_size(import->files) == 0) {
		r = failure_report(FAILURE_FAILED,
			"name the directory that holds " TASKS_DIR " or " REPORTS_DIR,
			"\"%s\" holds no task and no report", dir);
	}
	return r;
}

static int print_import(const struct import *import) {
	json_t *document;
	int r;

	if (!import->inv->json) {
		printf("%zu imported, %zu existed, %zu skipped.\n", import->n_imported,
			import->n_exists, import->n_skipped);
		return 0;
	}
	document = json_pack("{s:i, s:i, s:i, s:O}", "imported", (int)import->n_imported, "existed",
		(int)import->n_exists, "skipped", (int)import->n_skipped, "files", import->files);
	r = document != NULL ? request_print_json(document)
			     : failure_report(FAILURE_FAILED, NULL, "out of memory");
	json_decref(document);
	return r;
}

int cmd_import(const struct invocation *inv) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	struct import import = { .inv = inv };
	int r = request_open(inv, &conn);

	if (r != 0) {
		return r;
	}
	import.conn = conn;
	import.progress = progress_begin(inv);
	import.progress.is_on = import.progress.is_on && isatty(STDOUT_FILENO) == 0;
	import.files = json_array();
	r = import_all(&import, inv->args[0]);
	r = r != 0 ? r : print_import(&import);
	json_decref(import.files);
	return r;
}

/* DIR/`kind`/`id`.json. An id from the wire is a file's name only when it cannot leave the directory. */
static int export_object(const char *dir, const json_t *object) {
	_cleanup_(freep) char *text = NULL;
	const char *id = json_text(object, "id");
	char path[ADDRESS_PATH_MAX], name[CLIENT_NAME_MAX];
	int r;

	if (id[0] == '\0' || id[0] == '.' || strchr(id, '/') != NULL ||
		!text_format(name, sizeof(name), "%s.json", id)) {
		return failure_report(FAILURE_PROTOCOL, NULL, "\"%s\" is no id", id);
	}
	text = json_memory_dump(object, JSON_INDENT(2));
	r = text != NULL ? address_join(path, sizeof(path), dir, name) : -ENOMEM;
	r = r < 0 ? r : fd_write_file_atomic(path, text, strlen(text), 0600);
	return r < 0 ? failure_report(FAILURE_FAILED, NULL, "cannot write \"%s\" in \"%s\": %s",
			       name, dir, log_errno(r))
		     : 0;
}

struct export {
	const char *dir;
	const char *list; /* its method, and its array */
	const char *member;
	const char *get; /* asked for each; the list may leave long texts out. NULL: the list has all */
	const char *single;
};

static int export_item(const struct invocation *inv, struct call_conn *conn,
	const struct export *export, const char *dir, const json_t *item) {
	json_t *answer = NULL;
	int r;

	if (export->get == NULL) {
		return export_object(dir, item);
	}
	r = request_call(
		inv, conn, export->get, json_pack("{s:s}", "id", json_text(item, "id")), &answer);
	if (r != 0) {
		return r;
	}
	r = export_object(dir, json_object_get(answer, export->single));
	json_decref(answer);
	return r;
}

static int export_kind(const struct invocation *inv, const struct export *export, size_t *ret_count) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	char dir[ADDRESS_PATH_MAX];
	struct progress progress = progress_begin(inv);
	json_t *list = NULL, *item;
	size_t i;
	int r = address_join(dir, sizeof(dir), inv->args[0], export->dir);

	r = r < 0 ? r : fd_make_dirs(dir, 0700);
	if (r < 0) {
		return failure_report(FAILURE_FAILED, NULL, "cannot make \"%s\" in \"%s\": %s",
			export->dir, inv->args[0], log_errno(r));
	}
	r = request_list(inv, export->list, export->member, json_object(), 0, &list);
	r = r != 0 ? r : request_open(inv, &conn);
	*ret_count = json_array_size(json_object_get(list, export->member));
	json_array_foreach(json_object_get(list, export->member), i, item) {
		progress_show(&progress, "Writing %s: %zu of %zu", export->member, i + 1, *ret_count);
		if (r == 0) {
			r = export_item(inv, conn, export, dir, item);
		}
	}
	progress_end(&progress);
	json_decref(list);
	return r;
}

int cmd_export(const struct invocation *inv) {
	static const struct export tasks = { TASKS_DIR, "ListTasks", "tasks", NULL, NULL };
	static const struct export reports = { REPORTS_DIR, "ListReports", "reports", "GetReport",
		"report" };
	size_t n_tasks = 0, n_reports = 0;
	json_t *document;
	int r = export_kind(inv, &tasks, &n_tasks);

	r = r != 0 ? r : export_kind(inv, &reports, &n_reports);
	if (r != 0) {
		return r;
	}
	if (!inv->json) {
		printf("%zu tasks, %zu reports.\n", n_tasks, n_reports);
		return 0;
	}
	document = json_pack(
		"{s:I, s:I}", "tasks", (json_int_t)n_tasks, "reports", (json_int_t)n_reports);
	r = document != NULL ? request_print_json(document)
			     : failure_report(FAILURE_FAILED, NULL, "out of memory");
	json_decref(document);
	return r;
}
