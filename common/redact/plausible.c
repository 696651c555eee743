#include <ctype.h>
#include <string.h>

#include "common/redact/internal.h"

/* Of a secret that is neither a password nor alone on its line. */
#define TOKEN_MIN_BYTES 8
#define PASSWORD_MIN_BYTES 4
/* Of one that is a word, at the end of its line. */
#define PASSWORD_WORD_MIN_BYTES 8
/* In 1/REDACT_ENTROPY_UNIT bits a byte. */
#define TOKEN_MIN_ENTROPY 280

struct judged {
	const char *name;
	size_t name_len;
	const char *value;
	size_t len;
	char before; /* the bytes around the value; 0: the line's end */
	char after;
	bool quoted, assigned; /* in quotes; behind "=" without blanks */
	bool password;	       /* by its name: people choose those */
};

/* In small letters. Lists of them are sorted by length: most of the time nothing more is looked at. */
struct word {
	uint8_t len;
	const char *text;
};
#define W(text)                                                                                    \
	{ sizeof(text) - 1, (text) }

/* clang-format off */
/* Words that stand where a secret would. Compared as a whole, without case. */
static const struct word placeholders[] = {
	W("no"), W("on"), W("any"), W("env"), W("int"), W("n/a"), W("nil"), W("not"), W("off"),
	W("set"), W("str"), W("yes"), W("bool"), W("file"), W("none"), W("null"), W("read"),
	W("self"), W("text"), W("this"), W("true"), W("void"), W("basic"), W("bytes"), W("empty"),
	W("error"), W("false"), W("found"), W("input"), W("stdin"), W("token"), W("unset"),
	W("valid"), W("write"), W("bearer"), W("failed"), W("hidden"), W("masked"), W("number"),
	W("object"), W("passwd"), W("prompt"), W("secret"), W("string"), W("boolean"),
	W("default"), W("enabled"), W("example"), W("expired"), W("inherit"), W("integer"),
	W("invalid"), W("missing"), W("secrets"), W("success"), W("unknown"), W("varchar"),
	W("changeme"), W("disabled"), W("filtered"), W("nonetype"), W("optional"), W("password"),
	W("provided"), W("redacted"), W("required"), W("inherited"), W("protected"),
	W("secretstr"), W("undefined"), W("configured"), W("placeholder"),
};

/* Parts of such words. */
static const struct word stand_ins[] = {
	W("your_"), W("your-"), W("example"), W("changeme"), W("redacted"), W("placeholder"),
};

/* What makes a name tell of something around a secret: its last word. */
static const struct word harmless_ends[] = {
	W("alg"), W("arn"), W("dir"), W("env"), W("max"), W("min"), W("pos"), W("ref"), W("sha"),
	W("ttl"), W("url"), W("you"), W("file"), W("hint"), W("host"), W("kind"), W("line"),
	W("list"), W("mode"), W("name"), W("node"), W("path"), W("ring"), W("size"), W("test"),
	W("type"), W("class"), W("count"), W("error"), W("field"), W("index"), W("input"),
	W("label"), W("level"), W("limit"), W("model"), W("names"), W("param"), W("place"),
	W("regex"), W("reset"), W("scope"), W("state"), W("store"), W("tests"), W("title"),
	W("types"), W("usage"), W("column"), W("counts"), W("digest"), W("errors"), W("exists"),
	W("expiry"), W("format"), W("header"), W("issuer"), W("length"), W("method"), W("module"),
	W("offset"), W("parser"), W("plugin"), W("policy"), W("prefix"), W("prompt"), W("scopes"),
	W("server"), W("source"), W("status"), W("stream"), W("enabled"), W("expires"),
	W("handler"), W("manager"), W("message"), W("package"), W("pattern"), W("scanner"),
	W("service"), W("timeout"), W("version"), W("endpoint"), W("filename"), W("function"),
	W("lifetime"), W("location"), W("position"), W("property"), W("provider"), W("algorithm"),
	W("directory"), W("tokenizer"), W("validator"), W("expiration"), W("protection"),
	W("environment"),
};

static const struct word secret_words[] = {
	W("dsn"), W("pat"), W("pin"), W("pwd"), W("sas"), W("auth"), W("pass"), W("token"),
	W("apikey"), W("passwd"), W("secret"), W("tokens"), W("api_key"), W("secrets"),
	W("ssh_key"), W("webhook"), W("api_keys"), W("auth_key"), W("passcode"), W("password"),
	W("admin_key"), W("access_key"), W("credential"), W("deploy_key"), W("master_key"),
	W("passphrase"), W("secret_key"), W("shared_key"), W("account_key"), W("credentials"),
	W("license_key"), W("private_key"), W("service_key"), W("session_key"), W("signing_key"),
	W("encryption_key"), W("connection_string"),
};
/* clang-format on */

