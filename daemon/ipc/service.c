/* org.varlink.service: what every Varlink service says of itself. */
#include <string.h>

#include "common/protocol.h"
#include "daemon/ipc/internal.h"

static const char service_description[] =
	"# The Varlink Service Interface is provided by every varlink service.\n"
	"interface org.varlink.service\n"
	"\n"
	"# Get a list of all the interfaces a service provides and information about the implementation.\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"# Get the description of an interface that is implemented by this service.\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"# The requested interface was not found.\n"
	"error InterfaceNotFound (interface: string)\n"
	"\n"
	"# The requested method was not found.\n"
	"error MethodNotFound (method: string)\n"
	"\n"
	"# The interface defines the requested method, but the service does not implement it.\n"
	"error MethodNotImplemented (method: string)\n"
	"\n"
	"# One of the passed parameters is invalid.\n"
	"error InvalidParameter (parameter: string)\n"
	"\n"
	"# Client is denied access.\n"
	"error PermissionDenied ()\n"
	"\n"
	"# Method is expected to be called with 'more' set to true, but wasn't.\n"
	"error ExpectedMore ()\n";

struct description_params {
	char interface[LIMIT_NAME_MAX];
};

static const struct jfield description_fields[] = {
	JFIELD("interface", JFIELD_TEXT, struct description_params, interface, JFIELD_REQUIRED),
};

static void on_get_info(struct call *call, void *params) {
	const struct ipc_service *service = call_server(call)->service;
	json_t *names = json_array();

	(void)json_array_append_new(names, json_string(service_interface.name));
	for (size_t i = 0; i < service->n_interfaces; i++) {
		(void)json_array_append_new(names, json_string(service->interfaces[i]->name));
	}
	call_reply(call,
		json_pack("{s:s, s:s, s:s, s:s, s:o}", "vendor", service->vendor, "product",
			service->product, "version", service->version, "url", service->url,
			"interfaces", names));
}

static const char *find_description(const struct ipc_service *service, const char *name) {
	if (strcmp(name, service_interface.name) == 0) {
		return service_interface.description;
	}
	for (size_t i = 0; i < service->n_interfaces; i++) {
		if (strcmp(name, service->interfaces[i]->name) == 0) {
			return service->interfaces[i]->description;
		}
	}
	return NULL;
}

static void on_get_interface_description(struct call *call, void *params) {
	const struct description_params *p = params;
	const char *description = find_description(call_server(call)->service, p->interface);

	if (description == NULL) {
		call_error(call, PROTOCOL_INTERFACE_NOT_FOUND,
			json_pack("{s:s}", "interface", p->interface));
		return;
	}
	call_reply(call, json_pack("{s:s}", "description", description));
}

static const struct ipc_method service_methods[] = {
	{ "GetInfo", IPC_SUBMIT, 0, NULL, 0, 0, on_get_info, NULL },
	{ "GetInterfaceDescription", IPC_SUBMIT, 0, description_fields, ARRAY_SIZE(description_fields),
		sizeof(struct description_params), on_get_interface_description, NULL },
};

const struct ipc_interface service_interface = {
	.name = PROTOCOL_SERVICE,
	.description = service_description,
	.methods = service_methods,
	.n_methods = ARRAY_SIZE(service_methods),
};
