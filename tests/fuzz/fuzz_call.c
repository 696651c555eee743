/*
 * A call of any method, from either socket, up to where its handler would ask engine or store: these are played here
 * and take no work. Whatever it says, it gets one whole answer, and nothing of it is left.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/protocol.h"
#include "daemon/ipc/internal.h"
#include "daemon/model/redact.h"
#include "tests/fuzz/fuzz.h"

static const char settings[] = "project \"acme/*\" {\n\tsubmitters = { \"root\" }\n}\n"
			       "unknown-projects = \"allow\"\n";

/* Made once. */
static const struct config *played_config(void) {
	static struct config *config;
	struct config_errors errors;
	char path[64];
	int fd;

	if (config != NULL) {
		return config;
	}
	fd = memfd_create("config", MFD_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && write(fd, settings, strlen(settings)) == (ssize_t)strlen(settings));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	FUZZ_CHECK(config_load(path, true, &config, &errors) == 0);
	config_errors_finish(&errors);
	close(fd);
	return config;
}

/* clang-format off */
const struct config *__wrap_engine_config(const struct engine *engine);
const struct config *__wrap_engine_config(const struct engine *engine) { return played_config(); }
struct store *__wrap_engine_store(struct engine *engine);
struct store *__wrap_engine_store(struct engine *engine) { return NULL; }
/* The link names the function that a handler would call. */
#define NO_WORK(function, ...)                                                                     \
	int __wrap_##function(__VA_ARGS__);                                                        \
	int __wrap_##function(__VA_ARGS__) { return -ESHUTDOWN; }
NO_WORK(engine_operate, void *engine, void *operate, void *done)
NO_WORK(engine_check, void *engine, void *check, void *done)
NO_WORK(engine_ready, void *engine, void *ready, void *done)
NO_WORK(engine_cleanup, void *engine, void *cleanup, void *done)
NO_WORK(engine_pause, void *engine, void *pause, void *done)
NO_WORK(store_get, void *store, void *get, void *done)
NO_WORK(store_page, void *store, void *page, void *done)
NO_WORK(store_stats, void *store, void *stats, void *done)
NO_WORK(store_story, void *store, void *story, void *done)
NO_WORK(store_counts, void *store, void *counts, void *done)
NO_WORK(store_ticket, void *store, void *ticket, void *done)
NO_WORK(store_add_report, void *store, void *add, void *done)
void __wrap_engine_watch(struct engine *engine, struct engine_watcher *watcher);
void __wrap_engine_watch(struct engine *engine, struct engine_watcher *watcher) {}
void __wrap_engine_unwatch(struct engine_watcher *watcher);
void __wrap_engine_unwatch(struct engine_watcher *watcher) {}
/* clang-format on */

int __wrap_engine_submit(void *engine, struct engine_submit *submit, void *done);

/* What was let in is fit to be stored. */
int __wrap_engine_submit(void *engine, struct engine_submit *submit, void *done) {
	json_t *shown;

	FUZZ_CHECK(report_redact(&submit->report, submit->build.quality) == 0);
	shown = report_to_json(&submit->report);
	FUZZ_CHECK(shown != NULL);
	json_decref(shown);
	return -ESHUTDOWN;
}

static void open_place(struct server *server, struct conn *conn, enum server_socket socket) {
	static const struct ipc_interface *const interfaces[] = { &methods_interface };
	static const struct ipc_service service = { .vendor = "codegend",
		.product = "codegend",
		.version = CODEGEND_VERSION,
		.url = "man:codegend-protocol(7)",
		.interfaces = interfaces,
		.n_interfaces = 1 };

	*server = (struct server){ .service = &service, .loop = uv_default_loop() };
	list_init(&server->conns);
	list_init(&server->ready);
	list_init(&server->held);
	list_init(&server->lists_waiting);
	*conn = (struct conn){ .server = server, .socket = socket, .peer.uid = 4711 };
	list_init(&conn->node);
	list_init(&conn->ready);
	list_init(&conn->calls);
	buffer_init(&conn->out, LIMIT_UNREAD_OUTPUT_MAX_BYTES + LIMIT_FRAME_MAX_BYTES);
}

/* The methods that take nothing tell of the engine, which is not there. */
static bool is_of_interest(const json_t *message) {
	const char *method = json_string_value(json_object_get(message, "method"));
	size_t len = strlen(PROTOCOL_INTERFACE ".");

	for (size_t i = 0; method != NULL && i < methods_interface.n_methods; i++) {
		if (strlen(method) > len &&
			strcmp(methods_interface.methods[i].name, method + len) == 0) {
			return methods_interface.methods[i].n_fields > 0;
		}
	}
	return true;
}

static void has_one_answer(const struct buffer *out) {
	json_t *answer;

	FUZZ_CHECK(out->len > 0 && strlen(out->data) == out->len - 1);
	answer = json_loads(out->data, JSON_REJECT_DUPLICATES, NULL);
	FUZZ_CHECK(json_is_object(json_object_get(answer, "parameters")));
	json_decref(answer);
}

static void call(json_t *message, enum server_socket socket) {
	bool oneway = json_is_true(json_object_get(message, "oneway"));
	struct server server;
	struct conn conn;

	open_place(&server, &conn, socket);
	if (call_dispatch(&conn, json_deep_copy(message), 1000) == 0) {
		bool watches = conn.n_calls > 0;

		FUZZ_CHECK(!watches || server.n_watchers == 1);
		if (!watches && !oneway) {
			has_one_answer(&conn.out);
		}
	}
	call_orphan_all(&conn);
	FUZZ_CHECK(server.n_calls == 0 && server.n_watchers == 0 && server.n_lists == 0);
	buffer_finish(&conn.out);
}

void fuzz_one(struct fuzz in) {
	json_t *message = json_loadb(in.data, in.len, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(message) && is_of_interest(message)) {
		call(message, SERVER_SUBMIT);
		call(message, SERVER_CONTROL);
	}
	json_decref(message);
}
