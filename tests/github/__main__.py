"""The scripted GitHub by hand.

python3 -m tests.github serve [--port N] [--state FILE] [--codegen-port N] [--agent HANDLE] [--log] [--strict]
    serves until it is interrupted; the first line of output is JSON: api_url, graphql_url, tokens, codegen_url;
    --strict also looks at the marker of what is posted and at the pace
python3 -m tests.github tell URL BUILDER [ARGUMENT...] [NAME=VALUE...]
    makes one thing happen on a server that runs (story.py, and fail, advance, recover); a value is JSON, or else a
    text. tell URL fail GRAPHQL 500 makes the next query fail, tell URL fail "POST /repos/*/*/issues/*/comments" ok
    effect=twice the next comment appear twice; faults.py says more of these:
    {faults}
python3 -m tests.github show URL requests|violations|world
python3 -m tests.github thread URL OWNER/NAME NUMBER
    prints an issue or pull request as people see it

FILE is a story: a JSON list of [builder, [arguments], {keywords}]. With --agent, a comment of a user (no bot) that
names HANDLE makes the agent push to the pull request's branch a second later; its checks are yours to tell.
Ends with 1 when the client broke a rule."""
import argparse
import json
import os
import signal
import sys
import textwrap
import threading
import urllib.error
import urllib.request

from .codegen_api import CodegenApi
from .faults import SIGHTS
from .hub import GitHub

AGENT_DELAY_S = 1.0


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def answering_agent(hub, handle):
    """Pushes when it is asked to; bots' mentions wake nobody."""
    def look(name, number, comment):
        issue = hub.find(name).issues[number]
        if handle in comment.body and not comment.author.is_bot and issue.pull is not None:
            timer = threading.Timer(AGENT_DELAY_S, lambda: hub.push(
                issue.pull.head.full_name, issue.pull.head_branch, message="fix", by=handle.lstrip("@")))
            timer.daemon = True
            timer.start()
    return look


def serve(arguments):
    hub = GitHub(arguments.port) if arguments.strict else GitHub(arguments.port, marker=None, spacing_s=0)
    codegen = CodegenApi(arguments.codegen_port) if arguments.codegen_port is not None else None
    if arguments.state:
        with open(arguments.state, encoding="utf-8") as file:
            hub.tell(json.load(file))
    if arguments.agent:
        hub.on("comment", answering_agent(hub, arguments.agent))
    print(json.dumps({"api_url": hub.api_url, "graphql_url": hub.graphql_url,
                      "tokens": {token.user.login: token.value for token in hub.world.tokens.values()},
                      "codegen_url": codegen and codegen.url}), flush=True)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    shown = 0
    while not ended.wait(0.2):
        while arguments.log and shown < len(hub.requests) and hub.requests[shown].done:
            request = hub.requests[shown]
            print(f"{request} {request.status or request.fault}", flush=True)
            shown += 1
    hub.stop()
    violations = list(hub.violations)
    if codegen:
        codegen.stop()
        violations += codegen.violations
    for text in violations:
        print(f"violation: {text}", file=sys.stderr)
    return bool(violations)


def tell(url, builder, words):
    args = [parsed(word) for word in words if "=" not in word]
    keywords = {name: parsed(value) for name, _, value in (word.partition("=") for word in words if "=" in word)}
    request = urllib.request.Request(f"{url}/_hub/{builder}", json.dumps([args, keywords]).encode(), method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            result = json.load(answer)["result"]
    except urllib.error.HTTPError as error:
        print(f"error: {json.load(error)['message']}", file=sys.stderr)
        return 1
    print(result if isinstance(result, str) else json.dumps(result))
    return 0


def show(url, what):
    with urllib.request.urlopen(f"{url}/_hub/{what}") as answer:
        print(json.dumps(json.load(answer), indent=1))
    return 0


def thread(url, name, number):
    with urllib.request.urlopen(f"{url}/_hub/world") as answer:
        issue = next(issue for issue in json.load(answer)[name] if issue["number"] == number)
    kind = "pull request" if "head" in issue else "issue"
    labels = ", ".join(issue["labels"]) or "none"
    print(f"{name}#{number}: {issue['title']} ({kind}, {issue['state']}, labels: {labels})")
    for comment in issue["comments"]:
        print(f"\n--- {comment['author']} wrote:\n{comment['body']}")
    return 0


def main():
    faults = textwrap.fill(", ".join(sorted(SIGHTS)), 116, subsequent_indent="    ")
    parser = argparse.ArgumentParser(prog="tests.github", description=__doc__.replace("{faults}", faults),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    serving = verbs.add_parser("serve")
    serving.add_argument("--port", type=int, default=0)
    serving.add_argument("--codegen-port", type=int)
    serving.add_argument("--state")
    serving.add_argument("--agent")
    serving.add_argument("--log", action="store_true")
    serving.add_argument("--strict", action="store_true")
    telling = verbs.add_parser("tell")
    telling.add_argument("url")
    telling.add_argument("builder")
    telling.add_argument("words", nargs="*")
    showing = verbs.add_parser("show")
    showing.add_argument("url")
    showing.add_argument("what", choices=("requests", "violations", "world"))
    threads = verbs.add_parser("thread")
    threads.add_argument("url")
    threads.add_argument("name")
    threads.add_argument("number", type=int)
    arguments = parser.parse_args()
    if arguments.verb == "serve":
        return serve(arguments)
    if arguments.verb == "tell":
        return tell(arguments.url, arguments.builder, arguments.words)
    if arguments.verb == "thread":
        return thread(arguments.url, arguments.name, arguments.number)
    return show(arguments.url, arguments.what)


if __name__ == "__main__":
    try:
        CODE = main()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough, as grep -q has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        CODE = 0
    sys.exit(CODE)
