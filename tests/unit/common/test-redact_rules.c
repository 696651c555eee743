/*
 * One planted secret for every kind, made here so that none stands in a file: none of it comes through, however it
 * arrives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/redact/internal.h"
#include "common/text.h"

#define TEXT_MAX 4096

/*
 * What CI prints: the secret stands between "<" and ">". "%A36" is 36 random characters: A letters and digits, B
 * base64, b base64url, h small hex, X large hex, u large letters and digits, U base32, l small letters and digits,
 * d digits, L letters. "%<" is "<".
 */
struct plant {
	const char *kind;
	const char *text;
};

/* clang-format off */
static const struct plant plants[] = {
	{ "private-key", "<-----BEGIN RSA PRIVATE KEY-----\\n%B64\\n%B64\\n-----END RSA PRIVATE KEY----->" },
	{ "private-key", "<-----BEGIN PGP PRIVATE KEY BLOCK-----\\n\\n%B64\\n=%B4\\n-----END PGP PRIVATE KEY BLOCK----->" },
	{ "aws-access-key-id", "id <AKIA%U16>" },
	{ "aws-access-key-id", "id <ASIA%U16>" },
	{ "aws-secret-key", "aws_secret_access_key = <%B40>" },
	{ "aws-secret-key", "\"SecretAccessKey\": \"<%B40>\"" },
	{ "aws-session-token", "aws_session_token=<%B180>" },
	{ "aws-signature", "https://b.s3.amazonaws.com/k?X-Amz-Signature=<%h64>" },
	{ "aws-bedrock-key", "<ABSK%B110>" },
	{ "google-api-key", "<AIza%b35>" },
	{ "google-oauth-secret", "<GOCSPX-%b28>" },
	{ "google-oauth-token", "<ya29.%b60>" },
	{ "google-refresh-token", "<1//0%b60>" },
	{ "google-private-key-id", "\"private_key_id\": \"<%h40>\"" },
	{ "azure-storage-key", "AccountName=a;AccountKey=<%B86==>;EndpointSuffix=core" },
	{ "azure-sas", "https://a.blob.core.windows.net/c?sv=2022&sig=<%A43%%3D>" },
	{ "azure-client-secret", "azure <%A3%d1Q~%b31>" },
	{ "azure-devops-token", "<%A76AZDO%A4>" },
	{ "alibaba-key-id", "<LTAI%A20>" },
	{ "digitalocean-token", "<dop_v1_%h64>" },
	{ "heroku-key", "<HRKU-AA%b58>" },
	{ "heroku-key", "heroku_api: <%h8-%h4-%h4-%h4-%h12>" },
	{ "cloudflare-token", "CLOUDFLARE_API_TOKEN=<%b40>" },
	{ "cloudflare-origin-key", "<v1.0-%h24-%h146>" },
	{ "flyio-token", "<fm2_%B120>" },
	{ "flyio-token", "<fo1_%b43>" },
	{ "github-token", "<ghp_%A36>" },
	{ "github-token", "<gho_%A36>" },
	{ "github-token", "<ghu_%A36>" },
	{ "github-token", "<ghs_%A36>" },
	{ "github-token", "<ghr_%A76>" },
	{ "github-token", "<github_pat_%A22_%A59>" },
	{ "gitlab-token", "<glpat-%b20>" },
	{ "gitlab-token", "<glrt-%b20>" },
	{ "gitlab-token", "<gloas-%h64>" },
	{ "gitlab-token", "<GR1348941%b20>" },
	{ "bitbucket-token", "<ATBB%A32>" },
	{ "npm-token", "<npm_%A36>" },
	{ "pypi-token", "<pypi-AgEIcHlwaS5vcmc%b70>" },
	{ "rubygems-key", "<rubygems_%h48>" },
	{ "nuget-key", "nuget push <oy2%l43>" },
	{ "crates-token", "cargo login <cio%A32>" },
	{ "clojars-token", "<CLOJARS_%l60>" },
	{ "docker-token", "<dckr_pat_%b27>" },
	{ "docker-auth", "\"auth\": \"<%B24==>\"" },
	{ "artifactory-key", "<AKCp%A69>" },
	{ "artifactory-key", "<cmVmdGtu%A56>" },
	{ "circleci-token", "<CCIPAT_%A22_%h40>" },
	{ "circleci-token", "<CCIPRJ_%A22_%h40>" },
	{ "vercel-token", "<vcp_%A56>" },
	{ "vercel-token", "VERCEL_TOKEN=<%A24>" },
	{ "vercel-token", "vercel deploy --token <%A24>" },
	{ "netlify-token", "<nfp_%A36>" },
	{ "buildkite-token", "<bkua_%h40>" },
	{ "codegen-token", "<sk-%h8-%h4-%h4-%h4-%h12>" },
	{ "jenkins-token", "jenkins-cli -auth ci:x <11%h32>" },
	{ "jenkins-secret", "{<AQAA%B60>}" },
	{ "terraform-token", "<%A14.atlasv1.%b67>" },
	{ "vault-token", "<hvs.%b90>" },
	{ "vault-token", "vault login <s.%A24>" },
	{ "doppler-token", "<dp.pt.%A43>" },
	{ "pulumi-token", "<pul-%h40>" },
	{ "onepassword-token", "<ops_eyJ%b250>" },
	{ "age-key", "<AGE-SECRET-KEY-1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE>" },
	{ "tailscale-key", "<tskey-auth-%A17-%A32>" },
	{ "slack-token", "<xoxb-%d12-%d13-%A24>" },
	{ "slack-token", "<xapp-1-%u11-%d13-%h64>" },
	{ "slack-cookie", "<xoxd-%A120>" },
	{ "slack-webhook", "https://hooks.slack.com/services/<T%u8/B%u8/%A24>" },
	{ "teams-webhook", "https://acme.webhook.office.com/webhookb2/<%h8-%h4-%h4-%h4-%h12@%h8/IncomingWebhook/%h32>" },
	{ "discord-webhook", "https://discord.com/api/webhooks/<%d18/%b68>" },
	{ "discord-token", "bot <M%A25.%b6.%b38>" },
	{ "telegram-token", "<%d10:AA%b33>" },
	{ "linear-key", "<lin_api_%A40>" },
	{ "notion-token", "<ntn_%A46>" },
	{ "figma-token", "<figd_%b40>" },
	{ "airtable-token", "airtable <pat%A14.%h64>" },
	{ "sendgrid-key", "<SG.%A22.%b43>" },
	{ "sendgrid-key", "<SG.7%A21.%b43>" },
	{ "sendinblue-key", "<xkeysib-%h64-%A16>" },
	{ "twilio-key", "twilio: <SK%h32>" },
	{ "mailgun-key", "<key-%h32>" },
	{ "mailgun-key", "mailgun <%h32-%h8-%h8>" },
	{ "mailchimp-key", "<%h32-us12>" },
	{ "postmark-token", "postmark server: <%h8-%h4-%h4-%h4-%h12>" },
	{ "resend-key", "resend <re_%A8_%A24>" },
	{ "stripe-key", "<sk_live_%A24>" },
	{ "stripe-key", "<rk_test_%A90>" },
	{ "stripe-webhook-secret", "<whsec_%A32>" },
	{ "square-token", "<sq0csp-%b43>" },
	{ "shopify-token", "<shpat_%h32>" },
	{ "paypal-token", "<access_token$production$%l16$%h32>" },
	{ "plaid-token", "<access-sandbox-%h8-%h4-%h4-%h4-%h12>" },
	{ "easypost-key", "<EZAK%A54>" },
	{ "anthropic-key", "<sk-ant-api03-%b93AA>" },
	{ "openai-key", "<sk-proj-%b100>" },
	{ "openai-key", "<sk-%A20T3BlbkFJ%A20>" },
	{ "model-key", "<sk-or-v1-%h64>" },
	{ "model-key", "<sk-%h32>" },
	{ "huggingface-token", "<hf_%L34>" },
	{ "replicate-token", "replicate <r8_%A37>" },
	{ "groq-key", "<gsk_%A52>" },
	{ "xai-key", "<xai-%A80>" },
	{ "perplexity-key", "<pplx-%A48>" },
	{ "langsmith-key", "<lsv2_pt_%h32_%h10>" },
	{ "sentry-token", "<sntrys_eyJ%b150_%b43>" },
	{ "sentry-token", "<sntryu_%h64>" },
	{ "sentry-dsn", "https://<%h32>@o12.ingest.sentry.io/345" },
	{ "datadog-key", "DD_API_KEY=<%h32>" },
	{ "datadog-key", "<ddp_%A36>" },
	{ "newrelic-key", "<NRAK-%u27>" },
	{ "newrelic-key", "<%h36NRAL>" },
	{ "grafana-token", "<glsa_%A32_%h8>" },
	{ "dynatrace-token", "<dt0c01.%u24.%u64>" },
	{ "sonar-token", "<squ_%h40>" },
	{ "postman-key", "<PMAK-%h24-%h34>" },
	{ "sourcegraph-token", "<sgp_%h16_%h40>" },
	{ "databricks-token", "<dapi%h32>" },
	{ "planetscale-token", "<pscale_tkn_%b43>" },
	{ "supabase-key", "<sbp_%h40>" },
	{ "prefect-key", "<pnu_%A36>" },
	{ "contentful-token", "<CFPAT-%b43>" },
	{ "mapbox-token", "<sk.eyJ%b60.%b22>" },
	{ "jwt", "<eyJhbGciOi%b20.eyJzdWIiOi%b40.%b43>" },
	{ "jwe", "<eyJhbGciOi%b40..%b22.%b60.%b22>" },
	{ "authorization", "Authorization: Basic <%B20=>" },
	{ "authorization", "authorization: <%A40>" },
	{ "bearer-token", "curl -H 'X: Bearer <%A40>'" },
	{ "basic-auth", "using Basic <dXNlcjpwYXNz%A12==>" },
	{ "url-credentials", "git clone https://ci:<%A20>@git.example.org/a/b" },
	{ "url-credentials", "postgres://app:<%A6@%A6>@db:5432/x" },
	{ "url-credentials", "https://<%A24x7>@git.example.org/a/b" },
	{ "cookie", "Set-Cookie: <sid=%A32>; Path=/" },
	{ "netrc", "machine example.org login ci password <%A12>" },
	{ "npmrc", "//registry.npmjs.org/:_authToken=<%A36>" },
	{ "curl-user", "curl -sf -u ci:<%A12> https://example.org" },
	{ "login-password", "docker login -u ci -p <%A12> registry" },
	{ "secret", "export DEPLOY_PASSWORD=<%A12>" },
	{ "secret", "password: <%A12>" },
	{ "secret", "\"client_secret\": \"<%A32>\"" },
	{ "secret", "{\\\"api_key\\\":\\\"<%A32>\\\"}" },
	{ "secret", "CODEGEN_API_KEY=<%A32>" },
	{ "secret", "deploy --api-token <%A32> --force" },
	{ "secret", "apiKey: '<%A32>'" },
	{ "secret", "'accessToken' => '<%A32>'" },
	{ "secret", "[\"--token\", \"<%A32>\"]" },
	{ "secret", "encryption-key=<%h64>" },
	{ "secret", "name=\"ApiSecret\" value=\"<%A20>\" />" },
	{ "secret", "{\"name\": \"DB_PASSWORD\", \"value\": \"<%A12>\"}" },
	{ "secret", "%<password%><%A12>%</password%>" },
	{ "secret", "ENV API_TOKEN <%A24>" },
	{ "secret", "::set-output name=token::<%A24>" },
	{ "login-password", "sshpass -p <%A12> ssh ci@example.org" },
	{ "secret", "Server=db;Password=<%A10;%A10>" },
};
/* clang-format on */

