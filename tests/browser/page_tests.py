"""The HTML report in Chromium: filters, keyboard, paper, no network, nothing in the console, and axe without a violation."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect, sync_playwright

from checker.model.surroundings import NONE, Excerpt, Surroundings
from checker.render import html
from tests.child import audit
from tests.page import everything, judged
from tests.sample_report import crowded, empty, ready, sample
from tests.scratch import whole
from tests.test_render_hostile import ATTACKS, poisoned

AXE = Path(os.environ["AXE"])
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 320, "height": 640}},
    "forced": {"forced_colors": "active", "viewport": {"width": 1280, "height": 900}},
}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses root
        chromium = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages on disk: everything at once, a real audit, and the extremes."""
    folder = tmp_path_factory.mktemp("pages")
    made = {
        "full": html.render(judged(), everything()),
        "saved": html.render(sample()),
        "ready": html.render(ready()),
        "empty": html.render(empty()),
        "crowded": html.render(crowded(5000), NONE),
    }
    for name, data in made.items():
        (folder / f"{name}.html").write_bytes(data)
    standards = ("--standard", "backend-engineer", "--standard", "backend-coder")
    audit(whole("broken", folder / "broken"), *standards, "--output", f"html:{folder / 'audited.html'}")
    return {name: folder / f"{name}.html" for name in (*made, "audited")}


@dataclass
class Seen:
    """What a page did that nobody asked for."""

    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


