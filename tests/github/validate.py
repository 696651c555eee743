"""Whether a query is valid, as GitHub sees it, and what it costs. Raises language.Wrong with GitHub's words."""
from .language import Wrong, bare, parse
from .schema import TYPES

NODES_MAX = 500_000
PAGE_MAX = 100
ALIASES_MAX = 100_000
BUILTIN = {"Int": int, "Boolean": bool, "String": str, "ID": str, "GitObjectID": str, "DateTime": str, "URI": str}


class Plan:
    """A query that may run: `operation`, `fragments`, `variables`, `cost` in points, `nodes`."""

    def __init__(self, text, variables, hidden=()):
        operations, self.fragments = parse(text)
        if len(operations) != 1:
            raise Wrong("An operation name is required", operations[1].at if operations else None)
        self.operation = operations[0]
        self.hidden = hidden
        if self.operation.type != "query":
            raise Wrong("only queries are known here", self.operation.at)
        self.declared = {node.name: node for node in self.operation.variables}
        self.variables = {}
        self.used_variables, self.used_fragments = set(), set()
        for node in self.operation.variables:
            self.take_variable(node, variables)
        self.path_names = ["query" + (" " + self.operation.name if self.operation.name else "")]
        self.check_fields("Query", self.operation.fields, self.path_names, ())
        self.check_used(variables)
        self.nodes = self.requests = 0
        self.count("Query", self.operation.fields, 1)
        if self.nodes > NODES_MAX:
            raise Wrong(f"This query requests up to {self.nodes:,} possible nodes which exceeds the maximum limit of "
                        f"{NODES_MAX:,}.")
        self.cost = max(1, round(self.requests / 100))

    # Variables and values

    def take_variable(self, node, given):
        if bare(node.type) not in TYPES or TYPES[bare(node.type)].kind not in ("scalar", "enum", "input"):
            raise Wrong(f"{bare(node.type)} isn't a defined input type (on ${node.name})", node.at,
                        "variableRequiresValidType", typeName=bare(node.type), variableName=node.name)
        value = given.get(node.name)
        if node.name not in given and node.default is not None:
            value = self.value(node.default)
        if not fits(value, node.type):
            raise Wrong(f"Variable ${node.name} of type {node.type} was provided invalid value", node.at)
        self.variables[node.name] = value

    def check_used(self, given):
        for name, node in self.declared.items():
            if name not in self.used_variables:
                raise Wrong(f"Variable ${name} is declared by anonymous query but not used", node.at,
                            "variableNotUsed", variableName=name)
        for name, node in self.fragments.items():
            if name not in self.used_fragments:
                raise Wrong(f"Fragment {name} was defined, but is not used", node.at, "useAndDefineFragment",
                            fragmentName=name)
        # GitHub ignores these; we would be sending what nobody reads.
        for name in given:
            if name not in self.declared:
                raise Wrong(f"a value for ${name}, which is not declared")

    def value(self, node):
        if node.kind == "variable":
            return self.variables[node.name]
        if node.kind == "list":
            return [self.value(item) for item in node.items]
        if node.kind == "object":
            return {name: self.value(item) for name, item in node.fields.items()}
        return node.value

    def is_included(self, node):
        return all(self.value(test) is (name == "include") for name, test in node.tests)

    def check_value(self, node, wanted, field, argument):
        """A value in the text against the type of an argument."""
        if node.kind == "variable":
            declared = self.declared.get(node.name)
            if declared is None:
                raise Wrong(f"Variable ${node.name} is used by anonymous query but not declared", node.at,
                            "variableNotDefined", variableName=node.name)
            self.used_variables.add(node.name)
            have = declared.type + ("!" if declared.default is not None and declared.type[-1] != "!" else "")
            if have.rstrip("!") != wanted.rstrip("!") or (wanted.endswith("!") and not have.endswith("!")):
                raise Wrong(f"Type mismatch on variable ${node.name} and argument {argument} ({declared.type} / "
                            f"{wanted})", node.at, "variableMismatch", variableName=node.name, typeName=declared.type,
                            argumentName=argument, errorMessage="Type mismatch")
            return
        inner, kind = wanted.rstrip("!"), TYPES[bare(wanted)]
        good = True
        if node.kind == "value" and node.value is None:
            good = not wanted.endswith("!")
        elif inner.startswith("["):
            for item in node.items if node.kind == "list" else [node]:
                self.check_value(item, inner[1:-1], field, argument)
        elif kind.kind == "input":
            good = node.kind == "object" and all(name in kind.fields for name in node.fields)
            for name, (expected, _) in kind.fields.items() if good else ():
                if name in node.fields:
                    self.check_value(node.fields[name], expected, field, argument)
                elif expected.endswith("!"):
                    good = False
        elif kind.kind == "enum":
            good = node.kind == "value" and node.type == "enum" and node.value in kind.values
        else:
            good = node.kind == "value" and node.type != "enum" and fits(node.value, inner)
        if not good:
            raise Wrong(f"Argument '{argument}' on Field '{field}' has an invalid value. Expected type '{wanted}'.",
                        node.at, "argumentLiteralsIncompatible", typeName="Field", argumentName=argument)

    # Fields

    def check_fields(self, kind, selections, path, within):
        held = TYPES[kind]
        for node in selections:
            for name, test in node.tests:
                self.check_value(test, "Boolean!", f"@{name}", "if")
            if node.kind == "field":
                self.check_field(held, node, path + [node.alias], within)
                continue
            part = node
            if node.kind == "spread":
                if node.name not in self.fragments:
                    raise Wrong(f"Fragment {node.name} was used, but not defined", node.at, "useAndDefineFragment",
                                path, fragmentName=node.name)
                if node.name in within:
                    raise Wrong(f"Fragment {node.name} contains an infinite loop", node.at, "infiniteLoop", path)
                self.used_fragments.add(node.name)
                part = self.fragments[node.name]
            on = part.on or kind
            if on not in TYPES or TYPES[on].kind not in ("type", "interface", "union"):
                raise Wrong(f"No such type {on}, so it can't be a fragment condition", node.at, "undefinedType", path)
            if not possible(on) & possible(kind):
                raise Wrong(f"Fragment on {on} can't be spread inside {kind}", node.at,
                            "cannotSpreadFragment", path, typeName=on, parentName=kind)
            self.check_fields(on, part.fields, path, within + ((node.name,) if node.kind == "spread" else ()))

    def check_field(self, held, node, path, within):
        if node.name == "__typename":
            return
        hidden = f"{held.name}.{node.name}" in self.hidden
        if node.name not in held.fields or hidden:
            raise Wrong(f"Field '{node.name}' doesn't exist on type '{held.name}'", node.at, "undefinedField", path,
                        typeName=held.name, fieldName=node.name, **({"hidden": True} if hidden else {}))
        kind, allowed = held.fields[node.name]
        for name, given in node.arguments.items():
            if name not in allowed:
                raise Wrong(f"Field '{node.name}' doesn't accept argument '{name}'", node.at, "argumentNotAccepted",
                            path, name=node.name, typeName="Field", argumentName=name)
            self.check_value(given, allowed[name], node.name, name)
        missing = [name for name, wanted in allowed.items() if wanted.endswith("!") and name not in node.arguments]
        if missing:
            raise Wrong(f"Field '{node.name}' is missing required arguments: {', '.join(missing)}", node.at,
                        "missingRequiredArguments", path)
        inner = bare(kind)
        if TYPES[inner].kind in ("type", "interface", "union"):
            if not node.fields:
                raise Wrong(f"Field must have selections (field '{node.name}' returns {inner} but has no selections. "
                            f"Did you mean '{node.name} {{ ... }}'?)", node.at, "selectionMismatch", path)
            if inner.endswith("Connection"):
                self.page_size(node)
            self.check_fields(inner, node.fields, path, within)
        elif node.fields:
            raise Wrong(f"Selections can't be made on scalars (field '{node.name}' returns {inner})", node.at,
                        "selectionMismatch", path)

    def page_size(self, node):
        given = {name: self.value(node.arguments[name]) for name in ("first", "last") if name in node.arguments}
        given = {name: size for name, size in given.items() if size is not None}
        if not given:
            raise Wrong("You must provide a `first` or `last` value to properly paginate the "
                        f"`{node.name}` connection.", node.at)
        for name, size in given.items():
            if not 1 <= size <= PAGE_MAX:
                raise Wrong(f"Requesting {size} records on the `{node.name}` connection exceeds the `{name}` limit of "
                            f"{PAGE_MAX} records.", node.at)
        return min(given.values())

    def merged(self, kind, selections):
        """{response name: [(type, node)]} of one level; two fields of one name have to be the same field."""
        found = {}

        def gather(on, nodes):
            for node in nodes:
                if node.kind == "field":
                    found.setdefault(node.alias, []).append((on, node))
                else:
                    part = self.fragments[node.name] if node.kind == "spread" else node
                    gather(part.on or on, part.fields)

        gather(kind, selections)
        for name, pairs in found.items():
            for on, node in pairs[1:]:
                first_on, first = pairs[0]
                exclusive = on != first_on and not possible(on) & possible(first_on)
                same = node.name == first.name and self.shown(node) == self.shown(first)
                if not same and not exclusive:
                    raise Wrong(f"Field '{name}' has a field conflict: {first.name} or {node.name}?", node.at,
                                "fieldConflict", fieldName=name)
        return found

    def shown(self, node):
        return {name: ("$" + given.name if given.kind == "variable" else repr(self.value(given)))
                for name, given in node.arguments.items()}

    def count(self, kind, selections, times):
        """Adds the nodes and requests of these selections, which run `times` times; finds conflicts on the way."""
        for pairs in self.merged(kind, selections).values():
            on, node = pairs[0]
            if node.name == "__typename":
                continue
            inner = bare(TYPES[on].fields[node.name][0])
            again = times
            if inner.endswith("Connection"):
                self.requests += times
                again = times * self.page_size(node)
                self.nodes += again
            nested = [one for _, other in pairs for one in other.fields]
            if nested:
                self.count(inner, nested, again)


def possible(kind):
    """The object types that a value of this type may have."""
    held = TYPES[kind]
    return {kind} if held.kind == "type" else set(held.members)


def fits(value, wanted):
    """Whether a JSON value is of an input type."""
    if value is None:
        return not wanted.endswith("!")
    wanted = wanted.rstrip("!")
    if wanted.startswith("["):
        return all(fits(item, wanted[1:-1]) for item in (value if isinstance(value, list) else [value]))
    kind = TYPES[wanted]
    if kind.kind == "enum":
        return value in kind.values
    if kind.kind == "input":
        return isinstance(value, dict)
    if wanted == "Int":
        return type(value) is int and -2**31 <= value < 2**31
    if wanted == "GitObjectID":
        return isinstance(value, str) and len(value) in (40, 64) and not set(value) - set("0123456789abcdef")
    return type(value) is BUILTIN[wanted]