static const char *const alphabets[128] = {
	['A'] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
	['B'] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	['b'] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
	['h'] = "0123456789abcdef",
	['X'] = "0123456789ABCDEF",
	['u'] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
	['U'] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
	['l'] = "abcdefghijklmnopqrstuvwxyz0123456789",
	['d'] = "0123456789",
	['L'] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
};

struct planted {
	const struct plant *plant;
	char text[TEXT_MAX];   /* the secret in what stands around it */
	size_t len, from, to;  /* of the secret */
	char secret[TEXT_MAX]; /* alone */
};

static unsigned next_random(void) {
	static uint64_t state = 42;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(state >> 33);
}

/* "A36": appends random characters. Returns what follows. */
static const char *add_random(struct planted *planted, const char *what) {
	const char *alphabet = alphabets[(unsigned char)what[0]];
	const char *end = what + 1;
	size_t n = 0;

	assert_non_null(alphabet);
	for (; *end >= '0' && *end <= '9'; end++) {
		n = 10 * n + (size_t)(*end - '0');
	}
	while (n-- > 0) {
		planted->text[planted->len++] = alphabet[next_random() % strlen(alphabet)];
	}
	return end;
}

static void plant(struct planted *planted, const struct plant *row) {
	const char *p = row->text;

	*planted = (struct planted){ .plant = row };
	while (*p != '\0') {
		if (*p == '<') {
			planted->from = planted->len;
			p++;
		} else if (*p == '>') {
			planted->to = planted->len;
			p++;
		} else if (p[0] == '%' && strchr("%<>", p[1]) != NULL) {
			planted->text[planted->len++] = p[1];
			p += 2;
		} else if (*p == '%') {
			p = add_random(planted, p + 1);
		} else {
			planted->text[planted->len++] = *p++;
		}
	}
	memcpy(planted->secret, planted->text + planted->from, planted->to - planted->from);
}