/* log2(n) in 1/65536, by squaring. */
static unsigned log2_fixed(unsigned n) {
	unsigned whole = 31 - (unsigned)__builtin_clz(n), result = whole << 16;
	uint64_t x = (uint64_t)n << 31 >> whole; /* 1 <= x < 2, with 31 bits behind the point */

	for (unsigned bit = 1 << 15; bit > 0; bit >>= 1) {
		x = x * x >> 31;
		if (x >= UINT64_C(1) << 32) {
			x >>= 1;
			result |= bit;
		}
	}
	return result;
}

unsigned entropy_of(const char *data, size_t len) {
	unsigned counts[256] = { 0 };
	uint64_t sum = 0;

	if (len == 0) {
		return 0;
	}
	len = MIN(len, (size_t)4096);
	for (size_t i = 0; i < len; i++) {
		counts[(unsigned char)data[i]]++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		if (counts[i] > 0) {
			sum += (uint64_t)counts[i] *
				(log2_fixed((unsigned)len) - log2_fixed(counts[i]));
		}
	}
	return (unsigned)(sum * REDACT_ENTROPY_UNIT / len >> 16);
}

static inline char small(char c) {
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether it begins with the word, which is not longer. */
static inline bool begins(const char *text, const char *word, size_t len) {
	size_t i = 0;

	while (i < len && small(text[i]) == word[i]) {
		i++;
	}
	return i == len;
}

static bool in_list(const struct word *list, size_t n, const char *text, size_t len) {
	for (size_t i = 0; i < n && list[i].len <= len; i++) {
		if (list[i].len == len && begins(text, list[i].text, len)) {
			return true;
		}
	}
	return false;
}

/* The last word of a name: behind "_", "-", ".", or where small letters become large. */
static bool name_is_harmless(const char *name, size_t len) {
	size_t start = len;

	while (start > 0 && isalnum((unsigned char)name[start - 1])) {
		start--;
		if (isupper((unsigned char)name[start]) && start > 0 &&
			islower((unsigned char)name[start - 1])) {
			break;
		}
	}
	return in_list(harmless_ends, ARRAY_SIZE(harmless_ends), name + start, len - start);
}

static bool contains(const char *text, size_t len, const char *word) {
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= len; i++) {
		if (begins(text + i, word, n)) {
			return true;
		}
	}
	return false;
}

static bool contains_any(const char *text, size_t len, const struct word *list, size_t n) {
	for (size_t at = 0; at + list[0].len <= len; at++) {
		for (size_t i = 0; i < n && list[i].len <= len - at; i++) {
			if (begins(text + at, list[i].text, list[i].len)) {
				return true;
			}
		}
	}
	return false;
}

static bool all_of(const char *text, size_t len, const char *bytes) {
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0' || strchr(bytes, text[i]) == NULL) {
			return false;
		}
	}
	return true;
}

static bool is_repeated(const char *text, size_t len) {
	for (size_t i = 1; i < len; i++) {
		if (text[i] != text[0]) {
			return false;
		}
	}
	return true;
}

/* "${VAR}", "$VAR", "{{ x }}", "%VAR%", "<token>", "[secret]", "***", "xxxx", "...". */
static bool is_placeholder(const char *value, size_t len) {
	return in_list(placeholders, ARRAY_SIZE(placeholders), value, len) || value[0] == '$' ||
		value[0] == '<' || (value[0] == '%' && value[len - 1] == '%') ||
		(len >= 2 && (memcmp(value, "{{", 2) == 0 || memcmp(value, "#{", 2) == 0)) ||
		(value[0] == '[' && value[len - 1] == ']') || memmem(value, len, "***", 3) != NULL ||
		memmem(value, len, "${", 2) != NULL || memmem(value, len, "$(", 2) != NULL ||
		(len >= 3 && memcmp(value + len - 3, "...", 3) == 0) || is_repeated(value, len) ||
		all_of(value, len, "xX*.-_#?•") ||
		contains_any(value, len, stand_ins, ARRAY_SIZE(stand_ins));
}

static bool is_path(const char *value, size_t len) {
	bool rooted = value[0] == '/' || (len >= 2 && memcmp(value, "./", 2) == 0) ||
		(len >= 2 && memcmp(value, "~/", 2) == 0) ||
		(len >= 3 && memcmp(value, "../", 3) == 0);

	if (len >= 3 && memmem(value, len, "://", 3) != NULL) {
		return true; /* credentials in it have a rule of their own */
	}
	return rooted && memchr(value + 1, '/', len - 1) != NULL &&
		memchr(value, '+', len) == NULL && memchr(value, '=', len) == NULL;
}

