"""The pages as people meet them: in a browser, by keyboard, on a small screen, without JavaScript, with axe looking."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.web.conftest import Site

WIDE, NARROW = 1280, 320
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VERDICTS = {
    "valid.pdf": "Hợp lệ",
    "changed.json": "Đã bị thay đổi hoặc giả mạo",
    "revoked-since.json": "Đã thu hồi",
    "scan.pdf": "Không phải văn bằng số",
}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Containers give Chromium no sandbox of its own; it opens our pages only.
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser said against a page: a blocked script, a missing file, an exception."""
    return []


def open_page(browser: Browser, complaints: list[str] | None = None, **options: Any) -> Page:
    page = browser.new_context(viewport={"width": WIDE, "height": 900}, **options).new_page()
    if complaints is not None:
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(request.url))
    return page


def check_file(page: Page, site: Site, name: str) -> None:
    page.goto(site.url)
    page.set_input_files("#file", site.files / name)
    page.get_by_role("button", name="Xác thực").click()
    page.wait_for_url("**/xac-thuc")


def assert_accessible(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": WCAG})
    assert found.violations_count == 0, found.generate_report()


def assert_good_at_any_width(page: Page) -> None:
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width


def test_the_start_page(browser: Browser, site: Site, complaints: list[str]) -> None:
    page = open_page(browser, complaints)
    page.goto(site.url)
    expect(page).to_have_title("Xác thực văn bằng, chứng chỉ – Sổ Gốc")
    assert_good_at_any_width(page)
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('1rem \"Be Vietnam Pro\"'))")
    assert complaints == []


@pytest.mark.parametrize("name", VERDICTS)
def test_a_report(browser: Browser, site: Site, complaints: list[str], name: str) -> None:
    page = open_page(browser, complaints)
    check_file(page, site, name)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text(VERDICTS[name])
    expect(heading).to_be_focused()  # a screen reader begins with the verdict
    expect(page).to_have_title(re.compile(f"^{VERDICTS[name]} – "))
    expect(page.locator(".steps > li")).to_have_count(8)
    assert_good_at_any_width(page)
    assert complaints == []


def test_a_refusal(browser: Browser, site: Site) -> None:
    page = open_page(browser, java_script_enabled=False)
    page.goto(site.url)
    page.set_input_files("#file", {"name": "empty.json", "mimeType": "application/json", "buffer": b""})
    page.get_by_role("button", name="Xác thực").click()
    expect(page.get_by_role("alert")).to_contain_text("Tệp trống")
    with_script = open_page(browser)
    with_script.goto(page.url)
    with_script.set_input_files("#file", {"name": "empty.json", "mimeType": "application/json", "buffer": b""})
    with_script.get_by_role("button", name="Xác thực").click()
    expect(with_script.get_by_role("alert")).to_be_focused()
    assert_accessible(with_script)


def test_without_javascript(browser: Browser, site: Site) -> None:
    page = open_page(browser, java_script_enabled=False)
    page.goto(site.url)
    assert "thả tệp" not in page.locator("form").inner_text(), "dropping needs a script, so nobody is told to"
    check_file(page, site, "valid.pdf")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hợp lệ")


