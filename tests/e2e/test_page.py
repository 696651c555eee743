"""`report-page`: what it says, whether everybody can read it, and that nothing in it does anything."""
import os
import shutil
import subprocess

import pytest

from conftest import PATIENCE_S, ROOT, SANITIZED, wait_for
from page_reader import Page, contrast, schemes

HOSTILE = ["</style><script>document.title='owned'</script>", "\"><img src=x onerror=alert(1)>", "' onload='alert(1)",
           "</title></desc></svg><script>alert(1)</script>", "&lt;b&gt; &amp;amp; {{7*7}} ${x}", "عربي-שלום-漢字-🙂"]


def page_of(daemon, *arguments):
    """The page, also as a file of the daemon's directory."""
    path = daemon.directory / "page.html"
    ended = daemon.run_ctl("report-page", "-o", path, *arguments)
    assert ended.returncode == 0, ended.stderr
    return Page(path.read_text())


def quality(daemon, number, lines):
    """A result file, as a step wrote it."""
    path = daemon.directory / f"coverage-{number}.info"
    covered = "".join(f"DA:{line},{int(line <= lines)}\n" for line in range(1, 11))
    path.write_text(f"SF:a.c\n{covered}end_of_record\n")
    return path


@pytest.fixture
def busy(daemon):
    """One incident that was repaired, one that is open, builds with numbers."""
    daemon.submit("--key", "a", branch="fix", commit="aaaaaaa1", build_number=1)
    wait_for(lambda: daemon.tasks("trigger_agent", "completed"), "the end of the agent")
    daemon.submit_passed(branch="fix", commit="aaaaaaa1", build_number=2)
    wait_for(lambda: daemon.incidents("--state", "resolved"), "the incident being resolved")
    for i in range(9):
        daemon.submit_passed(branch="main", commit=f"bbbbbbb{i}", build_number=i + 1, coverage=quality(daemon, i, i))
    daemon.submit("--key", "b", branch="broken", commit="ccccccc1", kind="lint_failure", build_number=3)
    wait_for(lambda: len(daemon.tasks("trigger_agent", "completed")) == 2, "the end of the agent")
    return daemon


@pytest.fixture
def hostile(daemon):
    for number, name in enumerate(HOSTILE):
        for build in range(8):
            daemon.submit_passed(branch=name, commit=f"ddddddd{build}", build_number=build + 1, project="other/web")
        daemon.submit("--log", "-", branch=name, commit="eeeeeee1", build_number=20, job=name, step=name,
                      project="other/web", text_of_log=f"error: {name}\x1b[31m\x07\u202e\x01{name}\n")
    return daemon


def test_everybody_can_read_it(busy):
    page = page_of(busy)
    page.assert_sound()
    assert [section.attributes["id"] for section in page.root.all("section")] == \
        [link.attributes["href"][1:] for link in page.one("nav").all("a")]
    assert len(page.root.all("svg")) >= 8


def test_its_numbers_are_those_of_stats(busy):
    page, stats = page_of(busy), busy.ctl("stats")
    assert page.term("builds", "Builds") == [stats["builds"]["total"]] == [12]
    assert page.term("builds", "Failure rate") == [stats["builds"]["failureRate"]]
    assert page.term("resolution", "90 % within") == [stats["resolution"]["p90Ms"]]
    ends = {"resolved": "Proven green", "merged": "Merged, not proven", "escalated": "Escalated",
            "abandoned": "Abandoned"}
    assert [page.term("resolution", name) for name in ends.values()] == [[stats["incidents"][end]] for end in ends]
    assert sum(stats["incidents"][end] for end in ends) == stats["followUp"]["ended"]
    assert page.term("resolution", "Success") == [stats["followUp"]["successRate"]] == [1.0]
    assert page.term("quality", "Lines covered") == [stats["quality"]["coverage"]["lines"]] == [40.0]
    days = stats["days"]
    assert page.table("builds") == [[d["day"], d["builds"]["passed"], d["builds"]["failed"]] for d in days]
    for plot, names in {"failure-rate": None, "resolution": ["resolutionP50Ms"], "incidents": ["opened", "resolved"],
                        "coverage": ["coverage"]}.items():
        assert page.table(plot) == [[d["day"], *([d[n] for n in names] if names else [d["builds"]["failureRate"]])]
                                    for d in days]
    assert page.table("streaks") == [[f"{b['project']} {b['branch']}", b["longestRun"], b["currentRun"]]
                                     for b in stats["branches"]]
    assert dict(page.table("types")) == stats["incidents"]["byType"]
    assert dict(page.table("causes")) == stats["incidents"]["byCause"]
    assert page.table("success") == [[a["name"], a["successRate"]] for a in stats["agents"]]
    assert page.table("green") == [[a["name"], a["green"]["p50Ms"]] for a in stats["agents"]]


