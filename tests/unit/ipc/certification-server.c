/*
 * certification-server DIRECTORY - serves org.varlink.certification with our server code on DIRECTORY/control.sock,
 * until its standard input ends. Exits 0 when a client has passed End.
 *
 * The interface and its values are libvarlink's (varlink/org.varlink.certification.varlink, MIT).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/macro.h"
#include "daemon/ipc/call.h"
#include "daemon/ipc/interface.h"

#define CERTIFICATION "org.varlink.certification"
#define CLIENT_ID "certified-client"
#define N_REPLIES 10

#define STRUCT5                                                                                    \
	"\"bool\":false,\"int\":2,\"float\":3.141592653589793,\"string\":\"a lot of string\""
#define MAP7 "{\"bar\":\"Bar\",\"foo\":\"Foo\"}"
#define SET8 "{\"one\":{},\"two\":{},\"three\":{}}"
#define MYTYPE9                                                                                    \
	"{\"object\":{\"method\":\"org.varlink.certification.Test09\",\"parameters\":{\"map\":"    \
	"{\"foo\":\"Foo\",\"bar\":\"Bar\"}}},\"enum\":\"two\",\"struct\":{\"first\":1,\"second\":" \
	"\"2\"},\"array\":[\"one\",\"two\",\"three\"],\"dictionary\":{\"foo\":\"Foo\",\"bar\":"    \
	"\"Bar\"},\"stringset\":" SET8 ",\"nullable\":null,\"nullable_array_struct\":null,"        \
	"\"interface\":{\"foo\":[null,{\"foo\":\"foo\",\"bar\":\"bar\"},null,{\"one\":\"foo\","    \
	"\"two\":\"bar\"}],\"anon\":{\"foo\":true,\"bar\":false}}}"

struct step {
	const char *wants; /* the parameters but for client_id */
	const char *answer;
};

static const struct step steps[] = {
	{ "{}", "{\"bool\":true}" },
	{ "{\"bool\":true}", "{\"int\":1}" },
	{ "{\"int\":1}", "{\"float\":1.0}" },
	{ "{\"float\":1.0}", "{\"string\":\"ping\"}" },
	{ "{\"string\":\"ping\"}", "{" STRUCT5 "}" },
	{ "{" STRUCT5 "}", "{\"struct\":{" STRUCT5 "}}" },
	{ "{\"struct\":{" STRUCT5 "}}", "{\"map\":" MAP7 "}" },
	{ "{\"map\":" MAP7 "}", "{\"set\":" SET8 "}" },
	{ "{\"set\":" SET8 "}", "{\"mytype\":" MYTYPE9 "}" },
	{ "{\"mytype\":" MYTYPE9 "}", NULL },
};

static const char description[] =
	"# Interface to test varlink implementations against.\n"
	"interface org.varlink.certification\n\n"
	"type Interface (foo: ?[]?[string](foo, bar, baz), anon: (foo: bool, bar: bool))\n\n"
	"type MyType (object: object, enum: (one, two, three), struct: (first: int, second: string), array: []string,\n"
	"  dictionary: [string]string, stringset: [string](), nullable: ?string,\n"
	"  nullable_array_struct: ?[](first: int, second: string), interface: Interface)\n\n"
	"method Start() -> (client_id: string)\n"
	"method Test01(client_id: string) -> (bool: bool)\n"
	"method Test02(client_id: string, bool: bool) -> (int: int)\n"
	"method Test03(client_id: string, int: int) -> (float: float)\n"
	"method Test04(client_id: string, float: float) -> (string: string)\n"
	"method Test05(client_id: string, string: string) -> (bool: bool, int: int, float: float, string: string)\n"
	"method Test06(client_id: string, bool: bool, int: int, float: float, string: string) -> (\n"
	"  struct: (bool: bool, int: int, float: float, string: string))\n"
	"method Test07(client_id: string, struct: (bool: bool, int: int, float: float, string: string)) -> (\n"
	"  map: [string]string)\n"
	"method Test08(client_id: string, map: [string]string) -> (set: [string]())\n"
	"method Test09(client_id: string, set: [string]()) -> (mytype: MyType)\n"
	"# Returns more than one reply with continues.\n"
	"method Test10(client_id: string, mytype: MyType) -> (string: string)\n"
	"# Must be called with oneway.\n"
	"method Test11(client_id: string, last_more_replies: []string) -> ()\n"
	"method End(client_id: string) -> (all_ok: bool)\n\n"
	"error ClientIdError ()\n"
	"error CertificationError (wants: object, got: object)\n";

static size_t n_passed; /* steps of the one client, in order */
static bool passed_replies;
static bool all_ok;

static bool same(const json_t *a, const json_t *b);

static bool same_object(const json_t *a, const json_t *b) {
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)a, key, value) {
		if (!same(value, json_object_get(b, key))) {
			return false;
		}
	}
	return true;
}

static bool is_nothing(const json_t *value) {
	return value == NULL || json_is_null(value);
}

/* Equal as Varlink sees it: null is absent, and 1.0 may be written 1. */
static bool same(const json_t *a, const json_t *b) {
	if (is_nothing(a) || is_nothing(b)) {
		return is_nothing(a) && is_nothing(b);
	}
	if (json_is_number(a) && json_is_number(b)) {
		return json_number_value(a) == json_number_value(b);
	}
	if (json_is_object(a) && json_is_object(b)) {
		return same_object(a, b) && same_object(b, a);
	}
	if (json_is_array(a) && json_is_array(b) && json_array_size(a) == json_array_size(b)) {
		for (size_t i = 0; i < json_array_size(a); i++) {
			if (!same(json_array_get(a, i), json_array_get(b, i))) {
				return false;
			}
		}
		return true;
	}
	return json_equal(a, b);
}

