"""Runs a GraphQL query: checks it against schema.py first (what GitHub would refuse is a violation), counts nodes and
points, then asks resolve.py for the values. Errors carry the path of their alias, the others stay whole."""
from . import resolve, validate
from .language import Wrong, bare, parse
from .schema import TYPES
from .wire import Answer


class Nothing(Exception):
    """A null where none may be: the parent becomes null."""


def aliases(body):
    """The top-level response names of a query, [] for what is none."""
    try:
        operations, _ = parse(body["query"])
        return [node.alias for node in operations[0].fields if node.kind == "field"]
    except (Wrong, KeyError, TypeError, IndexError):
        return []


def run(call):
    hub, body = call.hub, call.body
    for name in body:
        if name not in ("query", "variables", "operationName"):
            hub.violation(call.request, f"there is no field {name!r}")
    if not isinstance(body.get("query"), str) or not isinstance(body.get("variables", {}), (dict, type(None))):
        hub.violation(call.request, "no query, or variables that are no object")
        return Answer(400, {"message": "A query attribute must be specified and must be a string."})
    try:
        plan = validate.Plan(body["query"], body.get("variables") or {}, hub.hidden_fields)
    except Wrong as wrong:
        if wrong.error.get("extensions", {}).get("hidden") is None:
            hub.violation(call.request, f"GraphQL: {wrong}")
        wrong.error.get("extensions", {}).pop("hidden", None)
        return Answer(200, {"errors": [wrong.error]})
    token = call.token
    if token.used["graphql"] + plan.cost > token.limits["graphql"]:
        token.used["graphql"] = token.limits["graphql"]
        message = f"API rate limit exceeded for user ID {token.user.id}."
        return Answer(200, {"errors": [{"type": "RATE_LIMITED", "message": message}]})
    token.used["graphql"] += plan.cost
    hub.graphql_costs.append((plan.cost, plan.nodes))
    return Answer(200, Execution(call, plan).result())


class Execution:
    def __init__(self, call, plan):
        self.call, self.plan = call, plan
        self.errors = []
        self.looked_at = set()

    def result(self):
        try:
            data = self.fields("Query", resolve.Thing("Query"), self.plan.operation.fields, [])
        except Nothing:
            data = None
        for pull in self.looked_at:
            # Asking is what makes GitHub compute it.
            pull.unknown_reads = max(0, pull.unknown_reads - 1)
        return {"data": data, "errors": self.errors} if self.errors else {"data": data}

    def collect(self, kind, selections, into):
        """{response name: [nodes]} for an object of this type."""
        for node in selections:
            if not self.plan.is_included(node):
                continue
            if node.kind == "field":
                into.setdefault(node.alias, []).append(node)
                continue
            part = self.plan.fragments[node.name] if node.kind == "spread" else node
            if part.on is None or part.on == kind or kind in TYPES[part.on].members:
                self.collect(kind, part.fields, into)
        return into

    def fields(self, kind, thing, selections, path):
        result = {}
        for name, nodes in self.collect(kind, selections, {}).items():
            result[name] = self.field(kind, thing, name, nodes, path + [name])
        return result

    def field(self, kind, thing, name, nodes, path):
        node = nodes[0]
        if node.name == "__typename":
            return kind
        wanted, _ = TYPES[kind].fields[node.name]
        arguments = {name: self.plan.value(given) for name, given in node.arguments.items()}
        try:
            value = resolve.value(self, kind, thing, node.name, arguments)
        except resolve.Denied as denied:
            self.errors.append({**denied.error, "path": path,
                                "locations": [{"line": node.at[0], "column": node.at[1]}]})
            value = None
        return self.complete(wanted, value, [inner for one in nodes for inner in one.fields], path)

    def complete(self, wanted, value, selections, path):
        if wanted.endswith("!"):
            result = self.complete(wanted[:-1], value, selections, path)
            if result is None:
                raise Nothing
            return result
        if value is None:
            return None
        if wanted.startswith("["):
            inner = wanted[1:-1]
            return [self.item(inner, one, selections, path + [i]) for i, one in enumerate(value)]
        if not selections:
            kind = TYPES[bare(wanted)]
            assert kind.kind != "enum" or value in kind.values, f"{value!r} is no {wanted}"
            return value
        try:
            return self.fields(value.kind, value, selections, path)
        except Nothing:
            return None

    def item(self, inner, value, selections, path):
        return self.complete(inner, value, selections, path)