def test_an_open_incident_has_its_story(busy):
    page = page_of(busy)
    incident = busy.incidents("--state", "waiting")[0]
    story = page.one("article")
    assert story.all("h3")[0].text() == "acme/web broken: lint_failure"
    assert incident["reason"] in story.text() and incident["id"] in story.text()
    told = busy.ctl("explain", incident["id"])
    assert len(story.all("tbody")[0].all("tr")) == len(told["tasks"])
    for what in (*told["tasks"], *told["events"]):
        assert what.get("reason", what.get("message")) in story.text()
    order = sorted(told["tasks"], key=lambda task: (task["cycle"], task.get("finishedAt") or task["scheduledFor"]))
    assert [row.all("td")[0].text() for row in story.all("tbody")[0].all("tr")] == [task["type"] for task in order]
    assert [task["type"] for task in order] != [task["type"] for task in told["tasks"]]


def test_what_failed_is_cited(busy):
    story = page_of(busy).one("article")
    assert [story.all("pre")[0].text(), story.all("dd")[-1].text()] == ["it broke", "ccccccc1"]
    busy.submit("--log", "-", branch="broken", commit="ccccccc2", kind="lint_failure", build_number=4, job="checks",
                step="npm run lint", text_of_log="src/a.ts\n  3:7  error  'x' is <unused>  no-unused-vars\n")
    page = page_of(busy)
    page.assert_sound()
    story = page.one("article")
    assert "'x' is <unused>" in story.all("pre")[0].text()
    facts = {term.text(): fact.text() for term, fact in zip(story.all("dt"), story.all("dd"))}
    assert {name: facts[name] for name in ("Job", "Step", "Build", "Commit")} == \
        {"Job": "checks", "Step": "npm run lint", "Build": "4", "Commit": "ccccccc2"}


def test_a_long_failure_is_cut(busy):
    busy.ctl("submit", "--strict", "--project", "acme/web", "--branch", "long", "lint_failure", "ü" * 5000, submit=True)
    wait_for(lambda: len(busy.tasks("trigger_agent", "completed")) == 3, "the end of the agent")
    cited = [story.all("pre")[0].text() for story in page_of(busy).root.all("article")
             if "long" in story.all("h3")[0].text()]
    assert cited == ["ü" * 2047 + "\n…"]


def test_plots_say_their_span_and_their_scale(busy):
    stats = busy.ctl("stats")
    page = page_of(busy)
    for plot in ("builds", "coverage", "incidents"):
        said = page.one("figure", id=f"plot-{plot}").all("desc")[0].text()
        assert said.startswith(f"From {stats['since'][:10]} to {stats['until'][:10]}, with builds or events on 1 day.")
    coverage = page.one("figure", id="plot-coverage")
    assert "The scale begins at 39 %." in coverage.all("desc")[0].text()
    assert coverage.all("text", **{"class": "unit"})[0].text() == "%, from 39"
    [day] = coverage.all("circle")
    assert 330 < float(day.attributes["cx"]) < 344  # the last of 30


def test_a_verdict_is_told_with_its_reasons(busy):
    busy.ctl("check", "--all")
    incident = wait_for(lambda: [i for i in busy.incidents() if i["branch"] == "broken" and i.get("lastVerdict")],
                        "a verdict")[0]
    text = page_of(busy).one("article").text()
    for reason in incident["lastVerdict"]["reasons"]:
        assert reason["code"] in text and reason["message"] in text


def test_unknown_is_not_zero(daemon):
    page = page_of(daemon)
    page.assert_sound()
    assert page.root.all("svg") == []
    assert page.term("builds", "Builds") == [0]
    assert page.term("builds", "Failure rate") == page.term("resolution", "90 % within") == [None]
    assert page.term("quality", "Lines covered") == [None]
    assert "unknown: these days have no figure of it" in page.one("figure", id="plot-coverage").text()
    daemon.submit_passed(branch="main", commit="aaaaaaa1", build_number=1)
    page = page_of(daemon)
    assert [row[1:] for row in page.table("failure-rate")] == [[0.0]]
    assert page.term("quality", "Lines covered") == [None]


def test_only_one_project(busy):
    busy.submit(project="other/app", branch="fix", commit="fffffff1")
    assert len(page_of(busy).root.all("article")) == 2
    page = page_of(busy, "--project", "other/app")
    assert [article.all("h3")[0].text() for article in page.root.all("article")] == ["other/app fix: test_failure"]
    assert page.term("builds", "Builds") == [1]


def test_what_is_left_out_is_told(idle):
    idle.configure(follow_up_delay="1h", max_pending_per_user=1000)
    daemon = idle.start()
    link = daemon.connect()
    for number in range(53):
        link.call("Submit", key=f"k{number}", project="other/web", branch=f"b{number}", errorType="test_failure",
                  errorDetails="it broke", job="ci", step="make", commit="aaaaaaa1")
    link.close()
    wait_for(lambda: len(daemon.incidents("--state", "waiting", "--limit", 0)) == 53, "all being published")
    page = page_of(daemon)
    assert len(page.root.all("article")) == 50
    assert page.one("p", id="left-out").figures() == [3]
    page.assert_sound()


