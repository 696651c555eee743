#include "common/redact/internal.h"

/*
 * Prefixes, alphabets and lengths are facts from the issuers' documentation: GitHub "Behind GitHub's new
 * authentication token formats", GitLab "Token overview", AWS IAM "Unique identifiers", Slack "Token
 * types", Stripe "API keys", Google Cloud "API keys", Azure "Shared access signatures", npm "About
 * access tokens", PyPI "API tokens", HashiCorp Vault "Tokens", RFC 7519 (JWT), RFC 7468 and 4880
 * (armour), RFC 6750 and 7617 (Authorization); and, where an issuer documents none, from the
 * configuration of gitleaks 8 (MIT).
 *
 * A prefix that is rare needs nothing in front of it: escape codes and "\n" of a JSON string stand there
 * as well.
 */

/* Not inside a word; "\n" in front of it is no word. */
#define START "(?:(?<![A-Za-z0-9_-])|(?<=\\\\[nrt])|(?<=%[2-3][0-9A-Fa-f]))"
#define EDGE "(?:\\b|(?<=\\\\[nrt]))"
/* Between a name and its value. */
#define IS "[\\\\\"'`]{0,4}\\s{0,8}(?:=>|:=|={1,3}|:(?!:))\\s{0,8}[\\\\\"'`]{0,4}"
/* A value without blanks and quotes. */
#define WORD "[^\\s\"'`,;<>&|(){}\\\\]"
#define SECRET_NAME                                                                                \
	"pass(?:word|wd|phrase|code)|(?<![a-z])pass(?![a-z])|pwd|secret|token|cred(?:ential)?s?|"  \
	"webhook|connection[_ -]?string|_auth|-auth"
#define KEY_NAME                                                                                   \
	"(?:api|app|access|private|account|auth|signing|encryption|master|admin|deploy|service|"   \
	"shared|storage|session|license|ssh)[_-]?keys?"

/* NAME, its separator, and a value in quotes (which may be escaped) or without. */
#define NAMED(name)                                                                                \
	"(?i)(" name ")[\\w.-]{0,40}(?:\\[?\\\\*[\"'`]\\]?)?\\s{0,8}"                              \
	"(?:=>|:=|={1,3}|:(?!:))\\s{0,8}(?:\\b[fbru]{1,2}(?=[\"']))?"                              \
	"(?:(\\\\*[\"'`])((?:(?!\\2)(?:\\\\[^\\r\\n]|[^\\r\\n]))++)|"                              \
	"(" WORD "+(?:[,;&|](?![\\w. -]*[=:])" WORD "+)*+))"
/* An option and its value, in a command line or a list of words. */
#define OPTION(name)                                                                               \
	"(?i)--?[\\w-]{0,40}(" name ")[\\w-]{0,20}(?:\\s{1,4}|\\\\*[\"'],\\s{0,4})(?!-)"           \
	"(?:(\\\\*[\"'])((?:(?!\\2)[^\\r\\n])++)|(" WORD "+))"

/* The same where no "=" or ":" stands between: elements, attributes, Dockerfiles, workflow commands. */
#define ELEMENT(name)                                                                              \
	"(?i)<(?:[\\w.:-]{0,40})(" name ")[\\w.-]{0,20}>()(?:(\\b\\B)|([^<>\\s]{4,512}))</"
#define NAME_VALUE(name)                                                                           \
	"(?i)(?:key|name)\\\\*[\"']?\\s{0,4}[=:]\\s{0,4}\\\\*[\"'][\\w.:-]{0,40}(" name            \
	")[\\w.-]{0,20}"                                                                           \
	"\\\\*[\"'][,\\s]{1,4}\\\\*[\"']?value\\\\*[\"']?\\s{0,4}[=:]\\s{0,4}(\\\\*[\"'])([^\"'\\r\\n\\\\]+)"
#define SETTER(name)                                                                               \
	"(?i)(?:" EDGE                                                                             \
	"(?:ENV|ARG|setenv|setx)\\s{1,4}\\w{0,40}|::[\\w-]{3,20} name=[\\w-]{0,40})(" name ")"     \
	"\\w{0,20}(?:\\s{1,4}|::)(?:([\"'])([^\"'\\r\\n]+)|(" WORD "+))"

