#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdatomic.h>

#include "common/log.h"
#include "common/redact/internal.h"

static _Atomic(pcre2_code *) codes[REDACT_RULES_MAX];

static pcre2_code *compile(size_t rule) {
	int error;
	PCRE2_SIZE offset;
	pcre2_code *code =
		pcre2_compile((PCRE2_SPTR)redact_rules[rule].pattern, PCRE2_ZERO_TERMINATED,
			PCRE2_NO_UTF_CHECK | PCRE2_DOLLAR_ENDONLY, &error, &offset, NULL);

	/* Fails where memory may not be both written and run; matching then interprets. */
	if (code != NULL) {
		(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	}
	return code;
}

pcre2_code *rule_code(size_t rule) {
	pcre2_code *code = atomic_load_explicit(&codes[rule], memory_order_acquire);
	pcre2_code *made;

	if (code != NULL) {
		return code;
	}
	made = compile(rule);
	if (made != NULL && !atomic_compare_exchange_strong(&codes[rule], &code, made)) {
		pcre2_code_free(made); /* another thread was faster */
		return code;
	}
	return made;
}