def test_hostile_names_stay_names(hostile):
    page = page_of(hostile)
    page.assert_sound()
    names = set(HOSTILE)
    headings = {heading.all("bdi")[1].text() for heading in page.root.all("h3") if len(heading.all("bdi")) == 2}
    assert headings == names
    rows = page.one("figure", id="plot-streaks").all("tbody")[0].all("tr")
    assert {row.all("bdi")[1].text() for row in rows} == names
    bad = [c for c in page.source if (ord(c) < 32 and c not in "\t\n") or ord(c) == 127
           or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\ufeff"]
    assert not bad


def test_a_wide_name_ends_in_its_picture(daemon):
    for branch in ("漢字" * 30, "wide-" * 20):
        for build in range(8):
            daemon.submit_passed(branch=branch, commit=f"ddddddd{build}", build_number=build + 1, project="other/web")
    page = page_of(daemon)
    names = [text.text() for text in page.one("figure", id="plot-streaks").all("svg")[0].all("text")
             if text.text().startswith("other/web ")]
    assert names == ["other/web " + "wide-" * 7 + "w…", "other/web " + "漢字" * 9 + "…"]


def test_contrast():
    sheet = Page("<style>" + (ROOT / "client" / "page.css").read_text() + "</style>")
    for colours in schemes(sheet):
        for ground in ("ground", "raised"):
            for name in ("text", "muted", "link", "bad"):
                assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
        for name in ("first", "second"):
            assert contrast(colours[name], colours["ground"]) >= 3, name


# The file


def test_where_it_is_written(busy):
    assert busy.run_ctl("report-page").returncode == 2
    assert "report-page -o FILE.html" in busy.run_ctl("report-page").stderr
    to_pipe = busy.run_ctl("report-page", "-o", "-")
    assert to_pipe.returncode == 0 and to_pipe.stdout.endswith("</html>\n")
    assert busy.run_ctl("--json", "report-page", "-o", "-").returncode == 2
    path = busy.directory / "out.html"
    said = busy.ctl("report-page", f"--output={path}")
    assert said == {"file": str(path), "bytes": path.stat().st_size}
    path.write_text("old")
    busy.ctl("report-page", "-o", path)
    Page(path.read_text())
    assert [p.name for p in busy.directory.glob("out.html*")] == ["out.html"]


def test_who_may_read_it_is_for_the_umask_to_say(busy):
    path = busy.directory / "out.html"
    old = os.umask(0o027)
    try:
        busy.ctl("report-page", "-o", path)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_is_no_file_stays(busy):
    target, link, pipe = busy.directory / "target", busy.directory / "link", busy.directory / "pipe"
    target.write_text("mine")
    link.symlink_to(target)
    os.mkfifo(pipe)
    for path in (link, pipe, busy.directory, "/dev/null"):
        ended = busy.run_ctl("report-page", "-o", path)
        assert ended.returncode == 1 and "no regular file" in ended.stderr, path
    assert link.is_symlink() and target.read_text() == "mine" and pipe.is_fifo()
    ended = busy.run_ctl("report-page", "-o", busy.directory / "no" / "such.html")
    assert ended.returncode == 1 and "no such file" in ended.stderr


def test_o_is_for_those_that_write(busy):
    ended = busy.run_ctl("stats", "-o", "x")
    assert ended.returncode == 2 and 'no option "-o"' in ended.stderr


# A real browser


def browse(directory, *arguments):
    """Headless Chromium: what it printed, and what it has to say about the page."""
    if shutil.which("chromium") is None:
        pytest.skip("needs chromium")
    if SANITIZED:
        pytest.skip("the page is the same without sanitizers")
    ended = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
         f"--user-data-dir={directory / 'browser'}", "--virtual-time-budget=3000", *map(str, arguments)],
        capture_output=True, text=True, timeout=3 * PATIENCE_S, cwd=directory,
        env={"PATH": "/usr/bin:/bin", "HOME": str(directory), "LC_ALL": "C.UTF-8"})
    return ended.stdout, [line for line in ended.stderr.splitlines() if "CONSOLE" in line]


def test_a_browser_runs_nothing_of_it(hostile):
    page_of(hostile)
    path = hostile.directory / "page.html"
    shown, console = browse(hostile.directory, "--dump-dom", f"file://{path}")
    assert "<title>codegend: repair and pipelines</title>" in shown
    assert "<script" not in shown and "<img" not in shown
    assert console == []  # the sheet is taken, too: else its policy would have refused it
    # Were there a hole, the policy would still be there: a script and a style that somebody brought in do nothing.
    text = path.read_text().replace("<h1>", "<script>document.title='owned'</script><h1 style='color:red'>"
                                    "<img src=x onerror=\"document.title='owned'\">")
    path.write_text(text)
    shown, console = browse(hostile.directory, "--dump-dom", f"file://{path}")
    assert "<title>codegend: repair and pipelines</title>" in shown
    assert len([line for line in console if "Content Security Policy" in line or "content security" in line]) >= 3


def test_it_can_be_printed(busy):
    page_of(busy)
    browse(busy.directory, "--no-pdf-header-footer", f"--print-to-pdf={busy.directory}/page.pdf",
           f"file://{busy.directory}/page.html")
    assert (busy.directory / "page.pdf").read_bytes().startswith(b"%PDF")
