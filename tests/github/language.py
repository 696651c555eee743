"""GraphQL's text: queries, and the part of the schema language that schema.py is written in. No execution."""
import functools
import re

TOKEN = re.compile(r"""[\s,﻿]+|\#[^\n]*|(?P<name>[_A-Za-z]\w*)|(?P<float>-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+))
    |(?P<int>-?(0|[1-9]\d*))|(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<mark>\.\.\.|[!$()&:=@\[\]{|}])""", re.VERBOSE)
DEPTH_MAX = 30


class Wrong(Exception):
    """The query is not valid. `code` and `more` as GitHub puts them into "extensions"."""

    def __init__(self, message, at=None, code=None, path=(), **more):
        super().__init__(message)
        self.error = {"message": message}
        if at is not None:
            self.error["locations"] = [{"line": at[0], "column": at[1]}]
        if path:
            self.error["path"] = list(path)
        if code is not None:
            self.error["extensions"] = {"code": code, **more}


class Node:
    """A piece of the text: `kind`, where it is (`at`), and what belongs to it."""

    def __init__(self, kind, at, **parts):
        self.kind, self.at = kind, at
        self.__dict__.update(parts)


class Parser:
    def __init__(self, text):
        self.tokens = []
        place = line = 0
        start = 0
        while place < len(text):
            match = TOKEN.match(text, place)
            if match is None:
                raise Wrong(f"Parse error on bad character {text[place]!r} at [{line + 1}, {place - start + 1}]",
                            (line + 1, place - start + 1))
            if match.lastgroup is not None:
                kind = next(k for k in ("name", "float", "int", "string", "mark") if match.group(k) is not None)
                self.tokens.append((kind, match.group(), (line + 1, place - start + 1)))
            lines = match.group().count("\n")
            if lines:
                line += lines
                start = place + match.group().rindex("\n") + 1
            place = match.end()
        self.tokens.append(("end", "(end)", (line + 1, place - start + 1)))
        self.i = 0

    @property
    def at(self):
        return self.tokens[self.i][2]

    def peek(self, *texts):
        kind, text, _ = self.tokens[self.i]
        return kind in ("mark", "name") and text in texts

    def take(self, text):
        if self.peek(text):
            self.i += 1
            return True
        return False

    def expect(self, text):
        if not self.take(text):
            self.fail(text)

    def fail(self, wanted):
        _, text, at = self.tokens[self.i]
        raise Wrong(f'Parse error on "{text}", expected {wanted} at [{at[0]}, {at[1]}]', at)

    def name(self):
        kind, text, _ = self.tokens[self.i]
        if kind != "name":
            self.fail("a name")
        self.i += 1
        return text

    def many(self, opening, closing, one, least=1):
        self.expect(opening)
        found = []
        while not self.take(closing):
            found.append(one())
        if len(found) < least:
            self.fail("something")
        return found

    def maybe_many(self, opening, closing, one):
        return self.many(opening, closing, one) if self.peek(opening) else []

    # Values and types

    def value(self):
        kind, text, at = self.tokens[self.i]
        if kind == "mark" and text == "$":
            self.i += 1
            return Node("variable", at, name=self.name())
        if kind == "mark" and text == "[":
            return Node("list", at, items=self.many("[", "]", self.value, 0))
        if kind == "mark" and text == "{":
            return Node("object", at, fields=dict(self.many("{", "}", self.pair, 0)))
        self.i += 1
        if kind == "string":
            return Node("value", at, type="String", value=re.sub(r"\\(u[0-9a-fA-F]{4}|.)", unescape, text[1:-1]))
        if kind in ("int", "float"):
            return Node("value", at, type=kind.capitalize(), value=int(text) if kind == "int" else float(text))
        if kind == "name" and text in ("true", "false"):
            return Node("value", at, type="Boolean", value=text == "true")
        if kind == "name" and text == "null":
            return Node("value", at, type="null", value=None)
        if kind == "name":
            return Node("value", at, type="enum", value=text)
        self.i -= 1
        return self.fail("a value")

    def pair(self):
        name = self.name()
        self.expect(":")
        return name, self.value()

    def type(self):
        """As text: "[String!]!"."""
        if self.take("["):
            text = f"[{self.type()}]"
            self.expect("]")
        else:
            text = self.name()
        return text + ("!" if self.take("!") else "")

    # Queries

    def document(self):
        operations, fragments = [], {}
        while self.tokens[self.i][0] != "end":
            at = self.at
            if self.peek("{"):
                operations.append(Node("operation", at, type="query", name=None, variables=[], fields=self.fields(0)))
            elif self.take("fragment"):
                name = self.name()
                self.expect("on")
                if name in fragments:
                    raise Wrong(f"Fragment name \"{name}\" must be unique", at)
                fragments[name] = Node("fragment", at, name=name, on=self.name(), fields=self.fields(0))
            elif self.peek("query", "mutation", "subscription"):
                kind = self.name()
                name = self.name() if self.tokens[self.i][0] == "name" else None
                variables = self.maybe_many("(", ")", self.variable)
                operations.append(Node("operation", at, type=kind, name=name, variables=variables,
                                       fields=self.fields(0)))
            else:
                self.fail("query, fragment or {")
        return operations, fragments

    def variable(self):
        at = self.at
        self.expect("$")
        name = self.name()
        self.expect(":")
        kind = self.type()
        return Node("declared", at, name=name, type=kind, default=self.value() if self.take("=") else None)

    def fields(self, depth):
        if depth > DEPTH_MAX:
            raise Wrong("Query is nested too deep", self.at)
        return self.many("{", "}", lambda: self.selection(depth))

    def selection(self, depth):
        at = self.at
        if self.take("..."):
            if not self.peek("on", "{", "@"):
                return Node("spread", at, name=self.name(), tests=self.tests())
            on = self.name() if self.take("on") else None
            tests = self.tests()
            return Node("inline", at, on=on, tests=tests, fields=self.fields(depth + 1))
        name = alias = self.name()
        if self.take(":"):
            name = self.name()
        given = self.maybe_many("(", ")", self.pair)
        tests = self.tests()
        if len(dict(given)) < len(given):
            raise Wrong(f"There can be only one argument of a name in '{name}'", at)
        return Node("field", at, name=name, alias=alias, arguments=dict(given), tests=tests,
                    fields=self.fields(depth + 1) if self.peek("{") else [])

    def tests(self):
        """@include and @skip: [(name, value of if)]."""
        found = []
        while self.take("@"):
            name = self.name()
            given = dict(self.maybe_many("(", ")", self.pair))
            if name not in ("include", "skip") or set(given) != {"if"}:
                raise Wrong(f"Directive @{name} is not defined", self.at)
            found.append((name, given["if"]))
        return found

    # The schema language

    def schema(self):
        """{type name: Type}"""
        types = {}
        while self.tokens[self.i][0] != "end":
            kind, name = self.name(), self.name()
            made = types[name] = Type(kind, name)
            if self.take("implements"):
                made.interfaces.append(self.name())
                while self.take("&"):
                    made.interfaces.append(self.name())
            if kind == "enum":
                made.values = self.many("{", "}", self.name)
            elif kind == "union":
                self.expect("=")
                made.members.append(self.name())
                while self.take("|"):
                    made.members.append(self.name())
            elif kind != "scalar":
                made.fields = dict(self.many("{", "}", self.definition))
        for made in list(types.values()):
            for interface in made.interfaces:
                types[interface].members.append(made.name)
        return types

    def definition(self):
        name = self.name()
        given = dict((n, t) for n, t in self.maybe_many("(", ")", self.argument))
        self.expect(":")
        kind = self.type()
        if self.take("="):
            self.value()
        return name, (kind, given)

    def argument(self):
        name = self.name()
        self.expect(":")
        kind = self.type()
        if self.take("="):
            self.value()
        return name, kind


class Type:
    def __init__(self, kind, name):
        self.kind, self.name = kind, name
        self.interfaces, self.members, self.values, self.fields = [], [], [], {}


@functools.lru_cache(maxsize=64)
def parse(text):
    """(operations, {name: fragment}) of a query; nobody changes what it returns."""
    return Parser(text).document()


def unescape(match):
    found = match.group(1)
    return chr(int(found[1:], 16)) if len(found) == 5 else {"n": "\n", "t": "\t", "r": "\r", "b": "\b",
                                                           "f": "\f"}.get(found, found)


def bare(kind):
    """The name in "[String!]!"."""
    return kind.strip("[]!")