static void feed(struct redactor *redactor, const char *text, size_t len, struct buffer *out) {
	assert_int_equal(redactor_feed(redactor, text, len, out), 0);
}

/* The text, fed in two parts, without secrets. */
static void redact_split(const char *text, size_t len, size_t split, struct buffer *out) {
	_cleanup_(redactor_destroyp) struct redactor *redactor = NULL;

	assert_int_equal(redactor_create(&redactor), 0);
	buffer_init(out, SIZE_MAX / 4);
	feed(redactor, text, split, out);
	feed(redactor, text + split, len - split, out);
	assert_int_equal(redactor_end(redactor, out), 0);
}

/* No part of the secret that would be of use is left. */
static void assert_gone(const struct planted *planted, const struct buffer *out, const char *how) {
	size_t len = strlen(planted->secret), part = MIN(len, (size_t)12);

	for (size_t i = 0; i + part <= len; i += part) {
		if (memmem(out->data, out->len, planted->secret + i, part) != NULL) {
			fail_msg("%s, %s: \"%s\" is left in \"%.300s\"", planted->plant->kind, how,
				planted->secret + i, out->data);
		}
	}
	if (memmem(out->data, out->len, REDACT_MARK, strlen(REDACT_MARK)) == NULL) {
		fail_msg("%s, %s: no mark in \"%.300s\"", planted->plant->kind, how, out->data);
	}
}

