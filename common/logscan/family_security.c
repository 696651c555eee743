#include "common/logscan/grammar.h"

/* clang-format off */
static const struct grammar_row rows[] = {
	/* sorted by tool and keyword */
	{ "bandit", ">> issue:", "^>> Issue: \\[(?<rule>B\\d+):[^\\]]*\\] (?<msg>.*)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 76, 4, 0 },
	{ "bandit", "[bandit]", "^(?<file>\\S+):(?<line>\\d+): (?<rule>B\\d{3})\\[bandit\\]: (?<msg>.*)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 80, 0, 0 },
	{ "brakeman", ".rb\t", "^(?<file>\\S+\\.(?:rb|erb))\\t(?<line>\\d+)\\t(?<rule>[A-Z][\\w -]+)\\t(?<msg>.*)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 80, 0, 0 },
	{ "brakeman", ".rb  ", "^(?<file>/\\S+\\.(?:rb|erb))\\s{2,}(?<line>\\d+)\\s{2,}(?<rule>[A-Z][\\w -]+?)\\s{2,}(?<msg>.*\\s(?:High|Medium|Weak|Low)\\b.*|.*)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 76, 0, 0 },
	{ "brakeman", "confidence: ", "^Confidence: (?:High|Medium|Weak)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 66, 8, 0 },
	{ "cargo audit", "rustsec-", "(?<rule>RUSTSEC-\\d{4}-\\d+)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 72, 0, 0 },
	{ "detect-secrets", "\"type\": \"", "^\\s*\\\"type\\\": \\\"(?<msg>[\\w ]*(?:Key|Secret|Token|Credentials|Entropy String|Password|Keyword|Private)[\\w ]*)\\\"", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_SECRET, 72, 3, 0 },
	{ "detect-secrets", "hashed_secret", NULL, ROLE_SUMMARY, ERROR_SECURITY_SCAN, CAUSE_SECRET, 66, 0, 0 },
	{ "detect-secrets", "potential secrets about to be", NULL, ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_SECRET, 80, 6, 0 },
	{ "gitleaks", "leaks found", "leaks found: [1-9]\\d*", ROLE_SUMMARY, ERROR_SECURITY_SCAN, CAUSE_SECRET, 88, 0, 0 },
	{ "gitleaks", "ruleid:", "^RuleID:\\s+(?<rule>\\S+)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_SECRET, 80, 6, 0 },
	{ "grype", "ghsa-", "^(?<msg>\\S+\\s+\\S+\\s+.*(?<rule>GHSA-\\S+)\\s+(?:Critical|High|Medium|Low).*)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 74, 0, 0 },
	{ "npm audit", " vulnerabilities", "^[1-9]\\d* vulnerabilities \\(", ROLE_SUMMARY, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 52, 0, 0 },
	{ "npm audit", " vulnerabilities", "^[1-9]\\d* vulnerabilities found|^found [1-9]\\d* (?:low|moderate|high|critical|vulnerabilities)", ROLE_SUMMARY, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 40, 0, 0 },
	{ "npm audit", "1 high severity", "^[1-9]\\d* (?:high|critical|moderate|low) severity vulnerabilit", ROLE_SUMMARY, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 40, 0, 0 },
	{ "npm audit", "ghsa-", "(?<msg>.*?)\\s*-? ?https://github\\.com/advisories/(?<rule>GHSA-[\\w-]+)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 72, 0, 0 },
	{ "npm audit", "severity: ", "^Severity: (?<msg>low|moderate)\\b", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 74, 0, ROW_LINE_ABOVE },
	{ "npm audit", "severity: critical", "^Severity: (?<msg>critical)\\b", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 78, 0, ROW_LINE_ABOVE },
	{ "npm audit", "severity: high", "^Severity: (?<msg>high)\\b", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 76, 0, ROW_LINE_ABOVE },
	{ "osv-scanner", "osv.dev/", "https://osv\\.dev/(?<rule>\\S+)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 70, 0, 0 },
	{ "pip-audit", "known vulnerabilit", "Found [1-9]\\d* known vulnerabilit", ROLE_SUMMARY, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 85, 8, 0 },
	{ "secretlint", "[error] ", "^\\s*(?<line>\\d+):(?<col>\\d+)\\s+error\\s+\\[(?<rule>[A-Za-z_]+)\\] ", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_SECRET, 70, 0, ROW_FILE_ABOVE },
	{ "secretlint", "secretlint", "^\\s*(?<line>\\d+):(?<col>\\d+)\\s+error\\s+(?<msg>.*?)\\s+(?<rule>@secretlint/\\S+)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_SECRET, 86, 0, ROW_FILE_ABOVE },
	{ "semgrep", "blocking findings", "[1-9]\\d* (?:Code )?(?:B|b)locking (?:F|f)indings?|Findings: [1-9]\\d* \\([1-9]\\d* blocking", ROLE_SUMMARY, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 80, 0, 0 },
	{ "semgrep", "\xE2\x9D\xAF\xE2\x9D\xB1", "\xE2\x9D\xAF\xE2\x9D\xB1 (?<rule>\\S+)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 74, 3, 0 },
	{ "snyk", "severity", "^\\s*\xE2\x9C\x97 (?:\\[(?<rule>\\w+)\\]|(?:Low|Medium|High|Critical) severity) (?<msg>.*)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 78, 1, 0 },
	{ "talisman", "\"filename\": \"", "^\\s*\\\"filename\\\": \\\"(?<file>[^\\\"]+)\\\"", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_SECRET, 48, 0, 0 },
	{ "talisman", "filename matches pattern", "(?<msg>.*Filename matches pattern.*)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_SECRET, 72, 2, 0 },
	{ "talisman", "potential secret", "(?<msg>.*[pP]otential secret.*)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_SECRET, 72, 2, 0 },
	{ "talisman", "secret key detected", "(?<msg>.*secret key detected.*)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_SECRET, 72, 2, 0 },
	{ "trivy", "cve-", "^\\s*(?:\xE2\x94\x82|\\|).*(?<rule>CVE-\\d{4}-\\d+)", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 70, 0, 0 },
	{ "trivy", "cve-", "\\\"VulnerabilityID\\\": \\\"(?<rule>CVE-\\d{4}-\\d+)\\\"", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 72, 3, 0 },
	{ "trivy", "cve-", "^(?!.*(?:fix|Fix|warning)).*\\b(?<rule>CVE-\\d{4}-\\d+)\\b.*\\b(?:CRITICAL|HIGH|MEDIUM|LOW|critical|high)\\b", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 56, 0, 0 },
	{ "trivy", "total: ", "^Total: [1-9]\\d* \\((?:UNKNOWN|LOW|MEDIUM|HIGH|CRITICAL): ", ROLE_SUMMARY, ERROR_SECURITY_SCAN, CAUSE_VULNERABILITY, 80, 0, 0 },
	{ "trufflehog", "detectorname", "^\\{.*\\\"DetectorName\\\":\\\"(?<rule>[^\\\"]+)\\\"", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_SECRET, 84, 0, 0 },
	{ "trufflehog", "found unverified result", "Found unverified result", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_SECRET, 80, 8, 0 },
	{ "trufflehog", "found verified result", "Found verified result", ROLE_FINDING, ERROR_SECURITY_SCAN, CAUSE_SECRET, 90, 8, 0 },
	{ "trufflehog", "verified_secrets", "\\\"?verified_secrets\\\"?: [1-9]", ROLE_SUMMARY, ERROR_SECURITY_SCAN, CAUSE_SECRET, 80, 0, 0 },
};
/* clang-format on */

const struct grammar_family family_security = { rows, ARRAY_SIZE(rows) };