/* What a program calls something: words of letters, joined. */
static bool is_identifier(const char *value, size_t len) {
	for (size_t i = 0; i < len; i++) {
		if (!isalpha((unsigned char)value[i]) && strchr("_.-:/", value[i]) == NULL) {
			return false;
		}
	}
	return true;
}

static size_t count_of(const char *value, size_t len, int (*is)(int)) {
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		n += is((unsigned char)value[i]) != 0;
	}
	return n;
}

static bool is_number(const char *value, size_t len) {
	return all_of(value, len, "0123456789.,:+-%");
}

static bool is_code(const struct judged *judged) {
	return !judged->quoted && judged->after != '\0' && strchr("([", judged->after) != NULL;
}

static bool password_is_plausible(const struct judged *judged) {
	const char *value = judged->value;
	size_t len = judged->len, digits = count_of(value, len, isdigit);

	if (len < PASSWORD_MIN_BYTES) {
		return false;
	}
	if (judged->quoted) {
		return memchr(value, ' ', len) == NULL || digits > 0;
	}
	if (!is_identifier(value, len)) {
		return judged->assigned || digits > 0;
	}
	if (!judged->assigned && (judged->after == '\0' || judged->after == '\r')) {
		return len >= PASSWORD_WORD_MIN_BYTES && count_of(value, len, islower) == len &&
			!contains(value, len, "pass");
	}
	/* A word: a password where a shell or a file sets one, code or prose elsewhere. */
	return judged->assigned && memchr(value, '.', len) == NULL &&
		memchr(value, '_', len) == NULL && judged->after != ',' && judged->after != ')';
}

static bool token_is_plausible(const struct judged *judged) {
	const char *value = judged->value;
	size_t len = judged->len, digits = count_of(value, len, isdigit);

	if (len < TOKEN_MIN_BYTES || memchr(value, ' ', len) != NULL || is_number(value, len)) {
		return false;
	}
	if (entropy_of(value, len) < TOKEN_MIN_ENTROPY) {
		return false;
	}
	if (digits > 0) {
		return true;
	}
	return len >= 16 && count_of(value, len, isupper) > 2 &&
		count_of(value, len, islower) > 2 && !is_identifier(value, len);
}

bool value_is_plausible(const char *line, size_t line_len, size_t name, size_t name_len,
	size_t value, size_t value_len) {
	struct judged judged = { .value = line + value, .len = value_len };

	while (name > 0 &&
		(isalnum((unsigned char)line[name - 1]) || strchr("_.-", line[name - 1]) != NULL)) {
		name--;
		name_len++;
	}
	while (name + name_len < line_len &&
		(isalnum((unsigned char)line[name + name_len]) || line[name + name_len] == '_')) {
		name_len++;
	}
	judged.name = line + name;
	judged.name_len = name_len;
	judged.before = value > 0 ? line[value - 1] : '\0';
	judged.after = value + value_len < line_len ? line[value + value_len] : '\0';
	judged.quoted = judged.before != '\0' && strchr("\"'`>", judged.before) != NULL;
	judged.assigned = judged.before == '=';
	judged.password =
		contains(judged.name, name_len, "pass") || contains(judged.name, name_len, "pwd");
	if (value_len < (judged.password ? PASSWORD_MIN_BYTES : TOKEN_MIN_BYTES) || is_code(&judged) ||
		contains(judged.name, name_len, "hash") || name_is_harmless(judged.name, name_len) ||
		is_placeholder(judged.value, value_len) || is_path(judged.value, value_len)) {
		return false;
	}
	return judged.password ? password_is_plausible(&judged) : token_is_plausible(&judged);
}

bool name_is_secret(const char *name, size_t len) {
	return !name_is_harmless(name, len) && name_has_secret_word(name, len);
}

bool name_has_secret_word(const char *name, size_t len) {
	if (contains(name, len, "public")) {
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(secret_words) && secret_words[i].len <= len; i++) {
		size_t n = secret_words[i].len;

		for (size_t at = 0; at + n <= len; at++) {
			bool starts = at == 0 || !isalpha((unsigned char)name[at - 1]) || n > 4;
			bool ends = at + n == len || !isalpha((unsigned char)name[at + n]);

			if (starts && ends && begins(name + at, secret_words[i].text, n)) {
				return true;
			}
		}
	}
	return false;
}
