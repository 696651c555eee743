"""What a posted body would set off: whom it would notify, what it would link or close, which bots it would command,
what it hides. Follows CommonMark's fenced code and code spans; character references and backslashes are resolved first,
since GitHub looks for names in what it has rendered. Rather finds too much (indented code counts as text)."""
import html
import re

FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
SPAN = re.compile(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", re.DOTALL)
COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
MENTION = re.compile(r"(?<![\w@])@([A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:/[A-Za-z0-9._-]+)?)")
REFERENCE = re.compile(r"(?<![\w&/#-])(?:GH-|(?:[\w.-]+/[\w.-]+)?#)(\d+)\b|https?://github\.com/[\w.-]+/[\w.-]+/"
                       r"(?:issues|pull)/(\d+)", re.IGNORECASE)
CLOSING = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?\s+((?:[\w.-]+/[\w.-]+)?#\d+|GH-\d+|"
                     r"https?://github\.com/\S+/\d+)", re.IGNORECASE)
COMMAND = re.compile(r"^[ \t>]*/([a-z][a-z-]*)", re.MULTILINE)
# What codegend folds away: the end of a body, in its very form. Any other element is told.
FOLD = re.compile(r"(?m:^)<details><summary>Details</summary>\n\n(.*)\n\n</details>\n\Z", re.DOTALL)
ELEMENT = re.compile(r"<(/?[a-zA-Z][\w-]*)[^<>]*>")
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e"
                    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]")


def outside_fences(body):
    """(the text without fenced blocks, whether the last fence stayed open)"""
    kept, fence = [], None
    for line in body.split("\n"):
        match = FENCE.match(line)
        if fence is None:
            if match:
                fence = match.group(1)
                kept.append("")
            else:
                kept.append(line)
        elif match and match.group(1).startswith(fence) and not line.strip().strip(fence[0]):
            fence = None
    return "\n".join(kept), fence is not None


def effects(body):
    """A list of (kind, what): mention, reference, closes, command, comment, element, hidden, open fence; empty: inert.
    A comment on the first line is the author's own marker, and not told; nor is the fold that ends a body."""
    found = [("hidden", f"U+{ord(character):04X}") for character in HIDDEN.findall(body)]
    found += [("command", name) for name in COMMAND.findall(body)]
    first, newline, rest = body.partition("\n")
    if first.startswith("<!--") and first.endswith("-->") and first.count("<!--") == 1:
        body = newline + rest
    text, is_open = outside_fences(body)
    text = FOLD.sub(lambda match: match.group(1), text)
    if is_open:
        found.append(("open fence", ""))
    found += [("comment", inside.strip()) for inside in COMMENT.findall(SPAN.sub("", text))]
    text = COMMENT.sub("", SPAN.sub("`", text))
    found += [("element", name.lower()) for name in ELEMENT.findall(text)]
    # A backslash only hides markup: the name behind it is a name.
    text = html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text))
    found += [("mention", name) for name in MENTION.findall(text)]
    found += [("closes", target) for target in CLOSING.findall(text)]
    found += [("reference", first or second) for first, second in REFERENCE.findall(text)]
    return found


def title_effects(title):
    """The same of a title, which is plain text and notifies nobody."""
    found = [("hidden", f"U+{ord(character):04X}") for character in HIDDEN.findall(title)]
    found += [("line", title)] * ("\n" in title)
    return found + [("reference", first or second) for first, second in REFERENCE.findall(title)]