static bool check_client(struct call *call) {
	const char *id = json_string_value(json_object_get(call_parameters(call), "client_id"));

	if (id == NULL || strcmp(id, CLIENT_ID) != 0) {
		call_error(call, CERTIFICATION ".ClientIdError", NULL);
		return false;
	}
	return true;
}

static bool check_parameters(struct call *call, json_t *wants) {
	json_t *got = json_copy((json_t *)call_parameters(call));
	bool ok;

	(void)json_object_del(got, "client_id");
	ok = same(wants, got);
	if (ok) {
		json_decref(wants);
		json_decref(got);
		return true;
	}
	call_error(call, CERTIFICATION ".CertificationError",
		json_pack("{s:o, s:o}", "wants", wants, "got", got));
	return false;
}

static bool check_step(struct call *call, size_t i) {
	if (!check_client(call) || !check_parameters(call, json_loads(steps[i].wants, 0, NULL))) {
		return false;
	}
	n_passed += i == n_passed;
	return true;
}

static void on_start(struct call *call, void *params) {
	n_passed = 0;
	passed_replies = false;
	call_reply(call, json_pack("{s:s}", "client_id", CLIENT_ID));
}

static void run_step(struct call *call, size_t i) {
	if (check_step(call, i)) {
		call_reply(call, json_loads(steps[i].answer, 0, NULL));
	}
}

#define STEP_HANDLER(name, index)                                                                  \
	static void name(struct call *call, void *params) {                                        \
		run_step(call, index);                                                             \
	}
STEP_HANDLER(on_test01, 0)
STEP_HANDLER(on_test02, 1)
STEP_HANDLER(on_test03, 2)
STEP_HANDLER(on_test04, 3)
STEP_HANDLER(on_test05, 4)
STEP_HANDLER(on_test06, 5)
STEP_HANDLER(on_test07, 6)
STEP_HANDLER(on_test08, 7)
STEP_HANDLER(on_test09, 8)

static json_t *reply_text(int number) {
	return json_sprintf("Reply number %d", number);
}

static void on_test10(struct call *call, void *params) {
	if (!check_step(call, 9)) {
		return;
	}
	for (int i = 1; i < N_REPLIES; i++) {
		if (call_stream(call, json_pack("{s:o}", "string", reply_text(i))) < 0) {
			break;
		}
	}
	call_reply(call, json_pack("{s:o}", "string", reply_text(N_REPLIES)));
}

static void on_test11(struct call *call, void *params) {
	json_t *replies = json_array();

	for (int i = 1; i <= N_REPLIES; i++) {
		(void)json_array_append_new(replies, reply_text(i));
	}
	if (check_client(call) &&
		check_parameters(call, json_pack("{s:o}", "last_more_replies", replies))) {
		passed_replies = true;
		call_reply(call, NULL);
	}
}

static void on_end(struct call *call, void *params) {
	if (check_client(call)) {
		all_ok = n_passed == ARRAY_SIZE(steps) && passed_replies;
		call_reply(call, json_pack("{s:b}", "all_ok", all_ok));
	}
}

static const struct ipc_method methods[] = {
	{ .name = "End", .handle = on_end },
	{ .name = "Start", .handle = on_start },
	{ .name = "Test01", .handle = on_test01 },
	{ .name = "Test02", .handle = on_test02 },
	{ .name = "Test03", .handle = on_test03 },
	{ .name = "Test04", .handle = on_test04 },
	{ .name = "Test05", .handle = on_test05 },
	{ .name = "Test06", .handle = on_test06 },
	{ .name = "Test07", .handle = on_test07 },
	{ .name = "Test08", .handle = on_test08 },
	{ .name = "Test09", .handle = on_test09 },
	{ .name = "Test10", .flags = IPC_NEEDS_MORE, .handle = on_test10 },
	{ .name = "Test11", .handle = on_test11 },
};

static const struct ipc_interface interface = { .name = CERTIFICATION,
	.description = description,
	.methods = methods,
	.n_methods = ARRAY_SIZE(methods) };

static void input_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret) {
	static char byte[64];

	*ret = uv_buf_init(byte, sizeof(byte));
}

static void input_readable(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	struct server *server = stream->data;

	if (n < 0) {
		uv_close((uv_handle_t *)stream, NULL);
		server_close(server, NULL, NULL);
	}
}

int main(int argc, char *argv[]) {
	static const struct ipc_interface *const interfaces[] = { &interface };
	static const struct ipc_service service = {
		.vendor = "codegend",
		.product = "certification",
		.version = "1",
		.url = "man:codegend-protocol(7)",
		.interfaces = interfaces,
		.n_interfaces = ARRAY_SIZE(interfaces),
	};
	struct server_options options = { .listen_fds = { -1, -1 } };
	char sentence[LIMIT_SENTENCE_MAX];
	struct server *server;
	uv_pipe_t input;
	uv_loop_t loop;

	if (argc != 2 || uv_loop_init(&loop) < 0) {
		return 2;
	}
	log_open("certification-server", LOG_LEVEL_INFO, false);
	options.loop = &loop;
	options.runtime_dir = argv[1];
	if (server_open_service(&options, &service, &server, sentence) < 0) {
		(void)fprintf(stderr, "%s\n", sentence);
		return 1;
	}
	if (uv_pipe_init(&loop, &input, 0) < 0 || uv_pipe_open(&input, 0) < 0) {
		return 1;
	}
	input.data = server;
	(void)uv_read_start((uv_stream_t *)&input, input_alloc, input_readable);
	(void)printf("ready\n");
	(void)fflush(stdout);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&loop);
	return all_ok ? 0 : 1;
}
