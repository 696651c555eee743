/*
 * interface - what a server serves: interfaces and their methods, as tables. Constant data.
 *
 * The server core knows no method of ours: a test serves org.varlink.certification with it.
 */
#pragma once

#include <stddef.h>

#include "common/jfield.h"
#include "common/macro.h"
#include "daemon/ipc/server.h"

struct call;

enum ipc_access {
	IPC_SUBMIT,  /* on both sockets */
	IPC_CONTROL, /* on the control socket only */
};

enum ipc_flags {
	IPC_MORE = 1 << 0,	 /* may answer more than once when it is called with `more` */
	IPC_NEEDS_MORE = 1 << 1, /* ExpectedMore without it */
};

/* `params` is the struct that `fields` describe, filled in; it lives as long as the call. NULL without fields. */
typedef void ipc_handler_fn(struct call *call, void *params);

struct ipc_method {
	const char *name;
	enum ipc_access access;
	int flags;
	const struct jfield *fields; /* NULL: the handler reads call_parameters() itself */
	size_t n_fields;
	size_t params_size;
	ipc_handler_fn *handle;
	void (*preset)(void *params); /* NULL, or sets what an absent parameter means; before decoding */
};

struct ipc_interface {
	const char *name;
	const char *description;	  /* the .varlink text */
	const struct ipc_method *methods; /* sorted by name */
	size_t n_methods;
};

struct ipc_service {
	const char *vendor;
	const char *product;
	const char *version;
	const char *url;
	const struct ipc_interface *const *interfaces; /* org.varlink.service is added to them */
	size_t n_interfaces;
};

/* io.codegend; the table is in methods.c. */
extern const struct ipc_interface methods_interface;

/* org.varlink.service: who we are and what the interfaces are (service.c). */
extern const struct ipc_interface service_interface;

/* As server_open(), for any service. `service` is borrowed and outlives the server. */
must_check int server_open_service(const struct server_options *options,
	const struct ipc_service *service, struct server **ret_server, char *ret_sentence);