class Tab:
    """Pages opened in one context; what they say and ask for is noted, and must be nothing."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.seen = Seen()

    def open(self, path: Path, anchor: str = "") -> Page:
        page = self.context.new_page()
        page.on("console", lambda said: self.seen.messages.append(said.text))
        page.on("pageerror", lambda broke: self.seen.messages.append(str(broke)))
        page.on("dialog", self._dismiss)
        page.on("request", lambda asked: self.seen.requests.append(asked.url))
        page.goto(f"{path.as_uri()}{anchor}")
        return page

    def _dismiss(self, dialog: Dialog) -> None:
        self.seen.messages.append(dialog.message)
        dialog.dismiss()

    def quiet(self) -> None:
        assert self.seen.messages == []
        assert [url for url in self.seen.requests if not url.startswith("file:")] == []


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    context = browser.new_context(**VIEWS["light"], reduced_motion="reduce", offline=False)
    opened = Tab(context)
    yield opened
    opened.quiet()
    context.close()


def shown(page: Page) -> int:
    return int(page.locator(".finding:visible").count())


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", ["full", "saved", "ready", "empty", "audited"])
def test_axe_finds_nothing(browser: Browser, pages: dict[str, Path], name: str, view: str) -> None:
    context = browser.new_context(**VIEWS[view], bypass_csp=False)
    tab = Tab(context)
    page = tab.open(pages[name])
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.evaluate(AXE.read_text("utf-8"))
    result = page.evaluate("() => axe.run(document, {resultTypes: ['violations', 'incomplete']})")
    told = [(one["id"], [node["html"][:200] for node in one["nodes"]][:5]) for one in result["violations"]]
    assert told == []
    assert len(result["passes"]) > 10
    tab.quiet()
    context.close()


@pytest.mark.parametrize("name", ["full", "saved", "ready", "empty", "audited"])
def test_nothing_runs_off_a_narrow_screen(browser: Browser, pages: dict[str, Path], name: str) -> None:
    context = browser.new_context(**VIEWS["narrow"])
    page = Tab(context).open(pages[name])
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
    context.close()


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("rule", "pagination", 2),
        ("severity", "critical", 1),
        ("family", "code", 2),
        ("file", "openapi.yaml", 2),
        ("clause", "2.19", 2),
        ("standard", "backend-coder", 2),
        ("since", "new", 1),
    ],
)
def test_each_filter_keeps_what_it_says(tab: Tab, pages: dict[str, Path], name: str, value: str, number: int) -> None:
    page = tab.open(pages["full"])
    assert shown(page) == 6
    page.locator(f"select[name={name}]").select_option(value)
    expect(page.locator("#shown")).to_have_text(f"{number} of 6 findings shown")
    assert shown(page) == number
    assert page.locator(".group:visible").count() <= number
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.locator("#shown")).to_have_text("6 findings shown")
    assert shown(page) == 6


def test_filters_add_up_and_say_when_nothing_is_left(tab: Tab, pages: dict[str, Path]) -> None:
    page = tab.open(pages["full"])
    page.locator("input[name=text]").fill("INVOICES list")
    expect(page.locator("#shown")).to_have_text("1 of 6 findings shown")
    expect(page.locator("#none")).to_be_hidden()
    page.locator("select[name=severity]").select_option("info")
    expect(page.locator("#shown")).to_have_text("0 of 6 findings shown")
    expect(page.locator("#none")).to_be_visible()
    assert page.locator("#shown").get_attribute("aria-live") == "polite"


def test_words_are_looked_for_in_the_lines_of_code_too(tab: Tab, pages: dict[str, Path]) -> None:
    page = tab.open(pages["full"])
    page.locator("input[name=text]").fill("line 93 <b>")
    expect(page.locator("#shown")).to_have_text("1 of 6 findings shown")


def test_it_works_by_keyboard_alone(tab: Tab, pages: dict[str, Path]) -> None:
    page = tab.open(pages["full"])
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Skip to the findings"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.name") == "text"
    page.keyboard.type("invoices")
    expect(page.locator("#shown")).to_have_text("1 of 6 findings shown")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.name") == "rule"
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.closest('summary')?.parentElement.className"))
        if reached[-1] == "finding":
            break
    assert reached[-1] == "finding"
    before = page.evaluate("() => document.activeElement.parentElement.open")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.parentElement.open") is not before
    outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_everything_opens_and_closes_at_once(tab: Tab, pages: dict[str, Path]) -> None:
    page = tab.open(pages["full"])
    page.get_by_role("button", name="Close all").click()
    assert page.locator(".finding[open]").count() == 0
    page.get_by_role("button", name="Open all").click()
    assert page.locator(".finding[open]").count() == 6


def test_a_link_to_a_finding_opens_it(tab: Tab, pages: dict[str, Path]) -> None:
    mark = crowded(5000).findings[777].fingerprint
    page = tab.open(pages["crowded"], f"#f-{mark}")
    expect(page.locator(f"#f-{mark} .evidence")).to_be_in_viewport()


def test_five_thousand_findings_are_filtered(tab: Tab, pages: dict[str, Path]) -> None:
    page = tab.open(pages["crowded"])
    expect(page.locator("#shown")).to_have_text("5000 findings shown")
    page.locator("input[name=text]").fill("module_4321.py")
    expect(page.locator("#shown")).to_have_text("1 of 5000 findings shown")


def test_paper_shows_all_and_nothing_to_click(tab: Tab, pages: dict[str, Path]) -> None:
    page = tab.open(pages["audited"])
    page.get_by_role("button", name="Close all").click()
    page.emulate_media(media="print")
    for gone in ("nav", "#filters", "button", ".skip"):
        assert page.locator(f"{gone}:visible").count() == 0
    heights = page.evaluate(
        "() => Array.from(document.querySelectorAll('.finding .body')).map((one) => one.getBoundingClientRect().height)"
    )
    assert len(heights) > 10
    assert min(heights) > 10
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_dark_paper_is_white_too(browser: Browser, pages: dict[str, Path]) -> None:
    context = browser.new_context(**VIEWS["dark"])
    page = Tab(context).open(pages["full"])
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("() => getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    context.close()


def test_who_wants_no_motion_gets_none(browser: Browser, pages: dict[str, Path]) -> None:
    for wish, behaviour in (("reduce", "auto"), ("no-preference", "smooth")):
        context = browser.new_context(**VIEWS["light"], reduced_motion=wish)
        page = Tab(context).open(pages["full"])
        assert page.evaluate("() => getComputedStyle(document.documentElement).scrollBehavior") == behaviour
        context.close()


def test_without_a_script_all_is_readable(browser: Browser, pages: dict[str, Path]) -> None:
    context = browser.new_context(**VIEWS["light"], java_script_enabled=False)
    page = Tab(context).open(pages["full"])
    assert shown(page) == 6
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.get_by_role("button", name="Save as JSON")).to_be_hidden()
    page.locator(".why > summary").first.click()
    expect(page.locator(".why blockquote").first).to_be_visible()
    context.close()


def test_answers_are_saved_and_read_back(tab: Tab, pages: dict[str, Path], tmp_path: Path) -> None:
    page = tab.open(pages["full"])
    question = page.locator("fieldset[data-clause='2.27']")
    question.get_by_label("yes").check()
    question.get_by_label("What you saw").fill("paged me at 3\nit works </script>")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Decision").select_option("rework")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSON").click()
    download.value.save_as(tmp_path / "answers.json")
    told = json.loads((tmp_path / "answers.json").read_text("utf-8"))
    assert (told["schema"], told["reviewer"], told["decision"]) == ("checker-answers/1", "Ada", "rework")
    assert told["report"]["tree"] == judged().subject.tree
    (answer,) = told["answers"]
    assert answer["question"] == judged().manual[0].question
    assert (answer["answer"], answer["note"]) == ("yes", "paged me at 3\nit works </script>")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as Markdown").click()
    download.value.save_as(tmp_path / "answers.md")
    assert "  - answer: yes\n  - seen: paged me at 3 it works" in (tmp_path / "answers.md").read_text("utf-8")
    again = tab.open(pages["full"])
    again.locator("#load").set_input_files(tmp_path / "answers.json")
    expect(again.locator("#saved")).to_have_text("Loaded the answers to 1 of 1 questions.")
    expect(again.locator("fieldset[data-clause='2.27']").get_by_label("yes")).to_be_checked()
    again.locator("#load").set_input_files({"name": "x.json", "mimeType": "application/json", "buffer": b"[1]"})
    expect(again.locator("#saved")).to_have_text("That file holds no answers that this page has saved.")


def test_the_report_is_saved_as_it_is(tab: Tab, pages: dict[str, Path], tmp_path: Path) -> None:
    page = tab.open(pages["full"])
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the report as JSON").click()
    download.value.save_as(tmp_path / "saved.json")
    assert json.loads((tmp_path / "saved.json").read_text("utf-8"))["findings"][0]["rule"] == "hardcoded-secret"


def test_commands_are_copied(tab: Tab, pages: dict[str, Path]) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = tab.open(pages["full"])
    button = page.get_by_role("button", name="Copy checker verify .checker/proofs/test_output.intoto.jsonl")
    button.click()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == "checker verify .checker/proofs/test_output.intoto.jsonl"


def test_nothing_but_our_script_runs(browser: Browser, pages: dict[str, Path]) -> None:
    context = browser.new_context(**VIEWS["light"])
    tab = Tab(context)
    page = tab.open(pages["full"])
    failures: dict[str, str | None] = {}
    page.on("requestfailed", lambda asked: failures.update({asked.url: asked.failure}))
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.owned = true";
          document.body.append(script);
          const image = document.createElement("img");
          image.src = "https://evil.example/x.png";
          image.setAttribute("onerror", "window.owned = true");
          document.body.append(image);
          return fetch("https://evil.example/").catch(() => null);
        }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.owned") is None
    asked = {url for url in tab.seen.requests if not url.startswith("file:")}
    assert {failures.get(url) for url in asked} <= {"csp"}
    refused = [one for one in tab.seen.messages if "Content Security Policy" in one]
    assert len(refused) >= 3
    context.close()


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_names_of_the_repository_do_nothing(tab: Tab, tmp_path: Path, attack: str) -> None:
    report = poisoned(attack)
    around = Surroundings(
        excerpts={one.where: Excerpt(1, (attack,), (1, 1)) for one in report.findings if one.where.lines},
        histories=everything().histories,
        earlier=(sample(),),
    )
    (tmp_path / "page.html").write_bytes(html.render(report, around))
    page = tab.open(tmp_path / "page.html")
    total = len(report.findings)
    expect(page.locator("#shown")).to_have_text(f"{total} findings shown")
    page.locator("select[name=rule]").select_option(index=1)
    assert 1 <= shown(page) <= total
    assert page.evaluate("() => document.querySelectorAll('script, img, iframe, object').length") == 2
