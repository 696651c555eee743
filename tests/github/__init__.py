"""A GitHub and a Codegen agent API for tests, stateful and scripted; Python's standard library only.

    with GitHub() as hub:
        hub.repo("acme/web", roles={"mona": "write", "codegend-bot": "write"})
        token = hub.token("codegend-bot")
        hub.push("acme/web", "fix")
        number = hub.open_pull("acme/web", "fix")
        hub.fail("POST /repos/*/*/issues/*/comments", "500", effect="applied")
        ...  # a client is given hub.api_url, hub.graphql_url and token
        assert len(hub.comments("acme/web", number)) == 1

At the end of the block everything that the client did wrong is raised as Violations. Builders are in story.py,
misbehaviour in faults.py, rules in rules.py. By hand: python3 -m tests.github --help"""
from .apps import make_jwt, make_key
from .codegen_api import CodegenApi
from .effects import effects
from .hub import GitHub
from .scripted import Violations

__all__ = ["CodegenApi", "GitHub", "Violations", "effects", "make_jwt", "make_key"]
