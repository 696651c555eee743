"""A page of `report-page`, taken apart: what stands in it, and whether it can be read and does nothing."""
import base64
import hashlib
import html.parser
import re

VOID = {"meta"}
# What loads, runs or sends something.
ACTIVE = {"script", "link", "iframe", "img", "image", "object", "embed", "base", "form", "use", "input", "button",
          "foreignobject"}
DRAWN = {"path", "rect", "circle"}  # they end themselves


class Node:
    def __init__(self, tag, attributes, parent):
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.children = []

    def all(self, tag=None, **attributes):
        """Below it, in the order of the page."""
        found = []
        for child in self.children:
            if isinstance(child, Node):
                if tag in (None, child.tag) and all(child.attributes.get(name) == value
                                                    for name, value in attributes.items()):
                    found.append(child)
                found += child.all(tag, **attributes)
        return found

    def text(self):
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)

    def figures(self):
        """Its numbers; None: an unknown one."""
        return [float(node.attributes["value"]) if node.tag == "data" else None for node in self.all()
                if node.tag == "data" or (node.tag == "span" and node.attributes.get("class") == "unknown")]


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.source = text
        self.root = self.here = Node("", {}, None)
        self.feed(text)
        self.close()
        assert self.here is self.root, f"{self.here.tag} is not closed"

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes), attributes
        node = Node(tag, dict(attributes), self.here)
        self.here.children.append(node)
        if tag not in VOID:
            self.here = node

    def handle_startendtag(self, tag, attributes):
        assert tag in DRAWN, tag
        self.here.children.append(Node(tag, dict(attributes), self.here))

    def handle_endtag(self, tag):
        assert self.here.tag == tag, f"{tag} ends {self.here.tag}"
        self.here = self.here.parent

    def handle_data(self, text):
        self.here.children.append(text)

    def one(self, tag, **attributes):
        found = self.root.all(tag, **attributes)
        assert len(found) == 1, (tag, attributes, len(found))
        return found[0]

    def table(self, plot):
        """The numbers below a plot, a list for each row, with its name in front."""
        rows = self.one("figure", id=f"plot-{plot}").all("tbody")[0].all("tr")
        return [[row.all("th")[0].text(), *row.figures()] for row in rows]

    def term(self, section, name):
        """The numbers behind a name."""
        rows = [row for row in self.one("section", id=section).all("div")
                if [term.text() for term in row.all("dt")] == [name]]
        assert len(rows) == 1, (section, name)
        return rows[0].figures()

    def assert_sound(self):
        nodes = self.root.all()
        ids = [node.attributes["id"] for node in nodes if "id" in node.attributes]
        assert len(set(ids)) == len(ids)
        assert self.one("html").attributes["lang"] == "en"
        for tag in ("h1", "header", "nav", "main", "footer", "style"):
            self.one(tag)
        assert self.one("head").all("title")[0].text()
        self.assert_headings(nodes)
        self.assert_references(nodes, ids)
        self.assert_plots()
        self.assert_inert(nodes)

    @staticmethod
    def assert_headings(nodes):
        levels = [int(node.tag[1]) for node in nodes if re.fullmatch("h[1-6]", node.tag)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels
        assert all(node.text().strip() for node in nodes if node.tag in ("h1", "h2", "h3", "h4", "summary", "caption"))

    @staticmethod
    def assert_references(nodes, ids):
        for node in nodes:
            for name in node.attributes.get("aria-labelledby", "").split():
                assert name in ids, name
            if node.tag == "a":
                assert node.attributes["href"][0] == "#" and node.attributes["href"][1:] in ids
            if node.tag in ("section", "article"):
                assert node.attributes["aria-labelledby"]
            if node.tag == "table":
                assert node.all("caption") and all("scope" in cell.attributes for cell in node.all("th"))
        first = [node for node in nodes if node.tag == "a"][0]
        assert first.attributes == {"class": "skip", "href": "#main"}

    def assert_plots(self):
        for picture in self.root.all("svg"):
            title, desc = picture.all("title")[0], picture.all("desc")[0]
            assert picture.attributes["role"] == "img"
            assert picture.attributes["aria-labelledby"].split() == [title.attributes["id"], desc.attributes["id"]]
            assert title.text() and len(desc.text()) > 20
            assert picture.all("text", **{"class": "unit"})
            assert picture.parent.tag == "figure" and picture.parent.all("details")[0].all("table")

    def assert_inert(self, nodes):
        for node in nodes:
            assert node.tag not in ACTIVE, node.tag
            assert not [name for name in node.attributes
                        if name.startswith("on") or name in ("style", "src", "srcset", "xlink:href")]
        sheet = self.one("style").text()
        digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
        policy = self.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
        assert policy == (f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'none'; base-uri 'none'; "
                          "form-action 'none'")
        assert not re.search(r"url\(|@import|expression", sheet)


# Colours

def schemes(page):
    """The colours by name: of the light scheme, and of the dark one."""
    found = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
             for block in re.findall(r":root \{\s*(--.*?)\}", page.one("style").text(), re.DOTALL)]
    assert len(found) == 2 and found[0].keys() == found[1].keys()
    return found


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """WCAG 2.2, "contrast ratio"."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