static void assert_settled(const struct planted *planted, const struct buffer *out) {
	_cleanup_(buffer_finish) struct buffer again;

	redact_split(out->data, out->len, 0, &again);
	if (strcmp(out->data, again.data) != 0) {
		fail_msg("%s: \"%s\" becomes \"%s\"", planted->plant->kind, out->data, again.data);
	}
}

static void for_each_plant(void (*check)(const struct planted *planted)) {
	for (size_t i = 0; i < ARRAY_SIZE(plants); i++) {
		struct planted planted;

		plant(&planted, &plants[i]);
		check(&planted);
	}
}

static void check_kind(const struct planted *planted) {
	_cleanup_(buffer_finish) struct buffer out;
	char line[TEXT_MAX * 2], mark[128];
	size_t before = strlen("before ") + planted->from;

	(void)snprintf(line, sizeof(line), "before %s after\n", planted->text);
	(void)snprintf(mark, sizeof(mark), REDACT_MARK "%s]", planted->plant->kind);
	redact_split(line, strlen(line), 0, &out);
	assert_gone(planted, &out, "whole");
	if (strstr(out.data, mark) == NULL) {
		fail_msg("no \"%s\" in \"%s\" of \"%s\"", mark, out.data, line);
	}
	assert_memory_equal(out.data, line, before);
	assert_string_equal(out.data + out.len - strlen(" after\n"), " after\n");
	assert_settled(planted, &out);
}

static void each_kind_is_found_and_named(void **state) {
	for_each_plant(check_kind);
}

static void each_rule_has_a_plant(void **state) {
	for (size_t rule = 0; rule < n_redact_rules; rule++) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(plants) && !found; i++) {
			found = strcmp(plants[i].kind, redact_rules[rule].kind) == 0;
		}
		if (!found) {
			fail_msg("nothing is planted for \"%s\"", redact_rules[rule].kind);
		}
	}
}

static void check_split(const struct planted *planted) {
	char line[TEXT_MAX * 2];
	size_t len = (size_t)snprintf(line, sizeof(line), "b %s a\nnext\n", planted->text);

	for (size_t split = 0; split <= len; split++) {
		_cleanup_(buffer_finish) struct buffer out;

		redact_split(line, len, split, &out);
		assert_gone(planted, &out, "split");
		assert_non_null(strstr(out.data, " a\nnext\n"));
	}
}

static void a_split_at_any_byte_hides_nothing(void **state) {
	for_each_plant(check_split);
}

/* Colours in front, behind, and after the first few characters of the secret. */
static void check_colour(const struct planted *planted) {
	_cleanup_(buffer_finish) struct buffer out;
	char line[TEXT_MAX * 2];
	int from = (int)planted->from, inside = 3;

	(void)snprintf(line, sizeof(line), "\x1B[1m%.*s\x1B[31m%.*s\x1B[0;32m%.*s\x1B[0m%s\r\n",
		from, planted->text, inside, planted->secret, (int)strlen(planted->secret) - inside,
		planted->secret + inside, planted->text + planted->to);
	redact_split(line, strlen(line), 0, &out);
	assert_gone(planted, &out, "coloured");
	if (strstr(out.data, "\x1B[31m" REDACT_MARK) == NULL || strstr(out.data, "\x1B[0m") == NULL) {
		fail_msg("colours are missing in \"%s\" of \"%s\"", out.data, line);
	}
	assert_settled(planted, &out);
}