/* clang-format off */
const struct redact_rule redact_rules[] = {
	/* Several lines. */
	{ "private-key",
		/* What is behind it when it has no end in the line; find.c looks for that. */
		"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----"
		"(?:[A-Za-z0-9+/=\\\\]|\\s{0,4}(?=[A-Za-z0-9+/=]{16}))*+",
		0, RULE_KEY_LINES, 0, { "PRIVATE KEY" } },

	/* Clouds. */
	{ "aws-access-key-id",
		"(?:(?<![A-Za-z0-9+/])|(?<=\\\\[nrt]))(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9+/])", 0, 0,
		0, { "AKIA", "ASIA", "ABIA", "ACCA" } },
	{ "aws-secret-key",
		"(?i)aws.{0,30}?(?:secret|sk|key).{0,20}?[=:\\s\"'](?-i)([A-Za-z0-9+/]{40})"
		"(?![A-Za-z0-9+/=])", 1, 0, 350, { "aws_secret", "aws-secret", "awssecret", "aws secret" } },
	{ "aws-secret-key",
		"(?i)secret_?access_?key" IS "(?-i)([A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])", 1, 0, 300,
		{ "secretaccesskey", "secret_access_key" } },
	{ "aws-session-token", "(?i)(?:session_?token|security-token)" IS "([A-Za-z0-9+/=%]{100,})", 1, 0,
		300, { "session_token", "sessiontoken", "security-token" } },
	{ "aws-signature", "(?i)x-amz-(?:signature|security-token)=([A-Za-z0-9%/+=]{32,})", 1, 0, 0,
		{ "x-amz-signature", "x-amz-security-token" } },
	{ "aws-bedrock-key", "ABSK[A-Za-z0-9+/]{109,}={0,2}|bedrock-api-key-[A-Za-z0-9+/=]{20,}", 0, 0, 300,
		{ "ABSK", "bedrock-api-key-" } },
	{ "google-api-key", "AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])", 0, 0, 300, { "AIza" } },
	{ "google-oauth-secret", "GOCSPX-[A-Za-z0-9_-]{20,}", 0, 0, 0, { "GOCSPX-" } },
	{ "google-oauth-token", START "ya29\\.[A-Za-z0-9_.-]{20,}", 0, 0, 0, { "ya29." } },
	{ "google-refresh-token", START "1//0[A-Za-z0-9_-]{30,}", 0, 0, 300, { "1//0" } },
	{ "google-private-key-id", "private_key_id" IS "([0-9a-f]{40})", 1, 0, 0, { "private_key_id" } },
	{ "azure-storage-key", "(?i)(?:account|shared_?access|storage_?account|access|storage)_?key" IS
		"([A-Za-z0-9+/]{43,86}={1,2})", 1, 0, 0,
		{ "accountkey", "sharedaccesskey", "account_key", "access_key", "storage_key" } },
	{ "azure-sas", "(?i)[?&;](?:sig|signature)=([A-Za-z0-9%+/_-]{40,}(?:%3D|=){0,2})", 1, 0, 0,
		{ "sig=", "signature=" } },
	{ "azure-client-secret", "(?:(?<![A-Za-z0-9_~.-])|(?<=\\\\[nrt]))[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}", 0, RULE_ANYWHERE,
		300, { "azure", "client_secret", "client-secret", "clientsecret", "arm_client" } },
	{ "azure-devops-token", "[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}", 0, 0, 300, { "AZDO" } },
	{ "alibaba-key-id", START "LTAI[A-Za-z0-9]{17,26}(?![A-Za-z0-9])", 0, 0, 300, { "LTAI" } },
	{ "digitalocean-token", "do[oprt]_v1_[a-f0-9]{64}", 0, 0, 0,
		{ "dop_v1_", "doo_v1_", "dor_v1_", "dot_v1_" } },
	{ "heroku-key", "HRKU-[A-Za-z0-9_-]{30,}", 0, 0, 0, { "HRKU-" } },
	{ "heroku-key", "(?i)heroku.{0,40}?" IS
		"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", 1, 0, 0, { "heroku" } },
	{ "cloudflare-token", "(?i)(?:cloudflare|\\bcf)[\\w.-]{0,20}(?:token|key)" IS "([A-Za-z0-9_-]{37,80})",
		1, 0, 300, { "cloudflare", "cf_api", "cf-api" } },
	{ "cloudflare-origin-key", "v1\\.0-[a-f0-9]{24}-[a-f0-9]{146}", 0, 0, 0, { "v1.0-" } },
	{ "flyio-token", "(?:fm[12][ar]?_[A-Za-z0-9+/]{100,}={0,3}|fo1_[A-Za-z0-9_-]{43})", 0, 0, 300,
		{ "fm1r_", "fm1a_", "fm2_", "fo1_" } },

	/* Code and packages. */
	{ "github-token", "gh[pousr]_[A-Za-z0-9]{36,}", 0, 0, 0, { "ghp_", "gho_", "ghu_", "ghs_", "ghr_" } },
	{ "github-token", "ghs_[A-Za-z0-9]{2,20}_[A-Za-z0-9_.-]{60,}", 0, 0, 0, { "ghs_" } },
	{ "github-token", "github_pat_[A-Za-z0-9]{20,}_?[A-Za-z0-9]{20,}", 0, 0, 0, { "github_pat_" } },
	{ "gitlab-token", "gl(?:pat|dt|rt|rtr|cbt|ptt|ft|imt|agent|oas|soat|ffct|wt)-[A-Za-z0-9_=.-]{20,}", 0, 0,
		300, { "glpat-", "gldt-", "glrt-", "glrtr-", "glcbt-", "glptt-", "glft-", "glimt-",
			"glagent-", "gloas-", "glsoat-", "glffct-", "glwt-" } },
	{ "gitlab-token", "GR1348941[A-Za-z0-9_-]{20,}", 0, 0, 0, { "GR1348941" } },
	{ "bitbucket-token", "AT(?:BB|CTT3xFfG|ATT3xFfG)[A-Za-z0-9_=-]{24,}", 0, 0, 300,
		{ "ATBB", "ATCTT3xFfG", "ATATT3xFfG" } },
	{ "npm-token", "npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])", 0, 0, 300, { "npm_" } },
	{ "pypi-token", "pypi-[A-Za-z0-9_-]{50,}", 0, 0, 0, { "pypi-" } },
	{ "rubygems-key", "rubygems_[a-f0-9]{48}", 0, 0, 0, { "rubygems_" } },
	{ "nuget-key", START "oy2[a-z0-9]{43}(?![a-z0-9])", 0, RULE_ANYWHERE, 300, { "nuget" } },
	{ "crates-token", START "cio[A-Za-z0-9]{32}(?![A-Za-z0-9])", 0, RULE_ANYWHERE, 330,
		{ "cargo login", "crates.io", "registry_token" } },
	{ "clojars-token", "CLOJARS_[a-z0-9]{60}", 0, 0, 0, { "CLOJARS_" } },
	{ "docker-token", "dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}", 0, 0, 0, { "dckr_pat_", "dckr_oat_" } },
	{ "docker-auth", "\"auth\\\\?\"\\s*:\\s*\\\\?\"([A-Za-z0-9+/]{8,}={0,2})\\\\?\"", 1, 0, 0, { "\"auth" } },
	{ "artifactory-key", START "AKCp[A-Za-z0-9]{60,}|cmVmdGtu[A-Za-z0-9]{50,}", 0, 0, 300,
		{ "AKCp", "cmVmdGtu" } },

	/* CI and deployment. */
	{ "circleci-token", "CCI(?:PAT|PRJ)_[A-Za-z0-9]{10,}_[a-f0-9]{40}", 0, 0, 0, { "CCIPAT_", "CCIPRJ_" } },
	{ "vercel-token", "(?:vc[pikar]_[A-Za-z0-9]{24,}|vercel_blob_rw_[A-Za-z0-9_]{30,})", 0, 0, 300,
		{ "vcp_", "vci_", "vck_", "vca_", "vcr_", "vercel_blob_rw_" } },
	{ "vercel-token", "(?i)vercel[\\w.-]{0,30}(?:token|key|secret)" IS "([A-Za-z0-9]{24})(?![A-Za-z0-9])",
		1, 0, 300, { "vercel" } },
	{ "vercel-token", "(?i)vercel\\b.{0,80}?(?:--token|-t)[= ]([A-Za-z0-9]{24})(?![A-Za-z0-9])", 1, 0, 300,
		{ "vercel" } },
	{ "netlify-token", "nf[pcoub]_[A-Za-z0-9]{36,}", 0, 0, 300, { "nfp_", "nfc_", "nfo_", "nfu_", "nfb_" } },
	{ "buildkite-token", "bk(?:ua|aj|at|ct|ab)_[A-Za-z0-9]{30,}", 0, 0, 0,
		{ "bkua_", "bkaj_", "bkat_", "bkct_", "bkab_" } },
	{ "codegen-token", START "sk-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", 0, 0, 0,
		{ "sk-0", "sk-1", "sk-2", "sk-3", "sk-4", "sk-5", "sk-6", "sk-7", "sk-8", "sk-9",
			"sk-a", "sk-b", "sk-c", "sk-d", "sk-e", "sk-f" } },
	{ "jenkins-token", "(?i)jenkins.{0,60}?[:=\\s\"'](?-i)(11[0-9a-f]{32})(?![0-9a-f])", 1, 0, 0,
		{ "jenkins" } },
	{ "jenkins-secret", "\\{(AQAA[A-Za-z0-9+/=]{20,})\\}", 1, 0, 0, { "{AQAA" } },
	{ "terraform-token", "[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_=-]{60,}", 0, 0, 0, { ".atlasv1." } },
	{ "vault-token", START "hv[sbr]\\.[A-Za-z0-9_-]{24,}", 0, 0, 300, { "hvs.", "hvb.", "hvr." } },
	{ "vault-token", "(?i)vault.{0,40}?[=:\\s\"'](?-i)([sbr]\\.[A-Za-z0-9]{24})(?![A-Za-z0-9])", 1, 0, 300,
		{ "vault" } },
	{ "doppler-token", START "dp\\.(?:pt|st|ct|sa|scim|audit)\\.[A-Za-z0-9_.-]{36,}", 0, 0, 0,
		{ "dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit." } },
	{ "pulumi-token", "pul-[a-f0-9]{40}", 0, 0, 0, { "pul-" } },
	{ "onepassword-token", "ops_eyJ[A-Za-z0-9+/_-]{100,}={0,3}", 0, 0, 0, { "ops_eyJ" } },
	{ "age-key", "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}", 0, 0, 0, { "AGE-SECRET-KEY-1" } },
	{ "tailscale-key", "tskey-[a-z]+-[A-Za-z0-9_-]{12,}", 0, 0, 0, { "tskey-" } },

	/* People and messages. */
	{ "slack-token", "xox[abeoprs][.-](?:[A-Za-z0-9]+-)*[A-Za-z0-9.%-]{10,}", 0, 0, 0,
		{ "xoxa-", "xoxb-", "xoxe", "xoxo-", "xoxp-", "xoxr-", "xoxs-" } },
	{ "slack-token", "xapp-[0-9]-[A-Z0-9]+-[0-9]+-[A-Za-z0-9]{10,}", 0, 0, 0, { "xapp-" } },
	{ "slack-cookie", "xoxd-[A-Za-z0-9%/+=-]{20,}", 0, 0, 0, { "xoxd-" } },
	{ "slack-webhook", "hooks\\.slack\\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/_-]{20,})", 1, 0, 0,
		{ "hooks.slack.com" } },
	{ "teams-webhook", "webhook\\.office\\.com/(?:webhookb2/)?([A-Za-z0-9@/-]{40,})", 1, 0, 0,
		{ "webhook.office.com" } },
	{ "discord-webhook", "discord(?:app)?\\.com/api/(?:v[0-9]+/)?webhooks/([0-9]+/[A-Za-z0-9_-]{20,})", 1, 0,
		0, { "discord.com/api", "discordapp.com/api" } },
	{ "discord-token", START "[MNO][A-Za-z0-9_-]{23,27}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,}", 0, RULE_ANYWHERE, 380,
		{ "discord", "token", "authorization", "bot " } },
	{ "telegram-token", "(?<![0-9])[0-9]{6,12}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])", 0, 0, 0,
		{ "0:AA", "1:AA", "2:AA", "3:AA", "4:AA", "5:AA", "6:AA", "7:AA", "8:AA", "9:AA" } },
	{ "linear-key", "lin_(?:api|oauth|wh)_[A-Za-z0-9]{30,}", 0, 0, 0, { "lin_api_", "lin_oauth_", "lin_wh_" } },
	{ "notion-token", START "(?:ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43})(?![A-Za-z0-9])", 0, 0, 350,
		{ "ntn_", "secret_" } },
	{ "figma-token", "fig[dour]_[A-Za-z0-9_-]{36,}", 0, 0, 300, { "figd_", "figo_", "figu_", "figr_" } },
	{ "airtable-token", START "pat[A-Za-z0-9]{14}\\.[a-f0-9]{64}", 0, RULE_ANYWHERE, 0, { "airtable" } },

	/* Mail and phone. */
	{ "sendgrid-key", "SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{16,64}", 0, 0, 380,
		{ "SG.a", "SG.b", "SG.c", "SG.d", "SG.e", "SG.f", "SG.g", "SG.h", "SG.i", "SG.j",
			"SG.k", "SG.l", "SG.m", "SG.n", "SG.o", "SG.p", "SG.q", "SG.r", "SG.s",
			"SG.t", "SG.u", "SG.v", "SG.w", "SG.x", "SG.y", "SG.z", "SG.0", "SG.1", "SG.2", "SG.3", "SG.4", "SG.5", "SG.6", "SG.7", "SG.8", "SG.9",
			"SG._", "SG.-" } },
	{ "sendinblue-key", "xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}", 0, 0, 0, { "xkeysib-" } },
	{ "twilio-key", "(?i)twilio.{0,60}?[=:\\s\"'](?-i)((?:SK)?[0-9a-f]{32})(?![0-9a-f])", 1, 0, 280,
		{ "twilio" } },
	{ "mailgun-key", START "(?:key|pubkey)-[0-9a-f]{32}(?![0-9a-f])", 0, 0, 0, { "key-" } },
	{ "mailgun-key", "(?i)mailgun.{0,60}?([0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})", 1, 0, 0, { "mailgun" } },
	{ "mailchimp-key", "(?<![0-9a-f])[0-9a-f]{32}-us[0-9]{1,2}(?![0-9A-Za-z])", 0, 0, 280,
		{ "-us1", "-us2", "-us3", "-us4", "-us5", "-us6", "-us7", "-us8", "-us9" } },
	{ "postmark-token", "(?i)postmark.{0,40}?" IS
		"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", 1, 0, 0, { "postmark" } },
	{ "resend-key", START "re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}(?![A-Za-z0-9])", 0, RULE_ANYWHERE, 330, { "resend" } },

	/* Money and shops. */
	{ "stripe-key", "(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,}", 0, 0, 300,
		{ "sk_live_", "sk_test_", "sk_prod_", "rk_live_", "rk_test_", "rk_prod_" } },
	{ "stripe-webhook-secret", START "whsec_[A-Za-z0-9+/=]{24,}", 0, 0, 300, { "whsec_" } },
	{ "square-token", "(?:sq0[a-z]{3}-[A-Za-z0-9_-]{22,}|EAAA[lE][A-Za-z0-9_-]{59})", 0, 0, 300,
		{ "sq0atp-", "sq0csp-", "sq0idp-", "EAAAl", "EAAAE" } },
	{ "shopify-token", "shp(?:at|ca|pa|ss|ua)_[A-Fa-f0-9]{32}", 0, 0, 0,
		{ "shpat_", "shpca_", "shppa_", "shpss_", "shpua_" } },
	{ "paypal-token", "access_token\\$(?:production|sandbox)\\$[a-z0-9]{16}\\$[a-f0-9]{32}", 0, 0, 0,
		{ "access_token$" } },
	{ "plaid-token", START "access-(?:sandbox|development|production)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
		0, 0, 0, { "access-sandbox-", "access-development-", "access-production-" } },
	{ "easypost-key", START "EZ[AT]K[A-Za-z0-9]{54}", 0, 0, 0, { "EZAK", "EZTK" } },

	/* Models. */
	{ "anthropic-key", "sk-ant-[A-Za-z0-9]+-[A-Za-z0-9_-]{20,}", 0, 0, 0, { "sk-ant-" } },
	{ "openai-key", "sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}", 0, 0, 300,
		{ "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-" } },
	{ "openai-key", START "sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}", 0, 0, 0, { "T3BlbkFJ" } },
	{ "model-key", START "sk-(?:or-v1-[a-f0-9]{64}|lf-[0-9a-f-]{36}|[a-f0-9][A-Za-z0-9]{31,})(?![A-Za-z0-9-])", 0, 0,
		330,
		{ "sk-0", "sk-1", "sk-2", "sk-3", "sk-4", "sk-5", "sk-6", "sk-7", "sk-8", "sk-9",
			"sk-a", "sk-b", "sk-c", "sk-d", "sk-e", "sk-f", "sk-or-v1-", "sk-lf-" } },
	{ "huggingface-token", START "(?:hf|api_org)_[A-Za-z0-9]{30,}(?![A-Za-z0-9_])", 0, 0, 330,
		{ "hf_a", "hf_b", "hf_c", "hf_d", "hf_e", "hf_f", "hf_g", "hf_h", "hf_i", "hf_j",
			"hf_k", "hf_l", "hf_m", "hf_n", "hf_o", "hf_p", "hf_q", "hf_r", "hf_s",
			"hf_t", "hf_u", "hf_v", "hf_w", "hf_x", "hf_y", "hf_z", "api_org_" } },
	{ "replicate-token", START "r8_[A-Za-z0-9_-]{37}(?![A-Za-z0-9])", 0, RULE_ANYWHERE, 330, { "replicate" } },
	{ "groq-key", START "gsk_[A-Za-z0-9]{48,}", 0, 0, 330, { "gsk_" } },
	{ "xai-key", START "xai-[A-Za-z0-9]{70,}", 0, 0, 330, { "xai-" } },
	{ "perplexity-key", START "pplx-[A-Za-z0-9]{40,}", 0, 0, 330, { "pplx-" } },
	{ "langsmith-key", "lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}", 0, 0, 0, { "lsv2_pt_", "lsv2_sk_" } },

	/* Looking at what runs. */
	{ "sentry-token", "sntr(?:ys|yu|ya|yi)_[A-Za-z0-9+/_=-]{40,}", 0, 0, 0,
		{ "sntrys_", "sntryu_", "sntrya_", "sntryi_" } },
	{ "sentry-dsn", "https?://([0-9a-f]{32}(?::[0-9a-f]{32})?)@[\\w.-]+/[0-9]+", 1, RULE_AT_SIGN, 0,
		{ NULL } },
	{ "datadog-key", "(?i)(?:datadog|\\bdd)[\\w.-]{0,30}(?:key|token|secret)" IS
		"([a-f0-9]{40}|[a-f0-9]{32})(?![a-f0-9])", 1, 0, 0,
		{ "datadog", "dd_api", "dd-api", "dd_app", "dd-app", "dd_client" } },
	{ "datadog-key", "ddp_[A-Za-z0-9]{30,}", 0, 0, 300, { "ddp_" } },
	{ "newrelic-key", "NR(?:AK|RA|II|IQ|JS|SP|AA|BR)-[A-Za-z0-9_-]{19,}", 0, 0, 300,
		{ "NRAK-", "NRRA-", "NRII-", "NRIQ-", "NRJS-", "NRSP-", "NRAA-", "NRBR-" } },
	{ "newrelic-key", START "[0-9a-f]{36}NRAL(?![0-9a-zA-Z])", 0, 0, 0, { "NRAL" } },
	{ "grafana-token", "(?:glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_[A-Za-z0-9+/]{32,}={0,3})", 0, 0, 300,
		{ "glsa_", "glc_" } },
	{ "dynatrace-token", "dt0[a-z][0-9]{2}\\.[A-Z0-9]{24}\\.[A-Z0-9]{64}", 0, 0, 0, { "dt0c", "dt0s", "dt0p" } },
	{ "sonar-token", START "sq[pua]_[a-f0-9]{40}(?![a-f0-9])", 0, 0, 0, { "sqp_", "squ_", "sqa_" } },
	{ "postman-key", "PMAK-[a-f0-9]{24}-[a-f0-9]{34}", 0, 0, 0, { "PMAK-" } },
	{ "sourcegraph-token", START "sgp_(?:[a-fA-F0-9]{16}_|local_)?[a-fA-F0-9]{40}", 0, 0, 0, { "sgp_" } },

	/* Data. */
	{ "databricks-token", START "dapi[a-f0-9]{32}(?:-[0-9])?(?![a-f0-9])", 0, 0, 0, { "dapi" } },
	{ "planetscale-token", "pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_=.-]{32,}", 0, 0, 300,
		{ "pscale_tkn_", "pscale_pw_", "pscale_oauth_" } },
	{ "supabase-key", "(?:sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{20,})", 0, 0, 0, { "sbp_", "sb_secret_" } },
	{ "prefect-key", START "pn[ub]_[A-Za-z0-9]{36}(?![A-Za-z0-9])", 0, 0, 300, { "pnu_", "pnb_" } },
	{ "contentful-token", "CFPAT-[A-Za-z0-9_-]{43}", 0, 0, 0, { "CFPAT-" } },
	{ "mapbox-token", START "[ps]k\\.eyJ[A-Za-z0-9_-]{40,}\\.[A-Za-z0-9_-]{20,}", 0, 0, 0, { "k.eyJ" } },

	/* Protocols. */
	{ "jwt", "eyJ[A-Za-z0-9_-]{8,}={0,2}\\.eyJ[A-Za-z0-9_-]{8,}={0,2}(?:\\.[A-Za-z0-9_=-]*)?", 0, 0, 0,
		{ "eyJa", "eyJb", "eyJc", "eyJd", "eyJe", "eyJf", "eyJg", "eyJh", "eyJi", "eyJj",
			"eyJk", "eyJl", "eyJm", "eyJn", "eyJo", "eyJp", "eyJq", "eyJr", "eyJs",
			"eyJt", "eyJu", "eyJv", "eyJw", "eyJx", "eyJy", "eyJz", "eyJ0", "eyJ1",
			"eyJ2", "eyJ3", "eyJ4", "eyJ5", "eyJ6" } },
	{ "jwe", "eyJ[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]*\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}",
		0, 0, 300,
		{ "eyJa", "eyJb", "eyJc", "eyJd", "eyJe", "eyJf", "eyJg", "eyJh", "eyJi", "eyJj",
			"eyJk", "eyJl", "eyJm", "eyJn", "eyJo", "eyJp", "eyJq", "eyJr", "eyJs",
			"eyJt", "eyJu", "eyJv", "eyJw", "eyJx", "eyJy", "eyJz", "eyJ0", "eyJ1",
			"eyJ2", "eyJ3", "eyJ4", "eyJ5", "eyJ6" } },
	{ "authorization",
		"(?i)authorization" IS "(?:(?:basic|bearer|token|digest|apikey|negotiate|ntlm|aws4-hmac-sha256|bot)\\s{1,4})"
		"((?![*$<{\\[])[^\\s\"'`\\\\]{6,})", 1, 0, 0, { "authorization" } },
	{ "authorization", "(?i)authorization" IS
		"(?!basic\\b|bearer\\b|token\\b)((?=[^\\s\"'`]{0,80}[0-9])[A-Za-z0-9+/=._~-]{16,})", 1, 0, 330,
		{ "authorization" } },
	{ "bearer-token", "(?i)bearer(?:\\s|%20|\\+){1,4}((?=[A-Za-z0-9._~+/-]{0,200}[0-9])[A-Za-z0-9._~+/-]{16,}=*)", 1, 0,
		300, { "bearer" } },
	{ "basic-auth", START "(?i:basic) ((?=[A-Za-z0-9+/]*[0-9=])(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[A-Z])"
		"[A-Za-z0-9+/]{12,}={0,2})(?![A-Za-z0-9+/_-])", 1, 0, 300, { "basic " } },
	{ "url-credentials",
		"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\\s:/@\"'`<>\\\\]{0,256}:"
		"((?!\\*{3}|\\$|<|%s|\\{|x{3,8}@)[^\\s/@\"'`<>?#\\\\]{1,1024}(?:[^\\s\"'`<>/]{0,64}(?=@))?)@", 1,
		RULE_AT_SIGN, 0, { NULL } },
	{ "url-credentials", "https?://((?=[^@/]*[0-9])[A-Za-z0-9_-]{20,255})@", 1, RULE_AT_SIGN, 300, { NULL } },
	{ "cookie", "(?i)" EDGE "(?:set-)?cookie\\\\?[\"']?\\s{0,4}:\\s{0,4}\\\\?[\"']?([\\w.-]+=[^;\\s\"']{6,}(?:;\\s*[\\w.-]+=[^;\\s\"']{6,})*)", 1,
		0, 0, { "cookie" } },
	{ "netrc", "(?i)" EDGE "(?:login|machine)\\s+\\S{1,256}\\s+(?:\\S+\\s+){0,2}password\\s+(\\S+)", 1, 0, 0, { "password" } },
	{ "npmrc", "(?i)_auth(?:token)?\\s*=\\s*([^\\s\"'$<{*][^\\s\"'{}]{5,})", 1, 0, 0, { "_auth" } },
	{ "curl-user", "(?:" EDGE "curl\\b[^\\n]{0,500}?\\s(?:-u|--user)[\\s=]{1,2}[\"']?[^\\s:\"'$]{1,128}:)((?![$*<{])[^\\s\"']{3,})", 1,
		0, 0, { "curl " } },
	{ "login-password", "(?:" EDGE "(?:docker|podman|helm|az|oc|buildah|skopeo|nerdctl)\\b[^\\n]{0,300}?\\blogin\\b"
		"[^\\n]{0,300}?\\s-p[ =]?[\"']?)((?![$*<{-])[^\\s\"']{4,})", 1, 0, 0, { "login " } },

	/* By name. */
	{ "secret", NAMED(SECRET_NAME), 0, RULE_NAMED, 0,
		{ "password", "passwd", "passphrase", "passcode", "pass=", "pass:", "pass\"", "pass =", "pwd=",
			"pwd:", "pwd\"", "pwd =", "secret", "token", "credential", "creds=", "creds:", "creds\"",
			"webhook", "connectionstring", "connection_string", "connection-string", "connection string",
			"_auth", "-auth" } },
	{ "secret", NAMED(KEY_NAME), 0, RULE_NAMED, 0,
		{ "api_key", "app_key", "access_key", "private_key", "account_key", "auth_key", "signing_key",
			"encryption_key", "master_key", "admin_key", "deploy_key", "service_key", "shared_key",
			"storage_key", "session_key", "license_key", "ssh_key",
			"api-key", "app-key", "access-key", "private-key", "account-key", "auth-key", "signing-key",
			"encryption-key", "master-key", "admin-key", "deploy-key", "service-key", "shared-key",
			"storage-key", "session-key", "license-key", "ssh-key",
			"apikey", "appkey", "accesskey", "privatekey", "accountkey", "authkey", "signingkey",
			"encryptionkey", "masterkey", "adminkey", "deploykey", "servicekey", "sharedkey", "storagekey",
			"sessionkey", "licensekey", "sshkey" } },
	{ "secret", ELEMENT(SECRET_NAME "|" KEY_NAME), 0, RULE_NAMED, 0,
		{ "password>", "passwd>", "passphrase>", "secret>", "token>", "key>", "pwd>", "pass>" } },
	{ "secret", NAME_VALUE(SECRET_NAME "|" KEY_NAME), 0, RULE_NAMED, 0,
		{ "value=", "value\"", "value'", "value:", "value\\" } },
	{ "secret", SETTER(SECRET_NAME "|" KEY_NAME), 0, RULE_NAMED, 0,
		{ "env ", "arg ", "setenv ", "setx ", "::set-", "::save-" } },
	{ "login-password", "(?:" EDGE "sshpass\\s{1,4}-p\\s{0,4}[\"']?|"
		EDGE "(?:mysql|mysqldump|mysqladmin|mariadb)\\b[^\\n]{0,300}?\\s-p[\"']?)((?![$*<{-])[^\\s\"']{4,})", 1,
		0, 0, { "sshpass", "mysql", "mariadb" } },
	{ "secret", OPTION(SECRET_NAME "|" KEY_NAME), 0, RULE_NAMED, 0,
		{ "-pass", "-pwd", "secret", "token", "-cred", "-key", "password" } },
};
/* clang-format on */

const size_t n_redact_rules = ARRAY_SIZE(redact_rules);
