"""The scripted GitHub knows what a body would set off."""
import pytest
from github_client import Client, GitHub, effects

MARK = "<!-- codegend:v1 kind=status incident=incident-1 -->\n"
FOLDED = "<details><summary>Details</summary>\n\n{}\n\n</details>\n"
CASES = [
    ("nothing at all: a@b.c, x#1y, 100 %, @types in no code", [("mention", "types")]),
    ("thanks @mona and (@acme/team)", [("mention", "mona"), ("mention", "acme/team")]),
    ("mail me@example.com or a/@scope", [("mention", "scope")]),
    ("&#64;mona \\@mona", [("mention", "mona"), ("mention", "mona")]),
    ("`@mona` and ``a ` @mona``", []),
    ("a ` alone @mona", [("mention", "mona")]),
    ("```text\n@mona fixes #1 <!-- x -->\n```", []),
    ("~~~\n@mona\n```\n@mona\n~~~", []),
    ("````\n```\n@mona\n````", []),
    ("```\ncode\n```\n@mona", [("mention", "mona")]),
    ("```\n@mona", [("open fence", "")]),
    ("``` a`b\n@mona", [("mention", "mona")]),
    ("see #12, acme/web#3, GH-4", [("reference", "12"), ("reference", "3"), ("reference", "4")]),
    ("https://github.com/acme/web/pull/5", [("reference", "5")]),
    ("Fixes #6", [("closes", "#6"), ("reference", "6")]),
    ("resolved: acme/web#7", [("closes", "acme/web#7"), ("reference", "7")]),
    ("prefixes # 6", []),
    ("/deploy now", [("command", "deploy")]),
    ("```\n/lgtm\n```", [("command", "lgtm")]),
    ("a /usr/bin path", []),
    ("a<!-- secret -->b", [("comment", "secret")]),
    ("a<!-- without an end", [("comment", "without an end")]),
    ("<details><img src=x>", [("element", "details"), ("element", "img")]),
    ("a\u200bb\u202e", [("hidden", "U+200B"), ("hidden", "U+202E")]),
    ("\x1b[31m", [("hidden", "U+001B")]),
    (MARK + "quiet", []),
    ("a\n\n" + FOLDED.format("- x"), []),
    ("a\n\n" + FOLDED.format("- x\n\n</details>\n\n@mona"), [("element", "/details"), ("mention", "mona")]),
    (FOLDED.format("x") + "more", [("element", name) for name in ("details", "summary", "/summary", "/details")]),
    (FOLDED.format("<details><summary>Details</summary>\n\nx"),
     [("element", name) for name in ("details", "summary", "/summary")]),
    ("quiet\n" + MARK, [("comment", "codegend:v1 kind=status incident=incident-1")]),
]


@pytest.mark.parametrize("body, expected", CASES)
def test_effects(body, expected):
    assert effects(body) == expected


def test_a_hub_tells_what_comments_set_off():
    with GitHub() as hub:
        hub.repo("acme/web", roles={"codegend-bot": "write"})
        number = hub.open_issue("acme/web", "t", "@mona")
        Client(hub.api_url, hub.token()).post(f"/repos/acme/web/issues/{number}/comments", {"body": MARK + "@octocat"})
        assert hub.set_off("codegend-bot") == [("mention", "octocat")]
        assert hub.set_off("mona") == [("mention", "mona")]
