/* The method table against io.codegend.varlink, in both directions. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "common/text.h"
#include "daemon/ipc/interface.h"

#define METHODS_MAX 64
#define PARAMETERS_MAX 32
#define NAME_MAX_BYTES 64

struct contract_parameter {
	char name[NAME_MAX_BYTES];
	char type[NAME_MAX_BYTES];
};

struct contract_method {
	char name[NAME_MAX_BYTES];
	struct contract_parameter parameters[PARAMETERS_MAX];
	size_t n_parameters;
};

/* Copies up to one of `stops`, without blanks; returns where it stopped. */
static const char *take_word(const char *p, const char *stops, char *out) {
	size_t len = 0;

	while (*p != '\0' && strchr(stops, *p) == NULL) {
		if (!isspace((unsigned char)*p)) {
			assert_true(len + 1 < NAME_MAX_BYTES);
			out[len++] = *p;
		}
		p++;
	}
	out[len] = '\0';
	return p;
}

static size_t read_contract(struct contract_method *methods) {
	size_t n = 0;

	for (const char *p = protocol_varlink; (p = strstr(p, "\nmethod ")) != NULL;) {
		struct contract_method *method = &methods[n++];

		assert_true(n <= METHODS_MAX);
		p = take_word(p + strlen("\nmethod "), "(", method->name) + 1;
		while (p[-1] != ')') {
			struct contract_parameter parameter;

			p = take_word(p, ":)", parameter.name);
			if (*p == ':') {
				p = take_word(p + 1, ",)", parameter.type);
				assert_true(method->n_parameters < PARAMETERS_MAX);
				method->parameters[method->n_parameters++] = parameter;
			}
			p++;
		}
	}
	return n;
}

static bool type_fits(const char *type, enum jfield_type field) {
	static const struct {
		const char *name;
		unsigned int fields;
	} types[] = {
		{ "bool", 1u << JFIELD_BOOL },
		{ "int", 1u << JFIELD_INT },
		{ "string",
			1u << JFIELD_TEXT | 1u << JFIELD_TIME | 1u << JFIELD_STRING |
				1u << JFIELD_ENUM },
		{ "object", 1u << JFIELD_OBJECT },
		{ "[]string", 1u << JFIELD_JSON },
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(type, types[i].name) == 0) {
			return (types[i].fields & (1u << field)) != 0;
		}
	}
	return false;
}

static const struct jfield *find_field(const struct ipc_method *method, const char *name) {
	for (size_t i = 0; i < method->n_fields; i++) {
		if (strcmp(method->fields[i].name, name) == 0) {
			return &method->fields[i];
		}
	}
	return NULL;
}

static void compare_method(const struct contract_method *contract, const struct ipc_method *method) {
	assert_non_null(method->fields);
	assert_int_equal(contract->n_parameters, method->n_fields);
	for (size_t i = 0; i < contract->n_parameters; i++) {
		const struct contract_parameter *parameter = &contract->parameters[i];
		bool optional = parameter->type[0] == '?';
		const struct jfield *field = find_field(method, parameter->name);

		if (field == NULL) {
			fail_msg("%s: the parameter \"%s\" is not in the table", contract->name,
				parameter->name);
			return;
		}
		if (!type_fits(parameter->type + optional, field->type)) {
			fail_msg("%s: the parameter \"%s\" has another type", contract->name,
				parameter->name);
		}
		assert_int_equal(optional, (field->flags & JFIELD_REQUIRED) == 0);
		assert_true(field->offset + field->size <= method->params_size);
	}
}

static void test_table_is_the_contract(void **state) {
	static struct contract_method contract[METHODS_MAX];
	size_t n = read_contract(contract);

	assert_int_equal(n, methods_interface.n_methods);
	for (size_t i = 0; i < n; i++) {
		const struct ipc_method *method = NULL;

		for (size_t j = 0; j < methods_interface.n_methods; j++) {
			if (strcmp(methods_interface.methods[j].name, contract[i].name) == 0) {
				method = &methods_interface.methods[j];
			}
		}
		if (method == NULL) {
			fail_msg("the method \"%s\" is not in the table", contract[i].name);
			return;
		}
		compare_method(&contract[i], method);
	}
}

static void test_tables_are_sorted(void **state) {
	const struct ipc_interface *const interfaces[] = { &methods_interface, &service_interface };

	for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++) {
		for (size_t j = 1; j < interfaces[i]->n_methods; j++) {
			assert_true(strcmp(interfaces[i]->methods[j - 1].name,
					    interfaces[i]->methods[j].name) < 0);
		}
	}
}

static void test_submit_socket_has_three_methods(void **state) {
	char names[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < methods_interface.n_methods; i++) {
		if (methods_interface.methods[i].access == IPC_SUBMIT) {
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s ",
				methods_interface.methods[i].name);
		}
	}
	assert_string_equal(names, "GetTicket Ping Submit ");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_the_contract),
		cmocka_unit_test(test_tables_are_sorted),
		cmocka_unit_test(test_submit_socket_has_three_methods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
