/* A file of the spool; its name is the first line. What is taken passes the same gate as a call. */
#include <errno.h>

#include "daemon/ipc/handlers.h"
#include "daemon/ipc/interface.h"
#include "daemon/ipc/spool_file.h"
#include "daemon/ipc/submit_check.h"
#include "tests/fuzz/fuzz.h"

#define NOW_MS INT64_C(1758245293693)

static const struct ipc_method *find_submit(void) {
	for (size_t i = 0; i < methods_interface.n_methods; i++) {
		if (strcmp(methods_interface.methods[i].name, "Submit") == 0) {
			return &methods_interface.methods[i];
		}
	}
	abort();
}

static void submit(const json_t *parameters) {
	const struct ipc_method *method = find_submit();
	struct submit_params *p = calloc(1, sizeof(*p));
	struct submit_refusal refusal = { 0 };
	const char *field = NULL;

	FUZZ_CHECK(p != NULL);
	method->preset(p);
	if (jfield_decode(parameters, method->fields, method->n_fields, p, &field) == 0) {
		int r = submit_check(p, &refusal);

		FUZZ_CHECK(r == 0 || (r == -EINVAL && refusal.sentence[0] != '\0'));
	} else {
		FUZZ_CHECK(field != NULL);
	}
	engine_submit_finish(&p->submit);
	jfield_finish(method->fields, method->n_fields, p);
	free(p);
}

void fuzz_one(struct fuzz in) {
	char *name = fuzz_string(fuzz_line(&in));
	char *text = fuzz_string(in);
	char sentence[LIMIT_SENTENCE_MAX] = "";
	struct spool_file file = { 0 };

	(void)spool_file_kind(name);
	if (spool_file_parse(text, in.len, NOW_MS - 1000, NOW_MS, &file, sentence) == 0) {
		FUZZ_CHECK(json_is_object(file.parameters) && file.at_ms <= NOW_MS);
		submit(file.parameters);
	}
	spool_file_finish(&file);
	free(name);
	free(text);
}