static void colours_hide_nothing(void **state) {
	for_each_plant(check_colour);
}

/* What cleaning drops afterwards stands inside the secret. */
static void check_invisible(const struct planted *planted) {
	static const char *const invisible[] = { "\xE2\x80\x8B", "\xC2\xAD", "\xEF\xBB\xBF", "\a",
		"\x01", "\x7F",
		"\xC2\x9B"
		"31m",
		"\xC2\x85", "\x1B]0;title\xC2\x9C", "\x1B]8;;x\x1B\\", "\xF3\xA0\x80\x81",
		"\xE2\x81\xA0" };

	for (size_t i = 0; i < ARRAY_SIZE(invisible); i++) {
		_cleanup_(buffer_finish) struct buffer out;
		_cleanup_(freep) char *clean = NULL;
		char line[TEXT_MAX * 2];
		int from = (int)planted->from, inside = 3;

		(void)snprintf(line, sizeof(line), "b %.*s%.*s%s%s\n", from, planted->text, inside,
			planted->secret, invisible[i], planted->text + from + inside);
		redact_split(line, strlen(line), 0, &out);
		clean = text_clean(out.data, out.len);
		assert_non_null(clean);
		if (strstr(clean, planted->secret) != NULL) {
			fail_msg("%s: cleaning puts \"%s\" together", planted->plant->kind, clean);
		}
	}
}

static void cleaning_puts_nothing_together(void **state) {
	for_each_plant(check_invisible);
}

/* As a member of a JSON object of a log line. */
static void check_json(const struct planted *planted) {
	_cleanup_(buffer_finish) struct buffer out;
	json_t *object = json_pack("{s:s+}", "message", "first\n", planted->text);
	_cleanup_(freep) char *text = json_dumps(object, JSON_COMPACT);

	assert_non_null(text);
	redact_split(text, strlen(text), 0, &out);
	assert_gone(planted, &out, "in JSON");
	assert_int_equal(redact_json(object, NULL), 0);
	assert_null(strstr(json_string_value(json_object_get(object, "message")), planted->secret));
	json_decref(object);
}

static void json_hides_nothing(void **state) {
	for_each_plant(check_json);
}

/* At the places of an endless line where a piece of it ends. */
static void check_seam(const struct planted *planted) {
	enum { SIZE = 3 * REDACT_LINE_MAX_BYTES };
	_cleanup_(freep) char *line = malloc(SIZE);

	assert_non_null(line);
	for (size_t end = 0; end <= planted->len; end += MAX(planted->len / 5, (size_t)1)) {
		_cleanup_(buffer_finish) struct buffer out;
		size_t seam = REDACT_LINE_MAX_BYTES - (end % 2 == 0 ? REDACT_OVERLAP_BYTES : 0);

		for (size_t i = 0; i < SIZE; i++) {
			line[i] = i % 7 == 6 ? ' ' : 'w';
		}
		memcpy(line + seam - end - 1, " ", 1);
		memcpy(line + seam - end, planted->text, planted->len);
		memcpy(line + seam - end + planted->len, " ", 1);
		redact_split(line, SIZE, 0, &out);
		assert_gone(planted, &out, "at a seam");
	}
}

static void endless_lines_hide_nothing(void **state) {
	for_each_plant(check_seam);
}

static void check_finds(const struct planted *planted) {
	const char *kind = NULL;

	assert_true(redact_finds(planted->text, planted->len, &kind));
	assert_non_null(kind);
}

static void what_leaves_is_searched(void **state) {
	const char *kind = NULL;

	for_each_plant(check_finds);
	assert_false(redact_finds("all is well\n", 12, &kind));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_has_a_plant),
		cmocka_unit_test(each_kind_is_found_and_named),
		cmocka_unit_test(a_split_at_any_byte_hides_nothing),
		cmocka_unit_test(colours_hide_nothing),
		cmocka_unit_test(cleaning_puts_nothing_together),
		cmocka_unit_test(json_hides_nothing),
		cmocka_unit_test(endless_lines_hide_nothing),
		cmocka_unit_test(what_leaves_is_searched),
	};

	return cmocka_run_group_tests_name("redact_rules", tests, NULL, NULL);
}