def test_a_large_file_without_javascript_gets_an_answer_and_no_broken_connection(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(bytes(20 * 2**20))
    page = open_page(browser, java_script_enabled=False)
    page.goto(site.url)
    page.set_input_files("#file", scan)
    page.get_by_role("button", name="Xác thực").click()
    expect(page.get_by_role("alert")).to_contain_text("Tệp phải nhỏ hơn 8 MB")


def test_by_keyboard_alone(browser: Browser, site: Site) -> None:
    page = open_page(browser)
    page.goto(site.url)
    focused = "document.activeElement.id || document.activeElement.className || document.activeElement.localName"
    order = []
    for _ in range(5):
        page.keyboard.press("Tab")
        order.append(page.evaluate(focused))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", f"nobody can see that {order[-1]} has the focus"
    assert order == ["skip", "brand", "file", "button", "a"]

    # The browser is told to hand over its file dialogue long before one opens; told at that moment, it may be too late.
    page.on("filechooser", lambda chooser: chooser.set_files(site.files / "revoked-since.json"))
    page.goto(site.url)
    page.wait_for_load_state("networkidle")  # the module that helps with the file is there
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.locator("#file")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#file")).not_to_have_value("")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/xac-thuc")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Đã thu hồi")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Kiểm tra tệp khác")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/")


def look_up(page: Page, site: Site, institution: str, number: str, name: str) -> None:
    page.goto(site.url)
    page.get_by_role("link", name="Tra cứu theo số hiệu hoặc số vào sổ").click()
    page.wait_for_url("**/tra-cuu")
    page.get_by_label("Mã cơ sở cấp bằng").fill(institution)
    page.get_by_label("Số hiệu hoặc số vào sổ").fill(number)
    page.get_by_label("Họ và tên người được cấp").fill(name)
    page.get_by_role("button", name="Tra cứu").click()


@pytest.mark.parametrize(
    ("name", "title"),
    [(None, "Khớp: có trong sổ gốc"), ("Trần Thị Không Phải Ai", "Có văn bằng với số này nhưng họ tên không khớp")],
)
@pytest.mark.parametrize("scripted", [True, False])
def test_a_number_is_looked_up(
    browser: Browser, site: Site, complaints: list[str], name: str | None, title: str, scripted: bool
) -> None:
    claims = site.check_file("valid.json", Accept="application/json").json["claims"]
    page = open_page(browser, complaints, java_script_enabled=scripted)
    look_up(page, site, claims["institution"].lower(), claims["serial_number"], name or claims["holder_name"])
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text(title)
    expect(page.get_by_role("heading", level=1).locator("[lang=en]")).not_to_be_empty()
    assert page.url == f"{site.url}/tra-cuu"
    assert claims["holder_name"] not in page.content()
    if scripted:
        expect(heading).to_be_focused()
        assert_good_at_any_width(page)
    page.get_by_role("link", name="Tra cứu số khác").click()
    expect(page.get_by_label("Họ và tên người được cấp")).to_have_value("")
    assert complaints == []


def test_the_page_of_the_look_up(browser: Browser, site: Site, complaints: list[str]) -> None:
    page = open_page(browser, complaints)
    page.goto(f"{site.url}/tra-cuu")
    expect(page).to_have_title("Tra cứu theo số – Sổ Gốc")
    assert_good_at_any_width(page)
    assert complaints == []
    for field in ("#institution", "#number", "#name"):
        page.locator("form").evaluate("form => form.noValidate = true")
        page.get_by_role("button", name="Tra cứu").click()
        expect(page.get_by_role("alert")).to_be_focused()
        page.get_by_role("alert").get_by_role("link").click()
        expect(page.locator(field)).to_be_focused()
        assert_good_at_any_width(page)
        page.locator(field).fill("x")


def test_the_skip_link_leads_past_the_header(browser: Browser, site: Site) -> None:
    page = open_page(browser)
    page.goto(site.url)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#file")).to_be_focused()


DROP = """([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name));
  const form = document.querySelector("form.drop");
  for (const kind of ["dragenter", "dragover", "drop"]) {
    form.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


def test_a_dropped_file_is_checked_at_once(browser: Browser, site: Site, complaints: list[str]) -> None:
    page = open_page(browser, complaints)
    page.goto(site.url)
    page.evaluate(DROP, ["valid.json", (site.files / "valid.json").read_text()])
    page.wait_for_url("**/xac-thuc")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hợp lệ")
    page.go_back()
    expect(page.get_by_role("button", name="Xác thực")).to_be_enabled()
    assert complaints == []


def test_too_large_a_file_is_not_even_sent(browser: Browser, site: Site) -> None:
    page = open_page(browser)
    page.goto(site.url)
    page.evaluate(DROP, ["scan.pdf", "x" * (8 * 2**20 + 1)])
    expect(page.get_by_role("status")).to_contain_text("Tệp phải nhỏ hơn 8 MB")
    assert page.url == f"{site.url}/"


def test_a_report_on_paper(browser: Browser, site: Site) -> None:
    """Every step is on it, what only works on a screen is not, and no ink is spent on a ground."""
    page = open_page(browser)
    check_file(page, site, "valid.pdf")
    page.emulate_media(media="print")
    expect(page.locator(".again")).to_be_hidden()
    for step in page.locator(".steps > li").all():
        expect(step).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.verdict')).backgroundColor") == "rgba(0, 0, 0, 0)"


def test_in_colours_that_the_reader_forces(browser: Browser, site: Site) -> None:
    page = open_page(browser, forced_colors="active")
    check_file(page, site, "changed.json")
    expect(page.get_by_text("Không đạt")).to_be_visible()
    for drawn in (".verdict", ".outcome", ".finding"):
        assert page.evaluate(f"getComputedStyle(document.querySelector('{drawn}')).borderTopStyle") == "solid"
