"""The figures: printed as they come; as JSON or Markdown at the end."""
import json
import statistics
import sys

MARKDOWN_HEAD = "| figure | median | lowest to highest | ratio | goal | |\n|---|---:|---:|---:|---:|---|"


def number(value):
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) >= 1 else f"{value:.3g}"


class Table:
    ROW = "{:<72} {:>13} {:>20} {:>7} {:>11}  {}"

    def __init__(self, live):
        self.live = live  # as text on standard output
        self.sections = []
        self.n_over = 0

    def section(self, name, title):
        self.sections.append({"name": name, "title": title, "rows": [], "error": None})
        self._say(f"\n{title}")
        self._say(self.ROW.format("", "median", "lowest to highest", "ratio", "goal", ""))

    def error(self, sentence):
        self.sections[-1]["error"] = sentence
        print(f"{self.sections[-1]['name']}: not measured: {sentence}", file=sys.stderr, flush=True)

    def add(self, name, values, unit, target=None, ratio=None, ratio_target=None, at_least=False):
        """`values`: one, or that of every round. `target` bounds their median from above (`at_least`: from below);
        `ratio` is the median of the rounds' own ratios, `ratio_target` bounds it from below."""
        values = values if isinstance(values, list) else [values]
        value = statistics.median(values)
        met = None
        if target is not None:
            met = value >= target if at_least else value <= target
        if ratio_target is not None and met is not False:
            met = ratio >= ratio_target
        self.n_over += met is False
        goal = f"{'>=' if at_least else '<='} {target:,g}" if target is not None else ""
        goal = f">= {ratio_target:g}x" if ratio_target is not None else goal
        row = {"name": name, "unit": unit, "value": value, "low": min(values), "high": max(values),
               "rounds": len(values), "ratio": ratio, "goal": goal or None, "met": met}
        self.sections[-1]["rows"].append(row)
        self._say(self.ROW.format(name, *self._cells(row)))

    @staticmethod
    def _cells(row):
        spread = f"{number(row['low'])} to {number(row['high'])}" if row["rounds"] > 1 else ""
        return (f"{number(row['value'])} {row['unit']}".strip(), spread,
                f"{row['ratio']:.2f}" if row["ratio"] is not None else "", row["goal"] or "",
                {None: "", True: "met", False: "missed"}[row["met"]])

    def _say(self, text):
        if self.live:
            print(text, flush=True)

    def print_json(self, machine, quick):
        json.dump({"quick": quick, "machine": machine, "sections": self.sections}, sys.stdout, indent=1)
        print()

    def print_markdown(self, notes):
        """`notes`: by the section's name, what is to be said below it."""
        for section in self.sections:
            print(f"\n## {section['title']}\n\n{MARKDOWN_HEAD}")
            for row in section["rows"]:
                indent = (len(row["name"]) - len(row["name"].lstrip())) // 2
                print("| " + " | ".join(("&emsp;" * indent + row["name"].strip(), *self._cells(row))) + " |")
            if section["error"]:
                print(f"\nNot measured: {section['error']}")
            if section["name"] in notes:
                print(f"\n{notes[section['name']]}")
