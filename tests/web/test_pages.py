"""The pages as anybody's program meets them, over HTTP."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from sogoc import wiring
from sogoc.core import trust
from sogoc.core.report import LABELS, Verdict
from sogoc.web import archive
from tests.web.conftest import JSON, Site

VERDICTS = {
    "valid.pdf": Verdict.VALID,
    "valid.json": Verdict.VALID,
    "valid.jwt": Verdict.VALID,
    "lasting.json": Verdict.VALID,
    "changed.pdf": Verdict.TAMPERED,
    "changed.json": Verdict.TAMPERED,
    "revoked-since.json": Verdict.REVOKED,
    "scan.pdf": Verdict.UNREADABLE,
    "photo.jpg": Verdict.UNREADABLE,
    "trust.json": Verdict.UNREADABLE,
}


@contextmanager
def moved_away(path: Path) -> Iterator[None]:
    hidden = path.with_name("moved-away")
    path.rename(hidden)
    try:
        yield
    finally:
        hidden.rename(path)


# -- the start page -------------------------------------------------------------------------------------------------------


def test_the_start_page_shows_the_newest_of_the_log(site: Site) -> None:
    page = site.get("/")
    assert page.status == 200
    size, root = (site.files / "log/checkpoint").read_text().splitlines()[1:3]
    policy = trust.parse((site.files / "trust.json").read_bytes())
    anchor = policy.anchors[-1]
    text = re.sub(r"<[^>]*>|\s+", " ", page.text)
    text = re.sub(r" +", " ", text)
    assert f"{size} mục entries" in text
    assert anchor.root.hex()[:8] in text  # the newest head is the anchored one
    assert str(anchor.size) == size
    assert root
    assert "Văn bằng đã ghi Diplomas logged 24" in text
    assert f"khối block {anchor.block_number} cho {size} mục" in text
    assert "THỬ NGHIỆM" in text


def test_every_page_says_that_it_is_a_trial(site: Site) -> None:
    for page in (site.get("/"), site.get("/nothing-here"), site.check_file("valid.json"), site.check(None)):
        assert "THỬ NGHIỆM" in page.text


def test_a_page_asks_nobody_else_and_runs_nothing_inline(site: Site) -> None:
    for page in (site.get("/"), site.check_file("revoked-since.json")):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<style|style=|<script(?![^>]*\ssrc=)|\son\w+=|=\"(?:https?:)?//", page.text)
        assert "set-cookie" not in page.headers


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("style.css", "text/css"),
        ("upload.js", "text/javascript"),
        ("icons.svg", "image/svg+xml"),
        ("fonts/BeVietnamPro-Regular.woff2", "font/woff2"),
    ],
)
def test_what_a_page_needs_is_served(site: Site, path: str, content_type: str) -> None:
    answer = site.get(f"/static/sogoc/{path}")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith(content_type)
    assert "max-age=3600" in answer.headers["cache-control"]


# -- verifying ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VERDICTS)
def test_a_file_gets_its_verdict(site: Site, name: str) -> None:
    report = site.check_file(name, **JSON)
    assert report.status == 200
    assert report.headers["content-type"] == "application/json"
    assert report.json["verdict"] == VERDICTS[name]
    assert list(report.json) == [
        "verdict", "label", "exit_code", "trial", "issuer", "claims", "times", "notes", "checks",
    ]  # fmt: skip

    page = site.check_file(name)
    en, vi = LABELS[VERDICTS[name]]
    assert f"<title>{vi} – {en} – Sổ Gốc</title>" in page.text
    assert page.text.count('class="count"') == 8
    claims = report.json["claims"]
    assert ('class="holder"' in page.text) is ("holder_name" in claims)
    for said in (finding["vi"] for check in report.json["checks"] for finding in check["findings"]):
        assert said[1:] in page.text.replace("&#x27;", "'").replace("&quot;", '"')
    assert hashlib.sha256((site.files / name).read_bytes()).hexdigest() in page.text


@pytest.mark.parametrize(
    ("name", "content_type"), [("valid.json", "application/json"), ("changed.pdf", "application/pdf")]
)
def test_a_program_sends_the_file_itself(site: Site, name: str, content_type: str) -> None:
    content = (site.files / name).read_bytes()
    answer = site.ask("POST", "/xac-thuc", content, {"Content-Type": content_type, **JSON})
    assert answer.json == site.check_file(name, **JSON).json
    assert site.ask("POST", "/xac-thuc", b"", {"Content-Type": content_type, **JSON}).status == 400
    large = site.ask("POST", "/xac-thuc", bytes(8 * 2**20 + 1), {"Content-Type": content_type, **JSON})
    assert (large.status, large.json["error"]) == (413, "too-large")


def test_only_a_passed_step_is_green(site: Site) -> None:
    for name in VERDICTS:
        report, page = site.check_file(name, **JSON).json, site.check_file(name).text
        tones = re.findall(r'<li class="(good|wait|bad|none)">', page)
        assert [tone == "good" for tone in tones] == [check["outcome"] == "passed" for check in report["checks"]]
        assert ('class="verdict good"' in page) is (report["exit_code"] == 0)


def test_the_archive_knows_better_than_an_old_file(site: Site) -> None:
    report = site.check_file("revoked-since.json", **JSON).json
    (finding,) = report["checks"][7]["findings"]
    assert finding["code"] == "revoked"
    assert "77/QĐ-TTMN" in finding["vi"]
    assert {fact["source"] for fact in report["checks"][7]["facts"]} == {"fresh file"}


def test_a_bare_sd_jwt_says_who_added_its_proofs(site: Site) -> None:
    report = site.check_file("valid.jwt", **JSON).json
    assert [note["code"] for note in report["notes"]] == ["proofs-added"]
    assert {fact["source"] for fact in report["checks"][5]["facts"]} == {"archive"}
    assert {fact["source"] for fact in report["checks"][3]["facts"]} == {"presented"}


def test_an_sd_jwt_that_this_archive_never_signed_gets_no_proofs(site: Site) -> None:
    jwt, rest = (site.files / "valid.jwt").read_text().split("~", 1)
    other = jwt[:-4] + ("AAAA" if not jwt.endswith("AAAA") else "BBBB")
    report = site.check(f"{other}~{rest}".encode(), headers=JSON).json
    assert report["verdict"] == Verdict.TAMPERED
    assert report["claims"] == {}


def test_what_is_written_in_a_file_is_shown_as_text(site: Site) -> None:
    name = "<img src=x onerror=alert(1)>.json"
    page = site.check((site.files / "valid.json").read_bytes(), name=name)
    assert "<img src=x" not in page.text
    assert "&lt;img src=x" in page.text


@pytest.mark.parametrize(
    ("content", "status", "vi"),
    [
        pytest.param(None, 400, "hãy chọn tệp văn bằng", id="no file"),
        pytest.param(b"", 400, "tệp trống", id="empty"),
        pytest.param(bytes(8 * 2**20 + 1), 413, "tệp phải nhỏ hơn 8 MB", id="a byte too large"),
        pytest.param(bytes(20 * 2**20), 413, "tệp phải nhỏ hơn 8 MB", id="far too large"),
    ],
)
def test_what_cannot_be_a_diploma_is_refused_with_words(
    site: Site, content: bytes | None, status: int, vi: str
) -> None:
    answer = site.check(content, headers=JSON)
    assert (answer.status, answer.json["vi"]) == (status, vi)
    assert answer.json["mend"]["en"]
    page = site.check(content)
    assert page.status == status
    assert vi[1:] in page.text
    assert 'class="verdict' not in page.text


def test_the_largest_file_is_still_read(site: Site) -> None:
    assert site.check(bytes(8 * 2**20), headers=JSON).json["verdict"] == Verdict.UNREADABLE


def test_a_form_that_is_none_is_refused(site: Site) -> None:
    broken = site.ask("POST", "/xac-thuc", b"junk", {"Content-Type": "multipart/form-data; boundary="})
    assert broken.status == 400
    assert site.ask("POST", "/xac-thuc", b"file=x", {"Content-Type": "text/plain", **JSON}).status == 400
    assert site.ask("PUT", "/xac-thuc", b"").status == 405


def test_a_report_is_kept_by_nobody(site: Site) -> None:
    before = {path for path in site.home.rglob("*") if path.is_file()}
    answer = site.check_file("valid.pdf")
    assert "no-store" in answer.headers["cache-control"]
    assert {path for path in site.home.rglob("*") if path.is_file()} == before
    assert "valid.pdf" not in site.said.read_text()


def test_going_back_to_a_report_goes_to_the_start(site: Site) -> None:
    answer = site.get("/xac-thuc")
    assert (answer.status, answer.headers["location"]) == (302, "/")


# -- the files of the log -------------------------------------------------------------------------------------------------

PUBLIC = {
    "checkpoint": ("text/plain; charset=utf-8", "public, max-age=5"),
    "tile": ("application/octet-stream", "public, max-age=31536000, immutable"),
    "authority": ("application/json", "public, max-age=31536000, immutable"),
    "status": ("application/octet-stream", "public, max-age=5"),
}


def test_every_public_file_is_served_as_it_is(site: Site) -> None:
    log = site.files / "log"
    paths = [path for path in log.rglob("*") if path.is_file() and ".incoming" not in path.parts]
    assert {path.relative_to(log).parts[0] for path in paths} == PUBLIC.keys()
    for path in paths:
        name = path.relative_to(log).as_posix()
        answer = site.get(f"/log/{name}")
        assert (answer.status, answer.body) == (200, path.read_bytes())
        assert (answer.headers["content-type"], answer.headers["cache-control"]) == PUBLIC[name.split("/")[0]]
        assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "nothing",
        "tile",
        "tile/",
        "tile/0/999",
        "tile/0/000.p/9999",
        "status/99",
        "checkpoint/",
        "checkpoint%0A",
        ".incoming",
        "../trust.json",
        "..%2Ftrust.json",
        "%2e%2e/trust.json",
        "tile/../../trust.json",
        "tile/0/..%2f..%2f..%2ftrust.json",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "tile/0/000.p/1%00",
        "authority/1/..%5C1.json",
        "authority/\u0661/1.json",
    ],
)
def test_nothing_else_is(site: Site, path: str) -> None:
    answer = site.get("/log/" + quote(path, safe="/%."))
    assert answer.status == 404
    assert b"sogoc/policy/v1" not in answer.body


# -- when the archive itself is in trouble ----------------------------------------------------------------------------------


def test_it_is_alive_and_ready(site: Site) -> None:
    assert site.get("/healthz").body == b"ok\n"
    assert site.get("/readyz").json == {"database": "ok", "files": "ok", "policy": "ok"}


@pytest.mark.parametrize("what", ["files", "policy"])
def test_trouble_of_ours_is_no_verdict(unasked: Site, what: str) -> None:
    """A tree that cannot be read, or a policy that is none: nothing is green, and nothing is called forged."""
    site = unasked
    name = "valid.json"
    assert (site.get("/readyz").status, site.check_file("photo.jpg").status) == (200, 200)  # it has opened its files
    if what == "files":
        with moved_away(site.files / "log"):
            answer, page, ready = site.check_file(name, **JSON), site.check_file(name), site.get("/readyz")
            assert site.get("/log/checkpoint").status == 503
    else:
        with moved_away(site.home / "trust.json"):
            (site.home / "trust.json").write_text("{}")
            answer, page, ready = site.check_file(name, **JSON), site.check_file(name), site.get("/readyz")
            (site.home / "trust.json").unlink()
    assert (answer.status, answer.json["error"]) == (503, "unavailable")
    assert page.status == 503
    assert page.headers["retry-after"]
    assert "đừng coi là hợp lệ" in page.text
    assert 'class="verdict' not in page.text
    assert str(site.home) not in page.text
    assert ready.status == 503
    assert site.get("/healthz").status == 200
    assert site.check_file(name, **JSON).json["verdict"] == Verdict.VALID


def test_what_was_proven_at_this_head_is_still_true_without_the_files(site: Site) -> None:
    before = site.check_file("valid.json", **JSON).json
    with moved_away(site.files / "log"):
        assert site.check_file("valid.json", **JSON).json == before
    assert before["verdict"] == Verdict.VALID


def test_a_damaged_tile_of_ours_is_no_verdict_either(unasked: Site) -> None:
    """An honest diploma does not look forged beside a tree that is wrong, and nothing is said to be well."""
    site = unasked
    tiles = [path for path in (site.files / "log/tile/0").rglob("*") if path.is_file()]
    kept = {path: path.read_bytes() for path in tiles}
    try:
        for path in tiles:
            path.write_bytes(bytes(len(kept[path])))
        answers = [site.check_file(name) for name in ("valid.json", "valid.jwt", "lasting.json")]
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    assert [answer.status for answer in answers] == [503, 503, 503]


def test_a_step_that_throws_is_never_green(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in our own code, which no file is known to cause: it is made here."""
    wiring.Settings(origin="trial.sogoc.example/thrown", trial=True, public=str(tmp_path)).save(
        tmp_path / "archive.json"
    )
    home = wiring.Home(tmp_path)
    monkeypatch.setattr(archive, "home", lambda: home)

    def throw() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(archive, "policy", throw)
    client = Client(raise_request_exception=False)
    answer = client.post("/xac-thuc", {"file": ContentFile(b"{}", name="a.json")})
    assert answer.status_code == 500
    page = answer.content.decode()
    assert "Chưa có kết luận nào về văn bằng của bạn" in page
    assert "THỬ NGHIỆM" in page
    assert 'class="verdict' not in page
